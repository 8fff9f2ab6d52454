//! Letters that the calendar gives rise to, as they arrive: the clock of the daemon is turned, and what falls due is read from the mail server.
//! INVARIANT tested: one letter for each turn or slot and person, also when the daemon dies in between; silence decides nothing.

use crate::census::{receipts, word};
use crate::daemon::TestDaemon;
use crate::hook;
use crate::http::Ask;
use crate::letters::Post;
use crate::post::{Arrived, answer};
use crate::stop::with_clock;
use crate::wait::until;
use serde_json::json;
use std::path::Path;
use std::time::Duration;

const MIKE: &str = "Mike <mike@northwind.example>";
const PROVEN: &str = "Authentication-Results: mx.ops.example; dmarc=pass header.from=northwind.example\r\n";

/// People are always at work here, so that a turn of the clock is all that it takes.
const AT_WORK: &str = r#"
[[person]]
name = "mike"
working_days = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
quiet_from = "00:00"
quiet_until = "00:01"

[[person]]
name = "grace"
working_days = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
quiet_from = "00:00"
quiet_until = "00:01"
"#;

/// Turns the clock on by so much.
fn turn(clock: &Path, by: &str) {
    std::fs::write(clock, format!("{by}\n")).unwrap();
}

/// A daemon with a mail server and a clock that stands in a file, not running yet; `None` where no clock can be turned.
fn daemon(post: &Post, clock: &Path, keys: &str, tables: &str) -> Option<TestDaemon> {
    turn(clock, "+0");
    let setup = with_clock(post.setup().with(AT_WORK).with(tables), "+0")?;
    let mut daemon = setup.env("FAKETIME_TIMESTAMP_FILE", clock.display().to_string()).make();
    // The file is asked only when nothing stands in the environment.
    daemon.set_env("FAKETIME", None);
    let path = daemon.path("opspilot.toml");
    let text = std::fs::read_to_string(&path).unwrap();
    let keys = format!("reviewers = [\"mike\"]\n{keys}");
    std::fs::write(&path, text.replace("reviewers = [\"mike\"]\n", &keys)).unwrap();
    Some(daemon)
}

fn of_kind(daemon: &TestDaemon, kind: &str) -> usize {
    receipts(daemon).iter().filter(|receipt| word(receipt, "kind") == kind).count()
}

fn subjects(post: &Post, words: &str) -> Vec<Arrived> {
    post.letters().into_iter().filter(|letter| letter.field("Subject").contains(words)).collect()
}

#[test]
fn a_reminder_arrives_and_its_answer_decides() {
    let (post, clock) = (Post::open(), tempfile::NamedTempFile::new().unwrap());
    let keys = "remind_after_hours = 40\nremind_times = 2\nescalate_after_hours = 20\nescalate_to = [\"grace\"]\n";
    let Some(mut daemon) = daemon(&post, clock.path(), keys, "") else { return };
    daemon.start();
    let added = daemon.cli(&["user", "add", "grace", "--email", "grace@northwind.example"]);
    assert!(added.status.success(), "{}", added.err);
    for name in ["one", "two"] {
        assert_eq!(daemon.ask(&hook::delivery(name)).status, 202);
    }
    let letter = post.letter("Brief: Question one");
    turn(clock.path(), "+21h");
    let told = post.letter("Waiting for a decision: Question one");
    assert_eq!(told.field("To"), "grace <grace@northwind.example>");
    assert_eq!(told.reply_to(), "pilot@ops.example", "she cannot decide, and there is no secret");
    turn(clock.path(), "+41h");
    let reminder = post.letter("Reminder: Question one");
    assert!(reminder.field("References").contains(letter.field("Message-ID")), "{}", reminder.raw);
    assert_eq!(reminder.field("To"), "mike <mike@northwind.example>");
    assert_ne!(reminder.reply_to(), letter.reply_to(), "a secret of its own");
    post.letter("Reminder: Question two");
    // Dies after all of it: nothing comes twice.
    daemon.kill_9();
    daemon.start();
    let decided = |daemon: &TestDaemon| of_kind(daemon, "brief.decided");
    assert_eq!(decided(&daemon), 0, "nobody has said a word");
    post.deliver("1.eml", &answer(&reminder, MIKE, PROVEN, "approve"));
    post.letter("Approved: Question one");
    turn(clock.path(), "+81h");
    until("the other is reminded of again", || (subjects(&post, "Reminder: Question two").len() == 2).then_some(()));
    assert_eq!((of_kind(&daemon, "brief.reminded"), of_kind(&daemon, "brief.escalated"), decided(&daemon)), (3, 2, 1));
    assert_eq!((subjects(&post, "Reminder: Question one").len(), post.letters().len()), (1, 8));
}

#[test]
fn a_report_arrives_once_though_the_daemon_died_between_firing_and_queueing() {
    let (post, clock) = (Post::open(), tempfile::NamedTempFile::new().unwrap());
    let table = "\n[[schedule]]\nname = \"weekly\"\nkind = \"weekly_report\"\npilot = \"northwind\"\npattern = \"0 9 * * MON\"\n";
    let Some(mut daemon) = daemon(&post, clock.path(), "", table) else { return };
    daemon.start();
    until("the schedule is known", || (of_kind(&daemon, "schedule.set") == 1).then_some(()));
    assert_eq!(daemon.ask(&hook::delivery("one")).status, 202);
    post.letter("Brief: Question one");
    until("it is put down as sent", || (of_kind(&daemon, "letter.sent") == 1).then_some(()));
    daemon.stop();
    turn(clock.path(), "+7d");
    daemon.set_env("OPSPILOT_FAILPOINT", Some("outbox.before_queue=1"));
    // It may die before it is ready.
    let _ready = daemon.try_start().is_ok();
    assert!(daemon.dies(Duration::from_secs(60)), "`outbox.before_queue` is not passed");
    assert_eq!(post.letters().len(), 1, "the report is fired and not queued");
    daemon.set_env("OPSPILOT_FAILPOINT", None);
    daemon.start();
    let report = until("the report arrives", || post.letters().into_iter().nth(1));
    assert_eq!(of_kind(&daemon, "schedule.fired"), 1);
    let kept = daemon.cli(&["pilot", "report", "--pilot", "northwind", "--format", "json"]);
    assert!(
        report.field("Subject").contains("northwind") && report.raw.contains("multipart/alternative"),
        "{}",
        report.raw
    );
    assert!(kept.out.contains("\"kept\"") && kept.status.success(), "{}{}", kept.out, kept.err);
    assert_eq!((report.field("Auto-Submitted"), report.field("In-Reply-To")), ("auto-generated", ""));
    until("it is put down as sent", || (of_kind(&daemon, "letter.sent") == 2).then_some(()));
    daemon.kill_9();
    daemon.start();
    // What comes after it goes out as if nothing had been, and nothing else does.
    let ran = daemon.api(Ask::post("/api/v1/schedules/weekly/run", ""));
    assert_eq!(ran.status, 200, "{}", ran.text());
    until("somebody wanted it again", || (of_kind(&daemon, "letter.sent") == 3).then_some(()));
    assert_eq!(post.letters().len(), 3);
}

#[test]
fn a_digest_is_left_by_whoever_got_it_and_nobody_else() {
    let (post, clock) = (Post::open(), tempfile::NamedTempFile::new().unwrap());
    let table = "\n[[schedule]]\nname = \"daily\"\nkind = \"digest\"\npilot = \"northwind\"\npattern = \"0 7 * * *\"\n";
    let Some(mut daemon) = daemon(&post, clock.path(), "", table) else { return };
    daemon.start();
    until("the schedule is known", || (of_kind(&daemon, "schedule.set") == 1).then_some(()));
    assert_eq!(daemon.ask(&hook::delivery("one")).status, 202);
    post.letter("Brief: Question one");
    turn(clock.path(), "+24h");
    let digest = post.letter("1 brief waits for you");
    assert!(digest.raw.contains("Question one"), "{}", digest.raw);
    assert_eq!(digest.field("List-Unsubscribe-Post"), "", "nothing is done by opening a link");
    let leave = digest.field("List-Unsubscribe").trim_start_matches("<mailto:").trim_end_matches('>').to_owned();
    assert!(leave.starts_with("pilot+a") && leave.ends_with("@ops.example"), "{}", digest.raw);
    let wants = |daemon: &TestDaemon| daemon.see("/api/v1/users")["items"][0]["digest"].as_bool().unwrap();
    // Nobody vouches for it; a stranger who is proven; a machine of the right person.
    let message =
        |from: &str, above: &str, text: &str| answer(&digest, from, above, text).replace(&digest.reply_to(), &leave);
    let stranger = "Authentication-Results: mx.ops.example; dmarc=pass header.from=evil.example\r\n";
    post.deliver("1-unproven.eml", &message(MIKE, "", "unsubscribe"));
    post.deliver("2-stranger.eml", &message("Eve <eve@evil.example>", stranger, "unsubscribe"));
    post.deliver("3-machine.eml", &message(MIKE, &format!("{PROVEN}Auto-Submitted: auto-replied\r\n"), "I am away"));
    until("they are refused", || (of_kind(&daemon, "reply.refused") == 2).then_some(()));
    until("it is ignored", || (of_kind(&daemon, "reply.ignored") == 1).then_some(()));
    assert!(wants(&daemon));
    // It is about digests and nothing else, whatever it says.
    let goodbye = message(MIKE, PROVEN, "approve");
    post.deliver("4-leave.eml", &goodbye);
    until("it is turned off", || (!wants(&daemon)).then_some(()));
    assert_eq!((of_kind(&daemon, "user.digest"), of_kind(&daemon, "brief.decided")), (1, 0));
    let listed = daemon.cli(&["user", "list"]);
    assert!(listed.out.contains("active, no digests"), "{}", listed.out);
    turn(clock.path(), "+48h");
    until("it fires all the same", || (of_kind(&daemon, "schedule.fired") == 2).then_some(()));
    // Told of in the order of the receipts: with this letter the digest would have come.
    let body = json!({ "name": "Dana Fox", "message": "Question two" }).to_string();
    let there = hook::signed("two", hook::now() + 48 * 3600, body.as_bytes());
    assert_eq!(daemon.ask(&there).status, 202);
    post.letter("Brief: Question two");
    let asked = daemon.cli(&["user", "digest", "mike", "on"]);
    assert!(asked.status.success() && asked.out.contains("mike gets digests"), "{}{}", asked.out, asked.err);
    // The mail that came once comes again, and counts no more.
    post.deliver("5-again.eml", &goodbye);
    until("it is ignored", || (of_kind(&daemon, "reply.ignored") == 2).then_some(()));
    turn(clock.path(), "+72h");
    post.letter("2 briefs wait for you");
    assert_eq!((of_kind(&daemon, "schedule.fired"), post.letters().len()), (3, 4));
    assert!(wants(&daemon));
}

#[test]
fn whoever_covers_gets_the_letters_as_well_and_decides_as_themselves() {
    let post = Post::open();
    let away =
        "\n[[person]]\nname = \"mike\"\naway_from = \"2020-01-01\"\naway_until = \"2099-12-31\"\ncover = \"carol\"\n";
    let mut daemon = post.setup().with(away).make();
    let path = daemon.path("opspilot.toml");
    let text = std::fs::read_to_string(&path).unwrap();
    let named = "reviewers = [\"mike\", \"carol\"]\nnotify = [\"mike\"]\n";
    std::fs::write(&path, text.replace("reviewers = [\"mike\"]\n", named)).unwrap();
    let added = daemon.cli(&["user", "add", "carol", "--email", "carol@northwind.example", "--role", "reviewer"]);
    assert!(added.status.success(), "{}", added.err);
    daemon.start();
    assert_eq!(daemon.ask(&hook::delivery("one")).status, 202);
    until("both have it", || (subjects(&post, "Brief: Question one").len() == 2).then_some(()));
    let mine = |letter: &Arrived| letter.field("To").starts_with("carol");
    let letter = subjects(&post, "Brief: Question one").into_iter().find(mine).unwrap();
    post.deliver("1.eml", &answer(&letter, "Carol <carol@northwind.example>", PROVEN, "approve"));
    until("it is approved", || (of_kind(&daemon, "brief.decided") == 1).then_some(()));
    let decided = receipts(&daemon).into_iter().find(|receipt| word(receipt, "kind") == "brief.decided").unwrap();
    let carol = &daemon.see("/api/v1/users")["items"][0];
    assert_eq!((word(carol, "name"), word(&decided, "actor")), ("carol".to_owned(), word(carol, "id")));
}
