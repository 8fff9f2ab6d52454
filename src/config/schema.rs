//! The JSON Schema of the configuration, for editors: made from the key list, so that it cannot tell another story. Own file because its
//! form follows the standard (JSON Schema, draft 2020-12), not us. `config/opspilot.schema.json` is a copy that a test keeps current.

use super::keys::{self, Fallback, Key, SECTIONS, Shape};
use serde_json::{Map, Value, json};

/// The schema. Editors take it for `opspilot.toml`.
#[must_use]
pub fn schema() -> Value {
    let mut schema = table("");
    if let Some(fields) = schema.as_object_mut() {
        fields.insert("$schema".into(), "https://json-schema.org/draft/2020-12/schema".into());
        fields.insert("title".into(), "Configuration of OpsPilot".into());
        fields.insert("description".into(), "One file, `opspilot.toml`; unknown keys are refused".into());
    }
    schema
}

fn table(section: &str) -> Value {
    let own = keys::of(section).map(|key| (key.name.to_owned(), one(key)));
    let mut properties: Map<String, Value> = own.collect();
    let mut about = "";
    for below in SECTIONS {
        if below.name == section {
            about = below.meaning;
            continue;
        }
        let (parent, name) = below.name.rsplit_once('.').unwrap_or(("", below.name));
        if parent != section || name.is_empty() {
            continue;
        }
        let inner = table(below.name);
        let inner = if below.many { json!({ "type": "array", "items": inner }) } else { inner };
        properties.insert(name.to_owned(), inner);
    }
    // The connector's own keys are not ours to judge.
    if matches!(section, "source.options" | "generator.options" | "sink.options") {
        return json!({ "type": "object", "description": about });
    }
    if section == "action.fields" {
        return json!({ "type": "object", "description": about, "additionalProperties": { "type": "string" } });
    }
    let needed: Vec<&str> =
        keys::of(section).filter(|key| key.fallback == Fallback::Needed).map(|key| key.name).collect();
    json!({ "type": "object", "description": about, "additionalProperties": false, "properties": properties, "required": needed })
}

fn one(key: &Key) -> Value {
    let mut value = match key.shape {
        Shape::Words | Shape::Path => json!({ "type": "string" }),
        Shape::Name => json!({ "type": "string", "pattern": "^[a-z0-9._-]{1,64}$" }),
        Shape::Names => json!({ "type": "array", "items": { "type": "string" } }),
        Shape::Choice(known) => json!({ "type": "string", "enum": known }),
        Shape::Whole(least, most) => json!({ "type": "integer", "minimum": least, "maximum": most }),
        Shape::Switch => json!({ "type": "boolean" }),
        Shape::Table => json!({ "type": "object" }),
    };
    if let Some(fields) = value.as_object_mut() {
        fields.insert("description".into(), key.meaning.into());
        let default = match key.fallback {
            Fallback::Needed | Fallback::Without(_) => None,
            Fallback::Text(text) => Some(text.into()),
            Fallback::Is(number) => Some(number.into()),
            Fallback::On => Some(true.into()),
            Fallback::Off => Some(false.into()),
        };
        if let Some(default) = default {
            fields.insert("default".into(), default);
        }
    }
    value
}
