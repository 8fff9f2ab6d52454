//! Which column means what. Own file because every guess about meaning stands here and nowhere else. The names an
//! operator maps come first, then names known exactly, then names with a qualifier (`customer email`), then the look of the cells.

use crate::names::{KNOWN, QUALIFIERS};
use std::collections::HashMap;

/// What a column fills in a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Target {
    Name,
    FirstName,
    LastName,
    Email,
    Phone,
    Organisation,
    Subject,
    Text,
    ExternalId,
}

impl Target {
    /// The target of a field's name in the configuration.
    pub(crate) fn of_field(field: &str) -> Option<Self> {
        Some(match field {
            "name" => Self::Name,
            "email" => Self::Email,
            "phone" => Self::Phone,
            "organisation" => Self::Organisation,
            "subject" => Self::Subject,
            "text" => Self::Text,
            "external_id" => Self::ExternalId,
            _ => return None,
        })
    }
}

/// What the operator mapped: header to target and rank.
#[derive(Clone, Debug, Default)]
pub(crate) struct Mapping(HashMap<String, (Target, usize)>);

impl Mapping {
    pub(crate) fn add(&mut self, target: Target, names: &[String]) {
        for (rank, name) in names.iter().enumerate() {
            self.0.insert(bare(name), (target, rank));
        }
    }
}

/// How the rows of a table are to be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Layout {
    /// Records before the first row of values: lines above the header, and the header.
    pub(crate) skip: u64,
    /// Whether the table has a header.
    pub(crate) header: bool,
    /// A name for every column, all different.
    pub(crate) columns: Vec<String>,
    /// What each column fills.
    pub(crate) targets: Vec<Option<Target>>,
}

/// Finds the header within the first rows of a table and what the columns mean.
pub(crate) fn layout(rows: &[Vec<String>], mapping: &Mapping) -> Layout {
    let width = usual_width(rows);
    let at = header_row(rows, width, mapping);
    let skip = at.map_or_else(|| rows.iter().take_while(|row| comment(row)).count(), |at| at + 1);
    let mut columns: Vec<String> = Vec::new();
    let mut seen: HashMap<String, usize> = HashMap::new();
    let header = at.and_then(|at| rows.get(at));
    let wide =
        header.map_or(width, |row| row.iter().rposition(|cell| !cell.trim().is_empty()).map_or(width, |last| last + 1));
    for index in 0..wide {
        let cell = header.and_then(|row| row.get(index)).map_or("", |cell| unquoted(cell));
        let name = if cell.is_empty() { format!("column {}", index + 1) } else { cell.to_owned() };
        let times = seen.entry(name.clone()).and_modify(|times| *times += 1).or_insert(1);
        columns.push(if *times > 1 { format!("{name} ({times})") } else { name });
    }
    let mut targets = match header {
        Some(_) => by_name(&columns, mapping),
        None => vec![None; columns.len()],
    };
    by_look(rows.get(skip..).unwrap_or_default(), header.is_none(), &mut targets);
    Layout { skip: skip as u64, header: at.is_some(), columns, targets }
}

/// Lower case, letters and digits alone.
fn bare(name: &str) -> String {
    name.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

fn unquoted(cell: &str) -> &str {
    cell.trim().trim_matches(['"', '\'', '\u{feff}']).trim()
}

fn comment(row: &[String]) -> bool {
    row.first().is_some_and(|cell| cell.starts_with('#') || cell.to_ascii_lowercase().starts_with("sep="))
}

fn known(name: &str, mapping: &Mapping) -> Option<(Target, usize)> {
    let bare = bare(name);
    if let Some(&(target, rank)) = mapping.0.get(&bare) {
        return Some((target, rank));
    }
    for (target, names) in KNOWN {
        if let Some(rank) = names.split_whitespace().position(|known| known == bare) {
            return Some((*target, 1000 + rank));
        }
    }
    let shorter =
        QUALIFIERS.split_whitespace().find_map(|word| bare.strip_prefix(word).filter(|rest| rest.len() > 1))?;
    KNOWN.iter().find_map(|(target, names)| {
        names.split_whitespace().position(|known| known == shorter).map(|rank| (*target, 2000 + rank))
    })
}

fn by_name(columns: &[String], mapping: &Mapping) -> Vec<Option<Target>> {
    let mut best: HashMap<Target, (usize, usize)> = HashMap::new();
    for (index, name) in columns.iter().enumerate() {
        if let Some((target, rank)) = known(name, mapping) {
            let entry = best.entry(target).or_insert((rank, index));
            if rank < entry.0 {
                *entry = (rank, index);
            }
        }
    }
    let mut targets = vec![None; columns.len()];
    for (target, (_, index)) in best {
        if let Some(slot) = targets.get_mut(index) {
            *slot = Some(target);
        }
    }
    targets
}

/// Without a name that says so, prose is the text; without any names, an address is the e-mail.
fn by_look(rows: &[Vec<String>], nameless: bool, targets: &mut [Option<Target>]) {
    let share = |index: usize, test: fn(&str) -> bool| {
        let cells: Vec<&str> = rows
            .iter()
            .filter_map(|row| row.get(index))
            .map(|cell| cell.trim())
            .filter(|cell| !cell.is_empty())
            .collect();
        !cells.is_empty() && cells.iter().filter(|cell| test(cell)).count() * 2 > cells.len()
    };
    if nameless && let Some(index) = (0..targets.len()).find(|&index| share(index, address)) {
        targets[index] = Some(Target::Email);
    }
    if targets.iter().flatten().any(|target| matches!(target, Target::Text | Target::Subject)) {
        return;
    }
    let length = |index: usize| rows.iter().filter_map(|row| row.get(index)).map(String::len).sum::<usize>();
    let prose = (0..targets.len())
        .filter(|&index| targets[index].is_none() && share(index, prose))
        .max_by_key(|&index| length(index));
    if let Some(index) = prose {
        targets[index] = Some(Target::Text);
    }
}

fn address(cell: &str) -> bool {
    cell.split_once('@').is_some_and(|(local, domain)| !local.is_empty() && domain.contains('.') && !cell.contains(' '))
}

fn prose(cell: &str) -> bool {
    cell.split_whitespace().filter(|word| word.chars().any(char::is_alphabetic)).count() >= 3
        || (cell.chars().count() >= 8
            && cell.chars().any(|c| matches!(c, '\u{3040}'..='\u{30ff}' | '\u{4e00}'..='\u{9fff}')))
}

fn usual_width(rows: &[Vec<String>]) -> usize {
    let mut widths: HashMap<usize, usize> = HashMap::new();
    rows.iter().for_each(|row| *widths.entry(row.len()).or_default() += 1);
    widths.into_iter().max_by_key(|&(width, times)| (times, width)).map_or(0, |(width, _)| width)
}

/// The first row that has a known name in it, or is as full as the rows usually are and looks like labels. Only comments and rows
/// much emptier than usual may stand above it, so that no row of values is ever passed over.
fn header_row(rows: &[Vec<String>], width: usize, mapping: &Mapping) -> Option<usize> {
    for (index, row) in rows.iter().enumerate().filter(|(_, row)| !comment(row)) {
        let filled = row.iter().filter(|cell| !cell.trim().is_empty()).count();
        let values = row.iter().any(|cell| value(unquoted(cell)));
        let named = row.iter().any(|cell| known(unquoted(cell), mapping).is_some());
        if named && !values && (width < 2 || filled > 1) {
            return Some(index);
        }
        if filled * 5 >= width * 4 {
            return (!values && labels(row)).then_some(index);
        }
    }
    None
}

/// Short, without the look of a sentence, and all different but for one.
fn labels(row: &[String]) -> bool {
    let label = |cell: &String| {
        let cell = unquoted(cell);
        cell.chars().count() <= 60 && !cell.ends_with(['.', '!', '?']) && cell.split_whitespace().count() <= 6
    };
    let mut different: Vec<String> = row.iter().map(|cell| bare(cell)).collect();
    different.sort_unstable();
    different.dedup();
    row.iter().all(label) && different.len() + 1 >= row.len()
}

/// Numbers, dates and addresses stand in rows, not in headers.
fn value(cell: &str) -> bool {
    let digits = cell.chars().filter(char::is_ascii_digit).count();
    let letters = cell.chars().filter(|c| c.is_alphabetic()).count();
    address(cell) || cell.contains("://") || (digits > 0 && letters == 0) || cell.chars().count() > 120
}

#[cfg(test)]
mod tests {
    use super::{Mapping, Target, layout};

    fn rows(table: &[&[&str]]) -> Vec<Vec<String>> {
        table.iter().map(|row| row.iter().map(|cell| (*cell).to_owned()).collect()).collect()
    }

    #[test]
    fn names_in_several_languages_and_lines_above_the_header() {
        let table = rows(&[
            &["# export"],
            &["Name", "E-Mail Adresse", "Betreff", "Ihre Nachricht", "Nr."],
            &["A", "a@b.de", "x", "y", "1"],
        ]);
        let found = layout(&table, &Mapping::default());
        assert_eq!(found.skip, 2);
        assert_eq!(
            found.targets,
            [Some(Target::Name), Some(Target::Email), Some(Target::Subject), Some(Target::Text), None]
        );
    }

    #[test]
    fn a_row_of_values_is_never_taken_for_a_line_above_the_header() {
        let table = rows(&[&["1", "Ada", "needs a new badge"], &["2", "Name", "Message"], &["3", "Bob", "a b c"]]);
        assert_eq!(layout(&table, &Mapping::default()).skip, 0);
        let titled =
            rows(&[&["Report", "", ""], &["", "", ""], &["nr", "who", "what is it"], &["1", "Ada", "a new badge"]]);
        assert_eq!(layout(&titled, &Mapping::default()).skip, 3);
    }

    #[test]
    fn tickets_and_mapped_names() {
        let table = rows(&[&["Summary", "Description", "Priority", "Notes"], &["s", "d", "p", "n"]]);
        assert_eq!(
            layout(&table, &Mapping::default()).targets,
            [Some(Target::Subject), Some(Target::Text), None, None]
        );
        let mut mapping = Mapping::default();
        mapping.add(Target::Text, &["n o t e s".to_owned()]);
        assert_eq!(layout(&table, &mapping).targets, [Some(Target::Subject), None, None, Some(Target::Text)]);
    }

    #[test]
    fn no_header() {
        let table = rows(&[&["1", "a@b.org", "please call me back"], &["2", "c@d.org", "the printer is broken"]]);
        let found = layout(&table, &Mapping::default());
        assert_eq!((found.skip, found.header), (0, false));
        assert_eq!(found.targets, [None, Some(Target::Email), Some(Target::Text)]);
    }

    #[test]
    fn equal_names_stay_apart() {
        let table = rows(&[&["id", "name", "", "name"], &["1", "a", "b", "c"]]);
        assert_eq!(layout(&table, &Mapping::default()).columns, ["id", "name", "column 3", "name (2)"]);
    }
}
