//! Load from outside with a memory of its own: who was told what. Clients post signed deliveries without a pause and send again under the
//! same identifier whatever was not answered; a person decides; tables are dropped. INVARIANT: what is noted as accepted was read off a
//! whole answer, and the same delivery is never answered with two requests.

use crate::daemon::TestDaemon;
use crate::hook;
use crate::http::{Ask, Client};
use serde_json::json;
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard};

/// What the outside world knows.
#[derive(Debug, Default)]
pub(crate) struct Ledger {
    /// Request by delivery, as answered.
    accepted: Mutex<BTreeMap<String, String>>,
    /// Deliveries without an answer.
    unanswered: Mutex<Vec<String>>,
    /// Verdict by brief, as answered.
    decided: Mutex<BTreeMap<String, String>>,
    next: AtomicU64,
    rows: AtomicUsize,
    /// Answers that said: not now.
    pub(crate) refused: AtomicUsize,
    /// Deliveries that came a second time and were recognised.
    pub(crate) repeats: AtomicUsize,
}

impl Ledger {
    /// How many deliveries were accepted.
    pub(crate) fn accepted(&self) -> usize {
        lock(&self.accepted).len()
    }

    /// How many decisions were answered.
    pub(crate) fn decided(&self) -> usize {
        lock(&self.decided).len()
    }

    /// How many rows were dropped.
    pub(crate) fn rows(&self) -> usize {
        self.rows.load(Ordering::Relaxed)
    }

    /// How many deliveries wait for an answer.
    pub(crate) fn unanswered(&self) -> usize {
        lock(&self.unanswered).len()
    }

    /// Posts on one connection until told to stop, or the connection breaks; at most `most` deliveries.
    pub(crate) fn post(&self, address: SocketAddr, most: usize, stop: &AtomicBool) {
        let Ok(mut client) = Client::open(address) else { return };
        for _ in 0..most {
            if stop.load(Ordering::Relaxed) {
                return;
            }
            let id = lock(&self.unanswered)
                .pop()
                .unwrap_or_else(|| format!("msg_{:06}", self.next.fetch_add(1, Ordering::Relaxed)));
            if !self.deliver(&mut client, &id) {
                return;
            }
        }
    }

    /// Sends one delivery; whether the connection lives.
    fn deliver(&self, client: &mut Client, id: &str) -> bool {
        let answer = client.ask(&hook::delivery(id));
        let lives = answer.is_ok();
        match answer {
            Ok(answer) if matches!(answer.status, 200 | 202) => {
                let request = answer.member("request");
                assert!(request.starts_with("req_"), "{id}: {}", answer.text());
                if answer.status == 200 {
                    self.repeats.fetch_add(1, Ordering::Relaxed);
                }
                if let Some(before) = lock(&self.accepted).insert(id.to_owned(), request.clone()) {
                    assert_eq!(before, request, "{id} was answered with two requests");
                }
            }
            Ok(answer) => {
                assert!(matches!(answer.status, 429 | 500 | 503), "{id}: {} {}", answer.status, answer.text());
                self.refused.fetch_add(1, Ordering::Relaxed);
                lock(&self.unanswered).push(id.to_owned());
            }
            Err(_) => lock(&self.unanswered).push(id.to_owned()),
        }
        lives
    }

    /// Decides on open briefs until told to stop, or the connection breaks: mostly yes.
    pub(crate) fn decide(&self, address: SocketAddr, token: &str, stop: &AtomicBool) {
        let Ok(mut client) = Client::open(address) else { return };
        while !stop.load(Ordering::Relaxed) {
            let page = match client.ask(&Ask::get("/api/v1/briefs?state=open&limit=10").bearer(token)) {
                Ok(answer) if answer.status == 200 => answer.value(),
                Ok(_) => continue,
                Err(_) => return,
            };
            for brief in page["items"].as_array().into_iter().flatten() {
                let (id, revision) =
                    (brief["id"].as_str().unwrap_or_default(), brief["revision"].as_str().unwrap_or_default());
                let verdict = if id.ends_with(['1', '5', 'a']) { "reject" } else { "approve" };
                let decision = json!({ "decision": verdict, "revision": revision, "comment": "so be it" });
                match client.ask(&Ask::json(format!("/api/v1/briefs/{id}/decision"), &decision).bearer(token)) {
                    Ok(answer) if answer.status == 200 => {
                        lock(&self.decided).insert(id.to_owned(), verdict.to_owned());
                    }
                    // Decided by an earlier self that was not answered.
                    Ok(answer) => assert!(matches!(answer.status, 409 | 429 | 503), "{id}: {}", answer.text()),
                    Err(_) => return,
                }
            }
        }
    }

    /// Drops a table of `rows` rows that no other has.
    pub(crate) fn drop_table(&self, daemon: &TestDaemon, name: &str, rows: usize) {
        let mut text = String::from("name,email,subject,message\n");
        for row in 0..rows {
            text.push_str(&format!(
                "Ann Row,{name}-{row}@rows.example,Row {row} of {name},We need {row} chairs for {name} before Friday.\n"
            ));
        }
        drop_file(&daemon.data("drop"), &format!("{name}.csv"), text.as_bytes());
        self.rows.fetch_add(rows, Ordering::Relaxed);
    }

    /// Sends all that was never answered until it is.
    pub(crate) fn finish(&self, daemon: &TestDaemon) {
        let mut client = daemon.client();
        crate::wait::until("everything is answered", || {
            let Some(id) = lock(&self.unanswered).pop() else { return Some(()) };
            assert!(self.deliver(&mut client, &id), "the connection broke while nothing was killed");
            None
        });
    }

    /// Sends everything that was accepted once more: each is a repeat with the request it was answered with.
    pub(crate) fn resend(&self, daemon: &TestDaemon) {
        let mut client = daemon.client();
        let accepted = lock(&self.accepted).clone();
        for (id, request) in accepted {
            let answer = client.ask(&hook::delivery(&id)).unwrap();
            assert_eq!((answer.status, answer.member("request")), (200, request), "{id}: {}", answer.text());
            assert_eq!(answer.member("status"), "duplicate");
        }
    }

    /// Holds a daemon at rest against what the outside world was told.
    pub(crate) fn check(&self, daemon: &TestDaemon) -> crate::census::Census {
        self.finish(daemon);
        let rows = self.rows();
        crate::wait::until("every dropped row is taken in", || (waiting_files(daemon) == 0).then_some(()));
        daemon.settle();
        self.resend(daemon);
        let census = crate::census::Census::take(daemon);
        let known = lock(&self.accepted);
        let there = census.requests.get(hook::SOURCE).cloned().unwrap_or_default();
        let lost: Vec<_> = known.iter().filter(|(_, request)| !there.contains(*request)).collect();
        assert!(lost.is_empty(), "accepted and lost: {lost:?}");
        assert_eq!((there.len(), census.of("drop")), (known.len(), rows), "requests by webhook and by drop folder");
        assert_eq!(
            census.briefs.values().sum::<usize>(),
            known.len() + rows,
            "one brief for each request: {:?}",
            census.states
        );
        for (brief, verdict) in lock(&self.decided).iter() {
            let stands =
                daemon.see(&format!("/api/v1/briefs/{brief}"))["state"].as_str().unwrap_or_default().to_owned();
            let meant = if verdict == "approve" { "approved" } else { "rejected" };
            assert_eq!(stands, meant, "{brief} was answered with another decision");
        }
        drop(known);
        census
    }
}

/// Puts a file into a drop folder as one piece.
pub(crate) fn drop_file(folder: &Path, name: &str, bytes: &[u8]) {
    let part = folder.join(format!("{name}.part"));
    std::fs::create_dir_all(folder).unwrap();
    std::fs::write(&part, bytes).unwrap();
    std::fs::rename(part, folder.join(name)).unwrap();
}

/// Files that the drop folder has not finished, taken or not.
pub(crate) fn waiting_files(daemon: &TestDaemon) -> usize {
    let drop = daemon.data("drop");
    let entries = |folder: &Path| std::fs::read_dir(folder).into_iter().flatten().flatten().collect::<Vec<_>>();
    let shown = |entry: &&std::fs::DirEntry| {
        !entry.file_name().to_string_lossy().starts_with(['.', '~']) && !entry.path().is_dir()
    };
    // What is taken stands in a folder of its own below this one until its last row is stored.
    entries(&drop).iter().filter(shown).count()
        + entries(&drop.join(".claimed")).iter().filter(|entry| entry.path().is_dir()).count()
}

fn lock<T>(held: &Mutex<T>) -> MutexGuard<'_, T> {
    held.lock().unwrap()
}

/// A small deterministic generator (splitmix64), so that a failing run can be had again by its seed.
#[derive(Clone, Debug)]
pub(crate) struct Draw(pub(crate) u64);

impl Draw {
    /// A number below `bound`.
    pub(crate) fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % bound
    }
}

/// A number from the environment, such as how long the long form is to be.
pub(crate) fn number(name: &str, otherwise: u64) -> u64 {
    std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(otherwise)
}
