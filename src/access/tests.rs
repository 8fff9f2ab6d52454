//! Sessions and invitations as the faces use them.

use super::{Access, AccessError, Client, Lives, NewPerson, NewToken, Via, first_person};
use crate::clock::Clock;
use crate::policy::{Policies, PolicySet, Principal, Role, Scope};
use crate::store::conformance::Fixture;
use jiff::SignedDuration;
use std::sync::Arc;

async fn house() -> (Fixture, Access, Arc<Principal>) {
    let on = Fixture::sqlite().await;
    let policies = Policies::new(PolicySet::embedded());
    let clock: Arc<dyn Clock> = on.clock.clone();
    let access = Access::new(on.store.clone(), policies, clock);
    let (_, made) = first_person(&on.store, "ada", None).await.unwrap();
    let ada = access.principal(&made.secret).await.unwrap();
    (on, access, ada)
}

async fn add(access: &Access, by: &Principal, name: &str, role: Role) {
    let new = NewPerson { name: name.into(), emails: vec![], grants: vec![(role, Scope::All)] };
    access.add_person(by, new).await.unwrap();
}

fn client() -> Client {
    Client { agent: "Browser 1".into(), address: "192.0.2.1".into() }
}

#[tokio::test]
async fn an_invitation_opens_a_session_once_and_looking_at_it_changes_nothing() {
    let (on, access, ada) = house().await;
    add(&access, &ada, "bob", Role::Reviewer).await;
    let invited = access.invite(&ada, "bob").await.unwrap();
    for _ in 0..3 {
        assert_eq!(access.invited(&invited.secret).await.unwrap().name, "bob");
    }
    let opened = access.redeem(&invited.secret, &client()).await.unwrap();
    assert!(matches!(access.invited(&invited.secret).await, Err(AccessError::NoInvitation)));
    assert!(matches!(access.redeem(&invited.secret, &client()).await, Err(AccessError::NoInvitation)));
    let (bob, session) = access.session(&opened.secret).await.unwrap();
    assert_eq!((bob.name.as_str(), session.via, session.id.clone()), ("bob", Via::Invitation, opened.session.clone()));
    assert!(session.is_fresh(on.clock.now()) && session.form_key != opened.secret && session.form_key.len() == 43);
    on.clock.turn(15 * 60 + 1);
    assert!(!session.is_fresh(on.clock.now()));
    access.sign_out(&bob, &session).await.unwrap();
    assert!(matches!(access.session(&opened.secret).await, Err(AccessError::SignedOut)));
    access.sign_out(&bob, &session).await.unwrap();
    on.verify().await;
}

#[tokio::test]
async fn nothing_but_the_secret_of_a_session_in_force_is_one() {
    let (_on, access, ada) = house().await;
    let invited = access.invite(&ada, "ada").await.unwrap();
    let opened = access.redeem(&invited.secret, &client()).await.unwrap();
    let digest = opspilot_sdk::sha256_hex(opened.secret.as_bytes());
    let other_case = opened.secret.to_ascii_uppercase();
    let long = format!("ops_{}", "A".repeat(5000));
    let shorter = &opened.secret[..opened.secret.len() - 1];
    for forged in ["", "ops_", &invited.secret, &digest, opened.session.as_str(), &other_case, &long, shorter] {
        assert!(matches!(access.session(forged).await, Err(AccessError::SignedOut)), "{forged}");
    }
    assert!(access.session(&opened.secret).await.is_ok());
    assert!(matches!(access.principal(&opened.secret).await, Err(AccessError::Unknown)), "a session is no token");
}

#[tokio::test]
async fn a_session_ends_when_idle_and_in_any_case_after_its_time() {
    let (on, access, ada) = house().await;
    let hours = SignedDuration::from_hours;
    let access = access.living(Lives { idle: hours(2), session: hours(5), ..Lives::default() });
    let invited = access.invite(&ada, "ada").await.unwrap();
    let opened = access.redeem(&invited.secret, &client()).await.unwrap();
    // Used every hour and a half it lives on, until its end.
    for _ in 0..3 {
        on.clock.turn(5400);
        assert!(access.session(&opened.secret).await.is_ok());
    }
    on.clock.turn(1800);
    assert!(matches!(access.session(&opened.secret).await, Err(AccessError::SignedOut)), "five hours are over");
    let invited = access.invite(&ada, "ada").await.unwrap();
    let opened = access.redeem(&invited.secret, &client()).await.unwrap();
    on.clock.turn(7201);
    assert!(matches!(access.session(&opened.secret).await, Err(AccessError::SignedOut)), "idle for two hours");
    assert!(access.sessions(&ada, true).await.unwrap().is_empty(), "and not listed as one");
}

#[tokio::test]
async fn sessions_are_ones_own_or_the_business_of_who_manages_people() {
    let (_on, access, ada) = house().await;
    for name in ["bob", "cyd"] {
        add(&access, &ada, name, Role::Reviewer).await;
    }
    let enter = async |name: &str| {
        let invited = access.invite(&ada, name).await.unwrap();
        access.redeem(&invited.secret, &client()).await.unwrap()
    };
    let (one, two, cyds) = (enter("bob").await, enter("bob").await, enter("cyd").await);
    let (bob, here) = access.session(&one.secret).await.unwrap();
    assert_eq!(access.sessions(&bob, false).await.unwrap().len(), 2);
    assert!(matches!(access.sessions(&bob, true).await, Err(AccessError::Denied(_))));
    assert!(matches!(access.invite(&bob, "cyd").await, Err(AccessError::Denied(_))));
    assert!(matches!(access.invitations(&bob).await, Err(AccessError::Denied(_))));
    // Whose session it is, and that it is one, is not the business of who may not end it.
    let refused = access.end_session(&bob, &cyds.session).await;
    assert!(matches!(&refused, Err(AccessError::Store(crate::store::StoreError::NotFound { .. }))));
    assert_eq!(access.end_other_sessions(&bob, &here).await.unwrap(), 1);
    assert!(matches!(access.session(&two.secret).await, Err(AccessError::SignedOut)), "at once");
    assert!(access.session(&one.secret).await.is_ok());
    access.end_session(&ada, &cyds.session).await.unwrap();
    assert!(matches!(access.session(&cyds.secret).await, Err(AccessError::SignedOut)));
    assert_eq!(access.end_sessions_of(&ada, "bob").await.unwrap(), 1);
    assert!(matches!(access.session(&one.secret).await, Err(AccessError::SignedOut)));
}

#[tokio::test]
async fn whoever_is_disabled_is_out_at_once() {
    let (_on, access, ada) = house().await;
    add(&access, &ada, "bob", Role::Owner).await;
    let (first, second) = (access.invite(&ada, "bob").await.unwrap(), access.invite(&ada, "bob").await.unwrap());
    let opened = access.redeem(&first.secret, &client()).await.unwrap();
    assert!(access.session(&opened.secret).await.is_ok());
    access.disable_person(&ada, "bob", true).await.unwrap();
    assert!(matches!(access.session(&opened.secret).await, Err(AccessError::SignedOut)));
    assert!(matches!(access.invited(&second.secret).await, Err(AccessError::NoInvitation)));
    assert!(matches!(access.redeem(&second.secret, &client()).await, Err(AccessError::NoInvitation)));
}

#[tokio::test]
async fn a_narrow_token_opens_no_way_in() {
    let (_on, access, ada) = house().await;
    let scopes = Some(["user.manage".parse().unwrap()].into());
    let made =
        access.add_token(&ada, "ada", NewToken { name: "narrow".into(), scopes, expires_at: None }).await.unwrap();
    let narrow = access.principal(&made.secret).await.unwrap();
    assert!(matches!(access.invite(&narrow, "ada").await, Err(AccessError::Malformed { .. })));
    assert!(access.people(&narrow).await.is_ok());
}
