//! Notes, tasks and priorities in HubSpot, on contacts, companies and deals, by version 3 of its objects. A note or a task is created and
//! hung on its record in one request, and found again among those of the record by the mark at the end of its text.
//!
//! INVARIANT: HubSpot takes rich text; what comes from outside goes in as text, so that it can be no markup there.

mod manners;
mod options;
mod place;
mod plan;
mod rights;
mod sink;

pub use options::{Options, Settings};
pub use place::Object;

use opspilot_sdk::{BuildContext, Carries, ConnectorError, Problems, Sink, Spec};
use std::sync::Arc;

/// The kind `hubspot`.
#[derive(Clone, Copy, Debug)]
pub struct HubSpot;

impl Spec for HubSpot {
    const KIND: &'static str = "hubspot";
    type Built = Arc<dyn Sink>;
    type Options = Options;
    type Settings = Settings;

    fn validate(options: Options) -> Result<Settings, Problems> {
        options.validate()
    }

    fn carries(settings: &Settings) -> Option<Carries> {
        Some(Carries { kinds: settings.carries().to_vec(), record: Some("1".to_owned()) })
    }

    fn build(settings: Settings, context: BuildContext) -> Result<Self::Built, ConnectorError> {
        Ok(Arc::new(sink::Crm::build(settings, &context)?))
    }
}
