//! The options of the kind `zendesk`, judged without touching the world. Own file because the names of these keys are a promise to operators.
//! INVARIANT: no option can make a comment public or choose whom a ticket is from.

use opspilot_sdk::http::{ReachOptions, Site, Unknown};
use opspilot_sdk::{ActionKind, Problems, SecretPlace};
use serde::Deserialize;
use std::path::PathBuf;

/// What this sink can carry.
pub(crate) const CARRIES: &[ActionKind] = &[ActionKind::Note, ActionKind::Task, ActionKind::Priority];

/// Options as they stand in the configuration.
#[derive(Clone, Debug, Deserialize)]
pub struct Options {
    /// The address of the agent in whose name an API token is used. Absent: the token is one of OAuth.
    pub email: Option<String>,
    /// A file with the token; relative to the data folder.
    pub token_file: Option<PathBuf>,
    /// An environment variable with the token.
    pub token_env: Option<String>,
    /// What it is used for; the rights of the agent are checked for these. Default: all that it carries.
    pub kinds: Option<Vec<ActionKind>>,
    /// Whether undoing a note blackens its text for ever, which is the only way to take one back. Default: no.
    #[serde(default)]
    pub redact_notes: bool,
    /// Where it calls; `base_url` is the account's own address.
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
    pub(crate) kinds: Vec<ActionKind>,
    pub(crate) redact_notes: bool,
    pub(crate) site: Site,
}

impl Options {
    /// Judges the options without I/O.
    ///
    /// # Errors
    /// All problems at once.
    pub fn validate(self) -> Result<Settings, Problems> {
        let mut problems = Problems::new();
        self.unknown.judge("zendesk", &mut problems);
        let is_address = |text: &String| {
            text.split_once('@').is_some_and(|(local, domain)| !local.is_empty() && !domain.is_empty())
                && text.chars().all(|c| c.is_ascii_graphic() && c != ':')
        };
        if self.email.as_ref().is_some_and(|email| !is_address(email)) {
            problems.add("email", "is not an address", "give that of the agent in whose name the token is used");
        }
        let kinds = ActionKind::judge(self.kinds, CARRIES, &mut problems);
        let help = "name the file with the token, or its variable by `token_env`";
        let token = SecretPlace::wanted("token", self.token_file, self.token_env, help, &mut problems);
        let site = self.reach.judge(None, &mut problems);
        match (token, site) {
            (Some(token), Some(site)) => {
                problems.or(Settings { email: self.email, token, kinds, redact_notes: self.redact_notes, site })
            }
            _ => Err(problems),
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::Zendesk;
    use opspilot_sdk::ActionKind;
    use opspilot_sdk::conformance::{judged, refuses};
    use serde_json::json;

    #[test]
    fn an_address_and_a_token_are_enough() {
        let settings =
            judged::<Zendesk>(json!({"base_url": "https://acme.zendesk.com", "token_env": "ZENDESK"})).unwrap();
        assert_eq!((settings.site.host(), settings.kinds.len(), settings.redact_notes), ("acme.zendesk.com", 3, false));
        let settings = judged::<Zendesk>(json!({
            "base_url": "https://acme.zendesk.com", "token_file": "secrets/zendesk", "email": "pilot@acme.example",
            "kinds": ["note"], "redact_notes": true
        }));
        assert_eq!(settings.unwrap().kinds, [ActionKind::Note]);
    }

    #[test]
    fn all_problems_are_told_at_once() {
        let wrong = json!({"base_url": "http://acme.example", "email": "a:b@c", "kinds": ["message"], "public": true, "token_env": ""});
        refuses::<Zendesk>(wrong, &["base_url", "email", "kinds", "public", "token_env"]);
        assert!(
            judged::<Zendesk>(json!({"base_url": "https://acme.zendesk.com"}))
                .is_err_and(|text| text.contains("`token_file`"))
        );
        assert!(
            judged::<Zendesk>(json!({"token_env": "T", "base_url": "https://a.example", "kinds": ["bill"]})).is_err()
        );
    }
}
