//! The features the models see: words, pairs of words, how a sentence begins and ends.
//!
//! Its own file because training and scoring must see the same features, or the weights mean nothing.
//! INVARIANT: a feature's hash is the hash of its written name, so the weight files stay readable. It is
//! joined from the hashes of the words in it, so that each word of a text is read once.

use super::super::read::words;
use std::ops::Range;

/// What kind of text a model reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Shape {
    /// One sentence.
    Sentence,
    /// A report: first line the title, then the body.
    Report,
}

/// How much the first, second, third... time counts that a report has a feature: what the logarithm of the count adds.
const TIMES: [f32; 9] = [1.0, 0.693, 0.405, 0.288, 0.223, 0.182, 0.154, 0.134, 0.1];

/// What all times before came to.
const BEFORE: [f32; 9] = {
    let mut sums = [0.0; 9];
    let mut at = 1;
    while at < sums.len() {
        sums[at] = sums[at - 1] + TIMES[at - 1];
        at += 1;
    }
    sums
};

/// Calls `sink` for every feature of `text` with its hash and how much it counts; gives what the sum of weights is divided by: the root
/// of the number of features of a sentence, the length of a report as a vector.
pub(crate) fn weigh<'a>(shape: Shape, text: &'a str, mut sink: impl FnMut(Feature<'a>, u64, f32)) -> f32 {
    let mut square = 0.0;
    match shape {
        Shape::Sentence => sentence(text, |feature| {
            square += 1.0;
            sink(feature, feature.hash(), 1.0);
        }),
        Shape::Report => {
            // Counts by a part of the hash: features that share a place are taken for one another, in training too.
            let mut seen = [0_u8; 8192];
            report(text, |feature| {
                let hash = feature.hash();
                let Some(times) = seen.get_mut((hash >> 24) as usize & 8191) else { return };
                let (step, before) = (TIMES[usize::from(*times)], BEFORE[usize::from(*times)]);
                *times = (*times + 1).min(8);
                square += step * (2.0 * before + step);
                sink(feature, hash, step);
            });
        }
    }
    f32::sqrt(square.max(4.0))
}

/// Most words of a text that give features.
const WORDS: usize = 500;

/// A word of the text, hashed once for all features it stands in.
#[derive(Clone, Copy, Debug)]
struct Piece<'a> {
    text: &'a str,
    hash: u64,
}

/// What stands before the words of a feature.
#[derive(Clone, Copy, Debug)]
enum Lead {
    /// They are the second of a sentence.
    Second,
    /// They are the third.
    Third,
    /// There is another between them.
    Apart,
}

impl Lead {
    const fn text(self) -> &'static str {
        match self {
            Lead::Second => "^2",
            Lead::Third => "^3",
            Lead::Apart => "_",
        }
    }

    /// The hash of its text, made when this is compiled.
    const fn hash(self) -> u64 {
        match self {
            Lead::Second => const { words::hash("", Lead::Second.text()) },
            Lead::Third => const { words::hash("", Lead::Third.text()) },
            Lead::Apart => const { words::hash("", Lead::Apart.text()) },
        }
    }
}

/// One feature: up to two words, with a word before them or a sign on the first.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Feature<'a> {
    lead: Option<Lead>,
    sign: &'static str,
    first: Option<Piece<'a>>,
    second: Option<Piece<'a>>,
}

impl<'a> Feature<'a> {
    fn one(first: Piece<'a>) -> Self {
        Self { first: Some(first), ..Self::default() }
    }

    fn two(first: Piece<'a>, second: Piece<'a>) -> Self {
        Self { first: Some(first), second: Some(second), ..Self::default() }
    }

    /// The hash of the written name.
    #[inline]
    pub(crate) fn hash(&self) -> u64 {
        let mut hash = match self.first {
            Some(first) if self.sign.is_empty() => first.hash,
            first => words::hash(self.sign, first.map_or("", |piece| piece.text)),
        };
        if let Some(lead) = self.lead {
            hash = words::join(lead.hash(), hash);
        }
        self.second.map_or(hash, |second| words::join(hash, second.hash))
    }

    /// The bytes of its words in `text`, of which it is a feature.
    pub(crate) fn span(&self, text: &str) -> Option<Range<usize>> {
        let first = self.first?.text;
        let last = self.second.map_or(first, |piece| piece.text);
        let at = |piece: &str| (piece.as_ptr() as usize).checked_sub(text.as_ptr() as usize);
        let range = at(first)?..at(last)? + last.len();
        text.get(range.clone()).map(|_| range)
    }

    /// The written name.
    #[cfg(test)]
    pub(crate) fn name(&self) -> String {
        let first = format!("{}{}", self.sign, self.first.map_or("", |piece| piece.text));
        let words = [self.lead.map_or("", Lead::text), first.as_str(), self.second.map_or("", |piece| piece.text)];
        words.into_iter().filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ").to_ascii_lowercase()
    }
}

/// The hash of a written feature name: those of its words, joined.
pub(crate) fn hash_name(name: &str) -> u64 {
    name.split(' ').map(|part| words::hash("", part)).reduce(words::join).unwrap_or_default()
}

/// The features of a sentence: its words, pairs of them side by side and one apart, how it begins and ends, how long it is.
fn sentence<'a>(text: &'a str, mut sink: impl FnMut(Feature<'a>)) {
    let mut previous: Option<Piece<'a>> = None;
    let mut before: Option<Piece<'a>> = None;
    let mut count = 0;
    let mut question = false;
    for text in pieces(text) {
        if count >= WORDS {
            break;
        }
        let piece = Piece { text, hash: words::hash("", text) };
        sink(Feature::one(piece));
        match count {
            0 => sink(Feature { sign: "^", ..Feature::one(piece) }),
            1 => sink(Feature { lead: Some(Lead::Second), ..Feature::one(piece) }),
            2 => sink(Feature { lead: Some(Lead::Third), ..Feature::one(piece) }),
            _ => {}
        }
        if let Some(previous) = previous {
            if count == 1 {
                sink(Feature { sign: "^", ..Feature::two(previous, piece) });
            }
            sink(Feature::two(previous, piece));
        }
        if let Some(before) = before {
            sink(Feature { lead: Some(Lead::Apart), ..Feature::two(before, piece) });
        }
        question |= text == "?";
        before = previous;
        previous = Some(piece);
        count += 1;
    }
    const LENGTHS: [&str; 7] = ["#0", "#1", "#2", "#3", "#4", "#5", "#6"];
    let bucket = match count {
        0..=4 => 0,
        5..=8 => 1,
        9..=14 => 2,
        15..=24 => 3,
        25..=60 => 4,
        61..=200 => 5,
        _ => 6,
    };
    sink(Feature { sign: LENGTHS.get(bucket).copied().unwrap_or("#6"), ..Feature::default() });
    sink(Feature { sign: "$", first: previous, ..Feature::default() });
    if question {
        sink(Feature { sign: "#?", ..Feature::default() });
    }
}

/// The features of a report: its words and their pairs, where `hdfs.server.namenode`, `2.4.0` and `isn't` are words.
fn report<'a>(text: &'a str, mut sink: impl FnMut(Feature<'a>)) {
    let mut previous: Option<Piece<'a>> = None;
    for text in terms(text).take(WORDS) {
        let piece = Piece { text, hash: words::hash("", text) };
        sink(Feature::one(piece));
        if let Some(previous) = previous {
            sink(Feature::two(previous, piece));
        }
        previous = Some(piece);
    }
}

/// Runs of letters, digits and what holds names of code together; the marks `?` and `!`.
fn terms(text: &str) -> impl Iterator<Item = &str> {
    let bytes = text.as_bytes();
    let inside = |byte: u8| byte.is_ascii_alphanumeric() || byte >= 0x80 || matches!(byte, b'_' | b'.' | b'$' | b'\'');
    let mut at = 0;
    std::iter::from_fn(move || {
        while let Some(&byte) = bytes.get(at) {
            let start = at;
            at += 1;
            if matches!(byte, b'?' | b'!') {
                return text.get(start..at);
            }
            if !inside(byte) {
                continue;
            }
            while bytes.get(at).is_some_and(|byte| inside(*byte)) {
                at += 1;
            }
            // A full stop or quotation mark at an edge belongs to the sentence.
            let term = text.get(start..at).unwrap_or("").trim_matches(['.', '\'']);
            if !term.is_empty() {
                return Some(term);
            }
        }
        None
    })
}

/// Words in ASCII lower case by comparison, numbers as `0`, and the marks `?` and `!`.
fn pieces(text: &str) -> impl Iterator<Item = &str> {
    let bytes = text.as_bytes();
    let mut at = 0;
    std::iter::from_fn(move || {
        while let Some(&byte) = bytes.get(at) {
            let start = at;
            if byte.is_ascii_alphabetic() || byte >= 0x80 {
                while bytes.get(at).is_some_and(|b| {
                    b.is_ascii_alphabetic()
                        || *b >= 0x80
                        || (*b == b'\'' && bytes.get(at + 1).is_some_and(u8::is_ascii_alphabetic))
                }) {
                    at += 1;
                }
                // Runs of bytes of at least 0x80 hold whole characters, so both ends are boundaries.
                return Some(text.get(start..at).unwrap_or(""));
            }
            if byte.is_ascii_digit() {
                while bytes.get(at).is_some_and(|b| b.is_ascii_digit() || *b == b'.' || *b == b',') {
                    at += 1;
                }
                return Some("0");
            }
            at += 1;
            match byte {
                b'?' => return Some("?"),
                b'!' => return Some("!"),
                _ => {}
            }
        }
        None
    })
}
