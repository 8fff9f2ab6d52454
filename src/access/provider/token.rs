//! ID tokens of a provider (OpenID Connect Core 1.0, 3.1.3.7; RFC 7515, 7517, 7519), verified. Own file because it is pure: a token, keys and
//! what was asked in; who it is, or why not, out. INVARIANT: the key is one of the provider's, of the algorithm that it is for; a token without a
//! signature, or signed with a shared secret, is none.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::{SignedDuration, Timestamp};
use ring::signature::{
    ECDSA_P256_SHA256_FIXED, ED25519, RSA_PKCS1_2048_8192_SHA256, RSA_PSS_2048_8192_SHA256, RsaPublicKeyComponents,
    UnparsedPublicKey,
};
use serde::Deserialize;
use subtle::ConstantTimeEq as _;

/// How far the provider's clock may be from ours.
const SKEW: SignedDuration = SignedDuration::from_secs(60);
/// Oldest token, whenever it says that it ends.
const OLDEST: SignedDuration = SignedDuration::from_mins(10);
/// Longest token, in bytes.
const LONGEST: usize = 32 << 10;

/// Why a token says nothing.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Untrue {
    /// It is no token of the right form.
    #[error("its answer is no ID token")]
    Form,
    /// Its algorithm is none of those that are taken.
    #[error("its ID token is signed by an algorithm that is not taken here; choose RS256, PS256, ES256 or EdDSA there")]
    Algorithm,
    /// None of the provider's keys fits it.
    #[error("its ID token names a key that it does not publish")]
    Key,
    /// The signature is not by the key.
    #[error("the signature of its ID token is wrong")]
    Signature,
    /// It says something else than was asked.
    #[error("its ID token is not for this sign-in: the {0} is another")]
    Other(&'static str),
    /// It is over, or not yet true.
    #[error("its ID token is too old or from the future; compare the clocks")]
    Time,
}

/// A provider's public keys (RFC 7517).
#[derive(Clone, Debug, Default, Deserialize)]
pub struct Keys {
    keys: Vec<Jwk>,
}

#[derive(Clone, Debug, Deserialize)]
struct Jwk {
    kty: String,
    #[serde(default)]
    kid: Option<String>,
    #[serde(default)]
    alg: Option<String>,
    #[serde(default, rename = "use")]
    usage: Option<String>,
    #[serde(default)]
    crv: Option<String>,
    #[serde(default)]
    n: Option<String>,
    #[serde(default)]
    e: Option<String>,
    #[serde(default)]
    x: Option<String>,
    #[serde(default)]
    y: Option<String>,
}

/// What was asked.
#[derive(Clone, Copy, Debug)]
pub struct Asked<'a> {
    /// Who must have made it.
    pub issuer: &'a str,
    /// Whom it must be for.
    pub client_id: &'a str,
    /// The mark of this sign-in.
    pub nonce: &'a str,
    /// Now.
    pub now: Timestamp,
}

/// Who somebody is at a provider.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Who {
    /// Their name there, which never changes.
    pub subject: String,
    /// Their e-mail address, when the provider says that it is proven.
    pub email: Option<String>,
}

#[derive(Deserialize)]
struct Head {
    alg: String,
    #[serde(default)]
    kid: Option<String>,
    #[serde(default)]
    crit: Option<serde_json::Value>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Audience {
    One(String),
    Many(Vec<String>),
}

#[derive(Deserialize)]
struct Claims {
    iss: String,
    sub: String,
    aud: Audience,
    exp: f64,
    iat: f64,
    #[serde(default)]
    nbf: Option<f64>,
    #[serde(default)]
    nonce: Option<String>,
    #[serde(default)]
    azp: Option<String>,
    #[serde(default)]
    email: Option<String>,
    #[serde(default)]
    email_verified: Option<serde_json::Value>,
}

/// Verifies a token.
///
/// # Errors
/// [`Untrue`].
pub fn verify(token: &str, keys: &Keys, asked: &Asked<'_>) -> Result<Who, Untrue> {
    if token.len() > LONGEST {
        return Err(Untrue::Form);
    }
    let (signed, signature) = token.rsplit_once('.').ok_or(Untrue::Form)?;
    let (head, claims) = signed.split_once('.').filter(|(_, rest)| !rest.contains('.')).ok_or(Untrue::Form)?;
    let part = |text: &str| URL_SAFE_NO_PAD.decode(text).map_err(|_| Untrue::Form);
    let head: Head = serde_json::from_slice(&part(head)?).map_err(|_| Untrue::Form)?;
    if head.crit.is_some() {
        return Err(Untrue::Form);
    }
    check(&head, keys, signed.as_bytes(), &part(signature)?)?;
    let claims: Claims = serde_json::from_slice(&part(claims)?).map_err(|_| Untrue::Form)?;
    agree(claims, asked)
}

fn check(head: &Head, keys: &Keys, signed: &[u8], signature: &[u8]) -> Result<(), Untrue> {
    let (kind, curve) = match head.alg.as_str() {
        "RS256" | "PS256" => ("RSA", None),
        "ES256" => ("EC", Some("P-256")),
        "EdDSA" | "Ed25519" => ("OKP", Some("Ed25519")),
        _ => return Err(Untrue::Algorithm),
    };
    let fits = |key: &&Jwk| {
        key.kty == kind
            && key.crv.as_deref() == curve
            && key.alg.as_deref().is_none_or(|alg| alg == head.alg)
            && key.usage.as_deref().is_none_or(|usage| usage == "sig")
            && head.kid.as_deref().is_none_or(|kid| key.kid.as_deref() == Some(kid))
    };
    let mut fitting = keys.keys.iter().filter(fits).peekable();
    if fitting.peek().is_none() {
        return Err(Untrue::Key);
    }
    if fitting.any(|key| is_by(key, &head.alg, signed, signature).is_some()) { Ok(()) } else { Err(Untrue::Signature) }
}

fn is_by(key: &Jwk, algorithm: &str, signed: &[u8], signature: &[u8]) -> Option<()> {
    let bytes = |text: &Option<String>| URL_SAFE_NO_PAD.decode(text.as_deref()?).ok();
    match algorithm {
        "RS256" | "PS256" => {
            let (n, e) = (bytes(&key.n)?, bytes(&key.e)?);
            let how = if algorithm == "RS256" { &RSA_PKCS1_2048_8192_SHA256 } else { &RSA_PSS_2048_8192_SHA256 };
            RsaPublicKeyComponents { n, e }.verify(how, signed, signature).ok()
        }
        "ES256" => {
            let point = [&[4][..], &bytes(&key.x)?, &bytes(&key.y)?].concat();
            UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, point).verify(signed, signature).ok()
        }
        _ => UnparsedPublicKey::new(&ED25519, bytes(&key.x)?).verify(signed, signature).ok(),
    }
}

fn agree(claims: Claims, asked: &Asked<'_>) -> Result<Who, Untrue> {
    if claims.iss != asked.issuer {
        return Err(Untrue::Other("issuer"));
    }
    let (named, several) = match &claims.aud {
        Audience::One(one) => (one == asked.client_id, false),
        Audience::Many(many) => (many.iter().any(|one| one == asked.client_id), many.len() > 1),
    };
    // 3.1.3.7, steps 3 to 5: of several audiences, the one it was made for has to be this one.
    let azp = claims.azp.as_deref();
    if !named || azp.is_some_and(|azp| azp != asked.client_id) || (several && azp.is_none()) {
        return Err(Untrue::Other("audience"));
    }
    let nonce = claims.nonce.unwrap_or_default();
    if !bool::from(nonce.as_bytes().ct_eq(asked.nonce.as_bytes())) {
        return Err(Untrue::Other("nonce"));
    }
    let (now, skew) = (asked.now.as_second() as f64, SKEW.as_secs() as f64);
    let young = claims.iat <= now + skew && claims.iat >= now - OLDEST.as_secs() as f64;
    if claims.exp <= now - skew || !young || claims.nbf.is_some_and(|from| from > now + skew) {
        return Err(Untrue::Time);
    }
    if claims.sub.is_empty() || claims.sub.len() > 255 {
        return Err(Untrue::Form);
    }
    // Some say it in quotes.
    let proven = match claims.email_verified {
        Some(serde_json::Value::Bool(proven)) => proven,
        Some(serde_json::Value::String(text)) => text == "true",
        _ => false,
    };
    Ok(Who { subject: claims.sub, email: claims.email.filter(|_| proven) })
}
