//! Editing a brief, field by field: each edit is a new, immutable revision upon the one the person saw. INVARIANT: nobody's work is
//! overwritten; an edit upon a revision that moved on is refused and the person told.

use super::{Review, ReviewError, belongs};
use crate::brief::{self, Change, Content};
use crate::domain::id::BriefId;
use crate::policy::{Action, Kind, Principal};
use crate::screen::{Boundary, screen};
use crate::store::{ByMail, Edit, StoreError};
use opspilot_sdk::sha256_hex;
use std::borrow::Cow;

/// What came of an edit.
#[derive(Clone, Debug)]
pub struct Edited {
    /// Number of the new revision.
    pub revision: u32,
    /// Its digest.
    pub digest: String,
    /// What changed.
    pub changes: Vec<Change>,
    /// The content as it stands.
    pub content: Content,
}

impl Review {
    /// Makes a new revision upon the one with digest `from`. `boundary` masks the request's text the way its generator saw it.
    ///
    /// # Errors
    /// [`ReviewError::Illegal`] when it moved on or is decided, [`ReviewError::Edit`] when the edit cannot be,
    /// [`ReviewError::Claimed`], [`ReviewError::Denied`].
    pub async fn edit(
        &self,
        principal: &Principal,
        id: &BriefId,
        from: &str,
        edits: &[brief::Edit],
        boundary: &Boundary,
    ) -> Result<Edited, ReviewError> {
        self.edit_by(principal, id, from, edits, boundary, None).await
    }

    /// As [`Review::edit`]; `by` is the mail it was given by, when it was: it stands in the receipt and is used up with it.
    ///
    /// # Errors
    /// As [`Review::edit`]; [`StoreError::Stale`] when that mail was settled before.
    pub async fn edit_by(
        &self,
        principal: &Principal,
        id: &BriefId,
        from: &str,
        edits: &[brief::Edit],
        boundary: &Boundary,
        by: Option<&ByMail>,
    ) -> Result<Edited, ReviewError> {
        let (row, review, _) = self.store.review(id).await?;
        let pilot = self.pilot(&row.pilot)?;
        let permit = self.permit_on(principal, Action::BriefEdit, Kind::Brief, &row, pilot)?;
        if let Err(illegal) = review.may_edit(from) {
            return Err(self.told(id, from, illegal).await?.into());
        }
        if let Some((by, until)) = self.held(&row, principal) {
            return Err(ReviewError::Claimed { by: self.name_of(&by).await, until });
        }
        let revision = self.store.revisions(id).await?.into_iter().find(|revision| revision.number == row.revision);
        let revision = revision.ok_or(StoreError::NotFound { what: "revision", id: row.revision.to_string() })?;
        let before = Content::from_json(&revision.content)?;
        let mut content = brief::apply(&before, edits)?;
        let request = self.store.request(&id.request()).await?.request;
        let text = if self.was_masked(id).await? {
            screen(&request.text, boundary).text
        } else {
            Cow::Borrowed(request.text.as_str())
        };
        let known = [
            request.sender_name.as_deref(),
            request.organisation.as_deref(),
            request.subject.as_deref(),
            Some(pilot.owner.as_str()),
        ];
        let known: Vec<&str> = known.into_iter().flatten().collect();
        content.unverified = brief::check_with(&content, &text, &known);
        let changes = brief::diff(&before, &content);
        if changes.is_empty() {
            return Err(ReviewError::NothingChanged);
        }
        let bytes = content.to_bytes();
        let digest = sha256_hex(&bytes);
        let edit = Edit {
            brief: id.clone(),
            version: row.version,
            number: row.revision + 1,
            digest: digest.clone(),
            from: from.to_owned(),
            content: bytes,
            changed: changes.iter().map(|change| change.path.clone()).collect(),
            score: u32::from(content.priority.score.get()),
            risk: content.risk.level.as_str().to_owned(),
            person: principal.user.clone(),
            by_mail: by.cloned(),
            belongs: belongs(&row),
            permit,
            at: self.clock.now(),
        };
        self.store.edit(edit).await?;
        Ok(Edited { revision: row.revision + 1, digest, changes, content })
    }

    /// Whether the generator saw the text with its masks: what screening left, or the person who released it.
    async fn was_masked(&self, id: &BriefId) -> Result<bool, ReviewError> {
        let steps = self.store.steps(&id.request().run()).await?;
        let masked = |output: &str| serde_json::from_str::<serde_json::Value>(output).ok()?.get("masked")?.as_bool();
        Ok(steps.iter().filter_map(|step| masked(step.output.as_deref()?)).next_back().unwrap_or(true))
    }
}
