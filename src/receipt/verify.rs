//! Verifies a whole log as a stream, in constant memory: order, bytes, tree, signature, saved checkpoints.
//! Its own file because a live store and an export go through the same walk. What it concludes is put into
//! words by `conclude`.
//!
//! INVARIANT: a log from which anything was changed, taken, doubled, moved, cut off or re-signed since a saved
//! checkpoint never ends as proven.

pub(in crate::receipt) mod conclude;

use super::entry::MAX_BYTES;
use super::{Checkpoint, FIRST_SEQ, Finding, Frontier, Hash, Keyring, Receipt, Report, tree::leaf_hash};
use std::collections::BTreeMap;

/// Findings kept; more are only counted.
const MAX_FINDINGS: usize = 100;
/// Kinds counted by name; a log of ours has a few dozen.
const MAX_KINDS: usize = 1000;

/// A walk over a log from its first receipt.
#[derive(Debug, Clone)]
pub struct Verifier {
    keyring: Keyring,
    /// By size, without those of size 0, which say nothing.
    saved: Vec<Checkpoint>,
    /// How many of `saved` the walk has passed.
    passed: usize,
    /// Size of the largest saved checkpoint that agreed.
    anchored: u64,
    contradicted: bool,
    frontier: Frontier,
    /// Receipts before the walk began that were not read; 0 for a walk from the first.
    unread: u64,
    next: u64,
    /// Whether places are missing, so that roots mean nothing any more.
    broken: bool,
    /// Unreadable receipts since the last readable one; they are named already and leave that many places open.
    lost: u64,
    tally: Tally,
}

/// What adds up along the way, whatever is being verified.
#[derive(Debug, Clone, Default)]
pub(super) struct Tally {
    pub(super) findings: Vec<Finding>,
    pub(super) found: u64,
    pub(super) receipts: u64,
    pub(super) earliest_at: Option<i64>,
    pub(super) latest_at: Option<i64>,
    pub(super) kinds: BTreeMap<String, u64>,
}

impl Verifier {
    /// A walk that goes by these keys and these checkpoints saved outside the log.
    #[must_use]
    pub fn new(keyring: Keyring, mut saved: Vec<Checkpoint>) -> Self {
        saved.retain(|checkpoint| checkpoint.size() > 0);
        saved.sort_by_key(Checkpoint::size);
        Self {
            keyring,
            saved,
            passed: 0,
            anchored: 0,
            contradicted: false,
            frontier: Frontier::new(),
            unread: 0,
            next: FIRST_SEQ,
            broken: false,
            lost: 0,
            tally: Tally::default(),
        }
    }

    /// A walk over the newest receipts alone, from the stored edge of the tree before them: quick enough for every
    /// start. The edge need not be trusted, since only the true one leads to the signed head; but the texts of the
    /// receipts before it are not read, so such a walk ends at best as incomplete.
    #[must_use]
    pub fn resume(keyring: Keyring, saved: Vec<Checkpoint>, edge: Frontier) -> Self {
        let mut walk = Self::new(keyring, saved);
        walk.unread = edge.size();
        walk.next = edge.size().saturating_add(FIRST_SEQ);
        walk.passed = walk.saved.iter().filter(|saved| saved.size() < walk.unread).count();
        walk.frontier = edge;
        walk.compare_saved();
        walk
    }

    /// The next receipt as stored: its number and its exact bytes. Where the leaf hash is stored too, use
    /// [`Verifier::push_with_leaf`]: then an altered receipt is named exactly and not as a range.
    pub fn push(&mut self, seq: u64, bytes: &[u8]) {
        let hash = leaf_hash(bytes);
        self.step(seq, bytes, hash, &hash);
    }

    /// The next receipt as stored, with the leaf hash stored beside it.
    pub fn push_with_leaf(&mut self, seq: u64, bytes: &[u8], leaf: &Hash) {
        self.step(seq, bytes, leaf_hash(bytes), leaf);
    }

    /// Something wrong that the caller saw where the receipts come from.
    pub(super) fn note(&mut self, finding: Finding) {
        self.tally.note(finding);
    }

    /// A receipt that could not even be taken out of its line. Roots mean nothing from here on.
    pub(super) fn lose(&mut self, finding: Finding) {
        self.tally.note(finding);
        self.lost += 1;
        self.broken = true;
    }

    /// The number that should come next.
    #[must_use]
    pub fn next_seq(&self) -> u64 {
        self.next
    }

    /// Ends the walk against the newest signed checkpoint of the log, `None` when there is none.
    #[must_use]
    pub fn finish(self, head_note: Option<&str>) -> Report {
        conclude::conclude(self, head_note)
    }

    fn step(&mut self, seq: u64, bytes: &[u8], hash: Hash, leaf: &Hash) {
        self.tally.receipts += 1;
        let receipt = if hash == *leaf { read(bytes) } else { None };
        // The number inside is hashed and the one beside it is not: where they differ, believe the inner one.
        let mislabelled = seq != self.next && receipt.as_ref().is_some_and(|receipt| receipt.seq == self.next);
        let place = if mislabelled { self.next } else { seq };
        if place < self.next {
            return self.backwards(place);
        }
        let lost = std::mem::take(&mut self.lost);
        if place > self.next {
            if place - self.next > lost {
                self.tally.note(Finding::Missing { from: self.next, to: place - 1 });
            }
            self.broken = true;
        }
        self.next = place.saturating_add(1);
        if mislabelled {
            let why = format!("it stands there under the number {seq}");
            self.tally.note(Finding::Altered { seq: place, why });
        }
        self.tally.take(place, receipt.as_ref(), hash == *leaf);
        if self.broken {
            return;
        }
        // On with the stored leaf: when the root then agrees, exactly the named receipts were altered.
        self.frontier.append(*leaf);
        self.compare_saved();
    }

    fn backwards(&mut self, seq: u64) {
        for finding in &mut self.tally.findings {
            match *finding {
                // The place was jumped over and its receipt comes later: moved, not removed.
                Finding::Missing { from, to } if (from..=to).contains(&seq) => {
                    *finding = Finding::Reordered { seq: from, found: to + 1 };
                    return;
                }
                Finding::Reordered { seq: from, found } if (from..found).contains(&seq) => return,
                _ => {}
            }
        }
        self.tally.note(Finding::Duplicated { seq, after: self.next - 1 });
    }

    fn compare_saved(&mut self) {
        let before = self.anchored;
        while let Some(saved) = self.saved.get(self.passed).filter(|s| s.size() == self.frontier.size()) {
            let (size, agrees) = (saved.size(), *saved.root() == self.frontier.root());
            self.passed += 1;
            // After the first contradiction all later ones follow from it.
            if self.contradicted {
                continue;
            }
            if agrees {
                self.anchored = size;
            } else {
                self.contradicted = true;
                self.tally.note(Finding::Contradicts { from: before + 1, to: size, forked: false });
            }
        }
    }
}

impl Tally {
    pub(super) fn note(&mut self, finding: Finding) {
        self.found += 1;
        if self.findings.len() < MAX_FINDINGS {
            self.findings.push(finding);
        }
    }

    /// Counts a receipt in, or notes why it is none. `None` stands for bytes that were not read as one.
    pub(super) fn take(&mut self, seq: u64, receipt: Option<&Receipt>, hashed: bool) {
        let Some(receipt) = receipt else {
            let why = if hashed {
                "its text is not a receipt in canonical form"
            } else {
                "its text does not give its leaf hash"
            };
            return self.note(Finding::Altered { seq, why: why.to_owned() });
        };
        if receipt.seq != seq {
            let why = format!("receipt {} stands in its place", receipt.seq);
            self.note(Finding::Altered { seq, why });
        }
        let at = receipt.at;
        self.earliest_at = Some(self.earliest_at.map_or(at, |before| before.min(at)));
        self.latest_at = Some(self.latest_at.map_or(at, |before| before.max(at)));
        if let Some(count) = self.kinds.get_mut(&receipt.kind) {
            *count += 1;
        } else if self.kinds.len() < MAX_KINDS {
            self.kinds.insert(receipt.kind.clone(), 1);
        }
    }
}

/// The receipt in these bytes, when they are the canonical form of one.
pub(super) fn read(bytes: &[u8]) -> Option<Receipt> {
    if bytes.len() <= MAX_BYTES { Receipt::from_bytes(bytes) } else { None }
}
