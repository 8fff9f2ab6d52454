//! What can go wrong in the store, by what the caller can do about it. Own file because every room above handles exactly these.

/// Where one finds what there is.
fn way_on(what: &str) -> &'static str {
    // Pilots stand in the configuration; no command lists them.
    if what == "pilot" { "the configuration names those there are" } else { "list them to see what there is" }
}

/// An error of the store.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StoreError {
    /// There is no such thing.
    #[error("there is no {what} `{id}`; {} (OP-3001)", way_on(what))]
    NotFound {
        /// Kind of thing.
        what: &'static str,
        /// Its name, as asked for.
        id: String,
    },
    /// What it said was erased.
    #[error("what `{request}` said was erased; `opspilot request why {request}` shows by whom, when and why (OP-3009)")]
    Erased {
        /// The request.
        request: String,
    },
    /// It exists already, with other content.
    #[error("{what} (OP-3002)")]
    Conflict {
        /// What clashes and what to do.
        what: String,
    },
    /// It changed since it was read: read again, then decide again.
    #[error("the {what} changed in the meantime; read it again (OP-3003)")]
    Stale {
        /// Kind of thing.
        what: &'static str,
    },
    /// Too much is waiting: come back later.
    #[error("the store has more work waiting than it takes on; try again in {retry_secs} s (OP-3004)")]
    Busy {
        /// When to come back, in seconds.
        retry_secs: u64,
    },
    /// The database cannot be reached or cannot write: nothing was changed.
    #[error("the store cannot do this now: {reason}; nothing was changed; {} (OP-3005)", remedy(.reason))]
    Unavailable {
        /// What the database said.
        reason: String,
    },
    /// What is stored cannot be right.
    #[error("the store holds something that cannot be: {what}; stop, keep a copy, and restore a backup (OP-3006)")]
    Corrupt {
        /// What was found.
        what: String,
    },
    /// Made by a newer release.
    #[error(
        "the store is of a newer version ({found}) than this program knows ({known}); use the newer program (OP-3007)"
    )]
    Newer {
        /// Migration number found.
        found: i64,
        /// Newest migration number known.
        known: i64,
    },
    /// Another daemon holds this file.
    #[error("another daemon works on `{file}`; stop it first, or use a PostgreSQL store for several (OP-3008)")]
    Held {
        /// The file.
        file: String,
    },
}

impl StoreError {
    /// An error of the database itself: nothing was changed.
    pub(super) fn unavailable(cause: &sqlx::Error) -> Self {
        match cause {
            sqlx::Error::ColumnDecode { .. } | sqlx::Error::Decode(_) | sqlx::Error::ColumnIndexOutOfBounds { .. } => {
                Self::Corrupt { what: format!("a column of the wrong shape ({cause})") }
            }
            sqlx::Error::Database(error)
                if error.message().contains("malformed") || error.message().contains("not a database") =>
            {
                Self::Corrupt { what: error.message().to_owned() }
            }
            sqlx::Error::PoolTimedOut => Self::Busy { retry_secs: 1 },
            other => Self::Unavailable { reason: other.to_string() },
        }
    }

    /// The same, naming the file it is about, unless it does already.
    pub(super) fn about(self, file: &std::path::Path) -> Self {
        let file = file.display().to_string();
        match self {
            Self::Unavailable { reason } if !reason.contains(&file) => {
                Self::Unavailable { reason: format!("`{file}`: {reason}") }
            }
            Self::Corrupt { what } if !what.contains(&file) => Self::Corrupt { what: format!("`{file}`: {what}") },
            other => other,
        }
    }

    pub(crate) fn corrupt(what: impl Into<String>) -> Self {
        Self::Corrupt { what: what.into() }
    }
}

/// What to do about it. Told by the words, because two drivers and the system below them all say it in their own way and none with a code
/// that means the same; words that are not known here are shown all the same, with the advice that fits everything.
fn remedy(reason: &str) -> &'static str {
    const ROOM: &str = "make room on the disk that it lies on";
    const REMEDIES: [(&str, &str); 6] = [
        ("readonly", "give the file and its folder to the daemon's user, and see how their disk is mounted"),
        ("unable to open", "see whether its folder is there, whose both are, and how their disk is mounted"),
        ("is full", ROOM),
        ("No space left", ROOM),
        ("is locked", "see which other program holds the file open"),
        ("Permission denied", "give the file and its folder to the daemon's user"),
    ];
    let known = REMEDIES.iter().find(|(words, _)| reason.contains(words));
    known.map_or("put that right, and it goes on by itself", |(_, remedy)| remedy)
}

impl From<sqlx::Error> for StoreError {
    fn from(cause: sqlx::Error) -> Self {
        Self::unavailable(&cause)
    }
}

#[cfg(test)]
mod tests {
    use super::StoreError;

    #[test]
    fn what_cannot_be_done_names_its_file_once_and_what_to_do() {
        let file = std::path::Path::new("/var/lib/opspilot/opspilot.db");
        let told =
            |reason: &str| StoreError::Unavailable { reason: reason.to_owned() }.about(file).about(file).to_string();
        let full = told("database or disk is full");
        assert!(full.contains("make room") && full.ends_with("(OP-3005)"), "{full}");
        assert_eq!(full.matches("opspilot.db").count(), 1, "{full}");
        assert!(told("attempt to write a readonly database").contains("the daemon's user"));
        assert!(told("something new").contains("put that right"));
    }
}
