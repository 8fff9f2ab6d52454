//! Building the configured sources and saying how they are.

use super::{House, StartError};
use crate::domain::id::NodeId;
use crate::intake::{self, Door, Pull, PullOptions};
use crate::policy::Standing;
use crate::web::{Check, Hook};
use jiff::{SignedDuration, Timestamp};
use opspilot_sdk::{BuildContext, Built, Source};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

/// A source that proves its reading must have done so within this time.
const STALE: SignedDuration = SignedDuration::from_mins(15);

/// Name of a pulled source, and how it is.
pub(super) type Health = (String, Arc<Mutex<intake::Health>>);

/// Sources built from the configuration.
pub(super) struct Sources {
    pub(super) hooks: BTreeMap<String, Hook>,
    pub(super) pulled: Vec<(String, Pull, Box<dyn Source>)>,
}

/// Builds them; they are leased to `node`, so that what hands its runs back hands them back too.
pub(super) fn build(house: &House, node: &NodeId) -> Result<Sources, StartError> {
    let mut sources = Sources { hooks: BTreeMap::new(), pulled: Vec::new() };
    for source in &house.settings.sources {
        let name = source.name.clone();
        let context = BuildContext {
            name: name.clone(),
            data_dir: house.settings.data_dir.clone(),
            clock: Arc::clone(&house.clock),
        };
        let door = Door { source: name.clone(), pilot: source.pilot.clone(), lane: source.lane, submitter: None };
        match source.prepared.build(context).map_err(|cause| StartError::Source { name: name.clone(), cause })? {
            Built::Pushed(receiver) => {
                sources.hooks.insert(name, Hook { door, receiver });
            }
            Built::Pulled(pulled) => {
                let options = PullOptions { take_lists: source.take_lists, ..house.settings.intake.pull.clone() };
                let pull = Pull::new(house.intake.clone(), door, options, node.clone());
                sources.pulled.push((name, pull, pulled));
            }
        }
    }
    Ok(sources)
}

/// What `/readyz` tells about the pulled sources.
pub(super) fn checks(health: &[Health], now: Timestamp) -> Vec<Check> {
    let mut checks = Vec::with_capacity(health.len());
    for (name, health) in health {
        let health = health.lock().unwrap_or_else(PoisonError::into_inner);
        let mut read = health.read_at.map_or_else(|| "not read yet".to_owned(), |at| format!("last read {at}"));
        if let Some(proven) = health.proven_at {
            read.push_str(&format!(", last proven read {proven}"));
        }
        if let Some((found, _)) = &health.reconciled {
            read.push_str(&format!(", compared with its far side: {found}"));
        }
        if let Some(notice) = &health.notice {
            read.push_str(&format!(", {notice}"));
        }
        // A source that has proven itself once and does so no longer is not well, whatever it says.
        let stale = health.proven_at.is_some_and(|proven| now.duration_since(proven) > STALE);
        let whole = health.reconciled.as_ref().is_none_or(|(_, whole)| *whole);
        let detail = match &health.fault {
            Some(fault) => format!("{fault}; {read}"),
            None if health.elsewhere => format!("read by another daemon, {read}"),
            None => health.progress.as_ref().map_or(read.clone(), |progress| format!("{read}, {progress}")),
        };
        checks.push(Check { name: format!("source {name}"), ok: health.fault.is_none() && !stale && whole, detail });
    }
    checks
}

/// The standing of the policies in words.
pub(super) fn standing_text(standing: &Standing) -> String {
    match standing {
        Standing::Ready { hash, version } => format!("in force: version {version}, {hash}"),
        Standing::Broken { problems } => format!("broken, everything is denied: {problems}"),
    }
}
