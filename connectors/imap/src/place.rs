//! Where a source stands, folder by folder: the cursor, and sets of UIDs as IMAP writes them. Own file because the stored form must be
//! read by every later version. INVARIANT: `seen` means that every message up to it was committed, refused or gone, except those in
//! `open`; a cursor of another UIDVALIDITY counts for nothing.

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::ops::RangeInclusive;

use opspilot_sdk::Cursor;

/// A set of UIDs, kept as ranges in ascending order.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub(crate) struct Uids(Vec<RangeInclusive<u32>>);

impl Uids {
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = u32> + '_ {
        self.0.iter().cloned().flatten()
    }

    pub(crate) fn contains(&self, uid: u32) -> bool {
        let after = self.0.partition_point(|range| *range.start() <= uid);
        after.checked_sub(1).and_then(|index| self.0.get(index)).is_some_and(|range| *range.end() >= uid)
    }

    pub(crate) fn insert(&mut self, uid: u32) {
        if !self.contains(uid) {
            let all: Vec<RangeInclusive<u32>> = self.0.drain(..).chain([uid..=uid]).collect();
            *self = Self::joined(all);
        }
    }

    pub(crate) fn remove(&mut self, uid: u32) {
        if self.contains(uid) {
            let split = |range: RangeInclusive<u32>| {
                let (start, end) = range.into_inner();
                [(start, uid.saturating_sub(1).min(end)), (uid.saturating_add(1).max(start), end)]
            };
            let whole = |range: &RangeInclusive<u32>| !range.contains(&uid);
            let (kept, hit): (Vec<_>, Vec<_>) = self.0.drain(..).partition(whole);
            let halves =
                hit.into_iter().flat_map(split).filter(|(start, end)| start <= end && *start != uid && *end != uid);
            *self = Self::joined(kept.into_iter().chain(halves.map(|(start, end)| start..=end)).collect());
        }
    }

    fn joined(mut ranges: Vec<RangeInclusive<u32>>) -> Self {
        ranges.sort_by_key(|range| *range.start());
        let mut joined: Vec<RangeInclusive<u32>> = Vec::with_capacity(ranges.len());
        for range in ranges {
            match joined.last_mut() {
                Some(last) if *range.start() <= last.end().saturating_add(1) => {
                    *last = *last.start()..=(*last.end()).max(*range.end());
                }
                _ => joined.push(range),
            }
        }
        Self(joined)
    }
}

impl FromIterator<u32> for Uids {
    fn from_iter<I: IntoIterator<Item = u32>>(uids: I) -> Self {
        Self::joined(uids.into_iter().map(|uid| uid..=uid).collect())
    }
}

impl From<Uids> for String {
    fn from(uids: Uids) -> Self {
        uids.to_string()
    }
}

impl std::fmt::Display for Uids {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        for (index, range) in self.0.iter().enumerate() {
            let (start, end) = (range.start(), range.end());
            if index > 0 {
                f.write_char(',')?;
            }
            if start == end { write!(f, "{start}")? } else { write!(f, "{start}:{end}")? }
        }
        Ok(())
    }
}

impl TryFrom<String> for Uids {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let number = |text: &str| text.parse::<u32>().ok().filter(|uid| *uid > 0);
        let range = |part: &str| match part.split_once(':') {
            Some((start, end)) => Some(number(start)?..=number(end)?),
            None => number(part).map(|uid| uid..=uid),
        };
        if text.is_empty() {
            return Ok(Self::default());
        }
        let ranges = text.split(',').map(range).collect::<Option<Vec<_>>>();
        ranges.map(Self::joined).ok_or_else(|| format!("`{text}` is not a set of UIDs"))
    }
}

/// Where we stand in one folder.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Place {
    /// UIDVALIDITY under which the UIDs below mean something.
    #[serde(rename = "v")]
    pub(crate) validity: u32,
    /// Every UID up to here is dealt with, except `open`.
    #[serde(rename = "u")]
    pub(crate) seen: u32,
    /// UIDs up to `seen` that the server did not hand out so far; they are asked for again.
    #[serde(default, skip_serializing_if = "Uids::is_empty")]
    pub(crate) open: Uids,
    /// UIDs that are committed and were not yet flagged or moved when this was stored.
    #[serde(default, skip_serializing_if = "Uids::is_empty")]
    pub(crate) due: Uids,
}

/// Where we stand in all folders.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub(crate) struct Places(pub(crate) BTreeMap<String, Place>);

impl Places {
    /// From the stored cursor. One that cannot be read counts as none: everything is read again and recognised by its content.
    pub(crate) fn read(cursor: Option<&Cursor>) -> Self {
        let Some(Cursor(text)) = cursor else { return Self::default() };
        serde_json::from_str(text).unwrap_or_else(|cause| {
            tracing::warn!(error = %cause, "the stored place in the mailbox cannot be read; all of it is read again, nothing is taken twice");
            Self::default()
        })
    }

    pub(crate) fn write(&self) -> Cursor {
        Cursor(serde_json::to_string(self).unwrap_or_default())
    }

    /// The place in a folder as it is now; from the beginning when the folder is another than it was.
    pub(crate) fn at(&self, folder: &str, validity: u32) -> Place {
        let fresh = Place { validity, ..Place::default() };
        self.0.get(folder).filter(|place| place.validity == validity).cloned().unwrap_or(fresh)
    }
}

#[cfg(test)]
mod tests {
    use super::{Places, Uids};
    use opspilot_sdk::Cursor;
    use proptest::prelude::*;
    use std::collections::BTreeSet;

    proptest! {
        #[test]
        fn a_set_is_a_set(steps in prop::collection::vec((any::<bool>(), 1u32..60), 0..200)) {
            let (mut set, mut model) = (Uids::default(), BTreeSet::new());
            for (add, uid) in steps {
                if add { set.insert(uid); model.insert(uid); } else { set.remove(uid); model.remove(&uid); }
            }
            prop_assert_eq!(set.iter().collect::<Vec<_>>(), model.iter().copied().collect::<Vec<_>>());
            for uid in 1..60 { prop_assert_eq!(set.contains(uid), model.contains(&uid)); }
            prop_assert_eq!(Uids::try_from(set.to_string()).unwrap(), set.clone());
            prop_assert_eq!(model.into_iter().collect::<Uids>(), set);
        }
    }

    #[test]
    fn the_stored_form_stays_readable() {
        let cursor =
            Cursor(r#"{"INBOX":{"v":7,"u":42,"open":"3,9:11","due":"40:42"},"Büro":{"v":1,"u":2}}"#.to_owned());
        let places = Places::read(Some(&cursor));
        assert_eq!(places.at("INBOX", 7).open.iter().collect::<Vec<_>>(), [3, 9, 10, 11]);
        assert_eq!(places.at("INBOX", 8).seen, 0);
        assert_eq!(Places::read(Some(&places.write())), places);
        assert_eq!(Places::read(Some(&Cursor("broken".to_owned()))), Places::default());
    }
}
