//! What people hand in at the browser: a pasted request with its brief on the same page, with script and without; and what stands in their way.

use super::house::opened;
use crate::browser::Browser;
use crate::daemon::PILOT;
use crate::wait::until;

const TEXT: &str = "Hello, our printer on floor 3 has been jammed since this morning.\nCan somebody come by before noon? Regards, Tom Reyes";

#[test]
fn a_pasted_request_is_a_brief_a_moment_later_on_the_same_page() {
    let house = opened();
    let browser = Browser::open();
    let before = house.daemon.list("/api/v1/requests").len();
    let mike = house.signed_in(&browser, "mike");
    mike.go("/paste");
    mike.fill("#text", TEXT);
    mike.follow("main button.primary");
    // It comes by itself: nothing is pressed.
    mike.wait("#handed-in a.button.primary");
    assert!(mike.text("#handed-in").contains("printer"), "{}", mike.text("#handed-in"));
    let id = mike.url().split("request=").nth(1).unwrap().to_owned();
    let row = house.daemon.see(&format!("/api/v1/requests/{id}"));
    assert_eq!((row["pilot"].as_str(), row["source"].as_str()), (Some(PILOT), Some("submit")));
    assert_eq!(row["text"].as_str(), Some(TEXT), "as it was pasted");
    // Back, and sent again as it stands: the same request.
    mike.back();
    if mike.value("#text").is_empty() {
        mike.fill("#text", TEXT);
    }
    mike.follow("main button.primary");
    let plain = browser.plain_visitor(&house.origin());
    house.sign_in(&plain, "ana");
    plain.go("/paste");
    plain.fill("#text", &TEXT.replace("floor 3", "floor 4"));
    plain.follow("main button.primary");
    until("the brief is there without script", || {
        let there = plain.count("#handed-in a.button.primary") > 0;
        if !there {
            plain.follow("#handed-in a");
        }
        there.then_some(())
    });
    let after = house.daemon.list("/api/v1/requests").len();
    assert!((before + 2..=before + 3).contains(&after), "{before} {after}");
}

#[test]
fn what_stands_in_the_way_is_kept_with_its_place_and_answered() {
    let house = opened();
    let browser = Browser::open();
    let ana = house.signed_in(&browser, "ana");
    ana.go("/paste");
    ana.click(".friction summary");
    ana.fill(".friction textarea", "I looked for <b>a way</b> to paste a picture");
    ana.follow(".friction button");
    let address = ana.url();
    let id = address.split("/feedback/").nth(1).unwrap().split('?').next().unwrap().to_owned();
    let kept = house.daemon.see(&format!("/api/v1/feedback/{id}"));
    assert_eq!((kept["screen"].as_str(), kept["state"].as_str()), (Some("/paste"), Some("open")));
    assert_eq!(kept["text"], "I looked for <b>a way</b> to paste a picture");
    // About a brief: where it stands, the policy's last answer and the last receipt come along.
    let brief = &house.briefs[0];
    let told = house.daemon.cli(&["feedback", "give", "the quote is cut", "--item", brief, "--json"]);
    assert_eq!(told.code(), 0, "{}", told.err);
    let given: serde_json::Value = serde_json::from_str(&told.out).unwrap();
    assert_eq!(given["step"], "in_review", "{given}");
    assert!(given["receipt"].as_str().unwrap().contains("brief.drafted"), "{given}");
    let mike = house.signed_in(&browser, "mike");
    mike.go(&format!("/feedback/{id}"));
    mike.fill("main textarea[name=text]", "Drop it on the field.");
    mike.follow("main form.card button.primary");
    assert!(mike.text("main").contains("Drop it on the field."), "{}", mike.text("main"));
    ana.reload();
    assert!(ana.text("main").contains("Drop it on the field."));
    assert_eq!(ana.count("main form.card"), 0, "who gave it does not answer it");
    let closed = house.daemon.cli(&["feedback", "close", &id]);
    assert_eq!(closed.code(), 0, "{}", closed.err);
    assert_eq!(house.daemon.cli(&["feedback", "close", &id]).code(), 1);
}
