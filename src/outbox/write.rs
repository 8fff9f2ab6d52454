//! From rows to the words of a letter. Own file because it is where a brief, the request and the words in force meet the room of letters.
//! INVARIANT: a letter shows the request with the masks under which its brief was drafted; its quotes point into exactly that text.

use super::{Addressee, Outbox, Parts};
use crate::brief::{self, Content};
use crate::domain::id::BriefId;
use crate::domain::pilot::Pilot;
use crate::domain::review::{Reason, ReviewState};
use crate::notice::{self, Changed, Frame, How, Item, Notice, Outgoing, Received, Said, Sections, Writes};
use crate::plan;
use crate::receipt::Receipt;
use crate::reply::{Bound, Kind};
use crate::screen::{Boundary, screen};
use crate::store::{BriefRow, NewLetter, RevisionRow, StoreError};
use jiff::Timestamp;
use serde_json::Value;

/// The longest title, in characters.
const TITLE: usize = 120;
/// The most of a plan that a letter shows, in bytes.
const PLAN_BYTES: usize = 16 << 10;

/// Everything of a brief that its letters show.
pub(super) struct Shown {
    pub(super) title: String,
    from: String,
    at: Timestamp,
    source: String,
    text: String,
    attachments: Vec<String>,
    pub(super) sections: Sections,
    pub(super) writes: Planned,
    changes: Vec<Changed>,
    made: String,
    /// Since when the revision waits.
    pub(super) asked_at: Timestamp,
}

impl Shown {
    /// The request, as its letters quote it.
    pub(super) fn received(&self) -> Received<'_> {
        Received {
            from: &self.from,
            at: self.at,
            source: &self.source,
            text: &self.text,
            attachments: &self.attachments,
        }
    }
}

/// What an approval would write.
#[derive(Default)]
pub(super) struct Planned {
    /// Hash of the plan that a letter shows whole; empty for none.
    hash: String,
    outgoing: Vec<Outgoing>,
    /// There is more than a letter shows.
    elsewhere: bool,
}

impl Planned {
    /// As letters take it.
    pub(super) fn writes(&self) -> Writes<'_> {
        match (self.elsewhere, self.outgoing.is_empty()) {
            (true, _) => Writes::Elsewhere,
            (false, true) => Writes::None,
            (false, false) => Writes::Shown(&self.outgoing),
        }
    }
}

/// A decision, with the words of whoever made it.
pub(super) struct Decision {
    id: String,
    by: String,
    what: &'static str,
    comment: Option<String>,
    at: Timestamp,
    by_mail: bool,
    digest: String,
    revision: u32,
    next: &'static str,
    title: String,
}

/// Which generator drafted, by its model where it has one.
fn drafted(draft: &RevisionRow) -> String {
    let made: Value = serde_json::from_str(&draft.generator).unwrap_or_default();
    let word = |key: &str| made.get(key).and_then(Value::as_str);
    format!("drafted by {}", word("model").or_else(|| word("kind")).unwrap_or("the program"))
}

/// What is told of a planted draft that was decided.
const CHECK: &str =
    "This was an attention check: the brief was made up, with a fault planted in it. Nothing of it leaves.";

impl Outbox {
    /// Reads what letters about a brief show.
    pub(super) async fn shown(&self, row: &BriefRow, pilot: &Pilot) -> Result<Shown, StoreError> {
        let store = &self.parts().store;
        let request = store.request(&row.id.request()).await?.request;
        let revisions = store.revisions(&row.id).await?;
        let standing = |number: u32| revisions.iter().find(|revision| revision.number == number);
        let missing = || StoreError::NotFound { what: "revision", id: row.revision.to_string() };
        let revision = standing(row.revision).ok_or_else(missing)?;
        let content = content(revision)?;
        let boundary = self.parts().boundaries.get(&pilot.name);
        // Of a pilot that is not configured nobody can say what is refused: everything is.
        let closed = Boundary::closed();
        let boundary = boundary.unwrap_or(&closed);
        let masked = |text: &str| screen(text, boundary).text.into_owned();
        let text = if self.was_masked(row).await? { masked(&request.text) } else { request.text.clone() };
        let changes = match row.revision.checked_sub(1).and_then(standing) {
            Some(before) => brief::diff(&self::content(before)?, &content).iter().map(changed).collect(),
            None => Vec::new(),
        };
        let asked = [request.sender_name.as_deref(), request.organisation.as_deref(), request.sender_email.as_deref()];
        let from = asked.into_iter().flatten().collect::<Vec<_>>().join(", ");
        let from = if from.is_empty() { "somebody unknown".to_owned() } else { masked(&from) };
        let attachments = store.files(&request.id).await?.into_iter().map(|file| masked(&file.name)).collect();
        let made = self.made(&revisions, revision).await;
        let writes = self.planned(row, pilot, boundary).await?;
        let (sections, title) = (sections(&content, &text), title(&text));
        Ok(Shown {
            title,
            from,
            at: request.received_at,
            source: request.source,
            text,
            attachments,
            sections,
            writes,
            changes,
            made,
            asked_at: revision.at,
        })
    }

    /// What an approval would write. Below the level that writes, nothing is.
    async fn planned(&self, row: &BriefRow, pilot: &Pilot, boundary: &Boundary) -> Result<Planned, StoreError> {
        let Parts { store, planner, .. } = self.parts();
        if !pilot.terms.writes() || !planner.plans(&pilot.name) {
            return Ok(Planned::default());
        }
        let plan = planner.gather(store, pilot, boundary, &row.id, None).await?.plan;
        if plan.is_empty() {
            return Ok(Planned::default());
        }
        let outgoing: Vec<Outgoing> = plan.items.iter().map(outgoing).collect();
        if outgoing.iter().map(|write| write.call.len()).sum::<usize>() > PLAN_BYTES {
            return Ok(Planned { elsewhere: true, ..Planned::default() });
        }
        Ok(Planned { hash: plan.hash(), outgoing, elsewhere: false })
    }

    /// Whether the generator saw the text with its masks: what screening left, or the person who released it.
    async fn was_masked(&self, row: &BriefRow) -> Result<bool, StoreError> {
        let steps = self.parts().store.steps(&row.id.request().run()).await?;
        let masked = |output: &str| serde_json::from_str::<Value>(output).ok()?.get("masked")?.as_bool();
        Ok(steps.iter().filter_map(|step| masked(step.output.as_deref()?)).next_back().unwrap_or(true))
    }

    /// Who made a revision, as letters say it.
    async fn made(&self, revisions: &[RevisionRow], revision: &RevisionRow) -> String {
        let draft = RevisionRow::draft_of(revisions, revision.number).map(drafted);
        match draft {
            Some(drafted) if revision.is_draft() => drafted,
            Some(drafted) => format!("edited by {} ({drafted})", self.name_of(&revision.author).await),
            None => format!("edited by {}", self.name_of(&revision.author).await),
        }
    }

    pub(super) async fn name_of(&self, person: &str) -> String {
        self.parts().store.person(person).await.map_or_else(|_| person.to_owned(), |person| person.name)
    }

    /// The title of a brief, as its letters have it.
    pub(super) async fn title_of(&self, row: &BriefRow) -> Result<String, StoreError> {
        let request = self.parts().store.request(&row.id.request()).await?.request;
        let closed = Boundary::closed();
        let boundary = self.parts().boundaries.get(&row.pilot).unwrap_or(&closed);
        Ok(title(&screen(&request.text, boundary).text))
    }

    /// How to answer, in the words in force.
    pub(super) fn how<'h>(&'h self, by_mail: bool, page: Option<&'h str>) -> How<'h> {
        let words = &self.options().words;
        let first = |kind| words.of_kind(kind).next().unwrap_or_default();
        How {
            approve: first(Kind::Approve),
            minor: first(Kind::Minor),
            major: first(Kind::Major),
            reject: first(Kind::Reject),
            reasons: &Reason::WORDS,
            edit: first(Kind::Edit),
            by_mail,
            page,
        }
    }

    /// Where a brief stands in the browser.
    pub(super) fn page_of(&self, brief: &BriefId) -> Option<String> {
        Some(&self.options().base_url).filter(|base| !base.is_empty()).map(|base| format!("{base}/briefs/{brief}"))
    }

    /// Whether a person may decide on a pilot's briefs by answering.
    #[must_use]
    pub fn takes_answers(&self, pilot: &Pilot, person: &str) -> bool {
        let options = self.options();
        options.reply_address.is_some() && pilot.reply_by_mail && !options.no_reply.iter().any(|name| name == person)
    }

    /// What asks for a decision, but for the names of what is asked about.
    pub(super) fn asked_with<'n>(
        &'n self,
        shown: &'n Shown,
        page: Option<&'n str>,
        by_mail: bool,
    ) -> notice::NewBrief<'n> {
        notice::NewBrief {
            item: Item { brief: "", request: "", revision: 0, title: &shown.title },
            sections: &shown.sections,
            received: shown.received(),
            changes: &shown.changes,
            writes: shown.writes.writes(),
            again: None,
            made: &shown.made,
            how: self.how(by_mail, page),
        }
    }

    /// The letter that asks for a decision.
    pub(super) fn write_brief(&self, pilot: &Pilot, row: &BriefRow, shown: &Shown, person: &Addressee) -> NewLetter {
        let by_mail = self.takes_answers(pilot, &person.name);
        let (brief, request) = (row.id.to_string(), row.id.request().to_string());
        let page = self.page_of(&row.id);
        let new = notice::NewBrief {
            item: Item { brief: &brief, request: &request, revision: row.revision, title: &shown.title },
            ..self.asked_with(shown, page.as_deref(), by_mail)
        };
        let notice = notice::new_brief(&frame(pilot), &new);
        let mut letter = self.letter("brief", row, row.revision, "", person, notice);
        if by_mail {
            letter.expires_at = letter.at + self.options().reply_for;
            self.bind(&mut letter, row, &shown.writes);
        }
        letter
    }

    /// Lets a later letter about the same revision be answered, with a secret of its own: what a secret is made of leaves nothing but its time
    /// to tell it from the one before, so that each turn ends at its own second of about a minute.
    pub(super) fn bind_again(&self, letter: &mut NewLetter, row: &BriefRow, shown: &Shown, turn: u32) {
        let end = (letter.at + self.options().reply_for).as_second();
        let own = (end.div_euclid(64) + 1) * 64 + i64::from(turn % 64);
        letter.expires_at = Timestamp::from_second(own).unwrap_or(Timestamp::MAX);
        self.bind(letter, row, &shown.writes);
    }

    /// Binds an answer to exactly the content that stands, and the writes that are shown.
    fn bind(&self, letter: &mut NewLetter, row: &BriefRow, planned: &Planned) {
        letter.digest.clone_from(&row.digest);
        letter.plan.clone_from(&planned.hash);
        let bound =
            Bound { brief: row.id.as_str(), revision: &row.digest, reviewer: &letter.person, plan: &planned.hash };
        letter.token = Some(self.key().mint(&bound, letter.expires_at).name());
    }

    /// Reads a decision from its receipt; `None` when it is none.
    pub(super) async fn decision(&self, row: &BriefRow, receipt: &Receipt) -> Result<Option<Decision>, StoreError> {
        let text = |name: &str| receipt.body.get(name).and_then(Value::as_str);
        let (Some(id), Some(state)) = (text("decision"), text("state").and_then(ReviewState::parse)) else {
            return Ok(None);
        };
        let decisions = self.parts().store.decisions(&row.id).await?;
        let Some(made) = decisions.into_iter().find(|made| made.id == id) else { return Ok(None) };
        let (what, next) = match (made.verdict.as_str(), state) {
            ("approve", ReviewState::Approved) => ("approved", "Exactly this content may be acted upon."),
            ("approve", _) => ("approved", "Another person must approve the same content before it may be acted upon."),
            ("minor", _) => {
                ("minor_changes", "It waits for the small changes, made by hand; then it comes to you again.")
            }
            ("major", _) => ("major_changes", "A new attempt is being drafted and comes to you."),
            _ => ("rejected", "Nothing will come of it."),
        };
        // Now that it is over, whoever hears of it hears what it was.
        let over = matches!(state, ReviewState::Approved | ReviewState::Rejected);
        let next = if row.planted && over { CHECK } else { next };
        Ok(Some(Decision {
            id: made.id,
            by: self.name_of(&made.person).await,
            what,
            comment: made.comment,
            at: made.at,
            by_mail: text("mail").is_some(),
            digest: made.digest,
            revision: made.revision,
            next,
            title: self.title_of(row).await?,
        }))
    }

    /// The letter that tells of a decision.
    pub(super) fn write_decided(
        &self,
        pilot: &Pilot,
        row: &BriefRow,
        news: &Decision,
        person: &Addressee,
    ) -> NewLetter {
        let (brief, request) = (row.id.to_string(), row.id.request().to_string());
        let decided = notice::Decided {
            item: Item { brief: &brief, request: &request, revision: news.revision, title: &news.title },
            by: &news.by,
            what: news.what,
            comment: news.comment.as_deref(),
            at: news.at,
            by_way_of: if news.by_mail { "by mail" } else { "with a token, at the program or its API" },
            digest: &news.digest,
            next: news.next,
        };
        let notice = notice::decided(&frame(pilot), &decided);
        self.letter("decided", row, news.revision, &news.id, person, notice)
    }

    /// A letter about a brief that nobody can answer yet.
    pub(super) fn letter(
        &self,
        kind: &'static str,
        row: &BriefRow,
        revision: u32,
        about: &str,
        person: &Addressee,
        notice: Notice,
    ) -> NewLetter {
        let short = |id: &str| id.rsplit('_').next().unwrap_or_default().to_owned();
        let mut name = format!("{}.{revision}.{}", row.id.suffix(), short(&person.id));
        if !about.is_empty() {
            name = format!("{name}.{}", short(about));
        }
        let letter = self.unanswerable(kind, (&row.pilot, &row.tenant), &name, person, notice);
        NewLetter { brief: Some(row.id.clone()), revision, about: about.to_owned(), ..letter }
    }

    /// A letter about nothing yet that nobody can answer. `name`: what its identifier is made of, besides its kind.
    pub(super) fn unanswerable(
        &self,
        kind: &'static str,
        (pilot, tenant): (&str, &str),
        name: &str,
        person: &Addressee,
        notice: Notice,
    ) -> NewLetter {
        let now = self.parts().clock.now();
        NewLetter {
            id: self.new_id(),
            kind,
            brief: None,
            revision: 0,
            about: String::new(),
            pilot: pilot.to_owned(),
            tenant: tenant.to_owned(),
            person: person.id.clone(),
            name: person.name.clone(),
            address: person.address.clone(),
            message_id: format!("{kind}.{name}@{}", self.options().domain),
            answers: None,
            thread: Vec::new(),
            subject: notice.subject,
            text: notice.text,
            html: notice.html,
            digest: String::new(),
            plan: String::new(),
            token: None,
            expires_at: now,
            at: now,
        }
    }
}

/// What every letter about a pilot needs.
pub(super) fn frame(pilot: &Pilot) -> Frame<'_> {
    Frame {
        pilot: &pilot.name,
        tenant: &pilot.tenant,
        zone: &pilot.time_zone,
        because: "you are a reviewer of this pilot",
    }
}

fn content(revision: &RevisionRow) -> Result<Content, StoreError> {
    Content::from_json(&revision.content)
        .map_err(|cause| StoreError::Corrupt { what: format!("a brief that cannot be read: {cause}") })
}

/// The first line of the text: the subject, where there was one.
fn title(text: &str) -> String {
    let line = text.lines().map(str::trim).find(|line| !line.is_empty()).unwrap_or("a request without words");
    match line.char_indices().nth(TITLE) {
        Some((end, _)) => format!("{}…", line.get(..end).unwrap_or_default().trim_end()),
        None => line.to_owned(),
    }
}

/// A write as a letter shows it: the request to the byte, with what is in no line of its own made visible.
fn outgoing(item: &plan::Item) -> Outgoing {
    let call = &item.write.call;
    let headers = call.headers.iter().map(|(name, value)| format!("{name}: {value}\n")).collect::<String>();
    let body = if call.body.is_empty() { String::new() } else { format!("\n{}", call.body) };
    Outgoing {
        sink: item.sink.clone(),
        kind: item.write.kind.to_string(),
        record: item.write.record.clone(),
        call: format!("{} {}\n{headers}{body}", call.method, call.target),
    }
}

fn changed(change: &brief::Change) -> Changed {
    let words = |value: &Value| match value {
        Value::Null => "(nothing)".to_owned(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    Changed { path: change.path.clone(), before: words(&change.before), after: words(&change.after) }
}

fn said(text: &str, quotes: &[brief::Quote], request: &str) -> Said {
    let quotes = quotes.iter().filter_map(|quote| quote.of(request)).map(str::to_owned).collect();
    Said { text: text.to_owned(), quotes }
}

/// The eight sections, as the room of letters takes them.
fn sections(content: &Content, request: &str) -> Sections {
    let statement = |statement: &brief::Statement| said(&statement.text, &statement.quotes, request);
    let act = |action: &brief::Action| notice::Act {
        text: action.text.clone(),
        owner: action.owner.clone(),
        due: action.due.map(|day| day.to_string()),
        needs_approval: action.needs_approval,
    };
    let phase = |phase: &brief::Phase| notice::Phase {
        name: phase.phase.clone(),
        steps: phase.steps.clone(),
        exit: phase.exit.clone(),
    };
    let question =
        |missing: &brief::Missing| notice::Question { question: missing.question.clone(), why: missing.why.clone() };
    let factor = |factor: &brief::Factor| notice::Factor {
        kind: factor.kind.as_str().to_owned(),
        said: said(&factor.text, &factor.quotes, request),
    };
    Sections {
        summary: statement(&content.workflow_summary),
        score: content.priority.score.get(),
        band: content.priority.band.as_str().to_owned(),
        reasons: content.priority.reasons.iter().map(statement).collect(),
        risk: content.risk.level.as_str().to_owned(),
        factors: content.risk.factors.iter().map(factor).collect(),
        status: content.recommended_status.status.as_str().to_owned(),
        status_reason: content.recommended_status.reason.clone(),
        missing: content.missing_information.iter().map(question).collect(),
        actions: content.next_actions.iter().map(act).collect(),
        pricing: content.pricing_rationale.as_ref().map(statement),
        roadmap: content.implementation_roadmap.iter().map(phase).collect(),
        unverified: content.unverified.iter().map(|problem| (problem.path.clone(), problem.problem.clone())).collect(),
    }
}
