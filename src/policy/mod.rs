//! Who may do what: Cedar policies, default deny, and every failure is a no.
//!
//! A caller describes an [`Ask`] (who, what, on which thing) and gets a [`Decision`] for the receipt,
//! a [`Permit`] to act with, or an [`Explanation`] for people. Nothing here does I/O except
//! [`PolicySet::from_dir`] and what is built on it; there is no clock and no environment.
//! INVARIANT: a [`Permit`] comes out of an allowed decision and from nowhere else.

mod action;
mod bounds;
mod decide;
mod entities;
mod folder;
mod holder;
mod load;
mod permit;
mod principal;
mod problem;
mod resource;
mod set;
mod shipped;
mod why;

#[cfg(test)]
mod tests;

pub use action::{Action, Group};
pub use decide::{Ask, Decision};
pub use holder::{Policies, Standing};
pub use permit::{Denied, Permit};
pub use principal::{Actor, Grant, Part, Principal, Role, Scope, TokenScope};
pub use problem::{Code, Problem, Problems, UnknownWord};
pub use resource::{Kind, Resource};
pub use set::{Effect, PolicySet, Rule, Summary};
pub use why::{Explanation, Lack, Way};
