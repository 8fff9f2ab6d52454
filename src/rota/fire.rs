//! Schedules: what is due becomes a row, and a row is fired once. Own file because this is where calendar and store meet. INVARIANT: what a
//! slot makes goes down with the slot, in one transaction; a daemon that dies before leaves a row that the next one fires.

use super::{Kind, Plan, Rota, RotaError, Week};
use crate::calendar::LATE_AFTER;
use crate::domain::id::ReportId;
use crate::policy::{Action, Principal, Resource};
use crate::store::{
    FallDue, FireSlot, Hand, NewReport, PutBackSlot, SetSchedule, SlotRow, StoreError, TakeSlot, report_digest,
};
use jiff::{SignedDuration, Timestamp};

/// How long a daemon may take to fire a slot before another one tries.
const LEASE: SignedDuration = SignedDuration::from_mins(10);

/// How often a slot is tried before it is given up.
const MOST_ATTEMPTS: i64 = 8;

impl Rota {
    /// Makes the schedules known: from now on their slots count. One whose pattern or zone changed begins anew, so that no time is made up for
    /// that was never planned.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn begin(&self) -> Result<(), StoreError> {
        let known = self.store.schedules().await?;
        for plan in self.plans.iter() {
            let (pattern, zone) = (plan.schedule.pattern(), zone(plan));
            if !known.iter().any(|row| row.name == plan.name && row.pattern == pattern && row.zone == zone) {
                self.set(plan).await?;
            }
        }
        Ok(())
    }

    async fn set(&self, plan: &Plan) -> Result<(), StoreError> {
        let (name, pattern) = (plan.name.clone(), plan.schedule.pattern().to_owned());
        self.store.set_schedule(SetSchedule { name, pattern, zone: zone(plan), at: self.clock.now() }).await
    }

    /// Makes rows of the slots that are due.
    pub(super) async fn fall_due(&self) -> Result<(), StoreError> {
        if self.plans.is_empty() {
            return Ok(());
        }
        let known = self.store.schedules().await?;
        for plan in self.plans.iter() {
            let Some(row) = known.iter().find(|row| row.name == plan.name) else {
                self.set(plan).await?;
                continue;
            };
            let seen = row.last_due.map_or(row.since, |last| last.max(row.since));
            let now = self.clock.now();
            let Some(due) = plan.schedule.due_between(seen, now) else { continue };
            let pilot = self.pilot(&plan.pilot)?;
            let new = self
                .store
                .fall_due(FallDue {
                    schedule: plan.name.clone(),
                    key: due.slot.key,
                    kind: plan.kind.as_str(),
                    pilot: pilot.name.clone(),
                    tenant: pilot.tenant.clone(),
                    due_at: due.slot.at,
                    wall: due.slot.wall.strftime("%Y-%m-%dT%H:%M").to_string(),
                    late: due.late,
                    passed_over: due.passed_over,
                    by_hand: None,
                    at: now,
                })
                .await?;
            if new && due.late {
                tracing::warn!(schedule.name = plan.name, "a schedule fell due while nothing ran; made up for now");
            }
        }
        Ok(())
    }

    /// Fires what is due, one after the other.
    pub(super) async fn fire_due(&self) -> Result<(), StoreError> {
        while let Some(slot) = self.take(None).await? {
            let name = slot.schedule.clone();
            if let Err(cause) = self.fire(slot).await? {
                tracing::warn!(schedule.name = name, error = %cause, "a schedule could not be fired");
            }
        }
        Ok(())
    }

    async fn take(&self, only: Option<(String, String)>) -> Result<Option<SlotRow>, StoreError> {
        let at = self.clock.now();
        self.store.take_slot(TakeSlot { node: self.node.clone(), only, until: at + LEASE, at }).await
    }

    /// Fires a slot that was taken. What fails is put back for later, or given up; the inner error says why.
    async fn fire(&self, mut slot: SlotRow) -> Result<Result<Option<String>, StoreError>, StoreError> {
        slot.late |= slot.by_hand.is_none() && self.clock.now().duration_since(slot.due_at) > LATE_AFTER;
        let fired = match self.make(&slot).await {
            Ok(report) => {
                let fire = FireSlot { slot: slot.clone(), node: self.node.clone(), report, at: self.clock.now() };
                self.store.fire_slot(fire).await
            }
            Err(cause) => Err(cause),
        };
        let cause = match fired {
            Ok(made) => return Ok(Ok(made)),
            // Somebody else has it.
            Err(StoreError::Stale { .. }) => return Ok(Ok(None)),
            Err(cause) => cause,
        };
        let at = self.clock.now();
        let wait = SignedDuration::from_secs(15 << slot.attempt.clamp(0, 8));
        let again = (slot.attempt < MOST_ATTEMPTS).then(|| at + wait);
        let message = cause.to_string();
        self.store.put_back_slot(PutBackSlot { slot, node: self.node.clone(), message, again, at }).await?;
        Ok(Err(cause))
    }

    /// What a slot makes.
    async fn make(&self, slot: &SlotRow) -> Result<Option<NewReport>, StoreError> {
        let pilot = self.pilot(&slot.pilot)?;
        let unknown = || StoreError::Corrupt { what: format!("a slot of the kind `{}`", slot.kind) };
        match Kind::parse(&slot.kind).ok_or_else(unknown)? {
            // A digest is another one for each person: it is written where letters are, from the receipt of this firing.
            Kind::Digest => Ok(None),
            Kind::WeeklyReport => {
                let week = Week::of(slot.due_at, &pilot.time_zone).before();
                let (from, until) = week.span(&pilot.time_zone);
                // The checkpoint that the report names is one that is kept.
                self.store.keep_checkpoint().await?;
                let (notice, figures) = self.count(pilot, week, (slot.late, slot.passed_over)).await?;
                let figures = figures.to_string();
                Ok(Some(NewReport {
                    id: ReportId::new(self.clock.now(), self.store.chance()),
                    period: week.to_string(),
                    from,
                    until,
                    digest: report_digest(&notice.text, &notice.html, &figures),
                    subject: notice.subject,
                    text: notice.text,
                    html: notice.html,
                    figures,
                }))
            }
        }
    }

    /// Fires a schedule now, out of turn, whatever its calendar says. Its own times stand as they were.
    ///
    /// # Errors
    /// [`RotaError::Denied`]; [`StoreError::NotFound`] when there is no such schedule; [`RotaError::Failed`].
    pub async fn run(&self, principal: &Principal, name: &str) -> Result<SlotRow, RotaError> {
        let plan = self.plan(name)?;
        let pilot = self.pilot(&plan.pilot)?;
        let resource = Resource::pilot(&pilot.name, &pilot.tenant);
        let permit = self.permit(principal, Action::ScheduleRun, &resource)?;
        let now = self.clock.now();
        let key = by_hand_key(now, self.store.chance());
        let slot = FallDue {
            schedule: plan.name.clone(),
            key: key.clone(),
            kind: plan.kind.as_str(),
            pilot: pilot.name.clone(),
            tenant: pilot.tenant.clone(),
            due_at: now,
            wall: plan.schedule.zone().to_datetime(now).strftime("%Y-%m-%dT%H:%M").to_string(),
            late: false,
            passed_over: false,
            by_hand: Some(Hand { person: principal.user.clone(), permit }),
            at: now,
        };
        self.store.fall_due(slot).await?;
        // A daemon that looks at this moment may take it first, and fires it as well as we would.
        if let Some(slot) = self.take(Some((plan.name.clone(), key.clone()))).await?
            && let Err(cause) = self.fire(slot).await?
        {
            return Err(RotaError::Failed { name: plan.name.clone(), why: cause.to_string() });
        }
        let slots = self.store.slots(&plan.name, 50).await?;
        let missing = || StoreError::NotFound { what: "slot", id: key.clone() };
        Ok(slots.into_iter().find(|slot| slot.key == key).ok_or_else(missing)?)
    }
}

fn zone(plan: &Plan) -> String {
    plan.schedule.zone().iana_name().unwrap_or("UTC").to_owned()
}

/// Two people may call for the same schedule in one moment; each is a firing of its own.
fn by_hand_key(now: Timestamp, chance: [u8; 10]) -> String {
    let [a, b, c, d, ..] = chance;
    format!("by-hand-{now}-{:08x}", u32::from_be_bytes([a, b, c, d]))
}
