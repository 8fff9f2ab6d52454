//! Sessions and invitations.

use super::fixture::Fixture;
use super::on_both;
use super::samples::permit;
use crate::domain::id::{InvitationId, SessionId, UserId};
use crate::policy::{Action, Kind, Permit};
use crate::store::{
    AddPerson, DisablePerson, EndInvitation, EndSessions, Invite, NewSession, OpenSession, Proof, Redeem, Right,
    SeeSession, Sessions, StoreError,
};

on_both!(
    an_invitation_lets_in_once,
    of_many_who_use_an_invitation_at_once_one_gets_in,
    an_invitation_that_is_over_or_taken_back_lets_nobody_in,
    a_session_is_found_by_its_digest_and_ends,
    whoever_is_disabled_is_out_at_once,
    what_ended_long_ago_is_forgotten,
);

fn may() -> Permit {
    permit(Action::UserManage, Kind::User, "thing")
}

async fn person(on: &Fixture, name: &str, kind: &'static str) -> UserId {
    let id = UserId::new(on.now(), on.store.chance());
    let add = AddPerson {
        id: id.clone(),
        name: name.into(),
        emails: vec![],
        kind,
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
        agent: "Browser \u{202e}1".into(),
        address: "192.0.2.1".into(),
        until: on.in_secs(3600),
    }
}

async fn opened(on: &Fixture, person: &UserId, digest: &str) -> SessionId {
    let session = session(on, digest);
    let id = session.id.clone();
    let verb = OpenSession { person: person.clone(), session, proof: Proof::Password, replaces: None, at: on.now() };
    on.store.open_session(verb).await.unwrap();
    id
}

async fn invite(on: &Fixture, person: &UserId, digest: &str) -> InvitationId {
    let id = InvitationId::new(on.now(), on.store.chance());
    let until = on.in_secs(60);
    let verb = Invite {
        id: id.clone(),
        person: person.clone(),
        digest: digest.into(),
        until,
        actor: "usr_ada".into(),
        permit: may(),
        at: on.now(),
    };
    on.store.invite(verb).await.unwrap();
    id
}

async fn redeem(on: &Fixture, digest: &str, secret: &str) -> Result<UserId, StoreError> {
    on.store.redeem(Redeem { digest: digest.into(), session: session(on, secret), at: on.now() }).await
}

async fn an_invitation_lets_in_once(on: &Fixture) {
    let ada = person(on, "ada", "user").await;
    let id = invite(on, &ada, "link").await;
    let (row, whose) = on.store.invitation("link").await.unwrap().unwrap();
    assert_eq!((row.id, row.person, whose.name.as_str(), row.used_at), (id, ada.clone(), "ada", None));
    assert_eq!(on.store.invitations().await.unwrap().len(), 1);
    assert!(matches!(redeem(on, "no link", "s0").await, Err(StoreError::Conflict { .. })));
    assert_eq!(redeem(on, "link", "s1").await.unwrap(), ada);
    let again = redeem(on, "link", "s2").await;
    assert!(matches!(again, Err(StoreError::Conflict { .. })), "{again:?}");
    assert!(on.store.session("s2").await.unwrap().is_none());
    assert_eq!(on.store.session("s1").await.unwrap().unwrap().1.id, ada);
    assert_eq!(on.store.invitation("link").await.unwrap().unwrap().0.used_at, Some(on.now()));
    assert!(on.store.invitations().await.unwrap().is_empty());
    let told = on.verify().await;
    assert_eq!((told["invitation.made"], told["session.opened"]), (1, 1));
}

async fn of_many_who_use_an_invitation_at_once_one_gets_in(on: &Fixture) {
    let ada = person(on, "ada", "user").await;
    invite(on, &ada, "link").await;
    let digests: Vec<String> = (0..16).map(|one| format!("s{one}")).collect();
    let tries = futures_util::future::join_all(digests.iter().map(|digest| redeem(on, "link", digest))).await;
    assert_eq!(tries.iter().filter(|outcome| outcome.is_ok()).count(), 1, "{tries:?}");
    assert_eq!(on.store.sessions(Some(&ada)).await.unwrap().len(), 1);
}

async fn an_invitation_that_is_over_or_taken_back_lets_nobody_in(on: &Fixture) {
    let ada = person(on, "ada", "user").await;
    let taken = invite(on, &ada, "taken").await;
    invite(on, &ada, "late").await;
    let end = || EndInvitation { id: taken.clone(), actor: "usr_ada".into(), permit: may(), at: on.now() };
    on.store.end_invitation(end()).await.unwrap();
    assert!(matches!(on.store.end_invitation(end()).await, Err(StoreError::NotFound { .. })));
    assert!(matches!(redeem(on, "taken", "s1").await, Err(StoreError::Conflict { .. })));
    on.clock.turn(60);
    assert!(matches!(redeem(on, "late", "s2").await, Err(StoreError::Conflict { .. })));
    assert!(on.store.sessions(None).await.unwrap().is_empty());
    // A part of the program signs in nowhere.
    let robot = person(on, "robot", "service").await;
    let verb = OpenSession {
        person: robot.clone(),
        session: session(on, "s3"),
        proof: Proof::Password,
        replaces: None,
        at: on.now(),
    };
    assert!(matches!(on.store.open_session(verb).await, Err(StoreError::Conflict { .. })));
}

async fn a_session_is_found_by_its_digest_and_ends(on: &Fixture) {
    let ada = person(on, "ada", "user").await;
    let bob = person(on, "bob", "user").await;
    let first = opened(on, &ada, "one").await;
    let (row, whose) = on.store.session("one").await.unwrap().unwrap();
    assert_eq!(
        (row.id.clone(), row.person, whose.id, row.via.as_str()),
        (first.clone(), ada.clone(), ada.clone(), "password")
    );
    assert_eq!(
        (row.agent.as_str(), row.address.as_str(), row.until),
        ("Browser \u{202e}1", "192.0.2.1", on.in_secs(3600))
    );
    assert!(on.store.session("other").await.unwrap().is_none());
    on.clock.turn(30);
    on.store.see_session(SeeSession { id: first.clone(), at: on.now() }).await.unwrap();
    assert_eq!(on.store.session_named(&first).await.unwrap().seen_at, on.now());
    // One that takes the place of another ends it in the same step.
    let verb = OpenSession {
        person: ada.clone(),
        session: session(on, "two"),
        proof: Proof::Password,
        replaces: Some(first.clone()),
        at: on.now(),
    };
    on.store.open_session(verb).await.unwrap();
    assert_eq!(on.store.session("one").await.unwrap().unwrap().0.ended_at, Some(on.now()));
    let (third, _) = (opened(on, &ada, "three").await, opened(on, &bob, "bobs").await);
    let end = |which| EndSessions { which, actor: "usr_ada".into(), permit: None, at: on.now() };
    assert_eq!(on.store.end_sessions(end(Sessions::Others(ada.clone(), third.clone()))).await.unwrap(), 1);
    assert_eq!(on.store.end_sessions(end(Sessions::One(third.clone()))).await.unwrap(), 1);
    let again = on.store.end_sessions(end(Sessions::One(third))).await;
    assert!(matches!(again, Err(StoreError::NotFound { .. })), "{again:?}");
    assert_eq!(on.store.sessions(None).await.unwrap().len(), 1, "bob's stays");
    assert_eq!(on.store.end_sessions(end(Sessions::Of(bob))).await.unwrap(), 1);
    let told = on.verify().await;
    assert_eq!((told["session.opened"], told["session.ended"]), (4, 4));
}

async fn whoever_is_disabled_is_out_at_once(on: &Fixture) {
    let ada = person(on, "ada", "user").await;
    opened(on, &ada, "one").await;
    invite(on, &ada, "link").await;
    let disable = |disabled| DisablePerson {
        person: ada.clone(),
        disabled,
        actor: "usr_ada".into(),
        permit: may(),
        at: on.now(),
    };
    on.store.disable_person(disable(true)).await.unwrap();
    assert!(on.store.session("one").await.unwrap().unwrap().0.ended_at.is_some());
    assert!(matches!(redeem(on, "link", "two").await, Err(StoreError::Conflict { .. })));
    let refused = on
        .store
        .open_session(OpenSession {
            person: ada.clone(),
            session: session(on, "three"),
            proof: Proof::Password,
            replaces: None,
            at: on.now(),
        })
        .await;
    assert!(matches!(refused, Err(StoreError::Conflict { .. })), "{refused:?}");
    // Let back in, nothing from before is worth anything.
    on.store.disable_person(disable(false)).await.unwrap();
    assert!(matches!(redeem(on, "link", "two").await, Err(StoreError::Conflict { .. })));
    assert!(on.store.sessions(Some(&ada)).await.unwrap().is_empty());
}

async fn what_ended_long_ago_is_forgotten(on: &Fixture) {
    let ada = person(on, "ada", "user").await;
    opened(on, &ada, "old").await;
    on.clock.turn(3600 + 31 * 86_400);
    opened(on, &ada, "new").await;
    assert!(on.store.session("old").await.unwrap().is_none());
    assert!(on.store.session("new").await.unwrap().is_some());
}
