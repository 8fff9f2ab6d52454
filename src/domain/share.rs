//! A share of a whole with how sure one can be of it. Own file because a rate of three in four says less than one of three hundred in four
//! hundred, and everything that opens by a rate must know. Wilson's score interval at 95 % (E. B. Wilson, JASA 22, 1927, p. 209).

use std::fmt;

/// The quantile of the normal distribution for 95 %, both sides.
const Z: f64 = 1.959_963_984_540_054;

/// So many of so many.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Share {
    part: u32,
    whole: u32,
}

impl Share {
    /// `part` of `whole`; never more than all of it.
    #[must_use]
    pub fn of(part: u32, whole: u32) -> Self {
        Self { part: part.min(whole), whole }
    }

    /// The lower and upper bound, each 0 to 1; of nothing nothing is known: 0 and 1.
    #[must_use]
    pub fn bounds(self) -> (f64, f64) {
        if self.whole == 0 {
            return (0.0, 1.0);
        }
        let (n, p) = (f64::from(self.whole), f64::from(self.part) / f64::from(self.whole));
        let spread = Z * (p * (1.0 - p) / n + Z * Z / (4.0 * n * n)).sqrt();
        let (centre, scale) = (p + Z * Z / (2.0 * n), 1.0 + Z * Z / n);
        (((centre - spread) / scale).max(0.0), ((centre + spread) / scale).min(1.0))
    }

    /// The lower bound in per cent.
    #[must_use]
    pub fn low_percent(self) -> f64 {
        self.bounds().0 * 100.0
    }

    /// The upper bound in per cent.
    #[must_use]
    pub fn high_percent(self) -> f64 {
        self.bounds().1 * 100.0
    }
}

impl fmt::Display for Share {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (low, high) = self.bounds();
        write!(f, "{} of {} (between {:.1} and {:.1} %)", self.part, self.whole, low * 100.0, high * 100.0)
    }
}

#[cfg(test)]
mod tests {
    use super::Share;
    use proptest::prelude::*;

    #[test]
    fn it_is_the_published_interval() {
        // Newcombe, Statistics in Medicine 17 (1998), table I, method 3: 81 of 263, 15 of 148, 0 of 20, 1 of 29.
        for (part, whole, low, high) in
            [(81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0.0, 0.1611), (1, 29, 0.0061, 0.1718)]
        {
            let bounds = Share::of(part, whole).bounds();
            assert!((bounds.0 - low).abs() < 5e-5 && (bounds.1 - high).abs() < 5e-5, "{part}/{whole}: {bounds:?}");
        }
        assert_eq!(Share::of(0, 0).bounds(), (0.0, 1.0));
    }

    proptest! {
        #[test]
        fn more_of_the_same_makes_it_surer(part in 0_u32..200, rest in 0_u32..200, times in 2_u32..20) {
            let (one, many) = (Share::of(part, part + rest), Share::of(part * times, (part + rest) * times));
            let ((low, high), (lower, higher)) = (one.bounds(), many.bounds());
            prop_assert!(low <= high && low >= 0.0 && high <= 1.0);
            prop_assert!(lower >= low - 1e-12 && higher <= high + 1e-12);
        }
    }
}
