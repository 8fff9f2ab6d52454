//! What lets a program in: keys, tokens, private keys, passwords.
//!
//! Its own file because these have marks of their own (prefixes that vendors chose to be searchable,
//! PEM headers) and, failing that, words with a colon before something that looks random.

use super::super::finding::{Finding, Sureness};
use super::super::kind::Kind;
use super::super::scan::Scan;
use super::super::words::List;
use super::{About, Detector};

pub(super) const DETECTOR: Detector = Detector {
    about: About {
        name: "secret",
        kind: Kind::Secret,
        looks_for: "marked keys and tokens, JWTs, private key blocks, a password after its word, a random string after a word for keys",
    },
    find,
};

/// A mark at the start, the fewest bytes that follow it, and whose it is.
const MARKS: &[(&str, usize, &str)] = &[
    ("AKIA", 16, "an AWS access key"),
    ("ASIA", 16, "an AWS session key"),
    ("ghp_", 30, "a GitHub token"),
    ("gho_", 30, "a GitHub token"),
    ("ghu_", 30, "a GitHub token"),
    ("ghs_", 30, "a GitHub token"),
    ("ghr_", 30, "a GitHub token"),
    ("github_pat_", 30, "a GitHub token"),
    ("glpat-", 16, "a GitLab token"),
    ("xoxb-", 16, "a Slack token"),
    ("xoxp-", 16, "a Slack token"),
    ("xoxa-", 16, "a Slack token"),
    ("xoxr-", 16, "a Slack token"),
    ("xoxs-", 16, "a Slack token"),
    ("xapp-", 16, "a Slack token"),
    ("sk_live_", 16, "a Stripe key"),
    ("sk_test_", 16, "a Stripe test key"),
    ("rk_live_", 16, "a Stripe key"),
    ("whsec_", 20, "a webhook secret"),
    ("sk-", 32, "a model API key"),
    ("AIza", 35, "a Google API key"),
    ("ya29.", 30, "a Google access token"),
    ("GOCSPX-", 20, "a Google client secret"),
    ("npm_", 36, "an npm token"),
    ("pypi-", 40, "a PyPI token"),
    ("SG.", 40, "a SendGrid key"),
    ("hf_", 30, "a Hugging Face token"),
    ("dop_v1_", 40, "a DigitalOcean token"),
    ("shpat_", 30, "a Shopify token"),
    ("shpss_", 30, "a Shopify token"),
    ("EAACEdEose0cBA", 20, "a Facebook token"),
    ("key-", 32, "a Mailgun key"),
    ("pat-na1-", 30, "a HubSpot token"),
    ("pat-eu1-", 30, "a HubSpot token"),
    ("AGE-SECRET-KEY-1", 50, "an age key"),
    ("lin_api_", 30, "a Linear key"),
];
const LONGEST: usize = 4096;
/// A longer run after a word for passwords is judged by its first bytes alone.
const LONGEST_PASSWORD: usize = 64;
static PASSWORD: List = List::new(&[
    "password",
    "passwords",
    "passwd",
    "pwd",
    "passphrase",
    "passcode",
    "passwort",
    "kennwort",
    "contraseña",
    "wachtwoord",
    "lösenord",
    "senha",
    "hasło",
    "salasana",
    "adgangskode",
    "db_password",
    "pw",
]);
static KEY: List = List::new(&[
    "token",
    "secret",
    "apikey",
    "api_key",
    "api_token",
    "access_token",
    "refresh_token",
    "secret_key",
    "access_key",
    "client_secret",
    "auth_token",
    "bearer",
    "accountkey",
    "sharedaccesskey",
    "private_key",
    "signing_secret",
    "webhook_secret",
    "api_secret",
    "aws_secret_access_key",
    "encryption_key",
]);
static KEY_BEFORE: List = List::new(&["api", "secret", "access", "license", "private", "encryption"]);
/// After `password:` these say that there is none.
static NO_VALUE: List = List::new(&[
    "none",
    "null",
    "forgotten",
    "required",
    "reset",
    "expired",
    "optional",
    "changed",
    "unknown",
    "missing",
    "protected",
    "incorrect",
    "invalid",
    "wrong",
    "please",
    "change",
    "needed",
    "same",
    "below",
    "above",
    "the",
    "your",
    "our",
    "see",
    "will",
    "not",
    "field",
    "policy",
    "issue",
    "problem",
    "help",
    "is",
    "was",
    "has",
    "link",
    "manager",
    "lost",
    "and",
    "for",
    "must",
    "should",
    "sent",
    "separately",
    "via",
    "attached",
    "yes",
    "empty",
    "hidden",
    "redacted",
]);

fn find(scan: &Scan<'_>, found: &mut Vec<Finding>) {
    if scan.holds(b"-") {
        private_keys(scan, found);
    }
    let mut floor = 0;
    for (index, &(start, end)) in scan.words.iter().enumerate() {
        if start < floor {
            continue;
        }
        let hit = marked(scan, start, end).or_else(|| named(scan, index, end));
        if let Some((span, sureness, why)) = hit {
            floor = span.1;
            found.push(Finding::new(Kind::Secret, span, "secret", sureness, why));
        }
    }
}

type Hit = Option<((usize, usize), Sureness, String)>;

fn private_keys(scan: &Scan<'_>, found: &mut Vec<Finding>) {
    let mut from = 0;
    while let Some(at) = scan.text.get(from..).and_then(|rest| rest.find("-----BEGIN ")) {
        let start = from + at;
        let head = start + 11;
        from = head;
        let line = scan.bytes.get(head..(head + 60).min(scan.bytes.len())).unwrap_or_default();
        let Some(dashes) = line.windows(5).position(|window| window == b"-----") else { continue };
        if !line
            .get(..dashes)
            .is_some_and(|label| label.ends_with(b"PRIVATE KEY") || label.ends_with(b"PRIVATE KEY BLOCK"))
        {
            continue;
        }
        let rest = scan.text.get(head + dashes..).unwrap_or_default();
        // A block cut off by quoting or by length counts to the end of what looks like its lines.
        let end = match rest.find("-----END ") {
            Some(tail) => {
                let after = head + dashes + tail + 9;
                let close = scan.text.get(after..).and_then(|text| text.find("-----")).filter(|close| *close < 60);
                close.map_or(after, |close| after + close + 5)
            }
            None => scan.text.len(),
        };
        found.push(Finding::new(Kind::Secret, (start, end), "secret", Sureness::Proof, "a private key block"));
        from = end;
    }
}

const fn is_token(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.' | b'+' | b'/' | b'=' | b'~')
}

fn token_end(scan: &Scan<'_>, start: usize) -> usize {
    let mut end = start;
    while end - start < LONGEST && end < scan.bytes.len() && is_token(scan.byte(end)) {
        end += 1;
    }
    while end > start && matches!(scan.byte(end - 1), b'.' | b'-') {
        end -= 1;
    }
    end
}

fn marked(scan: &Scan<'_>, start: usize, word_end: usize) -> Hit {
    let rest = scan.bytes.get(start..)?;
    if rest.starts_with(b"eyJ") && word_end - start >= 8 {
        let end = token_end(scan, start);
        let parts = scan.text.get(start..end)?.split('.').filter(|part| part.len() >= 4).count();
        if parts >= 2 {
            return Some(((start, end), Sureness::Proof, "a JSON web token".to_owned()));
        }
    }
    // Every mark is part of a long word or of one that goes on behind a hyphen or a full stop.
    if word_end - start < 16 && !matches!(scan.byte(word_end), b'-' | b'.') {
        return None;
    }
    let begins = |mark: &str| mark.as_bytes().first() == rest.first() && rest.starts_with(mark.as_bytes());
    let (mark, least, whose) = MARKS.iter().find(|(mark, ..)| begins(mark))?;
    let end = token_end(scan, start);
    let body = scan.bytes.get(start + mark.len()..end)?;
    let random = body.iter().any(u8::is_ascii_digit) && body.iter().any(u8::is_ascii_alphabetic);
    (body.len() >= *least && random).then(|| ((start, end), Sureness::Proof, (*whose).to_owned()))
}

/// A value after `password:`, `api key =`, `token is`.
fn named(scan: &Scan<'_>, index: usize, end: usize) -> Hit {
    let word = scan.word(index);
    let password = PASSWORD.has_at(scan, index) || (word == b"passe" && index >= 2 && scan.word(index - 1) == b"de");
    let key = KEY.has_at(scan, index) || (word == b"key" && index > 0 && KEY_BEFORE.has(scan.word(index - 1)));
    if !password && !key {
        return None;
    }
    let (start, strong) = value_start(scan, end, word == b"bearer")?;
    if password {
        let value = scan.text.get(start..scan.text.floor_char_boundary(start + LONGEST_PASSWORD))?;
        let value =
            value.split(char::is_whitespace).next()?.trim_end_matches(['.', ',', ';', ')', '"', '\'', '`', '>', '<']);
        let lower = scan.lower.get(start..start + value.len())?;
        let mixed = value.bytes().any(|byte| byte.is_ascii_digit())
            || value.chars().skip(1).any(char::is_uppercase)
            || value.chars().any(|letter| {
                letter.is_ascii_punctuation()
                    && !matches!(letter, '-' | '\'' | '/' | '.' | ':' | '(' | '[' | '#' | '*' | '_' | ']')
            });
        let alone = scan
            .bytes
            .get(start + value.len()..)
            .unwrap_or_default()
            .iter()
            .copied()
            .find(|byte| *byte != b' ' && *byte != b'\r');
        let alone = alone.is_none_or(|byte| byte == b'\n');
        let called = value.contains('(') && value.contains('.');
        let masked =
            value.bytes().all(|byte| matches!(byte, b'*' | b'#' | b'.' | b'x' | b'X' | b'[' | b']' | b'<' | b'>'))
                || value.starts_with('[')
                || value.starts_with('#');
        let empty = lower.is_empty() || NO_VALUE.has(lower);
        let good = value.len() >= 4 && !masked && !called && !empty && (mixed || (strong && alone && value.is_ascii()));
        return good
            .then(|| ((start, start + value.len()), Sureness::Shape, "a value after a word for passwords".to_owned()));
    }
    let stop = token_end(scan, start);
    let value = scan.bytes.get(start..stop)?;
    (value.len() >= 16 && is_random(value))
        .then(|| ((start, stop), Sureness::Shape, "a random string after a word for keys".to_owned()))
}

/// Where the value after a word starts, and whether a colon or equals sign leads to it.
fn value_start(scan: &Scan<'_>, mut at: usize, direct: bool) -> Option<(usize, bool)> {
    let skip = |mut at: usize| {
        while matches!(scan.byte(at), b' ' | b'\t' | b'"' | b'\'' | b'`' | b'*') && at < scan.bytes.len() {
            at += 1;
        }
        at
    };
    let from = at;
    at = skip(at);
    if at - from > 16 {
        return None;
    }
    let strong = matches!(scan.byte(at), b':' | b'=');
    if strong {
        at += 1 + usize::from(scan.byte(at + 1) == b'>');
    } else if scan
        .lower
        .get(at..)
        .is_some_and(|rest| rest.starts_with(b"is ") || rest.starts_with(b"ist ") || rest.starts_with(b"est "))
    {
        at += 2 + usize::from(scan.byte(at + 2) != b' ');
        at += usize::from(scan.byte(at) == b':');
    } else if !direct {
        return None;
    }
    let value = skip(at);
    (value < scan.bytes.len() && value - at <= 16).then_some((value, strong))
}

/// Letters and digits mixed, with at least three bits of entropy a byte.
fn is_random(value: &[u8]) -> bool {
    let mut counts = [0_u32; 128];
    for byte in value {
        if let Some(count) = counts.get_mut(usize::from(*byte)) {
            *count += 1;
        }
    }
    let all = f64::from(u32::try_from(value.len()).unwrap_or(u32::MAX));
    let entropy: f64 = counts
        .iter()
        .filter(|count| **count > 0)
        .map(|count| f64::from(*count) / all)
        .map(|share| -share * share.log2())
        .sum();
    let letters = value.iter().filter(|byte| byte.is_ascii_alphabetic()).count();
    let digits = value.iter().filter(|byte| byte.is_ascii_digit()).count();
    entropy >= 3.0 && letters >= 4 && digits >= 2
}
