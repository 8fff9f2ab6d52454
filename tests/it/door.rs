//! The webhook door: who gets in, what comes twice, what is read. INVARIANT tested: 199 signatures judged as their schemes say, one
//! request for one delivery whatever the number and order, the five fields of every known form.

use crate::census::word;
use crate::daemon::{Kind, Setup};
use crate::hook;
use crate::http::{Answer, Ask, once};
use crate::stop::with_clock;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;
use std::collections::BTreeMap;

/// The cases of a data set.
pub(crate) fn cases(name: &str) -> Vec<Value> {
    let path = format!("{}/tests/data/{name}", env!("CARGO_MANIFEST_DIR"));
    let text = std::fs::read_to_string(&path).unwrap_or_else(|cause| panic!("{path}: {cause}"));
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// A source of its own.
pub(crate) fn source(name: &str, options: &str) -> String {
    format!(
        "\n[[source]]\nname = \"{name}\"\nkind = \"webhook\"\npilot = \"northwind\"\n\n[source.options]\n{options}\n"
    )
}

/// What a case sends, with its headers.
fn asked(case: &Value, source: &str, body: Vec<u8>) -> Ask {
    let mut ask = Ask::post(format!("/hooks/{source}"), body);
    for (name, value) in case["headers"].as_object().into_iter().flatten() {
        ask = ask.header(name, value.as_str().unwrap());
    }
    ask
}

#[test]
fn signatures_are_judged_as_their_schemes_say() {
    let cases = cases("webhooks/signatures.jsonl");
    let now = cases[0]["now"].as_i64().unwrap();
    assert!(cases.iter().all(|case| case["now"] == now));
    let clock = jiff::Timestamp::from_second(now).unwrap().strftime("%Y-%m-%d %H:%M:%S").to_string();
    let mut setup = Setup::sqlite().without_drop();
    for case in &cases {
        let verify = word(case, "scheme").replace("standard-webhooks", "standard");
        let name = word(case, "id");
        setup = setup.with(&source(&name, &format!("verify = \"{verify}\"\nsecret_file = \"{name}.secret\"")));
    }
    let Some(setup) = with_clock(setup, &clock) else { return };
    let mut daemon = setup.make();
    for case in &cases {
        std::fs::write(daemon.data(&format!("{}.secret", word(case, "id"))), word(case, "secret")).unwrap();
    }
    daemon.start();
    let mut wrong = Vec::new();
    for (number, case) in cases.iter().enumerate() {
        let body = STANDARD.decode(word(case, "body_b64")).unwrap();
        // What comes a second time comes to where it came the first time.
        let replay = word(case, "why").starts_with("replay");
        let same = |other: &&Value| ["headers", "body_b64", "secret"].iter().all(|part| other[*part] == case[*part]);
        let first = if replay { cases[..number].iter().find(same).unwrap() } else { case };
        let answer = daemon.ask(&asked(case, &word(first, "id"), body).header("content-type", "application/json"));
        // A body may be one that holds nothing to ask; it was let in by its signature all the same.
        let proven =
            answer.status != 401 && !(replay && answer.status == 200 && answer.member("status") == "duplicate");
        let fine = if proven {
            matches!(answer.status, 202 | 400)
        } else {
            replay || answer.member("code").starts_with("OP-21")
        };
        if proven != case["accept"].as_bool().unwrap() || !fine {
            wrong.push(format!("{} {}: {} {}", word(case, "id"), word(case, "why"), answer.status, answer.text()));
        }
    }
    eprintln!("{} of {} signatures judged right", cases.len() - wrong.len(), cases.len());
    assert!(wrong.is_empty(), "{wrong:#?}");
}

fn a_hundred_times(kind: Kind) {
    let mut daemon = Setup::on(kind).without_drop().start();
    let (address, delivery) = (daemon.address(), hook::delivery("same"));
    let send = move |ask: Ask| std::thread::spawn(move || once(address, &ask).unwrap());
    let answers: Vec<Answer> = (0..100)
        .map(|_| send(delivery.clone()))
        .collect::<Vec<_>>()
        .into_iter()
        .map(|sent| sent.join().unwrap())
        .collect();
    let mut statuses = BTreeMap::new();
    for answer in &answers {
        assert!(matches!(answer.status, 200 | 202), "{}", answer.text());
        assert_eq!(answer.member("request"), answers[0].member("request"));
        *statuses.entry(answer.status).or_insert(0) += 1;
    }
    assert_eq!(statuses.get(&202), Some(&1), "{statuses:?}");
    daemon.restart();
    let again = daemon.ask(&hook::delivery("same"));
    assert_eq!((again.status, again.member("request")), (200, answers[0].member("request")));
    // The same name for something else is no repeat.
    let other = daemon.ask(&hook::signed(
        "same",
        hook::now(),
        br#"{"name":"Dana Fox","message":"Something else altogether, please."}"#,
    ));
    assert_eq!((other.status, other.member("code").as_str()), (409, "OP-9012"), "{}", other.text());
    assert_eq!(daemon.list("/api/v1/requests").len(), 1);
}

#[test]
fn a_delivery_sent_a_hundred_times_at_once_is_one_request_on_sqlite() {
    a_hundred_times(Kind::Sqlite);
}

#[test]
fn a_delivery_sent_a_hundred_times_at_once_is_one_request_on_postgresql() {
    a_hundred_times(Kind::Postgres);
}

#[test]
fn a_body_said_otherwise_under_one_name_is_refused_also_at_once() {
    let daemon = Setup::sqlite().without_drop().start();
    let address = daemon.address();
    let senders: Vec<_> = (0..40)
        .map(|number| {
            let body = format!(r#"{{"name":"Dana Fox","message":"Version {number} of what we want."}}"#);
            std::thread::spawn(move || {
                once(address, &hook::signed("raced", hook::now(), body.as_bytes())).unwrap().status
            })
        })
        .collect();
    let statuses: Vec<u16> = senders.into_iter().map(|sender| sender.join().unwrap()).collect();
    assert_eq!(statuses.iter().filter(|status| **status == 202).count(), 1, "{statuses:?}");
    assert_eq!(statuses.iter().filter(|status| **status == 409).count(), 39, "{statuses:?}");
}

#[test]
fn the_five_fields_of_every_known_form_are_found() {
    let cases = cases("webhooks/forms.jsonl");
    let mut setup = Setup::sqlite().without_drop();
    for case in &cases {
        setup = setup.with(&source(&word(case, "id"), "verify = \"none\""));
    }
    let daemon = setup.start();
    let (mut right, mut all, mut wrong) = (0, 0, Vec::new());
    for case in &cases {
        let ask = asked(case, &word(case, "id"), word(case, "body").into_bytes())
            .header("content-type", word(case, "content_type"));
        let answer = daemon.ask(&ask);
        assert_eq!(answer.status, 202, "{}: {}", word(case, "provider"), answer.text());
        let request = daemon.see(&format!("/api/v1/requests/{}", answer.member("request")));
        for (field, wanted) in case["expect"].as_object().unwrap() {
            let (wanted, text) = (wanted.as_str().unwrap(), word(&request, "text"));
            let found = match field.as_str() {
                "name" => word(&request, "sender_name") == wanted,
                "email" => word(&request, "sender_email") == wanted,
                "company" => word(&request, "organisation") == wanted,
                "phone" => word(&request, "sender_phone") == wanted,
                _ => text.contains(wanted),
            };
            all += 1;
            right += usize::from(found);
            if !found {
                wrong.push(format!("{}: {field} {request}", word(case, "provider")));
            }
        }
    }
    eprintln!("{right} of {all} fields right");
    assert!(right * 100 >= all * 95, "{wrong:#?}");
    let certain = ["typeform", "tally", "webflow", "netlify", "html"];
    let lapses: Vec<_> =
        wrong.iter().filter(|wrong| certain.iter().any(|provider| wrong.starts_with(provider))).collect();
    assert!(lapses.is_empty(), "{lapses:#?}");
}
