//! A far side that keeps notes and misbehaves: it stores and then fails, hangs, hangs up or says nothing, or fails before it stores. It has no
//! idea of a repeat: what is sent twice stands there twice. Own file, standard library only, because several kinds of test write to it.
//! INVARIANT: it never denies a note that it has; what it holds at the end is what was really written.

use serde_json::Value;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// What becomes of a call that writes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mishap {
    /// Stored, and said so.
    None,
    /// Stored, then a fault of its own.
    StoredThenFails,
    /// Stored, then the connection is reset.
    StoredThenCut,
    /// Stored, then silence.
    StoredThenSilent,
    /// A fault before anything was stored.
    Fails,
    /// The connection is reset before anything was stored.
    Cut,
    /// Too many, later.
    Busy,
    /// Yes, and nothing was stored.
    Lies,
}

/// One note as it is kept.
#[derive(Clone, Debug)]
pub(crate) struct Note {
    /// The `webhook-id` it came with.
    pub(crate) key: String,
    /// The body as it came.
    pub(crate) body: String,
}

#[derive(Default)]
struct Kept {
    notes: Vec<Note>,
    calls: usize,
    looks: usize,
    silent: Vec<TcpStream>,
}

type Chooser = Box<dyn Fn(usize) -> Mishap + Send + Sync>;

/// The running server; its threads end with the test's process.
#[derive(Clone)]
pub(crate) struct Notes {
    pub(crate) port: u16,
    takes: Duration,
    kept: Arc<Mutex<Kept>>,
}

impl Notes {
    /// Starts it; `choose` says what becomes of each writing call, by its number from 0.
    pub(crate) fn start(choose: impl Fn(usize) -> Mishap + Send + Sync + 'static) -> Self {
        Self::far_away(Duration::ZERO, choose)
    }

    /// The same at a distance: each call takes so long.
    pub(crate) fn far_away(takes: Duration, choose: impl Fn(usize) -> Mishap + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port on loopback");
        let port = listener.local_addr().expect("its address").port();
        let notes = Self { port, takes, kept: Arc::default() };
        let (own, choose): (Self, Arc<Chooser>) = (notes.clone(), Arc::new(Box::new(choose)));
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (own, choose) = (own.clone(), Arc::clone(&choose));
                std::thread::spawn(move || own.answer(stream, &choose));
            }
        });
        notes
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Everything it holds.
    pub(crate) fn notes(&self) -> Vec<Note> {
        self.kept().notes.clone()
    }

    /// How many calls that write there were, and how many that look.
    pub(crate) fn calls(&self) -> (usize, usize) {
        let kept = self.kept();
        (kept.calls, kept.looks)
    }

    /// Changes a note from outside.
    pub(crate) fn edit(&self, key: &str, change: impl FnOnce(&mut Value)) {
        let mut kept = self.kept();
        let note = kept.notes.iter_mut().find(|note| note.key == key).expect("such a note");
        let mut body: Value = serde_json::from_str(&note.body).expect("a note is JSON");
        change(&mut body);
        note.body = body.to_string();
    }

    fn answer(&self, stream: TcpStream, choose: &Chooser) {
        let mut reader = BufReader::new(stream.try_clone().expect("a second handle"));
        let mut line = String::new();
        if reader.read_line(&mut line).unwrap_or(0) == 0 {
            return;
        }
        let mut words = line.split_whitespace();
        let (method, path) = (words.next().unwrap_or_default().to_owned(), words.next().unwrap_or_default().to_owned());
        let (mut length, mut id) = (0, String::new());
        loop {
            let mut header = String::new();
            if reader.read_line(&mut header).unwrap_or(0) == 0 || header.trim().is_empty() {
                break;
            }
            let (name, value) = header.split_once(':').unwrap_or((&header, ""));
            match name.to_ascii_lowercase().as_str() {
                "content-length" => length = value.trim().parse().unwrap_or(0),
                "webhook-id" => value.trim().clone_into(&mut id),
                _ => {}
            }
        }
        let mut body = vec![0; length];
        if reader.read_exact(&mut body).is_err() {
            return;
        }
        std::thread::sleep(self.takes);
        let named = path.rsplit('/').next().unwrap_or_default().to_owned();
        match method.as_str() {
            "POST" => self.write(stream, id, String::from_utf8_lossy(&body).into_owned(), choose),
            "DELETE" => {
                self.kept().notes.retain(|note| note.key != named);
                say(stream, 204, "");
            }
            _ => {
                let mut kept = self.kept();
                kept.looks += 1;
                let found = kept.notes.iter().find(|note| note.key == named).map(|note| note.body.clone());
                drop(kept);
                match found {
                    Some(body) => say(stream, 200, &body),
                    // It names what it does not have: a 404 alone may be that of a gateway.
                    None => say(stream, 404, &serde_json::json!({ "key": named }).to_string()),
                }
            }
        }
    }

    fn write(&self, stream: TcpStream, key: String, body: String, choose: &Chooser) {
        let mut kept = self.kept();
        let mishap = choose(kept.calls);
        kept.calls += 1;
        let stores =
            matches!(mishap, Mishap::None | Mishap::StoredThenFails | Mishap::StoredThenCut | Mishap::StoredThenSilent);
        if stores {
            kept.notes.push(Note { key, body });
        }
        match mishap {
            Mishap::None | Mishap::Lies => {
                drop(kept);
                say(stream, 201, "{}");
            }
            Mishap::StoredThenFails | Mishap::Fails => {
                drop(kept);
                say(stream, 500, "{\"error\":\"out of order\"}");
            }
            Mishap::StoredThenCut | Mishap::Cut => {}
            Mishap::StoredThenSilent => kept.silent.push(stream),
            Mishap::Busy => {
                drop(kept);
                let text = "HTTP/1.1 429 Too Many Requests\r\nretry-after: 1\r\ncontent-length: 0\r\nconnection: close\r\n\r\n";
                let _ = (&stream).write_all(text.as_bytes());
            }
        }
    }
}

fn say(mut stream: TcpStream, status: u16, body: &str) {
    let text = format!(
        "HTTP/1.1 {status} So\r\ncontent-type: application/json\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}",
        body.len()
    );
    let _ = stream.write_all(text.as_bytes());
}
