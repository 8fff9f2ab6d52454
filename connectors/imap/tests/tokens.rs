//! Logging in by tokens: a provider's endpoint in a thread, and a real mail server that asks it whether a token is good.
#![expect(clippy::unwrap_used, reason = "a set-up that fails, fails the test")]

mod world;

use opspilot_sdk::{ErrorKind, Settled, Source};
use serde_json::{Value, json};
use std::time::Duration;
use world::dovecot::Dovecot;
use world::endpoint::Endpoint;
use world::{Store, build, mail, options, with};

const USER: &str = "tokens@example.net";

struct Office {
    server: Dovecot,
    endpoint: Endpoint,
    folder: tempfile::TempDir,
}

impl Office {
    fn open() -> Self {
        let endpoint = Endpoint::start(USER);
        let server = Dovecot::start(Some(&endpoint.introspection_url())).unwrap();
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("refresh"), "refresh-canary-0\n").unwrap();
        std::fs::write(folder.path().join("client"), "client canary&1\n").unwrap();
        server.deliver(USER, "INBOX", &mail("1", "one")).unwrap();
        Self { server, endpoint, folder }
    }

    fn source(&self, mechanism: &str, more: &Value) -> Box<dyn Source> {
        let token = json!({
            "token_url": self.endpoint.token_url(), "client_id": "desk", "client_secret_file": "client",
            "refresh_token_file": "refresh", "scope": "https://mail.example/.all offline_access",
        });
        let mut auth = json!({});
        auth[mechanism] = with(token, more);
        build(self.folder.path(), &with(options(&self.server, USER), &json!({ "auth": auth }))).unwrap()
    }
}

#[tokio::test]
async fn both_mechanisms_read_mail_and_ask_once() {
    let office = Office::open();
    for mechanism in ["xoauth2", "oauthbearer"] {
        let (mut source, mut store) = (office.source(mechanism, &json!({})), Store::default());
        let before = office.endpoint.asked().len();
        store.drain(source.as_mut(), 10).await;
        source.release();
        office.server.deliver(USER, "INBOX", &mail(mechanism, mechanism)).unwrap();
        store.drain(source.as_mut(), 10).await;
        assert!(store.faults.is_empty(), "{:?}", store.faults);
        assert!(store.texts().iter().any(|text| text.contains(mechanism)));
        assert_eq!(office.endpoint.asked().len(), before + 1, "a good token is used again");
    }
    let asked = &office.endpoint.asked()[0];
    for part in [
        "grant_type=refresh_token",
        "refresh_token=refresh-canary-0",
        "client_id=desk",
        "client_secret=client+canary%261",
        "scope=https%3A%2F%2Fmail.example%2F.all+offline_access",
    ] {
        assert!(asked.contains(part), "{part} is not in {asked}");
    }
}

#[tokio::test]
async fn a_rotated_token_is_handed_out_before_it_is_used_and_survives() {
    let office = Office::open();
    office.endpoint.change(|book| book.rotates = true);
    let mut source = office.source("xoauth2", &json!({}));
    let first = source.poll(None, 10).await.unwrap();
    assert!(first.envelopes.is_empty() && first.keep.is_some());
    assert!(!office.server.log().contains("Login: user=<tokens"), "nothing was done with it before it was stored");
    // Not stored: it is handed out again, and the provider is not asked again.
    source.settle(first.id.unwrap(), Settled::Returned { reason: "the disk is full".to_owned() }).await.unwrap();
    let again = source.poll(None, 10).await.unwrap();
    assert_eq!(again.keep.as_ref().map(|keep| keep.expose()), first.keep.as_ref().map(|keep| keep.expose()));
    assert!(!format!("{again:?}").contains("canary"));
    source.settle(again.id.unwrap(), Settled::Committed).await.unwrap();
    assert_eq!(source.poll(None, 10).await.unwrap().envelopes.len(), 1);
    assert_eq!(office.endpoint.asked().len(), 1);

    // A restart: the stored token, and no question to the provider.
    let mut source = office.source("xoauth2", &json!({}));
    source.recall(again.keep.clone().unwrap());
    assert_eq!(source.poll(None, 10).await.unwrap().envelopes.len(), 1);
    assert_eq!(office.endpoint.asked().len(), 1);

    // The access token is withdrawn: one refusal, then the rotated refresh token brings another.
    office.endpoint.change(|book| book.access.clear());
    let mut store = Store { secret: again.keep, ..Store::default() };
    let mut source = office.source("xoauth2", &json!({}));
    source.recall(store.secret.clone().unwrap());
    store.drain(source.as_mut(), 10).await;
    assert_eq!(
        store.faults.iter().map(|fault| (fault.kind, fault.code)).collect::<Vec<_>>(),
        [(ErrorKind::Unauthorised, "OP-2503")]
    );
    assert_eq!(store.kept.len(), 1);
    assert!(office.endpoint.asked()[1].contains("refresh_token=refresh-canary-1"));

    // A new consent in the file comes before what was stored.
    std::fs::write(office.folder.path().join("refresh"), "refresh-new\n").unwrap();
    office.endpoint.change(|book| book.refresh = "refresh-new".to_owned());
    let mut source = office.source("xoauth2", &json!({}));
    source.recall(store.secret.clone().unwrap());
    assert!(source.poll(None, 10).await.unwrap().keep.is_some());
    assert!(office.endpoint.asked()[2].contains("refresh_token=refresh-new"));
}

#[tokio::test]
async fn refusals_of_the_provider_say_what_to_do() {
    let office = Office::open();
    let mut source = office.source("xoauth2", &json!({}));
    let body = |error: &str| format!("{{\"error\":\"{error}\",\"error_description\":\"AADSTS700082: secret words\"}}");
    for (status, headers, answer, kind, code, part) in [
        (400, "", body("invalid_grant"), ErrorKind::Unauthorised, "OP-2510", "consent again"),
        (401, "", body("invalid_client"), ErrorKind::Unauthorised, "OP-2510", "client_secret_file"),
        (401, "", body("client canary&1 refresh-canary-0"), ErrorKind::Unauthorised, "OP-2510", "HTTP 401"),
        (429, "Retry-After: 7\r\n", body("slow_down"), ErrorKind::RateLimited, "OP-2509", "wait"),
        (503, "Retry-After: 9\r\n", body("slow_down"), ErrorKind::RateLimited, "OP-2509", "wait"),
        (503, "Retry-After: 18446744073709551615\r\n", body("slow_down"), ErrorKind::RateLimited, "OP-2509", "wait"),
        (500, "", "oops".to_owned(), ErrorKind::Transient, "OP-2509", "HTTP 500"),
        (200, "", "<html>".to_owned(), ErrorKind::Transient, "OP-2509", "without an access token"),
    ] {
        office.endpoint.change(|book| book.fault = Some((status, headers, answer)));
        let error = source.poll(None, 10).await.unwrap_err();
        assert_eq!((error.kind, error.code), (kind, code), "{error}");
        let text = format!("{error} {error:?}");
        assert!(text.contains(part) && !text.contains("secret words") && !text.contains("canary"), "{text}");
        let asked = headers.strip_prefix("Retry-After: ").map(|seconds| seconds.trim().parse::<u64>().unwrap());
        assert_eq!(error.retry_after, asked.map(|seconds| Duration::from_secs(seconds.min(86_400))));
    }
    // The same hand is at work when a person asks.
    office.endpoint.change(|book| book.refresh = "withdrawn".to_owned());
    assert_eq!(source.check().await.unwrap_err().code, "OP-2510");
    office.endpoint.change(|book| book.refresh = "refresh-canary-0".to_owned());
    source.check().await.unwrap();
}

#[tokio::test]
async fn what_runs_out_is_said_days_before() {
    let office = Office::open();
    let notice = async |more: Value, answer: &str| {
        office.endpoint.change(|book| book.more = answer.to_owned());
        let (mut source, mut store) = (office.source("xoauth2", &more), Store::default());
        store.turn(source.as_mut(), 10).await;
        source.poll(None, 10).await.unwrap().notice
    };
    assert_eq!(notice(json!({}), "").await, None);
    assert_eq!(notice(json!({ "expires": "2999-01-01" }), ",\"refresh_token_expires_in\":31536000").await, None);
    let soon = notice(json!({}), ",\"refresh_token_expires_in\":\"604800\"").await.unwrap();
    assert!(soon.contains("in 6 days") || soon.contains("in 7 days"), "{soon}");
    let past = notice(json!({ "expires": "2020-01-01" }), "").await.unwrap();
    assert!(past.contains("2020-01-01") && past.contains("OP-2514"), "{past}");
    // A client in its own right has no refresh token, and asks without one.
    let asked = office.endpoint.asked().len();
    let more = json!({ "refresh_token_file": null });
    assert!(notice(more, "").await.is_none());
    assert!(office.endpoint.asked()[asked].contains("grant_type=client_credentials"));
}
