//! Random sequences of what people, daemons, clocks and far sides do to writes, against a model in memory: every row stands as the model says,
//! and from the receipts alone it can be seen that nothing went twice without a reason. Own file because here the databases are held to the
//! same whole, where the other cases look at one rule each.

use super::fixture::Fixture;
use super::samples::{belongs, decide, in_review};
use super::writeback::{
    approves, blocked, claim, done, intend, later, leave, new, opened, proven, refused, right, rule, settle, told,
    turn, uncertain,
};
use crate::domain::id::{BriefId, WriteId};
use crate::domain::writeback::{Ramp, Standing, WriteState};
use crate::store::{
    ApprovePlan, FlagChange, Gate, NewWrite, PauseWriting, PausedBy, PlanApproval, QueueWrites, ResumeWriting,
    TurnFlag, UndoWrite, WriteFilter, WriteOutcome, WriteRow, WriteRuling,
};
use jiff::Timestamp;
use proptest::prelude::*;
use serde_json::json;
use std::collections::{BTreeMap, BTreeSet};

/// Records that writes go to; few, so that they meet.
const RECORDS: usize = 2;

/// One thing that happens. Numbers choose among what there is.
#[derive(Clone, Debug)]
enum Deed {
    Approve(usize),
    Replan(usize),
    Claim(u32),
    Intend(usize),
    Settle { at: usize, late: bool, outcome: usize },
    Rule { at: usize, ruling: usize },
    Undo { at: usize, forced: bool },
    Flag(bool),
    Pause(bool),
    Rescue,
    Turn(i64),
}

fn deed() -> impl Strategy<Value = Deed> {
    let at = 0..64usize;
    prop_oneof![
        3 => (0..RECORDS).prop_map(Deed::Approve),
        1 => at.clone().prop_map(Deed::Replan),
        6 => (1u32..4).prop_map(Deed::Claim),
        8 => at.clone().prop_map(Deed::Intend),
        8 => (at.clone(), prop::bool::weighted(0.2), 0..7usize)
            .prop_map(|(at, late, outcome)| Deed::Settle { at, late, outcome }),
        3 => (at.clone(), 0..4usize).prop_map(|(at, ruling)| Deed::Rule { at, ruling }),
        2 => (at, any::<bool>()).prop_map(|(at, forced)| Deed::Undo { at, forced }),
        2 => any::<bool>().prop_map(Deed::Flag),
        1 => any::<bool>().prop_map(Deed::Pause),
        1 => Just(Deed::Rescue),
        2 => (1i64..70).prop_map(Deed::Turn),
    ]
}

/// A write as the model has it.
#[derive(Clone, Debug)]
struct Known {
    id: WriteId,
    brief: usize,
    key: String,
    record: String,
    place: i64,
    plan: String,
    undo_of: Option<usize>,
    state: WriteState,
    attempt: u32,
    maybe: bool,
    due: Timestamp,
    lease: Timestamp,
    code: &'static str,
    claims: Vec<WriteRow>,
}

struct Model {
    on: Fixture,
    open: Standing,
    /// Briefs that nobody has decided on.
    drafts: Vec<BriefId>,
    briefs: Vec<(BriefId, String)>,
    known: Vec<Known>,
    is_on: bool,
    is_paused: bool,
    made: usize,
}

fn flag(on: &Fixture, is_on: bool) -> TurnFlag {
    let change = FlagChange::On { until: on.in_secs(10_000_000), ramp: Ramp::FULL };
    TurnFlag { change: if is_on { change } else { FlagChange::Off }, ..turn(on, "crm", "usr_ada", false) }
}

impl Model {
    async fn new(on: Fixture) -> Self {
        opened(&on).await;
        on.store.turn_flag(flag(&on, true)).await.unwrap();
        let open = on.store.standing("north").await.unwrap();
        let mut drafts = Vec::new();
        for number in 0..4 {
            drafts.push(in_review(&on, &format!("b{number}")).await.brief());
        }
        Self { on, open, drafts, briefs: Vec::new(), known: Vec::new(), is_on: true, is_paused: false, made: 0 }
    }

    async fn meet(&mut self, deed: &Deed) {
        let count = self.known.len();
        match *deed {
            Deed::Approve(record) if !self.drafts.is_empty() => self.approve(record).await,
            Deed::Replan(brief) if !self.briefs.is_empty() => self.replan(brief % self.briefs.len()).await,
            Deed::Claim(most) => self.claim(most).await,
            Deed::Intend(at) => self.intend(at).await,
            Deed::Settle { at, late, outcome } => self.settle(at, late, outcome).await,
            Deed::Rule { at, ruling } if count > 0 => self.rule(at % count, ruling).await,
            Deed::Undo { at, forced } if count > 0 => self.undo(at % count, forced).await,
            Deed::Flag(is_on) => {
                self.on.store.turn_flag(flag(&self.on, is_on)).await.unwrap();
                self.is_on = is_on;
            }
            Deed::Pause(true) => {
                let by = PausedBy::Person { person: "usr_bob".into(), permit: right() };
                let (pilot, tenant, reason) = ("north".into(), "acme".into(), "so".into());
                let pause = PauseWriting { pilot, tenant, sink: None, reason, by, at: self.on.now() };
                assert_eq!(self.on.store.pause_writing(pause).await.unwrap(), !self.is_paused);
                self.is_paused = true;
            }
            Deed::Pause(false) => self.resume().await,
            Deed::Rescue => self.rescue().await,
            Deed::Turn(secs) => self.on.clock.turn(secs),
            Deed::Approve(_) | Deed::Replan(_) | Deed::Rule { .. } | Deed::Undo { .. } => {}
        }
    }

    fn learn(&mut self, brief: usize, plan: &str, new: &NewWrite) {
        self.known.push(Known {
            id: new.id.clone(),
            brief,
            key: new.write.key.clone(),
            record: new.write.record.clone(),
            place: new.place,
            plan: plan.to_owned(),
            undo_of: None,
            state: WriteState::Waiting,
            attempt: 0,
            maybe: false,
            due: self.on.now(),
            lease: self.on.now(),
            code: "",
            claims: Vec::new(),
        });
    }

    /// Two writes: to that record, and to the next.
    fn news(&self, brief: usize, record: usize) -> Vec<NewWrite> {
        let place = i64::try_from(brief * 10).unwrap();
        // What was taken back is planned under another key.
        let spent = |key: &str| {
            self.known
                .iter()
                .any(|known| known.key == key && known.undo_of.is_none() && known.state == WriteState::Undone)
        };
        (0..2)
            .map(|number: usize| {
                let record = format!("deal/{}", (record + number) % RECORDS);
                let mut key = format!("k{brief}-{number}");
                while spent(&key) {
                    key.push('x');
                }
                new(&self.on, &key, &record, place + i64::try_from(number).unwrap())
            })
            .collect()
    }

    async fn approve(&mut self, record: usize) {
        let number = self.briefs.len();
        let Some(brief) = self.drafts.pop() else { return };
        let news = self.news(number, record);
        let mut decision = decide(&self.on, &brief, 1, "usr_ada", "approve");
        decision.digest = self.on.store.brief(&brief).await.unwrap().digest;
        decision.approves = approves("p0", news.clone());
        self.on.store.decide(decision).await.unwrap();
        self.briefs.push((brief, "p0".to_owned()));
        for new in &news {
            self.learn(number, "p0", new);
        }
    }

    async fn replan(&mut self, number: usize) {
        self.made += 1;
        let (plan, brief) = (format!("p{}", self.made), self.briefs[number].0.clone());
        let row = self.on.store.brief(&brief).await.unwrap();
        let record = usize::from(self.made.is_multiple_of(2));
        let news = self.news(number, record);
        let approve = ApprovePlan {
            brief,
            version: row.version,
            digest: row.digest,
            plan: plan.clone(),
            decision: "dec_1".into(),
            person: "usr_bob".into(),
            belongs: belongs(),
            permit: right(),
            queue: Some(QueueWrites { content: b"{}".to_vec(), writes: news.clone() }),
            at: self.on.now(),
        };
        use WriteState::{Blocked, Cancelled, Claimed, Refused, Waiting, Written};
        let out = self.on.store.approve_plan(approve).await.unwrap();
        let unsent = |known: &Known| !known.maybe && matches!(known.state, Waiting | Claimed | Blocked | Refused);
        let undoing = |at: usize| self.known.iter().any(|other| other.undo_of == Some(at) && other.state != Cancelled);
        let holder = |new: &NewWrite| {
            let lives =
                |known: &Known| known.key == new.write.key && known.undo_of.is_none() && known.state != Cancelled;
            self.known.iter().position(lives)
        };
        let stays = |at: usize, new: &NewWrite| {
            let known = &self.known[at];
            known.state == Written && known.record == new.write.record && !undoing(at)
        };
        let in_the_way = |new: &NewWrite| holder(new).filter(|&at| !unsent(&self.known[at]) && !stays(at, new));
        if let Some(at) = news.iter().find_map(in_the_way) {
            let held = undoing(at);
            assert!(
                matches!(&out, PlanApproval::Taken { by, undoing } if by.id == self.known[at].id && *undoing == held),
                "{out:?}"
            );
            return;
        }
        let queued = news.iter().filter(|new| !holder(new).is_some_and(|at| stays(at, new))).count();
        assert_eq!(out, PlanApproval::Counted { queued: u32::try_from(queued).unwrap() });
        self.briefs[number].1.clone_from(&plan);
        for known in self.known.iter_mut().filter(|known| known.brief == number && known.undo_of.is_none()) {
            if !known.maybe && matches!(known.state, Waiting | Claimed | Blocked | Refused) {
                known.state = Cancelled;
            }
        }
        for new in &news {
            let lives =
                |known: &Known| known.key == new.write.key && known.undo_of.is_none() && known.state != Cancelled;
            if !self.known.iter().any(lives) {
                self.learn(number, &plan, new);
            }
        }
    }

    async fn claim(&mut self, most: u32) {
        let now = self.on.now();
        let rank = |known: &Known| (known.place, known.id.clone());
        let is_free = |one: &Known| {
            !self.known.iter().any(|other| {
                let flies = matches!(other.state, WriteState::Claimed | WriteState::Sending);
                let before = other.state.holds_the_record() && rank(other) < rank(one);
                other.id != one.id && other.record == one.record && (flies || before)
            })
        };
        let waits = |known: &&Known| known.state == WriteState::Waiting && known.due <= now && is_free(known);
        let mut wanted: Vec<&Known> = self.known.iter().filter(waits).collect();
        wanted.sort_by_key(|known| (known.due, rank(known)));
        let wanted: Vec<WriteId> = wanted.iter().take(most as usize).map(|known| known.id.clone()).collect();
        assert_eq!(self.on.store.is_write_due(now).await.unwrap(), !wanted.is_empty());
        let rows = claim(&self.on, most).await;
        assert_eq!(rows.iter().map(|row| &row.id).collect::<Vec<_>>(), wanted.iter().collect::<Vec<_>>());
        for row in rows {
            let known = self.known.iter_mut().find(|known| known.id == row.id).unwrap();
            (known.state, known.attempt) = (WriteState::Claimed, known.attempt + 1);
            known.lease = self.on.in_secs(30);
            assert_eq!((row.attempt, row.maybe), (known.attempt, known.maybe));
            known.claims.push(row);
        }
    }

    /// A write that somebody ever claimed, those on their way first.
    fn in_hand(&self, at: usize) -> Option<usize> {
        let flies = |known: &Known| matches!(known.state, WriteState::Claimed | WriteState::Sending);
        let mut all: Vec<usize> = (0..self.known.len()).filter(|&at| !self.known[at].claims.is_empty()).collect();
        all.sort_by_key(|&at| !flies(&self.known[at]));
        let flying = all.iter().filter(|&&at| flies(&self.known[at])).count();
        // Mostly what is on its way; now and then what somebody had long ago.
        let among = if !at.is_multiple_of(4) && flying > 0 { flying } else { all.len() };
        (among > 0).then(|| all[at % among])
    }

    async fn intend(&mut self, at: usize) {
        let Some(at) = self.in_hand(at) else { return };
        let known = &self.known[at];
        let row = known.claims.last().unwrap();
        let gate = match known.undo_of {
            Some(_) => Gate::Undo,
            // By the gate's word of when it was open: the store must know better.
            None => Gate::Cleared(leave(&self.on, row, &self.open, 1).await.unwrap()),
        };
        let may =
            known.undo_of.is_some() || (self.is_on && !self.is_paused && self.briefs[known.brief].1 == known.plan);
        let out = intend(&self.on, row, gate).await;
        assert_eq!(out.is_ok(), known.state == WriteState::Claimed && may, "{out:?}");
        if out.is_ok() {
            let lease = self.on.in_secs(60);
            let known = &mut self.known[at];
            (known.state, known.maybe, known.lease) = (WriteState::Sending, false, lease);
        }
    }

    async fn settle(&mut self, at: usize, late: bool, outcome: usize) {
        use WriteState::{Blocked, Claimed, Differs, Refused, Sending, Uncertain, Waiting, Written};
        let Some(at) = self.in_hand(at) else { return };
        let known = self.known[at].clone();
        let row = if late { known.claims.first() } else { known.claims.last() }.unwrap();
        let code = if self.is_paused { "OP-7607" } else { "OP-7605" };
        let (outcome, next, maybe) = match outcome {
            0 | 1 => (done("n1"), Written, false),
            2 => (later(&self.on, 10, false), Waiting, false),
            3 => (later(&self.on, 10, true), Waiting, true),
            4 => (refused(), Refused, false),
            5 => (uncertain(), Uncertain, true),
            _ if known.undo_of.is_some() => {
                let (code, message) = ("OP-7639".into(), "other".into());
                (WriteOutcome::Differs { now: json!({}), code, message }, Differs, false)
            }
            _ => (blocked(code), Blocked, false),
        };
        let fits = row.attempt == known.attempt
            && match known.state {
                Claimed => true,
                Sending => !matches!(next, Blocked | Differs),
                Uncertain => next == Written || (next == Waiting && !maybe),
                Waiting => known.maybe && next == Written,
                _ => false,
            };
        let out = settle(&self.on, row, outcome).await;
        assert_eq!(out.is_ok(), fits, "{:?} to {next:?}: {out:?}", known.state);
        if !fits {
            return;
        }
        let due = self.on.in_secs(10);
        let now = &mut self.known[at];
        (now.state, now.maybe) = (next, maybe);
        now.code = if next == Blocked { code } else { "" };
        if next == Waiting {
            now.due = due;
        }
        if let (Written, Some(of)) = (next, known.undo_of) {
            self.known[of].state = WriteState::Undone;
        }
    }

    async fn rule(&mut self, at: usize, ruling: usize) {
        use WriteState::{Blocked, Cancelled, Claimed, Differs, Refused, Uncertain, Undone, Waiting, Written};
        let now = self.on.now();
        let known = self.known[at].clone();
        let (ruling, fits, next) = match ruling {
            0 => (WriteRuling::Went { far_id: None }, known.state == Uncertain, Written),
            1 => (WriteRuling::DidNotGo, known.state == Uncertain, Waiting),
            2 => (WriteRuling::Again, matches!(known.state, Refused | Blocked), Waiting),
            _ => {
                let stands = matches!(known.state, Waiting | Claimed | Blocked | Refused | Differs);
                (WriteRuling::Cancel, stands && !known.maybe, Cancelled)
            }
        };
        let keeps = ruling == WriteRuling::Again;
        let out = rule(&self.on, &known.id, ruling).await;
        assert_eq!(out.is_ok(), fits, "{:?}: {out:?}", known.state);
        if fits {
            let known = &mut self.known[at];
            (known.state, known.maybe) = (next, known.maybe && keeps);
            if next == Waiting {
                known.due = now;
            }
            if let (Written, Some(of)) = (next, known.undo_of) {
                self.known[of].state = Undone;
            }
        }
    }

    async fn undo(&mut self, at: usize, forced: bool) {
        use WriteState::{Cancelled, Differs, Refused, Written};
        let of = self.known[at].clone();
        let live: Vec<usize> = (0..self.known.len())
            .filter(|&other| self.known[other].undo_of == Some(at) && self.known[other].state != Cancelled)
            .collect();
        let yields = |state| state == Refused || (state == Differs && forced);
        let fits =
            of.undo_of.is_none() && of.state == Written && live.iter().all(|&other| yields(self.known[other].state));
        let row = self.on.store.write(&of.id).await.unwrap();
        let undo = UndoWrite {
            id: WriteId::new(self.on.now(), self.on.store.chance()),
            of: of.id.clone(),
            write: row.write,
            forced,
            person: "usr_bob".into(),
            permit: right(),
            at: self.on.now(),
        };
        let id = undo.id.clone();
        let out = self.on.store.undo_write(undo).await;
        assert_eq!(out.is_ok(), fits, "{:?}: {out:?}", of.state);
        if fits {
            for other in live {
                self.known[other].state = Cancelled;
            }
            self.known.push(Known {
                id,
                place: -1 - of.place,
                undo_of: Some(at),
                state: WriteState::Waiting,
                attempt: 0,
                maybe: false,
                due: self.on.now(),
                code: "",
                claims: Vec::new(),
                ..of
            });
        }
    }

    async fn resume(&mut self) {
        let now = self.on.now();
        let (pilot, tenant, person) = ("north".into(), "acme".into(), "usr_ada".into());
        let resume = ResumeWriting { pilot, tenant, sink: None, person, permit: right(), at: now };
        let out = self.on.store.resume_writing(resume).await;
        assert_eq!(out.is_ok(), self.is_paused, "{out:?}");
        if let Ok(writes) = out {
            self.is_paused = false;
            let kept =
                self.known.iter_mut().filter(|known| known.state == WriteState::Blocked && known.code == "OP-7607");
            let back = kept.map(|known| (known.state, known.due) = (WriteState::Waiting, now)).count();
            assert_eq!(writes, back as u64);
        }
    }

    async fn rescue(&mut self) {
        let (now, due) = (self.on.now(), self.on.in_secs(20));
        let mut rescued = 0;
        for known in self.known.iter_mut().filter(|known| known.lease < now) {
            match known.state {
                WriteState::Claimed => known.state = WriteState::Waiting,
                WriteState::Sending => (known.state, known.maybe, known.due) = (WriteState::Waiting, true, due),
                _ => continue,
            }
            rescued += 1;
        }
        assert_eq!(self.on.store.rescue_writes(false).await.unwrap(), rescued);
    }

    /// Every row stands as the model has it.
    async fn compare(&self) {
        let filter = WriteFilter { limit: 1000, ..WriteFilter::default() };
        let rows = self.on.store.writes(&filter).await.unwrap().items;
        let found: BTreeMap<&str, _> =
            rows.iter().map(|row| (row.id.as_str(), (row.state, row.attempt, row.maybe))).collect();
        let wanted: BTreeMap<&str, _> =
            self.known.iter().map(|known| (known.id.as_str(), (known.state, known.attempt, known.maybe))).collect();
        assert_eq!(found, wanted);
    }

    /// From the receipts alone: nothing was sent again unless it was postponed or a person said so; nothing after it was written; of one record
    /// one thing at a time.
    async fn judge(&self) {
        let record: BTreeMap<&str, &str> =
            self.known.iter().map(|known| (known.id.as_str(), known.record.as_str())).collect();
        let (mut sent, mut written, mut flying) = (BTreeSet::new(), BTreeSet::new(), BTreeMap::new());
        for receipt in told(&self.on).await {
            let Some(id) = receipt["body"]["write"].as_str() else { continue };
            match receipt["kind"].as_str().unwrap() {
                "write.intended" => {
                    assert!(sent.insert(id.to_owned()), "sent again for no reason: {receipt}");
                    assert!(!written.contains(id), "sent after it was written: {receipt}");
                    let other = flying.insert(record[id], id.to_owned());
                    assert!(other.is_none(), "beside {other:?}: {receipt}");
                }
                kind => {
                    flying.retain(|_, other: &mut String| *other != id);
                    if matches!(kind, "write.postponed" | "write.settled" | "write.retried") {
                        sent.remove(id);
                    }
                    if kind == "write.written" {
                        written.insert(id.to_owned());
                    }
                }
            }
        }
        proven(&self.on).await;
    }
}

fn run(deeds: &[Deed], on: impl Future<Output = Fixture>) {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    runtime.block_on(async {
        let mut model = Model::new(on.await).await;
        for deed in deeds {
            model.meet(deed).await;
            model.compare().await;
        }
        model.judge().await;
    });
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, failure_persistence: None, ..ProptestConfig::default() })]
    #[test]
    fn whatever_happens_to_writes_sqlite_stands_as_the_model_says(deeds in prop::collection::vec(deed(), 20..120)) {
        run(&deeds, Fixture::sqlite());
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 4, failure_persistence: None, ..ProptestConfig::default() })]
    #[test]
    fn whatever_happens_to_writes_postgres_stands_as_the_model_says(deeds in prop::collection::vec(deed(), 20..120)) {
        run(&deeds, Fixture::postgres());
    }
}
