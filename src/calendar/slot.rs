//! When a schedule is due: five fields of a cron pattern (IEEE 1003.1 crontab; `MON#1`, `L`, `15W`, names) read on a wall clock in a zone.
//! Own file because the two odd nights of the year are decided here: a time named by hour and minute that is skipped falls due when
//! clocks jump, and one that comes twice falls due the first time; a beat (`*` in the hour or minute) follows real time through both.
//! INVARIANT: slots rise strictly in time, and no two slots of a schedule share a key.

use super::{Problem, wall};
use croner::Cron;
use croner::errors::CronError;
use croner::parser::{CronParser, Seconds, Year};
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

/// A slot that is found due later than this after its time is late, and is shown as such.
pub const LATE_AFTER: SignedDuration = SignedDuration::from_mins(5);

/// The longest pattern read, in bytes.
const MAX_PATTERN: usize = 200;

/// How far back the last due slot is looked for, nearest first: so that a beat of a minute after a year of downtime is found in a few steps.
const WINDOWS: [SignedDuration; 5] = [
    SignedDuration::from_hours(1),
    SignedDuration::from_hours(24),
    SignedDuration::from_hours(24 * 8),
    SignedDuration::from_hours(24 * 40),
    SignedDuration::from_hours(24 * 400),
];

/// A pattern in a zone. Comes from [`Schedule::parse`] alone.
#[derive(Clone, Debug)]
pub struct Schedule {
    cron: Cron,
    zone: TimeZone,
    /// A `*` in the hour or minute: meant as a distance between firings rather than as a time of day.
    beat: bool,
    text: String,
}

/// One time at which a schedule falls due.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Slot {
    /// When.
    pub at: Timestamp,
    /// The date and time that the pattern names, in the schedule's zone.
    pub wall: DateTime,
    /// Names this slot among all of the schedule for ever: `wall` as `2026-11-23T09:00`, with the offset from UTC behind it when a beat falls
    /// on a wall time that comes for the second time. One row for each schedule and key is one firing.
    pub key: String,
}

/// A slot whose time has come.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Due {
    /// The last one due.
    pub slot: Slot,
    /// Found more than [`LATE_AFTER`] after its time.
    pub late: bool,
    /// Earlier slots passed unseen as well; they are not made up for one by one.
    pub passed_over: bool,
}

impl Schedule {
    /// Reads a pattern of five fields: minute, hour, day of the month, month, day of the week. When both kinds of day are restricted, either
    /// one suffices, as in crontab.
    ///
    /// # Errors
    /// `OP-2901` when it is not such a pattern, `OP-2902` when no date ever matches it.
    pub fn parse(pattern: &str, zone: TimeZone) -> Result<Self, Problem> {
        let shown: String = pattern.chars().filter(|c| !c.is_control()).take(60).collect();
        let refuse = |why: &str| {
            let message = format!("`{shown}` is not a schedule: {why}");
            Problem::new("OP-2901", message, "write minute, hour, day, month and weekday, such as `0 9 * * MON`")
        };
        let fields: Vec<&str> = pattern.split_whitespace().collect();
        if pattern.len() > MAX_PATTERN {
            return Err(refuse("it is too long"));
        }
        let [minute, hour, ..] = fields[..] else { return Err(refuse("it must have five fields")) };
        if fields.len() != 5 {
            return Err(refuse(&format!("it has {} fields and must have five", fields.len())));
        }
        let parser = CronParser::builder().seconds(Seconds::Disallowed).year(Year::Disallowed).build();
        let text = fields.join(" ");
        let cron = parser.parse(&text).map_err(|cause| refuse(&spoken(&cause)))?;
        let beat = minute.contains('*') || hour.contains('*');
        let schedule = Self { cron, zone, beat, text };
        // From a fixed day: whether a pattern can be used must not depend on when that is asked.
        match schedule.wall_after(DateTime::constant(2024, 1, 1, 0, 0, 0, 0)) {
            Some(_) => Ok(schedule),
            None => {
                let message = format!("`{shown}` never falls due: no date matches it");
                Err(Problem::new("OP-2902", message, "name a day that exists in the months you name"))
            }
        }
    }

    /// The first slot after `after`; `None` when the calendar ends.
    #[must_use]
    pub fn next_after(&self, after: Timestamp) -> Option<Slot> {
        if self.beat { self.next_beat(after) } else { self.next_named(after) }
    }

    /// The last slot after `after` and not after `until`: what is to be done now when the schedule was last looked at at `after`. Slots
    /// before it in the same span are passed over: after days of downtime a report comes once.
    #[must_use]
    pub fn due_between(&self, after: Timestamp, until: Timestamp) -> Option<Due> {
        let first = self.next_after(after).filter(|slot| slot.at <= until)?;
        let from = WINDOWS.into_iter().filter_map(|window| until.checked_sub(window).ok());
        let near =
            from.filter(|from| *from > first.at).find_map(|from| self.next_after(from).filter(|s| s.at <= until));
        let mut slot = near.unwrap_or_else(|| first.clone());
        while let Some(next) = self.next_after(slot.at).filter(|next| next.at <= until) {
            slot = next;
        }
        let late = until.duration_since(slot.at) > LATE_AFTER;
        Some(Due { late, passed_over: slot.at > first.at, slot })
    }

    /// What the schedule means, as an English sentence: `At 09:00, on Monday, in the time of Europe/Berlin`.
    #[must_use]
    pub fn describe(&self) -> String {
        let sentence = self.cron.describe();
        let zone = self.zone.iana_name().unwrap_or("its own offset from UTC");
        format!("{}, in the time of {zone}", sentence.trim_end_matches('.'))
    }

    /// The pattern, single spaces between its fields.
    #[must_use]
    pub fn pattern(&self) -> &str {
        &self.text
    }

    /// The zone on whose clocks the pattern is read.
    #[must_use]
    pub fn zone(&self) -> &TimeZone {
        &self.zone
    }

    /// The first wall time after `wall` that the pattern names, whether or not clocks ever show it.
    fn wall_after(&self, wall: DateTime) -> Option<DateTime> {
        self.cron.find_next_occurrence(&wall, false).ok()
    }

    fn next_named(&self, after: Timestamp) -> Option<Slot> {
        let mut wall = self.zone.to_datetime(after);
        loop {
            wall = self.wall_after(wall)?;
            let at = wall::instant(wall, &self.zone)?;
            if at <= after {
                // In an hour that comes twice: this was due the first time.
                continue;
            }
            // Several times may be skipped in one night; they are one firing, named after the last.
            while wall::is_skipped(wall, &self.zone) {
                match self.wall_after(wall) {
                    Some(next) if wall::instant(next, &self.zone) == Some(at) => wall = next,
                    _ => break,
                }
            }
            return Some(Slot { at, wall, key: wall.strftime("%Y-%m-%dT%H:%M").to_string() });
        }
    }

    fn next_beat(&self, after: Timestamp) -> Option<Slot> {
        let mut offset = self.zone.to_offset(after);
        let mut wall = self.wall_after(offset.to_datetime(after))?;
        // From one change of the clocks to the next the wall runs with time, so each stretch is searched by itself.
        for change in self.zone.following(after) {
            let at = offset.to_timestamp(wall).ok()?;
            if at < change.timestamp() {
                break;
            }
            offset = change.offset();
            let before = offset.to_datetime(change.timestamp()).checked_sub(SignedDuration::from_secs(1)).ok()?;
            wall = self.wall_after(before)?;
        }
        let at = offset.to_timestamp(wall).ok()?;
        let key = if wall::is_second(wall, at, &self.zone) {
            format!("{}{offset}", wall.strftime("%Y-%m-%dT%H:%M"))
        } else {
            wall.strftime("%Y-%m-%dT%H:%M").to_string()
        };
        Some(Slot { at, wall, key })
    }
}

/// What the reader of patterns says, without the names of its types.
fn spoken(cause: &CronError) -> String {
    match cause {
        CronError::InvalidPattern(text) | CronError::IllegalCharacters(text) | CronError::ComponentError(text) => {
            let text = text.trim().trim_end_matches('.');
            let mut letters = text.chars();
            letters.next().map_or_else(String::new, |first| first.to_lowercase().chain(letters).collect())
        }
        _ => "it names no time".to_owned(),
    }
}
