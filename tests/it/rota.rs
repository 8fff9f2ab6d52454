//! Schedules and reports as people use them, over the API and the command line. INVARIANT tested: what is fired by hand makes its report once,
//! from rows that it names, and both faces show the same.

use crate::census::word;
use crate::daemon::{Setup, TestDaemon};
use crate::hook;
use crate::http::Ask;
use crate::postroom::count;
use crate::stop::with_clock;
use crate::wait::until;
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

/// Threat row A5: a time that clocks skip falls due when they jump, and one that they show twice falls due the first time; a daemon that is
/// killed and started within the change fires neither again.
#[test]
fn both_changes_of_the_clocks_fire_a_schedule_once() {
    let clock = tempfile::NamedTempFile::new().unwrap();
    let nightly =
        "\n[[schedule]]\nname = \"nightly\"\nkind = \"digest\"\npilot = \"northwind\"\npattern = \"30 2 * * *\"\n";
    let setup = Setup::sqlite().without_drop().pilot("time_zone = \"Europe/Berlin\"\n").with(nightly);
    let Some(setup) = with_clock(setup, "+0") else { return };
    let turn_to = |moment: &str| {
        let moment: jiff::Timestamp = moment.parse().unwrap();
        let ahead = moment.as_second() - i64::try_from(hook::now()).unwrap();
        std::fs::write(clock.path(), format!("{ahead:+}\n")).unwrap();
    };
    turn_to("2027-03-27T12:00:00Z");
    let mut daemon = setup.env("FAKETIME_TIMESTAMP_FILE", clock.path().display().to_string()).make();
    // The file is asked only when nothing stands in the environment.
    daemon.set_env("FAKETIME", None);
    daemon.start();
    // Ready to be asked, it may not have put down yet from when on the schedule counts: what lay before that is nobody's.
    until("the schedule is known", || (count(&daemon, "schedule.set") == 1).then_some(()));
    let fired = |daemon: &TestDaemon| -> Vec<(String, String, bool)> {
        let shown = daemon.see("/api/v1/schedules/nightly");
        let slots = shown["slots"].as_array().unwrap();
        assert!(slots.iter().all(|slot| slot["message"].is_null()), "{shown}");
        let done = slots.iter().filter(|slot| slot["state"] == "fired");
        done.rev().map(|slot| (word(slot, "slot"), word(slot, "due_at"), slot["late"] == true)).collect()
    };
    let slot = |key: &str, due: &str| (key.to_owned(), due.to_owned(), false);
    let mut expected = Vec::new();
    for (at, next) in [
        // There is no half past two: due at the moment at which it is three.
        ("2027-03-28T01:00:05Z", slot("2027-03-28T02:30", "2027-03-28T01:00:00Z")),
        ("2027-03-29T00:30:05Z", slot("2027-03-29T02:30", "2027-03-29T00:30:00Z")),
        ("2027-10-30T00:30:05Z", slot("2027-10-30T02:30", "2027-10-30T00:30:00Z")),
        // Half past two for the first time, and an hour later for the second.
        ("2027-10-31T00:30:05Z", slot("2027-10-31T02:30", "2027-10-31T00:30:00Z")),
        ("2027-11-01T01:30:05Z", slot("2027-11-01T02:30", "2027-11-01T01:30:00Z")),
    ] {
        turn_to(at);
        expected.push(next);
        until("it is fired", || (fired(&daemon).len() == expected.len()).then_some(()));
        assert_eq!(fired(&daemon), expected);
        // An hour later by every clock: what was due is not due again, and a daemon looks as soon as it starts.
        daemon.kill_9();
        let moment: jiff::Timestamp = at.parse().unwrap();
        turn_to(&(moment + jiff::SignedDuration::from_hours(1)).to_string());
        daemon.start();
    }
    assert_eq!(fired(&daemon), expected);
    assert_eq!(count(&daemon, "schedule.fired"), expected.len());
}
