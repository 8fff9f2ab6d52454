//! Single sign-on: beginning it, and letting in whom a provider vouches for. INVARIANT: it never makes a user; who is not tied yet is tied by
//! themselves while signed in, or by an address that the provider has proven and that is on file for one user alone.

use super::provider::{Begun, Provider, ProviderError, Who};
use super::session::{Client, Opened, Session, Via, account_of};
use super::{Access, AccessError};
use crate::domain::id::{SessionId, TieId, UserId};
use crate::policy::{Action, Principal};
use crate::store::{Begin, PersonRow, Proof, StoreError, TakeBeginning, Tie, TieRow, Tying};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::SignedDuration;
use opspilot_sdk::sha256_hex;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// For how long somebody may take at the provider.
const LIVES: SignedDuration = SignedDuration::from_mins(10);
const PURPOSE: &str = "provider";

/// What is kept until a browser comes back.
#[derive(Deserialize, Serialize)]
struct Kept {
    provider: String,
    nonce: String,
    verifier: String,
    to: String,
    ties: bool,
}

/// What a browser brings back from a provider.
#[derive(Clone, Copy, Debug)]
pub struct CameBack<'a> {
    /// The mark it took along.
    pub state: &'a str,
    /// The code.
    pub code: &'a str,
    /// Who sent it, when they say so.
    pub issuer: Option<&'a str>,
}

/// What a return from a provider came to.
pub enum Returned {
    /// Somebody is signed in.
    Opened(Opened, String),
    /// Whoever was signed in is tied to the provider now.
    Tied,
}

impl Access {
    /// With these providers.
    #[must_use]
    pub fn with_providers(mut self, providers: Vec<Provider>) -> Self {
        self.providers = Arc::new(providers);
        self
    }

    /// The names of the providers.
    pub fn providers(&self) -> impl Iterator<Item = &str> {
        self.providers.iter().map(|provider| provider.options().name.as_str())
    }

    fn provider(&self, name: &str) -> Result<&Provider, AccessError> {
        let found = self.providers.iter().find(|provider| provider.options().name == name);
        found.ok_or_else(|| StoreError::NotFound { what: "provider", id: name.chars().take(64).collect() }.into())
    }

    /// Begins a sign-in at a provider; where the browser goes. `bound` names the browser, `back` is where the provider sends it.
    ///
    /// # Errors
    /// [`AccessError::Provider`], [`AccessError::TooOften`], [`StoreError::NotFound`].
    pub async fn provider_begin(
        &self,
        name: &str,
        bound: &str,
        to: &str,
        back: &str,
        client: &Client,
    ) -> Result<String, AccessError> {
        self.try_from_address(&client.address)?;
        self.began(name, bound, to, back, false).await
    }

    /// Begins to tie the person of a session to a provider; where the browser goes.
    ///
    /// # Errors
    /// [`AccessError::Stale`], [`AccessError::Denied`], [`AccessError::Provider`], [`StoreError::NotFound`].
    pub async fn tie_begin(
        &self,
        principal: &Principal,
        session: &Session,
        name: &str,
        back: &str,
    ) -> Result<String, AccessError> {
        let _leave = self.permit(principal, Action::AccountManageOwn, &account_of(principal))?;
        if !session.is_fresh(self.clock.now()) {
            return Err(AccessError::Stale);
        }
        self.began(name, session.id.as_str(), "/account", back, true).await
    }

    async fn began(&self, name: &str, bound: &str, to: &str, back: &str, ties: bool) -> Result<String, AccessError> {
        let provider = self.provider(name)?;
        let mut random = [[0; 32]; 3];
        random.iter_mut().for_each(|bytes| self.store.fill(bytes));
        let [state, nonce, verifier] = random.map(|bytes| URL_SAFE_NO_PAD.encode(bytes));
        let begun = Begun { state, nonce, verifier };
        let address = provider.address(&begun, back).await.map_err(|cause| failed(name, &cause))?;
        let at = self.clock.now();
        let kept = Kept { provider: name.into(), nonce: begun.nonce, verifier: begun.verifier, to: to.into(), ties };
        let content = serde_json::to_string(&kept)
            .map_err(|cause| AccessError::Malformed { what: format!("a beginning that is no JSON: {cause}") })?;
        let until = at.saturating_add(LIVES).unwrap_or(at);
        let (digest, bound) = (sha256_hex(begun.state.as_bytes()), sha256_hex(bound.as_bytes()));
        self.store.begin(Begin { digest, purpose: PURPOSE, bound, content, until, at }).await?;
        Ok(address)
    }

    /// Ends what was begun at a provider.
    ///
    /// # Errors
    /// [`AccessError::Provider`] when the provider vouches for nobody, or for nobody here; [`AccessError::TooOften`].
    pub async fn provider_end(
        &self,
        came: CameBack<'_>,
        bound: &str,
        known: Option<(&Principal, &Session)>,
        back: &str,
        client: &Client,
    ) -> Result<Returned, AccessError> {
        self.try_from_address(&client.address)?;
        let mut kept = None;
        for bound in [Some(bound), known.map(|(_, session)| session.id.as_str())].into_iter().flatten() {
            let (digest, bound) = (sha256_hex(came.state.as_bytes()), sha256_hex(bound.as_bytes()));
            let at = self.clock.now();
            let taken = self.store.take_beginning(TakeBeginning { digest, purpose: PURPOSE, bound, at }).await?;
            kept = kept.or(taken);
        }
        let gone = || AccessError::Provider {
            why: "this sign-in was not begun in this browser, or a while ago; begin again".into(),
        };
        let kept: Kept = kept.and_then(|text| serde_json::from_str(&text).ok()).ok_or_else(gone)?;
        let provider = self.provider(&kept.provider)?;
        let begun = Begun { state: came.state.into(), nonce: kept.nonce, verifier: kept.verifier };
        let who = provider.redeem(&begun, came.code, came.issuer, back).await;
        let who = who.map_err(|cause| failed(&kept.provider, &cause))?;
        let tie = self.store.tie_to(&provider.options().issuer, &who.subject).await?;
        if kept.ties {
            let (principal, session) = known.ok_or(AccessError::SignedOut)?;
            if tie.as_ref().is_none_or(|tie| tie.person != session.person) {
                let permit = self.permit(principal, Action::AccountManageOwn, &account_of(principal))?;
                self.tie(provider, &who, session.person.clone(), Tying::Wanted(permit)).await?;
            }
            return Ok(Returned::Tied);
        }
        let (person, tie) = match tie {
            Some(TieRow { id, person, .. }) => (person, id),
            None => self.tied_by_address(provider, &who).await?,
        };
        let replaces: Option<SessionId> = known.map(|(_, session)| session.id.clone());
        let opened = self.open(person, Via::Provider, Proof::Tie(tie), client, replaces).await;
        let opened = opened.map_err(|error| match error {
            AccessError::Refused => nobody(&kept.provider),
            other => other,
        })?;
        Ok(Returned::Opened(opened, kept.to))
    }

    async fn tied_by_address(&self, provider: &Provider, who: &Who) -> Result<(UserId, TieId), AccessError> {
        let options = provider.options();
        let nobody = || nobody(&options.name);
        let email = who.email.as_deref().filter(|_| options.by_address).ok_or_else(nobody)?;
        let found = <[PersonRow; 1]>::try_from(self.store.persons_at(email).await?).map_err(|_| nobody())?;
        let [person] = found;
        if person.disabled || person.kind != "user" {
            return Err(nobody());
        }
        let tie = self.tie(provider, who, person.id.clone(), Tying::Address).await?;
        Ok((person.id, tie))
    }

    async fn tie(&self, provider: &Provider, who: &Who, person: UserId, tying: Tying) -> Result<TieId, AccessError> {
        let at = self.clock.now();
        let id = TieId::new(at, self.store.chance());
        let options = provider.options();
        let (provider, issuer, subject) = (options.name.clone(), options.issuer.clone(), who.subject.clone());
        self.store.tie(Tie { id: id.clone(), person, provider, issuer, subject, tying, at }).await?;
        Ok(id)
    }
}

fn nobody(provider: &str) -> AccessError {
    let why = format!(
        "`{provider}` knows you, but no user here is tied to you; sign in with a link and tie yourself on the page of your account, or ask an owner to put your address on file"
    );
    AccessError::Provider { why }
}

fn failed(provider: &str, cause: &ProviderError) -> AccessError {
    tracing::warn!(provider, %cause, "single sign-on failed");
    match cause {
        ProviderError::Away(why) => AccessError::ProviderAway { why: format!("`{provider}` cannot be asked: {why}") },
        ProviderError::No(why) => AccessError::Provider { why: format!("`{provider}` did not vouch for you: {why}") },
    }
}
