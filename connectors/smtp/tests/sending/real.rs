//! Against aiosmtpd: what it keeps is what was meant, and what it refuses has the right kind.

use crate::smtp::{PASSWORD, Sink, USER};
use crate::{carrier, letter};
use mail_parser::{HeaderValue, MessageParser};
use opspilot_sdk::{Carrier as _, ConnectorError, ErrorKind, Handover, ReturnPath};
use serde_json::json;

fn taken(handover: Result<Handover, ConnectorError>) -> (String, Option<String>) {
    match handover {
        Ok(Handover::Accepted { response, far_id }) => (response, far_id),
        other => panic!("not accepted: {other:?}"),
    }
}

fn refused(handover: Result<Handover, ConnectorError>) -> (ErrorKind, &'static str, String) {
    let error = handover.expect_err("it was taken");
    (error.kind, error.code, error.message)
}

#[tokio::test]
async fn a_letter_arrives_as_it_was_meant() {
    let folder = tempfile::tempdir().unwrap();
    let sink = Sink::start(folder.path()).unwrap();
    let smtp = carrier(
        json!({ "host": "127.0.0.1", "port": sink.plain, "security": "none", "from": "OpsPilot <pilot@ops.test>" }),
        folder.path(),
    );
    smtp.check().await.unwrap();
    let mut letter = letter("ana");
    letter.return_path = ReturnPath::Address("bounces+brf_1@ops.test".to_owned());
    letter.references = vec!["a@x.test".to_owned(), "b@x.test".to_owned()];
    letter.in_reply_to = Some("b@x.test".to_owned());
    letter.subject = "Größe: 25 €\r\nBcc: eve@evil.test\u{7}".to_owned();
    letter.to.name = Some("Ana \"The\" Müller\r\nX-Evil: 1".to_owned());
    letter.text = format!("Grüße\n.\n..\nFrom here\n{}\n\u{1b}[31mred\r\nend\n", "long ".repeat(400));
    letter.html = Some(format!("<p>{}</p>", "ä".repeat(3000)));
    letter.list_unsubscribe = Some("pilot@ops.test".to_owned());
    let (response, far_id) = taken(smtp.deliver(&letter).await);
    assert_eq!((response.as_str(), far_id.as_deref()), ("250 2.0.0 Ok: queued as A1", Some("A1")));
    let kept = sink.kept();
    let envelope: serde_json::Value = serde_json::from_str(&kept[0].envelope).unwrap();
    assert_eq!(envelope["from"], "bounces+brf_1@ops.test");
    assert_eq!(envelope["to"], json!(["ana@pilot.test"]));
    assert_eq!(envelope["helo"], "ops.test");
    let raw = &kept[0].message;
    assert!(raw.is_ascii() && raw.split(|byte| *byte == b'\n').all(|line| line.len() < 200));
    let message = MessageParser::default().parse(raw).unwrap();
    assert_eq!(message.subject(), Some("Größe: 25 € Bcc: eve@evil.test"));
    assert!(message.header("Bcc").is_none() && message.header("X-Evil").is_none());
    assert_eq!(message.to().unwrap().first().unwrap().name(), Some("Ana \"The\" Müller X-Evil: 1"));
    assert_eq!(message.message_id(), Some("brf_1.2.ana@ops.test"));
    assert_eq!(message.references(), &HeaderValue::TextList(vec!["a@x.test".into(), "b@x.test".into()]));
    assert_eq!(message.in_reply_to().as_text(), Some("b@x.test"));
    assert_eq!(message.header("Auto-Submitted").and_then(|value| value.as_text()), Some("auto-generated"));
    assert_eq!(message.header("X-OpsPilot-Loop").and_then(|value| value.as_text()), Some("daemon-1"));
    assert!(message.header_raw("List-Unsubscribe").is_some_and(|value| value.trim() == "<mailto:pilot@ops.test>"));
    assert_eq!(message.date().map(|date| date.to_timestamp()), Some(1_795_000_000));
    let text = message.body_text(0).unwrap().replace("\r\n", "\n");
    assert_eq!(text.trim_end(), letter.text.replace(['\u{1b}', '\r'], "").trim_end());
    assert_eq!(message.body_html(0).unwrap().trim_end(), letter.html.as_deref().unwrap());
    smtp.close().await;
}

#[tokio::test]
async fn refusals_have_their_kind_and_hurt_nobody_else() {
    let folder = tempfile::tempdir().unwrap();
    let sink = Sink::start(folder.path()).unwrap();
    let options = json!({ "host": "127.0.0.1", "port": sink.plain, "security": "none", "from": "pilot@ops.test" });
    let smtp = carrier(options, folder.path());
    let (kind, code, message) = refused(smtp.deliver(&letter("nobody")).await);
    assert_eq!((kind, code), (ErrorKind::Rejected, "OP-2705"));
    assert!(message.contains("550") && message.contains("no such mailbox"), "{message}");
    for later in ["grey", "later", "full"] {
        let (kind, code, message) = refused(smtp.deliver(&letter(later)).await);
        assert_eq!((kind, code), (ErrorKind::Transient, "OP-2704"), "{message}");
    }
    let (kind, code, _) = refused(smtp.deliver(&letter("picky")).await);
    assert_eq!((kind, code), (ErrorKind::Rejected, "OP-2705"));
    let mut unwelcome = letter("ana");
    unwelcome.from.address = "unwelcome@ops.test".to_owned();
    let (kind, code, _) = refused(smtp.deliver(&unwelcome).await);
    assert_eq!((kind, code), (ErrorKind::Misconfigured, "OP-2706"));
    assert!(sink.kept().is_empty());
    // The second try of a greylisted letter, and the next one: each once, over the connection that heard all the refusals.
    taken(smtp.deliver(&letter("grey")).await);
    taken(smtp.deliver(&letter("ana")).await);
    let mut answer = letter("ben");
    answer.return_path = ReturnPath::Nowhere;
    answer.html = None;
    taken(smtp.deliver(&answer).await);
    let kept = sink.kept();
    assert_eq!(kept.len(), 3);
    assert!(kept[2].envelope.contains("\"from\": \"\"") || kept[2].envelope.contains("\"from\": \"<>\""));
}

#[tokio::test]
async fn signing_in_and_tls() {
    let folder = tempfile::tempdir().unwrap();
    let sink = Sink::start(folder.path()).unwrap();
    std::fs::write(folder.path().join("password"), format!("{PASSWORD}\n")).unwrap();
    std::fs::write(folder.path().join("wrong"), "not it").unwrap();
    let ca = sink.certificate();
    let with = |port: u16, security: &str, file: &str| {
        let options = json!({ "host": "localhost", "port": port, "security": security, "from": "pilot@ops.test", "user": USER,
            "password_file": file, "ca_file": ca });
        carrier(options, folder.path())
    };
    for (port, security) in [(sink.starttls, "starttls"), (sink.tls, "tls")] {
        let smtp = with(port, security, "password");
        smtp.check().await.unwrap();
        taken(smtp.deliver(&letter("ana")).await);
        let wrong = with(port, security, "wrong");
        let (kind, code, message) = refused(wrong.deliver(&letter("ana")).await);
        assert_eq!((kind, code), (ErrorKind::Unauthorised, "OP-2703"), "{message}");
        assert!(!message.contains("not it"), "{message}");
        // Nobody signed in, and the server wants somebody to.
        let nobody = carrier(
            json!({ "host": "localhost", "port": port, "security": security, "from": "pilot@ops.test", "ca_file": ca }),
            folder.path(),
        );
        let (kind, code, _) = refused(nobody.deliver(&letter("ana")).await);
        assert_eq!((kind, code), (ErrorKind::Unauthorised, "OP-2703"));
        // A certificate that nobody vouches for.
        let stranger = carrier(
            json!({ "host": "localhost", "port": port, "security": security, "from": "pilot@ops.test" }),
            folder.path(),
        );
        let error = stranger.check().await.expect_err("it was trusted");
        assert_eq!((error.kind, error.code), (ErrorKind::Misconfigured, "OP-2702"), "{error}");
    }
    // A server without STARTTLS gets no password.
    let bare = with(sink.plain, "starttls", "password");
    let error = bare.check().await.expect_err("it went on without");
    assert_eq!((error.kind, error.code), (ErrorKind::Misconfigured, "OP-2702"), "{error}");
    let kept = sink.kept();
    assert_eq!(kept.len(), 2);
    for kept in kept {
        let envelope: serde_json::Value = serde_json::from_str(&kept.envelope).unwrap();
        assert_eq!((&envelope["tls"], &envelope["user"]), (&json!(true), &json!(USER)), "{envelope}");
    }
}

#[tokio::test]
async fn what_cannot_be_read_is_told_before_anything_is_sent() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("empty"), "").unwrap();
    std::fs::write(folder.path().join("junk"), "not a key").unwrap();
    let dkim = json!({ "domain": "ops.test", "selector": "s", "key_file": "junk" });
    for (more, code) in [
        (json!({ "user": "u", "password_file": "missing" }), "OP-2709"),
        (json!({ "user": "u", "password_file": "empty" }), "OP-2709"),
        (json!({ "user": "u", "password_env": "OPSPILOT_TEST_NO_SUCH_VARIABLE" }), "OP-2709"),
        (json!({ "ca_file": "junk" }), "OP-2709"),
        (json!({ "dkim": dkim }), "OP-2710"),
    ] {
        let mut options = json!({ "host": "localhost", "from": "pilot@ops.test" });
        for (key, value) in more.as_object().unwrap() {
            options[key] = value.clone();
        }
        let options: opspilot_smtp::Options = serde_json::from_value(options).unwrap();
        let error = opspilot_smtp::Smtp::build(options.validate().unwrap(), folder.path()).err().expect("it was built");
        assert_eq!((error.kind, error.code), (ErrorKind::Misconfigured, code), "{error}");
    }
}
