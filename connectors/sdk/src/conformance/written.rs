//! The promises of a sink, each as a check that starts from a fresh far side. Own file because a sink has no batches: what counts is what
//! stands at the far side afterwards, seen from outside. INVARIANT: whatever went wrong with a call, what stands there is what the sink's
//! answer and its look say: nothing done that was called not done, nothing twice.

use super::desk::{Desk, Try};
use super::hostile;
use super::{Verdict, judge};
use crate::{Action, ActionKind, ErrorKind, Fate, Look, Repeat, Sink, Write, shows};
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

/// What goes wrong with the next call that changes something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mishap {
    /// It is carried out, and the connection ends without an answer.
    DoneThenCut,
    /// It is carried out, and the far side answers that it failed.
    DoneThenFailed,
    /// It is carried out, and nothing comes back for longer than the sink waits.
    DoneThenSilent,
    /// The connection ends, and nothing was carried out.
    CutBefore,
    /// It is not carried out: the far side asks to be left alone for seven seconds.
    Busy,
    /// It is not carried out: the far side does not know the credentials any more, this once.
    Expired,
    /// It is not carried out, and the far side says yes.
    Ignored,
}

impl Mishap {
    /// Every one of them.
    pub const ALL: [Self; 7] = [
        Self::DoneThenCut,
        Self::DoneThenFailed,
        Self::DoneThenSilent,
        Self::CutBefore,
        Self::Busy,
        Self::Expired,
        Self::Ignored,
    ];

    const fn name(self) -> &'static str {
        match self {
            Self::DoneThenCut => "done, then the connection breaks",
            Self::DoneThenFailed => "done, then a failure is told",
            Self::DoneThenSilent => "done, then silence",
            Self::CutBefore => "the connection breaks before",
            Self::Busy => "the far side is busy",
            Self::Expired => "the credentials expire",
            Self::Ignored => "yes is said and nothing done",
        }
    }
}

/// With what a sink is built.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Credentials {
    /// Those that the far side knows.
    Good,
    /// Others.
    Wrong,
}

/// The far side of one sink, as its connector's tests make it: a server, a folder, a program. A real one may be shared by all; what
/// [`SinkHarness::snapshot`] and [`SinkHarness::count`] tell is then only of this one's records.
pub trait SinkHarness: Sized {
    /// A fresh far side.
    fn new() -> impl Future<Output = Self>;

    /// The kinds that this run is about. A real far side that takes its time is asked about one kind in each of several tests.
    const KINDS: &'static [ActionKind] = &ActionKind::ALL;

    /// The sink, as a daemon that starts builds it. `None`: it has no credentials that could be wrong.
    fn build(&self, credentials: Credentials) -> Option<Arc<dyn Sink>>;

    /// Makes a new record and tells its name; empty when the sink has none.
    fn record(&mut self) -> impl Future<Output = String>;

    /// A name in the right form of which there is no record; `None` when there are no records.
    fn missing(&self) -> Option<String> {
        None
    }

    /// Sets what an action of its kind needs here: the far side's words for a priority, fields.
    fn fit(&self, _action: &mut Action) {}

    /// How many things of this kind belong to the record, as somebody sees who does not use the sink. Not asked for what changes a record.
    fn count(&mut self, kind: ActionKind, record: &str) -> impl Future<Output = usize>;

    /// Everything that a sink could change, in comparable form.
    fn snapshot(&mut self) -> impl Future<Output = String>;

    /// The title and text that a person sees of the thing, its markup shown as the far side shows it; `None` when nobody can tell.
    fn seen(&mut self, write: &Write, id: &str) -> impl Future<Output = Option<String>>;

    /// A person changes the thing at the far side; `false` when that cannot be done.
    fn alter(&mut self, write: &Write, id: &str) -> impl Future<Output = bool>;

    /// Lets the next call that changes something meet this; `false` when it cannot happen here.
    fn arm(&mut self, mishap: Mishap) -> bool;

    /// What the daemon waits before it looks; a far side with a clock of its own turns it here.
    fn rest(&mut self, _settles_in: Duration) -> impl Future<Output = ()> {
        async {}
    }

    /// Secrets that the sink was given.
    fn canaries(&self) -> Vec<String>;

    /// What the connector's own types print with `{:?}`.
    fn debug(&self) -> String {
        String::new()
    }
}

/// Runs every check of a sink. What cannot be made to happen is told in [`Verdict::skipped`].
pub async fn written<H: SinkHarness>() -> Verdict {
    let mut verdict = Verdict::default();
    let manner = Desk::<H>::new().await.sink.manner();
    verdict.note("it carries something", if manner.carries.is_empty() { Err("nothing".to_owned()) } else { Ok(()) });
    for kind in H::KINDS.iter().copied() {
        if !manner.carries.contains(&kind) {
            verdict.outcome(format!("{kind}: is refused"), refused::<H>(kind).await);
            continue;
        }
        verdict.outcome(format!("{kind}: a preview touches nothing"), previewed::<H>(kind).await);
        verdict.outcome(format!("{kind}: what is delivered is shown"), delivered::<H>(kind).await);
        for mishap in Mishap::ALL {
            verdict.outcome(format!("{kind}: {}", mishap.name()), unlucky::<H>(kind, mishap).await);
        }
        verdict.outcome(format!("{kind}: it is taken back"), reverted::<H>(kind, None).await);
        let lost = Some(Mishap::DoneThenCut);
        verdict.outcome(format!("{kind}: it is taken back, and the answer lost"), reverted::<H>(kind, lost).await);
        verdict.outcome(format!("{kind}: an edit from outside is seen"), altered::<H>(kind).await);
        verdict.outcome(format!("{kind}: two keys are two things"), told_apart::<H>(kind).await);
        verdict.outcome(format!("{kind}: a record that is not there"), recordless::<H>(kind).await);
        verdict.outcome(format!("{kind}: wrong credentials"), stranger::<H>(kind).await);
        verdict.outcome(format!("{kind}: a record's name is only a name"), misnamed::<H>(kind).await);
        // A priority is a word of the far side's own, and its text goes nowhere.
        let mut desk = Desk::<H>::new().await;
        let record = desk.harness.record().await;
        for (place, (what, text)) in hostile::texts().into_iter().enumerate() {
            if kind == ActionKind::Priority {
                break;
            }
            let outcome = hostile_text(&mut desk, kind, &record, &format!("hostile-{place}"), &text).await;
            verdict.outcome(format!("{kind}: text with {what}"), outcome);
        }
    }
    verdict.outcome("check passes and changes nothing", checked::<H>().await);
    verdict.note("no secret in debug output", {
        let desk = Desk::<H>::new().await;
        judge::secrets("debug output", &desk.harness.debug(), &desk.harness.canaries())
    });
    verdict
}

async fn refused<H: SinkHarness>(kind: ActionKind) -> Try {
    let mut desk = Desk::<H>::new().await;
    let record = desk.harness.record().await;
    let action = desk.action(kind, "refused", &record);
    match desk.sink.preview(&action) {
        Ok(_) => Err("a kind that it does not carry was planned".to_owned()),
        Err(error) => desk.rejects(&error, "a kind that it does not carry"),
    }
}

async fn previewed<H: SinkHarness>(kind: ActionKind) -> Try {
    let mut desk = Desk::<H>::new().await;
    let record = desk.harness.record().await;
    let before = desk.harness.snapshot().await;
    let action = desk.action(kind, "preview", &record);
    let write = desk.plan(&action)?;
    if !write.expect.is_object() {
        return Err(format!("what is expected is no object: {}", write.expect));
    }
    desk.rebuild();
    if desk.plan(&action)? != write {
        return Err("after a restart the same action is another call".to_owned());
    }
    let image = serde_json::json!({});
    for before in [None, Some(&image)] {
        if let Err(error) = desk.sink.revert(&write, "1", before) {
            desk.rejects(&error, "a way back that there is not")?;
        }
    }
    desk.unchanged(&before).await
}

async fn delivered<H: SinkHarness>(kind: ActionKind) -> Try {
    let mut desk = Desk::<H>::new().await;
    let (write, before) = desk.begin(kind, "plain").await?;
    let count = desk.count(&write, &before).await;
    let id = desk.deliver(&write, &before).await?.map_err(|error| format!("it is not delivered: {error}"))?.id;
    desk.rest().await;
    if desk.count(&write, &before).await != count.map(|count| count + 1) {
        return Err("not exactly one thing was made".to_owned());
    }
    if desk.is_blind(&before) {
        return Ok(true);
    }
    let by_key = desk.shown(&write, None).await?;
    if let Some(id) = id
        && by_key != desk.shown(&write, Some(&id)).await?
    {
        return Err(format!("the thing found by its key is another one than `{id}`"));
    }
    desk.rebuild();
    if desk.shown(&write, None).await? != by_key {
        return Err("after a restart another thing is found".to_owned());
    }
    Ok(true)
}

async fn unlucky<H: SinkHarness>(kind: ActionKind, mishap: Mishap) -> Try {
    let mut desk = Desk::<H>::new().await;
    let (write, before) = desk.begin(kind, "unlucky").await?;
    let count = desk.count(&write, &before).await;
    if !desk.harness.arm(mishap) {
        return Ok(false);
    }
    let outcome = desk.deliver(&write, &before).await?;
    desk.rest().await;
    let now = desk.count(&write, &before).await;
    let done = matches!(mishap, Mishap::DoneThenCut | Mishap::DoneThenFailed | Mishap::DoneThenSilent)
        // Refused for its credentials it was certainly not done: a sink that has others may use them.
        || (mishap == Mishap::Expired && outcome.is_ok());
    if now != count.map(|count| count + usize::from(done)) {
        return Err(format!("the mishap did not happen as meant: there were {count:?} things and are {now:?}"));
    }
    match (mishap, &outcome) {
        (Mishap::Ignored, _) | (Mishap::Expired, Ok(_)) => {}
        (_, Ok(_)) => return Err("it counts as delivered".to_owned()),
        (Mishap::CutBefore, Err(_)) => {}
        (Mishap::Busy, Err(failed)) => {
            let pause = Duration::from_secs(super::far_side::PAUSE);
            if (failed.error.kind, failed.fate) != (ErrorKind::RateLimited, Fate::NotDone) {
                return Err(format!("{:?} and {:?} for a far side that is busy", failed.error.kind, failed.fate));
            }
            if failed.error.retry_after != Some(pause) {
                return Err(format!("the pause asked for was {pause:?}, not {:?}", failed.error.retry_after));
            }
        }
        (Mishap::Expired, Err(failed)) => {
            // Transient: what it knows itself by is fetched anew next time.
            let known = matches!(failed.error.kind, ErrorKind::Unauthorised | ErrorKind::Transient);
            if !known || failed.fate != Fate::NotDone {
                return Err(format!("{:?} and {:?} for lost credentials", failed.error.kind, failed.fate));
            }
        }
        (_, Err(failed)) if failed.fate == Fate::NotDone => return Err("it counts as not done".to_owned()),
        (_, Err(failed)) if failed.error.kind != ErrorKind::Transient => {
            return Err(format!("{:?} for an answer that was lost", failed.error.kind));
        }
        _ => {}
    }
    desk.rebuild();
    let blind = desk.is_blind(&before);
    let look = desk.look(&write, None).await?;
    if !blind && shows(&write.expect, &look) != done {
        return Err(format!("a look shows {look:?} of what was {}done", if done { "" } else { "not " }));
    }
    if !blind && !done && !alike(&look, &before) {
        return Err(format!("nothing was done, and a look shows {look:?} after {before:?}"));
    }
    // Sent again as the daemon would: when a look says that it was not done, or when the far side knows the key.
    let known = desk.sink.manner().repeat == Repeat::Keyed;
    if (!done && !blind) || known {
        let again = desk.deliver(&write, &before).await?;
        again.map_err(|error| format!("it cannot be sent again: {error}"))?;
        desk.rest().await;
        if desk.count(&write, &before).await != count.map(|count| count + 1) {
            return Err("sent again, it is not exactly one thing".to_owned());
        }
    }
    Ok(true)
}

async fn reverted<H: SinkHarness>(kind: ActionKind, mishap: Option<Mishap>) -> Try {
    let mut desk = Desk::<H>::new().await;
    let (write, before) = desk.begin(kind, "reverted").await?;
    let delivered = desk.deliver(&write, &before).await?.map_err(|error| format!("it is not delivered: {error}"))?;
    desk.rest().await;
    let blind = desk.is_blind(&before);
    let (id, after) = match desk.look(&write, delivered.id.as_deref()).await? {
        Look::Present { id, image, version } => (id.clone(), Look::Present { id, image, version }),
        other if blind => (delivered.id.unwrap_or_default(), other),
        other => return Err(format!("what was delivered is {other:?}")),
    };
    let image = match &before {
        Look::Present { image, .. } => Some(image),
        Look::Absent | Look::Unknown { .. } => None,
    };
    let snapshot = desk.harness.snapshot().await;
    let planned = match (desk.sink.revert(&write, &id, image), desk.sink.revert(&write, &id, image)) {
        (Ok(planned), Ok(again)) if planned == again => planned,
        (Ok(_), _) => return Err("the same way back is two calls".to_owned()),
        // There is none, and it says so.
        (Err(error), _) => return desk.rejects(&error, "a way back that there is not").map(|_| mishap.is_none()),
    };
    desk.unchanged(&snapshot).await?;
    let undo = Write { call: planned.call, expect: planned.expect, ..write.clone() };
    desk.clean(&undo)?;
    if let Some(mishap) = mishap
        && !desk.harness.arm(mishap)
    {
        return Ok(false);
    }
    match (desk.deliver(&undo, &after).await?, mishap) {
        (Ok(_), None) => {}
        (Err(error), None) => return Err(format!("it is not taken back: {error}")),
        (Ok(_), Some(_)) => return Err("a lost answer counts as one".to_owned()),
        (Err(failed), Some(_)) if failed.fate == Fate::Unknown => {}
        (Err(_), Some(_)) => return Err("a lost answer counts as nothing done".to_owned()),
    }
    desk.rest().await;
    if blind {
        return Ok(true);
    }
    // A second time it may be refused, and must change nothing.
    for round in 1..=2 {
        let look = desk.look(&undo, Some(&id)).await?;
        if !shows(&undo.expect, &look) {
            return Err(format!("taken back {round} times, a look shows {look:?}"));
        }
        let look = desk.look(&write, Some(&id)).await?;
        if !alike(&look, &before) {
            return Err(format!("taken back {round} times, it is {look:?} and was {before:?}"));
        }
        if round == 1 {
            let _ = desk.deliver(&undo, &look).await?;
            desk.rest().await;
        }
    }
    Ok(true)
}

async fn altered<H: SinkHarness>(kind: ActionKind) -> Try {
    let mut desk = Desk::<H>::new().await;
    let (write, before) = desk.begin(kind, "altered").await?;
    if desk.is_blind(&before) {
        return Ok(false);
    }
    desk.deliver(&write, &before).await?.map_err(|error| format!("it is not delivered: {error}"))?;
    desk.rest().await;
    let (id, ours) = desk.shown(&write, None).await?;
    if desk.shown(&write, Some(&id)).await? != (id.clone(), ours.clone()) {
        return Err("two looks at the same thing differ".to_owned());
    }
    if !desk.harness.alter(&write, &id).await {
        return Ok(false);
    }
    desk.rest().await;
    match desk.look(&write, Some(&id)).await? {
        Look::Present { image, .. } if image == ours => Err("an edit from outside does not show".to_owned()),
        _ => Ok(true),
    }
}

async fn told_apart<H: SinkHarness>(kind: ActionKind) -> Try {
    let mut desk = Desk::<H>::new().await;
    let record = desk.harness.record().await;
    // One key begins with the other, and all else is the same.
    let (short, long) = ("twice-1", "twice-10");
    let write = |desk: &Desk<H>, key| {
        let action = Action { text: "The same text.".to_owned(), ..desk.action(kind, key, &record) };
        desk.plan(&action)
    };
    let (first, second) = (write(&desk, long)?, write(&desk, short)?);
    let before = desk.look(&second, None).await?;
    if !matches!(before, Look::Absent) && !desk.is_blind(&before) {
        return Ok(false);
    }
    let count = desk.harness.count(kind, &record).await;
    desk.deliver(&first, &before).await?.map_err(|error| format!("it is not delivered: {error}"))?;
    desk.rest().await;
    let look = desk.look(&second, None).await?;
    if !alike(&look, &before) {
        return Err(format!("`{short}` was not written, `{long}` was, and a look shows {look:?}"));
    }
    desk.deliver(&second, &before).await?.map_err(|error| format!("the second is not delivered: {error}"))?;
    desk.rest().await;
    if desk.harness.count(kind, &record).await != count + 2 {
        return Err("two keys are not two things".to_owned());
    }
    if !desk.is_blind(&before) && desk.shown(&first, None).await?.0 == desk.shown(&second, None).await?.0 {
        return Err("two keys lead to one thing".to_owned());
    }
    Ok(true)
}

async fn recordless<H: SinkHarness>(kind: ActionKind) -> Try {
    let desk = Desk::<H>::new().await;
    let manner = desk.sink.manner();
    let Some(missing) = desk.harness.missing() else {
        return if manner.needs_record { Err("the harness names no missing record".to_owned()) } else { Ok(false) };
    };
    if manner.needs_record {
        match desk.sink.preview(&desk.action(kind, "none", "")) {
            Ok(_) => return Err("an action without a record was planned".to_owned()),
            Err(error) => desk.rejects(&error, "an action without a record")?,
        };
    }
    let write = desk.plan(&desk.action(kind, "missing", &missing))?;
    match desk.sink.look(&write, None).await {
        Ok(look) => return Err(format!("there is no such record, and a look shows {look:?}")),
        Err(error) => desk.rejects(&error, "a look at no record")?,
    };
    match desk.sink.deliver(&write, None).await {
        Ok(_) => Err("there is no such record, and it counts as delivered".to_owned()),
        Err(failed) if failed.fate == Fate::Unknown => Err("there is no such record, and nobody knows".to_owned()),
        Err(failed) => desk.rejects(&failed.error, "a call without its record"),
    }
}

async fn stranger<H: SinkHarness>(kind: ActionKind) -> Try {
    let mut desk = Desk::<H>::new().await;
    let Some(stranger) = desk.harness.build(Credentials::Wrong) else { return Ok(false) };
    let (write, before) = desk.begin(kind, "stranger").await?;
    let snapshot = desk.harness.snapshot().await;
    let blind = desk.is_blind(&before);
    desk.sink = stranger;
    match desk.sink.look(&write, None).await {
        Err(error) => desk.is(&error, ErrorKind::Unauthorised, "a look")?,
        Ok(Look::Unknown { .. }) if blind => true,
        Ok(look) => return Err(format!("with wrong credentials a look shows {look:?}")),
    };
    match desk.sink.deliver(&write, None).await {
        Ok(_) => return Err("with wrong credentials it counts as delivered".to_owned()),
        Err(failed) if failed.fate == Fate::Unknown => {
            return Err("with wrong credentials nobody knows whether it was done".to_owned());
        }
        Err(failed) => desk.is(&failed.error, ErrorKind::Unauthorised, "a call")?,
    };
    match desk.sink.check().await {
        Ok(_) => return Err("wrong credentials pass the check".to_owned()),
        Err(error) => desk.is(&error, ErrorKind::Unauthorised, "the check")?,
    };
    desk.unchanged(&snapshot).await
}

async fn misnamed<H: SinkHarness>(kind: ActionKind) -> Try {
    let desk = Desk::<H>::new().await;
    if !desk.sink.manner().needs_record {
        return Ok(false);
    }
    for record in hostile::RECORDS {
        match desk.sink.preview(&desk.action(kind, "misnamed", record)) {
            Err(error) => desk.rejects(&error, "a record that is none")?,
            Ok(planned) if planned.call.target.contains(record) => {
                return Err(format!("the record `{}` became part of the target", record.escape_debug()));
            }
            Ok(_) => true,
        };
    }
    Ok(true)
}

async fn hostile_text<H: SinkHarness>(
    desk: &mut Desk<H>,
    kind: ActionKind,
    record: &str,
    key: &str,
    text: &str,
) -> Try {
    let title: String = text.chars().take(60).collect();
    let action = Action { text: text.to_owned(), title, ..desk.action(kind, key, record) };
    if let Err(error) = desk.sink.preview(&action) {
        // Better not at all than another text.
        return desk.rejects(&error, "a text that it does not carry");
    }
    let write = desk.plan(&action)?;
    let delivered = desk.deliver(&write, &Look::Absent).await?;
    let delivered = delivered.map_err(|error| format!("it is not delivered: {error}"))?;
    desk.rest().await;
    let id = match desk.look(&write, delivered.id.as_deref()).await? {
        Look::Unknown { .. } => delivered.id.unwrap_or_default(),
        look if shows(&write.expect, &look) => match look {
            Look::Present { id, .. } => id,
            Look::Absent | Look::Unknown { .. } => String::new(),
        },
        look => return Err(format!("expected is {}, and a look shows {look:?}", write.expect)),
    };
    let Some(seen) = desk.harness.seen(&write, &id).await else { return Ok(false) };
    if hostile::visible(&seen).contains(&hostile::visible(text)) {
        return Ok(true);
    }
    let short: String = seen.chars().take(600).collect();
    Err(format!("a person sees `{}`", short.escape_debug()))
}

async fn checked<H: SinkHarness>() -> Try {
    let mut desk = Desk::<H>::new().await;
    let before = desk.harness.snapshot().await;
    let cautions = desk.sink.check().await.map_err(|error| format!("the check fails: {error}"))?;
    for caution in &cautions {
        judge::secrets("a caution", &caution.message, &desk.harness.canaries())?;
        judge::wording(caution.code, &caution.message)?;
    }
    desk.unchanged(&before).await
}

/// Whether two looks show the same thing in the same state, or both none.
fn alike(one: &Look, other: &Look) -> bool {
    match (one, other) {
        (Look::Absent, Look::Absent) | (Look::Unknown { .. }, Look::Unknown { .. }) => true,
        (Look::Present { id, image, .. }, Look::Present { id: other_id, image: other_image, .. }) => {
            id == other_id && image == other_image
        }
        _ => false,
    }
}
