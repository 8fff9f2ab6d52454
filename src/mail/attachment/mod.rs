//! The text in files that came along: what can be read into a request, within limits.
//!
//! Nothing is written to disk, no name is used as a path. **To read another kind of file** write one file here and add a line to [`text`].
//! INVARIANT: a packed file is unpacked into bounded memory only, and what it declares about its size is not believed.

mod document;
mod pack;
mod pdf;
mod sheet;
#[cfg(test)]
mod tests;

use super::html::{self, Wanted};
use super::{Limits, decode};

/// What a file is, by its declared type and its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Format {
    Text,
    Html,
    Document,
    Sheet,
    Pdf,
}

/// The text of a file: none for kinds that carry no text, an error in words for those that could not be read.
pub(super) fn text(
    name: Option<&str>,
    media_type: &str,
    charset: Option<&str>,
    bytes: &[u8],
    limits: &Limits,
) -> Option<Result<String, String>> {
    let format = format(name, media_type, bytes)?;
    let read = match format {
        Format::Text => plain(bytes, charset),
        Format::Html => plain(bytes.get(..bytes.len().min(limits.unpacked_bytes)).unwrap_or(bytes), charset)
            .map(|text| html::write(&text, Wanted::Whole)),
        Format::Document => document::text(bytes, limits),
        Format::Sheet => sheet::text(bytes, limits),
        Format::Pdf => pdf::text(bytes, limits),
    };
    Some(read.map(|mut text| {
        text.truncate(text.floor_char_boundary(limits.attachment_text_bytes));
        text
    }))
}

/// Whether there may be text in a file of this name and type.
pub(super) fn may_hold_text(name: &str, media_type: &str) -> bool {
    format(Some(name), media_type, b"").is_some()
}

fn format(name: Option<&str>, media_type: &str, bytes: &[u8]) -> Option<Format> {
    let ending =
        name.and_then(|name| name.rsplit_once('.')).map(|(_, ending)| ending.to_ascii_lowercase()).unwrap_or_default();
    let by_name = match ending.as_str() {
        "txt" | "csv" | "tsv" | "ics" | "md" | "log" | "vcf" | "json" | "xml" | "yaml" | "yml" => Some(Format::Text),
        "html" | "htm" | "xhtml" => Some(Format::Html),
        "docx" | "docm" => Some(Format::Document),
        "xlsx" | "xlsm" => Some(Format::Sheet),
        "pdf" => Some(Format::Pdf),
        _ => None,
    };
    let by_type = match media_type {
        "text/html" | "application/xhtml+xml" => Some(Format::Html),
        "application/vnd.openxmlformats-officedocument.wordprocessingml.document" => Some(Format::Document),
        "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet" => Some(Format::Sheet),
        "application/pdf" | "application/x-pdf" => Some(Format::Pdf),
        "application/ics" | "application/csv" | "application/json" => Some(Format::Text),
        "text/rtf" => None,
        _ if media_type.starts_with("text/") => Some(Format::Text),
        _ => None,
    };
    let found = by_name.or(by_type)?;
    // What a file is called does not make it one.
    let packed = bytes.starts_with(b"PK");
    match found {
        Format::Text | Format::Html if packed || bytes.starts_with(b"%PDF") => None,
        _ => Some(found),
    }
}

fn plain(bytes: &[u8], charset: Option<&str>) -> Result<String, String> {
    let wide = bytes.starts_with(&[0xff, 0xfe]) || bytes.starts_with(&[0xfe, 0xff]);
    if !wide && bytes.iter().take(4096).filter(|byte| **byte == 0).count() > 0 {
        return Err("it is called a text and holds something else".to_owned());
    }
    let charset = if wide { Some("utf-16") } else { charset };
    Ok(decode::text(bytes, charset).replace("\r\n", "\n"))
}
