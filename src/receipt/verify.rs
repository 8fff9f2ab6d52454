//! Verifies a whole log as a stream, in constant memory: order, bytes, tree, signature, saved checkpoints.
//! Its own file because a live store and an export go through the same walk. What it concludes is put into
//! words by `conclude`.
//!
//! INVARIANT: a log from which anything was changed, taken, doubled, moved, cut off or re-signed since a saved
//! checkpoint never ends as proven.

mod conclude;

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
    next: u64,
    /// The places jumped over last; a receipt that turns up there was moved and not removed.
    hole: Option<(u64, u64)>,
    /// Whether places are missing, so that roots mean nothing any more.
    broken: bool,
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
            next: FIRST_SEQ,
            hole: None,
            broken: false,
            tally: Tally::default(),
        }
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

    /// A receipt that could not even be taken out of its line: its place is used up, roots end here.
    pub(super) fn lose(&mut self, finding: Finding) {
        self.tally.note(finding);
        self.tally.receipts += 1;
        self.next += 1;
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
        if seq < self.next {
            return self.backwards(seq);
        }
        if seq > self.next {
            self.tally.note(Finding::Missing { from: self.next, to: seq - 1 });
            self.hole = Some((self.next, seq - 1));
            self.broken = true;
        }
        self.next = seq.saturating_add(1);
        if hash == *leaf {
            self.tally.read(seq, bytes);
        } else {
            self.tally.note(Finding::Altered { seq, why: "its text does not give its leaf hash".to_owned() });
        }
        if self.broken {
            return;
        }
        // On with the stored leaf: when the root then agrees, exactly the named receipts were altered.
        self.frontier.append(*leaf);
        self.compare_saved();
    }

    fn backwards(&mut self, seq: u64) {
        let Some((from, _)) = self.hole.filter(|(from, to)| (*from..=*to).contains(&seq)) else {
            return self.tally.note(Finding::Duplicated { seq });
        };
        // The place was jumped over and its receipt comes later: moved, not removed.
        let gap = |f: &&mut Finding| matches!(f, Finding::Missing { from: start, .. } if *start == from);
        if let Some(finding) = self.tally.findings.iter_mut().find(gap)
            && let Finding::Missing { to, .. } = *finding
        {
            *finding = Finding::Reordered { seq: from, found: to + 1 };
        }
    }

    fn compare_saved(&mut self) {
        while let Some(saved) = self.saved.get(self.passed).filter(|s| s.size() == self.frontier.size()) {
            let (size, agrees) = (saved.size(), *saved.root() == self.frontier.root());
            self.passed += 1;
            if agrees && !self.contradicted {
                self.anchored = size;
            } else if !agrees && !self.contradicted {
                self.contradicted = true;
                self.tally.note(Finding::Contradicts { from: self.anchored + 1, to: size, forked: false });
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

    /// Reads a receipt whose bytes are those of its leaf, and checks that it is one and knows its place.
    pub(super) fn read(&mut self, seq: u64, bytes: &[u8]) {
        let receipt = Some(bytes).filter(|bytes| bytes.len() <= MAX_BYTES).and_then(Receipt::from_bytes);
        let Some(receipt) = receipt else {
            let why = "its text is not a receipt in canonical form".to_owned();
            return self.note(Finding::Altered { seq, why });
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
            self.kinds.insert(receipt.kind, 1);
        }
    }
}
