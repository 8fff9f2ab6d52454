//! Who holds a token. Answers are remembered for a moment, so that a busy client does not cost a read per request; a token revoked by
//! another process stays good for that moment at most.

use crate::clock::Clock;
use crate::policy::{Grant, Policies, Principal, TokenScope};
use crate::store::{PersonRow, Store, StoreError, TokenRow};
use jiff::{SignedDuration, Timestamp};
use opspilot_sdk::sha256_hex;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

/// For how long an answer is remembered.
const REMEMBERED: SignedDuration = SignedDuration::from_secs(2);
/// How many answers at most.
const MOST_REMEMBERED: usize = 1000;

/// Why somebody is nobody.
#[derive(Debug, thiserror::Error)]
pub enum AccessError {
    /// No token, or none that is known, or one that ended. Which of these is not said.
    #[error("the token is missing, unknown, expired or revoked; make one with `opspilot token new` (OP-5101)")]
    Unknown,
    /// No session, or none that is known, or one that ended. Which of these is not said.
    #[error("you are not signed in, or no longer; sign in again (OP-5110)")]
    SignedOut,
    /// An invitation that lets nobody in. Why is not said.
    #[error("this link is unknown, was used, was taken back or is over; ask for a new one (OP-5111)")]
    NoInvitation,
    /// Not the right name and proof. Which of them was wrong is not said.
    #[error("that did not sign you in: the name, the password or the key is not right, or may not be used (OP-5112)")]
    Refused,
    /// Too many tries.
    #[error("too many tries; wait {retry_secs} seconds (OP-5113)")]
    TooOften {
        /// After how many seconds it is worth trying again.
        retry_secs: u64,
    },
    /// A password that is guessed first.
    #[error("{0} (OP-5114)")]
    Weak(#[from] super::password::Weak),
    /// A passkey that could not be added.
    #[error("the passkey was not added: {0}; try again, or use another one (OP-5115)")]
    Passkey(#[from] super::passkey::Unfit),
    /// Passkeys do not work at this address.
    #[error(
        "browsers allow passkeys only behind TLS and under a name, or at `localhost`; set `web.base_url` so (OP-5116)"
    )]
    NoPasskeys,
    /// Single sign-on vouches for nobody here.
    #[error("{why} (OP-5117)")]
    Provider {
        /// Why, and what to do.
        why: String,
    },
    /// The provider of single sign-on cannot be asked.
    #[error("{why}; try again later, or sign in another way (OP-5120)")]
    ProviderAway {
        /// Why.
        why: String,
    },
    /// How one signs in is changed only by who proved a short while ago who they are.
    #[error("you signed in a while ago; give your present password too, or sign in again (OP-5119)")]
    Stale,
    /// The policy says no.
    #[error(transparent)]
    Denied(#[from] crate::policy::Denied),
    /// A name, role or scope that is none.
    #[error("{what} (OP-5102)")]
    Malformed {
        /// What is wrong and what to do.
        what: String,
    },
    /// The store could not say.
    #[error(transparent)]
    Store(#[from] StoreError),
}

type Remembered = Mutex<HashMap<String, (Arc<Principal>, Timestamp)>>;

/// How long things of signing in hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lives {
    /// A session that nobody uses.
    pub idle: SignedDuration,
    /// A session, however much it is used.
    pub session: SignedDuration,
    /// A link that lets somebody in.
    pub invitation: SignedDuration,
}

impl Default for Lives {
    fn default() -> Self {
        let hours = SignedDuration::from_hours;
        Self { idle: hours(12), session: hours(7 * 24), invitation: hours(72) }
    }
}

/// Tokens and the people behind them. Cheap to clone.
#[derive(Clone)]
pub struct Access {
    pub(super) store: Store,
    pub(super) policies: Policies,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) lives: Lives,
    /// Who this daemon is to passkeys, where they work.
    pub(super) relying: Option<super::passkey::Relying>,
    remembered: Arc<Remembered>,
    pub(super) sessions: Arc<super::session::Remembered>,
    pub(super) mill: Arc<super::password::Mill>,
    pub(super) addresses: Arc<super::limits::Addresses>,
    pub(super) providers: Arc<Vec<super::provider::Provider>>,
}

impl Access {
    /// Over a store and its policies.
    #[must_use]
    pub fn new(store: Store, policies: Policies, clock: Arc<dyn Clock>) -> Self {
        let lives = Lives::default();
        Self {
            store,
            policies,
            clock,
            lives,
            relying: None,
            remembered: Arc::default(),
            sessions: Arc::default(),
            mill: Arc::default(),
            addresses: Arc::default(),
            providers: Arc::default(),
        }
    }

    /// With other times than the shipped configuration's.
    #[must_use]
    pub fn living(self, lives: Lives) -> Self {
        Self { lives, ..self }
    }

    /// For a desk at this public address.
    #[must_use]
    pub fn at(self, base_url: &str) -> Self {
        Self { relying: super::passkey::Relying::at(base_url), ..self }
    }

    /// Who holds this token.
    ///
    /// # Errors
    /// [`AccessError::Unknown`] for anything but a token in force.
    pub async fn principal(&self, token: &str) -> Result<Arc<Principal>, AccessError> {
        if !token.starts_with(super::people::TOKEN_PREFIX) || token.len() > 200 {
            return Err(AccessError::Unknown);
        }
        let (digest, now) = (sha256_hex(token.as_bytes()), self.clock.now());
        if let Some((principal, until)) = self.remembered().get(&digest)
            && *until > now
        {
            return Ok(Arc::clone(principal));
        }
        // Looked up by digest: how long it takes says nothing about how much of a guess was right.
        let (token, person) = self.store.token(&digest).await?.ok_or(AccessError::Unknown)?;
        if token.revoked_at.is_some() || token.expires_at.is_some_and(|end| end <= now) || person.disabled {
            return Err(AccessError::Unknown);
        }
        let principal = Arc::new(principal_of(&person, Some(&token))?);
        let until = token.expires_at.map_or(now + REMEMBERED, |end| end.min(now + REMEMBERED));
        let mut remembered = self.remembered();
        if remembered.len() >= MOST_REMEMBERED {
            remembered.clear();
        }
        remembered.insert(digest, (Arc::clone(&principal), until));
        Ok(principal)
    }

    /// A person by name, with all their roles and no token: for a face that has other proof of who it is.
    ///
    /// # Errors
    /// [`StoreError::NotFound`], or the role that is no role.
    pub async fn person(&self, name: &str) -> Result<Principal, AccessError> {
        principal_of(&self.store.person(name).await?, None)
    }

    /// Forgets every answer, after something about people changed.
    pub(super) fn forget(&self) {
        self.remembered().clear();
        self.sessions.clear();
    }

    fn remembered(&self) -> std::sync::MutexGuard<'_, HashMap<String, (Arc<Principal>, Timestamp)>> {
        self.remembered.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

pub(super) fn principal_of(person: &PersonRow, token: Option<&TokenRow>) -> Result<Principal, AccessError> {
    let malformed = |what: &str, word: &str| AccessError::Malformed {
        what: format!("`{}` has the {what} `{word}`, which is none", person.name),
    };
    let mut grants = Vec::with_capacity(person.grants.len());
    for (role, scope) in &person.grants {
        grants.push(Grant {
            role: role.parse().map_err(|_| malformed("role", role))?,
            scope: scope.parse().map_err(|_| malformed("scope", scope))?,
        });
    }
    let mut principal = Principal::user(person.id.as_str(), &person.name, grants);
    principal.disabled = person.disabled;
    if let Some(scopes) = token.and_then(|token| token.scopes.as_deref()) {
        let read = |word: &str| word.parse::<TokenScope>().map_err(|_| malformed("token scope", word));
        principal = principal.with_token(scopes.split_whitespace().map(read).collect::<Result<Vec<_>, _>>()?);
    }
    Ok(principal)
}
