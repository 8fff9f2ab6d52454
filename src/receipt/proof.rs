//! Inclusion and consistency proofs: checking them, and which subtrees they consist of.
//! Its own file because a checker needs nothing else of this room. After RFC 6962, 2.1.1 and 2.1.2; the
//! checking follows the loops of RFC 9162, 2.1.3.2 and 2.1.4.2.
//!
//! INVARIANT: a proof has exactly the length its tree sizes demand; anything longer or shorter is refused.

use super::tree::{Hash, node_hash};
use std::ops::Range;

/// Whether `path` proves that the leaf with this hash is number `index` (from 0) of the tree of `size` leaves
/// with this root.
#[must_use]
pub fn verify_inclusion(index: u64, size: u64, leaf: &Hash, path: &[Hash], root: &Hash) -> bool {
    inclusion_root(index, size, leaf, path).is_some_and(|computed| computed == *root)
}

/// The root that this path leads to. `None` when the path cannot belong to this index and size.
#[must_use]
pub fn inclusion_root(index: u64, size: u64, leaf: &Hash, path: &[Hash]) -> Option<Hash> {
    let mut node = index;
    let mut last = size.checked_sub(1)?;
    if node > last {
        return None;
    }
    let mut hash = *leaf;
    for sibling in path {
        if last == 0 {
            return None;
        }
        if node & 1 == 1 || node == last {
            hash = node_hash(sibling, &hash);
            // A right edge without sibling on the next levels: climb to where there is one.
            while node & 1 == 0 && node != 0 {
                node >>= 1;
                last >>= 1;
            }
        } else {
            hash = node_hash(&hash, sibling);
        }
        node >>= 1;
        last >>= 1;
    }
    (last == 0).then_some(hash)
}

/// Whether `path` proves that the tree of `new_size` leaves begins with the tree of `old_size` leaves.
/// An old size of 0 is refused: everything begins with nothing, so such a proof says nothing.
#[must_use]
pub fn verify_consistency(old_size: u64, new_size: u64, old_root: &Hash, new_root: &Hash, path: &[Hash]) -> bool {
    if old_size == 0 || old_size > new_size {
        return false;
    }
    if old_size == new_size {
        return path.is_empty() && old_root == new_root;
    }
    let mut node = old_size - 1;
    let mut last = new_size - 1;
    let climb = node.trailing_ones();
    node >>= climb;
    last >>= climb;
    // A full left subtree is its own start and does not stand in the path.
    let (start, rest) = if node == 0 {
        (*old_root, path)
    } else {
        let Some((first, rest)) = path.split_first() else { return false };
        (*first, rest)
    };
    let (mut old, mut new) = (start, start);
    for sibling in rest {
        if last == 0 {
            return false;
        }
        if node & 1 == 1 || node == last {
            old = node_hash(sibling, &old);
            new = node_hash(sibling, &new);
            while node & 1 == 0 && node != 0 {
                node >>= 1;
                last >>= 1;
            }
        } else {
            new = node_hash(&new, sibling);
        }
        node >>= 1;
        last >>= 1;
    }
    last == 0 && old == *old_root && new == *new_root
}

/// The leaf ranges whose roots are the inclusion path of `index`, in path order: PATH of RFC 6962, 2.1.1.
/// Each range is a perfect subtree or ends at `size`.
pub(super) fn inclusion_ranges(index: u64, size: u64) -> Option<Vec<Range<u64>>> {
    if index >= size {
        return None;
    }
    let mut ranges = Vec::new();
    let (mut start, mut end) = (0, size);
    while end - start > 1 {
        let middle = start + split(end - start);
        if index < middle {
            ranges.push(middle..end);
            end = middle;
        } else {
            ranges.push(start..middle);
            start = middle;
        }
    }
    ranges.reverse();
    Some(ranges)
}

/// The leaf ranges whose roots are the consistency path from `old_size` to `size`, in path order: SUBPROOF
/// of RFC 6962, 2.1.2. Each range is a perfect subtree or ends at `size`.
pub(super) fn consistency_ranges(old_size: u64, size: u64) -> Option<Vec<Range<u64>>> {
    if old_size == 0 || old_size > size {
        return None;
    }
    let mut ranges = Vec::new();
    let (mut start, mut end) = (0, size);
    while old_size != end {
        let middle = start + split(end - start);
        if old_size <= middle {
            ranges.push(middle..end);
            end = middle;
        } else {
            ranges.push(start..middle);
            start = middle;
        }
    }
    // The part that both trees share; when it is the whole old tree the reader has its root already.
    if start != 0 {
        ranges.push(start..end);
    }
    ranges.reverse();
    Some(ranges)
}

/// The largest power of two below `width`, which is at least 2.
fn split(width: u64) -> u64 {
    1 << (width - 1).ilog2()
}
