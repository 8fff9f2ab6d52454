//! Figures: of a pilot in a span of days, for whoever owns it, and of the whole house now, for whoever keeps it running. Thin: the room of
//! figures counts. The desk reads through [`read`] and [`house`], too.

use crate::domain::pilot::Pilot;
use crate::figures::{Days, Figures, House};
use crate::limit::{Line, Side};
use crate::policy::{Action, Resource};
use crate::web::answer::Answer;
use crate::web::call::Call;
use crate::web::problem::Refused;
use serde_json::{Value, json};
use std::sync::Arc;

/// A pilot's figures, with its budgets as far as the caller may see them.
pub(in crate::web) struct Owned {
    pub(in crate::web) figures: Arc<Figures>,
    pub(in crate::web) budgets: Option<Vec<Line>>,
}

/// The figures of a pilot that the caller may see, for the span that the query names.
pub(in crate::web) async fn read(call: &Call, pilot: &Pilot) -> Result<Owned, Refused> {
    let resource = Resource::pilot(&pilot.name, &pilot.tenant);
    call.see(Action::ReportRead, &resource)?;
    let web = &call.app.web;
    let now = web.clock.now();
    let days = Days::read(call.query.get("from"), call.query.get("until"), now, &pilot.time_zone)?;
    let spend = call.permit(Action::SpendRead, &resource).is_ok();
    let figures = call.app.counted.read(&web.store, &pilot.name, &days, spend, now).await?;
    let budgets = if spend { Some(web.limits.book().await?.of_pilot(&pilot.name).lines) } else { None };
    Ok(Owned { figures, budgets })
}

pub(super) async fn show(call: Call) -> Result<Answer, Refused> {
    let name = call.part("name");
    let pilot = call.app.web.pilots.get(name).ok_or_else(|| Refused::missing("pilot", name))?;
    let Owned { figures, budgets } = read(&call, pilot).await?;
    let mut shown = serde_json::to_value(&*figures).map_err(|cause| Refused::fault(cause.to_string()))?;
    if let Some(members) = shown.as_object_mut() {
        members.insert("budgets".into(), json!(budgets));
    }
    Answer::json(&shown)
}

/// The house as it stands, with what limits every generator.
pub(in crate::web) struct Kept {
    pub(in crate::web) house: House,
    pub(in crate::web) sides: Vec<Side>,
    pub(in crate::web) budgets: Vec<Line>,
    /// What readiness looks at: name, whether it is well, what was seen.
    pub(in crate::web) checks: Vec<crate::web::Check>,
    /// Reservations of which nobody knows what they did cost.
    pub(in crate::web) unsettled: usize,
}

/// How the house stands, for whoever may see measurements of all of it.
pub(in crate::web) async fn house(call: &Call) -> Result<Kept, Refused> {
    let _leave_to_read = call.permit(Action::MetricsRead, &Resource::system())?;
    let web = &call.app.web;
    let house = House::read(&web.store, web.clock.now()).await?;
    let book = web.limits.book().await?;
    let unsettled = book.open.iter().filter(|row| row.state != "held").count();
    let budgets = book.lines.into_iter().filter(|line| line.limit.is_some()).collect();
    Ok(Kept { house, sides: book.sides, budgets, checks: (web.ready)(), unsettled })
}

pub(super) async fn operations(call: Call) -> Result<Answer, Refused> {
    let kept = house(&call).await?;
    let mut shown = serde_json::to_value(&kept.house).map_err(|cause| Refused::fault(cause.to_string()))?;
    let check = |check: &crate::web::Check| json!({ "name": check.name, "ok": check.ok, "detail": check.detail });
    let checks: Vec<Value> = kept.checks.iter().map(check).collect();
    if let (Some(members), Value::Object(more)) = (
        shown.as_object_mut(),
        json!({ "checks": checks, "generators": kept.sides, "budgets": kept.budgets, "unsettled_reservations": kept.unsettled }),
    ) {
        members.extend(more);
    }
    Answer::json(&shown)
}
