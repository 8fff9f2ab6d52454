//! Briefs as they are read.

use super::requests::masked;
use crate::brief::{self, Brief, Content, Generator};
use crate::domain::id::BriefId;
use crate::policy::{Action, Kind, Resource};
use crate::review::Check;
use crate::screen::{Boundary, screen};
use crate::store::{BriefFilter, BriefRow, RevisionRow};
use crate::web::answer::Answer;
use crate::web::call::Call;
use crate::web::page::{self, Wanted};
use crate::web::problem::Refused;
use serde_json::{Map, Value, json};

const STATES: [&str; 7] = ["open", "amending", "redrafting", "approved", "rejected", "withdrawn", "undecided"];

/// What the policy is asked about a brief that is looked at.
pub(in crate::web) fn seen(row: &BriefRow) -> Resource {
    let mut resource = Resource::within(Kind::Brief, row.id.as_str(), &row.tenant, &row.pilot);
    resource.submitter.clone_from(&row.submitter);
    resource
}

/// A brief, when the caller may see it.
pub(in crate::web) async fn find(call: &Call) -> Result<(BriefId, BriefRow), Refused> {
    let id: BriefId = call.id()?;
    let row = call.app.web.store.brief(&id).await?;
    call.see(Action::BriefRead, &seen(&row))?;
    Ok((id, row))
}

/// The same for whoever is about to act on it: the act asks for its own leave, here only whether the person knows of it.
pub(in crate::web) async fn known(call: &Call) -> Result<BriefId, Refused> {
    let id: BriefId = call.id()?;
    let row = call.app.web.store.brief(&id).await?;
    if call.would_see(Action::BriefRead, &seen(&row)) { Ok(id) } else { Err(Refused::missing("brief", id.as_str())) }
}

pub(super) async fn list(call: Call) -> Result<Answer, Refused> {
    let wanted = Wanted::read::<BriefId>(&call, Action::BriefRead)?;
    let state = call.query.word("state", &STATES)?;
    let store = &call.app.web.store;
    let ask = |pilot| {
        let filter = BriefFilter { pilot, state: state.clone(), after: wanted.after.clone(), limit: wanted.limit };
        async move { store.briefs(&filter).await }
    };
    let page = wanted.gather(ask, |row| row.id.to_string()).await?;
    page::answer(&page, row)
}

/// A brief in a list. `revision` is what a decision names.
fn row(row: &BriefRow) -> Value {
    json!({
        "id": row.id, "request": row.id.request(), "pilot": row.pilot, "tenant": row.tenant, "state": row.state.as_str(),
        "revision": row.digest, "number": row.revision, "attempt": row.attempt, "score": row.score, "risk": row.risk,
        "claim": claim(row), "opened_at": row.opened_at, "updated_at": row.updated_at,
    })
}

pub(super) fn claim(row: &BriefRow) -> Value {
    row.claim.as_ref().map_or(Value::Null, |(by, until)| json!({ "by": by, "until": until }))
}

pub(in crate::web) fn unsound(id: &BriefId, cause: impl std::fmt::Display) -> Refused {
    Refused::fault(format!("a revision of {id} cannot be read: {cause}"))
}

/// A revision without its content.
pub(super) fn revision(row: &RevisionRow) -> Value {
    let generator = serde_json::from_str::<Value>(&row.generator).unwrap_or(Value::Null);
    json!({ "number": row.number, "revision": row.digest, "author": row.author, "generator": generator, "at": row.at })
}

pub(super) async fn show(call: Call) -> Result<Answer, Refused> {
    let (id, row) = find(&call).await?;
    let store = &call.app.web.store;
    let revisions = store.revisions(&id).await?;
    let stands = revisions.iter().find(|revision| revision.number == row.revision);
    let stands = stands.ok_or_else(|| unsound(&id, "the one that stands is not there"))?;
    let content = Content::from_json(&stands.content).map_err(|cause| unsound(&id, cause))?;
    let generator: Generator = serde_json::from_str(&stands.generator).map_err(|cause| unsound(&id, cause))?;
    let request = store.request(&id.request()).await?.request;
    let brief = Brief {
        brief: id.to_string(),
        request: request.id.to_string(),
        revision: row.revision,
        generator,
        hand: None,
        content,
    };
    let mut shown = serde_json::to_value(&brief).map_err(|cause| unsound(&id, cause))?;
    let content = serde_json::to_value(&brief.content).map_err(|cause| unsound(&id, cause))?;
    if let (Some(members), Value::Object(veiled)) = (shown.as_object_mut(), veil(&call, &row, content).await?) {
        members.extend(veiled);
    }
    let mut held = claim(&row);
    if let (Some((by, _)), Some(members)) = (&row.claim, held.as_object_mut()) {
        let name = store.person(by).await.map_or_else(|_| by.clone(), |person| person.name);
        members.insert("name".into(), name.into());
    }
    let more = json!({
        "state": row.state.as_str(), "digest": row.digest, "pilot": row.pilot, "tenant": row.tenant, "attempt": row.attempt,
        "author": stands.author, "claim": held, "text": masked(&call.app, &row.pilot, &request.text), "submitter": row.submitter,
        "opened_at": row.opened_at, "updated_at": row.updated_at, "attention_check": checked(&call, &row).await?,
    });
    if let (Some(members), Value::Object(more)) = (shown.as_object_mut(), more) {
        members.extend(more);
    }
    Answer::json(&shown)
}

/// The content that stands, as its reader sees it.
pub(in crate::web) async fn content(call: &Call, row: &BriefRow) -> Result<Value, Refused> {
    let revisions = call.app.web.store.revisions(&row.id).await?;
    let stands = revisions.iter().find(|revision| revision.number == row.revision);
    let stands = stands.ok_or_else(|| unsound(&row.id, "the one that stands is not there"))?;
    let content = Content::from_json(&stands.content).map_err(|cause| unsound(&row.id, cause))?;
    veil(call, row, serde_json::to_value(&content).map_err(|cause| unsound(&row.id, cause))?).await
}

/// What a planted draft showed, once it is decided; before that nothing tells.
pub(in crate::web) async fn checked(call: &Call, row: &BriefRow) -> Result<Option<Value>, Refused> {
    if !row.planted {
        return Ok(None);
    }
    let probe = call.app.web.store.probe_of(&row.id).await?;
    Ok(probe.as_ref().and_then(Check::of).as_ref().map(super::decide::check))
}

/// What a brief quotes, for its reader: behind the masks of its pilot's present boundary, unless the reader may see what is masked. A
/// request that was released unmasked, or before the boundary became stricter, has values in its brief.
pub(in crate::web) async fn veil(call: &Call, row: &BriefRow, content: Value) -> Result<Value, Refused> {
    fn cover(value: Value, boundary: &Boundary) -> Value {
        match value {
            Value::String(text) => Value::String(screen(&text, boundary).text.into_owned()),
            Value::Array(items) => items.into_iter().map(|item| cover(item, boundary)).collect(),
            Value::Object(members) => {
                members.into_iter().map(|(name, member)| (name, cover(member, boundary))).collect::<Map<_, _>>().into()
            }
            other => other,
        }
    }
    let request = call.app.web.store.request(&row.id.request()).await?.request;
    if call.app.web.review.may_reveal(&call.caller, &request).is_ok() {
        return Ok(content);
    }
    let closed = Boundary::closed();
    Ok(cover(content, call.app.web.boundaries.get(&row.pilot).unwrap_or(&closed)))
}

pub(super) async fn revisions(call: Call) -> Result<Answer, Refused> {
    let (id, brief) = find(&call).await?;
    let mut items = Vec::new();
    for row in call.app.web.store.revisions(&id).await? {
        let mut shown = revision(&row);
        if let Some(members) = shown.as_object_mut() {
            let content = serde_json::from_slice::<Value>(&row.content).map_err(|cause| unsound(&id, cause))?;
            members.insert("content".into(), veil(&call, &brief, content).await?);
        }
        items.push(shown);
    }
    page::whole(&items, None)
}

pub(super) async fn diff(call: Call) -> Result<Answer, Refused> {
    let (id, row) = find(&call).await?;
    let to = call.query.number("to", 1, u64::from(u32::MAX))?.unwrap_or(u64::from(row.revision));
    let from = call.query.number("from", 1, u64::from(u32::MAX))?.unwrap_or(to.saturating_sub(1).max(1));
    let revisions = call.app.web.store.revisions(&id).await?;
    let content = |number: u64| {
        let row = revisions.iter().find(|row| u64::from(row.number) == number);
        let row = row.ok_or_else(|| Refused::missing("revision", &number.to_string()))?;
        Content::from_json(&row.content).map_err(|cause| unsound(&id, cause))
    };
    let changes = brief::diff(&content(from)?, &content(to)?);
    let changes = serde_json::to_value(&changes).map_err(|cause| unsound(&id, cause))?;
    let changes = veil(&call, &row, changes).await?;
    Answer::json(&json!({ "brief": id, "from": from, "to": to, "changes": changes }))
}
