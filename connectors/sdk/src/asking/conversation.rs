//! A question in the form that both usual interfaces take: a list of messages, each with a role. Own file because what a model is told must
//! be the same, whichever of them it is asked through. INVARIANT: nothing but the question's own text and the few words before a schema are
//! in it, which [`Question::most_input`] counts.

use crate::{Question, Speaker};
use serde_json::{Value, json};

/// What stands before a schema that is told in words.
const IN_WORDS: &str = "\n\nAnswer with one JSON object of this JSON Schema and nothing else:\n";

/// The turns, oldest first, as `{"role": …, "content": …}`.
pub fn messages(question: &Question) -> impl Iterator<Item = Value> + '_ {
    question.turns.iter().map(|turn| {
        let role = match turn.speaker {
            Speaker::User => "user",
            Speaker::Model => "assistant",
        };
        json!({ "role": role, "content": turn.text })
    })
}

/// What the model is told to do, with the shape of its answer in words: for a far side that cannot be held to it.
#[must_use]
pub fn in_words(question: &Question) -> String {
    format!("{}{IN_WORDS}{}", question.system, question.schema)
}
