//! Held against what a real browser brought back: `vectors.json` was recorded from Chromium's virtual authenticator (its version stands in
//! it), with a key of each algorithm, one that is backed up, and one that verifies nobody.

use super::{Key, Registered, Relying, Unfit, assert, challenge, register};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use proptest::prelude::*;
use serde::Deserialize;

#[derive(Deserialize)]
struct Recorded {
    relying: String,
    origin: String,
    cases: Vec<Case>,
}

#[derive(Deserialize)]
struct Case {
    algorithm: i64,
    verified: bool,
    backed_up: bool,
    made: Made,
    used: Vec<Used>,
}

#[derive(Deserialize)]
struct Made {
    challenge: String,
    id: String,
    client_data: String,
    attestation: String,
}

#[derive(Clone, Deserialize)]
struct Used {
    challenge: String,
    client_data: String,
    authenticator_data: String,
    signature: String,
}

fn recorded() -> (Relying, Vec<Case>) {
    let all: Recorded = serde_json::from_str(include_str!("vectors.json")).unwrap();
    (Relying { id: all.relying, origin: all.origin }, all.cases)
}

fn bytes(text: &str) -> Vec<u8> {
    URL_SAFE_NO_PAD.decode(text).unwrap()
}

fn made(relying: &Relying, made: &Made) -> Result<Registered, Unfit> {
    register(relying, &made.challenge, &bytes(&made.client_data), &bytes(&made.attestation))
}

fn used(relying: &Relying, key: &Key, used: &Used) -> Result<u32, Unfit> {
    let [client, authenticator, signature] =
        [&used.client_data, &used.authenticator_data, &used.signature].map(|text| bytes(text));
    assert(relying, &used.challenge, key.bytes(), &client, &authenticator, &signature)
}

#[test]
fn what_a_browser_made_and_used_is_taken() {
    let (relying, cases) = recorded();
    let mut algorithms = Vec::new();
    for case in cases.iter().filter(|case| case.verified) {
        assert_eq!(challenge(&bytes(&case.made.client_data)).unwrap(), case.made.challenge);
        let registered = made(&relying, &case.made).unwrap();
        assert_eq!((&registered.credential, registered.backed_up), (&case.made.id, case.backed_up));
        assert_eq!(registered.key.algorithm(), case.algorithm);
        let counts: Vec<u32> = case.used.iter().map(|one| used(&relying, &registered.key, one).unwrap()).collect();
        assert!(counts.windows(2).all(|pair| pair[0] < pair[1]) && counts[0] > registered.sign_count, "{counts:?}");
        algorithms.push(case.algorithm);
    }
    algorithms.sort_unstable();
    assert_eq!(algorithms, [-257, -8, -7]);
}

#[test]
fn a_person_who_was_not_verified_is_nobody() {
    let (relying, cases) = recorded();
    let case = cases.iter().find(|case| !case.verified).unwrap();
    assert_eq!(made(&relying, &case.made), Err(Unfit::Unverified));
    let verified = cases.iter().find(|case| case.verified && case.algorithm == -7).unwrap();
    let key = made(&relying, &verified.made).unwrap().key;
    assert_eq!(used(&relying, &key, &case.used[0]), Err(Unfit::Unverified));
}

#[test]
fn an_answer_counts_here_for_what_was_asked_and_by_its_own_key() {
    let (relying, cases) = recorded();
    let (one, other) = (&cases[0], &cases[1]);
    let key = made(&relying, &one.made).unwrap().key;
    let answer = &one.used[0];
    assert!(used(&relying, &key, answer).is_ok());
    // Another challenge: one that was answered before, too.
    let replayed = Used { challenge: one.used[1].challenge.clone(), ..answer.clone() };
    assert_eq!(used(&relying, &key, &replayed), Err(Unfit::Other("challenge")));
    // Another page, another site, a port more.
    for origin in ["https://localhost:7700", "http://localhost", "http://localhost:77000", "http://evil.localhost:7700"]
    {
        let elsewhere = Relying { origin: origin.into(), ..relying.clone() };
        assert_eq!(used(&elsewhere, &key, answer), Err(Unfit::Other("page")), "{origin}");
        assert_eq!(made(&elsewhere, &one.made), Err(Unfit::Other("page")), "{origin}");
    }
    let elsewhere = Relying { id: "other".into(), ..relying.clone() };
    assert_eq!(used(&elsewhere, &key, answer), Err(Unfit::Other("site")));
    assert_eq!(made(&elsewhere, &one.made), Err(Unfit::Other("site")));
    // The answer to making one is none to using it, and the other way round.
    let crossed =
        Used { challenge: one.made.challenge.clone(), client_data: one.made.client_data.clone(), ..answer.clone() };
    assert_eq!(used(&relying, &key, &crossed), Err(Unfit::Other("ceremony")));
    // Another's key.
    let others = made(&relying, &other.made).unwrap().key;
    assert_eq!(used(&relying, &others, answer), Err(Unfit::Signature));
    // Another's account of the same answer.
    let swapped = Used {
        client_data: one.used[1].client_data.clone(),
        challenge: one.used[1].challenge.clone(),
        ..answer.clone()
    };
    assert_eq!(used(&relying, &key, &swapped), Err(Unfit::Signature));
}

#[test]
fn a_page_within_another_sites_page_is_refused() {
    let (relying, cases) = recorded();
    let case = &cases[0];
    let account = String::from_utf8(bytes(&case.made.client_data)).unwrap();
    let framed = account.replace("\"crossOrigin\":false", "\"crossOrigin\":true");
    assert_ne!(account, framed);
    let refused = register(&relying, &case.made.challenge, framed.as_bytes(), &bytes(&case.made.attestation));
    assert_eq!(refused, Err(Unfit::Other("page")));
}

#[test]
fn every_changed_bit_of_an_answer_is_noticed() {
    let (relying, cases) = recorded();
    for case in cases.iter().filter(|case| case.verified) {
        let key = made(&relying, &case.made).unwrap().key;
        let answer = &case.used[0];
        for which in 0..3 {
            let original = bytes([&answer.client_data, &answer.authenticator_data, &answer.signature][which]);
            for bit in 0..original.len() * 8 {
                let mut changed = original.clone();
                changed[bit / 8] ^= 1 << (bit % 8);
                let changed = URL_SAFE_NO_PAD.encode(changed);
                let mut answer = answer.clone();
                *[&mut answer.client_data, &mut answer.authenticator_data, &mut answer.signature][which] = changed;
                assert!(used(&relying, &key, &answer).is_err(), "{} part {which} bit {bit}", case.algorithm);
            }
        }
    }
}

#[test]
fn keys_are_of_the_kinds_that_were_asked_for() {
    let (relying, cases) = recorded();
    for case in cases.iter().filter(|case| case.verified) {
        let cose = made(&relying, &case.made).unwrap().key.bytes().to_vec();
        assert!(Key::read(&cose).is_ok());
        assert_eq!(Key::read(&[&cose[..], &[0]].concat()), Err(Unfit::Malformed("public key")));
        for cut in 0..cose.len() {
            assert!(Key::read(&cose[..cut]).is_err());
        }
    }
    // P-384, and a key without an algorithm.
    for other in [&[0xa4, 1, 2, 3, 0x38, 0x22, 0x20, 2, 0x21, 0x41, 0][..], &[0xa1, 1, 2]] {
        assert_eq!(Key::read(other), Err(Unfit::Algorithm));
    }
}

#[test]
fn where_browsers_allow_passkeys() {
    let at = |base| Relying::at(base).map(|relying| (relying.id, relying.origin));
    let both = |id: &str, origin: &str| Some((id.to_owned(), origin.to_owned()));
    assert_eq!(at("https://Desk.Example"), both("desk.example", "https://desk.example"));
    assert_eq!(at("https://desk.example:443/x"), both("desk.example", "https://desk.example"));
    assert_eq!(at("https://desk.example:8443"), both("desk.example", "https://desk.example:8443"));
    assert_eq!(at("http://localhost:7700"), both("localhost", "http://localhost:7700"));
    for nowhere in
        ["http://desk.example", "http://127.0.0.1:7700", "https://192.0.2.1", "https://[::1]:7700", "desk", ""]
    {
        assert_eq!(at(nowhere), None, "{nowhere}");
    }
}

proptest! {
    #[test]
    fn any_bytes_are_refused_and_nothing_breaks(
        client in prop::collection::vec(any::<u8>(), 0..200),
        data in prop::collection::vec(any::<u8>(), 0..300),
        signature in prop::collection::vec(any::<u8>(), 0..100),
    ) {
        let (relying, cases) = recorded();
        let key = made(&relying, &cases[0].made).unwrap().key;
        prop_assert!(register(&relying, "x", &client, &data).is_err());
        prop_assert!(assert(&relying, "x", key.bytes(), &client, &data, &signature).is_err());
        // With a browser's account that is right, the rest still has to be.
        let account = bytes(&cases[0].made.client_data);
        prop_assert!(register(&relying, &cases[0].made.challenge, &account, &data).is_err());
    }
}
