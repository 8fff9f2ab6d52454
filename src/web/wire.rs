//! A client's socket with a clock on it. The HTTP library knows requests, not patience: this wrapper cuts whoever is slow with a request
//! head, idles too long or does not read its answer, and lets a client finish sending before the socket goes away, so that it reads why
//! it was refused. INVARIANT: between requests no socket lives without a deadline; a request at work has its own.

use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, AtomicU8, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, ready};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::time::{Instant, Sleep};

/// Nothing is being asked.
const IDLE: u8 = 0;
/// A request head is arriving.
const HEAD: u8 = 1;
/// A request is being worked on.
const BUSY: u8 = 2;

/// How long, and how much, a refused client may go on sending before its socket is closed under it.
const LINGER: Duration = Duration::from_secs(2);
const LINGER_BYTES: usize = 8 << 20;
/// As much of a request head as is looked at for two lengths; more than the HTTP library takes.
const HEAD_BYTES: usize = 64 << 10;

/// What handlers know of the connection a request came on, and tell it.
#[derive(Debug)]
pub(super) struct Peer {
    address: SocketAddr,
    state: AtomicU8,
    linger: AtomicBool,
    /// The bytes since the present head began.
    head: Mutex<Vec<u8>>,
}

impl Peer {
    pub(super) fn new(address: SocketAddr) -> Self {
        Self { address, state: AtomicU8::new(HEAD), linger: AtomicBool::new(false), head: Mutex::default() }
    }

    /// Whether a chunked request gives a second length, as smuggled ones do (RFC 9112, 6.1). The HTTP library takes such a length away
    /// before anybody can see it, so the bytes themselves are asked. A head that was not seen from its start counts as a bad one.
    pub(super) fn has_second_length(&self) -> bool {
        let seen = self.head.lock().unwrap_or_else(PoisonError::into_inner);
        let end = seen.windows(4).position(|four| four == b"\r\n\r\n");
        let Some(head) = end.and_then(|end| seen.get(..end)) else { return true };
        let named =
            |line: &[u8], name: &[u8]| line.get(..name.len()).is_some_and(|start| start.eq_ignore_ascii_case(name));
        let (mut length, mut chunked) = (false, false);
        for line in head.split(|&byte| byte == b'\n') {
            length |= named(line, b"content-length");
            chunked |= named(line, b"transfer-encoding");
        }
        length || !chunked
    }

    fn saw(&self, bytes: &[u8], first: bool) {
        let mut seen = self.head.lock().unwrap_or_else(PoisonError::into_inner);
        if first {
            seen.clear();
        }
        let room = HEAD_BYTES.saturating_sub(seen.len());
        seen.extend_from_slice(bytes.get(..room).unwrap_or(bytes));
    }

    /// Whether the other end is this machine.
    pub(super) fn is_loopback(&self) -> bool {
        self.address.ip().to_canonical().is_loopback()
    }

    /// Where the other end is.
    pub(super) fn ip(&self) -> std::net::IpAddr {
        self.address.ip()
    }

    /// A request was read; the connection waits for its answer.
    pub(super) fn begin(&self) {
        self.state.store(BUSY, Ordering::Relaxed);
    }

    /// The answer is on its way.
    pub(super) fn end(&self) {
        self.state.store(IDLE, Ordering::Relaxed);
    }

    /// The answer comes before the request was read to its end: let the client read it.
    pub(super) fn linger(&self) {
        self.linger.store(true, Ordering::Relaxed);
    }
}

/// The socket.
pub(super) struct Wire {
    stream: TcpStream,
    peer: Arc<Peer>,
    head_time: Duration,
    idle_time: Duration,
    deadline: Instant,
    alarm: Pin<Box<Sleep>>,
    /// Set once the writing half is shut: until when to wait for the client, and how much it may still send.
    lingering: Option<usize>,
}

impl Wire {
    pub(super) fn new(stream: TcpStream, peer: Arc<Peer>, head_time: Duration, idle_time: Duration) -> Self {
        let deadline = Instant::now() + head_time;
        let alarm = Box::pin(tokio::time::sleep_until(deadline));
        Self { stream, peer, head_time, idle_time, deadline, alarm, lingering: None }
    }

    /// The socket waits: for how long it may.
    fn wait(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.deadline < self.alarm.deadline() {
            self.alarm.as_mut().reset(self.deadline);
        }
        while self.alarm.as_mut().poll(cx).is_ready() {
            let now = Instant::now();
            if self.peer.state.load(Ordering::Relaxed) == BUSY {
                self.deadline = now + self.idle_time;
            } else if self.deadline <= now {
                return Poll::Ready(Err(io::ErrorKind::TimedOut.into()));
            }
            let deadline = self.deadline;
            self.alarm.as_mut().reset(deadline);
        }
        Poll::Pending
    }

    fn progress_in(&mut self, bytes: &[u8]) {
        match self.peer.state.load(Ordering::Relaxed) {
            IDLE => {
                // The deadline of a head stands from its first byte on; later bytes do not move it.
                self.peer.state.store(HEAD, Ordering::Relaxed);
                self.deadline = Instant::now() + self.head_time;
                self.peer.saw(bytes, true);
            }
            HEAD => self.peer.saw(bytes, false),
            _ => {}
        }
    }

    fn progress_out(&mut self) {
        self.deadline = Instant::now() + self.idle_time;
    }
}

impl AsyncRead for Wire {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let before = buf.filled().len();
        match Pin::new(&mut self.stream).poll_read(cx, buf) {
            Poll::Ready(outcome) => {
                if let Some(bytes) = buf.filled().get(before..).filter(|bytes| !bytes.is_empty()) {
                    self.progress_in(bytes);
                }
                Poll::Ready(outcome)
            }
            Poll::Pending => self.wait(cx),
        }
    }
}

impl AsyncWrite for Wire {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        match Pin::new(&mut self.stream).poll_write(cx, buf) {
            Poll::Ready(outcome) => {
                self.progress_out();
                Poll::Ready(outcome)
            }
            Poll::Pending => self.wait(cx).map(|cut| cut.map(|()| 0)),
        }
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        match Pin::new(&mut self.stream).poll_write_vectored(cx, bufs) {
            Poll::Ready(outcome) => {
                self.progress_out();
                Poll::Ready(outcome)
            }
            Poll::Pending => self.wait(cx).map(|cut| cut.map(|()| 0)),
        }
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    /// Closes the writing half; after a refusal in the middle of a request, reads on for a while and throws it away: a socket closed
    /// with unread bytes is reset, and the reset would overtake the answer.
    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.lingering.is_none() {
            ready!(Pin::new(&mut self.stream).poll_shutdown(cx))?;
            if !self.peer.linger.load(Ordering::Relaxed) {
                return Poll::Ready(Ok(()));
            }
            self.alarm.as_mut().reset(Instant::now() + LINGER);
            self.lingering = Some(LINGER_BYTES);
        }
        let mut waste = [0; 8192];
        loop {
            let left = self.lingering.unwrap_or(0);
            if left == 0 || self.alarm.as_mut().poll(cx).is_ready() {
                return Poll::Ready(Ok(()));
            }
            let mut buf = ReadBuf::new(&mut waste);
            let read = ready!(Pin::new(&mut self.stream).poll_read(cx, &mut buf));
            if read.is_err() || buf.filled().is_empty() {
                return Poll::Ready(Ok(()));
            }
            self.lingering = Some(left.saturating_sub(buf.filled().len()));
        }
    }
}
