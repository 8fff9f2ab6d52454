//! The options of an `http` sink, judged without touching the world. Own file because the names of these keys are a promise to operators.
//! INVARIANT: a path that leads to one message names its key exactly once, so that it leads to no other.

use opspilot_sdk::http::{ReachOptions, Site, Unknown};
use opspilot_sdk::{Problems, SecretPlace};
use serde::Deserialize;
use std::path::PathBuf;
use std::time::Duration;

/// Stands in a path for the message's name.
pub(crate) const KEY: &str = "{key}";

/// Options as they stand in the configuration.
#[derive(Clone, Debug, Deserialize)]
pub struct Options {
    /// Where messages are sent, behind `base_url`.
    #[serde(default = "root")]
    pub path: String,
    /// A file with the secret that signs, `whsec_…`; relative to the data folder.
    pub secret_file: Option<PathBuf>,
    /// An environment variable with it.
    pub secret_env: Option<String>,
    /// A file with a token that is sent besides, as `authorization: Bearer`.
    pub token_file: Option<PathBuf>,
    /// An environment variable with it.
    pub token_env: Option<String>,
    /// Whether the receiver does a message with the same `webhook-id` once.
    #[serde(default)]
    pub honours_webhook_id: bool,
    /// Where a message can be seen, with `{key}`.
    pub look_path: Option<String>,
    /// Where a message can be deleted, with `{key}`.
    pub undo_path: Option<String>,
    /// How long after a lost answer the receiver may still be at work, in seconds; 0 to 3,600.
    #[serde(default = "settles_secs")]
    pub settles_secs: u64,
    /// Where the receiver is.
    #[serde(flatten)]
    pub reach: ReachOptions,
    /// What nobody asked for.
    #[serde(flatten)]
    pub unknown: Unknown,
}

fn root() -> String {
    "/".to_owned()
}

fn settles_secs() -> u64 {
    30
}

/// Options that have been judged.
#[derive(Clone, Debug)]
pub struct Settings {
    pub(crate) site: Site,
    pub(crate) path: String,
    pub(crate) secret: SecretPlace,
    pub(crate) token: Option<SecretPlace>,
    pub(crate) honours_webhook_id: bool,
    pub(crate) look_path: Option<String>,
    pub(crate) undo_path: Option<String>,
    pub(crate) settles_in: Duration,
}

impl Options {
    pub(crate) fn validate(self) -> Result<Settings, Problems> {
        let mut problems = Problems::new();
        self.unknown.judge("http", &mut problems);
        let site = self.reach.judge(None, &mut problems);
        if !is_path(&self.path) || self.path.contains(['{', '}']) {
            problems.add("path", "is not a path", "write it as `/hooks/opspilot`");
        }
        for (key, path) in [("look_path", &self.look_path), ("undo_path", &self.undo_path)] {
            let Some(path) = path else { continue };
            let rest = path.replacen(KEY, "", 1);
            if !is_path(path) || rest.len() == path.len() || rest.contains(['{', '}']) {
                let help = "write it as `/messages/{key}`, with `{key}` where the message's name belongs";
                problems.add(key, "is not a path that leads to one message", help);
            }
        }
        if self.undo_path.is_some() && self.look_path.is_none() {
            let help = "give `look_path` too: nothing is taken back unseen";
            problems.add("undo_path", "stands without `look_path`", help);
        }
        if self.settles_secs > 3600 {
            problems.add("settles_secs", format!("is {}", self.settles_secs), "use 0 to 3600");
        }
        let secret = SecretPlace::judge("secret", self.secret_file, self.secret_env, &mut problems);
        if secret.is_none() && !problems.iter().any(|problem| problem.path.starts_with("secret")) {
            problems.add("secret_file", "is missing", "name the file with the secret that both sides know, `whsec_…`");
        }
        let token = SecretPlace::judge("token", self.token_file, self.token_env, &mut problems);
        match (site, secret) {
            (Some(site), Some(secret)) => problems.or(Settings {
                site,
                path: self.path,
                secret,
                token,
                honours_webhook_id: self.honours_webhook_id,
                look_path: self.look_path,
                undo_path: self.undo_path,
                settles_in: Duration::from_secs(self.settles_secs),
            }),
            _ => Err(problems),
        }
    }
}

/// As it stands in a request: nothing that would be changed on the way, and nothing that ends it.
fn is_path(text: &str) -> bool {
    let fit = |byte: u8| byte.is_ascii_graphic() && !b"#\"<>\\^`|".contains(&byte);
    text.starts_with('/') && !text.starts_with("//") && !text.contains("/.") && text.bytes().all(fit)
}

#[cfg(test)]
mod tests {
    use super::Options;
    use serde_json::{Value, json};

    fn judged(more: Value) -> Result<super::Settings, String> {
        let mut options = json!({ "base_url": "https://desk.example.org/in", "secret_env": "SECRET" });
        options.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        let options: Options = serde_json::from_value(options).unwrap();
        options.validate().map_err(|problems| problems.to_string())
    }

    #[test]
    fn what_is_right_is_taken_and_all_problems_are_told_at_once() {
        let settings = judged(json!({ "look_path": "/m/{key}", "undo_path": "/m?id={key}", "path": "/m" })).unwrap();
        assert_eq!(settings.settles_in.as_secs(), 30);
        let wrong = json!({ "path": "m", "look_path": "/m", "undo_path": "/{key}/{key}", "settles_secs": 9999,
            "secret_file": "x", "token_file": "", "color": 1, "base_url": "http://desk.example.org" });
        let text = judged(wrong).unwrap_err();
        for key in ["path", "look_path", "undo_path", "settles_secs", "secret_env", "token_file", "color", "base_url"] {
            assert!(text.contains(&format!("`{key}`")), "{key} is not in {text}");
        }
        assert!(judged(json!({ "undo_path": "/m/{key}" })).unwrap_err().contains("unseen"));
        for path in ["/a/../{key}", "//evil.example/{key}", "/{key}#x", "/ {key}", "/\n{key}", "/{other}"] {
            assert!(judged(json!({ "look_path": path })).is_err(), "{path}");
        }
        let none: Options = serde_json::from_value(json!({ "base_url": "https://desk.example.org" })).unwrap();
        assert!(none.validate().unwrap_err().to_string().contains("`secret_file`"));
    }
}
