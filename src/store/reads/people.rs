//! People, their roles and their tokens, as they are read.

use super::{id, time};
use crate::domain::id::{TokenId, UserId};
use crate::store::sql::{Row, values};
use crate::store::{Store, StoreError};
use jiff::Timestamp;

/// A person or service.
#[derive(Clone, Debug)]
pub struct PersonRow {
    /// Its name in receipts.
    pub id: UserId,
    /// Its name for people.
    pub name: String,
    /// E-mail addresses; letters go to the first.
    pub emails: Vec<String>,
    /// `user` or `service`.
    pub kind: String,
    /// Whether it may do nothing any more.
    pub disabled: bool,
    /// Whether it gets digests of the pilots that tell it by mail.
    pub digest: bool,
    /// Roles and scopes.
    pub grants: Vec<(String, String)>,
    /// When it was added.
    pub added_at: Timestamp,
}

/// A token; never its secret.
#[derive(Clone, Debug)]
pub struct TokenRow {
    /// Names it.
    pub id: TokenId,
    /// Whose.
    pub person: UserId,
    /// What for.
    pub name: String,
    /// What it is narrowed to.
    pub scopes: Option<String>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it ends.
    pub expires_at: Option<Timestamp>,
    /// When it was ended.
    pub revoked_at: Option<Timestamp>,
}

macro_rules! person_sql {
    ($rest:literal) => {
        concat!("SELECT id, name, email, kind, disabled, added_at, digest_off FROM person ", $rest)
    };
}
macro_rules! token_sql {
    ($rest:literal) => {
        concat!("SELECT id, person, name, scopes, created_at, expires_at, revoked_at FROM token ", $rest)
    };
}

fn token_of(row: &Row) -> Result<TokenRow, StoreError> {
    Ok(TokenRow {
        id: id(TokenId::parse(&row.text(0)?))?,
        person: id(UserId::parse(&row.text(1)?))?,
        name: row.text(2)?,
        scopes: row.maybe_text(3)?,
        created_at: time(row.int(4)?)?,
        expires_at: row.maybe_int(5)?.map(time).transpose()?,
        revoked_at: row.maybe_int(6)?.map(time).transpose()?,
    })
}

impl PersonRow {
    /// Where letters go.
    #[must_use]
    pub fn email(&self) -> Option<&str> {
        self.emails.first().map(String::as_str)
    }
}

impl Store {
    /// Everybody.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn persons(&self) -> Result<Vec<PersonRow>, StoreError> {
        self.some_persons(person_sql!("ORDER BY name"), vec![]).await
    }

    /// A person by name or identifier.
    ///
    /// # Errors
    /// [`StoreError::NotFound`].
    pub async fn person(&self, name: &str) -> Result<PersonRow, StoreError> {
        let found = self.some_persons(person_sql!("WHERE name = $1 OR id = $1"), values![name]).await?;
        found.into_iter().next().ok_or_else(|| StoreError::NotFound { what: "user", id: name.to_owned() })
    }

    /// The token with a digest, and whose it is. Whether it still holds is for the caller to judge.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn token(&self, digest: &str) -> Result<Option<(TokenRow, PersonRow)>, StoreError> {
        let row = self.reader().await?.conn().row(token_sql!("WHERE digest = $1"), values![digest]).await?;
        let Some(token) = row.as_ref().map(token_of).transpose()? else { return Ok(None) };
        let person = self.person(token.person.as_str()).await?;
        Ok(Some((token, person)))
    }

    /// Tokens, of one person or of all.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn tokens(&self, person: Option<&UserId>) -> Result<Vec<TokenRow>, StoreError> {
        let wanted = values![person.map_or("", UserId::as_str)];
        let rows =
            self.reader().await?.conn().rows(token_sql!("WHERE $1 = '' OR person = $1 ORDER BY id"), wanted).await?;
        rows.iter().map(token_of).collect()
    }

    async fn some_persons(
        &self,
        sql: &'static str,
        wanted: Vec<crate::store::sql::Value<'_>>,
    ) -> Result<Vec<PersonRow>, StoreError> {
        let mut reader = self.reader().await?;
        let mut conn = reader.conn();
        let mut persons = Vec::new();
        for row in conn.rows(sql, wanted).await? {
            let person = row.text(0)?;
            let sql = "SELECT role, scope FROM role_grant WHERE person = $1 ORDER BY role, scope";
            let grants = conn.rows(sql, values![&person]).await?;
            persons.push(PersonRow {
                id: id(UserId::parse(&person))?,
                name: row.text(1)?,
                emails: row.maybe_text(2)?.unwrap_or_default().split_whitespace().map(str::to_owned).collect(),
                kind: row.text(3)?,
                disabled: row.int(4)? != 0,
                digest: row.int(6)? == 0,
                grants: grants.iter().map(|row| Ok((row.text(0)?, row.text(1)?))).collect::<Result<_, StoreError>>()?,
                added_at: time(row.int(5)?)?,
            });
        }
        Ok(persons)
    }
}
