//! What a value looks like: an address, a number to call, a name, a link. Own file because labels lie and values rarely do, so each
//! guess by label is checked here.

/// A text as it goes into a field: no NUL (databases refuse it), plain line ends, no white space around.
pub(crate) fn clean(text: &str) -> String {
    let trimmed = text.trim();
    if trimmed.bytes().any(|byte| matches!(byte, 0 | b'\r')) {
        trimmed.replace('\0', "\u{fffd}").replace("\r\n", "\n").replace('\r', "\n")
    } else {
        trimmed.to_owned()
    }
}

/// The address in `dana@x.example`, `mailto:dana@x.example` or `Dana <dana@x.example>`.
pub(crate) fn email(text: &str) -> Option<&str> {
    let text = text.trim();
    if !text.contains('@') {
        return None;
    }
    let inner = match (text.rfind('<'), text.strip_suffix('>')) {
        (Some(open), Some(closed)) => closed.get(open + 1..)?,
        _ => text,
    };
    let inner = inner.strip_prefix("mailto:").unwrap_or(inner).trim();
    let (local, domain) = inner.rsplit_once('@')?;
    let odd = |c: char| {
        c.is_whitespace() || c.is_control() || matches!(c, '<' | '>' | ',' | ';' | '(' | ')' | '/' | ':' | '"')
    };
    let good_domain = domain.split('.').count() >= 2 && domain.split('.').all(|step| !step.is_empty());
    let good = !local.is_empty() && !inner.contains(odd) && !local.contains('@') && good_domain && inner.len() <= 254;
    good.then_some(inner)
}

/// Whether this can be a telephone number when a label says so.
pub(crate) fn maybe_phone(text: &str) -> bool {
    if text.len() > 40 {
        return false;
    }
    let digits = text.chars().filter(char::is_ascii_digit).count();
    let rest = text.to_ascii_lowercase();
    let plain = rest
        .replace("ext", "")
        .replace("tel", "")
        .chars()
        .all(|c| c.is_ascii_digit() || " +()-./:#x\u{a0}\u{2013}".contains(c));
    (5..=20).contains(&digits) && plain
}

/// Whether this is a telephone number by its looks alone.
pub(crate) fn surely_phone(text: &str) -> bool {
    let text = text.trim();
    if text.len() > 40 {
        return false;
    }
    let digits = text.chars().filter(char::is_ascii_digit).count();
    let plain = text.chars().all(|c| c.is_ascii_digit() || " +()-./\u{a0}".contains(c));
    let starts = text.starts_with(['+', '(']) || (text.starts_with('0') && text.contains([' ', '-', '/']));
    let grouped = text.split(['-', ' ', '.']).map(str::len).eq([3, 3, 4]);
    plain && (7..=15).contains(&digits) && (starts || grouped) && !date_like(text)
}

/// `2026-03-01`, `1.3.2026`, `3/1/2026 10:00:00`, an IP address: digits that nobody answers.
pub(crate) fn date_like(text: &str) -> bool {
    let day = text.split([' ', 'T']).next().unwrap_or_default();
    let parts: Vec<&str> = day.split(['-', '/', '.']).collect();
    let numbers =
        parts.iter().all(|part| !part.is_empty() && part.len() <= 4 && part.bytes().all(|byte| byte.is_ascii_digit()));
    numbers
        && (parts.len() == 4
            || (parts.len() == 3
                && parts.iter().any(|part| part.len() == 4)
                && parts.iter().filter(|part| part.len() <= 2).count() == 2))
}

/// A link.
pub(crate) fn link(text: &str) -> bool {
    let text = text.trim();
    text.starts_with("http://") || text.starts_with("https://") || text.starts_with("www.")
}

/// Yes or no, on or off.
pub(crate) fn yes_no(text: &str) -> bool {
    ["true", "false", "yes", "no", "on", "off", "1", "0"].iter().any(|word| text.trim().eq_ignore_ascii_case(word))
}

/// Whether this can be the name of a person.
pub(crate) fn maybe_name(text: &str) -> bool {
    let short = text.len() <= 120 && text.split_whitespace().count() <= 8;
    short
        && !text.contains(['@', '\n', '\\', '{', '<'])
        && !link(text)
        && !yes_no(text)
        && text.chars().any(char::is_alphabetic)
}

/// Whether this looks like a name or a title with no label to say so: capitals, few words, no digits.
pub(crate) fn surely_title(text: &str) -> bool {
    let words: Vec<&str> = text.split_whitespace().collect();
    let capital =
        words.first().and_then(|word| word.chars().next()).is_some_and(|c| c.is_uppercase() || !c.is_lowercase());
    maybe_name(text)
        && (1..=5).contains(&words.len())
        && capital
        && !text.ends_with(['.', '?', '!', ':'])
        && !text.contains(['_', '='])
}

/// Whether this can be an organisation.
pub(crate) fn maybe_organisation(text: &str) -> bool {
    text.len() <= 200
        && !text.contains('\n')
        && !yes_no(text)
        && email(text).is_none()
        && text.chars().any(char::is_alphanumeric)
}

/// Whether this can be a line that sums up.
pub(crate) fn maybe_subject(text: &str) -> bool {
    const FORMS_OF_ADDRESS: [&str; 12] =
        ["mr", "mrs", "ms", "miss", "mx", "dr", "prof", "herr", "frau", "mme", "sr", "sra"];
    let bare = text.trim_end_matches('.');
    !FORMS_OF_ADDRESS.iter().any(|form| bare.eq_ignore_ascii_case(form))
        && text.len() <= 300
        && !text.contains('\n')
        && !yes_no(text)
        && email(text).is_none()
        && text.chars().any(char::is_alphabetic)
}

/// Whether this can be what a person wrote.
pub(crate) fn maybe_text(text: &str) -> bool {
    !yes_no(text)
        && email(text).is_none()
        && (!link(text) || text.contains(char::is_whitespace))
        && text.chars().any(char::is_alphabetic)
}

/// Whether this is prose by its looks alone.
pub(crate) fn prose(text: &str) -> bool {
    let words = || text.split_whitespace().nth(4).is_some();
    let wide = || text.chars().filter(|c| *c >= '\u{2e80}').nth(9).is_some();
    maybe_text(text) && !text.starts_with(['{', '[', '<']) && (words() || wide()) && !text.contains("Mozilla/")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses() {
        assert_eq!(email(" Dana Fox <dana@x.example> "), Some("dana@x.example"));
        assert_eq!(email("mailto:a+b@x.co.uk"), Some("a+b@x.co.uk"));
        for wrong in [
            "",
            "dana",
            "dana@x",
            "a b@x.example",
            "@x.example",
            "a@b@x.example",
            "https://u@x.example/",
            "hi a@x.example",
        ] {
            assert_eq!(email(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn numbers_to_call() {
        for good in ["+1 555 0101", "(020) 7946-0018", "030 901820", "555-010-0199", "+49/30/901820"] {
            assert!(surely_phone(good), "{good}");
        }
        for wrong in ["2026-03-01", "01.03.2026", "203.0.113.9", "1790140891", "34", "3/1/2026", "1 2 3"] {
            assert!(!surely_phone(wrong), "{wrong}");
        }
        assert!(maybe_phone("555 0101 ext. 7") && !maybe_phone("call me"));
    }

    #[test]
    fn clean_text() {
        assert_eq!(clean(" a\r\nb\0\rc "), "a\nb\u{fffd}\nc");
    }
}
