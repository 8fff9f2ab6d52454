//! What is wrong with a written boundary: where, what, and what to do.
//!
//! Its own file because the configuration room lists problems of all rooms side by side and needs
//! only these four fields.

use std::fmt;

/// One problem in the boundary options of a pilot.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// Stable code with a page under `docs/errors/`.
    pub code: &'static str,
    /// Configuration key, for example `pilot[0].boundary.allowed[2]`.
    pub path: String,
    /// What is wrong.
    pub message: String,
    /// What to do.
    pub help: String,
}

impl Problem {
    /// `given` is not one of `known`.
    pub(super) fn new(code: &'static str, path: String, what: &str, given: &str, known: &[&str]) -> Self {
        let list = known.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
        let help = match nearest(given, known) {
            Some(name) => format!("did you mean `{name}`? known: {list}"),
            None => format!("use one of {list}"),
        };
        Self { code, path, message: format!("`{given}` is not a known {what}"), help }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}: {}; {}", self.code, self.path, self.message, self.help)
    }
}

impl std::error::Error for Problem {}

/// The known name that a slip of the pen turns into `given`, if one is near enough.
pub(super) fn nearest<'k>(given: &str, known: &[&'k str]) -> Option<&'k str> {
    if given.len() > 40 {
        return None;
    }
    known
        .iter()
        .map(|name| (distance(given.as_bytes(), name.as_bytes()), *name))
        .min()
        .filter(|(steps, name)| *steps <= 1 + name.len() / 4)
        .map(|(_, name)| name)
}

/// Levenshtein distance.
fn distance(a: &[u8], b: &[u8]) -> usize {
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.iter().enumerate() {
        let mut corner = i;
        let mut left = i + 1;
        let mut next = vec![left];
        for (y, &above) in b.iter().zip(row.iter().skip(1)) {
            let step = (corner + usize::from(x != y)).min(left + 1).min(above + 1);
            next.push(step);
            corner = above;
            left = step;
        }
        row = next;
    }
    row.last().copied().unwrap_or(0)
}
