//! The sections of which there is one each: store, web, engine, intake, policies, receipts, telemetry. Own file because their rules
//! concern the daemon as a whole, not a pilot or a source.

use super::node::Node;
use super::problem::{Code, Place};
use super::read::{Part, Reader, short};
use super::settings::{
    IntakeSettings, LogFormat, PolicySettings, ReceiptSettings, StoreSettings, TelemetrySettings, WebSettings,
};
use crate::store::Url;
use crate::{engine, intake};
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Opens the section of that name.
pub(super) fn open<'t>(reader: &mut Reader, root: &'t Node, section: &'static str) -> Part<'t> {
    let place = root.place_of(section);
    reader.part(section, section, place, root.get(section))
}

pub(super) fn store(
    reader: &mut Reader,
    part: &Part<'_>,
    data_dir: &Path,
    env: &BTreeMap<String, String>,
) -> Option<StoreSettings> {
    let given: Vec<&str> =
        ["url", "url_file", "url_env"].into_iter().filter(|name| part.node(name).is_some()).collect();
    if let [first, second, ..] = given.as_slice() {
        let message = format!("`{first}` and `{second}` both say where the store is");
        reader.at(Code::Together, part, second, message, "keep one of them");
    }
    let queue = reader.number::<u32>(part, "queue");
    let (name, text, secret) = if part.node("url_file").is_some() {
        let path = reader.path(part, "url_file", data_dir)?;
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
        Ok(Url::Sqlite(path)) => Some(StoreSettings { url: Url::Sqlite(data_dir.join(path)), queue: queue as usize }),
        Ok(url) => Some(StoreSettings { url, queue: queue as usize }),
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
        Some((user, host)) => format!("{scheme}://{}@{host}", user.split(':').next().unwrap_or("")),
        None => format!("{scheme}://{place}"),
    }
}

pub(super) fn web(reader: &mut Reader, part: &Part<'_>, notes: &mut Vec<String>) -> Option<WebSettings> {
    let allow_remote = reader.switch(part, "allow_remote").unwrap_or(false);
    let header_time = Duration::from_secs(reader.number::<u32>(part, "header_secs").into());
    let idle_time = Duration::from_secs(reader.number::<u32>(part, "idle_secs").into());
    let connections = reader.number::<u32>(part, "connections") as usize;
    let base = reader.text(part, "base_url");
    let text = reader.text(part, "listen")?;
    let Ok(listen) = text.parse::<SocketAddr>() else {
        let message = format!("`{}` is no address to listen on", short(&text));
        reader.at(
            Code::Value,
            part,
            "listen",
            message,
            "write an IP address and a port, such as `127.0.0.1:7700` or `[::1]:7700`",
        );
        return None;
    };
    let remote = !listen.ip().to_canonical().is_loopback();
    if remote && !allow_remote {
        let message = format!("`{listen}` can be reached from other machines");
        reader.at(
            Code::Open,
            part,
            "listen",
            message,
            "listen on `127.0.0.1`, or say `allow_remote = true` in `[web]` and put a proxy with TLS before it",
        );
    }
    let base_url = match base {
        None => format!("http://{listen}"),
        Some(text) => match judge_base(&text) {
            Ok(url) => url,
            Err(reason) => {
                reader.at(
                    Code::Value,
                    part,
                    "base_url",
                    reason,
                    "write `https://` and a host, such as `https://ops.example`",
                );
                return None;
            }
        },
    };
    if base_url.starts_with("http://") && !is_local(&base_url) {
        notes.push(format!("`web.base_url` is `{base_url}`: sign-in links and cookies travel unencrypted; use a proxy with TLS and an `https` address"));
    }
    Some(WebSettings { listen, allow_remote, base_url, header_time, idle_time, connections })
}

/// The address without a slash at its end, or what is wrong with it.
fn judge_base(text: &str) -> Result<String, String> {
    let url = text.trim_end_matches('/');
    let rest = url
        .strip_prefix("https://")
        .or_else(|| url.strip_prefix("http://"))
        .ok_or("not an `http` or `https` address")?;
    let host = rest.split('/').next().unwrap_or("");
    let plain = |c: char| c.is_ascii_alphanumeric() || "-._~:/[]%".contains(c);
    if host.is_empty() || host.starts_with(':') {
        return Err("the address has no host".into());
    }
    if rest.contains('@') {
        return Err("an address for others holds no user and no password".into());
    }
    if rest.contains(['?', '#']) || !rest.chars().all(plain) {
        return Err("the address holds characters that do not belong there".into());
    }
    Ok(url.to_owned())
}

fn is_local(base_url: &str) -> bool {
    let host = base_url.split("://").nth(1).and_then(|rest| rest.split('/').next()).unwrap_or("");
    let host = if host.starts_with('[') {
        host.split(']').next().unwrap_or(host).trim_start_matches('[')
    } else {
        host.split(':').next().unwrap_or(host)
    };
    host == "localhost"
        || host.ends_with(".localhost")
        || host.parse::<std::net::IpAddr>().is_ok_and(|ip| ip.to_canonical().is_loopback())
}

pub(super) fn engine(reader: &mut Reader, part: &Part<'_>) -> engine::Options {
    engine::Options {
        in_flight: reader.number::<u32>(part, "in_flight") as usize,
        workers: reader.number::<u32>(part, "workers") as usize,
        lease: Duration::from_secs(reader.number::<u32>(part, "lease_secs").into()),
        poll: Duration::from_millis(reader.number::<u32>(part, "poll_ms").into()),
    }
}

pub(super) fn intake(reader: &mut Reader, part: &Part<'_>, pull: &Part<'_>) -> IntakeSettings {
    let pull = intake::PullOptions {
        batch: reader.number::<u32>(pull, "batch") as usize,
        lease: Duration::from_secs(reader.number::<u32>(pull, "lease_secs").into()),
        first_wait: Duration::from_millis(reader.number::<u32>(pull, "first_wait_ms").into()),
        longest_wait: Duration::from_secs(reader.number::<u32>(pull, "longest_wait_secs").into()),
        pause_at: reader.number(pull, "pause_at"),
    };
    IntakeSettings { max_waiting: reader.number(part, "max_waiting"), pull }
}

pub(super) fn policies(reader: &mut Reader, part: &Part<'_>, data_dir: &Path) -> PolicySettings {
    PolicySettings {
        dir: reader.path(part, "dir", data_dir),
        min_version: reader.whole(part, "min_version").and_then(|number| u64::try_from(number).ok()).unwrap_or(0),
        recheck: Duration::from_secs(reader.number::<u32>(part, "recheck_secs").into()),
    }
}

pub(super) fn receipts(reader: &mut Reader, part: &Part<'_>, data_dir: &Path) -> Option<ReceiptSettings> {
    let checkpoint_every = Duration::from_secs(reader.number::<u32>(part, "checkpoint_secs").into());
    let checkpoint_file = reader.path(part, "checkpoint_file", data_dir);
    let key_file = needed_path(reader, part, "key_file", data_dir);
    let origin = reader.text(part, "origin")?;
    // C2SP signed-note: a key name is not empty and holds no space and no plus.
    if origin.is_empty()
        || origin.len() > 200
        || origin.contains(|c: char| c.is_whitespace() || c.is_control() || c == '+')
    {
        let message = format!("`{}` cannot be the name of a log", short(&origin));
        reader.at(
            Code::Value,
            part,
            "origin",
            message,
            "write a host and a path without spaces and `+`, such as `ops.example/receipts`",
        );
    }
    Some(ReceiptSettings { origin, key_file: key_file?, checkpoint_every, checkpoint_file })
}

/// A path that may not be empty.
pub(super) fn needed_path(reader: &mut Reader, part: &Part<'_>, name: &str, base: &Path) -> Option<PathBuf> {
    let text = reader.text(part, name)?;
    if text.is_empty() {
        reader.at(Code::Value, part, name, "the path is empty", "write a path, or leave the key out");
        return None;
    }
    Some(base.join(text))
}

pub(super) fn telemetry(reader: &mut Reader, part: &Part<'_>) -> Option<TelemetrySettings> {
    let format = reader.text(part, "format");
    let filter = reader.text(part, "filter")?;
    if let Err(cause) = tracing_subscriber::EnvFilter::builder().parse(&filter) {
        let help = "write a level, or directives such as `info,opspilot::engine=debug`";
        reader.at(Code::Value, part, "filter", format!("`{}` is no filter: {cause}", short(&filter)), help);
    }
    let format = if format? == "json" { LogFormat::Json } else { LogFormat::Text };
    Some(TelemetrySettings { format, filter })
}
