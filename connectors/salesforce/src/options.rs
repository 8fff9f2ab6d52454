//! The options of the kind `salesforce`, judged without touching the world. Own file because the names of these keys are a promise to
//! operators.

use crate::place::Object;
use opspilot_sdk::http::{ReachOptions, Site, Unknown};
use opspilot_sdk::{ActionKind, Problems, SecretPlace};
use serde::Deserialize;
use std::collections::BTreeMap;
use std::path::PathBuf;

/// Options as they stand in the configuration.
#[derive(Clone, Debug, Deserialize)]
pub struct Options {
    /// The consumer key of the app that was set up for us.
    pub client_id: String,
    /// A file with its consumer secret; relative to the data folder.
    pub client_secret_file: Option<PathBuf>,
    /// An environment variable with it.
    pub client_secret_env: Option<String>,
    /// A file with a refresh token. Absent: the app signs in as itself (client credentials).
    pub refresh_token_file: Option<PathBuf>,
    /// An environment variable with it.
    pub refresh_token_env: Option<String>,
    /// The version of the interface.
    #[serde(default = "version")]
    pub api_version: String,
    /// The kinds of records that may be written to.
    #[serde(default = "cases")]
    pub objects: Vec<Object>,
    /// The external id of tasks that takes the action's key. Absent: tasks are found by the mark in their texts.
    pub key_field: Option<String>,
    /// The fields that hold priorities, by kind of record. None: priorities cannot be set.
    #[serde(default)]
    pub priority_fields: BTreeMap<Object, String>,
    /// The values that they may be given; none named: whatever Salesforce takes.
    #[serde(default)]
    pub priorities: Vec<String>,
    /// The status of a note, which is a task that is done.
    #[serde(default = "done")]
    pub note_status: String,
    /// The status of a task.
    #[serde(default = "open")]
    pub task_status: String,
    /// Where it is called: the company's own address.
    #[serde(flatten)]
    pub reach: ReachOptions,
    /// What nobody asked for.
    #[serde(flatten)]
    pub unknown: Unknown,
}

fn version() -> String {
    "62.0".to_owned()
}

fn cases() -> Vec<Object> {
    vec![Object::Case]
}

fn done() -> String {
    "Completed".to_owned()
}

fn open() -> String {
    "Not Started".to_owned()
}

/// Options that have been judged. Come from [`Options::validate`] alone.
#[derive(Clone, Debug)]
pub struct Settings {
    pub(crate) client_id: String,
    pub(crate) client_secret: Option<SecretPlace>,
    pub(crate) refresh_token: Option<SecretPlace>,
    /// What every path of the interface begins with.
    pub(crate) root: String,
    pub(crate) objects: Vec<Object>,
    pub(crate) key_field: Option<String>,
    pub(crate) priority_fields: BTreeMap<Object, String>,
    pub(crate) priorities: Vec<String>,
    pub(crate) note_status: String,
    pub(crate) task_status: String,
    pub(crate) site: Site,
}

/// Whether a text is the name of a field.
pub(crate) fn is_field(text: &str) -> bool {
    text.len() <= 80
        && text.starts_with(|c: char| c.is_ascii_alphabetic())
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

impl Settings {
    /// What a record looks like, one with a priority where some have one.
    pub(crate) fn example(&self) -> String {
        let object = self.priority_fields.keys().next().or(self.objects.first()).copied();
        format!("{}000000000001", object.unwrap_or(Object::Case).prefix())
    }

    /// What it carries: priorities where the operator said which property holds them.
    pub(crate) fn carries(&self) -> &'static [ActionKind] {
        if !self.priority_fields.is_empty() {
            &[ActionKind::Note, ActionKind::Task, ActionKind::Priority]
        } else {
            &[ActionKind::Note, ActionKind::Task]
        }
    }
}

impl Options {
    /// Judges the options without I/O.
    ///
    /// # Errors
    /// All problems at once.
    pub fn validate(self) -> Result<Settings, Problems> {
        let mut problems = Problems::new();
        self.unknown.judge("salesforce", &mut problems);
        let client_secret =
            SecretPlace::judge("client_secret", self.client_secret_file, self.client_secret_env, &mut problems);
        let refresh_token =
            SecretPlace::judge("refresh_token", self.refresh_token_file, self.refresh_token_env, &mut problems);
        if client_secret.is_none() && refresh_token.is_none() && problems.is_empty() {
            let help =
                "name a file with the consumer secret, for an app that signs in as itself, or a `refresh_token_file`";
            problems.add("client_secret_file", "is missing", help);
        }
        if self.client_id.is_empty() || !self.client_id.bytes().all(|byte| byte.is_ascii_graphic()) {
            problems.add("client_id", "is not a consumer key", "copy it from the app's settings in Salesforce");
        }
        let is_version = self.api_version.split_once('.').is_some_and(|(whole, part)| {
            let is_number =
                |text: &str| !text.is_empty() && text.len() <= 3 && text.bytes().all(|b| b.is_ascii_digit());
            is_number(whole) && is_number(part)
        });
        if !is_version {
            problems.add("api_version", "is not a version", "give it as `62.0`");
        }
        if self.objects.is_empty() {
            let help = "name some of `Case`, `Lead`, `Opportunity`, `Contact`, `Account`";
            problems.add("objects", "names none", help);
        }
        if self.key_field.as_deref().is_some_and(|name| !is_field(name) || !name.ends_with("__c")) {
            problems.add("key_field", "is not a field of your own", "give its API name, such as `OpsPilot_Key__c`");
        }
        for (object, field) in &self.priority_fields {
            let key = format!("priority_fields.{}", object.as_str());
            if !is_field(field) || ["Id", "OwnerId", "LastModifiedDate"].contains(&field.as_str()) {
                problems.add(key, "is not a field for priorities", "give its API name, such as `Priority`");
            } else if !self.objects.contains(object) {
                problems.add(key, "is of a kind that `objects` has not", "add it to `objects`");
            }
        }
        if self.priority_fields.is_empty() && !self.priorities.is_empty() {
            problems.add("priorities", "stands without `priority_fields`", "name the fields that hold them");
        }
        for (key, status) in [("note_status", &self.note_status), ("task_status", &self.task_status)] {
            if status.is_empty() {
                problems.add(key, "is empty", "give a value of the status of tasks");
            }
        }
        let Some(site) = self.reach.judge(None, &mut problems) else { return Err(problems) };
        problems.or(Settings {
            client_id: self.client_id,
            client_secret,
            refresh_token,
            root: format!("/services/data/v{}", self.api_version),
            objects: self.objects,
            key_field: self.key_field,
            priority_fields: self.priority_fields,
            priorities: self.priorities,
            note_status: self.note_status,
            task_status: self.task_status,
            site,
        })
    }
}

#[cfg(test)]
mod tests {
    use crate::Salesforce;
    use opspilot_sdk::conformance::{judged, refuses};

    #[test]
    fn an_app_and_an_address_are_enough() {
        let settings = judged::<Salesforce>(
            r#"{"client_id":"3MVG9","client_secret_env":"S","base_url":"https://acme.my.salesforce.com","priority_fields":{"Case":"Priority"}}"#,
        )
        .unwrap();
        assert_eq!((settings.site.host(), settings.root.as_str()), ("acme.my.salesforce.com", "/services/data/v62.0"));
    }

    #[test]
    fn all_problems_are_told_at_once() {
        let wrong = r#"{"client_id":"","client_secret_file":"a","client_secret_env":"b","api_version":"v62","objects":[],"key_field":"Key","priority_fields":{"Case":"a b","Lead":"Rating"},"note_status":"","colour":1}"#;
        refuses::<Salesforce>(
            wrong,
            &[
                "client_id",
                "client_secret_env",
                "api_version",
                "objects",
                "key_field",
                "priority_fields.Case",
                "priority_fields.Lead",
                "note_status",
                "base_url",
                "colour",
            ],
        );
        for more in [
            r#""x":1"#,
            r#""client_secret_env":"S","priorities":["High"]"#,
            r#""client_secret_env":"S","objects":["User"]"#,
        ] {
            let json = format!(r#"{{"client_id":"3MVG9","base_url":"https://acme.my.salesforce.com",{more}}}"#);
            assert!(judged::<Salesforce>(&json).is_err(), "{json}");
        }
    }
}
