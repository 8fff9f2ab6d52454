//! Programs of the user's own, as a source and as a sink. The sink is in `src/sink`, its protocol in `docs/sinks/exec.md`.
//!
//! The exec source: a program of the user's own, in any language, prints one JSON object a line and reads on its standard input what
//! became of it. The documented way to add a source without rebuilding the daemon; the protocol is in `docs/sources/exec.md`.
//!
//! INVARIANT: whatever the program prints or does not read, the daemon's memory stays bounded and a `poll` ends in time; no line that
//! was read is lost before it is settled; no process outlives its source.

mod chatter;
mod child;
mod line;
mod lines;
mod node;
mod options;
mod outbox;
mod sink;
mod source;

pub use options::{Options, Settings, Variable};
pub use sink::{ExecSink, SinkOptions, SinkSettings};

use opspilot_sdk::{BuildContext, Built, ConnectorError, Lane, Problems, Spec};

/// The kind `exec`.
#[derive(Clone, Copy, Debug)]
pub struct Exec;

impl Spec for Exec {
    const KIND: &'static str = "exec";
    const LANE: Lane = Lane::Interactive;
    type Built = Built;
    type Options = Options;
    type Settings = Settings;

    fn validate(options: Options) -> Result<Settings, Problems> {
        options.validate()
    }

    fn build(settings: Settings, context: BuildContext) -> Result<Built, ConnectorError> {
        let launch = settings.launch(&context)?;
        Ok(Built::Pulled(Box::new(source::Exec::new(launch, context.clock))))
    }
}
