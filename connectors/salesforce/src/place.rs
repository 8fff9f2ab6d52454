//! The records that can be written to. Own file because a record's id comes from outside and becomes part of a path and of a query: here it
//! becomes 18 letters and digits of a known kind, or nothing. INVARIANT: no other text reaches a path or a query.

use crate::manners::unfit;
use opspilot_sdk::ConnectorError;
use serde::Deserialize;

/// A kind of records, by Salesforce's name for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
pub enum Object {
    /// Cases.
    Case,
    /// Leads.
    Lead,
    /// Opportunities.
    Opportunity,
    /// Contacts.
    Contact,
    /// Accounts.
    Account,
}

impl Object {
    const ALL: [Self; 5] = [Self::Case, Self::Lead, Self::Opportunity, Self::Contact, Self::Account];

    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Case => "Case",
            Self::Lead => "Lead",
            Self::Opportunity => "Opportunity",
            Self::Contact => "Contact",
            Self::Account => "Account",
        }
    }

    /// What the ids of these records begin with (Salesforce, standard field record id prefixes).
    pub(crate) const fn prefix(self) -> &'static str {
        match self {
            Self::Case => "500",
            Self::Lead => "00Q",
            Self::Opportunity => "006",
            Self::Contact => "003",
            Self::Account => "001",
        }
    }

    /// The field of a task that names such a record: people in one, things in the other.
    pub(crate) const fn link(self) -> &'static str {
        match self {
            Self::Lead | Self::Contact => "WhoId",
            Self::Case | Self::Opportunity | Self::Account => "WhatId",
        }
    }
}

/// A record: its kind and its id of 18 letters and digits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Place {
    pub(crate) object: Object,
    pub(crate) id: String,
}

impl Place {
    /// Reads an id of 15 or 18 letters and digits, of a kind that is configured.
    pub(crate) fn read(record: &str, objects: &[Object]) -> Result<Self, ConnectorError> {
        let id = long(record);
        let object = id.as_ref().and_then(|id| {
            Object::ALL.into_iter().find(|object| id.starts_with(object.prefix())).filter(|o| objects.contains(o))
        });
        match (object, id) {
            (Some(object), Some(id)) => Ok(Self { object, id }),
            _ => {
                let words: Vec<&str> = objects.iter().map(|object| object.as_str()).collect();
                Err(unfit(format!(
                    "`{}` is no record that may be written to; give the id of one, 15 or 18 letters and digits (`objects` allows {})",
                    record.escape_debug(),
                    words.join(", "),
                )))
            }
        }
    }
}

/// The long form of an id: behind its 15 letters and digits, three that tell which of them are capitals. `None`: it is no id, or the three
/// do not belong to it.
pub(crate) fn long(id: &str) -> Option<String> {
    const LETTERS: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ012345";
    let bytes = id.as_bytes();
    if !matches!(bytes.len(), 15 | 18) || !bytes.iter().all(u8::is_ascii_alphanumeric) {
        return None;
    }
    let short = id.get(..15)?;
    let mut whole = short.to_owned();
    for five in short.as_bytes().chunks(5) {
        let bits = five.iter().rev().fold(0_usize, |bits, byte| bits << 1 | usize::from(byte.is_ascii_uppercase()));
        whole.push(char::from(*LETTERS.get(bits)?));
    }
    (bytes.len() == 15 || whole == id).then_some(whole)
}

#[cfg(test)]
mod tests {
    use super::{Object, Place, long};

    #[test]
    fn an_id_is_made_long_and_checked() {
        assert_eq!(long("00530000003xqAb").as_deref(), Some("00530000003xqAbAAI"));
        assert_eq!(long("00530000003xqAbAAI").as_deref(), Some("00530000003xqAbAAI"));
        assert_eq!(long("00530000003xqABAAI"), None);
        for text in ["", "500", "500000000001001AAA0", "50000000000100'", "５00000000001001"] {
            assert_eq!(long(text), None, "{text}");
        }
    }

    #[test]
    fn a_record_is_an_id_of_a_kind_that_is_allowed() {
        let objects = [Object::Case, Object::Lead];
        assert_eq!(Place::read("500000000001001", &objects).unwrap().object, Object::Case);
        let lead = Place::read("00Q000000001001", &objects).unwrap();
        assert_eq!((lead.object.link(), lead.id.as_str()), ("WhoId", "00Q000000001001EAA"));
        for text in ["006000000001001", "a01000000001001", "Case/500000000001001", "500000000001001?x=1", "1' OR ''='"]
        {
            assert!(Place::read(text, &objects).is_err(), "{text}");
        }
    }
}
