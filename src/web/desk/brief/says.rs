//! The brief's own words, section by section, each statement with the links to its places in the request. Own file because a reviewer reads
//! exactly this, and nothing of it may be left out. INVARIANT: every statement has a number, what could not be verified stands beside the
//! statement it is about and in a list of its own, and all words from outside are escaped.

use super::super::layout::plain;
use super::mark::{self, Cited};
use super::shape;
use crate::brief::{Content, Problem, Quote};
use maud::{Markup, html};

/// Counts statements while they are written down.
pub(super) struct Citing<'t> {
    text: &'t str,
    unverified: &'t [Problem],
    /// Statements so far.
    next: usize,
    /// Those that quote the request.
    cited: Vec<Cited>,
    /// Which of the unverified were told beside a statement, and its number.
    told: Vec<Option<usize>>,
}

/// A brief written down.
pub(super) struct Said {
    pub(super) body: Markup,
    /// Its statements, for marking the request's text.
    pub(super) cited: Vec<Cited>,
}

/// Writes a brief down; `text` is what its quotes point into.
pub(super) fn said(content: &Content, text: &str) -> Said {
    let unverified = content.unverified.as_slice();
    let mut citing = Citing { text, unverified, next: 1, cited: Vec::new(), told: vec![None; unverified.len()] };
    let sections = sections(content, &mut citing);
    let body = html! {
        (confirm(&citing))
        (sections)
    };
    Said { body, cited: citing.cited }
}

impl Citing<'_> {
    /// One statement; `path` is where it stands in the content.
    fn says(&mut self, path: &str, text: &str, quotes: &[Quote]) -> Markup {
        let number = self.next;
        self.next += 1;
        let links = mark::links(number, self.text, quotes);
        let quoted = !mark::places(self.text, quotes).is_empty();
        if quoted {
            self.cited.push(Cited { number, quotes: quotes.to_vec() });
        }
        let mut problems = Vec::new();
        for (problem, told) in self.unverified.iter().zip(&mut self.told) {
            if told.is_none() && is_about(&problem.path, path) {
                *told = Some(number);
                problems.push(problem);
            }
        }
        html! {
            span.says id=(format!("s{number}")) data-s=[quoted.then_some(number)] dir="auto" {
                (plain(text)) (links)
                @for problem in problems { " " span.unsure { (plain(&problem.problem)) } }
            }
        }
    }
}

/// Whether a problem is about what stands at `path` or within it.
fn is_about(problem: &str, path: &str) -> bool {
    problem.strip_prefix(path).is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '[']))
}

/// What the checker could not find in the request, on top: shown, never hidden.
fn confirm(citing: &Citing<'_>) -> Markup {
    html! {
        @if !citing.unverified.is_empty() {
            section.confirm aria-labelledby="confirm" {
                h2 #confirm { "Please confirm" }
                p { "Nothing in the request bears this out:" }
                ul {
                    @for (problem, told) in citing.unverified.iter().zip(&citing.told) {
                        li {
                            (plain(&problem.problem)) " "
                            @match told {
                                Some(number) => a href=(format!("#s{number}")) { (plain(&shape::named(&problem.path))) },
                                None => small { (plain(&shape::named(&problem.path))) },
                            }
                        }
                    }
                }
            }
        }
    }
}

fn sections(content: &Content, citing: &mut Citing<'_>) -> Markup {
    html! {
        section.lead aria-labelledby="summary" {
            h2 #summary { "What is asked" }
            p { (citing.says("workflow_summary", &content.workflow_summary.text, &content.workflow_summary.quotes)) }
            p.reason {
                b { (capital(&spoken(content.recommended_status.status.as_str()))) ": " }
                (citing.says("recommended_status", &content.recommended_status.reason, &[]))
            }
        }
        @if !content.next_actions.is_empty() {
            section aria-labelledby="actions" {
                h2 #actions { "Next actions" }
                ol {
                    @for (place, action) in content.next_actions.iter().enumerate() {
                        li {
                            (citing.says(&format!("next_actions[{place}]"), &action.text, &[]))
                            " " small {
                                bdi { (plain(&action.owner)) }
                                @if let Some(due) = action.due { ", by " time datetime=(due) { (due) } }
                                @if action.needs_approval { ", " span.gate { "waits for a decision" } }
                            }
                        }
                    }
                }
            }
        }
        @if !content.missing_information.is_empty() {
            section aria-labelledby="missing" {
                h2 #missing { "Still to ask" }
                ul {
                    @for (place, missing) in content.missing_information.iter().enumerate() {
                        li {
                            (citing.says(&format!("missing_information[{place}]"), &missing.question, &[]))
                            " " small { bdi { (plain(&missing.why)) } }
                        }
                    }
                }
            }
        }
        section aria-labelledby="priority" {
            h2 #priority { "Why " (content.priority.score.band().as_str()) " priority" }
            ul {
                @for (place, reason) in content.priority.reasons.iter().enumerate() {
                    li { (citing.says(&format!("priority.reasons[{place}]"), &reason.text, &reason.quotes)) }
                }
            }
        }
        @if !content.risk.factors.is_empty() {
            section aria-labelledby="risks" {
                h2 #risks { "Risks" }
                ul {
                    @for (place, factor) in content.risk.factors.iter().enumerate() {
                        li {
                            b { (capital(&spoken(factor.kind.as_str()))) ": " }
                            (citing.says(&format!("risk.factors[{place}]"), &factor.text, &factor.quotes))
                        }
                    }
                }
            }
        }
        @if let Some(pricing) = &content.pricing_rationale {
            section aria-labelledby="pricing" {
                h2 #pricing { "Price and payback" }
                p { (citing.says("pricing_rationale", &pricing.text, &pricing.quotes)) }
            }
        }
        @if !content.implementation_roadmap.is_empty() {
            section aria-labelledby="roadmap" {
                h2 #roadmap { "Roadmap" }
                ol {
                    @for (place, phase) in content.implementation_roadmap.iter().enumerate() {
                        li {
                            b { bdi { (plain(&phase.phase)) } }
                            ul { @for step in &phase.steps { li { bdi { (plain(step)) } } } }
                            p { "Done when: " (citing.says(&format!("implementation_roadmap[{place}]"), &phase.exit, &[])) }
                        }
                    }
                }
            }
        }
    }
}

/// The first letter as a capital.
pub(super) fn capital(word: &str) -> String {
    let mut chars = word.chars();
    chars.next().map_or(String::new(), |first| first.to_uppercase().chain(chars).collect())
}

/// A word as people write it: `needs_info` becomes `needs info`.
pub(super) fn spoken(word: &str) -> String {
    word.replace('_', " ")
}
