//! The records that can be written to. Own file because a record's name comes from outside and becomes a path: here it becomes a kind that
//! is known and a number, or nothing. INVARIANT: no other text reaches a path.

use crate::manners::unfit;
use opspilot_sdk::ConnectorError;
use serde::Deserialize;
use serde_json::Value;
use std::fmt;

/// A kind of records, by the name that stands in paths.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Object {
    /// Deals.
    Deals,
    /// People.
    Persons,
    /// Organizations.
    Organizations,
}

impl Object {
    /// All of them.
    pub(crate) const ALL: [Self; 3] = [Self::Deals, Self::Persons, Self::Organizations];

    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Deals => "deals",
            Self::Persons => "persons",
            Self::Organizations => "organizations",
        }
    }

    /// What hangs on a record names it so.
    pub(crate) const fn link(self) -> &'static str {
        match self {
            Self::Deals => "deal_id",
            Self::Persons => "person_id",
            Self::Organizations => "org_id",
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
    /// Reads `persons/123`, or `123` for a record of the first kind that is configured.
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
                    words.last().unwrap_or(&"deals"),
                    words.join(", "),
                )))
            }
        }
    }

    /// The record that a note or an activity hangs on, in the order in which it is looked for: of several, ours when it is among them.
    pub(crate) fn of(thing: &Value, ours: Self) -> Option<Self> {
        let all = Object::ALL.into_iter().filter_map(|object| {
            let id = thing.get(object.link())?.as_u64()?;
            Some(Self { object, id })
        });
        let all: Vec<Self> = all.collect();
        all.iter().find(|place| **place == ours).or_else(|| all.first()).copied()
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
    use serde_json::json;

    #[test]
    fn a_record_is_a_known_kind_and_a_number() {
        let objects = [Object::Deals, Object::Persons];
        assert_eq!(Place::read("7", &objects).unwrap().to_string(), "deals/7");
        assert_eq!(Place::read("persons/12", &objects).unwrap().to_string(), "persons/12");
        for text in
            ["", "persons/", "organizations/1", "leads/1", "+7", "7/..", "deals/7/../8", "7?x", "deals/7#", "１"]
        {
            assert!(Place::read(text, &objects).is_err(), "{text}");
        }
    }

    #[test]
    fn what_hangs_on_several_records_hangs_on_ours() {
        let thing = json!({ "deal_id": 1, "person_id": 2, "org_id": null });
        let ours = Place { object: Object::Persons, id: 2 };
        assert_eq!(Place::of(&thing, ours), Some(ours));
        let other = Place { object: Object::Persons, id: 3 };
        assert_eq!(Place::of(&thing, other).unwrap().to_string(), "deals/1");
        assert_eq!(Place::of(&json!({}), ours), None);
    }
}
