//! The options of the kind `request_tracker`, judged without touching the world. Own file because the names of these keys are a promise to
//! operators. INVARIANT: what the options do not name cannot be written: no queue, no tasks; no priorities, no priority.

use opspilot_sdk::http::{ReachOptions, Site, Unknown};
use opspilot_sdk::{ActionKind, Problems, SecretPlace};
use serde::Deserialize;
use std::collections::BTreeMap;
use std::path::PathBuf;

/// Request Tracker's largest priority, which is a number of its own choice; it keeps any that the database holds.
const MOST: i32 = 1_000_000;

/// Options as they stand in the configuration.
#[derive(Clone, Debug, Deserialize)]
pub struct Options {
    /// A file with the account's token; relative to the data folder.
    pub token_file: Option<PathBuf>,
    /// An environment variable with the account's token.
    pub token_env: Option<String>,
    /// Words for priorities, each with the number that Request Tracker keeps for it.
    #[serde(default)]
    pub priorities: BTreeMap<String, i32>,
    /// The queue that tasks are made in, by name or number.
    pub queue: Option<String>,
    /// How a task hangs on its ticket.
    #[serde(default)]
    pub link: Link,
    /// The hour (UTC) of its day at which a task is due.
    #[serde(default = "due_hour")]
    pub due_hour: u8,
    /// The status that takes a task back.
    #[serde(default = "undo_status")]
    pub undo_status: String,
    /// Where Request Tracker is: what `/REST/2.0` is put behind.
    #[serde(flatten)]
    pub reach: ReachOptions,
    /// What is no key.
    #[serde(flatten)]
    pub unknown: Unknown,
}

/// How a task hangs on its ticket.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Link {
    /// It refers to it.
    #[default]
    RefersTo,
    /// It is a child of it.
    MemberOf,
    /// The ticket depends on it: it cannot be resolved before the task is.
    DependedOnBy,
}

impl Link {
    /// Request Tracker's word.
    pub(crate) const fn field(self) -> &'static str {
        match self {
            Self::RefersTo => "RefersTo",
            Self::MemberOf => "MemberOf",
            Self::DependedOnBy => "DependedOnBy",
        }
    }

    /// What a ticket's list of links calls it.
    pub(crate) const fn listed(self) -> &'static str {
        match self {
            Self::RefersTo => "refers-to",
            Self::MemberOf => "parent",
            Self::DependedOnBy => "depended-on-by",
        }
    }
}

/// Options that have been judged. Come from [`Options::validate`] alone.
#[derive(Clone, Debug)]
pub struct Settings {
    pub(crate) site: Site,
    pub(crate) token: SecretPlace,
    pub(crate) priorities: BTreeMap<String, i32>,
    pub(crate) queue: Option<String>,
    pub(crate) link: Link,
    pub(crate) due_hour: u8,
    pub(crate) undo_status: String,
}

fn due_hour() -> u8 {
    12
}

fn undo_status() -> String {
    "rejected".to_owned()
}

impl Settings {
    /// What it carries. No queue, no tasks; no words, no priorities.
    pub(crate) fn carries(&self) -> Vec<ActionKind> {
        let mut kinds = vec![ActionKind::Note];
        kinds.extend(self.queue.is_some().then_some(ActionKind::Task));
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
        self.unknown.judge("request_tracker", &mut problems);
        if self.token_file.is_none() && self.token_env.is_none() {
            let help = "name a file, or a variable with `token_env`, that holds the account's token";
            problems.add("token_file", "is missing", help);
        }
        let token = SecretPlace::judge("token", self.token_file, self.token_env, &mut problems);
        for (word, number) in &self.priorities {
            if word.trim().is_empty() {
                problems.add("priorities", "holds a word that is empty", "give each priority a word");
            }
            if !(0..=MOST).contains(number) {
                problems.add(format!("priorities.{word}"), format!("is {number}"), format!("use 0 to {MOST}"));
            }
        }
        let name = |text: &str| {
            let fits = |c: char| c.is_alphanumeric() || " -_.&".contains(c);
            !text.trim().is_empty() && text.len() <= 120 && text.chars().all(fits)
        };
        if self.queue.as_deref().is_some_and(|queue| !name(queue)) {
            problems.add("queue", "is not the name or number of a queue", "use letters, digits, blanks and `-_.&`");
        }
        let is_word = self.undo_status.bytes().all(|byte| byte.is_ascii_lowercase() || b"-_ ".contains(&byte));
        if self.undo_status.is_empty() || self.undo_status.len() > 64 || !is_word {
            problems.add("undo_status", "is not a status", "give one of the queue's lifecycle, such as `rejected`");
        }
        if self.due_hour > 23 {
            problems.add("due_hour", format!("is {}", self.due_hour), "use 0 to 23");
        }
        let site = self.reach.judge(None, &mut problems);
        let (Some(site), Some(token)) = (site, token) else { return Err(problems) };
        problems.or(Settings {
            site,
            token,
            priorities: self.priorities,
            queue: self.queue,
            link: self.link,
            due_hour: self.due_hour,
            undo_status: self.undo_status,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::Link;
    use crate::RequestTracker;
    use opspilot_sdk::conformance::{judged, refuses};

    #[test]
    fn an_address_and_a_token_are_enough_for_notes() {
        let settings =
            judged::<RequestTracker>(r#"{"base_url":"https://rt.example.org/rt/","token_env":"TOKEN"}"#).unwrap();
        assert_eq!((settings.site.host(), settings.link, settings.due_hour), ("rt.example.org", Link::RefersTo, 12));
        assert_eq!(settings.undo_status, "rejected");
    }

    #[test]
    fn all_problems_are_told_at_once() {
        let wrong = r#"{"base_url":"http://rt.example.org","queue":"a'b","priorities":{"high":-1},"due_hour":24,"undo_status":"","colour":1}"#;
        refuses::<RequestTracker>(
            wrong,
            &["base_url", "token_file", "queue", "priorities.high", "due_hour", "undo_status", "colour"],
        );
    }
}
