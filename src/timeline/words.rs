//! Receipts in words: what each says, for people. Own file because a kind of receipt that is added is told here and nowhere else. INVARIANT:
//! words from outside come out as one line, without anything that is not seen.

use super::{Chain, Event, Subject, coded, elapsed, one_line, short};
use crate::brief::Content;
use crate::domain::money::Micros;
use crate::receipt::{Receipt, veil};
use crate::store::StepRow;
use jiff::Timestamp;
use serde_json::Value;

impl Chain {
    pub(super) fn told(&self, receipt: &Receipt) -> Option<Event> {
        let at = Timestamp::from_microsecond(receipt.at).ok()?;
        let body = &receipt.body;
        let field = |name: &str| match &body[name] {
            Value::String(text) => text.clone(),
            Value::Null => String::new(),
            other => other.to_string(),
        };
        let list = |name: &str| {
            let items = body[name].as_array().map(Vec::as_slice).unwrap_or_default();
            items.iter().filter_map(Value::as_str).collect::<Vec<_>>().join(", ")
        };
        let actor = self.name(&receipt.actor);
        let by_policy = || format!("allowed by {} ({})", list("policies"), field("permit"));
        let detail = match receipt.kind.as_str() {
            "request.accepted" => {
                let by = if body["permit"].is_null() { String::new() } else { format!("; {}", by_policy()) };
                match field("duplicate_of") {
                    of if of.is_empty() => {
                        format!("on disk; run begins with definition {}{by}", short(&field("definition")))
                    }
                    of => format!("on disk; says the same as {of}, so nothing is drafted{by}"),
                }
            }
            "request.held" => match list("places") {
                places if places.is_empty() => format!("the data boundary found {}", list("kinds")),
                places => format!("the data boundary found {}: {places}", list("kinds")),
            },
            "request.limited" => format!("a limit was reached ({}); waits for a person", field("code")),
            "request.erased" => {
                let with = Some(field("with")).filter(|with| !with.is_empty());
                let with = with.map(|with| format!(", with {with}")).unwrap_or_default();
                format!("by {actor}: {}{with}; {}", field("reason"), by_policy())
            }
            // Places alone: a digest behind one tells a reader nothing that may be told.
            "request.revealed" => {
                let places: Vec<String> =
                    list("findings").split(", ").map(|finding| veil::place(finding).to_owned()).collect();
                format!("to {actor}: {}; {}", places.join(", "), by_policy())
            }
            "brief.drafted" => {
                let digest = field("digest");
                // Nothing is left of it to tell once it was erased.
                let gist = Some(self.gist(&digest)).filter(|gist| !gist.is_empty());
                let gist = gist.map(|gist| format!(", {gist}")).unwrap_or_default();
                format!("revision {} by {}{gist}, digest {}", field("revision"), field("generator"), short(&digest))
            }
            "brief.edited" => {
                let changed = list("changed");
                format!(
                    "revision {} by {actor}: {changed}; digest {}; {}",
                    field("revision"),
                    short(&field("digest")),
                    by_policy()
                )
            }
            "brief.decided" => {
                let made = self.decisions.iter().find(|made| made.id == field("decision"));
                let comment =
                    made.and_then(|made| made.comment.as_deref()).map(|comment| format!(": \"{}\"", one_line(comment)));
                let verdict = field("verdict");
                let on = format!("revision {}, digest {}", field("revision"), short(&field("digest")));
                let plan = Some(field("plan")).filter(|plan| !plan.is_empty());
                let plan = plan.map(|plan| format!(", with plan {}", short(&plan))).unwrap_or_default();
                format!("{verdict} by {actor} on {on}{plan}{}; {}", comment.unwrap_or_default(), by_policy())
            }
            "letter.settled" | "letter.resent" => {
                format!("{} by {actor}; {}", self.letter(&field("letter")), by_policy())
            }
            "writeback.target" => {
                let record = field("record");
                let record = if record.is_empty() { "no record".to_owned() } else { format!("record `{record}`") };
                format!("{record} of {} by {actor}; {}", field("sink"), by_policy())
            }
            "writeback.approved" => format!("plan {} by {actor}; {}", short(&field("plan")), by_policy()),
            "writeback.queued" => {
                let writes = body["writes"].as_u64().unwrap_or(0);
                format!("plan {}, {writes} write{}", short(&field("plan")), if writes == 1 { "" } else { "s" })
            }
            "write.intended" => {
                let by = body["approved_by"].as_array().map(Vec::as_slice).unwrap_or_default();
                let by: Vec<&str> = by.iter().filter_map(Value::as_str).map(|person| self.name(person)).collect();
                let asked = field("asked_by");
                let leave = match by.as_slice() {
                    [] => format!("asked for by {}", self.name(&asked)),
                    by => format!("approved by {}", by.join(", ")),
                };
                format!("{}, attempt {}, {leave}", self.write(body), field("attempt"))
            }
            kind if kind.starts_with("write.") => {
                let code = field("code");
                let code = if code.is_empty() { code } else { format!(", {code}") };
                let by = if body["permit"].is_null() { String::new() } else { format!(" by {actor}; {}", by_policy()) };
                format!("{}{code}{by}", self.write(body))
            }
            kind if kind.starts_with("spend.") => spent(kind, body, &by_policy()),
            kind if kind.starts_with("run.") && body["permit"].is_null() => {
                let code = field("code");
                let code = if code.is_empty() { code } else { format!(", {code}") };
                format!("at step {}{code}", field("step"))
            }
            kind if kind.starts_with("letter.") => self.letter(&field("letter")),
            kind if kind.starts_with("reply.") => self.reply(&field("reply")),
            _ if !body["permit"].is_null() => format!("by {actor}; {}", by_policy()),
            _ => format!("by {actor} {}", one_line(&body.to_string())),
        };
        let what = receipt.kind.split_once('.').map_or(receipt.kind.as_str(), |(_, what)| what);
        let what = match receipt.kind.split_once('.') {
            Some(("letter", what)) => format!("letter {what}"),
            Some(("reply", what)) => format!("answer {what}"),
            Some(("spend", what)) => format!("spend {what}"),
            Some(("writeback", what)) => format!("plan {}", if what == "target" { "goes to" } else { what }),
            Some(("write", what)) => format!("write {what}"),
            _ => what.to_owned(),
        };
        let about = Subject::of(&receipt.kind);
        let (what, receipt) = (what.replace('_', " "), Some(receipt.seq));
        Some(Event { at, about, what, detail: one_line(&detail), took: None, receipt })
    }

    fn letter(&self, id: &str) -> String {
        let Some(letter) = self.letters.iter().find(|letter| letter.id.as_str() == id) else { return id.to_owned() };
        let message = letter.message.as_deref().unwrap_or_default();
        let said = match letter.code.as_deref() {
            None | Some("") => String::new(),
            code => format!("; {}", coded(&one_line(message), code)),
        };
        format!("`{}` to {}, {}{said}", letter.kind, letter.name, letter.state)
    }

    /// A write, as its receipt names it and as it stands.
    fn write(&self, body: &Value) -> String {
        let word = |name: &str| body[name].as_str().unwrap_or_default();
        let undo = if body["undo_of"].is_null() { "" } else { "undo of a " };
        let row = self.writes.iter().find(|row| row.id.as_str() == word("write"));
        let far = row.and_then(|row| row.far_id.as_deref()).map(|id| format!(" `{id}`")).unwrap_or_default();
        let record = row.map(|row| row.write.record.as_str()).filter(|record| !record.is_empty());
        let record = record.map(|record| format!(" on `{record}`")).unwrap_or_default();
        one_line(&format!("{undo}{}{far} to {}{record}, digest {}", word("kind"), word("sink"), short(word("digest"))))
    }

    fn reply(&self, id: &str) -> String {
        let Some(reply) = self.replies.iter().find(|reply| reply.id.as_str() == id) else { return id.to_owned() };
        let message = coded(&one_line(reply.message.as_deref().unwrap_or_default()), reply.code.as_deref());
        format!("by `{}`, {}: {message}", reply.source, reply.state)
    }

    /// Priority and risk of the revision with that digest.
    fn gist(&self, digest: &str) -> String {
        let revision = self.revisions.iter().find(|revision| revision.digest == digest);
        let content = revision.and_then(|revision| Content::from_json(&revision.content).ok());
        content.map_or_else(String::new, |content| {
            format!("{} priority {}, {} risk", content.priority.band, content.priority.score.get(), content.risk.level)
        })
    }
}

pub(super) fn step(row: &StepRow) -> Event {
    let took = row
        .ended_at
        .map(|end| elapsed(end.duration_since(row.started_at).as_micros()).trim_start_matches('+').to_owned());
    let lasted = row.ended_at.map(|end| end.duration_since(row.started_at));
    let attempt = if row.attempt > 1 { format!(", attempt {}", row.attempt) } else { String::new() };
    let output: Option<Value> = row.output.as_deref().and_then(|output| serde_json::from_str(output).ok());
    let found = output.as_ref().map(|output| format!(": {}", flat(output))).unwrap_or_default();
    let code = row.code.as_deref().map(|code| format!(" {code}")).unwrap_or_default();
    let detail = match took {
        Some(took) => format!("{} in {took}{attempt}{code}{found}", row.state),
        None => format!("{}{attempt}{code}{found}", row.state),
    };
    let (at, what) = (row.ended_at.unwrap_or(row.started_at), format!("step {}", row.name));
    Event { at, about: Subject::Steps, what, detail: one_line(&detail), took: lasted, receipt: None }
}

/// A JSON object as words: `verdict pass, language en`.
fn flat(value: &Value) -> String {
    match value {
        Value::Object(members) => {
            let member = |(key, value): (&String, &Value)| format!("{key} {}", flat(value));
            members.iter().map(member).collect::<Vec<_>>().join(", ")
        }
        Value::Array(items) => items.iter().map(flat).collect::<Vec<_>>().join(" "),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

/// What a call to a model was allowed to cost, or did.
fn spent(kind: &str, body: &Value, by_policy: &str) -> String {
    let micros = |name: &str| Micros::new(body[name].as_i64().unwrap_or(0)).unwrap_or(Micros::ZERO);
    let tokens = |name: &str| grouped(body[name].as_u64().unwrap_or(0));
    let generator = body["generator"].as_str().unwrap_or("?");
    match kind {
        "spend.reserved" => format!(
            "`{generator}` may cost {} at most: {} tokens read, {} written",
            micros("held"),
            tokens("most_input"),
            tokens("max_output")
        ),
        "spend.settled" => format!(
            "`{generator}` cost {}: {} tokens read, {} written",
            micros("cost"),
            tokens("input"),
            tokens("output")
        ),
        "spend.released" => format!("`{generator}` did not work on it; {} is free again", micros("held")),
        "spend.ruled" => format!("`{generator}` cost {}; {by_policy}", micros("cost")),
        _ => format!("`{generator}` may have cost up to {}; that stays held until a person settles it", micros("held")),
    }
}

/// A whole number with its thousands set apart.
pub(crate) fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut out = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn outputs_become_words() {
        assert_eq!(flat(&json!({ "found": { "email": 2 }, "verdict": "pass" })), "found email 2, verdict pass");
    }

    #[test]
    fn thousands_are_set_apart() {
        assert_eq!([0, 999, 1000, 1_234_567].map(grouped), ["0", "999", "1,000", "1,234,567"]);
    }
}
