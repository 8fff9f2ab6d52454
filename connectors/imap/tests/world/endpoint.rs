//! A provider's token endpoint, and the introspection that the mail server asks about its tokens. Own file because it is a server of its
//! own, in a thread, on loopback.

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex, PoisonError};

/// What the provider knows.
#[derive(Debug, Default)]
pub(crate) struct Book {
    /// Access tokens that are good, and whose they are.
    pub(crate) access: BTreeMap<String, String>,
    /// The one refresh token that is good; each use makes a new one when `rotates`.
    pub(crate) refresh: String,
    pub(crate) rotates: bool,
    pub(crate) user: String,
    /// More members of the next answers, such as `"refresh_token_expires_in":600`.
    pub(crate) more: String,
    /// The next answer, instead of a token: status, more header lines, body.
    pub(crate) fault: Option<(u16, &'static str, String)>,
    /// The forms that asked for tokens.
    pub(crate) asked: Vec<String>,
}

#[derive(Debug)]
pub(crate) struct Endpoint {
    port: u16,
    pub(crate) book: Arc<Mutex<Book>>,
}

impl Endpoint {
    pub(crate) fn start(user: &str) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).expect("a port");
        let port = listener.local_addr().expect("an address").port();
        let book = Book { user: user.to_owned(), refresh: "refresh-canary-0".to_owned(), ..Book::default() };
        let book = Arc::new(Mutex::new(book));
        let shared = Arc::clone(&book);
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                // A caller that goes away in the middle is its own fault.
                let _ = serve(stream, &shared);
            }
        });
        Self { port, book }
    }

    pub(crate) fn token_url(&self) -> String {
        format!("http://127.0.0.1:{}/token", self.port)
    }

    pub(crate) fn introspection_url(&self) -> String {
        format!("http://127.0.0.1:{}/introspect", self.port)
    }

    pub(crate) fn change(&self, change: impl FnOnce(&mut Book)) {
        change(&mut self.book.lock().unwrap_or_else(PoisonError::into_inner));
    }

    pub(crate) fn asked(&self) -> Vec<String> {
        self.book.lock().unwrap_or_else(PoisonError::into_inner).asked.clone()
    }
}

fn serve(stream: TcpStream, book: &Mutex<Book>) -> std::io::Result<()> {
    let mut reader = BufReader::new(stream.try_clone()?);
    let (mut line, mut length) = (String::new(), 0);
    reader.read_line(&mut line)?;
    let path = line.split(' ').nth(1).unwrap_or_default().to_owned();
    loop {
        let mut header = String::new();
        reader.read_line(&mut header)?;
        if header.trim().is_empty() {
            break;
        }
        if let Some(value) = header.to_ascii_lowercase().strip_prefix("content-length:") {
            length = value.trim().parse().unwrap_or(0);
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body)?;
    let form = String::from_utf8_lossy(&body).into_owned();
    let (status, headers, answer) = answer(&path, &form, &mut book.lock().unwrap_or_else(PoisonError::into_inner));
    let mut stream = stream;
    write!(
        stream,
        "HTTP/1.1 {status} X\r\nContent-Type: application/json\r\n{headers}Content-Length: {}\r\nConnection: close\r\n\r\n{answer}",
        answer.len()
    )
}

fn answer(path: &str, form: &str, book: &mut Book) -> (u16, &'static str, String) {
    let field = |name: &str| {
        form.split('&').find_map(|pair| pair.strip_prefix(name)?.strip_prefix('=')).unwrap_or_default().to_owned()
    };
    if path.starts_with("/introspect") {
        return match book.access.get(&field("token")) {
            Some(user) => (200, "", format!("{{\"active\":true,\"username\":\"{user}\",\"email\":\"{user}\"}}")),
            None => (200, "", "{\"active\":false}".to_owned()),
        };
    }
    book.asked.push(form.to_owned());
    if let Some(fault) = book.fault.take() {
        return fault;
    }
    let number = book.asked.len();
    let refreshed = match field("grant_type").as_str() {
        "refresh_token" if field("refresh_token") == book.refresh => true,
        "client_credentials" => false,
        _ => {
            return (
                400,
                "",
                "{\"error\":\"invalid_grant\",\"error_description\":\"AADSTS700082: secret words\"}".to_owned(),
            );
        }
    };
    let access = format!("access-canary-{number}");
    book.access.insert(access.clone(), book.user.clone());
    let mut answer =
        format!("{{\"access_token\":\"{access}\",\"token_type\":\"Bearer\",\"expires_in\":3600{}", book.more);
    if refreshed && book.rotates {
        book.refresh = format!("refresh-canary-{number}");
        answer.push_str(&format!(",\"refresh_token\":\"{}\"", book.refresh));
    }
    answer.push('}');
    (200, "", answer)
}
