//! The options of the kind `hubspot`, judged without touching the world. Own file because the names of these keys are a promise to operators.

use crate::place::Object;
use opspilot_sdk::http::{ReachOptions, Site, Unknown};
use opspilot_sdk::{ActionKind, Problems, SecretPlace, place};
use serde::Deserialize;
use std::path::PathBuf;

/// Where HubSpot is.
const VENDOR: &str = "https://api.hubapi.com";

/// Options as they stand in the configuration.
#[derive(Clone, Debug, Deserialize)]
pub struct Options {
    /// A file with the token of the private app; relative to the data folder.
    pub token_file: Option<PathBuf>,
    /// An environment variable with it.
    pub token_env: Option<String>,
    /// The kinds of records that may be written to; a record that names none is of the first.
    #[serde(default = "contacts")]
    pub objects: Vec<Object>,
    /// The property of a record that holds its priority. Absent: priorities cannot be set.
    pub priority_property: Option<String>,
    /// The values that it may be given; none named: whatever HubSpot takes.
    #[serde(default)]
    pub priorities: Vec<String>,
    /// The number of the account that is written to. Absent: whichever account the token is of.
    pub portal: Option<u64>,
    /// The number of the owner that notes and tasks are given.
    pub owner: Option<u64>,
    /// Where it is called.
    #[serde(flatten)]
    pub reach: ReachOptions,
    /// What nobody asked for.
    #[serde(flatten)]
    pub unknown: Unknown,
}

fn contacts() -> Vec<Object> {
    vec![Object::Contacts]
}

/// Options that have been judged. Come from [`Options::validate`] alone.
#[derive(Clone, Debug)]
pub struct Settings {
    pub(crate) token: SecretPlace,
    pub(crate) objects: Vec<Object>,
    pub(crate) priority_property: Option<String>,
    pub(crate) priorities: Vec<String>,
    pub(crate) portal: Option<u64>,
    pub(crate) owner: Option<u64>,
    pub(crate) site: Site,
}

/// Whether a text is the internal name of a property.
pub(crate) fn is_property(text: &str) -> bool {
    text.len() <= 100
        && text.starts_with(|c: char| c.is_ascii_lowercase())
        && text.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_')
}

impl Settings {
    /// What it carries: priorities where the operator said which property holds them.
    pub(crate) fn carries(&self) -> &'static [ActionKind] {
        if self.priority_property.is_some() {
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
        self.unknown.judge("hubspot", &mut problems);
        let help = "name a file that holds the token of a private app";
        let token = SecretPlace::wanted("token", self.token_file, self.token_env, help, &mut problems);
        place::judge(&self.objects, &mut problems);
        if self.priority_property.as_deref().is_some_and(|name| !is_property(name)) {
            problems.add(
                "priority_property",
                "is not the internal name of a property",
                "HubSpot shows it beside the label, such as `hs_priority`",
            );
        }
        if self.priority_property.is_none() && !self.priorities.is_empty() {
            problems.add("priorities", "stands without `priority_property`", "name the property that holds them");
        }
        let site = self.reach.judge(Some(VENDOR), &mut problems);
        match (token, site) {
            (Some(token), Some(site)) => problems.or(Settings {
                token,
                objects: self.objects,
                priority_property: self.priority_property,
                priorities: self.priorities,
                portal: self.portal,
                owner: self.owner,
                site,
            }),
            _ => Err(problems),
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::HubSpot;
    use crate::place::Object;
    use opspilot_sdk::conformance::{judged, refuses};

    #[test]
    fn a_token_is_enough() {
        let settings = judged::<HubSpot>(r#"{"token_env":"HUBSPOT_TOKEN"}"#).unwrap();
        assert_eq!((settings.site.host(), &settings.objects[..]), ("api.hubapi.com", &[Object::Contacts][..]));
    }

    #[test]
    fn all_problems_are_told_at_once() {
        let wrong = r#"{"token_file":"a","token_env":"b","objects":["deals","deals"],"priority_property":"Priority!","base_url":"http://x.example","colour":1}"#;
        refuses::<HubSpot>(wrong, &["token_env", "objects", "priority_property", "base_url", "colour"]);
        for json in ["{}", r#"{"token_env":"T","priorities":["high"]}"#, r#"{"token_env":"T","objects":["tickets"]}"#] {
            assert!(judged::<HubSpot>(json).is_err(), "{json}");
        }
    }
}
