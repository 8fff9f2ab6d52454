//! The text of a word processor's document (ECMA-376, WordprocessingML).

use quick_xml::Reader;
use quick_xml::events::Event;

use super::super::Limits;
use super::pack::Pack;

/// The text of a document: paragraphs as lines, cells parted by tabs, deleted text left out.
pub(super) fn text(bytes: &[u8], limits: &Limits) -> Result<String, String> {
    let mut pack = Pack::open(bytes, limits.unpacked_bytes)?;
    let body = pack.entry("word/document.xml")?.ok_or("it is no document: the part with its text is missing")?;
    let body = String::from_utf8(body).map_err(|_| "its text is damaged")?;
    let mut out = String::new();
    let mut reader = Reader::from_str(&body);
    let mut shown = false;
    loop {
        if out.len() > limits.attachment_text_bytes {
            return Ok(out);
        }
        match reader.read_event() {
            Ok(Event::Start(tag)) => match tag.local_name().as_ref() {
                "t" => shown = true,
                "ta" => out.push('\t'),
                "br" | "cr" => out.push('\n'),
                _ => {}
            },
            Ok(Event::Empty(tag)) => match tag.local_name().as_ref() {
                "ta" => out.push('\t'),
                "br" | "cr" | "p" => out.push('\n'),
                _ => {}
            },
            Ok(Event::End(tag)) => match tag.local_name().as_ref() {
                "t" => shown = false,
                "p" if !out.ends_with('\t') => out.push('\n'),
                "tc" => {
                    out.truncate(out.trim_end_matches('\n').len());
                    out.push('\t');
                }
                "tr" => {
                    out.truncate(out.trim_end_matches('\t').len());
                    out.push('\n');
                }
                _ => {}
            },
            Ok(Event::Text(words)) if shown => out.push_str(&words),
            Ok(Event::GeneralRef(name)) if shown => match name.resolve_char_ref() {
                Ok(Some(c)) => out.push(c),
                _ => out.push_str(match name.as_ref() {
                    "amp" => "&",
                    "lt" => "<",
                    "gt" => ">",
                    "quot" => "\"",
                    "apos" => "'",
                    _ => "",
                }),
            },
            Ok(Event::Eof) => return Ok(out),
            Ok(_) => {}
            Err(_) => return Err("its text is damaged".to_owned()),
        }
    }
}
