//! The sink `exec`: a program of the user's own carries actions out, finds them again and takes them back; started once for each question, one
//! line of JSON to it and one from it. The documented way to add a sink without rebuilding the daemon; the protocol is in
//! `docs/sinks/exec.md`.
//!
//! INVARIANT: a program that was started and did not say what it did may have done it; what it is told to do is the approved line, byte for
//! byte.

mod asking;
mod options;
mod protocol;
mod writing;

pub use options::{SinkOptions, SinkSettings};

use opspilot_sdk::{BuildContext, Carries, ConnectorError, Problems, Sink, Spec};
use std::sync::Arc;

/// The kind `exec` among the sinks.
#[derive(Clone, Copy, Debug)]
pub struct ExecSink;

impl Spec for ExecSink {
    const KIND: &'static str = "exec";
    type Built = Arc<dyn Sink>;
    type Options = SinkOptions;
    type Settings = SinkSettings;

    fn validate(options: SinkOptions) -> Result<SinkSettings, Problems> {
        options.validate()
    }

    fn carries(settings: &SinkSettings) -> Option<Carries> {
        Some(settings.carries())
    }

    fn build(settings: SinkSettings, context: BuildContext) -> Result<Arc<dyn Sink>, ConnectorError> {
        Ok(Arc::new(writing::Program::build(settings, &context)?))
    }
}
