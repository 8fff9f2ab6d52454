//! Accepting a request: envelope, request, run and receipt in one transaction. INVARIANT: one row per (source, dedup key), whatever
//! arrives how often on how many daemons; the same key with other bytes is a conflict, never dropped.

use crate::domain::id::{RequestId, RunId};
use crate::domain::run::RunState;
use crate::policy::Permit;
use crate::receipt::{Body, Field};
use crate::store::queue::Verb;
use crate::store::sql::{LONG, Many, Value, values};
use crate::store::tx::{Note, Tx};
use crate::store::verbs::review::policy_fields;
use crate::store::work::Request;
use crate::store::{ClaimedRun, Store, StoreError};
use jiff::Timestamp;
use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;

/// A file that came with a request.
#[derive(Clone, Debug)]
pub struct File {
    /// Name as the sender gave it.
    pub name: String,
    /// Media type as the sender gave it.
    pub media_type: String,
    /// Lowercase hex SHA-256 of the bytes.
    pub digest: String,
    /// The bytes, stored once by digest.
    pub bytes: Vec<u8>,
}

/// A request to accept.
#[derive(Clone, Debug)]
pub struct Accept {
    /// The request as it will stand. `duplicate_of` is found here, whatever it says.
    pub request: Arc<Request>,
    /// Recognises a repeat of the same delivery from the same source.
    pub dedup_key: String,
    /// Whether that key is made of what was written: the same under other bytes, such as a mail by another way, is a repeat then.
    pub key_is_content: bool,
    /// The raw bytes.
    pub raw: Vec<u8>,
    /// Digest of what makes two requests of a pilot the same to a person; 16 bytes.
    pub likeness: [u8; 16],
    /// Requests accepted before this time are not taken for the same thing.
    pub alike_since: Timestamp,
    /// Files that came along.
    pub files: Vec<File>,
    /// How urgent: 0 urgent, 1 somebody waits, 2 a pile.
    pub lane: i64,
    /// Hash of the workflow definition its run is pinned to.
    pub definition: String,
    /// First step of that definition.
    pub first_step: String,
    /// The leave of the person who hands it in, when one does.
    pub permit: Option<Arc<Permit>>,
}

/// What became of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Accepted {
    /// It is on disk and will be worked on.
    New(RequestId),
    /// It is on disk, and says the same as an earlier one: no second brief is drafted unless a person asks for it.
    Alike {
        /// Its name.
        request: RequestId,
        /// The earlier one.
        of: RequestId,
    },
    /// The same delivery was accepted before.
    Repeat(RequestId),
}

impl Accepted {
    /// The request on disk.
    #[must_use]
    pub fn request(&self) -> &RequestId {
        match self {
            Self::New(request) | Self::Repeat(request) | Self::Alike { request, .. } => request,
        }
    }

    /// The word in API and CLI.
    #[must_use]
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::New(_) | Self::Alike { .. } => "accepted",
            Self::Repeat(_) => "duplicate",
        }
    }
}

static INSERT_REQUEST: Many = Many {
    before: "INSERT INTO request (id, pilot, tenant, source, dedup_key, external_id, submitter, raw, media_type, sender_name, \
             sender_email, sender_phone, organisation, subject, text, likeness, duplicate_of, attachments, received_at, accepted_at, planted) VALUES",
    columns: &["", "", "", "", "", "", "", "", "", "", "", "", "", "", "", "", "", "", "", "", ""],
    after: " ON CONFLICT (dedup_key, source) DO NOTHING RETURNING id",
};
static INSERT_RAW: Many = Many { before: "INSERT INTO raw (request, bytes) VALUES", columns: &["", ""], after: "" };
static INSERT_BLOB: Many = Many {
    before: "INSERT INTO blob (digest, bytes) VALUES",
    columns: &["", ""],
    after: " ON CONFLICT (digest) DO NOTHING",
};
static INSERT_FILE: Many = Many {
    before: "INSERT INTO attachment (request, ordinal, name, media_type, digest, bytes) VALUES",
    columns: &["", "", "", "", "", ""],
    after: "",
};
static INSERT_RUN: Many = Many {
    before: "INSERT INTO run (id, request, pilot, tenant, definition, state, lane, step, attempt, steps, lessee, lease_until, epoch, \
             created_at, updated_at) VALUES",
    columns: &["", "", "", "", "", "", "", "", "", "", "", "", "", "", ""],
    after: "",
};
static FIND_KEYS: Many = Many {
    before: "WITH wanted (dedup_key, source) AS (VALUES",
    columns: &["TEXT", "TEXT"],
    after: ") SELECT r.dedup_key, r.source, r.id, r.raw FROM wanted w JOIN request r ON r.dedup_key = w.dedup_key AND r.source = w.source",
};
static FIND_ALIKE: Many = Many {
    before: "WITH wanted (likeness) AS (VALUES",
    columns: &["BYTEA"],
    after: ") SELECT r.likeness, r.id, r.accepted_at FROM wanted w JOIN request r ON r.likeness = w.likeness WHERE r.duplicate_of IS NULL",
};
static FIND_ALIKE_SQLITE: Many = Many { before: FIND_ALIKE.before, columns: &["BLOB"], after: FIND_ALIKE.after };

impl Verb for Accept {
    type Out = Accepted;

    async fn run(items: &[&Self], tx: &mut Tx<'_>) -> Result<Vec<Result<Accepted, StoreError>>, StoreError> {
        let mut originals = originals(items, tx).await?;
        let inserted = insert_requests(items, &originals, tx).await?;
        settle_originals(items, &mut originals, &inserted, tx).await?;
        let mut outs: Vec<Option<Result<Accepted, StoreError>>> = Vec::with_capacity(items.len());
        let (mut raws, mut blobs, mut files, mut runs) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        let mut repeats = Vec::new();
        let mut stored: HashSet<&str> = HashSet::new();
        for (item, original) in items.iter().zip(&originals) {
            let id = &item.request.id;
            if !inserted.contains(id.as_str()) {
                repeats.extend(values![&item.dedup_key, &item.request.source]);
                outs.push(None);
                continue;
            }
            if item.raw.len() <= LONG {
                raws.extend(values![id.as_str(), &item.raw[..]]);
            } else if stored.insert(&item.request.raw) {
                tx.conn.put(&item.request.raw, &item.raw).await?;
            }
            for (ordinal, file) in items_files(item) {
                if stored.insert(&file.digest) {
                    keep(&file.digest, &file.bytes, &mut blobs, tx).await?;
                }
                let size = i64::try_from(file.bytes.len()).unwrap_or(i64::MAX);
                files.extend(values![id.as_str(), ordinal, &file.name, &file.media_type, &file.digest, size]);
            }
            receipt(item, original.as_ref(), tx)?;
            outs.push(Some(Ok(match original {
                Some(of) => Accepted::Alike { request: id.clone(), of: of.clone() },
                None => {
                    runs.extend(start_run(item, tx));
                    Accepted::New(id.clone())
                }
            })));
        }
        tx.conn.run_many(&INSERT_RAW, raws).await?;
        tx.conn.run_many(&INSERT_BLOB, blobs).await?;
        tx.conn.run_many(&INSERT_FILE, files).await?;
        tx.conn.run_many(&INSERT_RUN, runs).await?;
        let earlier = earlier(repeats, tx).await?;
        Ok(items.iter().zip(outs).map(|(item, out)| out.unwrap_or_else(|| repeat(item, &earlier))).collect())
    }
}

/// Keeps a content: with the others of the batch, or at once when it is long.
async fn keep<'v>(
    digest: &'v str,
    bytes: &'v [u8],
    blobs: &mut Vec<Value<'v>>,
    tx: &mut Tx<'_>,
) -> Result<(), StoreError> {
    if bytes.len() > LONG {
        return tx.conn.put(digest, bytes).await;
    }
    blobs.extend(values![digest, bytes]);
    Ok(())
}

fn items_files<'a>(item: &&'a Accept) -> impl Iterator<Item = (i64, &'a File)> {
    (0i64..).zip(item.files.iter())
}

/// For each item the earlier request that says the same, in the database or earlier in this batch.
async fn originals(items: &[&Accept], tx: &mut Tx<'_>) -> Result<Vec<Option<RequestId>>, StoreError> {
    let wanted = items.iter().flat_map(|item| values![&item.likeness[..]]).collect();
    let many = if tx.conn.is_postgres() { &FIND_ALIKE } else { &FIND_ALIKE_SQLITE };
    let mut known: HashMap<Vec<u8>, (RequestId, i64)> = HashMap::new();
    for row in tx.conn.rows_many(many, wanted).await? {
        let id = RequestId::parse(&row.text(1)?).map_err(|cause| StoreError::corrupt(cause.to_string()))?;
        let at = row.int(2)?;
        // The youngest original counts.
        known
            .entry(row.bytes(0)?)
            .and_modify(|held| {
                if at > held.1 {
                    *held = (id.clone(), at)
                }
            })
            .or_insert((id, at));
    }
    let mut keys: HashSet<(&str, &str)> = HashSet::new();
    Ok(items
        .iter()
        .map(|item| {
            let first_of_its_key = keys.insert((&item.dedup_key, &item.request.source));
            let accepted_at = item.request.accepted_at.as_microsecond();
            match known.get(&item.likeness[..]) {
                Some((of, at)) if *at >= item.alike_since.as_microsecond() => Some(of.clone()),
                _ => {
                    if first_of_its_key {
                        known.insert(item.likeness.to_vec(), (item.request.id.clone(), accepted_at));
                    }
                    None
                }
            }
        })
        .collect())
}

/// Names another original where the one named did not come to be: its delivery turned out to be a repeat or a conflict. Without this
/// a request would wait forever for a brief of one that does not exist.
async fn settle_originals(
    items: &[&Accept],
    originals: &mut [Option<RequestId>],
    inserted: &HashSet<String>,
    tx: &mut Tx<'_>,
) -> Result<(), StoreError> {
    let never: HashSet<&str> =
        items.iter().map(|item| item.request.id.as_str()).filter(|id| !inserted.contains(*id)).collect();
    let mut heirs: HashMap<&[u8], RequestId> = HashMap::new();
    for (item, original) in items.iter().zip(originals) {
        let orphaned = original.as_ref().is_some_and(|of| never.contains(of.as_str()));
        if !orphaned || !inserted.contains(item.request.id.as_str()) {
            continue;
        }
        *original = heirs.get(&item.likeness[..]).cloned();
        if original.is_none() {
            heirs.insert(&item.likeness, item.request.id.clone());
        }
        let of = original.as_ref().map(RequestId::as_str);
        tx.conn
            .run("UPDATE request SET duplicate_of = $2 WHERE id = $1", values![item.request.id.as_str(), of])
            .await?;
    }
    Ok(())
}

async fn insert_requests(
    items: &[&Accept],
    originals: &[Option<RequestId>],
    tx: &mut Tx<'_>,
) -> Result<HashSet<String>, StoreError> {
    let mut rows = Vec::with_capacity(items.len() * 21);
    for (item, original) in items.iter().zip(originals) {
        let request = &item.request;
        rows.extend(values![
            request.id.as_str(),
            &request.pilot,
            &request.tenant,
            &request.source,
            &item.dedup_key,
            &request.external_id,
            &request.submitter,
            &request.raw,
            &request.media_type,
            &request.sender_name,
            &request.sender_email,
            &request.sender_phone,
            &request.organisation,
            &request.subject,
            &request.text,
            &item.likeness[..],
            original.as_ref().map(RequestId::as_str),
            request.attachments,
            request.received_at.as_microsecond(),
            request.accepted_at.as_microsecond(),
            planted(request)?
        ]);
    }
    let rows = tx.conn.rows_many(&INSERT_REQUEST, rows).await?;
    rows.iter().map(|row| row.text(0)).collect()
}

/// The column that marks a planted draft.
fn planted(request: &Request) -> Result<Option<String>, StoreError> {
    let plant = request.planted.as_deref().map(serde_json::to_string).transpose();
    plant.map_err(|cause| StoreError::corrupt(cause.to_string()))
}

/// The run's row; leased to the local worker at once when that has room.
fn start_run<'v>(item: &'v Accept, tx: &mut Tx<'_>) -> Vec<Value<'v>> {
    let request = &item.request;
    let run: RunId = request.id.run();
    let at = request.accepted_at.as_microsecond();
    let place = tx.place();
    let (state, lessee, until) = match &place {
        Some((_, hire)) => (RunState::Running, Some(hire.node.to_string()), Some(at + hire.lease_micros)),
        None => (RunState::Available, None, None),
    };
    match place {
        Some((permit, _)) => tx.born.push((
            permit,
            ClaimedRun {
                run: run.clone(),
                request: Arc::clone(request),
                definition: item.definition.clone(),
                step: item.first_step.clone(),
                attempt: 1,
                steps: 0,
                epoch: 1,
                lane: item.lane,
                signal: None,
                outputs: BTreeMap::new(),
            },
        )),
        None => tx.wakes = true,
    }
    values![
        run.to_string(),
        request.id.as_str(),
        &request.pilot,
        &request.tenant,
        &item.definition,
        state.as_str(),
        item.lane,
        &item.first_step,
        1i64,
        0i64,
        lessee,
        until,
        1i64,
        at,
        at
    ]
}

fn receipt(item: &Accept, original: Option<&RequestId>, tx: &mut Tx<'_>) -> Result<(), StoreError> {
    let request = &item.request;
    // What was read out of the bytes is what people judge by: it can no more be changed unseen than the bytes.
    let text = opspilot_sdk::sha256_hex(request.text.as_bytes());
    let keyed = |what, digest: &str| tx.shared.keyed(what, request.id.as_str(), digest);
    let (raw, text) = (keyed("raw", &request.raw), keyed("text", &text));
    let mut fields = vec![
        ("definition", Field::Text(&item.definition)),
        ("raw", Field::Text(&raw)),
        ("source", Field::Text(&request.source)),
        ("text", Field::Text(&text)),
    ];
    if let Some(of) = original {
        fields.push(("duplicate_of", Field::Text(of.as_str())));
    }
    let policies: Vec<&str> =
        item.permit.iter().flat_map(|permit| &permit.decision().policies).map(String::as_str).collect();
    fields.extend(item.permit.iter().flat_map(|permit| policy_fields(permit, &policies)));
    let body = Body::of(&fields).map_err(|cause| StoreError::corrupt(cause.to_string()))?;
    let note = Note {
        at: request.accepted_at,
        kind: "request.accepted",
        tenant: &request.tenant,
        pilot: Some(&request.pilot),
        subject: request.id.as_str(),
        actor: request.submitter.as_deref().unwrap_or(&request.source),
    };
    tx.receipt(&note, &body)
}

type Earlier = HashMap<(String, String), (RequestId, String)>;

async fn earlier(wanted: Vec<Value<'_>>, tx: &mut Tx<'_>) -> Result<Earlier, StoreError> {
    let mut earlier = HashMap::new();
    for row in tx.conn.rows_many(&FIND_KEYS, wanted).await? {
        let id = RequestId::parse(&row.text(2)?).map_err(|cause| StoreError::corrupt(cause.to_string()))?;
        earlier.insert((row.text(0)?, row.text(1)?), (id, row.text(3)?));
    }
    Ok(earlier)
}

fn repeat(item: &Accept, earlier: &Earlier) -> Result<Accepted, StoreError> {
    match earlier.get(&(item.dedup_key.clone(), item.request.source.clone())) {
        // Of one that was erased no digest is left: what is delivered again under its key stays away.
        Some((id, raw)) if item.key_is_content || raw.is_empty() || *raw == item.request.raw => {
            Ok(Accepted::Repeat(id.clone()))
        }
        Some((id, _)) => Err(StoreError::Conflict {
            what: format!("the delivery key was used before, with other content, for `{id}`; send it under a new key"),
        }),
        None => Err(StoreError::Stale { what: "request" }),
    }
}

impl Store {
    /// Makes a request durable, or says that it is already.
    ///
    /// # Errors
    /// [`StoreError::Busy`] when too much is queued, [`StoreError::Conflict`] for a known key with other bytes,
    /// [`StoreError::Unavailable`] when it could not be written: nothing is kept then.
    pub async fn accept(&self, accept: Accept) -> Result<Accepted, StoreError> {
        self.submit(accept).await
    }

    /// As [`Store::accept`], but waits for room in the queue: for batches that cannot be refused one by one.
    ///
    /// # Errors
    /// As [`Store::accept`], never [`StoreError::Busy`].
    pub async fn accept_patiently(&self, accept: Accept) -> Result<Accepted, StoreError> {
        self.submit_patiently(accept).await
    }
}
