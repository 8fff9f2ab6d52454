//! What the tests of a connector's own ways begin with: a connector that is built, an action that fits, and the daemon's steps with it. Own
//! file because these are the same for every vendor, and only what a test looks at is its own. INVARIANT: the time stands still, so that the
//! same action gives the same bytes in every run.

use crate::{Action, ActionKind, BuildContext, Clock, ConnectorError, Look, Sink, Spec, Write};
use jiff::Timestamp;
use serde_json::Value;
use std::fmt;
use std::path::Path;
use std::sync::Arc;

/// When everything here happens: 21 November 2026, noon.
pub const NOON: Timestamp = Timestamp::constant(1_795_262_400, 0);

struct Still;

impl Clock for Still {
    fn now(&self) -> Timestamp {
        NOON
    }
}

/// Builds a connector over a data folder from the `usual` options and `more` of them; one that is `null` is left out.
///
/// # Panics
/// As [`try_build`], and when nothing can be built of them.
pub fn build<S: Spec>(folder: &Path, usual: Value, more: &Value) -> S::Built {
    try_build::<S>(folder, usual, more).unwrap_or_else(|error| panic!("{error}"))
}

/// As [`build`], with what it says when nothing can be built.
///
/// # Errors
/// What a person must fix.
///
/// # Panics
/// The options are not good.
pub fn try_build<S: Spec>(folder: &Path, mut usual: Value, more: &Value) -> Result<S::Built, ConnectorError> {
    usual.as_object_mut().into_iter().zip(more.as_object()).for_each(|(to, from)| to.extend(from.clone()));
    usual.as_object_mut().into_iter().for_each(|all| all.retain(|_, value| !value.is_null()));
    let settings = judged::<S>(usual).unwrap_or_else(|why| panic!("{why}"));
    let context = BuildContext { name: S::KIND.to_owned(), data_dir: folder.to_owned(), clock: Arc::new(Still) };
    S::build(settings, context)
}

/// What a connector makes of options in JSON, or what it says to them.
///
/// # Errors
/// They cannot be read, or all problems at once.
pub fn judged<S: Spec>(options: impl fmt::Display) -> Result<S::Settings, String> {
    let options = serde_json::from_str(&options.to_string()).map_err(|cause| cause.to_string())?;
    S::validate(options).map_err(|all| all.to_string())
}

/// Options of which nothing is right: the problems of all of these keys are told at once.
///
/// # Panics
/// They are taken, or one of the keys is not named.
pub fn refuses<S: Spec>(options: impl fmt::Display, keys: &[&str]) {
    let Err(text) = judged::<S>(options) else { panic!("nothing of it is right") };
    for key in keys {
        assert!(text.contains(&format!("`{key}`")), "{key} is not in {text}");
    }
}

/// An action that fits most far sides.
#[must_use]
pub fn action(kind: ActionKind, key: &str, record: &str) -> Action {
    Action {
        kind,
        key: key.to_owned(),
        record: record.to_owned(),
        title: "Call back".to_owned(),
        text: "Asks for a boiler & a <b>price</b>.".to_owned(),
        due: None,
        value: (kind == ActionKind::Priority).then(|| "high".to_owned()),
        to: None,
        span: None,
        at: NOON,
        fields: Default::default(),
    }
}

/// What the daemon keeps of an action once it is planned.
///
/// # Panics
/// It cannot be planned.
pub fn write(sink: &dyn Sink, action: &Action) -> Write {
    let planned = sink.preview(action).expect("a plan");
    Write {
        kind: action.kind,
        key: action.key.clone(),
        record: action.record.clone(),
        call: planned.call,
        expect: planned.expect,
    }
}

/// What the far side shows of a write.
///
/// # Panics
/// It cannot be looked at, or is not there.
pub async fn image(sink: &dyn Sink, write: &Write, id: Option<&str>) -> Value {
    match sink.look(write, id).await {
        Ok(Look::Present { image, .. }) => image,
        other => panic!("it is {other:?}"),
    }
}

/// The write that takes another one back.
///
/// # Panics
/// There is no way back.
pub fn back(sink: &dyn Sink, write: &Write, id: &str, before: Option<&Value>) -> Write {
    let planned = sink.revert(write, id, before).expect("a way back");
    Write { call: planned.call, expect: planned.expect, ..write.clone() }
}

/// The mark of a state, for the next call.
#[must_use]
pub fn version(look: &Look) -> Option<&str> {
    match look {
        Look::Present { version, .. } => version.as_deref(),
        Look::Absent | Look::Unknown { .. } => None,
    }
}

/// A write that was carried out, the look before, and the name and image after.
pub type Carried = (Write, Look, String, Value);

/// Plans, looks, delivers and looks again, as the daemon does.
///
/// # Errors
/// What the sink said to one of these steps.
///
/// # Panics
/// It cannot be planned, or is not there afterwards.
pub async fn carry_out(sink: &dyn Sink, action: &Action) -> Result<Carried, ConnectorError> {
    let write = write(sink, action);
    let before = sink.look(&write, None).await?;
    let delivered = sink.deliver(&write, version(&before)).await.map_err(|failed| failed.error)?;
    match sink.look(&write, delivered.id.as_deref()).await? {
        Look::Present { id, image, .. } => Ok((write, before, id, image)),
        other => panic!("{action:?} is {other:?}"),
    }
}

/// Takes a write back; the look after.
///
/// # Errors
/// What the sink said to one of the steps.
///
/// # Panics
/// There is no way back.
pub async fn take_back(sink: &dyn Sink, made: &Carried) -> Result<Look, ConnectorError> {
    let (write, before, id, _) = made;
    let image = match before {
        Look::Present { image, .. } => Some(image),
        Look::Absent | Look::Unknown { .. } => None,
    };
    let undo = back(sink, write, id, image);
    let now = sink.look(write, Some(id)).await?;
    sink.deliver(&undo, version(&now)).await.map_err(|failed| failed.error)?;
    sink.look(&undo, Some(id)).await
}
