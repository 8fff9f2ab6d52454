//! Schedules and reports as people use them, over the API and the command line. INVARIANT tested: what is fired by hand makes its report once,
//! from rows that it names, and both faces show the same.

use crate::census::word;
use crate::daemon::Setup;
use crate::hook;
use crate::http::Ask;
use crate::postroom::count;
use serde_json::{Value, json};

const WEEKLY: &str =
    "\n[[schedule]]\nname = \"weekly\"\nkind = \"weekly_report\"\npilot = \"northwind\"\npattern = \"0 9 * * MON\"\n";

#[test]
fn a_schedule_is_run_by_hand_and_its_report_read() {
    let daemon = Setup::sqlite().without_drop().with(WEEKLY).start();
    for number in 0..3 {
        assert_eq!(daemon.ask(&hook::delivery(&format!("r{number}"))).status, 202);
    }
    daemon.settle();
    let fired = daemon.api(Ask::json("/api/v1/schedules/weekly/run", &json!({})));
    assert_eq!(fired.status, 200, "{}", fired.text());
    let fired = fired.value();
    assert_eq!(word(&fired["fired"], "state"), "fired", "{fired}");
    let report = word(&fired["fired"], "report");
    let shown = daemon.see("/api/v1/schedules/weekly");
    assert_eq!(word(&shown["slots"][0], "report"), report, "{shown}");
    assert!(!word(&shown["slots"][0], "by_hand").is_empty(), "{shown}");
    let by_api = daemon.see("/api/v1/pilots/northwind/report");
    assert_eq!(word(&by_api["kept"], "id"), report, "{by_api}");
    assert!(word(&by_api, "html").contains("<html") && !word(&by_api, "text").is_empty());
    let by_hand = daemon.cli(&["pilot", "report", "--format", "json"]);
    assert_eq!(by_hand.code(), 0, "{}", by_hand.err);
    let by_hand: Value = serde_json::from_str(&by_hand.out).unwrap();
    assert_eq!((&by_hand["figures"], &by_hand["kept"]), (&by_api["figures"], &by_api["kept"]));
    // A week that was not kept is counted now: this one, with what has come in.
    let week = daemon.api(Ask::get("/api/v1/pilots/northwind/report?week=1999-W01"));
    assert!(week.status == 200 || week.status == 404, "{}", week.text());
    let explained = daemon.cli(&["pilot", "report", "--explain"]);
    assert!(explained.code() == 0 && explained.out.contains(&report), "{}{}", explained.out, explained.err);
    // Once more on the same day: another slot, the report of the week stays the one that it is.
    let again = daemon.cli(&["schedule", "run", "weekly"]);
    assert_eq!(again.code(), 0, "{}{}", again.out, again.err);
    assert!(again.out.contains(&report), "{}", again.out);
    assert_eq!(count(&daemon, "report.made"), 1);
    let unknown = daemon.api(Ask::json("/api/v1/schedules/never/run", &json!({})));
    assert_eq!(unknown.status, 404, "{}", unknown.text());
}
