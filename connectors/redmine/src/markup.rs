//! Text from outside as Redmine shows it: text. Own file because Redmine reads markup, runs macros and writes to whoever is mentioned in
//! whatever it is given. Seen in Redmine 5.0: within a preformatted block nothing of that happens, so that a text must only be kept from
//! ending its block. INVARIANT: what stands in a text cannot end the block that [`block`] puts it into.

use crate::options::Format;
use opspilot_sdk::plain;

/// The text, marked with the key, as a block in which nothing is markup.
pub(crate) fn block(format: Format, text: &str, key: &str) -> String {
    let text = parted(format, &plain::marked(text, key));
    match format {
        Format::Textile => format!("<pre>\n{text}\n</pre>"),
        Format::Markdown => format!("~~~\n{text}\n~~~"),
        Format::Plain => text,
    }
}

/// Whether a text that came back is a block marked with the key.
pub(crate) fn is_marked(text: &str, key: &str) -> bool {
    plain::is_marked(inside(text), key)
}

/// Whether it is marked with another key.
pub(crate) fn is_marked_otherwise(text: &str, key: &str) -> bool {
    plain::is_marked_otherwise(inside(text), key)
}

fn inside(block: &str) -> &str {
    let block = block.trim_end();
    ["</pre>", "~~~"].iter().find_map(|end| block.strip_suffix(end)).unwrap_or(block)
}

/// Line ends as they were sent: Redmine makes those of a description CR LF.
pub(crate) fn unfolded(text: &str) -> String {
    text.replace("\r\n", "\n")
}

/// The text with a space in what would end its block, run a macro or mention somebody.
fn parted(format: Format, text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let (mut before, mut run) = (' ', 0);
    let mut rest = text.chars().peekable();
    while let Some(c) = rest.next() {
        out.push(c);
        let next = rest.peek().copied().unwrap_or(' ');
        run = if c == before { run + 1 } else { 1 };
        let parts = match c {
            // Macros: found before anything else, in any format.
            '{' => next == '{',
            '<' => format == Format::Textile && (next.is_alphabetic() || matches!(next, '/' | '!')),
            '~' | '`' => format == Format::Markdown && run % 2 == 0 && next == c,
            '@' => format == Format::Plain && !(before.is_alphanumeric() || before == '_') && !next.is_whitespace(),
            _ => false,
        };
        if parts {
            out.push(' ');
            run = 0;
        }
        before = c;
    }
    out
}

#[cfg(test)]
mod tests {
    use super::{block, is_marked};
    use crate::options::Format;
    use opspilot_sdk::plain;
    use proptest::prelude::*;

    const ALL: [Format; 3] = [Format::Textile, Format::Markdown, Format::Plain];

    #[test]
    fn a_text_cannot_leave_its_block() {
        let hostile = "a < b </pre>{{include(Secret)}} @admin ```~~~~ <pre> h1. Big mike@example.org";
        assert_eq!(
            block(Format::Textile, hostile, "k-1"),
            "<pre>\na < b < /pre>{ {include(Secret)}} @admin ```~~~~ < pre> h1. Big mike@example.org\n\nOpsPilot k-1\n</pre>"
        );
        assert_eq!(
            block(Format::Markdown, hostile, "k-1"),
            "~~~\na < b </pre>{ {include(Secret)}} @admin `` `~~ ~~ <pre> h1. Big mike@example.org\n\nOpsPilot k-1\n~~~"
        );
        assert_eq!(
            block(Format::Plain, hostile, "k-1"),
            "a < b </pre>{ {include(Secret)}} @ admin ```~~~~ <pre> h1. Big mike@example.org\n\nOpsPilot k-1"
        );
    }

    proptest! {
        #[test]
        fn whatever_stands_in_it(text in "(\\PC|[<>/!~`{@\n ]|</?pre>|</?code>|~~~|```|\\{\\{x\\}\\})*") {
            for format in ALL {
                let whole = block(format, &text, "k-1");
                prop_assert!(is_marked(&whole, "k-1") && !is_marked(&whole, "k-10") && !is_marked(&whole, "1"));
                prop_assert!(!whole.contains("{{"));
                let squeezed = |text: &str| text.split_whitespace().collect::<String>();
                prop_assert!(squeezed(&whole).contains(&squeezed(&plain::clean(&text))), "only spaces were put in");
                match format {
                    Format::Textile => {
                        let inner = whole.strip_prefix("<pre>").and_then(|rest| rest.strip_suffix("</pre>")).unwrap();
                        let lower = inner.to_lowercase();
                        let opens = ["pre", "code", "kbd", "notextile", "redpre"]
                            .iter()
                            .any(|tag| lower.contains(&format!("<{tag}")) || lower.contains(&format!("</{tag}")));
                        prop_assert!(!opens, "{}", inner);
                    }
                    Format::Markdown => {
                        let inner = whole.strip_prefix("~~~").and_then(|rest| rest.strip_suffix("~~~")).unwrap();
                        prop_assert!(!inner.contains("~~~") && !inner.contains("```"), "{}", inner);
                    }
                    Format::Plain => prop_assert!(!whole.contains(" @a")),
                }
            }
        }
    }
}
