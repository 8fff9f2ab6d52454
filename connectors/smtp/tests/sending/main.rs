//! Letters to a real SMTP server, and to a broken one.

#![expect(clippy::unwrap_used, reason = "a test says by a panic what went wrong")]

mod broken;
mod faults;
mod real;
mod sinks;
#[path = "../../../../tests/support/smtp.rs"]
mod smtp;

use jiff::Timestamp;
use opspilot_sdk::{AutoSubmitted, Letter, Mailbox, ReturnPath};
use opspilot_smtp::{Options, Smtp};
use std::path::Path;

/// A carrier with these options.
fn carrier(options: serde_json::Value, folder: &Path) -> Smtp {
    let options: Options = serde_json::from_value(options).unwrap();
    Smtp::build(options.validate().unwrap(), folder).unwrap()
}

/// A letter to a name at `pilot.test`.
fn letter(to: &str) -> Letter {
    let mailbox = |name: &str, address: String| Mailbox { name: Some(name.to_owned()), address };
    Letter {
        from: mailbox("OpsPilot", "pilot@ops.test".to_owned()),
        to: mailbox("Ana Müller", format!("{to}@pilot.test")),
        reply_to: None,
        return_path: ReturnPath::From,
        message_id: "brf_1.2.ana@ops.test".to_owned(),
        in_reply_to: None,
        references: Vec::new(),
        date: Timestamp::from_second(1_795_000_000).unwrap(),
        subject: "A new brief".to_owned(),
        text: "Hello\n.\n..\nGoodbye\n".to_owned(),
        html: Some("<p>Hello</p>".to_owned()),
        auto_submitted: AutoSubmitted::Generated,
        list_unsubscribe: None,
        loop_mark: "daemon-1".to_owned(),
    }
}
