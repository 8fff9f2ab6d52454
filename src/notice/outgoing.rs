//! What an approval leads to in other systems, request for request. Own file because every letter that asks for a decision shows it alike.
//! INVARIANT: a write is shown to the byte or not at all; where the letter has no room for all of them, an answer approves none.

use super::page::{Page, line, spoken};

/// One write that follows an approval.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outgoing {
    /// The configured sink.
    pub sink: String,
    /// What it is, such as `note`.
    pub kind: String,
    /// The record it goes to; empty where it makes one.
    pub record: String,
    /// The exact request, without credentials.
    pub call: String,
}

/// What an approval by answering leads to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Writes<'a> {
    /// Nothing is written anywhere.
    None,
    /// Exactly these: the answer approves them together with the brief.
    Shown(&'a [Outgoing]),
    /// More than a letter shows: the answer approves the brief alone.
    Elsewhere,
}

pub(super) fn write(page: &mut Page, writes: Writes<'_>) {
    let outgoing = match writes {
        Writes::None => return,
        Writes::Shown(outgoing) => outgoing,
        Writes::Elsewhere => {
            page.heading("What an approval writes");
            page.paragraph(
                "More than a letter shows. An answer to this mail approves the brief alone, and nothing is written: read and approve the plan \
                 of writes on the page of the brief, or on the command line.",
            );
            return;
        }
    };
    page.heading("What an approval writes");
    page.paragraph(
        "If you approve, exactly these requests are sent, and nothing else; each only while the pilot lets it through. If anything in them \
         changes before that, they are not sent, and you are asked again.",
    );
    for (number, write) in outgoing.iter().enumerate() {
        let record =
            if write.record.is_empty() { String::new() } else { format!(", record {}", line(&write.record, 200)) };
        page.subheading(format!("{}. {} by {}{record}", number + 1, spoken(&write.kind), line(&write.sink, 80)));
        page.quote(write.call.clone());
    }
}
