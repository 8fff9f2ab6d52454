//! Lists of words and phrases that detectors ask about at every word of a text.
//!
//! Its own file because the answer is nearly always no, and must cost next to nothing: a list carries a
//! set of bits, computed at compile time, that says no without a comparison. Words are in lower case.

use super::scan::Scan;

const BITS: usize = 1024;

/// A list of words.
pub(super) struct List {
    words: &'static [&'static str],
    bits: [u64; BITS / 64],
}

impl List {
    /// No word at all.
    pub(super) const NONE: Self = Self::new(&[]);

    pub(super) const fn new(words: &'static [&'static str]) -> Self {
        let mut bits = [0; BITS / 64];
        let mut at = 0;
        while at < words.len() {
            bits = with(bits, words[at].as_bytes());
            at += 1;
        }
        Self { words, bits }
    }

    pub(super) fn has(&self, word: &[u8]) -> bool {
        may_have(&self.bits, slot(word)) && self.words.iter().any(|entry| same(entry, word))
    }

    /// Whether word number `index` of the text is in the list.
    #[inline]
    pub(super) fn has_at(&self, scan: &Scan<'_>, index: usize) -> bool {
        may_have(&self.bits, scan.slot(index)) && self.has(scan.word(index))
    }
}

/// A list of phrases, each a row of words.
pub(super) struct Phrases {
    phrases: &'static [&'static [&'static str]],
    heads: [u64; BITS / 64],
}

impl Phrases {
    pub(super) const fn new(phrases: &'static [&'static [&'static str]]) -> Self {
        let mut heads = [0; BITS / 64];
        let mut at = 0;
        while at < phrases.len() {
            heads = with(heads, phrases[at][0].as_bytes());
            at += 1;
        }
        Self { phrases, heads }
    }

    /// End of a phrase that starts with word `index`, no sentence ending inside it.
    pub(super) fn end_at(&self, scan: &Scan<'_>, index: usize) -> Option<usize> {
        if !may_have(&self.heads, scan.slot(index)) {
            return None;
        }
        let phrase = self
            .phrases
            .iter()
            .filter(|phrase| phrase.iter().enumerate().all(|(offset, part)| same(part, scan.word(index + offset))))
            .max_by_key(|phrase| phrase.len())?;
        let start = scan.words.get(index)?.0;
        let end = scan.words.get(index + phrase.len() - 1)?.1;
        let broken = scan.bytes.get(start..end)?.iter().any(|byte| matches!(byte, b'.' | b';' | b'?' | b'!'));
        (!broken).then_some(end)
    }
}

/// Where the bit of a word stands.
pub(super) const fn slot(word: &[u8]) -> u16 {
    if word.is_empty() {
        return 0;
    }
    let (first, last) = (word[0] as usize, word[word.len() - 1] as usize);
    let middle = word[word.len() / 2] as usize;
    ((first * 37 + last * 101 + middle * 211 + word.len() * 13) % BITS) as u16
}

const fn with(mut bits: [u64; BITS / 64], word: &[u8]) -> [u64; BITS / 64] {
    let slot = slot(word);
    bits[slot as usize / 64] |= 1 << (slot % 64);
    bits
}

/// Most words of a list differ from a word of the text in length or first letter.
#[inline]
fn same(entry: &str, word: &[u8]) -> bool {
    let entry = entry.as_bytes();
    entry.len() == word.len() && entry.first() == word.first() && entry == word
}

#[inline]
fn may_have(bits: &[u64; BITS / 64], slot: u16) -> bool {
    bits.get(usize::from(slot) / 64).is_some_and(|part| part & (1 << (slot % 64)) != 0)
}
