//! What a reviewer is told when an answer decided nothing: plain text, what was understood, and how to decide.
//! Own file because these are words for people, and nothing depends on them. INVARIANT: no text here holds a decision word alone on a line
//! at its start, so that a mail that quotes it decides nothing; none is made for an answer that must not be answered.

use super::grammar::Unclear;
use super::judge::{Decided, Judgement, Reason};
use super::words::{Kind, Words};

/// An answer's text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// What it says in one line.
    pub summary: String,
    /// Paragraphs below it.
    pub paragraphs: Vec<String>,
}

impl Answer {
    /// As plain text.
    #[must_use]
    pub fn text(&self) -> String {
        let parts = std::iter::once(&self.summary).chain(&self.paragraphs);
        let mut text = parts.map(String::as_str).collect::<Vec<_>>().join("\n\n");
        text.push('\n');
        text
    }
}

/// The answer to a judgement; `None` when there is none to give. `brief` is the brief's title as the reviewer knows it.
#[must_use]
pub fn to(judgement: &Judgement<'_>, brief: &str, words: &Words) -> Option<Answer> {
    match judgement {
        Judgement::Decide(_) | Judgement::Silent(_) | Judgement::Refused { answerable: false, .. } => None,
        Judgement::Unclear { why, understood } => Some(unclear(why, *understood, brief, words)),
        Judgement::Late(decided) => Some(late(*decided, brief)),
        Judgement::Refused { reason, answerable: true } => Some(refused(reason, brief)),
    }
}

fn unclear(why: &Unclear, understood: Option<Kind>, brief: &str, words: &Words) -> Answer {
    let mut paragraphs = vec![format!("What stood in the way: {why}.")];
    if let Some(kind) = understood {
        paragraphs.push(format!("It was understood that you may mean `{kind}`. Nothing was done with that."));
    }
    paragraphs.push(how(words));
    Answer { summary: format!("Your answer about \"{brief}\" decided nothing yet."), paragraphs }
}

fn late(decided: Decided<'_>, brief: &str) -> Answer {
    let Decided { by, what, at } = decided;
    Answer {
        summary: format!("\"{brief}\" was {what} by {by} before your answer came in."),
        paragraphs: vec![format!("That was on {}. Your answer changed nothing.", at.strftime("%Y-%m-%d at %H:%M UTC"))],
    }
}

fn refused(reason: &Reason, brief: &str) -> Answer {
    Answer {
        summary: format!("Your answer about \"{brief}\" decided nothing."),
        paragraphs: vec![format!("The reason: {reason}.")],
    }
}

/// How to decide by mail, with the words in force. For the mails that ask for a decision as well.
#[must_use]
pub fn how(words: &Words) -> String {
    let said = |kind| words.of_kind(kind).map(|word| format!("\"{word}\"")).collect::<Vec<_>>().join(" or ");
    let first = |kind| words.of_kind(kind).next().unwrap_or_default().to_owned();
    [
        "How to decide: answer with one of these on the first line, with nothing before or beside it.".to_owned(),
        format!("  - {}: exactly what the mail shows is approved. Add nothing that limits it.", said(Kind::Approve)),
        format!("  - \"{}: what to change\": small changes, made by hand.", first(Kind::Minor)),
        format!("  - \"{}: what to heed\": a new attempt.", first(Kind::Major)),
        format!("  - \"{}: why\": nothing will come of it.", first(Kind::Reject)),
        format!("  - \"{}\", and below it lines such as \"priority.score: 70\": changed fields.", first(Kind::Edit)),
    ]
    .join("\n")
}
