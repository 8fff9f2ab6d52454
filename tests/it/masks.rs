//! Values that the data boundary masks: after a reveal by the right person they are in no log line, no receipt and no export. Own file
//! because it looks at everything a daemon leaves behind.

use crate::daemon::{PILOT, Setup, TestDaemon};
use crate::http::Ask;
use crate::stop;
use serde_json::json;

const CARD: &str = "4539 1488 0343 6467";
const SSN: &str = "536-90-4399";
const PASSWORD: &str = "Zanzibar-77-lion";

#[test]
fn masked_values_are_in_no_log_receipt_or_export() {
    let daemon = Setup::sqlite().env("OPSPILOT__TELEMETRY__FILTER", "trace").start();
    let text = format!("Refund card {CARD}. His SSN is {SSN}, password: {PASSWORD}");
    let handed = daemon.api(Ask::json("/api/v1/requests", &json!({ "pilot": PILOT, "text": text })));
    let id = handed.value()["request"].as_str().unwrap().to_owned();
    daemon.settle();
    assert_eq!(daemon.see(&format!("/api/v1/requests/{id}"))["state"], "held");
    let revealed = daemon.api(Ask::json(format!("/api/v1/requests/{id}/reveal"), &json!({})));
    assert_eq!(revealed.status, 200, "{}", revealed.text());
    assert!([CARD, SSN, PASSWORD].iter().all(|value| revealed.text().contains(value)), "{}", revealed.text());
    let told = daemon.cli(&["request", "reveal", &id]);
    assert!(told.code() == 0 && told.out.contains(SSN), "{} {}", told.out, told.err);
    let released = daemon.api(Ask::json(format!("/api/v1/requests/{id}/release"), &json!({ "comment": "seen" })));
    assert_eq!(released.status, 200, "{}", released.text());
    daemon.settle();
    let brief = id.replace("req_", "brf_");
    let file = daemon.path("all.jsonl").display().to_string();
    let mut left = vec![("log", daemon.said())];
    for command in [
        &["request", "show", &id][..],
        &["request", "why", &id],
        &["request", "list"],
        &["brief", "show", &brief],
        &["receipt", "export", "--output", &file],
        &["receipt", "list", "--subject", &id, "--json"],
        &["--json", "request", "why", &id],
        &["--json", "request", "show", &id],
    ] {
        let ended = daemon.cli(command);
        assert_eq!(ended.code(), 0, "{command:?}: {}", ended.err);
        left.push(("command line", format!("{}{}", ended.out, ended.err)));
    }
    left.push(("export", std::fs::read_to_string(daemon.path("all.jsonl")).unwrap()));
    assert!(left[5].1.contains("request.revealed") || left[6].1.contains("request.revealed"), "{left:?}");
    for (place, text) in left {
        for value in [CARD, SSN, PASSWORD] {
            assert!(!text.contains(value), "the {place} holds a masked value: {text}");
        }
    }
}

#[test]
fn old_receipts_are_exported_to_who_may_see_what_is_masked() {
    let mut daemon = Setup::sqlite().start();
    for args in [&["user", "add", "olga", "--role", "operator"][..], &["token", "new", "--user", "olga", "--save"]] {
        let done = daemon.cli(&[&["--as", "mike"], args].concat());
        assert_eq!(done.code(), 0, "{args:?}: {}", done.err);
    }
    let olga = std::fs::read_to_string(daemon.data("credentials/olga.token")).unwrap();
    let by_olga = |daemon: &TestDaemon| daemon.ask(&Ask::get("/api/v1/receipts/export").bearer(olga.trim()));
    assert_eq!(by_olga(&daemon).status, 200);
    // As in a store that is older than the secret by which digests are made.
    daemon.stop();
    assert_eq!(stop::run(&daemon.url(), "UPDATE secret SET since = 1"), 1);
    daemon.start();
    let refused = by_olga(&daemon);
    assert_eq!((refused.status, refused.member("code").as_str()), (403, "OP-5008"), "{}", refused.text());
    assert_eq!(daemon.api(Ask::get("/api/v1/receipts/export")).status, 200);
}
