//! Keys that a source used again with other content, as far as the log was told of them. Own file because a source may do so for ever: one
//! line a key says it all. INVARIANT: its memory is bounded, whatever keys come; a key that was forgotten is told once more.

use std::collections::HashSet;
use std::collections::hash_map::RandomState;
use std::hash::BuildHasher as _;

/// How many keys are remembered.
const MOST: usize = 1_000;

/// The keys of one source, since the daemon started. Of each a few bytes are kept; nobody outside can choose two that share them.
#[derive(Default)]
pub(super) struct Clashes {
    hashes: RandomState,
    told: HashSet<u64>,
}

impl Clashes {
    /// Whether it was not told of yet; from now on it was.
    pub(super) fn is_first(&mut self, key: &str) -> bool {
        let hash = self.hashes.hash_one(key);
        if self.told.len() >= MOST && !self.told.contains(&hash) {
            self.told.clear();
        }
        self.told.insert(hash)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_told_once_and_no_flood_of_keys_fills_the_memory() {
        let mut clashes = Clashes::default();
        for key in 0..MOST {
            let key = key.to_string();
            assert!(clashes.is_first(&key) && !clashes.is_first(&key), "{key}");
        }
        assert!(!clashes.is_first("0") && clashes.is_first("one more"));
        assert!(clashes.told.len() <= MOST);
        assert!(!clashes.is_first("one more") && clashes.is_first("0"), "what was forgotten is told again");
    }
}
