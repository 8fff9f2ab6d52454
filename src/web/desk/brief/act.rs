//! What a person does to a brief by a press of a button: hold it, decide, have writes stopped, settled or taken back, name a record, see what
//! is masked. Thin: the rooms do it. INVARIANT: a refusal shows the brief as it stands, what changed since it was seen, and keeps every word that
//! was typed; a press that comes twice does nothing twice.

use super::bar::Typed;
use super::next::Trail;
use super::page::{self, More};
use super::sheet::Sheet;
use super::{diff, plan};
use crate::domain::id::{BriefId, WriteId};
use crate::domain::review::{Illegal, ReviewState, Verdict};
use crate::domain::writeback::WriteState;
use crate::review::ReviewError;
use crate::store::StoreError;
use crate::web::api::briefs;
use crate::web::desk::layout::plain;
use crate::web::desk::shown::{Said, Shown};
use crate::web::desk::visit::Visit;
use crate::web::problem::Refused;
use crate::writeback::{ActError, Agreed, Became, WritingError};
use axum::http::StatusCode;
use maud::html;

/// `POST /briefs/{id}/claim`.
pub(in crate::web) async fn claim(visit: Visit) -> Result<Shown, Refused> {
    let id = briefs::known(&visit.call).await?;
    let review = &visit.call.app.web.review;
    let caller = &visit.call.caller;
    let said = match visit.form.get("do") {
        Some("let_go") => {
            review.let_go(caller, &id).await?;
            Said::LetGo
        }
        word => {
            review.claim(caller, &id, word == Some("take_over")).await?;
            Said::Held
        }
    };
    Ok(Shown::Go { to: Trail::of(&visit).on(&format!("/briefs/{id}")), said: Some(said) })
}

/// `POST /briefs/{id}/decide`.
pub(in crate::web) async fn decide(visit: Visit) -> Result<Shown, Refused> {
    let id = briefs::known(&visit.call).await?;
    let field = |name: &str| visit.form.get(name).unwrap_or_default();
    let given = |name: &str| Some(field(name)).filter(|text| !text.trim().is_empty());
    let (word, revision) = (field("decision"), field("revision"));
    let call = &visit.call;
    let planned = given("plan").is_some();
    let outcome = match Verdict::with(word, given("comment"), given("reason")) {
        Ok(verdict) => {
            let plan = given("plan").filter(|_| verdict == Verdict::Approve);
            call.app.web.review.decide(&call.caller, &id, &verdict, revision, plan).await
        }
        Err(illegal) => Err(illegal.into()),
    };
    let error = match outcome {
        Ok(decided) => {
            if let Some(check) = &decided.check {
                let said = if check.caught { Said::CheckSeen } else { Said::CheckMissed };
                return Ok(Shown::Go { to: Trail::of(&visit).on(&format!("/briefs/{id}")), said: Some(said) });
            }
            let said = match decided.state {
                ReviewState::Open => Said::Counted,
                ReviewState::Amending => {
                    let to = Trail::of(&visit).on(&format!("/briefs/{id}/edit"));
                    return Ok(Shown::Go { to, said: Some(Said::Amending) });
                }
                ReviewState::Redrafting => Said::Redrafting,
                ReviewState::Rejected => Said::Rejected,
                ReviewState::Approved if planned && kept_back(&visit, &id).await => Said::KeptBack,
                ReviewState::Approved | ReviewState::Withdrawn => Said::Approved,
            };
            return Ok(page::onward(&visit, &id, said).await);
        }
        Err(ReviewError::Denied(denied)) => return Err(denied.into()),
        Err(error) => error,
    };
    let mut sheet = Sheet::read(call, None).await?;
    sheet.trail = Trail::of(&visit);
    let moved = matches!(error, ReviewError::Illegal(Illegal::Moved { .. } | Illegal::NoRevision { .. }));
    let refused = Refused::from(error);
    call.app.refusals.keep(&visit.session.id, &refused, &format!("/briefs/{id}"));
    let status = refused.status;
    let seen = sheet.revisions.iter().find(|row| moved && row.digest == revision).map(|row| row.number);
    let changes = match seen {
        Some(seen) => Some(diff::changes(call, &sheet, seen, sheet.row.revision).await?),
        None => None,
    };
    let notice = html! {
        (page::refusal(&refused))
        @if let Some(changes) = changes {
            div.notice {
                p { "What changed since you saw it, by " bdi { (plain(sheet.name(&sheet.revision.author))) } ":" }
                (diff::shown(&changes))
            }
        }
    };
    let typed =
        Typed { decision: word.to_owned(), comment: field("comment").to_owned(), reason: field("reason").to_owned() };
    page::brief(&visit, &sheet, More { notice: Some(notice), typed: Some(typed), status }).await
}

/// Whether something that was just approved cannot be sent as things stand.
async fn kept_back(visit: &Visit, id: &BriefId) -> bool {
    visit.call.app.web.writeback.hindered(id).await.is_ok_and(|hindered| !hindered.is_empty())
}

/// `POST /briefs/{id}/writes`.
pub(in crate::web) async fn writes(visit: Visit) -> Result<Shown, Refused> {
    let id = briefs::known(&visit.call).await?;
    let to = format!("/briefs/{id}");
    let web = &visit.call.app.web;
    let caller = &visit.call.caller;
    let act = visit.form.get("do").unwrap_or_default();
    if act == "take_back" {
        return take_back(&visit, to).await;
    }
    let write: WriteId = visit.form.get("write").unwrap_or_default().parse()?;
    // A write of another brief is none here.
    if web.store.write(&write).await?.brief != id {
        return Err(Refused::missing("write", write.as_str()));
    }
    let far_id = visit.form.get("far_id").map(str::trim).filter(|name| !name.is_empty()).map(str::to_owned);
    let done = match act {
        "cancel" => web.writing.cancel(caller, &write).await.map(|_| Said::Stopped),
        "retry" => web.writing.retry(caller, &write).await.map(|_| Said::Again),
        "went" => web.writing.settle(caller, &write, Became::Went { far_id }).await.map(|_| Said::Settled),
        "did_not_go" => web.writing.settle(caller, &write, Became::DidNotGo).await.map(|_| Said::Settled),
        "undo" | "undo_all_the_same" => {
            let force = act == "undo_all_the_same";
            return match web.writeback.undo(caller, &write, force, visit.form.get("plan")).await {
                // Asked twice: it is being taken back already.
                Ok(_) | Err(ActError::Store(StoreError::Conflict { .. })) => {
                    Ok(Shown::Go { to, said: Some(Said::Undoing) })
                }
                Err(error) => Err(error.into()),
            };
        }
        _ => {
            let detail = "there is no such thing to do with a write; go back and press one of its buttons";
            return Err(Refused::new(StatusCode::UNPROCESSABLE_ENTITY, "OP-9220", detail));
        }
    };
    match done {
        Ok(said) => Ok(Shown::Go { to, said: Some(said) }),
        // Pressed twice, or somebody else was quicker: the page shows where it stands.
        Err(WritingError::Store(StoreError::Conflict { .. } | StoreError::Stale { .. })) => {
            Ok(Shown::Go { to, said: Some(Said::Elsewhere) })
        }
        Err(error) => Err(error.into()),
    }
}

/// Stops every write of the brief that has not left.
async fn take_back(visit: &Visit, to: String) -> Result<Shown, Refused> {
    let sheet = Sheet::read(&visit.call, None).await?;
    let waiting = sheet.writes.iter().filter(|write| write.state == WriteState::Waiting && write.undo_of.is_none());
    let (mut stopped, mut gone) = (0, 0);
    for write in waiting {
        match visit.call.app.web.writing.cancel(&visit.call.caller, &write.id).await {
            Ok(_) => stopped += 1,
            Err(WritingError::Store(StoreError::Conflict { .. } | StoreError::Stale { .. })) => gone += 1,
            Err(error) => return Err(error.into()),
        }
    }
    let said = match (stopped, gone) {
        (0, 0) => Said::NothingWaits,
        (_, 0) => Said::TakenBack,
        _ => Said::Elsewhere,
    };
    Ok(Shown::Go { to, said: Some(said) })
}

/// `GET /briefs/{id}/undo`: what taking a write back would send, before it is asked for.
pub(in crate::web) async fn way_back(visit: Visit) -> Result<Shown, Refused> {
    let sheet = Sheet::read(&visit.call, None).await?;
    let web = &visit.call.app.web;
    let write: WriteId = visit.call.query.owned("write").unwrap_or_default().parse()?;
    if !sheet.writes.iter().any(|row| row.id == write) {
        return Err(Refused::missing("write", write.as_str()));
    }
    let undo = web.writeback.undo_plan(&visit.call.caller, &write).await?;
    let story = web.writing.story(&write).await?;
    let press = |act: &str, label: &str| {
        html! {
            form.inline method="post" action=(format!("/briefs/{}/writes", sheet.id)) {
                (visit.key())
                input type="hidden" name="write" value=(write);
                input type="hidden" name="plan" value=(undo.hash);
                button.primary type="submit" name="do" value=(act) { (label) }
            }
        }
    };
    let body = html! {
        p { a href=(format!("/briefs/{}#{write}", sheet.id)) { "Back to the brief" } }
        p { "This would be sent, to the byte, as " code title=(undo.hash) { (plan::short(&undo.hash)) } ":" }
        @if undo.kind.leaves_the_house() { p.unsure { "It goes to somebody outside." } }
        (plan::request(&undo.planned.call))
        @if !story.sides.is_empty() { h2 { "The record" } (plan::sides(&story.sides)) }
        p { "Before it is sent the record is looked at. When it is no longer as we left it, nothing is sent and you are asked." }
        p.acts {
            (press("undo", "Take it back"))
            @if story.undo.as_ref().is_some_and(|undo| undo.state == WriteState::Differs) {
                " " (press("undo_all_the_same", "Take it back all the same"))
            }
        }
    };
    Ok(page::plainly("Take it back", body))
}

/// `POST /briefs/{id}/plan`: approves the plan of a brief that is approved already.
pub(in crate::web) async fn approve_plan(visit: Visit) -> Result<Shown, Refused> {
    let id = briefs::known(&visit.call).await?;
    let hash = visit.form.get("plan").unwrap_or_default();
    match visit.call.app.web.writeback.approve(&visit.call.caller, &id, hash).await {
        Ok(Agreed { approvals: (have, need), hindered }) => {
            let said = match (have >= need, hindered.is_empty()) {
                (true, true) => Said::Approved,
                (true, false) => Said::KeptBack,
                (false, _) => Said::Counted,
            };
            Ok(Shown::Go { to: format!("/briefs/{id}"), said: Some(said) })
        }
        Err(ActError::Denied(denied)) => Err(denied.into()),
        Err(error) => {
            let refused = Refused::from(error);
            let status = refused.status;
            let sheet = Sheet::read(&visit.call, None).await?;
            page::brief(&visit, &sheet, More { notice: Some(page::refusal(&refused)), status, ..More::default() }).await
        }
    }
}

/// `POST /briefs/{id}/target`: names the record that the brief goes to.
pub(in crate::web) async fn target(visit: Visit) -> Result<Shown, Refused> {
    let id = briefs::known(&visit.call).await?;
    let (sink, record) = (visit.form.get("sink").unwrap_or_default(), visit.form.get("record").unwrap_or_default());
    let record = Some(record.trim()).filter(|record| !record.is_empty());
    visit.call.app.web.writing.target(&visit.call.caller, &id, sink, record).await?;
    Ok(Shown::Go { to: format!("/briefs/{id}#plan"), said: Some(Said::Saved) })
}

/// `POST /briefs/{id}/reveal`: the values behind masks; on record first, and never kept by anything on the way.
pub(in crate::web) async fn reveal(visit: Visit) -> Result<Shown, Refused> {
    let sheet = Sheet::read(&visit.call, None).await?;
    let pilot = sheet.row.pilot.clone();
    let boundary = sheet.boundary.as_ref().ok_or(ReviewError::NoPilot { pilot })?;
    let wanted: Result<Vec<u32>, _> = visit.form.all("finding").map(str::parse).collect();
    let wanted = wanted.map_err(|_| {
        Refused::new(StatusCode::UNPROCESSABLE_ENTITY, "OP-9220", "a finding is named by its number; tick the boxes")
    })?;
    let review = &visit.call.app.web.review;
    let revealed = review.reveal(&visit.call.caller, &sheet.view.request.id, boundary, &wanted).await?;
    let body = html! {
        p { a href=(format!("/briefs/{}", sheet.id)) { "Back to the brief" } " · that you saw these is on record" }
        @if revealed.is_empty() { p { "Nothing is masked." } } @else {
            div.scroll tabindex="0" role="region" aria-label="Values" {
                table {
                    thead { tr { th scope="col" { "What" } th scope="col" { "Where" } th scope="col" { "Value" } } }
                    tbody {
                        @for one in &revealed {
                            tr {
                                td { (one.kind) }
                                td { @if let Some(file) = one.attachment { "file " (file) ", " } "bytes " (one.start) " to " (one.end) }
                                td { code.value dir="auto" { (plain(&one.value)) } }
                            }
                        }
                    }
                }
            }
        }
    };
    Ok(page::plainly("Values behind the masks", body))
}
