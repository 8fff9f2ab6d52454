//! A write as programs are told of it. Own file because API and command line give the same document. INVARIANT: a list names what was sent by
//! its digest; the words themselves are shown one write at a time.

use super::act::{ActError, Undo};
use super::hand::Story;
use crate::domain::id::WriteId;
use crate::store::WriteRow;
use serde_json::{Value, json};

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
    json!({ "of": undo.of, "id": undo.id, "call": undo.planned.call, "expect": undo.planned.expect })
}

/// One write of a pilot that was to be taken back: the write that does it, or why none does.
#[must_use]
pub fn asked((of, undo): &(WriteId, Result<Undo, ActError>)) -> Value {
    match undo {
        Ok(undo) => json!({ "of": of, "id": undo.id, "message": null }),
        Err(why) => json!({ "of": of, "id": null, "message": why.to_string() }),
    }
}
