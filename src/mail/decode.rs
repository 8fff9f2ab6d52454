//! Transfer encodings and character sets, read as leniently as mail programs do: what is broken costs characters, never the message.

use std::borrow::Cow;

use mail_parser::decoders::charsets::map::charset_decoder;

/// The bytes of a part with its transfer encoding taken away (RFC 2045, 6).
pub(super) fn transfer<'r>(body: &'r [u8], encoding: &str) -> Cow<'r, [u8]> {
    match encoding.trim().to_ascii_lowercase().as_str() {
        "base64" => Cow::Owned(base64(body)),
        "quoted-printable" => Cow::Owned(quoted_printable(body)),
        "x-uuencode" | "uuencode" | "x-uue" | "uue" => uuencoded(body).map_or(Cow::Borrowed(body), Cow::Owned),
        _ => Cow::Borrowed(body),
    }
}

/// Base64; bytes outside the alphabet are passed over, as RFC 2045, 6.8 asks.
fn base64(body: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(body.len() / 4 * 3 + 3);
    let (mut group, mut count) = (0_u32, 0_u8);
    let flush = |out: &mut Vec<u8>, group: u32, count: u8| {
        let [_, a, b, _] = (group << (6 * u32::from(4 - count.min(4)))).to_be_bytes();
        match count {
            2 => out.push(a),
            3 => out.extend([a, b]),
            _ => {}
        }
    };
    for &byte in body {
        let value = match byte {
            b'A'..=b'Z' => byte - b'A',
            b'a'..=b'z' => byte - b'a' + 26,
            b'0'..=b'9' => byte - b'0' + 52,
            b'+' => 62,
            b'/' => 63,
            b'=' => {
                flush(&mut out, group, count);
                (group, count) = (0, 0);
                continue;
            }
            _ => continue,
        };
        group = group << 6 | u32::from(value);
        count += 1;
        if count == 4 {
            let [_, a, b, c] = group.to_be_bytes();
            out.extend([a, b, c]);
            (group, count) = (0, 0);
        }
    }
    flush(&mut out, group, count);
    out
}

/// Quoted-printable; an `=` that is no escape stays.
fn quoted_printable(body: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(body.len());
    for line in body.split_inclusive(|byte| *byte == b'\n') {
        let ended = line.ends_with(b"\n");
        let end: &[u8] = match (ended, line.ends_with(b"\r\n")) {
            (_, true) => b"\r\n",
            (true, _) => b"\n",
            _ => b"",
        };
        let text = line.strip_suffix(end).unwrap_or(line);
        // Spaces at the end were added on the way (RFC 2045, 6.7, rule 3).
        let text = if ended { text.trim_ascii_end() } else { text };
        let (text, soft) = text.strip_suffix(b"=").map_or((text, false), |text| (text, true));
        let mut rest = text;
        while let Some((&byte, behind)) = rest.split_first() {
            rest = behind;
            if byte == b'='
                && let [high, low, behind @ ..] = rest
                && let (Some(high), Some(low)) = (char::from(*high).to_digit(16), char::from(*low).to_digit(16))
            {
                out.push(u8::try_from(high << 4 | low).unwrap_or_default());
                rest = behind;
            } else {
                out.push(byte);
            }
        }
        if !soft {
            out.extend_from_slice(end);
        }
    }
    out
}

/// The file between `begin` and `end` lines.
fn uuencoded(body: &[u8]) -> Option<Vec<u8>> {
    let mut lines = body.split(|byte| *byte == b'\n').map(<[u8]>::trim_ascii_end);
    lines.find(|line| line.starts_with(b"begin "))?;
    let mut out = Vec::with_capacity(body.len() / 4 * 3);
    for line in lines {
        if line == b"end" {
            break;
        }
        let Some((&length, data)) = line.split_first() else { continue };
        let length = usize::from(length.wrapping_sub(32) & 63);
        let from = out.len();
        for group in data.chunks(4) {
            let at = |index: usize| u32::from(group.get(index).copied().unwrap_or(b' ').wrapping_sub(32) & 63);
            let [_, a, b, c] = (at(0) << 18 | at(1) << 12 | at(2) << 6 | at(3)).to_be_bytes();
            out.extend([a, b, c]);
        }
        out.truncate(from + length.min(out.len() - from));
    }
    Some(out)
}

/// Bytes as text. A name that is unknown or missing does not stop the reading: UTF-8 if it is that, else what the bytes look like.
pub(super) fn text(bytes: &[u8], charset: Option<&str>) -> String {
    let charset = charset.map(|name| name.trim().trim_matches(['"', '\'']).to_ascii_lowercase());
    let named = charset.as_deref().filter(|name| !name.is_empty());
    // Plain names that senders use for whatever they have.
    let vague = matches!(
        named,
        None | Some(
            "us-ascii" | "ascii" | "unknown-8bit" | "x-unknown" | "unknown" | "default" | "binary" | "_iso-2022-jp$esc"
        )
    );
    if vague {
        return unnamed(bytes);
    }
    if named.is_some_and(|name| name == "utf-8" || name == "utf8") {
        let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
        return String::from_utf8_lossy(bytes).into_owned();
    }
    named.and_then(|name| charset_decoder(name.as_bytes())).map_or_else(|| unnamed(bytes), |decode| decode(bytes))
}

fn unnamed(bytes: &[u8]) -> String {
    if let Ok(text) = std::str::from_utf8(bytes) {
        return text.strip_prefix('\u{feff}').unwrap_or(text).to_owned();
    }
    let mut detector = chardetng::EncodingDetector::new(chardetng::Iso2022JpDetection::Allow);
    detector.feed(bytes.get(..bytes.len().min(64 * 1024)).unwrap_or(bytes), true);
    detector.guess(None, chardetng::Utf8Detection::Deny).decode(bytes).0.into_owned()
}
