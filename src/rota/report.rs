//! The weekly report on a pilot: rows of the store become figures, a letter, and JSON with the rows behind each figure. Own file because the
//! schedule keeps what the command line may also just look at. INVARIANT: a kept report is shown as it was kept, never counted anew.

use super::{Kind, Rota, RotaError, Week};
use crate::domain::pilot::Pilot;
use crate::notice::report::{self, Aside, AsideKind, Compared, Decision, Read, Report, Rows, Verdict};
use crate::notice::{Frame, Notice};
use crate::policy::{Action, Principal, Resource};
use crate::store::{AsideRow, ReadRow, ReportRow, StoreError, WeekRows};
use jiff::Timestamp;
use serde_json::{Value, json};

/// A report, kept or only counted.
#[derive(Clone, Debug)]
pub struct Made {
    /// The pilot.
    pub pilot: String,
    /// The week, such as `2026-W47`.
    pub week: String,
    /// As it was kept; `None`: counted just now, and not kept.
    pub kept: Option<ReportRow>,
    /// One line.
    pub subject: String,
    /// The text part.
    pub text: String,
    /// The HTML part.
    pub html: String,
    /// Figures with the rows behind them.
    pub figures: Value,
}

impl Rota {
    /// The report on a pilot's week: as it was kept, or counted now when none is. Without a week: the newest that was kept, else the last whole
    /// week.
    ///
    /// # Errors
    /// [`RotaError::Denied`], [`RotaError::NoWeek`], [`StoreError::NotFound`] for a pilot.
    pub async fn report(&self, principal: &Principal, pilot: &str, week: Option<&str>) -> Result<Made, RotaError> {
        let pilot = self.pilot(pilot)?;
        let _leave = self.permit(principal, Action::ReportRead, &Resource::pilot(&pilot.name, &pilot.tenant))?;
        let now = self.clock.now();
        let asked = week.map(Week::parse).transpose()?;
        if asked.is_some_and(|week| week.span(&pilot.time_zone).0 > now) {
            return Err(RotaError::NoWeek { given: week.unwrap_or_default().to_owned(), why: "it has not begun" });
        }
        let name = asked.map(|week| week.to_string());
        if let Some(row) = self.store.report(&pilot.name, Kind::WeeklyReport.as_str(), name.as_deref()).await? {
            let figures = serde_json::from_str(&row.figures)
                .map_err(|cause| StoreError::Corrupt { what: format!("figures of `{}`: {cause}", row.id) })?;
            let (subject, text, html) = (row.subject.clone(), row.text.clone(), row.html.clone());
            return Ok(Made {
                pilot: row.pilot.clone(),
                week: row.period.clone(),
                subject,
                text,
                html,
                figures,
                kept: Some(row),
            });
        }
        let week = asked.unwrap_or_else(|| Week::of(now, &pilot.time_zone).before());
        let (notice, figures) = self.count(pilot, week, (false, false)).await?;
        let Notice { subject, text, html } = notice;
        Ok(Made { pilot: pilot.name.clone(), week: week.to_string(), kept: None, subject, text, html, figures })
    }

    /// Counts a week; whether that is late, and whether weeks before it were passed over.
    pub(super) async fn count(
        &self,
        pilot: &Pilot,
        week: Week,
        (late, passed_over): (bool, bool),
    ) -> Result<(Notice, Value), StoreError> {
        let (from, until) = week.span(&pilot.time_zone);
        let sources = self.sources.get(&pilot.name).map_or(&[][..], Vec::as_slice);
        let found = self.store.week(&pilot.name, sources, from, until).await?;
        // A week that is not over yet waits until now and no longer.
        let rows = rows(found, until.min(self.clock.now()));
        let span = report::Week {
            pilot: &pilot.name,
            tenant: &pilot.tenant,
            from,
            until,
            zone: &pilot.time_zone,
            late,
            passed_over,
        };
        let counted = report::report(&span, &rows);
        let because = "you own or review this pilot";
        let frame = Frame { pilot: &pilot.name, tenant: &pilot.tenant, zone: &pilot.time_zone, because };
        let figures = figures(&span, week, &counted);
        Ok((report::letter(&frame, &span, &counted, None), figures))
    }
}

/// Rows of the store as rows of the report.
fn rows(found: WeekRows, until: Timestamp) -> Rows {
    let mut rows = Rows { arrived: found.arrived, ..Rows::default() };
    for (id, accepted, opened, content) in found.drafted {
        rows.to_draft.push((id.clone(), opened.duration_since(accepted)));
        rows.drafted.push((id, missing(&content)));
    }
    for decided in found.decided {
        let verdict = match decided.verdict.as_str() {
            "approve" => Verdict::Approve,
            "minor" => Verdict::Minor,
            "major" => Verdict::Major,
            _ => Verdict::Reject,
        };
        if matches!(verdict, Verdict::Approve | Verdict::Reject) {
            rows.to_decision.push((decided.id.clone(), decided.at.duration_since(decided.opened_at)));
        }
        let (id, edited, reason) = (decided.id, decided.edited, decided.comment);
        rows.decisions.push(Decision { id, verdict, edited, reason });
    }
    rows.waiting = found.waiting.into_iter().map(|(id, since)| (id, until.duration_since(since))).collect();
    rows.aside = found.aside.into_iter().map(aside).collect();
    rows.quarantined = found.quarantined;
    rows.sources = found.reads.into_iter().map(read).collect();
    // C2SP tlog-checkpoint: the third line of the note is the root.
    rows.checkpoint = found.checkpoint.and_then(|(size, note, at)| {
        let root = note.lines().nth(2)?.to_owned();
        Some((size, root, at, format!("checkpoint {size}")))
    });
    rows
}

/// The codes of automatic mail and of mail of our own.
const MACHINE: [&str; 2] = ["OP-2605", "OP-2606"];

fn aside(row: AsideRow) -> Aside {
    let AsideRow { id, state, code, reason } = row;
    let is_answer = id.starts_with("rpl_");
    // What became a request later is counted as what it was taken for when it came.
    let kind = match state.as_str() {
        _ if is_answer || MACHINE.contains(&code.as_str()) => AsideKind::Machine,
        "ignored" => AsideKind::Ignored,
        _ => AsideKind::Quarantined,
    };
    let reason = if code.is_empty() { reason } else { format!("{reason} ({code})") };
    Aside { id, kind, reason, taken_in: state == "requested" }
}

fn read(row: ReadRow) -> Read {
    let compared = row.compared.into_iter().map(|one| Compared {
        row: format!("receipt {}", one.receipt),
        at: one.at,
        held: one.held,
        open: one.open,
    });
    // The row of a source holds when it was read; nothing else of it is shown.
    let proven = row.proven_at.map(|at| (at, format!("source {}", row.source)));
    Read { name: row.source, proven, compared: compared.collect() }
}

/// Names of what a brief has to ask for; a content that cannot be read asks for nothing.
fn missing(content: &[u8]) -> Vec<String> {
    let content: Value = serde_json::from_slice(content).unwrap_or_default();
    let asked = content["missing_information"].as_array().into_iter().flatten();
    asked.filter_map(|one| one["field"].as_str()).map(str::to_owned).collect()
}

/// The figures as JSON, each with the rows behind it.
#[must_use]
pub fn figures(span: &report::Week<'_>, week: Week, counted: &Report) -> Value {
    let line =
        |line: &report::Line| json!({ "name": line.name, "shown": line.figure.shown(), "rows": line.figure.rows() });
    let group = |group: &report::Group| {
        let words: Vec<Value> = group.words.iter().map(|(id, words)| json!({ "id": id, "words": words })).collect();
        json!({ "heading": group.heading, "lines": group.lines.iter().map(line).collect::<Vec<_>>(), "words": words })
    };
    json!({
        "schema": "opspilot.report/1", "pilot": span.pilot, "tenant": span.tenant, "week": week.to_string(), "from": span.from,
        "until": span.until, "time_zone": span.zone.iana_name(), "late": span.late,
        "passed_over": span.passed_over,
        "groups": counted.groups.iter().map(group).collect::<Vec<_>>(),
    })
}
