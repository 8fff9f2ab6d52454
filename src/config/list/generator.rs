//! Generators that ask models, what they cost, and how much each client may spend: every key.

use super::super::keys::Fallback::{Is, Needed, Off, Text, Without};
use super::super::keys::Key;
use super::super::keys::Shape::{Name, Path, Switch, Table, Whole, Words};
use super::key;

pub(super) const GENERATORS: &[Key] = &[
    key(
        "prices",
        "file",
        Path,
        Without("the table of the program"),
        "File with a table of prices of your own, in place of the program's; see docs/limits.md",
    ),
    key(
        "generator",
        "name",
        Name,
        Needed,
        "Its name: 1 to 64 lowercase letters, digits, `.`, `_` or `-`; do not change it later, or its budgets begin anew",
    ),
    key("generator", "kind", Words, Needed, "Connector that asks: `openai` or `anthropic`"),
    key("generator", "free", Switch, Off, "Whether its tokens cost nothing, as on a machine of your own"),
    key(
        "generator",
        "requests_per_minute",
        Whole(1, 10_000_000),
        Without("no limit"),
        "Calls to models in a minute at most: as many at once after a pause, then so many sustained",
    ),
    key(
        "generator",
        "tokens_per_minute",
        Whole(1, 1_000_000_000_000),
        Without("no limit"),
        "Tokens in a minute at most, read and written together; a call that could take more than this is never made",
    ),
    key(
        "generator",
        "usd_per_day",
        Words,
        Without("no budget for a day"),
        "Spend within a day at most, in dollars, such as `5.00`",
    ),
    key(
        "generator",
        "usd_per_month",
        Words,
        Without("no budget for a month"),
        "Spend within a month at most, in dollars",
    ),
    key("generator", "usd_whole", Words, Without("no budget in all"), "Spend in all at most, in dollars"),
    key(
        "generator",
        "time_zone",
        Words,
        Text("UTC"),
        "The clock by which its days and months begin, by its IANA name, such as `Europe/Berlin`",
    ),
    key(
        "generator",
        "parallel",
        Whole(1, 10_000),
        Is(4),
        "Calls at once at most; fewer while the far side says that there are too many",
    ),
    key(
        "generator",
        "max_output_tokens",
        Whole(16, 1_000_000),
        Is(4096),
        "Longest answer that is asked for, in tokens; so much is set aside before each call",
    ),
    key(
        "generator",
        "price",
        Table,
        Without("as the table of prices says"),
        "Its own price, the table `[generator.price]`",
    ),
    key("generator", "options", Table, Without("none"), "The keys of the connector, the table `[generator.options]`"),
    key("generator.price", "input", Words, Needed, "A million tokens that it reads, in dollars, such as `2.50`"),
    key(
        "generator.price",
        "cached",
        Words,
        Without("as `input`"),
        "A million tokens that it reads from the far side's cache, in dollars",
    ),
    key("generator.price", "output", Words, Needed, "A million tokens that it writes, in dollars"),
    key("tenant", "name", Name, Needed, "Its name, as pilots write it under `tenant`"),
    key(
        "tenant",
        "time_zone",
        Words,
        Text("UTC"),
        "The clock by which its days and months begin, by its IANA name, such as `Europe/Berlin`",
    ),
    key(
        "tenant",
        "requests_per_minute",
        Whole(1, 10_000_000),
        Without("no limit"),
        "Calls to models in a minute at most: as many at once after a pause, then so many sustained",
    ),
    key(
        "tenant",
        "tokens_per_minute",
        Whole(1, 1_000_000_000_000),
        Without("no limit"),
        "Tokens in a minute at most, read and written together; a call that could take more than this is never made",
    ),
    key(
        "tenant",
        "usd_per_day",
        Words,
        Without("no budget for a day"),
        "Spend within a day at most, in dollars, such as `5.00`",
    ),
    key("tenant", "usd_per_month", Words, Without("no budget for a month"), "Spend within a month at most, in dollars"),
    key("tenant", "usd_whole", Words, Without("no budget in all"), "Spend in all at most, in dollars"),
];
