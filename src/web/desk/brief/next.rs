//! The briefs before and after one in the list of the queue that its reader came from, so that many can be cleared without going back to it. Own
//! file because the order is the queue's, and its filters go along from page to page. INVARIANT: only what waits for a decision, what the
//! reader may see, and what nobody else holds.

use crate::domain::form;
use crate::domain::id::BriefId;
use crate::domain::review::ReviewState;
use crate::policy::Action;
use crate::review::{self, Wanted};
use crate::store::{BriefRow, QueuePlace};
use crate::web::call::Call;
use crate::web::desk::visit::Visit;
use crate::web::page::reach;
use maud::{Markup, html};

/// How many from the top of the list are looked through, and how many behind a brief that stands further down.
const TOP: u32 = 100;
const BEHIND: u32 = 20;

/// The list of the queue that a reader came from, by its filters; all that waits, where they came from elsewhere.
#[derive(Clone, Debug, Default)]
pub(super) struct Trail(Wanted);

impl Trail {
    /// What the address or the form says; what is no list is none.
    pub(super) fn of(visit: &Visit) -> Self {
        let given = visit.form.get("in").or_else(|| visit.call.query.get("in"));
        Self(given.and_then(|query| Wanted::parse(query).ok()).unwrap_or_default())
    }

    /// An address of a brief that keeps to the list.
    pub(super) fn on(&self, address: &str) -> String {
        let query = self.0.query();
        if query.is_empty() {
            return address.to_owned();
        }
        let mark = if address.contains('?') { '&' } else { '?' };
        format!("{address}{mark}{}", form::query([("in", query.as_str())]))
    }

    /// The same for a form.
    pub(super) fn field(&self) -> Markup {
        let query = self.0.query();
        html! { @if !query.is_empty() { input type="hidden" name="in" value=(query); } }
    }

    /// Where the list stands.
    fn queue(&self) -> String {
        let query = self.0.query();
        if query.is_empty() { "/".to_owned() } else { format!("/?{query}") }
    }
}

/// Where one can go from a brief.
#[derive(Default)]
pub(super) struct Around {
    before: Option<BriefId>,
    after: Option<BriefId>,
    /// The first of the list.
    first: Option<BriefId>,
    /// Which of how many it is.
    place: Option<(usize, u32)>,
}

/// The neighbours of a brief in a list. A queue that cannot be read has none.
pub(super) async fn around(call: &Call, row: &BriefRow, trail: &Trail) -> Around {
    let wanted = &trail.0;
    let Ok(pilots) = reach(call, Action::BriefRead, wanted.pilot.as_deref()) else { return Around::default() };
    let web = &call.app.web;
    let ask = async |after: Option<QueuePlace>, limit: u32| {
        let part = review::Part { principal: &call.caller, pilots: pilots.clone(), after, limit, now: web.clock.now() };
        review::listed(&web.store, &web.boundaries, wanted, part).await
    };
    let Ok(page) = ask(None, TOP).await else { return Around::default() };
    // What is being drafted again waits for nobody, and what somebody else holds for them alone.
    let free = |other: &BriefRow| {
        let held = other.claim.as_ref().is_some_and(|(by, _)| *by != call.caller.user);
        other.state != ReviewState::Redrafting && other.id != row.id && !held
    };
    let top: Vec<&BriefRow> = page.items.iter().map(|item| &item.brief).collect();
    let here = place(row);
    let order = |place: &QueuePlace| (place.lane, place.brief.to_string());
    let at = page.items.partition_point(|item| order(&item.place) < order(&here));
    let (ahead, behind) = top.split_at(at.min(top.len()));
    let id = |row: &&BriefRow| row.id.clone();
    let mut around = Around {
        before: ahead.iter().rfind(|other| free(other)).map(id),
        after: behind.iter().find(|other| free(other)).map(id),
        first: top.iter().find(|other| free(other)).map(id),
        place: behind.first().filter(|first| first.id == row.id).map(|_| (at + 1, page.tally.total())),
    };
    if around.after.is_none()
        && let Some(end) = &page.next
    {
        let from = if order(&here) < order(end) { end.clone() } else { here };
        if let Ok(more) = ask(Some(from), BEHIND).await {
            around.after =
                more.items.iter().map(|item| &item.brief).find(|other| free(other)).map(|row| row.id.clone());
        }
    }
    around
}

/// Where a brief stands, or stood, in the queue: its band, then the oldest first.
fn place(row: &BriefRow) -> QueuePlace {
    let lane = match row.score {
        80.. => 0,
        60.. => 1,
        30.. => 2,
        _ => 3,
    };
    QueuePlace { lane, brief: row.id.clone() }
}

impl Around {
    /// Where to go after a decision: what comes next, from the top again at the end.
    pub(super) fn onward(self) -> Option<BriefId> {
        self.after.or(self.first)
    }

    /// Which of how many of its list the brief is, when it is among the first of it.
    pub(super) fn place(&self) -> Option<(usize, u32)> {
        self.place
    }

    /// Links to both.
    pub(super) fn links(&self, trail: &Trail) -> Markup {
        let to = |id: &BriefId| trail.on(&format!("/briefs/{id}"));
        html! {
            nav.around aria-label="Queue" {
                @if let Some(before) = &self.before {
                    a.button rel="prev" href=(to(before)) data-key="k" data-key-text="The brief before" { "Previous" }
                }
                @if let Some(after) = &self.after {
                    a.button rel="next" href=(to(after)) data-key="j" data-key-text="The next brief" { "Next" }
                }
                a.button href=(trail.queue()) data-key="q" data-key-text="To the queue" { "Queue" }
            }
        }
    }
}
