//! Receipts: the signed, ordered, tamper-evident record of everything that happened.
//!
//! Pure ground: hashing, the Merkle tree, signed checkpoints, verification and the export format. Nothing
//! here reads a clock, a file or the environment; the store hands in the order, the caller hands in time and
//! randomness. The format is written down for outsiders in `docs/receipts.md`.
//!
//! INVARIANT: what is hashed is exactly what is stored and exported, byte for byte; nothing is re-rendered
//! on the way to a proof.

pub mod body;
pub mod checkpoint;
pub mod commitment;
pub mod entry;
pub mod error;
pub mod export;

pub mod finding;
pub mod jcs;
pub mod key;
pub mod keyring;
pub mod note;
pub mod proof;
pub mod prover;
pub mod report;
pub mod tree;
pub mod veil;
pub mod verify;

pub use body::{Body, Field};
pub use checkpoint::{Checkpoint, open_checkpoint, sign_checkpoint};
pub use commitment::{commitment, commitment_matches};
pub use entry::{Entry, Fields, Receipt, Sealed};
pub use error::Error;
pub use finding::Finding;
pub use key::{SigningKey, VerifierKey};
pub use keyring::{KeyState, Keyring, Opened};
pub use prover::Prover;
pub use report::{Outcome, Report};
pub use tree::{Frontier, Hash};
pub use verify::Verifier;

/// Sequence number of the first receipt of a log. The receipt `seq` is leaf `seq - 1` of the tree, so a
/// checkpoint of size `n` covers the receipts 1 to `n`.
pub const FIRST_SEQ: u64 = 1;

#[cfg(test)]
mod tests;
