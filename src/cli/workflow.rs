//! `opspilot workflow`: the definitions in use, judging a file before it is put to use, drawing one.

use super::failure::{Ended, Failure, Status};
use super::setup::Setup;
use super::table::Table;
use crate::daemon;
use crate::engine::Definition;
use clap::Subcommand;
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Workflows.
#[derive(Subcommand)]
pub(crate) enum Workflow {
    /// List the workflows that new requests may take.
    List,
    /// Judge a definition: all problems at once. Exit status 3 when it cannot work.
    Check {
        /// The definition.
        #[arg(value_name = "FILE")]
        file: PathBuf,
    },
    /// Draw a workflow as a Mermaid flowchart.
    Graph {
        /// Name of a workflow, or a file.
        #[arg(value_name = "NAME")]
        name: String,
    },
}

impl Workflow {
    pub(crate) async fn run(self, setup: &Setup) -> Ended {
        match self {
            Self::List => list(setup).await?,
            Self::Check { file } => return check(setup, &file),
            Self::Graph { name } => {
                let definition = named(setup, &name).await?;
                setup.out.text(&definition.graph())?;
            }
        }
        Ok(Status::Done)
    }
}

/// Definitions in use.
async fn in_use(setup: &Setup) -> Result<Vec<Arc<Definition>>, Failure> {
    setup.within(async |house| Ok(house.workflows.iter().cloned().collect())).await
}

async fn list(setup: &Setup) -> Result<(), Failure> {
    let definitions = in_use(setup).await?;
    if setup.out.json {
        return setup
            .out
            .json(&json!({ "items": definitions.iter().map(|definition| shown(definition)).collect::<Vec<_>>() }));
    }
    let mut table = Table::new(&["workflow", "steps", "definition", "for"]);
    for definition in &definitions {
        let steps: Vec<&str> = definition.steps().iter().map(|step| step.name.as_str()).collect();
        let hash = definition.hash().get(..12).unwrap_or_default().to_owned();
        table.row([definition.name().to_owned(), steps.join(" > "), hash, definition.description().to_owned()]);
    }
    setup.out.table(&table)
}

fn shown(definition: &Definition) -> Value {
    let step = |step: &crate::engine::StepSpec| json!({ "name": step.name, "uses": step.uses, "with": step.with, "on": step.on });
    json!({
        "name": definition.name(), "description": definition.description(), "hash": definition.hash(),
        "steps": definition.steps().iter().map(step).collect::<Vec<_>>(),
    })
}

fn read(file: &Path) -> Result<String, Failure> {
    std::fs::read_to_string(file).map_err(|cause| Failure::unreadable(file, &cause))
}

fn check(setup: &Setup, file: &Path) -> Ended {
    match Definition::parse(&read(file)?, &daemon::bare_steps()) {
        Ok(definition) if setup.out.json => setup.out.json(&json!({ "ok": true, "workflow": shown(&definition) }))?,
        Ok(definition) => {
            let steps = super::text::count(definition.steps().len(), "step");
            setup.out.text(&format!(
                "{}: `{}` works: {steps}, definition {}",
                file.display(),
                definition.name(),
                definition.hash()
            ))?;
        }
        Err(problems) => {
            if setup.out.json {
                let problem = |problem: &opspilot_sdk::Problem| json!({ "path": problem.path, "message": problem.message, "help": problem.help });
                setup.out.json(
                    &json!({ "ok": false, "file": file, "problems": problems.iter().map(problem).collect::<Vec<_>>() }),
                )?;
                return Ok(Status::Wrong);
            }
            return Err(faulty(file, &problems));
        }
    }
    Ok(Status::Done)
}

/// What is wrong with a definition, each with the file it stands in.
fn faulty(file: &Path, problems: &opspilot_sdk::Problems) -> Failure {
    let mut failure = Failure::problems(Status::Wrong, problems);
    failure.lines.iter_mut().for_each(|line| *line = format!("{}: {line}", file.display()));
    failure
}

async fn named(setup: &Setup, name: &str) -> Result<Arc<Definition>, Failure> {
    let path = Path::new(name);
    if path.extension().is_some_and(|extension| extension == "toml") {
        let parsed = Definition::parse(&read(path)?, &daemon::bare_steps());
        return parsed.map(Arc::new).map_err(|problems| faulty(path, &problems));
    }
    let definitions = in_use(setup).await?;
    let names: Vec<String> = definitions.iter().map(|definition| definition.name().to_owned()).collect();
    let found = definitions.into_iter().find(|definition| definition.name() == name);
    found.ok_or_else(|| {
        Failure::usage(format!("there is no workflow `{name}`; use one of `{}` (OP-9109)", names.join("`, `")))
    })
}
