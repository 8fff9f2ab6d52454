//! What an operator decides about letters and answers. Own file because the configuration makes it, and three parts of the road read it.

use crate::reply::Words;
use crate::store::Caps;
use jiff::SignedDuration;
use std::time::Duration;

/// Where the secret of an answer stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SecretIn {
    /// In the address that answers go to: `name+secret@…`.
    Address,
    /// In the subject, where the provider has no such addresses.
    Subject,
}

/// What an operator decides about letters and answers.
#[derive(Clone, Debug)]
pub struct Options {
    /// The mailbox that answers go to, read by one of the sources; `None`: nobody decides by mail.
    pub reply_address: Option<String>,
    /// Where the secret of an answer stands.
    pub reply_mark: SecretIn,
    /// For how long an answer counts.
    pub reply_for: SignedDuration,
    /// The words that decide.
    pub words: Words,
    /// Names of people who may not decide by mail.
    pub no_reply: Vec<String>,
    /// How many letters go out in a day at most.
    pub caps: Caps,
    /// How long a letter may be on its way to the relay before its sender counts as dead.
    pub lease: Duration,
    /// Domain of message identifiers.
    pub domain: String,
    /// The address under which people reach the house: where a letter's link leads.
    pub base_url: String,
}
