//! What the configuration says about times: schedules, how long a brief may wait, and when people work. Own file because configuration and
//! rota share these and nothing else.

use crate::calendar::{Hours, Schedule};
use jiff::civil::{Time, Weekday};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use std::collections::BTreeMap;

/// What a schedule makes when it falls due.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// The report on the pilot's last whole week, for its reviewers.
    WeeklyReport,
    /// What waits, came in and was decided since the last one, for each of those whom the pilot tells by mail.
    Digest,
}

impl Kind {
    /// Every kind.
    pub const ALL: [Self; 2] = [Self::WeeklyReport, Self::Digest];

    /// Its name in the configuration and in the store.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::WeeklyReport => "weekly_report",
            Self::Digest => "digest",
        }
    }

    /// The kind of that name.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == word)
    }
}

/// A schedule of a pilot.
#[derive(Clone, Debug)]
pub struct Plan {
    /// Its name, unique.
    pub name: String,
    /// What it makes.
    pub kind: Kind,
    /// The pilot it is for.
    pub pilot: String,
    /// When.
    pub schedule: Schedule,
}

/// How long the briefs of a pilot may wait before people hear of it again, and when those people may be written to.
#[derive(Clone, Debug)]
pub struct Waits {
    /// A reviewer is reminded after this long, and again after the same time; `None`: never.
    pub remind_after: Option<SignedDuration>,
    /// How often one person is reminded of one revision at most.
    pub remind_times: u32,
    /// Others are asked as well after this long; `None`: never.
    pub escalate_after: Option<SignedDuration>,
    /// Who: names of users.
    pub escalate_to: Vec<String>,
    /// Working time by name of a user, for whoever has one of their own.
    pub hours: BTreeMap<String, Hours>,
    /// Working time of everybody else: that of the pilot's zone.
    pub usual: Hours,
    /// Who is away for a while, by name.
    pub away: BTreeMap<String, Away>,
}

/// An absence. It changes who gets letters, and nothing else.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Away {
    /// Its first moment.
    pub from: Timestamp,
    /// The first moment after it.
    pub until: Timestamp,
    /// The name of whoever gets the letters as well.
    pub cover: String,
}

impl Waits {
    /// When that person may be written to.
    #[must_use]
    pub fn hours_of(&self, name: &str) -> &Hours {
        self.hours.get(name).unwrap_or(&self.usual)
    }

    /// The working days of whoever names none.
    pub const DAYS: [Weekday; 5] =
        [Weekday::Monday, Weekday::Tuesday, Weekday::Wednesday, Weekday::Thursday, Weekday::Friday];

    /// The quiet hours of whoever names none: from six in the evening to eight in the morning.
    pub const QUIET: (Time, Time) = (Time::constant(18, 0, 0, 0), Time::constant(8, 0, 0, 0));

    /// The working time of whoever names none, on the clock of that zone.
    #[must_use]
    pub fn usual_hours(zone: &TimeZone) -> Hours {
        Hours::new(zone.clone(), &Self::DAYS, Some(Self::QUIET)).unwrap_or_else(|_| Hours::always(zone.clone()))
    }
}
