//! The rest of the daemon as far as a sink can tell: it plans, looks, delivers, and judges every word that comes back. Own file because the
//! checks should say what they check. INVARIANT: no error, image or call passes through here with a secret in it.

use super::judge;
use super::written::{Credentials, SinkHarness};
use crate::{
    Action, ActionKind, ConnectorError, Delivered, ErrorKind, Look, Mailbox, Repeat, Sink, Undelivered, Write, shows,
};
use jiff::Timestamp;
use jiff::civil::date;
use serde_json::Value;
use std::collections::BTreeMap;
use std::sync::Arc;

/// What a check found: a broken promise, or whether it could be made at all.
pub(super) type Try = Result<bool, String>;

pub(super) struct Desk<H> {
    pub(super) harness: H,
    pub(super) sink: Arc<dyn Sink>,
}

impl<H: SinkHarness> Desk<H> {
    pub(super) async fn new() -> Self {
        let harness = H::new().await;
        let sink = good(&harness);
        Self { harness, sink }
    }

    /// The sink of a daemon that was started again.
    pub(super) fn rebuild(&mut self) {
        self.sink = good(&self.harness);
    }

    /// An ordinary action of a kind.
    pub(super) fn action(&self, kind: ActionKind, key: &str, record: &str) -> Action {
        let outside = kind.leaves_the_house();
        let start = Timestamp::constant(1_795_600_800, 654_321_000);
        let mut action = Action {
            kind,
            key: key.to_owned(),
            record: record.to_owned(),
            title: format!("Call Ada Lovelace back ({key})"),
            text: "Her boiler has been broken since Monday.\nShe is at home after five.".to_owned(),
            due: (kind == ActionKind::Task).then(|| date(2026, 12, 1)),
            value: None,
            to: outside
                .then(|| Mailbox { name: Some("Ada Lovelace".to_owned()), address: "ada@example.com".to_owned() }),
            span: (kind == ActionKind::Event).then(|| (start, Timestamp::constant(1_795_604_407, 765_432_000))),
            // As a daemon's clock tells it: few far sides keep so much of a moment.
            at: Timestamp::constant(1_795_000_017, 123_456_000),
            fields: BTreeMap::new(),
        };
        self.harness.fit(&mut action);
        action
    }

    /// Plans an action, twice.
    pub(super) fn plan(&self, action: &Action) -> Result<Write, String> {
        let plan = || {
            self.sink.preview(action).map_err(|error| match self.judged(&error) {
                Ok(_) => format!("it cannot be planned: {error}"),
                Err(fault) => fault,
            })
        };
        let planned = plan()?;
        if plan()? != planned {
            return Err("the same action is two calls".to_owned());
        }
        let write = Write {
            kind: action.kind,
            key: action.key.clone(),
            record: action.record.clone(),
            call: planned.call,
            expect: planned.expect,
        };
        self.clean(&write)?;
        Ok(write)
    }

    /// A record, an action on it, and the look before.
    pub(super) async fn begin(&mut self, kind: ActionKind, key: &str) -> Result<(Write, Look), String> {
        let record = self.harness.record().await;
        let write = self.plan(&self.action(kind, key, &record))?;
        let look = self.look(&write, None).await?;
        if shows(&write.expect, &look) {
            return Err(format!("nothing was done yet, and a look shows {look:?}"));
        }
        if self.is_blind(&look) && self.sink.manner().repeat == Repeat::Looked {
            return Err("a look is said to tell, and it does not".to_owned());
        }
        Ok((write, look))
    }

    /// A call is what it says: no secret in it, nothing that breaks a line, header names in lowercase.
    pub(super) fn clean(&self, write: &Write) -> Result<(), String> {
        let call = &write.call;
        let kept = serde_json::to_string(write).map_err(|cause| cause.to_string())?;
        judge::secrets("a call", &kept, &self.harness.canaries())?;
        if serde_json::from_str::<Write>(&kept).ok().as_ref() != Some(write) {
            return Err("a call that was kept is read as another one".to_owned());
        }
        let mut lines = vec![&call.method, &call.target];
        lines.extend(call.headers.iter().flat_map(|(name, value)| [name, value]));
        if let Some(line) = lines.into_iter().find(|line| line.chars().any(char::is_control)) {
            return Err(format!("a line of the call breaks: `{}`", line.escape_debug()));
        }
        if call.method.is_empty() || call.target.is_empty() {
            return Err("the call has no method or no target".to_owned());
        }
        match call.headers.keys().find(|name| name.chars().any(|c| c.is_ascii_uppercase() || c == ' ')) {
            Some(name) => Err(format!("the header `{name}` is not in lowercase")),
            None => Ok(()),
        }
    }

    pub(super) async fn look(&self, write: &Write, id: Option<&str>) -> Result<Look, String> {
        match self.sink.look(write, id).await {
            Ok(look) => {
                judge::secrets("a look", &format!("{look:?}"), &self.harness.canaries())?;
                match &look {
                    Look::Present { id, .. } if id.is_empty() => Err("a look shows a thing without a name".to_owned()),
                    Look::Present { image, .. } if !image.is_object() => Err(format!("an image is no object: {image}")),
                    Look::Unknown { why } if why.trim().is_empty() => Err("a look does not say why".to_owned()),
                    _ => Ok(look),
                }
            }
            Err(error) => {
                self.judged(&error)?;
                Err(format!("it cannot be looked at: {error}"))
            }
        }
    }

    /// The name and image of what was written, which must be shown.
    pub(super) async fn shown(&self, write: &Write, id: Option<&str>) -> Result<(String, Value), String> {
        match self.look(write, id).await? {
            Look::Present { id, image, version } => {
                let look = Look::Present { id: id.clone(), image: image.clone(), version };
                if shows(&write.expect, &look) {
                    return Ok((id, image));
                }
                Err(format!("expected is {}, and a look shows {image}", write.expect))
            }
            other => Err(format!("what was delivered is {other:?}")),
        }
    }

    /// Delivers; a broken promise is the outer error.
    pub(super) async fn deliver(&self, write: &Write, before: &Look) -> Result<Result<Delivered, Undelivered>, String> {
        let version = match before {
            Look::Present { version, .. } => version.as_deref(),
            Look::Absent | Look::Unknown { .. } => None,
        };
        let outcome = self.sink.deliver(write, version).await;
        match &outcome {
            Ok(delivered) => {
                judge::secrets("an answer", &format!("{delivered:?}"), &self.harness.canaries())?;
                if delivered.said.contains('\n') {
                    return Err("what the far side said is more than one line".to_owned());
                }
            }
            Err(failed) => {
                self.judged(&failed.error)?;
            }
        }
        Ok(outcome)
    }

    pub(super) async fn rest(&mut self) {
        let settles_in = self.sink.manner().settles_in;
        self.harness.rest(settles_in).await;
    }

    /// How many things there are; `None` for a write that changes one.
    pub(super) async fn count(&mut self, write: &Write, before: &Look) -> Option<usize> {
        if matches!(before, Look::Present { .. }) {
            return None;
        }
        Some(self.harness.count(write.kind, &write.record).await)
    }

    pub(super) fn is_blind(&self, look: &Look) -> bool {
        matches!(look, Look::Unknown { .. })
    }

    pub(super) async fn unchanged(&mut self, before: &str) -> Try {
        if self.harness.snapshot().await == before {
            return Ok(true);
        }
        Err("the far side changed".to_owned())
    }

    /// Whether an error refuses for good, in the right words.
    pub(super) fn rejects(&self, error: &ConnectorError, what: &str) -> Try {
        self.is(error, ErrorKind::Rejected, what)
    }

    pub(super) fn is(&self, error: &ConnectorError, kind: ErrorKind, what: &str) -> Try {
        self.judged(error)?;
        if error.kind == kind { Ok(true) } else { Err(format!("{what} is {:?}, not {kind:?}: {error}", error.kind)) }
    }

    fn judged(&self, error: &ConnectorError) -> Try {
        judge::error(error, &self.harness.canaries()).map(|()| true)
    }
}

fn good<H: SinkHarness>(harness: &H) -> Arc<dyn Sink> {
    harness.build(Credentials::Good).expect("a sink with good credentials")
}
