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
