//! What is Anthropic's own: where key and version stand, and how it fails in the middle.

use crate::model_faults::{KEY, question};
use crate::model_server::{Act, ModelServer};
use crate::subject;
use opspilot_sdk::{Charge, ErrorKind};
use serde_json::json;

#[tokio::test]
async fn key_and_version_stand_in_headers() {
    let server = ModelServer::start(|_| Act::Say("{}".to_owned()));
    let options = json!({ "model": "m", "base_url": server.messages_url() });
    subject::build(options, KEY).ask(&question()).await.expect("an answer");
    let call = server.questions().remove(0);
    assert_eq!(call.path, "/v1/messages");
    for (name, value) in [("x-api-key", Some(KEY)), ("anthropic-version", Some("2023-06-01")), ("authorization", None)]
    {
        assert_eq!(call.header(name), value);
    }
    assert_eq!((&call.body["max_tokens"], &call.body["tool_choice"]["name"]), (&json!(500), &json!("brief")));
}

#[tokio::test]
async fn an_overload_inside_a_stream_is_one_but_may_have_cost() {
    let text = concat!(
        "event: message_start\ndata: {\"type\":\"message_start\",\"message\":{\"usage\":{\"input_tokens\":9}}}\n\n",
        "event: error\ndata: {\"type\":\"error\",\"error\":{\"type\":\"overloaded_error\",\"message\":\"Overloaded\"}}\n\n",
    );
    let server = ModelServer::start(|_| Act::Raw("text/event-stream", vec![text.as_bytes().to_vec()]));
    let model = subject::build(json!({ "model": "m", "base_url": server.messages_url() }), KEY);
    let failed = model.ask(&question()).await.expect_err("it failed");
    assert_eq!(
        (failed.error.kind, failed.error.code, failed.charge),
        (ErrorKind::RateLimited, "OP-7105", Charge::Unknown)
    );
}
