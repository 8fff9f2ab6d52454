//! A pilot's keys about writing outside, and the `[[trigger]]` tables that stop it. Own file because these are the terms that the gate goes
//! by. INVARIANT: what is left out opens nothing: the level is 2, and no kind of action goes on by itself.

use super::node::Node;
use super::problem::Code;
use super::read::{Part, Reader, short, ticked};
use super::schedule::date;
use crate::domain::money::Micros;
use crate::domain::pilot::Pilot;
use crate::domain::writeback::{Automation, Terms, Trigger, Watched};
use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp, ToSpan as _};
use opspilot_sdk::ActionKind;
use toml::{Table, Value};

/// What is counted before a share or a slow tail of it says anything.
const ENOUGH: u32 = 10;

/// Reads a pilot's terms, and for how long an approved write can be stopped.
pub(super) fn terms(reader: &mut Reader, part: &Part<'_>, zone: &TimeZone) -> (Terms, SignedDuration) {
    let level = reader.number::<u32>(part, "level");
    let (starts, ends) = (date(reader, part, "starts"), date(reader, part, "ends"));
    if let (Some(starts), Some(ends)) = (starts, ends)
        && ends < starts
    {
        reader.at(Code::Together, part, "ends", "is before `starts`", "write the last day of the pilot");
    }
    let until = ends.map(|last| last.checked_add(1.day()).map_or(Timestamp::MAX, |day| midnight(day, zone)));
    let window = (starts.map(|day| midnight(day, zone)), until);
    let two_people = reader.switch(part, "flag_by_two").unwrap_or(false);
    let undo = reader.whole(part, "undo_window_secs").unwrap_or(0);
    let automation = automation(reader, part);
    (Terms { level, window, two_people, automation }, SignedDuration::from_secs(undo))
}

fn midnight(day: Date, zone: &TimeZone) -> Timestamp {
    day.to_zoned(zone.clone()).map_or(Timestamp::MAX, |zoned| zoned.timestamp())
}

fn automation(reader: &mut Reader, pilot: &Part<'_>) -> Option<Automation> {
    let node = pilot.node("automation")?;
    let (path, place) = (pilot.path("automation"), pilot.place("automation"));
    let part = reader.part("pilot.automation", &path, &place, Some(node));
    let mut kinds = Vec::new();
    let named = reader.texts(&part, "kinds");
    if named.is_empty() && part.node("kinds").is_some() {
        let help = "name some, or leave `[pilot.automation]` out";
        reader.at(Code::Value, &part, "kinds", "names no kind of action", help);
    }
    for word in named {
        match ActionKind::parse(&word).filter(|kind| kind.leaves_the_house()) {
            Some(kind) if kinds.contains(&kind) => {
                reader.at(Code::Twice, &part, "kinds", format!("`{kind}` is named twice"), "name each once");
            }
            Some(kind) => kinds.push(kind),
            None => {
                let outside: Vec<&str> =
                    ActionKind::ALL.iter().filter(|kind| kind.leaves_the_house()).map(|kind| kind.as_str()).collect();
                let message = match ActionKind::parse(&word) {
                    Some(kind) => format!("`{kind}` stays in the house and needs no level 4"),
                    None => format!("there is no kind of action `{}`", short(&word)),
                };
                reader.at(Code::Value, &part, "kinds", message, format!("use {}", ticked(&outside)));
            }
        }
    }
    Some(Automation {
        kinds,
        min_reviewed: figure(reader, &part, "min_reviewed"),
        min_approval: figure(reader, &part, "min_approval_percent"),
        max_edit: figure(reader, &part, "max_edit_percent"),
        max_incidents: figure(reader, &part, "max_incidents"),
        min_catch: figure(reader, &part, "min_catch_percent"),
    })
}

/// A figure that must be written down; a missing one is told.
fn figure(reader: &mut Reader, part: &Part<'_>, name: &str) -> u32 {
    if part.node(name).is_none() {
        let help = "write down what must be shown; no figure is usual here";
        reader.at(Code::Missing, part, name, format!("`{name}` is missing"), help);
        return 0;
    }
    reader.number(part, name)
}

/// Reads one trigger, `trigger[index]`, and the pilot it is of. `pilots` and `sinks` are the names of all, `None` when not all could be read.
pub(super) fn trigger(
    reader: &mut Reader,
    index: usize,
    node: &Node,
    pilots: Option<&[&str]>,
    sinks: Option<&[&str]>,
) -> Option<(String, Trigger)> {
    let path = format!("trigger[{index}]");
    let part = reader.part("trigger", &path, &node.place, Some(node));
    let name = reader.text(&part, "name");
    let pilot = reader.text(&part, "pilot");
    reader.named(&part, "pilot", pilot.as_deref(), pilots);
    let sink = reader.text(&part, "sink");
    reader.named(&part, "sink", sink.as_deref(), sinks);
    let over = SignedDuration::from_hours(reader.whole(&part, "over_hours").unwrap_or(1));
    let watched = Watched::parse(&reader.text(&part, "watch")?)?;
    let (key, other) = if watched == Watched::Cost { ("above_usd", "above") } else { ("above", "above_usd") };
    if part.node(other).is_some() {
        let message = format!("`{other}` means nothing for `{}`", watched.as_str());
        reader.at(Code::Together, &part, other, message, format!("write `{key}` instead"));
        return None;
    }
    if part.node(key).is_none() {
        let message = format!("`{key}` is missing");
        reader.at(Code::Missing, &part, key, message, "say how much is too much");
        return None;
    }
    let above =
        if key == "above_usd" { dollars(reader, &part, key)? } else { reader.whole(&part, key)?.unsigned_abs() };
    if in_percent(watched) && above >= 100 {
        let message = "a share is never more than 100 per cent: this would stop nothing";
        reader.at(Code::Value, &part, key, message, "use 0 to 99");
    }
    if !counts(watched) && part.node("at_least").is_some() {
        let message = format!("`at_least` means nothing for `{}`", watched.as_str());
        reader.at(Code::Together, &part, "at_least", message, "leave it out: the first beyond `above` counts");
        return None;
    }
    let usual = if counts(watched) { ENOUGH } else { 1 };
    let at_least = reader.whole(&part, "at_least").and_then(|number| u32::try_from(number).ok()).unwrap_or(usual);
    Some((pilot?, Trigger { name: name?, watched, over, above, at_least, sink }))
}

/// Whether it is of so many that some must be there before it tells anything.
fn counts(watched: Watched) -> bool {
    in_percent(watched) || watched == Watched::Latency
}

fn in_percent(watched: Watched) -> bool {
    matches!(watched, Watched::ErrorRate | Watched::UndoRate | Watched::RejectRate | Watched::EditRate)
}

fn dollars(reader: &mut Reader, part: &Part<'_>, name: &str) -> Option<u64> {
    let amount = super::generator::money(reader, part, name)?;
    u64::try_from(amount.get()).ok()
}

/// A pilot's terms as people may see them.
pub(super) fn show(table: &mut Table, pilot: &Pilot) {
    let terms = &pilot.terms;
    let day = |at: Timestamp| Value::String(at.to_zoned(pilot.time_zone.clone()).date().to_string());
    table.insert("level".into(), Value::Integer(terms.level.into()));
    if let Some(starts) = terms.window.0 {
        table.insert("starts".into(), day(starts));
    }
    if let Some(until) = terms.window.1 {
        // The last day, not the one after it.
        table.insert("ends".into(), day(until - SignedDuration::from_secs(1)));
    }
    table.insert("flag_by_two".into(), Value::Boolean(terms.two_people));
    table.insert("undo_window_secs".into(), Value::Integer(pilot.undo_window.as_secs()));
    if let Some(automation) = &terms.automation {
        let mut inner = Table::new();
        let kinds: Vec<Value> = automation.kinds.iter().map(|kind| kind.as_str().into()).collect();
        inner.insert("kinds".into(), kinds.into());
        for (name, number) in [
            ("min_reviewed", automation.min_reviewed),
            ("min_approval_percent", automation.min_approval),
            ("max_edit_percent", automation.max_edit),
            ("max_incidents", automation.max_incidents),
            ("min_catch_percent", automation.min_catch),
        ] {
            inner.insert(name.into(), Value::Integer(number.into()));
        }
        table.insert("automation".into(), Value::Table(inner));
    }
}

/// A trigger as people may see it.
pub(super) fn shown(pilot: &Pilot, trigger: &Trigger) -> Table {
    let mut table = Table::new();
    for (name, text) in [("name", trigger.name.as_str()), ("pilot", &pilot.name), ("watch", trigger.watched.as_str())] {
        table.insert(name.into(), text.into());
    }
    table.insert("over_hours".into(), Value::Integer(trigger.over.as_hours()));
    let above = i64::try_from(trigger.above).unwrap_or(i64::MAX);
    if trigger.watched == Watched::Cost {
        let amount = Micros::new(above).unwrap_or_default().to_string();
        table.insert("above_usd".into(), amount.trim_start_matches('$').into());
    } else {
        table.insert("above".into(), Value::Integer(above));
    }
    if counts(trigger.watched) {
        table.insert("at_least".into(), Value::Integer(trigger.at_least.into()));
    }
    if let Some(sink) = &trigger.sink {
        table.insert("sink".into(), sink.as_str().into());
    }
    table
}
