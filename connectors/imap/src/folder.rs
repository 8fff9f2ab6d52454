//! Folder names on the wire: modified UTF-7 (RFC 3501, section 5.1.3), quoted. Own file because it is a codec and nothing else.
//! INVARIANT: what comes out is printable ASCII in quotes, so that no name can end a command and begin another.

use base64::Engine as _;
use base64::alphabet::IMAP_MUTF7;
use base64::engine::{GeneralPurpose, general_purpose::NO_PAD};

const ENGINE: GeneralPurpose = GeneralPurpose::new(&IMAP_MUTF7, NO_PAD);

/// The name as it stands in a command.
pub(crate) fn quoted(name: &str) -> String {
    let mut out = String::with_capacity(name.len() + 2);
    let mut wide: Vec<u16> = Vec::new();
    out.push('"');
    for c in name.chars() {
        if matches!(c, ' '..='~') {
            flush(&mut wide, &mut out);
            match c {
                '&' => out.push_str("&-"),
                '"' | '\\' => out.extend(['\\', c]),
                _ => out.push(c),
            }
        } else {
            wide.extend_from_slice(c.encode_utf16(&mut [0; 2]));
        }
    }
    flush(&mut wide, &mut out);
    out.push('"');
    out
}

fn flush(wide: &mut Vec<u16>, out: &mut String) {
    if !wide.is_empty() {
        let bytes: Vec<u8> = wide.drain(..).flat_map(u16::to_be_bytes).collect();
        out.push('&');
        ENGINE.encode_string(bytes, out);
        out.push('-');
    }
}

#[cfg(test)]
mod tests {
    use super::quoted;

    #[test]
    fn names_as_the_standard_has_them() {
        assert_eq!(quoted("INBOX"), "\"INBOX\"");
        assert_eq!(quoted("~peter/mail/台北/日本語"), "\"~peter/mail/&U,BTFw-/&ZeVnLIqe-\"");
        assert_eq!(quoted("Entwürfe & \"x\"\\"), "\"Entw&APw-rfe &- \\\"x\\\"\\\\\"");
        assert_eq!(quoted("a\r\nb"), "\"a&AA0ACg-b\"");
    }
}
