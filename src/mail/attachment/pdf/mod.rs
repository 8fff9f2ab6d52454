//! The text of a PDF file (ISO 32000): what its pages show, in the order they show it.
//!
//! Its own small reader: what is asked is text alone, and libraries for the whole format unpack streams of any size and are known to
//! panic on damaged files. Pictures of text, as a scanner makes them, hold no text and are said to hold none.
//! INVARIANT: objects are found in one pass; nesting, pages, streams and unpacked bytes are bounded, cycles end.

mod content;
mod file;
mod font;
mod object;

use super::super::Limits;

/// The text of all pages.
pub(super) fn text(bytes: &[u8], limits: &Limits) -> Result<String, String> {
    let mut file = file::File::open(bytes, limits.unpacked_bytes)?;
    let mut out = String::new();
    let mut fonts = font::Fonts::default();
    for page in file.pages() {
        match content::page(&mut file, &page, &mut fonts, &mut out, limits.attachment_text_bytes) {
            Err(why) if out.is_empty() => return Err(why),
            Err(_) => break,
            Ok(()) => {}
        }
        if out.len() > limits.attachment_text_bytes {
            break;
        }
        out.truncate(out.trim_end().len());
        out.push_str("\n\n");
    }
    out.truncate(out.trim_end().len());
    if out.is_empty() {
        return Err("it holds no text that can be read, as a scanned page does; open it by hand".to_owned());
    }
    Ok(out)
}
