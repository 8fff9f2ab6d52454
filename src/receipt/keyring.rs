//! The keys a verifier goes by, over the life of a log: the active one, retired ones, revoked ones.
//! Its own file because rotation is a rule of its own and stands apart from signatures.
//!
//! INVARIANT: a checkpoint is accepted only through an active key, or through a retired one for a size up to
//! its last. A revoked key never counts, whatever else is true.

use super::checkpoint::foreign;
use super::{Checkpoint, Error, VerifierKey, note::Note};
use std::fmt::Write;

/// How far a key is to be believed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyState {
    /// Signs now.
    Active,
    /// Signed up to the checkpoint of this size, and nothing after it. A size and not a time, because whoever
    /// holds an old key can write any time into what he signs, but cannot make the log shorter again.
    Retired {
        /// Size of the last checkpoint it may have signed.
        last_size: u64,
    },
    /// Fell into wrong hands: counts for nothing, early or late.
    Revoked,
}

/// Keys with their states.
#[derive(Debug, Clone)]
pub struct Keyring {
    keys: Vec<(VerifierKey, KeyState)>,
    pinned: bool,
}

/// A checkpoint that passed a keyring.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Opened {
    /// The checkpoint.
    pub checkpoint: Checkpoint,
    /// Ids of the keys whose signatures counted, eight hexadecimal digits each.
    pub signed_by: Vec<String>,
}

impl Keyring {
    /// Keys that the verifying person has from elsewhere than the log: the only kind that proves origin.
    #[must_use]
    pub fn pinned(keys: Vec<(VerifierKey, KeyState)>) -> Self {
        Self { keys, pinned: true }
    }

    /// Keys that came along with what is to be verified. A report will say so.
    #[must_use]
    pub fn enclosed(keys: Vec<(VerifierKey, KeyState)>) -> Self {
        Self { keys, pinned: false }
    }

    /// Whether the keys came from elsewhere.
    #[must_use]
    pub fn is_pinned(&self) -> bool {
        self.pinned
    }

    /// The keys with their states.
    #[must_use]
    pub fn keys(&self) -> &[(VerifierKey, KeyState)] {
        &self.keys
    }

    /// Reads a key file as pinned keys, one key a line: `active KEY`, `retired SIZE KEY` or `revoked KEY`; a
    /// bare `KEY` is active. Empty lines and lines that begin with `#` are left out.
    ///
    /// # Errors
    /// [`Error::Key`] for any other line, or when there is no key at all.
    pub fn parse(text: &str) -> Result<Self, Error> {
        const PROBLEM: Error =
            Error::Key { problem: "a key line is `active KEY`, `retired SIZE KEY`, `revoked KEY` or `KEY`" };
        let mut keys = Vec::new();
        for line in text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#')) {
            let words: Vec<&str> = line.split_whitespace().collect();
            keys.push(match words.as_slice() {
                [key] | ["active", key] => (key.parse()?, KeyState::Active),
                ["retired", size, key] => {
                    (key.parse()?, KeyState::Retired { last_size: size.parse().map_err(|_| PROBLEM)? })
                }
                ["revoked", key] => (key.parse()?, KeyState::Revoked),
                _ => return Err(PROBLEM),
            });
        }
        if keys.is_empty() {
            return Err(Error::Key { problem: "the key file holds no key" });
        }
        Ok(Self::pinned(keys))
    }

    /// The text that [`Keyring::parse`] reads.
    #[must_use]
    pub fn to_text(&self) -> String {
        let mut out = String::new();
        for (key, state) in &self.keys {
            // Writing to a string cannot fail.
            let _ = match state {
                KeyState::Active => writeln!(out, "active {key}"),
                KeyState::Retired { last_size } => writeln!(out, "retired {last_size} {key}"),
                KeyState::Revoked => writeln!(out, "revoked {key}"),
            };
        }
        out
    }

    /// Opens a signed checkpoint.
    ///
    /// # Errors
    /// [`Error::Note`] when malformed, [`Error::BadSignature`] when the signature of a key that could count
    /// does not verify, [`Error::KeyNotValid`] when only revoked or retired keys signed,
    /// [`Error::ForeignSignature`] when no known key of this origin signed.
    pub fn open(&self, note: &str) -> Result<Opened, Error> {
        let note = Note::parse(note)?;
        let checkpoint = Checkpoint::parse(note.text())?;
        let mut signed_by = Vec::new();
        let mut refused = None;
        for (key, state) in self.keys.iter().filter(|(key, _)| key.name() == checkpoint.origin()) {
            let Some(good) = note.check(key) else { continue };
            match reason_against(*state, checkpoint.size()) {
                Some(reason) => {
                    let name = key.name().to_owned();
                    refused = Some(Error::KeyNotValid { name, id: key.id(), reason });
                }
                None if good => signed_by.push(key.id()),
                None => return Err(Error::BadSignature { name: key.name().to_owned() }),
            }
        }
        if signed_by.is_empty() {
            return Err(refused.unwrap_or_else(|| foreign(&note)));
        }
        Ok(Opened { checkpoint, signed_by })
    }
}

fn reason_against(state: KeyState, size: u64) -> Option<String> {
    match state {
        KeyState::Active => None,
        KeyState::Retired { last_size } if size <= last_size => None,
        KeyState::Retired { last_size } => {
            Some(format!("it was retired at size {last_size} and this checkpoint has size {size}"))
        }
        KeyState::Revoked => Some("it was revoked".to_owned()),
    }
}
