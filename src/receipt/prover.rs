//! Makes inclusion and consistency proofs in one pass over the leaf hashes of a log.
//! Its own file because it is the only part that walks leaves to prove something. It keeps what the asked-for
//! proofs need (a few dozen hashes each), so the log may be of any length.
//!
//! INVARIANT: a proof is given only when exactly `size` leaves were pushed.

use super::proof::{consistency_ranges, inclusion_ranges};
use super::{Frontier, Hash};
use std::collections::BTreeMap;
use std::ops::Range;

/// Collects proofs while leaf hashes stream by.
#[derive(Debug, Clone)]
pub struct Prover {
    size: u64,
    frontier: Frontier,
    /// Perfect subtrees that some proof needs, by height and first leaf.
    wanted: BTreeMap<(u32, u64), Option<Hash>>,
}

impl Prover {
    /// For the tree of `size` leaves: ready to prove that the leaves `included` (numbered from 0) are in it
    /// and that the trees of the sizes `earlier` are its beginnings. What cannot be (an index beyond the
    /// size) is left out here and answered with `None` later.
    #[must_use]
    pub fn new(size: u64, included: &[u64], earlier: &[u64]) -> Self {
        let inclusion = included.iter().filter_map(|index| inclusion_ranges(*index, size));
        let consistency = earlier.iter().filter_map(|old| consistency_ranges(*old, size));
        let wanted =
            inclusion.chain(consistency).flatten().filter_map(|range| perfect(&range)).map(|key| (key, None)).collect();
        Self { size, frontier: Frontier::new(), wanted }
    }

    /// The next leaf hash, in order. Leaves beyond the size are ignored.
    pub fn push(&mut self, leaf: Hash) {
        if self.frontier.size() == self.size {
            return;
        }
        let wanted = &mut self.wanted;
        self.frontier.append_watching(leaf, |height, first, hash| {
            if let Some(slot) = wanted.get_mut(&(height, first)) {
                *slot = Some(*hash);
            }
        });
    }

    /// Root of the tree of what was pushed.
    #[must_use]
    pub fn root(&self) -> Hash {
        self.frontier.root()
    }

    /// The inclusion path of leaf `index`; `None` when it was not asked for or leaves are missing.
    #[must_use]
    pub fn inclusion(&self, index: u64) -> Option<Vec<Hash>> {
        self.collect(inclusion_ranges(index, self.size)?)
    }

    /// The consistency path from the tree of `earlier` leaves; `None` when it was not asked for or leaves
    /// are missing.
    #[must_use]
    pub fn consistency(&self, earlier: u64) -> Option<Vec<Hash>> {
        self.collect(consistency_ranges(earlier, self.size)?)
    }

    fn collect(&self, ranges: Vec<Range<u64>>) -> Option<Vec<Hash>> {
        if self.frontier.size() != self.size {
            return None;
        }
        let node = |range: Range<u64>| match perfect(&range) {
            Some(key) => *self.wanted.get(&key)?,
            None => self.frontier.fold_from(range.start),
        };
        ranges.into_iter().map(node).collect()
    }
}

/// Height and first leaf when the range is a perfect subtree.
fn perfect(range: &Range<u64>) -> Option<(u32, u64)> {
    let width = range.end - range.start;
    (width.is_power_of_two() && range.start.is_multiple_of(width)).then(|| (width.ilog2(), range.start))
}
