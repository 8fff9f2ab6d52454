//! What happens to a person at a page of the desk while they are there, in a real browser: answers that come late or never, a session that ends,
//! news, keys, bars over what has the focus. Own file because none of it may cost a word, a place or a press. INVARIANT: no test waits for time.

use super::house::{House, opened};
use crate::browser::{Browser, Visitor};
use crate::daemon::PILOT;
use crate::http::Ask;
use crate::wait::until;
use serde_json::{Value, json};

fn says(house: &House, brief: &str, section: &str, field: &str) -> String {
    let shown = house.daemon.see(&format!("/api/v1/briefs/{brief}"));
    shown[section][field].as_str().unwrap_or_default().to_owned()
}

/// The window has the focus again, as when one comes back from another.
fn comes_back(visitor: &Visitor) {
    visitor.eval("window.dispatchEvent(new Event('focus'))");
}

fn signs_out(visitor: &Visitor) -> Visitor {
    let other = visitor.tab();
    other.go("/account");
    other.follow("text=Sign out");
    other
}

#[test]
fn an_answer_that_is_late_or_lost_costs_no_word() {
    let house = opened();
    let browser = Browser::open();
    let mike = house.signed_in(&browser, "mike");
    let brief = &house.briefs[0];
    let summary = || says(&house, brief, "workflow_summary", "text");
    let reaches = |words: &str| until("it reaches the desk", || (summary() == words).then_some(()));
    let before = summary();
    // Slow: typed back meanwhile, and saved by hand.
    mike.go(&format!("/briefs/{brief}/edit"));
    mike.answers("held");
    mike.fill("#f-summary", "Wrong words.");
    reaches("Wrong words.");
    mike.fill("#f-summary", &before);
    mike.click("text=Save as a new revision");
    mike.answers("free");
    mike.wait("#said:has-text('Saved.')");
    assert_eq!(summary(), before);
    // Slow: typed on meanwhile. One's own saving is nobody else's.
    mike.go(&format!("/briefs/{brief}/edit"));
    mike.answers("held");
    mike.fill("#f-summary", "First words.");
    reaches("First words.");
    mike.fill("#f-summary", "First words. And more.");
    mike.click("text=Save as a new revision");
    mike.answers("free");
    mike.wait("#said:has-text('Saved.')");
    assert_eq!((summary().as_str(), mike.count("#moved")), ("First words. And more.", 0));
    // Lost: typed back, and left by the link at the top.
    mike.go(&format!("/briefs/{brief}/edit"));
    mike.answers("lost");
    mike.fill("#f-summary", "Taken back.");
    reaches("Taken back.");
    mike.fill("#f-summary", "First words. And more.");
    mike.wait("#saved[data-bad]");
    mike.answers("free");
    mike.click("#edit-done");
    mike.wait("#decide");
    assert_eq!(summary(), "First words. And more.");
}

#[test]
fn a_session_that_ends_costs_no_word_of_a_decision() {
    let house = opened();
    let browser = Browser::open();
    let why = "Not ours: <b>they</b> mean the other branch.";
    for (script, brief) in [(true, &house.briefs[0]), (false, &house.briefs[1])] {
        let mike = if script {
            house.signed_in(&browser, "mike")
        } else {
            let plain = browser.plain_visitor(&house.origin());
            house.sign_in(&plain, "mike");
            plain
        };
        mike.go(&format!("/briefs/{brief}"));
        mike.click("#act-reject summary");
        mike.choose("#c-why", "other");
        mike.fill("#c-reject", why);
        let other = signs_out(&mike);
        if script {
            comes_back(&mike);
            mike.wait("#standing.ended");
            assert!(mike.url().ends_with(brief.as_str()) && mike.value("#c-reject") == why, "{}", mike.url());
            assert_eq!(mike.attribute("#standing a", "target").as_deref(), Some("_blank"));
            house.sign_in(&other, "mike");
            comes_back(&mike);
            mike.until("!document.querySelector('#standing.ended')");
            assert_eq!(mike.value("#c-reject"), why);
        } else {
            assert_eq!(mike.follow("#act-reject button").status, 401);
            house.sign_in(&other, "mike");
        }
        let press = if script { "#act-reject button" } else { "main form button" };
        assert_eq!(mike.follow(press).status, 403, "another session, another key");
        assert!(mike.text("main").contains("another reason"), "{}", mike.text("main"));
        mike.follow("main form button");
        let decided = house.daemon.see(&format!("/api/v1/briefs/{brief}"));
        assert_eq!(decided["state"], "rejected", "{}", mike.text("main"));
        mike.go(&format!("/briefs/{brief}"));
        assert!(mike.text("main").contains(why), "{}", mike.text("main"));
    }
}

#[test]
fn a_form_that_gave_a_file_works_on() {
    let house = opened();
    let browser = Browser::open();
    let mike = house.signed_in(&browser, "mike");
    mike.go("/");
    mike.tick("[data-all]");
    mike.click("text=Export (CSV)");
    mike.click("text=Export (CSV)");
    mike.follow(".bulk button[value=claim]");
    assert!(mike.text("#said").contains("Claimed: others see"), "{}", mike.text("main"));
    assert_eq!(mike.count("td.hand strong"), house.briefs.len() as u64);
}

#[test]
fn no_row_moves_when_news_come() {
    let house = opened();
    let browser = Browser::open();
    let ana = house.signed_in(&browser, "ana");
    for phone in [false, true] {
        if phone {
            ana.takes_phone();
        }
        ana.go("/");
        let rows = || {
            ana.eval("JSON.stringify([...document.querySelectorAll('tr[data-row]')].map((row) => Object.values(row.getBoundingClientRect().toJSON())))")
        };
        let before = rows();
        let text = format!("A word from {}: please call.", if phone { "a phone" } else { "a desk" });
        house.daemon.api(Ask::json("/api/v1/requests", &json!({ "pilot": PILOT, "text": text })));
        let held = &house.briefs[usize::from(phone)];
        house.daemon.api(Ask::json(format!("/api/v1/briefs/{held}/claim"), &json!({})));
        ana.wait("#news .notice:has-text('1 new brief.')");
        ana.wait(".meanwhile:has-text('claimed meanwhile')");
        assert_eq!(rows(), before, "phone: {phone}");
        let seen = ana.pictures(if phone { "queue-news-phone" } else { "queue-news" });
        assert_eq!(seen.faults(), Vec::<String>::new());
    }
}

#[test]
fn a_queue_that_hears_nothing_says_so() {
    let house = opened();
    let browser = Browser::open();
    let ana = house.signed_in(&browser, "ana");
    ana.go("/");
    let again = || ana.eval("for (const name of ['pagehide', 'pageshow']) window.dispatchEvent(new Event(name))");
    ana.offline(true);
    again();
    ana.wait("#news:has-text('Not live: this list may be old.')");
    ana.offline(false);
    again();
    ana.gone("#news .notice");
    let other = signs_out(&ana);
    again();
    ana.wait("#news:has-text('Not live: your session has ended.') a[target=_blank]:visible");
    house.sign_in(&other, "ana");
    again();
    ana.gone("#news .notice");
}

#[test]
fn keys_reach_everything_and_can_be_switched_off() {
    let house = opened();
    let browser = Browser::open();
    let mike = house.signed_in(&browser, "mike");
    // Claimed from the list, chosen all at once.
    mike.go("/");
    mike.press("X");
    assert_eq!(mike.count(".choose input:checked"), house.briefs.len() as u64);
    mike.press("X");
    assert_eq!(mike.count(".choose input:checked"), 0);
    mike.press("j");
    assert_eq!(mike.count("td.hand strong"), 0);
    mike.enter("c");
    assert_eq!(mike.count("td.hand strong"), 1);
    // Editing begins in the first field.
    mike.go(&format!("/briefs/{}", house.briefs[0]));
    mike.enter("e");
    assert_eq!(mike.focused(), "#f-summary");
    // What has the focus is seen, whatever is open at the foot.
    for (path, key) in [("", "m"), ("", "r"), ("/edit", "")] {
        mike.go(&format!("/briefs/{}{path}", house.briefs[0]));
        if !key.is_empty() {
            mike.press(key);
            mike.wait(".act[open]");
        }
        mike.eval("document.activeElement.blur(); window.scrollTo(0, 0); document.querySelector('.skip').focus()");
        let mut covered = Vec::new();
        let mut stops = 0;
        loop {
            mike.press("Tab");
            let at: Value = mike.eval(UNDER);
            if at.is_null() || stops > 200 {
                break;
            }
            stops += 1;
            covered.extend(at["under"].as_bool().unwrap().then(|| at["name"].as_str().unwrap().to_owned()));
        }
        assert!(stops > 20, "{path} {key}: {stops}");
        assert_eq!(covered, Vec::<String>::new(), "{path} {key}: under the bar, of {stops} stops");
    }
    // Off: no letter does anything, and the help says why.
    mike.go("/account");
    mike.follow("text=Switch keys off");
    mike.go("/");
    mike.press("j");
    mike.press("?");
    assert_eq!((mike.count("dialog"), mike.count("tr:focus-within")), (0, 0));
    mike.click("text=Keys of this page");
    mike.wait("dialog:has-text('Keys are switched off')");
    assert_eq!(mike.count("dialog dd:empty"), 0, "every key of the list does something");
    assert_eq!(mike.pictures("keys-off").faults(), Vec::<String>::new());
    mike.follow("dialog a");
    mike.follow("text=Switch keys on");
    mike.go("/");
    mike.press("?");
    mike.wait("dialog[open]");
    assert!(!mike.text("dialog").contains("switched off"));
}

/// Whether what has the focus lies wholly under the bar; nothing when the page is at its end.
const UNDER: &str = "(() => {
    const at = document.activeElement;
    if (!at || at === document.body || at.closest('footer')) return null;
    const bar = document.querySelector('.bar, .edit > .acts');
    const [box, over] = [at.getClientRects()[0], bar.getBoundingClientRect()];
    const under = !bar.contains(at) && box && box.top >= over.top - 1 && box.bottom <= over.bottom + 1;
    return { name: (at.innerText || at.name || at.tagName).trim().slice(0, 40), under: Boolean(under) };
})()";

#[test]
fn who_holds_a_brief_stands_in_the_place_of_the_decisions() {
    let house = opened();
    let browser = Browser::open();
    let (mike, ana) = (house.signed_in(&browser, "mike"), house.signed_in(&browser, "ana"));
    let path = format!("/briefs/{}", house.briefs[0]);
    mike.go(&path);
    mike.enter("c");
    ana.go(&path);
    let told = ana.text("#decide").replace('\n', " ");
    assert!(told.contains("mike has claimed it until") && told.contains("Take it over"), "{told}");
    assert_eq!(ana.count(".act"), 0);
    assert_eq!(ana.pictures("brief-held").faults(), Vec::<String>::new());
    assert_eq!(ana.go(&format!("{path}/edit")).status, 409);
    ana.enter("t");
    assert_eq!((ana.count("#act-approve"), mike.go(&path).status), (1, 200));
    assert_eq!(mike.count(".act"), 0);
}
