//! Plain text on its way into a far side that reads markup, and back. Own file because every vendor that takes HTML must be given the same
//! nothing: text that stays text. INVARIANT: whatever stands in a text, [`html`] makes no tag, no attribute and no entity of it, and
//! [`folded`] of what comes back equals [`folded`] of what was given.

/// What the mark in a note begins with: `OpsPilot` and the action's key, on a line of its own.
const MARK: &str = "OpsPilot";
/// Most characters of the far side's name for something.
const MOST_NAME: usize = 200;
/// Most characters of the far side's own words that are kept.
const MOST_WORDS: usize = 300;

/// Lines end with `\n`, control characters are spaces, and no white space stands at the end.
#[must_use]
pub fn clean(text: &str) -> String {
    let lines = text.replace("\r\n", "\n").replace(['\r', '\u{2028}', '\u{2029}', '\u{85}'], "\n");
    let visible: String =
        lines.chars().map(|c| if c.is_control() && c != '\n' && c != '\t' { ' ' } else { c }).collect();
    visible.trim_end().to_owned()
}

/// One line of at most `most` characters; what is cut ends with `…`.
#[must_use]
pub fn line(text: &str, most: usize) -> String {
    let line = folded(&clean(text));
    if line.chars().count() <= most {
        return line;
    }
    let mut cut: String = line.chars().take(most.saturating_sub(1)).collect();
    cut.truncate(cut.trim_end().len());
    cut.push('…');
    cut
}

/// Every run of white space is one space: what two texts have in common when a far side sets lines anew.
#[must_use]
pub fn folded(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Words of the far side: visible, on one line, short, and without the period that none of our messages ends with.
#[must_use]
pub fn said_shortly(text: &str) -> String {
    let visible = text.chars().map(|c| if c.is_control() { ' ' } else { c });
    let said = visible.take(MOST_WORDS).collect::<String>();
    folded(&said).trim_end_matches('.').to_owned()
}

/// Whether a text can be the far side's name for something: 1 to 200 characters, every one of which a person sees. It stands in tables, receipts
/// and messages.
#[must_use]
pub fn is_name(text: &str) -> bool {
    let is_seen = |c: char| {
        // Control characters, and those that only say how others are shown: Unicode's general category Cf, as far as it is in use.
        let shapes = matches!(c, '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e0fff}');
        !c.is_control() && !shapes
    };
    text.chars().count() <= MOST_NAME && text.chars().all(is_seen) && !text.trim().is_empty()
}

/// Parts the braces that begin a placeholder (`{{`, `{%`) by an invisible character (U+2060), for a far side that fills in placeholders
/// wherever they stand.
#[must_use]
pub fn defused(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut before = ' ';
    for c in text.chars() {
        if before == '{' && matches!(c, '{' | '%') {
            out.push('\u{2060}');
        }
        out.push(c);
        before = c;
    }
    out
}

/// A text, cleaned, with the mark of an action under it, so that it can be found again.
#[must_use]
pub fn marked(text: &str, key: &str) -> String {
    let text = clean(text);
    let parting = if text.is_empty() { "" } else { "\n\n" };
    format!("{text}{parting}{MARK} {key}")
}

/// Whether the mark of an action stands in a text, as the last words of it. A person who quotes a note ends with words of their own; whoever
/// finds two takes the older.
#[must_use]
pub fn is_marked(text: &str, key: &str) -> bool {
    let mut words = text.split_whitespace().rev();
    words.next() == Some(key) && words.next() == Some(MARK)
}

/// Whether the mark of another action than this stands there: what bears it was made by us, and is not this.
#[must_use]
pub fn is_marked_otherwise(text: &str, key: &str) -> bool {
    let mut words = text.split_whitespace().rev();
    words.next().is_some_and(|last| last != key) && words.next() == Some(MARK)
}

/// The text as HTML that shows exactly it.
#[must_use]
pub fn html(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + text.len() / 8);
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            '\n' => out.push_str("<br>"),
            _ => out.push(c),
        }
    }
    out
}

/// The text that HTML shows, line ends where its blocks end. For what a far side gives back of [`html`], which it may have put into blocks of
/// its own; not a reader of pages.
#[must_use]
pub fn text_of_html(html: &str) -> String {
    let mut out = String::with_capacity(html.len());
    let mut rest = html;
    while let Some(at) = rest.find(['<', '&']) {
        let (before, from) = rest.split_at(at);
        out.push_str(before);
        if let Some(tag) = from.strip_prefix('<') {
            let Some((inside, after)) = tag.split_once('>') else {
                out.push_str(from);
                return out;
            };
            let name = inside.trim_start_matches('/').split([' ', '/', '\n', '\t']).next().unwrap_or_default();
            if ["br", "p", "div", "li", "tr", "h1", "h2", "h3", "blockquote", "pre"]
                .iter()
                .any(|block| name.eq_ignore_ascii_case(block))
            {
                out.push('\n');
            }
            rest = after;
        } else {
            let (c, length) = entity(from).unwrap_or(('&', 1));
            out.push(c);
            rest = from.get(length..).unwrap_or_default();
        }
    }
    out.push_str(rest);
    out
}

/// The character that an entity at the beginning of a text stands for, and how long the entity is.
fn entity(text: &str) -> Option<(char, usize)> {
    let end = text.bytes().take(12).position(|byte| byte == b';')?;
    let name = text.get(1..end)?;
    let c = match name {
        "amp" => '&',
        "lt" => '<',
        "gt" => '>',
        "quot" => '"',
        "apos" => '\'',
        "nbsp" => ' ',
        _ => {
            let number = name.strip_prefix('#')?;
            let code = match number.strip_prefix(['x', 'X']) {
                Some(hex) => u32::from_str_radix(hex, 16).ok()?,
                None => number.parse().ok()?,
            };
            char::from_u32(code)?
        }
    };
    Some((c, end + 1))
}

#[cfg(test)]
mod tests {
    use super::{clean, defused, folded, html, is_marked, is_marked_otherwise, is_name, line, marked, text_of_html};
    use proptest::prelude::*;

    #[test]
    fn one_line_is_one_line() {
        assert_eq!(line(" a\r\nb\tc \u{0} d ", 20), "a b c d");
        assert_eq!(line("abcdef", 6), "abcdef");
        assert_eq!(line("abcd fgh", 6), "abcd…");
        assert_eq!(clean("a\r\nb\u{7}\r\n\r\n"), "a\nb");
    }

    #[test]
    fn a_name_is_short_and_seen() {
        let long = "é".repeat(200);
        for name in ["17", "a b", "note/4711", "名前", long.as_str()] {
            assert!(is_name(name), "{name}");
        }
        let longer = "x".repeat(201);
        for none in ["", "  ", "a\nb", "a\0", "\u{1b}[31m", "a\u{202e}b", "a\u{200b}b", "\u{e0041}", longer.as_str()] {
            assert!(!is_name(none), "{none:?}");
        }
    }

    #[test]
    fn a_mark_stands_last_and_alone() {
        let text = marked("Asks for a boiler.\n", "b-7");
        assert_eq!(text, "Asks for a boiler.\n\nOpsPilot b-7");
        assert_eq!(marked("", "b-7"), "OpsPilot b-7");
        let others = ["b-8", "b-7", "b-70"].map(|key| is_marked_otherwise(&text, key));
        assert_eq!((others, is_marked_otherwise("call b-7", "b-8")), ([true, false, true], false));
        assert!(is_marked(&text, "b-7") && is_marked(&folded(&text), "b-7"));
        for other in
            [format!("{text}0"), format!("> {text}\nno, call them"), "OpsPilot b-70".to_owned(), "b-7".to_owned()]
        {
            assert!(!is_marked(&other, "b-7"), "{other}");
        }
    }

    #[test]
    fn what_a_vendor_puts_around_it_does_not_count() {
        let back = "<div class=\"zd-comment\" dir=\"auto\">1 &lt; 2 &amp; 3<br>see <a href=\"https://x.example/?a=1&amp;b\">https://x.example/?a=1&amp;b</a></div>";
        assert_eq!(folded(&text_of_html(back)), "1 < 2 & 3 see https://x.example/?a=1&b");
        assert_eq!(text_of_html("a &unknown; b & c <i"), "a &unknown; b & c <i");
        assert_eq!(text_of_html("&#x7B;&#123;&nbsp;&#xFFFFFFFF;"), "{{ &#xFFFFFFFF;");
    }

    #[test]
    fn placeholders_are_parted() {
        assert_eq!(defused("{{a}} {%b%} {{{"), "{\u{2060}{a}} {\u{2060}%b%} {\u{2060}{\u{2060}{");
    }

    proptest! {
        #[test]
        fn text_stays_text(text in "(\\PC|[<>&\"'{}%\n\t])*") {
            let sent = html(&text);
            prop_assert!(!sent.replace("<br>", "").contains(['<', '>', '"', '\'']));
            prop_assert_eq!(folded(&text_of_html(&sent)), folded(&text));
            let opens = ["{{", "{%"].iter().any(|open| defused(&text).contains(open));
            prop_assert!(!opens);
        }
    }
}
