//! The options of the kind `freshdesk`, judged without touching the world. Own file because the names of these keys are a promise to
//! operators. INVARIANT: no option can make a note public or tell anybody about it.

use opspilot_sdk::http::{ReachOptions, Site, Unknown};
use opspilot_sdk::{ActionKind, Problems, SecretPlace};
use serde::Deserialize;
use std::path::PathBuf;

/// What this sink can carry.
pub(crate) const CARRIES: &[ActionKind] = &[ActionKind::Note, ActionKind::Priority];

/// Options as they stand in the configuration.
#[derive(Clone, Debug, Deserialize)]
pub struct Options {
    /// A file with the agent's API key; relative to the data folder.
    pub key_file: Option<PathBuf>,
    /// An environment variable with the key.
    pub key_env: Option<String>,
    /// What it is used for. Default: all that it carries.
    pub kinds: Option<Vec<ActionKind>>,
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
    pub(crate) key: SecretPlace,
    pub(crate) kinds: Vec<ActionKind>,
    pub(crate) site: Site,
}

impl Options {
    /// Judges the options without I/O.
    ///
    /// # Errors
    /// All problems at once.
    pub fn validate(self) -> Result<Settings, Problems> {
        let mut problems = Problems::new();
        self.unknown.judge("freshdesk", &mut problems);
        let kinds = ActionKind::judge(self.kinds, CARRIES, &mut problems);
        let help = "name the file with the key, or its variable by `key_env`";
        let key = SecretPlace::wanted("key", self.key_file, self.key_env, help, &mut problems);
        let site = self.reach.judge(None, &mut problems);
        match (key, site) {
            (Some(key), Some(site)) => problems.or(Settings { key, kinds, site }),
            _ => Err(problems),
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::Freshdesk;
    use opspilot_sdk::conformance::{judged, refuses};
    use serde_json::json;

    #[test]
    fn an_address_and_a_key_are_enough() {
        let settings =
            judged::<Freshdesk>(json!({"base_url": "https://acme.freshdesk.com", "key_file": "secrets/freshdesk"}))
                .unwrap();
        assert_eq!((settings.site.host(), settings.kinds.len()), ("acme.freshdesk.com", 2));
    }

    #[test]
    fn all_problems_are_told_at_once() {
        let wrong = json!({"base_url": "http://acme.example", "kinds": ["task"], "key_file": "a", "key_env": "b", "notify": true});
        refuses::<Freshdesk>(wrong, &["base_url", "kinds", "key_env", "notify"]);
        assert!(
            judged::<Freshdesk>(json!({"base_url": "https://a.example"}))
                .is_err_and(|text| text.contains("`key_file`"))
        );
    }
}
