//! The work in phases, each with a way to know that it is over.
//!
//! Its own file because the phases follow from the kind of request and its topics alone.
//! INVARIANT: made of the words in this file, topics of the lexicon and date words; it promises no
//! dates and no durations that the request does not name.

use super::super::content::{Missing, Phase};
use super::super::lexicon::RequestKind;
use super::facts::Facts;
use super::{cite, join};

/// Plans the phases; none for what needs no work.
pub(super) fn plan(facts: &Facts<'_>, missing: &[Missing], readable: bool) -> Vec<Phase> {
    if !readable || facts.tokens.is_empty() {
        return Vec::new();
    }
    let topic = facts.topics.first().copied();
    let on = |fallback: &'static str| topic.unwrap_or(fallback);
    let open: Vec<String> = missing.iter().map(|m| super::missing::label(&m.field)).collect();
    let open: Vec<&str> = open.iter().map(String::as_str).collect();
    let clear = (!open.is_empty()).then(|| format!("Get an answer on {}", join(&open)));
    let sure = clear.clone().unwrap_or_else(|| "Confirm the understanding in writing".into());
    let systems: Vec<&str> = facts
        .topics
        .iter()
        .copied()
        .filter(|t| {
            matches!(
                *t,
                "the CRM"
                    | "the ERP system"
                    | "accounting"
                    | "the spreadsheet work"
                    | "the e-mail system"
                    | "the website"
                    | "the integration"
                    | "the calendar"
            )
        })
        .collect();
    match facts.kind {
        RequestKind::Lead => {
            let connect = if systems.is_empty() {
                "Set up one complete path from start to finish".to_owned()
            } else {
                format!("Connect {} along one complete path", join(&systems))
            };
            let mut roll_out = vec!["Move the remaining cases over".into(), "Train the people who will use it".into()];
            roll_out.extend(facts.work.map(|work| {
                format!("Have it done by the date in the request: {}", cite(facts.quoted(work.quote), 60))
            }));
            vec![
                phase(
                    "Agree the scope",
                    &[sure, format!("Walk through today's handling of {} with the people who do it", on("the work"))],
                    "Scope, price and acceptance are signed",
                ),
                phase(
                    "Prove it small",
                    &[connect, "Run it beside the old way on real cases and compare".into()],
                    "The sender's own people accept the result on their own cases",
                ),
                phase(
                    "Roll out",
                    &roll_out,
                    "The old way is switched off and somebody on the sender's side owns the new one",
                ),
            ]
        }
        RequestKind::Support => vec![
            phase(
                "Contain",
                &[format!(
                    "Confirm the fault{} and offer a way round it",
                    topic.map(|t| format!(" with {t}")).unwrap_or_default()
                )],
                "The sender can work again, if only by the way round",
            ),
            phase(
                "Fix",
                &some([clear, Some("Find the cause and put it right".into())]),
                "The sender confirms that it works",
            ),
            phase(
                "Prevent",
                &["Write down the cause and add a check that would have caught it".into()],
                "The check is in place",
            ),
        ],
        RequestKind::Complaint => vec![
            phase("Acknowledge", &[format!("Answer in person{}", with(topic))], "The sender knows who is responsible"),
            phase(
                "Put right",
                &some([clear, Some("Agree the remedy and carry it out".into())]),
                "The sender accepts the remedy in writing",
            ),
            phase(
                "Learn",
                &["Note what led to it where the next case will be decided".into()],
                "The cause has an owner",
            ),
        ],
        RequestKind::Invoice => vec![
            phase(
                "Check",
                &some([Some(format!("Compare the books with the message{}", with(topic))), clear]),
                "The difference is explained",
            ),
            phase(
                "Correct",
                &["Issue the correction or explain why none is due".into()],
                "The balance is agreed by both sides",
            ),
        ],
        RequestKind::Booking => vec![
            phase("Hold", &some([clear, Some("Hold what is free".into())]), "A slot is held"),
            phase(
                "Confirm",
                &["Send the confirmation with everything that was asked".into()],
                "The sender has confirmed",
            ),
        ],
        RequestKind::Change => vec![
            phase("Assess", &some([clear, Some("See what the change touches".into())]), "Effect and cost are known"),
            phase(
                "Apply",
                &["Make the change and keep a note of the state before".into()],
                "The sender sees the new state",
            ),
        ],
        RequestKind::Cancellation => vec![
            phase(
                "Talk",
                &some([Some("Understand the reason and what would change it".into()), clear]),
                "The reason is known",
            ),
            phase(
                "Close",
                &["End the agreement, settle what is open, hand over what belongs to the sender".into()],
                "Nothing is open on either side",
            ),
        ],
        RequestKind::Application => vec![
            phase("Read", &some([Some("Compare with the position".into()), clear]), "Invite or decline is decided"),
            phase("Answer", &["Invite, or decline with thanks".into()], "The applicant has an answer"),
        ],
        RequestKind::Privacy => vec![
            phase(
                "Identify",
                &some([Some("Check who is asking".into()), clear]),
                "The person is known to be who they say",
            ),
            phase(
                "Collect and answer",
                &["Find the data, decide what the law asks for, answer".into()],
                "The answer is sent and recorded",
            ),
        ],
        RequestKind::Question | RequestKind::Other => vec![phase(
            "Answer",
            &some([clear, Some(format!("Answer in writing{}", with(topic)))]),
            "The sender has no open question",
        )],
        RequestKind::Pitch | RequestKind::Notice => Vec::new(),
    }
}

fn some(steps: [Option<String>; 2]) -> Vec<String> {
    steps.into_iter().flatten().collect()
}

fn with(topic: Option<&str>) -> String {
    topic.map(|topic| format!(" about {topic}")).unwrap_or_default()
}

fn phase(name: &str, steps: &[String], exit: &str) -> Phase {
    Phase { phase: name.into(), steps: steps.to_vec(), exit: exit.into() }
}
