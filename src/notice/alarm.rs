//! The letter about a budget that is nearly used up. Own file because it is about money and not about a brief; nobody can answer it.

use super::page::{Page, line};
use super::{Frame, Notice};

/// So much of a budget is used.
#[derive(Clone, Debug)]
pub struct Alarm<'a> {
    /// Whose budget: `pilot north`, `tenant acme`.
    pub whose: &'a str,
    /// For when: `2026-11-21`, `2026-11`, `whole`.
    pub period: &'a str,
    /// How much is spent or held, such as `$4.00`.
    pub used: String,
    /// Out of this.
    pub limit: String,
    /// The threshold, in hundredths.
    pub percent: i64,
    /// What happens at the end of it, by the pilot's rule; a clause.
    pub then: &'a str,
}

/// To the people of the pilot.
#[must_use]
pub fn alarm(frame: &Frame<'_>, alarm: &Alarm<'_>) -> Notice {
    let Alarm { whose, period, used, limit, percent, then } = alarm;
    let whose = line(whose, 120);
    let title = if *percent >= 100 {
        format!("The budget of {whose} is used up")
    } else {
        format!("{percent} % of the budget of {whose} is used")
    };
    let mut page = Page::new(title.clone());
    page.paragraph("Models that draft briefs cost money, within budgets that are never gone beyond.");
    let when = if *period == "whole" { "in all" } else { period };
    page.facts([("Period", when.to_owned()), ("Spent or held", used.clone()), ("Limit", limit.clone())]);
    page.paragraph(format!("When nothing is left, {then}."));
    page.small("Whoever runs OpsPilot sees every call with `opspilot spend`, and can raise the budget.");
    frame.finish(title, page)
}
