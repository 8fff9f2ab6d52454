//! Whether what is on the screen still stands, asked when a person comes back to it. Own file because it is the one part of the page that looks
//! again. INVARIANT: when revision, plan or state have moved on, the way to approve what is on the screen is taken away.

use super::sheet::Sheet;
use crate::web::api::briefs;
use crate::web::desk::shown::Shown;
use crate::web::desk::visit::Visit;
use crate::web::problem::Refused;
use maud::{Markup, html};

/// The part of the page that looks again when its window has the focus again.
pub(super) fn watch(sheet: &Sheet) -> Markup {
    let hash = sheet.plan.as_ref().and_then(|plan| plan.hash.as_deref()).unwrap_or_default();
    html! { @if sheet.stands() { (asking(sheet.id.as_str(), &sheet.revision.digest, hash, sheet.row.state.as_str())) } }
}

fn asking(id: &str, digest: &str, hash: &str, state: &str) -> Markup {
    let address = format!("/briefs/{id}/standing?revision={digest}&plan={hash}&state={state}");
    html! {
        div #standing role="status" hx-get=(address) hx-trigger="focus from:window" hx-swap="outerHTML" {}
    }
}

/// `GET /briefs/{id}/standing`.
pub(in crate::web) async fn look(visit: Visit) -> Result<Shown, Refused> {
    if !visit.part {
        // Opened as a page, it is one: that of its brief.
        let id = briefs::known(&visit.call).await?;
        return Ok(Shown::Go { to: format!("/briefs/{id}"), said: None });
    }
    let (id, row) = briefs::find(&visit.call).await?;
    let query = &visit.call.query;
    let given = |name: &str| query.get(name).unwrap_or_default();
    let plan = visit.call.app.web.writeback.plan(&visit.call.caller, &id).await.ok();
    let hash = plan.and_then(|plan| plan.hash).unwrap_or_default();
    let moved = match () {
        () if row.digest != given("revision") => Some("Somebody saved another revision meanwhile."),
        () if row.state.as_str() != given("state") => Some("Somebody decided on it meanwhile."),
        () if hash != given("plan") => Some("The plan of what would be written is another one now."),
        () => None,
    };
    Ok(Shown::Part(match moved {
        None => asking(id.as_str(), &row.digest, &hash, row.state.as_str()),
        Some(why) => html! {
            div #standing .notice role="status" {
                p { b { (why) } " What is on this page no longer stands. " a href=(format!("/briefs/{id}")) { "Show what stands now" } }
            }
            div #act-approve hx-swap-oob="delete" {}
        },
    }))
}
