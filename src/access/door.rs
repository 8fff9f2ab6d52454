//! Signing in with a password, and setting one. INVARIANT: whether there is such a person, whether they have a password and whether they are
//! disabled makes no difference to the answer or to the work done for it.

use super::password::{Crowded, SALT_BYTES, judge};
use super::session::{Client, Opened, Session, Via, account_of, own};
use super::{Access, AccessError};
use crate::domain::id::SessionId;
use crate::policy::{Action, Kind, Permit, Principal, Resource};
use crate::store::{PersonRow, Proof, SetPassword, StoreError};

/// Longest name that is looked up, in bytes.
const LONGEST_NAME: usize = 254;
/// Longest password that is looked at, in bytes.
const LONGEST_PASSWORD: usize = 2048;

impl From<Crowded> for AccessError {
    fn from(_: Crowded) -> Self {
        Self::TooOften { retry_secs: 2 }
    }
}

impl Access {
    /// Signs a person in by name or e-mail address, and password.
    ///
    /// # Errors
    /// [`AccessError::TooOften`]; [`AccessError::Refused`] for anything but the right password of a person who may sign in.
    pub async fn sign_in(
        &self,
        name: &str,
        password: &str,
        client: &Client,
        replaces: Option<SessionId>,
    ) -> Result<Opened, AccessError> {
        self.try_from_address(&client.address)?;
        let name = name.trim();
        if name.is_empty() || name.len() > LONGEST_NAME || password.len() > LONGEST_PASSWORD {
            return Err(AccessError::Refused);
        }
        self.try_account(name).await?;
        let person = self.named(name).await?;
        // Whoever names an address counts against its user's name too, or against nobody's in the same way.
        let also = name
            .contains('@')
            .then(|| person.as_ref().map_or_else(|| format!("nobody at {name}"), |person| person.name.clone()));
        if let Some(also) = &also {
            self.try_account(also).await?;
        }
        let stored = match &person {
            Some(person) => self.store.password(&person.id).await?.map(|(phc, _)| phc),
            None => None,
        };
        let right = self.mill.verify(password.to_owned(), stored).await?;
        let person = person.filter(|person| right && !person.disabled && person.kind == "user");
        let person = person.ok_or(AccessError::Refused)?;
        for name in [Some(name), also.as_deref()].into_iter().flatten() {
            self.forget_tries(name).await?;
        }
        self.open(person.id, Via::Password, Proof::Password, client, replaces).await
    }

    /// The one person of a name or an address.
    async fn named(&self, name: &str) -> Result<Option<PersonRow>, AccessError> {
        match self.store.person(&name.to_lowercase()).await {
            Ok(person) => return Ok(Some(person)),
            Err(StoreError::NotFound { .. }) => {}
            Err(cause) => return Err(cause.into()),
        }
        let found = if name.contains('@') { self.store.persons_at(name).await? } else { Vec::new() };
        // An address that several people share names none of them.
        Ok(<[PersonRow; 1]>::try_from(found).ok().map(|[person]| person))
    }

    /// Sets one's own password in a browser: other sessions end, this one is opened anew.
    ///
    /// # Errors
    /// [`AccessError::Weak`]; [`AccessError::Stale`] when one signed in a while ago and the present password is not given;
    /// [`AccessError::Refused`] when it is given and wrong; [`AccessError::Denied`].
    pub async fn set_password(
        &self,
        principal: &Principal,
        session: &Session,
        present: Option<&str>,
        password: &str,
        client: &Client,
    ) -> Result<Opened, AccessError> {
        let permit = self.permit(principal, Action::AccountManageOwn, &account_of(principal))?;
        self.is_themselves(session, present, client).await?;
        let phc = self.hashed(principal, password).await?;
        let (new, secret) = self.new_session(session.via, client);
        let (id, until) = (new.id.clone(), new.until);
        self.put_password(principal, &session.person, Some(phc), Some(new), permit).await?;
        Ok(Opened { session: id, person: session.person.clone(), secret, until })
    }

    /// Sets one's own password with a token that carries everything: all sessions end.
    ///
    /// # Errors
    /// [`AccessError::Weak`], [`AccessError::Denied`]; [`AccessError::Malformed`] for a narrow token.
    pub async fn set_password_by_token(&self, principal: &Principal, password: &str) -> Result<(), AccessError> {
        let permit = self.permit(principal, Action::AccountManageOwn, &account_of(principal))?;
        self.carries_all(principal)?;
        let phc = self.hashed(principal, password).await?;
        self.put_password(principal, &own(principal)?, Some(phc), None, permit).await
    }

    /// Takes a person's password away, and ends their sessions: for who manages people.
    ///
    /// # Errors
    /// [`AccessError::Denied`]; [`StoreError::NotFound`] when they have none.
    pub async fn remove_password(&self, principal: &Principal, name: &str) -> Result<(), AccessError> {
        let _leave = self.permit(principal, Action::UserManage, &Resource::system())?;
        let person = self.store.person(name).await?.id;
        let permit = self.permit(principal, Action::UserManage, &Resource::new(Kind::User, person.as_str()))?;
        self.put_password(principal, &person, None, None, permit).await
    }

    async fn put_password(
        &self,
        principal: &Principal,
        person: &crate::domain::id::UserId,
        phc: Option<String>,
        session: Option<crate::store::NewSession>,
        permit: Permit,
    ) -> Result<(), AccessError> {
        let (actor, at, person) = (principal.user.clone(), self.clock.now(), person.clone());
        let put = self.store.set_password(SetPassword { person, phc, session, actor, permit, at }).await;
        self.sessions.clear();
        Ok(put?)
    }

    async fn hashed(&self, principal: &Principal, password: &str) -> Result<String, AccessError> {
        let person = self.store.person(&principal.user).await?;
        let known: Vec<&str> =
            std::iter::once(person.name.as_str()).chain(person.emails.iter().map(String::as_str)).collect();
        judge(password, &known)?;
        let mut salt = [0; SALT_BYTES];
        self.store.fill(&mut salt);
        Ok(self.mill.hash(password.to_owned(), salt).await?)
    }

    /// Nothing, when whoever sits before a browser is its session's person: they proved it a short while ago, or prove it now.
    ///
    /// # Errors
    /// [`AccessError::Stale`], [`AccessError::Refused`], [`AccessError::TooOften`].
    pub(super) async fn is_themselves(
        &self,
        session: &Session,
        present: Option<&str>,
        client: &Client,
    ) -> Result<(), AccessError> {
        if session.is_fresh(self.clock.now()) {
            return Ok(());
        }
        let Some(present) = present.filter(|present| !present.is_empty() && present.len() <= LONGEST_PASSWORD) else {
            return Err(AccessError::Stale);
        };
        self.try_from_address(&client.address)?;
        let name = self.store.person(session.person.as_str()).await?.name;
        self.try_account(&name).await?;
        let stored = self.store.password(&session.person).await?.map(|(phc, _)| phc);
        if !self.mill.verify(present.to_owned(), stored).await? {
            return Err(AccessError::Refused);
        }
        self.forget_tries(&name).await
    }
}
