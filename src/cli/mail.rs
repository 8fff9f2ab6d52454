//! `opspilot mail`: what the daemon would make of a message, and why. Own file because it looks at a file alone: no store, no network, no
//! configuration. INVARIANT: what cannot be known without the network is said to be unknown, never guessed.

use super::failure::{Ended, Failure, Status};
use super::setup::Setup;
use super::text;
use crate::intake::{given, not_asked};
use crate::mail::visible::Visible;
use crate::mail::{self, Inspection, Limits, Message};
use crate::reply::{self, Decision, Part, Shown, Unclear, Words};
use clap::Subcommand;
use serde_json::{Value, json};
use std::io::Read as _;
use std::path::{Path, PathBuf};

/// Largest file that is read, in bytes: more than the limit of a message, so that the limit can tell of itself.
const MOST_BYTES: u64 = 256 << 20;

/// Messages.
#[derive(Subcommand)]
pub(crate) enum Mail {
    /// Tell what the daemon would make of a message, and why. Exit status 3 when it would be put into quarantine.
    Inspect {
        /// The message as saved, such as `mail.eml`; `-` for standard input.
        #[arg(value_name = "FILE")]
        file: PathBuf,
    },
}

/// What would become of it.
struct Fate {
    /// `request`, `answer`, `ignored` or `quarantined`.
    word: &'static str,
    code: Option<String>,
    reason: String,
}

impl Mail {
    pub(crate) fn run(self, setup: &Setup) -> Ended {
        let Self::Inspect { file } = self;
        let raw = read(&file)?;
        let message = match mail::read(&raw, &Limits::default()) {
            Ok(message) => message,
            Err(unreadable) => {
                let fate = Fate {
                    word: "quarantined",
                    code: Some(unreadable.code().to_owned()),
                    reason: unreadable.to_string().replace(&format!(" ({})", unreadable.code()), ""),
                };
                if setup.out.json {
                    setup.out.json(&json!({ "fate": fate.json() }))?;
                } else {
                    setup.out.text(&fate.line())?;
                }
                return Ok(Status::Wrong);
            }
        };
        let fate = fate(&message);
        // What a machine wrote is never an answer, whatever it says.
        let answer = if fate.word == "ignored" { None } else { Some(answer(&message)) };
        if setup.out.json {
            setup.out.json(&json!({
                "fate": fate.json(), "answer": answer.as_ref().map(answer_json), "authentication": "not checked offline",
                "message": Inspection::of(&message),
            }))?;
        } else {
            setup.out.text(&page(&message, &fate, answer.as_ref()))?;
        }
        Ok(if fate.word == "quarantined" { Status::Wrong } else { Status::Done })
    }
}

fn read(path: &Path) -> Result<Vec<u8>, Failure> {
    let mut bytes = Vec::new();
    let read = if path == Path::new("-") {
        std::io::stdin().lock().take(MOST_BYTES).read_to_end(&mut bytes)
    } else {
        std::fs::File::open(path).and_then(|file| file.take(MOST_BYTES).read_to_end(&mut bytes))
    };
    read.map_err(|cause| Failure::unreadable(path, &cause))?;
    Ok(bytes)
}

fn fate(message: &Message) -> Fate {
    if let Some((code, automatic)) = not_asked(message, false) {
        return Fate { word: "ignored", code: Some(code.to_owned()), reason: automatic.reason };
    }
    if given(message).is_some() {
        let reason = "it carries a secret of the form of ours; where decisions by mail are taken, it is judged as one, else it is a request";
        return Fate { word: "answer", code: None, reason: reason.to_owned() };
    }
    let files = message.attachments.iter().any(|file| matches!(&file.text, Some(Ok(text)) if !text.trim().is_empty()));
    let asks = !message.text.trim().is_empty()
        || message.subject.as_ref().is_some_and(|subject| !subject.trim().is_empty())
        || !message.attachments.is_empty();
    if !asks {
        let reason = "it holds no text and no file".to_owned();
        return Fate { word: "quarantined", code: Some("OP-2001".to_owned()), reason };
    }
    let reason = match &message.forwarded {
        Some(_) => "a person passed a message on; who wrote that one asks",
        None if message.text.trim().is_empty() && files => "a person wrote it; what is asked stands in a file",
        None => "a person wrote it",
    };
    Fate { word: "request", code: None, reason: reason.to_owned() }
}

/// What it says by the grammar of answers.
fn answer(message: &Message) -> Result<Decision, Unclear> {
    let (plain, html) = (message.plain.as_deref(), message.html.as_deref());
    let shown = Shown {
        text: plain.map(|source| part(&message.visible, source)),
        html: html.zip(message.html_visible.as_ref()).map(|(source, visible)| part(visible, source)),
        sent: None,
    };
    let words = Words::of(Words::languages()).unwrap_or_default();
    reply::read(&shown, &words)
}

fn part<'a>(visible: &'a Visible<'static>, source: &'a str) -> Part<'a> {
    Part { visible: &visible.text, certain: visible.certain, source }
}

fn answer_json(answer: &Result<Decision, Unclear>) -> Value {
    match answer {
        Ok(decision) => json!({ "decision": decision.kind().as_str(), "comment": decision.comment() }),
        Err(unclear) => json!({ "decision": null, "reason": unclear.to_string() }),
    }
}

impl Fate {
    fn line(&self) -> String {
        let code = self.code.as_ref().map(|code| format!(" ({code})")).unwrap_or_default();
        let becomes = match self.word {
            "request" => "becomes a request",
            "answer" => "is taken for an answer",
            "ignored" => "is ignored",
            _ => "is put into quarantine",
        };
        text::one_line(&format!("It {becomes}: {}{code}", self.reason))
    }

    fn json(&self) -> Value {
        json!({ "is": self.word, "code": self.code, "reason": self.reason })
    }
}

fn page(message: &Message, fate: &Fate, answer: Option<&Result<Decision, Unclear>>) -> String {
    let mut out = vec![fate.line(), String::new()];
    let mut line = |label: &str, value: String| {
        if !value.is_empty() {
            out.push(format!("{label:<11} {}", text::one_line(&value)));
        }
    };
    let addresses = |all: &[mail::Address]| {
        let shown = all.iter().map(|address| match &address.name {
            Some(name) => format!("{name} <{}>", address.email),
            None => address.email.clone(),
        });
        shown.collect::<Vec<_>>().join(", ")
    };
    line("from", addresses(&message.from));
    if message.from_headers != 1 {
        line("warning", format!("it has {} `From` headers, and decides nothing", message.from_headers));
    }
    line("to", addresses(&message.to));
    line("subject", message.subject.clone().unwrap_or_default());
    line("date", message.date.map(text::time).unwrap_or_default());
    line("message id", message.message_id.clone().unwrap_or_default());
    if let Some(original) = &message.forwarded {
        let name = original.name.clone().or_else(|| original.email.clone()).unwrap_or_else(|| "somebody".to_owned());
        line("passes on", format!("a message of {name}: {}", original.subject.clone().unwrap_or_default()));
    }
    for file in &message.attachments {
        let name = file.name.clone().unwrap_or_else(|| file.media_type.clone());
        let read = match &file.text {
            Some(Ok(words)) => format!("read, {} characters", words.chars().count()),
            Some(Err(why)) => format!("not read: {why}"),
            None => "kept, carries no text".to_owned(),
        };
        line("file", format!("{name} ({}, {}): {read}", file.media_type, text::bytes(file.bytes.len() as u64)));
    }
    message.notes.iter().for_each(|note| line("note", note.clone()));
    line(
        "as answer",
        match answer {
            None => "decides nothing: no person is taken to have written it".to_owned(),
            Some(Ok(decision)) => format!(
                "says `{}`{}; it decides only with the secret of an item, from its reviewer's proven address",
                decision.kind().as_str(),
                decision.comment().map(|comment| format!(": {comment}")).unwrap_or_default()
            ),
            Some(Err(unclear)) => format!("decides nothing: {unclear}"),
        },
    );
    line("sender", "not checked offline: signatures need the network".to_owned());
    let words: Vec<String> = message.text.lines().map(text::one_line).collect();
    out.push(String::new());
    out.push(words.join("\n").trim_end().to_owned());
    out.join("\n").trim_end().to_owned()
}
