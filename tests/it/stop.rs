//! Stopping and starting: in order under load, frozen, with another clock, on a newer store. INVARIANT tested: an orderly stop is quick
//! and loses nothing, and neither a pause nor a clock that jumps makes anything happen twice.

use crate::daemon::{Kind, Setup, TestDaemon, block_on};
use crate::load::Ledger;
use crate::wait::{pause, until};
use crate::{hook, http::Ask};
use serde_json::json;
use sqlx::{AssertSqlSafe, Connection as _};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

/// Clients that post, and a person who decides, until told to stop.
pub(crate) struct Crowd {
    stop: Arc<AtomicBool>,
    people: Vec<std::thread::JoinHandle<()>>,
}

impl Crowd {
    pub(crate) fn gather(daemon: &TestDaemon, ledger: &Arc<Ledger>, clients: usize) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let mut people = Vec::new();
        for _ in 0..clients {
            let (ledger, stop, address) = (Arc::clone(ledger), Arc::clone(&stop), daemon.address());
            people.push(std::thread::spawn(move || ledger.post(address, usize::MAX, &stop)));
        }
        let (ledger, end, address, token) =
            (Arc::clone(ledger), Arc::clone(&stop), daemon.address(), daemon.token().to_owned());
        people.push(std::thread::spawn(move || ledger.decide(address, &token, &end)));
        Self { stop, people }
    }

    pub(crate) fn leave(self) {
        self.stop.store(true, Ordering::Relaxed);
        for person in self.people {
            person.join().unwrap();
        }
    }
}

fn stop_under_load(kind: Kind) {
    let mut daemon = Setup::on(kind).start();
    let ledger = Arc::new(Ledger::default());
    for round in 0..3 {
        let crowd = Crowd::gather(&daemon, &ledger, 4);
        ledger.drop_table(&daemon, &format!("round-{round}"), 20);
        let before = ledger.accepted();
        until("the load is on", || (ledger.accepted() > before + 50).then_some(()));
        let took = daemon.stop();
        assert!(took < Duration::from_secs(10), "it took {took:?} to stop");
        crowd.leave();
        daemon.start();
    }
    ledger.check(&daemon);
}

#[test]
fn a_stop_under_load_is_quick_and_loses_nothing_on_sqlite() {
    stop_under_load(Kind::Sqlite);
}

#[test]
fn a_stop_under_load_is_quick_and_loses_nothing_on_postgresql() {
    stop_under_load(Kind::Postgres);
}

#[test]
fn a_daemon_frozen_past_its_leases_does_nothing_twice() {
    let daemon = Setup::sqlite().start();
    let ledger = Arc::new(Ledger::default());
    let crowd = Crowd::gather(&daemon, &ledger, 3);
    ledger.drop_table(&daemon, "frozen", 30);
    until("the load is on", || (ledger.accepted() > 30).then_some(()));
    daemon.signal("STOP");
    // The time is the matter: the lease of a run is 5 s here.
    pause(Duration::from_secs(6));
    daemon.signal("CONT");
    let before = ledger.accepted();
    until("it goes on", || (ledger.accepted() > before + 30).then_some(()));
    crowd.leave();
    ledger.check(&daemon);
}

/// The library that turns the clock of a program.
fn faketime() -> Option<String> {
    let places = [
        "/usr/lib/x86_64-linux-gnu/faketime",
        "/usr/lib/aarch64-linux-gnu/faketime",
        "/usr/lib/faketime",
        "/usr/local/lib/faketime",
    ];
    let found = places.iter().map(|place| format!("{place}/libfaketimeMT.so.1")).find(|path| Path::new(path).exists());
    if found.is_none() {
        assert!(std::env::var_os("CI").is_none(), "`faketime` is missing; `cargo xtask test` installs it");
        eprintln!("SKIPPED: `faketime` is not installed, so no clock was turned");
    }
    found
}

/// A daemon whose wall clock is what `time` says; timers keep running.
pub(crate) fn with_clock(setup: Setup, time: &str) -> Option<Setup> {
    let setup = setup.env("LD_PRELOAD", faketime()?).env("FAKETIME", time);
    Some(setup.env("FAKETIME_DONT_FAKE_MONOTONIC", "1").env("FAKETIME_NO_CACHE", "1").env("TZ", "UTC"))
}

fn jump(by: &str, seconds: i64) {
    let clock = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(clock.path(), "+0\n").unwrap();
    let Some(setup) = with_clock(Setup::sqlite(), "+0") else { return };
    let mut daemon = setup.env("FAKETIME_TIMESTAMP_FILE", clock.path().display().to_string()).make();
    // The file is asked only when nothing stands in the environment.
    daemon.set_env("FAKETIME", None);
    daemon.start();
    let ledger = Arc::new(Ledger::default());
    let crowd = Crowd::gather(&daemon, &ledger, 2);
    until("the load is on", || (ledger.accepted() > 30).then_some(()));
    crowd.leave();
    std::fs::write(clock.path(), format!("{by}\n")).unwrap();
    // What is signed with the old clock is too old or too new now, and says so.
    let stale = until("the clock has jumped", || {
        Some(daemon.ask(&hook::delivery("late"))).filter(|answer| answer.status == 401)
    });
    assert_eq!(stale.member("code"), "OP-2103", "{}", stale.text());
    let there = |daemon: &TestDaemon| {
        let at = hook::now().checked_add_signed(seconds).unwrap();
        let body = json!({ "name": "Dana Fox", "message": "We need a quote for the time after the jump." }).to_string();
        daemon.ask(&hook::signed("after", at, body.as_bytes()))
    };
    let answer = there(&daemon);
    assert_eq!(answer.status, 202, "{}", answer.text());
    // Decisions, tables and a restart under the new clock.
    let crowd = Crowd::gather(&daemon, &Arc::new(Ledger::default()), 0);
    ledger.drop_table(&daemon, "after", 10);
    until("the table is read", || (crate::load::waiting_files(&daemon) == 0).then_some(()));
    daemon.settle();
    crowd.leave();
    daemon.kill_9();
    daemon.start();
    assert_eq!(
        daemon.said().contains("the clock says"),
        seconds < 0,
        "a clock behind the record is told: {}",
        daemon.said()
    );
    assert_eq!((there(&daemon).status, there(&daemon).member("request")), (200, answer.member("request")));
    daemon.settle();
    let census = crate::census::Census::take(&daemon);
    assert_eq!((census.of(hook::SOURCE), census.of("drop")), (ledger.accepted() + 1, 10));
    assert_eq!(census.briefs.values().sum::<usize>(), census.all());
    // And back again.
    std::fs::write(clock.path(), "+0\n").unwrap();
    until("the clock is right again", || (daemon.ask(&hook::delivery("back")).status == 202).then_some(()));
}

#[test]
fn a_clock_that_jumps_back_two_hours_doubles_nothing() {
    jump("-2h", -7200);
}

#[test]
fn a_clock_that_jumps_ahead_two_hours_doubles_nothing() {
    jump("+2h", 7200);
}

#[test]
fn a_clock_that_jumps_ahead_more_than_a_year_doubles_nothing() {
    jump("+400d", 400 * 86_400);
}

fn newer(kind: Kind) {
    let mut daemon = Setup::on(kind).start();
    assert_eq!(daemon.ask(&hook::delivery("one")).status, 202);
    daemon.settle();
    daemon.stop();
    let (url, sum) = (daemon.url(), if kind == Kind::Sqlite { "x'00'" } else { "'\\x00'" });
    let (yes, now) = if kind == Kind::Sqlite { ("1", "'2030-01-01'") } else { ("true", "now()") };
    let insert = format!(
        "INSERT INTO _sqlx_migrations (version, description, installed_on, success, checksum, execution_time) \
         VALUES (9000, 'later', {now}, {yes}, {sum}, 1)"
    );
    run(&url, &insert);
    let refused = daemon.try_start().expect_err("a store of a newer release is opened");
    assert_eq!(refused.status.code(), Some(1));
    assert!(refused.err.contains("error OP-3007: "), "{}", refused.err);
    let command = daemon.cli(&["request", "list"]);
    assert!(command.code() == 1 && command.err.contains("OP-3007"), "{}", command.err);
    run(&url, "DELETE FROM _sqlx_migrations WHERE version = 9000");
    daemon.start();
    assert_eq!(daemon.list("/api/v1/requests").len(), 1);
}

/// A statement on a daemon's database.
pub(crate) fn run(url: &str, sql: &str) -> u64 {
    let sql = AssertSqlSafe(sql.to_owned());
    block_on(async {
        if url.starts_with("sqlite:") {
            let mut connection = sqlx::SqliteConnection::connect(url).await.unwrap();
            let done = sqlx::query(sql).execute(&mut connection).await.unwrap().rows_affected();
            connection.close().await.unwrap();
            done
        } else {
            let mut connection = sqlx::PgConnection::connect(url).await.unwrap();
            sqlx::query(sql).execute(&mut connection).await.unwrap().rows_affected()
        }
    })
}

#[test]
fn a_store_of_a_newer_release_is_refused_on_sqlite() {
    newer(Kind::Sqlite);
}

#[test]
fn a_store_of_a_newer_release_is_refused_on_postgresql() {
    newer(Kind::Postgres);
}

#[test]
fn commands_write_beside_a_running_daemon() {
    let daemon = Setup::sqlite().start();
    let ledger = Arc::new(Ledger::default());
    let crowd = Crowd::gather(&daemon, &ledger, 2);
    let mut by_hand = 0;
    for note in 0..5 {
        let file = daemon.path(&format!("note-{note}.txt"));
        std::fs::write(&file, format!("Please send {note} chairs to the office in Leeds, reference note {note}."))
            .unwrap();
        let handed_in = daemon.cli(&["submit", "--pilot", "northwind", &file.display().to_string()]);
        assert!(handed_in.status.success(), "{}", handed_in.err);
        by_hand += 1;
    }
    crowd.leave();
    daemon.settle();
    let brief = until("a brief of what was handed in", || {
        let requests = daemon.list("/api/v1/requests?source=submit");
        let id =
            requests.iter().find(|request| request["state"] == "in_review")?["id"].as_str()?.replace("req_", "brf_");
        Some(daemon.see(&format!("/api/v1/briefs/{id}")))
    });
    let (id, digest) = (brief["brief"].as_str().unwrap(), brief["digest"].as_str().unwrap());
    let approved = daemon.cli(&["review", "approve", id, "--revision", digest]);
    assert!(approved.status.success(), "{}", approved.err);
    assert_eq!(daemon.see(&format!("/api/v1/briefs/{id}"))["state"], "approved");
    assert_eq!(
        daemon.api(Ask::get(format!("/api/v1/requests/{}", id.replace("brf_", "req_")))).member("state"),
        "decided"
    );
    daemon.settle();
    let census = crate::census::Census::take(&daemon);
    assert_eq!((census.of("submit"), census.of(hook::SOURCE)), (by_hand, ledger.accepted()));
    assert!(ledger.accepted() > 0 && ledger.unanswered() == 0);
}

/// A connection that holds the lock without which nothing can be written; it goes with the connection.
async fn hold(kind: Kind, url: &str) -> Box<dyn std::any::Any> {
    if kind == Kind::Sqlite {
        let mut connection = sqlx::SqliteConnection::connect(url).await.unwrap();
        sqlx::raw_sql("BEGIN IMMEDIATE").execute(&mut connection).await.unwrap();
        return Box::new(connection);
    }
    let mut connection = sqlx::PgConnection::connect(url).await.unwrap();
    sqlx::raw_sql("BEGIN; LOCK TABLE receipt IN EXCLUSIVE MODE").execute(&mut connection).await.unwrap();
    Box::new(connection)
}

/// Another program takes the database's lock and keeps it: what is sent waits, and whoever watches the daemon is told.
fn another_program_holds_it(kind: Kind) {
    let daemon = Setup::on(kind).without_drop().start();
    let ready = || daemon.ask(&Ask::get("/readyz")).status;
    assert_eq!(ready(), 200);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let held = runtime.block_on(hold(kind, &daemon.url()));
    std::thread::scope(|scope| {
        let sender = scope.spawn(|| daemon.ask(&hook::delivery("one")));
        until("the daemon is not ready", || (ready() == 503).then_some(()));
        drop(held);
        assert_eq!(sender.join().unwrap().status, 202, "what waited went down");
    });
    until("it is ready again", || (ready() == 200).then_some(()));
}

#[test]
fn a_daemon_whose_store_is_held_by_another_program_is_not_ready_on_sqlite() {
    another_program_holds_it(Kind::Sqlite);
}

#[test]
fn a_daemon_whose_store_is_held_by_another_program_is_not_ready_on_postgresql() {
    another_program_holds_it(Kind::Postgres);
}
