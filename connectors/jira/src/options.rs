//! The options of the kind `jira`, judged without touching the world. Own file because the names of these keys are a promise to operators.
//! INVARIANT: without a word of the operator a project is taken for a service project, so that no comment is shown to a customer by mistake.

use opspilot_sdk::http::{ReachOptions, Site, Unknown};
use opspilot_sdk::{ActionKind, Problems, SecretPlace};
use serde::Deserialize;
use std::path::PathBuf;

/// What this sink can carry.
pub(crate) const CARRIES: &[ActionKind] = &[ActionKind::Note, ActionKind::Task, ActionKind::Priority];

/// Options as they stand in the configuration.
#[derive(Clone, Debug, Deserialize)]
pub struct Options {
    /// The address of the account that an API token belongs to. Absent: the token is one of OAuth.
    pub email: Option<String>,
    /// A file with the token; relative to the data folder.
    pub token_file: Option<PathBuf>,
    /// An environment variable with the token.
    pub token_env: Option<String>,
    /// Keys of the projects whose issues may be written to, such as `OPS`. Default: all that the account may.
    pub projects: Option<Vec<String>>,
    /// Whether they are service projects, in which customers see what is not internal. Default: yes.
    #[serde(default = "yes")]
    pub service_project: bool,
    /// The project role that alone sees the comments.
    pub visible_to_role: Option<String>,
    /// The issue type of a sub-task: its name, or its number.
    #[serde(default = "task_type")]
    pub task_type: String,
    /// What it is used for; the rights of the account are checked for these. Default: all that it carries.
    pub kinds: Option<Vec<ActionKind>>,
    /// Where it calls; `base_url` is the site's own address.
    #[serde(flatten)]
    pub reach: ReachOptions,
    /// Keys that nobody asked for.
    #[serde(flatten)]
    pub unknown: Unknown,
}

/// Options that have been judged. Come from [`Options::validate`] alone.
#[derive(Clone, Debug)]
pub struct Settings {
    pub(crate) email: Option<String>,
    pub(crate) token: SecretPlace,
    /// Empty: all.
    pub(crate) projects: Vec<String>,
    pub(crate) service_project: bool,
    pub(crate) role: Option<String>,
    pub(crate) task_type: String,
    pub(crate) kinds: Vec<ActionKind>,
    pub(crate) site: Site,
}

fn yes() -> bool {
    true
}

fn task_type() -> String {
    "Sub-task".to_owned()
}

/// Whether a text is the key of a project: capital letters, digits and `_`, a letter first.
pub(crate) fn is_project(key: &str) -> bool {
    (1..=255).contains(&key.len())
        && key.starts_with(|c: char| c.is_ascii_uppercase())
        && key.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'_')
}

impl Options {
    /// Judges the options without I/O.
    ///
    /// # Errors
    /// All problems at once.
    pub fn validate(self) -> Result<Settings, Problems> {
        let mut problems = Problems::new();
        self.unknown.judge("jira", &mut problems);
        let is_address = |text: &String| {
            text.split_once('@').is_some_and(|(local, domain)| !local.is_empty() && !domain.is_empty())
                && text.chars().all(|c| c.is_ascii_graphic() && c != ':')
        };
        if self.email.as_ref().is_some_and(|email| !is_address(email)) {
            problems.add("email", "is not an address", "give that of the account that the token belongs to");
        }
        if self.projects.as_ref().is_some_and(|keys| keys.is_empty() || !keys.iter().all(|key| is_project(key))) {
            problems.add("projects", "holds what is no key of a project, or nothing", "give keys such as `OPS`");
        }
        let is_name = |text: &str| {
            (1..=255).contains(&text.chars().count()) && !text.chars().any(char::is_control) && text.trim() == text
        };
        if self.visible_to_role.as_ref().is_some_and(|role| !is_name(role)) {
            problems.add("visible_to_role", "is not the name of a role", "give one such as `Service Desk Team`");
        }
        if !is_name(&self.task_type) {
            problems.add("task_type", "is not the name of an issue type", "give one such as `Sub-task`, or its number");
        }
        let kinds = ActionKind::judge(self.kinds, CARRIES, &mut problems);
        let help = "name the file with the token, or its variable by `token_env`";
        let token = SecretPlace::wanted("token", self.token_file, self.token_env, help, &mut problems);
        let site = self.reach.judge(None, &mut problems);
        match (token, site) {
            (Some(token), Some(site)) => problems.or(Settings {
                email: self.email,
                token,
                projects: self.projects.unwrap_or_default(),
                service_project: self.service_project,
                role: self.visible_to_role,
                task_type: self.task_type,
                kinds,
                site,
            }),
            _ => Err(problems),
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::Jira;
    use opspilot_sdk::conformance::{judged, refuses};
    use serde_json::json;

    #[test]
    fn an_address_and_a_token_are_enough() {
        let settings = judged::<Jira>(json!({"base_url": "https://acme.atlassian.net", "token_env": "JIRA"})).unwrap();
        assert!(settings.service_project && settings.projects.is_empty());
        assert_eq!((settings.site.host(), settings.task_type.as_str()), ("acme.atlassian.net", "Sub-task"));
        let scoped = json!({"base_url": "https://api.atlassian.com/ex/jira/11223344-a1b2-3b33-c444-def123456789",
            "email": "pilot@acme.example", "token_file": "secrets/jira", "projects": ["OPS", "A_1"], "service_project": false});
        assert!(judged::<Jira>(scoped).is_ok_and(|settings| !settings.service_project));
    }

    #[test]
    fn all_problems_are_told_at_once() {
        let wrong = json!({"base_url": "ftp://x", "email": "nobody", "kinds": [], "projects": ["ops"], "visible_to_role": "",
            "task_type": " x", "token_file": "", "wiki": true});
        refuses::<Jira>(
            wrong,
            &["base_url", "email", "kinds", "projects", "visible_to_role", "task_type", "token_file", "wiki"],
        );
        assert!(
            judged::<Jira>(json!({"base_url": "https://a.example"})).is_err_and(|text| text.contains("`token_file`"))
        );
    }
}
