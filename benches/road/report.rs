//! What comes out: the table on the standard output, the goals beside what was reached, and the JSON file.
//!
//! INVARIANT: a goal is judged on medians of the same run, the daemon's against the floor's, and never decides the exit
//! status: a slow machine is not an error.

use crate::Result;
use crate::measure::Figures;
use crate::round::{CONNECTIONS, MANY};
use serde_json::{Value, json};
use std::fmt::Write as _;

/// All rounds of one contender on one kind of store, with so many requests stored before.
#[derive(Debug)]
pub(crate) struct Series {
    /// `floor` or `opspilot`.
    pub(crate) contender: &'static str,
    /// `sqlite` or `postgres`.
    pub(crate) store: &'static str,
    /// Requests stored before the first round.
    pub(crate) stored: u64,
    /// One entry per round.
    pub(crate) rounds: Vec<Figures>,
}

/// One goal and what was reached.
#[derive(Debug)]
struct Goal {
    text: String,
    reached: f64,
    holds: bool,
}

/// The table and the goals of everything that was measured, as text.
pub(crate) fn text(all: &[Series]) -> String {
    let mut out = String::new();
    for store in ["sqlite", "postgres"] {
        let columns: Vec<(&Series, Figures)> = all
            .iter()
            .filter(|series| series.store == store)
            .map(|series| (series, Figures::median(&series.rounds)))
            .collect();
        if columns.is_empty() {
            continue;
        }
        // Writing to a string does not fail, here and below.
        let _ = write!(out, "\n{store:<38}");
        for (series, _) in &columns {
            let _ = write!(out, "{:>20}", format!("{} +{}", series.contender, series.stored));
        }
        let _ = writeln!(out, "{:>10}", "ratio");
        for (name, label) in rows() {
            if columns.iter().all(|(_, figures)| figures.get(&name).is_none()) {
                continue;
            }
            let _ = write!(out, "{label:<38}");
            for (_, figures) in &columns {
                let _ = write!(out, "{:>20}", figures.get(&name).map_or("-".to_owned(), number));
            }
            match ratio(&columns, &name) {
                Some(ratio) => _ = writeln!(out, "{ratio:>10.2}"),
                None => _ = writeln!(out, "{:>10}", "-"),
            }
        }
        for goal in goals(store, &columns) {
            let mark = if goal.holds { "reached" } else { "MISSED" };
            let _ = writeln!(out, "{mark:<8} {:<66} {:>10}", goal.text, number(goal.reached));
        }
    }
    out
}

/// Everything that was measured, round by round, for machines.
pub(crate) fn json(all: &[Series], machine: &Value) -> Result<String> {
    let object =
        |figures: &Figures| -> Value { figures.iter().map(|(name, value)| (name.to_owned(), json!(value))).collect() };
    let series: Vec<Value> = all
        .iter()
        .map(|series| {
            json!({
                "contender": series.contender, "store": series.store, "stored": series.stored,
                "median": object(&Figures::median(&series.rounds)),
                "rounds": series.rounds.iter().map(object).collect::<Vec<_>>(),
            })
        })
        .collect();
    let goals: Vec<Value> = ["sqlite", "postgres"]
        .into_iter()
        .flat_map(|store| {
            let columns: Vec<_> = all
                .iter()
                .filter(|series| series.store == store)
                .map(|series| (series, Figures::median(&series.rounds)))
                .collect();
            goals(store, &columns).into_iter().map(
                move |goal| json!({ "store": store, "goal": goal.text, "reached": goal.reached, "holds": goal.holds }),
            )
        })
        .collect();
    Ok(serde_json::to_string_pretty(&json!({ "machine": machine, "series": series, "goals": goals }))?)
}

/// The rows of the table: name of the figure, label with unit.
fn rows() -> Vec<(String, String)> {
    let mut rows = Vec::new();
    for (connections, _) in CONNECTIONS {
        let per = if connections == 1 { "1 connection".to_owned() } else { format!("{connections} connections") };
        for (name, label) in [
            ("accept_rate", "accepted/s"),
            ("accept_p50", "  p50 ms"),
            ("accept_p99", "  p99 ms"),
            ("brief_rate", "briefs/s to parked"),
            ("cpu", "  CPU s per 1,000"),
            ("cpu_server", "  CPU s per 1,000, database server"),
            ("cpu_driver", "  CPU s per 1,000, this driver"),
            ("others", "  cores busy with something else"),
        ] {
            let label = if label.starts_with(' ') { label.to_owned() } else { format!("{label}, {per}") };
            rows.push((format!("{name}_{connections}"), label));
        }
    }
    for (name, label) in [
        ("decision_rate", "decisions/s, 64 connections"),
        ("decision_p50", "  p50 ms"),
        ("decision_p99", "  p99 ms"),
        ("cpu_decision", "  CPU s per 1,000"),
        ("memory_idle", "memory idle, MB"),
        ("memory_load", "memory at load (highest), MB"),
        ("memory_fill", "memory while filling (highest), MB"),
        ("fill_rate", "briefs/s while filling"),
        ("cpu_idle", "idle CPU, % of one core"),
        ("start", "start to ready, s"),
        ("disk", "on disk per finished request, KB"),
        ("refused", "refused and sent again (429, 503)"),
    ] {
        rows.push((name.to_owned(), label.to_owned()));
    }
    rows
}

/// The daemon's figure by the floor's, both on an empty store; for times and costs, less is better.
fn ratio(columns: &[(&Series, Figures)], name: &str) -> Option<f64> {
    let reached = figure(columns, "opspilot", false, name)? / figure(columns, "floor", false, name)?;
    reached.is_finite().then_some(reached)
}

fn figure(columns: &[(&Series, Figures)], contender: &str, stored: bool, name: &str) -> Option<f64> {
    let (_, figures) =
        columns.iter().find(|(series, _)| series.contender == contender && (series.stored > 0) == stored)?;
    figures.get(name)
}

/// The goals that what was measured can answer.
fn goals(store: &str, columns: &[(&Series, Figures)]) -> Vec<Goal> {
    let road = if store == "sqlite" { 0.6 } else { 0.5 };
    let mut goals = Vec::new();
    let mut judge = |text: String, reached: Option<f64>, holds: &dyn Fn(f64) -> bool| {
        if let Some(reached) = reached {
            goals.push(Goal { text, reached, holds: holds(reached) });
        }
    };
    for (connections, _) in CONNECTIONS {
        let rate = ratio(columns, &format!("accept_rate_{connections}"));
        judge(format!("accepted/s at {connections}: at least 0.7 of the floor"), rate, &|ratio| ratio >= 0.7);
        let tail = ratio(columns, &format!("accept_p99_{connections}"));
        judge(format!("p99 at {connections}: under 2 times the floor"), tail, &|ratio| ratio < 2.0);
    }
    let rate = ratio(columns, &format!("brief_rate_{MANY}"));
    judge(format!("briefs/s at {MANY}: at least {road} of the floor"), rate, &|ratio| ratio >= road);
    judge("decisions/s: at least 0.5 of the floor".to_owned(), ratio(columns, "decision_rate"), &|ratio| ratio >= 0.5);
    for stored in [false, true] {
        let beside = if stored { "store filled before" } else { "empty store" };
        let ours = |name: &str| figure(columns, "opspilot", stored, name);
        judge(format!("CPU s per 1,000 at {MANY}: at most 0.3, {beside}"), ours(&format!("cpu_{MANY}")), &|cpu| {
            cpu <= 0.3
        });
        judge(format!("memory idle: under 30 MB, {beside}"), ours("memory_idle"), &|memory| memory < 30.0);
        judge(format!("memory at load: under 150 MB, {beside}"), ours("memory_load"), &|memory| memory < 150.0);
        judge(format!("memory while filling: under 150 MB, {beside}"), ours("memory_fill"), &|memory| memory < 150.0);
        judge(format!("idle CPU: under 0.5 %, {beside}"), ours("cpu_idle"), &|cpu| cpu < 0.5);
        judge(format!("start to ready: under 0.3 s, {beside}"), ours("start"), &|start| start < 0.3);
        judge(format!("on disk: at most 8 KB per finished request, {beside}"), ours("disk"), &|disk| disk <= 8.0);
    }
    let rates = CONNECTIONS
        .iter()
        .flat_map(|(connections, _)| [format!("accept_rate_{connections}"), format!("brief_rate_{connections}")]);
    for name in rates.chain(["decision_rate".to_owned()]) {
        let kept = figure(columns, "opspilot", true, &name)
            .zip(figure(columns, "opspilot", false, &name))
            .map(|(filled, empty)| filled / empty);
        judge(format!("{name}: at least 0.9 of the empty store's when filled"), kept, &|kept| kept >= 0.9);
    }
    goals
}

fn number(value: impl std::borrow::Borrow<f64>) -> String {
    let value = *value.borrow();
    match value.abs() {
        0.0 => "0".to_owned(),
        ..0.1 => format!("{value:.4}"),
        ..10.0 => format!("{value:.2}"),
        ..100.0 => format!("{value:.1}"),
        _ => format!("{value:.0}"),
    }
}
