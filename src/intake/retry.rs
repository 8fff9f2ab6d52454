//! Taking in what was set aside: the kept bytes are read again by today's program, for a person who may hand requests in. Own file because
//! it is the one way from quarantine to a request. INVARIANT: what still cannot be read stays where it is, with the reason told; what a
//! machine wrote comes in only because a person says so.

use super::{Door, Intake, IntakeError};
use crate::domain::id::{PermitId, QuarantineId};
use crate::policy::{Action, Ask, Principal, Resource};
use crate::store::{Accepted, QuarantineRow, TakeAside};
use opspilot_sdk::{Content, DedupKey, Envelope, Lane};

/// Media type of a mail.
const MESSAGE: &str = "message/rfc822";

impl Intake {
    /// Makes a request of an item that was set aside.
    ///
    /// # Errors
    /// [`IntakeError::NotKept`] when there is nothing to read, [`IntakeError::Message`] and [`IntakeError::Empty`] when it still cannot be
    /// a request, [`IntakeError::Denied`]; a conflict when it is a request already.
    pub async fn retry(&self, principal: &Principal, item: &QuarantineId) -> Result<Accepted, IntakeError> {
        let row = self.store.quarantine(item).await?;
        let resource = Resource::pilot(&row.pilot, &row.tenant);
        let ask = Ask { principal, action: Action::RequestSubmit, resource: &resource };
        let permit = self.policies.permit(&ask, PermitId::new(self.clock.now(), self.store.chance()).to_string())?;
        let door =
            Door { source: row.source.clone(), pilot: row.pilot.clone(), lane: Lane::Interactive, submitter: None };
        let accept = self.prepare(&door, self.envelope(&row).await?)?;
        let (person, at) = (principal.user.clone(), self.clock.now());
        let accepted = self.store.take_aside(TakeAside { item: item.clone(), accept, person, permit, at }).await?;
        super::count(&door, &accepted);
        Ok(accepted)
    }

    async fn envelope(&self, row: &QuarantineRow) -> Result<Envelope, IntakeError> {
        let not_kept = |why| IntakeError::NotKept { item: row.id.to_string(), why };
        let place = if row.place.is_empty() { "at its origin" } else { row.place.as_str() };
        // What is kept as an answer is judged as one: it must not be a request as well.
        if row.code == "OP-2824" {
            return Err(not_kept("it is an answer to a letter of ours; a request must be written anew".to_owned()));
        }
        let Some(digest) = &row.raw else {
            return Err(not_kept(format!("its bytes were never read; look at it where it lies ({place})")));
        };
        let media_type = row.media_type.clone().unwrap_or_default();
        let raw = self.store.blob(digest).await?;
        let content = match media_type.as_str() {
            MESSAGE => Content::Message,
            "text/plain" => Content::Text(String::from_utf8_lossy(&raw).into_owned()),
            _ => {
                return Err(not_kept(format!("only its source can read `{media_type}`; put it right there ({place})")));
            }
        };
        Ok(Envelope {
            key: DedupKey::new(row.dedup_key.clone()),
            external_id: row.place.strip_prefix("Message-ID <").and_then(|id| id.strip_suffix('>')).map(str::to_owned),
            received_at: row.received_at,
            media_type,
            raw,
            content,
            attachments: Vec::new(),
        })
    }
}
