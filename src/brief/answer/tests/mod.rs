//! What reading an answer promises: bad answers are refused, what is shown is grounded and inert, nothing panics.

mod bad;
mod canaries;
mod whole;

use super::super::prompt::{Asked, PromptInput, Template};
use super::*;
use jiff::tz::TimeZone;
use serde_json::{Value, json};

pub(super) const TEXT: &str = "Order intake\n\nHi,\n\nwe are a freight forwarder with 40 staff. About 300 orders a week reach us by e-mail and two colleagues retype them into SAP, 5 minutes each. An hour costs us €38.\nWe want to automate our order intake, live before 1 March 2027. Our budget is €15,000.\n\nCould you send us an offer by Friday? Our site is https://nordwind.example/start and my number is +49 40 123 4567.\n\nRegards\nMaria Keller\nmaria@nordwind.example";

pub(super) fn asked(text: &str) -> Asked {
    let zone = TimeZone::UTC;
    Template::embedded()
        .ask(&PromptInput {
            text,
            subject: None,
            sender: None,
            organisation: None,
            language: "en",
            received_at: "2026-11-23T09:12:00Z".parse().unwrap(),
            time_zone: &zone,
            attachments: &[],
            guidance: &[],
            context: "",
            playbook: "",
            nonce: [7; 16],
            key: "call",
            most_input: 400_000,
            max_output: 2_000,
        })
        .unwrap()
}

pub(super) fn read_text(answer: &str, text: &str) -> Result<Accepted, Vec<Wrong>> {
    let asked = asked(text);
    read(answer, &AnswerInput { text, seen: &asked.seen, known: &[], instructions: &[], owner: "Dana" })
}

pub(super) fn read_json(answer: &Value) -> Result<Accepted, Vec<Wrong>> {
    read_text(&answer.to_string(), TEXT)
}

/// A sound answer to [`TEXT`].
pub(super) fn good() -> Value {
    json!({
        "workflow_summary": { "quotes": ["We want to automate our order intake"], "text": "A freight forwarder wants its order intake automated." },
        "priority": { "score": 55, "reasons": [{ "quotes": ["Could you send us an offer by Friday?"], "text": "An offer is asked for by Friday." }] },
        "risk": { "level": "low", "factors": [] },
        "recommended_status": { "status": "qualify", "reason": "The scope must be understood first." },
        "missing_information": [{ "field": "mail volume", "question": "In which formats do the orders come?", "why": "Formats decide the effort." }],
        "next_actions": [{ "text": "Call the client about the formats", "due": null }],
        "pricing_rationale": { "quotes": ["About 300 orders a week", "5 minutes each"], "text": "300 orders a week at 5 minutes each." },
        "implementation_roadmap": [{ "phase": "Trial", "steps": ["Read a week of orders"], "exit": "Orders arrive unretyped." }]
    })
}

pub(super) fn quotes(content: &Content) -> Vec<super::super::content::Quote> {
    let mut list = content.workflow_summary.quotes.clone();
    list.extend(content.priority.reasons.iter().flat_map(|reason| reason.quotes.clone()));
    list.extend(content.risk.factors.iter().flat_map(|factor| factor.quotes.clone()));
    list.extend(content.pricing_rationale.iter().flat_map(|pricing| pricing.quotes.clone()));
    list
}

/// Every text of a content that a person acts on.
pub(super) fn acting(content: &Content) -> Vec<(String, String)> {
    let mut list = vec![("recommended_status.reason".to_owned(), content.recommended_status.reason.clone())];
    for (i, action) in content.next_actions.iter().enumerate() {
        list.push((format!("next_actions[{i}].text"), action.text.clone()));
        list.push((format!("next_actions[{i}].owner"), action.owner.clone()));
    }
    for (i, missing) in content.missing_information.iter().enumerate() {
        list.push((format!("missing_information[{i}].question"), missing.question.clone()));
        list.push((format!("missing_information[{i}].why"), missing.why.clone()));
    }
    for (i, phase) in content.implementation_roadmap.iter().enumerate() {
        list.push((format!("implementation_roadmap[{i}].phase"), phase.phase.clone()));
        list.push((format!("implementation_roadmap[{i}].exit"), phase.exit.clone()));
        list.extend(
            phase
                .steps
                .iter()
                .enumerate()
                .map(|(j, step)| (format!("implementation_roadmap[{i}].steps[{j}]"), step.clone())),
        );
    }
    list
}
