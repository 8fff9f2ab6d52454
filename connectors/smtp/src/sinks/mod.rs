//! What leaves the house by mail as an approved action: a message to a person outside, and an invitation to a calendar. Here, and no crates of
//! their own, because both are letters and need the one carrier there is.
//!
//! INVARIANT: recipient, subject and text of a call are those that are sent, character for character; a letter whose answer was lost is never
//! sent again by itself.

mod ical;
mod invitation;
mod message;
mod post;
mod shelf;

pub use invitation::{Ics, IcsOptions, IcsSettings};
pub use message::{EmailMessage, EmailOptions, EmailSettings};
