//! A throw-away Cyrus IMAP server, the second opinion beside Dovecot: another store, another order of answers. Own file because it shares
//! nothing with the other but its certificates. INVARIANT: only what was started here is ever ended, by its process id; where Cyrus is not
//! installed there is none, and whoever wants one says so.

use super::dovecot::{account, certificates, free_port, name_of};
use std::io::{self, BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// The password of every mailbox.
pub(crate) const PASSWORD: &str = "open-sesame-72";
/// Who may delete mailboxes, and with what.
const ADMIN: (&str, &str) = ("cyrus", "admin-of-tests");
/// Where Debian keeps its programs.
const PROGRAMS: &str = "/usr/lib/cyrus/bin";

/// A running server; ends when dropped.
#[derive(Debug)]
pub(crate) struct Cyrus {
    server: Child,
    folder: tempfile::TempDir,
    imap: u16,
    /// The port that speaks TLS from the first byte.
    pub(crate) imaps: u16,
    lmtp: u16,
}

/// The server's IMAP program: installed, or unpacked beside a Dovecot that it cannot be installed with.
fn imapd() -> Option<PathBuf> {
    let home = std::env::var_os("HOME").map(PathBuf::from).unwrap_or_default();
    let unpacked = home.join(".cache/opspilot/cyrus").join(PROGRAMS.trim_start_matches('/'));
    [PathBuf::from(PROGRAMS), unpacked].into_iter().map(|folder| folder.join("imapd")).find(|file| file.is_file())
}

impl Cyrus {
    /// Starts one for `user`; `None` when it is not installed.
    pub(crate) fn start(user: &str) -> Option<Self> {
        let imapd = imapd().filter(|_| Path::new("/usr/sbin/cyrmaster").is_file())?;
        Some(Self::launch(&imapd, user).unwrap())
    }

    /// The certificate of the authority that the server's is signed by.
    pub(crate) fn authority(&self) -> PathBuf {
        self.folder.path().join("ca.pem")
    }

    /// Hands a message over, as a mail server does (LMTP, RFC 2033).
    pub(crate) fn deliver(&self, user: &str, message: &[u8]) -> io::Result<()> {
        let mut talk = Talk::open(self.lmtp)?;
        for line in ["LHLO test", "MAIL FROM:<sender@outside.example>", &format!("RCPT TO:<{user}>"), "DATA"] {
            talk.say(line, |said| said.as_bytes().get(3) == Some(&b' ') && said.starts_with(['2', '3']))?;
        }
        let text = String::from_utf8_lossy(message).replace("\r\n.", "\r\n..");
        talk.say(&format!("{text}\r\n."), |said| said.starts_with("250"))?;
        talk.say("QUIT", |said| said.starts_with("221"))
    }

    /// Deletes the mailbox and makes it anew, which gives it another UIDVALIDITY.
    pub(crate) fn again(&self, user: &str) -> io::Result<()> {
        let mut talk = Talk::open(self.imap)?;
        for (tag, line) in [
            format!("LOGIN {} {}", ADMIN.0, ADMIN.1),
            format!("SETACL user/{user} {} lrswipkxtecda", ADMIN.0),
            format!("DELETE user/{user}"),
            format!("CREATE user/{user}"),
            "LOGOUT".to_owned(),
        ]
        .iter()
        .enumerate()
        {
            // Whoever signs in between the two gets a new mailbox by that alone.
            let made = |said: &str| line.starts_with("CREATE") && said.contains("already exists");
            talk.say(&format!("{tag} {line}"), |said| said.starts_with(&format!("{tag} OK")) || made(said))?;
        }
        Ok(())
    }

    fn launch(imapd: &Path, user: &str) -> io::Result<Self> {
        // In a short path: sockets have one of at most 108 bytes.
        let folder = tempfile::Builder::new().prefix("opspilot-cyrus-").tempdir_in("/tmp")?;
        let at = folder.path();
        certificates(at)?;
        for part in ["conf/socket", "conf/db", "conf/proc", "conf/log", "spool", "bin"] {
            std::fs::create_dir_all(at.join(part))?;
        }
        // Whoever the server runs as may be unable to look where they were unpacked.
        for program in ["imapd", "idled"] {
            std::fs::copy(imapd.with_file_name(program), at.join("bin").join(program))?;
        }
        let account = account()?;
        let (name, group) = (
            name_of("/etc/passwd", account.map(|account| account.0))?,
            name_of("/etc/group", account.map(|account| account.1))?,
        );
        let [imap, imaps, lmtp] = [free_port()?, free_port()?, free_port()?];
        std::fs::write(at.join("imapd.conf"), settings(at, &name, &group))?;
        std::fs::write(at.join("cyrus.conf"), services(at, [imap, imaps, lmtp]))?;
        for (user, password) in [(user, PASSWORD), (ADMIN.0, ADMIN.1)] {
            let (local, domain) = user.split_once('@').unwrap_or((user, "localhost"));
            let mut tool = Command::new("/usr/sbin/saslpasswd2");
            tool.args(["-p", "-c", "-f"]).arg(at.join("sasldb2")).args(["-u", domain, local]);
            let mut child = tool.stdin(Stdio::piped()).spawn()?;
            if let Some(mut input) = child.stdin.take() {
                input.write_all(password.as_bytes())?;
            }
            if !child.wait()?.success() {
                return Err(io::Error::other("saslpasswd2 failed"));
            }
        }
        let mut server = Command::new("/usr/sbin/cyrmaster");
        server.arg("-D").arg("-C").arg(at.join("imapd.conf")).arg("-M").arg(at.join("cyrus.conf"));
        server.arg("-p").arg(at.join("conf/master.pid"));
        if let Some((uid, gid)) = account {
            let owner = format!("{uid}:{gid}");
            Command::new("chown").args(["-R", &owner]).arg(at).status()?;
            server.uid(uid).gid(gid);
        }
        let said = std::fs::File::create(at.join("said"))?;
        server.process_group(0).stdin(Stdio::null()).stdout(said.try_clone()?).stderr(said);
        let mut server = server.spawn()?;
        let begun = Instant::now();
        while TcpStream::connect(("127.0.0.1", imaps)).is_err() || TcpStream::connect(("127.0.0.1", lmtp)).is_err() {
            if server.try_wait()?.is_some() || begun.elapsed() > Duration::from_secs(30) {
                let said = std::fs::read_to_string(at.join("said")).unwrap_or_default();
                return Err(io::Error::other(format!("Cyrus did not start: {said}")));
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        let cyrus = Self { server, folder, imap, imaps, lmtp };
        // Mailboxes come into being when somebody logs in.
        let mut talk = Talk::open(imap)?;
        talk.say(&format!("1 LOGIN {user} {PASSWORD}"), |said| said.starts_with("1 OK"))?;
        Ok(cyrus)
    }
}

impl Drop for Cyrus {
    fn drop(&mut self) {
        let _ = Command::new("kill").args(["-s", "TERM", &self.server.id().to_string()]).status();
        let begun = Instant::now();
        while matches!(self.server.try_wait(), Ok(None)) && begun.elapsed() < Duration::from_secs(10) {
            std::thread::sleep(Duration::from_millis(10));
        }
        let _ = self.server.kill();
        let _ = self.server.wait();
    }
}

/// A conversation in lines.
struct Talk(BufReader<TcpStream>);

impl Talk {
    /// Connects, and hears the greeting.
    fn open(port: u16) -> io::Result<Self> {
        let stream = TcpStream::connect(("127.0.0.1", port))?;
        stream.set_read_timeout(Some(Duration::from_secs(30)))?;
        let mut talk = Self(BufReader::new(stream));
        talk.0.read_line(&mut String::new())?;
        Ok(talk)
    }

    /// Says something and listens until `is_well`; an error when the other end has done.
    fn say(&mut self, line: &str, is_well: impl Fn(&str) -> bool) -> io::Result<()> {
        self.0.get_mut().write_all(format!("{line}\r\n").as_bytes())?;
        let mut heard = String::new();
        loop {
            let before = heard.len();
            let ended = self.0.by_ref().read_line(&mut heard)? == 0;
            let said = &heard[before..];
            if !ended && is_well(said) {
                return Ok(());
            }
            if ended || said.contains(" NO ") || said.contains(" BAD ") {
                return Err(io::Error::other(format!("`{line}`: {heard}")));
            }
        }
    }
}

fn settings(at: &Path, user: &str, group: &str) -> String {
    let at = at.display();
    format!(
        "configdirectory: {at}/conf
defaultpartition: default
partition-default: {at}/spool
cyrus_user: {user}
cyrus_group: {group}
servername: localhost
admins: {}
virtdomains: userid
defaultdomain: localhost
unixhierarchysep: yes
allowplaintext: yes
sasl_pwcheck_method: auxprop
sasl_auxprop_plugin: sasldb
sasl_sasldb_path: {at}/sasldb2
sasl_mech_list: PLAIN LOGIN
autocreate_quota: 0
autocreate_post: yes
lmtp_downcase_rcpt: yes
lmtpsocket: {at}/conf/socket/lmtp
idlesocket: {at}/conf/socket/idle
notifysocket: {at}/conf/socket/notify
tls_server_cert: {at}/cert.pem
tls_server_key: {at}/key.pem
tls_sessions_db_path: {at}/conf/tls_sessions.db
duplicatesuppression: no
",
        ADMIN.0
    )
}

fn services(at: &Path, [imap, imaps, lmtp]: [u16; 3]) -> String {
    let at = at.display();
    format!(
        "START {{
 recover cmd=\"{PROGRAMS}/ctl_cyrusdb -C {at}/imapd.conf -r\"
}}
SERVICES {{
 imap cmd=\"{at}/bin/imapd -C {at}/imapd.conf -U 30\" listen=\"127.0.0.1:{imap}\" prefork=1
 imaps cmd=\"{at}/bin/imapd -C {at}/imapd.conf -s -U 30\" listen=\"127.0.0.1:{imaps}\" prefork=0
 lmtp cmd=\"{PROGRAMS}/lmtpd -C {at}/imapd.conf -a\" listen=\"127.0.0.1:{lmtp}\" prefork=0
}}
DAEMON {{
 idled cmd=\"{at}/bin/idled -C {at}/imapd.conf\"
}}
"
    )
}
