//! What work costs, written out: the sums that the embedded generator draws from a request's figures.
//!
//! Its own file because each form of words is a case of its own. Test builds only. INVARIANT: every sum is one that the checker holds for
//! right and lists as calculated.

use super::tests::{invented, make};

/// The rationale of a request, every figure of which is in the request or calculated.
fn rationale(text: &str) -> String {
    let content = make(text, None, &[]);
    assert!(invented(&content.unverified).is_empty(), "{text}: {:?}", content.unverified);
    let said = content.pricing_rationale.map(|pricing| pricing.text).unwrap_or_default();
    for sum in said.split(['.', ';', ':']).filter(|part| part.contains(" = ") && part.contains(" × ")) {
        let sum = sum.split(" = ").next().unwrap().trim();
        let listed = content.unverified.iter().any(|p| p.problem.starts_with("calculated") && p.problem.contains(sum));
        assert!(listed, "`{sum}` is not listed: {:?}", content.unverified);
    }
    said
}

#[test]
fn labour_counts_people_hours_period_and_rate() {
    for (text, sum) in [
        ("Two people spend 3 hours each per day at 35 EUR an hour.", "2 × 3 × 35 = EUR 210 a day."),
        ("Two people each spend 3 hours a day at 35 EUR an hour.", "2 × 3 × 35 = EUR 210 a day."),
        ("Each of our four clerks spends 2 hours daily, at 30 EUR an hour.", "4 × 2 × 30 = EUR 240 a day."),
        ("Every month three accountants need 4 hours per person, at 60 EUR an hour.", "3 × 4 × 60 = EUR 720 a month."),
        ("3 of us spend 90 minutes each every week at €40 per hour.", "3 × 90 × 40 ÷ 60 = €180 a week."),
        ("We have four clerks. Each of them spends 2 hours a day at 30 EUR an hour.", "4 × 2 × 30 = EUR 240 a day."),
        (
            "With 40 staff, two of them each spend 3 hours every working day at 35 EUR an hour.",
            "2 × 3 × 35 = EUR 210 a day.",
        ),
        ("We write 40 reports a month, 2 hours each, at 35 EUR an hour.", "40 × 2 × 35 = EUR 2,800 a month."),
        ("We need 40 hours of consulting at €90 per hour.", "40 × 90 = €3,600."),
    ] {
        let said = rationale(&format!("{text} Please send us a quote."));
        assert!(said.ends_with(sum), "{text}\n{said}");
    }
}

#[test]
fn hours_of_all_together_are_not_multiplied() {
    let unclear = rationale("Two people spend 6 hours a day on it at 35 EUR an hour. Please send us a quote.");
    assert!(unclear.contains(": 6 × 35 = EUR 210 a day.") && unclear.contains("does not say whether"), "{unclear}");
    let said =
        rationale("Four colleagues together spend 10 hours a week on it at 50 EUR an hour. Please send a quote.");
    assert!(said.contains("“Four colleagues” together") && said.contains(": 10 × 50 = EUR 500 a week."), "{said}");
    let some = rationale("Each clerk spends 2 hours a day at 30 EUR an hour. Please send us a quote.");
    assert!(some.contains("2 × 30 = EUR 60 a day for each person; how many"), "{some}");
}

#[test]
fn no_period_is_worked_out_and_no_range_is_cut_to_a_figure() {
    let week = rationale(
        "Each of our four clerks spends 2 hours a day on it, 5 days a week, at 30 EUR an hour. Our budget is 12,000 EUR. Please quote.",
    );
    assert!(week.contains("= EUR 240 a day. At “5 days a week”: 240 × 5 = EUR 1,200 a week."), "{week}");
    let paced = rationale("Two people spend 3 hours each twice a week at 35 EUR an hour. Please send us a quote.");
    assert!(paced.ends_with("2 × 3 × 35 = EUR 210 each time."), "{paced}");
    for text in [
        "Two people spend 2-3 hours each per day at 35 EUR an hour.",
        "Two to three people spend 3 hours each per day at 35 EUR an hour.",
        "Two people spend 3 hours each per day at 30 to 40 EUR an hour.",
    ] {
        let said = rationale(&format!("{text} Please send us a quote."));
        assert!(said.contains("a range") && !said.contains('='), "{text}\n{said}");
    }
}

#[test]
fn what_it_costs_today_is_held_against_the_budget_or_the_price() {
    let budget = rationale("It costs us around 1,050 EUR a week. Our budget is 12,000 EUR. Please send us a quote.");
    assert!(budget.contains("“1,050 EUR a week”. If all of that cost went away, which is the upper bound"), "{budget}");
    assert!(
        budget.contains("12,000 ÷ 1,050 = 11.42 weeks.") && budget.contains("budget named is “12,000 EUR”"),
        "{budget}"
    );
    let price = rationale("We lose about $400 every month. The price you quoted was $9,000. When could you start?");
    assert!(price.contains("the price of “$9,000” would be earned back in 9,000 ÷ 400 = 22.50 months."), "{price}");
    // The request's own word goes before what was worked out.
    let both = rationale(
        "Two people spend 3 hours each per day at 35 EUR an hour; it costs us around 1,050 EUR a week. Our budget is 12,000 EUR. Please send us a quote.",
    );
    assert!(both.contains("2 × 3 × 35 = EUR 210 a day.") && both.matches('÷').count() == 1, "{both}");
    let spent =
        rationale("We spend 2,000 EUR a month on retyping orders. Our budget is 9,000 EUR. Please send us a quote.");
    assert!(spent.contains("9,000 ÷ 2,000 = 4.50 months"), "{spent}");
    // No payback between currencies, from a rate, or out of what is paid for something else.
    for text in [
        "It costs us 500 EUR a week. Our budget is $900.",
        "An hour costs us 40 EUR per hour. Our budget is 900 EUR.",
        "Our rent costs us 500 EUR a month. Our budget is 900 EUR.",
        "We spend 500 EUR a month on rent. Our budget is 900 EUR.",
    ] {
        assert!(!rationale(&format!("{text} Please send us a quote.")).contains('÷'), "{text}");
    }
}
