//! Multipart forms (RFC 7578 over RFC 2046 section 5.1) from a body that is already in memory. An own reader because the kept ones
//! are built around asynchronous streams. INVARIANT: every part ends at a delimiter line; a body cut short is refused, never read
//! as a shorter form.

use crate::form::Form;
use crate::media::Media;
use crate::node::Node;
use crate::refuse::{MULTIPART, PART_LARGE, malformed, shown, too_large};
use opspilot_sdk::{Attachment, Refusal};

const MAX_PARTS: usize = 200;
const MAX_HEADERS: usize = 8 * 1024;
const MAX_NAME: usize = 1024;

/// How many files may come with one delivery, and how large each may be in bytes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct FileLimits {
    pub(crate) count: usize,
    pub(crate) bytes: usize,
}

/// Reads the parts: fields into a tree, files apart. A file input that nobody used (no name, no bytes) is passed over.
///
/// # Errors
/// A refusal that says which part is wrong.
pub(crate) fn read(
    body: &[u8],
    boundary: &str,
    limits: FileLimits,
) -> Result<(Node<'static>, Vec<Attachment>), Refusal> {
    if boundary.is_empty() || boundary.len() > 70 {
        return Err(malformed(MULTIPART, "the boundary of the multipart body must have 1 to 70 characters"));
    }
    let mut form = Form::default();
    let mut files = Vec::new();
    let mut rest = after_first_delimiter(body, boundary)?;
    for number in 1.. {
        let Some(part) = next_part(rest)? else { break };
        if number > MAX_PARTS {
            return Err(too_large(
                PART_LARGE,
                format!("the multipart body has more than {MAX_PARTS} parts; send fewer"),
            ));
        }
        let (content, after) = split_at_delimiter(part, boundary).ok_or_else(|| {
            malformed(MULTIPART, format!("part {number} of the multipart body has no end; send it whole"))
        })?;
        rest = after;
        let (head, bytes) = head_and_bytes(content, number)?;
        let head = Head::read(head, number)?;
        match head.file {
            None => form.add(&head.name, field_text(bytes, &head, number)?)?,
            Some(name) if name.is_empty() && bytes.is_empty() => {}
            Some(name) => {
                let shown_name = shown(&name);
                if files.len() >= limits.count {
                    return Err(too_large(
                        PART_LARGE,
                        format!("the delivery has more than {} attachments; send fewer", limits.count),
                    ));
                }
                if bytes.len() > limits.bytes {
                    return Err(too_large(
                        PART_LARGE,
                        format!(
                            "the attachment `{shown_name}` has more than {} bytes; send a smaller one",
                            limits.bytes
                        ),
                    ));
                }
                files.push(Attachment { name, media_type: head.media_type, bytes: bytes.to_vec() });
            }
        }
    }
    Ok((form.into_node(), files))
}

fn after_first_delimiter<'a>(body: &'a [u8], boundary: &str) -> Result<&'a [u8], Refusal> {
    let at_start = body.strip_prefix(b"--").and_then(|rest| rest.strip_prefix(boundary.as_bytes()));
    match at_start.filter(|rest| ends_line(rest)) {
        Some(rest) => Ok(rest),
        None => split_at_delimiter(body, boundary)
            .map(|(_, rest)| rest)
            .ok_or_else(|| malformed(MULTIPART, "the multipart body does not hold its boundary; check `Content-Type`")),
    }
}

/// What follows a delimiter: the next part, `None` after the closing one.
fn next_part(after_delimiter: &[u8]) -> Result<Option<&[u8]>, Refusal> {
    if after_delimiter.starts_with(b"--") {
        return Ok(None);
    }
    let padding = after_delimiter.iter().take_while(|byte| matches!(byte, b' ' | b'\t')).count();
    match after_delimiter.get(padding..).and_then(|rest| rest.strip_prefix(b"\r\n")) {
        Some(part) => Ok(Some(part)),
        None => Err(malformed(MULTIPART, "a boundary line of the multipart body does not end with CR LF")),
    }
}

/// Splits at the next `CRLF--boundary` that is a whole delimiter and not the start of a longer line.
fn split_at_delimiter<'a>(bytes: &'a [u8], boundary: &str) -> Option<(&'a [u8], &'a [u8])> {
    let mut from = 0;
    loop {
        let found = from + bytes.get(from..)?.iter().position(|byte| *byte == b'\r')?;
        let (before, candidate) = bytes.split_at_checked(found)?;
        let rest = candidate.strip_prefix(b"\r\n--").and_then(|rest| rest.strip_prefix(boundary.as_bytes()));
        if let Some(rest) = rest.filter(|rest| ends_line(rest)) {
            return Some((before, rest));
        }
        from = found + 1;
    }
}

fn ends_line(after_boundary: &[u8]) -> bool {
    let padding = after_boundary.iter().take_while(|byte| matches!(byte, b' ' | b'\t')).count();
    after_boundary.starts_with(b"--") || after_boundary.get(padding..).is_some_and(|rest| rest.starts_with(b"\r\n"))
}

fn head_and_bytes(content: &[u8], number: usize) -> Result<(&str, &[u8]), Refusal> {
    let end = content.array_windows::<4>().take(MAX_HEADERS).position(|four| four == b"\r\n\r\n");
    let halves = end.and_then(|end| Some((content.get(..end)?, content.get(end + 4..)?)));
    // A part whose content is empty may end right after the empty line that closes its headers.
    let halves = halves.or_else(|| {
        content.strip_suffix(b"\r\n").filter(|head| head.len() <= MAX_HEADERS).map(|head| (head, &b""[..]))
    });
    let Some((head, bytes)) = halves else {
        return Err(malformed(
            MULTIPART,
            format!("part {number} of the multipart body has no end of headers within {MAX_HEADERS} bytes"),
        ));
    };
    match std::str::from_utf8(head) {
        Ok(head) => Ok((head, bytes)),
        Err(_) => {
            Err(malformed(MULTIPART, format!("the headers of part {number} of the multipart body are not UTF-8")))
        }
    }
}

fn field_text(bytes: &[u8], head: &Head, number: usize) -> Result<String, Refusal> {
    let text = if head.is_utf8 { std::str::from_utf8(bytes).ok() } else { None };
    text.map(str::to_owned).ok_or_else(|| {
        malformed(
            MULTIPART,
            format!("the field `{}` (part {number}) is not UTF-8; send the form as UTF-8", shown(&head.name)),
        )
    })
}

struct Head {
    name: String,
    file: Option<String>,
    media_type: String,
    is_utf8: bool,
}

impl Head {
    fn read(head: &str, number: usize) -> Result<Self, Refusal> {
        let wrong = |what: &str| malformed(MULTIPART, format!("part {number} of the multipart body {what}"));
        let (mut disposition, mut media_type) = (None, None);
        for line in head.split("\r\n").filter(|line| !line.is_empty()) {
            let (name, value) = line.split_once(':').ok_or_else(|| wrong("has a header line without `:`"))?;
            if name.eq_ignore_ascii_case("content-disposition") {
                if disposition.is_some() {
                    return Err(wrong("has two `Content-Disposition` headers"));
                }
                disposition = Some(Media::read(value).ok_or_else(|| wrong("has an unreadable `Content-Disposition`"))?);
            } else if name.eq_ignore_ascii_case("content-type") {
                media_type = Some(Media::read(value).ok_or_else(|| wrong("has an unreadable `Content-Type`"))?);
            } else if name.eq_ignore_ascii_case("content-transfer-encoding")
                && !["7bit", "8bit", "binary"].iter().any(|plain| value.trim().eq_ignore_ascii_case(plain))
            {
                return Err(wrong("has a transfer encoding; forms send bytes as they are (RFC 7578)"));
            }
        }
        let disposition = disposition
            .filter(|found| found.essence == "form-data")
            .ok_or_else(|| wrong("is not `Content-Disposition: form-data`"))?;
        let name = disposition.parameter("name").ok_or_else(|| wrong("has no name"))?;
        let file = disposition.parameter("filename").map(unescaped);
        let file = file.or_else(|| disposition.parameter("filename*").and_then(extended));
        if name.len() > MAX_NAME || file.as_ref().is_some_and(|file| file.len() > MAX_NAME) {
            return Err(too_large(
                PART_LARGE,
                format!("part {number} of the multipart body has a name over {MAX_NAME} bytes"),
            ));
        }
        let is_utf8 = media_type.as_ref().is_none_or(Media::is_utf8);
        let media_type = media_type.map_or_else(|| "application/octet-stream".to_owned(), |media| media.essence);
        Ok(Self { name: unescaped(name), file, media_type, is_utf8 })
    }
}

/// Browsers write these three characters of a name percent-encoded (WHATWG HTML, multipart/form-data encoding).
fn unescaped(name: &str) -> String {
    name.replace("%22", "\"").replace("%0D", "\r").replace("%0A", "\n")
}

/// `UTF-8''na%20me` of RFC 8187, which some clients send though RFC 7578 forbids it.
fn extended(value: &str) -> Option<String> {
    let (charset, rest) = value.split_once('\'')?;
    let (_, encoded) = rest.split_once('\'')?;
    if !charset.eq_ignore_ascii_case("utf-8") {
        return Some(encoded.to_owned());
    }
    // The form decoder turns `+` into a space; here `+` stands for itself.
    let mut form =
        crate::form::read(format!("n={}", encoded.replace('+', "%2B").replace('&', "%26")).as_bytes()).ok()?;
    match &mut form {
        Node::Map(entries) => entries.pop().and_then(|(_, value)| value.scalar().map(str::to_owned)),
        _ => None,
    }
}

#[cfg(test)]
#[path = "multipart_tests.rs"]
mod tests;
