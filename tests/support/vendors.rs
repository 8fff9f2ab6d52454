//! The stand-ins of vendors that cannot run here (`vendors/*.py`), one process on loopback for one test, under any Python 3. Own file,
//! standard library and `serde_json` only, because several kinds of test include it. INVARIANT: it ends with the test that started it, also
//! when that is killed: it ends with its standard input.

use serde_json::{Value, json};
use std::io::{self, BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

/// The credential that every vendor takes until the test sets another one.
pub(crate) const TOKEN: &str = "vendor-token-1";
/// Longest silence of a stand-in that lives.
const SILENCE: Duration = Duration::from_secs(60);

/// Running stand-ins; end when dropped.
#[derive(Debug)]
pub(crate) struct Vendors {
    child: Child,
    port: u16,
}

impl Vendors {
    /// Starts all vendors.
    pub(crate) fn start() -> Self {
        Self::try_start().unwrap_or_else(|cause| panic!("the stand-ins of vendors do not start: {cause}"))
    }

    fn try_start() -> io::Result<Self> {
        // Debian's own where it is: what stands before it on the path may be a script that looks for another one.
        let python = Some("/usr/bin/python3").filter(|python| Path::new(python).exists()).unwrap_or("python3");
        let mut child = Command::new(python)
            // Alone, without what the machine's Python has installed, and without leaving compiled files here.
            .args(["-S", "-B"])
            .args([&folder().join("server.py"), Path::new(TOKEN)])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        let mut line = String::new();
        if let Some(said) = child.stdout.take() {
            BufReader::new(said).read_line(&mut line)?;
        }
        let Ok(port) = line.trim().parse() else {
            let _ = child.kill();
            let _ = child.wait();
            return Err(io::Error::other("it told no port; what it said stands above"));
        };
        Ok(Self { child, port })
    }

    /// What a vendor's paths are put behind.
    pub(crate) fn url(&self, vendor: &str) -> String {
        format!("http://127.0.0.1:{}/{vendor}", self.port)
    }

    /// Sets faults, limits, rights: the members stand at the top of `vendors/server.py`.
    pub(crate) fn control(&self, wanted: Value) {
        self.own("POST", "/_control", &wanted);
    }

    /// A fault at requests whose line (`METHOD /path`) matches.
    pub(crate) fn fault(&self, matching: &str, fault: Value) {
        let mut fault = fault;
        fault["match"] = matching.into();
        self.control(json!({ "fault": fault }));
    }

    /// Every request to a vendor so far.
    pub(crate) fn log(&self) -> Vec<Value> {
        self.own("GET", "/_log", &Value::Null).as_array().cloned().unwrap_or_default()
    }

    /// How many requests so far have this method, and this in their path.
    pub(crate) fn count(&self, method: &str, path: &str) -> usize {
        let is_one = |entry: &&Value| entry["method"] == method && entry["path"].as_str().unwrap_or("").contains(path);
        self.log().iter().filter(is_one).count()
    }

    /// The things of a kind that a vendor keeps, by id.
    pub(crate) fn kept(&self, vendor: &str, kind: &str) -> serde_json::Map<String, Value> {
        self.own("GET", "/_state", &Value::Null)[vendor][kind].as_object().cloned().unwrap_or_default()
    }

    /// A request to a vendor with the bearer token, as its own people would make it; panics when it is refused.
    pub(crate) fn ask(&self, method: &str, path: &str, body: &Value) -> Value {
        self.own(method, path, body)
    }

    fn own(&self, method: &str, path: &str, body: &Value) -> Value {
        let asked = || -> io::Result<(u16, Value)> {
            let mut stream = TcpStream::connect(("127.0.0.1", self.port))?;
            stream.set_read_timeout(Some(SILENCE))?;
            let body = if body.is_null() { String::new() } else { body.to_string() };
            let head = format!(
                "{method} {path} HTTP/1.1\r\nhost: test\r\nauthorization: Bearer {TOKEN}\r\nconnection: close\r\n\
                 content-type: application/json\r\ncontent-length: {}\r\n\r\n",
                body.len()
            );
            stream.write_all(format!("{head}{body}").as_bytes())?;
            let mut answer = String::new();
            stream.read_to_string(&mut answer)?;
            let status = answer.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or(0);
            let body = answer.split_once("\r\n\r\n").map_or("", |(_, body)| body);
            Ok((status, serde_json::from_str(body).unwrap_or_default()))
        };
        match asked() {
            Ok((200..300, body)) => body,
            Ok((status, body)) => panic!("{method} {path}: {status} {body}"),
            Err(cause) => panic!("{method} {path}: {cause}"),
        }
    }
}

impl Drop for Vendors {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Where the programs are: below the folder of the package under test, or of the workspace around it.
fn folder() -> PathBuf {
    let within = |place: &Path| place.join("tests/support/vendors");
    let above = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().map(within);
    above.into_iter().find(|place| place.join("server.py").exists()).unwrap_or_default()
}
