//! Who is to be told of what: reads the log of receipts on from where it stands and queues letters together with the new place. Own file
//! because it is what makes a letter exist once. INVARIANT: letters and place are one commit; of several daemons one reads, by lease.

use super::Outbox;
use crate::domain::id::{BriefId, NodeId, RequestId};
use crate::domain::review::ReviewState;
use crate::failpoint;
use crate::receipt::Receipt;
use crate::store::{NewLetter, QueueLetters, StoreError, TakeSource};
use jiff::{SignedDuration, Timestamp};

/// Under which name the place in the log is kept; no source can have it.
const PLACE: &str = ":letters";
/// How long the log belongs to one daemon unless renewed.
const LEASE: SignedDuration = SignedDuration::from_secs(60);
/// For how long a decision, an alarm or a pause is news, in microseconds.
pub(super) const NEWS: i64 = 2 * 24 * 3600 * 1_000_000;
/// Receipts per commit at most.
const BATCH: u32 = 500;

/// How far this daemon knows the log to be read.
#[derive(Debug, Default)]
pub(super) struct Reader {
    place: u64,
    /// Another daemon reads until about then.
    elsewhere: Option<Timestamp>,
}

impl Outbox {
    /// Queues letters for everything that is new in the log.
    pub(super) async fn tend(&self, reader: &mut Reader, node: &NodeId) -> Result<(), StoreError> {
        let store = &self.parts().store;
        loop {
            let now = self.parts().clock.now();
            if reader.elsewhere.is_some_and(|until| now < until) {
                return Ok(());
            }
            // A read first: while nothing happens, nothing is written.
            if store.receipts_from(reader.place + 1, 1).await?.is_empty() {
                return Ok(());
            }
            let take =
                TakeSource { source: PLACE.to_owned(), node: node.clone(), until: now + LEASE, proven: None, at: now };
            let Some(taken) = store.take_source(take).await? else {
                reader.elsewhere = Some(now + LEASE / 2);
                return Ok(());
            };
            reader.elsewhere = None;
            let place = taken.cursor.and_then(|cursor| cursor.parse().ok()).unwrap_or(0);
            let receipts = store.receipts_from(place + 1, BATCH).await?;
            let Some(last) = receipts.last() else {
                reader.place = place;
                return Ok(());
            };
            let last = last.seq;
            let mut letters = Vec::new();
            for row in &receipts {
                match serde_json::from_slice::<Receipt>(&row.bytes) {
                    Ok(receipt) => letters.extend(self.about(&receipt).await?),
                    Err(cause) => {
                        tracing::warn!(receipt.seq = row.seq, error = %cause, "a receipt cannot be read; nobody is told of it")
                    }
                }
            }
            let read = Some((PLACE.to_owned(), node.clone(), last.to_string()));
            if !letters.is_empty() {
                failpoint::pass("outbox.before_queue");
            }
            store.queue_letters(QueueLetters { letters, read, at: now }).await?;
            reader.place = last;
        }
    }

    /// The letters that a receipt gives rise to.
    async fn about(&self, receipt: &Receipt) -> Result<Vec<NewLetter>, StoreError> {
        let letters = match receipt.kind.as_str() {
            "brief.drafted" | "brief.edited" | "brief.decided" => match RequestId::parse(&receipt.subject) {
                Ok(request) => self.letters(receipt, &request.brief()).await,
                Err(_) => Ok(Vec::new()),
            },
            "brief.reminded" | "brief.escalated" => self.nudge(receipt).await,
            "spend.alarm" => self.alarm(receipt).await,
            "writing.paused" => self.stop(receipt).await,
            "schedule.fired" => self.slot(receipt).await,
            _ => Ok(Vec::new()),
        };
        match letters {
            // What is gone is nobody's news.
            Err(StoreError::NotFound { .. } | StoreError::Erased { .. }) => Ok(Vec::new()),
            // One brief or report that cannot be read must not keep the news of all others.
            Err(StoreError::Corrupt { what }) => {
                tracing::error!(
                    receipt.seq = receipt.seq,
                    receipt.subject = receipt.subject,
                    "nobody is told of this: {what}"
                );
                Ok(Vec::new())
            }
            outcome => outcome,
        }
    }

    async fn letters(&self, receipt: &Receipt, brief: &BriefId) -> Result<Vec<NewLetter>, StoreError> {
        let row = self.parts().store.brief(brief).await?;
        let Some(pilot) = self.parts().pilots.get(&row.pilot) else { return Ok(Vec::new()) };
        let mut letters = Vec::new();
        if receipt.kind == "brief.decided" {
            // Where mail is switched on in a house that has decided for years, nobody is told of all that.
            let age = self.parts().clock.now().as_microsecond().saturating_sub(receipt.at);
            if age > NEWS {
                return Ok(letters);
            }
            let Some(news) = self.decision(&row, receipt).await? else { return Ok(letters) };
            for name in &self.audience(pilot) {
                if let Some(person) = self.reachable(name).await? {
                    letters.push(self.write_decided(pilot, &row, &news, &person));
                }
            }
            return Ok(letters);
        }
        let revision = receipt.body.get("revision").and_then(serde_json::Value::as_u64);
        if row.state != ReviewState::Open || revision != Some(u64::from(row.revision)) {
            return Ok(letters);
        }
        let shown = self.shown(&row, pilot).await?;
        for name in &self.audience(pilot) {
            if let Some(person) = self.reachable(name).await? {
                letters.push(self.write_brief(pilot, &row, &shown, &person));
            }
        }
        Ok(letters)
    }
}
