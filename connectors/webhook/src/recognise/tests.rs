//! Whole bodies through recognition: the labelled forms with their pass mark, real deliveries of event senders, and rules of their own.

use super::recognise;
use crate::media::Media;
use crate::multipart::FileLimits;
use crate::node::Node;
use crate::options::Mapping;
use crate::{form, json, multipart};
use opspilot_sdk::{Content, Fields};
use serde_json::Value;
use std::path::PathBuf;

fn data(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../tests/data/webhooks").join(name)
}

fn read(content_type: &str, body: &str) -> Node<'static> {
    let media = Media::read(content_type).unwrap();
    match media.essence.as_str() {
        "application/json" => json::read(body.as_bytes()).unwrap().into_owned(),
        "multipart/form-data" => {
            let limits = FileLimits { count: 10, bytes: 1_000 };
            multipart::read(body.as_bytes(), media.parameter("boundary").unwrap(), limits).unwrap().0
        }
        _ => form::read(body.as_bytes()).unwrap(),
    }
}

fn fields_of(node: &Node<'_>, mapping: &Mapping<Vec<String>>) -> Fields {
    match recognise(node, b"", mapping).content {
        Content::Fields(fields) => fields,
        other => panic!("{other:?}"),
    }
}

fn fields(json: &str) -> Fields {
    fields_of(&json::read(json.as_bytes()).unwrap(), &Mapping::default())
}

fn by_name<'f>(fields: &'f Fields, name: &str) -> &'f str {
    let field = match name {
        "name" => &fields.name,
        "email" => &fields.email,
        "phone" => &fields.phone,
        "company" => &fields.organisation,
        _ => &fields.text,
    };
    field.as_deref().unwrap_or_default()
}

#[test]
fn labelled_forms_give_their_five_fields() {
    let mut wrong = Vec::new();
    let mut asked = 0;
    for line in std::fs::read_to_string(data("forms.jsonl")).unwrap().lines() {
        let case: Value = serde_json::from_str(line).unwrap();
        let text = |key: &str| case[key].as_str().unwrap();
        let fields = fields_of(&read(text("content_type"), text("body")), &Mapping::default());
        for (name, expected) in case["expect"].as_object().unwrap() {
            asked += 1;
            if by_name(&fields, name) != expected.as_str().unwrap() {
                wrong.push(format!("{} {name}: {:?}", text("provider"), by_name(&fields, name)));
            }
        }
    }
    assert!(asked >= 65);
    assert!(wrong.is_empty(), "{} of {asked} wrong: {wrong:#?}", wrong.len());
}
