//! A house's mail as it is outside: a mail server that takes its letters, mailboxes on another that hold what comes in, a DNS with the keys of
//! domains, and domains that sign. Own file because answers, loops and links are tested in it. INVARIANT: what a test delivers is delivered
//! byte by byte; signatures are made with openssl, by nothing of ours.

use crate::census::{receipts, word};
use crate::daemon::{PILOT, Setup, TestDaemon};
use crate::dns::Dns;
use crate::dovecot::{Dovecot, PASSWORD};
use crate::post::Arrived;
use crate::smtp::Sink;
use crate::wait::until;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use std::io::Write as _;
use std::path::PathBuf;
use std::process::{Command, Stdio};

/// The mailbox of the house.
pub(crate) const HOUSE: &str = "pilot@ops.example";
/// The server whose word the house takes.
pub(crate) const MX: &str = "mx.ops.example";

/// All that is outside.
pub(crate) struct Postroom {
    pub(crate) sink: Sink,
    pub(crate) boxes: Dovecot,
    pub(crate) dns: Dns,
    pub(crate) folder: tempfile::TempDir,
}

impl Postroom {
    pub(crate) fn open() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let sink = Sink::start(folder.path()).unwrap();
        Self { sink, boxes: Dovecot::start(None).unwrap(), dns: Dns::start(), folder }
    }

    /// A house that writes from `address`, and reads its mailbox; `mail` are more lines of its `[mail]`.
    pub(crate) fn setup(&self, setup: Setup, address: &str, mail: &str) -> Setup {
        setup.without_drop().with(&format!(
            r#"
[mail]
host = "127.0.0.1"
port = {}
security = "none"
from = "OpsPilot <{address}>"
reply_address = "{address}"
trusted_servers = ["{MX}"]
dns_server = "{}"
{mail}

[[source]]
name = "mail"
kind = "imap"
pilot = "{PILOT}"

[source.options]
host = "localhost"
port = {}
ca_file = "{}"
user = "{address}"
auth = {{ password_file = "mail.password" }}
poll_secs = 1
"#,
            self.sink.plain,
            self.dns.address,
            self.boxes.imaps(),
            self.boxes.authority().display(),
        ))
    }

    /// Makes and starts one.
    pub(crate) fn house(&self, setup: Setup, mail: &str) -> TestDaemon {
        let mut daemon = made(self.setup(setup, HOUSE, mail));
        daemon.start();
        daemon
    }

    /// Puts a message into the mailbox of the house.
    pub(crate) fn deliver(&self, message: impl AsRef<[u8]>) {
        self.boxes.deliver(HOUSE, "INBOX", message.as_ref()).unwrap();
    }

    /// The letters that went out, in order.
    pub(crate) fn letters(&self) -> Vec<Arrived> {
        self.sink.kept().iter().map(Arrived::of).collect()
    }

    /// Waits for the first letter to `name` whose subject has these words.
    pub(crate) fn letter(&self, name: &str, words: &str) -> Arrived {
        until(&format!("a letter to {name}: {words}"), || {
            let fits = |letter: &Arrived| letter.field("To").contains(name) && letter.field("Subject").contains(words);
            self.letters().into_iter().find(fits)
        })
    }
}

/// Makes a daemon with the password of its mailbox in place.
pub(crate) fn made(setup: Setup) -> TestDaemon {
    let daemon = setup.make();
    std::fs::write(daemon.data("mail.password"), PASSWORD).unwrap();
    daemon
}

/// How many receipts of a kind there are.
pub(crate) fn count(daemon: &TestDaemon, kind: &str) -> usize {
    receipts(daemon).iter().filter(|receipt| word(receipt, "kind") == kind).count()
}

/// Adds a reviewer with a token of their own.
pub(crate) fn reviewer(daemon: &TestDaemon, name: &str, address: &str) {
    for args in [
        &["user", "add", name, "--email", address, "--role", "reviewer"][..],
        &["token", "new", "--user", name, "--save"],
    ] {
        let done = daemon.cli(&[&["--as", "mike"], args].concat());
        assert_eq!(done.code(), 0, "{args:?}: {}", done.err);
    }
}

/// What somebody outside writes to the house.
pub(crate) fn request(number: usize) -> String {
    format!(
        "From: Ann Baker <ann{number}@customer.example>\r\nTo: {HOUSE}\r\nSubject: Lamps for room {number}\r\n\
         Date: Mon, 02 Nov 2026 09:00:00 +0000\r\nMessage-ID: <lamps-{number}@customer.example>\r\n\r\n\
         We need {number} lamps by Friday, and a price.\r\n"
    )
}

/// A message as the house's own server passes it on: what it found, and its trace, above all that came.
pub(crate) fn through(found: &str, message: &str) -> String {
    format!(
        "Return-Path: <bounces@outside.example>\r\nReceived: from mail.outside.example by {MX}; Mon, 02 Nov 2026 09:30:00 +0000\r\n\
         Authentication-Results: {MX}; {found}\r\n{message}"
    )
}

/// A domain that signs its mail (RFC 6376).
pub(crate) struct Domain {
    name: String,
    key: PathBuf,
}

impl Domain {
    /// Makes a key and puts its public half into the DNS.
    pub(crate) fn new(post: &Postroom, name: &str) -> Self {
        let key = post.folder.path().join(format!("{name}.pem"));
        let file = key.display().to_string();
        openssl(&["genpkey", "-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048", "-out", &file], b"");
        let public = openssl(&["pkey", "-in", &file, "-pubout", "-outform", "DER"], b"");
        post.dns.put(&format!("s1._domainkey.{name}"), &format!("v=DKIM1; k=rsa; p={}", STANDARD.encode(public)));
        Self { name: name.to_owned(), key }
    }

    /// The message with a signature over these fields above it; nothing of it is normalised (`c=simple/simple`).
    pub(crate) fn sign(&self, message: &str, fields: &[&str]) -> String {
        let (head, body) = message.split_once("\r\n\r\n").expect("a message with a body");
        let body = format!("{}\r\n", body.trim_end_matches("\r\n"));
        let digest = STANDARD.encode(openssl(&["dgst", "-sha256", "-binary"], body.as_bytes()));
        let field = format!(
            "DKIM-Signature: v=1; a=rsa-sha256; c=simple/simple; d={}; s=s1; h={}; bh={digest}; b=",
            self.name,
            fields.join(":")
        );
        let mut signed = String::new();
        for name in fields {
            let line = head.lines().find(|line| line.to_lowercase().starts_with(&format!("{}:", name.to_lowercase())));
            signed.push_str(&format!("{}\r\n", line.expect("a field that is there")));
        }
        signed.push_str(&field);
        let key = self.key.display().to_string();
        let signature = STANDARD.encode(openssl(&["dgst", "-sha256", "-sign", &key], signed.as_bytes()));
        format!("{field}{signature}\r\n{head}\r\n\r\n{body}")
    }
}

fn openssl(args: &[&str], input: &[u8]) -> Vec<u8> {
    let mut child = Command::new("openssl")
        .args(args)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(input).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "openssl {args:?}: {}", String::from_utf8_lossy(&output.stderr));
    output.stdout
}
