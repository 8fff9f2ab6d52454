//! The error file: the bad rows of a file, itself a table. Own file because what it holds came from strangers and is opened in a
//! spreadsheet. INVARIANT: no cell begins as a formula (OWASP "CSV Injection"), and taking one leading `'` away gives back exactly
//! what stood in the file.

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::Path;

/// Writes the error file from its beginning.
pub(crate) struct Errors {
    out: BufWriter<File>,
}

impl Errors {
    pub(crate) fn create(path: &Path) -> io::Result<Self> {
        let mut out = BufWriter::new(File::create(path)?);
        out.write_all(b"line,code,reason,original\r\n")?;
        Ok(Self { out })
    }

    pub(crate) fn add(&mut self, line: &str, code: &str, reason: &str, original: &str) -> io::Result<()> {
        let row = [line, code, reason, original].map(cell).join(",");
        self.out.write_all(row.as_bytes())?;
        self.out.write_all(b"\r\n")
    }

    /// Everything is on disk when this returns.
    pub(crate) fn sync(&mut self) -> io::Result<()> {
        self.out.flush()?;
        self.out.get_ref().sync_all()
    }
}

/// A cell, quoted, and harmless in a spreadsheet.
pub(crate) fn cell(text: &str) -> String {
    let risky = text.starts_with(['=', '+', '-', '@', '\t', '\r', '\n', '\'', '＝', '＋', '－', '＠']);
    format!("\"{}{}\"", if risky { "'" } else { "" }, text.replace('"', "\"\""))
}

#[cfg(test)]
mod tests {
    use super::cell;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn harmless_and_reversible(text in "[=+@'\t\r\n\",;|a-cé-]{0,12}") {
            let written = cell(&text);
            let mut reader = csv::ReaderBuilder::new().has_headers(false).from_reader(written.as_bytes());
            let read = reader.records().next().map_or(String::new(), |record| record.unwrap()[0].to_owned());
            prop_assert!(!read.starts_with(['=', '+', '-', '@', '\t', '\r', '\n']));
            prop_assert_eq!(read.strip_prefix('\'').unwrap_or(&read), text);
        }
    }
}
