//! Exports: receipts in one file that can be verified anywhere, without this program's store.
//! Its own folder because the format is a promise to outsiders; `docs/receipts.md` describes it. JSON lines: a
//! header, one line per receipt with its exact text and leaf hash, a last line with the signed head.
//!
//! INVARIANT: every line has exactly one spelling (canonical JSON), so that no byte can change unseen.

mod line;
mod read;
mod subject;
mod write;

pub use read::{Check, verify_export};
pub use write::{Header, Writer, write_all};

/// Name and version of the format, as the header states it.
pub const FORMAT: &str = "opspilot.receipts/1";
