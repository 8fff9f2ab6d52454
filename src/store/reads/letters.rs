//! Letters and answers as they are read.

use super::{Page, id, time};
use crate::domain::id::{BriefId, LetterId, ReplyId};
use crate::store::copies::{copies, copy_mark};
use crate::store::pack::unpack;
use crate::store::sql::{Row, values};
use crate::store::{Store, StoreError};
use jiff::{SignedDuration, Timestamp};

/// A letter as it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LetterRow {
    /// Its name.
    pub id: LetterId,
    /// What it is.
    pub kind: String,
    /// The brief, if any.
    pub brief: Option<BriefId>,
    /// The revision.
    pub revision: u32,
    /// What else it is about.
    pub about: String,
    /// Pilot.
    pub pilot: String,
    /// Client organisation.
    pub tenant: String,
    /// Who gets it.
    pub person: String,
    /// Name shown.
    pub name: String,
    /// Where it goes.
    pub address: String,
    /// Its `Message-ID`.
    pub message_id: String,
    /// What it answers.
    pub answers: Option<String>,
    /// Its thread.
    pub thread: Vec<String>,
    /// One line.
    pub subject: String,
    /// Text part.
    pub text: String,
    /// HTML part.
    pub html: String,
    /// Digest of the revision that an answer decides on.
    pub digest: String,
    /// Hash of the plan of writes that an approving answer approves along with it; empty for none.
    pub plan: String,
    /// Until when an answer counts.
    pub expires_at: Timestamp,
    /// `waiting`, `sending`, `sent`, `uncertain`, `refused`, `bounced` or `capped`.
    pub state: String,
    /// Attempts so far.
    pub attempt: u32,
    /// Code of what went wrong.
    pub code: Option<String>,
    /// What went wrong, or what the far side said.
    pub message: Option<String>,
    /// When the last attempt began.
    pub sent_at: Option<Timestamp>,
    /// When it was written.
    pub created_at: Timestamp,
}

macro_rules! letter_sql {
    ($rest:literal) => {
        concat!(
            "SELECT id, kind, brief, revision, about, pilot, tenant, person, name, address, message_id, answers, thread, subject, content, \
             digest, expires_at, state, attempt, code, message, sent_at, created_at, plan FROM letter ",
            $rest
        )
    };
}
pub(in crate::store) use letter_sql;

/// For how long a letter about no brief that did not arrive wants a person.
const NEWS: SignedDuration = SignedDuration::from_hours(7 * 24);

/// Between the text and the HTML of a stored letter: a character that neither holds.
pub(in crate::store) const BETWEEN: char = '\0';

pub(in crate::store) fn letter_of(row: &Row) -> Result<LetterRow, StoreError> {
    let content =
        String::from_utf8(unpack(&row.bytes(14)?)?).map_err(|_| StoreError::corrupt("a letter that is no text"))?;
    let (text, html) = content.split_once(BETWEEN).ok_or_else(|| StoreError::corrupt("half a letter"))?;
    let brief = Some(row.text(2)?).filter(|brief| !brief.is_empty());
    Ok(LetterRow {
        id: id(LetterId::parse(&row.text(0)?))?,
        kind: row.text(1)?,
        brief: brief.map(|brief| id(BriefId::parse(&brief))).transpose()?,
        revision: row.small(3)?,
        about: row.text(4)?,
        pilot: row.text(5)?,
        tenant: row.text(6)?,
        person: row.text(7)?,
        name: row.text(8)?,
        address: row.text(9)?,
        message_id: row.text(10)?,
        answers: row.maybe_text(11)?,
        thread: row.text(12)?.split_whitespace().map(str::to_owned).collect(),
        subject: row.text(13)?,
        text: text.to_owned(),
        html: html.to_owned(),
        digest: row.text(15)?,
        expires_at: time(row.int(16)?)?,
        state: row.text(17)?,
        attempt: row.small(18)?,
        code: row.maybe_text(19)?,
        message: row.maybe_text(20)?,
        sent_at: row.maybe_int(21)?.map(time).transpose()?,
        created_at: time(row.int(22)?)?,
        plan: row.text(23)?,
    })
}

/// The states of a letter.
pub const LETTER_STATES: [&str; 7] = ["waiting", "sending", "sent", "uncertain", "refused", "bounced", "capped"];

/// Which letters.
#[derive(Clone, Debug, Default)]
pub struct LetterFilter {
    /// Of this pilot.
    pub pilot: Option<String>,
    /// In this state.
    pub state: Option<String>,
    /// About this brief.
    pub brief: Option<String>,
    /// After this identifier, exclusive.
    pub after: Option<String>,
    /// How many at most.
    pub limit: u32,
}

/// An answer that came in by mail.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReplyRow {
    /// Its name.
    pub id: ReplyId,
    /// The source that brought it.
    pub source: String,
    /// How the source names it.
    pub dedup_key: String,
    /// Pilot.
    pub pilot: String,
    /// Client organisation.
    pub tenant: String,
    /// Digest of its bytes.
    pub raw: String,
    /// Name of the secret in it.
    pub token: String,
    /// Who it says it is from.
    pub sender: String,
    /// `waiting`, `decided`, `edited`, `unsubscribed`, `answered`, `refused` or `ignored`.
    pub state: String,
    /// How often it was looked at.
    pub attempt: u32,
    /// The brief it is about, when that is known.
    pub brief: Option<BriefId>,
    /// Code of why it decided nothing.
    pub code: Option<String>,
    /// Why it decided nothing.
    pub message: Option<String>,
    /// How its sender was proven.
    pub proof: Option<String>,
    /// When it reached us.
    pub received_at: Timestamp,
    /// When it was kept.
    pub kept_at: Timestamp,
}

macro_rules! reply_sql {
    ($rest:literal) => {
        concat!(
            "SELECT id, source, dedup_key, pilot, tenant, raw, token, sender, state, attempt, brief, code, message, proof, received_at, kept_at \
             FROM reply ",
            $rest
        )
    };
}

fn reply_of(row: &Row) -> Result<ReplyRow, StoreError> {
    Ok(ReplyRow {
        id: id(ReplyId::parse(&row.text(0)?))?,
        source: row.text(1)?,
        dedup_key: row.text(2)?,
        pilot: row.text(3)?,
        tenant: row.text(4)?,
        raw: row.text(5)?,
        token: row.text(6)?,
        sender: row.text(7)?,
        state: row.text(8)?,
        attempt: row.small(9)?,
        brief: row.maybe_text(10)?.map(|text| id(BriefId::parse(&text))).transpose()?,
        code: row.maybe_text(11)?,
        message: row.maybe_text(12)?,
        proof: row.maybe_text(13)?,
        received_at: time(row.int(14)?)?,
        kept_at: time(row.int(15)?)?,
    })
}

impl Store {
    /// Letters, newest first.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn letters(&self, filter: &LetterFilter) -> Result<Page<LetterRow>, StoreError> {
        let sql = letter_sql!(
            "WHERE ($1 = '' OR pilot = $1) AND ($2 = '' OR state = $2) AND ($3 = '' OR brief = $3) AND id < $4 ORDER BY id DESC LIMIT $5"
        );
        let all = |text: &Option<String>| text.clone().unwrap_or_default();
        let after = filter.after.as_deref().unwrap_or("ltr_z");
        let row =
            values![all(&filter.pilot), all(&filter.state), all(&filter.brief), after, i64::from(filter.limit) + 1];
        let rows = self.walker().await?.conn().rows(sql, row).await?;
        let items = rows.iter().map(letter_of).collect::<Result<Vec<_>, _>>()?;
        Ok(Page::of(items, filter.limit, |letter| letter.id.to_string()))
    }

    /// One letter.
    ///
    /// # Errors
    /// [`StoreError::NotFound`].
    pub async fn letter(&self, name: &LetterId) -> Result<LetterRow, StoreError> {
        let row = self.reader().await?.conn().row(letter_sql!("WHERE id = $1"), values![name.as_str()]).await?;
        letter_of(&row.ok_or_else(|| StoreError::NotFound { what: "letter", id: name.to_string() })?)
    }

    /// Whether a letter waits to be sent now.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn is_letter_due(&self, at: Timestamp) -> Result<bool, StoreError> {
        let sql = "SELECT 1 FROM letter WHERE state = 'waiting' AND due_at <= $1 LIMIT 1";
        Ok(self.reader().await?.conn().row(sql, values![at.as_microsecond()]).await?.is_some())
    }

    /// The letter that made the secret of this name.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn letter_asking(&self, token: &str) -> Result<Option<LetterRow>, StoreError> {
        let row = self.reader().await?.conn().row(letter_sql!("WHERE token = $1"), values![token]).await?;
        row.as_ref().map(letter_of).transpose()
    }

    /// How many letters stand in each state that wants a person: all of which nobody knows whether they went; others that did not arrive, while
    /// the brief that they are about waits for people, or, where they are about none, for a week.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn letters_aside(&self) -> Result<Vec<(String, i64)>, StoreError> {
        let sql = "SELECT l.state, COUNT(*) FROM letter l LEFT JOIN brief b ON b.id = l.brief \
                   WHERE l.state IN ('uncertain', 'refused', 'bounced', 'capped') AND (l.state = 'uncertain' \
                   OR b.state IN ('open', 'amending', 'redrafting') OR (b.id IS NULL AND l.updated_at > $1)) \
                   GROUP BY l.state ORDER BY l.state";
        let since = self.now().checked_sub(NEWS).map_or(0, Timestamp::as_microsecond);
        let rows = self.walker().await?.conn().rows(sql, values![since]).await?;
        rows.iter().map(|row| Ok((row.text(0)?, row.int(1)?))).collect()
    }

    /// Answers that wait to be judged and are due, oldest first.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn replies_due(&self, at: Timestamp, limit: u32) -> Result<Vec<ReplyRow>, StoreError> {
        let sql = reply_sql!("WHERE state = 'waiting' AND due_at <= $1 ORDER BY due_at, id LIMIT $2");
        let rows = self.reader().await?.conn().rows(sql, values![at.as_microsecond(), i64::from(limit)]).await?;
        rows.iter().map(reply_of).collect()
    }

    /// Answers, newest first, of one state or of all.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn replies(
        &self,
        state: Option<&str>,
        after: Option<&str>,
        limit: u32,
    ) -> Result<Page<ReplyRow>, StoreError> {
        let sql = reply_sql!("WHERE ($1 = '' OR state = $1) AND id < $2 ORDER BY id DESC LIMIT $3");
        let row = values![state.unwrap_or_default(), after.unwrap_or("rpl_z"), i64::from(limit) + 1];
        let rows = self.walker().await?.conn().rows(sql, row).await?;
        let items = rows.iter().map(reply_of).collect::<Result<Vec<_>, _>>()?;
        Ok(Page::of(items, limit, |reply| reply.id.to_string()))
    }

    /// The answers about a brief, in order.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn replies_about(&self, brief: &BriefId) -> Result<Vec<ReplyRow>, StoreError> {
        let sql = reply_sql!("WHERE brief = $1 ORDER BY id LIMIT 200");
        let rows = self.reader().await?.conn().rows(sql, values![brief.as_str()]).await?;
        rows.iter().map(reply_of).collect()
    }

    /// How often this sender came with a secret that was none since then.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn wrong_secrets(&self, sender: &str, since: Timestamp) -> Result<u32, StoreError> {
        let sql = "SELECT COUNT(*) FROM (SELECT 1 FROM reply WHERE sender = $1 AND received_at > $2 AND code = 'OP-2811' LIMIT 100) AS few";
        let row = self.reader().await?.conn().row(sql, values![sender, since.as_microsecond()]).await?;
        row.map_or(Ok(0), |row| row.small(0))
    }

    /// How many answers with the secret of this one were refused since then after they were looked at; counted up to a hundred.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn doubts(&self, reply: &ReplyRow, since: Timestamp) -> Result<u32, StoreError> {
        // Those about a brief are found by it, whoever they say they are from.
        let sql = "SELECT COUNT(*) FROM (SELECT 1 FROM reply WHERE brief = (SELECT brief FROM letter WHERE token = $1) AND token = $1 \
                   AND received_at > $2 AND state = 'refused' AND code <> 'OP-2820' LIMIT 100) AS few";
        let row = self.reader().await?.conn().row(sql, values![&reply.token, since.as_microsecond()]).await?;
        row.map_or(Ok(0), |row| row.small(0))
    }

    /// Whether this is a copy, other than in its text, of an answer that has come to something already.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn is_settled_copy(&self, reply: &ReplyRow) -> Result<bool, StoreError> {
        let Some(original) = reply.dedup_key.strip_suffix(&copy_mark(&reply.raw)) else { return Ok(false) };
        let mut reader = self.reader().await?;
        let others = copies(&mut reader.conn(), &reply.source, &reply.token, original).await?;
        Ok(others.iter().any(|copy| copy.id != reply.id.as_str() && copy.came_to_something()))
    }

    /// Whether the secret of this name has decided something.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn is_used(&self, token: &str) -> Result<bool, StoreError> {
        let row = self.reader().await?.conn().row("SELECT 1 FROM used_token WHERE token = $1", values![token]).await?;
        Ok(row.is_some())
    }
}
