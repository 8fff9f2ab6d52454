//! Bounds on what a policy text may nest, checked before it is parsed.
//!
//! Its own file because it guards the parser instead of using it: parsing, checking and evaluating recurse
//! along the text, and a text that nests a thousand brackets would take the whole process down with it.
//! INVARIANT: what passes here is parsed and validated within a stack of 2 MiB, also unoptimised. Where the
//! stack does not suffice for evaluating it, the evaluator says so, and that is a no.

/// Deepest nesting of brackets.
const MAX_DEPTH: usize = 32;
/// Most operators, dots and conditionals in one policy; a conditional counts as [`IF_WEIGHT`].
const MAX_LINKS: usize = 240;
/// What one `if` counts for: it nests deeper than an operator.
const IF_WEIGHT: usize = 8;

/// Where and why `text` goes beyond the bounds: byte offset, message, remedy.
pub(super) fn exceeded(text: &str) -> Option<(usize, String, &'static str)> {
    let mut depth = 0_usize;
    let mut links = 0_usize;
    let mut rest = text.char_indices().peekable();
    let mut word = String::new();
    while let Some((offset, letter)) = rest.next() {
        if letter.is_alphanumeric() || letter == '_' {
            word.push(letter);
            let ends = rest.peek().is_none_or(|(_, next)| !next.is_alphanumeric() && *next != '_');
            if ends {
                links += if word == "if" { IF_WEIGHT } else { 0 };
                word.clear();
            }
        }
        if letter == '"' && !skip_string(&mut rest) {
            let message = "the text that begins here is never closed".to_owned();
            return Some((offset, message, "close it with a quotation mark"));
        }
        match letter {
            // A lone carriage return ends a comment for the parser, so it must here.
            '/' if rest.peek().is_some_and(|(_, next)| *next == '/') => {
                while rest.next_if(|(_, next)| *next != '\n' && *next != '\r').is_some() {}
            }
            '(' | '[' | '{' => depth += 1,
            ')' | ']' | '}' => depth = depth.saturating_sub(1),
            '.' | '+' | '-' | '*' | '!' | '&' | '|' | '<' | '>' | '=' | '%' | '/' => links += 1,
            // Brackets stay counted, since an unfinished policy may go on after it.
            ';' => links = 0,
            _ => {}
        }
        if depth > MAX_DEPTH {
            let message = format!("brackets are nested more than {MAX_DEPTH} deep");
            return Some((offset, message, "write the condition flatter, or as several policies"));
        }
        if links > MAX_LINKS {
            let message = "the policy holds too many operators, dots or conditionals to be safe".to_owned();
            return Some((offset, message, "split it into several policies, or test against a set: `in [...]`"));
        }
    }
    None
}

/// Skips to after the closing quotation mark; false when there is none.
fn skip_string(rest: &mut impl Iterator<Item = (usize, char)>) -> bool {
    while let Some((_, letter)) = rest.next() {
        match letter {
            '"' => return true,
            '\\' => {
                rest.next();
            }
            _ => {}
        }
    }
    false
}
