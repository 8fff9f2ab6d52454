//! Sessions and invitations as the faces use them.

use super::{Access, AccessError, Client, KeyAnswer, Lives, NewPerson, NewToken, Opened, Via, first_person};
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

const GOOD: &str = "four tin whistles";

async fn entered(access: &Access, by: &Principal, name: &str) -> Opened {
    let invited = access.invite(by, name).await.unwrap();
    access.redeem(&invited.secret, &client()).await.unwrap()
}

async fn with_password(access: &Access, by: &Principal, name: &str) -> Opened {
    let opened = entered(access, by, name).await;
    let (person, session) = access.session(&opened.secret).await.unwrap();
    access.set_password(&person, &session, None, GOOD, &client()).await.unwrap()
}

#[tokio::test]
async fn a_password_signs_in_its_person_and_a_new_one_ends_what_was() {
    let (on, access, ada) = house().await;
    add(&access, &ada, "bob", Role::Reviewer).await;
    access.address(&ada, "bob", vec!["Bob@acme.example".into()]).await.unwrap();
    let before = entered(&access, &ada, "bob").await;
    let other = entered(&access, &ada, "bob").await;
    let (bob, session) = access.session(&before.secret).await.unwrap();
    for weak in ["short", "password1234", "bob bob bob bob"] {
        let refused = access.set_password(&bob, &session, None, weak, &client()).await;
        assert!(matches!(refused, Err(AccessError::Weak(_))), "{weak}");
    }
    let now = access.set_password(&bob, &session, None, GOOD, &client()).await.unwrap();
    for old in [&before, &other] {
        assert!(matches!(access.session(&old.secret).await, Err(AccessError::SignedOut)));
    }
    assert_eq!(access.session(&now.secret).await.unwrap().1.via, Via::Invitation, "rotated");
    let by_name = access.sign_in("bob", GOOD, &client(), Some(now.session.clone())).await.unwrap();
    assert!(matches!(access.session(&now.secret).await, Err(AccessError::SignedOut)), "rotated again");
    assert_eq!(access.session(&by_name.secret).await.unwrap().1.via, Via::Password);
    assert!(access.sign_in(" Bob ", GOOD, &client(), None).await.is_ok());
    assert!(access.sign_in("bob@ACME.example", GOOD, &client(), None).await.is_ok());
    let told = on.verify().await;
    assert_eq!((told["password.set"], told["session.ended"]), (1, 3));
}

#[tokio::test]
async fn whatever_is_wrong_the_answer_is_the_same() {
    let (_on, access, ada) = house().await;
    for name in ["bob", "cyd", "dan", "eve"] {
        add(&access, &ada, name, Role::Reviewer).await;
    }
    access.address(&ada, "dan", vec!["shared@acme.example".into()]).await.unwrap();
    access.address(&ada, "eve", vec!["shared@acme.example".into()]).await.unwrap();
    for name in ["bob", "dan", "eve"] {
        with_password(&access, &ada, name).await;
    }
    let disabled = with_password(&access, &ada, "cyd").await;
    access.disable_person(&ada, "cyd", true).await.unwrap();
    assert!(matches!(access.session(&disabled.secret).await, Err(AccessError::SignedOut)));
    let long = "x".repeat(5000);
    for (name, password) in [
        ("bob", "four tin whistlez"),
        ("bob", ""),
        ("nobody", GOOD),
        ("cyd", GOOD),
        ("ada", GOOD),
        ("shared@acme.example", GOOD),
        ("", GOOD),
        (&*long, GOOD),
        ("bob", &*long),
    ] {
        let refused = access.sign_in(name, password, &client(), None).await;
        assert!(matches!(refused, Err(AccessError::Refused)), "{name} {password}");
    }
}

#[tokio::test]
async fn tries_on_an_account_are_few_and_nobody_forgets_them_by_starting_anew() {
    let (on, access, ada) = house().await;
    add(&access, &ada, "bob", Role::Reviewer).await;
    with_password(&access, &ada, "bob").await;
    // From a hundred addresses, and whether there is such an account or not.
    let from = |one: u32| Client { agent: String::new(), address: format!("198.51.100.{}", one % 100) };
    for name in ["bob", "nobody"] {
        let mut heard = 0;
        for one in 0..100 {
            match access.sign_in(name, &format!("wrong number {one}"), &from(one), None).await {
                Err(AccessError::Refused) => heard += 1,
                Err(AccessError::TooOften { retry_secs }) => assert!((1..=61).contains(&retry_secs)),
                other => panic!("{:?}", other.err()),
            }
        }
        assert_eq!(heard, 5, "{name}");
    }
    // The right password does not get in either, nor after a restart; a minute later it does, and the count starts anew.
    let again = Access::new(on.another().await, Policies::new(PolicySet::embedded()), on.clock.clone());
    for access in [&access, &again] {
        let refused = access.sign_in("bob", GOOD, &from(7), None).await;
        assert!(matches!(refused, Err(AccessError::TooOften { .. })));
    }
    on.clock.turn(61);
    assert!(again.sign_in("bob", GOOD, &from(7), None).await.is_ok());
    for _ in 0..5 {
        let refused = access.sign_in("bob", "wrong", &from(8), None).await;
        assert!(matches!(refused, Err(AccessError::Refused)));
    }
}

#[tokio::test]
async fn an_address_is_no_second_way_to_guess() {
    let (_on, access, ada) = house().await;
    add(&access, &ada, "dan", Role::Reviewer).await;
    access.address(&ada, "dan", vec!["dan@acme.example".into(), "d@home.example".into()]).await.unwrap();
    with_password(&access, &ada, "dan").await;
    let mut heard = 0;
    for one in 0..30 {
        let name = ["dan", "dan@acme.example", "d@home.example"][one % 3];
        let from = Client { agent: String::new(), address: format!("198.51.100.{one}") };
        match access.sign_in(name, "wrong", &from, None).await {
            Err(AccessError::Refused) => heard += 1,
            Err(AccessError::TooOften { .. }) => {}
            other => panic!("{:?}", other.err()),
        }
    }
    assert_eq!(heard, 5);
}

#[tokio::test]
async fn tries_from_an_address_are_bounded_whatever_they_name() {
    let (_on, access, _ada) = house().await;
    let mut heard = 0;
    for one in 0..60 {
        match access.sign_in(&format!("nobody{one}"), "wrong", &client(), None).await {
            Err(AccessError::Refused) => heard += 1,
            Err(AccessError::TooOften { .. }) => {}
            other => panic!("{:?}", other.err()),
        }
    }
    // The clock of this limit is the machine's: a slow one lets a few more by.
    assert!((30..60).contains(&heard), "{heard}");
}

#[tokio::test]
async fn how_one_signs_in_is_changed_by_who_just_proved_who_they_are() {
    let (on, access, ada) = house().await;
    add(&access, &ada, "bob", Role::Reviewer).await;
    let opened = with_password(&access, &ada, "bob").await;
    on.clock.turn(3600);
    let (bob, session) = access.session(&opened.secret).await.unwrap();
    let set = async |present: Option<&str>| {
        access.set_password(&bob, &session, present, "moth-lantern-gravel", &client()).await
    };
    assert!(matches!(set(None).await, Err(AccessError::Stale)));
    assert!(matches!(set(Some("")).await, Err(AccessError::Stale)));
    assert!(matches!(set(Some("four tin whistlez")).await, Err(AccessError::Refused)));
    assert!(set(Some(GOOD)).await.is_ok());
    assert!(matches!(access.sign_in("bob", GOOD, &client(), None).await, Err(AccessError::Refused)));
    assert!(access.sign_in("bob", "moth-lantern-gravel", &client(), None).await.is_ok());
    access.remove_password(&ada, "bob").await.unwrap();
    assert!(matches!(access.sign_in("bob", "moth-lantern-gravel", &client(), None).await, Err(AccessError::Refused)));
    assert!(matches!(access.remove_password(&bob, "ada").await, Err(AccessError::Denied(_))));
    access.set_password_by_token(&ada, "moth-lantern-gravel").await.unwrap();
    assert!(access.sign_in("ada", "moth-lantern-gravel", &client(), None).await.is_ok());
}

/// What a browser recorded; see `passkey/tests`.
fn recorded() -> serde_json::Value {
    serde_json::from_str(include_str!("passkey/tests/vectors.json")).unwrap()
}

#[tokio::test]
async fn passkeys_need_an_address_that_browsers_allow_and_a_challenge_of_ours() {
    let (_on, access, ada) = house().await;
    let opened = entered(&access, &ada, "ada").await;
    let (me, session) = access.session(&opened.secret).await.unwrap();
    assert!(matches!(access.passkey_wanted(&me, &session).await, Err(AccessError::NoPasskeys)));
    let access = access.at("http://localhost:7700");
    let asked = access.passkey_wanted(&me, &session).await.unwrap();
    assert_eq!(asked["rp"]["id"], "localhost");
    assert_eq!(asked["authenticatorSelection"]["userVerification"], "required");
    // What was recorded answers a challenge that was never given here.
    let case = &recorded()["cases"][0];
    let text = |value: &serde_json::Value| value.as_str().unwrap().to_owned();
    let answer = KeyAnswer {
        credential: text(&case["made"]["id"]),
        client_data: text(&case["made"]["client_data"]),
        data: text(&case["made"]["attestation"]),
        ..KeyAnswer::default()
    };
    let refused = access.add_passkey(&me, &session, "laptop", &answer).await;
    assert!(matches!(refused, Err(AccessError::Passkey(super::Unfit::Other("challenge")))));
    let used = KeyAnswer {
        credential: answer.credential.clone(),
        client_data: text(&case["used"][0]["client_data"]),
        data: text(&case["used"][0]["authenticator_data"]),
        signature: text(&case["used"][0]["signature"]),
        ..KeyAnswer::default()
    };
    let refused = access.sign_in_by_passkey("door", &used, &client(), None).await;
    assert!(matches!(refused, Err(AccessError::Refused)));
    for broken in [KeyAnswer::default(), KeyAnswer { client_data: "%%".into(), ..used }] {
        let refused = access.sign_in_by_passkey("door", &broken, &client(), None).await;
        assert!(matches!(refused, Err(AccessError::Refused)));
    }
}
