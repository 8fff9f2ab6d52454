//! The features the models see: words, pairs of words, how a sentence begins and ends.
//!
//! Its own file because training and scoring must see the same features, or the weights mean nothing.
//! INVARIANT: a feature's hash is the hash of its written name, so the weight files stay readable.

/// What kind of text a model reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Shape {
    /// One sentence.
    Sentence,
    /// A report: first line the title, then the body.
    Report,
}

impl Shape {
    /// What the sum of weights is divided by.
    pub(crate) fn norm(self, count: u32) -> f32 {
        (count.max(4) as f32).sqrt()
    }
}

/// Most words of a text that give features.
const WORDS: usize = 500;

/// One feature: a tag and up to two words.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Feature<'a> {
    tag: &'static str,
    first: &'a str,
    second: &'a str,
}

impl Feature<'_> {
    /// FNV-1a over the written name, lower-cased.
    pub(crate) fn hash(&self) -> u64 {
        let mut hash = fold(SEED, self.tag);
        hash = fold(hash, self.first);
        if !self.second.is_empty() {
            hash = fold(fold(hash, " "), self.second);
        }
        mix(hash)
    }

    /// The written name.
    #[cfg(test)]
    pub(crate) fn name(&self) -> String {
        let mut name = format!("{}{}", self.tag, self.first).to_ascii_lowercase();
        if !self.second.is_empty() {
            name.push(' ');
            name.push_str(&self.second.to_ascii_lowercase());
        }
        name
    }
}

const SEED: u64 = 0xcbf2_9ce4_8422_2325;

fn fold(mut hash: u64, text: &str) -> u64 {
    for byte in text.bytes() {
        hash = (hash ^ u64::from(byte.to_ascii_lowercase())).wrapping_mul(0x0100_0000_01b3);
    }
    hash
}

/// The low bits of FNV are weak; the table uses them.
fn mix(hash: u64) -> u64 {
    hash ^ (hash >> 32)
}

/// The hash of a written feature name.
pub(crate) fn hash_name(name: &str) -> u64 {
    mix(fold(SEED, name))
}

/// Calls `sink` for every feature of `text`.
pub(crate) fn each<'a>(shape: Shape, text: &'a str, mut sink: impl FnMut(Feature<'a>)) {
    let mut previous: Option<&'a str> = None;
    let mut before: Option<&'a str> = None;
    let mut count = 0;
    let mut last = "";
    let mut title = true;
    let mut question = false;
    for (word, new_line) in pieces(text) {
        if new_line && count > 0 {
            title = false;
        }
        if count >= WORDS {
            break;
        }
        let single = Feature { tag: "", first: word, second: "" };
        match shape {
            Shape::Sentence => {
                sink(single);
                if count < 3 {
                    const TAGS: [&str; 3] = ["^", "^2 ", "^3 "];
                    sink(Feature { tag: TAGS.get(count).copied().unwrap_or("^"), first: word, second: "" });
                    if count == 1 {
                        sink(Feature { tag: "^", first: previous.unwrap_or(""), second: word });
                    }
                }
                if let Some(previous) = previous {
                    sink(Feature { tag: "", first: previous, second: word });
                }
                if let Some(before) = before {
                    sink(Feature { tag: "_ ", first: before, second: word });
                }
                question |= word == "?";
            }
            Shape::Report => {
                sink(single);
                if title {
                    sink(Feature { tag: "title ", first: word, second: "" });
                }
                if let Some(previous) = previous {
                    sink(Feature { tag: "", first: previous, second: word });
                }
            }
        }
        before = previous;
        previous = Some(word);
        last = word;
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
    sink(Feature { tag: LENGTHS.get(bucket).copied().unwrap_or("#6"), first: "", second: "" });
    if shape == Shape::Sentence {
        sink(Feature { tag: "$", first: last, second: "" });
        if question {
            sink(Feature { tag: "#?", first: "", second: "" });
        }
    }
}

/// Words in ASCII lower case by comparison, numbers as `0`, and the marks `?`, `!` and `:`; with
/// each, whether a line ended before it.
fn pieces(text: &str) -> impl Iterator<Item = (&str, bool)> {
    let bytes = text.as_bytes();
    let mut at = 0;
    std::iter::from_fn(move || {
        let mut new_line = false;
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
                return Some((text.get(start..at).unwrap_or(""), new_line));
            }
            if byte.is_ascii_digit() {
                while bytes.get(at).is_some_and(|b| b.is_ascii_digit() || *b == b'.' || *b == b',') {
                    at += 1;
                }
                return Some(("0", new_line));
            }
            at += 1;
            match byte {
                b'?' => return Some(("?", new_line)),
                b'!' => return Some(("!", new_line)),
                b'\n' => new_line = true,
                _ => {}
            }
        }
        None
    })
}
