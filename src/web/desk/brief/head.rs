//! The head of the page: what it is, how urgent, where it stands, who has claimed it, how it was drafted. Own file because a reviewer decides by it
//! whether to read on now. INVARIANT: priority and risk are told by word and shape, never by colour alone.

use super::super::layout::{self, count, moment, plain};
use super::plan::short;
use super::request;
use super::says::{capital, spoken};
use super::sheet::Sheet;
use crate::brief::{Content, Generator};
use crate::domain::review::ReviewState;
use maud::{Markup, html};

pub(super) fn head(sheet: &Sheet, content: &Content, key: &Markup) -> Markup {
    html! {
        header.brief-head {
            ul.facts {
                // Of the score, also where an earlier version kept another word beside it.
                @let band = content.priority.score.band();
                li { span.chip.(format!("band-{band}")) { (capital(band.as_str())) " " small { (content.priority.score.get()) } } }
                li { span.chip.(format!("risk-{}", content.risk.level)) { (capital(content.risk.level.as_str())) " risk" } }
                li { span.chip { (capital(&spoken(content.recommended_status.status.as_str()))) } }
                li { span.chip.state.(sheet.row.state.as_str()) { (state(sheet.row.state)) } }
                li { (claim(sheet, key)) }
                // Where both do not stand side by side.
                li.jump { a href="#request" { "Request" } }
            }
            (from(sheet))
            (origin(sheet))
        }
    }
}

/// What a name may weigh, in bytes of markup.
const NAME: usize = 160;

/// A line that is not heavier than a heading should be.
pub(super) fn cut(line: &str) -> String {
    const HEAVIEST: usize = 320;
    layout::cut(line, HEAVIEST)
}

fn state(state: ReviewState) -> &'static str {
    match state {
        ReviewState::Open => "Waits for a decision",
        ReviewState::Amending => "Waits for small changes",
        ReviewState::Redrafting => "Is being drafted again",
        ReviewState::Approved => "Approved",
        ReviewState::Rejected => "Rejected",
        ReviewState::Withdrawn => "Withdrawn",
    }
}

/// Who asks, since when, where.
fn from(sheet: &Sheet) -> Markup {
    let request = &sheet.view.request;
    let particulars = sheet.seen.as_ref().map(|seen| &seen.particulars);
    let parts = particulars.map(|known| {
        let all = [&known.sender_name, &known.sender_email, &known.sender_phone, &known.organisation];
        all.into_iter().flatten().map(|part| layout::cut(part, NAME)).collect::<Vec<_>>()
    });
    html! {
        p.from {
            @for part in parts.unwrap_or_default() { bdi { (plain(&part)) } " · " }
            (moment(request.received_at, &sheet.zone)) " · " (plain(&request.pilot)) " · "
            a href=(format!("/requests/{}", request.id)) { "what happened so far" }
        }
    }
}

/// Who has claimed it, and taking it or letting it go.
fn claim(sheet: &Sheet, key: &Markup) -> Markup {
    let to = format!("/briefs/{}/claim", sheet.id);
    let press = |act: &str, label: &str, letter: Option<&str>| {
        html! {
            form.inline method="post" action=(to) { (key) (sheet.trail.field()) button type="submit" name="do" value=(act) data-key=[letter] { (label) } }
        }
    };
    let undecided = matches!(sheet.row.state, ReviewState::Open | ReviewState::Amending | ReviewState::Redrafting);
    html! {
        @if undecided {
            div.claim {
                @match sheet.held() {
                    Some((by, until)) if by == sheet.reader => {
                        "You have claimed it until " (moment(until, &sheet.zone)) ". "
                        @if sheet.may.claim { (press("claim", "Claim it longer", None)) " " (press("let_go", "Let go", Some("c"))) }
                    },
                    Some((by, until)) => {
                        b { bdi { (plain(sheet.name(by))) } } " has claimed it until " (moment(until, &sheet.zone)) ". "
                        @if sheet.may.takeover { (press("take_over", "Take it over", Some("t"))) }
                    },
                    None => { @if sheet.may.claim { (press("claim", "Claim it", Some("c"))) } },
                }
            }
        }
    }
}

/// How it was drafted, and which revision this is: one line, and the rest behind it. What a reviewer must not miss stands before it.
fn origin(sheet: &Sheet) -> Markup {
    let revision = &sheet.revision;
    let generator = &sheet.generator;
    html! {
        @if !sheet.stands() {
            p.unsure { b { "This is not the revision that stands. " } a href=(format!("/briefs/{}", sheet.id)) { "Show that one" } }
        }
        @if generator.left_out_bytes > 0 {
            p.unsure { "Its generator did not see " (request::size(usize::try_from(generator.left_out_bytes).unwrap_or(usize::MAX))) " in the middle." }
        }
        details.origin {
            summary {
                "Revision " (revision.number) " of " (sheet.revisions.len()) ", "
                @if revision.is_draft() { "drafted by " (plain(&generator.kind)) } @else { "edited by " bdi { (plain(sheet.name(&revision.author))) } }
            }
            p {
                "Digest " code title=(revision.digest) { (short(&revision.digest)) } ", " (moment(revision.at, &sheet.zone))
            }
            (drafter(generator))
        }
    }
}

/// The line of the generator: time, tokens, cost, corrections.
fn drafter(generator: &Generator) -> Markup {
    html! {
        p {
            "Drafted by " (plain(&generator.kind))
            @if let Some(model) = &generator.model { " " (plain(model)) }
            @if let Some(name) = &generator.name { " (" (plain(name)) ")" }
            " in " (duration(generator.latency_ms))
            @if let Some(tokens) = generator.tokens { ", " (tokens.input) " tokens read and " (tokens.output) " written" }
            ", " (cost(generator.cost_micros))
            @if generator.repairs > 0 { ", sent back " (count(usize::try_from(generator.repairs).unwrap_or(usize::MAX), "time")) }
            @for tried in &generator.fallback { ", after " (plain(&tried.generator)) " gave none (" (plain(&tried.code)) ")" }
            @if !generator.missing_sections.is_empty() { ", left empty: " (plain(&generator.missing_sections.join(", "))) }
        }
        @if !generator.corrections.is_empty() {
            p { (count(generator.corrections.len(), "correction")) " of its answer:" }
            ul { @for correction in &generator.corrections { li { code { (plain(&correction.path)) } " " (plain(&correction.what)) } } }
        }
    }
}

fn duration(millis: u64) -> String {
    if millis < 1_000 { format!("{millis} ms") } else { format!("{}.{} s", millis / 1_000, millis % 1_000 / 100) }
}

/// Micro-dollars as people read them.
fn cost(micros: i64) -> String {
    match micros {
        0 => "at no cost".to_owned(),
        micros if micros < 10_000 => format!("for ${}.{:06}", micros / 1_000_000, micros % 1_000_000),
        micros => format!("for ${}.{:04}", micros / 1_000_000, micros % 1_000_000 / 100),
    }
}
