//! Passkeys of people: adding, using, naming and taking them away, and all the ways in which somebody can sign in. INVARIANT: a challenge is
//! random, lives for five minutes, and is taken once, by the session or browser that it was given to.

use super::passkey::{self, ALGORITHMS, Relying};
use super::session::{Client, Opened, Session, Via, account_of};
use super::{Access, AccessError};
use crate::domain::id::{PasskeyId, SessionId, TieId};
use crate::policy::{Action, Principal};
use crate::store::{AddPasskey, Begin, PasskeyRow, Proof, RemovePasskey, RenamePasskey, TakeBeginning, TieRow, Untie};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::{SignedDuration, Timestamp};
use opspilot_sdk::sha256_hex;
use serde_json::{Value, json};

/// For how long a challenge waits for its answer.
const CHALLENGE_LIVES: SignedDuration = SignedDuration::from_mins(5);
/// Most passkeys of a person.
const MOST_PASSKEYS: usize = 20;
/// Longest name of a passkey, in letters.
const LONGEST_NAME: usize = 60;

/// What a browser brings back from an authenticator, each part in base64url.
#[derive(Clone, Debug, Default)]
pub struct KeyAnswer {
    /// What the authenticator calls the passkey.
    pub credential: String,
    /// What the browser says of the ceremony.
    pub client_data: String,
    /// The attestation, when one was made; else the authenticator's data.
    pub data: String,
    /// The signature, when one was used.
    pub signature: String,
    /// Whose passkey it is, as the authenticator kept it; may be empty.
    pub user: String,
    /// How the browser reaches the authenticator, space-separated, when one was made.
    pub transports: String,
}

/// How somebody can sign in.
#[derive(Clone, Debug)]
pub struct Ways {
    /// Since when they have their password.
    pub password: Option<Timestamp>,
    /// Their passkeys.
    pub passkeys: Vec<PasskeyRow>,
    /// Their ties to providers.
    pub ties: Vec<TieRow>,
}

impl Access {
    /// Whether passkeys work at the address of this daemon.
    #[must_use]
    pub fn takes_passkeys(&self) -> bool {
        self.relying.is_some()
    }

    fn relying(&self) -> Result<&Relying, AccessError> {
        self.relying.as_ref().ok_or(AccessError::NoPasskeys)
    }

    /// How the person of a session can sign in.
    ///
    /// # Errors
    /// [`AccessError::Denied`].
    pub async fn ways(&self, principal: &Principal, session: &Session) -> Result<Ways, AccessError> {
        let _leave = self.permit(principal, Action::AccountManageOwn, &account_of(principal))?;
        Ok(Ways {
            password: self.store.password(&session.person).await?.map(|(_, at)| at),
            passkeys: self.store.passkeys(&session.person).await?,
            ties: self.store.ties(&session.person).await?,
        })
    }

    /// A new challenge, kept for whoever it was given to.
    pub(super) async fn challenge(&self, purpose: &'static str, bound: String) -> Result<String, AccessError> {
        let mut random = [0; 32];
        self.store.fill(&mut random);
        let challenge = URL_SAFE_NO_PAD.encode(random);
        let at = self.clock.now();
        let until = at.saturating_add(CHALLENGE_LIVES).unwrap_or(at);
        let digest = sha256_hex(challenge.as_bytes());
        self.store.begin(Begin { digest, purpose, bound, content: String::new(), until, at }).await?;
        Ok(challenge)
    }

    /// Takes the challenge that an answer names.
    async fn answered(
        &self,
        purpose: &'static str,
        bound: String,
        client_data: &[u8],
    ) -> Result<Option<String>, AccessError> {
        let Ok(challenge) = passkey::challenge(client_data) else { return Ok(None) };
        let digest = sha256_hex(challenge.as_bytes());
        let taken = self.store.take_beginning(TakeBeginning { digest, purpose, bound, at: self.clock.now() }).await?;
        Ok(taken.map(|_| challenge))
    }

    /// What a browser needs to make a passkey (`PublicKeyCredentialCreationOptions` in JSON).
    ///
    /// # Errors
    /// [`AccessError::NoPasskeys`], [`AccessError::Stale`], [`AccessError::Denied`].
    pub async fn passkey_wanted(&self, principal: &Principal, session: &Session) -> Result<Value, AccessError> {
        let _leave = self.permit(principal, Action::AccountManageOwn, &account_of(principal))?;
        let relying = self.relying()?;
        if !session.is_fresh(self.clock.now()) {
            return Err(AccessError::Stale);
        }
        let known = self.store.passkeys(&session.person).await?;
        let exclude: Vec<Value> = known
            .iter()
            .map(|key| json!({ "type": "public-key", "id": key.credential, "transports": key.transports.split_whitespace().collect::<Vec<_>>() }))
            .collect();
        let algorithms: Vec<Value> =
            ALGORITHMS.iter().map(|number| json!({ "type": "public-key", "alg": number })).collect();
        let challenge = self.challenge("passkey.add", session.id.to_string()).await?;
        Ok(json!({
            "challenge": challenge,
            "rp": { "id": relying.id, "name": "OpsPilot" },
            "user": {
                "id": URL_SAFE_NO_PAD.encode(session.person.as_str()), "name": principal.name, "displayName": principal.name,
            },
            "pubKeyCredParams": algorithms,
            "excludeCredentials": exclude,
            "authenticatorSelection": { "residentKey": "required", "requireResidentKey": true, "userVerification": "required" },
            "attestation": "none",
            "timeout": CHALLENGE_LIVES.as_millis(),
        }))
    }

    /// Adds the passkey that a browser made.
    ///
    /// # Errors
    /// [`AccessError::Passkey`] when it is not what was asked for, [`AccessError::Denied`];
    /// [`crate::store::StoreError::Conflict`] when it is known already.
    pub async fn add_passkey(
        &self,
        principal: &Principal,
        session: &Session,
        name: &str,
        answer: &KeyAnswer,
    ) -> Result<PasskeyId, AccessError> {
        let permit = self.permit(principal, Action::AccountManageOwn, &account_of(principal))?;
        let relying = self.relying()?;
        let name = judge_name(name)?;
        let client_data = bytes(&answer.client_data, "browser's account")?;
        let data = bytes(&answer.data, "attestation")?;
        let challenge = self.answered("passkey.add", session.id.to_string(), &client_data).await?;
        let challenge = challenge.ok_or(passkey::Unfit::Other("challenge"))?;
        let made = passkey::register(relying, &challenge, &client_data, &data)?;
        if self.store.passkeys(&session.person).await?.len() >= MOST_PASSKEYS {
            let what = format!("you have {MOST_PASSKEYS} passkeys; take one away first");
            return Err(AccessError::Malformed { what });
        }
        let at = self.clock.now();
        let id = PasskeyId::new(at, self.store.chance());
        let transports = answer
            .transports
            .split_whitespace()
            .filter(|word| word.bytes().all(|b| b.is_ascii_lowercase() || b == b'-'));
        let transports = transports.take(8).collect::<Vec<_>>().join(" ");
        let verb = AddPasskey {
            id: id.clone(),
            person: session.person.clone(),
            credential: made.credential,
            algorithm: made.key.algorithm(),
            public_key: made.key.bytes().to_vec(),
            sign_count: made.sign_count,
            backed_up: made.backed_up,
            transports: transports.chars().take(100).collect(),
            name,
            permit,
            at,
        };
        self.store.add_passkey(verb).await?;
        Ok(id)
    }

    /// What a browser needs to use a passkey (`PublicKeyCredentialRequestOptions` in JSON); `bound` names the browser.
    ///
    /// # Errors
    /// [`AccessError::NoPasskeys`], [`AccessError::TooOften`].
    pub async fn passkey_asked(&self, bound: &str, client: &Client) -> Result<Value, AccessError> {
        let relying = self.relying()?;
        self.try_from_address(&client.address)?;
        let challenge = self.challenge("passkey.use", sha256_hex(bound.as_bytes())).await?;
        Ok(json!({
            "challenge": challenge, "rpId": relying.id, "userVerification": "required", "allowCredentials": [],
            "timeout": CHALLENGE_LIVES.as_millis(),
        }))
    }

    /// Signs in whoever's passkey answered the challenge that this browser was given.
    ///
    /// # Errors
    /// [`AccessError::Refused`] for anything but a right answer by a passkey of a person who may sign in.
    pub async fn sign_in_by_passkey(
        &self,
        bound: &str,
        answer: &KeyAnswer,
        client: &Client,
        replaces: Option<SessionId>,
    ) -> Result<Opened, AccessError> {
        let relying = self.relying()?;
        self.try_from_address(&client.address)?;
        let parts =
            [(&answer.client_data, "browser's account"), (&answer.data, "data"), (&answer.signature, "signature")]
                .map(|(text, what)| bytes(text, what));
        let [Ok(client_data), Ok(data), Ok(signature)] = parts else { return Err(AccessError::Refused) };
        let challenge = self.answered("passkey.use", sha256_hex(bound.as_bytes()), &client_data).await?;
        let challenge = challenge.ok_or(AccessError::Refused)?;
        if answer.credential.len() > 2000 {
            return Err(AccessError::Refused);
        }
        let key = self.store.passkey(&answer.credential).await?.ok_or(AccessError::Refused)?;
        // Web Authentication 7.2, step 6: whom the authenticator takes it for is whose it is.
        let user = URL_SAFE_NO_PAD.encode(key.person.as_str());
        if !answer.user.is_empty() && answer.user != user {
            return Err(AccessError::Refused);
        }
        let count = passkey::assert(relying, &challenge, &key.public_key, &client_data, &data, &signature);
        let count = count.map_err(|cause| {
            tracing::debug!(passkey = %key.id, %cause, "a passkey was refused");
            AccessError::Refused
        })?;
        if count <= key.sign_count && (count, key.sign_count) != (0, 0) {
            tracing::warn!(passkey = %key.id, count, before = key.sign_count, "a passkey counts backwards and may be a copy; it was refused");
        }
        self.open(key.person, Via::Passkey, Proof::Passkey(key.id, count), client, replaces).await
    }

    /// Calls one's own passkey otherwise.
    ///
    /// # Errors
    /// [`AccessError::Denied`], [`AccessError::Malformed`], [`crate::store::StoreError::NotFound`].
    pub async fn rename_passkey(
        &self,
        principal: &Principal,
        session: &Session,
        id: &PasskeyId,
        name: &str,
    ) -> Result<(), AccessError> {
        let permit = self.permit(principal, Action::AccountManageOwn, &account_of(principal))?;
        let (name, at) = (judge_name(name)?, self.clock.now());
        let (id, person) = (id.clone(), session.person.clone());
        Ok(self.store.rename_passkey(RenamePasskey { id, person, name, permit, at }).await?)
    }

    /// Takes one's own passkey away.
    ///
    /// # Errors
    /// [`AccessError::Denied`], [`AccessError::Stale`], [`crate::store::StoreError::NotFound`].
    pub async fn remove_passkey(
        &self,
        principal: &Principal,
        session: &Session,
        id: &PasskeyId,
    ) -> Result<(), AccessError> {
        let permit = self.permit(principal, Action::AccountManageOwn, &account_of(principal))?;
        if !session.is_fresh(self.clock.now()) {
            return Err(AccessError::Stale);
        }
        let (id, person) = (id.clone(), session.person.clone());
        let (actor, at) = (principal.user.clone(), self.clock.now());
        Ok(self.store.remove_passkey(RemovePasskey { id, person, actor, permit, at }).await?)
    }

    /// Takes one's own tie to a provider away.
    ///
    /// # Errors
    /// [`AccessError::Denied`], [`AccessError::Stale`], [`crate::store::StoreError::NotFound`].
    pub async fn untie(&self, principal: &Principal, session: &Session, id: &TieId) -> Result<(), AccessError> {
        let permit = self.permit(principal, Action::AccountManageOwn, &account_of(principal))?;
        if !session.is_fresh(self.clock.now()) {
            return Err(AccessError::Stale);
        }
        let (id, person) = (id.clone(), session.person.clone());
        let (actor, at) = (principal.user.clone(), self.clock.now());
        Ok(self.store.untie(Untie { id, person, actor, permit, at }).await?)
    }
}

/// A name that a passkey may have.
fn judge_name(name: &str) -> Result<String, AccessError> {
    let name = name.trim();
    if name.is_empty() || name.chars().count() > LONGEST_NAME || name.chars().any(char::is_control) {
        let what = format!("a passkey has a name of 1 to {LONGEST_NAME} characters, such as `work laptop`");
        return Err(AccessError::Malformed { what });
    }
    Ok(name.to_owned())
}

fn bytes(text: &str, what: &'static str) -> Result<Vec<u8>, passkey::Unfit> {
    URL_SAFE_NO_PAD.decode(text.trim_end_matches('=')).map_err(|_| passkey::Unfit::Malformed(what))
}
