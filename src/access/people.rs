//! Managing people and tokens: each act asks the policy and leaves a receipt.

use super::{Access, AccessError};
use crate::domain::id::{PermitId, TokenId, UserId};
use crate::policy::{Action, Ask, Kind, Permit, Principal, Resource, Role, Scope, TokenScope};
use crate::store::{
    AddPerson, AddToken, AddressPerson, DisablePerson, GrantRole, PersonRow, RevokeToken, Right, SetDigest, Store,
    StoreError, TokenRow,
};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::Timestamp;
use opspilot_sdk::sha256_hex;
use std::collections::BTreeSet;

/// What every token begins with, so that a leaked one can be recognised.
pub(super) const TOKEN_PREFIX: &str = "opp_";

/// A person to add.
#[derive(Clone, Debug)]
pub struct NewPerson {
    /// Name, unique: lowercase letters, digits, `.`, `_`, `-`.
    pub name: String,
    /// E-mail addresses; letters go to the first.
    pub emails: Vec<String>,
    /// Roles with scopes.
    pub grants: Vec<(Role, Scope)>,
}

/// A token to make.
#[derive(Clone, Debug)]
pub struct NewToken {
    /// What for.
    pub name: String,
    /// What it is narrowed to; `None`: all its person may do.
    pub scopes: Option<BTreeSet<TokenScope>>,
    /// When it ends.
    pub expires_at: Option<Timestamp>,
}

/// A token just made: the only time its secret is seen.
pub struct Made {
    /// Names it.
    pub id: TokenId,
    /// The secret. Show it once.
    pub secret: String,
}

fn judge_name(name: &str) -> Result<(), AccessError> {
    let fits = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || matches!(byte, b'.' | b'_' | b'-');
    if name.is_empty() || name.len() > 64 || !name.bytes().all(fits) {
        let what = format!(
            "`{}` is no user name; use 1 to 64 lowercase letters, digits, `.`, `_` or `-`",
            name.chars().take(64).collect::<String>()
        );
        return Err(AccessError::Malformed { what });
    }
    Ok(())
}

/// Addresses that a person may have: none twice, at most five, each in one piece.
fn judge_emails(emails: Vec<String>) -> Result<Vec<String>, AccessError> {
    let mut judged: Vec<String> = Vec::with_capacity(emails.len());
    for email in emails {
        let email = email.trim().to_owned();
        let one = !email.chars().any(|one| one.is_control() || one.is_whitespace());
        let halves = email.rsplit_once('@').is_some_and(|(local, domain)| !local.is_empty() && !domain.is_empty());
        if email.len() > 254 || !one || !halves {
            let shown: String = email.chars().take(64).collect();
            let what = format!("`{shown}` is no e-mail address; correct it or leave it out");
            return Err(AccessError::Malformed { what });
        }
        if !judged.iter().any(|known| known.eq_ignore_ascii_case(&email)) {
            judged.push(email);
        }
    }
    if judged.len() > 5 {
        return Err(AccessError::Malformed { what: "a person has at most five e-mail addresses; name fewer".into() });
    }
    Ok(judged)
}

/// A secret of 256 bits, and its digest.
pub(super) fn new_secret(store: &Store, prefix: &str) -> (String, String) {
    let mut random = [0; 32];
    store.fill(&mut random);
    let secret = format!("{prefix}{}", URL_SAFE_NO_PAD.encode(random));
    let digest = sha256_hex(secret.as_bytes());
    (secret, digest)
}

/// Adds the very first person of a new store, an owner over all, and makes them a token.
///
/// # Errors
/// [`StoreError::Conflict`] when there is anybody already.
pub async fn first_person(store: &Store, name: &str, email: Option<&str>) -> Result<(UserId, Made), AccessError> {
    judge_name(name)?;
    let at = store.now();
    let id = UserId::new(at, store.chance());
    let grants =
        vec![(Role::Owner.to_string(), Scope::All.to_string()), (Role::Reviewer.to_string(), Scope::All.to_string())];
    let emails = judge_emails(email.map(str::to_owned).into_iter().collect())?;
    let actor = id.to_string();
    let person = AddPerson {
        id: id.clone(),
        name: name.to_owned(),
        emails,
        kind: "user",
        grants,
        actor,
        right: Right::First,
        at,
    };
    store.add_person(person).await?;
    let (secret, digest) = new_secret(store, TOKEN_PREFIX);
    let token = TokenId::new(at, store.chance());
    let (person, actor) = (id.clone(), id.to_string());
    let row = AddToken {
        id: token.clone(),
        person,
        name: "first".into(),
        digest,
        scopes: None,
        expires_at: None,
        actor,
        right: Right::First,
        at,
    };
    store.add_token(row).await?;
    Ok((id, Made { id: token, secret }))
}

impl Access {
    pub(super) fn permit(
        &self,
        principal: &Principal,
        action: Action,
        resource: &Resource,
    ) -> Result<Permit, AccessError> {
        let id = PermitId::new(self.clock.now(), self.store.chance());
        Ok(self.policies.permit(&Ask { principal, action, resource }, id.to_string())?)
    }

    /// Everybody.
    ///
    /// # Errors
    /// [`AccessError::Denied`] unless the principal manages users.
    pub async fn people(&self, principal: &Principal) -> Result<Vec<PersonRow>, AccessError> {
        let _leave_to_read = self.permit(principal, Action::UserManage, &Resource::system())?;
        Ok(self.store.persons().await?)
    }

    /// Adds a person.
    ///
    /// # Errors
    /// [`AccessError::Denied`], [`AccessError::Malformed`], or [`StoreError::Conflict`] when the name is taken.
    pub async fn add_person(&self, principal: &Principal, new: NewPerson) -> Result<UserId, AccessError> {
        judge_name(&new.name)?;
        let permit = self.permit(principal, Action::UserManage, &Resource::system())?;
        let at = self.clock.now();
        let id = UserId::new(at, self.store.chance());
        let grants = new.grants.iter().map(|(role, scope)| (role.to_string(), scope.to_string())).collect();
        let (actor, right) = (principal.user.clone(), Right::Permit(permit));
        let (name, emails) = (new.name, judge_emails(new.emails)?);
        self.store
            .add_person(AddPerson { id: id.clone(), name, emails, kind: "user", grants, actor, right, at })
            .await?;
        Ok(id)
    }

    /// Puts other addresses in the place of a person's: letters go to the first, and answers count from each.
    ///
    /// # Errors
    /// [`AccessError::Denied`], [`AccessError::Malformed`], [`StoreError::NotFound`].
    pub async fn address(&self, principal: &Principal, name: &str, emails: Vec<String>) -> Result<(), AccessError> {
        let emails = judge_emails(emails)?;
        let person = self.store.person(name).await?.id;
        let permit = self.permit(principal, Action::UserManage, &Resource::new(Kind::User, person.as_str()))?;
        let (actor, at) = (principal.user.clone(), self.clock.now());
        self.store.address_person(AddressPerson { person, emails, actor, permit, at }).await?;
        Ok(())
    }

    /// Disables a person, or lets them back in.
    ///
    /// # Errors
    /// [`AccessError::Denied`], [`StoreError::NotFound`].
    pub async fn disable_person(&self, principal: &Principal, name: &str, disabled: bool) -> Result<(), AccessError> {
        let person = self.store.person(name).await?.id;
        let permit = self.permit(principal, Action::UserManage, &Resource::new(Kind::User, person.as_str()))?;
        let (actor, at) = (principal.user.clone(), self.clock.now());
        self.store.disable_person(DisablePerson { person, disabled, actor, permit, at }).await?;
        self.forget();
        Ok(())
    }

    /// Turns a person's digests on or off.
    ///
    /// # Errors
    /// [`AccessError::Denied`], [`StoreError::NotFound`].
    pub async fn set_digest(&self, principal: &Principal, name: &str, wanted: bool) -> Result<(), AccessError> {
        let person = self.store.person(name).await?.id;
        let permit = self.permit(principal, Action::UserManage, &Resource::new(Kind::User, person.as_str()))?;
        let (actor, at) = (principal.user.clone(), self.clock.now());
        Ok(self.store.set_digest(SetDigest { person, wanted, actor, permit, at }).await?)
    }

    /// Gives a person a role, or takes it.
    ///
    /// # Errors
    /// [`AccessError::Denied`], [`StoreError::NotFound`].
    pub async fn grant(
        &self,
        principal: &Principal,
        name: &str,
        role: Role,
        scope: &Scope,
        give: bool,
    ) -> Result<(), AccessError> {
        let person = self.store.person(name).await?.id;
        let permit = self.permit(principal, Action::UserManage, &Resource::new(Kind::User, person.as_str()))?;
        let (role, scope, actor, at) = (role.to_string(), scope.to_string(), principal.user.clone(), self.clock.now());
        self.store.grant_role(GrantRole { person, role, scope, give, actor, permit, at }).await?;
        self.forget();
        Ok(())
    }

    /// Makes a token for a person; one's own is a smaller right than another's.
    ///
    /// # Errors
    /// [`AccessError::Denied`]; [`AccessError::Malformed`] when it would carry more than the token used to make it.
    pub async fn add_token(&self, principal: &Principal, name: &str, new: NewToken) -> Result<Made, AccessError> {
        let person = self.store.person(name).await?.id;
        let all: BTreeSet<TokenScope> = Action::ALL.iter().map(|action| TokenScope::Action(*action)).collect();
        if !principal.may_hand_on(new.scopes.as_ref().unwrap_or(&all)) {
            return Err(AccessError::Malformed {
                what: "a token cannot make one that carries more than itself; name fewer scopes".into(),
            });
        }
        let at = self.clock.now();
        let id = TokenId::new(at, self.store.chance());
        let permit = self.token_permit(principal, &person, id.as_str())?;
        let (secret, digest) = new_secret(&self.store, TOKEN_PREFIX);
        let scopes = new.scopes.map(|scopes| scopes.iter().map(ToString::to_string).collect::<Vec<_>>().join(" "));
        let (actor, right) = (principal.user.clone(), Right::Permit(permit));
        let (name, expires_at) = (new.name, new.expires_at);
        self.store
            .add_token(AddToken { id: id.clone(), person, name, digest, scopes, expires_at, actor, right, at })
            .await?;
        Ok(Made { id, secret })
    }

    /// Tokens: one's own, or everybody's for who manages tokens.
    ///
    /// # Errors
    /// [`AccessError::Denied`].
    pub async fn tokens(&self, principal: &Principal, all: bool) -> Result<Vec<TokenRow>, AccessError> {
        if all {
            let _leave_to_read = self.permit(principal, Action::TokenManage, &Resource::system())?;
            return Ok(self.store.tokens(None).await?);
        }
        let person =
            UserId::parse(&principal.user).map_err(|cause| AccessError::Malformed { what: cause.to_string() })?;
        Ok(self.store.tokens(Some(&person)).await?)
    }

    /// Ends a token.
    ///
    /// # Errors
    /// [`AccessError::Denied`], [`StoreError::NotFound`].
    pub async fn revoke_token(&self, principal: &Principal, token: &TokenId) -> Result<(), AccessError> {
        let known = self.store.tokens(None).await?.into_iter().find(|row| row.id == *token);
        let row = known.ok_or_else(|| StoreError::NotFound { what: "token", id: token.to_string() })?;
        let permit = self.token_permit(principal, &row.person, token.as_str())?;
        let (actor, at) = (principal.user.clone(), self.clock.now());
        self.store.revoke_token(RevokeToken { token: token.clone(), actor, permit, at }).await?;
        self.forget();
        Ok(())
    }

    fn token_permit(&self, principal: &Principal, person: &UserId, token: &str) -> Result<Permit, AccessError> {
        let mut resource = Resource::new(Kind::Token, token);
        resource.owner = Some(person.to_string());
        let own = principal.user == person.as_str();
        self.permit(principal, if own { Action::TokenManageOwn } else { Action::TokenManage }, &resource)
    }
}
