//! Salted commitments: how a receipt speaks of a text that may have to be erased later.
//! Its own file because the promise is its own: with the salt anyone can check the text against the receipt,
//! without the salt nobody can, not even by guessing the text.
//!
//! INVARIANT: the salt is 32 fresh random bytes for each text, kept beside the text and erased with it.

use super::Hash;
use ring::hmac;

/// HMAC-SHA-256 (RFC 2104) of the bytes under the salt. Put the result into the receipt; keep the salt with
/// the text. Erasing both leaves a receipt that verifies as before and says nothing about the text.
#[must_use]
pub fn commitment(salt: &[u8; 32], bytes: &[u8]) -> Hash {
    let tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, salt), bytes);
    let mut out = [0; 32];
    out.copy_from_slice(tag.as_ref());
    out
}

/// Whether the commitment was made from this salt and these bytes. Takes the same time either way.
#[must_use]
pub fn commitment_matches(commitment: &Hash, salt: &[u8; 32], bytes: &[u8]) -> bool {
    hmac::verify(&hmac::Key::new(hmac::HMAC_SHA256, salt), bytes, commitment).is_ok()
}
