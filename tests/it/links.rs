//! What scanners of mail, browsers and curious people do with links: ask for them without anybody's wish. INVARIANT tested: no GET, HEAD or
//! OPTIONS of anything that a letter or an answer of the API names, and of no path that there is, changes any state, with a token or without.

use crate::census::{receipts, word};
use crate::daemon::{Setup, TestDaemon};
use crate::http::{Ask, once};
use crate::post::answer;
use crate::postroom::{Postroom, count, request, through};
use crate::wait::until;
use serde_json::Value;
use std::collections::BTreeSet;

/// All that people would call the state: what was done stands in the receipts, what it came to in the lists.
fn state(daemon: &TestDaemon) -> (usize, Vec<Value>) {
    let lists = ["requests", "briefs", "runs", "quarantine", "users"];
    (receipts(daemon).len(), lists.map(|list| daemon.see(&format!("/api/v1/{list}"))).to_vec())
}

/// What looks like an address of the web in a text.
fn addresses(text: &str, found: &mut BTreeSet<String>) {
    for (at, _) in text.match_indices("http") {
        let end = text[at..].find(|c: char| c.is_whitespace() || "\"'<>)\\".contains(c)).unwrap_or(text.len() - at);
        let address = &text[at..at + end];
        if let Some((_, rest)) = address.split_once("://") {
            found.insert(rest.find('/').map_or("/", |slash| &rest[slash..]).to_owned());
        }
    }
}

#[test]
fn no_link_decides() {
    let post = Postroom::open();
    let schedule = "\n[[schedule]]\nname = \"weekly\"\nkind = \"weekly_report\"\npilot = \"northwind\"\npattern = \"0 9 * * MON\"\n";
    let daemon = post.house(Setup::sqlite().with(schedule), "check_signatures = false");
    post.deliver(request(1));
    post.deliver(request(2));
    post.deliver(request(3).replace("Subject: ", "Auto-Submitted: auto-replied\r\nSubject: "));
    let first = post.letter("mike", "Brief: Lamps for room 1");
    post.letter("mike", "Brief: Lamps for room 2");
    // One of each letter that there is: a decision, an unclear answer, a late one.
    let say = |text: &str| {
        post.deliver(through(
            "dmarc=pass header.from=northwind.example",
            &answer(&first, "mike@northwind.example", "", text),
        ));
    };
    say("perhaps");
    post.letter("mike", "Not understood");
    say("approve");
    post.letter("mike", "Approved: ");
    say("reject: no");
    post.letter("mike", "Already settled");
    until("the machine's mail is set aside", || (count(&daemon, "item.ignored") >= 1).then_some(()));
    daemon.settle();
    let (mut asked, mut found) = (0, BTreeSet::new());
    post.letters().iter().for_each(|letter| addresses(&letter.raw, &mut found));
    let ids = |list: &str, member: &str| -> Vec<String> {
        let items = daemon.see(&format!("/api/v1/{list}"))["items"].clone();
        items.as_array().unwrap().iter().map(|item| word(item, member)).collect()
    };
    let names = |path: &str| match path.split('/').nth(3) {
        Some("requests") => ids("requests", "id"),
        Some("briefs") => ids("briefs", "id"),
        Some("runs") => ids("runs", "id"),
        Some("quarantine") => ids("quarantine", "id"),
        Some("tokens") => ids("tokens", "id"),
        Some("users") => vec!["mike".to_owned()],
        Some("schedules") => vec!["weekly".to_owned()],
        Some("pilots") => vec!["northwind".to_owned()],
        _ => vec!["forms".to_owned(), "mail".to_owned()],
    };
    let open = &daemon.list("/api/v1/briefs?state=open")[0];
    let decision = format!("?decision=approve&comment=yes&revision={}", word(open, "revision"));
    let described = daemon.see("/api/openapi.json");
    for path in described["paths"].as_object().unwrap().keys() {
        let Some((before, rest)) = path.split_once('{') else {
            found.insert(path.clone());
            continue;
        };
        let after = rest.split_once('}').unwrap().1;
        for name in names(path) {
            found.insert(format!("{before}{name}{after}"));
            found.insert(format!("{before}{name}{after}{decision}"));
        }
    }
    let before = state(&daemon);
    let mut answers = BTreeSet::new();
    for target in &found {
        for method in ["GET", "HEAD", "OPTIONS"] {
            for token in [None, Some(daemon.token())] {
                let ask = Ask::of(method, target.as_str(), Vec::new());
                let ask = token.map_or(ask.clone(), |token| ask.bearer(token));
                let answer = once(daemon.address(), &ask).unwrap();
                assert!(answer.status < 500, "{method} {target}: {} {}", answer.status, answer.text());
                addresses(&answer.text(), &mut answers);
                asked += 1;
            }
        }
    }
    // What the answers name in turn.
    for target in answers.difference(&found) {
        for method in ["GET", "HEAD", "OPTIONS"] {
            once(daemon.address(), &Ask::of(method, target.as_str(), Vec::new()).bearer(daemon.token())).unwrap();
            asked += 1;
        }
    }
    assert_eq!(state(&daemon), before, "something that was only asked for changed the state");
    assert_eq!(word(&daemon.list("/api/v1/briefs?state=open")[0], "id"), word(open, "id"));
    assert!(found.len() > 40, "{found:?}");
    eprintln!("{asked} times GET, HEAD and OPTIONS of {} paths: 0 changes of state", found.len());
}
