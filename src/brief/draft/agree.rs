//! What one brief says in its parts must not contradict itself: score, status, actions and summary rest on the same facts.

use super::tests::make;
use super::*;
use crate::brief::quality::priority_cases;
use crate::brief::{Band, RiskKind, Status};

/// Everything a brief says beside quotations.
fn said(content: &Content) -> String {
    let mut said = format!("{}\n{}\n", content.workflow_summary.text, content.recommended_status.reason);
    for text in content.priority.reasons.iter().map(|reason| &reason.text) {
        said.push_str(text);
        said.push('\n');
    }
    for text in content.next_actions.iter().map(|action| &action.text) {
        said.push_str(text);
        said.push('\n');
    }
    said
}

/// What no brief may say of a request that presses.
const AT_LEISURE: &[&str] = &["in turn", "asks for nothing", "no answer is expected", "file it", "nothing waits"];
/// What no brief may say of a request worth nothing.
const FAULTS: &[&str] = &["A fault is named", "Something does not work"];

#[test]
fn nothing_urgent_can_wait_and_no_fault_is_worth_nothing() {
    let (mut pressing, mut faults) = (0, 0);
    for case in priority_cases() {
        let (subject, body) = (case["subject"].as_str().unwrap(), case["body"].as_str().unwrap());
        let text = format!("{subject}\n\n{body}\n\nid: {}", case["id"].as_str().unwrap());
        let content = make(&text, Some(subject), &[]);
        let said = said(&content);
        let score = content.priority.score.get();
        if content.priority.band >= Band::High {
            pressing += 1;
            assert!(!AT_LEISURE.iter().any(|words| said.contains(words)), "{score}\n{said}\n{text}");
            assert!(!content.priority.reasons.is_empty(), "{score}\n{text}");
        }
        if FAULTS.iter().any(|words| said.contains(words)) {
            faults += 1;
            assert!(score >= 10, "{score}\n{said}\n{text}");
        }
    }
    assert!(pressing > 50 && faults > 200, "{pressing} {faults}");
}

#[test]
fn the_model_names_itself_and_what_weighed_most() {
    let text = "Release hadoop 3.3.5\n\nReleasing 3.3.5 needs the corrupted blocks in the NameNode deadlock fixed, which is a blocker for the release.";
    let content = make(text, Some("Release hadoop 3.3.5"), &[]);
    let reason = content.priority.reasons.iter().find(|reason| reason.text.contains("learnt from many of them"));
    let reason = reason.unwrap_or_else(|| panic!("{:?}", content.priority));
    assert_eq!(reason.quotes.len(), 1, "{reason:?}");
    assert!(reason.text.contains(&cite(reason.quotes[0].of(text).unwrap(), 60)), "{reason:?}");
    // What is not English is not judged by it.
    let german = "NullPointerException in AbfsInputStream.readRemote: Der Dienst stürzt nach dem Start ab, bitte beheben Sie den Fehler in der neuen Version.";
    let content = make(german, None, &[]);
    assert!(content.workflow_summary.text.contains("German"), "{:?}", content.workflow_summary);
    assert!(!said(&content).contains("learnt from"), "{:?}", content.priority);
}

#[test]
fn who_says_that_it_can_wait_is_believed_and_danger_is_no_notice() {
    let text = "Release hadoop 3.3.5 blocker: DataNode deadlock in the NameNode, data corruption in FSImage. No rush.";
    let content = make(text, Some("Release"), &[]);
    assert!(content.priority.band <= Band::Normal, "{:?}", content.priority);
    let danger = make("For your information: there is a gas leak in the hall.", None, &[]);
    assert!(danger.risk.factors.iter().any(|factor| factor.kind == RiskKind::Safety));
    assert!(!AT_LEISURE.iter().any(|words| said(&danger).contains(words)), "{}", said(&danger));
    let court = make("For your information: the court has confirmed our claim.", None, &[]);
    assert_eq!(court.recommended_status.status, Status::Escalate);
    assert!(!said(&court).contains("no answer is expected"), "{}", said(&court));
}

#[test]
fn what_leaves_something_open_cannot_be_answered_with_what_it_says() {
    let mut open = 0;
    for text in [
        "Could you deliver the parts by 03/04/2027?",
        "Hello, how much does it cost to have the boiler looked at?",
        "Please resend the invoice.",
        "Could you tell me your opening hours?",
        "Please find attached the list; which of them do you have?",
    ] {
        let content = make(text, None, &[]);
        let reason = &content.recommended_status.reason;
        open += usize::from(
            !content.missing_information.is_empty() && content.recommended_status.status == Status::RespondNow,
        );
        assert!(content.missing_information.is_empty() || !reason.contains("with what it says"), "{text}\n{reason}");
    }
    assert!(open > 0);
}
