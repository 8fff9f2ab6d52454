//! A throw-away mail server (Dovecot 2.3, IMAP only): found on this machine, started in a folder of its own on free loopback ports, with
//! TLS under an authority of its own, stopped again. Own file, standard library only, because every kind of test and the project's own
//! commands include it. Mail is put into and looked at in its Maildirs directly. INVARIANT: only what was started here is ever ended, by
//! its process id; what a killed run left behind is swept by the next.

use std::io::{self, Read as _};
use std::net::{TcpListener, TcpStream};
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant, SystemTime};

/// The password of every mailbox; mailboxes come into being when somebody logs in or something is put into them.
pub(crate) const PASSWORD: &str = "open-sesame-71";

/// Begins the name of every folder made here; the id of the process that owns it follows.
const PREFIX: &str = "opspilot-dovecot-";

/// The longest time to wait for the server to start or stop.
const PATIENCE: Duration = Duration::from_secs(30);

/// A running server; ends when dropped.
#[derive(Debug)]
pub(crate) struct Dovecot {
    server: Child,
    folder: PathBuf,
    account: Option<(u32, u32)>,
    imap: u16,
    imaps: u16,
    delivered: AtomicU64,
}

impl Dovecot {
    /// Starts a server. With the URL of a token introspection endpoint (RFC 7662) it takes XOAUTH2 and OAUTHBEARER too.
    ///
    /// # Errors
    /// `NotFound` when Dovecot is not installed; what the server said when it does not start.
    pub(crate) fn start(introspection: Option<&str>) -> io::Result<Self> {
        let program = program().ok_or_else(|| {
            let text = "Dovecot is not installed here; run `cargo xtask test`, which installs it, or `apt-get install dovecot-imapd`";
            io::Error::new(io::ErrorKind::NotFound, text)
        })?;
        let account = account()?;
        sweep();
        // Two tries: between finding a free port and the server's taking it, somebody else may take it.
        Self::try_start(&program, account, introspection).or_else(|_| Self::try_start(&program, account, introspection))
    }

    /// The port that begins in the open and offers STARTTLS.
    pub(crate) fn imap(&self) -> u16 {
        self.imap
    }

    /// The port that speaks TLS from the first byte.
    pub(crate) fn imaps(&self) -> u16 {
        self.imaps
    }

    /// The certificate of the authority that the server's is signed by.
    pub(crate) fn authority(&self) -> PathBuf {
        self.folder.join("ca.pem")
    }

    /// Puts a message into a folder, behind those that are there.
    pub(crate) fn deliver(&self, user: &str, folder: &str, message: &[u8]) -> io::Result<()> {
        self.put(user, folder, message, None)
    }

    /// As [`Self::deliver`], with the time at which it came in, which is the time of its file.
    pub(crate) fn deliver_at(&self, user: &str, folder: &str, message: &[u8], at: SystemTime) -> io::Result<()> {
        self.put(user, folder, message, Some(at))
    }

    fn put(&self, user: &str, folder: &str, message: &[u8], at: Option<SystemTime>) -> io::Result<()> {
        let dir = self.maildir(user, folder)?;
        let number = self.delivered.fetch_add(1, Ordering::Relaxed);
        let name = format!("{:010}.M{:06}P1.test", 1_700_000_000 + number / 1_000_000, number % 1_000_000);
        let (tmp, new) = (dir.join("tmp").join(&name), dir.join("new").join(&name));
        std::fs::write(&tmp, message)?;
        if let Some(at) = at {
            std::fs::File::options().write(true).open(&tmp)?.set_modified(at)?;
        }
        self.give(&tmp)?;
        std::fs::rename(tmp, new)
    }

    /// What a folder holds: flags (Maildir letters) and text of each message, sorted by text.
    pub(crate) fn messages(&self, user: &str, folder: &str) -> io::Result<Vec<(String, Vec<u8>)>> {
        let dir = self.maildir(user, folder)?;
        let mut found = Vec::new();
        for part in ["cur", "new"] {
            for entry in std::fs::read_dir(dir.join(part))? {
                let path = entry?.path();
                let name = path.to_string_lossy().into_owned();
                let flags = name.rsplit_once(":2,").map(|(_, flags)| flags.to_owned()).unwrap_or_default();
                found.push((flags, std::fs::read(&path)?));
            }
        }
        found.sort_by(|a, b| a.1.cmp(&b.1));
        Ok(found)
    }

    /// The file of the first message whose text holds `part`.
    pub(crate) fn file_with(&self, user: &str, folder: &str, part: &[u8]) -> io::Result<PathBuf> {
        let dir = self.maildir(user, folder)?;
        for place in ["cur", "new"] {
            for entry in std::fs::read_dir(dir.join(place))? {
                let path = entry?.path();
                if std::fs::read(&path)?.windows(part.len()).any(|window| window == part) {
                    return Ok(path);
                }
            }
        }
        Err(io::Error::new(io::ErrorKind::NotFound, "no such message"))
    }

    /// Runs the server's own tool, such as `["expunge", "-u", user, "mailbox", "INBOX", "uid", "3"]`; what it said.
    pub(crate) fn doveadm(&self, args: &[&str]) -> io::Result<String> {
        let mut tool = command("doveadm", self.account);
        let output = tool.arg("-c").arg(self.folder.join("dovecot.conf")).args(args).stdin(Stdio::null()).output()?;
        if output.status.success() {
            return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
        }
        Err(io::Error::other(format!("doveadm {args:?}: {}", String::from_utf8_lossy(&output.stderr))))
    }

    /// What the server wrote into its log.
    pub(crate) fn log(&self) -> String {
        std::fs::read_to_string(self.folder.join("log")).unwrap_or_default()
    }

    fn maildir(&self, user: &str, folder: &str) -> io::Result<PathBuf> {
        let home = self.folder.join("mail").join(user);
        let root = home.join("Maildir");
        let dir = if folder == "INBOX" { root.clone() } else { root.join(format!(".{folder}")) };
        if !dir.join("tmp").is_dir() {
            let parts = ["cur", "new", "tmp"].map(|part| dir.join(part));
            for path in [&home, &root, &dir].into_iter().chain(&parts) {
                if !path.is_dir() {
                    std::fs::create_dir_all(path)?;
                    self.give(path)?;
                }
            }
        }
        Ok(dir)
    }

    fn give(&self, path: &Path) -> io::Result<()> {
        match self.account {
            Some((user, group)) => std::os::unix::fs::chown(path, Some(user), Some(group)),
            None => Ok(()),
        }
    }

    fn try_start(program: &Path, account: Option<(u32, u32)>, introspection: Option<&str>) -> io::Result<Self> {
        let folder = fresh_folder()?;
        certificates(&folder)?;
        let [imap, imaps] = [free_port()?, free_port()?];
        std::fs::write(folder.join("oauth2.conf"), tokens(introspection.unwrap_or_default()))?;
        let (user, group) = (
            name_of("/etc/passwd", account.map(|account| account.0))?,
            name_of("/etc/group", account.map(|account| account.1))?,
        );
        std::fs::write(
            folder.join("dovecot.conf"),
            configuration(&folder, [imap, imaps], &user, &group, introspection.is_some()),
        )?;
        for part in ["mail", "run", "state"] {
            std::fs::create_dir(folder.join(part))?;
        }
        std::fs::write(folder.join("log"), "")?;
        if let Some((user, group)) = account {
            for entry in std::fs::read_dir(&folder)? {
                std::os::unix::fs::chown(entry?.path(), Some(user), Some(group))?;
            }
            std::os::unix::fs::chown(&folder, Some(user), Some(group))?;
        }
        let mut server = Command::new(program);
        server.arg("-F").arg("-c").arg(folder.join("dovecot.conf"));
        if let Some((user, group)) = account {
            server.uid(user).gid(group);
        }
        let said = std::fs::File::create(folder.join("said"))?;
        // Its own group, so that an interrupt at the terminal reaches us first and we stop it in order.
        server.process_group(0).stdin(Stdio::null()).stdout(said.try_clone()?).stderr(said);
        let server = server.spawn()?;
        let mut dovecot = Self { server, folder, account, imap, imaps, delivered: AtomicU64::new(0) };
        dovecot.wait()?;
        Ok(dovecot)
    }

    /// Waits until the server greets.
    fn wait(&mut self) -> io::Result<()> {
        let begun = Instant::now();
        loop {
            let greets = |port| {
                let mut stream = TcpStream::connect(("127.0.0.1", port))?;
                stream.set_read_timeout(Some(Duration::from_secs(2)))?;
                stream.read_exact(&mut [0; 4])
            };
            if greets(self.imap).is_ok() && TcpStream::connect(("127.0.0.1", self.imaps)).is_ok() {
                return Ok(());
            }
            if self.server.try_wait()?.is_some() || begun.elapsed() > PATIENCE {
                let said = std::fs::read_to_string(self.folder.join("said")).unwrap_or_default();
                return Err(io::Error::other(format!("Dovecot did not start: {said} {}", self.log())));
            }
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}

impl Drop for Dovecot {
    fn drop(&mut self) {
        signal("TERM", self.server.id());
        let begun = Instant::now();
        while matches!(self.server.try_wait(), Ok(None)) && begun.elapsed() < PATIENCE {
            std::thread::sleep(Duration::from_millis(10));
        }
        // The server is ours: were it still there, it would be ended by its own handle.
        let _ = self.server.kill();
        let _ = self.server.wait();
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

/// Where Dovecot is: Debian's, or one on the path.
pub(crate) fn program() -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let mut folders =
        std::env::split_paths(&path).chain([PathBuf::from("/usr/sbin"), PathBuf::from("/usr/local/sbin")]);
    let imap = ["/usr/lib/dovecot/imap", "/usr/libexec/dovecot/imap", "/usr/local/libexec/dovecot/imap"];
    if !imap.into_iter().any(|file| Path::new(file).is_file()) {
        return None;
    }
    folders.find_map(|folder| Some(folder.join("dovecot")).filter(|file| file.is_file()))
}

fn configuration(folder: &Path, [imap, imaps]: [u16; 2], user: &str, group: &str, with_tokens: bool) -> String {
    let folder = folder.display();
    let (mechanisms, database) = if with_tokens {
        let database = format!(
            "passdb {{\n driver = oauth2\n mechanisms = xoauth2 oauthbearer\n args = {folder}/oauth2.conf\n}}\n"
        );
        (" xoauth2 oauthbearer", database)
    } else {
        ("", String::new())
    };
    format!(
        "base_dir = {folder}/run
state_dir = {folder}/state
log_path = {folder}/log
protocols = imap
listen = 127.0.0.1
default_internal_user = {user}
default_internal_group = {group}
default_login_user = {user}
first_valid_uid = 1
mail_location = maildir:~/Maildir
mailbox_list_index = no
ssl = yes
ssl_cert = <{folder}/cert.pem
ssl_key = <{folder}/key.pem
disable_plaintext_auth = no
auth_mechanisms = plain login{mechanisms}
auth_failure_delay = 0
mail_max_userip_connections = 100
imap_idle_notify_interval = 29 mins
{database}passdb {{
 driver = static
 mechanisms = plain login
 args = password={PASSWORD}
}}
userdb {{
 driver = static
 args = uid={user} gid={group} home={folder}/mail/%u allow_all_users=yes
}}
namespace inbox {{
 inbox = yes
 separator = .
}}
service imap-login {{
 chroot =
 inet_listener imap {{
  port = {imap}
 }}
 inet_listener imaps {{
  port = {imaps}
  ssl = yes
 }}
}}
service anvil {{
 chroot =
 unix_listener anvil-auth-penalty {{
  mode = 0
 }}
}}
service stats {{
 chroot =
}}
"
    )
}

fn tokens(introspection: &str) -> String {
    format!(
        "introspection_mode = post\nintrospection_url = {introspection}\nusername_attribute = username\nactive_attribute = active\nactive_value = true\ntimeout_msecs = 5000\n"
    )
}

/// An authority and a certificate for `localhost` signed by it, both good for ten days.
pub(crate) fn certificates(folder: &Path) -> io::Result<()> {
    std::fs::write(folder.join("names"), "subjectAltName=DNS:localhost,IP:127.0.0.1\nextendedKeyUsage=serverAuth\n")?;
    let key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"];
    let authority =
        ["req", "-x509", "-days", "10", "-subj", "/CN=A test's authority", "-keyout", "ca-key.pem", "-out", "ca.pem"];
    let request = ["req", "-subj", "/CN=localhost", "-keyout", "key.pem", "-out", "request.pem"];
    let sign = [
        "x509",
        "-req",
        "-in",
        "request.pem",
        "-CA",
        "ca.pem",
        "-CAkey",
        "ca-key.pem",
        "-CAcreateserial",
        "-days",
        "10",
    ];
    let sign = [&sign[..], &["-extfile", "names", "-out", "cert.pem"]].concat();
    for args in [[&authority[..], &key].concat(), [&request[..], &key].concat(), sign] {
        let made = Command::new("openssl").current_dir(folder).args(&args).stdin(Stdio::null()).output()?;
        if !made.status.success() {
            return Err(io::Error::other(format!("openssl {args:?}: {}", String::from_utf8_lossy(&made.stderr))));
        }
    }
    for file in ["ca.pem", "cert.pem", "key.pem"] {
        std::fs::set_permissions(folder.join(file), std::fs::Permissions::from_mode(0o644))?;
    }
    Ok(())
}

/// The account that the server runs as when this process is root, which is more than it needs.
pub(crate) fn account() -> io::Result<Option<(u32, u32)>> {
    if std::fs::metadata("/proc/self")?.uid() != 0 {
        return Ok(None);
    }
    let accounts = std::fs::read_to_string("/etc/passwd")?;
    let line = accounts.lines().find_map(|line| line.strip_prefix("nobody:"));
    let mut fields = line.into_iter().flat_map(|line| line.split(':')).skip(1);
    let mut number = || fields.next().and_then(|field| field.parse().ok());
    match (number(), number()) {
        (Some(user), Some(group)) => Ok(Some((user, group))),
        _ => Err(io::Error::other("no account `nobody` to run Dovecot as")),
    }
}

/// The name of an account or group; without a number, that of this process.
pub(crate) fn name_of(file: &str, id: Option<u32>) -> io::Result<String> {
    let own = std::fs::metadata("/proc/self")?;
    let id = id.unwrap_or(if file.ends_with("group") { own.gid() } else { own.uid() }).to_string();
    let text = std::fs::read_to_string(file)?;
    let line = text.lines().find(|line| line.split(':').nth(2) == Some(id.as_str()));
    let name = line.and_then(|line| line.split(':').next()).map(str::to_owned);
    name.ok_or_else(|| io::Error::other(format!("`{file}` has no entry {id}")))
}

fn command(program: &str, account: Option<(u32, u32)>) -> Command {
    let mut command = Command::new(program);
    if let Some((user, group)) = account {
        command.uid(user).gid(group);
    }
    command
}

fn signal(name: &str, pid: u32) {
    let _ = Command::new("kill").args(["-s", name, &pid.to_string()]).stderr(Stdio::null()).status();
}

pub(crate) fn free_port() -> io::Result<u16> {
    Ok(TcpListener::bind(("127.0.0.1", 0))?.local_addr()?.port())
}

fn fresh_folder() -> io::Result<PathBuf> {
    let pid = std::process::id();
    for number in 0.. {
        let folder = std::env::temp_dir().join(format!("{PREFIX}{pid}-{number}"));
        match std::fs::create_dir(&folder) {
            Ok(()) => {
                std::fs::set_permissions(&folder, std::fs::Permissions::from_mode(0o755))?;
                return Ok(folder);
            }
            Err(cause) if cause.kind() == io::ErrorKind::AlreadyExists => {}
            Err(cause) => return Err(cause),
        }
    }
    Err(io::Error::other("no free name for a folder"))
}

/// Ends and removes the servers of processes that are gone.
fn sweep() {
    for entry in std::fs::read_dir(std::env::temp_dir()).into_iter().flatten().flatten() {
        let name = entry.file_name();
        let owner = name.to_str().and_then(|name| name.strip_prefix(PREFIX)?.split('-').next()?.parse::<u32>().ok());
        if owner.is_some_and(|pid| !Path::new(&format!("/proc/{pid}")).exists()) && entry.path().is_dir() {
            let folder = entry.path();
            let server = std::fs::read_to_string(folder.join("run/master.pid")).unwrap_or_default();
            // A number that was given to another process since does not run with our configuration.
            let ours = |pid: u32| {
                let line = std::fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
                String::from_utf8_lossy(&line).contains(&*folder.to_string_lossy())
            };
            if let Some(pid) = server.trim().parse().ok().filter(|pid| ours(*pid)) {
                signal("TERM", pid);
            }
            let _ = std::fs::remove_dir_all(folder);
        }
    }
}
