//! Rolling a pilot back: its writing is paused, what waits is called off, what stands is taken back, and what a person must still see to is
//! named. Own file because here several acts are one, in an order that matters. INVARIANT: it begins with the pause, so that nothing new goes
//! out behind it; nothing of the pilot's is passed over in silence; what would reach people outside goes only where its request was named.

use super::Writeback;
use super::act::{ActError, Undo};
use crate::domain::id::WriteId;
use crate::domain::pilot::Pilot;
use crate::domain::writeback::WriteState;
use crate::policy::{Action, Principal};
use crate::store::{PauseWriting, PausedBy, RuleWrite, StoreError, WriteFilter, WriteRow, WriteRuling};

/// Why writing is paused then.
const REASON: &str = "everything that the pilot wrote is being taken back";

/// What came of rolling a pilot back, or would.
#[derive(Debug)]
pub struct RolledBack {
    /// Nothing was done: this is what would be.
    pub dry: bool,
    /// Its writing was going on, and is paused by this.
    pub paused: bool,
    /// Writes that were called off before they were sent.
    pub cancelled: Vec<WriteRow>,
    /// Writes that stand, the last first.
    pub items: Vec<(WriteRow, Asked)>,
    /// What a person must still see to.
    pub remaining: Vec<Remains>,
}

/// What came of asking for one write to be taken back.
#[derive(Debug)]
pub enum Asked {
    /// It is asked for, or would be.
    Now(Undo),
    /// It was asked for before: the write that does it.
    Before(WriteId),
    /// It is not: it reaches people outside, and nobody has named this request.
    Unnamed(Undo),
    /// It is not.
    Not(ActError),
}

/// A write that has not ended, and is neither called off nor taken back by itself.
#[derive(Debug)]
pub struct Remains {
    /// The write.
    pub write: WriteRow,
    /// What to do about it.
    pub remedy: String,
}

impl RolledBack {
    /// Whether everything that the pilot wrote is taken back, or on its way back.
    #[must_use]
    pub fn is_whole(&self) -> bool {
        self.remaining.is_empty()
            && !self.items.iter().any(|(_, asked)| matches!(asked, Asked::Unnamed(_) | Asked::Not(_)))
    }
}

impl Writeback {
    /// Pauses a pilot's writing, calls off what waits, asks for everything that stands to be taken back, the last first, and names what is left.
    /// `named` are [`Undo::hash`]es of requests that reach people outside and were shown. `dry`: nothing is done.
    ///
    /// # Errors
    /// [`ActError::Denied`]; [`ActError::NoPilot`]; [`StoreError::Unavailable`]. What cannot be taken back is told in the list.
    pub async fn undo_pilot(
        &self,
        principal: &Principal,
        pilot: &str,
        named: &[String],
        dry: bool,
    ) -> Result<RolledBack, ActError> {
        let known = self.of_pilot(pilot)?;
        let about = self.about_pilot(principal, known);
        for action in [Action::WritebackUndo, Action::WritebackCancel, Action::WritingPause] {
            self.ask(principal, action, &about)?;
        }
        let paused = if dry { self.goes_on(known).await? } else { self.pause_for(principal, known).await? };
        let mut cancelled = Vec::new();
        for state in [WriteState::Waiting, WriteState::Claimed, WriteState::Blocked] {
            for row in self.all_of(known, state).await? {
                if row.undo_of.is_none() && !row.maybe && (dry || self.call_off(principal, known, &row).await?) {
                    cancelled.push(row);
                }
            }
        }
        let mut items = Vec::new();
        for row in self.all_of(known, WriteState::Written).await? {
            if row.undo_of.is_none()
                && let Some(asked) = self.take_back(principal, &row, named, dry).await?
            {
                items.push((row, asked));
            }
        }
        let mut remaining = Vec::new();
        for state in WriteState::ALL {
            if matches!(state, WriteState::Written | WriteState::Cancelled | WriteState::Undone) {
                continue;
            }
            for write in self.all_of(known, state).await? {
                let would_end = dry && cancelled.iter().any(|row| row.id == write.id);
                if let Some(remedy) = remedy(&write).filter(|_| !would_end) {
                    remaining.push(Remains { write, remedy });
                }
            }
        }
        Ok(RolledBack { dry, paused, cancelled, items, remaining })
    }

    async fn goes_on(&self, pilot: &Pilot) -> Result<bool, StoreError> {
        let standing = self.parts().store.standing(&pilot.name).await?;
        Ok(!standing.pauses.iter().any(|pause| pause.sink.is_none()))
    }

    async fn pause_for(&self, principal: &Principal, pilot: &Pilot) -> Result<bool, ActError> {
        let permit = self.permit(principal, Action::WritingPause, &self.about_pilot(principal, pilot))?;
        let pause = PauseWriting {
            pilot: pilot.name.clone(),
            tenant: pilot.tenant.clone(),
            sink: None,
            reason: REASON.to_owned(),
            by: PausedBy::Person { person: principal.user.clone(), permit },
            at: self.now(),
        };
        Ok(self.parts().store.pause_writing(pause).await?)
    }

    /// Calls a write off; whether it had not left.
    async fn call_off(&self, principal: &Principal, pilot: &Pilot, row: &WriteRow) -> Result<bool, ActError> {
        let permit = self.permit(principal, Action::WritebackCancel, &self.about_pilot(principal, pilot))?;
        let (id, person, at) = (row.id.clone(), principal.user.clone(), self.now());
        let rule = RuleWrite { id, ruling: WriteRuling::Cancel, person, permit, at };
        match self.parts().store.rule_write(rule).await {
            Ok(()) => Ok(true),
            // It moved on meanwhile: it is found where it stands now.
            Err(StoreError::Conflict { .. } | StoreError::Stale { .. }) => Ok(false),
            Err(cause) => Err(cause.into()),
        }
    }

    /// `None`: what takes it back wants a person, and is told by itself.
    async fn take_back(
        &self,
        principal: &Principal,
        row: &WriteRow,
        named: &[String],
        dry: bool,
    ) -> Result<Option<Asked>, ActError> {
        let undos = self.parts().store.undos(&row.id).await?;
        match undos.into_iter().find(|undo| undo.state != WriteState::Cancelled) {
            Some(undo) if matches!(undo.state, WriteState::Uncertain | WriteState::Differs) => return Ok(None),
            Some(undo) if undo.state != WriteState::Refused => return Ok(Some(Asked::Before(undo.id))),
            _ => {}
        }
        let shown = match self.way_back(row) {
            Ok(shown) => shown,
            Err(why) => return Ok(Some(Asked::Not(why))),
        };
        let hash = named.iter().find(|hash| **hash == shown.hash).map(String::as_str);
        if shown.kind.leaves_the_house() && hash.is_none() {
            return Ok(Some(Asked::Unnamed(shown)));
        }
        if dry {
            return Ok(Some(Asked::Now(shown)));
        }
        match self.undo(principal, &row.id, false, hash).await {
            Ok(undo) => Ok(Some(Asked::Now(undo))),
            Err(ActError::Store(StoreError::Unavailable { reason })) => Err(StoreError::Unavailable { reason }.into()),
            Err(why) => Ok(Some(Asked::Not(why))),
        }
    }

    async fn all_of(&self, pilot: &Pilot, state: WriteState) -> Result<Vec<WriteRow>, StoreError> {
        let (mut rows, mut after) = (Vec::new(), None);
        loop {
            let filter = WriteFilter {
                pilot: Some(pilot.name.clone()),
                state: Some(state),
                after: after.take(),
                limit: 100,
                ..WriteFilter::default()
            };
            let page = self.parts().store.writes(&filter).await?;
            rows.extend(page.items);
            match page.next {
                Some(next) => after = Some(next),
                None => return Ok(rows),
            }
        }
    }
}

/// What a person does about a write that has not ended; nothing about an undo that goes its way.
fn remedy(write: &WriteRow) -> Option<String> {
    let id = &write.id;
    let goes = matches!(write.state, WriteState::Waiting | WriteState::Claimed | WriteState::Sending);
    Some(match write.state {
        _ if goes && write.undo_of.is_some() => return None,
        WriteState::Uncertain => {
            format!("nobody knows whether it was done; look there, then `opspilot writeback settle {id}`")
        }
        WriteState::Differs => {
            format!("it is no longer as it was left; `opspilot writeback show {id}`, then force the undo or cancel it")
        }
        WriteState::Refused if write.undo_of.is_some() => {
            format!("the far side does not take it; put that right, then `opspilot writeback retry {id}`")
        }
        WriteState::Refused => format!("it was not done; `opspilot writeback cancel {id}`"),
        WriteState::Blocked => format!("it may have been sent; `opspilot writeback retry {id}` has it looked for"),
        _ => format!("it is on its way; when it has ended, roll back again (`opspilot writeback show {id}`)"),
    })
}
