//! Counting rows into sets. Own file because it is pure: rows in, figures out. INVARIANT: every row of the span is counted once in each set
//! that it belongs to, and nothing else is.

use super::{Days, Form, Series, Set, Unit, dollars};
use crate::brief::{Content, diff};
use crate::domain::review::Reason;
use crate::store::TrendRows;
use jiff::civil::Date;
use jiff::{SignedDuration, Timestamp};
use std::collections::BTreeSet;

/// A length of time that bounds a category.
type Age = SignedDuration;

const fn minutes(count: i64) -> SignedDuration {
    SignedDuration::from_secs(count * 60)
}

/// For how long briefs wait: each up to the next.
pub(super) const AGES: [(&str, Age); 7] = [
    ("under 1 h", minutes(60)),
    ("1 to 4 h", minutes(4 * 60)),
    ("4 h to 1 day", minutes(24 * 60)),
    ("1 to 3 days", minutes(3 * 24 * 60)),
    ("3 to 7 days", minutes(7 * 24 * 60)),
    ("7 to 28 days", minutes(28 * 24 * 60)),
    ("longer", SignedDuration::MAX),
];

/// For how long a draft takes.
const DRAFT: [(&str, Age); 6] = [
    ("under 10 s", SignedDuration::from_secs(10)),
    ("10 s to 1 min", minutes(1)),
    ("1 to 5 min", minutes(5)),
    ("5 to 15 min", minutes(15)),
    ("15 min to 1 h", minutes(60)),
    ("longer", SignedDuration::MAX),
];

/// The sections of a brief, with their names for people.
const SECTIONS: [(&str, &str); 8] = [
    ("workflow_summary", "Summary"),
    ("priority", "Priority"),
    ("risk", "Risk"),
    ("recommended_status", "Recommended status"),
    ("missing_information", "Missing information"),
    ("next_actions", "Next actions"),
    ("pricing_rationale", "Pricing rationale"),
    ("implementation_roadmap", "Roadmap"),
];

pub(super) fn ago(now: Timestamp, age: Age) -> Timestamp {
    now.checked_sub(age).unwrap_or(Timestamp::MIN)
}

/// Lengths of time with how many there are of each, in order.
#[derive(Clone, Debug, Default)]
pub struct Spread(Vec<(SignedDuration, u64)>);

impl Spread {
    /// Of these.
    #[must_use]
    pub fn of(lengths: impl Iterator<Item = SignedDuration>) -> Self {
        Self::counted(lengths.map(|length| (length, 1)))
    }

    /// Of so many of each of these.
    #[must_use]
    pub fn counted(lengths: impl Iterator<Item = (SignedDuration, u64)>) -> Self {
        let mut lengths: Vec<_> = lengths.collect();
        lengths.sort_unstable();
        Self(lengths)
    }

    /// What `percent` of them do not exceed (nearest rank).
    #[must_use]
    pub fn percentile(&self, percent: u64) -> Option<SignedDuration> {
        let rank = (self.rows() * percent.min(100)).div_ceil(100).max(1);
        let mut up_to = 0;
        let holds = |(_, count): &&(SignedDuration, u64)| {
            up_to += count;
            up_to >= rank
        };
        self.0.iter().find(holds).map(|(length, _)| *length)
    }

    fn by(&self, bounds: &[(&str, Age)]) -> (Vec<String>, Vec<u64>) {
        let mut counts = vec![0; bounds.len()];
        for (length, so_many) in &self.0 {
            let place = bounds.iter().position(|(_, bound)| length < bound).unwrap_or(bounds.len() - 1);
            if let Some(count) = counts.get_mut(place) {
                *count += so_many;
            }
        }
        (bounds.iter().map(|(label, _)| (*label).to_owned()).collect(), counts)
    }

    fn says(&self, nothing: &str) -> String {
        match (self.percentile(50), self.percentile(90)) {
            (Some(half), Some(most)) => {
                format!("Half took no longer than {}, nine of ten no longer than {}.", length(half), length(most))
            }
            _ => nothing.to_owned(),
        }
    }

    fn rows(&self) -> u64 {
        self.0.iter().map(|(_, count)| count).sum()
    }
}

/// A length of time for people.
#[must_use]
pub fn length(length: SignedDuration) -> String {
    let millis = length.as_millis().max(0);
    match millis {
        0..1_000 => format!("{millis} ms"),
        1_000..90_000 => format!("{} s", millis / 1000),
        90_000..5_400_000 => format!("{} min", millis / 60_000),
        5_400_000..172_800_000 => format!("{} h", millis / 3_600_000),
        _ => format!("{} days", millis / 86_400_000),
    }
}

fn share(part: u64, whole: u64) -> String {
    match (part * 200 + whole).checked_div(whole * 2) {
        Some(percent) => format!("{percent} % ({part} of {whole})"),
        None => "none".to_owned(),
    }
}

struct Line<'a> {
    days: &'a Days,
    parts: Vec<Date>,
}

impl<'a> Line<'a> {
    fn new(days: &'a Days) -> Self {
        Self { days, parts: days.parts() }
    }

    fn labels(&self) -> Vec<String> {
        self.parts.iter().map(ToString::to_string).collect()
    }

    fn by(&self) -> &'static str {
        if self.parts.get(1).is_some_and(|second| second.duration_since(self.days.first).as_hours() > 24) {
            "week from"
        } else {
            "day"
        }
    }

    fn counts(&self, events: impl Iterator<Item = (Date, u64)>) -> Vec<u64> {
        let mut counts = vec![0; self.parts.len()];
        for (day, count) in events {
            let place = self.parts.partition_point(|first| *first <= day);
            if let Some(part) = place.checked_sub(1).and_then(|place| counts.get_mut(place)) {
                *part += count;
            }
        }
        counts
    }
}

pub(super) fn volume(rows: &TrendRows, days: &Days) -> Set {
    let line = Line::new(days);
    let arrived = line.counts(rows.arrived.iter().map(|(at, count)| (days.day_of(*at), *count)));
    let drafted = line.counts(rows.drafted.iter().map(|(at, count)| (days.day_of(*at), *count)));
    let ended = |verdict: &str| matches!(verdict, "approve" | "reject");
    let decided = rows.decided.iter().filter(|made| ended(&made.verdict));
    let decided = line.counts(decided.map(|made| (days.day_of(made.at), 1)));
    let sum = |values: &[u64]| values.iter().sum::<u64>();
    let says = format!(
        "Requests that came in: {}. Briefs drafted: {}. Briefs approved or rejected: {}.",
        sum(&arrived),
        sum(&drafted),
        sum(&decided)
    );
    Set {
        key: "volume",
        title: "Volume",
        says,
        rows: sum(&arrived) + sum(&drafted) + sum(&decided),
        backed_by: "requests accepted, first drafts, and decisions of the span",
        unit: Unit::Count,
        form: Form::Lines,
        by: line.by(),
        labels: line.labels(),
        series: vec![
            Series { name: "came in", values: arrived },
            Series { name: "drafted", values: drafted },
            Series { name: "decided", values: decided },
        ],
    }
}

pub(super) fn first_draft(rows: &TrendRows) -> Set {
    let spread = Spread::counted(rows.took.iter().copied());
    let (labels, values) = spread.by(&DRAFT);
    Set {
        key: "first-draft",
        title: "Time to first draft",
        says: spread.says("No brief was drafted."),
        rows: spread.rows(),
        backed_by: "first drafts of the span, each from the moment its request was on disk",
        unit: Unit::Count,
        form: Form::Bars,
        by: "took",
        labels,
        series: vec![Series { name: "briefs", values }],
    }
}

pub(super) fn decision(rows: &TrendRows) -> Set {
    // The first decision on a brief ends its wait.
    let mut known = BTreeSet::new();
    let first = rows.decided.iter().filter(|made| known.insert(made.brief.as_str()));
    let spread = Spread::of(first.map(|made| made.at.duration_since(made.opened_at)));
    let (labels, values) = spread.by(&AGES);
    Set {
        key: "decision",
        title: "Time to decision",
        says: spread.says("Nothing was decided."),
        rows: spread.rows(),
        backed_by: "briefs by their first decision of the span, each from the moment it waited",
        unit: Unit::Count,
        form: Form::Bars,
        by: "took",
        labels,
        series: vec![Series { name: "briefs", values }],
    }
}

pub(super) fn verdicts(rows: &TrendRows) -> Set {
    let words = [("approve", "approved"), ("minor", "small changes"), ("major", "new attempt"), ("reject", "rejected")];
    let count = |word: &str| rows.decided.iter().filter(|made| made.verdict == word).count() as u64;
    let values: Vec<u64> = words.iter().map(|(word, _)| count(word)).collect();
    let all = rows.decided.len() as u64;
    Set {
        key: "verdicts",
        title: "Decisions",
        says: match all {
            0 => "Nothing was decided.".to_owned(),
            _ => format!("Approved: {}.", share(count("approve"), all)),
        },
        rows: all,
        backed_by: "decisions of the span",
        unit: Unit::Count,
        form: Form::Bars,
        by: "decision",
        labels: words.iter().map(|(_, label)| (*label).to_owned()).collect(),
        series: vec![Series { name: "decisions", values }],
    }
}

pub(super) fn sections(rows: &TrendRows, most: u32) -> Set {
    let approved: BTreeSet<&str> = rows
        .decided
        .iter()
        .filter(|made| made.approved && made.verdict == "approve")
        .map(|made| made.brief.as_str())
        .collect();
    let whole = approved.len() as u64;
    let mut edited = vec![0_u64; SECTIONS.len()];
    let mut touched = 0;
    for edit in rows.edited.iter().filter(|edit| approved.contains(edit.brief.as_str())) {
        let (Ok(before), Ok(after)) = (Content::from_json(&edit.drafted), Content::from_json(&edit.approved)) else {
            continue;
        };
        let paths: Vec<String> = diff(&before, &after).into_iter().map(|change| change.path).collect();
        let mut any = false;
        for ((section, _), count) in SECTIONS.iter().zip(&mut edited) {
            let inside = |path: &String| {
                path.strip_prefix(section).is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '[']))
            };
            let changed = paths.iter().any(inside);
            *count += u64::from(changed);
            any |= changed;
        }
        touched += u64::from(any);
    }
    let cut = rows.edited.len() >= most as usize;
    let more = if cut { format!(" Of those edited, only the first {most} were compared.") } else { String::new() };
    Set {
        key: "sections",
        title: "What people change before they approve",
        says: match whole {
            0 => "Nothing was approved.".to_owned(),
            _ => format!("Approved as drafted: {}.{more}", share(whole - touched, whole)),
        },
        rows: whole,
        backed_by: "briefs approved in the span, each by section against its last draft",
        unit: Unit::Count,
        form: Form::Stacked,
        by: "section",
        labels: SECTIONS.iter().map(|(_, label)| (*label).to_owned()).collect(),
        series: vec![
            Series { name: "as drafted", values: edited.iter().map(|count| whole - count).collect() },
            Series { name: "edited", values: edited },
        ],
    }
}

pub(super) fn reasons(rows: &TrendRows) -> Set {
    let rejected: Vec<Option<&str>> =
        rows.decided.iter().filter(|made| made.verdict == "reject").map(|made| made.reason.as_deref()).collect();
    let count = |reason: Option<&str>| rejected.iter().filter(|named| **named == reason).count() as u64;
    let mut found: Vec<(String, u64)> =
        Reason::ALL.iter().map(|reason| (reason.told().to_owned(), count(Some(reason.as_str())))).collect();
    found.push(("in their own words alone".to_owned(), count(None)));
    found.retain(|(_, count)| *count > 0);
    found.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
    let says = match found.first() {
        Some((label, count)) => format!("Most often: {label}, {}.", share(*count, rejected.len() as u64)),
        None => "Nothing was rejected.".to_owned(),
    };
    let (labels, values) = found.into_iter().unzip();
    Set {
        key: "reasons",
        title: "Why briefs were rejected",
        says,
        rows: rejected.len() as u64,
        backed_by: "rejections of the span",
        unit: Unit::Count,
        form: Form::Bars,
        by: "reason",
        labels,
        series: vec![Series { name: "rejections", values }],
    }
}

pub(super) fn spent(rows: &TrendRows, days: &Days) -> Set {
    let line = Line::new(days);
    let amount = |micros: i64| u64::try_from(micros).unwrap_or(0);
    let of = |value: fn(&crate::store::TrendSpend) -> i64| {
        line.counts(rows.spent.iter().filter_map(|row| Some((row.day.parse::<Date>().ok()?, amount(value(row))))))
    };
    let (settled, held) = (of(|row| row.settled.get()), of(|row| row.held.get()));
    let calls: u64 = rows.spent.iter().map(|row| row.calls).sum();
    let sum = |values: &[u64]| values.iter().sum::<u64>();
    let open = match sum(&held) {
        0 => String::new(),
        held => format!(" {} more is held for calls that nobody has settled.", dollars(held)),
    };
    Set {
        key: "spend",
        title: "What models cost",
        says: match calls {
            0 => "No model was asked.".to_owned(),
            _ => format!("{} for {calls} calls.{open}", dollars(sum(&settled))),
        },
        rows: calls,
        backed_by: "calls to models of the span",
        unit: Unit::Micros,
        form: Form::Lines,
        by: line.by(),
        labels: line.labels(),
        series: vec![Series { name: "settled", values: settled }, Series { name: "held", values: held }],
    }
}

pub(super) fn backlog(counts: &[u64]) -> Set {
    let whole: u64 = counts.iter().sum();
    let old: u64 = counts.iter().skip(3).sum();
    Set {
        key: "backlog",
        title: "What waits now, by age",
        says: match whole {
            0 => "Nothing waits.".to_owned(),
            _ => format!("{whole} wait; longer than a day: {}.", share(old, whole)),
        },
        rows: whole,
        backed_by: "briefs that wait now, whenever they came",
        unit: Unit::Count,
        form: Form::Bars,
        by: "waits",
        labels: AGES.iter().map(|(label, _)| (*label).to_owned()).collect(),
        series: vec![Series { name: "briefs", values: counts.to_vec() }],
    }
}
