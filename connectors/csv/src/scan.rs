//! Reads a table row by row and knows where each stands (RFC 4180, as spreadsheets bend it: either line end, cells with or without quotes).
//! Own file because a table is also edited by people, and because the end of it tells whether a crash fell into a row. INVARIANT: every
//! byte belongs to the mark, to one row, or to the tail.

use std::ops::Range;

/// By which Excel knows UTF-8.
pub(crate) const MARK: &[u8] = b"\xef\xbb\xbf";

/// A row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Row {
    /// Where it stands, its line end with it.
    pub(crate) at: Range<usize>,
    pub(crate) cells: Vec<String>,
    /// Whether its line end is there.
    pub(crate) is_ended: bool,
}

/// A table.
#[derive(Debug, Default)]
pub(crate) struct Table {
    pub(crate) rows: Vec<Row>,
    /// Where what is no row begins: the length of the table, unless its last row breaks off in the middle of a cell.
    pub(crate) whole: usize,
}

/// Reads a table.
pub(crate) fn scan(bytes: &[u8], separator: u8) -> Table {
    let start = if bytes.starts_with(MARK) { MARK.len() } else { 0 };
    let mut table = Table { rows: Vec::new(), whole: start };
    let mut at = start;
    while at < bytes.len() {
        let Some(row) = read(bytes, at, separator) else { return table };
        table.whole = row.at.end;
        let is_last = !row.is_ended;
        at = row.at.end;
        // An empty line is none.
        if row.cells.len() > 1 || row.cells.first().is_some_and(|cell| !cell.is_empty()) {
            table.rows.push(row);
        }
        if is_last {
            break;
        }
    }
    table
}

/// The row that begins here; `None` when it ends within quotes.
fn read(bytes: &[u8], begin: usize, separator: u8) -> Option<Row> {
    let mut cells = Vec::new();
    let mut at = begin;
    loop {
        let mut cell = Vec::new();
        if bytes.get(at) == Some(&b'"') {
            at += 1;
            loop {
                match (*bytes.get(at)?, bytes.get(at + 1)) {
                    (b'"', Some(b'"')) => {
                        cell.push(b'"');
                        at += 2;
                    }
                    (b'"', _) => {
                        at += 1;
                        break;
                    }
                    (byte, _) => {
                        cell.push(byte);
                        at += 1;
                    }
                }
            }
        }
        // What stands behind closing quotes belongs to the cell: nothing is dropped.
        while let Some(byte) = bytes.get(at).copied().filter(|byte| *byte != separator && *byte != b'\n') {
            cell.push(byte);
            at += 1;
        }
        let end = bytes.get(at).copied();
        let returned = end != Some(separator) && cell.last() == Some(&b'\r') && cell.pop().is_some();
        cells.push(String::from_utf8_lossy(&cell).into_owned());
        match end {
            // Half a line end is none, and part of no row.
            None => return Some(Row { at: begin..at - usize::from(returned), cells, is_ended: false }),
            Some(b'\n') => return Some(Row { at: begin..at + 1, cells, is_ended: true }),
            Some(_) => at += 1,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Row, scan};
    use proptest::prelude::*;

    fn cells(text: &str) -> Vec<Vec<String>> {
        scan(text.as_bytes(), b',').rows.into_iter().map(|row| row.cells).collect()
    }

    #[test]
    fn tables_as_people_leave_them() {
        assert_eq!(cells("\u{feff}a,b\r\n\"x\",\"y\"\"\nz\"\r\n"), [["a", "b"], ["x", "y\"\nz"]]);
        assert_eq!(cells("a,b\nc,\n\nd"), [vec!["a", "b"], vec!["c", ""], vec!["d"]]);
        assert_eq!(cells("\"a\"x,b"), [["ax", "b"]]);
        let torn = scan(b"a,b\r\n\"c\",\"d\r\n", b',');
        assert_eq!((torn.rows.len(), torn.whole), (1, 5));
        let open = scan(b"a,b\r\nc,d", b',');
        let last = Row { at: 5..8, cells: vec!["c".to_owned(), "d".to_owned()], is_ended: false };
        assert_eq!((open.rows.last(), open.whole), (Some(&last), 8));
    }

    proptest! {
        #[test]
        fn every_byte_has_its_place(bytes in proptest::collection::vec(prop_oneof![Just(b'"'), Just(b','), Just(b'\n'), Just(b'\r'), any::<u8>()], 0..60)) {
            let table = scan(&bytes, b',');
            let mut at = 0;
            for row in &table.rows {
                prop_assert!(row.at.start >= at && row.at.end >= row.at.start && row.at.end <= table.whole);
                at = row.at.end;
            }
            prop_assert!(table.whole <= bytes.len());
        }
    }
}
