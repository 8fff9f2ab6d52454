//! The weekly report on a pilot: one page of figures, each with the rows behind it. Own room of the notices because the desk, the mail and
//! `pilot report --explain` show the same [`Report`]. INVARIANT: whatever of it is shown is a [`Figure`] or a name.

mod chart;
mod figure;
mod letter;

pub use chart::svg;
pub use figure::{Figure, NONE};
pub use letter::letter;

use super::when;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp, ToSpan as _};

/// The rows of a week, as the store has them. Identifiers are those that `opspilot` shows: `req_…`, `brf_…`, `dec_…`, `rct_…`.
#[derive(Clone, Debug, Default)]
pub struct Rows {
    /// Requests that arrived: source, identifier, when.
    pub arrived: Vec<(String, String, Timestamp)>,
    /// From a request's arrival to its first brief, by brief.
    pub to_draft: Vec<(String, SignedDuration)>,
    /// From the first brief to the decision, by decision.
    pub to_decision: Vec<(String, SignedDuration)>,
    /// Decisions.
    pub decisions: Vec<Decision>,
    /// Briefs that were drafted, with the names of the sections for which something had to be asked.
    pub drafted: Vec<(String, Vec<String>)>,
    /// Briefs that wait at the end of the week, with how long they have.
    pub waiting: Vec<(String, SignedDuration)>,
    /// Messages set aside as machine mail.
    pub automatic: Vec<String>,
    /// Items in quarantine.
    pub quarantined: Vec<String>,
    /// What calls to the outside cost, in micro-dollars.
    pub spent: Vec<(String, i64)>,
    /// When each mailbox was last proven to be read: its name, when, the row that says so.
    pub proven: Vec<(String, Timestamp, String)>,
    /// The last reconciliation of each source: its name, when, items held outside, of which unaccounted for, the row that says so.
    pub reconciled: Vec<(String, Timestamp, u64, u64, String)>,
    /// The signed head of the receipts: number of receipts, root hash, when it was signed, the row that says so.
    pub checkpoint: Option<(u64, String, Timestamp, String)>,
}

/// A decision, for counting.
#[derive(Clone, Debug)]
pub struct Decision {
    /// `dec_…`.
    pub id: String,
    /// What it was.
    pub verdict: Verdict,
    /// Whether the brief was edited by hand before it.
    pub edited: bool,
    /// Why, in the person's words.
    pub reason: Option<String>,
}

/// Kinds of decision.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Approved.
    Approve,
    /// Small changes asked for.
    Minor,
    /// A new attempt asked for.
    Major,
    /// Rejected.
    Reject,
}

/// What the week is of.
#[derive(Clone, Copy, Debug)]
pub struct Week<'a> {
    /// The pilot's name.
    pub pilot: &'a str,
    /// The client organisation.
    pub tenant: &'a str,
    /// Its first moment.
    pub from: Timestamp,
    /// The first moment after it.
    pub until: Timestamp,
    /// The clock on the pilot's wall.
    pub zone: &'a TimeZone,
    /// Made up for after downtime, and so later than planned.
    pub late: bool,
}

/// A named figure. Names are unique within a report.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// What it says, such as `Time to a decision, median`.
    pub name: String,
    /// The figure.
    pub figure: Figure,
    /// Whether it is the sum of those above it, and so has no bar beside them.
    pub is_total: bool,
}

/// A group of figures.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Group {
    /// Its heading.
    pub heading: &'static str,
    /// Whether it is drawn as bars.
    pub bars: bool,
    /// The figures.
    pub lines: Vec<Line>,
    /// People's words that belong to it, such as reasons for rejecting: identifier and words.
    pub words: Vec<(String, String)>,
}

/// A report.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Report {
    /// The figures, in the order in which they are shown.
    pub groups: Vec<Group>,
}

impl Report {
    /// Every figure with the rows behind it, for `pilot report --explain`.
    pub fn explain(&self) -> impl Iterator<Item = (&str, &str, &[String])> {
        self.groups
            .iter()
            .flat_map(|group| &group.lines)
            .map(|line| (line.name.as_str(), line.figure.shown(), line.figure.rows()))
    }
}

/// Counts a week.
#[must_use]
pub fn report(week: &Week<'_>, rows: &Rows) -> Report {
    let group = |heading, bars, lines| Group { heading, bars, lines, words: Vec::new() };
    let mut decisions = group("Decisions", true, decided(rows));
    let telling = |decision: &&Decision| decision.verdict != Verdict::Approve;
    decisions.words = rows
        .decisions
        .iter()
        .filter(telling)
        .filter_map(|decision| {
            Some((decision.id.clone(), decision.reason.clone().filter(|reason| !reason.trim().is_empty())?))
        })
        .collect();
    let groups = vec![
        group("Requests by day", true, by_day(week, rows)),
        group("Requests by source", true, by_source(rows)),
        group("Time", false, times(rows)),
        decisions,
        group("Missing in requests", true, missing(rows)),
        group("Backlog", false, backlog(rows)),
        group("Set aside", false, aside(rows)),
        group("Proof", false, proof(week, rows)),
    ];
    Report { groups }
}

fn line(name: impl Into<String>, figure: Figure) -> Line {
    Line { name: name.into(), figure, is_total: false }
}

fn by_day(week: &Week<'_>, rows: &Rows) -> Vec<Line> {
    let date = |at: Timestamp| week.zone.to_datetime(at).date();
    let last = date(week.until.checked_sub(SignedDuration::from_secs(1)).unwrap_or(week.until));
    let mut days: Vec<Date> = Vec::new();
    let mut day = date(week.from);
    // A report is of a week; whoever asks for longer gets the last days of it as bars.
    while day <= last && days.len() < 400 {
        days.push(day);
        let Ok(next) = day.checked_add(1.day()) else { break };
        day = next;
    }
    let days = days.get(days.len().saturating_sub(14)..).unwrap_or_default();
    let of = |day: &Date| {
        let rows = rows.arrived.iter().filter(|(_, _, at)| date(*at) == *day).map(|(_, id, _)| id.as_str());
        line(day.strftime("%a %-d %b").to_string(), Figure::count(rows))
    };
    days.iter().map(of).collect()
}

fn by_source(rows: &Rows) -> Vec<Line> {
    let mut sources: Vec<&str> = rows.arrived.iter().map(|(source, ..)| source.as_str()).collect();
    sources.sort_unstable();
    sources.dedup();
    let of = |source: &&str| {
        let ids = rows.arrived.iter().filter(|(from, ..)| from == source).map(|(_, id, _)| id.as_str());
        line(*source, Figure::count(ids))
    };
    let mut lines: Vec<Line> = sources.iter().map(of).collect();
    lines.sort_by_key(|line| std::cmp::Reverse(line.figure.weight()));
    let all = Figure::count(rows.arrived.iter().map(|(_, id, _)| id.as_str()));
    lines.push(Line { is_total: true, ..line("All requests", all) });
    lines
}

fn times(rows: &Rows) -> Vec<Line> {
    vec![
        line("To the first brief, median", Figure::percentile(&rows.to_draft, 50)),
        line("To the first brief, 90 of 100 within", Figure::percentile(&rows.to_draft, 90)),
        line("From brief to decision, median", Figure::percentile(&rows.to_decision, 50)),
        line("From brief to decision, 90 of 100 within", Figure::percentile(&rows.to_decision, 90)),
    ]
}

fn decided(rows: &Rows) -> Vec<Line> {
    let all = || rows.decisions.iter().map(|decision| decision.id.as_str());
    let of = |verdict: Verdict| {
        let some = rows.decisions.iter().filter(move |decision| decision.verdict == verdict);
        Figure::share(some.map(|decision| decision.id.as_str()), all())
    };
    let edited = rows.decisions.iter().filter(|decision| decision.edited).map(|decision| decision.id.as_str());
    vec![
        line("Approved", of(Verdict::Approve)),
        line("Small changes", of(Verdict::Minor)),
        line("New attempt", of(Verdict::Major)),
        line("Rejected", of(Verdict::Reject)),
        line("Edited by hand", Figure::share(edited, all())),
    ]
}

fn missing(rows: &Rows) -> Vec<Line> {
    let mut names: Vec<&str> = rows.drafted.iter().flat_map(|(_, missing)| missing).map(String::as_str).collect();
    names.sort_unstable();
    names.dedup();
    let all = || rows.drafted.iter().map(|(id, _)| id.as_str());
    let of = |name: &&str| {
        let some = rows.drafted.iter().filter(|(_, missing)| missing.iter().any(|other| other == name));
        line(super::page::spoken(name), Figure::share(some.map(|(id, _)| id.as_str()), all()))
    };
    let mut lines: Vec<Line> = names.iter().map(of).collect();
    lines.sort_by_key(|line| std::cmp::Reverse(line.figure.weight()));
    lines.truncate(6);
    if lines.is_empty() {
        lines.push(line("Briefs with something to ask", Figure::share([], all())));
    }
    lines
}

fn backlog(rows: &Rows) -> Vec<Line> {
    vec![
        line("Briefs that wait", Figure::count(rows.waiting.iter().map(|(id, _)| id.as_str()))),
        line("Their age, median", Figure::percentile(&rows.waiting, 50)),
        line("The oldest", Figure::percentile(&rows.waiting, 100)),
    ]
}

fn aside(rows: &Rows) -> Vec<Line> {
    vec![
        line("Machine mail", Figure::count(rows.automatic.iter().map(String::as_str))),
        line("In quarantine", Figure::count(rows.quarantined.iter().map(String::as_str))),
        line("Spent on models", Figure::money(&rows.spent)),
    ]
}

fn proof(week: &Week<'_>, rows: &Rows) -> Vec<Line> {
    let mut lines = Vec::new();
    for (mailbox, at, row) in &rows.proven {
        lines.push(line(format!("{mailbox} last proven to be read"), Figure::said(when::moment(*at, week.zone), row)));
    }
    for (source, at, held, open, row) in &rows.reconciled {
        let words = match open {
            0 => format!("all {held} accounted for, {}", when::moment(*at, week.zone)),
            open => format!("{open} of {held} NOT accounted for, {}", when::moment(*at, week.zone)),
        };
        lines.push(line(format!("{source} reconciled"), Figure::said(words, row)));
    }
    if let Some((receipts, root, at, row)) = &rows.checkpoint {
        let words = format!("{receipts} receipts, signed {}, root {root}", when::moment(*at, week.zone));
        lines.push(line("Receipts", Figure::said(words, row)));
    }
    // A week that nobody can prove anything about says so.
    if lines.is_empty() {
        lines.push(line("Proof of reading, reconciliation, receipts", Figure::count([])));
    }
    lines
}
