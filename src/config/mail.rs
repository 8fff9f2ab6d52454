//! The `[mail]` section. Own file because it is judged by three rooms: the carrier of letters, the words of answers, and whose word about
//! a sender is taken. INVARIANT: without a `host` nothing is sent and nobody decides by mail; a password never stands in the file.

use super::node::{Node, Value};
use super::problem::Code;
use super::read::{Part, Reader, is_name, short};
use super::show::without_secrets;
use crate::config::keys::{self, Fallback};
use crate::outbox::{Options, SecretIn};
use crate::reply::authenticity::{Server, Trust};
use crate::reply::{Kind, LENGTH, Words};
use crate::store::Caps;
use jiff::SignedDuration;
use opspilot_sdk::json::Fault;
use std::net::SocketAddr;
use std::time::Duration;

/// Mail as configured.
#[derive(Debug)]
#[non_exhaustive]
pub struct MailSettings {
    /// Who carries letters; `None`: no mail is sent.
    pub carrier: Option<opspilot_smtp::Settings>,
    /// Letters and answers.
    pub outbox: Options,
    /// Whose word about a sender is taken.
    pub trust: Trust,
    /// Whether signatures are checked here, with keys from the DNS.
    pub check_signatures: bool,
    /// Which DNS server is asked for their keys; `None`: those that the machine is set up with.
    pub dns_server: Option<SocketAddr>,
    /// The section as people may see it, defaults included.
    pub(super) shown: toml::Table,
}

/// The keys that are the carrier's.
const CARRIER: [&str; 11] = [
    "host",
    "port",
    "security",
    "ca_file",
    "user",
    "password_file",
    "password_env",
    "from",
    "helo",
    "deadline_secs",
    "dkim",
];

/// Reads the section; `dkim` is the one below it.
pub(super) fn mail(
    reader: &mut Reader,
    part: &Part<'_>,
    dkim: &Part<'_>,
    node: Option<&Node>,
    base_url: &str,
) -> Option<MailSettings> {
    let before = reader.problems.len();
    // Read one by one for their types; the carrier judges them as a whole.
    for name in ["host", "security", "ca_file", "user", "password_file", "password_env", "from", "helo"] {
        let _judged_below = reader.text(part, name);
    }
    for name in ["domain", "selector", "key_file"] {
        let _judged_below = reader.text(dkim, name);
    }
    let _judged_below = reader.whole(part, "port");
    let deadline = reader.number::<u32>(part, "deadline_secs");
    let check_signatures = reader.switch(part, "check_signatures").unwrap_or(true);
    let dns_server = dns_server(reader, part);
    let words = words(reader, part);
    let reply_address = reply_address(reader, part);
    let reply_mark = match reader.text(part, "reply_mark").as_deref() {
        Some("subject") => SecretIn::Subject,
        _ => SecretIn::Address,
    };
    if let (Some(address), SecretIn::Address) = (&reply_address, reply_mark)
        && address.rsplit_once('@').is_some_and(|(local, _)| local.len() + 1 + LENGTH > 64)
    {
        let help = "use a mailbox with at most 23 characters before the `@`, or `reply_mark = \"subject\"`";
        reader.at(Code::Value, part, "reply_address", "is too long to carry a secret", help);
    }
    let days = i64::from(reader.number::<u32>(part, "reply_days"));
    let caps = Caps {
        thread: reader.number(part, "per_thread"),
        person: reader.number(part, "per_person"),
        day: reader.number(part, "per_day"),
    };
    let no_reply = reader.texts(part, "no_reply");
    for name in no_reply.iter().filter(|name| !is_name(name)) {
        let help = "use names as `opspilot user list` shows them";
        reader.at(Code::Value, part, "no_reply", format!("`{}` is no user name", short(name)), help);
    }
    let hosts = reader.texts(part, "trusted_hosts");
    let servers = reader.texts(part, "trusted_servers").into_iter();
    let trust = Trust {
        servers: servers.map(|id| Server { id, hosts: hosts.clone() }).collect(),
        forwarders: reader.texts(part, "trusted_forwarders"),
    };
    if reader.problems.len() > before {
        return None;
    }
    let carrier = carrier(reader, part, node);
    if reader.problems.len() > before {
        return None;
    }
    let domain =
        carrier.as_ref().and_then(|carrier| carrier.from().address.rsplit_once('@')).map_or("", |(_, domain)| domain);
    let outbox = Options {
        reply_address,
        reply_mark,
        reply_for: SignedDuration::from_hours(24 * days),
        words: words?,
        no_reply,
        caps,
        // Connecting and offering, then the answer, each within the deadline; and some air.
        lease: Duration::from_secs(2 * u64::from(deadline) + 60),
        domain: domain.to_ascii_lowercase(),
        base_url: base_url.to_owned(),
    };
    Some(MailSettings { carrier, outbox, trust, check_signatures, dns_server, shown: shown(node) })
}

fn carrier(reader: &mut Reader, part: &Part<'_>, node: Option<&Node>) -> Option<opspilot_smtp::Settings> {
    let Some(Node { value: Value::Table(table), .. }) = node else { return None };
    let needs_host = |name: &&&str| part.node(name).is_some();
    if part.node("host").is_none() {
        if let Some(name) = ["from", "reply_address", "user", "dkim"].iter().find(needs_host) {
            reader.at(
                Code::Together,
                part,
                name,
                "there is no `host` to send by",
                "name the mail server: `host = \"smtp.example.org\"`",
            );
        }
        return None;
    }
    if part.node("from").is_none() {
        let help = "add who letters come from: `from = \"OpsPilot <pilot@example.org>\"`";
        reader.at(Code::Missing, part, "from", "`from` is missing", help);
        return None;
    }
    let mut own = table.clone();
    let others: Vec<String> = own.keys().filter(|name| !CARRIER.contains(&name.as_str())).cloned().collect();
    for name in &others {
        own.remove(name);
    }
    let json = Node::new(part.place(""), Value::Table(own)).to_json();
    let options: opspilot_smtp::Options = match serde_json::from_value(json) {
        Ok(options) => options,
        Err(cause) => {
            reader.at(Code::Value, part, "host", Fault::of(&cause).what, "docs/mail.md explains the keys");
            return None;
        }
    };
    match options.validate() {
        Ok(settings) => Some(settings),
        Err(problems) => {
            for problem in problems.iter() {
                let name = problem.path.split('.').next().unwrap_or_default();
                let key = format!("mail.{}", problem.path);
                reader.add(Code::Value.as_str(), part.place(name), key, problem.message.clone(), problem.help.clone());
            }
            None
        }
    }
}

fn words(reader: &mut Reader, part: &Part<'_>) -> Option<Words> {
    let languages = reader.texts(part, "languages");
    let mut words = match Words::of(languages.iter().map(String::as_str)) {
        Ok(words) => words,
        Err(cause) => {
            reader.at(Code::Value, part, "languages", cause.to_string(), "");
            return None;
        }
    };
    let own = [
        (Kind::Approve, "approve_words"),
        (Kind::Minor, "minor_words"),
        (Kind::Major, "major_words"),
        (Kind::Reject, "reject_words"),
        (Kind::Edit, "edit_words"),
    ];
    for (kind, key) in own {
        for word in reader.texts(part, key) {
            if let Err(cause) = words.add(kind, &word) {
                reader.at(Code::Value, part, key, cause.to_string(), "");
            }
        }
    }
    Some(words)
}

fn reply_address(reader: &mut Reader, part: &Part<'_>) -> Option<String> {
    let address = reader.text(part, "reply_address")?;
    let plain = |text: &str| {
        !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_graphic() && !b"<>,;\"@+".contains(&byte))
    };
    if address.rsplit_once('@').is_some_and(|(local, domain)| plain(local) && plain(domain)) {
        return Some(address);
    }
    let message = format!("`{}` is no plain address", short(&address));
    reader.at(
        Code::Value,
        part,
        "reply_address",
        message,
        "write it like `pilot@example.org`, without a name and without `+`",
    );
    None
}

fn dns_server(reader: &mut Reader, part: &Part<'_>) -> Option<SocketAddr> {
    let text = reader.text(part, "dns_server")?;
    let address = text.parse().ok();
    if address.is_none() {
        let message = format!("`{}` is no address with a port", short(&text));
        reader.at(Code::Value, part, "dns_server", message, "write it like `192.0.2.53:53` or `[2001:db8::53]:53`");
    }
    address
}

fn shown(node: Option<&Node>) -> toml::Table {
    let mut table = match node.map(|node| without_secrets("mail", &node.to_json())) {
        Some(toml::Value::Table(table)) => table,
        _ => toml::Table::new(),
    };
    for key in keys::of("mail") {
        let default = match key.fallback {
            Fallback::Text(text) => toml::Value::String(text.to_owned()),
            Fallback::Is(number) => toml::Value::Integer(number),
            Fallback::On => toml::Value::Boolean(true),
            Fallback::Off => toml::Value::Boolean(false),
            Fallback::Needed | Fallback::Without(_) => continue,
        };
        table.entry(key.name.to_owned()).or_insert(default);
    }
    table
}
