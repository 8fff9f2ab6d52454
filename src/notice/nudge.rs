//! Letters about a brief that still waits: to whoever was asked, and to whoever comes next. Own file because both say that silence
//! decides nothing.

use super::outgoing::{self, Writes};
use super::page::{Page, line, spoken};
use super::{Frame, How, Item, Notice, Received, Sections, brief, when};
use jiff::{SignedDuration, Timestamp};

/// What a letter asks of whoever gets it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Asks {
    /// A decision.
    Decision,
    /// The small changes that somebody asked for.
    Changes,
    /// Nothing: it tells of a matter on which others decide.
    Nothing,
}

/// A brief that waits.
#[derive(Clone, Debug)]
pub struct Nudge<'a> {
    /// Which.
    pub item: Item<'a>,
    /// What it says; the letter shows its head.
    pub sections: &'a Sections,
    /// What it is about.
    pub received: Received<'a>,
    /// When a decision was first asked for.
    pub asked_at: Timestamp,
    /// How long it has waited.
    pub waited: SignedDuration,
    /// Who was asked, by name.
    pub asked: &'a [String],
    /// What is asked of this person.
    pub asks: Asks,
    /// What an approval writes in other systems.
    pub writes: Writes<'a>,
    /// How to answer.
    pub how: How<'a>,
}

/// To somebody who was asked and has not answered.
#[must_use]
pub fn reminder(frame: &Frame<'_>, nudge: &Nudge<'_>) -> Notice {
    let mut page = Page::new(line(nudge.item.title, 160));
    let waited = when::length(nudge.waited);
    page.paragraph(match nudge.asks {
        Asks::Decision => format!("This brief has waited for your decision for {waited}."),
        Asks::Changes => {
            format!("Small changes to this brief were asked for, and it has waited for them for {waited}.")
        }
        Asks::Nothing => format!("This brief has waited for a decision for {waited}."),
    });
    rest(frame, nudge, page, "Reminder")
}

/// To somebody who is asked because others have not answered.
#[must_use]
pub fn escalation(frame: &Frame<'_>, nudge: &Nudge<'_>) -> Notice {
    let mut page = Page::new(line(nudge.item.title, 160));
    let asked = if nudge.asked.is_empty() { "Nobody".to_owned() } else { nudge.asked.join(", ") };
    let (waited, has) = (when::length(nudge.waited), if nudge.asked.len() == 1 { "has" } else { "have" });
    let you = if nudge.asks == Asks::Nothing { "told" } else { "asked" };
    page.paragraph(match (nudge.asked.is_empty(), nudge.asks) {
        (true, _) => format!(
            "This brief has waited for a decision for {waited}, and nobody is there to make it. You are {you} now."
        ),
        (false, Asks::Changes) => format!(
            "{asked} {has} been asked for small changes to this brief and {has} not made them for {waited}. You are asked now."
        ),
        (false, _) => format!(
            "{asked} {has} been asked to decide on this brief and {has} not answered for {waited}. You are {you} now."
        ),
    });
    rest(frame, nudge, page, "Waiting for a decision")
}

fn rest(frame: &Frame<'_>, nudge: &Nudge<'_>, mut page: Page, word: &str) -> Notice {
    let (c, item) = (nudge.sections, &nudge.item);
    page.facts([
        ("Recommended", spoken(&c.status)),
        ("Priority", format!("{}, {} of 100", spoken(&c.band), c.score)),
        ("Risk", spoken(&c.risk)),
        ("Asked on", when::moment(nudge.asked_at, frame.zone)),
    ]);
    page.heading("Summary");
    page.paragraph(c.summary.text.clone());
    if nudge.asks == Asks::Nothing {
        page.paragraph("Nothing happens while nobody decides.");
        page.heading("Who decides");
        let names =
            if nudge.asked.is_empty() { "the reviewers of the pilot".to_owned() } else { nudge.asked.join(", ") };
        page.paragraph(format!(
            "You are told of this and cannot decide on it; an answer to this mail decides nothing. Ask {names}."
        ));
    } else {
        page.paragraph("The whole brief stands in the first mail about it. Nothing happens while nobody decides.");
        outgoing::write(&mut page, nudge.writes);
        nudge.how.write(&mut page);
    }
    brief::request(&mut page, &nudge.received);
    page.small(format!("{} revision {}, for {}.", item.brief, item.revision, item.request));
    frame.finish(format!("{word}: {}", line(item.title, 110)), page)
}
