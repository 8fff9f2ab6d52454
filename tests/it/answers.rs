//! Deciding by answering, on real servers from end to end: letters go out by SMTP, answers lie in a mailbox on Dovecot, keys stand in a DNS.
//! INVARIANT tested: an answer that its author's domain signed, or our own server vouches for, decides once, on what was shown; nothing
//! that is less, and nobody who comes second.

use crate::census::{receipts, word};
use crate::daemon::{PILOT, Setup, TestDaemon};
use crate::hook;
use crate::http::Ask;
use crate::load::{Draw, number};
use crate::post::{Arrived, answer};
use crate::postroom::{Domain, HOUSE, MX, Postroom, count, made, request, reviewer, through};
use crate::stop::with_clock;
use crate::wait::{pause, until};
use serde_json::json;
use std::cell::Cell;
use std::collections::BTreeMap;
use std::time::{Duration, UNIX_EPOCH};

const MIKE: &str = "Mike <mike@northwind.example>";
const ADA: &str = "Ada <ada@northwind.example>";
/// What our server finds on mail that is the reviewers'.
const PASSED: &str = "dmarc=pass header.from=northwind.example";
/// What a careful domain signs.
const FIELDS: [&str; 5] = ["From", "To", "Subject", "Message-ID", "In-Reply-To"];

fn state(daemon: &TestDaemon, brief: &str) -> String {
    word(&daemon.see(&format!("/api/v1/briefs/{brief}")), "state")
}

fn only_brief(daemon: &TestDaemon) -> String {
    word(&daemon.list("/api/v1/briefs")[0], "id")
}

/// Refused, answered and ignored answers.
fn settled(daemon: &TestDaemon) -> [usize; 3] {
    ["reply.refused", "reply.answered", "reply.ignored"].map(|kind| count(daemon, kind))
}

#[test]
fn a_signature_of_the_reviewers_domain_decides_and_nothing_less() {
    let post = Postroom::open();
    let daemon = post.house(Setup::sqlite().reviewers(&["mike", "ada"]), "");
    reviewer(&daemon, "ada", "ada@northwind.example");
    let (own, evil) = (Domain::new(&post, "northwind.example"), Domain::new(&post, "evil.example"));
    post.deliver(request(1));
    let letter = post.letter("mike", "Lamps for room 1");
    let for_ada = post.letter("ada", "Lamps for room 1");
    assert_ne!(letter.reply_to(), for_ada.reply_to(), "each has a secret of their own");
    let brief = only_brief(&daemon);
    // Each is a message of its own: what differs in its signature alone is a copy.
    let made = Cell::new(0);
    let approval = |from: &str, letter: &Arrived| {
        made.set(made.get() + 1);
        let id = format!("Message-ID: <{}.", made.get());
        answer(letter, from, "", "approve").replacen("Message-ID: <", &id, 1)
    };
    let mine = || approval(MIKE, &letter);
    let ours = format!("Authentication-Results: {MX}; {PASSED}\r\n");
    let foreign_trace = "Received: from a by mx.evil.example; Mon, 02 Nov 2026 09:30:00 +0000\r\n";
    // Each with the code of why it must be refused.
    let forged = [
        // Nobody says anything about it.
        (mine(), "OP-2815"),
        // Changed after it was signed; signed by somebody else.
        (own.sign(&mine(), &FIELDS).replace("\r\n\r\napprove", "\r\n\r\nApprove"), "OP-2815"),
        (evil.sign(&mine(), &FIELDS), "OP-2815"),
        // Two authors.
        (own.sign(&mine(), &FIELDS).replace("\r\nTo: ", "\r\nFrom: Eve <eve@evil.example>\r\nTo: "), "OP-2814"),
        (own.sign(&approval("mike@northwind.example, eve@evil.example", &letter), &FIELDS), "OP-2814"),
        // The place of the secret is not under the signature.
        (own.sign(&mine(), &["From", "Subject"]), "OP-2817"),
        // Another reviewer with this one's secret; a stranger who is proven.
        (own.sign(&approval(ADA, &letter), &FIELDS), "OP-2818"),
        (evil.sign(&approval("Eve <eve@evil.example>", &letter), &FIELDS), "OP-2818"),
        // Our server says no, and somebody wrote yes below; our server's name below a foreign trace; the word of a foreign server.
        (through("dmarc=fail header.from=northwind.example", &(ours.clone() + &mine())), "OP-2815"),
        (format!("{foreign_trace}{ours}{}", mine()), "OP-2815"),
        (format!("Authentication-Results: mx.evil.example; {PASSED}\r\n{}", mine()), "OP-2815"),
    ];
    let all = forged.len();
    for (message, _) in &forged {
        post.deliver(message);
    }
    until("everything forged is refused", || (settled(&daemon) == [all, 0, 0]).then_some(()));
    let codes = |kind: &str| {
        let mut codes: Vec<String> = receipts(&daemon)
            .iter()
            .filter(|receipt| word(receipt, "kind") == kind)
            .map(|receipt| word(&receipt["body"], "code"))
            .collect();
        codes.sort();
        codes
    };
    let mut expected = forged.map(|(_, code)| code.to_owned());
    expected.sort();
    assert_eq!(codes("reply.refused"), expected);
    assert_eq!(state(&daemon, &brief), "open");
    assert_eq!(post.letters().len(), 2, "nobody of these hears anything");
    assert!(post.dns.asked().contains(&"s1._domainkey.evil.example".to_owned()), "{:?}", post.dns.asked());
    // What a machine sends is no answer, whoever signed it.
    let machine = answer(&letter, MIKE, "Auto-Submitted: auto-replied\r\n", "approve");
    post.deliver(own.sign(&machine, &FIELDS));
    until("the machine is ignored", || (settled(&daemon) == [all, 0, 1]).then_some(()));
    post.deliver(own.sign(&mine(), &FIELDS));
    until("it is decided", || (state(&daemon, &brief) == "approved").then_some(()));
    let decided: Vec<_> =
        receipts(&daemon).into_iter().filter(|receipt| word(receipt, "kind") == "brief.decided").collect();
    assert_eq!(decided.len(), 1);
    let proof = word(&decided[0]["body"], "proof");
    assert!(proof.contains("DKIM signature of northwind.example (key s1)"), "{proof}");
    // The same once more, another mind, and the other reviewer: they hear who was faster.
    post.deliver(own.sign(&mine(), &FIELDS));
    post.deliver(own.sign(&answer(&letter, MIKE, "", "reject: on second thoughts"), &FIELDS));
    post.deliver(own.sign(&approval(ADA, &for_ada), &FIELDS));
    let late = post.letter("ada", "Already settled");
    assert!(late.raw.contains("mike"), "{}", late.raw);
    until("all are answered", || (settled(&daemon)[1] >= 2).then_some(()));
    assert_eq!((state(&daemon, &brief), count(&daemon, "brief.decided")), ("approved".to_owned(), 1));
    // Nor can a person make one of it: what is judged as an answer is no request as well.
    for item in daemon.list("/api/v1/quarantine?source=mail&state=ignored").iter().take(2) {
        assert_eq!(word(item, "code"), "OP-2824");
        let taken = daemon.api(Ask::json(format!("/api/v1/quarantine/{}/retry", word(item, "id")), &json!({})));
        assert!(taken.status == 409 && taken.text().contains("written anew"), "{}", taken.text());
        let taken = daemon.cli(&["--as", "mike", "quarantine", "retry", &word(item, "id")]);
        assert!(taken.code() == 1 && taken.err.contains("written anew"), "{}", taken.err);
    }
    assert_eq!(daemon.list("/api/v1/requests").len(), 1, "no answer became a request");
    let whole = daemon.cli(&["--as", "mike", "reconcile"]);
    assert_eq!(whole.code(), 0, "{}{}", whole.out, whole.err);
}

#[test]
fn the_word_of_our_own_server_decides_on_what_stands() {
    let post = Postroom::open();
    let daemon = post.house(Setup::sqlite(), "check_signatures = false");
    let say = |letter: &Arrived, text: &str| post.deliver(through(PASSED, &answer(letter, MIKE, "", text)));
    post.deliver(request(1));
    let first = post.letter("mike", "Brief: Lamps for room 1");
    let brief = only_brief(&daemon);
    say(&first, "edit\r\npriority.score: 91");
    let second = post.letter("mike", "Revised brief: Lamps for room 1");
    assert_ne!(first.reply_to(), second.reply_to());
    say(&first, "approve");
    let stale = post.letter("mike", "Already settled");
    assert!(stale.raw.contains("changed"), "{}", stale.raw);
    assert_eq!(state(&daemon, &brief), "open");
    // The secret of one brief in an answer about another.
    post.deliver(request(2));
    let other = post.letter("mike", "Brief: Lamps for room 2");
    say(&other, "reject: too dear");
    until("the other is rejected", || {
        daemon.list("/api/v1/briefs?state=rejected").iter().any(|found| word(found, "id") != brief).then_some(())
    });
    assert_eq!(state(&daemon, &brief), "open");
    say(&second, "approve");
    until("it is approved", || (state(&daemon, &brief) == "approved").then_some(()));
    assert_eq!((count(&daemon, "brief.decided"), count(&daemon, "brief.edited")), (2, 1));
    assert_eq!(post.dns.asked(), Vec::<String>::new(), "nobody is asked when signatures are not checked");
}

#[test]
fn an_answer_after_its_time_hears_so() {
    let post = Postroom::open();
    let clock = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(clock.path(), "+0\n").unwrap();
    let setup = post.setup(Setup::sqlite(), HOUSE, "check_signatures = false\nreply_days = 1");
    let Some(setup) = with_clock(setup, "+0") else { return };
    let mut daemon = made(setup.env("FAKETIME_TIMESTAMP_FILE", clock.path().display().to_string()));
    daemon.set_env("FAKETIME", None);
    daemon.start();
    post.deliver(request(1));
    let letter = post.letter("mike", "Brief: Lamps for room 1");
    let brief = only_brief(&daemon);
    std::fs::write(clock.path(), "+2d\n").unwrap();
    // When it reached the server counts, and that server's clock was not turned.
    let late = UNIX_EPOCH + Duration::from_secs(hook::now() + 2 * 86_400);
    let message = through(PASSED, &answer(&letter, MIKE, "", "approve"));
    post.boxes.deliver_at(HOUSE, "INBOX", message.as_bytes(), late).unwrap();
    until("it is judged", || (settled(&daemon) == [0, 1, 0]).then_some(()));
    let told = post.letter("mike", "Not decided");
    assert!(told.raw.contains("OP-2812"), "{}", told.raw);
    assert_eq!((state(&daemon, &brief), count(&daemon, "brief.decided")), ("open".to_owned(), 0));
}

#[test]
fn of_all_who_decide_at_once_one_wins() {
    let races = number("OPSPILOT_RACES", 12) as usize;
    let seed = number("OPSPILOT_SEED", u64::from(std::process::id()));
    eprintln!("OPSPILOT_SEED={seed}");
    let mut draw = Draw(seed);
    let post = Postroom::open();
    let many = "check_signatures = false\nper_person = 100000\nper_day = 1000000";
    let daemon = post.house(Setup::sqlite().reviewers(&["mike", "ada", "ben"]), many);
    reviewer(&daemon, "ada", "ada@northwind.example");
    reviewer(&daemon, "ben", "ben@northwind.example");
    let ben = std::fs::read_to_string(daemon.data("credentials/ben.token")).unwrap().trim().to_owned();
    let mut wins: BTreeMap<String, usize> = BTreeMap::new();
    for batch in (0..races).collect::<Vec<_>>().chunks(6) {
        batch.iter().for_each(|number| post.deliver(request(*number)));
        let letters: Vec<Arrived> =
            batch.iter().map(|number| post.letter("mike", &format!("Brief: Lamps for room {number}"))).collect();
        let briefs = daemon.list(&format!("/api/v1/briefs?pilot={PILOT}&state=open"));
        assert_eq!(briefs.len(), batch.len());
        for letter in &letters {
            let text = if draw.below(2) == 0 { "approve" } else { "reject: no" };
            post.deliver(through(PASSED, &answer(letter, MIKE, "", text)));
        }
        // The mail is on its way for a second or so.
        pause(Duration::from_millis(draw.below(400)));
        std::thread::scope(|scope| {
            for brief in &briefs {
                let (id, digest) = (word(brief, "id"), word(brief, "revision"));
                let verdicts = [draw.below(2), draw.below(2)].map(|side| if side == 0 { "approve" } else { "reject" });
                let wait = Duration::from_millis(draw.below(1800));
                let (daemon, ben) = (&daemon, &ben);
                scope.spawn(move || {
                    pause(wait);
                    std::thread::scope(|scope| {
                        scope.spawn(|| {
                            let decision = json!({ "decision": verdicts[0], "revision": digest, "comment": "by API" });
                            let said =
                                daemon.ask(&Ask::json(format!("/api/v1/briefs/{id}/decision"), &decision).bearer(ben));
                            assert!(matches!(said.status, 200 | 409), "{}", said.text());
                        });
                        scope.spawn(|| {
                            let args = ["--as", "ada", "review", verdicts[1], &id, "--revision", &digest];
                            let comment: &[&str] = if verdicts[1] == "reject" { &["-m", "by hand"] } else { &[] };
                            let said = daemon.cli(&[&args[..], comment].concat());
                            assert!(matches!(said.code(), 0 | 1), "{}{}", said.out, said.err);
                        });
                    });
                });
            }
        });
        until("every answer is settled", || {
            let kept = count(&daemon, "reply.kept");
            let by_mail = receipts(&daemon)
                .iter()
                .filter(|receipt| {
                    word(receipt, "kind") == "brief.decided" && !word(&receipt["body"], "mail").is_empty()
                })
                .count();
            (kept == batch[batch.len() - 1] + 1 && settled(&daemon).iter().sum::<usize>() + by_mail == kept)
                .then_some(())
        });
    }
    let mut decided: BTreeMap<String, usize> = BTreeMap::new();
    for receipt in receipts(&daemon).iter().filter(|receipt| word(receipt, "kind") == "brief.decided") {
        *decided.entry(word(receipt, "subject")).or_default() += 1;
        let face = if word(&receipt["body"], "mail").is_empty() { "API or CLI" } else { "mail" };
        *wins.entry(face.to_owned()).or_default() += 1;
        let brief = daemon.see(&format!("/api/v1/briefs/{}", word(receipt, "subject").replace("req_", "brf_")));
        let verdict = word(&receipt["body"], "verdict");
        let stands = if verdict == "approve" { "approved" } else { "rejected" };
        assert_eq!(word(&brief, "state"), stands);
    }
    assert_eq!((decided.len(), decided.values().max()), (races, Some(&1)), "one decision each");
    assert_eq!(settled(&daemon)[0], 0, "everybody was who they said");
    eprintln!("{races} races: {wins:?}; {} late answers by mail were told", settled(&daemon)[1]);
}

/// A pilot whose notes go into a table, which nobody has let through yet.
fn noting() -> Setup {
    Setup::sqlite().pilot("level = 3").with(
        r#"
[[sink]]
name = "table"
kind = "csv"
options = { file = "notes.csv" }

[[action]]
pilot = "northwind"
sink = "table"
kind = "note"
record = "none"
"#,
    )
}

#[test]
fn an_approval_by_mail_is_of_the_writes_that_the_letter_shows() {
    let post = Postroom::open();
    let mut daemon = post.house(noting(), "check_signatures = false");
    let say = |letter: &Arrived, text: &str| post.deliver(through(PASSED, &answer(letter, MIKE, "", text)));
    post.deliver(request(1));
    let first = post.letter("mike", "Brief: Lamps for room 1");
    assert!(first.raw.contains("APPEND notes.csv"), "{}", first.raw);
    let brief = only_brief(&daemon);
    let writes = |daemon: &TestDaemon| daemon.list(&format!("/api/v1/writes?brief={brief}"));
    // The operator changes the rule: what the letter shows would no longer be what is written.
    daemon.stop();
    let config = daemon.path("opspilot.toml");
    let before = std::fs::read_to_string(&config).unwrap();
    std::fs::write(&config, before.replace("notes.csv", "other.csv")).unwrap();
    daemon.start();
    say(&first, "approve");
    let again = until("it is asked again", || {
        post.letters().into_iter().find(|letter| letter.raw.contains("Your answer decided nothing"))
    });
    assert!(again.raw.contains("APPEND other.csv") && again.raw.contains("OP-7612"), "{}", again.raw);
    assert_ne!(again.reply_to(), first.reply_to(), "an approval is of one plan");
    assert_eq!((state(&daemon, &brief), writes(&daemon).len()), ("open".to_owned(), 0));
    say(&again, "approve");
    until("it is decided", || (state(&daemon, &brief) == "approved").then_some(()));
    let queued = writes(&daemon);
    assert_eq!((queued.len(), word(&queued[0], "person").is_empty()), (1, false), "{queued:?}");
    let decided: Vec<_> =
        receipts(&daemon).into_iter().filter(|receipt| word(receipt, "kind") == "brief.decided").collect();
    assert_eq!((decided.len(), word(&decided[0]["body"], "plan")), (1, word(&queued[0], "plan")));
}
