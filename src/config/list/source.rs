//! What comes in, and what is made at which times: every key.

use super::super::keys::Fallback::{Needed, Text, Without};
use super::super::keys::Key;
use super::super::keys::Shape::{Choice, Name, Table, Whole, Words};
use super::key;

pub(super) const SOURCES: &[Key] = &[
    key(
        "schedule",
        "name",
        Name,
        Needed,
        "Its name: 1 to 64 lowercase letters, digits, `.`, `_` or `-`; do not change it later, or it begins anew",
    ),
    key(
        "schedule",
        "kind",
        Choice(&["weekly_report", "digest"]),
        Needed,
        "What it makes: `weekly_report`, the figures of the pilot's last whole week; `digest`, a letter to each of `notify` on what waits for them and what happened since the last one",
    ),
    key("schedule", "pilot", Words, Needed, "Pilot that it is for"),
    key(
        "schedule",
        "pattern",
        Words,
        Needed,
        "When: minute, hour, day of the month, month and weekday, such as `0 9 * * MON` for Mondays at nine",
    ),
    key(
        "schedule",
        "time_zone",
        Words,
        Without("that of the pilot"),
        "The clock it goes by, by its IANA name, such as `Europe/Berlin`",
    ),
    key(
        "source",
        "name",
        Name,
        Needed,
        "Its name, also in its address `/hooks/NAME`: 1 to 64 lowercase letters, digits, `.`, `_` or `-`; do not change it later, or what was read is read again",
    ),
    key("source", "kind", Words, Needed, "Connector that reads it: `webhook`, `csv_drop`, `exec` or `imap`"),
    key("source", "pilot", Words, Needed, "Pilot that its requests belong to"),
    key(
        "source",
        "lane",
        Choice(&["interactive", "bulk"]),
        Without("as fits the connector"),
        "How urgent its requests are unless their words say otherwise: `interactive` when somebody waits, `bulk` for piles",
    ),
    key(
        "source",
        "list_mail",
        Choice(&["ignore", "take"]),
        Text("ignore"),
        "What becomes of mail that a mailing list sent: `ignore` sets it aside with the reason, `take` makes requests of it",
    ),
    key(
        "source",
        "rate_per_sec",
        Whole(1, 1_000_000),
        Without("no limit"),
        "Requests per second that it may bring, sustained",
    ),
    key(
        "source",
        "burst",
        Whole(1, 1_000_000),
        Without("as `rate_per_sec`"),
        "Requests at once that it may bring after a pause",
    ),
    key("source", "options", Table, Without("none"), "The keys of the connector, the table `[source.options]`"),
];
