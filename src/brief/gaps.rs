//! Which items of a check-list a text does not say.
//!
//! Its own file because a pilot can bring its own check-list, and because it is measured on its own
//! set (`tests/data/missing_info`).
//! INVARIANT: a field it does not know is missing; it never claims to have seen what it cannot read.

mod moments;
mod names;
mod party;

use super::read::contact::{self, Kind as Address};
use super::read::money;
use super::read::words::{self, Kind, Token};
use moments::Moment;

/// The fields of `checklist` that `text` does not say, in the order of the list.
///
/// Known fields: `amount_of_money` (`budget`, `amount`, `price`), `date` (`deadline`), `date_from`,
/// `date_to`, `date_period` (`period`), `time`, `time_period` (`duration`), `person_name` (`name`),
/// `company_name` (`company`, `organisation`), `people`, `adults`, `kids`, `rooms`, `number`
/// (`quantity`), `shopping_category` (`category`), `email`, `phone`, `link`.
#[must_use]
pub fn missing<'c>(text: &str, checklist: &[&'c str]) -> Vec<&'c str> {
    let read = Read::new(text);
    checklist.iter().copied().filter(|field| !read.says(field)).collect()
}

/// What was read of the text.
struct Read<'a> {
    text: &'a str,
    tokens: Vec<Token<'a>>,
    moments: Vec<Moment>,
    money: Vec<money::Money>,
}

impl<'a> Read<'a> {
    fn new(text: &'a str) -> Self {
        let tokens = words::tokens(text);
        let money = money::find(&tokens);
        let moments = moments::find(&tokens);
        Read { text, tokens, moments, money }
    }

    fn says(&self, field: &str) -> bool {
        match field {
            "amount_of_money" | "budget" | "amount" | "price" => self.amount(),
            "date" | "deadline" => moments::date(self),
            "date_from" | "start_date" => moments::from(self),
            "date_to" | "end_date" => moments::to(self),
            "date_period" | "period" => moments::period(self),
            "time" => moments::time(self),
            "time_period" | "duration" => moments::hours(self),
            "person_name" | "name" => names::person(self),
            "company_name" | "company" | "organisation" | "organization" => names::company(self),
            "people" | "number_of_people" => party::people(self),
            "adults" => party::adults(self),
            "kids" | "children" => party::kids(self),
            "rooms" => party::rooms(self),
            "number" | "quantity" => self.number(),
            "shopping_category" | "category" => names::category(self),
            "email" => self.address(Address::Email),
            "phone" => self.address(Address::Phone),
            "link" | "url" => self.address(Address::Link),
            _ => false,
        }
    }

    fn address(&self, kind: Address) -> bool {
        contact::find(self.text).iter().any(|c| c.kind == kind)
    }

    /// Whether one of these words stands in the text.
    fn any(&self, list: &[&str]) -> bool {
        self.tokens.iter().any(|t| t.kind == Kind::Word && t.any(list))
    }

    fn token(&self, index: usize) -> Option<&Token<'a>> {
        self.tokens.get(index)
    }

    fn before(&self, index: usize, back: usize) -> Option<&Token<'a>> {
        index.checked_sub(back).and_then(|i| self.tokens.get(i))
    }

    /// Whether the token belongs to a date, a time or an amount with a currency.
    fn taken(&self, index: usize) -> bool {
        let moment =
            self.moments.partition_point(|m| m.first <= index).checked_sub(1).and_then(|i| self.moments.get(i));
        let paid = |at: usize| {
            self.money
                .partition_point(|m| m.start <= at)
                .checked_sub(1)
                .and_then(|i| self.money.get(i))
                .is_some_and(|m| at < m.end)
        };
        moment.is_some_and(|m| index < m.first + m.count) || self.token(index).is_some_and(|t| paid(t.start))
    }

    /// A number that is nothing else: index and value.
    fn free_numbers(&self) -> impl Iterator<Item = usize> + '_ {
        (0..self.tokens.len()).filter(|i| self.token(*i).is_some_and(|t| t.kind == Kind::Number) && !self.taken(*i))
    }

    /// An amount with a currency, or a large free number where money is spoken of.
    fn amount(&self) -> bool {
        if !self.money.is_empty() {
            return true;
        }
        let spoken = self.any(&[
            "send",
            "transfer",
            "pay",
            "paid",
            "withdraw",
            "spend",
            "spent",
            "limit",
            "overdraft",
            "deposit",
            "budget",
            "cost",
            "charged",
            "balance",
            "loan",
            "mortgage",
            "increase",
            "refund",
            "cash",
            "set",
        ]);
        spoken
            && self.free_numbers().any(|i| {
                let large = self.token(i).is_some_and(|t| {
                    t.text.len() >= 2 && super::read::number::parse(t.text).is_some_and(|n| n >= 2_000)
                });
                let counted = self.token(i + 1).is_some_and(|t| {
                    t.any(&[
                        "days",
                        "day",
                        "nights",
                        "hours",
                        "minutes",
                        "people",
                        "adults",
                        "kids",
                        "payments",
                        "transactions",
                        "times",
                        "cards",
                        "accounts",
                        "months",
                        "weeks",
                        "years",
                        "digit",
                        "digits",
                    ])
                });
                large && !counted
            })
    }

    /// A count that belongs to no date, time, amount or party.
    fn number(&self) -> bool {
        self.any(&["none", "zero"])
            || self.free_numbers().any(|i| {
                let party = self.before(i, 1).is_some_and(|t| t.any(&["for", "are", "of"]))
                    && self.any(&[
                        "table",
                        "hotel",
                        "room",
                        "restaurant",
                        "rooms",
                        "arrive",
                        "dinner",
                        "lunch",
                        "adults",
                    ]);
                let year = self.token(i).is_some_and(|t| t.text.len() == 4 && t.text.starts_with("20"));
                !party
                    && !year
                    && !self.token(i + 1).is_some_and(|t| {
                        t.any(&[
                            "people", "adults", "adult", "kids", "children", "rooms", "room", "guests", "nights",
                            "night", "persons", "person",
                        ])
                    })
            })
    }
}
