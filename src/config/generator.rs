//! The `[[generator]]` and `[[tenant]]` tables, the table of prices, and how much each party may use. Own file because here a text becomes
//! money. INVARIANT: a generator that costs has a price that is plausible, and no pilot asks it without some budget that ends.

use super::keys::nearest;
use super::node::Node;
use super::pilot::time_zone;
use super::prices::{Prices, doubt};
use super::problem::Code;
use super::read::{Part, Reader, short, ticked};
use super::settings::GeneratorSettings;
use super::source::{known_kind, options, written};
use crate::domain::limit::{Allowance, Asked, Party};
use crate::domain::money::{Micros, Price};
use crate::domain::pilot::Pilot;
use jiff::civil::Date;
use opspilot_sdk::{Model, Registry};
use std::path::Path;
use std::sync::Arc;

/// The generator within the program.
pub(super) const EMBEDDED: &str = "embedded";

/// A model has no price.
const NO_PRICE: &str = "OP-7301";
/// A price, or the table of prices, cannot be right.
const BAD_PRICE: &str = "OP-7302";
/// A generator that costs could be asked without end.
const NO_BUDGET: &str = "OP-7303";

/// The prices in force: those of the operator's file, or the program's.
pub(super) fn prices(reader: &mut Reader, part: &Part<'_>, data_dir: &Path, today: Date) -> Option<Prices> {
    let file = reader.path(part, "file", data_dir);
    let (read, whose) = match &file {
        None => (Prices::shipped(), "the table of the program".to_owned()),
        Some(file) => {
            let read = std::fs::read_to_string(file).map_err(|cause| vec![format!("cannot be read: {cause}")]);
            (read.and_then(|text| Prices::parse(&text, today)), format!("`{}`", file.display()))
        }
    };
    match read {
        Ok(prices) => Some(prices),
        Err(wrong) => {
            for message in wrong {
                let help = "correct the table; docs/limits.md shows its form";
                reader.add(BAD_PRICE, part.place("file"), part.path("file"), format!("{whose}: {message}"), help);
            }
            None
        }
    }
}

/// Reads one generator, `generator[index]`.
pub(super) fn generator(
    reader: &mut Reader,
    index: usize,
    node: &Node,
    prices: Option<&Prices>,
    models: &Registry<Arc<dyn Model>>,
) -> Option<GeneratorSettings> {
    let path = format!("generator[{index}]");
    let part = reader.part("generator", &path, &node.place, Some(node));
    let name = reader.text(&part, "name");
    if name.as_deref() == Some(EMBEDDED) {
        let message = "`embedded` is the generator within the program";
        reader.at(Code::Twice, &part, "name", message, "give this one another name");
    }
    let kind = reader.text(&part, "kind");
    let allowance = allowance(reader, &part);
    let zone = time_zone(reader, &part);
    let parallel = reader.number::<u32>(&part, "parallel");
    let max_output = reader.number::<u32>(&part, "max_output_tokens");
    let model = match part.node("options").and_then(|options| options.get("model")).map(|node| &node.value) {
        Some(super::node::Value::Text(model)) => model.clone(),
        _ => String::new(),
    };
    let price = price(reader, &part, &model, prices);
    let kind = kind?;
    known_kind(reader, &part, &kind, models)?;
    let prepared = options(reader, &part, &kind, models)?;
    let written = written(&part);
    let (price, from_table) = price?;
    let asked = Asked { name: name?, model, price, allowance, zone: zone?, parallel, max_output };
    Some(GeneratorSettings { kind, asked, from_table, prepared, written })
}

/// What its tokens cost, and whether the table says so.
fn price(reader: &mut Reader, part: &Part<'_>, model: &str, prices: Option<&Prices>) -> Option<(Price, bool)> {
    let free = reader.switch(part, "free").unwrap_or(false);
    if let Some(node) = part.node("price") {
        if free {
            let message = "a generator that is free has no price";
            reader.at(Code::Together, part, "price", message, "leave `free` or the price out");
        }
        let (path, place) = (part.path("price"), part.place("price"));
        let inner = reader.part("generator.price", &path, &place, Some(node));
        let input = money(reader, &inner, "input");
        let cached = money(reader, &inner, "cached");
        let output = money(reader, &inner, "output");
        let price = Price { input: input?, cached: cached.or(input)?, output: output? };
        if let Some(doubt) = doubt(&price) {
            let help = "write dollars for a million tokens, such as `2.50`";
            reader.add(BAD_PRICE, part.place("price"), part.path("price"), doubt, help);
            return None;
        }
        return Some((price, false));
    }
    if free {
        return Some((Price::FREE, false));
    }
    // Without a table nothing is known about any model; the table's own problem is told already.
    let prices = prices?;
    if let Some(price) = prices.of(model) {
        return Some((price, true));
    }
    let near = nearest(model, prices.models()).filter(|_| !model.is_empty());
    let near = near.map_or_else(String::new, |near| format!("did you mean `{near}`? otherwise "));
    let message = match model {
        "" => "nobody knows what it costs: its options name no model".to_owned(),
        model => format!("nobody knows what the model `{}` costs", short(model)),
    };
    let help =
        format!("{near}add `[generator.price]` with what the vendor asks, or `free = true` on a machine of your own");
    reader.add(NO_PRICE, part.place("options"), part.path("options.model"), message, help);
    None
}

/// An amount in dollars.
pub(super) fn money(reader: &mut Reader, part: &Part<'_>, name: &str) -> Option<Micros> {
    let text = reader.text(part, name)?;
    match text.parse() {
        Ok(amount) => Some(amount),
        Err(cause) => {
            reader.at(Code::Value, part, name, format!("{cause}"), "write it in quotes, such as `\"5.00\"`");
            None
        }
    }
}

/// The rates and budgets in a table.
pub(super) fn allowance(reader: &mut Reader, part: &Part<'_>) -> Allowance {
    let positive = |number: i64| u64::try_from(number).ok();
    let requests = reader.whole(part, "requests_per_minute").and_then(|number| u32::try_from(number).ok());
    let tokens = reader.whole(part, "tokens_per_minute").and_then(positive);
    let allowance = Allowance {
        requests_per_minute: requests,
        tokens_per_minute: tokens,
        per_day: money(reader, part, "usd_per_day"),
        per_month: money(reader, part, "usd_per_month"),
        whole: money(reader, part, "usd_whole"),
    };
    let order =
        [("usd_per_day", allowance.per_day), ("usd_per_month", allowance.per_month), ("usd_whole", allowance.whole)];
    for (short, long) in [(0, 1), (0, 2), (1, 2)] {
        let ((lesser, small), (greater, large)) = (order[short], order[long]);
        if let (Some(small), Some(large)) = (small, large)
            && small > large
        {
            let message = format!("{small} is more than `{greater}`, {large}: it could never be reached");
            reader.at(Code::Together, part, lesser, message, format!("lower `{lesser}`, or raise `{greater}`"));
        }
    }
    allowance
}

/// Reads one tenant, `tenant[index]`.
pub(super) fn tenant(reader: &mut Reader, index: usize, node: &Node, pilots: &[Pilot]) -> Option<Party> {
    let path = format!("tenant[{index}]");
    let part = reader.part("tenant", &path, &node.place, Some(node));
    let name = reader.text(&part, "name");
    let zone = time_zone(reader, &part);
    let allowance = allowance(reader, &part);
    let name = name?;
    let known: Vec<&str> = pilots.iter().map(|pilot| pilot.tenant.as_str()).collect();
    if !known.contains(&name.as_str()) {
        let help = match nearest(&name, known.iter().copied()) {
            Some(near) => format!("did you mean `{near}`?"),
            None => "write the tenant as its pilots do, or leave this out".to_owned(),
        };
        reader.at(Code::Nowhere, &part, "name", format!("no pilot is of the tenant `{}`", short(&name)), help);
    }
    Some(Party { scope: format!("tenant:{name}"), allowance, zone: zone? })
}

/// Judges the generators that a pilot names: each must be there, and what costs must have an end.
pub(super) fn chain(
    reader: &mut Reader,
    index: usize,
    node: &Node,
    pilot: &Pilot,
    generators: &[GeneratorSettings],
    names: Option<&[&str]>,
    tenants: &[Party],
) {
    let path = format!("pilot[{index}]");
    let part = Part::over("pilot", &path, &node.place, node);
    let tenant = tenants.iter().find(|party| party.scope == format!("tenant:{}", pilot.tenant));
    // An amount that could not be read is an end that somebody meant.
    let meant = reader.problems.iter().any(|problem| problem.key.contains("usd_"));
    let ends = meant || pilot.allowance.has_budget() || tenant.is_some_and(|party| party.allowance.has_budget());
    for name in pilot.generators.iter().filter(|name| *name != EMBEDDED) {
        let Some(generator) = generators.iter().find(|generator| generator.asked.name == *name) else {
            // One that is there and broken has its own problem.
            if names.is_some_and(|names| !names.contains(&name.as_str())) {
                let known: Vec<&str> = names.unwrap_or_default().iter().copied().chain([EMBEDDED]).collect();
                let help = match nearest(name, known.iter().copied()) {
                    Some(near) => format!("did you mean `{near}`?"),
                    None => format!("use {}, or add a `[[generator]]` of that name", ticked(&known)),
                };
                reader.at(Code::Nowhere, &part, "generators", format!("there is no generator `{}`", short(name)), help);
            }
            continue;
        };
        if !generator.asked.price.is_free() && !ends && !generator.asked.allowance.has_budget() {
            let message = format!("the generator `{name}` costs money and nothing says how much it may cost at most");
            let help = "set `usd_per_day`, `usd_per_month` or `usd_whole` in `[pilot.limits]`, of the generator, or of the tenant";
            reader.add(NO_BUDGET, part.place("generators"), part.path("generators"), message, help);
        }
    }
}
