//! People, roles and tokens.

use super::fixture::Fixture;
use super::on_both;
use super::samples::permit;
use crate::domain::id::{TokenId, UserId};
use crate::policy::{Action, Kind};
use crate::store::{AddPerson, AddToken, AddressPerson, DisablePerson, GrantRole, RevokeToken, Right, StoreError};

on_both!(
    the_first_person_needs_nobody_and_only_the_first,
    names_are_unique,
    roles_are_given_and_taken,
    a_token_is_found_by_its_digest_until_it_is_forgotten,
    only_the_first_token_needs_nobody,
);

fn manage(kind: Kind) -> Right {
    let action = if kind == Kind::User { Action::UserManage } else { Action::TokenManage };
    Right::Permit(permit(action, kind, "thing"))
}

fn person(on: &Fixture, name: &str, right: Right) -> AddPerson {
    let scope = |role: &str| (role.to_owned(), "all".to_owned());
    AddPerson {
        id: UserId::new(on.now(), on.store.chance()),
        name: name.into(),
        emails: vec![format!("{name}@example.com")],
        kind: "user",
        // Said twice, given once.
        grants: vec![scope("owner"), scope("owner"), scope("reviewer")],
        actor: "opspilot".into(),
        right,
        at: on.now(),
    }
}

fn token(on: &Fixture, person: &UserId, digest: &str, right: Right) -> AddToken {
    AddToken {
        id: TokenId::new(on.now(), on.store.chance()),
        person: person.clone(),
        name: "laptop".into(),
        digest: digest.into(),
        scopes: Some("read".into()),
        expires_at: Some(on.in_secs(60)),
        actor: "usr_ada".into(),
        right,
        at: on.now(),
    }
}

async fn first(on: &Fixture) -> UserId {
    let ada = person(on, "ada", Right::First);
    let id = ada.id.clone();
    on.store.add_person(ada).await.unwrap();
    id
}

async fn the_first_person_needs_nobody_and_only_the_first(on: &Fixture) {
    let id = first(on).await;
    let second = on.store.add_person(person(on, "bob", Right::First)).await;
    assert!(matches!(second, Err(StoreError::Conflict { .. })), "{second:?}");
    on.store.add_person(person(on, "bob", manage(Kind::User))).await.unwrap();
    let found = on.store.person("ada").await.unwrap();
    assert_eq!((found.id.clone(), found.grants.len(), found.disabled), (id.clone(), 2, false));
    assert_eq!(on.store.person(id.as_str()).await.unwrap().name, "ada");
    let names: Vec<String> = on.store.persons().await.unwrap().into_iter().map(|person| person.name).collect();
    assert_eq!(names, ["ada", "bob"]);
    assert!(matches!(on.store.person("cyd").await, Err(StoreError::NotFound { .. })));
    assert_eq!(on.verify().await["user.added"], 2);
}

async fn names_are_unique(on: &Fixture) {
    first(on).await;
    let again = on.store.add_person(person(on, "ada", manage(Kind::User))).await;
    assert!(matches!(again, Err(StoreError::Conflict { .. })), "{again:?}");
    assert_eq!(on.verify().await["user.added"], 1);
}

async fn roles_are_given_and_taken(on: &Fixture) {
    let id = first(on).await;
    let grant = |role: &str, give| GrantRole {
        person: id.clone(),
        role: role.into(),
        scope: "pilot:north".into(),
        give,
        actor: "usr_ada".into(),
        permit: permit(Action::UserManage, Kind::User, "thing"),
        at: on.now(),
    };
    on.store.grant_role(grant("operator", true)).await.unwrap();
    on.store.grant_role(grant("operator", true)).await.unwrap();
    assert_eq!(on.store.person("ada").await.unwrap().grants.len(), 3);
    on.store.grant_role(grant("operator", false)).await.unwrap();
    assert!(matches!(on.store.grant_role(grant("operator", false)).await, Err(StoreError::NotFound { .. })));
    assert_eq!(on.store.person("ada").await.unwrap().grants.len(), 2);
    let mut nobody = grant("viewer", true);
    nobody.person = UserId::new(on.now(), [9; 10]);
    assert!(matches!(on.store.grant_role(nobody).await, Err(StoreError::NotFound { .. })));
    let permit = |_| permit(Action::UserManage, Kind::User, "thing");
    let at = |emails: &[&str], now| AddressPerson {
        person: id.clone(),
        emails: emails.iter().map(|email| (*email).to_owned()).collect(),
        actor: "usr_ada".into(),
        permit: permit(now),
        at: now,
    };
    on.store.address_person(at(&["a@work.example", "a@home.example"], on.now())).await.unwrap();
    let ada = on.store.person("ada").await.unwrap();
    assert_eq!((ada.email(), ada.emails.len()), (Some("a@work.example"), 2));
    on.store.address_person(at(&[], on.now())).await.unwrap();
    assert_eq!(on.store.person("ada").await.unwrap().email(), None);
    let permit = permit(on.now());
    let disable = DisablePerson { person: id, disabled: true, actor: "usr_ada".into(), permit, at: on.now() };
    on.store.disable_person(disable).await.unwrap();
    assert!(on.store.person("ada").await.unwrap().disabled);
}

async fn a_token_is_found_by_its_digest_until_it_is_forgotten(on: &Fixture) {
    let id = first(on).await;
    let made = token(on, &id, "digest", manage(Kind::Token));
    let token_id = made.id.clone();
    on.store.add_token(made).await.unwrap();
    let (found, whose) = on.store.token("digest").await.unwrap().unwrap();
    assert_eq!((found.id, whose.id, found.expires_at), (token_id.clone(), id.clone(), Some(on.in_secs(60))));
    assert!(on.store.token("other").await.unwrap().is_none());
    let revoke = || RevokeToken {
        token: token_id.clone(),
        actor: "usr_ada".into(),
        permit: permit(Action::TokenManage, Kind::Token, "t"),
        at: on.now(),
    };
    on.store.revoke_token(revoke()).await.unwrap();
    assert!(matches!(on.store.revoke_token(revoke()).await, Err(StoreError::NotFound { .. })));
    assert_eq!(
        on.store.token("digest").await.unwrap().unwrap().0.revoked_at,
        Some(on.now()),
        "known, and known to be ended"
    );
    assert_eq!(on.store.tokens(Some(&id)).await.unwrap().len(), 1);
    assert_eq!(on.store.tokens(None).await.unwrap().len(), 1);
}

async fn only_the_first_token_needs_nobody(on: &Fixture) {
    let id = first(on).await;
    on.store.add_token(token(on, &id, "one", Right::First)).await.unwrap();
    let second = on.store.add_token(token(on, &id, "two", Right::First)).await;
    assert!(matches!(second, Err(StoreError::Conflict { .. })), "{second:?}");
    let nobody = UserId::new(on.now(), [9; 10]);
    let lost = on.store.add_token(token(on, &nobody, "three", manage(Kind::Token))).await;
    assert!(matches!(lost, Err(StoreError::NotFound { .. })), "{lost:?}");
    assert_eq!(on.verify().await["token.added"], 1);
}
