//! What a key is: where it stands, what it takes, what holds when it is left out, what it means; and finding one by its name. Own file
//! because reading, suggestions, the JSON schema and the handbook's tables all go by it. The keys themselves are in the list.

pub(super) use super::list::{KEYS, SECTIONS};

/// What a key takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Shape {
    /// Any text.
    Words,
    /// A path; a relative one starts from the data folder.
    Path,
    /// 1 to 64 lowercase letters, digits, `.`, `_` or `-`.
    Name,
    /// A list of texts.
    Names,
    /// One of these texts.
    Choice(&'static [&'static str]),
    /// A whole number from the first to the second.
    Whole(i64, i64),
    /// `true` or `false`.
    Switch,
    /// A table that somebody else reads.
    Table,
}

/// What holds when a key is left out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fallback {
    /// Nothing: it may not be left out.
    Needed,
    /// This text.
    Text(&'static str),
    /// This number.
    Is(i64),
    /// `true`.
    On,
    /// `false`.
    Off,
    /// What these words say.
    Without(&'static str),
}

/// One key.
#[derive(Clone, Copy, Debug)]
pub(super) struct Key {
    /// Dotted name of its table; empty for the top, `source` and `pilot` for each of those.
    pub(super) section: &'static str,
    /// Its name.
    pub(super) name: &'static str,
    pub(super) shape: Shape,
    pub(super) fallback: Fallback,
    /// For people, one sentence without a full stop.
    pub(super) meaning: &'static str,
}

/// A table that holds keys.
#[derive(Clone, Copy, Debug)]
pub(super) struct Section {
    pub(super) name: &'static str,
    /// Whether there is one of it for each thing (`[[pilot]]`).
    pub(super) many: bool,
    pub(super) meaning: &'static str,
}

/// The keys of a section.
pub(super) fn of(section: &str) -> impl Iterator<Item = &'static Key> {
    KEYS.iter().filter(move |key| key.section == section)
}

/// The key of that name in a section.
pub(super) fn get(section: &str, name: &str) -> Option<&'static Key> {
    of(section).find(|key| key.name == name)
}

/// Names of everything that may stand in a section: its keys and the sections below it.
pub(super) fn names(section: &str) -> Vec<&'static str> {
    let below = SECTIONS.iter().filter_map(|known| match known.name.rsplit_once('.') {
        Some((parent, name)) => (parent == section).then_some(name),
        None => (section.is_empty() && !known.name.is_empty()).then_some(known.name),
    });
    let mut names: Vec<_> = of(section).map(|key| key.name).chain(below).collect();
    names.sort_unstable();
    names.dedup();
    names
}

/// The known name that a slip of the pen turns into `given`, if one is near enough.
pub(super) fn nearest<'k>(given: &str, known: impl IntoIterator<Item = &'k str>) -> Option<&'k str> {
    if given.len() > 64 {
        return None;
    }
    let steps = |name: &'k str| (distance(given, name), name);
    known
        .into_iter()
        .map(steps)
        .min()
        .filter(|(steps, name)| *steps <= 1 + name.chars().count() / 4)
        .map(|(_, name)| name)
}

/// Levenshtein distance in characters, case aside.
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().flat_map(char::to_lowercase).collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.chars().flat_map(char::to_lowercase).enumerate() {
        let mut corner = i;
        let mut left = i + 1;
        let mut next = vec![left];
        for (y, &above) in b.iter().zip(row.iter().skip(1)) {
            left = (corner + usize::from(x != *y)).min(left + 1).min(above + 1);
            next.push(left);
            corner = above;
        }
        row = next;
    }
    row.last().copied().unwrap_or(0)
}
