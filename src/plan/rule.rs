//! One rule of a pilot: what of a brief goes where. Own file because this is what an operator writes down. INVARIANT: a rule that was read has
//! templates whose every name is known, so that planning cannot fail for a misspelt word.

use super::template::{Scope, Template};
use super::{Subject, Unplanned, key};
use crate::brief::Band;
use jiff::civil::Time;
use jiff::{SignedDuration, ToSpan as _};
use opspilot_sdk::{Action, ActionKind, Mailbox, Manner};
use std::collections::BTreeMap;

/// Longest name of a record, in bytes.
const MOST_RECORD: usize = 200;

/// How often a rule applies.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Each {
    /// Once for a brief.
    Brief,
    /// For every next action.
    NextAction,
    /// For every missing piece of information.
    Missing,
}

impl Each {
    /// The word in the configuration.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Brief => "brief",
            Self::NextAction => "next_action",
            Self::Missing => "missing_information",
        }
    }
}

/// Where the record's name comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RecordFrom {
    /// The sink needs none.
    None,
    /// A named person says for each brief.
    ByHand,
    /// The operator: always this one.
    Fixed(String),
    /// The origin's own name for the request.
    ExternalId,
    /// Letters and digits between two marks in the subject, such as `[#` and `]`.
    Subject {
        /// The mark before.
        before: String,
        /// The mark behind.
        behind: String,
    },
}

/// Whom a message goes to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Recipient {
    /// Whoever sent the request.
    Sender,
    /// Always this address.
    Fixed(String),
}

/// What of a brief goes where.
#[derive(Clone, Debug)]
pub struct Rule {
    /// The pilot it is of.
    pub pilot: String,
    /// The sink.
    pub sink: String,
    /// What is done.
    pub kind: ActionKind,
    /// How often.
    pub each: Each,
    /// For briefs of these bands; empty: of all.
    pub bands: Vec<Band>,
    /// Which record.
    pub record: RecordFrom,
    /// The line.
    pub title: Template,
    /// The text.
    pub text: Template,
    /// The far side's words for the bands of priority.
    pub values: BTreeMap<Band, String>,
    /// Whom a message or an invitation goes to.
    pub to: Option<Recipient>,
    /// When an invitation begins, on the client's wall, and how long it takes.
    pub hour: (Time, SignedDuration),
    /// Further fields of the far side.
    pub fields: BTreeMap<String, String>,
}

impl Rule {
    /// What it makes of a brief: each either an action, or why there is none.
    pub(super) fn actions(
        &self,
        place: usize,
        subject: &Subject<'_>,
        manner: &Manner,
    ) -> Vec<Result<Action, Unplanned>> {
        let band = subject.content.priority.band;
        if !self.bands.is_empty() && !self.bands.contains(&band) {
            return Vec::new();
        }
        let record = match self.record(subject) {
            Ok(record) if record.is_empty() && manner.needs_record => {
                return vec![Err(("OP-7622", "no record is known".to_owned()))];
            }
            Ok(record) => record,
            Err(why) => return vec![Err(why)],
        };
        let scopes: Vec<Scope<'_>> = match self.each {
            Each::Brief => vec![Scope::whole(subject)],
            Each::NextAction => subject
                .content
                .next_actions
                .iter()
                .map(|action| Scope { action: Some(action), ..Scope::whole(subject) })
                .collect(),
            Each::Missing => subject
                .content
                .missing_information
                .iter()
                .map(|missing| Scope { missing: Some(missing), ..Scope::whole(subject) })
                .collect(),
        };
        scopes
            .iter()
            .enumerate()
            .map(|(number, scope)| self.action(key(subject, self, place, number), &record, scope))
            .collect()
    }

    fn action(&self, key: String, record: &str, scope: &Scope<'_>) -> Result<Action, Unplanned> {
        let subject = scope.subject;
        let band = subject.content.priority.band;
        let value = self.values.get(&band).cloned();
        if self.kind == ActionKind::Priority && value.is_none() {
            return Err(("OP-7623", format!("the rule has no word of the far side for the priority `{band}`")));
        }
        let due = scope.action.and_then(|action| action.due);
        let to = self.to.as_ref().map(|to| recipient(to, subject)).transpose()?;
        let span = match (self.kind, due) {
            (ActionKind::Event, Some(day)) => {
                let from = day.to_datetime(self.hour.0).to_zoned(subject.zone.clone());
                let from =
                    from.map_err(|cause| ("OP-7624", format!("the day of the invitation cannot be: {cause}")))?;
                Some((from.timestamp(), from.timestamp() + self.hour.1))
            }
            (ActionKind::Event, None) => {
                return Err(("OP-7624", "the next action names no day to invite to".to_owned()));
            }
            _ => None,
        };
        Ok(Action {
            kind: self.kind,
            key,
            record: record.to_owned(),
            title: one_line(&self.title.fill(scope)),
            text: self.text.fill(scope),
            due,
            value,
            to,
            span,
            at: subject.at,
            fields: self.fields.clone(),
        })
    }

    fn record(&self, subject: &Subject<'_>) -> Result<String, Unplanned> {
        // A named person knows better than any rule.
        if let Some(named) = subject.targets.get(&self.sink) {
            return Ok(named.clone());
        }
        let found = match &self.record {
            RecordFrom::None => return Ok(String::new()),
            RecordFrom::Fixed(record) => return Ok(record.clone()),
            RecordFrom::ByHand => None,
            RecordFrom::ExternalId => subject.request.external_id.clone(),
            RecordFrom::Subject { before, behind } => between(&subject.request.raw_subject, before, behind),
        };
        match found.filter(|record| is_record(record)) {
            Some(record) => Ok(record),
            None => Err((
                "OP-7622",
                format!("no record of `{}` is known; name it with `opspilot writeback target`", self.sink),
            )),
        }
    }
}

/// Whether an operator's text can be the name of a record: as [`is_record`], with the kind before a slash where a far side has several.
#[must_use]
pub fn is_fixed_record(text: &str) -> bool {
    text.len() <= MOST_RECORD && text.splitn(2, '/').all(is_record)
}

/// Whether a text from outside can be the name of a record anywhere: letters, digits and what vendors put between them.
#[must_use]
pub fn is_record(text: &str) -> bool {
    let fits = |c: char| c.is_ascii_alphanumeric() || "-_:.".contains(c);
    !text.is_empty()
        && text.len() <= MOST_RECORD
        && text.chars().all(fits)
        && text.starts_with(|c: char| c.is_ascii_alphanumeric())
        && !text.contains("..")
}

/// The first letters and digits between two marks.
fn between(subject: &str, before: &str, behind: &str) -> Option<String> {
    subject.match_indices(before).find_map(|(at, mark)| {
        let rest = subject.get(at + mark.len()..)?;
        let record = rest.get(..rest.find(behind)?)?.trim();
        is_record(record).then(|| record.to_owned())
    })
}

fn recipient(to: &Recipient, subject: &Subject<'_>) -> Result<Mailbox, Unplanned> {
    let (name, address) = match to {
        Recipient::Fixed(address) => (None, Some(address.clone())),
        Recipient::Sender => {
            let name = Some(subject.request.sender.clone()).filter(|name| !name.is_empty());
            (name, subject.request.address.clone())
        }
    };
    match address.filter(|address| is_address(address)) {
        Some(address) => Ok(Mailbox { name, address }),
        None => Err(("OP-7625", "the request names no address that could be written to".to_owned())),
    }
}

/// One plain address (RFC 5321 section 4.1.2 without quoting): no list, no route, no control character.
#[must_use]
pub fn is_address(text: &str) -> bool {
    let fits = |c: char| c.is_ascii_graphic() && !"<>()[],;:\\\"".contains(c);
    text.len() <= 254
        && text.chars().all(fits)
        && text.split_once('@').is_some_and(|(local, domain)| {
            !local.is_empty() && domain.contains('.') && !domain.contains('@') && !domain.starts_with('.')
        })
}

/// A line for a title.
fn one_line(text: &str) -> String {
    let visible: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    let words: Vec<&str> = visible.split_whitespace().collect();
    words.join(" ").chars().take(200).collect()
}

/// When an invitation begins unless the rule says otherwise, and how long it takes.
pub(crate) fn usual_hour() -> (Time, SignedDuration) {
    (Time::constant(9, 0, 0, 0), SignedDuration::try_from(30.minutes()).unwrap_or(SignedDuration::from_mins(30)))
}
