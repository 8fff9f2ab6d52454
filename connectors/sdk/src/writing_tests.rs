//! What an answer means to a call, and what of it may be told, against a far side that answers as it is told to.

use super::{Codes, Manners, deliver, read};
use crate::conformance::{FarSide, NOON, Told};
use crate::http::{Client, Reach, Request};
use crate::{Call, Clock, ErrorKind, Fate, Problems, Secret};
use serde_json::{Value, json};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

struct Still;

impl Clock for Still {
    fn now(&self) -> jiff::Timestamp {
        NOON
    }
}

/// Knows its own no by the member `own`.
struct Ways;

impl Manners for Ways {
    fn codes(&self) -> Codes {
        Codes { unreachable: "OP-7501", unauthorised: "OP-7502", refused: "OP-7503", limited: "OP-7504" }
    }

    fn reason(&self, body: &Value) -> Option<String> {
        Some(body.get("why")?.as_str()?.to_owned())
    }

    fn kind(&self, _: u16, body: &Value) -> Option<ErrorKind> {
        body.get("busy").map(|_| ErrorKind::RateLimited)
    }

    fn is_forbidden(&self, body: &Value, _: &str) -> bool {
        body.get("own").is_some()
    }
}

fn client(server: &FarSide) -> Client {
    let reach = Reach {
        base_url: server.url(),
        connect_secs: 1,
        first_byte_secs: 5,
        whole_secs: 5,
        max_answer_bytes: 1 << 20,
        ..Reach::default()
    };
    let site = reach.judge(&mut Problems::new()).expect("it can be reached");
    let headers =
        [("authorization", Secret::new("Basic Y2FuYXJ5LTE6Y2FuYXJ5LTI=")), ("accept", Secret::new("text/plain"))];
    let client = Client::build(site, &headers, Path::new("/"), Arc::new(Still)).expect("it can be built");
    client.hiding([&Secret::new("canary-3")])
}

#[tokio::test]
async fn a_forbidden_record_keeps_no_other_waiting() {
    let server = FarSide::start(
        |asked| !asked.is_safe(),
        |asked| match asked.path() {
            "/own" => Told::json(403, &json!({ "own": true })),
            "/gateway" => Told::status(403).with("<h1>Forbidden</h1>"),
            "/busy" => Told::json(403, &json!({ "busy": true })),
            "/stranger" => Told::status(401),
            _ => Told::status(200),
        },
    )
    .unwrap();
    let client = client(&server);
    for (path, kind, code) in [
        ("/own", ErrorKind::Rejected, "OP-7502"),
        ("/gateway", ErrorKind::Transient, "OP-7502"),
        ("/busy", ErrorKind::RateLimited, "OP-7504"),
        ("/stranger", ErrorKind::Unauthorised, "OP-7502"),
    ] {
        let call = Call::json("POST", format!("{}{path}", server.url()), Some(&json!({})));
        let failed = deliver(&client, &Ways, &call, &[]).await.unwrap_err();
        assert_eq!((failed.error.kind, failed.error.code, failed.fate), (kind, code, Fate::NotDone), "{path}");
        let error = read(&client, &Ways, Request::get(path)).await.unwrap_err();
        assert_eq!((error.kind, error.code), (kind, code), "{path}");
        let good = Call::json("POST", format!("{}/good", server.url()), Some(&json!({})));
        assert!(deliver(&client, &Ways, &good, &[]).await.is_ok());
    }
    // Of this call alone: the next may be planned for where the sink is now.
    let elsewhere = Call::json("POST", "http://127.0.0.1:1/x", None);
    let failed = deliver(&client, &Ways, &elsewhere, &[]).await.unwrap_err();
    assert_eq!((failed.error.kind, failed.fate), (ErrorKind::Rejected, Fate::NotDone));
}

/// RFC 9110 sections 10.2.3 and 15.6.4: a pause belongs to 503 as it does to 429, in seconds or as a date, and nobody keeps us away for longer than a day.
#[tokio::test]
async fn a_pause_that_is_asked_for_is_told() {
    let seconds = |count| Some(Duration::from_secs(count));
    let pauses = [
        ("7", seconds(7)),
        ("Sat, 21 Nov 2026 12:00:30 GMT", seconds(30)),
        ("Sat, 21 Nov 2026 11:59:30 GMT", seconds(0)),
        ("18446744073709551615", seconds(86_400)),
        ("1e300", seconds(86_400)),
        ("Fri, 21 Nov 2110 12:00:30 GMT", seconds(86_400)),
        ("-7", None),
        ("whenever", None),
    ];
    for (status, kind, code, fate) in [
        (429, ErrorKind::RateLimited, "OP-7504", Fate::NotDone),
        // It may have been done before the far side gave up.
        (503, ErrorKind::Transient, "OP-7501", Fate::Unknown),
    ] {
        for (text, pause) in pauses {
            let answer = move |_: &_| Told::status(status).header("retry-after", text);
            let server = FarSide::start(|asked| !asked.is_safe(), answer).unwrap();
            let client = client(&server);
            let call = Call::json("POST", format!("{}/x", server.url()), Some(&json!({})));
            let failed = deliver(&client, &Ways, &call, &[]).await.unwrap_err();
            assert_eq!((failed.error.kind, failed.error.code, failed.fate), (kind, code, fate), "{status} {text}");
            assert_eq!(failed.error.retry_after, pause, "{status} {text}");
            let error = read(&client, &Ways, Request::get("/x")).await.unwrap_err();
            assert_eq!((error.kind, error.code, error.retry_after), (kind, code, pause), "{status} {text}");
        }
    }
}

#[tokio::test]
async fn no_secret_comes_back() {
    for status in [200, 400, 401, 403, 404, 429, 500] {
        for is_json in [true, false] {
            let server = FarSide::start(
                |asked| !asked.is_safe(),
                move |asked| {
                    let sent = asked.header("authorization").unwrap_or_default();
                    let echo = format!("{sent} canary-1:canary-2 canary-1 canary-2 canary-3 canary-4 text/plain");
                    let told = match is_json {
                        true => Told::json(status, &json!({ "why": echo, "more": [{ echo.as_str(): echo }] })),
                        false => Told::status(status).with(echo.clone()),
                    };
                    told.header("etag", echo.clone()).header("location", echo)
                },
            )
            .unwrap();
            let client = client(&server);
            let call = Call::json("POST", format!("{}/x", server.url()), Some(&json!({})));
            let own = [("authorization", "Bearer canary-4")];
            let told = format!(
                "{:?} {:?}",
                deliver(&client, &Ways, &call, &own).await,
                read(&client, &Ways, Request::get("/x").with(&own)).await
            );
            assert!(!told.contains("canary") && !told.contains("Y2FuYXJ5"), "{status}: {told}");
            assert!(status == 404 || told.contains("text/plain"), "what is no secret is told: {told}");
        }
    }
}
