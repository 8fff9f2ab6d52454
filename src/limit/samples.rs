//! Test data: a generator that costs, one that does not, and the room over a store.

use super::{Limits, Parts};
use crate::domain::limit::{Allowance, Asked, AtLimit, Party};
use crate::domain::money::{Micros, Price};
use crate::domain::pilot::{Pilot, Pilots};
use crate::store::Store;
use jiff::SignedDuration;
use jiff::tz::TimeZone;
use opspilot_sdk::Clock;
use std::sync::Arc;

pub(crate) fn micros(amount: i64) -> Micros {
    Micros::new(amount).unwrap()
}

/// A dollar for a million tokens read, two for a million written; ten cents a day.
pub(crate) fn cloud() -> Asked {
    Asked {
        name: "cloud".into(),
        model: "m".into(),
        price: Price { input: micros(1_000_000), cached: micros(250_000), output: micros(2_000_000) },
        allowance: Allowance { per_day: Some(micros(100_000)), ..Allowance::default() },
        zone: TimeZone::UTC,
        parallel: 4,
        max_output: 1000,
    }
}

/// One on a machine of one's own.
pub(crate) fn near() -> Asked {
    Asked { name: "near".into(), price: Price::FREE, allowance: Allowance::default(), ..cloud() }
}

/// The pilot that test requests are of.
pub(crate) fn north() -> Pilot {
    Pilot {
        claim: SignedDuration::from_secs(600),
        time_zone: TimeZone::get("Europe/Berlin").unwrap(),
        alike_for: SignedDuration::from_secs(3600),
        reply_by_mail: true,
        generators: vec!["cloud".into(), "embedded".into()],
        at_limit: AtLimit::FallBack,
        allowance: Allowance { per_month: Some(micros(150_000)), whole: Some(micros(200_000)), ..Allowance::default() },
        ..Pilot::sample()
    }
}

pub(crate) fn limits(store: &Store, clock: Arc<dyn Clock>, generators: Vec<Asked>, pilot: Pilot) -> Limits {
    let allowance = Allowance { per_day: Some(micros(120_000)), ..Allowance::default() };
    let tenants = vec![Party { scope: "tenant:acme".into(), allowance, zone: TimeZone::UTC }];
    Limits::new(Parts { store: store.clone(), clock, generators, tenants, pilots: Pilots::new([pilot]) })
}
