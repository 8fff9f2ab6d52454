//! Telling an answer from a request: whether a message carries something of the form of our secrets, and where. Own file because this is all
//! that intake knows of answers; whether the secret is ours, and what it decides, is found out later, and never while a mailbox is read.
//! INVARIANT: a message is kept as an answer or becomes a request, not both.

use super::{Door, Intake};
use crate::domain::id::ReplyId;
use crate::domain::pilot::Pilot;
use crate::mail::Message;
use crate::reply::{Given, Place, Token};
use crate::store::KeepReply;
use opspilot_sdk::Envelope;

/// Header fields in which receiving servers note to whom a message was really delivered.
const ENVELOPE: [&str; 4] = ["Delivered-To", "X-Original-To", "Envelope-To", "X-Delivered-To"];

/// What of the form of our secrets stands in a message, the surest place first.
#[must_use]
pub fn given(message: &Message) -> Option<Given> {
    let addresses = |list: &[crate::mail::Address]| list.iter().find_map(|address| Token::find(&address.email).next());
    let ids = |list: &[String]| list.iter().find_map(|id| Token::find(id).next());
    let noted = || {
        let fields =
            message.headers.iter().filter(|(name, _)| ENVELOPE.iter().any(|known| name.eq_ignore_ascii_case(known)));
        fields.map(|(_, value)| value).find_map(|value| Token::find(value).next())
    };
    let places: [(Place, Option<Token>); 6] = [
        (Place::To, addresses(&message.to)),
        (Place::Cc, addresses(&message.cc)),
        (Place::Envelope, noted()),
        (Place::Subject, message.subject.as_deref().and_then(|subject| Token::find(subject).next())),
        (Place::InReplyTo, ids(&message.in_reply_to)),
        (Place::References, ids(&message.references)),
    ];
    places.into_iter().find_map(|(place, token)| Some(Given { token: token?, place }))
}

impl Intake {
    /// The answer that a message is, when answers are taken and it carries a secret.
    pub(super) fn answer(
        &self,
        door: &Door,
        pilot: &Pilot,
        envelope: &Envelope,
        message: &Message,
    ) -> Option<KeepReply> {
        let given = self.answers.then(|| given(message)).flatten()?;
        let at = self.clock.now();
        Some(KeepReply {
            id: ReplyId::new(at, self.store.chance()),
            source: door.source.clone(),
            dedup_key: envelope.key.as_str().to_owned(),
            pilot: pilot.name.clone(),
            tenant: pilot.tenant.clone(),
            raw: envelope.raw.clone(),
            token: given.token.name(),
            sender: message.from.first().map(|from| from.email.to_lowercase()).unwrap_or_default(),
            received_at: envelope.received_at,
            at,
        })
    }
}
