//! The pages of a brief: reading it, its rest on demand, the difference of two revisions. Own file because here the pieces become pages.
//! INVARIANT: a page is made of one reading, so that what is approved is what is shown.

use super::bar::{self, Typed};
use super::next::Trail;
use super::sheet::Sheet;
use super::{diff, head, next, plan, request, says, standing};
use crate::domain::id::BriefId;
use crate::domain::review::ReviewState;
use crate::web::api::{briefs, requests};
use crate::web::desk::layout::{Here, moment, plain};
use crate::web::desk::shown::{Said, Screen, Shown};
use crate::web::desk::visit::Visit;
use crate::web::problem::Refused;
use axum::http::StatusCode;
use maud::{Markup, html};

/// What a page of a brief has besides the brief.
pub(super) struct More {
    /// What was refused, and why.
    pub(super) notice: Option<Markup>,
    /// What was typed then.
    pub(super) typed: Option<Typed>,
    pub(super) status: StatusCode,
}

impl Default for More {
    fn default() -> Self {
        Self { notice: None, typed: None, status: StatusCode::OK }
    }
}

/// `GET /briefs/{id}`.
pub(in crate::web) async fn show(visit: Visit) -> Result<Shown, Refused> {
    let number = visit.call.query.number("revision", 1, u64::from(u32::MAX))?;
    let number = number.and_then(|number| u32::try_from(number).ok());
    let mut sheet = Sheet::read(&visit.call, number).await?;
    sheet.trail = Trail::of(&visit);
    brief(&visit, &sheet, More::default()).await
}

/// The whole page.
pub(super) async fn brief(visit: &Visit, sheet: &Sheet, more: More) -> Result<Shown, Refused> {
    let content = sheet.veiled()?;
    let key = visit.key();
    let said = says::said(&content, sheet.text());
    let checked = briefs::checked(&visit.call, &sheet.row).await?;
    let checked = checked.and_then(|check| check["words"].as_str().map(str::to_owned));
    let around = next::around(&visit.call, &sheet.row, &sheet.trail).await;
    let body = html! {
        div.brief-page data-brief=(sheet.id) {
            (standing::watch(sheet))
            @if let Some(notice) = &more.notice { (notice) }
            @if let Some(words) = &checked { p.notice { (words) } }
            (before(visit, sheet, &key).await)
            (head::head(sheet, &content, &key))
            (bar::window(sheet, &key))
            div.two {
                article.brief aria-label="The brief" { (said.body) }
                (request::section(sheet, &said.cited, &key))
            }
            (bar::bar(sheet, &key, more.typed.as_ref(), around.place()))
            @if checked.is_none() { (planned(sheet, &key)) }
            (plan::writes(sheet.id.as_str(), &sheet.writes, sheet.may.writes, &key, |at| moment(at, &sheet.zone)))
            (bar::decisions(sheet))
            (diff::revisions(sheet))
            (around.links(&sheet.trail))
        }
    };
    Ok(at(more.status, title(sheet), body))
}

/// What would be written, the record it goes to, and approving it for a brief that is approved already.
fn planned(sheet: &Sheet, key: &Markup) -> Markup {
    let Some(shown) = &sheet.plan else { return html! {} };
    let (have, need) = shown.approvals;
    let wants_plan = sheet.row.state == ReviewState::Approved && have < need;
    html! {
        @if sheet.stands() && !matches!(sheet.row.state, ReviewState::Rejected | ReviewState::Withdrawn) {
            (plan::plan(shown))
            @if wants_plan && sheet.may.approve && let Some(hash) = &shown.hash {
                form method="post" action=(format!("/briefs/{}/plan", sheet.id)) {
                    (key)
                    button.primary type="submit" name="plan" value=(hash) { "Have plan " (plan::short(hash)) " carried out" }
                }
            }
            @if sheet.is_editable() && sheet.may.approve { (target(sheet, shown, key)) }
        }
    }
}

/// Naming the record that the brief goes to.
fn target(sheet: &Sheet, shown: &crate::writeback::Shown, key: &Markup) -> Markup {
    let items = shown.plan.items.iter().map(|item| item.sink.as_str());
    let mut sinks: Vec<&str> = items.chain(shown.plan.left_out.iter().map(|left| left.sink.as_str())).collect();
    sinks.sort_unstable();
    sinks.dedup();
    html! {
        @if !sinks.is_empty() {
            details.target {
                summary { "Name the record yourself" }
                form method="post" action=(format!("/briefs/{}/target", sheet.id)) {
                    (key)
                    div.row {
                        label.field { span { "In" } select name="sink" { @for sink in &sinks { option value=(sink) { (sink) } } } }
                        label.field { span { "Record, as it is named there; empty takes a name away" } input name="record" maxlength="200" autocomplete="off"; }
                        button type="submit" { "Name it" }
                    }
                }
            }
        }
    }
}

/// The brief that was decided on just now, when this page was come to from it: what became of it, by its own words, and what can still be
/// taken back. Read from the store: an address that names a brief makes the page say what is so of that one and nothing else.
async fn before(visit: &Visit, sheet: &Sheet, key: &Markup) -> Markup {
    let known = visit.call.query.get("after").and_then(|word| BriefId::parse(word).ok());
    let Some(id) = known.filter(|id| *id != sheet.id) else { return html! {} };
    let web = &visit.call.app.web;
    let Ok(row) = web.store.brief(&id).await else { return html! {} };
    if !visit.call.would_see(crate::policy::Action::BriefRead, &briefs::seen(&row)) {
        return html! {};
    }
    let Ok(view) = web.store.request(&id.request()).await else { return html! {} };
    let decided = web.store.decisions(&id).await.unwrap_or_default();
    let mine = decided.iter().any(|made| made.person == visit.call.caller.user && made.digest == row.digest);
    let state = match row.state {
        ReviewState::Open if mine => "Your approval counts, more are needed",
        ReviewState::Open => return html! {},
        ReviewState::Amending => "Marked for small changes",
        ReviewState::Redrafting => "Being drafted again",
        ReviewState::Approved => "Approved",
        ReviewState::Rejected => "Rejected",
        ReviewState::Withdrawn => "Withdrawn",
    };
    let filter = crate::store::WriteFilter { brief: Some(id.to_string()), limit: 100, ..Default::default() };
    let writes = web.store.writes(&filter).await.map(|page| page.items).unwrap_or_default();
    let leaving = bar::Leaving::of(&writes);
    let pilot = crate::policy::Resource::within(crate::policy::Kind::Pilot, &row.pilot, &row.tenant, &row.pilot);
    let may_stop = visit.call.permit(crate::policy::Action::WritebackCancel, &pilot).is_ok();
    let row = requests::row(&visit.call.app, &view);
    let subject = row["subject"].as_str().map(str::trim).filter(|subject| !subject.is_empty()).map(str::to_owned);
    let subject = subject.or_else(|| requests::first_words(&visit.call.app, &view.request));
    html! {
        div.said.before role="status" {
            p {
                (state) ": " a href=(format!("/briefs/{id}")) { bdi { (plain(&head::cut(subject.as_deref().unwrap_or("a request without words")))) } } ". "
                (leaving.told(sheet.now, &sheet.zone))
            }
            @if leaving.first.is_some() && may_stop {
                form.inline method="post" action=(format!("/briefs/{id}/writes")) {
                    (key) button type="submit" name="do" value="take_back" data-key="u" data-key-text="Take the last approval's writes back" { "Take it back" }
                }
            }
        }
    }
}

/// `GET /briefs/{id}/text`: the rest of a long text.
pub(in crate::web) async fn text(visit: Visit) -> Result<Shown, Refused> {
    let from = visit.call.query.number("from", 0, u64::from(u32::MAX))?.unwrap_or(0);
    let sheet = Sheet::read(&visit.call, None).await?;
    let content = sheet.veiled()?;
    let said = says::said(&content, sheet.text());
    let more = request::stretch(&sheet, &said.cited, usize::try_from(from).unwrap_or(usize::MAX));
    if visit.part {
        return Ok(Shown::Part(more));
    }
    let body = html! {
        p { a href=(format!("/briefs/{}", sheet.id)) { "Back to the brief" } }
        div.brief-page { section.request { div.text dir="auto" { (more) } } }
    };
    Ok(at(StatusCode::OK, format!("Text: {}", title(&sheet)), body))
}

/// `GET /briefs/{id}/diff`.
pub(in crate::web) async fn compare(visit: Visit) -> Result<Shown, Refused> {
    let query = &visit.call.query;
    let (from, to) = (query.number("from", 1, u64::from(u32::MAX))?, query.number("to", 1, u64::from(u32::MAX))?);
    let sheet = Sheet::read(&visit.call, None).await?;
    let small = |number: Option<u64>| number.and_then(|number| u32::try_from(number).ok());
    let to = small(to).unwrap_or(sheet.row.revision);
    let from = small(from).unwrap_or(to.saturating_sub(1).max(1));
    let changes = diff::changes(&visit.call, &sheet, from, to).await?;
    let body = html! {
        p { a href=(format!("/briefs/{}", sheet.id)) data-key="b" data-key-text="Back to the brief" { "Back to the brief" } }
        p.quiet { "From revision " (from) " to revision " (to) ". What went is struck out, what came is underlined." }
        div.brief-page { (diff::shown(&changes)) (diff::revisions(&sheet)) }
    };
    Ok(at(StatusCode::OK, format!("Changes: {}", title(&sheet)), body))
}

/// The page of the form, beside the request.
pub(super) fn editing(
    sheet: &Sheet,
    key: &Markup,
    form: &Markup,
    notice: Option<Markup>,
    status: StatusCode,
) -> Result<Shown, Refused> {
    let content = sheet.veiled()?;
    let said = says::said(&content, sheet.text());
    let body = html! {
        div.brief-page.editing data-brief=(sheet.id) {
            @if let Some(notice) = notice { (notice) }
            (head::head(sheet, &content, key))
            (wished(sheet))
            div.two {
                article.brief aria-label="The brief, to be edited" {
                    p { a href=(sheet.trail.on(&format!("/briefs/{}", sheet.id))) #edit-done data-key="b" data-key-text="Back to the brief" { "Done: back to the brief" } }
                    (form)
                }
                (request::section(sheet, &said.cited, key))
            }
        }
    };
    Ok(at(status, format!("Edit: {}", title(sheet)), body))
}

/// The small changes that were asked for last, while they wait to be made.
fn wished(sheet: &Sheet) -> Markup {
    let minor = sheet.decisions.iter().rev().find(|made| made.verdict == "minor");
    let wished = minor.filter(|_| sheet.row.state == ReviewState::Amending);
    html! {
        @if let Some((made, comment)) = wished.and_then(|made| Some((made, made.comment.as_deref()?))) {
            div.notice #wished {
                p { b { "To change, as " bdi { (plain(sheet.name(&made.person))) } " asked: " } bdi { (plain(comment)) } }
            }
        }
    }
}

/// A part that a form in the page puts where it tells of itself.
pub(super) fn told(markup: &Markup, status: StatusCode) -> Shown {
    let part = html! { div #edit-told role="status" aria-live="polite" { (markup) } };
    Shown::At(status, Box::new(Shown::Part(part)))
}

/// Why something was refused.
pub(super) fn refusal(refused: &Refused) -> Markup {
    html! {
        div.notice.bad role="alert" {
            p { b { "Not done: " } (plain(&refused.detail)) " " a href=(format!("/docs/errors/{}", refused.code)) { (refused.code) } }
        }
    }
}

/// A page with nothing but this.
pub(super) fn plainly(title: &str, body: Markup) -> Shown {
    at(StatusCode::OK, title.to_owned(), html! { div.brief-page { (body) } })
}

/// To the brief that is next in the queue, where the one that was decided on is named with what became of it; to that one when nothing waits.
pub(super) async fn onward(visit: &Visit, id: &BriefId, said: Said) -> Shown {
    let trail = Trail::of(visit);
    let to = match visit.call.app.web.store.brief(id).await {
        Ok(row) => next::around(&visit.call, &row, &trail).await.onward(),
        Err(_) => None,
    };
    match to {
        Some(to) => Shown::Go { to: trail.on(&format!("/briefs/{to}?after={id}")), said: None },
        None => Shown::Go { to: trail.on(&format!("/briefs/{id}")), said: Some(said) },
    }
}

fn at(status: StatusCode, title: String, body: Markup) -> Shown {
    let page = Shown::Page(Screen { title, here: Some(Here::Queue), body });
    if status == StatusCode::OK { page } else { Shown::At(status, Box::new(page)) }
}

/// What the request is called.
fn title(sheet: &Sheet) -> String {
    let subject = sheet.seen.as_ref().and_then(|seen| seen.particulars.subject.as_deref());
    // Without one, its first words stand for it.
    let first = requests::first_line(sheet.text());
    let subject = subject.map(str::trim).filter(|subject| !subject.is_empty()).map(str::to_owned).or(first);
    head::cut(subject.as_deref().unwrap_or("A request without words"))
}
