//! A real SMTP server on loopback for one test: aiosmtpd under the system's Python, with a certificate made on the spot. Own file, standard
//! library only, because several kinds of test include it. INVARIANT: it ends with the test that started it, also when that is killed.

use std::io::{self, BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

/// Who may sign in.
pub(crate) const USER: &str = "pilot";
/// And with what.
pub(crate) const PASSWORD: &str = "a secret word";

/// The server's program.
const PROGRAM: &str = include_str!("smtp_sink.py");

/// A running server; ends when dropped.
#[derive(Debug)]
pub(crate) struct Sink {
    child: Child,
    folder: PathBuf,
    /// The port without TLS or sign-in.
    pub(crate) plain: u16,
    /// The port that wants STARTTLS and sign-in.
    pub(crate) starttls: u16,
    /// The port with TLS from the first byte, and sign-in.
    pub(crate) tls: u16,
}

/// What the server said about an accepted letter, as JSON, and its bytes.
#[derive(Debug)]
pub(crate) struct Kept {
    /// Envelope and session.
    pub(crate) envelope: String,
    /// The message.
    pub(crate) message: Vec<u8>,
}

impl Sink {
    /// Starts one that keeps its files in `folder`, which the caller owns.
    ///
    /// # Errors
    /// `NotFound` when aiosmtpd or openssl is not installed.
    pub(crate) fn start(folder: &Path) -> io::Result<Self> {
        let python = python().ok_or_else(|| {
            let text = "aiosmtpd is not installed here; run `cargo xtask test`, which installs it, or `apt-get install python3-aiosmtpd openssl`";
            io::Error::new(io::ErrorKind::NotFound, text)
        })?;
        certify(folder)?;
        let mut child = Command::new(python)
            .args(["-c", PROGRAM])
            .args([folder, &folder.join("cert.pem"), &folder.join("key.pem")])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(std::fs::File::create(folder.join("sink.log"))?)
            .spawn()?;
        let mut line = String::new();
        if let Some(said) = child.stdout.take() {
            BufReader::new(said).read_line(&mut line)?;
        }
        let ports: Vec<u16> = line.split_whitespace().filter_map(|port| port.parse().ok()).collect();
        let [plain, starttls, tls] = ports[..] else {
            let _ = child.kill();
            let _ = child.wait();
            let log = std::fs::read_to_string(folder.join("sink.log")).unwrap_or_default();
            return Err(io::Error::other(format!("the SMTP server did not start: {log}")));
        };
        Ok(Self { child, folder: folder.to_owned(), plain, starttls, tls })
    }

    /// The certificate that vouches for it.
    pub(crate) fn certificate(&self) -> PathBuf {
        self.folder.join("cert.pem")
    }

    /// The letters it has accepted, in order.
    pub(crate) fn kept(&self) -> Vec<Kept> {
        let read = |number: u32| {
            let envelope = std::fs::read_to_string(self.folder.join(format!("{number}.json"))).ok()?;
            Some(Kept { envelope, message: std::fs::read(self.folder.join(format!("{number}.eml"))).ok()? })
        };
        (1..).map_while(read).collect()
    }
}

impl Drop for Sink {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A Python that has aiosmtpd: Debian's own, or one on the path.
pub(crate) fn python() -> Option<&'static str> {
    ["/usr/bin/python3", "python3"].into_iter().find(|python| {
        let mut import = Command::new(python);
        import.args(["-c", "import aiosmtpd.smtp"]).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        import.status().is_ok_and(|status| status.success())
    })
}

fn certify(folder: &Path) -> io::Result<()> {
    let made = Command::new("openssl")
        .args(["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2"])
        .args(["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"])
        .args(["-addext", "basicConstraints=critical,CA:FALSE", "-keyout"])
        .args([folder.join("key.pem"), "-out".into(), folder.join("cert.pem")])
        .stdin(Stdio::null())
        .output()?;
    if made.status.success() {
        return Ok(());
    }
    Err(io::Error::other(format!("openssl made no certificate: {}", String::from_utf8_lossy(&made.stderr))))
}
