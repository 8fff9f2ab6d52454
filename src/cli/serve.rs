//! `opspilot serve`: runs the daemon until it is told to stop. A second signal ends it at once; what was accepted is on disk either way.

use super::failure::{Ended, Failure, Status};
use super::setup::{Setup, refused};
use crate::daemon::{self, Mode};
use clap::Args;
use tokio_util::sync::CancellationToken;

/// Run the daemon. It logs to standard error, and stops gracefully on SIGTERM or Ctrl-C.
#[derive(Args)]
pub(crate) struct Serve {}

impl Serve {
    pub(crate) async fn run(self, setup: &Setup) -> Ended {
        let settings = setup.settings()?;
        daemon::start_logs(&settings.telemetry);
        for note in &settings.notes {
            tracing::warn!("{note}");
        }
        let house = Box::pin(daemon::open(settings, Mode::Serve)).await.map_err(|cause| refused(&cause))?;
        let stop = CancellationToken::new();
        let serving = daemon::serve(house, stop.clone(), |_| {});
        tokio::select! {
            outcome = Box::pin(until_told(serving, stop)) => outcome?,
            () = told_twice() => return Err(Failure::failed("stopped at once by a second signal; what was accepted is on disk (OP-9114)")),
        }
        Ok(Status::Done)
    }
}

/// Runs the daemon and stops it at the first signal.
pub(super) async fn until_told(
    serving: impl Future<Output = Result<(), daemon::StartError>>,
    stop: CancellationToken,
) -> Result<(), Failure> {
    let mut serving = Box::pin(serving);
    tokio::select! {
        outcome = &mut serving => return outcome.map_err(|cause| refused(&cause)),
        () = told() => stop.cancel(),
    }
    serving.await.map_err(|cause| refused(&cause))
}

/// Resolves at SIGTERM or Ctrl-C.
async fn told() {
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        let interrupt = async {
            // Without a handler the system's own end of the process stands.
            let _ = tokio::signal::ctrl_c().await;
        };
        match signal(SignalKind::terminate()) {
            Ok(mut terminate) => tokio::select! {
                () = interrupt => {}
                _ = terminate.recv() => {}
            },
            Err(_) => interrupt.await,
        }
    }
    #[cfg(not(unix))]
    {
        let _ = tokio::signal::ctrl_c().await;
    }
}

/// Resolves at the second signal.
pub(super) async fn told_twice() {
    told().await;
    told().await;
}
