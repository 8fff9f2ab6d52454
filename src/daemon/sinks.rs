//! Building the configured sinks, and saying which of them cannot be used. Own file because it is all that the daemon knows of them.
//! INVARIANT: a sink that cannot be built stops nobody from working: what would go there is left out of plans, with the reason.

use crate::access::{Access, AccessError};
use crate::clock::Clock;
use crate::config::{Settings, SinkSettings};
use crate::plan::{Planner, Slot};
use crate::store::StoreError;
use crate::web::Check;
use crate::writeback::{Options, Pace, Who, Writeback};
use opspilot_sdk::BuildContext;
use std::collections::BTreeMap;
use std::num::NonZeroU32;
use std::sync::Arc;

/// Builds every configured sink, which reads its secrets and connects to nothing, and puts the rules of the pilots to them.
#[must_use]
pub fn sinks_built(settings: &Settings, clock: &Arc<dyn Clock>) -> Planner {
    let slot = |sink: &SinkSettings| -> Slot {
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

/// How much goes to each sink.
pub(super) fn options(settings: &Settings) -> Options {
    let pace = |sink: &SinkSettings| Pace {
        parallel: usize::try_from(sink.parallel).unwrap_or(usize::MAX),
        per_minute: sink.requests_per_minute.and_then(NonZeroU32::new),
    };
    Options { paces: settings.sinks.iter().map(|sink| (sink.name.clone(), pace(sink))).collect(), ..Options::default() }
}

/// People as they are now, by identifier.
pub(super) fn who(access: Access) -> Who {
    Arc::new(move |id| {
        let access = access.clone();
        Box::pin(async move {
            access.person(&id).await.map_err(|cause| match cause {
                AccessError::Store(cause) => cause,
                // A role that is none gives no right.
                _ => StoreError::NotFound { what: "user", id },
            })
        })
    })
}

/// What `/readyz` tells about sinks that cannot be used.
pub(super) fn checks(planner: &Planner, writeback: &Writeback) -> Vec<Check> {
    let sides = writeback.sides();
    let check = |(name, slot): (&str, &Slot)| {
        let fault = sides.get(name).and_then(|side| side.fault.clone());
        let fault = slot.as_ref().err().map(|cause| format!("cannot be used: {cause}")).or(fault);
        Check { name: format!("sink {name}"), ok: fault.is_none(), detail: fault.unwrap_or("can be used".to_owned()) }
    };
    planner.sinks().map(check).collect()
}
