//! What an action is asked on: one thing, where it belongs, and what the rules need to know of it.
//!
//! Its own file because every room that asks builds one. Leaving a fact out never widens a right:
//! no tenant and no pilot means only grants over everything reach it, no reviewers means nobody decides.

use std::fmt;

use serde::Serialize;

/// Kinds of things that can be asked about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// An accepted envelope.
    Request,
    /// The draft made from a request.
    Brief,
    /// What lies before a reviewer.
    Review,
    /// One execution of a workflow.
    Run,
    /// One receipt.
    Receipt,
    /// The record of a user.
    User,
    /// An access token.
    Token,
    /// A pilot, and everything in it where an action says so.
    Pilot,
    /// The whole installation.
    System,
}

impl Kind {
    /// Every kind.
    pub const ALL: [Self; 9] = [
        Self::Request,
        Self::Brief,
        Self::Review,
        Self::Run,
        Self::Receipt,
        Self::User,
        Self::Token,
        Self::Pilot,
        Self::System,
    ];

    /// The name people see.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Request => "request",
            Self::Brief => "brief",
            Self::Review => "review",
            Self::Run => "run",
            Self::Receipt => "receipt",
            Self::User => "user",
            Self::Token => "token",
            Self::Pilot => "pilot",
            Self::System => "system",
        }
    }

    /// The entity type in policies. A user as a thing is an `Account` there, because `User` is who asks.
    pub(super) const fn entity_type(self) -> &'static str {
        match self {
            Self::Request => "Request",
            Self::Brief => "Brief",
            Self::Review => "Review",
            Self::Run => "Run",
            Self::Receipt => "Receipt",
            Self::User => "Account",
            Self::Token => "Token",
            Self::Pilot => "Pilot",
            Self::System => "System",
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The thing an action is asked on.
///
/// Build it with [`Resource::new`] and fill in what is known; fields a kind does not have are ignored.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Resource {
    /// What kind of thing it is.
    pub kind: Kind,
    /// Its identifier, such as `brf_…`; for a pilot the pilot's, for the system `opspilot`.
    pub id: String,
    /// The tenant it belongs to; `None`: to no tenant.
    pub tenant: Option<String>,
    /// The pilot it belongs to; a pilot belongs to itself without saying so.
    pub pilot: Option<String>,
    /// The user (`usr_…`) who handed the request in; requests, briefs and reviews.
    pub submitter: Option<String>,
    /// The user who has claimed the review; briefs and reviews.
    pub claimed_by: Option<String>,
    /// Whether the pilot forbids deciding on what one handed in; briefs and reviews.
    pub forbid_self_review: bool,
    /// The named reviewers of the pilot, by user id; pilots, requests, briefs and reviews.
    pub reviewers: Vec<String>,
    /// The user a token belongs to, or whose record it is; tokens and users.
    pub owner: Option<String>,
}

impl Resource {
    /// A thing about which nothing else is known: only grants over everything reach it.
    #[must_use]
    pub fn new(kind: Kind, id: impl Into<String>) -> Self {
        Self {
            kind,
            id: id.into(),
            tenant: None,
            pilot: None,
            submitter: None,
            claimed_by: None,
            // The strict side, for a caller that does not know the pilot's rule.
            forbid_self_review: true,
            reviewers: Vec::new(),
            owner: None,
        }
    }

    /// The whole installation.
    #[must_use]
    pub fn system() -> Self {
        Self::new(Kind::System, "opspilot")
    }

    /// A pilot of a tenant.
    #[must_use]
    pub fn pilot(id: impl Into<String>, tenant: impl Into<String>) -> Self {
        Self { tenant: Some(tenant.into()), ..Self::new(Kind::Pilot, id) }
    }

    /// A thing that belongs to a pilot of a tenant.
    #[must_use]
    pub fn within(kind: Kind, id: impl Into<String>, tenant: impl Into<String>, pilot: impl Into<String>) -> Self {
        Self { tenant: Some(tenant.into()), pilot: Some(pilot.into()), ..Self::new(kind, id) }
    }

    /// The tenant it belongs to; an empty name is no tenant.
    pub(super) fn tenant_id(&self) -> Option<&str> {
        self.tenant.as_deref().filter(|tenant| !tenant.is_empty())
    }

    /// The pilot it belongs to, a pilot to itself; an empty name is no pilot.
    pub(super) fn pilot_id(&self) -> Option<&str> {
        let pilot = match self.kind {
            Kind::Pilot => Some(self.id.as_str()),
            _ => self.pilot.as_deref(),
        };
        pilot.filter(|pilot| !pilot.is_empty())
    }
}

impl fmt::Display for Resource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} `{}`", self.kind, self.id)
    }
}
