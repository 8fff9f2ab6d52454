//! E-mail addresses, links and telephone numbers.
//!
//! Its own file because these are what must never appear in a brief unless the request held them.
//! INVARIANT: finds spans only; nothing here follows a link or judges an address.

/// What was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// `someone@example.org`
    Email,
    /// `https://…`, `www.…` or a bare host name with a known ending.
    Link,
    /// At least seven digits with telephone punctuation.
    Phone,
}

/// One address in the text.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Contact {
    /// First byte.
    pub(crate) start: usize,
    /// First byte after it.
    pub(crate) end: usize,
    /// What it is.
    pub(crate) kind: Kind,
}

/// Every address in `text`, in order, not overlapping.
pub(crate) fn find(text: &str) -> Vec<Contact> {
    let mut list = Vec::new();
    let mut from = 0;
    // Every address and every link holds a full stop or a colon; what stands around one is looked at once.
    while let Some(mark) = next(text, from, |byte| matches!(byte, b'.' | b':')) {
        // Nearly all of them end a sentence or a label.
        if text.as_bytes().get(mark + 1).is_none_or(u8::is_ascii_whitespace) {
            from = mark + 1;
            continue;
        }
        let start = text.get(from..mark).and_then(|left| left.rfind(parts)).map_or(from, |at| {
            let part = text.get(from + at..).and_then(|rest| rest.chars().next());
            from + at + part.map_or(0, char::len_utf8)
        });
        let end = text.get(mark..).and_then(|rest| rest.find(parts)).map_or(text.len(), |at| mark + at);
        from = end;
        let piece = text.get(start..end).unwrap_or("");
        let trimmed = piece.trim_end_matches(['.', '…', ':', '!', '?', '\'', '’', '*', '_', '`']);
        let inner = trimmed.trim_start_matches(['\'', '*', '_', '`', '‘']);
        let start = start + (trimmed.len() - inner.len());
        let end = start + inner.len();
        if inner.len() < 4 || !inner.contains(['.', ':']) {
            continue;
        }
        if is_email(inner.strip_prefix("mailto:").unwrap_or(inner)) {
            list.push(Contact { start, end, kind: Kind::Email });
        } else if is_link(inner) {
            list.push(Contact { start, end, kind: Kind::Link });
        }
    }
    phones(text, &mut list);
    list.sort_unstable_by_key(|contact| contact.start);
    list
}

/// Where the next byte like this stands, from byte `from` on.
fn next(text: &str, from: usize, like: impl Fn(u8) -> bool) -> Option<usize> {
    // Whole blocks without such a byte are passed over at once; of one length, so that they are compared at once, too.
    let (blocks, _) = text.as_bytes().get(from..)?.as_chunks::<32>();
    let without = blocks.iter().take_while(|block| !block.iter().fold(false, |any, byte| any | like(*byte))).count();
    let at = from + 32 * without;
    text.as_bytes().get(at..)?.iter().position(|byte| like(*byte)).map(|inside| at + inside)
}

/// Whether this character parts an address from what stands beside it.
fn parts(c: char) -> bool {
    c.is_whitespace() || matches!(c, '<' | '>' | '"' | '|' | '“' | '”' | '(' | ')' | '[' | ']' | ',' | ';')
}

fn is_email(piece: &str) -> bool {
    let Some((local, host)) = piece.rsplit_once('@') else { return false };
    !local.is_empty()
        && host.contains('.')
        && host.len() > 3
        && host.chars().all(|c| c.is_alphanumeric() || c == '.' || c == '-')
        && !host.starts_with('.')
}

fn is_link(piece: &str) -> bool {
    let bytes = piece.as_bytes();
    let begins = |prefix: &str| {
        bytes.len() > prefix.len() && bytes.iter().zip(prefix.bytes()).all(|(a, b)| a.eq_ignore_ascii_case(&b))
    };
    if begins("http://")
        || begins("https://")
        || begins("www.")
        || begins("ftp://")
        || begins("javascript:")
        || begins("data:")
    {
        return true;
    }
    if piece.contains("://") {
        return true;
    }
    let host = piece.split('/').next().unwrap_or("");
    let Some((name, ending)) = host.rsplit_once('.') else { return false };
    const ENDINGS: &[&str] = &[
        "com", "net", "org", "io", "de", "eu", "co", "uk", "example", "info", "biz", "app", "dev", "ai", "fr", "es",
        "it", "nl", "ch", "at", "us", "ru", "cn", "test",
    ];
    !name.is_empty()
        && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'.' || b == b'-')
        && name.bytes().any(|b| b.is_ascii_alphabetic())
        && ENDINGS.iter().any(|known| ending.eq_ignore_ascii_case(known))
}

/// Runs of digits with `+`, spaces, dots, hyphens, slashes and brackets holding 8 to 15 digits.
fn phones(text: &str, list: &mut Vec<Contact>) {
    let bytes = text.as_bytes();
    let mut index = 0;
    while let Some(start) = next(text, index, |byte| matches!(byte, b'+' | b'(' | b'0'..=b'9')) {
        index = start;
        let alone = index == 0
            || !bytes
                .get(index - 1)
                .is_some_and(|b| b.is_ascii_alphanumeric() || *b == b'.' || *b == b',' || *b >= 0x80);
        if !alone {
            index += 1;
            continue;
        }
        let (mut digits, mut breaks, mut end) = (0, 0, index);
        let mut gap = 0;
        while let Some(&b) = bytes.get(index) {
            if b.is_ascii_digit() {
                digits += 1;
                gap = 0;
                end = index + 1;
            } else if matches!(b, b' ' | b'-' | b'.' | b'/' | b'(' | b')' | b'+') && gap < 2 {
                breaks += usize::from(gap == 0);
                gap += 1;
            } else {
                break;
            }
            index += 1;
        }
        let span = bytes.get(start..end).unwrap_or(&[]);
        let plus = span.first() == Some(&b'+')
            || span.starts_with(b"00")
            || span.first() == Some(&b'(')
            || span.first() == Some(&b'0');
        let glued = bytes.get(end).is_some_and(u8::is_ascii_alphabetic);
        let dateish = span.iter().filter(|b| **b == b'-' || **b == b'/' || **b == b'.').count() >= 2 && digits == 8;
        let grouped = breaks >= 2 && digits >= 10;
        if (8..=15).contains(&digits) && (plus || grouped) && !glued && !dateish {
            list.push(Contact { start, end, kind: Kind::Phone });
        }
        index = index.max(start + 1);
    }
}
