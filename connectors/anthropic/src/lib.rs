//! Models behind Anthropic's messages. One question is one `POST …/v1/messages`; the shape of the answer is told as the input of one tool
//! that the model must use, because that is how this interface takes a shape.
//!
//! INVARIANT: the tool does not exist: its input is the text of the answer, and nothing is ever done with it here.

mod answer;
mod model;
mod options;
mod question;

pub use options::{Options, Schema, Settings};

use opspilot_sdk::{BuildContext, ConnectorError, Model, Problems, Spec};
use std::sync::Arc;

/// The kind `anthropic`.
#[derive(Clone, Copy, Debug)]
pub struct Anthropic;

impl Spec for Anthropic {
    const KIND: &'static str = "anthropic";
    type Built = Arc<dyn Model>;
    type Options = Options;
    type Settings = Settings;

    fn validate(options: Options) -> Result<Settings, Problems> {
        options.validate()
    }

    fn build(settings: Settings, context: BuildContext) -> Result<Self::Built, ConnectorError> {
        Ok(Arc::new(model::Messages::build(settings, &context)?))
    }
}
