//! Records at far sides that number them by kind. Own file because a record's name comes from outside and becomes a path: here it becomes a
//! kind that is known and a number, or nothing. INVARIANT: no other text reaches a path.

use crate::Problems;
use std::fmt;

/// The kinds of records of one vendor.
pub trait Object: Copy + PartialEq + 'static {
    /// Every one of them, in the order of the handbook.
    const ALL: &'static [Self];

    /// The name that stands in paths and in configuration.
    fn as_str(self) -> &'static str;
}

/// A record: its kind and its number there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place<O> {
    /// The kind.
    pub object: O,
    /// The number.
    pub id: u64,
}

impl<O: Object> Place<O> {
    /// Reads `deals/123`, or `123` for a record of the first kind that is configured.
    ///
    /// # Errors
    /// It is no record of a kind that is configured, and what to give, as a sentence.
    pub fn read(record: &str, objects: &[O]) -> Result<Self, String> {
        let (object, number) = match record.split_once('/') {
            Some((word, number)) => (objects.iter().copied().find(|object| object.as_str() == word), number),
            None => (objects.first().copied(), record),
        };
        let id = number.parse().ok().filter(|_| number.bytes().all(|byte| byte.is_ascii_digit()));
        match (object, id) {
            (Some(object), Some(id)) => Ok(Self { object, id }),
            _ => Err(format!(
                "`{}` is no record that may be written to; give the number of one, or such as `{}/123` (`objects` allows {})",
                record.escape_debug(),
                objects.last().or(O::ALL.first()).map_or("", |object| object.as_str()),
                objects.iter().map(|object| object.as_str()).collect::<Vec<_>>().join(", "),
            )),
        }
    }
}

impl<O: Object> fmt::Display for Place<O> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.object.as_str(), self.id)
    }
}

/// Judges the option `objects`: the kinds of records that may be written to, each once.
pub fn judge<O: Object>(objects: &[O], problems: &mut Problems) {
    let is_again = |at: usize| objects.iter().take(at).any(|before| Some(before) == objects.get(at));
    if objects.is_empty() || (0..objects.len()).any(is_again) {
        let all: Vec<String> = O::ALL.iter().map(|object| format!("`{}`", object.as_str())).collect();
        problems.add("objects", "names none, or one twice", format!("name some of {}", all.join(", ")));
    }
}

#[cfg(test)]
mod tests {
    use super::{Object, Place, judge};
    use crate::Problems;

    #[derive(Clone, Copy, Debug, PartialEq)]
    enum Kind {
        People,
        Deals,
    }

    impl Object for Kind {
        const ALL: &'static [Self] = &[Self::People, Self::Deals];

        fn as_str(self) -> &'static str {
            match self {
                Self::People => "people",
                Self::Deals => "deals",
            }
        }
    }

    #[test]
    fn a_record_is_a_known_kind_and_a_number() {
        let objects = [Kind::Deals, Kind::People];
        assert_eq!(Place::read("7", &objects).unwrap().to_string(), "deals/7");
        assert_eq!(Place::read("people/12", &objects).unwrap().to_string(), "people/12");
        for text in ["", "people/", "tickets/1", "+7", "7/..", "deals/7/../8", "7?x", "deals/7#", "１"] {
            assert!(Place::read(text, &objects).is_err(), "{text}");
        }
        let refused = Place::read("people/1\n", &[Kind::Deals]).unwrap_err();
        assert_eq!(
            refused,
            "`people/1\\n` is no record that may be written to; give the number of one, or such as `deals/123` (`objects` allows deals)"
        );
    }

    #[test]
    fn kinds_are_named_once() {
        for (objects, is_good) in [
            (&[Kind::Deals, Kind::People][..], true),
            (&[Kind::Deals], true),
            (&[], false),
            (&[Kind::Deals, Kind::People, Kind::Deals], false),
        ] {
            let mut problems = Problems::new();
            judge(objects, &mut problems);
            assert_eq!(problems.is_empty(), is_good, "{objects:?}");
            assert_eq!(problems.to_string().contains("name some of `people`, `deals`"), !is_good);
        }
    }
}
