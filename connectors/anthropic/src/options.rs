//! The options of the kind `anthropic`, judged without touching the world. Own file because the names of these keys are a promise to
//! operators. INVARIANT: no option can offer the far side a tool that does something, or another price class.

use opspilot_sdk::http::{Reach, Site};
use opspilot_sdk::{Problems, SecretPlace};
use serde::Deserialize;
use std::path::PathBuf;

/// Options as they stand in the configuration.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Options {
    /// The model's name, as the far side and the table of prices know it.
    pub model: String,
    /// What `/v1/messages` is put behind. Default: Anthropic's own.
    #[serde(default = "base_url")]
    pub base_url: String,
    /// A file with the key; relative to the data folder. A gateway on one's own machine may want none.
    pub key_file: Option<PathBuf>,
    /// An environment variable with the key.
    pub key_env: Option<String>,
    /// The version of the interface (`anthropic-version`).
    #[serde(default = "version")]
    pub version: String,
    /// How the shape of the answer is told.
    #[serde(default)]
    pub schema: Schema,
    /// How much chance there is in an answer, 0 to 1. Absent: the far side's own.
    pub temperature: Option<f64>,
    /// Whether the answer is streamed. Without, a long answer cannot be told from silence.
    #[serde(default = "yes")]
    pub stream: bool,
    /// `http` to other machines too.
    #[serde(default)]
    pub allow_plain: bool,
    /// The name in `base_url` may lead to addresses of the own network.
    #[serde(default)]
    pub private_network: bool,
    /// Certificates (PEM) of the authorities to believe instead of the system's; relative to the data folder.
    pub ca_file: Option<PathBuf>,
    /// An HTTP proxy to go through; that of the environment is never used.
    pub proxy_url: Option<String>,
    /// The longest time to connect, in seconds.
    #[serde(default = "connect_secs")]
    pub connect_secs: u64,
    /// The longest silence before the first byte of the answer, and after, in seconds.
    #[serde(default = "first_byte_secs")]
    pub first_byte_secs: u64,
    /// The longest time for a whole call, in seconds.
    #[serde(default = "whole_secs")]
    pub whole_secs: u64,
    /// The largest answer as it is sent, in bytes: a stream takes some 250 for each token.
    #[serde(default = "max_answer_bytes")]
    pub max_answer_bytes: usize,
}

/// How the shape of the answer is told to the far side.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Schema {
    /// As the input of a tool that the model must use.
    #[default]
    Tool,
    /// In words alone, for a gateway or a model that knows no tools.
    None,
}

/// Options that have been judged. Come from [`Options::validate`] alone.
#[derive(Clone, Debug)]
pub struct Settings {
    pub(crate) model: String,
    pub(crate) site: Site,
    pub(crate) key: Option<SecretPlace>,
    pub(crate) version: String,
    pub(crate) schema: Schema,
    pub(crate) temperature: Option<f64>,
    pub(crate) stream: bool,
}

fn base_url() -> String {
    "https://api.anthropic.com".to_owned()
}

fn version() -> String {
    "2023-06-01".to_owned()
}

fn yes() -> bool {
    true
}

fn connect_secs() -> u64 {
    10
}

fn first_byte_secs() -> u64 {
    60
}

fn whole_secs() -> u64 {
    180
}

fn max_answer_bytes() -> usize {
    4 << 20
}

impl Settings {
    /// The model's name.
    #[must_use]
    pub fn model(&self) -> &str {
        &self.model
    }
}

impl Options {
    /// Judges the options without I/O.
    ///
    /// # Errors
    /// All problems at once.
    pub fn validate(self) -> Result<Settings, Problems> {
        let mut problems = Problems::new();
        let word = |text: &str| !text.is_empty() && text.len() <= 200 && text.chars().all(|c| c.is_ascii_graphic());
        if !word(&self.model) {
            problems.add(
                "model",
                "is not the name of a model",
                "give the name that the far side knows, such as `claude-sonnet-4-5`",
            );
        }
        if !word(&self.version) {
            problems.add(
                "version",
                "is not a version of the interface",
                "leave it out, or give one such as `2023-06-01`",
            );
        }
        if self.temperature.is_some_and(|value| !(0.0..=1.0).contains(&value)) {
            problems.add("temperature", "is out of range", "use 0 to 1, or leave it out");
        }
        let key = SecretPlace::judge("key", self.key_file, self.key_env, &mut problems);
        let reach = Reach {
            base_url: self.base_url,
            allow_plain: self.allow_plain,
            private_network: self.private_network,
            ca_file: self.ca_file,
            proxy_url: self.proxy_url,
            connect_secs: self.connect_secs,
            first_byte_secs: self.first_byte_secs,
            whole_secs: self.whole_secs,
            max_answer_bytes: self.max_answer_bytes,
        };
        let Some(site) = reach.judge(&mut problems) else { return Err(problems) };
        problems.or(Settings {
            model: self.model,
            site,
            key,
            version: self.version,
            schema: self.schema,
            temperature: self.temperature,
            stream: self.stream,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::Schema;
    use crate::Anthropic;
    use opspilot_sdk::conformance::{judged, refuses};

    #[test]
    fn a_model_is_enough() {
        let settings = judged::<Anthropic>(r#"{"model":"claude-sonnet-4-5"}"#).unwrap();
        assert_eq!((settings.model(), settings.site.host()), ("claude-sonnet-4-5", "api.anthropic.com"));
        assert_eq!((settings.schema, settings.version.as_str()), (Schema::Tool, "2023-06-01"));
    }

    #[test]
    fn all_problems_are_told_at_once() {
        let wrong = r#"{"model":"","base_url":"http://example.org","key_file":"a","key_env":"b","version":"a b","temperature":1.5,"whole_secs":1}"#;
        refuses::<Anthropic>(wrong, &["model", "base_url", "key_env", "version", "temperature", "whole_secs"]);
        for json in [r#"{"model":"m","key":"sk-1"}"#, r#"{"model":"m","tools":[]}"#, "{}"] {
            assert!(judged::<Anthropic>(json).is_err(), "{json}");
        }
    }
}
