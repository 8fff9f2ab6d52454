//! Makes a content of an answer that has the right shape: looks everything up, takes out what may not stay, adds what is ours.
//!
//! Its own file because it is the order in which the checks are applied, and the one place where a model's words enter a brief.
//! INVARIANT: every text passes [`inert`] and [`Held::only`]; every quote comes from [`Ground`]; owner, approval, band and the factor for
//! instructions do not come from the answer.

use super::super::check::check_with;
use super::super::content::{
    Action, Content, Factor, Level, Missing, Phase, Priority, Problem, Quote, RecommendedStatus, Risk, RiskKind,
    Statement,
};
use super::echo::Echo;
use super::ground::{Ground, How};
use super::held::{Held, May};
use super::inert::inert;
use super::shape::{Said, Shape};
use super::{Accepted, AnswerInput, Correction, Wrong};
use std::ops::Range;

/// Most problems listed; the same number as the checker's.
const MOST_PROBLEMS: usize = 60;
/// Most spans shown of what is addressed to a program.
const MOST_SPANS: usize = 6;

/// What a brief says of text that is addressed to a program.
const INSTRUCTIONS: &str = "Part of the text is addressed to a program rather than to a person. A model read it as data; check that nothing in this brief follows it.";

pub(super) fn content(
    shape: Shape,
    input: &AnswerInput<'_>,
    corrections: Vec<Correction>,
) -> Result<Accepted, Vec<Wrong>> {
    let mut work = Work {
        ground: Ground::new(input.seen),
        held: Held::of(std::iter::once(input.text).chain(input.known.iter().copied())),
        echo: Echo::of(input.text),
        corrections,
        problems: Vec::new(),
    };
    let mut wrong = Vec::new();
    let summary = work.statement("workflow_summary", "workflow_summary", shape.summary);
    if summary.is_none() {
        wrong.push(Wrong::bare(
            "workflow_summary",
            "needs at least one quote that stands in the request letter for letter",
        ));
    }
    let mut reasons = Vec::new();
    for (index, said) in shape.reasons.into_iter().enumerate() {
        let place = format!("priority.reasons[{}]", reasons.len());
        reasons.extend(work.statement(&format!("priority.reasons[{index}]"), &place, said));
    }
    if reasons.is_empty() {
        wrong.push(Wrong::bare(
            "priority.reasons",
            "needs at least one reason with a quote that stands in the request letter for letter",
        ));
    }
    if !wrong.is_empty() {
        return Err(wrong);
    }
    let mut factors: Vec<Factor> = instructions(input).into_iter().collect();
    let flagged = !factors.is_empty();
    for (index, (kind, said)) in shape.factors.into_iter().enumerate() {
        let place = format!("risk.factors[{}]", factors.len());
        let found = work.statement(&format!("risk.factors[{index}]"), &place, said);
        factors.extend(found.map(|statement| Factor { kind, text: statement.text, quotes: statement.quotes }));
    }
    let level = if flagged { shape.level.max(Level::High) } else { shape.level };
    let reason = work.text("recommended_status.reason", "recommended_status.reason", &shape.reason, May::Act);
    let mut missing: Vec<Missing> = Vec::new();
    for (index, [field, question, why]) in shape.missing.into_iter().enumerate() {
        let (path, place) =
            (format!("missing_information[{index}]"), format!("missing_information[{}]", missing.len()));
        let question = work.text(&format!("{path}.question"), &format!("{place}.question"), &question, May::Act);
        let why = work.text(&format!("{path}.why"), &format!("{place}.why"), &why, May::Act);
        if question.is_empty() {
            work.left_out(&path, "there is no question in it");
        } else {
            missing.push(Missing { field: name(&field), question, why });
        }
    }
    let mut actions: Vec<Action> = Vec::new();
    for (index, (text, due)) in shape.actions.into_iter().enumerate() {
        let (path, place) = (format!("next_actions[{index}]"), format!("next_actions[{}].text", actions.len()));
        let text = work.text(&format!("{path}.text"), &place, &text, May::Act);
        if text.is_empty() {
            work.left_out(&path, "there are no words in it");
        } else {
            actions.push(Action { text, owner: input.owner.to_owned(), due, needs_approval: true });
        }
    }
    let pricing = shape.pricing.and_then(|said| work.statement("pricing_rationale", "pricing_rationale", said));
    let mut phases: Vec<Phase> = Vec::new();
    for (index, (phase, steps, exit)) in shape.phases.into_iter().enumerate() {
        let (path, place) =
            (format!("implementation_roadmap[{index}]"), format!("implementation_roadmap[{}]", phases.len()));
        let phase = work.text(&format!("{path}.phase"), &format!("{place}.phase"), &phase, May::Act);
        let exit = work.text(&format!("{path}.exit"), &format!("{place}.exit"), &exit, May::Act);
        let mut kept = Vec::new();
        for (at, step) in steps.iter().enumerate() {
            let step =
                work.text(&format!("{path}.steps[{at}]"), &format!("{place}.steps[{}]", kept.len()), step, May::Act);
            kept.extend(Some(step).filter(|step| !step.is_empty()));
        }
        if phase.is_empty() {
            work.left_out(&path, "the phase has no name");
        } else {
            phases.push(Phase { phase, steps: kept, exit });
        }
    }
    let mut content = Content {
        workflow_summary: summary.unwrap_or_default(),
        priority: Priority { score: shape.score, band: shape.score.band(), reasons },
        risk: Risk { level, factors },
        recommended_status: RecommendedStatus { status: shape.status, reason },
        missing_information: missing,
        next_actions: actions,
        pricing_rationale: pricing,
        implementation_roadmap: phases,
        unverified: Vec::new(),
    };
    content.unverified = unverified(&content, input, work.problems);
    if let Err(error) = content.within_limits() {
        return Err(vec![Wrong::shape(&error.path, error.problem)]);
    }
    let missing = empty_sections(&content);
    Ok(Accepted { content, corrections: work.corrections, missing })
}

/// What the reviewer must confirm: what was noted here, then what the checker finds.
fn unverified(content: &Content, input: &AnswerInput<'_>, noted: Vec<Problem>) -> Vec<Problem> {
    let mut list: Vec<Problem> = Vec::new();
    if let Some(left_out) = input.seen.left_out() {
        let problem = format!(
            "the model read only the beginning and the end of the request: {} of {} bytes in the middle were left out",
            left_out.bytes,
            input.text.len()
        );
        list.push(Problem { path: "workflow_summary".to_owned(), problem });
    }
    let mut known = input.known.to_vec();
    known.push(input.owner);
    list.extend(noted);
    list.extend(check_with(content, input.text, &known));
    list.truncate(MOST_PROBLEMS);
    list
}

/// The factor for what screening found.
fn instructions(input: &AnswerInput<'_>) -> Option<Factor> {
    let quote = |span: &Range<usize>| {
        let quote = Quote::new(u32::try_from(span.start).ok()?, u32::try_from(span.end).ok()?)?;
        quote.of(input.text).map(|_| quote)
    };
    let quotes: Vec<Quote> = input.instructions.iter().filter_map(quote).take(MOST_SPANS).collect();
    (!quotes.is_empty()).then(|| Factor { kind: RiskKind::Instructions, text: INSTRUCTIONS.to_owned(), quotes })
}

/// The name of a field: lower case letters, digits and underscores.
fn name(field: &str) -> String {
    let mut name = String::new();
    for c in field.chars().take(40) {
        match c {
            c if c.is_ascii_alphanumeric() => name.push(c.to_ascii_lowercase()),
            _ if name.is_empty() || name.ends_with('_') => {}
            _ => name.push('_'),
        }
    }
    let name = name.trim_end_matches('_');
    if name.is_empty() { "detail".to_owned() } else { name.to_owned() }
}

/// The sections in which nothing stands that a brief usually has something in.
fn empty_sections(content: &Content) -> Vec<&'static str> {
    let sections = [
        ("workflow_summary", content.workflow_summary.text.is_empty()),
        ("priority", content.priority.reasons.is_empty()),
        ("risk", content.risk.factors.is_empty()),
        ("recommended_status", content.recommended_status.reason.is_empty()),
        ("missing_information", content.missing_information.is_empty()),
        ("next_actions", content.next_actions.is_empty()),
        ("pricing_rationale", content.pricing_rationale.is_none()),
        ("implementation_roadmap", content.implementation_roadmap.is_empty()),
    ];
    sections.into_iter().filter(|(_, empty)| *empty).map(|(name, _)| name).collect()
}

struct Work<'a> {
    ground: Ground<'a>,
    held: Held,
    echo: Echo,
    corrections: Vec<Correction>,
    problems: Vec<Problem>,
}

impl Work<'_> {
    fn correct(&mut self, path: &str, what: &str) {
        if self.corrections.len() < 200 {
            self.corrections.push(Correction::new(path, what));
        }
    }

    fn left_out(&mut self, path: &str, why: &str) {
        self.correct(path, &format!("left out: {why}"));
    }

    fn note(&mut self, place: &str, problem: String) {
        if self.problems.len() < MOST_PROBLEMS / 2 {
            self.problems.push(Problem { path: place.to_owned(), problem });
        }
    }

    /// A statement with the quotes that were found; none without words or without a quote. `path` is its place in the answer, `place`
    /// the one it gets in the brief.
    fn statement(&mut self, path: &str, place: &str, said: Said) -> Option<Statement> {
        let mut quotes: Vec<Quote> = Vec::new();
        for (index, words) in said.quotes.iter().enumerate() {
            let (found, how) = self.ground.find(words);
            if found.is_empty() {
                self.left_out(&format!("{path}.quotes[{index}]"), "the request does not hold these words");
            } else if how == How::Corrected {
                self.correct(&format!("{path}.quotes[{index}]"), "corrected to the exact words of the request");
            }
            for quote in found {
                if !quotes.contains(&quote) {
                    quotes.push(quote);
                }
            }
        }
        if quotes.is_empty() {
            self.left_out(path, "no quote of it stands in the request");
            return None;
        }
        let text = self.text(path, place, &said.text, May::Held);
        if text.is_empty() {
            self.left_out(path, "there are no words in it");
            return None;
        }
        Some(Statement { text, quotes })
    }

    /// One text of the answer, inert and without foreign addresses.
    fn text(&mut self, path: &str, place: &str, words: &str, may: May) -> String {
        let plain = inert(words);
        let mut kept = Vec::new();
        let (text, taken) = self.held.only(&plain, may, &mut kept);
        for what in taken {
            self.correct(path, &format!("left out: {what}"));
            self.note(place, format!("{what} was left out"));
        }
        if may == May::Act {
            for address in kept {
                self.note(place, format!("taken over from the request, check whose it is: `{address}`"));
            }
            if let Some(row) = self.echo.row(&text) {
                self.note(place, format!("these words stand in the request, check that you mean them: `{row}`"));
            } else if let Some(code) = self.echo.code(&text) {
                self.note(place, format!("taken over from the request, check what it is: `{code}`"));
            }
        }
        if text.chars().any(char::is_alphanumeric) { text } else { String::new() }
    }
}
