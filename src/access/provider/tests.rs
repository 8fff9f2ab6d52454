//! ID tokens that are right, and every way of being wrong. The real provider is in `tests/it`.

use super::{Asked, Keys, Untrue, Who, verify};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::Timestamp;
use proptest::prelude::*;
use ring::rand::SystemRandom;
use ring::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair as _};
use serde_json::{Value, json};

const NOW: i64 = 1_800_000_000;

struct Maker {
    edwards: Ed25519KeyPair,
    curve: EcdsaKeyPair,
}

impl Maker {
    fn new() -> Self {
        let chance = SystemRandom::new();
        let pkcs8 = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &chance).unwrap();
        let curve = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, pkcs8.as_ref(), &chance).unwrap();
        let edwards = Ed25519KeyPair::from_seed_unchecked(&[7; 32]).unwrap();
        Self { edwards, curve }
    }

    fn keys(&self) -> Keys {
        let point = self.curve.public_key().as_ref();
        let text = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
        let keys = json!({ "keys": [
            { "kty": "EC", "crv": "P-256", "kid": "ec", "use": "sig", "x": text(&point[1..33]), "y": text(&point[33..]) },
            { "kty": "OKP", "crv": "Ed25519", "kid": "ed", "alg": "EdDSA", "x": text(self.edwards.public_key().as_ref()) },
            { "kty": "EC", "crv": "P-256", "kid": "enc", "use": "enc", "x": text(&point[1..33]), "y": text(&point[33..]) },
            { "kty": "oct", "kid": "shared", "k": "AAAA" },
        ] });
        serde_json::from_value(keys).unwrap()
    }

    fn token(&self, head: &Value, claims: &Value) -> String {
        let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
        let signed = format!("{}.{}", part(head), part(claims));
        let signature = if head["alg"] == "EdDSA" {
            self.edwards.sign(signed.as_bytes()).as_ref().to_vec()
        } else {
            self.curve.sign(&SystemRandom::new(), signed.as_bytes()).unwrap().as_ref().to_vec()
        };
        format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature))
    }
}

fn claims() -> Value {
    json!({
        "iss": "https://id.example", "sub": "ada-1", "aud": "desk", "exp": NOW + 300, "iat": NOW - 1, "nonce": "n1",
        "email": "ada@acme.example", "email_verified": true,
    })
}

fn asked() -> Asked<'static> {
    let now = Timestamp::from_second(NOW).unwrap();
    Asked { issuer: "https://id.example", client_id: "desk", nonce: "n1", now }
}

fn with(change: Value) -> Value {
    let mut claims = claims();
    for (name, value) in change.as_object().unwrap() {
        if value.is_null() {
            claims.as_object_mut().unwrap().remove(name);
        } else {
            claims[name] = value.clone();
        }
    }
    claims
}

#[test]
fn a_right_token_says_who_it_is() {
    let maker = Maker::new();
    for head in
        [json!({ "alg": "ES256", "kid": "ec" }), json!({ "alg": "EdDSA", "kid": "ed" }), json!({ "alg": "EdDSA" })]
    {
        let who = verify(&maker.token(&head, &claims()), &maker.keys(), &asked()).unwrap();
        assert_eq!(who, Who { subject: "ada-1".into(), email: Some("ada@acme.example".into()) });
    }
    let head = json!({ "alg": "ES256", "kid": "ec" });
    let says = |change: Value| verify(&maker.token(&head, &with(change)), &maker.keys(), &asked());
    assert!(says(json!({ "aud": ["desk"] })).is_ok());
    assert!(says(json!({ "aud": ["desk", "other"], "azp": "desk" })).is_ok());
    // An address that is not proven is none.
    for unproven in [
        json!({ "email_verified": false }),
        json!({ "email_verified": null }),
        json!({ "email_verified": "no" }),
        json!({ "email_verified": 1 }),
    ] {
        assert_eq!(says(unproven).unwrap().email, None);
    }
    assert!(says(json!({ "email_verified": "true" })).unwrap().email.is_some());
}

#[test]
fn a_token_for_another_sign_in_is_refused() {
    let maker = Maker::new();
    let head = json!({ "alg": "ES256", "kid": "ec" });
    let says = |change: Value| verify(&maker.token(&head, &with(change)), &maker.keys(), &asked()).unwrap_err();
    for (change, other) in [
        (json!({ "iss": "https://id.example/" }), "issuer"),
        (json!({ "iss": "https://evil.example" }), "issuer"),
        (json!({ "aud": "other" }), "audience"),
        (json!({ "aud": ["desk", "other"] }), "audience"),
        (json!({ "aud": ["desk", "other"], "azp": "other" }), "audience"),
        (json!({ "aud": "desk", "azp": "other" }), "audience"),
        (json!({ "aud": [] }), "audience"),
        (json!({ "nonce": "n2" }), "nonce"),
        (json!({ "nonce": null }), "nonce"),
        (json!({ "nonce": "" }), "nonce"),
    ] {
        assert_eq!(says(change.clone()), Untrue::Other(other), "{change}");
    }
    for change in [
        json!({ "exp": NOW - 61 }),
        json!({ "iat": NOW + 61 }),
        json!({ "iat": NOW - 601 }),
        json!({ "nbf": NOW + 61 }),
    ] {
        assert_eq!(says(change.clone()), Untrue::Time, "{change}");
    }
    for change in [json!({ "sub": "" }), json!({ "sub": null }), json!({ "exp": null }), json!({ "iat": "soon" })] {
        assert_eq!(says(change.clone()), Untrue::Form, "{change}");
    }
}

#[test]
fn only_the_providers_own_keys_count_each_for_its_algorithm() {
    let maker = Maker::new();
    let says = |head: Value| verify(&maker.token(&head, &claims()), &maker.keys(), &asked()).unwrap_err();
    for none in ["none", "None", "", "HS256", "RS384", "ES384"] {
        assert_eq!(says(json!({ "alg": none, "kid": "ec" })), Untrue::Algorithm, "{none}");
    }
    assert_eq!(says(json!({ "alg": "ES256", "kid": "unknown" })), Untrue::Key);
    assert_eq!(says(json!({ "alg": "ES256", "kid": "ed" })), Untrue::Key);
    assert_eq!(says(json!({ "alg": "ES256", "kid": "enc" })), Untrue::Key, "a key for something else");
    assert_eq!(says(json!({ "alg": "RS256", "kid": "ec" })), Untrue::Key);
    assert_eq!(says(json!({ "alg": "ES256", "kid": "ec", "crit": ["b64"] })), Untrue::Form);
    let head = json!({ "alg": "ES256", "kid": "ec" });
    let stranger = Maker::new().token(&head, &claims());
    assert_eq!(verify(&stranger, &maker.keys(), &asked()), Err(Untrue::Signature));
    let token = maker.token(&head, &claims());
    let (signed, signature) = token.rsplit_once('.').unwrap();
    let (head, _) = signed.split_once('.').unwrap();
    let changed = URL_SAFE_NO_PAD.encode(with(json!({ "sub": "eve" })).to_string());
    assert_eq!(verify(&format!("{head}.{changed}.{signature}"), &maker.keys(), &asked()), Err(Untrue::Signature));
    assert_eq!(verify(&format!("{signed}."), &maker.keys(), &asked()), Err(Untrue::Signature));
    assert_eq!(verify(&format!("{token}.x"), &maker.keys(), &asked()), Err(Untrue::Form));
    assert_eq!(verify(&token, &Keys::default(), &asked()), Err(Untrue::Key));
}

proptest! {
    #[test]
    fn any_text_is_refused(text in "[A-Za-z0-9_.\\-]{0,200}") {
        prop_assert!(verify(&text, &Maker::new().keys(), &asked()).is_err());
    }
}
