//! The kinds of records that can be written to, by HubSpot's words for them. Own file because a record's name comes from outside and becomes a
//! path. INVARIANT: no other text reaches a path than what [`place::Place`] made of it.

use crate::manners::unfit;
use opspilot_sdk::{ConnectorError, place};
use serde::Deserialize;

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

impl place::Object for Object {
    const ALL: &'static [Self] = &[Self::Contacts, Self::Companies, Self::Deals];

    fn as_str(self) -> &'static str {
        match self {
            Self::Contacts => "contacts",
            Self::Companies => "companies",
            Self::Deals => "deals",
        }
    }
}

impl Object {
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
pub(crate) type Place = place::Place<Object>;

/// Reads the name of a record.
pub(crate) fn read(record: &str, objects: &[Object]) -> Result<Place, ConnectorError> {
    Place::read(record, objects).map_err(unfit)
}
