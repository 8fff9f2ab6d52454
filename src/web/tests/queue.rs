//! The queue and what stands beside it, as a browser asks for them: filters, counts, claims, views, news, figures, timeline. Own file
//! because these screens are of many briefs at once.

use super::client::{PATIENCE, request};
use super::house::{CANARY, House};
use super::sign_in::Browser;
use serde_json::json;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

/// Whether each of these stands in a page, in this order.
fn stand(page: &str, wanted: &[&str]) -> bool {
    let mut rest = page;
    wanted.iter().all(|one| {
        rest.find(one).is_some_and(|at| {
            rest = &rest[at..];
            true
        })
    })
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_queue_holds_what_its_reader_may_see_and_counts_it() {
    let house = House::new().await;
    let (first, _) = house.brief("north", "We need 12 crates by Monday.").await;
    let (second, _) = house.brief("north", "Please send 40 chairs by Friday, it is urgent.").await;
    let (hidden, _) = house.brief("south", &format!("We sell {CANARY} and need 12 crates of it by Monday.")).await;
    let mut north = Browser::by_link(&house, "north-reviewer").await;
    let page = north.get("/").await;
    assert_eq!(page.status, 200, "{}", page.body);
    for there in [&first, &second] {
        assert!(page.body.contains(&format!("data-row=\"{there}\"")), "{}", page.body);
    }
    assert!(!page.body.contains(&hidden) && !page.body.contains(CANARY) && !page.body.contains("globex"));
    assert!(page.body.contains("<strong>2 briefs</strong>"), "{}", page.body);
    assert!(!page.body.contains("style=") && !page.body.contains("approve"), "{}", page.body);
    // What the desk shows, the interface says.
    let told = house.ask("north-reviewer", "GET", "/api/v1/queue", "").await.json();
    assert_eq!((told["total"].as_u64(), told["backlog"]["free"].as_u64()), (Some(2), Some(2)), "{told}");
    for bad in ["/?band=soon", "/?age=later", "/?colour=red", "/?cursor=9.x", "/?view=none", "/?pilot=south"] {
        let reply = north.get(bad).await;
        assert!(matches!(reply.status, 400 | 404), "{bad}: {}", reply.status);
    }
    let page = north.get("/?holder=me").await;
    assert!(page.body.contains("No brief fits these filters."), "{}", page.body);
    let mut nobody = Browser::by_link(&house, "nobody").await;
    let page = nobody.get("/").await;
    assert_eq!(page.status, 403, "{}", page.body);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn briefs_are_claimed_let_go_and_taken_along_but_never_approved_together() {
    let house = House::new().await;
    let (first, _) = house.brief("north", "We need 12 crates by Monday.").await;
    let (second, _) = house.brief("north", "Please send 40 chairs by Friday.").await;
    let (foreign, _) = house.brief("south", "We need 12 crates by Monday.").await;
    let mut north = Browser::by_link(&house, "north-reviewer").await;
    north.get("/").await;
    let one = format!("claim.{first}");
    let reply = north.post("/queue", &[("back", ""), ("one", &one)]).await;
    assert_eq!((reply.status, reply.header("location")), (303, Some("/")), "{}", reply.body);
    let page = north.get("/?holder=me").await;
    assert!(page.body.contains(&first) && !page.body.contains(&second), "{}", page.body);
    assert!(stand(&page.body, &["<strong>you</strong>", "free."]), "{}", page.body);
    // Somebody else sees who holds it, and may take it over; claiming alone is refused.
    let mut owner = Browser::by_link(&house, "owner").await;
    let page = owner.get("/").await;
    assert!(page.body.contains(&format!("take.{first}")) && page.body.contains("north-reviewer"), "{}", page.body);
    let reply = owner.post("/queue", &[("back", ""), ("one", &one)]).await;
    assert_eq!(reply.status, 409, "{}", reply.body);
    let reply = owner.post("/queue", &[("back", "band=low"), ("one", &format!("take.{first}"))]).await;
    assert_eq!(reply.header("location"), Some("/?band=low"), "{}", reply.body);
    // Several at once: what others hold, and what is not theirs, is left as it was.
    north.get("/").await;
    let several = [("back", ""), ("brief", first.as_str()), ("brief", &second), ("brief", &foreign), ("act", "claim")];
    let reply = north.post("/queue", &several).await;
    assert_eq!(reply.header("location"), Some("/"), "{}", reply.body);
    let held = async |brief: &str| house.store.brief(&brief.parse().unwrap()).await.unwrap().claim.is_some();
    assert_eq!((held(&second).await, held(&foreign).await), (true, false));
    for act in ["approve", "take", "reject", ""] {
        let reply = north.post("/queue", &[("back", ""), ("brief", &second), ("act", act)]).await;
        assert_eq!(reply.status, 422, "{act}: {}", reply.body);
    }
    let reply = north.post("/queue", &[("back", ""), ("act", "claim")]).await;
    assert_eq!(reply.header("location"), Some("/"));
    let reply = north.post("/queue", &[("back", ""), ("brief", &second), ("act", "export")]).await;
    assert_eq!((reply.status, reply.body.lines().count()), (200, 2), "{}", reply.body);
    assert!(reply.header("content-type").unwrap().starts_with("text/csv"));
    let reply = north.post("/queue", &[("back", ""), ("brief", &foreign), ("act", "export")]).await;
    assert_eq!(reply.status, 404, "{}", reply.body);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_search_finds_what_its_reader_sees_and_not_what_is_masked() {
    let house = House::new().await;
    let (brief, _) =
        house.brief_of("north", "Card 4539 1488 0343 6467 paid about crates", "We need 12 crates by Monday.").await;
    let found = async |words: &str| {
        let path = format!("/api/v1/queue?text={}", crate::web::desk::encode(words));
        house.ask("north-reviewer", "GET", &path, "").await.json()["total"].as_u64().unwrap()
    };
    let shown = house.ask("north-reviewer", "GET", "/api/v1/queue", "").await.json();
    let subject = shown["items"][0]["subject"].as_str().unwrap().to_owned();
    assert!(!subject.contains("6467"), "the boundary of this house masks numbers of cards: {subject}");
    assert_eq!((found("CRATES").await, found("about crates").await, found(&brief).await), (1, 1, 1));
    assert_eq!((found("6467").await, found("4539 1488").await, found("chairs").await), (0, 0, 0), "{subject}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_view_is_saved_shown_and_dropped_in_every_face() {
    let house = House::new().await;
    let (brief, _) = house.brief("north", "We need 12 crates by Monday.").await;
    let mut north = Browser::by_link(&house, "north-reviewer").await;
    north.get("/?holder=nobody").await;
    let reply = north.post("/views", &[("name", "Free & mine"), ("query", "holder=nobody")]).await;
    assert_eq!(reply.header("location"), Some("/?view=Free+%26+mine"), "{}", reply.body);
    let page = north.get("/?view=Free+%26+mine").await;
    assert!(page.body.contains(&brief) && page.body.contains("Free &amp; mine"), "{}", page.body);
    let ask = async |who: &str, method: &str, path: &str, body: &str| house.ask(who, method, path, body).await;
    let views = ask("north-reviewer", "GET", "/api/v1/views", "").await.json();
    assert_eq!(
        (views["items"][0]["name"].as_str(), views["items"][0]["query"].as_str()),
        (Some("Free & mine"), Some("holder=nobody"))
    );
    assert_eq!(ask("owner", "GET", "/api/v1/views", "").await.json()["items"], json!([]));
    let by_view = ask("north-reviewer", "GET", "/api/v1/queue?view=Free%20%26%20mine", "").await.json();
    assert_eq!(by_view["filters"], json!({ "holder": "nobody" }));
    for bad in [
        json!({ "name": "x", "query": "colour=red" }),
        json!({ "name": " ", "query": "" }),
        json!({ "name": "x", "query": "band=a&band=a" }),
    ] {
        let reply = ask("north-reviewer", "POST", "/api/v1/views", &bad.to_string()).await;
        assert!(matches!(reply.status, 400 | 422), "{bad}: {}", reply.body);
    }
    let reply = ask("north-reviewer", "DELETE", "/api/v1/views/Free%20%26%20mine", "").await;
    assert_eq!(reply.status, 200, "{}", reply.body);
    assert_eq!(north.get("/?view=Free+%26+mine").await.status, 404);
}

/// Reads a stream until these words have come.
async fn until(stream: &mut TcpStream, heard: &mut String, words: &str) {
    let wait = async {
        let mut bytes = [0; 4096];
        while !heard.contains(words) {
            let count = stream.read(&mut bytes).await.unwrap();
            assert!(count > 0, "the stream ended: {heard}");
            heard.push_str(&String::from_utf8_lossy(&bytes[..count]));
        }
    };
    tokio::time::timeout(PATIENCE, wait).await.unwrap_or_else(|_| panic!("never heard `{words}`"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_open_page_hears_what_happens_and_a_closing_house_does_not_wait_for_it() {
    let mut house = House::new().await;
    let (brief, _) = house.brief("north", "We need 12 crates by Monday.").await;
    let mut north = Browser::by_link(&house, "north-reviewer").await;
    let page = north.get("/").await.body;
    let after = page.split("data-after=\"").nth(1).unwrap().split('"').next().unwrap().to_owned();
    let cookie = north.cookie_line();
    let mut stream = TcpStream::connect(house.address).await.unwrap();
    let path = format!("/events?after={after}");
    stream.write_all(&request("GET", &path, std::slice::from_ref(&cookie), "")).await.unwrap();
    let mut heard = String::new();
    until(&mut stream, &mut heard, "retry:").await;
    assert!(heard.contains("text/event-stream"), "{heard}");
    let (foreign, _) = house.brief("south", &format!("We sell {CANARY} and need 12 crates of it by Monday.")).await;
    let reply = house.ask("north-reviewer", "POST", &format!("/api/v1/briefs/{brief}/claim"), "").await;
    assert_eq!(reply.status, 200, "{}", reply.body);
    until(&mut stream, &mut heard, "\"claimed\"").await;
    assert!(heard.contains(&brief) && !heard.contains(&foreign), "{heard}");
    // A page of long ago is told to load again, and no stream outlives the server.
    house.stop.cancel();
    let mut rest = Vec::new();
    tokio::time::timeout(PATIENCE, stream.read_to_end(&mut rest)).await.expect("the stream goes on").unwrap();
    let served = house.served.take().unwrap();
    tokio::time::timeout(PATIENCE, served).await.expect("the server waits for a stream").unwrap().unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn owners_see_figures_operators_the_house_and_readers_a_timeline() {
    let house = House::new().await;
    let (brief, digest) = house.brief("north", "We need 12 crates by Monday.").await;
    let body = json!({ "decision": "reject", "revision": digest, "reason": "spam" }).to_string();
    let reply = house.ask("north-reviewer", "POST", &format!("/api/v1/briefs/{brief}/decision"), &body).await;
    assert_eq!(reply.status, 200, "{}", reply.body);
    let mut owner = Browser::by_link(&house, "owner").await;
    let page = owner.get("/figures?pilot=north").await;
    assert_eq!(page.status, 200, "{}", page.body);
    for set in ["volume", "first-draft", "decision", "verdicts", "sections", "reasons", "spend", "backlog"] {
        assert!(page.body.contains(&format!("<section class=\"card figures\" id=\"{set}\"")), "{set}: {}", page.body);
    }
    assert!(page.body.contains("spam or an attempt to deceive") && !page.body.contains("style="), "{}", page.body);
    let told = house.ask("owner", "GET", "/api/v1/pilots/north/figures", "").await.json();
    let set = |key: &str| told["sets"].as_array().unwrap().iter().find(|set| set["key"] == key).unwrap().clone();
    assert_eq!((set("volume")["rows"].as_u64(), set("reasons")["rows"].as_u64()), (Some(3), Some(1)), "{told}");
    let file = owner.get("/figures/reasons?pilot=north&format=csv").await;
    assert_eq!(file.body, "\"reason\",\"rejections\"\r\n\"spam or an attempt to deceive\",\"1\"\r\n");
    let file = owner.get("/figures/reasons?pilot=north&format=json").await;
    assert_eq!(file.json()["says"], "Most often: spam or an attempt to deceive, 100 % (1 of 1).");
    for bad in
        ["/figures?pilot=north&from=soon", "/figures/none?pilot=north", "/figures/reasons?pilot=north&format=xml"]
    {
        assert!(matches!(owner.get(bad).await.status, 400 | 404), "{bad}");
    }
    let page = owner.get("/operations").await;
    assert_eq!(page.status, 200, "{}", page.body);
    let told = house.ask("owner", "GET", "/api/v1/operations", "").await.json();
    assert_eq!(
        (told["queues"]["requests"].as_u64(), told["queues"]["undecided"].as_u64()),
        (Some(1), Some(0)),
        "{told}"
    );
    let request = brief.replace("brf_", "req_");
    let mut north = Browser::by_link(&house, "north-reviewer").await;
    let page = north.get(&format!("/requests/{request}")).await;
    assert_eq!(page.status, 200, "{}", page.body);
    assert!(stand(&page.body, &["received", "accepted", "step", "drafted", "decided"]), "{}", page.body);
    // Neither the figures nor the house nor a request is for those whose they are not.
    let mut south = Browser::by_link(&house, "south-reviewer").await;
    let page = south.get("/").await.body;
    assert!(!page.contains("href=\"/operations\""), "{page}");
    assert_eq!(south.get("/operations").await.status, 403);
    assert_eq!(south.get("/figures?pilot=north").await.status, 404);
    assert_eq!(south.get("/figures/volume?pilot=north").await.status, 404);
    assert_eq!(south.get(&format!("/requests/{request}")).await.status, 404);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn names_of_what_is_not_seen_make_no_list_heavy() {
    let house = House::new().await;
    let hidden = "\u{200b}\u{200c}".repeat(30);
    let mut last = String::new();
    for number in 0..50 {
        let words = format!("{number} {hidden}<b>&\"");
        let fields = json!({ "subject": words, "name": words, "organisation": words, "text": format!("Please answer {number}.") });
        let handed = house.post("owner", "/api/v1/requests", json!({ "pilot": "north", "fields": fields })).await;
        assert_eq!(handed.status, 202, "{}", handed.body);
        last = handed.json()["request"].as_str().unwrap().to_owned();
    }
    for view in
        house.store.requests(&crate::store::RequestFilter { limit: 100, ..Default::default() }).await.unwrap().items
    {
        house.until(view.request.id.as_str(), "in_review").await;
    }
    let mut owner = Browser::by_link(&house, "owner").await;
    for path in ["/".to_owned(), format!("/requests/{last}"), format!("/briefs/{}", last.replace("req_", "brf_"))] {
        let page = owner.get(&path).await;
        assert_eq!(page.status, 200, "{path}: {}", page.body);
        assert!(page.body.contains("U+200B") && !page.body.contains('\u{200b}'), "{path}");
        assert!(page.body.len() < 100_000, "{path}: {} bytes", page.body.len());
        eprintln!("{path}: {} bytes", page.body.len());
    }
    let page = owner.get("/").await.body;
    assert_eq!(page.matches("data-row=").count(), 50);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_view_of_nothing_can_be_dropped() {
    let house = House::new().await;
    let mut north = Browser::by_link(&house, "north-reviewer").await;
    north.get("/").await;
    assert_eq!(north.post("/views", &[("name", "Mine"), ("query", "holder=me")]).await.status, 303);
    let page = north.get("/?view=Mine").await.body;
    assert!(page.contains("No") && page.contains("action=\"/views/drop\""), "{page}");
    assert_eq!(north.post("/views/drop", &[("name", "Mine")]).await.status, 303);
    assert!(!north.get("/").await.body.contains("view=Mine"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_done_is_told_once_and_never_because_an_address_says_so() {
    let house = House::new().await;
    let (brief, _) = house.brief("north", "We need 12 crates by Monday.").await;
    let mut north = Browser::by_link(&house, "north-reviewer").await;
    let forged = north.get(&format!("/briefs/{brief}?said=approved")).await;
    assert!(forged.status == 400 && !forged.body.contains("Approved."), "{}", forged.body);
    north.get("/").await;
    let reply = north.post("/queue", &[("back", ""), ("one", &format!("claim.{brief}"))]).await;
    assert_eq!(reply.header("location"), Some("/"));
    // It is for the page that comes next, and for no other.
    assert!(!north.get("/paste").await.body.contains("Claimed: others see"));
    let page = north.get("/").await;
    assert!(page.body.contains("Claimed: others see"), "{}", page.body);
    assert!(page.header("set-cookie").unwrap().contains("Max-Age=0"));
    assert!(!north.get("/").await.body.contains("Claimed: others see"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_refusal_is_a_page_with_the_way_back_and_with_what_was_typed() {
    let house = House::new().await;
    let (brief, _) = house.brief("north", "We need 12 crates by Monday.").await;
    let mut owner = Browser::by_link(&house, "owner").await;
    for (path, status) in
        [("/nonsense", 404), ("/queue", 405), (&*format!("/briefs/{brief}/decide"), 405), ("/account/password", 405)]
    {
        let page = owner.asking(path, "text/html,application/xhtml+xml").await;
        assert_eq!((page.status, page.header("content-type")), (status, Some("text/html; charset=utf-8")), "{path}");
        assert!(stand(&page.body, &["aria-label=\"Main\"", "role=\"alert\"", "Back to"]), "{path}: {}", page.body);
        let told = owner.asking(path, "application/json").await;
        assert_eq!((told.status, told.header("content-type")), (status, Some("application/problem+json")), "{path}");
    }
    let api = owner.asking("/api/v1/nonsense", "text/html").await;
    assert_eq!(api.header("content-type"), Some("application/problem+json"));
    // What was typed stands in the form again, but for secrets.
    owner.get("/people").await;
    let person = [("name", "Not A Name!"), ("email", "x@example.org"), ("role", "reviewer"), ("scope", "all")];
    let refused = owner.post("/people", &person).await;
    assert!(refused.status >= 400, "{}", refused.status);
    let wanted = [
        "aria-label=\"Main\"",
        "role=\"alert\"",
        "action=\"/people\"",
        "value=\"Not A Name!\"",
        "value=\"x@example.org\"",
    ];
    assert!(stand(&refused.body, &wanted), "{}", refused.body);
    owner.get("/account").await;
    let weak = owner.post("/account/password", &[("name", "owner"), ("present", ""), ("password", "hunter2")]).await;
    assert!(
        weak.status >= 400 && weak.body.contains("type=\"password\"") && !weak.body.contains("hunter2"),
        "{}",
        weak.body
    );
    // And whoever says that it was in their way need not copy it.
    let given =
        owner.post("/feedback", &[("screen", "/account"), ("item", ""), ("text", "It took no password.")]).await;
    let page = owner.get(given.header("location").unwrap()).await.body;
    assert!(page.contains("refused on /account/password") && page.contains("OP-"), "{page}");
    assert!(page.contains("<a href=\"/account\">/account</a>"), "{page}");
    // The longest text that the form takes is taken, in any letters.
    owner.get("/paste").await;
    let long = "Ж".repeat(190_000);
    let pasted = owner.post("/paste", &[("once", "x1"), ("pilot", "north"), ("text", &long)]).await;
    assert_eq!(pasted.status, 303, "{}", pasted.body);
}
