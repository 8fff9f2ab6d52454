//! The daily digest: what waits for a person, oldest first. Own file because it is the one regular letter that people can leave.

use super::page::{Block, Page, line, spoken};
use super::{Frame, Item, Notice, when};
use jiff::{SignedDuration, Timestamp};

/// The most briefs listed.
const MOST: usize = 40;

/// A brief that waits.
#[derive(Clone, Debug)]
pub struct Waiting<'a> {
    /// Which.
    pub item: Item<'a>,
    /// Its priority's band, such as `high`.
    pub band: &'a str,
    /// How long it has waited.
    pub waited: SignedDuration,
}

/// A day.
#[derive(Clone, Debug)]
pub struct Digest<'a> {
    /// Who it is for.
    pub name: &'a str,
    /// The moment for which it is true.
    pub at: Timestamp,
    /// What waits for this person: the oldest of it.
    pub waiting: &'a [Waiting<'a>],
    /// How much waits besides.
    pub more: usize,
    /// What came in since the last digest.
    pub arrived: u32,
    /// What was decided since the last digest, by anybody.
    pub decided: u32,
    /// What stands in quarantine or is held, for a person to look at.
    pub aside: u32,
    /// Whether their mail program can unsubscribe them.
    pub can_leave: bool,
    /// A page that asks who one is.
    pub page: Option<&'a str>,
}

/// The daily letter.
#[must_use]
pub fn digest(frame: &Frame<'_>, digest: &Digest<'_>) -> Notice {
    let count = digest.waiting.len() + digest.more;
    let waits = match count {
        0 => "Nothing waits for you".to_owned(),
        1 => "1 brief waits for you".to_owned(),
        count => format!("{count} briefs wait for you"),
    };
    let mut page = Page::new(waits.clone());
    page.paragraph(format!(
        "Good morning, {}. This is how things stood on {}.",
        digest.name,
        when::moment(digest.at, frame.zone)
    ));
    page.facts([
        ("New since the last digest", digest.arrived.to_string()),
        ("Decided since then", digest.decided.to_string()),
        ("Held or in quarantine", digest.aside.to_string()),
    ]);
    if count > 0 {
        page.heading("Waiting, oldest first");
        let mut waiting: Vec<&Waiting<'_>> = digest.waiting.iter().collect();
        waiting.sort_by_key(|waiting| std::cmp::Reverse(waiting.waited));
        let point = |waiting: &&Waiting<'_>| {
            let about = format!("{}, for {}", spoken(waiting.band), when::length(waiting.waited));
            (line(waiting.item.title, 120), format!("\n{about} · {}", waiting.item.brief))
        };
        page.add(Block::Points { numbered: true, points: waiting.iter().take(MOST).map(point).collect() });
        let more = count - digest.waiting.len().min(MOST);
        if more > 0 {
            page.paragraph(format!("And {more} more."));
        }
        page.paragraph("Answer the mail about a brief to decide on it; an answer to this one decides nothing.");
    }
    page.small(if digest.can_leave {
        "Your mail program can unsubscribe you from these daily letters; letters that ask for a decision come all the same."
    } else {
        "Whoever runs OpsPilot can turn these daily letters off for you."
    });
    page.link("Look at them in the browser (you sign in there)", digest.page);
    frame.finish(format!("{waits} ({})", when::day(digest.at, frame.zone)), page)
}
