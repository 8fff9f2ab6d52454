//! The engine: works runs of workflow definitions, one checkpointed step after the other. It knows steps, not briefs. INVARIANT: what
//! a step did and what comes next are one commit, fenced by the lease; after a crash the last commit is where it goes on.

mod definition;
mod options;
mod step;
mod upkeep;
mod work;
mod workflows;

pub use definition::{Definition, Retry, StepSpec};
pub use options::Options;
pub use step::{Done, Step, StepContext, StepError, Steps, Transition};
pub use work::Engine;
pub use workflows::Workflows;

#[cfg(test)]
mod tests;
