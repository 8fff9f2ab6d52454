//! E-mail addresses, as people write them (RFC 5322 `addr-spec` without comments and quoting; UTF-8 as in
//! RFC 6531). Its own file because it is anchored at `@`: what stands around each one is read once,
//! never further than an address may be long (RFC 5321, 4.5.3.1).

use super::super::finding::{Finding, Sureness};
use super::super::kind::Kind;
use super::super::scan::{Scan, word_char};
use super::{About, Detector};

pub(super) const DETECTOR: Detector = Detector {
    about: About {
        name: "email",
        kind: Kind::Email,
        looks_for: "a local part, `@`, and a domain with a top-level name",
    },
    find,
};

const LONGEST_LOCAL: usize = 64;
const LONGEST_DOMAIN: usize = 255;

fn find(scan: &Scan<'_>, found: &mut Vec<Finding>) {
    if !scan.holds(b"@") {
        return;
    }
    let mut floor = 0;
    for (at, _) in scan.bytes.iter().enumerate().filter(|(_, byte)| **byte == b'@') {
        let Some((start, end)) = around(scan, at, floor) else { continue };
        floor = end;
        let reserved = is_reserved(scan.lower.get(at + 1..end).unwrap_or_default());
        found.push(
            Finding::new(Kind::Email, (start, end), "email", Sureness::Proof, "an address with a domain")
                .reserved(reserved),
        );
    }
}

fn around(scan: &Scan<'_>, at: usize, floor: usize) -> Option<(usize, usize)> {
    let mut start = at;
    while start > floor && at - start < LONGEST_LOCAL && is_local(scan.byte(start - 1)) {
        start -= 1;
    }
    // Only whole characters, and no punctuation from the sentence before.
    while start < at && (!scan.text.is_char_boundary(start) || word_char(scan.bytes, start) == 0) {
        start += 1;
    }
    if start == at || scan.byte(at - 1) == b'.' {
        return None;
    }
    let end = domain_end(scan, at + 1)?;
    Some((start, end))
}

fn is_local(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte >= 0x80 || b".!#$%&'*+-=?^_`{}~".contains(&byte)
}

/// Where the domain that starts at `from` ends; `None` when it has no top-level name.
fn domain_end(scan: &Scan<'_>, from: usize) -> Option<usize> {
    let mut at = from;
    let mut good = None;
    let mut label = from;
    while at - from <= LONGEST_DOMAIN {
        let step = word_char(scan.bytes, at);
        if step > 0 && scan.byte(at) != b'_' {
            at += step;
            continue;
        }
        let name = scan.bytes.get(label..at).unwrap_or_default();
        if label > from && is_top_level(name) {
            good = Some(at);
        }
        match scan.byte(at) {
            b'-' if at > label => at += 1,
            b'.' if at > label => {
                at += 1;
                label = at;
            }
            _ => break,
        }
    }
    good.filter(|end| scan.text.is_char_boundary(*end))
}

fn is_top_level(name: &[u8]) -> bool {
    name.len() >= 2
        && (name.starts_with(b"xn--") || name.iter().all(|byte| byte.is_ascii_alphabetic() || *byte >= 0x80))
}

/// Domains that belong to nobody (RFC 2606, RFC 6761).
pub(super) fn is_reserved(domain: &[u8]) -> bool {
    let mut labels = domain.rsplit(|byte| *byte == b'.');
    match labels.next() {
        Some(b"example" | b"test" | b"invalid" | b"localhost") => true,
        Some(b"com" | b"org" | b"net") => labels.next() == Some(b"example".as_slice()),
        _ => false,
    }
}
