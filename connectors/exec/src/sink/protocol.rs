//! The lines of the protocol, version 1. Own file because they are a promise to whoever writes a program. INVARIANT: what a program is told
//! fits on one line whatever stands in it; what it says is read as data, and its words are shown short and on one line.

use jiff::Timestamp;
use jiff::civil::Date;
use opspilot_sdk::{Action, ActionKind, Hidden, Mailbox, Write};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::BTreeMap;

pub(crate) const PROTOCOL: u8 = 1;

/// What a program is asked.
#[derive(Serialize)]
#[serde(tag = "ask", rename_all = "snake_case")]
pub(crate) enum Ask<'a> {
    Deliver {
        protocol: u8,
        key: &'a str,
        kind: ActionKind,
        record: &'a str,
        title: &'a str,
        text: &'a str,
        due: Option<Date>,
        value: Option<&'a str>,
        to: Option<&'a Mailbox>,
        from: Option<Timestamp>,
        until: Option<Timestamp>,
        at: Timestamp,
        fields: &'a BTreeMap<String, String>,
    },
    Revert {
        protocol: u8,
        key: &'a str,
        kind: ActionKind,
        record: &'a str,
        id: &'a str,
        before: Option<&'a Value>,
    },
    Look {
        protocol: u8,
        key: &'a str,
        kind: ActionKind,
        record: &'a str,
        id: Option<&'a str>,
    },
    Check {
        protocol: u8,
    },
}

impl<'a> Ask<'a> {
    pub(crate) fn deliver(action: &'a Action) -> Self {
        Self::Deliver {
            protocol: PROTOCOL,
            key: &action.key,
            kind: action.kind,
            record: &action.record,
            title: &action.title,
            text: &action.text,
            due: action.due,
            value: action.value.as_deref(),
            to: action.to.as_ref(),
            from: action.span.map(|(from, _)| from),
            until: action.span.map(|(_, until)| until),
            at: action.at,
            fields: &action.fields,
        }
    }

    pub(crate) fn revert(write: &'a Write, id: &'a str, before: Option<&'a Value>) -> Self {
        Self::Revert { protocol: PROTOCOL, key: &write.key, kind: write.kind, record: &write.record, id, before }
    }

    pub(crate) fn look(write: &'a Write, id: Option<&'a str>) -> Self {
        Self::Look { protocol: PROTOCOL, key: &write.key, kind: write.kind, record: &write.record, id }
    }

    /// The line, without its end.
    pub(crate) fn line(&self) -> Result<String, serde_json::Error> {
        serde_json::to_string(self)
    }
}

/// What a program answers.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub(crate) enum Reply {
    /// It was carried out, or is good.
    Done {
        id: Option<String>,
        #[serde(default)]
        said: String,
        #[serde(default)]
        cautions: Vec<String>,
    },
    /// It was certainly not carried out.
    Refused {
        because: Because,
        #[serde(default)]
        said: String,
        retry_after_secs: Option<u32>,
    },
    /// There is no such thing.
    Absent {},
    /// There is.
    Present { id: String, image: Value, version: Option<String> },
    /// It cannot tell.
    Unknown { why: String },
}

impl Reply {
    /// The same answer, without the secrets that the program was given.
    pub(crate) fn without(self, hidden: &Hidden) -> Self {
        let text = |text: String| hidden.text(&text);
        match self {
            Self::Done { id, said, cautions } => {
                Self::Done { id: id.map(text), said: text(said), cautions: cautions.into_iter().map(text).collect() }
            }
            Self::Refused { because, said, retry_after_secs } => {
                Self::Refused { because, said: text(said), retry_after_secs }
            }
            Self::Present { id, image, version } => {
                Self::Present { id: text(id), image: hidden.value(image), version: version.map(text) }
            }
            Self::Unknown { why } => Self::Unknown { why: text(why) },
            Self::Absent {} => Self::Absent {},
        }
    }
}

/// Why not.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Because {
    /// It will never pass.
    Rejected,
    /// Not now.
    Later,
    /// Too many at once.
    Busy,
    /// Its credentials are refused.
    Unauthorised,
    /// It is set up wrongly.
    Misconfigured,
}
