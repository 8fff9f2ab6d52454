//! What people do with limits: saying what a call did cost that nobody counted, and letting a paused generator be asked again. Own file
//! because it needs no generator: the command line uses it on the store alone. INVARIANT: a person with a permit and a reason, and a receipt.

use crate::clock::Clock;
use crate::domain::id::{PermitId, ReservationId};
use crate::domain::money::Micros;
use crate::policy::{Action, Ask, Denied, Permit, Policies, Principal, Resource};
use crate::store::{Paid, ReservationRow, ResumeGenerator, RuleSpend, Store, StoreError};
use std::sync::Arc;

/// Longest reason, in characters.
const LONGEST: usize = 500;

/// Why something about spend was refused; nothing was changed.
#[derive(Debug, thiserror::Error)]
pub enum HandError {
    /// The policy says no.
    #[error(transparent)]
    Denied(#[from] Denied),
    /// No reason, or one that is too long.
    #[error("a reason of 1 to 500 characters is needed: it stands in the receipt (OP-7311)")]
    Reason,
    /// No such generator is configured.
    #[error("there is no generator `{name}` in the configuration; `opspilot limit show` lists them (OP-7310)")]
    Unknown {
        /// As given.
        name: String,
    },
    /// The store.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// A reservation upon which a person ruled.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ruled {
    /// What it cost, by their word.
    pub cost: Micros,
    /// The reservation as it stands now.
    pub reservation: ReservationRow,
}

/// Limits, for people. Cheap to clone.
#[derive(Clone)]
pub struct Hand {
    store: Store,
    policies: Policies,
    clock: Arc<dyn Clock>,
    generators: Arc<[String]>,
}

impl Hand {
    /// Over a store and its policies, with the names of the generators that are configured.
    #[must_use]
    pub fn new(store: Store, policies: Policies, clock: Arc<dyn Clock>, generators: Arc<[String]>) -> Self {
        Self { store, policies, clock, generators }
    }

    /// Says what an unreported or disputed call did cost.
    ///
    /// # Errors
    /// [`HandError::Denied`]; [`HandError::Reason`]; [`StoreError::NotFound`]; [`StoreError::Conflict`] when it is neither.
    pub async fn settle(
        &self,
        principal: &Principal,
        id: &ReservationId,
        paid: Paid,
        reason: &str,
    ) -> Result<Ruled, HandError> {
        let reservation = self.store.reservation(id).await?;
        let resource = resource_of(&reservation);
        let permit = self.permit(principal, Action::SpendSettle, &resource)?;
        let reason = reasoned(reason)?;
        let (person, at) = (principal.user.clone(), self.clock.now());
        let rule = RuleSpend { id: id.clone(), paid, reason, person, permit, at };
        let cost = self.store.rule_spend(rule).await?;
        Ok(Ruled { cost, reservation: self.store.reservation(id).await? })
    }

    /// Lets a generator be asked again that was paused, or whose breaker is open.
    ///
    /// # Errors
    /// [`HandError::Denied`]; [`HandError::Reason`]; [`HandError::Unknown`]; [`StoreError::Conflict`] when there is nothing to resume.
    pub async fn resume(&self, principal: &Principal, generator: &str, reason: &str) -> Result<(), HandError> {
        let permit = self.permit(principal, Action::GeneratorResume, &Resource::system())?;
        if !self.generators.iter().any(|known| known == generator) {
            return Err(HandError::Unknown { name: generator.chars().take(64).collect() });
        }
        let reason = reasoned(reason)?;
        let (person, at) = (principal.user.clone(), self.clock.now());
        let resume = ResumeGenerator { generator: generator.to_owned(), reason, person, permit, at };
        Ok(self.store.resume_generator(resume).await?)
    }

    fn permit(&self, principal: &Principal, action: Action, resource: &Resource) -> Result<Permit, Denied> {
        let id = PermitId::new(self.clock.now(), self.store.chance()).to_string();
        self.policies.permit(&Ask { principal, action, resource }, id)
    }
}

/// What a reservation is to a policy: a thing of its pilot; of the whole house when it is of none.
#[must_use]
pub fn resource_of(reservation: &ReservationRow) -> Resource {
    if reservation.pilot.is_empty() {
        Resource::system()
    } else {
        Resource::pilot(&reservation.pilot, &reservation.tenant)
    }
}

fn reasoned(reason: &str) -> Result<String, HandError> {
    let reason: String = reason.trim().chars().map(|letter| if letter.is_control() { ' ' } else { letter }).collect();
    if reason.is_empty() || reason.chars().count() > LONGEST {
        return Err(HandError::Reason);
    }
    Ok(reason)
}
