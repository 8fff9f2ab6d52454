//! The options of the kind `redmine`, judged without touching the world. Own file because the names of these keys are a promise to
//! operators. INVARIANT: what the options do not name cannot be written: no project, no tasks; no priorities, no priority.

use opspilot_sdk::http::{ReachOptions, Site, Unknown};
use opspilot_sdk::{ActionKind, Problems, SecretPlace};
use serde::Deserialize;
use std::collections::BTreeMap;
use std::path::PathBuf;

/// Options as they stand in the configuration.
#[derive(Clone, Debug, Deserialize)]
pub struct Options {
    /// A file with the account's key; relative to the data folder.
    pub key_file: Option<PathBuf>,
    /// An environment variable with the account's key.
    pub key_env: Option<String>,
    /// How this Redmine formats text (Administration, Settings, General).
    #[serde(default)]
    pub format: Format,
    /// Words for priorities, each with Redmine's number for it.
    #[serde(default)]
    pub priorities: BTreeMap<String, u32>,
    /// The project that tasks are made in, by identifier or number.
    pub project: Option<String>,
    /// The tracker of tasks, by number. Absent: the project's first.
    pub tracker_id: Option<u32>,
    /// Tasks become sub-tasks of the issue. Its priority and dates then follow them, unless Redmine's settings say otherwise.
    #[serde(default)]
    pub subtasks: bool,
    /// The status, by number, that takes a task back. Absent: it is deleted.
    pub undo_status: Option<u32>,
    /// Where Redmine is.
    #[serde(flatten)]
    pub reach: ReachOptions,
    /// What is no key.
    #[serde(flatten)]
    pub unknown: Unknown,
}

/// How text is formatted, which decides how it is kept from being more than text.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Format {
    /// Textile, the usual one up to Redmine 5.
    #[default]
    Textile,
    /// Markdown or CommonMark.
    Markdown,
    /// None.
    Plain,
}

/// Options that have been judged. Come from [`Options::validate`] alone.
#[derive(Clone, Debug)]
pub struct Settings {
    pub(crate) site: Site,
    pub(crate) key: SecretPlace,
    pub(crate) format: Format,
    pub(crate) priorities: BTreeMap<String, u32>,
    pub(crate) project: Option<String>,
    pub(crate) tracker: Option<u32>,
    pub(crate) subtasks: bool,
    pub(crate) undo_status: Option<u32>,
}

impl Settings {
    /// What it carries. No project, no tasks; no words, no priorities.
    pub(crate) fn carries(&self) -> Vec<ActionKind> {
        let mut kinds = vec![ActionKind::Note];
        kinds.extend(self.project.is_some().then_some(ActionKind::Task));
        kinds.extend((!self.priorities.is_empty()).then_some(ActionKind::Priority));
        kinds
    }
}

impl Options {
    /// Judges the options without I/O.
    ///
    /// # Errors
    /// All problems at once.
    pub fn validate(self) -> Result<Settings, Problems> {
        let mut problems = Problems::new();
        self.unknown.judge("redmine", &mut problems);
        let both = self.key_file.is_none() && self.key_env.is_none();
        if both {
            problems.add(
                "key_file",
                "is missing",
                "name a file, or a variable with `key_env`, that holds the account's key",
            );
        }
        let key = SecretPlace::judge("key", self.key_file, self.key_env, &mut problems);
        for (word, id) in &self.priorities {
            let path = format!("priorities.{word}");
            if word.trim().is_empty() {
                problems.add("priorities", "holds a word that is empty", "give each priority a word");
            }
            if *id == 0 {
                problems.add(
                    path,
                    "is 0",
                    "give Redmine's number for it, as `/enumerations/issue_priorities.json` shows it",
                );
            }
        }
        let name = |text: &String| {
            !text.is_empty()
                && text.len() <= 100
                && text.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"-_".contains(&byte))
        };
        if self.project.as_ref().is_some_and(|project| !name(project)) {
            problems.add(
                "project",
                "is not a project's identifier or number",
                "give it as in the address of the project's page",
            );
        }
        for (key, id) in [("tracker_id", self.tracker_id), ("undo_status", self.undo_status)] {
            if id == Some(0) {
                problems.add(key, "is 0", "give Redmine's number for it, or leave it out");
            }
        }
        if self.project.is_none() && (self.tracker_id.is_some() || self.subtasks || self.undo_status.is_some()) {
            problems.add(
                "project",
                "is missing",
                "name the project that tasks are made in, or leave out what is about tasks",
            );
        }
        let site = self.reach.judge(None, &mut problems);
        let (Some(site), Some(key)) = (site, key) else { return Err(problems) };
        problems.or(Settings {
            site,
            key,
            format: self.format,
            priorities: self.priorities,
            project: self.project,
            tracker: self.tracker_id,
            subtasks: self.subtasks,
            undo_status: self.undo_status,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::Format;
    use crate::Redmine;
    use opspilot_sdk::conformance::{judged, refuses};

    #[test]
    fn an_address_and_a_key_are_enough_for_notes() {
        let settings = judged::<Redmine>(r#"{"base_url":"https://redmine.example.org/","key_env":"KEY"}"#).unwrap();
        assert_eq!((settings.site.host(), settings.format), ("redmine.example.org", Format::Textile));
        assert!(settings.project.is_none() && settings.priorities.is_empty());
    }

    #[test]
    fn all_problems_are_told_at_once() {
        let wrong = r#"{"base_url":"http://redmine.example.org","project":"A b","priorities":{"high":0},"undo_status":0,"colour":1}"#;
        refuses::<Redmine>(wrong, &["base_url", "key_file", "project", "priorities.high", "undo_status", "colour"]);
        let text = judged::<Redmine>(r#"{"base_url":"https://redmine.example.org","key_env":"KEY","subtasks":true}"#)
            .expect_err("sub-tasks of no project");
        assert!(text.contains("`project`"), "{text}");
    }
}
