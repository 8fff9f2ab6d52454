//! Figures are what their rows say, and nothing else.

use super::count;
use super::*;
use crate::domain::id::BriefId;
use crate::store::{TrendDecision, TrendSpend};
use jiff::SignedDuration;
use proptest::prelude::*;

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn berlin() -> TimeZone {
    TimeZone::get("Europe/Berlin").unwrap()
}

fn days(from: &str, until: &str) -> Days {
    Days::read(Some(from), Some(until), at("2026-11-21T12:00:00Z"), &berlin()).unwrap()
}

fn decided(number: u8, verdict: &str, opened_at: Timestamp, secs: i64) -> TrendDecision {
    TrendDecision {
        brief: BriefId::new(opened_at, [number; 10]),
        verdict: verdict.into(),
        reason: (verdict == "reject").then(|| "spam".to_owned()),
        opened_at,
        at: opened_at + SignedDuration::from_secs(secs),
        approved: verdict == "approve",
    }
}

#[test]
fn days_are_those_of_the_pilots_clock() {
    // The day on which Berlin's clocks were put back has 25 hours.
    let span = days("2026-10-25", "2026-10-25");
    assert_eq!(span.moments(), (at("2026-10-24T22:00:00Z"), at("2026-10-25T23:00:00Z")));
    let usual = Days::read(None, None, at("2026-11-20T23:30:00Z"), &berlin()).unwrap();
    assert_eq!((usual.first.to_string(), usual.last.to_string()), ("2026-10-25".into(), "2026-11-21".into()));
    for (from, until) in [("2026-11-02", "2026-11-01"), ("2025-11-01", "2026-11-21"), ("soon", "2026-11-21")] {
        let refused = Days::read(Some(from), Some(until), at("2026-11-21T12:00:00Z"), &berlin());
        assert!(refused.unwrap_err().to_string().ends_with("(OP-4015)"));
    }
    assert_eq!(days("2025-11-22", "2026-11-21").parts().len(), 52 + 1);
}

#[test]
fn a_set_counts_its_rows() {
    let span = days("2026-11-01", "2026-11-03");
    let noon = at("2026-11-02T11:00:00Z");
    let rows = TrendRows {
        // Half past midnight in Berlin is the day before in London.
        arrived: vec![(at("2026-11-01T23:30:00Z"), 3), (noon, 2), (at("2026-11-03T22:59:00Z"), 1)],
        drafted: vec![(noon, 2)],
        took: vec![(SignedDuration::from_secs(5), 1), (SignedDuration::from_secs(70), 1)],
        decided: vec![
            decided(1, "approve", noon, 600),
            decided(2, "reject", noon, 90_000),
            decided(3, "minor", noon, 10),
        ],
        spent: vec![TrendSpend {
            day: "2026-11-02".into(),
            settled: crate::domain::money::Micros::new(1_500_000).unwrap(),
            held: crate::domain::money::Micros::ZERO,
            calls: 4,
        }],
        ..TrendRows::default()
    };
    let volume = count::volume(&rows, &span);
    assert_eq!(volume.labels, ["2026-11-01", "2026-11-02", "2026-11-03"]);
    assert_eq!(
        volume.series.iter().map(|series| series.values.clone()).collect::<Vec<_>>(),
        [[0, 5, 1], [0, 2, 0], [0, 1, 1]]
    );
    assert_eq!((volume.rows, volume.by), (10, "day"));
    let drafts = count::first_draft(&rows);
    assert_eq!(drafts.series[0].values, [1, 0, 1, 0, 0, 0]);
    assert_eq!(drafts.says, "Half took no longer than 5 s, nine of ten no longer than 70 s.");
    assert_eq!(count::decision(&rows).series[0].values, [2, 0, 0, 1, 0, 0, 0]);
    let verdicts = count::verdicts(&rows);
    assert_eq!(
        (verdicts.series[0].values.as_slice(), verdicts.says.as_str()),
        ([1, 1, 0, 1].as_slice(), "Approved: 33 % (1 of 3).")
    );
    let reasons = count::reasons(&rows);
    assert_eq!((reasons.rows, reasons.labels.as_slice()), (1, ["spam or an attempt to deceive".to_owned()].as_slice()));
    let spent = count::spent(&rows, &span);
    assert_eq!(
        (spent.series[0].values.as_slice(), spent.says.as_str()),
        ([0, 1_500_000, 0].as_slice(), "$1.50 for 4 calls.")
    );
    let sections = count::sections(&rows, 500);
    assert_eq!((sections.rows, sections.says.as_str()), (1, "Approved as drafted: 100 % (1 of 1)."));
    assert!(sections.series[1].values.iter().all(|count| *count == 0));
}

#[test]
fn amounts_read_well() {
    assert_eq!(
        [0, 1, 1_200, 9_999, 10_000, 1_234_567].map(dollars),
        ["$0.00", "$0.000001", "$0.0012", "$0.009999", "$0.01", "$1.23"]
    );
}

#[test]
fn without_rows_there_is_no_figure() {
    let span = days("2026-11-01", "2026-11-03");
    for set in sets(&TrendRows::default(), &span) {
        assert_eq!(set.rows, 0, "{}", set.key);
        assert!(set.series.iter().all(|series| series.values.iter().all(|value| *value == 0)), "{}", set.key);
    }
}

proptest! {
    #[test]
    fn every_row_is_counted_once(secs in prop::collection::vec(0i64..40 * 86_400, 0..60)) {
        let span = days("2026-10-01", "2026-11-20");
        let (from, until) = span.moments();
        let opened = |place: usize| from + SignedDuration::from_secs(i64::try_from(place).unwrap());
        let rows = TrendRows {
            decided: secs.iter().enumerate().map(|(place, secs)| decided(u8::try_from(place).unwrap(), "approve", opened(place), *secs)).collect(),
            drafted: secs.iter().map(|_| (from, 1)).collect(),
            took: secs.iter().map(|secs| (SignedDuration::from_secs(*secs), 1)).collect(),
            ..TrendRows::default()
        };
        let inside = rows.decided.iter().filter(|made| made.at < until).count();
        prop_assert_eq!(inside, secs.len());
        for set in sets(&rows, &span) {
            let sum: u64 = set.series.iter().flat_map(|series| &series.values).sum();
            match set.key {
                "first-draft" | "decision" | "verdicts" => prop_assert_eq!(sum, secs.len() as u64),
                "volume" => prop_assert_eq!(sum, 2 * secs.len() as u64),
                "sections" => prop_assert_eq!(sum, 8 * secs.len() as u64),
                _ => prop_assert_eq!(sum, 0),
            }
            prop_assert!(set.series.iter().all(|series| series.values.len() == set.labels.len()));
        }
    }
}
