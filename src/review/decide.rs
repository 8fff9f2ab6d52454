//! The decision function: the one way by which a brief is approved, sent back or rejected, whatever the face. INVARIANT: the decision
//! is bound to the digest the person names; it and what follows from it are one commit.

use super::{Review, ReviewError, belongs};
use crate::brief::{Content, Fault, remains};
use crate::domain::id::{BriefId, DecisionId};
use crate::domain::pilot::Pilot;
use crate::domain::review::{Outcome, ReviewState, Rules, Shown, Verdict};
use crate::policy::{Action, Kind, Principal};
use crate::store::{ApprovesPlan, BriefRow, ByMail, Decide, DecisionRow, ProbeOutcome, ProbeRow, StoreError, Wake};
use jiff::Timestamp;
use serde_json::json;

/// What came of a decision.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decided {
    /// Names the decision.
    pub id: String,
    /// Where the brief stands now.
    pub state: ReviewState,
    /// Number of the revision decided on.
    pub revision: u32,
    /// Different people who have approved it and how many must, when that is still open.
    pub approvals: Option<(u32, u32)>,
    /// The same person had said the same before; nothing was done again.
    pub repeated: bool,
    /// It was an attention check: what was wrong with it, and whether that was seen. Said to whoever decided, now that it is over.
    pub check: Option<Check>,
}

/// What an attention check showed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Check {
    /// What was wrong with the draft.
    pub fault: Fault,
    /// Whether it was seen.
    pub caught: bool,
}

impl Check {
    /// In words, for the person who decided.
    #[must_use]
    pub fn words(&self) -> String {
        let seen = if self.caught { "You saw it." } else { "It was approved with it." };
        format!(
            "This was an attention check. The draft was made up, with {} planted in it. {seen} Nothing of it leaves.",
            self.fault.words()
        )
    }

    /// Of a planted draft that was decided.
    pub(crate) fn of(probe: &ProbeRow) -> Option<Self> {
        let decided = probe.decided.as_ref()?;
        Some(Self { fault: Fault::parse(&probe.fault)?, caught: decided.caught })
    }
}

/// How often a decision is made anew upon a brief that changed between reading and writing.
const TRIES: u32 = 5;

impl Review {
    /// Decides on the revision with `digest`; with `plan`, an approval holds for the plan of writes with that hash as well.
    ///
    /// # Errors
    /// [`ReviewError::Illegal`] with the revision that stands when it moved on, [`ReviewError::Denied`], [`ReviewError::Claimed`],
    /// [`ReviewError::PlanMoved`], [`ReviewError::PlanApart`] when the brief was approved before and not with this plan.
    pub async fn decide(
        &self,
        principal: &Principal,
        brief: &BriefId,
        verdict: &Verdict,
        digest: &str,
        plan: Option<&str>,
    ) -> Result<Decided, ReviewError> {
        self.decide_by(principal, brief, verdict, Seen { digest, plan }, None).await
    }

    /// As [`Review::decide`], for somebody who answered a mail: the answer and its proof stand in the receipt, and are used up with it.
    ///
    /// # Errors
    /// As [`Review::decide`]; [`StoreError::Stale`] when the answer was settled before.
    pub async fn decide_by_mail(
        &self,
        principal: &Principal,
        brief: &BriefId,
        verdict: &Verdict,
        digest: &str,
        plan: Option<&str>,
        by: &ByMail,
    ) -> Result<Decided, ReviewError> {
        self.decide_by(principal, brief, verdict, Seen { digest, plan }, Some(by)).await
    }

    async fn decide_by(
        &self,
        principal: &Principal,
        brief: &BriefId,
        verdict: &Verdict,
        seen: Seen<'_>,
        by: Option<&ByMail>,
    ) -> Result<Decided, ReviewError> {
        let mut tries = 0;
        loop {
            tries += 1;
            match self.decide_once(principal, brief, verdict, seen, by).await {
                Err(ReviewError::Store(StoreError::Stale { .. })) if tries < TRIES => {}
                outcome => return outcome,
            }
        }
    }

    async fn decide_once(
        &self,
        principal: &Principal,
        brief: &BriefId,
        verdict: &Verdict,
        seen: Seen<'_>,
        by: Option<&ByMail>,
    ) -> Result<Decided, ReviewError> {
        let digest = seen.digest;
        let (row, review, decisions) = self.store.review(brief).await?;
        let pilot = self.pilot(&row.pilot)?;
        let action = match verdict {
            Verdict::Approve => Action::ReviewApprove,
            Verdict::Minor { .. } => Action::ReviewMinor,
            Verdict::Major { .. } => Action::ReviewMajor,
            Verdict::Reject { .. } => Action::ReviewReject,
        };
        let permit = self.permit_on(principal, action, Kind::Review, &row, pilot)?;
        let at = self.clock.now();
        // One person's eyes are what a planted draft is for: their word ends it.
        let rules = if row.planted { Rules { approvals: 1, ..pilot.rules } } else { pilot.rules };
        let outcome = match review.decide(verdict, &principal.user, digest, rules, at) {
            Ok(Outcome::Redrafting { .. }) if row.planted => Outcome::Rejected,
            Ok(outcome) => outcome,
            Err(illegal) => {
                let made = repeated(&decisions, principal, verdict, digest, row.state);
                // Whoever names a plan and hears of success takes the plan for approved.
                if let (Verdict::Approve, Some(plan)) = (verdict, seen.plan)
                    && (made.is_some() || (row.state == ReviewState::Approved && row.digest == digest))
                {
                    let shown = self.store.shown(brief).await?;
                    let ours = |one: &Shown| one.user == principal.user && one.digest == digest && one.plan == plan;
                    if !shown.iter().any(ours) {
                        let (brief, plan) = (brief.clone(), plan.to_owned());
                        return Err(ReviewError::PlanApart { brief, plan, state: row.state });
                    }
                }
                let Some(made) = made else { return Err(self.told(brief, digest, illegal).await?.into()) };
                let check = self.store.probe_of(brief).await?.as_ref().and_then(Check::of);
                return Ok(Decided { check, ..made });
            }
        };
        if let Some((by, until)) = self.held(&row, principal) {
            return Err(ReviewError::Claimed { by: self.name_of(&by).await, until });
        }
        let approves = match (verdict, seen.plan) {
            (Verdict::Approve, Some(plan)) => Some(self.approves(principal, &row, pilot, plan, &outcome).await?),
            _ => None,
        };
        let probe = if row.planted { self.shown_by(&row, &outcome, at).await? } else { None };
        let check =
            probe.as_ref().and_then(|probe| Some(Check { fault: Fault::parse(&probe.fault)?, caught: probe.caught }));
        let id = DecisionId::new(at, self.store.chance());
        let wake = signal(&outcome, &id, &decisions, verdict, row.revision)
            .map(|signal| Wake { key: brief.review_key(), signal });
        let decide = Decide {
            id: id.clone(),
            brief: brief.clone(),
            version: row.version,
            revision: row.revision,
            digest: digest.to_owned(),
            verdict: verdict.as_str(),
            comment: verdict.comment().map(str::to_owned),
            reason: verdict.reason(),
            state: outcome.state(),
            wake,
            person: principal.user.clone(),
            by_mail: by.cloned(),
            approves,
            probe,
            belongs: belongs(&row),
            permit,
            at,
        };
        self.store.decide(decide).await?;
        metrics::counter!("opspilot_decisions_total", "verdict" => verdict.as_str()).increment(1);
        let approvals = match outcome {
            Outcome::Counted { have, need } => Some((have, need)),
            _ => None,
        };
        Ok(Decided {
            id: id.to_string(),
            state: outcome.state(),
            revision: row.revision,
            approvals,
            repeated: false,
            check,
        })
    }

    /// What a decision that ends a planted draft shows of whoever made it.
    async fn shown_by(
        &self,
        row: &BriefRow,
        outcome: &Outcome,
        at: Timestamp,
    ) -> Result<Option<ProbeOutcome>, ReviewError> {
        let caught = match outcome {
            Outcome::Approved(_) => None,
            Outcome::Rejected => Some(true),
            Outcome::Counted { .. } | Outcome::Amending | Outcome::Redrafting { .. } => return Ok(None),
        };
        let corrupt = |what: &str| StoreError::corrupt(format!("`{}`: {what}", row.id));
        let probe =
            self.store.probe_of(&row.id).await?.ok_or_else(|| corrupt("a planted draft that nobody planted"))?;
        let caught = match caught {
            Some(caught) => caught,
            // Whoever took the fault out before approving has seen it.
            None => {
                let revisions = self.store.revisions(&row.id).await?;
                let stands = revisions.iter().find(|revision| revision.digest == row.digest);
                let content = stands.and_then(|revision| Content::from_json(&revision.content).ok());
                let content = content.ok_or_else(|| corrupt("no revision that can be read"))?;
                let fault = Fault::parse(&probe.fault).ok_or_else(|| corrupt("a fault of no kind"))?;
                !remains(&content, fault, &probe.trace)
            }
        };
        let took = at.duration_since(row.opened_at).as_micros().try_into().unwrap_or(i64::MAX);
        Ok(Some(ProbeOutcome { probe: probe.id, fault: probe.fault, caught, took }))
    }
}

impl Review {
    /// What an approval says of the plan that the person was shown: it must still be the one that would be made now.
    async fn approves(
        &self,
        principal: &Principal,
        row: &BriefRow,
        pilot: &Pilot,
        plan: &str,
        outcome: &Outcome,
    ) -> Result<ApprovesPlan, ReviewError> {
        let none = || ReviewError::NoPilot { pilot: row.pilot.clone() };
        let planning = self.planning.as_ref().ok_or_else(none)?;
        let boundary = planning.boundaries.get(&row.pilot).ok_or_else(none)?;
        let gathered = planning.planner.gather(&self.store, pilot, boundary, &row.id, None).await?;
        let now = gathered.plan.hash();
        if now != plan || gathered.plan.is_empty() {
            return Err(ReviewError::PlanMoved { now });
        }
        // Asked now, when it is planned, and again when it is sent.
        let _ = self.permit_on(principal, Action::WritebackSend, Kind::Review, row, pilot)?;
        let mut by = gathered.review.shown(plan, &gathered.shown);
        if !by.contains(&principal.user) {
            by.push(principal.user.clone());
        }
        let enough = by.len() >= usize::try_from(pilot.rules.approvals.max(1)).unwrap_or(usize::MAX);
        let at = self.clock.now();
        let queue = if enough && !row.planted && matches!(outcome, Outcome::Approved(_)) {
            let due = at + pilot.undo_window;
            Some(gathered.plan.queue(&planning.planner, at, due, || self.store.chance())?)
        } else {
            None
        };
        Ok(ApprovesPlan { plan: plan.to_owned(), queue })
    }
}

/// What a person was shown.
#[derive(Clone, Copy)]
struct Seen<'a> {
    /// Digest of the revision.
    digest: &'a str,
    /// Hash of the plan of writes.
    plan: Option<&'a str>,
}

/// The answer to somebody who says again what they said: the same as the first time.
fn repeated(
    decisions: &[DecisionRow],
    principal: &Principal,
    verdict: &Verdict,
    digest: &str,
    state: ReviewState,
) -> Option<Decided> {
    let same = |made: &&DecisionRow| {
        made.person == principal.user
            && made.digest == digest
            && made.verdict == verdict.as_str()
            && made.comment.as_deref() == verdict.comment()
    };
    decisions.iter().find(same).map(|made| Decided {
        id: made.id.clone(),
        state,
        revision: made.revision,
        approvals: None,
        repeated: true,
        check: None,
    })
}

/// What the waiting run is told; nothing while it must wait on.
fn signal(
    outcome: &Outcome,
    id: &DecisionId,
    decisions: &[DecisionRow],
    verdict: &Verdict,
    revision: u32,
) -> Option<String> {
    match outcome {
        Outcome::Approved(approved) => {
            Some(json!({ "outcome": "approved", "decision": id.as_str(), "digest": approved.digest() }).to_string())
        }
        Outcome::Rejected => Some(json!({ "outcome": "rejected", "decision": id.as_str() }).to_string()),
        Outcome::Redrafting { attempt } => {
            let earlier =
                decisions.iter().filter(|made| made.verdict == "major").filter_map(|made| made.comment.as_deref());
            let words: Vec<&str> = earlier.chain(verdict.comment()).collect();
            Some(json!({ "outcome": "redraft", "decision": id.as_str(), "words": words, "revision": revision, "attempt": attempt }).to_string())
        }
        Outcome::Counted { .. } | Outcome::Amending => None,
    }
}
