//! Tickets in Request Tracker: a comment on one, a task as a ticket linked to it, a ticket's priority. Spoken over REST 2
//! (<https://docs.bestpractical.com/rt/5.0.3/RT/REST2.html>) with a token of an account of its own.
//!
//! INVARIANT: nobody outside hears of anything: a comment is no answer, and a task's ticket has nobody who asked for it.

mod far;
mod options;
mod plan;
mod rights;
mod sink;

pub use options::{Link, Options, Settings};

use opspilot_sdk::{BuildContext, Carries, ConnectorError, Problems, Sink, Spec};
use std::sync::Arc;

/// The kind `request_tracker`.
#[derive(Clone, Copy, Debug)]
pub struct RequestTracker;

impl Spec for RequestTracker {
    const KIND: &'static str = "request_tracker";
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
        Ok(Arc::new(sink::Tickets::build(settings, &context)?))
    }
}
