//! The records that can be written to. Own file because a record's name comes from outside and becomes a path: here it becomes a kind that
//! is known and a number, or nothing. INVARIANT: no other text reaches a path.

use crate::manners::unfit;
use opspilot_sdk::ConnectorError;
use serde::Deserialize;
use std::fmt;

/// A kind of records, by the name that stands in paths.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Object {
    /// People.
    Contacts,
    /// Companies.
    Companies,
    /// Deals.
    Deals,
}

impl Object {
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Contacts => "contacts",
            Self::Companies => "companies",
            Self::Deals => "deals",
        }
    }

    /// HubSpot's number for the association of a note with such a record
    /// (<https://developers.hubspot.com/docs/api-reference/crm-associations-v4/guide>, association type ids).
    pub(crate) const fn of_note(self) -> u16 {
        match self {
            Self::Contacts => 202,
            Self::Companies => 190,
            Self::Deals => 214,
        }
    }

    /// The same for a task.
    pub(crate) const fn of_task(self) -> u16 {
        match self {
            Self::Contacts => 204,
            Self::Companies => 192,
            Self::Deals => 216,
        }
    }
}

/// A record: its kind and its number there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Place {
    pub(crate) object: Object,
    pub(crate) id: u64,
}

impl Place {
    /// Reads `deals/123`, or `123` for a record of the first kind that is configured.
    pub(crate) fn read(record: &str, objects: &[Object]) -> Result<Self, ConnectorError> {
        let (object, number) = match record.split_once('/') {
            Some((word, number)) => (objects.iter().copied().find(|object| object.as_str() == word), number),
            None => (objects.first().copied(), record),
        };
        let id = number.parse().ok().filter(|_| number.bytes().all(|byte| byte.is_ascii_digit()));
        match (object, id) {
            (Some(object), Some(id)) => Ok(Self { object, id }),
            _ => {
                let words: Vec<&str> = objects.iter().map(|object| object.as_str()).collect();
                Err(unfit(format!(
                    "`{}` is no record that may be written to; give the number of one, or such as `{}/123` (`objects` allows {})",
                    record.escape_debug(),
                    words.last().unwrap_or(&"contacts"),
                    words.join(", "),
                )))
            }
        }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.object.as_str(), self.id)
    }
}

#[cfg(test)]
mod tests {
    use super::{Object, Place};

    #[test]
    fn a_record_is_a_known_kind_and_a_number() {
        let objects = [Object::Deals, Object::Contacts];
        assert_eq!(Place::read("7", &objects).unwrap().to_string(), "deals/7");
        assert_eq!(Place::read("contacts/12", &objects).unwrap().to_string(), "contacts/12");
        for text in ["", "contacts/", "companies/1", "tickets/1", "+7", "7/..", "deals/7/../8", "7?x", "deals/7#", "１"]
        {
            assert!(Place::read(text, &objects).is_err(), "{text}");
        }
    }
}
