//! The sink: looks, delivers, is checked. Own file because it is what the daemon holds. INVARIANT: an answer that does not have the shape of
//! Salesforce's is an error, never "there is nothing": whoever takes it for that writes a second time.

use crate::manners::{Own, strange, unfit, word};
use crate::options::Settings;
use crate::place::{Place, long};
use crate::session::Session;
use crate::{answers, plan, rights};
use opspilot_sdk::plain::is_marked;
use opspilot_sdk::writing::encoded;
use opspilot_sdk::{
    Action, BoxFuture, BuildContext, Caution, ConnectorError, Delivered, Fate, Look, Manner, Planned, Repeat, Sink,
    Undelivered, Write, shows,
};
use serde_json::Value;
use std::time::Duration;

/// Most tasks of one record that are read to find one.
const MOST_TASKS: usize = 5_000;
/// How long a lost request may still be at work: Salesforce lets triggers and flows run long.
const SETTLES_IN: Duration = Duration::from_secs(120);

/// A company's Salesforce.
pub(crate) struct Org {
    pub(crate) settings: Settings,
    pub(crate) session: Session,
}

impl Org {
    pub(crate) fn build(settings: Settings, context: &BuildContext) -> Result<Self, ConnectorError> {
        Ok(Self { session: Session::build(&settings, context)?, settings })
    }

    /// What an answer holds, or an error that says what it lacks.
    pub(crate) fn sure<T>(&self, read: Option<T>, what: &str) -> Result<T, ConnectorError> {
        read.ok_or_else(|| strange(self.session.client.host(), what))
    }

    /// The body of an answer behind the interface's root.
    pub(crate) async fn get(&self, path: &str) -> Result<Option<Value>, ConnectorError> {
        let answered = self.session.get(&format!("{}{path}", self.settings.root)).await?;
        Ok(answered.map(|answered| answered.body))
    }

    async fn seen(&self, write: &Write, id: Option<&str>) -> Result<Look, ConnectorError> {
        let place = Place::read(&write.record, &self.settings.objects)?;
        if !plan::is_task(write.kind) {
            let names = answers::changed(write).join(",");
            let record = self.record(&place, &format!("Id,{names},LastModifiedDate")).await?;
            return self.sure(answers::record(&record, write, &place.id), "`LastModifiedDate`");
        }
        let names = format!("Id,{}", answers::task_fields(write).join(","));
        let path = match (id, &self.settings.key_field) {
            (Some(id), _) => {
                let id = long(id).ok_or_else(|| unfit(format!("`{}` is no id of Salesforce's", id.escape_debug())))?;
                format!("/sobjects/Task/{id}?fields={names}")
            }
            (None, Some(field)) => {
                self.record(&place, "Id").await?;
                format!("/sobjects/Task/{field}/{}?fields={names}", encoded(&write.key))
            }
            (None, None) => {
                self.record(&place, "Id").await?;
                return self.among(&place, write).await;
            }
        };
        match self.get(&path).await? {
            None => Ok(Look::Absent),
            Some(task) => self.sure(answers::task(&task, write), "the `Id` of a task"),
        }
    }

    /// A record, which must be there: there are as many tasks of none as of one without tasks.
    async fn record(&self, place: &Place, names: &str) -> Result<Value, ConnectorError> {
        let object = place.object.as_str();
        let body = self.get(&format!("/sobjects/{object}/{}?fields={names}", place.id)).await?;
        let none = || unfit(format!("Salesforce has no {object} `{}`, or the user may not see it", place.id));
        let record = body.ok_or_else(none)?;
        let is_it = record.get("Id").and_then(|id| long(id.as_str()?)).as_ref() == Some(&place.id);
        self.sure(is_it.then_some(record), "the `Id` of the record")
    }

    /// Looks for the mark in all tasks of the record. A long text cannot be asked for in a query, so all of them are read.
    async fn among(&self, place: &Place, write: &Write) -> Result<Look, ConnectorError> {
        let (names, link, id) = (answers::task_fields(write).join(", "), place.object.link(), &place.id);
        // The older first: of two, that one counts.
        let query = format!("SELECT Id, {names} FROM Task WHERE {link} = '{id}' ORDER BY CreatedDate");
        let mut path = format!("{}/query?q={}", self.settings.root, encoded(&query));
        let mut seen = 0;
        loop {
            let answered = self.session.get(&path).await?;
            let body = answered.map(|answered| answered.body).unwrap_or_default();
            let records = self.sure(body.get("records").and_then(Value::as_array), "`records`")?;
            seen += records.len();
            if let Some(task) = records.iter().find(|task| is_marked(&answers::text(task), &write.key)) {
                return self.sure(answers::task(task, write), "the `Id` of a task");
            }
            let is_done = self.sure(body.get("done").and_then(Value::as_bool), "`done`")?;
            if is_done {
                return Ok(Look::Absent);
            }
            if seen >= MOST_TASKS {
                let why = format!(
                    "the record has more than {MOST_TASKS} tasks; look there whether one ends with `{}`, or set `key_field`",
                    write.key
                );
                return Ok(Look::Unknown { why });
            }
            if records.is_empty() {
                // It would go on for ever.
                return Err(strange(self.session.client.host(), "a list that comes to an end"));
            }
            let next = body.get("nextRecordsUrl").and_then(Value::as_str);
            let next = next.filter(|next| next.starts_with(&format!("{}/query/", self.settings.root)));
            path = self.sure(next.map(str::to_owned), "`nextRecordsUrl`")?;
        }
    }

    async fn sent(&self, write: &Write, version: Option<&str>) -> Result<Delivered, Undelivered> {
        let is_change = !plan::is_task(write.kind);
        let heard = self.session.send(&write.call, version.filter(|_| is_change)).await?;
        let (status, is_underway) = (heard.answered.status, word(&heard.answered.body) == "DUPLICATE_VALUE");
        let answered = match heard.judge(&Own) {
            Ok(answered) => answered,
            // Somebody changed the record since the look. Perhaps we did, in a request whose answer was lost.
            Err(failed) if status == 412 => return self.so_already(write).await.ok_or(failed),
            // A request with this key is being carried out: ours, whose answer was lost.
            Err(failed) if is_underway => return Err(Undelivered { fate: Fate::Unknown, ..failed }),
            Err(failed) => return Err(failed),
        };
        let made = answered.body.get("id").and_then(Value::as_str).and_then(long);
        let id = if is_change {
            Place::read(&write.record, &self.settings.objects).ok().map(|place| place.id)
        } else {
            made.filter(|_| write.call.method != "DELETE")
        };
        Ok(Delivered { id, said: format!("Salesforce answered {}", answered.status) })
    }

    /// Whether the record shows already what a refused change was to make of it.
    async fn so_already(&self, write: &Write) -> Option<Delivered> {
        let look = self.seen(write, None).await.ok()?;
        let shown = shows(&write.expect, &look);
        let Look::Present { id, .. } = look else { return None };
        shown.then(|| Delivered { id: Some(id), said: "the record was so already".to_owned() })
    }
}

impl Sink for Org {
    fn manner(&self) -> Manner {
        let repeat = if self.settings.key_field.is_some() { Repeat::Keyed } else { Repeat::Looked };
        Manner { carries: self.settings.carries(), repeat, settles_in: SETTLES_IN, needs_record: true }
    }

    fn preview(&self, action: &Action) -> Result<Planned, ConnectorError> {
        plan::preview(&self.settings, self.session.client.base(), action)
    }

    fn look<'a>(&'a self, write: &'a Write, id: Option<&'a str>) -> BoxFuture<'a, Result<Look, ConnectorError>> {
        Box::pin(self.seen(write, id))
    }

    fn deliver<'a>(
        &'a self,
        write: &'a Write,
        version: Option<&'a str>,
    ) -> BoxFuture<'a, Result<Delivered, Undelivered>> {
        Box::pin(self.sent(write, version))
    }

    fn revert(&self, write: &Write, id: &str, before: Option<&Value>) -> Result<Planned, ConnectorError> {
        plan::revert(&self.settings, self.session.client.base(), write, id, before)
    }

    fn check(&self) -> BoxFuture<'_, Result<Vec<Caution>, ConnectorError>> {
        Box::pin(rights::check(self))
    }
}
