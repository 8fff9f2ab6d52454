//! The table on disk: read, added to, taken from. Own file because it is the only one that touches the world. INVARIANT: what is said to be
//! done is on disk; what fails leaves the table as it was, or nobody knows; nothing that a person wrote is thrown away.

use crate::row::{COLUMNS, line};
use crate::scan::{MARK, Row, Table, scan};
use opspilot_sdk::{ConnectorError, ErrorKind, Fate, Undelivered};
use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Read as _, Seek as _, SeekFrom, Write as _};
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

/// The largest table that is added to, in bytes.
const MOST: u64 = 256 << 20;
/// The largest half row that is cleared away, in bytes: no row of ours is longer.
const HALF: usize = 1 << 20;

/// One table.
pub(crate) struct Book {
    path: PathBuf,
    /// As the configuration names it.
    pub(crate) name: String,
    pub(crate) separator: u8,
    mark_utf8: bool,
}

/// What stands in a table.
struct Page {
    bytes: Vec<u8>,
    table: Table,
}

impl Page {
    fn find(&self, key: &str) -> Option<&Row> {
        self.rows().find(|row| row.cells.last().is_some_and(|cell| cell == key))
    }

    /// The rows below the first, whole ones.
    fn rows(&self) -> impl Iterator<Item = &Row> {
        self.table.rows.iter().skip(1).filter(|row| is_whole(row))
    }

    /// Where what is no row begins.
    fn whole(&self) -> usize {
        match self.table.rows.last() {
            Some(last) if !is_whole(last) => last.at.start,
            _ => self.table.whole,
        }
    }
}

/// Whether nothing of a row is missing. The last cell names it, and has its quotes or is none.
fn is_whole(row: &Row) -> bool {
    row.is_ended || (row.cells.len() == COLUMNS.len() && row.cells.last().is_some_and(|key| !key.is_empty()))
}

fn undone(error: ConnectorError) -> Undelivered {
    Undelivered { error, fate: Fate::NotDone }
}

impl Book {
    pub(crate) fn new(data_dir: &Path, file: &Path, separator: u8, mark_utf8: bool) -> Self {
        Self { path: data_dir.join(file), name: file.display().to_string(), separator, mark_utf8 }
    }

    /// The cells of a row.
    pub(crate) fn look(&self, key: &str) -> Result<Option<Vec<String>>, ConnectorError> {
        match File::open(self.judged()?) {
            Ok(mut file) => Ok(self.read(&mut file)?.find(key).map(|row| row.cells.clone())),
            Err(cause) if cause.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(cause) => Err(self.fault("cannot be read", cause)),
        }
    }

    /// Adds a row, unless it is there already; `false` when it was.
    pub(crate) fn add(&self, key: &str, row: &str) -> Result<bool, Undelivered> {
        let mut file = self.open(true).map_err(undone)?.ok_or_else(|| undone(self.busy()))?;
        let page = self.read(&mut file).map_err(undone)?;
        if let Some(there) = page.find(key) {
            return if Some(&there.cells) == self.cells(row).as_ref() {
                Ok(false)
            } else {
                Err(undone(self.other(key)))
            };
        }
        let (whole, old) = (page.whole(), page.bytes.len());
        let half = page.bytes.get(whole..).unwrap_or_default();
        let mut text = String::new();
        if whole == 0 || page.table.rows.is_empty() {
            text.push_str(&line(&COLUMNS, self.separator));
        } else if page.bytes.get(..whole).is_some_and(|bytes| bytes.last() != Some(&b'\n')) {
            text.push_str("\r\n");
        }
        let head = if text.is_empty() { String::new() } else { text.clone() };
        text.push_str(row);
        let ours = row.as_bytes().starts_with(half) || head.as_bytes().starts_with(half);
        if !half.is_empty() && !ours {
            self.set_aside(half).map_err(undone)?;
        }
        let mut bytes = if whole == 0 && self.mark_utf8 { MARK.to_vec() } else { Vec::new() };
        bytes.extend_from_slice(text.as_bytes());
        let put = |file: &mut File| {
            file.set_len(whole as u64)?;
            file.seek(SeekFrom::Start(whole as u64))?;
            file.write_all(&bytes)
        };
        if let Err(cause) = put(&mut file) {
            // Cleared away, it was certainly not done; else the next row clears it away.
            let fate = if file.set_len(whole as u64).is_ok() { Fate::NotDone } else { Fate::Unknown };
            return Err(Undelivered { error: self.fault("cannot be added to", cause), fate });
        }
        let kept = file.sync_all().and_then(|()| if old == 0 { self.sync_folder() } else { Ok(()) });
        kept.map_err(|cause| Undelivered { error: self.fault("cannot be kept", cause), fate: Fate::Unknown })?;
        Ok(true)
    }

    /// Takes a row out, as it was added; `false` when it is not there.
    pub(crate) fn remove(&self, key: &str, row: &str) -> Result<bool, Undelivered> {
        let Some(mut file) = self.open(false).map_err(undone)? else { return Ok(false) };
        let page = self.read(&mut file).map_err(undone)?;
        let Some(there) = page.find(key) else { return Ok(false) };
        if Some(&there.cells) != self.cells(row).as_ref() {
            return Err(undone(self.other(key)));
        }
        let mut bytes = page.bytes.clone();
        bytes.drain(there.at.clone());
        let beside = self.beside("new");
        let made = self.rewrite(&file, &beside, &bytes);
        if let Err(cause) = made {
            let _ = fs::remove_file(&beside);
            return Err(undone(self.fault("cannot be written anew", cause)));
        }
        let changed = fs::rename(&beside, &self.path).and_then(|()| self.sync_folder());
        changed.map_err(|cause| Undelivered { error: self.fault("cannot be replaced", cause), fate: Fate::Unknown })?;
        Ok(true)
    }

    /// Whether a row could be added, without adding one.
    pub(crate) fn check(&self) -> Result<(), ConnectorError> {
        let path = self.judged()?;
        let there = path.exists();
        if there {
            self.look("")?;
        }
        // The nearest folder that is there: what is missing below it is made with the first row.
        let place = if there { Some(path) } else { path.ancestors().skip(1).find(|folder| folder.is_dir()) };
        let may = place.is_some_and(|place| rustix::fs::access(place, rustix::fs::Access::WRITE_OK).is_ok());
        if may { Ok(()) } else { Err(self.unfit("cannot be written to; let the daemon's user write there")) }
    }

    /// Its path, when what stands there is a file.
    fn judged(&self) -> Result<&Path, ConnectorError> {
        match fs::symlink_metadata(&self.path) {
            Ok(there) if !there.is_file() => {
                Err(self.unfit("is a link or no file; name a file, which is made when it is not there"))
            }
            Ok(there) if there.len() > MOST => {
                Err(self.unfit("is larger than 256 MiB; move it away, a new one is begun"))
            }
            _ => Ok(&self.path),
        }
    }

    /// Opens it for us alone.
    fn open(&self, make: bool) -> Result<Option<File>, ConnectorError> {
        self.judged()?;
        let folder = self.path.parent().unwrap_or(Path::new("."));
        if make {
            fs::create_dir_all(folder).map_err(|cause| self.fault("has no folder", cause))?;
        }
        let mut options = OpenOptions::new();
        let file = match options.read(true).write(true).create(make).truncate(false).open(&self.path) {
            Err(cause) if cause.kind() == io::ErrorKind::NotFound && !make => return Ok(None),
            opened => opened.map_err(|cause| self.fault("cannot be opened", cause))?,
        };
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(self.busy()),
            Err(TryLockError::Error(cause)) => return Err(self.fault("cannot be locked", cause)),
        }
        // It may have been replaced between opening and locking.
        let same = || -> io::Result<bool> {
            let (own, there) = (file.metadata()?, fs::metadata(&self.path)?);
            Ok((own.dev(), own.ino()) == (there.dev(), there.ino()))
        };
        if same().is_ok_and(|same| same) { Ok(Some(file)) } else { Err(self.busy()) }
    }

    fn read(&self, file: &mut File) -> Result<Page, ConnectorError> {
        let mut bytes = Vec::new();
        file.take(MOST).read_to_end(&mut bytes).map_err(|cause| self.fault("cannot be read", cause))?;
        let table = scan(&bytes, self.separator);
        let page = Page { bytes, table };
        let half = page.bytes.get(page.whole()..).unwrap_or_default();
        let begun = half.len() < HALF && !half.contains(&b'\r');
        match page.table.rows.first() {
            Some(first) if first.cells == COLUMNS && (begun || half == b"\r") => Ok(page),
            // Nothing yet, or what a crash left of the first line.
            _ if MARK.starts_with(&page.bytes) => Ok(page),
            _ if page.whole() <= MARK.len() && line(&COLUMNS, self.separator).as_bytes().starts_with(half) => Ok(page),
            Some(first) if first.cells == COLUMNS => {
                Err(self.unfit("has a quotation mark that is never closed; correct it, or move the table away"))
            }
            _ => Err(self.unfit("does not begin with the columns of this sink; move it away, a new one is begun")),
        }
    }

    fn cells(&self, row: &str) -> Option<Vec<String>> {
        scan(row.as_bytes(), self.separator).rows.pop().map(|row| row.cells)
    }

    /// Keeps what is cleared away and may be somebody's.
    fn set_aside(&self, half: &[u8]) -> Result<(), ConnectorError> {
        let put = || -> io::Result<()> {
            let mut file = OpenOptions::new().append(true).create(true).open(self.beside("torn"))?;
            file.write_all(half)?;
            file.write_all(b"\r\n")?;
            file.sync_all()
        };
        put().map_err(|cause| self.fault("ends in half a row, which cannot be set aside", cause))
    }

    fn rewrite(&self, old: &File, beside: &Path, bytes: &[u8]) -> io::Result<()> {
        let mut file = File::create(beside)?;
        file.set_permissions(fs::Permissions::from_mode(old.metadata()?.permissions().mode()))?;
        file.write_all(bytes)?;
        file.sync_all()
    }

    /// A file beside the table.
    fn beside(&self, end: &str) -> PathBuf {
        let mut name = self.path.file_name().unwrap_or_default().to_owned();
        name.push(".");
        name.push(end);
        self.path.with_file_name(name)
    }

    fn sync_folder(&self) -> io::Result<()> {
        File::open(self.path.parent().unwrap_or(Path::new(".")))?.sync_all()
    }

    fn busy(&self) -> ConnectorError {
        let message = format!("`{}` is in use by another program; it is tried again later", self.name);
        ConnectorError::new(ErrorKind::Transient, "OP-7507", message)
    }

    fn fault(&self, what: &str, cause: io::Error) -> ConnectorError {
        let kind = match cause.kind() {
            io::ErrorKind::PermissionDenied | io::ErrorKind::NotADirectory | io::ErrorKind::ReadOnlyFilesystem => {
                ErrorKind::Misconfigured
            }
            _ => ErrorKind::Transient,
        };
        let message = format!("`{}` {what}: {cause}", self.name);
        ConnectorError::new(kind, "OP-7507", message).because(cause)
    }

    fn unfit(&self, what: &str) -> ConnectorError {
        ConnectorError::new(ErrorKind::Misconfigured, "OP-7508", format!("`{}` {what}", self.name))
    }

    fn other(&self, key: &str) -> ConnectorError {
        let message = format!("`{}` has a row `{key}` that is not as it was written; look at it there", self.name);
        ConnectorError::new(ErrorKind::Rejected, "OP-7509", message)
    }
}
