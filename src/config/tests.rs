//! The room as a whole: what each test file shares is here.

mod apart;
mod codes;
mod cover;
mod example;
mod fuzz;
mod generators;
mod times;
mod values;
mod writing;

use super::{Given, Problem, Problems, Settings, parse};
use opspilot_sdk::{ActionKind, BuildContext, Carries, ConnectorError, Model, Registry, Sink, Spec};
use std::path::Path;
use std::sync::Arc;

/// One pilot and nothing else.
const PILOT: &str = "[[pilot]]\nname = 'a'\ntenant = 't'\nreviewers = ['ada']\n";

/// A model that is never asked; takes any options, but `bogus`.
struct Openai;

impl Spec for Openai {
    const KIND: &'static str = "openai";
    type Built = Arc<dyn Model>;
    type Options = serde_json::Map<String, serde_json::Value>;
    type Settings = ();

    fn validate(options: Self::Options) -> Result<(), opspilot_sdk::Problems> {
        let mut problems = opspilot_sdk::Problems::new();
        if options.contains_key("bogus") {
            problems.add("bogus", "there is no such key", "leave it out");
        }
        problems.or(())
    }

    fn build((): (), _: BuildContext) -> Result<Arc<dyn Model>, ConnectorError> {
        unreachable!("nothing is built here")
    }
}

/// A sink that is never built; takes any options, but `bogus`. It carries everything, or the `only` kind, to `records` such as this when told so.
struct Redmine;

impl Spec for Redmine {
    const KIND: &'static str = "redmine";
    type Built = Arc<dyn Sink>;
    type Options = serde_json::Map<String, serde_json::Value>;
    type Settings = Carries;

    fn validate(options: Self::Options) -> Result<Carries, opspilot_sdk::Problems> {
        let only = options.get("only").and_then(|word| ActionKind::parse(word.as_str()?));
        let kinds = only.map_or_else(|| ActionKind::ALL.to_vec(), |kind| vec![kind]);
        let record = options.get("records").and_then(|example| example.as_str().map(str::to_owned));
        Openai::validate(options).map(|()| Carries { kinds, record })
    }

    fn carries(settings: &Carries) -> Option<Carries> {
        Some(settings.clone())
    }

    fn build(_: Carries, _: BuildContext) -> Result<Arc<dyn Sink>, ConnectorError> {
        unreachable!("nothing is built here")
    }
}

/// What there is to be configured here.
fn given() -> Given {
    Given {
        sources: registry(),
        models: Registry::new().with::<Openai>(),
        sinks: Registry::new().with::<Redmine>().with::<opspilot_smtp::Ics>(),
        today: jiff::civil::date(2026, 11, 21),
    }
}

fn registry() -> Registry {
    Registry::new()
        .with::<opspilot_webhook::Webhook>()
        .with::<opspilot_csv_drop::CsvDrop>()
        .with::<opspilot_exec::Exec>()
        .with::<opspilot_imap::Imap>()
}

/// Judges a text under `/base` with an environment.
fn judged(text: &str, env: &[(&str, &str)]) -> Result<Settings, Problems> {
    let env = env.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    parse(text, "opspilot.toml", Path::new("/base"), env, &given())
}

fn good(text: &str) -> Settings {
    judged(text, &[]).unwrap_or_else(|problems| panic!("{problems}"))
}

fn bad(text: &str) -> Vec<Problem> {
    judged(text, &[]).unwrap_err().iter().cloned().collect()
}

/// Code, key and line of each problem.
fn brief(problems: &[Problem]) -> Vec<(&'static str, &str, usize)> {
    let line = |problem: &Problem| match problem.place {
        super::Place::At { line, .. } => line,
        _ => 0,
    };
    problems.iter().map(|problem| (problem.code, problem.key.as_str(), line(problem))).collect()
}
