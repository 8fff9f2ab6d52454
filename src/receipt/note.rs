//! Signed notes (C2SP signed-note): a text, an empty line, lines of signatures.
//! Its own file because the form knows nothing of logs; what the text means is `checkpoint`'s business.
//!
//! INVARIANT: a parsed note renders to exactly the bytes it was parsed from, so no byte of a note can be
//! changed unseen in a part that no signature covers.

use super::{Error, SigningKey, VerifierKey, key::valid_name};
use base64::{Engine, engine::general_purpose::STANDARD as BASE64};

const MAX_BYTES: usize = 64 * 1024;
const MAX_SIGNATURES: usize = 16;

/// A note in its parts. Parsing proves nothing; see [`Note::check`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Note {
    text: String,
    signatures: Vec<Signature>,
}

/// One signature line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signature {
    /// Name of the key.
    pub name: String,
    /// Key id.
    pub id: [u8; 4],
    /// What the key made of the text.
    pub bytes: Vec<u8>,
}

impl Note {
    /// Signs a text, which ends with a newline, with each of the keys.
    pub(super) fn sign(text: String, keys: &[&SigningKey]) -> Self {
        let sign = |key: &&SigningKey| Signature {
            name: key.name().to_owned(),
            id: key.verifier().id_bytes(),
            bytes: key.sign(text.as_bytes()),
        };
        let signatures = keys.iter().map(sign).collect();
        Self { text, signatures }
    }

    /// Takes a note apart.
    ///
    /// # Errors
    /// [`Error::Note`] for anything that is not exactly a signed note of at most 64 KiB and 16 signatures.
    pub fn parse(note: &str) -> Result<Self, Error> {
        let refuse = |problem| Err(Error::Note { problem });
        if note.len() > MAX_BYTES {
            return refuse("it is larger than 64 KiB");
        }
        if note.chars().any(|c| c < ' ' && c != '\n') {
            return refuse("it holds a control character");
        }
        let Some(at) = note.rfind("\n\n") else { return refuse("no empty line stands before the signatures") };
        let (text, rest) = note.split_at_checked(at + 1).unwrap_or((note, ""));
        let Some(lines) = rest.strip_prefix('\n').and_then(|lines| lines.strip_suffix('\n')) else {
            return refuse("it does not end with a complete signature line");
        };
        let mut signatures = Vec::new();
        for line in lines.split('\n') {
            if signatures.len() == MAX_SIGNATURES {
                return refuse("it has more than 16 signatures");
            }
            let Some(signature) = parse_signature(line) else { return refuse("a signature line is malformed") };
            signatures.push(signature);
        }
        let parsed = Self { text: text.to_owned(), signatures };
        if parsed.render() != note { refuse("it is not in its one exact form") } else { Ok(parsed) }
    }

    /// The signed text, with its last newline.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The signatures, in order.
    #[must_use]
    pub fn signatures(&self) -> &[Signature] {
        &self.signatures
    }

    /// The note as it is stored and sent.
    #[must_use]
    pub fn render(&self) -> String {
        let mut out = String::with_capacity(self.text.len() + 1 + 160 * self.signatures.len());
        out.push_str(&self.text);
        out.push('\n');
        for signature in &self.signatures {
            let mut tagged = signature.id.to_vec();
            tagged.extend_from_slice(&signature.bytes);
            out.push_str("\u{2014} ");
            out.push_str(&signature.name);
            out.push(' ');
            BASE64.encode_string(tagged, &mut out);
            out.push('\n');
        }
        out
    }

    /// Whether this key signed: `None` when it did not sign at all, `Some(false)` when what stands under its
    /// name and id is not its signature.
    #[must_use]
    pub fn check(&self, key: &VerifierKey) -> Option<bool> {
        let mut own = self.signatures.iter().filter(|s| s.name == key.name() && s.id == key.id_bytes()).peekable();
        own.peek()?;
        Some(own.all(|s| key.verifies(self.text.as_bytes(), &s.bytes)))
    }
}

fn parse_signature(line: &str) -> Option<Signature> {
    let (name, encoded) = line.strip_prefix("\u{2014} ")?.split_once(' ')?;
    let tagged = BASE64.decode(encoded).ok()?;
    let (id, bytes) = tagged.split_first_chunk::<4>()?;
    (valid_name(name) && !bytes.is_empty()).then(|| Signature { name: name.to_owned(), id: *id, bytes: bytes.to_vec() })
}
