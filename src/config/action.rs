//! The `[[action]]` tables: what of a brief goes where, as rules that can be planned. Own file because what an operator may write down and
//! what a plan can carry out meet here. INVARIANT: a rule that comes out of here has templates whose every name is known and means something
//! where it stands, a recipient where it needs one, and a word for a priority.

use super::keys::nearest;
use super::node::{Node, Value as Written};
use super::problem::Code;
use super::read::{Part, Reader, short, ticked};
use super::schedule::clock;
use super::settings::SinkSettings;
use super::show::without_secrets;
use crate::brief::Band;
use crate::plan::{
    BadTemplate, Each, Recipient, RecordFrom, Rule, Template, is_address, is_fixed_record, misfit, usual_hour,
};
use jiff::SignedDuration;
use jiff::civil::Time;
use opspilot_sdk::ActionKind;
use std::collections::BTreeMap;
use toml::{Table, Value};

/// Names of what is configured elsewhere; `None` when not all could be read.
#[derive(Clone, Copy)]
pub(super) struct Known<'k> {
    pub(super) pilots: Option<&'k [&'k str]>,
    pub(super) sinks: Option<&'k [&'k str]>,
    /// The sinks that could be read, for what they carry.
    pub(super) read: &'k [SinkSettings],
}

/// Reads one action, `action[index]`: the rule, and what people may see of it.
pub(super) fn action(reader: &mut Reader, index: usize, node: &Node, known: Known<'_>) -> Option<(Rule, Table)> {
    let path = format!("action[{index}]");
    let part = reader.part("action", &path, &node.place, Some(node));
    let pilot = reader.text(&part, "pilot");
    reader.named(&part, "pilot", pilot.as_deref(), known.pilots);
    let sink = reader.text(&part, "sink");
    reader.named(&part, "sink", sink.as_deref(), known.sinks);
    let bands = bands(reader, &part);
    let record = record(reader, &part);
    let before = reader.problems.len();
    let values = values(reader, &part);
    let judged = reader.problems.len() == before;
    let fields = fields(reader, &part);
    let kind = ActionKind::parse(&reader.text(&part, "kind")?)?;
    let each = each(reader, &part, kind);
    let usual = usual(kind, each);
    let title = template(reader, &part, "title", usual.map(|usual| usual.0), each);
    let text = template(reader, &part, "text", usual.map(|usual| usual.1), each);
    if kind == ActionKind::Priority && values.is_empty() && judged {
        let help = "write the far side's words below `[action.values]`, such as `urgent = \"Immediate\"`";
        reader.at(Code::Missing, &part, "values", "a priority has no word that the far side knows", help);
    }
    if !matches!(kind, ActionKind::Priority | ActionKind::Task) {
        idle(reader, &part, "values", kind, "a priority or a task");
    }
    let to = recipient(reader, &part, kind);
    let hour = hour(reader, &part, kind);
    let (pilot, sink, record, (title, title_text), (text, whole_text)) = (pilot?, sink?, record?, title?, text?);
    let rule = Rule { pilot, sink, kind, each, bands, record, title, text, values, to, hour, fields };
    let sink = known.read.iter().find(|sink| sink.name == rule.sink);
    if let Some((key, message)) =
        sink.and_then(|sink| sink.prepared.carries()).and_then(|carries| misfit(&rule, carries))
    {
        let help = if key == "record" {
            "say where its name comes from, such as `record = \"external_id\"`, or name one as `record_id`"
        } else {
            "choose another kind, or another sink; the page of the connector tells what it carries"
        };
        reader.at(Code::Together, &part, key, message, help);
    }
    let shown = shown(&rule, &title_text, &whole_text);
    Some((rule, shown))
}

/// How often: as written, or as fits the kind.
fn each(reader: &mut Reader, part: &Part<'_>, kind: ActionKind) -> Each {
    let each = match (reader.text(part, "each").as_deref(), kind) {
        (Some("next_action"), _) => Each::NextAction,
        (Some("missing_information"), _) => Each::Missing,
        (None, ActionKind::Task | ActionKind::Event) => Each::NextAction,
        _ => Each::Brief,
    };
    // Texts are judged for what is meant, so that one slip is told of once.
    let (meant, wrong) = match kind {
        ActionKind::Event if each != Each::NextAction => {
            (Each::NextAction, "an invitation is to the day of a next action")
        }
        ActionKind::Priority if each != Each::Brief => (Each::Brief, "a record has one priority"),
        _ => return each,
    };
    reader.at(Code::Together, part, "each", wrong, format!("write `each = \"{}\"`, or leave it out", meant.as_str()));
    meant
}

/// Line and text unless they are written; `None` where people outside read them, because only the operator knows what is fit for those.
fn usual(kind: ActionKind, each: Each) -> Option<(&'static str, &'static str)> {
    match (kind, each) {
        (ActionKind::Message, _) => None,
        (ActionKind::Event, _) => Some(("{action.text}", "{action.text}")),
        (ActionKind::Priority, _) => Some(("", "")),
        (ActionKind::Note | ActionKind::Task, Each::Brief) => Some((
            "{recommended_status}: {request.subject}",
            "{workflow_summary}\n\nPriority: {priority.band} ({priority.score})\n{priority.reasons}\n\nRisk: {risk.level}\n{risk.factors}\n\n\
             Recommended: {recommended_status}. {recommended_status.reason}\n\nNext:\n{next_actions}\n\nStill to ask:\n{missing_information}\n\n\
             Approved brief {brief.id} of {request.id}",
        )),
        (ActionKind::Note | ActionKind::Task, Each::NextAction) => Some((
            "{action.text}",
            "{action.text}\nOwner: {action.owner}\n\n{workflow_summary}\n\nApproved brief {brief.id} of {request.id}",
        )),
        (ActionKind::Note | ActionKind::Task, Each::Missing) => Some((
            "{missing.question}",
            "{missing.question}\nWhy: {missing.why}\n\n{workflow_summary}\n\nApproved brief {brief.id} of {request.id}",
        )),
    }
}

/// A template and its text.
fn template(
    reader: &mut Reader,
    part: &Part<'_>,
    name: &str,
    usual: Option<&str>,
    each: Each,
) -> Option<(Template, String)> {
    let text = match (reader.text(part, name), usual) {
        (Some(text), _) => text,
        (None, _) if part.node(name).is_some() => return None,
        (None, Some(usual)) => usual.to_owned(),
        (None, None) => {
            let help = "write what people outside may read; nothing of a brief is fit for them as it is";
            reader.at(Code::Missing, part, name, format!("`{name}` is missing"), help);
            return None;
        }
    };
    let template = match Template::parse(&text) {
        Ok(template) => template,
        Err(cause) => {
            let (message, help) = match cause {
                BadTemplate::Open => ("a `{` has no `}`".to_owned(), "write `{{` for a brace that is meant".to_owned()),
                BadTemplate::Unknown(slip) => {
                    let help = match nearest(&slip, Template::names().iter().copied()) {
                        Some(near) => format!("did you mean `{{{near}}}`?"),
                        None => format!("use {}", ticked(Template::names())),
                    };
                    (format!("there is nothing to put in for `{{{}}}`", short(&slip)), help)
                }
            };
            reader.at(Code::Value, part, name, message, help);
            return None;
        }
    };
    for (list, wanted) in [("action", Each::NextAction), ("missing", Each::Missing)] {
        if template.speaks_of(list) && each != wanted {
            let message = format!("`{{{list}.…}}` means nothing where it is done for each `{}`", each.as_str());
            reader.at(Code::Together, part, name, message, format!("write `each = \"{}\"`", wanted.as_str()));
        }
    }
    Some((template, text))
}

fn bands(reader: &mut Reader, part: &Part<'_>) -> Vec<Band> {
    let mut bands = Vec::new();
    for word in reader.texts(part, "bands") {
        match Band::ALL.iter().find(|band| band.as_str() == word) {
            Some(band) => bands.push(*band),
            None => {
                let known: Vec<&str> = Band::ALL.iter().rev().map(|band| band.as_str()).collect();
                let help = match nearest(&word, known.iter().copied()) {
                    Some(near) => format!("did you mean `{near}`?"),
                    None => format!("use {}", ticked(&known)),
                };
                reader.at(Code::Value, part, "bands", format!("there is no band `{}`", short(&word)), help);
            }
        }
    }
    if bands.is_empty()
        && part.node("bands").is_some_and(|node| matches!(&node.value, Written::List(l) if l.is_empty()))
    {
        reader.at(Code::Value, part, "bands", "it would apply to no brief", "name some bands, or leave `bands` out");
    }
    bands
}

fn record(reader: &mut Reader, part: &Part<'_>) -> Option<RecordFrom> {
    let word = reader.text(part, "record");
    let marks = [reader.text(part, "record_before"), reader.text(part, "record_behind")];
    if let Some(record) = reader.text(part, "record_id") {
        if part.node("record").is_some() {
            let message = "`record` and `record_id` both say which record it is";
            reader.at(Code::Together, part, "record", message, "leave one of them out");
        }
        if !is_fixed_record(&record) {
            let message = format!("`{}` cannot be the name of a record", short(&record));
            let help = "use letters, digits, `-`, `_`, `:` and `.`, such as `4711`, or with a kind before it, such as `deals/4711`";
            reader.at(Code::Value, part, "record_id", message, help);
        }
        return Some(RecordFrom::Fixed(record));
    }
    let word = word?;
    for name in ["record_before", "record_behind"] {
        match (word.as_str(), part.node(name)) {
            ("subject", None) => {
                let help =
                    "write the marks around the name, such as `record_before = \"[#\"` and `record_behind = \"]\"`";
                reader.at(Code::Missing, part, name, format!("`{name}` is missing"), help);
            }
            ("subject", Some(_)) | (_, None) => {}
            (_, Some(_)) => {
                let message = format!("`{name}` means nothing without `record = \"subject\"`");
                reader.at(Code::Together, part, name, message, "leave it out, or look in the subject");
            }
        }
    }
    Some(match (word.as_str(), marks) {
        ("by_hand", _) => RecordFrom::ByHand,
        ("external_id", _) => RecordFrom::ExternalId,
        ("subject", [before, behind]) => {
            let (before, behind) = (before?, behind?);
            for (name, mark) in [("record_before", &before), ("record_behind", &behind)] {
                if mark.is_empty() {
                    let help = "write what stands there, such as `[#` before and `]` behind";
                    reader.at(Code::Value, part, name, "the mark is empty, so that any word would do", help);
                }
            }
            RecordFrom::Subject { before, behind }
        }
        _ => RecordFrom::None,
    })
}

fn values(reader: &mut Reader, action: &Part<'_>) -> BTreeMap<Band, String> {
    let (path, place) = (action.path("values"), action.place("values"));
    let part = reader.part("action.values", &path, &place, action.node("values"));
    let mut values = BTreeMap::new();
    for band in Band::ALL {
        if let Some(value) = reader.text(&part, band.as_str()) {
            if value.trim().is_empty() {
                reader.at(Code::Value, &part, band.as_str(), "the word is empty", "write it, or leave the band out");
            }
            values.insert(*band, value);
        }
    }
    values
}

/// The free table of the far side's fields.
fn fields(reader: &mut Reader, part: &Part<'_>) -> BTreeMap<String, String> {
    let Some(node) = part.node("fields") else { return BTreeMap::new() };
    let Written::Table(table) = &node.value else {
        let message = format!("{} where a table should be", node.what());
        reader.at(
            Code::Type,
            part,
            "fields",
            message,
            "write `[action.fields]` on a line of its own and the fields below",
        );
        return BTreeMap::new();
    };
    let mut fields = BTreeMap::new();
    for (name, (_, value)) in table {
        match &value.value {
            Written::Text(text) => {
                fields.insert(name.clone(), text.clone());
            }
            _ => {
                let path = format!("{}.{name}", part.path("fields"));
                let message = format!("{} where a text should be", value.what());
                reader.add(Code::Type.as_str(), value.place.clone(), path, message, "put it in quotes");
            }
        }
    }
    fields
}

fn recipient(reader: &mut Reader, part: &Part<'_>, kind: ActionKind) -> Option<Recipient> {
    let sender = reader.text(part, "to").map(|_| Recipient::Sender);
    let address = reader.text(part, "to_address");
    if !kind.leaves_the_house() {
        idle(reader, part, "to", kind, "a message or an invitation");
        idle(reader, part, "to_address", kind, "a message or an invitation");
        return None;
    }
    match (sender, address) {
        (Some(_), Some(_)) => {
            let message = "`to` and `to_address` both say whom it goes to";
            reader.at(Code::Together, part, "to_address", message, "leave one of them out");
            None
        }
        (Some(sender), None) => Some(sender),
        (None, Some(address)) => {
            if !is_address(&address) {
                let message = format!("`{}` is no address of one person", short(&address));
                reader.at(Code::Value, part, "to_address", message, "write it bare, such as `desk@example.org`");
            }
            Some(Recipient::Fixed(address))
        }
        (None, None) => {
            if part.node("to").is_none() && part.node("to_address").is_none() {
                let help = "write `to = \"sender\"`, or an address as `to_address`";
                reader.at(Code::Missing, part, "to", format!("nothing says whom the {kind} goes to"), help);
            }
            None
        }
    }
}

/// When an invitation begins, and how long it takes.
fn hour(reader: &mut Reader, part: &Part<'_>, kind: ActionKind) -> (Time, SignedDuration) {
    let minutes = reader.whole(part, "minutes").unwrap_or(30);
    let at = clock(reader, part, "at").unwrap_or(usual_hour().0);
    if kind != ActionKind::Event {
        idle(reader, part, "at", kind, "an invitation");
        idle(reader, part, "minutes", kind, "an invitation");
    }
    (at, SignedDuration::from_mins(minutes))
}

/// Refuses a key that this kind of action has no use for: whoever wrote it believes something else.
fn idle(reader: &mut Reader, part: &Part<'_>, name: &str, kind: ActionKind, whose: &str) {
    if part.node(name).is_some() {
        let message = format!("`{name}` means nothing for a {kind}");
        reader.at(Code::Together, part, name, message, format!("leave it out; it is for {whose}"));
    }
}

/// An action as people may see it.
fn shown(rule: &Rule, title: &str, text: &str) -> Table {
    let mut table = Table::new();
    let mut put = |name: &str, value: Value| table.insert(name.to_owned(), value);
    put("pilot", rule.pilot.as_str().into());
    put("sink", rule.sink.as_str().into());
    put("kind", rule.kind.as_str().into());
    put("each", rule.each.as_str().into());
    if !rule.bands.is_empty() {
        put("bands", rule.bands.iter().map(|band| Value::from(band.as_str())).collect::<Vec<_>>().into());
    }
    match &rule.record {
        RecordFrom::None => put("record", "none".into()),
        RecordFrom::ByHand => put("record", "by_hand".into()),
        RecordFrom::ExternalId => put("record", "external_id".into()),
        RecordFrom::Fixed(record) => put("record_id", record.as_str().into()),
        RecordFrom::Subject { before, behind } => {
            put("record_before", before.as_str().into());
            put("record_behind", behind.as_str().into());
            put("record", "subject".into())
        }
    };
    put("title", title.into());
    put("text", text.into());
    if !rule.values.is_empty() {
        let words = rule.values.iter().map(|(band, word)| (band.as_str().to_owned(), Value::from(word.as_str())));
        put("values", Value::Table(words.collect()));
    }
    match &rule.to {
        None => {}
        Some(Recipient::Sender) => drop(put("to", "sender".into())),
        Some(Recipient::Fixed(address)) => drop(put("to_address", address.as_str().into())),
    }
    if rule.kind == ActionKind::Event {
        put("at", rule.hour.0.strftime("%H:%M").to_string().into());
        put("minutes", Value::Integer(rule.hour.1.as_mins()));
    }
    if !rule.fields.is_empty() {
        let written = rule.fields.iter().map(|(name, text)| (name.clone(), text.as_str().into())).collect();
        put("fields", without_secrets("", &serde_json::Value::Object(written)));
    }
    table
}
