//! Text for a terminal: cleaning, measuring, cutting, times and sizes. Own file because whatever comes from a request passes through
//! here before a terminal sees it. INVARIANT: no control character and nothing invisible from outside reaches a terminal.

pub(crate) use crate::timeline::grouped;

use jiff::Timestamp;
use unicode_width::{UnicodeWidthChar as _, UnicodeWidthStr as _};

/// Whether a character changes what a terminal shows without showing itself.
fn is_hidden(c: char) -> bool {
    matches!(c, '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{e0000}'..='\u{e007f}')
}

/// The text on one line: runs of white space and control characters become one space.
pub(crate) fn one_line(text: &str) -> String {
    let mut line = String::with_capacity(text.len());
    let mut gap = false;
    for c in text.chars() {
        if c.is_whitespace() || c.is_control() {
            gap = !line.is_empty();
        } else if !is_hidden(c) {
            if gap {
                line.push(' ');
                gap = false;
            }
            line.push(c);
        }
    }
    line
}

/// The text with its lines kept and everything else that is not visible removed.
pub(crate) fn lines(text: &str) -> String {
    text.chars()
        .filter_map(|c| match c {
            '\n' => Some('\n'),
            '\t' => Some(' '),
            c if c.is_control() || is_hidden(c) => None,
            c => Some(c),
        })
        .collect()
}

/// Columns that a text takes.
pub(crate) fn width(text: &str) -> usize {
    text.width()
}

/// The text in at most `columns` columns, with `…` where something was cut.
pub(crate) fn cut(text: &str, columns: usize) -> String {
    if width(text) <= columns {
        return text.to_owned();
    }
    let mut kept = String::new();
    let mut used = 1;
    for c in text.chars() {
        used += c.width().unwrap_or(0);
        if used > columns {
            break;
        }
        kept.push(c);
    }
    if columns > 0 {
        kept.push('…');
    }
    kept
}

/// How long ago, in the largest unit that fits: `42s`, `5m`, `3h`, `12d`.
pub(crate) fn age(then: Timestamp, now: Timestamp) -> String {
    let secs = now.duration_since(then).as_secs().max(0);
    match secs {
        0..60 => format!("{secs}s"),
        60..3600 => format!("{}m", secs / 60),
        3600..86400 => format!("{}h", secs / 3600),
        _ => format!("{}d", secs / 86400),
    }
}

/// A time to the second, UTC.
pub(crate) fn time(at: Timestamp) -> String {
    at.strftime("%Y-%m-%d %H:%M:%SZ").to_string()
}

/// A time to the millisecond, UTC.
pub(crate) fn exact(at: Timestamp) -> String {
    at.strftime("%Y-%m-%d %H:%M:%S%.3fZ").to_string()
}

/// How many of something: `1 request`, `3 requests`.
pub(crate) fn count(many: usize, what: &str) -> String {
    if many == 1 { format!("1 {what}") } else { format!("{many} {what}s") }
}

/// A size for people.
pub(crate) fn bytes(size: u64) -> String {
    match size {
        0..1024 => format!("{size} B"),
        1024..1_048_576 => format!("{:.1} KiB", size as f64 / 1024.0),
        1_048_576..1_073_741_824 => format!("{:.1} MiB", size as f64 / 1_048_576.0),
        _ => format!("{:.1} GiB", size as f64 / 1_073_741_824.0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn control_and_hidden_characters_do_not_get_through() {
        assert_eq!(one_line("a\u{1b}[31mb\r\nc\u{202e}d\t\te"), "a [31mb cd e");
        assert_eq!(lines("a\u{1b}[2J\nb\rc"), "a[2J\nbc");
    }

    #[test]
    fn figures_read_well() {
        let then = Timestamp::UNIX_EPOCH;
        let after = |secs| Timestamp::from_second(secs).unwrap_or(then);
        assert_eq!([59, 60, 7200, 200_000].map(|secs| age(then, after(secs))), ["59s", "1m", "2h", "2d"]);
        assert_eq!(age(after(5), then), "0s");
        assert_eq!([0, 999, 1000, 1_234_567].map(grouped), ["0", "999", "1,000", "1,234,567"]);
        assert_eq!([17, 2048].map(bytes), ["17 B", "2.0 KiB"]);
        assert_eq!((count(1, "row"), count(2, "row")), ("1 row".into(), "2 rows".into()));
    }

    proptest! {
        #[test]
        fn cut_text_fits(text in "\\PC{0,60}", columns in 0usize..40) {
            prop_assert!(width(&cut(&text, columns)) <= columns);
        }

        #[test]
        fn one_line_is_one_line(text in any::<String>()) {
            prop_assert!(!one_line(&text).chars().any(char::is_control));
        }
    }
}
