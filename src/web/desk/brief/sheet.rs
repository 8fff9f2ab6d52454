//! Everything that the page of a brief shows, read once. Own file because page, form, difference and print view stand on the same reading.
//! INVARIANT: nobody gets a sheet who may not read the brief; what the boundary masks is masked in it, words of the brief included, unless the
//! reader may see what is masked.

use super::draft::Draft;
use super::next::Trail;
use super::plan::Rights;
use crate::brief::{Content, Generator};
use crate::domain::id::BriefId;
use crate::domain::review::ReviewState;
use crate::policy::Action;
use crate::review::Seen;
use crate::screen::Boundary;
use crate::store::{BriefRow, DecisionRow, FileRow, Request, RequestView, RevisionRow, WriteFilter, WriteRow};
use crate::web::api::briefs;
use crate::web::call::Call;
use crate::web::problem::Refused;
use crate::writeback::Shown;
use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde_json::Value;
use std::collections::BTreeMap;

/// A brief for one reader.
pub(super) struct Sheet {
    pub(super) id: BriefId,
    pub(super) row: BriefRow,
    /// Every revision, in order.
    pub(super) revisions: Vec<RevisionRow>,
    /// The one that is shown.
    pub(super) revision: RevisionRow,
    /// What it says, whole.
    pub(super) content: Content,
    /// The same as the reader may see it.
    pub(super) shown: Value,
    pub(super) generator: Generator,
    pub(super) view: RequestView,
    /// The request behind its masks; none when its pilot is no longer configured.
    pub(super) seen: Option<Seen>,
    /// The data boundary of its pilot.
    pub(super) boundary: Option<Boundary>,
    pub(super) files: Vec<FileRow>,
    pub(super) decisions: Vec<DecisionRow>,
    /// Names of people by identifier.
    pub(super) names: BTreeMap<String, String>,
    /// The plan as it would be now, for whoever may read it, when there is anything to say about it.
    pub(super) plan: Option<Shown>,
    pub(super) writes: Vec<WriteRow>,
    pub(super) may: May,
    pub(super) zone: TimeZone,
    pub(super) now: Timestamp,
    /// Who reads.
    pub(super) reader: String,
    /// The list of the queue that they came from.
    pub(super) trail: Trail,
}

/// What the policy lets the reader do with it, apart from where it stands.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct May {
    pub(super) edit: bool,
    pub(super) claim: bool,
    pub(super) takeover: bool,
    pub(super) approve: bool,
    pub(super) minor: bool,
    pub(super) major: bool,
    pub(super) reject: bool,
    pub(super) reveal: bool,
    pub(super) writes: Rights,
}

impl Sheet {
    /// Reads the brief of the path; `number` is the revision to show, the one that stands without it.
    ///
    /// # Errors
    /// As for a brief that is not there, for whoever may not read it.
    pub(super) async fn read(call: &Call, number: Option<u32>) -> Result<Self, Refused> {
        let (id, row) = briefs::find(call).await?;
        let web = &call.app.web;
        let revisions = web.store.revisions(&id).await?;
        let number = number.unwrap_or(row.revision);
        let revision = revisions.iter().find(|revision| revision.number == number).cloned();
        let revision = revision.ok_or_else(|| Refused::missing("revision", &number.to_string()))?;
        let content = Content::from_json(&revision.content).map_err(|cause| briefs::unsound(&id, cause))?;
        let shown = serde_json::to_value(&content).map_err(|cause| briefs::unsound(&id, cause))?;
        let shown = briefs::veil(call, &row, shown).await?;
        let generator = drafted(&revisions, number);
        let view = web.store.request(&id.request()).await?;
        let seen = match web.boundaries.get(&row.pilot) {
            Some(boundary) => Some(Seen::read(&web.store, &view.request, boundary).await?),
            None => None,
        };
        let files = if view.request.attachments == 0 { Vec::new() } else { web.store.files(&view.request.id).await? };
        let decisions = web.store.decisions(&id).await?;
        let plan = web.writeback.plan(&call.caller, &id).await.ok();
        let plan = plan.filter(|plan| !plan.plan.is_empty() || !plan.plan.left_out.is_empty());
        let writes = writes(call, &id, &row).await?;
        let may = may(call, &row, &view.request);
        let pilot = web.pilots.get(&row.pilot);
        let zone = pilot.map_or(TimeZone::UTC, |pilot| pilot.time_zone.clone());
        let row_pilot = row.pilot.clone();
        let mut sheet = Self {
            id,
            row,
            revisions,
            revision,
            content,
            shown,
            generator,
            view,
            seen,
            boundary: web.boundaries.get(&row_pilot).cloned(),
            files,
            decisions,
            names: BTreeMap::new(),
            plan,
            writes,
            may,
            zone,
            now: web.clock.now(),
            reader: call.caller.user.clone(),
            trail: Trail::default(),
        };
        sheet.names = sheet.named(call).await;
        Ok(sheet)
    }

    /// The text that is shown and that quotes point into.
    pub(super) fn text(&self) -> &str {
        self.seen.as_ref().map_or("", |seen| seen.text.as_str())
    }

    /// What it says as the reader may see it.
    pub(super) fn veiled(&self) -> Result<Content, Refused> {
        serde_json::from_value(self.shown.clone()).map_err(|cause| briefs::unsound(&self.id, cause))
    }

    /// The same, as it is put into a form.
    pub(super) fn draft(&self) -> Draft {
        Draft::of(&self.shown)
    }

    /// Whether the revision that is shown is the one that stands.
    pub(super) fn stands(&self) -> bool {
        self.revision.number == self.row.revision
    }

    /// Whether it can still be edited.
    pub(super) fn is_editable(&self) -> bool {
        matches!(self.row.state, ReviewState::Open | ReviewState::Amending)
    }

    /// Who holds it, when that is in force.
    pub(super) fn held(&self) -> Option<(&str, Timestamp)> {
        let (by, until) = self.row.claim.as_ref().filter(|(_, until)| *until > self.now)?;
        Some((by.as_str(), *until))
    }

    /// The same, when it is not the reader: nobody else may edit or decide then.
    pub(super) fn held_by_another(&self) -> Option<(&str, Timestamp)> {
        self.held().filter(|(by, _)| *by != self.reader)
    }

    /// What people call somebody.
    pub(super) fn name<'n>(&'n self, person: &'n str) -> &'n str {
        self.names.get(person).map_or(person, String::as_str)
    }

    async fn named(&self, call: &Call) -> BTreeMap<String, String> {
        let mut names = BTreeMap::new();
        let claim = self.row.claim.iter().map(|(by, _)| by);
        let people = self.decisions.iter().map(|made| &made.person);
        let authors = self.revisions.iter().map(|revision| &revision.author);
        let all = claim.chain(people).chain(authors).chain(self.writes.iter().map(|write| &write.person));
        for person in all {
            if person.starts_with("usr_")
                && !names.contains_key(person)
                && let Ok(known) = call.app.web.store.person(person).await
            {
                names.insert(person.clone(), known.name);
            }
        }
        names
    }
}

/// How the last draft before a revision came about: whoever edits by hand does not change that.
fn drafted(revisions: &[RevisionRow], number: u32) -> Generator {
    let draft = RevisionRow::draft_of(revisions, number);
    draft.and_then(|draft| serde_json::from_str(&draft.generator).ok()).unwrap_or_default()
}

/// The writes of a brief, for whoever may read them.
async fn writes(call: &Call, id: &BriefId, row: &BriefRow) -> Result<Vec<WriteRow>, Refused> {
    let about = crate::policy::Resource::pilot(&row.pilot, &row.tenant);
    if !call.would_see(Action::WritebackRead, &about) {
        return Ok(Vec::new());
    }
    let filter = WriteFilter { brief: Some(id.to_string()), limit: 100, ..WriteFilter::default() };
    let mut writes = call.app.web.store.writes(&filter).await?.items;
    writes.reverse();
    Ok(writes)
}

fn may(call: &Call, row: &BriefRow, request: &Request) -> May {
    let web = &call.app.web;
    let review = |action| web.review.may(&call.caller, action, row).is_ok();
    let writing = |action| web.writing.may(&call.caller, action, &row.pilot, &row.tenant);
    May {
        edit: review(Action::BriefEdit),
        claim: review(Action::ReviewClaim),
        takeover: review(Action::ReviewTakeover),
        approve: review(Action::ReviewApprove),
        minor: review(Action::ReviewMinor),
        major: review(Action::ReviewMajor),
        reject: review(Action::ReviewReject),
        reveal: web.review.may_reveal(&call.caller, request).is_ok(),
        writes: Rights {
            cancel: writing(Action::WritebackCancel),
            settle: writing(Action::WritebackSettle),
            undo: writing(Action::WritebackUndo),
        },
    }
}
