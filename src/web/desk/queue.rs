//! The queue: what waits for a person. Own file because it is the screen that everything else is reached from.

use super::layout::{self, Here};
use super::shown::{Screen, Shown};
use super::visit::Visit;
use crate::policy::Action;
use crate::store::BriefFilter;
use crate::web::page::reach;
use crate::web::problem::Refused;
use jiff::tz::TimeZone;
use maud::html;

/// How many are shown.
const MOST: u32 = 50;

pub(super) async fn show(visit: Visit) -> Result<Shown, Refused> {
    let pilots = reach(&visit.call, Action::BriefRead, visit.call.query.get("pilot"))?;
    let store = &visit.call.app.web.store;
    let mut rows = Vec::new();
    for pilot in pilots.map_or_else(|| vec![None], |pilots| pilots.into_iter().map(Some).collect()) {
        let filter = BriefFilter { pilot, state: Some("undecided".into()), after: None, limit: MOST };
        rows.extend(store.briefs(&filter).await?.items);
    }
    rows.sort_by_key(|row| (std::cmp::Reverse(row.score), row.opened_at));
    rows.truncate(usize::try_from(MOST).unwrap_or(usize::MAX));
    let body = html! {
        @if rows.is_empty() {
            p { "Nothing waits for a decision." }
        } @else {
            ul.cards {
                @for row in &rows {
                    li.card {
                        a href={ "/briefs/" (row.id) } { (row.id) }
                        p.quiet { "score " (row.score) " · " (row.risk) " · since " (layout::moment(row.opened_at, &TimeZone::UTC)) }
                    }
                }
            }
        }
    };
    Ok(Shown::Page(Screen { title: "Queue".into(), here: Some(Here::Queue), body }))
}
