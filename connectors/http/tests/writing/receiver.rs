//! A receiver as its author would write it after the page of the sink: checks the signature of every request, keeps messages by name, shows
//! and deletes them. Own file because it is a far side, and no part of what is tested.

use crate::SECRET;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use opspilot_sdk::conformance::{Asked, Told};
use ring::hmac;
use serde_json::{Value, json};
use std::sync::{Arc, Mutex};

/// Messages by name, in the order in which they came.
type Kept = Vec<(String, Value)>;

#[derive(Clone)]
pub(crate) struct Receiver {
    kept: Arc<Mutex<Kept>>,
    honours_names: bool,
}

impl Receiver {
    pub(crate) fn new(honours_names: bool) -> Self {
        Self { kept: Arc::default(), honours_names }
    }

    pub(crate) fn kept(&self) -> Kept {
        self.kept.lock().unwrap().clone()
    }

    pub(crate) fn change(&self, key: &str) {
        for (_, message) in self.kept.lock().unwrap().iter_mut().filter(|(name, _)| name == key) {
            message["data"]["text"] = json!("Changed by a person.");
        }
    }

    pub(crate) fn answer(&self, asked: &Asked) -> Told {
        if !is_signed(asked) {
            return Told::json(401, &json!({ "message": "the signature does not fit" }));
        }
        let name = asked.path().strip_prefix("/in/").unwrap_or_default();
        let mut kept = self.kept.lock().unwrap();
        match (asked.method.as_str(), name) {
            ("POST", "") => {
                let id = asked.header("webhook-id").unwrap_or_default().to_owned();
                if !(self.honours_names && kept.iter().any(|(own, _)| *own == id)) {
                    kept.push((id, asked.json()));
                }
                Told::status(202)
            }
            ("GET", name) => match kept.iter().find(|(own, _)| own == name) {
                Some((_, message)) => Told::json(200, message),
                None => Told::json(404, &json!({ "key": name })),
            },
            ("DELETE", name) => {
                let before = kept.len();
                kept.retain(|(own, _)| own != name);
                Told::status(if kept.len() < before { 204 } else { 404 })
            }
            _ => Told::status(405),
        }
    }
}

fn is_signed(asked: &Asked) -> bool {
    let part = |name| asked.header(name).unwrap_or_default();
    let key = STANDARD.decode(SECRET.trim_start_matches("whsec_")).unwrap();
    let signed =
        [part("webhook-id").as_bytes(), b".", part("webhook-timestamp").as_bytes(), b".", &asked.body].concat();
    let tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, &key), &signed);
    part("webhook-signature") == format!("v1,{}", STANDARD.encode(tag))
}
