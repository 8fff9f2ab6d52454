//! What changed between the plan that was approved and the plan as it would be made now, in words. Own file because a refusal without it
//! leaves a person searching.

use super::{Item, Plan};
use std::collections::BTreeMap;

/// Every difference that the hash sees, a line for each; empty when there is none.
#[must_use]
pub fn changes(approved: &Plan, now: &Plan) -> Vec<String> {
    let mut found = Vec::new();
    if approved.digest != now.digest {
        found.push("the brief has another revision".to_owned());
    }
    let by_key = |plan: &'_ Plan| -> BTreeMap<String, Item> {
        plan.items.iter().map(|item| (item.write.key.clone(), item.clone())).collect()
    };
    let (before, after) = (by_key(approved), by_key(now));
    // What was taken back is written again under another mark: it is told as the same thing.
    let mut anew: Vec<(&String, &Item)> = after.iter().filter(|(key, _)| !before.contains_key(*key)).collect();
    for (key, old) in &before {
        let name = format!("the {} for `{}`", old.write.kind, old.sink);
        let mut parts = Vec::new();
        let alike = |(_, new): &(&String, &Item)| new.sink == old.sink && new.write.kind == old.write.kind;
        let new = after.get(key).or_else(|| {
            let place = anew.iter().position(alike)?;
            parts.push("it has another mark, as after a taking back".to_owned());
            Some(anew.remove(place).1)
        });
        let Some(new) = new else {
            let why = now
                .left_out
                .iter()
                .find(|left| left.sink == old.sink && left.kind == old.write.kind)
                .map_or_else(String::new, |left| format!(": {} ({})", left.message, left.code));
            found.push(format!("{name} is no longer planned{why}"));
            continue;
        };
        let (old, new) = (&old.write, &new.write);
        if old.kind != new.kind {
            parts.push(format!("it is a {} now", new.kind));
        }
        if old.record != new.record {
            parts.push(format!("the record was `{}` and is `{}`", old.record, new.record));
        }
        if old.call.method != new.call.method || old.call.target != new.call.target {
            parts.push(format!("it went to `{}` and would go to `{}`", old.call.target, new.call.target));
        }
        if old.call.headers != new.call.headers {
            parts.push("its headers differ".to_owned());
        }
        if old.call.body != new.call.body {
            parts.push(format!("its body differs from byte {} on", first_difference(&old.call.body, &new.call.body)));
        }
        if old.expect != new.expect {
            parts.push("what must be seen afterwards differs".to_owned());
        }
        if !parts.is_empty() {
            found.push(format!("{name} changed: {}", parts.join("; ")));
        }
    }
    for (_, new) in anew {
        found.push(format!("a {} for `{}` came in addition", new.write.kind, new.sink));
    }
    if found.is_empty() && approved.hash() != now.hash() {
        found.push("the writes stand in another order".to_owned());
    }
    found
}

fn first_difference(one: &str, other: &str) -> usize {
    one.bytes().zip(other.bytes()).take_while(|(a, b)| a == b).count()
}
