//! Schedules and reports: what falls due, firing one now, the report on a week. Thin: the rota does it.

use crate::policy::{Action, Resource};
use crate::rota::Plan;
use crate::store::{SlotRow, StoreError};
use crate::web::answer::Answer;
use crate::web::call::Call;
use crate::web::page;
use crate::web::problem::Refused;
use serde::Deserialize;
use serde_json::{Value, json};

/// How many of a schedule's last and coming times are shown.
const SHOWN: u32 = 10;

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Run {}

fn resource(call: &Call, plan: &Plan) -> Resource {
    let tenant = call.app.web.pilots.get(&plan.pilot).map(|pilot| pilot.tenant.clone());
    Resource { tenant, ..Resource::new(crate::policy::Kind::Pilot, &plan.pilot) }
}

fn slot(slot: &SlotRow) -> Value {
    json!({
        "slot": slot.key, "due_at": slot.due_at, "wall": slot.wall, "state": slot.state, "late": slot.late, "passed_over": slot.passed_over,
        "by_hand": slot.by_hand, "fired_at": slot.fired_at, "report": slot.made, "message": slot.message,
    })
}

fn row(plan: &Plan, now: jiff::Timestamp, last: Option<&SlotRow>) -> Value {
    json!({
        "name": plan.name, "kind": plan.kind.as_str(), "pilot": plan.pilot, "pattern": plan.schedule.pattern(),
        "time_zone": plan.schedule.zone().iana_name(), "means": plan.schedule.describe(), "last": last.map(slot),
        "next": plan.schedule.next_after(now).map(|slot| slot.at),
    })
}

/// The schedule of the path; for whoever may not see it there is none.
fn known(call: &Call) -> Result<Plan, Refused> {
    let name = call.part("name");
    let plan = call.app.web.rota.plan(name)?.clone();
    let resource = resource(call, &plan);
    match call.permit(Action::ScheduleRead, &resource) {
        Ok(_leave) => Ok(plan),
        Err(denied) if call.would_see(Action::ScheduleRead, &resource) => Err(denied.into()),
        Err(_) => Err(StoreError::NotFound { what: "schedule", id: name.to_owned() }.into()),
    }
}

pub(super) async fn list(call: Call) -> Result<Answer, Refused> {
    let web = &call.app.web;
    let mut items = Vec::new();
    for plan in web.rota.plans() {
        if call.permit(Action::ScheduleRead, &resource(&call, plan)).is_ok() {
            let last = web.store.slots(&plan.name, 1).await?.into_iter().next();
            items.push(row(plan, web.clock.now(), last.as_ref()));
        }
    }
    page::whole(&items, None)
}

pub(super) async fn show(call: Call) -> Result<Answer, Refused> {
    let plan = known(&call)?;
    let web = &call.app.web;
    let slots = web.store.slots(&plan.name, SHOWN).await?;
    let mut shown = row(&plan, web.clock.now(), slots.first());
    let (mut at, mut coming) = (web.clock.now(), Vec::new());
    while let Some(next) = plan.schedule.next_after(at).filter(|_| coming.len() < SHOWN as usize) {
        at = next.at;
        coming.push(json!({ "slot": next.key, "at": next.at, "wall": next.wall.to_string() }));
    }
    if let Some(members) = shown.as_object_mut() {
        members.insert("slots".into(), slots.iter().map(slot).collect::<Vec<_>>().into());
        members.insert("coming".into(), coming.into());
    }
    Answer::json(&shown)
}

pub(super) async fn run(call: Call) -> Result<Answer, Refused> {
    let Run {} = call.json_or_nothing()?;
    let plan = known(&call)?;
    let fired = call.app.web.rota.run(&call.caller, &plan.name).await?;
    Answer::json(&json!({ "schedule": plan.name, "fired": slot(&fired) }))
}

pub(super) async fn report(call: Call) -> Result<Answer, Refused> {
    let name = call.part("name");
    let resource = match call.app.web.pilots.get(name) {
        Some(pilot) => Resource::pilot(&pilot.name, &pilot.tenant),
        None => return Err(Refused::missing("pilot", name)),
    };
    call.see(Action::ReportRead, &resource)?;
    let made = call.app.web.rota.report(&call.caller, name, call.query.get("week")).await?;
    let kept = made
        .kept
        .as_ref()
        .map(|row| json!({ "id": row.id, "digest": row.digest, "late": row.late, "made_at": row.made_at }));
    Answer::json(&json!({
        "pilot": made.pilot, "week": made.week, "subject": made.subject, "kept": kept, "text": made.text, "html": made.html,
        "figures": made.figures,
    }))
}
