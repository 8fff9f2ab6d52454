//! The load client: keep-alive HTTP/1.1 over plain sockets, as cheap as it can be made, because it shares the cores with
//! what it measures.
//!
//! It reads a status line, a `content-length` and a body, and nothing else; requests are whole byte strings made before
//! the clock starts. INVARIANT: a latency is taken from the first byte written to the last byte of the answer read, and
//! every answer outside the expected statuses ends the run: a benchmark of errors is no benchmark.

use crate::Result;
use crate::measure::Latencies;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::task::JoinSet;

/// How long a refused request (429 or 503) waits before it is sent again.
const REFUSED_PAUSE: Duration = Duration::from_millis(50);

/// What one burst of requests came to.
#[derive(Debug)]
pub(crate) struct Burst {
    /// From the first request to the last answer; connections are open before it starts.
    pub(crate) elapsed: Duration,
    /// One entry per answered request, refusals not counted.
    pub(crate) latencies: Latencies,
    /// Answers 429 and 503; each of those requests was sent again.
    pub(crate) refused: u64,
}

/// Sends all `requests` over `connections` sockets, each socket one request at a time, and expects `status` for each.
///
/// # Errors
/// When a connection fails or an answer has another status (429 and 503 are counted and tried again).
pub(crate) async fn burst(
    address: SocketAddr,
    connections: usize,
    requests: Vec<Vec<u8>>,
    status: u16,
) -> Result<Burst> {
    let mut open = Vec::with_capacity(connections);
    for _ in 0..connections {
        open.push(Connection::open(address).await?);
    }
    let requests = Arc::new(requests);
    let next = Arc::new(AtomicUsize::new(0));
    let mut tasks = JoinSet::new();
    let start = Instant::now();
    for mut connection in open {
        let (requests, next) = (Arc::clone(&requests), Arc::clone(&next));
        tasks.spawn(async move {
            let mut latencies = Latencies::default();
            let mut refused = 0_u64;
            while let Some(request) = requests.get(next.fetch_add(1, Ordering::Relaxed)) {
                loop {
                    let sent = Instant::now();
                    let answer = connection.exchange(request).await?;
                    if answer == status {
                        latencies.push(sent.elapsed());
                        break;
                    }
                    if answer != 429 && answer != 503 {
                        let body = String::from_utf8_lossy(connection.body()).into_owned();
                        return Err(format!("answer {answer} where {status} was expected: {body}").into());
                    }
                    refused += 1;
                    tokio::time::sleep(REFUSED_PAUSE).await;
                }
            }
            Ok::<_, crate::Failure>((latencies, refused))
        });
    }
    let mut burst = Burst { elapsed: Duration::ZERO, latencies: Latencies::default(), refused: 0 };
    while let Some(done) = tasks.join_next().await {
        let (latencies, refused) = done??;
        burst.latencies.extend(latencies);
        burst.refused += refused;
    }
    burst.elapsed = start.elapsed();
    Ok(burst)
}

/// Gets one path on a connection of its own; `headers` are whole lines, each with its line end.
///
/// # Errors
/// When the connection fails or the status is not 200.
pub(crate) async fn get(address: SocketAddr, path: &str, headers: &str) -> Result<Vec<u8>> {
    let mut connection = Connection::open(address).await?;
    connection.get(path, headers).await
}

/// One open socket; it holds the last answer.
#[derive(Debug)]
pub(crate) struct Connection {
    stream: TcpStream,
    buffer: Vec<u8>,
    body: std::ops::Range<usize>,
}

impl Connection {
    /// Opens a socket without delay (Nagle off), as any load balancer would.
    ///
    /// # Errors
    /// When nobody listens.
    pub(crate) async fn open(address: SocketAddr) -> Result<Self> {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        Ok(Self { stream, buffer: Vec::with_capacity(8 << 10), body: 0..0 })
    }

    /// Gets one path; see [`get`].
    ///
    /// # Errors
    /// As [`get`].
    pub(crate) async fn get(&mut self, path: &str, headers: &str) -> Result<Vec<u8>> {
        let request = format!("GET {path} HTTP/1.1\r\nhost: bench\r\n{headers}\r\n");
        match self.exchange(request.as_bytes()).await? {
            200 => Ok(self.body().to_vec()),
            status => Err(format!("GET {path} answered {status}: {}", String::from_utf8_lossy(self.body())).into()),
        }
    }

    /// The body of the last answer.
    pub(crate) fn body(&self) -> &[u8] {
        self.buffer.get(self.body.clone()).unwrap_or_default()
    }

    /// Sends one request and reads its answer; gives the status.
    async fn exchange(&mut self, request: &[u8]) -> Result<u16> {
        self.buffer.clear();
        self.body = 0..0;
        self.stream.write_all(request).await?;
        let head_end = loop {
            let seen = self.buffer.len();
            self.fill().await?;
            // The end of the head may lie across two reads.
            let from = seen.saturating_sub(3);
            if let Some(at) = self.buffer.get(from..).and_then(|new| find(new, b"\r\n\r\n")) {
                break from + at + 4;
            }
        };
        let head = self.buffer.get(..head_end).unwrap_or_default();
        let status = status(head).ok_or("answer without a status line")?;
        let end = head_end + content_length(head).ok_or("answer without a `content-length`")?;
        while self.buffer.len() < end {
            self.fill().await?;
        }
        self.body = head_end..end;
        Ok(status)
    }

    async fn fill(&mut self) -> Result<()> {
        match self.stream.read_buf(&mut self.buffer).await? {
            0 => Err("the server closed the connection in the middle of an answer".into()),
            _ => Ok(()),
        }
    }
}

fn find(haystack: &[u8], needle: &[u8]) -> Option<usize> {
    haystack.windows(needle.len()).position(|window| window == needle)
}

fn status(head: &[u8]) -> Option<u16> {
    std::str::from_utf8(head.get(9..12)?).ok()?.parse().ok()
}

fn content_length(head: &[u8]) -> Option<usize> {
    let line = head
        .split(|&byte| byte == b'\n')
        .find(|line| line.get(..15).is_some_and(|name| name.eq_ignore_ascii_case(b"content-length:")))?;
    std::str::from_utf8(line.get(15..)?).ok()?.trim().parse().ok()
}
