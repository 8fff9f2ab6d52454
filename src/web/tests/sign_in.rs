//! Signing in as browsers do it, on the real router: links, passwords, cookies, forms of other sites. Own file because here somebody unknown
//! gets in.

use super::client::{Reply, request, send};
use super::house::House;
use crate::web::desk;
use std::collections::BTreeMap;

const GOOD: &str = "four tin whistles";

/// A browser: keeps its cookies, and finds the key in the form that it was shown.
pub(super) struct Browser<'h> {
    house: &'h House,
    cookies: BTreeMap<String, String>,
    page: String,
}

fn encoded(fields: &[(&str, &str)]) -> String {
    let pair = |(name, value): &(&str, &str)| format!("{}={}", desk::encode(name), desk::encode(value));
    fields.iter().map(pair).collect::<Vec<_>>().join("&")
}

impl<'h> Browser<'h> {
    fn new(house: &'h House) -> Self {
        Self { house, cookies: BTreeMap::new(), page: String::new() }
    }

    pub(super) fn cookie_line(&self) -> String {
        let pairs: Vec<String> = self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
        format!("cookie: {}", pairs.join("; "))
    }

    async fn send(&mut self, method: &str, path: &str, more: &[&str], body: &str) -> Reply {
        let mut headers = vec![self.cookie_line(), "user-agent: Test Browser".to_owned()];
        if method == "POST" {
            headers.push("content-type: application/x-www-form-urlencoded".into());
        }
        headers.extend(more.iter().map(|line| (*line).to_owned()));
        let reply = send(self.house.address, &request(method, path, &headers, body)).await;
        for line in reply.all("set-cookie") {
            let (name, rest) = line.split_once('=').unwrap();
            let (value, attributes) = rest.split_once("; ").unwrap();
            assert!(name.starts_with("__Host-"), "{line}");
            for wanted in ["Path=/", "HttpOnly", "SameSite=Lax", "Secure"] {
                assert!(attributes.split("; ").any(|one| one == wanted), "{line}");
            }
            if attributes.contains("Max-Age=0") {
                self.cookies.remove(name);
            } else {
                self.cookies.insert(name.to_owned(), value.to_owned());
            }
        }
        reply
    }

    pub(super) async fn get(&mut self, path: &str) -> Reply {
        let reply = self.send("GET", path, &[], "").await;
        self.page.clone_from(&reply.body);
        reply
    }

    /// As [`Self::get`], saying what is understood.
    pub(super) async fn asking(&mut self, path: &str, accept: &str) -> Reply {
        self.send("GET", path, &[&format!("accept: {accept}")], "").await
    }

    fn key(&self) -> String {
        let (_, rest) = self.page.split_once("name=\"form_key\" value=\"").expect("a form");
        rest.split('"').next().unwrap().to_owned()
    }

    pub(super) async fn post(&mut self, path: &str, fields: &[(&str, &str)]) -> Reply {
        let key = self.key();
        let body = format!("form_key={key}&{}", encoded(fields));
        self.send("POST", path, &["origin: https://desk.example", "sec-fetch-site: same-origin"], &body).await
    }

    fn session(&self) -> Option<&str> {
        self.cookies.get("__Host-opspilot").map(String::as_str)
    }

    /// In by a link, as whom.
    pub(super) async fn by_link(house: &'h House, who: &str) -> Self {
        let mut browser = Self::new(house);
        let link = link(house, who).await;
        browser.get(&link).await;
        let reply = browser.post(&link, &[]).await;
        assert_eq!((reply.status, reply.header("location")), (303, Some("/account")), "{}", reply.body);
        browser
    }

    /// Whether the desk knows whom it speaks with.
    async fn is_in(&mut self) -> bool {
        self.get("/account").await.status == 200
    }
}

async fn link(house: &House, who: &str) -> String {
    let owner = house.access.person("owner").await.unwrap();
    format!("/sign-in/link/{}", house.access.invite(&owner, who).await.unwrap().secret)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_link_that_is_looked_at_by_programs_is_still_good_and_once_used_is_not() {
    let house = House::new().await;
    let link = link(&house, "north-viewer").await;
    let before = house.deeds().await;
    let mut scanner = Browser::new(&house);
    for method in ["GET", "HEAD", "OPTIONS", "GET", "PROPFIND"] {
        scanner.send(method, &link, &[], "").await;
    }
    // Nor does a form that was never shown to this browser count, or one of another site.
    for more in [&[][..], &["origin: https://evil.example"], &["sec-fetch-site: cross-site"]] {
        let reply = Browser::new(&house).send("POST", &link, more, "form_key=x").await;
        assert_eq!(reply.status, 403, "{more:?}");
    }
    let mut other = Browser::new(&house);
    other.get(&link).await;
    let mut victim = Browser::new(&house);
    victim.get(&link).await;
    let reply = victim.send("POST", &link, &[], &format!("form_key={}", other.key())).await;
    assert_eq!(reply.status, 403, "the key of another browser");
    assert_eq!(house.deeds().await, before, "something was done");
    let reply = other.post(&link, &[]).await;
    assert_eq!(reply.status, 303);
    assert!(other.is_in().await);
    assert_eq!(victim.post(&link, &[]).await.status, 404, "used");
    assert!(Browser::new(&house).get(&link).await.body.contains("OP-5111"));
    assert_eq!(Browser::new(&house).get("/sign-in/link/opi_guess").await.status, 404);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_secret_that_was_there_before_is_never_taken_over() {
    let house = House::new().await;
    let mut browser = Browser::new(&house);
    let planted = format!("ops_{}", "A".repeat(43));
    browser.cookies.insert("__Host-opspilot".into(), planted.clone());
    assert!(!browser.is_in().await);
    let link = link(&house, "north-viewer").await;
    browser.get(&link).await;
    browser.post(&link, &[]).await;
    let first = browser.session().unwrap().to_owned();
    assert!(first != planted && browser.is_in().await);
    // A password that is set, and signing in again, each give a new one and end the old.
    let reply = browser.post("/account/password", &[("password", GOOD)]).await;
    assert_eq!((reply.status, reply.header("location")), (303, Some("/account")), "{}", reply.body);
    let second = browser.session().unwrap().to_owned();
    browser.get("/sign-in?again=yes").await;
    let reply = browser.post("/sign-in", &[("to", "/people"), ("name", "north-viewer"), ("password", GOOD)]).await;
    assert_eq!((reply.status, reply.header("location")), (303, Some("/people")), "{}", reply.body);
    assert!(browser.is_in().await);
    let third = browser.session().unwrap().to_owned();
    for old in [first, second, planted] {
        let mut thief = Browser::new(&house);
        thief.cookies.insert("__Host-opspilot".into(), old);
        assert!(!thief.is_in().await);
    }
    // Nor does it count twice in a line, or under the name without TLS, or as a token.
    let mut thief = Browser::new(&house);
    thief.cookies.insert("opspilot".into(), third.clone());
    assert!(!thief.is_in().await);
    let reply = thief
        .send("GET", "/account", &[&format!("cookie: __Host-opspilot={third}; __Host-opspilot={third}")], "")
        .await;
    assert_eq!(reply.status, 303);
    let bearer = format!("authorization: Bearer {third}");
    assert_eq!(send(house.address, &request("GET", "/api/v1/users", &[bearer], "")).await.status, 401);
    // Leaving ends it for whoever has a copy.
    browser.get("/account").await;
    let reply = browser.post("/sign-out", &[]).await;
    assert_eq!((reply.status, reply.header("location")), (303, Some("/sign-in")));
    assert!(browser.session().is_none());
    thief.cookies = BTreeMap::from([("__Host-opspilot".to_owned(), third)]);
    assert!(!thief.is_in().await);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_wrong_name_and_a_wrong_password_look_the_same_and_tries_end() {
    let house = House::new().await;
    let mut browser = Browser::by_link(&house, "north-viewer").await;
    browser.get("/account").await;
    browser.post("/account/password", &[("password", GOOD)]).await;
    let mut pages = Vec::new();
    for (name, password) in [("north-viewer", "not that one at all"), ("nobody-here", "not that one at all")] {
        let mut browser = Browser::new(&house);
        browser.get("/sign-in").await;
        let reply = browser.post("/sign-in", &[("to", "/"), ("name", name), ("password", password)]).await;
        assert_eq!(reply.status, 401);
        assert!(!reply.body.contains(password), "what was typed into the field of passwords is not shown again");
        pages.push(reply.body.replace(name, "NAME").replace(&browser.key(), "KEY"));
    }
    assert_eq!(pages[0], pages[1]);
    let mut browser = Browser::new(&house);
    browser.get("/sign-in").await;
    let fields = [("to", "/"), ("name", "south-viewer"), ("password", "not that one at all")];
    for expected in [401, 401, 401, 401, 401, 429, 429] {
        let reply = browser.post("/sign-in", &fields).await;
        assert_eq!(reply.status, expected);
        assert_eq!(reply.header("retry-after").is_some(), expected == 429);
        assert!(browser.session().is_none());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn people_are_the_business_of_who_manages_them() {
    let house = House::new().await;
    let mut owner = Browser::by_link(&house, "owner").await;
    let mut viewer = Browser::by_link(&house, "north-viewer").await;
    assert_eq!(viewer.get("/people").await.status, 403);
    viewer.get("/account").await;
    assert!(!viewer.page.contains("/people"), "no way is shown that leads nowhere");
    let person = house.store.person("south-viewer").await.unwrap().id;
    let theirs = house.store.person("owner").await.unwrap().id;
    let owners = house.store.sessions(Some(&theirs)).await.unwrap().remove(0).id;
    let before = house.deeds().await;
    for path in [
        format!("/people/{person}/link"),
        format!("/people/{person}/sign-out"),
        format!("/people/{person}/disable"),
        format!("/people/sessions/{owners}/end"),
        format!("/account/sessions/{owners}/end"),
        "/people/usr_00000000000000000000000000/link".into(),
    ] {
        let reply = viewer.post(&path, &[]).await;
        assert!([303, 403, 404].contains(&reply.status), "{path}: {}", reply.status);
    }
    let new = [("name", "eve"), ("email", ""), ("role", "owner"), ("scope", "all")];
    assert_eq!(viewer.post("/people", &new).await.status, 403);
    assert_eq!(house.deeds().await, before, "something was done");
    assert!(owner.is_in().await);
    // The owner makes somebody and a link, which is shown once and lets them in.
    owner.get("/people").await;
    let reply =
        owner.post("/people", &[("name", "eve"), ("email", ""), ("role", "viewer"), ("scope", "pilot:north")]).await;
    assert_eq!(reply.status, 200, "{}", reply.body);
    let (_, rest) = reply.body.split_once("https://desk.example/sign-in/link/").unwrap();
    let path = format!("/sign-in/link/{}", rest.split('<').next().unwrap());
    assert!(!owner.get("/people").await.body.contains("opi_"));
    let mut eve = Browser::new(&house);
    eve.get(&path).await;
    eve.post(&path, &[]).await;
    assert!(eve.is_in().await && eve.page.contains("Test Browser"));
    let id = house.store.person("eve").await.unwrap().id;
    assert_eq!(owner.post(&format!("/people/{id}/disable"), &[]).await.status, 303);
    assert!(!eve.is_in().await, "at once");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_look_at_the_desk_and_no_form_of_another_site_changes_anything() {
    let house = House::new().await;
    let mut owner = Browser::by_link(&house, "owner").await;
    let (brief, _) = house.brief("north", "We need 12 crates by Monday.").await;
    let suffix = brief.replace("brf_", "");
    owner.get("/account").await;
    let key = owner.key();
    let before = house.deeds().await;
    let mut looked = 0;
    for (method, path) in desk::addresses() {
        for kind in ["brf", "req", "ses", "usr", "inv", "pky"] {
            let path = path
                .replace("{id}", &format!("{kind}_{suffix}"))
                .replace("{secret}", "opi_x")
                .replace("{name}", "north");
            for look in ["GET", "HEAD", "OPTIONS", "PUT", "DELETE"] {
                if path != "/events" {
                    owner.send(look, &path, &[], "").await;
                    looked += 1;
                }
            }
            if method == "POST" {
                // Another site's form brings the cookie in the worst case, and cannot know the key; one that knew the key shows itself.
                for (more, body) in [
                    (&["origin: https://evil.example"][..], format!("form_key={key}")),
                    (&["sec-fetch-site: cross-site"], format!("form_key={key}")),
                    (&["sec-fetch-site: same-site"], format!("form_key={key}")),
                    (&["origin: null"], format!("form_key={key}")),
                    (&[], String::new()),
                    (&[], "form_key=".to_owned()),
                    (&[], format!("form_key={}", &key[1..])),
                ] {
                    let reply = owner.send("POST", &path, more, &body).await;
                    assert_eq!(reply.status, 403, "{path} {more:?} {body}: {}", reply.body);
                }
            }
        }
    }
    assert!(looked > 100);
    assert_eq!(house.deeds().await, before, "something was done");
    assert!(owner.is_in().await);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_typed_outlives_a_session_but_no_password_is_shown_for_it() {
    let house = House::new().await;
    let mut owner = Browser::by_link(&house, "owner").await;
    owner.get("/people").await;
    let mut late = Browser { house: &house, cookies: BTreeMap::new(), page: owner.page.clone() };
    let reply =
        late.post("/people", &[("name", "typed-before"), ("email", ""), ("role", "viewer"), ("scope", "all")]).await;
    assert_eq!(reply.status, 401);
    assert!(reply.body.contains("typed-before"), "{}", reply.body);
    let reply = late.post("/account/password", &[("present", GOOD), ("password", "moth-lantern-gravel")]).await;
    assert_eq!(reply.status, 401);
    assert!(!reply.body.contains(GOOD) && !reply.body.contains("moth-lantern-gravel"), "{}", reply.body);
    assert!(reply.body.contains("type=\"password\" name=\"present\""));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_interface_shows_and_ends_what_the_desk_does() {
    let house = House::new().await;
    let mut viewer = Browser::by_link(&house, "north-viewer").await;
    let mut other = Browser::by_link(&house, "north-viewer").await;
    let own = house.get("north-viewer", "/api/v1/sessions").await;
    assert_eq!(own["items"].as_array().unwrap().len(), 2);
    assert_eq!(
        (own["items"][0]["via"].as_str(), own["items"][0]["agent"].as_str()),
        (Some("invitation"), Some("Test Browser"))
    );
    assert!(!own.to_string().contains("ops_"));
    for path in ["/api/v1/sessions?all=true", "/api/v1/invitations"] {
        assert_eq!(house.ask("north-viewer", "GET", path, "").await.status, 403, "{path}");
    }
    let id = own["items"][0]["id"].as_str().unwrap();
    // Another's session is none, to whoever may not know of it.
    let reply = house.ask("south-viewer", "DELETE", &format!("/api/v1/sessions/{id}"), "").await;
    assert_eq!(reply.status, 404, "{}", reply.body);
    assert_eq!(house.ask("north-viewer", "DELETE", &format!("/api/v1/sessions/{id}"), "").await.status, 200);
    assert!(viewer.is_in().await && !other.is_in().await);
    let reply = house.ask("owner", "POST", "/api/v1/users/north-viewer/sign-out", "").await;
    assert_eq!((reply.status, reply.json()["ended"].as_u64()), (200, Some(1)));
    assert!(!viewer.is_in().await);
    for who in ["north-viewer", "nobody", "narrow"] {
        let reply = house.ask(who, "POST", "/api/v1/users/owner/link", "").await;
        assert_eq!(reply.status, 403, "{who}: {}", reply.body);
    }
    let made = house.ask("owner", "POST", "/api/v1/users/north-viewer/link", "").await;
    assert_eq!(made.status, 201, "{}", made.body);
    let made = made.json();
    let link = made["secret"].as_str().unwrap().strip_prefix("https://desk.example").unwrap().to_owned();
    let open = house.get("owner", "/api/v1/invitations").await;
    assert_eq!(open["items"].as_array().unwrap().iter().filter(|one| one["id"] == made["id"]).count(), 1);
    assert!(!open.to_string().contains("opi_"));
    let end = format!("/api/v1/invitations/{}", made["id"].as_str().unwrap());
    assert_eq!(house.ask("north-viewer", "DELETE", &end, "").await.status, 403);
    assert_eq!(house.ask("owner", "DELETE", &end, "").await.status, 200);
    assert_eq!(Browser::new(&house).get(&link).await.status, 404);
    // A password by token, for tokens that carry everything.
    let body = r#"{"password":"four tin whistles"}"#;
    assert_eq!(house.ask("narrow", "POST", "/api/v1/password", body).await.status, 403);
    assert_eq!(
        house.ask("north-viewer", "POST", "/api/v1/password", r#"{"password":"password1234"}"#).await.status,
        422
    );
    assert_eq!(house.ask("north-viewer", "POST", "/api/v1/password", body).await.status, 200);
    let mut browser = Browser::new(&house);
    browser.get("/sign-in").await;
    let fields = [("to", "/"), ("name", "north-viewer"), ("password", GOOD)];
    assert_eq!(browser.post("/sign-in", &fields).await.status, 303);
    assert_eq!(house.ask("north-viewer", "DELETE", "/api/v1/users/north-viewer/password", "").await.status, 403);
    assert_eq!(house.ask("owner", "DELETE", "/api/v1/users/north-viewer/password", "").await.status, 200);
    assert!(!browser.is_in().await);
}
