//! The configuration as it was written: values with the place where each one stands. Own file because it is the only one that knows the
//! TOML parser. INVARIANT: every value has a place, so that every problem can name one.

use super::problem::Place;
use std::collections::BTreeMap;
use toml::Spanned;
use toml::de::{DeInteger, DeTable, DeValue};

/// A value and where it stands.
#[derive(Clone, Debug)]
pub(super) struct Node {
    pub(super) place: Place,
    pub(super) value: Value,
}

/// A value as written.
#[derive(Clone, Debug)]
pub(super) enum Value {
    Text(String),
    Whole(i64),
    /// A whole number that no key can hold, as written.
    Huge,
    Float(f64),
    Switch(bool),
    List(Vec<Node>),
    Table(Table),
}

/// Key to the place of the key and its value.
pub(super) type Table = BTreeMap<String, (Place, Node)>;

impl Node {
    pub(super) fn new(place: Place, value: Value) -> Self {
        Self { place, value }
    }

    /// What it is, for messages.
    pub(super) fn what(&self) -> &'static str {
        match self.value {
            Value::Text(_) => "a text",
            Value::Whole(_) | Value::Huge => "a whole number",
            Value::Float(_) => "a number with a fraction",
            Value::Switch(_) => "a switch",
            Value::List(_) => "a list",
            Value::Table(_) => "a table",
        }
    }

    /// The value under a dotted path of keys.
    pub(super) fn get(&self, path: &str) -> Option<&Self> {
        path.split('.').try_fold(self, |node, name| match &node.value {
            Value::Table(table) => table.get(name).map(|(_, node)| node),
            _ => None,
        })
    }

    /// The place of the value under a dotted path, or of the nearest thing on the way there.
    pub(super) fn place_of(&self, path: &str) -> &Place {
        let mut node = self;
        let mut place = &self.place;
        for step in path.split(['.', '[']).filter(|step| !step.is_empty()) {
            match &node.value {
                Value::Table(table) => match table.get(step) {
                    Some((key, value)) => (place, node) = (key, value),
                    None => return place,
                },
                Value::List(list) => {
                    match step.trim_end_matches(']').parse().ok().and_then(|index: usize| list.get(index)) {
                        Some(value) => (place, node) = (&value.place, value),
                        None => return place,
                    }
                }
                _ => return place,
            }
        }
        place
    }

    /// As JSON, for a connector. What JSON cannot say becomes `null`, which every connector refuses or ignores.
    pub(super) fn to_json(&self) -> serde_json::Value {
        match &self.value {
            Value::Text(text) => text.as_str().into(),
            Value::Whole(number) => (*number).into(),
            Value::Huge => serde_json::Value::Null,
            Value::Float(number) => (*number).into(),
            Value::Switch(on) => (*on).into(),
            Value::List(list) => list.iter().map(Self::to_json).collect(),
            Value::Table(table) => {
                serde_json::Value::Object(table.iter().map(|(key, (_, node))| (key.clone(), node.to_json())).collect())
            }
        }
    }
}

/// Reads TOML; what cannot be read comes with its place and the parser's words.
pub(super) fn read(text: &str) -> (Node, Vec<(Place, String)>) {
    let lines = Lines::of(text);
    let (document, errors) = DeTable::parse_recoverable(text);
    let errors = errors
        .iter()
        .map(|error| {
            (error.span().map_or(Place::Whole, |span| lines.place(span.start)), error.message().replace('\n', ", "))
        })
        .collect();
    (Node::new(Place::Whole, Value::Table(lines.table(document.get_ref()))), errors)
}

/// Where the lines of a text begin.
struct Lines<'t> {
    text: &'t str,
    starts: Vec<usize>,
}

impl<'t> Lines<'t> {
    fn of(text: &'t str) -> Self {
        let starts = std::iter::once(0).chain(text.match_indices('\n').map(|(at, _)| at + 1)).collect();
        Self { text, starts }
    }

    fn place(&self, at: usize) -> Place {
        let line = self.starts.partition_point(|start| *start <= at);
        let start = self.starts.get(line.saturating_sub(1)).copied().unwrap_or(0);
        let column = self.text.get(start..at).map_or(0, |before| before.chars().count()) + 1;
        Place::At { line, column }
    }

    fn table(&self, table: &DeTable<'_>) -> Table {
        let entry = |(key, value): (&Spanned<std::borrow::Cow<'_, str>>, &Spanned<DeValue<'_>>)| {
            (key.get_ref().to_string(), (self.place(key.span().start), self.node(value)))
        };
        table.iter().map(entry).collect()
    }

    fn node(&self, value: &Spanned<DeValue<'_>>) -> Node {
        let what = match value.get_ref() {
            DeValue::String(text) => Value::Text(text.to_string()),
            DeValue::Integer(number) => whole(number).map_or(Value::Huge, Value::Whole),
            DeValue::Float(number) => Value::Float(number.as_str().parse().unwrap_or(f64::NAN)),
            DeValue::Boolean(on) => Value::Switch(*on),
            DeValue::Datetime(time) => Value::Text(time.to_string()),
            DeValue::Array(list) => Value::List(list.iter().map(|value| self.node(value)).collect()),
            DeValue::Table(table) => Value::Table(self.table(table)),
        };
        Node::new(self.place(value.span().start), what)
    }
}

fn whole(number: &DeInteger<'_>) -> Option<i64> {
    i64::from_str_radix(number.as_str(), number.radix()).ok()
}
