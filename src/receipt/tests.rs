//! Tests of the receipt room, by subject, and the small log that they share.

mod codes;
mod export;
mod golden;
mod jcs;
mod keys;
mod tree;
mod vectors;
mod verify;

use super::*;
use jiff::Timestamp;

pub(super) const ORIGIN: &str = "receipts.example/test";

pub(super) fn key(number: u8) -> SigningKey {
    SigningKey::from_seed(ORIGIN, &[number; 32]).unwrap()
}

pub(super) fn entry(number: u64) -> Entry {
    let (id, subject) = (format!("rct_{number:026}"), format!("req_{:026}", number % 3));
    let at = Timestamp::from_microsecond(1_790_000_000_000_000 + i64::try_from(number).unwrap() * 1000).unwrap();
    let fields = Fields {
        id: &id,
        at,
        kind: if number.is_multiple_of(2) { "brief.drafted" } else { "request.accepted" },
        tenant: "acme",
        pilot: (!number.is_multiple_of(5)).then_some("plt_01"),
        subject: &subject,
        actor: "source:inbox \"é\"",
    };
    let digest = super::tree::leaf_hash(&number.to_be_bytes());
    let body =
        Body::of(&[("size", Field::Int(1234)), ("digest", Field::Digest(&digest)), ("repeat", Field::Flag(false))]);
    Entry::new(&fields, &body.unwrap()).unwrap()
}

pub(super) fn log(count: u64) -> Vec<Sealed> {
    (FIRST_SEQ..FIRST_SEQ + count).map(|seq| entry(seq).seal(seq)).collect()
}

pub(super) fn checkpoint(receipts: &[Sealed]) -> Checkpoint {
    let mut frontier = Frontier::new();
    receipts.iter().for_each(|receipt| frontier.append(receipt.leaf));
    Checkpoint::new(ORIGIN, frontier.size(), frontier.root()).unwrap()
}

pub(super) fn signed(receipts: &[Sealed], key: &SigningKey) -> String {
    sign_checkpoint(&checkpoint(receipts), &[key]).unwrap()
}

pub(super) fn pinned(key: &SigningKey) -> Keyring {
    Keyring::pinned(vec![(key.verifier().clone(), KeyState::Active)])
}
