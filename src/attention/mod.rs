//! The attention check: bad drafts planted among real ones, to see whether review is real. A named owner switches it on for a pilot with a
//! rate; from then on, at places that nobody can foresee, a brief with one fault comes before the reviewers like any other. Whoever decides
//! on it is told at once that it was a check. INVARIANT: what is planted is marked in the store from its first moment; nothing of it is sent
//! outside, asked of a model or counted among real figures; only owners see what the checks came to.

mod material;
mod shown;
#[cfg(test)]
mod tests;

pub use shown::{Line, Median, Shown};

use crate::brief::{Content, Fault, plant};
use crate::clock::Clock;
use crate::domain::id::{PermitId, ProbeId};
use crate::domain::pilot::{Pilot, Pilots};
use crate::policy::{Action, Ask, Denied, Permit, Policies, Principal, Resource};
use crate::screen::Boundary;
use crate::store::{AttentionChange, AttentionRow, PlantProbe, Store, StoreError, TurnAttention};
use jiff::Timestamp;
use material::Material;
use opspilot_sdk::sha256_hex;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;
use tokio_util::sync::CancellationToken;

/// How often to look whether it is a check's turn.
const EVERY: Duration = Duration::from_secs(5);
/// Planted among a hundred briefs at most.
const MOST_PERCENT: u32 = 20;
/// Longest reason, in characters.
const LONGEST_REASON: usize = 500;

/// Why something about attention checks was refused; nothing was changed.
#[derive(Debug, thiserror::Error)]
pub enum AttentionError {
    /// The policy says no.
    #[error(transparent)]
    Denied(#[from] Denied),
    /// No such pilot is configured.
    #[error("there is no pilot `{name}` in the configuration; `opspilot config show` lists them (OP-9240)")]
    NoPilot {
        /// As given.
        name: String,
    },
    /// A rate that is none.
    #[error("checks are planted among 1 to {MOST_PERCENT} of a hundred briefs, not {given} (OP-9241)")]
    Percent {
        /// As given.
        given: u32,
    },
    /// No reason, or too long a one.
    #[error("a reason of 1 to {LONGEST_REASON} characters is needed: it stands in the receipt (OP-9242)")]
    Reason,
    /// The store.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// The room. Cheap to clone.
#[derive(Clone)]
pub struct Attention {
    store: Store,
    policies: Policies,
    pilots: Pilots,
    boundaries: Arc<BTreeMap<String, Boundary>>,
    /// Definition hash and first step by workflow.
    starts: Arc<BTreeMap<String, (String, String)>>,
    clock: Arc<dyn Clock>,
}

impl Attention {
    /// Over a store, its policies and the pilots' rules; `starts` names for each workflow the definition hash and first step of a new run.
    #[must_use]
    pub fn new(
        store: Store,
        policies: Policies,
        pilots: Pilots,
        boundaries: Arc<BTreeMap<String, Boundary>>,
        starts: BTreeMap<String, (String, String)>,
        clock: Arc<dyn Clock>,
    ) -> Self {
        Self { store, policies, pilots, boundaries, starts: Arc::new(starts), clock }
    }

    fn pilot(&self, name: &str) -> Result<&Pilot, AttentionError> {
        self.pilots.get(name).ok_or_else(|| AttentionError::NoPilot { name: name.to_owned() })
    }

    fn permit(&self, principal: &Principal, action: Action, pilot: &Pilot) -> Result<Permit, AttentionError> {
        let id = PermitId::new(self.clock.now(), self.store.chance());
        let resource = &Resource::pilot(&pilot.name, &pilot.tenant);
        Ok(self.policies.permit(&Ask { principal, action, resource }, id.to_string())?)
    }

    /// Switches checks on for a pilot, among `percent` of a hundred briefs, or changes that share.
    ///
    /// # Errors
    /// [`AttentionError::Denied`]; [`AttentionError::Percent`]; [`AttentionError::Reason`].
    pub async fn on(
        &self,
        principal: &Principal,
        pilot: &str,
        percent: u32,
        reason: &str,
    ) -> Result<AttentionRow, AttentionError> {
        let pilot = self.pilot(pilot)?;
        let permit = self.permit(principal, Action::AttentionManage, pilot)?;
        if !(1..=MOST_PERCENT).contains(&percent) {
            return Err(AttentionError::Percent { given: percent });
        }
        let reason: String =
            reason.trim().chars().map(|letter| if letter.is_control() { ' ' } else { letter }).collect();
        if reason.is_empty() || reason.chars().count() > LONGEST_REASON {
            return Err(AttentionError::Reason);
        }
        let mut seed = [0; 32];
        self.store.fill(&mut seed);
        self.turn(principal, pilot, AttentionChange::On { percent, reason, seed }, permit).await?;
        let on = self.store.attention(Some(&pilot.name)).await?.pop();
        Ok(on.ok_or(StoreError::Stale { what: "attention check" })?)
    }

    /// Switches them off. What is planted and not decided yet stays before people.
    ///
    /// # Errors
    /// [`AttentionError::Denied`]; a conflict when they are off.
    pub async fn off(&self, principal: &Principal, pilot: &str) -> Result<(), AttentionError> {
        let pilot = self.pilot(pilot)?;
        let permit = self.permit(principal, Action::AttentionManage, pilot)?;
        self.turn(principal, pilot, AttentionChange::Off, permit).await
    }

    async fn turn(
        &self,
        principal: &Principal,
        pilot: &Pilot,
        change: AttentionChange,
        permit: Permit,
    ) -> Result<(), AttentionError> {
        let (person, at) = (principal.user.clone(), self.clock.now());
        let (pilot, tenant) = (pilot.name.clone(), pilot.tenant.clone());
        Ok(self.store.turn_attention(TurnAttention { pilot, tenant, change, person, permit, at }).await?)
    }

    /// What the checks of a pilot came to since then, for owners alone.
    ///
    /// # Errors
    /// [`AttentionError::Denied`].
    pub async fn shown(&self, principal: &Principal, pilot: &str, since: Timestamp) -> Result<Shown, AttentionError> {
        let pilot = self.pilot(pilot)?;
        let _leave = self.permit(principal, Action::AttentionRead, pilot)?;
        let on = self.store.attention(Some(&pilot.name)).await?.pop();
        let decided = self.store.probes_decided(&pilot.name, since).await?;
        let names =
            self.store.persons().await?.into_iter().map(|person| (person.id.to_string(), person.name)).collect();
        Ok(Shown::of(on, &decided, &names))
    }

    /// Plants what it is the turn of, until `stop`.
    pub async fn tend(self, stop: CancellationToken) {
        let mut timer = tokio::time::interval(EVERY);
        timer.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                () = stop.cancelled() => return,
                _ = timer.tick() => {}
            }
            if let Err(cause) = self.tend_once().await {
                tracing::warn!(error = %cause, "attention checks could not be tended; trying again");
            }
        }
    }

    /// One check for each pilot whose turn it is.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn tend_once(&self) -> Result<(), StoreError> {
        for on in self.store.attention(None).await? {
            let (real, planted) = self.store.attention_count(&on).await?;
            if let Some(pilot) = self.pilots.get(&on.pilot).filter(|_| is_due(&on, real, planted)) {
                self.plant(&on, pilot, planted).await?;
            }
        }
        Ok(())
    }

    async fn plant(&self, on: &AttentionRow, pilot: &Pilot, turn: u32) -> Result<(), StoreError> {
        let Some(boundary) = self.boundaries.get(&pilot.name) else { return Ok(()) };
        let Some(start) = self.starts.get(&pilot.workflow).cloned() else { return Ok(()) };
        let chance = chance(on, turn, "what");
        let material = Material::choose(&self.store, pilot, boundary, self.clock.now(), chance).await?;
        let Some(sound) = material.sound() else { return Ok(()) };
        // Any fault that can be planted, beginning with the one that chance names.
        let first = usize::try_from(chance % 4).unwrap_or(0);
        let mut faults = Fault::ALL.into_iter().cycle().skip(first).take(Fault::ALL.len());
        let planted = faults.find_map(|fault| plant(&sound, &material.text, fault, chance / 4));
        let Some(planted) = planted else { return Ok(()) };
        let (fault, trace) = (planted.fault.as_str(), planted.trace.clone());
        let content = String::from_utf8_lossy(&Content::to_bytes(&planted.content)).into_owned();
        let model = material.model.clone();
        let accept = material.accept(&self.store, pilot, content, start, self.clock.now());
        let id = ProbeId::new(self.clock.now(), self.store.chance());
        self.store.plant_probe(PlantProbe { id, accept, number: on.number, turn, model, fault, trace }).await?;
        Ok(())
    }
}

/// Whether the next check has come: of each hundred briefs divided by the share, one place by chance.
fn is_due(on: &AttentionRow, real: u32, planted: u32) -> bool {
    let among = (100 / on.percent.max(1)).max(1);
    let place = u32::try_from(chance(on, planted, "where") % u64::from(among)).unwrap_or(0);
    real > planted.saturating_mul(among).saturating_add(place)
}

/// A number that nobody knows who does not know the seed.
fn chance(on: &AttentionRow, turn: u32, what: &str) -> u64 {
    let digest = sha256_hex(&[&on.seed, what.as_bytes(), &turn.to_be_bytes()].concat());
    digest.get(..16).and_then(|digits| u64::from_str_radix(digits, 16).ok()).unwrap_or(0)
}
