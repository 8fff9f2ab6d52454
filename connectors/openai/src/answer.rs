//! What comes back: a chat completion, streamed in chunks or whole. Own file because it is the one that reads what strangers write.
//! INVARIANT: a count that is not plainly one makes the usage unknown; no field that is missing or of another type ends anything but
//! this answer.

use opspilot_sdk::asking::{Bad, Heard, Reading, Said, cleaned, count};
use opspilot_sdk::http::Event;
use opspilot_sdk::{Finish, Usage};
use serde_json::Value;

/// An answer while it comes.
#[derive(Debug, Default)]
pub(crate) struct Completion {
    heard: Heard,
    declined: bool,
}

impl Completion {
    /// One chunk, or the whole: they differ in `delta` and `message` alone.
    fn take(&mut self, value: &Value, part: &str) -> Result<(), Bad> {
        if value.get("error").is_some_and(|error| !error.is_null()) {
            return Err(Bad::Failed(Said::of(value)));
        }
        if !value.is_object() {
            return Err(Bad::Garbled("it is not a chat completion"));
        }
        if let Some(model) = value.get("model").and_then(Value::as_str).filter(|model| !model.is_empty()) {
            self.heard.model = Some(cleaned(model, 200));
        }
        if let Some(said) = value.get("usage").filter(|usage| !usage.is_null()) {
            self.heard.usage = usage(said);
        }
        // Chunks without choices carry the usage, or nothing.
        let Some(choice) = value.get("choices").and_then(|choices| choices.get(0)) else { return Ok(()) };
        let text = |name| choice.get(part).and_then(|part| part.get(name)).and_then(Value::as_str).unwrap_or_default();
        self.heard.push(text("content"))?;
        let refusal = text("refusal");
        if !refusal.is_empty() {
            self.declined = true;
            self.heard.push(refusal)?;
        }
        if let Some(reason) = choice.get("finish_reason").and_then(Value::as_str) {
            self.heard.finish = Some(match reason {
                "stop" => Finish::Complete,
                "length" => Finish::Length,
                "content_filter" => Finish::Declined,
                other => Finish::Other(cleaned(other, 64)),
            });
        }
        if self.declined && self.heard.finish.is_some() {
            self.heard.finish = Some(Finish::Declined);
        }
        Ok(())
    }
}

impl Reading for Completion {
    fn event(&mut self, event: &Event) -> Result<(), Bad> {
        if event.data == "[DONE]" {
            self.heard.over = true;
            return Ok(());
        }
        let value = serde_json::from_str(&event.data).map_err(|_| Bad::Garbled("an event of it is not JSON"))?;
        self.take(&value, "delta")
    }

    fn whole(&mut self, answer: Value) -> Result<(), Bad> {
        if answer.get("choices").and_then(|choices| choices.get(0)).is_none() && answer.get("error").is_none() {
            self.heard.usage = answer.get("usage").and_then(usage);
            return Err(Bad::Garbled("it is not a chat completion"));
        }
        self.take(&answer, "message")
    }

    fn heard(&self) -> &Heard {
        &self.heard
    }
}

/// `usage` of a completion. What `total_tokens` counts beyond the two (some servers leave thinking out of the one) was written too.
fn usage(said: &Value) -> Option<Usage> {
    let input = count(said.get("prompt_tokens"))?;
    let mut output = count(said.get("completion_tokens"))?;
    if let Some(total) = said.get("total_tokens").filter(|total| !total.is_null()) {
        output = output.max(count(Some(total))?.saturating_sub(input));
    }
    let cached = said.get("prompt_tokens_details").and_then(|details| details.get("cached_tokens"));
    let cached = match cached.filter(|cached| !cached.is_null()) {
        Some(cached) => count(Some(cached)).filter(|cached| *cached <= input)?,
        None => 0,
    };
    Some(Usage { input, cached, output })
}

#[cfg(test)]
mod tests {
    use super::{Completion, usage};
    use opspilot_sdk::asking::Reading as _;
    use opspilot_sdk::http::Event;
    use opspilot_sdk::{Finish, Usage};
    use proptest::prelude::*;
    use serde_json::{Value, json};

    #[test]
    fn only_plain_counts_are_counts() {
        let read = |value: Value| usage(&value);
        let good = json!({ "prompt_tokens": 10, "completion_tokens": 5, "total_tokens": 15, "prompt_tokens_details": { "cached_tokens": 4 } });
        assert_eq!(read(good), Some(Usage { input: 10, cached: 4, output: 5 }));
        assert_eq!(
            read(json!({ "prompt_tokens": 10, "completion_tokens": 5, "total_tokens": 40 })).map(|usage| usage.output),
            Some(30)
        );
        for bad in [
            json!({ "prompt_tokens": -1, "completion_tokens": 5 }),
            json!({ "prompt_tokens": 1.5, "completion_tokens": 5 }),
            json!({ "prompt_tokens": 1.0, "completion_tokens": 5 }),
            json!({ "prompt_tokens": "10", "completion_tokens": 5 }),
            json!({ "prompt_tokens": 10 }),
            json!({ "prompt_tokens": 10, "completion_tokens": null }),
            json!({ "prompt_tokens": 10, "completion_tokens": 18_446_744_073_709_551_615_u64 }),
            json!({ "prompt_tokens": 10, "completion_tokens": 1e300 }),
            json!({ "prompt_tokens": 10, "completion_tokens": 5, "total_tokens": "many" }),
            json!({ "prompt_tokens": 10, "completion_tokens": 5, "prompt_tokens_details": { "cached_tokens": 11 } }),
            json!({ "prompt_tokens": 10, "completion_tokens": 5, "prompt_tokens_details": { "cached_tokens": -1 } }),
            json!([]),
            json!("none"),
        ] {
            assert_eq!(read(bad.clone()), None, "{bad}");
        }
    }

    #[test]
    fn endings() {
        for (reason, refusal, finish) in [
            ("stop", Value::Null, Finish::Complete),
            ("length", Value::Null, Finish::Length),
            ("content_filter", Value::Null, Finish::Declined),
            ("stop", json!("I cannot"), Finish::Declined),
            ("tool_calls", Value::Null, Finish::Other("tool_calls".to_owned())),
        ] {
            let mut answer = Completion::default();
            let value =
                json!({ "choices": [{ "message": { "content": null, "refusal": refusal }, "finish_reason": reason }] });
            answer.whole(value).unwrap();
            assert_eq!(answer.heard().finish, Some(finish), "{reason}");
        }
        for odd in [
            json!({}),
            json!([]),
            json!("x"),
            json!({ "choices": [] }),
            json!({ "choices": {} }),
            json!({ "error": { "message": "m" } }),
        ] {
            assert!(Completion::default().whole(odd.clone()).is_err(), "{odd}");
        }
    }

    proptest! {
        /// Whatever comes, it is an answer or none, and no count is more than can be true.
        #[test]
        fn strangers_may_write_anything(values in prop::collection::vec(json_of(&WORDS), 1..8)) {
            let mut answer = Completion::default();
            for value in &values {
                let _ = answer.event(&Event { name: String::new(), data: value.to_string() });
            }
            if let Some(usage) = answer.heard().usage {
                prop_assert!(usage.cached <= usage.input && usage.input < 1 << 34 && usage.output < 1 << 33);
            }
            for value in values {
                let _ = Completion::default().whole(value);
            }
        }
    }

    const WORDS: [&str; 13] = [
        "choices",
        "delta",
        "message",
        "content",
        "refusal",
        "finish_reason",
        "usage",
        "prompt_tokens",
        "completion_tokens",
        "total_tokens",
        "model",
        "error",
        "stop",
    ];

    fn json_of(words: &'static [&'static str]) -> impl Strategy<Value = Value> {
        let word = prop::sample::select(words);
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            (0..100_u64).prop_map(Value::from),
            any::<f64>().prop_map(Value::from),
            word.clone().prop_map(Value::from),
        ];
        leaf.prop_recursive(4, 40, 6, move |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
                prop::collection::vec((word.clone(), inner), 0..6)
                    .prop_map(|members| members.into_iter().map(|(key, value)| (key.to_owned(), value)).collect()),
            ]
        })
    }
}
