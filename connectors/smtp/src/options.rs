//! The options of the SMTP carrier, judged without touching the world. Own file because the names of these keys are a promise to
//! operators. INVARIANT: a password or a letter crosses a network only under TLS; without it, the server is on this machine.

use lettre::Address;
use lettre::message::Mailbox as Parsed;
use lettre::transport::smtp::extension::ClientId;
use opspilot_sdk::{Mailbox, Problems};
use serde::Deserialize;
use std::net::IpAddr;
use std::path::PathBuf;
use std::time::Duration;

/// Options as they stand in the configuration.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Options {
    /// The relay's name or address.
    pub host: String,
    /// Its port; default 465 for `tls`, 587 for `starttls`, 25 for `none`.
    pub port: Option<u16>,
    /// How the connection is protected.
    #[serde(default)]
    pub security: Security,
    /// A file with certificates (PEM) that are trusted beside the system's, for a relay with one of its own; relative to the data folder.
    pub ca_file: Option<PathBuf>,
    /// Who signs in; absent: nobody does.
    pub user: Option<String>,
    /// A file with the password; relative to the data folder.
    pub password_file: Option<PathBuf>,
    /// An environment variable with the password.
    pub password_env: Option<String>,
    /// Who letters come from, such as `OpsPilot <pilot@example.org>`.
    pub from: String,
    /// The name said in EHLO; default: the domain of `from`.
    pub helo: Option<String>,
    /// The longest time to connect and offer a letter, and again for the answer to it, in seconds; 1 to 300.
    #[serde(default = "deadline_secs")]
    pub deadline_secs: u64,
    /// Signs what goes out; leave it out where the relay signs.
    pub dkim: Option<DkimOptions>,
}

/// How letters are signed, as it stands in the configuration (RFC 6376).
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DkimOptions {
    /// The signing domain; that of `from`, or one above it.
    pub domain: String,
    /// The selector: the public key stands at `SELECTOR._domainkey.DOMAIN`.
    pub selector: String,
    /// A file with the private key, RSA or Ed25519, PEM; relative to the data folder.
    pub key_file: PathBuf,
}

/// How the connection is protected.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Security {
    /// TLS from the first byte (RFC 8314).
    #[default]
    Tls,
    /// TLS by STARTTLS (RFC 3207), required: a server without it is refused.
    Starttls,
    /// None: for a server on this machine only.
    None,
}

/// Where the password stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Password {
    /// In a file.
    File(PathBuf),
    /// In an environment variable.
    Env(String),
}

/// How letters are signed, judged.
#[derive(Clone, Debug)]
pub struct Dkim {
    pub(crate) domain: String,
    pub(crate) selector: String,
    pub(crate) key_file: PathBuf,
}

/// Options that have been judged. Come from [`Options::validate`] alone.
#[derive(Clone, Debug)]
pub struct Settings {
    pub(crate) host: String,
    pub(crate) port: u16,
    pub(crate) security: Security,
    pub(crate) ca_file: Option<PathBuf>,
    pub(crate) login: Option<(String, Password)>,
    pub(crate) from: Mailbox,
    pub(crate) helo: ClientId,
    pub(crate) deadline: Duration,
    pub(crate) dkim: Option<Dkim>,
}

fn deadline_secs() -> u64 {
    60
}

impl Settings {
    /// Who letters come from.
    #[must_use]
    pub fn from(&self) -> &Mailbox {
        &self.from
    }
}

impl Options {
    /// Judges the options without I/O.
    ///
    /// # Errors
    /// All problems at once.
    pub fn validate(self) -> Result<Settings, Problems> {
        let mut problems = Problems::new();
        if !is_host(&self.host) {
            problems.add(
                "host",
                "is not the name or address of a server",
                "give a name such as `smtp.example.org`, without port or scheme",
            );
        } else if self.security == Security::None && !is_loopback(&self.host) {
            problems.add(
                "security",
                format!("is `none` and `{}` is not on this machine", self.host),
                "use `tls` or `starttls`; without them everybody on the way reads along",
            );
        }
        let port = self.port.unwrap_or(match self.security {
            Security::Tls => 465,
            Security::Starttls => 587,
            Security::None => 25,
        });
        if port == 0 {
            problems.add("port", "is 0", "use the relay's port, usually 465 or 587");
        }
        let login = login(&mut problems, self.user, self.password_file, self.password_env);
        if login.is_some() && self.security == Security::None && !is_loopback(&self.host) {
            problems.add("user", "would sign in without TLS", "use `tls` or `starttls`");
        }
        if self.ca_file.is_some() && self.security == Security::None {
            problems.add("ca_file", "has no use without TLS", "take it out, or use `tls` or `starttls`");
        }
        let from = mailbox(&mut problems, &self.from);
        let domain = from.as_ref().map(|from| domain_of(&from.address)).unwrap_or_default();
        let helo = self.helo.unwrap_or_else(|| domain.clone());
        let helo = match helo.trim_start_matches('[').trim_end_matches(']').parse() {
            Ok(IpAddr::V4(address)) => ClientId::Ipv4(address),
            Ok(IpAddr::V6(address)) => ClientId::Ipv6(address),
            Err(_) => {
                if !domain.is_empty() && !is_host(&helo) {
                    problems.add("helo", "is not a name of a machine", "give this machine's name as others know it");
                }
                ClientId::Domain(helo)
            }
        };
        if !(1..=300).contains(&self.deadline_secs) {
            problems.add("deadline_secs", format!("is {}", self.deadline_secs), "use 1 to 300");
        }
        let dkim = self.dkim.map(|dkim| dkim.judge(&mut problems, &domain));
        let from = from.unwrap_or(Mailbox { name: None, address: String::new() });
        problems.or(Settings {
            host: self.host,
            port,
            security: self.security,
            ca_file: self.ca_file,
            login,
            from,
            helo,
            deadline: Duration::from_secs(self.deadline_secs),
            dkim,
        })
    }
}

impl DkimOptions {
    fn judge(self, problems: &mut Problems, from: &str) -> Dkim {
        let domain = self.domain.to_ascii_lowercase();
        if !is_host(&domain) {
            problems.add("dkim.domain", "is not a domain", "give the domain at which the public key stands");
        } else if !from.is_empty() && from != domain && !from.ends_with(&format!(".{domain}")) {
            let message = format!("is `{domain}`, and letters come from `{from}`");
            problems.add(
                "dkim.domain",
                message,
                "sign with the domain of `from`: another one proves nothing (RFC 7489)",
            );
        }
        if !is_host(&self.selector) {
            problems.add(
                "dkim.selector",
                "is not a selector",
                "give the first part of the key's name in DNS, such as `mail2026`",
            );
        }
        if self.key_file.as_os_str().is_empty() {
            problems.add("dkim.key_file", "names no file", "give the path of the private key");
        }
        Dkim { domain, selector: self.selector, key_file: self.key_file }
    }
}

fn login(
    problems: &mut Problems,
    user: Option<String>,
    file: Option<PathBuf>,
    env: Option<String>,
) -> Option<(String, Password)> {
    let password = match (file, env) {
        (Some(_), Some(_)) => {
            problems.add("password_env", "stands beside `password_file`", "keep one of them");
            return None;
        }
        (Some(file), None) if file.as_os_str().is_empty() => {
            problems.add("password_file", "names no file", "give its path");
            return None;
        }
        (None, Some(name)) if name.is_empty() || name.contains(['=', '\0']) => {
            problems.add("password_env", "names no environment variable", "give its name");
            return None;
        }
        (Some(file), None) => Some(Password::File(file)),
        (None, Some(name)) => Some(Password::Env(name)),
        (None, None) => None,
    };
    match (user, password) {
        (Some(user), Some(password)) if !user.is_empty() && !user.chars().any(char::is_control) => {
            Some((user, password))
        }
        (None, None) => None,
        (Some(user), Some(_)) => {
            let what = if user.is_empty() { "is empty" } else { "holds a control character" };
            problems.add("user", what, "give the name to sign in with");
            None
        }
        (Some(_), None) => {
            problems.add("user", "has no password", "name it by `password_file` or `password_env`");
            None
        }
        (None, Some(_)) => {
            problems.add(
                "user",
                "is missing beside a password",
                "give the name to sign in with, or take the password out",
            );
            None
        }
    }
}

fn mailbox(problems: &mut Problems, text: &str) -> Option<Mailbox> {
    let ascii = |address: &Address| address.to_string().is_ascii();
    match text.parse::<Parsed>() {
        Ok(parsed) if ascii(&parsed.email) && !text.chars().any(char::is_control) => {
            Some(Mailbox { name: parsed.name, address: parsed.email.to_string() })
        }
        _ => {
            problems.add("from", "is not an address", "write `pilot@example.org` or `OpsPilot <pilot@example.org>`");
            None
        }
    }
}

fn domain_of(address: &str) -> String {
    address.rsplit_once('@').map(|(_, domain)| domain.to_ascii_lowercase()).unwrap_or_default()
}

/// A name or an address, as far as that can be told without asking anybody.
fn is_host(text: &str) -> bool {
    let label = |label: &str| {
        let inner = label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_');
        !label.is_empty() && label.len() <= 63 && inner
    };
    text.parse::<IpAddr>().is_ok() || (text.len() <= 253 && text.split('.').all(label))
}

fn is_loopback(host: &str) -> bool {
    host.eq_ignore_ascii_case("localhost") || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::{Options, Security};

    fn judged(json: &str) -> Result<super::Settings, String> {
        serde_json::from_str::<Options>(json)
            .map_err(|cause| cause.to_string())?
            .validate()
            .map_err(|all| all.to_string())
    }

    #[test]
    fn defaults_are_the_safe_ones() {
        let settings = judged(r#"{"host":"smtp.example.org","from":"Pilot, <pilot@example.org>"}"#);
        assert!(settings.is_err_and(|text| text.contains("`from`")));
        let settings = judged(r#"{"host":"smtp.example.org","from":"OpsPilot <pilot@example.org>"}"#).unwrap();
        assert_eq!((settings.port, settings.security), (465, Security::Tls));
        assert_eq!(settings.helo.to_string(), "example.org");
        assert_eq!(settings.from().name.as_deref(), Some("OpsPilot"));
        let local = judged(r#"{"host":"::1","security":"none","from":"a@b.example","helo":"[192.0.2.1]"}"#).unwrap();
        assert_eq!((local.port, local.helo.to_string().as_str()), (25, "[192.0.2.1]"));
    }

    #[test]
    fn all_problems_are_told_at_once() {
        let text = judged(
            r#"{"host":"mail.example.org","port":0,"security":"none","ca_file":"x","user":"u","password_file":"a","password_env":"b",
                "from":"x@y.example","helo":"a b","deadline_secs":0,"dkim":{"domain":"other.example","selector":"a b","key_file":""}}"#,
        )
        .expect_err("nothing of it is right");
        for part in [
            "security",
            "port",
            "password_env",
            "ca_file",
            "helo",
            "deadline_secs",
            "dkim.domain",
            "dkim.selector",
            "dkim.key_file",
        ] {
            assert!(text.contains(&format!("`{part}`")), "{part} is not in {text}");
        }
        for (json, part) in [
            (r#"{"host":"smtp://x","from":"a@b.example"}"#, "`host`"),
            (r#"{"host":"x","from":"a@b.example\r\nBcc: c@d.example"}"#, "`from`"),
            (r#"{"host":"x","from":"nobody"}"#, "`from`"),
            (r#"{"host":"x","from":"a@b.example","user":"u"}"#, "has no password"),
            (r#"{"host":"x","from":"a@b.example","password_env":"U"}"#, "`user`"),
            (r#"{"host":"x","from":"a@b.example","user":"u\r\n","password_env":"U"}"#, "control"),
            (r#"{"host":"x","from":"a@b.example","password":"secret"}"#, "unknown field"),
        ] {
            let text = judged(json).expect_err(json);
            assert!(text.contains(part), "{part} is not in {text}");
        }
    }
}
