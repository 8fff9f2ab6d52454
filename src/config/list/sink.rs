//! Sinks, what of a brief goes into which, and what stops it by itself: every key.

use super::super::keys::Fallback::{Is, Needed, Text, Without};
use super::super::keys::Key;
use super::super::keys::Shape::{Choice, Name, Names, Table, Whole, Words};
use super::key;

/// The words of `ActionKind`.
const KINDS: &[&str] = &["note", "task", "priority", "message", "event"];
/// The words of `Watched`.
const WATCHED: &[&str] = &["error_rate", "uncertain", "undo_rate", "reject_rate", "edit_rate", "latency", "cost"];
/// Where the name of a record comes from.
const RECORDS: &[&str] = &["none", "by_hand", "external_id", "subject"];

pub(super) const SINKS: &[Key] = &[
    key(
        "sink",
        "name",
        Name,
        Needed,
        "Its name: 1 to 64 lowercase letters, digits, `.`, `_` or `-`; do not change it later, or what was written is no longer found by it",
    ),
    key("sink", "kind", Words, Needed, "Connector that writes; the pages under docs/sinks/ tell of each"),
    key(
        "sink",
        "requests_per_minute",
        Whole(1, 1_000_000),
        Without("as the far side allows"),
        "Writes begun in a minute at most, whatever the far side allows",
    ),
    key("sink", "parallel", Whole(1, 64), Is(4), "Writes at once at most; to one record there is never more than one"),
    key("sink", "options", Table, Without("none"), "The keys of the connector, the table `[sink.options]`"),
    key("action", "pilot", Words, Needed, "Pilot whose briefs it applies to"),
    key("action", "sink", Words, Needed, "Sink that it goes to"),
    key(
        "action",
        "kind",
        Choice(KINDS),
        Needed,
        "What is done: `note`, `task`, `priority` of the record; `message` and `event` reach people outside and want level 4",
    ),
    key(
        "action",
        "each",
        Choice(&["brief", "next_action", "missing_information"]),
        Without("`next_action` for a task or an event, otherwise `brief`"),
        "How often: once for a `brief`, for every `next_action`, or for every piece of `missing_information`",
    ),
    key(
        "action",
        "bands",
        Names,
        Without("all"),
        "Bands of priority whose briefs it applies to: `urgent`, `high`, `normal`, `low`",
    ),
    key(
        "action",
        "record",
        Choice(RECORDS),
        Text("none"),
        "Where the record's name comes from: `none` is needed, a person says it `by_hand`, the request's `external_id`, or its `subject` between two marks",
    ),
    key("action", "record_before", Words, Without("not from the subject"), "The mark before the name, such as `[#`"),
    key("action", "record_behind", Words, Without("not from the subject"), "The mark behind the name, such as `]`"),
    key(
        "action",
        "record_id",
        Words,
        Without("as `record` says"),
        "Always this record, by the far side's name for it, in place of `record`",
    ),
    key(
        "action",
        "title",
        Words,
        Without("as fits the kind"),
        "The line: what a task is called, the subject of a message; names in braces are filled in, such as `{action.text}`",
    ),
    key("action", "text", Words, Without("as fits the kind"), "The text; names in braces are filled in"),
    key(
        "action",
        "values",
        Table,
        Without("none"),
        "The far side's words for the bands, the table `[action.values]`; a priority needs it",
    ),
    key(
        "action",
        "to",
        Choice(&["sender"]),
        Without("nobody"),
        "Whom a message or an invitation goes to: the `sender`",
    ),
    key(
        "action",
        "to_address",
        Words,
        Without("nobody"),
        "Whom a message or an invitation goes to, whoever sent the request, such as `desk@example.org`",
    ),
    key(
        "action",
        "at",
        Words,
        Without("09:00"),
        "When an invitation begins, on the pilot's wall, on the day that the next action is due",
    ),
    key("action", "minutes", Whole(5, 1440), Is(30), "How long an invitation takes"),
    key(
        "action",
        "fields",
        Table,
        Without("none"),
        "Further fields, by the far side's names for them, the table `[action.fields]`",
    ),
    key("action.values", "urgent", Words, Without("none"), "The far side's word for urgent"),
    key("action.values", "high", Words, Without("none"), "The far side's word for high"),
    key("action.values", "normal", Words, Without("none"), "The far side's word for normal"),
    key("action.values", "low", Words, Without("none"), "The far side's word for low"),
    key("trigger", "name", Name, Needed, "Its name: 1 to 64 lowercase letters, digits, `.`, `_` or `-`"),
    key("trigger", "pilot", Words, Needed, "Pilot whose writing it stops"),
    key(
        "trigger",
        "watch",
        Choice(WATCHED),
        Needed,
        "What is watched: `error_rate`, `undo_rate`, `reject_rate` and `edit_rate` in per cent, `uncertain` by number, `latency` from approval to proof, `cost` of models",
    ),
    key("trigger", "over_hours", Whole(1, 8760), Is(24), "Over how long until now, in hours"),
    key(
        "trigger",
        "above",
        Whole(0, 1_000_000_000),
        Without("`above_usd` says it"),
        "More than this stops: per cent, a number, or seconds for `latency`; `cost` has `above_usd`",
    ),
    key(
        "trigger",
        "above_usd",
        Words,
        Without("`above` says it"),
        "A `cost` of more than this stops, in dollars, such as `5.00`",
    ),
    key(
        "trigger",
        "at_least",
        Whole(1, 1_000_000),
        Without("10 for what is in per cent and `latency`, otherwise 1"),
        "Nothing stops before there are so many to count",
    ),
    key(
        "trigger",
        "sink",
        Words,
        Without("the whole pilot"),
        "Sink that is watched and stopped; the whole pilot when it is left out",
    ),
];
