//! Many random courses of events against a far side that keeps its own books: approvals, edits, flags that run out, kills, restarts, pauses,
//! upgrades, undo. INVARIANT tested: no more is written than was approved, always the approved bytes, never while the way is shut, never twice.

use super::desk::{Desk, Mishap};
use super::house::{House, person};
use crate::brief::Edit;
use crate::domain::id::BriefId;
use crate::domain::writeback::{StatementKind, WriteState};
use crate::policy::{Action, Kind};
use crate::review::ReviewError;
use crate::store::conformance::Fixture;
use crate::store::conformance::samples::permit;
use crate::store::{RuleWrite, WriteRuling};

/// SplitMix64 (Steele, Lea, Flood, OOPSLA 2014).
struct Chance(u64);

impl Chance {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % bound
    }
}

fn number(name: &str, usual: u64) -> u64 {
    std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(usual)
}

/// What a schedule believes of the way.
#[derive(Clone, Copy)]
struct Way {
    flag_for: i64,
    paused: bool,
    go: bool,
    /// The configuration that runs.
    preamble: &'static str,
}

struct Course<'a> {
    on: &'a Fixture,
    house: House,
    chance: Chance,
    way: Way,
    brief: BriefId,
    approvals: u32,
    /// Who approved which plan, with what it would send.
    said: Vec<(String, String, Vec<String>)>,
    approved: bool,
}

impl Course<'_> {
    fn opened(&self) {
        let open = self.way.flag_for > 0 && !self.way.paused && self.way.go;
        let mut held = self.house.desk.held();
        held.open = open;
        // What counts as approved: enough different people said yes to the same plan, the brief is approved, and the configuration is the one
        // that the plan was made by.
        held.approved.clear();
        if self.approved {
            for (_, plan, digests) in &self.said {
                let people: std::collections::BTreeSet<&String> =
                    self.said.iter().filter(|(_, other, _)| other == plan).map(|(name, _, _)| name).collect();
                if people.len() >= self.approvals as usize {
                    held.approved.extend(digests.iter().cloned());
                }
            }
        }
    }

    async fn say(&mut self, name: &'static str, with_plan: bool) {
        let (plan, digests) = self.house.shown(&self.brief).await;
        let outcome = self.house.approve(self.on, name, &self.brief, with_plan.then_some(plan.as_str())).await;
        match outcome {
            Ok(()) => {
                if with_plan {
                    self.said.push((name.to_owned(), plan, digests));
                }
            }
            Err(ReviewError::Illegal(_) | ReviewError::Claimed { .. } | ReviewError::PlanApart { .. }) => {}
            Err(cause) => panic!("{cause}"),
        }
        self.approved = self.on.store.brief(&self.brief).await.unwrap().state.as_str() == "approved";
        if self.approved && with_plan && self.chance.below(2) == 0 {
            let (plan, digests) = self.house.shown(&self.brief).await;
            if self.house.writeback.approve(&person(name), &self.brief, &plan).await.is_ok() {
                self.said.push((name.to_owned(), plan, digests));
            }
        }
    }

    async fn edit(&mut self) {
        let row = self.on.store.brief(&self.brief).await.unwrap();
        let edit = Edit {
            path: "workflow_summary.text".into(),
            value: format!("Quote for {} chairs", self.chance.below(1000)).into(),
        };
        let boundary = super::house::boundary();
        // An approval of what was there before counts no more.
        if self.house.review.edit(&person("ada"), &self.brief, &row.digest, &[edit], &boundary).await.is_ok() {
            self.said.clear();
        }
    }

    async fn settle_by_hand(&mut self) {
        for row in self.house.writes(self.on, &self.brief).await {
            if row.state == WriteState::Uncertain {
                // A person looks.
                let there = self.house.desk.held().notes.iter().any(|(key, _)| *key == row.write.key);
                let ruling = if there { WriteRuling::Went { far_id: None } } else { WriteRuling::DidNotGo };
                let rule = RuleWrite {
                    id: row.id,
                    ruling,
                    person: "usr_ada".into(),
                    permit: permit(Action::WritebackSettle, Kind::Pilot, super::house::PILOT),
                    at: self.on.now(),
                };
                let _ = self.on.store.rule_write(rule).await;
            } else if matches!(row.state, WriteState::Blocked | WriteState::Refused) {
                let rule = RuleWrite {
                    id: row.id,
                    ruling: WriteRuling::Again,
                    person: "usr_ada".into(),
                    permit: permit(Action::WritebackCancel, Kind::Pilot, super::house::PILOT),
                    at: self.on.now(),
                };
                let _ = self.on.store.rule_write(rule).await;
            }
        }
    }

    async fn event(&mut self) {
        match self.chance.below(30) {
            0..=3 | 16..=20 => {
                let name = if self.chance.below(2) == 0 { "ada" } else { "bob" };
                let with_plan = self.chance.below(4) > 0;
                self.say(name, with_plan).await;
            }
            4 => self.edit().await,
            5 => {
                self.house.flag(self.on, None).await;
                self.way.flag_for = 0;
            }
            6 | 7 => {
                self.house.flag(self.on, Some(100)).await;
                self.way.flag_for = 100;
            }
            8 => {
                self.house.pause(self.on).await;
                self.way.paused = true;
            }
            9 | 10 => {
                self.house.resume(self.on).await;
                self.way.paused = false;
            }
            11 => {
                let go = self.chance.below(3) > 0;
                self.house.state(self.on, if go { StatementKind::Go } else { StatementKind::NoGo }).await;
                self.way.go = go;
            }
            12 => {
                // An upgrade: another configuration, or the old one again.
                self.way.preamble = if self.way.preamble.is_empty() { "Dear all, " } else { "" };
                self.restart().await;
            }
            13 => {
                let secs = 20 + i64::try_from(self.chance.below(60)).unwrap();
                self.on.clock.turn(secs);
                self.way.flag_for -= secs;
            }
            14 => self.settle_by_hand().await,
            15 => {
                let mut written = self.house.writes(self.on, &self.brief).await.into_iter();
                if let Some(row) = written.rfind(|row| row.state == WriteState::Written) {
                    let _ = self.house.undo(&row.id, self.chance.below(3) == 0).await;
                }
            }
            _ => {
                let mishap = match self.chance.below(10) {
                    0 => Mishap::DiesBefore,
                    1 | 2 => Mishap::DiesAfter,
                    3 => Mishap::LostAfter,
                    4 => Mishap::LostBefore,
                    5 => Mishap::Busy,
                    6 => Mishap::Lies,
                    7 => Mishap::Refuses,
                    _ => Mishap::None,
                };
                self.house.desk.held().mishaps = vec![mishap];
                self.opened();
                if self.house.carry(self.on).await {
                    self.restart().await;
                }
            }
        }
    }

    async fn restart(&mut self) {
        self.house = House::new(self.on, self.house.desk.with(self.way.preamble), self.approvals);
        self.on.store.rescue_writes(true).await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whatever_happens_only_what_was_approved_is_written_and_only_once() {
    let schedules = number("OPSPILOT_SCHEDULES", 150);
    let seed = number("OPSPILOT_SEED", u64::from(std::process::id()));
    eprintln!("OPSPILOT_SEED={seed}");
    let on = Fixture::sqlite().await;
    let (mut written, mut calls, mut events) = (0, 0, 0_u64);
    for schedule in 0..schedules {
        let mut chance = Chance(seed.wrapping_mul(1_000_003).wrapping_add(schedule));
        let approvals = 1 + u32::try_from(chance.below(2)).unwrap();
        let house = House::new(&on, Desk::default(), approvals);
        house.resume(&on).await;
        house.open(&on).await;
        let brief = house.brief(&on, &format!("s{schedule}")).await;
        let way = Way { flag_for: 3600, paused: false, go: true, preamble: "" };
        let mut course = Course { on: &on, house, chance, way, brief, approvals, said: Vec::new(), approved: false };
        let length = 6 + course.chance.below(14);
        for _ in 0..length {
            course.event().await;
            events += 1;
        }
        // Whatever is still on its way belongs to this far side; the next schedule has another.
        for row in course.house.writes(&on, &course.brief).await {
            let rule = RuleWrite {
                id: row.id,
                ruling: WriteRuling::Cancel,
                person: "usr_ada".into(),
                permit: permit(Action::WritebackCancel, Kind::Pilot, super::house::PILOT),
                at: on.now(),
            };
            let _ = on.store.rule_write(rule).await;
        }
        course.way.flag_for = 0;
        course.opened();
        course.house.desk.held().mishaps.clear();
        loop {
            let stood = course.house.writes(&on, &course.brief).await;
            course.restart().await;
            on.clock.turn(7200);
            course.house.carry(&on).await;
            let stand = course.house.writes(&on, &course.brief).await;
            if stand.iter().zip(&stood).all(|(one, other)| (one.state, one.attempt) == (other.state, other.attempt)) {
                break;
            }
        }
        let held = course.house.desk.held();
        assert!(held.wrong.is_empty(), "schedule {schedule}: {:?}", held.wrong);
        written += held.notes.len();
        calls += held.calls;
    }
    eprintln!("{schedules} schedules, {events} events, {calls} calls, {written} notes stand");
    assert!(calls > 0 && (written > 0 || schedules < 50), "hardly anything was written");
    on.verify().await;
}
