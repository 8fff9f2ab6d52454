//! The end of a walk over a whole log: head and saved checkpoints are weighed, the report is written.
//! Its own file because these sentences say what was proven; the walk itself only collects.
//!
//! INVARIANT: every sentence under `proven` follows from a comparison that was made in this walk.

use super::{Tally, Verifier};
use crate::receipt::report::{Lack, Report};
use crate::receipt::{FIRST_SEQ, Finding, Opened};

pub(super) fn conclude(mut walk: Verifier, head_note: Option<&str>) -> Report {
    let last = walk.next - 1;
    let opened = head_note.map(|note| walk.keyring.open(note));
    let mut head = None;
    match opened {
        Some(Ok(opened)) => head = Some(opened),
        Some(Err(error)) => walk.tally.note(Finding::Head { code: error.code(), why: error.to_string() }),
        None => {}
    }
    check_origins(&mut walk, head.as_ref());
    let agrees = head.as_ref().is_some_and(|head| check_head(&mut walk, head, last));
    if agrees && walk.contradicted {
        for finding in &mut walk.tally.findings {
            if let Finding::Contradicts { forked, .. } = finding {
                *forked = true;
            }
        }
    }
    if let Some(largest) = walk.saved.last().map(|saved| saved.size()).filter(|size| *size > last) {
        walk.tally.note(Finding::Truncated { last, size: largest, saved: true });
    }
    let mut report = into_report(walk.tally);
    report.anchored = walk.anchored;
    if head_note.is_none() {
        report.lacking.push(Lack {
            code: "OP-6021",
            text: "there is no signed head: give the newest checkpoint note of the log".to_owned(),
        });
    }
    if walk.unread > 0 {
        report.lacking.push(Lack {
            code: "OP-6023",
            text: format!("receipts 1 to {} were not read: verify the whole log to include their texts", walk.unread),
        });
    }
    if walk.saved.iter().all(|saved| saved.size() < walk.unread) {
        report.lacking.push(Lack {
            code: "OP-6020",
            text: "no checkpoint saved outside was given: complete up to the head only".to_owned(),
        });
    }
    if !walk.keyring.is_pinned() {
        report.lacking.push(unpinned());
    }
    if let Some(opened) = head {
        report.head = Some(opened.checkpoint);
        report.signed_by = opened.signed_by;
    }
    let unchecked = walk.saved.get(walk.passed..).unwrap_or_default();
    if let Some(saved) = unchecked.iter().find(|saved| saved.size() <= last) {
        let size = saved.size();
        report
            .not_proven
            .push(format!("whether the saved checkpoint of size {size} agrees: receipts before it are missing"));
    }
    describe(&mut report, agrees, (walk.unread + FIRST_SEQ, last), walk.keyring.is_pinned());
    report.concluded()
}

/// The lack of a key from elsewhere (`OP-6022`).
pub(in crate::receipt) fn unpinned() -> Lack {
    let text = "the key came with the receipts: give the verifier key you were told when the log began";
    Lack { code: "OP-6022", text: text.to_owned() }
}

/// What cannot be proven by any log of this kind.
pub(in crate::receipt) fn limits(report: &mut Report) {
    report.not_proven.push("that what a receipt says is true: it proves that this was recorded".to_owned());
    report
        .not_proven
        .push("that nothing happened without a receipt: a log cannot show what was never written".to_owned());
}

pub(in crate::receipt) fn into_report(tally: Tally) -> Report {
    Report {
        findings: tally.findings,
        found: tally.found,
        receipts: tally.receipts,
        earliest_at: tally.earliest_at,
        latest_at: tally.latest_at,
        kinds: tally.kinds,
        ..Report::blank()
    }
}

fn check_origins(walk: &mut Verifier, head: Option<&Opened>) {
    let expected = head.map(|head| &head.checkpoint).or(walk.saved.first()).map(|c| c.origin().to_owned());
    let Some(expected) = expected else { return };
    if let Some(other) = walk.saved.iter().find(|saved| saved.origin() != expected) {
        let found = other.origin().to_owned();
        walk.tally.note(Finding::WrongOrigin { expected, found });
    }
}

/// Whether the head is over exactly these receipts.
fn check_head(walk: &mut Verifier, head: &Opened, last: u64) -> bool {
    let size = head.checkpoint.size();
    if size > last && size - last <= walk.lost {
        // The last lines could not be read; they are named already.
    } else if size > last {
        walk.tally.note(Finding::Truncated { last, size, saved: false });
    } else if size < last {
        walk.tally.note(Finding::Unsigned { from: size + 1, to: last });
    } else if !walk.broken && *head.checkpoint.root() != walk.frontier.root() {
        walk.tally.note(Finding::RootDiffers { from: walk.anchored + 1, to: size });
    } else {
        return !walk.broken;
    }
    false
}

fn describe(report: &mut Report, agrees: bool, (first, last): (u64, u64), pinned: bool) {
    let (clean, anchored) = (report.findings.is_empty(), report.anchored);
    if clean && report.receipts == 0 {
        report.proven.push("there is no receipt to read, and none is out of place".to_owned());
    } else if clean {
        report.proven.push(format!(
            "{} receipts were read; their numbers run from {first} to {last} without gap, repetition or change of order",
            report.receipts
        ));
    }
    let altered = report.findings.iter().any(|f| matches!(f, Finding::Altered { .. }));
    let but = match (altered, report.found > report.findings.len() as u64) {
        (false, false) => "",
        (true, false) => "apart from the receipts named as altered, ",
        (_, true) => "apart from the altered receipts, of which not all are named here, ",
    };
    if agrees {
        let with = if first > FIRST_SEQ { "with the unread ones before them, " } else { "" };
        let key = if pinned { "the pinned key" } else { "the key that came with them" };
        report.proven.push(format!(
            "{but}{with}these are exactly the {last} receipts over which {key} signed the head: since then none was changed, added or taken"
        ));
    }
    if anchored > 0 {
        report.proven.push(format!(
            "{but}{} receipts 1 to {anchored} are exactly those of the checkpoint of size {anchored} that was saved outside",
            if first > FIRST_SEQ { "by their leaf hashes," } else { "the" }
        ));
    }
    if agrees && anchored < last {
        report.not_proven.push(format!(
            "that receipts {} to {last} were never rewritten or cut off: someone with the signing key could do it, because no checkpoint saved outside covers them",
            anchored + 1
        ));
    }
    if !agrees && (anchored < last || !clean) {
        report.not_proven.push(format!("that receipts {} to the end are what was recorded", anchored + 1));
    }
    limits(report);
}
