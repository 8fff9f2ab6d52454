//! Lists of words that readers ask about at every word of a text.
//!
//! Its own file because the answer is nearly always no, and must cost next to nothing: a list carries a
//! set of bits that says no without a comparison, and a table of places, both computed at compile time.
//! INVARIANT: words of a list are in lower case; a text's word is found whatever its ASCII case.

const BITS: usize = 1024;
/// Places for words: at least twice as many as the longest list has.
const PLACES: usize = 512;

/// A list of words.
pub(crate) struct List {
    words: &'static [&'static str],
    bits: [u64; BITS / 64],
    /// One more than where a word stands in `words`, at its slot or the first free place behind it; 0 where none is.
    places: [u8; PLACES],
}

impl List {
    /// The list of these words.
    pub(crate) const fn new(words: &'static [&'static str]) -> Self {
        assert!(words.len() < PLACES / 2, "a longer list needs more places");
        let (mut bits, mut places) = ([0; BITS / 64], [0; PLACES]);
        let mut at = 0;
        while at < words.len() {
            let slot = slot(words[at].as_bytes());
            bits[slot / 64] |= 1 << (slot % 64);
            let mut place = slot % PLACES;
            while places[place] != 0 {
                place = (place + 1) % PLACES;
            }
            at += 1;
            places[place] = at as u8;
        }
        Self { words, bits, places }
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
        let (before, from) = self.places.split_at_checked(slot % PLACES)?;
        for place in from.iter().chain(before) {
            let at = usize::from(*place).checked_sub(1)?;
            if self.words.get(at).is_some_and(|entry| entry.eq_ignore_ascii_case(word)) {
                return Some(at);
            }
        }
        None
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
