//! One write from its claim to its end: look, ask the gate, put the intent down, send once, read back. Own file because it is the one place
//! that sends. INVARIANT: between intent and outcome nothing is guessed: what may have been done is looked for before it is sent again, and
//! where nobody can look, a person settles it; a yes of the far side proves nothing until the thing was read back.

use super::Writeback;
use super::gate::Shut;
use crate::failpoint;
use crate::store::{Gate, IntendWrite, SettleWrite, StoreError, WriteOutcome, WriteRow};
use jiff::{SignedDuration, Timestamp};
use opspilot_sdk::{ConnectorError, Delivered, ErrorKind, Fate, Look, Repeat, Sink, Undelivered, Write, shows};
use serde_json::Value;
use std::sync::Arc;
use std::time::Duration;

/// Longest wait before it is tried again.
const LONGEST_WAIT: Duration = Duration::from_secs(3600);
/// How often a write is tried before it is left to a person.
pub(super) const ATTEMPTS: u32 = 12;
/// How long a gate that moved while it was asked is left alone.
const MOMENT: SignedDuration = SignedDuration::from_secs(1);
/// How long nothing goes to a sink while a person must fix something.
const PAUSE: SignedDuration = SignedDuration::from_secs(300);

/// When and how a write is tried again.
struct Again {
    /// Not before.
    least: Duration,
    /// It may have been done.
    maybe: bool,
    /// What the far side called it.
    far_id: Option<String>,
}

/// What became of a claim.
enum End {
    /// Settled so.
    Settled(WriteOutcome),
    /// Somebody else has it, or it moved on: nothing is put down.
    Lost,
}

impl Writeback {
    /// Carries a claimed write as far as it goes now, and puts down what became of it.
    pub(super) async fn carry(&self, row: WriteRow) -> Result<(), StoreError> {
        let sink = match self.parts().planner.sink(&row.sink) {
            Some(Ok(sink)) => Arc::clone(sink),
            Some(Err(why)) => return self.settle(&row, unusable(&row, why)).await,
            None => return self.settle(&row, unusable(&row, "it is not in the configuration")).await,
        };
        let end = match &row.undo_of {
            None => self.forward(&row, sink.as_ref()).await?,
            Some(of) => {
                let original = self.parts().store.write(of).await?;
                self.backward(&row, &original, sink.as_ref()).await?
            }
        };
        match end {
            End::Settled(settled) => self.settle(&row, settled).await,
            End::Lost => Ok(()),
        }
    }

    async fn settle(&self, row: &WriteRow, outcome: WriteOutcome) -> Result<(), StoreError> {
        let word = match &outcome {
            WriteOutcome::Written { .. } => "written",
            WriteOutcome::Later { .. } => "postponed",
            WriteOutcome::Refused { .. } => "refused",
            WriteOutcome::Uncertain { .. } => "uncertain",
            WriteOutcome::Blocked { .. } => "blocked",
            WriteOutcome::Differs { .. } => "differs",
        };
        metrics::counter!("opspilot_writes_total", "sink" => row.sink.clone(), "outcome" => word).increment(1);
        tracing::info!(write.id = %row.id, write.kind = %row.write.kind, sink = row.sink, attempt = row.attempt, "a write is {word}");
        if word == "written" {
            self.warm(&row.sink);
        }
        let settle = SettleWrite { id: row.id.clone(), attempt: row.attempt, outcome, at: self.now() };
        match self.parts().store.settle_write(settle).await {
            // It was given up meanwhile, and whoever took it up knows what may have been done.
            Err(StoreError::Stale { .. }) => Ok(()),
            outcome => outcome,
        }
    }

    /// Puts a claimed write back of which nothing was sent, until its far side wants more.
    pub(super) async fn postpone(&self, row: &WriteRow, until: Timestamp) -> Result<(), StoreError> {
        let (code, message) = ("OP-7617".to_owned(), "the far side asked for a pause".to_owned());
        let later = WriteOutcome::Later {
            due: until,
            code,
            message,
            maybe: row.maybe,
            failed: false,
            far_id: row.far_id.clone(),
        };
        self.settle(row, later).await
    }

    /// An approved write.
    async fn forward(&self, row: &WriteRow, sink: &dyn Sink) -> Result<End, StoreError> {
        let manner = sink.manner();
        // Where the gate is shut, nothing is even asked for; but what may have been done is looked for in any case.
        let mut cleared = None;
        if !row.maybe {
            match self.cleared(row).await? {
                Ok(leave) => cleared = Some(leave),
                Err(Shut { code, message }) => {
                    return Ok(End::Settled(WriteOutcome::Blocked { code, message, maybe: false }));
                }
            }
        }
        let looked = sink.look(&row.write, row.far_id.as_deref()).await;
        let look = match looked {
            Ok(look) => look,
            Err(why) => return Ok(End::Settled(self.unseen(row, why))),
        };
        let kept = row.before.clone();
        match &look {
            // It is there: an earlier attempt did it, or a store that was restored forgot that it had.
            Look::Present { id, image, .. } if shows(&row.write.expect, &look) && (makes(row) || row.maybe) => {
                return Ok(End::Settled(WriteOutcome::Written {
                    far_id: Some(id.clone()),
                    after: image.clone(),
                    said: Some("it was found there".to_owned()),
                }));
            }
            Look::Present { id, .. } if makes(row) => {
                let message =
                    format!("the far side has a record `{id}` with this write's key, and it shows something else");
                return Ok(End::Settled(uncertain("OP-7631", message, Some(id.clone()))));
            }
            // Neither as it was nor as it should be: somebody else was there in between.
            Look::Present { image, .. } if row.maybe && kept.as_ref().is_some_and(|before| before != image) => {
                let message =
                    "it may have been done and changed again since: the record is neither as before nor as planned";
                return Ok(End::Settled(uncertain("OP-7632", message, None)));
            }
            Look::Unknown { why } if row.maybe && manner.repeat != Repeat::Keyed => {
                return Ok(End::Settled(uncertain("OP-7633", why.clone(), row.far_id.clone())));
            }
            _ => {}
        }
        let (image, version) = seen(&look);
        let before = kept.unwrap_or(image);
        // What nobody could look at may still have been done.
        let maybe = row.maybe && matches!(look, Look::Unknown { .. });
        let cleared = match cleared {
            Some(leave) => leave,
            None => match self.cleared(row).await? {
                Ok(leave) => leave,
                Err(Shut { code, message }) => {
                    return Ok(End::Settled(WriteOutcome::Blocked { code, message, maybe }));
                }
            },
        };
        let until = self.leased_until();
        let intent = IntendWrite {
            id: row.id.clone(),
            attempt: row.attempt,
            before,
            gate: Gate::Cleared(cleared),
            until,
            at: self.now(),
        };
        if let Some(end) = self.intended(row, intent, maybe).await? {
            return Ok(end);
        }
        let outcome = self.sent(&row.write, sink, version.as_deref(), until).await;
        let delivered = match outcome {
            Ok(delivered) => delivered,
            Err(why) => return Ok(End::Settled(self.undelivered(row, &manner.repeat, manner.settles_in, &why))),
        };
        Ok(End::Settled(self.read_back(row, sink, delivered).await))
    }

    /// Puts the intent down. `Some`: it may not be sent.
    async fn intended(&self, row: &WriteRow, intent: IntendWrite, maybe: bool) -> Result<Option<End>, StoreError> {
        match self.parts().store.intend_write(intent).await {
            Ok(()) => self.0.mark.raise(&self.parts().store).await.map(|()| None),
            // The gate was shut between the asking and the intent.
            Err(StoreError::Stale { what: "gate" }) => {
                let shut = match self.cleared(row).await? {
                    Err(Shut { code, message }) => WriteOutcome::Blocked { code, message, maybe },
                    Ok(_) => WriteOutcome::Later {
                        due: self.now() + MOMENT,
                        code: "OP-7611".to_owned(),
                        message: "the gate moved while it was asked".to_owned(),
                        maybe,
                        failed: false,
                        far_id: row.far_id.clone(),
                    },
                };
                Ok(Some(End::Settled(shut)))
            }
            Err(StoreError::Stale { .. }) => Ok(Some(End::Lost)),
            Err(cause) => Err(cause),
        }
    }

    /// Sends, once, within the lease.
    async fn sent(
        &self,
        write: &Write,
        sink: &dyn Sink,
        version: Option<&str>,
        until: Timestamp,
    ) -> Result<Delivered, Undelivered> {
        failpoint::pass("writeback.before_send");
        // A daemon that was stopped for longer than its lease has lost the write to another, which may have sent it.
        if self.now() > until {
            let message = "the daemon stood still for longer than it may hold a write";
            let error = ConnectorError::new(ErrorKind::Transient, "OP-7634", message);
            return Err(Undelivered { error, fate: Fate::NotDone });
        }
        let outcome = tokio::time::timeout(self.parts().options.longest_call, sink.deliver(write, version)).await;
        failpoint::pass("writeback.after_send");
        outcome.unwrap_or_else(|_| {
            let message = "the far side did not end in time";
            Err(Undelivered {
                error: ConnectorError::new(ErrorKind::Transient, "OP-7635", message),
                fate: Fate::Unknown,
            })
        })
    }

    /// What a yes is worth.
    async fn read_back(&self, row: &WriteRow, sink: &dyn Sink, delivered: Delivered) -> WriteOutcome {
        let manner = sink.manner();
        let look = sink.look(&row.write, delivered.id.as_deref()).await;
        match look {
            Ok(Look::Present { id, image, version }) => {
                let look = Look::Present { id: id.clone(), image: image.clone(), version };
                if shows(&row.write.expect, &look) {
                    return WriteOutcome::Written { far_id: Some(id), after: image, said: Some(delivered.said) };
                }
                let told = unlike(&row.write.expect, &image);
                let message = format!("the far side said yes and shows something else: {told}");
                match makes(row) {
                    // Something was made, and it is not what was approved: a person must look.
                    true => uncertain("OP-7636", message, Some(id)),
                    false => WriteOutcome::Refused { code: "OP-7636".to_owned(), message },
                }
            }
            // It cannot be asked; its word is all there is, and it is marked as such.
            Ok(Look::Unknown { why }) => WriteOutcome::Written {
                far_id: delivered.id,
                after: Value::Null,
                said: Some(format!("{} (taken at its word: {why})", delivered.said)),
            },
            // Its search may be behind.
            Ok(Look::Absent) => {
                let message = "the far side said yes and does not show it yet";
                let again = Again { least: manner.settles_in, maybe: true, far_id: delivered.id };
                self.later(row, again, "OP-7637", message)
            }
            Err(why) => {
                let least = why.retry_after.unwrap_or(manner.settles_in);
                self.later(row, Again { least, maybe: true, far_id: delivered.id }, why.code, &why.message)
            }
        }
    }

    /// What a call without a yes leads to.
    fn undelivered(&self, row: &WriteRow, repeat: &Repeat, settles_in: Duration, why: &Undelivered) -> WriteOutcome {
        let error = &why.error;
        if why.fate == Fate::Unknown {
            if *repeat == Repeat::Asked {
                return uncertain(error.code, error.message.clone(), None);
            }
            let least = settles_in.max(error.retry_after.unwrap_or_default());
            return self.later(row, Again { least, maybe: true, far_id: None }, error.code, &error.message);
        }
        self.refused_or_later(row, error, false)
    }

    /// The far side could not be read.
    fn unseen(&self, row: &WriteRow, why: ConnectorError) -> WriteOutcome {
        if why.kind == ErrorKind::Rejected && row.maybe {
            return uncertain(why.code, why.message, row.far_id.clone());
        }
        self.refused_or_later(row, &why, row.maybe)
    }

    fn refused_or_later(&self, row: &WriteRow, why: &ConnectorError, maybe: bool) -> WriteOutcome {
        let (code, message) = (why.code.to_owned(), why.message.clone());
        match why.kind {
            ErrorKind::Rejected => WriteOutcome::Refused { code, message },
            ErrorKind::Unauthorised | ErrorKind::Misconfigured => {
                let until = self.now() + PAUSE;
                self.cool(&row.sink, until, Some(format!("{message} ({code})")));
                WriteOutcome::Later { due: until, code, message, maybe, failed: false, far_id: row.far_id.clone() }
            }
            ErrorKind::RateLimited => {
                let wait = why.retry_after.unwrap_or(self.parts().options.first_wait);
                self.cool(&row.sink, self.after(wait), None);
                // What it said is waited, and a little more, so that not all come back at once; where it said nothing, longer each time.
                let [chance, ..] = self.parts().store.chance();
                let due = match why.retry_after {
                    Some(told) => self.after(told.mul_f64(1.0 + f64::from(chance) / 2550.0)),
                    None => self.due(row.attempt, wait),
                };
                WriteOutcome::Later { due, code, message, maybe, failed: false, far_id: row.far_id.clone() }
            }
            ErrorKind::Transient => {
                let again = Again { least: why.retry_after.unwrap_or_default(), maybe, far_id: row.far_id.clone() };
                self.later(row, again, why.code, &why.message)
            }
        }
    }

    /// Again, after a pause. What may have been done and failed too often is for a person.
    fn later(&self, row: &WriteRow, again: Again, code: &str, message: &str) -> WriteOutcome {
        let Again { least, maybe, far_id } = again;
        let failures = row.failures + 1;
        if failures >= ATTEMPTS {
            let message = format!("given up after {ATTEMPTS} failures: {message}");
            return match maybe {
                true => uncertain(code, message, far_id),
                false => WriteOutcome::Refused { code: code.to_owned(), message },
            };
        }
        // What was done at once needs no long wait to be seen.
        let due = if maybe { self.after(least) } else { self.due(failures, least) };
        WriteOutcome::Later { due, code: code.to_owned(), message: message.to_owned(), maybe, failed: true, far_id }
    }

    /// When the time after the `tried`th comes: after a pause that doubles, and not before `least`.
    fn due(&self, tried: u32, least: Duration) -> Timestamp {
        let [chance, ..] = self.parts().store.chance();
        let first = self.parts().options.first_wait;
        let doubled = first.saturating_mul(1 << tried.saturating_sub(1).min(ATTEMPTS)).min(LONGEST_WAIT);
        self.after(doubled.mul_f64(0.5 + f64::from(chance) / 510.0).max(least))
    }

    fn after(&self, wait: Duration) -> Timestamp {
        self.now() + SignedDuration::try_from(wait).unwrap_or(PAUSE)
    }

    /// A write that takes another one back.
    async fn backward(&self, row: &WriteRow, original: &WriteRow, sink: &dyn Sink) -> Result<End, StoreError> {
        let manner = sink.manner();
        let before = original.before.clone().unwrap_or(Value::Null);
        let look = match sink.look(&original.write, original.far_id.as_deref()).await {
            Ok(look) => look,
            Err(why) => return Ok(End::Settled(self.unseen(row, why))),
        };
        let (image, version) = seen(&look);
        let unknown = matches!(look, Look::Unknown { .. });
        if !unknown && image == before {
            let said = Some("it was back already".to_owned());
            return Ok(End::Settled(WriteOutcome::Written { far_id: original.far_id.clone(), after: image, said }));
        }
        if unknown && row.maybe && manner.repeat != Repeat::Keyed {
            let message = "nobody knows whether it was taken back, and the far side cannot be asked";
            return Ok(End::Settled(uncertain("OP-7633", message, original.far_id.clone())));
        }
        let left = original.after.clone().unwrap_or(Value::Null);
        // What could never be looked at is taken back at the word of whoever asks for it.
        if left != image && !row.forced {
            let message = format!("it is not as it was left: {}", unlike(&left, &image));
            return Ok(End::Settled(WriteOutcome::Differs { now: image, code: "OP-7639".to_owned(), message }));
        }
        let until = self.leased_until();
        let intent = IntendWrite {
            id: row.id.clone(),
            attempt: row.attempt,
            before: image,
            gate: Gate::Undo,
            until,
            at: self.now(),
        };
        if let Some(end) = self.intended(row, intent, row.maybe && unknown).await? {
            return Ok(end);
        }
        let delivered = match self.sent(&row.write, sink, version.as_deref(), until).await {
            Ok(delivered) => delivered,
            Err(why) => return Ok(End::Settled(self.undelivered(row, &manner.repeat, manner.settles_in, &why))),
        };
        let after = match sink.look(&original.write, original.far_id.as_deref()).await {
            Ok(look) => look,
            Err(why) => {
                let least = why.retry_after.unwrap_or(manner.settles_in);
                let again = Again { least, maybe: true, far_id: delivered.id };
                return Ok(End::Settled(self.later(row, again, why.code, &why.message)));
            }
        };
        let (image, _) = seen(&after);
        let said = Some(delivered.said);
        let settled = if matches!(after, Look::Unknown { .. }) || image == before {
            WriteOutcome::Written { far_id: delivered.id, after: image, said }
        } else {
            let message = format!("the far side said yes and does not show it taken back: {}", unlike(&before, &image));
            let again = Again { least: manner.settles_in, maybe: true, far_id: delivered.id };
            self.later(row, again, "OP-7638", &message)
        };
        Ok(End::Settled(settled))
    }
}

/// Whether a write makes something that was not there, and so has a key by which it is found.
fn makes(row: &WriteRow) -> bool {
    row.write.kind != opspilot_sdk::ActionKind::Priority
}

/// The image of a look, `null` where nothing is or nothing can be told; and its version.
fn seen(look: &Look) -> (Value, Option<String>) {
    match look {
        Look::Present { image, version, .. } => (image.clone(), version.clone()),
        Look::Absent | Look::Unknown { .. } => (Value::Null, None),
    }
}

/// The members that are not as expected, in words; values from outside are shortened.
fn unlike(expect: &Value, image: &Value) -> String {
    let shortly = |value: Option<&Value>| {
        value.map_or_else(|| "nothing".to_owned(), |value| value.to_string().chars().take(120).collect())
    };
    let Some(expect) = expect.as_object() else { return format!("{} is there", shortly(Some(image))) };
    let parts: Vec<String> = expect
        .iter()
        .filter(|(name, value)| image.get(name.as_str()) != Some(value))
        .map(|(name, value)| {
            format!("`{name}` should be {} and is {}", shortly(Some(value)), shortly(image.get(name.as_str())))
        })
        .collect();
    parts.join("; ")
}

fn uncertain(code: &str, message: impl Into<String>, far_id: Option<String>) -> WriteOutcome {
    WriteOutcome::Uncertain { code: code.to_owned(), message: message.into(), far_id }
}

/// Nobody has looked, so what may have been done may still have been.
fn unusable(row: &WriteRow, why: &str) -> WriteOutcome {
    let message = format!("`{}` cannot be used: {why}", row.sink);
    WriteOutcome::Blocked { code: "OP-7620".to_owned(), message, maybe: row.maybe }
}

/// Until when nothing goes to a sink.
pub(super) fn is_cool(until: Option<&Timestamp>, now: Timestamp) -> bool {
    until.is_some_and(|until| now < *until)
}
