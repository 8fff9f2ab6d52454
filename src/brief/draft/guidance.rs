//! The reviewer's words on a further attempt, turned into what the draft does differently.
//!
//! Its own file because these words are trusted where the request is not: a named person wrote them.
//! INVARIANT: every guidance is answered in the brief: it is followed, or the brief says that it is not. The words themselves are meant for
//! colleagues and stand nowhere in it, but for the subject of a question that the reviewer wants put.

use super::super::content::{Content, Missing};
use super::super::lexicon::{self, Sense};
use super::join;

/// What the reviewer wants changed.
#[derive(Default)]
pub(super) struct Wish<'a> {
    /// Shorter.
    pub(super) short: bool,
    /// Without questions to the sender.
    pub(super) drop_questions: bool,
    /// Subjects to put first.
    focus: Vec<&'a str>,
    /// The same in the words of the lexicon.
    topics: Vec<&'static str>,
    /// Subjects to ask about.
    ask: Vec<&'a str>,
    drop_roadmap: bool,
    pub(super) drop_pricing: bool,
    /// Something was asked for.
    any: bool,
    /// Something of it no rule understands.
    unread: bool,
}

/// Reads the reviewer's words.
pub(super) fn read<'a>(guidance: &[&'a str]) -> Wish<'a> {
    let mut wish = Wish::default();
    for line in guidance.iter().flat_map(|words| words.split(['\n', ';'])).flat_map(|line| line.split(". ")) {
        let line = line.trim().trim_end_matches('.');
        if line.is_empty() {
            continue;
        }
        wish.any = true;
        let understood = wish.line(line);
        wish.unread |= !understood;
    }
    wish
}

/// A section that can be left out.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Section {
    Roadmap,
    Pricing,
    Questions,
}

fn section(word: &str) -> Option<Section> {
    match word {
        "roadmap" | "roadmaps" | "phases" => Some(Section::Roadmap),
        "pricing" | "price" | "prices" | "payback" => Some(Section::Pricing),
        "question" | "questions" => Some(Section::Questions),
        _ => None,
    }
}

/// The sections that a line plainly wants left out: "leave the roadmap out", "no questions", "drop the pricing and the roadmap".
fn left_out(lower: &str) -> Vec<Section> {
    const JOINTS: &[&str] = &["the", "and", "or", "also", "any", "section", "sections", "too", "please", "all", "both"];
    let mut list = Vec::new();
    let mut goes_on = false;
    for clause in lower.split([',', ':', '(', ')', '!']).flat_map(|clause| clause.split(" but ")) {
        let split = clause.split(|c: char| !(c.is_alphabetic() || matches!(c, '\'' | '’' | '?')));
        let words: Vec<&str> = split.filter(|word| !word.is_empty()).collect();
        let has = |wanted: &[&str]| words.iter().any(|word| wanted.contains(word));
        let named = words.iter().filter_map(|word| section(word));
        let denied = has(&["not", "don't", "don’t", "never"]);
        let unwanted = denied && has(&["need", "want"]);
        let verb = has(&["without", "drop", "remove", "omit", "skip", "delete", "exclude", "strip"])
            || (has(&["leave", "left", "leaving", "take"]) && has(&["out", "away", "off"]));
        // "No roadmap" asks for it; "there is no roadmap" complains that there is none.
        let bare = words.iter().enumerate().any(|(at, word)| {
            let before = at.checked_sub(1).and_then(|at| words.get(at));
            let opens = before.is_none_or(|word| matches!(*word, "please" | "and" | "or" | "with" | "also" | "want"));
            let next = words.get(at + 1).and_then(|word| section(word).or_else(|| section(words.get(at + 2)?)));
            *word == "no" && opens && next.is_some()
        });
        let asks = denied && has(&["ask"]) && has(&["anything", "questions"]);
        let list_goes_on = goes_on && words.iter().all(|word| JOINTS.contains(word) || section(word).is_some());
        let wanted = (verb && !denied) || (unwanted && !verb) || bare || list_goes_on;
        goes_on = wanted && !clause.contains('?') && !has(&["why"]);
        if goes_on {
            list.extend(named);
        } else if asks {
            list.push(Section::Questions);
        }
    }
    list
}

fn after<'a>(line: &'a str, lower: &str, mark: &str) -> Option<&'a str> {
    let at = lower.find(mark)? + mark.len();
    let rest = line.get(at..)?.trim().trim_start_matches("the ").trim_end_matches(['.', '!']);
    (!rest.is_empty()).then_some(rest)
}

impl<'a> Wish<'a> {
    /// Reads one line; whether a rule understood it.
    fn line(&mut self, line: &'a str) -> bool {
        let lower = line.to_ascii_lowercase();
        let has = |words: &[&str]| words.iter().any(|word| lower.contains(word));
        let short = has(&[
            "shorter",
            "shorten",
            "keep it short",
            "make it short",
            "too long",
            "concise",
            "be brief",
            "keep it brief",
            "briefer",
            "more brief",
            "less text",
            "cut it",
            "tighten",
            "trim",
        ]);
        self.short |= short;
        let sections = left_out(&lower);
        self.drop_roadmap |= sections.contains(&Section::Roadmap);
        self.drop_pricing |= sections.contains(&Section::Pricing);
        self.drop_questions |= sections.contains(&Section::Questions);
        let mut understood = short || !sections.is_empty();
        for mark in ["focus on ", "concentrate on ", "emphasise ", "emphasize ", "more about ", "highlight "] {
            if let Some(subject) = after(line, &lower, mark) {
                understood = true;
                self.focus.push(subject);
                let hits = lexicon::find(subject);
                self.topics.extend(hits.iter().filter_map(|hit| match hit.sense {
                    Sense::Topic(topic) => Some(topic),
                    _ => None,
                }));
            }
        }
        if has(&["not ask", "don't ask", "don’t ask", "never ask", "stop asking", "without asking"]) {
            return understood;
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
                self.ask.push(subject);
                return true;
            }
        }
        understood
    }

    /// What this attempt does with what the reviewer asked for, as sentences of our own; `None` on a first attempt.
    pub(super) fn followed(&self) -> Option<String> {
        if !self.any {
            return None;
        }
        let mut list = Vec::new();
        for (wanted, words) in [
            (self.short, "shorter"),
            (self.drop_roadmap, "without the roadmap"),
            (self.drop_pricing, "without the price"),
            (self.drop_questions, "without questions"),
            (!self.ask.is_empty(), "with the questions asked for"),
            (!self.focus.is_empty(), "with the subject asked for in front"),
        ] {
            if wanted {
                list.push(words);
            }
        }
        let done = (!list.is_empty()).then(|| format!("This attempt follows the review: {}.", join(&list)));
        let open = self.unread.then(|| "Something the reviewer asked for is left to be worked in by hand.".to_owned());
        Some([done, open].into_iter().flatten().collect::<Vec<_>>().join(" "))
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

    /// What the reviewer wants in front, in the words of the lexicon.
    pub(super) fn topics(&self) -> &[&'static str] {
        &self.topics
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

    /// Whether some of the guidance is understood by no rule.
    pub(super) fn unread(&self) -> bool {
        self.unread
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_wishes_are_told_from_their_opposites() {
        for (words, wanted) in [
            ("leave the roadmap out", [true, false, false]),
            ("Please leave out the roadmap and the pricing.", [true, true, false]),
            ("drop the roadmap, the price and the questions", [true, true, true]),
            ("No questions please, and no roadmap", [true, false, true]),
            ("without the payback", [false, true, false]),
            ("We don't need the roadmap, keep the pricing", [true, false, false]),
            ("Do not ask the client any questions", [false, false, true]),
            ("Do not leave out the roadmap", [false, false, false]),
            ("There is no roadmap", [false, false, false]),
            ("Why was the pricing left out?", [false, false, false]),
            ("Add questions", [false, false, false]),
        ] {
            let wish = read(&[words]);
            assert_eq!([wish.drop_roadmap, wish.drop_pricing, wish.drop_questions], wanted, "{words}");
            assert_eq!(wish.unread(), !wanted.contains(&true), "{words}");
        }
        assert!(read(&["too long"]).short && read(&["keep it brief"]).short);
        assert!(!read(&["this brief misses the point"]).short);
        assert!(read(&["do not ask about the budget"]).questions().is_empty());
    }
}
