//! The sinks' suite over a relay that breaks on demand, over the real one, and over a folder; and what arrives of messages and invitations.

use crate::broken::{At, Broken, How};
use crate::smtp::{PASSWORD, Sink as Server, USER};
use mail_parser::{MessageParser, MimeHeaders as _};
use opspilot_sdk::conformance::{Credentials, Mishap, SinkHarness, build, written};
use opspilot_sdk::{Action, ActionKind, ErrorKind, Fate, Look, Mailbox, Sink, Spec, Write};
use opspilot_smtp::{EmailMessage, Ics};
use serde_json::{Value, json};
use std::fs;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, OnceLock};

const FROM: &str = "Desk <desk@ops.test>";

/// What people see of a letter: its subject and its text.
fn seen_of(letter: &[u8]) -> String {
    let message = MessageParser::default().parse(letter).unwrap();
    format!("{} {}", message.subject().unwrap_or_default(), message.body_text(0).unwrap_or_default())
}

/// A relay that breaks on demand; `INVITES` chooses the sink.
struct Relay<const INVITES: bool> {
    broken: Broken,
    folder: tempfile::TempDir,
}

impl<const INVITES: bool> SinkHarness for Relay<INVITES> {
    async fn new() -> Self {
        Self { broken: Broken::start(At::Connect, How::Well, 0).await, folder: tempfile::tempdir().unwrap() }
    }

    fn build(&self, credentials: Credentials) -> Option<Arc<dyn Sink>> {
        if credentials == Credentials::Wrong {
            return None;
        }
        let options = json!({ "smtp": { "host": "127.0.0.1", "port": self.broken.port, "security": "none", "from": FROM,
            "deadline_secs": 1 } });
        let folder = self.folder.path();
        let none = Value::Null;
        Some(if INVITES { build::<Ics>(folder, options, &none) } else { build::<EmailMessage>(folder, options, &none) })
    }

    async fn record(&mut self) -> String {
        String::new()
    }

    async fn count(&mut self, _: ActionKind, _: &str) -> usize {
        self.broken.kept().len()
    }

    async fn snapshot(&mut self) -> String {
        self.broken.kept().len().to_string()
    }

    async fn seen(&mut self, _: &Write, _: &str) -> Option<String> {
        self.broken.kept().last().map(|letter| seen_of(letter))
    }

    async fn alter(&mut self, _: &Write, _: &str) -> bool {
        false
    }

    fn arm(&mut self, mishap: Mishap) -> bool {
        let (at, how) = match mishap {
            Mishap::DoneThenCut => (At::Kept, How::Cut),
            Mishap::DoneThenSilent => (At::Kept, How::Silence),
            Mishap::CutBefore => (At::Letter, How::Cut),
            Mishap::Expired => (At::Command("MAIL"), How::Says("530 5.7.0 authentication required")),
            Mishap::Ignored => (At::Letter, How::Says("250 2.0.0 Ok")),
            // A relay that has a letter and says no breaks its word (RFC 5321, section 4.2.5), and none asks for seven seconds.
            Mishap::DoneThenFailed | Mishap::Busy => return false,
        };
        self.broken.arm(at, how);
        true
    }

    fn canaries(&self) -> Vec<String> {
        Vec::new()
    }
}

#[tokio::test]
async fn messages_keep_the_promises_of_a_sink() {
    let verdict = written::<Relay<false>>().await;
    assert!(verdict.skipped.iter().all(|check| !check.contains("text")), "{:?}", verdict.skipped);
    verdict.assert();
}

#[tokio::test]
async fn invitations_by_mail_keep_the_promises_of_a_sink() {
    let verdict = written::<Relay<true>>().await;
    assert!(!verdict.skipped.iter().any(|check| check.contains("taken back") || check.contains("text")));
    verdict.assert();
}

/// One real relay for all checks; each has a recipient of its own.
struct Real {
    recipient: String,
}

static SERVER: OnceLock<(tempfile::TempDir, Server)> = OnceLock::new();
static RECIPIENTS: AtomicU32 = AtomicU32::new(0);

impl Real {
    fn server() -> &'static (tempfile::TempDir, Server) {
        SERVER.get_or_init(|| {
            let folder = tempfile::tempdir().unwrap();
            let server = Server::start(folder.path()).unwrap();
            fs::write(folder.path().join("good"), PASSWORD).unwrap();
            fs::write(folder.path().join("wrong"), "canary-5150").unwrap();
            (folder, server)
        })
    }

    fn letters(&self) -> Vec<Vec<u8>> {
        let (_, server) = Self::server();
        server
            .kept()
            .into_iter()
            .filter(|kept| kept.envelope.contains(&self.recipient))
            .map(|kept| kept.message)
            .collect()
    }
}

impl SinkHarness for Real {
    async fn new() -> Self {
        Self { recipient: format!("ada-{}@example.test", RECIPIENTS.fetch_add(1, Ordering::SeqCst)) }
    }

    fn build(&self, credentials: Credentials) -> Option<Arc<dyn Sink>> {
        let (folder, server) = Self::server();
        let password = if credentials == Credentials::Good { "good" } else { "wrong" };
        let options = json!({ "reply_to": "answers@ops.test", "smtp": { "host": "localhost", "port": server.starttls,
            "security": "starttls", "ca_file": server.certificate(), "user": USER, "password_file": password, "from": FROM } });
        Some(build::<EmailMessage>(folder.path(), options, &Value::Null))
    }

    async fn record(&mut self) -> String {
        String::new()
    }

    fn fit(&self, action: &mut Action) {
        if let Some(to) = &mut action.to {
            to.address.clone_from(&self.recipient);
        }
    }

    async fn count(&mut self, _: ActionKind, _: &str) -> usize {
        self.letters().len()
    }

    async fn snapshot(&mut self) -> String {
        self.letters().len().to_string()
    }

    async fn seen(&mut self, _: &Write, _: &str) -> Option<String> {
        self.letters().last().map(|letter| seen_of(letter))
    }

    async fn alter(&mut self, _: &Write, _: &str) -> bool {
        false
    }

    fn arm(&mut self, _: Mishap) -> bool {
        false
    }

    fn canaries(&self) -> Vec<String> {
        vec![PASSWORD.to_owned(), "canary-5150".to_owned()]
    }
}

#[tokio::test]
async fn a_real_relay_takes_messages() {
    let verdict = written::<Real>().await;
    assert!(verdict.passed.iter().any(|check| check.contains("wrong credentials")));
    verdict.assert();
}

/// A folder of invitations.
struct Folder(tempfile::TempDir);

impl Folder {
    fn file(&self, key: &str) -> std::path::PathBuf {
        self.0.path().join(format!("calendar/{key}.ics"))
    }
}

impl SinkHarness for Folder {
    async fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn build(&self, credentials: Credentials) -> Option<Arc<dyn Sink>> {
        let options = json!({ "folder": "calendar", "organizer": "desk@ops.test", "organizer_name": "Desk" });
        (credentials == Credentials::Good).then(|| build::<Ics>(self.0.path(), options, &Value::Null))
    }

    async fn record(&mut self) -> String {
        String::new()
    }

    async fn count(&mut self, _: ActionKind, _: &str) -> usize {
        fs::read_dir(self.0.path().join("calendar")).map_or(0, Iterator::count)
    }

    async fn snapshot(&mut self) -> String {
        let files = fs::read_dir(self.0.path().join("calendar")).into_iter().flatten().flatten();
        let mut files: Vec<_> = files.map(|file| (file.file_name(), fs::read(file.path()).unwrap())).collect();
        files.sort();
        format!("{files:?}")
    }

    async fn seen(&mut self, write: &Write, _: &str) -> Option<String> {
        let calendar = fs::read_to_string(self.file(&write.key)).ok()?.replace("\r\n ", "");
        let line = calendar.lines().find_map(|line| line.strip_prefix("DESCRIPTION:"))?;
        let mut text = String::new();
        let mut characters = line.chars();
        while let Some(c) = characters.next() {
            match c {
                '\\' => text.extend(characters.next().map(|c| if c == 'n' { '\n' } else { c })),
                c => text.push(c),
            }
        }
        Some(text)
    }

    async fn alter(&mut self, write: &Write, _: &str) -> bool {
        let calendar = fs::read_to_string(self.file(&write.key)).unwrap();
        fs::write(self.file(&write.key), calendar.replace("boiler", "heater")).unwrap();
        true
    }

    fn arm(&mut self, _: Mishap) -> bool {
        false
    }

    fn canaries(&self) -> Vec<String> {
        Vec::new()
    }
}

#[tokio::test]
async fn a_folder_of_invitations_keeps_the_promises_of_a_sink() {
    let verdict = written::<Folder>().await;
    for check in ["event: it is taken back", "event: an edit from outside is seen", "event: two keys are two things"] {
        assert!(verdict.passed.iter().any(|passed| passed == check), "{verdict}");
    }
    verdict.assert();
}

fn action(kind: ActionKind) -> Action {
    let (from, until) = (jiff::Timestamp::constant(1_795_600_800, 0), jiff::Timestamp::constant(1_795_604_400, 0));
    Action {
        kind,
        key: "wb-1".to_owned(),
        record: String::new(),
        title: "Your boiler\r\nBcc: eve@evil.test".to_owned(),
        text: "Dear Ada,\r\n.\nGrüße\u{7}\n".to_owned(),
        due: None,
        value: None,
        to: Some(Mailbox { name: Some("Ada \"Countess\"\r\nX: y".to_owned()), address: "ada@example.test".to_owned() }),
        span: (kind == ActionKind::Event).then_some((from, until)),
        at: jiff::Timestamp::constant(1_795_000_000, 0),
        fields: [].into(),
    }
}

fn write_of(sink: &dyn Sink, action: &Action) -> Write {
    let planned = sink.preview(action).unwrap();
    let (key, record) = (action.key.clone(), action.record.clone());
    Write { kind: action.kind, key, record, call: planned.call, expect: planned.expect }
}

fn plain(server: &Server) -> Value {
    json!({ "host": "127.0.0.1", "port": server.plain, "security": "none", "from": FROM })
}

#[tokio::test]
async fn what_a_person_approved_is_what_arrives() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(folder.path()).unwrap();
    let options = json!({ "smtp": plain(&server), "reply_to": "answers@ops.test" });
    let sink = build::<EmailMessage>(folder.path(), options, &Value::Null);
    let mut message = action(ActionKind::Message);
    message.fields.insert("in_reply_to".to_owned(), "first@example.test".to_owned());
    let write = write_of(sink.as_ref(), &message);
    let call = &write.call;
    assert_eq!((call.method.as_str(), call.target.as_str()), ("MAIL", "ada@example.test"));
    assert_eq!(call.body, "Dear Ada,\n.\nGrüße\n");
    let relay = format!("{}:{}", plain(&server)["host"].as_str().unwrap(), plain(&server)["port"]);
    let headers: Vec<(&str, &str)> = call.headers.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    assert_eq!(
        headers,
        [
            ("date", "2026-11-18T11:06:40Z"),
            ("from", "Desk <desk@ops.test>"),
            ("in-reply-to", "first@example.test"),
            ("message-id", "wb-1@ops.test"),
            ("relay", relay.as_str()),
            ("reply-to", "answers@ops.test"),
            ("subject", "Your boiler Bcc: eve@evil.test"),
            ("to-name", "Ada \"Countess\" X: y"),
        ]
    );
    let delivered = sink.deliver(&write, None).await.unwrap();
    assert_eq!((delivered.id.as_deref(), delivered.said.contains("queued as")), (Some("wb-1@ops.test"), true));
    let kept = server.kept();
    let arrived = MessageParser::default().parse(&kept[0].message).unwrap();
    assert_eq!(arrived.subject(), Some(call.headers["subject"].as_str()));
    assert_eq!(arrived.to().unwrap().first().unwrap().name(), Some(call.headers["to-name"].as_str()));
    // White lines at the end are the letter's own.
    assert_eq!(arrived.body_text(0).unwrap().replace("\r\n", "\n").trim_end(), call.body.trim_end());
    assert_eq!(arrived.message_id(), Some("wb-1@ops.test"));
    assert_eq!(arrived.in_reply_to().as_text(), Some("first@example.test"));
    assert_eq!(arrived.reply_to().unwrap().first().unwrap().address(), Some("answers@ops.test"));
    for absent in ["Bcc", "Relay", "X", "Auto-Submitted", "X-Auto-Response-Suppress"] {
        assert!(arrived.header(absent).is_none(), "{absent}");
    }
    let envelope: Value = serde_json::from_str(&kept[0].envelope).unwrap();
    assert_eq!(envelope["to"], json!(["ada@example.test"]));
    // From another sender, it is not what was approved.
    let mut smtp = plain(&server);
    smtp["from"] = json!("other@ops.test");
    let mut elsewhere = plain(&server);
    elsewhere["port"] = json!(1);
    for options in [
        json!({ "smtp": smtp, "reply_to": "answers@ops.test" }),
        json!({ "smtp": plain(&server) }),
        json!({ "smtp": elsewhere, "reply_to": "answers@ops.test" }),
    ] {
        let other = build::<EmailMessage>(folder.path(), options, &Value::Null);
        let failed = other.deliver(&write, None).await.unwrap_err();
        assert_eq!((failed.error.kind, failed.error.code), (ErrorKind::Rejected, "OP-7514"), "others go on");
        assert_eq!(failed.fate, Fate::NotDone);
    }
    assert_eq!(server.kept().len(), 1);
}

#[tokio::test]
async fn an_invitation_arrives_and_is_called_off() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(folder.path()).unwrap();
    let sink = build::<Ics>(folder.path(), json!({ "smtp": plain(&server) }), &Value::Null);
    let mut event = action(ActionKind::Event);
    event.fields.insert("location".to_owned(), "Her flat".to_owned());
    event.text.push_str("BEGIN:VCALENDAR\nMETHOD:CANCEL");
    let write = write_of(sink.as_ref(), &event);
    sink.deliver(&write, None).await.unwrap();
    let planned = sink.revert(&write, "wb-1@ops.test", None).unwrap();
    let undo = Write { call: planned.call, expect: planned.expect, ..write.clone() };
    sink.deliver(&undo, None).await.unwrap();
    let kept = server.kept();
    let mut calendars = Vec::new();
    for (letter, method) in kept.iter().zip(["REQUEST", "CANCEL"]) {
        let arrived = MessageParser::default().parse(&letter.message).unwrap();
        let text = arrived.body_text(0).unwrap().replace("\r\n", "\n");
        assert_eq!(text, "Dear Ada,\n.\nGrüße \nBEGIN:VCALENDAR\nMETHOD:CANCEL\n");
        let part = arrived.parts.iter().find(|part| part.is_content_type("text", "calendar")).unwrap();
        let kind = part.content_type().unwrap();
        assert_eq!((kind.attribute("method"), kind.attribute("charset")), (Some(method), Some("utf-8")));
        calendars.push(part.text_contents().unwrap().to_owned());
    }
    let [request, off] = &calendars[..] else { panic!("{calendars:?}") };
    assert!(write.call.body.ends_with(request.as_str()) && undo.call.body.ends_with(off.as_str()));
    for part in [
        "METHOD:REQUEST\r\n",
        "UID:wb-1@ops.test\r\n",
        "SEQUENCE:0\r\n",
        "LOCATION:Her flat\r\n",
        "mailto:ada@example.test\r\n",
    ] {
        assert!(request.replace("\r\n ", "").contains(part), "{part} is not in {request}");
    }
    for part in ["METHOD:CANCEL\r\n", "UID:wb-1@ops.test\r\n", "SEQUENCE:1\r\n", "STATUS:CANCELLED\r\n"] {
        assert!(off.contains(part), "{part} is not in {off}");
    }
    assert_eq!(undo.call.headers["message-id"], "wb-1.off@ops.test");
    assert_eq!(undo.call.headers["in-reply-to"], "wb-1@ops.test");
    // By another relay it is another plan, also the one that calls it off, which goes by the relay of then.
    let mut smtp = plain(&server);
    smtp["port"] = json!(1);
    let other = build::<Ics>(folder.path(), json!({ "smtp": smtp }), &Value::Null);
    assert_eq!(other.deliver(&write, None).await.unwrap_err().error.code, "OP-7514");
    let moved = other.revert(&write, "wb-1@ops.test", None).unwrap().call;
    assert!(moved.headers["relay"].ends_with(":1") && moved.digest() != undo.call.digest());
    assert!(undo.call.headers["subject"].starts_with("Cancelled: Your boiler"));
    assert_eq!(sink.revert(&undo, "x", None).unwrap_err().kind, ErrorKind::Rejected);
}

#[tokio::test]
async fn what_does_not_fit_is_refused_when_it_is_planned() {
    let folder = tempfile::tempdir().unwrap();
    let smtp = json!({ "host": "smtp.ops.test", "from": FROM });
    let mail = build::<EmailMessage>(folder.path(), json!({ "smtp": smtp }), &Value::Null);
    let ics = build::<Ics>(folder.path(), json!({ "smtp": smtp }), &Value::Null);
    let to = |address: &str| Some(Mailbox { name: None, address: address.to_owned() });
    let good = action(ActionKind::Message);
    for wrong in [
        Action { to: None, ..good.clone() },
        Action { to: to("nobody"), ..good.clone() },
        Action { to: to("a@b.test, c@d.test"), ..good.clone() },
        Action { to: to("a@b.test\r\nBcc: c@d.test"), ..good.clone() },
        Action { title: " \u{7}".to_owned(), ..good.clone() },
        Action { text: "\n\0".to_owned(), ..good.clone() },
        Action { text: "x".repeat(300 << 10), ..good.clone() },
        Action { fields: [("bcc".to_owned(), "eve@evil.test".to_owned())].into(), ..good.clone() },
        Action { fields: [("in_reply_to".to_owned(), "x\r\ny".to_owned())].into(), ..good.clone() },
    ] {
        let error = mail.preview(&wrong).unwrap_err();
        assert_eq!((error.kind, error.code), (ErrorKind::Rejected, "OP-7500"), "{wrong:?}");
    }
    let good = action(ActionKind::Event);
    let (from, until) = good.span.unwrap();
    for wrong in [
        Action { span: None, ..good.clone() },
        Action { span: Some((until, from)), ..good.clone() },
        Action { to: None, ..good.clone() },
        Action { title: String::new(), ..good.clone() },
        Action { text: "x".repeat(70 << 10), ..good.clone() },
        Action { fields: [("room".to_owned(), "1".to_owned())].into(), ..good.clone() },
    ] {
        let error = ics.preview(&wrong).unwrap_err();
        assert_eq!((error.kind, error.code), (ErrorKind::Rejected, "OP-7500"), "{wrong:?}");
    }
    for (options, key) in [
        (json!({}), "smtp"),
        (json!({ "smtp": smtp, "folder": "x" }), "folder"),
        (json!({ "folder": "../x", "organizer": "a@b.test" }), "folder"),
        (json!({ "folder": "x" }), "organizer"),
        (json!({ "folder": "x", "organizer": "nobody" }), "organizer"),
        (json!({ "smtp": { "host": "smtp.ops.test", "from": "nobody" } }), "smtp.from"),
    ] {
        let problems = Ics::validate(serde_json::from_value(options).unwrap()).unwrap_err().to_string();
        assert!(problems.contains(&format!("`{key}`")), "{key} is not in {problems}");
    }
}

#[tokio::test]
async fn a_file_that_a_person_changed_is_left_alone() {
    let folder = Folder::new().await;
    let sink = folder.build(Credentials::Good).unwrap();
    let write = write_of(sink.as_ref(), &action(ActionKind::Event));
    sink.check().await.unwrap();
    sink.deliver(&write, None).await.unwrap();
    let calendar = fs::read_to_string(folder.file("wb-1")).unwrap();
    assert_eq!(write.call.body, calendar);
    fs::write(folder.file("wb-1"), calendar.replace("DTSTART", "DTSTAMP")).unwrap();
    let planned = sink.revert(&write, "wb-1.ics", None).unwrap();
    let undo = Write { call: planned.call, expect: planned.expect, ..write.clone() };
    for write in [&write, &undo] {
        let failed = sink.deliver(write, None).await.unwrap_err();
        assert_eq!(
            (failed.error.kind, failed.error.code, failed.fate),
            (ErrorKind::Rejected, "OP-7516", Fate::NotDone)
        );
    }
    fs::write(folder.file("wb-1"), calendar).unwrap();
    assert_eq!(sink.deliver(&undo, None).await.unwrap().said, "the invitation was called off");
    let off = fs::read_to_string(folder.file("wb-1")).unwrap();
    assert!(off.contains("METHOD:CANCEL\r\n") && off.contains("SEQUENCE:1\r\n"));
    assert_eq!(sink.look(&write, None).await.unwrap(), Look::Absent);
    fs::remove_dir_all(folder.0.path().join("calendar")).unwrap();
    fs::write(folder.0.path().join("calendar"), "a file").unwrap();
    assert_eq!(sink.check().await.unwrap_err().code, "OP-7515");
    let failed = sink.deliver(&write, None).await.unwrap_err();
    assert_eq!((failed.error.code, failed.fate), ("OP-7515", Fate::NotDone));
}
