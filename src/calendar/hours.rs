//! When a person may be written to: working days and quiet hours on the clock of their own wall. Own file because reminders and
//! escalations count by people's clocks, reports by the pilot's.
//! INVARIANT: what comes out is never before what went in, and lies in the person's working time whenever they have any.

use super::{Problem, wall};
use jiff::civil::{Date, Time, Weekday};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp, ToSpan as _};

/// How far ahead working time is looked for: a wait of a thousand hours for somebody who works an hour a week.
const HORIZON_DAYS: u32 = 20 * 366;

/// How a wait is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Counting {
    /// Every hour counts; what falls outside working time waits for its beginning.
    Plain,
    /// Only working time counts.
    Working,
}

/// A person's working time. Comes from [`Hours::new`] alone.
#[derive(Clone, Debug)]
pub struct Hours {
    zone: TimeZone,
    /// By [`Weekday::to_monday_zero_offset`].
    days: [bool; 7],
    quiet: Option<(Time, Time)>,
}

impl Hours {
    /// Working `days` in `zone`, with quiet hours on each of them from the first time up to the second; over midnight when the first is the
    /// later one, such as 18:00 to 08:00.
    ///
    /// # Errors
    /// `OP-2903` when no working time is left.
    pub fn new(zone: TimeZone, days: &[Weekday], quiet: Option<(Time, Time)>) -> Result<Self, Problem> {
        let mut week = [false; 7];
        for day in days {
            if let Some(slot) = week.get_mut(usize::from(day.to_monday_zero_offset().unsigned_abs())) {
                *slot = true;
            }
        }
        let message = if days.is_empty() {
            "no day of the week is a working day"
        } else if quiet.is_some_and(|(from, until)| from == until) {
            "the quiet hours begin and end at the same time"
        } else {
            return Ok(Self { zone, days: week, quiet });
        };
        Err(Problem::new(
            "OP-2903",
            message,
            "leave some working time, such as Monday to Friday with quiet hours from 18:00 to 08:00",
        ))
    }

    /// Every day, around the clock.
    #[must_use]
    pub fn always(zone: TimeZone) -> Self {
        Self { zone, days: [true; 7], quiet: None }
    }

    /// Whether `now` is working time.
    #[must_use]
    pub fn is_working(&self, now: Timestamp) -> bool {
        self.next_working(now) == now
    }

    /// `from` when that is working time, else the moment at which the next working time begins.
    #[must_use]
    pub fn next_working(&self, from: Timestamp) -> Timestamp {
        self.stretches(from).next().map_or(from, |(begin, _)| begin)
    }

    /// When to remind about something that was opened at `opened` and may wait for `wait`.
    #[must_use]
    pub fn remind_at(&self, opened: Timestamp, wait: SignedDuration, counting: Counting) -> Timestamp {
        let wait = wait.max(SignedDuration::ZERO);
        let plain = opened.checked_add(wait).unwrap_or(Timestamp::MAX);
        if counting == Counting::Plain {
            return self.next_working(plain);
        }
        let mut left = wait;
        for (begin, end) in self.stretches(opened) {
            let length = end.duration_since(begin);
            // Ends exactly with a stretch: that is still within it, and not a weekend later.
            if left <= length {
                return begin.checked_add(left).unwrap_or(plain);
            }
            left -= length;
        }
        plain
    }

    /// The zone of the clock on their wall.
    #[must_use]
    pub fn zone(&self) -> &TimeZone {
        &self.zone
    }

    /// Working time from `from` on, as instants, in order; the end is not part of it.
    fn stretches(&self, from: Timestamp) -> impl Iterator<Item = (Timestamp, Timestamp)> + '_ {
        let first = self.zone.to_datetime(from).date();
        let dates = (0..HORIZON_DAYS).map_while(move |ahead| first.checked_add(i64::from(ahead).days()).ok());
        dates.filter(|date| self.works_on(*date)).flat_map(|date| self.open(date)).filter_map(move |(begin, end)| {
            let begin = begin.max(from);
            (begin < end).then_some((begin, end))
        })
    }

    fn works_on(&self, date: Date) -> bool {
        self.days.get(usize::from(date.weekday().to_monday_zero_offset().unsigned_abs())).is_some_and(|works| *works)
    }

    /// The parts of a day that are not quiet.
    fn open(&self, date: Date) -> impl Iterator<Item = (Timestamp, Timestamp)> + '_ {
        let midnight = Time::midnight();
        // `None` at the end is the midnight that begins the next day.
        let parts: [Option<(Time, Option<Time>)>; 2] = match self.quiet {
            None => [Some((midnight, None)), None],
            Some((from, until)) if from < until => {
                [(from > midnight).then_some((midnight, Some(from))), Some((until, None))]
            }
            // Quiet over midnight: until the one, from the other; from midnight it is quiet until the end of it.
            Some((from, until)) => [Some((until, (from > midnight).then_some(from))), None],
        };
        parts.into_iter().flatten().filter_map(move |(begin, end)| {
            let begin = wall::instant(date.to_datetime(begin), &self.zone)?;
            let end = match end {
                Some(end) => date.to_datetime(end),
                None => date.tomorrow().ok()?.to_datetime(midnight),
            };
            let end = wall::instant(end, &self.zone)?;
            (begin < end).then_some((begin, end))
        })
    }
}
