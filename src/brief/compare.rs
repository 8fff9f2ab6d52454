//! How alike two briefs of one request are, section by section.
//!
//! Its own file because it judges drafts against what people approved: not byte for byte, but by what a reviewer would have to change.
//! INVARIANT: likeness is 1 for equal sections and only for those, symmetric, and never below 0; the same contents give the same figures.

use super::content::{Action, Content, Missing, Phase, Statement};
use super::read::words;
use std::collections::HashMap;

/// The sections that are compared, in the order of the brief.
pub const SECTIONS: [&str; 8] = [
    "workflow_summary",
    "priority",
    "risk",
    "recommended_status",
    "missing_information",
    "next_actions",
    "pricing_rationale",
    "implementation_roadmap",
];

/// Entries of two lists that are less alike than this are different entries.
const SAME_ENTRY: f64 = 0.5;

/// One section of two briefs.
#[derive(Clone, Debug, PartialEq)]
pub struct Likeness {
    /// Its name.
    pub section: &'static str,
    /// From 0, nothing in common, to 1, equal.
    pub share: f64,
    /// What differs, in a few words; empty when nothing does.
    pub differs: String,
}

/// Compares `one` with `other`, all sections in order.
#[must_use]
pub fn compare(one: &Content, other: &Content) -> [Likeness; 8] {
    let [summary, priority, risk, status, missing, actions, pricing, roadmap] = SECTIONS;
    let (a, b) = (one, other);
    [
        section(summary, a.workflow_summary.text == b.workflow_summary.text, || {
            (alike(&a.workflow_summary.text, &b.workflow_summary.text), "other words".to_owned())
        }),
        section(priority, same_priority(a, b), || {
            let (from, to) = (a.priority.score.get(), b.priority.score.get());
            let scores = 1.0 - f64::from(from.abs_diff(to)) / 100.0;
            let reasons = matched(&texts(&a.priority.reasons), &texts(&b.priority.reasons));
            let differs = if from == to {
                "other reasons".to_owned()
            } else {
                format!("{from} ({}), {to} ({})", a.priority.band, b.priority.band)
            };
            (0.7 * scores + 0.3 * reasons, differs)
        }),
        section(risk, a.risk.level == b.risk.level && kinds(a) == kinds(b), || {
            let (left, right) = (kinds(a), kinds(b));
            let levels = 1.0 - f64::from((a.risk.level as u8).abs_diff(b.risk.level as u8)) / 3.0;
            let differs = format!("{} [{}], {} [{}]", a.risk.level, left.join(" "), b.risk.level, right.join(" "));
            (0.5 * levels + 0.5 * matched(&left, &right), differs)
        }),
        section(status, a.recommended_status.status == b.recommended_status.status, || {
            (0.0, format!("{}, {}", a.recommended_status.status, b.recommended_status.status))
        }),
        list(missing, &a.missing_information, &b.missing_information, |entry: &Missing| entry.question.clone()),
        list(actions, &a.next_actions, &b.next_actions, |entry: &Action| entry.text.clone()),
        section(pricing, said(a.pricing_rationale.as_ref()) == said(b.pricing_rationale.as_ref()), || {
            match (&a.pricing_rationale, &b.pricing_rationale) {
                (Some(left), Some(right)) => (alike(&left.text, &right.text), "other words".to_owned()),
                (None, _) => (0.0, "none, one".to_owned()),
                (_, None) => (0.0, "one, none".to_owned()),
            }
        }),
        list(roadmap, &a.implementation_roadmap, &b.implementation_roadmap, |entry: &Phase| {
            format!("{} {} {}", entry.phase, entry.steps.join(" "), entry.exit)
        }),
    ]
}

fn section(section: &'static str, same: bool, apart: impl FnOnce() -> (f64, String)) -> Likeness {
    if same {
        return Likeness { section, share: 1.0, differs: String::new() };
    }
    let (share, differs) = apart();
    // What differs is never called equal, however little it is.
    Likeness { section, share: share.clamp(0.0, 0.99), differs }
}

fn list<T: PartialEq>(name: &'static str, left: &[T], right: &[T], text: impl Fn(&T) -> String) -> Likeness {
    section(name, left == right, || {
        let [left, right] = [left, right].map(|side| side.iter().map(&text).collect::<Vec<String>>());
        let share = matched(&left, &right);
        (share, format!("{} entries, {} entries", left.len(), right.len()))
    })
}

fn said(statement: Option<&Statement>) -> Option<&str> {
    statement.map(|statement| statement.text.as_str())
}

fn same_priority(a: &Content, b: &Content) -> bool {
    a.priority.score == b.priority.score
        && a.priority.band == b.priority.band
        && texts(&a.priority.reasons) == texts(&b.priority.reasons)
}

fn texts(list: &[Statement]) -> Vec<String> {
    list.iter().map(|statement| statement.text.clone()).collect()
}

fn kinds(content: &Content) -> Vec<String> {
    let mut kinds: Vec<String> = content.risk.factors.iter().map(|factor| factor.kind.as_str().to_owned()).collect();
    kinds.sort_unstable();
    kinds.dedup();
    kinds
}

/// How much of two lists is in both: entries are paired with the most alike that is left, those far apart with none.
fn matched(left: &[String], right: &[String]) -> f64 {
    if left.is_empty() && right.is_empty() {
        return 1.0;
    }
    let mut pairs: Vec<(f64, usize, usize)> = Vec::new();
    for (i, one) in left.iter().enumerate() {
        for (j, other) in right.iter().enumerate() {
            pairs.push((alike(one, other), i, j));
        }
    }
    pairs.retain(|(share, _, _)| *share >= SAME_ENTRY);
    // Equal pairs are taken in an order that does not depend on which side is called left.
    pairs.sort_by(|a, b| {
        b.0.total_cmp(&a.0).then((a.1 + a.2).cmp(&(b.1 + b.2))).then((a.1.abs_diff(a.2)).cmp(&b.1.abs_diff(b.2)))
    });
    let (mut used_left, mut used_right) = (vec![false; left.len()], vec![false; right.len()]);
    let mut sum = 0.0;
    for (share, i, j) in pairs {
        if let (Some(one), Some(other)) = (used_left.get_mut(i), used_right.get_mut(j))
            && !*one
            && !*other
        {
            (*one, *other) = (true, true);
            sum += share;
        }
    }
    2.0 * sum / (left.len() + right.len()) as f64
}

/// How many words two texts have in common (Dice's coefficient over words, whatever their case).
fn alike(one: &str, other: &str) -> f64 {
    if one == other {
        return 1.0;
    }
    let counted = |text: &str| {
        let mut counts: HashMap<String, u32> = HashMap::new();
        let tokens = words::tokens(text);
        for token in tokens.iter().filter(|token| token.kind != words::Kind::Mark) {
            *counts.entry(token.text.to_lowercase()).or_default() += 1;
        }
        counts
    };
    let (left, right) = (counted(one), counted(other));
    let total: u32 = left.values().sum::<u32>() + right.values().sum::<u32>();
    let common: u32 = left.iter().map(|(word, count)| *count.min(right.get(word).unwrap_or(&0))).sum();
    if total == 0 { 0.0 } else { f64::from(2 * common) / f64::from(total) }
}

#[cfg(test)]
mod tests {
    use super::super::content::{Band, Level, Priority, RecommendedStatus, Risk, Score, Status};
    use super::*;
    use proptest::prelude::*;

    fn content(score: u8, summary: &str, actions: &[String]) -> Content {
        let score = Score::new(score).unwrap();
        Content {
            workflow_summary: Statement { text: summary.into(), quotes: Vec::new() },
            priority: Priority { score, band: score.band(), reasons: Vec::new() },
            risk: Risk { level: Level::Low, factors: Vec::new() },
            recommended_status: RecommendedStatus { status: Status::Qualify, reason: "r".into() },
            missing_information: Vec::new(),
            next_actions: actions
                .iter()
                .map(|text| Action { text: text.clone(), owner: "D".into(), due: None, needs_approval: true })
                .collect(),
            pricing_rationale: None,
            implementation_roadmap: Vec::new(),
            unverified: Vec::new(),
        }
    }

    #[test]
    fn what_differs_is_named_and_what_is_alike_counts() {
        let one = content(55, "An offer is wanted by Friday", &["Call the client".into(), "Send an offer".into()]);
        let mut other = content(85, "An offer is wanted on Friday", &["Send an offer".into()]);
        assert_eq!(one.priority.band, Band::Normal);
        other.recommended_status.status = Status::Escalate;
        let found = compare(&one, &other);
        let by = |name: &str| found.iter().find(|likeness| likeness.section == name).unwrap();
        assert!(by("workflow_summary").share > 0.8);
        assert_eq!(by("priority").differs, "55 (normal), 85 (urgent)");
        assert_eq!(
            (by("recommended_status").share, by("recommended_status").differs.as_str()),
            (0.0, "qualify, escalate")
        );
        assert!((by("next_actions").share - 2.0 / 3.0).abs() < 1e-9);
        assert_eq!((by("risk").share, by("pricing_rationale").share), (1.0, 1.0));
    }

    proptest! {
        #[test]
        fn likeness_is_symmetric_and_one_for_equals_alone(
            scores in [0_u8..=100, 0_u8..=100], words in ["[a-c ]{0,12}", "[a-c ]{0,12}"],
            lists in [prop::collection::vec("[a-c ]{1,8}", 0..4), prop::collection::vec("[a-c ]{1,8}", 0..4)],
        ) {
            let one = content(scores[0], &words[0], &lists[0]);
            let other = content(scores[1], &words[1], &lists[1]);
            for (there, back) in compare(&one, &other).iter().zip(&compare(&other, &one)) {
                prop_assert!((0.0..=1.0).contains(&there.share));
                prop_assert!((there.share - back.share).abs() < 1e-9, "{:?} {:?}", there, back);
                prop_assert_eq!(there.share == 1.0, there.differs.is_empty());
            }
            prop_assert!(compare(&one, &one).iter().all(|likeness| likeness.share == 1.0));
        }
    }
}
