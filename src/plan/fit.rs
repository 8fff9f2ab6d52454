//! Whether a sink can carry a rule at all, before there is any brief. Own file because the configuration asks it, and what it finds saves a
//! person from a plan that always leaves something out.

use super::{RecordFrom, Rule};
use crate::plan::rule::Recipient;
use jiff::Timestamp;
use jiff::civil::date;
use opspilot_sdk::{Action, ActionKind, Carries, Mailbox, Sink};

/// What does not fit between a rule and the options of its sink: the key, and why.
#[must_use]
pub fn misfit(rule: &Rule, carries: &Carries) -> Option<(&'static str, String)> {
    if !carries.kinds.contains(&rule.kind) {
        let kinds: Vec<String> = carries.kinds.iter().map(|kind| format!("`{kind}`")).collect();
        return Some(("kind", format!("the sink carries {}, and not `{}`", kinds.join(", "), rule.kind)));
    }
    let example = carries.record.as_deref()?;
    (rule.record == RecordFrom::None)
        .then(|| ("record", format!("the sink writes to records such as `{example}`, and nothing says to which")))
}

/// Previews a rule with words that mean nothing, once for each word of the far side's that it uses, and touches nothing: why the sink would
/// not take it. `example` is a record's name, where one is known.
#[must_use]
pub fn rehearsed(rule: &Rule, sink: &dyn Sink, example: Option<&str>) -> Option<String> {
    let manner = sink.manner();
    if !manner.carries.contains(&rule.kind) {
        let kinds: Vec<String> = manner.carries.iter().map(|kind| format!("`{kind}`")).collect();
        return Some(format!("the sink carries {}, and not `{}`", kinds.join(", "), rule.kind));
    }
    let record = match (&rule.record, example) {
        (RecordFrom::Fixed(record), _) => record.clone(),
        (RecordFrom::None, _) if manner.needs_record => {
            return Some("the sink writes to records, and nothing says to which".to_owned());
        }
        (RecordFrom::None, _) => String::new(),
        (_, Some(example)) => example.to_owned(),
        // What a record looks like there is not known, so that nothing can be tried.
        (_, None) if manner.needs_record => return None,
        (_, None) => "1".to_owned(),
    };
    let day = Timestamp::UNIX_EPOCH;
    let to = rule.to.as_ref().map(|to| match to {
        Recipient::Sender => "somebody@example.org".to_owned(),
        Recipient::Fixed(address) => address.clone(),
    });
    let action = |value: Option<&String>| Action {
        kind: rule.kind,
        key: "op-00000000000000000000".to_owned(),
        record: record.clone(),
        title: "a line".to_owned(),
        text: "a text".to_owned(),
        due: (rule.kind == ActionKind::Task).then(|| date(1970, 1, 1)),
        value: value.cloned(),
        to: to.clone().map(|address| Mailbox { name: None, address }),
        span: (rule.kind == ActionKind::Event).then(|| (day, day + rule.hour.1)),
        at: day,
        fields: rule.fields.clone(),
    };
    let refused = |value| sink.preview(&action(value)).err().map(|cause| cause.to_string());
    if rule.values.is_empty() { refused(None) } else { rule.values.values().find_map(|word| refused(Some(word))) }
}
