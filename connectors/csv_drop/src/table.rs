//! Reads a whole small file as a table of cells: what the quality test scores and what a preview shows. Own file because the
//! daemon never reads a file this way.

use crate::charset::{Charset, Probe};
use crate::dialect::{self, Dialect};
use crate::records::{Found, Records};
use crate::text::Text;

/// How much decoded text the dialect is judged from, in bytes.
pub(crate) const SAMPLE: usize = 64 * 1024;

/// A table as found in a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Table {
    /// How the bytes were decoded.
    pub charset: Charset,
    /// How the cells were told apart.
    pub dialect: Dialect,
    /// All rows but blank lines, the header among them, ragged as they stand.
    pub rows: Vec<Vec<String>>,
}

/// Finds encoding and dialect of `bytes` and reads all rows, broken quoting read as it comes.
#[must_use]
pub fn read_table(bytes: &[u8]) -> Table {
    let mut probe = Probe::new();
    probe.feed(bytes);
    let charset = probe.charset();
    let (text, ..) = charset.encoding.decode_without_bom_handling(bytes.get(charset.mark..).unwrap_or_default());
    let sample = sample(&text);
    let dialect = dialect::detect(sample, sample.len() == text.len());
    let mut records = Records::lenient(dialect);
    Text::new(charset).feed(bytes, true, &mut records);
    let mut rows = Vec::new();
    while let Found::Record(record) = records.cut() {
        rows.push(record.cells);
    }
    Table { charset, dialect, rows }
}

/// The beginning of a text, cut behind a line end.
pub(crate) fn sample(text: &str) -> &str {
    if text.len() <= SAMPLE {
        return text;
    }
    let head = text.get(..text.floor_char_boundary(SAMPLE)).unwrap_or(text);
    head.rfind(['\n', '\r']).and_then(|at| head.get(..=at)).unwrap_or(head)
}
