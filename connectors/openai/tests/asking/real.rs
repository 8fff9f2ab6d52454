//! Real servers: llama.cpp, which holds a model to a schema, and LiteLLM's proxy, a gateway in real use. Each is started once, because that
//! takes seconds.

use crate::model_faults::question;
use crate::model_programs::{GATEWAY_KEY, LLAMA_KEY, Program};
use crate::model_server::{Act, ModelServer};
use crate::subject::build;
use opspilot_sdk::{Answer, Charge, ErrorKind, Finish, Model, Question, Speaker, Turn, Unanswered};
use serde_json::{Value, json};
use std::sync::Arc;

type Told = (ErrorKind, &'static str, Charge);

fn told(answered: Result<Answer, Unanswered>) -> Told {
    let unanswered = answered.expect_err("this is no answer");
    let text = unanswered.to_string();
    assert!(!text.contains("boiler") && !text.contains("http") && !text.contains("sk-"), "{text}");
    (unanswered.error.kind, unanswered.error.code, unanswered.charge)
}

fn model(port: u16, key: &str, more: Value) -> Arc<dyn Model> {
    let mut options = json!({ "base_url": format!("http://127.0.0.1:{port}/v1") });
    options.as_object_mut().into_iter().zip(more.as_object()).for_each(|(to, from)| to.extend(from.clone()));
    build(options, key)
}

#[tokio::test]
async fn llama_cpp_holds_a_model_to_the_schema() {
    let folder = tempfile::tempdir().expect("a folder");
    let server = Program::llama(folder.path()).unwrap_or_else(|cause| panic!("{cause}"));
    let of = |more: Value| model(server.port, LLAMA_KEY, more);
    for more in [
        json!({ "model": "tiny" }),
        json!({ "model": "tiny", "stream": false }),
        json!({ "model": "tiny", "temperature": 1.5 }),
    ] {
        let model = of(more);
        model.check().await.expect("it is there");
        let answer = model.ask(&question()).await.expect("an answer");
        let value: Value = serde_json::from_str(&answer.text).expect("JSON");
        assert!(value["summary"].is_string() && value.as_object().is_some_and(|object| object.len() == 1), "{value}");
        let usage = answer.usage.expect("a count");
        assert!(usage.input > 0 && usage.output > 0 && usage.input <= question().most_input() && usage.output <= 500);
        assert_eq!((answer.finish, answer.model.as_deref()), (Finish::Complete, Some("tiny")));
    }
    // Told in words, it is held to JSON of some shape, or to nothing; both are answers.
    for schema in ["json_object", "none"] {
        let answer = of(json!({ "model": "tiny", "schema": schema })).ask(&question()).await.expect("an answer");
        assert!(answer.usage.is_some(), "{answer:?}");
    }
    let tiny = of(json!({ "model": "tiny" }));
    let short = tiny.ask(&Question { max_output: 3, ..question() }).await.expect("an answer");
    assert_eq!((short.finish, short.usage.map(|usage| usage.output)), (Finish::Length, Some(3)));
    let long = Question { turns: vec![Turn { speaker: Speaker::User, text: "boiler ".repeat(20_000) }], ..question() };
    assert_eq!(told(tiny.ask(&long).await), (ErrorKind::Rejected, "OP-7107", Charge::Nothing));
    let stranger = model(server.port, "wrong", json!({ "model": "tiny" }));
    assert_eq!(told(stranger.ask(&question()).await), (ErrorKind::Unauthorised, "OP-7104", Charge::Nothing));
    assert_eq!(of(json!({ "model": "huge" })).check().await.map_err(|error| error.code), Err("OP-7106"));
}

#[tokio::test(flavor = "multi_thread")]
async fn litellm_stands_between() {
    let vendor = ModelServer::start(|_| Act::Say(r#"{"summary":"Kessel"}"#.to_owned()));
    let folder = tempfile::tempdir().expect("a folder");
    let server = Program::litellm(folder.path(), &vendor.messages_url()).unwrap_or_else(|cause| panic!("{cause}"));
    let of = |name: &str, more: Value| {
        let mut more = more;
        more["model"] = name.into();
        model(server.port, GATEWAY_KEY, more)
    };
    for stream in [true, false] {
        for (name, text) in [("brief", "Asks for a new boiler"), ("chat", "Kessel"), ("messages", "Kessel")] {
            let model = of(name, json!({ "stream": stream }));
            model.check().await.expect("it is there");
            let answer = model.ask(&question()).await.unwrap_or_else(|cause| panic!("{name}: {cause}"));
            let value: Value = serde_json::from_str(&answer.text).expect("JSON");
            assert_eq!((value["summary"].as_str(), &answer.finish), (Some(text), &Finish::Complete), "{name}");
            let usage = answer.usage.expect("a count");
            let true_count = vendor.questions().pop().map(|call| (call.input, call.output));
            if name != "brief" {
                assert_eq!(Some((usage.input, usage.output)), true_count, "{name}");
            }
        }
    }
    let prose = of("prose", json!({})).ask(&question()).await.expect("an answer");
    assert!(prose.text.starts_with("Surely!"));
    let all = vendor.requests();
    for (name, expected) in [
        ("too-many", (ErrorKind::RateLimited, "OP-7105", Charge::Nothing)),
        ("broken", (ErrorKind::Transient, "OP-7108", Charge::Unknown)),
        ("too-long", (ErrorKind::Rejected, "OP-7107", Charge::Nothing)),
        ("unknown", (ErrorKind::Rejected, "OP-7107", Charge::Nothing)),
    ] {
        assert_eq!(told(of(name, json!({})).ask(&question()).await), expected, "{name}");
    }
    let slow = of("slow", json!({ "connect_secs": 1, "first_byte_secs": 1, "whole_secs": 1 }));
    assert_eq!(told(slow.ask(&question()).await), (ErrorKind::Transient, "OP-7109", Charge::Unknown));
    assert_eq!(vendor.requests(), all);
    // What the vendor refuses comes through, and nobody tries again.
    vendor.act(|_| Act::too_many(Some("9")));
    assert_eq!(
        told(of("chat", json!({})).ask(&question()).await),
        (ErrorKind::RateLimited, "OP-7105", Charge::Nothing)
    );
    vendor.act(|_| Act::CutInside("word ".repeat(100)));
    assert_eq!(told(of("chat", json!({})).ask(&question()).await).2, Charge::Unknown);
    assert_eq!(vendor.requests(), all + 2);
    // Without a database it knows one key alone, and says of others that it has no database.
    let stranger = model(server.port, "sk-wrong", json!({ "model": "brief" }));
    assert_eq!(told(stranger.ask(&question()).await).2, Charge::Nothing);
}
