//! A brief for a terminal, wrapped to a width, in colour or not.
//!
//! Its own file because a terminal obeys control characters: none from a brief may reach it.
//! INVARIANT: without colour the output holds no control character but the line feed.

use super::super::content::{Band, Level};
use super::super::envelope::Brief;
use super::{capital, origin, plain, spoken};

/// Renders `brief` at most `width` columns wide (at least 30), with ANSI colours when `colour`.
#[must_use]
pub fn terminal(brief: &Brief, width: usize, colour: bool) -> String {
    let c = &brief.content;
    let mut page = Page { out: String::with_capacity(4096), width: width.max(30), colour };
    let band = match c.priority.band {
        Band::Urgent => "1;31",
        Band::High => "1;33",
        Band::Normal => "1;32",
        Band::Low => "2",
    };
    let level = match c.risk.level {
        Level::Critical | Level::High => "1;31",
        Level::Medium => "1;33",
        Level::Low => "2",
    };
    let head = [
        page.paint("1", &capital(&spoken(c.recommended_status.status.as_str()))),
        page.paint(band, &format!("{} priority {}", c.priority.band, c.priority.score.get())),
        page.paint(level, &format!("{} risk", c.risk.level)),
    ];
    page.out.push_str(&head.join("  "));
    page.out.push('\n');
    page.wrap("", &c.recommended_status.reason);
    page.title("Summary");
    page.wrap("", &c.workflow_summary.text);
    if !c.next_actions.is_empty() {
        page.title("Next actions");
        for (i, action) in c.next_actions.iter().enumerate() {
            let due = action.due.map(|d| format!(", by {d}")).unwrap_or_default();
            let gate = if action.needs_approval { ", after approval" } else { "" };
            page.wrap(&format!("{}. ", i + 1), &format!("{} ({}{due}{gate})", action.text, action.owner));
        }
    }
    if !c.missing_information.is_empty() {
        page.title("Still to ask");
        for missing in &c.missing_information {
            page.wrap("- ", &format!("{} {}", missing.question, missing.why));
        }
    }
    page.title("Why this priority");
    for reason in &c.priority.reasons {
        page.wrap("- ", &reason.text);
    }
    if !c.risk.factors.is_empty() {
        page.title("Risks");
        for factor in &c.risk.factors {
            page.wrap("- ", &format!("{}: {}", capital(&spoken(factor.kind.as_str())), factor.text));
        }
    }
    if let Some(pricing) = &c.pricing_rationale {
        page.title("Price and payback");
        page.wrap("", &pricing.text);
    }
    if !c.implementation_roadmap.is_empty() {
        page.title("Roadmap");
        for (i, phase) in c.implementation_roadmap.iter().enumerate() {
            page.wrap(&format!("{}. ", i + 1), &phase.phase);
            for step in &phase.steps {
                page.wrap("   - ", step);
            }
            page.wrap("   - ", &format!("Done when: {}", phase.exit));
        }
    }
    if !c.unverified.is_empty() {
        page.title("Please confirm");
        for problem in &c.unverified {
            page.wrap("- ", &format!("{} ({})", problem.problem, problem.path));
        }
    }
    page.out.push('\n');
    page.wrap("", &format!("{} revision {} for {}, {}", brief.brief, brief.revision, brief.request, origin(brief)));
    page.out
}

struct Page {
    out: String,
    width: usize,
    colour: bool,
}

impl Page {
    fn paint(&self, code: &str, text: &str) -> String {
        if self.colour { format!("\u{1b}[{code}m{text}\u{1b}[0m") } else { text.into() }
    }

    fn title(&mut self, text: &str) {
        let painted = self.paint("1;4", text);
        self.out.push('\n');
        self.out.push_str(&painted);
        self.out.push('\n');
    }

    /// Wraps at spaces; following lines are indented to the end of `lead`. Words wider than the
    /// line are cut.
    fn wrap(&mut self, lead: &str, text: &str) {
        let indent = lead.chars().count();
        let room = self.width.saturating_sub(indent).max(10);
        self.out.push_str(lead);
        let mut column = 0;
        for word in plain(text).split(' ') {
            let mut letters = word.chars().peekable();
            while letters.peek().is_some() {
                let length = letters.clone().count();
                if column > 0 && column + 1 + length > room {
                    self.out.push('\n');
                    self.out.extend(std::iter::repeat_n(' ', indent));
                    column = 0;
                } else if column > 0 {
                    self.out.push(' ');
                    column += 1;
                }
                let part: String = letters.by_ref().take(room).collect();
                column += part.chars().count();
                self.out.push_str(&part);
            }
        }
        self.out.push('\n');
    }
}
