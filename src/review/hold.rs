//! Claiming a brief: a visible lease, so that two people do not do the same work. It hinders nobody from deciding by right; it tells.

use super::{Review, ReviewError, belongs};
use crate::domain::id::BriefId;
use crate::policy::{Action, Kind, Principal};
use crate::store::{BriefRow, Hold};
use jiff::Timestamp;

impl Review {
    /// Claims a brief for a while, or renews one's own claim; with `takeover`, also from somebody else.
    ///
    /// # Errors
    /// [`ReviewError::Claimed`] when somebody else holds it, [`ReviewError::Denied`].
    pub async fn claim(
        &self,
        principal: &Principal,
        brief: &BriefId,
        takeover: bool,
    ) -> Result<Timestamp, ReviewError> {
        let (row, _, _) = self.store.review(brief).await?;
        let pilot = self.pilot(&row.pilot)?;
        let held = self.held(&row, principal);
        let action = if held.is_some() { Action::ReviewTakeover } else { Action::ReviewClaim };
        if let (Some((by, until)), false) = (&held, takeover) {
            return Err(ReviewError::Claimed { by: self.name_of(by).await, until: *until });
        }
        let permit = self.permit_on(principal, action, Kind::Review, &row, pilot)?;
        let at = self.clock.now();
        let until = at + pilot.claim;
        let claim = Some((principal.user.clone(), until));
        let (version, person, belongs) = (row.version, principal.user.clone(), belongs(&row));
        self.store.hold(Hold { brief: brief.clone(), version, claim, person, belongs, permit, at }).await?;
        Ok(until)
    }

    /// Lets go of one's own claim.
    ///
    /// # Errors
    /// [`ReviewError::Claimed`] when it is somebody else's.
    pub async fn let_go(&self, principal: &Principal, brief: &BriefId) -> Result<(), ReviewError> {
        let (row, _, _) = self.store.review(brief).await?;
        if let Some((by, until)) = self.held(&row, principal) {
            return Err(ReviewError::Claimed { by: self.name_of(&by).await, until });
        }
        let permit = self.permit_on(principal, Action::ReviewClaim, Kind::Review, &row, self.pilot(&row.pilot)?)?;
        let (version, person, belongs, at) = (row.version, principal.user.clone(), belongs(&row), self.clock.now());
        Ok(self.store.hold(Hold { brief: brief.clone(), version, claim: None, person, belongs, permit, at }).await?)
    }

    /// The claim on a brief, when it is in force and somebody else's.
    pub(super) fn held(&self, row: &BriefRow, principal: &Principal) -> Option<(String, Timestamp)> {
        row.claim.clone().filter(|(by, until)| *by != principal.user && *until > self.clock.now())
    }

    pub(super) async fn name_of(&self, user: &str) -> String {
        self.store.person(user).await.map_or_else(|_| user.to_owned(), |person| person.name)
    }
}
