//! Answers that came in by mail: kept with the batch they came in, judged later, settled once. INVARIANT: one row per (source, dedup key);
//! a row leaves `waiting` once, in the transaction of what became of it; a secret decides once.

use super::erase::erased_behind;
use super::letter::{self, NewLetter};
use crate::domain::id::{BriefId, ReplyId, RequestId};
use crate::receipt::{Body, Field};
use crate::store::copies::{copies, copy_mark};
use crate::store::queue::one_by_one;
use crate::store::sql::values;
use crate::store::tx::{Note, Tx};
use crate::store::{Store, StoreError};
use jiff::Timestamp;
use opspilot_sdk::sha256_hex;

/// An answer to keep: a message that carries something of the form of our secrets.
#[derive(Clone, Debug)]
pub struct KeepReply {
    /// Its name.
    pub id: ReplyId,
    /// The source that brought it.
    pub source: String,
    /// Recognises a repeat of the same delivery from the same source.
    pub dedup_key: String,
    /// Pilot of that source.
    pub pilot: String,
    /// Its client organisation.
    pub tenant: String,
    /// The message, byte by byte.
    pub raw: Vec<u8>,
    /// Name of the secret.
    pub token: String,
    /// Who it says it is from, in lower case.
    pub sender: String,
    /// When it reached us.
    pub received_at: Timestamp,
    /// When it was kept.
    pub at: Timestamp,
}

/// By which mail something was decided or left.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ByMail {
    /// The answer.
    pub reply: ReplyId,
    /// Digest of its bytes.
    pub mail: String,
    /// How its sender was proven.
    pub proof: String,
    /// Name of the secret, used up with this.
    pub token: String,
}

/// What became of an answer that decided nothing.
#[derive(Clone, Debug)]
pub struct SettleReply {
    /// The answer.
    pub id: ReplyId,
    /// `answered`, `refused`, `ignored`, or `waiting` to be looked at again.
    pub state: &'static str,
    /// When to look again, for one that waits.
    pub due: Option<Timestamp>,
    /// The brief it is about, when that is known.
    pub brief: Option<BriefId>,
    /// Code of why.
    pub code: Option<String>,
    /// Why.
    pub message: String,
    /// How its sender was proven, when that was.
    pub proof: Option<String>,
    /// What is answered.
    pub letter: Option<NewLetter>,
    /// When.
    pub at: Timestamp,
}

one_by_one!(SettleReply, (), settle_reply);

/// Why an answer about a request that was erased is refused as it comes in, and nothing of it kept.
const ERASED: &str = "OP-3009";
/// Copies of one answer that are kept at most.
const COPIES: usize = 8;

/// Puts one down, within the transaction of its batch; whether it was not there already. A copy that differs in what servers add is judged
/// by itself while the others have come to nothing: a forgery that came first must not keep the genuine one from being heard.
pub(super) async fn keep(item: &KeepReply, tx: &mut Tx<'_>) -> Result<bool, StoreError> {
    let digest = sha256_hex(&item.raw);
    let erased = erased_behind(&item.token, tx).await?;
    if insert(item, &item.dedup_key, &digest, erased.as_ref(), tx).await? {
        return Ok(true);
    }
    if erased.is_some() {
        return Ok(false);
    }
    let known = copies(&mut tx.conn, &item.source, &item.token, &item.dedup_key).await?;
    let told = known.iter().any(|copy| copy.raw == digest || copy.came_to_something());
    if told || known.is_empty() || known.len() >= COPIES {
        return Ok(false);
    }
    insert(item, &format!("{}{}", item.dedup_key, copy_mark(&digest)), &digest, None, tx).await
}

/// Its row, under `key`; of one about a request that was `erased` no bytes, and no wait for a judgement.
async fn insert(
    item: &KeepReply,
    key: &str,
    digest: &str,
    erased: Option<&RequestId>,
    tx: &mut Tx<'_>,
) -> Result<bool, StoreError> {
    let brief = erased.map(RequestId::brief);
    let (state, raw, code) = if erased.is_some() { ("refused", "", Some(ERASED)) } else { ("waiting", digest, None) };
    let sql = "INSERT INTO reply (id, source, dedup_key, pilot, tenant, raw, token, sender, state, attempt, due_at, received_at, kept_at, updated_at, code, brief) \
               VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, 0, $10, $11, $10, $10, $12, $13) ON CONFLICT (dedup_key, source) DO NOTHING";
    let row = values![
        item.id.as_str(),
        &item.source,
        key,
        &item.pilot,
        &item.tenant,
        raw,
        &item.token,
        &item.sender,
        state,
        item.at.as_microsecond(),
        item.received_at.as_microsecond(),
        code,
        brief.as_ref().map(BriefId::as_str)
    ];
    if tx.conn.run(sql, row).await? == 0 {
        return Ok(false);
    }
    if erased.is_none() {
        tx.conn.put(digest, &item.raw).await?;
    }
    let fields = [
        ("mail", Field::Text(digest)),
        ("reply", Field::Text(item.id.as_str())),
        ("source", Field::Text(&item.source)),
    ];
    let body = Body::of(&fields).map_err(|cause| StoreError::corrupt(cause.to_string()))?;
    let (subject, pilot) = (item.id.as_str(), Some(item.pilot.as_str()));
    let note = Note { at: item.at, kind: "reply.kept", tenant: &item.tenant, pilot, subject, actor: &item.source };
    tx.receipt(&note, &body)?;
    if let Some(request) = erased {
        let body =
            Body::of(&[("code", Field::Text(ERASED)), ("mail", Field::Text(digest)), ("reply", Field::Text(subject))]);
        let body = body.map_err(|cause| StoreError::corrupt(cause.to_string()))?;
        tx.receipt(&Note { kind: "reply.refused", subject: request.as_str(), actor: "mail", ..note }, &body)?;
    }
    Ok(true)
}

/// Whether an answer can still decide, and its secret was not used.
pub(super) async fn is_open(by: &ByMail, tx: &mut Tx<'_>) -> Result<bool, StoreError> {
    let sql = "SELECT 1 FROM reply WHERE id = $1 AND state = 'waiting' AND NOT EXISTS (SELECT 1 FROM used_token WHERE token = $2)";
    Ok(tx.conn.row(sql, values![by.reply.as_str(), &by.token]).await?.is_some())
}

/// Puts down what an answer did; its secret is used up. Of two at once the database refuses the second.
pub(super) async fn used(
    by: &ByMail,
    state: &str,
    brief: Option<&BriefId>,
    at: Timestamp,
    tx: &mut Tx<'_>,
) -> Result<(), StoreError> {
    let at = at.as_microsecond();
    let sql = "INSERT INTO used_token (token, reply, at) VALUES ($1, $2, $3)";
    tx.conn.run(sql, values![&by.token, by.reply.as_str(), at]).await?;
    let sql = "UPDATE reply SET state = $2, brief = $3, proof = $4, code = NULL, message = NULL, updated_at = $5 WHERE id = $1 AND state = 'waiting'";
    tx.conn.run(sql, values![by.reply.as_str(), state, brief.map(BriefId::as_str), &by.proof, at]).await?;
    Ok(())
}

/// What the receipt of a decision by mail says of the mail.
pub(super) fn fields(by: &ByMail) -> [(&str, Field<'_>); 3] {
    [("mail", Field::Text(&by.mail)), ("proof", Field::Text(&by.proof)), ("reply", Field::Text(by.reply.as_str()))]
}

async fn settle_reply(item: &SettleReply, tx: &mut Tx<'_>) -> Result<Result<(), StoreError>, StoreError> {
    let sql = "UPDATE reply SET state = $2, brief = COALESCE($3, brief), code = $4, message = $5, proof = $6, due_at = COALESCE($7, due_at), \
               attempt = attempt + 1, updated_at = $8 WHERE id = $1 AND state = 'waiting' RETURNING pilot, tenant, raw";
    let brief = item.brief.as_ref().map(BriefId::as_str);
    let due = item.due.map(Timestamp::as_microsecond);
    let at = item.at.as_microsecond();
    let row = values![item.id.as_str(), item.state, brief, &item.code, &item.message, &item.proof, due, at];
    let Some(row) = tx.conn.row(sql, row).await? else { return Ok(Err(StoreError::Stale { what: "answer" })) };
    let (pilot, tenant, raw) = (row.text(0)?, row.text(1)?, row.text(2)?);
    if item.state == "waiting" {
        return Ok(Ok(()));
    }
    if let Some(letter) = &item.letter {
        letter::put(letter, tx).await?;
    }
    let mut fields = vec![("mail", Field::Text(&raw)), ("reply", Field::Text(item.id.as_str()))];
    fields.extend(item.code.as_deref().map(|code| ("code", Field::Text(code))));
    let kind = match item.state {
        "answered" => "reply.answered",
        "ignored" => "reply.ignored",
        _ => "reply.refused",
    };
    let body = Body::of(&fields).map_err(|cause| StoreError::corrupt(cause.to_string()))?;
    let request = item.brief.as_ref().map(BriefId::request);
    let subject = request.as_ref().map_or(item.id.as_str(), |request| request.as_str());
    tx.receipt(&Note { at: item.at, kind, tenant: &tenant, pilot: Some(&pilot), subject, actor: "mail" }, &body)?;
    Ok(Ok(()))
}

impl Store {
    /// Puts down what became of an answer, and queues what is answered, together.
    ///
    /// # Errors
    /// [`StoreError::Stale`] when it was settled before.
    pub async fn settle_reply(&self, settle: SettleReply) -> Result<(), StoreError> {
        self.submit_patiently(settle).await
    }
}
