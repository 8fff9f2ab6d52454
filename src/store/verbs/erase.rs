//! Erasing what a request said: its words, bytes and files, what was drafted from them, and the letters that carried it. Own file because
//! nothing else here takes something away. INVARIANT: what goes and the receipt that says so are one transaction. Names, times, states,
//! counts and receipts stay, so that the log is proven as before, and the key of the delivery, so that nothing erased comes back by being
//! delivered again. What is on its way to somebody is not erased.

use crate::domain::erasure::ErasureReason;
use crate::domain::id::RequestId;
use crate::policy::Permit;
use crate::receipt::{Body, Field};
use crate::store::pack::{pack, unpack};
use crate::store::queue::Verb;
use crate::store::sql::{Row, Value, values};
use crate::store::tx::{Note, Tx};
use crate::store::verbs::review::policy_fields;
use crate::store::{Store, StoreError};
use jiff::Timestamp;
use opspilot_sdk::Call;
use std::collections::BTreeMap;

/// Erases what a request said. Its run and its brief end, if they have not ended.
#[derive(Debug)]
pub struct Erase {
    /// The request.
    pub request: RequestId,
    /// Why.
    pub reason: ErasureReason,
    /// Also where something of it was written into a system outside: it stays there, and can no longer be taken back from here.
    pub leaves_writes: bool,
    /// Who.
    pub person: String,
    /// By what right.
    pub permit: Permit,
    /// When.
    pub at: Timestamp,
}

/// What was erased.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Erased {
    /// It had been erased before: nothing was left to do.
    pub before: bool,
    /// Revisions of its brief.
    pub revisions: u64,
    /// Files that came with it.
    pub files: u64,
    /// Letters about it.
    pub letters: u64,
    /// Other requests of its pilot that say the same, and were not erased.
    pub alike: Vec<String>,
}

impl Verb for Erase {
    type Out = Erased;
    // It holds the table of contents, which every caller shares.
    const LAST: bool = true;

    async fn run(items: &[&Self], tx: &mut Tx<'_>) -> Result<Vec<Result<Erased, StoreError>>, StoreError> {
        let mut outs = Vec::with_capacity(items.len());
        for item in items {
            outs.push(erase(item, tx).await?);
        }
        Ok(outs)
    }
}

/// `Ok(Err(_))`: refused, nothing written. `Err(_)`: the database failed.
type Refusable<T> = Result<Result<T, StoreError>, StoreError>;

/// Its brief, its run and the request itself, which share a suffix.
struct Names {
    request: RequestId,
    brief: String,
    run: String,
}

impl Names {
    fn of(request: RequestId) -> Self {
        Self { brief: request.brief().to_string(), run: request.run().to_string(), request }
    }
}

/// Whether what a request said is gone; asked by what would go on with it.
pub(super) async fn is_erased(request: &str, tx: &mut Tx<'_>) -> Result<bool, StoreError> {
    let sql = "SELECT 1 FROM request WHERE id = $1 AND erased_at IS NOT NULL";
    Ok(tx.conn.row(sql, values![request]).await?.is_some())
}

/// The request that a secret was made for, if that was erased since: `used_token` names it then, where it names an answer else.
pub(super) async fn erased_behind(token: &str, tx: &mut Tx<'_>) -> Result<Option<RequestId>, StoreError> {
    let sql =
        "SELECT r.id FROM used_token u JOIN request r ON r.id = u.reply WHERE u.token = $1 AND r.erased_at IS NOT NULL";
    let Some(row) = tx.conn.row(sql, values![token]).await? else { return Ok(None) };
    RequestId::parse(&row.text(0)?).map(Some).map_err(|cause| StoreError::corrupt(cause.to_string()))
}

async fn erase(item: &Erase, tx: &mut Tx<'_>) -> Refusable<Erased> {
    // Of two people who ask at once one waits here for the other.
    let sql = if tx.conn.is_postgres() {
        "SELECT tenant, pilot, erased_at FROM request WHERE id = $1 FOR UPDATE"
    } else {
        "SELECT tenant, pilot, erased_at FROM request WHERE id = $1"
    };
    let Some(row) = tx.conn.row(sql, values![item.request.as_str()]).await? else {
        return Ok(Err(StoreError::NotFound { what: "request", id: item.request.to_string() }));
    };
    let (tenant, pilot) = (row.text(0)?, row.text(1)?);
    if row.maybe_int(2)?.is_some() {
        return Ok(Ok(Erased { before: true, ..Erased::default() }));
    }
    // What was planted among real drafts says what its model says.
    let mut all = vec![Names::of(item.request.clone())];
    let sql = "SELECT 'req_' || substr(brief, 5) FROM probe WHERE model = $1";
    for row in tx.conn.rows(sql, values![item.request.as_str()]).await? {
        all.push(Names::of(RequestId::parse(&row.text(0)?).map_err(|cause| StoreError::corrupt(cause.to_string()))?));
    }
    // A verb that is refused leaves nothing; the rest of its batch stands.
    tx.conn.raw("SAVEPOINT erasure").await?;
    for names in &all {
        end(names, item, tx).await?;
        if let Some(what) = in_the_way(names, item, tx).await? {
            tx.conn.raw("ROLLBACK TO SAVEPOINT erasure; RELEASE SAVEPOINT erasure").await?;
            return Ok(Err(StoreError::Conflict { what }));
        }
    }
    tx.conn.raw("RELEASE SAVEPOINT erasure").await?;
    let mut erased = Erased { alike: alike(&item.request, tx).await?, ..Erased::default() };
    for names in &all {
        let gone = wipe(names, item, tx).await?;
        erased.revisions += gone.revisions;
        erased.files += gone.files;
        erased.letters += gone.letters;
        let policies: Vec<&str> = item.permit.decision().policies.iter().map(String::as_str).collect();
        let mut fields = policy_fields(&item.permit, &policies);
        let count = |count: u64| Field::Int(i64::try_from(count).unwrap_or(i64::MAX));
        fields.extend([
            ("reason", Field::Text(item.reason.as_str())),
            ("revisions", count(gone.revisions)),
            ("files", count(gone.files)),
            ("letters", count(gone.letters)),
        ]);
        if names.request != item.request {
            fields.push(("with", Field::Text(item.request.as_str())));
        }
        let body = Body::of(&fields).map_err(|cause| StoreError::corrupt(cause.to_string()))?;
        let (subject, actor) = (names.request.as_str(), item.person.as_str());
        let note = Note { at: item.at, kind: "request.erased", tenant: &tenant, pilot: Some(&pilot), subject, actor };
        tx.receipt(&note, &body)?;
    }
    Ok(Ok(erased))
}

/// Ends run and brief. First of all, because whoever works on either holds its row: what they put down is seen after this, and what they
/// have not put down is refused.
async fn end(names: &Names, item: &Erase, tx: &mut Tx<'_>) -> Result<(), StoreError> {
    let at = item.at.as_microsecond();
    let sql = "UPDATE run SET state = CASE WHEN state IN ('completed', 'discarded') THEN state ELSE 'cancelled' END, epoch = epoch + 1, \
               lessee = NULL, lease_until = NULL, due_at = NULL, wait_key = NULL, signal = NULL, message = NULL, updated_at = $2 WHERE id = $1";
    tx.conn.run(sql, values![&names.run, at]).await?;
    let sql = "UPDATE brief SET version = version + 1, claimed_by = NULL, claim_until = NULL, \
               updated_at = CASE WHEN state IN ('open', 'amending', 'redrafting') THEN $2 ELSE updated_at END, \
               state = CASE WHEN state IN ('open', 'amending', 'redrafting') THEN 'withdrawn' ELSE state END WHERE id = $1";
    tx.conn.run(sql, values![&names.brief, at]).await.map(|_| ())
}

/// What is on its way to somebody, or was written and can still be taken back.
async fn in_the_way(names: &Names, item: &Erase, tx: &mut Tx<'_>) -> Result<Option<String>, StoreError> {
    let (request, brief) = (&names.request, || values![&names.brief]);
    // Senders pass over a row that is held, so that none begins between the look and the end.
    let sql = if tx.conn.is_postgres() {
        "SELECT state FROM letter WHERE brief = $1 FOR UPDATE"
    } else {
        "SELECT state FROM letter WHERE brief = $1"
    };
    let letters = tx.conn.rows(sql, brief()).await?;
    let states: Vec<String> = letters.iter().map(|row| row.text(0)).collect::<Result<_, _>>()?;
    // Letters of a day may name it.
    let sql = "SELECT 1 FROM letter l JOIN brief b ON b.id = $1 WHERE l.brief = '' AND l.state = 'sending' AND l.created_at >= b.opened_at LIMIT 1";
    let of_the_day = tx.conn.row(sql, brief()).await?.is_some();
    if of_the_day || states.iter().any(|state| state == "sending") {
        return Ok(Some(format!(
            "a letter that may be about `{request}` is just being sent; nothing of it was erased, try again in a minute"
        )));
    }
    let sql =
        "SELECT 1 FROM reply WHERE state = 'waiting' AND token IN (SELECT token FROM letter WHERE brief = $1) LIMIT 1";
    if tx.conn.row(sql, brief()).await?.is_some() {
        return Ok(Some(format!(
            "an answer by mail about `{request}` is just being read; nothing of it was erased, try again in a minute"
        )));
    }
    let sql = "SELECT id, state FROM write_item WHERE brief = $1 AND state IN ('waiting', 'claimed', 'sending', 'uncertain', 'blocked', 'differs') \
               ORDER BY id LIMIT 1";
    if let Some(row) = tx.conn.row(sql, brief()).await? {
        let (id, state) = (row.text(0)?, row.text(1)?);
        return Ok(Some(format!(
            "the write `{id}` of `{request}` is {state}; nothing of it was erased: `opspilot writeback cancel` or `settle` ends it first"
        )));
    }
    let sql = "SELECT count(*) FROM write_item WHERE brief = $1 AND state = 'written' AND undo_of = ''";
    let written = tx.conn.row(sql, brief()).await?.map_or(Ok(0), |row| row.int(0))?;
    Ok((written > 0 && !item.leaves_writes).then(|| {
        format!(
            "of `{request}` there is {written} written into systems outside, which can be taken back only before; nothing of it was erased: \
             `opspilot writeback undo` takes back, `--leave-writes` leaves them there",
        )
    }))
}

/// Other requests of the same pilot that say the same.
async fn alike(request: &RequestId, tx: &mut Tx<'_>) -> Result<Vec<String>, StoreError> {
    let sql = "SELECT o.id FROM request r JOIN request o ON o.likeness = r.likeness WHERE r.id = $1 AND o.id <> r.id AND o.pilot = r.pilot \
               AND o.planted IS NULL ORDER BY o.id LIMIT 100";
    tx.conn.rows(sql, values![request.as_str()]).await?.iter().map(|row| row.text(0)).collect()
}

async fn wipe(names: &Names, item: &Erase, tx: &mut Tx<'_>) -> Result<Erased, StoreError> {
    let (request, brief, run) = (names.request.as_str(), names.brief.as_str(), names.run.as_str());
    let nothing = || Value::from(Vec::<u8>::new());
    let contents = contents(names, tx).await?;
    let mut erased = Erased::default();

    let sql = "UPDATE request SET erased_at = $2, raw = '', external_id = NULL, sender_name = NULL, sender_email = NULL, sender_phone = NULL, \
               organisation = NULL, subject = NULL, text = '', likeness = $3, attachments = 0, \
               planted = CASE WHEN planted IS NULL THEN NULL ELSE 'null' END WHERE id = $1";
    let mut row = values![request, item.at.as_microsecond()];
    row.push(nothing());
    tx.conn.run(sql, row).await?;
    tx.conn.run("DELETE FROM raw WHERE request = $1", values![request]).await?;
    erased.files = tx.conn.run("DELETE FROM attachment WHERE request = $1", values![request]).await?;
    tx.conn.run("UPDATE step SET output = NULL WHERE run = $1", values![run]).await?;

    let mut row = values![brief];
    row.push(nothing());
    erased.revisions = tx.conn.run("UPDATE revision SET content = $2 WHERE brief = $1", row).await?;
    tx.conn.run("UPDATE decision SET comment = NULL WHERE brief = $1", values![brief]).await?;
    tx.conn.run("UPDATE probe SET trace = '' WHERE brief = $1", values![brief]).await?;

    writes(names, tx).await?;
    erased.letters = letters(names, item, tx).await?;

    let sql = "UPDATE quarantine SET raw = NULL, reason = 'erased with its request' WHERE request = $1";
    tx.conn.run(sql, values![request]).await?;
    // An answer of the interface that is kept for a repeat of its call may show the brief; without it the call would be done twice.
    let sql = "UPDATE idempotency SET answer = '{\"erased\":true}' WHERE answer LIKE '%' || $1 || '%'";
    let suffix = request.get(4..).unwrap_or(request);
    tx.conn.run(sql, values![suffix]).await?;
    drop_contents(contents, tx).await?;
    Ok(erased)
}

/// Digests of what lies by itself: its bytes when they are long, its files, the mails that were kept about it.
async fn contents(names: &Names, tx: &mut Tx<'_>) -> Result<Vec<String>, StoreError> {
    let sql = "SELECT r.raw FROM request r WHERE r.id = $1 AND NOT EXISTS (SELECT 1 FROM raw w WHERE w.request = r.id) \
               UNION SELECT digest FROM attachment WHERE request = $1 \
               UNION SELECT raw FROM quarantine WHERE request = $1 AND raw IS NOT NULL \
               UNION SELECT raw FROM reply WHERE brief = $2 OR token IN (SELECT token FROM letter WHERE brief = $2)";
    let rows = tx.conn.rows(sql, values![names.request.as_str(), &names.brief]).await?;
    let digests: Vec<String> = rows.iter().map(|row| row.text(0)).collect::<Result<_, _>>()?;
    Ok(digests.into_iter().filter(|digest| !digest.is_empty()).collect())
}

/// Takes away what lies by itself and nobody else names.
async fn drop_contents(digests: Vec<String>, tx: &mut Tx<'_>) -> Result<(), StoreError> {
    if !digests.is_empty() && tx.conn.is_postgres() {
        // Whoever keeps the same bytes at this moment finds them there, or finds them gone and keeps them anew; never both.
        tx.conn.raw("LOCK TABLE blob IN SHARE ROW EXCLUSIVE MODE").await?;
    }
    let sql = "DELETE FROM blob WHERE digest = $1 AND NOT EXISTS (SELECT 1 FROM request WHERE raw = $1) \
               AND NOT EXISTS (SELECT 1 FROM attachment WHERE digest = $1) AND NOT EXISTS (SELECT 1 FROM quarantine WHERE raw = $1) \
               AND NOT EXISTS (SELECT 1 FROM reply WHERE raw = $1)";
    for digest in digests {
        tx.conn.run(sql, values![digest]).await?;
    }
    Ok(())
}

/// What was planned, sent and seen. The rows stay: that something was written, where and by whose approval, is on record.
async fn writes(names: &Names, tx: &mut Tx<'_>) -> Result<(), StoreError> {
    let brief = names.brief.as_str();
    tx.conn.run("DELETE FROM writeback WHERE brief = $1", values![brief]).await?;
    let sql = "UPDATE effect SET intent = '{}', outcome = CASE WHEN outcome IS NULL THEN NULL ELSE '{}' END \
               WHERE run = $1 OR run IN (SELECT id FROM write_item WHERE brief = $2)";
    tx.conn.run(sql, values![&names.run, brief]).await?;
    let none = Call { method: String::new(), target: String::new(), headers: BTreeMap::new(), body: String::new() };
    let call = serde_json::to_vec(&none).map_err(|cause| StoreError::corrupt(cause.to_string()))?;
    let sql = "UPDATE write_item SET call = $2, digest = $3, expect = 'null', before = CASE WHEN before IS NULL THEN NULL ELSE 'null' END, \
               after = CASE WHEN after IS NULL THEN NULL ELSE 'null' END, now = NULL, said = NULL, message = NULL WHERE brief = $1";
    tx.conn.run(sql, values![brief, pack(&call), none.digest()]).await.map(|_| ())
}

/// Letters that carried it, and answers that quote them; how many letters.
async fn letters(names: &Names, item: &Erase, tx: &mut Tx<'_>) -> Result<u64, StoreError> {
    let brief = names.brief.as_str();
    let sql = "UPDATE reply SET raw = '', message = NULL WHERE brief = $1 OR token IN (SELECT token FROM letter WHERE brief = $1)";
    tx.conn.run(sql, values![brief]).await?;
    // An answer that comes in afterwards quotes what was asked: its secret tells that it is not to be kept.
    let sql = "INSERT INTO used_token (token, reply, at) SELECT DISTINCT token, $2, CAST($3 AS BIGINT) FROM letter WHERE brief = $1 AND token IS NOT NULL \
               ON CONFLICT (token) DO UPDATE SET reply = excluded.reply";
    tx.conn.run(sql, values![brief, names.request.as_str(), item.at.as_microsecond()]).await?;
    let mut letters = tx.conn.run("DELETE FROM letter WHERE brief = $1", values![brief]).await?;
    // Digests of a day list what waits by its title: of no brief in particular, and made while this one waited.
    let sql = "SELECT l.id, l.content FROM letter l JOIN brief b ON b.id = $1 WHERE l.brief = '' AND l.created_at >= b.opened_at";
    let names_it = |row: &Row| -> Result<Option<String>, StoreError> {
        let content = unpack(&row.bytes(1)?)?;
        let found = content.windows(brief.len()).any(|words| words == brief.as_bytes());
        if found { row.text(0).map(Some) } else { Ok(None) }
    };
    for row in tx.conn.rows(sql, values![brief]).await? {
        if let Some(id) = names_it(&row)? {
            letters += tx.conn.run("DELETE FROM letter WHERE id = $1", values![id]).await?;
        }
    }
    Ok(letters)
}

impl Store {
    /// Erases what a request said. What lies between the rows of the file afterwards is for [`Store::rewrite`] to take away.
    ///
    /// # Errors
    /// [`StoreError::NotFound`]; [`StoreError::Conflict`] while a letter, an answer or a write about it is on its way, or something written
    /// can still be taken back.
    pub async fn erase(&self, erase: Erase) -> Result<Erased, StoreError> {
        self.submit_patiently(erase).await
    }
}
