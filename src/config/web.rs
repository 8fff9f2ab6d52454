//! The `[web]` section. Own file because it decides who can reach the desk. INVARIANT: nobody listens to the network by accident.

use super::problem::Code;
use super::read::{Part, Reader, short};
use super::settings::WebSettings;
use jiff::SignedDuration;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

pub(super) fn web(reader: &mut Reader, part: &Part<'_>, notes: &mut Vec<String>) -> Option<WebSettings> {
    let allow_remote = reader.switch(part, "allow_remote").unwrap_or(false);
    let header_time = Duration::from_secs(reader.number::<u32>(part, "header_secs").into());
    let idle_time = Duration::from_secs(reader.number::<u32>(part, "idle_secs").into());
    let connections = reader.number::<u32>(part, "connections") as usize;
    let mut hours = |key| SignedDuration::from_hours(reader.number::<u32>(part, key).into());
    let (session_idle, session) = (hours("session_idle_hours"), hours("session_hours"));
    let invitation = hours("invitation_hours");
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
    Some(WebSettings {
        listen,
        allow_remote,
        base_url,
        header_time,
        idle_time,
        connections,
        session_idle,
        session,
        invitation,
    })
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

/// Whether only this machine reaches an address.
pub(super) fn is_local(base_url: &str) -> bool {
    is_local_host(base_url.split("://").nth(1).and_then(|rest| rest.split('/').next()).unwrap_or(""))
}

/// Whether a host, with or without a port, is this machine.
pub(super) fn is_local_host(host: &str) -> bool {
    let name = match host.strip_prefix('[') {
        Some(rest) => rest.split(']').next().unwrap_or(rest),
        None => host.split(':').next().unwrap_or(host),
    };
    let loopback = name.parse::<IpAddr>().is_ok_and(|ip| ip.to_canonical().is_loopback());
    loopback || name == "localhost" || name.ends_with(".localhost")
}
