//! The kinds of records that can be written to, by Pipedrive's words for them. Own file because a record's name comes from outside and becomes a
//! path. INVARIANT: no other text reaches a path than what [`place::Place`] made of it.

use crate::manners::unfit;
use opspilot_sdk::place::Object as _;
use opspilot_sdk::{ConnectorError, place};
use serde::Deserialize;
use serde_json::Value;

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

impl place::Object for Object {
    const ALL: &'static [Self] = &[Self::Deals, Self::Persons, Self::Organizations];

    fn as_str(self) -> &'static str {
        match self {
            Self::Deals => "deals",
            Self::Persons => "persons",
            Self::Organizations => "organizations",
        }
    }
}

impl Object {
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
pub(crate) type Place = place::Place<Object>;

/// Reads the name of a record.
pub(crate) fn read(record: &str, objects: &[Object]) -> Result<Place, ConnectorError> {
    Place::read(record, objects).map_err(unfit)
}

/// The record that a note or an activity hangs on, in the order in which it is looked for: of several, ours when it is among them.
pub(crate) fn of(thing: &Value, ours: Place) -> Option<Place> {
    let all = Object::ALL.iter().filter_map(|object| {
        let id = thing.get(object.link())?.as_u64()?;
        Some(Place { object: *object, id })
    });
    let all: Vec<Place> = all.collect();
    all.iter().find(|place| **place == ours).or_else(|| all.first()).copied()
}

#[cfg(test)]
mod tests {
    use super::{Object, Place, of};
    use serde_json::json;

    #[test]
    fn what_hangs_on_several_records_hangs_on_ours() {
        let thing = json!({ "deal_id": 1, "person_id": 2, "org_id": null });
        let ours = Place { object: Object::Persons, id: 2 };
        assert_eq!(of(&thing, ours), Some(ours));
        let other = Place { object: Object::Persons, id: 3 };
        assert_eq!(of(&thing, other).unwrap().to_string(), "deals/1");
        assert_eq!(of(&json!({}), ours), None);
    }
}
