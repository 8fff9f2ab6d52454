//! The result of a verification, ready to print: what is wrong and where, what is proven, what is not.
//! Its own file because its sentences are promises and must not say more than was checked.
//!
//! INVARIANT: `Outcome::Proven` only when nothing is wrong **and** no evidence was missing.

use super::{Checkpoint, Finding};
use jiff::Timestamp;
use serde::{Serialize, Serializer};
use std::collections::BTreeMap;
use std::fmt;

/// How a verification ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// Everything that can be proven was.
    Proven,
    /// Something is wrong; the findings say what and where.
    Tampered,
    /// Nothing is wrong, but evidence is missing, so not everything could be checked.
    Incomplete,
    /// This is nothing that could be verified.
    Unreadable,
}

impl Outcome {
    /// Exit status for scripts: 0 proven, 3 tampered, 4 incomplete, 5 unreadable.
    #[must_use]
    pub fn exit_status(self) -> u8 {
        match self {
            Self::Proven => 0,
            Self::Tampered => 3,
            Self::Incomplete => 4,
            Self::Unreadable => 5,
        }
    }
}

/// Evidence that was not there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Lack {
    /// Stable code, `OP-602n`.
    pub code: &'static str,
    /// What was missing and what to do.
    pub text: String,
}

/// What was found. `Display` gives the text to print.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Report {
    /// How it ended.
    pub outcome: Outcome,
    /// What is wrong, in the order found; the first is the first bad place. At most 100 are kept.
    #[serde(serialize_with = "with_text")]
    pub findings: Vec<Finding>,
    /// How many things are wrong in all.
    pub found: u64,
    /// What evidence was missing.
    pub lacking: Vec<Lack>,
    /// Exactly what was proven, one sentence each.
    pub proven: Vec<String>,
    /// What was not, or cannot be.
    pub not_proven: Vec<String>,
    /// Receipts read.
    pub receipts: u64,
    /// Earliest time any of them states, microseconds since the Unix epoch.
    pub earliest_at: Option<i64>,
    /// Latest time any of them states, microseconds since the Unix epoch.
    pub latest_at: Option<i64>,
    /// How many of each kind, for counting against what they speak of.
    pub kinds: BTreeMap<String, u64>,
    /// The head, when it is good.
    pub head: Option<Checkpoint>,
    /// Ids of the keys that signed the head.
    pub signed_by: Vec<String>,
    /// Size of the largest saved checkpoint that this history agrees with.
    pub anchored: u64,
}

impl Report {
    /// The report on something that cannot be read at all (`OP-6030`).
    #[must_use]
    pub fn unreadable(why: &str) -> Self {
        Self {
            outcome: Outcome::Unreadable,
            lacking: vec![Lack { code: "OP-6030", text: format!("this cannot be read: {why}") }],
            not_proven: vec!["anything: nothing could be read".to_owned()],
            ..Self::blank()
        }
    }

    /// A report without content, to be filled by the verifiers of this room.
    pub(super) fn blank() -> Self {
        Self {
            outcome: Outcome::Incomplete,
            findings: Vec::new(),
            found: 0,
            lacking: Vec::new(),
            proven: Vec::new(),
            not_proven: Vec::new(),
            receipts: 0,
            earliest_at: None,
            latest_at: None,
            kinds: BTreeMap::new(),
            head: None,
            signed_by: Vec::new(),
            anchored: 0,
        }
    }

    /// The first bad place, where something is wrong.
    #[must_use]
    pub fn first_bad(&self) -> Option<&Finding> {
        self.findings.first()
    }

    /// Sets the outcome from findings and lacks.
    pub(super) fn concluded(mut self) -> Self {
        self.outcome = if !self.findings.is_empty() {
            Outcome::Tampered
        } else if !self.lacking.is_empty() {
            Outcome::Incomplete
        } else {
            Outcome::Proven
        };
        self
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.outcome {
            Outcome::Proven => writeln!(f, "result: proven")?,
            Outcome::Tampered => writeln!(f, "result: tampered")?,
            Outcome::Incomplete => writeln!(f, "result: nothing wrong found, evidence incomplete")?,
            Outcome::Unreadable => writeln!(f, "result: unreadable")?,
        }
        if let Some(first) = self.first_bad() {
            writeln!(f, "first bad place: {first} [{}]", first.code())?;
        }
        writeln!(f, "receipts read: {}", self.receipts)?;
        if let (Some(from), Some(to)) = (time(self.earliest_at), time(self.latest_at)) {
            writeln!(f, "times stated: {from} to {to}")?;
        }
        if let Some(head) = &self.head {
            let (origin, size, root) = (head.origin(), head.size(), head.root_text());
            writeln!(f, "head: `{origin}`, size {size}, root {root}, signed by {}", self.signed_by.join(", "))?;
        }
        if self.findings.len() > 1 {
            writeln!(f, "all that is wrong ({}):", self.found)?;
            for finding in &self.findings {
                writeln!(f, "  - {finding} [{}]", finding.code())?;
            }
            if self.found > self.findings.len() as u64 {
                writeln!(f, "  - and {} more", self.found - self.findings.len() as u64)?;
            }
        }
        section(f, "evidence missing:", self.lacking.iter().map(|l| format!("{} [{}]", l.text, l.code)))?;
        section(f, "proven:", self.proven.iter().cloned())?;
        section(f, "not proven:", self.not_proven.iter().cloned())
    }
}

/// Findings for machines: the fields of each, with its code and its sentence.
fn with_text<S: Serializer>(findings: &[Finding], to: S) -> Result<S::Ok, S::Error> {
    #[derive(Serialize)]
    struct Told<'a> {
        code: &'static str,
        text: String,
        #[serde(flatten)]
        finding: &'a Finding,
    }
    to.collect_seq(findings.iter().map(|finding| Told { code: finding.code(), text: finding.to_string(), finding }))
}

fn section(f: &mut fmt::Formatter<'_>, title: &str, lines: impl Iterator<Item = String>) -> fmt::Result {
    let mut lines = lines.peekable();
    if lines.peek().is_some() {
        writeln!(f, "{title}")?;
    }
    lines.try_for_each(|line| writeln!(f, "  - {line}"))
}

fn time(micros: Option<i64>) -> Option<Timestamp> {
    Timestamp::from_microsecond(micros?).ok()
}
