//! Who sees and does what: every address of the interface, asked by everybody who may not. INVARIANT under test: 0 leaks, 0 deeds.

use super::client::{Reply, request, send};
use super::house::{CANARY, House};
use super::writes;
use crate::access::{Client, Invited};
use crate::domain::id::{LetterId, NodeId, QuarantineId};
use crate::store::{Aside, AsideState, Caps, ClaimLetter, NewLetter, QueueLetters, TakeSource, Yielded};
use crate::web::api;
use serde_json::{Value, json};

/// A body that each acting address takes, so that a refusal is one of rights.
fn body(path: &str, digest: &str) -> Value {
    if path.contains("/reservations/") {
        return json!({ "usd": "0.01", "reason": "as billed" });
    }
    match path.rsplit('/').next().unwrap() {
        "requests" => json!({ "pilot": "south", "text": "hello there" }),
        "draft" | "screen" => json!({ "pilot": "south", "text": "hello there" }),
        "claim" => json!({ "takeover": true }),
        "edit" => json!({ "from": digest, "edits": [{ "path": "priority.score", "value": 1 }] }),
        "decision" => json!({ "decision": "approve", "revision": digest }),
        "settle" => json!({ "outcome": "did_not_go" }),
        "plan" => json!({ "plan": "0".repeat(64) }),
        "target" => json!({ "sink": "desk", "record": "4711" }),
        "on" if path.contains("/attention/") => json!({ "percent": 5, "reason": "because" }),
        "on" => json!({ "until": "2026-12-31T00:00:00Z", "ramp": 5 }),
        "feedback" => json!({ "screen": "/", "text": "it is in my way" }),
        "answer" | "close" => json!({ "text": "so be it" }),
        "password" => json!({ "password": "short" }),
        "statements" => json!({ "kind": "go", "text": "so be it" }),
        "pause" => json!({ "reason": "because" }),
        "resume" if path.contains("/pilots/") => json!({ "sink": "desk" }),
        "resume" => json!({ "reason": "because" }),
        "cancel" if path.contains("/writes/") => json!({}),
        "cancel" => json!({ "reason": "because" }),
        "users" => json!({ "name": "intruder" }),
        "grant" => json!({ "role": "owner", "scope": "all" }),
        "tokens" => json!({ "name": "stolen", "user": "south-viewer" }),
        _ => json!({}),
    }
}

struct South {
    suffix: String,
    digest: String,
    token: String,
    item: String,
    letter: String,
    reservation: String,
    write: String,
    feedback: String,
    session: String,
    invitation: String,
}

async fn south(house: &House) -> South {
    let (brief, digest) = house.brief("south", &format!("We sell {CANARY} and need 12 crates of it by Monday.")).await;
    let person = house.access.person("south-viewer").await.unwrap();
    let token = house.access.tokens(&person, false).await.unwrap()[0].id.to_string();
    South {
        suffix: brief.replace("brf_", ""),
        digest,
        token,
        item: aside(house).await,
        letter: letter(house, &brief, "south-viewer").await,
        reservation: house.reservation().await,
        write: write(house).await,
        feedback: feedback(house, &brief).await,
        session: session(house).await,
        invitation: invited(house).await.id.to_string(),
    }
}

/// A letter about a brief of `south` of which nobody knows whether it went.
pub(super) async fn letter(house: &House, brief: &str, person: &str) -> String {
    let (store, at) = (&house.store, house.store.now());
    let id = LetterId::new(at, store.chance());
    let letter = NewLetter {
        id: id.clone(),
        kind: "brief",
        brief: Some(brief.parse().unwrap()),
        revision: 1,
        about: String::new(),
        pilot: "south".into(),
        tenant: "globex".into(),
        person: house.access.person(person).await.unwrap().user,
        name: CANARY.into(),
        address: format!("{CANARY}@south.example"),
        message_id: "brief.1@ops.example".into(),
        answers: None,
        thread: Vec::new(),
        subject: CANARY.into(),
        text: CANARY.into(),
        html: CANARY.into(),
        plan: String::new(),
        digest: String::new(),
        token: None,
        expires_at: at,
        at,
    };
    store.queue_letters(QueueLetters { letters: vec![letter], read: None, at }).await.unwrap();
    let (node, caps) = (NodeId::new(at, store.chance()), Caps { thread: 9, person: 9, day: 9 });
    store.claim_letter(ClaimLetter { node, until: at, caps, at }).await.unwrap();
    store.rescue_letters(true).await.unwrap();
    id.to_string()
}

/// What a person of `south` said of a screen.
async fn feedback(house: &House, brief: &str) -> String {
    let said = json!({ "screen": "/briefs", "item": brief, "text": CANARY });
    let given = house.post("south-viewer", "/api/v1/feedback", said).await;
    given.json()["id"].as_str().unwrap_or_else(|| panic!("{}", given.body)).to_owned()
}

async fn invited(house: &House) -> Invited {
    let owner = house.access.person("owner").await.unwrap();
    house.access.invite(&owner, "south-viewer").await.unwrap()
}

/// A browser of a person of `south`.
async fn session(house: &House) -> String {
    let client = Client { agent: "test".into(), address: "192.0.2.1".into() };
    house.access.redeem(&invited(house).await.secret, &client).await.unwrap().session.to_string()
}

/// A write of `south` of which nobody knows whether it was done.
async fn write(house: &House) -> String {
    let (brief, digest) = house.brief("south", &format!("We sell {CANARY} and need 13 crates of it by Tuesday.")).await;
    writes::became(house, &brief, &digest, writes::unknown()).await.to_string()
}

/// An item of `south` that did not become a request.
async fn aside(house: &House) -> String {
    let (store, at) = (&house.store, house.store.now());
    let (node, id) = (NodeId::new(at, store.chance()), QuarantineId::new(at, store.chance()));
    let until = at + jiff::SignedDuration::from_secs(60);
    store.take_source(TakeSource { source: "mail".into(), node: node.clone(), until, proven: None, at }).await.unwrap();
    let item = Aside {
        id: id.clone(),
        tenant: "globex".into(),
        pilot: "south".into(),
        dedup_key: "k1".into(),
        place: "INBOX, UID 7 of 1".into(),
        state: AsideState::Quarantined,
        code: "OP-2603".into(),
        reason: format!("parts of {CANARY}"),
        raw: None,
        media_type: None,
        received_at: at,
        returned: None,
    };
    let (accepts, asides, replies) = (Vec::new(), vec![item], Vec::new());
    let batch =
        Yielded { source: "mail".into(), node, cursor: None, accepts, asides, replies, keep: None, proven: false, at };
    store.take_in(batch).await.unwrap();
    id.to_string()
}

/// The address with the things of `south`, or with things that are not there.
fn address(path: &str, south: &South, there: bool) -> String {
    let suffix = if there {
        south.suffix.clone()
    } else {
        south.suffix.chars().rev().collect::<String>().replacen(|_: char| true, "0", 1)
    };
    let token = if there { south.token.clone() } else { format!("tok_{suffix}") };
    let prefix = if path.contains("/requests/") {
        "req"
    } else if path.contains("/runs/") {
        "run"
    } else {
        "brf"
    };
    let path = if path.contains("/tokens/") {
        path.replace("{id}", &token)
    } else if path.contains("/letters/") {
        path.replace("{id}", if there { &south.letter } else { "ltr_01hzy3v9qke8v9b6j2m7c4x5td" })
    } else if path.contains("/writes/") {
        path.replace("{id}", if there { &south.write } else { "wrt_01hzy3v9qke8v9b6j2m7c4x5td" })
    } else if path.contains("/reservations/") {
        path.replace("{id}", if there { &south.reservation } else { "rsv_01hzy3v9qke8v9b6j2m7c4x5td" })
    } else if path.contains("/feedback/") {
        path.replace("{id}", if there { &south.feedback } else { "fbk_01hzy3v9qke8v9b6j2m7c4x5td" })
    } else if path.contains("/sessions/") {
        path.replace("{id}", if there { &south.session } else { "ses_01hzy3v9qke8v9b6j2m7c4x5td" })
    } else if path.contains("/invitations/") {
        path.replace("{id}", if there { &south.invitation } else { "inv_01hzy3v9qke8v9b6j2m7c4x5td" })
    } else if path.contains("/quarantine/") {
        path.replace("{id}", if there { &south.item } else { "qrt_01hzy3v9qke8v9b6j2m7c4x5td" })
    } else {
        path.replace("{id}", &format!("{prefix}_{suffix}"))
    };
    let named = match path.split('/').nth(3) {
        Some("schedules") => "south-weekly",
        Some("pilots") => "south",
        Some("generators") => "cloud",
        _ => "south-viewer",
    };
    path.replace("{name}", if there { named } else { "nobody-there" })
        .replace("{sink}", "desk")
        .replace("{number}", "1")
}

fn blank(reply: &Reply, address: &str) -> (u16, String) {
    let mut text = reply.body.clone();
    for part in address.split('/').filter(|part| part.contains('_') || part.contains('-')) {
        text = text.replace(part, "*");
    }
    (reply.status, text)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nobody_sees_or_does_what_is_not_theirs() {
    let house = House::new().await;
    let south = south(&house).await;
    let before = house.deeds().await;
    for route in api::routes() {
        let path = address(route.path, &south, true);
        let sent = if route.method == "POST" { body(route.path, &south.digest).to_string() } else { String::new() };
        let method = route.method.as_str();
        let json = "content-type: application/json".to_owned();
        for bad in [None, Some("Bearer x"), Some("Bearer opp_x"), Some("Basic b3duZXI6eA=="), Some("Bearer"), Some("")]
        {
            let mut headers = vec![json.clone()];
            headers.extend(bad.map(|bad| format!("authorization: {bad}")));
            let reply = send(house.address, &request(method, &path, &headers, &sent)).await;
            assert_eq!(
                (reply.status, reply.code().as_str()),
                (401, "OP-5101"),
                "{method} {path} {bad:?}: {}",
                reply.body
            );
            assert!(reply.header("www-authenticate").is_some());
        }
        // What stands in one's way everybody may say.
        if (method, route.path) == ("POST", "/api/v1/feedback") {
            continue;
        }
        for who in ["north-viewer", "north-operator", "north-reviewer", "nobody"] {
            let reply = house.ask(who, method, &path, &sent).await;
            let shown = format!("{who}: {method} {path}: {} {}", reply.status, reply.body);
            assert!(!reply.body.contains(CANARY) && !reply.body.contains("globex"), "{shown}");
            let named = route.path.contains('{') || route.path.ends_with("draft") || route.path.ends_with("screen");
            // One's own views and password are one's own.
            let own = route.path.starts_with("/api/v1/views") || route.path == "/api/v1/password";
            if !own && (named || method != "GET") {
                assert!(matches!(reply.status, 403 | 404), "{shown}");
            }
            if route.path.contains("{id}") || route.path.contains("/schedules/") {
                // Links that let people in are for owners, whichever it is.
                assert!(reply.status == 404 || route.path.contains("/invitations/"), "{shown}");
                let absent = address(route.path, &south, false);
                let other = house.ask(who, method, &absent, &sent).await;
                assert_eq!(
                    blank(&reply, &path),
                    blank(&other, &absent),
                    "{who}: {method} {path} tells that it is there"
                );
            }
        }
    }
    assert_eq!(house.deeds().await, before, "something was done");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_may_only_look_does_nothing() {
    let house = House::new().await;
    let south = south(&house).await;
    let before = house.deeds().await;
    for route in api::routes().into_iter().filter(|route| route.effect != crate::web::call::Effect::Reads) {
        // One's own tokens, views, sessions, words and password are one's own.
        let own = ["/tokens", "/views", "/sessions"].iter().any(|part| route.path.contains(part));
        if own || matches!(route.path, "/api/v1/feedback" | "/api/v1/password") {
            continue;
        }
        let path = address(route.path, &south, true);
        let reply =
            house.ask("south-viewer", route.method.as_str(), &path, &body(route.path, &south.digest).to_string()).await;
        assert_eq!((reply.status, reply.code().as_str()), (403, "OP-5008"), "{} {path}: {}", route.method, reply.body);
    }
    assert_eq!(house.deeds().await, before);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_narrow_token_does_only_what_it_carries() {
    let house = House::new().await;
    let (brief, digest) = house.brief("north", "We need 12 crates by Monday.").await;
    let path = format!("/api/v1/briefs/{brief}");
    assert_eq!(house.ask("narrow", "GET", &path, "").await.status, 403);
    assert_eq!(house.ask("narrow", "GET", "/api/v1/briefs", "").await.status, 403);
    let decided =
        house.post("narrow", &format!("{path}/decision"), json!({ "decision": "approve", "revision": digest })).await;
    assert_eq!(decided.status, 403, "{}", decided.body);
    let edits = json!({ "from": digest, "edits": [{ "path": "priority.score", "value": 77 }] });
    assert_eq!(house.post("narrow", &format!("{path}/edit"), edits).await.status, 200);
    let wide = house.post("narrow", "/api/v1/tokens", json!({ "name": "wide" })).await;
    assert!(matches!(wide.status, 403 | 422), "{}", wide.body);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn lists_hold_ones_own_and_page_through_all_of_it() {
    let house = House::new().await;
    for number in 0..5 {
        house.brief("north", &format!("North needs {number} desks by Friday.")).await;
        house.brief("south", &format!("South needs {number} {CANARY} by Friday.")).await;
    }
    for (list, own) in [("briefs", "north-viewer"), ("requests", "north-viewer"), ("runs", "north-viewer")] {
        let (mut seen, mut cursor) = (Vec::new(), String::new());
        loop {
            let page = house.get(own, &format!("/api/v1/{list}?limit=2{cursor}")).await;
            let items = page["items"].as_array().unwrap().clone();
            assert!(items.len() <= 2 && items.iter().all(|item| item["pilot"] == "north"), "{page}");
            seen.extend(items.iter().map(|item| item["id"].as_str().unwrap().to_owned()));
            match page["next"].as_str() {
                Some(next) => cursor = format!("&cursor={next}"),
                None => break,
            }
        }
        assert_eq!(seen.len(), 5, "{list}");
        assert!(seen.is_sorted_by(|one, other| one > other));
        let all = house.get("owner", &format!("/api/v1/{list}")).await;
        assert_eq!(all["items"].as_array().unwrap().len(), 10);
        let foreign = house.ask(own, "GET", &format!("/api/v1/{list}?pilot=south"), "").await;
        let absent = house.ask(own, "GET", &format!("/api/v1/{list}?pilot=sooth"), "").await;
        assert_eq!((foreign.status, absent.status), (404, 404));
        assert_eq!(foreign.body.replace("south", "*"), absent.body.replace("sooth", "*"));
    }
    let receipts = house.ask("north-viewer", "GET", "/api/v1/receipts?limit=500", "").await;
    assert!(!receipts.body.contains("globex") && receipts.body.contains("acme"), "{}", receipts.body);
}
