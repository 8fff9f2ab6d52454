//! The `[[sink]]` tables. Own file because here the configuration meets the connectors that write: what stands under `options` is judged by
//! the connector without touching the world. INVARIANT: nothing here builds a sink or reads a secret.

use super::node::Node;
use super::read::Reader;
use super::settings::SinkSettings;
use super::source::{known_kind, options, written};
use opspilot_sdk::{Registry, Sink};
use std::sync::Arc;
use toml::{Table, Value};

/// Reads one sink, `sink[index]`.
pub(super) fn sink(
    reader: &mut Reader,
    index: usize,
    node: &Node,
    registry: &Registry<Arc<dyn Sink>>,
) -> Option<SinkSettings> {
    let path = format!("sink[{index}]");
    let part = reader.part("sink", &path, &node.place, Some(node));
    let name = reader.text(&part, "name");
    let kind = reader.text(&part, "kind");
    let requests_per_minute = reader.whole(&part, "requests_per_minute").and_then(|number| u32::try_from(number).ok());
    let parallel = reader.number::<u32>(&part, "parallel");
    let kind = kind?;
    known_kind(reader, &part, &kind, registry)?;
    let prepared = options(reader, &part, &kind, registry)?;
    let written = written(&part);
    Some(SinkSettings { name: name?, kind, requests_per_minute, parallel, prepared, written })
}

/// A sink as people may see it.
pub(super) fn shown(sink: &SinkSettings) -> Table {
    let mut table = Table::new();
    table.insert("name".into(), sink.name.as_str().into());
    table.insert("kind".into(), sink.kind.as_str().into());
    if let Some(number) = sink.requests_per_minute {
        table.insert("requests_per_minute".into(), Value::Integer(number.into()));
    }
    table.insert("parallel".into(), Value::Integer(sink.parallel.into()));
    table.insert("options".into(), Value::Table(sink.written.clone()));
    table
}
