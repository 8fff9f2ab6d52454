//! Letters to people: queued with what they tell of, sent one by one, each sending an effect whose intent is on disk before it begins.
//! INVARIANT: one letter for each (brief, kind, revision, person, about); a letter of which nobody knows whether it went is `uncertain`
//! and is never sent again by itself; no more go out than the limits allow, counted in the transaction that lets one go.

use crate::domain::id::{BriefId, LetterId, NodeId};
use crate::policy::Permit;
use crate::receipt::{Body, Field};
use crate::store::pack::pack;
use crate::store::queue::one_by_one;
use crate::store::reads::{BETWEEN, letter_of, letter_sql};
use crate::store::sql::values;
use crate::store::tx::{Note, Tx};
use crate::store::verbs::review::policy_fields;
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

/// How many letters may go out in a day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Caps {
    /// To one person about one brief.
    pub thread: u32,
    /// To one person.
    pub person: u32,
    /// In all.
    pub day: u32,
}

/// Takes the next letter that is due, and puts down that it is about to be sent.
#[derive(Clone, Debug)]
pub struct ClaimLetter {
    /// Who sends it.
    pub node: NodeId,
    /// Until when it may take.
    pub until: Timestamp,
    /// The limits.
    pub caps: Caps,
    /// When.
    pub at: Timestamp,
}

/// What there was to do.
#[derive(Clone, Debug)]
pub enum ClaimedLetter {
    /// Nothing is due.
    None,
    /// A letter went beyond a limit and was set aside; there may be more.
    Capped,
    /// This one is to be sent.
    Letter(Box<LetterRow>),
}

/// What became of a sending.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Sent {
    /// The far side has it.
    Accepted {
        /// What it said.
        response: String,
    },
    /// The far side does not have it; tried again then.
    Later {
        /// When.
        due: Timestamp,
        /// Code.
        code: String,
        /// Why.
        message: String,
    },
    /// The far side will not take it.
    Refused {
        /// Code.
        code: String,
        /// Why.
        message: String,
    },
    /// Nobody knows.
    Uncertain {
        /// Code.
        code: String,
        /// Why.
        message: String,
    },
}

/// Puts down what became of a sending.
#[derive(Clone, Debug)]
pub struct SettleLetter {
    /// The letter.
    pub id: LetterId,
    /// Which attempt.
    pub attempt: u32,
    /// What became of it.
    pub sent: Sent,
    /// When.
    pub at: Timestamp,
}

/// Marks letters as uncertain whose sender died between intent and outcome.
#[derive(Clone, Debug)]
struct RescueLetters {
    /// Whoever held them: this is the only daemon, and it has just started.
    all: bool,
    at: Timestamp,
}

/// A report came back that a letter was not delivered.
#[derive(Clone, Debug)]
pub struct Bounce {
    /// Name of the secret in the address the report came to.
    pub token: String,
    /// What it says.
    pub message: String,
    /// When.
    pub at: Timestamp,
}

/// A report that a message was not delivered, by the identifiers it names: it may be about a letter of ours.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Returned {
    /// The identifiers, without brackets.
    pub ids: Vec<String>,
    /// What it says.
    pub said: String,
}

/// What a person says of a letter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ruling {
    /// Nobody knew whether it went: it did.
    Went,
    /// Nobody knew whether it went: it did not. It is sent again.
    DidNotGo,
    /// It was refused, came back, or went beyond a limit: it is sent again.
    Again,
}

/// A person rules upon a letter.
#[derive(Debug)]
pub struct RuleLetter {
    /// The letter.
    pub id: LetterId,
    /// What they say.
    pub ruling: Ruling,
    /// Where it goes from now on.
    pub address: String,
    /// Who.
    pub person: String,
    /// By what right.
    pub permit: Permit,
    /// When.
    pub at: Timestamp,
}

one_by_one!(QueueLetters, u32, queue_letters);
one_by_one!(ClaimLetter, ClaimedLetter, claim_letter);
one_by_one!(SettleLetter, (), settle_letter);
one_by_one!(RescueLetters, u64, rescue_letters);
one_by_one!(Bounce, (), bounce);
one_by_one!(RuleLetter, (), rule_letter);

/// `Ok(Err(_))`: refused, nothing written. `Err(_)`: the database failed.
type Refusable<T> = Result<Result<T, StoreError>, StoreError>;

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
        at
    ];
    let sql = "INSERT INTO letter (id, kind, brief, revision, person, about, pilot, tenant, name, address, message_id, answers, thread, \
               subject, content, digest, token, expires_at, state, attempt, due_at, created_at, updated_at) \
               VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, 'waiting', 0, $19, $19, $19) \
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
struct About<'a> {
    id: &'a str,
    brief: &'a str,
    pilot: &'a str,
    tenant: &'a str,
    person: &'a str,
}

impl<'a> About<'a> {
    fn of(letter: &'a LetterRow) -> Self {
        Self {
            id: letter.id.as_str(),
            brief: letter.brief.as_ref().map_or("", BriefId::as_str),
            pilot: &letter.pilot,
            tenant: &letter.tenant,
            person: &letter.person,
        }
    }
}

fn tell(
    kind: &str,
    about: &About<'_>,
    more: &[(&str, Field<'_>)],
    at: Timestamp,
    tx: &mut Tx<'_>,
) -> Result<(), StoreError> {
    tell_of(kind, "outbox", about, more, at, tx)
}

fn tell_of(
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

/// A day, in microseconds.
const DAY: i64 = 24 * 3600 * 1_000_000;

/// Which limit a letter would go beyond.
async fn beyond(letter: &LetterRow, caps: Caps, at: i64, tx: &mut Tx<'_>) -> Result<Option<&'static str>, StoreError> {
    let since = at - DAY;
    let about = About::of(letter);
    let sql = "SELECT COUNT(*), COALESCE(SUM(CASE WHEN brief = $3 AND brief <> '' THEN 1 ELSE 0 END), 0) FROM letter \
               WHERE person = $1 AND sent_at > $2 AND sent_at IS NOT NULL";
    let row = tx.conn.row(sql, values![about.person, since, about.brief]).await?;
    let (person, thread) = match row {
        Some(row) => (row.int(0)?, row.int(1)?),
        None => (0, 0),
    };
    if thread >= i64::from(caps.thread) {
        return Ok(Some("per_thread"));
    }
    if person >= i64::from(caps.person) {
        return Ok(Some("per_person"));
    }
    let sql = "SELECT COUNT(*) FROM letter WHERE sent_at > $1 AND sent_at IS NOT NULL";
    let all = tx.conn.row(sql, values![since]).await?.map_or(Ok(0), |row| row.int(0))?;
    Ok((all >= i64::from(caps.day)).then_some("per_day"))
}

async fn claim_letter(item: &ClaimLetter, tx: &mut Tx<'_>) -> Refusable<ClaimedLetter> {
    let at = item.at.as_microsecond();
    let row = if tx.conn.is_postgres() {
        let sql =
            letter_sql!("WHERE state = 'waiting' AND due_at <= $1 ORDER BY due_at, id LIMIT 1 FOR UPDATE SKIP LOCKED");
        tx.conn.row(sql, values![at]).await?
    } else {
        let sql = letter_sql!("WHERE state = 'waiting' AND due_at <= $1 ORDER BY due_at, id LIMIT 1");
        tx.conn.row(sql, values![at]).await?
    };
    let Some(row) = row else { return Ok(Ok(ClaimedLetter::None)) };
    let mut letter = letter_of(&row)?;
    // A letter that is tried again was counted when it was tried last, for a day.
    if letter.sent_at.is_none_or(|last| last.as_microsecond() <= at - DAY)
        && let Some(cap) = beyond(&letter, item.caps, at, tx).await?
    {
        let message = format!("the limit `{cap}` of the section `[mail]` was reached; it was not sent");
        let sql = "UPDATE letter SET state = 'capped', code = 'OP-2722', message = $2, updated_at = $3 WHERE id = $1";
        tx.conn.run(sql, values![letter.id.as_str(), message, at]).await?;
        tell("letter.capped", &About::of(&letter), &[("limit", Field::Text(cap))], item.at, tx)?;
        return Ok(Ok(ClaimedLetter::Capped));
    }
    letter.attempt += 1;
    letter.sent_at = Some(item.at);
    let sql = "UPDATE letter SET state = 'sending', attempt = $2, lessee = $3, lease_until = $4, sent_at = $5, updated_at = $5 \
               WHERE id = $1";
    let until = item.until.as_microsecond();
    tx.conn.run(sql, values![letter.id.as_str(), letter.attempt, item.node.as_str(), until, at]).await?;
    let run = letter.brief.as_ref().map_or_else(String::new, |brief| brief.request().run().to_string());
    let key = format!("{}/{}", letter.id, letter.attempt);
    let intent = serde_json::json!({ "message_id": letter.message_id, "to": letter.person }).to_string();
    let sql = "INSERT INTO effect (run, step, ordinal, key, state, intent, intended_at) VALUES ($1, $2, $3, $4, 'intended', $5, $6)";
    tx.conn.run(sql, values![run, letter.id.as_str(), letter.attempt, key, intent, at]).await?;
    Ok(Ok(ClaimedLetter::Letter(Box::new(letter))))
}

async fn settle_letter(item: &SettleLetter, tx: &mut Tx<'_>) -> Refusable<()> {
    // A sender that was given up and then heard from the far side after all knows more than whoever gave it up.
    let sql = letter_sql!("WHERE id = $1 AND attempt = $2 AND state IN ('sending', 'uncertain')");
    let Some(row) = tx.conn.row(sql, values![item.id.as_str(), item.attempt]).await? else {
        return Ok(Err(StoreError::Stale { what: "letter" }));
    };
    let letter = letter_of(&row)?;
    let (state, effect, code, message, due) = match &item.sent {
        Sent::Accepted { response } => ("sent", "done", None, response, None),
        Sent::Later { due, code, message } => ("waiting", "failed", Some(code), message, Some(due.as_microsecond())),
        Sent::Refused { code, message } => ("refused", "failed", Some(code), message, None),
        Sent::Uncertain { code, message } => ("uncertain", "uncertain", Some(code), message, None),
    };
    close(&letter, Closing { state, effect, code: code.map(String::as_str), message, due, at: item.at }, tx).await?;
    Ok(Ok(()))
}

struct Closing<'a> {
    state: &'static str,
    effect: &'static str,
    code: Option<&'a str>,
    message: &'a str,
    due: Option<i64>,
    at: Timestamp,
}

async fn close(letter: &LetterRow, closing: Closing<'_>, tx: &mut Tx<'_>) -> Result<(), StoreError> {
    let (id, at) = (letter.id.as_str(), closing.at.as_microsecond());
    let sql = "UPDATE letter SET state = $2, code = $3, message = $4, due_at = COALESCE($5, due_at), lessee = NULL, lease_until = NULL, \
               updated_at = $6 WHERE id = $1";
    tx.conn.run(sql, values![id, closing.state, closing.code, closing.message, closing.due, at]).await?;
    let key = format!("{id}/{}", letter.attempt);
    let outcome = serde_json::json!({ "code": closing.code, "message": closing.message }).to_string();
    let sql = "UPDATE effect SET state = $2, outcome = $3, ended_at = $4 WHERE key = $1";
    tx.conn.run(sql, values![key, closing.effect, outcome, at]).await?;
    let kind = match closing.state {
        "sent" => "letter.sent",
        "waiting" => "letter.postponed",
        "refused" => "letter.refused",
        _ => "letter.uncertain",
    };
    let mut fields = vec![("attempt", Field::Int(i64::from(letter.attempt))), ("kind", Field::Text(&letter.kind))];
    fields.extend(closing.code.map(|code| ("code", Field::Text(code))));
    tell(kind, &About::of(letter), &fields, closing.at, tx)
}

async fn rescue_letters(item: &RescueLetters, tx: &mut Tx<'_>) -> Refusable<u64> {
    let sql = letter_sql!("WHERE state = 'sending' AND ($1 = 1 OR lease_until < $2)");
    let rows = tx.conn.rows(sql, values![i64::from(item.all), item.at.as_microsecond()]).await?;
    let mut rescued = 0;
    for row in &rows {
        let letter = letter_of(row)?;
        let message = "the daemon ended while it was being sent; the mail server may have it or not";
        let (state, code) = ("uncertain", Some("OP-2721"));
        close(&letter, Closing { state, effect: state, code, message, due: None, at: item.at }, tx).await?;
        rescued += 1;
    }
    Ok(Ok(rescued))
}

async fn bounce(item: &Bounce, tx: &mut Tx<'_>) -> Refusable<()> {
    let sql = letter_sql!("WHERE token = $1 AND state IN ('sent', 'uncertain')");
    let Some(row) = tx.conn.row(sql, values![&item.token]).await? else { return Ok(Ok(())) };
    came_back(&letter_of(&row)?, &item.message, item.at, tx).await?;
    Ok(Ok(()))
}

async fn came_back(letter: &LetterRow, said: &str, at: Timestamp, tx: &mut Tx<'_>) -> Result<(), StoreError> {
    let sql = "UPDATE letter SET state = 'bounced', code = 'OP-2723', message = $2, updated_at = $3 WHERE id = $1";
    tx.conn.run(sql, values![letter.id.as_str(), said, at.as_microsecond()]).await?;
    tell("letter.bounced", &About::of(letter), &[("kind", Field::Text(&letter.kind))], at, tx)
}

/// Puts a report onto the letters it names, within the transaction of the item that it is.
pub(super) async fn returned(item: &Returned, at: Timestamp, tx: &mut Tx<'_>) -> Result<(), StoreError> {
    for id in &item.ids {
        let sql = letter_sql!("WHERE message_id = $1 AND state IN ('sent', 'uncertain')");
        if let Some(row) = tx.conn.row(sql, values![id]).await? {
            came_back(&letter_of(&row)?, &item.said, at, tx).await?;
        }
    }
    Ok(())
}

async fn rule_letter(item: &RuleLetter, tx: &mut Tx<'_>) -> Refusable<()> {
    let id = item.id.as_str();
    let Some(row) = tx.conn.row(letter_sql!("WHERE id = $1"), values![id]).await? else {
        return Ok(Err(StoreError::NotFound { what: "letter", id: id.to_owned() }));
    };
    let letter = letter_of(&row)?;
    let fits: &[&str] = match item.ruling {
        Ruling::Went | Ruling::DidNotGo => &["uncertain"],
        Ruling::Again => &["refused", "bounced", "capped"],
    };
    if !fits.contains(&letter.state.as_str()) {
        let what = format!("the letter is {}; this is for one that is {}", letter.state, fits.join(", "));
        return Ok(Err(StoreError::Conflict { what }));
    }
    let at = item.at.as_microsecond();
    let (kind, outcome) = match item.ruling {
        Ruling::Went => ("letter.settled", "went"),
        Ruling::DidNotGo => ("letter.settled", "did_not_go"),
        Ruling::Again => ("letter.resent", "again"),
    };
    if item.ruling == Ruling::Went {
        let sql =
            "UPDATE letter SET state = 'sent', code = NULL, message = $3, updated_at = $4 WHERE id = $1 AND state = $2";
        let message = "a person found that it went";
        tx.conn.run(sql, values![id, &letter.state, message, at]).await?;
    } else {
        let sql = "UPDATE letter SET state = 'waiting', address = $3, due_at = $4, updated_at = $4 WHERE id = $1 AND state = $2";
        tx.conn.run(sql, values![id, &letter.state, &item.address, at]).await?;
    }
    if item.ruling != Ruling::Again {
        let effect = if item.ruling == Ruling::Went { "done" } else { "failed" };
        let key = format!("{id}/{}", letter.attempt);
        let outcome = serde_json::json!({ "settled_by": item.person, "outcome": outcome }).to_string();
        let sql = "UPDATE effect SET state = $2, outcome = $3, ended_at = $4 WHERE key = $1";
        tx.conn.run(sql, values![key, effect, outcome, at]).await?;
    }
    let policies: Vec<&str> = item.permit.decision().policies.iter().map(String::as_str).collect();
    let mut fields = policy_fields(&item.permit, &policies);
    fields.extend([
        ("kind", Field::Text(&letter.kind)),
        ("outcome", Field::Text(outcome)),
        ("was", Field::Text(&letter.state)),
    ]);
    tell_of(kind, &item.person, &About::of(&letter), &fields, item.at, tx)?;
    Ok(Ok(()))
}

impl Store {
    /// Puts down what a person says of a letter.
    ///
    /// # Errors
    /// [`StoreError::NotFound`]; [`StoreError::Conflict`] when it does not stand so that this could be said of it.
    pub async fn rule_letter(&self, rule: RuleLetter) -> Result<(), StoreError> {
        self.submit_patiently(rule).await
    }

    /// Queues letters; how many were not there already.
    ///
    /// # Errors
    /// [`StoreError::Stale`] when somebody else reads the log now: nothing is queued then.
    pub async fn queue_letters(&self, queue: QueueLetters) -> Result<u32, StoreError> {
        self.submit_patiently(queue).await
    }

    /// Takes the next letter that is due and puts its intent down.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn claim_letter(&self, claim: ClaimLetter) -> Result<ClaimedLetter, StoreError> {
        self.submit_patiently(claim).await
    }

    /// Puts down what became of a letter.
    ///
    /// # Errors
    /// [`StoreError::Stale`] when it is not being sent.
    pub async fn settle_letter(&self, settle: SettleLetter) -> Result<(), StoreError> {
        self.submit_patiently(settle).await
    }

    /// Marks letters as uncertain whose sender died; how many. `starting`: as in [`Store::rescue`].
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn rescue_letters(&self, starting: bool) -> Result<u64, StoreError> {
        self.submit_patiently(RescueLetters { all: starting && !self.is_shared(), at: self.now() }).await
    }

    /// Puts a report of failure onto the letter it is about.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn bounce(&self, bounce: Bounce) -> Result<(), StoreError> {
        self.submit_patiently(bounce).await
    }
}
