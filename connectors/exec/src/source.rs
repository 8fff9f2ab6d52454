//! The source: polls read lines out of the running program into a queue; settlements take them out of it and are told to the program.
//! Own file because here the runtime's promises and the program's meet. INVARIANT: a request leaves `queue` only when it is settled as
//! committed, and everything a poll has read is in `self`, so that a dropped poll, a returned batch or a dead program loses nothing.

use crate::child::{Run, Turn};
use crate::line::{self, Line, Refused};
use crate::lines::Cut;
use crate::options::Launch;
use crate::outbox::{Hello, Outbox, Tell};
use opspilot_sdk::{Batch, BatchId, BoxFuture, Clock, ConnectorError, Cursor, Envelope, ErrorKind, Settled, Source};
use std::collections::VecDeque;
use std::os::unix::process::ExitStatusExt as _;
use std::process::ExitStatus;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::Instant;

/// The version of the protocol, in the greeting.
const PROTOCOL: u8 = 1;
/// How long a poll that has something looks for more.
const LINGER: Duration = Duration::from_millis(5);
/// How long a settlement waits for the program to take it; what it does not take is offered at the next poll.
const TELLING: Duration = Duration::from_millis(50);
/// A batch is full when its envelopes have so many bytes.
const BATCH_BYTES: usize = 8 << 20;
/// After so many refused lines, or bytes without a request, a poll ends and the program is left alone for [`PENANCE`].
const REFUSALS: u32 = 256;
const NOISE_BYTES: usize = 16 << 20;
const PENANCE: Duration = Duration::from_secs(1);
/// A reason given by the runtime is told up to here, in characters.
const REASON: usize = 500;

/// An exec source.
pub(crate) struct Exec {
    launch: Launch,
    clock: Arc<dyn Clock>,
    run: Option<Run>,
    /// How the last run ended, until a poll has said so.
    ended: Option<Ended>,
    /// Read and not yet settled, in order.
    queue: VecDeque<Item>,
    out: Option<Out>,
    ids: u64,
    outbox: Outbox,
}

enum Item {
    Request { key: String, envelope: Box<Envelope> },
    Cursor(String),
}

/// The batch that is with the runtime: the first so many items of the queue.
struct Out {
    id: BatchId,
    items: usize,
}

/// The end of a run; no status when it had to be killed.
struct Ended(Option<ExitStatus>);

impl Exec {
    pub(crate) fn new(launch: Launch, clock: Arc<dyn Clock>) -> Self {
        let outbox = Outbox::default();
        Self { launch, clock, run: None, ended: None, queue: VecDeque::new(), out: None, ids: 0, outbox }
    }

    /// Reads into the empty queue. The answer is when to ask again when nothing came.
    async fn gather(&mut self, after: Option<&Cursor>, limit: usize) -> Result<Duration, ConnectorError> {
        let mut until = Instant::now() + self.launch.batch_wait;
        let (mut refusals, mut noise, mut requests, mut bytes) = (0, 0, 0, 0);
        let noise_limit = NOISE_BYTES.max(2 * self.launch.max_line);
        loop {
            if let Some(ended) = self.ended.take() {
                if self.queue.is_empty() {
                    return self.conclude(&ended);
                }
                self.ended = Some(ended);
                return Ok(Duration::ZERO);
            }
            let run = match &mut self.run {
                Some(run) => run,
                None => {
                    let cursor = after.map(|cursor| cursor.0.as_str());
                    let run = Run::start(&self.launch)?;
                    self.outbox.begin(Hello { protocol: PROTOCOL, source: &self.launch.name, cursor, check: false });
                    self.run.insert(run)
                }
            };
            while let Some(cut) = run.lines.next().or_else(|| if run.is_silent() { run.lines.rest() } else { None }) {
                run.count += 1;
                match understand(cut, self.launch.max_line, self.clock.now()) {
                    Ok(None | Some(Line::Ready)) => {}
                    Ok(Some(Line::Cursor(cursor))) => match self.queue.back_mut() {
                        Some(Item::Cursor(last)) => *last = cursor,
                        _ => self.queue.push_back(Item::Cursor(cursor)),
                    },
                    Ok(Some(Line::Request { key, envelope })) => {
                        requests += 1;
                        bytes += weight(&envelope);
                        self.queue.push_back(Item::Request { key, envelope });
                        if requests >= limit || bytes >= BATCH_BYTES {
                            return Ok(Duration::ZERO);
                        }
                        until = until.min(Instant::now() + LINGER);
                    }
                    Err(refused) => {
                        refusals += 1;
                        refuse(&self.launch.name, run, &mut self.outbox, &refused);
                        if refusals >= REFUSALS {
                            return Ok(PENANCE);
                        }
                    }
                }
            }
            if noise >= noise_limit {
                return Ok(if self.queue.is_empty() { PENANCE } else { Duration::ZERO });
            }
            if noise > 0 && Instant::now() >= until {
                return Ok(Duration::ZERO);
            }
            if run.is_silent() && (run.has_ended() || run.overstays()) {
                let status = run.bury().await;
                self.run = None;
                self.ended = Some(Ended(status));
                continue;
            }
            match run.turn(&mut self.outbox, until).await {
                Turn::Read(count) => noise += count,
                Turn::Other => {}
                Turn::Late => {
                    // Its children may hold its output open after it has ended.
                    if self.queue.is_empty() && run.has_ended() {
                        run.last_call();
                        until = Instant::now() + LINGER;
                        continue;
                    }
                    return Ok(Duration::ZERO);
                }
            }
        }
    }

    /// What the end of a run means for the runtime.
    fn conclude(&self, ended: &Ended) -> Result<Duration, ConnectorError> {
        let program = self.launch.program.display();
        let (kind, how) = match ended.0 {
            Some(status) if status.success() => return Ok(self.launch.again),
            Some(status) => match (status.code(), status.signal()) {
                (Some(77), _) => {
                    (ErrorKind::Unauthorised, "says that its credentials are refused (status 77)".to_owned())
                }
                (Some(78), _) => {
                    (ErrorKind::Misconfigured, "says that its configuration is wrong (status 78)".to_owned())
                }
                (Some(code), _) => (ErrorKind::Transient, format!("ended with status {code}")),
                (None, signal) => (ErrorKind::Transient, format!("was ended by signal {}", signal.unwrap_or_default())),
            },
            None => (ErrorKind::Transient, "closed its standard output and stayed".to_owned()),
        };
        let message = format!("`{program}` {how}; its last words are in the log of source `{}`", self.launch.name);
        Err(ConnectorError::new(kind, "OP-2303", message))
    }

    /// The first items of the queue as a batch; they stay in the queue.
    fn offer(&mut self, limit: usize, again: Duration) -> Batch {
        let (mut envelopes, mut cursor, mut items, mut bytes) = (Vec::new(), None, 0, 0);
        for item in &self.queue {
            match item {
                Item::Request { envelope, .. } => {
                    if envelopes.len() >= limit || bytes >= BATCH_BYTES {
                        break;
                    }
                    bytes += weight(envelope);
                    envelopes.push(Envelope::clone(envelope));
                }
                Item::Cursor(last) => cursor = Some(Cursor(last.clone())),
            }
            items += 1;
        }
        if items == 0 {
            return Batch { again_in: Some(again), ..Batch::default() };
        }
        let id = match &self.out {
            Some(out) if out.items == items => out.id,
            _ => {
                self.ids += 1;
                BatchId(self.ids)
            }
        };
        self.out = Some(Out { id, items });
        let again_in = if envelopes.is_empty() { Some(again) } else { None };
        Batch { id: Some(id), envelopes, cursor, again_in, proven: true, ..Batch::default() }
    }

    /// Takes a settlement in and leaves word for the program. Not async: it happens whole or not at all.
    fn note(&mut self, batch: BatchId, outcome: &Settled) {
        // A repeat, or a settlement of a batch that has since been offered anew under another id, changes nothing.
        let Some(out) = self.out.take_if(|out| out.id == batch) else { return };
        let keys: Vec<&str> = self
            .queue
            .iter()
            .take(out.items)
            .filter_map(|item| match item {
                Item::Request { key, .. } => Some(key.as_str()),
                Item::Cursor(_) => None,
            })
            .collect();
        let told = keys.is_empty()
            || match outcome {
                Settled::Committed => {
                    self.outbox.push(&Tell::Batch { settled: "committed", keys: &keys, reason: None })
                }
                Settled::Returned { reason } => {
                    let short: String = reason.chars().take(REASON).collect();
                    self.outbox.push(&Tell::Batch { settled: "returned", keys: &keys, reason: Some(&short) })
                }
            };
        if *outcome == Settled::Committed {
            self.queue.drain(..out.items);
        }
        if let Some(run) = &mut self.run
            && !told
        {
            deaf(&self.launch.name, run);
        }
    }

    /// Gives the program a moment to take what it is told.
    async fn tell(&mut self) {
        if let Some(run) = &mut self.run {
            run.speak(&mut self.outbox, TELLING).await;
        }
    }

    async fn watch(&self) -> Result<(), ConnectorError> {
        let until = Instant::now() + self.launch.watch;
        let mut outbox = Outbox::default();
        outbox.begin(Hello { protocol: PROTOCOL, source: &self.launch.name, cursor: None, check: true });
        let mut run = Run::start(&self.launch)?;
        loop {
            while let Some(cut) = run.lines.next().or_else(|| if run.is_silent() { run.lines.rest() } else { None }) {
                match understand(cut, self.launch.max_line, self.clock.now()) {
                    Ok(None) => {}
                    Ok(Some(_)) => {
                        run.stop(self.launch.grace).await;
                        return Ok(());
                    }
                    Err(refused) => {
                        run.stop(self.launch.grace).await;
                        let message =
                            format!("the first line of `{}`: {}", self.launch.program.display(), refused.reason);
                        return Err(ConnectorError::new(ErrorKind::Rejected, refused.code, message));
                    }
                }
            }
            if run.has_ended() && (run.is_silent() || Instant::now() >= until) {
                let status = run.bury().await;
                return self.conclude(&Ended(status)).map(|_| ()).map_err(|mut error| {
                    if !run.last_words().is_empty() {
                        error.message =
                            format!("{}; it said: {}", error.message, run.last_words().trim_end_matches('.'));
                    }
                    error
                });
            }
            if Instant::now() >= until {
                run.stop(self.launch.grace).await;
                return Ok(());
            }
            run.turn(&mut outbox, until).await;
        }
    }
}

impl Source for Exec {
    fn check(&self) -> BoxFuture<'_, Result<(), ConnectorError>> {
        Box::pin(self.watch())
    }

    fn poll(&mut self, after: Option<Cursor>, limit: usize) -> BoxFuture<'_, Result<Batch, ConnectorError>> {
        Box::pin(async move {
            if limit == 0 {
                return Ok(Batch::default());
            }
            // What is not settled yet goes first, and alone.
            let again = if self.queue.is_empty() { self.gather(after.as_ref(), limit).await? } else { Duration::ZERO };
            Ok(self.offer(limit, again))
        })
    }

    fn settle(&mut self, batch: BatchId, outcome: Settled) -> BoxFuture<'_, Result<(), ConnectorError>> {
        Box::pin(async move {
            self.note(batch, &outcome);
            self.tell().await;
            Ok(())
        })
    }

    fn close(&mut self) -> BoxFuture<'_, ()> {
        Box::pin(async move {
            self.tell().await;
            if let Some(run) = &mut self.run {
                run.stop(self.launch.grace).await;
            }
            self.run = None;
        })
    }
}

/// A line, or `None` for an empty one.
fn understand(cut: Cut, limit: usize, now: jiff::Timestamp) -> Result<Option<Line>, Refused> {
    match cut {
        Cut::Whole(line) if line.iter().all(u8::is_ascii_whitespace) => Ok(None),
        Cut::Whole(line) => line::read(line, now).map(Some),
        Cut::TooLong { bytes, .. } => {
            let reason = format!("{bytes} bytes long, more than {limit}; raise `max_line_bytes` or send less");
            Err(Refused { key: None, code: "OP-2304", reason })
        }
    }
}

fn refuse(name: &str, run: &mut Run, outbox: &mut Outbox, refused: &Refused) {
    let Refused { key, code, reason } = refused;
    let number = run.count;
    run.complain(|| tracing::warn!(source = name, code = *code, line = number, "line refused: {reason}"));
    if !outbox.push(&Tell::Rejected { settled: "rejected", key: key.as_deref(), code, reason }) {
        deaf(name, run);
    }
}

fn deaf(name: &str, run: &mut Run) {
    if !std::mem::replace(&mut run.told_deaf, true) {
        tracing::warn!(
            source = name,
            "the program does not read its standard input; it is not told what became of its lines"
        );
    }
}

/// What an envelope costs in memory, roughly.
fn weight(envelope: &Envelope) -> usize {
    envelope.raw.len() * 2 + envelope.attachments.iter().map(|attachment| attachment.bytes.len()).sum::<usize>()
}
