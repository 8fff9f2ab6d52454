//! A stand-in for a vendor of models, in both shapes that are about (chat completions, messages), streamed or whole: does what the real
//! ones will not do on demand, and keeps its own true count of tokens beside what it says. Own file, threads and plain sockets, so that
//! every kind of test includes it and it goes on whatever the test's own executor does. INVARIANT: what it counts is what a vendor could
//! bill: a question that it began to work on is counted whole, whether the answer arrived or not.

use serde_json::{Value, json};
use std::io::{self, Read as _, Write as _};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// What is done about a call.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Act {
    /// Answers with this text.
    Say(String),
    /// Answers with this text, and says another count than the true one.
    Lie(String, Lie),
    /// Takes the call and never answers.
    Hang,
    /// Begins to answer and never goes on.
    HangInside(String),
    /// Ends the connection without a word, having worked.
    Cut,
    /// Ends the connection in the middle of the answer.
    CutInside(String),
    /// Refuses: status, further headers, body. Nothing is counted.
    Refuse(u16, Vec<(&'static str, String)>, String),
    /// Fails with 500 after the work was done.
    FailLate,
    /// A success whose body is exactly this, of this media type, sent in these pieces.
    Raw(&'static str, Vec<Vec<u8>>),
    /// Answers with this text, each byte of the stream in a chunk of its own.
    Crumbs(String),
    /// Sends without end.
    Endless,
    /// Sends signs of life without end, and nothing else.
    Drip,
    /// Does the other thing so much later.
    After(Duration, Box<Act>),
}

impl Act {
    /// Too many requests, as vendors say it.
    pub(crate) fn too_many(retry_after: Option<&str>) -> Self {
        let headers = retry_after.map(|after| ("retry-after", after.to_owned())).into_iter().collect();
        Self::Refuse(429, headers, r#"{"error":{"type":"rate_limit_error","message":"slow down"}}"#.to_owned())
    }
}

/// What is said instead of the true count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Lie {
    Nothing,
    Zero,
    Hundredfold,
    Negative,
    Fraction,
    Words,
}

/// One call, as it came.
#[derive(Clone, Debug)]
pub(crate) struct Call {
    /// The how many-th question, from 0. Other requests have the number of the next.
    pub(crate) number: usize,
    pub(crate) method: String,
    pub(crate) path: String,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Value,
    /// When it had come whole.
    pub(crate) at: Instant,
    /// What was done.
    pub(crate) act: Act,
    /// The true count of what was read, in tokens; zero when nothing was done.
    pub(crate) input: u64,
    /// The true count of what was written.
    pub(crate) output: u64,
}

impl Call {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// All text that the model reads, one after the other.
    pub(crate) fn text(&self) -> String {
        let mut found = String::new();
        strings(&self.body, &mut found);
        found
    }
}

/// Judges what to do about a call.
type Script = Box<dyn FnMut(&Call) -> Act + Send>;

struct Shared {
    script: Mutex<Script>,
    calls: Mutex<Vec<Call>>,
    changed: Condvar,
    now: AtomicUsize,
    most: AtomicUsize,
}

/// A running server. Its threads end with their connections; the listener ends with the test.
pub(crate) struct ModelServer {
    pub(crate) address: SocketAddr,
    shared: Arc<Shared>,
}

impl ModelServer {
    /// Listens on loopback; `script` is asked about each question in the order in which they come.
    pub(crate) fn start(script: impl FnMut(&Call) -> Act + Send + 'static) -> Self {
        Self::start_at("127.0.0.1:0", script)
    }

    pub(crate) fn start_at(address: &str, script: impl FnMut(&Call) -> Act + Send + 'static) -> Self {
        let listener = TcpListener::bind(address).expect("a port");
        let address = listener.local_addr().expect("an address");
        let shared = Arc::new(Shared {
            script: Mutex::new(Box::new(script)),
            calls: Mutex::default(),
            changed: Condvar::new(),
            now: AtomicUsize::new(0),
            most: AtomicUsize::new(0),
        });
        let state = Arc::clone(&shared);
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let state = Arc::clone(&state);
                std::thread::spawn(move || {
                    let _ = state.converse(stream);
                });
            }
        });
        Self { address, shared }
    }

    /// For `base_url` of the kind `openai`.
    pub(crate) fn chat_url(&self) -> String {
        format!("http://{}/v1", self.address)
    }

    /// For `base_url` of the kind `anthropic`.
    pub(crate) fn messages_url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Takes another script from now on.
    pub(crate) fn act(&self, script: impl FnMut(&Call) -> Act + Send + 'static) {
        *lock(&self.shared.script) = Box::new(script);
    }

    /// All questions so far.
    pub(crate) fn questions(&self) -> Vec<Call> {
        lock(&self.shared.calls).iter().filter(|call| call.method == "POST").cloned().collect()
    }

    /// All requests so far, questions or not.
    pub(crate) fn requests(&self) -> usize {
        lock(&self.shared.calls).len()
    }

    /// The true count of all questions: read and written, in tokens.
    pub(crate) fn counted(&self) -> (u64, u64) {
        let calls = lock(&self.shared.calls);
        (calls.iter().map(|call| call.input).sum(), calls.iter().map(|call| call.output).sum())
    }

    /// The most questions that were being worked on at once.
    pub(crate) fn most_at_once(&self) -> usize {
        self.shared.most.load(Ordering::SeqCst)
    }

    /// Waits until nothing is being worked on any more.
    pub(crate) fn wait_idle(&self) {
        let begun = Instant::now();
        while self.shared.now.load(Ordering::SeqCst) > 0 {
            assert!(begun.elapsed() < Duration::from_secs(60), "waited in vain for connections to end");
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    /// Waits until so many questions have come.
    pub(crate) fn wait_for(&self, count: usize) {
        let patience = Duration::from_secs(60);
        let few = |calls: &mut Vec<Call>| calls.iter().filter(|call| call.method == "POST").count() < count;
        let waited = self.shared.changed.wait_timeout_while(lock(&self.shared.calls), patience, few);
        let late = waited.unwrap_or_else(PoisonError::into_inner).1.timed_out();
        assert!(!late, "waited {patience:?} in vain for question {count}");
    }
}

/// What is answered to somebody who asks what there is: one model, in a list and by its name.
fn listed(path: &str) -> Vec<u8> {
    let (status, body) = match path.split_once("/models") {
        Some((_, "")) => (200, r#"{"data":[{"id":"stand-in"}]}"#),
        Some((_, "/stand-in")) => (200, r#"{"type":"model","id":"stand-in"}"#),
        _ => (404, r#"{"type":"error","error":{"type":"not_found_error","message":"no such thing"}}"#),
    };
    whole(status, &[], "application/json", body.as_bytes())
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Shared {
    fn converse(&self, mut stream: TcpStream) -> io::Result<()> {
        stream.set_nodelay(true)?;
        let mut came = Vec::new();
        while let Some(call) = request(&mut stream, &mut came)? {
            if call.method != "POST" {
                let answer = listed(&call.path);
                lock(&self.calls).push(call);
                stream.write_all(&answer)?;
                continue;
            }
            let call = self.judge(call);
            self.most.fetch_max(self.now.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
            let done = perform(&mut stream, &call, &call.act);
            self.now.fetch_sub(1, Ordering::SeqCst);
            if !done? {
                let _ = stream.shutdown(Shutdown::Both);
                break;
            }
        }
        Ok(())
    }

    fn judge(&self, mut call: Call) -> Call {
        let mut script = lock(&self.script);
        let mut calls = lock(&self.calls);
        call.number = calls.iter().filter(|call| call.method == "POST").count();
        call.act = script(&call);
        if let Some(text) = worked(&call.act) {
            call.input = tokens(&call.text());
            call.output = match text {
                Some(text) => tokens(text).min(longest(&call.body)),
                None => longest(&call.body),
            };
        }
        calls.push(call.clone());
        self.changed.notify_all();
        call
    }
}

/// Whether something was worked on, and the text that was written; without one it is as long as it may be.
fn worked(act: &Act) -> Option<Option<&str>> {
    match act {
        Act::Say(text) | Act::Lie(text, _) | Act::Crumbs(text) => Some(Some(text)),
        Act::HangInside(text) | Act::CutInside(text) => Some(Some(text)),
        Act::Hang | Act::Cut | Act::FailLate | Act::Endless | Act::Drip | Act::Raw(..) => Some(None),
        Act::Refuse(..) => None,
        Act::After(_, act) => worked(act),
    }
}

/// One token for every three bytes, rounded up.
fn tokens(text: &str) -> u64 {
    (text.len() as u64).div_ceil(3)
}

fn longest(body: &Value) -> u64 {
    ["max_completion_tokens", "max_tokens"].into_iter().find_map(|key| body.get(key)?.as_u64()).unwrap_or(100_000)
}

fn strings(value: &Value, found: &mut String) {
    match value {
        Value::String(text) => {
            found.push_str(text);
            found.push('\n');
        }
        Value::Array(list) => list.iter().for_each(|value| strings(value, found)),
        Value::Object(members) => members.values().for_each(|value| strings(value, found)),
        _ => {}
    }
}

/// Does it; whether the connection can go on.
fn perform(stream: &mut TcpStream, call: &Call, act: &Act) -> io::Result<bool> {
    let answer = |text: &str, usage| Reply { text, usage, call }.pieces();
    let honest = (json!(call.input), json!(call.output));
    match act {
        Act::After(time, act) => {
            std::thread::sleep(*time);
            return perform(stream, call, act);
        }
        Act::Say(text) => send(stream, call, &answer(text, Some(honest)))?,
        Act::Crumbs(text) => {
            let bytes = answer(text, Some(honest)).concat();
            send(stream, call, &bytes.chunks(1).map(<[u8]>::to_vec).collect::<Vec<_>>())?;
        }
        Act::Lie(text, lie) => {
            let (input, output) = (call.input, call.output);
            let usage = match lie {
                Lie::Nothing => None,
                Lie::Zero => Some((json!(0), json!(0))),
                Lie::Hundredfold => Some((json!(input * 100), json!(output * 100))),
                Lie::Negative => Some((json!(input), json!(-1))),
                Lie::Fraction => Some((json!(0.5), json!(0.5))),
                Lie::Words => Some((json!("few"), json!("NaN"))),
            };
            send(stream, call, &answer(text, usage))?;
        }
        Act::Refuse(status, headers, body) => {
            stream.write_all(&whole(*status, headers, "application/json", body.as_bytes()))?;
        }
        Act::FailLate => stream.write_all(&whole(500, &[], "text/html", b"<h1>sorry</h1>"))?,
        Act::Raw(media, pieces) => {
            stream.write_all(head(media).as_bytes())?;
            pieces.iter().try_for_each(|piece| chunk(stream, piece))?;
            stream.write_all(b"0\r\n\r\n")?;
        }
        Act::Hang => rest(stream),
        Act::HangInside(text) | Act::CutInside(text) => {
            let pieces = answer(text, Some(honest));
            stream.write_all(head(media(call)).as_bytes())?;
            let whole = pieces.concat();
            chunk(stream, whole.get(..whole.len() / 2).unwrap_or_default())?;
            if matches!(act, Act::HangInside(_)) {
                rest(stream);
            }
            return Ok(false);
        }
        Act::Cut => return Ok(false),
        Act::Drip => {
            stream.write_all(head(media(call)).as_bytes())?;
            while chunk(stream, b": alive\n\n").is_ok() {
                std::thread::sleep(Duration::from_millis(50));
            }
            return Ok(false);
        }
        Act::Endless => {
            stream.write_all(head(media(call)).as_bytes())?;
            let word = Reply { text: "more ", usage: None, call }.pieces();
            // Ends when the caller has enough.
            while chunk(stream, word.get(1).or(word.first()).map_or(&[], Vec::as_slice)).is_ok() {}
            return Ok(false);
        }
    }
    Ok(!matches!(act, Act::Hang))
}

/// Until the caller goes away.
fn rest(stream: &mut TcpStream) {
    let _ = stream.set_read_timeout(None);
    while let Ok(1..) = stream.read(&mut [0; 1024]) {}
}

fn send(stream: &mut TcpStream, call: &Call, pieces: &[Vec<u8>]) -> io::Result<()> {
    if call.body.get("stream") != Some(&json!(true)) {
        return stream.write_all(&whole(200, &[], "application/json", &pieces.concat()));
    }
    stream.write_all(head(media(call)).as_bytes())?;
    pieces.iter().try_for_each(|piece| chunk(stream, piece))?;
    stream.write_all(b"0\r\n\r\n")
}

fn media(call: &Call) -> &'static str {
    if call.body.get("stream") == Some(&json!(true)) { "text/event-stream; charset=utf-8" } else { "application/json" }
}

fn head(media: &str) -> String {
    format!("HTTP/1.1 200 OK\r\ncontent-type: {media}\r\ntransfer-encoding: chunked\r\n\r\n")
}

fn chunk(stream: &mut TcpStream, piece: &[u8]) -> io::Result<()> {
    stream.write_all(&[format!("{:x}\r\n", piece.len()).as_bytes(), piece, b"\r\n"].concat())
}

fn whole(status: u16, headers: &[(&str, String)], media: &str, body: &[u8]) -> Vec<u8> {
    let mut head = format!("HTTP/1.1 {status} X\r\ncontent-type: {media}\r\ncontent-length: {}\r\n", body.len());
    for (name, value) in headers {
        head.push_str(&format!("{name}: {value}\r\n"));
    }
    [head.as_bytes(), b"\r\n", body].concat()
}

/// An answer in the shape that the call asks for.
struct Reply<'a> {
    text: &'a str,
    usage: Option<(Value, Value)>,
    call: &'a Call,
}

impl Reply<'_> {
    fn pieces(&self) -> Vec<Vec<u8>> {
        let streamed = self.call.body.get("stream") == Some(&json!(true));
        // No longer than was allowed, as the true count has it.
        let most = usize::try_from(longest(&self.call.body).saturating_mul(3)).unwrap_or(usize::MAX);
        let cut = self.text.len() > most;
        let end = (0..=most.min(self.text.len())).rev().find(|at| self.text.is_char_boundary(*at)).unwrap_or(0);
        let text = self.text.get(..end).unwrap_or_default();
        match (self.call.path.ends_with("/messages"), streamed) {
            (false, false) => vec![self.completion(text, cut).to_string().into_bytes()],
            (false, true) => self.chunks(text, cut).into_iter().map(|value| event(None, &value)).collect(),
            (true, false) => vec![self.message(text, cut).to_string().into_bytes()],
            (true, true) => {
                self.parts(text, cut).iter().map(|value| event(value["type"].as_str(), &value.to_string())).collect()
            }
        }
    }

    fn model(&self) -> Value {
        self.call.body.get("model").cloned().unwrap_or_default()
    }

    fn chat_usage(&self) -> Value {
        self.usage
            .as_ref()
            .map_or(Value::Null, |(input, output)| json!({ "prompt_tokens": input, "completion_tokens": output }))
    }

    fn completion(&self, text: &str, cut: bool) -> Value {
        let reason = if cut { "length" } else { "stop" };
        let choice =
            json!({ "index": 0, "message": { "role": "assistant", "content": text }, "finish_reason": reason });
        json!({ "object": "chat.completion", "model": self.model(), "choices": [choice], "usage": self.chat_usage() })
    }

    fn chunks(&self, text: &str, cut: bool) -> Vec<String> {
        let of = |delta: Value, reason: Value| {
            let choice = json!({ "index": 0, "delta": delta, "finish_reason": reason });
            json!({ "object": "chat.completion.chunk", "model": self.model(), "choices": [choice] }).to_string()
        };
        let mut chunks = vec![of(json!({ "role": "assistant", "content": "" }), Value::Null)];
        chunks.extend(words(text).map(|word| of(json!({ "content": word }), Value::Null)));
        chunks.push(of(json!({}), if cut { "length".into() } else { "stop".into() }));
        if self.usage.is_some() {
            let last = json!({ "object": "chat.completion.chunk", "model": self.model(), "choices": [], "usage": self.chat_usage() });
            chunks.push(last.to_string());
        }
        chunks.push("[DONE]".to_owned());
        chunks
    }

    /// The input of a tool where one is forced and the text is JSON, else text.
    fn block(&self, text: &str) -> (Value, bool) {
        let input = self.call.body.pointer("/tool_choice/name").and_then(|_| serde_json::from_str::<Value>(text).ok());
        match input.filter(Value::is_object) {
            Some(input) => {
                let name = self.call.body.pointer("/tool_choice/name");
                (json!({ "type": "tool_use", "id": "toolu_1", "name": name, "input": input }), true)
            }
            None => (json!({ "type": "text", "text": text }), false),
        }
    }

    fn message(&self, text: &str, cut: bool) -> Value {
        let (block, is_tool) = self.block(text);
        let reason = if cut {
            "max_tokens"
        } else if is_tool {
            "tool_use"
        } else {
            "end_turn"
        };
        let mut message = json!({ "type": "message", "role": "assistant", "model": self.model(), "content": [block], "stop_reason": reason });
        if let Some((input, output)) = &self.usage {
            message["usage"] = json!({ "input_tokens": input, "output_tokens": output });
        }
        message
    }

    fn parts(&self, text: &str, cut: bool) -> Vec<Value> {
        let whole = self.message(text, cut);
        let (block, is_tool) = self.block(text);
        let mut start = json!({ "type": "message", "role": "assistant", "model": self.model(), "content": [], "stop_reason": null });
        let mut end = json!({ "type": "message_delta", "delta": { "stop_reason": whole["stop_reason"] } });
        if let Some((input, output)) = &self.usage {
            start["usage"] = json!({ "input_tokens": input, "output_tokens": 1 });
            end["usage"] = json!({ "output_tokens": output });
        }
        let mut empty = block;
        let (kind, member) = if is_tool { ("input_json_delta", "partial_json") } else { ("text_delta", "text") };
        if is_tool {
            empty["input"] = json!({})
        } else {
            empty["text"] = json!("")
        }
        let mut parts = vec![
            json!({ "type": "message_start", "message": start }),
            json!({ "type": "content_block_start", "index": 0, "content_block": empty }),
            json!({ "type": "ping" }),
        ];
        parts.extend(
            words(text).map(
                |word| json!({ "type": "content_block_delta", "index": 0, "delta": { "type": kind, member: word } }),
            ),
        );
        parts.extend([json!({ "type": "content_block_stop", "index": 0 }), end, json!({ "type": "message_stop" })]);
        parts
    }
}

/// A text in pieces of some bytes, as models give them.
fn words(text: &str) -> impl Iterator<Item = String> {
    let letters: Vec<char> = text.chars().collect();
    letters.chunks(12).map(|piece| piece.iter().collect()).collect::<Vec<_>>().into_iter()
}

fn event(name: Option<&str>, data: &str) -> Vec<u8> {
    let name = name.map(|name| format!("event: {name}\n")).unwrap_or_default();
    format!("{name}data: {data}\n\n").into_bytes()
}

/// The next request of a connection; `None` at its end.
fn request(stream: &mut TcpStream, came: &mut Vec<u8>) -> io::Result<Option<Call>> {
    let mut room = [0; 16 << 10];
    let end = loop {
        if let Some(at) = came.windows(4).position(|four| four == b"\r\n\r\n") {
            break at + 4;
        }
        match stream.read(&mut room)? {
            0 => return Ok(None),
            read => came.extend_from_slice(&room[..read]),
        }
        if !came.first().is_some_and(u8::is_ascii_uppercase) {
            // Somebody who speaks TLS.
            stream.write_all(b"HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\n\r\n")?;
            return Ok(None);
        }
    };
    let head = String::from_utf8_lossy(&came.drain(..end).collect::<Vec<u8>>()).into_owned();
    let mut lines = head.lines();
    let mut first = lines.next().unwrap_or_default().split(' ').map(str::to_owned);
    let split = |line: &str| line.split_once(':').map(|(name, value)| (name.to_lowercase(), value.trim().to_owned()));
    let mut call = Call {
        number: 0,
        method: first.next().unwrap_or_default(),
        path: first.next().unwrap_or_default(),
        headers: lines.filter_map(split).collect(),
        body: Value::Null,
        at: Instant::now(),
        act: Act::Hang,
        input: 0,
        output: 0,
    };
    let length = call.header("content-length").and_then(|text| text.parse().ok()).unwrap_or(0);
    while came.len() < length {
        match stream.read(&mut room)? {
            0 => return Ok(None),
            read => came.extend_from_slice(&room[..read]),
        }
    }
    call.body = serde_json::from_slice(&came.drain(..length).collect::<Vec<u8>>()).unwrap_or_default();
    call.at = Instant::now();
    Ok(Some(call))
}
