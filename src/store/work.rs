//! Work at hand: a run as a worker holds it, and the short way from a commit to the local worker. A request that arrives while the
//! worker is idle is leased to it in the very transaction that accepts it, so that it needs no second one to be claimed.

use crate::domain::id::{BriefId, NodeId, RequestId, RunId};
use jiff::Timestamp;
use std::collections::BTreeMap;
use std::sync::Arc;
use tokio::sync::mpsc;

/// A request: immutable once accepted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    /// Its name.
    pub id: RequestId,
    /// Pilot it belongs to.
    pub pilot: String,
    /// Client organisation.
    pub tenant: String,
    /// Configured source that brought it.
    pub source: String,
    /// The origin's own name for it.
    pub external_id: Option<String>,
    /// Who handed it in, when a person did.
    pub submitter: Option<String>,
    /// Digest of the raw bytes.
    pub raw: String,
    /// Media type of the raw bytes.
    pub media_type: String,
    /// Name of the person who asks.
    pub sender_name: Option<String>,
    /// Their e-mail address.
    pub sender_email: Option<String>,
    /// Their telephone number.
    pub sender_phone: Option<String>,
    /// Their organisation.
    pub organisation: Option<String>,
    /// Subject line.
    pub subject: Option<String>,
    /// The normalised text that briefs quote.
    pub text: String,
    /// An earlier request with the same content, or the same external id.
    pub duplicate_of: Option<RequestId>,
    /// How many files came along.
    pub attachments: u32,
    /// When it reached us.
    pub received_at: Timestamp,
    /// When it was durable.
    pub accepted_at: Timestamp,
    /// What stands for a draft of it, when it is a planted one of the attention check. Known to who drafts, and to no reader: what is shown
    /// of a request never tells.
    pub planted: Option<Arc<Plant>>,
}

/// A bad draft made beforehand.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Plant {
    /// Canonical JSON of the content.
    pub content: String,
    /// How a brief says that it was made, as JSON.
    pub generator: String,
}

/// A run that this node holds the lease of.
#[derive(Clone, Debug)]
pub struct ClaimedRun {
    /// Its name.
    pub run: RunId,
    /// What it is about.
    pub request: Arc<Request>,
    /// Hash of the definition it is pinned to.
    pub definition: String,
    /// The step to do next.
    pub step: String,
    /// Which attempt at this step, from 1.
    pub attempt: u32,
    /// Step rows written so far.
    pub steps: u32,
    /// INVARIANT: a commit with another epoch than the row's changes nothing.
    pub epoch: i64,
    /// How urgent: 0 urgent, 1 somebody waits, 2 a pile.
    pub lane: i64,
    /// What woke it, when it had waited: JSON.
    pub signal: Option<String>,
    /// Outputs of the steps done so far, by step name: JSON. Empty for a fresh run.
    pub outputs: BTreeMap<String, String>,
}

impl ClaimedRun {
    /// The brief this run drafts.
    #[must_use]
    pub fn brief(&self) -> BriefId {
        self.request.id.brief()
    }
}

/// A worker hired by [`super::Store::hire`].
#[derive(Clone)]
pub(super) struct Hire {
    pub(super) node: NodeId,
    pub(super) lease_micros: i64,
    pub(super) sender: mpsc::Sender<ClaimedRun>,
}
