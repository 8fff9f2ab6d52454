//! How a command ends: exit statuses and the one line that says what went wrong. Own file because every command ends through it and
//! nobody else in the house knows an exit status. INVARIANT: a line is code, what, what to do; never a type name, never two lines.

use crate::access::AccessError;
use crate::attention::AttentionError;
use crate::brief::EditError;
use crate::domain::id::NotAnId;
use crate::domain::review::Illegal;
use crate::feedback::FeedbackError;
use crate::intake::IntakeError;
use crate::limit::HandError;
use crate::outbox::LetterError;
use crate::policy::UnknownWord;
use crate::review::ReviewError;
use crate::rota::RotaError;
use crate::store::StoreError;
use crate::writeback::{ActError, WritingError};
use std::io;

/// How a command ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Status {
    /// Done.
    Done,
    /// It failed; the message says whether anything was changed.
    Failed,
    /// Used wrongly, or the configuration is wrong.
    Usage,
    /// A check found something wrong.
    Wrong,
    /// A check could not be completed: evidence is missing.
    Incomplete,
    /// What was to be read cannot be read.
    Unreadable,
}

impl Status {
    /// The number for the shell.
    pub(crate) const fn code(self) -> u8 {
        match self {
            Self::Done => 0,
            Self::Failed => 1,
            Self::Usage => 2,
            Self::Wrong => 3,
            Self::Incomplete => 4,
            Self::Unreadable => 5,
        }
    }
}

/// What a command comes to.
pub(crate) type Ended = Result<Status, Failure>;

/// Why a command did not come to its end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Failure {
    /// How it ends.
    pub(crate) status: Status,
    /// What to tell; nothing when nobody listens any more.
    pub(crate) lines: Vec<String>,
}

impl Failure {
    /// With a message that carries its code, such as `… (OP-9101)`.
    pub(crate) fn new(status: Status, message: impl Into<String>) -> Self {
        Self { status, lines: vec![message.into()] }
    }

    /// Something the person can put right on the command line.
    pub(crate) fn usage(message: impl Into<String>) -> Self {
        Self::new(Status::Usage, message)
    }

    /// It failed.
    pub(crate) fn failed(message: impl Into<String>) -> Self {
        Self::new(Status::Failed, message)
    }

    /// Many problems at once, a line each.
    pub(crate) fn problems(status: Status, problems: impl std::fmt::Display) -> Self {
        Self { status, lines: problems.to_string().lines().map(str::to_owned).collect() }
    }

    /// A file that cannot be read.
    pub(crate) fn unreadable(path: &std::path::Path, cause: &io::Error) -> Self {
        let message = format!(
            "cannot read `{}`: {}; check the name and your rights (OP-9101)",
            path.display(),
            plain_cause(cause)
        );
        Self::new(Status::Unreadable, message)
    }

    /// A file or folder that cannot be written.
    pub(crate) fn unwritable(path: &std::path::Path, cause: &io::Error) -> Self {
        let message = format!(
            "cannot write `{}`: {}; check your rights and the space left (OP-9102)",
            path.display(),
            plain_cause(cause)
        );
        Self::failed(message)
    }

    /// What standard output said. A reader that went away, such as `head`, is no failure.
    pub(crate) fn output(cause: &io::Error) -> Self {
        if cause.kind() == io::ErrorKind::BrokenPipe {
            return Self { status: Status::Done, lines: Vec::new() };
        }
        Self::failed(format!("cannot write the output: {}; check the space left (OP-9102)", plain_cause(cause)))
    }

    /// The lines for standard error.
    pub(crate) fn shown(&self) -> Vec<String> {
        self.lines.iter().map(|line| shown(line)).collect()
    }
}

/// The cause without the number that the system puts behind it.
pub(crate) fn plain_cause(cause: &io::Error) -> String {
    let text = cause.to_string();
    let text = text.split(" (os error").next().unwrap_or_default();
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| first.to_lowercase().chain(letters).collect())
}

/// A message as it is shown: its code first, then what it says, on one line.
fn shown(message: &str) -> String {
    let line = super::text::one_line(message);
    let Some((start, code)) = code_in(&line) else { return format!("error: {line}") };
    let rest = format!("{}{}", line[..start].trim_end(), &line[start + code.len() + 2..]);
    format!("error {code}: {}", rest.trim())
}

/// Where a code stands in brackets, and the code.
fn code_in(line: &str) -> Option<(usize, String)> {
    line.match_indices("OP-").find_map(|(at, _)| {
        let code = line.get(at..at + 7)?;
        let digits = code.bytes().skip(3).all(|byte| byte.is_ascii_digit());
        let before = line[..at].ends_with(['(', '[']);
        let after = line[at + 7..].starts_with([')', ']']);
        (digits && before && after).then(|| (at - 1, code.to_owned()))
    })
}

impl From<StoreError> for Failure {
    fn from(cause: StoreError) -> Self {
        Self::failed(cause.to_string())
    }
}

impl From<NotAnId> for Failure {
    fn from(cause: NotAnId) -> Self {
        Self::usage(cause.to_string())
    }
}

impl From<UnknownWord> for Failure {
    fn from(cause: UnknownWord) -> Self {
        Self::usage(cause.to_string())
    }
}

impl From<EditError> for Failure {
    fn from(cause: EditError) -> Self {
        Self::usage(cause.to_string())
    }
}

impl From<Illegal> for Failure {
    fn from(cause: Illegal) -> Self {
        let status = match cause {
            Illegal::UnknownVerdict { .. } | Illegal::NoComment { .. } | Illegal::LongComment => Status::Usage,
            _ => Status::Failed,
        };
        Self::new(status, cause.to_string())
    }
}

impl From<ReviewError> for Failure {
    fn from(cause: ReviewError) -> Self {
        match cause {
            ReviewError::Illegal(cause) => cause.into(),
            ReviewError::Edit(cause) => cause.into(),
            other => Self::failed(other.to_string()),
        }
    }
}

impl From<LetterError> for Failure {
    fn from(cause: LetterError) -> Self {
        Self::failed(cause.to_string())
    }
}

impl From<HandError> for Failure {
    fn from(cause: HandError) -> Self {
        let status =
            if matches!(cause, HandError::Reason | HandError::Unknown { .. }) { Status::Usage } else { Status::Failed };
        Self::new(status, cause.to_string())
    }
}

impl From<WritingError> for Failure {
    fn from(cause: WritingError) -> Self {
        let status = if matches!(cause, WritingError::Denied(_) | WritingError::Store(_)) {
            Status::Failed
        } else {
            Status::Usage
        };
        Self::new(status, cause.to_string())
    }
}

impl From<AttentionError> for Failure {
    fn from(cause: AttentionError) -> Self {
        let status = if matches!(cause, AttentionError::Denied(_) | AttentionError::Store(_)) {
            Status::Failed
        } else {
            Status::Usage
        };
        Self::new(status, cause.to_string())
    }
}

impl From<FeedbackError> for Failure {
    fn from(cause: FeedbackError) -> Self {
        let status = if matches!(cause, FeedbackError::Words) { Status::Usage } else { Status::Failed };
        Self::new(status, cause.to_string())
    }
}

impl From<ActError> for Failure {
    fn from(cause: ActError) -> Self {
        Self::failed(cause.to_string())
    }
}

impl From<RotaError> for Failure {
    fn from(cause: RotaError) -> Self {
        let status = if matches!(cause, RotaError::NoWeek { .. }) { Status::Usage } else { Status::Failed };
        Self::new(status, cause.to_string())
    }
}

impl From<AccessError> for Failure {
    fn from(cause: AccessError) -> Self {
        match cause {
            AccessError::Malformed { .. } | AccessError::Weak(_) => Self::usage(cause.to_string()),
            other => Self::failed(other.to_string()),
        }
    }
}

impl From<IntakeError> for Failure {
    fn from(cause: IntakeError) -> Self {
        let status = match cause {
            IntakeError::Empty | IntakeError::Message(_) => Status::Unreadable,
            IntakeError::NoPilot { .. } => Status::Usage,
            _ => Status::Failed,
        };
        Self::new(status, cause.to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_code_comes_first_and_the_rest_stays_whole() {
        assert_eq!(shown("there is no x; list them (OP-3001)"), "error OP-3001: there is no x; list them");
        assert_eq!(shown("`ada` may not (OP-5008): nobody may; ask"), "error OP-5008: `ada` may not: nobody may; ask");
        assert_eq!(shown("the path is empty; use one [OP-7010]"), "error OP-7010: the path is empty; use one");
        assert_eq!(shown("no code\nat all"), "error: no code at all");
        assert_eq!(shown("a bare OP-1234 stays"), "error: a bare OP-1234 stays");
    }

    #[test]
    fn a_reader_that_went_away_is_no_failure() {
        let gone = Failure::output(&io::Error::from(io::ErrorKind::BrokenPipe));
        assert_eq!((gone.status, gone.lines.len()), (Status::Done, 0));
    }
}
