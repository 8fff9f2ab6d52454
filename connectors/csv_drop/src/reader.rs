//! Streams the rows of a taken file: one table for text, one per sheet for a workbook. Own file because it is the one place that
//! holds an open file. INVARIANT: reading again from the beginning gives the same rows with the same ordinals, so a position is
//! just a number of records; memory is bounded by the sample, one chunk and one row.

use crate::charset::Charset;
use crate::dialect::{self, Dialect};
use crate::header::{self, Layout};
use crate::options::Settings;
use crate::records::{Found, Record, Records};
use crate::table::{SAMPLE, sample};
use crate::text::Text;
use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::PathBuf;

/// Bytes read at once.
const CHUNK: usize = 64 * 1024;
/// Rows looked at to find the header.
const HEAD: usize = 60;

/// One table to read.
#[derive(Clone, Debug)]
pub(crate) struct Part {
    pub(crate) path: PathBuf,
    /// How many bytes of the file belong to it.
    pub(crate) bytes: u64,
    /// Name of the sheet.
    pub(crate) sheet: Option<String>,
    pub(crate) charset: Charset,
}

/// What [`Reader::next`] found.
pub(crate) enum Next {
    /// A row of values: good or bad.
    Row(Record),
    /// The allowance is used up.
    Pause,
    End,
}

/// Reads the parts one behind the other.
pub(crate) struct Reader {
    parts: std::vec::IntoIter<Part>,
    settings: Settings,
    current: Option<Open>,
    /// Records so far, headers among them.
    pub(crate) ordinal: u64,
    /// Bytes so far.
    pub(crate) read: u64,
}

struct Open {
    file: io::Take<File>,
    text: Text,
    records: Records,
    layout: Layout,
    /// Records of this part so far.
    records_seen: u64,
    sheet: Option<String>,
    ended: bool,
}

impl Reader {
    pub(crate) fn new(parts: Vec<Part>, settings: &Settings) -> Self {
        Self { parts: parts.into_iter(), settings: settings.clone(), current: None, ordinal: 0, read: 0 }
    }

    /// The layout of the table the last row came from.
    pub(crate) fn layout(&self) -> Option<&Layout> {
        self.current.as_ref().map(|open| &open.layout)
    }

    /// Whether the last record has been read, even if nobody has asked for another yet.
    pub(crate) fn drained(&self) -> bool {
        self.current.as_ref().is_none_or(|open| open.ended && open.records.is_empty())
    }

    /// Whether the rows come from a workbook.
    pub(crate) fn in_sheet(&self) -> bool {
        self.current.as_ref().is_some_and(|open| open.sheet.is_some())
    }

    /// Where a row stands, for people: its line, or sheet and row.
    pub(crate) fn place(&self, record: &Record) -> String {
        match self.current.as_ref() {
            Some(Open { sheet: Some(sheet), records_seen, .. }) => format!("{sheet}!{records_seen}"),
            _ => record.line.to_string(),
        }
    }

    /// The next row of values. Takes what it reads off `allowance`, in bytes.
    pub(crate) fn next(&mut self, allowance: &mut usize) -> io::Result<Next> {
        loop {
            let Some(open) = &mut self.current else {
                match self.parts.next() {
                    Some(part) => self.current = Some(Open::new(part, &self.settings)?),
                    None => return Ok(Next::End),
                }
                continue;
            };
            match open.records.cut() {
                Found::Record(record) => {
                    self.ordinal += 1;
                    open.records_seen += 1;
                    // A broken line above the header is no less an error.
                    if open.records_seen > open.layout.skip || record.fault.is_some() {
                        return Ok(Next::Row(record));
                    }
                }
                Found::End => self.current = None,
                Found::Hungry if *allowance == 0 => return Ok(Next::Pause),
                Found::Hungry => {
                    let read = open.more()?;
                    self.read += read as u64;
                    *allowance = allowance.saturating_sub(read.max(1));
                }
            }
        }
    }
}

impl Open {
    fn new(part: Part, settings: &Settings) -> io::Result<Self> {
        let mut file = File::open(&part.path)?;
        let mut head = Vec::new();
        // Twice, because a character may take two bytes in the file and one in the sample.
        file.by_ref().take(part.bytes.min(2 * SAMPLE as u64)).read_to_end(&mut head)?;
        let bytes = head.get(part.charset.mark..).unwrap_or_default();
        let (text, ..) = part.charset.encoding.decode_without_bom_handling(bytes);
        let sample = sample(&text);
        let whole = sample.len() == text.len() && head.len() as u64 == part.bytes;
        let dialect = match (&part.sheet, settings.delimiter) {
            (Some(_), _) => Dialect::RFC4180,
            (None, Some(delimiter)) => dialect::detect_quoting(sample, whole, delimiter),
            (None, None) => dialect::detect(sample, whole),
        };
        let mut peek = Records::strict(dialect, settings.max_row_bytes);
        peek.push(sample);
        if whole {
            peek.finish();
        }
        let mut rows = Vec::new();
        while rows.len() < HEAD
            && let Found::Record(record) = peek.cut()
        {
            rows.push(record.cells);
        }
        let layout = header::layout(&rows, &settings.mapping);
        file.seek(SeekFrom::Start(0))?;
        Ok(Self {
            file: file.take(part.bytes),
            text: Text::new(part.charset),
            records: Records::strict(dialect, settings.max_row_bytes),
            layout,
            records_seen: 0,
            sheet: part.sheet,
            ended: false,
        })
    }

    fn more(&mut self) -> io::Result<usize> {
        let mut chunk = vec![0; CHUNK];
        let mut filled = 0;
        while let Some(room) = chunk.get_mut(filled..).filter(|room| !room.is_empty()) {
            match self.file.read(room) {
                Ok(0) => break,
                Ok(read) => filled += read,
                Err(fault) if fault.kind() == io::ErrorKind::Interrupted => {}
                Err(fault) => return Err(fault),
            }
        }
        let last = filled < CHUNK && !self.ended;
        self.text.feed(chunk.get(..filled).unwrap_or_default(), last, &mut self.records);
        self.ended |= last;
        Ok(filled)
    }
}
