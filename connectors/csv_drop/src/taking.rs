//! Digests a taken file in slices before its first row is made, and tells what it is. Own file because the digest decides the keys
//! of all rows and where to go on after a crash. INVARIANT: never more than one slice per call, so that a shutdown waits for no file.

use crate::charset::{Charset, Probe};
use crate::fault::Refused;
use crate::folder::{Claim, Stamp, is_foreign, is_workbook, plain, reading};
use crate::options::Settings;
use crate::workbook::PACKED;
use opspilot_sdk::{ConnectorError, hex};
use ring::digest::{Context, SHA256};
use serde::{Deserialize, Serialize};
use std::fs::{self, File};
use std::io::{self, Read as _};

/// Bytes digested per call.
const SLICE: usize = 16 * 1024 * 1024;
const CHUNK: usize = 256 * 1024;

/// Where the source stands: inside one file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Position {
    /// The claim.
    pub(crate) claim: String,
    /// SHA-256 of the file.
    pub(crate) digest: String,
    /// Its length in bytes.
    pub(crate) bytes: u64,
    /// Its records that are dealt with, headers among them.
    pub(crate) records: u64,
    /// Whether the last of these ended with the file instead of a line end, so that more behind it would change it.
    pub(crate) open: bool,
}

/// What kind of file it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Text(Charset),
    Workbook,
}

/// A file that is known.
pub(crate) struct Taken {
    pub(crate) claim: Claim,
    pub(crate) stamp: Stamp,
    pub(crate) digest: String,
    pub(crate) kind: Kind,
    /// Its records that an earlier life has dealt with.
    pub(crate) records: u64,
    /// Whether its last line has no end.
    pub(crate) open: bool,
}

/// What a slice of work brought.
pub(crate) enum Slice {
    More,
    Known(Box<Taken>),
    Refused(Refused),
    /// The file changed meanwhile: wait until it stands still.
    Changed,
}

/// A file being digested.
pub(crate) struct Taking {
    pub(crate) claim: Claim,
    pub(crate) stamp: Stamp,
    pub(crate) read: u64,
    file: File,
    context: Context,
    probe: Probe,
    /// How much of it an earlier life has seen, and that life's digest.
    before: Option<Position>,
    known: bool,
    last: Vec<u8>,
}

impl Taking {
    /// Opens a taken file. `before`: the position to go on from when the file is the same, or the same with more behind it.
    pub(crate) fn open(
        claim: Claim,
        before: Option<Position>,
        settings: &Settings,
    ) -> Result<Result<Self, Refused>, ConnectorError> {
        let path = claim.path();
        let metadata = fs::symlink_metadata(&path).map_err(|fault| reading(&path, fault))?;
        if let Err(what) = plain(&metadata) {
            return Ok(Err(Refused::NotAFile(what)));
        }
        let stamp = Stamp::of(&metadata);
        if stamp.len > settings.max_file_bytes {
            return Ok(Err(Refused::TooLarge { bytes: stamp.len, limit: settings.max_file_bytes }));
        }
        if stamp.len == 0 {
            return Ok(Err(Refused::Empty));
        }
        if is_foreign(&claim.name) {
            return Ok(Err(Refused::Foreign("a spreadsheet of a kind that is not read")));
        }
        let file = match File::open(&path) {
            Ok(file) => file,
            Err(fault) if fault.kind() == io::ErrorKind::PermissionDenied => {
                return Ok(Err(Refused::Unreadable(fault.to_string())));
            }
            Err(fault) => return Err(reading(&path, fault)),
        };
        let before = before.filter(|position| position.claim == claim.id);
        Ok(Ok(Self {
            claim,
            stamp,
            read: 0,
            file,
            context: Context::new(&SHA256),
            probe: Probe::new(),
            before,
            known: false,
            last: Vec::new(),
        }))
    }

    /// Does a slice of the work.
    pub(crate) fn slice(mut self, settings: &Settings) -> Result<(Option<Self>, Slice), ConnectorError> {
        let path = self.claim.path();
        let mut chunk = vec![0; CHUNK];
        let goal = self.stamp.len.min(self.read + SLICE as u64);
        while self.read < goal {
            // Stop exactly where the earlier life did, to compare digests.
            let stop = self
                .before
                .as_ref()
                .map(|position| position.bytes)
                .filter(|stop| *stop > self.read)
                .unwrap_or(goal)
                .min(goal);
            let want = usize::try_from(stop - self.read).unwrap_or(CHUNK).min(CHUNK);
            let room = chunk.get_mut(..want).unwrap_or_default();
            let read = match self.file.read(room) {
                Ok(0) => return Ok((None, Slice::Changed)),
                Ok(read) => read,
                Err(fault) if fault.kind() == io::ErrorKind::Interrupted => continue,
                Err(fault) => return Err(reading(&path, fault)),
            };
            let bytes = chunk.get(..read).unwrap_or_default();
            self.context.update(bytes);
            self.probe.feed(bytes);
            self.read += read as u64;
            self.last = bytes.get(read.saturating_sub(4)..).unwrap_or_default().to_vec();
            if let Some(position) = &self.before
                && position.bytes == self.read
            {
                self.known = hex(self.context.clone().finish().as_ref()) == position.digest;
            }
        }
        if self.read < self.stamp.len {
            return Ok((Some(self), Slice::More));
        }
        let now = fs::symlink_metadata(&path).map_err(|fault| reading(&path, fault))?;
        if Stamp::of(&now) != self.stamp {
            return Ok((None, Slice::Changed));
        }
        let kind = match kind(self.probe.head()) {
            Ok(Some(kind)) if self.stamp.len <= PACKED => kind,
            Ok(Some(_)) => {
                return Ok((None, Slice::Refused(Refused::TooLarge { bytes: self.stamp.len, limit: PACKED })));
            }
            Ok(None) if is_workbook(&self.claim.name) && !is_text(self.probe.head()) => {
                return Ok((None, Slice::Refused(Refused::NoWorkbook)));
            }
            Ok(None) => {
                let found = self.probe.charset();
                let mark = if settings.encoding.is_none_or(|forced| forced == found.encoding) { found.mark } else { 0 };
                Kind::Text(Charset { encoding: settings.encoding.unwrap_or(found.encoding), mark })
            }
            Err(foreign) => return Ok((None, Slice::Refused(Refused::Foreign(foreign)))),
        };
        let grown = |position: &Position| position.bytes < self.stamp.len;
        let records = self.before.as_ref().filter(|_| self.known).map_or(0, |position| match kind {
            // A workbook is a whole; with more behind it, it is another one.
            Kind::Workbook if grown(position) => 0,
            // The last line went on: it is dealt with anew, as a whole.
            Kind::Text(_) if grown(position) && position.open => position.records.saturating_sub(1),
            _ => position.records,
        });
        let open = !self.last.contains(&b'\n') && !self.last.contains(&b'\r');
        let taken = Taken {
            claim: self.claim,
            stamp: self.stamp,
            digest: hex(self.context.finish().as_ref()),
            kind,
            records,
            open,
        };
        Ok((None, Slice::Known(Box::new(taken))))
    }
}

/// Whether the first bytes may be those of a text. A table in text under the name of a workbook is read; anything else under that name
/// is told to be no workbook, rather than read as a text that it never was.
fn is_text(head: &[u8]) -> bool {
    let mut probe = Probe::new();
    probe.feed(head);
    let Charset { encoding, mark } = probe.charset();
    let (text, _) = encoding.decode_without_bom_handling(head.get(mark..).unwrap_or_default());
    !text.contains(|c: char| {
        c.is_control() && !matches!(c, '\t' | '\n' | '\r' | '\u{b}' | '\u{c}' | '\u{1a}' | '\u{80}'..='\u{9f}')
    })
}

/// What the first bytes say the file is; `None`: text.
fn kind(head: &[u8]) -> Result<Option<Kind>, &'static str> {
    const FOREIGN: [(&[u8], &str); 5] = [
        (b"\xd0\xcf\x11\xe0", "a workbook with a password or in the old .xls format"),
        (b"%PDF-", "a PDF"),
        (b"\x1f\x8b", "compressed with gzip"),
        (b"\x28\xb5\x2f\xfd", "compressed with zstd"),
        (b"\xff\xfe\0\0", "UTF-32 text"),
    ];
    if head.starts_with(b"PK\x03\x04") {
        return Ok(Some(Kind::Workbook));
    }
    FOREIGN.iter().find(|(magic, _)| head.starts_with(magic)).map_or(Ok(None), |(_, what)| Err(*what))
}
