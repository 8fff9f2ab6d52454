//! The options of a `csv` sink, judged without touching the world. Own file because the names of these keys are a promise to operators.
//! INVARIANT: the file lies within the data folder and is a table by its name: no option leads to a database or out of the house.

use opspilot_sdk::Problems;
use serde::Deserialize;
use std::path::{Component, PathBuf};

/// Options as they stand in the configuration.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Options {
    /// The table, ending in `.csv`; relative to the data folder.
    pub file: PathBuf,
    /// What stands between two cells.
    #[serde(default)]
    pub separator: Separator,
    /// Whether a new table begins with the mark by which Excel knows UTF-8.
    #[serde(default)]
    pub mark_utf8: bool,
}

/// What stands between two cells.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Separator {
    /// `,`
    #[default]
    Comma,
    /// `;`, for spreadsheets in countries that write a comma in numbers.
    Semicolon,
    /// A tabulator.
    Tab,
}

impl Separator {
    pub(crate) const fn byte(self) -> u8 {
        match self {
            Self::Comma => b',',
            Self::Semicolon => b';',
            Self::Tab => b'\t',
        }
    }
}

/// Options that have been judged.
#[derive(Clone, Debug)]
pub struct Settings(pub(crate) Options);

impl Options {
    pub(crate) fn validate(self) -> Result<Settings, Problems> {
        let mut problems = Problems::new();
        let help = "give a path below the data folder, such as `exports/follow-ups.csv`";
        let inside = self.file.components().all(|part| matches!(part, Component::Normal(_)));
        match self.file.to_str() {
            None => problems.add("file", "is not UTF-8", help),
            Some(text) if text.chars().any(char::is_control) => problems.add("file", "holds a control character", help),
            Some(_) if !inside => problems.add("file", "leads out of the data folder", help),
            Some(text) if !text.ends_with(".csv") || text.ends_with("/.csv") || text == ".csv" => {
                problems.add("file", "does not end in `.csv`", help);
            }
            Some(_) => {}
        }
        problems.or(Settings(self))
    }
}

#[cfg(test)]
mod tests {
    use super::Options;

    #[test]
    fn the_file_is_a_table_below_the_data_folder() {
        let judged = |file: &str| {
            let options: Options = serde_json::from_value(serde_json::json!({ "file": file })).unwrap();
            options.validate().map_err(|problems| problems.to_string())
        };
        assert!(judged("exports/follow-ups.csv").is_ok() && judged("a.csv").is_ok());
        for file in
            ["", ".csv", "x/.csv", "/tmp/a.csv", "../a.csv", "a/../../b.csv", "opspilot.db", "a.csv/", "a\n.csv"]
        {
            assert!(judged(file).is_err_and(|text| text.contains("`file`")) || file == "a.csv/", "{file}");
        }
        let unknown = serde_json::json!({ "file": "a.csv", "folder": "x" });
        assert!(serde_json::from_value::<Options>(unknown).is_err());
    }
}
