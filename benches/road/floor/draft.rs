//! The floor's drafting: a small brief by simple rules. Pure; the body was checked at the door.
//!
//! INVARIANT: the revision is the digest of exactly the text that is stored, so that a decision names what was read.

use ring::digest;
use serde::Deserialize;
use serde_json::json;
use std::borrow::Cow;
use std::fmt::Write as _;

/// The fields of a form that the rules look at; others are kept in the stored body.
#[derive(Deserialize)]
struct Form<'a> {
    #[serde(borrow)]
    name: Cow<'a, str>,
    #[serde(borrow)]
    subject: Cow<'a, str>,
    #[serde(borrow)]
    message: Cow<'a, str>,
}

/// A drafted brief.
#[derive(Debug)]
pub(super) struct Brief {
    /// Of the request it was made from.
    pub(super) request: i64,
    /// SHA-256 of `content`, in hex.
    pub(super) revision: String,
    /// 0 to 100.
    pub(super) score: i64,
    /// JSON, as it is shown to the reviewer.
    pub(super) content: String,
}

/// Whether the body is a form that can be drafted from.
pub(super) fn check(body: &[u8]) -> Result<(), serde_json::Error> {
    serde_json::from_slice::<Form<'_>>(body).map(drop)
}

/// Drafts from a body that [`check`] has let through.
pub(super) fn draft(request: i64, body: &[u8]) -> Result<Brief, serde_json::Error> {
    let form: Form<'_> = serde_json::from_slice(body)?;
    let text = format!("{}\n{}", form.subject, form.message).to_lowercase();
    let found: Vec<&str> = WEIGHTS.iter().filter(|(word, _)| text.contains(word)).map(|(word, _)| *word).collect();
    let score = WEIGHTS.iter().filter(|(word, _)| text.contains(word)).map(|(_, weight)| weight).sum::<i64>().min(100);
    let opening: Vec<&str> = form.message.lines().filter(|line| !line.trim().is_empty()).take(3).collect();
    let content = json!({
        "from": form.name,
        "summary": form.subject,
        "opening": opening,
        "priority": { "score": score, "because": found },
        "next": if score >= 40 { "answer today" } else { "answer this week" },
    })
    .to_string();
    let hash = digest::digest(&digest::SHA256, content.as_bytes());
    let revision = hash.as_ref().iter().fold(String::with_capacity(64), |mut hex, byte| {
        // Writing to a string does not fail.
        let _ = write!(hex, "{byte:02x}");
        hex
    });
    Ok(Brief { request, revision, score, content })
}

const WEIGHTS: [(&str, i64); 10] = [
    ("urgent", 40),
    ("down", 25),
    ("error", 15),
    ("right away", 20),
    ("today", 10),
    ("invoice", 15),
    ("cancel", 20),
    ("budget", 10),
    ("quote", 10),
    ("notfall", 20),
];
