//! Lists of words that readers ask about at every word of a text.
//!
//! Its own file because the answer is nearly always no, and must cost next to nothing: a list carries a
//! set of bits, computed at compile time, that says no without a comparison.
//! INVARIANT: words of a list are in lower case; a text's word is found whatever its ASCII case.

const BITS: usize = 1024;

/// A list of words.
pub(crate) struct List {
    words: &'static [&'static str],
    bits: [u64; BITS / 64],
}

impl List {
    /// The list of these words.
    pub(crate) const fn new(words: &'static [&'static str]) -> Self {
        let mut bits = [0; BITS / 64];
        let mut at = 0;
        while at < words.len() {
            let slot = slot(words[at].as_bytes());
            bits[slot / 64] |= 1 << (slot % 64);
            at += 1;
        }
        Self { words, bits }
    }

    /// Whether `word` stands in the list.
    pub(crate) fn has(&self, word: &str) -> bool {
        self.place(word).is_some()
    }

    /// At which place of the list `word` stands.
    pub(crate) fn place(&self, word: &str) -> Option<usize> {
        let slot = slot(word.as_bytes());
        if self.bits.get(slot / 64)? & (1 << (slot % 64)) == 0 {
            return None;
        }
        self.words.iter().position(|entry| entry.len() == word.len() && entry.eq_ignore_ascii_case(word))
    }
}

const fn slot(word: &[u8]) -> usize {
    if word.is_empty() {
        return 0;
    }
    let first = word[0].to_ascii_lowercase() as usize;
    let last = word[word.len() - 1].to_ascii_lowercase() as usize;
    let middle = word[word.len() / 2].to_ascii_lowercase() as usize;
    (first * 37 + last * 101 + middle * 211 + word.len() * 13) % BITS
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_is_found_at_its_place_whatever_its_case() {
        const WORDS: List = List::new(&["one", "für", "o’clock"]);
        assert_eq!(
            ["One", "FüR", "o’Clock", "on", ""].map(|word| WORDS.place(word)),
            [Some(0), Some(1), Some(2), None, None]
        );
    }
}
