//! The rest of the daemon as far as a pulled source can tell: a store that commits keys and cursor together, and a source that can
//! be lost at any moment. INVARIANT: the store outlives every crash, the source outlives none.

use super::{Harness, judge};
use crate::{Batch, Cursor, DedupKey, Envelope, ErrorKind, Refused, Secret, Settled, Source};
use std::collections::{BTreeMap, BTreeSet};
use std::future::{Future, poll_fn};
use std::pin::pin;
use std::task::Poll;

/// So many polls must be enough to bring whatever was put outside, empty ones included.
const PATIENCE: usize = 400;

/// Polls made after everything arrived, to see whether something comes twice.
const AFTERWARDS: usize = 3;

pub(super) struct World<H> {
    pub(super) harness: H,
    kept: BTreeMap<DedupKey, Envelope>,
    refused: BTreeSet<DedupKey>,
    cursor: Option<Cursor>,
    secret: Option<Secret>,
    source: Option<Box<dyn Source>>,
}

impl<H: Harness> World<H> {
    pub(super) fn new() -> Self {
        Self {
            harness: H::new(),
            kept: BTreeMap::new(),
            refused: BTreeSet::new(),
            cursor: None,
            secret: None,
            source: None,
        }
    }

    /// Puts items outside and returns the marks by which they are known.
    pub(super) fn put(&mut self, label: &str, count: usize) -> Vec<String> {
        let marks: Vec<String> = (0..count).map(|index| format!("mark-{label}-{index:04}")).collect();
        self.harness.put(&marks);
        marks
    }

    pub(super) fn source(&mut self) -> Result<&mut Box<dyn Source>, String> {
        if self.source.is_none() {
            let mut source = self.harness.build().map_err(|error| format!("the source cannot be built: {error}"))?;
            if let Some(secret) = &self.secret {
                source.recall(secret.clone());
            }
            self.source = Some(source);
        }
        self.source.as_mut().ok_or_else(|| "no source".to_owned())
    }

    /// The source is gone, as after `kill -9` of the daemon.
    pub(super) fn crash(&mut self) {
        self.source = None;
    }

    pub(super) fn forget(&mut self) {
        self.kept.clear();
        self.cursor = None;
    }

    pub(super) fn cursor(&self) -> Option<Cursor> {
        self.cursor.clone()
    }

    /// One poll; errors that the runtime would outlive are judged and count as an empty batch.
    pub(super) async fn poll(&mut self, limit: usize) -> Result<Batch, String> {
        let after = self.cursor.clone();
        let answer = self.source()?.poll(after, limit).await;
        self.take(answer, limit)
    }

    /// One poll that is given up after so many turns; `None` when it was.
    pub(super) async fn poll_briefly(&mut self, limit: usize, turns: usize) -> Result<Option<Batch>, String> {
        let after = self.cursor.clone();
        match turns_of(self.source()?.poll(after, limit), turns).await {
            Some(answer) => self.take(answer, limit).map(Some),
            None => Ok(None),
        }
    }

    fn take(&mut self, answer: Result<Batch, crate::ConnectorError>, limit: usize) -> Result<Batch, String> {
        let canaries = self.harness.canaries();
        match answer {
            Ok(batch) => {
                if batch.envelopes.len() > limit {
                    return Err(format!("{} envelopes came where {limit} were asked for", batch.envelopes.len()));
                }
                if !batch.envelopes.is_empty() && batch.id.is_none() {
                    return Err("a batch with envelopes has no id to settle it by".to_owned());
                }
                if batch.refused.len() > limit {
                    return Err(format!("{} items were refused where {limit} were asked for", batch.refused.len()));
                }
                judge::secrets("a batch", &format!("{batch:?}"), &canaries)?;
                for Refused { code, reason, .. } in &batch.refused {
                    judge::wording(code, reason)?;
                }
                Ok(batch)
            }
            Err(error) => {
                judge::error(&error, &canaries)?;
                match error.kind {
                    ErrorKind::Transient | ErrorKind::RateLimited | ErrorKind::Rejected => Ok(Batch::default()),
                    ErrorKind::Unauthorised | ErrorKind::Misconfigured => Err(format!("poll gave up: {error}")),
                }
            }
        }
    }

    /// Keys and cursor in one transaction; a known key is absorbed.
    pub(super) fn commit(&mut self, batch: &Batch) -> Result<(), String> {
        for envelope in &batch.envelopes {
            match self.kept.get(&envelope.key) {
                Some(known) if known.raw != envelope.raw => {
                    return Err(format!("key `{}` names two different things", envelope.key.as_str()));
                }
                Some(_) => {}
                None => {
                    self.kept.insert(envelope.key.clone(), envelope.clone());
                }
            }
        }
        for refused in &batch.refused {
            if self.kept.contains_key(&refused.key) {
                return Err(format!("key `{}` came as an envelope and as a refused item", refused.key.as_str()));
            }
            self.refused.insert(refused.key.clone());
        }
        if batch.cursor.is_some() {
            self.cursor.clone_from(&batch.cursor);
        }
        if batch.keep.is_some() {
            self.secret.clone_from(&batch.keep);
        }
        Ok(())
    }

    pub(super) async fn settle(&mut self, batch: &Batch, outcome: Settled) -> Result<(), String> {
        let Some(id) = batch.id else { return Ok(()) };
        self.source()?.settle(id, outcome).await.map_err(|error| format!("settling failed: {error}"))
    }

    /// A settlement that is given up after so many turns, as when the daemon is stopped in the middle of one.
    pub(super) async fn settle_briefly(&mut self, batch: &Batch, turns: usize) -> Result<(), String> {
        let Some(id) = batch.id else { return Ok(()) };
        match turns_of(self.source()?.settle(id, Settled::Committed), turns).await {
            Some(answer) => answer.map_err(|error| format!("settling failed: {error}")),
            None => Ok(()),
        }
    }

    pub(super) async fn rest(&mut self, batch: &Batch) {
        self.harness.rest(batch.again_in).await;
    }

    pub(super) async fn close(&mut self) {
        if let Some(mut source) = self.source.take() {
            source.close().await;
        }
    }

    /// The next batch with envelopes, without committing it; batches with only a cursor are committed on the way.
    pub(super) async fn next(&mut self, limit: usize) -> Result<Batch, String> {
        for _ in 0..PATIENCE {
            let batch = self.poll(limit).await?;
            if !batch.envelopes.is_empty() {
                return Ok(batch);
            }
            self.commit(&batch)?;
            self.settle(&batch, Settled::Committed).await?;
            self.rest(&batch).await;
        }
        Err(format!("nothing came in {PATIENCE} polls"))
    }

    /// Polls, commits and settles until every mark is kept, then a little longer.
    pub(super) async fn drain(&mut self, limit: usize, marks: &[String]) -> Result<(), String> {
        let mut afterwards = 0;
        for _ in 0..PATIENCE {
            let batch = self.poll(limit).await?;
            self.commit(&batch)?;
            self.settle(&batch, Settled::Committed).await?;
            if batch.envelopes.is_empty() {
                self.rest(&batch).await;
            }
            if self.all_kept(marks) {
                afterwards += 1;
                if afterwards > AFTERWARDS {
                    break;
                }
            }
        }
        self.close().await;
        self.once_each(marks)
    }

    /// Every item outside is in the store or refused, under the key that the inventory says; sources that cannot list pass.
    pub(super) async fn reconcile(&mut self, marks: &[String], limit: usize) -> Result<(), String> {
        let (mut from, mut keys) = (None, BTreeSet::new());
        for _ in 0..PATIENCE {
            let answer = self.source()?.inventory(from.take(), limit).await;
            let Some(page) = answer.map_err(|error| format!("the inventory failed: {error}"))? else { return Ok(()) };
            if page.keep.is_some() {
                self.secret.clone_from(&page.keep);
            }
            if page.held.len() > limit {
                return Err(format!("a page of {} items came where {limit} were asked for", page.held.len()));
            }
            for held in page.held.into_iter().filter(|held| held.ignored.is_none()) {
                let Some(key) = held.key else { continue };
                if !self.kept.contains_key(&key) && !self.refused.contains(&key) {
                    return Err(format!("`{}` lies outside under a key that was never seen", held.place));
                }
                keys.insert(key);
            }
            let Some(next) = page.next else {
                let listed = self.kept.keys().filter(|key| keys.contains(key)).count();
                // What a source moves away when it is settled need not be listed any more.
                return if listed == 0 || listed >= marks.len() {
                    Ok(())
                } else {
                    Err(format!("the inventory lists {listed} of {} items", marks.len()))
                };
            };
            from = Some(next);
        }
        Err(format!("the inventory has no end after {PATIENCE} pages"))
    }

    pub(super) fn all_kept(&self, marks: &[String]) -> bool {
        marks.iter().all(|mark| self.kept.values().any(|envelope| carries(envelope, mark)))
    }

    fn once_each(&self, marks: &[String]) -> Result<(), String> {
        for mark in marks {
            let keys: Vec<&str> =
                self.kept.iter().filter(|(_, envelope)| carries(envelope, mark)).map(|(key, _)| key.as_str()).collect();
            match keys.as_slice() {
                [] => return Err(format!("`{mark}` is lost")),
                [_] => {}
                more => return Err(format!("`{mark}` came under {} keys: {}", more.len(), more.join(", "))),
            }
        }
        Ok(())
    }
}

pub(super) fn carries(envelope: &Envelope, mark: &str) -> bool {
    envelope.raw.windows(mark.len()).any(|window| window == mark.as_bytes())
        || format!("{:?}", envelope.content).contains(mark)
}

/// Polls a future for so many turns of the executor, then drops it.
pub(super) async fn turns_of<F: Future>(future: F, turns: usize) -> Option<F::Output> {
    let mut future = pin!(future);
    let mut left = turns;
    poll_fn(|context| match future.as_mut().poll(context) {
        Poll::Ready(output) => Poll::Ready(Some(output)),
        Poll::Pending if left == 0 => Poll::Ready(None),
        Poll::Pending => {
            left -= 1;
            context.waker().wake_by_ref();
            Poll::Pending
        }
    })
    .await
}
