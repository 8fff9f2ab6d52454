//! Notes, tasks and priorities in Salesforce, on cases, leads, opportunities, contacts and accounts. A note is a task that is done already.
//! Where the operator made a field for it, the action's key stands in an external id, and creating is an upsert that can be repeated;
//! without, what was written is found again among the tasks of its record, because long texts cannot be asked for.
//!
//! INVARIANT: what comes from outside never becomes part of a query: only ids that were taken apart and put together again do.

mod answers;
mod manners;
mod options;
mod place;
mod plan;
mod rights;
mod session;
mod sink;

pub use options::{Options, Settings};
pub use place::Object;

use opspilot_sdk::{BuildContext, Carries, ConnectorError, Problems, Sink, Spec};
use std::sync::Arc;

/// The kind `salesforce`.
#[derive(Clone, Copy, Debug)]
pub struct Salesforce;

impl Spec for Salesforce {
    const KIND: &'static str = "salesforce";
    type Built = Arc<dyn Sink>;
    type Options = Options;
    type Settings = Settings;

    fn validate(options: Options) -> Result<Settings, Problems> {
        options.validate()
    }

    fn carries(settings: &Settings) -> Option<Carries> {
        Some(Carries { kinds: settings.carries().to_vec(), record: Some(settings.example()) })
    }

    fn build(settings: Settings, context: BuildContext) -> Result<Self::Built, ConnectorError> {
        Ok(Arc::new(sink::Org::build(settings, &context)?))
    }
}
