//! The briefs before and after one in the queue, so that many can be cleared without going back to the list. Own file because the order is the
//! queue's. INVARIANT: only what waits for a decision and what the reader may see.

use crate::domain::id::BriefId;
use crate::domain::review::ReviewState;
use crate::policy::Action;
use crate::store::{BriefRow, QueueFilter, QueuePlace};
use crate::web::call::Call;
use crate::web::page::reach;
use maud::{Markup, html};

/// How many from the top of the queue are looked through, and how many behind a brief that stands further down.
const TOP: u32 = 100;
const BEHIND: u32 = 10;

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
    let now = call.app.web.clock.now();
    let ask = |after: Option<QueuePlace>, limit: u32| {
        let filter = QueueFilter {
            pilots: pilots.clone(),
            me: call.caller.user.clone(),
            after,
            limit,
            now,
            ..QueueFilter::default()
        };
        async move {
            let Ok(page) = call.app.web.store.queue(&filter, None).await else { return Vec::new() };
            // What is being drafted again waits for nobody.
            let waits = |other: &BriefRow| other.state != ReviewState::Redrafting && other.id != row.id;
            page.items.into_iter().map(|item| item.brief).filter(waits).collect()
        }
    };
    let here = place(row);
    let top: Vec<BriefRow> = ask(None, TOP).await;
    let order = |row: &BriefRow| {
        let place = place(row);
        (place.lane, place.brief.to_string())
    };
    let at = top.partition_point(|other| order(other) < (here.lane, here.brief.to_string()));
    let id = |at: Option<usize>| at.and_then(|at| top.get(at)).map(|row| row.id.clone());
    let mut around = Around { before: id(at.checked_sub(1)), after: id(Some(at)), first: id(Some(0)) };
    if at == top.len() && top.len() + 1 >= usize::try_from(TOP).unwrap_or(usize::MAX) {
        let behind: Vec<BriefRow> = ask(Some(here), BEHIND).await;
        around.after = behind.first().map(|row| row.id.clone());
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
