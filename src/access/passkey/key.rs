//! Public keys of passkeys (COSE, RFC 9052 and 9053) and their signatures. INVARIANT: a key says which algorithm it is for and is used with
//! no other.

use super::Unfit;
use super::cbor::{Item, Reader};
use ring::signature::{
    ECDSA_P256_SHA256_ASN1, ED25519, RSA_PKCS1_2048_8192_SHA256, RsaPublicKeyComponents, UnparsedPublicKey,
};

/// Algorithms that are asked for, the preferred first (COSE): EdDSA, ES256, RS256.
pub const ALGORITHMS: [i64; 3] = [-8, -7, -257];

#[derive(Clone, Debug, PartialEq, Eq)]
enum Kind {
    Ed25519([u8; 32]),
    /// Uncompressed point.
    P256([u8; 65]),
    Rsa {
        n: Vec<u8>,
        e: Vec<u8>,
    },
}

/// A public key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Key {
    kind: Kind,
    bytes: Vec<u8>,
}

impl Key {
    /// Reads one, as COSE has it.
    ///
    /// # Errors
    /// [`Unfit::Algorithm`] for anything but one of [`ALGORITHMS`].
    pub fn read(bytes: &[u8]) -> Result<Self, Unfit> {
        let mut reader = Reader::new(bytes);
        let members = reader.map().filter(|_| reader.rest().is_empty()).ok_or(Unfit::Malformed("public key"))?;
        let int = |label: i64| {
            members.iter().find_map(|(key, value)| match (key, value) {
                (Item::Int(key), Item::Int(value)) if *key == label => Some(*value),
                _ => None,
            })
        };
        let coordinate = |label: i64| {
            members.iter().find_map(|(key, value)| match (key, value) {
                (Item::Int(key), Item::Bytes(value)) if *key == label => Some(*value),
                _ => None,
            })
        };
        // RFC 9052, 7: 1 is the type of key, 3 the algorithm; RFC 9053, 7: -1 the curve, -2 and -3 its point; RFC 8230, 4: modulus, exponent.
        let kind = match (int(1), int(3), int(-1)) {
            (Some(1), Some(-8), Some(6)) => {
                coordinate(-2).and_then(|x| <[u8; 32]>::try_from(x).ok()).map(Kind::Ed25519)
            }
            (Some(2), Some(-7), Some(1)) => coordinate(-2).zip(coordinate(-3)).and_then(|(x, y)| {
                let point = [&[4][..], x, y].concat();
                (x.len() == 32).then_some(())?;
                <[u8; 65]>::try_from(point).ok().map(Kind::P256)
            }),
            (Some(3), Some(-257), None) => {
                coordinate(-1).zip(coordinate(-2)).map(|(n, e)| Kind::Rsa { n: n.to_vec(), e: e.to_vec() })
            }
            _ => None,
        };
        Ok(Self { kind: kind.ok_or(Unfit::Algorithm)?, bytes: bytes.to_vec() })
    }

    /// The number of its algorithm (COSE).
    #[must_use]
    pub fn algorithm(&self) -> i64 {
        match self.kind {
            Kind::Ed25519(_) => -8,
            Kind::P256(_) => -7,
            Kind::Rsa { .. } => -257,
        }
    }

    /// The key as it was read.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Nothing, when it signed this.
    pub(super) fn verify(&self, signed: &[u8], signature: &[u8]) -> Result<(), Unfit> {
        match &self.kind {
            Kind::Ed25519(key) => UnparsedPublicKey::new(&ED25519, key).verify(signed, signature),
            Kind::P256(key) => UnparsedPublicKey::new(&ECDSA_P256_SHA256_ASN1, key).verify(signed, signature),
            Kind::Rsa { n, e } => {
                RsaPublicKeyComponents { n, e }.verify(&RSA_PKCS1_2048_8192_SHA256, signed, signature)
            }
        }
        .map_err(|_| Unfit::Signature)
    }
}
