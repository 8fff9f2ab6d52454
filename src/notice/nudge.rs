//! Letters about a brief that still waits: to whoever was asked, and to whoever comes next. Own file because both say that silence
//! decides nothing.

use super::page::{Page, line, spoken};
use super::{Frame, How, Item, Notice, Received, Sections, brief, when};
use jiff::{SignedDuration, Timestamp};

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
    /// When the matter goes on to others, and to whom, if it does.
    pub goes_on: Option<(Timestamp, &'a str)>,
    /// How to answer.
    pub how: How<'a>,
}

/// To somebody who was asked and has not answered.
#[must_use]
pub fn reminder(frame: &Frame<'_>, nudge: &Nudge<'_>) -> Notice {
    let mut page = Page::new(line(nudge.item.title, 160));
    page.paragraph(format!("This brief has waited for your decision for {}.", when::length(nudge.waited)));
    if let Some((at, to)) = nudge.goes_on {
        page.paragraph(format!("If nobody decides, {to} will be asked as well on {}.", when::moment(at, frame.zone)));
    }
    rest(frame, nudge, page, "Reminder")
}

/// To somebody who is asked because others have not answered.
#[must_use]
pub fn escalation(frame: &Frame<'_>, nudge: &Nudge<'_>) -> Notice {
    let mut page = Page::new(line(nudge.item.title, 160));
    let asked = if nudge.asked.is_empty() { "Nobody".to_owned() } else { nudge.asked.join(", ") };
    let (waited, has) = (when::length(nudge.waited), if nudge.asked.len() == 1 { "has" } else { "have" });
    page.paragraph(match nudge.asked.is_empty() {
        true => format!(
            "This brief has waited for a decision for {waited}, and nobody is there to make it. You are asked now."
        ),
        false => format!(
            "{asked} {has} been asked to decide on this brief and {has} not answered for {waited}. You are asked now."
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
    page.paragraph("The whole brief stands in the first mail about it. Nothing happens while nobody decides.");
    nudge.how.write(&mut page);
    brief::request(&mut page, &nudge.received);
    page.small(format!("{} revision {}, for {}.", item.brief, item.revision, item.request));
    frame.finish(format!("{word}: {}", line(item.title, 110)), page)
}
