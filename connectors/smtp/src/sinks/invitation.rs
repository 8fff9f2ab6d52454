//! The sink `ics`: an invitation to a calendar, by mail (RFC 6047) or as a file in a folder; taken back by calling it off. Own file because both
//! ways write the same calendar. INVARIANT: one key is one event: the invitation and what calls it off have the same UID.

use super::ical::{BEGIN, Invitation, cancel, method};
use super::post::{Draft, MAIL, Post, RELAY, foreign, judge_address, unfit};
use super::shelf::{PUT, Shelf};
use crate::compose::Calendar;
use crate::{Options, Settings, Smtp};
use opspilot_sdk::{
    Action, ActionKind, BoxFuture, BuildContext, Call, Carries, Caution, ConnectorError, Delivered, Look, Mailbox,
    Manner, Planned, Problems, Repeat, Sink, Spec, Undelivered, Write, plain,
};
use serde::Deserialize;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::path::{Component, PathBuf};
use std::sync::Arc;
use std::time::Duration;

/// The longest description, in bytes.
const MOST_TEXT: usize = 64 << 10;
/// The field that says where.
const LOCATION: &str = "location";

/// The kind `ics`.
#[derive(Clone, Copy, Debug)]
pub struct Ics;

/// Options as they stand in the configuration: `smtp` or `folder`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct IcsOptions {
    /// The relay, and who invites.
    pub smtp: Option<Options>,
    /// Where answers go that are no calendars, when not to the sender.
    pub reply_to: Option<String>,
    /// A folder that invitations are written to instead; below the data folder.
    pub folder: Option<PathBuf>,
    /// The address of who invites; default: that of the sender.
    pub organizer: Option<String>,
    /// The name of who invites.
    pub organizer_name: Option<String>,
}

/// Options that have been judged.
#[derive(Clone, Debug)]
pub struct IcsSettings {
    way: WaySettings,
    organizer: Mailbox,
}

#[derive(Clone, Debug)]
enum WaySettings {
    Mail { smtp: Box<Settings>, reply_to: Option<String> },
    Folder(PathBuf),
}

impl Spec for Ics {
    const KIND: &'static str = "ics";
    type Built = Arc<dyn Sink>;
    type Options = IcsOptions;
    type Settings = IcsSettings;

    fn validate(options: IcsOptions) -> Result<IcsSettings, Problems> {
        let mut problems = Problems::new();
        for (key, value) in [("reply_to", &options.reply_to), ("organizer", &options.organizer)] {
            if let Some(value) = value {
                judge_address(key, value, &mut problems);
            }
        }
        let named = |address: String, name: Option<String>| Mailbox { name, address };
        match (options.smtp, options.folder) {
            (Some(smtp), None) => match smtp.validate() {
                Ok(smtp) => {
                    let sender = smtp.from().clone();
                    let organizer = match (options.organizer, options.organizer_name) {
                        (Some(address), name) => named(address, name),
                        (None, name) => Mailbox { name: name.or(sender.name), ..sender },
                    };
                    let way = WaySettings::Mail { smtp: Box::new(smtp), reply_to: options.reply_to };
                    problems.or(IcsSettings { way, organizer })
                }
                Err(part) => {
                    problems.absorb("smtp", part);
                    Err(problems)
                }
            },
            (None, Some(folder)) => {
                let inside = folder.components().all(|part| matches!(part, Component::Normal(_)));
                let text = folder.to_str().unwrap_or_default();
                if text.is_empty() || !inside || text.chars().any(char::is_control) {
                    problems.add("folder", "is no folder below the data folder", "give a path such as `calendar`");
                }
                if options.reply_to.is_some() {
                    problems.add("reply_to", "has no use for a folder", "take it out");
                }
                let Some(organizer) = options.organizer else {
                    problems.add("organizer", "is missing", "give the address of who invites");
                    return Err(problems);
                };
                let organizer = named(organizer, options.organizer_name);
                problems.or(IcsSettings { way: WaySettings::Folder(folder), organizer })
            }
            (Some(_), Some(_)) => {
                problems.add("folder", "stands beside `smtp`", "keep one of them");
                Err(problems)
            }
            (None, None) => {
                problems.add("smtp", "is missing", "name a relay by `smtp`, or a folder by `folder`");
                Err(problems)
            }
        }
    }

    fn carries(_: &IcsSettings) -> Option<Carries> {
        Some(Carries { kinds: vec![ActionKind::Event], record: None })
    }

    fn build(settings: IcsSettings, context: BuildContext) -> Result<Arc<dyn Sink>, ConnectorError> {
        let way = match settings.way {
            WaySettings::Mail { smtp, reply_to } => {
                Way::Mail(Box::new(Post::new(Smtp::build(*smtp, &context.data_dir)?, reply_to)))
            }
            WaySettings::Folder(folder) => Way::Folder(Shelf::new(&context.data_dir, &folder)),
        };
        Ok(Arc::new(Invitations { way, organizer: settings.organizer }))
    }
}

enum Way {
    Mail(Box<Post>),
    Folder(Shelf),
}

struct Invitations {
    way: Way,
    organizer: Mailbox,
}

/// The parts of a body: what is read, and the calendar.
fn parts(body: &str) -> Option<(&str, &str)> {
    let at = body.find(BEGIN)?;
    body.split_at_checked(at)
}

impl Sink for Invitations {
    fn manner(&self) -> Manner {
        let repeat = match self.way {
            Way::Mail(_) => Repeat::Asked,
            Way::Folder(_) => Repeat::Keyed,
        };
        Manner { carries: &[ActionKind::Event], repeat, settles_in: Duration::ZERO, needs_record: false }
    }

    fn preview(&self, action: &Action) -> Result<Planned, ConnectorError> {
        if action.kind != ActionKind::Event {
            return Err(unfit(format!("`ics` carries invitations and no `{}`", action.kind)));
        }
        let (from, until) = action.span.ok_or_else(|| unfit("an invitation needs a time"))?;
        if until <= from {
            return Err(unfit("an invitation needs a time that ends after it begins"));
        }
        if let Some(field) = action.fields.keys().find(|field| *field != LOCATION) {
            return Err(unfit(format!("`{}` is no field of an invitation; `{LOCATION}` is", plain::line(field, 60))));
        }
        let text = plain::clean(&action.text);
        if text.len() > MOST_TEXT {
            return Err(unfit("the text of an invitation is longer than 64 KiB"));
        }
        if plain::line(&action.title, 200).is_empty() {
            return Err(unfit("an invitation needs a subject, and the action has no title"));
        }
        let domain = self.organizer.address.rsplit_once('@').map_or("", |(_, domain)| domain);
        let calendar = Invitation {
            uid: &format!("{}@{domain}", action.key),
            at: action.at,
            from,
            until,
            summary: &action.title,
            description: &text,
            location: action.fields.get(LOCATION).map(String::as_str),
            organizer: &self.organizer,
            attendee: action.to.as_ref(),
        }
        .request();
        match &self.way {
            Way::Mail(post) => {
                let to = action.to.as_ref().ok_or_else(|| unfit("an invitation needs somebody whom it goes to"))?;
                let body = format!("{text}\n{calendar}");
                let draft =
                    Draft { key: &action.key, to, subject: &action.title, at: action.at, in_reply_to: None, body };
                Ok(Planned { call: post.call(draft)?, expect: json!({}) })
            }
            Way::Folder(shelf) => {
                let target = shelf.target(&action.key)?;
                let expect = json!({ "calendar": calendar });
                let call = Call { method: PUT.to_owned(), target, headers: BTreeMap::new(), body: calendar };
                Ok(Planned { call, expect })
            }
        }
    }

    fn look<'a>(&'a self, write: &'a Write, _: Option<&'a str>) -> BoxFuture<'a, Result<Look, ConnectorError>> {
        Box::pin(async move {
            match &self.way {
                Way::Mail(post) => Ok(post.look()),
                Way::Folder(shelf) => shelf.look(&write.key),
            }
        })
    }

    fn deliver<'a>(&'a self, write: &'a Write, _: Option<&'a str>) -> BoxFuture<'a, Result<Delivered, Undelivered>> {
        Box::pin(async move {
            let call = &write.call;
            match (&self.way, call.method.as_str()) {
                (Way::Mail(post), MAIL) => {
                    let parts =
                        parts(&call.body).and_then(|(text, calendar)| Some((text, calendar, method(calendar)?)));
                    let (text, calendar, method) = parts.ok_or_else(|| foreign("no calendar"))?;
                    post.send(call, text, Some(Calendar { method, text: calendar })).await
                }
                (Way::Folder(shelf), PUT) => shelf.put(&write.key, &call.target, &call.body),
                (_, other) => Err(foreign(other)),
            }
        })
    }

    fn revert(&self, write: &Write, _: &str, _: Option<&Value>) -> Result<Planned, ConnectorError> {
        let none = || unfit("there is no invitation that could be called off");
        let (text, calendar) = parts(&write.call.body).ok_or_else(none)?;
        let mut call = Call { body: format!("{text}{}", cancel(calendar).ok_or_else(none)?), ..write.call.clone() };
        // A letter of its own, in the thread of the first.
        if let Way::Mail(post) = &self.way {
            // By the relay of now: the first may be gone.
            call.headers.insert(RELAY.to_owned(), post.relay());
            if let Some(first) =
                call.headers.insert("message-id".to_owned(), format!("{}.off@{}", write.key, post.domain()))
            {
                call.headers.insert("in-reply-to".to_owned(), first);
            }
            if let Some(subject) = call.headers.get_mut("subject") {
                *subject = plain::line(&format!("Cancelled: {subject}"), 200);
            }
        }
        Ok(Planned { call, expect: Value::Null })
    }

    fn check(&self) -> BoxFuture<'_, Result<Vec<Caution>, ConnectorError>> {
        Box::pin(async move {
            match &self.way {
                Way::Mail(post) => post.check().await,
                Way::Folder(shelf) => shelf.check().map(|()| Vec::new()),
            }
        })
    }
}
