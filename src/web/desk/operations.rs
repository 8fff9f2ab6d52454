//! The house for whoever keeps it running: what works, what waits, what went aside and where that is dealt with. Own file because it is of
//! all pilots at once. INVARIANT: it says what is wrong in words, not by a colour alone.

use super::layout::{self, Here};
use super::shown::{Screen, Shown};
use super::visit::Visit;
use crate::figures::dollars;
use crate::web::api::figures::{self, Kept};
use crate::web::problem::Refused;
use jiff::Timestamp;
use jiff::tz::TimeZone;
use maud::{Markup, html};

/// A source that was not heard of for so long is pointed at, in seconds.
const SILENT: i64 = 15 * 60;

pub(super) async fn show(visit: Visit) -> Result<Shown, Refused> {
    let kept = figures::house(&visit.call).await?;
    let house = &kept.house;
    let body = html! {
        p.lead { "As of " (layout::moment(house.at, &TimeZone::UTC)) ". " a href="/operations" data-key="r" data-key-text="Load again" { "Load again" } }
        (aside(&kept))
        div.sets {
            (queues(&kept))
            (sources(&kept))
            (limits(&kept))
            section.card aria-labelledby="store" {
                h2 id="store" { "Store and versions" }
                dl.facts {
                    dt { "Release" } dd { (house.version) }
                    dt { "Store" } dd { (house.store) }
                    dt { "Requests" } dd { (house.queues.requests) }
                    dt { "Receipts" } dd { (house.receipts) }
                    @for check in &kept.checks { dt { (check.name) } dd { (well(check.ok)) " " span.quiet { (layout::plain(&check.detail)) } } }
                }
            }
        }
        p.quiet { "The same by " code { "opspilot status" } " and by " code { "GET /api/v1/operations" } "; measurements over time at " code { "/metrics" } "." }
    };
    Ok(Shown::Page(Screen { title: "Operations".into(), here: Some(Here::Operations), body }))
}

fn well(ok: bool) -> Markup {
    html! { @if ok { span.tag.good { "well" } } @else { span.tag.urgent { "not well" } } }
}

/// What wants a person, with the command that deals with it.
fn aside(kept: &Kept) -> Markup {
    let (house, queues) = (&kept.house, &kept.house.queues);
    let mut wants: Vec<(i64, String, &str)> = vec![
        (queues.failed, "runs failed for good (dead letters)".into(), "opspilot request list --state failed"),
        (
            queues.uncertain,
            "runs of which somebody must say what happened".into(),
            "opspilot request list --state uncertain",
        ),
        (queues.quarantined, "items in quarantine".into(), "opspilot quarantine list"),
        (
            i64::try_from(kept.unsettled).unwrap_or(i64::MAX),
            "calls of which nobody knows the cost".into(),
            "opspilot limit show",
        ),
    ];
    wants.extend(
        house.letters_aside.iter().map(|(state, count)| (*count, format!("letters {state}"), "opspilot letter list")),
    );
    wants.extend(house.writes_aside.iter().map(|row| {
        (
            i64::from(row.count),
            format!("writes {} ({}, {})", row.state.as_str(), row.pilot, row.sink),
            "opspilot writeback list",
        )
    }));
    wants.retain(|(count, ..)| *count > 0);
    let failing: Vec<&crate::web::Check> = kept.checks.iter().filter(|check| !check.ok).collect();
    html! {
        @if wants.is_empty() && house.stopped.is_empty() && failing.is_empty() {
            p.said { "Nothing wants a person here." }
        } @else {
            div.notice {
                h2 { "Wants a person" }
                ul {
                    @for check in failing { li { strong { (check.name) } ": " (layout::plain(&check.detail)) } }
                    @for (count, what, command) in &wants { li { strong { (count) } " " (what) ": " code { (command) } } }
                    @for stop in &house.stopped {
                        li {
                            "Writing of " strong { (stop.pilot) } @if let Some(sink) = &stop.sink { " to " (sink) }
                            " is stopped since " (layout::moment(stop.since, &TimeZone::UTC)) ": " bdi { (layout::plain(&stop.reason)) }
                            ". " code { "opspilot pilot resume" }
                        }
                    }
                }
            }
        }
    }
}

fn since(at: Option<Timestamp>, now: Timestamp) -> Markup {
    html! { @if let Some(at) = at { ", the oldest for " (layout::span(at, now)) } }
}

fn queues(kept: &Kept) -> Markup {
    let (now, queues) = (kept.house.at, &kept.house.queues);
    html! {
        section.card aria-labelledby="queues" {
            h2 id="queues" { "Queues" }
            dl.facts {
                dt { "For a person" } dd { a href="/" { (queues.undecided) " briefs" } (since(queues.oldest_undecided, now)) }
                dt { "For a worker" } dd { (queues.available) " runs" (since(queues.oldest_available, now)) }
                dt { "At work" } dd { (queues.running) }
                dt { "Tried again later" } dd { (queues.retrying) }
                dt { "Failed for good" } dd { (queues.failed) }
                dt { "Uncertain" } dd { (queues.uncertain) }
                dt { "In quarantine" } dd { (queues.quarantined) }
            }
        }
    }
}

fn sources(kept: &Kept) -> Markup {
    let now = kept.house.at;
    html! {
        section.card aria-labelledby="sources" {
            h2 id="sources" { "Sources that are read" }
            @if kept.house.sources.is_empty() {
                p { "None is read by this house: webhooks bring what they have by themselves." }
            } @else {
                table {
                    thead { tr { th scope="col" { "Source" } th scope="col" { "Last proven read" } th scope="col" { "Last compared" } } }
                    tbody {
                        @for source in &kept.house.sources {
                            tr {
                                th scope="row" { (source.name) }
                                td {
                                    @match source.proven_at {
                                        Some(at) => {
                                            (layout::span(at, now)) " ago"
                                            @if now.duration_since(at).as_secs() > SILENT { " " span.tag.high { "silent" } }
                                        }
                                        None => span.tag.high { "never" }
                                    }
                                }
                                td { @match source.reconciled_at { Some(at) => { (layout::span(at, now)) " ago" } None => span.quiet { "never" } } }
                            }
                        }
                    }
                }
            }
        }
    }
}

fn limits(kept: &Kept) -> Markup {
    html! {
        section.card aria-labelledby="limits" {
            h2 id="limits" { "Generators and limits" }
            @if kept.sides.is_empty() && kept.budgets.is_empty() { p { "No model was asked yet, and no budget is set." } }
            @if !kept.sides.is_empty() {
                dl.facts {
                    @for side in &kept.sides {
                        dt { (side.generator) }
                        dd {
                            @if side.state == "closed" { span.tag.good { "answers" } } @else { span.tag.high { (side.state) } }
                            @if let Some(until) = side.until { " until " (layout::moment(until, &TimeZone::UTC)) }
                        }
                    }
                }
            }
            @if !kept.budgets.is_empty() {
                table {
                    thead { tr { th scope="col" { "Budget" } th.number scope="col" { "Limit" } th.number scope="col" { "Left" } } }
                    tbody {
                        @for line in &kept.budgets {
                            tr {
                                th scope="row" { (line.scope) " " span.quiet { (line.span.as_str()) " " (line.period) } }
                                td.number { @if let Some(limit) = line.limit { (dollars(u64::try_from(limit.get()).unwrap_or(0))) } }
                                td.number { @if let Some(left) = line.left { (dollars(u64::try_from(left.get()).unwrap_or(0))) } }
                            }
                        }
                    }
                }
            }
        }
    }
}
