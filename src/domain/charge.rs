//! Whether what a far side says it counted can be true. Own file because money follows from it and it is decided once, for every
//! connector. INVARIANT: a count that cannot be true costs nothing and frees nothing: what was held stays held until a person looks.

use super::money::{Micros, Price};
use opspilot_sdk::{Charge, Usage};

/// Fewer tokens than one for so many bytes of text are no honest count.
const BYTES: u64 = 64;

/// What a call may cost at most.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Worst {
    /// Tokens read.
    pub input: u64,
    /// Tokens written.
    pub output: u64,
    /// Both together, in money.
    pub cost: Micros,
}

impl Worst {
    /// At a price; `None` when it is too large to count.
    #[must_use]
    pub fn of(price: &Price, input: u64, output: u64) -> Option<Self> {
        price.worst(input, output).map(|cost| Self { input, output, cost })
    }
}

/// What follows from a charge.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It cost this.
    Settled(Micros),
    /// It cost nothing.
    Released,
    /// Nobody knows.
    Unreported,
    /// What is said cannot be true.
    Disputed {
        /// What it would cost, where that can be counted.
        claimed: Option<Micros>,
        /// It is more than the call could take: who says that may say so again.
        beyond: bool,
    },
}

impl Verdict {
    /// As the store and people have it.
    #[must_use]
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::Settled(_) => "settled",
            Self::Released => "released",
            Self::Unreported => "unreported",
            Self::Disputed { .. } => "disputed",
        }
    }
}

/// Judges a charge. `sent` and `received` are the bytes of text that went and came.
#[must_use]
pub fn judge(charge: &Charge, price: &Price, worst: &Worst, sent: u64, received: u64) -> Verdict {
    let Charge::Counted(usage) = charge else {
        // Where nothing costs anything there is nothing to keep for anybody.
        let unknown = matches!(charge, Charge::Unknown) && !price.is_free();
        return if unknown { Verdict::Unreported } else { Verdict::Released };
    };
    if price.is_free() {
        return Verdict::Settled(Micros::ZERO);
    }
    let claimed = price.cost(usage);
    if beyond(usage, worst) || claimed.is_none_or(|cost| cost > worst.cost) {
        return Verdict::Disputed { claimed, beyond: true };
    }
    let too_few = |tokens: u64, bytes: u64| tokens < bytes / BYTES || (tokens == 0 && bytes > 0);
    match claimed {
        Some(cost) if !too_few(usage.input, sent) && !too_few(usage.output, received) => Verdict::Settled(cost),
        _ => Verdict::Disputed { claimed, beyond: false },
    }
}

fn beyond(usage: &Usage, worst: &Worst) -> bool {
    usage.input > worst.input || usage.output > worst.output || usage.cached > usage.input
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn price() -> Price {
        let micros = |amount| Micros::new(amount).unwrap();
        Price { input: micros(2_000_000), cached: micros(500_000), output: micros(8_000_000) }
    }

    fn judged(input: u64, cached: u64, output: u64) -> Verdict {
        let worst = Worst::of(&price(), 10_000, 1000).unwrap();
        judge(&Charge::Counted(Usage { input, cached, output }), &price(), &worst, 8000, 1200)
    }

    #[test]
    fn what_cannot_be_true_is_not_believed() {
        assert_eq!(judged(2000, 0, 300), Verdict::Settled(Micros::new(6400).unwrap()));
        for (input, cached, output, beyond) in [
            (10_001, 0, 300, true),
            (2000, 0, 1001, true),
            (2000, 2001, 300, true),
            (u64::MAX, 0, u64::MAX, true),
            (0, 0, 300, false),
            (124, 0, 300, false),
            (2000, 0, 0, false),
            (2000, 0, 17, false),
        ] {
            let verdict = judged(input, cached, output);
            assert!(
                matches!(verdict, Verdict::Disputed { beyond: found, .. } if found == beyond),
                "{input} {cached} {output}: {verdict:?}"
            );
        }
        assert!(matches!(judged(125, 0, 18), Verdict::Settled(_)), "the least that is honest");
    }

    #[test]
    fn what_nobody_knows_stays_held_unless_nothing_costs_anything() {
        let worst = Worst::of(&price(), 10, 10).unwrap();
        assert_eq!(judge(&Charge::Unknown, &price(), &worst, 1, 1), Verdict::Unreported);
        assert_eq!(judge(&Charge::Nothing, &price(), &worst, 1, 1), Verdict::Released);
        let free = Worst::of(&Price::FREE, 10, 10).unwrap();
        assert_eq!(judge(&Charge::Unknown, &Price::FREE, &free, 1, 1), Verdict::Released);
        let lie = Charge::Counted(Usage { input: u64::MAX, cached: 0, output: 0 });
        assert_eq!(judge(&lie, &Price::FREE, &free, 1, 1), Verdict::Settled(Micros::ZERO));
    }

    proptest! {
        #[test]
        fn whatever_is_said_no_more_is_settled_than_was_held(
            input: u64, cached: u64, output: u64, most in 0u64..1_000_000, longest in 0u64..1_000_000, sent: u64, received: u64,
        ) {
            let worst = Worst::of(&price(), most, longest).unwrap();
            let charge = Charge::Counted(Usage { input, cached, output });
            if let Verdict::Settled(cost) = judge(&charge, &price(), &worst, sent, received) {
                prop_assert!(cost <= worst.cost);
            }
        }
    }
}
