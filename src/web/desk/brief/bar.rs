//! The bar of decisions. Own file because this is where the page becomes an act. INVARIANT: a decision's form names the digest of the revision
//! that is shown and, with an approval, the hash of the plan that is shown; there is no such form for a revision that does not stand.

use super::super::layout::{coded, count, instant, moment, plain, span};
use super::plan::{self, short};
use super::says::capital;
use super::sheet::Sheet;
use crate::domain::review::{Reason, ReviewState};
use crate::domain::writeback::WriteState;
use crate::store::WriteRow;
use jiff::Timestamp;
use jiff::tz::TimeZone;
use maud::{Markup, html};

/// What a person typed into a decision that was refused.
#[derive(Clone, Debug, Default)]
pub(super) struct Typed {
    /// Which decision.
    pub(super) decision: String,
    pub(super) comment: String,
    pub(super) reason: String,
}

/// What can be decided here, and by the way which of how many of its list the brief is.
pub(super) fn bar(sheet: &Sheet, key: &Markup, typed: Option<&Typed>, place: Option<(usize, u32)>) -> Markup {
    let undecided = matches!(sheet.row.state, ReviewState::Open | ReviewState::Amending);
    let may = sheet.may;
    let any = may.approve || may.edit || may.minor || may.major || may.reject;
    let held = sheet.held_by_another();
    html! {
        @if undecided && sheet.stands() && any {
            nav.bar #decide aria-label="Decide" {
                @if let Some((by, until)) = held { (taken(sheet, key, by, until, typed.is_some())) }
                // Words that were refused because of that stay where they were typed.
                @if held.is_none() || typed.is_some() { (ways(sheet, key, typed)) }
                @if let Some((at, all)) = place { span.quiet.place { (at) " of " (all) } }
            }
        }
    }
}

/// Somebody else has claimed it: nothing is decided past them.
fn taken(sheet: &Sheet, key: &Markup, by: &str, until: Timestamp, typed: bool) -> Markup {
    html! {
        form.taken method="post" action=(format!("/briefs/{}/claim", sheet.id)) target=[typed.then_some("_blank")] {
            (key) (sheet.trail.field())
            b { bdi { (plain(sheet.name(by))) } } " has claimed it until " (moment(until, &sheet.zone))
            @if sheet.may.takeover {
                " · " button type="submit" name="do" value="take_over" { "Take it over" @if typed { " in a new tab" } @else { (letter("t")) } }
            }
        }
    }
}

fn ways(sheet: &Sheet, key: &Markup, typed: Option<&Typed>) -> Markup {
    html! {
                @if sheet.row.state == ReviewState::Open && sheet.may.approve { (approve(sheet, key)) }
                @if sheet.may.edit {
                    a.button #act-edit href=(sheet.trail.on(&format!("/briefs/{}/edit", sheet.id))) data-key="e" data-key-text="Edit" { "Edit" (letter("e")) }
                }
                @if sheet.row.state == ReviewState::Open && sheet.may.minor {
                    (worded(sheet, key, typed, "minor", "Small changes", "What to change by hand", "m"))
                }
                @if sheet.may.major { (worded(sheet, key, typed, "major", "Draft again", "What the next attempt must heed", "M")) }
                @if sheet.may.reject { (reject(sheet, key, typed)) }
    }
}

/// The key that opens it, for the eye.
fn letter(key: &str) -> Markup {
    html! { kbd aria-hidden="true" { (key) } }
}

/// The fields that every decision carries.
fn named(sheet: &Sheet, key: &Markup) -> Markup {
    html! {
        (key) (sheet.trail.field())
        input type="hidden" name="revision" value=(sheet.revision.digest);
    }
}

fn to(sheet: &Sheet) -> String {
    format!("/briefs/{}/decide", sheet.id)
}

fn approve(sheet: &Sheet, key: &Markup) -> Markup {
    let plan = sheet.plan.as_ref().and_then(|shown| Some((shown.hash.as_deref()?, shown)));
    html! {
        details.act name="act" #act-approve {
            summary data-key="a" data-key-text="Approve" { "Approve" (letter("a")) }
            form method="post" action=(to(sheet)) {
                (named(sheet, key))
                input type="hidden" name="decision" value="approve";
                p {
                    "Revision " (sheet.revision.number) ", " code title=(sheet.revision.digest) { (short(&sheet.revision.digest)) }
                    ", exactly as it is shown."
                }
                @match plan {
                    Some((hash, shown)) => {
                        p { "Plan " code title=(hash) { (short(hash)) } ", exactly as " a href="#plan" { "it is shown" } ":" }
                        (plan::summary(&shown.plan.items))
                        @let obstacles = plan::obstacles(shown);
                        @if obstacles.is_empty() {
                            p.acts {
                                button.primary type="submit" name="plan" value=(hash) { "Approve, and have this written" }
                                " " button type="submit" name="plan" value="" { "Approve, write nothing" }
                            }
                        } @else {
                            p.unsure { "As things stand, this keeps writes back:" }
                            ul { @for obstacle in &obstacles { li { (coded(&obstacle.message, obstacle.code)) } } }
                            p.acts {
                                button.primary type="submit" name="plan" value="" { "Approve, write nothing" }
                                " " button type="submit" name="plan" value=(hash) { "Approve, and have this written later" }
                            }
                            p.quiet { "What is to be written later is blocked until the way is open and somebody has it tried again." }
                        }
                    },
                    None => {
                        p { "Nothing is written outside." }
                        p.acts { button.primary type="submit" name="plan" value="" { "Approve" } }
                    },
                }
            }
        }
    }
}

fn worded(
    sheet: &Sheet,
    key: &Markup,
    typed: Option<&Typed>,
    word: &str,
    label: &str,
    what: &str,
    press: &str,
) -> Markup {
    let typed = typed.filter(|typed| typed.decision == word);
    html! {
        details.act name="act" id=(format!("act-{word}")) open[typed.is_some()] {
            summary data-key=(press) data-key-text=(label) { (label) (letter(press)) }
            form method="post" action=(to(sheet)) {
                (named(sheet, key))
                input type="hidden" name="decision" value=(word);
                p.field {
                    label for=(format!("c-{word}")) { (what) }
                    textarea id=(format!("c-{word}")) name="comment" dir="auto" rows="3" maxlength="10000" required {
                        "\n" (typed.map_or("", |typed| typed.comment.as_str()))
                    }
                }
                p.acts { button.primary type="submit" { (label) } }
            }
        }
    }
}

fn reject(sheet: &Sheet, key: &Markup, typed: Option<&Typed>) -> Markup {
    let typed = typed.filter(|typed| typed.decision == "reject");
    html! {
        details.act name="act" #act-reject open[typed.is_some()] {
            summary data-key="r" data-key-text="Reject" { "Reject" (letter("r")) }
            form method="post" action=(to(sheet)) {
                (named(sheet, key))
                input type="hidden" name="decision" value="reject";
                p.field {
                    label for="c-why" { "Because" }
                    select #c-why name="reason" required {
                        option value="" { "choose a reason" }
                        @for reason in Reason::ALL {
                            option value=(reason.as_str()) selected[typed.is_some_and(|typed| typed.reason == reason.as_str())] { (reason.told()) }
                        }
                    }
                }
                p.field {
                    label for="c-reject" { "In your words; needed for another reason" }
                    textarea #c-reject name="comment" dir="auto" rows="2" maxlength="10000" {
                        "\n" (typed.map_or("", |typed| typed.comment.as_str()))
                    }
                }
                p.acts { button.danger type="submit" { "Reject" } }
            }
        }
    }
}

/// How much of what an approval had written has left, and what still waits.
pub(in crate::web) struct Leaving {
    all: usize,
    left: usize,
    /// When the first of those that wait is due.
    pub(super) first: Option<Timestamp>,
}

impl Leaving {
    /// Of the writes of a brief. What takes something back is no part of it, nor what a person stopped.
    pub(in crate::web) fn of(writes: &[WriteRow]) -> Self {
        let counts = |write: &&WriteRow| write.undo_of.is_none() && write.state != WriteState::Cancelled;
        let waits = |write: &&WriteRow| write.state == WriteState::Waiting && write.sent_at.is_none();
        let all = writes.iter().filter(counts);
        let waiting = all.clone().filter(waits);
        Self {
            all: all.clone().count(),
            left: all.clone().filter(|write| write.sent_at.is_some() || write.written_at.is_some()).count(),
            first: waiting.map(|write| write.due_at).min(),
        }
    }

    /// In words; nothing when nothing waits.
    pub(in crate::web) fn told(&self, now: Timestamp, zone: &TimeZone) -> Markup {
        let Some(first) = self.first else { return html! {} };
        let (left, all) = (self.left, self.all);
        html! {
            @match left {
                0 => { b { "Nothing has left yet" } " of " (count(all, "write")) },
                1 => { b { "1 of " (all) " has left" } },
                _ => { b { (left) " of " (all) " have left" } },
            }
            @if first > now {
                ", and " @if left > 0 { "no more" } @else { "nothing" } " will before " (instant(first, zone)) ", in " (span(now, first))
            }
            "."
        }
    }
}

/// After an approval: until when nothing has left, and how to stop it.
pub(super) fn window(sheet: &Sheet, key: &Markup) -> Markup {
    let leaving = Leaving::of(&sheet.writes);
    html! {
        @if leaving.first.is_some() {
            div.notice #window {
                p { (leaving.told(sheet.now, &sheet.zone)) }
                @if sheet.may.writes.cancel {
                    form.inline method="post" action=(format!("/briefs/{}/writes", sheet.id)) {
                        (key) button type="submit" name="do" value="take_back" { "Take it back" }
                    }
                }
            }
        }
    }
}

/// The decisions so far.
pub(super) fn decisions(sheet: &Sheet) -> Markup {
    html! {
        @if !sheet.decisions.is_empty() {
            section aria-labelledby="decisions" {
                h2 #decisions { "Decisions" }
                ul {
                    @for made in &sheet.decisions {
                        li {
                            (moment(made.at, &sheet.zone)) " " b { (capital(&made.verdict)) } " of revision " (made.revision) " by " bdi { (plain(sheet.name(&made.person))) }
                            @if let Some(reason) = made.reason { " (" (reason.told()) ")" }
                            @if let Some(comment) = &made.comment { ": " bdi { (plain(comment)) } }
                        }
                    }
                }
            }
        }
    }
}
