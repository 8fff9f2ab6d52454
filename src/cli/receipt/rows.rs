//! What the rows of the store say otherwise than the receipts of the log. Own file because the log itself is proven by its tree, its rows
//! only by what receipts say of them. INVARIANT: what was written while the log was read is no finding.

use crate::cli::failure::Failure;
use crate::receipt::veil;
use crate::store::{ReceiptRow, RevisionKey, Store};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// A kind of receipt of which there are not as many as there are rows that call for one.
pub(super) struct Uncounted {
    pub(super) kind: &'static str,
    pub(super) receipts: u64,
    pub(super) rows: u64,
}

/// A row that is not what its receipt says.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Altered {
    /// `text`, `content`, `verdict`, `state` or `erasure`.
    pub(super) what: &'static str,
    /// Of what.
    pub(super) id: String,
}

/// What the rows say otherwise than the receipts.
#[derive(Default)]
pub(super) struct Rows {
    pub(super) uncounted: Vec<Uncounted>,
    pub(super) altered: Vec<Altered>,
}

impl Rows {
    pub(super) fn agree(&self) -> bool {
        self.uncounted.is_empty() && self.altered.is_empty()
    }
}

/// What the receipts told so far.
#[derive(Default)]
pub(super) struct Told {
    altered: Vec<Altered>,
    /// How the last decision left each brief.
    states: BTreeMap<String, String>,
    /// Requests that were erased.
    erased: BTreeSet<String>,
}

impl Told {
    /// Compares the rows that these receipts name with what they say. A row that is gone is missed when the rows are counted.
    pub(super) async fn compare(&mut self, store: &Store, receipts: &[ReceiptRow]) -> Result<(), Failure> {
        let (mut texts, mut contents, mut verdicts) = (Vec::new(), Vec::new(), Vec::new());
        for receipt in receipts.iter().filter_map(|row| serde_json::from_slice::<Value>(&row.bytes).ok()) {
            let body = &receipt["body"];
            let word = |name: &str| body[name].as_str().unwrap_or_default().to_owned();
            let revision = (word("brief"), body["revision"].as_i64().unwrap_or_default());
            match receipt["kind"].as_str().unwrap_or_default() {
                "request.accepted" => {
                    texts.push((receipt["subject"].as_str().unwrap_or_default().to_owned(), word("text")));
                }
                "request.erased" => {
                    self.erased.insert(receipt["subject"].as_str().unwrap_or_default().to_owned());
                }
                "brief.drafted" | "brief.edited" => contents.push((revision, word("digest"))),
                "brief.decided" => {
                    self.states.insert(revision.0.clone(), word("state"));
                    verdicts.push((revision, word("decision"), (word("verdict"), word("digest"))));
                }
                _ => {}
            }
        }
        let asked: Vec<String> = texts.iter().map(|(request, _)| request.clone()).collect();
        let stored = store.text_digests(&asked).await?;
        let under = |request: &str, text: &str, found: &String| {
            if veil::is_keyed(text) { store.keyed("text", request, found) } else { found.clone() }
        };
        let differs = |(request, text): &(String, String)| {
            stored.get(request).is_some_and(|found| under(request, text, found) != *text)
        };
        let altered = texts.into_iter().filter(differs);
        self.altered.extend(altered.map(|(id, _)| Altered { what: "text", id }));

        let asked: Vec<RevisionKey> = contents.iter().map(|(revision, _)| revision.clone()).collect();
        let stored = store.content_digests(&asked).await?;
        let altered = contents
            .into_iter()
            .filter(|(revision, digest)| stored.get(revision).is_some_and(|found| found.as_ref() != Some(digest)));
        self.altered.extend(
            altered.map(|((brief, number), _)| Altered { what: "content", id: format!("{brief} revision {number}") }),
        );

        let asked: Vec<RevisionKey> = verdicts.iter().map(|(revision, ..)| revision.clone()).collect();
        let stored = store.verdicts(&asked).await?;
        let altered = verdicts.into_iter().filter(|(_, id, told)| stored.get(id).is_some_and(|found| found != told));
        self.altered.extend(altered.map(|(_, id, _)| Altered { what: "verdict", id }));
        Ok(())
    }

    /// The findings, with those of briefs that were `decided` and of requests that were `erased` before the log was read.
    pub(super) fn rows(mut self, decided: &[(String, String)], erased: &[String], uncounted: Vec<Uncounted>) -> Rows {
        let unsaid = erased.iter().filter(|request| !self.erased.contains(*request));
        self.altered.extend(unsaid.map(|request| Altered { what: "erasure", id: request.clone() }));
        let altered = decided.iter().filter(|(brief, state)| self.states.get(brief) != Some(state));
        self.altered.extend(altered.map(|(brief, _)| Altered { what: "state", id: brief.clone() }));
        Rows { uncounted, altered: self.altered }
    }
}

/// Kinds of receipt whose number lies outside what the rows called for before and after the log was read.
pub(super) fn count(
    kinds: &BTreeMap<String, u64>,
    before: &[(&'static str, u64)],
    after: &[(&'static str, u64)],
) -> Vec<Uncounted> {
    let judge = |(&(kind, least), &(_, most)): (&(&'static str, u64), &(&'static str, u64))| {
        let receipts = kinds.get(kind).copied().unwrap_or(0);
        let rows = if receipts < least { least } else { most };
        (receipts < least || receipts > most).then_some(Uncounted { kind, receipts, rows })
    };
    before.iter().zip(after).filter_map(judge).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_meanwhile_is_no_finding_and_what_is_missing_is() {
        let kinds = BTreeMap::from([("request.accepted".to_owned(), 5)]);
        assert!(count(&kinds, &[("request.accepted", 4)], &[("request.accepted", 6)]).is_empty());
        assert!(count(&kinds, &[("request.accepted", 5)], &[("request.accepted", 5)]).is_empty());
        let found = count(&kinds, &[("request.accepted", 6)], &[("request.accepted", 6)]);
        assert_eq!((found[0].receipts, found[0].rows), (5, 6));
        let found = count(&kinds, &[("request.accepted", 3)], &[("request.accepted", 4)]);
        assert_eq!((found[0].receipts, found[0].rows), (5, 4));
        assert_eq!(count(&kinds, &[("brief.decided", 1)], &[("brief.decided", 1)]).len(), 1);
    }
}
