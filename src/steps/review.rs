//! `review`: waits for people, for as long as it takes. INVARIANT: nothing but a decision written by the review room wakes it; there is
//! no timer here, and a signal it cannot read lets it wait on.

use crate::engine::{Done, Step, StepContext, StepError, Transition};
use futures_util::future::BoxFuture;
use opspilot_sdk::Problems;
use serde::Deserialize;
use serde_json::Value;

#[derive(Deserialize)]
struct Signal {
    outcome: String,
}

/// The step.
pub struct Review;

impl Step for Review {
    fn kind(&self) -> &'static str {
        "review"
    }

    fn answers(&self) -> &'static [&'static str] {
        &["approved", "rejected", "redraft"]
    }

    fn check(&self, with: &Value) -> Result<(), Problems> {
        super::no_settings(with)
    }

    fn run<'a>(&'a self, context: &'a StepContext<'a>) -> BoxFuture<'a, Result<Transition, StepError>> {
        let outcome =
            context.signal.and_then(|signal| serde_json::from_str::<Signal>(signal).ok()).map(|signal| signal.outcome);
        let done = Done { output: context.signal.map(str::to_owned), ..Done::default() };
        let answer = match outcome.as_deref() {
            Some("approved") => Some("approved"),
            Some("rejected") => Some("rejected"),
            Some("redraft") => Some("redraft"),
            _ => None,
        };
        Box::pin(std::future::ready(Ok(match answer {
            Some(answer) => Transition::Answer(answer, done),
            None => Transition::WaitFor { done: Done::default(), key: context.run.brief().review_key(), until: None },
        })))
    }
}
