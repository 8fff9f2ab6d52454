//! The room as a whole: what each test file shares is here.

mod codes;
mod cover;
mod example;
mod fuzz;
mod times;
mod values;

use super::{Problem, Problems, Settings, parse};
use opspilot_sdk::Registry;
use std::path::Path;

/// One pilot and nothing else.
const PILOT: &str = "[[pilot]]\nname = 'a'\ntenant = 't'\nreviewers = ['ada']\n";

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
    parse(text, "opspilot.toml", Path::new("/base"), env, &registry())
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
