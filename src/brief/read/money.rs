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
    /// The period behind a price per piece (`per user per month`).
    pub(crate) every: Option<Per>,
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

/// An amount with its currency: `€950`, `CHF 950`.
pub(crate) fn show(amount: i64, currency: &str) -> String {
    let gap = if currency.chars().all(char::is_alphabetic) { " " } else { "" };
    format!("{currency}{gap}{}", number::show(amount))
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
            && !is_code(tokens, index)
            && let Some((amount, taken)) =
                tokens.get(index + 1).filter(|t| t.kind == Kind::Number).and_then(|_| number::at(tokens, index + 1))
        {
            let last = index + taken;
            let (per, every, more) = rate(tokens, last + 1);
            let end = tokens.get(last + more).map_or(token.end, |t| t.end);
            list.push(Money { start: token.start, end, amount, currency, per, every });
            index = last + 1;
            continue;
        }
        if matches!(token.kind, Kind::Number | Kind::Word)
            && let Some((amount, taken)) = number::at(tokens, index)
            && let Some(after) = tokens.get(index + taken)
            && let Some(currency) = currency(after, false)
            && !(after.text == "$" && is_within_name(tokens, index))
        {
            let (per, every, more) = rate(tokens, index + taken + 1);
            let end = tokens.get(index + taken + more).map_or(after.end, |t| t.end);
            list.push(Money { start: token.start, end, amount, currency, per, every });
            index += taken + 1;
            continue;
        }
        index += 1;
    }
    list
}

/// Whether the `$` and the number behind it are a name of a program: `Invoker$1.run`, `{print $2}`.
fn is_code(tokens: &[Token<'_>], index: usize) -> bool {
    let (Some(sign), Some(number)) = (tokens.get(index), tokens.get(index + 1)) else { return false };
    if sign.text != "$" || number.kind != Kind::Number {
        return false;
    }
    let before = index.checked_sub(1).and_then(|i| tokens.get(i)).filter(|t| t.end == sign.start);
    let Some(before) = before else { return false };
    let glued = match before.kind {
        // `US$5`, `A$20`.
        Kind::Word => before.text.len() > 3 || !before.text.bytes().all(|b| b.is_ascii_uppercase()),
        Kind::Number => true,
        Kind::Mark => matches!(before.text, "$" | "_" | "{" | "=" | "\\" | "`" | ">"),
    };
    let single = number.text.len() == 1 && number::at(tokens, index + 1).is_none_or(|(_, taken)| taken == 1);
    let after = tokens.get(index + 2).filter(|t| t.start == number.end);
    let called = after.is_some_and(|t| {
        matches!(t.text, "(" | "$" | "_")
            || t.text == "." && tokens.get(index + 3).is_some_and(|word| word.start == t.end && word.kind == Kind::Word)
    });
    glued && (single || called) && rate(tokens, index + 2).0.is_none()
}

/// Whether the number goes on with the word or the `$` before it: `S3$1`, `Impl$2$1`.
fn is_within_name(tokens: &[Token<'_>], index: usize) -> bool {
    let (before, number) = (index.checked_sub(1).and_then(|i| tokens.get(i)), tokens.get(index));
    before.zip(number).is_some_and(|(t, number)| t.end == number.start && (t.kind == Kind::Word || t.text == "$"))
}

fn currency(token: &Token<'_>, before: bool) -> Option<&'static str> {
    match (token.kind, token.text.len()) {
        (Kind::Mark, _) => return ["$", "€", "£", "¥", "₹"].into_iter().find(|sign| *sign == token.text),
        (Kind::Word, 3) => {
            const CODES: &[&str] =
                &["EUR", "USD", "GBP", "CHF", "CAD", "AUD", "SEK", "NOK", "DKK", "PLN", "JPY", "INR"];
            return CODES.iter().find(|code| token.is(code)).copied();
        }
        (Kind::Word, 4..=7) if !before => {}
        _ => return None,
    }
    if !matches!(&token.head(), b"eur" | b"dol" | b"buc" | b"pou" | b"qui" | b"fra") {
        return None;
    }
    const NAMES: &[(&str, &str)] = &[
        ("euro", "€"),
        ("euros", "€"),
        ("dollar", "$"),
        ("dollars", "$"),
        ("bucks", "$"),
        ("pound", "£"),
        ("pounds", "£"),
        ("quid", "£"),
        ("francs", "CHF"),
    ];
    NAMES.iter().find(|(name, _)| token.is(name)).map(|(_, sign)| *sign)
}

/// What the amount is per, the period behind it, and how many tokens say so.
fn rate(tokens: &[Token<'_>], index: usize) -> (Option<Per>, Option<Per>, usize) {
    let (first, taken) = per(tokens, index);
    match first {
        Some(Per::Piece) => match per(tokens, index + taken) {
            (Some(every), more) if every != Per::Piece => (first, Some(every), taken + more),
            _ => (first, None, taken),
        },
        _ => (first, None, taken),
    }
}

/// What the amount is per, and how many tokens say so.
fn per(tokens: &[Token<'_>], index: usize) -> (Option<Per>, usize) {
    let Some(first) = tokens.get(index).filter(|t| !t.new_line) else { return (None, 0) };
    let led = first.any(&["per", "a", "an", "every"]) || first.text == "/";
    let Some(unit) = tokens.get(index + usize::from(led)).filter(|t| !t.new_line) else { return (None, 0) };
    let found = match () {
        () if !led && unit.is("hourly") => Some(Per::Hour),
        () if !led && unit.is("daily") => Some(Per::Day),
        () if !led && unit.is("weekly") => Some(Per::Week),
        () if !led && unit.is("monthly") => Some(Per::Month),
        () if !led && unit.any(&["yearly", "annually"]) => Some(Per::Year),
        () if !led && unit.any(&["each", "apiece"]) => Some(Per::Piece),
        () if !led => None,
        () if unit.any(&["hour", "h", "hr"]) => Some(Per::Hour),
        () if unit.is("day") => Some(Per::Day),
        () if unit.is("week") => Some(Per::Week),
        () if unit.any(&["month", "mo"]) => Some(Per::Month),
        () if unit.any(&["year", "annum", "yr"]) => Some(Per::Year),
        () if unit.any(&[
            "seat", "user", "piece", "unit", "order", "person", "head", "license", "licence", "item", "invoice",
            "ticket", "guest", "room", "box", "page", "word", "laptop", "desk",
        ]) =>
        {
            Some(Per::Piece)
        }
        () => None,
    };
    match found {
        Some(per) => (Some(per), 1 + usize::from(led)),
        None => (None, 0),
    }
}

#[cfg(test)]
mod tests {
    use super::super::words;
    use super::*;

    fn amounts(text: &str) -> Vec<i64> {
        find(&words::tokens(text)).into_iter().map(|money| money.amount / 100).collect()
    }

    #[test]
    fn a_name_with_a_dollar_sign_is_no_amount() {
        for text in [
            "at EditLogTailer$2.doWork(EditLogTailer.java:7)",
            "lambda$execute$0(AbfsRestOperation.java)",
            "$$anonfun$8.apply",
            "InjectorImpl$2$1.call",
            "SecuritySupport$2",
            "org/apache/AvroRecord$1.class",
            "awk '{print ${1}}' and x=$1",
            "foo$12(Bar)",
        ] {
            assert_eq!(amounts(text), [0_i64; 0], "{text}");
        }
    }

    #[test]
    fn small_amounts_are_read() {
        for (text, amount) in [
            ("it costs $5", 5),
            ("($5)", 5),
            ("only $5.", 5),
            ("$5 per seat", 5),
            ("US$5", 5),
            ("A$20 a piece", 20),
            ("about $9 each", 9),
            ("costs$500", 500),
            ("=$5/month", 5),
            ("$1 million", 1_000_000),
        ] {
            assert_eq!(amounts(text), [amount], "{text}");
        }
    }
}
