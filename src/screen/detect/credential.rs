//! Codes that let somebody act as a person: card security codes, PINs, one-time codes, logins in addresses.
//!
//! Its own file because all of them are a few digits that mean nothing without the words before them, so
//! the words must be close and unmistakable.

use super::super::finding::{Finding, Sureness};
use super::super::kind::Kind;
use super::super::scan::Scan;
use super::super::words::List;
use super::{About, Detector};

pub(super) const DETECTOR: Detector = Detector {
    about: About {
        name: "credential",
        kind: Kind::Credential,
        looks_for: "a card security code, PIN or one-time code after its word, `user:password@` in an address",
    },
    find,
};

static CODES: &[(List, std::ops::RangeInclusive<usize>, &str)] = &[
    (List::new(&["cvv", "cvc", "cvv2", "cvc2", "csc", "prüfziffer"]), 3..=4, "a card security code"),
    (List::new(&["pin", "pincode"]), 4..=4, "a PIN"),
    (List::new(&["otp", "totp", "tan", "2fa", "mfa"]), 4..=8, "a one-time code"),
];
static CODE_BEFORE: List = List::new(&["verification", "login", "authentication", "time", "confirmation"]);
static LINKING: List = List::new(&["is", "code", "number", "no", "ist", "est"]);

fn find(scan: &Scan<'_>, found: &mut Vec<Finding>) {
    for group in
        scan.groups.iter().filter(|group| (3..=8).contains(&group.len()) && !group.glued_left && !group.glued_right)
    {
        let here = scan.words_before(group.start);
        let mut last = here;
        let close = |word: usize| scan.words.get(word).is_some_and(|&(_, end)| group.start - end <= 24);
        while last > 0 && here - last < 2 && LINKING.has(scan.word(last - 1)) && close(last - 1) {
            last -= 1;
        }
        let Some(named) = last.checked_sub(1).filter(|word| close(*word)) else { continue };
        let why = CODES
            .iter()
            .find(|(words, lengths, _)| lengths.contains(&group.len()) && words.has(scan.word(named)))
            .map(|(.., why)| *why);
        let coded = || {
            let code = (named..here).any(|word| scan.word(word) == b"code") && (4..=8).contains(&group.len());
            (code && CODE_BEFORE.has(scan.word(named))).then_some("a one-time code")
        };
        if let Some(why) = why.or_else(coded) {
            found.push(Finding::new(Kind::Credential, (group.start, group.end), "credential", Sureness::Shape, why));
        }
    }
    if scan.holds(b"@") {
        logins(scan, found);
    }
}

/// `scheme://user:password@host`: the part between `//` and `@`.
fn logins(scan: &Scan<'_>, found: &mut Vec<Finding>) {
    let mut from = 0;
    while let Some(at) = scan.text.get(from..).and_then(|rest| rest.find("://")) {
        let start = from + at + 3;
        from = start;
        let mut end = start;
        let mut colon = false;
        while end - start < 200
            && end < scan.bytes.len()
            && !matches!(scan.byte(end), 0..=b' ' | b'/' | b'@' | b'"' | b'<' | b'>' | b'?' | b'#' | b'[')
        {
            colon |= scan.byte(end) == b':';
            end += 1;
        }
        if colon && scan.byte(end) == b'@' && end - start >= 3 && scan.byte(end - 1) != b':' {
            found.push(Finding::new(
                Kind::Credential,
                (start, end),
                "credential",
                Sureness::Proof,
                "a login inside an address",
            ));
        }
    }
}
