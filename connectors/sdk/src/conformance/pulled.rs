//! The promises of a pulled source, each as a check that starts from a fresh outside world. Own file because a pushed source makes
//! other promises. INVARIANT: whatever was put outside is in the store exactly once at the end, wherever the crash fell.

use super::world::{World, carries};
use super::{Verdict, judge};
use crate::{BoxFuture, ConnectorError, Settled, Source};
use std::time::Duration;

/// The outside world of one source, as its connector's tests make it: a folder, a program, a server.
pub trait Harness: Sized {
    /// A fresh, empty outside world that shares nothing with any other.
    fn new() -> Self;

    /// Builds the source on the outside world as it stands; after a crash this is called again.
    ///
    /// # Errors
    /// Whatever building the source says.
    fn build(&mut self) -> Result<Box<dyn Source>, ConnectorError>;

    /// Puts one item outside for each mark, in order. An item's text holds its mark, so that it can be recognised.
    fn put(&mut self, marks: &[String]);

    /// Puts one item outside that can never be read: broken encoding, not the format, too large.
    fn put_bad(&mut self);

    /// Secrets the source was given; they must not show anywhere. None when it takes none.
    fn canaries(&self) -> Vec<String> {
        Vec::new()
    }

    /// What the connector's own types print with `{:?}`: options, settings, whatever has `Debug`.
    fn debug(&self) -> String {
        String::new()
    }

    /// Makes the outside unusable (folder gone, program gone), so that `check` and `poll` must fail; `false` when it cannot be done.
    fn spoil(&mut self) -> bool {
        false
    }

    /// The outside world in comparable form (names and digests of files); `None` when it cannot be seen.
    fn snapshot(&self) -> Option<String> {
        None
    }

    /// What the runtime does after an empty batch. A connector with a test clock turns it by `again_in` here.
    fn rest(&mut self, again_in: Option<Duration>) -> BoxFuture<'_, ()> {
        let _ = again_in;
        Box::pin(async {})
    }
}

const ITEMS: usize = 7;
const LIMIT: usize = 3;

/// Where a crash falls.
#[derive(Clone, Copy)]
enum Crash {
    InPoll,
    BeforeCommit,
    BeforeSettle,
    InSettle,
    AfterSettle,
    AfterClose,
}

impl Crash {
    const ALL: [(Self, &'static str); 6] = [
        (Self::InPoll, "crash in the middle of a poll"),
        (Self::BeforeCommit, "crash between poll and commit"),
        (Self::BeforeSettle, "crash between commit and settle"),
        (Self::InSettle, "crash in the middle of a settle"),
        (Self::AfterSettle, "crash after settle"),
        (Self::AfterClose, "orderly stop and start"),
    ];
}

/// Runs every check of a pulled source. Needs whatever executor the source needs; takes no time of its own.
pub async fn pulled<H: Harness>() -> Verdict {
    let mut verdict = Verdict::default();
    verdict.note("everything comes once", plain::<H>().await);
    for (crash, name) in Crash::ALL {
        for batch in 0..ITEMS.div_ceil(LIMIT) {
            verdict.note(format!("{name}, batch {}", batch + 1), crashed::<H>(crash, batch).await);
        }
    }
    verdict.note("what comes later comes too", later::<H>().await);
    verdict.note("a returned batch comes again", returned::<H>().await);
    verdict.note("a returned batch fits a smaller limit", smaller::<H>().await);
    verdict.note("poll destroys nothing", gentle::<H>().await);
    verdict.note("keys stay the same over restarts", stable::<H>().await);
    verdict.note("a dropped poll loses nothing", cancelled::<H>().await);
    verdict.note("the limit is respected", limited::<H>().await);
    verdict.note("settling twice is harmless", settled_twice::<H>().await);
    verdict.note("a bad item stops nothing", bad_item::<H>().await);
    verdict.note("check passes and takes nothing", checked::<H>().await);
    verdict.note("the inventory agrees with what was read", listed::<H>().await);
    verdict.note("a source that was released reads on", released::<H>().await);
    verdict.note("errors say what to do", spoiled::<H>().await);
    verdict.note("no secret in debug output", {
        let harness = H::new();
        judge::secrets("debug output", &harness.debug(), &harness.canaries())
    });
    verdict
}

async fn plain<H: Harness>() -> Result<(), String> {
    let mut world = World::<H>::new();
    let marks = world.put("plain", ITEMS);
    world.drain(LIMIT, &marks).await
}

async fn crashed<H: Harness>(crash: Crash, nth: usize) -> Result<(), String> {
    let mut world = World::<H>::new();
    let marks = world.put("crash", ITEMS);
    for _ in 0..nth {
        let batch = world.next(LIMIT).await?;
        world.commit(&batch)?;
        world.settle(&batch, Settled::Committed).await?;
        if world.all_kept(&marks) {
            break;
        }
    }
    if !world.all_kept(&marks) {
        match crash {
            Crash::InPoll => {
                if let Some(batch) = world.poll_briefly(LIMIT, [1, 300, 6000][nth.min(2)]).await? {
                    drop(batch);
                }
            }
            Crash::BeforeCommit => drop(world.next(LIMIT).await?),
            Crash::BeforeSettle | Crash::InSettle | Crash::AfterSettle | Crash::AfterClose => {
                let batch = world.next(LIMIT).await?;
                world.commit(&batch)?;
                match crash {
                    Crash::InSettle => world.settle_briefly(&batch, 0).await?,
                    Crash::AfterSettle | Crash::AfterClose => world.settle(&batch, Settled::Committed).await?,
                    _ => {}
                }
            }
        }
    }
    if matches!(crash, Crash::AfterClose) {
        world.close().await;
    }
    world.crash();
    world.drain(LIMIT, &marks).await
}

async fn later<H: Harness>() -> Result<(), String> {
    let mut world = World::<H>::new();
    let mut marks = world.put("first", 2);
    let batch = world.next(LIMIT).await?;
    world.commit(&batch)?;
    world.settle(&batch, Settled::Committed).await?;
    marks.extend(world.put("second", 2));
    world.drain(LIMIT, &marks).await
}

async fn returned<H: Harness>() -> Result<(), String> {
    let mut world = World::<H>::new();
    let marks = world.put("returned", ITEMS);
    let first = world.next(LIMIT).await?;
    for round in 1..=3 {
        world.settle(&first, Settled::Returned { reason: "the disk is full".to_owned() }).await?;
        let again = world.next(LIMIT).await?;
        let same = again.envelopes.iter().zip(&first.envelopes).all(|(a, b)| a.key == b.key && a.raw == b.raw);
        if !same {
            return Err(format!("round {round}: other envelopes came than those that were returned"));
        }
        world.settle(&again, Settled::Returned { reason: "the disk is still full".to_owned() }).await?;
    }
    world.drain(LIMIT, &marks).await
}

async fn smaller<H: Harness>() -> Result<(), String> {
    let mut world = World::<H>::new();
    let marks = world.put("smaller", ITEMS);
    let first = world.next(ITEMS).await?;
    world.settle(&first, Settled::Returned { reason: "too much at once".to_owned() }).await?;
    world.drain(1, &marks).await
}

async fn gentle<H: Harness>() -> Result<(), String> {
    let mut world = World::<H>::new();
    let marks = world.put("gentle", ITEMS);
    let before = world.harness.snapshot();
    // Twice: a source may offer the same batch again or go on to the next, and there are more than two.
    for _ in 0..2 {
        drop(world.next(LIMIT).await?);
    }
    if world.harness.snapshot() != before {
        return Err("the outside world changed though nothing was settled".to_owned());
    }
    world.crash();
    world.forget();
    world.drain(LIMIT, &marks).await
}

async fn stable<H: Harness>() -> Result<(), String> {
    let mut world = World::<H>::new();
    let marks = world.put("stable", ITEMS);
    let first = world.next(ITEMS).await?;
    world.crash();
    let second = world.next(ITEMS).await?;
    let mut compared = 0;
    for mark in &marks {
        let key = |batch: &crate::Batch| batch.envelopes.iter().find(|e| carries(e, mark)).map(|e| e.key.clone());
        if let (Some(old), Some(new)) = (key(&first), key(&second)) {
            compared += 1;
            if old != new {
                return Err(format!("`{mark}` was `{}` before a restart and `{}` after", old.as_str(), new.as_str()));
            }
        }
    }
    if compared == 0 { Err("no item came both before and after a restart".to_owned()) } else { Ok(()) }
}

async fn cancelled<H: Harness>() -> Result<(), String> {
    let mut world = World::<H>::new();
    let marks = world.put("cancelled", ITEMS);
    for turns in
        [0, 0, 1, 1, 2, 3, 5, 8, 13, 21, 34, 55, 89, 144, 233, 0, 1, 2, 377, 0, 1, 610, 987, 0, 1, 5000, 0, 1, 2, 3]
    {
        if let Some(batch) = world.poll_briefly(2, turns).await? {
            world.commit(&batch)?;
            world.settle_briefly(&batch, turns % 3).await?;
        }
    }
    world.drain(LIMIT, &marks).await
}

async fn limited<H: Harness>() -> Result<(), String> {
    let mut world = World::<H>::new();
    let marks = world.put("limited", ITEMS);
    // `World::poll` refuses any batch beyond the limit; changing limits must not confuse the source either.
    for limit in [1, 4, 2] {
        let batch = world.next(limit).await?;
        world.commit(&batch)?;
        world.settle(&batch, Settled::Committed).await?;
        if world.all_kept(&marks) {
            break;
        }
    }
    world.drain(1, &marks).await
}

async fn settled_twice<H: Harness>() -> Result<(), String> {
    let mut world = World::<H>::new();
    let marks = world.put("twice", ITEMS);
    let batch = world.next(LIMIT).await?;
    world.commit(&batch)?;
    world.settle(&batch, Settled::Committed).await?;
    world.settle(&batch, Settled::Committed).await?;
    let next = world.next(LIMIT).await?;
    if next.envelopes.iter().any(|envelope| batch.envelopes.iter().any(|old| old.key == envelope.key)) {
        return Err("what was committed came again without a restart".to_owned());
    }
    // The late repeat of an old settlement must not touch the batch that is out now.
    world.settle(&batch, Settled::Committed).await?;
    world.settle(&next, Settled::Returned { reason: "not yet".to_owned() }).await?;
    world.drain(LIMIT, &marks).await
}

async fn bad_item<H: Harness>() -> Result<(), String> {
    let mut world = World::<H>::new();
    let mut marks = world.put("before", 2);
    world.harness.put_bad();
    marks.extend(world.put("between", 2));
    world.harness.put_bad();
    world.harness.put_bad();
    marks.extend(world.put("behind", 2));
    world.drain(LIMIT, &marks).await
}

async fn checked<H: Harness>() -> Result<(), String> {
    let mut world = World::<H>::new();
    let marks = world.put("check", 2);
    let before = world.harness.snapshot();
    for _ in 0..2 {
        world.source()?.check().await.map_err(|error| format!("check failed on a working source: {error}"))?;
    }
    if world.harness.snapshot() != before {
        return Err("check changed the outside world".to_owned());
    }
    world.drain(LIMIT, &marks).await
}

async fn listed<H: Harness>() -> Result<(), String> {
    let mut world = World::<H>::new();
    let mut marks = world.put("listed", 3);
    world.harness.put_bad();
    marks.extend(world.put("behind", 2));
    world.drain(LIMIT, &marks).await?;
    let before = world.harness.snapshot();
    world.reconcile(&marks, LIMIT).await?;
    if world.harness.snapshot() != before {
        return Err("the inventory changed the outside world".to_owned());
    }
    Ok(())
}

async fn released<H: Harness>() -> Result<(), String> {
    let mut world = World::<H>::new();
    let marks = world.put("released", ITEMS);
    for _ in 0..2 {
        let batch = world.next(LIMIT).await?;
        world.commit(&batch)?;
        world.source()?.release();
        world.settle(&batch, Settled::Committed).await?;
        world.source()?.release();
    }
    world.drain(LIMIT, &marks).await
}

async fn spoiled<H: Harness>() -> Result<(), String> {
    let mut world = World::<H>::new();
    if !world.harness.spoil() {
        return Ok(());
    }
    let canaries = world.harness.canaries();
    let mut source = match world.harness.build() {
        Ok(source) => source,
        Err(error) => return judge::error(&error, &canaries),
    };
    let Err(error) = source.check().await else {
        return Err("check found nothing wrong with a spoiled outside".to_owned());
    };
    judge::error(&error, &canaries)?;
    let cursor = world.cursor();
    let Err(error) = source.poll(cursor, LIMIT).await else {
        return Err("poll said nothing about a spoiled outside".to_owned());
    };
    judge::error(&error, &canaries)
}
