//! `winmail.dat`: the wrapper in which Outlook sends rich text (MS-OXTNEF). Its text and its files are taken out.
//! INVARIANT: every length in it is checked against what is there; one walk, no recursion.

use super::decode;
use super::html::{self, Wanted};

/// What a wrapper holds.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Unwrapped {
    pub(super) text: Option<String>,
    /// Names and contents.
    pub(super) files: Vec<(Option<String>, Vec<u8>)>,
}

const SIGNATURE: [u8; 4] = [0x78, 0x9f, 0x3e, 0x22];
/// Files and properties that are read at most.
const FILES: usize = 200;
const PROPERTIES: usize = 2000;

// Attributes (MS-OXTNEF, 2.1.3.3), level and type left out.
const BODY: u16 = 0x800c;
const FILE_BEGINS: u16 = 0x9002;
const FILE_NAME: u16 = 0x8010;
const FILE_CONTENT: u16 = 0x800f;
const MESSAGE_PROPERTIES: u16 = 0x9003;
const FILE_PROPERTIES: u16 = 0x9005;

// Properties (MS-OXPROPS).
const PLAIN_BODY: u16 = 0x1000;
const HTML_BODY: u16 = 0x1013;
const LONG_FILE_NAME: u16 = 0x3707;

/// Whether bytes begin as a wrapper does.
pub(super) fn is(bytes: &[u8]) -> bool {
    bytes.starts_with(&SIGNATURE)
}

/// Takes a wrapper apart; none when it is damaged from the start.
pub(super) fn unwrap(bytes: &[u8]) -> Option<Unwrapped> {
    let mut cursor = Cursor { rest: bytes.strip_prefix(&SIGNATURE)? };
    cursor.u16()?;
    let mut out = Unwrapped::default();
    let mut html = None;
    while let Some((id, data)) = cursor.attribute() {
        let room = out.files.len() < FILES;
        let last = out.files.last_mut();
        match id {
            BODY => out.text = Some(words(data)),
            FILE_BEGINS if room => out.files.push((None, Vec::new())),
            FILE_NAME => {
                if let Some(file) = last.filter(|file| file.0.is_none()) {
                    file.0 = Some(words(data));
                }
            }
            FILE_CONTENT => {
                if let Some(file) = last {
                    file.1 = data.to_vec();
                }
            }
            MESSAGE_PROPERTIES => {
                for (name, value) in properties(data) {
                    match name {
                        PLAIN_BODY => out.text = Some(value.words()),
                        HTML_BODY => html = Some(value.words()),
                        _ => {}
                    }
                }
            }
            FILE_PROPERTIES => {
                let name = properties(data).into_iter().find(|(name, _)| *name == LONG_FILE_NAME);
                if let (Some(file), Some((_, value))) = (last, name) {
                    file.0 = Some(value.words());
                }
            }
            _ => {}
        }
    }
    if out.text.as_deref().is_none_or(|text| text.trim().is_empty()) {
        out.text = html.map(|html| html::write(&html, Wanted::Whole));
    }
    Some(out)
}

/// Text of a time before Unicode: what it looks like.
fn words(data: &[u8]) -> String {
    decode::text(data, None).trim_end_matches('\0').replace("\r\n", "\n")
}

struct Cursor<'b> {
    rest: &'b [u8],
}

impl<'b> Cursor<'b> {
    fn take(&mut self, length: usize) -> Option<&'b [u8]> {
        let (taken, rest) = self.rest.split_at_checked(length)?;
        self.rest = rest;
        Some(taken)
    }

    fn u16(&mut self) -> Option<u16> {
        self.take(2)?.try_into().ok().map(u16::from_le_bytes)
    }

    fn u32(&mut self) -> Option<usize> {
        self.take(4)?.try_into().ok().map(u32::from_le_bytes).and_then(|value| usize::try_from(value).ok())
    }

    /// Level, id, type, length, data, checksum.
    fn attribute(&mut self) -> Option<(u16, &'b [u8])> {
        self.take(1)?;
        let id = self.u16()?;
        self.u16()?;
        let length = self.u32()?;
        let data = self.take(length)?;
        self.u16();
        Some((id, data))
    }

    /// A value that is padded to four bytes.
    fn padded(&mut self) -> Option<&'b [u8]> {
        let length = self.u32()?;
        let value = self.take(length)?;
        let gap = length.next_multiple_of(4) - length;
        self.take(gap.min(self.rest.len()))?;
        Some(value)
    }
}

struct Value<'b> {
    wide: bool,
    bytes: &'b [u8],
}

impl Value<'_> {
    fn words(&self) -> String {
        let text = if self.wide { decode::text(self.bytes, Some("utf-16le")) } else { words(self.bytes) };
        text.trim_end_matches('\0').replace("\r\n", "\n")
    }
}

/// The properties of a message or a file (MS-OXTNEF, 2.1.3.4), up to the first that cannot be read.
fn properties(data: &[u8]) -> Vec<(u16, Value<'_>)> {
    let mut cursor = Cursor { rest: data };
    let mut found = Vec::new();
    let count = cursor.u32().unwrap_or_default();
    for _ in 0..count.min(PROPERTIES) {
        let Some(property) = property(&mut cursor) else { break };
        found.extend(property);
    }
    found
}

fn property<'b>(cursor: &mut Cursor<'b>) -> Option<Option<(u16, Value<'b>)>> {
    let kind = cursor.u16()?;
    let name = cursor.u16()?;
    if name >= 0x8000 {
        // A named property: who named it, and its number or its name.
        cursor.take(16)?;
        if cursor.u32()? == 0 {
            cursor.take(4)?;
        } else {
            cursor.padded()?;
        }
    }
    let many = kind & 0x1000 != 0;
    let kind = kind & 0x0fff;
    let fixed = match kind {
        0x02 | 0x03 | 0x04 | 0x0a | 0x0b => Some(4),
        0x05 | 0x06 | 0x07 | 0x14 | 0x40 => Some(8),
        0x48 => Some(16),
        0x01 => Some(0),
        _ => None,
    };
    if let Some(size) = fixed {
        let times = if many { cursor.u32()? } else { 1 };
        cursor.take(times.checked_mul(size)?)?;
        return Some(None);
    }
    let times = cursor.u32()?;
    let mut first = None;
    for _ in 0..times.min(PROPERTIES) {
        let bytes = cursor.padded()?;
        first = first.or(Some(Value { wide: kind == 0x1f, bytes }));
    }
    Some(first.map(|value| (name, value)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn attribute(id: u16, data: &[u8]) -> Vec<u8> {
        let length = u32::try_from(data.len()).expect("small").to_le_bytes();
        [&[1][..], &id.to_le_bytes(), &[6, 0], &length, data, &[0, 0]].concat()
    }

    fn wrapper(attributes: &[Vec<u8>]) -> Vec<u8> {
        [&SIGNATURE[..], &[1, 0], &attributes.concat()].concat()
    }

    #[test]
    fn text_and_files_are_taken_out() {
        let wide: Vec<u8> = "Größe.txt\0".encode_utf16().flat_map(u16::to_le_bytes).collect();
        let mut named = vec![1, 0, 0, 0, 0x1f, 0, 0x07, 0x37, 1, 0, 0, 0, 20, 0, 0, 0];
        named.extend(&wide);
        let raw = wrapper(&[
            attribute(BODY, b"The lift is broken.\0"),
            attribute(FILE_BEGINS, &[0; 14]),
            attribute(FILE_NAME, b"GRE~1.TXT\0"),
            attribute(FILE_CONTENT, b"floor 3"),
            attribute(FILE_PROPERTIES, &named),
        ]);
        let out = unwrap(&raw).expect("whole");
        assert_eq!(out.text.as_deref(), Some("The lift is broken."));
        assert_eq!(out.files, [(Some("Größe.txt".to_owned()), b"floor 3".to_vec())]);
    }

    #[test]
    fn a_damaged_wrapper_gives_what_is_whole() {
        let whole = wrapper(&[
            attribute(BODY, b"text\0"),
            attribute(MESSAGE_PROPERTIES, &[0xff; 40]),
            attribute(FILE_CONTENT, b"x"),
        ]);
        for length in 0..whole.len() {
            let out = unwrap(whole.get(..length).expect("shorter"));
            assert_eq!(out.is_some(), length >= 6);
        }
    }
}
