//! What can be wrong with policies, and the stable codes for it.
//!
//! Its own file because every other part of the room reports through it. Problems are collected:
//! a person who loads a folder sees all of them at once, each with its place and its remedy.

use std::fmt;

use serde::{Serialize, Serializer};

/// A stable error code; `docs/errors/` has a page for each.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Code {
    /// OP-5001: no usable policies, so everything is denied.
    Unusable,
    /// OP-5002: the policy folder or a file in it cannot be read or does not belong there.
    Folder,
    /// OP-5003: a policy cannot be parsed.
    Syntax,
    /// OP-5004: a policy does not fit the schema.
    Schema,
    /// OP-5005: a policy lacks `@id` or `@explain`, repeats an id, or is a template.
    Annotation,
    /// OP-5006: a file that belongs to the program was changed.
    Foreign,
    /// OP-5007: the policies are older than those already seen, or `VERSION` is unreadable.
    Downgrade,
    /// OP-5008: the policies do not allow the act.
    Denied,
    /// OP-5009: the question could not be answered, so the answer is no.
    Unanswerable,
    /// OP-5010: an action, role, scope or token scope is misspelt.
    Word,
}

impl Code {
    /// Every code of this room, in order.
    pub const ALL: [Self; 10] = [
        Self::Unusable,
        Self::Folder,
        Self::Syntax,
        Self::Schema,
        Self::Annotation,
        Self::Foreign,
        Self::Downgrade,
        Self::Denied,
        Self::Unanswerable,
        Self::Word,
    ];

    /// The code as people see it, `OP-5001` and so on.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Unusable => "OP-5001",
            Self::Folder => "OP-5002",
            Self::Syntax => "OP-5003",
            Self::Schema => "OP-5004",
            Self::Annotation => "OP-5005",
            Self::Foreign => "OP-5006",
            Self::Downgrade => "OP-5007",
            Self::Denied => "OP-5008",
            Self::Unanswerable => "OP-5009",
            Self::Word => "OP-5010",
        }
    }
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Serialize for Code {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

/// One thing wrong with a policy folder.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Problem {
    /// Which kind of thing is wrong.
    pub code: Code,
    /// The file it is in, relative to the folder; the folder itself when no file is to blame.
    pub file: String,
    /// Line, from 1; `None` when the whole file is meant.
    pub line: Option<usize>,
    /// Column in characters, from 1.
    pub column: Option<usize>,
    /// What is wrong.
    pub message: String,
    /// What to do about it.
    pub remedy: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.file)?;
        if let (Some(line), Some(column)) = (self.line, self.column) {
            write!(f, ":{line}:{column}")?;
        }
        write!(f, ": {} ({}); {}", self.message, self.code, self.remedy)
    }
}

/// Everything wrong with a policy folder; never empty.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, thiserror::Error)]
#[error("{}", lines(.0))]
#[serde(transparent)]
pub struct Problems(Vec<Problem>);

impl Problems {
    /// `Err` with all of `found`, in the order of files and lines; `Ok` when there is none.
    pub(super) fn or_none(mut found: Vec<Problem>) -> Result<(), Self> {
        if found.is_empty() {
            return Ok(());
        }
        found.sort_by(|a, b| (&a.file, a.line, a.column).cmp(&(&b.file, b.line, b.column)));
        found.dedup();
        Err(Self(found))
    }

    /// The problems, ordered by file, line and column.
    pub fn iter(&self) -> impl Iterator<Item = &Problem> {
        self.0.iter()
    }
}

impl From<Problem> for Problems {
    fn from(problem: Problem) -> Self {
        Self(vec![problem])
    }
}

fn lines(problems: &[Problem]) -> String {
    problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
}

/// A word that is not one of ours: an action, role, scope or token scope.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{word}` is no {what} ({code}); {remedy}", code = Code::Word)]
pub struct UnknownWord {
    /// What was expected: `action`, `role`, `scope`, `token scope`.
    pub what: &'static str,
    /// What was given.
    pub word: String,
    /// The nearest known word, or the list of them.
    pub remedy: String,
}

impl UnknownWord {
    /// Names the nearest of `known`, or all of them when none is near.
    pub(super) fn new<'a>(what: &'static str, word: &str, known: impl Iterator<Item = &'a str>) -> Self {
        let known: Vec<&str> = known.collect();
        // Bounded before the quadratic comparison: the word comes from outside.
        let word: String = word.chars().take(64).collect();
        let near = known
            .iter()
            .map(|candidate| (distance(&word, candidate), *candidate))
            .min()
            .filter(|(distance, candidate)| *distance * 3 <= candidate.len());
        let remedy = match near {
            Some((_, candidate)) => format!("did you mean `{candidate}`?"),
            None => format!("use one of {}", known.join(", ")),
        };
        Self { what, word, remedy }
    }
}

/// Levenshtein distance in characters.
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, left) in a.chars().enumerate() {
        let mut previous = i;
        let mut last = i + 1;
        let mut next = vec![last];
        for (right, above) in b.iter().zip(row.iter().skip(1)) {
            let cost = previous + usize::from(left != *right);
            last = cost.min(above + 1).min(last + 1);
            previous = *above;
            next.push(last);
        }
        row = next;
    }
    row.last().copied().unwrap_or_default()
}
