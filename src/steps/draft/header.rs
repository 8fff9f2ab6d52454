//! What a brief says of how it came about. Own file because every later report counts from these figures. INVARIANT: what is not known is
//! absent; a brief of the embedded generator that nobody else was to draft says nothing more than it did before there were others.

use super::ask::Made;
use super::generators::Generator;
use super::job::Job;
use super::past::Past;
use crate::brief::{self, Latency, MOST_CORRECTIONS, Tokens};
use jiff::Timestamp;
use std::time::Duration;

/// Of a brief that was drafted within the program.
pub(super) fn embedded(latency_ms: u64, past: &Past) -> brief::Generator {
    brief::Generator { fallback: past.tried(), cost_micros: past.cost.get(), ..brief::Generator::embedded(latency_ms) }
}

/// Of a brief that a model drafted.
pub(super) fn made(
    job: &Job<'_>,
    generator: &Generator,
    prompt: &str,
    made: &Made,
    past: &Past,
    began: Timestamp,
) -> brief::Generator {
    let Made { accepted, taken, .. } = made;
    // A further attempt could begin when a person decided; that time is not in its run.
    let ready = if job.attempt == 1 { job.request.accepted_at.as_microsecond() } else { past.since() };
    let queue_ms = u64::try_from((began.as_microsecond() - ready) / 1000).unwrap_or(0);
    let counted = taken.usage.input > 0 || taken.usage.output > 0;
    let tokens = Tokens { input: taken.usage.input, cached: taken.usage.cached, output: taken.usage.output };
    brief::Generator {
        kind: generator.kind.clone(),
        model: Some(made.model.clone()),
        prompt_hash: Some(prompt.to_owned()),
        cost_micros: past.cost.get(),
        latency_ms: millis(taken.limiter + taken.provider + taken.check),
        name: Some(generator.asked.name.clone()),
        latency: Some(Latency {
            queue_ms,
            limiter_ms: millis(taken.limiter),
            provider_ms: millis(taken.provider),
            check_ms: millis(taken.check),
        }),
        tokens: counted.then_some(tokens),
        repairs: taken.repairs,
        corrections: accepted.corrections.iter().take(MOST_CORRECTIONS).cloned().collect(),
        missing_sections: accepted.missing.iter().map(|section| (*section).to_owned()).collect(),
        left_out_bytes: made.left_out,
        fallback: past.tried(),
    }
}

fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}
