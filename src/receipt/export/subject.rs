//! Verifies a partial export: the receipts about one thing, each proven alone by its inclusion path.
//! Its own file because what it proves is another sentence: these receipts are in the log, not that they are all.
//!
//! INVARIANT: every receipt is checked against the root in the signed head; a path is never taken on trust.

use super::line::HeaderText;
use crate::receipt::proof::inclusion_root;
use crate::receipt::report::{Lack, Report};
use crate::receipt::tree::leaf_hash;
use crate::receipt::verify::conclude::{into_report, limits, unpinned};
use crate::receipt::verify::{Tally, read};
use crate::receipt::{Checkpoint, Finding, Hash, Keyring};
use base64::{Engine, engine::general_purpose::STANDARD as BASE64};

/// A walk over a partial export.
pub(super) struct Subject {
    about: String,
    /// Size and root as the header states them; the reader compares them with the head.
    size: u64,
    root: Option<Hash>,
    keyring: Keyring,
    saved: Vec<Checkpoint>,
    last: u64,
    tally: Tally,
}

impl Subject {
    pub(super) fn new(about: &str, header: &HeaderText, keyring: Keyring, saved: Vec<Checkpoint>) -> Self {
        let root = BASE64.decode(&header.root).ok().and_then(|bytes| bytes.try_into().ok());
        let saved = saved.into_iter().filter(|saved| saved.size() > 0).collect();
        Self { about: about.to_owned(), size: header.size, root, keyring, saved, last: 0, tally: Tally::default() }
    }

    pub(super) fn push(&mut self, seq: u64, bytes: &[u8], leaf: &Hash, path: Option<&[String]>) {
        self.tally.receipts += 1;
        if seq == self.last {
            return self.tally.note(Finding::Duplicated { seq, after: seq });
        }
        if seq < self.last {
            return self.tally.note(Finding::Reordered { seq: self.last, found: seq });
        }
        self.last = seq;
        let hashed = leaf_hash(bytes) == *leaf;
        let receipt = if hashed { read(bytes) } else { None };
        self.tally.take(seq, receipt.as_ref(), hashed);
        let decode = |text: &String| BASE64.decode(text).ok().and_then(|bytes| Hash::try_from(bytes).ok());
        let path: Option<Vec<Hash>> = path.and_then(|path| path.iter().map(decode).collect());
        let root = path.zip(seq.checked_sub(1)).and_then(|(p, index)| inclusion_root(index, self.size, leaf, &p));
        if root.is_none() || root != self.root {
            self.tally.note(Finding::Path { seq });
        }
    }

    pub(super) fn note(&mut self, finding: Finding) {
        self.tally.note(finding);
    }

    pub(super) fn finish(mut self, head_note: Option<&str>) -> Report {
        let mut head = None;
        match head_note.map(|note| self.keyring.open(note)) {
            Some(Ok(opened)) => head = Some(opened),
            Some(Err(error)) => self.tally.note(Finding::Head { code: error.code(), why: error.to_string() }),
            None => {}
        }
        let mut anchored = 0;
        if let Some(head) = head.as_ref().map(|head| &head.checkpoint) {
            if let Some(other) = self.saved.iter().find(|saved| saved.origin() != head.origin()) {
                let (expected, found) = (head.origin().to_owned(), other.origin().to_owned());
                self.tally.note(Finding::WrongOrigin { expected, found });
            }
            for saved in self.saved.iter().filter(|saved| saved.size() == head.size()) {
                if saved.root() == head.root() {
                    anchored = saved.size();
                } else {
                    self.tally.note(Finding::Contradicts { from: 1, to: saved.size(), forked: true });
                }
            }
        }
        let mut report = into_report(self.tally);
        report.anchored = anchored;
        if let Some(opened) = head {
            report.head = Some(opened.checkpoint);
            report.signed_by = opened.signed_by;
        }
        if head_note.is_none() {
            let text = "there is no signed head in the export".to_owned();
            report.lacking.push(Lack { code: "OP-6021", text });
        }
        if anchored == 0 {
            let text = format!("no checkpoint of size {} saved outside was given", self.size);
            report.lacking.push(Lack { code: "OP-6020", text });
        }
        if !self.keyring.is_pinned() {
            report.lacking.push(unpinned());
        }
        let about = &self.about;
        if report.findings.is_empty() && report.head.is_some() {
            let key = if self.keyring.is_pinned() { "the pinned key" } else { "the key that came with them" };
            report.proven.push(format!(
                "each of these {} receipts stands, unchanged and at its number, in the log of {} receipts whose head {key} signed",
                report.receipts, self.size
            ));
        }
        if anchored > 0 {
            report.proven.push(format!("this head is the checkpoint of size {anchored} that was saved outside"));
        }
        report.not_proven.push(format!(
            "that these are all receipts about `{about}`: a partial export cannot show what was left out of it"
        ));
        limits(&mut report);
        report.concluded()
    }
}
