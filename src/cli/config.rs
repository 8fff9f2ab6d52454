//! `opspilot config`: judging the configuration, showing what is in force, and its schema. INVARIANT: no secret is shown.

use super::connector;
use super::failure::{Ended, Failure, Status};
use super::setup::Setup;
use crate::config;
use clap::Subcommand;
use serde_json::json;

/// The configuration.
#[derive(Subcommand)]
pub(crate) enum Config {
    /// Judge the configuration: all problems at once, each with its place and remedy; then ask every source, generator and sink. Exit
    /// status 2 when it is wrong, 3 when one of these is.
    Check {
        /// Ask nobody: judge the file alone.
        #[arg(long)]
        offline: bool,
    },
    /// Show the configuration in force, defaults and environment included, without secrets.
    Show,
    /// Print the JSON schema of the file, for editors.
    Schema,
}

impl Config {
    pub(crate) async fn run(self, setup: &Setup) -> Ended {
        match self {
            Self::Check { offline } => check(setup, offline).await,
            Self::Show => {
                let shown = config::show(&setup.settings()?);
                if setup.out.json {
                    let value: toml::Value = toml::from_str(&shown).map_err(|cause| {
                        Failure::failed(format!(
                            "cannot show the configuration as JSON: {cause}; please report it (OP-9102)"
                        ))
                    })?;
                    setup.out.json(&value)?;
                } else {
                    setup.out.text(&shown)?;
                }
                Ok(Status::Done)
            }
            Self::Schema => {
                setup.out.json(&config::schema())?;
                Ok(Status::Done)
            }
        }
    }
}

async fn check(setup: &Setup, offline: bool) -> Ended {
    let settings = match setup.settings() {
        Ok(settings) => settings,
        Err(failure) if setup.out.json => {
            setup.out.json(&json!({ "ok": false, "problems": failure.lines }))?;
            return Ok(Status::Usage);
        }
        Err(failure) => return Err(failure),
    };
    let asked = if offline { Vec::new() } else { connector::ask(&settings, None).await };
    let bad = asked.iter().any(|asked| asked.fault.is_some());
    if setup.out.json {
        let sources: Vec<_> = asked.iter().map(connector::Asked::json).collect();
        setup.out.json(&json!({ "ok": !bad, "notes": settings.notes, "sources": sources }))?;
    } else {
        let (pilots, sources) = (settings.pilots.len(), settings.sources.len());
        let counted = format!("{}, {}", super::text::count(pilots, "pilot"), super::text::count(sources, "source"));
        setup.out.text(&format!("the configuration can be used: {counted}"))?;
        settings.notes.iter().for_each(|note| setup.out.say(&format!("note: {note}")));
        connector::show(setup, &asked)?;
    }
    Ok(if bad { Status::Wrong } else { Status::Done })
}
