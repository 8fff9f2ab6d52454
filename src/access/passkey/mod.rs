//! Passkeys: what a browser brings back from an authenticator, verified (Web Authentication level 3, sections 7.1 and 7.2). Own folder because
//! it is pure: bytes in, a verdict out; docs/adr/0013 says why it is ours. INVARIANT: a passkey counts only for the challenge that was given, on
//! the origin and for the relying party that this daemon is, with its person present and verified.

mod authenticator;
mod cbor;
mod key;

#[cfg(test)]
mod tests;

pub use key::{ALGORITHMS, Key};

use authenticator::{Authenticator, Flags};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Deserialize;

/// Largest answer that is looked at, in bytes, each part.
const LARGEST: usize = 64 << 10;
/// Longest name of a credential, in bytes (7.1, step 25).
const LONGEST_CREDENTIAL: usize = 1023;

/// Who this daemon is to authenticators.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Relying {
    /// The relying party's identifier: a domain.
    pub id: String,
    /// The origin of its pages.
    pub origin: String,
}

impl Relying {
    /// From the public address of the daemon; nothing where browsers allow no passkeys: without TLS (but for `localhost`), or under a
    /// number instead of a name.
    #[must_use]
    pub fn at(base_url: &str) -> Option<Self> {
        let (scheme, rest) = base_url.split_once("://")?;
        let authority = rest.split(['/', '?', '#']).next()?.to_ascii_lowercase();
        let host = authority.rsplit_once(':').map_or(authority.as_str(), |(host, _)| host);
        let local = host == "localhost" || host.ends_with(".localhost");
        let number = host.starts_with('[') || host.parse::<std::net::Ipv4Addr>().is_ok();
        let fits = !host.is_empty() && !number && (scheme == "https" || (scheme == "http" && local));
        let usual = match scheme {
            "https" => ":443",
            _ => ":80",
        };
        let origin = format!("{scheme}://{}", authority.strip_suffix(usual).unwrap_or(&authority));
        fits.then(|| Self { id: host.to_owned(), origin })
    }
}

/// Why an answer counts for nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unfit {
    /// It cannot be read.
    #[error("the {0} cannot be read")]
    Malformed(&'static str),
    /// It answers something else.
    #[error("the {0} is not the one that was asked for")]
    Other(&'static str),
    /// The person was not there, or was not verified.
    #[error("the passkey did not verify its person, by a touch and a code, finger or face")]
    Unverified,
    /// A kind of key that is not taken.
    #[error("the kind of key is not one that was asked for")]
    Algorithm,
    /// The signature is not by the key.
    #[error("the signature is not by this passkey")]
    Signature,
}

/// What the browser says of the ceremony.
#[derive(Deserialize)]
struct Said {
    #[serde(rename = "type")]
    kind: String,
    challenge: String,
    origin: String,
    #[serde(default, rename = "crossOrigin")]
    cross_origin: bool,
}

/// A challenge as it went out, found in what came back: the key under which it was kept.
///
/// # Errors
/// [`Unfit::Malformed`].
pub fn challenge(client_data: &[u8]) -> Result<String, Unfit> {
    Ok(said(client_data)?.challenge)
}

fn said(client_data: &[u8]) -> Result<Said, Unfit> {
    if client_data.len() > LARGEST {
        return Err(Unfit::Malformed("browser's account"));
    }
    serde_json::from_slice(client_data).map_err(|_| Unfit::Malformed("browser's account"))
}

fn sha256(bytes: &[u8]) -> [u8; 32] {
    let mut out = [0; 32];
    out.copy_from_slice(ring::digest::digest(&ring::digest::SHA256, bytes).as_ref());
    out
}

fn agree(said: &Said, kind: &str, challenge: &str, relying: &Relying) -> Result<(), Unfit> {
    if said.kind != kind {
        return Err(Unfit::Other("ceremony"));
    }
    if said.challenge != challenge {
        return Err(Unfit::Other("challenge"));
    }
    if said.origin != relying.origin || said.cross_origin {
        return Err(Unfit::Other("page"));
    }
    Ok(())
}

fn stands(authenticator: &Authenticator<'_>, relying: &Relying) -> Result<(), Unfit> {
    if authenticator.relying != sha256(relying.id.as_bytes()) {
        return Err(Unfit::Other("site"));
    }
    let flags = authenticator.flags;
    if !flags.has(Flags::PRESENT) || !flags.has(Flags::VERIFIED) {
        return Err(Unfit::Unverified);
    }
    if flags.has(Flags::BACKED_UP) && !flags.has(Flags::MAY_BACK_UP) {
        return Err(Unfit::Malformed("authenticator's data"));
    }
    Ok(())
}

/// A passkey that was just made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Registered {
    /// What the authenticator calls it, in base64url.
    pub credential: String,
    /// Its public key.
    pub key: Key,
    /// How often it was used, as it says.
    pub sign_count: u32,
    /// Whether it is kept in more than one place.
    pub backed_up: bool,
}

/// Verifies the making of a passkey (7.1). What vouches for the make of the authenticator is not asked for and not looked at.
///
/// # Errors
/// [`Unfit`].
pub fn register(
    relying: &Relying,
    challenge: &str,
    client_data: &[u8],
    attestation: &[u8],
) -> Result<Registered, Unfit> {
    agree(&said(client_data)?, "webauthn.create", challenge, relying)?;
    if attestation.len() > LARGEST {
        return Err(Unfit::Malformed("attestation"));
    }
    let data = cbor::member(attestation, "authData").ok_or(Unfit::Malformed("attestation"))?;
    let authenticator = Authenticator::read(data).ok_or(Unfit::Malformed("authenticator's data"))?;
    stands(&authenticator, relying)?;
    let (credential, key) = authenticator.made.ok_or(Unfit::Malformed("authenticator's data"))?;
    if credential.is_empty() || credential.len() > LONGEST_CREDENTIAL {
        return Err(Unfit::Malformed("name of the passkey"));
    }
    Ok(Registered {
        credential: URL_SAFE_NO_PAD.encode(credential),
        key: Key::read(key)?,
        sign_count: authenticator.count,
        backed_up: authenticator.flags.has(Flags::BACKED_UP),
    })
}

/// Verifies the use of a passkey (7.2); how often it was used, as it says. Whether that grew is for the store to hold against what it said before.
///
/// # Errors
/// [`Unfit`].
pub fn assert(
    relying: &Relying,
    challenge: &str,
    public_key: &[u8],
    client_data: &[u8],
    authenticator_data: &[u8],
    signature: &[u8],
) -> Result<u32, Unfit> {
    agree(&said(client_data)?, "webauthn.get", challenge, relying)?;
    if authenticator_data.len() > LARGEST {
        return Err(Unfit::Malformed("authenticator's data"));
    }
    let authenticator = Authenticator::read(authenticator_data).ok_or(Unfit::Malformed("authenticator's data"))?;
    stands(&authenticator, relying)?;
    let signed = [authenticator_data, sha256(client_data).as_slice()].concat();
    Key::read(public_key)?.verify(&signed, signature)?;
    Ok(authenticator.count)
}
