//! Faults that are planted into a sound brief, to see whether whoever reviews it looks: a figure that nobody named, the wrong urgency, an
//! address that is not there, an action nobody asked for. Own file because what counts as a bad draft, and as having mended it, is said
//! here and nowhere else. INVARIANT: a planted brief differs from the sound one in its fault alone, and the request never bears that out.

use super::content::{Action, Content, Score, Statement, Status};
use serde::{Deserialize, Serialize};

/// What is wrong with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Fault {
    /// A figure that the request does not name.
    InventedNumber,
    /// Urgent where nothing hurries, or the other way round.
    WrongUrgency,
    /// An address on the web that the request does not name.
    MissingLink,
    /// Something is to be done that nobody asked for.
    UnaskedAction,
}

impl Fault {
    /// Every kind.
    pub const ALL: [Self; 4] = [Self::InventedNumber, Self::WrongUrgency, Self::MissingLink, Self::UnaskedAction];

    /// The word in tables, API and CLI.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::InventedNumber => "invented_number",
            Self::WrongUrgency => "wrong_urgency",
            Self::MissingLink => "missing_link",
            Self::UnaskedAction => "unasked_action",
        }
    }

    /// For a person who is told of it.
    #[must_use]
    pub const fn words(self) -> &'static str {
        match self {
            Self::InventedNumber => "a figure that the request does not name",
            Self::WrongUrgency => "an urgency that the request does not bear out",
            Self::MissingLink => "an address that the request does not name",
            Self::UnaskedAction => "an action that nobody asked for",
        }
    }

    /// Reads the word.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|fault| fault.as_str() == word)
    }
}

/// A brief with a fault, and what tells that the fault is still in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Planted {
    /// The brief.
    pub content: Content,
    /// What is wrong with it.
    pub fault: Fault,
    /// Words that stand in it as long as the fault does; for an urgency its band.
    pub trace: String,
}

/// Something to do that hardly any request asks for, and words by which one that does is known.
const UNASKED: [(&str, [&str; 3]); 4] = [
    ("Refund the last invoice in full and confirm it in writing.", ["refund", "repay", "invoice"]),
    ("Delete the older account after merging it with the new one.", ["delete", "account", "merge"]),
    ("Extend the contract by twelve months at the current price.", ["contract", "extend", "renew"]),
    ("Give the sender's colleague administrator access until Friday.", ["access", "admin", "permission"]),
];

/// Plants a fault into a sound brief of a request with this text; `chance` chooses among ways. `None`: this fault cannot be planted in a way
/// that the request does not bear out.
#[must_use]
pub fn plant(sound: &Content, text: &str, fault: Fault, chance: u64) -> Option<Planted> {
    let mut content = sound.clone();
    let low = text.to_lowercase();
    let trace = match fault {
        Fault::InventedNumber => {
            let figure =
                (0..64).map(|step| number(chance.wrapping_add(step))).find(|figure| !has_figure(text, figure))?;
            let said = match chance % 3 {
                0 => format!("About {figure} people are affected."),
                1 => format!("They name a budget of EUR {figure}."),
                _ => format!("Reference number {figure} is given."),
            };
            add(&mut content.workflow_summary, &said);
            figure
        }
        Fault::MissingLink => {
            let address = format!("https://support.example.net/case/{}", number(chance));
            if low.contains("support.example.net") {
                return None;
            }
            add(&mut content.workflow_summary, &format!("Details are at {address}."));
            address
        }
        Fault::UnaskedAction => {
            let start = usize::try_from(chance % 4).unwrap_or(0);
            let fits = |(_, known): &&(&str, [&str; 3])| !known.iter().any(|word| low.contains(word));
            let (said, _) = UNASKED.iter().cycle().skip(start).take(UNASKED.len()).find(fits)?;
            let owner = content.next_actions.first().map_or_else(String::new, |action| action.owner.clone());
            let place = content.next_actions.len().min(1);
            let action = Action { text: (*said).to_owned(), owner, due: None, needs_approval: true };
            content.next_actions.insert(place, action);
            (*said).to_owned()
        }
        Fault::WrongUrgency => {
            let hurries = content.priority.score.get() >= 50;
            let (score, status) = if hurries { (12, Status::Schedule) } else { (91, Status::RespondNow) };
            content.priority.score = Score::new(score)?;
            content.priority.band = content.priority.score.band();
            content.recommended_status.status = status;
            content.recommended_status.reason =
                if hurries { "Nothing in it is pressing." } else { "Work has stopped until it is answered." }
                    .to_owned();
            content.priority.band.to_string()
        }
    };
    (content != *sound).then_some(Planted { content, fault, trace })
}

/// Whether the fault is still in a brief, which people may have edited.
#[must_use]
pub fn remains(content: &Content, fault: Fault, trace: &str) -> bool {
    if fault == Fault::WrongUrgency {
        return content.priority.band.as_str() == trace;
    }
    let actions = content.next_actions.iter().map(|action| action.text.as_str());
    std::iter::once(content.workflow_summary.text.as_str()).chain(actions).any(|said| said.contains(trace))
}

/// Before the last sentence would be found at once; behind the first it reads as the others do.
fn add(statement: &mut Statement, said: &str) {
    match statement.text.find(". ") {
        Some(end) => statement.text.insert_str(end + 1, &format!(" {said}")),
        None => {
            if !statement.text.is_empty() {
                statement.text.push(' ');
            }
            statement.text.push_str(said);
        }
    }
}

/// A figure of four or five digits that looks like one somebody named.
fn number(chance: u64) -> String {
    let figure = 1_200 + chance.wrapping_mul(0x9e37_79b9_7f4a_7c15) % 88_000;
    (figure / 10 * 10 + 4).to_string()
}

/// Whether a text names a figure, whatever groups its digits.
fn has_figure(text: &str, figure: &str) -> bool {
    let digits: String = text.chars().filter(|letter| !matches!(letter, '.' | ',' | '\'' | ' ' | '\u{a0}')).collect();
    digits.contains(figure)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::brief::{DraftInput, check, draft};
    use proptest::prelude::*;

    fn sound(text: &str) -> Content {
        let zone = jiff::tz::TimeZone::UTC;
        draft(&DraftInput {
            text,
            subject: None,
            sender: None,
            organisation: None,
            language: "en",
            received_at: "2026-11-23T09:12:00Z".parse().unwrap(),
            time_zone: &zone,
            attachments: &[],
            guidance: &[],
            owner: "Dana",
        })
    }

    const TEXT: &str = "Could you send us an offer for 40 seats by Friday? There is no hurry before that.";

    proptest! {
        #[test]
        fn the_fault_is_there_and_nothing_else_changed(chance: u64, kind in 0_usize..4) {
            let (fault, before) = (Fault::ALL[kind], sound(TEXT));
            let planted = plant(&before, TEXT, fault, chance).unwrap();
            prop_assert!(remains(&planted.content, fault, &planted.trace));
            prop_assert!(!remains(&before, fault, &planted.trace));
            // Whoever takes the fault out has the sound brief again, and nothing is left to find.
            let mut mended = planted.content.clone();
            match fault {
                Fault::UnaskedAction => mended.next_actions.retain(|action| action.text != planted.trace),
                Fault::WrongUrgency => {
                    mended.priority.clone_from(&before.priority);
                    mended.recommended_status.clone_from(&before.recommended_status);
                }
                _ => mended.workflow_summary.clone_from(&before.workflow_summary),
            }
            prop_assert_eq!(&mended, &before);
            prop_assert!(!remains(&mended, fault, &planted.trace));
            // It is a brief like any other.
            let bytes = planted.content.to_bytes();
            prop_assert_eq!(Content::from_json(&bytes).unwrap(), planted.content);
        }

        #[test]
        fn a_figure_that_the_request_names_is_never_the_planted_one(chance: u64) {
            let figure = number(chance);
            let text = format!("We owe {figure} euros, or 1{figure}5.");
            let planted = plant(&sound(&text), &text, Fault::InventedNumber, chance).unwrap();
            prop_assert!(!text.contains(&planted.trace));
        }
    }

    #[test]
    fn invented_figures_and_addresses_are_what_the_checker_looks_for() {
        for fault in [Fault::InventedNumber, Fault::MissingLink] {
            let planted = plant(&sound(TEXT), TEXT, fault, 7).unwrap();
            let found = check(&planted.content, TEXT);
            let named =
                found.iter().any(|problem| planted.trace.contains(problem.problem.split('`').nth(1).unwrap_or("?")));
            assert!(named, "{fault:?}: {found:?}");
        }
    }

    #[test]
    fn what_was_asked_for_is_no_fault() {
        let text = "Refund the invoice, delete the account, extend the contract and give me admin access.";
        assert_eq!(plant(&sound(text), text, Fault::UnaskedAction, 0), None);
    }
}
