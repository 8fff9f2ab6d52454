//! How a request fared, from its first byte to where it stands: what rows and receipts say, read together in the order of time. Own room
//! because desk, API and command line tell the same chain. INVARIANT: it shows what is recorded and adds nothing; what its reader may not
//! see is not read, and is named.

mod words;

pub(crate) use words::grouped;

use crate::domain::id::RequestId;
use crate::receipt::Receipt;
use crate::store::{
    DecisionRow, LetterFilter, LetterRow, ReceiptRow, ReplyRow, RequestView, RevisionRow, StepRow, Store, StoreError,
    WriteFilter, WriteRow,
};
use jiff::{SignedDuration, Timestamp};
use std::collections::BTreeMap;

/// Letters and writes of one brief that are read at most.
const MOST: u32 = 200;

/// What an event is about: what the right to see it goes by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Subject {
    /// The request itself.
    Request,
    /// Its run.
    Steps,
    /// Revisions and decisions.
    Review,
    /// Letters and answers.
    Mail,
    /// Calls to models and what they cost.
    Spend,
    /// Writes into systems outside.
    Writes,
}

impl Subject {
    /// Every one that can be withheld.
    pub const ALL: [Self; 5] = [Self::Steps, Self::Review, Self::Mail, Self::Spend, Self::Writes];

    /// In words, for people who may not see it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Request => "the request",
            Self::Steps => "steps",
            Self::Review => "revisions and decisions",
            Self::Mail => "letters and answers",
            Self::Spend => "calls to models and what they cost",
            Self::Writes => "writes into systems outside",
        }
    }

    /// What a receipt of this kind is about.
    fn of(kind: &str) -> Self {
        match kind.split_once('.').map_or(kind, |(about, _)| about) {
            "run" => Self::Steps,
            "brief" | "review" => Self::Review,
            "letter" | "reply" => Self::Mail,
            "spend" => Self::Spend,
            "write" | "writeback" | "writing" => Self::Writes,
            _ => Self::Request,
        }
    }
}

/// What of a chain its reader may see.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sight {
    /// These.
    pub subjects: Vec<Subject>,
    /// And receipts.
    pub receipts: bool,
    /// And plain digests of the request's words, by which a guess at what is masked can be tried: for who may see it anyway.
    pub digests: bool,
}

impl Sight {
    /// Everything but, perhaps, what of it must not be tried.
    #[must_use]
    pub fn whole(digests: bool) -> Self {
        Self { subjects: Subject::ALL.to_vec(), receipts: true, digests }
    }

    /// Whether it reaches this.
    #[must_use]
    pub fn has(&self, subject: Subject) -> bool {
        subject == Subject::Request || self.subjects.contains(&subject)
    }

    /// What is left out, in words.
    #[must_use]
    pub fn withheld(&self) -> Vec<&'static str> {
        let mut withheld: Vec<&str> =
            Subject::ALL.into_iter().filter(|subject| !self.has(*subject)).map(Subject::as_str).collect();
        if !self.receipts {
            withheld.push("receipts");
        }
        withheld
    }
}

/// Something that happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// When it was over.
    pub at: Timestamp,
    /// What it is about.
    pub about: Subject,
    /// What, in a word or two.
    pub what: String,
    /// The rest, on one line.
    pub detail: String,
    /// How long it took, where that is on record.
    pub took: Option<SignedDuration>,
    /// Number of its receipt.
    pub receipt: Option<u64>,
}

/// All that is on record about a request, as far as its reader may see it.
#[derive(Clone, Debug)]
pub struct Chain {
    /// The request.
    pub view: RequestView,
    /// How many bytes came.
    pub bytes: usize,
    /// Steps of its run.
    pub steps: Vec<StepRow>,
    /// Revisions of its brief.
    pub revisions: Vec<RevisionRow>,
    /// Decisions on them.
    pub decisions: Vec<DecisionRow>,
    /// Receipts about it.
    pub receipts: Vec<ReceiptRow>,
    /// Letters about it.
    pub letters: Vec<LetterRow>,
    /// Answers to them.
    pub replies: Vec<ReplyRow>,
    /// Writes that came of it.
    pub writes: Vec<WriteRow>,
    /// What of it is not here.
    pub sight: Sight,
    /// Names of people by identifier.
    names: BTreeMap<String, String>,
}

impl Chain {
    /// Reads it, as far as `sight` goes.
    ///
    /// # Errors
    /// [`StoreError::NotFound`].
    pub async fn read(store: &Store, id: &RequestId, sight: Sight) -> Result<Self, StoreError> {
        let view = store.request(id).await?;
        let bytes = match store.raw(&view.request).await {
            Err(StoreError::Erased { .. }) => 0,
            bytes => bytes?.len(),
        };
        let brief = id.brief();
        // A duplicate never had a run, and what was not drafted has no brief.
        let none_is_empty = |outcome| match outcome {
            Err(StoreError::NotFound { .. }) => Ok(Vec::new()),
            outcome => outcome,
        };
        let erased_is_empty = |outcome| match outcome {
            Err(StoreError::Erased { .. }) => Ok(Vec::new()),
            outcome => outcome,
        };
        let steps = if sight.has(Subject::Steps) { none_is_empty(store.steps(&id.run()).await)? } else { Vec::new() };
        let (mut revisions, mut decisions, mut letters, mut replies) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        if sight.has(Subject::Review) {
            revisions = erased_is_empty(store.revisions(&brief).await)?;
            decisions = store.decisions(&brief).await?;
        }
        if sight.has(Subject::Mail) {
            let about = LetterFilter { brief: Some(brief.to_string()), limit: MOST, ..LetterFilter::default() };
            letters = store.letters(&about).await?.items;
            replies = store.replies_about(&brief).await?;
        }
        let about = WriteFilter { brief: Some(brief.to_string()), limit: MOST, ..WriteFilter::default() };
        let writes = if sight.has(Subject::Writes) { store.writes(&about).await?.items } else { Vec::new() };
        let receipts = if sight.receipts { store.receipts_of(id.as_str()).await? } else { Vec::new() };
        let mut chain = Self {
            view,
            bytes,
            steps,
            revisions,
            decisions,
            receipts,
            letters,
            replies,
            writes,
            sight,
            names: BTreeMap::new(),
        };
        chain.names = chain.people(store).await;
        Ok(chain)
    }

    async fn people(&self, store: &Store) -> BTreeMap<String, String> {
        let mut people: Vec<String> = self.told_by().map(|receipt| receipt.actor).collect();
        people.extend(self.view.request.submitter.clone());
        people.extend(self.decisions.iter().map(|made| made.person.clone()));
        people.extend(self.revisions.iter().map(|made| made.author.clone()));
        people.sort_unstable();
        people.dedup();
        let mut names = BTreeMap::new();
        for person in people.into_iter().filter(|person| person.starts_with("usr_")) {
            if let Ok(found) = store.person(&person).await {
                names.insert(person, found.name);
            }
        }
        names
    }

    /// The receipts that can be read.
    pub fn told_by(&self) -> impl Iterator<Item = Receipt> {
        self.receipts.iter().filter_map(|row| Receipt::from_bytes(&row.bytes))
    }

    /// The name of a person, or whatever else did something.
    #[must_use]
    pub fn name<'a>(&'a self, actor: &'a str) -> &'a str {
        self.names.get(actor).map_or(actor, String::as_str)
    }

    /// What happened, in the order of time.
    #[must_use]
    pub fn events(&self) -> Vec<Event> {
        let request = &self.view.request;
        let erased = self.view.state == "erased";
        let detail = format!(
            "{}{} by `{}`{}{}",
            if erased { String::new() } else { format!("{}, ", size(self.bytes as u64)) },
            request.media_type,
            request.source,
            request.submitter.as_deref().map(|by| format!(", handed in by {}", self.name(by))).unwrap_or_default(),
            if self.sight.digests && !erased { format!(", sha256 {}", short(&request.raw)) } else { String::new() }
        );
        let event = |at, about, what: String, detail: &str| Event {
            at,
            about,
            what,
            detail: one_line(detail),
            took: None,
            receipt: None,
        };
        let mut events = vec![event(request.received_at, Subject::Request, "received".into(), &detail)];
        events.extend(self.steps.iter().map(words::step));
        let told = self.told_by().filter_map(|receipt| self.told(&receipt));
        events.extend(told.filter(|event| self.sight.has(event.about)));
        if !self.sight.receipts {
            // Without receipts the rows speak for themselves.
            for made in &self.revisions {
                let detail =
                    format!("revision {} by {}, digest {}", made.number, self.name(&made.author), short(&made.digest));
                events.push(event(made.at, Subject::Review, "drafted".into(), &detail));
            }
            for made in &self.decisions {
                let detail = format!("{} by {} on revision {}", made.verdict, self.name(&made.person), made.revision);
                events.push(event(made.at, Subject::Review, "decided".into(), &detail));
            }
            for letter in &self.letters {
                let detail = format!("`{}` to {}, {}", letter.kind, letter.name, letter.state);
                events.push(event(letter.created_at, Subject::Mail, "letter".into(), &detail));
            }
        }
        // Stable: what happened in one commit stays in the order of its receipts, a step before what it led to.
        events.sort_by_key(|event| event.at);
        events
    }

    /// Where it stands, and why where it failed.
    #[must_use]
    pub fn standing(&self) -> String {
        let view = &self.view;
        let fault = view.message.as_deref().map(|message| format!(": {}", coded(message, view.code.as_deref())));
        let brief = view.brief_state.as_deref().map(|state| format!(" (brief {state})")).unwrap_or_default();
        format!("{}{brief}{}", view.state, fault.unwrap_or_default())
    }

    /// What would move it on, as commands.
    #[must_use]
    pub fn way_on(&self) -> Option<&'static str> {
        match (self.view.state, self.view.brief_state.as_deref()) {
            ("held", _) => Some("waits for `opspilot request release` or `drop`"),
            ("in_review", Some("open")) => Some("waits for a named person: `opspilot review show`"),
            ("in_review", Some("amending")) => Some("waits for an edit: `opspilot review edit`"),
            ("failed", _) => Some("`opspilot request retry` tries again"),
            ("erased", _) => Some("only its receipts are left"),
            _ => None,
        }
    }
}

/// The text on one line, without anything that is not seen or turns what is around it.
fn one_line(text: &str) -> String {
    let hidden = |c: char| matches!(c, '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{e0000}'..='\u{e007f}');
    let shown: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).filter(|c| !hidden(*c)).collect();
    shown.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// A size for people.
fn size(bytes: u64) -> String {
    match bytes {
        0..1_000 => format!("{bytes} B"),
        1_000..1_000_000 => format!("{:.1} KB", bytes as f64 / 1_000.0),
        _ => format!("{:.1} MB", bytes as f64 / 1_000_000.0),
    }
}

/// A message with its code, which most end with.
fn coded(message: &str, code: Option<&str>) -> String {
    match code.filter(|code| !code.is_empty() && !message.contains(*code)) {
        Some(code) => format!("{message} ({code})"),
        None => message.to_owned(),
    }
}

fn short(digest: &str) -> &str {
    digest.get(..12).unwrap_or(digest)
}

/// Time since the beginning: `+12.3ms`, `+4.1s`, `+3m`, `+2h`, `+5d`.
#[must_use]
pub fn elapsed(micros: i128) -> String {
    match micros {
        ..1 => "+0".to_owned(),
        1..1_000_000 => format!("+{:.1}ms", micros as f64 / 1000.0),
        1_000_000..60_000_000 => format!("+{:.1}s", micros as f64 / 1_000_000.0),
        60_000_000..3_600_000_000 => format!("+{}m", micros / 60_000_000),
        3_600_000_000..86_400_000_000 => format!("+{}h", micros / 3_600_000_000),
        _ => format!("+{}d", micros / 86_400_000_000),
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
    fn what_is_withheld_is_named() {
        assert!(Sight::whole(false).withheld().is_empty());
        let none = Sight { subjects: Vec::new(), receipts: false, digests: false };
        assert_eq!(none.withheld().len(), Subject::ALL.len() + 1);
        let kinds = ["spend.reserved", "letter.sent", "write.undone", "run.told", "brief.decided", "request.held"];
        let about = kinds.map(Subject::of);
        let wanted =
            [Subject::Spend, Subject::Mail, Subject::Writes, Subject::Steps, Subject::Review, Subject::Request];
        assert_eq!(about, wanted);
        assert_eq!(about.map(|subject| none.has(subject)), [false, false, false, false, false, true]);
    }

    #[test]
    fn a_line_is_one_line_without_tricks() {
        assert_eq!(one_line(" a\r\n\u{202e}b\u{200b}c\u{7}d  e "), "a bc d e");
    }
}
