//! The options of the kind `openai`, judged without touching the world. Own file because the names of these keys are a promise to
//! operators. INVARIANT: no option can offer the far side a tool, a second answer or another price class.

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
    /// What `/chat/completions` is put behind. Default: OpenAI's own.
    #[serde(default = "base_url")]
    pub base_url: String,
    /// A file with the key; relative to the data folder. Servers on one's own machine often want none.
    pub key_file: Option<PathBuf>,
    /// An environment variable with the key.
    pub key_env: Option<String>,
    /// OpenAI's organisation, where a key belongs to several.
    pub organization: Option<String>,
    /// OpenAI's project, likewise.
    pub project: Option<String>,
    /// How the shape of the answer is told.
    #[serde(default)]
    pub schema: Schema,
    /// What the longest answer is called. Default: the newer name for OpenAI itself, the older one for everybody else.
    pub max_tokens_key: Option<LengthKey>,
    /// How much chance there is in an answer, 0 to 2. Absent: the far side's own; models that think refuse any.
    pub temperature: Option<f64>,
    /// How long a model that thinks does so, such as `low`. Absent: the far side's own.
    pub reasoning_effort: Option<String>,
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
    /// As a schema to which it is held (`response_format`, `strict`).
    #[default]
    JsonSchema,
    /// In words; the far side is held to JSON of any shape.
    JsonObject,
    /// In words alone, for a server that knows nothing of either.
    None,
}

/// What the longest answer is called. A server that does not know a name may ignore it, and then writes more than was set aside for it; OpenAI
/// refuses the older one for models that think, which is seen at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LengthKey {
    /// OpenAI's name of today; counts thinking too.
    MaxCompletionTokens,
    /// The older name, which all servers know.
    MaxTokens,
}

/// Where the newer name is known for certain.
const OPENAI: &str = "api.openai.com";

/// Options that have been judged. Come from [`Options::validate`] alone.
#[derive(Clone, Debug)]
pub struct Settings {
    pub(crate) model: String,
    pub(crate) site: Site,
    pub(crate) key: Option<SecretPlace>,
    pub(crate) organization: Option<String>,
    pub(crate) project: Option<String>,
    pub(crate) schema: Schema,
    pub(crate) length: LengthKey,
    pub(crate) temperature: Option<f64>,
    pub(crate) reasoning_effort: Option<String>,
    pub(crate) stream: bool,
}

fn base_url() -> String {
    "https://api.openai.com/v1".to_owned()
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
                "give the name that the far side knows, such as `gpt-4.1-mini`",
            );
        }
        let words = [
            ("organization", &self.organization),
            ("project", &self.project),
            ("reasoning_effort", &self.reasoning_effort),
        ];
        for (key, value) in words {
            if value.as_deref().is_some_and(|value| !word(value)) {
                problems.add(key, "is empty, too long, or holds a space", "give it as the far side shows it");
            }
        }
        if self.temperature.is_some_and(|value| !(0.0..=2.0).contains(&value)) {
            problems.add("temperature", "is out of range", "use 0 to 2, or leave it out");
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
        let usual = if site.host() == OPENAI { LengthKey::MaxCompletionTokens } else { LengthKey::MaxTokens };
        problems.or(Settings {
            model: self.model,
            site,
            key,
            organization: self.organization,
            project: self.project,
            schema: self.schema,
            length: self.max_tokens_key.unwrap_or(usual),
            temperature: self.temperature,
            reasoning_effort: self.reasoning_effort,
            stream: self.stream,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::{LengthKey, Schema};
    use crate::OpenAi;
    use opspilot_sdk::conformance::{judged, refuses};

    #[test]
    fn a_model_is_enough() {
        let settings = judged::<OpenAi>(r#"{"model":"gpt-4.1-mini"}"#).unwrap();
        assert_eq!((settings.model(), settings.site.host()), ("gpt-4.1-mini", "api.openai.com"));
        assert_eq!((settings.schema, settings.length), (Schema::JsonSchema, LengthKey::MaxCompletionTokens));
        assert!(settings.stream && settings.key.is_none());
        let other = judged::<OpenAi>(r#"{"model":"m","base_url":"http://localhost:11434/v1"}"#).unwrap();
        assert_eq!(other.length, LengthKey::MaxTokens);
    }

    #[test]
    fn all_problems_are_told_at_once() {
        let wrong = r#"{"model":"a b","base_url":"http://example.org","key_file":"a","key_env":"b","organization":"","project":"x\n",
                "temperature":3,"reasoning_effort":"","connect_secs":0,"max_answer_bytes":1}"#;
        refuses::<OpenAi>(
            wrong,
            &[
                "model",
                "base_url",
                "key_env",
                "organization",
                "project",
                "temperature",
                "reasoning_effort",
                "connect_secs",
                "max_answer_bytes",
            ],
        );
        for json in [r#"{"model":"m","key":"sk-1"}"#, r#"{"model":"m","tools":[]}"#, r#"{"model":"m","n":2}"#, "{}"] {
            assert!(judged::<OpenAi>(json).is_err(), "{json}");
        }
    }
}
