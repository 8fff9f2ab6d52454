//! Letters and answers: queued once, intent before outcome, nothing repeated of which nobody knows; an answer decides once.

use super::fixture::{Fixture, is_stale};
use super::on_both;
use super::samples::{decide, in_review, node, permit};
use crate::domain::id::{LetterId, ReplyId, UserId};
use crate::domain::review::ReviewState;
use crate::policy::{Action, Kind};
use crate::store::{
    AddPerson, Aside, AsideState, Bounce, ByMail, Caps, ClaimLetter, ClaimedLetter, ClaimedRun, KeepReply, LeaveDigest,
    LetterFilter, LetterRow, NewLetter, QueueLetters, Returned, Right, RuleLetter, Ruling, Sent, SetDigest,
    SettleLetter, SettleReply, StoreError, TakeSource, Yielded,
};

on_both!(
    a_letter_is_queued_once,
    a_letter_goes_down_with_the_place_in_the_log_or_not_at_all,
    intent_comes_before_outcome_and_a_dead_sender_leaves_it_uncertain,
    what_was_not_taken_waits_and_what_is_refused_stays,
    limits_hold_in_the_transaction_that_lets_a_letter_go,
    letters_of_a_thread_name_the_earlier_ones,
    a_person_says_what_became_of_an_uncertain_letter,
    a_person_sends_again_what_did_not_arrive,
    a_report_of_failure_finds_its_letter_by_its_identifier,
    an_answer_decides_once,
    an_answer_is_settled_once_with_its_letter,
    a_copy_of_an_answer_is_kept_while_the_others_came_to_nothing,
    digests_are_left_by_mail_once_for_each_secret_and_come_back_by_permit,
);

const CAPS: Caps = Caps { thread: 10, person: 20, day: 30 };

pub(super) fn letter(on: &Fixture, run: &ClaimedRun, about: &str) -> NewLetter {
    NewLetter {
        id: LetterId::new(on.now(), on.store.chance()),
        kind: "brief",
        brief: Some(run.brief()),
        revision: 1,
        about: about.into(),
        pilot: "north".into(),
        tenant: "acme".into(),
        person: "usr_ada".into(),
        name: "ada".into(),
        address: "ada@example.com".into(),
        message_id: format!("{}.{about}@ops.example", run.brief()),
        answers: None,
        thread: Vec::new(),
        subject: "Brief".into(),
        text: "What it says.".into(),
        html: "<p>What it says.</p>".into(),
        digest: "seen".into(),
        plan: "planned".into(),
        token: Some(format!("secret {} {about}", run.brief())),
        expires_at: on.in_secs(3600),
        at: on.now(),
    }
}

pub(super) async fn queue(on: &Fixture, letters: Vec<NewLetter>) -> u32 {
    on.store.queue_letters(QueueLetters { letters, read: None, at: on.now() }).await.unwrap()
}

async fn claim(on: &Fixture, caps: Caps) -> ClaimedLetter {
    on.store.claim_letter(ClaimLetter { node: node(on), until: on.in_secs(60), caps, at: on.now() }).await.unwrap()
}

pub(super) async fn claimed(on: &Fixture) -> LetterRow {
    match claim(on, CAPS).await {
        ClaimedLetter::Letter(letter) => *letter,
        other => panic!("no letter: {other:?}"),
    }
}

async fn settle(on: &Fixture, letter: &LetterRow, sent: Sent) -> Result<(), crate::store::StoreError> {
    on.store.settle_letter(SettleLetter { id: letter.id.clone(), attempt: letter.attempt, sent, at: on.now() }).await
}

async fn all(on: &Fixture) -> Vec<LetterRow> {
    on.store.letters(&LetterFilter { limit: 100, ..LetterFilter::default() }).await.unwrap().items
}

async fn a_letter_is_queued_once(on: &Fixture) {
    let run = in_review(on, "k1").await;
    assert_eq!(queue(on, vec![letter(on, &run, ""), letter(on, &run, "")]).await, 1);
    assert_eq!(queue(on, vec![letter(on, &run, "")]).await, 0);
    let found = all(on).await;
    assert_eq!(
        (found.len(), found[0].text.as_str(), found[0].html.as_str()),
        (1, "What it says.", "<p>What it says.</p>")
    );
    assert_eq!((found[0].state.as_str(), found[0].person.as_str()), ("waiting", "usr_ada"));
    let asking = on.store.letter_asking(&format!("secret {} ", run.brief())).await.unwrap().unwrap();
    assert_eq!((asking.digest.as_str(), asking.brief), ("seen", Some(run.brief())));
    assert_eq!(on.verify().await["letter.queued"], 1);
}

async fn a_letter_goes_down_with_the_place_in_the_log_or_not_at_all(on: &Fixture) {
    let run = in_review(on, "k1").await;
    let (mine, other) = (node(on), node(on));
    let take = |node: &crate::domain::id::NodeId, at| TakeSource {
        source: ":letters".into(),
        node: node.clone(),
        until: on.in_secs(30),
        proven: None,
        at,
    };
    assert!(on.store.take_source(take(&mine, on.now())).await.unwrap().is_some());
    let read =
        |node: &crate::domain::id::NodeId, place: &str| Some((":letters".to_owned(), node.clone(), place.to_owned()));
    let queue = |read| on.store.queue_letters(QueueLetters { letters: vec![letter(on, &run, "")], read, at: on.now() });
    assert!(is_stale(&queue(read(&other, "7")).await));
    assert!(all(on).await.is_empty(), "who does not hold the log queues nothing");
    assert_eq!(queue(read(&mine, "7")).await.unwrap(), 1);
    let taken = on.store.take_source(take(&mine, on.now())).await.unwrap().unwrap();
    assert_eq!(taken.cursor.as_deref(), Some("7"));
}

async fn intent_comes_before_outcome_and_a_dead_sender_leaves_it_uncertain(on: &Fixture) {
    let run = in_review(on, "k1").await;
    queue(on, vec![letter(on, &run, "")]).await;
    assert!(on.store.is_letter_due(on.now()).await.unwrap());
    let first = claimed(on).await;
    assert_eq!((first.attempt, all(on).await[0].state.as_str()), (1, "sending"));
    assert!(matches!(claim(on, CAPS).await, ClaimedLetter::None), "nobody else takes it");
    assert_eq!(on.store.rescue_letters(false).await.unwrap(), 0, "its sender may live");
    on.clock.turn(61);
    assert_eq!(on.store.rescue_letters(false).await.unwrap(), 1);
    let found = all(on).await;
    assert_eq!((found[0].state.as_str(), found[0].code.as_deref()), ("uncertain", Some("OP-2721")));
    on.clock.turn(100_000);
    assert!(matches!(claim(on, CAPS).await, ClaimedLetter::None), "it is never sent again by itself");
    // The sender was only slow, and knows better.
    settle(on, &first, Sent::Accepted { response: "250 ok".into() }).await.unwrap();
    assert_eq!(all(on).await[0].state, "sent");
    assert!(is_stale(&settle(on, &first, Sent::Accepted { response: "250 ok".into() }).await));
    on.store
        .bounce(Bounce { token: format!("secret {} ", run.brief()), message: "no such user".into(), at: on.now() })
        .await
        .unwrap();
    assert_eq!(
        (all(on).await[0].state.as_str(), on.store.letters_aside().await.unwrap()),
        ("bounced", vec![("bounced".into(), 1)])
    );
    let kinds = on.verify().await;
    assert_eq!((kinds["letter.uncertain"], kinds["letter.sent"], kinds["letter.bounced"]), (1, 1, 1));
}

async fn what_was_not_taken_waits_and_what_is_refused_stays(on: &Fixture) {
    let run = in_review(on, "k1").await;
    queue(on, vec![letter(on, &run, "")]).await;
    let first = claimed(on).await;
    let (code, message) = ("OP-2704".to_owned(), "450 later".to_owned());
    settle(on, &first, Sent::Later { due: on.in_secs(30), code, message }).await.unwrap();
    assert!(!on.store.is_letter_due(on.now()).await.unwrap());
    on.clock.turn(31);
    let second = claimed(on).await;
    assert_eq!((second.attempt, &second.message_id, second.created_at), (2, &first.message_id, first.created_at));
    assert!(
        is_stale(&settle(on, &first, Sent::Accepted { response: String::new() }).await),
        "that was another attempt"
    );
    settle(on, &second, Sent::Refused { code: "OP-2705".into(), message: "550 no".into() }).await.unwrap();
    on.clock.turn(100_000);
    assert!(matches!(claim(on, CAPS).await, ClaimedLetter::None));
    assert_eq!((all(on).await[0].state.as_str(), all(on).await[0].message.as_deref()), ("refused", Some("550 no")));
}

async fn limits_hold_in_the_transaction_that_lets_a_letter_go(on: &Fixture) {
    let (one, two) = (in_review(on, "k1").await, in_review(on, "k2").await);
    let caps = Caps { thread: 2, person: 3, day: 30 };
    let letters = ["a", "b", "c"].map(|about| letter(on, &one, about));
    queue(on, letters.into_iter().chain(["a", "b"].map(|about| letter(on, &two, about))).collect()).await;
    let mut outcomes = Vec::new();
    for _ in 0..6 {
        outcomes.push(match claim(on, caps).await {
            ClaimedLetter::None => "none",
            ClaimedLetter::Capped => "capped",
            ClaimedLetter::Letter(_) => "sent",
        });
    }
    assert_eq!(outcomes.iter().filter(|outcome| **outcome == "sent").count(), 3, "{outcomes:?}");
    assert_eq!(outcomes.last(), Some(&"none"));
    assert_eq!(on.store.letters_aside().await.unwrap(), [("capped".into(), 2)]);
    // A day later there is room again, for new ones.
    on.clock.turn(86_401);
    queue(on, vec![letter(on, &two, "d")]).await;
    assert!(matches!(claim(on, caps).await, ClaimedLetter::Letter(_)));
}

fn rule(on: &Fixture, letter: &LetterRow, ruling: Ruling, address: &str) -> RuleLetter {
    let action = if ruling == Ruling::Again { Action::LetterResend } else { Action::LetterSettle };
    let permit = permit(action, Kind::Pilot, "north");
    let (id, address, person) = (letter.id.clone(), address.to_owned(), "usr_ada".to_owned());
    RuleLetter { id, ruling, address, person, permit, at: on.now() }
}

async fn a_person_says_what_became_of_an_uncertain_letter(on: &Fixture) {
    let run = in_review(on, "k1").await;
    queue(on, vec![letter(on, &run, "a"), letter(on, &run, "b")]).await;
    let (one, two) = (claimed(on).await, claimed(on).await);
    let early = on.store.rule_letter(rule(on, &one, Ruling::Went, "x@y.example")).await;
    assert!(matches!(early, Err(StoreError::Conflict { .. })), "it is being sent: {early:?}");
    on.clock.turn(61);
    on.store.rescue_letters(false).await.unwrap();
    assert_eq!(on.store.letters_aside().await.unwrap(), [("uncertain".into(), 2)]);
    on.store.rule_letter(rule(on, &one, Ruling::Went, "x@y.example")).await.unwrap();
    let settled = on.store.letter(&one.id).await.unwrap();
    assert_eq!((settled.state.as_str(), settled.code, settled.address.as_str()), ("sent", None, "ada@example.com"));
    let twice = on.store.rule_letter(rule(on, &one, Ruling::DidNotGo, "x@y.example")).await;
    assert!(matches!(&twice, Err(StoreError::Conflict { what }) if what.contains("is sent")), "{twice:?}");
    assert!(matches!(claim(on, CAPS).await, ClaimedLetter::None), "it went");
    on.store.rule_letter(rule(on, &two, Ruling::DidNotGo, "ada@new.example")).await.unwrap();
    let again = claimed(on).await;
    assert_eq!((&again.id, again.attempt, &again.message_id), (&two.id, 2, &two.message_id), "the same letter");
    assert_eq!(again.address, "ada@new.example");
    let late = settle(on, &two, Sent::Accepted { response: "250 ok".into() }).await;
    assert!(is_stale(&late), "the attempt that was given up says nothing any more");
    assert!(on.store.letters_aside().await.unwrap().is_empty());
    let nobody = LetterRow { id: LetterId::new(on.now(), on.store.chance()), ..again };
    let missing = on.store.rule_letter(rule(on, &nobody, Ruling::Went, "")).await;
    assert!(matches!(missing, Err(StoreError::NotFound { .. })), "{missing:?}");
    let kinds = on.verify().await;
    assert_eq!((kinds["letter.settled"], kinds.get("letter.resent")), (2, None));
}

async fn a_person_sends_again_what_did_not_arrive(on: &Fixture) {
    let (run, other) = (in_review(on, "k1").await, in_review(on, "k2").await);
    let caps = Caps { thread: 1, person: 20, day: 30 };
    for (run, about) in [(&run, "a"), (&run, "b"), (&other, "c")] {
        queue(on, vec![letter(on, run, about)]).await;
        on.clock.turn(1);
    }
    let ClaimedLetter::Letter(refused) = claim(on, caps).await else { panic!() };
    settle(on, &refused, Sent::Refused { code: "OP-2705".into(), message: "550 no".into() }).await.unwrap();
    assert!(matches!(claim(on, caps).await, ClaimedLetter::Capped));
    let capped = all(on).await.into_iter().find(|letter| letter.state == "capped").unwrap();
    let ClaimedLetter::Letter(bounced) = claim(on, caps).await else { panic!() };
    settle(on, &bounced, Sent::Accepted { response: "250 ok".into() }).await.unwrap();
    let again = on.store.rule_letter(rule(on, &bounced, Ruling::Again, "ada@example.com")).await;
    assert!(matches!(again, Err(StoreError::Conflict { .. })), "it went");
    let token = format!("secret {} c", other.brief());
    on.store.bounce(Bounce { token, message: "no such user".into(), at: on.now() }).await.unwrap();
    let aside = [("bounced".to_owned(), 1), ("capped".to_owned(), 1), ("refused".to_owned(), 1)];
    assert_eq!(on.store.letters_aside().await.unwrap(), aside);
    on.store.rule_letter(rule(on, &capped, Ruling::Again, "ada@example.com")).await.unwrap();
    assert!(matches!(claim(on, caps).await, ClaimedLetter::Capped), "the limit holds for people too");
    // A day later there is room for one letter of the thread, tried before or not.
    on.clock.turn(86_401);
    for letter in [&capped, &refused] {
        on.store.rule_letter(rule(on, letter, Ruling::Again, "ada@new.example")).await.unwrap();
        on.clock.turn(1);
    }
    let ClaimedLetter::Letter(first) = claim(on, caps).await else { panic!("there is room") };
    assert!(matches!(claim(on, caps).await, ClaimedLetter::Capped), "and for no second one");
    assert_eq!(first.address, "ada@new.example");
    on.store.rule_letter(rule(on, &bounced, Ruling::Again, "ada@example.com")).await.unwrap();
    let ClaimedLetter::Letter(again) = claim(on, caps).await else { panic!("another thread") };
    assert_eq!((again.attempt, &again.message_id), (2, &bounced.message_id));
    on.store.decide(decide(on, &run.brief(), 1, "usr_ada", "reject")).await.unwrap();
    assert!(on.store.letters_aside().await.unwrap().is_empty(), "nobody waits for letters about what is decided");
    assert_eq!(on.verify().await["letter.resent"], 4);
}

async fn a_report_of_failure_finds_its_letter_by_its_identifier(on: &Fixture) {
    let run = in_review(on, "k1").await;
    for about in ["a", "b"] {
        queue(on, vec![NewLetter { token: None, ..letter(on, &run, about) }]).await;
        on.clock.turn(1);
    }
    let sent = claimed(on).await;
    settle(on, &sent, Sent::Accepted { response: "250 ok".into() }).await.unwrap();
    let waiting = all(on).await.into_iter().find(|letter| letter.state == "waiting").unwrap();
    let reader = super::source::take(on, "mail", &node(on)).await;
    let ids = vec!["nobody@else.example".to_owned(), waiting.message_id.clone(), sent.message_id.clone()];
    let item = |key: &str| Aside {
        returned: Some(Returned { ids: ids.clone(), said: "5.1.1 no such user".into() }),
        ..super::source::aside(on, key, AsideState::Ignored)
    };
    // The same report twice: from the same place, and from another.
    for key in ["k1", "k1", "k2"] {
        on.store.take_in(Yielded { asides: vec![item(key)], ..super::source::batch(on, &reader) }).await.unwrap();
    }
    let found = on.store.letter(&sent.id).await.unwrap();
    let (code, said) = (found.code.as_deref(), found.message.as_deref());
    assert_eq!((found.state.as_str(), code, said), ("bounced", Some("OP-2723"), Some("5.1.1 no such user")));
    assert_eq!(on.store.letter(&waiting.id).await.unwrap().state, "waiting", "what was never sent cannot come back");
    assert_eq!(on.verify().await["letter.bounced"], 1);
}

async fn letters_of_a_thread_name_the_earlier_ones(on: &Fixture) {
    let run = in_review(on, "k1").await;
    queue(on, vec![letter(on, &run, "")]).await;
    on.clock.turn(1);
    queue(on, vec![letter(on, &run, "dec_1")]).await;
    let found = all(on).await;
    assert_eq!(
        (found[0].about.as_str(), found[0].thread.as_slice()),
        ("dec_1", [found[1].message_id.clone()].as_slice())
    );
    assert!(found[1].thread.is_empty());
}

pub(super) async fn kept(on: &Fixture, key: &str, token: &str) -> ReplyId {
    copied(on, key, token, b"From: ada@example.com\r\n\r\napprove").await
}

/// An answer of this key with these bytes; its name if it is new.
async fn copied(on: &Fixture, key: &str, token: &str, raw: &[u8]) -> ReplyId {
    let reader = node(on);
    let take =
        TakeSource { source: "mail".into(), node: reader.clone(), until: on.in_secs(30), proven: None, at: on.now() };
    on.clock.turn(31);
    assert!(on.store.take_source(TakeSource { at: on.now(), until: on.in_secs(30), ..take }).await.unwrap().is_some());
    let reply = KeepReply {
        id: ReplyId::new(on.now(), on.store.chance()),
        source: "mail".into(),
        dedup_key: key.into(),
        pilot: "north".into(),
        tenant: "acme".into(),
        raw: raw.to_vec(),
        token: token.into(),
        sender: "ada@example.com".into(),
        received_at: on.now(),
        at: on.now(),
    };
    let id = reply.id.clone();
    let batch = Yielded {
        source: "mail".into(),
        node: reader,
        cursor: Some(key.into()),
        accepts: Vec::new(),
        asides: Vec::new(),
        replies: vec![reply.clone(), reply],
        keep: None,
        proven: false,
        at: on.now(),
    };
    on.store.take_in(batch).await.unwrap();
    id
}

fn by(reply: &ReplyId, token: &str) -> Option<ByMail> {
    Some(ByMail { reply: reply.clone(), mail: "d1".into(), proof: "dmarc as found by mx".into(), token: token.into() })
}

async fn an_answer_decides_once(on: &Fixture) {
    let (one, two) = (in_review(on, "k1").await, in_review(on, "k2").await);
    let (first, again) = (kept(on, "m1", "t1").await, kept(on, "m2", "t1").await);
    let due = on.store.replies_due(on.now(), 10).await.unwrap();
    assert_eq!(due.iter().map(|reply| &reply.id).collect::<Vec<_>>(), [&first, &again], "kept once each, oldest first");
    let mut decision = decide(on, &one.brief(), 1, "usr_ada", "approve");
    decision.by_mail = by(&first, "t1");
    on.store.decide(decision).await.unwrap();
    assert!(on.store.is_used("t1").await.unwrap());
    // The same secret, and the same answer, on whatever brief: nothing.
    for (reply, token) in [(&again, "t1"), (&first, "t2")] {
        let mut decision = decide(on, &two.brief(), 1, "usr_ada", "approve");
        decision.by_mail = by(reply, token);
        assert!(is_stale(&on.store.decide(decision).await));
    }
    assert_eq!(on.store.brief(&two.brief()).await.unwrap().state, ReviewState::Open);
    let replies = on.store.replies(None, None, 10).await.unwrap().items;
    assert_eq!(replies.iter().map(|reply| reply.state.as_str()).collect::<Vec<_>>(), ["waiting", "decided"]);
    assert_eq!((&replies[1].brief, replies[1].proof.as_deref()), (&Some(one.brief()), Some("dmarc as found by mx")));
    let kinds = on.verify().await;
    assert_eq!((kinds["reply.kept"], kinds["brief.decided"]), (2, 1));
}

async fn an_answer_is_settled_once_with_its_letter(on: &Fixture) {
    let run = in_review(on, "k1").await;
    let id = kept(on, "m1", "t1").await;
    let settled = |state, due, letter| SettleReply {
        id: id.clone(),
        state,
        due,
        brief: Some(run.brief()),
        code: Some("OP-2811".into()),
        message: "no".into(),
        proof: None,
        letter,
        at: on.now(),
    };
    on.store.settle_reply(settled("waiting", Some(on.in_secs(30)), None)).await.unwrap();
    assert!(on.store.replies_due(on.now(), 10).await.unwrap().is_empty());
    assert_eq!(on.store.replies_due(on.in_secs(30), 10).await.unwrap()[0].attempt, 1);
    on.store.settle_reply(settled("answered", None, Some(letter(on, &run, id.as_str())))).await.unwrap();
    assert!(is_stale(&on.store.settle_reply(settled("answered", None, Some(letter(on, &run, "other")))).await));
    assert_eq!(all(on).await.len(), 1, "one letter for one answer");
    assert_eq!(
        on.store.wrong_secrets("ada@example.com", on.now() - jiff::SignedDuration::from_hours(1)).await.unwrap(),
        1
    );
    assert_eq!(on.verify().await["reply.answered"], 1);
}

async fn a_copy_of_an_answer_is_kept_while_the_others_came_to_nothing(on: &Fixture) {
    let run = in_review(on, "k1").await;
    queue(on, vec![NewLetter { token: Some("t1".into()), ..letter(on, &run, "") }]).await;
    let hour = jiff::SignedDuration::from_hours(1);
    let row = async |id: &ReplyId| {
        let found = on.store.replies(None, None, 50).await.unwrap().items;
        found.into_iter().find(|reply| reply.id == *id)
    };
    let settled = |id: &ReplyId, state: &'static str, code: &str| SettleReply {
        id: id.clone(),
        state,
        due: None,
        brief: Some(run.brief()),
        code: Some(code.into()),
        message: "no".into(),
        proof: None,
        letter: None,
        at: on.now(),
    };
    let forged = copied(on, "m1", "t1", b"DKIM-Signature: one").await;
    on.store.settle_reply(settled(&forged, "refused", "OP-2815")).await.unwrap();
    let again = copied(on, "m1", "t1", b"DKIM-Signature: one").await;
    assert_eq!(row(&again).await, None, "the same bytes are the same copy");
    let (second, third) =
        (copied(on, "m1", "t1", b"DKIM-Signature: two").await, copied(on, "m1", "t1", b"DKIM-Signature: three").await);
    on.store.settle_reply(settled(&second, "refused", "OP-2820")).await.unwrap();
    let third_row = row(&third).await.unwrap();
    assert!(!on.store.is_settled_copy(&third_row).await.unwrap());
    // What was not looked at is no doubt; neither is what was long ago.
    assert_eq!(on.store.doubts(&third_row, on.now() - hour).await.unwrap(), 1);
    assert_eq!(on.store.doubts(&third_row, on.now() + hour).await.unwrap(), 0);
    let fourth = copied(on, "m1", "t1", b"DKIM-Signature: four").await;
    on.store.settle_reply(settled(&third, "answered", "OP-2801")).await.unwrap();
    assert!(on.store.is_settled_copy(&row(&fourth).await.unwrap()).await.unwrap());
    assert!(!on.store.is_settled_copy(&row(&third).await.unwrap()).await.unwrap(), "it is what came to something");
    let late = copied(on, "m1", "t1", b"DKIM-Signature: five").await;
    assert_eq!(row(&late).await, None, "one of them was heard");
    // A flood of copies is none of answers.
    for number in 0..20 {
        copied(on, "m2", "t1", format!("DKIM-Signature: {number}").as_bytes()).await;
    }
    let all = on.store.replies(None, None, 50).await.unwrap().items;
    assert_eq!(all.iter().filter(|reply| reply.dedup_key.starts_with("m2")).count(), 8);
    assert_eq!(on.verify().await["reply.kept"], 4 + 8);
}

async fn digests_are_left_by_mail_once_for_each_secret_and_come_back_by_permit(on: &Fixture) {
    let person = UserId::new(on.now(), on.store.chance());
    let add = AddPerson {
        id: person.clone(),
        name: "ada".into(),
        emails: vec![],
        kind: "user",
        grants: vec![],
        actor: "opspilot".into(),
        right: Right::First,
        at: on.now(),
    };
    on.store.add_person(add).await.unwrap();
    let wants = || async { on.store.person("ada").await.unwrap().digest };
    assert!(wants().await, "until they say otherwise");
    let (first, again) = (kept(on, "m1", "t1").await, kept(on, "m2", "t1").await);
    let leave = |reply: &ReplyId, token: &str| {
        on.store.leave_digest(LeaveDigest { person: person.clone(), by: by(reply, token).unwrap(), at: on.now() })
    };
    leave(&first, "t1").await.unwrap();
    assert!(!wants().await);
    let set = |wanted| SetDigest {
        person: person.clone(),
        wanted,
        actor: "usr_ada".into(),
        permit: permit(Action::UserManage, Kind::User, person.as_str()),
        at: on.now(),
    };
    on.store.set_digest(set(true)).await.unwrap();
    // The same secret, and the same mail, do nothing any more.
    assert!(is_stale(&leave(&again, "t1").await) && is_stale(&leave(&first, "t2").await));
    assert!(wants().await);
    let states = on.store.replies(None, None, 10).await.unwrap().items;
    assert_eq!(states.iter().map(|reply| reply.state.as_str()).collect::<Vec<_>>(), ["waiting", "unsubscribed"]);
    on.store.set_digest(set(false)).await.unwrap();
    assert!(!wants().await);
    let stranger = SetDigest { person: UserId::new(on.now(), on.store.chance()), ..set(true) };
    assert!(matches!(on.store.set_digest(stranger).await, Err(StoreError::NotFound { .. })));
    assert_eq!(on.verify().await["user.digest"], 3);
}
