//! Whether a pilot's figures open automation: reviewed briefs, approvals, edits, incidents and planted drafts that were caught, all from rows.
//! Own file because an interval decides here, not a rate: few briefs prove little. INVARIANT: what is not known shuts it.

use crate::domain::pilot::Pilot;
use crate::domain::share::Share;
use crate::domain::writeback::{Obstacle, Standing};
use crate::store::{Store, StoreError};
use jiff::Timestamp;

/// Why actions that leave the house do not go on after approval; empty when the figures suffice. They count from the go on; where an exception
/// stands in for one, from that.
pub(super) async fn unproven(
    store: &Store,
    pilot: &Pilot,
    standing: &Standing,
    now: Timestamp,
) -> Result<Vec<Obstacle>, StoreError> {
    let Some(wanted) = &pilot.terms.automation else { return Ok(Vec::new()) };
    let Some(go) = standing.leave(&pilot.terms, now) else {
        let message = "the figures count from a go decision on, or from an exception in its place, and none is on file";
        return Ok(vec![Obstacle::new("OP-7610", message)]);
    };
    if go.terms != pilot.terms.digest() {
        let message = "what automation asks for was changed after the go; a new go begins a new count";
        return Ok(vec![Obstacle::new("OP-7610", message)]);
    }
    let figures = store.pilot_figures(&pilot.name, go.at).await?;
    let mut found = Vec::new();
    let mut short = |message: String| found.push(Obstacle::new("OP-7610", message));
    if figures.reviewed < wanted.min_reviewed {
        short(format!(
            "{} briefs were reviewed since the go, and {} are asked for",
            figures.reviewed, wanted.min_reviewed
        ));
    }
    let approved = Share::of(figures.approved, figures.reviewed);
    if approved.low_percent() < f64::from(wanted.min_approval) {
        short(format!("of briefs approved, {approved}; at least {} % must be sure", wanted.min_approval));
    }
    let edited = Share::of(figures.edited, figures.approved);
    if edited.high_percent() > f64::from(wanted.max_edit) {
        short(format!("of approved briefs edited before, {edited}; at most {} % may be", wanted.max_edit));
    }
    if figures.incidents > wanted.max_incidents {
        short(format!("{} incidents since the go, and {} are allowed", figures.incidents, wanted.max_incidents));
    }
    let caught = Share::of(figures.caught, figures.planted);
    if wanted.min_catch > 0 && caught.low_percent() < f64::from(wanted.min_catch) {
        short(match figures.planted {
            0 => "no planted draft was reviewed: nobody knows whether review is real".to_owned(),
            _ => format!("of planted bad drafts seen, {caught}; at least {} % must be sure", wanted.min_catch),
        });
    }
    Ok(found)
}
