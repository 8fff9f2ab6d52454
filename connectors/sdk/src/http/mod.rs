//! Calling out over HTTP: one client for every connector that does, so that addresses are guarded, waits end, answers are bounded and
//! secrets stay out of errors in one place. Own module behind the feature `http`, because a source that only reads needs none of it.
//!
//! INVARIANT: one [`Client::send`] is at most one request on a wire: no redirect is followed and nothing is tried again, because only the
//! caller knows what doing a thing twice means. A [`Fault`] says whether the request may have arrived.

mod address;
mod client;
mod events;
mod fault;
mod options;
mod pause;
mod site;
mod trust;

pub use client::{Client, Reply, Request};
pub use events::{Event, Events, TooLong};
pub use fault::{Fault, FaultKind};
pub use options::{ReachOptions, Unknown};
pub use site::{Reach, Site};
