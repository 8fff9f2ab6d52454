//! Letters that tell what became of a brief or of an answer. Own file because none of them asks for anything but words that can be understood.

use super::page::{Page, line, spoken};
use super::{Frame, How, Item, Notice, when};
use jiff::Timestamp;

/// A decision that was taken.
#[derive(Clone, Debug)]
pub struct Decided<'a> {
    /// On which brief.
    pub item: Item<'a>,
    /// Who decided.
    pub by: &'a str,
    /// What: `approved`, `minor_changes`, `major_changes`, `rejected`, `edited`.
    pub what: &'a str,
    /// Their words, when they gave any.
    pub comment: Option<&'a str>,
    /// When.
    pub at: Timestamp,
    /// How it was given, such as `by mail`.
    pub by_way_of: &'a str,
    /// The digest of exactly what was decided on.
    pub digest: &'a str,
    /// What happens next; one sentence.
    pub next: &'a str,
}

/// To everybody who was asked: it is decided.
#[must_use]
pub fn decided(frame: &Frame<'_>, decided: &Decided<'_>) -> Notice {
    let item = &decided.item;
    let what = spoken(decided.what);
    let mut page = Page::new(line(item.title, 160));
    page.paragraph(format!("{} decided on this brief: {}.", decided.by, what.to_lowercase()));
    page.facts([
        ("Decision", what.clone()),
        ("By", decided.by.to_owned()),
        ("On", when::moment(decided.at, frame.zone)),
        ("Given", decided.by_way_of.to_owned()),
    ]);
    if let Some(comment) = decided.comment.filter(|comment| !comment.trim().is_empty()) {
        page.heading("In their words");
        page.quote(comment.trim());
    }
    page.heading("What happens next");
    page.paragraph(decided.next);
    page.small(format!("{} revision {}, content {}.", item.brief, item.revision, decided.digest));
    frame.finish(format!("{what}: {}", line(item.title, 120)), page)
}

/// An answer that decided nothing.
#[derive(Clone, Debug)]
pub struct Unclear<'a> {
    /// About which brief.
    pub item: Item<'a>,
    /// What was understood and why that decides nothing; whole sentences.
    pub understood: &'a str,
    /// The beginning of what the person wrote, as far as it was told from what it quotes.
    pub written: Option<&'a str>,
    /// How to answer.
    pub how: How<'a>,
}

/// The one polite answer to an unclear answer.
#[must_use]
pub fn unclear(frame: &Frame<'_>, unclear: &Unclear<'_>) -> Notice {
    let item = &unclear.item;
    let mut page = Page::new("Your answer decided nothing yet");
    page.paragraph(format!("Thank you for your answer about “{}”. {}", line(item.title, 160), unclear.understood));
    if let Some(written) = unclear.written.filter(|written| !written.trim().is_empty()) {
        page.paragraph("You wrote:");
        page.quote(super::page::cut(written.trim(), 600).0);
    }
    page.paragraph("Nothing has happened. Please answer once more:");
    unclear.how.write(&mut page);
    page.small(format!("{} revision {}.", item.brief, item.revision));
    frame.finish(format!("Not understood: {}", line(item.title, 110)), page)
}

/// An answer that came after the matter was settled.
#[derive(Clone, Debug)]
pub struct Late<'a> {
    /// About which brief.
    pub item: Item<'a>,
    /// Who decided in the meantime; `None` when another revision took its place.
    pub settled: Option<Decided<'a>>,
    /// The revision that stands now, when there is a newer one.
    pub current: Option<u32>,
}

/// To somebody whose answer came too late.
#[must_use]
pub fn late(frame: &Frame<'_>, late: &Late<'_>) -> Notice {
    let item = &late.item;
    let mut page = Page::new("Your answer came after the decision");
    page.paragraph(format!("Thank you for your answer about “{}”. It changed nothing:", line(item.title, 160)));
    match (&late.settled, late.current) {
        (Some(settled), _) => {
            let on = when::moment(settled.at, frame.zone);
            page.paragraph(format!("{} had decided on {on}: {}.", settled.by, spoken(settled.what).to_lowercase()));
            if let Some(comment) = settled.comment.filter(|comment| !comment.trim().is_empty()) {
                page.quote(comment.trim());
            }
        }
        (None, Some(current)) => {
            page.paragraph(format!("You answered about revision {}, and revision {current} has taken its place. You were sent that one too; please answer to it.", item.revision));
        }
        (None, None) => {
            page.paragraph("The brief no longer waits for a decision.");
        }
    }
    page.paragraph("If you disagree with the decision, talk to whoever made it; a mail cannot take it back.");
    page.small(format!("{} revision {}.", item.brief, item.revision));
    frame.finish(format!("Already settled: {}", line(item.title, 110)), page)
}

/// An answer that was understood and could not count.
#[derive(Clone, Debug)]
pub struct Refused<'a> {
    /// About which brief.
    pub item: Item<'a>,
    /// Why; whole sentences.
    pub why: &'a [String],
}

/// To somebody whose answer could not count.
#[must_use]
pub fn refused(frame: &Frame<'_>, refused: &Refused<'_>) -> Notice {
    let item = &refused.item;
    let mut page = Page::new("Your answer decided nothing");
    page.paragraph(format!("Thank you for your answer about “{}”. It changed nothing.", line(item.title, 160)));
    for why in refused.why {
        page.paragraph(why.as_str());
    }
    page.paragraph("The brief stands as it stood before you wrote.");
    page.small(format!("{} revision {}.", item.brief, item.revision));
    frame.finish(format!("Not decided: {}", line(item.title, 110)), page)
}
