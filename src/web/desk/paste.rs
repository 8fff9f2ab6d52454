//! Handing a request in by hand: paste it, and see its brief a moment later on the same page. Own file because it does what `opspilot
//! submit` does, by the same function. INVARIANT: sending the same form twice makes one request.

use super::layout::{self, Here};
use super::shown::{Screen, Shown};
use super::visit::Visit;
use crate::domain::id::RequestId;
use crate::policy::{Action, Resource};
use crate::store::StoreError;
use crate::web::api::{briefs, submit};
use crate::web::problem::Refused;
use maud::{Markup, html};

/// Longest text that the form takes, in UTF-16 units, as browsers count; a form of it is never larger than the desk takes.
pub(super) const LONGEST: usize = 200_000;

pub(super) async fn show(visit: Visit) -> Result<Shown, Refused> {
    let below = match visit.call.query.get("request") {
        Some(id) => Some(standing(&visit, &id.parse()?).await?),
        None => None,
    };
    if let (true, Some(below)) = (visit.part, &below) {
        return Ok(Shown::Part(below.clone()));
    }
    let may = |pilot: &&crate::domain::pilot::Pilot| {
        visit.call.permit(Action::RequestSubmit, &Resource::pilot(&pilot.name, &pilot.tenant)).is_ok()
    };
    let pilots: Vec<&str> = visit.call.app.web.pilots.iter().filter(may).map(|pilot| pilot.name.as_str()).collect();
    let once = RequestId::new(visit.call.app.web.clock.now(), visit.call.app.web.store.chance());
    let body = html! {
        @if pilots.is_empty() {
            p { "You may hand nothing in: no pilot lets you." }
        } @else {
            form.card method="post" action="/paste" {
                (visit.key())
                input type="hidden" name="once" value=(once.suffix());
                @if let [only] = pilots.as_slice() {
                    input type="hidden" name="pilot" value=(only);
                } @else {
                    label.field { span { "Pilot" } select name="pilot" { @for pilot in &pilots { option value=(pilot) { (pilot) } } } }
                }
                label.field {
                    span { "The request, as it reached you" }
                    textarea id="text" name="text" rows="10" required dir="auto" maxlength=(LONGEST) {}
                    small { "An e-mail, a note of a call, a form. It is screened like everything that comes in." }
                }
                button.primary { "Make a brief" }
            }
        }
        @if let Some(below) = &below { (below) }
    };
    Ok(Shown::Page(Screen { title: "Paste a request".into(), here: Some(Here::Paste), body }))
}

pub(super) async fn hand_in(visit: Visit) -> Result<Shown, Refused> {
    let text = visit.form.get("text").unwrap_or_default().to_owned();
    // The same words out of the same form are one request; other words out of it are another.
    let digest = opspilot_sdk::sha256_hex(text.as_bytes());
    let key = format!("{} {}", visit.form.get("once").unwrap_or_default(), digest.get(..32).unwrap_or_default());
    let accepted = submit::hand_in(&visit.call, visit.form.get("pilot").unwrap_or_default(), text, &key).await?;
    Ok(Shown::Go { to: format!("/paste?request={}", accepted.request()), said: None })
}

/// What became of a request that was handed in, as far as it got.
async fn standing(visit: &Visit, id: &RequestId) -> Result<Markup, Refused> {
    let store = &visit.call.app.web.store;
    let view = store.request(id).await?;
    let mut resource =
        Resource::within(crate::policy::Kind::Request, id.as_str(), &view.request.tenant, &view.request.pilot);
    resource.submitter.clone_from(&view.request.submitter);
    visit.call.see(Action::RequestRead, &resource)?;
    let address = format!("/paste?request={id}");
    let brief = match store.brief(&id.brief()).await {
        Ok(row) => Some(row),
        Err(StoreError::NotFound { .. }) => None,
        Err(cause) => return Err(cause.into()),
    };
    if let Some(row) = brief.filter(|row| visit.call.would_see(Action::BriefRead, &briefs::seen(row))) {
        let content = briefs::content(&visit.call, &row).await?;
        let said = |value: &serde_json::Value| layout::plain(value.as_str().unwrap_or_default());
        return Ok(html! {
            section.card id="handed-in" aria-label="The brief" {
                h2 { "The brief" }
                p dir="auto" { (said(&content["workflow_summary"]["text"])) }
                p.row {
                    span.tag { "priority " (row.score) " · " (said(&content["priority"]["band"])) }
                    span.tag { "risk " (row.risk) }
                    span.tag { (row.state) }
                }
                @if let Some(actions) = content["next_actions"].as_array().filter(|actions| !actions.is_empty()) {
                    h3 { "Next" }
                    ol { @for action in actions { li dir="auto" { (said(&action["text"])) } } }
                }
                p { a.button.primary href={ "/briefs/" (row.id) } { "Open the brief" } }
            }
        });
    }
    let waits = matches!(view.state, "queued" | "drafting" | "retrying");
    let words = match view.state {
        "queued" | "drafting" | "retrying" => "Taken in. The brief is being drafted.",
        "held" => "Taken in, and held: a person looks at what the screening found before it goes on.",
        "duplicate" => "Taken in. It says the same as an earlier request, so no second brief is drafted.",
        _ => "Taken in.",
    };
    Ok(html! {
        section.card id="handed-in" aria-label="The brief" hx-get=[waits.then_some(&address)] hx-trigger=[waits.then_some("load delay:700ms")] hx-swap="outerHTML" {
            p role="status" { (words) }
            @if let Some(message) = &view.message { p { (layout::plain(message)) } }
            p.row {
                a href=(address) { "Look again" }
                a href={ "/requests/" (id) } { "What happens to it" }
            }
        }
    })
}
