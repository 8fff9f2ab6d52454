//! Where a source takes its items from, told from its options alone. Own file because only whoever sees all sources at once can tell that two of
//! them would take the same: a connector names its grounds, the configuration compares them.

use std::path::PathBuf;

/// One place that items are taken from, or put into.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ground {
    /// A folder of this machine; relative to the data folder.
    Folder(PathBuf),
    /// A folder of a mailbox, each part written as the far side tells it from others: two that are equal are one.
    Mailbox {
        /// The server.
        server: String,
        /// The account there.
        account: String,
        /// The folder, as the server names it.
        folder: String,
    },
}

/// The grounds of one source, each with the key of its options that names it, such as `dir`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Grounds {
    /// What it takes its items from.
    pub takes: Vec<(&'static str, Ground)>,
    /// Where items are while it works on them, and when it is through with them.
    pub leaves: Vec<(&'static str, Ground)>,
}
