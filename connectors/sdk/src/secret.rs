//! Secrets that cannot be printed: no `Debug`, no `Display`, no serialisation, so that a log line or an error cannot carry one; and where
//! they are kept, because a configuration names them and never holds them.

use crate::{BuildContext, ConnectorError, ErrorKind, Problems};
use std::fmt;
use std::io::Read as _;
use std::path::{Path, PathBuf};

/// The largest secret file, in bytes.
const FILE_BYTES: u64 = 64 << 10;

/// A secret text, read from a file or the environment by the configuration.
#[derive(Clone)]
pub struct Secret(String);

impl Secret {
    /// Wraps a secret.
    #[must_use]
    pub fn new(value: impl Into<String>) -> Self {
        Self(value.into())
    }

    /// The secret itself, for the one place that needs it.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

/// Where a secret is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SecretPlace {
    /// In a file, alone; relative to the data folder.
    File(PathBuf),
    /// In a variable of the daemon's environment.
    Env(String),
}

impl SecretPlace {
    /// Judges the options `<name>_file` and `<name>_env`, without I/O; neither of them is no secret.
    pub fn judge(name: &str, file: Option<PathBuf>, env: Option<String>, problems: &mut Problems) -> Option<Self> {
        match (file, env) {
            (Some(_), Some(_)) => {
                problems.add(format!("{name}_env"), format!("stands beside `{name}_file`"), "keep one of them");
                None
            }
            (Some(file), None) if file.as_os_str().is_empty() => {
                problems.add(format!("{name}_file"), "names no file", "give its path");
                None
            }
            (None, Some(variable)) if variable.is_empty() || variable.contains(['=', '\0']) => {
                problems.add(format!("{name}_env"), "names no environment variable", "give its name");
                None
            }
            (Some(file), None) => Some(Self::File(file)),
            (None, Some(variable)) => Some(Self::Env(variable)),
            (None, None) => None,
        }
    }

    /// As [`SecretPlace::judge`], for a secret that must be. That it is missing is said only when nothing else is wrong: what was found before
    /// may be its key, misspelt.
    pub fn wanted(
        name: &str,
        file: Option<PathBuf>,
        env: Option<String>,
        help: &str,
        problems: &mut Problems,
    ) -> Option<Self> {
        let place = Self::judge(name, file, env, problems);
        if place.is_none() && problems.is_empty() {
            problems.add(format!("{name}_file"), "is missing", help);
        }
        place
    }

    /// Reads it, without the line end behind it.
    ///
    /// # Errors
    /// What a person must fix, as a sentence without the secret.
    pub fn read(&self, data_dir: &Path) -> Result<Secret, String> {
        let text = match self {
            Self::Env(name) => std::env::var(name).map_err(|_| {
                format!("the environment variable `{name}` is not set; set it where the daemon is started")
            })?,
            Self::File(file) => {
                let path = data_dir.join(file);
                let shown = path.display();
                let mut text = String::new();
                std::fs::File::open(&path)
                    .and_then(|file| file.take(FILE_BYTES + 1).read_to_string(&mut text))
                    .map_err(|cause| {
                        format!("`{shown}` cannot be read ({cause}); make it readable for the daemon alone")
                    })?;
                if text.len() as u64 > FILE_BYTES {
                    return Err(format!("`{shown}` is larger than 64 KiB; put the secret alone into it"));
                }
                text
            }
        };
        let text = text.strip_suffix('\n').map_or(text.as_str(), |line| line.strip_suffix('\r').unwrap_or(line));
        if text.is_empty() {
            return Err(match self {
                Self::Env(name) => format!("the environment variable `{name}` is empty"),
                Self::File(file) => format!("`{}` is empty", file.display()),
            });
        }
        Ok(Secret::new(text))
    }

    /// As [`SecretPlace::read`], for a connector that is being built.
    ///
    /// # Errors
    /// [`ErrorKind::Misconfigured`] under the connector's `code`: what a person must fix.
    pub fn fetch(&self, context: &BuildContext, code: &'static str) -> Result<Secret, ConnectorError> {
        self.read(&context.data_dir).map_err(|why| ConnectorError::new(ErrorKind::Misconfigured, code, why))
    }
}

#[cfg(test)]
mod tests {
    use super::SecretPlace;
    use crate::Problems;

    #[test]
    fn it_is_named_once_and_read_alone() {
        let mut problems = Problems::new();
        assert_eq!(SecretPlace::judge("key", None, None, &mut problems), None);
        assert!(problems.is_empty());
        for (file, env) in [(Some("a"), Some("b")), (Some(""), None), (None, Some("")), (None, Some("A=B"))] {
            let mut problems = Problems::new();
            assert_eq!(SecretPlace::judge("key", file.map(Into::into), env.map(Into::into), &mut problems), None);
            assert!(problems.to_string().contains("`key_"), "{problems}");
        }
        let folder = std::env::temp_dir();
        let name = format!("opspilot-secret-{}", std::process::id());
        let place = SecretPlace::File(name.clone().into());
        assert!(place.read(&folder).is_err_and(|why| why.contains("cannot be read")));
        std::fs::write(folder.join(&name), "canary-1\r\n").unwrap();
        let secret = place.read(&folder).unwrap();
        assert_eq!((secret.expose(), format!("{secret:?}").as_str()), ("canary-1", "Secret(…)"));
        std::fs::write(folder.join(&name), "\n").unwrap();
        assert!(place.read(&folder).is_err_and(|why| why.contains("is empty")));
        std::fs::remove_file(folder.join(&name)).unwrap();
    }
}
