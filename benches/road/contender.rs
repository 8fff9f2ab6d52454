//! Who is measured, the floor or the daemon, and what each needs before it can be started.
//!
//! A site is one contender on one empty store, in a folder of its own. INVARIANT: both get the same secret, the same
//! kind of store and the same machine; nothing here makes one of them faster.

use crate::payload::{SOURCE, Secret};
use crate::subject::{Subject, free_address, size_of};
use crate::{Result, load};
use serde_json::Value;
use sqlx::{Connection as _, PgConnection};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use tempfile::TempDir;
use tokio::process::Command;

/// The two programs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Contender {
    /// This program, called with `floor`.
    Floor,
    /// The daemon's binary.
    Daemon(PathBuf),
}

impl Contender {
    /// The word in tables and files.
    pub(crate) fn name(&self) -> &'static str {
        match self {
            Self::Floor => "floor",
            Self::Daemon(_) => "opspilot",
        }
    }
}

/// Where the rows are.
#[derive(Debug, Clone)]
pub(crate) enum Store {
    /// One file in the folder of the site.
    Sqlite,
    /// A database of its own; the address is `postgres:...`.
    Postgres(String),
}

/// One contender with its folder and store.
#[derive(Debug)]
pub(crate) struct Site {
    contender: Contender,
    store: Store,
    folder: TempDir,
    address: SocketAddr,
    /// The signing key of the webhook source.
    pub(crate) secret: Secret,
    /// The bearer token of the reviewer.
    pub(crate) token: String,
    size_before: u64,
}

impl Site {
    /// Prepares an empty site in a new folder under `scratch`.
    ///
    /// # Errors
    /// When a file cannot be written or `opspilot init` fails.
    pub(crate) async fn prepare(contender: Contender, store: Store, scratch: &Path) -> Result<Self> {
        let folder = tempfile::Builder::new().prefix("road-").tempdir_in(scratch)?;
        let (secret, address) = (Secret::fixed(), free_address()?);
        let mut site = Self { contender, store, folder, address, secret, token: String::new(), size_before: 0 };
        std::fs::create_dir(site.data())?;
        std::fs::write(site.file("bench.secret"), site.secret.text())?;
        site.token = match &site.contender {
            Contender::Floor => "a-token-for-one-run".to_owned(),
            Contender::Daemon(binary) => init(binary, &site).await?,
        };
        std::fs::write(site.file("token"), &site.token)?;
        std::fs::write(site.file("opspilot.toml"), config_text(&site))?;
        site.size_before = site.size().await?;
        Ok(site)
    }

    /// Starts the contender and waits until it is ready.
    ///
    /// # Errors
    /// As [`Subject::start`].
    pub(crate) async fn start(&self) -> Result<Subject> {
        let command = match &self.contender {
            Contender::Floor => {
                let mut command = Command::new(std::env::current_exe()?);
                command.arg("floor").arg("--store").arg(self.url()).arg("--listen").arg(self.address.to_string());
                command.arg("--secret-file").arg(self.file("bench.secret"));
                command.arg("--token-file").arg(self.file("token"));
                command
            }
            Contender::Daemon(binary) => {
                let mut command = Command::new(binary);
                command.arg("serve").arg("--config").arg(self.file("opspilot.toml"));
                command
            }
        };
        Subject::start(command, self.address, &self.file("log")).await
    }

    /// Open briefs, at most `limit`: identifier and revision.
    ///
    /// # Errors
    /// When the contender does not answer or answers something else.
    pub(crate) async fn open_briefs(&self, limit: usize) -> Result<Vec<(String, String)>> {
        let headers = format!("authorization: Bearer {}\r\n", self.token);
        let mut connection = load::Connection::open(self.address).await?;
        let (mut open, mut cursor) = (Vec::new(), String::new());
        loop {
            let path = format!("/api/v1/briefs?state=open&limit=200{cursor}");
            let page: Value = serde_json::from_slice(&connection.get(&path, &headers).await?)?;
            for item in page.get("items").and_then(Value::as_array).ok_or("a page of briefs without `items`")? {
                let text = |name: &str| item.get(name).and_then(Value::as_str).map(str::to_owned);
                open.push(text("id").zip(text("revision")).ok_or("a brief without `id` and `revision`")?);
            }
            match page.get("next").and_then(Value::as_str) {
                Some(next) if open.len() < limit => cursor = format!("&cursor={next}"),
                _ => break,
            }
        }
        open.truncate(limit);
        Ok(open)
    }

    /// Bytes on disk that the rows have added; exact only while the contender is stopped.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub(crate) async fn grown(&self) -> Result<u64> {
        Ok(self.size().await?.saturating_sub(self.size_before))
    }

    async fn size(&self) -> Result<u64> {
        let files = size_of(&self.data())?;
        let Store::Postgres(url) = &self.store else { return Ok(files) };
        let mut connection = PgConnection::connect(url).await?;
        // What autovacuum and checkpoints have not settled yet is counted as it stands.
        let rows: i64 =
            sqlx::query_scalar("select pg_database_size(current_database())").fetch_one(&mut connection).await?;
        connection.close().await?;
        Ok(files + u64::try_from(rows)?)
    }

    fn url(&self) -> String {
        match &self.store {
            Store::Sqlite => format!("sqlite:{}", self.data().join("road.db").display()),
            Store::Postgres(url) => url.clone(),
        }
    }

    fn data(&self) -> PathBuf {
        self.file("data")
    }

    fn file(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }
}

/// Lets the daemon make its data folder, keys and first user; gives that user's token.
async fn init(binary: &Path, site: &Site) -> Result<String> {
    let mut command = Command::new(binary);
    command.arg("init").arg(site.file("made")).args(["--user", "bench"]);
    command.env("OPSPILOT__STORE__URL", site.url()).env("OPSPILOT__DATA_DIR", site.data());
    let output = command.output().await?;
    if !output.status.success() {
        return Err(format!("`opspilot init` failed: {}", String::from_utf8_lossy(&output.stderr)).into());
    }
    Ok(std::fs::read_to_string(site.data().join("credentials").join("bench.token"))?.trim().to_owned())
}

/// The daemon's configuration: one pilot, one signed webhook, no rate limit in the way.
fn config_text(site: &Site) -> String {
    let (url, data, listen) = (site.url(), site.data(), site.address);
    let secret = site.file("bench.secret");
    format!(
        r#"data_dir = "{data}"

[store]
url = "{url}"

[web]
listen = "{listen}"

[[pilot]]
name = "bench"
tenant = "bench"
reviewers = ["bench"]

[[source]]
name = "{SOURCE}"
kind = "webhook"
pilot = "bench"
[source.options]
verify = "standard"
secret_file = "{secret}"
"#,
        data = data.display(),
        secret = secret.display(),
    )
}
