//! The sink itself. INVARIANT: one file operation at a time: whoever looks sees whole rows.

use crate::file::Book;
use crate::options::Settings;
use crate::row;
use opspilot_sdk::{
    Action, ActionKind, BoxFuture, Call, Caution, ConnectorError, Delivered, ErrorKind, Fate, Look, Manner, Planned,
    Repeat, Sink, Undelivered, Write,
};
use serde_json::Value;
use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;
use tokio::sync::Mutex;

/// Adds a row.
const APPEND: &str = "APPEND";
/// Takes one out.
const REMOVE: &str = "REMOVE";

pub(crate) struct Csv {
    book: Mutex<Book>,
    name: String,
    separator: u8,
}

impl Csv {
    pub(crate) fn new(settings: Settings, data_dir: &Path) -> Self {
        let options = settings.0;
        let book = Book::new(data_dir, &options.file, options.separator.byte(), options.mark_utf8);
        Self { name: book.name.clone(), separator: book.separator, book: Mutex::new(book) }
    }

    fn call(&self, method: &str, body: String) -> Call {
        Call { method: method.to_owned(), target: self.name.clone(), headers: BTreeMap::new(), body }
    }
}

fn unfit(message: String) -> ConnectorError {
    ConnectorError::new(ErrorKind::Rejected, "OP-7500", message)
}

impl Sink for Csv {
    fn manner(&self) -> Manner {
        Manner { carries: &ActionKind::ALL, repeat: Repeat::Keyed, settles_in: Duration::ZERO, needs_record: false }
    }

    fn preview(&self, action: &Action) -> Result<Planned, ConnectorError> {
        let cells = row::cells(action);
        if cells.last() != Some(&action.key) {
            return Err(unfit(format!("`{}` cannot name a row", action.key.escape_debug())));
        }
        Ok(Planned { call: self.call(APPEND, row::line(&cells, self.separator)), expect: row::image(&cells) })
    }

    fn look<'a>(&'a self, write: &'a Write, _: Option<&'a str>) -> BoxFuture<'a, Result<Look, ConnectorError>> {
        Box::pin(async move {
            let found = self.book.lock().await.look(&write.key)?;
            Ok(found.map_or(Look::Absent, |cells| Look::Present {
                id: write.key.clone(),
                image: row::image(&cells),
                version: None,
            }))
        })
    }

    fn deliver<'a>(&'a self, write: &'a Write, _: Option<&'a str>) -> BoxFuture<'a, Result<Delivered, Undelivered>> {
        Box::pin(async move {
            let (key, call) = (write.key.as_str(), &write.call);
            let book = self.book.lock().await;
            let said = match call.method.as_str() {
                APPEND | REMOVE if call.target != self.name => {
                    let message = format!("the call is for `{}`, the sink writes `{}` now", call.target, self.name);
                    // Of this row alone: what is planned now goes into the file of now.
                    let error = ConnectorError::new(ErrorKind::Rejected, "OP-7508", message);
                    return Err(Undelivered { error, fate: Fate::NotDone });
                }
                APPEND if book.add(key, &call.body)? => "the row was added",
                APPEND => "the row was there already",
                REMOVE if book.remove(key, &call.body)? => "the row was taken out",
                REMOVE => "there is no such row",
                other => {
                    let error = unfit(format!("`{}` is nothing that is done to a table", other.escape_debug()));
                    return Err(Undelivered { error, fate: Fate::NotDone });
                }
            };
            Ok(Delivered { id: Some(key.to_owned()), said: said.to_owned() })
        })
    }

    fn revert(&self, write: &Write, _: &str, _: Option<&Value>) -> Result<Planned, ConnectorError> {
        Ok(Planned { call: self.call(REMOVE, write.call.body.clone()), expect: Value::Null })
    }

    fn check(&self) -> BoxFuture<'_, Result<Vec<Caution>, ConnectorError>> {
        Box::pin(async move { self.book.lock().await.check().map(|()| Vec::new()) })
    }
}
