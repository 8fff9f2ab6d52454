//! What a command stands on: the configuration, the opened house, and who is asking. Own file because every command begins here.
//! INVARIANT: whoever acts is found by a token, never by a name that was merely typed; a token file that others can read is refused.

use super::failure::{Failure, Status, plain_cause};
use super::out::Out;
use crate::config::{self, Settings};
use crate::daemon::{self, House, Mode};
use crate::policy::Principal;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Name of the folder with token files, in the data folder.
pub(crate) const CREDENTIALS: &str = "credentials";
/// The variable that holds a token.
pub(crate) const TOKEN: &str = "OPSPILOT_TOKEN";

/// What was said on the command line beside the command itself.
pub(crate) struct Setup {
    /// Where output goes.
    pub(crate) out: Out,
    /// The configuration file, when one was named.
    pub(crate) file: Option<PathBuf>,
    /// Whose token file to use.
    pub(crate) name: Option<String>,
    /// The environment, read once.
    pub(crate) environment: Vec<(String, String)>,
}

impl Setup {
    /// A variable of the environment.
    pub(crate) fn variable(&self, name: &str) -> Option<String> {
        self.environment.iter().find(|(key, _)| key == name).map(|(_, value)| value.clone())
    }

    /// The configuration.
    ///
    /// # Errors
    /// All that is wrong with it, a line each.
    pub(crate) fn settings(&self) -> Result<Settings, Failure> {
        let ours = self.environment.iter().filter(|(key, _)| key != TOKEN).cloned();
        config::load(self.file.as_deref(), ours, &daemon::given())
            .map_err(|problems| Failure::problems(Status::Usage, problems))
    }

    /// Opens the house beside whatever runs on the same store, does something in it and closes it again.
    ///
    /// # Errors
    /// Why it cannot be opened, or what the work came to.
    pub(crate) async fn within<T>(&self, work: impl AsyncFnOnce(&House) -> Result<T, Failure>) -> Result<T, Failure> {
        let house = Box::pin(daemon::open(self.settings()?, Mode::Command)).await.map_err(|cause| refused(&cause))?;
        let outcome = work(&house).await;
        house.store.close().await;
        outcome
    }

    /// Who is asking.
    ///
    /// # Errors
    /// When there is no token, more than one and none was named, or it is not in force.
    pub(crate) async fn principal(&self, house: &House) -> Result<Arc<Principal>, Failure> {
        let token = self.token(&house.settings.data_dir)?;
        Ok(house.access.principal(&token).await?)
    }

    fn token(&self, data_dir: &Path) -> Result<String, Failure> {
        let folder = data_dir.join(CREDENTIALS);
        match (&self.name, self.variable(TOKEN).filter(|token| !token.is_empty())) {
            (Some(name), _) => read_token(&folder.join(format!("{name}.token"))),
            (None, Some(token)) => Ok(token.trim().to_owned()),
            (None, None) => read_token(&only_token(&folder)?),
        }
    }
}

/// Why the house cannot be opened.
pub(crate) fn refused(cause: &daemon::StartError) -> Failure {
    let status = match cause {
        daemon::StartError::Store(_) | daemon::StartError::Listen { .. } => Status::Failed,
        _ => Status::Usage,
    };
    Failure::problems(status, cause)
}

fn only_token(folder: &Path) -> Result<PathBuf, Failure> {
    let entries =
        std::fs::read_dir(folder).map(|entries| entries.flatten().map(|entry| entry.path()).collect::<Vec<_>>());
    let mut tokens: Vec<PathBuf> = entries.unwrap_or_default();
    tokens.retain(|path| path.extension().is_some_and(|extension| extension == "token"));
    match tokens.as_slice() {
        [token] => Ok(token.clone()),
        [] => Err(Failure::usage(format!(
            "nobody is signed in: there is no token in `{}`; set `{TOKEN}`, or run `opspilot init` (OP-9103)",
            folder.display()
        ))),
        _ => {
            let mut names: Vec<String> = tokens
                .iter()
                .filter_map(|path| path.file_stem())
                .map(|name| name.to_string_lossy().into_owned())
                .collect();
            names.sort();
            Err(Failure::usage(format!(
                "several people have a token here; say `--as NAME` with one of `{}` (OP-9103)",
                names.join("`, `")
            )))
        }
    }
}

/// Reads a token file, which nobody but its owner may read.
fn read_token(path: &Path) -> Result<String, Failure> {
    let read = std::fs::read_to_string(path).map_err(|cause| {
        let what = format!(
            "cannot read the token `{}`: {}; make one with `opspilot token new` (OP-9103)",
            path.display(),
            plain_cause(&cause)
        );
        Failure::usage(what)
    })?;
    if let Some(mode) = exposed(path) {
        return Err(Failure::usage(format!(
            "others can read the token `{}` (mode {mode:o}); run `chmod 600` on it, and make a new one if somebody may have (OP-9104)",
            path.display()
        )));
    }
    Ok(read.trim().to_owned())
}

/// The rights of a file, when others than its owner have any.
#[cfg(unix)]
pub(crate) fn exposed(path: &Path) -> Option<u32> {
    use std::os::unix::fs::PermissionsExt as _;
    let mode = std::fs::metadata(path).ok()?.permissions().mode() & 0o777;
    (mode & 0o077 != 0).then_some(mode)
}

/// Where rights are kept otherwise, nothing is said about them.
#[cfg(not(unix))]
pub(crate) fn exposed(_: &Path) -> Option<u32> {
    None
}

/// Makes a folder, and those above it, for its owner alone.
pub(crate) fn private_folder(path: &Path) -> Result<(), Failure> {
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(path).map_err(|cause| Failure::unwritable(path, &cause))
}

/// Writes a new file for its owner alone; an existing one is never touched.
pub(crate) fn private_file(path: &Path, text: &str) -> Result<(), Failure> {
    use std::io::Write as _;
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let written = options.open(path).and_then(|mut file| {
        file.write_all(text.as_bytes())?;
        file.sync_all()
    });
    written.map_err(|cause| match cause.kind() {
        std::io::ErrorKind::AlreadyExists => Failure::failed(format!(
            "`{}` is there already and is never written over; move it away first (OP-9105)",
            path.display()
        )),
        _ => Failure::unwritable(path, &cause),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_only_token_is_found_and_several_ask_for_a_name() {
        let folder = tempfile::tempdir().unwrap();
        assert!(only_token(folder.path()).unwrap_err().lines[0].contains("nobody is signed in"));
        private_file(&folder.path().join("ada.token"), "opp_1\n").unwrap();
        let token = only_token(folder.path()).unwrap();
        assert_eq!(read_token(&token).unwrap(), "opp_1");
        private_file(&folder.path().join("bo.token"), "opp_2").unwrap();
        assert!(only_token(folder.path()).unwrap_err().lines[0].contains("`ada`, `bo`"));
    }

    #[cfg(unix)]
    #[test]
    fn a_token_that_others_can_read_is_refused() {
        use std::os::unix::fs::PermissionsExt as _;
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("ada.token");
        private_file(&path, "opp_1").unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o640)).unwrap();
        assert!(read_token(&path).unwrap_err().lines[0].contains("mode 640"));
    }

    #[test]
    fn nothing_is_written_over() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a");
        private_file(&path, "first").unwrap();
        assert!(private_file(&path, "second").unwrap_err().lines[0].contains("never written over"));
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "first");
    }
}
