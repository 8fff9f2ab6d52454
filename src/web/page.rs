//! Pages of a list, over exactly the pilots that the caller may see. INVARIANT: neither an item nor a cursor tells of anything outside
//! those pilots.

use super::answer::Answer;
use super::call::Call;
use super::problem::Refused;
use crate::domain::id::NotAnId;
use crate::policy::{Action, Resource};
use crate::store::{Page, StoreError};
use serde::Serialize;
use serde_json::{Value, json};
use std::str::FromStr;

const DEFAULT_LIMIT: u64 = 50;
/// Items of a page at most.
pub(super) const MOST: u64 = 200;

/// Which part of a list is asked for.
pub(super) struct Wanted {
    /// The pilots to look in; `None`: everywhere.
    pilots: Option<Vec<String>>,
    pub(super) limit: u32,
    pub(super) after: Option<String>,
}

impl Wanted {
    /// Reads `pilot`, `limit` and `cursor`, and asks the policy what the caller may see.
    pub(super) fn read<Id: FromStr<Err = NotAnId>>(call: &Call, action: Action) -> Result<Self, Refused> {
        let limit = call.query.number("limit", 1, MOST)?.unwrap_or(DEFAULT_LIMIT);
        let limit = u32::try_from(limit).unwrap_or(u32::MAX);
        let after = call.query.owned("cursor");
        if let Some(cursor) = &after {
            Id::from_str(cursor)?;
        }
        Ok(Self { pilots: reach(call, action, call.query.get("pilot"))?, limit, after })
    }

    /// Asks pilot by pilot and lays the pages together, newest first.
    pub(super) async fn gather<T, F>(
        &self,
        mut ask: impl FnMut(Option<String>) -> F,
        id: impl Fn(&T) -> String,
    ) -> Result<Page<T>, Refused>
    where
        F: Future<Output = Result<Page<T>, StoreError>>,
    {
        let Some(pilots) = &self.pilots else { return Ok(ask(None).await?) };
        let (mut items, mut more) = (Vec::new(), false);
        for pilot in pilots {
            let page = ask(Some(pilot.clone())).await?;
            more |= page.next.is_some();
            items.extend(page.items);
        }
        items.sort_by_key(|item| std::cmp::Reverse(id(item)));
        let limit = usize::try_from(self.limit).unwrap_or(usize::MAX);
        more |= items.len() > limit;
        items.truncate(limit);
        let next = if more { items.last().map(&id) } else { None };
        Ok(Page { items, next })
    }
}

/// The pilots in which the caller may do `action`; `None`: everywhere.
pub(super) fn reach(call: &Call, action: Action, wanted: Option<&str>) -> Result<Option<Vec<String>>, Refused> {
    let everywhere = match call.permit(action, &Resource::system()) {
        Ok(_leave) => return Ok(wanted.map(|pilot| vec![pilot.to_owned()])),
        Err(denied) => denied,
    };
    let known = call.app.web.pilots.iter().filter(|pilot| wanted.is_none_or(|wanted| wanted == pilot.name));
    let may = |pilot: &&crate::domain::pilot::Pilot| {
        call.permit(action, &Resource::pilot(&pilot.name, &pilot.tenant)).is_ok()
    };
    let pilots: Vec<String> = known.filter(may).map(|pilot| pilot.name.clone()).collect();
    match wanted {
        Some(wanted) if pilots.is_empty() => Err(Refused::missing("pilot", wanted)),
        None if pilots.is_empty() => Err(everywhere.into()),
        _ => Ok(Some(pilots)),
    }
}

/// A page as the client sees it.
pub(super) fn answer<T>(page: &Page<T>, show: impl Fn(&T) -> Value) -> Result<Answer, Refused> {
    let items: Vec<Value> = page.items.iter().map(show).collect();
    whole(&items, page.next.as_deref())
}

/// A list that is one page.
pub(super) fn whole(items: &[impl Serialize], next: Option<&str>) -> Result<Answer, Refused> {
    Answer::json(&json!({ "items": items, "next": next }))
}
