//! The whole road: from options over secrets on disk to envelopes and refusals.

use super::{Hook, Webhook};
use crate::options::Settings;
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use jiff::Timestamp;
use opspilot_sdk::{Content, Delivery, Envelope, Receiver as _, Refusal, RefusalKind, Spec as _};
use serde_json::Value;
use std::path::{Path, PathBuf};

const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
const FORM: &[u8] = br#"{"name":"Dana Fox","email":"d@x.example","message":"Call me"}"#;

fn now() -> Timestamp {
    Timestamp::from_second(1_790_140_891).unwrap()
}

fn hook(options: &str) -> Hook {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("secret"), format!("{SECRET}\n")).unwrap();
    let settings = Webhook::validate(serde_json::from_str(options).unwrap()).unwrap();
    Hook::new(settings, folder.path()).unwrap()
}

fn local(pairs: &[(&str, &str)], body: &[u8], hook: &Hook) -> Result<Envelope, Refusal> {
    let headers: Vec<(String, Vec<u8>)> =
        pairs.iter().map(|(name, value)| ((*name).to_owned(), value.as_bytes().to_vec())).collect();
    let delivery = Delivery {
        headers: &headers,
        method: "POST",
        target: "/hooks/site",
        base_url: "https://ops.example",
        from_loopback: true,
        body,
    };
    hook.receive(&delivery, now())
}

fn open() -> Hook {
    hook(r#"{"verify": "none"}"#)
}

fn standard(id: &str, second: i64, body: &[u8], hook: &Hook) -> Result<Envelope, Refusal> {
    let key = BASE64_STANDARD.decode(SECRET.trim_start_matches("whsec_")).unwrap();
    let message = [id.as_bytes(), b".", second.to_string().as_bytes(), b".", body].concat();
    let signature =
        BASE64_STANDARD.encode(ring::hmac::sign(&ring::hmac::Key::new(ring::hmac::HMAC_SHA256, &key), &message));
    let second = second.to_string();
    let signature = format!("v1,{signature}");
    local(
        &[
            ("webhook-id", id),
            ("webhook-timestamp", &second),
            ("webhook-signature", &signature),
            ("content-type", "application/json"),
        ],
        body,
        hook,
    )
}

#[test]
fn a_signed_form_becomes_an_envelope() {
    let hook = hook(r#"{"verify": "standard", "secret_file": "secret"}"#);
    let envelope = standard("msg_1", now().as_second(), FORM, &hook).unwrap();
    assert_eq!(envelope.key.as_str(), "webhook-id:msg_1");
    assert_eq!(envelope.external_id.as_deref(), Some("msg_1"));
    assert_eq!(
        (envelope.media_type.as_str(), envelope.raw.as_slice(), envelope.received_at),
        ("application/json", FORM, now())
    );
    let Content::Fields(fields) = envelope.content else { panic!("fields") };
    assert_eq!(fields.email.as_deref(), Some("d@x.example"));
    assert!(fields.extra.is_empty());
}

#[test]
fn one_delivery_has_one_key_whenever_it_comes() {
    let hook = hook(r#"{"verify": "standard", "secret_file": "secret"}"#);
    let first = standard("msg_1", now().as_second(), FORM, &hook).unwrap();
    let again = standard("msg_1", now().as_second() - 200, FORM, &hook).unwrap();
    let other_body = standard("msg_1", now().as_second(), b"{}", &hook).unwrap();
    assert_eq!((&first.key, &first.raw), (&again.key, &again.raw));
    assert_eq!(first.key, other_body.key);
    assert_ne!(first.raw, other_body.raw);
    assert_ne!(first.key, standard("msg_2", now().as_second(), FORM, &hook).unwrap().key);
}

#[test]
fn keys_without_a_signed_identifier() {
    let json = ("content-type", "application/json");
    let key = |pairs: &[(&str, &str)], body: &[u8]| local(pairs, body, &open()).unwrap().key.as_str().to_owned();
    assert!(key(&[json], FORM).starts_with("body:"));
    assert_eq!(key(&[json], FORM), key(&[json, ("x-request-id", "7")], FORM));
    assert_ne!(key(&[json], FORM), key(&[json], b"{}"));
    assert_eq!(key(&[json, ("idempotency-key", "abc")], FORM), "idempotency-key:abc");
    let typeform = br#"{"event_id":"01J","form_response":{"token":"t1","answers":[]}}"#;
    assert_eq!(key(&[json], typeform), "typeform:01J");
    assert_eq!(local(&[json], typeform, &open()).unwrap().external_id.as_deref(), Some("t1"));
    assert_eq!(key(&[json], br#"{"eventId":"e1","data":{"submissionId":"s1","fields":[]}}"#), "tally:e1");
    assert_eq!(
        key(&[json], br#"{"id":"evt_1","object":"event","type":"x","data":{"object":{"id":"cus_1"}}}"#),
        "stripe:evt_1"
    );
}

/// Neither GitHub's nor Shopify's delivery header is signed: under a fresh one a recorded delivery must still be known.
#[test]
fn an_unsigned_header_makes_no_new_delivery() {
    let signature =
        |body: &[u8]| ring::hmac::sign(&ring::hmac::Key::new(ring::hmac::HMAC_SHA256, SECRET.as_bytes()), body);
    let hex = |tag: ring::hmac::Tag| tag.as_ref().iter().map(|byte| format!("{byte:02x}")).collect::<String>();
    let github = hook(r#"{"verify": "github", "secret_file": "secret"}"#);
    let signed = format!("sha256={}", hex(signature(FORM)));
    let send = |id: &str| {
        local(
            &[
                ("content-type", "application/json"),
                ("x-hub-signature-256", &signed),
                ("x-github-delivery", id),
                ("idempotency-key", id),
            ],
            FORM,
            &github,
        )
        .unwrap()
    };
    assert_eq!(send("one").key, send("two").key);
    assert_eq!(send("one").external_id.as_deref(), Some("one"));
}

#[test]
fn every_refusal_has_kind_code_and_remedy() {
    let json = ("content-type", "application/json");
    let form = ("content-type", "application/x-www-form-urlencoded");
    let small = hook(r#"{"verify": "none", "max_body_bytes": 8, "max_attachment_bytes": 4}"#);
    let tall = "[".repeat(200);
    let closed = hook(r#"{"verify": "standard", "secret_file": "secret"}"#);
    let bearer = hook(r#"{"verify": "bearer", "secret_file": "secret"}"#);
    let open = open();
    let cases = [
        (local(&[json], FORM, &closed), RefusalKind::Unauthorised, "OP-2101"),
        (
            local(&[json, ("authorization", "Bearer nobody knows it")], FORM, &bearer),
            RefusalKind::Unauthorised,
            "OP-2105",
        ),
        (standard("a", now().as_second() - 301, FORM, &closed), RefusalKind::Unauthorised, "OP-2103"),
        (local(&[], FORM, &open), RefusalKind::UnsupportedMedia, "OP-2110"),
        (local(&[json, json], FORM, &open), RefusalKind::UnsupportedMedia, "OP-2110"),
        (local(&[("content-type", "text/plain")], FORM, &open), RefusalKind::UnsupportedMedia, "OP-2110"),
        (local(&[("content-type", "multipart/form-data")], FORM, &open), RefusalKind::UnsupportedMedia, "OP-2110"),
        (
            local(&[("content-type", "application/json; charset=utf-16")], FORM, &open),
            RefusalKind::UnsupportedMedia,
            "OP-2110",
        ),
        (local(&[json, ("content-encoding", "gzip")], FORM, &open), RefusalKind::UnsupportedMedia, "OP-2110"),
        (local(&[json], b"{", &open), RefusalKind::Malformed, "OP-2111"),
        (local(&[json], br#"{"a":1,"a":1}"#, &open), RefusalKind::Malformed, "OP-2112"),
        (local(&[json], tall.as_bytes(), &open), RefusalKind::Malformed, "OP-2113"),
        (local(&[form], b"a=%ff", &open), RefusalKind::Malformed, "OP-2114"),
        (
            local(&[("content-type", "multipart/form-data; boundary=x")], b"--y", &open),
            RefusalKind::Malformed,
            "OP-2115",
        ),
        (local(&[json], b" \n", &open), RefusalKind::Malformed, "OP-2116"),
        (local(&[json], FORM, &small), RefusalKind::TooLarge, "OP-2117"),
    ];
    let handbook = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../docs/errors");
    for (outcome, kind, code) in cases {
        let refusal = outcome.unwrap_err();
        assert_eq!((refusal.kind, refusal.code), (kind, code), "{refusal}");
        let message = refusal.message.clone();
        assert!(message.starts_with(|c: char| c.is_lowercase() || c == '`') && !message.ends_with('.'), "{message}");
        assert!(!message.contains(SECRET) && !message.contains("MfKQ9r8"), "{message}");
        assert!(handbook.join(format!("{code}.md")).exists(), "no page for {code}");
    }
}

#[test]
fn a_chosen_format_overrules_the_media_type() {
    let plain = hook(r#"{"verify": "none", "format": "json"}"#);
    let envelope = local(&[("content-type", "text/plain")], FORM, &plain).unwrap();
    assert_eq!(envelope.media_type, "application/json");
    assert!(local(&[], FORM, &plain).is_ok());
}

#[test]
fn real_deliveries_become_envelopes() {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../tests/data/webhooks/providers");
    let mut count = 0;
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let case: Value = serde_json::from_str(&std::fs::read_to_string(&path).unwrap()).unwrap();
        let pairs: Vec<(&str, &str)> = case["headers"]
            .as_object()
            .unwrap()
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str().unwrap()))
            .collect();
        let body = case["body"].to_string();
        let envelope = local(&pairs, body.as_bytes(), &open());
        assert!(matches!(envelope.unwrap().content, Content::Fields(_)), "{}", path.display());
        count += 1;
    }
    assert!(count >= 30);
}

#[test]
fn secrets_stay_secret() {
    let hook = hook(r#"{"verify": "standard", "secret_file": ["secret", "secret"]}"#);
    assert!(!format!("{hook:?}").contains("MfKQ9r8"));
    let missing: Settings =
        Webhook::validate(serde_json::from_str(r#"{"verify": "github", "secret_file": "nowhere"}"#).unwrap()).unwrap();
    assert_eq!(Hook::new(missing, Path::new("/nonexistent")).unwrap_err().code, "OP-2120");
    let unset: Settings = Webhook::validate(
        serde_json::from_str(r#"{"verify": "github", "secret_env": "OPSPILOT_TEST_UNSET_SECRET"}"#).unwrap(),
    )
    .unwrap();
    assert_eq!(Hook::new(unset, Path::new("/nonexistent")).unwrap_err().code, "OP-2120");
}
