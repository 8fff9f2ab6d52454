//! `opspilot connector`: the configured sources, and whether each could do its work now.

use super::failure::{Ended, Failure, Status};
use super::setup::Setup;
use super::table::Table;
use crate::clock::SystemClock;
use crate::config::{Settings, SourceSettings};
use crate::daemon;
use clap::Subcommand;
use opspilot_sdk::{BuildContext, Built, Lane};
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::Duration;

/// How long a source may take to answer.
const PATIENCE: Duration = Duration::from_secs(30);

/// Sources.
#[derive(Subcommand)]
pub(crate) enum Connector {
    /// List the configured sources and the kinds there are.
    List,
    /// Ask sources whether they could do their work. Exit status 3 when one could not.
    Check {
        /// Only this one.
        name: Option<String>,
    },
}

/// What a source said.
pub(super) struct Asked {
    /// Name of the source.
    pub(super) name: String,
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
                if let Some(name) =
                    name.as_deref().filter(|name| !settings.sources.iter().any(|source| source.name == *name))
                {
                    let names: Vec<&str> = settings.sources.iter().map(|source| source.name.as_str()).collect();
                    return Err(Failure::usage(format!(
                        "there is no source `{name}`; use one of `{}` (OP-9109)",
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
    let registry = daemon::registry();
    let kinds: Vec<&str> = registry.kinds().collect();
    let lane = |lane: Lane| if lane == Lane::Bulk { "bulk" } else { "interactive" };
    if setup.out.json {
        let item = |source: &SourceSettings| json!({ "name": source.name, "kind": source.kind, "pilot": source.pilot, "lane": lane(source.lane) });
        return setup
            .out
            .json(&json!({ "items": settings.sources.iter().map(item).collect::<Vec<_>>(), "kinds": kinds }));
    }
    let mut table = Table::new(&["source", "kind", "pilot", "lane"]);
    for source in &settings.sources {
        table.row([source.name.clone(), source.kind.clone(), source.pilot.clone(), lane(source.lane).to_owned()]);
    }
    setup.out.table(&table)?;
    setup.out.say(&format!("kinds there are: {}", kinds.join(", ")));
    Ok(())
}

/// Asks every source, or the one of that name.
pub(super) async fn ask(settings: &Settings, name: Option<&str>) -> Vec<Asked> {
    let mut all = Vec::new();
    for source in settings.sources.iter().filter(|source| name.is_none_or(|name| name == source.name)) {
        let fault = fault(settings, source).await;
        all.push(Asked { name: source.name.clone(), kind: source.kind.clone(), fault });
    }
    all
}

async fn fault(settings: &Settings, source: &SourceSettings) -> Option<String> {
    let context =
        BuildContext { name: source.name.clone(), data_dir: settings.data_dir.clone(), clock: Arc::new(SystemClock) };
    match source.prepared.build(context) {
        Err(cause) => Some(cause.to_string()),
        // A door that could be built has read its secrets; there is nobody else to ask.
        Ok(Built::Pushed(_)) => None,
        Ok(Built::Pulled(mut pulled)) => {
            let checked = tokio::time::timeout(PATIENCE, pulled.check()).await;
            pulled.close().await;
            match checked {
                Ok(outcome) => outcome.err().map(|cause| cause.to_string()),
                Err(_) => {
                    Some(format!("no answer within {} s; look at what it reads from (OP-9118)", PATIENCE.as_secs()))
                }
            }
        }
    }
}

impl Asked {
    /// As JSON.
    pub(super) fn json(&self) -> Value {
        json!({ "name": self.name, "kind": self.kind, "ok": self.fault.is_none(), "fault": self.fault })
    }
}

/// Shows what the sources said.
pub(super) fn show(setup: &Setup, asked: &[Asked]) -> Result<(), Failure> {
    for asked in asked {
        let said = asked.fault.as_deref().unwrap_or("ok");
        setup.out.text(&super::text::one_line(&format!("source {} ({}): {said}", asked.name, asked.kind)))?;
    }
    Ok(())
}
