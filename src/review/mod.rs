//! Review: the functions behind every face by which people act on requests, briefs and runs. Web, command line and, later, mail call
//! these and nothing beneath them. INVARIANT: each asks the policy, acts on what was read, and is refused when that has moved on.

mod decide;
mod edit;
mod erase;
mod error;
mod hold;
mod queue;
mod reveal;
mod runs;
mod seen;

pub use decide::{Check, Decided};
pub use edit::Edited;
pub use error::ReviewError;
pub use queue::{BANDS, NotAFilter, Part, Queue, RISKS, WAITING, Waiting, Wanted, band, listed, queue, unsearched};
pub use reveal::{MAX_REVEALED, Revealed};
pub use seen::{Particulars, Seen, attached};

use crate::clock::Clock;
use crate::domain::id::{BriefId, PermitId};
use crate::domain::pilot::{Pilot, Pilots};
use crate::domain::review::Illegal;
use crate::plan::Planner;
use crate::policy::{Action, Ask, Code, Kind, Permit, Policies, Principal, Resource};
use crate::screen::Boundary;
use crate::store::{Belongs, BriefRow, Store, StoreError};
use std::collections::BTreeMap;
use std::sync::Arc;

/// How much of a digest that names nothing is said back, in characters: as much as a digest has.
const MAX_NAMED: usize = 64;

/// The review room. Cheap to clone.
#[derive(Clone)]
pub struct Review {
    store: Store,
    policies: Policies,
    pilots: Pilots,
    clock: Arc<dyn Clock>,
    planning: Option<Planning>,
}

/// What an approval needs to bind to a plan of writes.
#[derive(Clone)]
struct Planning {
    planner: Planner,
    boundaries: Arc<BTreeMap<String, Boundary>>,
}

impl Review {
    /// Over a store, its policies and the pilots' rules.
    #[must_use]
    pub fn new(store: Store, policies: Policies, pilots: Pilots, clock: Arc<dyn Clock>) -> Self {
        Self { store, policies, pilots, clock, planning: None }
    }

    /// With plans, so that an approval can name one.
    #[must_use]
    pub fn with_plans(self, planner: Planner, boundaries: Arc<BTreeMap<String, Boundary>>) -> Self {
        Self { planning: Some(Planning { planner, boundaries }), ..self }
    }

    fn pilot(&self, name: &str) -> Result<&Pilot, ReviewError> {
        self.pilots.get(name).ok_or_else(|| ReviewError::NoPilot { pilot: name.to_owned() })
    }

    fn permit(&self, principal: &Principal, action: Action, resource: &Resource) -> Result<Permit, ReviewError> {
        let id = PermitId::new(self.clock.now(), self.store.chance());
        Ok(self.policies.permit(&Ask { principal, action, resource }, id.to_string())?)
    }

    /// Whether the policy would let somebody do something to a brief as it stands: for showing what can be done. Nothing is put on record.
    ///
    /// # Errors
    /// [`ReviewError::Denied`]; [`ReviewError::NoPilot`].
    pub fn may(&self, principal: &Principal, action: Action, brief: &BriefRow) -> Result<(), ReviewError> {
        let kind = if action == Action::BriefEdit { Kind::Brief } else { Kind::Review };
        self.permit_on(principal, action, kind, brief, self.pilot(&brief.pilot)?).map(|_| ())
    }

    /// Asks the policy on a brief.
    fn permit_on(
        &self,
        principal: &Principal,
        action: Action,
        kind: Kind,
        brief: &BriefRow,
        pilot: &Pilot,
    ) -> Result<Permit, ReviewError> {
        let mut resource = Resource::within(kind, brief.id.as_str(), &brief.tenant, &brief.pilot);
        resource.submitter = brief.submitter.clone();
        resource.forbid_self_review = pilot.forbid_self_review;
        let now = self.clock.now();
        resource.claimed_by = brief.claim.as_ref().filter(|(_, until)| *until > now).map(|(by, _)| by.clone());
        // Reviewers are named in the configuration; the policy compares identifiers.
        resource.reviewers =
            pilot.reviewers.iter().filter(|name| **name == principal.name).map(|_| principal.user.clone()).collect();
        let mut seen = Resource::within(Kind::Brief, brief.id.as_str(), &brief.tenant, &brief.pilot);
        seen.submitter.clone_from(&brief.submitter);
        self.permit_seeing(principal, action, &resource, (Action::BriefRead, &seen), "brief")
    }

    /// Asks the policy on a thing. Whoever may not even see it, whatever token they use, hears what they would hear if it were not there.
    fn permit_seeing(
        &self,
        principal: &Principal,
        action: Action,
        resource: &Resource,
        (look, seen): (Action, &Resource),
        what: &'static str,
    ) -> Result<Permit, ReviewError> {
        let denied = match self.permit(principal, action, resource) {
            Err(ReviewError::Denied(denied)) if denied.code() == Code::Denied => denied,
            outcome => return outcome,
        };
        let person = Principal { token_scopes: None, ..principal.clone() };
        match self.permit(&person, look, seen) {
            Err(ReviewError::Denied(blind)) if blind.code() == Code::Denied => {
                Err(StoreError::NotFound { what, id: seen.id.clone() }.into())
            }
            _ => Err(denied.into()),
        }
    }
}

impl Review {
    /// The same refusal in the right words: a brief has moved on from a revision that it had, never from one that nobody made.
    async fn told(&self, brief: &BriefId, named: &str, illegal: Illegal) -> Result<Illegal, StoreError> {
        let Illegal::Moved { revision, digest } = illegal else { return Ok(illegal) };
        if self.store.revisions(brief).await?.iter().any(|revision| revision.digest == named) {
            return Ok(Illegal::Moved { revision, digest });
        }
        let given = named.chars().take(MAX_NAMED).collect();
        Ok(Illegal::NoRevision { given, revision, digest })
    }
}

fn belongs(brief: &BriefRow) -> Belongs {
    Belongs { tenant: brief.tenant.clone(), pilot: brief.pilot.clone() }
}
