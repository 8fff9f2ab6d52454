//! Editing in place, and saving what was typed as a new revision. Own file because here typed words are kept whatever happens. INVARIANT: what
//! was typed comes back with every refusal; an edit names the revision it was made upon, and upon another it is shown beside what changed and
//! laid upon it, never saved by itself.

use super::draft::{Draft, Wrong};
use super::form::{self, Sheet as Form};
use super::lay::{self, Clash};
use super::sheet::Sheet;
use super::{diff, page, shape};
use crate::brief::{self, Content};
use crate::domain::review::Illegal;
use crate::review::ReviewError;
use crate::store::RevisionRow;
use crate::web::api::briefs;
use crate::web::desk::layout::plain;
use crate::web::desk::shown::{Said, Shown};
use crate::web::desk::visit::Visit;
use crate::web::problem::Refused;
use axum::http::StatusCode;
use maud::{Markup, html};
use serde_json::Value;

/// `GET /briefs/{id}/edit`.
pub(in crate::web) async fn show(visit: Visit) -> Result<Shown, Refused> {
    let sheet = Sheet::read(&visit.call, None).await?;
    if !sheet.is_editable() {
        let illegal = Illegal::NotOpen { state: sheet.row.state, remedy: "only an undecided brief can be edited" };
        return Err(illegal.into());
    }
    let draft = sheet.draft();
    let form = filled(&visit, &sheet, &sheet.revision, &draft, &[], &[]);
    page::editing(&sheet, &visit.key(), &form, None, StatusCode::OK)
}

/// The form, upon a revision.
fn filled(
    visit: &Visit,
    sheet: &Sheet,
    upon: &RevisionRow,
    draft: &Draft,
    wrong: &[Wrong],
    clashes: &[Clash],
) -> Markup {
    form::form(&Form {
        to: format!("/briefs/{}/edit", sheet.id),
        from: &upon.digest,
        number: upon.number,
        draft,
        wrong,
        clashes,
        key: visit.key(),
    })
}

/// `POST /briefs/{id}/edit`.
pub(in crate::web) async fn save(visit: Visit) -> Result<Shown, Refused> {
    let call = &visit.call;
    let sheet = Sheet::read(call, None).await?;
    let unsound = |wrong: Wrong| Refused::new(StatusCode::UNPROCESSABLE_ENTITY, "OP-9220", wrong.why);
    let pressed = visit.form.get("do").unwrap_or("save");
    let draft = Draft::read(|name| visit.form.all(name).collect()).map_err(unsound)?.stepped(pressed).trimmed();
    let from = visit.form.get("from").unwrap_or_default();
    let Some(upon) = sheet.revisions.iter().rev().find(|revision| revision.digest == from) else {
        let why = "the revision that was edited is not one of this brief; open the brief and edit it there";
        return Err(Refused::new(StatusCode::UNPROCESSABLE_ENTITY, "OP-9221", why));
    };
    let base = Content::from_json(&upon.content).map_err(|cause| briefs::unsound(&sheet.id, cause))?;
    let given = serde_json::to_value(&base).map_err(|cause| briefs::unsound(&sheet.id, cause))?;
    let given = briefs::veil(call, &sheet.row, given).await?;
    let typed = Typed { draft, upon, given };
    if pressed == "lay" {
        return typed.laid(&visit, &sheet, StatusCode::OK).await;
    }
    let edits = match typed.draft.edits(&base, &typed.given) {
        Ok(edits) => edits,
        Err(wrong) => return typed.wrong(&visit, &sheet, &wrong),
    };
    if edits.is_empty() {
        return Ok(saved(&visit, &sheet, upon.number, &upon.digest, pressed, false));
    }
    let pilot = sheet.row.pilot.clone();
    let boundary = call.app.web.boundaries.get(&pilot).ok_or(ReviewError::NoPilot { pilot })?;
    match call.app.web.review.edit(&call.caller, &sheet.id, from, &edits, boundary).await {
        Ok(edited) => Ok(saved(&visit, &sheet, edited.revision, &edited.digest, pressed, true)),
        Err(ReviewError::NothingChanged) => Ok(saved(&visit, &sheet, upon.number, &upon.digest, pressed, false)),
        Err(ReviewError::Illegal(Illegal::Moved { .. })) => {
            // Read again: it may have moved between reading and writing.
            let sheet = Sheet::read(call, None).await?;
            if is_that(&sheet, &base, &edits) {
                // The same words were saved already, and the answer was lost on its way, or the button was pressed twice.
                return Ok(saved(&visit, &sheet, sheet.row.revision, &sheet.row.digest, pressed, true));
            }
            typed.laid(&visit, &sheet, StatusCode::CONFLICT).await
        }
        Err(ReviewError::Edit(error)) => {
            let place = if error.path.is_empty() { "The brief".to_owned() } else { shape::named(&error.path) };
            let wrong = Wrong { place, why: format!("{}; {} ({})", error.problem, error.remedy, error.code) };
            typed.wrong(&visit, &sheet, &[wrong])
        }
        Err(error) => typed.refused(&visit, &sheet, error.into()),
    }
}

/// Whether the revision that stands is the reader's own and says what these edits make of `base`.
fn is_that(sheet: &Sheet, base: &Content, edits: &[brief::Edit]) -> bool {
    let Ok(mut mine) = brief::apply(base, edits) else { return false };
    mine.unverified.clone_from(&sheet.content.unverified);
    sheet.revision.author == sheet.reader && mine == sheet.content
}

/// What came of saving.
fn saved(visit: &Visit, sheet: &Sheet, number: u32, digest: &str, pressed: &str, new: bool) -> Shown {
    if visit.part {
        return Shown::Part(html! {
            output #saved role="status" aria-live="polite" data-from=(digest) data-number=(number) {
                @if new { "Saved as revision " (number) } @else { "Nothing to save" }
            }
        });
    }
    let said = Some(if new { Said::Saved } else { Said::NothingToSave });
    // Who moved an entry goes on editing.
    let to = if pressed == "save" { format!("/briefs/{}", sheet.id) } else { format!("/briefs/{}/edit", sheet.id) };
    Shown::Go { to, said }
}

/// What a person typed, upon which revision, and what that said to them.
struct Typed<'a> {
    draft: Draft,
    upon: &'a RevisionRow,
    given: Value,
}

impl Typed<'_> {
    fn wrong(&self, visit: &Visit, sheet: &Sheet, wrong: &[Wrong]) -> Result<Shown, Refused> {
        let status = StatusCode::UNPROCESSABLE_ENTITY;
        if visit.part {
            let told = html! {
                div.notice.bad { p { b { "Not saved. " } } ul { @for wrong in wrong { li { b { (wrong.place) } ": " (wrong.why) } } } }
            };
            return Ok(page::told(&told, status));
        }
        page::editing(sheet, &visit.key(), &filled(visit, sheet, self.upon, &self.draft, wrong, &[]), None, status)
    }

    /// Refused for another reason: the words stay in the form.
    fn refused(&self, visit: &Visit, sheet: &Sheet, refused: Refused) -> Result<Shown, Refused> {
        let status = refused.status;
        let notice = page::refusal(&refused);
        if visit.part {
            return Ok(page::told(&notice, status));
        }
        let form = filled(visit, sheet, self.upon, &self.draft, &[], &[]);
        page::editing(sheet, &visit.key(), &form, Some(notice), status)
    }

    /// Upon a revision that somebody else made meanwhile: what they changed, and the form with these words laid upon it.
    async fn laid(&self, visit: &Visit, sheet: &Sheet, status: StatusCode) -> Result<Shown, Refused> {
        let changes = diff::changes(&visit.call, sheet, self.upon.number, sheet.row.revision).await?;
        let now = &sheet.revision;
        let notice = html! {
            div.notice.bad #moved {
                p {
                    b { "Not saved: " bdi { (plain(sheet.name(&now.author))) } " saved revision " (now.number) " meanwhile." }
                    " You began upon revision " (self.upon.number) ". What they changed:"
                }
                (diff::shown(&changes))
                @if visit.part {
                    p.acts { button.primary type="submit" form="edit" name="do" value="lay" { "Lay my changes upon revision " (now.number) } }
                    p { "What you typed stays in the form until then." }
                } @else {
                    p { "Your changes are laid upon it below. Look them over, then save." }
                }
            }
        };
        if visit.part {
            return Ok(page::told(&notice, status));
        }
        let (laid, clashes) = lay::lay(&self.draft, &Draft::of(&self.given), &sheet.draft());
        page::editing(sheet, &visit.key(), &filled(visit, sheet, now, &laid, &[], &clashes), Some(notice), status)
    }
}
