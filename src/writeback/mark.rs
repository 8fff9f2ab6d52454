//! A file beside the store that names the last intent before something went out. Own file because it is all that a store cannot forget: a
//! backup that is put back knows nothing of what was sent, or of what was forbidden, after it was made. INVARIANT: nothing is sent before
//! the file names a receipt at or behind its intent; a store without that receipt has been put back.

use crate::store::{Store, StoreError};
use opspilot_sdk::sha256_hex;
use std::fs;
use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};

/// The name of the file in the data folder.
pub const MARK_FILE: &str = "sent.mark";

/// The file; without a path nothing is kept, for a store in memory.
#[derive(Debug, Default)]
pub(super) struct Mark {
    file: Option<PathBuf>,
    raised: Mutex<u64>,
}

impl Mark {
    pub(super) fn new(file: Option<PathBuf>) -> Self {
        Self { file, raised: Mutex::default() }
    }

    /// Whether this store lacks what was put down before something went out. A file of a store that has sent anything, with no mark beside it,
    /// may be a copy and is taken for one; beside a server any further daemon begins without a mark.
    pub(super) async fn is_behind(&self, store: &Store) -> Result<bool, StoreError> {
        let Some(file) = &self.file else { return Ok(false) };
        match fs::read_to_string(file) {
            Ok(text) => match parsed(&text) {
                Some((seq, digest)) => Ok(store.receipt_digest(seq).await? != Some(digest)),
                // Damaged: what it said is not known.
                None => Ok(true),
            },
            Err(cause) if cause.kind() == std::io::ErrorKind::NotFound => {
                Ok(!store.is_shared() && store.has_sent().await?)
            }
            Err(cause) => Err(unkept(&cause)),
        }
    }

    /// Puts down that everything up to the newest receipt counts as sent.
    pub(super) async fn raise(&self, store: &Store) -> Result<(), StoreError> {
        let Some(file) = &self.file else { return Ok(()) };
        let (seq, bytes) = store.newest_receipt().await?.unwrap_or_default();
        let mut raised = self.raised.lock().unwrap_or_else(PoisonError::into_inner);
        if seq <= *raised {
            return Ok(());
        }
        // Moved into place whole, so that a kill leaves the one or the other.
        let fresh = file.with_extension("mark.new");
        let text = format!("{seq} {}\n", sha256_hex(&bytes));
        fs::write(&fresh, text).and_then(|()| fs::rename(&fresh, file)).map_err(|cause| unkept(&cause))?;
        *raised = seq;
        Ok(())
    }
}

fn unkept(cause: &std::io::Error) -> StoreError {
    StoreError::Unavailable { reason: format!("`{MARK_FILE}` in the data folder: {cause}") }
}

fn parsed(text: &str) -> Option<(u64, String)> {
    let (seq, digest) = text.trim_end().split_once(' ')?;
    Some((seq.parse().ok()?, digest.to_owned())).filter(|(_, digest)| digest.len() == 64)
}
