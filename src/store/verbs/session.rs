//! Signed-in browsers and the links that let somebody in: opening, using once, ending. INVARIANT: of a secret only its digest comes here; an
//! invitation opens one session and no more; whoever is disabled has neither.

use super::people::{About, told};
use crate::domain::id::{InvitationId, PasskeyId, SessionId, TieId, UserId};
use crate::policy::Permit;
use crate::receipt::Field;
use crate::store::queue::one_by_one;
use crate::store::sql::values;
use crate::store::tx::Tx;
use crate::store::{Store, StoreError};
use jiff::{SignedDuration, Timestamp};

/// For how long a session or invitation that ended is still listed.
const KEPT: SignedDuration = SignedDuration::from_hours(30 * 24);

/// A session to open.
#[derive(Clone, Debug)]
pub struct NewSession {
    /// Names it.
    pub id: SessionId,
    /// Lowercase hex SHA-256 of its secret.
    pub digest: String,
    /// How its person proved who they are: `invitation`, `password`, `passkey`, `provider`.
    pub via: &'static str,
    /// What the browser calls itself.
    pub agent: String,
    /// Where it called from.
    pub address: String,
    /// The latest time at which it holds.
    pub until: Timestamp,
}

/// Makes a link that lets a person in once.
#[derive(Debug)]
pub struct Invite {
    /// Names it.
    pub id: InvitationId,
    /// Whom it lets in.
    pub person: UserId,
    /// Lowercase hex SHA-256 of its secret.
    pub digest: String,
    /// When it ends.
    pub until: Timestamp,
    /// Who made it.
    pub actor: String,
    /// By what right.
    pub permit: Permit,
    /// When.
    pub at: Timestamp,
}

/// Uses an invitation: opens a session for its person.
#[derive(Debug)]
pub struct Redeem {
    /// Digest of the invitation's secret.
    pub digest: String,
    /// The session.
    pub session: NewSession,
    /// When.
    pub at: Timestamp,
}

/// What proved who somebody is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Proof {
    /// Their password.
    Password,
    /// A passkey, and how often it says it was used. One that does not count on may be a copy, and is refused.
    Passkey(PasskeyId, u32),
    /// A provider that they are tied to.
    Tie(TieId),
}

/// Opens a session for a person who proved who they are.
#[derive(Debug)]
pub struct OpenSession {
    /// Who.
    pub person: UserId,
    /// The session.
    pub session: NewSession,
    /// What proved it.
    pub proof: Proof,
    /// The session of the same browser that this one takes the place of, if it is still open.
    pub replaces: Option<SessionId>,
    /// When.
    pub at: Timestamp,
}

/// Which sessions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Sessions {
    /// One.
    One(SessionId),
    /// All of a person's but one.
    Others(UserId, SessionId),
    /// All of a person's.
    Of(UserId),
}

/// Ends sessions.
#[derive(Debug)]
pub struct EndSessions {
    /// Which.
    pub which: Sessions,
    /// Who did it.
    pub actor: String,
    /// By what right; `None`: their own person leaves.
    pub permit: Option<Permit>,
    /// When.
    pub at: Timestamp,
}

/// Takes an invitation back.
#[derive(Debug)]
pub struct EndInvitation {
    /// Which.
    pub id: InvitationId,
    /// Who did it.
    pub actor: String,
    /// By what right.
    pub permit: Permit,
    /// When.
    pub at: Timestamp,
}

/// Notes that a session is in use. Leaves no receipt: it tells nothing that happened.
#[derive(Debug)]
pub struct SeeSession {
    /// Which.
    pub id: SessionId,
    /// When.
    pub at: Timestamp,
}

one_by_one!(Invite, (), invite);
one_by_one!(Redeem, UserId, redeem);
one_by_one!(OpenSession, (), open_session);
one_by_one!(EndSessions, u64, end_sessions);
one_by_one!(EndInvitation, (), end_invitation);
one_by_one!(SeeSession, (), see_session);

pub(super) type Refusable<T> = Result<Result<T, StoreError>, StoreError>;

/// Nothing, when this is a person who may sign in.
pub(super) async fn may_sign_in(person: &UserId, tx: &mut Tx<'_>) -> Refusable<()> {
    // The row is kept until the transaction ends, so that nobody is disabled between the look and the session.
    let sql = if tx.conn.is_postgres() {
        "SELECT kind, disabled FROM person WHERE id = $1 FOR UPDATE"
    } else {
        "SELECT kind, disabled FROM person WHERE id = $1"
    };
    let Some(row) = tx.conn.row(sql, values![person.as_str()]).await? else {
        return Ok(Err(StoreError::NotFound { what: "user", id: person.to_string() }));
    };
    if row.text(0)? != "user" || row.int(1)? != 0 {
        return Ok(Err(StoreError::Conflict { what: format!("`{person}` may not sign in: disabled, or no person") }));
    }
    Ok(Ok(()))
}

async fn invite(item: &Invite, tx: &mut Tx<'_>) -> Refusable<()> {
    if let Err(refused) = may_sign_in(&item.person, tx).await? {
        return Ok(Err(refused));
    }
    let (id, person, at) = (item.id.as_str(), item.person.as_str(), item.at.as_microsecond());
    let old = "DELETE FROM invitation WHERE person = $1 AND until_at < $2";
    tx.conn.run(old, values![person, past(item.at)]).await?;
    let sql = "INSERT INTO invitation (id, person, digest, made_by, at, until_at) VALUES ($1, $2, $3, $4, $5, $6)";
    let row = values![id, person, &item.digest, &item.actor, at, item.until.as_microsecond()];
    tx.conn.run(sql, row).await?;
    let about = About { kind: "invitation.made", subject: person, actor: &item.actor, at: item.at };
    let until = item.until.to_string();
    told(&about, Some(&item.permit), &[("invitation", Field::Text(id)), ("until", Field::Text(&until))], tx)?;
    Ok(Ok(()))
}

async fn redeem(item: &Redeem, tx: &mut Tx<'_>) -> Refusable<UserId> {
    let refused = || Ok(Err(StoreError::Conflict { what: "the invitation was used, taken back, or is over".into() }));
    let sql = "SELECT person FROM invitation WHERE digest = $1";
    let Some(row) = tx.conn.row(sql, values![&item.digest]).await? else { return refused() };
    let person = crate::store::reads::id(UserId::parse(&row.text(0)?))?;
    if may_sign_in(&person, tx).await?.is_err() {
        return refused();
    }
    // INVARIANT: of two who use it at once, the statement lets one.
    let sql = "UPDATE invitation SET used_at = $2 WHERE digest = $1 AND used_at IS NULL AND ended_at IS NULL AND until_at > $2 \
               RETURNING id";
    let Some(row) = tx.conn.row(sql, values![&item.digest, item.at.as_microsecond()]).await? else { return refused() };
    begin(&person, &item.session, &row.text(0)?, item.at, tx).await?;
    Ok(Ok(person))
}

async fn open_session(item: &OpenSession, tx: &mut Tx<'_>) -> Refusable<()> {
    if let Err(refused) = may_sign_in(&item.person, tx).await? {
        return Ok(Err(refused));
    }
    let at = item.at.as_microsecond();
    let proof = match &item.proof {
        Proof::Password => "",
        Proof::Passkey(passkey, count) => {
            let sql = "UPDATE passkey SET sign_count = $3, used_at = $4 WHERE id = $1 AND person = $2 \
                       AND (sign_count < $3 OR (sign_count = 0 AND $3 = 0))";
            if tx.conn.run(sql, values![passkey.as_str(), item.person.as_str(), *count, at]).await? == 0 {
                return Ok(Err(StoreError::Conflict { what: "the passkey was taken away, or may be a copy".into() }));
            }
            passkey.as_str()
        }
        Proof::Tie(tie) => {
            let sql = "UPDATE tie SET used_at = $3 WHERE id = $1 AND person = $2";
            if tx.conn.run(sql, values![tie.as_str(), item.person.as_str(), at]).await? == 0 {
                return Ok(Err(StoreError::Conflict { what: "the tie to the provider was taken away".into() }));
            }
            tie.as_str()
        }
    };
    if let Some(old) = &item.replaces {
        end(&Sessions::One(old.clone()), item.person.as_str(), None, item.at, tx).await?;
    }
    begin(&item.person, &item.session, proof, item.at, tx).await?;
    Ok(Ok(()))
}

/// Puts a session down, with its receipt.
pub(super) async fn begin(
    person: &UserId,
    new: &NewSession,
    proof: &str,
    at: Timestamp,
    tx: &mut Tx<'_>,
) -> Result<(), StoreError> {
    let old = "DELETE FROM session WHERE person = $1 AND (until_at < $2 OR ended_at < $2)";
    tx.conn.run(old, values![person.as_str(), past(at)]).await?;
    let sql = "INSERT INTO session (id, person, digest, via, agent, address, opened_at, seen_at, until_at) \
               VALUES ($1, $2, $3, $4, $5, $6, $7, $7, $8)";
    let (now, until) = (at.as_microsecond(), new.until.as_microsecond());
    let row = values![new.id.as_str(), person.as_str(), &new.digest, new.via, &new.agent, &new.address, now, until];
    tx.conn.run(sql, row).await?;
    let about = About { kind: "session.opened", subject: person.as_str(), actor: person.as_str(), at };
    let proof = if proof.is_empty() { Field::Null } else { Field::Text(proof) };
    let fields = [("proof", proof), ("session", Field::Text(new.id.as_str())), ("via", Field::Text(new.via))];
    told_plainly(&about, &fields, tx)
}

/// As [`told`], where no policy was asked: a person proved who they are, or left.
pub(super) fn told_plainly(about: &About<'_>, fields: &[(&str, Field<'_>)], tx: &mut Tx<'_>) -> Result<(), StoreError> {
    let body = crate::receipt::Body::of(fields).map_err(|cause| StoreError::corrupt(cause.to_string()))?;
    let note = crate::store::tx::Note {
        at: about.at,
        kind: about.kind,
        tenant: "",
        pilot: None,
        subject: about.subject,
        actor: about.actor,
    };
    tx.receipt(&note, &body)
}

/// Ends sessions that are open, each with a receipt; how many.
pub(super) async fn end(
    which: &Sessions,
    actor: &str,
    permit: Option<&Permit>,
    at: Timestamp,
    tx: &mut Tx<'_>,
) -> Result<u64, StoreError> {
    let now = at.as_microsecond();
    let rows = match which {
        Sessions::One(id) => {
            let sql = "UPDATE session SET ended_at = $2 WHERE id = $1 AND ended_at IS NULL RETURNING id, person";
            tx.conn.rows(sql, values![id.as_str(), now]).await?
        }
        Sessions::Others(person, kept) => {
            let sql = "UPDATE session SET ended_at = $2 WHERE person = $1 AND id <> $3 AND ended_at IS NULL AND until_at > $2 \
                       RETURNING id, person";
            tx.conn.rows(sql, values![person.as_str(), now, kept.as_str()]).await?
        }
        Sessions::Of(person) => {
            let sql = "UPDATE session SET ended_at = $2 WHERE person = $1 AND ended_at IS NULL AND until_at > $2 \
                       RETURNING id, person";
            tx.conn.rows(sql, values![person.as_str(), now]).await?
        }
    };
    for row in &rows {
        let (id, person) = (row.text(0)?, row.text(1)?);
        let about = About { kind: "session.ended", subject: &person, actor, at };
        let session = [("session", Field::Text(&id))];
        match permit {
            Some(permit) => told(&about, Some(permit), &session, tx)?,
            None => told_plainly(&about, &session, tx)?,
        }
    }
    Ok(rows.len() as u64)
}

async fn end_sessions(item: &EndSessions, tx: &mut Tx<'_>) -> Refusable<u64> {
    let ended = end(&item.which, &item.actor, item.permit.as_ref(), item.at, tx).await?;
    if let (0, Sessions::One(id)) = (ended, &item.which) {
        return Ok(Err(StoreError::NotFound { what: "open session", id: id.to_string() }));
    }
    Ok(Ok(ended))
}

async fn end_invitation(item: &EndInvitation, tx: &mut Tx<'_>) -> Refusable<()> {
    let sql = "UPDATE invitation SET ended_at = $2 WHERE id = $1 AND used_at IS NULL AND ended_at IS NULL AND until_at > $2 \
               RETURNING person";
    let Some(row) = tx.conn.row(sql, values![item.id.as_str(), item.at.as_microsecond()]).await? else {
        return Ok(Err(StoreError::NotFound { what: "open invitation", id: item.id.to_string() }));
    };
    let person = row.text(0)?;
    let about = About { kind: "invitation.ended", subject: &person, actor: &item.actor, at: item.at };
    told(&about, Some(&item.permit), &[("invitation", Field::Text(item.id.as_str()))], tx)?;
    Ok(Ok(()))
}

async fn see_session(item: &SeeSession, tx: &mut Tx<'_>) -> Refusable<()> {
    let sql = "UPDATE session SET seen_at = $2 WHERE id = $1 AND ended_at IS NULL AND seen_at < $2";
    tx.conn.run(sql, values![item.id.as_str(), item.at.as_microsecond()]).await?;
    Ok(Ok(()))
}

/// What ended before this is not kept.
fn past(at: Timestamp) -> i64 {
    at.checked_sub(KEPT).unwrap_or(Timestamp::UNIX_EPOCH).as_microsecond()
}

impl Store {
    /// Makes a link that lets a person in once.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] for nobody, [`StoreError::Conflict`] for whoever may not sign in.
    pub async fn invite(&self, verb: Invite) -> Result<(), StoreError> {
        self.submit(verb).await
    }

    /// Uses an invitation; whom it let in.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] when it is unknown, used, taken back or over, or its person is disabled.
    pub async fn redeem(&self, verb: Redeem) -> Result<UserId, StoreError> {
        self.submit(verb).await
    }

    /// Opens a session.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] for nobody, [`StoreError::Conflict`] for whoever may not sign in.
    pub async fn open_session(&self, verb: OpenSession) -> Result<(), StoreError> {
        self.submit(verb).await
    }

    /// Ends sessions; how many were open.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] when one was named that is not open.
    pub async fn end_sessions(&self, verb: EndSessions) -> Result<u64, StoreError> {
        self.submit(verb).await
    }

    /// Takes an invitation back.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] when it is not open.
    pub async fn end_invitation(&self, verb: EndInvitation) -> Result<(), StoreError> {
        self.submit(verb).await
    }

    /// Notes that a session is in use.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn see_session(&self, verb: SeeSession) -> Result<(), StoreError> {
        self.submit(verb).await
    }
}
