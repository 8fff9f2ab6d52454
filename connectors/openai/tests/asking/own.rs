//! What is OpenAI's own: where the key stands, and how it refuses.

use crate::model_faults::{KEY, question};
use crate::model_server::{Act, ModelServer};
use crate::subject;
use opspilot_sdk::Finish;
use serde_json::json;

#[tokio::test]
async fn key_organisation_and_project_stand_in_headers() {
    let server = ModelServer::start(|_| Act::Say("{}".to_owned()));
    let options = json!({ "model": "m", "base_url": server.chat_url(), "organization": "org-1", "project": "proj-1" });
    subject::build(options, KEY).ask(&question()).await.expect("an answer");
    let call = server.questions().remove(0);
    assert_eq!(call.path, "/v1/chat/completions");
    for (name, value) in
        [("authorization", &*format!("Bearer {KEY}")), ("openai-organization", "org-1"), ("openai-project", "proj-1")]
    {
        assert_eq!(call.header(name), Some(value));
    }
    assert_eq!(call.body["max_tokens"], 500);
}

#[tokio::test]
async fn refusals_and_failures_inside_a_stream() {
    let stream = |text: &str| Act::Raw("text/event-stream", vec![text.as_bytes().to_vec()]);
    let refusal = stream(concat!(
        "data: {\"choices\":[{\"delta\":{\"refusal\":\"I will not\"}}]}\n\n",
        "data: {\"choices\":[{\"delta\":{},\"finish_reason\":\"stop\"}]}\n\n",
    ));
    let failure = stream("data: {\"error\":{\"type\":\"server_error\",\"message\":\"My boiler is broken and\"}}\n\n");
    let server = ModelServer::start(move |call| if call.number == 0 { refusal.clone() } else { failure.clone() });
    let model = subject::build(json!({ "model": "m", "base_url": server.chat_url() }), KEY);
    let answer = model.ask(&question()).await.expect("an answer");
    assert_eq!((answer.finish, answer.text.as_str(), answer.usage), (Finish::Declined, "I will not", None));
    let failed = model.ask(&question()).await.expect_err("it failed").to_string();
    assert!(failed.contains("server_error") && failed.contains("OP-7108") && !failed.contains("boiler"), "{failed}");
}
