//! Whatever face a person uses, they may do the same: each act of review, asked for by each role at the interface, on the command line, at
//! the desk and, where it decides, by mail, has one verdict. INVARIANT tested: no face asks for less leave, and none for more.

use crate::census::{receipts, word};
use crate::daemon::{Setup, TestDaemon};
use crate::hook;
use crate::http::{Answer, Ask};
use crate::post::{Arrived, answer};
use crate::postroom::{Postroom, reviewer, through};
use crate::wait::until;
use serde_json::json;
use std::collections::BTreeMap;

/// People by what they are; `rita` is a named reviewer of the pilot, `sam` one by role alone.
const PEOPLE: [(&str, Option<&str>); 6] = [
    ("olive", Some("owner")),
    ("rita", Some("reviewer")),
    ("sam", Some("reviewer")),
    ("oscar", Some("operator")),
    ("vera", Some("viewer")),
    ("nina", None),
];
const ACTS: [&str; 8] = ["see", "why", "claim", "approve", "minor", "major", "reject", "reveal"];

/// Those of them that change nothing.
const LOOKS: [&str; 2] = ["see", "why"];
/// Those of them that an answer to a letter can ask for.
const DECISIONS: [&str; 4] = ["approve", "minor", "major", "reject"];
/// What our server finds on mail that is theirs.
const PASSED: &str = "dmarc=pass header.from=northwind.example";

/// A brief that waits.
struct Waiting {
    brief: String,
    request: String,
    revision: String,
}

/// Somebody at each face.
struct Person {
    name: &'static str,
    token: String,
    cookie: String,
    key: String,
}

impl Person {
    fn new(daemon: &TestDaemon, name: &'static str, role: Option<&str>) -> Self {
        // All were reviewers when they were written to.
        let changes = [(Some("reviewer"), "revoke"), (role, "grant")];
        for (role, change) in changes.into_iter().filter(|_| role != Some("reviewer")) {
            let Some(role) = role else { continue };
            let changed = daemon.cli(&["--as", "mike", "user", change, name, role]);
            assert_eq!(changed.code(), 0, "{}", changed.err);
        }
        let token = std::fs::read_to_string(daemon.data(&format!("credentials/{name}.token"))).unwrap();
        let token = token.trim().to_owned();
        let link = daemon.cli(&["--as", "mike", "user", "link", name]);
        let path = link.out.trim().rsplit_once("/sign-in/").map(|(_, secret)| format!("/sign-in/{secret}")).unwrap();
        let (before, key) = opened(&daemon.ask(&Ask::get(&path)));
        let entered = daemon.ask(&form(&path, &format!("form_key={key}")).header("cookie", &before));
        let cookie = cookie(&entered);
        // A form that does not count comes back with the key that it lacked, whoever may see nothing else.
        let (_, key) = opened(&daemon.ask(&form("/sign-out", "").header("cookie", &cookie)));
        Self { name, token, cookie, key }
    }

    /// What the interface says.
    fn at_interface(&self, daemon: &TestDaemon, act: &str, on: &Waiting) -> String {
        let Waiting { brief, request, revision } = on;
        let ask = match act {
            "see" => Ask::get(format!("/api/v1/briefs/{brief}")),
            "why" => Ask::get(format!("/api/v1/requests/{request}/why")),
            "claim" => Ask::json(format!("/api/v1/briefs/{brief}/claim"), &json!({})),
            "reveal" => Ask::json(format!("/api/v1/requests/{request}/reveal"), &json!({})),
            "approve" => decision(brief, &json!({ "decision": act, "revision": revision })),
            _ => decision(brief, &json!({ "decision": act, "revision": revision, "comment": "shorter" })),
        };
        verdict(&daemon.ask(&ask.bearer(&self.token)))
    }

    /// What the desk says.
    fn at_desk(&self, daemon: &TestDaemon, act: &str, on: &Waiting) -> String {
        let Waiting { brief, request, revision } = on;
        let (key, comment) = (&self.key, if act == "approve" { "" } else { "&comment=shorter" });
        let post =
            |path: &str, fields: &str| form(&format!("/briefs/{brief}/{path}"), &format!("form_key={key}{fields}"));
        let ask = match act {
            "see" => Ask::get(format!("/briefs/{brief}")),
            "why" => Ask::get(format!("/requests/{request}")),
            "claim" => post("claim", "&do=hold"),
            "reveal" => post("reveal", ""),
            _ => post("decide", &format!("&decision={act}&revision={revision}{comment}")),
        };
        verdict(&daemon.ask(&ask.header("cookie", &self.cookie)))
    }

    /// What the command line says.
    fn by_command(&self, daemon: &TestDaemon, act: &str, on: &Waiting) -> String {
        let Waiting { brief, request, revision } = on;
        let mut words = vec!["--as", self.name];
        match act {
            "claim" => words.extend(["review", "claim", brief]),
            "reveal" => words.extend(["request", "reveal", request]),
            "approve" => words.extend(["review", act, brief, "--revision", revision]),
            _ => words.extend(["review", act, brief, "--revision", revision, "--comment", "shorter"]),
        }
        let ended = daemon.cli(&words);
        if ended.code() == 0 { "yes".to_owned() } else { code(&ended.err) }
    }
}

/// Letters that ask everybody, one for each who could decide and each decision, while all are reviewers; with the request of each.
fn letters(post: &Postroom, daemon: &TestDaemon) -> BTreeMap<(&'static str, &'static str), (String, Arrived)> {
    for (name, _) in PEOPLE {
        reviewer(daemon, name, &format!("{name}@northwind.example"));
    }
    let asked = PEOPLE.iter().flat_map(|(name, _)| DECISIONS.map(|act| (*name, act)));
    asked
        .map(|(name, act)| {
            let taken = daemon.ask(&hook::delivery(&format!("{act}-{name}")));
            assert_eq!(taken.status, 202, "{}", taken.text());
            ((name, act), (taken.member("request"), post.letter(name, &format!("{act}-{name}"))))
        })
        .collect()
}

/// What became of the answer to each of these letters.
fn by_mail(
    post: &Postroom,
    daemon: &TestDaemon,
    letters: BTreeMap<(&'static str, &'static str), (String, Arrived)>,
) -> BTreeMap<(&'static str, &'static str), String> {
    let mut asked = BTreeMap::new();
    for ((name, act), (request, letter)) in letters {
        let words = if act == "approve" { act.to_owned() } else { format!("{act}: shorter") };
        let from = format!("{name}@northwind.example");
        post.deliver(through(PASSED, &answer(&letter, &from, "", &words)));
        asked.insert(request, (name, act));
    }
    until("every answer is settled", || {
        let mut told = BTreeMap::new();
        for receipt in receipts(daemon) {
            let Some(by) = asked.get(&word(&receipt, "subject")) else { continue };
            let verdict = match word(&receipt, "kind").as_str() {
                "brief.decided" => "yes".to_owned(),
                "reply.answered" | "reply.refused" => word(&receipt["body"], "code"),
                _ => continue,
            };
            told.insert(*by, verdict);
        }
        (told.len() == asked.len()).then_some(told)
    })
}

fn cookie(answer: &Answer) -> String {
    answer.header("set-cookie").and_then(|line| line.split(';').next()).unwrap_or_default().to_owned()
}

/// The cookie that came with a page, and the key of its forms.
fn opened(page: &Answer) -> (String, String) {
    let text = page.text();
    let key = text.split("name=\"form_key\" value=\"").nth(1).and_then(|rest| rest.split('"').next());
    (cookie(page), key.unwrap_or_else(|| panic!("no form: {text}")).to_owned())
}

fn decision(brief: &str, body: &serde_json::Value) -> Ask {
    Ask::json(format!("/api/v1/briefs/{brief}/decision"), body)
}

fn form(path: &str, fields: &str) -> Ask {
    Ask::post(path, fields)
        .header("content-type", "application/x-www-form-urlencoded")
        .header("sec-fetch-site", "same-origin")
}

/// Yes, or the code of the refusal.
fn verdict(answer: &Answer) -> String {
    if answer.status < 400 { "yes".to_owned() } else { code(&answer.text()) }
}

fn code(text: &str) -> String {
    let at = text.find("OP-").unwrap_or_else(|| panic!("no code in {text}"));
    text.get(at..at + 7).unwrap_or_default().to_owned()
}

/// So many briefs that wait.
fn waiting(daemon: &TestDaemon, many: usize) -> Vec<Waiting> {
    for place in 0..many {
        let answer = daemon.ask(&hook::delivery(&format!("face {place}")));
        assert_eq!(answer.status, 202, "{}", answer.text());
    }
    until("everything is drafted", || (daemon.list("/api/v1/briefs?state=open").len() >= many).then_some(()));
    let rows = daemon.list("/api/v1/briefs?state=open");
    let waiting = |row: &serde_json::Value| {
        let brief = word(row, "id");
        Waiting { request: brief.replacen("brf_", "req_", 1), revision: word(row, "revision"), brief }
    };
    rows.iter().map(waiting).collect()
}

#[test]
fn every_face_has_the_same_verdict_for_the_same_role() {
    let post = Postroom::open();
    let everybody: Vec<&str> = PEOPLE.iter().map(|(name, _)| *name).collect();
    let mail = "check_signatures = false\nper_person = 100000\nper_day = 1000000";
    let mut daemon = post.house(Setup::sqlite().reviewers(&everybody), mail);
    let letters = letters(&post, &daemon);
    daemon.stop();
    let config = daemon.path("opspilot.toml");
    let before = std::fs::read_to_string(&config).unwrap();
    std::fs::write(&config, before.replace(&format!("{everybody:?}"), r#"["mike", "olive", "rita"]"#)).unwrap();
    daemon.start();
    let people: Vec<Person> = PEOPLE.iter().map(|(name, role)| Person::new(&daemon, name, *role)).collect();
    // Each is asked of a brief of its own: a yes changes what the next one is asked about.
    let mut briefs = waiting(&daemon, PEOPLE.len() * ACTS.len() * 3).into_iter();
    let mut next = || briefs.next().expect("a brief for every question");
    let mut told = BTreeMap::new();
    let by_mail = by_mail(&post, &daemon, letters);
    for person in &people {
        for act in ACTS {
            let interface = person.at_interface(&daemon, act, &next());
            let desk = person.at_desk(&daemon, act, &next());
            // Whoever runs a command reads the store itself, where no policy stands before the file (decision 4).
            let command =
                if LOOKS.contains(&act) { interface.clone() } else { person.by_command(&daemon, act, &next()) };
            let mail = by_mail.get(&(person.name, act)).unwrap_or(&interface).clone();
            let verdicts = [interface, desk, command, mail];
            told.insert((person.name, act), verdicts);
        }
    }
    let apart: Vec<_> =
        told.iter().filter(|(_, verdicts)| verdicts.iter().any(|verdict| *verdict != verdicts[0])).collect();
    assert!(apart.is_empty(), "interface, desk, command, mail: {apart:?}");
    let may = |name: &str| ACTS.map(|act| told.get(&(name, act)).is_some_and(|verdicts| verdicts[0] == "yes"));
    assert_eq!(may("olive"), [true; 8]);
    assert_eq!(may("rita"), [true; 8]);
    let looks = [true, true, false, false, false, false, false, false];
    for name in ["sam", "oscar", "vera"] {
        assert_eq!(may(name), looks, "{name}");
    }
    assert_eq!(may("nina"), [false; 8]);
}
