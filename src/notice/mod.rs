//! The letters that people get, and the weekly report: from plain facts to a subject, a text and its HTML.
//!
//! A pure room: no I/O, no clock, no other room's types. Written as Rust rather than as templates, because a letter is a list of `page`
//! blocks that hold text only: text and HTML say the same by construction, and there is no place where a template could forget to escape.
//! INVARIANT: nothing from outside becomes markup, no letter fetches anything, and no link in one decides anything.

mod alarm;
mod brief;
mod digest;
mod how;
mod html;
mod nudge;
mod outcome;
mod outgoing;
mod page;
mod page_html;
mod page_text;
pub mod report;
mod stop;
#[cfg(test)]
pub(crate) mod tests;
mod when;

pub use alarm::{Alarm, alarm};
pub use brief::{Act, Changed, Factor, Item, NewBrief, Phase, Question, Received, Said, Sections, new_brief};
pub use digest::{Digest, Waiting, digest};
pub use how::How;
pub use nudge::{Asks, Nudge, escalation, reminder};
pub use outcome::{Decided, Late, Refused, Unclear, decided, late, refused, unclear};
pub use outgoing::{Outgoing, Writes};
pub use stop::{Stop, stop};

/// A letter, ready to be carried.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Notice {
    /// One line.
    pub subject: String,
    /// The text part; lines end with a line feed.
    pub text: String,
    /// The HTML part: a whole document.
    pub html: String,
}

/// What every letter about a pilot needs.
#[derive(Clone, Copy, Debug)]
pub struct Frame<'a> {
    /// The pilot's name.
    pub pilot: &'a str,
    /// The client organisation.
    pub tenant: &'a str,
    /// The clock on the wall of whoever reads it.
    pub zone: &'a jiff::tz::TimeZone,
    /// Why this person gets it, such as `you are a reviewer of this pilot`; one clause.
    pub because: &'a str,
}

impl Frame<'_> {
    fn finish(&self, subject: String, mut page: page::Page) -> Notice {
        page.small(format!(
            "OpsPilot, pilot {} of {}. You get this because {}.",
            self.pilot, self.tenant, self.because
        ));
        Notice { text: page_text::render(&page), html: page_html::render(&subject, &page), subject }
    }
}
