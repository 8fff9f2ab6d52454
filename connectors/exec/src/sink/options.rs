//! The options of an exec sink, judged without touching the world. Own file because the names of these keys are a promise to operators.
//! INVARIANT: what the program can do is what stands here: nothing is planned that it does not say it carries.

use crate::options::{Launch, Variable, between, judge};
use opspilot_sdk::{ActionKind, BuildContext, Carries, ConnectorError, Problems, Repeat, sha256_hex};
use serde::Deserialize;
use serde_json::json;
use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::time::Duration;

/// Options as they stand in the configuration.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SinkOptions {
    /// The program and its arguments, as they are; no shell reads them. Shown to people.
    pub command: Vec<String>,
    /// The kinds of action that it carries.
    pub carries: BTreeSet<ActionKind>,
    /// Where it runs; relative to the data folder. Default: the data folder.
    pub working_dir: Option<PathBuf>,
    /// Its environment beside `PATH`, `HOME`, `LANG`, `TZ` and `OPSPILOT_SINK`.
    #[serde(default)]
    pub env: BTreeMap<String, Variable>,
    /// What makes a repeat safe.
    #[serde(default)]
    pub repeat: Repeating,
    /// Whether it can take back what it did.
    #[serde(default)]
    pub reverts: bool,
    /// Whether an action needs a record.
    #[serde(default)]
    pub needs_record: bool,
    /// The members of an action that a look must show; default: `value` of a priority, `text` of all others.
    pub reads_back: Option<BTreeSet<Member>>,
    /// How long after a lost answer the far side may still be at work, in seconds; 0 to 3,600.
    #[serde(default = "settles_secs")]
    pub settles_secs: u64,
    /// How long a run may take, in seconds; 1 to 120: no call of the daemon takes longer.
    #[serde(default = "timeout_secs")]
    pub timeout_secs: u64,
    /// How long it may take to end after its answer, in seconds; 0 to 30.
    #[serde(default = "stop_secs")]
    pub stop_secs: u64,
    /// The longest answer, in bytes; 1 KiB to 64 MiB.
    #[serde(default = "max_line_bytes")]
    pub max_line_bytes: usize,
}

fn settles_secs() -> u64 {
    10
}

fn timeout_secs() -> u64 {
    60
}

fn stop_secs() -> u64 {
    1
}

fn max_line_bytes() -> usize {
    1 << 20
}

/// What makes a repeat safe.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Repeating {
    /// It does a key once, however often it is told to.
    Keyed,
    /// It can tell whether it did.
    Looked,
    /// Nothing.
    #[default]
    Asked,
}

/// A member of an action.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Member {
    /// Its title.
    Title,
    /// Its text.
    Text,
    /// The day it is due.
    Due,
    /// Its value.
    Value,
}

impl Member {
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Title => "title",
            Self::Text => "text",
            Self::Due => "due",
            Self::Value => "value",
        }
    }
}

/// Options that have been judged.
#[derive(Clone, Debug)]
pub struct SinkSettings(SinkOptions);

impl SinkSettings {
    /// What it carries; what a record looks like there only its program knows.
    pub(crate) fn carries(&self) -> Carries {
        let kinds = self.0.carries.iter().copied().collect();
        Carries { kinds, record: self.0.needs_record.then(|| "1234".to_owned()) }
    }
}

/// What a sink is made of.
pub(crate) struct Ready {
    pub(crate) launch: Launch,
    pub(crate) command: String,
    pub(crate) carries: &'static [ActionKind],
    pub(crate) repeat: Repeat,
    pub(crate) reverts: bool,
    pub(crate) needs_record: bool,
    pub(crate) reads_back: Option<BTreeSet<Member>>,
    pub(crate) settles_in: Duration,
    pub(crate) timeout: Duration,
}

impl SinkOptions {
    pub(crate) fn validate(self) -> Result<SinkSettings, Problems> {
        let mut problems = Problems::new();
        judge(&self.command, &self.env, &mut problems);
        if self.carries.is_empty() {
            let all = ActionKind::ALL.map(|kind| format!("`{kind}`")).join(", ");
            problems.add("carries", "names no kind of action", format!("name what the program can do, of {all}"));
        }
        if self.reverts && self.repeat == Repeating::Asked {
            let help = "let the program answer `look`, and set `repeat` to `looked` or `keyed`";
            problems.add("reverts", "is true where nothing can be looked at", help);
        }
        between(&mut problems, "settles_secs", self.settles_secs, 0, 3600);
        between(&mut problems, "timeout_secs", self.timeout_secs, 1, 120);
        between(&mut problems, "stop_secs", self.stop_secs, 0, 30);
        let line = u64::try_from(self.max_line_bytes).unwrap_or(u64::MAX);
        between(&mut problems, "max_line_bytes", line, 1024, 64 << 20);
        problems.or(SinkSettings(self))
    }
}

impl SinkSettings {
    pub(crate) fn ready(self, context: &BuildContext) -> Result<Ready, ConnectorError> {
        let options = self.0;
        let command = described(&options);
        let launch = Launch::settle(options.command, options.working_dir, options.env, "OPSPILOT_SINK", context)?;
        Ok(Ready {
            launch: Launch {
                max_line: options.max_line_bytes,
                grace: Duration::from_secs(options.stop_secs),
                ..launch
            },
            command,
            carries: subset(&options.carries),
            repeat: match options.repeat {
                Repeating::Keyed => Repeat::Keyed,
                Repeating::Looked => Repeat::Looked,
                Repeating::Asked => Repeat::Asked,
            },
            reverts: options.reverts,
            needs_record: options.needs_record,
            reads_back: options.reads_back,
            settles_in: Duration::from_secs(options.settles_secs),
            timeout: Duration::from_secs(options.timeout_secs),
        })
    }
}

/// What is run, where, and with what, as people are shown it and a plan is bound to it. As JSON: where a word ends is seen, and none breaks a line. A
/// value that stands in the options may be a secret all the same, so a digest stands for it; of what is read elsewhere the name alone.
fn described(options: &SinkOptions) -> String {
    let mut all = serde_json::to_string(&options.command).unwrap_or_default();
    if let Some(folder) = &options.working_dir {
        all.push_str(&format!(" in {}", json!(folder.to_string_lossy())));
    }
    if !options.env.is_empty() {
        let of = |value: &Variable| match value {
            Variable::Literal(text) => format!("sha256 {}", text_digest(text.expose())),
            Variable::File(_) | Variable::Env(_) => "secret".to_owned(),
        };
        let env: BTreeMap<&String, String> = options.env.iter().map(|(name, value)| (name, of(value))).collect();
        all.push_str(&format!(" with {}", json!(env)));
    }
    all
}

/// Enough of a digest to tell texts apart.
fn text_digest(text: &str) -> String {
    sha256_hex(text.as_bytes()).chars().take(16).collect()
}

/// How many kinds there are.
const KINDS: usize = ActionKind::ALL.len();

/// Every choice of kinds, by the number whose bits they are, with how many they are.
static SUBSETS: [([ActionKind; KINDS], usize); 1 << KINDS] = subsets();

const fn subsets() -> [([ActionKind; KINDS], usize); 1 << KINDS] {
    let mut all = [([ActionKind::Note; KINDS], 0); 1 << KINDS];
    let mut number = 0;
    while number < all.len() {
        let mut kind = 0;
        while kind < KINDS {
            if number & (1 << kind) != 0 {
                all[number].0[all[number].1] = ActionKind::ALL[kind];
                all[number].1 += 1;
            }
            kind += 1;
        }
        number += 1;
    }
    all
}

fn subset(kinds: &BTreeSet<ActionKind>) -> &'static [ActionKind] {
    let bit = |kind: &ActionKind| ActionKind::ALL.iter().position(|own| own == kind).map_or(0, |place| 1 << place);
    let number: usize = kinds.iter().map(bit).sum();
    SUBSETS.get(number).and_then(|(kinds, count)| kinds.get(..*count)).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::{SinkOptions, subset};
    use opspilot_sdk::ActionKind;
    use serde_json::json;

    #[test]
    fn all_problems_are_told_at_once() {
        let options = json!({ "command": [], "carries": [], "reverts": true, "settles_secs": 9999, "timeout_secs": 0,
            "stop_secs": 99, "max_line_bytes": 1, "env": { "A=B": "x" } });
        let options: SinkOptions = serde_json::from_value(options).unwrap();
        let text = options.validate().unwrap_err().to_string();
        for key in
            ["command", "carries", "reverts", "settles_secs", "timeout_secs", "stop_secs", "max_line_bytes", "env.A=B"]
        {
            assert!(text.contains(&format!("`{key}`")), "{key} is not in {text}");
        }
        for wrong in [json!({ "command": ["x"] }), json!({ "command": ["x"], "carries": ["call"] })] {
            assert!(serde_json::from_value::<SinkOptions>(wrong).is_err());
        }
        let secret = json!({ "command": ["x"], "carries": ["note"], "env": { "TOKEN": "canary-31" } });
        let options: SinkOptions = serde_json::from_value(secret).unwrap();
        assert!(!format!("{options:?} {:?}", options.clone().validate().unwrap()).contains("canary"));
    }

    #[test]
    fn every_choice_of_kinds_is_one() {
        for number in 0..32_u32 {
            let of = |(place, kind): (usize, &ActionKind)| (number & (1 << place) != 0).then_some(*kind);
            let kinds: Vec<ActionKind> = ActionKind::ALL.iter().enumerate().filter_map(of).collect();
            assert_eq!(subset(&kinds.iter().copied().collect()), kinds);
        }
    }
}
