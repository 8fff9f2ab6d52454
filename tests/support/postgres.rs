//! A throw-away PostgreSQL cluster: found on this machine, started in a folder of its own on a free loopback port, stopped again.
//! Own file, standard library only, because the project's own commands and every kind of test include it. INVARIANT: only what was
//! started here is ever ended, by its process id; what a killed run left behind is swept by the next.

use std::io;
use std::net::{TcpListener, TcpStream};
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// Names a running cluster: `postgres://USER@HOST:PORT`, without a database.
pub(crate) const VARIABLE: &str = "OPSPILOT_TEST_POSTGRES";

/// Begins the name of every folder made here; the id of the process that owns it follows.
const PREFIX: &str = "opspilot-postgres-";

/// The longest time to wait for the server to start.
const PATIENCE: Duration = Duration::from_secs(60);

/// A running cluster; ends when dropped.
#[derive(Debug)]
pub(crate) struct Cluster {
    server: Child,
    programs: PathBuf,
    folder: PathBuf,
    account: Option<(u32, u32)>,
    port: u16,
}

impl Cluster {
    /// Starts a cluster. Without `durable` it does not wait for the disk, which tests that kill no machine do not need.
    ///
    /// # Errors
    /// `NotFound` when PostgreSQL is not installed; what the server said when it does not start.
    pub(crate) fn start(durable: bool) -> io::Result<Self> {
        let programs = programs().ok_or_else(|| {
            let text = "PostgreSQL is not installed here; run `cargo xtask test`, which installs it, or `apt-get install postgresql-15`";
            io::Error::new(io::ErrorKind::NotFound, text)
        })?;
        let account = account()?;
        sweep(&programs, account);
        // Two tries: between finding a free port and the server's taking it, somebody else may take it.
        Self::try_start(&programs, account, durable).or_else(|_| Self::try_start(&programs, account, durable))
    }

    /// Its address, without a database: `postgres://opspilot@127.0.0.1:PORT`.
    pub(crate) fn address(&self) -> String {
        format!("postgres://opspilot@127.0.0.1:{}", self.port)
    }

    fn try_start(programs: &Path, account: Option<(u32, u32)>, durable: bool) -> io::Result<Self> {
        let folder = fresh_folder(account)?;
        let made = command(programs, "initdb", &folder, account)
            .args(["-U", "opspilot", "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync", "--no-instructions"])
            .output()?;
        if !made.status.success() {
            return Err(io::Error::other(format!("initdb failed: {}", String::from_utf8_lossy(&made.stderr))));
        }
        let port = TcpListener::bind(("127.0.0.1", 0))?.local_addr()?.port();
        let log = std::fs::File::create(folder.join("log"))?;
        let disk = if durable { "on" } else { "off" };
        let mut server = command(programs, "postgres", &folder, account);
        server.arg("-p").arg(port.to_string());
        for setting in
            ["listen_addresses=127.0.0.1", "unix_socket_directories=", "max_connections=400", "shared_buffers=32MB"]
        {
            server.args(["-c", setting]);
        }
        server.args([
            "-c",
            &format!("fsync={disk}"),
            "-c",
            &format!("synchronous_commit={disk}"),
            "-c",
            &format!("full_page_writes={disk}"),
        ]);
        let server = server.stdout(log.try_clone()?).stderr(log).spawn()?;
        let mut cluster = Self { server, programs: programs.to_owned(), folder, account, port };
        cluster.wait()?;
        Ok(cluster)
    }

    /// Waits until the server takes connections: its lock file says `ready` in the eighth line.
    fn wait(&mut self) -> io::Result<()> {
        let begun = Instant::now();
        loop {
            let said = std::fs::read_to_string(self.folder.join("cluster/postmaster.pid")).unwrap_or_default();
            if said.lines().nth(7).is_some_and(|line| line.starts_with("ready"))
                && TcpStream::connect(("127.0.0.1", self.port)).is_ok()
            {
                return Ok(());
            }
            let ended = self.server.try_wait()?.is_some();
            if ended || begun.elapsed() > PATIENCE {
                let log = std::fs::read_to_string(self.folder.join("log")).unwrap_or_default();
                return Err(io::Error::other(format!("the PostgreSQL server did not start: {log}")));
            }
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        stop(&self.programs, &self.folder, self.account);
        // The server is ours: were it still there, it would be ended by its own handle.
        let _ = self.server.kill();
        let _ = self.server.wait();
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

/// The folder with `initdb`, `postgres` and `pg_ctl`: Debian's of the newest version, or one on the path.
pub(crate) fn programs() -> Option<PathBuf> {
    let versions = std::fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let mut debian: Vec<PathBuf> = versions.map(|version| version.path().join("bin")).collect();
    debian.sort_by_key(|path| {
        let version = path.parent().and_then(Path::file_name).and_then(|name| name.to_str()?.parse::<u32>().ok());
        std::cmp::Reverse(version)
    });
    let path = std::env::var_os("PATH").unwrap_or_default();
    let complete =
        |folder: &PathBuf| ["initdb", "postgres", "pg_ctl"].iter().all(|program| folder.join(program).is_file());
    debian.into_iter().chain(std::env::split_paths(&path)).find(complete)
}

/// The account that the server runs as, when this process is root, which PostgreSQL refuses.
fn account() -> io::Result<Option<(u32, u32)>> {
    if std::fs::metadata("/proc/self")?.uid() != 0 {
        return Ok(None);
    }
    let accounts = std::fs::read_to_string("/etc/passwd")?;
    let find = |name: &str| {
        let line = accounts.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'))?;
        let mut fields = line.split(':').skip(1);
        Some((fields.next()?.parse().ok()?, fields.next()?.parse().ok()?))
    };
    find("postgres")
        .or_else(|| find("nobody"))
        .map(Some)
        .ok_or_else(|| io::Error::other("no account `postgres` or `nobody` to run PostgreSQL as"))
}

fn command(programs: &Path, program: &str, folder: &Path, account: Option<(u32, u32)>) -> Command {
    let mut command = Command::new(programs.join(program));
    command.current_dir(folder).stdin(Stdio::null()).arg("-D").arg(folder.join("cluster"));
    // Its own group, so that an interrupt at the terminal reaches us first and we stop it in order.
    command.process_group(0);
    if let Some((user, group)) = account {
        command.uid(user).gid(group);
    }
    command
}

fn fresh_folder(account: Option<(u32, u32)>) -> io::Result<PathBuf> {
    let pid = std::process::id();
    for number in 0.. {
        let folder = std::env::temp_dir().join(format!("{PREFIX}{pid}-{number}"));
        match std::fs::create_dir(&folder) {
            Ok(()) => {
                std::fs::set_permissions(&folder, std::fs::Permissions::from_mode(0o700))?;
                if let Some((user, group)) = account {
                    std::os::unix::fs::chown(&folder, Some(user), Some(group))?;
                }
                return Ok(folder);
            }
            Err(cause) if cause.kind() == io::ErrorKind::AlreadyExists => {}
            Err(cause) => return Err(cause),
        }
    }
    Err(io::Error::other("no free name for a folder"))
}

fn stop(programs: &Path, folder: &Path, account: Option<(u32, u32)>) {
    let mut stop = command(programs, "pg_ctl", folder, account);
    let _ =
        stop.args(["stop", "-m", "immediate", "-w", "-t", "20"]).stdout(Stdio::null()).stderr(Stdio::null()).status();
}

/// Ends and removes the clusters of processes that are gone.
fn sweep(programs: &Path, account: Option<(u32, u32)>) {
    for entry in std::fs::read_dir(std::env::temp_dir()).into_iter().flatten().flatten() {
        let name = entry.file_name();
        let owner = name.to_str().and_then(|name| name.strip_prefix(PREFIX)?.split('-').next()?.parse::<u32>().ok());
        let gone = owner.is_some_and(|pid| !Path::new(&format!("/proc/{pid}")).exists());
        let ours =
            entry.metadata().is_ok_and(|found| found.is_dir() && account.is_none_or(|(user, _)| found.uid() == user));
        if gone && ours {
            if entry.path().join("cluster/postmaster.pid").exists() {
                stop(programs, &entry.path(), account);
            }
            let _ = std::fs::remove_dir_all(entry.path());
        }
    }
}
