//! Signing what goes out (RFC 6376; Ed25519: RFC 8463). Own file because the key is read here and nowhere else, and never shown.
//! INVARIANT: a letter is signed over every field that a person or a program acts on, or not sent.

use crate::fault;
use crate::options::Dkim;
use mail_auth::common::crypto::{DkimKey, Ed25519Key, RsaKey, Sha256};
use mail_auth::common::headers::HeaderWriter as _;
use mail_auth::dkim::{Canonicalization, DkimSigner, Done};
use opspilot_sdk::{ConnectorError, ErrorKind};
use rustls_pki_types::PrivateKeyDer;
use rustls_pki_types::pem::PemObject as _;

/// The fields under the signature.
const FIELDS: [&str; 12] = [
    "From",
    "To",
    "Subject",
    "Date",
    "Message-ID",
    "Reply-To",
    "In-Reply-To",
    "References",
    "MIME-Version",
    "Content-Type",
    "Content-Transfer-Encoding",
    "Auto-Submitted",
];

/// Signs letters.
pub(crate) struct Signer(DkimSigner<DkimKey, Done>);

impl Signer {
    /// A signer with the key in `pem`: RSA (PKCS #1 or #8) or Ed25519 (PKCS #8).
    pub(crate) fn new(dkim: &Dkim, pem: &str) -> Result<Self, ConnectorError> {
        let key = key(pem).ok_or_else(|| {
            let message = "`dkim.key_file` holds no key that can sign; use an RSA key of 2048 bits or an Ed25519 key, PEM, without a password";
            ConnectorError::new(ErrorKind::Misconfigured, "OP-2710", message)
        })?;
        let signer = DkimSigner::from_key(key).domain(&dkim.domain).selector(&dkim.selector).headers(FIELDS);
        Ok(Self(
            signer.header_canonicalization(Canonicalization::Relaxed).body_canonicalization(Canonicalization::Relaxed),
        ))
    }

    /// The message with its signature above it.
    pub(crate) fn sign(&self, message: &[u8]) -> Result<Vec<u8>, ConnectorError> {
        let signature =
            self.0.sign(message).map_err(|cause| fault::unfit("the letter cannot be signed").because(cause))?;
        let mut signed = signature.to_header().into_bytes();
        signed.extend_from_slice(message);
        Ok(signed)
    }
}

fn key(pem: &str) -> Option<DkimKey> {
    let der = PrivateKeyDer::from_pem_slice(pem.as_bytes()).ok()?;
    if let PrivateKeyDer::Pkcs8(document) = &der {
        let document = document.secret_pkcs8_der();
        // The usual tools write Ed25519 keys without the public half, which the strict reader wants.
        let curve =
            Ed25519Key::from_pkcs8_der(document).or_else(|_| Ed25519Key::from_pkcs8_maybe_unchecked_der(document));
        if let Ok(key) = curve {
            return Some(DkimKey::Ed25519(key));
        }
    }
    RsaKey::<Sha256>::from_key_der(der).ok().map(DkimKey::Rsa)
}

#[cfg(test)]
#[path = "dkim_tests.rs"]
mod tests;
