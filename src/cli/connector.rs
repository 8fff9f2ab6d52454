//! `opspilot connector`: the configured sources and generators, and whether each could do its work now.

use super::failure::{Ended, Failure, Status};
use super::setup::Setup;
use super::table::Table;
use crate::clock::SystemClock;
use crate::config::{GeneratorSettings, Settings, SourceSettings};
use crate::daemon;
use crate::domain::limit::Asked as Asks;
use clap::Subcommand;
use opspilot_sdk::{BuildContext, Built, ConnectorError, Lane};
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::Duration;

/// How long one may take to answer.
const PATIENCE: Duration = Duration::from_secs(30);

/// Sources, and generators that ask models.
#[derive(Subcommand)]
pub(crate) enum Connector {
    /// List what is configured, and the kinds there are.
    List,
    /// Ask whether each could do its work; costs nothing. Exit status 3 when one could not.
    Check {
        /// Only this one.
        name: Option<String>,
    },
}

/// What one said.
pub(super) struct Asked {
    /// `source` or `generator`.
    what: &'static str,
    name: String,
    kind: String,
    /// What a person must fix.
    pub(super) fault: Option<String>,
}

impl Connector {
    pub(crate) async fn run(self, setup: &Setup) -> Ended {
        let settings = setup.settings()?;
        match self {
            Self::List => list(setup, &settings)?,
            Self::Check { name } => {
                let sources = settings.sources.iter().map(|source| source.name.as_str());
                let generators = settings.generators.iter().map(|generator| generator.asked.name.as_str());
                let names: Vec<&str> = sources.chain(generators).collect();
                if let Some(name) = name.as_deref().filter(|name| !names.contains(name)) {
                    return Err(Failure::usage(format!(
                        "there is no source or generator `{name}`; use one of `{}` (OP-9109)",
                        names.join("`, `")
                    )));
                }
                let asked = ask(&settings, name.as_deref()).await;
                if setup.out.json {
                    setup.out.json(&json!({ "items": asked.iter().map(Asked::json).collect::<Vec<_>>() }))?;
                } else {
                    show(setup, &asked)?;
                }
                if asked.iter().any(|asked| asked.fault.is_some()) {
                    return Ok(Status::Wrong);
                }
            }
        }
        Ok(Status::Done)
    }
}

fn list(setup: &Setup, settings: &Settings) -> Result<(), Failure> {
    let (registry, models) = (daemon::registry(), daemon::models());
    let kinds: Vec<&str> = registry.kinds().collect();
    let model_kinds: Vec<&str> = models.kinds().collect();
    let lane = |lane: Lane| if lane == Lane::Bulk { "bulk" } else { "interactive" };
    if setup.out.json {
        let item = |source: &SourceSettings| json!({ "name": source.name, "kind": source.kind, "pilot": source.pilot, "lane": lane(source.lane) });
        let model = |generator: &GeneratorSettings| json!({ "name": generator.asked.name, "kind": generator.kind, "model": generator.asked.model });
        return setup.out.json(&json!({
            "items": settings.sources.iter().map(item).collect::<Vec<_>>(), "kinds": kinds,
            "generators": settings.generators.iter().map(model).collect::<Vec<_>>(), "generator_kinds": model_kinds,
        }));
    }
    let mut table = Table::new(&["source", "kind", "pilot", "lane"]);
    for source in &settings.sources {
        table.row([source.name.clone(), source.kind.clone(), source.pilot.clone(), lane(source.lane).to_owned()]);
    }
    setup.out.table(&table)?;
    if !settings.generators.is_empty() {
        let mut table = Table::new(&["generator", "kind", "model"]);
        for generator in &settings.generators {
            let Asks { name, model, .. } = &generator.asked;
            table.row([name.clone(), generator.kind.clone(), model.clone()]);
        }
        setup.out.table(&table)?;
    }
    let (kinds, model_kinds) = (kinds.join(", "), model_kinds.join(", "));
    setup.out.say(&format!("kinds of source there are: {kinds}; of generator: embedded, {model_kinds}"));
    Ok(())
}

/// Asks every source and generator, or those of that name.
pub(super) async fn ask(settings: &Settings, name: Option<&str>) -> Vec<Asked> {
    let mut all = Vec::new();
    for source in settings.sources.iter().filter(|source| name.is_none_or(|name| name == source.name)) {
        let fault = fault(settings, source).await;
        all.push(Asked { what: "source", name: source.name.clone(), kind: source.kind.clone(), fault });
    }
    for generator in &settings.generators {
        let its = generator.asked.name.as_str();
        if name.is_none_or(|name| name == its) {
            let fault = match generator.prepared.build(context(settings, its)) {
                Err(cause) => Some(cause.to_string()),
                Ok(model) => patient(model.check()).await,
            };
            all.push(Asked { what: "generator", name: its.to_owned(), kind: generator.kind.clone(), fault });
        }
    }
    all
}

async fn fault(settings: &Settings, source: &SourceSettings) -> Option<String> {
    match source.prepared.build(context(settings, &source.name)) {
        Err(cause) => Some(cause.to_string()),
        // A door that could be built has read its secrets; there is nobody else to ask.
        Ok(Built::Pushed(_)) => None,
        Ok(Built::Pulled(mut pulled)) => {
            let fault = patient(pulled.check()).await;
            pulled.close().await;
            fault
        }
    }
}

fn context(settings: &Settings, name: &str) -> BuildContext {
    BuildContext { name: name.to_owned(), data_dir: settings.data_dir.clone(), clock: Arc::new(SystemClock) }
}

async fn patient(check: impl Future<Output = Result<(), ConnectorError>>) -> Option<String> {
    match tokio::time::timeout(PATIENCE, check).await {
        Ok(outcome) => outcome.err().map(|cause| cause.to_string()),
        Err(_) => Some(format!("no answer within {} s; look at what it talks to (OP-9118)", PATIENCE.as_secs())),
    }
}

impl Asked {
    /// For a line: `source website`.
    pub(super) fn named(&self) -> String {
        format!("{} {}", self.what, self.name)
    }

    /// As JSON.
    pub(super) fn json(&self) -> Value {
        json!({ "what": self.what, "name": self.name, "kind": self.kind, "ok": self.fault.is_none(), "fault": self.fault })
    }
}

/// Shows what they said.
pub(super) fn show(setup: &Setup, asked: &[Asked]) -> Result<(), Failure> {
    for asked in asked {
        let said = asked.fault.as_deref().unwrap_or("ok");
        setup.out.text(&super::text::one_line(&format!("{} ({}): {said}", asked.named(), asked.kind)))?;
    }
    Ok(())
}
