//! Why something of the rota was refused. Own file because every face shows exactly these.

use crate::policy::Denied;
use crate::store::StoreError;

/// A refusal; nothing was changed.
#[derive(Debug, thiserror::Error)]
pub enum RotaError {
    /// The policy says no.
    #[error(transparent)]
    Denied(#[from] Denied),
    /// That is no week, or one that has not begun.
    #[error(
        "`{given}` is no week to report on: {why}; write a year and a week that has begun, such as `2026-W47` (OP-2910)"
    )]
    NoWeek {
        /// What was given.
        given: String,
        /// Why not.
        why: &'static str,
    },
    /// The schedule is due and its turn failed.
    #[error("the schedule `{name}` could not be fired: {why}; it is tried again by itself (OP-2911)")]
    Failed {
        /// Its name.
        name: String,
        /// Why.
        why: String,
    },
    /// The store.
    #[error(transparent)]
    Store(#[from] StoreError),
}
