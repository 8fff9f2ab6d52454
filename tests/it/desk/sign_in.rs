//! Getting in and out as people do, in a real browser: a link, a password, a passkey, single sign-on with a real provider.

use crate::browser::{Browser, Visitor};
use crate::daemon::{Setup, TestDaemon};
use crate::node_programs::Program;
use crate::wait::until;
use serde_json::Value;
use std::net::TcpListener;

const GOOD: &str = "four tin whistles";

/// A free port, and the origin under which the desk on it is known: a name, because browsers allow passkeys for names alone.
fn origin() -> (u16, String) {
    let port = TcpListener::bind(("127.0.0.1", 0)).unwrap().local_addr().unwrap().port();
    (port, format!("http://localhost:{port}"))
}

fn at(setup: Setup, port: u16, origin: &str) -> Setup {
    setup
        .without_drop()
        .env("OPSPILOT__WEB__LISTEN", format!("127.0.0.1:{port}"))
        .env("OPSPILOT__WEB__BASE_URL", origin)
}

fn desk() -> (TestDaemon, String) {
    let (port, origin) = origin();
    (at(Setup::sqlite(), port, &origin).start(), origin)
}

/// The path of a link for somebody.
fn link(daemon: &TestDaemon, name: &str) -> String {
    let told = daemon.cli(&["user", "link", name]);
    assert_eq!(told.code(), 0, "{}", told.err);
    let (_, path) = told.out.trim().split_once("/sign-in/").unwrap();
    format!("/sign-in/{path}")
}

fn by_link(daemon: &TestDaemon, visitor: &Visitor, name: &str) {
    assert_eq!(visitor.go(&link(daemon, name)).status, 200);
    let came = visitor.follow("role=button[name=\"Let me in\"]");
    assert!(came.url.ends_with("/account"), "{}", came.url);
}

fn sound(visitor: &Visitor, name: &str) {
    let seen = visitor.pictures(name);
    assert!(seen.faults().is_empty(), "{name}: {:#?}", seen.faults());
}

#[test]
fn a_passkey_is_added_and_signs_in_and_a_copy_of_it_does_not() {
    let (daemon, origin) = desk();
    let browser = Browser::open();
    let nobody = browser.visitor(&origin);
    nobody.go("/sign-in");
    sound(&nobody, "sign-in");
    let mike = browser.visitor(&origin);
    mike.authenticator();
    by_link(&daemon, &mike, "mike");
    mike.fill("[data-passkey] input[name=name]", "work laptop");
    let came = mike.follow("role=button[name=\"Add a passkey\"]");
    assert!(mike.text("#said").contains("passkey is added"), "{}: {}", came.url, mike.text("body"));
    assert!(mike.text("main").contains("work laptop"));
    let copy: Value = mike.credentials().remove(0);
    // The same authenticator again: it says so itself.
    mike.click("role=button[name=\"Add a passkey\"]");
    mike.wait("text=has a passkey of yours already");
    mike.follow("role=button[name=\"Sign out\"]");
    assert_eq!(mike.cookies().iter().filter(|cookie| cookie["name"] == "opspilot").count(), 0);
    let came = mike.follow("role=button[name=\"Sign in with a passkey\"]");
    assert_eq!(came.url, format!("{origin}/"));
    let cookies = mike.cookies();
    let cookie = cookies.iter().find(|cookie| cookie["name"] == "opspilot").unwrap();
    assert_eq!((&cookie["httpOnly"], cookie["sameSite"].as_str()), (&Value::Bool(true), Some("Lax")));
    // Whoever copied it when it was made is behind in its count.
    let thief = browser.visitor(&origin);
    thief.authenticator();
    thief.credential(&copy);
    thief.go("/sign-in");
    let came = thief.follow("role=button[name=\"Sign in with a passkey\"]");
    assert_eq!(came.status, 401, "{}", thief.text("body"));
    assert!(thief.text("body").contains("OP-5112"));
    assert!(daemon.said().contains("may be a copy"), "{}", daemon.said());
    // Taken away, it is none any more: what that means for signing in is tested where no browser is needed.
    mike.go("/account");
    mike.follow("[aria-label='Remove the passkey work laptop']");
    assert!(!mike.text("main").contains("work laptop"));
}

#[test]
fn a_password_is_set_and_used_without_any_script() {
    let (daemon, origin) = desk();
    let browser = Browser::open();
    let mike = browser.plain_visitor(&origin);
    by_link(&daemon, &mike, "mike");
    mike.fill("input[name=password]", GOOD);
    mike.follow("role=button[name=\"Set a password\"]");
    assert!(mike.text("#said").contains("password is set"), "{}", mike.text("body"));
    assert_eq!(mike.count("[data-passkey]:visible"), 0, "what needs a script is not shown");
    mike.follow("role=button[name=\"Sign out\"]");
    // To where one wanted to go.
    let came = mike.go("/people");
    assert!(came.url.ends_with("/sign-in?to=%2Fpeople"), "{}", came.url);
    mike.fill("input[name=name]", "mike");
    mike.fill("input[name=password]", "not that one at all");
    assert_eq!(mike.follow("form[action='/sign-in'] button").status, 401);
    mike.fill("input[name=password]", GOOD);
    let came = mike.follow("form[action='/sign-in'] button");
    assert_eq!((came.status, came.url), (200, format!("{origin}/people")));
    // Another browser of his, ended from here.
    let other = browser.visitor(&origin);
    by_link(&daemon, &other, "mike");
    mike.go("/account");
    mike.follow("role=button[name=\"End all others\"]");
    assert!(other.go("/account").url.contains("/sign-in"));
}

#[test]
fn an_owner_lets_somebody_in_and_out_again() {
    let (daemon, origin) = desk();
    let browser = Browser::open();
    let mike = browser.visitor(&origin);
    by_link(&daemon, &mike, "mike");
    sound(&mike, "account");
    mike.go("/people");
    mike.fill("input[name=name]", "eve");
    mike.follow("role=button[name=\"Add and make a link\"]");
    let link = mike.text("#link");
    sound(&mike, "people");
    let eve = browser.visitor(&origin);
    eve.go(&link);
    sound(&eve, "invitation");
    eve.follow("role=button[name=\"Let me in\"]");
    assert_eq!(eve.go("/people").status, 403);
    mike.go("/people");
    mike.follow("[aria-label='Disable eve']");
    assert!(eve.go("/account").url.contains("/sign-in"), "at once");
    let listed = daemon.cli(&["session", "list", "--all", "--json"]);
    let listed: Value = serde_json::from_str(&listed.out).unwrap();
    assert_eq!(listed["items"].as_array().unwrap().len(), 1, "{listed}");
    let id = listed["items"][0]["id"].as_str().unwrap().to_owned();
    assert_eq!(daemon.cli(&["session", "revoke", &id]).code(), 0);
    // Another process: the daemon may answer by what it remembers for two seconds.
    until("the session to end", || mike.go("/account").url.contains("/sign-in").then_some(()));
}

fn at_provider(visitor: &Visitor, name: &str) {
    visitor.go("/sign-in");
    visitor.follow("role=button[name=\"Sign in with work\"]");
    visitor.until("document.querySelector('#login') !== null");
    visitor.fill("#login", name);
    visitor.fill("#password", "secret");
    visitor.click("button");
    visitor.until(&format!(
        "location.href.startsWith('{}') && !document.querySelector('[data-goes-on]')",
        "http://localhost"
    ));
}

fn single_sign_on(algorithm: &str) {
    let (port, origin) = origin();
    let provider = Program::oidc(&format!("{origin}/sign-in/provider"), algorithm).unwrap();
    let table = format!(
        "\n[[provider]]\nname = \"work\"\nissuer = \"http://127.0.0.1:{}\"\nclient_id = \"desk\"\nclient_secret_file = \"work.secret\"\n",
        provider.port
    );
    let mut daemon = at(Setup::sqlite().with(&table), port, &origin).make();
    std::fs::write(daemon.data("work.secret"), "s e:cret/+\n").unwrap();
    daemon.start();
    let browser = Browser::open();
    let mike = browser.visitor(&origin);
    at_provider(&mike, "mike");
    assert_eq!(mike.url(), format!("{origin}/"), "{}", mike.text("body"));
    mike.go("/account");
    assert!(mike.text("main").contains("work since"), "{}", mike.text("main"));
    // Neither an address of nobody, nor one that is not proven, lets anybody in.
    for name in ["eve", "mal"] {
        let stranger = browser.visitor(&origin);
        at_provider(&stranger, name);
        assert!(stranger.text("body").contains("OP-5117"), "{name}: {}", stranger.text("body"));
        assert!(stranger.go("/account").url.contains("/sign-in"));
    }
    // By the tie, not by the address: it holds when the address is another.
    assert_eq!(daemon.cli(&["user", "email", "mike", "other@northwind.example"]).code(), 0);
    let again = browser.visitor(&origin);
    at_provider(&again, "mike");
    assert_eq!(again.url(), format!("{origin}/"), "{}", again.text("body"));
    let people: Value = serde_json::from_str(&daemon.cli(&["user", "list", "--json"]).out).unwrap();
    assert_eq!(people["items"].as_array().unwrap().len(), 1, "nobody was made");
    // What another browser began, or nobody, ends nowhere.
    let thief = browser.visitor(&origin);
    thief.go("/sign-in/provider?code=x&state=y");
    thief.until("document.body.innerText.includes('OP-5117')");
    assert!(thief.go("/account").url.contains("/sign-in"));
    // Somebody who is signed in ties who they are there, whatever the address.
    assert_eq!(daemon.cli(&["user", "add", "eve", "--role", "viewer"]).code(), 0);
    let eve = browser.visitor(&origin);
    by_link(&daemon, &eve, "eve");
    eve.follow("role=button[name=\"Tie to work\"]");
    eve.until("document.querySelector('#login') !== null");
    eve.fill("#login", "eve");
    eve.fill("#password", "secret");
    eve.click("button");
    eve.until(
        "location.pathname == '/account' && document.querySelector('#said').textContent.includes('single sign-on')",
    );
    let eve = browser.visitor(&origin);
    at_provider(&eve, "eve");
    assert_eq!(eve.url(), format!("{origin}/"), "{}", eve.text("body"));
    // The provider goes away: said, and other ways stay.
    drop(provider);
    daemon.restart();
    let late = browser.visitor(&origin);
    late.go("/sign-in");
    assert_eq!(late.follow("role=button[name=\"Sign in with work\"]").status, 502);
    assert!(late.text("body").contains("OP-5120"));
}

#[test]
fn a_provider_vouches_for_who_is_known() {
    single_sign_on("RS256");
}

#[test]
fn a_provider_that_signs_with_a_curve_does_too() {
    single_sign_on("ES256");
}
