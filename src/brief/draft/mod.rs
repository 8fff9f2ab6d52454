//! The embedded generator: a brief from the words of a request, by rules and two small models.
//!
//! Its own room because it is one of several generators; a language model is another. Each section
//! of the brief has a file; all of them read the same [`facts`].
//! INVARIANT: the same input gives the same content, in time linear in the text; no part of the
//! request's own wording reaches a next action, whatever the request says.

mod actions;
#[cfg(test)]
mod agree;
mod facts;
#[cfg(test)]
mod fields;
mod grave;
mod guidance;
mod kind;
mod labour;
mod missing;
mod pricing;
mod priority;
mod quantity;
mod risk;
mod roadmap;
mod status;
mod summary;
#[cfg(test)]
mod sums;
#[cfg(test)]
mod tests;

use super::check;
use super::content::{Content, Score};
use super::lexicon::RequestKind;
use facts::Facts;

/// What the embedded generator is given.
#[derive(Clone, Copy, Debug)]
pub struct DraftInput<'a> {
    /// The normalised request text; quotes are byte offsets into it.
    pub text: &'a str,
    /// Subject line or title, when there is one.
    pub subject: Option<&'a str>,
    /// Who sent it, as received: `Name <address>`, a name, or an address.
    pub sender: Option<&'a str>,
    /// The sender's organisation, when intake knows it.
    pub organisation: Option<&'a str>,
    /// Language of the text, ISO 639-1, or `und`.
    pub language: &'a str,
    /// When the request arrived; relative dates are worked out from it.
    pub received_at: jiff::Timestamp,
    /// The pilot's time zone.
    pub time_zone: &'a jiff::tz::TimeZone,
    /// Names of the attachments.
    pub attachments: &'a [&'a str],
    /// The reviewer's words, when this is a further attempt.
    pub guidance: &'a [&'a str],
    /// Who owns next actions unless somebody else is named.
    pub owner: &'a str,
}

/// Drafts a brief's content. Deterministic, no I/O, never panics.
#[must_use]
pub fn draft(input: &DraftInput<'_>) -> Content {
    let today = input.received_at.to_zoned(input.time_zone.clone()).date();
    let mut facts = Facts::read(input.text, input.subject, input.attachments.len(), today);
    let wish = guidance::read(input.guidance);
    let readable = is_readable(input);
    if !readable {
        facts.forget_meaning();
    }
    let risk = risk::assess(&facts, input);
    let priority = priority::assess(&facts, input, &risk, today);
    let missing = missing::find(&facts, input, &wish, readable);
    let pricing = pricing::rationale(&facts);
    let status = status::recommend(&facts, input, &priority, &risk, &missing, &wish, readable);
    // What is open stays in the reason for the status, also where the reviewer wants nothing asked.
    let asked = if wish.drop_questions { Vec::new() } else { missing };
    let priced = pricing.is_some() && !wish.drop_pricing;
    let mut content = Content {
        workflow_summary: summary::write(&facts, input, &wish, readable),
        next_actions: actions::plan(&facts, input, &risk, &asked, &wish, readable, priced),
        implementation_roadmap: roadmap::plan(&facts, &asked, readable),
        priority,
        risk,
        recommended_status: status,
        missing_information: asked,
        pricing_rationale: pricing,
        unverified: Vec::new(),
    };
    guidance::trim(&mut content, &wish);
    let known = known(input);
    content.unverified = if facts.cut {
        check::check_with(&content, input.text, &known)
    } else {
        let request = check::Reading { text: input.text, tokens: &facts.tokens, dates: &facts.dates };
        check::check_read(&content, &request, &known)
    };
    content
}

/// The priority score alone, as [`draft`] would give it.
#[must_use]
pub fn priority_score(input: &DraftInput<'_>) -> Score {
    let today = input.received_at.to_zoned(input.time_zone.clone()).date();
    let mut facts = Facts::read(input.text, input.subject, input.attachments.len(), today);
    if !is_readable(input) {
        facts.forget_meaning();
    }
    let risk = risk::assess(&facts, input);
    priority::assess(&facts, input, &risk, today).score
}

/// The score with the model's log-odds handed in: how a model that has not seen the case would do.
#[cfg(test)]
pub(crate) fn priority_score_with(input: &DraftInput<'_>, odds: f32) -> Score {
    let today = input.received_at.to_zoned(input.time_zone.clone()).date();
    let facts = Facts::read(input.text, input.subject, input.attachments.len(), today);
    let risk = risk::assess(&facts, input);
    priority::assess_with(&facts, input, &risk, today, &grave::Gravity::with(odds)).score
}

/// Whether the built-in words are in the language of the text.
fn is_readable(input: &DraftInput<'_>) -> bool {
    matches!(input.language, "en" | "und")
}

/// The kind of request the generator takes a text for.
#[must_use]
pub fn request_kind(text: &str, subject: Option<&str>) -> RequestKind {
    Facts::read(text, subject, 0, jiff::civil::Date::ZERO).kind
}

/// What the checker may take as known besides the text: envelope and reviewer's words.
fn known<'a>(input: &DraftInput<'a>) -> Vec<&'a str> {
    let mut known: Vec<&str> = input.guidance.to_vec();
    known.extend([input.subject, input.sender, input.organisation].into_iter().flatten());
    known.push(input.owner);
    known.extend(input.attachments);
    known
}

/// Joins names as a sentence does: "a", "a and b", "a, b and c".
fn join(list: &[&str]) -> String {
    match list {
        [] => String::new(),
        [one] => (*one).into(),
        [head @ .., last] => format!("{} and {last}", head.join(", ")),
    }
}

/// A piece of the request between quotation marks, shortened at a word to about `limit` bytes,
/// line breaks turned into spaces.
fn cite(words: &str, limit: usize) -> String {
    let mut out = String::with_capacity(words.len().min(limit) + 8);
    out.push('“');
    let mut first = true;
    // Marks of quoted mail lines are not the writer's words; within a line, `>` is.
    let lines = words.lines().map(|line| line.trim_start_matches(|c: char| c == '>' || c.is_whitespace()));
    for word in lines.flat_map(str::split_whitespace) {
        if out.len() + word.len() > limit + 4 {
            if first {
                let mut end = limit.min(word.len());
                while !word.is_char_boundary(end) {
                    end -= 1;
                }
                out.push_str(word.get(..end).unwrap_or(""));
            }
            out.push('…');
            break;
        }
        if !first {
            out.push(' ');
        }
        out.push_str(word);
        first = false;
    }
    out.push('”');
    out
}

/// A day as people read it: `Fri 27 Nov 2026`.
fn day(date: jiff::civil::Date) -> String {
    const DAYS: [&str; 7] = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];
    const MONTHS: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    let weekday = DAYS.get(date.weekday().to_monday_zero_offset() as usize).unwrap_or(&"");
    let month = MONTHS.get((date.month() - 1) as usize).unwrap_or(&"");
    format!("{weekday} {} {month} {}", date.day(), date.year())
}
