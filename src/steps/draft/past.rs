//! What the step has tried already, kept as its own output while it waits. Own file because it is all that one look at a request leaves to
//! the next. INVARIANT: nothing in it but names, codes and counts; a look that cannot read it begins anew.

use crate::brief::Tried;
use crate::domain::money::Micros;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// A generator that fails in passing is asked this often before the next of the chain is.
const TRIES: u32 = 3;
/// First wait before it is asked again; doubled for each further one.
const FIRST_WAIT: Duration = Duration::from_secs(2);

/// A generator that was to draft and did not.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Left {
    generator: String,
    /// Why, as a stable code.
    code: String,
    /// How often it failed; [`TRIES`] when it is not asked again.
    times: u32,
}

/// Earlier looks at this request.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Past {
    /// When the first began, in microseconds.
    since: i64,
    /// Who was asked, or passed over, in order.
    tried: Vec<Left>,
    /// What calls came to so far.
    pub(super) cost: Micros,
}

impl Past {
    /// As an earlier look left it, or none.
    pub(super) fn read(output: Option<&str>, now: Timestamp) -> Self {
        let left = output.and_then(|output| serde_json::from_str(output).ok());
        left.unwrap_or_else(|| Self { since: now.as_microsecond(), ..Self::default() })
    }

    /// For the next look.
    pub(super) fn to_output(&self) -> Option<String> {
        serde_json::to_string(self).ok()
    }

    /// When the first look began, in microseconds.
    pub(super) fn since(&self) -> i64 {
        self.since
    }

    /// Whether a generator is not asked again for this brief.
    pub(super) fn is_given_up(&self, generator: &str) -> bool {
        self.tried.iter().any(|tried| tried.generator == generator && tried.times >= TRIES)
    }

    /// Notes a failure that passes; how long to wait at least before it is asked again.
    pub(super) fn failed(&mut self, generator: &str, code: &str) -> Duration {
        let tried = self.note(generator, code);
        tried.times = tried.times.saturating_add(1);
        FIRST_WAIT * 2_u32.saturating_pow(tried.times.saturating_sub(1).min(8))
    }

    /// Notes that a generator is not asked again for this brief.
    pub(super) fn give_up(&mut self, generator: &str, code: &str) {
        self.note(generator, code).times = TRIES;
    }

    /// Notes that a generator is passed over now.
    pub(super) fn pass_over(&mut self, generator: &str, code: &str) {
        self.note(generator, code);
    }

    /// Who did not draft, and why.
    pub(super) fn tried(&self) -> Vec<Tried> {
        let tried = |left: &Left| Tried { generator: left.generator.clone(), code: left.code.clone() };
        self.tried.iter().map(tried).collect()
    }

    /// The same for people, when nobody else drafts.
    pub(super) fn why_nobody(&self) -> String {
        let reasons: Vec<String> =
            self.tried.iter().map(|left| format!("`{}` did not ({})", left.generator, left.code)).collect();
        let reasons = if reasons.is_empty() { "there is none".to_owned() } else { reasons.join(", ") };
        format!(
            "no generator of the pilot drafted: {reasons}; see to them, or add `embedded` to `generators`, then retry"
        )
    }

    fn note(&mut self, generator: &str, code: &str) -> &mut Left {
        let place = self.tried.iter().position(|tried| tried.generator == generator).unwrap_or_else(|| {
            self.tried.push(Left { generator: generator.to_owned(), code: String::new(), times: 0 });
            self.tried.len() - 1
        });
        let tried = &mut self.tried[place];
        code.clone_into(&mut tried.code);
        tried
    }
}
