//! Verifies an export as a stream, in constant memory, with nothing but the file, keys and saved checkpoints.
//! Its own file because reading must survive anything: cut lines, merged lines, endless lines.
//!
//! INVARIANT: a file that differs in any byte from what was written never ends as proven, and the first
//! finding names the place.

use super::FORMAT;
use super::line::{EndLine, HeaderLine, HeaderText, ReceiptLine, parse, parse_hash, seal};
use super::subject::Subject;
use crate::receipt::entry::MAX_BYTES;
use crate::receipt::{Checkpoint, Finding, Keyring, Report, Verifier};
use std::io::{self, BufRead, Read};

/// A receipt's text at most doubles when it is put into a JSON string; the rest is hashes.
const MAX_LINE: u64 = 2 * MAX_BYTES as u64 + 64 * 1024;

/// What the verifying person brings along.
#[derive(Debug, Clone, Default)]
pub struct Check {
    /// Keys from elsewhere. Without them the enclosed ones are used, and the report says so.
    pub keyring: Option<Keyring>,
    /// Checkpoints saved outside.
    pub saved: Vec<Checkpoint>,
}

/// Verifies a whole export. Trouble in reading the input ends as unreadable.
#[must_use]
pub fn verify_export(input: impl BufRead, check: Check) -> Report {
    examine(input, check).unwrap_or_else(|error| Report::unreadable(&format!("the input fails: {error}")))
}

fn examine(mut input: impl BufRead, check: Check) -> io::Result<Report> {
    let mut buffer = Vec::new();
    let header = match read_line(&mut input, &mut buffer)? {
        Line::Whole => match read_header(&buffer) {
            Ok(header) => header,
            Err(report) => return Ok(*report),
        },
        Line::None => return Ok(Report::unreadable("it is empty")),
        Line::Cut | Line::TooLong => return Ok(Report::unreadable("its first line is not the header of an export")),
    };
    let keyring = match check.keyring {
        Some(keyring) => keyring,
        None => match Keyring::parse(&header.keys.join("\n")) {
            Ok(keys) => Keyring::enclosed(keys.keys().to_vec()),
            Err(error) => return Ok(damaged_header(&format!("its keys are not usable: {error}"))),
        },
    };
    let mut walk = match &header.about {
        None => Walk::Whole(Box::new(Verifier::new(keyring, check.saved))),
        Some(about) => Walk::Part(Box::new(Subject::new(about, &header, keyring, check.saved))),
    };
    let (mut number, mut receipts, mut end) = (1, 0, None);
    loop {
        let found = read_line(&mut input, &mut buffer)?;
        match found {
            Line::None => break,
            Line::Cut => {
                if end.is_some() {
                    walk.note(after_end(number + 1));
                }
                break;
            }
            Line::Whole | Line::TooLong => number += 1,
        }
        if end.is_some() {
            walk.note(after_end(number));
            break;
        }
        let whole = matches!(found, Line::Whole);
        if let Some(line) = Some(&buffer).filter(|_| whole).and_then(|line| parse::<ReceiptLine>(line)) {
            receipts += 1;
            walk.receipt(number, &line);
        } else if buffer.starts_with(b"{\"end\":") {
            end = Some(read_end(&mut walk, &header, &buffer, number, receipts));
        } else {
            receipts += 1;
            let why = "it is not a receipt line in its one exact spelling".to_owned();
            walk.lose(Finding::Line { line: number, why });
        }
    }
    if end.is_none() {
        walk.note(Finding::CutOff { line: number });
    }
    Ok(walk.finish(end.flatten().as_deref()))
}

/// The two kinds of exports.
enum Walk {
    Whole(Box<Verifier>),
    Part(Box<Subject>),
}

impl Walk {
    fn receipt(&mut self, number: u64, line: &ReceiptLine) {
        let altered = |why: &str| Finding::Line { line: number, why: why.to_owned() };
        let Some(leaf) = parse_hash(&line.leaf) else {
            return self.lose(altered("its leaf hash is not 64 hexadecimal digits"));
        };
        match self {
            Self::Whole(_) if line.path.is_some() => self.lose(altered("it has a path, which a whole log has not")),
            Self::Whole(walk) => walk.push_with_leaf(line.seq, line.receipt.as_bytes(), &leaf),
            Self::Part(walk) => walk.push(line.seq, line.receipt.as_bytes(), &leaf, line.path.as_deref()),
        }
    }

    fn note(&mut self, finding: Finding) {
        match self {
            Self::Whole(walk) => walk.note(finding),
            Self::Part(walk) => walk.note(finding),
        }
    }

    fn lose(&mut self, finding: Finding) {
        match self {
            Self::Whole(walk) => walk.lose(finding),
            Self::Part(walk) => walk.note(finding),
        }
    }

    fn finish(self, head_note: Option<&str>) -> Report {
        match self {
            Self::Whole(walk) => walk.finish(head_note),
            Self::Part(walk) => walk.finish(head_note),
        }
    }
}

fn after_end(line: u64) -> Finding {
    Finding::Line { line, why: "it stands after the end of the export".to_owned() }
}

fn damaged_header(why: &str) -> Report {
    let mut report = Report::blank();
    report.findings.push(Finding::Line { line: 1, why: why.to_owned() });
    report.found = 1;
    report.not_proven.push("anything: the header is damaged, and the rest was not examined".to_owned());
    report.concluded()
}

fn read_header(line: &[u8]) -> Result<HeaderText, Box<Report>> {
    let text = String::from_utf8_lossy(line);
    if !text.starts_with("{\"header\":{") || !text.contains("\"format\":\"opspilot.receipts/") {
        return Err(Box::new(Report::unreadable("its first line is not the header of an export")));
    }
    let parsed = parse::<HeaderLine>(line).filter(|h| seal(&h.header).is_ok_and(|sum| sum == h.sha256));
    let Some(parsed) = parsed else {
        let version = format!("\"format\":\"{FORMAT}\"");
        // A header that is whole but of another version is nobody's fault.
        return Err(Box::new(if text.contains(&version) || !newer_and_whole(line) {
            damaged_header("it is not a header in its one exact spelling")
        } else {
            Report::unreadable("it is of another version of the format; use a newer program")
        }));
    };
    if parsed.header.format == FORMAT {
        Ok(parsed.header)
    } else {
        Err(Box::new(Report::unreadable("it is of another version of the format; use a newer program")))
    }
}

/// Whether a header with members we do not know is undamaged by its own sum.
fn newer_and_whole(line: &[u8]) -> bool {
    crate::receipt::jcs::parse_canonical(line).is_some_and(|value| {
        let sum = value.get("header").and_then(|header| seal(header).ok());
        sum.is_some() && sum.as_deref() == value.get("sha256").and_then(serde_json::Value::as_str)
    })
}

/// The head note of the last line; `None` when that line is damaged, which is noted.
fn read_end(walk: &mut Walk, header: &HeaderText, line: &[u8], number: u64, receipts: u64) -> Option<String> {
    let parsed = parse::<EndLine>(line).filter(|e| seal(&e.end).is_ok_and(|sum| sum == e.sha256));
    let Some(EndLine { end, .. }) = parsed else {
        let why = "it is not the last line in its one exact spelling".to_owned();
        walk.note(Finding::Line { line: number, why });
        return None;
    };
    // In a whole log numbers and head show what is missing, and more exactly.
    if end.receipts != receipts && matches!(walk, Walk::Part(_)) {
        let why = format!("it states {} receipts, the export has {receipts}", end.receipts);
        walk.note(Finding::Line { line: number, why });
    }
    let stated = format!("{}\n{}\n{}\n", header.origin, header.size, header.root);
    if !end.checkpoint.starts_with(&stated) {
        let why = "its origin, size and root are not those of the head in the last line".to_owned();
        walk.note(Finding::Line { line: 1, why });
    }
    Some(end.checkpoint)
}

enum Line {
    Whole,
    /// Ends without a line end.
    Cut,
    /// Longer than any line we write; the buffer holds its beginning.
    TooLong,
    None,
}

/// Reads up to the next line end, which is not kept. Never holds more than the longest allowed line.
fn read_line(input: &mut impl BufRead, buffer: &mut Vec<u8>) -> io::Result<Line> {
    buffer.clear();
    if input.by_ref().take(MAX_LINE).read_until(b'\n', buffer)? == 0 {
        return Ok(Line::None);
    }
    if buffer.last() == Some(&b'\n') {
        buffer.pop();
        return Ok(Line::Whole);
    }
    if (buffer.len() as u64) < MAX_LINE {
        return Ok(Line::Cut);
    }
    input.skip_until(b'\n')?;
    Ok(Line::TooLong)
}
