//! A small HTTP/1.1 client over plain sockets: whole requests as bytes, answers with a length or in chunks. Own file, standard library
//! only, so that tests can send what no proper client would. INVARIANT: an answer is whole or an error; nothing is tried again here.

use serde_json::Value;
use std::io::{self, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

/// Longest silence of a daemon that lives.
const SILENCE: Duration = Duration::from_secs(60);

/// A request that is yet to be written.
#[derive(Clone, Debug)]
pub(crate) struct Ask {
    method: String,
    target: String,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
}

impl Ask {
    pub(crate) fn get(target: impl Into<String>) -> Self {
        Self::of("GET", target, Vec::new())
    }

    pub(crate) fn post(target: impl Into<String>, body: impl Into<Vec<u8>>) -> Self {
        Self::of("POST", target, body.into())
    }

    pub(crate) fn json(target: impl Into<String>, body: &Value) -> Self {
        Self::post(target, body.to_string()).header("content-type", "application/json")
    }

    pub(crate) fn of(method: &str, target: impl Into<String>, body: Vec<u8>) -> Self {
        Self { method: method.to_owned(), target: target.into(), headers: Vec::new(), body }
    }

    pub(crate) fn header(mut self, name: &str, value: impl Into<String>) -> Self {
        self.headers.push((name.to_owned(), value.into()));
        self
    }

    pub(crate) fn bearer(self, token: &str) -> Self {
        self.header("authorization", format!("Bearer {token}"))
    }

    /// As it goes over the wire.
    pub(crate) fn bytes(&self) -> Vec<u8> {
        let mut head = format!("{} {} HTTP/1.1\r\nhost: test\r\n", self.method, self.target);
        for (name, value) in &self.headers {
            head.push_str(&format!("{name}: {value}\r\n"));
        }
        if self.method != "GET" {
            head.push_str(&format!("content-length: {}\r\n", self.body.len()));
        }
        head.push_str("\r\n");
        [head.as_bytes(), &self.body].concat()
    }
}

/// An answer.
#[derive(Clone, Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

impl Answer {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// The body as JSON; null when it is none.
    pub(crate) fn value(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_default()
    }

    /// A text member of the body.
    pub(crate) fn member(&self, name: &str) -> String {
        self.value().get(name).and_then(Value::as_str).unwrap_or_default().to_owned()
    }
}

/// A connection that is kept.
#[derive(Debug)]
pub(crate) struct Client {
    stream: TcpStream,
    /// Bytes that came and are not yet part of an answer.
    came: Vec<u8>,
}

impl Client {
    pub(crate) fn open(address: SocketAddr) -> io::Result<Self> {
        let stream = TcpStream::connect(address)?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(SILENCE))?;
        stream.set_write_timeout(Some(SILENCE))?;
        Ok(Self { stream, came: Vec::new() })
    }

    pub(crate) fn ask(&mut self, ask: &Ask) -> io::Result<Answer> {
        self.send(&ask.bytes())?;
        self.read(ask.method == "HEAD")
    }

    pub(crate) fn send(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.stream.write_all(bytes)
    }

    /// The next answer on this connection.
    pub(crate) fn answer(&mut self) -> io::Result<Answer> {
        self.read(false)
    }

    fn read(&mut self, without_body: bool) -> io::Result<Answer> {
        let end = loop {
            if let Some(at) = self.came.windows(4).position(|four| four == b"\r\n\r\n") {
                break at + 4;
            }
            self.more()?;
        };
        let head: Vec<u8> = self.came.drain(..end).collect();
        let head = String::from_utf8(head).map_err(io::Error::other)?;
        let mut lines = head.lines();
        let status = lines.next().and_then(|line| line.split(' ').nth(1)?.parse().ok());
        let status = status.ok_or_else(|| io::Error::other(format!("no status line: {head}")))?;
        let split =
            |line: &str| line.split_once(':').map(|(name, value)| (name.to_lowercase(), value.trim().to_owned()));
        let mut answer = Answer { status, headers: lines.filter_map(split).collect(), body: Vec::new() };
        if without_body {
            return Ok(answer);
        }
        if answer.header("transfer-encoding").is_some() {
            self.chunks(&mut answer.body)?;
        } else {
            let length = answer.header("content-length").and_then(|text| text.parse().ok()).unwrap_or(0);
            answer.body = self.take(length)?;
        }
        Ok(answer)
    }

    fn chunks(&mut self, body: &mut Vec<u8>) -> io::Result<()> {
        loop {
            let end = loop {
                if let Some(at) = self.came.windows(2).position(|two| two == b"\r\n") {
                    break at;
                }
                self.more()?;
            };
            let line: Vec<u8> = self.came.drain(..end + 2).collect();
            let length = String::from_utf8_lossy(&line[..end]).trim().to_owned();
            let length = usize::from_str_radix(&length, 16).map_err(io::Error::other)?;
            let chunk = self.take(length + 2)?;
            if length == 0 {
                return Ok(());
            }
            body.extend_from_slice(&chunk[..length]);
        }
    }

    fn take(&mut self, length: usize) -> io::Result<Vec<u8>> {
        while self.came.len() < length {
            self.more()?;
        }
        Ok(self.came.drain(..length).collect())
    }

    fn more(&mut self) -> io::Result<()> {
        let mut room = [0; 16 << 10];
        match self.stream.read(&mut room)? {
            0 => Err(io::ErrorKind::UnexpectedEof.into()),
            read => {
                self.came.extend_from_slice(&room[..read]);
                Ok(())
            }
        }
    }

    /// Whether the other end closes without another byte, waiting for it.
    pub(crate) fn is_closed(&mut self) -> bool {
        let mut room = [0; 1024];
        loop {
            match self.stream.read(&mut room) {
                Ok(0) => return true,
                Ok(_) => {}
                Err(cause) => return cause.kind() == io::ErrorKind::ConnectionReset,
            }
        }
    }
}

/// One request on a connection of its own.
pub(crate) fn once(address: SocketAddr, ask: &Ask) -> io::Result<Answer> {
    Client::open(address)?.ask(ask)
}
