//! What a pilot demands of the rooms: its people, its rules, its clock. Own file because intake, review and the steps read the same
//! rules without knowing the configuration they came from.

use crate::domain::limit::{Allowance, AtLimit};
use crate::domain::review::Rules;
use crate::domain::writeback::{Terms, Trigger};
use jiff::SignedDuration;
use jiff::tz::TimeZone;
use std::collections::BTreeMap;
use std::sync::Arc;

/// The rules of one pilot, as validated by the configuration.
#[derive(Clone, Debug)]
pub struct Pilot {
    /// Its name.
    pub name: String,
    /// The client organisation.
    pub tenant: String,
    /// Names of the people who may decide.
    pub reviewers: Vec<String>,
    /// How many must approve, how many attempts there are.
    pub rules: Rules,
    /// Whoever handed a request in may not decide on it.
    pub forbid_self_review: bool,
    /// How long a claim on a brief lasts unless renewed.
    pub claim: SignedDuration,
    /// Who does what is next unless the brief says otherwise: a name for people.
    pub owner: String,
    /// The clock on the client's wall.
    pub time_zone: TimeZone,
    /// For how long the same content counts as the same request.
    pub alike_for: SignedDuration,
    /// Workflow that its requests take.
    pub workflow: String,
    /// Names of the reviewers who are told by mail.
    pub notify: Vec<String>,
    /// Whether its reviewers may decide by answering a mail.
    pub reply_by_mail: bool,
    /// Who drafts, the first that can: names of generators, `embedded` among them.
    pub generators: Vec<String>,
    /// What happens when a limit is reached.
    pub at_limit: AtLimit,
    /// Its own rates and budgets.
    pub allowance: Allowance,
    /// What a model is told about the client and the work; the operator's words.
    pub context: Option<String>,
    /// How requests are handled here, for a model; the operator's words.
    pub playbook: Option<String>,
    /// What it says about writing outside.
    pub terms: Terms,
    /// For how long an approved write can still be stopped before it is sent.
    pub undo_window: SignedDuration,
    /// What stops its writing.
    pub triggers: Vec<Trigger>,
}

/// All pilots by name.
#[derive(Clone, Debug, Default)]
pub struct Pilots(Arc<BTreeMap<String, Pilot>>);

impl Pilots {
    /// From a list; names are unique, the configuration has seen to that.
    #[must_use]
    pub fn new(pilots: impl IntoIterator<Item = Pilot>) -> Self {
        Self(Arc::new(pilots.into_iter().map(|pilot| (pilot.name.clone(), pilot)).collect()))
    }

    /// The pilot of that name.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Pilot> {
        self.0.get(name)
    }

    /// Every pilot, by name.
    pub fn iter(&self) -> impl Iterator<Item = &Pilot> {
        self.0.values()
    }
}

#[cfg(test)]
impl Pilot {
    /// A pilot of one reviewer in which nothing leaves by itself, for tests to say what is particular to theirs.
    pub(crate) fn sample() -> Self {
        Self {
            name: "north".into(),
            tenant: "acme".into(),
            reviewers: vec!["ada".into()],
            rules: Rules { approvals: 1, attempts: 3 },
            forbid_self_review: false,
            claim: SignedDuration::from_mins(15),
            owner: "ada".into(),
            time_zone: TimeZone::UTC,
            alike_for: SignedDuration::from_hours(24),
            workflow: "generate-brief".into(),
            notify: Vec::new(),
            reply_by_mail: false,
            generators: vec!["embedded".into()],
            at_limit: AtLimit::default(),
            allowance: Allowance::default(),
            context: None,
            playbook: None,
            terms: Terms::manual(),
            undo_window: SignedDuration::ZERO,
            triggers: Vec::new(),
        }
    }
}
