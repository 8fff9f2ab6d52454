//! Writing what a person approved into a system outside: what is asked, how it is shown before, sent, found again and taken back. Own file
//! because the rooms that plan and prove a write know nothing of any vendor, and a connector knows nothing of briefs.
//!
//! INVARIANT: [`Sink::preview`] and [`Sink::revert`] touch nothing: what they return, byte for byte, is what a person approves and what
//! [`Sink::deliver`] sends, credentials added. One [`Sink::deliver`] is at most one request that changes something: a sink never sends it
//! twice, because only the daemon knows what doing a thing twice means.

use crate::{BoxFuture, ConnectorError, Mailbox, Problems, sha256_hex};
use jiff::Timestamp;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

/// What can be done to a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ActionKind {
    /// A note that only the client's own people see.
    Note,
    /// Something to do, with an owner and a day.
    Task,
    /// The record's priority.
    Priority,
    /// A message to a person outside.
    Message,
    /// An invitation to a calendar.
    Event,
}

impl ActionKind {
    /// Every kind, in the order of the handbook.
    pub const ALL: [Self; 5] = [Self::Note, Self::Task, Self::Priority, Self::Message, Self::Event];

    /// The word in configuration, tables, API and CLI.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Note => "note",
            Self::Task => "task",
            Self::Priority => "priority",
            Self::Message => "message",
            Self::Event => "event",
        }
    }

    /// Reads the word.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == word)
    }

    /// Judges the option `kinds`: what of all that it `carries` a sink is used for. Not given: all.
    pub fn judge(kinds: Option<Vec<Self>>, carries: &[Self], problems: &mut Problems) -> Vec<Self> {
        let kinds = kinds.unwrap_or_else(|| carries.to_vec());
        if kinds.is_empty() || kinds.iter().any(|kind| !carries.contains(kind)) {
            let all: Vec<String> = carries.iter().map(|kind| format!("`{kind}`")).collect();
            problems.add(
                "kinds",
                "names what it does not carry, or nothing",
                format!("use some of {}", all.join(", ")),
            );
        }
        kinds
    }

    /// Whether it reaches people outside the client's house: such an action wants the highest level of a pilot.
    #[must_use]
    pub const fn leaves_the_house(self) -> bool {
        matches!(self, Self::Message | Self::Event)
    }
}

impl fmt::Display for ActionKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// One thing to be done to one record, in words that no vendor owns. Every text may come from outside: a sink encodes it, and lets none of
/// it become a path, a query, a header or markup.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Action {
    /// What.
    pub kind: ActionKind,
    /// Names this action for ever: 1 to 64 ASCII letters, digits or `-`. It stands in what is written, or in the far side's own key for
    /// repeats, so that it can be found again.
    pub key: String,
    /// The record, as the far side names it; empty for a sink that has none, such as a file.
    pub record: String,
    /// One line: what a task is called, the subject of a message.
    pub title: String,
    /// The text.
    pub text: String,
    /// When a task is due.
    pub due: Option<Date>,
    /// The far side's own word for a priority; for a task its priority, when it has one.
    pub value: Option<String>,
    /// Whom a message or an invitation goes to.
    pub to: Option<Mailbox>,
    /// From when until when an invitation is.
    pub span: Option<(Timestamp, Timestamp)>,
    /// When it was planned. Fixed, so that the same action gives the same bytes.
    pub at: Timestamp,
    /// Further fields of the far side, by its names for them, as the operator wrote them down.
    pub fields: BTreeMap<String, String>,
}

/// One request to the far side, whole, without credentials.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Call {
    /// The verb: an HTTP method, or a word of the sink's own such as `APPEND`, `MAIL`, `RUN`.
    pub method: String,
    /// Where to: a whole address without credentials, a file, a person's address.
    pub target: String,
    /// Headers that carry meaning, by lowercase name; never a credential.
    pub headers: BTreeMap<String, String>,
    /// The body, byte for byte.
    pub body: String,
}

impl Call {
    /// A request over HTTP with a body in JSON; without one it has no headers either.
    #[must_use]
    pub fn json(method: &str, target: impl Into<String>, body: Option<&Value>) -> Self {
        Self {
            method: method.to_owned(),
            target: target.into(),
            headers: body.map(|_| ("content-type".to_owned(), "application/json".to_owned())).into_iter().collect(),
            body: body.map(Value::to_string).unwrap_or_default(),
        }
    }

    /// Lowercase hex SHA-256 over the canonical form: the JSON array of method, target, headers in the order of their names, and body.
    #[must_use]
    pub fn digest(&self) -> String {
        let headers: Vec<[&str; 2]> =
            self.headers.iter().map(|(name, value)| [name.as_str(), value.as_str()]).collect();
        let canonical = serde_json::json!([self.method, self.target, headers, self.body]).to_string();
        sha256_hex(canonical.as_bytes())
    }
}

/// A call, and how one sees afterwards that it was done.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Planned {
    /// What is sent.
    pub call: Call,
    /// What the far side must show then: an object whose members stand alike in the [`Look::Present`] image; `null` when the thing must be
    /// gone.
    pub expect: Value,
}

/// A planned action as it is kept: what a sink is handed when it acts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Write {
    /// What it is.
    pub kind: ActionKind,
    /// As [`Action::key`].
    pub key: String,
    /// As [`Action::record`].
    pub record: String,
    /// The request.
    pub call: Call,
    /// As [`Planned::expect`].
    pub expect: Value,
}

/// What the far side shows of the thing that a write makes or changes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Look {
    /// It certainly has no such thing: what was to be made is not there.
    Absent,
    /// It has.
    Present {
        /// The far side's own name for the thing; the record's for a change of a record.
        id: String,
        /// What it is, as an object: whatever a write of this kind could change and nothing that changes by itself, so that two images
        /// compare.
        image: Value,
        /// The far side's mark for this state (an entity tag), for [`Sink::deliver`].
        version: Option<String>,
    },
    /// The far side cannot tell: there is no way to ask it.
    Unknown {
        /// Why, for a person.
        why: String,
    },
}

/// A call that was answered with yes. It proves nothing until the thing was read back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Delivered {
    /// The far side's own name for what was made.
    pub id: Option<String>,
    /// What it said, one line, for the record.
    pub said: String,
}

/// Whether a call that failed may have been carried out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// Certainly not, by the meaning of the answer, or because it was never sent.
    NotDone,
    /// Nobody knows.
    Unknown,
}

/// No yes.
#[derive(Debug, thiserror::Error)]
#[error("{error}")]
pub struct Undelivered {
    /// What happened. `Rejected`: this call will never pass; `RateLimited`, `Transient`: later; `Unauthorised`, `Misconfigured`: none until
    /// a person acts.
    #[source]
    pub error: ConnectorError,
    /// Whether it may have been done.
    pub fate: Fate,
}

/// What makes a repeat safe.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Repeat {
    /// The far side knows the key and does it once.
    Keyed,
    /// [`Sink::look`] tells whether it was done.
    Looked,
    /// Nothing: what may have been done is for a person to find out.
    Asked,
}

/// How a sink is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Manner {
    /// The kinds it carries.
    pub carries: &'static [ActionKind],
    /// What makes a repeat safe.
    pub repeat: Repeat,
    /// How long after a lost answer the far side may still be at work or its search behind: only then a look tells.
    pub settles_in: Duration,
    /// Whether it has records, so that an action without one cannot be planned.
    pub needs_record: bool,
}

/// What a sink will carry once it is built, as far as its options tell: rules are judged by it before any secret is read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Carries {
    /// The kinds, without those that the operator left out.
    pub kinds: Vec<ActionKind>,
    /// What a record's name looks like, for people and to try rules with, such as `OPS-1`; `None` for a sink that has no records.
    pub record: Option<String>,
}

/// Something about the credentials or the far side that a person should know, though work can go on: rights that are too wide.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Caution {
    /// Stable code.
    pub code: &'static str,
    /// What, and what to do.
    pub message: String,
}

/// A system to write into. Futures may be dropped at any await: what then became of a call is unknown.
pub trait Sink: Send + Sync {
    /// How it is.
    fn manner(&self) -> Manner;

    /// The exact request for an action. Touches nothing; the same action gives the same bytes.
    ///
    /// # Errors
    /// [`crate::ErrorKind::Rejected`], what does not fit: a kind that it does not carry, a priority it does not know, a record that is none.
    fn preview(&self, action: &Action) -> Result<Planned, ConnectorError>;

    /// What the far side shows of the thing, found by `id` when it is known, by the write's key otherwise; for a change, the record's part.
    ///
    /// # Errors
    /// It could not be read; a record that does not exist is [`crate::ErrorKind::Rejected`].
    fn look<'a>(&'a self, write: &'a Write, id: Option<&'a str>) -> BoxFuture<'a, Result<Look, ConnectorError>>;

    /// Sends the call, once. `version` is that of the look before, for a far side that refuses a change upon another one.
    ///
    /// # Errors
    /// No yes, and whether it may have been done all the same.
    fn deliver<'a>(
        &'a self,
        write: &'a Write,
        version: Option<&'a str>,
    ) -> BoxFuture<'a, Result<Delivered, Undelivered>>;

    /// The exact request that takes a write back. Touches nothing. `id` is what [`Sink::deliver`] or [`Sink::look`] told; `before` is the image
    /// from before the write, `None` when there was nothing. Afterwards [`Sink::look`] on the write shows `before` again.
    ///
    /// # Errors
    /// [`crate::ErrorKind::Rejected`]: the far side has no way back; the message says what a person can do instead.
    fn revert(&self, write: &Write, id: &str, before: Option<&Value>) -> Result<Planned, ConnectorError>;

    /// Asks the far side who we are and what we may, changing nothing. What is wider than needed comes back as a caution.
    ///
    /// # Errors
    /// It cannot be reached, the credentials are refused, or what they may is too little.
    fn check(&self) -> BoxFuture<'_, Result<Vec<Caution>, ConnectorError>>;
}

/// The largest image, in bytes of JSON: it is kept for good, twice for each write, and shown to people.
const MOST_IMAGE: usize = 1 << 20;

/// Whether an image can be kept. Asked by a sink whose far side may show whatever it likes.
#[must_use]
pub fn is_kept(image: &Value) -> bool {
    image.to_string().len() <= MOST_IMAGE
}

/// Whether an image shows what was expected.
#[must_use]
pub fn shows(expect: &Value, look: &Look) -> bool {
    match (expect, look) {
        (Value::Null, Look::Absent) => true,
        (Value::Object(expect), Look::Present { image, .. }) => {
            expect.iter().all(|(name, value)| image.get(name) == Some(value))
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::{Call, Look, shows};
    use serde_json::{Value, json};

    #[test]
    fn a_digest_binds_every_part_of_a_call() {
        let call = Call {
            method: "POST".to_owned(),
            target: "https://crm.example/notes".to_owned(),
            headers: [("content-type".to_owned(), "application/json".to_owned())].into(),
            body: "{}".to_owned(),
        };
        let mut others = vec![call.clone(); 4];
        others[0].method = "PUT".to_owned();
        others[1].target.push('/');
        others[2].headers.insert("x".to_owned(), String::new());
        others[3].body.push(' ');
        assert!(others.iter().all(|other| other.digest() != call.digest()));
        assert_eq!(call.digest(), call.clone().digest());
        assert_eq!(call.digest().len(), 64);
    }

    #[test]
    fn an_image_shows_what_was_expected_or_does_not() {
        let present = |image: Value| Look::Present { id: "1".to_owned(), image, version: None };
        assert!(shows(&json!({"priority": "high"}), &present(json!({"priority": "high", "more": 1}))));
        assert!(!shows(&json!({"priority": "high"}), &present(json!({"priority": "low"}))));
        assert!(!shows(&json!({"priority": "high"}), &present(json!({}))));
        assert!(!shows(&json!({"priority": "high"}), &Look::Absent));
        assert!(!shows(&json!({}), &Look::Unknown { why: String::new() }));
        assert!(shows(&Value::Null, &Look::Absent));
        assert!(!shows(&Value::Null, &present(json!({}))));
    }
}
