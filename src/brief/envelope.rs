//! The whole brief: a content with the header that says where it comes from.
//!
//! Its own file because the header is bookkeeping (ids, revision, generator), while an approval
//! binds to the content alone.
//! INVARIANT: serialises to exactly the shape of `opspilot.brief/1`, header keys first.

use super::content::Content;
use serde::{Deserialize, Serialize};

/// The schema name every brief of this version carries.
pub const SCHEMA: &str = "opspilot.brief/1";

/// Who drafted a brief, and what it cost.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
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
}

impl Generator {
    /// The embedded generator, which costs nothing.
    #[must_use]
    pub fn embedded(latency_ms: u64) -> Self {
        Generator { kind: "embedded".into(), model: None, prompt_hash: None, cost_micros: 0, latency_ms }
    }
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
