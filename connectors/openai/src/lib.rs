//! Models behind OpenAI's chat completions: OpenAI itself, and the servers that speak the same (Ollama, vLLM, llama.cpp, LiteLLM and many
//! more). One question is one `POST …/chat/completions`; the answer is streamed, so that silence is noticed and a call can be ended.
//!
//! INVARIANT: the far side is offered no tool and no choice of answers: one text comes back, and nothing is done with it here.

mod answer;
mod model;
mod options;
mod question;

pub use options::{LengthKey, Options, Schema, Settings};

use opspilot_sdk::{BuildContext, ConnectorError, Model, Problems, Spec};
use std::sync::Arc;

/// The kind `openai`.
#[derive(Clone, Copy, Debug)]
pub struct OpenAi;

impl Spec for OpenAi {
    const KIND: &'static str = "openai";
    type Built = Arc<dyn Model>;
    type Options = Options;
    type Settings = Settings;

    fn validate(options: Options) -> Result<Settings, Problems> {
        options.validate()
    }

    fn build(settings: Settings, context: BuildContext) -> Result<Self::Built, ConnectorError> {
        Ok(Arc::new(model::Chat::build(settings, &context)?))
    }
}
