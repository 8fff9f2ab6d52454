//! One run of the program: its process group, its three pipes, its end. Own file because a process is the one thing here that outlives
//! a mistake. INVARIANT: the whole group is killed before its leader is reaped, so that its number cannot already belong to others; a
//! dropped run leaves no process behind; no await here holds anything that is lost when it is dropped.

use crate::chatter::{Chatter, Pace};
use crate::lines::Lines;
use crate::options::Launch;
use crate::outbox::Outbox;
use opspilot_sdk::{ConnectorError, ErrorKind};
use rustix::process::{Pid, Signal, WaitId, WaitIdOptions, kill_process_group, waitid};
use std::io;
use std::process::{ExitStatus, Stdio};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::process::{Child, ChildStderr, ChildStdin, ChildStdout, Command};
use tokio::time::{Instant, sleep_until, timeout_at};

/// How often a program that should end is looked at.
const GLANCE: Duration = Duration::from_millis(10);
/// How long and how much is still read of what a program that has ended said last.
const LAST_WORDS: (Duration, usize) = (Duration::from_millis(200), 64 << 10);
/// How long a program may stay after it has closed its output.
const SILENCE: Duration = Duration::from_secs(2);
const READ: usize = 16 << 10;

/// A running program.
#[derive(Debug)]
pub(crate) struct Run {
    name: String,
    child: Child,
    group: Pid,
    stdin: Option<ChildStdin>,
    stdout: Option<ChildStdout>,
    stderr: Option<ChildStderr>,
    out_buffer: Box<[u8]>,
    err_buffer: Box<[u8]>,
    /// What it printed, cut into lines.
    pub(crate) lines: Lines,
    /// Lines seen so far, for messages.
    pub(crate) count: u64,
    /// Whether it was said that it does not read.
    pub(crate) told_deaf: bool,
    /// Bytes read from its output, now and at the last call.
    heard: u64,
    last_call: Option<u64>,
    /// Whether it let a settlement wait in vain.
    deaf: bool,
    chatter: Chatter,
    complaints: Pace,
    /// By when it must have ended, since it has nothing more to say.
    deadline: Option<Instant>,
    reaped: bool,
}

/// What a turn brought.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Turn {
    /// So many bytes more in [`Run::lines`].
    Read(usize),
    /// Something else happened; look again.
    Other,
    /// The time is over.
    Late,
}

impl Run {
    /// Starts the program in a process group of its own.
    pub(crate) fn start(launch: &Launch) -> Result<Self, ConnectorError> {
        let shown = launch.program.display();
        let cannot =
            |kind, why: &str| ConnectorError::new(kind, "OP-2301", format!("`{shown}` cannot be started: {why}"));
        if !launch.folder.is_dir() {
            let why = format!(
                "its working folder `{}` is not there; make it or correct `working_dir`",
                launch.folder.display()
            );
            return Err(cannot(ErrorKind::Misconfigured, &why));
        }
        let mut child = Command::new(&launch.program)
            .args(&launch.arguments)
            .env_clear()
            .envs(launch.env.iter().map(|(name, value)| (name, &value.0)))
            .current_dir(&launch.folder)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .process_group(0)
            .kill_on_drop(true)
            .spawn()
            .map_err(|error| {
                let (kind, why) = match error.kind() {
                    io::ErrorKind::NotFound => {
                        (ErrorKind::Misconfigured, "it is not found; give its full path or install it")
                    }
                    io::ErrorKind::PermissionDenied => (
                        ErrorKind::Misconfigured,
                        "it may not be executed by the daemon's user; correct its permissions",
                    ),
                    io::ErrorKind::ResourceBusy
                    | io::ErrorKind::WouldBlock
                    | io::ErrorKind::OutOfMemory
                    | io::ErrorKind::ExecutableFileBusy => {
                        (ErrorKind::Transient, "the machine is short of something; it is tried again")
                    }
                    _ => (ErrorKind::Misconfigured, "the system refuses it; run it by hand as the daemon's user"),
                };
                cannot(kind, why).because(error)
            })?;
        let group = child
            .id()
            .and_then(|id| i32::try_from(id).ok())
            .and_then(Pid::from_raw)
            .ok_or_else(|| cannot(ErrorKind::Transient, "it ended before it could be watched"))?;
        Ok(Self {
            name: launch.name.clone(),
            stdin: child.stdin.take(),
            stdout: child.stdout.take(),
            stderr: child.stderr.take(),
            child,
            group,
            out_buffer: vec![0; READ].into_boxed_slice(),
            err_buffer: vec![0; READ / 4].into_boxed_slice(),
            lines: Lines::new(launch.max_line, false),
            count: 0,
            told_deaf: false,
            heard: 0,
            last_call: None,
            deaf: false,
            chatter: Chatter::new(),
            complaints: Pace::default(),
            deadline: None,
            reaped: false,
        })
    }

    /// Lets one thing happen: some bytes read, some written, or the time over. A dropped turn has either happened or not.
    pub(crate) async fn turn(&mut self, outbox: &mut Outbox, until: Instant) -> Turn {
        let wake = if self.stdout.is_none() { until.min(Instant::now() + GLANCE) } else { until };
        // In this order: what it is told cannot pile up, and the time is over only when nothing can be read.
        tokio::select! {
            biased;
            wrote = write(&mut self.stdin, outbox.front()) => {
                match wrote {
                    Ok(count) => {
                        self.deaf = false;
                        outbox.advance(count);
                    }
                    Err(_) => self.stdin = None,
                }
                Turn::Other
            }
            read = read(&mut self.stdout, &mut self.out_buffer) => {
                if let Ok(count @ 1..) = read {
                    self.heard += count as u64;
                    self.lines.feed(self.out_buffer.get(..count).unwrap_or_default());
                    return Turn::Read(count);
                }
                self.stdout = None;
                Turn::Other
            }
            read = read(&mut self.stderr, &mut self.err_buffer) => {
                match read {
                    Ok(count @ 1..) => {
                        let heard = self.chatter.hear(self.err_buffer.get(..count).unwrap_or_default(), Instant::now());
                        log(&self.name, &heard);
                    }
                    _ => self.stderr = None,
                }
                Turn::Other
            }
            () = sleep_until(wake) => if wake < until { Turn::Other } else { Turn::Late },
        }
    }

    /// Tells it that nothing more will be said.
    pub(crate) fn hang_up(&mut self) {
        self.stdin = None;
    }

    /// Writes what waits in the outbox, until it is empty or the patience is over. One that let a settlement wait in vain is not waited
    /// for again; a turn finds out when it reads after all.
    pub(crate) async fn speak(&mut self, outbox: &mut Outbox, patience: Duration) {
        let until = Instant::now() + patience;
        while !self.deaf && self.stdin.is_some() && !outbox.is_empty() {
            match timeout_at(until, write(&mut self.stdin, outbox.front())).await {
                Ok(Ok(count)) => outbox.advance(count),
                Ok(Err(_)) => self.stdin = None,
                Err(_) => self.deaf = true,
            }
        }
    }

    /// Says something about this run in the log, but not for ever.
    pub(crate) fn complain(&mut self, say: impl FnOnce()) {
        if self.complaints.allow(Instant::now()) {
            say();
        }
    }

    /// Whether nothing more will come out of it: its output is closed or its process has ended.
    pub(crate) fn is_silent(&self) -> bool {
        self.stdout.is_none()
    }

    /// For a program that has ended while its children keep its output open: listens once more, and hangs up when nothing came since
    /// the last call. Its end is seen before the last call, so what it printed before has been read by then.
    pub(crate) fn last_call(&mut self) {
        // Nobody reads any more, and a failed write must not pass for a turn in which nothing was heard.
        self.stdin = None;
        if self.last_call.replace(self.heard) == Some(self.heard) {
            self.stdout = None;
        }
    }

    /// Whether its process has ended; it stays a zombie until [`Self::bury`].
    pub(crate) fn has_ended(&self) -> bool {
        let options = WaitIdOptions::EXITED | WaitIdOptions::NOHANG | WaitIdOptions::NOWAIT;
        !matches!(waitid(WaitId::Pid(self.group), options), Ok(None))
    }

    /// Whether a silent program has had the time it may take to end. The first call starts that time.
    pub(crate) fn overstays(&mut self) -> bool {
        let now = Instant::now();
        now >= *self.deadline.get_or_insert(now + SILENCE)
    }

    /// Hears the last words, kills what is left of the group and reaps the leader. `None`: it had to be killed or its end is unknown.
    pub(crate) async fn bury(&mut self) -> Option<ExitStatus> {
        let by_itself = self.has_ended();
        let until = Instant::now() + LAST_WORDS.0;
        let mut heard = 0;
        while by_itself && self.stderr.is_some() && heard < LAST_WORDS.1 {
            match timeout_at(until, read(&mut self.stderr, &mut self.err_buffer)).await {
                Ok(Ok(count @ 1..)) => {
                    heard += count;
                    log(
                        &self.name,
                        &self.chatter.hear(self.err_buffer.get(..count).unwrap_or_default(), Instant::now()),
                    );
                }
                _ => break,
            }
        }
        log(&self.name, &self.chatter.end(Instant::now()));
        self.signal(Signal::KILL);
        let status = self.child.wait().await.ok();
        self.reaped = true;
        status.filter(|_| by_itself)
    }

    /// Ends it: its input is closed and the group asked to end; after the grace it is killed.
    pub(crate) async fn stop(&mut self, grace: Duration) {
        self.stdin = None;
        self.signal(Signal::TERM);
        let until = Instant::now() + grace;
        while !self.has_ended() && Instant::now() < until {
            sleep_until(until.min(Instant::now() + GLANCE)).await;
        }
        self.stdout = None;
        // Before the last words are heard: what it left behind may hold standard error open.
        self.signal(Signal::KILL);
        let _ = self.bury().await;
    }

    /// The last line it said on standard error, fit for a message.
    pub(crate) fn last_words(&self) -> &str {
        self.chatter.last()
    }

    fn signal(&self, signal: Signal) {
        if !self.reaped {
            // Nothing to do about a group that is already gone.
            let _ = kill_process_group(self.group, signal);
        }
    }
}

impl Drop for Run {
    fn drop(&mut self) {
        if !self.reaped {
            self.signal(Signal::KILL);
            // Usually enough; else the runtime reaps it when it hears of its end.
            let _ = self.child.try_wait();
        }
    }
}

fn log(name: &str, heard: &[String]) {
    for line in heard {
        tracing::info!(source = name, "program says: {line}");
    }
}

/// Reads, or waits for ever where there is no pipe.
async fn read<P: AsyncRead + Unpin>(pipe: &mut Option<P>, buffer: &mut [u8]) -> io::Result<usize> {
    match pipe {
        Some(pipe) => pipe.read(buffer).await,
        None => std::future::pending().await,
    }
}

/// Writes, or waits for ever where there is no pipe or nothing to write.
async fn write<P: AsyncWrite + Unpin>(pipe: &mut Option<P>, bytes: &[u8]) -> io::Result<usize> {
    match pipe {
        Some(pipe) if !bytes.is_empty() => pipe.write(bytes).await,
        _ => std::future::pending().await,
    }
}
