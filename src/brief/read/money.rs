//! Amounts of money: `€1,200`, `1.200 EUR`, `$15k`, `450 dollars`.
//!
//! Its own file because an amount is a number with a currency: without one it is only a quantity.
//! INVARIANT: amounts are whole hundredths of the currency; nothing is converted.

use super::number;
use super::words::{Kind, Token};

/// An amount in the text.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Money {
    /// First byte, currency included.
    pub(crate) start: usize,
    /// First byte after it.
    pub(crate) end: usize,
    /// Hundredths of the currency.
    pub(crate) amount: i64,
    /// Currency as a sign or code: `€`, `$`, `CHF`.
    pub(crate) currency: &'static str,
    /// What it is per, when it is a rate (`per hour`).
    pub(crate) per: Option<Per>,
}

/// What a rate is per.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Per {
    /// Per hour.
    Hour,
    /// Per day.
    Day,
    /// Per week.
    Week,
    /// Per month.
    Month,
    /// Per year.
    Year,
    /// Per seat, user, piece, order …
    Piece,
}

impl Per {
    /// The word for it.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Per::Hour => "hour",
            Per::Day => "day",
            Per::Week => "week",
            Per::Month => "month",
            Per::Year => "year",
            Per::Piece => "unit",
        }
    }
}

/// Every amount, in order, not overlapping.
pub(crate) fn find(tokens: &[Token<'_>]) -> Vec<Money> {
    let mut list = Vec::new();
    let mut index = 0;
    while let Some(token) = tokens.get(index) {
        if let Some(currency) = currency(token, true)
            && let Some((amount, taken)) = tokens.get(index + 1).filter(|t| t.kind == Kind::Number).and_then(|_| number::at(tokens, index + 1))
        {
            let last = index + taken;
            let end = tokens.get(last).map_or(token.end, |t| t.end);
            list.push(Money { start: token.start, end, amount, currency, per: per(tokens, last + 1) });
            index = last + 1;
            continue;
        }
        if matches!(token.kind, Kind::Number | Kind::Word)
            && let Some((amount, taken)) = number::at(tokens, index)
            && let Some(after) = tokens.get(index + taken)
            && let Some(currency) = currency(after, false)
        {
            list.push(Money { start: token.start, end: after.end, amount, currency, per: per(tokens, index + taken + 1) });
            index += taken + 1;
            continue;
        }
        index += 1;
    }
    list
}

fn currency(token: &Token<'_>, before: bool) -> Option<&'static str> {
    match token.text {
        "$" => return Some("$"),
        "€" => return Some("€"),
        "£" => return Some("£"),
        "¥" => return Some("¥"),
        "₹" => return Some("₹"),
        _ => {}
    }
    if token.kind != Kind::Word || token.text.len() > 7 {
        return None;
    }
    const CODES: &[&str] = &["EUR", "USD", "GBP", "CHF", "CAD", "AUD", "SEK", "NOK", "DKK", "PLN", "JPY", "INR"];
    if let Some(code) = CODES.iter().find(|code| token.is(code)) {
        return Some(code);
    }
    if before {
        return None;
    }
    const NAMES: &[(&str, &str)] = &[("euro", "€"), ("euros", "€"), ("dollar", "$"), ("dollars", "$"), ("bucks", "$"), ("pound", "£"), ("pounds", "£"), ("quid", "£"), ("francs", "CHF")];
    NAMES.iter().find(|(name, _)| token.is(name)).map(|(_, sign)| *sign)
}

fn per(tokens: &[Token<'_>], index: usize) -> Option<Per> {
    let first = tokens.get(index)?;
    let unit = if first.any(&["per", "a", "an", "each", "every"]) || first.text == "/" {
        tokens.get(index + 1).filter(|t| !t.new_line)
    } else {
        None
    };
    let Some(unit) = unit else {
        return match () {
            () if first.is("hourly") => Some(Per::Hour),
            () if first.is("daily") => Some(Per::Day),
            () if first.is("weekly") => Some(Per::Week),
            () if first.is("monthly") => Some(Per::Month),
            () if first.any(&["yearly", "annually", "pa"]) => Some(Per::Year),
            () if first.any(&["each", "apiece"]) => Some(Per::Piece),
            () => None,
        };
    };
    match () {
        () if unit.any(&["hour", "h", "hr"]) => Some(Per::Hour),
        () if unit.is("day") => Some(Per::Day),
        () if unit.is("week") => Some(Per::Week),
        () if unit.any(&["month", "mo"]) => Some(Per::Month),
        () if unit.any(&["year", "annum", "yr"]) => Some(Per::Year),
        () if unit.any(&["seat", "user", "piece", "unit", "order", "person", "head", "license", "licence", "item", "invoice", "ticket", "guest", "night", "room", "box", "page", "word"]) => Some(Per::Piece),
        () => None,
    }
}
