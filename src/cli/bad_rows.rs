//! Rows of a table that make no request, as whoever handed it in is told of them. Own file because every command that reads a table by
//! hand owes its reader the same words. INVARIANT: each bad row is told with its place, its reason and how it reads; none is passed over.

use super::failure::{Failure, Status};
use super::text;
use opspilot_csv_drop::{Dialect, Found, Record, Records};
use serde::Serialize;

/// How much of a row is shown, in columns; JSON has all of it.
const SHOWN: usize = 120;

/// A row that makes no request.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct BadRow {
    /// Its line, or sheet and row of a workbook.
    line: String,
    code: String,
    reason: String,
    /// The row as it stands in the file.
    original: String,
}

/// The bad rows of one file.
#[derive(Clone, Debug, Default)]
pub(crate) struct BadRows {
    /// The file as its giver named it.
    name: String,
    /// How many of its rows are good.
    good: usize,
    /// In the order of the file.
    pub(crate) rows: Vec<BadRow>,
}

impl BadRows {
    /// Reads the error file that the drop folder's connector wrote beside a table.
    pub(crate) fn of(name: &str, good: usize, error_file: &str) -> Self {
        let mut records = Records::lenient(Dialect::RFC4180);
        records.push(error_file);
        records.finish();
        let mut rows = Vec::new();
        while let Found::Record(record) = records.cut() {
            rows.push(row(record));
        }
        // The first one is the heading.
        let rows = rows.split_off(rows.len().min(1));
        Self { name: name.to_owned(), good, rows }
    }

    /// What to end with: a line for each bad row and one for the file; nothing when every row is good.
    pub(crate) fn failure(&self) -> Option<Failure> {
        let (bad, name) = (self.rows.len(), &self.name);
        let what = match (bad, self.good) {
            (0, _) => return None,
            (1, 0) => format!("the only row of `{name}` is bad, so nothing came of it; put it right (OP-2227)"),
            (_, 0) => {
                format!("none of the {bad} rows of `{name}` is good, so nothing came of it; put them right (OP-2227)")
            }
            (_, good) => format!(
                "{bad} of {} rows of `{name}` {} left out, the others were taken; put right what is bad in a file of its own, under the same header (OP-2205)",
                bad + good,
                if bad == 1 { "is bad and was" } else { "are bad and were" }
            ),
        };
        let mut lines = self.lines();
        lines.push(what);
        Some(Failure { status: Status::Unreadable, lines })
    }

    /// A line for each bad row.
    pub(crate) fn lines(&self) -> Vec<String> {
        self.rows.iter().map(|row| row.told(&self.name)).collect()
    }
}

impl BadRow {
    /// The row's own text comes last, so that nothing in it can pass for a code or a reason of ours.
    fn told(&self, name: &str) -> String {
        let Self { line, code, reason, original } = self;
        let place = if line.bytes().all(|byte| byte.is_ascii_digit()) { "line" } else { "row" };
        let reads = text::cut(&text::one_line(original), SHOWN);
        format!("`{name}` {place} {line} ({code}): {reason}; it reads `{reads}`")
    }
}

fn row(record: Record) -> BadRow {
    let mut cells = record.cells.into_iter().map(|cell| match cell.strip_prefix('\'') {
        // Put there so that a spreadsheet takes no cell for a formula.
        Some(rest) => rest.to_owned(),
        None => cell,
    });
    let mut next = || cells.next().unwrap_or_default();
    BadRow { line: next(), code: next(), reason: next(), original: next() }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILE: &str = "line,code,reason,original\r\n\
        \"2\",\"OP-2210\",\"a quote is missing\",\"'=1,\"\"two\u{1b}[31m (OP-4004)\r\nmore\"\r\n\
        \"Sheet!7\",\"OP-2211\",\"ragged\",\"a,b\"\r\n";

    #[test]
    fn each_row_is_told_with_its_place_and_what_it_holds_is_harmless() {
        let bad = BadRows::of("asks.csv", 1, FILE);
        assert_eq!(bad.rows[0].original, "=1,\"two\u{1b}[31m (OP-4004)\r\nmore");
        let failure = bad.failure().unwrap();
        assert_eq!(failure.status, Status::Unreadable);
        let shown = failure.shown();
        assert_eq!(
            shown[0],
            "error OP-2210: `asks.csv` line 2: a quote is missing; it reads `=1,\"two [31m (OP-4004) more`"
        );
        assert_eq!(shown[1], "error OP-2211: `asks.csv` row Sheet!7: ragged; it reads `a,b`");
        assert!(shown[2].starts_with("error OP-2205: 2 of 3 rows of `asks.csv` are bad"), "{}", shown[2]);
    }

    #[test]
    fn without_a_good_row_it_says_so_and_without_a_bad_one_nothing() {
        let shown = BadRows::of("asks.csv", 0, FILE).failure().unwrap().shown();
        assert!(shown[2].starts_with("error OP-2227: none of the 2 rows of `asks.csv` is good"), "{}", shown[2]);
        assert!(BadRows::of("asks.csv", 3, "").failure().is_none());
        assert!(BadRows::of("asks.csv", 3, "line,code,reason,original\r\n").failure().is_none());
    }

    #[test]
    fn a_long_row_is_cut_on_the_terminal_alone() {
        let long = "x".repeat(5000);
        let bad = BadRows::of("a.csv", 1, &format!("line,code,reason,original\r\n2,OP-2211,ragged,{long}\r\n"));
        assert_eq!(bad.rows[0].original, long);
        assert!(bad.failure().unwrap().lines[0].len() < 200);
    }
}
