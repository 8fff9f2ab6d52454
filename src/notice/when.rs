//! Times and lengths of time in words for people. Own file because every letter says them alike.

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

/// `Mon 23 Nov 2026, 09:00 (Europe/Berlin)`.
pub(super) fn moment(at: Timestamp, zone: &TimeZone) -> String {
    let local = at.to_zoned(zone.clone());
    let name = zone.iana_name().map_or_else(|| format!("UTC{}", local.offset()), str::to_owned);
    format!("{} ({name})", local.strftime("%a %-d %b %Y, %H:%M"))
}

/// `Mon 23 Nov 2026, 09:00`, where the clock was named before.
pub(super) fn local(at: Timestamp, zone: &TimeZone) -> String {
    at.to_zoned(zone.clone()).strftime("%a %-d %b %Y, %H:%M").to_string()
}

/// `Mon 23 Nov`.
pub(super) fn day(at: Timestamp, zone: &TimeZone) -> String {
    at.to_zoned(zone.clone()).strftime("%a %-d %b").to_string()
}

/// `3 min`, `2 h 5 min`, `4 d 2 h`: two units at most, seconds below a minute.
pub(super) fn length(length: SignedDuration) -> String {
    let seconds = length.as_secs().max(0);
    let (days, hours, minutes) = (seconds / 86_400, seconds / 3600 % 24, seconds / 60 % 60);
    let two = |big: i64, unit: &str, small: i64, part: &str| {
        if small == 0 { format!("{big} {unit}") } else { format!("{big} {unit} {small} {part}") }
    };
    match (days, hours, minutes) {
        (0, 0, 0) => format!("{seconds} s"),
        (0, 0, minutes) => format!("{minutes} min"),
        (0, hours, minutes) => two(hours, "h", minutes, "min"),
        (days, hours, _) => two(days, "d", hours, "h"),
    }
}
