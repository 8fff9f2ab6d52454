//! The attention check from end to end: an owner switches it on, briefs come, one of them is planted, and to a reviewer at the browser, over
//! the API and in the receipts it is a brief like any other until it is decided; then they are told, and the owner sees it counted, nobody
//! else does. That no figure of the pilot moves is held by the store's own cases.

use super::house::opened;
use crate::browser::Browser;
use crate::daemon::PILOT;
use crate::http::Ask;
use crate::wait::until;
use serde_json::{Value, json};

#[test]
fn a_planted_draft_is_like_any_other_until_it_is_decided() {
    let house = opened();
    let daemon = &house.daemon;
    let browser = Browser::open();
    let mike = house.signed_in(&browser, "mike");
    mike.go("/attention");
    mike.fill("input[name=percent]", "20");
    mike.fill("input[name=reason]", "before we go to level 4");
    mike.follow("main button.primary");
    assert!(mike.text("main").contains("among 20 of a hundred"), "{}", mike.text("main"));
    let known: Vec<String> =
        daemon.list("/api/v1/requests").iter().map(|row| row["id"].as_str().unwrap().to_owned()).collect();
    // Of five real briefs one place is a check's; five more come so that it has come whatever the place.
    let mut own = Vec::new();
    for number in 0..6 {
        let body = json!({ "pilot": PILOT, "text": format!("Please send offer number {number} to our office, there is no hurry.") });
        own.push(daemon.api(Ask::json("/api/v1/requests", &body)).member("request"));
    }
    let planted = until("a check is planted", || {
        let rows = daemon.list("/api/v1/requests");
        let found = rows.iter().find(|row| {
            let id = row["id"].as_str().unwrap().to_owned();
            !known.contains(&id) && !own.contains(&id)
        });
        found.filter(|row| row["state"] == "in_review").cloned()
    });
    let request = planted["id"].as_str().unwrap().to_owned();
    let brief = request.replace("req_", "brf_");
    // Nothing that a reviewer can read tells.
    let document = daemon.see(&format!("/api/v1/briefs/{brief}"));
    assert_eq!(document["attention_check"], Value::Null);
    let members = |value: &Value| value.as_object().unwrap().keys().cloned().collect::<Vec<_>>();
    assert_eq!(members(&document), members(&daemon.see(&format!("/api/v1/briefs/{}", house.briefs[0]))));
    let paths = [
        format!("/api/v1/requests/{request}"),
        format!("/api/v1/requests/{request}/why"),
        format!("/api/v1/briefs/{brief}/revisions"),
        format!("/api/v1/receipts?subject={request}"),
    ];
    for path in &paths {
        let text = daemon.see(path).to_string().to_lowercase();
        for word in ["probe", "planted", "attention"] {
            assert!(!text.contains(word), "{path} says `{word}`: {text}");
        }
    }
    mike.go(&format!("/briefs/{brief}"));
    assert!(!mike.text("body").contains("This was an attention check"), "{}", mike.text("main"));
    let decision =
        json!({ "decision": "reject", "revision": document["digest"], "comment": "that is not what they wrote" });
    let answer = daemon.api(Ask::json(format!("/api/v1/briefs/{brief}/decision"), &decision));
    assert_eq!(answer.status, 200, "{}", answer.text());
    let told = answer.value()["attention_check"].clone();
    assert_eq!(told["caught"], true, "{told}");
    assert!(told["words"].as_str().unwrap().starts_with("This was an attention check."), "{told}");
    assert_eq!(daemon.see(&format!("/api/v1/briefs/{brief}"))["attention_check"], told);
    mike.reload();
    assert!(mike.text("main").contains("This was an attention check."), "{}", mike.text("main"));
    let shown = daemon.see(&format!("/api/v1/pilots/{PILOT}/attention"));
    assert_eq!((shown["all"]["decided"].as_u64(), shown["all"]["caught"].as_u64()), (Some(1), Some(1)), "{shown}");
    mike.go("/attention");
    assert!(mike.text("table").contains("1 of 1"), "{}", mike.text("main"));
    // A reviewer who is no owner is refused, and told by which policy.
    let ana = house.signed_in(&browser, "ana");
    assert_eq!(ana.go("/attention").status, 403);
    assert!(ana.text("main").contains("attention.read"), "{}", ana.text("main"));
}
