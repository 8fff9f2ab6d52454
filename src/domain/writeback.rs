//! Carrying out what was approved: where a write stands, and the gate before it. Own file because this is the second gate that the product
//! exists for. INVARIANT: [`Cleared`] comes from [`clear`] alone: level, flag, window, go, rollback plan, no pause, and enough named people's
//! approval of exactly these bytes. No time, no default and no error leads to it.

use crate::domain::review::Approved;
use jiff::Timestamp;
use opspilot_sdk::ActionKind;
use serde::{Deserialize, Serialize};
use std::fmt;

/// Where a write stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WriteState {
    /// Approved, and due at its time.
    Waiting,
    /// Taken by a daemon that looks before it sends.
    Claimed,
    /// Its intent is on disk: it may have been sent.
    Sending,
    /// The far side shows it.
    Written,
    /// Nobody knows whether it was done: a person finds out.
    Uncertain,
    /// The far side does not take it.
    Refused,
    /// The gate was shut when it was to be sent.
    Blocked,
    /// To be taken back, and no longer as it was left: a person chooses.
    Differs,
    /// A person stopped it before it was sent.
    Cancelled,
    /// It was taken back.
    Undone,
}

impl WriteState {
    /// Every state, in the order of the handbook.
    pub const ALL: [Self; 10] = [
        Self::Waiting,
        Self::Claimed,
        Self::Sending,
        Self::Written,
        Self::Uncertain,
        Self::Refused,
        Self::Blocked,
        Self::Differs,
        Self::Cancelled,
        Self::Undone,
    ];

    /// The word in tables, API and CLI.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Claimed => "claimed",
            Self::Sending => "sending",
            Self::Written => "written",
            Self::Uncertain => "uncertain",
            Self::Refused => "refused",
            Self::Blocked => "blocked",
            Self::Differs => "differs",
            Self::Cancelled => "cancelled",
            Self::Undone => "undone",
        }
    }

    /// Reads the word.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.as_str() == word)
    }

    /// The states that may follow.
    #[must_use]
    pub const fn next(self) -> &'static [Self] {
        match self {
            // Written without having been claimed again: whoever was given up while sending it told after all.
            Self::Waiting => &[Self::Claimed, Self::Written, Self::Cancelled],
            Self::Claimed => &[
                Self::Cancelled,
                Self::Waiting,
                Self::Sending,
                Self::Written,
                Self::Uncertain,
                Self::Refused,
                Self::Blocked,
                Self::Differs,
            ],
            Self::Sending => &[Self::Waiting, Self::Written, Self::Uncertain, Self::Refused],
            Self::Uncertain => &[Self::Waiting, Self::Written],
            Self::Refused => &[Self::Waiting, Self::Cancelled],
            Self::Blocked | Self::Differs => &[Self::Waiting, Self::Cancelled],
            Self::Written => &[Self::Undone],
            Self::Cancelled | Self::Undone => &[],
        }
    }

    /// Whether what comes after it on the same record must wait.
    #[must_use]
    pub const fn holds_the_record(self) -> bool {
        matches!(self, Self::Waiting | Self::Claimed | Self::Sending | Self::Uncertain | Self::Blocked | Self::Differs)
    }
}

impl fmt::Display for WriteState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// How much of a pilot's requests a flag lets through, in per cent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Ramp(u32);

impl Ramp {
    /// All of them.
    pub const FULL: Self = Self(100);
    /// The steps.
    pub const STEPS: [u32; 4] = [5, 15, 50, 100];

    /// One of the steps.
    #[must_use]
    pub fn new(percent: u32) -> Option<Self> {
        Self::STEPS.contains(&percent).then_some(Self(percent))
    }

    /// In per cent.
    #[must_use]
    pub const fn percent(self) -> u32 {
        self.0
    }

    /// Whether a request is within it. Sticky: who is within a step is within every higher one. `suffix` is the identifier's; its last letters
    /// are chance.
    #[must_use]
    pub fn admits(self, suffix: &str) -> bool {
        // FNV-1a, 64 bits (Fowler, Noll, Vo): even enough for a hundred shares, and the same on every machine for ever.
        let hash = suffix
            .bytes()
            .fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3));
        (hash >> 32) % 100 < u64::from(self.0)
    }
}

/// How a flag stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum FlagState {
    /// One person wants it on; a second one must say so too.
    Proposed,
    /// On.
    On,
    /// Off.
    Off,
}

impl FlagState {
    /// The word in tables, API and CLI.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Proposed => "proposed",
            Self::On => "on",
            Self::Off => "off",
        }
    }

    /// Reads the word.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        [Self::Proposed, Self::On, Self::Off].into_iter().find(|state| state.as_str() == word)
    }
}

/// A sink's flag for a pilot.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Flag {
    /// The sink.
    pub sink: String,
    /// How it stands.
    pub state: FlagState,
    /// Who wanted it on.
    pub proposed_by: String,
    /// Who said so too, where the pilot wants two.
    pub confirmed_by: Option<String>,
    /// Until when.
    pub until: Timestamp,
    /// For how many of the requests.
    #[serde(serialize_with = "percent")]
    pub ramp: Ramp,
    /// When it last changed.
    pub at: Timestamp,
}

fn percent<S: serde::Serializer>(ramp: &Ramp, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_u32(ramp.percent())
}

/// What a named person put on file about a pilot.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StatementKind {
    /// It may go on to writing.
    Go,
    /// It may not.
    NoGo,
    /// It may without a go, for a reason, until a day. Never without the figures that automation asks for.
    Exception,
    /// How everything is taken back when it must be.
    RollbackPlan,
}

impl StatementKind {
    /// Every kind.
    pub const ALL: [Self; 4] = [Self::Go, Self::NoGo, Self::Exception, Self::RollbackPlan];

    /// The word in tables, API and CLI.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Go => "go",
            Self::NoGo => "no_go",
            Self::Exception => "exception",
            Self::RollbackPlan => "rollback_plan",
        }
    }

    /// Reads the word.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == word)
    }
}

/// Such a statement.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Statement {
    /// What it says.
    pub kind: StatementKind,
    /// In the person's words.
    pub text: String,
    /// Who.
    pub by: String,
    /// When.
    pub at: Timestamp,
    /// Until when it holds; `None`: until another.
    pub until: Option<Timestamp>,
    /// Digest of the pilot's terms of automation as they stood then.
    pub terms: String,
}

impl Standing {
    /// The decision by which the pilot may write now: the go, or the exception that stands in for it. INVARIANT: a no-go is not got round by an
    /// exception that was made before it, and an exception ends when the terms change that it was made under.
    #[must_use]
    pub fn leave(&self, terms: &Terms, now: Timestamp) -> Option<&Statement> {
        let exception = self.exception.as_ref();
        let exception = exception.filter(|exception| holds(exception, now) && exception.terms == terms.digest());
        match &self.go {
            Some(go) if go.kind == StatementKind::NoGo => exception.filter(|exception| exception.at > go.at),
            Some(go) if holds(go, now) => Some(go),
            _ => exception,
        }
    }
}

/// Writing is stopped for a while.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Pause {
    /// The sink; `None`: the whole pilot.
    pub sink: Option<String>,
    /// Why.
    pub reason: String,
    /// Who; `None`: a trigger of the pilot's did it by itself.
    pub by: Option<String>,
    /// When.
    pub at: Timestamp,
}

/// What is on file about a pilot's writing.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Standing {
    /// The flags.
    pub flags: Vec<Flag>,
    /// The last go or no-go.
    pub go: Option<Statement>,
    /// The last exception.
    pub exception: Option<Statement>,
    /// The last rollback plan.
    pub rollback_plan: Option<Statement>,
    /// What is stopped.
    pub pauses: Vec<Pause>,
}

/// From this level on a pilot writes in the client's systems.
pub const WRITES_FROM: u32 = 3;
/// From this level on it reaches people outside the client's house.
pub const LEAVES_FROM: u32 = 4;

/// The level that a kind of action wants.
#[must_use]
pub const fn level_for(kind: ActionKind) -> u32 {
    if kind.leaves_the_house() { LEAVES_FROM } else { WRITES_FROM }
}

/// What a pilot's configuration says about writing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Terms {
    /// Integration level, 1 to 4.
    pub level: u32,
    /// From when until when the pilot runs.
    pub window: (Option<Timestamp>, Option<Timestamp>),
    /// Whether a flag wants two different people.
    pub two_people: bool,
    /// The kinds of action that go on by themselves after approval at level 4, and what must be shown before.
    pub automation: Option<Automation>,
}

impl Terms {
    /// Whether anything of the pilot's may be written at all.
    #[must_use]
    pub const fn writes(&self) -> bool {
        self.level >= WRITES_FROM
    }

    /// Of a pilot that writes nothing.
    #[must_use]
    pub fn manual() -> Self {
        Self { level: 2, window: (None, None), two_people: false, automation: None }
    }

    /// Digest of what automation asks for, as it stands: lowercase hex SHA-256 over its JSON. A go binds to it, so that nobody lowers the bar
    /// once the figures are in.
    #[must_use]
    pub fn digest(&self) -> String {
        opspilot_sdk::sha256_hex(serde_json::json!(["opspilot.terms/1", self.automation]).to_string().as_bytes())
    }
}

/// What is watched while a pilot writes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Watched {
    /// Writes that were refused or of which nobody knows, in per cent of those that ended.
    ErrorRate,
    /// Writes of which nobody knows, by number.
    Uncertain,
    /// Writes that were taken back, in per cent of those that were made.
    UndoRate,
    /// Briefs that were rejected, in per cent of those decided.
    RejectRate,
    /// Briefs that a person edited before approving them, in per cent of those approved.
    EditRate,
    /// From approval to read back, the slowest but five in a hundred, in seconds.
    Latency,
    /// What its models cost, in micro-dollars.
    Cost,
}

impl Watched {
    /// All of them.
    pub const ALL: [Self; 7] =
        [Self::ErrorRate, Self::Uncertain, Self::UndoRate, Self::RejectRate, Self::EditRate, Self::Latency, Self::Cost];

    /// The word in configuration, receipts, API and CLI.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::ErrorRate => "error_rate",
            Self::Uncertain => "uncertain",
            Self::UndoRate => "undo_rate",
            Self::RejectRate => "reject_rate",
            Self::EditRate => "edit_rate",
            Self::Latency => "latency",
            Self::Cost => "cost",
        }
    }

    /// Reads the word.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|watched| watched.as_str() == word)
    }
}

/// What stops writing by itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Trigger {
    /// Its name.
    pub name: String,
    /// What is watched.
    pub watched: Watched,
    /// Over how long until now.
    #[serde(skip)]
    pub over: jiff::SignedDuration,
    /// More than this pauses, in the unit of what is watched.
    pub above: u64,
    /// Not before there are so many to count.
    pub at_least: u32,
    /// The sink that is watched and paused; `None`: the whole pilot.
    pub sink: Option<String>,
}

/// When actions that leave the house may go on after approval.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Automation {
    /// The kinds.
    pub kinds: Vec<ActionKind>,
    /// Reviewed briefs at least.
    pub min_reviewed: u32,
    /// Lower bound of the rate of approval at least, in per cent.
    pub min_approval: u32,
    /// Upper bound of the rate of briefs edited before approval at most, in per cent.
    pub max_edit: u32,
    /// Incidents at most.
    pub max_incidents: u32,
    /// Lower bound of the rate of planted bad drafts that reviewers caught at least, in per cent.
    pub min_catch: u32,
}

impl Eq for Automation {}

/// One write, as the gate sees it.
#[derive(Clone, Copy, Debug)]
pub struct Asked<'a> {
    /// The sink.
    pub sink: &'a str,
    /// The kind of action.
    pub kind: ActionKind,
    /// The request's identifier behind its prefix.
    pub suffix: &'a str,
    /// Digest of the revision.
    pub digest: &'a str,
    /// Digest of the plan.
    pub plan: &'a str,
    /// Whether the brief is a planted bad draft.
    pub planted: bool,
}

/// Why the gate is shut.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Obstacle {
    /// Stable code.
    pub code: &'static str,
    /// What is missing, and what to do.
    pub message: String,
}

impl Obstacle {
    /// One.
    #[must_use]
    pub fn new(code: &'static str, message: impl Into<String>) -> Self {
        Self { code, message: message.into() }
    }
}

/// What the gate knows.
#[derive(Clone, Copy, Debug)]
pub struct Facts<'a> {
    /// The pilot's terms.
    pub terms: &'a Terms,
    /// What is on file.
    pub standing: &'a Standing,
    /// Why automation is shut by the figures; asked for where an action leaves the house. Empty: they suffice.
    pub unproven: &'a [Obstacle],
    /// The time.
    pub now: Timestamp,
}

/// Everything that stands in the way of a write, its approval apart.
#[must_use]
pub fn obstacles(asked: &Asked<'_>, facts: &Facts<'_>) -> Vec<Obstacle> {
    let Facts { terms, standing, unproven, now } = *facts;
    let mut found = Vec::new();
    let mut shut = |code, message: String| found.push(Obstacle::new(code, message));
    let needed = level_for(asked.kind);
    if terms.level < needed {
        shut("OP-7601", format!("the pilot is at level {}; a {} wants level {needed}", terms.level, asked.kind));
    }
    match terms.window {
        (Some(from), _) if now < from => shut("OP-7602", format!("the pilot begins at {from}")),
        (_, Some(until)) if now >= until => shut("OP-7602", format!("the pilot ended at {until}")),
        _ => {}
    }
    if standing.leave(terms, now).is_none() {
        let changed = |exception: &&Statement| holds(exception, now) && exception.terms != terms.digest();
        let because = match &standing.go {
            _ if standing.exception.as_ref().filter(changed).is_some() => {
                "what automation asks for was changed since the exception was made, which ended it: a named person records a go, or another \
                 exception"
            }
            Some(go) if go.kind == StatementKind::NoGo => "the last decision on file is no-go",
            _ => "no go decision is on file: a named person records one, or an exception",
        };
        shut("OP-7603", because.to_owned());
    }
    if !standing.rollback_plan.as_ref().is_some_and(|plan| holds(plan, now)) {
        shut("OP-7604", "no rollback plan is on file: a named person records one".to_owned());
    }
    match standing.flags.iter().find(|flag| flag.sink == asked.sink) {
        Some(flag) if flag.state == FlagState::On && now < flag.until => {
            let second = flag.confirmed_by.as_ref().is_some_and(|second| *second != flag.proposed_by);
            if terms.two_people && !second {
                shut("OP-7605", format!("the flag of `{}` wants a second person", asked.sink));
            } else if !flag.ramp.admits(asked.suffix) {
                shut(
                    "OP-7606",
                    format!(
                        "the flag of `{}` is on for {} % of the requests, and this is none of them",
                        asked.sink,
                        flag.ramp.percent()
                    ),
                );
            }
        }
        Some(flag) if flag.state == FlagState::On => {
            shut("OP-7605", format!("the flag of `{}` ran out at {}", asked.sink, flag.until));
        }
        Some(flag) if flag.state == FlagState::Proposed => {
            shut("OP-7605", format!("the flag of `{}` wants a second person", asked.sink));
        }
        _ => shut("OP-7605", format!("the flag of `{}` is off", asked.sink)),
    }
    for pause in &standing.pauses {
        match pause.sink.as_deref() {
            None => shut("OP-7607", format!("the pilot is paused since {}: {}", pause.at, pause.reason)),
            Some(sink) if sink == asked.sink => {
                shut("OP-7607", format!("`{sink}` is paused since {}: {}", pause.at, pause.reason));
            }
            Some(_) => {}
        }
    }
    if asked.kind.leaves_the_house() {
        match &terms.automation {
            // Nothing stands in for the figures.
            Some(automation) if automation.kinds.contains(&asked.kind) => found.extend(unproven.iter().cloned()),
            _ => found.push(Obstacle::new(
                "OP-7608",
                format!("the pilot does not name `{}` among the kinds that go on after approval", asked.kind),
            )),
        }
    }
    found
}

fn holds(statement: &Statement, now: Timestamp) -> bool {
    statement.until.is_none_or(|until| now < until)
}

/// Leave to send one write: the gate's yes. No public constructor: see the invariant above.
#[derive(Debug)]
#[must_use = "leave to send is for sending"]
pub struct Cleared {
    sink: String,
    plan: String,
    by: Vec<String>,
}

impl Cleared {
    /// The sink that may be written to.
    #[must_use]
    pub fn sink(&self) -> &str {
        &self.sink
    }

    /// Digest of the plan that was approved.
    #[must_use]
    pub fn plan(&self) -> &str {
        &self.plan
    }

    /// Who approved, in order.
    #[must_use]
    pub fn by(&self) -> &[String] {
        &self.by
    }
}

/// The gate: leave to send, or everything that stands in the way. `approved` is the approval of the revision by people who were shown the plan.
///
/// # Errors
/// The obstacles.
pub fn clear(asked: &Asked<'_>, facts: &Facts<'_>, approved: Option<&Approved>) -> Result<Cleared, Vec<Obstacle>> {
    let mut found = obstacles(asked, facts);
    // Said here alone: who looks at its plan before deciding must not learn what it is.
    if asked.planted {
        found.push(Obstacle::new(
            "OP-7618",
            "the brief is a planted draft of the attention check: nothing of it ever leaves",
        ));
    }
    let approved = approved.filter(|approved| approved.digest() == asked.digest && approved.plan() == Some(asked.plan));
    match approved {
        Some(approved) if found.is_empty() => {
            return Ok(Cleared {
                sink: asked.sink.to_owned(),
                plan: asked.plan.to_owned(),
                by: approved.by().to_vec(),
            });
        }
        Some(_) => {}
        None => found.push(Obstacle::new("OP-7609", "not enough people have approved exactly this plan")),
    }
    Err(found)
}

#[cfg(test)]
#[path = "writeback_tests.rs"]
mod tests;
