//! What keeps work flowing: finding runs that wait in the store, waking what is due, keeping leases, taking over from the dead. Always
//! on; a hint from the store only makes it quicker. Own file because none of it touches a step.

use super::Engine;
use crate::store::{Claim, ClaimedRun, StoreError};
use jiff::SignedDuration;
use std::sync::PoisonError;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

/// Runs claimed in one go at most.
const CLAIM: u32 = 64;

impl Engine {
    /// Brings runs that wait in the store to the workers, until `stop`. Asks only while the workers have room, so that memory stays
    /// bounded whatever the backlog.
    pub async fn feed(&self, stop: CancellationToken) {
        let Some(sender) = self.store.local_queue() else { return };
        let mut timer = tokio::time::interval(self.options.poll);
        timer.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                biased;
                () = stop.cancelled() => return,
                _ = timer.tick() => {}
                () = self.store.woken() => {}
            }
            loop {
                match self.claim(&sender).await {
                    Ok(true) if !stop.is_cancelled() => {}
                    Ok(_) => break,
                    Err(cause) => {
                        tracing::warn!(error = %cause, "no work could be claimed; trying again");
                        break;
                    }
                }
            }
        }
    }

    /// Claims once; whether there is probably more.
    async fn claim(&self, sender: &mpsc::Sender<ClaimedRun>) -> Result<bool, StoreError> {
        let room = u32::try_from(sender.capacity()).unwrap_or(CLAIM).min(CLAIM);
        if room == 0 {
            // The workers are busy: wait for one place rather than spin.
            if let Ok(permit) = sender.reserve().await {
                drop(permit);
            }
            return Ok(true);
        }
        let at = self.store.now();
        let until = at + SignedDuration::try_from(self.options.lease).unwrap_or(SignedDuration::from_secs(30));
        let runs = self.store.claim(Claim { node: self.node.clone(), until, limit: room, at }).await?;
        let full = runs.len() >= room as usize;
        self.store.set_waiting(if full { self.store.count_waiting().await? } else { 0 });
        for run in runs {
            // The workers only go away when the daemon stops; the lease is handed back then.
            if sender.send(run).await.is_err() {
                return Ok(false);
            }
        }
        Ok(full)
    }

    /// Leases, timers and takeovers, until `stop`.
    pub async fn tend(&self, stop: CancellationToken) {
        let mut timer = tokio::time::interval(self.options.poll);
        timer.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        let every = (self.options.lease.as_millis() / 3 / self.options.poll.as_millis().max(1)).max(1);
        let mut tick: u128 = 0;
        loop {
            tokio::select! {
                biased;
                () = stop.cancelled() => return,
                _ = timer.tick() => {}
            }
            tick += 1;
            if let Err(cause) = self.tend_once(tick.is_multiple_of(every)).await {
                tracing::warn!(error = %cause, "leases and timers could not be tended; trying again");
            }
        }
    }

    async fn tend_once(&self, leases: bool) -> Result<(), StoreError> {
        let dropped = std::mem::take(&mut *self.dropped.lock().unwrap_or_else(PoisonError::into_inner));
        if !dropped.is_empty()
            && let Err(cause) = self.store.let_go(&self.node, dropped.clone()).await
        {
            // The store that could not keep their work cannot do this either: the next time.
            self.dropped.lock().unwrap_or_else(PoisonError::into_inner).extend(dropped);
            return Err(cause);
        }
        if self.store.is_due().await? {
            self.store.ring().await?;
        }
        if leases {
            let until = self.store.now()
                + SignedDuration::try_from(self.options.lease).unwrap_or(SignedDuration::from_secs(30));
            self.store.renew_leases(&self.node, until).await?;
            let rescued = self.store.rescue(false).await?;
            if rescued > 0 {
                tracing::warn!(runs = rescued, "runs of a daemon that stopped were taken over");
            }
        }
        Ok(())
    }

    /// Before the first worker: gives back what nobody can be working on.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn recover(&self) -> Result<u64, StoreError> {
        self.store.rescue(true).await
    }

    /// After the last worker: gives back what was claimed and not begun.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn hand_back(&self) -> Result<u64, StoreError> {
        self.store.hand_back(&self.node).await
    }
}
