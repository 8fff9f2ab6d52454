//! Invitations as files in a folder, for a calendar that watches it. Own file because a folder can be looked at and a relay cannot. INVARIANT: a
//! file is whole or not there; one that a person changed is not replaced.

use super::ical::{cancel, is_cancelled};
use super::post::unfit;
use opspilot_sdk::{ConnectorError, Delivered, ErrorKind, Fate, Look, Undelivered};
use serde_json::json;
use std::fs::{self, File};
use std::io::{self, Read as _, Write as _};
use std::path::{Path, PathBuf};

/// Puts a file down, or in the place of the invitation that it calls off.
pub(crate) const PUT: &str = "PUT";
/// The largest file that is read, in bytes.
const MOST: u64 = 1 << 20;

pub(crate) struct Shelf {
    folder: PathBuf,
    name: String,
}

impl Shelf {
    pub(crate) fn new(data_dir: &Path, folder: &Path) -> Self {
        Self { folder: data_dir.join(folder), name: folder.display().to_string() }
    }

    /// What a call for a key is for.
    pub(crate) fn target(&self, key: &str) -> Result<String, ConnectorError> {
        let fit = (1..=64).contains(&key.len()) && key.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
        if fit { Ok(format!("{}/{key}.ics", self.name)) } else { Err(unfit("the key cannot be the name of a file")) }
    }

    pub(crate) fn look(&self, key: &str) -> Result<Look, ConnectorError> {
        self.target(key)?;
        Ok(match self.read(key)? {
            // What is called off is not there any more, though it is still said that it was.
            Some(calendar) if !is_cancelled(&calendar) => {
                Look::Present { id: format!("{key}.ics"), image: json!({ "calendar": calendar }), version: None }
            }
            _ => Look::Absent,
        })
    }

    pub(crate) fn put(&self, key: &str, target: &str, calendar: &str) -> Result<Delivered, Undelivered> {
        let undone = |error| Undelivered { error, fate: Fate::NotDone };
        if self.target(key).map_err(undone)? != target {
            let message = format!("the call is for `{target}`, and invitations go to `{}` now", self.name);
            return Err(undone(ConnectorError::new(ErrorKind::Rejected, "OP-7514", message)));
        }
        let off = is_cancelled(calendar);
        let said = match self.read(key).map_err(undone)? {
            Some(there) if there == calendar => "it was there already",
            None if off => "there is no such invitation",
            Some(there) if off && cancel(&there).as_deref() == Some(calendar) => {
                self.replace(key, calendar)?;
                "the invitation was called off"
            }
            None => {
                self.replace(key, calendar)?;
                "the invitation was written"
            }
            Some(_) => {
                let message = format!("`{target}` is not as it was written; look at it there");
                return Err(undone(ConnectorError::new(ErrorKind::Rejected, "OP-7516", message)));
            }
        };
        Ok(Delivered { id: Some(format!("{key}.ics")), said: said.to_owned() })
    }

    /// Whether invitations could be written, without writing one.
    pub(crate) fn check(&self) -> Result<(), ConnectorError> {
        let there = self.folder.ancestors().find(|folder| folder.exists());
        let may = there
            .is_some_and(|folder| folder.is_dir() && rustix::fs::access(folder, rustix::fs::Access::WRITE_OK).is_ok());
        if may { Ok(()) } else { Err(self.fault("cannot be written to", io::ErrorKind::PermissionDenied.into())) }
    }

    fn read(&self, key: &str) -> Result<Option<String>, ConnectorError> {
        let mut text = String::new();
        match File::open(self.path(key)).and_then(|file| file.take(MOST).read_to_string(&mut text)) {
            Ok(_) => Ok(Some(text)),
            Err(cause) if cause.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(cause) => Err(self.fault("cannot be read", cause)),
        }
    }

    fn replace(&self, key: &str, calendar: &str) -> Result<(), Undelivered> {
        let beside = self.folder.join(format!(".{key}.ics.new"));
        let write = || -> io::Result<()> {
            fs::create_dir_all(&self.folder)?;
            let mut file = File::create(&beside)?;
            file.write_all(calendar.as_bytes())?;
            file.sync_all()
        };
        if let Err(cause) = write() {
            let _ = fs::remove_file(&beside);
            return Err(Undelivered { error: self.fault("cannot be written to", cause), fate: Fate::NotDone });
        }
        let kept = fs::rename(&beside, self.path(key)).and_then(|()| File::open(&self.folder)?.sync_all());
        kept.map_err(|cause| Undelivered { error: self.fault("does not keep a file", cause), fate: Fate::Unknown })
    }

    fn path(&self, key: &str) -> PathBuf {
        self.folder.join(format!("{key}.ics"))
    }

    fn fault(&self, what: &str, cause: io::Error) -> ConnectorError {
        let kind = match cause.kind() {
            io::ErrorKind::PermissionDenied | io::ErrorKind::NotADirectory | io::ErrorKind::ReadOnlyFilesystem => {
                ErrorKind::Misconfigured
            }
            _ => ErrorKind::Transient,
        };
        ConnectorError::new(kind, "OP-7515", format!("the folder `{}` {what}: {cause}", self.name)).because(cause)
    }
}
