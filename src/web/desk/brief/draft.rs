//! A brief as it stands in a form, and what a person changed of it. Own file because what comes back from a browser is text from outside that
//! must become the same edits that API and command line send. INVARIANT: what the person did not touch is not touched: neither what the
//! boundary masked for them nor what a browser cannot carry is written back.

use super::shape::{self, Hand, LISTS, SINGLES, place};
use crate::brief::{Content, Edit};
use serde_json::Value;

/// Everything in the form, in the order of the table.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Draft {
    /// Single fields.
    pub(super) singles: Vec<String>,
    /// Lists with their entries.
    pub(super) lists: Vec<Vec<Row>>,
}

/// One entry of a list.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Row {
    /// Which entry of the content it was; none: it is new.
    pub(super) at: Option<usize>,
    pub(super) cells: Vec<String>,
}

/// Something in a form that cannot be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Wrong {
    /// Where, as people call it; empty for the whole.
    pub(super) place: String,
    /// What.
    pub(super) why: String,
}

/// What a press of a button does to an entry of a list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// One up.
    Up,
    /// One down.
    Down,
    /// Away.
    Drop,
}

impl Draft {
    /// A content, as it is put into a form.
    pub(super) fn of(content: &Value) -> Self {
        let row = |list: &shape::List, place: usize, entry: &Value| Row {
            at: Some(place),
            cells: list.cells.iter().map(|cell| cell.hand.shown(&entry[cell.key])).collect(),
        };
        Self {
            singles: SINGLES.iter().map(|single| single.hand.shown(shape::at(content, single.path))).collect(),
            lists: LISTS
                .iter()
                .map(|list| {
                    let entries = shape::at(content, list.path).as_array();
                    entries.into_iter().flatten().enumerate().map(|(place, entry)| row(list, place, entry)).collect()
                })
                .collect(),
        }
    }

    /// What came back; `all` gives the values of a field in the order of the form. Entries in which nothing is written are left out.
    ///
    /// # Errors
    /// When it is not the form that was sent.
    pub(super) fn read<'f>(all: impl Fn(&'static str) -> Vec<&'f str>) -> Result<Self, Wrong> {
        let broken = |place: &str| Wrong {
            place: place.to_owned(),
            why: "the form did not arrive whole; nothing was changed, send it again".to_owned(),
        };
        let mut draft = Self::default();
        for single in SINGLES {
            let [text] = all(single.name)[..] else { return Err(broken(single.label)) };
            draft.singles.push(text.to_owned());
        }
        for list in LISTS {
            let ats = all(list.at);
            let columns: Vec<Vec<&str>> = list.cells.iter().map(|cell| all(cell.name)).collect();
            if columns.iter().any(|column| column.len() != ats.len()) {
                return Err(broken(list.label));
            }
            let mut rows = Vec::new();
            for (place, at) in ats.iter().enumerate() {
                let at = match *at {
                    "" => None,
                    at => Some(at.parse().map_err(|_| broken(list.label))?),
                };
                let cells = columns.iter().filter_map(|column| column.get(place));
                rows.push(Row { at, cells: cells.map(|&text| text.to_owned()).collect() });
            }
            draft.lists.push(rows);
        }
        Ok(draft)
    }

    /// The same after a press on a button that says `up:action:2`; unchanged when there is no such entry.
    pub(super) fn stepped(mut self, pressed: &str) -> Self {
        let mut words = pressed.split(':');
        let (Some(word), Some(name), Some(place), None) = (words.next(), words.next(), words.next(), words.next())
        else {
            return self;
        };
        let step = match word {
            "up" => Step::Up,
            "down" => Step::Down,
            "drop" => Step::Drop,
            _ => return self,
        };
        let list = LISTS.iter().position(|list| list.name == name).and_then(|list| self.lists.get_mut(list));
        let (Some(rows), Ok(place)) = (list, place.parse::<usize>()) else { return self };
        match step {
            Step::Up if place > 0 && place < rows.len() => rows.swap(place, place - 1),
            Step::Down if place + 1 < rows.len() => rows.swap(place, place + 1),
            Step::Drop if place < rows.len() => {
                rows.remove(place);
            }
            _ => {}
        }
        self
    }

    /// Without the entries in which nothing is written.
    pub(super) fn trimmed(mut self) -> Self {
        for (rows, list) in self.lists.iter_mut().zip(LISTS) {
            rows.retain(|row| !row.is_blank(list.cells));
        }
        self
    }

    /// What the person changed, as edits upon `base`; `shown` is that content as it was shown to them, with its masks.
    ///
    /// # Errors
    /// Everything that cannot be, at once.
    pub(super) fn edits(&self, base: &Content, shown: &Value) -> Result<Vec<Edit>, Vec<Wrong>> {
        let (mut edits, mut wrong) = (Vec::new(), Vec::new());
        let base = serde_json::to_value(base).unwrap_or_default();
        for (single, written) in SINGLES.iter().zip(&self.singles) {
            let before = single.hand.shown(shape::at(shown, single.path));
            if alike(single.hand, &before, written) {
                continue;
            }
            match single.hand.value(written) {
                Ok(value) => edits.push(whole_or_part(&base, single, value)),
                Err(why) => wrong.push(Wrong { place: single.label.to_owned(), why }),
            }
        }
        for (list, rows) in LISTS.iter().zip(&self.lists) {
            let rows: Vec<&Row> = rows.iter().filter(|row| !row.is_blank(list.cells)).collect();
            listed(list, &rows, (&base, shown), &mut edits, &mut wrong);
        }
        if wrong.is_empty() { Ok(edits) } else { Err(wrong) }
    }
}

impl Row {
    /// Whether nothing is written in it.
    pub(super) fn is_blank(&self, cells: &[shape::Cell]) -> bool {
        self.cells.iter().zip(cells).all(|(text, cell)| !cell.hand.is_written() || cell.hand.plain(text).is_empty())
    }
}

/// Whether a browser that was given one text and nobody touched it sends the other.
pub(super) fn alike(hand: Hand, given: &str, sent: &str) -> bool {
    hand.plain(given) == hand.plain(sent)
}

/// The edit of a single field. The price is there or not as a whole.
fn whole_or_part(base: &Value, single: &shape::Single, value: Value) -> Edit {
    if single.name != SINGLES[place::PRICING].name {
        return Edit { path: single.path.to_owned(), value };
    }
    let path = "pricing_rationale".to_owned();
    match (&base["pricing_rationale"], &value) {
        (_, Value::String(text)) if text.is_empty() => Edit { path, value: Value::Null },
        (Value::Null, _) => Edit { path, value: serde_json::json!({ "text": value, "quotes": [] }) },
        _ => Edit { path: single.path.to_owned(), value },
    }
}

/// The edits of a list: field by field while its entries are those it had, whole when some came, went or moved.
fn listed(
    list: &shape::List,
    rows: &[&Row],
    (base, shown): (&Value, &Value),
    edits: &mut Vec<Edit>,
    wrong: &mut Vec<Wrong>,
) {
    let empty = Vec::new();
    let before = shape::at(base, list.path).as_array().unwrap_or(&empty);
    let seen = shape::at(shown, list.path).as_array().unwrap_or(&empty);
    let stays = rows.len() == before.len() && rows.iter().enumerate().all(|(place, row)| row.at == Some(place));
    let mut whole = Vec::with_capacity(rows.len());
    for (place, row) in rows.iter().enumerate() {
        let (mut entry, given) = match row.at {
            None => ((list.blank)(), (list.blank)()),
            Some(at) => match (before.get(at), seen.get(at)) {
                (Some(entry), Some(given)) => (entry.clone(), given.clone()),
                _ => {
                    wrong.push(Wrong {
                        place: list.label.to_owned(),
                        why: "an entry is named that the brief does not have; load the page again".to_owned(),
                    });
                    return;
                }
            },
        };
        for (cell, written) in list.cells.iter().zip(&row.cells) {
            if alike(cell.hand, &cell.hand.shown(&given[cell.key]), written) {
                continue;
            }
            match cell.hand.value(written) {
                Ok(value) if stays => {
                    edits.push(Edit { path: format!("{}[{place}].{}", list.path, cell.key), value });
                }
                Ok(value) => entry[cell.key] = value,
                Err(why) => wrong.push(Wrong { place: format!("{}, {} {}", list.label, cell.label, place + 1), why }),
            }
        }
        whole.push(entry);
    }
    if !stays {
        edits.push(Edit { path: list.path.to_owned(), value: Value::Array(whole) });
    }
}
