//! The reviewer's words on a further attempt, turned into what the draft does differently.
//!
//! Its own file because these words are trusted where the request is not: a named person wrote them.
//! INVARIANT: every guidance is named in the brief, also one that no rule understands.

use super::super::content::{Content, Missing};
use super::cite;

/// What the reviewer wants changed.
#[derive(Default)]
pub(super) struct Wish<'a> {
    /// Shorter.
    pub(super) short: bool,
    /// Subjects to put first.
    focus: Vec<&'a str>,
    /// Subjects to ask about.
    ask: Vec<&'a str>,
    /// Sections to leave out.
    drop_roadmap: bool,
    drop_pricing: bool,
    all: Vec<&'a str>,
}

/// Reads the reviewer's words.
pub(super) fn read<'a>(guidance: &[&'a str]) -> Wish<'a> {
    let mut wish = Wish::default();
    for line in guidance.iter().flat_map(|words| words.split(['\n', ';'])).flat_map(|line| line.split(". ")) {
        let line = line.trim().trim_end_matches('.');
        if line.is_empty() {
            continue;
        }
        if wish.all.len() < 8 {
            wish.all.push(line);
        }
        let lower = line.to_ascii_lowercase();
        let has = |words: &[&str]| words.iter().any(|word| lower.contains(word));
        wish.short |= has(&["shorter", "too long", "concise", "brief", "less text", "cut it", "tighten", "trim"]);
        wish.drop_roadmap |= has(&[
            "no roadmap",
            "without roadmap",
            "without the roadmap",
            "drop the roadmap",
            "remove the roadmap",
            "leave out the roadmap",
        ]);
        wish.drop_pricing |= has(&[
            "no pricing",
            "without pricing",
            "no price",
            "drop the pricing",
            "remove the pricing",
            "leave out the pricing",
        ]);
        for mark in ["focus on ", "concentrate on ", "emphasise ", "emphasize ", "more about ", "highlight "] {
            wish.focus.extend(after(line, &lower, mark));
        }
        for mark in [
            "ask about ",
            "question about ",
            "question on ",
            "ask for ",
            "ask them about ",
            "ask them for ",
            "ask whether ",
            "ask if ",
            "ask when ",
            "ask who ",
            "ask how ",
        ] {
            if let Some(subject) = after(line, &lower, mark) {
                let keep = matches!(mark, "ask whether " | "ask if " | "ask when " | "ask who " | "ask how ");
                let subject =
                    if keep { line.get(lower.find(mark).unwrap_or(0) + 4..).unwrap_or(subject) } else { subject };
                wish.ask.push(subject);
                break;
            }
        }
    }
    wish
}

fn after<'a>(line: &'a str, lower: &str, mark: &str) -> Option<&'a str> {
    let at = lower.find(mark)? + mark.len();
    let rest = line.get(at..)?.trim().trim_start_matches("the ").trim_end_matches(['.', '!']);
    (!rest.is_empty()).then_some(rest)
}

impl Wish<'_> {
    /// The reviewer's words, quoted, or `None` on a first attempt.
    pub(super) fn named(&self) -> Option<String> {
        let cited: Vec<String> = self.all.iter().map(|words| cite(words, 160)).collect();
        (!cited.is_empty()).then(|| cited.join(", "))
    }

    /// Whether `sentence` speaks of what the reviewer wants in front.
    pub(super) fn focuses_on(&self, sentence: &str) -> bool {
        if self.focus.is_empty() {
            return false;
        }
        let lower = sentence.to_lowercase();
        self.focus
            .iter()
            .flat_map(|subject| subject.split_whitespace())
            .filter(|word| word.len() > 3)
            .any(|word| lower.contains(&word.to_lowercase()))
    }

    /// What the reviewer wants in front.
    pub(super) fn focus(&self) -> &[&str] {
        &self.focus
    }

    /// The questions the reviewer wants asked.
    pub(super) fn questions(&self) -> Vec<Missing> {
        self.ask
            .iter()
            .take(3)
            .map(|subject| {
                let subject: String = subject.chars().take(200).collect();
                let question = match subject.split_whitespace().next().unwrap_or("") {
                    "whether" | "if" | "when" | "who" | "how" => format!("Could you tell us {subject}?"),
                    _ => format!("Could you tell us more about {subject}?"),
                };
                Missing { field: slug(&subject), question, why: "The reviewer asked for this question.".into() }
            })
            .collect()
    }

    /// Guidance that no rule turned into something: shown to the owner as it is.
    pub(super) fn unread(&self) -> bool {
        !self.all.is_empty()
            && !self.short
            && self.focus.is_empty()
            && self.ask.is_empty()
            && !self.drop_roadmap
            && !self.drop_pricing
    }
}

/// Cuts the content down to what the reviewer wants to see.
pub(super) fn trim(content: &mut Content, wish: &Wish<'_>) {
    if wish.drop_roadmap {
        content.implementation_roadmap.clear();
    }
    if wish.drop_pricing {
        content.pricing_rationale = None;
    }
    if wish.short {
        content.priority.reasons.truncate(2);
        content.missing_information.truncate(3);
        content.next_actions.truncate(3);
        for phase in &mut content.implementation_roadmap {
            phase.steps.truncate(1);
        }
    }
}

fn slug(subject: &str) -> String {
    let mut slug = String::new();
    for word in subject.split(|c: char| !c.is_alphanumeric()).filter(|w| !w.is_empty()).take(4) {
        if !slug.is_empty() {
            slug.push('_');
        }
        slug.push_str(&word.to_lowercase());
    }
    if slug.is_empty() { "question".into() } else { slug }
}
