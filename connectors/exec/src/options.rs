//! The options of an exec source, judged without touching the world, and the launch made of them when it is built. Own file because
//! the names of these keys are a promise to operators. INVARIANT: the child's environment holds what stands here and nothing else of
//! the daemon's, so that no secret of another source reaches it.

use opspilot_sdk::{BuildContext, ConnectorError, ErrorKind, Hidden, Problems, Secret};
use serde::Deserialize;
use serde::de::{self, Deserializer, MapAccess, Visitor};
use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fmt;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// What a program gets of the daemon's own environment, where it is set.
const INHERITED: [&str; 4] = ["PATH", "HOME", "LANG", "TZ"];
/// The largest secret file, in bytes.
const SECRET_BYTES: u64 = 64 << 10;

/// Options as they stand in the configuration.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Options {
    /// The program and its arguments, as they are; no shell reads them.
    pub command: Vec<String>,
    /// Where it runs; relative to the data folder. Default: the data folder.
    pub working_dir: Option<PathBuf>,
    /// Its environment beside `PATH`, `HOME`, `LANG`, `TZ` and `OPSPILOT_SOURCE`.
    #[serde(default)]
    pub env: BTreeMap<String, Variable>,
    /// The longest line, in bytes; 1 KiB to 64 MiB.
    #[serde(default = "max_line_bytes")]
    pub max_line_bytes: usize,
    /// How long a poll waits for a line, in milliseconds; 10 to 5,000.
    #[serde(default = "batch_wait_ms")]
    pub batch_wait_ms: u64,
    /// How long `check` watches a program that says nothing, in seconds; 1 to 60.
    #[serde(default = "start_timeout_secs")]
    pub start_timeout_secs: u64,
    /// How long a program may take to end when it is told to, in seconds; 0 to 30.
    #[serde(default = "stop_secs")]
    pub stop_secs: u64,
    /// How long after an end with status 0 the program is started again, in seconds; 1 to 86,400.
    #[serde(default = "again_secs")]
    pub again_secs: u64,
}

fn max_line_bytes() -> usize {
    1 << 20
}

fn batch_wait_ms() -> u64 {
    500
}

fn start_timeout_secs() -> u64 {
    5
}

fn stop_secs() -> u64 {
    1
}

fn again_secs() -> u64 {
    60
}

/// The value of an environment variable of the program.
#[derive(Clone, Debug)]
pub enum Variable {
    /// As it stands.
    Literal(Secret),
    /// The contents of a file, without the line end at its end; relative to the data folder.
    File(PathBuf),
    /// A variable of the daemon's own environment.
    Env(String),
}

/// Options that have been judged.
#[derive(Clone, Debug)]
pub struct Settings(Options);

/// Everything needed to start the program, any number of times.
#[derive(Clone, Debug)]
pub(crate) struct Launch {
    /// The configured name of the source.
    pub(crate) name: String,
    pub(crate) program: PathBuf,
    pub(crate) arguments: Vec<String>,
    pub(crate) folder: PathBuf,
    pub(crate) env: Vec<(String, Value)>,
    /// What of it was read from files and the daemon's own environment, and must not come back.
    pub(crate) hidden: Hidden,
    pub(crate) max_line: usize,
    pub(crate) batch_wait: Duration,
    pub(crate) watch: Duration,
    pub(crate) grace: Duration,
    pub(crate) again: Duration,
}

/// A value for the environment; only those out of the options are secrets, but none is ever printed.
#[derive(Clone)]
pub(crate) struct Value(pub(crate) OsString);

impl fmt::Debug for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("…")
    }
}

impl Options {
    pub(crate) fn validate(self) -> Result<Settings, Problems> {
        let mut problems = Problems::new();
        judge(&self.command, &self.env, &mut problems);
        let line = u64::try_from(self.max_line_bytes).unwrap_or(u64::MAX);
        between(&mut problems, "max_line_bytes", line, 1024, 64 << 20);
        between(&mut problems, "batch_wait_ms", self.batch_wait_ms, 10, 5000);
        between(&mut problems, "start_timeout_secs", self.start_timeout_secs, 1, 60);
        between(&mut problems, "stop_secs", self.stop_secs, 0, 30);
        between(&mut problems, "again_secs", self.again_secs, 1, 86_400);
        problems.or(Settings(self))
    }
}

/// What holds of every program that is started.
pub(crate) fn judge(command: &[String], env: &BTreeMap<String, Variable>, problems: &mut Problems) {
    match command.first() {
        None => problems.add(
            "command",
            "is empty",
            "name the program and its arguments, such as `[\"python3\", \"pull.py\"]`",
        ),
        Some(program) if program.is_empty() => problems.add("command", "the first word is empty", "name the program"),
        Some(program) if command.len() == 1 && program.contains(char::is_whitespace) => problems.add(
            "command",
            "is one word with a space in it",
            "give each argument as its own word, such as `[\"python3\", \"pull.py\"]`; no shell reads the command",
        ),
        Some(_) => {}
    }
    if command.iter().any(|word| word.contains('\0')) {
        problems.add("command", "holds a NUL character", "take it out");
    }
    for (name, value) in env {
        let path = format!("env.{name}");
        if name.is_empty() || name.contains(['=', '\0']) {
            problems.add(&path, "is not a name of an environment variable", "use letters, digits and `_`");
        }
        match value {
            Variable::Literal(text) if text.expose().contains('\0') => {
                problems.add(&path, "holds a NUL character", "take it out");
            }
            Variable::File(file) if file.as_os_str().is_empty() => {
                problems.add(&path, "names no file", "give its path")
            }
            Variable::Env(from) if from.is_empty() || from.contains(['=', '\0']) => {
                problems.add(&path, "names no environment variable", "give its name");
            }
            _ => {}
        }
    }
}

pub(crate) fn between(problems: &mut Problems, path: &str, value: u64, least: u64, most: u64) {
    if !(least..=most).contains(&value) {
        problems.add(path, format!("is {value}"), format!("use {least} to {most}"));
    }
}

impl Settings {
    /// Reads the secrets and settles the paths.
    pub(crate) fn launch(self, context: &BuildContext) -> Result<Launch, ConnectorError> {
        let Options { command, working_dir, env, .. } = self.0;
        let launch = Launch::settle(command, working_dir, env, "OPSPILOT_SOURCE", context)?;
        Ok(Launch {
            max_line: self.0.max_line_bytes,
            batch_wait: Duration::from_millis(self.0.batch_wait_ms),
            watch: Duration::from_secs(self.0.start_timeout_secs),
            grace: Duration::from_secs(self.0.stop_secs),
            again: Duration::from_secs(self.0.again_secs),
            ..launch
        })
    }
}

impl Launch {
    /// Reads the secrets and settles the paths; the waits are those of the defaults. `named` is the variable that holds the configured name.
    pub(crate) fn settle(
        command: Vec<String>,
        working_dir: Option<PathBuf>,
        env: BTreeMap<String, Variable>,
        named: &str,
        context: &BuildContext,
    ) -> Result<Self, ConnectorError> {
        let folder = context.data_dir.join(working_dir.unwrap_or_default());
        let mut words = command.into_iter();
        let first = PathBuf::from(words.next().unwrap_or_default());
        // A path is meant from the working folder; a bare name is looked up on PATH by the system.
        let program = if first.components().count() > 1 { folder.join(first) } else { first };
        let mut variables: BTreeMap<String, Value> = BTreeMap::new();
        for name in INHERITED {
            if let Some(value) = std::env::var_os(name) {
                variables.insert(name.to_owned(), Value(value));
            }
        }
        variables.insert(named.to_owned(), Value(context.name.clone().into()));
        let mut hidden = Hidden::default();
        for (name, value) in env {
            let is_secret = !matches!(value, Variable::Literal(_));
            let value = match value {
                Variable::Literal(text) => OsString::from(text.expose()),
                Variable::File(file) => secret_file(&context.data_dir.join(file), &name)?,
                Variable::Env(from) => std::env::var_os(&from).ok_or_else(|| {
                    unreadable(
                        &name,
                        &format!("the environment variable `{from}` is not set; set it where the daemon is started"),
                    )
                })?,
            };
            if is_secret {
                hidden.add(&value.to_string_lossy());
            }
            variables.insert(name, Value(value));
        }
        Ok(Self {
            name: context.name.clone(),
            program,
            arguments: words.collect(),
            folder,
            env: variables.into_iter().collect(),
            hidden,
            max_line: max_line_bytes(),
            batch_wait: Duration::from_millis(batch_wait_ms()),
            watch: Duration::from_secs(start_timeout_secs()),
            grace: Duration::from_secs(stop_secs()),
            again: Duration::from_secs(again_secs()),
        })
    }
}

fn unreadable(name: &str, why: &str) -> ConnectorError {
    ConnectorError::new(ErrorKind::Misconfigured, "OP-2302", format!("`env.{name}`: {why}"))
}

fn secret_file(path: &Path, name: &str) -> Result<OsString, ConnectorError> {
    let shown = path.display();
    let mut text = String::new();
    std::fs::File::open(path).and_then(|file| file.take(SECRET_BYTES + 1).read_to_string(&mut text)).map_err(
        |error| {
            unreadable(name, &format!("`{shown}` cannot be read; make it readable for the daemon alone")).because(error)
        },
    )?;
    if text.len() as u64 > SECRET_BYTES || text.contains('\0') {
        return Err(unreadable(
            name,
            &format!("`{shown}` is larger than 64 KiB or holds a NUL; put the secret alone into it"),
        ));
    }
    let end = text.strip_suffix('\n').map_or(text.as_str(), |line| line.strip_suffix('\r').unwrap_or(line));
    Ok(OsString::from(end))
}

impl<'de> Deserialize<'de> for Variable {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Either;
        impl<'de> Visitor<'de> for Either {
            type Value = Variable;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a text, `{ file = \"…\" }` or `{ env = \"…\" }`")
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<Variable, E> {
                Ok(Variable::Literal(Secret::new(text)))
            }

            // The usual message would show the number, and it may be a secret.
            fn visit_i64<E: de::Error>(self, _: i64) -> Result<Variable, E> {
                Err(E::custom("a number where a text was expected; put it in quotes"))
            }

            fn visit_u64<E: de::Error>(self, _: u64) -> Result<Variable, E> {
                self.visit_i64(0)
            }

            fn visit_f64<E: de::Error>(self, _: f64) -> Result<Variable, E> {
                self.visit_i64(0)
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Variable, A::Error> {
                let variable = match map.next_key::<String>()?.as_deref() {
                    Some("file") => Variable::File(map.next_value()?),
                    Some("env") => Variable::Env(map.next_value()?),
                    _ => return Err(de::Error::custom("expected `{ file = \"…\" }` or `{ env = \"…\" }`")),
                };
                match map.next_key::<String>()? {
                    None => Ok(variable),
                    Some(_) => Err(de::Error::custom("expected `file` or `env`, and nothing beside it")),
                }
            }
        }
        deserializer.deserialize_any(Either)
    }
}

#[cfg(test)]
mod tests {
    use super::Options;

    fn problems(json: &str) -> String {
        let options: Options = serde_json::from_str(json).unwrap();
        options.validate().expect_err(json).to_string()
    }

    #[test]
    fn all_problems_are_told_at_once() {
        let text = problems(
            r#"{"command":["python3 pull.py"],"env":{"A=B":"x","C":{"file":""},"D":{"env":""}},"max_line_bytes":5,"batch_wait_ms":0,
                "start_timeout_secs":0,"stop_secs":31,"again_secs":0}"#,
        );
        for part in [
            "`command`",
            "`env.A=B`",
            "`env.C`",
            "`env.D`",
            "max_line",
            "batch_wait",
            "start_timeout",
            "stop_secs",
            "again",
        ] {
            assert!(text.contains(part), "{part} is not in {text}");
        }
        assert!(problems(r#"{"command":[]}"#).contains("is empty"));
    }

    #[test]
    fn a_registry_can_hold_it() {
        let registry = opspilot_sdk::Registry::new().with::<crate::Exec>();
        assert!(
            registry.validate("exec", serde_json::json!({ "command": ["x"] })).is_some_and(|judged| judged.is_ok())
        );
        assert!(registry.validate("exec", serde_json::json!({ "command": [] })).is_some_and(|judged| judged.is_err()));
    }

    #[test]
    fn unknown_keys_and_secrets() {
        assert!(serde_json::from_str::<Options>(r#"{"command":["x"],"shell":true}"#).is_err());
        assert!(serde_json::from_str::<Options>(r#"{"command":["x"],"env":{"A":{"file":"a","env":"b"}}}"#).is_err());
        for number in ["773311", "-773311", "773311.5"] {
            let json = format!(r#"{{"command":["x"],"env":{{"PIN":{number}}}}}"#);
            let error = serde_json::from_str::<Options>(&json).expect_err(number).to_string();
            assert!(error.contains("in quotes") && !error.contains("7733"), "{error}");
        }
        let options: Options = serde_json::from_str(r#"{"command":["x"],"env":{"TOKEN":"canary-3311"}}"#).unwrap();
        assert!(!format!("{options:?}").contains("canary"));
        assert!(!format!("{:?}", options.validate().unwrap()).contains("canary"));
    }
}
