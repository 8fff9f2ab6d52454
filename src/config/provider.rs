//! The `[[provider]]` tables: who may vouch for people at the desk. Own file because the secret stands elsewhere and only its place is read.

use super::node::Node;
use super::problem::Code;
use super::read::{Reader, short};
use crate::access::ProviderOptions;
use opspilot_sdk::Problems;
use opspilot_sdk::SecretPlace;
use toml::{Table, Value};

/// Reads one provider, `provider[index]`.
pub(super) fn provider(reader: &mut Reader, index: usize, node: &Node) -> Option<ProviderOptions> {
    let path = format!("provider[{index}]");
    let part = reader.part("provider", &path, &node.place, Some(node));
    let name = reader.text(&part, "name");
    let issuer = reader.text(&part, "issuer");
    let client_id = reader.text(&part, "client_id");
    let file = reader.text(&part, "client_secret_file").map(Into::into);
    let env = reader.text(&part, "client_secret_env");
    let private_network = reader.switch(&part, "private_network").unwrap_or(false);
    let allow_plain = reader.switch(&part, "allow_plain").unwrap_or(false);
    let by_address = reader.switch(&part, "by_address").unwrap_or(true);
    let ca_file = reader.text(&part, "ca_file").map(Into::into);
    let mut problems = Problems::new();
    let client_secret = SecretPlace::judge("client_secret", file, env, &mut problems);
    for problem in problems.iter() {
        reader.at(Code::Together, &part, &problem.path, problem.message.clone(), &problem.help);
    }
    if client_secret.is_none() && problems.is_empty() {
        let help = "write `client_secret_file = \"FILE\"`, a file with the secret alone, or `client_secret_env`";
        reader.at(Code::Together, &part, "client_secret_file", "the provider has no client secret", help);
    }
    let issuer = issuer.filter(|issuer| {
        let secure = issuer.starts_with("https://") || (allow_plain || is_local(issuer)) && issuer.starts_with("http://");
        if !secure || issuer.contains(['?', '#', ' ']) {
            let message = format!("`{}` is no issuer", short(issuer));
            let help = "write the address that the provider gives for itself, with `https://` and exactly as in its own description";
            reader.at(Code::Value, &part, "issuer", message, help);
        }
        secure
    });
    Some(ProviderOptions {
        name: name?,
        issuer: issuer?,
        client_id: client_id?,
        client_secret: client_secret?,
        private_network,
        allow_plain,
        ca_file,
        by_address,
    })
}

fn is_local(issuer: &str) -> bool {
    super::web::is_local(issuer)
}

/// A provider as people may see it.
pub(super) fn shown(options: &ProviderOptions) -> Table {
    let mut table = Table::new();
    for (name, text) in [("name", &options.name), ("issuer", &options.issuer), ("client_id", &options.client_id)] {
        table.insert(name.into(), text.as_str().into());
    }
    match &options.client_secret {
        SecretPlace::File(file) => table.insert("client_secret_file".into(), file.display().to_string().into()),
        SecretPlace::Env(name) => table.insert("client_secret_env".into(), name.as_str().into()),
    };
    table.insert("private_network".into(), Value::Boolean(options.private_network));
    table.insert("allow_plain".into(), Value::Boolean(options.allow_plain));
    if let Some(file) = &options.ca_file {
        table.insert("ca_file".into(), file.display().to_string().into());
    }
    table.insert("by_address".into(), Value::Boolean(options.by_address));
    table
}
