//! Keys of a log: the secret one that signs heads, the public one that anyone checks them with.
//! Its own file because the secret type must stay small enough to see that nothing leaks from it. Forms after
//! C2SP signed-note: `name+id+base64(0x01 || public key)`, id = first 4 bytes of SHA-256(name, 0x0A, 0x01, key).
//!
//! INVARIANT: `SigningKey` has no debug, display or serialised form; errors about it carry no part of it.

use super::{Error, body::hex, tree::digest};
use base64::{Engine, engine::general_purpose::STANDARD as BASE64};
use ring::signature::{ED25519, Ed25519KeyPair, KeyPair, UnparsedPublicKey};
use std::fmt;
use std::str::FromStr;

/// C2SP algorithm number of plain Ed25519 note signatures.
const ED25519_NOTE: u8 = 1;
const SECRET_PREFIX: &str = "PRIVATE+KEY+";

/// An Ed25519 key that signs checkpoints under a name. The name is the origin of the log.
pub struct SigningKey {
    pair: Ed25519KeyPair,
    public: VerifierKey,
}

/// The public half, with the name it signs under.
#[derive(Clone, PartialEq, Eq)]
pub struct VerifierKey {
    name: String,
    id: [u8; 4],
    public: [u8; 32],
}

impl SigningKey {
    /// From 32 secret random bytes (RFC 8032 seed).
    ///
    /// # Errors
    /// [`Error::Key`] for a name that a note cannot carry.
    pub fn from_seed(name: &str, seed: &[u8; 32]) -> Result<Self, Error> {
        let pair = Ed25519KeyPair::from_seed_unchecked(seed)
            .map_err(|_| Error::Key { problem: "the seed is not usable; make a new key" })?;
        Self::from_pair(name, pair)
    }

    /// From a PKCS#8 document (DER, RFC 5958; version 1 as OpenSSL writes it, or version 2).
    ///
    /// # Errors
    /// [`Error::Key`] when it is no Ed25519 key, or for a name that a note cannot carry.
    pub fn from_pkcs8(name: &str, der: &[u8]) -> Result<Self, Error> {
        let pair = Ed25519KeyPair::from_pkcs8_maybe_unchecked(der)
            .map_err(|_| Error::Key { problem: "this is no Ed25519 private key in PKCS#8 (DER) form" })?;
        Self::from_pair(name, pair)
    }

    /// From the text of a key file, `PRIVATE+KEY+name+id+base64`, as [`secret_text`] writes it.
    ///
    /// # Errors
    /// [`Error::Key`] when it is anything else.
    pub fn from_text(text: &str) -> Result<Self, Error> {
        const PROBLEM: Error = Error::Key { problem: "the key file does not hold `PRIVATE+KEY+name+id+secret`" };
        let rest = text.trim().strip_prefix(SECRET_PREFIX).ok_or(PROBLEM)?;
        let (name, id, seed) = split_key(rest).ok_or(PROBLEM)?;
        let key = Self::from_seed(name, &seed)?;
        if key.public.id != id {
            return Err(Error::Key { problem: "the key file was altered: its id does not fit name and secret" });
        }
        Ok(key)
    }

    /// The public half.
    #[must_use]
    pub fn verifier(&self) -> &VerifierKey {
        &self.public
    }

    /// The name it signs under: the origin of its log.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.public.name
    }

    /// The signature (64 bytes) of a message.
    pub(super) fn sign(&self, message: &[u8]) -> Vec<u8> {
        self.pair.sign(message).as_ref().to_vec()
    }

    fn from_pair(name: &str, pair: Ed25519KeyPair) -> Result<Self, Error> {
        let mut public = [0; 32];
        public.copy_from_slice(pair.public_key().as_ref());
        Ok(Self { pair, public: VerifierKey::new(name, public)? })
    }
}

/// The text of a key file for a new key: `PRIVATE+KEY+name+id+base64(0x01 || seed)`. It is the secret itself;
/// write it to a file that only the daemon may read.
///
/// # Errors
/// [`Error::Key`] for a name that a note cannot carry.
pub fn secret_text(name: &str, seed: &[u8; 32]) -> Result<String, Error> {
    let key = SigningKey::from_seed(name, seed)?;
    let mut tagged = vec![ED25519_NOTE];
    tagged.extend_from_slice(seed);
    Ok(format!("{SECRET_PREFIX}{name}+{}+{}", key.public.id(), BASE64.encode(tagged)))
}

impl VerifierKey {
    /// From a name and the 32 bytes of an Ed25519 public key.
    ///
    /// # Errors
    /// [`Error::Key`] for a name that is empty or holds a space, a `+` or a control character.
    pub fn new(name: &str, public: [u8; 32]) -> Result<Self, Error> {
        if !valid_name(name) {
            return Err(Error::Key { problem: "its name is empty or holds a space, a `+` or a control character" });
        }
        let hash = digest(&[name.as_bytes(), b"\n", &[ED25519_NOTE], &public]);
        let [a, b, c, d, ..] = hash;
        Ok(Self { name: name.to_owned(), id: [a, b, c, d], public })
    }

    /// The name it verifies for: the origin of its log.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Key id, eight hexadecimal digits.
    #[must_use]
    pub fn id(&self) -> String {
        hex(&self.id)
    }

    pub(super) fn id_bytes(&self) -> [u8; 4] {
        self.id
    }

    /// Whether this is a signature of the message by this key (RFC 8032, strict).
    #[must_use]
    pub fn verifies(&self, message: &[u8], signature: &[u8]) -> bool {
        UnparsedPublicKey::new(&ED25519, &self.public).verify(message, signature).is_ok()
    }
}

impl FromStr for VerifierKey {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        const PROBLEM: Error = Error::Key { problem: "this is no verifier key of the form `name+id+key`" };
        let (name, id, public) = split_key(text.trim()).ok_or(PROBLEM)?;
        let key = Self::new(name, public)?;
        if key.id != id {
            return Err(Error::Key { problem: "its id does not fit its name and key: it was altered or mistyped" });
        }
        Ok(key)
    }
}

impl fmt::Display for VerifierKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut tagged = vec![ED25519_NOTE];
        tagged.extend_from_slice(&self.public);
        write!(f, "{}+{}+{}", self.name, self.id(), BASE64.encode(tagged))
    }
}

impl fmt::Debug for VerifierKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// What C2SP signed-note allows as the name of a key.
pub(super) fn valid_name(name: &str) -> bool {
    !name.is_empty() && !name.chars().any(|c| c.is_whitespace() || c.is_control() || c == '+')
}

/// Splits `name+id+base64(0x01 || 32 bytes)`. The base64 part may itself hold `+`.
fn split_key(text: &str) -> Option<(&str, [u8; 4], [u8; 32])> {
    let (name, rest) = text.split_once('+')?;
    let (id, key) = rest.split_once('+')?;
    // Only the one spelling that we write: eight lower-case digits.
    let number = u32::from_str_radix(id, 16).ok().filter(|n| format!("{n:08x}") == id)?;
    let key = BASE64.decode(key).ok()?;
    let (algorithm, key) = key.split_first()?;
    (*algorithm == ED25519_NOTE).then_some((name, number.to_be_bytes(), key.try_into().ok()?))
}
