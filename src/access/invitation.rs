//! Links that let somebody in once: made by whoever manages people, used by the person they are for. INVARIANT: looking at an invitation
//! changes nothing; using it ends it in the transaction that opens the session.

use super::people::new_secret;
use super::session::{Client, Opened, Via};
use super::{Access, AccessError};
use crate::domain::id::InvitationId;
use crate::policy::{Action, Kind, Principal, Resource, TokenScope};
use crate::store::{EndInvitation, InvitationRow, Invite, Redeem, StoreError};
use jiff::Timestamp;
use opspilot_sdk::sha256_hex;

/// What every invitation's secret begins with, so that a leaked one can be recognised.
const INVITATION_PREFIX: &str = "opi_";

/// An invitation just made: the only time its secret is seen.
pub struct Invited {
    /// Names it.
    pub id: InvitationId,
    /// The secret, for the link.
    pub secret: String,
    /// When it ends.
    pub until: Timestamp,
}

/// What an invitation in force says to whoever holds it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Letting {
    /// Whom it lets in, by name.
    pub name: String,
    /// When it ends.
    pub until: Timestamp,
}

impl Access {
    /// Makes a link that lets a person in once.
    ///
    /// # Errors
    /// [`AccessError::Denied`]; [`AccessError::Malformed`] when made by a token that carries less than a session does;
    /// [`StoreError::NotFound`], or [`StoreError::Conflict`] for whoever is disabled.
    pub async fn invite(&self, principal: &Principal, name: &str) -> Result<Invited, AccessError> {
        let _leave = self.permit(principal, Action::UserManage, &Resource::system())?;
        self.carries_all(principal)?;
        let person = self.store.person(name).await?.id;
        let permit = self.permit(principal, Action::UserManage, &Resource::new(Kind::User, person.as_str()))?;
        let at = self.clock.now();
        let id = InvitationId::new(at, self.store.chance());
        let (secret, digest) = new_secret(&self.store, INVITATION_PREFIX);
        let until = at.saturating_add(self.lives.invitation).unwrap_or(at);
        let actor = principal.user.clone();
        self.store.invite(Invite { id: id.clone(), person, digest, until, actor, permit, at }).await?;
        Ok(Invited { id, secret, until })
    }

    /// Whom an invitation would let in. Changes nothing.
    ///
    /// # Errors
    /// [`AccessError::NoInvitation`] for anything but one in force.
    pub async fn invited(&self, secret: &str) -> Result<Letting, AccessError> {
        let (row, person) = self.store.invitation(&digest_of(secret)?).await?.ok_or(AccessError::NoInvitation)?;
        let over = row.used_at.is_some() || row.ended_at.is_some() || row.until <= self.clock.now();
        if over || person.disabled || person.kind != "user" {
            return Err(AccessError::NoInvitation);
        }
        Ok(Letting { name: person.name, until: row.until })
    }

    /// Uses an invitation: its person is signed in.
    ///
    /// # Errors
    /// [`AccessError::NoInvitation`] for anything but one in force.
    pub async fn redeem(&self, secret: &str, client: &Client) -> Result<Opened, AccessError> {
        let digest = digest_of(secret)?;
        let (session, secret) = self.new_session(Via::Invitation, client);
        let (id, until, at) = (session.id.clone(), session.until, self.clock.now());
        match self.store.redeem(Redeem { digest, session, at }).await {
            Ok(person) => Ok(Opened { session: id, person, secret, until }),
            Err(StoreError::Conflict { .. } | StoreError::NotFound { .. }) => Err(AccessError::NoInvitation),
            Err(cause) => Err(cause.into()),
        }
    }

    /// Invitations in force.
    ///
    /// # Errors
    /// [`AccessError::Denied`] unless the principal manages people.
    pub async fn invitations(&self, principal: &Principal) -> Result<Vec<InvitationRow>, AccessError> {
        let _leave_to_read = self.permit(principal, Action::UserManage, &Resource::system())?;
        let now = self.clock.now();
        let mut rows = self.store.invitations().await?;
        rows.retain(|row| row.until > now);
        Ok(rows)
    }

    /// Takes an invitation back.
    ///
    /// # Errors
    /// [`AccessError::Denied`], [`StoreError::NotFound`].
    pub async fn end_invitation(&self, principal: &Principal, id: &InvitationId) -> Result<(), AccessError> {
        let permit = self.permit(principal, Action::UserManage, &Resource::system())?;
        let (actor, at) = (principal.user.clone(), self.clock.now());
        Ok(self.store.end_invitation(EndInvitation { id: id.clone(), actor, permit, at }).await?)
    }

    /// Nothing, when a principal may bring forth a session: it carries all that its person may, so a narrow token makes none.
    pub(super) fn carries_all(&self, principal: &Principal) -> Result<(), AccessError> {
        let all = Action::ALL.iter().map(|action| TokenScope::Action(*action)).collect();
        if principal.may_hand_on(&all) {
            return Ok(());
        }
        let what =
            "a narrow token cannot open a way to sign in, which carries more than itself; use a token without scopes";
        Err(AccessError::Malformed { what: what.into() })
    }
}

fn digest_of(secret: &str) -> Result<String, AccessError> {
    if !secret.starts_with(INVITATION_PREFIX) || secret.len() > 100 {
        return Err(AccessError::NoInvitation);
    }
    Ok(sha256_hex(secret.as_bytes()))
}
