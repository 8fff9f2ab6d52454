//! The sink: looks, delivers, is checked. Own file because it is what the daemon holds. INVARIANT: an answer that does not have the shape of
//! Pipedrive's is an error, never "there is nothing": whoever takes it for that writes a second time.

use crate::answers::Next;
use crate::manners::{NO_TOKEN, Own, strange, unfit};
use crate::options::Settings;
use crate::place::{self, Place};
use crate::{answers, plan, rights};
use opspilot_sdk::http::{Client, Request};
use opspilot_sdk::plain::is_marked;
use opspilot_sdk::writing::{self, encoded};
use opspilot_sdk::{
    Action, BoxFuture, BuildContext, Caution, ConnectorError, Delivered, Look, Manner, Planned, Repeat, Secret, Sink,
    Undelivered, Write,
};
use serde_json::Value;
use std::time::Duration;

/// Most notes or activities of one record that are read to find one.
const MOST_THINGS: usize = 5_000;
/// As many are asked for at once as Pipedrive gives.
const PAGE: usize = 500;
/// How long a lost request may still be at work.
const SETTLES_IN: Duration = Duration::from_secs(60);

/// Pipedrive behind one token.
pub(crate) struct Crm {
    pub(crate) settings: Settings,
    pub(crate) client: Client,
}

impl Crm {
    /// Reads the token; connects to nothing.
    pub(crate) fn build(settings: Settings, context: &BuildContext) -> Result<Self, ConnectorError> {
        let token = settings.token.fetch(context, NO_TOKEN)?;
        let headers = [("x-api-token", Secret::new(token.expose()))];
        let client = Client::prepare(settings.site.clone(), &headers, context, NO_TOKEN)?;
        Ok(Self { client, settings })
    }

    /// The body of an answer; `None` when there is no such thing.
    pub(crate) async fn get(&self, path: &str) -> Result<Option<Value>, ConnectorError> {
        let answered = writing::read(&self.client, &Own, Request::get(path)).await?;
        Ok(answered.map(|answered| answered.body))
    }

    /// What an answer holds, or an error that says what it lacks.
    pub(crate) fn sure<T>(&self, read: Option<T>, what: &str) -> Result<T, ConnectorError> {
        read.ok_or_else(|| strange(self.client.host(), what))
    }

    async fn seen(&self, write: &Write, id: Option<&str>) -> Result<Look, ConnectorError> {
        let place = place::read(&write.record, &self.settings.objects)?;
        let Some(path) = plan::kind_path(write.kind) else {
            let deal = self.record(place).await?;
            return self.sure(answers::deal(&deal, write, place), "`custom_fields` of a deal");
        };
        let Some(id) = id else {
            self.record(place).await?;
            return self.among(path, place, write).await;
        };
        let id: u64 = id.parse().map_err(|_| unfit(format!("`{}` is no number of Pipedrive's", id.escape_debug())))?;
        let Some(body) = self.get(&format!("{path}/{id}")).await? else { return Ok(Look::Absent) };
        let thing = self.sure(answers::data(&body), "`data`")?;
        if answers::is_deleted(thing) {
            return Ok(Look::Absent);
        }
        self.sure(answers::thing(thing, write, place), "the `id` of a thing")
    }

    /// A record, which must be there: the list of what hangs on none is as empty as that of one without notes.
    async fn record(&self, place: Place) -> Result<Value, ConnectorError> {
        let none = || unfit(format!("Pipedrive has no record `{place}`, or the token may not see it"));
        let body = self.get(&format!("/api/v2/{place}")).await?.ok_or_else(none)?;
        let record = self.sure(answers::data(&body), "`data`")?.clone();
        if answers::is_deleted(&record) {
            return Err(none());
        }
        let id = record.get("id").and_then(Value::as_u64);
        if self.sure(id, "the `id` of a record")? != place.id {
            return Err(unfit(format!("`{place}` became another record; plan the write for that one")));
        }
        Ok(record)
    }

    /// Looks for the mark in all notes or activities of the record.
    async fn among(&self, path: &str, place: Place, write: &Write) -> Result<Look, ConnectorError> {
        let id = |thing: &Value| thing.get("id").and_then(Value::as_u64);
        let (link, number) = (place.object.link(), place.id);
        let mut found: Option<Value> = None;
        let (mut seen, mut from) = (0, String::new());
        let mut last: Option<u64> = None;
        loop {
            let body = self.get(&format!("{path}?{link}={number}&limit={PAGE}{from}")).await?;
            let body = self.sure(body, "a list")?;
            let things = self.sure(answers::list(&body), "a list as `data`")?;
            // A list that goes on at a place in it loses one thing when another is deleted in between. So the last one is read twice.
            if last.is_some() && last != things.first().and_then(id) {
                return Err(strange(self.client.host(), "a list that stays as it is while it is read"));
            }
            seen += things.len();
            let end = things.last().and_then(id);
            for thing in things {
                let is_older = found.as_ref().is_none_or(|found| id(&thing) < id(found));
                // Of two, the older counts.
                if !answers::is_deleted(&thing) && is_marked(&answers::text(&thing), &write.key) && is_older {
                    found = Some(thing);
                }
            }
            let next = answers::next(&body).or_else(|| end.is_none().then_some(Next::End));
            match self.sure(next, "the place where a list goes on")? {
                Next::End => break,
                // It would go on for ever.
                _ if end.is_none() => return Err(strange(self.client.host(), "a list that comes to an end")),
                _ if seen >= MOST_THINGS => {
                    let why = format!(
                        "the record has more than {MOST_THINGS} of them; look there whether one ends with `{}`",
                        write.key
                    );
                    return Ok(Look::Unknown { why });
                }
                Next::Start(start) => {
                    from = format!("&start={}", start.saturating_sub(1));
                    last = end;
                }
                Next::Cursor(cursor) => from = format!("&cursor={}", encoded(&cursor)),
            }
        }
        match found {
            None => Ok(Look::Absent),
            Some(thing) => self.sure(answers::thing(&thing, write, place), "the `id` of a thing"),
        }
    }

    async fn sent(&self, write: &Write) -> Result<Delivered, Undelivered> {
        let answered = writing::deliver(&self.client, &Own, &write.call, &[]).await?;
        let id = match write.call.method.as_str() {
            "POST" => answered.body.pointer("/data/id").and_then(Value::as_u64).map(|id| id.to_string()),
            "PATCH" => place::read(&write.record, &self.settings.objects).ok().map(|place| place.to_string()),
            _ => None,
        };
        Ok(Delivered { id, said: format!("Pipedrive answered {}", answered.status) })
    }
}

impl Sink for Crm {
    fn manner(&self) -> Manner {
        Manner { carries: self.settings.carries(), repeat: Repeat::Looked, settles_in: SETTLES_IN, needs_record: true }
    }

    fn preview(&self, action: &Action) -> Result<Planned, ConnectorError> {
        plan::preview(&self.settings, self.client.base(), action)
    }

    fn look<'a>(&'a self, write: &'a Write, id: Option<&'a str>) -> BoxFuture<'a, Result<Look, ConnectorError>> {
        Box::pin(self.seen(write, id))
    }

    fn deliver<'a>(
        &'a self,
        write: &'a Write,
        _version: Option<&'a str>,
    ) -> BoxFuture<'a, Result<Delivered, Undelivered>> {
        Box::pin(self.sent(write))
    }

    fn revert(&self, write: &Write, id: &str, before: Option<&Value>) -> Result<Planned, ConnectorError> {
        plan::revert(&self.settings, self.client.base(), write, id, before)
    }

    fn check(&self) -> BoxFuture<'_, Result<Vec<Caution>, ConnectorError>> {
        Box::pin(rights::check(self))
    }
}
