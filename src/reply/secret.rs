//! The secret in a reply address: an HMAC over brief, revision, reviewer and expiry, in letters that survive lower-casing.
//! Own file because it is the one thing that binds an answer to what was asked. INVARIANT: [`Checked`] is made here alone, for exactly the
//! brief, revision, reviewer and expiry that the secret was made for; comparison takes the same time whatever is wrong.

use jiff::Timestamp;
use opspilot_sdk::sha256_hex;
use ring::hmac;
use std::fmt;
use subtle::ConstantTimeEq as _;

/// Letters of base32 (RFC 4648 section 6), in lower case.
const LETTERS: &[u8; 32] = b"abcdefghijklmnopqrstuvwxyz234567";

/// Bytes of a secret: version, expiry in seconds since 1970, and 160 bits of the tag.
const BYTES: usize = 25;

/// Letters of a secret: 25 bytes are exactly 40 letters, so that no secret can be written in two ways.
pub const LENGTH: usize = 40;

const VERSION: u8 = 1;

/// What a secret is bound to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bound<'a> {
    /// The brief's identifier.
    pub brief: &'a str,
    /// Digest of the revision that was shown.
    pub revision: &'a str,
    /// Identifier of the person it was shown to.
    pub reviewer: &'a str,
    /// Hash of the plan of writes that was shown; empty for none.
    pub plan: &'a str,
}

/// The key that secrets are made and checked with.
pub struct Key(hmac::Key);

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Key")
    }
}

/// A secret as found in a message, or made for one: 40 letters of the right form, not checked yet.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Token([u8; LENGTH]);

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token(…)")
    }
}

/// Proof that a secret was ours, for exactly what it names. No public constructor.
#[derive(Clone, PartialEq, Eq)]
pub struct Checked {
    brief: String,
    revision: String,
    reviewer: String,
    plan: String,
    expires: Timestamp,
    name: String,
}

impl fmt::Debug for Checked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Checked").field("brief", &self.brief).field("expires", &self.expires).finish_non_exhaustive()
    }
}

impl Checked {
    /// The brief's identifier.
    #[must_use]
    pub fn brief(&self) -> &str {
        &self.brief
    }

    /// Digest of the revision that was shown.
    #[must_use]
    pub fn revision(&self) -> &str {
        &self.revision
    }

    /// The person it was shown to.
    #[must_use]
    pub fn reviewer(&self) -> &str {
        &self.reviewer
    }

    /// Hash of the plan of writes that was shown; none when none was.
    #[must_use]
    pub fn plan(&self) -> Option<&str> {
        Some(self.plan.as_str()).filter(|plan| !plan.is_empty())
    }

    /// Until when it may be used.
    #[must_use]
    pub fn expires(&self) -> Timestamp {
        self.expires
    }

    /// The secret's [`Token::name`].
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }
}

impl Key {
    /// Over 32 bytes of chance that stay the same for the life of the house.
    #[must_use]
    pub fn new(bytes: &[u8; 32]) -> Self {
        Self(hmac::Key::new(hmac::HMAC_SHA256, bytes))
    }

    /// Makes the secret for one revision and one reviewer. Good until `expires`, to the second; past 2106 it is cut.
    #[must_use]
    pub fn mint(&self, bound: &Bound<'_>, expires: Timestamp) -> Token {
        let seconds = u32::try_from(expires.as_second().max(0)).unwrap_or(u32::MAX);
        self.at(bound, seconds)
    }

    /// Checks a secret against what it should be bound to. That it has expired is for the caller to see: [`Checked::expires`].
    #[must_use]
    pub fn check(&self, token: &Token, bound: &Bound<'_>) -> Option<Checked> {
        let [_, a, b, c, d, ..] = token.bytes();
        let seconds = u32::from_be_bytes([a, b, c, d]);
        let right = bool::from(self.at(bound, seconds).0.ct_eq(&token.0));
        right.then(|| Checked {
            brief: bound.brief.to_owned(),
            revision: bound.revision.to_owned(),
            reviewer: bound.reviewer.to_owned(),
            plan: bound.plan.to_owned(),
            expires: Timestamp::from_second(i64::from(seconds)).unwrap_or(Timestamp::UNIX_EPOCH),
            name: token.name(),
        })
    }

    fn at(&self, bound: &Bound<'_>, seconds: u32) -> Token {
        let mut context = hmac::Context::with_key(&self.0);
        context.update(b"opspilot reply 1");
        // A letter without a plan has the secret that it had before letters showed any.
        let plan = Some(bound.plan).filter(|plan| !plan.is_empty());
        for part in [bound.brief, bound.revision, bound.reviewer].into_iter().chain(plan) {
            // Lengths first, so that nothing can move from one part into the next.
            context.update(&u64::try_from(part.len()).unwrap_or(u64::MAX).to_be_bytes());
            context.update(part.as_bytes());
        }
        context.update(&seconds.to_be_bytes());
        let tag = context.sign();
        let mut bytes = [VERSION; BYTES];
        let [expiry, rest] = [1..5, 5..BYTES];
        bytes[expiry].copy_from_slice(&seconds.to_be_bytes());
        bytes[rest].copy_from_slice(tag.as_ref().get(..20).unwrap_or(&[0; 20]));
        Token::of(&bytes)
    }
}

impl Token {
    /// The letters, for an address, a subject or a message identifier.
    #[must_use]
    pub fn letters(&self) -> &str {
        std::str::from_utf8(&self.0).unwrap_or_default()
    }

    /// A name to find it by and to mark it as used: the SHA-256 of its letters in hex, from which it cannot be made.
    #[must_use]
    pub fn name(&self) -> String {
        sha256_hex(&self.0)
    }

    /// Every secret in a text: runs of exactly 40 letters, whatever their case, between other characters. At most eight.
    pub fn find(text: &str) -> impl Iterator<Item = Token> {
        let runs = text.split(|c: char| !c.is_ascii_alphanumeric()).filter(|run| run.len() == LENGTH);
        runs.filter_map(Self::read).take(8)
    }

    /// Reads 40 letters in any case.
    #[must_use]
    pub fn read(letters: &str) -> Option<Self> {
        let mut token = [0; LENGTH];
        if letters.len() != LENGTH {
            return None;
        }
        for (slot, letter) in token.iter_mut().zip(letters.bytes()) {
            *slot = letter.to_ascii_lowercase();
            if !LETTERS.contains(slot) {
                return None;
            }
        }
        let token = Self(token);
        (token.bytes().first() == Some(&VERSION)).then_some(token)
    }

    fn of(bytes: &[u8; BYTES]) -> Self {
        let mut letters = [0; LENGTH];
        for (five, eight) in bytes.chunks_exact(5).zip(letters.chunks_exact_mut(8)) {
            let bits = five.iter().fold(0_u64, |bits, byte| bits << 8 | u64::from(*byte));
            for (at, letter) in eight.iter_mut().enumerate() {
                let five = usize::try_from(bits >> (35 - 5 * at) & 31).unwrap_or(0);
                *letter = LETTERS.get(five).copied().unwrap_or(b'a');
            }
        }
        Self(letters)
    }

    fn bytes(&self) -> [u8; BYTES] {
        let mut bytes = [0; BYTES];
        for (eight, five) in self.0.chunks_exact(8).zip(bytes.chunks_exact_mut(5)) {
            let value = |letter: &u8| LETTERS.iter().position(|other| other == letter).unwrap_or(0);
            let bits = eight.iter().fold(0_u64, |bits, letter| bits << 5 | value(letter) as u64);
            for (slot, byte) in five.iter_mut().zip(bits.to_be_bytes().into_iter().skip(3)) {
                *slot = byte;
            }
        }
        bytes
    }
}

/// The address that an answer goes to: `intake+<secret>@…`.
#[must_use]
pub fn sub_address(mailbox: &str, token: &Token) -> Option<String> {
    let (local, domain) = mailbox.rsplit_once('@')?;
    // RFC 5321 section 4.5.3.1.1: 64 octets.
    let local = format!("{local}+{}", token.letters());
    (local.len() <= 64).then(|| format!("{local}@{domain}"))
}

/// What stands in the subject where addresses cannot carry the secret.
#[must_use]
pub fn subject_mark(token: &Token) -> String {
    format!("[OP-{}]", token.letters())
}
