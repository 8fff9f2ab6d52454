//! Reading one e-mail message: a pure room, bytes in, a message out.
//!
//! No clock, no I/O, no state; limits are handed in, because what is read here was sent by anybody.
//! INVARIANT: any bytes give a [`Message`] or an [`Unreadable`] with its reason, in time and memory that grow with their number alone:
//! parts, depth, headers, written-out text and unpacked attachments are all bounded, and nothing in here panics on what it reads.
//!
//! ```text
//! bytes ──► walk (headers, parts) ──► choose the text ──► html, charset ──► text ──► visible
//!                    │                                                       └────► forward
//!                    ├──► attachment (text out of files)
//!                    └──► automatic (is a machine speaking?)
//! ```
//!
//! Fields of a header, dates and encoded words are read by `mail-parser`; the tree of parts is walked here, because depth and number of
//! parts must be bounded before anything is kept.

mod address;
mod attachment;
pub mod automatic;
mod decode;
mod forward;
mod headers;
mod html;
mod inspect;
mod limits;
mod message;
#[cfg(test)]
mod tests;
mod text;
mod tnef;
mod undelivered;
mod unreadable;
pub mod visible;
mod walk;

pub use address::Address;
pub use automatic::Automatic;
pub use forward::Forwarded;
pub use inspect::{File, Inspection};
pub use limits::Limits;
pub use message::{Attachment, Message};
pub use undelivered::{Undelivered, undelivered};
pub use unreadable::Unreadable;

/// Reads a message as it came from the wire (RFC 5322, MIME RFC 2045 to 2049).
///
/// # Errors
/// [`Unreadable`] when there is nothing to read or a limit forbids it; it carries a stable code and the reason in words.
pub fn read(raw: &[u8], limits: &Limits) -> Result<Message, Unreadable> {
    message::read(raw, limits)
}
