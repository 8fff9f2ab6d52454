//! Proof of origin: HMAC-SHA-256 signatures as Standard Webhooks and seven vendors make them, and bearer tokens. Own file because it
//! decides who is believed. INVARIANT: the signature is checked over the raw bytes, in constant time, against every configured
//! secret; a header that stands twice counts as missing; a timestamp is checked in both directions and is part of what is signed.

use crate::options::Scheme;
use crate::refuse::{
    NOT_LOOPBACK, PROOF_MISSING, SECRET_UNUSABLE, SIGNATURE_WRONG, STALE, TOKEN_WRONG, shown, unauthorised,
};
use base64::Engine as _;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use jiff::Timestamp;
use opspilot_sdk::{ConnectorError, Delivery, ErrorKind, Refusal, Secret};
use ring::hmac;
use std::fmt;
use subtle::ConstantTimeEq as _;

const BASE64: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);
/// More candidates than any rotation needs; the rest is not looked at.
const MAX_CANDIDATES: usize = 16;

/// The header in which a signature stands, and how it is written there.
#[derive(Clone, Copy)]
struct Written(&'static str, &'static str);

const V1: Written = Written("webhook-signature", "`v1,` and base64");
const STRIPE: Written = Written("stripe-signature", "`v1=` and hex");

/// Checks deliveries against the secrets of one source.
pub(crate) struct Verifier {
    scheme: Scheme,
    /// For signatures.
    keys: Vec<hmac::Key>,
    /// Digests of the tokens, for bearer: of equal length, so that comparing tells nothing about a token's length.
    tokens: Vec<hmac::Tag>,
    tolerance_secs: u64,
}

impl fmt::Debug for Verifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Verifier")
            .field("scheme", &self.scheme)
            .field("secrets", &(self.keys.len() + self.tokens.len()))
            .finish_non_exhaustive()
    }
}

impl Verifier {
    /// Prepares the keys.
    ///
    /// # Errors
    /// `OP-2121` when a secret is too short or not in the form the scheme needs.
    pub(crate) fn new(scheme: Scheme, secrets: &[Secret], tolerance_secs: u64) -> Result<Self, ConnectorError> {
        let bytes = secrets.iter().map(|secret| key_bytes(scheme, secret)).collect::<Result<Vec<_>, _>>()?;
        let (mut keys, mut tokens) = (Vec::new(), Vec::new());
        for bytes in bytes {
            match scheme {
                Scheme::Bearer => tokens.push(token_digest(&bytes)),
                _ => keys.push(hmac::Key::new(hmac::HMAC_SHA256, &bytes)),
            }
        }
        Ok(Self { scheme, keys, tokens, tolerance_secs })
    }

    /// Whether the delivery comes from who holds the secret.
    ///
    /// # Errors
    /// A refusal that does not tell which secret came close.
    pub(crate) fn check(&self, delivery: &Delivery<'_>, now: Timestamp) -> Result<(), Refusal> {
        let body = delivery.body;
        match self.scheme {
            Scheme::Standard => {
                let id = once(delivery, "webhook-id")?;
                let timestamp = once(delivery, "webhook-timestamp")?;
                let signatures = once(delivery, "webhook-signature")?;
                self.fresh(timestamp, 1, now)?;
                let candidates =
                    signatures.split(' ').filter_map(|one| one.strip_prefix("v1,")).filter_map(from_base64);
                self.matches(&[id.as_bytes(), b".", timestamp.as_bytes(), b".", body], candidates, V1)
            }
            Scheme::Stripe => {
                let header = once(delivery, "stripe-signature")?;
                let values = |name: &'static str| {
                    header
                        .split(',')
                        .filter_map(move |part| part.trim().split_once('=').filter(|(key, _)| *key == name))
                };
                let mut timestamps = values("t").map(|(_, value)| value);
                let (Some(timestamp), None) = (timestamps.next(), timestamps.next()) else {
                    let said = "the header `stripe-signature` needs exactly one `t=`; check that the sender signs as Stripe does";
                    return Err(unauthorised(PROOF_MISSING, said));
                };
                self.fresh(timestamp, 1, now)?;
                let candidates = values("v1").filter_map(|(_, value)| from_hex(value));
                self.matches(&[timestamp.as_bytes(), b".", body], candidates, STRIPE)
            }
            Scheme::Webflow => {
                let timestamp = once(delivery, "x-webflow-timestamp")?;
                let signature = once(delivery, "x-webflow-signature")?;
                self.fresh(timestamp, 1_000, now)?;
                self.matches(
                    &[timestamp.as_bytes(), b":", body],
                    from_hex(signature),
                    Written("x-webflow-signature", "hex"),
                )
            }
            Scheme::Hubspot => {
                let timestamp = once(delivery, "x-hubspot-request-timestamp")?;
                let signature = once(delivery, "x-hubspot-signature-v3")?;
                self.fresh(timestamp, 1_000, now)?;
                let target = hubspot_target(delivery.target);
                let parts = [
                    delivery.method.as_bytes(),
                    delivery.base_url.as_bytes(),
                    target.as_bytes(),
                    body,
                    timestamp.as_bytes(),
                ];
                self.matches(&parts, from_base64(signature), Written("x-hubspot-signature-v3", "base64"))
            }
            Scheme::Github => {
                let written = Written("x-hub-signature-256", "`sha256=` and hex");
                let signature = once(delivery, written.0)?;
                self.matches(&[body], signature.strip_prefix("sha256=").and_then(from_hex), written)
            }
            Scheme::Typeform => {
                let written = Written("typeform-signature", "`sha256=` and base64");
                let signature = once(delivery, written.0)?;
                self.matches(&[body], signature.strip_prefix("sha256=").and_then(from_base64), written)
            }
            Scheme::Tally => {
                let written = Written("tally-signature", "base64");
                self.matches(&[body], from_base64(once(delivery, written.0)?), written)
            }
            Scheme::Shopify => {
                let written = Written("x-shopify-hmac-sha256", "base64");
                self.matches(&[body], from_base64(once(delivery, written.0)?), written)
            }
            Scheme::Bearer => self.bearer(present(delivery, "authorization", "send `Bearer <token>` in it, once")?),
            Scheme::None if delivery.from_loopback => Ok(()),
            Scheme::None => Err(unauthorised(
                NOT_LOOPBACK,
                "this source verifies nothing and so takes deliveries from this machine only; configure `verify` for it",
            )),
        }
    }

    fn matches(
        &self,
        message: &[&[u8]],
        candidates: impl IntoIterator<Item = Vec<u8>>,
        Written(header, form): Written,
    ) -> Result<(), Refusal> {
        let candidates: Vec<Vec<u8>> = candidates.into_iter().take(MAX_CANDIDATES).collect();
        if candidates.is_empty() {
            let said = format!(
                "the header `{header}` holds no signature written as {form}; check that the sender signs in the way this source is set to"
            );
            return Err(unauthorised(PROOF_MISSING, said));
        }
        let mut found = subtle::Choice::from(0);
        for key in &self.keys {
            let mut context = hmac::Context::with_key(key);
            for part in message {
                context.update(part);
            }
            let tag = context.sign();
            for candidate in &candidates {
                found |= tag.as_ref().ct_eq(candidate);
            }
        }
        if bool::from(found) {
            return Ok(());
        }
        Err(unauthorised(
            SIGNATURE_WRONG,
            "the signature does not fit the body; check that sender and source share the secret and that nothing rewrites the body",
        ))
    }

    fn fresh(&self, timestamp: &str, per_second: i64, now: Timestamp) -> Result<(), Refusal> {
        let digits = !timestamp.is_empty() && timestamp.bytes().all(|byte| byte.is_ascii_digit());
        let Some(sent) = timestamp.parse::<i64>().ok().filter(|_| digits) else {
            let unit = if per_second == 1 { "seconds" } else { "milliseconds" };
            let said = format!(
                "the timestamp `{}` is not a number; send the {unit} since 1970 at which the delivery was signed, in digits",
                shown(timestamp)
            );
            return Err(unauthorised(STALE, said));
        };
        if now.as_second().abs_diff(sent / per_second) > self.tolerance_secs {
            let allowed = self.tolerance_secs;
            return Err(unauthorised(
                STALE,
                format!(
                    "the signed timestamp is more than {allowed} seconds away from now; check both clocks, send it anew"
                ),
            ));
        }
        Ok(())
    }

    fn bearer(&self, authorization: &str) -> Result<(), Refusal> {
        let (kind, value) = authorization.split_once(' ').unwrap_or((authorization, ""));
        let presented = if kind.eq_ignore_ascii_case("bearer") {
            Some(value.trim().as_bytes().to_vec())
        } else if kind.eq_ignore_ascii_case("basic") {
            let pair = from_base64(value.trim()).unwrap_or_default();
            pair.iter().position(|byte| *byte == b':').and_then(|colon| pair.get(colon + 1..)).map(<[u8]>::to_vec)
        } else {
            None
        };
        let Some(presented) = presented.filter(|token| !token.is_empty()) else {
            return Err(unauthorised(PROOF_MISSING, "the header `authorization` must read `Bearer <token>`"));
        };
        let presented = token_digest(&presented);
        let mut found = subtle::Choice::from(0);
        for token in &self.tokens {
            found |= token.as_ref().ct_eq(presented.as_ref());
        }
        if bool::from(found) {
            Ok(())
        } else {
            Err(unauthorised(
                TOKEN_WRONG,
                "the token is not the one of this source; copy it again, whole, from where the source has it to the sender",
            ))
        }
    }
}

/// The digest under which tokens are compared. The key is no secret; it only sets this use of the hash apart from others.
fn token_digest(token: &[u8]) -> hmac::Tag {
    hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, b"opspilot webhook token"), token)
}

fn key_bytes(scheme: Scheme, secret: &Secret) -> Result<Vec<u8>, ConnectorError> {
    let text = secret.expose();
    let unusable = |message: &str| ConnectorError::new(ErrorKind::Misconfigured, SECRET_UNUSABLE, message);
    let bytes = match scheme {
        Scheme::Standard => from_base64(text.strip_prefix("whsec_").unwrap_or(text))
            .ok_or_else(|| unusable("a webhook secret is not base64 (`whsec_…`); copy it whole from the sender"))?,
        _ => text.as_bytes().to_vec(),
    };
    if bytes.len() < 8 || (scheme == Scheme::Bearer && bytes.len() < 16) {
        return Err(unusable("a webhook secret is too short; use at least 16 random characters"));
    }
    Ok(bytes)
}

/// A header of a signature.
fn once<'a>(delivery: &Delivery<'a>, name: &str) -> Result<&'a str, Refusal> {
    present(delivery, name, "check that the sender signs deliveries")
}

fn present<'a>(delivery: &Delivery<'a>, name: &str, remedy: &str) -> Result<&'a str, Refusal> {
    delivery.header(name).map(str::trim).filter(|value| !value.is_empty()).ok_or_else(|| {
        unauthorised(PROOF_MISSING, format!("the header `{name}` must stand exactly once, with a value; {remedy}"))
    })
}

fn from_base64(text: &str) -> Option<Vec<u8>> {
    BASE64.decode(text).ok()
}

fn from_hex(text: &str) -> Option<Vec<u8>> {
    let (pairs, rest) = text.as_bytes().as_chunks::<2>();
    let digit = |byte: u8| char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    if !rest.is_empty() {
        return None;
    }
    pairs.iter().map(|[high, low]| Some(digit(*high)? * 16 + digit(*low)?)).collect()
}

/// `HubSpot` signs the URL with these escapes undone (its "validating requests" page, version 3).
fn hubspot_target(target: &str) -> String {
    const UNDONE: [(&str, &str); 11] = [
        ("%3A", ":"),
        ("%2F", "/"),
        ("%40", "@"),
        ("%21", "!"),
        ("%24", "$"),
        ("%27", "'"),
        ("%28", "("),
        ("%29", ")"),
        ("%2A", "*"),
        ("%2C", ","),
        ("%3B", ";"),
    ];
    let undone = UNDONE.iter().fold(target.to_owned(), |text, (escape, plain)| {
        text.replace(escape, plain).replace(&escape.to_ascii_lowercase(), plain)
    });
    undone.replace("%3F", "?").replace("%3f", "?")
}

#[cfg(test)]
#[path = "verify_tests.rs"]
mod tests;
