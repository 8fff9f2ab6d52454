//! Laying one person's changes upon a brief that somebody else changed meanwhile. Own file because here the work of two people meets.
//! INVARIANT: nothing that was typed is lost and nothing of the other's is overwritten unseen: where both changed the same field, the form
//! holds what was typed and the other's words stand beside it.

use super::draft::{Draft, Row, alike};
use super::shape::{Hand, LISTS, List, SINGLES};

/// A field that both changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Clash {
    /// Where, as people call it.
    pub(super) place: String,
    /// What stands there now by the other's hand, or by one's own of a moment ago.
    pub(super) theirs: String,
}

/// `mine`, made from `base`, laid upon `now`: a draft upon `now`, and the fields that both changed.
pub(super) fn lay(mine: &Draft, base: &Draft, now: &Draft) -> (Draft, Vec<Clash>) {
    upon(mine, base, now, Untouched::Follows)
}

/// The same for words that their writer saved and then put back to `base`: where `now` differs, the form holds what was there before, and what
/// stands is beside it. An entry of a list that came since stays.
pub(super) fn put_back(mine: &Draft, base: &Draft, now: &Draft) -> (Draft, Vec<Clash>) {
    upon(mine, base, now, Untouched::Counts)
}

/// What a field means that holds what it held.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Untouched {
    /// Nobody touched it: what stands now counts.
    Follows,
    /// It was put back: it counts against what stands now.
    Counts,
}

fn upon(mine: &Draft, base: &Draft, now: &Draft, untouched: Untouched) -> (Draft, Vec<Clash>) {
    let mut clashes = Vec::new();
    let mut laid = now.clone();
    for (place, single) in SINGLES.iter().enumerate() {
        let side = |draft: &Draft| draft.singles.get(place).cloned().unwrap_or_default();
        let merged = merge(single.hand, [&side(mine), &side(base), &side(now)], untouched, single.label, &mut clashes);
        if let Some(slot) = laid.singles.get_mut(place) {
            *slot = merged;
        }
    }
    for (place, list) in LISTS.iter().enumerate() {
        let side = |draft: &Draft| draft.lists.get(place).cloned().unwrap_or_default();
        if let Some(slot) = laid.lists.get_mut(place) {
            *slot = rows(list, [&side(mine), &side(base), &side(now)], untouched, &mut clashes);
        }
    }
    (laid, clashes)
}

/// One field of which there are three: mine where I changed it, theirs where only they did.
fn merge(
    hand: Hand,
    [mine, base, now]: [&str; 3],
    untouched: Untouched,
    label: &str,
    clashes: &mut Vec<Clash>,
) -> String {
    if alike(hand, base, mine) && untouched == Untouched::Follows {
        return now.to_owned();
    }
    if !alike(hand, base, now) && !alike(hand, now, mine) {
        clashes.push(Clash { place: label.to_owned(), theirs: now.to_owned() });
    }
    mine.to_owned()
}

/// The entries of a list.
fn rows(list: &List, [mine, base, now]: [&[Row]; 3], unmoved: Untouched, clashes: &mut Vec<Clash>) -> Vec<Row> {
    let same = |one: &Row, other: &Row| {
        list.cells
            .iter()
            .zip(one.cells.iter().zip(&other.cells))
            .all(|(cell, (one, other))| alike(cell.hand, one, other))
    };
    let untouched = now.len() == base.len() && now.iter().zip(base).all(|(now, base)| same(now, base));
    let mine: Vec<&Row> = mine.iter().filter(|row| !row.is_blank(list.cells)).collect();
    if untouched {
        // Nobody else was here: mine stands, its entries are still those of the list.
        return mine.into_iter().cloned().collect();
    }
    // Where each entry of `base` is now: at its own place, changed or not, while none came or went; else where it stands unchanged.
    let kept = now.len() == base.len();
    let mut taken = vec![false; now.len()];
    let found: Vec<Option<usize>> = base
        .iter()
        .enumerate()
        .map(|(place, row)| {
            let here = if kept {
                Some(place)
            } else {
                now.iter()
                    .enumerate()
                    .position(|(at, other)| !taken.get(at).copied().unwrap_or(true) && same(row, other))
            };
            if let Some(slot) = here.and_then(|at| taken.get_mut(at)) {
                *slot = true;
            }
            here
        })
        .collect();
    let mut laid: Vec<Option<Row>> = now.iter().cloned().map(Some).collect();
    let mut new = Vec::new();
    for row in &mine {
        let Some((at, before)) = row.at.and_then(|at| Some((at, base.get(at)?))) else {
            new.push(Row { at: None, cells: row.cells.clone() });
            continue;
        };
        match found.get(at).copied().flatten() {
            Some(here) => {
                let Some(theirs) = now.get(here) else { continue };
                let cells = list.cells.iter().enumerate().map(|(place, cell)| {
                    let side = |row: &Row| row.cells.get(place).cloned().unwrap_or_default();
                    let label = format!("{}, {} {}", list.label, cell.label, here + 1);
                    merge(cell.hand, [&side(row), &side(before), &side(theirs)], unmoved, &label, clashes)
                });
                let cells = cells.collect();
                if let Some(slot) = laid.get_mut(here) {
                    *slot = Some(Row { at: Some(here), cells });
                }
            }
            // They took it out or rewrote it. What I did not touch goes with it; what I wrote stays as a new entry.
            None if same(row, before) => {}
            None => {
                let theirs = format!("this {} was taken out or rewritten", list.entry);
                clashes.push(Clash { place: format!("{}, {}", list.label, now.len() + new.len() + 1), theirs });
                new.push(Row { at: None, cells: row.cells.clone() });
            }
        }
    }
    for (place, before) in base.iter().enumerate() {
        if mine.iter().any(|row| row.at == Some(place)) {
            continue;
        }
        // I took it out: it goes when it is as I saw it, and stays, told, when they worked on it.
        let Some(here) = found.get(place).copied().flatten() else { continue };
        let Some(theirs) = now.get(here) else { continue };
        if same(before, theirs) {
            if let Some(slot) = laid.get_mut(here) {
                *slot = None;
            }
        } else {
            let theirs = theirs.cells.join(" · ");
            clashes.push(Clash { place: format!("{}, {}: you took it out", list.label, here + 1), theirs });
        }
    }
    laid.into_iter().flatten().chain(new).collect()
}
