//! What people do about writing: flags, statements, pauses, the record a brief goes to, and rulings upon single writes. Own file because it
//! needs no sink: the command line uses it on the store alone. INVARIANT: a person with a permit, and a receipt; nothing here sends anything,
//! and none of it stands in for the gate, which is asked when a plan is made and again before each call.

use super::difference::{Contrast, difference};
use crate::clock::Clock;
use crate::domain::id::{BriefId, PermitId, StatementId, WriteId};
use crate::domain::pilot::{Pilot, Pilots};
use crate::domain::writeback::{Flag, Ramp, Standing, StatementKind};
use crate::plan::{Planner, is_fixed_record};
use crate::policy::{Action, Ask, Denied, Kind, Permit, Policies, Principal, Resource};
use crate::store::{
    AddStatement, Belongs, BriefRow, FlagChange, PauseWriting, PausedBy, ResumeWriting, RuleWrite, SetTarget, Store,
    StoreError, TurnFlag, WriteRow, WriteRuling,
};
use jiff::{SignedDuration, Timestamp};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Longest reason of a pause, in characters, and longest statement, in bytes.
const LONGEST_REASON: usize = 500;
const LONGEST_TEXT: usize = 20_000;
/// Farthest end of a flag or an exception.
const FARTHEST: SignedDuration = SignedDuration::from_hours(366 * 24);

/// Why something about writing was refused; nothing was changed.
#[derive(Debug, thiserror::Error)]
pub enum WritingError {
    /// The policy says no.
    #[error(transparent)]
    Denied(#[from] Denied),
    /// No such pilot is configured.
    #[error("there is no pilot `{name}` in the configuration; `opspilot config show` lists them (OP-7640)")]
    NoPilot {
        /// As given.
        name: String,
    },
    /// The pilot does not write there.
    #[error("pilot `{pilot}` has no sink `{sink}`; {known} (OP-7641)")]
    NoSink {
        /// The pilot.
        pilot: String,
        /// As given.
        sink: String,
        /// Those it has, in words.
        known: String,
    },
    /// No words, or too many.
    #[error("{what} of 1 to {most} is needed: it stands in the receipt (OP-7642)")]
    Words {
        /// What is missing.
        what: &'static str,
        /// Characters or bytes.
        most: &'static str,
    },
    /// No end, one that has passed, or one too far away.
    #[error("{what} needs an end in the future, at most 366 days away (OP-7643)")]
    Until {
        /// Of what.
        what: &'static str,
    },
    /// The name of a record that cannot be one.
    #[error("a record is named by 1 to 200 letters, digits, `-`, `_`, `:` and `.`, as the far side names it (OP-7644)")]
    Record,
    /// The store.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// What a person puts on file about a pilot.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Said {
    /// What it is.
    pub kind: StatementKind,
    /// In their words.
    pub text: String,
    /// Until when it holds; an exception must have an end.
    pub until: Option<Timestamp>,
}

/// One write with what a person needs to judge it.
#[derive(Clone, Debug)]
pub struct Story {
    /// The write.
    pub write: WriteRow,
    /// The write that this one takes back.
    pub of: Option<WriteRow>,
    /// The write that takes this one back.
    pub undo: Option<WriteRow>,
    /// The record three ways.
    pub sides: Vec<Contrast>,
}

/// Writing, for people. Cheap to clone.
#[derive(Clone)]
pub struct Hand {
    store: Store,
    policies: Policies,
    pilots: Pilots,
    planner: Planner,
    clock: Arc<dyn Clock>,
}

impl Hand {
    /// Over a store and its policies, with the pilots' rules.
    #[must_use]
    pub fn new(store: Store, policies: Policies, pilots: Pilots, planner: Planner, clock: Arc<dyn Clock>) -> Self {
        Self { store, policies, pilots, planner, clock }
    }

    /// The sinks that a pilot's rules name, in order.
    #[must_use]
    pub fn sinks_of(&self, pilot: &str) -> Vec<String> {
        self.planner.sinks_of(pilot).map(str::to_owned).collect()
    }

    /// Turns a sink's flag on until `until` for a share of the requests. Where the pilot wants two people, the first one proposes.
    ///
    /// # Errors
    /// [`WritingError::Denied`]; [`WritingError::NoSink`]; [`WritingError::Until`].
    pub async fn flag_on(
        &self,
        principal: &Principal,
        pilot: &str,
        sink: &str,
        until: Timestamp,
        ramp: Ramp,
    ) -> Result<Flag, WritingError> {
        let pilot = self.pilot(pilot)?;
        let permit =
            self.permit(principal, Action::FlagTurnOn, &self.resource(principal, &pilot.name, &pilot.tenant))?;
        self.sink(pilot, sink)?;
        let until = self.ahead(until, "a flag")?;
        let two_people = pilot.terms.two_people;
        self.turn(principal, pilot, sink, FlagChange::On { until, ramp }, two_people, permit).await
    }

    /// Turns a sink's flag off, at once and for all requests.
    ///
    /// # Errors
    /// [`WritingError::Denied`]; a conflict when it is off.
    pub async fn flag_off(&self, principal: &Principal, pilot: &str, sink: &str) -> Result<Flag, WritingError> {
        let pilot = self.pilot(pilot)?;
        let permit =
            self.permit(principal, Action::FlagTurnOff, &self.resource(principal, &pilot.name, &pilot.tenant))?;
        self.turn(principal, pilot, sink, FlagChange::Off, false, permit).await
    }

    async fn turn(
        &self,
        principal: &Principal,
        pilot: &Pilot,
        sink: &str,
        change: FlagChange,
        two_people: bool,
        permit: Permit,
    ) -> Result<Flag, WritingError> {
        let (sink, person, at) = (sink.to_owned(), principal.user.clone(), self.clock.now());
        let (pilot, tenant) = (pilot.name.clone(), pilot.tenant.clone());
        Ok(self.store.turn_flag(TurnFlag { pilot, tenant, sink, change, two_people, person, permit, at }).await?)
    }

    /// Puts a go, a no-go, an exception or a rollback plan on file; what stands then.
    ///
    /// # Errors
    /// [`WritingError::Denied`]; [`WritingError::Words`]; [`WritingError::Until`].
    pub async fn state(&self, principal: &Principal, pilot: &str, said: Said) -> Result<Standing, WritingError> {
        let pilot = self.pilot(pilot)?;
        let permit =
            self.permit(principal, Action::PilotState, &self.resource(principal, &pilot.name, &pilot.tenant))?;
        let text: String = said.text.trim().chars().filter(|letter| !letter.is_control() || *letter == '\n').collect();
        if text.is_empty() || text.len() > LONGEST_TEXT {
            return Err(WritingError::Words { what: "a text", most: "20000 bytes" });
        }
        let until = match (said.kind, said.until) {
            (StatementKind::Exception, None) => return Err(WritingError::Until { what: "an exception" }),
            (_, until) => until.map(|until| self.ahead(until, "a statement")).transpose()?,
        };
        let at = self.clock.now();
        self.store
            .add_statement(AddStatement {
                id: StatementId::new(at, self.store.chance()),
                pilot: pilot.name.clone(),
                tenant: pilot.tenant.clone(),
                kind: said.kind,
                text,
                until,
                terms: pilot.terms.digest(),
                person: principal.user.clone(),
                permit,
                at,
            })
            .await?;
        Ok(self.store.standing(&pilot.name).await?)
    }

    /// Stops writing, to one sink or in the whole pilot; what stands then, and whether it was not stopped before.
    ///
    /// # Errors
    /// [`WritingError::Denied`]; [`WritingError::Words`]; [`WritingError::NoSink`].
    pub async fn pause(
        &self,
        principal: &Principal,
        pilot: &str,
        sink: Option<&str>,
        reason: &str,
    ) -> Result<(Standing, bool), WritingError> {
        let pilot = self.pilot(pilot)?;
        let permit =
            self.permit(principal, Action::WritingPause, &self.resource(principal, &pilot.name, &pilot.tenant))?;
        if let Some(sink) = sink {
            self.sink(pilot, sink)?;
        }
        let reason: String =
            reason.trim().chars().map(|letter| if letter.is_control() { ' ' } else { letter }).collect();
        if reason.is_empty() || reason.chars().count() > LONGEST_REASON {
            return Err(WritingError::Words { what: "a reason", most: "500 characters" });
        }
        let by = PausedBy::Person { person: principal.user.clone(), permit };
        let (sink, at) = (sink.map(str::to_owned), self.clock.now());
        let (name, tenant) = (pilot.name.clone(), pilot.tenant.clone());
        let new = self.store.pause_writing(PauseWriting { pilot: name, tenant, sink, reason, by, at }).await?;
        Ok((self.store.standing(&pilot.name).await?, new))
    }

    /// Lets writing go on; what stands then, and how many writes that waited for it are due again.
    ///
    /// # Errors
    /// [`WritingError::Denied`]; a conflict when nothing is stopped.
    pub async fn resume(
        &self,
        principal: &Principal,
        pilot: &str,
        sink: Option<&str>,
    ) -> Result<(Standing, u64), WritingError> {
        let pilot = self.pilot(pilot)?;
        let permit =
            self.permit(principal, Action::WritingResume, &self.resource(principal, &pilot.name, &pilot.tenant))?;
        let (sink, person, at) = (sink.map(str::to_owned), principal.user.clone(), self.clock.now());
        let (name, tenant) = (pilot.name.clone(), pilot.tenant.clone());
        let freed = self.store.resume_writing(ResumeWriting { pilot: name, tenant, sink, person, permit, at }).await?;
        Ok((self.store.standing(&pilot.name).await?, freed))
    }

    /// Names the record that a brief goes to in a sink, or takes the name away; the records named then, by sink.
    ///
    /// # Errors
    /// [`WritingError::Denied`]; [`WritingError::NoSink`]; [`WritingError::Record`]; [`StoreError::NotFound`].
    pub async fn target(
        &self,
        principal: &Principal,
        brief: &BriefId,
        sink: &str,
        record: Option<&str>,
    ) -> Result<BTreeMap<String, String>, WritingError> {
        let row = self.store.brief(brief).await?;
        let pilot = self.pilot(&row.pilot)?;
        let permit = self.permit(principal, Action::WritebackTarget, &self.review(principal, &row, pilot))?;
        self.sink(pilot, sink)?;
        let record = record.map(str::trim);
        if record.is_some_and(|name| !is_fixed_record(name)) {
            return Err(WritingError::Record);
        }
        let set = SetTarget {
            brief: brief.clone(),
            sink: sink.to_owned(),
            record: record.map(str::to_owned),
            person: principal.user.clone(),
            belongs: Belongs { tenant: row.tenant, pilot: row.pilot },
            permit,
            at: self.clock.now(),
        };
        self.store.set_target(set).await?;
        Ok(self.store.target(brief).await?)
    }

    /// Says what became of a write of which nobody knew: it is there, under the far side's name for it, or it is not and is sent again.
    ///
    /// # Errors
    /// [`WritingError::Denied`]; [`StoreError::NotFound`]; [`StoreError::Conflict`] when it is not uncertain.
    pub async fn settle(&self, principal: &Principal, id: &WriteId, became: Became) -> Result<WriteRow, WritingError> {
        let ruling = match became {
            Became::Went { far_id } => WriteRuling::Went { far_id },
            Became::DidNotGo => WriteRuling::DidNotGo,
        };
        self.rule(principal, id, Action::WritebackSettle, ruling).await
    }

    /// Has a refused or blocked write tried again; the gate is asked again before it is sent.
    ///
    /// # Errors
    /// As [`Hand::settle`].
    pub async fn retry(&self, principal: &Principal, id: &WriteId) -> Result<WriteRow, WritingError> {
        self.rule(principal, id, Action::WritebackSettle, WriteRuling::Again).await
    }

    /// Stops a write for good that was certainly not sent.
    ///
    /// # Errors
    /// As [`Hand::settle`]; a conflict when it may have been sent.
    pub async fn cancel(&self, principal: &Principal, id: &WriteId) -> Result<WriteRow, WritingError> {
        self.rule(principal, id, Action::WritebackCancel, WriteRuling::Cancel).await
    }

    async fn rule(
        &self,
        principal: &Principal,
        id: &WriteId,
        action: Action,
        ruling: WriteRuling,
    ) -> Result<WriteRow, WritingError> {
        let write = self.store.write(id).await?;
        let permit = self.permit(principal, action, &self.resource(principal, &write.pilot, &write.tenant))?;
        let (person, at) = (principal.user.clone(), self.clock.now());
        self.store.rule_write(RuleWrite { id: id.clone(), ruling, person, permit, at }).await?;
        Ok(self.store.write(id).await?)
    }

    /// A write with what takes it back, what it takes back, and the record three ways.
    ///
    /// # Errors
    /// [`StoreError::NotFound`].
    pub async fn story(&self, id: &WriteId) -> Result<Story, StoreError> {
        let write = self.store.write(id).await?;
        let of = match &write.undo_of {
            Some(of) => Some(self.store.write(of).await?),
            None => None,
        };
        // Newest first: of several that were asked for, the one that counts.
        let undo = self.store.undos(id).await?.into_iter().next();
        let told = of.as_ref().unwrap_or(&write);
        let seen = undo.as_ref().and_then(|undo| undo.now.as_ref()).or(write.now.as_ref());
        let left = told.after.as_ref().unwrap_or(&told.write.expect);
        let sides = difference(told.before.as_ref(), Some(left), seen, seen.is_some());
        Ok(Story { write, of, undo, sides })
    }

    fn pilot(&self, name: &str) -> Result<&Pilot, WritingError> {
        self.pilots.get(name).ok_or_else(|| WritingError::NoPilot { name: name.chars().take(64).collect() })
    }

    /// Whether the pilot writes to this sink.
    fn sink(&self, pilot: &Pilot, sink: &str) -> Result<(), WritingError> {
        let known: Vec<&str> = self.planner.sinks_of(&pilot.name).collect();
        if known.contains(&sink) {
            return Ok(());
        }
        let (pilot, sink) = (pilot.name.clone(), sink.chars().take(64).collect());
        let known = if known.is_empty() {
            "it writes nowhere".to_owned()
        } else {
            format!("it writes to `{}`", known.join("`, `"))
        };
        Err(WritingError::NoSink { pilot, sink, known })
    }

    /// An end to the second, so that what two people type is the same; it must lie ahead.
    fn ahead(&self, until: Timestamp, what: &'static str) -> Result<Timestamp, WritingError> {
        let until = Timestamp::from_second(until.as_second()).unwrap_or(until);
        let now = self.clock.now();
        let fits = until > now && until.duration_since(now) <= FARTHEST;
        if fits { Ok(until) } else { Err(WritingError::Until { what }) }
    }

    /// A pilot as the policy sees it for this person: reviewers are named in the configuration, the policy compares identifiers.
    fn resource(&self, principal: &Principal, pilot: &str, tenant: &str) -> Resource {
        let reviewers = self.pilots.get(pilot).map(|pilot| named(principal, pilot)).unwrap_or_default();
        Resource { reviewers, ..Resource::pilot(pilot, tenant) }
    }

    /// What lies before a reviewer, likewise.
    fn review(&self, principal: &Principal, brief: &BriefRow, pilot: &Pilot) -> Resource {
        let now = self.clock.now();
        Resource {
            submitter: brief.submitter.clone(),
            forbid_self_review: pilot.forbid_self_review,
            claimed_by: brief.claim.as_ref().filter(|(_, until)| *until > now).map(|(by, _)| by.clone()),
            reviewers: named(principal, pilot),
            ..Resource::within(Kind::Review, brief.id.as_str(), &brief.tenant, &brief.pilot)
        }
    }

    /// Whether the policy would let somebody do something about a pilot's writes: for showing what can be done.
    #[must_use]
    pub fn may(&self, principal: &Principal, action: Action, pilot: &str, tenant: &str) -> bool {
        self.permit(principal, action, &self.resource(principal, pilot, tenant)).is_ok()
    }

    fn permit(&self, principal: &Principal, action: Action, resource: &Resource) -> Result<Permit, Denied> {
        let id = PermitId::new(self.clock.now(), self.store.chance()).to_string();
        self.policies.permit(&Ask { principal, action, resource }, id)
    }
}

/// What a person found out about an uncertain write.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Became {
    /// It was carried out.
    Went {
        /// The far side's name for what was made; without it, it cannot be taken back by us.
        far_id: Option<String>,
    },
    /// It was not.
    DidNotGo,
}

fn named(principal: &Principal, pilot: &Pilot) -> Vec<String> {
    let named = pilot.reviewers.contains(&principal.name);
    named.then(|| principal.user.clone()).into_iter().collect()
}
