//! The sink `email_message`: a message to a person outside, whose very text and recipient somebody approved. Own file because it can neither
//! be looked at nor taken back. INVARIANT: it never says that a letter was not sent unless the relay said so.

use super::post::{Draft, MAIL, Post, foreign, judge_address, unfit};
use crate::{Options, Settings, Smtp};
use opspilot_sdk::{
    Action, ActionKind, BoxFuture, BuildContext, Carries, Caution, ConnectorError, Delivered, Look, Manner, Planned,
    Problems, Repeat, Sink, Spec, Undelivered, Write, plain,
};
use serde::Deserialize;
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::Duration;

/// The longest text, in bytes.
const MOST_TEXT: usize = 256 << 10;
/// The field that names the message that is answered.
const IN_REPLY_TO: &str = "in_reply_to";

/// The kind `email_message`.
#[derive(Clone, Copy, Debug)]
pub struct EmailMessage;

/// Options as they stand in the configuration.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EmailOptions {
    /// The relay, and who messages come from.
    pub smtp: Options,
    /// Where answers go, when not to the sender.
    pub reply_to: Option<String>,
}

/// Options that have been judged.
#[derive(Clone, Debug)]
pub struct EmailSettings {
    smtp: Settings,
    reply_to: Option<String>,
}

impl Spec for EmailMessage {
    const KIND: &'static str = "email_message";
    type Built = Arc<dyn Sink>;
    type Options = EmailOptions;
    type Settings = EmailSettings;

    fn validate(options: EmailOptions) -> Result<EmailSettings, Problems> {
        let mut problems = Problems::new();
        if let Some(reply_to) = &options.reply_to {
            judge_address("reply_to", reply_to, &mut problems);
        }
        let smtp = options.smtp.validate().map_err(|part| problems.absorb("smtp", part));
        match smtp {
            Ok(smtp) => problems.or(EmailSettings { smtp, reply_to: options.reply_to }),
            Err(()) => Err(problems),
        }
    }

    fn carries(_: &EmailSettings) -> Option<Carries> {
        Some(Carries { kinds: vec![ActionKind::Message], record: None })
    }

    fn build(settings: EmailSettings, context: BuildContext) -> Result<Arc<dyn Sink>, ConnectorError> {
        let smtp = Smtp::build(settings.smtp, &context.data_dir)?;
        Ok(Arc::new(Messages(Post::new(smtp, settings.reply_to))))
    }
}

struct Messages(Post);

impl Sink for Messages {
    fn manner(&self) -> Manner {
        Manner {
            carries: &[ActionKind::Message],
            repeat: Repeat::Asked,
            settles_in: Duration::ZERO,
            needs_record: false,
        }
    }

    fn preview(&self, action: &Action) -> Result<Planned, ConnectorError> {
        if action.kind != ActionKind::Message {
            return Err(unfit(format!("`email_message` carries messages and no `{}`", action.kind)));
        }
        let to = action.to.as_ref().ok_or_else(|| unfit("a message needs somebody whom it goes to"))?;
        if let Some(field) = action.fields.keys().find(|field| *field != IN_REPLY_TO) {
            return Err(unfit(format!("`{}` is no field of a message; `{IN_REPLY_TO}` is", plain::line(field, 60))));
        }
        let mut text = plain::clean(&action.text);
        if text.is_empty() || text.len() > MOST_TEXT {
            return Err(unfit("a message needs a text, of at most 256 KiB"));
        }
        text.push('\n');
        let draft = Draft {
            key: &action.key,
            to,
            subject: &action.title,
            at: action.at,
            in_reply_to: action.fields.get(IN_REPLY_TO).map(String::as_str),
            body: text,
        };
        Ok(Planned { call: self.0.call(draft)?, expect: json!({}) })
    }

    fn look<'a>(&'a self, _: &'a Write, _: Option<&'a str>) -> BoxFuture<'a, Result<Look, ConnectorError>> {
        Box::pin(async { Ok(self.0.look()) })
    }

    fn deliver<'a>(&'a self, write: &'a Write, _: Option<&'a str>) -> BoxFuture<'a, Result<Delivered, Undelivered>> {
        Box::pin(async move {
            if write.call.method != MAIL {
                return Err(foreign(&write.call.method));
            }
            self.0.send(&write.call, &write.call.body, None).await
        })
    }

    fn revert(&self, _: &Write, _: &str, _: Option<&Value>) -> Result<Planned, ConnectorError> {
        Err(unfit("a message that was sent cannot be taken back; write another one that sets it right"))
    }

    fn check(&self) -> BoxFuture<'_, Result<Vec<Caution>, ConnectorError>> {
        Box::pin(self.0.check())
    }
}
