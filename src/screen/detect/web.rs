//! Web addresses and domain names.
//!
//! Its own file because three forms share one end rule: with a scheme, with `www.`, and a bare name under
//! a well-known top level. A bare name under any other top level is left alone: file names look the same.

use super::super::finding::{Finding, Sureness};
use super::super::kind::Kind;
use super::super::scan::{Scan, word_char};
use super::super::words::List;
use super::email::is_reserved;
use super::{About, Detector};

pub(super) const DETECTOR: Detector = Detector {
    about: About {
        name: "web",
        kind: Kind::UrlDomain,
        looks_for: "`scheme://`, `www.`, or a name under a well-known top level",
    },
    find,
};

const LONGEST: usize = 2048;
static SCHEMES: List = List::new(&["http", "https", "ftp", "ftps", "ws", "wss", "sftp", "ssh", "git"]);
static TOP_LEVELS: List = List::new(&[
    "com", "org", "net", "edu", "gov", "info", "biz", "io", "app", "dev", "cloud", "online", "shop", "store", "tech",
    "eu", "uk", "us", "ca", "au", "nz", "ie", "za", "in", "jp", "cn", "kr", "sg", "hk", "br", "mx", "ar", "cl", "co",
    "de", "at", "ch", "fr", "be", "nl", "lu", "es", "pt", "it", "dk", "se", "no", "fi", "is", "pl", "cz", "sk", "hu",
    "xyz", "kiwi", "mil", "th", "vn", "ph", "tw", "berlin", "swiss", "agency", "website", "site", "ro", "bg", "gr",
    "hr", "si", "ee", "lv", "lt", "ua", "ru", "tr", "il", "ae",
]);

fn find(scan: &Scan<'_>, found: &mut Vec<Finding>) {
    let mut index = 0;
    while let Some(&(start, end)) = scan.words.get(index) {
        index += 1;
        let word = scan.lower.get(start..end).unwrap_or_default();
        let after = scan.bytes.get(end..).unwrap_or_default();
        let (last, why) = if after.starts_with(b"://") && SCHEMES.has(word) {
            (address_end(scan, end + 3), "a web address with its scheme")
        } else if matches!(after.first(), Some(b'.' | b'-')) && !matches!(scan.before(start), b'@' | b'.' | b'/' | b'-')
        {
            let Some((host, top)) = host_end(scan, start) else { continue };
            if word == b"www" {
                (address_end(scan, host), "a name that begins with `www.`")
            } else if scan.byte(host) != b'@' && top_level(scan, top, host) {
                (
                    if scan.byte(host) == b'/' { address_end(scan, host) } else { host },
                    "a name under a top-level domain",
                )
            } else {
                continue;
            }
        } else {
            continue;
        };
        if after.first() == Some(&b':') && last <= end + 3 {
            continue;
        }
        let host = scan.lower.get(start..last).unwrap_or_default();
        let host = host.split(|byte| *byte == b'/').find(|part| part.contains(&b'.')).unwrap_or_default();
        // An address whose host is a number is found as that number.
        if !host.is_empty() && !host.iter().all(|byte| byte.is_ascii_digit() || *byte == b'.' || *byte == b':') {
            found.push(
                Finding::new(Kind::UrlDomain, (start, last), "web", Sureness::Shape, why).reserved(is_reserved(host)),
            );
        }
        while scan.words.get(index).is_some_and(|&(next, _)| next < last) {
            index += 1;
        }
    }
}

/// End of the host that starts at `from`, and the start of its last label; `None` without a dot inside.
fn host_end(scan: &Scan<'_>, from: usize) -> Option<(usize, usize)> {
    let mut at = from;
    let mut label = from;
    loop {
        let step = word_char(scan.bytes, at);
        if step > 0 {
            at += step;
        } else if matches!(scan.byte(at), b'.' | b'-') && word_char(scan.bytes, at + 1) > 0 && at - from < 255 {
            if scan.byte(at) == b'.' {
                label = at + 1;
            }
            at += 1;
        } else {
            break;
        }
    }
    (label > from).then_some((at, label))
}

fn top_level(scan: &Scan<'_>, from: usize, to: usize) -> bool {
    // Written in one case: `Inc.In` and the like are two sentences without a space between them.
    let written = scan.bytes.get(from..to).unwrap_or_default();
    let lower = written.iter().all(u8::is_ascii_lowercase);
    lower && TOP_LEVELS.has(written)
}

fn address_end(scan: &Scan<'_>, from: usize) -> usize {
    let mut at = from;
    while at - from < LONGEST
        && at < scan.bytes.len()
        && !matches!(scan.byte(at), 0..=b' ' | b'<' | b'>' | b'"' | b'|' | b'`' | 0x7F)
    {
        at += 1;
    }
    while at > from
        && (!scan.text.is_char_boundary(at)
            || matches!(scan.byte(at - 1), b'.' | b',' | b';' | b':' | b'!' | b'?' | b')' | b']' | b'}' | b'\'' | b'*'))
    {
        at -= 1;
    }
    at
}
