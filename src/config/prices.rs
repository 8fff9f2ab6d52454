//! The dated table of prices: what tokens of known models cost. Own file because its figures decide over money and come from elsewhere, so
//! that each is doubted before it is used. INVARIANT: no price in it is zero, or beyond what any model has ever cost; a model that is not in
//! it has no price, whatever it is called.

use crate::domain::money::{Micros, Price};
use jiff::civil::Date;
use serde::Deserialize;
use std::collections::BTreeMap;

/// The table that comes with the program.
const SHIPPED: &str = include_str!("../../config/prices.toml");

/// No model costs more for a million tokens; a figure above is one in other units.
const DEAREST: i64 = 10_000 * 1_000_000;

/// Older than this, a table is worth looking over.
const OLD_DAYS: i64 = 180;

/// Prices by model.
#[derive(Clone, Debug)]
pub(super) struct Prices {
    /// The day the figures are of.
    pub(super) as_of: Date,
    models: BTreeMap<String, Price>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Table {
    as_of: String,
    #[expect(dead_code, reason = "for people: where each vendor publishes")]
    source: BTreeMap<String, String>,
    #[serde(default)]
    model: Vec<Row>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Row {
    name: String,
    #[expect(dead_code, reason = "for people: whose page it stands on")]
    vendor: String,
    input: i64,
    cached: Option<i64>,
    output: i64,
    #[expect(dead_code, reason = "for people: how sure the figure is")]
    #[serde(default)]
    sure: Option<bool>,
}

impl Prices {
    /// The table of the program, of whatever day: a clock that is behind must not keep the daemon from starting.
    pub(super) fn shipped() -> Result<Self, Vec<String>> {
        Self::parse(SHIPPED, Date::MAX)
    }

    /// Reads a table; everything that is wrong with it, in words.
    pub(super) fn parse(text: &str, today: Date) -> Result<Self, Vec<String>> {
        let table: Table = toml::from_str(text).map_err(|cause| vec![cause.message().replace('\n', ", ")])?;
        let mut wrong = Vec::new();
        let as_of = table.as_of.parse::<Date>().ok();
        match as_of {
            None => wrong.push(format!("`as_of` is `{}`, which is no day such as `2026-11-21`", table.as_of)),
            Some(day) if day > today => wrong.push(format!("`as_of` is {day}, which is yet to come")),
            Some(_) => {}
        }
        let mut models = BTreeMap::new();
        for row in table.model {
            let micros = |amount: i64| Micros::new(amount).unwrap_or(Micros::ZERO);
            let cached = row.cached.unwrap_or(row.input);
            let price = Price { input: micros(row.input), cached: micros(cached), output: micros(row.output) };
            if let Some(doubt) = doubt(&price) {
                wrong.push(format!("the price of `{}`: {doubt}", row.name));
            }
            if models.insert(row.name.clone(), price).is_some() {
                wrong.push(format!("`{}` stands twice", row.name));
            }
        }
        match as_of {
            Some(as_of) if wrong.is_empty() => Ok(Self { as_of, models }),
            _ => Err(wrong),
        }
    }

    /// The price of a model: under its own name, or under that without the day a vendor appends to it.
    pub(super) fn of(&self, model: &str) -> Option<Price> {
        self.models.get(model).or_else(|| self.models.get(undated(model)?)).copied()
    }

    /// Every model there is a price for.
    pub(super) fn models(&self) -> impl Iterator<Item = &str> {
        self.models.keys().map(String::as_str)
    }

    /// Whether its figures are so old that somebody should compare them.
    pub(super) fn is_old(&self, today: Date) -> bool {
        (today - self.as_of).get_days() > i32::try_from(OLD_DAYS).unwrap_or(i32::MAX)
    }
}

/// Why a price cannot be right.
pub(super) fn doubt(price: &Price) -> Option<String> {
    for (what, amount) in [("input", price.input), ("cached", price.cached), ("output", price.output)] {
        if amount == Micros::ZERO {
            return Some(format!("`{what}` is zero or less; a model that costs nothing is `free = true`"));
        }
        if amount.get() > DEAREST {
            return Some(format!("`{what}` is {amount} for a million tokens, more than any model costs"));
        }
    }
    if price.output.get() < price.input.get() / 10 {
        return Some("`output` is less than a tenth of `input`; they may be exchanged".to_owned());
    }
    if price.cached > price.input {
        return Some("`cached` is more than `input`".to_owned());
    }
    None
}

/// `model-2026-01-31` and `model-20260131` without the day.
fn undated(model: &str) -> Option<&str> {
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    let (name, last) = model.rsplit_once('-')?;
    if last.len() == 8 && digits(last) {
        return Some(name);
    }
    let (name, month) = name.rsplit_once('-')?;
    let (name, year) = name.rsplit_once('-')?;
    let day = last.len() == 2 && month.len() == 2 && year.len() == 4 && [last, month, year].into_iter().all(digits);
    day.then_some(name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;

    const TODAY: Date = date(2026, 11, 21);

    fn wrong(rows: &str) -> String {
        let text = format!("as_of = '2026-01-01'\nsource = {{}}\n{rows}");
        Prices::parse(&text, TODAY).unwrap_err().join("; ")
    }

    fn row(input: i64, cached: i64, output: i64) -> String {
        format!("[[model]]\nname='m'\nvendor='v'\ninput={input}\ncached={cached}\noutput={output}\n")
    }

    #[test]
    fn the_shipped_table_is_plausible() {
        let prices = Prices::shipped().unwrap();
        assert!(prices.models().count() >= 20);
        assert!(Prices::parse(SHIPPED, date(2020, 1, 1)).unwrap_err()[0].contains("yet to come"));
    }

    #[test]
    fn what_cannot_be_right_is_refused() {
        assert!(wrong(&row(0, 0, 1)).contains("zero"));
        assert!(wrong(&row(-5, -5, 1)).contains("zero"));
        assert!(wrong(&row(10, 10, 0)).contains("zero"));
        assert!(wrong(&row(1_000_000, 1, 99_999)).contains("exchanged"));
        assert!(wrong(&row(1, 2, 1)).contains("`cached`"));
        assert!(wrong(&row(1, 1, 10_000_000_001)).contains("more than any model"));
        assert!(wrong(&format!("{0}{0}", row(1, 1, 1))).contains("twice"));
        assert!(wrong("[[model]]\nname='m'\nvendor='v'\ninput=1.5\noutput=1\n").contains("1.5"));
        assert!(Prices::parse("as_of = 'soon'\nsource={}\n", TODAY).unwrap_err()[0].contains("no day"));
    }

    #[test]
    fn a_dated_model_has_the_price_of_its_name_and_a_stranger_none() {
        let text = format!("as_of = '2026-05-01'\nsource = {{}}\n{}", row(10, 5, 40));
        let prices = Prices::parse(&text, TODAY).unwrap();
        assert!(prices.of("m").is_some() && prices.of("m-2026-01-31").is_some() && prices.of("m-20260131").is_some());
        for stranger in ["m-mini", "m-latest", "m2", "", "m-2026-01", "M", "m-2026-1-31", "xm"] {
            assert!(prices.of(stranger).is_none(), "{stranger}");
        }
        assert!(prices.is_old(TODAY) && !prices.is_old(date(2026, 6, 1)));
    }
}
