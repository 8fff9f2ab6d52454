//! What becomes of somebody's page while they sit at it: their session ends, somebody else takes the brief, their own words were saved a moment
//! ago. Own file because none of it may cost a typed word, or be found out only after typing.

use super::house::House;
use super::page_of_brief::told as said;
use super::seat::{Form, Seat, plain};
use super::sign_in::Browser;

const TEXT: &str =
    "Please call me about order 77 by Friday. The last delivery was late and we may cancel. My budget is 400 EUR.";

async fn editing(seat: &Seat, brief: &str) -> Form {
    let to = format!("/briefs/{brief}/edit");
    Form::find(&seat.page(&to).await, &to, ("do", "save")).unwrap()
}

async fn stands(house: &House, brief: &str) -> (String, u64) {
    let shown = house.get("owner", &format!("/api/v1/briefs/{brief}")).await;
    (shown["workflow_summary"]["text"].as_str().unwrap().to_owned(), shown["revision"].as_u64().unwrap())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn words_that_were_saved_and_taken_back_are_not_called_unchanged() {
    let house = House::new().await;
    let (brief, _) = house.brief("north", TEXT).await;
    let seat = house.seat("north-reviewer").await;
    let form = editing(&seat, &brief).await;
    let before = form.value("summary").unwrap().to_owned();
    // The page saves by itself; its answer is slow, the old words are typed back, and the button is pressed.
    let wrong = form.clone().with("summary", 0, "Wrong words.").pressed("do", "save");
    assert_eq!(seat.send(&wrong, true).await.status, 200);
    let back = form.clone().pressed("do", "save");
    for part in [true, false] {
        let told = seat.send(&back, part).await;
        assert_eq!(told.status, 409, "{}", told.body);
        assert!(told.body.contains("you yourself saved revision 2 meanwhile"), "{}", told.body);
        assert!(told.body.contains("Wrong"), "what stands is shown: {}", told.body);
    }
    let laid = seat.send(&back, false).await;
    let laid = Form::find(&laid.body, &format!("/briefs/{brief}/edit"), ("do", "save")).unwrap();
    assert_eq!(laid.value("summary"), Some(before.as_str()), "the form holds what was typed");
    assert_eq!(stands(&house, &brief).await, ("Wrong words.".to_owned(), 2), "nothing is saved by itself");
    assert_eq!(seat.send(&laid.pressed("do", "save"), false).await.status, 303);
    assert_eq!(stands(&house, &brief).await, (before.clone(), 3));
    // The words stand again as the form shows them: now there is nothing to save, whatever it was made upon.
    let same = seat.send(&back, false).await;
    assert_eq!(said(&same), "nothing-to-save", "{}", same.body);
    // What somebody else saved is theirs, and stands in the form of who changed nothing.
    let owner = house.seat("owner").await;
    let theirs = editing(&owner, &brief).await.with("summary", 0, "Hers.").pressed("do", "save");
    let untouched = editing(&seat, &brief).await.pressed("do", "save");
    assert_eq!(owner.send(&theirs, false).await.status, 303);
    let told = seat.send(&untouched, false).await;
    assert!(told.status == 409 && told.body.contains("owner</bdi> saved revision 4 meanwhile"), "{}", told.body);
    let laid = Form::find(&told.body, &format!("/briefs/{brief}/edit"), ("do", "save")).unwrap();
    assert_eq!(laid.value("summary"), Some("Hers."));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_part_without_a_session_says_so_in_its_place_and_is_never_gone_to() {
    let house = House::new().await;
    let (brief, _) = house.brief("north", TEXT).await;
    let seat = house.seat("north-reviewer").await;
    let page = seat.page(&format!("/briefs/{brief}")).await;
    let from = page.split("hx-get=\"").find(|part| part.contains("/standing?")).unwrap();
    let standing = plain(from.split('"').next().unwrap());
    let late = seat.ended();
    for path in [standing.as_str(), "/paste?request=req_00000000000000000000000000", "/events?after=1"] {
        let told = late.part(path, "standing").await;
        assert_eq!((told.status, told.header("hx-redirect")), (401, None), "{path}: {}", told.body);
        assert!(told.body.contains("id=\"standing\"") && told.body.contains("target=\"_blank\""), "{}", told.body);
        assert!(told.body.contains(&format!("hx-get=\"{}\"", path.replace('&', "&amp;"))), "{}", told.body);
    }
    let odd = late.part(&standing, "a\" onload=b").await;
    assert!(odd.status == 401 && !odd.body.contains("onload"), "{}", odd.body);
    // Asked for as a page, a part is its page.
    let wanted = format!("/sign-in?to=%2Fbriefs%2F{brief}");
    assert_eq!(late.get(&standing).await.header("location"), Some(wanted.as_str()));
    assert_eq!(late.get("/events?after=1").await.header("location"), Some("/sign-in"));
    assert_eq!(seat.get(&standing).await.header("location"), Some(format!("/briefs/{brief}").as_str()));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_form_that_came_too_late_shows_what_was_typed_and_carries_everything() {
    let house = House::new().await;
    let (brief, _) = house.brief("north", TEXT).await;
    let seat = house.seat("north-reviewer").await;
    let edit = editing(&seat, &brief).await.with("why", 0, "Typed\nlate.").with("action", 0, "Call <Ann>");
    let edit = edit.pressed("do", "save");
    let told = seat.ended().send(&edit, false).await;
    assert_eq!(told.status, 401);
    let carried = Form::all(&told.body).remove(0);
    let sent: Vec<_> = edit.fields.iter().filter(|(name, _)| name != "form_key").cloned().collect();
    assert_eq!(carried.fields, sent, "each field, in its order");
    let seen = |body: &str| {
        let hidden = |tag: &&str| !tag.starts_with("input type=\"hidden\"");
        body.split('<').filter(hidden).map(|tag| format!("<{tag}")).collect::<String>()
    };
    let shown = seen(&told.body);
    for there in ["<span>Why", "Typed\nlate.", "<span>Next actions: What", "Call &lt;Ann&gt;"] {
        assert!(shown.contains(there), "{there}: {shown}");
    }
    let digest = edit.value("from").unwrap().to_owned();
    for machine in ["action_at", "reason_at", "score", digest.as_str(), "from:"] {
        assert!(!shown.contains(machine), "{machine}: {shown}");
    }
    // A press of a button has nothing typed in it.
    let press = Form {
        to: "/queue".into(),
        fields: vec![("back".into(), String::new()), ("one".into(), format!("free.{brief}"))],
        buttons: vec![],
    };
    let told = seat.ended().send(&press, false).await;
    assert!(told.status == 401 && !seen(&told.body).contains(&brief), "{}", told.body);
    let decision = Form {
        to: format!("/briefs/{brief}/decide"),
        fields: vec![
            ("decision".into(), "reject".into()),
            ("revision".into(), digest.clone()),
            ("reason".into(), "handled".into()),
            ("comment".into(), "They rang.".into()),
        ],
        buttons: vec![],
    };
    let told = seat.ended().send(&decision, false).await;
    let shown = seen(&told.body);
    assert!(shown.contains("dealt with elsewhere") && told.body.contains("They rang."), "{shown}");
    assert!(!shown.contains(&digest) && Form::all(&told.body)[0].fields == decision.fields, "{shown}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_somebody_else_holds_is_told_before_anything_is_typed_and_stepped_over() {
    let house = House::new().await;
    let (first, _) = house.brief_of("north", "Crates one", TEXT).await;
    let (second, _) = house.brief_of("north", "Crates two", TEXT).await;
    let (other, _) = house.brief_of("north", "Chairs", TEXT).await;
    let (third, _) = house.brief_of("north", "Crates three", TEXT).await;
    let (ann, rita) = (house.seat("owner").await, house.seat("north-reviewer").await);
    let of = |brief: &str, page: &str| Form::find(page, &format!("/briefs/{brief}/claim"), ("do", "claim")).unwrap();
    let claim = of(&second, &ann.page(&format!("/briefs/{second}")).await).pressed("do", "claim");
    assert_eq!(ann.send(&claim, false).await.status, 303);
    let held = rita.page(&format!("/briefs/{second}")).await;
    assert!(!held.contains("/decide\"") && !held.contains("id=\"act-edit\""), "{held}");
    let bar = held.split("id=\"decide\"").nth(1).unwrap().split("</nav>").next().unwrap();
    assert!(bar.contains("owner</bdi>") && bar.contains("Take it over"), "{bar}");
    let edit = rita.get(&format!("/briefs/{second}/edit")).await;
    assert!(edit.status == 409 && !edit.body.contains("<textarea id=\"f-"), "{}", edit.body);
    // From brief to brief, within the list one came from.
    let row = rita.page("/?text=crates").await;
    let link = format!("/briefs/{first}?in=text%3Dcrates");
    assert!(row.contains(&format!("href=\"{link}\"")), "{row}");
    let page = rita.page(&link).await;
    assert!(page.contains(&format!("rel=\"next\" href=\"/briefs/{third}?in=text%3Dcrates\"")), "{page}");
    assert!(page.contains("href=\"/?text=crates\" data-key=\"q\"") && page.contains("1 of 3"), "{page}");
    let whole = rita.page(&format!("/briefs/{first}")).await;
    assert!(whole.contains(&format!("rel=\"next\" href=\"/briefs/{other}\"")) && whole.contains("1 of 4"), "{whole}");
    let reject = Form::find(&page, &format!("/briefs/{first}/decide"), ("decision", "reject")).unwrap();
    let done = rita.send(&reject.with("reason", 0, "spam"), false).await;
    let on = format!("/briefs/{third}?after={first}&in=text%3Dcrates");
    assert_eq!(done.header("location"), Some(on.as_str()), "{}", done.body);
    // Taken over, it is decided on as ever.
    let over = Form::find(&held, &format!("/briefs/{second}/claim"), ("do", "take_over")).unwrap();
    assert_eq!(rita.send(&over.clone().pressed("do", "take_over"), false).await.status, 303);
    assert!(rita.page(&format!("/briefs/{second}")).await.contains("/decide\""));
    // Words that were refused because somebody took it meanwhile stay where they were typed.
    let minor = rita.page(&format!("/briefs/{second}")).await;
    let minor = Form::find(&minor, &format!("/briefs/{second}/decide"), ("decision", "minor")).unwrap();
    let claim = Form::find(&ann.page(&format!("/briefs/{second}")).await, &over.to, ("do", "take_over")).unwrap();
    assert_eq!(ann.send(&claim.pressed("do", "take_over"), false).await.status, 303);
    let late = rita.send(&minor.with("comment", 0, "Name the carrier."), false).await;
    assert!(late.status == 409 && late.body.contains("Name the carrier.") && late.body.contains("in a new tab"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_only_looks_is_offered_nothing_that_would_be_refused() {
    let house = House::new().await;
    let (brief, _) = house.brief("north", TEXT).await;
    let (looks, reviews) = (house.seat("north-viewer").await, house.seat("north-reviewer").await);
    let claims = |page: &str| page.contains("value=\"claim\"") || page.contains(&format!("claim.{brief}"));
    let page = looks.page("/").await;
    assert!(!claims(&page) && page.contains("value=\"export\""), "{page}");
    assert!(claims(&reviews.page("/").await));
    let bar = "class=\"bar\"";
    assert!(!looks.page(&format!("/briefs/{brief}")).await.contains(bar));
    assert!(reviews.page(&format!("/briefs/{brief}")).await.contains(bar));
    let edit = looks.get(&format!("/briefs/{brief}/edit")).await;
    assert!(
        edit.status == 403 && edit.body.contains("OP-50") && !edit.body.contains("<textarea id=\"f-"),
        "{}",
        edit.body
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn keys_are_switched_off_for_a_browser_and_on_again() {
    let house = House::new().await;
    let mut browser = Browser::by_link(&house, "north-reviewer").await;
    let off = "<html lang=\"en\" data-no-keys>";
    assert!(!browser.get("/account").await.body.contains(off));
    let reply = browser.post("/account/keys", &[("keys", "off")]).await;
    assert_eq!(reply.header("location"), Some("/account"), "{}", reply.body);
    assert!(browser.get("/").await.body.contains(off));
    let account = browser.get("/account").await.body;
    assert!(account.contains(off) && account.contains("Switch keys on"), "{account}");
    browser.post("/account/keys", &[("keys", "on")]).await;
    assert!(!browser.get("/").await.body.contains(off));
}
