//! Signed-in browsers: opening, recognising and ending sessions. Own file because a session is the one proof of a person that comes by
//! itself with every request of a browser. INVARIANT: a session is found by the digest of its secret and by nothing else; one that was
//! ended, is too old or was idle too long is nobody, and so is whoever is disabled.

use super::people::new_secret;
use super::sign_in::principal_of;
use super::{Access, AccessError};
use crate::domain::id::{SessionId, UserId};
use crate::policy::{Action, Code, Kind, Permit, Principal, Resource};
use crate::store::{EndSessions, NewSession, OpenSession, Proof, SeeSession, SessionRow, Sessions, StoreError};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::{SignedDuration, Timestamp};
use opspilot_sdk::sha256_hex;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// What every session's secret begins with, so that a leaked one can be recognised.
pub(super) const SESSION_PREFIX: &str = "ops_";
/// For how long an answer is remembered.
const REMEMBERED: SignedDuration = SignedDuration::from_secs(2);
/// How many answers at most.
const MOST_REMEMBERED: usize = 1000;
/// How old the note of a session's last use may grow before a new one is made.
const SEEN_AGAIN: SignedDuration = SignedDuration::from_mins(5);
/// For how long after signing in one may change how one signs in.
const FRESH: SignedDuration = SignedDuration::from_mins(15);
/// Longest name of a browser that is kept, in letters.
const LONGEST_AGENT: usize = 200;

/// How the person of a session proved who they are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Via {
    /// By a link that an owner gave them.
    Invitation,
    /// By a password.
    Password,
    /// By a passkey.
    Passkey,
    /// By a provider of single sign-on.
    Provider,
}

impl Via {
    /// The name in the store, receipts and answers.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Invitation => "invitation",
            Self::Password => "password",
            Self::Passkey => "passkey",
            Self::Provider => "provider",
        }
    }

    fn parse(word: &str) -> Option<Self> {
        [Self::Invitation, Self::Password, Self::Passkey, Self::Provider].into_iter().find(|via| via.as_str() == word)
    }
}

/// A signed-in browser.
#[derive(Clone, Debug)]
pub struct Session {
    /// Names it.
    pub id: SessionId,
    /// Whose.
    pub person: UserId,
    /// How its person proved who they are.
    pub via: Via,
    /// When.
    pub opened_at: Timestamp,
    /// The latest time at which it holds.
    pub until: Timestamp,
    /// What every form of a page of this session carries, and nobody outside can know: a keyed hash of the secret.
    pub form_key: String,
}

impl Session {
    /// Whether its person proved who they are a short while ago: long enough to change how they sign in.
    #[must_use]
    pub fn is_fresh(&self, now: Timestamp) -> bool {
        now.duration_since(self.opened_at) <= FRESH
    }
}

/// A session just opened: the only time its secret is seen.
pub struct Opened {
    /// Names it.
    pub session: SessionId,
    /// Whose.
    pub person: UserId,
    /// The secret; it goes into a cookie and nowhere else.
    pub secret: String,
    /// The latest time at which it holds.
    pub until: Timestamp,
}

/// The browser that signs in, for its person to recognise it by.
#[derive(Clone, Debug, Default)]
pub struct Client {
    /// What it calls itself; from outside.
    pub agent: String,
    /// Where it calls from.
    pub address: String,
}

/// By digest: whose session, and until when it need not be looked up again.
type Answers = HashMap<String, (Arc<Principal>, Session, Timestamp)>;

/// Sessions that were looked up a moment ago.
#[derive(Default)]
pub(super) struct Remembered(Mutex<Answers>);

impl Remembered {
    fn inner(&self) -> MutexGuard<'_, Answers> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn clear(&self) {
        self.inner().clear();
    }
}

/// What forms carry, from a secret that a cookie holds: HMAC-SHA-256 (RFC 2104), so that the one never tells the other.
#[must_use]
pub fn form_key(secret: &str) -> String {
    let key = ring::hmac::Key::new(ring::hmac::HMAC_SHA256, secret.as_bytes());
    URL_SAFE_NO_PAD.encode(ring::hmac::sign(&key, b"opspilot form"))
}

impl Access {
    /// Who is signed in with this secret, and their session.
    ///
    /// # Errors
    /// [`AccessError::SignedOut`] for anything but a session in force.
    pub async fn session(&self, secret: &str) -> Result<(Arc<Principal>, Session), AccessError> {
        if !secret.starts_with(SESSION_PREFIX) || secret.len() > 100 {
            return Err(AccessError::SignedOut);
        }
        let (digest, now) = (sha256_hex(secret.as_bytes()), self.clock.now());
        if let Some((principal, session, until)) = self.sessions.inner().get(&digest)
            && *until > now
        {
            return Ok((Arc::clone(principal), session.clone()));
        }
        // Looked up by digest: how long it takes says nothing about how much of a guess was right.
        let (row, person) = self.store.session(&digest).await?.ok_or(AccessError::SignedOut)?;
        if !self.holds(&row, now) || person.disabled || person.kind != "user" {
            return Err(AccessError::SignedOut);
        }
        let via = Via::parse(&row.via).ok_or_else(|| AccessError::Malformed {
            what: format!("`{}` was opened by `{}`, which is no way to sign in", row.id, row.via),
        })?;
        let principal = Arc::new(principal_of(&person, None)?);
        let session = Session {
            id: row.id,
            person: row.person,
            via,
            opened_at: row.opened_at,
            until: row.until,
            form_key: form_key(secret),
        };
        if now.duration_since(row.seen_at) > SEEN_AGAIN {
            self.store.see_session(SeeSession { id: session.id.clone(), at: now }).await?;
        }
        let mut remembered = self.sessions.inner();
        if remembered.len() >= MOST_REMEMBERED {
            remembered.clear();
        }
        let until = session.until.min(now + REMEMBERED);
        remembered.insert(digest, (Arc::clone(&principal), session.clone(), until));
        Ok((principal, session))
    }

    /// Whether a session that was not ended is neither too old nor idle for too long.
    fn holds(&self, row: &SessionRow, now: Timestamp) -> bool {
        row.ended_at.is_none() && row.until > now && now.duration_since(row.seen_at) <= self.lives.idle
    }

    /// Sessions in force: one's own, or everybody's for who manages people.
    ///
    /// # Errors
    /// [`AccessError::Denied`].
    pub async fn sessions(&self, principal: &Principal, all: bool) -> Result<Vec<SessionRow>, AccessError> {
        let mut rows = if all {
            let _leave_to_read = self.permit(principal, Action::UserManage, &Resource::system())?;
            self.store.sessions(None).await?
        } else {
            let _leave_to_read = self.permit(principal, Action::AccountManageOwn, &account_of(principal))?;
            self.store.sessions(Some(&own(principal)?)).await?
        };
        let now = self.clock.now();
        rows.retain(|row| self.holds(row, now));
        Ok(rows)
    }

    /// Ends a session: one's own, or anybody's for who manages people.
    ///
    /// # Errors
    /// [`AccessError::Denied`]; [`StoreError::NotFound`] when there is none open, and for whoever may not know of it.
    pub async fn end_session(&self, principal: &Principal, session: &SessionId) -> Result<(), AccessError> {
        let row = self.store.session_named(session).await?;
        let mine = row.person.as_str() == principal.user;
        let permit = if mine {
            self.permit(principal, Action::AccountManageOwn, &account_of(principal))?
        } else {
            match self.permit(principal, Action::UserManage, &Resource::new(Kind::User, row.person.as_str())) {
                Err(AccessError::Denied(denied)) if denied.code() == Code::Denied => {
                    return Err(StoreError::NotFound { what: "session", id: session.to_string() }.into());
                }
                permit => permit?,
            }
        };
        self.end(Sessions::One(session.clone()), principal, Some(permit)).await.map(|_| ())
    }

    /// Ends all of one's own sessions but the one in use; how many.
    ///
    /// # Errors
    /// [`AccessError::Denied`].
    pub async fn end_other_sessions(&self, principal: &Principal, session: &Session) -> Result<u64, AccessError> {
        let permit = self.permit(principal, Action::AccountManageOwn, &account_of(principal))?;
        let others = Sessions::Others(session.person.clone(), session.id.clone());
        self.end(others, principal, Some(permit)).await
    }

    /// Ends all sessions of a person; how many.
    ///
    /// # Errors
    /// [`AccessError::Denied`], [`StoreError::NotFound`].
    pub async fn end_sessions_of(&self, principal: &Principal, name: &str) -> Result<u64, AccessError> {
        let _leave = self.permit(principal, Action::UserManage, &Resource::system())?;
        let person = self.store.person(name).await?.id;
        let permit = self.permit(principal, Action::UserManage, &Resource::new(Kind::User, person.as_str()))?;
        self.end(Sessions::Of(person), principal, Some(permit)).await
    }

    /// The person of a session leaves. Nobody is asked whether they may.
    ///
    /// # Errors
    /// [`AccessError::Store`].
    pub async fn sign_out(&self, principal: &Principal, session: &Session) -> Result<(), AccessError> {
        match self.end(Sessions::One(session.id.clone()), principal, None).await {
            Ok(_) | Err(AccessError::Store(StoreError::NotFound { .. })) => Ok(()),
            Err(cause) => Err(cause),
        }
    }

    async fn end(&self, which: Sessions, principal: &Principal, permit: Option<Permit>) -> Result<u64, AccessError> {
        let (actor, at) = (principal.user.clone(), self.clock.now());
        let ended = self.store.end_sessions(EndSessions { which, actor, permit, at }).await;
        self.sessions.clear();
        Ok(ended?)
    }

    /// A session to be put down, and its secret.
    pub(super) fn new_session(&self, via: Via, client: &Client) -> (NewSession, String) {
        let at = self.clock.now();
        let (secret, digest) = new_secret(&self.store, SESSION_PREFIX);
        let agent: String = client.agent.chars().filter(|one| !one.is_control()).take(LONGEST_AGENT).collect();
        let until = at.saturating_add(self.lives.session).unwrap_or(at);
        let id = SessionId::new(at, self.store.chance());
        (NewSession { id, digest, via: via.as_str(), agent, address: client.address.clone(), until }, secret)
    }

    /// Opens a session for a person who proved who they are; the one they had in this browser ends.
    pub(super) async fn open(
        &self,
        person: UserId,
        via: Via,
        proof: Proof,
        client: &Client,
        replaces: Option<SessionId>,
    ) -> Result<Opened, AccessError> {
        let (session, secret) = self.new_session(via, client);
        let (id, until, at) = (session.id.clone(), session.until, self.clock.now());
        let verb = OpenSession { person: person.clone(), session, proof, replaces, at };
        match self.store.open_session(verb).await {
            Ok(()) => {}
            // Disabled, or the proof was taken away, since it was looked at.
            Err(StoreError::Conflict { .. } | StoreError::NotFound { .. }) => return Err(AccessError::Refused),
            Err(cause) => return Err(cause.into()),
        }
        self.sessions.clear();
        Ok(Opened { session: id, person, secret, until })
    }
}

/// A person's own record, as policies see it.
pub(super) fn account_of(principal: &Principal) -> Resource {
    let mut account = Resource::new(Kind::User, &*principal.user);
    account.owner = Some(principal.user.clone());
    account
}

/// Who a principal is.
pub(super) fn own(principal: &Principal) -> Result<UserId, AccessError> {
    UserId::parse(&principal.user).map_err(|cause| AccessError::Malformed { what: cause.to_string() })
}
