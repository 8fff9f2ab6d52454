//! Issues in Redmine: a private note on one, a task as an issue of its own, an issue's priority. Spoken over Redmine's REST interface
//! (<https://www.redmine.org/projects/redmine/wiki/Rest_api>) with the key of an account of its own.
//!
//! INVARIANT: a note is sent only when the account may make notes private there: without that right Redmine takes the note, makes it public
//! and says yes.

mod far;
mod markup;
mod options;
mod plan;
mod rights;
mod sink;

pub use options::{Format, Options, Settings};

use opspilot_sdk::{BuildContext, Carries, ConnectorError, Problems, Sink, Spec};
use std::sync::Arc;

/// The kind `redmine`.
#[derive(Clone, Copy, Debug)]
pub struct Redmine;

impl Spec for Redmine {
    const KIND: &'static str = "redmine";
    type Built = Arc<dyn Sink>;
    type Options = Options;
    type Settings = Settings;

    fn validate(options: Options) -> Result<Settings, Problems> {
        options.validate()
    }

    fn carries(settings: &Settings) -> Option<Carries> {
        Some(Carries { kinds: settings.carries(), record: Some("1234".to_owned()) })
    }

    fn build(settings: Settings, context: BuildContext) -> Result<Self::Built, ConnectorError> {
        Ok(Arc::new(sink::Issues::build(settings, &context)?))
    }
}
