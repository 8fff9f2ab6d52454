//! The form in which a brief is edited in place. Own file because it is the one place where what stands in a draft becomes fields. INVARIANT:
//! it holds every field of the table once, in its order, with an empty entry at the end of each list, so that everything works by a press of a
//! button and without script; the script only presses for the person.

use super::super::layout::plain;
use super::draft::{Draft, Row, Wrong};
use super::lay::Clash;
use super::next::Trail;
use super::shape::{Cell, Hand, LISTS, List, SINGLES, Single, place};
use maud::{Markup, html};

/// A form to show.
pub(super) struct Sheet<'a> {
    /// Where it goes.
    pub(super) to: String,
    /// Digest of the revision it is upon, and its number.
    pub(super) from: &'a str,
    pub(super) number: u32,
    pub(super) draft: &'a Draft,
    /// What of it cannot be.
    pub(super) wrong: &'a [Wrong],
    /// What somebody else changed as well.
    pub(super) clashes: &'a [Clash],
    /// The field against forged posts.
    pub(super) key: Markup,
    /// The list that its reader came from.
    pub(super) trail: &'a Trail,
    /// What it holds is saved nowhere yet.
    pub(super) unsaved: bool,
}

/// Where the single fields stand in the form, with the lists that belong to them.
const ORDER: [(&str, &[usize], &[usize]); 6] = [
    ("What is asked", &[place::SUMMARY, place::STATUS, place::WHY], &[]),
    ("Next actions", &[], &[0]),
    ("Still to ask", &[], &[1]),
    ("Priority", &[place::SCORE], &[2]),
    ("Risk", &[place::RISK], &[3]),
    ("Price and work", &[place::PRICING], &[4]),
];

/// What people call a field of the form into which words are written; none for its other fields.
pub(in super::super) fn label(name: &str) -> Option<String> {
    let is_words = |hand: Hand| matches!(hand, Hand::Text | Hand::Lines | Hand::Line);
    let single = SINGLES.iter().find(|single| single.name == name && is_words(single.hand));
    single.map(|single| single.label.to_owned()).or_else(|| {
        LISTS.iter().find_map(|list| {
            let cell = list.cells.iter().find(|cell| cell.name == name && is_words(cell.hand))?;
            Some(if cell.label == list.label {
                cell.label.to_owned()
            } else {
                format!("{}: {}", list.label, cell.label)
            })
        })
    })
}

pub(super) fn form(sheet: &Sheet<'_>) -> Markup {
    html! {
        form #edit .edit method="post" action=(sheet.to) data-autosave data-unsaved[sheet.unsaved] {
            (sheet.key)
            (sheet.trail.field())
            input type="hidden" name="from" value=(sheet.from);
            // The first button of a form is the one that the return key presses.
            button.visually-hidden type="submit" name="do" value="save" tabindex="-1" aria-hidden="true" { "Save" }
            (told(sheet))
            @for (title, singles, lists) in ORDER {
                fieldset {
                    legend { (title) }
                    @for &at in singles {
                        @if let (Some(single), Some(text)) = (SINGLES.get(at), sheet.draft.singles.get(at)) {
                            (field(single, text, at == place::SUMMARY && !sheet.unsaved))
                        }
                    }
                    @for &at in lists {
                        @if let (Some(list), Some(rows)) = (LISTS.get(at), sheet.draft.lists.get(at)) { (entries(list, rows)) }
                    }
                }
            }
            p.acts {
                button.primary type="submit" name="do" value="save" { "Save as a new revision" }
                " upon revision " span data-number { (sheet.number) }
                " " output #saved role="status" aria-live="polite" {}
            }
        }
    }
}

/// What is wrong with it and what somebody else did meanwhile.
fn told(sheet: &Sheet<'_>) -> Markup {
    html! {
        div #edit-told role="status" aria-live="polite" {
            @if !sheet.wrong.is_empty() {
                div.notice.bad {
                    p { b { "Not saved." } " What you wrote is still here." }
                    ul { @for wrong in sheet.wrong { li { b { (wrong.place) } ": " (wrong.why) } } }
                }
            }
            @if !sheet.clashes.is_empty() {
                div.notice {
                    p { b { "This was changed twice." } " The form holds your words; what stands now is shown here. Take over what you want to keep, then save." }
                    dl { @for clash in sheet.clashes { dt { (clash.place) } dd dir="auto" { (plain(&clash.theirs)) } } }
                }
            }
        }
    }
}

/// `first`: whoever opens the form goes on from here; a form that was refused is read from its top.
fn field(single: &Single, text: &str, first: bool) -> Markup {
    let id = format!("f-{}", single.name);
    html! {
        p.field {
            label for=(id) { (single.label) }
            (input(single.hand, single.name, &id, text, first))
        }
    }
}

fn entries(list: &List, rows: &[Row]) -> Markup {
    let blank = (list.blank)();
    let cells = list.cells.iter().map(|cell| cell.hand.shown(&blank[cell.key])).collect();
    let empty = Row { at: None, cells };
    let rows: Vec<&Row> = rows.iter().filter(|row| !row.is_blank(list.cells)).collect();
    html! {
        div.entries data-list=(list.name) {
            @for (place, row) in rows.iter().enumerate() { (entry(list, place, row, rows.len())) }
            (entry(list, rows.len(), &empty, rows.len()))
        }
    }
}

fn entry(list: &List, place: usize, row: &Row, count: usize) -> Markup {
    let new = place == count;
    let name = if new { format!("New {}", list.entry) } else { format!("{} {}", list.entry, place + 1) };
    html! {
        div.entry.new[new] role="group" aria-label=(name) {
            input type="hidden" name=(list.at) value=(row.at.map(|at| at.to_string()).unwrap_or_default());
            @for (cell, text) in list.cells.iter().zip(&row.cells) { (one(list, cell, place, text, new)) }
            @if !new {
                p.moves {
                    @if place > 0 {
                        button type="submit" name="do" value=(format!("up:{}:{place}", list.name)) aria-label=(format!("Move {name} up")) { "↑" }
                    }
                    @if place + 1 < count {
                        button type="submit" name="do" value=(format!("down:{}:{place}", list.name)) aria-label=(format!("Move {name} down")) { "↓" }
                    }
                    button type="submit" name="do" value=(format!("drop:{}:{place}", list.name)) aria-label=(format!("Remove {name}")) { "×" }
                }
            }
        }
    }
}

fn one(list: &List, cell: &Cell, place: usize, text: &str, new: bool) -> Markup {
    let id = format!("f-{}-{place}", cell.name);
    html! {
        p.field.(kind(cell.hand)) {
            label for=(id) {
                @if new && list.cells.first().is_some_and(|first| first.name == cell.name) { "New " (list.entry) ": " }
                (cell.label)
            }
            (input(cell.hand, cell.name, &id, text, false))
        }
    }
}

fn kind(hand: Hand) -> &'static str {
    match hand {
        Hand::Text | Hand::Lines => "wide",
        _ => "short",
    }
}

fn input(hand: Hand, name: &str, id: &str, text: &str, first: bool) -> Markup {
    match hand {
        // A browser takes the first end of a line away.
        Hand::Text | Hand::Lines => html! {
            textarea id=(id) name=(name) dir="auto" rows=(lines(text)) maxlength="8000" autofocus[first] { "\n" (text) }
        },
        Hand::Line => html! { input id=(id) name=(name) dir="auto" value=(text) maxlength="8000" autocomplete="off"; },
        Hand::Score => {
            html! { input id=(id) name=(name) type="number" min="0" max="100" step="1" required value=(text); }
        }
        Hand::Day => html! { input id=(id) name=(name) type="date" value=(text); },
        Hand::Word(words) => choice(id, name, text, words().into_iter().map(|word| (word, super::says::spoken(word)))),
        Hand::Yes => choice(id, name, text, [("no", "no".to_owned()), ("yes", "yes".to_owned())].into_iter()),
    }
}

fn choice(id: &str, name: &str, chosen: &str, words: impl Iterator<Item = (&'static str, String)>) -> Markup {
    html! {
        select id=(id) name=(name) {
            @for (word, told) in words { option value=(word) selected[word == chosen] { (told) } }
        }
    }
}

/// How high a field is, so that what stands in it is seen whole.
fn lines(text: &str) -> usize {
    let lines: usize = text.lines().map(|line| line.chars().count() / 60 + 1).sum();
    lines.clamp(1, 12)
}
