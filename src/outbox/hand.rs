//! What people do with letters: saying what became of one of which nobody knew, and sending again one that did not go. Own file because it
//! works without a mail server: the command line uses it on the store alone. INVARIANT: a letter is ruled upon by a person with a permit,
//! and leaves a receipt; it goes out under the identifier it always had, so that whoever did get it sees one letter.

use crate::clock::Clock;
use crate::domain::id::{LetterId, PermitId};
use crate::policy::{Action, Ask, Denied, Policies, Principal, Resource};
use crate::store::{LetterRow, RuleLetter, Ruling, Store, StoreError};
use std::sync::Arc;

/// Why something about a letter was refused; nothing was changed.
#[derive(Debug, thiserror::Error)]
pub enum LetterError {
    /// The policy says no.
    #[error(transparent)]
    Denied(#[from] Denied),
    /// Whom the letter is for cannot be written to.
    #[error("`{name}` cannot be written to: {why}; see `opspilot user list` (OP-2724)")]
    Unreachable {
        /// Who.
        name: String,
        /// Why not.
        why: &'static str,
    },
    /// The store.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Letters, for people. Cheap to clone.
#[derive(Clone)]
pub struct Letters {
    store: Store,
    policies: Policies,
    clock: Arc<dyn Clock>,
}

/// What a letter is to a policy: a thing of its pilot; of the whole house when it is of none.
#[must_use]
pub fn resource_of(letter: &LetterRow) -> Resource {
    if letter.pilot.is_empty() { Resource::system() } else { Resource::pilot(&letter.pilot, &letter.tenant) }
}

impl Letters {
    /// Over a store and its policies.
    #[must_use]
    pub fn new(store: Store, policies: Policies, clock: Arc<dyn Clock>) -> Self {
        Self { store, policies, clock }
    }

    /// Says what became of an uncertain letter. One that did not go is sent again; how it stands now.
    ///
    /// # Errors
    /// [`LetterError::Denied`]; [`LetterError::Unreachable`]; [`StoreError::NotFound`]; [`StoreError::Conflict`] when it is not uncertain.
    pub async fn settle(&self, principal: &Principal, id: &LetterId, went: bool) -> Result<LetterRow, LetterError> {
        let ruling = if went { Ruling::Went } else { Ruling::DidNotGo };
        self.rule(principal, id, Action::LetterSettle, ruling).await
    }

    /// Sends again a letter that was refused, came back, or went beyond a limit; how it stands now.
    ///
    /// # Errors
    /// As [`Letters::settle`].
    pub async fn resend(&self, principal: &Principal, id: &LetterId) -> Result<LetterRow, LetterError> {
        self.rule(principal, id, Action::LetterResend, Ruling::Again).await
    }

    async fn rule(
        &self,
        principal: &Principal,
        id: &LetterId,
        action: Action,
        ruling: Ruling,
    ) -> Result<LetterRow, LetterError> {
        let letter = self.store.letter(id).await?;
        let resource = resource_of(&letter);
        let permit = PermitId::new(self.clock.now(), self.store.chance()).to_string();
        let permit = self.policies.permit(&Ask { principal, action, resource: &resource }, permit)?;
        let address = if ruling == Ruling::Went { letter.address } else { self.address(&letter).await? };
        let (person, at) = (principal.user.clone(), self.clock.now());
        self.store.rule_letter(RuleLetter { id: id.clone(), ruling, address, person, permit, at }).await?;
        Ok(self.store.letter(id).await?)
    }

    /// Where the person is written to today: what was wrong with the address may have been put right.
    async fn address(&self, letter: &LetterRow) -> Result<String, LetterError> {
        let person = self.store.person(&letter.person).await?;
        let unreachable = |why| LetterError::Unreachable { name: person.name.clone(), why };
        if person.disabled {
            return Err(unreachable("the account is disabled"));
        }
        person.email().map(str::to_owned).ok_or_else(|| unreachable("no mail address is known"))
    }
}
