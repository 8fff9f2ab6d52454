//! The Merkle tree of RFC 6962 (RFC 9162, 2.1): hashes, and the right edge that is all a writer must keep.
//! Its own file because writer, verifier and prover share it. Storage-free: at most 64 hashes.
//!
//! INVARIANT: `Frontier::root` of n appended leaves is MTH of these n leaves, and `peaks.len()` is the
//! number of ones in the binary form of `size`.

use ring::digest::{Context, SHA256};

/// A SHA-256 value.
pub type Hash = [u8; 32];

/// Hash of a leaf: SHA-256(0x00 || bytes).
#[must_use]
pub fn leaf_hash(bytes: &[u8]) -> Hash {
    digest(&[&[0], bytes])
}

/// Hash of an inner node: SHA-256(0x01 || left || right).
#[must_use]
pub fn node_hash(left: &Hash, right: &Hash) -> Hash {
    digest(&[&[1], left, right])
}

/// Root of the tree without leaves: SHA-256 of nothing.
#[must_use]
pub fn empty_root() -> Hash {
    digest(&[])
}

/// SHA-256 of the parts, one after the other.
pub(super) fn digest(parts: &[&[u8]]) -> Hash {
    let mut context = Context::new(&SHA256);
    for part in parts {
        context.update(part);
    }
    let mut out = [0; 32];
    out.copy_from_slice(context.finish().as_ref());
    out
}

/// The right edge of a tree: its size and the roots of its perfect subtrees, largest (leftmost) first.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Frontier {
    size: u64,
    peaks: Vec<Hash>,
}

impl Frontier {
    /// The edge of the empty tree.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a leaf by its hash; one node hash on average.
    pub fn append(&mut self, leaf: Hash) {
        self.append_watching(leaf, |_, _, _| ());
    }

    /// As [`Frontier::append`], telling of every perfect subtree that is completed: its height (0 for the
    /// leaf), the index of its first leaf, its root.
    pub(super) fn append_watching(&mut self, leaf: Hash, mut completed: impl FnMut(u32, u64, &Hash)) {
        completed(0, self.size, &leaf);
        let mut hash = leaf;
        let mut height = 0;
        let merges = self.size.trailing_ones();
        while height < merges {
            let Some(left) = self.peaks.pop() else { break };
            hash = node_hash(&left, &hash);
            height += 1;
            completed(height, (self.size >> height) << height, &hash);
        }
        self.peaks.push(hash);
        self.size += 1;
    }

    /// Root of the whole tree.
    #[must_use]
    pub fn root(&self) -> Hash {
        self.fold_from(0).unwrap_or_else(empty_root)
    }

    /// Number of leaves.
    #[must_use]
    pub fn size(&self) -> u64 {
        self.size
    }

    /// Root of the leaves from `start` to the end, where `start` is the first leaf of one of the peaks.
    pub(super) fn fold_from(&self, start: u64) -> Option<Hash> {
        let mut end = self.size;
        let mut root: Option<Hash> = None;
        for peak in self.peaks.iter().rev() {
            if end <= start {
                break;
            }
            // The lowest set bit of what is left is the width of its last peak.
            end &= end - 1;
            root = Some(root.map_or(*peak, |right| node_hash(peak, &right)));
        }
        root.filter(|_| end == start)
    }

    /// Short text-free form: size as 8 bytes big-endian, then the peaks of 32 bytes each.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(8 + 32 * self.peaks.len());
        out.extend_from_slice(&self.size.to_be_bytes());
        for peak in &self.peaks {
            out.extend_from_slice(peak);
        }
        out
    }

    /// Reads the form of [`Frontier::to_bytes`]. `None` when the number of peaks does not fit the size.
    /// What it says is not proven: compare [`Frontier::root`] with the signed head before relying on it.
    #[must_use]
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let (size, rest) = bytes.split_first_chunk::<8>()?;
        let size = u64::from_be_bytes(*size);
        let (peaks, odd) = rest.as_chunks::<32>();
        let fits = odd.is_empty() && peaks.len() == size.count_ones() as usize;
        fits.then(|| Self { size, peaks: peaks.to_vec() })
    }
}
