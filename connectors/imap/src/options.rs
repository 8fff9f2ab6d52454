//! What the configuration may say about a mailbox, and what is left of it once it has been judged. Own file because it is a promise to
//! operators. INVARIANT: [`Settings`] come from [`Options::validate`] alone, which touches nothing outside.

use jiff::civil::Date;
use opspilot_sdk::{Ground, Grounds, Problems};
use serde::Deserialize;
use std::net::IpAddr;
use std::path::PathBuf;

/// The options as they stand in the configuration.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Options {
    /// Name or address of the server.
    pub host: String,
    /// Its port. Default 993 with `tls = "tls"`, else 143.
    pub port: Option<u16>,
    /// How the connection is protected. Default `tls`.
    #[serde(default)]
    pub tls: Tls,
    /// A file with the certificates (PEM) of the authorities to believe instead of the system's; relative to the data folder.
    pub ca_file: Option<PathBuf>,
    /// The name to log in with; usually the address of the mailbox.
    pub user: String,
    /// How to log in.
    pub auth: Auth,
    /// The folders to read, as the server names them. Default `INBOX`.
    #[serde(default = "inbox")]
    pub folders: Vec<String>,
    /// What becomes of a message once it is safely stored. Default `leave`.
    #[serde(default)]
    pub after: After,
    /// Messages that reached the server before this day (UTC) are passed over.
    pub not_before: Option<Date>,
    /// How often the folders are looked at, whatever IDLE says, in seconds. Default 30.
    #[serde(default = "half_minute")]
    pub poll_secs: u64,
    /// The longest wait in one IDLE, in seconds, at most 300; 0 switches it off. Default 240.
    #[serde(default = "four_minutes")]
    pub idle_secs: u64,
    /// How long the server may take for one command, in seconds. Default 12.
    #[serde(default = "dozen")]
    pub command_secs: u64,
    /// The largest message, in bytes. Default 36700160 (35 MiB).
    #[serde(default = "thirty_five_mib")]
    pub max_message_bytes: u64,
}

/// How the connection is protected.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Tls {
    /// TLS from the first byte (RFC 8314).
    #[default]
    Tls,
    /// Plain at first, TLS before anything is said that matters.
    Starttls,
    /// Plain; only for a server on this machine.
    None,
}

/// How to log in. Secrets are named, never written down here.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Auth {
    /// The password is the contents of this file; relative to the data folder.
    PasswordFile(PathBuf),
    /// The password is in this environment variable of the daemon.
    PasswordEnv(String),
    /// An access token by Google's and Microsoft's mechanism.
    Xoauth2(TokenOptions),
    /// An access token by RFC 7628.
    Oauthbearer(TokenOptions),
}

/// Where access tokens come from (RFC 6749).
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TokenOptions {
    /// The token endpoint.
    pub token_url: String,
    /// The name under which this program is registered there.
    pub client_id: String,
    /// The client's secret, when it has one; relative to the data folder.
    pub client_secret_file: Option<PathBuf>,
    /// The refresh token that a person's consent gave; relative to the data folder. Without it the client asks in its own name.
    pub refresh_token_file: Option<PathBuf>,
    /// The scope to ask for, when the endpoint wants one.
    pub scope: Option<String>,
    /// The day on which the client's secret or the consent runs out, as the provider shows it: a notice comes two weeks before.
    pub expires: Option<Date>,
}

/// What becomes of a message once it is safely stored.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum After {
    /// Nothing.
    #[default]
    Leave,
    /// It gets this flag, such as `\Seen`.
    Flag(String),
    /// It moves to this folder.
    Move(String),
}

/// Options that have been judged.
#[derive(Clone, Debug)]
pub struct Settings(pub(crate) Options);

fn inbox() -> Vec<String> {
    vec!["INBOX".to_owned()]
}

fn half_minute() -> u64 {
    30
}

fn four_minutes() -> u64 {
    240
}

fn dozen() -> u64 {
    12
}

fn thirty_five_mib() -> u64 {
    35 << 20
}

/// Whether a host names this very machine.
pub(crate) fn is_loopback(host: &str) -> bool {
    host.eq_ignore_ascii_case("localhost")
        || host.trim_matches(['[', ']']).parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

impl Options {
    pub(crate) fn validate(mut self) -> Result<Settings, Problems> {
        let mut problems = Problems::new();
        if self.host.is_empty() || self.host.contains(|c: char| c.is_whitespace() || c.is_control() || c == '/') {
            problems.add(
                "host",
                format!("`{}` is not the name of a server", self.host),
                "name it, such as `imap.example.com`",
            );
        }
        if self.port == Some(0) {
            problems.add("port", "is 0", "leave it out, or use 993 or 143");
        }
        if self.tls == Tls::None && !is_loopback(&self.host) {
            let help = "use `tls` or `starttls`; `none` is for a server on this machine";
            problems.add("tls", format!("the password would go to `{}` for everybody to read", self.host), help);
        }
        if self.tls == Tls::None && self.ca_file.is_some() {
            problems.add("ca_file", "there is no certificate to judge with `tls = \"none\"`", "take it out");
        }
        if self.user.is_empty() || self.user.contains(char::is_control) {
            problems.add("user", "is empty or holds a control character", "give the name that the server knows");
        }
        self.auth.validate(&mut problems);
        self.name_folders(&mut problems);
        if let After::Flag(flag) = &self.after
            && !is_flag(flag)
        {
            let help = "use `\\\\Seen`, `\\\\Flagged`, `\\\\Answered` or a keyword of letters and digits";
            problems.add("after.flag", format!("`{flag}` is not a flag that may be set"), help);
        }
        between(&mut problems, "poll_secs", self.poll_secs, 1, 300);
        between(&mut problems, "idle_secs", self.idle_secs, 0, 300);
        between(&mut problems, "command_secs", self.command_secs, 1, 20);
        between(&mut problems, "max_message_bytes", self.max_message_bytes, 1024, 200 << 20);
        problems.or(Settings(self))
    }

    fn name_folders(&mut self, problems: &mut Problems) {
        if self.folders.is_empty() {
            problems.add("folders", "none is named", "name at least one, such as `[\"INBOX\"]`");
        }
        if self.folders.len() > 50 {
            problems.add("folders", format!("{} are named", self.folders.len()), "use at most 50 a source");
        }
        for folder in &mut self.folders {
            canonical(folder);
        }
        if let After::Move(folder) = &mut self.after {
            canonical(folder);
        }
        let target = match &self.after {
            After::Move(folder) => Some(folder),
            After::Leave | After::Flag(_) => None,
        };
        for folder in self.folders.iter().chain(target) {
            if folder.is_empty() || folder.contains(char::is_control) || folder.contains(['*', '%']) {
                problems.add(
                    "folders",
                    format!("`{folder}` is not the name of a folder"),
                    "give it as the server shows it",
                );
            }
        }
        for (index, folder) in self.folders.iter().enumerate() {
            if self.folders.iter().take(index).any(|earlier| earlier == folder) {
                problems.add("folders", format!("`{folder}` is named twice"), "name it once");
            }
        }
        if let Some(target) = target.filter(|target| self.folders.contains(target)) {
            let help = "move to a folder that is not read";
            problems.add("after.move", format!("`{target}` is read too, so every message would come again"), help);
        }
    }
}

impl Auth {
    fn validate(&self, problems: &mut Problems) {
        match self {
            Self::PasswordFile(file) if file.as_os_str().is_empty() => {
                problems.add("auth.password_file", "names no file", "give its path");
            }
            Self::PasswordEnv(name) if name.is_empty() || name.contains(['=', '\0']) => {
                problems.add("auth.password_env", "names no environment variable", "give its name");
            }
            Self::PasswordFile(_) | Self::PasswordEnv(_) => {}
            Self::Xoauth2(token) => token.validate("auth.xoauth2", problems),
            Self::Oauthbearer(token) => token.validate("auth.oauthbearer", problems),
        }
    }
}

impl TokenOptions {
    fn validate(&self, at: &str, problems: &mut Problems) {
        match crate::post::Endpoint::parse(&self.token_url) {
            Err(why) => problems.add(
                format!("{at}.token_url"),
                why,
                "give the provider's token endpoint, such as `https://oauth2.googleapis.com/token`",
            ),
            Ok(endpoint) if !endpoint.protected && !is_loopback(&endpoint.host) => problems.add(
                format!("{at}.token_url"),
                "the refresh token would go over the network for everybody to read",
                "use `https://`",
            ),
            Ok(_) => {}
        }
        if self.client_id.is_empty() {
            problems.add(format!("{at}.client_id"), "is empty", "give the id under which this program is registered");
        }
        for (key, file) in
            [("client_secret_file", &self.client_secret_file), ("refresh_token_file", &self.refresh_token_file)]
        {
            if file.as_ref().is_some_and(|file| file.as_os_str().is_empty()) {
                problems.add(format!("{at}.{key}"), "names no file", "give its path");
            }
        }
        if self.client_secret_file.is_none() && self.refresh_token_file.is_none() {
            let help =
                "give `refresh_token_file` (a person's consent) or `client_secret_file` (the client's own rights)";
            problems.add(at, "there is nothing to get a token with", help);
        }
    }
}

impl Settings {
    /// The folders that it reads, and the one that read messages go to.
    pub(crate) fn grounds(&self) -> Grounds {
        let Options { host, port, user, folders, after, .. } = &self.0;
        // Names of servers are the same in any case; so are those of accounts, for every server that is in wide use.
        let host = host.trim_end_matches('.').to_lowercase();
        // One server answers at both of the protocol's own ports; what listens at another may be another.
        let server = match port {
            None | Some(993 | 143) => host,
            Some(port) => format!("{host}:{port}"),
        };
        let place = |key, folder: &String| {
            let (server, account) = (server.clone(), user.to_lowercase());
            (key, Ground::Mailbox { server, account, folder: folder.clone() })
        };
        let target = match after {
            After::Move(folder) => Some(place("after", folder)),
            After::Leave | After::Flag(_) => None,
        };
        Grounds {
            takes: folders.iter().map(|folder| place("folders", folder)).collect(),
            leaves: target.into_iter().collect(),
        }
    }
}

/// The one folder name that is the same in any case (RFC 3501, section 5.1).
fn canonical(folder: &mut String) {
    if folder.eq_ignore_ascii_case("inbox") {
        "INBOX".clone_into(folder);
    }
}

/// A flag that destroys nothing: `\Deleted` and `\Draft` are not.
fn is_flag(flag: &str) -> bool {
    match flag.strip_prefix('\\') {
        Some(system) => ["Seen", "Flagged", "Answered"].contains(&system),
        None => {
            (1..=60).contains(&flag.len())
                && flag.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"$_-.".contains(&byte))
        }
    }
}

fn between(problems: &mut Problems, path: &str, value: u64, least: u64, most: u64) {
    if !(least..=most).contains(&value) {
        problems.add(path, format!("is {value}"), format!("use {least} to {most}"));
    }
}

#[cfg(test)]
mod tests {
    use super::Options;
    use serde_json::json;

    fn paths(options: serde_json::Value) -> Vec<String> {
        let options: Options = serde_json::from_value(options).unwrap();
        options.validate().unwrap_err().iter().map(|problem| problem.path.clone()).collect()
    }

    #[test]
    fn all_problems_at_once() {
        let wrong = json!({
            "host": "mail.example.com", "port": 0, "tls": "none", "user": "", "auth": { "password_file": "" },
            "folders": ["inbox", "Requests", "Requests"], "after": { "move": "INBOX" }, "poll_secs": 0, "idle_secs": 301,
            "command_secs": 21, "max_message_bytes": 1,
        });
        let expected = [
            "port",
            "tls",
            "user",
            "auth.password_file",
            "folders",
            "after.move",
            "poll_secs",
            "idle_secs",
            "command_secs",
            "max_message_bytes",
        ];
        assert_eq!(paths(wrong), expected);
    }

    #[test]
    fn tokens_do_not_travel_in_the_open() {
        let token = |url: &str| {
            json!({ "host": "imap.example.com", "user": "a@example.com",
                "auth": { "xoauth2": { "token_url": url, "client_id": "x", "refresh_token_file": "t" } } })
        };
        assert_eq!(paths(token("http://login.example.com/token")), ["auth.xoauth2.token_url"]);
        assert_eq!(paths(token("login.example.com")), ["auth.xoauth2.token_url"]);
        for good in ["https://login.example.com/x/token", "http://127.0.0.1:9/token"] {
            let options: Options = serde_json::from_value(token(good)).unwrap();
            assert!(options.validate().is_ok(), "{good}");
        }
    }

    #[test]
    fn no_flag_destroys() {
        for flag in ["\\Deleted", "\\Draft", "a b", "", "\\*", "a)"] {
            let wrong = json!({ "host": "h", "user": "u", "auth": { "password_env": "P" }, "after": { "flag": flag } });
            assert_eq!(paths(wrong), ["after.flag"], "{flag}");
        }
        let good = json!({ "host": "h", "user": "u", "auth": { "password_env": "P" }, "after": { "flag": "\\Seen" } });
        assert!(serde_json::from_value::<Options>(good).unwrap().validate().is_ok());
        let unknown = json!({ "host": "h", "user": "u", "auth": { "password": "canary" } });
        assert!(!serde_json::from_value::<Options>(unknown).unwrap_err().to_string().contains("canary"));
    }
}
