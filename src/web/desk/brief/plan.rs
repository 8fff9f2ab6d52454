//! What would be written outside, and what was: every request whole, the record it goes to, and what a person can do about it. Own file
//! because a person answers for exactly what stands here. INVARIANT: a request is shown to the byte, with its digest; nothing in it becomes
//! markup.

use super::super::layout::{coded, plain};
use super::says::capital;
use crate::domain::writeback::{Obstacle, WriteState};
use crate::plan::Item;
use crate::store::WriteRow;
use crate::writeback::{Contrast, Shown};
use maud::{Markup, html};
use opspilot_sdk::Call;
use serde_json::Value;

/// The first characters of a digest: enough to compare by eye.
pub(super) fn short(digest: &str) -> &str {
    digest.get(..12).unwrap_or(digest)
}

/// One request.
pub(super) fn request(call: &Call) -> Markup {
    html! {
        pre.call tabindex="0" aria-label="The exact request" {
            b { (plain(&call.method)) " " (plain(&call.target)) } "\n"
            @for (name, value) in &call.headers { (plain(name)) ": " (plain(value)) "\n" }
            @if !call.body.is_empty() { "\n" (plain(&call.body)) }
        }
    }
}

/// What a write does, in a line.
fn line(sink: &str, kind: &str, record: &str) -> Markup {
    html! {
        b { (capital(kind)) } " in " bdi { (plain(sink)) }
        @if !record.is_empty() { ", record " code { (plain(record)) } }
    }
}

/// In one line, everything that an approval would have carried out.
pub(super) fn summary(items: &[Item]) -> Markup {
    html! {
        ul { @for item in items { li { (line(&item.sink, item.write.kind.as_str(), &item.write.record)) } } }
    }
}

/// What stands in the way of a plan, each said once.
pub(super) fn obstacles(shown: &Shown) -> Vec<&Obstacle> {
    let mut told: Vec<&Obstacle> = Vec::new();
    for obstacle in shown.obstacles.iter().flatten() {
        if told.iter().all(|known| known.message != obstacle.message) {
            told.push(obstacle);
        }
    }
    told
}

/// A plan.
pub(super) fn plan(shown: &Shown) -> Markup {
    let (have, need) = shown.approvals;
    html! {
        section.plan aria-labelledby="plan" {
            h2 #plan { "What would be written" }
            @match &shown.hash {
                Some(hash) => p {
                    "Plan " code title=(hash) { (short(hash)) } ", " (have) " of " (need) " approvals. Nothing else is sent, and nothing before it is approved."
                },
                None => p { "Nothing would be written outside for this brief." },
            }
            ol {
                @for (item, obstacles) in shown.plan.items.iter().zip(&shown.obstacles) {
                    li {
                        details open[shown.plan.items.len() == 1] {
                            summary { (line(&item.sink, item.write.kind.as_str(), &item.write.record)) " " small { code title=(item.digest) { (short(&item.digest)) } } }
                            (request(&item.write.call))
                        }
                        @for obstacle in obstacles { p.unsure { "Not now: " (coded(&obstacle.message, obstacle.code)) } }
                    }
                }
            }
            @for left in &shown.plan.left_out {
                p.left { "Left out: " (line(&left.sink, left.kind.as_str(), "")) ": " (coded(&left.message, &left.code)) }
            }
            @if let Some((force, changes)) = &shown.in_force {
                @if !changes.is_empty() {
                    div.notice {
                        p { "Another plan is in force, " code title=(force.plan) { (short(&force.plan)) } ". Since then:" }
                        ul { @for change in changes { li { (plain(change)) } } }
                    }
                }
            }
        }
    }
}

/// A record three ways.
pub(super) fn sides(sides: &[Contrast]) -> Markup {
    html! {
        @if !sides.is_empty() {
            div.scroll tabindex="0" role="region" aria-label="The record before, as left, and now" {
                table {
                    thead { tr { th scope="col" { "Field" } th scope="col" { "Before" } th scope="col" { "As we left it" } th scope="col" { "Now" } } }
                    tbody {
                        @for side in sides {
                            tr.changed[side.changed] {
                                th scope="row" { (plain(&side.name)) @if side.changed { " " span.unsure { "changed since" } } }
                                td { (value(side.before.as_ref())) }
                                td { (value(side.left.as_ref())) }
                                td { (value(side.now.as_ref())) }
                            }
                        }
                    }
                }
            }
        }
    }
}

pub(super) fn value(value: Option<&Value>) -> Markup {
    match value {
        None | Some(Value::Null) => html! { span.none { "nothing" } },
        Some(Value::String(text)) => html! { bdi { (plain(text)) } },
        Some(other) => html! { code { (plain(&other.to_string())) } },
    }
}

/// What a person may do about a write now.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Rights {
    pub(super) cancel: bool,
    pub(super) settle: bool,
    pub(super) undo: bool,
}

/// A form with one button.
fn press(to: &str, key: &Markup, write: &WriteRow, act: &str, label: &str, more: &Markup) -> Markup {
    html! {
        form.inline method="post" action=(to) {
            (key)
            input type="hidden" name="write" value=(write.id);
            (more)
            button type="submit" name="do" value=(act) { (label) }
        }
    }
}

/// The writes of a brief with where each stands.
pub(super) fn writes(
    brief: &str,
    writes: &[WriteRow],
    rights: Rights,
    key: &Markup,
    time: impl Fn(jiff::Timestamp) -> Markup,
) -> Markup {
    let to = format!("/briefs/{brief}/writes");
    let none = html! {};
    html! {
        @if !writes.is_empty() {
            section.writes aria-labelledby="writes" {
                h2 #writes { "What was written" }
                ol {
                    @for write in writes {
                        li id=(write.id) {
                            p {
                                span class=(format!("state {}", write.state)) { (write.state) } " "
                                @if write.undo_of.is_some() { "taking back: " }
                                (line(&write.sink, write.write.kind.as_str(), &write.write.record))
                                @if write.state == WriteState::Waiting { ", not before " (time(write.due_at)) }
                                @if let Some(at) = write.written_at { ", seen there " (time(at)) }
                            }
                            @if let Some(message) = &write.message {
                                p.unsure { (coded(message, write.code.as_deref().unwrap_or_default())) }
                            }
                            details { summary { "The exact request" } (request(&write.write.call)) }
                            div.acts {
                                @if rights.cancel && matches!(write.state, WriteState::Waiting | WriteState::Blocked | WriteState::Refused | WriteState::Differs) {
                                    (press(&to, key, write, "cancel", "Stop it for good", &none))
                                }
                                @if rights.settle && matches!(write.state, WriteState::Blocked | WriteState::Refused) {
                                    (press(&to, key, write, "retry", "Try again", &none))
                                }
                                @if rights.settle && write.state == WriteState::Uncertain {
                                    @let named = html! {
                                        label { "Its name there, if you know it " input name="far_id" autocomplete="off"; }
                                    };
                                    (press(&to, key, write, "went", "It was done", &named))
                                    (press(&to, key, write, "did_not_go", "It was not done", &none))
                                }
                                @if rights.undo && write.state == WriteState::Written && write.undo_of.is_none() {
                                    a.button href=(format!("/briefs/{brief}/undo?write={}", write.id)) { "Take it back…" }
                                }
                            }
                        }
                    }
                }
            }
        }
    }
}
