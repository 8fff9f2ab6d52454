//! A house with everything that writing needs, over a real store of either database and a far side in the test. Own file because cases and
//! schedules act through exactly this. INVARIANT: people act here through the functions that every face calls.

use super::desk::Desk;
use crate::brief::{DraftInput, draft as drafted};
use crate::clock::Clock;
use crate::domain::id::{BriefId, NodeId, StatementId, WriteId};
use crate::domain::pilot::{Pilot, Pilots};
use crate::domain::review::{Rules, Verdict};
use crate::domain::writeback::{Ramp, StatementKind, Terms};
use crate::plan::{Each, Planner, RecordFrom, Rule, Slot, Template};
use crate::policy::{Action, Grant, Kind, Policies, PolicySet, Principal, Role};
use crate::receipt::{Body, Field};
use crate::review::{Review, ReviewError};
use crate::screen::{Boundary, BoundaryOptions};
use crate::store::conformance::Fixture;
use crate::store::conformance::samples::{accept, advance, claim, permit, review_of};
use crate::store::{
    Act, AddStatement, Advance, Belongs, ClaimWrites, Draft, FlagChange, Packed, PauseWriting, PausedBy, ResumeWriting,
    RuleWrite, SetTarget, StoreError, Told, TurnFlag, WriteFilter, WriteRow, WriteRuling,
};
use crate::writeback::{ActError, Options, Parts, Writeback};
use jiff::SignedDuration;
use jiff::tz::TimeZone;
use opspilot_sdk::{ActionKind, Sink, sha256_hex};
use std::collections::BTreeMap;
use std::sync::{Arc, LazyLock};

pub(super) const PILOT: &str = "north";
const TENANT: &str = "acme";
pub(super) const SINK: &str = "desk";

pub(super) struct House {
    pub(super) writeback: Writeback,
    pub(super) review: Review,
    pub(super) desk: Desk,
    pub(super) node: NodeId,
    terms: String,
}

pub(super) fn boundary() -> Boundary {
    let options = BoundaryOptions { preset: Some("open".into()), ..BoundaryOptions::default() };
    Boundary::from_options(&options, "test").unwrap()
}

pub(super) fn person(name: &str) -> Principal {
    let grants = [Role::Owner, Role::Reviewer].map(|role| Grant { role, scope: "all".parse().unwrap() });
    Principal::user(format!("usr_{name}"), name, grants.to_vec())
}

fn rule(kind: ActionKind, text: &str) -> Rule {
    Rule {
        pilot: PILOT.into(),
        sink: SINK.into(),
        kind,
        each: Each::Brief,
        bands: Vec::new(),
        record: RecordFrom::ExternalId,
        title: Template::parse("{request.subject}").unwrap(),
        text: Template::parse(text).unwrap(),
        values: crate::brief::Band::ALL.iter().map(|band| (*band, format!("is {band}"))).collect(),
        to: None,
        hour: crate::plan::usual_hour(),
        fields: BTreeMap::new(),
    }
}

pub(super) fn pilot(approvals: u32) -> Pilot {
    Pilot {
        name: PILOT.into(),
        tenant: TENANT.into(),
        reviewers: vec!["ada".into(), "bob".into()],
        rules: Rules { approvals, attempts: 3 },
        owner: "olga".into(),
        alike_for: SignedDuration::ZERO,
        terms: Terms { level: 3, ..Terms::manual() },
        ..Pilot::sample()
    }
}

impl House {
    /// A daemon that has just started on this store, with this configuration: a note and a priority for each brief.
    pub(super) fn new(on: &Fixture, desk: Desk, approvals: u32) -> Self {
        Self::of(on, desk, pilot(approvals), &[ActionKind::Note, ActionKind::Priority])
    }

    /// A daemon with this pilot: one write of each kind for each brief.
    pub(super) fn of(on: &Fixture, desk: Desk, pilot: Pilot, kinds: &[ActionKind]) -> Self {
        let sink: Arc<dyn Sink> = Arc::new(desk.clone());
        let sinks: BTreeMap<String, Slot> = [(SINK.to_owned(), Ok(sink))].into();
        let text = |kind| if kind == ActionKind::Priority { "" } else { "{workflow_summary}" };
        let planner = Planner::new(kinds.iter().map(|kind| rule(*kind, text(*kind))), sinks);
        let terms = pilot.terms.digest();
        let pilots = Pilots::new([pilot]);
        let boundaries: Arc<BTreeMap<String, Boundary>> = Arc::new([(PILOT.to_owned(), boundary())].into());
        // Reading policies takes longer than everything else here.
        static POLICIES: LazyLock<Policies> = LazyLock::new(|| Policies::new(PolicySet::embedded()));
        let policies = POLICIES.clone();
        let clock = Arc::clone(&on.clock) as Arc<dyn Clock>;
        let review = Review::new(on.store.clone(), policies.clone(), pilots.clone(), Arc::clone(&clock))
            .with_plans(planner.clone(), Arc::clone(&boundaries));
        let writeback = Writeback::new(Parts {
            store: on.store.clone(),
            policies,
            pilots,
            boundaries,
            planner,
            who: Arc::new(|id| {
                Box::pin(async move {
                    let name = id.strip_prefix("usr_").unwrap_or_default();
                    Ok(person(name))
                })
            }),
            clock,
            options: Options::default(),
            mark: None,
        });
        Self { writeback, review, desk, node: NodeId::new(on.now(), on.store.chance()), terms }
    }

    /// Everything but the approval is there.
    pub(super) async fn open(&self, on: &Fixture) {
        for kind in [StatementKind::Go, StatementKind::RollbackPlan] {
            self.state(on, kind).await;
        }
        self.flag(on, Some(3600)).await;
    }

    pub(super) async fn state(&self, on: &Fixture, kind: StatementKind) {
        let add = AddStatement {
            id: StatementId::new(on.now(), on.store.chance()),
            pilot: PILOT.into(),
            tenant: TENANT.into(),
            kind,
            text: "as agreed".into(),
            until: None,
            terms: self.terms.clone(),
            person: "usr_ada".into(),
            permit: permit(Action::PilotState, Kind::Pilot, PILOT),
            at: on.now(),
        };
        on.store.add_statement(add).await.unwrap();
    }

    /// Turns the flag on for so many seconds, or off.
    pub(super) async fn flag(&self, on: &Fixture, secs: Option<i64>) {
        let change = match secs {
            Some(secs) => FlagChange::On { until: on.in_secs(secs), ramp: Ramp::FULL },
            None => FlagChange::Off,
        };
        self.turn(on, change).await;
    }

    /// Turns the flag on for an hour and a share of the requests.
    pub(super) async fn ramp(&self, on: &Fixture, percent: u32) {
        let ramp = Ramp::new(percent).unwrap();
        self.turn(on, FlagChange::On { until: on.in_secs(3600), ramp }).await;
    }

    async fn turn(&self, on: &Fixture, change: FlagChange) {
        let action = if matches!(change, FlagChange::On { .. }) { Action::FlagTurnOn } else { Action::FlagTurnOff };
        let turn = TurnFlag {
            pilot: PILOT.into(),
            tenant: TENANT.into(),
            sink: SINK.into(),
            change,
            two_people: false,
            person: "usr_ada".into(),
            permit: permit(action, Kind::Pilot, PILOT),
            at: on.now(),
        };
        on.store.turn_flag(turn).await.unwrap();
    }

    pub(super) async fn pause(&self, on: &Fixture) {
        let pause = PauseWriting {
            pilot: PILOT.into(),
            tenant: TENANT.into(),
            sink: None,
            reason: "a look".into(),
            by: PausedBy::Person { person: "usr_ada".into(), permit: permit(Action::WritingPause, Kind::Pilot, PILOT) },
            at: on.now(),
        };
        on.store.pause_writing(pause).await.unwrap();
    }

    pub(super) async fn resume(&self, on: &Fixture) {
        self.let_go_on(on, None).await;
    }

    /// A person lets one sink go on, or with `None` the pilot.
    pub(super) async fn let_go_on(&self, on: &Fixture, sink: Option<&str>) {
        let resume = ResumeWriting {
            pilot: PILOT.into(),
            tenant: TENANT.into(),
            sink: sink.map(str::to_owned),
            person: "usr_ada".into(),
            permit: permit(Action::WritingResume, Kind::Pilot, PILOT),
            at: on.now(),
        };
        match on.store.resume_writing(resume).await {
            Ok(_) | Err(StoreError::Conflict { .. }) => {}
            Err(cause) => panic!("{cause}"),
        }
    }

    /// A brief that waits for people.
    pub(super) async fn brief(&self, on: &Fixture, key: &str) -> BriefId {
        let text = format!("Question {key}\n\nPlease send a quote for 20 chairs until Friday.");
        let mut request = accept(on, key, &text);
        Arc::make_mut(&mut request.request).external_id = Some(format!("t-{key}"));
        let id = request.request.id.clone();
        on.store.accept(request).await.unwrap();
        // Runs that a decision woke are due as well.
        let run = claim(on, &self.node, 1000).await.into_iter().find(|run| run.run == id.run()).unwrap();
        let input = DraftInput {
            text: &text,
            subject: None,
            sender: None,
            organisation: None,
            language: "en",
            received_at: on.now(),
            time_zone: &TimeZone::UTC,
            attachments: &[],
            guidance: &[],
            owner: "olga",
        };
        let content = drafted(&input).to_bytes();
        let act = Act::Draft(Draft {
            brief: run.brief(),
            number: 1,
            attempt: 1,
            digest: sha256_hex(&content),
            content: Packed::of(&content),
            generator: "{\"kind\":\"embedded\"}".into(),
            score: 50,
            risk: "low".into(),
        });
        let told = Told { kind: "brief.drafted", body: Body::of(&[("revision", Field::Int(1))]).unwrap() };
        on.store.advance(Advance { acts: vec![act], told, ..advance(on, &run, review_of(&run)) }).await.unwrap();
        run.brief()
    }

    /// The hash of the plan as somebody is shown it, and what it would send.
    pub(super) async fn shown(&self, brief: &BriefId) -> (String, Vec<String>) {
        let shown = self.writeback.plan(&person("ada"), brief).await.unwrap();
        (shown.hash.unwrap_or_default(), shown.plan.items.iter().map(|item| item.digest.clone()).collect())
    }

    /// Approves the brief as it stands, with a plan or without.
    pub(super) async fn approve(
        &self,
        on: &Fixture,
        name: &str,
        brief: &BriefId,
        plan: Option<&str>,
    ) -> Result<(), ReviewError> {
        let digest = on.store.brief(brief).await?.digest;
        self.review.decide(&person(name), brief, &Verdict::Approve, &digest, plan).await.map(|_| ())
    }

    /// Names the record that a brief goes to.
    pub(super) async fn aim(&self, on: &Fixture, brief: &BriefId, record: &str) {
        let set = SetTarget {
            brief: brief.clone(),
            sink: SINK.into(),
            record: Some(record.into()),
            person: "usr_ada".into(),
            belongs: Belongs { tenant: TENANT.into(), pilot: PILOT.into() },
            permit: permit(Action::WritebackTarget, Kind::Review, brief.as_str()),
            at: on.now(),
        };
        on.store.set_target(set).await.unwrap();
    }

    /// Approves the plan that stands, of a brief that is approved.
    pub(super) async fn agree(&self, name: &str, brief: &BriefId) -> Result<(u32, u32), ActError> {
        let (plan, digests) = self.shown(brief).await;
        self.desk.held().approved.extend(digests);
        self.writeback.approve(&person(name), brief, &plan).await.map(|agreed| agreed.approvals)
    }

    /// Calls a write off, or has it tried again.
    pub(super) async fn rule(&self, on: &Fixture, id: &WriteId, ruling: WriteRuling) {
        let permit = permit(Action::WritebackCancel, Kind::Pilot, PILOT);
        let (id, person) = (id.clone(), "usr_ada".to_owned());
        on.store.rule_write(RuleWrite { id, ruling, person, permit, at: on.now() }).await.unwrap();
    }

    /// Takes what is due.
    pub(super) async fn due(&self, on: &Fixture, most: u32) -> Vec<WriteRow> {
        let claim =
            ClaimWrites { node: self.node.clone(), until: on.in_secs(600), away: Vec::new(), most, at: on.now() };
        on.store.claim_writes(claim).await.unwrap()
    }

    /// Carries out what is due until nothing is. Whether the daemon died on the way.
    pub(super) async fn carry(&self, on: &Fixture) -> bool {
        loop {
            let rows = self.due(on, 1).await;
            let Some(row) = rows.into_iter().next() else { return false };
            tokio::select! {
                carried = self.writeback.carry(row) => carried.unwrap(),
                () = self.desk.dying.notified() => return true,
            }
        }
    }

    pub(super) async fn writes(&self, on: &Fixture, brief: &BriefId) -> Vec<WriteRow> {
        let filter = WriteFilter { brief: Some(brief.to_string()), limit: 100, ..WriteFilter::default() };
        on.store.writes(&filter).await.unwrap().items
    }

    pub(super) async fn undo(&self, id: &WriteId, force: bool) -> Result<(), ActError> {
        let shown = self.writeback.undo_plan(&person("ada"), id).await?;
        self.desk.held().undoing.insert(shown.planned.call.digest());
        self.writeback.undo(&person("ada"), id, force, Some(&shown.hash)).await.map(|_| ())
    }
}
