//! One round: a contender is started, left idle, loaded at each number of connections, its briefs decided, and stopped.
//!
//! Requests are numbered through a site's whole life, so that no round repeats one of another. INVARIANT: the clock of a
//! burst starts with every connection open and every request made, and the road's clock stops only when the last brief
//! of the burst is parked.

use crate::contender::Site;
use crate::load::{Burst, burst};
use crate::measure::Figures;
use crate::postgres::Server;
use crate::subject::{Subject, cpu_of, cpu_of_machine};
use crate::{Result, payload};
use std::time::{Duration, Instant};

/// The numbers of connections that are measured, and the tenths of a round's requests that each gets.
pub(crate) const CONNECTIONS: [(usize, u64); 3] = [(1, 1), (16, 3), (64, 6)];

/// The number of connections at which decisions, CPU and the whole road are judged.
pub(crate) const MANY: usize = 64;

/// Requests sent before the first burst, so that statements are prepared and pages are in memory.
const WARM_UP: u64 = 200;

/// Requests made and sent at a time while a store is filled; bounds the driver's own memory.
const FILL_CHUNK: u64 = 10_000;

/// How much work a round is.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Size {
    /// Requests sent in all bursts of a round together.
    pub(crate) requests: u64,
    /// How long an idle process is watched.
    pub(crate) idle: Duration,
}

/// Runs one round on a stopped site; `first` is the number of its first request.
///
/// # Errors
/// When the contender fails in any way.
pub(crate) async fn round(site: &Site, server: Option<&Server>, size: Size, first: u64) -> Result<Figures> {
    let mut figures = Figures::default();
    let subject = site.start().await?;
    figures.set("start", subject.ready.as_secs_f64());
    // What a start leaves to do in the background is not idling.
    tokio::time::sleep(size.idle / 2).await;
    figures.set("cpu_idle", subject.idle(size.idle).await?);
    figures.set("memory_idle", subject.memory()?.0);

    let mut next = first;
    send(site, &subject, 16, next, WARM_UP).await?;
    next += WARM_UP;
    let mut refused = 0;
    for (connections, tenths) in CONNECTIONS {
        let count = (size.requests * tenths / 10).max(1);
        refused += road(site, server, &subject, connections, next, count, &mut figures).await?;
        next += count;
    }
    refused += decide(site, &subject, (next - first) as usize, &mut figures).await?;
    figures.set("refused", refused as f64);
    figures.set("memory_load", subject.memory()?.1);
    subject.stop().await?;
    Ok(figures)
}

/// Fills a stopped site with parked briefs and leaves it stopped. Requests are sent as fast as they are taken, so that a
/// contender that accepts faster than it drafts builds up its backlog here.
///
/// # Errors
/// When the contender fails in any way.
pub(crate) async fn fill(site: &Site, first: u64, count: u64) -> Result<Figures> {
    let mut figures = Figures::default();
    let subject = site.start().await?;
    let start = Instant::now();
    let mut sent = 0;
    while sent < count {
        let chunk = FILL_CHUNK.min(count - sent);
        burst(subject.address, MANY, payload::submissions(&site.secret, first + sent, chunk), 202).await?;
        sent += chunk;
    }
    subject.await_parked(count).await?;
    figures.set("fill_rate", count as f64 / start.elapsed().as_secs_f64());
    figures.set("memory_fill", subject.memory()?.1);
    subject.stop().await?;
    Ok(figures)
}

/// One burst along the whole road, with its figures.
async fn road(
    site: &Site,
    server: Option<&Server>,
    subject: &Subject,
    connections: usize,
    first: u64,
    count: u64,
    figures: &mut Figures,
) -> Result<u64> {
    let start = Instant::now();
    let before = Work::so_far(subject, server)?;
    let (mut burst, parked) = send(site, subject, connections, first, count).await?;
    let work = Work::so_far(subject, server)?.since(&before);
    let thousands = count as f64 / 1e3;
    let mut set = |name: &str, value: f64| figures.set(format!("{name}_{connections}"), value);
    set("accept_rate", burst.latencies.len() as f64 / burst.elapsed.as_secs_f64());
    set("accept_p50", burst.latencies.percentile(50.0));
    set("accept_p99", burst.latencies.percentile(99.0));
    set("brief_rate", count as f64 / parked.as_secs_f64());
    set("cpu", work.subject / thousands);
    set("cpu_driver", work.driver / thousands);
    set("others", (work.machine - work.subject - work.driver - work.server) / start.elapsed().as_secs_f64());
    if server.is_some() {
        set("cpu_server", work.server / thousands);
    }
    Ok(burst.refused)
}

/// CPU seconds: of the contender, of this driver, of the database server, of everything on the machine.
struct Work {
    subject: f64,
    driver: f64,
    server: f64,
    machine: f64,
}

impl Work {
    fn so_far(subject: &Subject, server: Option<&Server>) -> Result<Self> {
        Ok(Self {
            subject: subject.cpu()?,
            driver: cpu_of(std::process::id())?,
            server: server.map_or(Ok(0.0), Server::cpu)?,
            machine: cpu_of_machine()?,
        })
    }

    fn since(&self, before: &Self) -> Self {
        Self {
            subject: self.subject - before.subject,
            driver: self.driver - before.driver,
            server: self.server - before.server,
            machine: self.machine - before.machine,
        }
    }
}

/// Sends requests and waits until their briefs are parked; the second value is the time until the last one was.
async fn send(site: &Site, subject: &Subject, connections: usize, first: u64, count: u64) -> Result<(Burst, Duration)> {
    let requests = payload::submissions(&site.secret, first, count);
    let before = subject.parked().await?;
    let start = Instant::now();
    let burst = burst(subject.address, connections, requests, 202).await?;
    subject.await_parked(before + count).await?;
    Ok((burst, start.elapsed()))
}

/// Approves `count` open briefs, each by its revision.
async fn decide(site: &Site, subject: &Subject, count: usize, figures: &mut Figures) -> Result<u64> {
    let open = site.open_briefs(count).await?;
    if open.len() != count {
        return Err(format!("{} briefs are open where {count} were expected", open.len()).into());
    }
    let requests = open.iter().map(|(brief, revision)| payload::approval(&site.token, brief, revision)).collect();
    let cpu = subject.cpu()?;
    let mut burst = burst(subject.address, MANY, requests, 200).await?;
    figures.set("decision_rate", count as f64 / burst.elapsed.as_secs_f64());
    figures.set("decision_p50", burst.latencies.percentile(50.0));
    figures.set("decision_p99", burst.latencies.percentile(99.0));
    figures.set("cpu_decision", (subject.cpu()? - cpu) / count as f64 * 1e3);
    Ok(burst.refused)
}

/// How many requests a round of this size leaves in the store.
pub(crate) fn finished(size: Size) -> u64 {
    WARM_UP + CONNECTIONS.iter().map(|(_, tenths)| (size.requests * tenths / 10).max(1)).sum::<u64>()
}
