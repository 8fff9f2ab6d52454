//! Logs: one line per event, readable alone, identifiers as fields. To stderr, where a service manager picks them up.

use crate::config::{LogFormat, TelemetrySettings};
use tracing_subscriber::EnvFilter;

/// Starts logging for this process. A second call changes nothing.
pub fn start_logs(settings: &TelemetrySettings) {
    // The configuration has judged the filter; what it cannot read falls back to what people want most.
    let filter = EnvFilter::try_new(&settings.filter).unwrap_or_else(|_| EnvFilter::new("info"));
    let builder = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).with_target(false);
    let _already = match settings.format {
        LogFormat::Json => builder.json().flatten_event(true).try_init(),
        LogFormat::Text => builder.with_ansi(std::io::IsTerminal::is_terminal(&std::io::stderr())).try_init(),
    };
}
