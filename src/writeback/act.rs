//! What people do with plans: look at one, approve one, have a write taken back. Own file because these need the sinks; what needs the store
//! alone stands in `hand`. INVARIANT: an approval names the hash of what the person was shown and binds to nothing else; taking back is asked
//! for by a named person, goes the same journalled way, and shows its exact request first.

use super::Writeback;
use super::gate::resource;
use crate::domain::id::{BriefId, PermitId, WriteId};
use crate::domain::pilot::Pilot;
use crate::domain::review::ReviewState;
use crate::domain::writeback::{Obstacle, WriteState};
use crate::plan::{Gathered, Plan, changes};
use crate::policy::{Action, Ask, Denied, Principal, Resource};
use crate::store::{ApprovePlan, Belongs, QueueWrites, StoreError, UndoWrite, WriteFilter, WriteRow, WritebackRow};
use opspilot_sdk::{Planned, Write};
use serde_json::Value;

/// Why something about a plan was refused; nothing was changed.
#[derive(Debug, thiserror::Error)]
pub enum ActError {
    /// The policy says no.
    #[error(transparent)]
    Denied(#[from] Denied),
    /// The pilot is no longer configured.
    #[error("the pilot `{pilot}` is not in the configuration; add it, then try again (OP-4011)")]
    NoPilot {
        /// Which.
        pilot: String,
    },
    /// The plan is not the one that was shown.
    #[error(
        "the plan is not the one you were shown{told}; read it again with `opspilot writeback plan`, then approve `{now}` (OP-7612)"
    )]
    Moved {
        /// Hash of the plan as it is now.
        now: String,
        /// What changed, as far as it is known.
        told: String,
    },
    /// Nothing would be written.
    #[error("nothing would be written for this brief: {why} (OP-7613)")]
    Nothing {
        /// Why.
        why: String,
    },
    /// The brief must be approved first.
    #[error("the brief is {state}; a plan is approved together with the brief, or after it was approved (OP-7614)")]
    NotApproved {
        /// Where it stands.
        state: ReviewState,
    },
    /// A write that cannot be taken back.
    #[error("`{id}` is {state}; only what is written can be taken back (OP-7615)")]
    NotWritten {
        /// Which.
        id: WriteId,
        /// Where it stands.
        state: WriteState,
    },
    /// The far side has no way back.
    #[error("`{id}` cannot be taken back by the program: {why} (OP-7616)")]
    NoWayBack {
        /// Which.
        id: WriteId,
        /// Why, and what a person can do.
        why: String,
    },
    /// The store.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// A plan as a person is shown it.
#[derive(Debug)]
pub struct Shown {
    /// What would be written, as things stand now.
    pub plan: Plan,
    /// What an approval names; `None`: nothing would be written.
    pub hash: Option<String>,
    /// What stands in the way of each write, its approval apart, in their order.
    pub obstacles: Vec<Vec<Obstacle>>,
    /// How many different people have approved exactly this, and how many must.
    pub approvals: (u32, u32),
    /// The plan that is in force, and what changed since.
    pub in_force: Option<(WritebackRow, Vec<String>)>,
}

/// What taking back one write would send, or did ask for.
#[derive(Debug)]
pub struct Undo {
    /// The write.
    pub of: WriteId,
    /// The exact request.
    pub planned: Planned,
    /// The write that takes it back, once it is asked for.
    pub id: Option<WriteId>,
}

impl Writeback {
    /// The plan of a brief as it stands. Changes nothing and connects to nothing.
    ///
    /// # Errors
    /// [`ActError::Denied`]; [`ActError::NoPilot`]; [`StoreError::NotFound`].
    pub async fn plan(&self, principal: &Principal, brief: &BriefId) -> Result<Shown, ActError> {
        let (pilot, gathered) = self.of_brief(brief).await?;
        let mut about = resource(principal, &gathered.brief, pilot);
        about.kind = crate::policy::Kind::Brief;
        self.ask(principal, Action::WritebackRead, &about)?;
        let obstacles = self.in_the_way(pilot, &gathered).await?;
        let hash = gathered.plan.hash();
        let have = gathered.review.shown(&hash, &gathered.shown).len();
        let in_force = self.parts().store.writeback(brief).await?.map(|force| {
            let approved = serde_json::from_slice::<Plan>(&force.content);
            let told = approved.map(|approved| changes(&approved, &gathered.plan)).unwrap_or_default();
            (force, told)
        });
        Ok(Shown {
            hash: (!gathered.plan.is_empty()).then_some(hash),
            plan: gathered.plan,
            obstacles,
            approvals: (u32::try_from(have).unwrap_or(u32::MAX), pilot.rules.approvals.max(1)),
            in_force,
        })
    }

    /// Approves the plan of a brief that is approved already; how many different people have now, and how many must.
    ///
    /// # Errors
    /// [`ActError::Moved`] when it is no longer the plan with that hash; [`ActError::NotApproved`]; [`ActError::Nothing`];
    /// [`StoreError::Conflict`] when this person approved it before.
    pub async fn approve(&self, principal: &Principal, brief: &BriefId, hash: &str) -> Result<(u32, u32), ActError> {
        let (pilot, gathered) = self.of_brief(brief).await?;
        let about = resource(principal, &gathered.brief, pilot);
        self.ask(principal, Action::WritebackSend, &about)?;
        let permit = self.permit(principal, Action::WritebackApprove, &about)?;
        if gathered.brief.state != ReviewState::Approved {
            return Err(ActError::NotApproved { state: gathered.brief.state });
        }
        let now = gathered.plan.hash();
        if gathered.plan.is_empty() {
            let why = gathered
                .plan
                .left_out
                .first()
                .map_or_else(|| "no rule applies".to_owned(), |left| left.message.clone());
            return Err(ActError::Nothing { why });
        }
        if now != hash {
            let force = self.parts().store.writeback(brief).await?.filter(|force| force.plan == hash);
            let approved = force.and_then(|force| serde_json::from_slice::<Plan>(&force.content).ok());
            let told = approved.map(|approved| changes(&approved, &gathered.plan).join("; ")).unwrap_or_default();
            let told = if told.is_empty() { told } else { format!(": {told}") };
            return Err(ActError::Moved { now, told });
        }
        let mut by = gathered.review.shown(hash, &gathered.shown);
        if !by.contains(&principal.user) {
            by.push(principal.user.clone());
        }
        let need = pilot.rules.approvals.max(1);
        let have = u32::try_from(by.len()).unwrap_or(u32::MAX);
        let at = self.now();
        let queue = (have >= need).then(|| self.queue(pilot, &gathered.plan));
        let decision = gathered.decisions.iter().rfind(|made| made.verdict == "approve").map(|made| made.id.clone());
        let approve = ApprovePlan {
            brief: brief.clone(),
            version: gathered.brief.version,
            digest: gathered.brief.digest.clone(),
            plan: hash.to_owned(),
            decision: decision.unwrap_or_default(),
            person: principal.user.clone(),
            belongs: Belongs { tenant: gathered.brief.tenant.clone(), pilot: gathered.brief.pilot.clone() },
            permit,
            queue,
            at,
        };
        self.parts().store.approve_plan(approve).await?;
        self.nudge();
        Ok((have, need))
    }

    /// What taking a write back would send.
    ///
    /// # Errors
    /// [`ActError::NotWritten`]; [`ActError::NoWayBack`].
    pub async fn undo_plan(&self, principal: &Principal, id: &WriteId) -> Result<Undo, ActError> {
        let row = self.parts().store.write(id).await?;
        let pilot = self.of_pilot(&row.pilot)?;
        self.ask(principal, Action::WritebackUndo, &self.about_pilot(principal, pilot))?;
        self.way_back(&row)
    }

    /// Asks for a write to be taken back. `force`: also when the record is not as the write left it.
    ///
    /// # Errors
    /// [`ActError::NotWritten`]; [`ActError::NoWayBack`]; [`StoreError::Conflict`] when it is being taken back already.
    pub async fn undo(&self, principal: &Principal, id: &WriteId, force: bool) -> Result<Undo, ActError> {
        let row = self.parts().store.write(id).await?;
        let pilot = self.of_pilot(&row.pilot)?;
        let permit = self.permit(principal, Action::WritebackUndo, &self.about_pilot(principal, pilot))?;
        let Undo { of, planned, .. } = self.way_back(&row)?;
        let new = WriteId::new(self.now(), self.parts().store.chance());
        let write = Write {
            kind: row.write.kind,
            key: row.write.key.clone(),
            record: row.write.record.clone(),
            call: planned.call.clone(),
            expect: planned.expect.clone(),
        };
        let undo = UndoWrite {
            id: new.clone(),
            of: of.clone(),
            write,
            forced: force,
            person: principal.user.clone(),
            permit,
            at: self.now(),
        };
        self.parts().store.undo_write(undo).await?;
        self.nudge();
        Ok(Undo { of, planned, id: Some(new) })
    }

    /// Asks for everything that a pilot wrote to be taken back, the last first; each write with what came of the asking.
    ///
    /// # Errors
    /// [`ActError::Denied`]; [`StoreError::Unavailable`]. What cannot be taken back is told in the list.
    pub async fn undo_pilot(
        &self,
        principal: &Principal,
        pilot: &str,
    ) -> Result<Vec<(WriteId, Result<Undo, ActError>)>, ActError> {
        let known = self.of_pilot(pilot)?;
        self.ask(principal, Action::WritebackUndo, &self.about_pilot(principal, known))?;
        let mut told = Vec::new();
        let mut after = None;
        loop {
            let filter = WriteFilter {
                pilot: Some(pilot.to_owned()),
                state: Some(WriteState::Written),
                after: after.clone(),
                limit: 100,
                ..WriteFilter::default()
            };
            let page = self.parts().store.writes(&filter).await?;
            after = page.items.last().map(|row| row.id.to_string());
            for row in page.items.iter().filter(|row| row.undo_of.is_none()) {
                let undone = self.undo(principal, &row.id, false).await;
                told.push((row.id.clone(), undone));
            }
            if after.is_none() || page.next.is_none() {
                return Ok(told);
            }
        }
    }

    fn way_back(&self, row: &WriteRow) -> Result<Undo, ActError> {
        if row.state != WriteState::Written || row.undo_of.is_some() {
            return Err(ActError::NotWritten { id: row.id.clone(), state: row.state });
        }
        let no_way = |why: String| ActError::NoWayBack { id: row.id.clone(), why };
        let sink = match self.parts().planner.sink(&row.sink) {
            Some(Ok(sink)) => sink,
            Some(Err(why)) => return Err(no_way(format!("its sink cannot be used: {why}"))),
            None => return Err(no_way("its sink is no longer configured".to_owned())),
        };
        let before = row.before.as_ref().filter(|before| !before.is_null());
        let planned = sink
            .revert(&row.write, row.far_id.as_deref().unwrap_or_default(), before)
            .map_err(|cause: opspilot_sdk::ConnectorError| no_way(format!("{} ({})", cause.message, cause.code)))?;
        Ok(Undo { of: row.id.clone(), planned, id: None })
    }

    /// The writes of a plan as they are queued, after the window for second thoughts.
    fn queue(&self, pilot: &Pilot, plan: &Plan) -> QueueWrites {
        let at = self.now();
        plan.queue(&self.parts().planner, at, at + pilot.undo_window, || self.parts().store.chance())
    }

    pub(super) async fn gathered(&self, pilot: &Pilot, brief: &BriefId) -> Result<Option<Gathered>, StoreError> {
        let Some(boundary) = self.parts().boundaries.get(&pilot.name) else { return Ok(None) };
        self.parts().planner.gather(&self.parts().store, pilot, boundary, brief).await.map(Some)
    }

    async fn of_brief(&self, brief: &BriefId) -> Result<(&Pilot, Gathered), ActError> {
        let row = self.parts().store.brief(brief).await?;
        let pilot = self.of_pilot(&row.pilot)?;
        let gathered = self.gathered(pilot, brief).await?;
        gathered.map(|gathered| (pilot, gathered)).ok_or(ActError::NoPilot { pilot: row.pilot })
    }

    fn of_pilot(&self, name: &str) -> Result<&Pilot, ActError> {
        self.parts().pilots.get(name).ok_or_else(|| ActError::NoPilot { pilot: name.to_owned() })
    }

    fn about_pilot(&self, principal: &Principal, pilot: &Pilot) -> Resource {
        let mut about = Resource::pilot(&pilot.name, &pilot.tenant);
        about.reviewers =
            pilot.reviewers.iter().filter(|name| **name == principal.name).map(|_| principal.user.clone()).collect();
        about
    }

    fn ask(&self, principal: &Principal, action: Action, resource: &Resource) -> Result<(), Denied> {
        self.permit(principal, action, resource).map(|_| ())
    }

    fn permit(
        &self,
        principal: &Principal,
        action: Action,
        resource: &Resource,
    ) -> Result<crate::policy::Permit, Denied> {
        let id = PermitId::new(self.now(), self.parts().store.chance()).to_string();
        self.parts().policies.permit(&Ask { principal, action, resource }, id)
    }
}

/// What a plan looks like to programs: as it is kept, with its hash and what stands in the way.
#[must_use]
pub fn told(shown: &Shown) -> Value {
    serde_json::json!({
        "hash": shown.hash,
        "brief": shown.plan.brief,
        "revision": shown.plan.digest,
        "writes": shown.plan.items.iter().zip(&shown.obstacles).map(|(item, obstacles)| serde_json::json!({
            "sink": item.sink,
            "kind": item.write.kind,
            "record": item.write.record,
            "key": item.write.key,
            "digest": item.digest,
            "call": item.write.call,
            "expect": item.write.expect,
            "obstacles": obstacles,
        })).collect::<Vec<_>>(),
        "left_out": shown.plan.left_out,
        "approvals": { "have": shown.approvals.0, "need": shown.approvals.1 },
        "in_force": shown.in_force.as_ref().map(|(force, told)| serde_json::json!({
            "hash": force.plan, "at": force.at, "decision": force.decision, "changes": told,
        })),
    })
}
