//! Editing a content field by field, and the difference between two contents.
//!
//! Its own file because edits are data: the desk, the command line and a reply by mail all send
//! the same [`Edit`] list, and the store keeps the [`Change`] list that came of it.
//! INVARIANT: `apply` returns a content that the strict schema accepts, or an error and no content;
//! a half-applied edit does not exist.

use super::content::Content;
use opspilot_sdk::json;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// One edit: put `value` at `path`.
///
/// Paths look like `priority.score`, `next_actions[1].text`, `missing_information`.
/// An index equal to the length of a list appends; `null` at a list entry removes it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Edit {
    /// Where.
    pub path: String,
    /// What to put there.
    pub value: Value,
}

/// One difference between two contents.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Change {
    /// Where.
    pub path: String,
    /// The value before; `null` when there was none.
    pub before: Value,
    /// The value after; `null` when there is none any more.
    pub after: Value,
}

/// Why an edit, or a content from outside, was refused.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct EditError {
    /// Stable code, `OP-70nn`.
    pub code: &'static str,
    /// Where in the content; empty for the whole.
    pub path: String,
    /// What is wrong.
    pub problem: String,
    /// What to do about it.
    pub remedy: String,
}

impl std::fmt::Display for EditError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if self.path.is_empty() {
            write!(f, "{}; {} [{}]", self.problem, self.remedy, self.code)
        } else {
            write!(f, "`{}`: {}; {} [{}]", self.path, self.problem, self.remedy, self.code)
        }
    }
}

impl std::error::Error for EditError {}

impl EditError {
    fn new(code: &'static str, path: &str, problem: String, remedy: &str) -> Self {
        EditError { code, path: path.chars().take(120).collect(), problem, remedy: remedy.into() }
    }

    pub(super) fn schema(path: &str, problem: String) -> Self {
        Self::new("OP-7001", path, problem, "send all sections in the shape of `opspilot.brief/1`")
    }

    fn path(path: &str, problem: String) -> Self {
        Self::new("OP-7010", path, problem, "use a path such as `priority.score` or `next_actions[0].text`")
    }

    fn kind(path: &str, problem: String) -> Self {
        Self::new("OP-7011", path, problem, "send a value of the type this field has in the brief")
    }

    pub(super) fn range(path: &str, problem: String) -> Self {
        Self::new("OP-7012", path, problem, "send a value within the limits of this field")
    }
}

/// Applies edits in order and returns the new content.
///
/// `priority.band` goes with `priority.score`; an edit of it that says otherwise is refused. `unverified` cannot be edited: it
/// is what [`check`](super::check()) finds, so run the check again after an edit.
///
/// # Errors
/// `OP-7010` unknown path, `OP-7011` wrong type, `OP-7012` out of range, `OP-7013` a band that is not the score's.
pub fn apply(content: &Content, edits: &[Edit]) -> Result<Content, EditError> {
    let mut tree = serde_json::to_value(content).map_err(|error| EditError::schema("", error.to_string()))?;
    let mut current = content.clone();
    for edit in edits {
        let steps = parse(&edit.path)?;
        if matches!(steps.first(), Some(Step::Key(key)) if key == "unverified") {
            return Err(EditError::path(&edit.path, "`unverified` is written by the checker, not by hand".into()));
        }
        place(&mut tree, &steps, &edit.path, &edit.value)?;
        current = read(&tree, &edit.path)?;
        // The band is the score in a word: whatever was edited, it says the same.
        current.priority.band = current.priority.score.band();
        tree = serde_json::to_value(&current).map_err(|error| EditError::schema("", error.to_string()))?;
    }
    let band = current.priority.band;
    for edit in edits {
        let asked = match edit.path.as_str() {
            "priority.band" => Some(&edit.value),
            "priority" => edit.value.get("band"),
            _ => None,
        };
        if asked.is_some_and(|asked| asked.as_str() != Some(band.as_str())) {
            let problem = format!("a score of {} is `{band}`, and nothing else", current.priority.score.get());
            return Err(EditError::new("OP-7013", &edit.path, problem, "edit `priority.score`; its band goes with it"));
        }
    }
    current.within_limits()?;
    Ok(current)
}

/// The differences from `before` to `after`, down to single fields, in the order of the brief.
#[must_use]
pub fn diff(before: &Content, after: &Content) -> Vec<Change> {
    let mut changes = Vec::new();
    let (Ok(Value::Object(mut old)), Ok(Value::Object(mut new))) =
        (serde_json::to_value(before), serde_json::to_value(after))
    else {
        return changes;
    };
    for section in SECTIONS {
        let old = old.remove(*section).unwrap_or(Value::Null);
        let new = new.remove(*section).unwrap_or(Value::Null);
        compare(section, &old, &new, &mut changes);
    }
    changes
}

/// The sections in the order of the brief.
const SECTIONS: &[&str] = &[
    "workflow_summary",
    "priority",
    "risk",
    "recommended_status",
    "missing_information",
    "next_actions",
    "pricing_rationale",
    "implementation_roadmap",
    "unverified",
];

enum Step {
    Key(String),
    Index(usize),
}

fn parse(path: &str) -> Result<Vec<Step>, EditError> {
    let wrong = |problem: &str| EditError::path(path, problem.into());
    if path.is_empty() {
        return Err(wrong("the path is empty"));
    }
    if path.len() > 200 {
        return Err(wrong("the path is longer than any field of a brief"));
    }
    let mut steps = Vec::new();
    for part in path.split('.') {
        let (key, mut rest) = match part.find('[') {
            Some(at) => part.split_at(at),
            None => (part, ""),
        };
        if key.is_empty() {
            return Err(wrong("a part of the path has no name"));
        }
        steps.push(Step::Key(key.into()));
        while let Some(inner) = rest.strip_prefix('[') {
            let (digits, after) = inner.split_once(']').ok_or_else(|| wrong("a bracket is not closed"))?;
            let index = digits.parse().map_err(|_| wrong("an index is not a whole number"))?;
            steps.push(Step::Index(index));
            rest = after;
        }
        if !rest.is_empty() {
            return Err(wrong("there is text after a closing bracket"));
        }
    }
    Ok(steps)
}

fn place(tree: &mut Value, steps: &[Step], path: &str, value: &Value) -> Result<(), EditError> {
    let Some((step, rest)) = steps.split_first() else {
        *tree = value.clone();
        return Ok(());
    };
    match (step, tree) {
        (Step::Key(key), Value::Object(map)) => match map.get_mut(key) {
            Some(slot) => place(slot, rest, path, value),
            None => Err(EditError::path(path, format!("there is no `{key}` here"))),
        },
        (Step::Index(index), Value::Array(list)) => {
            let length = list.len();
            if rest.is_empty() && *index == length && !value.is_null() {
                list.push(value.clone());
                return Ok(());
            }
            if rest.is_empty() && *index < length && value.is_null() {
                list.remove(*index);
                return Ok(());
            }
            match list.get_mut(*index) {
                Some(slot) => place(slot, rest, path, value),
                None => Err(EditError::range(path, format!("there is no entry {index}, the list has {length}"))),
            }
        }
        (Step::Key(key), Value::Null) => {
            Err(EditError::path(path, format!("there is nothing here yet that could hold `{key}`")))
        }
        (Step::Key(key), _) => {
            Err(EditError::path(path, format!("`{key}` is looked for in something that has no fields")))
        }
        (Step::Index(_), _) => Err(EditError::path(path, "an index is given for something that is not a list".into())),
    }
}

fn read(tree: &Value, path: &str) -> Result<Content, EditError> {
    json::read_value(tree).map_err(|fault| {
        // What was edited is named as closely as it is known: of a whole section, the field.
        let path = if fault.field.starts_with(path) { fault.field.as_str() } else { path };
        if fault.what.starts_with("a priority score") || fault.what.starts_with("a quote must") {
            EditError::range(path, fault.what)
        } else {
            EditError::kind(path, fault.what)
        }
    })
}

fn compare(path: &str, old: &Value, new: &Value, changes: &mut Vec<Change>) {
    match (old, new) {
        (Value::Object(a), Value::Object(b)) => {
            let mut keys: Vec<&String> = a.keys().chain(b.keys().filter(|key| !a.contains_key(*key))).collect();
            keys.sort_unstable();
            for key in keys {
                let old = a.get(key).unwrap_or(&Value::Null);
                let new = b.get(key).unwrap_or(&Value::Null);
                compare(&format!("{path}.{key}"), old, new, changes);
            }
        }
        (Value::Array(a), Value::Array(b)) => {
            for index in 0..a.len().max(b.len()) {
                let old = a.get(index).unwrap_or(&Value::Null);
                let new = b.get(index).unwrap_or(&Value::Null);
                compare(&format!("{path}[{index}]"), old, new, changes);
            }
        }
        (old, new) if old == new => {}
        (old, new) => changes.push(Change { path: path.into(), before: old.clone(), after: new.clone() }),
    }
}
