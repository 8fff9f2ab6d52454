//! Test data: small builders for everything the store takes, each the plainest that is valid. Own file so that a case shows only what
//! it is about.

use super::fixture::Fixture;
use crate::domain::id::{BriefId, DecisionId, NodeId, RequestId};
use crate::domain::review::ReviewState;
use crate::policy::{Action, Ask, Grant, Kind, Permit, PolicySet, Principal, Resource, Role};
use crate::receipt::Body;
use crate::store::{
    Accept, Act, Advance, Belongs, Cancel, Claim, ClaimedRun, Decide, Draft, Edit, Hold, Next, Packed, Request, Resume,
    Retry, Reveal, StepDone, Told, Wake,
};
use jiff::{SignedDuration, Timestamp};
use opspilot_sdk::sha256_hex;
use std::sync::{Arc, LazyLock};

/// A noon in 2026, in microseconds.
pub(crate) const NOON: i64 = 1_790_000_000_000_000;

/// Hash of a definition that nobody looks at here.
pub(crate) const DEFINITION: &str = "d0";

/// A person who may do everything everywhere.
pub(crate) fn permit(action: Action, kind: Kind, id: &str) -> Permit {
    static POLICIES: LazyLock<PolicySet> = LazyLock::new(|| PolicySet::embedded().unwrap());
    let grants =
        [Role::Owner, Role::Reviewer, Role::Operator].map(|role| Grant { role, scope: "all".parse().unwrap() });
    let principal = Principal::user("usr_ada", "Ada", grants.to_vec());
    let mut resource = Resource::new(kind, id);
    resource.reviewers = vec!["usr_ada".into()];
    resource.forbid_self_review = false;
    resource.owner = Some("usr_ada".into());
    POLICIES.permit(&Ask { principal: &principal, action, resource: &resource }, "pdc_1".into()).unwrap()
}

/// A node.
pub(crate) fn node(on: &Fixture) -> NodeId {
    NodeId::new(on.now(), on.store.chance())
}

/// A request to accept: `key` recognises its repeat, `text` is what it says.
pub(crate) fn accept(on: &Fixture, key: &str, text: &str) -> Accept {
    accept_at(on.now(), on.store.chance(), key, text)
}

/// The same, without a store at hand.
pub(crate) fn accept_at(now: Timestamp, chance: [u8; 10], key: &str, text: &str) -> Accept {
    let request = Request {
        id: RequestId::new(now, chance),
        pilot: "north".into(),
        tenant: "acme".into(),
        source: "website".into(),
        external_id: None,
        submitter: None,
        raw: sha256_hex(text.as_bytes()),
        media_type: "text/plain".into(),
        sender_name: Some("Bo".into()),
        sender_email: None,
        sender_phone: None,
        organisation: None,
        subject: None,
        text: text.into(),
        duplicate_of: None,
        planted: None,
        attachments: 0,
        received_at: now,
        accepted_at: now,
    };
    let mut likeness = [0; 16];
    likeness.copy_from_slice(&sha256_hex(text.as_bytes()).as_bytes()[..16]);
    Accept {
        request: Arc::new(request),
        dedup_key: key.into(),
        key_is_content: false,
        raw: text.as_bytes().to_vec(),
        likeness,
        alike_since: now - SignedDuration::from_secs(3600),
        files: Vec::new(),
        lane: 1,
        definition: DEFINITION.into(),
        first_step: "draft".into(),
        permit: None,
    }
}

/// The same request, for another pilot.
pub(crate) fn of_pilot(mut accept: Accept, pilot: &str, lane: i64) -> Accept {
    Arc::make_mut(&mut accept.request).pilot = pilot.into();
    accept.lane = lane;
    accept
}

/// Accepts a request that is like no other, and claims its run.
pub(crate) async fn claimed(on: &Fixture, key: &str) -> ClaimedRun {
    on.store.accept(accept(on, key, &format!("text of {key}"))).await.unwrap();
    claim(on, &node(on), 1).await.pop().unwrap()
}

/// Claims for half a minute.
pub(crate) async fn claim(on: &Fixture, node: &NodeId, limit: u32) -> Vec<ClaimedRun> {
    on.store.claim(Claim { node: node.clone(), until: on.in_secs(30), limit, at: on.now() }).await.unwrap()
}

/// One commit that leads to `next`, with one step done.
pub(crate) fn advance(on: &Fixture, run: &ClaimedRun, next: Next) -> Advance {
    let step = StepDone {
        ordinal: run.steps + 1,
        name: run.step.clone(),
        attempt: run.attempt,
        state: "done",
        started_at: on.now(),
        ended_at: Some(on.now()),
        output: Some("{\"said\":\"so\"}".into()),
        code: None,
    };
    Advance {
        run: run.run.clone(),
        request: Arc::clone(&run.request),
        epoch: run.epoch,
        steps: vec![step],
        steps_after: run.steps + 1,
        acts: Vec::new(),
        keeps_signal: false,
        next,
        told: Told { kind: "run.told", body: Body::empty() },
        at: on.now(),
    }
}

/// A revision.
pub(crate) fn draft(run: &ClaimedRun, number: u32, attempt: u32, text: &str) -> Act {
    Act::Draft(Draft {
        brief: run.brief(),
        number,
        attempt,
        digest: sha256_hex(text.as_bytes()),
        content: Packed::of(text.as_bytes()),
        generator: "{\"kind\":\"embedded\"}".into(),
        score: 50,
        risk: "low".into(),
    })
}

/// Waiting for people.
pub(crate) fn review_of(run: &ClaimedRun) -> Next {
    Next::Pending { step: "review".into(), key: run.brief().review_key(), until: None }
}

/// A request whose brief waits for people.
pub(crate) async fn in_review(on: &Fixture, key: &str) -> ClaimedRun {
    let run = claimed(on, key).await;
    let commit =
        Advance { acts: vec![draft(&run, 1, 1, &format!("brief of {key}"))], ..advance(on, &run, review_of(&run)) };
    on.store.advance(commit).await.unwrap();
    run
}

pub(crate) fn belongs() -> Belongs {
    Belongs { tenant: "acme".into(), pilot: "north".into() }
}

/// A decision of a person on a version of a brief.
pub(crate) fn decide(on: &Fixture, brief: &BriefId, version: i64, person: &str, verdict: &'static str) -> Decide {
    let (action, state) = match verdict {
        "approve" => (Action::ReviewApprove, ReviewState::Approved),
        "minor" => (Action::ReviewMinor, ReviewState::Amending),
        "major" => (Action::ReviewMajor, ReviewState::Redrafting),
        _ => (Action::ReviewReject, ReviewState::Rejected),
    };
    let wakes = verdict != "minor";
    Decide {
        id: DecisionId::new(on.now(), on.store.chance()),
        brief: brief.clone(),
        version,
        revision: 1,
        digest: "seen".into(),
        verdict,
        comment: Some("so be it".into()),
        reason: None,
        state,
        wake: wakes.then(|| Wake {
            key: brief.review_key(),
            signal: format!("{{\"outcome\":\"{verdict}\",\"by\":\"{person}\"}}"),
        }),
        probe: None,
        approves: None,
        by_mail: None,
        person: person.into(),
        belongs: belongs(),
        permit: permit(action, Kind::Review, brief.as_str()),
        at: on.now(),
    }
}

/// A claim of a person on a brief for five minutes; with `takeover`, whoever holds it.
pub(crate) fn hold(on: &Fixture, brief: &BriefId, version: i64, person: &str, takeover: bool) -> Hold {
    let action = if takeover { Action::ReviewTakeover } else { Action::ReviewClaim };
    Hold {
        brief: brief.clone(),
        version,
        claim: Some((person.into(), on.in_secs(300))),
        person: person.into(),
        belongs: belongs(),
        permit: permit(action, Kind::Review, brief.as_str()),
        at: on.now(),
    }
}

/// A revision by hand.
pub(crate) fn edit(on: &Fixture, brief: &BriefId, version: i64, number: u32, text: &str) -> Edit {
    Edit {
        brief: brief.clone(),
        version,
        number,
        digest: sha256_hex(text.as_bytes()),
        from: "seen".into(),
        content: text.as_bytes().to_vec(),
        changed: vec!["/summary".into()],
        score: 60,
        risk: "high".into(),
        by_mail: None,
        person: "usr_ada".into(),
        belongs: belongs(),
        permit: permit(Action::BriefEdit, Kind::Brief, brief.as_str()),
        at: on.now(),
    }
}

/// Ends a run.
pub(crate) fn cancel(on: &Fixture, run: &ClaimedRun) -> Cancel {
    let permit = permit(Action::RunCancel, Kind::Run, run.run.as_str());
    Cancel { run: run.run.clone(), person: "usr_ada".into(), reason: "no longer needed".into(), permit, at: on.now() }
}

/// Puts a request back to work.
pub(crate) fn retry(on: &Fixture, request: &RequestId) -> Retry {
    let permit = permit(Action::RunRetry, Kind::Run, request.run().as_str());
    Retry {
        request: request.clone(),
        definition: (DEFINITION.into(), "draft".into()),
        person: "usr_ada".into(),
        permit,
        at: on.now(),
    }
}

/// Answers what a run waits for.
pub(crate) fn resume(on: &Fixture, run: &ClaimedRun, key: &str) -> Resume {
    Resume {
        run: run.run.clone(),
        key: key.into(),
        signal: "{\"released\":true}".into(),
        kind: "request.released",
        person: "usr_ada".into(),
        comment: Some("looks fine".into()),
        permit: permit(Action::RequestRelease, Kind::Request, run.request.id.as_str()),
        at: on.now(),
    }
}

/// Shows a masked value to somebody.
pub(crate) fn reveal(on: &Fixture, request: &RequestId) -> Reveal {
    Reveal {
        request: request.clone(),
        findings: vec!["card 20-39 00ff".into()],
        person: "usr_ada".into(),
        permit: permit(Action::RequestReveal, Kind::Request, request.as_str()),
        at: on.now(),
    }
}

/// A run as it stands, for what names it.
pub(crate) async fn run_of(on: &Fixture, request: &RequestId) -> ClaimedRun {
    let (view, row) = (on.store.request(request).await.unwrap(), on.store.run(&request.run()).await.unwrap());
    ClaimedRun {
        run: row.id,
        request: Arc::new(view.request),
        definition: row.definition,
        step: row.step,
        attempt: row.attempt,
        steps: 0,
        epoch: 0,
        lane: row.lane,
        signal: None,
        outputs: std::collections::BTreeMap::new(),
    }
}
