//! A write as programs are told of it. Own file because API and command line give the same document. INVARIANT: a list names what was sent by
//! its digest; the words themselves are shown one write at a time.

use super::act::Undo;
use super::hand::Story;
use super::rollback::{Asked, Remains, RolledBack};
use crate::store::WriteRow;
use serde_json::{Value, json};

/// Why what would reach people outside is left out of rolling a pilot back.
pub const UNNAMED: &str = "it is left out: taking it back sends a message to somebody outside; read the request, then name its hash (OP-7627)";

/// A write without its words.
#[must_use]
pub fn row(write: &WriteRow) -> Value {
    json!({
        "id": write.id, "state": write.state, "brief": write.brief, "request": write.request, "pilot": write.pilot, "tenant": write.tenant,
        "sink": write.sink, "kind": write.write.kind, "record": write.write.record, "key": write.write.key, "plan": write.plan,
        "digest": write.digest, "attempts": write.attempt, "may_have_been_done": write.maybe, "due_at": write.due_at,
        "sent_at": write.sent_at, "written_at": write.written_at, "far_id": write.far_id, "said": write.said, "code": write.code,
        "message": write.message, "undo_of": write.undo_of, "forced": write.forced, "person": write.person, "decision": write.decision,
        "created_at": write.created_at, "updated_at": write.updated_at,
    })
}

/// A write whole: the exact request, what must be seen afterwards, the record before, afterwards and now, and where these differ.
#[must_use]
pub fn story(story: &Story) -> Value {
    let Story { write, of, undo, sides } = story;
    let mut told = row(write);
    told["call"] = json!(write.write.call);
    told["expect"] = write.write.expect.clone();
    told["before"] = json!(write.before);
    told["after"] = json!(write.after);
    told["now"] = json!(write.now);
    told["undo"] = undo.as_ref().map(row).unwrap_or_default();
    told["takes_back"] = of.as_ref().map(row).unwrap_or_default();
    told["differences"] = json!(sides);
    told
}

/// What taking a write back sends, and the write that does it once it is asked for.
#[must_use]
pub fn undone(undo: &Undo) -> Value {
    json!({
        "of": undo.of, "id": undo.id, "hash": undo.hash, "reaches_people_outside": undo.kind.leaves_the_house(),
        "call": undo.planned.call, "expect": undo.planned.expect,
    })
}

/// What came of rolling a pilot back: what was called off, each write that stands with what takes it back or why nothing does, and what remains.
#[must_use]
pub fn rolled_back(pilot: &str, told: &RolledBack) -> Value {
    let item = |(write, asked): &(WriteRow, Asked)| {
        let (id, undo, message) = match asked {
            Asked::Now(undo) => (undo.id.as_ref(), Some(undo), None),
            Asked::Before(id) => (Some(id), None, None),
            Asked::Unnamed(undo) => (None, Some(undo), Some(UNNAMED.to_owned())),
            Asked::Not(why) => (None, None, Some(why.to_string())),
        };
        json!({
            "of": write.id, "sink": write.sink, "kind": write.write.kind, "record": write.write.record, "id": id,
            "hash": undo.map(|undo| &undo.hash), "call": undo.map(|undo| &undo.planned.call), "message": message,
        })
    };
    let remains = |Remains { write, remedy }: &Remains| {
        json!({
            "id": write.id, "state": write.state, "sink": write.sink, "kind": write.write.kind, "record": write.write.record,
            "undo_of": write.undo_of, "message": remedy,
        })
    };
    json!({
        "pilot": pilot, "dry_run": told.dry, "paused": told.paused, "whole": told.is_whole(),
        "cancelled": told.cancelled.iter().map(|write| &write.id).collect::<Vec<_>>(),
        "items": told.items.iter().map(item).collect::<Vec<_>>(),
        "remaining": told.remaining.iter().map(remains).collect::<Vec<_>>(),
    })
}
