//! Writes an export as a stream, a line at a time, in constant memory.
//! Its own file because it is all that the exporting side needs.
//!
//! INVARIANT: it writes what it is given, also from a damaged log; judging is the reader's part.

use super::FORMAT;
use super::line::{EndLine, EndText, HeaderLine, HeaderText, ReceiptLine, render, seal};
use crate::receipt::body::hex;
use crate::receipt::{Checkpoint, Error, Hash, Keyring, Sealed, note::Note};
use base64::{Engine, engine::general_purpose::STANDARD as BASE64};
use std::io;

/// The first line of an export, and the head that will be its last.
#[derive(Debug, Clone)]
pub struct Header {
    text: HeaderText,
    note: String,
}

impl Header {
    /// For an export up to this head. `keys` are enclosed for convenience; a reader should use his own copy.
    /// `tool` is the program and its version. `about` is `None` for the whole log, otherwise the id that the
    /// receipts were picked for; then every receipt needs its inclusion path.
    ///
    /// # Errors
    /// [`Error::Note`] when the head note is malformed. Its signature is not checked here.
    pub fn new(head_note: &str, keys: &Keyring, tool: &str, about: Option<&str>) -> Result<Self, Error> {
        let head = Checkpoint::parse(Note::parse(head_note)?.text())?;
        let text = HeaderText {
            about: about.map(str::to_owned),
            format: FORMAT.to_owned(),
            keys: keys.to_text().lines().map(str::to_owned).collect(),
            origin: head.origin().to_owned(),
            root: head.root_text(),
            size: head.size(),
            tool: tool.to_owned(),
        };
        Ok(Self { text, note: head_note.to_owned() })
    }
}

/// An export being written.
#[derive(Debug)]
pub struct Writer<W> {
    out: W,
    note: String,
    partial: bool,
    receipts: u64,
}

impl<W: io::Write> Writer<W> {
    /// Writes the header.
    ///
    /// # Errors
    /// Those of the output.
    pub fn begin(mut out: W, header: Header) -> io::Result<Self> {
        let sha256 = seal(&header.text).map_err(io::Error::other)?;
        let partial = header.text.about.is_some();
        put(&mut out, &HeaderLine { header: header.text, sha256 })?;
        Ok(Self { out, note: header.note, partial, receipts: 0 })
    }

    /// Writes the next receipt of a whole log: number, exact bytes, leaf hash as stored.
    ///
    /// # Errors
    /// Those of the output, and when the export is a partial one.
    pub fn push(&mut self, seq: u64, bytes: &[u8], leaf: &Hash) -> io::Result<()> {
        self.line(seq, bytes, leaf, None)
    }

    /// Writes a receipt of a partial export, with the path that proves it alone.
    ///
    /// # Errors
    /// Those of the output, and when the export is one of a whole log.
    pub fn push_proven(&mut self, seq: u64, bytes: &[u8], leaf: &Hash, path: &[Hash]) -> io::Result<()> {
        self.line(seq, bytes, leaf, Some(path.iter().map(|hash| BASE64.encode(hash)).collect()))
    }

    /// Writes the last line and gives the output back.
    ///
    /// # Errors
    /// Those of the output.
    pub fn end(mut self) -> io::Result<W> {
        let end = EndText { checkpoint: self.note, receipts: self.receipts };
        let sha256 = seal(&end).map_err(io::Error::other)?;
        put(&mut self.out, &EndLine { end, sha256 })?;
        self.out.flush()?;
        Ok(self.out)
    }

    fn line(&mut self, seq: u64, bytes: &[u8], leaf: &Hash, path: Option<Vec<String>>) -> io::Result<()> {
        if path.is_some() != self.partial {
            let problem = if self.partial { "a partial export needs" } else { "the export of a whole log has no" };
            return Err(io::Error::new(io::ErrorKind::InvalidInput, format!("{problem} inclusion paths")));
        }
        self.receipts += 1;
        // Bytes that are not text can only come from a damaged store; their leaf hash will show it.
        let receipt = String::from_utf8_lossy(bytes).into_owned();
        put(&mut self.out, &ReceiptLine { leaf: hex(leaf), path, receipt, seq })
    }
}

/// Writes the export of a whole log from an iterator of its receipts; gives the number of receipts.
///
/// # Errors
/// Those of the output and of the iterator.
pub fn write_all<W, I>(out: W, header: Header, receipts: I) -> io::Result<u64>
where
    W: io::Write,
    I: IntoIterator<Item = io::Result<Sealed>>,
{
    let mut writer = Writer::begin(out, header)?;
    for receipt in receipts {
        let receipt = receipt?;
        writer.push(receipt.seq, &receipt.bytes, &receipt.leaf)?;
    }
    let count = writer.receipts;
    writer.end().map(|_| count)
}

fn put<T: serde::Serialize>(out: &mut impl io::Write, line: &T) -> io::Result<()> {
    let mut text = render(line).map_err(io::Error::other)?;
    text.push('\n');
    out.write_all(text.as_bytes())
}
