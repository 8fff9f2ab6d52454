//! Writing into Freshdesk: private notes on tickets, and priorities, over its API (v2). It has no tasks that this API reaches.
//!
//! INVARIANT: every note carries `private: true` and no `notify_emails`; nothing else that is sent holds words.

mod asking;
mod options;
mod planning;
mod reading;
mod sink;
mod words;

pub use options::{Options, Settings};

use opspilot_sdk::{BuildContext, Carries, ConnectorError, Problems, Sink, Spec};
use std::sync::Arc;

/// The kind `freshdesk`.
#[derive(Clone, Copy, Debug)]
pub struct Freshdesk;

impl Spec for Freshdesk {
    const KIND: &'static str = "freshdesk";
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
