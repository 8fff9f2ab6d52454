//! Other people's vectors: RFC 6962 proofs, Ed25519, HMAC-SHA-256, canonical JSON. All must be right.

use crate::receipt::proof::{verify_consistency, verify_inclusion};
use crate::receipt::{Hash, VerifierKey, commitment, commitment_matches, jcs};
use base64::{Engine, engine::general_purpose::STANDARD as BASE64};
use serde_json::Value;

fn lines(text: &str) -> Vec<Value> {
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn hex(value: &Value) -> Vec<u8> {
    let text = value.as_str().unwrap_or_default();
    (0..text.len() / 2).map(|at| u8::from_str_radix(&text[at * 2..at * 2 + 2], 16).unwrap()).collect()
}

/// Some vectors use short words as hashes, to be compared only. Padding keeps equal equal and different different.
fn hash(value: &Value) -> Option<Hash> {
    let mut bytes = BASE64.decode(value.as_str()?).unwrap();
    bytes.resize(32, 0);
    bytes.try_into().ok()
}

#[test]
fn rfc6962_proofs() {
    let cases = lines(include_str!("../../../tests/data/receipts/rfc6962_proofs.jsonl"));
    assert_eq!(cases.len(), 79);
    for case in cases {
        let number = |name: &str| case[name].as_u64().unwrap();
        let path: Vec<Hash> = case["proof"].as_array().unwrap_or(&Vec::new()).iter().filter_map(hash).collect();
        let ok = if case["kind"] == "inclusion" {
            let (leaf, root) = (hash(&case["leafHash"]).unwrap(), hash(&case["root"]).unwrap());
            // An empty text is no hash; our types would not let it in.
            let typed = case["leafHash"] != "" && case["root"] != "";
            typed && verify_inclusion(number("leafIdx"), number("treeSize"), &leaf, &path, &root)
        } else {
            let (old, new) = (hash(&case["root1"]).unwrap(), hash(&case["root2"]).unwrap());
            verify_consistency(number("size1"), number("size2"), &old, &new, &path)
        };
        assert_eq!(ok, case["wantErr"] == false, "{} {}", case["id"], case["desc"]);
    }
}

#[test]
fn ed25519() {
    let cases = lines(include_str!("../../../tests/data/receipts/ed25519.jsonl"));
    assert_eq!(cases.len(), 59);
    for case in cases {
        let key = VerifierKey::new("vector", hex(&case["public_key"]).try_into().unwrap()).unwrap();
        let good = key.verifies(&hex(&case["msg"]), &hex(&case["sig"]));
        assert_eq!(good, case["result"] == "valid", "{} {}", case["id"], case["comment"]);
    }
}

#[test]
fn hmac_sha256() {
    let cases = lines(include_str!("../../../tests/data/receipts/hmac_sha256.jsonl"));
    assert_eq!(cases.len(), 73);
    let mut ours = 0;
    for case in cases {
        let (key, message, tag) = (hex(&case["key"]), hex(&case["msg"]), hex(&case["tag"]));
        let made = ring::hmac::sign(&ring::hmac::Key::new(ring::hmac::HMAC_SHA256, &key), &message);
        let valid = case["result"] == "valid";
        assert_eq!(made.as_ref().starts_with(&tag) && !tag.is_empty(), valid, "{} {}", case["id"], case["comment"]);
        // Our commitment is the case of a 32-byte key and the whole tag.
        if let (Ok(salt), Ok(whole)) = (<[u8; 32]>::try_from(key), Hash::try_from(tag)) {
            ours += 1;
            assert_eq!(commitment_matches(&whole, &salt, &message), valid, "{}", case["id"]);
            assert_eq!(commitment(&salt, &message) == whole, valid, "{}", case["id"]);
        }
    }
    assert!(ours > 10, "only {ours} vectors fit a commitment");
}

#[test]
fn canonical_json() {
    for (given, wanted) in [
        (
            include_str!("../../../tests/data/receipts/jcs/arrays.in.json"),
            include_str!("../../../tests/data/receipts/jcs/arrays.out.json"),
        ),
        (
            include_str!("../../../tests/data/receipts/jcs/values.in.json"),
            include_str!("../../../tests/data/receipts/jcs/values.out.json"),
        ),
    ] {
        let value: Value = serde_json::from_str(given).unwrap();
        assert_eq!(jcs::canonical(&value).unwrap(), wanted);
    }
}
