//! Finding a piece of text that was copied almost right.
//!
//! Its own file because it is an algorithm of its own: approximate string matching by bit vectors (G. Myers, J. ACM 46(3), 1999, in the
//! form of H. Hyyrö, 2001), which compares 64 characters of the pattern at once and so stays near-linear in the text.
//! INVARIANT: what is found differs from the pattern in at most the edits allowed; ends lie on character boundaries.

use std::collections::HashMap;
use std::ops::Range;

/// Longest pattern that is looked for, in characters.
pub(super) const LONGEST: usize = 512;

/// The place in `text` that is closest to `pattern`, when it is at most `most` edits (of one character each) away; the first of several.
/// Takes `text` times a 64th of `pattern` steps.
pub(super) fn find(text: &str, pattern: &[char], most: usize) -> Option<Range<usize>> {
    if pattern.is_empty() || pattern.len() > LONGEST {
        return None;
    }
    let mut column = Column::new(pattern.iter().copied(), false);
    let mut best: Option<(usize, usize)> = None;
    for (at, c) in text.char_indices() {
        let distance = column.step(c);
        if distance <= most && best.is_none_or(|(known, _)| distance < known) {
            best = Some((distance, at + c.len_utf8()));
        }
    }
    let (_, end) = best?;
    // Backwards from where it ends, the same comparison tells where it starts.
    let mut column = Column::new(pattern.iter().rev().copied(), true);
    let mut closest: Option<(usize, usize)> = None;
    for (at, c) in text.get(..end)?.char_indices().rev().take(pattern.len() + most) {
        let distance = column.step(c);
        if closest.is_none_or(|(known, _)| distance < known) {
            closest = Some((distance, at));
        }
    }
    closest.filter(|(distance, _)| *distance <= most).map(|(_, start)| start..end)
}

/// One column of the table of distances, as differences between neighbours in bits.
struct Column {
    /// Bits of the pattern where each character stands, `words` numbers each; the first is for characters that stand nowhere.
    places: Vec<u64>,
    ascii: [usize; 128],
    others: HashMap<char, usize>,
    words: usize,
    up: Vec<u64>,
    down: Vec<u64>,
    last: u32,
    distance: usize,
    /// Whether the text must be used from its first character on.
    anchored: bool,
}

impl Column {
    fn new(pattern: impl ExactSizeIterator<Item = char>, anchored: bool) -> Self {
        let len = pattern.len();
        let words = len.div_ceil(64);
        let mut column = Self {
            places: vec![0; words],
            ascii: [0; 128],
            others: HashMap::new(),
            words,
            up: vec![u64::MAX; words],
            down: vec![0; words],
            last: u32::try_from((len.max(1) - 1) % 64).unwrap_or(0),
            distance: len,
            anchored,
        };
        for (at, c) in pattern.enumerate() {
            let mut base = column.base(c);
            if base == 0 {
                base = column.places.len();
                column.places.resize(base + words, 0);
                match column.ascii.get_mut(c as usize) {
                    Some(slot) => *slot = base,
                    None => drop(column.others.insert(c, base)),
                }
            }
            if let Some(word) = column.places.get_mut(base + at / 64) {
                *word |= 1 << (at % 64);
            }
        }
        column
    }

    fn base(&self, c: char) -> usize {
        match self.ascii.get(c as usize) {
            Some(base) => *base,
            None => self.others.get(&c).copied().unwrap_or(0),
        }
    }

    /// Goes on by one character of the text; the distance of the whole pattern to the best piece that ends here.
    fn step(&mut self, c: char) -> usize {
        let base = self.base(c);
        let (mut carry, mut up_in, mut down_in) = (false, u64::from(self.anchored), 0);
        let places = self.places.get(base..base + self.words).unwrap_or(&[]);
        let last = self.words - 1;
        for (index, ((up, down), same)) in self.up.iter_mut().zip(&mut self.down).zip(places).enumerate() {
            let either = same | *down;
            let (sum, first) = (either & *up).overflowing_add(*up);
            let (sum, second) = sum.overflowing_add(u64::from(carry));
            carry = first || second;
            let diagonal = (sum ^ *up) | either;
            let rises = *down | !(diagonal | *up);
            let falls = diagonal & *up;
            if index == last {
                let bit = 1 << self.last;
                self.distance = self.distance + usize::from(rises & bit != 0) - usize::from(falls & bit != 0);
            }
            let (shifted_rises, shifted_falls) = (rises << 1 | up_in, falls << 1 | down_in);
            (up_in, down_in) = (rises >> 63, falls >> 63);
            *up = shifted_falls | !(diagonal | shifted_rises);
            *down = diagonal & shifted_rises;
        }
        self.distance
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// The least distance of `pattern` to any piece of `text`, by the plain table.
    fn table(text: &str, pattern: &[char]) -> usize {
        let mut column: Vec<usize> = (0..=pattern.len()).collect();
        let mut best = pattern.len();
        for c in text.chars() {
            let mut corner = column[0];
            for (row, p) in pattern.iter().enumerate() {
                let next = (corner + usize::from(*p != c)).min(column[row] + 1).min(column[row + 1] + 1);
                corner = column[row + 1];
                column[row + 1] = next;
            }
            best = best.min(column[pattern.len()]);
        }
        best
    }

    fn apart(one: &str, other: &[char]) -> usize {
        let mut row: Vec<usize> = (0..=other.len()).collect();
        for (i, c) in one.chars().enumerate() {
            let mut corner = row[0];
            row[0] = i + 1;
            for (j, p) in other.iter().enumerate() {
                let next = (corner + usize::from(*p != c)).min(row[j] + 1).min(row[j + 1] + 1);
                corner = row[j + 1];
                row[j + 1] = next;
            }
        }
        row[other.len()]
    }

    proptest! {
        #[test]
        fn finds_what_the_plain_table_finds(text in "[abcä ]{0,300}", pattern in "[abcä ]{1,150}", most in 0_usize..40) {
            let pattern: Vec<char> = pattern.chars().collect();
            let least = table(&text, &pattern);
            match find(&text, &pattern, most) {
                Some(span) => {
                    prop_assert!(least <= most);
                    prop_assert_eq!(apart(&text[span], &pattern), least);
                }
                // A pattern so short that nothing of the text is nearest is not found.
                None => prop_assert!(least > most || least == pattern.len() || text.is_empty()),
            }
        }
    }
}
