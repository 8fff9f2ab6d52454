//! Which delimiter and quoting a text uses, judged from a bounded sample. Own file because it is pure guessing and is scored on
//! its own. Method: every candidate cuts the sample into a table; the best is the one whose rows have the same shape and whose
//! cells look like values (the idea of van den Burg, Nazábal and Sutton, "Wrangling messy CSV files by detecting row and type
//! patterns", 2019). INVARIANT: the same sample gives the same dialect.

use crate::records::{Found, Records};
use std::collections::HashMap;

/// How a quote inside a quoted cell is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Escape {
    /// Twice, as RFC 4180 has it.
    Doubled,
    /// Behind a backslash.
    Backslash,
}

/// How cells are told apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Dialect {
    /// Between cells; `None`: every line is one cell.
    pub delimiter: Option<char>,
    /// Around cells that hold the delimiter or a line end.
    pub quote: Option<char>,
    /// How a quote is written inside quotes.
    pub escape: Escape,
}

impl Dialect {
    /// RFC 4180.
    pub const RFC4180: Self = Self { delimiter: Some(','), quote: Some('"'), escape: Escape::Doubled };
}

/// Candidates with how readily they are believed; the order decides a draw.
const CANDIDATES: [(char, f64); 20] = [
    (',', 1.0),
    (';', 1.0),
    ('\t', 1.0),
    ('|', 1.0),
    ('^', 0.9),
    ('~', 0.9),
    ('\u{1f}', 1.0),
    ('\u{1}', 1.0),
    ('\u{a6}', 0.9),
    ('\u{a7}', 0.9),
    ('\u{ac}', 0.9),
    ('#', 0.6),
    ('*', 0.6),
    ('$', 0.5),
    ('%', 0.5),
    ('&', 0.5),
    ('!', 0.5),
    ('=', 0.4),
    (':', 0.4),
    (' ', 0.3),
];
/// Rows of the sample that are looked at.
const ROWS: usize = 400;
/// What a row of a single cell is worth, so that a text without any delimiter still has a score.
const SINGLE: f64 = 1e-3;

/// The dialect of a text. `sample`: its beginning; `whole`: whether that is all of it.
#[must_use]
pub fn detect(sample: &str, whole: bool) -> Dialect {
    let forced = announced(sample);
    let mut best = (f64::MIN, Dialect { delimiter: None, ..Dialect::RFC4180 }, Vec::new());
    for (delimiter, trust) in CANDIDATES {
        if forced.is_some_and(|forced| forced != delimiter) || !sample.contains(delimiter) {
            continue;
        }
        for (dialect, trust) in quotings(sample, delimiter, trust) {
            let rows = rows(sample, dialect, whole);
            let score = trust * shape(&rows) * likeness(&rows);
            if score > best.0 * (1.0 + 1e-9) || best.0 == f64::MIN {
                best = (score, dialect, rows);
            }
        }
    }
    let (_, dialect, rows) = best;
    if forced.is_none() && single_column(sample, dialect.delimiter, &rows) {
        Dialect { delimiter: None, ..dialect }
    } else {
        dialect
    }
}

/// The quoting of a text whose delimiter is known.
#[must_use]
pub fn detect_quoting(sample: &str, whole: bool, delimiter: char) -> Dialect {
    let mut best = (f64::MIN, Dialect { delimiter: Some(delimiter), ..Dialect::RFC4180 });
    for (dialect, trust) in quotings(sample, delimiter, 1.0) {
        let rows = rows(sample, dialect, whole);
        let score = trust * shape(&rows) * likeness(&rows);
        if score > best.0 * (1.0 + 1e-9) {
            best = (score, dialect);
        }
    }
    best.1
}

/// `sep=;` on the first line, as spreadsheet programs write and read it.
#[must_use]
pub fn announced(sample: &str) -> Option<char> {
    let line = sample.lines().next()?.trim_matches('"');
    let mut rest = line.strip_prefix("sep=").or_else(|| line.strip_prefix("SEP="))?.chars();
    match (rest.next(), rest.next()) {
        (Some(delimiter), None) => Some(delimiter),
        _ => None,
    }
}

/// The ways of quoting worth trying with a delimiter.
fn quotings(sample: &str, delimiter: char, trust: f64) -> Vec<(Dialect, f64)> {
    let double = Dialect { delimiter: Some(delimiter), quote: Some('"'), escape: Escape::Doubled };
    let mut out = vec![(double, trust)];
    if let Some(faith) = backslashed(sample, delimiter) {
        out.push((Dialect { escape: Escape::Backslash, ..double }, trust * faith));
    }
    if quoted_with(sample, delimiter, '\'') {
        out.push((Dialect { quote: Some('\''), ..double }, trust * 1.01));
    }
    if unbalanced(sample, delimiter) {
        out.push((Dialect { quote: None, ..double }, trust * 0.9));
    }
    out
}

/// How much to believe that quotes are escaped with a backslash; `None`: not worth trying.
fn backslashed(sample: &str, delimiter: char) -> Option<f64> {
    let edge = |c: Option<char>| c.is_none_or(|c| c == delimiter || c == '\n' || c == '\r');
    // Written `\"`, a quote in the middle of a cell; but `\",` is also how a doubled dialect ends a cell on a backslash.
    let inside = sample.match_indices("\\\"").any(|(at, _)| {
        let next = sample.get(at + 2..).and_then(|rest| rest.chars().next());
        !edge(next) && next != Some('"')
    });
    // A doubled quote that is not an empty cell speaks for the other way.
    let doubled = sample.match_indices("\"\"").any(|(at, _)| {
        let before = sample.get(..at).and_then(|text| text.chars().next_back());
        let behind = sample.get(at + 2..).and_then(|rest| rest.chars().next());
        !edge(before) && before != Some('\\') && !(edge(behind) && edge(before))
    });
    inside.then_some(if doubled { 0.999 } else { 1.001 })
}

/// Whether cells are wrapped in this quote: nearly every one that begins with it also ends with it, before a delimiter or line end.
fn quoted_with(sample: &str, delimiter: char, quote: char) -> bool {
    let (mut opened, mut closed) = (0usize, 0usize);
    for line in sample.split(['\r', '\n']).take(ROWS) {
        let mut rest = line;
        loop {
            if let Some(inside) = rest.strip_prefix(quote) {
                opened += 1;
                let end = inside.match_indices(quote).find(|(at, _)| {
                    let next = inside.get(at + quote.len_utf8()..).and_then(|rest| rest.chars().next());
                    next.is_none_or(|next| next == delimiter)
                });
                if let Some((at, _)) = end {
                    closed += 1;
                    rest = inside.get(at + quote.len_utf8()..).unwrap_or_default();
                }
            }
            match rest.split_once(delimiter) {
                Some((_, next)) => rest = next,
                None => break,
            }
        }
    }
    closed >= 2 && closed * 10 >= opened * 8
}

/// Whether quotes begin cells much more often than they end them, so that they are plain characters.
fn unbalanced(sample: &str, delimiter: char) -> bool {
    let (mut opened, mut closed) = (0usize, 0usize);
    let edge = |neighbour: Option<char>| neighbour.is_none_or(|c| c == delimiter || c == '\n' || c == '\r');
    for (at, _) in sample.match_indices('"') {
        opened += usize::from(edge(sample.get(..at).and_then(|before| before.chars().next_back())));
        closed += usize::from(edge(sample.get(at + 1..).and_then(|behind| behind.chars().next())));
    }
    opened > closed + closed / 2 + 2
}

fn rows(sample: &str, dialect: Dialect, whole: bool) -> Vec<Vec<String>> {
    let mut records = Records::lenient(dialect);
    records.push(sample);
    if whole {
        records.finish();
    }
    let mut rows = Vec::new();
    while rows.len() < ROWS {
        match records.cut() {
            Found::Record(record) => rows.push(record.cells),
            Found::Hungry | Found::End => break,
        }
    }
    if rows.is_empty() && !whole {
        records.finish();
        while let Found::Record(record) = records.cut() {
            rows.push(record.cells);
        }
    }
    rows
}

/// How alike the rows are in their number of cells, and how many cells they have.
fn shape(rows: &[Vec<String>]) -> f64 {
    let mut shapes: HashMap<usize, usize> = HashMap::new();
    rows.iter().for_each(|row| *shapes.entry(row.len()).or_default() += 1);
    let kinds = shapes.len().max(1) as f64;
    let sum: f64 = {
        let mut sorted: Vec<_> = shapes.into_iter().collect();
        sorted.sort_unstable();
        sorted
            .into_iter()
            .map(|(cells, rows)| rows as f64 * ((cells as f64 - 1.0) / cells.max(1) as f64).max(SINGLE))
            .sum()
    };
    // Per row, so that cutting one cell of many lines into many rows brings nothing.
    sum / kinds / rows.len().max(1) as f64
}

/// The part of the cells that look like a value of some type.
fn likeness(rows: &[Vec<String>]) -> f64 {
    let (mut known, mut all) = (0.0, 0.0);
    for cell in rows.iter().flatten() {
        all += 1.0;
        known += looks_like_a_value(cell);
    }
    if all == 0.0 { SINGLE } else { (known / all).max(SINGLE) }
}

/// 1 for what is surely one value, less for text that may still hold a delimiter or a quote.
fn looks_like_a_value(cell: &str) -> f64 {
    let cell = cell.trim();
    if cell.len() > 1 && ['"', '\''].iter().any(|quote| cell.starts_with(*quote) && cell.ends_with(*quote)) {
        return 0.5;
    }
    if cell.is_empty() || cell.len() < 40 && plain(cell) {
        return 1.0;
    }
    if cell.contains("://") || (cell.contains('@') && !cell.contains(' ')) {
        return if cell.contains([',', ';', '\t', '|', '"']) { 0.5 } else { 1.0 };
    }
    let odd = cell.starts_with(['"', '\'', ',', ';', '|', '\t', ':', '/', '=', '&'])
        || cell.ends_with(['"', ',', ';', '|', '\t', '=', '&']) && !cell.contains(' ')
        || cell.matches('"').count() % 2 == 1;
    if odd {
        return 0.1;
    }
    // A delimiter in prose is followed by a space; one between values is not.
    let mut previous = ' ';
    let mut tight = false;
    for character in cell.chars() {
        tight |=
            matches!(previous, ',' | ';' | '|' | '\t') && !character.is_whitespace() && !character.is_ascii_digit();
        previous = character;
    }
    if tight {
        0.4
    } else if cell.contains(['\t', '|']) {
        0.6
    } else {
        0.9
    }
}

/// Numbers, dates, words: nothing that could be a delimiter.
fn plain(cell: &str) -> bool {
    cell.chars().all(|c| {
        c.is_alphanumeric()
            || matches!(c, ' ' | '.' | '-' | '_' | '+' | '/' | ':' | '%' | '(' | ')' | '\'' | '€' | '$' | '@')
    }) || cell.chars().all(|c| c.is_ascii_digit() || matches!(c, ',' | '.' | '-' | '+'))
}

/// A list of texts with no delimiter at all: the first line has one cell, and below either no shape prevails or the candidate is
/// one that stands in prose.
fn single_column(sample: &str, delimiter: Option<char>, rows: &[Vec<String>]) -> bool {
    let (Some(first), Some(delimiter)) = (rows.first(), delimiter) else { return true };
    if rows.iter().all(|row| row.len() <= 1) {
        return true;
    }
    if first.len() > 1 || first.first().is_some_and(|cell| cell.starts_with('#')) || rows.len() < 2 {
        return false;
    }
    let doubted = CANDIDATES.iter().any(|&(candidate, trust)| candidate == delimiter && trust < 0.7);
    let (all, spaced) = sample.match_indices(delimiter).fold((0usize, 0usize), |(all, spaced), (at, mark)| {
        let next = sample.get(at + mark.len()..).and_then(|rest| rest.chars().next());
        (all + 1, spaced + usize::from(next.is_none_or(char::is_whitespace)))
    });
    if doubted || (delimiter != '\t' && spaced * 5 >= all * 4) {
        return true;
    }
    let mut shapes: HashMap<usize, usize> = HashMap::new();
    rows.iter().skip(1).for_each(|row| *shapes.entry(row.len()).or_default() += 1);
    let wide = shapes.iter().filter(|(cells, _)| **cells > 1).map(|(_, rows)| *rows).max().unwrap_or(0);
    wide * 10 < (rows.len() - 1) * 6
}

#[cfg(test)]
mod tests {
    use super::{Escape, detect};

    fn delimiter(text: &str) -> Option<char> {
        detect(text, true).delimiter
    }

    #[test]
    fn usual_delimiters() {
        for mark in [',', ';', '\t', '|', '^', '~', '\u{1f}', '\u{a6}'] {
            let text = "id,name,text\n1,Ada,Please call me back\n2,Bob,The printer on floor 3 is broken\n"
                .replace(',', &mark.to_string());
            assert_eq!(delimiter(&text), Some(mark), "{mark:?}");
        }
    }

    #[test]
    fn commas_in_prose_do_not_win() {
        let text = "id;name;message\n1;Ada;Hello, I need help, please\n2;Bob;Hi, all good, thanks, bye\n3;Cy;\"Dear all,\nthe; end\"\n";
        assert_eq!(delimiter(text), Some(';'));
        assert_eq!(delimiter("preis;menge\n1,50;3\n2,75;4\n"), Some(';'));
        assert_eq!(delimiter("message\nHello, I need help\nBye\nCan you, please, call\n"), None);
        assert_eq!(delimiter("message\nHello, please\nYes, thanks\n"), None);
        assert_eq!(delimiter("subject\nNew badge please\nNew badge please\n"), None);
        assert_eq!(delimiter("a"), None);
        assert_eq!(delimiter("sep=|\na|b\n1,2|3\n"), Some('|'));
    }

    #[test]
    fn quotes() {
        let backslash = detect("id,text\n1,\"she said \\\"no\\\", twice\"\n2,\"x\"\n", true);
        assert_eq!((backslash.delimiter, backslash.escape), (Some(','), Escape::Backslash));
        let single = detect("id,text\n'1','a, b'\n'2','c, d'\n", true);
        assert_eq!((single.delimiter, single.quote), (Some(','), Some('\'')));
        assert_eq!(detect("id,text\n1,'tis the season\n2,it's fine\n", true).quote, Some('"'));
    }
}
