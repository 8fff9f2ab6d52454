//! Killed at named points: between any two things that must go together the daemon dies, at the first, third and tenth passing, under
//! load. INVARIANT tested: as for a kill at random, and every point is really passed.

use crate::daemon::{Kind, Setup};
use crate::load::Ledger;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

/// At which passing it dies.
const PASSINGS: [u32; 3] = [1, 3, 10];

fn die_at(point: &str, kind: Kind) {
    // A source that several daemons could read is read again only when the lease of the dead one runs out: its points are tried where
    // that need not be waited for.
    let tables = kind == Kind::Sqlite;
    let setup = if tables { Setup::on(kind) } else { Setup::on(kind).without_drop() };
    let mut daemon = setup.make();
    let ledger = Arc::new(Ledger::default());
    daemon.start();
    if tables {
        ledger.drop_table(&daemon, "before", 3);
    }
    ledger.post(daemon.address(), 5, &AtomicBool::new(false));
    ledger.check(&daemon);
    daemon.stop();
    for passing in PASSINGS {
        daemon.set_env("OPSPILOT_FAILPOINT", Some(&format!("{point}={passing}")));
        // It may die before it is ready: that is a passing like any other.
        if daemon.try_start().is_ok() {
            let stop = Arc::new(AtomicBool::new(false));
            let mut people = Vec::new();
            for _ in 0..3 {
                let (ledger, stop, address) = (Arc::clone(&ledger), Arc::clone(&stop), daemon.address());
                people.push(std::thread::spawn(move || ledger.post(address, 200, &stop)));
            }
            let (reviewer, end, address, token) =
                (Arc::clone(&ledger), Arc::clone(&stop), daemon.address(), daemon.token().to_owned());
            people.push(std::thread::spawn(move || reviewer.decide(address, &token, &end)));
            // A source commits once for each table: as many as it takes to come by for the last time.
            for table in (0..=passing).filter(|_| tables) {
                ledger.drop_table(&daemon, &format!("table-{passing}-{table}"), 2);
            }
            assert!(daemon.dies(Duration::from_secs(60)), "`{point}` is not passed for the {passing}. time");
            stop.store(true, Ordering::Relaxed);
            for person in people {
                person.join().unwrap();
            }
        }
        daemon.set_env("OPSPILOT_FAILPOINT", None);
        daemon.start();
        ledger.check(&daemon);
        daemon.stop();
        let verified = daemon.verify(&[]);
        assert_eq!(verified.code(), 0, "`{point}={passing}`: {}{}", verified.out, verified.err);
    }
    eprintln!(
        "{point} on {kind:?}: {} accepted, {} rows, {} decided: 0 lost, 0 twice",
        ledger.accepted(),
        ledger.rows(),
        ledger.decided()
    );
}

#[test]
fn dying_before_a_commit_loses_nothing_that_was_answered() {
    die_at("store.before_commit", Kind::Sqlite);
}

#[test]
fn dying_after_a_commit_doubles_nothing_that_was_not_answered() {
    die_at("store.after_commit", Kind::Sqlite);
}

#[test]
fn dying_around_a_commit_is_as_harmless_on_postgresql() {
    die_at("store.before_commit", Kind::Postgres);
    die_at("store.after_commit", Kind::Postgres);
}

#[test]
fn dying_before_a_step_is_kept_does_it_again_once() {
    die_at("engine.before_advance", Kind::Sqlite);
}

#[test]
fn dying_before_a_table_is_kept_reads_it_again() {
    die_at("pull.before_commit", Kind::Sqlite);
}

#[test]
fn dying_before_a_table_is_put_away_doubles_no_row() {
    die_at("pull.before_settle", Kind::Sqlite);
}
