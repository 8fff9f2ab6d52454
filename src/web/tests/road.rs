//! The road through the interface: hand in, read, claim, edit, decide, and see why.

use super::client::{PATIENCE, request, send};
use super::house::House;
use opspilot_sdk::sha256_hex;
use serde_json::{Value, json};

const TEXT: &str = "Hello, we need 25 licences by 3 March. Our budget is 4,000 EUR. Could you send an offer?";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn from_a_text_to_an_approved_brief() {
    let house = House::new().await;
    let (brief, digest) = house.brief("north", TEXT).await;
    let path = format!("/api/v1/briefs/{brief}");
    let shown = house.get("north-viewer", &path).await;
    assert_eq!(shown["schema"], "opspilot.brief/1");
    assert_eq!((&shown["state"], &shown["revision"], &shown["text"]), (&json!("open"), &json!(1), &json!(TEXT)));
    let listed = house.get("north-viewer", "/api/v1/briefs?state=open&pilot=north").await;
    assert_eq!((&listed["items"][0]["id"], &listed["items"][0]["revision"]), (&json!(brief), &json!(digest)));

    let claim = house.post("north-reviewer", &format!("{path}/claim"), json!({})).await;
    assert_eq!(claim.status, 200, "{}", claim.body);
    let taken = house.post("owner", &format!("{path}/claim"), json!({})).await;
    assert_eq!((taken.status, taken.code().as_str()), (409, "OP-4010"));
    assert_eq!(taken.json()["claim"]["name"], "north-reviewer");
    let held =
        house.post("owner", &format!("{path}/decision"), json!({ "decision": "approve", "revision": digest })).await;
    assert_eq!((held.status, held.code().as_str()), (409, "OP-4010"));
    let detail = held.json()["detail"].as_str().unwrap().to_owned();
    let until = detail.split("until ").nth(1).and_then(|rest| rest.split(';').next()).unwrap();
    assert_eq!(until.len(), "2026-11-22 20:00:00Z".len(), "to the second: {detail}");

    let edits = json!({ "from": digest, "edits": [{ "path": "priority.score", "value": 90 }] });
    let edited = house.post("north-reviewer", &format!("{path}/edit"), edits.clone()).await;
    assert_eq!(edited.status, 200, "{}", edited.body);
    let newer = edited.json()["revision"].as_str().unwrap().to_owned();
    let stale = house.post("north-reviewer", &format!("{path}/edit"), edits).await;
    assert_eq!((stale.status, stale.code().as_str()), (409, "OP-4004"));
    let bad = house
        .post(
            "north-reviewer",
            &format!("{path}/edit"),
            json!({ "from": newer, "edits": [{ "path": "no.such", "value": 1 }] }),
        )
        .await;
    assert_eq!((bad.status, bad.code().as_str()), (422, "OP-7010"));

    let moved = house
        .post("north-reviewer", &format!("{path}/decision"), json!({ "decision": "approve", "revision": digest }))
        .await;
    assert_eq!((moved.status, moved.code().as_str()), (409, "OP-4004"));
    assert_eq!((&moved.json()["digest"], &moved.json()["revision"]), (&json!(newer), &json!(2)));
    assert!(moved.body.contains("moved on to revision 2"), "{}", moved.body);
    // One that never was is no older revision.
    let never = json!({ "decision": "approve", "revision": "xyz" });
    let never = house.post("north-reviewer", &format!("{path}/decision"), never).await;
    assert_eq!((never.status, never.code().as_str(), &never.json()["digest"]), (409, "OP-4004", &json!(newer)));
    assert!(never.body.contains("no revision of the brief has the digest `xyz`"), "{}", never.body);
    let edits = json!({ "from": "xyz", "edits": [{ "path": "priority.score", "value": 80 }] });
    let never = house.post("north-reviewer", &format!("{path}/edit"), edits).await;
    assert!(never.status == 409 && never.body.contains("has the digest `xyz`"), "{}", never.body);
    let wordless = house
        .post("north-reviewer", &format!("{path}/decision"), json!({ "decision": "reject", "revision": newer }))
        .await;
    assert_eq!((wordless.status, wordless.code().as_str()), (422, "OP-4002"));
    let approve = json!({ "decision": "approve", "revision": newer });
    let approved = house.post("north-reviewer", &format!("{path}/decision"), approve.clone()).await;
    assert_eq!((approved.status, approved.json()["state"].as_str()), (200, Some("approved")), "{}", approved.body);
    let again = house.post("north-reviewer", &format!("{path}/decision"), approve).await;
    assert_eq!(
        (again.status, &again.json()["decision"], &again.json()["repeated"]),
        (200, &approved.json()["decision"], &json!(true))
    );
    let late = house
        .post("owner", &format!("{path}/decision"), json!({ "decision": "reject", "revision": newer, "comment": "no" }))
        .await;
    assert_eq!((late.status, late.code().as_str(), &late.json()["state"]), (409, "OP-4005", &json!("approved")));

    let diff = house.get("north-viewer", &format!("{path}/diff?from=1&to=2")).await;
    assert!(diff["changes"].as_array().unwrap().iter().any(|change| change["path"] == "priority.score"), "{diff}");
    let revisions = house.get("north-viewer", &format!("{path}/revisions")).await;
    assert_eq!(revisions["items"].as_array().unwrap().len(), 2);
    chain(&house, &brief.replace("brf_", "req_")).await;
}

async fn chain(house: &House, request: &str) {
    house.until(request, "decided").await;
    let why = house.get("north-viewer", &format!("/api/v1/requests/{request}/why")).await;
    let chain = why["chain"].as_array().unwrap();
    let times: Vec<&str> = chain.iter().map(|event| event["at"].as_str().unwrap()).collect();
    let parsed: Vec<jiff::Timestamp> = times.iter().map(|time| time.parse().unwrap()).collect();
    assert!(parsed.is_sorted(), "{why}");
    assert_eq!(chain[0]["kind"], "request");
    let count = |kind: &str| chain.iter().filter(|event| event["kind"] == kind).count();
    assert_eq!((count("revision"), count("decision")), (2, 1));
    let receipt = |kind: &str| chain.iter().any(|event| event["what"]["receipt"]["kind"] == kind);
    assert!(receipt("request.accepted") && receipt("brief.drafted"), "{why}");
    // A person handed it in: by which leave stands in the receipt of it, as in that of every act.
    let accepted = chain.iter().map(|event| &event["what"]["receipt"]).find(|told| told["kind"] == "request.accepted");
    let body = &accepted.unwrap()["body"];
    assert!(body["permit"].is_string() && body["policies"].is_array() && body["policy_set"].is_string(), "{why}");
    let path = format!("/api/v1/runs/{}", request.replace("req_", "run_"));
    let completed = async {
        loop {
            let run = house.get("north-viewer", &path).await;
            if run["state"] == "completed" {
                return run;
            }
        }
    };
    let run = tokio::time::timeout(PATIENCE, completed).await.expect("the run is never completed");
    assert!(!run["steps"].as_array().unwrap().is_empty(), "{run}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_two_verdicts_at_once_one_wins() {
    let house = House::new().await;
    for round in 0..10 {
        let (brief, digest) = house.brief("north", &format!("{TEXT} Round {round}.")).await;
        let path = format!("/api/v1/briefs/{brief}/decision");
        let yes = house.post("north-reviewer", &path, json!({ "decision": "approve", "revision": digest }));
        let no = house.post("owner", &path, json!({ "decision": "reject", "revision": digest, "comment": "no" }));
        let (yes, no) = tokio::join!(yes, no);
        let mut statuses = [yes.status, no.status];
        statuses.sort_unstable();
        assert_eq!(statuses, [200, 409], "{} {}", yes.body, no.body);
        assert_eq!(house.store.decisions(&brief.parse().unwrap()).await.unwrap().len(), 1);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_held_request_is_masked_until_somebody_with_the_right_looks() {
    let house = House::new().await;
    let secret = "AKIAIOSFODNN7EXAMPLQ";
    let text = format!("Please rotate this key: password: hunter2hunter2, aws {secret} and call me.");
    let handed = house.post("owner", "/api/v1/requests", json!({ "pilot": "north", "text": text })).await;
    let id = handed.json()["request"].as_str().unwrap().to_owned();
    house.until(&id, "held").await;
    for path in [
        format!("/api/v1/requests/{id}"),
        format!("/api/v1/requests/{id}/why"),
        "/api/v1/requests?state=held".to_owned(),
    ] {
        let reply = house.ask("north-viewer", "GET", &path, "").await;
        assert_eq!(reply.status, 200);
        assert!(!reply.body.contains("hunter2"), "{path}: {}", reply.body);
    }
    let path = format!("/api/v1/requests/{id}/raw");
    let refused = house.ask("north-viewer", "POST", &path, "").await;
    assert_eq!((refused.status, refused.code().as_str()), (403, "OP-5008"));
    let refused = house.ask("north-operator", "POST", &path, "").await;
    assert_eq!(refused.status, 403, "who keeps requests moving sees no masked values: {}", refused.body);
    let raw = house.ask("north-reviewer", "POST", &path, "").await;
    assert_eq!((raw.status, raw.body.as_str()), (200, text.as_str()));
    assert!(raw.header("content-disposition").unwrap().starts_with("attachment"));
    assert_eq!(raw.header("content-type"), Some("application/octet-stream"));
    assert_eq!(house.post("north-viewer", &format!("/api/v1/requests/{id}/release"), json!({})).await.status, 403);
    let released = house
        .post("north-operator", &format!("/api/v1/requests/{id}/release"), json!({ "comment": "looked at" }))
        .await;
    assert_eq!(released.status, 200, "{}", released.body);
    house.until(&id, "in_review").await;
    let again = house.post("north-operator", &format!("/api/v1/requests/{id}/drop"), json!({})).await;
    assert_eq!((again.status, again.code().as_str()), (409, "OP-3002"));
    let retried = house.post("north-operator", &format!("/api/v1/requests/{id}/retry"), json!({})).await;
    assert_eq!(retried.status, 409);
    let run = id.replace("req_", "run_");
    assert_eq!(
        house.post("north-operator", &format!("/api/v1/runs/{run}/cancel"), json!({ "reason": " " })).await.status,
        422
    );
    let cancelled = house
        .post("north-operator", &format!("/api/v1/runs/{run}/cancel"), json!({ "reason": "asked for by phone" }))
        .await;
    assert_eq!((cancelled.status, cancelled.json()["state"].as_str()), (200, Some("cancelled")));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn trials_store_nothing() {
    let house = House::new().await;
    let before = house.deeds().await;
    let screened = house
        .post("north-viewer", "/api/v1/screen", json!({ "pilot": "north", "text": "IBAN DE89 3704 0044 0532 0130 00" }))
        .await;
    assert_eq!(screened.status, 200, "{}", screened.body);
    assert_eq!(
        (&screened.json()["verdict"], &screened.json()["findings"][0]["treatment"]),
        (&json!("redact"), &json!("redact"))
    );
    let drafted = house.post("north-viewer", "/api/v1/briefs/draft", json!({ "pilot": "north", "text": TEXT })).await;
    assert_eq!(drafted.status, 200, "{}", drafted.body);
    assert!(drafted.json()["content"]["priority"]["score"].is_number());
    assert_eq!((house.deeds().await, house.store.tally().await.unwrap().requests), (before, 0));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_export_proves_itself() {
    let house = House::new().await;
    house.brief("north", TEXT).await;
    let export = house.ask("owner", "GET", "/api/v1/receipts/export", "").await;
    assert_eq!((export.status, export.header("content-type")), (200, Some("application/jsonl")));
    let keys =
        crate::receipt::Keyring::pinned(vec![(house.store.verifier_key().unwrap(), crate::receipt::KeyState::Active)]);
    let check = crate::receipt::export::Check { keyring: Some(keys), saved: Vec::new() };
    let report = crate::receipt::export::verify_export(export.body.as_bytes(), check);
    assert!(report.findings.is_empty(), "{report:?}");
    let head = house.get("north-viewer", "/api/v1/receipts/checkpoint").await;
    assert!(head["size"].as_u64().unwrap() >= 5, "{head}");
    let page = house.get("owner", "/api/v1/receipts?limit=2").await;
    assert_eq!((page["items"].as_array().unwrap().len(), &page["next"]), (2, &json!("3")));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_not_understood_is_refused() {
    let house = House::new().await;
    let (brief, digest) = house.brief("north", TEXT).await;
    let path = format!("/api/v1/briefs/{brief}/decision");
    let bodies: [(Value, u16); 5] = [
        (json!({ "decision": "approve", "revision": digest, "force": true }), 422),
        (json!({ "decision": "approve" }), 422),
        (json!({ "decision": "Approve", "revision": digest }), 422),
        (json!(["approve", digest]), 422),
        (json!({ "decision": true, "revision": digest }), 422),
    ];
    for (body, status) in bodies {
        let reply = house.post("north-reviewer", &path, body.clone()).await;
        assert_eq!(reply.status, status, "{body}: {}", reply.body);
        assert!(!reply.body.contains("struct"), "{}", reply.body);
    }
    let broken = house.ask("north-reviewer", "POST", &path, "{\"decision\":").await;
    assert_eq!((broken.status, broken.code().as_str()), (400, "OP-9013"));
    let said = "the body is not JSON: the end where a value should stand at line 1 column 12; check how it is built";
    assert_eq!(broken.json()["detail"], said);
    let wrong = house.ask("north-reviewer", "POST", &path, "{\n\"decision\": approve}").await;
    let said =
        "the body is not JSON: something else where a value should stand at line 2 column 13; check how it is built";
    assert_eq!(wrong.json()["detail"], said);
    let token = format!("authorization: Bearer {}", house.token("north-reviewer"));
    let typed = request("POST", &path, &[token.clone(), "content-type: text/plain".into()], "{}");
    assert_eq!(send(house.address, &typed).await.code(), "OP-9009");
    let big = request(
        "POST",
        &path,
        &[token, "content-type: application/json".into()],
        &format!("\"{}\"", "x".repeat(1 << 20)),
    );
    assert_eq!(send(house.address, &big).await.status, 413);
    for query in [
        "?colour=red",
        "?limit=0",
        "?limit=201",
        "?limit=x",
        "?state=odd",
        "?state=open&state=open",
        "?cursor=x",
        "?state=%ff",
    ] {
        let reply = house.ask("north-reviewer", "GET", &format!("/api/v1/briefs{query}"), "").await;
        assert_eq!(reply.status, 400, "{query}: {}", reply.body);
    }
    assert_eq!(house.ask("owner", "GET", "/api/v1/briefs/brf_x", "").await.code(), "OP-9003");
    assert_eq!(house.ask("owner", "GET", "/api/v1/nothing", "").await.code(), "OP-9001");
    let wrong = house.ask("owner", "PUT", "/api/v1/briefs", "").await;
    assert_eq!((wrong.status, wrong.code().as_str()), (405, "OP-9002"));
    assert!(wrong.header("allow").unwrap().contains("GET"));
    assert_eq!(house.store.brief(&brief.parse().unwrap()).await.unwrap().state.as_str(), "open");
}

/// Values that stand in a request and its file and must come out nowhere but by a reveal.
const CARD: &str = "4539 1488 0343 6467";
const IBAN: &str = "DE89 3704 0044 0532 0130 00";
const SSN: &str = "536-90-4399";

fn message_with_a_file() -> String {
    format!(
        "From: Ann Lee <ann@corp.example.org>\r\nTo: desk@example.net\r\nSubject: Card {CARD} was charged\r\nDate: Sat, 21 Nov 2026 09:00:00 +0000\r\n\
         MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: text/plain\r\n\r\n\
         Please refund card {CARD}.\r\n\r\n--b\r\nContent-Type: text/plain; name=staff.txt\r\n\
         Content-Disposition: attachment; filename=staff.txt\r\n\r\nPay to IBAN {IBAN}\nHis SSN: {SSN}\n--b--\r\n"
    )
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn masked_values_are_revealed_to_who_decides_and_that_is_on_record() {
    let house = House::new().await;
    let message = message_with_a_file();
    let handed = house.post("owner", "/api/v1/requests", json!({ "pilot": "north", "message": message })).await;
    let id = handed.json()["request"].as_str().unwrap().to_owned();
    // Only the file holds a prohibited kind.
    house.until(&id, "held").await;
    let shown = house.get("north-viewer", &format!("/api/v1/requests/{id}")).await;
    let found: Vec<(u64, &str, Option<u64>)> = shown["findings"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|found| found["treatment"] != "allow")
        .map(|found| (found["number"].as_u64().unwrap(), found["kind"].as_str().unwrap(), found["attachment"].as_u64()))
        .collect();
    assert_eq!(
        found.iter().map(|(_, kind, file)| (*kind, *file)).collect::<Vec<_>>(),
        [("card", None), ("card", None), ("iban", Some(1)), ("national_id", Some(1))]
    );
    assert_eq!((&shown["verdict"], &shown["files"][0]["read"]), (&json!("hold"), &json!(true)));
    assert!(shown["subject"].as_str().unwrap().contains("[card1"), "{shown}");
    let why = house.ask("north-viewer", "GET", &format!("/api/v1/requests/{id}/why"), "").await.body;
    assert!(why.contains("attachment 1: national_id"), "{why}");

    let reveal = format!("/api/v1/requests/{id}/reveal");
    for nobody in ["north-viewer", "north-operator"] {
        let refused = house.post(nobody, &reveal, json!({})).await;
        assert_eq!((refused.status, refused.code().as_str()), (403, "OP-5008"), "{nobody}");
    }
    assert_eq!(house.post("south-reviewer", &reveal, json!({})).await.status, 404);
    let wrong = house.post("north-reviewer", &reveal, json!({ "findings": [99] })).await;
    assert_eq!((wrong.status, wrong.code().as_str()), (422, "OP-4013"));
    let before = house.deeds().await;
    let one = house.post("north-reviewer", &reveal, json!({ "findings": [found[3].0] })).await.json();
    assert_eq!(one["revealed"][0]["value"], SSN);
    let all = house.post("owner", &reveal, json!({})).await.json();
    let values: Vec<&str> =
        all["revealed"].as_array().unwrap().iter().map(|one| one["value"].as_str().unwrap()).collect();
    assert_eq!(values, [CARD, CARD, IBAN, SSN]);
    assert_eq!(house.deeds().await, before + 2, "each reveal is a receipt");

    // Nor can a guess at one be tried on a digest by who may not see it; who may is given the digest.
    let (raw, brief) = (sha256_hex(message.as_bytes()), id.replace("req_", "brf_"));
    let digest_of_file = house.store.files(&id.parse().unwrap()).await.unwrap()[0].digest.clone();
    let request = format!("/api/v1/requests/{id}");
    let told = house.ask("owner", "GET", &request, "").await.body;
    assert!(told.contains(&raw) && told.contains(&digest_of_file), "{told}");
    for nobody in ["north-viewer", "north-operator"] {
        for path in [
            request.clone(),
            format!("{request}/why"),
            format!("{request}/files/1"),
            format!("/api/v1/receipts?subject={id}"),
        ] {
            let told = house.ask(nobody, "GET", &path, "").await;
            assert_eq!(told.status, 200, "{path}: {}", told.body);
            let tried = [&raw, &digest_of_file].map(|digest| told.body.contains(&digest[..12]));
            assert_eq!(tried, [false, false], "{nobody} {path}: {}", told.body);
        }
    }
    let receipts = house.store.receipts_of(&id).await.unwrap();
    let bytes: Vec<String> = receipts.iter().map(|row| String::from_utf8_lossy(&row.bytes).into_owned()).collect();
    assert!(bytes.iter().all(|text| !text.contains(&raw) && !text.contains(&digest_of_file)), "{bytes:?}");
    let keyed = house.store.keyed("raw", &id, &raw);
    assert!(bytes[0].contains(&keyed), "whoever has the store can check it: {}", bytes[0]);

    // Nothing that is kept or shown elsewhere repeats a value.
    let released = house.post("north-operator", &format!("/api/v1/requests/{id}/release"), json!({})).await;
    assert_eq!(released.status, 200, "{}", released.body);
    house.until(&id, "in_review").await;
    let mut shown: Vec<(String, String)> = Vec::new();
    for path in [
        format!("/api/v1/requests/{id}"),
        format!("/api/v1/requests/{id}/why"),
        "/api/v1/requests".to_owned(),
        format!("/api/v1/briefs/{brief}"),
        format!("/api/v1/briefs/{brief}/revisions"),
        "/api/v1/briefs".to_owned(),
        format!("/api/v1/runs/{}", id.replace("req_", "run_")),
        format!("/api/v1/receipts?subject={id}"),
        "/api/v1/receipts/export".to_owned(),
        "/metrics".to_owned(),
    ] {
        let reply = house.ask("owner", "GET", &path, "").await;
        assert_eq!(reply.status, 200, "{path}: {}", reply.body);
        shown.push((path, reply.body));
    }
    let receipts = house.store.receipts_of(&id).await.unwrap();
    let revealed = receipts.iter().map(|row| String::from_utf8_lossy(&row.bytes).into_owned());
    let revealed: Vec<String> = revealed.filter(|text| text.contains("request.revealed")).collect();
    assert!(revealed.len() == 2 && revealed[0].contains("attachment 1: national_id"), "{revealed:?}");
    shown.extend(receipts.iter().map(|row| ("a receipt".to_owned(), String::from_utf8_lossy(&row.bytes).into_owned())));
    for (place, text) in shown {
        for value in [CARD, IBAN, SSN, "4539148803436467", "536904399"] {
            assert!(!text.contains(value), "{place} shows a masked value: {text}");
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_released_unmasked_is_shown_to_who_may_reveal_alone() {
    let house = House::new().await;
    let text = format!("Please refund card {CARD} by Friday, password: hunter22x. It failed on card {CARD}.");
    let handed = house.post("owner", "/api/v1/requests", json!({ "pilot": "north", "text": text })).await;
    let id = handed.json()["request"].as_str().unwrap().to_owned();
    house.until(&id, "held").await;
    let released =
        house.post("north-operator", &format!("/api/v1/requests/{id}/release"), json!({ "unmasked": true })).await;
    assert_eq!(released.status, 200, "{}", released.body);
    house.until(&id, "in_review").await;
    let brief = id.replace("req_", "brf_");
    let mut held = 0;
    for path in [
        format!("/api/v1/briefs/{brief}"),
        format!("/api/v1/briefs/{brief}/revisions"),
        format!("/api/v1/briefs/{brief}/diff"),
        format!("/api/v1/requests/{id}"),
    ] {
        let seen = house.ask("north-viewer", "GET", &path, "").await;
        assert_eq!(seen.status, 200, "{path}");
        assert!(!seen.body.contains(CARD) && !seen.body.contains("hunter2"), "{path}: {}", seen.body);
        held += usize::from(house.ask("north-reviewer", "GET", &path, "").await.body.contains(CARD));
    }
    assert!(held >= 1, "whoever decides sees what the brief says");
}
