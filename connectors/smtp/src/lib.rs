//! Letters over SMTP (RFC 5321) to a relay that the operator names: composed as MIME, signed when a key is given, handed over stage by
//! stage, so that a letter that was certainly not taken is told from one of which nobody knows.
//!
//! Beside the carrier of the daemon's own letters stand two sinks that need one: `email_message` and `ics`.
//!
//! INVARIANT: [`Handover::Accepted`](opspilot_sdk::Handover::Accepted) is said of a letter only after the server's own 250 to its last line;
//! an error only when the server cannot have it; everything between is `Unclear`.

mod carrier;
mod compose;
mod dkim;
mod fault;
mod options;
mod sinks;
mod wire;

pub use carrier::Smtp;
pub use options::{Dkim, Options, Password, Security, Settings};
pub use sinks::{EmailMessage, EmailOptions, EmailSettings, Ics, IcsOptions, IcsSettings};
