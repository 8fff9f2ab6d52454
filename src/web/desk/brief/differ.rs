//! The difference between two texts, word by word. Own file because it is pure and bounded on its own. INVARIANT: what is kept and what is
//! gone, in order, is the first text; what is kept and what is new is the second; the work is bounded whatever comes in.

use super::super::layout::plain;
use maud::{Markup, html};

/// Most words of each side that are compared; beyond it the one is shown after the other.
const MOST: usize = 600;

/// A stretch of two texts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Piece<'t> {
    /// In both.
    Kept(&'t str),
    /// In the first alone.
    Gone(&'t str),
    /// In the second alone.
    New(&'t str),
}

/// The two as one, with what went and what came.
pub(super) fn words<'t>(before: &'t str, after: &'t str) -> Vec<Piece<'t>> {
    let (old, new) = (cut(before), cut(after));
    let lead = old.iter().zip(&new).take_while(|(old, new)| old == new).count();
    let (old_rest, new_rest) = (old.get(lead..).unwrap_or_default(), new.get(lead..).unwrap_or_default());
    let tail = old_rest.iter().rev().zip(new_rest.iter().rev()).take_while(|(old, new)| old == new).count();
    let (old_mid, old_tail) = old_rest.split_at(old_rest.len() - tail);
    let (new_mid, _) = new_rest.split_at(new_rest.len() - tail);
    let mut pieces: Vec<Piece<'t>> = old.get(..lead).unwrap_or_default().iter().map(|word| Piece::Kept(word)).collect();
    if old_mid.len() > MOST || new_mid.len() > MOST {
        pieces.extend(old_mid.iter().map(|word| Piece::Gone(word)));
        pieces.extend(new_mid.iter().map(|word| Piece::New(word)));
    } else {
        common(old_mid, new_mid, &mut pieces);
    }
    pieces.extend(old_tail.iter().map(|word| Piece::Kept(word)));
    pieces
}

/// Words, each with the spaces after it.
fn cut(text: &str) -> Vec<&str> {
    let mut words = Vec::new();
    let (mut start, mut in_space) = (0, false);
    for (at, letter) in text.char_indices() {
        if in_space && !letter.is_whitespace() {
            words.extend(text.get(start..at));
            start = at;
        }
        in_space = letter.is_whitespace();
    }
    words.extend(text.get(start..).filter(|rest| !rest.is_empty()));
    words
}

/// By the longest run of words in common.
fn common<'t>(old: &[&'t str], new: &[&'t str], pieces: &mut Vec<Piece<'t>>) {
    let wide = new.len() + 1;
    let mut longest = vec![0u16; (old.len() + 1) * wide];
    let at = |table: &[u16], i: usize, j: usize| table.get(i * wide + j).copied().unwrap_or(0);
    for (i, old) in old.iter().enumerate().rev() {
        for (j, new) in new.iter().enumerate().rev() {
            let best = if old == new {
                at(&longest, i + 1, j + 1) + 1
            } else {
                at(&longest, i + 1, j).max(at(&longest, i, j + 1))
            };
            if let Some(slot) = longest.get_mut(i * wide + j) {
                *slot = best;
            }
        }
    }
    let (mut i, mut j) = (0, 0);
    while let (Some(gone), Some(came)) = (old.get(i), new.get(j)) {
        if gone == came {
            pieces.push(Piece::Kept(gone));
            (i, j) = (i + 1, j + 1);
        } else if at(&longest, i + 1, j) >= at(&longest, i, j + 1) {
            pieces.push(Piece::Gone(gone));
            i += 1;
        } else {
            pieces.push(Piece::New(came));
            j += 1;
        }
    }
    pieces.extend(old.iter().skip(i).map(|word| Piece::Gone(word)));
    pieces.extend(new.iter().skip(j).map(|word| Piece::New(word)));
}

/// The difference as markup; neighbours of one kind stand together.
pub(super) fn shown(before: &str, after: &str) -> Markup {
    let mut runs: Vec<(u8, String)> = Vec::new();
    for piece in words(before, after) {
        let (kind, word) = match piece {
            Piece::Kept(word) => (0, word),
            Piece::Gone(word) => (1, word),
            Piece::New(word) => (2, word),
        };
        match runs.last_mut() {
            Some((last, run)) if *last == kind => run.push_str(word),
            _ => runs.push((kind, word.to_owned())),
        }
    }
    html! {
        @for (kind, run) in &runs {
            @match kind {
                1 => del { (plain(run)) },
                2 => ins { (plain(run)) },
                _ => (plain(run)),
            }
        }
    }
}
