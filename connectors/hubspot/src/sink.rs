//! The sink: looks, delivers, is checked. Own file because it is what the daemon holds. INVARIANT: an answer that does not have the shape of
//! HubSpot's is an error, never "there is nothing": whoever takes it for that writes a second time.

use crate::manners::{NO_TOKEN, Own, strange, unfit};
use crate::options::Settings;
use crate::place::{self, Object, Place};
use crate::plan::PORTAL;
use crate::{plan, rights};
use jiff::Timestamp;
use opspilot_sdk::http::{Client, Request};
use opspilot_sdk::place::Object as _;
use opspilot_sdk::plain::{folded, is_marked, text_of_html};
use opspilot_sdk::writing::{self, Answered, Manners as _};
use opspilot_sdk::{
    Action, ActionKind, BoxFuture, BuildContext, Caution, ConnectorError, Delivered, ErrorKind, Fate, Look, Manner,
    Planned, Repeat, Secret, Sink, Undelivered, Write,
};
use serde_json::{Map, Value, json};
use std::sync::OnceLock;
use std::time::Duration;

/// Most notes or tasks of one record that are read to find one; more would take minutes under HubSpot's limits.
const MOST_THINGS: usize = 5_000;
/// As many are asked for at once as HubSpot gives (CRM objects, batch read).
const BATCH: usize = 100;
/// How long a lost request may still be at work, and a list behind it.
const SETTLES_IN: Duration = Duration::from_secs(60);

/// HubSpot behind one token.
pub(crate) struct Crm {
    pub(crate) settings: Settings,
    pub(crate) client: Client,
    pub(crate) token: Secret,
    /// The account that the token is of, once HubSpot has told it: a token is of one for ever.
    account: OnceLock<u64>,
}

impl Crm {
    /// Reads the token; connects to nothing.
    pub(crate) fn build(settings: Settings, context: &BuildContext) -> Result<Self, ConnectorError> {
        let token = settings.token.fetch(context, NO_TOKEN)?;
        let headers = [("authorization", Secret::new(format!("Bearer {}", token.expose())))];
        let client = Client::prepare(settings.site.clone(), &headers, context, NO_TOKEN)?;
        Ok(Self { client, settings, token, account: OnceLock::new() })
    }

    pub(crate) async fn read(&self, request: Request<'_>) -> Result<Option<Answered>, ConnectorError> {
        writing::read(&self.client, &Own, request).await
    }

    /// Whether the token is of the account that is to be written to. Asked before anything else, and of HubSpot only once.
    pub(crate) async fn at_home(&self) -> Result<(), ConnectorError> {
        let Some(portal) = self.settings.portal else { return Ok(()) };
        let account = match self.account.get() {
            Some(account) => *account,
            None => {
                let answered = self.read(Request::get("/account-info/v3/details")).await?;
                let told = answered.and_then(|answered| number_of(answered.body.get("portalId")));
                let told = told.ok_or_else(|| strange(self.client.host(), "the number of the account"))?;
                *self.account.get_or_init(|| told)
            }
        };
        if account == portal {
            return Ok(());
        }
        let message = format!("the token is of the account {account}, and `portal` is {portal}; change one of them");
        Err(ConnectorError::new(ErrorKind::Misconfigured, Own.codes().unauthorised, message))
    }

    async fn seen(&self, write: &Write, id: Option<&str>) -> Result<Look, ConnectorError> {
        self.at_home().await?;
        let mut look = self.found(write, id).await?;
        // Of a write that was planned without one, nothing is compared that was not there then.
        if let Look::Present { image, .. } = &mut look
            && write.expect.get(PORTAL).is_some()
        {
            plan::bind(&self.settings, image);
        }
        Ok(look)
    }

    async fn found(&self, write: &Write, id: Option<&str>) -> Result<Look, ConnectorError> {
        let Some(kind) = plan::kind_path(write.kind) else { return self.properties(write).await };
        let place = place::read(&write.record, &self.settings.objects)?;
        let Some(id) = id else { return self.among(kind, place, write).await };
        let number: u64 =
            id.parse().map_err(|_| unfit(format!("`{}` is no number of HubSpot's", id.escape_debug())))?;
        let object = place.object.as_str();
        let names = shown(write).join(",");
        let path = format!("/crm/v3/objects/{kind}/{number}?properties={names}&associations={object}");
        let Some(answered) = self.read(Request::get(&path)).await? else { return Ok(Look::Absent) };
        let linked = answered.body.pointer(&format!("/associations/{object}/results")).and_then(Value::as_array);
        let is_linked = linked.is_some_and(|all| all.iter().any(|one| number_of(one.get("id")) == Some(place.id)));
        self.thing(&answered.body, write, is_linked.then_some(place))
    }

    /// Looks for the mark in all notes or tasks of the record. HubSpot's search would find it by its words too, but some time later.
    async fn among(&self, kind: &str, place: Place, write: &Write) -> Result<Look, ConnectorError> {
        let mut ids = self.linked(kind, place).await?;
        if ids.len() > MOST_THINGS {
            let why = format!(
                "the record has more than {MOST_THINGS} {kind}; look there whether one ends with `{}`",
                write.key
            );
            return Ok(Look::Unknown { why });
        }
        // The older first: of two, that one counts.
        ids.sort_unstable();
        let path = format!("/crm/v3/objects/{kind}/batch/read");
        for some in ids.chunks(BATCH) {
            let inputs: Vec<Value> = some.iter().map(|id| json!({ "id": id.to_string() })).collect();
            let body = json!({ "inputs": inputs, "properties": shown(write) }).to_string();
            let answered = self.read(Request::post(&path, &body)).await?;
            // Some of them may be archived by now; of the others each must be told, or the one that is looked for might be among those
            // that were not.
            let errors = answered.as_ref().and_then(|answered| answered.body.get("errors")?.as_array().cloned());
            let is_gone = |error: &Value| error.get("category").is_some_and(|category| category == "OBJECT_NOT_FOUND");
            if !errors.unwrap_or_default().iter().all(is_gone) {
                return Err(strange(self.client.host(), &format!("all the {kind} that were asked for")));
            }
            let results = self.results(answered)?;
            let mut marked: Vec<&Value> = results.iter().filter(|thing| is_marked(&text(thing), &write.key)).collect();
            marked.sort_by_key(|thing| number_of(thing.get("id")));
            if let Some(thing) = marked.first() {
                return self.thing(thing, write, Some(place));
            }
        }
        Ok(Look::Absent)
    }

    /// The numbers of all notes or tasks of a record.
    async fn linked(&self, kind: &str, place: Place) -> Result<Vec<u64>, ConnectorError> {
        let mut ids = Vec::new();
        let mut after = String::new();
        loop {
            let path = format!("/crm/v4/objects/{place}/associations/{kind}?limit=500{after}");
            let Some(answered) = self.read(Request::get(&path)).await? else { return Err(no_such(place)) };
            let next = answered.body.pointer("/paging/next/after").and_then(Value::as_str).map(str::to_owned);
            let results = self.results(Some(answered))?;
            if results.is_empty() && next.is_some() {
                // It would go on for ever.
                return Err(strange(self.client.host(), "a list that comes to an end"));
            }
            for one in results {
                let id = number_of(one.get("toObjectId"));
                ids.push(id.ok_or_else(|| strange(self.client.host(), "the number of an association"))?);
            }
            match next {
                Some(next) if ids.len() <= MOST_THINGS => after = format!("&after={}", writing::encoded(&next)),
                _ => return Ok(ids),
            }
        }
    }

    fn results(&self, answered: Option<Answered>) -> Result<Vec<Value>, ConnectorError> {
        let results = answered.as_ref().and_then(|answered| answered.body.get("results")?.as_array());
        results.cloned().ok_or_else(|| strange(self.client.host(), "`results`"))
    }

    /// What a note or a task is.
    fn thing(&self, thing: &Value, write: &Write, place: Option<Place>) -> Result<Look, ConnectorError> {
        let (Some(id), Some(properties)) =
            (number_of(thing.get("id")), thing.get("properties").and_then(Value::as_object))
        else {
            return Err(strange(self.client.host(), "the `id` and `properties` of an object"));
        };
        let mut image: Map<String, Value> = Map::new();
        for name in shown(write) {
            let value = properties.get(name.as_str()).cloned().unwrap_or_default();
            match name.as_str() {
                "hs_note_body" | "hs_task_body" => drop(image.insert("rich_text".to_owned(), value)),
                "hs_task_subject" => drop(image.insert("title".to_owned(), value)),
                "hs_timestamp" => drop(image.insert("at".to_owned(), instant(&value))),
                _ => drop(image.insert(name, value)),
            }
        }
        image.insert("text".to_owned(), folded(&text(thing)).into());
        image.insert("record".to_owned(), place.map(|place| place.to_string()).into());
        Ok(Look::Present { id: id.to_string(), image: image.into(), version: None })
    }

    async fn properties(&self, write: &Write) -> Result<Look, ConnectorError> {
        let place = place::read(&write.record, &self.settings.objects)?;
        let names = plan::changed(write);
        let path = format!("/crm/v3/objects/{place}?properties={}", names.join(","));
        let Some(answered) = self.read(Request::get(&path)).await? else { return Err(no_such(place)) };
        let (Some(id), Some(properties)) =
            (number_of(answered.body.get("id")), answered.body.get("properties").and_then(Value::as_object))
        else {
            return Err(strange(self.client.host(), "the `id` and `properties` of an object"));
        };
        if id != place.id {
            let object = place.object.as_str();
            return Err(unfit(format!("`{place}` was merged into `{object}/{id}`; plan the write for that record")));
        }
        let told = |name: &String| properties.get(name).filter(|value| *value != "").cloned().unwrap_or_default();
        let image: Map<String, Value> = names.iter().map(|name| (name.clone(), told(name))).collect();
        Ok(Look::Present { id: place.to_string(), image: image.into(), version: None })
    }

    async fn sent(&self, write: &Write) -> Result<Delivered, Undelivered> {
        // A plan without the account was approved for whichever it would be; one with another is not for this sink.
        if let Some(portal) = write.expect.get(PORTAL).filter(|portal| portal.as_u64() != self.settings.portal) {
            let error = unfit(format!(
                "the call is for the account {portal}, which is not what `portal` says now; plan it again"
            ));
            return Err(Undelivered { error, fate: Fate::NotDone });
        }
        self.at_home().await.map_err(|error| Undelivered { error, fate: Fate::NotDone })?;
        let answered = writing::deliver(&self.client, &Own, &write.call, &[]).await?;
        let id = number_of(answered.body.get("id")).filter(|_| write.call.method == "POST");
        let id = id.map(|id| id.to_string()).or_else(|| {
            let place = place::read(&write.record, &self.settings.objects).ok()?;
            (write.call.method == "PATCH").then(|| place.to_string())
        });
        Ok(Delivered { id, said: format!("HubSpot answered {}", answered.status) })
    }
}

/// The properties of a note or a task that are read back: all that a write fills in.
fn shown(write: &Write) -> Vec<String> {
    let own: &[&str] = match write.kind {
        ActionKind::Task => &[
            "hs_timestamp",
            "hs_task_subject",
            "hs_task_body",
            "hs_task_status",
            "hs_task_priority",
            "hubspot_owner_id",
        ],
        _ => &["hs_timestamp", "hs_note_body", "hubspot_owner_id"],
    };
    let mut names: Vec<String> = own.iter().map(|name| (*name).to_owned()).collect();
    let further = serde_json::from_str::<Value>(&write.call.body).unwrap_or_default();
    let further = further.get("properties").and_then(Value::as_object);
    let further = further.into_iter().flat_map(|all| all.keys().cloned());
    names.extend(further.filter(|name| crate::options::is_property(name) && !own.contains(&name.as_str())));
    names
}

/// The text that a note or a task shows.
fn text(thing: &Value) -> String {
    let properties = thing.get("properties");
    let rich = ["hs_note_body", "hs_task_body"].iter().find_map(|name| properties?.get(*name)?.as_str());
    text_of_html(rich.unwrap_or_default())
}

/// A number that HubSpot writes as one or as a text.
fn number_of(value: Option<&Value>) -> Option<u64> {
    let value = value?;
    value.as_u64().or_else(|| value.as_str()?.parse().ok())
}

/// An instant in our form, to the second, however HubSpot wrote it.
fn instant(value: &Value) -> Value {
    let read = |text: &str| {
        let millis = || text.parse().ok().and_then(|millis| Timestamp::from_millisecond(millis).ok());
        text.parse::<Timestamp>().ok().or_else(millis)
    };
    value.as_str().and_then(read).map_or_else(|| value.clone(), |at| plan::moment(at).into())
}

fn no_such(place: Place) -> ConnectorError {
    unfit(format!("HubSpot has no record `{place}`, or the token may not see it"))
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

/// All kinds of records that may be written to.
pub(crate) fn objects(settings: &Settings) -> impl Iterator<Item = Object> {
    settings.objects.iter().copied()
}
