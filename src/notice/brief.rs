//! The letter that asks for a decision: the whole brief, the request beside it, what changed, and how to answer. Own file because everything a
//! reviewer decides on stands in it. INVARIANT: no section is left out; an empty one says so.

use super::outgoing::{self, Writes};
use super::page::{Block, Page, cut, line, spoken};
use super::{Frame, How, Notice, when};
use jiff::Timestamp;

/// The longest part of a request shown, in characters.
const REQUEST_CHARS: usize = 8_000;
/// The longest excerpt shown, in characters.
const QUOTE_CHARS: usize = 300;

/// What names a brief to people.
#[derive(Clone, Copy, Debug)]
pub struct Item<'a> {
    /// `brf_…`.
    pub brief: &'a str,
    /// `req_…`.
    pub request: &'a str,
    /// Number of the revision, from 1.
    pub revision: u32,
    /// What it is about, as people know it: the request's subject or its first words.
    pub title: &'a str,
}

/// A statement with the words of the request that bear it out.
#[derive(Clone, Debug, Default)]
pub struct Said {
    /// What the brief says.
    pub text: String,
    /// The words of the request.
    pub quotes: Vec<String>,
}

/// One risk.
#[derive(Clone, Debug)]
pub struct Factor {
    /// Its kind, such as `personal_data`.
    pub kind: String,
    /// What is said of it.
    pub said: Said,
}

/// Something to ask.
#[derive(Clone, Debug)]
pub struct Question {
    /// The question.
    pub question: String,
    /// Why it matters.
    pub why: String,
}

/// A proposed next action.
#[derive(Clone, Debug)]
pub struct Act {
    /// What to do.
    pub text: String,
    /// Who.
    pub owner: String,
    /// By which day.
    pub due: Option<String>,
    /// Whether it waits for this decision.
    pub needs_approval: bool,
}

/// One phase of the work.
#[derive(Clone, Debug)]
pub struct Phase {
    /// Its name.
    pub name: String,
    /// What is done.
    pub steps: Vec<String>,
    /// How one knows that it is over.
    pub exit: String,
}

/// The eight sections of a brief, and what could not be verified.
#[derive(Clone, Debug, Default)]
pub struct Sections {
    /// Summary.
    pub summary: Said,
    /// Priority, 0 to 100.
    pub score: u8,
    /// Its band, such as `high`.
    pub band: String,
    /// Why this priority.
    pub reasons: Vec<Said>,
    /// Risk level, such as `medium`.
    pub risk: String,
    /// What the risks are.
    pub factors: Vec<Factor>,
    /// Recommended status, such as `needs_info`.
    pub status: String,
    /// Why this status.
    pub status_reason: String,
    /// What to ask.
    pub missing: Vec<Question>,
    /// What to do next.
    pub actions: Vec<Act>,
    /// Price and payback, when the request has figures.
    pub pricing: Option<Said>,
    /// The work in phases.
    pub roadmap: Vec<Phase>,
    /// What the request does not bear out: where, and what.
    pub unverified: Vec<(String, String)>,
}

/// The request, as it came.
#[derive(Clone, Debug)]
pub struct Received<'a> {
    /// Who asks, as far as known.
    pub from: &'a str,
    /// When it reached us.
    pub at: Timestamp,
    /// By which source.
    pub source: &'a str,
    /// Its text, as the brief's quotes point into it.
    pub text: &'a str,
    /// Names of what came with it.
    pub attachments: &'a [String],
}

/// One difference to the last revision.
#[derive(Clone, Debug)]
pub struct Changed {
    /// Where, such as `priority.score`.
    pub path: String,
    /// What stood there.
    pub before: String,
    /// What stands there now.
    pub after: String,
}

/// Everything in the letter.
#[derive(Clone, Debug)]
pub struct NewBrief<'a> {
    /// Which brief.
    pub item: Item<'a>,
    /// What it says.
    pub sections: &'a Sections,
    /// What it is about.
    pub received: Received<'a>,
    /// What changed since the last revision; empty for the first.
    pub changes: &'a [Changed],
    /// What an approval writes in other systems.
    pub writes: Writes<'a>,
    /// Why the same person is asked again, when they are.
    pub again: Option<&'a str>,
    /// Who made this revision: `drafted by embedded`, or `edited by Ann (drafted by embedded)`.
    pub made: &'a str,
    /// How to answer.
    pub how: How<'a>,
}

/// The letter about a brief that waits for a decision.
#[must_use]
pub fn new_brief(frame: &Frame<'_>, new: &NewBrief<'_>) -> Notice {
    let item = &new.item;
    let mut page = Page::new(line(item.title, 160));
    let again =
        if item.revision > 1 { format!("Revision {} of this brief", item.revision) } else { "A new brief".to_owned() };
    page.paragraph(format!("{again} waits for your decision."));
    if let Some(why) = new.again {
        page.paragraph(format!("Your answer decided nothing: {why}. What is to be written is shown as it is now."));
    }
    let c = new.sections;
    page.facts([
        ("Recommended", spoken(&c.status)),
        ("Priority", format!("{}, {} of 100", spoken(&c.band), c.score)),
        ("Risk", spoken(&c.risk)),
        ("From", line(new.received.from, 120)),
        ("Received", when::moment(new.received.at, frame.zone)),
    ]);
    changes(&mut page, item, new.changes);
    sections(&mut page, c);
    outgoing::write(&mut page, new.writes);
    new.how.write(&mut page);
    request(&mut page, &new.received);
    page.small(format!("{} revision {}, for {}, {}.", item.brief, item.revision, item.request, line(new.made, 200)));
    let word = if item.revision > 1 { "Revised brief" } else { "Brief" };
    frame.finish(format!("{word}: {}", line(item.title, 120)), page)
}

fn changes(page: &mut Page, item: &Item<'_>, changes: &[Changed]) {
    if item.revision <= 1 {
        return;
    }
    page.heading("What changed since the last revision");
    if changes.is_empty() {
        page.paragraph("Nothing in its words.");
    }
    for change in changes {
        let (before, after) = (cut(&change.before, 600).0, cut(&change.after, 600).0);
        page.add(Block::Change { what: line(&change.path, 120), before, after });
    }
}

fn sections(page: &mut Page, c: &Sections) {
    page.heading("Summary");
    said(page, &c.summary);
    page.heading("Recommended status");
    page.paragraph(format!("{}. {}", spoken(&c.status), c.status_reason));
    page.heading("Priority");
    page.paragraph(format!("{}, {} of 100.", spoken(&c.band), c.score));
    page.points(c.reasons.iter().map(|reason| (String::new(), with_quotes(reason))).collect());
    page.heading("Risk");
    page.paragraph(format!("{}.{}", spoken(&c.risk), if c.factors.is_empty() { " Nothing was found." } else { "" }));
    page.points(
        c.factors.iter().map(|factor| (format!("{}:", spoken(&factor.kind)), with_quotes(&factor.said))).collect(),
    );
    page.heading("Missing information");
    list_or(
        page,
        c.missing.iter().map(|missing| (missing.question.clone(), missing.why.clone())).collect(),
        "Nothing is missing.",
    );
    page.heading("Next actions");
    let act = |act: &Act| {
        let due = act.due.as_ref().map(|due| format!(", by {due}")).unwrap_or_default();
        let gate = if act.needs_approval { ", after approval" } else { "" };
        (String::new(), format!("{} ({}{due}{gate})", act.text, act.owner))
    };
    match c.actions.is_empty() {
        true => page.paragraph("None is proposed."),
        false => page.add(Block::Points { numbered: true, points: c.actions.iter().map(act).collect() }),
    };
    page.heading("Price and payback");
    match &c.pricing {
        Some(pricing) => said(page, pricing),
        None => {
            page.paragraph("The request has no figures for one.");
        }
    }
    page.heading("Roadmap");
    if c.roadmap.is_empty() {
        page.paragraph("None is proposed.");
    }
    for (number, phase) in c.roadmap.iter().enumerate() {
        page.subheading(format!("{}. {}", number + 1, phase.name));
        page.points(phase.steps.iter().map(|step| (String::new(), step.clone())).collect());
        page.paragraph(format!("Done when: {}", phase.exit));
    }
    if !c.unverified.is_empty() {
        page.heading("Please confirm");
        page.paragraph("The request does not bear this out:");
        page.points(
            c.unverified.iter().map(|(path, problem)| (format!("{}:", line(path, 120)), problem.clone())).collect(),
        );
    }
}

fn list_or(page: &mut Page, points: Vec<(String, String)>, none: &str) {
    if points.is_empty() {
        page.paragraph(none);
    }
    page.points(points);
}

fn said(page: &mut Page, said: &Said) {
    page.paragraph(said.text.clone());
    for quote in &said.quotes {
        page.quote(line(quote, QUOTE_CHARS));
    }
}

fn with_quotes(said: &Said) -> String {
    let mut text = said.text.clone();
    for quote in &said.quotes {
        text.push_str(&format!("\n“{}”", line(quote, QUOTE_CHARS)));
    }
    text
}

pub(super) fn request(page: &mut Page, received: &Received<'_>) {
    page.heading("The request");
    page.paragraph(format!("By {}, from {}:", line(received.source, 80), line(received.from, 120)));
    let (text, was_cut) = cut(received.text.trim(), REQUEST_CHARS);
    page.quote(if text.is_empty() { "(no text)".to_owned() } else { text });
    if was_cut {
        page.paragraph("The request is longer; all of it stands with the item.");
    }
    if !received.attachments.is_empty() {
        let names: Vec<String> = received.attachments.iter().map(|name| line(name, 80)).collect();
        page.paragraph(format!("With it came: {}.", names.join(", ")));
    }
}
