//! Every screen of the desk, at a real browser, on a house with something of everything in it: pictures of each, light and dark, at a desk
//! and on a phone, and no fault in any. INVARIANT tested: every address in the desk's table that shows a page has a line here.
//!
//! **A new screen:** add a line to [`screens`]: the name of its pictures, its address as the desk's table has it, where it is here, and what
//! to press before it is looked at. What is only to be seen after a press (a dialog, the help) is a line of its own.

use super::house::{House, opened};
use crate::browser::{Browser, Visitor, scores};
use std::time::Instant;

struct Screen {
    /// Of its pictures.
    name: &'static str,
    /// As the desk's table has it.
    address: &'static str,
    /// The path here.
    at: String,
    /// Whether it is looked at by somebody who is not signed in.
    guest: bool,
    /// What is done before it is looked at.
    before: fn(&Visitor),
}

fn screens(house: &House) -> Vec<Screen> {
    let screen = |name, address, at: &str| Screen { name, address, at: at.to_owned(), guest: false, before: |_| () };
    let guest = |name, address, at: &str| Screen { guest: true, ..screen(name, address, at) };
    let brief = &house.briefs[0];
    vec![
        screen("queue", "/", "/"),
        screen("queue-filtered", "/", "/?holder=nobody&risk=critical&age=1h&text=boiler"),
        Screen { before: |visitor| visitor.press("?"), ..screen("queue-keys", "/", "/") },
        screen("timeline", "/requests/{id}", &format!("/requests/{}", brief.replace("brf_", "req_"))),
        screen("figures", "/figures", "/figures"),
        screen("operations", "/operations", "/operations"),
        screen("brief", "/briefs/{id}", &format!("/briefs/{brief}")),
        screen("brief-hostile", "/briefs/{id}", &format!("/briefs/{}", house.briefs[3])),
        screen("brief-edit", "/briefs/{id}/edit", &format!("/briefs/{brief}/edit")),
        screen("paste", "/paste", "/paste"),
        screen("pasted", "/paste", &format!("/paste?request={}", brief.replace("brf_", "req_"))),
        screen("feedback", "/feedback", "/feedback"),
        screen("feedback-one", "/feedback/{id}", &format!("/feedback/{}", house.feedback)),
        screen("attention", "/attention", "/attention"),
        Screen {
            before: |visitor| {
                visitor.click(".friction summary");
                visitor.wait(".friction textarea");
            },
            ..screen("friction", "/", "/")
        },
        guest("sign-in", "/sign-in", "/sign-in"),
        guest("invited", "/sign-in/link/{secret}", &house.link("ana")),
        screen("account", "/account", "/account"),
        screen("people", "/people", "/people"),
    ]
}

/// Addresses that show no page by themselves, or none to somebody signed in, and why.
const ELSEWHERE: &[(&str, &str)] = &[
    ("/events", "a stream, not a page"),
    ("/figures/{set}", "a file, not a page"),
    ("/briefs/{id}/text", "a part of the brief's page"),
    ("/briefs/{id}/standing", "a part of the brief's page"),
    ("/briefs/{id}/diff", "wants two revisions: looked at by the tests of the brief's page"),
    ("/briefs/{id}/undo", "wants a write: looked at by the tests of the brief's page"),
    ("/briefs/{id}/files/{number}", "a file, not a page"),
    ("/sign-in/provider", "on to the provider"),
    ("/sign-in/provider/answer", "back from the provider, and on"),
];

#[test]
fn every_screen_is_as_it_has_to_be() {
    let browser = Browser::open();
    let house = opened();
    let (known, stranger) = (house.signed_in(&browser, "mike"), browser.visitor(&house.origin()));
    let mut faults = Vec::new();
    for screen in screens(&house) {
        let began = Instant::now();
        let mike = if screen.guest { &stranger } else { &known };
        let came = mike.go(&screen.at);
        if came.status != 200 {
            faults.push(format!("{}: {} answers {}: {}", screen.name, screen.at, came.status, mike.text("body")));
            continue;
        }
        (screen.before)(mike);
        let seen = mike.pictures(screen.name);
        eprintln!(
            "{}: {} bytes, axe {}, unsure {}, console {}, elsewhere {}, in {:?}",
            screen.name,
            seen.weight,
            seen.violations.len(),
            seen.unsure.len(),
            seen.console.len(),
            seen.foreign.len(),
            began.elapsed()
        );
        faults.extend(seen.faults().into_iter().map(|fault| format!("{}: {fault}", screen.name)));
    }
    assert!(faults.is_empty(), "{} faults:\n{}", faults.len(), faults.join("\n"));
}

/// Lighthouse looks at a few pages that stand for the others.
#[test]
fn lighthouse_gives_full_marks() {
    let browser = Browser::open();
    let house = opened();
    let mike = house.signed_in(&browser, "mike");
    let addresses: Vec<String> =
        ["/", "/paste", "/figures"].iter().map(|path| format!("{}{path}", house.origin())).collect();
    let cookies: Vec<String> = mike
        .cookies()
        .iter()
        .map(|cookie| format!("{}={}", cookie["name"].as_str().unwrap(), cookie["value"].as_str().unwrap()))
        .collect();
    for (scored, asked) in scores(&cookies.join("; "), &addresses).iter().zip(&addresses) {
        assert_eq!(&scored.url, asked, "it was sent elsewhere");
        eprintln!("{}: {:?}", scored.url, scored.scores);
        assert!(scored.scores.values().all(|score| *score == 100), "{}: {:#?}", scored.url, scored);
    }
}

#[test]
fn every_address_has_its_line() {
    let house = opened();
    let known: Vec<&str> = screens(&house)
        .iter()
        .map(|screen| screen.address)
        .chain(ELSEWHERE.iter().map(|(address, _)| *address))
        .collect();
    let table = include_str!("../../../src/web/desk/mod.rs");
    let pages: Vec<&str> = table
        .lines()
        .filter_map(|line| {
            line.trim().strip_prefix("Known GET \"").or_else(|| line.trim().strip_prefix("Anyone GET \""))
        })
        .filter_map(|rest| rest.split('"').next())
        .collect();
    assert!(!pages.is_empty());
    let missing: Vec<&&str> = pages.iter().filter(|page| !known.contains(*page)).collect();
    assert!(missing.is_empty(), "no pictures are made of {missing:?}: add them in tests/it/desk/screens.rs");
}
