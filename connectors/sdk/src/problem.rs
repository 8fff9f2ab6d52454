//! Problems of a configuration, all at once: validation collects, people repair in one go.

use std::fmt;

/// One problem: where, what, and what to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// The key, dotted, relative to the options that were validated, such as `signature.secret_file`; empty for the whole.
    pub path: String,
    /// What is wrong.
    pub message: String,
    /// What to do about it.
    pub help: String,
}

/// One or more problems.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Problems(Vec<Problem>);

impl Problems {
    /// None yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Notes a problem.
    pub fn add(&mut self, path: impl Into<String>, message: impl Into<String>, help: impl Into<String>) {
        self.0.push(Problem { path: path.into(), message: message.into(), help: help.into() });
    }

    /// Takes over the problems of a part that stands under `path`.
    pub fn absorb(&mut self, path: &str, part: Problems) {
        for problem in part.0 {
            let path = match (path.is_empty(), problem.path.is_empty()) {
                (true, _) => problem.path,
                (false, true) => path.to_owned(),
                (false, false) => format!("{path}.{}", problem.path),
            };
            self.0.push(Problem { path, ..problem });
        }
    }

    /// Whether nothing is wrong.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// `Ok(value)` when nothing is wrong, else the problems.
    ///
    /// # Errors
    /// All problems noted so far.
    pub fn or<T>(self, value: T) -> Result<T, Problems> {
        if self.is_empty() { Ok(value) } else { Err(self) }
    }

    /// The problems in the order they were found.
    pub fn iter(&self) -> impl Iterator<Item = &Problem> {
        self.0.iter()
    }
}

impl fmt::Display for Problems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, problem) in self.0.iter().enumerate() {
            if index > 0 {
                writeln!(f)?;
            }
            if !problem.path.is_empty() {
                write!(f, "`{}`: ", problem.path)?;
            }
            write!(f, "{}", problem.message)?;
            if !problem.help.is_empty() {
                write!(f, "; {}", problem.help)?;
            }
        }
        Ok(())
    }
}

impl std::error::Error for Problems {}
