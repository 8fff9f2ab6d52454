//! One run of the program for one question. Own file because how a run ended is what tells whether something may have been done. INVARIANT:
//! only a program that was never started, that says so, or that ends as one that could not begin (77, 78) has certainly done nothing.

use super::protocol::Reply;
use crate::child::{Run, Turn};
use crate::lines::Cut;
use crate::options::Launch;
use crate::outbox::Outbox;
use opspilot_sdk::plain::said_shortly;
use opspilot_sdk::{ConnectorError, ErrorKind, Fate, Undelivered};
use std::time::Duration;
use tokio::time::Instant;

/// The statuses by which a program says that it did not begin: without credentials, wrongly set up.
const NO_CREDENTIALS: i32 = 77;
const NO_CONFIGURATION: i32 = 78;

/// Asks, and reads the one answer. `None`: it ended well and said nothing.
pub(crate) async fn ask(launch: &Launch, line: &str, timeout: Duration) -> Result<Option<Reply>, Undelivered> {
    let mut run = Run::start(launch).map_err(|error| Undelivered { error, fate: Fate::NotDone })?;
    let mut outbox = Outbox::default();
    outbox.say(line);
    let until = Instant::now() + timeout;
    let first = loop {
        if let Some(cut) = run.lines.next().or_else(|| if run.is_silent() { run.lines.rest() } else { None }) {
            match cut {
                Cut::Whole(line) if line.iter().all(u8::is_ascii_whitespace) => continue,
                other => break other,
            }
        }
        if run.has_ended() {
            if run.is_silent() {
                return ended(launch, run).await;
            }
            // What it left behind may hold its output open.
            run.last_call();
            if run.is_silent() {
                continue;
            }
        }
        if run.is_silent() && run.overstays() {
            run.stop(launch.grace).await;
            return Err(lost(launch, "closed its output and gave no answer", run.last_words()));
        }
        let soon = if run.has_ended() { until.min(Instant::now() + Duration::from_millis(20)) } else { until };
        let turn = run.turn(&mut outbox, soon).await;
        if outbox.is_empty() {
            run.hang_up();
        }
        if turn == Turn::Late && Instant::now() >= until {
            run.stop(launch.grace).await;
            let why = format!("did not answer within {} seconds", timeout.as_secs());
            return Err(lost(launch, &why, run.last_words()));
        }
    };
    let reply = match first {
        Cut::Whole(line) => serde_json::from_slice(&line).map_err(|cause| {
            // Its place alone: its words may be anybody's.
            let why = format!("answered with a line that is none of the protocol's (column {})", cause.column());
            lost(launch, &why, run.last_words())
        }),
        Cut::TooLong { bytes, .. } => {
            let why = format!("answered with a line of {bytes} bytes; `max_line_bytes` is the limit");
            Err(lost(launch, &why, run.last_words()))
        }
    };
    // It may end in peace: something may be left to do for it.
    let until = Instant::now() + launch.grace;
    while !run.has_ended() && Instant::now() < until {
        run.turn(&mut Outbox::default(), until).await;
        while run.lines.next().is_some() {}
    }
    run.stop(Duration::ZERO).await;
    reply.map(|reply: Reply| Some(reply.without(&launch.hidden)))
}

async fn ended(launch: &Launch, mut run: Run) -> Result<Option<Reply>, Undelivered> {
    let status = run.bury().await;
    let code = status.and_then(|status| status.code());
    let refused = |kind, why: &str| {
        let error = error(launch, kind, "OP-7511", why, run.last_words());
        Err(Undelivered { error, fate: Fate::NotDone })
    };
    match code {
        Some(0) => Ok(None),
        Some(NO_CREDENTIALS) => refused(ErrorKind::Unauthorised, "says that its credentials are refused (77)"),
        Some(NO_CONFIGURATION) => refused(ErrorKind::Misconfigured, "says that it is set up wrongly (78)"),
        Some(code) => Err(lost(launch, &format!("ended with status {code} and no answer"), run.last_words())),
        None => Err(lost(launch, "was killed and gave no answer", run.last_words())),
    }
}

/// Nobody knows what it did.
pub(crate) fn lost(launch: &Launch, why: &str, words: &str) -> Undelivered {
    Undelivered { error: error(launch, ErrorKind::Transient, "OP-7510", why, words), fate: Fate::Unknown }
}

pub(crate) fn error(launch: &Launch, kind: ErrorKind, code: &'static str, why: &str, words: &str) -> ConnectorError {
    let words = said_shortly(&launch.hidden.text(words));
    let words = if words.is_empty() { String::new() } else { format!("; it said: {words}") };
    ConnectorError::new(kind, code, format!("the program of `{}` {why}{words}", launch.name))
}
