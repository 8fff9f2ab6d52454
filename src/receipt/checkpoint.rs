//! A checkpoint: the size and root of a log at one moment, in the form of C2SP tlog-checkpoint, signed as a
//! note. Its own file because it is what people keep outside to hold the log to its word.
//!
//! INVARIANT: a `Checkpoint` renders to exactly one text and parses from no other.

use super::{Error, Hash, SigningKey, VerifierKey, note::Note};
use base64::{Engine, engine::general_purpose::STANDARD as BASE64};
use serde::ser::{Serialize, SerializeStruct, Serializer};

/// Size and root of a log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checkpoint {
    origin: String,
    size: u64,
    root: Hash,
    extensions: Vec<String>,
}

impl Checkpoint {
    /// A checkpoint of the log named `origin`, which is also the name of the key that signs it.
    ///
    /// # Errors
    /// [`Error::Note`] for an origin that is empty or has a line break or another control character.
    pub fn new(origin: &str, size: u64, root: Hash) -> Result<Self, Error> {
        if !valid_line(origin) {
            return Err(Error::Note { problem: "the origin is empty or holds a control character" });
        }
        Ok(Self { origin: origin.to_owned(), size, root, extensions: Vec::new() })
    }

    /// Adds an extension line; it is signed with the rest.
    ///
    /// # Errors
    /// [`Error::Note`] for a line that is empty or has a line break or another control character.
    pub fn with_extension(mut self, line: &str) -> Result<Self, Error> {
        if !valid_line(line) {
            return Err(Error::Note { problem: "an extension line is empty or holds a control character" });
        }
        self.extensions.push(line.to_owned());
        Ok(self)
    }

    /// Reads the unsigned text. It proves nothing: for a checkpoint from a place you trust by itself.
    ///
    /// # Errors
    /// [`Error::Note`] for anything that is not exactly a checkpoint.
    pub fn parse(text: &str) -> Result<Self, Error> {
        const PROBLEM: Error = Error::Note { problem: "its text is not origin, size and root on three lines" };
        let mut lines = text.strip_suffix('\n').ok_or(PROBLEM)?.split('\n');
        let origin = lines.next().ok_or(PROBLEM)?;
        let size = lines.next().and_then(|line| line.parse().ok()).ok_or(PROBLEM)?;
        let root = lines.next().and_then(|line| BASE64.decode(line).ok()).ok_or(PROBLEM)?;
        let root = root.try_into().map_err(|_| PROBLEM)?;
        let mut checkpoint = Self::new(origin, size, root)?;
        for line in lines {
            checkpoint = checkpoint.with_extension(line)?;
        }
        // Refuses signs and leading zeros in the size, which the number parser lets through.
        if checkpoint.text() == text { Ok(checkpoint) } else { Err(PROBLEM) }
    }

    /// The text that is signed.
    #[must_use]
    pub fn text(&self) -> String {
        let mut out = format!("{}\n{}\n{}\n", self.origin, self.size, BASE64.encode(self.root));
        for line in &self.extensions {
            out.push_str(line);
            out.push('\n');
        }
        out
    }

    /// Name of the log.
    #[must_use]
    pub fn origin(&self) -> &str {
        &self.origin
    }

    /// Number of receipts covered: those with the numbers 1 to `size`.
    #[must_use]
    pub fn size(&self) -> u64 {
        self.size
    }

    /// Root of their tree.
    #[must_use]
    pub fn root(&self) -> &Hash {
        &self.root
    }

    /// Root in base64, as the note shows it.
    #[must_use]
    pub fn root_text(&self) -> String {
        BASE64.encode(self.root)
    }

    /// Extension lines, in order.
    #[must_use]
    pub fn extensions(&self) -> &[String] {
        &self.extensions
    }
}

impl Serialize for Checkpoint {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut out = to.serialize_struct("Checkpoint", 3)?;
        out.serialize_field("origin", &self.origin)?;
        out.serialize_field("size", &self.size)?;
        out.serialize_field("root", &self.root_text())?;
        out.end()
    }
}

/// The signed note of a checkpoint. During a key rotation give the old and the new key. A key counts only
/// for the log of its own name, so the keys' names must equal the origin.
///
/// # Errors
/// [`Error::Key`] when there is no key or one is named otherwise than the origin.
pub fn sign_checkpoint(checkpoint: &Checkpoint, keys: &[&SigningKey]) -> Result<String, Error> {
    if keys.is_empty() || keys.iter().any(|key| key.name() != checkpoint.origin) {
        return Err(Error::Key { problem: "a checkpoint is signed by keys that bear the name of its origin" });
    }
    Ok(Note::sign(checkpoint.text(), keys).render())
}

/// Opens a note against keys that are all good. With keys in several states use a
/// [`Keyring`](super::Keyring).
///
/// # Errors
/// [`Error::Note`] when malformed, [`Error::BadSignature`] when a known key's signature does not verify,
/// [`Error::ForeignSignature`] when no known key of this origin signed.
pub fn open_checkpoint(note: &str, keys: &[VerifierKey]) -> Result<Checkpoint, Error> {
    let note = Note::parse(note)?;
    let checkpoint = Checkpoint::parse(note.text())?;
    let mut signed = false;
    for key in keys.iter().filter(|key| key.name() == checkpoint.origin) {
        match note.check(key) {
            Some(false) => return Err(Error::BadSignature { name: key.name().to_owned() }),
            Some(true) => signed = true,
            None => {}
        }
    }
    if signed { Ok(checkpoint) } else { Err(foreign(&note)) }
}

/// The refusal that names who did sign.
pub(super) fn foreign(note: &Note) -> Error {
    Error::ForeignSignature { names: note.signatures().iter().map(|s| s.name.clone()).collect() }
}

fn valid_line(line: &str) -> bool {
    !line.is_empty() && !line.chars().any(|c| c < ' ')
}
