//! Notes, activities and priorities in Pipedrive, on deals, persons and organizations: notes by version 1 of its interface, which alone has
//! them, everything else by version 2. It has no key against repeats and no search for texts: what was written is found again in the record's
//! own lists, by the mark at the end of its text.
//!
//! INVARIANT: Pipedrive takes HTML; what comes from outside goes in as text, so that it can be no markup there.

mod answers;
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

/// The kind `pipedrive`.
#[derive(Clone, Copy, Debug)]
pub struct Pipedrive;

impl Spec for Pipedrive {
    const KIND: &'static str = "pipedrive";
    type Built = Arc<dyn Sink>;
    type Options = Options;
    type Settings = Settings;

    fn validate(options: Options) -> Result<Settings, Problems> {
        options.validate()
    }

    fn carries(settings: &Settings) -> Option<Carries> {
        Some(Carries { kinds: settings.carries().to_vec(), record: Some(settings.example().to_owned()) })
    }

    fn build(settings: Settings, context: BuildContext) -> Result<Self::Built, ConnectorError> {
        Ok(Arc::new(sink::Crm::build(settings, &context)?))
    }
}
