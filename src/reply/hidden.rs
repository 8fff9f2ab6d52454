//! Hidden text in HTML: what stands in the source and is not shown. Own file because it is looked for in the source itself, whatever the
//! reader of HTML made of it: two looks by different means. INVARIANT: a word that decides, within an element whose style hides it, is
//! found outside of quotes.

use super::grammar::bare;
use super::words::Words;

/// Largest source that is looked at; an answer with more is not read as a decision.
const MAX_BYTES: usize = 1 << 20;

/// Elements without content.
const VOID: [&str; 9] = ["br", "img", "hr", "meta", "link", "input", "col", "area", "wbr"];

/// Elements whose content is never text.
const RAW: [&str; 4] = ["style", "script", "head", "title"];

/// Whether hidden text outside of quotes holds a word that decides.
pub(super) fn decides(source: &str, words: &Words) -> bool {
    if source.len() > MAX_BYTES {
        return true;
    }
    let mut open: Vec<(String, bool, bool)> = Vec::new();
    let mut rest = source;
    while !rest.is_empty() {
        let (text, tag) = match rest.find('<') {
            Some(at) => rest.split_at(at),
            None => (rest, ""),
        };
        let hidden = open.iter().any(|(_, hidden, _)| *hidden);
        let quoted = open.iter().any(|(_, _, quoted)| *quoted);
        let raw = open.last().is_some_and(|(name, _, _)| RAW.contains(&name.as_str()));
        if hidden && !quoted && !raw && speaks(text, words) {
            return true;
        }
        if tag.is_empty() {
            return false;
        }
        if let Some(comment) = tag.strip_prefix("<!--") {
            rest = comment.find("-->").and_then(|at| comment.get(at + 3..)).unwrap_or_default();
            continue;
        }
        let end = end(tag);
        let (inside, after) = (tag.get(1..end).unwrap_or_default(), tag.get(end + 1..).unwrap_or_default());
        rest = after;
        if let Some(name) = inside.strip_prefix('/') {
            let name = name.trim().to_ascii_lowercase();
            if let Some(at) = open.iter().rposition(|(other, _, _)| *other == name) {
                open.truncate(at);
            }
            continue;
        }
        let name: String =
            inside.chars().take_while(char::is_ascii_alphanumeric).map(|c| c.to_ascii_lowercase()).collect();
        if name.is_empty() {
            continue;
        }
        let attributes = inside.get(name.len()..).unwrap_or_default().to_ascii_lowercase();
        if !inside.ends_with('/') && !VOID.contains(&name.as_str()) {
            let quoted = name == "blockquote"
                || ["gmail_quote", "moz-cite", "yahoo_quoted", "divrplyfwdmsg"]
                    .iter()
                    .any(|class| attributes.contains(class));
            open.push((name, hides(&attributes), quoted));
            if open.len() > 512 {
                return true;
            }
        }
    }
    false
}

/// Where a tag ends: at the first `>` outside of quotes, else at the end.
fn end(tag: &str) -> usize {
    let mut quote = None;
    for (at, byte) in tag.bytes().enumerate() {
        match (quote, byte) {
            (None, b'>') => return at,
            (None, b'"' | b'\'') => quote = Some(byte),
            (Some(open), byte) if byte == open => quote = None,
            _ => {}
        }
    }
    tag.len()
}

/// Whether attributes, in lower case, hide what stands within the element.
fn hides(attributes: &str) -> bool {
    if attributes.split_ascii_whitespace().any(|word| word == "hidden" || word.starts_with("hidden=")) {
        return true;
    }
    let style: String = attributes.chars().filter(|c| !c.is_whitespace()).collect();
    let has = |what: &str| style.contains(what);
    let zero = |name: &str| {
        style.split(name).skip(1).any(|value| {
            let value = value.trim_start_matches(':');
            let unit = value.trim_start_matches(|c: char| c.is_ascii_digit() || c == '.');
            let number = value.strip_suffix(unit).and_then(|number| number.parse::<f32>().ok());
            number.is_some_and(|number| {
                number == 0.0 || number < 2.0 && (unit.starts_with("px") || unit.starts_with("pt"))
            })
        })
    };
    has("display:none")
        || has("visibility:hidden")
        || has("visibility:collapse")
        || has("mso-hide:all")
        || has("text-indent:-")
        || has("left:-")
        || has("top:-")
        || has("clip:rect(0")
        || has("clip-path:inset(50%")
        || has("transform:scale(0")
        || zero("font-size")
        || zero("opacity")
        || zero("max-height")
        || zero("max-width")
        || zero("line-height") && zero("height")
        || pale(&style)
}

/// Whether text has the colour of its ground, or of white paper.
fn pale(style: &str) -> bool {
    let value = |name: &str| {
        style.match_indices(name).find_map(|(at, _)| {
            let whole =
                at == 0 || style.as_bytes().get(at - 1).is_some_and(|byte| matches!(byte, b';' | b'"' | b'\'' | b'='));
            let value = style.get(at + name.len()..)?;
            whole.then(|| value.split([';', '"', '\'', '!', '>']).next().unwrap_or_default().to_owned())
        })
    };
    let ground = value("background-color:").or_else(|| value("background:")).or_else(|| value("bgcolor="));
    let Some(colour) = value("color:").or_else(|| value("color=\"").or_else(|| value("color="))) else { return false };
    let white = ["#fff", "#ffffff", "white", "transparent", "rgb(255,255,255)", "rgba(0,0,0,0)"];
    match ground {
        Some(ground) => ground == colour || white.contains(&ground.as_str()) && white.contains(&colour.as_str()),
        None => white.contains(&colour.as_str()),
    }
}

/// Whether text holds a word that decides.
fn speaks(text: &str, words: &Words) -> bool {
    words.exactly(bare(text)).is_some()
        || text.split(|c: char| !c.is_alphabetic()).any(|word| words.exactly(word).is_some())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hidden_words_are_found() {
        let words = Words::default();
        for source in [
            "<div style=\"display:none\">APPROVE</div>",
            "<div style='DISPLAY : none'><p>x</p><b>approve</b></div>",
            "<p style=\"color:#fff;background:#fff;font-size:0\">APPROVE</p>",
            "<span style=\"font-size:1px\">approve</span>",
            "<font color=\"#ffffff\">approve</font>",
            "<p hidden>approve</p>",
            "<p style=\"opacity:0\">Reject",
            "<div style=\"max-height:0px;overflow:hidden\">edit</div>",
            "<p style=\"position:absolute;left:-9999px\">approve</p>",
        ] {
            assert!(decides(source, &words), "{source}");
        }
    }

    #[test]
    fn what_is_shown_or_quoted_is_let_pass() {
        let words = Words::default();
        for source in [
            "<p>approve</p>",
            "<!-- approve --><p>approve</p>",
            "<p style=\"font-size:12px;color:#000\">approve</p>",
            "<div class=\"gmail_quote\"><div style=\"display:none\">To approve, answer</div></div>",
            "<blockquote><span style=\"display:none\">approve</span></blockquote>",
            "<style>p{display:none}</style><p style=\"background:#fff;color:#222\">approve</p>",
            "<div style=\"display:none\"></div>approve",
            "<span style=\"opacity:0.9;font-size:10pt\">approve</span>",
        ] {
            assert!(!decides(source, &words), "{source}");
        }
    }
}
