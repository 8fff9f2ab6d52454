//! What comes before somebody is signed in: how often it was tried, and what a sign-in that was begun waits for. Own file because none of it
//! is an act of a person: it leaves no receipt. INVARIANT: what was begun is taken once, by the browser that began it, and in time.

use super::session::Refusable;
use crate::store::queue::one_by_one;
use crate::store::sql::values;
use crate::store::tx::Tx;
use crate::store::{Store, StoreError};
use jiff::{SignedDuration, Timestamp};

/// Counts a try against a bucket that fills again by one every so often (the generic cell rate algorithm).
#[derive(Debug)]
pub struct Attempt {
    /// Whose bucket; a digest, never a name that somebody typed.
    pub who: String,
    /// How many tries it holds.
    pub burst: u32,
    /// After how long one comes back.
    pub every: SignedDuration,
    /// When.
    pub at: Timestamp,
}

/// Empties the count: it was the right person.
#[derive(Debug)]
pub struct ForgetAttempts {
    /// Whose.
    pub who: String,
}

/// Keeps what a beginning needs at its end.
#[derive(Debug)]
pub struct Begin {
    /// Lowercase hex SHA-256 of what the far side brings back.
    pub digest: String,
    /// What was begun.
    pub purpose: &'static str,
    /// The browser or session that may end it.
    pub bound: String,
    /// What it needs then.
    pub content: String,
    /// Until when.
    pub until: Timestamp,
    /// When.
    pub at: Timestamp,
}

/// Takes what was begun.
#[derive(Debug)]
pub struct TakeBeginning {
    /// Digest of what came back.
    pub digest: String,
    /// What was begun.
    pub purpose: &'static str,
    /// The browser or session that ends it.
    pub bound: String,
    /// When.
    pub at: Timestamp,
}

one_by_one!(Attempt, Option<Timestamp>, attempt);
one_by_one!(ForgetAttempts, (), forget_attempts);
one_by_one!(Begin, (), begin);
one_by_one!(TakeBeginning, Option<String>, take);

async fn attempt(item: &Attempt, tx: &mut Tx<'_>) -> Refusable<Option<Timestamp>> {
    let (now, every) = (item.at.as_microsecond(), micros(item.every));
    // Buckets that are full again say nothing.
    tx.conn.run("DELETE FROM attempt WHERE free_at <= $1 AND who <> $2", values![now, &item.who]).await?;
    let room = every.saturating_mul(i64::from(item.burst));
    // INVARIANT: one statement looks and counts, so that many tries at once are counted one by one.
    let sql = "INSERT INTO attempt (who, free_at) VALUES ($1, CAST($2 AS BIGINT) + $3) ON CONFLICT (who) DO UPDATE SET \
               free_at = CASE WHEN attempt.free_at < $2 THEN $2 ELSE attempt.free_at END + $3 \
               WHERE attempt.free_at + $3 <= $2 + $4 OR attempt.free_at <= $2";
    if tx.conn.run(sql, values![&item.who, now, every, room]).await? == 1 {
        return Ok(Ok(None));
    }
    let row = tx.conn.row("SELECT free_at FROM attempt WHERE who = $1", values![&item.who]).await?;
    let free = row.map_or(Ok(now), |row| row.int(0))?;
    let again = free.saturating_add(every).saturating_sub(room);
    let again = Timestamp::from_microsecond(again).map_err(|_| StoreError::corrupt("a time to try again"))?;
    Ok(Ok(Some(again)))
}

async fn forget_attempts(item: &ForgetAttempts, tx: &mut Tx<'_>) -> Refusable<()> {
    tx.conn.run("DELETE FROM attempt WHERE who = $1", values![&item.who]).await?;
    Ok(Ok(()))
}

async fn begin(item: &Begin, tx: &mut Tx<'_>) -> Refusable<()> {
    tx.conn.run("DELETE FROM beginning WHERE until_at <= $1", values![item.at.as_microsecond()]).await?;
    let sql = "INSERT INTO beginning (digest, purpose, bound, content, until_at) VALUES ($1, $2, $3, $4, $5)";
    let row = values![&item.digest, item.purpose, &item.bound, &item.content, item.until.as_microsecond()];
    tx.conn.run(sql, row).await?;
    Ok(Ok(()))
}

async fn take(item: &TakeBeginning, tx: &mut Tx<'_>) -> Refusable<Option<String>> {
    let sql =
        "DELETE FROM beginning WHERE digest = $1 AND purpose = $2 AND bound = $3 AND until_at > $4 RETURNING content";
    let row = values![&item.digest, item.purpose, &item.bound, item.at.as_microsecond()];
    Ok(Ok(tx.conn.row(sql, row).await?.map(|row| row.text(0)).transpose()?))
}

fn micros(span: SignedDuration) -> i64 {
    i64::try_from(span.as_micros()).unwrap_or(i64::MAX)
}

impl Store {
    /// Counts a try; the time from which the next one counts, when there were too many.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn attempt(&self, verb: Attempt) -> Result<Option<Timestamp>, StoreError> {
        self.submit(verb).await
    }

    /// Empties the count.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn forget_attempts(&self, verb: ForgetAttempts) -> Result<(), StoreError> {
        self.submit(verb).await
    }

    /// Keeps what a beginning needs at its end.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn begin(&self, verb: Begin) -> Result<(), StoreError> {
        self.submit(verb).await
    }

    /// Takes what was begun, once; nothing when it is unknown, over, or another browser's.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn take_beginning(&self, verb: TakeBeginning) -> Result<Option<String>, StoreError> {
        self.submit(verb).await
    }
}
