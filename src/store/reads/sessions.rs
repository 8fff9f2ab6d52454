//! Signed-in browsers and invitations, as they are read. Whether one still holds is for the caller to judge.

use super::{id, time};
use crate::domain::id::{InvitationId, SessionId, UserId};
use crate::store::reads::PersonRow;
use crate::store::sql::{Row, values};
use crate::store::{Store, StoreError};
use jiff::Timestamp;

/// A signed-in browser; never its secret.
#[derive(Clone, Debug)]
pub struct SessionRow {
    /// Names it.
    pub id: SessionId,
    /// Whose.
    pub person: UserId,
    /// How its person proved who they are.
    pub via: String,
    /// What the browser calls itself.
    pub agent: String,
    /// Where it called from when it signed in.
    pub address: String,
    /// When it was opened.
    pub opened_at: Timestamp,
    /// When it was last noted to be in use; some minutes old.
    pub seen_at: Timestamp,
    /// The latest time at which it holds.
    pub until: Timestamp,
    /// When it was ended.
    pub ended_at: Option<Timestamp>,
}

/// A link that lets somebody in once; never its secret.
#[derive(Clone, Debug)]
pub struct InvitationRow {
    /// Names it.
    pub id: InvitationId,
    /// Whom it lets in.
    pub person: UserId,
    /// Who made it.
    pub made_by: String,
    /// When.
    pub at: Timestamp,
    /// When it ends.
    pub until: Timestamp,
    /// When it was used.
    pub used_at: Option<Timestamp>,
    /// When it was taken back.
    pub ended_at: Option<Timestamp>,
}

macro_rules! session_sql {
    ($rest:literal) => {
        concat!("SELECT id, person, via, agent, address, opened_at, seen_at, until_at, ended_at FROM session ", $rest)
    };
}
macro_rules! invitation_sql {
    ($rest:literal) => {
        concat!("SELECT id, person, made_by, at, until_at, used_at, ended_at FROM invitation ", $rest)
    };
}

fn session_of(row: &Row) -> Result<SessionRow, StoreError> {
    Ok(SessionRow {
        id: id(SessionId::parse(&row.text(0)?))?,
        person: id(UserId::parse(&row.text(1)?))?,
        via: row.text(2)?,
        agent: row.text(3)?,
        address: row.text(4)?,
        opened_at: time(row.int(5)?)?,
        seen_at: time(row.int(6)?)?,
        until: time(row.int(7)?)?,
        ended_at: row.maybe_int(8)?.map(time).transpose()?,
    })
}

fn invitation_of(row: &Row) -> Result<InvitationRow, StoreError> {
    Ok(InvitationRow {
        id: id(InvitationId::parse(&row.text(0)?))?,
        person: id(UserId::parse(&row.text(1)?))?,
        made_by: row.text(2)?,
        at: time(row.int(3)?)?,
        until: time(row.int(4)?)?,
        used_at: row.maybe_int(5)?.map(time).transpose()?,
        ended_at: row.maybe_int(6)?.map(time).transpose()?,
    })
}

impl Store {
    /// The session with a digest, and whose it is.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn session(&self, digest: &str) -> Result<Option<(SessionRow, PersonRow)>, StoreError> {
        let row = self.reader().await?.conn().row(session_sql!("WHERE digest = $1"), values![digest]).await?;
        let Some(session) = row.as_ref().map(session_of).transpose()? else { return Ok(None) };
        let person = self.person(session.person.as_str()).await?;
        Ok(Some((session, person)))
    }

    /// A session by its name.
    ///
    /// # Errors
    /// [`StoreError::NotFound`].
    pub async fn session_named(&self, session: &SessionId) -> Result<SessionRow, StoreError> {
        let row = self.reader().await?.conn().row(session_sql!("WHERE id = $1"), values![session.as_str()]).await?;
        let found = row.as_ref().map(session_of).transpose()?;
        found.ok_or_else(|| StoreError::NotFound { what: "session", id: session.to_string() })
    }

    /// Sessions that were not ended, of one person or of all, the newest first.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn sessions(&self, person: Option<&UserId>) -> Result<Vec<SessionRow>, StoreError> {
        let wanted = values![person.map_or("", UserId::as_str)];
        let sql = session_sql!("WHERE ($1 = '' OR person = $1) AND ended_at IS NULL ORDER BY id DESC");
        self.reader().await?.conn().rows(sql, wanted).await?.iter().map(session_of).collect()
    }

    /// The invitation with a digest, and whom it lets in.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn invitation(&self, digest: &str) -> Result<Option<(InvitationRow, PersonRow)>, StoreError> {
        let row = self.reader().await?.conn().row(invitation_sql!("WHERE digest = $1"), values![digest]).await?;
        let Some(invitation) = row.as_ref().map(invitation_of).transpose()? else { return Ok(None) };
        let person = self.person(invitation.person.as_str()).await?;
        Ok(Some((invitation, person)))
    }

    /// Invitations that were neither used nor taken back, the newest first.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn invitations(&self) -> Result<Vec<InvitationRow>, StoreError> {
        let sql = invitation_sql!("WHERE used_at IS NULL AND ended_at IS NULL ORDER BY id DESC");
        self.reader().await?.conn().rows(sql, vec![]).await?.iter().map(invitation_of).collect()
    }
}
