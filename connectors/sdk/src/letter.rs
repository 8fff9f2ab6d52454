//! What goes out to a person: one letter to one recipient, and who carries it. Own file because the rooms that write letters know nothing
//! of SMTP, and a carrier knows nothing of briefs. INVARIANT: a letter that is carried again is the same letter, word for word and with
//! the same [`Letter::message_id`], so that a mailbox can recognise it.

use crate::{BoxFuture, ConnectorError};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// A person's or the daemon's address, with a name to show beside it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mailbox {
    /// The name shown; any text.
    pub name: Option<String>,
    /// The address, `local@domain`.
    pub address: String,
}

/// Where the far side reports that a letter could not be delivered (RFC 5321, section 4.4).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ReturnPath {
    /// To the address in `from`.
    From,
    /// To this address, such as one that names the item the letter is about.
    Address(String),
    /// Nowhere: for an answer to a message (RFC 3834, section 3.3).
    Nowhere,
}

/// Why the daemon writes (RFC 3834, section 5).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AutoSubmitted {
    /// Of its own accord: `auto-generated`.
    Generated,
    /// In answer to a message: `auto-replied`.
    Replied,
    /// A person decided that this very text goes to this very person: no mark, or desks and filters would take it for a machine's.
    Approved,
}

/// A letter. Everything in it is text to be encoded; nothing in it is a header line.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Letter {
    /// Who it comes from.
    pub from: Mailbox,
    /// Who gets it: exactly one person, so that a refusal concerns one letter.
    pub to: Mailbox,
    /// Where an answer goes, when not to `from`.
    pub reply_to: Option<Mailbox>,
    /// Where a report of failure goes.
    pub return_path: ReturnPath,
    /// Its name among all letters, without angle brackets: `unique@domain` (RFC 5322, section 3.6.4). Made from what the letter is
    /// about, so that a repeat has the same one.
    pub message_id: String,
    /// The message that it answers, without angle brackets.
    pub in_reply_to: Option<String>,
    /// The messages of its thread, oldest first, without angle brackets.
    pub references: Vec<String>,
    /// When it was written: a repeat keeps this too.
    pub date: Timestamp,
    /// The subject, one line.
    pub subject: String,
    /// The text part.
    pub text: String,
    /// The same in HTML.
    pub html: Option<String>,
    /// Why it is sent.
    pub auto_submitted: AutoSubmitted,
    /// Where a person can leave a list of regular letters: an address, also with `?subject=word`, or an `https` page
    /// (RFC 2369).
    pub list_unsubscribe: Option<String>,
    /// Names the daemon, so that it knows its own letters when they come back: `X-OpsPilot-Loop`.
    pub loop_mark: String,
}

/// What became of a letter that was offered to the far side.
#[derive(Debug)]
pub enum Handover {
    /// The far side has it, and is responsible for it from now on.
    Accepted {
        /// What it said, one line.
        response: String,
        /// Its own name for the letter, when it gave one.
        far_id: Option<String>,
    },
    /// The whole letter was sent and no answer came: the far side may have it or not. Sending it again may double it.
    Unclear {
        /// What happened.
        why: ConnectorError,
    },
}

/// Carries letters. Futures may be dropped at any await: what then became of a letter is unclear.
pub trait Carrier: Send + Sync {
    /// Does what real work does, up to and without a letter, and says what a person must fix.
    fn check(&self) -> BoxFuture<'_, Result<(), ConnectorError>>;

    /// Carries a letter. An error says that the far side does not have it: [`crate::ErrorKind::Rejected`], this letter for good;
    /// `Transient`, again later; `Unauthorised` and `Misconfigured`, none until a person acts.
    fn deliver<'a>(&'a self, letter: &'a Letter) -> BoxFuture<'a, Result<Handover, ConnectorError>>;

    /// Lets go of connections that are kept. Called once, last.
    fn close(&self) -> BoxFuture<'_, ()> {
        Box::pin(async {})
    }
}
