//! IP addresses: dotted quads, and the IPv6 forms of RFC 4291.
//!
//! Its own file because the hard part is what is not an address: versions, section numbers, times.

use std::net::{Ipv4Addr, Ipv6Addr};

use super::super::finding::{Finding, Sureness};
use super::super::kind::Kind;
use super::super::scan::{Join, Scan, word_char};
use super::super::words::List;
use super::{About, Detector};

pub(super) const DETECTOR: Detector = Detector {
    about: About {
        name: "ip",
        kind: Kind::IpAddress,
        looks_for: "four bytes with dots that are no version, or an IPv6 address",
    },
    find,
};

/// A longer run of hex digits, colons and dots is no address.
const LONGEST_V6: usize = 45;

static NOT_ADDRESS: List = List::new(&[
    "version",
    "versions",
    "ver",
    "v",
    "release",
    "build",
    "firmware",
    "section",
    "chapter",
    "clause",
    "figure",
    "upgrade",
    "update",
    "updated",
    "bump",
    "bumping",
    "downgrade",
    "downgraded",
    "upgraded",
    "rev",
    "revision",
    "patch",
    "oid",
    "paragraph",
    "table",
    "abschnitt",
]);
static ADDRESS: List = List::new(&[
    "ip",
    "ipv4",
    "ipv6",
    "address",
    "addresses",
    "host",
    "server",
    "client_ip",
    "dns",
    "gateway",
    "subnet",
]);

fn find(scan: &Scan<'_>, found: &mut Vec<Finding>) {
    four(scan, found);
    six(scan, found);
}

fn four(scan: &Scan<'_>, found: &mut Vec<Finding>) {
    let mut index = 0;
    while index < scan.groups.len() {
        let dotted = |at: usize| scan.groups.get(at).is_some_and(|group| group.join == Join::Dot);
        let mut next = index + 1;
        while dotted(next) {
            next += 1;
        }
        if let (4, Some(first), Some(last)) = (next - index, scan.groups.get(index), scan.groups.get(next - 1)) {
            let span = (first.start, last.end);
            let parsed = scan.text.get(span.0..span.1).and_then(|text| text.parse::<Ipv4Addr>().ok());
            let glued = first.glued_left || last.glued_right;
            if let Some(address) = parsed
                && !glued
                && !scan.led_by(
                    span.0,
                    if address.octets().iter().all(|byte| *byte < 100) { 8 } else { 3 },
                    &NOT_ADDRESS,
                    &ADDRESS,
                )
                && !matches!(scan.before(span.0), b'-' | b'.')
            {
                let finding =
                    Finding::new(Kind::IpAddress, span, "ip", Sureness::Proof, "four numbers up to 255 with dots");
                found.push(finding.reserved(is_reserved_four(address)));
            }
        }
        index = next;
    }
}

fn is_reserved_four(address: Ipv4Addr) -> bool {
    address.is_documentation() || address.is_loopback() || address.is_unspecified()
}

fn six(scan: &Scan<'_>, found: &mut Vec<Finding>) {
    let part = |byte: u8| byte.is_ascii_hexdigit() || byte == b':' || byte == b'.';
    let mut at = 0;
    while let Some(colon) = scan.bytes.get(at..).and_then(|rest| rest.iter().position(|byte| *byte == b':')) {
        let colon = at + colon;
        let mut start = colon;
        while start > at && colon - start < 5 && part(scan.byte(start - 1)) {
            start -= 1;
        }
        let mut end = colon;
        while part(scan.byte(end)) {
            end += 1;
        }
        at = end;
        if end - start > LONGEST_V6 || word_char(scan.bytes, end) > 0 || glued(scan, start) {
            continue;
        }
        while end > start
            && (scan.byte(end - 1) == b'.' || (scan.byte(end - 1) == b':' && scan.before(end - 1) != b':'))
        {
            end -= 1;
        }
        let text = scan.text.get(start..end).unwrap_or_default();
        // `::` and `a::b` are more often code than addresses; a written address holds a digit and two parts.
        let parts = text.split(':').filter(|part| !part.is_empty()).count();
        if parts < 2 || !text.bytes().any(|byte| byte.is_ascii_digit()) {
            continue;
        }
        if let Ok(address) = text.parse::<Ipv6Addr>() {
            let reserved = matches!(address.segments(), [0x2001, 0x0db8, ..]) || address.is_loopback();
            found.push(
                Finding::new(Kind::IpAddress, (start, end), "ip", Sureness::Proof, "an IPv6 address")
                    .reserved(reserved),
            );
        }
    }
}

fn glued(scan: &Scan<'_>, start: usize) -> bool {
    scan.text
        .get(..start)
        .and_then(|left| left.chars().next_back())
        .is_some_and(|left| left.is_alphanumeric() || left == '_')
}
