//! A finding, and the rule by which overlapping findings are settled.
//!
//! Its own file because every detector makes findings and only this rule chooses among them.
//! INVARIANT: a finding never carries the value it found, neither in `why` nor elsewhere.
//! INVARIANT: settled findings are in order, do not overlap, and lie on character boundaries.

use std::collections::BTreeMap;

use serde::Serialize;

use super::kind::Kind;

/// Something a detector recognised in a text.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Finding {
    /// What was found.
    pub kind: Kind,
    /// First byte, counted from the start of the text.
    pub start: usize,
    /// One past the last byte.
    pub end: usize,
    /// Name of the detector.
    pub detector: &'static str,
    /// Why the detector is sure, for the reviewer. Never contains the value.
    pub why: String,
    /// The value is set aside for examples and tests (documentation domains and addresses, published
    /// test cards), so it belongs to nobody.
    pub reserved: bool,
    #[serde(skip)]
    pub(super) sureness: Sureness,
}

/// How sure a detector is. The surer finding wins where two overlap.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Sureness {
    /// Only the words around it say so.
    Context,
    /// The shape says so.
    Shape,
    /// A check digit or an unmistakable mark says so.
    Proof,
}

impl Finding {
    pub(super) fn new(
        kind: Kind,
        span: (usize, usize),
        detector: &'static str,
        sureness: Sureness,
        why: impl Into<String>,
    ) -> Self {
        Self { kind, start: span.0, end: span.1, detector, why: why.into(), reserved: false, sureness }
    }

    pub(super) fn reserved(mut self, reserved: bool) -> Self {
        self.reserved = reserved;
        self
    }
}

/// Settles overlaps: the surer finding wins, then the kind that comes first, then the longer, then the
/// earlier. A web address, an instruction or a secret that loses keeps the parts outside the winner, so
/// that none hides behind a harmless value placed inside it. Takes `n log n` steps for `n` findings.
pub(super) fn settle(mut found: Vec<Finding>) -> Vec<Finding> {
    if found.len() < 2 {
        return found;
    }
    found.sort_by(|a, b| {
        b.sureness
            .cmp(&a.sureness)
            .then(a.kind.cmp(&b.kind))
            .then((b.end - b.start).cmp(&(a.end - a.start)))
            .then(a.start.cmp(&b.start))
            .then(a.detector.cmp(b.detector))
    });
    let mut kept: BTreeMap<usize, Finding> = BTreeMap::new();
    for finding in found {
        let smallest = match finding.kind {
            Kind::UrlDomain | Kind::Instruction => Some(SMALLEST_PART),
            // Of a password every letter counts.
            Kind::Secret | Kind::Credential => Some(1),
            _ => None,
        };
        if let Some(smallest) = smallest {
            for (start, end) in free_parts(&kept, finding.start, finding.end, smallest) {
                kept.insert(start, Finding { start, end, ..finding.clone() });
            }
        } else if !overlaps(&kept, finding.start, finding.end) {
            kept.insert(finding.start, finding);
        }
    }
    kept.into_values().collect()
}

fn overlaps(kept: &BTreeMap<usize, Finding>, start: usize, end: usize) -> bool {
    kept.range(..end).next_back().is_some_and(|(_, last)| last.end > start)
}

/// A leftover of an address or an order shorter than this says nothing any more.
const SMALLEST_PART: usize = 8;

fn free_parts(kept: &BTreeMap<usize, Finding>, start: usize, end: usize, smallest: usize) -> Vec<(usize, usize)> {
    if !overlaps(kept, start, end) {
        return vec![(start, end)];
    }
    let mut parts = Vec::new();
    let mut from = start;
    if let Some((_, before)) = kept.range(..start).next_back() {
        from = from.max(before.end);
    }
    for (&at, inside) in kept.range(start..end) {
        if at >= from + smallest {
            parts.push((from, at));
        }
        from = from.max(inside.end);
    }
    if end >= from + smallest {
        parts.push((from, end));
    }
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    fn finding(kind: Kind, start: usize, end: usize, sureness: Sureness) -> Finding {
        Finding::new(kind, (start, end), "test", sureness, "because")
    }

    #[test]
    fn the_surer_wins_then_the_kind_then_the_longer() {
        let settled = settle(vec![
            finding(Kind::Phone, 0, 30, Sureness::Context),
            finding(Kind::Card, 5, 21, Sureness::Proof),
            finding(Kind::Phone, 40, 50, Sureness::Shape),
            finding(Kind::Phone, 38, 55, Sureness::Shape),
        ]);
        let spans: Vec<_> = settled.iter().map(|f| (f.kind, f.start, f.end)).collect();
        assert_eq!(spans, [(Kind::Card, 5, 21), (Kind::Phone, 38, 55)]);
    }

    #[test]
    fn a_secret_is_masked_around_what_looks_surer_inside_it() {
        let settled = settle(vec![
            finding(Kind::Secret, 10, 30, Sureness::Context),
            finding(Kind::NationalId, 14, 25, Sureness::Shape),
        ]);
        let spans: Vec<_> = settled.iter().map(|f| (f.kind, f.start, f.end)).collect();
        assert_eq!(spans, [(Kind::Secret, 10, 14), (Kind::NationalId, 14, 25), (Kind::Secret, 25, 30)]);
    }

    #[test]
    fn a_web_address_is_cut_around_a_secret_inside_it() {
        let settled = settle(vec![
            finding(Kind::UrlDomain, 0, 100, Sureness::Shape),
            finding(Kind::Secret, 40, 80, Sureness::Proof),
        ]);
        let spans: Vec<_> = settled.iter().map(|f| (f.kind, f.start, f.end)).collect();
        assert_eq!(spans, [(Kind::UrlDomain, 0, 40), (Kind::Secret, 40, 80), (Kind::UrlDomain, 80, 100)]);
    }
}
