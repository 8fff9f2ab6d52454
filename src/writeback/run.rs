//! Carrying writes out until the daemon stops: claims, as many at once as each sink bears, pauses where a far side asks for them. Own file
//! because it is the only loop. INVARIANT: what is being sent is finished before a stop; what could not be is looked for by whoever comes next.

use super::Writeback;
use super::carry::is_cool;
use crate::domain::id::{NodeId, WriteId};
use crate::store::{ClaimWrites, HoldWriting, RenewWrites, StoreError, WriteRow};
use futures_util::stream::{FuturesUnordered, StreamExt as _};
use governor::{DefaultDirectRateLimiter, Quota, RateLimiter};
use jiff::{SignedDuration, Timestamp};
use std::collections::BTreeMap;
use std::num::NonZeroU32;
use std::sync::PoisonError;
use std::time::Duration;
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;

/// How often to look whether something is due.
const POLL: Duration = Duration::from_millis(500);
/// How often to look for writes whose daemon died, and at the triggers.
const LOOK_AFTER: SignedDuration = SignedDuration::from_secs(15);
/// How often what is in hand is kept for longer.
const RENEW: SignedDuration = SignedDuration::from_secs(10);
/// Most writes in hand at once.
const MOST: usize = 128;
/// So many times what a sink bears at once is in hand for it: a claim is a commit, and must not be one for each write.
const AHEAD: usize = 2;

/// How much goes to a sink.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pace {
    /// At once.
    pub parallel: usize,
    /// In a minute.
    pub per_minute: Option<NonZeroU32>,
}

impl Default for Pace {
    fn default() -> Self {
        Self { parallel: 4, per_minute: None }
    }
}

/// How a sink is, as far as it was written to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Side {
    /// Until when nothing goes there.
    pub cool_until: Option<Timestamp>,
    /// Why, when a person must act.
    pub fault: Option<String>,
}

/// What this daemon works on now, and the sink of each.
type InHand = BTreeMap<WriteId, String>;

/// What holds writes to what their sink bears.
struct Gauge {
    /// In a minute.
    rate: Option<DefaultDirectRateLimiter>,
    /// At once.
    places: Semaphore,
}

impl Writeback {
    /// Carries out what is due until `stop`.
    pub async fn run(self, node: NodeId, stop: CancellationToken) {
        while let Err(cause) = self.hold_what_was_put_back().await {
            tracing::warn!(error = %cause, "whether the store was put back from a copy cannot be told; nothing is written until it can");
            tokio::select! {
                () = tokio::time::sleep(POLL) => {}
                () = stop.cancelled() => return,
            }
        }
        match self.parts().store.rescue_writes(true).await {
            Ok(0) => {}
            Ok(writes) => {
                tracing::warn!(writes, "writes were in hand when a daemon died; what may have been sent is looked for")
            }
            Err(cause) => tracing::warn!(error = %cause, "writes could not be looked after"),
        }
        let gauge = |(name, _): (&str, _)| {
            let pace = self.pace(name);
            let rate = pace.per_minute.map(|most| RateLimiter::direct(Quota::per_minute(most)));
            (name.to_owned(), Gauge { rate, places: Semaphore::new(pace.parallel.max(1)) })
        };
        let gauges: BTreeMap<String, Gauge> = self.parts().planner.sinks().map(gauge).collect();
        let mut flying = FuturesUnordered::new();
        let mut in_hand = InHand::new();
        let mut looked_after = self.now();
        let mut renewed = Timestamp::MIN;
        while !stop.is_cancelled() {
            let now = self.now();
            if !flying.is_empty() && (now.duration_since(renewed) > RENEW || renewed > now) {
                renewed = now;
                let renew = RenewWrites {
                    node: node.clone(),
                    writes: in_hand.keys().cloned().collect(),
                    until: self.leased_until(),
                };
                if let Err(cause) = beside(self.parts().store.renew_writes(renew), &mut flying, &mut in_hand).await {
                    tracing::warn!(error = %cause, "leases of writes could not be renewed; it is tried again");
                }
            }
            // After the renewal: a daemon that stood still, or whose clock was set, does not give up what it has in hand itself.
            if now.duration_since(looked_after) > LOOK_AFTER || looked_after > now {
                looked_after = now;
                if let Err(cause) = beside(self.look_after(), &mut flying, &mut in_hand).await {
                    tracing::warn!(error = %cause, "writes could not be looked after; it is tried again");
                }
            }
            let claim = self.claim(&node, in_hand.clone());
            let mut idle = true;
            match beside(claim, &mut flying, &mut in_hand).await {
                Ok(rows) => {
                    for row in rows {
                        idle = false;
                        // Another daemon gave it up, and it is still on its way from here: what becomes of that counts for nothing any
                        // more, and only after it this claim, which runs out with it.
                        if in_hand.contains_key(&row.id) {
                            continue;
                        }
                        in_hand.insert(row.id.clone(), row.sink.clone());
                        flying.push(self.one(row, &gauges, &stop));
                    }
                }
                Err(cause) => tracing::warn!(error = %cause, "writes could not be claimed; it is tried again"),
            }
            tokio::select! {
                Some(id) = flying.next() => {
                    in_hand.remove(&id);
                }
                () = self.nudged(), if idle => {}
                () = tokio::time::sleep(POLL) => {}
                () = stop.cancelled() => {}
            }
        }
        while flying.next().await.is_some() {}
    }

    /// Stops all writing where the store was put back from a copy: what was sent since is not in it, nor what was forbidden.
    async fn hold_what_was_put_back(&self) -> Result<(), StoreError> {
        let store = &self.parts().store;
        if self.0.mark.is_behind(store).await? {
            let pilots = self.parts().pilots.iter().map(|pilot| (pilot.name.clone(), pilot.tenant.clone())).collect();
            let held = store.hold_writing(HoldWriting { pilots, at: self.now() }).await?;
            tracing::error!(
                writes = held,
                "the store was put back from a copy (OP-7651): writing is paused for every pilot until a person lets it go on"
            );
        }
        self.0.mark.raise(store).await
    }

    async fn one(&self, row: WriteRow, gauges: &BTreeMap<String, Gauge>, stop: &CancellationToken) -> WriteId {
        let id = row.id.clone();
        let mut _place = None;
        if let Some(gauge) = gauges.get(&row.sink) {
            // The semaphore is never closed.
            _place = gauge.places.acquire().await.ok();
            if let Some(rate) = &gauge.rate {
                rate.until_ready().await;
            }
            // Of what only waited nothing was sent: the next daemon finds it so.
            if stop.is_cancelled() {
                return id;
            }
        }
        let carried = match self.cool_until(&row.sink) {
            // It asked for a pause while this one waited for its turn.
            Some(until) => self.postpone(&row, until).await,
            None => self.carry(row).await,
        };
        if let Err(cause) = carried {
            tracing::warn!(write.id = %id, error = %cause, "what became of a write could not be put down; it is looked for when its lease ends");
        }
        id
    }

    async fn claim(&self, node: &NodeId, in_hand: InHand) -> Result<Vec<WriteRow>, StoreError> {
        let now = self.now();
        let sides = self.sides();
        let mut away = Vec::new();
        let mut room = usize::MAX;
        for (name, _) in self.parts().planner.sinks() {
            let taken = in_hand.values().filter(|sink| *sink == name).count();
            let bears = self.pace(name).parallel.max(1);
            let free = (bears * AHEAD).saturating_sub(taken);
            if free < bears || is_cool(sides.get(name).and_then(|side| side.cool_until.as_ref()), now) {
                away.push(name.to_owned());
            } else {
                room = room.min(free);
            }
        }
        let most = room.min(MOST.saturating_sub(in_hand.len()));
        if most == 0 || away.len() == self.parts().planner.sinks().count() && !away.is_empty() {
            return Ok(Vec::new());
        }
        if !self.parts().store.is_write_due(now).await? {
            return Ok(Vec::new());
        }
        let until = self.leased_until();
        let most = u32::try_from(most).unwrap_or(1);
        self.parts().store.claim_writes(ClaimWrites { node: node.clone(), until, away, most, at: now }).await
    }

    async fn look_after(&self) -> Result<(), StoreError> {
        let rescued = self.parts().store.rescue_writes(false).await?;
        if rescued > 0 {
            tracing::warn!(writes = rescued, "leases of writes ran out; what may have been sent is looked for");
        }
        self.pull_triggers().await
    }

    fn pace(&self, sink: &str) -> Pace {
        self.parts().options.paces.get(sink).copied().unwrap_or_default()
    }

    /// How the sinks are, by name, as far as anything is known.
    #[must_use]
    pub fn sides(&self) -> BTreeMap<String, Side> {
        self.0.sides.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Until when nothing goes to a sink, when that is so.
    fn cool_until(&self, sink: &str) -> Option<Timestamp> {
        let now = self.now();
        self.sides().get(sink).and_then(|side| side.cool_until).filter(|until| is_cool(Some(until), now))
    }

    /// A sink took a write: whatever was wrong with it is over.
    pub(super) fn warm(&self, sink: &str) {
        self.0.sides.lock().unwrap_or_else(PoisonError::into_inner).remove(sink);
    }

    /// Nothing goes to a sink until then.
    pub(super) fn cool(&self, sink: &str, until: Timestamp, fault: Option<String>) {
        let mut sides = self.0.sides.lock().unwrap_or_else(PoisonError::into_inner);
        sides.insert(sink.to_owned(), Side { cool_until: Some(until), fault });
    }
}

/// Waits for something while what is under way goes on: a write that nobody polls may hold a connection that this waits for.
async fn beside<T>(
    what: impl Future<Output = T>,
    flying: &mut FuturesUnordered<impl Future<Output = WriteId>>,
    in_hand: &mut InHand,
) -> T {
    let mut what = std::pin::pin!(what);
    loop {
        tokio::select! {
            biased;
            told = &mut what => return told,
            Some(id) = flying.next() => {
                in_hand.remove(&id);
            }
        }
    }
}
