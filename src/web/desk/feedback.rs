//! What stands in people's way: the small form below every screen, the list of what was said, and one with its timeline. Own file because
//! the form is part of the frame. INVARIANT: what a person may not see is not attached, whatever the form says.

use super::layout;
use super::shown::{Said, Screen, Shown};
use super::visit::Visit;
use crate::domain::id::FeedbackId;
use crate::feedback;
use crate::policy::{Action, Resource};
use crate::store::{FeedbackFilter, FeedbackRow};
use crate::web::page::reach;
use crate::web::problem::Refused;
use jiff::tz::TimeZone;
use maud::{Markup, html};

/// How many are shown.
const MOST: u32 = 100;

/// The form below every screen. The item is read off the path, which the person sees in the address.
pub(super) fn form(key: &Markup, path: &str) -> Markup {
    let item = path.split('/').find(|part| part.starts_with("req_") || part.starts_with("brf_")).unwrap_or_default();
    html! {
        details.friction.no-print {
            summary { "Report friction" }
            form method="post" action="/feedback" {
                (key)
                input type="hidden" name="screen" value=(path);
                input type="hidden" name="item" value=(item);
                label.field {
                    span { "What did you want to do, and what stood in the way?" }
                    textarea name="text" rows="3" required maxlength="4000" dir="auto" {}
                    small { "The screen, the item, where it stands, its last receipt and what was refused to you last are attached." }
                }
                button { "Send" }
            }
        }
    }
}

pub(super) async fn give(visit: Visit) -> Result<Shown, Refused> {
    let field = |name: &str| visit.form.get(name).unwrap_or_default().to_owned();
    let item = Some(field("item")).filter(|item| !item.is_empty());
    let refusal = visit.call.app.refusals.take(&visit.session.id);
    let said = feedback::Said { screen: field("screen"), item, text: field("text"), refusal };
    let id = visit.call.app.web.feedback.give(&visit.call.caller, said).await?;
    Ok(Shown::Go { to: format!("/feedback/{id}"), said: Some(Said::FeedbackGiven) })
}

pub(super) async fn list(visit: Visit) -> Result<Shown, Refused> {
    let call = &visit.call;
    let store = &call.app.web.store;
    // Who answers sees what everybody said there; everybody sees their own.
    let mut rows: Vec<FeedbackRow> = Vec::new();
    let own = FeedbackFilter { person: Some(call.caller.user.clone()), limit: MOST, ..FeedbackFilter::default() };
    rows.extend(store.feedbacks(&own).await?.items);
    if let Ok(pilots) = reach(call, Action::FeedbackRead, None) {
        for pilot in pilots.map_or_else(|| vec![None], |pilots| pilots.into_iter().map(Some).collect()) {
            let filter = FeedbackFilter { pilot, limit: MOST, ..FeedbackFilter::default() };
            rows.extend(store.feedbacks(&filter).await?.items);
        }
    }
    rows.sort_by(|one, other| other.id.cmp(&one.id));
    rows.dedup_by(|one, other| one.id == other.id);
    let body = html! {
        @if rows.is_empty() {
            p { "Nobody has said that anything stands in the way." }
        } @else {
            ul.cards {
                @for row in &rows {
                    li.card {
                        p { a href={ "/feedback/" (row.id) } { (layout::plain(&layout::cut(&row.text, 200))) } }
                        p.quiet { span.tag { (row.state) } " " (layout::moment(row.at, &TimeZone::UTC)) " · on " (layout::plain(&layout::cut(&row.screen, 120))) }
                    }
                }
            }
        }
    };
    Ok(Shown::Page(Screen { title: "Feedback".into(), here: None, body }))
}

pub(super) async fn show(visit: Visit) -> Result<Shown, Refused> {
    let call = &visit.call;
    let id: FeedbackId = call.id()?;
    let (row, events) = call.app.web.feedback.show(&call.caller, &id).await?;
    let resource = if row.pilot.is_empty() { Resource::system() } else { Resource::pilot(&row.pilot, &row.tenant) };
    let answers = call.permit(Action::FeedbackAnswer, &resource).is_ok() && row.state != "closed";
    let mut said = Vec::new();
    for event in &events {
        let name =
            call.app.web.store.person(&event.person).await.map_or_else(|_| event.person.clone(), |person| person.name);
        said.push((name, event));
    }
    let fact = |label: &str, value: &str| {
        html! { @if !value.is_empty() { dt { (label) } dd { (layout::plain(value)) } } }
    };
    let linked = |label: &str, value: &str, to: Option<String>| {
        html! {
            @if !value.is_empty() {
                dt { (label) }
                dd { @match to { Some(to) => a href=(to) { (layout::plain(value)) }, None => (layout::plain(value)) } }
            }
        }
    };
    let body = html! {
        ol.cards {
            @for (name, event) in &said {
                li.card {
                    p.quiet { strong { (layout::plain(name)) } " · " (event.kind) " · " (layout::moment(event.at, &TimeZone::UTC)) }
                    @if !event.text.is_empty() { p dir="auto" { (layout::plain(&event.text)) } }
                }
            }
        }
        dl.facts {
            (fact("State", &row.state))
            (linked("Screen", &row.screen, local(&row.screen).then(|| row.screen.clone())))
            (linked("Item", &row.item, item(&row.item)))
            (fact("It stood", &row.step)) (fact("Last answer", &row.decision)) (fact("Last receipt", &row.receipt)) (fact("Pilot", &row.pilot))
        }
        @if answers {
            form.card method="post" action={ "/feedback/" (row.id) "/answer" } {
                (visit.key())
                label.field { span { "Answer" } textarea name="text" rows="3" maxlength="4000" dir="auto" {} }
                p.row {
                    button.primary { "Answer" }
                    button formaction={ "/feedback/" (row.id) "/close" } { "Close" }
                }
            }
        }
        p { a href="/feedback" { "All feedback" } }
    };
    Ok(Shown::Page(Screen { title: "Feedback".into(), here: None, body }))
}

/// Whether it is a path of this desk: what a form said was its screen, and nothing else.
fn local(screen: &str) -> bool {
    screen.starts_with('/')
        && !screen.starts_with("//")
        && screen.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"/_-?=&.%".contains(&byte))
}

/// Where a request or a brief is shown.
fn item(named: &str) -> Option<String> {
    if named.bytes().any(|byte| !(byte.is_ascii_alphanumeric() || byte == b'_')) {
        return None;
    }
    if named.starts_with("brf_") {
        return Some(format!("/briefs/{named}"));
    }
    named.starts_with("req_").then(|| format!("/requests/{named}"))
}

pub(super) async fn answer(visit: Visit) -> Result<Shown, Refused> {
    settle(visit, false).await
}

pub(super) async fn close(visit: Visit) -> Result<Shown, Refused> {
    settle(visit, true).await
}

async fn settle(visit: Visit, closes: bool) -> Result<Shown, Refused> {
    let id: FeedbackId = visit.call.id()?;
    let text = visit.form.get("text").unwrap_or_default();
    visit.call.app.web.feedback.answer(&visit.call.caller, &id, text, closes).await?;
    Ok(Shown::Go { to: format!("/feedback/{id}"), said: None })
}
