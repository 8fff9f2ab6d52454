//! What can be wrong with a configuration. Own file because every other part of the room reports through it, and so that the list of
//! codes stands in one place. INVARIANT: a problem never shows a value that may be a secret.

use serde::Serialize;
use std::fmt;

/// The codes of this room; `docs/errors/` has a page for each.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Code {
    /// OP-1001: there is no file, or it cannot be read.
    File,
    /// OP-1002: the file is not TOML.
    Syntax,
    /// OP-1003: a key that does not exist.
    UnknownKey,
    /// OP-1004: a value of the wrong type.
    Type,
    /// OP-1005: a key that is needed.
    Missing,
    /// OP-1006: a value of the right type that cannot be used.
    Value,
    /// OP-1007: a name that is used twice.
    Twice,
    /// OP-1008: a name of something that is not there.
    Nowhere,
    /// OP-1009: a connector kind that does not exist.
    Kind,
    /// OP-1010: options that the connector refuses.
    Options,
    /// OP-1011: an environment variable that sets nothing.
    Variable,
    /// OP-1012: a secret that stands in the file.
    Inline,
    /// OP-1013: a secret that cannot be read.
    Secret,
    /// OP-1014: a desk that is open to the network without anybody having said so.
    Open,
    /// OP-1015: keys that do not go together.
    Together,
    /// OP-1016: two sources that would take the same items.
    Shared,
}

impl Code {
    /// Every code, in order.
    pub const ALL: [Self; 16] = [
        Self::File,
        Self::Syntax,
        Self::UnknownKey,
        Self::Type,
        Self::Missing,
        Self::Value,
        Self::Twice,
        Self::Nowhere,
        Self::Kind,
        Self::Options,
        Self::Variable,
        Self::Inline,
        Self::Secret,
        Self::Open,
        Self::Together,
        Self::Shared,
    ];

    /// The code as people see it, such as `OP-1001`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::File => "OP-1001",
            Self::Syntax => "OP-1002",
            Self::UnknownKey => "OP-1003",
            Self::Type => "OP-1004",
            Self::Missing => "OP-1005",
            Self::Value => "OP-1006",
            Self::Twice => "OP-1007",
            Self::Nowhere => "OP-1008",
            Self::Kind => "OP-1009",
            Self::Options => "OP-1010",
            Self::Variable => "OP-1011",
            Self::Inline => "OP-1012",
            Self::Secret => "OP-1013",
            Self::Open => "OP-1014",
            Self::Together => "OP-1015",
            Self::Shared => "OP-1016",
        }
    }
}

/// Where something was said: a place in the file, or an environment variable.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Place {
    /// The file as a whole.
    Whole,
    /// Line and column, both from 1; columns count characters.
    At {
        /// Line.
        line: usize,
        /// Column.
        column: usize,
    },
    /// The variable of that name.
    Env(String),
}

/// One problem: where, what, and what to do.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Problem {
    /// Stable code with a page in the handbook: one of [`Code`], or that of the room the value is for.
    pub code: &'static str,
    /// The file, as it was named.
    pub file: String,
    /// Where in it.
    pub place: Place,
    /// The key, dotted, such as `source[0].options.verify`; empty for the whole.
    pub key: String,
    /// What is wrong.
    pub message: String,
    /// What to do about it.
    pub help: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.place {
            Place::Whole => write!(f, "{}: ", self.file)?,
            Place::At { line, column } => write!(f, "{}:{line}:{column}: ", self.file)?,
            Place::Env(name) => write!(f, "environment variable `{name}`: ")?,
        }
        if !self.key.is_empty() {
            write!(f, "`{}`: ", self.key)?;
        }
        f.write_str(&self.message)?;
        if !self.help.is_empty() {
            write!(f, "; {}", self.help)?;
        }
        write!(f, " ({})", self.code)
    }
}

/// Everything that is wrong with a configuration: one problem or more, in the order of the file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct Problems(Vec<Problem>);

impl Problems {
    /// One alone.
    pub(super) fn one(problem: Problem) -> Self {
        Self(vec![problem])
    }

    /// All that were found.
    pub(super) fn of(mut list: Vec<Problem>) -> Self {
        list.sort_by(|a, b| a.place.cmp(&b.place));
        list.dedup();
        Self(list)
    }

    /// Each of them.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = &Problem> {
        self.0.iter()
    }
}

impl fmt::Display for Problems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, problem) in self.0.iter().enumerate() {
            if index > 0 {
                writeln!(f)?;
            }
            problem.fmt(f)?;
        }
        Ok(())
    }
}

impl std::error::Error for Problems {}
