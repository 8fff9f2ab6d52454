//! An SMTP server that breaks where it is told to: cuts the connection, falls silent, or answers otherwise, at any stage. Own file because
//! it is a stand-in, and `faults` checks it against the real one before it believes it.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use std::sync::{Arc, Mutex};
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::{TcpListener, TcpStream};

/// Where it breaks: when this comes from the client. `Letter` is the line that ends a letter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum At {
    /// Before the greeting.
    Connect,
    /// A command that begins so.
    Command(&'static str),
    /// The middle of a letter.
    Middle,
    /// The end of a letter, before the server has put it down.
    Letter,
    /// The end of a letter, after the server has put it down.
    Kept,
}

/// How it breaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum How {
    /// It does not.
    Well,
    /// The connection ends.
    Cut,
    /// Nothing comes any more.
    Silence,
    /// This comes instead.
    Says(&'static str),
    /// This comes instead, and behind it what came at sign-in, as it was sent and decoded.
    Repeats(&'static str),
}

/// A broken server: its port, and what it has kept.
pub(crate) struct Broken {
    pub(crate) port: u16,
    kept: Arc<Mutex<Vec<Vec<u8>>>>,
    armed: Arc<Mutex<Option<(At, How)>>>,
}

impl Broken {
    /// Starts one that breaks on its first connections and works after `times` of them.
    pub(crate) async fn start(at: At, how: How, times: usize) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let kept = Arc::new(Mutex::new(Vec::new()));
        let store = Arc::clone(&kept);
        let armed = Arc::new(Mutex::new(None));
        let shared = Arc::clone(&armed);
        let accept = async move {
            let mut open = tokio::task::JoinSet::new();
            for number in 0.. {
                let (stream, _) = listener.accept().await.unwrap();
                let how = if number < times { how } else { How::Well };
                open.spawn(serve(stream, (at, how), Arc::clone(&shared), Arc::clone(&store)));
            }
        };
        tests_spawn(accept);
        Self { port, kept, armed }
    }

    /// Breaks once more, on whatever connection it comes.
    pub(crate) fn arm(&self, at: At, how: How) {
        *self.armed.lock().unwrap() = Some((at, how));
    }

    /// The letters it has put down.
    pub(crate) fn kept(&self) -> Vec<Vec<u8>> {
        self.kept.lock().unwrap().clone()
    }
}

#[expect(clippy::disallowed_methods, reason = "a test's own server lives beside the test")]
fn tests_spawn(work: impl Future<Output = ()> + Send + 'static) {
    tokio::spawn(work);
}

async fn serve(
    stream: TcpStream,
    from_start: (At, How),
    armed: Arc<Mutex<Option<(At, How)>>>,
    kept: Arc<Mutex<Vec<Vec<u8>>>>,
) {
    let (at, how) = from_start;
    let mut stream = BufReader::new(stream);
    let (mut letter, mut told): (Option<Vec<u8>>, String) = (None, String::new());
    if at == At::Connect && how != How::Well {
        if !break_off(&mut stream, how, &told).await {
            return;
        }
    } else if stream.write_all(b"220 broken.test ESMTP\r\n").await.is_err() {
        return;
    }
    loop {
        let mut line = Vec::new();
        if !stream.read_until(b'\n', &mut line).await.is_ok_and(|read| read > 0) {
            return;
        }
        let (at, how) = armed.lock().unwrap().unwrap_or(from_start);
        let (now, answer) = match letter.take() {
            Some(body) if line == b".\r\n" => {
                if at != At::Letter || how == How::Well {
                    kept.lock().unwrap().push(body);
                }
                (if at == At::Kept { At::Kept } else { At::Letter }, &b"250 2.0.0 Ok: queued as A1\r\n"[..])
            }
            Some(mut body) => {
                body.extend_from_slice(line.strip_prefix(b".").unwrap_or(&line));
                letter = Some(body);
                (At::Middle, &b""[..])
            }
            None => {
                let command = String::from_utf8_lossy(&line).to_ascii_uppercase();
                let matches = matches!(at, At::Command(word) if command.starts_with(word));
                let now = if matches { at } else { At::Connect };
                let broken = matches && how != How::Well;
                if command.starts_with("AUTH PLAIN ") {
                    told = repeated(&line);
                }
                let answer: &[u8] = match command.split([' ', '\r']).next() {
                    Some("EHLO") => b"250-broken.test\r\n250-AUTH PLAIN\r\n250 8BITMIME\r\n",
                    Some("AUTH") => b"235 2.7.0 Ok\r\n",
                    Some("RCPT") if command.contains("<NOBODY@") => b"550 5.1.1 no such mailbox\r\n",
                    Some("RCPT") if command.contains("<LATER@") => b"451 4.7.1 greylisted, come back in a minute\r\n",
                    Some("DATA") => {
                        letter = (!broken).then(Vec::new);
                        b"354 End data with <CR><LF>.<CR><LF>\r\n"
                    }
                    Some("QUIT") => b"221 2.0.0 Bye\r\n",
                    _ => b"250 2.0.0 Ok\r\n",
                };
                (now, answer)
            }
        };
        if now == at && at != At::Connect && how != How::Well {
            armed.lock().unwrap().take();
            if !break_off(&mut stream, how, &told).await {
                return;
            }
        } else if stream.write_all(answer).await.is_err() {
            return;
        }
    }
}

/// Breaks; `true` when the dialogue goes on.
async fn break_off(stream: &mut BufReader<TcpStream>, how: How, told: &str) -> bool {
    match how {
        How::Well => true,
        How::Cut => false,
        How::Silence => std::future::pending().await,
        How::Says(line) => stream.write_all(format!("{line}\r\n").as_bytes()).await.is_ok(),
        How::Repeats(line) => stream.write_all(format!("{line} {told}\r\n").as_bytes()).await.is_ok(),
    }
}

/// `AUTH PLAIN` as a server may repeat it: the line, and of what is encoded there the password, also as the mechanism LOGIN sends it.
fn repeated(line: &[u8]) -> String {
    let line = String::from_utf8_lossy(line);
    let encoded = line.split_whitespace().next_back().unwrap_or_default();
    let plain = String::from_utf8(STANDARD.decode(encoded).unwrap()).unwrap();
    let password = plain.rsplit('\0').next().unwrap_or_default();
    format!("{encoded} {password} {}", STANDARD.encode(password))
}
