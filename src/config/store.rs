//! The `[store]` section. Own file because a database address is the one value of the file that may carry a secret. INVARIANT: a password
//! comes out of a file or the environment, and no message or note shows an address that may hold one.

use super::problem::{Code, Place};
use super::read::{Part, Reader, short};
use super::settings::StoreSettings;
use super::web::is_local_host;
use crate::store::Url;
use std::collections::BTreeMap;
use std::path::Path;

pub(super) fn store(
    reader: &mut Reader,
    part: &Part<'_>,
    data_dir: &Path,
    env: &BTreeMap<String, String>,
    notes: &mut Vec<String>,
) -> Option<StoreSettings> {
    let given: Vec<&str> =
        ["url", "url_file", "url_env"].into_iter().filter(|name| part.node(name).is_some()).collect();
    if let [first, second, ..] = given.as_slice() {
        let message = format!("`{first}` and `{second}` both say where the store is");
        reader.at(Code::Together, part, second, message, "keep one of them");
    }
    let queue = reader.number::<u32>(part, "queue");
    let (name, text, secret) = if part.node("url_file").is_some() {
        let path = reader.needed_path(part, "url_file", data_dir)?;
        if let Some(mode) = exposed(&path) {
            notes.push(format!(
                "others can read `{}` (mode {mode:o}), which holds the address of the store; run `chmod 600` on it",
                path.display()
            ));
        }
        match std::fs::read_to_string(&path) {
            Ok(text) => ("url_file", text.trim().to_owned(), true),
            Err(cause) => {
                let message = format!("cannot read `{}`: {cause}", path.display());
                reader.at(
                    Code::Secret,
                    part,
                    "url_file",
                    message,
                    "the file must be readable for the daemon's user and hold the address on one line",
                );
                return None;
            }
        }
    } else if part.node("url_env").is_some() {
        let name = reader.text(part, "url_env")?;
        match env.get(&name) {
            Some(text) => ("url_env", text.trim().to_owned(), true),
            None => {
                let message = format!("the environment variable `{}` is not set", short(&name));
                reader.at(Code::Secret, part, "url_env", message, "set it for the daemon, or use `url_file`");
                return None;
            }
        }
    } else {
        let secret = matches!(part.place("url"), Place::Env(_));
        ("url", reader.text(part, "url")?, secret)
    };
    if !secret && holds_password(&text) {
        let help = "take the password out and name a file with the whole address: `url_file = \"/run/secrets/opspilot-store\"`";
        reader.at(Code::Inline, part, name, "a password stands in the file", help);
        return None;
    }
    match Url::parse(&text) {
        Ok(Url::Sqlite(path)) if path.as_os_str().to_string_lossy().starts_with(':') => {
            let help = "name a file: what was accepted must outlive the daemon";
            reader.at(Code::Value, part, name, "a store in memory keeps nothing", help);
            None
        }
        Ok(Url::Sqlite(path)) => Some(StoreSettings { url: Url::Sqlite(data_dir.join(path)), queue: queue as usize }),
        Ok(url) => {
            if let Some(host) = unprotected(&text) {
                notes.push(format!(
                    "the way to the database on `{host}` may be unencrypted; add `?sslmode=verify-full` to its address"
                ));
            }
            Some(StoreSettings { url, queue: queue as usize })
        }
        Err(reason) => {
            reader.at(Code::Value, part, name, "not the address of a store", reason);
            None
        }
    }
}

/// Whether a database address carries a password, before the host or among the parameters.
fn holds_password(url: &str) -> bool {
    let Some((_, rest)) = url.split_once("://") else { return false };
    let (place, parameters) = rest.split_once('?').unwrap_or((rest, ""));
    let before_host = place.rsplit_once('@').is_some_and(|(user, _)| user.contains(':'));
    before_host || parameters.split('&').any(|parameter| parameter.starts_with("password="))
}

/// A database address as people may see it: without its password, and without parameters, which may hold one too.
pub(super) fn without_password(url: &str) -> String {
    let Some((scheme, rest)) = url.split_once("://") else { return "…".into() };
    let place = rest.split('?').next().unwrap_or("");
    match place.rsplit_once('@') {
        // A password with a question mark in it; no address, but it may get here.
        None if rest.contains('@') => "…".into(),
        Some((user, host)) => format!("{scheme}://{}@{host}", user.split(':').next().unwrap_or("")),
        None => format!("{scheme}://{place}"),
    }
}

/// The host of a PostgreSQL server on another machine whose certificate would not be checked.
fn unprotected(url: &str) -> Option<&str> {
    let (_, rest) = url.split_once("://")?;
    let (place, parameters) = rest.split_once('?').unwrap_or((rest, ""));
    let host = place.rsplit_once('@').map_or(place, |(_, host)| host).split('/').next().unwrap_or("");
    // No host, or a folder with a socket in it: this machine.
    let elsewhere =
        parameters.split('&').any(|parameter| parameter.starts_with("host=")) || host.is_empty() || is_local_host(host);
    let checked = |parameter: &str| matches!(parameter, "sslmode=verify-full" | "sslmode=verify-ca");
    (!elsewhere && !parameters.split('&').any(checked)).then_some(host)
}

/// The rights of a file, when others than its owner have any. Where rights are kept otherwise, nothing is said.
pub(super) fn exposed(path: &Path) -> Option<u32> {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let mode = std::fs::metadata(path).ok()?.permissions().mode() & 0o777;
        (mode & 0o077 != 0).then_some(mode)
    }
    #[cfg(not(unix))]
    {
        let _ = path;
        None
    }
}
