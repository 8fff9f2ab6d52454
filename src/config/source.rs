//! The `[[source]]` tables. Own file because it is where the configuration meets the connectors: what stands under `options` is the
//! connector's, judged by it without touching the world, and its problems get their place in the file here.

use super::keys::nearest;
use super::node::{Node, Table, Value};
use super::problem::Code;
use super::read::{Part, Reader, short, ticked};
use super::settings::SourceSettings;
use super::show::without_secrets;
use super::wording;
use crate::intake::LimitOptions;
use opspilot_sdk::{Lane, Prepared, Problems, Registry};
use std::num::NonZeroU32;

/// More wrong keys of one source than this are left for the next look.
const MOST_WRONG: usize = 32;

/// Reads one source, `source[index]`. `pilots` are the names of all pilots, `None` when they could not all be read.
pub(super) fn source(
    reader: &mut Reader,
    index: usize,
    node: &Node,
    pilots: Option<&[&str]>,
    registry: &Registry,
) -> Option<SourceSettings> {
    let path = format!("source[{index}]");
    let part = reader.part("source", &path, &node.place, Some(node));
    let name = reader.text(&part, "name");
    let kind = reader.text(&part, "kind");
    let pilot = reader.text(&part, "pilot");
    let lane = reader.text(&part, "lane");
    let take_lists = reader.text(&part, "list_mail").as_deref() == Some("take");
    let limit = limit(reader, &part);
    reader.named(&part, "pilot", pilot.as_deref(), pilots);
    let kind = kind?;
    let usual = known_kind(reader, &part, &kind, registry)?;
    let lane = match lane.as_deref() {
        Some("interactive") => Lane::Interactive,
        Some(_) => Lane::Bulk,
        None => usual,
    };
    let prepared = options(reader, &part, &kind, registry)?;
    let written = written(&part);
    Some(SourceSettings { name: name?, kind, pilot: pilot?, lane, take_lists, limit, prepared, written })
}

/// How urgent requests of that kind are, when there is such a kind.
pub(super) fn known_kind<B: 'static>(
    reader: &mut Reader,
    part: &Part<'_>,
    kind: &str,
    registry: &Registry<B>,
) -> Option<Lane> {
    let usual = registry.lane(kind);
    if usual.is_none() {
        let kinds: Vec<_> = registry.kinds().collect();
        let help = match nearest(kind, kinds.iter().copied()) {
            Some(near) => format!("did you mean `{near}`? known: {}", ticked(&kinds)),
            None => format!("use {}", ticked(&kinds)),
        };
        reader.at(Code::Kind, part, "kind", format!("there is no connector kind `{}`", short(kind)), help);
    }
    usual
}

/// The options of a connector as people may see them.
pub(super) fn written(part: &Part<'_>) -> toml::Table {
    match part.node("options").map(|node| without_secrets("", &node.to_json())) {
        Some(toml::Value::Table(table)) => table,
        _ => toml::Table::new(),
    }
}

fn limit(reader: &mut Reader, part: &Part<'_>) -> Option<LimitOptions> {
    let number = |number: i64| u32::try_from(number).ok().and_then(NonZeroU32::new);
    let rate = reader.whole(part, "rate_per_sec").and_then(number);
    let burst = reader.whole(part, "burst").and_then(number);
    if part.node("rate_per_sec").is_none() && part.node("burst").is_some() {
        reader.at(
            Code::Together,
            part,
            "burst",
            "`burst` means nothing without `rate_per_sec`",
            "add `rate_per_sec`, or leave `burst` out",
        );
    }
    rate.map(|per_sec| LimitOptions { per_sec, burst: burst.unwrap_or(per_sec) })
}

/// The options of a connector of any sort, judged by it. The section of `part` names the sort: `source`, `generator`.
pub(super) fn options<B: 'static>(
    reader: &mut Reader,
    part: &Part<'_>,
    kind: &str,
    registry: &Registry<B>,
) -> Option<Prepared<B>> {
    let sort = part.section;
    let empty = Node::new(part.place("options"), Value::Table(Table::new()));
    let node = match part.node("options") {
        None => &empty,
        Some(node @ Node { value: Value::Table(_), .. }) => node,
        Some(node) => {
            let message = format!("{} where a table should be", node.what());
            reader.at(
                Code::Type,
                part,
                "options",
                message,
                format!("write `[{sort}.options]` below the {sort} and the keys of the connector below that"),
            );
            return None;
        }
    };
    let page = format!("docs/{sort}s/{kind}.md lists its keys");
    match registry.validate(kind, node.to_json())? {
        Ok(prepared) => Some(prepared),
        Err(problems) => {
            for (path, message, help) in sorted_out(problems, node, kind, registry) {
                let key =
                    if path.is_empty() { part.path("options") } else { format!("{}.{path}", part.path("options")) };
                let help = if help.is_empty() { page.clone() } else { help };
                let place = if path.is_empty() { part.place("options") } else { node.place_of(&path).clone() };
                reader.add(Code::Options.as_str(), place, key, message, help);
            }
            None
        }
    }
}

/// The problems of a connector as path, message and remedy. A problem without a path came from reading the options, which stops at the
/// first: the key it means is the one without which the message changes, and without that key the next problem shows.
fn sorted_out<B: 'static>(
    problems: Problems,
    node: &Node,
    kind: &str,
    registry: &Registry<B>,
) -> Vec<(String, String, String)> {
    let Value::Table(table) = &node.value else { return Vec::new() };
    let mut found = Vec::new();
    let mut left = table.clone();
    let mut taken: Vec<String> = Vec::new();
    let mut problems = problems;
    loop {
        let unplaced = match problems.iter().next() {
            Some(first) if first.path.is_empty() && left.len() <= MOST_WRONG => first.message.clone(),
            _ => break,
        };
        let judge = |table: &Table| {
            registry.validate(kind, Node::new(node.place.clone(), Value::Table(table.clone())).to_json())
        };
        let culprit = left.keys().find_map(|name| {
            let mut without = left.clone();
            without.remove(name);
            match judge(&without)? {
                Ok(_) => Some((name.clone(), without, Problems::new())),
                Err(next) => {
                    let same = next
                        .iter()
                        .next()
                        .is_some_and(|problem| problem.path.is_empty() && problem.message == unplaced);
                    (!same).then(|| (name.clone(), without, next))
                }
            }
        });
        let Some((name, without, next)) = culprit else { break };
        let (message, help) = wording::reworded(&unplaced, left.get(&name).map_or("a value", |(_, node)| node.what()));
        found.push((name.clone(), message, help));
        taken.push(name);
        (left, problems) = (without, next);
    }
    // A key that was taken out above is not missing.
    let missed = |text: &str| taken.iter().any(|name| text.contains(&format!("`{name}`")));
    let rest = problems.iter().filter(|problem| {
        if problem.path.is_empty() { !missed(&problem.message) } else { !taken.contains(&problem.path) }
    });
    found.extend(rest.map(|problem| match problem.path.as_str() {
        "" => {
            let (message, help) = wording::reworded(&problem.message, "a value");
            (String::new(), message, help)
        }
        path => (path.to_owned(), problem.message.clone(), problem.help.clone()),
    }));
    found
}
