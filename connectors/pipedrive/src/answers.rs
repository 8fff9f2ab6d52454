//! What Pipedrive shows, as images. Own file because it is pure, and because its answers must be read with distrust: `success` must be
//! there, an empty list of version 1 is `null`, and a deleted thing may still be shown.

use crate::place::{self, Place};
use crate::plan::changed;
use opspilot_sdk::plain::{folded, text_of_html};
use opspilot_sdk::{ActionKind, Look, Write};
use serde_json::{Map, Value};

/// The member `data` of an answer that says that it is one; `None` when this is no answer of Pipedrive's.
pub(crate) fn data(body: &Value) -> Option<&Value> {
    let is_answer = body.get("success").and_then(Value::as_bool) == Some(true);
    body.get("data").filter(|_| is_answer)
}

/// The things of a list.
pub(crate) fn list(body: &Value) -> Option<Vec<Value>> {
    match data(body)? {
        Value::Null => Some(Vec::new()),
        Value::Array(all) => Some(all.clone()),
        _ => None,
    }
}

/// Where a list goes on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Next {
    /// Nowhere: this was all.
    End,
    /// At this place in the list (version 1).
    Start(u64),
    /// Behind this mark (version 2).
    Cursor(String),
}

/// Where a list goes on; `None` when that cannot be told.
pub(crate) fn next(body: &Value) -> Option<Next> {
    let page = body.get("additional_data")?;
    match page.get("next_cursor") {
        Some(Value::Null) => return Some(Next::End),
        Some(cursor) => return cursor.as_str().map(|cursor| Next::Cursor(cursor.to_owned())),
        None => {}
    }
    let page = page.get("pagination")?;
    match page.get("more_items_in_collection")?.as_bool()? {
        false => Some(Next::End),
        true => page.get("next_start")?.as_u64().map(Next::Start),
    }
}

/// Whether a thing that can still be read was deleted.
pub(crate) fn is_deleted(thing: &Value) -> bool {
    thing.get("is_deleted") == Some(&true.into()) || thing.get("active_flag") == Some(&false.into())
}

/// The text that a note or an activity shows.
pub(crate) fn text(thing: &Value) -> String {
    let rich = ["content", "note"].iter().find_map(|name| thing.get(*name)?.as_str());
    text_of_html(rich.unwrap_or_default())
}

/// A note or an activity; `None` when this is neither.
pub(crate) fn thing(thing: &Value, write: &Write, ours: Place) -> Option<Look> {
    let id = thing.get("id")?.as_u64()?;
    let own: &[&str] = match write.kind {
        ActionKind::Task => &["subject", "type", "due_date", "done", "priority", "owner_id", "note"],
        _ => &["content"],
    };
    let mut image: Map<String, Value> = Map::new();
    let mapped = write.expect.as_object().into_iter().flat_map(|all| all.keys().map(String::as_str));
    for name in own.iter().copied().chain(mapped) {
        image.insert(name.to_owned(), thing.get(name).cloned().unwrap_or_default());
    }
    image.insert("text".to_owned(), folded(&text(thing)).into());
    image.insert("record".to_owned(), place::of(thing, ours).map(|place| place.to_string()).into());
    Some(Look::Present { id: id.to_string(), image: image.into(), version: None })
}

/// The part of a deal that a write changes; `None` when this is no deal with own fields.
pub(crate) fn deal(deal: &Value, write: &Write, place: Place) -> Option<Look> {
    let fields = deal.get("custom_fields")?.as_object()?;
    // A choice may be told as its number, or as an object around it.
    let told = |value: &Value| value.get("id").or_else(|| value.get("value")).unwrap_or(value).clone();
    let names = changed(&write.expect).into_iter();
    let image: Map<String, Value> =
        names.map(|name| (name.clone(), fields.get(&name).map(told).unwrap_or_default())).collect();
    Some(Look::Present { id: place.to_string(), image: image.into(), version: None })
}

#[cfg(test)]
mod tests {
    use super::{Next, list, next};
    use serde_json::json;

    #[test]
    fn a_list_says_where_it_goes_on() {
        let of = |page| next(&json!({ "additional_data": page }));
        assert_eq!(of(json!({ "next_cursor": null })), Some(Next::End));
        assert_eq!(of(json!({ "next_cursor": "abc" })), Some(Next::Cursor("abc".to_owned())));
        assert_eq!(of(json!({ "pagination": { "more_items_in_collection": false } })), Some(Next::End));
        let more = json!({ "pagination": { "more_items_in_collection": true, "next_start": 500 } });
        assert_eq!(of(more), Some(Next::Start(500)));
        for page in [
            json!(null),
            json!({}),
            json!({ "next_cursor": 7 }),
            json!({ "pagination": {} }),
            json!({ "pagination": { "more_items_in_collection": true } }),
        ] {
            assert_eq!(of(page), None);
        }
        assert_eq!(list(&json!({ "success": true, "data": null })), Some(Vec::new()));
        assert_eq!(list(&json!({ "success": true })), None);
    }
}
