//! The rota: what falls due by the calendar rather than by a request. Schedules, the weekly report, and reminders about
//! briefs that wait. The store's rows make each of them happen once, whatever the clocks, restarts and number of daemons.
//! INVARIANT: nothing here decides. This room reads briefs, writes letters, and knows no way to an approval.

mod error;
mod fire;
mod plan;
mod remind;
mod report;
#[cfg(test)]
mod tests;
mod week;

pub use error::RotaError;
pub use plan::{Away, Kind, Plan, Waits};
pub use report::{Made, figures};
pub use week::Week;

use crate::clock::Clock;
use crate::domain::id::{NodeId, PermitId};
use crate::domain::pilot::{Pilot, Pilots};
use crate::policy::{Action, Ask, Permit, Policies, Principal, Resource};
use crate::store::{Store, StoreError};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;
use tokio_util::sync::CancellationToken;

/// How often to look whether something is due.
const EVERY: Duration = Duration::from_secs(15);

/// The rota. Cheap to clone.
#[derive(Clone)]
pub struct Rota {
    store: Store,
    policies: Policies,
    pilots: Pilots,
    plans: Arc<Vec<Plan>>,
    waits: Arc<BTreeMap<String, Waits>>,
    sources: Arc<BTreeMap<String, Vec<String>>>,
    node: NodeId,
    clock: Arc<dyn Clock>,
}

/// What the rota goes by.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// The schedules.
    pub plans: Vec<Plan>,
    /// How long briefs may wait, by the name of their pilot.
    pub waits: BTreeMap<String, Waits>,
    /// Names of the sources, by the name of their pilot.
    pub sources: BTreeMap<String, Vec<String>>,
}

impl Rota {
    /// Over a store, its policies and the pilots' rules.
    #[must_use]
    pub fn new(store: Store, policies: Policies, pilots: Pilots, options: Options, clock: Arc<dyn Clock>) -> Self {
        let node = NodeId::new(clock.now(), store.chance());
        let Options { plans, waits, sources } = options;
        let (plans, waits, sources) = (Arc::new(plans), Arc::new(waits), Arc::new(sources));
        Self { store, policies, pilots, plans, waits, sources, node, clock }
    }

    /// The schedules, in the order of the configuration.
    #[must_use]
    pub fn plans(&self) -> &[Plan] {
        &self.plans
    }

    /// The schedule of that name.
    ///
    /// # Errors
    /// [`StoreError::NotFound`].
    pub fn plan(&self, name: &str) -> Result<&Plan, StoreError> {
        let missing = || StoreError::NotFound { what: "schedule", id: name.to_owned() };
        self.plans.iter().find(|plan| plan.name == name).ok_or_else(missing)
    }

    /// Does what falls due, until `stop`.
    pub async fn tend(&self, stop: CancellationToken) {
        let mut timer = tokio::time::interval(EVERY);
        timer.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        let mut begun = false;
        loop {
            tokio::select! {
                () = stop.cancelled() => return,
                _ = timer.tick() => {}
            }
            if !begun {
                match self.begin().await {
                    Ok(()) => begun = true,
                    Err(cause) => {
                        tracing::warn!(error = %cause, "the schedules could not be made known; trying again");
                        continue;
                    }
                }
            }
            if let Err(cause) = self.tend_once().await {
                tracing::warn!(error = %cause, "schedules and reminders could not be tended; trying again");
            }
        }
    }

    /// Everything that is due now.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn tend_once(&self) -> Result<(), StoreError> {
        self.fall_due().await?;
        self.fire_due().await?;
        self.remind_due().await
    }

    fn pilot(&self, name: &str) -> Result<&Pilot, StoreError> {
        self.pilots.get(name).ok_or_else(|| StoreError::NotFound { what: "pilot", id: name.to_owned() })
    }

    fn permit(&self, principal: &Principal, action: Action, resource: &Resource) -> Result<Permit, RotaError> {
        let id = PermitId::new(self.clock.now(), self.store.chance());
        Ok(self.policies.permit(&Ask { principal, action, resource }, id.to_string())?)
    }
}
