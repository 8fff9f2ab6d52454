//! Letters to people: queued with what they tell of. INVARIANT: one letter for each (brief, kind, revision, person, about), whatever is
//! queued how often.

use crate::domain::id::{BriefId, LetterId, NodeId};
use crate::receipt::{Body, Field};
use crate::store::pack::pack;
use crate::store::queue::one_by_one;
use crate::store::reads::BETWEEN;
use crate::store::sql::values;
use crate::store::tx::{Note, Tx};
use crate::store::{LetterRow, Store, StoreError};
use jiff::Timestamp;

/// A letter to queue. Its words are fixed here; the secret of its reply address is not in it and not in the store.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewLetter {
    /// Its name.
    pub id: LetterId,
    /// What it is: `brief`, `decided`, `answer`, or another word of a sender's own.
    pub kind: &'static str,
    /// The brief it is about, if any.
    pub brief: Option<BriefId>,
    /// The revision it shows; 0 where there is none.
    pub revision: u32,
    /// What else tells it from others of its kind: a decision, an answer; empty where nothing does.
    pub about: String,
    /// Pilot.
    pub pilot: String,
    /// Client organisation.
    pub tenant: String,
    /// Who gets it.
    pub person: String,
    /// The name shown beside the address.
    pub name: String,
    /// Where it goes.
    pub address: String,
    /// Its `Message-ID`, without brackets.
    pub message_id: String,
    /// The message it answers: then it is an answer, else of our own accord.
    pub answers: Option<String>,
    /// Identifiers of its thread, oldest first; empty: the letters to this person about this brief.
    pub thread: Vec<String>,
    /// One line.
    pub subject: String,
    /// The text part.
    pub text: String,
    /// The HTML part.
    pub html: String,
    /// Digest of the revision that an answer to it would decide on; empty when none can.
    pub digest: String,
    /// Hash of the plan of writes that an approving answer approves along with it; empty when it shows none.
    pub plan: String,
    /// Name of the secret that an answer must carry, when this is the letter that made it.
    pub token: Option<String>,
    /// Until when an answer counts.
    pub expires_at: Timestamp,
    /// When.
    pub at: Timestamp,
}

/// Letters to queue, and how far the log of receipts was read for them.
#[derive(Clone, Debug)]
pub struct QueueLetters {
    /// The letters; those that are there already are passed over.
    pub letters: Vec<NewLetter>,
    /// Name of the reader of the log, who holds its lease, and where it stands now.
    pub read: Option<(String, NodeId, String)>,
    /// When.
    pub at: Timestamp,
}

one_by_one!(QueueLetters, u32, queue_letters);

/// `Ok(Err(_))`: refused, nothing written. `Err(_)`: the database failed.
pub(super) type Refusable<T> = Result<Result<T, StoreError>, StoreError>;

async fn queue_letters(item: &QueueLetters, tx: &mut Tx<'_>) -> Refusable<u32> {
    if let Some((reader, node, place)) = &item.read {
        let sql = "UPDATE source_cursor SET cursor = $3, at = $4 WHERE source = $1 AND lessee = $2";
        if tx.conn.run(sql, values![reader, node.as_str(), place, item.at.as_microsecond()]).await? == 0 {
            return Ok(Err(StoreError::Stale { what: "log of receipts" }));
        }
    }
    let mut queued = 0;
    for letter in &item.letters {
        queued += u32::from(put(letter, tx).await?);
    }
    Ok(Ok(queued))
}

/// Puts one letter down, within the transaction of what it tells of; whether it was not there already.
pub(super) async fn put(letter: &NewLetter, tx: &mut Tx<'_>) -> Result<bool, StoreError> {
    let brief = letter.brief.as_ref().map_or("", BriefId::as_str);
    let mut thread = letter.thread.clone();
    if thread.is_empty() && !brief.is_empty() {
        let sql = "SELECT message_id FROM letter WHERE brief = $1 AND person = $2 ORDER BY created_at, id LIMIT 20";
        let earlier = tx.conn.rows(sql, values![brief, &letter.person]).await?;
        thread = earlier.iter().map(|row| row.text(0)).collect::<Result<_, _>>()?;
    }
    let content = format!("{}{BETWEEN}{}", letter.text.replace(BETWEEN, " "), letter.html.replace(BETWEEN, " "));
    let at = letter.at.as_microsecond();
    let row = values![
        letter.id.as_str(),
        letter.kind,
        brief,
        letter.revision,
        &letter.person,
        &letter.about,
        &letter.pilot,
        &letter.tenant,
        &letter.name,
        &letter.address,
        &letter.message_id,
        &letter.answers,
        thread.join(" "),
        &letter.subject,
        pack(content.as_bytes()),
        &letter.digest,
        &letter.token,
        letter.expires_at.as_microsecond(),
        at,
        &letter.plan
    ];
    let sql = "INSERT INTO letter (id, kind, brief, revision, person, about, pilot, tenant, name, address, message_id, answers, thread, \
               subject, content, digest, token, expires_at, state, attempt, due_at, created_at, updated_at, plan) \
               VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, 'waiting', 0, $19, $19, $19, $20) \
               ON CONFLICT DO NOTHING";
    if tx.conn.run(sql, row).await? == 0 {
        return Ok(false);
    }
    let told =
        About { id: letter.id.as_str(), brief, pilot: &letter.pilot, tenant: &letter.tenant, person: &letter.person };
    tell("letter.queued", &told, &[("kind", Field::Text(letter.kind))], letter.at, tx)?;
    Ok(true)
}

/// What a receipt says of every letter.
pub(super) struct About<'a> {
    pub(super) id: &'a str,
    pub(super) brief: &'a str,
    pilot: &'a str,
    tenant: &'a str,
    pub(super) person: &'a str,
}

impl<'a> About<'a> {
    pub(super) fn of(letter: &'a LetterRow) -> Self {
        Self {
            id: letter.id.as_str(),
            brief: letter.brief.as_ref().map_or("", BriefId::as_str),
            pilot: &letter.pilot,
            tenant: &letter.tenant,
            person: &letter.person,
        }
    }
}

/// Leaves a receipt of what the outbox did.
pub(super) fn tell(
    kind: &str,
    about: &About<'_>,
    more: &[(&str, Field<'_>)],
    at: Timestamp,
    tx: &mut Tx<'_>,
) -> Result<(), StoreError> {
    tell_of(kind, "outbox", about, more, at, tx)
}

/// Leaves a receipt of what somebody did.
pub(super) fn tell_of(
    kind: &str,
    actor: &str,
    about: &About<'_>,
    more: &[(&str, Field<'_>)],
    at: Timestamp,
    tx: &mut Tx<'_>,
) -> Result<(), StoreError> {
    let mut fields = vec![("letter", Field::Text(about.id)), ("person", Field::Text(about.person))];
    fields.extend_from_slice(more);
    let body = Body::of(&fields).map_err(|cause| StoreError::corrupt(cause.to_string()))?;
    let request = BriefId::parse(about.brief).ok().map(|brief| brief.request());
    let subject = request.as_ref().map_or(about.id, |request| request.as_str());
    let pilot = Some(about.pilot).filter(|pilot| !pilot.is_empty());
    tx.receipt(&Note { at, kind, tenant: about.tenant, pilot, subject, actor }, &body)
}

impl Store {
    /// Queues letters; how many were not there already.
    ///
    /// # Errors
    /// [`StoreError::Stale`] when somebody else reads the log now: nothing is queued then.
    pub async fn queue_letters(&self, queue: QueueLetters) -> Result<u32, StoreError> {
        self.submit_patiently(queue).await
    }
}
