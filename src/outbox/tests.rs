//! Letters over real verbs of both databases, in a time that the test turns: what the rota says in receipts becomes a letter, once, and only
//! for people who are named. The mail server is no matter here: letters are looked at as they are queued.

use super::{Away, Options, Others, Outbox, Parts, SecretIn, reply_key, tend};
use crate::brief::{DraftInput, draft};
use crate::clock::Clock;
use crate::domain::id::{NodeId, UserId};
use crate::domain::pilot::{Pilot, Pilots};
use crate::plan::Planner;
use crate::policy::{Action, Kind};
use crate::receipt::{Body, Field};
use crate::reply::Words;
use crate::store::conformance::samples::{accept, advance, belongs, claim, decide, permit, review_of};
use crate::store::conformance::{Fixture, on_both};
use crate::store::{
    Act, AddPerson, Advance, Caps, ClaimedRun, Draft, FallDue, FireSlot, LetterFilter, LetterRow, NewReport, Nudge,
    Packed, Right, SetDigest, TakeSlot, Told, report_digest,
};
use futures_util::future::BoxFuture;
use jiff::SignedDuration;
use jiff::tz::TimeZone;
use opspilot_sdk::{Carrier, ConnectorError, Handover, Letter, Mailbox, sha256_hex};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

on_both!(
    a_reminder_is_a_letter_with_a_secret_of_its_own,
    whoever_is_no_reviewer_is_told_and_cannot_decide,
    what_is_decided_reminds_nobody,
    of_reminders_read_late_the_newest_is_sent,
    a_cover_gets_letters_while_somebody_is_away,
    a_report_goes_to_owner_and_reviewers_as_it_was_kept,
    a_digest_tells_what_waits_and_can_be_left,
    people_hear_of_their_own_budgets_once,
    people_hear_of_what_a_trigger_stopped_once_and_for_each_pause,
);

struct Nobody;

impl Carrier for Nobody {
    fn check(&self) -> BoxFuture<'_, Result<(), ConnectorError>> {
        Box::pin(async { Ok(()) })
    }

    fn deliver<'a>(&'a self, _: &'a Letter) -> BoxFuture<'a, Result<Handover, ConnectorError>> {
        Box::pin(async { panic!("nothing is sent here") })
    }
}

fn pilot() -> Pilot {
    Pilot {
        reviewers: vec!["ada".into(), "bob".into()],
        owner: "olga".into(),
        notify: vec!["ada".into()],
        reply_by_mail: true,
        ..Pilot::sample()
    }
}

/// An outbox as a daemon has it that has just started.
struct House {
    outbox: Outbox,
    reader: tend::Reader,
    node: NodeId,
}

impl House {
    fn new(on: &Fixture, pilot: Pilot, others: Others) -> Self {
        let options = Options {
            reply_address: Some("pilot@ops.example".into()),
            reply_mark: SecretIn::Address,
            reply_for: SignedDuration::from_hours(24 * 14),
            words: Words::of(["en"]).unwrap(),
            no_reply: Vec::new(),
            caps: Caps { thread: 50, person: 50, day: 50 },
            lease: Duration::from_secs(60),
            domain: "ops.example".into(),
            base_url: String::new(),
        };
        let outbox = Outbox::new(Parts {
            store: on.store.clone(),
            pilots: Pilots::new([pilot]),
            others: BTreeMap::from([("north".to_owned(), others)]),
            boundaries: Arc::default(),
            planner: Planner::default(),
            clock: Arc::clone(&on.clock) as Arc<dyn Clock>,
            carrier: Arc::new(Nobody),
            from: Mailbox { name: None, address: "pilot@ops.example".into() },
            options,
            key: reply_key("a key"),
            mark: "test.example".into(),
        });
        Self { outbox, reader: tend::Reader::default(), node: NodeId::new(on.now(), on.store.chance()) }
    }

    /// Reads on, and tells the letters that were not there before, oldest first.
    async fn told(&mut self, on: &Fixture) -> Vec<LetterRow> {
        let before: BTreeSet<String> = letters(on).await.into_iter().map(|letter| letter.id.to_string()).collect();
        self.outbox.tend(&mut self.reader, &self.node).await.unwrap();
        letters(on).await.into_iter().filter(|letter| !before.contains(letter.id.as_str())).collect()
    }
}

async fn letters(on: &Fixture) -> Vec<LetterRow> {
    let mut all = on.store.letters(&LetterFilter { limit: 200, ..LetterFilter::default() }).await.unwrap().items;
    all.reverse();
    all
}

fn whom(letters: &[LetterRow]) -> BTreeSet<(&str, &str)> {
    letters.iter().map(|letter| (letter.kind.as_str(), letter.name.as_str())).collect()
}

/// Its text as one line of small letters.
fn words(letter: &LetterRow) -> String {
    letter.text.to_lowercase().split_whitespace().collect::<Vec<_>>().join(" ")
}

async fn people(on: &Fixture) {
    for (index, name) in ["ada", "bob", "grace", "olga", "eve"].into_iter().enumerate() {
        let right = match index {
            0 => Right::First,
            _ => Right::Permit(permit(Action::UserManage, Kind::System, "opspilot")),
        };
        let add = AddPerson {
            id: UserId::new(on.now(), on.store.chance()),
            name: name.into(),
            emails: vec![format!("{name}@ops.example")],
            kind: "user",
            grants: vec![],
            actor: "usr_ada".into(),
            right,
            at: on.now(),
        };
        on.store.add_person(add).await.unwrap();
    }
}

async fn id_of(on: &Fixture, name: &str) -> String {
    on.store.person(name).await.unwrap().id.to_string()
}

/// A brief that waits, with content as the generator makes it.
async fn waiting(on: &Fixture, key: &str) -> ClaimedRun {
    let text = format!("Question {key}\n\nPlease send a quote for 20 chairs until Friday.");
    on.store.accept(accept(on, key, &text)).await.unwrap();
    let run = claim(on, &NodeId::new(on.now(), on.store.chance()), 1).await.pop().unwrap();
    let input = DraftInput {
        text: &text,
        subject: None,
        sender: None,
        organisation: None,
        language: "en",
        received_at: on.now(),
        time_zone: &TimeZone::UTC,
        attachments: &[],
        guidance: &[],
        owner: "olga",
    };
    let content = draft(&input).to_bytes();
    let act = Act::Draft(Draft {
        brief: run.brief(),
        number: 1,
        attempt: 1,
        digest: sha256_hex(&content),
        content: Packed::of(&content),
        generator: "{\"kind\":\"embedded\"}".into(),
        score: 50,
        risk: "low".into(),
    });
    let told = Told { kind: "brief.drafted", body: Body::of(&[("revision", Field::Int(1))]).unwrap() };
    on.store.advance(Advance { acts: vec![act], told, ..advance(on, &run, review_of(&run)) }).await.unwrap();
    run
}

async fn nudge(on: &Fixture, run: &ClaimedRun, name: &str, ordinal: u32) {
    let nudge = Nudge {
        brief: run.brief(),
        revision: 1,
        person: id_of(on, name).await,
        ordinal,
        due_at: on.now(),
        belongs: belongs(),
        at: on.now(),
    };
    assert!(on.store.nudge(nudge).await.unwrap());
}

fn late() -> Others {
    Others { escalate_to: vec!["grace".into(), "bob".into()], away: Vec::new() }
}

async fn a_reminder_is_a_letter_with_a_secret_of_its_own(on: &Fixture) {
    people(on).await;
    let mut house = House::new(on, pilot(), late());
    let run = waiting(on, "one").await;
    let first = house.told(on).await;
    assert_eq!(whom(&first), BTreeSet::from([("brief", "ada")]));
    // In the same second: even then its secret is another one. Bob is a reviewer whom the pilot does not tell by mail.
    nudge(on, &run, "ada", 1).await;
    nudge(on, &run, "bob", 1).await;
    let again = house.told(on).await;
    assert_eq!(whom(&again), BTreeSet::from([("reminder", "ada")]));
    let reminder = &again[0];
    assert!(reminder.subject.starts_with("Reminder: Question one"), "{}", reminder.subject);
    assert!(words(reminder).contains("answer this mail from your own address"), "{}", reminder.text);
    assert_eq!(reminder.thread, [first[0].message_id.clone()], "it stands in the thread of the first letter");
    assert_eq!(reminder.digest, first[0].digest, "an answer decides on exactly what was shown");
    let token = |letter| house.outbox.token(letter).unwrap();
    assert_ne!(token(&first[0]), token(reminder));
    let asked = on.store.letter_asking(&token(reminder).name()).await.unwrap().unwrap();
    assert_eq!((asked.id.clone(), asked.expires_at), (reminder.id.clone(), reminder.expires_at));
    assert!(reminder.expires_at >= on.now() + house.outbox.options().reply_for);
    // A daemon that comes after this one goes on where it ended.
    on.clock.turn(61);
    assert!(House::new(on, pilot(), late()).told(on).await.is_empty());
    on.clock.turn(4 * 3600);
    nudge(on, &run, "ada", 2).await;
    let third = house.told(on).await;
    // Two of one moment have no order.
    let thread: BTreeSet<&String> = third[0].thread.iter().collect();
    assert_eq!(thread, BTreeSet::from([&first[0].message_id, &reminder.message_id]));
    assert!(words(&third[0]).contains("for 4 h 1 min"), "{}", third[0].text);
}

async fn whoever_is_no_reviewer_is_told_and_cannot_decide(on: &Fixture) {
    people(on).await;
    let mut house = House::new(on, pilot(), late());
    let run = waiting(on, "one").await;
    house.told(on).await;
    on.clock.turn(24 * 3600);
    for name in ["grace", "bob", "eve"] {
        nudge(on, &run, name, 0).await;
    }
    let told = house.told(on).await;
    assert_eq!(
        whom(&told),
        BTreeSet::from([("escalation", "grace"), ("escalation", "bob")]),
        "nobody names eve any more"
    );
    for letter in &told {
        let reviews = letter.name == "bob";
        assert_eq!(house.outbox.token(letter).is_some(), reviews, "{}", letter.name);
        assert_eq!(letter.digest.is_empty(), !reviews);
        let words = words(letter);
        assert_eq!(words.contains("you are told of this and cannot decide on it"), !reviews, "{words}");
        assert_eq!(words.contains("how to decide"), reviews, "{words}");
        assert!(
            words.contains("names you for briefs that wait too long") && words.contains("not answered for 1 d"),
            "{words}"
        );
    }
}

async fn what_is_decided_reminds_nobody(on: &Fixture) {
    people(on).await;
    let mut house = House::new(on, pilot(), late());
    let run = waiting(on, "one").await;
    house.told(on).await;
    on.clock.turn(24 * 3600);
    nudge(on, &run, "ada", 1).await;
    nudge(on, &run, "grace", 0).await;
    on.store.decide(decide(on, &run.brief(), 1, "usr_ada", "reject")).await.unwrap();
    assert_eq!(whom(&house.told(on).await), BTreeSet::from([("decided", "ada")]));
}

async fn of_reminders_read_late_the_newest_is_sent(on: &Fixture) {
    people(on).await;
    let run = waiting(on, "one").await;
    for ordinal in 1..=3 {
        on.clock.turn(4 * 3600);
        nudge(on, &run, "ada", ordinal).await;
    }
    // Only now is a mail server named.
    let told = House::new(on, pilot(), late()).told(on).await;
    let abouts: BTreeSet<_> = told.iter().map(|letter| (letter.kind.as_str(), letter.about.as_str())).collect();
    assert_eq!(abouts, BTreeSet::from([("brief", ""), ("reminder", "3")]));
}

async fn a_cover_gets_letters_while_somebody_is_away(on: &Fixture) {
    people(on).await;
    let away = |cover: &str| Away {
        name: "ada".into(),
        from: on.in_secs(3600),
        until: on.in_secs(3 * 3600),
        cover: cover.into(),
    };
    let others = |cover: &str| Others { escalate_to: Vec::new(), away: vec![away(cover)] };
    let mut house = House::new(on, pilot(), others("bob"));
    waiting(on, "before").await;
    assert_eq!(whom(&house.told(on).await), BTreeSet::from([("brief", "ada")]));
    on.clock.turn(3600);
    let run = waiting(on, "during").await;
    let told = house.told(on).await;
    assert_eq!(whom(&told), BTreeSet::from([("brief", "ada"), ("brief", "bob")]));
    assert!(told.iter().all(|letter| house.outbox.token(letter).is_some()), "a cover is a reviewer, and decides");
    nudge(on, &run, "ada", 1).await;
    nudge(on, &run, "bob", 1).await;
    assert_eq!(whom(&house.told(on).await), BTreeSet::from([("reminder", "ada"), ("reminder", "bob")]));
    on.clock.turn(2 * 3600);
    waiting(on, "after").await;
    assert_eq!(whom(&house.told(on).await), BTreeSet::from([("brief", "ada")]));
    assert_eq!(on.verify().await.get("brief.decided"), None, "absence decides nothing");
}

/// A slot of a schedule, fired.
async fn fire(on: &Fixture, kind: &'static str, key: &str, report: Option<NewReport>) {
    let node = NodeId::new(on.now(), on.store.chance());
    let due = FallDue {
        schedule: kind.into(),
        key: key.into(),
        kind,
        pilot: "north".into(),
        tenant: "acme".into(),
        due_at: on.now(),
        wall: "2026-11-23T09:00".into(),
        late: false,
        passed_over: false,
        by_hand: None,
        at: on.now(),
    };
    assert!(on.store.fall_due(due).await.unwrap());
    let take = TakeSlot { node: node.clone(), only: None, until: on.in_secs(60), at: on.now() };
    let slot = on.store.take_slot(take).await.unwrap().unwrap();
    on.store.fire_slot(FireSlot { slot, node, report, at: on.now() }).await.unwrap();
}

/// A report of some week, kept by the slot of that name.
async fn report(on: &Fixture, key: &str, text: &str) {
    let (html, figures) = (format!("<p>{text}</p>"), "{}".to_owned());
    let report = NewReport {
        id: crate::domain::id::ReportId::new(on.now(), on.store.chance()),
        period: key.into(),
        from: on.now(),
        until: on.in_secs(60),
        digest: report_digest(text, &html, &figures),
        subject: format!("Week {key}"),
        text: text.into(),
        html,
        figures,
    };
    fire(on, "weekly_report", key, Some(report)).await;
}

async fn a_report_goes_to_owner_and_reviewers_as_it_was_kept(on: &Fixture) {
    people(on).await;
    report(on, "2026-W45", "of old").await;
    on.clock.turn(8 * 86_400);
    report(on, "2026-W46", "what was counted").await;
    on.clock.turn(3 * 86_400);
    // Whoever fired it died before the letters were queued, and nothing ran for days. The one of the week before is no news any more.
    let pilot = || Pilot { notify: vec!["ada".into(), "bob".into()], ..pilot() };
    let told = House::new(on, pilot(), late()).told(on).await;
    assert_eq!(whom(&told), BTreeSet::from([("report", "ada"), ("report", "bob"), ("report", "olga")]));
    let kept = on.store.report("north", "weekly_report", Some("2026-W46")).await.unwrap().unwrap();
    for letter in &told {
        assert_eq!(
            (&letter.subject, &letter.text, &letter.html, letter.brief.as_ref()),
            (&kept.subject, &kept.text, &kept.html, None)
        );
    }
    on.clock.turn(61);
    assert!(House::new(on, pilot(), late()).told(on).await.is_empty());
    // An owner who reviews, too, gets one.
    let pilot = Pilot { owner: "ada".into(), ..pilot() };
    report(on, "2026-W47", "the next").await;
    on.clock.turn(61);
    assert_eq!(
        whom(&House::new(on, pilot, late()).told(on).await),
        BTreeSet::from([("report", "ada"), ("report", "bob")])
    );
}

async fn a_digest_tells_what_waits_and_can_be_left(on: &Fixture) {
    people(on).await;
    let pilot = || Pilot { notify: vec!["ada".into(), "bob".into()], ..pilot() };
    let mut house = House::new(on, pilot(), late());
    fire(on, "digest", "monday", None).await;
    assert!(house.told(on).await.is_empty(), "there is nothing to tell");
    for key in ["one", "two", "three"] {
        waiting(on, key).await;
    }
    let run = waiting(on, "four").await;
    on.store.decide(decide(on, &run.brief(), 1, "usr_ada", "reject")).await.unwrap();
    on.clock.turn(3600);
    house.told(on).await;
    on.clock.turn(3600);
    fire(on, "digest", "tuesday", None).await;
    let told = house.told(on).await;
    assert_eq!(whom(&told), BTreeSet::from([("digest", "ada"), ("digest", "bob")]));
    for letter in &told {
        let words = words(letter);
        assert!(letter.subject.starts_with("3 briefs wait for you"), "{}", letter.subject);
        for told in ["new since the last digest: 4", "decided since then: 1", "question two", "for 2 h", "unsubscribe"]
        {
            assert!(words.contains(told), "`{told}` is not in {words}");
        }
        assert!(letter.brief.is_none() && letter.digest.is_empty(), "nothing can be decided by it");
        let token = house.outbox.token(letter).unwrap();
        assert_eq!(on.store.letter_asking(&token.name()).await.unwrap().unwrap().id, letter.id);
        let sent = house.outbox.composed(letter);
        let leave = format!("pilot+{}@ops.example", token.letters());
        assert_eq!(sent.list_unsubscribe.as_deref(), Some(leave.as_str()));
        assert_eq!(sent.reply_to.unwrap().address, "pilot@ops.example");
    }
    let wants = |name: &'static str, wanted| async move {
        let person = on.store.person(name).await.unwrap().id;
        let permit = permit(Action::UserManage, Kind::User, person.as_str());
        on.store.set_digest(SetDigest { person, wanted, actor: "usr_ada".into(), permit, at: on.now() }).await.unwrap();
    };
    wants("ada", false).await;
    on.clock.turn(86_400);
    fire(on, "digest", "wednesday", None).await;
    let told = house.told(on).await;
    assert_eq!(whom(&told), BTreeSet::from([("digest", "bob")]));
    assert!(words(&told[0]).contains("new since the last digest: 0"), "{}", told[0].text);
    wants("ada", true).await;
    on.clock.turn(86_400);
    fire(on, "digest", "thursday", None).await;
    // A day later it is no news.
    on.clock.turn(86_401);
    assert!(house.told(on).await.is_empty());
    fire(on, "digest", "friday", None).await;
    assert_eq!(whom(&house.told(on).await), BTreeSet::from([("digest", "ada"), ("digest", "bob")]));
}

async fn people_hear_of_their_own_budgets_once(on: &Fixture) {
    use crate::domain::limit::Span;
    use crate::store::{FromBudget, PeriodKey, Reserve};
    people(on).await;
    let mut house = House::new(on, pilot(), Others::default());
    let run = crate::store::conformance::samples::claimed(on, "a").await;
    let call = |round: i64, held: i64| {
        let budget = |scope: &str, limit: i64| FromBudget {
            key: PeriodKey { scope: scope.into(), span: Span::Day, period: "2026-09-21".into() },
            limit: crate::domain::money::Micros::new(limit),
            resets: None,
        };
        Reserve {
            id: crate::domain::id::ReservationId::new(on.now(), on.store.chance()),
            asker: crate::store::Asker::Run { run: run.run.clone(), epoch: run.epoch },
            key: format!("c{round}"),
            generator: "cloud".into(),
            model: "m".into(),
            pilot: "north".into(),
            tenant: "acme".into(),
            most_input: 1,
            max_output: 1,
            held: crate::domain::money::Micros::new(held).unwrap(),
            price: crate::domain::money::Price::FREE,
            buckets: Vec::new(),
            budgets: vec![
                budget("pilot:north", 1_000_000),
                budget("tenant:acme", 10_000_000),
                budget("generator:cloud", 1_000_000),
            ],
            at: on.now(),
        }
    };
    on.store.reserve(call(1, 600_000)).await.unwrap();
    let told = house.told(on).await;
    assert_eq!(whom(&told), BTreeSet::from([("alarm", "ada")]), "of the generator's budget the operator hears");
    assert_eq!(told[0].subject, "50 % of the budget of pilot north is used");
    assert!(words(&told[0]).contains("$0.60") && words(&told[0]).contains("next generator drafts"), "{}", told[0].text);
    assert!(told[0].digest.is_empty() && told[0].brief.is_none(), "nothing can be decided by it");
    on.store.reserve(call(2, 100_000)).await.unwrap();
    assert!(house.told(on).await.is_empty());
    // A call that is refused where so much is left is dear; the budget is not used up.
    on.store.reserve(call(3, 400_000)).await.unwrap();
    assert!(house.told(on).await.is_empty());
    for (round, held, subject) in [
        (4, 150_000, "80 % of the budget of pilot north is used"),
        (5, 400_000, "The budget of pilot north is used up"),
    ] {
        on.store.reserve(call(round, held)).await.unwrap();
        let told = house.told(on).await;
        assert_eq!(told.iter().map(|letter| letter.subject.as_str()).collect::<Vec<_>>(), [subject]);
    }
}

async fn people_hear_of_what_a_trigger_stopped_once_and_for_each_pause(on: &Fixture) {
    use crate::store::{PauseWriting, PausedBy, ResumeWriting};
    people(on).await;
    let pilot = || Pilot { notify: vec!["ada".into(), "bob".into()], ..pilot() };
    let mut house = House::new(on, pilot(), Others::default());
    let figure = "3 of 5 writes failed or are uncertain, more than 50 %";
    let pause = async |sink: Option<&str>, by: PausedBy| {
        let pause = PauseWriting {
            pilot: "north".into(),
            tenant: "acme".into(),
            sink: sink.map(str::to_owned),
            reason: "as the test says".into(),
            by,
            at: on.now(),
        };
        assert!(on.store.pause_writing(pause).await.unwrap());
    };
    let trigger = || PausedBy::Trigger { name: "brake".into(), figure: figure.into() };
    let resume = async || {
        let resume = ResumeWriting {
            pilot: "north".into(),
            tenant: "acme".into(),
            sink: None,
            person: "usr_ada".into(),
            permit: permit(Action::WritingResume, Kind::Pilot, "north"),
            at: on.now(),
        };
        on.store.resume_writing(resume).await.unwrap();
    };
    let all = BTreeSet::from([("paused", "ada"), ("paused", "bob"), ("paused", "olga")]);
    pause(None, trigger()).await;
    let told = house.told(on).await;
    assert_eq!(whom(&told), all, "those whom it tells, and its owner");
    for letter in &told {
        assert_eq!(letter.subject, "Writing of pilot north was paused");
        let words = words(letter);
        let whose = if letter.name == "olga" { "because you own this pilot" } else { "you are a reviewer" };
        for told in ["brake", figure, "opspilot pilot resume north", "only when an owner", whose] {
            assert!(words.contains(told), "`{told}` is not in {words}");
        }
        assert!(letter.brief.is_none() && letter.digest.is_empty(), "nothing can be decided by it");
        assert!(house.outbox.token(letter).is_none());
    }
    // A daemon that comes after this one tells nobody twice.
    on.clock.turn(61);
    let mut house = House::new(on, pilot(), Others::default());
    assert!(house.told(on).await.is_empty());
    resume().await;
    let person = permit(Action::WritingPause, Kind::Pilot, "north");
    pause(None, PausedBy::Person { person: "usr_ada".into(), permit: person }).await;
    assert!(house.told(on).await.is_empty(), "whoever stopped it knows");
    resume().await;
    pause(Some("desk"), trigger()).await;
    let told = house.told(on).await;
    assert_eq!(whom(&told), all);
    assert_eq!(told[0].subject, "Writing of pilot north to desk was paused");
    assert!(words(&told[0]).contains("opspilot pilot resume north --sink desk"), "{}", told[0].text);
    // The same trigger, a second time: that is news again, and three days later it is none.
    pause(None, trigger()).await;
    assert_eq!(whom(&house.told(on).await), all);
    resume().await;
    pause(None, trigger()).await;
    on.clock.turn(3 * 86_400);
    assert!(house.told(on).await.is_empty());
}
