//! Watching over what stands outside the store's own work: the policy folder, checkpoints kept outside the database, and PostgreSQL's
//! notices.

use super::policy_set;
use crate::config::Settings;
use crate::policy::{Policies, PolicySet, Problems};
use crate::store::{Store, StoreError};
use std::io::Write as _;
use std::sync::Arc;
use tokio_util::sync::CancellationToken;

pub(super) fn load_policies(settings: &Settings) -> Result<PolicySet, Problems> {
    policy_set(settings)
}

/// Reads the operator's policies again now and then: a folder that was removed, damaged or set back must lead to no, at once.
pub(super) async fn policies(policies: Policies, settings: Arc<Settings>, stop: CancellationToken) {
    let Some(dir) = settings.policies.dir.clone() else { return };
    let mut before = super::sources::standing_text(&policies.standing());
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            () = tokio::time::sleep(settings.policies.recheck) => {}
        }
        let standing = super::sources::standing_text(&policies.reload(&dir));
        if standing != before {
            tracing::warn!(policies = %standing, "the policies changed");
            before = standing;
        }
    }
}

/// Keeps checkpoints of the receipt log, in the store and in a file outside it, and forgets answers nobody asks for again.
pub(super) async fn checkpoints(store: Store, settings: Arc<Settings>, stop: CancellationToken) {
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            () = tokio::time::sleep(settings.receipts.checkpoint_every) => {}
        }
        if let Err(cause) = keep_checkpoint(&store, &settings).await {
            tracing::warn!(error = %cause, "a checkpoint could not be kept");
        }
        // Answers are remembered for a client that asks again under the same key; a day is long enough.
        let day_ago = store.now().checked_sub(jiff::SignedDuration::from_hours(24)).unwrap_or(jiff::Timestamp::MIN);
        if let Err(cause) = store.forget_answers(day_ago).await {
            tracing::warn!(error = %cause, "old answers could not be forgotten");
        }
    }
}

/// Keeps the head that stands, when it is not kept already.
pub(super) async fn keep_checkpoint(store: &Store, settings: &Settings) -> Result<(), StoreError> {
    let head = store.log_head().await?;
    let Some(head) = head else { return Ok(()) };
    if store.checkpoints().await?.last() == Some(&head.note) {
        return Ok(());
    }
    store.keep_checkpoint().await?;
    let Some(file) = &settings.receipts.checkpoint_file else { return Ok(()) };
    let written = std::fs::OpenOptions::new().create(true).append(true).open(file).and_then(|mut file| {
        file.write_all(format!("{}\n", head.note.trim_end()).as_bytes())?;
        file.write_all(b"\n")?;
        file.sync_data()
    });
    written
        .map_err(|cause| StoreError::Unavailable { reason: format!("cannot append to `{}`: {cause}", file.display()) })
}

/// PostgreSQL tells when another daemon made work. Only a hint: when it is lost, polling goes on.
pub(super) async fn notices(store: Store, stop: CancellationToken) {
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            outcome = store.listen() => if let Err(cause) = outcome {
                tracing::info!(error = %cause, "notices of the database are lost; polling goes on");
                tokio::select! {
                    () = stop.cancelled() => return,
                    () = tokio::time::sleep(std::time::Duration::from_secs(5)) => {}
                }
            }
        }
    }
}
