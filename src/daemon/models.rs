//! Building the generators that ask models. Own file because it is all that the daemon knows of them.

use super::{House, StartError};
use crate::brief::prompt::Template;
use crate::clock::{Clock, Entropy, SystemEntropy};
use crate::config::{GeneratorSettings, Settings};
use crate::limit::Limits;
use crate::steps::{Generator, Generators, Models};
use opspilot_sdk::BuildContext;
use std::path::Path;
use std::sync::Arc;

/// Builds them; reads their keys.
pub(super) fn build(
    settings: &Settings,
    limits: &Limits,
    clock: &Arc<dyn Clock>,
    entropy: &Arc<dyn Entropy>,
) -> Result<Models, StartError> {
    let generators: Vec<Generator> =
        settings.generators.iter().map(|generator| one(settings, generator, clock)).collect::<Result<_, _>>()?;
    let folder = settings.workflows_dir.as_ref().map(|dir| dir.join("prompts")).filter(|folder| folder.is_dir());
    Ok(Models {
        generators: Generators::new(generators),
        boundaries: Arc::new(settings.model_boundaries.clone()),
        limits: limits.clone(),
        template: Arc::new(template(folder.as_deref())?),
        entropy: Arc::clone(entropy),
    })
}

/// One generator of the configuration, to be tried out, with the templates of this folder where one is named; `None` when there is no
/// such generator.
///
/// # Errors
/// [`StartError::Generator`], [`StartError::Prompt`].
pub fn try_generator(house: &House, name: &str, prompts: Option<&Path>) -> Result<Option<Models>, StartError> {
    let settings = &house.settings;
    let Some(generator) = settings.generators.iter().find(|generator| generator.asked.name == name) else {
        return Ok(None);
    };
    let own = settings.workflows_dir.as_ref().map(|dir| dir.join("prompts")).filter(|folder| folder.is_dir());
    Ok(Some(Models {
        generators: Generators::new([one(settings, generator, &house.clock)?]),
        boundaries: Arc::new(settings.model_boundaries.clone()),
        limits: house.limits.clone(),
        template: Arc::new(template(prompts.or(own.as_deref()))?),
        entropy: Arc::new(SystemEntropy::default()),
    }))
}

fn one(settings: &Settings, generator: &GeneratorSettings, clock: &Arc<dyn Clock>) -> Result<Generator, StartError> {
    let name = generator.asked.name.clone();
    let context = BuildContext { name: name.clone(), data_dir: settings.data_dir.clone(), clock: Arc::clone(clock) };
    let model = generator.prepared.build(context).map_err(|cause| StartError::Generator { name, cause })?;
    Ok(Generator { kind: generator.kind.clone(), asked: generator.asked.clone(), model })
}

/// What models are asked: the program's templates, and those of the operator's folder in place of shipped ones of the same name.
fn template(folder: Option<&Path>) -> Result<Template, StartError> {
    let Some(folder) = folder else {
        return Ok(Template::embedded().clone());
    };
    let wrong = |reason: String| StartError::Prompt { folder: folder.display().to_string(), reason };
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(|cause| wrong(cause.to_string()))? {
        let path = entry.map_err(|cause| wrong(cause.to_string()))?.path();
        if path.extension().is_some_and(|extension| extension == "md") {
            let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            files.push((name, std::fs::read_to_string(&path).map_err(|cause| wrong(cause.to_string()))?));
        }
    }
    let files: Vec<(&str, &str)> = files.iter().map(|(name, text)| (name.as_str(), text.as_str())).collect();
    Template::parse(&files)
        .map_err(|errors| wrong(errors.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")))
}
