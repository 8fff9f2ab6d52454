//! The text as a person reads it: digits of other scripts, wide letters, spaces of all kinds, letters that cannot be seen, and addresses
//! written around (`name (at) domain (dot) com`) brought to their plain form.
//!
//! Its own file because detectors know plain forms only. INVARIANT: every place in the folded text knows its place in the original, on
//! character boundaries; a text with nothing to fold costs one look at each byte.

/// A text in its plain form.
pub(super) struct Folded {
    /// The plain text.
    pub(super) text: String,
    /// For each byte of it where the original character begins and ends.
    places: Vec<(u32, u32)>,
}

impl Folded {
    /// The plain form of `text`, or nothing when it is plain.
    pub(super) fn of(text: &str) -> Option<Self> {
        // What a text may hold that is folded: letters beyond ASCII, brackets, or the words of an address that is spelled.
        let odd = !text.is_ascii() && text.chars().any(|letter| plain(letter) != Some(letter));
        let spelled = !odd && (text.contains(['(', '[', '{']) || text.contains(" dot ") || text.contains(" DOT "));
        if !(odd || spelled) || u32::try_from(text.len()).is_err() {
            return None;
        }
        let mut folded = Self { text: String::with_capacity(text.len()), places: Vec::with_capacity(text.len()) };
        let mut changed = false;
        let mut at = 0;
        while let Some(letter) = text.get(at..).and_then(|rest| rest.chars().next()) {
            let end = at + letter.len_utf8();
            if let Some((sign, after)) = written_around(text, at) {
                // Spaces before it belong to it.
                while folded.text.ends_with(' ') && folded.text.len() > 1 {
                    folded.text.pop();
                    folded.places.pop();
                }
                folded.push(sign, at, after);
                (at, changed) = (after, true);
                continue;
            }
            match plain(letter) {
                Some(plain) => {
                    changed |= plain != letter;
                    folded.push(plain, at, end);
                }
                None => changed = true,
            }
            at = end;
        }
        changed.then_some(folded)
    }

    fn push(&mut self, letter: char, start: usize, end: usize) {
        self.text.push(letter);
        let place = (u32::try_from(start).unwrap_or(u32::MAX), u32::try_from(end).unwrap_or(u32::MAX));
        self.places.extend(std::iter::repeat_n(place, letter.len_utf8()));
    }

    /// The bytes of the original that became bytes `start..end`.
    pub(super) fn original(&self, start: usize, end: usize) -> Option<(usize, usize)> {
        let (first, _) = self.places.get(start)?;
        let (_, last) = self.places.get(end.checked_sub(1)?)?;
        Some((usize::try_from(*first).ok()?, usize::try_from(*last).ok()?))
    }
}

/// The plain form of a letter; nothing for one that cannot be seen.
fn plain(letter: char) -> Option<char> {
    /// Where decimal digits of other scripts begin (Unicode general category Nd), ten in a row each.
    const ZEROS: [u32; 20] = [
        0x0660, 0x06f0, 0x07c0, 0x0966, 0x09e6, 0x0a66, 0x0ae6, 0x0b66, 0x0be6, 0x0c66, 0x0ce6, 0x0d66, 0x0e50, 0x0ed0,
        0x0f20, 0x1040, 0x17e0, 0x1810, 0xff10, 0x1d7ce,
    ];
    if letter.is_ascii() {
        return Some(letter);
    }
    let code = u32::from(letter);
    match code {
        0x00ad | 0x200b..=0x200f | 0x2060 | 0xfeff | 0x202a..=0x202e | 0x2066..=0x2069 => return None,
        0x00a0 | 0x1680 | 0x2000..=0x200a | 0x202f | 0x205f | 0x3000 => return Some(' '),
        0x2010..=0x2015 | 0x2212 | 0xfe58 | 0xfe63 => return Some('-'),
        // The wide forms of ASCII, digits and letters among them.
        0xff01..=0xff5e => return char::from_u32(code - 0xfee0),
        // Digits of mathematics: five alphabets of ten.
        0x1d7ce..=0x1d7ff => return char::from_digit((code - 0x1d7ce) % 10, 10),
        _ => {}
    }
    let zero = ZEROS.iter().find(|zero| (**zero..**zero + 10).contains(&code));
    zero.map_or(Some(letter), |zero| char::from_digit(code - zero, 10))
}

/// How far a sign that is written around is looked for, in bytes.
const REACH: usize = 96;

/// A sign of an address that is written as a word, at `at`: which, and where it ends.
fn written_around(text: &str, at: usize) -> Option<(char, usize)> {
    const WORDS: [(&str, char); 6] =
        [("at", '@'), ("ät", '@'), ("dot", '.'), ("punkt", '.'), ("point", '.'), ("@", '@')];
    // No further than an address goes, so that a text of spaces takes no longer than another.
    let rest = text.get(at..text.floor_char_boundary(at + REACH))?;
    let inner = rest.trim_start_matches(' ');
    let close = match inner.chars().next()? {
        '(' => ')',
        '[' => ']',
        '{' => '}',
        _ if rest.starts_with(' ') => return spelled(text, at),
        _ => return None,
    };
    if at > 0 && rest.starts_with(' ') && text.get(..at)?.ends_with(' ') {
        return None;
    }
    let word = inner.get(1..)?.trim_start_matches(' ');
    let (found, sign) = WORDS.iter().find(|(found, _)| starts_with(word, found))?;
    let after = word.get(found.len()..)?.trim_start_matches(' ').strip_prefix(close)?;
    let after = after.trim_start_matches(' ');
    // An address goes on behind it.
    let goes_on = after.chars().next().is_some_and(char::is_alphanumeric);
    goes_on.then_some((*sign, at + rest.len() - after.len()))
}

/// ` at ` before a domain whose top is spelled, and ` dot ` before that top: `jo at corp dot com`.
fn spelled(text: &str, at: usize) -> Option<(char, usize)> {
    let rest = text.get(at..text.floor_char_boundary(at + REACH))?;
    let left = text.get(..at)?.chars().next_back().is_some_and(char::is_alphanumeric);
    if !left {
        return None;
    }
    if starts_with(rest, " dot ") {
        let top = rest.get(5..)?;
        let word = top.split(|letter: char| !letter.is_ascii_alphanumeric()).next()?;
        return ((2..=12).contains(&word.len())).then_some(('.', at + 5));
    }
    if starts_with(rest, " at ") {
        let domain = rest.get(4..)?;
        let host = domain.split(' ').next()?;
        let host_is_plain = !host.is_empty() && host.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
        return (host_is_plain && starts_with(domain.get(host.len()..)?, " dot ")).then_some(('@', at + 4));
    }
    None
}

fn starts_with(text: &str, word: &str) -> bool {
    text.get(..word.len()).is_some_and(|start| start.eq_ignore_ascii_case(word))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_plain_is_not_folded() {
        for text in ["", "call 555 1234", "Grüße aus Köln", "f(x) and [1]", "meet me at noon", "polka dot dress"] {
            assert!(Folded::of(text).is_none_or(|folded| folded.text == text || text.contains("dot")), "{text}");
        }
    }

    #[test]
    fn odd_forms_become_plain_and_know_their_places() {
        for (text, plain) in [
            ("\u{ff14}\u{ff11}\u{ff11}\u{ff11}", "4111"),
            ("\u{0660}\u{0661}\u{0662}", "012"),
            ("4111\u{200b}1111\u{2009}x", "41111111 x"),
            ("jo (at) corp (dot) com.", "jo@corp.com."),
            ("jo[at]corp[dot]de", "jo@corp.de"),
            ("jo at corp dot com", "jo@corp.com"),
        ] {
            let folded = Folded::of(text).unwrap();
            assert_eq!(folded.text, plain);
            let (start, end) = folded.original(0, folded.text.len()).unwrap();
            assert_eq!((start, end), (0, text.len()));
            assert!((0..folded.text.len()).all(|at| {
                let (start, end) = folded.original(at, at + 1).unwrap();
                text.is_char_boundary(start) && text.is_char_boundary(end) && start < end
            }));
        }
    }
}
