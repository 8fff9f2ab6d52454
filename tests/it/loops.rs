//! Machines that write to machines: two houses that are each other's reviewer, with responders between them that answer everything, marked or
//! not; and a flood of automatic mail. INVARIANT tested: no mail that says it is a machine's is answered or decides, what does not say so is
//! answered up to the caps and no further, and then there is quiet.

use crate::census::{receipts, word};
use crate::daemon::{Setup, TestDaemon};
use crate::load::number;
use crate::post::{Arrived, answer};
use crate::postroom::{HOUSE, MX, Postroom, count, made, request, through};
use crate::stop::with_clock;
use crate::wait::{pause, until, until_within};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

const PASSED: &str = "dmarc=pass header.from=northwind.example";
const LONG: Duration = Duration::from_secs(1800);

/// How a responder marks what it writes; the last two do not.
const MARKS: [&str; 4] = ["Auto-Submitted: auto-replied\r\n", "X-Autoreply: yes\r\nPrecedence: auto_reply\r\n", "", ""];

/// The mail between two houses.
struct Between<'p> {
    post: &'p Postroom,
    carried: usize,
    marked: BTreeSet<String>,
    responses: usize,
}

impl Between<'_> {
    /// Carries every letter that went out to its mailbox, and lets the responder of that mailbox answer it in all its ways; whether there
    /// was one.
    fn carry(&mut self) -> bool {
        let kept = self.post.sink.kept();
        let new = &kept[self.carried..];
        for letter in new {
            let envelope: Value = serde_json::from_str(&letter.envelope).unwrap();
            let to = word(&Value::from_iter([("to", envelope["to"][0].clone())]), "to");
            let trace = format!("Return-Path: <{}>\r\nDelivered-To: {to}\r\n", word(&envelope, "from"));
            self.post.boxes.deliver(&to, "INBOX", &[trace.as_bytes(), &letter.message].concat()).unwrap();
            // RFC 3834 section 2 forbids to answer these; this responder does not know.
            let arrived = Arrived::of(letter);
            let house = arrived.field("From").rsplit_once('<').unwrap().1.trim_end_matches('>').to_owned();
            for mark in MARKS {
                self.responses += 1;
                let id = format!("{}.responder", self.responses);
                let text = "Thank you for your message. We will come back to you.";
                let mut response = answer(&arrived, &to, mark, text);
                response = response.replacen("Message-ID: <", &format!("Message-ID: <{id}."), 1);
                if self.responses.is_multiple_of(MARKS.len()) {
                    // To who wrote, without the secret, and of a new thread: a request.
                    let secret = arrived.reply_to();
                    response = response
                        .replace(&secret, &house)
                        .replace("In-Reply-To", "X-Was")
                        .replace("References", "X-Were");
                    response = response.replacen("Subject: Re: ", &format!("Subject: Case {} ", self.responses), 1);
                }
                if !mark.is_empty() {
                    self.marked.insert(id);
                }
                let domain = to.rsplit_once('@').unwrap().1;
                let response = through(&format!("dmarc=pass header.from={domain}"), &response);
                self.post.boxes.deliver(&house, "INBOX", response.as_bytes()).unwrap();
            }
        }
        self.carried = kept.len();
        !new.is_empty()
    }
}

/// Whether a house has nothing left to do: all mail read, judged and drafted, all that is to be told told.
fn is_quiet(house: &TestDaemon) -> bool {
    // First whether all is read: what is read while it is counted shows below.
    if house.cli(&["reconcile", "--wait", "0"]).code() != 0 {
        return false;
    }
    let mut kinds: BTreeMap<String, usize> = BTreeMap::new();
    for receipt in receipts(house) {
        *kinds.entry(word(&receipt, "kind")).or_default() += 1;
    }
    let of = |names: &[&str]| names.iter().filter_map(|name| kinds.get(*name)).sum::<usize>();
    of(&["request.accepted"]) == of(&["brief.drafted"])
        && of(&["letter.queued"]) >= of(&["brief.drafted", "reply.answered"])
        && of(&["letter.queued"]) == of(&["letter.sent", "letter.capped", "letter.refused"])
        && of(&["reply.kept"]) == of(&["reply.answered", "reply.refused", "reply.ignored"])
}

#[test]
fn two_houses_and_their_responders_settle_down() {
    let hours = number("OPSPILOT_HOURS", 3);
    let (thread, person) = (3, 8);
    let caps = format!("check_signatures = false\nper_thread = {thread}\nper_person = {person}");
    let post = Postroom::open();
    let clock = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(clock.path(), "+0\n").unwrap();
    let mut houses = Vec::new();
    for (own, other) in [("pilot@a.example", "pilot@b.example"), ("pilot@b.example", "pilot@a.example")] {
        let Some(setup) = with_clock(post.setup(Setup::sqlite().email(other), own, &caps), "+0") else { return };
        let mut house = made(setup.env("FAKETIME_TIMESTAMP_FILE", clock.path().display().to_string()));
        house.set_env("FAKETIME", None);
        house.start();
        houses.push(house);
    }
    let mut between = Between { post: &post, carried: 0, marked: BTreeSet::new(), responses: 0 };
    for house in ["pilot@a.example", "pilot@b.example"] {
        post.boxes.deliver(house, "INBOX", request(1).replace(HOUSE, house).as_bytes()).unwrap();
    }
    let mut settle = |what: &str| {
        until_within(LONG, what, || {
            let news = between.carry();
            pause(Duration::from_millis(100));
            let quiet = !news && houses.iter().all(is_quiet) && !between.carry();
            quiet.then_some(())
        });
        (between.carried, between.responses, between.marked.clone())
    };
    settle("the first storm is over");
    let (mut letters, mut responses, mut marked) = (0, 0, BTreeSet::new());
    for hour in 1..=hours {
        std::fs::write(clock.path(), format!("+{}m\n", hour * 24 * 60 / hours - 1)).unwrap();
        (letters, responses, marked) = settle(&format!("step {hour} of {hours}"));
    }
    for house in &houses {
        let sent = count(house, "letter.sent");
        assert!(sent <= person, "{sent} letters to one person within a day");
        assert!(count(house, "letter.capped") > 0, "the responders would have gone on");
        assert_eq!(count(house, "brief.decided"), 0);
    }
    // No letter answers what said it was a machine's, or what the other house sent.
    for letter in post.letters().iter().filter(|letter| letter.field("Auto-Submitted") == "auto-replied") {
        let to = letter.field("In-Reply-To").trim_start_matches('<').to_owned();
        assert!(to.contains(".responder."), "{to}");
        assert!(!marked.iter().any(|id| to.starts_with(&format!("{id}."))), "{to} is answered");
    }
    // The next day, a person's letter gets through as if nothing had been.
    std::fs::write(clock.path(), "+25h\n").unwrap();
    let next = request(2).replace(HOUSE, "pilot@a.example");
    post.boxes.deliver("pilot@a.example", "INBOX", next.as_bytes()).unwrap();
    until("the next day's letter goes out", || {
        post.letters()[letters..]
            .iter()
            .any(|letter| letter.field("Subject").contains("Lamps for room 2"))
            .then_some(())
    });
    eprintln!(
        "two houses, {responses} responses, a day in {hours} steps: {letters} letters, {} and {} capped, 0 answers to automatic mail",
        count(&houses[0], "letter.capped"),
        count(&houses[1], "letter.capped")
    );
}

/// Mail of machines, as responders, servers, lists and readers' programs write it.
fn automatic(letter: &Arrived, number: usize) -> String {
    let marks = [
        "Auto-Submitted: auto-replied\r\n",
        "Auto-Submitted: auto-generated (vacation)\r\n",
        "X-Autoreply: yes\r\n",
        "Precedence: auto_reply\r\n",
        "X-Auto-Response-Suppress: All\r\nAuto-Submitted: auto-generated\r\n",
        "List-Id: <friends.lists.example>\r\nPrecedence: list\r\n",
        "X-OpsPilot-Loop: another\r\n",
        "Content-Type: multipart/report; report-type=delivery-status; boundary=r\r\n",
    ];
    let mark = marks[number % marks.len()];
    let mut message = answer(letter, "Mike <mike@northwind.example>", mark, "approve");
    if mark.contains("multipart/report") {
        let status = "Reporting-MTA: dns; mx.northwind.example\r\n\r\nFinal-Recipient: rfc822; mike@northwind.example\r\n\
                      Action: delayed\r\nStatus: 4.2.2\r\n";
        let body =
            format!("--r\r\n\r\napprove\r\n--r\r\nContent-Type: message/delivery-status\r\n\r\n{status}\r\n--r--\r\n");
        message = message.replace("Content-Type: text/plain; charset=utf-8\r\n", "");
        message = format!("{}\r\n\r\n{body}", message.split_once("\r\n\r\n").unwrap().0);
    }
    if number.is_multiple_of(3) {
        message = message.replace(&letter.reply_to(), HOUSE);
    }
    message.replacen("Message-ID: <", &format!("Message-ID: <{number}."), 1)
}

#[test]
fn a_flood_of_automatic_mail_is_answered_by_nothing() {
    let flood = number("OPSPILOT_FLOOD", 80) as usize;
    let post = Postroom::open();
    let daemon = post.house(Setup::sqlite(), "check_signatures = false");
    post.deliver(request(1));
    let letter = post.letter("mike", "Brief: Lamps for room 1");
    for number in 0..flood {
        post.deliver(through(PASSED, &automatic(&letter, number)));
    }
    let whole = daemon.cli(&["reconcile", "--wait", "300"]);
    assert_eq!(whole.code(), 0, "{}{}", whole.out, whole.err);
    until_within(LONG, "all answers are judged", || {
        (count(&daemon, "reply.ignored") == count(&daemon, "reply.kept")).then_some(())
    });
    let ignored = daemon.list("/api/v1/quarantine?source=mail&state=ignored");
    assert_eq!(ignored.len(), flood);
    assert!(count(&daemon, "reply.kept") > flood / 2, "most carry the secret");
    assert_eq!((daemon.list("/api/v1/requests").len(), count(&daemon, "brief.decided")), (1, 0));
    assert_eq!(post.letters().len(), 1, "nobody is written to");
    let asked = post.boxes.messages(HOUSE, "INBOX").unwrap().len();
    eprintln!("{asked} messages, {flood} of them of machines at {MX}: 0 letters, 0 decisions, 0 requests");
}
