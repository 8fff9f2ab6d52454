//! From media type and bytes to one tree. Own file because it is the only place that chooses a reader.

use crate::media::Media;
use crate::multipart::FileLimits;
use crate::node::Node;
use crate::options::Format;
use crate::refuse::{EMPTY, malformed, shown, unsupported};
use crate::{form, json, multipart};
use opspilot_sdk::{Attachment, Delivery, Refusal};

/// A body that has been read.
#[derive(Debug)]
pub(crate) struct Body<'a> {
    /// Its media type without parameters.
    pub(crate) media_type: String,
    /// What it holds.
    pub(crate) node: Node<'a>,
    /// Files that came in parts.
    pub(crate) attachments: Vec<Attachment>,
}

/// Reads the body of a delivery that has proved its origin.
///
/// # Errors
/// A refusal: media type, form or size.
pub(crate) fn read<'a>(delivery: &Delivery<'a>, format: Format, files: FileLimits) -> Result<Body<'a>, Refusal> {
    let compressed =
        |(name, value): &&(String, Vec<u8>)| name == "content-encoding" && !value.eq_ignore_ascii_case(b"identity");
    if delivery.headers.iter().any(|header| compressed(&header)) {
        return Err(unsupported("a `Content-Encoding` is not taken; send the body as it is"));
    }
    let declared = delivery.header("content-type").and_then(Media::read);
    let format = match (format, &declared) {
        (Format::Auto, None) => {
            return Err(unsupported(format!("exactly one readable `Content-Type` header is needed; {TAKEN}")));
        }
        (Format::Auto, Some(media)) => sniff(media)?,
        (chosen, _) => chosen,
    };
    if let Some(charset) =
        declared.as_ref().filter(|media| !media.is_utf8()).and_then(|media| media.parameter("charset"))
    {
        return Err(unsupported(format!("the charset `{}` is not taken; send UTF-8", shown(charset))));
    }
    if delivery.body.iter().all(u8::is_ascii_whitespace) {
        return Err(malformed(EMPTY, "the body is empty; send the fields of the form in it"));
    }
    match format {
        Format::Auto | Format::Json => {
            let media_type =
                declared.filter(Media::is_json).map_or_else(|| "application/json".to_owned(), |media| media.essence);
            Ok(Body { media_type, node: json::read(delivery.body)?, attachments: Vec::new() })
        }
        Format::Form => {
            Ok(Body { media_type: FORM.to_owned(), node: form::read(delivery.body)?, attachments: Vec::new() })
        }
        Format::Multipart => {
            let Some(boundary) = declared.as_ref().and_then(|media| media.parameter("boundary")) else {
                return Err(unsupported("a multipart body needs `Content-Type: multipart/form-data; boundary=…`"));
            };
            let (node, attachments) = multipart::read(delivery.body, boundary, files)?;
            Ok(Body { media_type: MULTIPART.to_owned(), node, attachments })
        }
    }
}

const FORM: &str = "application/x-www-form-urlencoded";
const MULTIPART: &str = "multipart/form-data";
const TAKEN: &str = "send `application/json`, `application/x-www-form-urlencoded` or `multipart/form-data`";

fn sniff(media: &Media<'_>) -> Result<Format, Refusal> {
    match media.essence.as_str() {
        FORM => Ok(Format::Form),
        MULTIPART => Ok(Format::Multipart),
        _ if media.is_json() => Ok(Format::Json),
        other => Err(unsupported(format!("the media type `{}` is not taken; {TAKEN}", shown(other)))),
    }
}
