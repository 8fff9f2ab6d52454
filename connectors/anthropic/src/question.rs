//! What is sent: a question as the body of a message. Own file because how a shape is told differs from every other interface.
//! INVARIANT: nothing but the question's own text is in it, and never more than [`Question::most_input`] counts.

use crate::options::{Schema, Settings};
use opspilot_sdk::Question;
use opspilot_sdk::asking::{in_words, messages};
use serde_json::{Value, json};

/// What the tool is said to do.
const TOOL: &str = "Takes the answer.";

/// The body of the request, as JSON text.
pub(crate) fn body(settings: &Settings, question: &Question) -> String {
    let messages: Vec<Value> = messages(question).collect();
    let mut body = json!({ "model": settings.model, "max_tokens": question.max_output, "messages": messages });
    let mut put = |key: &str, value: Value| body[key] = value;
    match settings.schema {
        Schema::Tool => {
            put("system", question.system.as_str().into());
            let name = question.schema_name;
            put("tools", json!([{ "name": name, "description": TOOL, "input_schema": *question.schema }]));
            put("tool_choice", json!({ "type": "tool", "name": name, "disable_parallel_tool_use": true }));
        }
        Schema::None => put("system", in_words(question).into()),
    }
    if settings.stream {
        put("stream", true.into());
    }
    if let Some(temperature) = settings.temperature {
        put("temperature", temperature.into());
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
            { "role": "user", "content": "a" }, { "role": "assistant", "content": "b" }, { "role": "user", "content": "c" },
        ]);
        let expected = json!({
            "model": "m", "max_tokens": 77, "messages": messages, "system": "Write.", "stream": true,
            "tools": [{ "name": "brief", "description": "Takes the answer.", "input_schema": { "type": "object" } }],
            "tool_choice": { "type": "tool", "name": "brief", "disable_parallel_tool_use": true },
        });
        assert_eq!(asked(json!({ "model": "m" })), expected);
        let other = asked(json!({ "model": "m", "schema": "none", "stream": false, "temperature": 0.5 }));
        assert!(other.get("tools").is_none() && other.get("tool_choice").is_none() && other.get("stream").is_none());
        assert!(other["system"].as_str().unwrap().ends_with(r#"{"type":"object"}"#));
        assert_eq!(other["temperature"], json!(0.5));
    }

    #[test]
    fn it_is_never_more_than_was_counted() {
        for schema in ["tool", "none"] {
            let sent = asked(json!({ "model": "m", "schema": schema }));
            let around = |key: &str| sent.get(key).map_or(0, |value| value.to_string().len());
            let counted = around("messages") + around("system") + around("tools") + around("tool_choice");
            assert!(counted as u64 <= question().most_input(), "{schema}");
        }
    }
}
