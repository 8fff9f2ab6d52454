//! Forged senders: what looks like proof and is none. Signatures are made here with a key of our own.

use crate::reply::authenticity::{Answer, Checker, Method, Records, Server, Trust, Unproven, names, prove};
use mail_auth::arc::ArcSealer;
use mail_auth::common::crypto::Ed25519Key;
use mail_auth::common::headers::HeaderWriter as _;
use mail_auth::dkim::DkimSigner;
use mail_auth::{ArcOutput, AuthenticatedMessage, AuthenticationResults, DmarcOutput, DmarcResult};
use ring::signature::{Ed25519KeyPair, KeyPair as _};

const SEED: [u8; 32] = [5; 32];

fn checker() -> Checker {
    Checker::new().unwrap_or_else(|error| panic!("{error}"))
}

fn ours() -> Trust {
    Trust { servers: vec![Server { id: "mx.ours".to_owned(), hosts: Vec::new() }], forwarders: Vec::new() }
}

fn proven(raw: &str, records: &Records, trust: &Trust) -> Result<Method, Unproven> {
    prove(&checker(), raw.as_bytes(), records, trust).map(|sender| sender.method().clone())
}

fn nothing() -> Result<Method, Unproven> {
    Err(Unproven::Nothing { domain: "example.com".to_owned() })
}

/// A message signed by a domain, and the DNS that has its key.
fn signed(domain: &str, head: &str, covers: &[&str]) -> (String, Records) {
    let message = format!("{head}\r\napprove\r\n");
    let signature = DkimSigner::from_key(key())
        .domain(domain)
        .selector("k")
        .headers(covers.iter().copied())
        .sign(message.as_bytes())
        .unwrap_or_else(|error| panic!("{error}"));
    let mut raw = signature.to_header();
    raw.push_str(&message);
    let records = answers(&raw, domain);
    (raw, records)
}

fn pair() -> Ed25519KeyPair {
    Ed25519KeyPair::from_seed_unchecked(&SEED).unwrap_or_else(|error| panic!("{error}"))
}

fn key() -> Ed25519Key {
    Ed25519Key::from_seed_and_public_key(&SEED, pair().public_key().as_ref()).unwrap_or_else(|error| panic!("{error}"))
}

/// A DNS that has our key under a domain, and nothing else.
fn answers(raw: &str, domain: &str) -> Records {
    let mut records = Records::new();
    for name in names(raw.as_bytes()) {
        records.put(&name, &Answer::Absent);
    }
    let text = format!("v=DKIM1; k=ed25519; p={}", base64(pair().public_key().as_ref()));
    records.put(&format!("k._domainkey.{domain}."), &Answer::Texts(vec![text]));
    records
}

fn base64(bytes: &[u8]) -> String {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let groups = bytes.chunks(3).map(|group| {
        let bits = (0..3).fold(0_usize, |bits, at| bits << 8 | usize::from(group.get(at).copied().unwrap_or(0)));
        let letter = |at: usize| if at <= group.len() { char::from(LETTERS[bits >> (18 - 6 * at) & 63]) } else { '=' };
        (0..4).map(letter).collect::<String>()
    });
    groups.collect()
}

const HEAD: &str = "From: Ada <ada@example.com>\r\nTo: intake@ours.example\r\nSubject: Re: Quote\r\n";

#[test]
fn a_signature_of_the_authors_domain_proves_it() {
    let (raw, records) = signed("example.com", HEAD, &["From", "To", "Subject"]);
    let sender = prove(&checker(), raw.as_bytes(), &records, &Trust::default());
    let Ok(sender) = sender else { panic!("{sender:?}\n{raw}") };
    assert_eq!((sender.address(), sender.domain()), ("ada@example.com", "example.com"));
    assert!(sender.covers("to") && sender.covers("Subject") && !sender.covers("References"));
    assert_eq!(proven(&raw.replace("approve\r\n", "reject\r\n"), &records, &Trust::default()), nothing());
    assert_eq!(proven(&raw.replace("Re: Quote", "Re: Other"), &records, &Trust::default()), nothing());
    // The same with line feeds alone, as some stores keep it.
    assert!(proven(&raw.replace("\r\n", "\n"), &records, &Trust::default()).is_ok());
}

#[test]
fn a_second_from_field_is_refused_although_the_signature_holds() {
    let (raw, records) = signed("example.com", HEAD, &["From", "To", "Subject"]);
    let twice = format!("From: boss@example.com\r\n{raw}");
    assert_eq!(proven(&twice, &records, &Trust::default()), Err(Unproven::NoAuthor));
}

#[test]
fn a_foreign_signature_proves_nothing_unless_dmarc_calls_it_aligned() {
    let (raw, mut records) = signed("mail.example.com", HEAD, &["From", "To"]);
    assert_eq!(proven(&raw, &records, &Trust::default()), nothing());
    records.put("_dmarc.example.com", &Answer::Texts(vec!["v=DMARC1; p=none".into()]));
    let method = Method::Signature { domain: "mail.example.com".into(), selector: "k".into() };
    assert_eq!(proven(&raw, &records, &Trust::default()), Ok(method));
    records.put("_dmarc.example.com", &Answer::Texts(vec!["v=DMARC1; p=none; adkim=s".into()]));
    assert_eq!(proven(&raw, &records, &Trust::default()), nothing());
    let (raw, mut records) = signed("evil.example", HEAD, &["From", "To"]);
    records.put("_dmarc.example.com", &Answer::Texts(vec!["v=DMARC1; p=none".into()]));
    assert_eq!(proven(&raw, &records, &Trust::default()), nothing());
}

#[test]
fn without_an_answer_it_is_tried_again() {
    let (raw, mut records) = signed("example.com", HEAD, &["From"]);
    records.put("k._domainkey.example.com", &Answer::Unreachable);
    let undecided = Err(Unproven::Undecided { domain: "example.com".to_owned() });
    assert_eq!(proven(&raw, &records, &Trust::default()), undecided);
    assert_eq!(proven(&raw, &Records::new(), &Trust::default()), undecided);
    records.put("k._domainkey.example.com", &Answer::Absent);
    assert_eq!(proven(&raw, &records, &Trust::default()), nothing());
}

#[test]
fn a_server_is_believed_in_what_it_says_of_the_author_alone() {
    let results = |text: &str| format!("Authentication-Results: mx.ours; {text}\r\n{HEAD}\r\nx");
    for forged in [
        "none",
        "spf=pass smtp.mailfrom=example.com",
        "dkim=pass header.d=evil.example",
        "dkim=fail header.d=example.com",
        "dmarc=pass header.from=evil.example",
        "dmarc=fail header.from=example.com; dkim=pass header.d=example.com",
        "dmarc=pass",
        "dmarc=pass header.from=example.com; dmarc=fail header.from=example.com",
        "dkim=pass header.d=example.com header.d=evil.example",
        "dkim=pass reason=\"header.d=example.com\"",
        "dmarc=fail (dmarc=pass header.from=example.com) header.from=example.com",
    ] {
        assert_eq!(proven(&results(forged), &Records::new(), &ours()), nothing(), "{forged}");
    }
    let by = |by| Ok(Method::Results { server: "mx.ours".to_owned(), by });
    assert_eq!(proven(&results("dmarc=pass header.from=EXAMPLE.com"), &Records::new(), &ours()), by("dmarc"));
    assert_eq!(proven(&results("dmarc=none; dkim=pass header.i=@example.com"), &Records::new(), &ours()), by("dkim"));
    let passing = results("dmarc=pass header.from=example.com");
    assert_eq!(proven(&passing, &Records::new(), &Trust::default()), nothing());
    for froms in
        ["", "From: a@example.com\r\nFrom: b@example.com\r\n", "From: a@example.com, b@example.com\r\n", "From: a\r\n"]
    {
        assert_eq!(proven(&passing.replace(HEAD, froms), &Records::new(), &ours()), Err(Unproven::NoAuthor), "{froms}");
    }
}

/// A message that a forwarder altered and sealed, saying that DMARC passed for `author`.
fn sealed(author: &str) -> (String, Records) {
    let message = format!("{HEAD}\r\napprove\r\n");
    let parsed = AuthenticatedMessage::parse(message.as_bytes()).unwrap_or_default();
    let dmarc = DmarcOutput::default().with_domain(author).with_dkim_result(DmarcResult::Pass);
    let results = AuthenticationResults::new("mx.list.example").with_dmarc_result(&dmarc);
    let sealer = ArcSealer::from_key(key()).domain("list.example").selector("k").headers(["From", "To", "Subject"]);
    let set = sealer.seal(&parsed, &results, &ArcOutput::default()).unwrap_or_else(|error| panic!("{error}"));
    let raw = format!("{}{message}", set.to_header());
    let records = answers(&raw, "list.example");
    (raw, records)
}

#[test]
fn a_forwarder_is_believed_when_it_is_trusted_and_its_chain_holds() {
    let trusting = |sealer: &str| Trust { servers: Vec::new(), forwarders: vec![sealer.to_owned()] };
    let (raw, records) = sealed("example.com");
    let method = Method::Chain { sealer: "list.example".into(), by: "dmarc" };
    assert_eq!(proven(&raw, &records, &trusting("list.example")), Ok(method));
    assert_eq!(proven(&raw, &records, &Trust::default()), nothing());
    assert_eq!(proven(&raw, &records, &trusting("other.example")), nothing());
    assert_eq!(proven(&raw.replace("approve\r\n", "reject\r\n"), &records, &trusting("list.example")), nothing());
    assert_eq!(proven(&raw.replace("dmarc=pass", "dmarc=pasS"), &records, &trusting("list.example")), nothing());
    let (raw, records) = sealed("evil.example");
    assert_eq!(proven(&raw, &records, &trusting("list.example")), nothing());
}

#[test]
fn samples_of_other_clients_are_read() {
    let trust =
        Trust { servers: vec![Server { id: "example.net".to_owned(), hosts: Vec::new() }], forwarders: Vec::new() };
    // Their author writes from a host below the domain that signed: without DMARC that is not aligned.
    for raw in [
        include_str!("../../../tests/data/mailauth/arh/multiple_arh-newest_unknown_method.eml"),
        include_str!("../../../tests/data/mailauth/arh/rfc6376-A.2-arh-failed.eml"),
        include_str!("../../../tests/data/mailauth/arh/rfc6376-A.2-arh-valid-a_tag.eml"),
        include_str!("../../../tests/data/mailauth/arh/rfc6376-A.2-arh-valid_relaxed.eml"),
        include_str!("../../../tests/data/mailauth/arh/rfc6376-A.2-arh-valid-sdid_and_auid.eml"),
    ] {
        let got = prove(&checker(), raw.as_bytes(), &Records::new(), &trust);
        assert!(got.is_err(), "{got:?}");
    }
    let auid = include_str!("../../../tests/data/mailauth/arh/rfc6376-A.2-arh-valid-auid.eml");
    let sender = prove(&checker(), auid.as_bytes(), &Records::new(), &trust);
    assert!(sender.is_ok_and(|sender| sender.address() == "joe@football.example.com"));
}

#[test]
fn the_names_to_look_up() {
    let raw = b"DKIM-Signature: v=1; d=mail.Example.com; s=k1; h=from; b=x\nDKIM-Signature: d=a b; s=k\nFrom: ada@example.com\n\n";
    assert_eq!(
        names(raw),
        ["_dmarc.com", "_dmarc.example.com", "_dmarc.mail.example.com", "k1._domainkey.mail.example.com"]
    );
}
