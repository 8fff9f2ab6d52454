//! From a brief and the pilot's rules to the exact requests that would be sent: the same brief, rules and sinks give the same bytes, and
//! nothing is connected to. Own room because what a person approves is made here, and made again before it is sent.
//!
//! INVARIANT: a plan's hash binds the brief's revision and, write for write, sink, record, key and every byte of the request; where a write
//! goes comes from the operator's rules, from a named person, or from the request's envelope, never from what a generator wrote.

mod change;
mod fit;
mod gather;
mod rule;
mod template;
#[cfg(test)]
mod tests;

pub use change::changes;
pub use fit::{misfit, rehearsed};
pub use gather::Gathered;
pub(crate) use rule::usual_hour;
pub use rule::{Each, Recipient, RecordFrom, Rule, is_address, is_fixed_record, is_record};
pub use template::{BadTemplate, Template};

use crate::brief::Content;
use crate::domain::id::{BriefId, WriteId};
use crate::store::{NewWrite, QueueWrites};
use jiff::Timestamp;
use jiff::tz::TimeZone;
use opspilot_sdk::{Action, ActionKind, Planned, Sink, Write, sha256_hex};
use serde::{Deserialize, Serialize};
use serde_json::json;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

/// Most writes of one brief.
pub const MOST_WRITES: usize = 50;

/// A plan that cannot be put into words: it is not approved.
#[derive(Debug, thiserror::Error)]
#[error("the plan cannot be kept as it was shown: {0} (OP-7626)")]
pub struct Unkeepable(#[from] serde_json::Error);

/// A sink that can be planned for, or why not.
pub type Slot = Result<Arc<dyn Sink>, String>;

/// Plans for every pilot. Cheap to clone.
#[derive(Clone, Default)]
pub struct Planner {
    rules: Arc<BTreeMap<String, Vec<Rule>>>,
    sinks: Arc<BTreeMap<String, Slot>>,
}

/// A brief to plan for.
#[derive(Clone, Copy, Debug)]
pub struct Subject<'a> {
    /// The brief.
    pub brief: &'a BriefId,
    /// Digest of its revision.
    pub digest: &'a str,
    /// When that revision was made.
    pub at: Timestamp,
    /// What it says.
    pub content: &'a Content,
    /// The request, as people see it.
    pub request: &'a Envelope,
    /// Records that a person named, by sink.
    pub targets: &'a BTreeMap<String, String>,
    /// The clock on the client's wall.
    pub zone: &'a TimeZone,
    /// Keys of its writes that were taken back, with their sinks: what is written again goes under another one.
    pub spent: &'a BTreeSet<(String, String)>,
}

/// What a plan may know of a request besides its brief.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Envelope {
    /// Subject line, masked as the pilot's boundary says.
    pub subject: String,
    /// Name of the sender, masked likewise.
    pub sender: String,
    /// Their organisation, masked likewise.
    pub organisation: String,
    /// Where an answer would go; text from outside.
    pub address: Option<String>,
    /// The origin's own name for the request; text from outside.
    pub external_id: Option<String>,
    /// The subject as it came, for the record's name in it; text from outside.
    pub raw_subject: String,
}

/// One write of a plan.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Item {
    /// The sink.
    pub sink: String,
    /// What goes there, to the byte.
    pub write: Write,
    /// Lowercase hex SHA-256 of the call.
    pub digest: String,
}

/// Something the rules ask for that is not in the plan.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LeftOut {
    /// The sink.
    pub sink: String,
    /// What.
    pub kind: ActionKind,
    /// Stable code.
    pub code: String,
    /// Why, and what to do.
    pub message: String,
}

/// Everything that would be written for a brief.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Plan {
    /// The brief.
    pub brief: BriefId,
    /// Digest of the revision.
    pub digest: String,
    /// The writes, in order.
    pub items: Vec<Item>,
    /// What is left out. Nothing of it is sent, so the hash leaves it out as well.
    pub left_out: Vec<LeftOut>,
}

impl Plan {
    /// What an approval binds to: lowercase hex SHA-256 over brief, revision, and every write's sink, kind, record, key, call and what must be
    /// seen afterwards, as JSON in this order.
    #[must_use]
    pub fn hash(&self) -> String {
        let items: Vec<_> = self
            .items
            .iter()
            .map(|item| {
                let write = &item.write;
                json!([item.sink, write.kind, write.record, write.key, item.digest, write.expect])
            })
            .collect();
        sha256_hex(json!(["opspilot.plan/1", self.brief, self.digest, items]).to_string().as_bytes())
    }

    /// Its writes as they are queued when it is approved at `at`, not to be sent before `due`; `chance` gives ten random bytes each time.
    ///
    /// # Errors
    /// [`Unkeepable`]: what was shown could not be kept beside its writes, and so must not be approved.
    pub fn queue(
        &self,
        planner: &Planner,
        at: Timestamp,
        due: Timestamp,
        mut chance: impl FnMut() -> [u8; 10],
    ) -> Result<QueueWrites, Unkeepable> {
        let settle = |sink: &str| match planner.sink(sink) {
            Some(Ok(sink)) => sink.manner().settles_in,
            _ => Duration::ZERO,
        };
        let writes = self.items.iter().enumerate().map(|(place, item)| NewWrite {
            id: WriteId::new(at, chance()),
            sink: item.sink.clone(),
            // Microseconds, so that the writes of one plan keep their order among those of others.
            place: at.as_microsecond() + i64::try_from(place).unwrap_or(0),
            write: item.write.clone(),
            settle: settle(&item.sink),
            due,
        });
        Ok(QueueWrites { content: serde_json::to_vec(self)?, writes: writes.collect() })
    }

    /// Whether nothing would be written.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.items.is_empty()
    }
}

impl Planner {
    /// From the rules of every pilot, by its name, and the sinks, by theirs.
    #[must_use]
    pub fn new(rules: impl IntoIterator<Item = Rule>, sinks: BTreeMap<String, Slot>) -> Self {
        let mut by_pilot: BTreeMap<String, Vec<Rule>> = BTreeMap::new();
        for rule in rules {
            by_pilot.entry(rule.pilot.clone()).or_default().push(rule);
        }
        Self { rules: Arc::new(by_pilot), sinks: Arc::new(sinks) }
    }

    /// Whether a pilot has anything to plan.
    #[must_use]
    pub fn plans(&self, pilot: &str) -> bool {
        self.rules.contains_key(pilot)
    }

    /// The sinks that a pilot's rules name.
    pub fn sinks_of<'p>(&'p self, pilot: &str) -> impl Iterator<Item = &'p str> {
        let mut names: Vec<&str> = self.rules.get(pilot).into_iter().flatten().map(|rule| rule.sink.as_str()).collect();
        names.sort_unstable();
        names.dedup();
        names.into_iter()
    }

    /// A sink by name.
    #[must_use]
    pub fn sink(&self, name: &str) -> Option<&Slot> {
        self.sinks.get(name)
    }

    /// Every sink there is, by name.
    pub fn sinks(&self) -> impl Iterator<Item = (&str, &Slot)> {
        self.sinks.iter().map(|(name, slot)| (name.as_str(), slot))
    }

    /// Everything that the pilot's rules make of a brief.
    #[must_use]
    pub fn plan(&self, pilot: &str, subject: &Subject<'_>) -> Plan {
        let mut plan = Plan {
            brief: subject.brief.clone(),
            digest: subject.digest.to_owned(),
            items: Vec::new(),
            left_out: Vec::new(),
        };
        let mut alike: BTreeMap<(&str, ActionKind, Each), usize> = BTreeMap::new();
        for rule in self.rules.get(pilot).into_iter().flatten() {
            let turn = alike.entry((&rule.sink, rule.kind, rule.each)).or_default();
            let place = *turn;
            *turn += 1;
            let left_out = |code: &str, message: String| LeftOut {
                sink: rule.sink.clone(),
                kind: rule.kind,
                code: code.to_owned(),
                message,
            };
            let sink = match self.sinks.get(&rule.sink) {
                Some(Ok(sink)) => sink,
                Some(Err(why)) => {
                    plan.left_out.push(left_out("OP-7620", format!("the sink cannot be used: {why}")));
                    continue;
                }
                None => {
                    plan.left_out.push(left_out("OP-7620", "there is no such sink".to_owned()));
                    continue;
                }
            };
            for action in rule.actions(place, subject, &sink.manner()) {
                if plan.items.len() >= MOST_WRITES {
                    let message = format!("a brief leads to {MOST_WRITES} writes at most");
                    plan.left_out.push(left_out("OP-7621", message));
                    break;
                }
                match action.and_then(|action| previewed(sink.as_ref(), &action).map(|planned| (action, planned))) {
                    Ok((action, planned)) => plan.items.push(item(rule, action, planned)),
                    Err((code, message)) => plan.left_out.push(left_out(code, message)),
                }
            }
        }
        plan
    }
}

fn previewed(sink: &dyn Sink, action: &Action) -> Result<Planned, (&'static str, String)> {
    sink.preview(action).map_err(|cause| (cause.code, cause.message))
}

fn item(rule: &Rule, action: Action, planned: Planned) -> Item {
    let digest = planned.call.digest();
    let write =
        Write { kind: action.kind, key: action.key, record: action.record, call: planned.call, expect: planned.expect };
    Item { sink: rule.sink.clone(), write, digest }
}

/// Why an action cannot be planned: code and words.
type Unplanned = (&'static str, String);

/// The name of an action for ever: the same whenever it is planned, another for every other action. It is made by the `place`th of the rules
/// that are alike: rules of other kinds or sinks come, go and move without it being another.
///
/// INVARIANT: what was taken back is never written again under its name: a far side that still shows the name, or still knows it for a repeat,
/// would take the new one for the old.
fn key(subject: &Subject<'_>, rule: &Rule, place: usize, number: usize) -> String {
    let made_by = (&rule.sink, rule.kind, rule.each.as_str());
    let mut made_of = vec![json!("opspilot.key/1"), json!(subject.brief), json!(made_by), json!(place), json!(number)];
    let mut turn = 0;
    loop {
        let hash = sha256_hex(serde_json::Value::from(made_of.clone()).to_string().as_bytes());
        let key = (rule.sink.clone(), format!("op-{}", hash.get(..20).unwrap_or(&hash)));
        if !subject.spent.contains(&key) {
            return key.1;
        }
        turn += 1;
        made_of.truncate(5);
        made_of.push(json!(turn));
    }
}
