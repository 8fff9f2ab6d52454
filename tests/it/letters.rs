//! Deciding by answering a letter: a real mail server takes what goes out, a source brings the answers back. INVARIANT tested: only the proven
//! answer of the reviewer who was asked decides, once; whatever else comes decides nothing; no crash doubles a letter.

use crate::census::{Census, receipts, word};
use crate::daemon::{Setup, TestDaemon};
use crate::hook;
use crate::post::{Arrived, answer};
use crate::smtp::Sink;
use crate::wait::{until, until_within};
use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

const MIKE: &str = "Mike <mike@northwind.example>";
/// What the reviewer's own server says about mail that is his.
const PROVEN: &str = "Authentication-Results: mx.ops.example; dmarc=pass header.from=northwind.example\r\n";

/// A report on delivery by Postfix, as it was once received.
const REPORT: &str = include_str!("../data/automail/eml/373f9cabeba6.eml");

/// The same report, to `to` and about the message `id`, with that outcome.
fn report(to: &str, id: &str, action: &str) -> String {
    let (head, body) = REPORT.split_once("\n\n").unwrap();
    let head = head.replace("To: kijitora@example.net", &format!("To: {to}"));
    let body = body.replace("<20160429233445.D64BFFEA8AE7@mail.example.com>", id);
    assert!(head.contains(to) && body.contains(id));
    let body = body.replace("Action: failed", &format!("Action: {action}"));
    // What came back holds words that would decide, were it an answer.
    format!("{head}\n\n{body}").replace("Nyaan\n", "approve\n").replace('\n', "\r\n")
}

/// Brings every file of a folder as a message, each under its name.
const READER: &str = r#"
import base64, json, os, sys, time
seen = set()
while True:
    for name in sorted(os.listdir(sys.argv[1])):
        if name.endswith(".eml") and name not in seen:
            seen.add(name)
            with open(os.path.join(sys.argv[1], name), "rb") as file:
                message = base64.b64encode(file.read()).decode()
            print(json.dumps({"key": name, "message": message}), flush=True)
    time.sleep(0.1)
"#;

pub(crate) struct Post {
    sink: Sink,
    folder: tempfile::TempDir,
}

impl Post {
    pub(crate) fn open() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let sink = Sink::start(folder.path()).unwrap();
        std::fs::create_dir(folder.path().join("in")).unwrap();
        std::fs::write(folder.path().join("reader.py"), READER).unwrap();
        Self { sink, folder }
    }

    pub(crate) fn setup(&self) -> Setup {
        self.setup_with("")
    }

    /// With more lines in the section `[mail]`.
    pub(crate) fn setup_with(&self, more: &str) -> Setup {
        let at = |name: &str| self.folder.path().join(name).display().to_string();
        Setup::sqlite().without_drop().with(&format!(
            r#"
[mail]
host = "127.0.0.1"
port = {}
security = "none"
from = "OpsPilot <pilot@ops.example>"
reply_address = "pilot@ops.example"
trusted_servers = ["mx.ops.example"]
check_signatures = false
{more}

[[source]]
name = "mailbox"
kind = "exec"
pilot = "northwind"

[source.options]
command = ["python3", "{}", "{}"]
"#,
            self.sink.plain,
            at("reader.py"),
            at("in")
        ))
    }

    /// The letters that arrived, in order.
    pub(crate) fn letters(&self) -> Vec<Arrived> {
        self.sink.kept().iter().map(Arrived::of).collect()
    }

    /// Waits for the letter whose subject has these words, the first that `after` others did not have.
    pub(crate) fn letter(&self, words: &str) -> Arrived {
        until("the letter arrives", || {
            self.letters().into_iter().find(|letter| letter.field("Subject").contains(words))
        })
    }

    /// Puts a message into the mailbox.
    pub(crate) fn deliver(&self, name: &str, message: &str) {
        let folder: &Path = self.folder.path();
        // Moved into place, so that nobody reads half of it.
        std::fs::write(folder.join("half"), message).unwrap();
        std::fs::rename(folder.join("half"), folder.join("in").join(name)).unwrap();
    }
}

fn count(daemon: &TestDaemon, kind: &str) -> usize {
    receipts(daemon).iter().filter(|receipt| word(receipt, "kind") == kind).count()
}

fn brief(daemon: &TestDaemon) -> String {
    word(&daemon.list("/api/v1/briefs")[0], "id")
}

fn state(daemon: &TestDaemon, brief: &str) -> String {
    word(&daemon.see(&format!("/api/v1/briefs/{brief}")), "state")
}

#[test]
fn only_the_proven_answer_of_the_reviewer_decides() {
    let post = Post::open();
    let daemon = post.setup().start();
    assert_eq!(daemon.ask(&hook::delivery("one")).status, 202);
    let letter = post.letter("Brief: Question one");
    assert_eq!(letter.field("To"), "mike <mike@northwind.example>");
    assert_eq!(letter.field("Auto-Submitted"), "auto-generated");
    assert!(!letter.field("X-OpsPilot-Loop").is_empty());
    assert!(letter.reply_to().starts_with("pilot+a"), "{}", letter.reply_to());
    assert!(letter.raw.contains("How to decide") && letter.raw.contains("text/html"), "{}", letter.raw);
    let brief = brief(&daemon);
    // Nobody vouches; a stranger who is proven; a server that is not ours; our server's word below a foreign hand; a machine.
    let stranger = "Authentication-Results: mx.ops.example; dmarc=pass header.from=evil.example\r\n";
    let foreign = "Authentication-Results: mx.evil.example; dmarc=pass header.from=northwind.example\r\n";
    let below = format!("Received: from a by mx.evil.example; Sat, 21 Nov 2026 07:00:00 +0000\r\n{PROVEN}");
    let machine = format!("{PROVEN}Auto-Submitted: auto-replied\r\n");
    let two_froms = format!("{PROVEN}From: Eve <eve@evil.example>\r\n");
    for (number, (above, from)) in
        [("", MIKE), (stranger, "Eve <eve@evil.example>"), (foreign, MIKE), (&below, MIKE), (&two_froms, MIKE)]
            .into_iter()
            .enumerate()
    {
        post.deliver(&format!("1-forged-{number}.eml"), &answer(&letter, from, above, "approve"));
    }
    post.deliver("2-machine.eml", &answer(&letter, MIKE, &machine, "approve"));
    // The right person, with a secret that is none of ours.
    let (secret, rest) =
        letter.reply_to().split_once('@').map(|(local, rest)| (local.to_owned(), rest.to_owned())).unwrap();
    let last = if secret.ends_with('a') { "b" } else { "a" };
    let guessed = format!("{}{last}@{rest}", &secret[..secret.len() - 1]);
    post.deliver("3-guessed.eml", &answer(&letter, MIKE, PROVEN, "approve").replace(&letter.reply_to(), &guessed));
    until("everything forged is refused", || (count(&daemon, "reply.refused") == 6).then_some(()));
    until("the machine is ignored", || (count(&daemon, "reply.ignored") == 1).then_some(()));
    assert_eq!(
        (state(&daemon, &brief), post.letters().len()),
        ("open".to_owned(), 1),
        "nobody of these hears anything"
    );
    // Unclear: one polite answer, in the same thread, and nothing happens.
    post.deliver("4-unclear.eml", &answer(&letter, MIKE, PROVEN, "Looks good to me, but ask Ann first."));
    let unclear = post.letter("Not understood");
    assert_eq!(unclear.field("Auto-Submitted"), "auto-replied");
    assert!(unclear.field("In-Reply-To").ends_with("@mail.example>"), "{}", unclear.raw);
    assert_eq!(unclear.reply_to(), letter.reply_to(), "the next try may answer either");
    assert_eq!(state(&daemon, &brief), "open");
    // The decision.
    let approval = answer(&letter, MIKE, PROVEN, "Approve");
    post.deliver("5-approve.eml", &approval);
    until("it is approved", || (state(&daemon, &brief) == "approved").then_some(()));
    let all = receipts(&daemon);
    let decided: Vec<_> = all.iter().filter(|receipt| word(receipt, "kind") == "brief.decided").collect();
    assert_eq!(decided.len(), 1);
    let body = &decided[0]["body"];
    assert_eq!(body["verdict"], "approve");
    assert!(word(body, "proof").contains("mx.ops.example") && word(body, "mail").len() == 64, "{body}");
    let news = post.letter("Approved: ");
    assert!(news.field("References").contains(letter.field("Message-ID")), "{}", news.raw);
    // The same again: late, and told so, once for each message.
    post.deliver("6-again.eml", &approval);
    let late = post.letter("Already settled");
    assert!(late.raw.contains("text/html") && unclear.raw.contains("text/html"), "{}", late.raw);
    post.deliver("7-reject.eml", &answer(&letter, MIKE, PROVEN, "reject: on second thoughts no"));
    until("both are answered", || (count(&daemon, "reply.answered") == 3).then_some(()));
    assert_eq!((state(&daemon, &brief), count(&daemon, "brief.decided")), ("approved".to_owned(), 1));
    let census = Census::take(&daemon);
    assert_eq!(census.of("mailbox"), 0, "no answer became a request");
}

#[test]
fn an_answer_to_what_has_changed_decides_nothing() {
    let post = Post::open();
    let daemon = post.setup().start();
    assert_eq!(daemon.ask(&hook::delivery("two")).status, 202);
    let first = post.letter("Brief: Question two");
    let brief = brief(&daemon);
    // An edit by mail makes a revision, and a letter about it.
    post.deliver("1-edit.eml", &answer(&first, MIKE, PROVEN, "edit\r\npriority.score: 91"));
    let second = post.letter("Revised brief: Question two");
    assert_ne!(first.reply_to(), second.reply_to());
    // Each says who made what it shows.
    let says = |letter: &Arrived, words: &str| {
        let text = letter.raw.replace("=\n", "");
        text.split_whitespace().collect::<Vec<_>>().join(" ").contains(words)
    };
    assert!(says(&first, ", drafted by embedded.") && !says(&first, "edited by"), "{}", first.raw);
    assert!(says(&second, ", edited by mike (drafted by embedded)."), "{}", second.raw);
    assert!(second.field("References").contains(first.field("Message-ID")));
    post.deliver("2-stale.eml", &answer(&first, MIKE, PROVEN, "approve"));
    post.letter("Already settled");
    assert_eq!(state(&daemon, &brief), "open");
    post.deliver("3-reject.eml", &answer(&second, MIKE, PROVEN, "reject: Out of scope, not our business"));
    until("it is rejected", || (state(&daemon, &brief) == "rejected").then_some(()));
    let decided = receipts(&daemon).into_iter().find(|receipt| word(receipt, "kind") == "brief.decided").expect("one");
    assert_eq!(word(&decided["body"], "reason"), "out_of_scope", "{decided}");
    let edited: Vec<_> =
        receipts(&daemon).into_iter().filter(|receipt| word(receipt, "kind") == "brief.edited").collect();
    assert_eq!((edited.len(), word(&edited[0]["body"], "mail").len()), (1, 64));
}

#[test]
fn no_crash_doubles_a_letter() {
    let post = Post::open();
    let mut daemon = post.setup().make();
    for (number, point) in ["outbox.before_send", "outbox.after_send"].into_iter().enumerate() {
        daemon.set_env("OPSPILOT_FAILPOINT", Some(&format!("{point}=1")));
        daemon.start();
        assert_eq!(daemon.ask(&hook::delivery(point)).status, 202);
        assert!(daemon.dies(Duration::from_secs(60)), "`{point}` is not passed");
        daemon.set_env("OPSPILOT_FAILPOINT", None);
        daemon.start();
        until("it is shown as uncertain", || (count(&daemon, "letter.uncertain") == number + 1).then_some(()));
        // What comes after it goes out as if nothing had been.
        assert_eq!(daemon.ask(&hook::delivery(&format!("after-{number}"))).status, 202);
        post.letter(&format!("Question after-{number}"));
        let doctor = daemon.cli(&["doctor"]);
        assert!(doctor.out.contains(&format!("{} uncertain", number + 1)), "{}", doctor.out);
        daemon.stop();
    }
    let mut ids: BTreeMap<String, usize> = BTreeMap::new();
    for letter in post.letters() {
        *ids.entry(letter.field("Message-ID").to_owned()).or_default() += 1;
    }
    assert_eq!((ids.len(), ids.values().max()), (3, Some(&1)), "{ids:?}");
}

#[test]
fn letters_wait_for_a_mail_server_that_is_away() {
    let folder = tempfile::tempdir().unwrap();
    let post = Post::open();
    let port = post.sink.plain;
    let mut setup = post.setup();
    drop(post);
    setup = setup.below(folder.path());
    let daemon = setup.start();
    assert_eq!(daemon.ask(&hook::delivery("three")).status, 202);
    until_within(Duration::from_secs(60), "it is put off", || (count(&daemon, "letter.postponed") > 0).then_some(()));
    assert_eq!((count(&daemon, "letter.sent"), count(&daemon, "letter.refused")), (0, 0), "nobody listens on {port}");
    let answer = daemon.ask(&crate::http::Ask::get("/readyz"));
    assert!(answer.text().contains("OP-2701"), "{}", answer.text());
}

#[test]
fn a_report_of_failure_comes_back_onto_its_letter_and_decides_nothing() {
    let post = Post::open();
    let daemon = post.setup().start();
    assert_eq!(daemon.ask(&hook::delivery("one")).status, 202);
    let asked = post.letter("Brief: Question one");
    let (brief, id) = (brief(&daemon), asked.field("Message-ID").to_owned());
    let path = word(&serde_json::from_str(&post.sink.kept()[0].envelope).unwrap(), "from");
    assert_eq!(path, asked.reply_to(), "what cannot be delivered comes back to where answers go");
    until("it is sent", || (count(&daemon, "letter.sent") == 1).then_some(()));
    // Late is not lost.
    post.deliver("1-late.eml", &report(&path, &id, "delayed"));
    until("the notice is ignored", || (count(&daemon, "reply.ignored") == 1).then_some(()));
    assert_eq!(count(&daemon, "letter.bounced"), 0);
    post.deliver("2-lost.eml", &report(&path, &id, "failed"));
    until("it came back", || (count(&daemon, "letter.bounced") == 1).then_some(()));
    until("and the report is no answer", || (count(&daemon, "reply.ignored") == 2).then_some(()));
    let why = daemon.cli(&["request", "why", &brief.replace("brf_", "req_")]);
    let told = why.out.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(
        told.contains("letter bounced") && told.contains("504 Command parameter not implemented (OP-2723)"),
        "{}",
        why.out
    );
    // A letter that nobody can answer comes back to the sender's own address, and is known by its identifier.
    let approved = daemon.cli(&["review", "approve", &brief, "--revision", &digest(&daemon, &brief)]);
    assert!(approved.status.success(), "{}", approved.err);
    let news = post.letter("Approved: ");
    let path = word(&serde_json::from_str(&post.sink.kept()[1].envelope).unwrap(), "from");
    assert_eq!(path, "pilot@ops.example");
    until("it is sent", || (count(&daemon, "letter.sent") == 2).then_some(()));
    post.deliver("3-late.eml", &report(&path, news.field("Message-ID"), "delayed"));
    post.deliver("4-foreign.eml", &report(&path, "<somebody.else@ops.example>", "failed"));
    post.deliver("5-lost.eml", &report(&path, news.field("Message-ID"), "failed"));
    until("it came back", || (count(&daemon, "letter.bounced") == 2).then_some(()));
    until("all are set aside", || (count(&daemon, "item.ignored") == 5).then_some(()));
    let bounced = daemon.list("/api/v1/letters?state=bounced");
    assert_eq!(bounced.len(), 2, "{bounced:?}");
    assert!(bounced.iter().all(|letter| word(letter, "message").contains("504 Command parameter")), "{bounced:?}");
    assert_eq!((post.letters().len(), count(&daemon, "reply.answered")), (2, 0), "a report is never answered");
    assert_eq!((count(&daemon, "brief.decided"), Census::take(&daemon).of("mailbox")), (1, 0));
    // Put right, it is sent again by a person: the same letter.
    let again = word(&bounced[0], "id");
    let sent = daemon.cli(&["letter", "resend", &again]);
    assert!(sent.status.success() && sent.out.contains("waits to be sent again"), "{} {}", sent.out, sent.err);
    until("it goes out again", || (post.letters().len() == 3).then_some(()));
    assert_eq!(post.letters()[2].field("Message-ID"), news.field("Message-ID"));
    let twice = daemon.cli(&["letter", "settle", &again, "--went"]);
    assert!(!twice.status.success() && twice.err.contains("OP-3002"), "{} {}", twice.out, twice.err);
    assert_eq!(count(&daemon, "letter.resent"), 1);
}

fn digest(daemon: &TestDaemon, brief: &str) -> String {
    word(&daemon.see(&format!("/api/v1/briefs/{brief}")), "digest").replace("sha256:", "")
}

#[test]
fn no_more_letters_go_out_than_the_limits_allow() {
    // The limit, and how many of three letters it lets go: two briefs, and the decision on the first.
    for (limit, go) in [("per_thread = 1", 2), ("per_person = 2", 2), ("per_day = 1", 1)] {
        let post = Post::open();
        let daemon = post.setup_with(limit).start();
        assert_eq!(daemon.ask(&hook::delivery("one")).status, 202);
        post.letter("Brief: Question one");
        let first = brief(&daemon);
        assert_eq!(daemon.ask(&hook::delivery("two")).status, 202);
        until("two are queued", || (count(&daemon, "letter.queued") == 2).then_some(()));
        let done = |daemon: &TestDaemon| count(daemon, "letter.sent") + count(daemon, "letter.capped");
        until("two are seen to", || (done(&daemon) == 2).then_some(()));
        let approved = daemon.cli(&["review", "approve", &first, "--revision", &digest(&daemon, &first)]);
        assert!(approved.status.success(), "{}", approved.err);
        until("all are seen to", || (done(&daemon) == 3).then_some(()));
        assert_eq!((post.letters().len(), count(&daemon, "letter.sent")), (go, go), "{limit}");
        let capped = daemon.cli(&["letter", "list", "--state", "capped", "--json"]);
        let listed: serde_json::Value = serde_json::from_str(&capped.out).unwrap();
        assert_eq!(listed["items"].as_array().unwrap().len(), 3 - go, "{limit}: {}", capped.out);
        let name = limit.split_whitespace().next().unwrap();
        assert!(word(&listed["items"][0], "message").contains(name), "{limit}: {}", capped.out);
        // A person's wish does not lift a limit.
        assert!(daemon.cli(&["letter", "resend", &word(&listed["items"][0], "id")]).status.success());
        until("it is set aside again", || (count(&daemon, "letter.capped") == 4 - go).then_some(()));
        assert_eq!(post.letters().len(), go, "{limit}");
    }
}

#[test]
fn a_person_says_that_an_uncertain_letter_did_not_go() {
    let post = Post::open();
    let mut daemon = post.setup().make();
    daemon.set_env("OPSPILOT_FAILPOINT", Some("outbox.before_send=1"));
    daemon.start();
    assert_eq!(daemon.ask(&hook::delivery("one")).status, 202);
    assert!(daemon.dies(Duration::from_secs(60)), "the point is not passed");
    daemon.set_env("OPSPILOT_FAILPOINT", None);
    daemon.start();
    until("it is uncertain", || (count(&daemon, "letter.uncertain") == 1).then_some(()));
    let doctor = daemon.cli(&["doctor"]);
    assert!(doctor.out.contains("1 uncertain want a person"), "{}", doctor.out);
    let id = word(&daemon.list("/api/v1/letters?state=uncertain")[0], "id");
    assert_eq!(daemon.cli(&["letter", "settle", &id]).code(), 2, "one of the two must be said");
    let shown = daemon.cli(&["letter", "show", &id]);
    assert!(shown.out.contains("OP-2721") && shown.out.contains("mike@northwind.example"), "{}", shown.out);
    let settled = daemon.cli(&["letter", "settle", &id, "--did-not-go"]);
    assert!(settled.status.success(), "{}", settled.err);
    post.letter("Brief: Question one");
    until("it is sent", || (count(&daemon, "letter.sent") == 1).then_some(()));
    assert_eq!(count(&daemon, "letter.settled"), 1);
    assert!(!daemon.cli(&["doctor"]).out.contains("want a person"));
}

#[test]
fn a_secret_in_the_subject_is_found_when_the_subject_was_changed() {
    let post = Post::open();
    let daemon = post.setup_with("reply_mark = \"subject\"").start();
    assert_eq!(daemon.ask(&hook::delivery("one")).status, 202);
    let letter = post.letter("Brief: Question one");
    assert_eq!(letter.reply_to(), "pilot@ops.example", "the address carries nothing here");
    let mark = letter.field("Subject").rsplit_once("[OP-").unwrap().1.trim_end_matches(']').to_owned();
    assert!(letter.field("References").contains(&mark), "{}", letter.raw);
    let brief = brief(&daemon);
    // A program that keeps the thread, and a person who writes a subject of their own.
    let (id, thread) = (letter.field("Message-ID"), letter.field("References"));
    let message = answer(&letter, MIKE, PROVEN, "approve")
        .replace(&format!("Subject: Re: {}", letter.field("Subject")), "Subject: from my telephone")
        .replace(&format!("References: {id}"), &format!("References: {thread} {id}"));
    assert!(!message.contains("[OP-"));
    post.deliver("1-approve.eml", &message);
    until("it is approved", || (state(&daemon, &brief) == "approved").then_some(()));
    assert_eq!(count(&daemon, "brief.decided"), 1);
}
