//! What must hold for every question, drawn at random.

use cedar_policy::{Entities, Request, Schema};
use proptest::prelude::*;
use proptest::sample::{select, subsequence};

use super::*;
use crate::policy::shipped::SCHEMA;

fn users() -> impl Strategy<Value = String> {
    select(vec!["usr_ada", "usr_bob", "usr_eve", "", "Ünï\"code\\ \u{202e}\n", "all"]).prop_map(str::to_owned)
}

fn ids(words: &'static [&'static str]) -> impl Strategy<Value = String> {
    select(words).prop_map(str::to_owned)
}

fn scopes() -> impl Strategy<Value = Scope> {
    prop_oneof![
        Just(Scope::All),
        ids(&["ten_1", "ten_2", "", "all"]).prop_map(Scope::Tenant),
        ids(&["plt_1", "plt_2", "", "all"]).prop_map(Scope::Pilot),
    ]
}

fn principals() -> impl Strategy<Value = Principal> {
    let kind =
        select(vec![Actor::User, Actor::User, Actor::User, Actor::Service(Part::Source), Actor::Service(Part::Daemon)]);
    let grants = prop::collection::vec((select(&Role::ALL[..]), scopes()), 0..4);
    let words: Vec<TokenScope> = Group::ALL
        .into_iter()
        .map(TokenScope::Group)
        .chain(Action::ALL.iter().copied().map(TokenScope::Action))
        .collect();
    let token = prop::option::of(subsequence(words, 0..4).prop_map(|scopes| scopes.into_iter().collect()));
    (users(), kind, prop::bool::weighted(0.1), grants, token).prop_map(
        |(user, kind, disabled, grants, token_scopes)| {
            let grants = grants.into_iter().map(|(role, scope)| Grant { role, scope }).collect();
            Principal { name: user.clone(), user, kind, disabled, grants, token_scopes }
        },
    )
}

fn resources() -> impl Strategy<Value = Resource> {
    let place = (
        select(&Kind::ALL[..]),
        ids(&["thing_1", "plt_1", "usr_ada", ""]),
        prop::option::of(ids(&["ten_1", "ten_2", "", "all"])),
        prop::option::of(ids(&["plt_1", "plt_2", "", "all"])),
    );
    let people = (
        prop::option::of(users()),
        prop::option::of(users()),
        any::<bool>(),
        prop::collection::vec(users(), 0..3),
        prop::option::of(users()),
    );
    (place, people).prop_map(
        |((kind, id, tenant, pilot), (submitter, claimed_by, forbid_self_review, reviewers, owner))| Resource {
            kind,
            id,
            tenant,
            pilot,
            submitter,
            claimed_by,
            forbid_self_review,
            reviewers,
            owner,
        },
    )
}

/// Mostly a kind the action applies to, so that the policies are really asked.
fn asks() -> impl Strategy<Value = (Principal, Action, Resource)> {
    (principals(), select(Action::ALL), resources(), prop::bool::weighted(0.9)).prop_map(
        |(principal, action, mut resource, fits)| {
            if fits && !action.kinds().contains(&resource.kind) {
                resource.kind = action.kinds()[0];
            }
            (principal, action, resource)
        },
    )
}

fn same_but(principal: &Principal, change: fn(&mut Principal)) -> Principal {
    let mut changed = principal.clone();
    change(&mut changed);
    changed
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 500, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_yes_always_has_its_reasons((principal, action, resource) in asks()) {
        thread_local!(static SET: PolicySet = shipped());
        SET.with(|set| {
            let decision = set.decide(&Ask { principal: &principal, action, resource: &resource }, "dec_1".to_owned());
            let again = set.decide(&Ask { principal: &principal, action, resource: &resource }, "dec_1".to_owned());
            prop_assert_eq!(&decision, &again);
            prop_assert_eq!(decision.set_hash.as_str(), set.hash());
            if !decision.allowed {
                prop_assert!(decision.code.is_some());
                return Ok(());
            }
            prop_assert!(decision.errors.is_empty() && !decision.policies.is_empty() && decision.code.is_none());
            prop_assert!(!principal.disabled);
            prop_assert!(!principal.user.is_empty() && !resource.id.is_empty());
            prop_assert!(action.kinds().contains(&resource.kind));
            prop_assert!(principal.token_carries(action));
            let covered = principal.grants.iter().any(|grant| grant.scope.covers(&resource) && grant.scope.is_named());
            let own = matches!(action, Action::TokenManageOwn | Action::AccountManageOwn)
                && resource.owner.as_ref() == Some(&principal.user);
            prop_assert!(covered || own);
            prop_assert!(!principal.grants.is_empty());
            if Group::Review.contains(action) {
                prop_assert_eq!(principal.kind, Actor::User);
                prop_assert!(resource.reviewers.contains(&principal.user));
            }
            if resource.kind == Kind::Review && resource.forbid_self_review {
                prop_assert!(resource.submitter.as_ref() != Some(&principal.user));
            }
            Ok(())
        })?;
    }

    #[test]
    fn taking_something_away_never_turns_a_no_into_a_yes((principal, action, resource) in asks()) {
        thread_local!(static SET: PolicySet = shipped());
        SET.with(|set| {
            let may = |principal: &Principal| allowed(set, principal, action, &resource);
            let before = may(&principal);
            prop_assert!(!may(&same_but(&principal, |principal| principal.grants.clear())));
            prop_assert!(!may(&same_but(&principal, |principal| principal.disabled = true)));
            prop_assert!(!may(&principal.clone().with_token([])));
            let fewer = same_but(&principal, |principal| { principal.grants.pop(); });
            prop_assert!(before || !may(&fewer));
            let without_token = same_but(&principal, |principal| principal.token_scopes = None);
            prop_assert!(!before || may(&without_token));
            Ok(())
        })?;
    }

    #[test]
    fn what_is_put_to_the_policies_fits_the_schema((principal, action, resource) in asks()) {
        thread_local!(static HELD: (PolicySet, Schema) = (shipped(), SCHEMA.1.parse().unwrap()));
        HELD.with(|(set, schema)| {
            let Ok((request, entities)) = set.vocabulary.put(&Ask { principal: &principal, action, resource: &resource }) else {
                prop_assert!(
                    principal.user.is_empty() || resource.id.is_empty() || !action.kinds().contains(&resource.kind)
                );
                return Ok(());
            };
            let checked = Entities::from_entities(entities, Some(schema));
            prop_assert!(checked.is_ok(), "{:?}", checked.err());
            let checked = Request::new(
                request.principal().unwrap().clone(),
                request.action().unwrap().clone(),
                request.resource().unwrap().clone(),
                request.context().unwrap().clone(),
                Some(schema),
            );
            prop_assert!(checked.is_ok(), "{:?}", checked.err());
            Ok(())
        })?;
    }
}
