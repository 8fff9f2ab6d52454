//! What comes back: a message, streamed in events or whole. Own file because it is the one that reads what strangers write. INVARIANT: a
//! count that is not plainly one makes the usage unknown; the tool's input is text, and text it stays.

use opspilot_sdk::asking::{Bad, Heard, Reading, Said, cleaned, count};
use opspilot_sdk::http::Event;
use opspilot_sdk::{Finish, Usage};
use serde_json::Value;

/// What a stream counts: piece by piece, each piece the whole of what it counts.
#[derive(Debug)]
enum Counts {
    /// Nothing yet.
    None,
    /// Read, of it from a cache, and written.
    Some(u64, u64, Option<u64>),
    /// Something that is no count was among them.
    Wrong,
}

/// An answer while it comes.
#[derive(Debug)]
pub(crate) struct Message {
    heard: Heard,
    /// The kind of the block that is being written.
    block: Kind,
    /// A tool's input has come: its text is the answer, and words around it are not.
    has_input: bool,
    counts: Counts,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Text,
    Input,
    /// Thinking, or what is not known here.
    Other,
}

impl Message {
    pub(crate) fn new() -> Self {
        Self { heard: Heard::default(), block: Kind::Other, has_input: false, counts: Counts::None }
    }

    fn begin(&mut self, kind: &str) {
        self.block = match kind {
            "text" if !self.has_input => Kind::Text,
            "tool_use" if !self.has_input => {
                self.has_input = true;
                self.heard.text.clear();
                Kind::Input
            }
            _ => Kind::Other,
        };
    }

    fn head(&mut self, message: &Value) {
        if let Some(model) = message.get("model").and_then(Value::as_str).filter(|model| !model.is_empty()) {
            self.heard.model = Some(cleaned(model, 200));
        }
    }

    fn end(&mut self, reason: Option<&Value>) {
        let Some(reason) = reason.and_then(Value::as_str) else { return };
        self.heard.finish = Some(match reason {
            "end_turn" | "tool_use" | "stop_sequence" => Finish::Complete,
            "max_tokens" | "model_context_window_exceeded" => Finish::Length,
            "refusal" => Finish::Declined,
            other => Finish::Other(cleaned(other, 64)),
        });
    }

    /// What is read is said first, and by some repeated at the end; what is written grows.
    fn count(&mut self, usage: Option<&Value>, is_last: bool) {
        let Some(usage) = usage.filter(|usage| !usage.is_null()) else { return };
        let part = |name: &str| match usage.get(name).filter(|value| !value.is_null()) {
            None => Ok(None),
            Some(value) => count(Some(value)).map(Some).ok_or(()),
        };
        let read = || -> Result<Counts, ()> {
            let (before, cached_before) = match &self.counts {
                Counts::Wrong => return Err(()),
                Counts::Some(input, cached, _) => (Some(*input), *cached),
                Counts::None => (None, 0),
            };
            let (made, cached) = (part("cache_creation_input_tokens")?, part("cache_read_input_tokens")?);
            let output = part("output_tokens")?;
            // Read from a cache and written to one are counted apart from the rest.
            let (input, cached) = match (part("input_tokens")?, before) {
                (Some(plain), _) => {
                    let cached = cached.unwrap_or(0);
                    (plain + made.unwrap_or(0) + cached, cached)
                }
                (None, Some(input)) => (input, cached_before),
                (None, None) => return Err(()),
            };
            // The end repeats less than all: what was once counted stays counted.
            let (input, cached) = if before.is_some_and(|before| before > input) {
                (before.unwrap_or(input), cached_before)
            } else {
                (input, cached)
            };
            Ok(Counts::Some(input, cached, output.filter(|_| is_last)))
        };
        self.counts = read().unwrap_or(Counts::Wrong);
        self.heard.usage = match self.counts {
            Counts::Some(input, cached, Some(output)) => Some(Usage { input, cached, output }),
            _ => None,
        };
    }
}

impl Reading for Message {
    fn event(&mut self, event: &Event) -> Result<(), Bad> {
        let value: Value = serde_json::from_str(&event.data).map_err(|_| Bad::Garbled("an event of it is not JSON"))?;
        let text = |pointer: &str| value.pointer(pointer).and_then(Value::as_str).unwrap_or_default();
        match text("/type") {
            "message_start" => {
                if let Some(message) = value.get("message") {
                    self.head(message);
                    self.count(message.get("usage"), false);
                }
            }
            "content_block_start" => {
                self.begin(text("/content_block/type"));
                if self.block == Kind::Text {
                    self.heard.push(text("/content_block/text"))?;
                }
            }
            "content_block_delta" => match (self.block, text("/delta/type")) {
                (Kind::Text, "text_delta") => self.heard.push(text("/delta/text"))?,
                (Kind::Input, "input_json_delta") => self.heard.push(text("/delta/partial_json"))?,
                _ => {}
            },
            "content_block_stop" => self.block = Kind::Other,
            "message_delta" => {
                self.end(value.pointer("/delta/stop_reason"));
                self.count(value.get("usage"), true);
            }
            "message_stop" => self.heard.over = true,
            "error" => return Err(Bad::Failed(Said::of(&value))),
            // New kinds of events may be added, says the vendor.
            "" => return Err(Bad::Garbled("an event of it has no type")),
            _ => {}
        }
        Ok(())
    }

    fn whole(&mut self, answer: Value) -> Result<(), Bad> {
        if answer.get("type").and_then(Value::as_str) == Some("error") {
            return Err(Bad::Failed(Said::of(&answer)));
        }
        self.count(answer.get("usage"), true);
        let Some(content) = answer.get("content").and_then(Value::as_array) else {
            return Err(Bad::Garbled("it is not a message"));
        };
        self.head(&answer);
        for block in content {
            self.begin(block.get("type").and_then(Value::as_str).unwrap_or_default());
            match self.block {
                Kind::Text => self.heard.push(block.get("text").and_then(Value::as_str).unwrap_or_default())?,
                Kind::Input => {
                    self.heard.push(&block.get("input").map(Value::to_string).unwrap_or_default())?;
                }
                Kind::Other => {}
            }
        }
        self.end(answer.get("stop_reason"));
        Ok(())
    }

    fn heard(&self) -> &Heard {
        &self.heard
    }
}

#[cfg(test)]
mod tests {
    use super::Message;
    use opspilot_sdk::asking::{Bad, Reading as _};
    use opspilot_sdk::http::Event;
    use opspilot_sdk::{Finish, Usage};
    use proptest::prelude::*;
    use serde_json::{Value, json};

    fn told(events: &[Value]) -> (Message, Result<(), Bad>) {
        let mut message = Message::new();
        let taken =
            events.iter().try_for_each(|value| message.event(&Event { name: String::new(), data: value.to_string() }));
        (message, taken)
    }

    #[test]
    fn the_input_of_the_tool_is_the_answer() {
        let delta = |kind: &str, name: &str, text: &str| json!({ "type": "content_block_delta", "delta": { "type": kind, name: text } });
        let block = |kind: &str| json!({ "type": "content_block_start", "content_block": { "type": kind, "text": "", "input": {} } });
        let (message, taken) = told(&[
            json!({ "type": "message_start", "message": { "model": "m-1", "usage": {
                "input_tokens": 5, "cache_creation_input_tokens": 10, "cache_read_input_tokens": 20, "output_tokens": 1 } } }),
            block("thinking"),
            delta("thinking_delta", "thinking", "hm"),
            block("text"),
            delta("text_delta", "text", "I will answer."),
            json!({ "type": "content_block_stop" }),
            block("tool_use"),
            delta("input_json_delta", "partial_json", ""),
            delta("input_json_delta", "partial_json", "{\"a\":"),
            json!({ "type": "ping" }),
            delta("input_json_delta", "partial_json", "1}"),
            block("tool_use"),
            delta("input_json_delta", "partial_json", "{}"),
            json!({ "type": "something_new" }),
            json!({ "type": "message_delta", "delta": { "stop_reason": "tool_use" }, "usage": { "output_tokens": 9 } }),
            json!({ "type": "message_stop" }),
        ]);
        taken.unwrap();
        let heard = message.heard();
        assert_eq!((heard.text.as_str(), heard.model.as_deref(), heard.over), ("{\"a\":1}", Some("m-1"), true));
        assert_eq!(heard.finish, Some(Finish::Complete));
        assert_eq!(heard.usage, Some(Usage { input: 35, cached: 20, output: 9 }));
    }

    #[test]
    fn only_plain_counts_are_counts() {
        let usage = |start: Value, end: Value| {
            let (message, taken) = told(&[
                json!({ "type": "message_start", "message": { "usage": start } }),
                json!({ "type": "message_delta", "delta": {}, "usage": end }),
            ]);
            taken.unwrap();
            message.heard().usage
        };
        let start = json!({ "input_tokens": 7, "output_tokens": 1 });
        assert_eq!(usage(start.clone(), json!({ "output_tokens": 3 })), Some(Usage { input: 7, cached: 0, output: 3 }));
        let again = json!({ "input_tokens": 8, "cache_read_input_tokens": null, "output_tokens": 3 });
        assert_eq!(usage(start.clone(), again), Some(Usage { input: 8, cached: 0, output: 3 }));
        assert_eq!(
            usage(start.clone(), json!({ "input_tokens": 0, "output_tokens": 3 })).map(|usage| usage.input),
            Some(7)
        );
        for (start, end) in [
            (start.clone(), json!({})),
            (start.clone(), Value::Null),
            (start.clone(), json!({ "output_tokens": -3 })),
            (start.clone(), json!({ "output_tokens": 0.5 })),
            (start.clone(), json!({ "output_tokens": "3" })),
            (start, json!({ "output_tokens": u64::MAX })),
            (json!({ "input_tokens": -7, "output_tokens": 1 }), json!({ "output_tokens": 3 })),
            (Value::Null, json!({ "output_tokens": 3 })),
            (json!("none"), json!({ "output_tokens": 3 })),
        ] {
            assert_eq!(usage(start.clone(), end.clone()), None, "{start} {end}");
        }
    }

    #[test]
    fn endings_and_failures() {
        for (reason, finish) in [
            ("end_turn", Finish::Complete),
            ("max_tokens", Finish::Length),
            ("refusal", Finish::Declined),
            ("pause_turn", Finish::Other("pause_turn".to_owned())),
        ] {
            let mut message = Message::new();
            message.whole(json!({ "content": [{ "type": "text", "text": "x" }], "stop_reason": reason })).unwrap();
            assert_eq!(message.heard().finish, Some(finish), "{reason}");
        }
        let error = json!({ "type": "error", "error": { "type": "overloaded_error", "message": "m" } });
        assert!(
            matches!(told(std::slice::from_ref(&error)).1, Err(Bad::Failed(said)) if said.kind == "overloaded_error")
        );
        assert!(matches!(Message::new().whole(error), Err(Bad::Failed(_))));
        for odd in [json!({}), json!([]), json!("x"), json!({ "content": "x" })] {
            assert!(matches!(Message::new().whole(odd.clone()), Err(Bad::Garbled(_))), "{odd}");
        }
        assert!(told(&[json!([])]).1.is_err());
    }

    proptest! {
        /// Whatever comes, it is an answer or none, and no count is more than can be true.
        #[test]
        fn strangers_may_write_anything(values in prop::collection::vec(json_of(&WORDS), 1..8)) {
            let mut answer = Message::new();
            for value in &values {
                let _ = answer.event(&Event { name: String::new(), data: value.to_string() });
            }
            if let Some(usage) = answer.heard().usage {
                prop_assert!(usage.cached <= usage.input && usage.input < 1 << 34 && usage.output < 1 << 33);
            }
            for value in values {
                let _ = Message::new().whole(value);
            }
        }
    }

    const WORDS: [&str; 19] = [
        "type",
        "message",
        "content",
        "delta",
        "usage",
        "input_tokens",
        "output_tokens",
        "stop_reason",
        "content_block",
        "text",
        "tool_use",
        "message_start",
        "message_delta",
        "content_block_start",
        "content_block_delta",
        "input_json_delta",
        "partial_json",
        "error",
        "input",
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
