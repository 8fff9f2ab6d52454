//! JSON that people and programs hand in, and what is wrong with it in words of ours. Own file because the library's words name Rust types
//! and its own grammar; here a fault keeps its place (line, column, field) and says what stands there and what is wanted. INVARIANT: no
//! value of the text is repeated, only places, the names of keys, and what is expected.

use serde::de::DeserializeOwned;
use serde_json::error::Category;
use std::fmt;

/// Longest name of a key or a path in a message, in characters.
const NAME: usize = 60;

/// Why a JSON text cannot be taken.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub struct Fault {
    /// Whether the text is JSON, and something else than is wanted.
    pub is_data: bool,
    /// The field it is about, such as `items[2].text`; empty for the whole.
    pub field: String,
    /// What is wrong.
    pub what: String,
    /// Line and column in bytes, from 1; nothing where what was read is no text.
    pub place: Option<(usize, usize)>,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.of_field(f)?;
        match self.place {
            Some((line, column)) => write!(f, " at line {line} column {column}"),
            None => Ok(()),
        }
    }
}

impl Fault {
    /// What the library says, without the field.
    #[must_use]
    pub fn of(cause: &serde_json::Error) -> Self {
        let message = cause.to_string();
        let (line, column) = (cause.line(), cause.column());
        let message = message.strip_suffix(&format!(" at line {line} column {column}")).unwrap_or(&message);
        let is_data = cause.classify() == Category::Data;
        let what = if is_data { shape(message) } else { grammar(message).to_owned() };
        Self { is_data, field: String::new(), what, place: (line > 0).then_some((line, column)) }
    }

    /// For a text that is one line whatever comes: the column alone.
    #[must_use]
    pub fn in_line(&self) -> String {
        let Self { place, .. } = self;
        let bare = Self { place: None, ..self.clone() };
        place.map_or_else(|| bare.to_string(), |(_, column)| format!("{bare} at column {column}"))
    }

    /// What is wrong and at which line and column, without the field, for those who name that in a place of its own.
    #[must_use]
    pub fn bare(&self) -> String {
        Self { field: String::new(), ..self.clone() }.to_string()
    }

    fn of_field(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.field.is_empty() {
            write!(f, "`{}`: ", self.field)?;
        }
        f.write_str(&self.what)
    }

    fn found(cause: &serde_json::Error, path: &serde_path_to_error::Path) -> Self {
        let path = path.to_string();
        let fault = Self::of(cause);
        // The whole is called `.`, and what was not even reached `?`.
        let path = path.trim_end_matches('?').trim_end_matches('.');
        // A key that is not known is named by what is said of it already.
        let named = path.rsplit('.').next().filter(|key| fault.what.starts_with(&format!("`{key}` ")));
        let path = named.and_then(|key| path.strip_suffix(key)).map_or(path, |above| above.trim_end_matches('.'));
        Self { field: short(path), ..fault }
    }
}

/// Reads a JSON text.
///
/// # Errors
/// [`Fault`] with field, line and column.
pub fn read<T: DeserializeOwned>(text: &[u8]) -> Result<T, Fault> {
    serde_json::from_slice(text).map_err(|cause| {
        // Read once more to learn the field: what is well need not pay for that.
        let again = &mut serde_json::Deserializer::from_slice(text);
        match serde_path_to_error::deserialize::<_, T>(again) {
            Err(error) if error.inner().is_data() => Fault::found(error.inner(), error.path()),
            // Where a word of a list is wanted, the library takes a number for a fault of grammar.
            _ => match serde_json::from_slice(text).map(|value| read_value::<T>(&value)) {
                Ok(Err(fault)) => Fault { is_data: true, place: Fault::of(&cause).place, ..fault },
                _ => Fault::of(&cause),
            },
        }
    })
}

/// Reads what was JSON already.
///
/// # Errors
/// [`Fault`] with the field.
pub fn read_value<T: DeserializeOwned>(value: &serde_json::Value) -> Result<T, Fault> {
    T::deserialize(value).map_err(|cause| match serde_path_to_error::deserialize::<_, T>(value) {
        Err(error) => Fault::found(error.inner(), error.path()),
        Ok(_) => Fault::of(&cause),
    })
}

/// Where the grammar of JSON was left. The library's words are its own and few; of a new one the place is told all the same.
fn grammar(message: &str) -> &'static str {
    const KNOWN: [(&str, &str); 18] = [
        ("EOF while parsing a string", "the end in the middle of a text"),
        ("EOF while parsing a list", "the end where `,` or `]` should stand"),
        ("EOF while parsing an object", "the end where `,`, `:` or `}` should stand"),
        ("EOF", "the end where a value should stand"),
        ("expected `:`", "something else where `:` should stand"),
        ("expected `,` or `]`", "something else where `,` or `]` should stand"),
        ("expected `,` or `}`", "something else where `,` or `}` should stand"),
        ("expected ident", "a word that is not `true`, `false` or `null`"),
        ("expected value", "something else where a value should stand"),
        ("key must be a string", "something else where a key in double quotes should stand"),
        ("invalid escape", "a backslash before something that it cannot stand before"),
        ("invalid unicode", "an escape that is no character"),
        ("lone leading surrogate", "an escape that is half a character"),
        ("unexpected end of hex escape", "an escape that is half a character"),
        ("control character", "a control character inside a text, which must be escaped there"),
        ("trailing comma", "a comma before the end of a list or an object"),
        ("trailing characters", "something after the end of the value"),
        ("recursion limit", "lists and objects nested too deeply"),
    ];
    let known = KNOWN.iter().find(|(start, _)| message.starts_with(start));
    let number = || message.contains("number").then_some("a number that is none of JSON, or too large");
    known.map(|(_, ours)| *ours).or_else(number).unwrap_or("something that cannot be read")
}

/// What is there and what was wanted. What a type says in words of its own is told as it is.
fn shape(message: &str) -> String {
    let (said, expected) = message.rsplit_once(", expected ").unwrap_or((message, ""));
    let name = said.split_once('`').and_then(|(_, rest)| rest.rsplit_once('`')).map_or("", |(name, _)| name);
    // Only what is wanted is repeated, never what was given.
    let known: Vec<&str> = expected.split('`').skip(1).step_by(2).collect();
    let known = if known.is_empty() { String::new() } else { format!("; there are `{}`", known.join("`, `")) };
    if said.starts_with("missing field ") {
        return format!("`{}` is missing", short(name));
    }
    if said.starts_with("unknown field ") {
        return format!("`{}` is no field that is known here{known}", short(name));
    }
    if said.starts_with("unknown variant ") {
        return format!("none of the values that it takes{known}");
    }
    if said.starts_with("duplicate field ") {
        return format!("`{}` stands twice", short(name));
    }
    if said.contains("untagged enum") {
        return "a value of a form that is not taken here".to_owned();
    }
    let found = said.strip_prefix("invalid type: ").or_else(|| said.strip_prefix("invalid value: "));
    match found {
        Some(found) if !expected.is_empty() => {
            let (found, wanted) = (kind(found), wanted(expected));
            if said.starts_with("invalid value") && (found, wanted) == ("a number", "a whole number") {
                return "a number that is out of range".to_owned();
            }
            format!("{found} where {wanted} should stand")
        }
        // How a date is read is nobody's business who writes one.
        _ if message.starts_with("failed to parse") => "a text of another form than is wanted here".to_owned(),
        _ if said.starts_with("invalid length ") => {
            format!("too few or too many entries, where {} should stand", wanted(expected))
        }
        _ => message.to_owned(),
    }
}

/// What was found, by the word that the library begins with; its value is left out.
fn kind(found: &str) -> &'static str {
    const KINDS: [(&str, &str); 10] = [
        ("string", "a text"),
        ("character", "a text"),
        ("integer", "a number"),
        ("floating point", "a number"),
        ("number", "a number"),
        ("boolean", "`true` or `false`"),
        ("null", "`null`"),
        ("unit value", "`null`"),
        ("sequence", "a list"),
        ("map", "an object"),
    ];
    KINDS.iter().find(|(start, _)| found.starts_with(start)).map_or("something else", |(_, ours)| ours)
}

/// What a type wants, without its name in Rust; words of its own stay.
#[must_use]
pub fn wanted(expected: &str) -> &str {
    const NUMBERS: [&str; 10] = ["u8", "u16", "u32", "u64", "usize", "i8", "i16", "i32", "i64", "isize"];
    match expected.split(' ').next_back().unwrap_or("") {
        // How an enum is called where its name is not known yet.
        _ if expected == "string or map" => "one of the words that it takes",
        last if NUMBERS.contains(&last) => "a whole number",
        "f64" | "f32" => "a number",
        "boolean" | "bool" => "`true` or `false`",
        "string" => "a text",
        "sequence" => "a list",
        "map" => "an object",
        _ if expected.starts_with("struct ") => "an object",
        _ if expected.starts_with("enum ") || expected.starts_with("variant ") => "one of the words that it takes",
        _ if expected.starts_with("tuple ") || expected.starts_with("an array of length") => "a list",
        _ => expected,
    }
}

/// A name from outside: short and printable.
fn short(name: &str) -> String {
    let cut: String = name.chars().take(NAME).collect();
    let dots = if cut.len() < name.len() { "…" } else { "" };
    format!("{}{dots}", cut.escape_debug())
}

#[cfg(test)]
#[path = "json_tests.rs"]
mod tests;
