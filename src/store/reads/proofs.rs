//! What people prove themselves with, as it is read.

use super::{id, time};
use crate::domain::id::{PasskeyId, TieId, UserId};
use crate::store::reads::PersonRow;
use crate::store::sql::{Row, values};
use crate::store::{Store, StoreError};
use jiff::Timestamp;

/// A passkey.
#[derive(Clone, Debug)]
pub struct PasskeyRow {
    /// Names it.
    pub id: PasskeyId,
    /// Whose.
    pub person: UserId,
    /// What the authenticator calls it, in base64url.
    pub credential: String,
    /// Public key (COSE).
    pub public_key: Vec<u8>,
    /// How often it was used, as it last said.
    pub sign_count: u32,
    /// How the browser reaches it, space-separated.
    pub transports: String,
    /// What its person calls it.
    pub name: String,
    /// When it was added.
    pub at: Timestamp,
    /// When it last signed its person in.
    pub used_at: Option<Timestamp>,
}

/// A tie between a person and who they are at a provider.
#[derive(Clone, Debug)]
pub struct TieRow {
    /// Names it.
    pub id: TieId,
    /// Whose.
    pub person: UserId,
    /// The provider's name here.
    pub provider: String,
    /// When it was made.
    pub at: Timestamp,
    /// When it last signed its person in.
    pub used_at: Option<Timestamp>,
}

macro_rules! passkey_sql {
    ($rest:literal) => {
        concat!(
            "SELECT id, person, credential, public_key, sign_count, transports, name, at, used_at FROM passkey ",
            $rest
        )
    };
}
macro_rules! tie_sql {
    ($rest:literal) => {
        concat!("SELECT id, person, provider, at, used_at FROM tie ", $rest)
    };
}

fn passkey_of(row: &Row) -> Result<PasskeyRow, StoreError> {
    Ok(PasskeyRow {
        id: id(PasskeyId::parse(&row.text(0)?))?,
        person: id(UserId::parse(&row.text(1)?))?,
        credential: row.text(2)?,
        public_key: row.bytes(3)?,
        sign_count: row.small(4)?,
        transports: row.text(5)?,
        name: row.text(6)?,
        at: time(row.int(7)?)?,
        used_at: row.maybe_int(8)?.map(time).transpose()?,
    })
}

fn tie_of(row: &Row) -> Result<TieRow, StoreError> {
    Ok(TieRow {
        id: id(TieId::parse(&row.text(0)?))?,
        person: id(UserId::parse(&row.text(1)?))?,
        provider: row.text(2)?,
        at: time(row.int(3)?)?,
        used_at: row.maybe_int(4)?.map(time).transpose()?,
    })
}

impl Store {
    /// A person's password as Argon2id left it, and since when.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn password(&self, person: &UserId) -> Result<Option<(String, Timestamp)>, StoreError> {
        let sql = "SELECT phc, at FROM password WHERE person = $1";
        let row = self.reader().await?.conn().row(sql, values![person.as_str()]).await?;
        row.map(|row| Ok((row.text(0)?, time(row.int(1)?)?))).transpose()
    }

    /// A person's passkeys, the oldest first.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn passkeys(&self, person: &UserId) -> Result<Vec<PasskeyRow>, StoreError> {
        let sql = passkey_sql!("WHERE person = $1 ORDER BY id");
        self.reader().await?.conn().rows(sql, values![person.as_str()]).await?.iter().map(passkey_of).collect()
    }

    /// The passkey that an authenticator calls so.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn passkey(&self, credential: &str) -> Result<Option<PasskeyRow>, StoreError> {
        let sql = passkey_sql!("WHERE credential = $1");
        let row = self.reader().await?.conn().row(sql, values![credential]).await?;
        row.as_ref().map(passkey_of).transpose()
    }

    /// A person's ties to providers, the oldest first.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn ties(&self, person: &UserId) -> Result<Vec<TieRow>, StoreError> {
        let sql = tie_sql!("WHERE person = $1 ORDER BY id");
        self.reader().await?.conn().rows(sql, values![person.as_str()]).await?.iter().map(tie_of).collect()
    }

    /// The tie to who somebody is at an issuer.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn tie_to(&self, issuer: &str, subject: &str) -> Result<Option<TieRow>, StoreError> {
        let sql = tie_sql!("WHERE issuer = $1 AND subject = $2");
        let row = self.reader().await?.conn().row(sql, values![issuer, subject]).await?;
        row.as_ref().map(tie_of).transpose()
    }

    /// People with an e-mail address, whatever its case.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn persons_at(&self, email: &str) -> Result<Vec<PersonRow>, StoreError> {
        let mut persons = self.persons().await?;
        persons.retain(|person| person.emails.iter().any(|known| known.eq_ignore_ascii_case(email)));
        Ok(persons)
    }
}
