//! A pilot's writing as a whole: what stands, flags, statements, pauses. Thin: the writeback room does it.

use crate::domain::pilot::Pilot;
use crate::domain::writeback::{Ramp, Standing, StatementKind};
use crate::policy::{Action, Resource};
use crate::web::answer::Answer;
use crate::web::call::Call;
use crate::web::problem::Refused;
use crate::writeback::Said;
use axum::http::StatusCode;
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::{Value, json};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct On {
    until: Timestamp,
    ramp: u32,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Nothing {}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Statement {
    kind: StatementKind,
    text: String,
    #[serde(default)]
    until: Option<Timestamp>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Pause {
    #[serde(default)]
    sink: Option<String>,
    reason: String,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Resume {
    #[serde(default)]
    sink: Option<String>,
}

fn resource(pilot: &Pilot) -> Resource {
    Resource::pilot(&pilot.name, &pilot.tenant)
}

/// The pilot of the path; for whoever may not see its writing there is none.
pub(super) fn known(call: &Call) -> Result<&Pilot, Refused> {
    let name = call.part("name");
    let pilot = call.app.web.pilots.get(name);
    pilot
        .filter(|pilot| call.would_see(Action::WritebackRead, &resource(pilot)))
        .ok_or_else(|| Refused::missing("pilot", name))
}

/// What stands, with what the configuration says.
fn shown(call: &Call, pilot: &Pilot, standing: &Standing) -> Value {
    let (from, until) = pilot.terms.window;
    json!({
        "pilot": pilot.name, "level": pilot.terms.level, "window": { "from": from, "until": until }, "two_people": pilot.terms.two_people,
        "sinks": call.app.web.writing.sinks_of(&pilot.name), "flags": standing.flags, "go": standing.go, "exception": standing.exception,
        "rollback_plan": standing.rollback_plan, "pauses": standing.pauses,
    })
}

pub(super) async fn show(call: Call) -> Result<Answer, Refused> {
    let pilot = known(&call)?;
    call.see(Action::WritebackRead, &resource(pilot))?;
    let standing = call.app.web.store.standing(&pilot.name).await?;
    Answer::json(&shown(&call, pilot, &standing))
}

pub(super) async fn on(call: Call) -> Result<Answer, Refused> {
    let On { until, ramp } = call.json()?;
    let pilot = known(&call)?;
    let ramp = Ramp::new(ramp).ok_or_else(|| {
        Refused::new(StatusCode::UNPROCESSABLE_ENTITY, "OP-9013", "`ramp` must be 5, 15, 50 or 100, in per cent")
    })?;
    let flag = call.app.web.writing.flag_on(&call.caller, &pilot.name, call.part("sink"), until, ramp).await?;
    Answer::json(&flag)
}

pub(super) async fn off(call: Call) -> Result<Answer, Refused> {
    let Nothing {} = call.json_or_nothing()?;
    let pilot = known(&call)?;
    Answer::json(&call.app.web.writing.flag_off(&call.caller, &pilot.name, call.part("sink")).await?)
}

pub(super) async fn state(call: Call) -> Result<Answer, Refused> {
    let Statement { kind, text, until } = call.json()?;
    let pilot = known(&call)?;
    let standing = call.app.web.writing.state(&call.caller, &pilot.name, Said { kind, text, until }).await?;
    Answer::json(&shown(&call, pilot, &standing))
}

pub(super) async fn pause(call: Call) -> Result<Answer, Refused> {
    let Pause { sink, reason } = call.json()?;
    let pilot = known(&call)?;
    let (standing, _) = call.app.web.writing.pause(&call.caller, &pilot.name, sink.as_deref(), &reason).await?;
    Answer::json(&shown(&call, pilot, &standing))
}

pub(super) async fn resume(call: Call) -> Result<Answer, Refused> {
    let Resume { sink } = call.json_or_nothing()?;
    let pilot = known(&call)?;
    let (standing, freed) = call.app.web.writing.resume(&call.caller, &pilot.name, sink.as_deref()).await?;
    let mut told = shown(&call, pilot, &standing);
    told["freed"] = freed.into();
    Answer::json(&told)
}
