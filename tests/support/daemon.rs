//! `TestDaemon`: the real binary on a store, a folder and a port of its own, with everything that a test does to it. Own file because it
//! is the only way in which tests start a daemon. INVARIANT: when it goes, no run is stuck and the receipts verify, unless the test said
//! why not; whatever it started is ended, by its own process group.

use super::database::Database;
use super::hook;
use super::http::{Answer, Ask, Client, once};
use super::wait::{PATIENCE, until};
use serde_json::Value;
use std::io::BufReader;
use std::net::SocketAddr;
use std::os::unix::process::CommandExt as _;
use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Arc, Condvar, Mutex};
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// The pilot of every daemon.
pub(crate) const PILOT: &str = "northwind";
/// Where the data are, in the daemon's folder.
const DATA: &str = "opspilot-data";

/// Which database.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Sqlite,
    Postgres,
}

/// How a daemon is to be.
#[derive(Clone, Debug)]
pub(crate) struct Setup {
    kind: Kind,
    sources: String,
    pilot: String,
    drop_folder: bool,
    reviewers: Vec<String>,
    email: String,
    env: Vec<(String, String)>,
    wrapper: Vec<String>,
    parent: Option<PathBuf>,
}

impl Setup {
    /// On this database, with a signed webhook `forms` and a drop folder `drop`.
    pub(crate) fn on(kind: Kind) -> Self {
        let reviewers = vec!["mike".to_owned()];
        let (sources, pilot, env, wrapper) = (String::new(), String::new(), Vec::new(), Vec::new());
        let email = "mike@northwind.example".to_owned();
        Self { kind, sources, pilot, drop_folder: true, reviewers, email, env, wrapper, parent: None }
    }

    pub(crate) fn sqlite() -> Self {
        Self::on(Kind::Sqlite)
    }

    /// Further tables of the configuration.
    pub(crate) fn with(mut self, tables: &str) -> Self {
        self.sources.push_str(tables);
        self
    }

    /// Further keys and tables of the pilot.
    pub(crate) fn pilot(mut self, keys: &str) -> Self {
        self.pilot.push_str(keys);
        self
    }

    /// Without the drop folder, whose looking around would be noise.
    pub(crate) fn without_drop(mut self) -> Self {
        self.drop_folder = false;
        self
    }

    /// Who decides on the pilot's briefs, instead of mike alone.
    pub(crate) fn reviewers(mut self, names: &[&str]) -> Self {
        self.reviewers = names.iter().map(|name| (*name).to_owned()).collect();
        self
    }

    /// Mike's address.
    pub(crate) fn email(mut self, address: &str) -> Self {
        address.clone_into(&mut self.email);
        self
    }

    /// A variable for the daemon; commands beside it do not have it.
    pub(crate) fn env(mut self, name: &str, value: impl Into<String>) -> Self {
        self.env.push((name.to_owned(), value.into()));
        self
    }

    /// A program with arguments that starts the daemon.
    pub(crate) fn under(mut self, wrapper: &[&str]) -> Self {
        self.wrapper = wrapper.iter().map(|word| (*word).to_owned()).collect();
        self
    }

    /// The folder in which the daemon's folder is made.
    pub(crate) fn below(mut self, parent: impl Into<PathBuf>) -> Self {
        self.parent = Some(parent.into());
        self
    }

    /// Makes it and starts it.
    pub(crate) fn start(self) -> TestDaemon {
        let mut daemon = self.make();
        daemon.start();
        daemon
    }

    /// Makes it, stopped.
    pub(crate) fn make(self) -> TestDaemon {
        let mut folder = tempfile::Builder::new();
        folder.prefix("opspilot-it-");
        let folder = match &self.parent {
            Some(parent) => folder.tempdir_in(parent).unwrap(),
            None => folder.tempdir().unwrap(),
        };
        let database = (self.kind == Kind::Postgres).then(|| block_on(Database::fresh()));
        let url = database.as_ref().map_or_else(|| "sqlite:opspilot.db".to_owned(), Database::url);
        let mut daemon = TestDaemon {
            folder,
            url,
            database: database.map(Arc::new),
            env: self.env,
            wrapper: self.wrapper,
            process: None,
            token: String::new(),
            unsound: None,
        };
        let folder = daemon.folder.path().display().to_string();
        let made = daemon.program(&["init", &folder, "--user", "mike", "--email", &self.email]);
        assert!(made.status.success(), "`opspilot init`: {}", made.err);
        daemon.token = std::fs::read_to_string(daemon.data("credentials/mike.token")).unwrap().trim().to_owned();
        std::fs::write(daemon.data("forms.secret"), hook::secret()).unwrap();
        let drop_folder = if self.drop_folder { DROP } else { "" };
        let body = BODY.replace("[\"mike\"]", &format!("{:?}", self.reviewers));
        let own = format!("forbid_self_review = false\n{}", self.pilot);
        let body = body.replace("forbid_self_review = false\n", &own);
        let text = format!("{HEAD}[store]\nurl = \"{}\"\n{body}{drop_folder}{}", daemon.url, self.sources);
        std::fs::write(daemon.folder.path().join("opspilot.toml"), text).unwrap();
        daemon
    }
}

const HEAD: &str = "data_dir = \"opspilot-data\"\n";

const BODY: &str = r#"
[web]
listen = "127.0.0.1:0"

[engine]
poll_ms = 100
lease_secs = 5

[intake.pull]
lease_secs = 10

[receipts]
checkpoint_secs = 1

[[pilot]]
name = "northwind"
tenant = "northwind"
reviewers = ["mike"]
forbid_self_review = false

[[source]]
name = "forms"
kind = "webhook"
pilot = "northwind"

[source.options]
verify = "standard"
secret_file = "forms.secret"
"#;

const DROP: &str = r#"
[[source]]
name = "drop"
kind = "csv_drop"
pilot = "northwind"

[source.options]
dir = "drop"
settle_secs = 0
poll_secs = 1
"#;

/// What a command came to.
#[derive(Clone, Debug)]
pub(crate) struct Ended {
    pub(crate) status: ExitStatus,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Ended {
    pub(crate) fn code(&self) -> i32 {
        self.status.code().unwrap_or(-1)
    }
}

/// A daemon, running or stopped.
#[derive(Debug)]
pub(crate) struct TestDaemon {
    folder: TempDir,
    url: String,
    database: Option<Arc<Database>>,
    env: Vec<(String, String)>,
    wrapper: Vec<String>,
    process: Option<Process>,
    token: String,
    /// Why the receipts need not verify at the end.
    unsound: Option<&'static str>,
}

#[derive(Debug)]
struct Process {
    child: Child,
    address: SocketAddr,
    log: Arc<Log>,
}

/// What the daemon has said on standard error.
#[derive(Debug, Default)]
struct Log {
    text: Mutex<(String, bool)>,
    news: Condvar,
}

impl TestDaemon {
    /// Starts it and waits until it is ready; how long that took.
    pub(crate) fn start(&mut self) -> Duration {
        self.try_start().unwrap_or_else(|ended| {
            panic!("the daemon ended with {} before it was ready:\n{}", ended.status, ended.err)
        })
    }

    /// As [`Self::start`]; when it ends before it is ready, what it said.
    pub(crate) fn try_start(&mut self) -> Result<Duration, Ended> {
        assert!(self.process.is_none(), "it runs already");
        let begun = Instant::now();
        let mut command = match self.wrapper.split_first() {
            Some((program, args)) => {
                let mut command = Command::new(program);
                command.args(args).arg(BINARY);
                command
            }
            None => Command::new(BINARY),
        };
        command.args(["serve", "--config"]).arg(self.folder.path().join("opspilot.toml"));
        command.envs(self.env.iter().map(|(name, value)| (name, value)));
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped()).process_group(0);
        let mut child = command.spawn().unwrap_or_else(|cause| panic!("cannot start {command:?}: {cause}"));
        let log = Arc::new(Log::default());
        let (said, stderr) = (Arc::clone(&log), child.stderr.take().unwrap());
        std::thread::spawn(move || said.follow(BufReader::new(stderr)));
        match log.address() {
            Some(address) => {
                self.process = Some(Process { child, address, log });
                Ok(begun.elapsed())
            }
            None => {
                let status = child.wait().unwrap();
                Err(Ended { status, out: String::new(), err: log.text() })
            }
        }
    }

    fn process(&self) -> &Process {
        self.process.as_ref().expect("the daemon runs")
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.process().address
    }

    /// Its process, for looking at it in `/proc`.
    pub(crate) fn pid(&self) -> u32 {
        self.process().child.id()
    }

    /// Its log so far.
    pub(crate) fn said(&self) -> String {
        self.process().log.text()
    }

    /// Ends it as a power cut would: the whole process group, at once.
    pub(crate) fn kill_9(&mut self) {
        self.signal("KILL");
        if let Some(mut process) = self.process.take() {
            process.child.wait().unwrap();
        }
    }

    /// Waits until it dies by itself, as a failpoint makes it; whether it did within the time.
    pub(crate) fn dies(&mut self, within: Duration) -> bool {
        let Some(mut process) = self.process.take() else { return true };
        let begun = Instant::now();
        while begun.elapsed() < within {
            if process.log.wait_for_end(Duration::from_millis(50)) {
                process.child.wait().unwrap();
                return true;
            }
        }
        self.process = Some(process);
        false
    }

    /// Sends a signal to its process group.
    pub(crate) fn signal(&self, name: &str) {
        signal(name, self.process().child.id());
    }

    /// Stops it in order (SIGTERM); how long that took.
    pub(crate) fn stop(&mut self) -> Duration {
        let begun = Instant::now();
        self.signal("TERM");
        let mut process = self.process.take().expect("the daemon runs");
        let status = until("the daemon stops", || process.child.try_wait().unwrap());
        assert!(status.success(), "it ended with {status} on SIGTERM:\n{}", process.log.text());
        begun.elapsed()
    }

    pub(crate) fn restart(&mut self) {
        self.stop();
        self.start();
    }

    /// Another daemon on the same store, in a folder of its own.
    pub(crate) fn twin(&self) -> Self {
        let folder = tempfile::Builder::new().prefix("opspilot-it-").tempdir().unwrap();
        copy(self.folder.path(), folder.path());
        Self {
            folder,
            url: self.url.clone(),
            database: self.database.clone(),
            env: self.env.clone(),
            wrapper: self.wrapper.clone(),
            process: None,
            token: self.token.clone(),
            unsound: self.unsound,
        }
    }

    /// Changes a variable for the next start.
    pub(crate) fn set_env(&mut self, name: &str, value: Option<&str>) {
        self.env.retain(|(key, _)| key != name);
        self.env.extend(value.map(|value| (name.to_owned(), value.to_owned())));
    }

    /// Runs a command of the program on this daemon's configuration.
    pub(crate) fn cli(&self, args: &[&str]) -> Ended {
        let config = self.folder.path().join("opspilot.toml").display().to_string();
        self.program(&[&["--config", &config], args].concat())
    }

    fn program(&self, args: &[&str]) -> Ended {
        let mut command = Command::new(BINARY);
        command.args(args).env("OPSPILOT__STORE__URL", &self.url).env("NO_COLOR", "1").stdin(Stdio::null());
        let output = command.output().unwrap();
        let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
        Ended { status: output.status, out: text(output.stdout), err: text(output.stderr) }
    }

    /// A path in its folder.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// A path in its data folder.
    pub(crate) fn data(&self, name: &str) -> PathBuf {
        self.folder.path().join(DATA).join(name)
    }

    /// The database, for what no client can do.
    pub(crate) fn url(&self) -> String {
        match &self.database {
            Some(database) => database.url(),
            None => format!("sqlite:{}", self.data("opspilot.db").display()),
        }
    }

    pub(crate) fn token(&self) -> &str {
        &self.token
    }

    pub(crate) fn client(&self) -> Client {
        Client::open(self.address()).unwrap()
    }

    /// One request on a connection of its own.
    pub(crate) fn ask(&self, ask: &Ask) -> Answer {
        once(self.address(), ask).unwrap_or_else(|cause| panic!("no answer to {ask:?}: {cause}"))
    }

    /// One request to the API as mike.
    pub(crate) fn api(&self, ask: Ask) -> Answer {
        self.ask(&ask.bearer(&self.token))
    }

    /// A thing of the API that must be there.
    pub(crate) fn see(&self, target: &str) -> Value {
        let answer = self.api(Ask::get(target));
        assert_eq!(answer.status, 200, "GET {target}: {}", answer.text());
        answer.value()
    }

    /// All items of a list of the API, page by page.
    pub(crate) fn list(&self, target: &str) -> Vec<Value> {
        let joint = if target.contains('?') { '&' } else { '?' };
        let (mut items, mut cursor) = (Vec::new(), String::new());
        loop {
            let page = self.see(&format!("{target}{joint}limit=200{cursor}"));
            items.extend(page["items"].as_array().cloned().unwrap_or_default());
            match page["next"].as_str() {
                Some(next) => cursor = format!("&cursor={next}"),
                None => return items,
            }
        }
    }

    /// Waits until no run wants a worker or has one.
    pub(crate) fn settle(&self) {
        until("no run is under way", || {
            // A run that moves against the order of these lists is in none of them. Timers and claims do so without a word, and not twice
            // in a row; whatever else does leaves a receipt.
            let size = || self.see("/api/v1/receipts/checkpoint")["size"].as_u64();
            let empty = || self.runs(&["available", "running", "scheduled", "retryable"]).is_empty();
            let before = size();
            (empty() && empty() && size() == before).then_some(())
        });
    }

    fn runs(&self, states: &[&str]) -> Vec<Value> {
        states
            .iter()
            .flat_map(|state| {
                self.see(&format!("/api/v1/runs?state={state}&limit=5"))["items"]
                    .as_array()
                    .cloned()
                    .unwrap_or_default()
            })
            .collect()
    }

    /// Verifies the receipts, against these checkpoints too.
    pub(crate) fn verify(&self, checkpoints: &[PathBuf]) -> Ended {
        let checkpoints: Vec<String> = checkpoints.iter().map(|path| path.display().to_string()).collect();
        let mut args = vec!["receipt", "verify"];
        for checkpoint in &checkpoints {
            args.extend(["--checkpoint", checkpoint]);
        }
        self.cli(&args)
    }

    /// The receipts need not verify when it goes.
    pub(crate) fn expect_unsound(&mut self, why: &'static str) {
        self.unsound = Some(why);
    }
}

impl Drop for TestDaemon {
    fn drop(&mut self) {
        if std::thread::panicking() {
            if let Some(mut process) = self.process.take() {
                // No further panic here: the first one is to be read.
                send("KILL", process.child.id());
                let _ = process.child.wait();
                let log = process.log.text();
                let lines: Vec<&str> = log.lines().collect();
                eprintln!("the daemon's last words:\n{}", lines[lines.len().saturating_sub(30)..].join("\n"));
            }
            return;
        }
        if self.process.is_some() {
            self.settle();
            let stuck = self.runs(&["discarded", "uncertain"]);
            assert!(stuck.is_empty(), "runs are stuck: {stuck:?}");
            self.stop();
        }
        if self.unsound.is_none() {
            let verified = self.verify(&[]);
            // Without a checkpoint kept outside nothing is proven, and nothing wrong was found either.
            assert!(matches!(verified.code(), 0 | 4), "the receipts do not verify: {}{}", verified.out, verified.err);
        }
    }
}

impl Log {
    fn follow(&self, lines: impl std::io::BufRead) {
        for line in lines.split(b'\n').map_while(Result::ok) {
            let mut text = self.text.lock().unwrap();
            text.0.push_str(&String::from_utf8_lossy(&line));
            text.0.push('\n');
            self.news.notify_all();
        }
        self.text.lock().unwrap().1 = true;
        self.news.notify_all();
    }

    fn text(&self) -> String {
        self.text.lock().unwrap().0.clone()
    }

    /// The address, once it is ready; `None` when it ends before.
    fn address(&self) -> Option<SocketAddr> {
        let waits = |text: &mut (String, bool)| !text.1 && address_in(&text.0).is_none();
        let (text, late) = self.news.wait_timeout_while(self.text.lock().unwrap(), PATIENCE, waits).unwrap();
        assert!(!late.timed_out(), "not ready after {PATIENCE:?}:\n{}", text.0);
        address_in(&text.0)
    }

    fn wait_for_end(&self, time: Duration) -> bool {
        self.news.wait_timeout_while(self.text.lock().unwrap(), time, |text| !text.1).unwrap().0.1
    }
}

/// The address in the line that says that it is ready.
fn address_in(log: &str) -> Option<SocketAddr> {
    let line = log.lines().find(|line| line.contains(" ready web.address="))?;
    line.split("web.address=").nth(1)?.split_whitespace().next()?.parse().ok()
}

const BINARY: &str = env!("CARGO_BIN_EXE_opspilot");

/// Sends a signal to a process group of ours.
fn signal(name: &str, group: u32) {
    assert!(send(name, group), "cannot signal {group}");
}

fn send(name: &str, group: u32) -> bool {
    let sent = Command::new("sh").arg("-c").arg(format!("kill -s {name} -- -{group}")).status();
    sent.is_ok_and(|status| status.success())
}

/// Copies a folder; what is a socket or the like is not there.
fn copy(from: &std::path::Path, to: &std::path::Path) {
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            std::fs::create_dir_all(&target).unwrap();
            copy(&entry.path(), &target);
        } else {
            std::fs::copy(entry.path(), target).unwrap();
        }
    }
}

/// Runs what is asynchronous to its end.
pub(crate) fn block_on<T>(work: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(work)
}
