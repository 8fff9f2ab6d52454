//! Receipts as they are read, and the export that anyone can verify. INVARIANT: the export carries the exact bytes; what is shown beside
//! it is read out of them.

use crate::policy::{Action, Kind, Resource};
use crate::receipt::checkpoint::Checkpoint;
use crate::receipt::export::{Header, Writer};
use crate::receipt::note::Note;
use crate::receipt::{KeyState, Keyring, Receipt, veil};
use crate::store::{ReceiptRow, Store, StoreError};
use crate::web::answer::{Answer, Payload};
use crate::web::call::Call;
use crate::web::page::{reach, whole};
use crate::web::problem::Refused;
use axum::body::{Body, Bytes};
use axum::http::{HeaderValue, StatusCode, header};
use opspilot_sdk::hex;
use serde_json::{Value, json};
use std::collections::HashMap;
use std::io;
use std::sync::{Arc, Mutex, PoisonError};

/// Receipts read at a time while exporting.
const BATCH: u32 = 500;
const MOST: u64 = 500;

/// A receipt read out of its bytes; `None` for bytes that are none.
pub(super) fn read(row: &ReceiptRow) -> Option<Receipt> {
    Receipt::from_bytes(&row.bytes)
}

/// A receipt as it is shown; to who may not see what is masked, without plain digests of it, and then without its leaf.
pub(super) fn show(row: &ReceiptRow, digests: bool) -> Value {
    let mut receipt = serde_json::from_slice::<Value>(&row.bytes).unwrap_or(Value::Null);
    let veiled = !digests && veil::veil(&mut receipt);
    json!({ "seq": row.seq, "leaf": (!veiled).then(|| hex(&row.leaf)), "receipt": receipt })
}

/// Whether the caller may see what is masked in a pilot, and with it plain digests of people's words.
fn may_reveal(call: &Call, id: &str, tenant: &str, pilot: &str) -> bool {
    call.app.web.review.may_reveal_in(&call.caller, id, (tenant, pilot), None).is_ok()
}

pub(super) async fn list(call: Call) -> Result<Answer, Refused> {
    let limit = call.query.number("limit", 1, MOST)?.unwrap_or(100);
    let from = call.query.number("from", 0, u64::MAX)?.unwrap_or(1);
    reach(&call, Action::ReceiptRead, None)?;
    let store = &call.app.web.store;
    let (rows, next) = match call.query.get("subject") {
        Some(subject) => (store.receipts_of(subject).await?.into_iter().filter(|row| row.seq >= from).collect(), None),
        None => {
            let rows = store.receipts_from(from, u32::try_from(limit + 1).unwrap_or(u32::MAX)).await?;
            let limit = usize::try_from(limit).unwrap_or(usize::MAX);
            let next = rows.get(limit).map(|row| row.seq.to_string());
            (rows.into_iter().take(limit).collect::<Vec<_>>(), next)
        }
    };
    let mut asked: HashMap<(String, Option<String>), bool> = HashMap::new();
    let mut visible = |row: &&ReceiptRow| {
        let Some(receipt) = read(row) else { return call.permit(Action::ReceiptRead, &Resource::system()).is_ok() };
        let place = (receipt.tenant.clone(), receipt.pilot.clone());
        *asked.entry(place).or_insert_with(|| {
            let mut resource = Resource::new(Kind::Receipt, receipt.id);
            resource.tenant = Some(receipt.tenant).filter(|tenant| !tenant.is_empty());
            resource.pilot = receipt.pilot;
            call.permit(Action::ReceiptRead, &resource).is_ok()
        })
    };
    let mut digests: HashMap<(String, Option<String>), bool> = HashMap::new();
    let mut shown = |row: &ReceiptRow| {
        let Some(receipt) = read(row) else { return show(row, false) };
        let (tenant, pilot) = (receipt.tenant.clone(), receipt.pilot.clone());
        let asked = digests.entry((receipt.tenant, receipt.pilot));
        let may =
            *asked.or_insert_with(|| pilot.is_some_and(|pilot| may_reveal(&call, &receipt.subject, &tenant, &pilot)));
        show(row, may)
    };
    let items: Vec<Value> = rows.iter().filter(&mut visible).map(&mut shown).collect();
    whole(&items, next.as_deref())
}

/// The signed head of the log.
async fn head(store: &Store) -> Result<String, Refused> {
    let head = store.log_head().await?;
    head.map(|head| head.note).ok_or_else(|| Refused::missing("receipt", "head"))
}

pub(super) async fn checkpoint(call: Call) -> Result<Answer, Refused> {
    reach(&call, Action::ReceiptRead, None)?;
    let note = head(&call.app.web.store).await?;
    let unsound = |cause: crate::receipt::Error| Refused::fault(format!("the head of the log: {cause}"));
    let read = Checkpoint::parse(Note::parse(&note).map_err(unsound)?.text()).map_err(unsound)?;
    Answer::json(&json!({ "origin": read.origin(), "size": read.size(), "root": read.root_text(), "note": note }))
}

/// Where the export's writer puts its lines until they are sent.
#[derive(Clone, Default)]
struct Lines(Arc<Mutex<Vec<u8>>>);

impl Lines {
    fn take(&self) -> Bytes {
        std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner)).into()
    }
}

impl io::Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// An export under way.
struct Export {
    store: Store,
    lines: Lines,
    writer: Option<Writer<Lines>>,
    next: u64,
    last: u64,
}

impl Export {
    /// The next lines; nothing once the end is written.
    async fn more(&mut self) -> io::Result<Option<Bytes>> {
        let Some(mut writer) = self.writer.take() else { return Ok(None) };
        if self.next > self.last {
            writer.end()?;
            return Ok(Some(self.lines.take()));
        }
        let rows = self.store.receipts_from(self.next, BATCH).await.map_err(io::Error::other)?;
        let gone = || io::Error::other(StoreError::Corrupt { what: "a receipt is missing".to_owned() });
        let before = self.next;
        for row in rows.iter().filter(|row| row.seq <= self.last) {
            let leaf = row.leaf.as_slice().try_into().map_err(io::Error::other)?;
            writer.push(row.seq, &row.bytes, leaf)?;
            self.next = row.seq + 1;
        }
        if self.next == before {
            return Err(gone());
        }
        self.writer = Some(writer);
        Ok(Some(self.lines.take()))
    }
}

pub(super) async fn export(call: Call) -> Result<Answer, Refused> {
    let _leave_to_export = call.permit(Action::ReceiptExport, &Resource::system())?;
    let store = call.app.web.store.clone();
    // An export carries the bytes as they are: where some hold plain digests of people's words, it is for who may see those everywhere.
    if store.plain_receipts() > 0 {
        for pilot in call.app.web.pilots.iter() {
            let _leave =
                call.app.web.review.may_reveal_in(&call.caller, &pilot.name, (&pilot.tenant, &pilot.name), None)?;
        }
    }
    let note = head(&store).await?;
    let unsound = |cause: crate::receipt::Error| Refused::fault(format!("the head of the log: {cause}"));
    let last = Checkpoint::parse(Note::parse(&note).map_err(unsound)?.text()).map_err(unsound)?.size();
    let keys = store.verifier_key().into_iter().map(|key| (key, KeyState::Active)).collect();
    let header = Header::new(&note, &Keyring::enclosed(keys), concat!("opspilot ", env!("CARGO_PKG_VERSION")), None)
        .map_err(unsound)?;
    let lines = Lines::default();
    let writer = Writer::begin(lines.clone(), header).map_err(|cause| Refused::fault(cause.to_string()))?;
    let export = Export { store, lines, writer: Some(writer), next: 1, last };
    let stream = futures_util::stream::try_unfold(export, async |mut export: Export| {
        let lines =
            export.more().await.inspect_err(|cause| tracing::error!(%cause, "an export of receipts was broken off"))?;
        Ok::<_, io::Error>(lines.map(|lines| (lines, export)))
    });
    let name = HeaderValue::from_static("attachment; filename=\"receipts.jsonl\"");
    let mut answer =
        Answer::new(StatusCode::OK, "application/jsonl", Bytes::new()).header(header::CONTENT_DISPOSITION, name);
    answer.body = Payload::Stream(Body::from_stream(stream));
    Ok(answer)
}
