//! Keys, notes, checkpoints, rotation and revocation.

use super::{ORIGIN, checkpoint, key, log, signed};
use crate::receipt::key::secret_text;
use crate::receipt::note::Note;
use crate::receipt::{Checkpoint, Error, KeyState, Keyring, SigningKey, VerifierKey, open_checkpoint, sign_checkpoint};

#[test]
fn a_signed_note_opens_to_its_checkpoint() {
    let receipts = log(5);
    let with_line = checkpoint(&receipts).with_extension("at 1790000000000000").unwrap();
    let note = sign_checkpoint(&with_line, &[&key(1)]).unwrap();
    let opened = open_checkpoint(&note, &[key(2).verifier().clone(), key(1).verifier().clone()]).unwrap();
    assert_eq!(opened, with_line);
    assert_eq!(Checkpoint::parse(&with_line.text()).unwrap(), with_line);
}

#[test]
fn keys_read_back_from_their_texts() {
    let text = secret_text(ORIGIN, &[7; 32]).unwrap();
    let secret = SigningKey::from_text(&format!("{text}\n")).unwrap();
    assert_eq!(secret.verifier(), key(7).verifier());
    let public: VerifierKey = secret.verifier().to_string().parse().unwrap();
    assert_eq!(&public, secret.verifier());
    for (at, byte) in text.bytes().enumerate() {
        let mut changed = text.clone().into_bytes();
        changed[at] = if byte == b'A' { b'B' } else { b'A' };
        let changed = String::from_utf8(changed).unwrap();
        assert!(SigningKey::from_text(&changed).is_err(), "{at}");
    }
    let text = public.to_string();
    for (at, byte) in text.bytes().enumerate() {
        let mut changed = text.clone().into_bytes();
        changed[at] = if byte == b'A' { b'B' } else { b'A' };
        assert!(String::from_utf8(changed).unwrap().parse::<VerifierKey>().is_err(), "{at}");
    }
}

/// Has one way to be `Marked` for every type and a second one for every type with that trait, so that the call
/// below is ambiguous, and does not compile, as soon as the type gets it.
trait Marked<Way> {
    fn is_without() -> bool {
        true
    }
}
struct WithDebug;
struct WithSerialize;
struct WithDisplay;
impl<T> Marked<()> for T {}
impl<T: std::fmt::Debug> Marked<WithDebug> for T {}
impl<T: serde::Serialize> Marked<WithSerialize> for T {}
impl<T: std::fmt::Display> Marked<WithDisplay> for T {}

#[test]
fn the_secret_key_has_no_form_that_could_be_printed() {
    assert!(<SigningKey as Marked<_>>::is_without());
}

#[test]
fn pkcs8_of_either_version_is_read() {
    let seed = [9; 32];
    // RFC 8410: version 1 holds the seed alone.
    let mut der = vec![0x30, 0x2e, 2, 1, 0, 0x30, 5, 6, 3, 0x2b, 0x65, 0x70, 4, 0x22, 4, 0x20];
    der.extend_from_slice(&seed);
    assert_eq!(SigningKey::from_pkcs8(ORIGIN, &der).unwrap().verifier(), key(9).verifier());
    der.pop();
    assert!(SigningKey::from_pkcs8(ORIGIN, &der).is_err());
}

#[test]
fn names_that_a_note_cannot_carry_are_refused() {
    for name in ["", "a b", "a+b", "a\nb", "a\u{a0}b"] {
        assert!(SigningKey::from_seed(name, &[1; 32]).is_err(), "{name:?}");
    }
}

#[test]
fn no_byte_of_a_note_can_change() {
    let note = signed(&log(3), &key(1));
    let keys = [key(1).verifier().clone()];
    for at in 0..note.len() {
        for flip in [0x01, 0x20, 0x80] {
            let mut changed = note.clone().into_bytes();
            changed[at] ^= flip;
            let Ok(changed) = String::from_utf8(changed) else { continue };
            assert!(open_checkpoint(&changed, &keys).is_err(), "byte {at} by {flip}");
        }
    }
    for changed in [note.trim_end(), &format!("{note}\n"), &format!("\n{note}"), ""] {
        assert!(open_checkpoint(changed, &keys).is_err());
    }
}

#[test]
fn sizes_have_one_spelling() {
    let text = checkpoint(&log(3)).text();
    for changed in ["03", "+3", "-3", "3 ", "", "18446744073709551616"] {
        let changed = text.replacen("\n3\n", &format!("\n{changed}\n"), 1);
        assert!(Checkpoint::parse(&changed).is_err(), "{changed}");
    }
}

#[test]
fn a_key_of_another_log_does_not_count() {
    let other = SigningKey::from_seed("receipts.example/other", &[1; 32]).unwrap();
    assert!(sign_checkpoint(&checkpoint(&log(3)), &[&other]).is_err());
    assert!(sign_checkpoint(&checkpoint(&log(3)), &[]).is_err());
    let ring = Keyring::pinned(vec![(other.verifier().clone(), KeyState::Active)]);
    let note = Note::sign(checkpoint(&log(3)).text(), &[&other]).render();
    assert!(matches!(ring.open(&note), Err(Error::ForeignSignature { .. })));
    assert!(open_checkpoint(&note, &[other.verifier().clone()]).is_err());
    // The same secret under another name is another key.
    let note = signed(&log(3), &key(1));
    let opened = open_checkpoint(&note, &[other.verifier().clone()]);
    assert!(matches!(opened, Err(Error::ForeignSignature { .. })));
}

#[test]
fn rotation_old_and_new_verify_and_a_revoked_key_is_refused() {
    let (old, new) = (key(1), key(2));
    let ring = Keyring::pinned(vec![
        (old.verifier().clone(), KeyState::Retired { last_size: 4 }),
        (new.verifier().clone(), KeyState::Active),
    ]);
    assert_eq!(ring.open(&signed(&log(4), &old)).unwrap().signed_by, [old.verifier().id()]);
    assert_eq!(ring.open(&signed(&log(9), &new)).unwrap().signed_by, [new.verifier().id()]);
    assert!(matches!(ring.open(&signed(&log(5), &old)), Err(Error::KeyNotValid { .. })));
    let both = sign_checkpoint(&checkpoint(&log(4)), &[&old, &new]).unwrap();
    assert_eq!(ring.open(&both).unwrap().signed_by.len(), 2);

    let ring =
        Keyring::pinned(vec![(old.verifier().clone(), KeyState::Revoked), (new.verifier().clone(), KeyState::Active)]);
    for size in [1, 4, 9] {
        let refused = ring.open(&signed(&log(size), &old)).unwrap_err();
        assert_eq!(refused.code(), "OP-6006");
    }
    assert_eq!(ring.open(&both).unwrap().signed_by, [new.verifier().id()]);
    let foreign = ring.open(&signed(&log(4), &key(3))).unwrap_err();
    assert_eq!(foreign.code(), "OP-6005");
}

#[test]
fn a_bad_signature_is_not_made_good_by_another() {
    let (one, two) = (key(1), key(2));
    let ring =
        Keyring::pinned(vec![(one.verifier().clone(), KeyState::Active), (two.verifier().clone(), KeyState::Active)]);
    let note = signed(&log(4), &one);
    let other = signed(&log(5), &two);
    let line = other.lines().last().unwrap();
    let refused = ring.open(&format!("{note}{line}\n")).unwrap_err();
    assert!(matches!(refused, Error::BadSignature { .. }));
}

#[test]
fn a_keyring_reads_back_from_its_text() {
    let ring = Keyring::pinned(vec![
        (key(1).verifier().clone(), KeyState::Retired { last_size: 4 }),
        (key(2).verifier().clone(), KeyState::Active),
        (key(3).verifier().clone(), KeyState::Revoked),
    ]);
    let read = Keyring::parse(&format!("# keys\n\n{}", ring.to_text())).unwrap();
    assert_eq!(read.keys(), ring.keys());
    assert!(read.is_pinned());
    assert!(Keyring::parse(&key(1).verifier().to_string()).is_ok());
    for text in ["", "# none", "active", "retired x+y+z", "lost x+y+z"] {
        assert!(Keyring::parse(text).is_err(), "{text}");
    }
}
