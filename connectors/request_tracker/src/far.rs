//! What Request Tracker shows: a ticket, a comment on it, a task. Own file because it is the only one that reads its answers. INVARIANT:
//! what cannot be seen is never told as absent: an account that may not see comments would otherwise write each of them again.

use crate::options::Settings;
use crate::plan::{self, REST};
use opspilot_sdk::http::{Client, Request};
use opspilot_sdk::writing::{self, Codes, Manners, encoded};
use opspilot_sdk::{ConnectorError, ErrorKind, Look, plain};
use serde_json::{Map, Value, json};

/// Most pages of a hundred that are read of one list.
const MOST_PAGES: usize = 50;

/// How Request Tracker says that something went wrong.
pub(crate) struct Ways;

impl Manners for Ways {
    fn codes(&self) -> Codes {
        Codes { unreachable: "OP-7530", unauthorised: "OP-7531", refused: "OP-7532", limited: "OP-7533" }
    }

    fn reason(&self, body: &Value) -> Option<String> {
        body.get("message").and_then(Value::as_str).map(str::to_owned)
    }

    /// Request Tracker says so in its own shape; a gateway does not.
    fn is_absence(&self, body: &Value, _text: &str) -> bool {
        body.get("message").is_some_and(Value::is_string)
    }

    /// In its own shape it speaks of the ticket or the queue; a key that it does not know is a 401.
    fn is_forbidden(&self, body: &Value, text: &str) -> bool {
        self.is_absence(body, text)
    }

    /// The ticket changed since it was looked at: nothing was done, and another look may allow it.
    fn kind(&self, status: u16, _body: &Value) -> Option<ErrorKind> {
        (status == 412).then_some(ErrorKind::Transient)
    }
}

/// A ticket as it came.
pub(crate) struct Ticket {
    pub(crate) body: Value,
    pub(crate) version: Option<String>,
}

impl Ticket {
    /// Its own number: that of another one when it was merged into it.
    fn number(&self) -> u64 {
        self.body.get("id").and_then(whole).and_then(|id| u64::try_from(id).ok()).unwrap_or_default()
    }

    pub(crate) fn status(&self) -> &str {
        self.body.get("Status").and_then(Value::as_str).unwrap_or_default()
    }

    /// What is linked or offered under a name.
    pub(crate) fn hyperlinks(&self, name: &str) -> impl Iterator<Item = &Value> {
        items(self.body.get("_hyperlinks")).filter(move |link| link.get("ref").and_then(Value::as_str) == Some(name))
    }
}

/// Request Tracker, read.
pub(crate) struct Far {
    pub(crate) client: Client,
}

impl Far {
    /// The answer to a question; `None` when there is no such thing.
    pub(crate) async fn ask(&self, path: &str) -> Result<Option<(Value, Option<String>)>, ConnectorError> {
        let path = format!("{REST}{path}");
        let Some(answered) = writing::read(&self.client, &Ways, Request::get(&path)).await? else { return Ok(None) };
        if answered.body.is_object() {
            return Ok(Some((answered.body, answered.etag)));
        }
        let message = format!("`{}` does not answer as Request Tracker does; look at `base_url`", self.client.host());
        Err(ConnectorError::new(ErrorKind::Misconfigured, "OP-7532", message))
    }

    /// Every item of a list. A page is as short as what of it is not shown to this account: only an empty one is the end.
    async fn list(&self, path: &str) -> Result<Vec<Value>, ConnectorError> {
        let mut all = Vec::new();
        for page in 1..=MOST_PAGES {
            let found = self.ask(&format!("{path}&per_page=100&page={page}")).await?;
            let body = found.map(|(body, _)| body).unwrap_or_default();
            let before = all.len();
            all.extend(items(body.get("items")).cloned());
            if all.len() == before {
                return Ok(all);
            }
        }
        let message = format!("`{}` has too much on this ticket to look through", self.client.host());
        Err(ConnectorError::new(ErrorKind::Rejected, "OP-7532", message))
    }

    pub(crate) async fn ticket(&self, number: u64) -> Result<Option<Ticket>, ConnectorError> {
        Ok(self.ask(&format!("/ticket/{number}")).await?.map(|(body, version)| Ticket { body, version }))
    }

    /// A ticket that must be there.
    pub(crate) async fn record(&self, record: &str) -> Result<Ticket, ConnectorError> {
        let found = self.ticket(plan::number(record)?).await?;
        found.filter(|ticket| ticket.status() != "deleted").ok_or_else(|| {
            let message = format!("there is no ticket `{record}` in Request Tracker");
            ConnectorError::new(ErrorKind::Rejected, "OP-7532", message)
        })
    }

    /// The texts of a transaction.
    async fn content(&self, transaction: u64) -> Result<Option<String>, ConnectorError> {
        let path = format!("/transaction/{transaction}/attachments?fields=Content,ContentType&per_page=100");
        let found = self.ask(&path).await?.map(|(body, _)| body).unwrap_or_default();
        let all: Vec<&Value> = items(found.get("items")).collect();
        let is_text = |part: &&Value| part.get("ContentType").and_then(Value::as_str) == Some("text/plain");
        let content = all.into_iter().find(is_text).and_then(|part| part.get("Content")).and_then(Value::as_str);
        Ok(content.map(|text| text.replace("\r\n", "\n")))
    }

    /// A comment on a ticket, by its number or its mark.
    pub(crate) async fn note(&self, record: &str, key: &str, id: Option<&str>) -> Result<Look, ConnectorError> {
        let ticket = self.record(record).await?;
        let transaction = match id {
            Some(id) => Some(plan::number(id)?),
            None => {
                // What was said on a ticket before it was merged into another one stays with its old number.
                let tickets = format!("ObjectId={} OR ObjectId={}", ticket.number(), plan::number(record)?);
                let query = format!("ObjectType='RT::Ticket' AND ({tickets}) AND Creator='__CurrentUser__'");
                let path = format!("/transactions?query={}&fields=Type,Data,Created&orderby=id", encoded(&query));
                let ours = self.list(&path).await?;
                // Request Tracker keeps a comment's subject with the transaction.
                let is_it = |found: &&Value| {
                    found.get("Type").and_then(Value::as_str) == Some("Comment")
                        && found.get("Data").and_then(Value::as_str).is_some_and(|data| data.trim() == plan::mark(key))
                };
                match ours.iter().find(is_it).and_then(|found| found.get("id")).and_then(whole) {
                    Some(number) => u64::try_from(number).ok(),
                    None if self.hides(&ticket, &ours).await? => {
                        let why = "the account's last act on this ticket cannot be seen by itself: it lacks the right `ShowTicketComments` (OP-7537)";
                        return Ok(Look::Unknown { why: why.to_owned() });
                    }
                    None => None,
                }
            }
        };
        let Some(transaction) = transaction else { return Ok(Look::Absent) };
        let Some((body, _)) = self.ask(&format!("/transaction/{transaction}")).await? else { return Ok(Look::Absent) };
        let content = self.content(transaction).await?;
        let image = json!({"type": body.get("Type"), "content": content.map(|text| plain::clean(&text))});
        Ok(Look::Present { id: transaction.to_string(), image, version: None })
    }

    /// Whether the last change of a ticket is ours and not among what we see of ours.
    async fn hides(&self, ticket: &Ticket, ours: &[Value]) -> Result<bool, ConnectorError> {
        let query = format!("id={} AND LastUpdatedBy='__CurrentUser__'", ticket.number());
        let found = self.ask(&format!("/tickets?query={}", encoded(&query))).await?;
        if items(found.as_ref().and_then(|(body, _)| body.get("items"))).next().is_none() {
            return Ok(false);
        }
        let time =
            |value: Option<&Value>| value.and_then(Value::as_str).and_then(|text| text.parse::<jiff::Timestamp>().ok());
        let last = time(ticket.body.get("LastUpdated"));
        let seen = ours.iter().filter_map(|found| time(found.get("Created"))).max();
        // Request Tracker writes the two down one after the other.
        Ok(match (last, seen) {
            (Some(last), Some(seen)) => last.duration_since(seen).as_secs() > 5,
            (Some(_), None) => true,
            (None, _) => false,
        })
    }

    /// A task, by its number or its mark.
    pub(crate) async fn task(
        &self,
        settings: &Settings,
        record: &str,
        key: &str,
        id: Option<&str>,
    ) -> Result<Look, ConnectorError> {
        let number = match id {
            Some(id) => plan::number(id)?,
            None => {
                let ticket = self.record(record).await?.number();
                // A key is letters, digits and `-`. Subjects are compared in their own table: nothing lags.
                let query = format!("Creator='__CurrentUser__' AND Subject LIKE '{key}]'");
                let path = format!("/tickets?query={}&fields=Subject&orderby=id", encoded(&query));
                let mark = plan::mark(key);
                let of_it = |found: &Value| {
                    found.get("Subject").and_then(Value::as_str).is_some_and(|subject| subject.ends_with(&mark))
                };
                let mut marked = None;
                for found in self.list(&path).await?.iter().filter(|found| of_it(found)) {
                    let Some(number) = found.get("id").and_then(whole).and_then(|id| u64::try_from(id).ok()) else {
                        continue;
                    };
                    let linked = match self.ticket(number).await? {
                        Some(task) => links(settings, &task),
                        None => continue,
                    };
                    // A link that somebody took away leaves the mark alone to tell.
                    if linked.is_empty() || linked.contains(&ticket.to_string()) || linked.contains(&record.to_owned())
                    {
                        marked = Some(number);
                        break;
                    }
                }
                match marked {
                    Some(number) => number,
                    None => return Ok(Look::Absent),
                }
            }
        };
        let Some(task) = self.ticket(number).await? else { return Ok(Look::Absent) };
        let image = self.task_image(settings, &task).await?;
        Ok(Look::Present { id: number.to_string(), image, version: task.version })
    }

    /// Whatever a person could change of a task, and how much of their own hangs on it.
    async fn task_image(&self, settings: &Settings, task: &Ticket) -> Result<Value, ConnectorError> {
        let query = format!("ObjectType='RT::Ticket' AND ObjectId={}", task.number());
        let path = format!("/transactions?query={}&fields=Type&orderby=id", encoded(&query));
        let history = self.list(&path).await?;
        let is = |found: &&Value, wanted: &[&str]| {
            found.get("Type").and_then(Value::as_str).is_some_and(|kind| wanted.contains(&kind))
        };
        let create =
            history.iter().find(|found| is(found, &["Create"])).and_then(|found| found.get("id")).and_then(whole);
        let content = match create.and_then(|id| u64::try_from(id).ok()) {
            Some(id) => self.content(id).await?,
            None => None,
        };
        let field = |name: &str| task.body.get(name).cloned().unwrap_or_default();
        let names = |name: &str| -> Vec<Value> {
            items(task.body.get(name)).filter_map(|one| one.get("id").cloned()).collect()
        };
        let mut image = Map::new();
        for (name, value) in [
            ("subject", field("Subject")),
            ("status", field("Status")),
            ("due", field("Due")),
            ("starts", field("Starts")),
            ("priority", json!(task.body.get("Priority").and_then(whole))),
            ("owner", task.body.pointer("/Owner/id").cloned().unwrap_or_default()),
            ("queue", task.body.pointer("/Queue/id").cloned().unwrap_or_default()),
            ("requestors", json!(names("Requestor"))),
            ("cc", json!(names("Cc"))),
            ("link", json!(links(settings, task))),
            ("content", json!(content.map(|text| plain::clean(&text)))),
            ("notes", json!(history.iter().filter(|found| is(found, &["Comment", "Correspond"])).count())),
        ] {
            image.insert(name.to_owned(), value);
        }
        Ok(Value::Object(image))
    }
}

fn links(settings: &Settings, task: &Ticket) -> Vec<String> {
    let number = |link: &Value| whole(link.get("id")?).map(|id| id.to_string());
    task.hyperlinks(settings.link.listed()).filter_map(number).collect()
}

pub(crate) fn items(value: Option<&Value>) -> impl Iterator<Item = &Value> {
    value.and_then(Value::as_array).into_iter().flatten()
}

/// A number, which Request Tracker gives as one or as text.
pub(crate) fn whole(value: &Value) -> Option<i64> {
    value.as_i64().or_else(|| value.as_str()?.parse().ok())
}
