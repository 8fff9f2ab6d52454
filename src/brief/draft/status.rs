//! The recommended status and the reason for it.
//!
//! Its own file because it is the one sentence a busy reviewer reads first.
//! INVARIANT: the reason names what in the request led to the status, and what became of the
//! reviewer's wishes when this is a further attempt.

use super::super::content::{Band, Level, Missing, Priority, RecommendedStatus, Risk, RiskKind, Status};
use super::super::language;
use super::super::lexicon::RequestKind;
use super::facts::Facts;
use super::guidance::Wish;
use super::{DraftInput, join, priority};

/// Picks the status.
pub(super) fn recommend(
    facts: &Facts<'_>,
    input: &DraftInput<'_>,
    priority: &Priority,
    risk: &Risk,
    missing: &[Missing],
    wish: &Wish<'_>,
    readable: bool,
) -> RecommendedStatus {
    let (status, mut reason) = pick(facts, priority, risk, missing);
    let mut status = status;
    if !readable {
        // Any other status would say what kind of request it is.
        status = Status::Escalate;
        let name = language::name(input.language);
        reason = format!(
            "The request is written in {name}. The built-in rules judge English only, so kind, risks and gaps are not judged here; somebody who reads {name} should look at it first."
        );
    }
    if facts.tokens.is_empty() {
        status = Status::NeedsInfo;
        reason = "The request has no readable text.".into();
    }
    if facts.cut {
        reason.push_str(" The request is very long; only its first part was read.");
    }
    if let Some(words) = wish.followed() {
        reason.push_str(&format!(" {words}"));
    }
    RecommendedStatus { status, reason }
}

fn pick(facts: &Facts<'_>, priority: &Priority, risk: &Risk, missing: &[Missing]) -> (Status, String) {
    let about = match facts.main_topics() {
        [] => String::new(),
        topics => format!(" about {}", join(topics)),
    };
    let paren = match facts.main_topics() {
        [] => String::new(),
        topics => format!(" ({})", join(topics)),
    };
    let named: Vec<String> = missing.iter().take(3).map(|m| super::missing::label(&m.field)).collect();
    let named: Vec<&str> = named.iter().map(String::as_str).collect();
    let grave: Vec<&str> = risk
        .factors
        .iter()
        .filter(|f| {
            matches!(
                f.kind,
                RiskKind::Safety
                    | RiskKind::Legal
                    | RiskKind::Security
                    | RiskKind::PersonalData
                    | RiskKind::Instructions
            )
        })
        .map(|f| match f.kind {
            RiskKind::Safety => "people's safety",
            RiskKind::Legal => "a legal threat or duty",
            RiskKind::Security => "security",
            RiskKind::PersonalData => "personal data",
            _ => "a text that is partly addressed to a program",
        })
        .collect();
    if risk.level >= Level::High && !grave.is_empty() {
        return (
            Status::Escalate,
            format!("The request touches {}; somebody with authority should decide on the answer.", join(&grave)),
        );
    }
    let blocked = !missing.is_empty();
    match facts.kind {
        RequestKind::Pitch => (
            Status::Decline,
            format!("The sender wants to sell something{paren}; a short no is enough, unless there is interest."),
        ),
        RequestKind::Notice if risk.level < Level::High => {
            (Status::Ignore, format!("The message informs{about} and asks for nothing; file it."))
        }
        RequestKind::Notice => {
            (Status::RespondNow, format!("The message informs{about}, but something in it presses; acknowledge it."))
        }
        RequestKind::Complaint | RequestKind::Cancellation
            if risk.factors.iter().any(|f| f.kind == RiskKind::Churn) && risk.level >= Level::High =>
        {
            (
                Status::Escalate,
                format!("The client may leave; the person responsible for the account should answer{about}."),
            )
        }
        RequestKind::Invoice if risk.factors.iter().any(|f| f.kind == RiskKind::Churn) && risk.level >= Level::High => {
            (Status::RespondNow, format!("The client may leave over this{paren}; answer it before anything else."))
        }
        RequestKind::Complaint => {
            (Status::RespondNow, format!("The sender is unhappy{about}; acknowledge it before the facts are complete."))
        }
        RequestKind::Privacy => {
            (Status::Escalate, "Requests about personal data need the person responsible for data protection.".into())
        }
        RequestKind::Booking if blocked => {
            (Status::NeedsInfo, format!("A booking can be made once this is known: {}.", join(&named)))
        }
        RequestKind::Booking => (Status::Schedule, "The request has what a booking needs; put a time on it.".into()),
        RequestKind::Support if priority.band >= Band::High => (
            Status::RespondNow,
            format!("Something the sender depends on does not work{paren}; answer first, then look for the cause."),
        ),
        RequestKind::Lead if facts.deadline.is_some() && priority.band >= Band::High => {
            let answer = facts.answer.is_some_and(|day| facts.work.is_none_or(|work| work.quote != day.quote));
            let reason = if answer {
                format!("The sender wants an answer{about} by a set day; acknowledge it at once.")
            } else {
                format!("The work{about} is wanted by a set day; acknowledge the enquiry at once.")
            };
            (Status::RespondNow, reason)
        }
        RequestKind::Lead => {
            if blocked {
                (
                    Status::Qualify,
                    format!(
                        "A possible engagement{about}; before a price can be named, this is open: {}.",
                        join(&named)
                    ),
                )
            } else {
                (Status::Qualify, format!("A possible engagement{about} with enough facts to size it."))
            }
        }
        _ if facts.calm.is_some() && priority.band <= Band::Normal => {
            (Status::Schedule, format!("The sender says it can wait; plan the answer{about} in turn."))
        }
        RequestKind::Application => {
            (Status::Schedule, "An application; decide whether to invite, and answer either way.".into())
        }
        _ if priority.band >= Band::High => {
            // What only the model of reports finds grave was not said by anybody.
            let why = if priority::presses(facts) {
                "cannot wait"
            } else {
                "sounds graver than most, though it names no hurry"
            };
            (Status::RespondNow, format!("The request{about} {why}; answer it first."))
        }
        _ if blocked && missing.len() >= 2 => {
            (Status::NeedsInfo, format!("Work{about} can start once this is known: {}.", join(&named)))
        }
        RequestKind::Other if facts.asks().next().is_none() => {
            (Status::NeedsInfo, "The request does not say what is wanted; ask before working on it.".into())
        }
        _ if blocked => {
            (Status::RespondNow, format!("Answer the request{about}, and ask for what is open: {}.", join(&named)))
        }
        _ => (Status::RespondNow, format!("The request{about} can be answered with what it says.")),
    }
}
