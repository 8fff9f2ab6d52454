//! Watching over what stands outside the store's own work: the policy folder, checkpoints kept outside the database, and PostgreSQL's
//! notices.

use crate::config::Settings;
use crate::policy::{Policies, PolicySet, Standing};
use crate::store::{Store, StoreError};
use std::io::Write as _;
use std::sync::Arc;
use tokio_util::sync::CancellationToken;

/// The policies of the configuration, if no higher version of them was ever in force on this store.
pub(super) async fn load_policies(settings: &Settings, store: &Store) -> Result<Policies, StoreError> {
    let minimum = settings.policies.min_version;
    let Some(dir) = &settings.policies.dir else {
        return Ok(Policies::at_least(PolicySet::embedded(), minimum));
    };
    let policies = Policies::at_least(PolicySet::from_dir(dir), minimum.max(store.policy_version().await?));
    raise_version(&policies, store).await?;
    Ok(policies)
}

/// Remembers what is in force, for whoever reads the folder next.
async fn raise_version(policies: &Policies, store: &Store) -> Result<(), StoreError> {
    let Standing::Ready { hash, version } = policies.standing() else { return Ok(()) };
    if version > store.policy_version().await? {
        store.raise_policy_version(version, &hash).await?;
    }
    Ok(())
}

/// A clock may be behind the newest receipt by so much without a word, in seconds: other daemons of the store have clocks of their own.
const BEHIND: i64 = 60;

/// What to say when the clock is behind what was done already: receipts would tell of times that were not.
pub(crate) async fn clock_behind(store: &Store) -> Result<Option<String>, StoreError> {
    let now = store.now();
    let Some(newest) = store.log_head().await?.map(|head| head.at) else { return Ok(None) };
    let behind = newest.duration_since(now).as_secs() > BEHIND;
    Ok(behind.then(|| {
        format!("the clock says {now:.0}, but the newest receipt was made at {newest:.0}; set it, or find out who set it ahead then")
    }))
}

/// Reads the operator's policies again now and then: a folder that was removed, damaged or set back must lead to no, at once.
pub(super) async fn policies(policies: Policies, store: Store, settings: Arc<Settings>, stop: CancellationToken) {
    let Some(dir) = settings.policies.dir.clone() else { return };
    let mut before = super::sources::standing_text(&policies.standing());
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            () = tokio::time::sleep(settings.policies.recheck) => {}
        }
        // Another daemon of this store may have read newer ones: older ones must not be in force for a moment.
        match store.policy_version().await {
            Ok(version) => _ = policies.require(version),
            Err(cause) => tracing::debug!(error = %cause, "the highest version of the policies could not be asked"),
        }
        policies.reload(&dir);
        if let Err(cause) = raise_version(&policies, &store).await {
            tracing::warn!(error = %cause, "the version of the policies could not be remembered; tried again");
        }
        let standing = super::sources::standing_text(&policies.standing());
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
    if store.last_checkpoint().await?.as_ref() == Some(&head.note) {
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
