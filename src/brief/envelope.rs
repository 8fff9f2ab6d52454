//! The whole brief: a content with the header that says where it comes from.
//!
//! Its own file because the header is bookkeeping (ids, revision, generator), while an approval
//! binds to the content alone.
//! INVARIANT: serialises to exactly the shape of `opspilot.brief/1`, header keys first. Of the generator, what does not apply is absent:
//! what the embedded one stores has not a byte more than before there were others.

use super::answer::Correction;
use super::content::Content;
use serde::{Deserialize, Serialize};

/// The schema name every brief of this version carries.
pub const SCHEMA: &str = "opspilot.brief/1";

/// Who drafted a brief, what it cost and how it came about.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Generator {
    /// `embedded`, `openai`, `anthropic`, …
    pub kind: String,
    /// Model name; absent for the embedded generator.
    pub model: Option<String>,
    /// SHA-256 of the prompt in hexadecimal; absent for the embedded generator.
    pub prompt_hash: Option<String>,
    /// Cost in micro-dollars; nothing where a person wrote.
    #[serde(default)]
    pub cost_micros: i64,
    /// Time from asking to answer, in milliseconds; nothing where a person wrote.
    #[serde(default)]
    pub latency_ms: u64,
    /// What the configuration calls it; absent for the embedded generator.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Where the time went; absent where nothing was asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub latency: Option<Latency>,
    /// What the far side counted, over all its answers for this brief; absent where it reported nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tokens: Option<Tokens>,
    /// How often an answer was sent back to be put right.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub repairs: u32,
    /// What the checker corrected in the answer or took out of it, at most [`MOST_CORRECTIONS`].
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub corrections: Vec<Correction>,
    /// Sections in which the model left nothing, by name.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub missing_sections: Vec<String>,
    /// Bytes in the middle of the request that the model did not see.
    #[serde(default, skip_serializing_if = "is_nothing")]
    pub left_out_bytes: u64,
    /// Generators that were to draft before this one and did not, in order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub fallback: Vec<Tried>,
}

/// Most corrections that a header names.
pub const MOST_CORRECTIONS: usize = 40;

/// Where the time of a draft went, in milliseconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Latency {
    /// From when drafting could begin to when it did: waiting for a worker, for a limit, between tries.
    pub queue_ms: u64,
    /// Asking the limits and settling with them.
    pub limiter_ms: u64,
    /// At the far side, repairs included.
    pub provider_ms: u64,
    /// Making the question and checking the answer.
    pub check_ms: u64,
}

/// What a far side counted, in tokens.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Tokens {
    /// Read.
    pub input: u64,
    /// Of those, read from a cache.
    pub cached: u64,
    /// Written.
    pub output: u64,
}

/// A generator that was to draft and did not.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Tried {
    /// Its name.
    pub generator: String,
    /// Why not, as a stable code, `OP-nnnn`.
    pub code: String,
}

fn is_zero(count: &u32) -> bool {
    *count == 0
}

fn is_nothing(bytes: &u64) -> bool {
    *bytes == 0
}

impl Generator {
    /// The embedded generator, which costs nothing.
    #[must_use]
    pub fn embedded(latency_ms: u64) -> Self {
        Generator { kind: "embedded".into(), latency_ms, ..Generator::default() }
    }
}

/// The person who made a revision by hand.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hand {
    /// Their name.
    pub by: String,
    /// How the last draft before it came about.
    pub drafted: Option<Generator>,
}

/// A brief as the API, the command line and the files show it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Wire", into = "Wire")]
pub struct Brief {
    /// Id of the brief, `brf_…`.
    pub brief: String,
    /// Id of the request, `req_…`.
    pub request: String,
    /// Number of the revision, from 1.
    pub revision: u32,
    /// Who drafted it.
    pub generator: Generator,
    /// Who edited it, for people to read: no part of the shape.
    pub hand: Option<Hand>,
    /// The eight sections.
    pub content: Content,
}

/// The JSON shape. Written out key by key, because a flattened struct could not refuse unknown keys.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Wire {
    schema: String,
    brief: String,
    request: String,
    revision: u32,
    generator: Generator,
    workflow_summary: super::Statement,
    priority: super::Priority,
    risk: super::Risk,
    recommended_status: super::RecommendedStatus,
    missing_information: Vec<super::Missing>,
    next_actions: Vec<super::Action>,
    pricing_rationale: Option<super::Statement>,
    implementation_roadmap: Vec<super::Phase>,
    #[serde(default)]
    unverified: Vec<super::Problem>,
}

impl From<Brief> for Wire {
    fn from(brief: Brief) -> Self {
        let content = brief.content;
        Wire {
            schema: SCHEMA.into(),
            brief: brief.brief,
            request: brief.request,
            revision: brief.revision,
            generator: brief.generator,
            workflow_summary: content.workflow_summary,
            priority: content.priority,
            risk: content.risk,
            recommended_status: content.recommended_status,
            missing_information: content.missing_information,
            next_actions: content.next_actions,
            pricing_rationale: content.pricing_rationale,
            implementation_roadmap: content.implementation_roadmap,
            unverified: content.unverified,
        }
    }
}

impl TryFrom<Wire> for Brief {
    type Error = String;
    fn try_from(wire: Wire) -> Result<Self, Self::Error> {
        if wire.schema != SCHEMA {
            return Err(format!("unknown schema `{}`, expected `{SCHEMA}`", wire.schema));
        }
        Ok(Brief {
            brief: wire.brief,
            request: wire.request,
            revision: wire.revision,
            generator: wire.generator,
            hand: None,
            content: Content {
                workflow_summary: wire.workflow_summary,
                priority: wire.priority,
                risk: wire.risk,
                recommended_status: wire.recommended_status,
                missing_information: wire.missing_information,
                next_actions: wire.next_actions,
                pricing_rationale: wire.pricing_rationale,
                implementation_roadmap: wire.implementation_roadmap,
                unverified: wire.unverified,
            },
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_embedded_generator_stores_what_it_always_stored() {
        let stored = r#"{"kind":"embedded","model":null,"prompt_hash":null,"cost_micros":0,"latency_ms":12}"#;
        assert_eq!(serde_json::to_string(&Generator::embedded(12)).unwrap(), stored);
        assert_eq!(serde_json::from_str::<Generator>(stored).unwrap(), Generator::embedded(12));
        assert_eq!(serde_json::from_str::<Generator>(r#"{"kind":"human"}"#).unwrap().kind, "human");
    }

    #[test]
    fn what_applies_is_told_and_read_back() {
        let told = Generator {
            model: Some("m".into()),
            prompt_hash: Some("ab".into()),
            cost_micros: 420,
            name: Some("cloud".into()),
            latency: Some(Latency { queue_ms: 1, limiter_ms: 2, provider_ms: 3, check_ms: 4 }),
            tokens: Some(Tokens { input: 5, cached: 6, output: 7 }),
            repairs: 1,
            corrections: vec![Correction { path: "risk".into(), what: "left out".into() }],
            missing_sections: vec!["risk".into()],
            left_out_bytes: 9,
            fallback: vec![Tried { generator: "other".into(), code: "OP-7210".into() }],
            ..Generator::embedded(10)
        };
        let json = serde_json::to_string(&told).unwrap();
        assert_eq!(serde_json::from_str::<Generator>(&json).unwrap(), told);
        assert!(serde_json::from_str::<Generator>(r#"{"kind":"x","owner":"y"}"#).is_err());
    }
}
