//! The sink `csv`: each action is a row at the end of a table within the data folder, for a spreadsheet or another program to take up.
//!
//! INVARIANT: a row counts when it is on disk whole, its key with it; half a row, as a crash leaves it, is no row and is cleared away by the
//! next one; no cell begins as a formula.

mod file;
mod options;
mod row;
mod scan;
mod sink;

pub use options::{Options, Separator, Settings};

use opspilot_sdk::{ActionKind, BuildContext, Carries, ConnectorError, Problems, Sink, Spec};
use std::sync::Arc;

/// The kind `csv`.
#[derive(Clone, Copy, Debug)]
pub struct Csv;

impl Spec for Csv {
    const KIND: &'static str = "csv";
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
        Ok(Arc::new(sink::Csv::new(settings, &context.data_dir)))
    }
}
