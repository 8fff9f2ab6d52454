//! `opspilot connector`: the configured sources, generators and sinks, and whether each could do its work now.

use super::failure::{Ended, Failure, Status};
use super::setup::Setup;
use super::table::Table;
use crate::clock::SystemClock;
use crate::config::{GeneratorSettings, Settings, SinkSettings, SourceSettings};
use crate::daemon;
use crate::domain::limit::Asked as Asks;
use clap::Subcommand;
use opspilot_sdk::{BuildContext, Built, ConnectorError, Lane};
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::Duration;

/// How long one may take to answer.
const PATIENCE: Duration = Duration::from_secs(30);

/// Sources, generators that ask models, and sinks.
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
    /// `source`, `generator` or `sink`.
    what: &'static str,
    name: String,
    kind: String,
    /// What a person must fix.
    pub(super) fault: Option<String>,
    /// What a person should know, though it can do its work.
    pub(super) cautions: Vec<String>,
}

impl Connector {
    pub(crate) async fn run(self, setup: &Setup) -> Ended {
        let settings = setup.settings()?;
        match self {
            Self::List => list(setup, &settings)?,
            Self::Check { name } => {
                let sources = settings.sources.iter().map(|source| source.name.as_str());
                let generators = settings.generators.iter().map(|generator| generator.asked.name.as_str());
                let sinks = settings.sinks.iter().map(|sink| sink.name.as_str());
                let names: Vec<&str> = sources.chain(generators).chain(sinks).collect();
                if let Some(name) = name.as_deref().filter(|name| !names.contains(name)) {
                    return Err(Failure::usage(format!(
                        "there is no source, generator or sink `{name}`; use one of `{}` (OP-9109)",
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
    let (registry, models, sinks) = (daemon::registry(), daemon::models(), daemon::sinks());
    let kinds: Vec<&str> = registry.kinds().collect();
    let model_kinds: Vec<&str> = models.kinds().collect();
    let sink_kinds: Vec<&str> = sinks.kinds().collect();
    let lane = |lane: Lane| if lane == Lane::Bulk { "bulk" } else { "interactive" };
    if setup.out.json {
        let item = |source: &SourceSettings| json!({ "name": source.name, "kind": source.kind, "pilot": source.pilot, "lane": lane(source.lane) });
        let model = |generator: &GeneratorSettings| json!({ "name": generator.asked.name, "kind": generator.kind, "model": generator.asked.model });
        let sink =
            |sink: &SinkSettings| json!({ "name": sink.name, "kind": sink.kind, "pilots": pilots_of(settings, sink) });
        return setup.out.json(&json!({
            "items": settings.sources.iter().map(item).collect::<Vec<_>>(), "kinds": kinds,
            "generators": settings.generators.iter().map(model).collect::<Vec<_>>(), "generator_kinds": model_kinds,
            "sinks": settings.sinks.iter().map(sink).collect::<Vec<_>>(), "sink_kinds": sink_kinds,
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
    if !settings.sinks.is_empty() {
        let mut table = Table::new(&["sink", "kind", "pilots"]);
        for sink in &settings.sinks {
            table.row([sink.name.clone(), sink.kind.clone(), pilots_of(settings, sink).join(", ")]);
        }
        setup.out.table(&table)?;
    }
    let (kinds, model_kinds, sink_kinds) = (kinds.join(", "), model_kinds.join(", "), sink_kinds.join(", "));
    setup.out.say(&format!(
        "kinds of source there are: {kinds}; of generator: embedded, {model_kinds}; of sink: {sink_kinds}"
    ));
    Ok(())
}

/// The pilots whose actions go to a sink.
fn pilots_of<'s>(settings: &'s Settings, sink: &SinkSettings) -> Vec<&'s str> {
    let mut pilots: Vec<&str> =
        settings.rules.iter().filter(|rule| rule.sink == sink.name).map(|rule| rule.pilot.as_str()).collect();
    pilots.sort_unstable();
    pilots.dedup();
    pilots
}

/// Asks every source, generator and sink, or those of that name.
pub(super) async fn ask(settings: &Settings, name: Option<&str>) -> Vec<Asked> {
    let mut all = Vec::new();
    for source in settings.sources.iter().filter(|source| name.is_none_or(|name| name == source.name)) {
        let fault = fault(settings, source).await;
        all.push(Asked {
            what: "source",
            name: source.name.clone(),
            kind: source.kind.clone(),
            fault,
            cautions: Vec::new(),
        });
    }
    for generator in &settings.generators {
        let its = generator.asked.name.as_str();
        if name.is_none_or(|name| name == its) {
            let fault = match generator.prepared.build(context(settings, its)) {
                Err(cause) => Some(cause.to_string()),
                Ok(model) => patient(model.check()).await.err(),
            };
            all.push(Asked {
                what: "generator",
                name: its.to_owned(),
                kind: generator.kind.clone(),
                fault,
                cautions: Vec::new(),
            });
        }
    }
    for sink in settings.sinks.iter().filter(|sink| name.is_none_or(|name| name == sink.name)) {
        let (fault, cautions) = match sink_asked(settings, sink).await {
            Ok(cautions) => (None, cautions),
            Err(fault) => (Some(fault), Vec::new()),
        };
        all.push(Asked { what: "sink", name: sink.name.clone(), kind: sink.kind.clone(), fault, cautions });
    }
    all
}

/// Builds a sink, puts the rules to it, and asks its far side who we are there.
async fn sink_asked(settings: &Settings, sink: &SinkSettings) -> Result<Vec<String>, String> {
    let built = sink.prepared.build(context(settings, &sink.name)).map_err(|cause| cause.to_string())?;
    let doubts = daemon::doubts(settings, sink, built.as_ref());
    if !doubts.is_empty() {
        return Err(doubts.join("; "));
    }
    let cautions = patient(built.check()).await?;
    Ok(cautions.into_iter().map(|caution| format!("{} ({})", caution.message, caution.code)).collect())
}

async fn fault(settings: &Settings, source: &SourceSettings) -> Option<String> {
    match source.prepared.build(context(settings, &source.name)) {
        Err(cause) => Some(cause.to_string()),
        // A door that could be built has read its secrets; there is nobody else to ask.
        Ok(Built::Pushed(_)) => None,
        Ok(Built::Pulled(mut pulled)) => {
            let fault = patient(pulled.check()).await.err();
            pulled.close().await;
            fault
        }
    }
}

fn context(settings: &Settings, name: &str) -> BuildContext {
    BuildContext { name: name.to_owned(), data_dir: settings.data_dir.clone(), clock: Arc::new(SystemClock) }
}

async fn patient<T>(check: impl Future<Output = Result<T, ConnectorError>>) -> Result<T, String> {
    match tokio::time::timeout(PATIENCE, check).await {
        Ok(outcome) => outcome.map_err(|cause| cause.to_string()),
        Err(_) => Err(format!("no answer within {} s; look at what it talks to (OP-9118)", PATIENCE.as_secs())),
    }
}

impl Asked {
    /// For a line: `source website`.
    pub(super) fn named(&self) -> String {
        format!("{} {}", self.what, self.name)
    }

    /// As JSON.
    pub(super) fn json(&self) -> Value {
        json!({ "what": self.what, "name": self.name, "kind": self.kind, "ok": self.fault.is_none(), "fault": self.fault, "cautions": self.cautions })
    }
}

/// Shows what they said.
pub(super) fn show(setup: &Setup, asked: &[Asked]) -> Result<(), Failure> {
    for asked in asked {
        let said = asked.fault.as_deref().unwrap_or("ok");
        setup.out.text(&super::text::one_line(&format!("{} ({}): {said}", asked.named(), asked.kind)))?;
        for caution in &asked.cautions {
            setup.out.text(&super::text::one_line(&format!("  caution: {caution}")))?;
        }
    }
    Ok(())
}
