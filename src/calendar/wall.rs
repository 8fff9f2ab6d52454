//! From a date and time on a wall to an instant. Own file because schedules and people's hours must answer the two odd nights of the
//! year alike. INVARIANT: a later wall time never gives an earlier instant.

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::{AmbiguousOffset, TimeZone};

/// The instant at which a wall clock in `zone` first shows `wall` or anything later: where clocks go back, the first of the two;
/// where they go forward over it, the moment they do. `None` outside the range of the calendar.
pub(super) fn instant(wall: DateTime, zone: &TimeZone) -> Option<Timestamp> {
    match zone.to_ambiguous_timestamp(wall).offset() {
        AmbiguousOffset::Unambiguous { offset } => offset.to_timestamp(wall).ok(),
        AmbiguousOffset::Fold { before, .. } => before.to_timestamp(wall).ok(),
        AmbiguousOffset::Gap { after, .. } => {
            // Read with the clock that is to come, a skipped time lies before the change.
            let ahead = after.to_timestamp(wall).ok()?;
            zone.following(ahead).find(|change| change.offset() == after).map(|change| change.timestamp())
        }
    }
}

/// Whether clocks in `zone` never show `wall`.
pub(super) fn is_skipped(wall: DateTime, zone: &TimeZone) -> bool {
    matches!(zone.to_ambiguous_timestamp(wall).offset(), AmbiguousOffset::Gap { .. })
}

/// Whether clocks in `zone` show `wall` twice and `instant` is the second time.
pub(super) fn is_second(wall: DateTime, instant: Timestamp, zone: &TimeZone) -> bool {
    match zone.to_ambiguous_timestamp(wall).offset() {
        AmbiguousOffset::Fold { after, .. } => after.to_timestamp(wall).is_ok_and(|second| second == instant),
        _ => false,
    }
}
