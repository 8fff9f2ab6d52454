//! Overrides from the environment: `OPSPILOT__SECTION__KEY`. Own file because a variable is laid over the file before anything is
//! judged, so that both are judged alike. INVARIANT: a variable that begins with `OPSPILOT__` sets a key or is refused.

use super::keys::{self, KEYS, Key, SECTIONS, Shape};
use super::node::{Node, Table, Value};
use super::problem::{Code, Place};
use super::read::Reader;
use std::collections::BTreeMap;

/// What such a variable begins with.
pub(super) const PREFIX: &str = "OPSPILOT__";

/// Lays the variables over the document.
pub(super) fn lay_over(reader: &mut Reader, root: &mut Node, env: &BTreeMap<String, String>) {
    for (variable, text) in env.iter().filter(|(name, _)| name.starts_with(PREFIX)) {
        let place = Place::Env(variable.clone());
        let Some(key) = overridable().find(|key| name_of(key) == *variable) else {
            let (message, help) = unknown(variable);
            reader.add(Code::Variable.as_str(), place, String::new(), message, help);
            continue;
        };
        let value = match key.shape {
            Shape::Whole(..) => {
                text.trim().replace('_', "").parse().map_or_else(|_| Value::Text(text.clone()), Value::Whole)
            }
            Shape::Switch => match text.trim() {
                "true" => Value::Switch(true),
                "false" => Value::Switch(false),
                _ => Value::Text(text.clone()),
            },
            _ => Value::Text(text.clone()),
        };
        set(root, key, place, value);
    }
}

/// The keys of sections of which there is one; of pilots and sources there may be many, so a variable could not say which.
pub(super) fn overridable() -> impl Iterator<Item = &'static Key> {
    let once = |name: &str| {
        name.is_empty() || SECTIONS.iter().filter(|section| section.many).all(|section| !name.starts_with(section.name))
    };
    KEYS.iter().filter(move |key| once(key.section))
}

/// The variable that sets a key.
pub(super) fn name_of(key: &Key) -> String {
    let section = key.section.split('.').filter(|part| !part.is_empty());
    let parts: Vec<String> = section.chain([key.name]).map(str::to_uppercase).collect();
    format!("{PREFIX}{}", parts.join("__"))
}

fn unknown(variable: &str) -> (String, String) {
    let rest = variable.trim_start_matches(PREFIX).to_lowercase();
    if SECTIONS.iter().any(|section| section.many && rest.split("__").next() == Some(section.name)) {
        return ("pilots and sources cannot be set by a variable".to_owned(), "write them into the file".to_owned());
    }
    let names: Vec<String> = overridable().map(name_of).collect();
    let help = match keys::nearest(variable, names.iter().map(String::as_str)) {
        Some(near) => format!("did you mean `{near}`? otherwise unset it"),
        None => "unset it, or name a key of the file: `OPSPILOT__WEB__LISTEN` sets `listen` in `[web]`".to_owned(),
    };
    ("there is no such key".to_owned(), help)
}

fn set(root: &mut Node, key: &Key, place: Place, value: Value) {
    let mut node = root;
    for name in key.section.split('.').filter(|part| !part.is_empty()) {
        let Value::Table(table) = &mut node.value else { return };
        let fresh = || (place.clone(), Node::new(place.clone(), Value::Table(Table::new())));
        node = &mut table.entry(name.to_owned()).or_insert_with(fresh).1;
    }
    let Value::Table(table) = &mut node.value else { return };
    // The three ways to say where the store is stand for each other: the variable's replaces the file's.
    let ways = ["url", "url_file", "url_env"];
    if key.section == "store" && ways.contains(&key.name) {
        table.retain(|name, (place, _)| !ways.contains(&name.as_str()) || matches!(place, Place::Env(_)));
    }
    table.insert(key.name.to_owned(), (place.clone(), Node::new(place, value)));
}
