//! Reading an envelope without keeping it: for trying things out. Own file because it is the one way to a request's text that leaves
//! no request behind; what is drafted from it is what would be drafted from the request.

use super::IntakeError;
use super::normalise::normalise;
use opspilot_sdk::Envelope;

/// What a request made of an envelope would say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reading {
    /// Name of the person who asks.
    pub sender_name: Option<String>,
    /// Their organisation.
    pub organisation: Option<String>,
    /// Subject line; the text begins with it.
    pub subject: Option<String>,
    /// The normalised text that a brief would quote.
    pub text: String,
    /// How many files came along.
    pub attachments: usize,
}

/// Reads an envelope as intake would.
///
/// # Errors
/// [`IntakeError::Message`], or [`IntakeError::Empty`] when it asks for nothing.
pub fn read(envelope: &Envelope) -> Result<Reading, IntakeError> {
    let normal = normalise(envelope)?;
    if normal.text.trim().is_empty() {
        return Err(IntakeError::Empty);
    }
    let (sender_name, organisation, subject) = (normal.sender_name, normal.organisation, normal.subject);
    Ok(Reading { sender_name, organisation, subject, text: normal.text, attachments: normal.files.len() })
}
