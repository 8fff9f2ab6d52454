//! The request's text with the places that carry the brief's statements, and with what screening found. Own file because text from outside
//! meets markup here, by byte offsets of which none may be trusted. INVARIANT: every character shown is escaped or a visible mark, no offset
//! cuts a character, and the weight of what comes out is bounded whatever comes in.
//!
//! A statement and its places share a number: `data-s` names it on both sides, and the stylesheet lights up all of a number while one of them
//! is pointed at, has the focus, or is the target of the address. So it works by pointer, keyboard and tap, without script.

use super::super::layout::{is_hidden, plain, weight};
use crate::brief::Quote;
use maud::{Markup, html};
use std::collections::BTreeSet;
use std::ops::Range;

/// Most places that are marked for one statement, and on one page.
const PLACES_OF_ONE: usize = 6;
const PLACES: usize = 240;
/// How much of a text is shown from its beginning, and around all places outside it, in bytes of markup.
const HEAD: usize = 10_000;
const AROUND: usize = 14_000;
/// Words shown before and after a place that stands outside the beginning, in bytes.
const BESIDE: usize = 160;
/// How much of one such place is shown at first, in bytes.
const LONGEST_OUTSIDE: usize = 1_500;

/// A statement of the brief that quotes the request.
#[derive(Clone, Debug)]
pub(super) struct Cited {
    /// Its number on the page, from 1.
    pub(super) number: usize,
    pub(super) quotes: Vec<Quote>,
}

/// Something that screening found in the text.
#[derive(Clone, Debug)]
pub(super) struct Screened {
    pub(super) span: Range<usize>,
    /// What, in words.
    pub(super) what: String,
    pub(super) how: How,
}

/// How a finding is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum How {
    /// There is a mask in its place.
    Masked,
    /// It is let through.
    Allowed,
    /// Words that are addressed to a program.
    Injected,
}

/// The quotes of a statement that are marked: those that lie in the text, without repeats, the longest first to count.
pub(super) fn places(text: &str, quotes: &[Quote]) -> Vec<Range<usize>> {
    let mut spans: Vec<Range<usize>> = Vec::new();
    for quote in quotes {
        let span = snapped(text, quote.start() as usize..quote.end() as usize);
        if !span.is_empty() && !spans.contains(&span) {
            spans.push(span);
        }
    }
    spans.sort_by_key(|span| std::cmp::Reverse(span.len()));
    spans.truncate(PLACES_OF_ONE);
    spans.sort_by_key(|span| (span.start, span.end));
    spans
}

/// Within the text, and on the edges of characters.
fn snapped(text: &str, span: Range<usize>) -> Range<usize> {
    let start = text.floor_char_boundary(span.start.min(text.len()));
    start..text.ceil_char_boundary(span.end.min(text.len())).max(start)
}

/// From `from` on, as much as may weigh `room`; up to the end of a word when one is near.
pub(super) fn stretch(text: &str, from: usize, room: usize) -> Range<usize> {
    let from = text.ceil_char_boundary(from.min(text.len()));
    let mut left = room;
    let rest = text.get(from..).unwrap_or_default();
    for (at, letter) in rest.char_indices() {
        match left.checked_sub(weight(letter)) {
            Some(less) => left = less,
            None => {
                let cut = rest.get(..at).unwrap_or_default();
                let near = cut.rfind(char::is_whitespace).filter(|&space| at - space < 200);
                return from..from + near.map_or(at, |space| space + 1);
            }
        }
    }
    from..text.len()
}

/// What of a text is shown at first: its beginning, and every marked place with some words around it, while there is room.
pub(super) fn windows(text: &str, cited: &[Cited]) -> Vec<Range<usize>> {
    let head = stretch(text, 0, HEAD);
    let mut shown = vec![head.clone()];
    let mut room = AROUND;
    let mut outside: Vec<Range<usize>> = cited.iter().flat_map(|cited| places(text, &cited.quotes)).collect();
    outside.retain(|span| span.end > head.end);
    outside.sort_by_key(|span| (span.start, span.end));
    for span in outside {
        let end = span.end.min(span.start.saturating_add(LONGEST_OUTSIDE)).saturating_add(BESIDE);
        let around = snapped(text, span.start.saturating_sub(BESIDE)..end);
        let cost: usize = text.get(around.clone()).unwrap_or_default().chars().map(weight).sum();
        let Some(less) = room.checked_sub(cost) else { continue };
        room = less;
        shown.push(around);
    }
    shown.sort_by_key(|span| (span.start, span.end));
    let mut merged: Vec<Range<usize>> = Vec::new();
    for span in shown {
        match merged.last_mut() {
            // A gap of a few words is no gap.
            Some(last) if span.start <= last.end.saturating_add(80) => last.end = last.end.max(span.end),
            _ => merged.push(span),
        }
    }
    // A few words at the end are no gap either.
    if let Some(last) = merged.last_mut()
        && text.len() - last.end < 80
    {
        last.end = text.len();
    }
    merged
}

/// The text within `shown`, with its marks; `gap` says what stands for what is left out.
pub(super) fn marked(
    text: &str,
    cited: &[Cited],
    screened: &[Screened],
    shown: &[Range<usize>],
    gap: impl Fn(Range<usize>) -> Markup,
) -> Markup {
    let mut spans: Vec<(usize, usize, Range<usize>)> = Vec::new();
    for statement in cited {
        for (place, span) in places(text, &statement.quotes).into_iter().enumerate() {
            if spans.len() < PLACES {
                spans.push((statement.number, place, span));
            }
        }
    }
    let mut edges: BTreeSet<usize> = BTreeSet::new();
    edges.extend(spans.iter().flat_map(|(_, _, span)| [span.start, span.end]));
    let screened: Vec<Screened> = screened
        .iter()
        .map(|found| Screened { span: snapped(text, found.span.clone()), ..found.clone() })
        .filter(|found| !found.span.is_empty())
        .collect();
    edges.extend(screened.iter().flat_map(|found| [found.span.start, found.span.end]));
    let starts = std::iter::once(0).chain(shown.iter().map(|window| window.end));
    let end = shown.last().map_or(0, |window| window.end);
    html! {
        @for (window, before) in shown.iter().zip(starts) {
            @if window.start > before { (gap(before..window.start)) }
            @for piece in pieces(window, &edges) { (one(text, &piece, &spans, &screened)) }
        }
        @if end < text.len() { (gap(end..text.len())) }
    }
}

/// A window cut at the edges that lie in it.
fn pieces(window: &Range<usize>, edges: &BTreeSet<usize>) -> Vec<Range<usize>> {
    let mut cuts: Vec<usize> = vec![window.start];
    cuts.extend(edges.range(window.start + 1..window.end.max(window.start + 1)));
    cuts.push(window.end);
    cuts.windows(2).filter_map(|pair| Some(*pair.first()?..*pair.last()?)).filter(|piece| !piece.is_empty()).collect()
}

/// One piece, of which every letter bears the same marks.
fn one(text: &str, piece: &Range<usize>, spans: &[(usize, usize, Range<usize>)], screened: &[Screened]) -> Markup {
    let words = text.get(piece.clone()).unwrap_or_default();
    let over: Vec<&(usize, usize, Range<usize>)> =
        spans.iter().filter(|(_, _, span)| span.start <= piece.start && piece.end <= span.end).collect();
    let found = screened.iter().find(|found| found.span.start <= piece.start && piece.end <= found.span.end);
    let inner = match found {
        None => plain(words),
        Some(found) => {
            let first = found.span.start == piece.start;
            html! {
                @if found.how == How::Injected {
                    mark.injected {
                        @if first { span.label { "addressed to a program" } " " }
                        (plain(words))
                    }
                } @else {
                    @let class = if found.how == How::Masked { "masked" } else { "found" };
                    span class=(class) title=(found.what) {
                        @if first { span.visually-hidden { (found.what) ": " } }
                        (plain(words))
                    }
                }
            }
        }
    };
    let Some((first, _, _)) = over.first() else { return inner };
    let mut numbers: Vec<String> = over.iter().map(|(number, _, _)| number.to_string()).collect();
    numbers.dedup();
    let numbers = numbers.join(" ");
    html! {
        @for (number, place, span) in &over {
            @if span.start == piece.start { i.at id=(format!("q{number}-{place}")) data-s=(number) {} }
        }
        // A link of a blank or a full stop would be one that nobody can hit or name.
        @if !words.contains(char::is_alphanumeric) {
            span data-s=(numbers) { (inner) }
        } @else {
            a.q href=(format!("#s{first}")) data-s=(numbers) { (inner) }
        }
    }
}

/// The links from a statement to its places; nothing for one that has none in this text.
pub(super) fn links(number: usize, text: &str, quotes: &[Quote]) -> Markup {
    let spans = places(text, quotes);
    html! {
        @if !spans.is_empty() {
            span.cites {
                @for (place, span) in spans.iter().enumerate() {
                    " "
                    a.cite href=(format!("#q{number}-{place}")) title=(excerpt(text, span).replace(is_hidden, "")) {
                        span.visually-hidden { "Its words: " (plain(&excerpt(text, span))) }
                        span aria-hidden="true" { (place + 1) }
                    }
                }
            }
        }
    }
}

/// The first words of a place, on one line.
fn excerpt(text: &str, span: &Range<usize>) -> String {
    const LONGEST: usize = 48;
    let words = text.get(span.clone()).unwrap_or_default().split_whitespace();
    let mut out = String::new();
    for word in words {
        if !out.is_empty() {
            out.push(' ');
        }
        out.extend(word.chars().take(LONGEST));
        if out.chars().count() > LONGEST {
            let short: String = out.chars().take(LONGEST).collect();
            return format!("{}…", short.trim_end());
        }
    }
    out
}
