//! Writing into Jira Cloud: comments, sub-tasks and priorities, over its platform API (v3).
//!
//! INVARIANT: text goes in as nodes of text in a document (ADF) and never as markup; in a service project every comment is internal, and the
//! image says so only when Jira says so.

mod asking;
mod document;
mod options;
mod planning;
mod reading;
mod sink;
mod words;

pub use options::{Options, Settings};

use opspilot_sdk::{BuildContext, Carries, ConnectorError, Problems, Sink, Spec};
use std::sync::Arc;

/// The kind `jira`.
#[derive(Clone, Copy, Debug)]
pub struct Jira;

impl Spec for Jira {
    const KIND: &'static str = "jira";
    type Built = Arc<dyn Sink>;
    type Options = Options;
    type Settings = Settings;

    fn validate(options: Options) -> Result<Settings, Problems> {
        options.validate()
    }

    fn carries(settings: &Settings) -> Option<Carries> {
        let project = settings.projects.first().map_or("OPS", String::as_str);
        Some(Carries { kinds: settings.kinds.clone(), record: Some(format!("{project}-1")) })
    }

    fn build(settings: Settings, context: BuildContext) -> Result<Self::Built, ConnectorError> {
        Ok(Arc::new(sink::Issues::build(settings, &context)?))
    }
}
