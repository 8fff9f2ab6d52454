//! Whether everything that the far side holds is here: a request, in quarantine, or ignored with a reason. Own file because it is the
//! proof that a source lost nothing, and reads what the source reads by another way. INVARIANT: an item counts as here only when the
//! store says so; what came while it was counted is looked up again before it is called missing.

use super::{Door, Intake, IntakeError, Pull};
use crate::store::{Reconciled, Store, StoreError};
use jiff::{SignedDuration, Timestamp};
use opspilot_sdk::{ConnectorError, Cursor, Held, Inventory, Source};

/// Items per page.
const PAGE: usize = 500;
/// After a failure it is tried again no sooner.
const AGAIN: SignedDuration = SignedDuration::from_hours(1);
/// More missing items than this are counted, not named.
const NAMED: usize = 1000;

/// An item that is not accounted for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// Where it lies.
    pub place: String,
    /// Its key; none when the source could not read it.
    pub key: Option<String>,
}

/// What a source's far side holds, and what of it is here.
#[derive(Clone, Debug, Default)]
pub struct Survey {
    /// The counts.
    pub counts: Reconciled,
    /// What is not here, as far as it is named.
    pub missing: Vec<Found>,
    /// What the source could not read.
    pub unreadable: Vec<Found>,
}

impl Survey {
    /// For the source behind `door`.
    fn of(door: &Door, tenant: &str) -> Self {
        let counts = Reconciled {
            source: door.source.clone(),
            pilot: door.pilot.clone(),
            tenant: tenant.to_owned(),
            ..Reconciled::default()
        };
        Self { counts, ..Self::default() }
    }

    async fn add(&mut self, store: &Store, held: Vec<Held>) -> Result<(), StoreError> {
        let keys: Vec<String> = held.iter().filter_map(|held| Some(held.key.as_ref()?.as_str().to_owned())).collect();
        let standing = store.standing_of(&self.counts.source, &keys).await?;
        for Held { place, key, ignored } in held {
            self.counts.held += 1;
            let key = key.map(|key| key.as_str().to_owned());
            match key.as_ref().and_then(|key| standing.get(key)).map(String::as_str) {
                Some("request" | "requested") => self.counts.requests += 1,
                Some("ignored") => self.counts.ignored += 1,
                Some(_) => self.counts.quarantined += 1,
                None if ignored.is_some() => self.counts.ignored += 1,
                None => {
                    let list = if key.is_some() { &mut self.missing } else { &mut self.unreadable };
                    let count = if key.is_some() { &mut self.counts.missing } else { &mut self.counts.unreadable };
                    *count += 1;
                    if list.len() < NAMED {
                        list.push(Found { place, key });
                    }
                }
            }
        }
        Ok(())
    }

    /// Looks again for what was not here: it may have come while the rest was counted.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn look_again(&mut self, store: &Store) -> Result<(), StoreError> {
        let keys: Vec<String> = self.missing.iter().filter_map(|found| found.key.clone()).collect();
        let standing = store.standing_of(&self.counts.source, &keys).await?;
        let before = self.missing.len();
        let counts = &mut self.counts;
        self.missing.retain(|found| {
            match found.key.as_ref().and_then(|key| standing.get(key)).map(String::as_str) {
                None => return true,
                Some("request" | "requested") => counts.requests += 1,
                Some("ignored") => counts.ignored += 1,
                Some(_) => counts.quarantined += 1,
            }
            false
        });
        counts.missing -= u64::try_from(before - self.missing.len()).unwrap_or(0);
        Ok(())
    }

    /// Whether it must be counted anew to be told: more was missing than was named, and all that was named has come since.
    #[must_use]
    pub fn is_stale(&self) -> bool {
        self.missing.is_empty() && self.counts.missing > 0
    }

    /// Whether everything is here.
    #[must_use]
    pub fn is_whole(&self) -> bool {
        self.counts.missing == 0 && self.counts.unreadable == 0
    }
}

impl std::fmt::Display for Survey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Reconciled { held, requests, quarantined, ignored, unreadable, missing, .. } = &self.counts;
        write!(f, "{held} held: {requests} requests, {quarantined} in quarantine, {ignored} ignored, ")?;
        write!(f, "{missing} missing, {unreadable} unreadable")
    }
}

/// A comparison in the course of a running source: a page a round, once a day (UTC) and each hour while something is missing, so that
/// reading is never held up by more than that.
#[derive(Default)]
pub(super) struct Audit {
    survey: Option<Survey>,
    next: Option<Cursor>,
    /// The last page is in; the next quiet round settles it.
    counted: bool,
    /// After a failure: not before this time.
    not_before: Option<Timestamp>,
    /// Something was missing: once more, whatever the day.
    again: bool,
    /// The far side keeps nothing that could be listed.
    never: bool,
}

impl Audit {
    /// Whether there is something to do: the day of the last one, in UTC, is over.
    pub(super) fn is_due(&self, last: Option<Timestamp>, now: Timestamp) -> bool {
        let day = |at: Timestamp| at.as_second().div_euclid(86_400);
        !self.never
            && self.not_before.is_none_or(|from| now >= from)
            && (self.again || self.survey.is_some() || last.is_none_or(|last| day(last) < day(now)))
    }
}

impl Pull {
    /// One page, or the end of it; whether it goes on at once.
    pub(super) async fn audit(&self, source: &mut dyn Source, audit: &mut Audit) -> bool {
        match self.audit_page(source, audit).await {
            Ok(more) => more,
            Err(error) => {
                *audit = Audit { not_before: Some(self.intake.clock.now() + AGAIN), ..Audit::default() };
                metrics::counter!("opspilot_reconcile_faults_total", "source" => self.door.source.clone()).increment(1);
                tracing::warn!(source.name = %self.door.source, error = %error, "the source could not be compared with its far side; it is tried again in an hour");
                false
            }
        }
    }

    async fn audit_page(&self, source: &mut dyn Source, audit: &mut Audit) -> Result<bool, SurveyError> {
        let store = &self.intake.store;
        if audit.counted
            && let Some(mut survey) = audit.survey.take()
        {
            *audit = Audit::default();
            survey.look_again(store).await?;
            if survey.is_stale() {
                audit.again = true;
                return Ok(true);
            }
            store.keep_reconciled(survey.counts.clone()).await?;
            if !survey.is_whole() {
                audit.again = true;
                audit.not_before = Some(self.intake.clock.now() + AGAIN);
            }
            let name = || self.door.source.clone();
            metrics::gauge!("opspilot_reconcile_held", "source" => name()).set(survey.counts.held as f64);
            let gone = survey.counts.missing + survey.counts.unreadable;
            metrics::gauge!("opspilot_reconcile_missing", "source" => name()).set(gone as f64);
            if survey.is_whole() {
                tracing::info!(source.name = %self.door.source, found = %survey, "everything the source holds is accounted for");
            } else {
                let first = survey.missing.first().or(survey.unreadable.first()).map_or("", |found| &found.place);
                tracing::error!(source.name = %self.door.source, found = %survey, first = first, "the source holds items that are not here; run `opspilot reconcile` (OP-2007)");
            }
            self.note(|health| health.reconciled = Some((survey.to_string(), survey.is_whole())));
            return Ok(false);
        }
        let Some(page) = source.inventory(audit.next.take(), PAGE).await? else {
            audit.never = true;
            return Ok(false);
        };
        let Inventory { held, next, keep } = page;
        if let Some(keep) = keep {
            store.keep_secret(&self.door.source, keep).await?;
        }
        let tenant = self.intake.tenant(&self.door)?;
        audit.survey.get_or_insert_with(|| Survey::of(&self.door, &tenant)).add(store, held).await?;
        audit.counted = next.is_none();
        audit.next = next;
        Ok(true)
    }
}

/// Why a comparison could not be completed.
#[derive(Debug, thiserror::Error)]
pub enum SurveyError {
    /// The source.
    #[error(transparent)]
    Source(#[from] ConnectorError),
    /// The store.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The pilot is not configured.
    #[error(transparent)]
    Intake(#[from] IntakeError),
}

/// Compares a source of one's own with its far side, from beginning to end; `None` when the far side keeps nothing that could be listed.
///
/// # Errors
/// [`SurveyError`].
pub async fn survey(intake: &Intake, door: &Door, source: &mut dyn Source) -> Result<Option<Survey>, SurveyError> {
    let store = &intake.store;
    if let Some(kept) = store.kept_secret(&door.source).await? {
        source.recall(kept);
    }
    let mut survey = Survey::of(door, &intake.tenant(door)?);
    let mut from = None;
    loop {
        let Some(Inventory { held, next, keep }) = source.inventory(from, PAGE).await? else { return Ok(None) };
        if let Some(keep) = keep {
            store.keep_secret(&door.source, keep).await?;
        }
        survey.add(store, held).await?;
        if next.is_none() {
            return Ok(Some(survey));
        }
        from = next;
    }
}
