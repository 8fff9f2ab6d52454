//! One reading of a text that all detectors share: its words, its groups of digits, its lower-case form.
//!
//! Its own file because every detector needs the same three views and none should read the text again
//! to build them. INVARIANT: building takes time linear in the text; every look around a position is
//! bounded by a constant. INVARIANT: `lower` has the byte length of the text.

use super::words::{List, slot};

/// How far back, in bytes, a word still counts as context.
const REACH: usize = 72;

/// What stands between two groups of digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Join {
    /// Something that separates numbers, or the start of the text.
    Apart,
    /// One space of any width.
    Space,
    /// A hyphen or a dash.
    Hyphen,
    /// A full stop.
    Dot,
    /// A slash.
    Slash,
    /// Round brackets, as around an area code.
    Bracket,
    /// A hyphen or slash with spaces around it.
    Wide,
}

/// A maximal run of ASCII digits.
#[derive(Clone, Copy, Debug)]
pub(super) struct Group {
    pub(super) start: usize,
    pub(super) end: usize,
    /// What stands between the previous group and this one.
    pub(super) join: Join,
    /// A letter, a currency sign or a thousands comma touches the left side.
    pub(super) glued_left: bool,
    /// A letter or a thousands comma touches the right side.
    pub(super) glued_right: bool,
}

impl Group {
    pub(super) const fn len(&self) -> usize {
        self.end - self.start
    }
}

/// The shared reading of one text.
pub(super) struct Scan<'t> {
    pub(super) text: &'t str,
    pub(super) bytes: &'t [u8],
    /// The text with ASCII and Latin-1 letters in lower case, byte for byte.
    pub(super) lower: Vec<u8>,
    /// Byte spans of the words: letters, digits, `_`.
    pub(super) words: Vec<(usize, usize)>,
    pub(super) groups: Vec<Group>,
    /// Per word: where its bit stands in a list.
    slots: Vec<u16>,
    /// Which bytes occur in the text.
    occurs: [bool; 256],
}

impl<'t> Scan<'t> {
    pub(super) fn new(text: &'t str) -> Self {
        let bytes = text.as_bytes();
        let lower = lower_case(bytes);
        let words = words(bytes);
        let groups = groups(text);
        let slots = words.iter().map(|&(start, end)| slot(lower.get(start..end).unwrap_or_default())).collect();
        let mut occurs = [false; 256];
        for byte in bytes {
            occurs[usize::from(*byte)] = true;
        }
        Self { text, bytes, lower, words, groups, slots, occurs }
    }

    /// Whether one of these bytes stands anywhere in the text; if not, what needs one need not be looked for.
    pub(super) fn holds(&self, bytes: &[u8]) -> bool {
        bytes.iter().any(|byte| self.occurs[usize::from(*byte)])
    }

    /// Where the bit of word number `index` stands in a list.
    #[inline]
    pub(super) fn slot(&self, index: usize) -> u16 {
        self.slots.get(index).copied().unwrap_or_default()
    }

    /// The byte at `at`, or a space outside the text.
    pub(super) fn byte(&self, at: usize) -> u8 {
        self.bytes.get(at).copied().unwrap_or(b' ')
    }

    /// The byte before `at`, or a space at the start.
    pub(super) fn before(&self, at: usize) -> u8 {
        at.checked_sub(1).map_or(b' ', |at| self.byte(at))
    }

    /// Word number `index` in lower case; empty when there is none.
    pub(super) fn word(&self, index: usize) -> &[u8] {
        self.words.get(index).and_then(|&(start, end)| self.lower.get(start..end)).unwrap_or_default()
    }

    /// Number of words that end at or before byte `at`.
    pub(super) fn words_before(&self, at: usize) -> usize {
        self.words.partition_point(|&(_, end)| end <= at)
    }

    /// Whether the nearest telling word among the `reach` words before byte `at` is one of `hit` and
    /// not one of `veto`.
    pub(super) fn led_by(&self, at: usize, reach: usize, hit: &List, veto: &List) -> bool {
        let upto = self.words_before(at);
        for index in (upto.saturating_sub(reach)..upto).rev() {
            let Some(&(_, end)) = self.words.get(index) else { return false };
            if at - end > REACH {
                return false;
            }
            if veto.has_at(self, index) {
                return false;
            }
            if hit.has_at(self, index) {
                return true;
            }
        }
        false
    }

    /// Whether one of the `reach` words after byte `at`, on the same line, is one of `hit`.
    pub(super) fn followed_by(&self, at: usize, reach: usize, hit: &List) -> bool {
        let from = self.words.partition_point(|&(start, _)| start < at);
        (from..from.saturating_add(reach)).any(|index| {
            self.words.get(index).is_some_and(|&(start, _)| {
                start - at <= REACH
                    && !self.bytes.get(at..start).unwrap_or_default().contains(&b'\n')
                    && hit.has_at(self, index)
            })
        })
    }

    /// The digits of groups `from..=to`, at most 20 of them.
    pub(super) fn digits(&self, from: usize, to: usize) -> Digits {
        let mut digits = Digits { values: [0; 20], len: 0 };
        for group in self.groups.get(from..=to).unwrap_or_default() {
            for byte in self.bytes.get(group.start..group.end).unwrap_or_default() {
                if let Some(slot) = digits.values.get_mut(digits.len) {
                    *slot = byte - b'0';
                    digits.len += 1;
                } else {
                    return digits;
                }
            }
        }
        digits
    }

    /// Index one past the last group that hangs together with group `from`, looking at no more than 12.
    pub(super) fn run_end(&self, from: usize) -> usize {
        let mut end = from + 1;
        while end < from + 12 && self.groups.get(end).is_some_and(|group| group.join != Join::Apart) {
            end += 1;
        }
        end
    }
}

/// The digits of a number, as values from 0 to 9.
pub(super) struct Digits {
    values: [u8; 20],
    len: usize,
}

impl std::ops::Deref for Digits {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        self.values.get(..self.len).unwrap_or_default()
    }
}

fn lower_case(bytes: &[u8]) -> Vec<u8> {
    let mut lower = bytes.to_ascii_lowercase();
    if bytes.is_ascii() {
        return lower;
    }
    let mut last = 0;
    for byte in &mut lower {
        // U+00C0..U+00DE without the multiplication sign: the lower-case letter is 0x20 further.
        if last == 0xC3 && (0x80..=0x9E).contains(byte) && *byte != 0x97 {
            *byte += 0x20;
        }
        last = *byte;
    }
    lower
}

/// Length in bytes of the letter, digit or `_` that starts at `at`; 0 when something else starts there.
pub(super) fn word_char(bytes: &[u8], at: usize) -> usize {
    match bytes.get(at).copied() {
        Some(byte) if byte.is_ascii_alphanumeric() || byte == b'_' => 1,
        None | Some(0..0xC3) => 0,
        Some(0xC3..0xE0) => 2,
        // General punctuation, symbols, and the punctuation of East Asian scripts.
        Some(0xE2) => 0,
        Some(0xE3) if bytes.get(at + 1) == Some(&0x80) => 0,
        Some(0xE0..0xF0) => 3,
        Some(_) => 0,
    }
}

fn words(bytes: &[u8]) -> Vec<(usize, usize)> {
    let mut words = Vec::with_capacity(bytes.len() / 6 + 1);
    let mut at = 0;
    while at < bytes.len() {
        let start = at;
        loop {
            let step = word_char(bytes, at);
            if step == 0 {
                break;
            }
            at += step;
        }
        if at > start {
            words.push((start, at.min(bytes.len())));
        } else {
            at += 1;
        }
    }
    words
}

fn groups(text: &str) -> Vec<Group> {
    let bytes = text.as_bytes();
    let mut groups: Vec<Group> = Vec::new();
    let mut at = 0;
    while at < bytes.len() {
        if !bytes[at].is_ascii_digit() {
            at += 1;
            continue;
        }
        let start = at;
        while bytes.get(at).is_some_and(u8::is_ascii_digit) {
            at += 1;
        }
        let mut group = Group {
            start,
            end: at,
            join: Join::Apart,
            glued_left: touches_left(text, start),
            glued_right: word_char(bytes, at) > 0,
        };
        if let Some(last) = groups.last_mut() {
            let gap = bytes.get(last.end..start).unwrap_or_default();
            group.join = join(gap);
            if gap == b"," && group.len() == 3 && last.len() <= 3 {
                last.glued_right = true;
                group.glued_left = true;
            }
        }
        groups.push(group);
    }
    groups
}

fn touches_left(text: &str, start: usize) -> bool {
    text.get(..start)
        .and_then(|left| left.chars().next_back())
        .is_some_and(|left| left.is_alphabetic() || matches!(left, '_' | '$' | '£' | '€' | '¥'))
}

fn join(gap: &[u8]) -> Join {
    match gap {
        b" " | [0xC2, 0xA0] | [0xE2, 0x80, 0x87 | 0x89 | 0xAF] => Join::Space,
        b"-" | [0xE2, 0x80, 0x90..=0x93] => Join::Hyphen,
        b"." => Join::Dot,
        b"/" => Join::Slash,
        b"(" | b")" | b" (" | b") " | b")-" | b")/" | b") (" | b")." => Join::Bracket,
        b" - " | b" / " | b"- " | b" -" | b". " | [b' ', 0xE2, 0x80, 0x90..=0x93, b' '] => Join::Wide,
        _ => Join::Apart,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn groups_know_what_joins_them() {
        let scan = Scan::new("tel +49 (0)30-123\u{a0}45, $99 v2 1,000");
        let joins: Vec<_> = scan.groups.iter().map(|group| group.join).collect();
        use Join::{Apart, Bracket, Hyphen, Space};
        assert_eq!(joins, [Apart, Bracket, Bracket, Hyphen, Space, Apart, Apart, Space, Apart]);
        let glued: Vec<_> = scan.groups.iter().map(|group| group.glued_left || group.glued_right).collect();
        assert_eq!(glued, [false, false, false, false, false, true, true, true, true]);
    }

    #[test]
    fn the_nearest_telling_word_decides() {
        let scan = Scan::new("TÉL for order 123");
        assert!(scan.led_by(14, 4, &List::new(&["tél"]), &List::NONE));
        assert!(!scan.led_by(14, 4, &List::new(&["tél"]), &List::new(&["order"])));
    }
}
