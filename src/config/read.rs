//! Reading values by the key list: right type, in range, or a problem with its place. Own file because every section is read the same
//! way. INVARIANT: reading goes on after a problem, so that people see all of them at once; what a failed read gives is never used,
//! because a configuration with a problem becomes no settings.

use super::keys::{self, Fallback, Key, Shape};
use super::node::{Node, Table, Value};
use super::problem::{Code, Place, Problem};
use std::path::{Path, PathBuf};

/// Problems on the way.
pub(super) struct Reader {
    /// The file as it was named.
    file: String,
    pub(super) problems: Vec<Problem>,
}

/// One table that is being read.
#[derive(Clone, Copy)]
pub(super) struct Part<'t> {
    /// Name in the key list.
    pub(super) section: &'static str,
    /// Its place in the file, dotted: `pilot[0]`.
    path: &'t str,
    place: &'t Place,
    table: Option<&'t Table>,
}

impl<'t> Part<'t> {
    /// A table whose keys have been judged already.
    pub(super) fn over(section: &'static str, path: &'t str, place: &'t Place, node: &'t Node) -> Self {
        let table = if let Value::Table(table) = &node.value { Some(table) } else { None };
        Self { section, path, place, table }
    }

    /// The dotted path of a key in it.
    pub(super) fn path(&self, name: &str) -> String {
        if self.path.is_empty() { name.to_owned() } else { format!("{}.{name}", self.path) }
    }

    /// The value of a key, as written.
    pub(super) fn node(&self, name: &str) -> Option<&'t Node> {
        self.table.and_then(|table| table.get(name)).map(|(_, node)| node)
    }

    /// Where a key stands, or the table it is missing from.
    pub(super) fn place(&self, name: &str) -> Place {
        self.table.and_then(|table| table.get(name)).map_or(self.place, |(place, _)| place).clone()
    }
}

impl Reader {
    pub(super) fn new(file: &str) -> Self {
        Self { file: file.to_owned(), problems: Vec::new() }
    }

    /// Notes a problem anywhere.
    pub(super) fn add(
        &mut self,
        code: &'static str,
        place: Place,
        key: String,
        message: impl Into<String>,
        help: impl Into<String>,
    ) {
        let (message, help) = (message.into(), help.into());
        self.problems.push(Problem { code, file: self.file.clone(), place, key, message, help });
    }

    /// Notes a problem with a key.
    pub(super) fn at(
        &mut self,
        code: Code,
        part: &Part<'_>,
        name: &str,
        message: impl Into<String>,
        help: impl Into<String>,
    ) {
        self.add(code.as_str(), part.place(name), part.path(name), message, help);
    }

    /// Opens the table `name` under `within` (or the document itself) and refuses keys that do not exist in it.
    pub(super) fn part<'t>(
        &mut self,
        section: &'static str,
        path: &'t str,
        key: &'t Place,
        node: Option<&'t Node>,
    ) -> Part<'t> {
        let table = match node.map(|node| (&node.value, node)) {
            None => None,
            Some((Value::Table(table), _)) => Some(table),
            Some((_, node)) => {
                let help = format!("write `[{section}]` on a line of its own and its keys below");
                self.add(
                    Code::Type.as_str(),
                    key.clone(),
                    path.to_owned(),
                    format!("{} where a table should be", node.what()),
                    help,
                );
                None
            }
        };
        let part = Part { section, path, place: key, table };
        for name in table.into_iter().flat_map(Table::keys) {
            if !keys::names(section).contains(&name.as_str()) {
                self.unknown(&part, name);
            }
        }
        part
    }

    fn unknown(&mut self, part: &Part<'_>, name: &str) {
        let known = keys::names(part.section);
        let elsewhere = keys::KEYS.iter().find(|key| key.name == name);
        let help = match (keys::nearest(name, known.iter().copied()), elsewhere) {
            (Some(near), _) => format!("did you mean `{near}`?"),
            (None, _) if part.section == "source" => {
                "keys of the connector stand in `[source.options]` below the source".to_owned()
            }
            (None, _) if part.section == "generator" => {
                "keys of the connector stand in `[generator.options]` below the generator".to_owned()
            }
            (None, _) if part.section == "sink" => {
                "keys of the connector stand in `[sink.options]` below the sink".to_owned()
            }
            (None, Some(key)) if key.section.is_empty() => {
                format!("`{name}` stands at the top, before the first section")
            }
            (None, Some(key)) => format!("`{name}` belongs to `[{}]`", key.section),
            (None, None) => format!("known here: {}", ticked(&known)),
        };
        self.at(Code::UnknownKey, part, name, "there is no such key", help);
    }

    /// A whole number.
    pub(super) fn whole(&mut self, part: &Part<'_>, name: &str) -> Option<i64> {
        let key = known(part, name)?;
        let Shape::Whole(least, most) = key.shape else { return None };
        match part.node(name) {
            None => match key.fallback {
                Fallback::Is(number) => Some(number),
                _ => None,
            },
            Some(Node { value: Value::Whole(number), .. }) if (least..=most).contains(number) => Some(*number),
            Some(Node { value: Value::Whole(_) | Value::Huge, .. }) => {
                self.at(Code::Value, part, name, "out of range", format!("use {least} to {most}"));
                None
            }
            Some(node) => self.wrong(part, name, node, "a whole number"),
        }
    }

    /// As [`Self::whole`] in another type; 1 when there was a problem.
    pub(super) fn number<T: TryFrom<i64> + From<u8>>(&mut self, part: &Part<'_>, name: &str) -> T {
        self.whole(part, name).and_then(|number| T::try_from(number).ok()).unwrap_or_else(|| T::from(1))
    }

    /// A switch.
    pub(super) fn switch(&mut self, part: &Part<'_>, name: &str) -> Option<bool> {
        match part.node(name) {
            None => match known(part, name)?.fallback {
                Fallback::On => Some(true),
                Fallback::Off => Some(false),
                _ => None,
            },
            Some(Node { value: Value::Switch(on), .. }) => Some(*on),
            Some(node) => self.wrong(part, name, node, "`true` or `false`"),
        }
    }

    /// A text, fit for the shape of its key.
    pub(super) fn text(&mut self, part: &Part<'_>, name: &str) -> Option<String> {
        let key = known(part, name)?;
        let text = match part.node(name) {
            None => match key.fallback {
                Fallback::Text(text) => return Some(text.to_owned()),
                Fallback::Needed => return self.missing(part, key),
                _ => return None,
            },
            Some(Node { value: Value::Text(text), .. }) => text,
            Some(node) => return self.wrong(part, name, node, "a text"),
        };
        match key.shape {
            Shape::Name if !is_name(text) => self.no_name(part, name, text),
            Shape::Choice(known) if !known.contains(&text.as_str()) => {
                let help = match keys::nearest(text, known.iter().copied()) {
                    Some(near) => format!("did you mean `{near}`? known: {}", ticked(known)),
                    None => format!("use {}", ticked(known)),
                };
                self.at(Code::Value, part, name, format!("`{}` is not known here", short(text)), help);
                None
            }
            _ => Some(text.clone()),
        }
    }

    /// Judges the name of another thing: `what` is the key and the sort of thing. `known` are the names of all, `None` when not all could be
    /// read.
    pub(super) fn named(&mut self, part: &Part<'_>, what: &str, given: Option<&str>, known: Option<&[&str]>) {
        let (Some(given), Some(known)) = (given, known) else { return };
        if known.contains(&given) {
            return;
        }
        let help = match keys::nearest(given, known.iter().copied()) {
            Some(near) => format!("did you mean `{near}`?"),
            None if known.is_empty() => format!("add a `[[{what}]]` with `name = \"{}\"`", short(given)),
            None => format!("use {}, or add a `[[{what}]]` of that name", ticked(known)),
        };
        self.at(Code::Nowhere, part, what, format!("there is no {what} `{}`", short(given)), help);
    }

    /// A list of texts; empty when it is left out and may be.
    pub(super) fn texts(&mut self, part: &Part<'_>, name: &str) -> Vec<String> {
        let Some(node) = part.node(name) else {
            if let Some(key) = known(part, name).filter(|key| key.fallback == Fallback::Needed) {
                let _none: Option<()> = self.missing(part, key);
            }
            return Vec::new();
        };
        let Value::List(list) = &node.value else {
            let _none: Option<()> = self.wrong(part, name, node, "a list of texts");
            return Vec::new();
        };
        let mut texts = Vec::with_capacity(list.len());
        for (index, item) in list.iter().enumerate() {
            match &item.value {
                Value::Text(text) => texts.push(text.clone()),
                _ => {
                    let path = format!("{}[{index}]", part.path(name));
                    let message = format!("{} where a text should be", item.what());
                    self.add(Code::Type.as_str(), item.place.clone(), path, message, "put it in quotes");
                }
            }
        }
        texts
    }

    /// A path; a relative one starts from `base`. An empty one is none.
    pub(super) fn path(&mut self, part: &Part<'_>, name: &str, base: &Path) -> Option<PathBuf> {
        let text = self.text(part, name).filter(|text| !text.is_empty())?;
        if text == "~" || text.starts_with("~/") {
            self.at(Code::Value, part, name, "`~` means nothing here", "write the whole path");
            return None;
        }
        Some(base.join(text))
    }

    /// As [`Self::path`], but it may not be empty.
    pub(super) fn needed_path(&mut self, part: &Part<'_>, name: &str, base: &Path) -> Option<PathBuf> {
        if self.text(part, name)?.is_empty() {
            self.at(Code::Value, part, name, "the path is empty", "write a path, or leave the key out");
            return None;
        }
        self.path(part, name, base)
    }

    fn missing<T>(&mut self, part: &Part<'_>, key: &Key) -> Option<T> {
        self.at(
            Code::Missing,
            part,
            key.name,
            format!("`{}` is missing", key.name),
            format!("add it: {}", uncapitalised(key.meaning)),
        );
        None
    }

    fn wrong<T>(&mut self, part: &Part<'_>, name: &str, node: &Node, wanted: &str) -> Option<T> {
        let help = match (&node.value, wanted) {
            (Value::Text(_), "a text") => String::new(),
            (_, "a text") => "put it in quotes".to_owned(),
            (Value::Text(_), "a list of texts") => "put it in brackets: `[\"…\"]`".to_owned(),
            (Value::Text(_), _) => "leave the quotes away".to_owned(),
            _ => format!("write {wanted}"),
        };
        self.at(Code::Type, part, name, format!("{} where {wanted} should be", node.what()), help);
        None
    }

    fn no_name<T>(&mut self, part: &Part<'_>, name: &str, text: &str) -> Option<T> {
        let help = "use 1 to 64 lowercase letters, digits, `.`, `_` or `-`";
        self.at(Code::Value, part, name, format!("`{}` cannot be a name", short(text)), help);
        None
    }
}

/// Whether a text is a name: of a user, a pilot, a source.
pub(super) fn is_name(text: &str) -> bool {
    let fits = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"._-".contains(&byte);
    // `.` and `..` would climb in a path or an address.
    (1..=64).contains(&text.len()) && text.bytes().all(fits) && !text.bytes().all(|byte| byte == b'.')
}

/// Names as people read them in a sentence.
pub(super) fn ticked(names: &[&str]) -> String {
    names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
}

/// The start of a text that somebody wrote, fit for a line.
pub(super) fn short(text: &str) -> String {
    let mut short: String = text.chars().take(80).map(|c| if c.is_control() { '\u{fffd}' } else { c }).collect();
    if text.chars().nth(80).is_some() {
        short.push('…');
    }
    short
}

fn known(part: &Part<'_>, name: &str) -> Option<&'static Key> {
    let key = keys::get(part.section, name);
    debug_assert!(key.is_some(), "`{}.{name}` is read but not in the key list", part.section);
    key
}

fn uncapitalised(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map_or(String::new(), |first| first.to_lowercase().chain(chars).collect())
}
