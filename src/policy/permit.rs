//! A permit: proof, as a type, that the policies were asked and said yes.
//!
//! Its own file so that nothing else in the crate can reach its fields. A room that acts takes a
//! `Permit` by value, so that an act nobody asked about does not compile.
//! INVARIANT: only an allowed decision makes one; it can be neither built nor copied elsewhere.

use std::fmt;

use super::action::Action;
use super::decide::{Ask, Decision};
use super::problem::Code;
use super::resource::Kind;
use super::set::PolicySet;

/// Leave to do one action on one thing, once.
#[derive(Debug)]
#[must_use = "a permit is leave to act; drop it only when the act is called off"]
pub struct Permit {
    user: String,
    action: Action,
    kind: Kind,
    resource: String,
    decision: Decision,
}

impl Permit {
    /// Who may act.
    #[must_use]
    pub fn user(&self) -> &str {
        &self.user
    }

    /// What is permitted.
    #[must_use]
    pub const fn action(&self) -> Action {
        self.action
    }

    /// The kind of thing it is permitted on.
    #[must_use]
    pub const fn kind(&self) -> Kind {
        self.kind
    }

    /// The id of the thing it is permitted on.
    #[must_use]
    pub fn resource(&self) -> &str {
        &self.resource
    }

    /// The decision, for the receipt.
    #[must_use]
    pub const fn decision(&self) -> &Decision {
        &self.decision
    }

    /// Whether this permit is for `action` on the thing `id`. Whoever takes a permit checks this first.
    #[must_use]
    pub fn is_for(&self, action: Action, id: &str) -> bool {
        self.action == action && self.resource == id
    }
}

/// A no, with what to do about it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{what} ({code}): {}; {remedy}", .decision.explain.join("; "), code = .decision.code.unwrap_or(Code::Denied))]
pub struct Denied {
    /// Who may not do what, in words.
    what: String,
    /// The decision, for the receipt.
    pub decision: Box<Decision>,
    /// What to do about it.
    pub remedy: String,
}

impl Denied {
    /// The refusal that `decision` means for `ask`.
    pub(super) fn new(ask: &Ask<'_>, decision: Decision) -> Self {
        let remedy = match decision.code {
            Some(Code::Unusable) => "repair the policies; `opspilot policy check` says what is wrong".to_owned(),
            Some(Code::Unanswerable) => {
                format!("the question was not understood: {}", decision.errors.join("; "))
            }
            _ if decision.policies.is_empty() => {
                format!("ask an owner for a role that allows `{}` there; `opspilot policy why` names it", ask.action)
            }
            _ => "`opspilot policy why` shows what would have to change".to_owned(),
        };
        let what = format!("{} may not `{}` on {}", ask.principal, ask.action, ask.resource);
        Self { what, decision: Box::new(decision), remedy }
    }

    /// The stable code.
    #[must_use]
    pub fn code(&self) -> Code {
        self.decision.code.unwrap_or(Code::Denied)
    }

    /// Who may not do what, in words.
    #[must_use]
    pub fn what(&self) -> &str {
        &self.what
    }
}

impl PolicySet {
    /// Answers `ask` with leave to act or a refusal.
    ///
    /// # Errors
    /// [`Denied`] whenever the decision is not an allowed one.
    pub fn permit(&self, ask: &Ask<'_>, decision_id: String) -> Result<Permit, Denied> {
        judge(ask, self.decide(ask, decision_id))
    }
}

/// Turns a decision about `ask` into leave or refusal. Private to the room: `decision` must come from `decide`.
pub(super) fn judge(ask: &Ask<'_>, decision: Decision) -> Result<Permit, Denied> {
    if !decision.allowed {
        return Err(Denied::new(ask, decision));
    }
    Ok(Permit {
        user: ask.principal.user.clone(),
        action: ask.action,
        kind: ask.resource.kind,
        resource: ask.resource.id.clone(),
        decision,
    })
}

impl fmt::Display for Permit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "`{}` may `{}` on {} `{}` (decision {})",
            self.user, self.action, self.kind, self.resource, self.decision.id
        )
    }
}
