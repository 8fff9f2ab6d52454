//! As much of CBOR (RFC 8949) as an authenticator needs: one item of definite length, read in place. INVARIANT: reading never goes deeper
//! than [`DEEPEST`] and never allocates by a length that was merely promised.

/// CTAP 2.1, section 8: authenticators nest no deeper.
const DEEPEST: u8 = 4;

/// What is taken apart; everything else is only skipped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Item<'a> {
    Int(i64),
    Bytes(&'a [u8]),
    Text(&'a str),
    Other,
}

/// Reads along bytes.
#[derive(Clone)]
pub(super) struct Reader<'a> {
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes }
    }

    /// What was not read yet.
    pub(super) fn rest(&self) -> &'a [u8] {
        self.rest
    }

    fn take(&mut self, count: u64) -> Option<&'a [u8]> {
        let (taken, rest) = self.rest.split_at_checked(usize::try_from(count).ok()?)?;
        self.rest = rest;
        Some(taken)
    }

    /// Major type and argument.
    fn head(&mut self) -> Option<(u8, u64)> {
        let first = *self.take(1)?.first()?;
        let argument = match first & 0x1f {
            small @ 0..=23 => u64::from(small),
            long @ 24..=27 => self.take(1 << (long - 24))?.iter().fold(0, |sum, byte| (sum << 8) | u64::from(*byte)),
            // Indefinite lengths are not allowed here (CTAP 2.1, section 8).
            _ => return None,
        };
        Some((first >> 5, argument))
    }

    /// The next item, whole.
    pub(super) fn item(&mut self) -> Option<Item<'a>> {
        self.at(0)
    }

    fn at(&mut self, depth: u8) -> Option<Item<'a>> {
        let (major, argument) = self.head()?;
        Some(match major {
            0 => Item::Int(i64::try_from(argument).ok()?),
            1 => Item::Int(-1 - i64::try_from(argument).ok()?),
            2 => Item::Bytes(self.take(argument)?),
            3 => Item::Text(std::str::from_utf8(self.take(argument)?).ok()?),
            4 | 5 if depth < DEEPEST => {
                let items = if major == 5 { argument.checked_mul(2)? } else { argument };
                for _ in 0..items {
                    self.at(depth + 1)?;
                }
                Item::Other
            }
            // Tags are not used here; of simple values only those of one byte.
            7 if argument < 24 => Item::Other,
            _ => return None,
        })
    }

    /// The members of a map, each key once.
    pub(super) fn map(&mut self) -> Option<Vec<(Item<'a>, Item<'a>)>> {
        let (major, count) = self.head()?;
        if major != 5 {
            return None;
        }
        let mut members: Vec<(Item<'a>, Item<'a>)> = Vec::new();
        for _ in 0..count {
            let (key, value) = (self.at(1)?, self.at(1)?);
            if key == Item::Other || members.iter().any(|(known, _)| *known == key) {
                return None;
            }
            members.push((key, value));
        }
        Some(members)
    }
}

/// The bytes under a name in a map that is all there is.
pub(super) fn member<'a>(bytes: &'a [u8], name: &str) -> Option<&'a [u8]> {
    let mut reader = Reader::new(bytes);
    let members = reader.map()?;
    if !reader.rest().is_empty() {
        return None;
    }
    members.into_iter().find_map(|(key, value)| match (key, value) {
        (Item::Text(key), Item::Bytes(value)) if key == name => Some(value),
        _ => None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_examples_of_the_rfc_are_read() {
        fn one(hex: &[u8]) -> Option<Item<'_>> {
            Reader::new(hex).item()
        }
        for (bytes, value) in [
            (&[0x00][..], 0),
            (&[0x17], 23),
            (&[0x18, 0x18], 24),
            (&[0x19, 0x03, 0xe8], 1000),
            (&[0x1b, 0, 0, 0, 0xe8, 0xd4, 0xa5, 0x10, 0], 1_000_000_000_000),
            (&[0x20], -1),
            (&[0x39, 0x03, 0xe7], -1000),
        ] {
            assert_eq!(one(bytes), Some(Item::Int(value)), "{bytes:?}");
        }
        assert_eq!(one(&[0x44, 1, 2, 3, 4]), Some(Item::Bytes(&[1, 2, 3, 4])));
        assert_eq!(one(&[0x64, b'I', b'E', b'T', b'F']), Some(Item::Text("IETF")));
        let map = [0xa2, 0x61, 0x61, 0x01, 0x61, 0x62, 0x82, 0x02, 0x03];
        let members = Reader::new(&map).map().unwrap();
        assert_eq!(members, [(Item::Text("a"), Item::Int(1)), (Item::Text("b"), Item::Other)]);
    }

    #[test]
    fn what_is_cut_deep_doubled_or_endless_is_refused() {
        for bytes in [
            &[][..],
            &[0x19, 0x03],
            &[0x44, 1, 2],
            &[0x5f, 0x41, 0, 0xff],
            &[0x9f, 0xff],
            &[0x81, 0x81, 0x81, 0x81, 0x81, 0x00],
            &[0x9b, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff],
            &[0x5b, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff],
            &[0x1b, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff],
            &[0x62, 0xff, 0xff],
            &[0xf8, 0x18],
            &[0xc0, 0x00],
        ] {
            assert_eq!(Reader::new(bytes).item(), None, "{bytes:?}");
        }
        assert!(Reader::new(&[0xa2, 0x01, 0x02, 0x01, 0x03]).map().is_none(), "a key twice");
        assert!(member(&[0xa1, 0x61, b'a', 0x41, 1, 0], "a").is_none(), "something behind the end");
        assert_eq!(member(&[0xa1, 0x61, b'a', 0x41, 1], "a"), Some(&[1][..]));
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
            let _item = Reader::new(&bytes).item();
            let _map = Reader::new(&bytes).map();
        }
    }
}
