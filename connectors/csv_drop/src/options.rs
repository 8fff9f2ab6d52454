//! What the configuration may say about a drop folder, and what is left of it once it has been judged. Own file because it is a
//! promise to operators. INVARIANT: a [`Settings`] has sane limits and a folder; only [`validate`] makes one.

use crate::header::{Mapping, Target};
use encoding_rs::Encoding;
use opspilot_sdk::Problems;
use serde::Deserialize;
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

/// The options as they stand in the configuration.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Options {
    /// The drop folder; relative to the data folder.
    pub dir: PathBuf,
    /// How long size and time of change must stand still before a file is taken, in seconds. Default 2.
    #[serde(default = "two")]
    pub settle_secs: u64,
    /// How often the folder is looked at, in seconds. Default 2.
    #[serde(default = "two")]
    pub poll_secs: u64,
    /// Field of a request to the headers that fill it, spelling and spaces aside: `text = ["Anliegen"]`. Comes before what is
    /// recognised by itself. Fields: `name`, `email`, `phone`, `organisation`, `subject`, `text`, `external_id`.
    #[serde(default)]
    pub map: BTreeMap<String, Names>,
    /// Where processed files go; relative to the data folder. Default: `done` in `dir`. On the same file system as `dir`.
    pub done_dir: Option<PathBuf>,
    /// Where error files and refused files go; as `done_dir`. Default: `errors` in `dir`.
    pub error_dir: Option<PathBuf>,
    /// Longest row, in bytes of UTF-8. Default 262144.
    #[serde(default = "row_bytes")]
    pub max_row_bytes: usize,
    /// Largest file, in bytes. Default 4294967296. A workbook may inflate to 48 MiB, whatever stands here.
    #[serde(default = "file_bytes")]
    pub max_file_bytes: u64,
    /// The delimiter, when it shall not be recognised: one character, or `comma`, `semicolon`, `tab`, `pipe`, `space`.
    pub delimiter: Option<String>,
    /// The encoding, when it shall not be recognised: a label of the WHATWG Encoding Standard, such as `windows-1252`.
    pub encoding: Option<String>,
}

/// One header name or several.
#[derive(Clone, Debug, Deserialize)]
#[serde(untagged)]
pub enum Names {
    /// One.
    One(String),
    /// Several, the first found in a file counts.
    Many(Vec<String>),
}

/// Options that have been judged.
#[derive(Clone, Debug)]
pub struct Settings {
    pub(crate) dir: PathBuf,
    pub(crate) done_dir: Option<PathBuf>,
    pub(crate) error_dir: Option<PathBuf>,
    pub(crate) settle: Duration,
    pub(crate) poll: Duration,
    pub(crate) mapping: Mapping,
    pub(crate) max_row_bytes: usize,
    pub(crate) max_file_bytes: u64,
    pub(crate) delimiter: Option<char>,
    pub(crate) encoding: Option<&'static Encoding>,
}

fn two() -> u64 {
    2
}

fn row_bytes() -> usize {
    256 * 1024
}

fn file_bytes() -> u64 {
    4 * 1024 * 1024 * 1024
}

/// Judges the options without touching the world.
///
/// # Errors
/// All problems at once.
pub(crate) fn validate(options: Options) -> Result<Settings, Problems> {
    let mut problems = Problems::new();
    if options.dir.as_os_str().is_empty() {
        problems.add("dir", "the drop folder has no name", "name a folder, such as `dir = \"drop\"`");
    }
    for (key, folder) in [("done_dir", &options.done_dir), ("error_dir", &options.error_dir)] {
        if folder.as_ref().is_some_and(|folder| *folder == options.dir || folder.as_os_str().is_empty()) {
            problems.add(key, "is the drop folder itself, so every file would be taken again", "name another folder");
        }
    }
    if options.settle_secs > 3600 {
        problems.add("settle_secs", format!("`{}` is more than an hour", options.settle_secs), "use 0 to 3600");
    }
    if !(1..=3600).contains(&options.poll_secs) {
        problems.add("poll_secs", format!("`{}` is out of range", options.poll_secs), "use 1 to 3600");
    }
    if !(1024..=4 * 1024 * 1024).contains(&options.max_row_bytes) {
        problems.add("max_row_bytes", format!("`{}` is out of range", options.max_row_bytes), "use 1024 to 4194304");
    }
    if options.max_file_bytes == 0 {
        problems.add("max_file_bytes", "no file could ever be taken", "use at least 1");
    }
    let delimiter = options.delimiter.as_deref().and_then(|text| {
        let found = delimiter(text);
        if found.is_none() {
            let help = "use one character other than a letter, digit, quote or line end, or `comma`, `semicolon`, `tab`, `pipe`, `space`";
            problems.add("delimiter", format!("`{text}` is not a delimiter"), help);
        }
        found
    });
    let encoding = options.encoding.as_deref().and_then(|label| {
        let found = Encoding::for_label(label.as_bytes()).filter(|found| *found != encoding_rs::REPLACEMENT);
        if found.is_none() {
            problems.add(
                "encoding",
                format!("`{label}` is not a known encoding"),
                "use a label such as `utf-8` or `windows-1252`",
            );
        }
        found
    });
    let mut mapping = Mapping::default();
    for (field, names) in options.map {
        let names = match names {
            Names::One(name) => vec![name],
            Names::Many(names) => names,
        };
        match Target::of_field(&field) {
            Some(target) => mapping.add(target, &names),
            None => problems.add(
                format!("map.{field}"),
                format!("`{field}` is not a field of a request"),
                "use `name`, `email`, `phone`, `organisation`, `subject`, `text` or `external_id`",
            ),
        }
    }
    problems.or(Settings {
        dir: options.dir,
        done_dir: options.done_dir,
        error_dir: options.error_dir,
        settle: Duration::from_secs(options.settle_secs),
        poll: Duration::from_secs(options.poll_secs),
        mapping,
        max_row_bytes: options.max_row_bytes,
        max_file_bytes: options.max_file_bytes,
        delimiter,
        encoding,
    })
}

fn delimiter(text: &str) -> Option<char> {
    let named = match text {
        "comma" => ',',
        "semicolon" => ';',
        "tab" | "\\t" => '\t',
        "pipe" => '|',
        "space" => ' ',
        _ => {
            let mut characters = text.chars();
            let first = characters.next()?;
            if characters.next().is_some() {
                return None;
            }
            first
        }
    };
    (!named.is_alphanumeric() && !matches!(named, '"' | '\'' | '\\' | '\r' | '\n' | '\0')).then_some(named)
}

#[cfg(test)]
mod tests {
    use super::{Options, validate};

    fn options(extra: &str) -> Options {
        serde_json::from_str(&format!("{{\"dir\": \"drop\"{extra}}}")).unwrap()
    }

    #[test]
    fn all_problems_at_once() {
        let wrong = options(
            r#", "poll_secs": 0, "max_row_bytes": 1, "delimiter": "ab", "encoding": "klingon", "map": {"colour": "x"}, "done_dir": "drop""#,
        );
        let paths: Vec<String> = validate(wrong).unwrap_err().iter().map(|problem| problem.path.clone()).collect();
        assert_eq!(paths, ["done_dir", "poll_secs", "max_row_bytes", "delimiter", "encoding", "map.colour"]);
    }

    #[test]
    fn defaults_are_good_and_unknown_keys_are_not() {
        assert!(validate(options("")).is_ok());
        assert!(
            validate(options(r#", "delimiter": "tab", "encoding": "latin1", "map": {"text": ["Anliegen"]}"#)).is_ok()
        );
        assert!(serde_json::from_str::<Options>(r#"{"dir": "x", "colour": 1}"#).is_err());
    }
}
