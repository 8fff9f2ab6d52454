//! Attention checks: switching them on and off, what they came to. Thin: the attention room does it, and asks who may.

use crate::domain::pilot::Pilot;
use crate::policy::{Action, Resource};
use crate::web::answer::Answer;
use crate::web::call::Call;
use crate::web::problem::Refused;
use axum::http::StatusCode;
use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;

/// Days that are looked back unless the call says otherwise, and at most.
const DAYS: i64 = 90;
const MOST_DAYS: i64 = 3650;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct On {
    percent: u32,
    reason: String,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Nothing {}

/// The pilot of the path; for whoever may not see its requests there is none.
fn known(call: &Call) -> Result<&Pilot, Refused> {
    let name = call.part("name");
    let pilot = call.app.web.pilots.get(name);
    pilot
        .filter(|pilot| call.would_see(Action::RequestRead, &Resource::pilot(&pilot.name, &pilot.tenant)))
        .ok_or_else(|| Refused::missing("pilot", name))
}

/// Since when: so many days ago.
pub(in crate::web) fn since(call: &Call) -> Result<Timestamp, Refused> {
    let days = match call.query.get("days") {
        None => DAYS,
        Some(text) => text.parse().ok().filter(|days| (1..=MOST_DAYS).contains(days)).ok_or_else(|| {
            let detail = format!("`days` must be a number from 1 to {MOST_DAYS}");
            Refused::new(StatusCode::BAD_REQUEST, "OP-9004", detail)
        })?,
    };
    let back = SignedDuration::from_hours(24 * days);
    Ok(call.app.web.clock.now().checked_sub(back).unwrap_or(Timestamp::UNIX_EPOCH))
}

pub(super) async fn show(call: Call) -> Result<Answer, Refused> {
    let (pilot, since) = (known(&call)?, since(&call)?);
    let shown = call.app.web.attention.shown(&call.caller, &pilot.name, since).await?;
    Answer::json(&shown.document(&pilot.name))
}

pub(super) async fn on(call: Call) -> Result<Answer, Refused> {
    let On { percent, reason } = call.json()?;
    let pilot = known(&call)?;
    call.app.web.attention.on(&call.caller, &pilot.name, percent, &reason).await?;
    standing(&call, pilot).await
}

pub(super) async fn off(call: Call) -> Result<Answer, Refused> {
    let Nothing {} = call.json_or_nothing()?;
    let pilot = known(&call)?;
    call.app.web.attention.off(&call.caller, &pilot.name).await?;
    standing(&call, pilot).await
}

async fn standing(call: &Call, pilot: &Pilot) -> Result<Answer, Refused> {
    let shown = call.app.web.attention.shown(&call.caller, &pilot.name, Timestamp::UNIX_EPOCH).await?;
    Answer::json(&shown.document(&pilot.name))
}
