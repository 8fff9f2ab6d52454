//! Wording that an answer takes over from the request into a place where people act.
//!
//! Its own file because it is the last net under smuggled instructions: a model that obeys one mostly repeats it.
//! INVARIANT: it only reports; takes time linear in both texts.

use super::super::read::words::{self, Kind, Token};
use std::collections::HashSet;

/// This many words in a row, alike in both texts, are no chance.
const ROW: usize = 6;
/// A word of letters and digits as long as this is a code, a number of an order, a name of a file.
const CODE: usize = 6;

/// The request's wording, ready for comparing.
pub(super) struct Echo {
    rows: HashSet<u64>,
    codes: HashSet<String>,
}

impl Echo {
    pub(super) fn of(text: &str) -> Self {
        let tokens = words::tokens(text);
        Self {
            rows: rows(&tokens).map(|(hash, _)| hash).collect(),
            codes: codes(text).map(str::to_lowercase).collect(),
        }
    }

    /// The first row of words of `text` that stands in the request.
    pub(super) fn row<'t>(&self, text: &'t str) -> Option<&'t str> {
        let tokens = words::tokens(text);
        let (_, at) = rows(&tokens).find(|(hash, _)| self.rows.contains(hash))?;
        text.get(at.0..at.1)
    }

    /// The first code of `text` that stands in the request.
    pub(super) fn code<'t>(&self, text: &'t str) -> Option<&'t str> {
        codes(text).find(|code| self.codes.contains(&code.to_lowercase()))
    }
}

/// Every row of words with the span it takes.
fn rows(tokens: &[Token<'_>]) -> impl Iterator<Item = (u64, (usize, usize))> {
    let spoken: Vec<(u64, usize, usize)> = tokens
        .iter()
        .filter(|token| token.kind != Kind::Mark)
        .map(|token| (words::hash("", &token.text.to_lowercase()), token.start, token.end))
        .collect();
    let rows: Vec<_> = spoken
        .windows(ROW)
        .filter_map(|row| {
            let hash = row.iter().fold(0, |hash, (word, _, _)| words::join(hash, *word));
            Some((hash, (row.first()?.1, row.last()?.2)))
        })
        .collect();
    rows.into_iter()
}

/// Words that hold letters and digits, or nothing but many digits.
fn codes(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| !c.is_alphanumeric()).filter(|word| {
        word.len() >= CODE && word.bytes().any(|b| b.is_ascii_digit()) && word.bytes().any(|b| b.is_ascii_alphabetic())
    })
}
