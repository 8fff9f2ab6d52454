//! How to answer, in the words in force. Own file because every letter that asks for a decision ends with it.
//! INVARIANT: it says nothing that the grammar of answers would not take.

use super::page::{Block, Page};

/// The words that begin an answer, and what an answer needs besides.
#[derive(Clone, Copy, Debug)]
pub struct How<'a> {
    /// The word that approves.
    pub approve: &'a str,
    /// The word that sends back for small changes.
    pub minor: &'a str,
    /// The word that asks for a new attempt.
    pub major: &'a str,
    /// The word that rejects.
    pub reject: &'a str,
    /// Words that the reason of a rejection may open with, to be counted.
    pub reasons: &'a [&'a str],
    /// The word before changed fields.
    pub edit: &'a str,
    /// Whether this person may decide by answering at all.
    pub by_mail: bool,
    /// A page that asks who one is, then shows the brief; it never decides by being opened.
    pub page: Option<&'a str>,
}

impl How<'_> {
    /// English words, answers taken, no page.
    pub const ENGLISH: Self = Self {
        approve: "approve",
        minor: "minor",
        major: "major",
        reject: "reject",
        reasons: &["spam", "out_of_scope", "other"],
        edit: "edit",
        by_mail: true,
        page: None,
    };

    pub(super) fn write(&self, page: &mut Page) {
        page.heading("How to decide");
        if self.by_mail {
            page.paragraph("Answer this mail from your own address. The first line of your answer decides, and must be one of these:");
            let line = |code: String, meaning: &str| (code, meaning.to_owned());
            page.add(Block::Code(vec![
                line(self.approve.to_owned(), "alone on the line: exactly this brief may be acted upon"),
                line(format!("{}: what to change", self.minor), "small changes, made by hand"),
                line(
                    format!("{}: what the next attempt must heed", self.major),
                    "a new attempt is made and comes to you",
                ),
                (
                    format!("{}: why", self.reject),
                    format!("nothing will come of it; it is counted where it opens with: {}", self.reasons.join(", ")),
                ),
                line(
                    format!("{}\npriority.score: 80", self.edit),
                    "changed fields, one a line; you get the changed brief",
                ),
            ]));
            page.paragraph("Anything else decides nothing, and neither does silence: you are asked what you meant.");
        } else {
            page.paragraph(
                "Answers by mail are switched off for you: decide on the command line or on the page of the brief.",
            );
        }
        page.link("Look at it in the browser (you sign in there; opening it decides nothing)", self.page);
    }
}
