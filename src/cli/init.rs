//! `opspilot init`: a configuration, a data folder, a key and the first person. Own file because the demo begins the same way.
//! INVARIANT: nothing that is there already is written over; secrets are for their owner alone from the first byte on.

use super::failure::{Ended, Failure, Status};
use super::setup::{CREDENTIALS, Setup, private_file, private_folder, refused};
use crate::access;
use crate::clock::{Entropy as _, SystemEntropy};
use crate::config::{self, DEFAULT, FILE_NAME, Settings};
use crate::daemon::{self, Mode};
use crate::receipt::key::secret_text;
use clap::Args;
use serde_json::json;
use std::path::{Path, PathBuf};

/// Make a configuration, data folder, key and first user. Nothing that is there is written over.
#[derive(Args)]
pub(crate) struct Init {
    /// Folder for the configuration file.
    #[arg(value_name = "DIR", default_value = ".")]
    dir: PathBuf,
    /// Name of the first user, who may do everything and reviews the example pilot [default: your login name].
    #[arg(long, value_name = "NAME")]
    user: Option<String>,
    /// Their e-mail address.
    #[arg(long, value_name = "ADDRESS")]
    email: Option<String>,
}

/// What was made.
pub(super) struct Made {
    /// The configuration as read back.
    pub(super) settings: Settings,
    /// Where the first person's token is.
    pub(super) token: PathBuf,
}

impl Init {
    pub(crate) async fn run(self, setup: &Setup) -> Ended {
        let user = self.user.unwrap_or_else(|| login(setup));
        let file = self.dir.join(FILE_NAME);
        let made =
            Box::pin(establish(setup, &file, &with_reviewer(DEFAULT, &user), &user, self.email.as_deref())).await?;
        let data_dir = &made.settings.data_dir;
        if setup.out.json {
            let (config, data, token) =
                (file.display().to_string(), data_dir.display().to_string(), made.token.display().to_string());
            setup.out.json(&json!({ "config": config, "data_dir": data, "user": user, "token_file": token }))?;
            return Ok(Status::Done);
        }
        setup.out.text(&format!(
            "configuration  {}\ndata folder    {}\nreceipt key    {}\nfirst user     {user}, token in {}",
            file.display(),
            data_dir.display(),
            made.settings.receipts.key_file.display(),
            made.token.display()
        ))?;
        let config = if self.dir == Path::new(".") { String::new() } else { format!(" --config {}", file.display()) };
        setup.out.say(&format!(
            "\nnext:\n  opspilot{config} doctor     checks that everything is in place\n  opspilot{config} serve      runs the daemon\n\
             keep a copy of the key and of `opspilot receipt checkpoint --key` somewhere else"
        ));
        Ok(Status::Done)
    }
}

/// The example with this person as the reviewer of its pilot.
fn with_reviewer(text: &str, user: &str) -> String {
    text.replace("reviewers = [\"admin\"]", &format!("reviewers = [\"{user}\"]"))
        .replace("# notify = [\"admin\"]", &format!("# notify = [\"{user}\"]"))
        .replace("# owner = \"admin\"", &format!("# owner = \"{user}\""))
}

/// Who is at the keyboard, as a user name.
pub(super) fn login(setup: &Setup) -> String {
    let login = setup.variable("USER").or_else(|| setup.variable("LOGNAME")).unwrap_or_default().to_lowercase();
    let fits = |c: &char| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '.' | '_' | '-');
    let name: String = login.chars().filter(fits).take(64).collect();
    if name.is_empty() { "admin".to_owned() } else { name }
}

/// Writes the configuration, the key and the first person's token.
///
/// # Errors
/// When something of it is there already, or cannot be written.
pub(super) async fn establish(
    setup: &Setup,
    file: &Path,
    text: &str,
    user: &str,
    email: Option<&str>,
) -> Result<Made, Failure> {
    let dir = file.parent().filter(|dir| !dir.as_os_str().is_empty()).unwrap_or(Path::new("."));
    std::fs::create_dir_all(dir).map_err(|cause| Failure::unwritable(dir, &cause))?;
    let environment = || setup.environment.iter().cloned();
    let base = std::path::absolute(dir).map_err(|cause| Failure::unwritable(dir, &cause))?;
    // Judged before anything is written, so that a name that is none leaves nothing behind.
    let settings = config::parse(text, FILE_NAME, &base, environment(), &daemon::given());
    let settings = settings.map_err(|problems| Failure::problems(Status::Usage, problems))?;
    private_file(file, text)?;
    readable(file)?;
    private_folder(&settings.data_dir)?;
    let credentials = settings.data_dir.join(CREDENTIALS);
    private_folder(&credentials)?;
    let token = credentials.join(format!("{user}.token"));
    if token.exists() {
        let message =
            format!("`{}` is there already and is never written over; move it away first (OP-9105)", token.display());
        return Err(Failure::failed(message));
    }
    let key_file = &settings.receipts.key_file;
    // A key that is there signs the log that is there: it is used, not replaced.
    if !key_file.exists() {
        key_file.parent().map_or(Ok(()), private_folder)?;
        let mut seed = [0; 32];
        SystemEntropy::default().fill(&mut seed);
        let secret =
            secret_text(&settings.receipts.origin, &seed).map_err(|cause| Failure::usage(cause.to_string()))?;
        private_file(key_file, &format!("{secret}\n"))?;
    }
    let read = || config::load(Some(file), environment(), &daemon::given());
    let settings = read().map_err(|problems| Failure::problems(Status::Usage, problems))?;
    let house = Box::pin(daemon::open(settings, Mode::Command)).await.map_err(|cause| refused(&cause))?;
    let first = access::first_person(&house.store, user, email).await;
    house.store.close().await;
    let (_, made) = first?;
    private_file(&token, &format!("{}\n", made.secret))?;
    let settings = read().map_err(|problems| Failure::problems(Status::Usage, problems))?;
    Ok(Made { settings, token })
}

/// A configuration holds no secret and may be read by others.
#[cfg(unix)]
fn readable(file: &Path) -> Result<(), Failure> {
    use std::os::unix::fs::PermissionsExt as _;
    std::fs::set_permissions(file, std::fs::Permissions::from_mode(0o644))
        .map_err(|cause| Failure::unwritable(file, &cause))
}

#[cfg(not(unix))]
fn readable(_: &Path) -> Result<(), Failure> {
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_person_reviews_the_example_pilot() {
        let text = with_reviewer(DEFAULT, "ada");
        assert!(text.contains("reviewers = [\"ada\"]"), "the example has a line for its reviewers");
        assert!(!text.contains("[\"admin\"]"));
    }
}
