//! Entries of a packed file (ZIP), unpacked into bounded memory.
//! INVARIANT: an entry that declares more than the limit is refused before, one that really has more while it is unpacked.

use std::io::{Cursor, Read as _};

use zip::ZipArchive;

/// Entries a packed file may have.
const ENTRIES: usize = 2000;

/// A packed file.
pub(super) struct Pack<'b> {
    archive: ZipArchive<Cursor<&'b [u8]>>,
    left: usize,
}

impl<'b> Pack<'b> {
    /// Opens a packed file that may unpack to `limit` bytes over all entries that are read.
    pub(super) fn open(bytes: &'b [u8], limit: usize) -> Result<Self, String> {
        let archive =
            ZipArchive::new(Cursor::new(bytes)).map_err(|_| "it is damaged or protected by a password".to_owned())?;
        if archive.len() > ENTRIES {
            return Err(format!("it packs more than {ENTRIES} files"));
        }
        Ok(Self { archive, left: limit })
    }

    /// One entry, if it is there.
    pub(super) fn entry(&mut self, name: &str) -> Result<Option<Vec<u8>>, String> {
        let Some(at) = self.archive.index_for_name(name) else { return Ok(None) };
        self.at(at).map(Some)
    }

    /// Unpacks every entry once, to know the true size of all, and keeps none.
    pub(super) fn measure(&mut self) -> Result<(), String> {
        for at in 0..self.archive.len() {
            self.at(at)?;
        }
        Ok(())
    }

    fn at(&mut self, at: usize) -> Result<Vec<u8>, String> {
        let large = || "it unpacks to more than is allowed".to_owned();
        let entry = self.archive.by_index(at).map_err(|_| "it is damaged or protected by a password".to_owned())?;
        if usize::try_from(entry.size()).map_or(true, |size| size > self.left) {
            return Err(large());
        }
        let mut bytes = Vec::new();
        let most = u64::try_from(self.left).unwrap_or(u64::MAX).saturating_add(1);
        entry.take(most).read_to_end(&mut bytes).map_err(|_| "it is damaged".to_owned())?;
        self.left = self.left.checked_sub(bytes.len()).ok_or_else(large)?;
        Ok(bytes)
    }
}
