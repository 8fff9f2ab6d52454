//! A write as people see it: the exact request, the record three ways, and what there is to do. Own file because who settles or takes back
//! decides by this page alone. INVARIANT: the request is shown whole, line for line; nothing in it reaches the terminal as control.

use super::failure::Failure;
use super::setup::Setup;
use super::table::Table;
use super::text;
use crate::daemon::House;
use crate::domain::writeback::WriteState;
use crate::store::WriteRow;
use crate::writeback::{self, Contrast, Story};
use opspilot_sdk::Call;
use serde_json::Value;

/// Shows a write.
pub(crate) async fn show(setup: &Setup, house: &House, story: &Story) -> Result<(), Failure> {
    if setup.out.json {
        return setup.out.json(&writeback::story(story));
    }
    let write = &story.write;
    let out = &setup.out;
    let mut page = format!("{}  {}\n", out.bold(write.id.as_str()), write.state);
    let mut line = |label: &str, value: &str| {
        if !value.is_empty() {
            page.push_str(&format!("{label:<11} {}\n", text::one_line(value)));
        }
    };
    let code = write.code.as_ref().map_or_else(String::new, |code| format!(" ({code})"));
    line("wrong", &write.message.as_ref().map_or_else(String::new, |message| format!("{message}{code}")));
    line("what", &what(write));
    line("brief", write.brief.as_str());
    line("pilot", &write.pilot);
    let by = house.store.person(&write.person).await.map_or_else(|_| write.person.clone(), |person| person.name);
    let asked = if write.undo_of.is_some() { "asked by" } else { "approved by" };
    line(asked, &by);
    line("decision", &write.decision);
    line("plan", &write.plan);
    line("request", &write.digest);
    line("marked", &write.write.key);
    line("queued", &text::time(write.created_at));
    line("due", &if write.state == WriteState::Waiting { text::time(write.due_at) } else { String::new() });
    line("last sent", &write.sent_at.map_or_else(String::new, text::time));
    line("seen", &write.written_at.map_or_else(String::new, text::time));
    line("attempts", &write.attempt.to_string());
    line("far side", write.said.as_deref().unwrap_or_default());
    line("its name", write.far_id.as_deref().unwrap_or_default());
    if let Some(of) = &story.of {
        line("takes back", &format!("{} ({}), {}", of.id, of.state, what(of)));
    }
    if let Some(undo) = &story.undo {
        line("undo", &format!("{} ({})", undo.id, undo.state));
    }
    out.text(&format!("{page}\n{}\n{}", out.bold("The request"), request(&write.write.call)))?;
    if !story.sides.is_empty() {
        let left = if story.of.as_ref().unwrap_or(write).after.is_some() { "as we left it" } else { "as it should be" };
        out.text(&format!("\n{}", out.bold("The record")))?;
        out.table(&if story.sides.iter().any(|side| side.changed || side.now.is_some()) {
            sides(&story.sides, left)
        } else {
            unseen(&story.sides, left)
        })?;
    }
    for told in to_do(story) {
        out.say(&told);
    }
    Ok(())
}

/// What it does, on one line.
fn what(write: &WriteRow) -> String {
    let record =
        if write.write.record.is_empty() { String::new() } else { format!(" at record `{}`", write.write.record) };
    let undo = if write.undo_of.is_some() { "taking back a " } else { "" };
    format!("{undo}{} in {}{record}", write.write.kind, write.sink)
}

/// A request, whole; credentials are never part of it.
pub(super) fn request(call: &Call) -> String {
    let mut shown = format!("  {} {}\n", text::one_line(&call.method), text::one_line(&call.target));
    for (name, value) in &call.headers {
        shown.push_str(&format!("  {}: {}\n", text::one_line(name), text::one_line(value)));
    }
    if !call.body.is_empty() {
        shown.push('\n');
        for line in text::lines(&call.body).lines() {
            shown.push_str(&format!("  {line}\n"));
        }
    }
    shown
}

fn sides(sides: &[Contrast], left: &'static str) -> Table {
    let mut table = Table::new(&["field", "before", left, "now", ""]);
    for side in sides {
        table.row([
            side.name.clone(),
            value(side.before.as_ref()),
            value(side.left.as_ref()),
            value(side.now.as_ref()),
            if side.changed { "changed since".to_owned() } else { String::new() },
        ]);
    }
    table
}

/// The same where nobody has looked since.
fn unseen(sides: &[Contrast], left: &'static str) -> Table {
    let mut table = Table::new(&["field", "before", left]);
    for side in sides {
        table.row([side.name.clone(), value(side.before.as_ref()), value(side.left.as_ref())]);
    }
    table
}

fn value(value: Option<&Value>) -> String {
    match value {
        None => "-".to_owned(),
        Some(Value::String(text)) => text.clone(),
        Some(other) => other.to_string(),
    }
}

/// What a person can do about it.
fn to_do(story: &Story) -> Vec<String> {
    let write = &story.write;
    let id = &write.id;
    match write.state {
        WriteState::Uncertain => {
            let place = if write.write.record.is_empty() {
                write.sink.clone()
            } else {
                format!("record `{}` in {}", write.write.record, write.sink)
            };
            vec![
                format!("nobody knows whether this was done: look at {place} for the mark {}", write.write.key),
                format!("if it is there:          opspilot writeback settle {id} --went --far-id ITS-NAME"),
                format!("if it is certainly not:  opspilot writeback settle {id} --did-not-go"),
            ]
        }
        WriteState::Differs => {
            let of = write.undo_of.as_ref().unwrap_or(id);
            vec![
                "the record is not as we left it, and nothing was changed: a person chooses".to_owned(),
                format!("take it back all the same:  opspilot writeback undo {of} --force"),
                format!("leave it as it is:          opspilot writeback cancel {id}"),
            ]
        }
        WriteState::Refused | WriteState::Blocked => vec![
            format!("once its cause is gone:  opspilot writeback retry {id}"),
            format!("or stop it for good:     opspilot writeback cancel {id}"),
        ],
        WriteState::Waiting if !write.maybe => {
            vec![format!("it can still be stopped:  opspilot writeback cancel {id}")]
        }
        WriteState::Written if story.undo.is_none() => vec![format!("take it back:  opspilot writeback undo {id}")],
        _ => Vec::new(),
    }
}
