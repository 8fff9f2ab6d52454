//! The gate, asked with what is on file now: rules, flags, pauses, approvals, policy, and the plan made anew. Own file because a write is let go
//! here and nowhere else. INVARIANT: whatever cannot be read or does not answer shuts the gate.

use super::Writeback;
use super::figures::unproven;
use crate::domain::id::PermitId;
use crate::domain::pilot::Pilot;
use crate::domain::writeback::{Asked, Cleared, Facts, Obstacle, clear, obstacles};
use crate::plan::{Gathered, Plan, changes};
use crate::policy::{Action, Ask, Kind, Principal, Resource};
use crate::store::{BriefRow, StoreError, WriteRow};

/// Why the gate is shut.
#[derive(Debug)]
pub(super) struct Shut {
    pub(super) code: String,
    pub(super) message: String,
}

impl Shut {
    fn new(code: &str, message: impl Into<String>) -> Self {
        Self { code: code.to_owned(), message: message.into() }
    }

    fn of(found: &[Obstacle]) -> Self {
        let code = found.first().map_or("OP-7609", |obstacle| obstacle.code);
        let words: Vec<String> =
            found.iter().map(|obstacle| format!("{} ({})", obstacle.message, obstacle.code)).collect();
        Self::new(code, words.join("; "))
    }
}

impl Writeback {
    /// Leave to send a write, or why not.
    pub(super) async fn cleared(&self, row: &WriteRow) -> Result<Result<Cleared, Shut>, StoreError> {
        let Some(pilot) = self.parts().pilots.get(&row.pilot) else {
            return Ok(Err(Shut::new("OP-4011", format!("the pilot `{}` is not in the configuration", row.pilot))));
        };
        let Some(force) = self.parts().store.writeback(&row.brief).await? else {
            return Ok(Err(Shut::new("OP-7609", "no plan of the brief is in force")));
        };
        let approved: Option<Plan> = serde_json::from_slice(&force.content).ok();
        let Some(gathered) = self.gathered(pilot, &row.brief, approved.as_ref()).await? else {
            return Ok(Err(Shut::new("OP-4011", "the pilot has no data boundary")));
        };
        // What a person saw is what is sent: made anew from everything as it stands now, it must be the same to the byte.
        if force.plan != row.plan || gathered.plan.hash() != row.plan {
            let told = approved.map(|approved| changes(&approved, &gathered.plan)).unwrap_or_default();
            let told = if told.is_empty() { vec!["another plan was approved since".to_owned()] } else { told };
            let message = format!("it is no longer what was approved: {}; approve it anew", told.join("; "));
            return Ok(Err(Shut::new("OP-7612", message)));
        }
        let item = gathered.plan.items.iter().find(|item| item.write.key == row.write.key && item.sink == row.sink);
        if item.is_none_or(|item| item.write != row.write || item.digest != row.write.call.digest()) {
            return Ok(Err(Shut::new("OP-7612", "the stored request is not the one that was approved")));
        }
        let standing = self.parts().store.standing(&row.pilot).await?;
        let unproven =
            if row.write.kind.leaves_the_house() { self.unproven(pilot, &standing).await? } else { Vec::new() };
        let asked = Asked {
            sink: &row.sink,
            kind: row.write.kind,
            suffix: row.request.suffix(),
            digest: &gathered.brief.digest,
            plan: &row.plan,
            planted: gathered.brief.planted,
        };
        let facts = Facts { terms: &pilot.terms, standing: &standing, unproven: &unproven, now: self.now() };
        let approved = gathered.review.approved_with(pilot.rules, &row.plan, &gathered.shown);
        let cleared = match clear(&asked, &facts, approved.as_ref()) {
            Ok(cleared) => cleared,
            Err(found) => return Ok(Err(Shut::of(&found))),
        };
        // The policy, for everybody who approved: whoever may not any more, takes their approval with them.
        for person in cleared.by() {
            let principal = match (self.parts().who)(person.clone()).await {
                Ok(principal) => principal,
                Err(StoreError::NotFound { .. }) => {
                    return Ok(Err(Shut::new("OP-5001", format!("`{person}`, who approved it, is nobody any more"))));
                }
                Err(cause) => return Err(cause),
            };
            if let Err(why) = self.may_send(&principal, &gathered.brief, pilot) {
                return Ok(Err(Shut::new("OP-5001", why)));
            }
        }
        Ok(Ok(cleared))
    }

    /// Whether the policy lets what this person approved go out.
    pub(super) fn may_send(&self, principal: &Principal, brief: &BriefRow, pilot: &Pilot) -> Result<(), String> {
        let resource = resource(principal, brief, pilot);
        let id = PermitId::new(self.now(), self.parts().store.chance()).to_string();
        let ask = Ask { principal, action: Action::WritebackSend, resource: &resource };
        self.parts().policies.permit(&ask, id).map(|_| ()).map_err(|denied| denied.to_string())
    }

    /// What stands in the way of each write of a plan, its approval apart.
    pub(super) async fn in_the_way(
        &self,
        pilot: &Pilot,
        gathered: &Gathered,
    ) -> Result<Vec<Vec<Obstacle>>, StoreError> {
        let standing = self.parts().store.standing(&pilot.name).await?;
        let leaves = gathered.plan.items.iter().any(|item| item.write.kind.leaves_the_house());
        let unproven = if leaves { self.unproven(pilot, &standing).await? } else { Vec::new() };
        let facts = Facts { terms: &pilot.terms, standing: &standing, unproven: &unproven, now: self.now() };
        let (request, hash) = (gathered.brief.id.request(), gathered.plan.hash());
        let found = |item: &crate::plan::Item| {
            let asked = Asked {
                sink: &item.sink,
                kind: item.write.kind,
                suffix: request.suffix(),
                digest: &gathered.brief.digest,
                plan: &hash,
                planted: gathered.brief.planted,
            };
            obstacles(&asked, &facts)
        };
        Ok(gathered.plan.items.iter().map(found).collect())
    }

    async fn unproven(
        &self,
        pilot: &Pilot,
        standing: &crate::domain::writeback::Standing,
    ) -> Result<Vec<Obstacle>, StoreError> {
        unproven(&self.parts().store, pilot, standing, self.now()).await
    }
}

/// A brief as the policy sees it: named reviewers by identifier, as far as this one is among them.
pub(super) fn resource(principal: &Principal, brief: &BriefRow, pilot: &Pilot) -> Resource {
    let mut resource = Resource::within(Kind::Review, brief.id.as_str(), &brief.tenant, &brief.pilot);
    resource.submitter.clone_from(&brief.submitter);
    resource.forbid_self_review = pilot.forbid_self_review;
    resource.reviewers =
        pilot.reviewers.iter().filter(|name| **name == principal.name).map(|_| principal.user.clone()).collect();
    resource
}
