//! What is sent: a question as the body of a chat completion. Own file because other servers differ in it, and the differences are
//! options. INVARIANT: nothing but the question's own text is in it, and never more than [`Question::most_input`] counts.

use crate::options::{LengthKey, Schema, Settings};
use opspilot_sdk::Question;
use opspilot_sdk::asking::{self, in_words};
use serde_json::{Value, json};

/// The body of the request, as JSON text.
pub(crate) fn body(settings: &Settings, question: &Question) -> String {
    let system = match settings.schema {
        Schema::JsonSchema => question.system.clone(),
        Schema::JsonObject | Schema::None => in_words(question),
    };
    let mut messages = vec![json!({ "role": "system", "content": system })];
    messages.extend(asking::messages(question));
    let mut body = json!({ "model": settings.model, "messages": messages });
    let mut put = |key: &str, value: Value| body[key] = value;
    let length = match settings.length {
        LengthKey::MaxCompletionTokens => "max_completion_tokens",
        LengthKey::MaxTokens => "max_tokens",
    };
    put(length, question.max_output.into());
    match settings.schema {
        Schema::JsonSchema => put(
            "response_format",
            json!({ "type": "json_schema", "json_schema": {
                "name": question.schema_name, "strict": true, "schema": *question.schema,
            } }),
        ),
        Schema::JsonObject => put("response_format", json!({ "type": "json_object" })),
        Schema::None => {}
    }
    if settings.stream {
        put("stream", true.into());
        put("stream_options", json!({ "include_usage": true }));
    }
    if let Some(temperature) = settings.temperature {
        put("temperature", temperature.into());
    }
    if let Some(effort) = &settings.reasoning_effort {
        put("reasoning_effort", effort.as_str().into());
    }
    body.to_string()
}

#[cfg(test)]
mod tests {
    use super::body;
    use crate::Options;
    use opspilot_sdk::{Question, Speaker, Turn};
    use serde_json::{Value, json};
    use std::sync::Arc;

    fn asked(options: Value) -> Value {
        let options: Options = serde_json::from_value(options).unwrap();
        serde_json::from_str(&body(&options.validate().unwrap(), &question())).unwrap()
    }

    fn question() -> Question {
        let turn = |speaker, text: &str| Turn { speaker, text: text.to_owned() };
        Question {
            system: "Write.".to_owned(),
            turns: vec![turn(Speaker::User, "a"), turn(Speaker::Model, "b"), turn(Speaker::User, "c")],
            schema: Arc::new(json!({ "type": "object" })),
            schema_name: "brief",
            max_output: 77,
            key: "k".to_owned(),
        }
    }

    #[test]
    fn what_is_sent() {
        let messages = json!([
            { "role": "system", "content": "Write." }, { "role": "user", "content": "a" },
            { "role": "assistant", "content": "b" }, { "role": "user", "content": "c" },
        ]);
        let expected = json!({
            "model": "m", "messages": messages, "max_completion_tokens": 77, "stream": true, "stream_options": { "include_usage": true },
            "response_format": { "type": "json_schema", "json_schema": { "name": "brief", "strict": true, "schema": { "type": "object" } } },
        });
        assert_eq!(asked(json!({ "model": "m" })), expected);
        let other = asked(json!({
            "model": "m", "schema": "none", "max_tokens_key": "max_tokens", "stream": false, "temperature": 0, "reasoning_effort": "low",
        }));
        assert_eq!(
            (&other["max_tokens"], &other["temperature"], &other["reasoning_effort"]),
            (&json!(77), &json!(0.0), &json!("low"))
        );
        assert!(other.get("stream").is_none() && other.get("response_format").is_none());
        assert!(other["messages"][0]["content"].as_str().unwrap().ends_with(r#"{"type":"object"}"#));
        assert_eq!(
            asked(json!({ "model": "m", "schema": "json_object" }))["response_format"],
            json!({ "type": "json_object" })
        );
    }

    #[test]
    fn it_is_never_more_than_was_counted() {
        for schema in ["json_schema", "json_object", "none"] {
            let sent = asked(json!({ "model": "m", "schema": schema }));
            let texts: usize = sent["messages"]
                .as_array()
                .unwrap()
                .iter()
                .map(|message| message["content"].as_str().unwrap().len())
                .sum();
            let format = sent.get("response_format").map_or(0, |format| format.to_string().len());
            assert!((texts + format) as u64 <= question().most_input(), "{schema}");
        }
    }
}
