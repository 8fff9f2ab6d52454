//! A request screened whole: its text and what was read out of the files that came with it, under one count of masks.
//!
//! Its own file because steps, people's pages and reveals must agree on which finding is which. INVARIANT: the same text, files and
//! boundary give the same findings with the same numbers.

use std::borrow::Cow;
use std::ops::Range;

use super::boundary::{Boundary, Treatment};
use super::finding::Finding;
use super::screener::Screener;
use super::{Screening, Verdict};

/// What was read out of a file that came with a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attached {
    /// Which of the request's files, counted from 1.
    pub ordinal: u32,
    /// Its text, or in words why there is none.
    pub text: Result<String, String>,
}

/// A finding with its number and place within a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// Counted from 1 through the request: its text, then its files.
    pub number: u32,
    /// The file it stands in, counted from 1; none for the request's own words.
    pub attachment: Option<u32>,
    /// First byte in the text of that file, or of the request.
    pub start: usize,
    /// One past the last byte.
    pub end: usize,
    /// What the boundary does with it.
    pub treatment: Treatment,
    /// What was recognised. Its offsets are those of the text that was read, which holds the text of mailed files as well.
    pub finding: Finding,
    /// The file that was read apart from the request's text, by its place in the list.
    apart: Option<usize>,
}

impl Found {
    /// Where it stands, in words without its value: `card 20-39`, `attachment 2: iban 3-25`.
    #[must_use]
    pub fn place(&self) -> String {
        let (kind, start, end) = (self.finding.kind, self.start, self.end);
        match self.attachment {
            Some(ordinal) => format!("attachment {ordinal}: {kind} {start}-{end}"),
            None => format!("{kind} {start}-{end}"),
        }
    }

    /// Its place in the request's text, in bytes; none for what stands in a file that was read apart.
    #[must_use]
    pub fn in_text(&self) -> Option<Range<usize>> {
        self.apart.is_none().then_some(self.finding.start..self.finding.end)
    }

    /// The text it was found in, and its value.
    fn source<'t>(&self, text: &'t str, attached: &'t [Attached]) -> Option<(&'t str, &'t str)> {
        let whole = match self.apart {
            None => text,
            Some(place) => attached.get(place)?.text.as_ref().ok()?,
        };
        Some((whole, whole.get(self.finding.start..self.finding.end)?))
    }

    /// Its value, in the texts that were screened.
    #[must_use]
    pub fn value<'t>(&self, text: &'t str, attached: &'t [Attached]) -> Option<&'t str> {
        Some(self.source(text, attached)?.1)
    }

    /// What a digest over this finding is taken of: its place and its value, then the whole text it stands in. The text makes the digest
    /// of a short number as hard to guess as the text; whoever has the text can check it.
    #[must_use]
    pub fn evidence(&self, text: &str, attached: &[Attached]) -> Vec<u8> {
        let (whole, value) = self.source(text, attached).unwrap_or_default();
        format!("opspilot finding\n{}\n{value}\n{whole}", self.place()).into_bytes()
    }
}

/// A request as its pilot's boundary leaves it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Whole<'t> {
    /// The strictest of text and files.
    pub verdict: Verdict,
    /// The request's text with its masks, in the length of the original.
    pub text: Cow<'t, str>,
    /// Everything found, in the order of its numbers.
    pub found: Vec<Found>,
}

impl<'t> Whole<'t> {
    /// Screens a request; `screener` counts the masks on afterwards, for its particulars.
    pub fn read(text: &'t str, attached: &[Attached], boundary: &Boundary, screener: &mut Screener<'_>) -> Self {
        let Screening { mut verdict, findings, text: masked } = screener.screen(text);
        let inside: Vec<(u32, Range<usize>)> = attached.iter().filter_map(|file| inside(text, file)).collect();
        let mut found = Vec::with_capacity(findings.len());
        let add = |finding: Finding, attachment, base: usize, apart, found: &mut Vec<Found>| {
            let number = u32::try_from(found.len() + 1).unwrap_or(u32::MAX);
            let (start, end, treatment) = (finding.start - base, finding.end - base, boundary.treats(&finding));
            found.push(Found { number, attachment, start, end, treatment, finding, apart });
        };
        for finding in findings {
            let holds = |place: &Range<usize>| place.start <= finding.start && finding.end <= place.end;
            match inside.iter().find(|(_, place)| holds(place)) {
                Some((ordinal, place)) => add(finding, Some(*ordinal), place.start, None, &mut found),
                None => add(finding, None, 0, None, &mut found),
            }
        }
        for (place, file) in attached.iter().enumerate() {
            // What the request's text repeats was read with it.
            if inside.iter().any(|(ordinal, _)| *ordinal == file.ordinal) {
                continue;
            }
            let Ok(words) = &file.text else { continue };
            let screening = screener.screen(words);
            verdict = verdict.max(screening.verdict);
            for finding in screening.findings {
                add(finding, Some(file.ordinal), 0, Some(place), &mut found);
            }
        }
        Self { verdict, text: masked, found }
    }

    /// As [`Whole::read`], with a count of masks of its own.
    #[must_use]
    pub fn of(text: &'t str, attached: &[Attached], boundary: &Boundary) -> Self {
        Self::read(text, attached, boundary, &mut Screener::new(boundary))
    }

    /// What was masked, or would be.
    pub fn refused(&self) -> impl Iterator<Item = &Found> {
        self.found.iter().filter(|found| found.treatment != Treatment::Allow)
    }
}

/// Where a request's text repeats a whole file: mail brings the words of its files along, each after a label of intake's own.
fn inside(text: &str, file: &Attached) -> Option<(u32, Range<usize>)> {
    let words = file.text.as_ref().ok()?.trim();
    if words.is_empty() {
        return None;
    }
    let labelled = |at: usize| {
        let line = text.get(..at).and_then(|before| before.rsplit('\n').next());
        line.is_some_and(|line| line.starts_with("File ") && line.ends_with(": "))
    };
    let at = text.match_indices(words).map(|(at, _)| at).find(|at| labelled(*at))?;
    Some((file.ordinal, at..at + words.len()))
}
