//! Two daemons on one store. INVARIANT tested: a file has one master, a database is shared without anything done twice, also when one
//! daemon sleeps past its leases and wakes up.

use crate::census::Census;
use crate::daemon::{Kind, Setup};
use crate::hook;
use crate::load::{Ledger, number};
use crate::wait::{pause, until};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

#[test]
fn a_second_daemon_on_one_file_is_refused_and_the_first_goes_on() {
    let mut daemon = Setup::sqlite().start();
    let second = daemon.cli(&["serve"]);
    assert_eq!(second.code(), 1, "{}", second.err);
    assert!(second.err.contains("error OP-3008: "), "{}", second.err);
    assert_eq!(daemon.ask(&hook::delivery("one")).status, 202);
    // The lock goes with the process, however it ends.
    daemon.settle();
    daemon.kill_9();
    daemon.start();
    assert_eq!(daemon.ask(&hook::delivery("one")).status, 200);
}

#[test]
fn two_daemons_share_one_database_and_draft_each_request_once() {
    let total = usize::try_from(number("OPSPILOT_SHARED", 1000)).unwrap();
    let one = Setup::on(Kind::Postgres).without_drop().start();
    let mut two = one.twin();
    two.start();
    let ledger = Arc::new(Ledger::default());
    let post = |most: usize| {
        let clients = [one.address(), two.address(), one.address(), two.address()].map(|address| {
            let ledger = Arc::clone(&ledger);
            std::thread::spawn(move || ledger.post(address, most / 4, &AtomicBool::new(false)))
        });
        for client in clients {
            client.join().unwrap();
        }
    };
    post(total);
    ledger.finish(&one);
    assert_eq!(ledger.accepted(), total);
    one.settle();
    let drafted = Census::take(&one);
    assert_eq!((drafted.of(hook::SOURCE), drafted.briefs.values().sum::<usize>()), (total, total));
    // One falls asleep with work in hand; the other takes it over; what the first does when it wakes changes nothing.
    let poster = {
        let (ledger, address) = (Arc::clone(&ledger), one.address());
        std::thread::spawn(move || ledger.post(address, 150, &AtomicBool::new(false)))
    };
    until("the load is on", || (ledger.accepted() > total + 20).then_some(()));
    one.signal("STOP");
    ledger.post(two.address(), 50, &AtomicBool::new(false));
    pause(Duration::from_secs(7));
    two.settle();
    one.signal("CONT");
    poster.join().unwrap();
    ledger.finish(&two);
    one.settle();
    let after = Census::take(&two);
    assert_eq!((after.of(hook::SOURCE), after.briefs.values().sum::<usize>()), (ledger.accepted(), ledger.accepted()));
    eprintln!(
        "{} requests accepted by two daemons, {} briefs",
        ledger.accepted(),
        after.briefs.values().sum::<usize>()
    );
}
