//! Pure ground: identifiers, the machines of run and review, and the words they share. No I/O, no clock, no randomness of its own.

pub mod breaker;
pub mod bucket;
pub mod charge;
pub mod erasure;
pub mod form;
pub mod id;
pub mod limit;
pub mod money;
pub mod pilot;
pub mod review;
pub mod run;
pub mod share;
pub mod writeback;
