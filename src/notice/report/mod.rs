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
    /// Items that came in the week and were set aside.
    pub aside: Vec<Aside>,
    /// Items in quarantine that nobody has dealt with, whenever they came.
    pub quarantined: Vec<String>,
    /// What calls to the outside cost, in micro-dollars.
    pub spent: Vec<(String, i64)>,
    /// The sources that are read.
    pub sources: Vec<Read>,
    /// The signed head of the receipts: number of receipts, root hash, when it was signed, the row that says so.
    pub checkpoint: Option<(u64, String, Timestamp, String)>,
}

/// An item that did not become a request, for counting.
#[derive(Clone, Debug)]
pub struct Aside {
    /// `qrt_…`, or `rpl_…` for an answer to a letter of ours.
    pub id: String,
    /// What it was taken for.
    pub kind: AsideKind,
    /// Why, in words.
    pub reason: String,
    /// Whether it became a request after all.
    pub taken_in: bool,
}

/// What an item was taken for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AsideKind {
    /// A machine wrote it: never answered, never a decision.
    Machine,
    /// It could not be read, and waits for a person.
    Quarantined,
    /// Something else that asks for nothing.
    Ignored,
}

/// A source that is read, and what proves that nothing of it is missing.
#[derive(Clone, Debug)]
pub struct Read {
    /// Its name.
    pub name: String,
    /// When it was last proven to be read, and the row that says so.
    pub proven: Option<(Timestamp, String)>,
    /// Its comparisons with what its far side holds, oldest first: the last one before the week, those of the week, and what came later.
    pub compared: Vec<Compared>,
}

/// A comparison of a source with what its far side holds.
#[derive(Clone, Debug)]
pub struct Compared {
    /// The row that says so.
    pub row: String,
    /// When.
    pub at: Timestamp,
    /// Items the far side held.
    pub held: u64,
    /// Of these, neither a request nor set aside with a reason.
    pub open: u64,
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
    /// Weeks before it fell due as well while nothing ran, and have no report.
    pub passed_over: bool,
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
    /// What the words below are.
    pub about: &'static str,
    /// Whether they are people's.
    pub quoted: bool,
    /// Words that belong to it, such as reasons for rejecting: identifier and words.
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
    let group =
        |heading, bars, lines| Group { heading, bars, lines, about: "Reasons given", quoted: true, words: Vec::new() };
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
    let mut set_aside = group("Set aside", false, aside(rows));
    (set_aside.about, set_aside.quoted) = ("Why", false);
    set_aside.words = rows.aside.iter().map(|item| (item.id.clone(), item.reason.clone())).collect();
    let mut groups = vec![
        group("Requests by day", true, by_day(week, rows)),
        group("Requests by source", true, by_source(rows)),
        group("Time", false, times(rows)),
        decisions,
        group("Missing in requests", true, missing(rows)),
        group("Backlog", false, backlog(rows)),
        set_aside,
    ];
    // Who pays for nothing reads nothing about it.
    if !rows.spent.is_empty() {
        groups.push(group("Spent", false, vec![line("On models", Figure::money(&rows.spent))]));
    }
    groups.push(group("Proof", false, proof(week, rows)));
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
    let of = |kind: AsideKind| {
        let some = rows.aside.iter().filter(move |item| item.kind == kind);
        Figure::count(some.map(|item| item.id.as_str()))
    };
    let taken = rows.aside.iter().filter(|item| item.taken_in).map(|item| item.id.as_str());
    let all = rows.aside.iter().map(|item| item.id.as_str());
    vec![
        line("Automatic mail, never answered", of(AsideKind::Machine)),
        line("Put in quarantine", of(AsideKind::Quarantined)),
        line("Left alone for another reason", of(AsideKind::Ignored)),
        line("Of all these taken in since", Figure::share(taken, all)),
        line("In quarantine and waiting for a person", Figure::count(rows.quarantined.iter().map(String::as_str))),
    ]
}

fn proof(week: &Week<'_>, rows: &Rows) -> Vec<Line> {
    let mut lines = Vec::new();
    for source in &rows.sources {
        let name = &source.name;
        let proven = source.proven.as_ref();
        let proven = proven.map_or_else(Figure::none, |(at, row)| Figure::said(when::local(*at, week.zone), row));
        lines.push(line(format!("{name}: last proven read"), proven));
        let last = source.compared.last().map_or_else(Figure::none, |last| {
            let at = when::local(last.at, week.zone);
            let words = match (last.held, last.open) {
                (0, 0) => format!("nothing to account for, {at}"),
                (held, 0) => format!("all {held} accounted for, {at}"),
                (held, open) => format!("{open} of {held} NOT accounted for, {at}"),
            };
            Figure::said(words, &last.row)
        });
        lines.push(line(format!("{name}: last reconciled"), last));
        let of_week = || source.compared.iter().filter(|one| one.at >= week.from && one.at < week.until);
        let whole = of_week().filter(|one| one.open == 0).map(|one| one.row.as_str());
        let share = Figure::share(whole, of_week().map(|one| one.row.as_str()));
        lines.push(line(format!("{name}: reconciled this week with nothing missing"), share));
    }
    let receipts = rows.checkpoint.as_ref().map_or_else(Figure::none, |(receipts, root, at, row)| {
        Figure::said(format!("{receipts} receipts, signed {}, root {root}", when::local(*at, week.zone)), row)
    });
    lines.push(line("Signed checkpoint", receipts));
    lines
}
