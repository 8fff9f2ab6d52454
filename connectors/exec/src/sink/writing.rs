//! The sink itself. INVARIANT: the program decides nothing about what is written: it is told the approved line, and what it shows is
//! compared here.

use super::asking::{ask, error, lost};
use super::options::{Member, Ready, SinkSettings};
use super::protocol::{Ask, Because, PROTOCOL, Reply};
use crate::options::{Launch, Value as Variable};
use opspilot_sdk::plain::{is_name, said_shortly};
use opspilot_sdk::{
    Action, ActionKind, BoxFuture, BuildContext, Call, Caution, ConnectorError, Delivered, ErrorKind, Fate, Look,
    Manner, Planned, Repeat, Sink, Undelivered, Write, is_kept,
};
use serde_json::{Map, Value};
use std::collections::BTreeMap;
use std::time::Duration;

/// Runs the program.
const RUN: &str = "RUN";

pub(crate) struct Program(Ready);

impl Program {
    pub(crate) fn build(settings: SinkSettings, context: &BuildContext) -> Result<Self, ConnectorError> {
        settings.ready(context).map(Self)
    }

    fn call(&self, asked: &Ask<'_>) -> Result<Call, ConnectorError> {
        let body = asked.line().map_err(|cause| unfit("the action cannot be written as JSON").because(cause))?;
        Ok(Call { method: RUN.to_owned(), target: self.0.command.clone(), headers: BTreeMap::new(), body })
    }

    /// What a look must show of an action.
    fn expect(&self, action: &Action) -> Value {
        let usual = if action.kind == ActionKind::Priority { Member::Value } else { Member::Text };
        let wanted = self.0.reads_back.clone().unwrap_or_else(|| [usual].into());
        let of = |member| match member {
            Member::Title => action.title.as_str().into(),
            Member::Text => action.text.as_str().into(),
            Member::Due => action.due.map_or(Value::Null, |due| due.to_string().into()),
            Member::Value => action.value.as_deref().map_or(Value::Null, Into::into),
        };
        Value::Object(wanted.into_iter().map(|member| (member.name().to_owned(), of(member))).collect::<Map<_, _>>())
    }

    async fn ask(&self, line: &str) -> Result<Option<Reply>, Undelivered> {
        self.told(&self.0.launch, line).await
    }

    async fn told(&self, launch: &Launch, line: &str) -> Result<Option<Reply>, Undelivered> {
        match ask(launch, line, self.0.timeout).await? {
            Some(Reply::Refused { because, said: words, retry_after_secs }) => {
                let (kind, why) = match because {
                    Because::Rejected => (ErrorKind::Rejected, "refuses this"),
                    Because::Later => (ErrorKind::Transient, "cannot do it now"),
                    Because::Busy => (ErrorKind::RateLimited, "has too much to do"),
                    Because::Unauthorised => (ErrorKind::Unauthorised, "says that its credentials are refused"),
                    Because::Misconfigured => (ErrorKind::Misconfigured, "says that it is set up wrongly"),
                };
                let mut error = error(launch, kind, "OP-7511", why, &words);
                error.retry_after = retry_after_secs.map(|seconds| Duration::from_secs(u64::from(seconds.min(86_400))));
                Err(Undelivered { error, fate: Fate::NotDone })
            }
            other => Ok(other),
        }
    }

    /// An answer that is none to this question: nobody knows.
    fn odd(&self) -> Undelivered {
        lost(&self.0.launch, "gave an answer to another question", "")
    }

    /// A name that is none, or more than can be kept.
    fn unnamed(&self) -> Undelivered {
        let why = "gave an `id` that is no name (1 to 200 visible characters), or an `image` that is none or larger than 1 MiB";
        lost(&self.0.launch, why, "")
    }
}

fn unfit(message: &str) -> ConnectorError {
    ConnectorError::new(ErrorKind::Rejected, "OP-7500", message)
}

impl Sink for Program {
    fn manner(&self) -> Manner {
        Manner {
            carries: self.0.carries,
            repeat: self.0.repeat,
            settles_in: self.0.settles_in,
            needs_record: self.0.needs_record,
        }
    }

    fn preview(&self, action: &Action) -> Result<Planned, ConnectorError> {
        if !self.0.carries.contains(&action.kind) {
            return Err(unfit(&format!("the program of `{}` carries no `{}`", self.0.launch.name, action.kind)));
        }
        if self.0.needs_record && action.record.is_empty() {
            return Err(unfit(&format!("`{}` needs a record, and the action has none", self.0.launch.name)));
        }
        Ok(Planned { call: self.call(&Ask::deliver(action))?, expect: self.expect(action) })
    }

    fn look<'a>(&'a self, write: &'a Write, id: Option<&'a str>) -> BoxFuture<'a, Result<Look, ConnectorError>> {
        Box::pin(async move {
            if self.0.repeat == Repeat::Asked {
                let why = format!("the program of `{}` cannot tell what it did (`repeat`)", self.0.launch.name);
                return Ok(Look::Unknown { why });
            }
            let line = Ask::look(write, id).line().map_err(|cause| unfit("the question is no JSON").because(cause))?;
            match self.ask(&line).await.map_err(|failed| failed.error)? {
                Some(Reply::Absent {}) => Ok(Look::Absent),
                Some(Reply::Present { id, image, version }) if is_name(&id) && image.is_object() && is_kept(&image) => {
                    Ok(Look::Present { id, image, version })
                }
                Some(Reply::Present { .. }) => Err(self.unnamed().error),
                Some(Reply::Unknown { why }) => {
                    let why = said_shortly(&why);
                    let unsaid = format!("the program of `{}` does not say why", self.0.launch.name);
                    Ok(Look::Unknown { why: if why.is_empty() { unsaid } else { why } })
                }
                _ => Err(self.odd().error),
            }
        })
    }

    fn deliver<'a>(
        &'a self,
        write: &'a Write,
        version: Option<&'a str>,
    ) -> BoxFuture<'a, Result<Delivered, Undelivered>> {
        Box::pin(async move {
            let call = &write.call;
            if call.method != RUN || call.target != self.0.command || call.body.contains('\n') {
                let message = format!("the call is for {}, the sink runs {} now", call.target, self.0.command);
                // Of this call alone: what is planned now is for the program as it is now.
                let error = ConnectorError::new(ErrorKind::Rejected, "OP-7512", message);
                return Err(Undelivered { error, fate: Fate::NotDone });
            }
            let mut launch = self.0.launch.clone();
            if let Some(version) = version.filter(|version| !version.contains('\0')) {
                launch.env.push(("OPSPILOT_VERSION".to_owned(), Variable(version.into())));
            }
            match self.told(&launch, &call.body).await? {
                Some(Reply::Done { id, said: words, .. }) => {
                    let id = id.filter(|id| !id.is_empty());
                    match id.as_deref().is_none_or(is_name) {
                        true => Ok(Delivered { id, said: said_shortly(&words) }),
                        false => Err(self.unnamed()),
                    }
                }
                Some(_) => Err(self.odd()),
                None => Err(lost(&self.0.launch, "ended and gave no answer", "")),
            }
        })
    }

    fn revert(&self, write: &Write, id: &str, before: Option<&Value>) -> Result<Planned, ConnectorError> {
        if !self.0.reverts {
            let why = format!("the program of `{}` has no way back; undo it by hand", self.0.launch.name);
            return Err(unfit(&why));
        }
        let expect = before.cloned().unwrap_or(Value::Null);
        Ok(Planned { call: self.call(&Ask::revert(write, id, before))?, expect })
    }

    fn check(&self) -> BoxFuture<'_, Result<Vec<Caution>, ConnectorError>> {
        Box::pin(async move {
            let asked = Ask::Check { protocol: PROTOCOL };
            let line = asked.line().map_err(|cause| unfit("the question is no JSON").because(cause))?;
            match self.ask(&line).await.map_err(|failed| failed.error)? {
                // One that ends well without a word has nothing to say.
                None => Ok(Vec::new()),
                Some(Reply::Done { cautions, .. }) => {
                    let told =
                        cautions.iter().map(|caution| said_shortly(caution)).filter(|caution| !caution.is_empty());
                    Ok(told.map(|message| Caution { code: "OP-7513", message }).collect())
                }
                Some(_) => Err(self.odd().error),
            }
        })
    }
}
