//! The sink `http`: a signed request (Standard Webhooks) to anything that takes one, for what has no connector of its own. Each action is one
//! message with a name for ever; a receiver that can show what it has, or take it back, says so by a path each.
//!
//! INVARIANT: the body of a call is the whole message; what is added when it is sent is its time and its signature.

mod message;
mod options;
mod sign;
mod sink;

pub use options::{Options, Settings};

use opspilot_sdk::{ActionKind, BuildContext, Carries, ConnectorError, Problems, Sink, Spec};
use std::sync::Arc;

/// The kind `http`.
#[derive(Clone, Copy, Debug)]
pub struct Http;

impl Spec for Http {
    const KIND: &'static str = "http";
    type Built = Arc<dyn Sink>;
    type Options = Options;
    type Settings = Settings;

    fn validate(options: Options) -> Result<Settings, Problems> {
        options.validate()
    }

    fn carries(_: &Settings) -> Option<Carries> {
        Some(Carries { kinds: ActionKind::ALL.to_vec(), record: None })
    }

    fn build(settings: Settings, context: BuildContext) -> Result<Arc<dyn Sink>, ConnectorError> {
        Ok(Arc::new(sink::Http::build(settings, &context)?))
    }
}
