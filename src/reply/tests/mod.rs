//! Tests of the whole room: sets with known answers, properties, and the gate.

mod approval;
mod gate;
mod mailauth;
mod property;
mod sender;
mod styles;
