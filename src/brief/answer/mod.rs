//! From what a model said to the content of a brief, or to a list of what is wrong with it.
//!
//! Its own room because a model's answer is text from a stranger: it may obey the request, invent, or be no answer at all. Pure.
//! INVARIANT: what comes out has the shape of a brief and is within its limits; every statement that needs a quote has one that stands
//! in the request; no address that the request does not hold is in it, nothing in it renders; owner and approval are ours; instructions
//! that screening found are shown whatever the answer says. What the request does not bear out besides stands under `unverified`.

mod echo;
mod find;
mod ground;
mod held;
mod inert;
mod near;
mod node;
mod settle;
mod shape;
#[cfg(test)]
mod tests;

use super::content::Content;
use super::seen::Seen;
use opspilot_sdk::json::Fault;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::ops::Range;

/// What an answer is held against.
#[derive(Clone, Copy, Debug)]
pub struct AnswerInput<'a> {
    /// The request text that quotes are offsets into.
    pub text: &'a str,
    /// What the model saw of it.
    pub seen: &'a Seen,
    /// Words known from elsewhere: subject, sender, organisation, names of attachments, the reviewer's words.
    pub known: &'a [&'a str],
    /// Where screening found text addressed to a program, as byte offsets into the request text.
    pub instructions: &'a [Range<usize>],
    /// Who owns next actions.
    pub owner: &'a str,
}

/// Something that was changed or taken out of an answer to make a brief of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Correction {
    /// Where in the answer.
    pub path: String,
    /// What was done, without the words it was done to.
    pub what: String,
}

impl Correction {
    fn new(path: &str, what: impl Into<String>) -> Self {
        Self { path: path.to_owned(), what: what.into() }
    }
}

/// A reason to refuse an answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wrong {
    /// Stable code: `OP-7210` no single whole object, `OP-7211` another shape, `OP-7212` nothing that the request bears out.
    pub code: &'static str,
    /// Where in the answer; empty for the whole.
    pub path: String,
    /// What is wrong.
    pub problem: String,
}

impl Wrong {
    fn form(path: &str, problem: String) -> Self {
        Self { code: "OP-7210", path: path.to_owned(), problem }
    }

    fn shape(path: &str, problem: String) -> Self {
        Self { code: "OP-7211", path: path.to_owned(), problem }
    }

    fn bare(path: &str, problem: &str) -> Self {
        Self { code: "OP-7212", path: path.to_owned(), problem: problem.to_owned() }
    }

    /// The problem in words for the model.
    #[must_use]
    pub fn for_model(&self) -> String {
        if self.path.is_empty() { self.problem.clone() } else { format!("`{}` {}", self.path, self.problem) }
    }
}

impl fmt::Display for Wrong {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", self.for_model(), self.code)
    }
}

/// How many of the statements shown rest on words of the request.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Grounded {
    /// Statements whose quotes all stand in the request.
    pub quoted: u32,
    /// Statements with quotes.
    pub needing: u32,
    /// Statements without: about what the request does not say. An answer of a model has none.
    pub absent: u32,
}

/// An answer that became a brief.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Accepted {
    /// The brief.
    pub content: Content,
    /// What was corrected or taken out.
    pub corrections: Vec<Correction>,
    /// Sections in which nothing stands, by name.
    pub missing: Vec<&'static str>,
}

/// Reads `answer`, a model's text.
///
/// # Errors
/// Everything that is wrong with it, when it cannot become a brief: `OP-7210`, `OP-7211`, `OP-7212`.
pub fn read(answer: &str, input: &AnswerInput<'_>) -> Result<Accepted, Vec<Wrong>> {
    let object = find::object(answer).map_err(|wrong| vec![wrong])?;
    let tree = node::Node::read(object).map_err(|error| {
        // The reader's words name places, and keys that are shortened; nothing longer of the answer.
        vec![Wrong::form("", format!("the JSON cannot be read: {}", short_line(&Fault::of(&error).to_string())))]
    })?;
    let mut corrections = Vec::new();
    let shape = shape::read(tree, &mut corrections)?;
    settle::content(shape, input, corrections)
}

/// Counts the statements of a content that rest on words of `text`: summary, reasons, risk factors, price.
#[must_use]
pub fn grounded(content: &Content, text: &str) -> Grounded {
    let factors = content.risk.factors.iter().map(|factor| &factor.quotes);
    let reasons = content.priority.reasons.iter().map(|reason| &reason.quotes);
    let pricing = content.pricing_rationale.iter().map(|pricing| &pricing.quotes);
    let mut grounded = Grounded::default();
    for quotes in std::iter::once(&content.workflow_summary.quotes).chain(reasons).chain(factors).chain(pricing) {
        if quotes.is_empty() {
            grounded.absent += 1;
        } else {
            grounded.needing += 1;
            grounded.quoted += u32::from(quotes.iter().all(|quote| quote.of(text).is_some()));
        }
    }
    grounded
}

/// A word of the answer, short enough to be named in a problem.
fn short(word: &str) -> String {
    super::render::plain(word).chars().filter(|c| *c != '`').take(40).collect()
}

fn short_line(words: &str) -> String {
    super::render::plain(words).chars().take(200).collect()
}
