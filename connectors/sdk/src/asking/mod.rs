//! From an answer over HTTP to an [`Answer`]: reads it whole or event by event within limits, whatever the shape that a vendor gives it.
//! Own module because every model's connector does the same here; only what the events mean is theirs ([`Reading`]).
//!
//! INVARIANT: an answer is told only when the far side said that it is over; everything else is [`Unanswered`] with what it may have cost.

mod conversation;
mod refusal;

pub use conversation::{in_words, messages};
pub use refusal::{Said, UNUSABLE_KEY, fault, garbled, refused};

use crate::http::{Client, Event, Events, Reply, Request};
use crate::{Answer, Finish, Question, Secret, Unanswered, Usage};
use serde_json::Value;
use std::time::Duration;
use tokio::time::timeout;

/// The longest text of an answer, and the largest event of a stream, in bytes. Far above any brief.
pub const MOST_TEXT: usize = 1 << 20;

/// How long the end of a stream is waited for when the answer is over, so that the connection can be used again.
const TAIL: Duration = Duration::from_millis(20);

/// The largest count of tokens that is believed.
const MOST_TOKENS: u64 = 1 << 32;

/// What one vendor's answer means, piece by piece.
pub trait Reading: Send {
    /// Takes the next event of a stream.
    ///
    /// # Errors
    /// It says that the far side failed, or is not what the vendor sends.
    fn event(&mut self, event: &Event) -> Result<(), Bad>;

    /// Takes an answer that came in one piece.
    ///
    /// # Errors
    /// As [`Reading::event`].
    fn whole(&mut self, answer: Value) -> Result<(), Bad>;

    /// What was understood so far.
    fn heard(&self) -> &Heard;
}

/// Why an answer cannot go on.
#[derive(Debug)]
pub enum Bad {
    /// It is not what the vendor sends.
    Garbled(&'static str),
    /// The far side says that it failed in the middle.
    Failed(Said),
    /// The text is longer than any answer.
    TooLong,
}

/// What was understood of an answer so far.
#[derive(Clone, Debug, Default)]
pub struct Heard {
    /// The text.
    pub text: String,
    /// Why it ended, once it has.
    pub finish: Option<Finish>,
    /// The model's name, as it says.
    pub model: Option<String>,
    /// What was counted at the end.
    pub usage: Option<Usage>,
    /// The far side said that nothing more comes.
    pub over: bool,
}

impl Heard {
    /// Puts more text behind.
    ///
    /// # Errors
    /// [`Bad::TooLong`].
    pub fn push(&mut self, more: &str) -> Result<(), Bad> {
        if self.text.len() + more.len() > MOST_TEXT {
            return Err(Bad::TooLong);
        }
        self.text.push_str(more);
        Ok(())
    }
}

/// Asks once: posts the question's `json` to `path` and reads what comes back. `key` is what no message may repeat.
///
/// # Errors
/// No whole answer, and what it may have cost.
pub async fn put(
    client: &Client,
    path: &str,
    json: &str,
    question: &Question,
    key: Option<&Secret>,
    reading: impl Reading,
) -> Result<Answer, Unanswered> {
    // Vendors that do not know it ignore it; gateways write it into their logs.
    let headers = [("x-client-request-id", question.key.as_str())];
    let request = Request::post(path, json).with(&headers);
    let mut reply = client.send(request).await.map_err(|cause| fault(cause, None))?;
    let host = client.host();
    if reply.status != 200 {
        let mut said = reply.whole().await.map(|body| Said::read(&body)).unwrap_or_default();
        said.message = client.hidden().text(&said.message);
        said.kind = client.hidden().text(&said.kind);
        return Err(refused(host, reply.status, reply.retry_after, &said, Some(question), key));
    }
    listen(reply, reading, host).await
}

/// Reads an answer to its end.
///
/// # Errors
/// It broke off, failed, is too large, or cannot be understood.
pub async fn listen(mut reply: Reply, mut reading: impl Reading, host: &str) -> Result<Answer, Unanswered> {
    let mut body = Vec::new();
    if reply.is("text/event-stream") {
        let mut events = Events::new(MOST_TEXT);
        loop {
            match reply.read(&mut body).await {
                Ok(true) => {}
                // What was said to be complete is complete, whatever became of the connection.
                Ok(false) | Err(_) if reading.heard().finish.is_some() => break,
                Ok(false) => {
                    return Err(garbled(host, "the answer ended before it was complete", reading.heard().usage));
                }
                Err(cause) => return Err(fault(cause, reading.heard().usage)),
            }
            let mut taken = events.feed(&body).map_err(|_| Bad::TooLong);
            body.clear();
            for event in events.by_ref() {
                taken = taken.and_then(|()| reading.event(&event));
            }
            taken.map_err(|bad| refusal::bad(host, bad, reading.heard().usage))?;
            if reading.heard().over {
                break;
            }
        }
        let elapsed = reply.elapsed();
        if reply.is_kept {
            let _ = timeout(TAIL, reply.read(&mut body)).await;
        }
        return answer(&reply, reading.heard(), elapsed, host);
    }
    let body = reply.whole().await.map_err(|cause| fault(cause, None))?;
    let elapsed = reply.elapsed();
    let value = serde_json::from_slice(&body).map_err(|_| garbled(host, "the answer is not JSON", None))?;
    reading.whole(value).map_err(|bad| refusal::bad(host, bad, reading.heard().usage))?;
    answer(&reply, reading.heard(), elapsed, host)
}

fn answer(reply: &Reply, heard: &Heard, whole: Duration, host: &str) -> Result<Answer, Unanswered> {
    let Some(finish) = heard.finish.clone() else {
        return Err(garbled(host, "the answer does not say why it ended", heard.usage));
    };
    Ok(Answer {
        text: heard.text.clone(),
        finish,
        model: heard.model.clone(),
        usage: heard.usage,
        first_byte: reply.first_byte(),
        whole,
    })
}

/// A count of tokens: a whole number that can be true. Everything else is none.
#[must_use]
pub fn count(value: Option<&Value>) -> Option<u64> {
    value.and_then(Value::as_u64).filter(|count| *count < MOST_TOKENS)
}

/// A short text from outside, such as a model's name: visible, and at most `most` characters.
#[must_use]
pub fn cleaned(text: &str, most: usize) -> String {
    let visible = text.chars().map(|c| if c.is_control() { ' ' } else { c });
    visible.take(most).collect::<String>().trim().to_owned()
}
