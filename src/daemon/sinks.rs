//! Building the configured sinks, and saying which of them cannot be used. Own file because it is all that the daemon knows of them.
//! INVARIANT: a sink that cannot be built stops nobody from working: what would go there is left out of plans, with the reason.

use crate::clock::Clock;
use crate::config::Settings;
use crate::plan::{Planner, Slot};
use crate::web::Check;
use opspilot_sdk::BuildContext;
use std::collections::BTreeMap;
use std::sync::Arc;

/// Builds every configured sink, which reads its secrets and connects to nothing, and puts the rules of the pilots to them.
#[must_use]
pub fn sinks_built(settings: &Settings, clock: &Arc<dyn Clock>) -> Planner {
    let slot = |sink: &crate::config::SinkSettings| -> Slot {
        let context = BuildContext {
            name: sink.name.clone(),
            data_dir: settings.data_dir.clone(),
            clock: Arc::clone(clock) as Arc<dyn opspilot_sdk::Clock>,
        };
        sink.prepared.build(context).map_err(|cause| cause.to_string())
    };
    let slots: BTreeMap<String, Slot> = settings.sinks.iter().map(|sink| (sink.name.clone(), slot(sink))).collect();
    Planner::new(settings.rules.iter().cloned(), slots)
}

/// What `/readyz` tells about sinks that cannot be used.
pub(super) fn checks(planner: &Planner) -> Vec<Check> {
    let check = |(name, slot): (&str, &Slot)| Check {
        name: format!("sink {name}"),
        ok: slot.is_ok(),
        detail: slot.as_ref().map_or_else(|cause| format!("cannot be used: {cause}"), |_| "can be used".to_owned()),
    };
    planner.sinks().map(check).collect()
}
