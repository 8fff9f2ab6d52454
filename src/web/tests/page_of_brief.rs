//! The page of a brief over HTTP, without script: what it shows to whom, forms that name what was seen, edits of two people, decisions upon
//! what moved, files and values behind masks, writes and their way back.

use super::house::{CANARY, House};
use super::seat::{Form, Seat, plain};
use super::writes::{became, queued, unknown};
use serde_json::json;

const TEXT: &str =
    "Please call me about order 77 by Friday. The last delivery was late and we may cancel. My budget is 400 EUR.";

async fn target(house: &House, brief: &str) {
    let body = json!({ "sink": "desk", "record": "4711" });
    assert_eq!(house.post("owner", &format!("/api/v1/briefs/{brief}/target"), body).await.status, 200);
}

/// The form of a decision as the page has it.
fn decision(page: &str, brief: &str, word: &str) -> Option<Form> {
    Form::find(page, &format!("/briefs/{brief}/decide"), ("decision", word))
}

async fn editing(seat: &Seat, brief: &str) -> Form {
    let to = format!("/briefs/{brief}/edit");
    Form::find(&seat.page(&to).await, &to, ("do", "save")).unwrap()
}

async fn state(house: &House, brief: &str) -> (String, u64) {
    let shown = house.get("owner", &format!("/api/v1/briefs/{brief}")).await;
    (shown["state"].as_str().unwrap().to_owned(), shown["revision"].as_u64().unwrap())
}

fn place(reply: &super::client::Reply) -> &str {
    reply.header("location").unwrap_or_default()
}

/// What the next page is to tell, by its word.
pub(super) fn told(reply: &super::client::Reply) -> &str {
    let kept = reply.header("set-cookie").and_then(|line| line.strip_prefix("__Host-opspilot-said="));
    kept.and_then(|kept| kept.split('.').next()).unwrap_or_default()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_brief_is_shown_with_its_request_and_its_places() {
    let house = House::new().await;
    let (brief, digest) = house.brief("north", TEXT).await;
    target(&house, &brief).await;
    let page = house.seat("owner").await.page(&format!("/briefs/{brief}")).await;
    assert!(page.contains("data-s=\"1\"") && page.contains("href=\"#q1-0\"") && page.contains("id=\"q1-0\""), "{page}");
    assert!(page.contains("order 77") && page.contains("Drafted by embedded"), "{page}");
    assert!(page.contains(&format!("title=\"{digest}\"")), "the revision is named");
    let approve = decision(&page, &brief, "approve").unwrap();
    let plan = house.get("owner", &format!("/api/v1/briefs/{brief}/plan")).await;
    let hash = plan["hash"].as_str().unwrap();
    assert_eq!(approve.value("revision"), Some(digest.as_str()));
    assert!(approve.buttons.contains(&("plan".into(), hash.into())), "{approve:?}");
    let body = plan["writes"][0]["call"]["body"].as_str().unwrap();
    assert!(plain(&page).contains(body), "the request to the byte: {body}");
    assert!(page.contains("https://desk.example/4711/notes"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_only_looks_has_no_buttons_and_who_may_not_hears_of_no_brief() {
    let house = House::new().await;
    let (brief, digest) = house.brief("north", TEXT).await;
    let (looks, strange) = (house.seat("north-viewer").await, house.seat("south-reviewer").await);
    let page = looks.page(&format!("/briefs/{brief}")).await;
    assert_eq!(Form::all(&page).iter().filter(|form| form.to.contains("/briefs/")).count(), 0, "{page}");
    // The same form as somebody else's page has it, under one's own key.
    let owner = house.seat("owner").await.page(&format!("/briefs/{brief}")).await;
    let key = Form::all(&page)[0].value("form_key").unwrap().to_owned();
    let before = house.deeds().await;
    for (word, extra) in [("approve", ("plan", "")), ("minor", ("comment", "x")), ("reject", ("reason", "spam"))] {
        let form = decision(&owner, &brief, word).unwrap();
        let form = Form {
            fields: vec![
                ("form_key".into(), key.clone()),
                ("decision".into(), word.into()),
                ("revision".into(), digest.clone()),
                (extra.0.into(), extra.1.into()),
            ],
            ..form
        };
        let refused = looks.send(&form, false).await;
        assert_eq!(refused.status, 403, "{word}: {}", refused.body);
        assert!(refused.body.contains("OP-5008"), "{}", refused.body);
    }
    let nobody = format!("brf_{}", "0".repeat(26));
    let key = Form::all(&strange.page("/").await)[0].value("form_key").unwrap().to_owned();
    for tail in ["", "/edit", "/diff", "/text", "/undo?write=wrt_00000000000000000000000000", "/files/1"] {
        let (there, absent) = (
            strange.get(&format!("/briefs/{brief}{tail}")).await,
            strange.get(&format!("/briefs/{nobody}{tail}")).await,
        );
        assert_eq!((there.status, absent.status), (404, 404), "{tail}: {}", there.body);
        let alike = |body: &str, id: &str| body.split("request <code>").next().unwrap().replace(id, "ID");
        assert_eq!(alike(&there.body, &brief), alike(&absent.body, &nobody), "{tail}");
    }
    for (tail, fields) in [
        ("claim", vec![("do", "claim")]),
        ("decide", vec![("decision", "approve"), ("revision", digest.as_str())]),
        ("reveal", vec![]),
        ("writes", vec![("do", "take_back")]),
        ("plan", vec![("plan", "x")]),
        ("target", vec![("sink", "desk"), ("record", "1")]),
        ("files/1", vec![]),
    ] {
        let mut form = Form {
            to: format!("/briefs/{brief}/{tail}"),
            fields: vec![("form_key".into(), key.clone())],
            buttons: vec![],
        };
        form.fields.extend(fields.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())));
        let reply = strange.send(&form, false).await;
        assert_eq!(reply.status, 404, "{tail}: {}", reply.body);
    }
    assert_eq!(house.deeds().await, before, "nothing was done");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn words_from_outside_break_nothing_and_weigh_little() {
    let house = House::new().await;
    let seat = house.seat("owner").await;
    let hostile = "<script>alert(1)</script><svg onload=alert(2)> \u{202e}gnp.exe\u{200b} \"' onmouseover=x &lt; </textarea><img src=x onerror=y>";
    let long = "w".repeat(100_000);
    for text in [
        format!("Please help by Friday: {hostile}"),
        format!("Please send {long} by Friday."),
        "\u{200b}<".repeat(9_000) + " please call",
    ] {
        let reply = house
            .post(
                "owner",
                "/api/v1/requests",
                json!({ "pilot": "north", "text": text, "subject": hostile, "sender": { "name": hostile } }),
            )
            .await;
        let reply = if reply.status == 202 {
            reply
        } else {
            house.post("owner", "/api/v1/requests", json!({ "pilot": "north", "text": text })).await
        };
        assert_eq!(reply.status, 202, "{}", reply.body);
        let request = reply.json()["request"].as_str().unwrap().to_owned();
        house.rests(&request).await;
        let brief = request.replace("req_", "brf_");
        for path in
            [format!("/briefs/{brief}"), format!("/briefs/{brief}/edit"), format!("/briefs/{brief}/text?from=3")]
        {
            let reply = seat.get(&path).await;
            if reply.status == 404 {
                continue;
            }
            let page = reply.body;
            assert_eq!(reply.status, 200, "{path}: {page}");
            assert!(page.len() < 100_000, "{path} weighs {}", page.len());
            for tag in ["<script>", "<svg", "<img", "onload=\"", "onerror=\""] {
                assert!(!page.contains(tag), "{tag} in {path}");
            }
            let fields = page.split("<textarea").count();
            assert_eq!(page.split("</textarea>").count(), fields, "{path}");
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_typed_becomes_one_revision_however_often_it_is_sent() {
    let house = House::new().await;
    let (brief, _) = house.brief("north", TEXT).await;
    let seat = house.seat("north-reviewer").await;
    let form = editing(&seat, &brief).await;
    let typed = form
        .clone()
        .with("summary", 0, "They want a call.\nBy Friday.")
        .with("action", 0, "Call Ann")
        .pressed("do", "save");
    let saved = seat.send(&typed, false).await;
    assert_eq!((saved.status, place(&saved)), (303, format!("/briefs/{brief}").as_str()), "{}", saved.body);
    let deeds = house.deeds().await;
    for part in [false, true] {
        let again = seat.send(&typed, part).await;
        assert_eq!(
            again.status,
            if part { 200 } else { 303 },
            "the answer was lost, the words were not: {}",
            again.body
        );
    }
    assert_eq!((house.deeds().await, state(&house, &brief).await.1), (deeds, 2));
    let page = seat.page(&format!("/briefs/{brief}")).await;
    assert!(page.contains("They want a call.\nBy Friday.") && page.contains("edited by <bdi>north-reviewer"), "{page}");
    let changes = seat.page(&format!("/briefs/{brief}/diff?from=1&to=2")).await;
    assert!(changes.contains("<dt>Summary</dt>") && changes.contains("<ins>"), "{changes}");
    // An untouched form changes nothing, and one that lost a field is refused.
    let untouched = editing(&seat, &brief).await;
    let same = seat.send(&untouched.clone().pressed("do", "save"), false).await;
    assert_eq!(told(&same), "nothing-to-save", "{}", same.body);
    let mut short = untouched.pressed("do", "save");
    short.fields.retain(|(name, _)| name != "why");
    assert_eq!(seat.send(&short, false).await.status, 422);
    assert_eq!(state(&house, &brief).await.1, 2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_two_who_edit_neither_loses_a_word() {
    let house = House::new().await;
    let (brief, _) = house.brief("north", TEXT).await;
    let (ada, bob) = (house.seat("owner").await, house.seat("north-reviewer").await);
    let (hers, his) = (editing(&ada, &brief).await, editing(&bob, &brief).await);
    let hers = hers.with("summary", 0, "Her summary.").with("why", 0, "Her reason.").pressed("do", "save");
    assert_eq!(ada.send(&hers, false).await.status, 303);
    let his = his.with("why", 0, "His reason.").with("action", 0, "His action.").pressed("do", "save");
    // The script is told apart: the words stay where they are, and there is a button to lay them upon the new revision.
    let part = bob.send(&his, true).await;
    assert_eq!(part.status, 409, "{}", part.body);
    assert!(
        part.body.contains("value=\"lay\"") && part.body.contains("Her") && !part.body.contains("<html"),
        "{}",
        part.body
    );
    let page = bob.send(&his, false).await;
    assert_eq!(page.status, 409);
    assert!(page.body.contains("owner") && page.body.contains("revision 2 meanwhile"), "{}", page.body);
    let laid = Form::find(&page.body, &format!("/briefs/{brief}/edit"), ("do", "save")).unwrap();
    assert_eq!((laid.value("summary"), laid.value("why")), (Some("Her summary."), Some("His reason.")));
    assert!(page.body.contains("<dd dir=\"auto\">Her reason.</dd>"), "what both changed is told: {}", page.body);
    assert_eq!(state(&house, &brief).await.1, 2, "nothing is saved by itself");
    let pressed = Form {
        buttons: vec![("do".into(), "lay".into())],
        fields: his.fields[..his.fields.len() - 1].to_vec(),
        to: his.to.clone(),
    };
    let by_button = bob.send(&pressed.pressed("do", "lay"), false).await;
    assert_eq!(by_button.status, 200);
    assert_eq!(bob.send(&laid.pressed("do", "save"), false).await.status, 303);
    let content = house.get("owner", &format!("/api/v1/briefs/{brief}")).await;
    assert_eq!(content["workflow_summary"]["text"], "Her summary.");
    assert_eq!(content["recommended_status"]["reason"], "His reason.");
    assert_eq!(content["next_actions"][0]["text"], "His action.");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_decision_is_on_what_was_seen_and_goes_on_to_the_next() {
    let house = House::new().await;
    let (first, _) = house.brief("north", TEXT).await;
    let (second, _) = house.brief("north", "Could you send us a catalogue some day?").await;
    let seat = house.seat("north-reviewer").await;
    let seen = seat.page(&format!("/briefs/{first}")).await;
    let reject = decision(&seen, &first, "reject").unwrap();
    // Somebody edits it meanwhile.
    let owner = house.seat("owner").await;
    let edit = editing(&owner, &first).await.with("summary", 0, "Another summary.").pressed("do", "save");
    assert_eq!(owner.send(&edit, false).await.status, 303);
    let late =
        seat.send(&reject.with("reason", 0, "other").with("comment", 0, "Not ours, <b>really</b>."), false).await;
    assert_eq!(late.status, 409);
    assert!(late.body.contains("OP-4004") && late.body.contains("<ins>"), "what changed is shown: {}", late.body);
    let again = decision(&late.body, &first, "reject").unwrap();
    assert_eq!((again.value("comment"), again.value("reason")), (Some("Not ours, <b>really</b>."), Some("other")));
    assert_eq!(state(&house, &first).await.0, "open");
    // A rejection says why.
    let silent = seat.send(&again.clone().with("comment", 0, " "), false).await;
    assert_eq!(silent.status, 422, "{}", silent.body);
    let done = seat.send(&again, false).await;
    assert_eq!((done.status, place(&done)), (303, format!("/briefs/{second}?after={first}").as_str()));
    assert_eq!(seat.send(&again, false).await.status, 303, "a second press is the same decision");
    assert_eq!(house.store.decisions(&first.parse().unwrap()).await.unwrap().len(), 1);
    assert_eq!(state(&house, &first).await.0, "rejected");
    let made = house.get("owner", &format!("/api/v1/requests/{}/why", first.replace("brf_", "req_"))).await.to_string();
    assert!(made.contains("\"reason\":\"other\""), "{made}");
    let old = seat.page(&format!("/briefs/{first}?revision=1")).await;
    assert!(decision(&old, &first, "approve").is_none() && old.contains("not the revision that stands"), "{old}");
    let approve = decision(&seat.page(&format!("/briefs/{second}")).await, &second, "approve").unwrap();
    let approved = seat.send(&approve.pressed("plan", ""), false).await;
    assert_eq!(place(&approved), format!("/briefs/{second}"), "nothing else waits");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_old_revision_has_no_decisions_even_while_open() {
    let house = House::new().await;
    let (brief, _) = house.brief("north", TEXT).await;
    let seat = house.seat("owner").await;
    let edit = editing(&seat, &brief).await.with("summary", 0, "Another.").pressed("do", "save");
    assert_eq!(seat.send(&edit, false).await.status, 303);
    let old = seat.page(&format!("/briefs/{brief}?revision=1")).await;
    assert!(!old.contains("/decide\""), "{old}");
    assert!(seat.page(&format!("/briefs/{brief}")).await.contains("/decide\""));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_page_that_no_longer_stands_loses_its_approval() {
    let house = House::new().await;
    let (brief, _) = house.brief("north", TEXT).await;
    target(&house, &brief).await;
    let seat = house.seat("owner").await;
    let asks = |page: &str| {
        let from = page.split("hx-get=\"/briefs/").find(|part| part.contains("/standing?")).unwrap();
        format!("/briefs/{}", plain(from.split('"').next().unwrap()))
    };
    let address = asks(&seat.page(&format!("/briefs/{brief}")).await);
    let look = async || seat.part(&address, "standing").await.body;
    let still = look().await;
    assert_eq!((asks(&still), still.contains("notice")), (address.clone(), false), "{still}");
    let body = json!({ "sink": "desk", "record": "4712" });
    assert_eq!(house.post("owner", &format!("/api/v1/briefs/{brief}/target"), body).await.status, 200);
    let gone = "id=\"act-approve\" hx-swap-oob=\"delete\"";
    let plan = look().await;
    assert!(plan.contains(gone) && plan.contains("The plan"), "{plan}");
    let edit = editing(&seat, &brief).await.with("summary", 0, "Another.").pressed("do", "save");
    assert_eq!(seat.send(&edit, false).await.status, 303);
    let revision = look().await;
    assert!(revision.contains(gone) && revision.contains("another revision"), "{revision}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_plan_that_moved_is_not_approved_and_what_waits_is_taken_back() {
    let house = House::new().await;
    let (brief, _) = house.brief("north", TEXT).await;
    target(&house, &brief).await;
    let seat = house.seat("owner").await;
    let path = format!("/briefs/{brief}");
    let plan = |form: &Form| form.buttons.iter().find(|(_, hash)| hash.len() == 64).unwrap().1.clone();
    let page = seat.page(&path).await;
    let seen = decision(&page, &brief, "approve").unwrap();
    // While the gate is shut, the panel says why, and offers first what can be had.
    let (_, panel) = page.split_once("id=\"act-approve\"").unwrap();
    let panel = panel.split_once("</form>").unwrap().0;
    assert!(panel.contains("no go decision is on file") && panel.contains("OP-7605"), "{panel}");
    assert_eq!((seen.buttons[0].1.as_str(), panel.matches("class=\"primary\"").count()), ("", 1), "{panel}");
    assert!(panel.find("class=\"primary\"").unwrap() < panel.find("and have this written later").unwrap(), "{panel}");
    let named = Form::find(&seat.page(&path).await, &format!("{path}/target"), ("sink", "desk")).unwrap();
    assert_eq!(seat.send(&named.with("record", 0, "4712"), false).await.status, 303);
    let hash = plan(&seen);
    let moved = seat.send(&seen.pressed("plan", &hash), false).await;
    assert_eq!(moved.status, 409, "{}", moved.body);
    assert!(moved.body.contains("OP-7612") && moved.body.contains("https://desk.example/4712/notes"));
    let now = decision(&moved.body, &brief, "approve").unwrap();
    let hash = plan(&now);
    let approved = seat.send(&now.pressed("plan", &hash), false).await;
    assert_eq!(approved.status, 303, "{}", approved.body);
    let page = seat.page(&path).await;
    assert!(page.contains("Nothing has left yet"), "{page}");
    // Whoever went on to the next brief finds the way back there, and nobody finds briefs that are not theirs.
    let (next, _) = house.brief("north", "Another matter, please answer.").await;
    let onward = seat.page(&format!("/briefs/{next}?after={brief}")).await;
    assert!(Form::find(&onward, &format!("{path}/writes"), ("do", "take_back")).is_some(), "{onward}");
    // By its own words, so that nobody takes the banner for this brief's.
    let (_, before) = onward.split_once("class=\"said before\"").unwrap();
    assert!(before.split_once("</div>").unwrap().0.contains("order 77"), "{before}");
    let other = seat.page(&format!("{path}?after={next}")).await;
    assert!(!other.contains("said before"), "an undecided brief is not claimed to be decided: {other}");
    let (south, _) = house.brief("south", TEXT).await;
    let strange = house.seat("south-reviewer").await.page(&format!("/briefs/{south}?after={brief}")).await;
    assert!(!strange.contains(&brief), "{strange}");
    let back = Form::find(&page, &format!("{path}/writes"), ("do", "take_back")).unwrap().pressed("do", "take_back");
    assert_eq!(told(&seat.send(&back, false).await), "taken-back");
    let deeds = house.deeds().await;
    assert_eq!(told(&seat.send(&back, false).await), "nothing-waits");
    assert_eq!(house.deeds().await, deeds);
    let writes = house.get("owner", &format!("/api/v1/writes?brief={brief}")).await;
    assert_eq!(writes["items"][0]["state"], "cancelled");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn writes_are_settled_and_taken_back_from_the_page() {
    let house = House::new().await;
    let (brief, digest) = house.brief("south", TEXT).await;
    let id = became(&house, &brief, &digest, unknown()).await;
    let seat = house.seat("owner").await;
    let (path, to) = (format!("/briefs/{brief}"), format!("/briefs/{brief}/writes"));
    let page = seat.page(&path).await;
    assert!(page.contains(CANARY), "the request stands there whole");
    let went = Form::find(&page, &to, ("do", "went")).unwrap().with("far_id", 0, "88112").pressed("do", "went");
    assert_eq!(told(&seat.send(&went, false).await), "settled");
    assert_eq!(told(&seat.send(&went, false).await), "elsewhere", "pressed twice");
    let way = seat.page(&format!("{path}/undo?write={id}")).await;
    assert!(way.contains("DELETE https://desk.example/4711/notes/88112"), "{way}");
    let undo = Form::find(&way, &to, ("do", "undo")).unwrap().pressed("do", "undo");
    let deeds = house.deeds().await;
    for _ in 0..2 {
        assert_eq!(told(&seat.send(&undo, false).await), "undoing");
    }
    assert_eq!(house.deeds().await, deeds + 1);
    // A write of another brief is none of this one.
    let (other, digest) = house.brief("south", "Another matter, please answer.").await;
    let strange = queued(&house, &other, &digest, "99").await;
    assert_eq!(seat.get(&format!("{path}/undo?write={strange}")).await.status, 404);
    let forged = undo.with("write", 0, strange.as_str());
    assert_eq!(seat.send(&forged, false).await.status, 404);
    let south = house.seat("south-viewer").await.page(&path).await;
    assert!(Form::all(&south).iter().all(|form| form.to != to), "who only looks has no buttons");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn masked_values_and_files_come_by_a_post_with_a_receipt() {
    const CARD: &str = "4539 1488 0343 6467";
    const IBAN: &str = "DE89 3704 0044 0532 0130 00";
    let house = House::new().await;
    let message = format!(
        "From: Ann Lee <ann@corp.example.org>\r\nTo: desk@example.net\r\nSubject: Card {CARD}\r\nDate: Sat, 21 Nov 2026 09:00:00 +0000\r\n\
         MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: text/plain\r\n\r\n\
         Please refund card {CARD} by Friday.\r\n\r\n--b\r\nContent-Type: text/html; name=\"<b>.html\"\r\n\
         Content-Disposition: attachment; filename=\"<b>.html\"\r\n\r\n<html><script>alert(1)</script>Pay to IBAN {IBAN}</html>\n--b--\r\n"
    );
    let handed = house.post("owner", "/api/v1/requests", json!({ "pilot": "north", "message": message })).await;
    let request = handed.json()["request"].as_str().unwrap().to_owned();
    house.until(&request, "in_review").await;
    let path = format!("/briefs/{}", request.replace("req_", "brf_"));
    let (seat, looks) = (house.seat("north-reviewer").await, house.seat("north-viewer").await);
    let page = seat.page(&path).await;
    assert!(!page.contains(CARD) && !page.contains(IBAN), "masked");
    assert!(page.contains("class=\"masked\"") && page.contains("[card1"), "{page}");
    let words = seat.page(&format!("{path}/files/1")).await;
    assert!(words.contains("[iban") && !words.contains("<script>alert") && !words.contains(IBAN), "{words}");
    let deeds = house.deeds().await;
    let all = Form::find(&page, &format!("{path}/reveal"), ("finding", "1")).unwrap();
    let shown = seat.send(&all, false).await;
    assert_eq!((shown.status, shown.header("cache-control")), (200, Some("no-store")));
    assert!(shown.body.contains(CARD) && shown.body.contains(IBAN), "{}", shown.body);
    let one = seat.send(&all.pressed("finding", "1"), false).await;
    assert!(one.body.contains(CARD) && !one.body.contains(IBAN), "{}", one.body);
    let file = Form::all(&page).into_iter().find(|form| form.to == format!("{path}/files/1")).unwrap();
    let bytes = seat.send(&file, false).await;
    assert_eq!((bytes.status, bytes.header("content-type")), (200, Some("application/octet-stream")));
    assert!(bytes.header("content-disposition").unwrap().starts_with("attachment; filename=\"req_"));
    assert_eq!(bytes.header("x-content-type-options"), Some("nosniff"));
    assert!(bytes.header("content-security-policy").unwrap().starts_with("sandbox; default-src 'none'"));
    assert!(bytes.body.contains("<script>alert(1)</script>"));
    assert_eq!(house.deeds().await, deeds + 3, "each is on record");
    let page = looks.page(&path).await;
    let key = Form::all(&page)[0].value("form_key").unwrap().to_owned();
    assert!(!page.contains("/reveal\"") || Form::find(&page, &format!("{path}/reveal"), ("finding", "1")).is_none());
    for tail in ["reveal", "files/1"] {
        let form =
            Form { to: format!("{path}/{tail}"), fields: vec![("form_key".into(), key.clone())], buttons: vec![] };
        assert_eq!(looks.send(&form, false).await.status, 403, "{tail}");
    }
    assert_eq!(house.deeds().await, deeds + 3);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn holding_letting_go_and_taking_over() {
    let house = House::new().await;
    let (brief, _) = house.brief("north", TEXT).await;
    let (path, to) = (format!("/briefs/{brief}"), format!("/briefs/{brief}/claim"));
    let (ada, bob) = (house.seat("owner").await, house.seat("north-reviewer").await);
    let press = |page: &str, act: &str| Form::find(page, &to, ("do", act)).map(|form| form.pressed("do", act));
    let opened = editing(&bob, &brief).await;
    let claim = press(&ada.page(&path).await, "claim").unwrap();
    assert_eq!(told(&ada.send(&claim, false).await), "held");
    let seen = bob.page(&path).await;
    assert!(seen.contains("owner</bdi></b> has claimed it") && press(&seen, "claim").is_none(), "{seen}");
    // Editing what somebody else took meanwhile is refused, and every word typed is still there.
    let edit = opened.with("summary", 0, "Mine & <mine>.").pressed("do", "save");
    let refused = bob.send(&edit, false).await;
    assert_eq!(refused.status, 409);
    let kept = Form::find(&refused.body, &format!("{path}/edit"), ("do", "save")).unwrap();
    assert_eq!(kept.value("summary"), Some("Mine & <mine>."));
    assert!(refused.body.contains("OP-4010"));
    if let Some(take) = press(&seen, "take_over") {
        assert_eq!(bob.send(&take, false).await.status, 303);
        let letting = press(&bob.page(&path).await, "let_go").unwrap();
        assert_eq!(told(&bob.send(&letting, false).await), "let-go");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_has_left_is_told_to_the_second_and_undoing_is_no_part_of_it() {
    let house = House::new().await;
    let (brief, digest) = house.brief("south", TEXT).await;
    queued(&house, &brief, &digest, "4711").await;
    let filter = crate::store::WriteFilter { brief: Some(brief.clone()), limit: 10, ..Default::default() };
    let waits = house.store.writes(&filter).await.unwrap().items.remove(0);
    let told = |writes: &[crate::store::WriteRow]| {
        let now = waits.due_at - jiff::SignedDuration::from_secs(27);
        crate::web::desk::Leaving::of(writes).told(now, &jiff::tz::TimeZone::UTC).into_string()
    };
    let left = crate::store::WriteRow {
        state: crate::domain::writeback::WriteState::Written,
        sent_at: Some(waits.due_at),
        ..waits.clone()
    };
    let undo = crate::store::WriteRow { undo_of: Some(waits.id.clone()), ..waits.clone() };
    let one = told(std::slice::from_ref(&waits));
    let second = waits.due_at.to_zoned(jiff::tz::TimeZone::UTC).strftime("%H:%M:%S UTC").to_string();
    assert!(one.contains("<b>Nothing has left yet</b> of 1 write,") && one.contains(&second), "{one}");
    assert!(one.contains("in 27 s"), "{one}");
    let two = told(&[left.clone(), waits.clone()]);
    assert!(two.contains("<b>1 of 2 has left</b>") && !two.contains("Nothing has left"), "{two}");
    assert_eq!(told(&[waits.clone(), undo.clone()]), one, "an undo is no write of the approval");
    assert_eq!(told(&[left, undo]), "", "nothing waits");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn small_changes_that_were_asked_for_stand_above_the_form() {
    let house = House::new().await;
    let (brief, digest) = house.brief("north", TEXT).await;
    let asked = json!({ "decision": "minor", "revision": digest, "comment": "Name the <b>day</b> they want." });
    assert_eq!(house.post("owner", &format!("/api/v1/briefs/{brief}/decision"), asked).await.status, 200);
    let page = house.seat("owner").await.page(&format!("/briefs/{brief}/edit")).await;
    let (above, _) = page.split_once("id=\"edit\"").unwrap();
    assert!(above.contains("Name the &lt;b&gt;day&lt;/b&gt; they want."), "{above}");
    // The band is no field: it goes with the score.
    assert!(!page.contains("name=\"band\"") && page.contains("name=\"score\""), "{page}");
    let body = json!({ "from": digest, "edits": [{ "path": "priority.band", "value": "urgent" }, { "path": "priority.score", "value": 5 }] });
    let refused = house.post("owner", &format!("/api/v1/briefs/{brief}/edit"), body).await;
    assert!(refused.status >= 400 && refused.body.contains("OP-7013"), "{}: {}", refused.status, refused.body);
}
