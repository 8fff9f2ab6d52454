//! Pure ground: identifiers, the machines of run and review, and the words they share. No I/O, no clock, no randomness of its own.

pub mod id;
pub mod pilot;
pub mod review;
pub mod run;
