//! Every key there is: where it stands, what it takes, what it is when it is left out, what it means. Own file because reading,
//! suggestions, the JSON schema and the handbook's table all come from this one list. INVARIANT: a key that is not here does not exist.

use Fallback::{Is, Needed, Off, On, Text, Without};
use Shape::{Choice, Name, Names, Path, Switch, Table, Whole, Words};

/// What a key takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Shape {
    /// Any text.
    Words,
    /// A path; a relative one starts from the data folder.
    Path,
    /// 1 to 64 lowercase letters, digits, `.`, `_` or `-`.
    Name,
    /// A list of texts.
    Names,
    /// One of these texts.
    Choice(&'static [&'static str]),
    /// A whole number from the first to the second.
    Whole(i64, i64),
    /// `true` or `false`.
    Switch,
    /// A table that somebody else reads.
    Table,
}

/// What holds when a key is left out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fallback {
    /// Nothing: it may not be left out.
    Needed,
    /// This text.
    Text(&'static str),
    /// This number.
    Is(i64),
    /// `true`.
    On,
    /// `false`.
    Off,
    /// What these words say.
    Without(&'static str),
}

/// One key.
#[derive(Clone, Copy, Debug)]
pub(super) struct Key {
    /// Dotted name of its table; empty for the top, `source` and `pilot` for each of those.
    pub(super) section: &'static str,
    /// Its name.
    pub(super) name: &'static str,
    pub(super) shape: Shape,
    pub(super) fallback: Fallback,
    /// For people, one sentence without a full stop.
    pub(super) meaning: &'static str,
}

/// A table that holds keys.
#[derive(Clone, Copy, Debug)]
pub(super) struct Section {
    pub(super) name: &'static str,
    /// Whether there is one of it for each thing (`[[pilot]]`).
    pub(super) many: bool,
    pub(super) meaning: &'static str,
}

/// Every section, in the order people read them.
pub(super) const SECTIONS: &[Section] = &[
    section("", false, "At the top, before the first section"),
    section("store", false, "Where requests, briefs, decisions and receipts are kept"),
    section("web", false, "The review desk, the API and the door for webhooks: one address for all three"),
    section("engine", false, "How runs are worked on"),
    section("intake", false, "How requests come in"),
    section("intake.pull", false, "How sources are read that must be asked: folders, programs"),
    section("policies", false, "Who may do what"),
    section("receipts", false, "The signed log of everything that happened"),
    section("telemetry", false, "What the program says about itself"),
    section("pilot", true, "A pilot: whose requests, who decides, by which rules"),
    section("pilot.boundary", false, "The pilot's data boundary: what happens to each kind of data in a request"),
    section("source", true, "A source: where requests come from"),
    section("source.options", false, "The keys of the connector; the page of its kind under docs/sources/ lists them"),
];

const fn section(name: &'static str, many: bool, meaning: &'static str) -> Section {
    Section { name, many, meaning }
}

const fn key(
    section: &'static str,
    name: &'static str,
    shape: Shape,
    fallback: Fallback,
    meaning: &'static str,
) -> Key {
    Key { section, name, shape, fallback, meaning }
}

const WEEK_SECS: i64 = 7 * 24 * 3600;

/// Every key, in the order people read them.
pub(super) const KEYS: &[Key] = &[
    key(
        "",
        "data_dir",
        Path,
        Text("opspilot-data"),
        "Folder for everything the program makes; a relative one starts from the folder of this file. Every other relative path starts from the data folder",
    ),
    key(
        "",
        "workflows_dir",
        Path,
        Without("only those of the program"),
        "Folder with workflow definitions of your own, beside those of the program",
    ),
    key(
        "",
        "grace_secs",
        Whole(0, 3600),
        Is(10),
        "How long work in hand may take to finish when the daemon is told to stop, in seconds",
    ),
    key(
        "store",
        "url",
        Words,
        Text("sqlite:opspilot.db"),
        "`sqlite:FILE`, or `postgres://USER@HOST:5432/DATABASE` without a password",
    ),
    key(
        "store",
        "url_file",
        Path,
        Without("`url` holds"),
        "File that holds the whole address, password included, in place of `url`",
    ),
    key(
        "store",
        "url_env",
        Words,
        Without("`url` holds"),
        "Environment variable that holds the whole address, password included, in place of `url`",
    ),
    key(
        "store",
        "queue",
        Whole(1, 65_536),
        Is(1024),
        "Changes that may wait for the writer before callers are told to come again later",
    ),
    key("web", "listen", Words, Text("127.0.0.1:7700"), "Address and port to listen on"),
    key(
        "web",
        "allow_remote",
        Switch,
        Off,
        "Whether `listen` may be an address that other machines reach; put a proxy with TLS before it",
    ),
    key(
        "web",
        "base_url",
        Words,
        Without("`http://` and the address of `listen`"),
        "Address under which people and senders reach it, as they type it",
    ),
    key("web", "header_secs", Whole(1, 300), Is(10), "How long the head of a request may take to arrive, in seconds"),
    key("web", "idle_secs", Whole(1, 3600), Is(60), "How long a connection may be idle, in seconds"),
    key("web", "connections", Whole(1, 1_000_000), Is(1024), "Connections at once"),
    key("engine", "workers", Whole(1, 256), Is(2), "Tasks that look for work"),
    key(
        "engine",
        "in_flight",
        Whole(1, 10_000),
        Is(128),
        "Runs in hand per worker at most; bounds memory whatever the backlog",
    ),
    key(
        "engine",
        "lease_secs",
        Whole(5, 3600),
        Is(30),
        "How long a run belongs to one daemon unless renewed; the runs of a dead daemon are taken over after it, in seconds",
    ),
    key(
        "engine",
        "poll_ms",
        Whole(10, 60_000),
        Is(1000),
        "How often to look for work when nothing wakes the worker, in milliseconds",
    ),
    key(
        "intake",
        "max_waiting",
        Whole(1, 1_000_000_000),
        Is(100_000),
        "Requests that may wait to be drafted before the door is shut and senders are told to come again later",
    ),
    key("intake.pull", "batch", Whole(1, 10_000), Is(500), "Requests taken from a source at a time at most"),
    key(
        "intake.pull",
        "lease_secs",
        Whole(10, 3600),
        Is(60),
        "How long a source belongs to one daemon unless renewed, in seconds",
    ),
    key(
        "intake.pull",
        "first_wait_ms",
        Whole(10, 3_600_000),
        Is(500),
        "First wait after a fault of a source, doubled for each further one, in milliseconds",
    ),
    key(
        "intake.pull",
        "longest_wait_secs",
        Whole(1, 86_400),
        Is(300),
        "Longest wait after a fault of a source, in seconds",
    ),
    key(
        "intake.pull",
        "pause_at",
        Whole(1, 1_000_000_000),
        Is(20_000),
        "Files stay in their folder while more requests than this wait to be drafted",
    ),
    key(
        "policies",
        "dir",
        Path,
        Without("those of the program"),
        "Folder with policies of your own, in place of those of the program; see docs/policy.md",
    ),
    key("policies", "min_version", Whole(0, i64::MAX), Is(0), "Lowest `VERSION` of the policies that is accepted"),
    key(
        "policies",
        "recheck_secs",
        Whole(1, 86_400),
        Is(2),
        "How often to look whether the folder has changed, in seconds",
    ),
    key(
        "receipts",
        "origin",
        Words,
        Text("opspilot.local/receipts"),
        "Name of the log in its checkpoints, such as `ops.example/receipts`; do not change it later",
    ),
    key(
        "receipts",
        "key_file",
        Path,
        Text("keys/receipts.key"),
        "File with the key that signs the log; made by `opspilot init`",
    ),
    key(
        "receipts",
        "checkpoint_secs",
        Whole(1, WEEK_SECS),
        Is(60),
        "How often a signed checkpoint is written while there is something new, in seconds",
    ),
    key(
        "receipts",
        "checkpoint_file",
        Path,
        Text("checkpoints.txt"),
        "File that checkpoints are appended to; better on another disk or machine. An empty text: none",
    ),
    key(
        "telemetry",
        "format",
        Choice(&["text", "json"]),
        Text("text"),
        "How log lines look: `text` for people, `json` for machines",
    ),
    key(
        "telemetry",
        "filter",
        Words,
        Text("info"),
        "Which log lines are written: a level (`error`, `warn`, `info`, `debug`, `trace`), or directives such as `info,opspilot::engine=debug`",
    ),
    key("pilot", "name", Name, Needed, "Its name: 1 to 64 lowercase letters, digits, `.`, `_` or `-`"),
    key("pilot", "tenant", Name, Needed, "The client organisation it is run for, written like a name"),
    key("pilot", "reviewers", Names, Needed, "Names of the users who may decide on its briefs, at least one"),
    key(
        "pilot",
        "owner",
        Words,
        Without("the first reviewer"),
        "Who does what is next unless the brief says otherwise: a name for people",
    ),
    key(
        "pilot",
        "approvals_required",
        Whole(1, 100),
        Is(1),
        "How many different reviewers must approve the same content; no more than there are reviewers",
    ),
    key(
        "pilot",
        "max_attempts",
        Whole(1, 100),
        Is(3),
        "How often a brief may be drafted anew on request, the first draft included",
    ),
    key("pilot", "forbid_self_review", Switch, On, "Whether whoever handed a request in may not decide on it"),
    key(
        "pilot",
        "claim_minutes",
        Whole(1, 1440),
        Is(15),
        "How long a claim on a brief lasts unless renewed, in minutes",
    ),
    key(
        "pilot",
        "time_zone",
        Words,
        Text("UTC"),
        "The clock on the client's wall, by its IANA name, such as `Europe/Berlin`",
    ),
    key(
        "pilot",
        "duplicate_window_hours",
        Whole(0, 8760),
        Is(24),
        "For how long a request of the same content is shown as a possible duplicate, in hours",
    ),
    key("pilot", "workflow", Words, Text("generate-brief"), "Workflow that its requests take"),
    key(
        "pilot",
        "boundary",
        Table,
        Without("the preset `business-contact`"),
        "Its data boundary, the table `[pilot.boundary]`",
    ),
    key(
        "pilot.boundary",
        "preset",
        Words,
        Text("business-contact"),
        "Boundary to start from: `business-contact`, `synthetic-only` or `open`",
    ),
    key("pilot.boundary", "allowed", Names, Without("as the preset says"), "Kinds of data that stay in the text"),
    key("pilot.boundary", "redact", Names, Without("as the preset says"), "Kinds of data that are masked"),
    key(
        "pilot.boundary",
        "prohibited",
        Names,
        Without("as the preset says"),
        "Kinds of data that hold the whole request until a person looks",
    ),
    key(
        "pilot.boundary",
        "unnamed",
        Choice(&["allow", "redact", "hold"]),
        Without("as the preset says"),
        "What happens to every kind that is not named: `allow`, `redact` or `hold`",
    ),
    key(
        "pilot.boundary",
        "allow_reserved",
        Switch,
        Without("as the preset says"),
        "Whether values set aside for examples and tests always stay, such as published test cards",
    ),
    key(
        "source",
        "name",
        Name,
        Needed,
        "Its name, also in its address `/hooks/NAME`: 1 to 64 lowercase letters, digits, `.`, `_` or `-`; do not change it later, or what was read is read again",
    ),
    key("source", "kind", Words, Needed, "Connector that reads it: `webhook`, `csv_drop` or `exec`"),
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

/// The keys of a section.
pub(super) fn of(section: &str) -> impl Iterator<Item = &'static Key> {
    KEYS.iter().filter(move |key| key.section == section)
}

/// The key of that name in a section.
pub(super) fn get(section: &str, name: &str) -> Option<&'static Key> {
    of(section).find(|key| key.name == name)
}

/// Names of everything that may stand in a section: its keys and the sections below it.
pub(super) fn names(section: &str) -> Vec<&'static str> {
    let below = SECTIONS.iter().filter_map(|known| match known.name.rsplit_once('.') {
        Some((parent, name)) => (parent == section).then_some(name),
        None => (section.is_empty() && !known.name.is_empty()).then_some(known.name),
    });
    let mut names: Vec<_> = of(section).map(|key| key.name).chain(below).collect();
    names.sort_unstable();
    names.dedup();
    names
}

/// The known name that a slip of the pen turns into `given`, if one is near enough.
pub(super) fn nearest<'k>(given: &str, known: impl IntoIterator<Item = &'k str>) -> Option<&'k str> {
    if given.len() > 64 {
        return None;
    }
    let steps = |name: &'k str| (distance(given, name), name);
    known
        .into_iter()
        .map(steps)
        .min()
        .filter(|(steps, name)| *steps <= 1 + name.chars().count() / 4)
        .map(|(_, name)| name)
}

/// Levenshtein distance in characters, case aside.
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().flat_map(char::to_lowercase).collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.chars().flat_map(char::to_lowercase).enumerate() {
        let mut corner = i;
        let mut left = i + 1;
        let mut next = vec![left];
        for (y, &above) in b.iter().zip(row.iter().skip(1)) {
            left = (corner + usize::from(x != *y)).min(left + 1).min(above + 1);
            next.push(left);
            corner = above;
        }
        row = next;
    }
    row.last().copied().unwrap_or(0)
}
