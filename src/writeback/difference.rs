//! A record three ways: as it was before a write, as the write left it, as it is now. Own file because a person chooses by it, on every face
//! alike, when something is not as we left it. INVARIANT: what is the same on all sides is left out, and nothing else is.

use serde::Serialize;
use serde_json::{Map, Value};
use std::collections::BTreeSet;

/// One member of a record in which the three sides are not all alike.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Contrast {
    /// The far side's name for it.
    pub name: String,
    /// Before the write; `None`: not there, or not known.
    pub before: Option<Value>,
    /// As the write left it, or was to leave it.
    pub left: Option<Value>,
    /// As it is now, when it was looked at.
    pub now: Option<Value>,
    /// Whether somebody else changed it since.
    pub changed: bool,
}

/// Where the sides differ, by name. `None` and `null` are a side on which there is nothing, or of which nothing is known; `seen` says whether
/// `now` was looked at at all.
#[must_use]
pub fn difference(before: Option<&Value>, left: Option<&Value>, now: Option<&Value>, seen: bool) -> Vec<Contrast> {
    let empty = Map::new();
    let members = |side: Option<&'_ Value>| side.and_then(Value::as_object).cloned().unwrap_or_else(|| empty.clone());
    let (before, left, now) = (members(before), members(left), members(now));
    let names: BTreeSet<&String> = before.keys().chain(left.keys()).chain(now.keys()).collect();
    let side = |name: &String| {
        let (before, left, now) = (before.get(name), left.get(name), now.get(name));
        let changed = seen && left != now;
        (before != left || changed).then(|| Contrast {
            name: name.clone(),
            before: before.cloned(),
            left: left.cloned(),
            now: now.cloned(),
            changed,
        })
    };
    names.into_iter().filter_map(side).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn what_we_changed_and_what_others_changed_are_told_apart() {
        let before = json!({ "priority": "low", "title": "Order", "state": "new" });
        let left = json!({ "priority": "high", "title": "Order", "state": "new" });
        let now = json!({ "priority": "high", "title": "Order 7", "state": "new", "closed": true });
        let found = difference(Some(&before), Some(&left), Some(&now), true);
        let told: Vec<(&str, bool)> = found.iter().map(|side| (side.name.as_str(), side.changed)).collect();
        assert_eq!(told, [("closed", true), ("priority", false), ("title", true)]);
        assert_eq!((&found[0].left, &found[0].now), (&None, &Some(json!(true))));
    }

    #[test]
    fn a_thing_that_was_made_and_is_gone_differs_in_every_member() {
        let left = json!({ "text": "a", "author": "b" });
        assert_eq!(
            difference(Some(&Value::Null), Some(&left), None, true).iter().filter(|side| side.changed).count(),
            2
        );
        let unseen = difference(None, Some(&left), None, false);
        assert!(unseen.len() == 2 && unseen.iter().all(|side| !side.changed), "nobody looked, so nobody changed it");
        assert!(difference(Some(&left), Some(&left), Some(&left), true).is_empty());
        assert!(difference(None, None, Some(&json!("no object")), true).is_empty());
    }
}
