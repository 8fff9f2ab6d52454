//! What stops writing by itself: figures of a pilot held against its triggers. Own file because nothing here can do anything but stop. INVARIANT:
//! a trigger pauses and never resumes; what it paused, a named person lets go on.

use super::Writeback;
use crate::domain::money::Micros;
use crate::domain::pilot::Pilot;
use crate::domain::writeback::{Trigger, Watched};
use crate::store::{PauseWriting, PausedBy, StoreError};
use jiff::Timestamp;

impl Writeback {
    /// Holds every pilot's figures against its triggers.
    pub(super) async fn pull_triggers(&self) -> Result<(), StoreError> {
        for pilot in self.parts().pilots.iter().filter(|pilot| !pilot.triggers.is_empty()) {
            let standing = self.parts().store.standing(&pilot.name).await?;
            for trigger in &pilot.triggers {
                if standing.pauses.iter().any(|pause| pause.sink == trigger.sink) {
                    continue;
                }
                // What a person has seen and let go on is not held against it again.
                let resumed = self.parts().store.resumed_at(&pilot.name, trigger.sink.as_deref()).await?;
                if let Some(figure) = self.exceeded(pilot, trigger, resumed).await? {
                    self.pause(pilot, trigger, figure).await?;
                }
            }
        }
        Ok(())
    }

    async fn pause(&self, pilot: &Pilot, trigger: &Trigger, figure: String) -> Result<(), StoreError> {
        let reason = format!("trigger `{}`: {figure}", trigger.name);
        tracing::error!(
            pilot = pilot.name,
            sink = trigger.sink,
            trigger = trigger.name,
            figure,
            "writing was paused by a trigger"
        );
        metrics::counter!("opspilot_writing_paused_total", "pilot" => pilot.name.clone()).increment(1);
        let pause = PauseWriting {
            pilot: pilot.name.clone(),
            tenant: pilot.tenant.clone(),
            sink: trigger.sink.clone(),
            reason,
            by: PausedBy::Trigger { name: trigger.name.clone(), figure },
            at: self.now(),
        };
        self.parts().store.pause_writing(pause).await.map(|_| ())
    }

    /// The figure that goes beyond a trigger, in words.
    async fn exceeded(
        &self,
        pilot: &Pilot,
        trigger: &Trigger,
        resumed: Option<Timestamp>,
    ) -> Result<Option<String>, StoreError> {
        let since = (self.now() - trigger.over).max(resumed.unwrap_or(Timestamp::MIN));
        let store = &self.parts().store;
        let sink = trigger.sink.as_deref();
        let share = |part: u32, whole: u32, what: &str| {
            let beyond = whole > 0 && u64::from(part) * 100 > trigger.above * u64::from(whole);
            (beyond && whole >= trigger.at_least)
                .then(|| format!("{part} of {whole} {what}, more than {} %", trigger.above))
        };
        Ok(match trigger.watched {
            Watched::ErrorRate => {
                let figures = store.write_figures(&pilot.name, sink, since).await?;
                share(figures.refused + figures.uncertain, figures.done, "writes failed or are uncertain")
            }
            Watched::Uncertain => {
                let figures = store.write_figures(&pilot.name, sink, since).await?;
                (u64::from(figures.uncertain) > trigger.above)
                    .then(|| format!("{} writes are uncertain, more than {}", figures.uncertain, trigger.above))
            }
            Watched::UndoRate => {
                let figures = store.write_figures(&pilot.name, sink, since).await?;
                share(figures.undone, figures.standing, "writes were taken back")
            }
            Watched::Latency => {
                let figures = store.write_figures(&pilot.name, sink, since).await?;
                let slow = figures.latency_p95.filter(|slow| slow.as_secs() > trigger.above);
                slow.filter(|_| figures.written >= trigger.at_least).map(|slow| {
                    format!(
                        "the slowest of twenty writes took {} s or more, more than {} s",
                        slow.as_secs(),
                        trigger.above
                    )
                })
            }
            Watched::Cost => {
                let figures = store.write_figures(&pilot.name, sink, since).await?;
                let spent = u64::try_from(figures.cost.get()).unwrap_or(u64::MAX);
                let most = Micros::new(i64::try_from(trigger.above).unwrap_or(i64::MAX)).unwrap_or_default();
                (spent > trigger.above).then(|| format!("models cost {}, more than {most}", figures.cost))
            }
            Watched::RejectRate => {
                let figures = store.pilot_figures(&pilot.name, since).await?;
                share(figures.rejected, figures.reviewed, "briefs were rejected")
            }
            Watched::EditRate => {
                let figures = store.pilot_figures(&pilot.name, since).await?;
                share(figures.edited, figures.approved, "approved briefs were edited before")
            }
        })
    }
}
