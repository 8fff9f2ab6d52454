//! The kinds of data a request may hold, with their stable names.
//!
//! Its own file because three places speak these names: configuration, stored findings and the
//! review desk. INVARIANT: a name, once released, keeps its meaning; new kinds are added, none is
//! renamed.

use std::fmt;

use serde::{Deserialize, Serialize};

/// One kind of data that a boundary can allow, redact or hold.
///
/// The order is the precedence between equally sure findings on the same bytes: an earlier kind wins.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// What lets a program in: API keys, access tokens, private keys, passwords.
    Secret,
    /// A code that lets somebody act as a person: card security code, PIN, one-time code, a login inside an address.
    Credential,
    /// An international bank account number (ISO 13616).
    Iban,
    /// A payment card number (ISO/IEC 7812).
    Card,
    /// A number a state gave to a person: social security, tax, identity card, passport.
    NationalId,
    /// An e-mail address (RFC 5322 `addr-spec`, as people write it).
    Email,
    /// An IPv4 or IPv6 address.
    IpAddress,
    /// A web address or a domain name.
    UrlDomain,
    /// The day a person was born.
    DateOfBirth,
    /// A telephone number.
    Phone,
    /// A statement about a person's health.
    Health,
    /// Text that addresses the machine instead of its reader. It has no power here; reviewers should see it.
    Instruction,
}

impl Kind {
    /// Every kind, in order of precedence.
    pub const ALL: [Self; 12] = [
        Self::Secret,
        Self::Credential,
        Self::Iban,
        Self::Card,
        Self::NationalId,
        Self::Email,
        Self::IpAddress,
        Self::UrlDomain,
        Self::DateOfBirth,
        Self::Phone,
        Self::Health,
        Self::Instruction,
    ];

    /// The stable name, as written in configuration and in stored findings.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Secret => "secret",
            Self::Credential => "credential",
            Self::Card => "card",
            Self::Iban => "iban",
            Self::NationalId => "national_id",
            Self::Email => "email",
            Self::IpAddress => "ip_address",
            Self::UrlDomain => "url_domain",
            Self::DateOfBirth => "date_of_birth",
            Self::Phone => "phone",
            Self::Health => "health",
            Self::Instruction => "instruction",
        }
    }

    /// The kind with this name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }

    /// The word inside a mask. It is followed by a number there, so that no detector takes it for context.
    pub(super) const fn tag(self) -> &'static str {
        match self {
            Self::Secret => "secret",
            Self::Credential => "code",
            Self::Card => "card",
            Self::Iban => "iban",
            Self::NationalId => "id",
            Self::Email => "email",
            Self::IpAddress => "ip",
            Self::UrlDomain => "link",
            Self::DateOfBirth => "born",
            Self::Phone => "phone",
            Self::Health => "health",
            Self::Instruction => "instruction",
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_stable_and_round_trip() {
        for (place, kind) in Kind::ALL.into_iter().enumerate() {
            assert_eq!(Kind::from_name(kind.name()), Some(kind));
            assert_eq!(kind as usize, place, "ALL follows the order of the variants");
            assert_eq!(serde_json::to_string(&kind).unwrap(), format!("\"{}\"", kind.name()));
        }
    }
}
