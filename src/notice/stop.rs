//! The letter about writing that a trigger of the pilot's has stopped. Own file because it is about a pilot and not about a brief; nobody can
//! answer it, and no link in it lets anything go on.

use super::page::{Page, line};
use super::{Frame, Notice, when};
use jiff::Timestamp;

/// A trigger has stopped writing.
#[derive(Clone, Debug)]
pub struct Stop<'a> {
    /// The sink; `None`: the whole pilot.
    pub sink: Option<&'a str>,
    /// The trigger's name.
    pub trigger: &'a str,
    /// The figure that made it act, and what it was held against.
    pub figure: &'a str,
    /// When.
    pub at: Timestamp,
}

/// To the people of the pilot.
#[must_use]
pub fn stop(frame: &Frame<'_>, stop: &Stop<'_>) -> Notice {
    let pilot = line(frame.pilot, 60);
    let (what, command) = match stop.sink {
        Some(sink) => {
            let sink = line(sink, 60);
            (format!("of pilot {pilot} to {sink}"), format!("opspilot pilot resume {pilot} --sink {sink}"))
        }
        None => (format!("of pilot {pilot}"), format!("opspilot pilot resume {pilot}")),
    };
    let title = format!("Writing {what} was paused");
    let mut page = Page::new(title.clone());
    page.paragraph(
        "A trigger of the pilot's has stopped it by itself. What is approved stays approved, waits, and is not sent.",
    );
    page.facts([
        ("Trigger", line(stop.trigger, 120)),
        ("Figure", line(stop.figure, 300)),
        ("Since", when::moment(stop.at, frame.zone)),
    ]);
    page.paragraph(
        "It goes on only when an owner or a named reviewer says so, and not by itself. An answer to this mail does nothing.",
    );
    page.small(format!("See what was written with `opspilot writeback list`; let it go on with `{command}`."));
    frame.finish(title, page)
}
