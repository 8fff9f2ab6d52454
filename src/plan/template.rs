//! Texts with names in braces that a brief fills in. Own file because an operator writes them and they are judged before anything is
//! planned. INVARIANT: what is filled in is text and is never read for names again.

use super::Subject;
use crate::brief::{Action, Missing, Statement};
use std::fmt::Write as _;

/// Why a text is no template.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadTemplate {
    /// A brace without its partner.
    #[error("a `{{` has no `}}`; write `{{{{` for a brace that is meant")]
    Open,
    /// A name that nothing has.
    #[error("there is no `{{{0}}}`; the page about writeback lists the names")]
    Unknown(String),
}

macro_rules! slots {
    ($($variant:ident = $name:literal),+ $(,)?) => {
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        enum Slot { $($variant),+ }
        impl Slot {
            fn parse(name: &str) -> Option<Self> {
                match name { $($name => Some(Self::$variant),)+ _ => None }
            }
        }
        /// Every name there is.
        pub(super) const NAMES: &[&str] = &[$($name),+];
    };
}

slots! {
    Summary = "workflow_summary",
    Score = "priority.score",
    Band = "priority.band",
    Reasons = "priority.reasons",
    Risk = "risk.level",
    Factors = "risk.factors",
    Status = "recommended_status",
    StatusReason = "recommended_status.reason",
    MissingAll = "missing_information",
    NextActions = "next_actions",
    Pricing = "pricing_rationale",
    Roadmap = "implementation_roadmap",
    Unverified = "unverified",
    ActionText = "action.text",
    ActionOwner = "action.owner",
    ActionDue = "action.due",
    MissingQuestion = "missing.question",
    MissingWhy = "missing.why",
    Request = "request.id",
    RequestSubject = "request.subject",
    Sender = "request.sender",
    Organisation = "request.organisation",
    Brief = "brief.id",
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Piece {
    Text(String),
    Slot(Slot),
}

/// A text with names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Template(Vec<Piece>);

/// What names stand for.
#[derive(Clone, Copy)]
pub(super) struct Scope<'a> {
    pub(super) subject: &'a Subject<'a>,
    pub(super) action: Option<&'a Action>,
    pub(super) missing: Option<&'a Missing>,
}

impl<'a> Scope<'a> {
    /// Without one of a list.
    pub(super) fn whole(subject: &'a Subject<'a>) -> Self {
        Self { subject, action: None, missing: None }
    }
}

impl Template {
    /// Every name that may stand in braces.
    #[must_use]
    pub fn names() -> &'static [&'static str] {
        NAMES
    }

    /// Reads a text.
    ///
    /// # Errors
    /// [`BadTemplate`].
    pub fn parse(text: &str) -> Result<Self, BadTemplate> {
        let mut pieces = Vec::new();
        let mut plain = String::new();
        let mut rest = text;
        while let Some(at) = rest.find(['{', '}']) {
            let (before, behind) = rest.split_at(at);
            plain.push_str(before);
            if let Some(after) = behind.strip_prefix("{{") {
                plain.push('{');
                rest = after;
            } else if let Some(after) = behind.strip_prefix("}}") {
                plain.push('}');
                rest = after;
            } else if let Some(inner) = behind.strip_prefix('{') {
                let (name, after) = inner.split_once('}').ok_or(BadTemplate::Open)?;
                let slot = Slot::parse(name.trim())
                    .ok_or_else(|| BadTemplate::Unknown(name.trim().chars().take(40).collect()))?;
                if !plain.is_empty() {
                    pieces.push(Piece::Text(std::mem::take(&mut plain)));
                }
                pieces.push(Piece::Slot(slot));
                rest = after;
            } else {
                plain.push('}');
                rest = behind.get(1..).unwrap_or_default();
            }
        }
        plain.push_str(rest);
        if !plain.is_empty() {
            pieces.push(Piece::Text(plain));
        }
        Ok(Self(pieces))
    }

    /// Whether it names one of a list, such as `{action.text}`: `action` or `missing`.
    #[must_use]
    pub fn speaks_of(&self, list: &str) -> bool {
        self.0.iter().any(|piece| {
            matches!(
                (piece, list),
                (Piece::Slot(Slot::ActionText | Slot::ActionOwner | Slot::ActionDue), "action")
                    | (Piece::Slot(Slot::MissingQuestion | Slot::MissingWhy), "missing")
            )
        })
    }

    /// The text for a brief. What a brief does not have is left empty.
    pub(super) fn fill(&self, scope: &Scope<'_>) -> String {
        let mut out = String::new();
        for piece in &self.0 {
            match piece {
                Piece::Text(text) => out.push_str(text),
                Piece::Slot(slot) => out.push_str(&value(*slot, scope)),
            }
        }
        out
    }
}

fn value(slot: Slot, scope: &Scope<'_>) -> String {
    let Scope { subject, action, missing } = *scope;
    let content = subject.content;
    match slot {
        Slot::Summary => content.workflow_summary.text.clone(),
        Slot::Score => content.priority.score.get().to_string(),
        Slot::Band => content.priority.band.to_string(),
        Slot::Reasons => listed(content.priority.reasons.iter().map(|reason| reason.text.clone())),
        Slot::Risk => content.risk.level.to_string(),
        Slot::Factors => listed(content.risk.factors.iter().map(|factor| factor.text.clone())),
        Slot::Status => content.recommended_status.status.to_string(),
        Slot::StatusReason => content.recommended_status.reason.clone(),
        Slot::MissingAll => listed(content.missing_information.iter().map(|missing| missing.question.clone())),
        Slot::NextActions => listed(content.next_actions.iter().map(|action| match action.due {
            Some(due) => format!("{} ({}, by {due})", action.text, action.owner),
            None => format!("{} ({})", action.text, action.owner),
        })),
        Slot::Pricing => content.pricing_rationale.as_ref().map(text).unwrap_or_default(),
        Slot::Roadmap => lines(
            content
                .implementation_roadmap
                .iter()
                .map(|phase| format!("{}: {} (until: {})", phase.phase, phase.steps.join("; "), phase.exit)),
        ),
        Slot::Unverified => {
            lines(content.unverified.iter().map(|problem| format!("{}: {}", problem.path, problem.problem)))
        }
        Slot::ActionText => action.map(|action| action.text.clone()).unwrap_or_default(),
        Slot::ActionOwner => action.map(|action| action.owner.clone()).unwrap_or_default(),
        Slot::ActionDue => action.and_then(|action| action.due).map(|due| due.to_string()).unwrap_or_default(),
        Slot::MissingQuestion => missing.map(|missing| missing.question.clone()).unwrap_or_default(),
        Slot::MissingWhy => missing.map(|missing| missing.why.clone()).unwrap_or_default(),
        Slot::Request => subject.brief.request().to_string(),
        Slot::RequestSubject => subject.request.subject.clone(),
        Slot::Sender => subject.request.sender.clone(),
        Slot::Organisation => subject.request.organisation.clone(),
        Slot::Brief => subject.brief.to_string(),
    }
}

fn text(statement: &Statement) -> String {
    statement.text.clone()
}

/// A list, a line for each.
fn lines(items: impl Iterator<Item = String>) -> String {
    let mut out = String::new();
    for item in items {
        let _ = writeln!(out, "- {item}");
    }
    out.truncate(out.trim_end().len());
    out
}

/// The same, for what stands under a heading whether there is any or not.
fn listed(items: impl Iterator<Item = String>) -> String {
    let lines = lines(items);
    if lines.is_empty() { "- none".to_owned() } else { lines }
}
