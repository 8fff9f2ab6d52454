//! A workflow definition: data in TOML, validated as a whole before anything runs it. INVARIANT: a [`Definition`] is always one that
//! works: its steps exist, its names are unique, its jumps lead somewhere.

use super::step::Steps;
use opspilot_sdk::{Problems, sha256_hex};
use serde::Deserialize;
use serde_json::Value;
use std::collections::BTreeMap;
use std::time::Duration;

/// A validated definition. No public constructor but [`Definition::parse`].
#[derive(Clone, Debug)]
pub struct Definition {
    name: String,
    description: String,
    hash: String,
    text: String,
    steps: Vec<StepSpec>,
}

/// One step of a definition.
#[derive(Clone, Debug)]
pub struct StepSpec {
    /// Its name, unique in the definition: a promise to runs in flight.
    pub name: String,
    /// The kind of step.
    pub uses: String,
    /// Settings of the step, judged by its kind.
    pub with: Value,
    /// Done only when an earlier step's output says so; skipped otherwise.
    pub when: Option<When>,
    /// Where an answer of the step leads, when not to the next step.
    pub on: BTreeMap<String, String>,
    /// What happens when it fails.
    pub retry: Retry,
    /// How long one attempt may take.
    pub timeout: Duration,
}

/// A condition on an earlier step's output.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct When {
    /// The earlier step.
    pub step: String,
    /// A member of its output.
    pub key: String,
    /// The values that let this step be done.
    pub is: Vec<String>,
}

/// What happens when a step fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Retry {
    /// Attempts in all, the first included.
    pub attempts: u32,
    /// Wait before the second attempt, in milliseconds; doubled for each further one, and made uneven by chance.
    pub first_wait_ms: u64,
    /// The longest wait, in seconds.
    pub longest_wait_secs: u64,
}

impl Default for Retry {
    fn default() -> Self {
        Self { attempts: 5, first_wait_ms: 1000, longest_wait_secs: 300 }
    }
}

impl Retry {
    /// The wait before attempt `coming` (2 or more): between half of the doubled wait and all of it, by `chance` (0 to 255).
    #[must_use]
    pub fn wait(&self, coming: u32, chance: u8) -> Duration {
        let doublings = coming.saturating_sub(2).min(30);
        let full = self.first_wait_ms.saturating_mul(1 << doublings).min(self.longest_wait_secs.saturating_mul(1000));
        Duration::from_millis(full / 2 + (full - full / 2) * u64::from(chance) / 255)
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Raw {
    name: String,
    #[serde(default)]
    description: String,
    step: Vec<RawStep>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawStep {
    name: String,
    uses: String,
    #[serde(default)]
    with: Option<Value>,
    #[serde(default)]
    when: Option<When>,
    #[serde(default)]
    on: BTreeMap<String, String>,
    #[serde(default)]
    retry: Retry,
    #[serde(default = "default_timeout")]
    timeout_secs: u64,
}

fn default_timeout() -> u64 {
    60
}

impl Definition {
    /// Reads and judges a definition.
    ///
    /// # Errors
    /// All problems at once, each with what to do.
    pub fn parse(text: &str, steps: &Steps) -> Result<Self, Problems> {
        let mut problems = Problems::new();
        let raw: Raw = match toml::from_str(text) {
            Ok(raw) => raw,
            Err(cause) => {
                let line = cause.span().map_or(1, |span| 1 + text[..span.start.min(text.len())].matches('\n').count());
                problems.add(
                    "",
                    format!("line {line}: {} (OP-3201)", cause.message()),
                    "see the comments in the shipped definition",
                );
                return Err(problems);
            }
        };
        if raw.name.is_empty()
            || !raw.name.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
        {
            problems.add(
                "name",
                format!("`{}` is no name for a workflow (OP-3201)", raw.name),
                "use lowercase letters, digits and `-`",
            );
        }
        if raw.step.is_empty() {
            problems.add("step", "a workflow without steps does nothing (OP-3201)", "add at least one `[[step]]`");
        }
        let names: Vec<&str> = raw.step.iter().map(|step| step.name.as_str()).collect();
        for (index, step) in raw.step.iter().enumerate() {
            judge(step, &names, index, steps, &mut problems);
        }
        let hash = sha256_hex(text.as_bytes());
        let (name, description) = (raw.name, raw.description);
        let spec = |step: RawStep| StepSpec {
            name: step.name,
            uses: step.uses,
            with: step.with.unwrap_or_else(|| Value::Object(serde_json::Map::new())),
            when: step.when,
            on: step.on,
            retry: step.retry,
            timeout: Duration::from_secs(step.timeout_secs),
        };
        let steps = raw.step.into_iter().map(spec).collect();
        problems.or(Self { name, description, hash, text: text.to_owned(), steps })
    }

    /// Its name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }
    /// What it is for.
    #[must_use]
    pub fn description(&self) -> &str {
        &self.description
    }
    /// Lowercase hex SHA-256 of its text: what runs are pinned to.
    #[must_use]
    pub fn hash(&self) -> &str {
        &self.hash
    }
    /// Its text.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }
    /// Its steps, in order.
    #[must_use]
    pub fn steps(&self) -> &[StepSpec] {
        &self.steps
    }
    /// Name of the first step.
    #[must_use]
    pub fn first_step(&self) -> &str {
        self.steps.first().map_or("", |step| &step.name)
    }
    /// The place of a step.
    pub(super) fn position(&self, name: &str) -> Option<usize> {
        self.steps.iter().position(|step| step.name == name)
    }

    /// The definition as a graph in Mermaid's language.
    #[must_use]
    pub fn graph(&self) -> String {
        let mut out = String::from("flowchart TD\n    start([request]) --> ");
        out.push_str(self.first_step());
        out.push('\n');
        for (index, step) in self.steps.iter().enumerate() {
            let when = step.when.as_ref().map_or(String::new(), |when| {
                // A quote would end the node's text.
                let values = when.is.join(" or ").replace('"', "'");
                format!("<br>when {}.{} is {values}", when.step, when.key)
            });
            out.push_str(&format!("    {}[\"{}: {}{when}\"]\n", step.name, step.name, step.uses));
            let next = self.steps.get(index + 1).map_or("done", |next| &next.name);
            out.push_str(&format!("    {} --> {next}\n", step.name));
            for (answer, target) in &step.on {
                out.push_str(&format!("    {} -->|{answer}| {target}\n", step.name));
            }
        }
        out.push_str("    done([done])\n");
        out
    }
}

fn judge(step: &RawStep, names: &[&str], index: usize, steps: &Steps, problems: &mut Problems) {
    let path = format!("step[{index}]");
    if step.name.is_empty() || names.iter().filter(|name| **name == step.name).count() > 1 {
        problems.add(
            format!("{path}.name"),
            format!("`{}` is empty or stands twice (OP-3201)", step.name),
            "give every step a name of its own",
        );
    }
    match steps.get(&step.uses) {
        None => {
            let kinds = steps.kinds().collect::<Vec<_>>().join("`, `");
            problems.add(
                format!("{path}.uses"),
                format!("there is no step kind `{}` (OP-3201)", step.uses),
                format!("use one of `{kinds}`"),
            );
        }
        Some(kind) => {
            let with = step.with.clone().unwrap_or_else(|| Value::Object(serde_json::Map::new()));
            if let Err(part) = kind.check(&with) {
                problems.absorb(&format!("{path}.with"), part);
            }
            for answer in step.on.keys().filter(|answer| !kind.answers().contains(&answer.as_str())) {
                let known = match kind.answers() {
                    [] => "it answers nothing; leave `on` out".to_owned(),
                    known => format!("it answers `{}`", known.join("`, `")),
                };
                problems.add(
                    format!("{path}.on"),
                    format!("`{}` never answers `{answer}` (OP-3201)", step.uses),
                    known,
                );
            }
        }
    }
    for target in step.on.values().filter(|target| !names.contains(&target.as_str())) {
        problems.add(
            format!("{path}.on"),
            format!("there is no step `{target}` (OP-3201)"),
            "name one of the steps above",
        );
    }
    if let Some(when) = &step.when
        && !names.iter().take(index).any(|name| *name == when.step)
    {
        problems.add(
            format!("{path}.when"),
            format!("`{}` is no earlier step (OP-3201)", when.step),
            "conditions look back only",
        );
    }
    if step.retry.attempts == 0 || step.timeout_secs == 0 {
        problems.add(
            path,
            "no attempt, or no time for one (OP-3201)",
            "set `attempts` and `timeout_secs` to 1 or more",
        );
    }
}
