//! The suite of pushed sources over every scheme and every kind of body: real secrets on disk, real signatures.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use jiff::Timestamp;
use opspilot_sdk::conformance::{PushHarness, Sent, pushed};
use opspilot_sdk::{BuildContext, Built, Clock, Receiver, Spec as _};
use opspilot_webhook::Webhook;
use ring::hmac;
use std::fmt::Write as _;
use std::marker::PhantomData;
use std::sync::Arc;

const NOW: i64 = 1_790_140_891;
const SECRET: &str = "canary-MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
const STANDARD_KEY: &[u8] = b"canary-of-the-standard-scheme";

struct Still;

impl Clock for Still {
    fn now(&self) -> Timestamp {
        Timestamp::from_second(NOW).expect("set up")
    }
}

/// One way of sending.
trait Sender {
    const VERIFY: &'static str;
    const CONTENT_TYPE: &'static str = "application/json";

    fn secret() -> String {
        SECRET.to_owned()
    }

    fn body(mark: &str) -> String {
        format!(r#"{{"name":"Dana Fox","email":"dana@x.example","message":"{mark}","seats":12}}"#)
    }

    fn proof(mark: &str, body: &[u8]) -> Vec<(&'static str, String)>;
}

fn tag(key: &[u8], parts: &[&[u8]]) -> hmac::Tag {
    hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, key), &parts.concat())
}

fn base64(parts: &[&[u8]]) -> String {
    BASE64_STANDARD.encode(tag(SECRET.as_bytes(), parts))
}

fn hex(parts: &[&[u8]]) -> String {
    tag(SECRET.as_bytes(), parts).as_ref().iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

struct World<S> {
    folder: tempfile::TempDir,
    sender: PhantomData<S>,
}

impl<S: Sender> PushHarness for World<S> {
    fn new() -> Self {
        let folder = tempfile::tempdir().expect("set up");
        std::fs::write(folder.path().join("secret"), S::secret()).expect("set up");
        Self { folder, sender: PhantomData }
    }

    fn build(&mut self) -> Arc<dyn Receiver> {
        let options = match S::VERIFY {
            "none" => r#"{"verify": "none"}"#.to_owned(),
            verify => format!(r#"{{"verify": "{verify}", "secret_file": "secret"}}"#),
        };
        let settings = Webhook::validate(serde_json::from_str(&options).expect("set up")).expect("set up");
        let context =
            BuildContext { name: "site".to_owned(), data_dir: self.folder.path().to_owned(), clock: Arc::new(Still) };
        match Webhook::build(settings, context).expect("set up") {
            Built::Pushed(receiver) => receiver,
            Built::Pulled(_) => panic!("a webhook is pushed"),
        }
    }

    fn good(&mut self, mark: &str) -> Sent {
        let body = S::body(mark).into_bytes();
        let mut headers = vec![("content-type".to_owned(), S::CONTENT_TYPE.as_bytes().to_vec())];
        headers.extend(S::proof(mark, &body).into_iter().map(|(name, value)| (name.to_owned(), value.into_bytes())));
        Sent {
            headers,
            method: "POST".to_owned(),
            target: "/hooks/site?x=1".to_owned(),
            base_url: "https://ops.example".to_owned(),
            from_loopback: S::VERIFY == "none",
            body,
        }
    }

    fn now(&self) -> Timestamp {
        Still.now()
    }

    fn canaries(&self) -> Vec<String> {
        vec![S::secret(), S::secret().trim_start_matches("whsec_").to_owned()]
    }

    fn debug(&self) -> String {
        let settings = Webhook::validate(
            serde_json::from_str(r#"{"verify": "github", "secret_file": "secret"}"#).expect("set up"),
        );
        format!("{settings:?}")
    }
}

macro_rules! senders {
    ($($test:ident $sender:ident $verify:literal { $($item:item)* })*) => {$(
        struct $sender;

        impl Sender for $sender {
            const VERIFY: &'static str = $verify;
            $($item)*
        }

        #[test]
        fn $test() {
            pushed::<World<$sender>>().assert();
        }
    )*};
}

senders! {
    standard Standard "standard" {
        fn secret() -> String {
            format!("whsec_{}", BASE64_STANDARD.encode(STANDARD_KEY))
        }

        fn proof(mark: &str, body: &[u8]) -> Vec<(&'static str, String)> {
            let id = format!("msg_{mark}");
            let time = (NOW - 3).to_string();
            let tag = tag(STANDARD_KEY, &[id.as_bytes(), b".", time.as_bytes(), b".", body]);
            vec![("webhook-id", id), ("webhook-timestamp", time), ("webhook-signature", format!("v1,{}", BASE64_STANDARD.encode(tag)))]
        }
    }

    github Github "github" {
        const CONTENT_TYPE: &'static str = "application/x-www-form-urlencoded";

        fn body(mark: &str) -> String {
            format!("payload=%7B%22action%22%3A%22opened%22%2C%22sender%22%3A%7B%22login%22%3A%22dana%22%7D%2C%22issue%22%3A%7B%22title%22%3A%22Help%22%2C%22body%22%3A%22{mark}%22%7D%7D")
        }

        fn proof(_: &str, body: &[u8]) -> Vec<(&'static str, String)> {
            vec![("x-hub-signature-256", format!("sha256={}", hex(&[body]))), ("x-github-delivery", "d-1".to_owned())]
        }
    }

    typeform Typeform "typeform" {
        fn body(mark: &str) -> String {
            format!(
                r#"{{"event_id":"{mark}","form_response":{{"token":"t{mark}","definition":{{"fields":[{{"id":"F1","title":"How can we help?"}}]}},"answers":[{{"type":"text","text":"{mark}","field":{{"id":"F1","type":"long_text"}}}}]}}}}"#
            )
        }

        fn proof(_: &str, body: &[u8]) -> Vec<(&'static str, String)> {
            vec![("typeform-signature", format!("sha256={}", base64(&[body])))]
        }
    }

    tally Tally "tally" {
        const CONTENT_TYPE: &'static str = "multipart/form-data; boundary=B";

        fn body(mark: &str) -> String {
            format!(
                "--B\r\nContent-Disposition: form-data; name=\"message\"\r\n\r\n{mark}\r\n--B\r\nContent-Disposition: form-data; name=\"f\"; filename=\"a.txt\"\r\n\r\nhello\r\n--B--\r\n"
            )
        }

        fn proof(_: &str, body: &[u8]) -> Vec<(&'static str, String)> {
            vec![("tally-signature", base64(&[body]))]
        }
    }

    webflow Webflow "webflow" {
        fn proof(_: &str, body: &[u8]) -> Vec<(&'static str, String)> {
            let time = format!("{NOW}000");
            vec![("x-webflow-signature", hex(&[time.as_bytes(), b":", body])), ("x-webflow-timestamp", time)]
        }
    }

    hubspot Hubspot "hubspot" {
        fn proof(_: &str, body: &[u8]) -> Vec<(&'static str, String)> {
            let time = format!("{NOW}000");
            let signature = base64(&[b"POST", b"https://ops.example/hooks/site?x=1", body, time.as_bytes()]);
            vec![("x-hubspot-signature-v3", signature), ("x-hubspot-request-timestamp", time)]
        }
    }

    stripe Stripe "stripe" {
        fn proof(_: &str, body: &[u8]) -> Vec<(&'static str, String)> {
            let time = NOW.to_string();
            vec![("stripe-signature", format!("t={time},v1={},v0=00", hex(&[time.as_bytes(), b".", body])))]
        }
    }

    shopify Shopify "shopify" {
        fn proof(_: &str, body: &[u8]) -> Vec<(&'static str, String)> {
            vec![("x-shopify-hmac-sha256", base64(&[body])), ("x-shopify-webhook-id", "w-1".to_owned())]
        }
    }

    bearer Bearer "bearer" {
        fn proof(_: &str, _: &[u8]) -> Vec<(&'static str, String)> {
            vec![("authorization", format!("Bearer {SECRET}"))]
        }
    }

    unverified Unverified "none" {
        const CONTENT_TYPE: &'static str = "application/x-www-form-urlencoded;charset=UTF-8";

        fn body(mark: &str) -> String {
            format!("name=Dana+Fox&email=dana%40x.example&message={mark}")
        }

        fn proof(_: &str, _: &[u8]) -> Vec<(&'static str, String)> {
            Vec::new()
        }
    }
}
