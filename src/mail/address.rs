//! Addresses of a header (RFC 5322, 3.4), decoded and flattened: members of a group stand in the list.

use mail_parser::HeaderValue;
use serde::Serialize;

/// One mailbox.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize)]
pub struct Address {
    /// The display name, decoded.
    pub name: Option<String>,
    /// The address as written. It need not be a valid one: whoever sent the message chose it.
    pub email: String,
}

/// All addresses of a header, in order.
pub(super) fn of(value: &HeaderValue<'_>) -> Vec<Address> {
    let HeaderValue::Address(list) = value else { return Vec::new() };
    list.iter()
        .filter_map(|one| {
            let email = one.address.as_deref().map(str::trim).filter(|email| !email.is_empty())?;
            let name = one.name.as_deref().map(str::trim).filter(|name| !name.is_empty());
            Some(Address { name: name.map(str::to_owned), email: email.to_owned() })
        })
        .collect()
}

/// Name and address as a mail program copies them into a text: `Ann <ann@example.com>`, `Ann [mailto:ann@example.com]`, or one of both.
pub(super) fn written(value: &str) -> (Option<String>, Option<String>) {
    let edge =
        |c: char| c.is_whitespace() || matches!(c, '<' | '>' | '[' | ']' | '(' | ')' | '"' | '\'' | ',' | ';' | '*');
    let email = value
        .split(edge)
        .map(|word| word.strip_prefix("mailto:").unwrap_or(word))
        .find(|word| word.split_once('@').is_some_and(|(local, domain)| !local.is_empty() && domain.contains('.')));
    let name = value.split(['<', '[', '(']).next().unwrap_or_default().trim_matches(|c: char| edge(c));
    let name = (!name.is_empty() && Some(name) != email).then(|| name.to_owned());
    (name, email.map(str::to_owned))
}
