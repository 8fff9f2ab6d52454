//! The texts of one request screened together: subject, text, particulars, attachments.
//!
//! Its own file because masks count per request and not per text. INVARIANT: the same value gets the same
//! mask wherever in a request it stands, as long as one screener reads all of it.

use std::borrow::Cow;

use super::boundary::{Boundary, Treatment};
use super::finding::Finding;
use super::kind::Kind;
use super::{Screening, Verdict, detect, mask};

/// How often a masked text is read again. A mask can uncover a value whose neighbour hid it; real texts
/// settle at the first reading, and a text built to need more than this is held.
const READINGS: usize = 6;

/// Screens the texts of one request, one after the other.
pub struct Screener<'b> {
    boundary: Cow<'b, Boundary>,
    numbers: mask::Numbers,
}

impl<'b> Screener<'b> {
    /// With the boundary of a pilot.
    #[must_use]
    pub fn new(boundary: &'b Boundary) -> Self {
        Self { boundary: Cow::Borrowed(boundary), numbers: mask::Numbers::default() }
    }

    /// With what both boundaries allow: how a model sees a request.
    #[must_use]
    pub fn for_model(boundary: &Boundary, model: &Boundary) -> Self {
        Self { boundary: Cow::Owned(boundary.with(model)), numbers: mask::Numbers::default() }
    }

    /// As [`screen`](super::screen()), with the masks counted on.
    pub fn screen<'t>(&mut self, text: &'t str) -> Screening<'t> {
        let boundary = &*self.boundary;
        let mut screened = Cow::Borrowed(text);
        let mut verdict = Verdict::Pass;
        let mut findings = detect::find(text);
        let mut fresh = findings.clone();
        for _ in 0..READINGS {
            let refused = |finding: &&Finding| boundary.treats(finding) != Treatment::Allow;
            let Some(strictest) = fresh.iter().map(|finding| boundary.treats(finding)).max() else { break };
            if strictest == Treatment::Allow {
                return Screening { verdict, findings, text: screened };
            }
            verdict = verdict.max(if strictest == Treatment::Hold { Verdict::Hold } else { Verdict::Redact });
            screened = Cow::Owned(mask::mask(&screened, fresh.iter().filter(refused), &mut self.numbers));
            fresh = detect::find(&screened);
            add_new(&mut findings, fresh.iter().filter(refused), boundary);
        }
        if fresh.iter().any(|finding| boundary.treats(finding) != Treatment::Allow) {
            // Built to withstand masking: keep only its shape.
            verdict = Verdict::Hold;
            screened = Cow::Owned(screened.bytes().map(|byte| if byte == b'\n' { '\n' } else { '#' }).collect());
        }
        Screening { verdict, findings, text: screened }
    }

    /// A value of which is known what it is: a form's field for telephone numbers. It is masked whole when its kind is not allowed,
    /// recognised or not, and screened like any text otherwise.
    pub fn known(&mut self, kind: Kind, value: &str) -> String {
        let screening = self.screen(value);
        let reserved = |finding: &Finding| finding.kind == kind && finding.reserved && self.boundary.allows_reserved();
        if self.boundary.treatment(kind) == Treatment::Allow || screening.findings.iter().any(reserved) {
            return screening.text.into_owned();
        }
        let whole =
            Finding::new(kind, (0, value.len()), "known", super::finding::Sureness::Context, "its field says so");
        mask::mask(value, std::iter::once(&whole), &mut self.numbers)
    }
}

/// Takes over what a further reading found. Where it touches something masked before, that finding grows
/// over both, so that its ends stay on character boundaries of the original; where it overlaps something
/// allowed, the allowed finding gives way.
fn add_new<'f>(findings: &mut Vec<Finding>, new: impl Iterator<Item = &'f Finding>, boundary: &Boundary) {
    let mut added = false;
    for finding in new {
        let mut grown = finding.clone();
        findings.retain(|old| {
            let apart = old.end <= grown.start || grown.end <= old.start;
            if !apart && boundary.treats(old) != Treatment::Allow {
                let (start, end) = (grown.start.min(old.start), grown.end.max(old.end));
                grown = Finding { start, end, ..old.clone() };
            }
            apart
        });
        findings.push(grown);
        added = true;
    }
    if added {
        findings.sort_by_key(|finding| finding.start);
    }
}
