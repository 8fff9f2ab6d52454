//! One process under measure: starting it, what `/proc` says about it, asking it, stopping it.
//!
//! The floor and the daemon are started and read in exactly the same way. INVARIANT: whatever is started here is ended
//! here, by its own process id, also when the run fails.

use crate::Result;
use crate::load::{self, Connection};
use std::collections::HashMap;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::{Duration, Instant};
use tokio::process::{Child, Command};

/// The metric that counts briefs parked for review since the start; labels are summed up.
pub(crate) const PARKED: &str = "opspilot_briefs_parked_total";

/// The longest time to wait for readiness and for an orderly end.
const PATIENCE: Duration = Duration::from_secs(60);

/// The longest time without a newly parked brief before the run is given up.
const STALLED: Duration = Duration::from_secs(30);

/// Clock ticks per second in `/proc/*/stat`; fixed at 100 on Linux for user space.
const TICKS: f64 = 100.0;

/// The process id of `kthreadd`, the parent of all kernel threads; always 2 on Linux.
const KERNEL: f64 = 2.0;

/// A running process that answers HTTP.
#[derive(Debug)]
pub(crate) struct Subject {
    child: Child,
    id: u32,
    /// Where it listens.
    pub(crate) address: SocketAddr,
    /// From starting the process to the first 200 of `/readyz`.
    pub(crate) ready: Duration,
}

impl Subject {
    /// Starts a process and waits until it is ready; its output goes to the file `log`.
    ///
    /// # Errors
    /// When it does not start, ends, or is not ready in time; the message holds the end of its log.
    pub(crate) async fn start(mut command: Command, address: SocketAddr, log: &Path) -> Result<Self> {
        let output = std::fs::OpenOptions::new().create(true).append(true).open(log)?;
        command.stdin(Stdio::null()).stdout(output.try_clone()?).stderr(output).kill_on_drop(true);
        let start = Instant::now();
        let mut child = command.spawn().map_err(|failure| format!("cannot start {command:?}: {failure}"))?;
        let id = child.id().ok_or("the process ended at once")?;
        loop {
            if load::get(address, "/readyz", "").await.is_ok() {
                return Ok(Self { child, id, address, ready: start.elapsed() });
            }
            if let Some(status) = child.try_wait()? {
                return Err(format!("it ended with {status} before it was ready:\n{}", tail(log)).into());
            }
            if start.elapsed() > PATIENCE {
                return Err(format!("not ready after {PATIENCE:?}:\n{}", tail(log)).into());
            }
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    }

    /// Resident memory now and at its highest since the start, in megabytes (10^6 bytes).
    ///
    /// # Errors
    /// When the process is gone.
    pub(crate) fn memory(&self) -> Result<(f64, f64)> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.id))?;
        let read = |name: &str| -> Option<f64> {
            let line = status.lines().find_map(|line| line.strip_prefix(name))?;
            line.trim().strip_suffix("kB")?.trim().parse::<f64>().ok()
        };
        let resident = read("VmRSS:").ok_or("no `VmRSS` in the process status")?;
        let highest = read("VmHWM:").ok_or("no `VmHWM` in the process status")?;
        Ok((resident * 1.024e-3, highest * 1.024e-3))
    }

    /// CPU seconds used since the start, user and system, in steps of 10 ms.
    ///
    /// # Errors
    /// When the process is gone.
    pub(crate) fn cpu(&self) -> Result<f64> {
        cpu_of(self.id)
    }

    /// The part of one core used while nothing is asked of it, in percent, over `span`.
    ///
    /// # Errors
    /// When the process is gone.
    pub(crate) async fn idle(&self, span: Duration) -> Result<f64> {
        let (before, start) = (thread_times(self.id)?, Instant::now());
        tokio::time::sleep(span).await;
        let (after, elapsed) = (thread_times(self.id)?, start.elapsed());
        let used: u64 =
            after.iter().map(|(thread, time)| time.saturating_sub(before.get(thread).copied().unwrap_or(0))).sum();
        Ok(used as f64 / elapsed.as_nanos() as f64 * 100.0)
    }

    /// How many briefs it has parked since its start.
    ///
    /// # Errors
    /// When it does not answer.
    pub(crate) async fn parked(&self) -> Result<u64> {
        Ok(parked_in(&load::get(self.address, "/metrics", "").await?))
    }

    /// Waits until `count` briefs are parked since its start.
    ///
    /// # Errors
    /// When it does not answer or none is parked any more.
    pub(crate) async fn await_parked(&self, count: u64) -> Result<()> {
        let mut connection = Connection::open(self.address).await?;
        let (mut best, mut moved) = (0, Instant::now());
        loop {
            let parked = parked_in(&connection.get("/metrics", "").await?);
            if parked >= count {
                return Ok(());
            }
            if parked > best {
                (best, moved) = (parked, Instant::now());
            }
            if moved.elapsed() > STALLED {
                return Err(format!("{parked} of {count} briefs parked, and none more for {STALLED:?}").into());
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    /// Asks it to end and waits until it has.
    ///
    /// # Errors
    /// When it does not end in time or ends in failure.
    pub(crate) async fn stop(mut self) -> Result<()> {
        signal(self.id, "TERM").await?;
        match tokio::time::timeout(PATIENCE, self.child.wait()).await {
            Ok(status) if status.as_ref().is_ok_and(std::process::ExitStatus::success) => Ok(()),
            Ok(status) => Err(format!("it ended with {:?} on SIGTERM", status?).into()),
            Err(_) => Err(format!("it did not end within {PATIENCE:?} of SIGTERM").into()),
        }
    }
}

/// CPU seconds of one process, user and system.
///
/// # Errors
/// When the process is gone.
pub(crate) fn cpu_of(process: u32) -> Result<f64> {
    let stat = std::fs::read_to_string(format!("/proc/{process}/stat"))?;
    Ok((stat_field(&stat, 14)? + stat_field(&stat, 15)?) / TICKS)
}

/// CPU seconds of a process, of its living children and of the children it has waited for.
///
/// # Errors
/// When the process is gone.
pub(crate) fn cpu_of_family(parent: u32) -> Result<f64> {
    let own = std::fs::read_to_string(format!("/proc/{parent}/stat"))?;
    let mut total = (14..=17).map(|field| stat_field(&own, field)).sum::<Result<f64>>()?;
    for entry in std::fs::read_dir("/proc")? {
        // A process may end between the listing and the reading; it is then among the waited-for.
        let Ok(stat) = std::fs::read_to_string(entry?.path().join("stat")) else { continue };
        if stat_field(&stat, 4).is_ok_and(|owner| owner == f64::from(parent)) {
            total += stat_field(&stat, 14)? + stat_field(&stat, 15)?;
        }
    }
    Ok(total / TICKS)
}

/// CPU seconds of all programs on the machine, living or waited for; the kernel's own threads, which write to disk for
/// whoever asked, are left out. `/proc/stat` would be simpler, but it counts what
/// runs at each clock tick and so misses a good part of what sleeps and wakes thousands of times a second.
///
/// # Errors
/// When `/proc` cannot be read.
pub(crate) fn cpu_of_machine() -> Result<f64> {
    let mut total = 0.0;
    for entry in std::fs::read_dir("/proc")? {
        let Ok(stat) = std::fs::read_to_string(entry?.path().join("stat")) else { continue };
        // Some entries are no processes, and a process may end while it is read.
        if stat_field(&stat, 4).is_ok_and(|parent| parent == KERNEL) {
            continue;
        }
        total += (14..=17).map(|field| stat_field(&stat, field)).sum::<Result<f64>>().unwrap_or(0.0);
    }
    Ok(total / TICKS)
}

/// Sends a signal to one process of ours.
///
/// # Errors
/// When there is no such process.
pub(crate) async fn signal(process: u32, name: &str) -> Result<()> {
    let status = Command::new("sh").arg("-c").arg(format!("kill -{name} {process}")).status().await?;
    if status.success() { Ok(()) } else { Err(format!("cannot signal process {process}").into()) }
}

/// An address on loopback that was free a moment ago.
///
/// # Errors
/// When no port is free.
pub(crate) fn free_address() -> Result<SocketAddr> {
    Ok(TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?)
}

/// The size of a file, or of everything under a folder, in bytes.
///
/// # Errors
/// When it cannot be read.
pub(crate) fn size_of(path: &PathBuf) -> Result<u64> {
    let facts = std::fs::symlink_metadata(path)?;
    if !facts.is_dir() {
        return Ok(facts.len());
    }
    std::fs::read_dir(path)?.map(|entry| size_of(&entry?.path())).sum()
}

fn parked_in(metrics: &[u8]) -> u64 {
    let value = |line: &str| -> Option<f64> {
        let rest = line.strip_prefix(PARKED)?;
        let labels_or_value = rest.starts_with([' ', '{']);
        labels_or_value.then(|| rest.rsplit(' ').next()?.parse().ok())?
    };
    String::from_utf8_lossy(metrics).lines().filter_map(value).sum::<f64>() as u64
}

/// One numeric field of a `stat` line by its number in proc(5).
fn stat_field(stat: &str, number: usize) -> Result<f64> {
    // The second field is the name in brackets and may hold anything; fields are counted from behind it.
    let (_, rest) = stat.rsplit_once(')').ok_or("unreadable process status")?;
    let field = rest.split_whitespace().nth(number - 3).ok_or("short process status")?;
    Ok(field.parse()?)
}

/// Nanoseconds on a core by thread.
fn thread_times(process: u32) -> Result<HashMap<String, u64>> {
    let mut times = HashMap::new();
    for entry in std::fs::read_dir(format!("/proc/{process}/task"))? {
        let entry = entry?;
        let Ok(schedule) = std::fs::read_to_string(entry.path().join("schedstat")) else { continue };
        let time = schedule.split_whitespace().next().and_then(|time| time.parse().ok()).unwrap_or(0);
        times.insert(entry.file_name().to_string_lossy().into_owned(), time);
    }
    Ok(times)
}

fn tail(log: &Path) -> String {
    let text = std::fs::read_to_string(log).unwrap_or_default();
    let lines: Vec<&str> = text.lines().collect();
    lines.get(lines.len().saturating_sub(20)..).unwrap_or_default().join("\n")
}
