//! `opspilot request why`: the whole causal chain of a request in the order of time, from its first byte to where it stands. Own file
//! because it is read together from rows and receipts. INVARIANT: it shows what is recorded and adds nothing; what has a receipt names it.

use super::failure::Failure;
use super::ids::Named;
use super::setup::Setup;
use super::view::Masks;
use super::{request, text, view};
use crate::brief::Content;
use crate::daemon::House;
use crate::domain::money::Micros;
use crate::receipt::Receipt;
use crate::store::{
    DecisionRow, LetterFilter, LetterRow, ReplyRow, RequestView, RevisionRow, StepRow, StoreError, WriteFilter,
    WriteRow,
};
use jiff::Timestamp;
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// Something that happened.
struct Event {
    at: Timestamp,
    /// What, in a word or two.
    what: String,
    /// The rest.
    detail: String,
    /// Number of its receipt.
    receipt: Option<u64>,
}

/// All that is on record about a request.
struct Chain {
    view: RequestView,
    bytes: usize,
    steps: Vec<StepRow>,
    revisions: Vec<RevisionRow>,
    decisions: Vec<DecisionRow>,
    receipts: Vec<Receipt>,
    letters: Vec<LetterRow>,
    replies: Vec<ReplyRow>,
    writes: Vec<WriteRow>,
    /// Names of people by identifier.
    names: BTreeMap<String, String>,
}

pub(super) async fn show(setup: &Setup, house: &House, id: &Named) -> Result<(), Failure> {
    let chain = gather(house, id).await?;
    if setup.out.json {
        return setup.out.json(&chain.json(Masks(&house.boundaries)));
    }
    setup.out.text(&chain.page(setup, Masks(&house.boundaries)))
}

async fn gather(house: &House, id: &Named) -> Result<Chain, Failure> {
    let store = &house.store;
    let view = store.request(id.request()).await?;
    let bytes = store.blob(&view.request.raw).await?.len();
    let steps = match store.steps(&id.run()).await {
        // A duplicate never had a run.
        Err(StoreError::NotFound { .. }) => Vec::new(),
        outcome => outcome?,
    };
    let revisions = store.revisions(&id.brief()).await?;
    let decisions = store.decisions(&id.brief()).await?;
    let about = LetterFilter { brief: Some(id.brief().to_string()), limit: 200, ..LetterFilter::default() };
    let letters = store.letters(&about).await?.items;
    let replies = store.replies_about(&id.brief()).await?;
    let about = WriteFilter { brief: Some(id.brief().to_string()), limit: 200, ..WriteFilter::default() };
    let writes = store.writes(&about).await?.items;
    let rows = store.receipts_of(id.request().as_str()).await?;
    let receipts: Vec<Receipt> = rows.iter().filter_map(|row| Receipt::from_bytes(&row.bytes)).collect();
    let mut names = BTreeMap::new();
    for actor in receipts.iter().map(|receipt| receipt.actor.as_str()).chain(view.request.submitter.as_deref()) {
        if actor.starts_with("usr_") && !names.contains_key(actor) {
            let name = store.person(actor).await.map_or_else(|_| actor.to_owned(), |person| person.name);
            names.insert(actor.to_owned(), name);
        }
    }
    Ok(Chain { view, bytes, steps, revisions, decisions, receipts, letters, replies, writes, names })
}

impl Chain {
    fn name<'a>(&'a self, actor: &'a str) -> &'a str {
        self.names.get(actor).map_or(actor, String::as_str)
    }

    fn events(&self) -> Vec<Event> {
        let request = &self.view.request;
        let detail = format!(
            "{} ({}) by `{}`{}, sha256 {}",
            text::bytes(self.bytes as u64),
            request.media_type,
            request.source,
            request.submitter.as_deref().map(|by| format!(", handed in by {}", self.name(by))).unwrap_or_default(),
            short(&request.raw)
        );
        let mut events = vec![Event { at: request.received_at, what: "received".into(), detail, receipt: None }];
        events.extend(self.steps.iter().map(step));
        events.extend(self.receipts.iter().filter_map(|receipt| self.told(receipt)));
        // Stable: what happened in one commit stays in the order of its receipts, a step before what it led to.
        events.sort_by_key(|event| event.at);
        events
    }

    fn told(&self, receipt: &Receipt) -> Option<Event> {
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
            "request.accepted" => match field("duplicate_of") {
                of if of.is_empty() => format!("on disk; run begins with definition {}", short(&field("definition"))),
                of => format!("on disk; says the same as {of}, so nothing is drafted"),
            },
            "request.held" => match list("places") {
                places if places.is_empty() => format!("the data boundary found {}", list("kinds")),
                places => format!("the data boundary found {}: {places}", list("kinds")),
            },
            "request.limited" => format!("a limit was reached ({}); waits for a person", field("code")),
            "request.revealed" => format!("to {actor}: {}; {}", list("findings"), by_policy()),
            "brief.drafted" => {
                format!(
                    "revision {} by {}, {}, digest {}",
                    field("revision"),
                    field("generator"),
                    self.gist(&field("digest")),
                    short(&field("digest"))
                )
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
                let comment = made
                    .and_then(|made| made.comment.as_deref())
                    .map(|comment| format!(": \"{}\"", text::one_line(comment)));
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
            "writeback.queued" => format!("plan {}, {} writes", short(&field("plan")), field("writes")),
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
            _ => format!("by {actor} {}", text::one_line(&body.to_string())),
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
        Some(Event { at, what: what.replace('_', " "), detail, receipt: Some(receipt.seq) })
    }

    fn letter(&self, id: &str) -> String {
        let Some(letter) = self.letters.iter().find(|letter| letter.id.as_str() == id) else { return id.to_owned() };
        let (code, message) =
            (letter.code.as_deref().unwrap_or_default(), letter.message.as_deref().unwrap_or_default());
        let said = if code.is_empty() { String::new() } else { format!("; {} {code}", text::one_line(message)) };
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
        text::one_line(&format!(
            "{undo}{}{far} to {}{record}, digest {}",
            word("kind"),
            word("sink"),
            short(word("digest"))
        ))
    }

    fn reply(&self, id: &str) -> String {
        let Some(reply) = self.replies.iter().find(|reply| reply.id.as_str() == id) else { return id.to_owned() };
        let (code, message) = (reply.code.as_deref().unwrap_or_default(), reply.message.as_deref().unwrap_or_default());
        format!("by `{}`, {}: {} {code}", reply.source, reply.state, text::one_line(message))
    }

    /// Priority and risk of the revision with that digest.
    fn gist(&self, digest: &str) -> String {
        let revision = self.revisions.iter().find(|revision| revision.digest == digest);
        let content = revision.and_then(|revision| Content::from_json(&revision.content).ok());
        content.map_or_else(String::new, |content| {
            format!("{} priority {}, {} risk", content.priority.band, content.priority.score.get(), content.risk.level)
        })
    }

    fn standing(&self) -> String {
        let view = &self.view;
        let fault =
            view.message.as_deref().map(|message| format!(": {message} {}", view.code.as_deref().unwrap_or_default()));
        let next = match (view.state, view.brief_state.as_deref()) {
            ("held", _) => "; waits for `opspilot request release` or `drop`",
            ("in_review", Some("open")) => "; waits for a named person: `opspilot review show`",
            ("in_review", Some("amending")) => "; waits for an edit: `opspilot review edit`",
            ("failed", _) => "; `opspilot request retry` tries again",
            _ => "",
        };
        let brief = view.brief_state.as_deref().map(|state| format!(" (brief {state})")).unwrap_or_default();
        format!("{}{brief}{}{next}", view.state, fault.unwrap_or_default())
    }

    fn page(&self, setup: &Setup, masks: Masks<'_>) -> String {
        let out = &setup.out;
        let request = &self.view.request;
        let mut page = format!(
            "{}  {}\n{}  pilot {}\n\n",
            out.bold(request.id.as_str()),
            request::title(&self.view, masks),
            text::exact(request.received_at),
            request.pilot
        );
        for event in self.events() {
            let since = event.at.duration_since(request.received_at).as_micros();
            let seq = event.receipt.map(|seq| format!("  [receipt {seq}]")).unwrap_or_default();
            let lead = format!("{:>9}  {:<12} ", elapsed(since), event.what);
            let detail = text::one_line(&format!("{}{seq}", event.detail));
            page.push_str(&hang(&lead, &detail, out.page()));
        }
        page.push_str(&format!("\n{} {}\n", out.bold("stands:"), text::one_line(&self.standing())));
        page
    }

    fn json(&self, masks: Masks<'_>) -> Value {
        let event = |event: Event| json!({ "at": event.at, "what": event.what, "detail": event.detail, "receipt": event.receipt });
        json!({
            "request": view::request(&self.view, masks), "raw_bytes": self.bytes,
            "events": self.events().into_iter().map(event).collect::<Vec<_>>(),
            "steps": self.steps.iter().map(view::step).collect::<Vec<_>>(),
            "revisions": self.revisions.iter().map(view::revision).collect::<Vec<_>>(),
            "decisions": self.decisions.iter().map(view::decision).collect::<Vec<_>>(),
            "receipts": self.receipts, "stands": self.standing(),
        })
    }
}

fn step(row: &StepRow) -> Event {
    let took = row
        .ended_at
        .map(|end| elapsed(end.duration_since(row.started_at).as_micros()).trim_start_matches('+').to_owned());
    let attempt = if row.attempt > 1 { format!(", attempt {}", row.attempt) } else { String::new() };
    let output: Option<Value> = row.output.as_deref().and_then(|output| serde_json::from_str(output).ok());
    let found = output.as_ref().map(|output| format!(": {}", flat(output))).unwrap_or_default();
    let code = row.code.as_deref().map(|code| format!(" {code}")).unwrap_or_default();
    let detail = match took {
        Some(took) => format!("{} in {took}{attempt}{code}{found}", row.state),
        None => format!("{}{attempt}{code}{found}", row.state),
    };
    Event { at: row.ended_at.unwrap_or(row.started_at), what: format!("step {}", row.name), detail, receipt: None }
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

fn short(digest: &str) -> &str {
    digest.get(..12).unwrap_or(digest)
}

/// Time since the beginning: `+12.3ms`, `+4.1s`, `+3m`, `+2h`, `+5d`.
fn elapsed(micros: i128) -> String {
    match micros {
        ..1 => "+0".to_owned(),
        1..1_000_000 => format!("+{:.1}ms", micros as f64 / 1000.0),
        1_000_000..60_000_000 => format!("+{:.1}s", micros as f64 / 1_000_000.0),
        60_000_000..3_600_000_000 => format!("+{}m", micros / 60_000_000),
        3_600_000_000..86_400_000_000 => format!("+{}h", micros / 3_600_000_000),
        _ => format!("+{}d", micros / 86_400_000_000),
    }
}

/// Text behind a lead, wrapped under itself.
fn hang(lead: &str, detail: &str, width: usize) -> String {
    let indent = text::width(lead);
    let room = width.saturating_sub(indent).max(20);
    let mut lines = vec![String::new()];
    for word in detail.split(' ') {
        let last = lines.len() - 1;
        match lines.get_mut(last) {
            Some(line) if line.is_empty() => line.push_str(word),
            Some(line) if text::width(line) + 1 + text::width(word) <= room => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(word.to_owned()),
        }
    }
    let blank = " ".repeat(indent);
    lines
        .iter()
        .enumerate()
        .map(|(place, line)| format!("{}{line}\n", if place == 0 { lead } else { &blank }))
        .collect()
}

/// What a call to a model was allowed to cost, or did.
fn spent(kind: &str, body: &Value, by_policy: &str) -> String {
    let micros = |name: &str| Micros::new(body[name].as_i64().unwrap_or(0)).unwrap_or(Micros::ZERO);
    let tokens = |name: &str| text::grouped(body[name].as_u64().unwrap_or(0));
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn time_since_the_beginning_reads_well() {
        let shown = [0, 1_234, 4_100_000, 200_000_000, 9_000_000_000, 900_000_000_000].map(elapsed);
        assert_eq!(shown, ["+0", "+1.2ms", "+4.1s", "+3m", "+2h", "+10d"]);
    }

    #[test]
    fn long_details_hang_under_themselves() {
        assert_eq!(hang("  a  ", "one two three four five six", 25), "  a  one two three four\n     five six\n");
    }

    #[test]
    fn outputs_become_words() {
        assert_eq!(flat(&json!({ "found": { "email": 2 }, "verdict": "pass" })), "found email 2, verdict pass");
    }
}
