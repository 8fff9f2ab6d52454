//! The briefs before and after one in the queue, so that many can be cleared without going back to the list. Own file because the order is the
//! queue's. INVARIANT: only what waits for a decision and what the reader may see.

use crate::domain::id::BriefId;
use crate::policy::Action;
use crate::store::{BriefFilter, BriefRow};
use crate::web::call::Call;
use crate::web::page::reach;
use maud::{Markup, html};

/// How many of the queue are looked through.
const MOST: u32 = 200;

/// Where one can go from a brief.
#[derive(Default)]
pub(super) struct Around {
    before: Option<BriefId>,
    after: Option<BriefId>,
    /// The first of the queue.
    first: Option<BriefId>,
}

/// The neighbours of a brief in the queue. A queue that cannot be read has none.
pub(super) async fn around(call: &Call, row: &BriefRow) -> Around {
    let Ok(pilots) = reach(call, Action::BriefRead, None) else { return Around::default() };
    let mut rows: Vec<BriefRow> = Vec::new();
    for pilot in pilots.map_or_else(|| vec![None], |pilots| pilots.into_iter().map(Some).collect()) {
        let filter = BriefFilter { pilot, state: Some("undecided".into()), after: None, limit: MOST };
        let Ok(page) = call.app.web.store.briefs(&filter).await else { return Around::default() };
        rows.extend(page.items);
    }
    // What is being drafted again waits for nobody.
    rows.retain(|other| other.state != crate::domain::review::ReviewState::Redrafting && other.id != row.id);
    let place = |row: &BriefRow| (std::cmp::Reverse(row.score), row.opened_at, row.id.to_string());
    rows.sort_by_key(place);
    let here = rows.partition_point(|other| place(other) < place(row));
    let id = |at: Option<usize>| at.and_then(|at| rows.get(at)).map(|row| row.id.clone());
    Around { before: id(here.checked_sub(1)), after: id(Some(here)), first: id(Some(0)) }
}

impl Around {
    /// Where to go after a decision: what comes next, from the top again at the end.
    pub(super) fn onward(self) -> Option<BriefId> {
        self.after.or(self.first)
    }

    /// Links to both.
    pub(super) fn links(&self) -> Markup {
        html! {
            nav.around aria-label="Queue" {
                @if let Some(before) = &self.before {
                    a.button rel="prev" href=(format!("/briefs/{before}")) data-key="k" data-key-text="The brief before" { "Previous" }
                }
                @if let Some(after) = &self.after {
                    a.button rel="next" href=(format!("/briefs/{after}")) data-key="j" data-key-text="The next brief" { "Next" }
                }
                a.button href="/" data-key="q" data-key-text="To the queue" { "Queue" }
            }
        }
    }
}
