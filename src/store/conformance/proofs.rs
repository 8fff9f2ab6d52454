//! What people prove themselves with, how often it was tried, and what was begun.

use super::fixture::Fixture;
use super::on_both;
use super::samples::permit;
use crate::domain::id::{PasskeyId, SessionId, TieId, UserId};
use crate::policy::{Action, Kind, Permit};
use crate::store::{
    AddPasskey, AddPerson, Attempt, Begin, ForgetAttempts, NewSession, OpenSession, Proof, RemovePasskey,
    RenamePasskey, Right, SetPassword, StoreError, TakeBeginning, Tie, Tying, Untie,
};
use jiff::SignedDuration;

on_both!(
    a_password_is_set_and_ends_every_session,
    a_passkey_is_one_persons_and_counts_on,
    a_tie_is_one_persons,
    tries_are_counted_and_come_back,
    of_many_tries_at_once_no_more_count_than_fit,
    what_was_begun_is_taken_once_in_time_by_who_began_it,
);

fn may() -> Permit {
    permit(Action::UserManage, Kind::User, "thing")
}

async fn person(on: &Fixture, name: &str) -> UserId {
    let id = UserId::new(on.now(), on.store.chance());
    let add = AddPerson {
        id: id.clone(),
        name: name.into(),
        emails: vec![format!("{name}@Example.com")],
        kind: "user",
        grants: vec![],
        actor: "usr_ada".into(),
        right: Right::Permit(may()),
        at: on.now(),
    };
    on.store.add_person(add).await.unwrap();
    id
}

fn session(on: &Fixture, digest: &str) -> NewSession {
    NewSession {
        id: SessionId::new(on.now(), on.store.chance()),
        digest: digest.into(),
        via: "password",
        agent: String::new(),
        address: String::new(),
        until: on.in_secs(3600),
    }
}

async fn open(on: &Fixture, person: &UserId, digest: &str, proof: Proof) -> Result<(), StoreError> {
    let session = session(on, digest);
    let verb = OpenSession { person: person.clone(), session, proof, replaces: None, at: on.now() };
    on.store.open_session(verb).await
}

async fn a_password_is_set_and_ends_every_session(on: &Fixture) {
    let (ada, bob) = (person(on, "ada").await, person(on, "bob").await);
    for (whose, digest) in [(&ada, "one"), (&ada, "two"), (&bob, "bobs")] {
        open(on, whose, digest, Proof::Password).await.unwrap();
    }
    let set = |phc: Option<&str>, session| SetPassword {
        person: ada.clone(),
        phc: phc.map(str::to_owned),
        session,
        actor: "usr_ada".into(),
        permit: may(),
        at: on.now(),
    };
    assert!(on.store.password(&ada).await.unwrap().is_none());
    on.store.set_password(set(Some("$argon2id$1"), Some(session(on, "three")))).await.unwrap();
    assert_eq!(on.store.password(&ada).await.unwrap().unwrap(), ("$argon2id$1".to_owned(), on.now()));
    for (digest, open) in [("one", false), ("two", false), ("three", true), ("bobs", true)] {
        assert_eq!(on.store.session(digest).await.unwrap().unwrap().0.ended_at.is_none(), open, "{digest}");
    }
    on.store.set_password(set(Some("$argon2id$2"), None)).await.unwrap();
    assert_eq!(on.store.password(&ada).await.unwrap().unwrap().0, "$argon2id$2");
    assert_eq!(on.store.sessions(Some(&ada)).await.unwrap().len(), 0);
    on.store.set_password(set(None, None)).await.unwrap();
    assert!(on.store.password(&ada).await.unwrap().is_none());
    assert!(matches!(on.store.set_password(set(None, None)).await, Err(StoreError::NotFound { .. })));
    let told = on.verify().await;
    assert_eq!((told["password.set"], told["password.removed"], told["session.ended"]), (2, 1, 3));
}

fn passkey(on: &Fixture, person: &UserId, credential: &str, count: u32) -> AddPasskey {
    AddPasskey {
        id: PasskeyId::new(on.now(), on.store.chance()),
        person: person.clone(),
        credential: credential.into(),
        algorithm: -7,
        public_key: vec![1, 2, 3],
        sign_count: count,
        backed_up: false,
        transports: "internal".into(),
        name: "laptop".into(),
        permit: may(),
        at: on.now(),
    }
}

async fn a_passkey_is_one_persons_and_counts_on(on: &Fixture) {
    let (ada, bob) = (person(on, "ada").await, person(on, "bob").await);
    let made = passkey(on, &ada, "cred", 4);
    let id = made.id.clone();
    on.store.add_passkey(made).await.unwrap();
    let again = on.store.add_passkey(passkey(on, &bob, "cred", 4)).await;
    assert!(matches!(again, Err(StoreError::Conflict { .. })), "{again:?}");
    let found = on.store.passkey("cred").await.unwrap().unwrap();
    assert_eq!(
        (found.id.clone(), found.person, found.public_key, found.sign_count),
        (id.clone(), ada.clone(), vec![1, 2, 3], 4)
    );
    open(on, &ada, "one", Proof::Passkey(id.clone(), 5)).await.unwrap();
    // The same count, or a smaller one, is a copy's; another person's it never is.
    for (whose, count) in [(&ada, 5), (&ada, 4), (&ada, 0), (&bob, 9)] {
        let refused = open(on, whose, "two", Proof::Passkey(id.clone(), count)).await;
        assert!(matches!(refused, Err(StoreError::Conflict { .. })), "{count}: {refused:?}");
    }
    assert!(on.store.session("two").await.unwrap().is_none());
    let found = on.store.passkey("cred").await.unwrap().unwrap();
    assert_eq!((found.sign_count, found.used_at), (5, Some(on.now())));
    // One that never counts is taken as often as it comes.
    let silent = passkey(on, &ada, "silent", 0);
    let quiet = silent.id.clone();
    on.store.add_passkey(silent).await.unwrap();
    for digest in ["three", "four"] {
        open(on, &ada, digest, Proof::Passkey(quiet.clone(), 0)).await.unwrap();
    }
    let rename = |person: &UserId| RenamePasskey {
        id: id.clone(),
        person: person.clone(),
        name: "desk".into(),
        permit: may(),
        at: on.now(),
    };
    assert!(matches!(on.store.rename_passkey(rename(&bob)).await, Err(StoreError::NotFound { .. })));
    on.store.rename_passkey(rename(&ada)).await.unwrap();
    let kept = on.store.passkeys(&ada).await.unwrap();
    assert!(kept.iter().any(|one| one.id == id && one.name == "desk"), "{kept:?}");
    let remove = |person: &UserId| RemovePasskey {
        id: id.clone(),
        person: person.clone(),
        actor: "usr_ada".into(),
        permit: may(),
        at: on.now(),
    };
    assert!(matches!(on.store.remove_passkey(remove(&bob)).await, Err(StoreError::NotFound { .. })));
    on.store.remove_passkey(remove(&ada)).await.unwrap();
    assert!(on.store.passkey("cred").await.unwrap().is_none());
    assert!(open(on, &ada, "five", Proof::Passkey(id, 6)).await.is_err());
}

async fn a_tie_is_one_persons(on: &Fixture) {
    let (ada, bob) = (person(on, "ada").await, person(on, "bob").await);
    let tie = |person: &UserId, subject: &str, tying| Tie {
        id: TieId::new(on.now(), on.store.chance()),
        person: person.clone(),
        provider: "work".into(),
        issuer: "https://id.example".into(),
        subject: subject.into(),
        tying,
        at: on.now(),
    };
    on.store.tie(tie(&ada, "sub1", Tying::Address)).await.unwrap();
    on.store.tie(tie(&bob, "sub2", Tying::Wanted(may()))).await.unwrap();
    let taken = on.store.tie(tie(&bob, "sub1", Tying::Address)).await;
    assert!(matches!(taken, Err(StoreError::Conflict { .. })), "{taken:?}");
    let found = on.store.tie_to("https://id.example", "sub1").await.unwrap().unwrap();
    assert_eq!(found.person, ada);
    assert!(on.store.tie_to("https://other.example", "sub1").await.unwrap().is_none());
    open(on, &ada, "one", Proof::Tie(found.id.clone())).await.unwrap();
    assert!(open(on, &bob, "two", Proof::Tie(found.id.clone())).await.is_err());
    assert_eq!(on.store.ties(&ada).await.unwrap()[0].used_at, Some(on.now()));
    let untie = |person: &UserId| Untie {
        id: found.id.clone(),
        person: person.clone(),
        actor: "usr_ada".into(),
        permit: may(),
        at: on.now(),
    };
    assert!(matches!(on.store.untie(untie(&bob)).await, Err(StoreError::NotFound { .. })));
    on.store.untie(untie(&ada)).await.unwrap();
    assert!(on.store.ties(&ada).await.unwrap().is_empty());
    let at = on.store.persons_at("ADA@example.COM").await.unwrap();
    assert_eq!(at.iter().map(|person| person.name.as_str()).collect::<Vec<_>>(), ["ada"]);
}

fn attempt(on: &Fixture, who: &str) -> Attempt {
    Attempt { who: who.into(), burst: 3, every: SignedDuration::from_secs(60), at: on.now() }
}

async fn tries_are_counted_and_come_back(on: &Fixture) {
    for _ in 0..3 {
        assert_eq!(on.store.attempt(attempt(on, "a")).await.unwrap(), None);
    }
    assert_eq!(on.store.attempt(attempt(on, "a")).await.unwrap(), Some(on.in_secs(60)));
    assert_eq!(on.store.attempt(attempt(on, "b")).await.unwrap(), None, "another's count is its own");
    on.clock.turn(59);
    assert_eq!(on.store.attempt(attempt(on, "a")).await.unwrap(), Some(on.in_secs(1)));
    on.clock.turn(1);
    assert_eq!(on.store.attempt(attempt(on, "a")).await.unwrap(), None);
    assert!(on.store.attempt(attempt(on, "a")).await.unwrap().is_some());
    on.store.forget_attempts(ForgetAttempts { who: "a".into() }).await.unwrap();
    assert_eq!(on.store.attempt(attempt(on, "a")).await.unwrap(), None);
    // After long enough it is as if nobody had tried.
    on.clock.turn(3600);
    for _ in 0..3 {
        assert_eq!(on.store.attempt(attempt(on, "b")).await.unwrap(), None);
    }
    assert!(on.store.attempt(attempt(on, "b")).await.unwrap().is_some());
}

async fn of_many_tries_at_once_no_more_count_than_fit(on: &Fixture) {
    let tries = futures_util::future::join_all((0..40).map(|_| on.store.attempt(attempt(on, "a")))).await;
    assert_eq!(tries.into_iter().filter(|outcome| matches!(outcome, Ok(None))).count(), 3);
}

async fn what_was_begun_is_taken_once_in_time_by_who_began_it(on: &Fixture) {
    let begin = |digest: &str| Begin {
        digest: digest.into(),
        purpose: "passkey",
        bound: "browser".into(),
        content: "kept".into(),
        until: on.in_secs(300),
        at: on.now(),
    };
    let take = |digest: &str, purpose, bound: &str| TakeBeginning {
        digest: digest.into(),
        purpose,
        bound: bound.into(),
        at: on.now(),
    };
    on.store.begin(begin("one")).await.unwrap();
    on.store.begin(begin("two")).await.unwrap();
    assert_eq!(on.store.take_beginning(take("one", "passkey", "other")).await.unwrap(), None);
    assert_eq!(on.store.take_beginning(take("one", "provider", "browser")).await.unwrap(), None);
    assert_eq!(on.store.take_beginning(take("one", "passkey", "browser")).await.unwrap().as_deref(), Some("kept"));
    assert_eq!(on.store.take_beginning(take("one", "passkey", "browser")).await.unwrap(), None, "once");
    on.clock.turn(300);
    assert_eq!(on.store.take_beginning(take("two", "passkey", "browser")).await.unwrap(), None, "too late");
}
