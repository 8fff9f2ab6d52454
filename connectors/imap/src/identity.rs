//! What makes a mail the same mail: the digest of what its author wrote, header fields and body, without what servers add on the way.
//! Own file because the key can never change: every stored item bears it.
//!
//! Two deliveries of one mail differ in their trace (`Received`, `Return-Path`, `Delivered-To`, filters' notes), and the same mail lies
//! in two folders; all of these have one key. Two mails that differ in anything a reader sees have two, whatever their Message-ID says.
//! INVARIANT: the digest depends on the bytes alone, not on how they were cut into pieces; line ends count as LF.

use opspilot_sdk::{DedupKey, hex};
use ring::digest::{Context, SHA256};

/// The fields that count, besides `content-…`: originator, addressee, identification, information and MIME fields (RFC 5322, sections
/// 3.6.1 to 3.6.5; RFC 2045) and the mark of automatic mail (RFC 3834).
const FIELDS: [&str; 12] = [
    "from",
    "sender",
    "reply-to",
    "to",
    "cc",
    "subject",
    "date",
    "message-id",
    "in-reply-to",
    "references",
    "mime-version",
    "auto-submitted",
];
/// A field name is decided on at most so many bytes.
const NAME: usize = 64;
/// Bytes of a Message-ID that are kept.
const MESSAGE_ID: usize = 998;
const SCRATCH: usize = 32 * 1024;

/// Takes a message in pieces of any size.
pub(crate) struct Identity {
    digest: Context,
    scratch: Vec<u8>,
    at: At,
    /// The beginning of a line whose name is not known yet.
    name: Vec<u8>,
    /// A carriage return that may belong to a line end.
    held: bool,
    message_id: Vec<u8>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum At {
    /// At the beginning of a header line; what holds for the field before.
    Line {
        counts: bool,
        id: bool,
    },
    /// In the name.
    Name,
    /// In the value.
    Value {
        counts: bool,
        id: bool,
    },
    Body,
}

/// The key of a whole message.
#[must_use]
pub fn key_of(raw: &[u8]) -> DedupKey {
    let mut identity = Identity::new();
    identity.take(raw);
    identity.finish().0
}

impl Identity {
    pub(crate) fn new() -> Self {
        Self {
            digest: Context::new(&SHA256),
            scratch: Vec::with_capacity(SCRATCH),
            at: At::Line { counts: false, id: false },
            name: Vec::new(),
            held: false,
            message_id: Vec::new(),
        }
    }

    pub(crate) fn take(&mut self, piece: &[u8]) {
        let mut rest = piece;
        while let Some((&byte, tail)) = rest.split_first() {
            if self.at == At::Body {
                return self.body(rest);
            }
            rest = tail;
            if std::mem::take(&mut self.held) && byte != b'\n' {
                self.header(b'\r');
            }
            if byte == b'\r' {
                self.held = true;
            } else {
                self.header(byte);
            }
        }
    }

    /// The key, and the Message-ID as it stands in the header.
    pub(crate) fn finish(mut self) -> (DedupKey, Option<String>) {
        if std::mem::take(&mut self.held) {
            if self.at == At::Body { self.put(b"\r") } else { self.header(b'\r') }
        }
        if self.at == At::Name {
            self.decide();
        }
        self.digest.update(&self.scratch);
        let hex = hex(self.digest.finish().as_ref());
        let id = String::from_utf8_lossy(&self.message_id);
        let id = id.trim();
        let id = id.split_once('<').and_then(|(_, tail)| tail.split_once('>')).map_or(id, |(inner, _)| inner.trim());
        (DedupKey::new(format!("mail1:{hex}")), (!id.is_empty()).then(|| id.to_owned()))
    }

    fn header(&mut self, byte: u8) {
        match self.at {
            At::Line { .. } if byte == b'\n' => {
                self.put(b"\n");
                self.at = At::Body;
            }
            // A folded line goes with its field.
            At::Line { counts, id } if byte == b' ' || byte == b'\t' => {
                self.at = At::Value { counts, id };
                if counts {
                    self.put(&[byte]);
                }
            }
            At::Line { .. } => {
                self.name.clear();
                self.name.push(byte);
                self.at = At::Name;
            }
            At::Name => {
                self.name.push(byte);
                if matches!(byte, b':' | b'\n') || self.name.len() > NAME {
                    self.decide();
                }
            }
            At::Value { counts, id } => {
                if counts {
                    self.put(&[byte]);
                }
                if id && self.message_id.len() < MESSAGE_ID {
                    self.message_id.push(byte);
                }
                if byte == b'\n' {
                    self.at = At::Line { counts, id };
                }
            }
            At::Body => {}
        }
    }

    /// The name, or as much as is needed of it, is there.
    fn decide(&mut self) {
        let name = std::mem::take(&mut self.name);
        let field = name.strip_suffix(b":").map(|name| name.trim_ascii_end().to_ascii_lowercase());
        let ended = name.last() == Some(&b'\n');
        let (counts, id) = match &field {
            Some(field) => (
                FIELDS.iter().any(|known| known.as_bytes() == field) || field.starts_with(b"content-"),
                field == b"message-id" && self.message_id.is_empty(),
            ),
            // A mailbox file's separator is not the author's; any other line that is no field is.
            None => (!(name.starts_with(b"From ") || name.starts_with(b">From ")), false),
        };
        if counts {
            match field {
                Some(field) => {
                    self.put(&field);
                    self.put(b":");
                }
                None => self.put(&name),
            }
        }
        self.at = if ended { At::Line { counts, id: false } } else { At::Value { counts, id } };
    }

    fn body(&mut self, bytes: &[u8]) {
        for piece in bytes.split_inclusive(|byte| *byte == b'\r') {
            if std::mem::take(&mut self.held) && !piece.starts_with(b"\n") {
                self.put(b"\r");
            }
            match piece.split_last() {
                Some((b'\r', front)) => {
                    self.put(front);
                    self.held = true;
                }
                _ => self.put(piece),
            }
        }
    }

    fn put(&mut self, bytes: &[u8]) {
        if self.scratch.len() + bytes.len() > SCRATCH {
            self.digest.update(&self.scratch);
            self.scratch.clear();
        }
        if bytes.len() > SCRATCH {
            self.digest.update(bytes);
        } else {
            self.scratch.extend_from_slice(bytes);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Identity, key_of};
    use proptest::prelude::*;

    const MAIL: &str =
        "From: Ann <ann@example.org>\r\nMessage-ID:\r\n <1@example.org>\r\nSubject: two\r\n seats\r\n\r\nHello\r\n";

    #[test]
    fn what_servers_add_is_not_the_mail() {
        let delivered = format!(
            "From ann@example.org Mon Nov  2 10:00:00 2026\nReturn-Path: <ann@example.org>\r\nDelivered-To: intake@example.net\r\n\
             Received: from a (b [192.0.2.1])\r\n\tby c with LMTP id 1;\r\n Mon, 2 Nov 2026 10:00:00 +0000\r\nX-Spam-Score: 1.2\r\n{MAIL}"
        );
        assert_eq!(key_of(delivered.as_bytes()), key_of(MAIL.as_bytes()));
        assert_eq!(key_of(MAIL.replace("\r\n", "\n").as_bytes()), key_of(MAIL.as_bytes()));
        assert_eq!(key_of(MAIL.replace("Subject:", "SUBJECT:").as_bytes()), key_of(MAIL.as_bytes()));
    }

    #[test]
    fn whatever_a_reader_sees_makes_another_mail() {
        for (old, new) in [
            ("Hello", "Hullo"),
            ("two", "six"),
            (" seats", " boats"),
            ("1@", "2@"),
            ("Ann", "Bob"),
            ("\r\n\r\n", "\r\nTo: x\r\n\r\n"),
            ("Hello\r\n", "Hello\r\n\r\n"),
            ("Subject", "Content-Type"),
            ("\r\n\r\n", "\r\nfrom nowhere\r\n\r\n"),
        ] {
            assert_ne!(key_of(MAIL.replacen(old, new, 1).as_bytes()), key_of(MAIL.as_bytes()), "{old} for {new}");
        }
        // A body that looks like the header does not stand for it.
        assert_ne!(key_of(b"\r\nSubject: a\r\n"), key_of(b"Subject: a\r\n\r\n"));
    }

    #[test]
    fn the_message_id_is_found_folded_and_once() {
        let id = |text: &str| {
            let mut identity = Identity::new();
            identity.take(text.as_bytes());
            identity.finish().1
        };
        assert_eq!(id("message-id: <a@b>\r\nMessage-ID: <c@d>\r\n\r\nMessage-ID: <e@f>").as_deref(), Some("a@b"));
        assert_eq!(id("Message-Id: bare\n\n").as_deref(), Some("bare"));
        assert_eq!(id("Subject: x\n\nMessage-ID: <e@f>"), None);
    }

    proptest! {
        #[test]
        fn pieces_do_not_matter(
            parts in prop::collection::vec(prop_oneof![
                Just("\r\n"), Just("\n"), Just("\r"), Just("\r\n\r\n"), Just("From: a"), Just("Received: b"), Just("To:"), Just(" x"),
                Just("Subject: é"), Just("From "), Just("content-type: text"), Just(":"),
            ], 0..30),
            cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..6),
        ) {
            let text = parts.concat().into_bytes();
            let mut cuts: Vec<usize> = cuts.iter().map(|cut| cut.index(text.len() + 1)).collect();
            cuts.sort_unstable();
            let mut identity = Identity::new();
            let mut from = 0;
            for cut in cuts {
                identity.take(&text[from..cut]);
                from = cut;
            }
            identity.take(&text[from..]);
            prop_assert_eq!(identity.finish().0, key_of(&text));
        }
    }
}
