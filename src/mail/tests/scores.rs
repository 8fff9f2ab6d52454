//! Figures on the labelled sets under `tests/data`, with the least each may be.

use std::path::{Path, PathBuf};

use ring::digest::{SHA256, digest};
use serde_json::Value;

use crate::mail::{Limits, Message, automatic::Kind, read, visible};

fn folder(set: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data").join(set)
}

fn rows(set: &str, file: &str) -> Vec<Value> {
    let text = std::fs::read_to_string(folder(set).join(file)).expect("the set is there");
    text.lines().map(|line| serde_json::from_str(line).expect("a row of JSON")).collect()
}

fn message(set: &str, row: &Value) -> Option<Message> {
    let raw = std::fs::read(folder(set).join(row["file"].as_str().expect("a file"))).expect("the message is there");
    read(&raw, &Limits::default()).ok()
}

fn percent(part: usize, whole: usize) -> f64 {
    100.0 * f64::from(u32::try_from(part).expect("small")) / f64::from(u32::try_from(whole).expect("small"))
}

fn spaced(text: &str) -> String {
    text.replace(['\u{a0}', '\u{feff}'], " ").split_whitespace().collect::<Vec<_>>().join(" ")
}

fn tight(text: &str) -> String {
    text.replace('\u{feff}', "").split_whitespace().collect()
}

fn strings<'v>(row: &'v Value, name: &str) -> Vec<&'v str> {
    row[name].as_array().map(|list| list.iter().filter_map(Value::as_str).collect()).unwrap_or_default()
}

#[test]
fn the_new_text_of_replies_is_found() {
    let rows = rows("reply", "cases.jsonl");
    let (mut exact, mut kept, mut leaked, mut lost) = (0, 0, 0, 0);
    for row in &rows {
        let (seen, form): (_, fn(&str) -> String) = match row["text"].as_str() {
            Some(text) => (visible::of_text(text).into_owned(), spaced),
            None => (visible::of_html(row["html"].as_str().expect("text or HTML")), tight),
        };
        let got = form(&seen.text);
        let holds = |words: &str| got.contains(&form(words));
        let leak = strings(row, "quote_probes").iter().any(|probe| !form(probe).is_empty() && holds(probe));
        let accept = strings(row, "accept");
        let (is_exact, is_kept, is_lost) = if accept.is_empty() {
            let must = strings(row, "must_contain");
            let begins = row["starts_with"].as_str().is_none_or(|words| got.starts_with(&form(words)));
            let ends = row["ends_with"].as_str().is_none_or(|words| got.ends_with(&form(words)));
            let clean = !leak && !strings(row, "must_not_contain").iter().any(|words| holds(words));
            let exact = clean && begins && ends && must.iter().all(|words| holds(words));
            (exact, exact, must.iter().any(|words| !holds(words)))
        } else {
            let exact = accept.iter().any(|answer| form(answer) == got);
            let begins = accept.iter().any(|answer| !form(answer).is_empty() && got.starts_with(&form(answer)));
            let lines = |answer: &str| {
                let long: Vec<String> =
                    answer.lines().filter(|line| line.split_whitespace().count() >= 3).map(form).collect();
                if long.is_empty() { vec![form(answer)] } else { long }
            };
            (
                exact,
                exact || (!leak && begins),
                accept.iter().all(|answer| lines(answer).iter().any(|line| !got.contains(line))),
            )
        };
        exact += usize::from(is_exact);
        kept += usize::from(is_kept);
        leaked += usize::from(leak);
        lost += usize::from(is_lost);
    }
    let of = |part| percent(part, rows.len());
    assert!(of(exact) >= 90.0, "exact {:.1} %", of(exact));
    assert!(of(kept) >= 92.0, "exact or only the signature kept {:.1} %", of(kept));
    assert!(of(leaked) <= 2.0, "quoted text leaked {:.1} %", of(leaked));
    assert!(of(lost) <= 3.0, "text lost {:.1} %", of(lost));
}

#[test]
fn fields_of_messages_are_those_most_readers_agree_on() {
    let rows = rows("mime", "expected.jsonl");
    let (mut fields, mut right, mut whole) = (0, 0, 0);
    for row in &rows {
        let message = message("mime", row).expect("every message is answered");
        let expect = row["expect"].as_object().expect("fields");
        let addresses =
            |list: &[crate::mail::Address]| list.iter().map(|one| one.email.to_lowercase()).collect::<Vec<_>>();
        let named = || {
            message
                .attachments
                .iter()
                .filter(|file| !file.inside && file.name.as_deref().is_some_and(|name| !name.is_empty()))
        };
        let sorted = |mut list: Vec<String>| {
            list.sort();
            list
        };
        let same = |text: Option<&str>, wanted: &Value| {
            text.map(spaced).filter(|text| !text.is_empty()).as_deref() == wanted.as_str()
        };
        let mut all = true;
        for (name, wanted) in expect {
            let list: Vec<String> = wanted
                .as_array()
                .into_iter()
                .flatten()
                .filter_map(Value::as_str)
                .filter(|one| !one.is_empty())
                .map(str::to_owned)
                .collect();
            let good = match name.as_str() {
                "from" => addresses(&message.from) == list,
                "to" => addresses(&message.to) == list,
                "subject" => same(message.subject.as_deref(), wanted),
                "text" => same(message.plain.as_deref(), wanted),
                "message_id" => message.message_id.as_deref() == wanted.as_str(),
                "date" => message.date.map(jiff::Timestamp::as_second) == wanted.as_i64(),
                "att_names" => sorted(named().filter_map(|file| file.name.clone()).collect()) == list,
                "att_sha" => {
                    let sha = |bytes: &[u8]| {
                        digest(&SHA256, bytes)
                            .as_ref()
                            .iter()
                            .take(8)
                            .map(|byte| format!("{byte:02x}"))
                            .collect::<String>()
                    };
                    sorted(named().map(|file| sha(&file.bytes)).collect()) == list
                }
                _ => continue,
            };
            fields += 1;
            right += usize::from(good);
            all &= good;
        }
        whole += usize::from(all);
    }
    assert!(percent(right, fields) >= 99.5, "fields {:.1} %", percent(right, fields));
    assert!(percent(whole, rows.len()) >= 98.0, "whole messages {:.1} %", percent(whole, rows.len()));
}

#[test]
fn machine_mail_is_set_aside_and_people_are_not() {
    let rows = rows("automail", "labels.jsonl");
    let (mut machines, mut set_aside, mut classes) = (0, 0, 0);
    for row in &rows {
        let verdict = message("automail", row).and_then(|message| message.automatic);
        let label = row["label"].as_str().expect("a label");
        if label == "human" {
            assert_eq!(verdict, None, "{}", row["id"]);
            continue;
        }
        machines += 1;
        set_aside += usize::from(verdict.is_some());
        let class = match verdict.map(|verdict| verdict.kind) {
            Some(Kind::Bounce) => "bounce",
            Some(Kind::FeedbackReport) => "feedback_report",
            Some(_) => "auto_reply",
            None => "human",
        };
        classes += usize::from(class == label);
    }
    assert!(percent(set_aside, machines) >= 99.0, "set aside {:.1} %", percent(set_aside, machines));
    assert!(percent(classes, machines) >= 98.0, "kind {:.1} %", percent(classes, machines));
}
