//! The options of a webhook source, from raw to validated. Own file because it is the promise to operators. INVARIANT: a secret is
//! named here, by file or environment variable, and never stands in the options themselves.

use crate::multipart::FileLimits;
use opspilot_sdk::{Limits, Problems};
use serde::Deserialize;
use std::path::PathBuf;
use std::time::Duration;

/// How a delivery proves where it comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Scheme {
    /// Standard Webhooks 1: `webhook-id`, `webhook-timestamp`, `webhook-signature`.
    Standard,
    /// `X-Hub-Signature-256`, hexadecimal.
    Github,
    /// `Typeform-Signature`, base64.
    Typeform,
    /// `Tally-Signature`, base64.
    Tally,
    /// `X-Webflow-Signature` over timestamp and body, hexadecimal.
    Webflow,
    /// `X-HubSpot-Signature-v3` over method, URL, body and timestamp, base64.
    Hubspot,
    /// `Stripe-Signature`, hexadecimal, over timestamp and body.
    Stripe,
    /// `X-Shopify-Hmac-Sha256`, base64.
    Shopify,
    /// `Authorization: Bearer …`, or `Basic …` with the token as password.
    Bearer,
    /// No proof: only for callers on this machine.
    None,
}

/// What a body is read as.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Format {
    /// What `Content-Type` says.
    #[default]
    Auto,
    /// JSON, whatever `Content-Type` says.
    Json,
    /// Form-encoded, whatever `Content-Type` says.
    Form,
    /// Multipart; the boundary is taken from `Content-Type`.
    Multipart,
}

/// One value or a list of values.
#[derive(Clone, Debug, Deserialize)]
#[serde(untagged)]
pub enum OneOrMore<T> {
    /// One.
    One(T),
    /// Any number.
    More(Vec<T>),
}

impl<T> OneOrMore<T> {
    fn into_vec(self) -> Vec<T> {
        match self {
            Self::One(value) => vec![value],
            Self::More(values) => values,
        }
    }
}

/// Options as they stand in the configuration.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Options {
    /// How deliveries are verified.
    pub verify: Scheme,
    /// Files that hold one secret each; relative to the data folder. All of them are accepted, so that secrets can be rotated.
    pub secret_file: Option<OneOrMore<PathBuf>>,
    /// Environment variables that hold one secret each.
    pub secret_env: Option<OneOrMore<String>>,
    /// How many seconds a signed timestamp may lie in the past or the future.
    pub tolerance_secs: Option<u64>,
    /// Largest body, in bytes.
    pub max_body_bytes: Option<usize>,
    /// Longest time for the whole body to arrive, in seconds.
    pub max_body_secs: Option<u64>,
    /// What bodies are read as.
    #[serde(default)]
    pub format: Format,
    /// Where the fields of a request stand, when recognition is not enough.
    #[serde(default)]
    pub map: Mapping<Option<OneOrMore<String>>>,
    /// Most files in one delivery.
    pub max_attachments: Option<usize>,
    /// Largest file, in bytes.
    pub max_attachment_bytes: Option<usize>,
}

/// Where each field of a request stands in the body: paths (`answers.email`) or labels (`Work email`), the first that holds something
/// wins; `First name + Last name` joins two.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Mapping<T> {
    /// Name of the person who asks.
    pub name: T,
    /// Their e-mail address.
    pub email: T,
    /// Their telephone number.
    pub phone: T,
    /// Their organisation.
    pub organisation: T,
    /// A subject line.
    pub subject: T,
    /// What they wrote.
    pub text: T,
    /// The sender's own identifier of the submission.
    pub id: T,
}

/// Options that have been validated.
#[derive(Clone, Debug)]
pub struct Settings {
    pub(crate) scheme: Scheme,
    pub(crate) secret_files: Vec<PathBuf>,
    pub(crate) secret_envs: Vec<String>,
    pub(crate) tolerance_secs: u64,
    pub(crate) limits: Limits,
    pub(crate) format: Format,
    pub(crate) mapping: Mapping<Vec<String>>,
    pub(crate) files: FileLimits,
}

const MIB: usize = 1024 * 1024;

impl Settings {
    /// Judges options; all problems at once.
    pub(crate) fn validate(options: Options) -> Result<Self, Problems> {
        let mut problems = Problems::new();
        let secret_files = options.secret_file.map(OneOrMore::into_vec).unwrap_or_default();
        let secret_envs = options.secret_env.map(OneOrMore::into_vec).unwrap_or_default();
        secrets(options.verify, &secret_files, &secret_envs, &mut problems);
        let tolerance_secs = options.tolerance_secs.unwrap_or(300);
        between(&mut problems, "tolerance_secs", tolerance_secs, 1, 3_600, "seconds");
        let body_bytes = options.max_body_bytes.unwrap_or(MIB);
        between(&mut problems, "max_body_bytes", body_bytes, 1, 64 * MIB, "bytes");
        let body_secs = options.max_body_secs.unwrap_or(15);
        between(&mut problems, "max_body_secs", body_secs, 1, 300, "seconds");
        let count = options.max_attachments.unwrap_or(10);
        between(&mut problems, "max_attachments", count, 0, 100, "files");
        let bytes = options.max_attachment_bytes.unwrap_or(body_bytes);
        between(&mut problems, "max_attachment_bytes", bytes, 1, 64 * MIB, "bytes");
        let mapping = mapping(options.map, &mut problems);
        problems.or(Self {
            scheme: options.verify,
            secret_files,
            secret_envs,
            tolerance_secs,
            limits: Limits { body_bytes, body_time: Duration::from_secs(body_secs) },
            format: options.format,
            mapping,
            files: FileLimits { count, bytes },
        })
    }
}

fn secrets(scheme: Scheme, files: &[PathBuf], envs: &[String], problems: &mut Problems) {
    let any = !files.is_empty() || !envs.is_empty();
    match scheme {
        Scheme::None if any => problems.add(
            "verify",
            "a secret is given but `none` verifies nothing",
            "choose how deliveries are signed, or remove `secret_file` and `secret_env`",
        ),
        Scheme::None => {}
        _ if !any => problems.add(
            "secret_file",
            "no secret is given",
            "name a file (`secret_file`) or an environment variable (`secret_env`) that holds it",
        ),
        _ => {}
    }
    if files.iter().any(|file| file.as_os_str().is_empty()) {
        problems.add("secret_file", "an empty file name", "name the file that holds the secret");
    }
    for name in envs {
        let plain = name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
            && !name.starts_with(|c: char| c.is_ascii_digit());
        if name.is_empty() || !plain {
            problems.add(
                "secret_env",
                "not the name of an environment variable",
                "give the name of the variable, such as `SITE_WEBHOOK_SECRET`, not the secret itself",
            );
        }
    }
}

fn between<N: PartialOrd + std::fmt::Display>(
    problems: &mut Problems,
    key: &str,
    value: N,
    least: N,
    most: N,
    unit: &str,
) {
    if value < least || value > most {
        problems.add(key, format!("`{value}` is out of range"), format!("give {least} to {most} {unit}"));
    }
}

fn mapping(map: Mapping<Option<OneOrMore<String>>>, problems: &mut Problems) -> Mapping<Vec<String>> {
    let mut list = |key: &str, value: Option<OneOrMore<String>>| {
        let sources = value.map(OneOrMore::into_vec).unwrap_or_default();
        for source in &sources {
            if source.split(" + ").any(|part| part.trim().is_empty()) {
                problems.add(
                    format!("map.{key}"),
                    format!("`{source}` names nothing"),
                    "give a path such as `answers.email` or a label such as `Work email`",
                );
            }
        }
        sources
    };
    Mapping {
        name: list("name", map.name),
        email: list("email", map.email),
        phone: list("phone", map.phone),
        organisation: list("organisation", map.organisation),
        subject: list("subject", map.subject),
        text: list("text", map.text),
        id: list("id", map.id),
    }
}

#[cfg(test)]
mod tests {
    use super::{Options, Settings};

    fn problems(json: &str) -> Vec<String> {
        let options: Options = serde_json::from_str(json).unwrap();
        match Settings::validate(options) {
            Ok(_) => Vec::new(),
            Err(problems) => problems.iter().map(|problem| problem.path.clone()).collect(),
        }
    }

    #[test]
    fn all_problems_at_once() {
        let json = r#"{"verify": "standard", "tolerance_secs": 0, "max_body_bytes": 0, "max_body_secs": 301,
            "max_attachments": 101, "map": {"email": ["", "Work email"], "text": " + x"}}"#;
        let expected = [
            "secret_file",
            "tolerance_secs",
            "max_body_bytes",
            "max_body_secs",
            "max_attachments",
            "max_attachment_bytes",
        ];
        assert_eq!(problems(json), [&expected[..], &["map.email", "map.text"]].concat());
    }

    #[test]
    fn a_secret_in_place_of_its_name_is_found_and_not_repeated() {
        let json = r#"{"verify": "standard", "secret_env": "whsec_c2VjcmV0IQ=="}"#;
        let options: Options = serde_json::from_str(json).unwrap();
        let problems = Settings::validate(options).unwrap_err();
        assert!(!problems.to_string().contains("c2VjcmV0"), "{problems}");
        assert_eq!(self::problems(r#"{"verify": "none", "secret_env": "A"}"#), ["verify"]);
    }

    #[test]
    fn good_options_and_unknown_keys() {
        assert!(problems(r#"{"verify": "github", "secret_file": ["a", "b"], "map": {"name": "Who"}}"#).is_empty());
        assert!(problems(r#"{"verify": "none"}"#).is_empty());
        assert!(serde_json::from_str::<Options>(r#"{"verify": "none", "secret": "x"}"#).is_err());
        assert!(serde_json::from_str::<Options>(r#"{"verify": "md5"}"#).is_err());
    }
}
