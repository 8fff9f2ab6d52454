//! The drop folder and the moves of files within it. Own file because every move must be safe against a crash right behind it.
//!
//! A file that is taken moves to `.claimed/<time>/file/`, so that nobody drops another one over it. When it is done its error file
//! becomes complete in `.claimed/<time>/out/`, then the file moves on, then the error file. INVARIANT: a claim that still has its
//! file is unfinished and begins again; one that has lost it only has its output to hand over. Nothing is ever written over.

use crate::fault::{FOLDER, READ, WRITE};
use jiff::Timestamp;
use opspilot_sdk::{ConnectorError, ErrorKind};
use std::collections::HashSet;
use std::ffi::OsString;
use std::fs::{self, File, Metadata};
use std::io::{self, Read as _, Seek as _, SeekFrom};
use std::os::unix::fs::{FileTypeExt as _, MetadataExt as _};
use std::path::{Path, PathBuf};

/// What tells whether a file has changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Stamp {
    pub(crate) len: u64,
    mtime: (i64, i64),
    pub(crate) inode: (u64, u64),
}

impl Stamp {
    pub(crate) fn of(metadata: &Metadata) -> Self {
        Self {
            len: metadata.len(),
            mtime: (metadata.mtime(), metadata.mtime_nsec()),
            inode: (metadata.dev(), metadata.ino()),
        }
    }
}

/// Something in the drop folder with the name of a table.
#[derive(Debug)]
pub(crate) struct Candidate {
    pub(crate) name: OsString,
    /// What it is when it is no plain file.
    pub(crate) stamp: Result<Stamp, &'static str>,
}

/// A file that has been taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Claim {
    /// Unique among claims.
    pub(crate) id: String,
    /// When it was taken.
    pub(crate) taken: Timestamp,
    /// The name under which it was dropped.
    pub(crate) name: OsString,
    home: PathBuf,
}

impl Claim {
    /// Where the file is now.
    pub(crate) fn path(&self) -> PathBuf {
        self.home.join("file").join(&self.name)
    }

    /// Where the error file grows.
    pub(crate) fn errors(&self) -> PathBuf {
        self.home.join("errors.part")
    }

    /// Where the sheets of a workbook are laid out.
    pub(crate) fn sheets(&self) -> PathBuf {
        self.home.join("sheets")
    }

    /// The name for people.
    pub(crate) fn shown(&self) -> String {
        self.name.to_string_lossy().into_owned()
    }
}

/// Where a finished file goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Destination {
    Done,
    /// With the reason for people.
    Refused(String),
}

/// The drop folder.
#[derive(Clone, Debug)]
pub(crate) struct Folder {
    pub(crate) dir: PathBuf,
    done: PathBuf,
    errors: PathBuf,
}

const NAMES: [&str; 8] = ["csv", "tsv", "tab", "psv", "ssv", "txt", "xlsx", "xlsm"];
/// Formats people drop by mistake; they are refused with advice instead of being left without a word.
const FOREIGN: [&str; 3] = ["xls", "xlsb", "ods"];

impl Folder {
    pub(crate) fn new(dir: PathBuf, done: Option<PathBuf>, errors: Option<PathBuf>) -> Self {
        let done = done.unwrap_or_else(|| dir.join("done"));
        let errors = errors.unwrap_or_else(|| dir.join("errors"));
        Self { dir, done, errors }
    }

    fn claimed(&self) -> PathBuf {
        self.dir.join(".claimed")
    }

    /// Where a file goes once it is taken, with the key that names each folder.
    pub(crate) fn leaves(&self) -> [(&'static str, PathBuf); 3] {
        [("dir", self.claimed()), ("done_dir", self.done.clone()), ("error_dir", self.errors.clone())]
    }

    /// Makes the folders where they are missing.
    pub(crate) fn ensure(&self) -> Result<(), ConnectorError> {
        for folder in [&self.dir, &self.claimed(), &self.done, &self.errors] {
            fs::create_dir_all(folder).map_err(|fault| {
                let what = format!(
                    "cannot make the folder `{}`: {fault}; give the daemon's user the right to",
                    folder.display()
                );
                ConnectorError::new(ErrorKind::Misconfigured, FOLDER, what).because(fault)
            })?;
        }
        Ok(())
    }

    /// Does with a scratch file what real work does with a dropped one.
    pub(crate) fn check(&self) -> Result<(), ConnectorError> {
        self.ensure()?;
        let scratch = self.claimed().join(".check");
        let refuse = |folder: &Path, fault: io::Error| {
            let what = format!(
                "cannot move a file from `{}` to `{}`: {fault}; both must be writable and on one file system",
                self.dir.display(),
                folder.display()
            );
            ConnectorError::new(ErrorKind::Misconfigured, FOLDER, what).because(fault)
        };
        for folder in [&self.done, &self.errors] {
            File::create(&scratch).map_err(|fault| refuse(&self.claimed(), fault))?;
            let target = folder.join(".check");
            fs::rename(&scratch, &target).map_err(|fault| refuse(folder, fault))?;
            fs::remove_file(&target).map_err(|fault| refuse(folder, fault))?;
        }
        fs::read_dir(&self.dir).map(drop).map_err(|fault| refuse(&self.dir, fault))
    }

    /// Everything that could be a table, by name.
    pub(crate) fn look(&self) -> Result<Vec<Candidate>, ConnectorError> {
        let mut found = Vec::new();
        for entry in fs::read_dir(&self.dir).map_err(|fault| reading(&self.dir, fault))? {
            let entry = entry.map_err(|fault| reading(&self.dir, fault))?;
            let (name, path) = (entry.file_name(), entry.path());
            if path == self.done || path == self.errors || !(is_table(&name) || is_foreign(&name)) {
                continue;
            }
            match fs::symlink_metadata(&path) {
                Ok(metadata) => found.push(Candidate { name, stamp: plain(&metadata).map(|()| Stamp::of(&metadata)) }),
                // Gone again: whoever dropped it took it back.
                Err(fault) if fault.kind() == io::ErrorKind::NotFound => {}
                Err(fault) => return Err(reading(&path, fault)),
            }
        }
        found.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(found)
    }

    /// Whether a file looks as if its writer were not through: nothing in it, or no line end at its end.
    pub(crate) fn looks_unfinished(&self, name: &OsString) -> bool {
        let mut tail = Vec::new();
        let read = File::open(self.dir.join(name)).and_then(|mut file| {
            let back = file.metadata()?.len().min(4);
            file.seek(SeekFrom::End(-i64::try_from(back).unwrap_or(0)))?;
            file.take(4).read_to_end(&mut tail)
        });
        let workbook = Path::new(name)
            .extension()
            .is_some_and(|end| end.to_ascii_lowercase().to_string_lossy().starts_with("xls"));
        read.is_ok() && (tail.is_empty() || !(workbook || tail.contains(&b'\n') || tail.contains(&b'\r')))
    }

    /// Takes a file. `None`: it is gone.
    pub(crate) fn claim(&self, name: &OsString, now: Timestamp) -> Result<Option<Claim>, ConnectorError> {
        self.ensure()?;
        let mut number = 0u32;
        let (id, home) = loop {
            let id = if number == 0 {
                now.to_string().replace(':', "-")
            } else {
                format!("{}_{number}", now.to_string().replace(':', "-"))
            };
            let home = self.claimed().join(&id);
            match fs::create_dir(&home) {
                Ok(()) => break (id, home),
                Err(fault) if fault.kind() == io::ErrorKind::AlreadyExists => number += 1,
                Err(fault) => return Err(writing(&home, fault)),
            }
        };
        let claim = Claim { id, taken: now, name: name.clone(), home };
        let slot = claim.home.join("file");
        fs::create_dir(&slot).map_err(|fault| writing(&slot, fault))?;
        match fs::rename(self.dir.join(name), claim.path()) {
            Ok(()) => {
                sync(&slot);
                sync(&self.dir);
                Ok(Some(claim))
            }
            Err(fault) => {
                self.clear(&claim)?;
                if fault.kind() == io::ErrorKind::NotFound {
                    Ok(None)
                } else {
                    Err(writing(&self.dir.join(name), fault))
                }
            }
        }
    }

    /// The oldest claim that still has its file, but none of `ailing`; hands over what finished ones left behind.
    pub(crate) fn resume(&self, now: Timestamp, ailing: &HashSet<&str>) -> Result<Option<Claim>, ConnectorError> {
        let mut homes = Vec::new();
        let claimed = self.claimed();
        let entries = match fs::read_dir(&claimed) {
            Err(fault) if fault.kind() == io::ErrorKind::NotFound => return Ok(None),
            entries => entries.map_err(|fault| reading(&claimed, fault))?,
        };
        for entry in entries {
            let entry = entry.map_err(|fault| reading(&claimed, fault))?;
            if entry.path().is_dir() {
                homes.push(entry.path());
            }
        }
        homes.sort();
        for home in homes {
            let id = home.file_name().unwrap_or_default().to_string_lossy().into_owned();
            let stamp = id.split('_').next().unwrap_or_default();
            let taken = unstamp(stamp).unwrap_or(now);
            let slot = home.join("file");
            let name = fs::read_dir(&slot)
                .ok()
                .and_then(|mut entries| entries.next())
                .and_then(Result::ok)
                .map(|entry| entry.file_name());
            let claim = Claim { id, taken, name: name.clone().unwrap_or_default(), home };
            if ailing.contains(claim.id.as_str()) {
                continue;
            }
            if name.is_some() {
                return Ok(Some(claim));
            }
            self.publish(&claim)?;
            self.clear(&claim)?;
        }
        Ok(None)
    }

    /// Forgets what an earlier life had ready for a file that is read anew.
    pub(crate) fn reset(&self, claim: &Claim) -> Result<(), ConnectorError> {
        let out = claim.home.join("out");
        match fs::remove_dir_all(&out) {
            Err(fault) if fault.kind() != io::ErrorKind::NotFound => Err(writing(&out, fault)),
            _ => Ok(()),
        }
    }

    /// Ends a claim and says where its file is now. May be repeated after a crash at any point.
    pub(crate) fn finish(
        &self,
        claim: &Claim,
        destination: &Destination,
        bad_rows: bool,
    ) -> Result<Option<PathBuf>, ConnectorError> {
        self.ensure()?;
        let out = claim.home.join("out");
        fs::create_dir_all(&out).map_err(|fault| writing(&out, fault))?;
        // What is missing here was moved by an attempt that failed further on.
        if bad_rows && claim.errors().exists() {
            let target = out.join(format!("{}.errors.csv", short(&claim.shown())));
            fs::rename(claim.errors(), &target).map_err(|fault| writing(&target, fault))?;
        }
        if let Destination::Refused(reason) = destination {
            let target = out.join(format!("{}.reason.txt", short(&claim.shown())));
            write_synced(&target, reason).map_err(|fault| writing(&target, fault))?;
        }
        sync(&out);
        let folder = if *destination == Destination::Done { &self.done } else { &self.errors };
        let moved = if claim.path().exists() { Some(place(&claim.path(), folder)?) } else { None };
        self.publish(claim)?;
        self.clear(claim)?;
        Ok(moved)
    }

    /// Writes why something that cannot be moved is not taken.
    pub(crate) fn leave_reason(&self, name: &OsString, reason: &str) -> Result<(), ConnectorError> {
        self.ensure()?;
        let target = self.reason(name);
        write_synced(&target, reason).map_err(|fault| writing(&target, fault))
    }

    /// Whether [`Folder::leave_reason`] has been here.
    pub(crate) fn has_reason(&self, name: &OsString) -> bool {
        self.reason(name).exists()
    }

    fn reason(&self, name: &OsString) -> PathBuf {
        self.errors.join(format!("{}.reason.txt", short(&name.to_string_lossy())))
    }

    fn publish(&self, claim: &Claim) -> Result<(), ConnectorError> {
        let out = claim.home.join("out");
        let Ok(entries) = fs::read_dir(&out) else { return Ok(()) };
        for entry in entries {
            let entry = entry.map_err(|fault| reading(&out, fault))?;
            place(&entry.path(), &self.errors)?;
        }
        Ok(())
    }

    fn clear(&self, claim: &Claim) -> Result<(), ConnectorError> {
        // A file somebody put back into the slot is not ours to delete.
        if let Err(fault) = fs::remove_dir(claim.home.join("file"))
            && fault.kind() != io::ErrorKind::NotFound
        {
            return Err(writing(&claim.home, fault));
        }
        fs::remove_dir_all(&claim.home).map_err(|fault| writing(&claim.home, fault))
    }
}

/// Whether this is a plain file, and if not, what it is.
pub(crate) fn plain(metadata: &Metadata) -> Result<(), &'static str> {
    let kind = metadata.file_type();
    if kind.is_file() {
        Ok(())
    } else if kind.is_dir() {
        Err("a directory")
    } else if kind.is_symlink() {
        Err("a link")
    } else if kind.is_fifo() {
        Err("a named pipe")
    } else if kind.is_socket() {
        Err("a socket")
    } else {
        Err("a device")
    }
}

fn unstamp(id: &str) -> Option<Timestamp> {
    let (day, time) = id.split_once('T')?;
    format!("{day}T{}", time.replace('-', ":")).parse().ok()
}

/// Whether files of this name are taken: known endings; hidden and temporary files are not.
pub(crate) fn is_table(name: &OsString) -> bool {
    ends_in(name, &NAMES)
}

/// Whether files of this name are workbooks.
pub(crate) fn is_workbook(name: &OsString) -> bool {
    ends_in(name, &["xlsx", "xlsm"])
}

/// Whether files of this name are refused with advice.
pub(crate) fn is_foreign(name: &OsString) -> bool {
    ends_in(name, &FOREIGN)
}

fn ends_in(name: &OsString, endings: &[&str]) -> bool {
    let shown = name.to_string_lossy();
    !shown.starts_with(['.', '~'])
        && shown.rsplit_once('.').is_some_and(|(_, end)| endings.contains(&end.to_ascii_lowercase().as_str()))
}

/// Moves a file into a folder under its own name or, when that is taken, with a number before the ending. Atomic, and never over
/// another file: a hard link fails where a rename would replace.
fn place(from: &Path, folder: &Path) -> Result<PathBuf, ConnectorError> {
    let name = from.file_name().unwrap_or_default();
    let mut number = 1u32;
    loop {
        let target = if number == 1 { folder.join(name) } else { folder.join(numbered(name, number)) };
        match fs::hard_link(from, &target) {
            Ok(()) => {
                fs::remove_file(from).map_err(|fault| writing(from, fault))?;
                sync(folder);
                return Ok(target);
            }
            Err(fault) if fault.kind() == io::ErrorKind::AlreadyExists => {}
            // No hard links on this file system.
            Err(_) if !target.exists() => {
                fs::rename(from, &target).map_err(|fault| writing(&target, fault))?;
                sync(folder);
                return Ok(target);
            }
            Err(_) => {}
        }
        number += 1;
    }
}

fn numbered(name: &std::ffi::OsStr, number: u32) -> OsString {
    let path = Path::new(name);
    let mut out = OsString::from(short(&path.file_stem().unwrap_or_default().to_string_lossy()));
    out.push(format!("-{number}"));
    if let Some(end) = path.extension() {
        out.push(".");
        out.push(end);
    }
    out
}

/// Room for an ending within the 255 bytes a name may have.
fn short(name: &str) -> &str {
    name.get(..name.floor_char_boundary(200)).unwrap_or(name)
}

fn write_synced(path: &Path, text: &str) -> io::Result<()> {
    fs::write(path, format!("{text}\n"))?;
    File::open(path)?.sync_all()
}

/// Makes a move last through a power loss. Where folders cannot be synced there is nothing better to do.
fn sync(folder: &Path) {
    if let Ok(folder) = File::open(folder) {
        let _unsupported = folder.sync_all();
    }
}

pub(crate) fn writing(path: &Path, fault: io::Error) -> ConnectorError {
    let what = format!(
        "cannot write `{}`: {fault}; free space or give the daemon's user the right to, it will be tried again",
        path.display()
    );
    ConnectorError::new(ErrorKind::Transient, WRITE, what).because(fault)
}

pub(crate) fn reading(path: &Path, fault: io::Error) -> ConnectorError {
    let what = format!("cannot read `{}`: {fault}; it will be tried again", path.display());
    ConnectorError::new(ErrorKind::Transient, READ, what).because(fault)
}
