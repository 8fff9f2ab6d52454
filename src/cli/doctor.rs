//! `opspilot doctor`: checks everything a start needs and says what to do about each thing. Own file because it touches the machine as
//! nothing else here does. INVARIANT: it changes nothing but what opening a store changes, and it never prints a secret.

use super::failure::{Ended, Failure, Status};
use super::setup::{CREDENTIALS, Setup, exposed};
use super::{connector, text};
use crate::clock::{Clock as _, SystemClock};
use crate::config::Settings;
use crate::daemon::disk::Room;
use crate::daemon::{self, House, Mode};
use crate::policy::Standing;
use crate::receipt::{KeyState, Keyring, SigningKey};
use crate::store::Url;
use clap::Args;
use serde::Serialize;
use serde_json::json;
use std::path::Path;
use std::time::Duration;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

/// Least space that is left without a word, in bytes.
const SPACE: u64 = 1 << 30;
/// Least number of open files that carries the default number of connections.
const FILES: u64 = 1500;
/// A source that was not proven to be readable for so long, in seconds, is worth a word.
const STALE: i64 = 900;
/// A clock before this is wrong: the program was written later (2026-01-01).
const WRITTEN: i64 = 1_767_225_600;

/// Check everything a start needs. Exit status 2 when the configuration is wrong, 3 when something else is.
#[derive(Args)]
pub(crate) struct Doctor {}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
enum Health {
    Ok,
    Warn,
    Bad,
}

/// One line.
#[derive(Serialize)]
struct Finding {
    what: String,
    health: Health,
    detail: String,
}

#[derive(Default)]
struct Findings(Vec<Finding>);

impl Findings {
    fn add(&mut self, what: &str, health: Health, detail: impl Into<String>) {
        self.0.push(Finding { what: what.to_owned(), health, detail: text::one_line(&detail.into()) });
    }
}

impl Doctor {
    pub(crate) async fn run(self, setup: &Setup) -> Ended {
        let mut found = Findings::default();
        let settings = match setup.settings() {
            Ok(settings) => settings,
            Err(failure) => {
                failure.lines.iter().for_each(|line| found.add("configuration", Health::Bad, line));
                show(setup, &found)?;
                return Ok(Status::Usage);
            }
        };
        let counted = format!(
            "{}, {}",
            text::count(settings.pilots.len(), "pilot"),
            text::count(settings.sources.len(), "source")
        ) + &sinks(&settings);
        found.add("configuration", Health::Ok, counted);
        settings.notes.iter().for_each(|note| found.add("configuration", Health::Warn, note));
        clock(&mut found);
        files(&mut found, settings.web.connections as u64);
        folder(&mut found, &settings.data_dir);
        space(&mut found, &settings.data_dir);
        for asked in connector::ask(&settings, None).await {
            let name = asked.named();
            match asked.fault {
                None if asked.cautions.is_empty() => found.add(&name, Health::Ok, "could do its work"),
                None => asked.cautions.iter().for_each(|caution| found.add(&name, Health::Warn, caution)),
                Some(fault) => found.add(&name, Health::Bad, fault),
            }
        }
        match daemon::try_mail(&settings).await {
            None => {}
            Some(Ok(())) => found.add("mail", Health::Ok, "the mail server would take letters"),
            Some(Err(cause)) => found.add("mail", Health::Bad, cause.to_string()),
        }
        port(&mut found, &settings).await;
        match Box::pin(daemon::open(settings, Mode::Command)).await {
            Err(cause) => found.add("store", Health::Bad, cause.to_string()),
            Ok(house) => {
                let outcome = inside(&mut found, &house).await;
                house.store.close().await;
                outcome?;
            }
        }
        show(setup, &found)?;
        let worst = found.0.iter().map(|finding| finding.health).max().unwrap_or(Health::Ok);
        Ok(if worst == Health::Bad { Status::Wrong } else { Status::Done })
    }
}

/// How many sinks there are, where there are any.
fn sinks(settings: &Settings) -> String {
    match settings.sinks.len() {
        0 => String::new(),
        sinks => format!(", {}", text::count(sinks, "sink")),
    }
}

fn show(setup: &Setup, found: &Findings) -> Result<(), Failure> {
    if setup.out.json {
        let ok = found.0.iter().all(|finding| finding.health != Health::Bad);
        return setup.out.json(&json!({ "ok": ok, "checks": found.0 }));
    }
    let paint = |health: Health| {
        let (word, colour) = match health {
            Health::Ok => ("ok  ", "32"),
            Health::Warn => ("warn", "33"),
            Health::Bad => ("bad ", "31"),
        };
        if setup.out.colour { format!("\u{1b}[{colour}m{word}\u{1b}[0m") } else { word.to_owned() }
    };
    found.0.iter().try_for_each(|finding| {
        setup.out.text(&format!("{}  {:<18}  {}", paint(finding.health), finding.what, finding.detail))
    })
}

fn clock(found: &mut Findings) {
    let now = SystemClock.now();
    if now.as_second() < WRITTEN {
        found.add(
            "clock",
            Health::Bad,
            format!("it says {now}, before this program was made; set it, or signatures of senders are refused"),
        );
    } else {
        found.add("clock", Health::Ok, text::time(now));
    }
}

/// The limit of open files, where the system tells it as a text.
fn files(found: &mut Findings, connections: u64) {
    let limits = std::fs::read_to_string("/proc/self/limits").unwrap_or_default();
    let line = limits.lines().find_map(|line| line.strip_prefix("Max open files"));
    let Some(limit) = line.and_then(|line| line.split_whitespace().next()).and_then(|word| word.parse::<u64>().ok())
    else {
        return;
    };
    let wanted = FILES.max(connections + 200);
    if limit < wanted {
        found.add(
            "open files",
            Health::Warn,
            format!("the limit is {limit}; raise it to {wanted} (`ulimit -n`, `LimitNOFILE=`)"),
        );
    } else {
        found.add("open files", Health::Ok, format!("the limit is {}", text::grouped(limit)));
    }
}

fn folder(found: &mut Findings, dir: &Path) {
    if !dir.is_dir() {
        return found.add("data folder", Health::Bad, format!("`{}` is not there; run `opspilot init`", dir.display()));
    }
    match exposed(dir) {
        Some(mode) => {
            let detail = format!("others can look into `{}` (mode {mode:o}); run `chmod 700` on it", dir.display());
            found.add("data folder", Health::Warn, detail);
        }
        None => found.add("data folder", Health::Ok, dir.display().to_string()),
    }
    let entries = std::fs::read_dir(dir.join(CREDENTIALS))
        .map(|entries| entries.flatten().map(|entry| entry.path()).collect::<Vec<_>>());
    for path in entries.unwrap_or_default().iter().filter(|path| exposed(path).is_some()) {
        found.add(
            "credentials",
            Health::Bad,
            format!("others can read `{}`; run `chmod 600` on it, and make a new token", path.display()),
        );
    }
}

/// Space left where the data folder lies.
fn space(found: &mut Findings, dir: &Path) {
    let room = Room::at(dir);
    if room.is_some_and(|room| !room.writable) {
        return found.add("disk space", Health::Bad, "the disk cannot be written; see how it is mounted");
    }
    match room.map(|room| room.free) {
        None => found.add("disk space", Health::Warn, "could not be told; look yourself"),
        Some(free) if free < SPACE / 10 => {
            found.add("disk space", Health::Bad, format!("{} left; make room before starting", text::bytes(free)))
        }
        Some(free) if free < SPACE => {
            found.add("disk space", Health::Warn, format!("{} left; make room soon", text::bytes(free)))
        }
        Some(free) => found.add("disk space", Health::Ok, format!("{} left", text::bytes(free))),
    }
}

async fn port(found: &mut Findings, settings: &Settings) {
    let address = settings.web.listen;
    match TcpListener::bind(address).await {
        Ok(_) => found.add("address", Health::Ok, format!("{address} is free")),
        Err(cause) if cause.kind() == std::io::ErrorKind::AddrInUse => {
            match tokio::time::timeout(Duration::from_secs(3), readiness(address)).await {
                Ok(Ok(200)) => found.add("address", Health::Ok, format!("a daemon serves on {address} and is ready")),
                Ok(Ok(503)) => found.add(
                    "address",
                    Health::Warn,
                    format!("a daemon serves on {address} and is not ready; see /readyz"),
                ),
                _ => found.add(
                    "address",
                    Health::Bad,
                    format!("{address} is taken by another program; stop it, or change `[web] listen`"),
                ),
            }
        }
        Err(cause) => {
            found.add("address", Health::Bad, format!("cannot listen on {address}: {cause}; change `[web] listen`"))
        }
    }
}

/// The status with which `/readyz` answers.
async fn readiness(address: std::net::SocketAddr) -> std::io::Result<u16> {
    let mut stream = TcpStream::connect(address).await?;
    stream
        .write_all(format!("GET /readyz HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n").as_bytes())
        .await?;
    let mut head = vec![0; 64];
    let mut read = 0;
    while read < 12 {
        match stream.read(head.get_mut(read..).unwrap_or_default()).await? {
            0 => break,
            more => read += more,
        }
    }
    let head = String::from_utf8_lossy(&head).into_owned();
    head.split(' ').nth(1).and_then(|status| status.parse().ok()).ok_or_else(|| std::io::ErrorKind::InvalidData.into())
}

/// Whether this user may write the database file: a store can be opened to read where it cannot be written.
fn writable(url: &Url) -> Result<(), String> {
    let Url::Sqlite(file) = url else { return Ok(()) };
    let opened = std::fs::OpenOptions::new().write(true).open(file);
    opened.map(drop).map_err(|cause| {
        format!(
            "`{}` cannot be written ({cause}); give it and its folder to the user who runs the daemon",
            file.display()
        )
    })
}

/// What only the opened house can tell.
async fn inside(found: &mut Findings, house: &House) -> Result<(), Failure> {
    let tally = house.store.tally().await?;
    let detail = format!(
        "{} requests, {} briefs wait for people",
        text::grouped(tally.requests.try_into().unwrap_or(0)),
        tally.undecided
    );
    match writable(&house.settings.store.url) {
        Ok(()) => found.add("store", Health::Ok, detail),
        Err(cause) => found.add("store", Health::Bad, cause),
    }
    if let Some(behind) = daemon::clock_behind(&house.store).await? {
        found.add("receipts", Health::Warn, behind);
    }
    if tally.discarded + tally.uncertain > 0 {
        let detail = format!(
            "{} given up, {} uncertain; see `opspilot run list --state discarded`",
            tally.discarded, tally.uncertain
        );
        found.add("runs", Health::Warn, detail);
    }
    let aside = house.store.letters_aside().await?;
    if !aside.is_empty() {
        let counted: Vec<String> = aside.iter().map(|(state, letters)| format!("{letters} {state}")).collect();
        found.add(
            "letters",
            Health::Warn,
            format!("{} want a person; `opspilot letter list --state STATE` tells which", counted.join(", ")),
        );
    }
    let book = house.limits.book().await?;
    for side in book.sides.iter().filter(|side| side.state != "closed") {
        let detail = format!(
            "{}; `opspilot limit show` tells more, `limit resume {}` has it asked again",
            side.state, side.generator
        );
        found.add(&format!("generator {}", side.generator), Health::Warn, detail);
    }
    let open = book.open.iter().filter(|row| row.state != "held").count();
    if open > 0 {
        let detail =
            format!("{open} calls to models want a person: nobody knows what they did cost; see `opspilot spend`");
        found.add("spend", Health::Warn, detail);
    }
    let waiting = house.store.quarantined().await?;
    if waiting > 0 {
        let detail = format!("{waiting} wait for a person; see `opspilot quarantine list --state quarantined`");
        found.add("quarantine", Health::Warn, detail);
    }
    for known in house.store.sources().await? {
        let Some(proven) = known.proven_at else { continue };
        if !house.settings.sources.iter().any(|source| source.name == known.source) {
            continue;
        }
        let compared = known.reconciled_at.map_or_else(
            || "never compared with its far side".to_owned(),
            |at| format!("compared with its far side {}", text::time(at)),
        );
        let old = house.clock.now().duration_since(proven).as_secs() > STALE;
        let (health, note) = if old { (Health::Warn, "; is the daemon running?") } else { (Health::Ok, "") };
        let detail = format!("last proven read {}, {compared}{note}", text::time(proven));
        found.add(&format!("source {}", known.source), health, detail);
    }
    match house.policies.standing() {
        Standing::Ready { version, hash } => found.add("policies", Health::Ok, format!("version {version}, {hash}")),
        Standing::Broken { problems } => {
            found.add("policies", Health::Bad, format!("everything is denied: {problems}"))
        }
    }
    key(found, house).await?;
    let people = house.store.persons().await?;
    for pilot in house.pilots.iter() {
        let missing: Vec<&str> = pilot
            .reviewers
            .iter()
            .map(String::as_str)
            .filter(|name| !people.iter().any(|person| person.name == *name && !person.disabled))
            .collect();
        if !missing.is_empty() {
            let detail =
                format!("no active user `{}`, who should review it; run `opspilot user add`", missing.join("`, `"));
            found.add(&format!("pilot {}", pilot.name), Health::Warn, detail);
        }
    }
    Ok(())
}

/// The key, and whether it is the one that signed the head of the log.
async fn key(found: &mut Findings, house: &House) -> Result<(), Failure> {
    let file = &house.settings.receipts.key_file;
    if let Some(mode) = exposed(file) {
        let detail = format!(
            "others can read `{}` (mode {mode:o}); run `chmod 600` on it, and consider a new key",
            file.display()
        );
        found.add("receipt key", Health::Bad, detail);
    }
    let text = std::fs::read_to_string(file).unwrap_or_default();
    let Ok(key) = SigningKey::from_text(text.trim()) else {
        // The house would not have opened; somebody has just changed it.
        found.add("receipt key", Health::Bad, format!("`{}` cannot be read; restore it", file.display()));
        return Ok(());
    };
    let ring = Keyring::pinned(vec![(key.verifier().clone(), KeyState::Active)]);
    match house.store.log_head().await?.map(|head| ring.open(&head.note)) {
        None => found.add("receipt key", Health::Ok, "nothing is signed yet"),
        Some(Ok(head)) => found.add(
            "receipt key",
            Health::Ok,
            format!("signed the head of {} receipts", text::grouped(head.checkpoint.size())),
        ),
        Some(Err(cause)) => found.add(
            "receipt key",
            Health::Bad,
            format!("it did not sign the head of this log: {cause}; restore the key that did"),
        ),
    }
    Ok(())
}
