//! Why an act of a person was refused. Own file because every face shows exactly these.

use crate::brief::EditError;
use crate::domain::id::BriefId;
use crate::domain::review::{Illegal, ReviewState};
use crate::plan::Unkeepable;
use crate::policy::Denied;
use crate::store::StoreError;
use jiff::Timestamp;

/// A refusal; nothing was changed.
#[derive(Debug, thiserror::Error)]
pub enum ReviewError {
    /// The policy says no.
    #[error(transparent)]
    Denied(#[from] Denied),
    /// The review machine says no.
    #[error(transparent)]
    Illegal(#[from] Illegal),
    /// The edit cannot be.
    #[error(transparent)]
    Edit(#[from] EditError),
    /// Somebody else looks at it.
    #[error("`{by}` has claimed this brief until {}; ask them, or take it over (OP-4010)", .until.strftime("%Y-%m-%d %H:%M:%SZ"))]
    Claimed {
        /// Who.
        by: String,
        /// Until when.
        until: Timestamp,
    },
    /// The pilot is no longer configured.
    #[error("the pilot `{pilot}` is not in the configuration; add it, then try again (OP-4011)")]
    NoPilot {
        /// Which.
        pilot: String,
    },
    /// The edit changes nothing.
    #[error("the edit changes nothing; the brief stands as it was (OP-4012)")]
    NothingChanged,
    /// The plan of writes is not the one that was shown.
    #[error(
        "the plan is not the one you were shown; read it again with `opspilot writeback plan`, then approve `{now}` (OP-7612)"
    )]
    PlanMoved {
        /// Hash of the plan as it is now.
        now: String,
    },
    /// The brief was approved before, and not with this plan.
    #[error(
        "the brief was approved before, without this plan, and is {state}; nothing of the plan is approved by this; approve it by itself with \
         `opspilot writeback approve {brief} --plan {plan}`, once the brief is approved (OP-4016)"
    )]
    PlanApart {
        /// Which.
        brief: BriefId,
        /// Hash of the plan.
        plan: String,
        /// Where the brief stands.
        state: ReviewState,
    },
    /// The plan cannot be kept.
    #[error(transparent)]
    Unkeepable(#[from] Unkeepable),
    /// There is no such finding to reveal, or too many.
    #[error("{why}; `request show` lists the findings (OP-4013)")]
    NoFinding {
        /// Which, and what there is.
        why: String,
    },
    /// The store.
    #[error(transparent)]
    Store(#[from] StoreError),
}
