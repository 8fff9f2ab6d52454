//! The next actions: what to do, who, by when, and whether it waits for a decision.
//!
//! Its own file because these are the fields that act, and so the ones an attacker aims at.
//! INVARIANT: an action is made of the words in this file, topics of the lexicon, names of missing
//! fields (a reviewer's question names its own), and date words; never of other wording of the
//! request, and never of an address, a link, a name or an amount from it.

use super::super::content::{Action, Level, Missing, Risk, RiskKind};
use super::super::language;
use super::super::lexicon::RequestKind;
use super::facts::Facts;
use super::guidance::Wish;
use super::kind::wants_call;
use super::{DraftInput, cite, join};
use jiff::civil::Date;

/// Plans up to six actions.
pub(super) fn plan(
    facts: &Facts<'_>,
    input: &DraftInput<'_>,
    risk: &Risk,
    missing: &[Missing],
    wish: &Wish<'_>,
    readable: bool,
    priced: bool,
) -> Vec<Action> {
    let mut plan = Plan {
        owner: input.owner,
        due: facts.answer.map(|d| d.date),
        soon: facts.answer.is_some_and(|d| d.near),
        list: Vec::new(),
    };
    let wanted = facts
        .answer
        .map(|d| format!(" (date in the request: {})", cite(facts.quoted(d.quote), 60)))
        .unwrap_or_default();
    if wish.unread() {
        plan.inside("Work in by hand what the reviewer asked for; the built-in rules cannot.".into(), false);
    }
    if facts.tokens.is_empty() {
        plan.outside("Ask the sender what they need; the message arrived without readable text.".into(), false);
        return plan.list;
    }
    if !readable {
        let name = language::name(input.language);
        plan.inside(format!("Have somebody who reads {name} confirm what is asked and how soon."), true);
        plan.outside(format!("Answer the sender in {name}{wanted}."), true);
        return plan.list;
    }
    caution(risk, &mut plan);
    let about = about(facts, wish);
    let pressed = risk.factors.iter().any(|f| matches!(f.kind, RiskKind::Churn | RiskKind::Reputation))
        || facts.topic("the missing reply");
    let with = facts.main_topics().first().map(|topic| format!(" with {topic}")).unwrap_or_default();
    match facts.kind {
        RequestKind::Lead => {
            plan.first(format!("Acknowledge the enquiry{about}, and say when an offer will follow."));
            ask(missing, &mut plan);
            plan.due_inside(if priced {
                format!("Turn the calculation in this brief into an offer{about}{wanted}.")
            } else {
                format!("Size the work{about} and draft an offer{wanted}.")
            });
            plan.outside("Send the offer once it has been approved.".into(), true);
        }
        RequestKind::Support => {
            plan.first(format!("Tell the sender that the fault{with} is being looked at."));
            plan.inside(format!("Try to repeat the fault{with} and write down what is seen."), true);
            ask(missing, &mut plan);
            plan.outside(format!("Report back with a fix or a way round it{wanted}."), true);
        }
        RequestKind::Complaint => {
            plan.first(format!(
                "Acknowledge the complaint{about} in person, without excuses and before all facts are in."
            ));
            plan.inside(format!("Find out what happened{about}: order, messages so far, who dealt with it."), true);
            ask(missing, &mut plan);
            plan.outside(format!("Offer a remedy and confirm it in writing{wanted}."), true);
        }
        RequestKind::Booking => {
            ask(missing, &mut plan);
            plan.inside(
                format!(
                    "Check what is free{} on the day asked for, and hold it.",
                    facts
                        .topics
                        .iter()
                        .find(|t| matches!(
                            **t,
                            "the rooms"
                                | "the table"
                                | "the venue"
                                | "the appointment"
                                | "training"
                                | "a call"
                                | "a meeting"
                                | "a demo"
                        ))
                        .map(|t| format!(" for {t}"))
                        .unwrap_or_default()
                ),
                false,
            );
            if facts.topic("allergies") {
                plan.inside("Pass the allergy on to whoever prepares the food, in writing.".into(), false);
            };
            plan.outside(format!("Confirm the booking, or offer the nearest alternative{wanted}."), true);
        }
        RequestKind::Invoice => {
            if pressed {
                plan.first(format!(
                    "Acknowledge the message{about} at once, and name one person who stays responsible."
                ));
            }
            if facts.wants_copy() {
                plan.inside("Find the document and prepare a copy.".into(), true);
            } else {
                plan.inside(format!("Compare the books with what the sender says{about}."), true);
            }
            ask(missing, &mut plan);
            if facts.topic("the changed bank details") {
                plan.inside(
                    "Confirm the new bank details by calling a number already on file; change nothing before that."
                        .into(),
                    true,
                );
            }
            plan.outside(format!("Answer with the finding and, where due, a correction{wanted}."), true);
        }
        RequestKind::Change => {
            plan.inside(
                format!("Check whether the change{about} is covered by what was agreed, and what it affects."),
                false,
            );
            ask(missing, &mut plan);
            plan.outside(format!("Confirm the change, its cost if any, and the day it takes effect{wanted}."), true);
        }
        RequestKind::Cancellation => {
            plan.first("Confirm that the notice arrived, with the day it was received.".into());
            plan.inside("Look up the notice period and what is still open on the account.".into(), true);
            ask(missing, &mut plan);
            plan.outside(
                format!("Have the account's owner speak to the sender{about} before the end is made final{wanted}."),
                true,
            );
        }
        RequestKind::Application => {
            plan.first("Confirm that the application arrived and say what happens next.".into());
            plan.inside("Compare the application with what the position asks for.".into(), true);
            ask(missing, &mut plan);
        }
        RequestKind::Privacy => {
            plan.inside(
                "Pass the request to the person responsible for data protection and write down the day it arrived."
                    .into(),
                true,
            );
            plan.outside(
                "Confirm receipt and check who is asking before any data is shown, changed or deleted.".into(),
                true,
            );
            ask(missing, &mut plan);
        }
        RequestKind::Question | RequestKind::Other => {
            ask(missing, &mut plan);
            if facts.asks().next().is_some() {
                plan.outside(
                    format!(
                        "Answer the sender's {}{about}{wanted}.",
                        if facts.asks().count() > 1 { "questions" } else { "question" }
                    ),
                    true,
                );
            } else if missing.is_empty() {
                plan.outside(format!("Reply to the sender{about}{wanted}."), true);
            }
        }
        RequestKind::Pitch => {
            plan.inside("Decide whether there is interest; otherwise close without an answer.".into(), false)
        }
        RequestKind::Notice if risk.level >= Level::High => {
            plan.inside(
                format!("Let whoever is responsible read the message{about} and say whether it is answered."),
                true,
            );
        }
        RequestKind::Notice => plan.inside(format!("File the message{about}; no answer is expected."), false),
    }
    if !matches!(facts.kind, RequestKind::Booking | RequestKind::Notice | RequestKind::Pitch) && wants_call(facts) {
        plan.outside("Call the sender, who asks for it.".into(), false);
        // After the first word, before the work.
        let after = plan.list.len().min(2) - 1;
        plan.list.get_mut(after..).unwrap_or_default().rotate_right(1);
    }
    plan.list.truncate(6);
    plan.list
}

struct Plan<'a> {
    owner: &'a str,
    due: Option<Date>,
    /// The day is near enough for first steps to carry it too.
    soon: bool,
    list: Vec<Action>,
}

impl Plan<'_> {
    /// Something done inside the house.
    fn inside(&mut self, text: String, dated: bool) {
        self.push(text, dated && self.soon, false);
    }

    /// Work inside the house that has to be done by the day the request names.
    fn due_inside(&mut self, text: String) {
        self.push(text, true, false);
    }

    /// A first word to somebody outside.
    fn first(&mut self, text: String) {
        self.push(text, self.soon, true);
    }

    /// Something that reaches somebody outside.
    fn outside(&mut self, text: String, dated: bool) {
        self.push(text, dated, true);
    }

    fn push(&mut self, text: String, dated: bool, needs_approval: bool) {
        let due = self.due.filter(|_| dated);
        self.list.push(Action { text, owner: self.owner.into(), due, needs_approval });
    }
}

fn caution(risk: &Risk, plan: &mut Plan<'_>) {
    let has = |kind: RiskKind| risk.factors.iter().any(|f| f.kind == kind);
    if has(RiskKind::Safety) && risk.level >= Level::High {
        plan.inside("Make sure nobody is in danger: call the sender on a number already on file.".into(), true);
    }
    if has(RiskKind::Legal) && risk.level >= Level::High {
        plan.inside("Let somebody with authority over legal matters read the request before any answer.".into(), true);
    }
    if has(RiskKind::Security) && risk.level >= Level::High {
        plan.inside("Tell the person responsible for security, and keep the message as evidence.".into(), true);
    }
    if has(RiskKind::Instructions) {
        plan.inside("Check the sender over a known channel: part of the text is meant for a program, and nothing here follows it.".into(), false);
    }
}

/// " about a and b", from the lexicon; what the reviewer wants in front comes first.
fn about(facts: &Facts<'_>, wish: &Wish<'_>) -> String {
    let mut list: Vec<&str> = wish.topics().iter().copied().take(2).collect();
    for topic in facts.main_topics() {
        if list.len() < 2 && !list.contains(topic) {
            list.push(topic);
        }
    }
    if list.is_empty() { String::new() } else { format!(" about {}", join(&list)) }
}

/// One action for all open questions.
fn ask(missing: &[Missing], plan: &mut Plan<'_>) {
    let names: Vec<String> = missing.iter().map(|m| super::missing::label(&m.field)).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    if !names.is_empty() {
        plan.outside(format!("Ask the sender for {}.", join(&names)), false);
    }
}
