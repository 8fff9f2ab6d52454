//! Numbers as people write them: `1,200`, `1.200,50`, `12k`, `two dozen`.
//!
//! Its own file because money, quantities and the checker all compare numbers by value.
//! INVARIANT: values are whole hundredths in an `i64`; a number too large for that is no number.

use super::list::List;
use super::words::{Kind, Token};

/// The value of a written number in hundredths, or `None` when it is too large.
pub(crate) fn parse(text: &str) -> Option<i64> {
    let last_comma = text.rfind(',');
    let last_dot = text.rfind('.');
    let decimal = match (last_comma, last_dot) {
        (Some(comma), Some(dot)) => Some(comma.max(dot)),
        (Some(at), None) | (None, Some(at)) => {
            let mark = text.as_bytes().get(at).copied().unwrap_or(b',');
            let single = text.bytes().filter(|b| *b == mark).count() == 1;
            let thousands = text.len() - at == 4 && !text.starts_with('0');
            (single && !thousands).then_some(at)
        }
        (None, None) => None,
    };
    let (whole, fraction) = match decimal {
        Some(at) => (text.get(..at)?, text.get(at + 1..)?),
        None => (text, ""),
    };
    let mut value: i64 = 0;
    for digit in whole.bytes().filter(u8::is_ascii_digit) {
        value = value.checked_mul(10)?.checked_add(i64::from(digit - b'0'))?;
    }
    let mut cents: i64 = 0;
    let mut fraction_digits = fraction.bytes().filter(u8::is_ascii_digit);
    for _ in 0..2 {
        cents = cents * 10 + i64::from(fraction_digits.next().map_or(0, |digit| digit - b'0'));
    }
    value.checked_mul(100)?.checked_add(cents)
}

/// The number at `index`, in digits with an optional `k`/`m`/`million`, or in words.
/// Returns its value in hundredths and how many tokens it takes.
pub(crate) fn at(tokens: &[Token<'_>], index: usize) -> Option<(i64, usize)> {
    let token = tokens.get(index)?;
    match token.kind {
        Kind::Number => {
            let value = parse(token.text)?;
            if let Some(next) = tokens.get(index + 1) {
                let touching = next.start == token.end;
                let factor = if (touching && next.is("k")) || next.is("thousand") {
                    1_000
                } else if (touching && next.any(&["m", "mn", "mio"])) || next.is("million") {
                    1_000_000
                } else {
                    return Some((value, 1));
                };
                return Some((value.checked_mul(factor)?, 2));
            }
            Some((value, 1))
        }
        Kind::Word => {
            let small = word(token)?;
            match tokens.get(index + 1) {
                Some(next) if next.any(&["hundred", "dozen", "thousand"]) => {
                    let factor = if next.is("hundred") {
                        100
                    } else if next.is("dozen") {
                        12
                    } else {
                        1_000
                    };
                    Some((small * factor * 100, 2))
                }
                Some(next) if small >= 20 && next.text == "-" => match tokens.get(index + 2).and_then(word) {
                    Some(unit) if unit < 10 => Some(((small + unit) * 100, 3)),
                    _ => Some((small * 100, 1)),
                },
                _ => Some((small * 100, 1)),
            }
        }
        Kind::Mark => None,
    }
}

/// Number words from one to ninety.
fn word(token: &Token<'_>) -> Option<i64> {
    static WORDS: List = List::new(&[
        "one",
        "two",
        "three",
        "four",
        "five",
        "six",
        "seven",
        "eight",
        "nine",
        "ten",
        "eleven",
        "twelve",
        "thirteen",
        "fourteen",
        "fifteen",
        "sixteen",
        "seventeen",
        "eighteen",
        "nineteen",
        "twenty",
        "thirty",
        "forty",
        "fifty",
        "sixty",
        "seventy",
        "eighty",
        "ninety",
    ]);
    // Asked of every word of a text, several times: most are shorter, or begin otherwise.
    let [first, ..] = token.head();
    if token.text.len() < 3 || !matches!(first, b'o' | b't' | b'f' | b's' | b'e' | b'n') {
        return None;
    }
    let place = i64::try_from(WORDS.place(token.text)?).ok()?;
    Some(if place < 20 { place + 1 } else { (place - 17) * 10 })
}

/// Writes hundredths the way the brief shows figures: `1,200` or `12.50`.
pub(crate) fn show(hundredths: i64) -> String {
    let whole = (hundredths / 100).unsigned_abs().to_string();
    let mut text = String::with_capacity(whole.len() + 8);
    if hundredths < 0 {
        text.push('-');
    }
    for (index, digit) in whole.chars().enumerate() {
        if index > 0 && (whole.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    let cents = (hundredths % 100).unsigned_abs();
    if cents > 0 {
        text.push_str(&format!(".{cents:02}"));
    }
    text
}
