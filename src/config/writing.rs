//! Sinks, actions and triggers together: each names pilots and sinks, so that they are judged when all of those are read. Own file because
//! this order is a rule of its own. INVARIANT: every rule names a pilot and a sink that are there.

use super::action::{self, Known};
use super::node::Node;
use super::read::Reader;
use super::settings::SinkSettings;
use super::{name_of, sink, tables, terms, twice};
use crate::domain::pilot::Pilot;
use crate::domain::writeback::{LEAVES_FROM, WRITES_FROM};
use crate::plan::Rule;
use opspilot_sdk::{Registry, Sink};
use std::sync::Arc;

/// What the tables about writing outside say.
pub(super) struct Writing {
    pub(super) sinks: Vec<SinkSettings>,
    pub(super) rules: Vec<Rule>,
    /// The actions as people may see them.
    pub(super) shown: Vec<toml::Table>,
    pub(super) notes: Vec<String>,
}

/// Reads them, and gives the pilots their triggers. `names` are those of all pilots, `None` when not all could be read.
pub(super) fn writing(
    reader: &mut Reader,
    root: &Node,
    pilots: &mut [Pilot],
    names: Option<&[&str]>,
    registry: &Registry<Arc<dyn Sink>>,
) -> Writing {
    let written = tables(reader, root, "sink");
    let sinks: Vec<_> =
        written.iter().enumerate().filter_map(|(index, node)| sink::sink(reader, index, node, registry)).collect();
    twice(reader, "sink", written);
    let known: Vec<&str> = written.iter().filter_map(name_of).collect();
    let all = (known.len() == written.len()).then_some(known.as_slice());
    let known = Known { pilots: names, sinks: all, read: &sinks };

    let written = tables(reader, root, "action");
    let (rules, shown) = written
        .iter()
        .enumerate()
        .filter_map(|(index, node)| action::action(reader, index, node, known))
        .unzip::<_, _, Vec<_>, Vec<_>>();

    let written = tables(reader, root, "trigger");
    for (index, node) in written.iter().enumerate() {
        let Some((name, trigger)) = terms::trigger(reader, index, node, known.pilots, known.sinks) else { continue };
        if let Some(pilot) = pilots.iter_mut().find(|pilot| pilot.name == name) {
            pilot.triggers.push(trigger);
        }
    }
    twice(reader, "trigger", written);
    let notes = pilots.iter().flat_map(|pilot| out_of_reach(pilot, &rules)).collect();
    Writing { sinks, rules, shown, notes }
}

/// What a pilot plans and may not send at its level: planned and shown all the same, so that people see what a higher level would bring.
fn out_of_reach(pilot: &Pilot, rules: &[Rule]) -> Vec<String> {
    let level = pilot.terms.level;
    let mut notes = Vec::new();
    let mut own = rules.iter().filter(|rule| rule.pilot == pilot.name).peekable();
    if own.peek().is_some() && !pilot.terms.writes() {
        notes.push(format!(
            "pilot `{}` is at level {level}: its actions are planned and shown, and none is carried out below level {WRITES_FROM}",
            pilot.name
        ));
        return notes;
    }
    for rule in own.filter(|rule| rule.kind.leaves_the_house()) {
        let (kind, sink, name) = (rule.kind, &rule.sink, &pilot.name);
        if level < LEAVES_FROM {
            notes.push(format!(
                "pilot `{name}` is at level {level}: its {kind} through `{sink}` is shown, and never sent below level {LEAVES_FROM}"
            ));
        } else if !pilot.terms.automation.as_ref().is_some_and(|automation| automation.kinds.contains(&kind)) {
            notes.push(format!(
                "pilot `{name}` does not name `{kind}` in `[pilot.automation]`: its {kind} through `{sink}` is shown, and never sent"
            ));
        }
    }
    notes
}
