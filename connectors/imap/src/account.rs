//! A mailbox ready to be opened: options, the secrets they name, and the roots of trust. Own file because this is where secrets are
//! read. INVARIANT: a secret lives in a [`Secret`] from the moment it is read, and in no error.

use crate::fault::{SECRET, misconfigured};
use crate::options::{Auth, Options, Settings, Tls, TokenOptions};
use crate::token::Tokens;
use crate::wire::trust;
use opspilot_sdk::{BuildContext, ConnectorError, Secret};
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use tokio_rustls::rustls::ClientConfig;

/// Largest secret file, in bytes.
const SECRET_BYTES: u64 = 64 * 1024;

/// Everything needed to log in, any number of times.
#[derive(Clone)]
pub(crate) struct Account {
    /// The configured name of the source.
    pub(crate) name: String,
    pub(crate) options: Options,
    pub(crate) port: u16,
    pub(crate) tls: Arc<ClientConfig>,
    pub(crate) login: Login,
}

/// How to log in.
#[derive(Clone)]
pub(crate) enum Login {
    Password(Secret),
    Xoauth2(Tokens),
    Oauthbearer(Tokens),
}

impl Account {
    /// Reads the secrets and the certificates.
    pub(crate) fn open(settings: Settings, context: &BuildContext) -> Result<Self, ConnectorError> {
        let options = settings.0;
        let at = |path: &PathBuf| context.data_dir.join(path);
        let tls = trust(options.ca_file.as_ref().map(at).as_deref())?;
        let tokens = |given: &TokenOptions| {
            let read =
                |file: &Option<PathBuf>, key: &str| file.as_ref().map(|file| secret_file(&at(file), key)).transpose();
            let client = read(&given.client_secret_file, "client_secret_file")?;
            let refresh = read(&given.refresh_token_file, "refresh_token_file")?;
            Tokens::new(given.clone(), client, refresh)
        };
        let login = match &options.auth {
            Auth::PasswordFile(file) => Login::Password(secret_file(&at(file), "password_file")?),
            Auth::PasswordEnv(name) => Login::Password(std::env::var(name).map(Secret::new).map_err(|_| {
                let text = format!("the environment variable `{name}` (`auth.password_env`) is not set or is not text; set it where the daemon is started");
                misconfigured(SECRET, text)
            })?),
            Auth::Xoauth2(given) => Login::Xoauth2(tokens(given)?),
            Auth::Oauthbearer(given) => Login::Oauthbearer(tokens(given)?),
        };
        let port = options.port.unwrap_or(if options.tls == Tls::Tls { 993 } else { 143 });
        Ok(Self { name: context.name.clone(), port, tls, login, options })
    }

    pub(crate) fn deadline(&self) -> Duration {
        Duration::from_secs(self.options.command_secs)
    }

    pub(crate) fn tokens(&self) -> Option<&Tokens> {
        match &self.login {
            Login::Password(_) => None,
            Login::Xoauth2(tokens) | Login::Oauthbearer(tokens) => Some(tokens),
        }
    }

    pub(crate) fn tokens_mut(&mut self) -> Option<&mut Tokens> {
        match &mut self.login {
            Login::Password(_) => None,
            Login::Xoauth2(tokens) | Login::Oauthbearer(tokens) => Some(tokens),
        }
    }
}

/// The contents without the line end.
fn secret_file(path: &Path, key: &str) -> Result<Secret, ConnectorError> {
    let shown = path.display();
    let mut text = String::new();
    let read = std::fs::File::open(path).and_then(|file| file.take(SECRET_BYTES + 1).read_to_string(&mut text));
    read.map_err(|cause| {
        misconfigured(SECRET, format!("`{shown}` (`{key}`) cannot be read; make it readable for the daemon alone"))
            .because(cause)
    })?;
    let secret = text.trim_end_matches(['\r', '\n']);
    if secret.is_empty() || secret.len() as u64 > SECRET_BYTES || secret.contains(['\0', '\n', '\r']) {
        return Err(misconfigured(
            SECRET,
            format!("`{shown}` (`{key}`) is empty, too large or has several lines; put the secret alone into it"),
        ));
    }
    Ok(Secret::new(secret))
}
