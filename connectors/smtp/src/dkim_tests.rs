//! Signatures against a verifier, with the public key in place of DNS.

use super::Signer;
use crate::compose::{compose, tests::letter};
use crate::options::Dkim;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use mail_auth::common::parse::TxtRecordParser as _;
use mail_auth::common::verify::DomainKey;
use mail_auth::hickory_resolver::config::{ResolverConfig, ResolverOpts};
use mail_auth::{AuthenticatedMessage, DkimResult, MessageAuthenticator, Parameters, ResolverCache, Txt};
use ring::signature::{Ed25519KeyPair, KeyPair as _};
use std::borrow::Borrow;
use std::hash::Hash;
use std::sync::Arc;
use std::time::Instant;

/// DNS in which every name holds one key.
struct OneKey(Txt);

impl ResolverCache<Box<str>, Txt> for OneKey {
    fn get<Q>(&self, _: &Q) -> Option<Txt>
    where
        Box<str>: Borrow<Q>,
        Q: Hash + Eq + ?Sized,
    {
        Some(self.0.clone())
    }

    fn remove<Q>(&self, _: &Q) -> Option<Txt>
    where
        Box<str>: Borrow<Q>,
        Q: Hash + Eq + ?Sized,
    {
        None
    }

    fn insert(&self, _: Box<str>, _: Txt, _: Instant) {}
}

fn passes(message: &[u8], record: &str) -> bool {
    let key = OneKey(Txt::DomainKey(Arc::new(DomainKey::parse(record.as_bytes()).unwrap())));
    let (config, options) = (ResolverConfig::default(), ResolverOpts::default());
    let verifier = MessageAuthenticator::new(config, options).unwrap();
    let message = AuthenticatedMessage::parse(message).unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let results = runtime.block_on(verifier.verify_dkim(Parameters::new(&message).with_txt_cache(&key)));
    results.len() == 1 && *results[0].result() == DkimResult::Pass
}

fn dkim() -> Dkim {
    Dkim { domain: "ops.test".to_owned(), selector: "s2026".to_owned(), key_file: "key.pem".into() }
}

fn openssl(args: &[&str]) -> Vec<u8> {
    let output = std::process::Command::new("openssl").args(args).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    output.stdout
}

#[test]
fn keys_of_both_kinds_sign_so_that_a_verifier_agrees() {
    let mut letter = letter();
    letter.subject = "Größe und   Gewicht ".repeat(8);
    letter.text = "a  b \n\n\n".to_owned();
    letter.html = Some("<p>x</p>".to_owned());
    let message = compose(&letter, None).unwrap().bytes;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("key.pem");
    let file = path.to_str().unwrap();
    for (kind, more) in [
        ("rsa", &["-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048"][..]),
        ("ed25519", &["-algorithm", "ED25519"]),
    ] {
        openssl(&[&["genpkey", "-out", file], more].concat());
        let public = openssl(&["pkey", "-in", file, "-pubout", "-outform", "DER"]);
        // RSA keys stand in DNS as a whole SubjectPublicKeyInfo, Ed25519 keys as their 32 bytes (RFC 8463, section 4).
        let bytes = if kind == "rsa" { &public[..] } else { &public[public.len() - 32..] };
        let record = format!("v=DKIM1; k={kind}; p={}", STANDARD.encode(bytes));
        let signer = Signer::new(&dkim(), &std::fs::read_to_string(&path).unwrap()).unwrap();
        let signed = signer.sign(&message).unwrap();
        assert!(signed.starts_with(b"DKIM-Signature: ") && signed.ends_with(&message));
        assert!(passes(&signed, &record), "{kind}: {}", String::from_utf8_lossy(&signed));
        let text = String::from_utf8(signed).unwrap();
        for (from, to) in [("ops.test>", "evil.test>"), ("auto-generated", "no"), ("part-", "prat-")] {
            assert!(
                text.contains(from) && !passes(text.replace(from, to).as_bytes(), &record),
                "{kind}: {from} may become {to}"
            );
        }
    }
    // PKCS #1, as older tools write it.
    openssl(&["genrsa", "-traditional", "-out", file, "2048"]);
    assert!(std::fs::read_to_string(&path).unwrap().contains("BEGIN RSA PRIVATE KEY"));
    assert!(Signer::new(&dkim(), &std::fs::read_to_string(&path).unwrap()).is_ok());
}

#[test]
fn what_is_no_key_is_told() {
    let seed = [7u8; 32];
    let public = Ed25519KeyPair::from_seed_unchecked(&seed).unwrap().public_key().as_ref().to_vec();
    let public = format!("-----BEGIN PUBLIC KEY-----\n{}\n-----END PUBLIC KEY-----\n", STANDARD.encode(public));
    for pem in ["", "x", &public, "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"] {
        let error = Signer::new(&dkim(), pem).err().expect(pem);
        assert_eq!(error.code, "OP-2710");
        assert!(!error.to_string().contains("AAAA"));
    }
}
