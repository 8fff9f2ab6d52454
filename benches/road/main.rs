//! The benchmark of the whole road: drives the daemon's binary over HTTP, and beside it, in the same run, a floor.
//!
//! `cargo bench --bench road -- --help` tells the options; docs/performance.md tells what the figures mean. Rounds of
//! floor and daemon alternate, so that both meet the same machine. INVARIANT: goals are printed, not enforced; the exit
//! status is 1 only when something did not work.

#![expect(clippy::disallowed_methods, reason = "a benchmark measures by the machine's clock and owns its tasks")]

mod contender;
mod floor;
mod load;
mod measure;
mod payload;
mod postgres;
mod report;
mod round;
mod subject;

use clap::{Parser, Subcommand, ValueEnum};
use contender::{Contender, Site, Store};
use postgres::Server;
use report::Series;
use round::Size;
use serde_json::{Value, json};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

/// Anything that ends the benchmark; it has no caller that would tell kinds apart.
type Failure = Box<dyn std::error::Error + Send + Sync>;
/// A result of anything in the benchmark.
type Result<T, E = Failure> = std::result::Result<T, E>;

/// The daemon's binary, known when cargo builds this as a bench of its package.
const BUILT: Option<&str> = option_env!("CARGO_BIN_EXE_opspilot");

/// Measures the whole road, daemon against floor.
#[derive(Debug, Parser)]
#[command(name = "road")]
struct Arguments {
    #[command(subcommand)]
    role: Option<Role>,
    /// A few seconds instead of minutes: 2,000 requests, one round.
    #[arg(long)]
    quick: bool,
    /// Measure again with so many requests stored before.
    #[arg(long, default_value_t = 0)]
    stored: u64,
    /// Only this kind of store.
    #[arg(long)]
    only: Option<Kind>,
    /// Only the floor, without the daemon.
    #[arg(long)]
    floor_only: bool,
    /// Requests in each round.
    #[arg(long, default_value_t = 30_000)]
    requests: u64,
    /// Rounds of each contender; medians are reported.
    #[arg(long, default_value_t = 3)]
    rounds: u64,
    /// Write every round to this file as JSON.
    #[arg(long)]
    json: Option<PathBuf>,
    /// The daemon's binary, if cargo did not build it just now.
    #[arg(long)]
    binary: Option<PathBuf>,
    /// The folder for stores; it must lie on a real disk, not in memory.
    #[arg(long, default_value_os_t = std::env::temp_dir())]
    scratch: PathBuf,
    /// Given by `cargo bench`; without it and without other options a smoke run is made (`cargo test`).
    #[arg(long, hide = true)]
    bench: bool,
}

#[derive(Debug, Subcommand)]
enum Role {
    /// Serve as the floor (the benchmark starts itself this way).
    Floor(floor::Options),
}

/// A kind of store.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Kind {
    Sqlite,
    Postgres,
}

impl Kind {
    fn name(self) -> &'static str {
        match self {
            Self::Sqlite => "sqlite",
            Self::Postgres => "postgres",
        }
    }
}

fn main() -> ExitCode {
    let mut arguments = Arguments::parse();
    let run = match arguments.role.take() {
        Some(Role::Floor(options)) => tokio::runtime::Builder::new_multi_thread()
            .enable_all()
            .build()
            .map_err(Failure::from)
            .and_then(|runtime| runtime.block_on(floor::serve(options))),
        // One thread: the driver must leave the cores to what it measures.
        None => tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(Failure::from)
            .and_then(|runtime| runtime.block_on(drive(arguments))),
    };
    match run {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("road: {failure}");
            ExitCode::FAILURE
        }
    }
}

async fn drive(mut arguments: Arguments) -> Result<()> {
    if !arguments.bench && std::env::args_os().len() == 1 {
        arguments.quick = true;
        arguments.floor_only = true;
        arguments.only = Some(Kind::Sqlite);
    }
    let mut size = Size { requests: arguments.requests, idle: Duration::from_secs(4) };
    if arguments.quick {
        size = Size { requests: 2_000, idle: Duration::from_millis(500) };
        arguments.rounds = 1;
    }
    let mut contenders = vec![Contender::Floor];
    if !arguments.floor_only {
        let binary = arguments.binary.clone().or_else(|| BUILT.map(PathBuf::from));
        contenders
            .push(Contender::Daemon(binary.ok_or("name the daemon's binary with --binary, or give --floor-only")?));
    }
    let machine = machine(&arguments.scratch);
    say(&format!("{}\n", serde_json::to_string(&machine)?))?;
    let mut all = Vec::new();
    for kind in [Kind::Sqlite, Kind::Postgres] {
        if arguments.only.is_some_and(|only| only != kind) {
            continue;
        }
        let mut server = None;
        if kind == Kind::Postgres {
            server = Server::start(&arguments.scratch).await?;
            if server.is_none() {
                eprintln!("no PostgreSQL server is installed here: its half is left out");
                continue;
            }
        }
        measure_kind(kind, &contenders, &mut server, &arguments, size, &mut all).await?;
        if let Some(server) = server {
            server.stop().await?;
        }
    }
    say(&report::text(&all))?;
    if let Some(file) = &arguments.json {
        std::fs::write(file, report::json(&all, &machine)?)?;
    }
    Ok(())
}

/// All rounds on one kind of store. Empty and filled stores take turns too, so that what else the machine does falls on
/// all alike.
async fn measure_kind(
    kind: Kind,
    contenders: &[Contender],
    server: &mut Option<Server>,
    arguments: &Arguments,
    size: Size,
    all: &mut Vec<Series>,
) -> Result<()> {
    let series = |contender: &Contender, stored: u64| Series {
        contender: contender.name(),
        store: kind.name(),
        stored,
        rounds: Vec::new(),
    };
    let mut empty: Vec<Series> = contenders.iter().map(|contender| series(contender, 0)).collect();
    let mut filled = Vec::new();
    let mut filling = Vec::new();
    for contender in contenders.iter().filter(|_| arguments.stored > 0) {
        eprintln!("{} on {}: storing {} requests", contender.name(), kind.name(), arguments.stored);
        let site = site(contender, server, &arguments.scratch).await?;
        filling.push(round::fill(&site, 0, arguments.stored).await?);
        filled.push((site, series(contender, arguments.stored)));
    }
    for number in 1..=arguments.rounds {
        for (contender, series) in contenders.iter().zip(&mut empty) {
            eprintln!("{} on {}: empty store, round {number}", series.contender, series.store);
            let site = site(contender, server, &arguments.scratch).await?;
            let mut figures = round::round(&site, server.as_ref(), size, 0).await?;
            figures.set("disk", site.grown().await? as f64 / 1e3 / round::finished(size) as f64);
            series.rounds.push(figures);
        }
        for (site, series) in &mut filled {
            eprintln!("{} on {}: {} stored, round {number}", series.contender, series.store, series.stored);
            let first = arguments.stored + (number - 1) * round::finished(size);
            series.rounds.push(round::round(site, server.as_ref(), size, first).await?);
        }
    }
    for ((_, series), figures) in filled.iter_mut().zip(filling) {
        series.rounds.push(figures);
    }
    all.extend(empty);
    all.extend(filled.into_iter().map(|(_, series)| series));
    Ok(())
}

async fn site(contender: &Contender, server: &mut Option<Server>, scratch: &Path) -> Result<Site> {
    let store = match server {
        Some(server) => server.database().await?,
        None => Store::Sqlite,
    };
    Site::prepare(contender.clone(), store, scratch).await
}

/// What the figures were taken on: processor, cores, memory, kernel, kind of file system, commit.
fn machine(scratch: &Path) -> Value {
    let read = |path: &str| std::fs::read_to_string(path).unwrap_or_default();
    let after = |text: &str, name: &str| {
        let line = text.lines().find_map(|line| line.strip_prefix(name)).unwrap_or_default();
        line.trim_start_matches([' ', '\t', ':']).trim().to_owned()
    };
    let said = |program: &str, arguments: &[&str]| {
        let output = std::process::Command::new(program).args(arguments).output();
        output.map_or_else(|_| String::new(), |output| String::from_utf8_lossy(&output.stdout).trim().to_owned())
    };
    let scratch = scratch.to_string_lossy();
    let disk = said("stat", &["-f", "-c", "%T", &scratch]);
    if disk == "tmpfs" {
        eprintln!("warning: {scratch} lies in memory; its syncs cost nothing and the figures mean little (--scratch)");
    }
    json!({
        "date": said("date", &["-u", "+%Y-%m-%d"]),
        "commit": said("git", &["-C", env!("CARGO_MANIFEST_DIR"), "describe", "--always", "--dirty"]),
        "processor": after(&read("/proc/cpuinfo"), "model name"),
        "cores": std::thread::available_parallelism().map_or(0, std::num::NonZero::get),
        "memory": after(&read("/proc/meminfo"), "MemTotal"),
        "kernel": read("/proc/sys/kernel/osrelease").trim(),
        "disk": disk,
    })
}

fn say(text: &str) -> Result<()> {
    let mut out = std::io::stdout().lock();
    out.write_all(text.as_bytes())?;
    Ok(out.flush()?)
}
