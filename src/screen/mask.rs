//! Masks: what stands where a value was.
//!
//! Its own file because everything downstream leans on its one promise. INVARIANT: the masked text
//! has exactly the bytes count of the original and the same line breaks, so that byte offsets taken
//! before stay valid after; masks are ASCII and put over whole characters, so it stays UTF-8.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use super::finding::Finding;
use super::kind::Kind;

/// Numbers the values of one request: the same value gets the same number each time.
#[derive(Default)]
pub(super) struct Numbers {
    seen: HashMap<(Kind, String), usize>,
    next: HashMap<Kind, usize>,
}

impl Numbers {
    fn number(&mut self, kind: Kind, value: &str) -> usize {
        match self.seen.entry((kind, same(value))) {
            Entry::Occupied(entry) => *entry.get(),
            Entry::Vacant(entry) => {
                let next = self.next.entry(kind).or_insert(0);
                *next += 1;
                *entry.insert(*next)
            }
        }
    }
}

/// `text` with every one of `findings` (settled: in order, apart) masked.
pub(super) fn mask<'f>(text: &str, findings: impl Iterator<Item = &'f Finding>, numbers: &mut Numbers) -> String {
    let mut masked = String::with_capacity(text.len());
    let mut at = 0;
    for finding in findings {
        let (Some(before), Some(value)) = (text.get(at..finding.start), text.get(finding.start..finding.end)) else {
            continue;
        };
        masked.push_str(before);
        put(&mut masked, finding.kind, value, numbers);
        at = finding.end;
    }
    masked.push_str(text.get(at..).unwrap_or_default());
    debug_assert_eq!(masked.len(), text.len(), "a mask keeps the length");
    masked
}

/// Appends `[card1####]` in the length of `value`, or only `#` when the tag does not fit.
fn put(masked: &mut String, kind: Kind, value: &str, numbers: &mut Numbers) {
    let tag = format!("[{}{}", kind.tag(), numbers.number(kind, value));
    let first_line = value.bytes().position(|byte| matches!(byte, b'\n' | b'\r')).unwrap_or(value.len());
    let tagged = tag.len() < first_line;
    for (place, byte) in value.bytes().enumerate() {
        masked.push(match byte {
            b'\n' | b'\r' => char::from(byte),
            _ if tagged && place + 1 == value.len() => ']',
            _ if tagged => tag.as_bytes().get(place).map_or('#', |&letter| char::from(letter)),
            _ => '#',
        });
    }
}

/// A value without what people vary when they write it again: case and separators.
fn same(value: &str) -> String {
    let plain: String = value.chars().filter(|letter| letter.is_alphanumeric()).flat_map(char::to_lowercase).collect();
    if plain.is_empty() { value.to_owned() } else { plain }
}
