//! What becomes of a file once its last batch is committed, and of its writer who does not know. Own file because it is the only
//! part of the source that moves files on. INVARIANT: [`End::carry_out`] may be repeated until it succeeds.

use crate::fault::{LATE, ROWS, Refused};
use crate::folder::{Claim, Destination, Folder, Stamp};
use opspilot_sdk::{ConnectorError, ErrorKind};
use std::collections::VecDeque;
use std::ffi::OsString;
use std::fs;
use std::path::PathBuf;

/// How many files that are through are watched.
const WATCHED: usize = 32;

/// How a file ends.
#[derive(Clone)]
pub(crate) enum End {
    /// Its rows are dealt with; it was `stamp` when they were read.
    Through { claim: Claim, stamp: Stamp, good: u64, bad: u64 },
    /// It makes no requests.
    Refused { claim: Claim, why: Refused },
    /// Something that stays where it is.
    Left { name: OsString, why: Refused },
}

/// What became of it.
pub(crate) enum Ended {
    /// Where it went, if anywhere, and what a person should know.
    Over { moved: Option<PathBuf>, report: Option<ConnectorError> },
    /// More has come: what is committed stays, the rest is to be read once it stands still.
    Changed(Claim),
}

impl End {
    /// Moves the file and hands over its error file.
    pub(crate) fn carry_out(&self, folder: &Folder) -> Result<Ended, ConnectorError> {
        match self {
            Self::Through { claim, stamp, .. } if !still(claim, *stamp) => Ok(Ended::Changed(claim.clone())),
            Self::Through { claim, good, bad, .. } => {
                let moved = folder.finish(claim, &Destination::Done, *bad > 0)?;
                let (name, all) = (claim.shown(), good + bad);
                let what =
                    format!("{bad} of {all} rows of `{name}` are bad; `{name}.errors.csv` has line and reason of each");
                Ok(Ended::Over { moved, report: (*bad > 0).then(|| rejected(ROWS, what)) })
            }
            Self::Refused { claim, why } => {
                let what = format!("`{}` is refused: {why}", claim.shown());
                let bad_rows = matches!(why, Refused::AllBad { .. });
                let moved =
                    folder.finish(claim, &Destination::Refused(format!("{what} ({})", why.code())), bad_rows)?;
                Ok(Ended::Over { moved, report: Some(rejected(why.code(), what)) })
            }
            Self::Left { name, why } => {
                let what = format!("`{}` is left where it is: {why}", name.to_string_lossy());
                folder.leave_reason(name, &format!("{what} ({})", why.code()))?;
                Ok(Ended::Over { moved: None, report: Some(rejected(why.code(), what)) })
            }
        }
    }
}

/// Whether the file of a claim is as it was.
pub(crate) fn still(claim: &Claim, stamp: Stamp) -> bool {
    fs::symlink_metadata(claim.path()).is_ok_and(|metadata| Stamp::of(&metadata) == stamp)
}

/// The files that were through last, as they were.
#[derive(Default)]
pub(crate) struct Watch(VecDeque<(PathBuf, Stamp)>);

impl Watch {
    /// Watches one more and forgets the oldest.
    pub(crate) fn add(&mut self, path: PathBuf) {
        if let Ok(metadata) = fs::symlink_metadata(&path) {
            self.0.truncate(WATCHED - 1);
            self.0.push_front((path, Stamp::of(&metadata)));
        }
    }

    /// A file that was written to after it was through, told once.
    pub(crate) fn late(&mut self) -> Option<ConnectorError> {
        let grown = |(path, before): &(PathBuf, Stamp)| {
            let now = fs::symlink_metadata(path).map(|metadata| Stamp::of(&metadata));
            now.is_ok_and(|now| now.inode == before.inode && now.len != before.len)
        };
        let (path, _) = self.0.iter().position(grown).and_then(|index| self.0.remove(index))?;
        let what = format!(
            "`{}` was written to after it was processed; put the rows that came late into a new file with the header and drop that",
            path.display()
        );
        Some(rejected(LATE, what))
    }
}

fn rejected(code: &'static str, what: String) -> ConnectorError {
    ConnectorError::new(ErrorKind::Rejected, code, what)
}
