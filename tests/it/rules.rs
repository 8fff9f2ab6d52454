//! Policies that are taken away, damaged or set back while the daemon runs. INVARIANT tested: from then on nothing is allowed, until they
//! are whole again; what is waiting waits.

use crate::daemon::{Setup, TestDaemon};
use crate::hook;
use crate::http::{Answer, Ask};
use crate::wait::until;
use serde_json::json;
use std::path::Path;

fn policies(folder: &Path, version: u32) {
    let shipped = format!("{}/config/policies", env!("CARGO_MANIFEST_DIR"));
    std::fs::create_dir_all(folder).unwrap();
    for entry in std::fs::read_dir(shipped).unwrap() {
        let entry = entry.unwrap();
        std::fs::copy(entry.path(), folder.join(entry.file_name())).unwrap();
    }
    std::fs::write(folder.join("VERSION"), format!("{version}\n")).unwrap();
}

fn approve(daemon: &TestDaemon, brief: &str) -> Answer {
    let revision = daemon.api(Ask::get(format!("/api/v1/briefs/{brief}"))).member("digest");
    daemon.api(Ask::json(
        format!("/api/v1/briefs/{brief}/decision"),
        &json!({ "decision": "approve", "revision": revision }),
    ))
}

#[test]
fn without_sound_policies_nobody_decides() {
    let setup = Setup::sqlite().without_drop().with("\n[policies]\ndir = \"policies\"\nrecheck_secs = 1\n").make();
    let folder = setup.data("policies");
    policies(&folder, 3);
    let mut daemon = setup;
    daemon.start();
    for id in ["one", "two", "three"] {
        assert_eq!(daemon.ask(&hook::delivery(id)).status, 202);
    }
    daemon.settle();
    let briefs: Vec<(String, String)> = daemon
        .list("/api/v1/briefs")
        .iter()
        .map(|brief| (crate::census::word(brief, "id"), crate::census::word(brief, "revision")))
        .collect();
    assert_eq!(briefs.len(), 3);
    let decide = |brief: usize| {
        let (id, revision) = &briefs[brief];
        daemon.api(Ask::json(
            format!("/api/v1/briefs/{id}/decision"),
            &json!({ "decision": "approve", "revision": revision }),
        ))
    };
    let aside = daemon.path("aside");
    let break_it: [(&str, &dyn Fn()); 3] = [
        ("removed", &|| std::fs::rename(&folder, &aside).unwrap()),
        ("damaged", &|| std::fs::write(folder.join("reviewer.cedar"), "permit(principal, action, ").unwrap()),
        ("set back", &|| policies(&folder, 2)),
    ];
    for (number, (name, damage)) in break_it.into_iter().enumerate() {
        damage();
        until("readiness says so", || (daemon.ask(&Ask::get("/readyz")).status == 503).then_some(()));
        let refused = decide(number);
        assert_eq!(refused.status, 403, "{name}: {}", refused.text());
        assert!(refused.member("code").starts_with("OP-5"), "{name}: {}", refused.text());
        let command = daemon.cli(&["review", "approve", &briefs[number].0, "--revision", &briefs[number].1]);
        assert_eq!(command.code(), 1, "{name}: {}{}", command.out, command.err);
        if aside.exists() {
            std::fs::rename(&aside, &folder).unwrap();
        }
        policies(&folder, 3);
        until("they are in force again", || (daemon.ask(&Ask::get("/readyz")).status == 200).then_some(()));
        let allowed = decide(number);
        assert_eq!(allowed.status, 200, "{name}: {}", allowed.text());
    }
    // A daemon that starts on older ones has not forgotten the newer.
    daemon.stop();
    policies(&folder, 2);
    daemon.start();
    let standing = until("it answers", || Some(daemon.ask(&Ask::get("/readyz"))).filter(|answer| answer.status == 503));
    assert!(standing.text().contains("version 2, but version 3"), "{}", standing.text());
    policies(&folder, 4);
    until("newer ones are in force", || (daemon.ask(&Ask::get("/readyz")).status == 200).then_some(()));
    // Every decision carries the policies it was made under.
    let decided: Vec<_> =
        crate::census::receipts(&daemon).into_iter().filter(|receipt| receipt["kind"] == "brief.decided").collect();
    assert_eq!(decided.len(), 3);
    assert!(decided.iter().all(|receipt| receipt["body"].to_string().contains("policy")), "{decided:?}");
    assert_eq!(approve(&daemon, &briefs[0].0).status, 200, "said again, it is the same decision");
}
