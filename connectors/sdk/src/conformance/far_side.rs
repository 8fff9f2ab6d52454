//! A far side over HTTP for tests: a server whose answers a test makes, or a way to a real server, with mishaps on demand. Own file because
//! what goes wrong between two programs goes wrong alike for every vendor. Threads and the standard library alone, so that it goes on
//! whatever the test's executor does. INVARIANT: a mishap strikes one call that changes something, the next one, and no other.

use super::Mishap;
use std::io::{self, BufRead as _, BufReader, Read, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// The pause that [`Mishap::Busy`] asks for, in seconds.
pub(super) const PAUSE: u64 = 7;
/// The longest silence of whoever asks, or of the real server behind.
const PATIENCE: Duration = Duration::from_secs(60);

/// A request, read whole.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Asked {
    /// The method.
    pub method: String,
    /// Path and query, as they came.
    pub target: String,
    /// Header names in lowercase, and values.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Vec<u8>,
}

impl Asked {
    /// A header's value; that of the first, when it stands more than once.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(own, _)| own == name).map(|(_, value)| value.as_str())
    }

    /// The path without the query.
    #[must_use]
    pub fn path(&self) -> &str {
        self.target.split('?').next().unwrap_or_default()
    }

    /// The body as JSON; `null` when it is none.
    #[must_use]
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body).unwrap_or_default()
    }

    /// Whether its method alone says that it changes nothing.
    #[must_use]
    pub fn is_safe(&self) -> bool {
        matches!(self.method.as_str(), "GET" | "HEAD" | "OPTIONS")
    }
}

/// An answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Told {
    /// The status.
    pub status: u16,
    /// Headers beside the length.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Vec<u8>,
}

impl Told {
    /// An answer without a body.
    #[must_use]
    pub fn status(status: u16) -> Self {
        Self { status, headers: Vec::new(), body: Vec::new() }
    }

    /// An answer in JSON.
    #[must_use]
    pub fn json(status: u16, body: &serde_json::Value) -> Self {
        Self::status(status).header("content-type", "application/json").with(body.to_string())
    }

    /// With a header.
    #[must_use]
    pub fn header(mut self, name: &str, value: impl Into<String>) -> Self {
        self.headers.push((name.to_owned(), value.into()));
        self
    }

    /// With a body.
    #[must_use]
    pub fn with(mut self, body: impl Into<Vec<u8>>) -> Self {
        self.body = body.into();
        self
    }
}

type Answer = Arc<dyn Fn(&Asked) -> Told + Send + Sync>;
type Changes = Arc<dyn Fn(&Asked) -> bool + Send + Sync>;

#[derive(Default)]
struct State {
    armed: Option<Mishap>,
    asked: Vec<Asked>,
    /// Connections that are kept open without a word.
    held: Vec<TcpStream>,
}

/// A running far side; its threads end with the test's process.
pub struct FarSide {
    /// Its port on 127.0.0.1.
    pub port: u16,
    state: Arc<Mutex<State>>,
}

impl FarSide {
    /// A server that answers so. `changes` says which requests change something: not every POST does, a search does not.
    ///
    /// # Errors
    /// There is no port to listen at.
    pub fn start(
        changes: impl Fn(&Asked) -> bool + Send + Sync + 'static,
        answer: impl Fn(&Asked) -> Told + Send + Sync + 'static,
    ) -> io::Result<Self> {
        Self::serve(Arc::new(changes), Arc::new(answer))
    }

    /// A way to a real server on 127.0.0.1: everything goes there and comes back, but for mishaps.
    ///
    /// # Errors
    /// There is no port to listen at.
    pub fn before(upstream: u16, changes: impl Fn(&Asked) -> bool + Send + Sync + 'static) -> io::Result<Self> {
        let answer = move |asked: &Asked| {
            forward(upstream, asked).unwrap_or_else(|cause| Told::status(502).with(cause.to_string()))
        };
        Self::serve(Arc::new(changes), Arc::new(answer))
    }

    fn serve(changes: Changes, answer: Answer) -> io::Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", 0))?;
        let port = listener.local_addr()?.port();
        let state = Arc::new(Mutex::new(State::default()));
        let shared = Arc::clone(&state);
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (state, changes, answer) = (Arc::clone(&shared), Arc::clone(&changes), Arc::clone(&answer));
                std::thread::spawn(move || converse(&stream, &state, &changes, &answer));
            }
        });
        Ok(Self { port, state })
    }

    /// `http://127.0.0.1:PORT`.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// The next call that changes something meets this.
    pub fn arm(&self, mishap: Mishap) {
        lock(&self.state).armed = Some(mishap);
    }

    /// Every request so far, in order.
    #[must_use]
    pub fn asked(&self) -> Vec<Asked> {
        lock(&self.state).asked.clone()
    }
}

fn lock(state: &Mutex<State>) -> std::sync::MutexGuard<'_, State> {
    state.lock().unwrap_or_else(PoisonError::into_inner)
}

fn converse(stream: &TcpStream, state: &Mutex<State>, changes: &Changes, answer: &Answer) {
    let Ok(read) = stream.try_clone() else { return };
    let mut reader = BufReader::new(read);
    while let Ok(Some(asked)) = request(&mut reader) {
        let mishap = {
            let mut state = lock(state);
            state.asked.push(asked.clone());
            if changes(&asked) { state.armed.take() } else { None }
        };
        let told = match mishap {
            None => answer(&asked),
            Some(Mishap::CutBefore) => return cut(stream),
            Some(Mishap::Busy) => Told::status(429).header("retry-after", PAUSE.to_string()),
            Some(Mishap::Expired) => Told::status(401),
            Some(Mishap::Ignored) => Told::json(200, &serde_json::json!({})),
            Some(Mishap::DoneThenCut) => {
                answer(&asked);
                return cut(stream);
            }
            Some(Mishap::DoneThenFailed) => {
                answer(&asked);
                Told::status(500)
            }
            Some(Mishap::DoneThenSilent) => {
                answer(&asked);
                if let Ok(stream) = stream.try_clone() {
                    lock(state).held.push(stream);
                }
                return;
            }
        };
        let is_head = asked.method == "HEAD";
        if write(stream, &told, is_head).is_err() || asked.header("connection").is_some_and(|word| word == "close") {
            break;
        }
    }
    cut(stream);
}

fn cut(stream: &TcpStream) {
    // Nothing to do about one that is gone.
    let _ = stream.shutdown(std::net::Shutdown::Both);
}

fn write(mut stream: &TcpStream, told: &Told, is_head: bool) -> io::Result<()> {
    let mut head = format!("HTTP/1.1 {} Told\r\n", told.status);
    for (name, value) in &told.headers {
        head.push_str(&format!("{name}: {value}\r\n"));
    }
    if !matches!(told.status, 204 | 304) {
        head.push_str(&format!("content-length: {}\r\n", told.body.len()));
    }
    head.push_str("\r\n");
    let body = if is_head || matches!(told.status, 204 | 304) { &[][..] } else { &told.body };
    stream.write_all(&[head.as_bytes(), body].concat())
}

/// The next request; `None` when the connection has ended.
fn request(reader: &mut BufReader<TcpStream>) -> io::Result<Option<Asked>> {
    let Some(first) = line(reader)? else { return Ok(None) };
    let mut words = first.split(' ');
    let (method, target) = (words.next().unwrap_or_default().to_owned(), words.next().unwrap_or_default().to_owned());
    let headers = headers(reader)?;
    let body = body(reader, &headers, false)?;
    Ok(Some(Asked { method, target, headers, body }))
}

fn line(reader: &mut BufReader<TcpStream>) -> io::Result<Option<String>> {
    let mut line = Vec::new();
    if reader.read_until(b'\n', &mut line)? == 0 {
        return Ok(None);
    }
    Ok(Some(String::from_utf8_lossy(&line).trim_end_matches(['\r', '\n']).to_owned()))
}

fn headers(reader: &mut BufReader<TcpStream>) -> io::Result<Vec<(String, String)>> {
    let mut headers = Vec::new();
    while let Some(line) = line(reader)?.filter(|line| !line.is_empty()) {
        let (name, value) = line.split_once(':').unwrap_or((&line, ""));
        headers.push((name.to_ascii_lowercase(), value.trim().to_owned()));
    }
    Ok(headers)
}

fn body(reader: &mut BufReader<TcpStream>, headers: &[(String, String)], to_end: bool) -> io::Result<Vec<u8>> {
    let value = |wanted: &str| headers.iter().find(|(name, _)| name == wanted).map(|(_, value)| value.as_str());
    let mut body = Vec::new();
    if value("transfer-encoding").is_some_and(|coding| coding.eq_ignore_ascii_case("chunked")) {
        loop {
            let size = line(reader)?.unwrap_or_default();
            let size = u64::from_str_radix(size.split(';').next().unwrap_or_default().trim(), 16)
                .map_err(|cause| io::Error::new(io::ErrorKind::InvalidData, cause))?;
            let before = body.len() as u64;
            reader.by_ref().take(size).read_to_end(&mut body)?;
            line(reader)?;
            if size == 0 || body.len() as u64 != before + size {
                return Ok(body);
            }
        }
    }
    match value("content-length").and_then(|length| length.parse::<u64>().ok()) {
        Some(length) => reader.by_ref().take(length).read_to_end(&mut body)?,
        None if to_end => reader.read_to_end(&mut body)?,
        None => 0,
    };
    Ok(body)
}

fn forward(upstream: u16, asked: &Asked) -> io::Result<Told> {
    let mut stream = TcpStream::connect(("127.0.0.1", upstream))?;
    stream.set_read_timeout(Some(PATIENCE))?;
    let own = ["connection", "content-length", "transfer-encoding", "expect", "accept-encoding"];
    let mut head = format!("{} {} HTTP/1.1\r\nconnection: close\r\n", asked.method, asked.target);
    for (name, value) in asked.headers.iter().filter(|(name, _)| !own.contains(&name.as_str())) {
        head.push_str(&format!("{name}: {value}\r\n"));
    }
    if !asked.is_safe() || !asked.body.is_empty() {
        head.push_str(&format!("content-length: {}\r\n", asked.body.len()));
    }
    head.push_str("\r\n");
    stream.write_all(&[head.as_bytes(), &asked.body].concat())?;
    let mut reader = BufReader::new(stream);
    let first = line(&mut reader)?.unwrap_or_default();
    let status = first.split(' ').nth(1).and_then(|word| word.parse().ok());
    let status = status.ok_or_else(|| io::Error::other("the real server does not answer in HTTP"))?;
    let headers = headers(&mut reader)?;
    let bodyless = asked.method == "HEAD" || matches!(status, 204 | 304);
    let body = if bodyless { Vec::new() } else { body(&mut reader, &headers, true)? };
    let headers = headers.into_iter().filter(|(name, _)| !own.contains(&name.as_str())).collect();
    Ok(Told { status, headers, body })
}
