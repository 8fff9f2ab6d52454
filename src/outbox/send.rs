//! Sending: takes a letter whose intent is on disk, hands it over, puts the outcome down. Own file because it is the one place that calls
//! the mail server. INVARIANT: between intent and outcome nothing is guessed: what is not known to have failed is not sent again.

use super::{DIGEST, Outbox, SecretIn};
use crate::domain::id::NodeId;
use crate::failpoint;
use crate::reply::{sub_address, subject_mark};
use crate::store::{ClaimLetter, ClaimedLetter, LetterRow, Sent, SettleLetter, StoreError};
use jiff::{SignedDuration, Timestamp};
use opspilot_sdk::{AutoSubmitted, ConnectorError, ErrorKind, Handover, Letter, Mailbox, ReturnPath};
use std::sync::PoisonError;
use std::time::Duration;
use tokio_util::sync::CancellationToken;

/// First wait after a letter was not taken; doubled for each further one.
const FIRST_WAIT: Duration = Duration::from_secs(15);
/// Longest wait before it is tried again.
const LONGEST_WAIT: Duration = Duration::from_secs(4 * 3600);
/// How often a letter is tried: about a day and a half. As often again when a person sends it again.
const ATTEMPTS: u32 = 16;
/// How long nothing is sent while a person must fix something.
const PAUSE: SignedDuration = SignedDuration::from_secs(300);

/// How often to look for letters whose sender died.
const LOOK_AFTER: SignedDuration = SignedDuration::from_secs(30);

/// How sending is.
#[derive(Clone, Debug, Default)]
pub struct Health {
    /// When the mail server last took a letter.
    pub sent_at: Option<Timestamp>,
    /// Why none can be sent, when that is so.
    pub fault: Option<String>,
    /// Letters that want a person, as counted last.
    pub aside: i64,
    /// Until when none is tried.
    pub(super) paused: Option<Timestamp>,
}

impl Outbox {
    /// How sending is.
    #[must_use]
    pub fn health(&self) -> Health {
        self.0.health.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn note(&self, change: impl FnOnce(&mut Health)) {
        change(&mut self.0.health.lock().unwrap_or_else(PoisonError::into_inner));
    }

    /// Sends everything that is due.
    pub(super) async fn send_due(
        &self,
        node: &NodeId,
        stop: &CancellationToken,
        looked_after: &mut Timestamp,
    ) -> Result<(), StoreError> {
        let parts = self.parts();
        let now = parts.clock.now();
        if now.duration_since(*looked_after) > LOOK_AFTER {
            *looked_after = now;
            parts.store.rescue_letters(false).await?;
            let aside = parts.store.letters_aside().await?.into_iter().map(|(_, letters)| letters).sum();
            self.note(|health| health.aside = aside);
        }
        while !stop.is_cancelled() {
            let now = parts.clock.now();
            if self.health().paused.is_some_and(|until| now < until) || !parts.store.is_letter_due(now).await? {
                return Ok(());
            }
            let lease = SignedDuration::try_from(parts.options.lease).unwrap_or(SignedDuration::from_secs(300));
            let claim = ClaimLetter { node: node.clone(), until: now + lease, caps: parts.options.caps, at: now };
            match parts.store.claim_letter(claim).await? {
                ClaimedLetter::None => return Ok(()),
                ClaimedLetter::Capped => {
                    metrics::counter!("opspilot_letters_total", "outcome" => "capped").increment(1);
                    tracing::warn!("a letter went beyond a limit of `[mail]` and was set aside");
                }
                ClaimedLetter::Letter(letter) => self.send(&letter).await?,
            }
        }
        Ok(())
    }

    async fn send(&self, row: &LetterRow) -> Result<(), StoreError> {
        failpoint::pass("outbox.before_send");
        let letter = self.composed(row);
        let outcome = tokio::time::timeout(self.parts().options.lease, self.parts().carrier.deliver(&letter)).await;
        failpoint::pass("outbox.after_send");
        let at = self.parts().clock.now();
        let sent = match outcome {
            Ok(Ok(Handover::Accepted { response, .. })) => {
                self.note(|health| *health = Health { sent_at: Some(at), aside: health.aside, ..Health::default() });
                Sent::Accepted { response }
            }
            Ok(Ok(Handover::Unclear { why })) => {
                Sent::Uncertain { code: why.code.to_owned(), message: why.message.clone() }
            }
            Ok(Err(why)) => self.failed(row, &why, at),
            Err(_) => Sent::Uncertain {
                code: "OP-2721".to_owned(),
                message: "the mail server did not end in time".to_owned(),
            },
        };
        let (outcome, detail) = match &sent {
            Sent::Accepted { response } => ("sent", response),
            Sent::Later { message, .. } => ("postponed", message),
            Sent::Refused { message, .. } => ("refused", message),
            Sent::Uncertain { message, .. } => ("uncertain", message),
        };
        metrics::counter!("opspilot_letters_total", "outcome" => outcome).increment(1);
        tracing::info!(letter.id = %row.id, letter.kind = row.kind, person = row.person, attempt = row.attempt, "a letter is {outcome}: {detail}");
        self.parts().store.settle_letter(SettleLetter { id: row.id.clone(), attempt: row.attempt, sent, at }).await
    }

    fn failed(&self, row: &LetterRow, why: &ConnectorError, at: Timestamp) -> Sent {
        let (code, message) = (why.code.to_owned(), why.message.clone());
        match why.kind {
            ErrorKind::Rejected => Sent::Refused { code, message },
            ErrorKind::Unauthorised | ErrorKind::Misconfigured => {
                let due = at + PAUSE;
                self.note(|health| (health.fault, health.paused) = (Some(format!("{message} ({code})")), Some(due)));
                Sent::Later { due, code, message }
            }
            ErrorKind::Transient | ErrorKind::RateLimited if row.attempt.is_multiple_of(ATTEMPTS) => Sent::Refused {
                code: "OP-2720".to_owned(),
                message: format!("given up after {ATTEMPTS} attempts: {message}"),
            },
            ErrorKind::Transient | ErrorKind::RateLimited => {
                let [chance, ..] = self.parts().store.chance();
                let doubled =
                    FIRST_WAIT.saturating_mul(1 << (row.attempt.saturating_sub(1) % ATTEMPTS)).min(LONGEST_WAIT);
                let wait = doubled.mul_f64(0.5 + f64::from(chance) / 510.0).max(why.retry_after.unwrap_or_default());
                self.note(|health| health.fault = Some(format!("{message} ({code})")));
                Sent::Later { due: at + SignedDuration::try_from(wait).unwrap_or(PAUSE), code, message }
            }
        }
    }

    /// The letter as it goes out. The same row gives the same letter, word for word.
    pub(super) fn composed(&self, row: &LetterRow) -> Letter {
        let (parts, options) = (self.parts(), self.options());
        let token = self.token(row).zip(options.reply_address.as_deref());
        let (mut reply_to, mut subject) = (options.reply_address.clone(), row.subject.clone());
        let (mut bounces, mut unsubscribe, mut references) = (None, None, row.thread.clone());
        match (&token, options.reply_mark) {
            // The secret of a digest leaves it, and does nothing else.
            (Some((token, address)), SecretIn::Address) if row.kind == DIGEST => {
                unsubscribe = sub_address(address, token);
                bounces.clone_from(&unsubscribe);
            }
            (Some((token, address)), SecretIn::Subject) if row.kind == DIGEST => {
                unsubscribe = Some(format!("{address}?subject={}", token.letters()));
            }
            (Some((token, address)), SecretIn::Address) => {
                reply_to = sub_address(address, token).or(reply_to);
                bounces.clone_from(&reply_to);
            }
            (Some((token, _)), SecretIn::Subject) => {
                subject = format!("{subject} {}", subject_mark(token));
                // Programs carry the thread over into an answer, whatever a person makes of the subject (RFC 5322 section 3.6.4). The first
                // one stays when they shorten it.
                references.insert(0, format!("{}@{}", token.letters(), options.domain));
            }
            (None, _) => {}
        }
        let is_answer = row.kind == "answer";
        let return_path = match bounces {
            // RFC 3834 section 3.3: what becomes of an answer is nobody's business.
            _ if is_answer => ReturnPath::Nowhere,
            Some(address) => ReturnPath::Address(address),
            None => ReturnPath::From,
        };
        Letter {
            from: parts.from.clone(),
            to: Mailbox { name: Some(row.name.clone()), address: row.address.clone() },
            reply_to: reply_to.map(|address| Mailbox { name: parts.from.name.clone(), address }),
            return_path,
            message_id: row.message_id.clone(),
            in_reply_to: row.answers.clone().or_else(|| row.thread.last().cloned()),
            references,
            date: row.created_at,
            subject,
            text: row.text.clone(),
            html: Some(row.html.clone()).filter(|html| !html.is_empty()),
            auto_submitted: if is_answer { AutoSubmitted::Replied } else { AutoSubmitted::Generated },
            list_unsubscribe: unsubscribe,
            loop_mark: parts.mark.clone(),
        }
    }
}
