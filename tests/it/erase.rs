//! Erasing what requests said, on a daemon at work. INVARIANT tested: no file of the store holds a word of it afterwards; everything else
//! stands, the record is proven, and who has no right to it changes nothing.

use crate::daemon::{PILOT, Setup, TestDaemon, block_on};
use crate::http::Ask;
use serde_json::json;
use sqlx::{Connection as _, Executor as _};
use std::path::{Path, PathBuf};

const MARK: &str = "Zanzibar-77-lion";

/// A request that a person has decided on.
fn decided(daemon: &TestDaemon, text: &str) -> String {
    let handed = daemon.api(Ask::json("/api/v1/requests", &json!({ "pilot": PILOT, "text": text })));
    let id = handed.value()["request"].as_str().unwrap().to_owned();
    daemon.settle();
    let brief = id.replace("req_", "brf_");
    let digest = daemon.see(&format!("/api/v1/briefs/{brief}"))["digest"].as_str().unwrap().to_owned();
    let approved = daemon.cli(&["review", "approve", &brief, "--revision", &digest]);
    assert_eq!(approved.code(), 0, "{}", approved.err);
    id
}

/// Files below a folder that hold the mark.
fn traces(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(traces(&path));
        } else if std::fs::read(&path).unwrap().windows(MARK.len()).any(|bytes| bytes == MARK.as_bytes()) {
            found.push(path);
        }
    }
    found
}

#[test]
fn no_file_holds_what_was_erased_and_the_record_is_proven() {
    let mut daemon = Setup::sqlite().without_drop().start();
    let id = decided(&daemon, &format!("Please quote us for 12 licences by Friday, code word {MARK}."));
    let other = decided(&daemon, "Our printer is broken, and the invoice 4711 is wrong.");
    let kept = daemon.path("outside.checkpoint");
    assert!(daemon.cli(&["receipt", "checkpoint", "--output", &kept.display().to_string()]).status.success());
    assert!(!traces(&daemon.data("")).is_empty(), "it is found where it stands");

    let asked = daemon.cli(&["request", "erase", &id, "--reason", "asked"]);
    assert_eq!(asked.code(), 2, "{}", asked.err);
    assert!(asked.err.contains("error OP-9124: ") && asked.err.contains("1 revision"), "{}", asked.err);
    assert_eq!(daemon.see(&format!("/api/v1/requests/{id}"))["state"], "decided", "nothing was changed");

    let erased = daemon.cli(&["request", "erase", &id, "--reason", "asked", "--yes"]);
    assert_eq!(erased.code(), 0, "{}", erased.err);
    assert!(erased.out.contains("was erased: its text and bytes"), "{}", erased.out);
    assert_eq!(traces(&daemon.data("")), Vec::<PathBuf>::new());

    let shown = daemon.see(&format!("/api/v1/requests/{id}"));
    assert_eq!((&shown["state"], &shown["text"]), (&json!("erased"), &json!("")));
    let brief = id.replace("req_", "brf_");
    let gone = daemon.api(Ask::get(format!("/api/v1/briefs/{brief}")));
    assert_eq!((gone.status, gone.member("code").as_str()), (404, "OP-3009"), "{}", gone.text());
    let show = daemon.cli(&["brief", "show", &brief]);
    assert!(show.code() == 1 && show.err.contains("error OP-3009: "), "{}", show.err);
    let why = daemon.cli(&["request", "why", &id]);
    assert!(why.out.contains("erased") && why.out.contains("by mike: asked"), "{}{}", why.out, why.err);
    assert!(why.out.contains("revision 1 by embedded, digest "), "{}", why.out);
    for command in [
        &["request", "list"][..],
        &["request", "list", "--state", "erased"],
        &["request", "show", &id],
        &["review", "list", "--state", "approved"],
        &["run", "show", &id],
        &["brief", "show", &other.replace("req_", "brf_")],
    ] {
        let ended = daemon.cli(command);
        assert_eq!(ended.code(), 0, "{command:?}: {}", ended.err);
    }
    let verified = daemon.verify(std::slice::from_ref(&kept));
    assert_eq!(verified.code(), 0, "{}{}", verified.out, verified.err);

    let again = daemon.cli(&["--json", "request", "erase", &id, "--reason", "expired", "--yes"]);
    assert!(again.code() == 0 && again.out.contains("\"before\": true"), "{}{}", again.out, again.err);
    daemon.restart();
    decided(&daemon, "The daemon goes on as before: please send us the price list.");

    // A row that only says that it was erased.
    daemon.expect_unsound("a request was called erased without a receipt");
    block_on(async {
        let mut conn = sqlx::SqliteConnection::connect(&daemon.url()).await.unwrap();
        let sql = sqlx::AssertSqlSafe(format!("UPDATE request SET text = '', erased_at = 1 WHERE id = '{other}'"));
        conn.execute(sql).await.unwrap();
    });
    let verified = daemon.verify(&[kept]);
    assert_eq!(verified.code(), 3, "{}{}", verified.out, verified.err);
    assert!(verified.out.contains(&format!("the erasure of `{other}`")), "{}", verified.out);
}

#[test]
fn only_who_may_erases_and_what_is_refused_stays() {
    let daemon = Setup::sqlite().without_drop().start();
    for args in [&["user", "add", "olga", "--role", "operator"][..], &["token", "new", "--user", "olga", "--save"]] {
        let done = daemon.cli(&[&["--as", "mike"], args].concat());
        assert_eq!(done.code(), 0, "{args:?}: {}", done.err);
    }
    let handed = daemon.api(Ask::json("/api/v1/requests", &json!({ "pilot": PILOT, "text": "Our boiler leaks." })));
    let id = handed.value()["request"].as_str().unwrap().to_owned();
    daemon.settle();
    let denied = daemon.cli(&["--as", "olga", "request", "erase", &id, "--reason", "asked", "--yes"]);
    assert!(denied.code() == 1 && denied.err.contains("request.erase"), "{}", denied.err);
    let wrong = daemon.cli(&["--as", "mike", "request", "erase", &id, "--reason", "because", "--yes"]);
    assert!(wrong.code() == 2 && wrong.err.contains("asked, expired, unwanted"), "{}", wrong.err);
    let unknown = daemon.cli(&[
        "--as",
        "mike",
        "request",
        "erase",
        "req_01jvzzzzzzzzzzzzzzzzzzzzzz",
        "--reason",
        "asked",
        "--yes",
    ]);
    assert!(unknown.code() == 1 && unknown.err.contains("OP-3001"), "{}", unknown.err);
    assert_eq!(daemon.see(&format!("/api/v1/requests/{id}"))["text"], "Our boiler leaks.");
    // One that waits for people ends with its brief.
    let brief = id.replace("req_", "brf_");
    let digest = daemon.see(&format!("/api/v1/briefs/{brief}"))["digest"].as_str().unwrap().to_owned();
    let erased = daemon.cli(&["--as", "mike", "request", "erase", &id, "--reason", "unwanted", "--yes"]);
    assert_eq!(erased.code(), 0, "{}", erased.err);
    let late = daemon.cli(&["--as", "mike", "review", "approve", &brief, "--revision", &digest]);
    assert!(late.code() == 1 && late.err.contains("error OP-"), "{}{}", late.out, late.err);
    let verified = daemon.verify(&[]);
    assert!(matches!(verified.code(), 0 | 4), "{}{}", verified.out, verified.err);
}
