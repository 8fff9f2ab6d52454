//! The `[[schedule]]` tables, the `[[person]]` tables, and a pilot's keys about waiting. Own file because all of them are judged by the calendar
//! room, whose problems get their place in the file here. INVARIANT: no key says what becomes of a brief that nobody decides on.

use super::node::Node;
use super::pilot::{time_zone, zone_of};
use super::problem::Code;
use super::read::{Part, Reader, is_name, short};
use crate::calendar::{Hours, Schedule};
use crate::domain::pilot::Pilot;
use crate::rota::{Away, Kind, Plan, Waits};
use jiff::civil::{Date, Time, Weekday};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp, ToSpan as _};
use std::collections::BTreeMap;

/// Reads one schedule, `schedule[index]`. `pilots` are those that could be read, `names` the names of all, `None` when not all could be.
pub(super) fn schedule(
    reader: &mut Reader,
    index: usize,
    node: &Node,
    pilots: &[Pilot],
    names: Option<&[&str]>,
) -> Option<Plan> {
    let path = format!("schedule[{index}]");
    let part = reader.part("schedule", &path, &node.place, Some(node));
    let name = reader.text(&part, "name");
    let kind = reader.text(&part, "kind");
    let pilot = reader.text(&part, "pilot");
    let pattern = reader.text(&part, "pattern");
    reader.named(&part, "pilot", pilot.as_deref(), names);
    let zone = match part.node("time_zone") {
        Some(_) => time_zone(reader, &part)?,
        // Without a pilot the pattern can still be judged; nothing is built from it then.
        None => pilots
            .iter()
            .find(|known| Some(&known.name) == pilot.as_ref())
            .map_or(TimeZone::UTC, |pilot| pilot.time_zone.clone()),
    };
    let schedule = match Schedule::parse(&pattern?, zone) {
        Ok(schedule) => schedule,
        Err(problem) => {
            reader.add(problem.code, part.place("pattern"), part.path("pattern"), problem.message, problem.help);
            return None;
        }
    };
    Some(Plan { name: name?, kind: Kind::parse(&kind?)?, pilot: pilot?, schedule })
}

/// A person's working time and absence before it is known in whose zone.
pub(super) struct Working {
    name: String,
    zone: Option<TimeZone>,
    days: Vec<Weekday>,
    quiet: (Time, Time),
    /// First and last day, and who covers.
    away: Option<(Date, Date, String)>,
}

/// Reads one person, `person[index]`.
pub(super) fn person(reader: &mut Reader, index: usize, node: &Node) -> Option<Working> {
    let path = format!("person[{index}]");
    let part = reader.part("person", &path, &node.place, Some(node));
    let name = reader.text(&part, "name");
    let zone = if part.node("time_zone").is_some() { Some(time_zone(reader, &part)?) } else { None };
    let days = days(reader, &part);
    let from = clock(reader, &part, "quiet_from").unwrap_or(Waits::QUIET.0);
    let until = clock(reader, &part, "quiet_until").unwrap_or(Waits::QUIET.1);
    if let Err(problem) = Hours::new(TimeZone::UTC, &days, Some((from, until))) {
        let key = if days.is_empty() { "working_days" } else { "quiet_from" };
        reader.add(problem.code, part.place(key), part.path(key), problem.message, problem.help);
        return None;
    }
    let away = absence(reader, &part, name.as_deref());
    Some(Working { name: name?, zone, days, quiet: (from, until), away })
}

/// Reads when a person is away: all of it or nothing.
fn absence(reader: &mut Reader, part: &Part<'_>, name: Option<&str>) -> Option<(Date, Date, String)> {
    const KEYS: [&str; 3] = ["away_from", "away_until", "cover"];
    let missing = KEYS.iter().find(|key| part.node(key).is_none());
    if let (Some(missing), Some(given)) = (missing, KEYS.iter().find(|key| part.node(key).is_some())) {
        let message = "`away_from`, `away_until` and `cover` mean nothing without each other";
        reader.at(Code::Together, part, given, message, format!("add `{missing}`, or take this away"));
        return None;
    }
    let (from, until) = (date(reader, part, "away_from"), date(reader, part, "away_until"));
    let cover = reader.text(part, "cover")?;
    if !is_name(&cover) || name == Some(cover.as_str()) {
        let help = "name another reviewer, as `opspilot user list` shows them";
        reader.at(Code::Value, part, "cover", format!("`{}` cannot cover for this person", short(&cover)), help);
        return None;
    }
    let (from, until) = (from?, until?);
    if until < from {
        reader.at(Code::Together, part, "away_until", "is before `away_from`", "write the last day of the absence");
        return None;
    }
    Some((from, until, cover))
}

/// A day.
pub(super) fn date(reader: &mut Reader, part: &Part<'_>, name: &str) -> Option<Date> {
    let text = reader.text(part, name)?;
    let date = Date::strptime("%Y-%m-%d", &text).ok();
    if date.is_none() {
        let message = format!("`{}` is no day", short(&text));
        reader.at(Code::Value, part, name, message, "write year, month and day, such as `2026-12-21`");
    }
    date
}

const DAYS: [(&str, Weekday); 7] = [
    ("mon", Weekday::Monday),
    ("tue", Weekday::Tuesday),
    ("wed", Weekday::Wednesday),
    ("thu", Weekday::Thursday),
    ("fri", Weekday::Friday),
    ("sat", Weekday::Saturday),
    ("sun", Weekday::Sunday),
];

fn days(reader: &mut Reader, part: &Part<'_>) -> Vec<Weekday> {
    if part.node("working_days").is_none() {
        return Waits::DAYS.to_vec();
    }
    let mut found = Vec::new();
    for word in reader.texts(part, "working_days") {
        match DAYS.iter().find(|(name, _)| *name == word) {
            Some((_, day)) => found.push(*day),
            None => {
                let help = "use `mon`, `tue`, `wed`, `thu`, `fri`, `sat`, `sun`";
                reader.at(Code::Value, part, "working_days", format!("`{}` is no day of the week", short(&word)), help);
            }
        }
    }
    found
}

/// A time of day.
pub(super) fn clock(reader: &mut Reader, part: &Part<'_>, name: &str) -> Option<Time> {
    let text = reader.text(part, name)?;
    let time = Time::strptime("%H:%M", &text).ok();
    if time.is_none() {
        let message = format!("`{}` is no time of day", short(&text));
        reader.at(Code::Value, part, name, message, "write hour and minute, such as `18:00`");
    }
    time
}

/// Reads the keys of a pilot about waiting. `working` are the people with hours of their own.
pub(super) fn waits(
    reader: &mut Reader,
    index: usize,
    node: &Node,
    pilot: &Pilot,
    working: &[Working],
) -> Option<Waits> {
    let path = format!("pilot[{index}]");
    // Keys that do not exist have been told of when the pilot was read.
    let part = Part::over("pilot", &path, &node.place, node);
    let hours = |number: Option<i64>| number.map(SignedDuration::from_hours);
    let remind_after = hours(reader.whole(&part, "remind_after_hours"));
    let remind_times = reader.number::<u32>(&part, "remind_times");
    let escalate_after = hours(reader.whole(&part, "escalate_after_hours"));
    let escalate_to = reader.texts(&part, "escalate_to");
    for name in escalate_to.iter().filter(|name| !is_name(name)) {
        let help = "use 1 to 64 lowercase letters, digits, `.`, `_` or `-`, as `opspilot user list` shows them";
        reader.at(Code::Value, &part, "escalate_to", format!("`{}` is no user name", short(name)), help);
    }
    let (key, help) = match (part.node("escalate_after_hours").is_some(), escalate_to.is_empty()) {
        (true, true) => ("escalate_after_hours", "name somebody: `escalate_to = [\"grace\"]`"),
        (false, false) => ("escalate_to", "say after how long: `escalate_after_hours = 48`"),
        _ => ("", ""),
    };
    if !key.is_empty() {
        let message = "`escalate_after_hours` and `escalate_to` mean nothing without each other";
        reader.at(Code::Together, &part, key, message, help);
    }
    let zone = &pilot.time_zone;
    let own = |one: &Working| {
        let zone = one.zone.clone().unwrap_or_else(|| zone.clone());
        Some((one.name.clone(), Hours::new(zone, &one.days, Some(one.quiet)).ok()?))
    };
    let hours: BTreeMap<String, Hours> = working.iter().filter_map(own).collect();
    let midnight =
        |day: Date, zone: &TimeZone| day.to_zoned(zone.clone()).map_or(Timestamp::MAX, |zoned| zoned.timestamp());
    let away = |one: &Working| {
        let ((from, last, cover), zone) = (one.away.as_ref()?, one.zone.as_ref().unwrap_or(zone));
        let until = last.checked_add(1.day()).map_or(Timestamp::MAX, |day| midnight(day, zone));
        Some((one.name.clone(), Away { from: midnight(*from, zone), until, cover: cover.clone() }))
    };
    let (usual, away) = (Waits::usual_hours(zone), working.iter().filter_map(away).collect());
    Some(Waits { remind_after, remind_times, escalate_after, escalate_to, hours, usual, away })
}

/// Working time as people may see it.
pub(super) fn shown_person(working: &Working) -> toml::Table {
    let text = |text: &str| toml::Value::String(text.to_owned());
    let mut table = toml::Table::new();
    table.insert("name".into(), text(&working.name));
    if let Some(zone) = &working.zone {
        table.insert("time_zone".into(), text(zone_of(zone)));
    }
    let days = DAYS.iter().filter(|(_, day)| working.days.contains(day)).map(|(name, _)| text(name));
    table.insert("working_days".into(), days.collect::<Vec<_>>().into());
    for (name, time) in [("quiet_from", working.quiet.0), ("quiet_until", working.quiet.1)] {
        table.insert(name.into(), text(&time.strftime("%H:%M").to_string()));
    }
    if let Some((from, until, cover)) = &working.away {
        for (name, value) in
            [("away_from", from.to_string()), ("away_until", until.to_string()), ("cover", cover.clone())]
        {
            table.insert(name.into(), text(&value));
        }
    }
    table
}

/// A schedule as people may see it.
pub(super) fn shown(plan: &Plan) -> toml::Table {
    let mut table = toml::Table::new();
    for (name, text) in [
        ("name", plan.name.as_str()),
        ("kind", plan.kind.as_str()),
        ("pilot", &plan.pilot),
        ("pattern", plan.schedule.pattern()),
        ("time_zone", zone_of(plan.schedule.zone())),
    ] {
        table.insert(name.to_owned(), toml::Value::String(text.to_owned()));
    }
    table
}
