//! Mail that comes again: the folder of a house is deleted and made anew with all that it held, and one answer comes in several copies that
//! differ in what proves their author. INVARIANT tested: no letter goes out twice; of the copies the genuine one is heard, once.

use crate::census::word;
use crate::daemon::{Setup, TestDaemon};
use crate::post::answer;
use crate::postroom::{Domain, HOUSE, Postroom, count, made, request, through};
use crate::wait::until;
use serde_json::Value;
use std::collections::BTreeSet;

const MIKE: &str = "Mike <mike@northwind.example>";
const PASSED: &str = "dmarc=pass header.from=northwind.example";
const FIELDS: [&str; 5] = ["From", "To", "Subject", "Message-ID", "In-Reply-To"];
const FOLDER: &str = "Intake";

fn states(daemon: &TestDaemon) -> Vec<String> {
    daemon.list("/api/v1/briefs").iter().map(|brief| word(brief, "state")).collect()
}

#[test]
fn no_letter_goes_out_twice_when_a_folder_is_made_anew() {
    let (requests, post) = (12, Postroom::open());
    let mut daemon = made(post.setup(Setup::sqlite(), HOUSE, "check_signatures = false\nper_person = 1000"));
    let file = daemon.path("opspilot.toml");
    let text = std::fs::read_to_string(&file).unwrap();
    std::fs::write(&file, text.replace("poll_secs = 1", &format!("poll_secs = 1\nfolders = [\"{FOLDER}\"]"))).unwrap();
    let mut held: Vec<String> = Vec::new();
    let mut deliver = |message: String| {
        post.boxes.deliver(HOUSE, FOLDER, message.as_bytes()).unwrap();
        held.push(message);
    };
    (0..requests).for_each(|number| deliver(request(number)));
    daemon.start();
    let letter = |number: usize| post.letter("mike", &format!("Brief: Lamps for room {number}"));
    (0..requests).for_each(|number| drop(letter(number)));
    // One answer that decides, one that is told that nobody understood it, one of a machine, one that is forged.
    deliver(through(PASSED, &answer(&letter(1), MIKE, "", "approve")));
    deliver(through(PASSED, &answer(&letter(2), MIKE, "", "well, perhaps")));
    deliver(through(PASSED, &answer(&letter(3), MIKE, "Auto-Submitted: auto-replied\r\n", "I am away")));
    deliver(answer(&letter(4), MIKE, "", "approve"));
    let answered = ["brief.decided", "reply.answered", "reply.ignored", "reply.refused"];
    let judged = || answered.map(|kind| count(&daemon, kind)) == [1, 1, 1, 1];
    until("the answers are judged", || judged().then_some(()));
    // The last to be written is not known to be out before one that is written after it.
    deliver(request(90));
    let fence = |number: usize| drop(letter(number));
    fence(90);
    let validity = || post.boxes.doveadm(&["mailbox", "status", "-u", HOUSE, "uidvalidity", FOLDER]).unwrap();
    let before = validity();
    until("the folder is another one", || {
        post.boxes.doveadm(&["mailbox", "delete", "-u", HOUSE, FOLDER]).unwrap();
        post.boxes.doveadm(&["mailbox", "create", "-u", HOUSE, FOLDER]).unwrap();
        (validity() != before).then_some(())
    });
    for message in &held {
        post.boxes.deliver(HOUSE, FOLDER, message.as_bytes()).unwrap();
    }
    daemon.kill_9();
    daemon.start();
    let whole = daemon.cli(&["reconcile", "--json", "--wait", "60"]);
    assert_eq!(whole.code(), 0, "{}{}", whole.out, whole.err);
    let found: Value = serde_json::from_str(&whole.out).unwrap();
    assert_eq!(found["items"][0]["held"].as_u64(), Some(held.len() as u64), "{found}");
    post.boxes.deliver(HOUSE, FOLDER, request(91).as_bytes()).unwrap();
    until("what comes now is told", || {
        post.letters().iter().any(|letter| letter.field("Subject").contains("Lamps for room 91")).then_some(())
    });
    let told: Vec<(String, String)> = post
        .letters()
        .iter()
        .map(|letter| (letter.field("To").to_owned(), letter.field("Subject").to_owned()))
        .collect();
    let distinct: BTreeSet<&(String, String)> = told.iter().collect();
    assert_eq!(distinct.len(), told.len(), "{told:?}");
    assert_eq!(answered.map(|kind| count(&daemon, kind)), [1, 1, 1, 1]);
    assert_eq!(daemon.list("/api/v1/requests").len(), requests + 2);
    eprintln!("{} messages under another UIDVALIDITY: {} letters, 0 doubled", held.len(), told.len());
}

#[test]
fn a_genuine_answer_is_heard_behind_its_forged_copy() {
    let post = Postroom::open();
    let daemon = post.house(Setup::sqlite(), "");
    let (own, evil) = (Domain::new(&post, "northwind.example"), Domain::new(&post, "evil.example"));
    let mine = |number: usize| {
        post.deliver(request(number));
        answer(&post.letter("mike", &format!("Brief: Lamps for room {number}")), MIKE, "", "approve")
    };
    // One after the other.
    let first = mine(1);
    post.deliver(evil.sign(&first, &FIELDS));
    until("the forged one is refused", || (count(&daemon, "reply.refused") == 1).then_some(()));
    assert_eq!(states(&daemon), ["open"]);
    post.deliver(own.sign(&first, &FIELDS));
    until("the genuine one is heard", || (states(&daemon) == ["approved"]).then_some(()));
    // All at once, and the genuine one by two ways.
    let second = mine(2);
    for copy in [evil.sign(&second, &FIELDS), own.sign(&second, &FIELDS), through(PASSED, &second)] {
        post.deliver(copy);
    }
    until("it is heard", || (states(&daemon) == ["approved", "approved"]).then_some(()));
    // Once more, when all is over.
    post.deliver(evil.sign(&second, &FIELDS));
    post.deliver(through(PASSED, &first));
    let third = mine(3);
    let whole = daemon.cli(&["--as", "mike", "reconcile"]);
    assert_eq!(whole.code(), 0, "{}{}", whole.out, whole.err);
    post.deliver(own.sign(&third, &FIELDS));
    until("all is heard", || (count(&daemon, "brief.decided") == 3).then_some(()));
    let (refused, answered) = (count(&daemon, "reply.refused"), count(&daemon, "reply.answered"));
    // A forgery that comes behind the genuine one is not even kept.
    assert!((1..=2).contains(&refused) && answered == 0, "{refused} refused, {answered} told");
    assert!(count(&daemon, "reply.kept") <= 6, "what came to something is not kept again");
    assert!(!post.letters().iter().any(|letter| letter.field("Subject").contains("Already settled")));
}
