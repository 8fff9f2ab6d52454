//! Showing a brief: Markdown, an HTML fragment, a terminal.
//!
//! Its own room because showing must be safe as well as pleasant: whatever a request or a model put
//! into a brief comes out as inert text.
//! INVARIANT: no link, image, tag or control sequence from a brief survives rendering.

mod html;
mod markdown;
mod terminal;
#[cfg(test)]
mod tests;

pub use html::html;
pub use markdown::markdown;
pub use terminal::terminal;

use super::content::Quote;
use super::envelope::{Brief, Generator, Hand};
use super::read::words::is_invisible;

/// The words of the quotes, shortened, without repeats and without those that lie in another one.
fn excerpts<'a>(quotes: &[Quote], text: &'a str, most: usize) -> Vec<&'a str> {
    let mut list: Vec<&str> = Vec::new();
    for quote in quotes {
        let inside =
            quotes.iter().any(|other| other != quote && other.start() <= quote.start() && quote.end() <= other.end());
        if let Some(words) = quote.of(text).map(str::trim)
            && !inside
            && list.len() < most
            && !words.is_empty()
            && !list.contains(&words)
        {
            list.push(words);
        }
    }
    list
}

/// One line of visible characters: control and invisible characters become spaces or nothing.
pub(super) fn plain(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut gap = false;
    for c in text.chars() {
        if c.is_whitespace() || c.is_control() {
            gap = true;
        } else if !is_invisible(c) {
            if gap && !out.is_empty() {
                out.push(' ');
            }
            gap = false;
            out.push(c);
        }
    }
    out
}

/// Who made this revision: `drafted by embedded`, or `edited by Ann (drafted by embedded)`.
fn origin(brief: &Brief) -> String {
    let by_hand = brief.generator.kind == "human";
    match &brief.hand {
        Some(Hand { by, drafted: Some(generator) }) => format!("edited by {} ({})", plain(by), drafted(generator)),
        Some(Hand { by, drafted: None }) => format!("edited by {}", plain(by)),
        None if by_hand => "edited by hand".to_owned(),
        None => drafted(&brief.generator),
    }
}

/// Who drafted, and who was to before: `drafted by openai some-model, after cloud gave none (OP-7311)`.
fn drafted(generator: &Generator) -> String {
    let mut out = format!("drafted by {}", generator.kind);
    if let Some(model) = &generator.model {
        out.push_str(&format!(" {model}"));
    }
    for tried in &generator.fallback {
        out.push_str(&format!(", after {} gave none ({})", tried.generator, tried.code));
    }
    out
}

/// The first letter as a capital.
fn capital(word: &str) -> String {
    let mut chars = word.chars();
    chars.next().map_or(String::new(), |first| first.to_uppercase().chain(chars).collect())
}

/// A status or field as people write it: `needs_info` becomes `needs info`.
fn spoken(word: &str) -> String {
    word.replace('_', " ")
}
