//! The request beside the brief: its text with its marks, what screening found, its files. Own file because everything here came from outside.
//! INVARIANT: masked values stay masked; what is shown without a mask is revealed by a post that leaves a receipt.

use super::super::layout::{count, moment, plain};
use super::head::cut;
use super::mark::{self, Cited, How, Screened};
use super::sheet::Sheet;
use crate::screen::{Kind, Treatment, screen};
use crate::store::FileRow;
use maud::{Markup, html};
use std::ops::Range;

/// How much of a long text one further page of it shows, in bytes of markup.
const MORE: usize = 40_000;

/// The request's section of the page.
pub(super) fn section(sheet: &Sheet, cited: &[Cited], key: &Markup) -> Markup {
    let text = sheet.text();
    html! {
        section.request aria-labelledby="request" {
            h2 #request { "The request" }
            @match &sheet.seen {
                None => p.unsure { "Its pilot is no longer configured, so its words stay behind the mask." },
                Some(_) => {
                    (injected(sheet))
                    div.text dir="auto" {
                        (mark::marked(text, cited, &screened(sheet), &mark::windows(text, cited), |gap| left_out(sheet, gap)))
                    }
                },
            }
            (findings(sheet, key))
            (files(sheet, key))
        }
    }
}

/// A stretch of the text from `from` on: the rest of a long one, on demand.
pub(super) fn stretch(sheet: &Sheet, cited: &[Cited], from: usize) -> Markup {
    let text = sheet.text();
    let window = mark::stretch(text, from, MORE);
    let (start, end) = (window.start, window.end);
    let gap = |gap: Range<usize>| {
        if gap.start >= end && gap.start < text.len() {
            left_out(sheet, gap)
        } else {
            html! {}
        }
    };
    html! {
        span.more-text data-from=(start) { (mark::marked(text, cited, &screened(sheet), &[window], gap)) }
    }
}

/// A link to what is left out; the script puts it in its place.
fn left_out(sheet: &Sheet, gap: Range<usize>) -> Markup {
    let to = format!("/briefs/{}/text?from={}", sheet.id, gap.start);
    html! {
        a.gap href=(to) hx-get=(to) hx-target="this" hx-swap="outerHTML" { "… " (size(gap.len())) " more" span.no-print { "; show it" } }
        span.print-only { "[" (size(gap.len())) " of the request are not printed here]" }
    }
}

pub(super) fn size(bytes: usize) -> String {
    match bytes {
        0..1_000 => count(bytes, "byte"),
        1_000..1_000_000 => format!("{} KB", bytes / 1_000),
        _ => format!("{}.{} MB", bytes / 1_000_000, bytes % 1_000_000 / 100_000),
    }
}

/// What screening found in the text that is shown.
fn screened(sheet: &Sheet) -> Vec<Screened> {
    let found = sheet.seen.iter().flat_map(|seen| &seen.found);
    found
        .filter_map(|found| {
            let how = match (found.finding.kind, found.treatment) {
                (Kind::Instruction, _) => How::Injected,
                (_, Treatment::Allow) => How::Allowed,
                _ => How::Masked,
            };
            Some(Screened {
                span: found.in_text()?,
                what: format!("{}, {}", found.finding.kind, found.treatment.name()),
                how,
            })
        })
        .collect()
}

/// A warning when the request speaks to programs.
fn injected(sheet: &Sheet) -> Markup {
    let count =
        sheet.seen.iter().flat_map(|seen| &seen.found).filter(|found| found.finding.kind == Kind::Instruction).count();
    html! {
        @if count > 0 {
            p.notice.bad { b { "This request tries to give orders to a program." } " They are marked. Nobody follows them; read the rest with care." }
        }
    }
}

/// Everything that was found, without its value, and the way to see values.
fn findings(sheet: &Sheet, key: &Markup) -> Markup {
    let found = sheet.seen.as_ref().map(|seen| seen.found.as_slice()).unwrap_or_default();
    let masked = found.iter().filter(|found| found.treatment != Treatment::Allow).count();
    html! {
        @if !found.is_empty() {
            details.findings #findings {
                summary { (masked) " masked of " (found.len()) " found by screening" }
                form method="post" action=(format!("/briefs/{}/reveal", sheet.id)) {
                    (key)
                    ul {
                        @for one in found.iter().take(200) {
                            li {
                                label {
                                    @if sheet.may.reveal && one.treatment != Treatment::Allow {
                                        input type="checkbox" name="finding" value=(one.number); " "
                                    }
                                    b { (one.finding.kind) } ", " (one.treatment.name())
                                    @if let Some(file) = one.attachment { ", in file " (file) }
                                }
                                " " small { (plain(&one.finding.why)) }
                            }
                        }
                    }
                    @if found.len() > 200 { p { "and " (found.len() - 200) " more" } }
                    @if sheet.may.reveal && masked > 0 {
                        p.acts { button type="submit" { "Show the values" } " " small { "those ticked, or all; it goes on record who saw what" } }
                    }
                }
            }
        }
    }
}

/// The files that came with it.
fn files(sheet: &Sheet, key: &Markup) -> Markup {
    html! {
        @if !sheet.files.is_empty() {
            h3 { "Files" }
            ul.files {
                @for (place, file) in sheet.files.iter().enumerate() { (one(sheet, place + 1, file, key)) }
            }
        }
    }
}

fn one(sheet: &Sheet, number: usize, file: &FileRow, key: &Markup) -> Markup {
    let read = sheet.seen.iter().flat_map(|seen| &seen.attached).find(|read| read.ordinal as usize == number);
    let to = format!("/briefs/{}/files/{number}", sheet.id);
    html! {
        li {
            b { bdi { (plain(&cut(&sheet.masked(&file.name)))) } } " "
            small { (plain(&cut(&file.media_type))) ", " (size(usize::try_from(file.bytes).unwrap_or(0))) }
            @match read.map(|read| &read.text) {
                Some(Ok(_)) => { " " a href=(to) { "Read its text" } },
                Some(Err(why)) => { " " small.unsure { "not read: " (plain(why)) } },
                None => { " " small { "holds no text that is read" } },
            }
            @if sheet.may.reveal {
                " " form.inline method="post" action=(to) { (key) button type="submit" data-gives-file { "Download" } }
            }
        }
    }
}

/// The text of a file, masked.
pub(super) fn file(sheet: &Sheet, number: usize) -> Option<(String, Markup)> {
    let file = sheet.files.get(number.checked_sub(1)?)?;
    let masked = sheet.seen.as_ref()?.file(number, sheet.boundary.as_ref()?)?.ok()?;
    let window = mark::stretch(&masked, 0, 2 * MORE);
    let rest = masked.len() - window.end;
    let body = html! {
        p { a href=(format!("/briefs/{}", sheet.id)) { "Back to the brief" } " · what was read out of the file, behind its masks · " (moment(sheet.view.request.received_at, &sheet.zone)) }
        div.text dir="auto" { (plain(masked.get(window).unwrap_or_default())) }
        @if rest > 0 { p.unsure { "… " (size(rest)) " more are not shown here" } }
    };
    Some((cut(&sheet.masked(&file.name)), body))
}

impl Sheet {
    /// Words from outside behind the mask of the boundary.
    pub(super) fn masked(&self, words: &str) -> String {
        let closed = crate::screen::Boundary::closed();
        screen(words, self.boundary.as_ref().unwrap_or(&closed)).text.into_owned()
    }
}
