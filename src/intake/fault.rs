//! Why a pulled source could not be read, and how long it waits then. Own file because the answer depends on whose fault it is: a far side
//! that fails is left in peace for longer and longer, our own disk and store are asked again soon, so that work goes on when there is room.

use super::{IntakeError, PullOptions};
use crate::store::StoreError;
use opspilot_sdk::{ConnectorError, ErrorKind};
use std::io;
use std::time::Duration;

/// The longest wait while only our own store or disk is in the way: nobody else is bothered by asking again.
const OURS: Duration = Duration::from_secs(10);

/// Why a round failed.
#[derive(Debug, thiserror::Error)]
pub(super) enum Fault {
    #[error(transparent)]
    Connector(ConnectorError),
    #[error(transparent)]
    Store(StoreError),
    #[error(transparent)]
    Intake(IntakeError),
    #[error("the source did not answer in time; it is asked again (OP-2005)")]
    Slow,
}

impl Fault {
    /// How long to wait after the `faults`-th fault in a row; `chance` keeps many sources from coming back at once.
    pub(super) fn wait(&self, options: &PullOptions, faults: u32, chance: u8) -> Duration {
        let longest = if self.is_ours() { options.longest_wait.min(OURS) } else { options.longest_wait };
        let doublings = faults.saturating_sub(1).min(16);
        let doubled = options.first_wait.saturating_mul(1 << doublings).min(longest);
        match self {
            Self::Connector(ConnectorError { kind: ErrorKind::Unauthorised | ErrorKind::Misconfigured, .. }) => {
                options.longest_wait
            }
            Self::Connector(ConnectorError { retry_after: Some(after), .. }) => doubled.max(*after),
            _ => doubled.mul_f64(0.5 + f64::from(chance) / 510.0),
        }
    }

    /// Whether the store or a disk of this machine is in the way, and may cease to be so at any moment.
    fn is_ours(&self) -> bool {
        match self {
            Self::Store(error) | Self::Intake(IntakeError::Store(error)) => {
                matches!(error, StoreError::Unavailable { .. } | StoreError::Busy { .. } | StoreError::Stale { .. })
            }
            Self::Connector(error) => error.source.as_deref().is_some_and(|cause| no_room(cause)),
            Self::Intake(_) | Self::Slow => false,
        }
    }
}

/// Whether a disk that takes nothing stands behind an error, as when a drop folder lies on a full one.
fn no_room(cause: &(dyn std::error::Error + 'static)) -> bool {
    let mut next = Some(cause);
    while let Some(error) = next {
        let kind = error.downcast_ref::<io::Error>().map(io::Error::kind);
        if matches!(
            kind,
            Some(
                io::ErrorKind::StorageFull
                    | io::ErrorKind::QuotaExceeded
                    | io::ErrorKind::ReadOnlyFilesystem
                    | io::ErrorKind::FileTooLarge
            )
        ) {
            return true;
        }
        next = error.source();
    }
    false
}

#[cfg(test)]
mod tests {
    use super::{Fault, OURS};
    use crate::intake::{IntakeError, PullOptions};
    use crate::store::StoreError;
    use opspilot_sdk::{ConnectorError, ErrorKind};
    use std::io;
    use std::time::Duration;

    fn store() -> StoreError {
        StoreError::Unavailable { reason: "database or disk is full".to_owned() }
    }

    fn connector(kind: io::ErrorKind) -> Fault {
        Fault::Connector(
            ConnectorError::new(ErrorKind::Transient, "OP-2202", "cannot write").because(io::Error::from(kind)),
        )
    }

    fn longest(fault: &Fault) -> Duration {
        let options = PullOptions::default();
        (1..40).map(|faults| fault.wait(&options, faults, u8::MAX)).max().unwrap()
    }

    #[test]
    fn our_own_store_and_disk_are_asked_again_within_ten_seconds_however_often_they_failed() {
        for fault in [
            Fault::Store(store()),
            Fault::Store(StoreError::Busy { retry_secs: 1 }),
            Fault::Intake(IntakeError::Store(store())),
            connector(io::ErrorKind::StorageFull),
            connector(io::ErrorKind::ReadOnlyFilesystem),
        ] {
            assert_eq!(longest(&fault), OURS, "{fault}");
            let first = fault.wait(&PullOptions::default(), 1, 0);
            assert_eq!(first, Duration::from_millis(250), "{fault}");
        }
    }

    #[test]
    fn a_far_side_and_what_does_not_pass_by_itself_are_left_in_peace() {
        let configured = PullOptions::default().longest_wait;
        let corrupt = StoreError::Corrupt { what: "a row".to_owned() };
        for fault in [
            Fault::Slow,
            Fault::Store(corrupt),
            connector(io::ErrorKind::ConnectionRefused),
            Fault::Connector(ConnectorError::new(ErrorKind::Misconfigured, "OP-2201", "no folder")),
        ] {
            assert_eq!(longest(&fault), configured, "{fault}");
        }
    }

    #[test]
    fn whoever_configures_less_gets_less() {
        let options = PullOptions { longest_wait: Duration::from_secs(2), ..PullOptions::default() };
        assert_eq!(Fault::Store(store()).wait(&options, 30, u8::MAX), Duration::from_secs(2));
    }

    #[test]
    fn a_far_side_that_says_when_is_heard() {
        let mut error = ConnectorError::new(ErrorKind::Transient, "OP-2501", "busy");
        error.retry_after = Some(Duration::from_secs(900));
        assert_eq!(Fault::Connector(error).wait(&PullOptions::default(), 1, 0), Duration::from_secs(900));
    }
}
