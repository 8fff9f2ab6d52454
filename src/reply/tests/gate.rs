//! The gate: each condition alone keeps a decision from being made, and who is not proven hears nothing.

use crate::reply::authenticity::{Authentic, Checker, Records, Server, Trust, Unproven, prove};
use crate::reply::{
    Asked, Bound, Decided, Decision, Given, Judgement, Key, Kind, Letter, MAX_TRIES, Part, Place, Reason, Shown,
    Standing, Token, Words, answer, judge, sub_address, subject_mark,
};
use jiff::Timestamp;

const OPEN: Standing<'static> = Standing::Open { revision: "d1" };

fn key() -> Key {
    Key::new(&[7; 32])
}

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(second).unwrap_or_default()
}

fn bound() -> Bound<'static> {
    Bound { brief: "b_1", revision: "d1", reviewer: "u_ada", plan: "" }
}

fn given(by: &Key) -> Given {
    Given { token: by.mint(&bound(), at(2_000)), place: Place::To }
}

/// Ada, proven by a server's word.
fn ada() -> Authentic {
    let raw =
        b"Authentication-Results: mx.ours; dmarc=pass header.from=example.com\r\nFrom: Ada <ada@example.com>\r\n\r\nx";
    let trust = Trust { servers: vec![Server { id: "mx.ours".to_owned(), hosts: Vec::new() }], forwarders: Vec::new() };
    let checker = Checker::new().unwrap_or_else(|error| panic!("{error}"));
    prove(&checker, raw, &Records::new(), &trust).unwrap_or_else(|error| panic!("{error}"))
}

fn shown(text: &str) -> Shown<'_> {
    Shown { text: Some(Part { visible: text, certain: true, source: text }), html: None, sent: None }
}

/// What the outcome of a judgement is called: the code of a refusal, and whether it is answered.
fn outcome(judgement: &Judgement<'_>) -> String {
    let code = |text: String| text.rsplit_once("(OP-").map(|(_, code)| code.trim_end_matches(')').to_owned());
    match judgement {
        Judgement::Decide(candidate) => candidate.decision().kind().to_string(),
        Judgement::Unclear { why, .. } => format!("unclear {}", code(why.to_string()).unwrap_or_default()),
        Judgement::Late(decided) => format!("late {}", decided.what),
        Judgement::Refused { reason, answerable } => {
            let heard = if *answerable { "told" } else { "unheard" };
            format!("{} {heard}", code(reason.to_string()).unwrap_or_default())
        }
        Judgement::Silent(reason) => format!("{} silent", code(reason.to_string()).unwrap_or_default()),
    }
}

/// Judges a text with everything in order but what `spoil` spoils.
fn judged(text: &str, spoil: impl FnOnce(&mut Letter<'_>, &mut Asked<'_>)) -> String {
    let (given, sender, addresses) = (given(&key()), ada(), ["Ada@Example.com".to_owned()]);
    let mut letter = Letter {
        given: Some(&given),
        sender: Ok(&sender),
        automatic: None,
        shown: shown(text),
        received: at(1_000),
        tries: 0,
    };
    let mut asked = Asked { bound: bound(), addresses: &addresses, allowed: true, used: false, standing: OPEN };
    spoil(&mut letter, &mut asked);
    outcome(&judge(&letter, Some(&asked), &key(), &Words::default()))
}

#[test]
fn with_every_condition_it_decides() {
    let (given, sender, addresses) = (given(&key()), ada(), ["ada@example.com".to_owned()]);
    let text = "Approve.\n\nThanks,\nAda";
    let (received, shown) = (at(1_000), shown(text));
    let letter = Letter { given: Some(&given), sender: Ok(&sender), automatic: None, shown, received, tries: 0 };
    let asked = Asked { bound: bound(), addresses: &addresses, allowed: true, used: false, standing: OPEN };
    let Judgement::Decide(candidate) = judge(&letter, Some(&asked), &key(), &Words::default()) else {
        panic!("no decision")
    };
    assert_eq!(candidate.decision(), &Decision::Approve);
    let checked = candidate.checked();
    assert_eq!((checked.brief(), checked.revision(), checked.reviewer()), ("b_1", "d1", "u_ada"));
    assert_eq!((checked.expires(), checked.name()), (at(2_000), given.token.name().as_str()));
    assert_eq!(candidate.sender().address(), "ada@example.com");
}

#[test]
fn each_condition_alone_keeps_it_from_deciding() {
    let said = |spoil: fn(&mut Letter<'_>, &mut Asked<'_>)| judged("approve", spoil);
    assert_eq!(said(|_, _| {}), "approve");
    assert_eq!(said(|_, asked| asked.allowed = false), "2821 told");
    assert_eq!(said(|_, asked| asked.used = true), "2813 told");
    assert_eq!(said(|letter, _| letter.received = at(2_000)), "2812 told");
    assert_eq!(said(|_, asked| asked.standing = Standing::Open { revision: "d2" }), "2822 told");
    assert_eq!(said(|_, asked| asked.standing = Standing::Busy { what: "a new attempt is drafted" }), "2823 told");
    assert_eq!(said(|_, asked| asked.bound.brief = "b_2"), "2811 unheard");
    assert_eq!(said(|_, asked| asked.bound.revision = "d2"), "2811 unheard");
    assert_eq!(said(|_, asked| asked.bound.reviewer = "u_bo"), "2811 unheard");
    assert_eq!(said(|_, asked| asked.addresses = &[]), "2818 unheard");
    assert_eq!(said(|letter, _| letter.tries = MAX_TRIES), "2820 unheard");
    assert_eq!(said(|letter, _| letter.sender = Err(&Unproven::NoAuthor)), "2814 unheard");
    assert_eq!(said(|letter, _| letter.given = None), "2810 silent");
    assert_eq!(said(|letter, _| letter.automatic = Some("Auto-Submitted")), "2819 silent");
    let foreign = given(&Key::new(&[8; 32]));
    let sender = ada();
    let (received, shown) = (at(1_000), shown("approve"));
    let letter = Letter { given: Some(&foreign), sender: Ok(&sender), automatic: None, shown, received, tries: 0 };
    let addresses = ["ada@example.com".to_owned()];
    let asked = Asked { bound: bound(), addresses: &addresses, allowed: true, used: false, standing: OPEN };
    assert_eq!(outcome(&judge(&letter, Some(&asked), &key(), &Words::default())), "2811 unheard");
    assert_eq!(outcome(&judge(&letter, None, &key(), &Words::default())), "2811 unheard");
}

#[test]
fn what_is_written_decides_last() {
    assert_eq!(judged("ok, go ahead", |_, _| {}), "unclear 2802");
    assert_eq!(judged("", |_, _| {}), "unclear 2801");
    assert_eq!(judged("approve\n\nbut not before Friday", |_, _| {}), "unclear 2803");
    assert_eq!(judged("minor", |_, _| {}), "unclear 2806");
    assert_eq!(judged(&format!("minor: {}", "x".repeat(10_001)), |_, _| {}), "unclear 2807");
    assert_eq!(judged("edit\nplease do", |_, _| {}), "unclear 2808");
    assert_eq!(judged("MAJOR: other prices, please", |_, _| {}), "major");
    assert_eq!(judged("edit\npriority.score: 70", |_, _| {}), "edit");
    let uncertain = |letter: &mut Letter<'_>, _: &mut Asked<'_>| {
        letter.shown.text = Some(Part { visible: "approve", certain: false, source: "approve" });
    };
    assert_eq!(judged("approve", uncertain), "unclear 2809");
}

#[test]
fn parts_that_differ_decide_nothing() {
    let with = |html: &str, source: &str| {
        let html = Some(Part { visible: html, certain: true, source });
        let text = Some(Part { visible: "approve", certain: true, source: "approve" });
        crate::reply::read(&Shown { text, html, sent: None }, &Words::default()).map_or_else(
            |why| why.to_string().rsplit_once("(OP-").map(|(_, code)| code.to_owned()).unwrap_or_default(),
            |decision| decision.kind().to_string(),
        )
    };
    assert_eq!(with("Approve", "<p>Approve</p>"), "approve");
    assert_eq!(with("reject", "<p>reject</p>"), "2804)");
    assert_eq!(with("", "<p></p>"), "2804)");
    assert_eq!(with("approve\nnot", "<p>approve</p><p>not</p>"), "2804)");
    assert_eq!(with("approve", "<p>approve</p><p style='display:none'>reject</p>"), "2805)");
}

#[test]
fn answers_say_what_was_understood_and_how_to_decide() {
    let words = Words::of(["de"]).unwrap_or_default();
    let told = |judgement: &Judgement<'_>| {
        answer::to(judgement, "Quote for 40 seats", &words).map(|answer| answer.text()).unwrap_or_default()
    };
    let why = crate::reply::Unclear::Contradiction { kind: Kind::Approve, line: "but later".to_owned() };
    let text = told(&Judgement::Unclear { understood: why.understood(), why });
    assert!(text.contains("`but later`") && text.contains("you may mean `approve`") && text.contains("\"genehmigt\""));
    let text = told(&Judgement::Late(Decided { by: "Bo", what: "rejected", at: at(900) }));
    assert!(text.contains("was rejected by Bo") && text.contains("1970-01-01 at 00:15 UTC"), "{text}");
    assert!(told(&Judgement::Refused { reason: Reason::Moved, answerable: true }).contains("OP-2822"));
    assert_eq!(told(&Judgement::Refused { reason: Reason::WrongSecret, answerable: false }), "");
    assert_eq!(told(&Judgement::Silent(Reason::NoSecret)), "");
    // Whoever quotes what we wrote without marks decides nothing.
    let all = format!("{}\n{}", answer::how(&words), text);
    assert!(all.lines().all(|line| words.exactly(line.trim()).is_none()));
    assert_eq!(judged(&all, |_, _| {}), "unclear 2802");
}

#[test]
fn secrets_travel_in_addresses_and_subjects() {
    let token = key().mint(&bound(), at(2_000));
    let address = sub_address("intake@example.com", &token).unwrap_or_default();
    for text in [
        address.to_uppercase(),
        format!("Re: {} Quote", subject_mark(&token)),
        format!("<{}.1@ops.example.com>", token.letters()),
    ] {
        assert_eq!(Token::find(&text).next(), Some(token.clone()), "{text}");
    }
    assert_eq!(Token::find(&format!("x{}", token.letters())).next(), None);
    assert_eq!(sub_address("a-very-long-mailbox-name-indeed@example.com", &token), None);
    assert!(!format!("{token:?}{:?}", key()).contains(token.letters()));
}
