//! The queue: what waits for people, urgent first, with counts that agree with the list; and the views of it that people save. The desk
//! reads through [`read`], too.

use super::briefs::claim;
use crate::domain::id::UserId;
use crate::policy::Action;
use crate::review::{self, Queue, Waiting, Wanted};
use crate::store::{DropView, QueuePlace, SaveView, StoreError, ViewRow};
use crate::web::answer::Answer;
use crate::web::call::Call;
use crate::web::page::{self, MOST};
use crate::web::problem::Refused;
use axum::http::StatusCode;
use serde::Deserialize;
use serde_json::{Value, json};

/// Items of a page unless said otherwise.
const USUAL: u64 = 50;
/// The longest name of a view, in characters.
const MAX_NAME: usize = 60;

/// The filters that a call asks for: its own, or those of the view it names.
pub(in crate::web) async fn wanted(call: &Call) -> Result<Wanted, Refused> {
    let Some(name) = call.query.get("view") else { return Ok(Wanted::read(|key| call.query.get(key))?) };
    if Wanted::KEYS.iter().any(|key| call.query.get(key).is_some()) {
        let detail = "`view` goes alone; leave it out, or leave the other filters out";
        return Err(Refused::new(StatusCode::BAD_REQUEST, "OP-9004", detail));
    }
    let view = views(call).await?.into_iter().find(|view| view.name == name);
    Ok(Wanted::parse(&view.ok_or_else(|| Refused::missing("view", name))?.query)?)
}

/// The part of the queue that a call asks for, over exactly the pilots that its caller may see.
pub(in crate::web) async fn read(call: &Call, wanted: &Wanted) -> Result<Queue, Refused> {
    let web = &call.app.web;
    let limit = call.query.number("limit", 1, MOST)?.unwrap_or(USUAL);
    let after = call.query.get("cursor").map(str::parse::<QueuePlace>).transpose()?;
    let part = review::Part {
        principal: &call.caller,
        pilots: page::reach(call, Action::BriefRead, wanted.pilot.as_deref())?,
        after,
        limit: u32::try_from(limit).unwrap_or(u32::MAX),
        now: web.clock.now(),
    };
    Ok(review::queue(&web.store, &web.boundaries, wanted, part).await?)
}

pub(super) async fn list(call: Call) -> Result<Answer, Refused> {
    let wanted = wanted(&call).await?;
    let queue = read(&call, &wanted).await?;
    let page = &queue.page;
    let filters: serde_json::Map<String, Value> =
        wanted.pairs().map(|(name, value)| (name.to_owned(), value.into())).collect();
    Answer::json(&json!({
        "at": queue.now, "filters": filters, "items": queue.items.iter().map(row).collect::<Vec<_>>(),
        "next": page.next.as_ref().map(ToString::to_string), "total": page.tally.total(), "counts": page.tally,
        "unsearched": page.unsearched,
        "backlog": { "all": page.backlog.all, "mine": page.backlog.mine, "free": page.backlog.free, "oldest": page.backlog.oldest },
    }))
}

/// A brief in the queue.
fn row(item: &Waiting) -> Value {
    let (brief, request) = (&item.row.brief, &item.row.request);
    let mut held = claim(brief);
    if let (Some(name), Some(members)) = (&item.row.holder, held.as_object_mut()) {
        members.insert("name".into(), name.as_str().into());
    }
    json!({
        "id": brief.id, "request": request.id, "pilot": brief.pilot, "tenant": brief.tenant, "state": brief.state.as_str(),
        "revision": brief.digest, "number": brief.revision, "attempt": brief.attempt, "score": brief.score,
        "band": review::band(item.row.place.lane), "risk": brief.risk, "claim": held, "subject": item.particulars.subject, "title": item.title,
        "sender_name": item.particulars.sender_name, "organisation": item.particulars.organisation,
        "received_at": request.received_at, "opened_at": brief.opened_at, "updated_at": brief.updated_at,
    })
}

/// The caller's views. Whoever may see no brief has none to look at.
pub(in crate::web) async fn views(call: &Call) -> Result<Vec<ViewRow>, Refused> {
    page::reach(call, Action::BriefRead, None)?;
    Ok(call.app.web.store.views(&call.caller.user).await?)
}

fn person(call: &Call) -> Result<UserId, Refused> {
    // A part of the program has no desk.
    UserId::parse(&call.caller.user).map_err(|_| Refused::missing("user", &call.caller.user))
}

/// Saves a view of the caller's, in the place of one of the same name; gives its filters as they are kept.
pub(in crate::web) async fn save(call: &Call, name: &str, query: &str) -> Result<String, Refused> {
    page::reach(call, Action::BriefRead, None)?;
    let name = name.trim();
    let fits = !name.is_empty() && name.chars().count() <= MAX_NAME && !name.chars().any(char::is_control);
    if !fits {
        let detail = format!("a view needs a name of 1 to {MAX_NAME} characters in one line");
        return Err(Refused::new(StatusCode::UNPROCESSABLE_ENTITY, "OP-9013", detail));
    }
    let (person, query) = (person(call)?, Wanted::parse(query)?.query());
    let view = SaveView { person, name: name.to_owned(), query: query.clone(), at: call.app.web.clock.now() };
    call.app.web.store.save_view(view).await?;
    Ok(query)
}

/// Drops a view of the caller's.
pub(in crate::web) async fn forget(call: &Call, name: &str) -> Result<(), Refused> {
    page::reach(call, Action::BriefRead, None)?;
    let drop = DropView { person: person(call)?, name: name.to_owned() };
    match call.app.web.store.drop_view(drop).await {
        Err(StoreError::NotFound { .. }) => Err(Refused::missing("view", name)),
        outcome => Ok(outcome?),
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct New {
    name: String,
    query: String,
}

fn view(view: &ViewRow) -> Value {
    json!({ "name": view.name, "query": view.query, "saved_at": view.at })
}

pub(super) async fn list_views(call: Call) -> Result<Answer, Refused> {
    page::whole(&views(&call).await?.iter().map(view).collect::<Vec<_>>(), None)
}

pub(super) async fn save_view(call: Call) -> Result<Answer, Refused> {
    let New { name, query } = call.json()?;
    let query = save(&call, &name, &query).await?;
    Answer::json(&json!({ "name": name.trim(), "query": query }))
}

pub(super) async fn drop_view(call: Call) -> Result<Answer, Refused> {
    let name = call.part("name").to_owned();
    forget(&call, &name).await?;
    Answer::json(&json!({ "name": name, "dropped": true }))
}
