//! Editing in place, and saving what was typed as a new revision. Own file because here typed words are kept whatever happens. INVARIANT: what
//! was typed comes back with every refusal; an edit names the revision it was made upon, and upon another it is shown beside what changed and
//! laid upon it, never saved by itself; that nothing was changed is said only when what stands is what the form shows.

use super::draft::{Draft, Wrong};
use super::form::{self, Sheet as Form};
use super::lay::{self, Clash};
use super::next::Trail;
use super::page::More;
use super::sheet::Sheet;
use super::{diff, page, shape};
use crate::brief::{self, Content};
use crate::domain::review::Illegal;
use crate::policy::Action;
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
    let mut sheet = Sheet::read(&visit.call, None).await?;
    sheet.trail = Trail::of(&visit);
    // Whoever would be refused afterwards is told before they type.
    visit.call.app.web.review.may(&visit.call.caller, Action::BriefEdit, &sheet.row)?;
    if !sheet.is_editable() {
        let illegal = Illegal::NotOpen { state: sheet.row.state, remedy: "only an undecided brief can be edited" };
        return Err(illegal.into());
    }
    if let Some((by, until)) = sheet.held_by_another() {
        let refused = Refused::from(ReviewError::Claimed { by: sheet.name(by).to_owned(), until });
        let more = More { notice: Some(page::refusal(&refused)), status: refused.status, ..More::default() };
        return page::brief(&visit, &sheet, more).await;
    }
    let draft = sheet.draft();
    let form = form::form(&Form { unsaved: false, ..given(&visit, &sheet, &sheet.revision, &draft) });
    page::editing(&sheet, &visit.key(), &form, None, StatusCode::OK)
}

/// The form with words that are saved nowhere, upon a revision.
fn filled(
    visit: &Visit,
    sheet: &Sheet,
    upon: &RevisionRow,
    draft: &Draft,
    wrong: &[Wrong],
    clashes: &[Clash],
) -> Markup {
    form::form(&Form { wrong, clashes, ..given(visit, sheet, upon, draft) })
}

fn given<'a>(visit: &Visit, sheet: &'a Sheet, upon: &'a RevisionRow, draft: &'a Draft) -> Form<'a> {
    Form {
        to: format!("/briefs/{}/edit", sheet.id),
        from: &upon.digest,
        number: upon.number,
        draft,
        wrong: &[],
        clashes: &[],
        key: visit.key(),
        trail: &sheet.trail,
        unsaved: true,
    }
}

/// `POST /briefs/{id}/edit`.
pub(in crate::web) async fn save(visit: Visit) -> Result<Shown, Refused> {
    let call = &visit.call;
    let mut sheet = Sheet::read(call, None).await?;
    sheet.trail = Trail::of(&visit);
    let unsound = |wrong: Wrong| Refused::new(StatusCode::UNPROCESSABLE_ENTITY, "OP-9220", wrong.why);
    let pressed = visit.form.get("do").unwrap_or("save");
    let draft = Draft::read(|name| visit.form.all(name).collect()).map_err(unsound)?.stepped(pressed).trimmed();
    let from = visit.form.get("from").unwrap_or_default();
    let Some(upon) = sheet.revisions.iter().rev().find(|revision| revision.digest == from) else {
        let why = "the revision that was edited is not one of this brief; open the brief and edit it there";
        return Err(Refused::new(StatusCode::UNPROCESSABLE_ENTITY, "OP-9221", why));
    };
    let base = Content::from_json(&upon.content).map_err(|cause| briefs::unsound(&sheet.id, cause))?;
    let shown = serde_json::to_value(&base).map_err(|cause| briefs::unsound(&sheet.id, cause))?;
    let given = briefs::veil(call, &sheet.row, shown).await?;
    let edits = draft.edits(&base, &given);
    let typed = Typed { draft, upon, given, untouched: edits.as_ref().is_ok_and(Vec::is_empty) };
    if pressed == "lay" {
        return typed.laid(&visit, &sheet, StatusCode::OK).await;
    }
    let edits = match edits {
        Ok(edits) => edits,
        Err(wrong) => return typed.wrong(&visit, &sheet, &wrong),
    };
    if edits.is_empty() {
        // "Nothing was changed" is true of what stands, or it is not said: words that were taken back may have been saved meanwhile.
        if !says(&sheet, base) {
            return typed.laid(&visit, &sheet, StatusCode::CONFLICT).await;
        }
        return Ok(saved(&visit, &sheet, sheet.row.revision, &sheet.row.digest, pressed, false));
    }
    let pilot = sheet.row.pilot.clone();
    let boundary = call.app.web.boundaries.get(&pilot).ok_or(ReviewError::NoPilot { pilot })?;
    match call.app.web.review.edit(&call.caller, &sheet.id, from, &edits, boundary).await {
        Ok(edited) => Ok(saved(&visit, &sheet, edited.revision, &edited.digest, pressed, true)),
        Err(ReviewError::NothingChanged) => Ok(saved(&visit, &sheet, upon.number, &upon.digest, pressed, false)),
        Err(ReviewError::Illegal(Illegal::Moved { .. } | Illegal::NoRevision { .. })) => {
            // Read again: it may have moved between reading and writing.
            let sheet = Sheet { trail: sheet.trail, ..Sheet::read(call, None).await? };
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
    let Ok(mine) = brief::apply(base, edits) else { return false };
    sheet.revision.author == sheet.reader && says(sheet, mine)
}

/// Whether the revision that stands says exactly this.
fn says(sheet: &Sheet, mut content: Content) -> bool {
    content.unverified.clone_from(&sheet.content.unverified);
    content == sheet.content
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
    Shown::Go { to: sheet.trail.on(&to), said }
}

/// What a person typed, upon which revision, and what that said to them.
struct Typed<'a> {
    draft: Draft,
    upon: &'a RevisionRow,
    given: Value,
    /// The form came back as it was given, or was put back to that.
    untouched: bool,
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

    /// Upon a revision that was made meanwhile: what changed, and the form with these words laid upon it.
    async fn laid(&self, visit: &Visit, sheet: &Sheet, status: StatusCode) -> Result<Shown, Refused> {
        let changes = diff::changes(&visit.call, sheet, self.upon.number, sheet.row.revision).await?;
        let now = &sheet.revision;
        let mut since = sheet.revisions.iter().filter(|revision| revision.number > self.upon.number);
        let own = since.all(|revision| revision.author == sheet.reader);
        let notice = html! {
            div.notice.bad #moved {
                p {
                    b {
                        "Not saved: "
                        @if own { "you yourself" } @else { bdi { (plain(sheet.name(&now.author))) } }
                        " saved revision " (now.number) " meanwhile"
                        @if own { ", from this page or another" }
                        "."
                    }
                    " You began upon revision " (self.upon.number) ". What changed since:"
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
        let (laid, clashes) = if own && self.untouched {
            // One's own words of a moment ago, put back since: what is in the form is meant.
            lay::put_back(&self.draft, &Draft::of(&self.given), &sheet.draft())
        } else {
            lay::lay(&self.draft, &Draft::of(&self.given), &sheet.draft())
        };
        page::editing(sheet, &visit.key(), &filled(visit, sheet, now, &laid, &[], &clashes), Some(notice), status)
    }
}
