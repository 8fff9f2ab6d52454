//! Money and prices: whole micro-dollars, checked arithmetic. Own file because configuration, ledger and reports must all count alike.
//! INVARIANT: no floating point anywhere, never below zero, and what is rounded is rounded up: towards the one who pays.

use opspilot_sdk::Usage;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

/// Micro-dollars in a dollar.
const DOLLAR: i64 = 1_000_000;
/// Tokens that a price is for.
const MILLION: i128 = 1_000_000;

/// An amount in millionths of a US dollar, zero or more.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "i64", into = "i64")]
pub struct Micros(i64);

/// A text or number that is no amount.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{given}` is no amount in dollars; write it like `5.00`, with at most six places")]
pub struct NotMoney {
    given: String,
}

impl Micros {
    /// Nothing.
    pub const ZERO: Self = Self(0);

    /// So many millionths of a dollar; `None` when negative.
    #[must_use]
    pub const fn new(micros: i64) -> Option<Self> {
        if micros < 0 { None } else { Some(Self(micros)) }
    }

    /// In millionths of a dollar.
    #[must_use]
    pub const fn get(self) -> i64 {
        self.0
    }

    /// The sum; `None` when it is too large to count.
    #[must_use]
    pub const fn plus(self, other: Self) -> Option<Self> {
        match self.0.checked_add(other.0) {
            Some(sum) => Some(Self(sum)),
            None => None,
        }
    }

    /// The difference; `None` when it is below zero.
    #[must_use]
    pub const fn minus(self, other: Self) -> Option<Self> {
        // Neither is negative, so the difference cannot overflow.
        Self::new(self.0 - other.0)
    }

    /// The share of `whole` in hundredths, rounded down; of nothing, everything is the whole.
    #[must_use]
    pub fn percent_of(self, whole: Self) -> i64 {
        if whole.0 == 0 {
            return 100;
        }
        i64::try_from(i128::from(self.0) * 100 / i128::from(whole.0)).unwrap_or(i64::MAX)
    }
}

impl TryFrom<i64> for Micros {
    type Error = NotMoney;
    fn try_from(micros: i64) -> Result<Self, NotMoney> {
        Self::new(micros).ok_or_else(|| NotMoney { given: micros.to_string() })
    }
}

impl From<Micros> for i64 {
    fn from(micros: Micros) -> Self {
        micros.0
    }
}

impl FromStr for Micros {
    type Err = NotMoney;

    /// Reads `5`, `5.00`, `0.000001` or `$5.00`; no sign, no exponent, no separators of thousands.
    fn from_str(text: &str) -> Result<Self, NotMoney> {
        let not = || NotMoney { given: text.chars().take(40).filter(|letter| !letter.is_control()).collect() };
        let bare = text.strip_prefix('$').unwrap_or(text);
        let (whole, part) = bare.split_once('.').unwrap_or((bare, "0"));
        let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        if !digits(whole) || !digits(part) || part.len() > 6 {
            return Err(not());
        }
        let whole: i64 = whole.parse().map_err(|_| not())?;
        let part: i64 = format!("{part:0<6}").parse().map_err(|_| not())?;
        whole.checked_mul(DOLLAR).and_then(|micros| micros.checked_add(part)).map(Self).ok_or_else(not)
    }
}

impl fmt::Display for Micros {
    /// With two places, or as many as it takes.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let part = format!("{:06}", self.0 % DOLLAR);
        let part = part.trim_end_matches('0');
        write!(f, "${}.{part:0<2}", self.0 / DOLLAR)
    }
}

/// What a million tokens cost.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Price {
    /// Read.
    pub input: Micros,
    /// Read from a cache of the far side.
    pub cached: Micros,
    /// Written.
    pub output: Micros,
}

impl Price {
    /// Of a model on a machine of one's own.
    pub const FREE: Self = Self { input: Micros::ZERO, cached: Micros::ZERO, output: Micros::ZERO };

    /// Whether nothing costs anything.
    #[must_use]
    pub fn is_free(&self) -> bool {
        *self == Self::FREE
    }

    /// What a counted use costs, rounded up; `None` when it says that more was cached than read, or is too large to count.
    #[must_use]
    pub fn cost(&self, usage: &Usage) -> Option<Micros> {
        let fresh = usage.input.checked_sub(usage.cached)?;
        sum(&[(fresh, self.input), (usage.cached, self.cached), (usage.output, self.output)])
    }

    /// What a call costs at most: everything read at the dearer of the two prices, and an answer of full length.
    #[must_use]
    pub fn worst(&self, most_input: u64, max_output: u64) -> Option<Micros> {
        sum(&[(most_input, self.input.max(self.cached)), (max_output, self.output)])
    }
}

fn sum(parts: &[(u64, Micros)]) -> Option<Micros> {
    let mut whole: i128 = 0;
    for (tokens, price) in parts {
        whole = whole.checked_add(i128::from(*tokens).checked_mul(i128::from(price.0))?)?;
    }
    let up = whole.checked_add(MILLION - 1)? / MILLION;
    i64::try_from(up).ok().map(Micros)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn micros(text: &str) -> i64 {
        text.parse::<Micros>().unwrap().get()
    }

    #[test]
    fn amounts_are_read_and_shown_to_the_last_millionth() {
        for (text, value, shown) in [
            ("5.00", 5_000_000, "$5.00"),
            ("5", 5_000_000, "$5.00"),
            ("$0.1", 100_000, "$0.10"),
            ("0.000001", 1, "$0.000001"),
            ("12.345", 12_345_000, "$12.345"),
            ("0", 0, "$0.00"),
        ] {
            assert_eq!((micros(text), Micros(value).to_string().as_str()), (value, shown));
        }
        for wrong in ["", ".", "5.", ".5", "-1", "+1", "1e3", "1,000", "0.0000001", "NaN", "99999999999999", "5 ", "٣"]
        {
            assert!(wrong.parse::<Micros>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_use_is_rounded_up_and_a_cached_token_counts_once() {
        let price = Price { input: Micros(2_500_000), cached: Micros(1_250_000), output: Micros(10_000_000) };
        let cost = |input, cached, output| price.cost(&Usage { input, cached, output }).map(Micros::get);
        assert_eq!(cost(1, 0, 0), Some(3), "two and a half are three");
        assert_eq!(cost(1000, 400, 100), Some(1500 + 500 + 1000));
        assert_eq!(cost(1, 2, 0), None);
        assert_eq!(cost(u64::MAX, 0, u64::MAX), None);
        assert_eq!(Price::FREE.cost(&Usage { input: u64::MAX, cached: 0, output: 7 }), Some(Micros::ZERO));
    }

    proptest! {
        #[test]
        fn what_is_shown_reads_back(micros in 0i64..=i64::MAX) {
            prop_assert_eq!(Micros(micros).to_string().parse::<Micros>(), Ok(Micros(micros)));
        }

        #[test]
        fn no_use_within_its_bounds_costs_more_than_the_worst(
            prices in [1i64..100_000_000, 1i64..100_000_000, 1i64..100_000_000],
            most in [0u64..1_000_000, 0u64..1_000_000], shares in [0.0f64..=1.0, 0.0f64..=1.0, 0.0f64..=1.0],
        ) {
            let price = Price { input: Micros(prices[0]), cached: Micros(prices[1]), output: Micros(prices[2]) };
            let part = |whole: u64, share: f64| (whole as f64 * share) as u64;
            let input = part(most[0], shares[0]);
            let usage = Usage { input, cached: part(input, shares[1]), output: part(most[1], shares[2]) };
            prop_assert!(price.cost(&usage) <= price.worst(most[0], most[1]));
        }
    }
}
