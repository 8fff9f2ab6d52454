//! What people do with plans: look at one, approve one, have a write taken back. Own file because these need the sinks; what needs the store
//! alone stands in `hand`. INVARIANT: an approval names the hash of what the person was shown and binds to nothing else; taking back is asked
//! for by a named person, goes the same journalled way, and shows its exact request first; where that reaches people outside, it is asked for
//! by the hash of what was shown.

use super::Writeback;
use super::gate::resource;
use crate::domain::id::{BriefId, PermitId, WriteId};
use crate::domain::pilot::Pilot;
use crate::domain::review::ReviewState;
use crate::domain::writeback::{Obstacle, WriteState};
use crate::plan::{Gathered, Plan, Unkeepable, changes};
use crate::policy::{Action, Ask, Denied, Principal, Resource};
use crate::store::{ApprovePlan, Belongs, PlanApproval, QueueWrites, StoreError, UndoWrite, WriteRow, WritebackRow};
use opspilot_sdk::{ActionKind, Planned, Write, sha256_hex};
use serde_json::{Value, json};

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
    /// Another write has the key of one of these, and must end first.
    #[error(
        "not everything of this plan would be carried out: `{id}` stands in its way and is {state}; {remedy} (OP-7619)"
    )]
    Taken {
        /// Which.
        id: WriteId,
        /// Where it stands.
        state: WriteState,
        /// What to do.
        remedy: String,
    },
    /// What was shown cannot be kept.
    #[error(transparent)]
    Unkeepable(#[from] Unkeepable),
    /// Taking it back reaches people outside, and nobody has named the request that does.
    #[error(
        "taking `{id}` back sends a {kind} to somebody outside, and {why}; see it with `opspilot writeback undo {id} --dry-run`, then name \
         its hash with `--plan` (OP-7627)"
    )]
    Unseen {
        /// Which.
        id: WriteId,
        /// What is sent.
        kind: ActionKind,
        /// What is wrong with the hash that was named.
        why: &'static str,
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

/// What came of approving a plan.
#[derive(Debug)]
pub struct Agreed {
    /// How many different people have approved exactly this, and how many must.
    pub approvals: (u32, u32),
    /// What keeps its writes back as things stand now.
    pub hindered: Vec<Hindered>,
}

/// A write of a plan that would not be sent as things stand now.
#[derive(Debug, serde::Serialize)]
pub struct Hindered {
    /// The sink.
    pub sink: String,
    /// What.
    pub kind: ActionKind,
    /// The record; empty for a sink that has none.
    pub record: String,
    /// What stands in the way.
    pub obstacles: Vec<Obstacle>,
}

/// What taking back one write would send, or did ask for.
#[derive(Debug)]
pub struct Undo {
    /// The write.
    pub of: WriteId,
    /// What kind of thing it is.
    pub kind: ActionKind,
    /// The exact request.
    pub planned: Planned,
    /// What names this request: lowercase hex SHA-256 over the write, its call and what must be seen afterwards.
    pub hash: String,
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

    /// Approves the plan of a brief that is approved already.
    ///
    /// # Errors
    /// [`ActError::Moved`] when it is no longer the plan with that hash; [`ActError::NotApproved`]; [`ActError::Nothing`]; [`ActError::Taken`]
    /// when not everything of it would be carried out; [`StoreError::Conflict`] when this person approved it before and all of it stands.
    pub async fn approve(&self, principal: &Principal, brief: &BriefId, hash: &str) -> Result<Agreed, ActError> {
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
        let queue = if have >= need { Some(self.queue(pilot, &gathered.plan)?) } else { None };
        let hindered = hindered(&gathered.plan, self.in_the_way(pilot, &gathered).await?);
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
        if let PlanApproval::Taken { by, undoing } = self.parts().store.approve_plan(approve).await? {
            let remedy = makes_way(&by, undoing);
            return Err(ActError::Taken { id: by.id, state: by.state, remedy });
        }
        self.nudge();
        Ok(Agreed { approvals: (have, need), hindered })
    }

    /// What keeps the writes of a brief's plan back as things stand now: said to whoever has just approved it.
    ///
    /// # Errors
    /// [`ActError::NoPilot`]; [`StoreError::NotFound`].
    pub async fn hindered(&self, brief: &BriefId) -> Result<Vec<Hindered>, ActError> {
        let (pilot, gathered) = self.of_brief(brief).await?;
        Ok(hindered(&gathered.plan, self.in_the_way(pilot, &gathered).await?))
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

    /// Asks for a write to be taken back. `force`: also when the record is not as the write left it. `hash` is [`Undo::hash`] of what the
    /// person was shown: it may be left out where nothing reaches people outside.
    ///
    /// # Errors
    /// [`ActError::NotWritten`]; [`ActError::NoWayBack`]; [`ActError::Unseen`]; [`StoreError::Conflict`] when it is being taken back already.
    pub async fn undo(
        &self,
        principal: &Principal,
        id: &WriteId,
        force: bool,
        hash: Option<&str>,
    ) -> Result<Undo, ActError> {
        let row = self.parts().store.write(id).await?;
        let pilot = self.of_pilot(&row.pilot)?;
        let permit = self.permit(principal, Action::WritebackUndo, &self.about_pilot(principal, pilot))?;
        let undo = self.way_back(&row)?;
        let unseen = |why| Err(ActError::Unseen { id: id.clone(), kind: undo.kind, why });
        match hash {
            Some(hash) if hash != undo.hash => return unseen("the request is not the one that you named"),
            None if undo.kind.leaves_the_house() => return unseen("you have not named the request that does it"),
            _ => {}
        }
        let Undo { of, planned, .. } = &undo;
        let new = WriteId::new(self.now(), self.parts().store.chance());
        let write = Write {
            kind: row.write.kind,
            key: row.write.key.clone(),
            record: row.write.record.clone(),
            call: planned.call.clone(),
            expect: planned.expect.clone(),
        };
        let ask = UndoWrite {
            id: new.clone(),
            of: of.clone(),
            write,
            forced: force,
            person: principal.user.clone(),
            permit,
            at: self.now(),
        };
        self.parts().store.undo_write(ask).await?;
        self.nudge();
        Ok(Undo { id: Some(new), ..undo })
    }

    pub(super) fn way_back(&self, row: &WriteRow) -> Result<Undo, ActError> {
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
        let shown = json!(["opspilot.undo/1", row.id, planned.call.digest(), planned.expect]);
        let hash = sha256_hex(shown.to_string().as_bytes());
        Ok(Undo { of: row.id.clone(), kind: row.write.kind, planned, hash, id: None })
    }

    /// The writes of a plan as they are queued, after the window for second thoughts.
    fn queue(&self, pilot: &Pilot, plan: &Plan) -> Result<QueueWrites, Unkeepable> {
        let at = self.now();
        plan.queue(&self.parts().planner, at, at + pilot.undo_window, || self.parts().store.chance())
    }

    pub(super) async fn gathered(
        &self,
        pilot: &Pilot,
        brief: &BriefId,
        again: Option<&Plan>,
    ) -> Result<Option<Gathered>, StoreError> {
        let Some(boundary) = self.parts().boundaries.get(&pilot.name) else { return Ok(None) };
        self.parts().planner.gather(&self.parts().store, pilot, boundary, brief, again).await.map(Some)
    }

    async fn of_brief(&self, brief: &BriefId) -> Result<(&Pilot, Gathered), ActError> {
        let row = self.parts().store.brief(brief).await?;
        let pilot = self.of_pilot(&row.pilot)?;
        let gathered = self.gathered(pilot, brief, None).await?;
        gathered.map(|gathered| (pilot, gathered)).ok_or(ActError::NoPilot { pilot: row.pilot })
    }

    pub(super) fn of_pilot(&self, name: &str) -> Result<&Pilot, ActError> {
        self.parts().pilots.get(name).ok_or_else(|| ActError::NoPilot { pilot: name.to_owned() })
    }

    pub(super) fn about_pilot(&self, principal: &Principal, pilot: &Pilot) -> Resource {
        let mut about = Resource::pilot(&pilot.name, &pilot.tenant);
        about.reviewers =
            pilot.reviewers.iter().filter(|name| **name == principal.name).map(|_| principal.user.clone()).collect();
        about
    }

    pub(super) fn ask(&self, principal: &Principal, action: Action, resource: &Resource) -> Result<(), Denied> {
        self.permit(principal, action, resource).map(|_| ())
    }

    pub(super) fn permit(
        &self,
        principal: &Principal,
        action: Action,
        resource: &Resource,
    ) -> Result<crate::policy::Permit, Denied> {
        let id = PermitId::new(self.now(), self.parts().store.chance()).to_string();
        self.parts().policies.permit(&Ask { principal, action, resource }, id)
    }
}

fn hindered(plan: &Plan, obstacles: Vec<Vec<Obstacle>>) -> Vec<Hindered> {
    let items = plan.items.iter().zip(obstacles).filter(|(_, obstacles)| !obstacles.is_empty());
    items
        .map(|(item, obstacles)| Hindered {
            sink: item.sink.clone(),
            kind: item.write.kind,
            record: item.write.record.clone(),
            obstacles,
        })
        .collect()
}

/// What a person does so that a write makes way for the plan that they want.
fn makes_way(by: &WriteRow, undoing: bool) -> String {
    let id = &by.id;
    match by.state {
        WriteState::Undone => "it was taken back meanwhile; read the plan again, and approve that".to_owned(),
        WriteState::Written if undoing => {
            format!("it is being taken back; approve when that is done (`opspilot writeback show {id}`)")
        }
        WriteState::Written => {
            let record = &by.write.record;
            let record = if record.is_empty() { String::new() } else { format!(" to record `{record}`") };
            format!("it was carried out otherwise{record}; take it back first with `opspilot writeback undo {id}`")
        }
        WriteState::Uncertain => {
            format!("nobody knows whether it was done; settle it first with `opspilot writeback settle {id}`")
        }
        WriteState::Blocked | WriteState::Refused => {
            format!("it may have been sent; have it looked for first with `opspilot writeback retry {id}`")
        }
        _ => format!("it is on its way; approve when it has ended (`opspilot writeback show {id}`)"),
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
