//! Writing into Zendesk: private notes on tickets, tickets of the type task, and priorities, over its Support API (v2).
//!
//! INVARIANT: nothing that is sent makes a comment public or names a person outside: every comment carries `public: false`, and a ticket that
//! is made has no other requester than ourselves. What the client's own triggers do about a change is theirs, and the handbook says so.

mod asking;
mod options;
mod planning;
mod reading;
mod sink;
mod words;

pub use options::{Options, Settings};

use opspilot_sdk::{BuildContext, Carries, ConnectorError, Problems, Sink, Spec};
use std::sync::Arc;

/// The kind `zendesk`.
#[derive(Clone, Copy, Debug)]
pub struct Zendesk;

impl Spec for Zendesk {
    const KIND: &'static str = "zendesk";
    type Built = Arc<dyn Sink>;
    type Options = Options;
    type Settings = Settings;

    fn validate(options: Options) -> Result<Settings, Problems> {
        options.validate()
    }

    fn carries(settings: &Settings) -> Option<Carries> {
        Some(Carries { kinds: settings.kinds.clone(), record: Some("1".to_owned()) })
    }

    fn build(settings: Settings, context: BuildContext) -> Result<Self::Built, ConnectorError> {
        Ok(Arc::new(sink::Tickets::build(settings, &context)?))
    }
}
