//! How soon: a score out of named reasons, each with its quote.
//!
//! Its own file because the score is what the queue is ordered by.
//! INVARIANT: every reason that moved the score by five points or more is named, and quotes the
//! request, unless that is empty.

use super::super::content::{Level, Priority, Quote, Risk, RiskKind, Score, Statement};
use super::super::language;
use super::super::lexicon::{Hit, RequestKind, Sense};
use super::facts::Facts;
use super::grave::{self, Gravity};
use super::{DraftInput, cite, day};
use jiff::civil::Date;

/// Where every request begins: in the middle of the normal band.
const START: f32 = 36.0;
/// Where the band high begins.
const HIGH: f32 = 60.0;

/// Adds up the evidence.
pub(super) fn assess(facts: &Facts<'_>, input: &DraftInput<'_>, risk: &Risk, today: Date) -> Priority {
    assess_with(facts, input, risk, today, &Gravity::of(facts, input.subject))
}

/// The same with the judgement of the model handed in, so that a held-out model can be measured.
pub(super) fn assess_with(
    facts: &Facts<'_>,
    input: &DraftInput<'_>,
    risk: &Risk,
    today: Date,
    gravity: &Gravity,
) -> Priority {
    let mut sum = Sum { points: START, reasons: Vec::new() };
    urgency(facts, &mut sum);
    deadline(facts, today, &mut sum);
    standstill(facts, &mut sum);
    risks(risk, &mut sum);
    waiting(facts, &mut sum);
    kind(facts, &mut sum);
    if !matches!(input.language, "en" | "und") {
        sum.add(
            0.0,
            format!(
                "Only figures, dates and a few words of hurry were judged: the request is in {}.",
                language::name(input.language)
            ),
            Vec::new(),
        );
    } else {
        let said = sum.points;
        learnt(facts, input, gravity, &mut sum);
        sum.points = sum.points.clamp(floor(facts), ceiling(facts, said));
    }
    if sum.reasons.is_empty() {
        sum.add(
            0.0,
            "The request names no deadline, no standstill and no risk; it can be taken in turn.".into(),
            Vec::new(),
        );
    }
    // What no word of its own bears rests on what the request asks for.
    for reason in sum.reasons.iter_mut().filter(|reason| reason.quotes.is_empty()) {
        reason.quotes.extend(facts.gist());
    }
    let score = Score::clamped(sum.points);
    Priority { score, band: score.band(), reasons: sum.reasons }
}

/// From here on the words of a request press so hard that no model may soften them.
const PRESSING: f32 = 74.0;
/// What moves the score by so much is named.
const NAMED: f32 = 5.0;

/// What the model of reports adds.
fn learnt(facts: &Facts<'_>, input: &DraftInput<'_>, gravity: &Gravity, sum: &mut Sum) {
    let report = sum.points < PRESSING && grave::is_technical(facts, input.subject);
    if report {
        // In a report of a software fault words like "fails" are the rule, not news: the model that
        // has read many such reports weighs more than the single words, unless these press hard.
        sum.points = START + 0.1 * (sum.points - START);
    }
    let points = gravity.points(if report { 80.0 } else { 12.0 });
    if points.abs() < NAMED {
        sum.points += points;
        return;
    }
    let lead = if report {
        "It reads like a report about software, and a model that has learnt from many of them"
    } else {
        "A model that has learnt from reports about software"
    };
    let how = if points > 0.0 { "graver" } else { "less grave" };
    let most = gravity.most(points > 0.0);
    let words = most.map_or(String::new(), |quote| format!("; what weighed most: {}", cite(facts.quoted(quote), 60)));
    let text = format!("{lead} finds it {how} than the usual one{words}.");
    sum.add(points, text, most.into_iter().collect());
}

/// The least score: a fault that is named in words is never worth nothing.
fn floor(facts: &Facts<'_>) -> f32 {
    match standing(facts) {
        Some((3.., _)) => 30.0,
        Some((2, _)) => 20.0,
        Some(_) => 10.0,
        None => 0.0,
    }
}

/// The highest score: who asks for nothing, or says that it can wait, presses only as far as their own words do.
fn ceiling(facts: &Facts<'_>, said: f32) -> f32 {
    let below = match facts.kind {
        RequestKind::Notice | RequestKind::Pitch => true,
        _ => facts.calm.is_some() && said < HIGH,
    };
    if below { HIGH - 1.0 } else { 100.0 }
}

/// The strongest word for something that does not work, where it says something about the request.
fn standing<'f>(facts: &'f Facts<'_>) -> Option<(u8, &'f Hit)> {
    let mut found: Option<(u8, &Hit)> = None;
    for hit in &facts.hits {
        if let Sense::Outage(weight) = hit.sense
            && found.is_none_or(|(best, _)| weight > best)
        {
            found = Some((weight, hit));
        }
    }
    found.filter(|(best, _)| *best > 1 || matches!(facts.kind, RequestKind::Support | RequestKind::Other))
}

struct Sum {
    points: f32,
    reasons: Vec<Statement>,
}

impl Sum {
    fn add(&mut self, points: f32, text: String, quotes: Vec<Quote>) {
        self.points += points;
        self.reasons.push(Statement { text, quotes });
    }
}

fn urgency(facts: &Facts<'_>, sum: &mut Sum) {
    if let Some(calm) = facts.calm {
        let words = facts.words(calm.start, calm.end);
        sum.add(
            -18.0,
            format!("The sender says it can wait: {}.", cite(words, 60)),
            facts.quote(calm.start, calm.end).into_iter().collect(),
        );
        return;
    }
    let Some((best, count, hit)) = hurry(facts) else { return };
    let points = match best {
        3.. => 26.0,
        2 => 15.0,
        _ => 5.0,
    } + (count - 1).min(2) as f32 * 3.0;
    let words = facts.words(hit.start, hit.end);
    sum.add(
        points,
        format!("The sender presses for time: {}.", cite(words, 60)),
        facts.quote(hit.start, hit.end).into_iter().collect(),
    );
}

/// The strongest word of hurry that counts, its weight, and how many count.
fn hurry<'f>(facts: &'f Facts<'_>) -> Option<(u8, u32, &'f Hit)> {
    let mut found: Option<(u8, u32, &Hit)> = None;
    for hit in &facts.hits {
        if let Sense::Urgent(weight) = hit.sense {
            // "Today" and "immediately" press for time only where something is asked.
            let asked = facts.sentence_of(hit.start).and_then(|i| facts.ask.get(i)).is_some_and(|score| *score >= 0.5);
            let plain = hit.end - hit.start < 12;
            if (weight == 1 || (weight == 2 && plain)) && !asked {
                continue;
            }
            found = match found {
                Some((best, count, strongest)) if best >= weight => Some((best, count + 1, strongest)),
                Some((_, count, _)) => Some((weight, count + 1, hit)),
                None => Some((weight, 1, hit)),
            };
        }
    }
    found
}

/// Whether words of the request press, and not a model's judgement of it alone: hurry, a near day, a standstill, an answer that never came.
pub(super) fn presses(facts: &Facts<'_>) -> bool {
    facts.calm.is_none() && hurry(facts).is_some()
        || facts.deadline.is_some_and(|deadline| deadline.near)
        || standing(facts).is_some_and(|(weight, _)| weight > 1)
        || unanswered(facts).is_some()
}

fn deadline(facts: &Facts<'_>, today: Date, sum: &mut Sum) {
    let Some(deadline) = facts.deadline else { return };
    let days = (deadline.date - today).get_days();
    let points = match days {
        ..=0 => 18.0,
        1..=2 => 14.0,
        3..=7 => 9.0,
        8..=30 => 3.0,
        _ => -2.0,
    };
    let words = cite(facts.quoted(deadline.quote), 60);
    let set = if facts.work.is_some_and(|work| work.quote == deadline.quote) {
        "A date is set for the work"
    } else {
        "A date is set"
    };
    let text = if deadline.relative {
        format!("{set}: {words}, which is {} counted from the day the request arrived.", day(deadline.date))
    } else {
        format!("{set}: {words}.")
    };
    sum.add(points, text, vec![deadline.quote]);
}

fn standstill(facts: &Facts<'_>, sum: &mut Sum) {
    let Some((best, hit)) = standing(facts) else { return };
    let impact = facts.hits.iter().find(|hit| matches!(hit.sense, Sense::Impact));
    let words = cite(facts.words(hit.start, hit.end), 60);
    let mut quotes: Vec<Quote> = facts.quote(hit.start, hit.end).into_iter().collect();
    let mut points = match best {
        3.. => 22.0,
        2 => 12.0,
        _ => 4.0,
    };
    let text = match impact {
        Some(wide) if best >= 2 => {
            points += 8.0;
            quotes.extend(facts.quote(wide.start, wide.end));
            format!(
                "Something does not work ({words}) and it reaches further: {}.",
                cite(facts.words(wide.start, wide.end), 60)
            )
        }
        _ if best == 1 => format!("A fault is named: {words}."),
        _ => format!("Something does not work: {words}."),
    };
    sum.add(points, text, quotes);
}

fn risks(risk: &Risk, sum: &mut Sum) {
    for factor in &risk.factors {
        let points = match (factor.kind, risk.level) {
            (RiskKind::Safety, Level::High | Level::Critical) => 30.0,
            (RiskKind::Safety, _) => 14.0,
            (RiskKind::Security, _) => 12.0,
            (RiskKind::Legal, _) => 10.0,
            (RiskKind::Churn | RiskKind::Reputation, Level::High | Level::Critical) => 11.0,
            (RiskKind::Churn | RiskKind::Reputation, _) => 6.0,
            (RiskKind::Payment | RiskKind::PersonalData, _) => 6.0,
            (RiskKind::Outage | RiskKind::Instructions | RiskKind::Other, _) => continue,
        };
        sum.add(points, factor.text.clone(), factor.quotes.clone());
    }
}

/// Where somebody says that they wrote before and had no answer.
fn unanswered<'f>(facts: &'f Facts<'_>) -> Option<&'f Hit> {
    facts.hits.iter().find(|hit| matches!(hit.sense, Sense::Topic("the missing reply")))
}

fn waiting(facts: &Facts<'_>, sum: &mut Sum) {
    if let Some(hit) = unanswered(facts) {
        let words = cite(facts.words(hit.start, hit.end), 60);
        sum.add(
            9.0,
            format!("The sender wrote before and had no answer: {words}."),
            facts.quote(hit.start, hit.end).into_iter().collect(),
        );
    }
}

fn kind(facts: &Facts<'_>, sum: &mut Sum) {
    let (points, text) = match facts.kind {
        RequestKind::Pitch => (-24.0, "The sender offers something of their own; nothing waits for an answer."),
        RequestKind::Notice => (-16.0, "The message passes something on and asks for nothing."),
        RequestKind::Complaint => (8.0, "The sender is unhappy with what was delivered; a late answer makes it worse."),
        RequestKind::Cancellation => (6.0, "The sender wants to end something; notice periods may run from today."),
        RequestKind::Privacy => (8.0, "Requests about personal data have to be answered within the time the law sets."),
        RequestKind::Lead => (5.0, "A possible new engagement; early answers win them."),
        _ => return,
    };
    sum.add(points, text.into(), super::kind::evidence(facts).into_iter().collect());
}
