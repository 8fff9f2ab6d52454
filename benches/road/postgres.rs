//! A PostgreSQL server for one run: found on this machine, started on loopback in a folder of its own, stopped again.
//!
//! PostgreSQL refuses to run as root, so root hands the folder to the account `postgres` or `nobody` and starts the
//! server as that. INVARIANT: `fsync` and `synchronous_commit` stay on, all else is the server's default: a store that
//! may lose what it acknowledged would be compared with one that may not.

use crate::subject::{cpu_of_family, free_address, signal};
use crate::{Result, contender::Store};
use sqlx::{AssertSqlSafe, Connection as _, PgConnection};
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::{Duration, Instant};
use tempfile::TempDir;
use tokio::process::{Child, Command};

/// The longest time to wait for the server to start and to stop.
const PATIENCE: Duration = Duration::from_secs(30);

/// A running server.
#[derive(Debug)]
pub(crate) struct Server {
    child: Child,
    id: u32,
    port: u16,
    databases: u32,
    // Removed when the server is gone.
    _folder: TempDir,
}

impl Server {
    /// Starts a server with its files under `scratch`; `None` when none is installed.
    ///
    /// # Errors
    /// When one is installed and does not start.
    pub(crate) async fn start(scratch: &Path) -> Result<Option<Self>> {
        let Some(programs) = programs() else { return Ok(None) };
        let folder = tempfile::Builder::new().prefix("road-postgres-").tempdir_in(scratch)?;
        let account = account()?;
        if let Some((user, group)) = account {
            std::os::unix::fs::chown(folder.path(), Some(user), Some(group))?;
        }
        let cluster = folder.path().join("cluster");
        let command = |program: &str| {
            let mut command = Command::new(programs.join(program));
            command.current_dir(folder.path()).stdin(Stdio::null());
            if let Some((user, group)) = account {
                command.uid(user).gid(group);
            }
            command.arg("-D").arg(&cluster);
            command
        };
        let made = command("initdb").args(["-U", "bench", "-A", "trust", "-E", "UTF8", "--locale=C"]).output().await?;
        if !made.status.success() {
            return Err(format!("initdb failed: {}", String::from_utf8_lossy(&made.stderr)).into());
        }
        let port = free_address()?.port();
        let log = std::fs::File::create(folder.path().join("log"))?;
        let mut server = command("postgres");
        server.arg("-p").arg(port.to_string()).arg("-k").arg(folder.path());
        server.args(["-c", "listen_addresses=127.0.0.1", "-c", "fsync=on", "-c", "synchronous_commit=on"]);
        let child = server.stdout(log.try_clone()?).stderr(log).kill_on_drop(true).spawn()?;
        let id = child.id().ok_or("the PostgreSQL server ended at once")?;
        let server = Self { child, id, port, databases: 0, _folder: folder };
        let start = Instant::now();
        while let Err(failure) = server.connect().await {
            if start.elapsed() > PATIENCE {
                return Err(format!("the PostgreSQL server did not start: {failure}").into());
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        Ok(Some(server))
    }

    /// Makes an empty database.
    ///
    /// # Errors
    /// When the server does not answer.
    pub(crate) async fn database(&mut self) -> Result<Store> {
        self.databases += 1;
        let name = format!("road_{}", self.databases);
        let mut connection = self.connect().await?;
        // A new database starts from settled files, so that no round pays for the one before it.
        sqlx::raw_sql("checkpoint").execute(&mut connection).await?;
        sqlx::raw_sql(AssertSqlSafe(format!("create database {name}"))).execute(&mut connection).await?;
        connection.close().await?;
        Ok(Store::Postgres(format!("postgres://bench@127.0.0.1:{}/{name}", self.port)))
    }

    /// CPU seconds of the server and all its backends.
    ///
    /// # Errors
    /// When the server is gone.
    pub(crate) fn cpu(&self) -> Result<f64> {
        cpu_of_family(self.id)
    }

    /// Stops the server without waiting for clients.
    ///
    /// # Errors
    /// When it does not end in time.
    pub(crate) async fn stop(mut self) -> Result<()> {
        signal(self.id, "INT").await?;
        tokio::time::timeout(PATIENCE, self.child.wait()).await??;
        Ok(())
    }

    async fn connect(&self) -> sqlx::Result<PgConnection> {
        PgConnection::connect(&format!("postgres://bench@127.0.0.1:{}/postgres", self.port)).await
    }
}

/// The folder with `initdb` and `postgres`: on the path, or Debian's folder of the newest version.
fn programs() -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let mut debian: Vec<PathBuf> = std::fs::read_dir("/usr/lib/postgresql")
        .map(|versions| versions.flatten().map(|version| version.path().join("bin")).collect())
        .unwrap_or_default();
    debian.sort_by_key(|path| {
        let version = path.parent().and_then(Path::file_name).and_then(|name| name.to_str()?.parse::<u32>().ok());
        std::cmp::Reverse(version)
    });
    let complete = |folder: &PathBuf| folder.join("initdb").is_file() && folder.join("postgres").is_file();
    debian.into_iter().chain(std::env::split_paths(&path)).find(complete)
}

/// The account that the server runs as, if this process is root.
fn account() -> Result<Option<(u32, u32)>> {
    if std::fs::metadata("/proc/self")?.uid() != 0 {
        return Ok(None);
    }
    let accounts = std::fs::read_to_string("/etc/passwd")?;
    let find = |name: &str| {
        let line = accounts.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'))?;
        let mut fields = line.split(':').skip(1);
        Some((fields.next()?.parse().ok()?, fields.next()?.parse().ok()?))
    };
    Ok(Some(
        find("postgres").or_else(|| find("nobody")).ok_or("no account `postgres` or `nobody` to run PostgreSQL as")?,
    ))
}
