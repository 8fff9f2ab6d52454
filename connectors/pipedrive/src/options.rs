//! The options of the kind `pipedrive`, judged without touching the world. Own file because the names of these keys are a promise to operators.

use crate::place::Object;
use opspilot_sdk::http::{ReachOptions, Site, Unknown};
use opspilot_sdk::{ActionKind, Problems, SecretPlace, place};
use serde::Deserialize;
use std::collections::BTreeMap;
use std::path::PathBuf;

/// Options as they stand in the configuration.
#[derive(Clone, Debug, Deserialize)]
pub struct Options {
    /// A file with a person's API token; relative to the data folder.
    pub token_file: Option<PathBuf>,
    /// An environment variable with it.
    pub token_env: Option<String>,
    /// The kinds of records that may be written to; a record that names none is of the first.
    #[serde(default = "deals")]
    pub objects: Vec<Object>,
    /// The code of the deals' own field that holds their priority: 40 letters and digits. Absent: priorities cannot be set.
    pub priority_field: Option<String>,
    /// The numbers of its choices, by the words that are used here.
    #[serde(default)]
    pub priorities: BTreeMap<String, u64>,
    /// The type that activities are given, by its key.
    #[serde(default = "task")]
    pub activity_type: String,
    /// The numbers of the priorities of activities, by the words that are used here.
    #[serde(default)]
    pub task_priorities: BTreeMap<String, u64>,
    /// The number of the user that activities are given.
    pub owner: Option<u64>,
    /// Where it is called.
    #[serde(flatten)]
    pub reach: ReachOptions,
    /// What nobody asked for.
    #[serde(flatten)]
    pub unknown: Unknown,
}

fn deals() -> Vec<Object> {
    vec![Object::Deals]
}

fn task() -> String {
    "task".to_owned()
}

/// Options that have been judged. Come from [`Options::validate`] alone.
#[derive(Clone, Debug)]
pub struct Settings {
    pub(crate) token: SecretPlace,
    pub(crate) objects: Vec<Object>,
    pub(crate) priority_field: Option<String>,
    pub(crate) priorities: BTreeMap<String, u64>,
    pub(crate) activity_type: String,
    pub(crate) task_priorities: BTreeMap<String, u64>,
    pub(crate) owner: Option<u64>,
    pub(crate) site: Site,
}

/// Whether a text is the key of a field of Pipedrive's own.
pub(crate) fn is_key(text: &str) -> bool {
    (1..=64).contains(&text.len())
        && text.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_')
}

/// Whether a text is the code of a field that an account made itself.
pub(crate) fn is_code(text: &str) -> bool {
    text.len() == 40 && text.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit())
}

impl Settings {
    /// What a record looks like, one with a priority where some have one.
    pub(crate) fn example(&self) -> &'static str {
        if self.objects.contains(&Object::Deals) { "deals/1" } else { "1" }
    }

    /// What it carries: priorities where the operator said which property holds them.
    pub(crate) fn carries(&self) -> &'static [ActionKind] {
        if self.priority_field.is_some() {
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
        self.unknown.judge("pipedrive", &mut problems);
        let help = "name a file that holds the API token of a person";
        let token = SecretPlace::wanted("token", self.token_file, self.token_env, help, &mut problems);
        place::judge(&self.objects, &mut problems);
        match &self.priority_field {
            Some(code) if !is_code(code) => problems.add(
                "priority_field",
                "is not the code of a field",
                "give the 40 letters and digits of the deals' field that Pipedrive shows under data fields, as `API key`",
            ),
            Some(_) if !self.objects.contains(&Object::Deals) => {
                problems.add("priority_field", "is of deals, and `objects` has none", "add `deals` to `objects`");
            }
            Some(_) if self.priorities.is_empty() => problems.add(
                "priorities",
                "is missing",
                "name the choices of the field with their numbers, such as `{ high = 11 }`",
            ),
            None if !self.priorities.is_empty() => {
                problems.add("priorities", "stands without `priority_field`", "name the field that holds them");
            }
            _ => {}
        }
        if !is_key(&self.activity_type) {
            problems.add("activity_type", "is not the key of a type", "give one such as `task` or `call`");
        }
        let site = self.reach.judge(None, &mut problems);
        match (token, site) {
            (Some(token), Some(site)) => problems.or(Settings {
                token,
                objects: self.objects,
                priority_field: self.priority_field,
                priorities: self.priorities,
                activity_type: self.activity_type,
                task_priorities: self.task_priorities,
                owner: self.owner,
                site,
            }),
            _ => Err(problems),
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::Pipedrive;
    use crate::place::Object;
    use opspilot_sdk::conformance::{judged, refuses};

    #[test]
    fn a_token_and_an_address_are_enough() {
        let settings = judged::<Pipedrive>(r#"{"token_env":"TOKEN","base_url":"https://acme.pipedrive.com"}"#).unwrap();
        assert_eq!((settings.site.host(), &settings.objects[..]), ("acme.pipedrive.com", &[Object::Deals][..]));
    }

    #[test]
    fn all_problems_are_told_at_once() {
        let wrong = r#"{"token_file":"a","token_env":"b","objects":[],"priority_field":"Priority","activity_type":"A call","colour":1}"#;
        refuses::<Pipedrive>(wrong, &["token_env", "objects", "priority_field", "activity_type", "base_url", "colour"]);
        let code = "0123456789abcdef0123456789abcdef01234567";
        for more in [
            r#""priorities":{"high":1}"#.to_owned(),
            format!(r#""priority_field":"{code}""#),
            format!(r#""priority_field":"{code}","priorities":{{"high":1}},"objects":["persons"]"#),
            r#""objects":["leads"]"#.to_owned(),
        ] {
            let json = format!(r#"{{"token_env":"T","base_url":"https://acme.pipedrive.com",{more}}}"#);
            assert!(judged::<Pipedrive>(&json).is_err(), "{json}");
        }
    }
}
