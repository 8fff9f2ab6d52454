//! Why the answer is what it is, and what would have to change for another.
//!
//! Its own file because explaining is a search, not a decision: it asks the same policies again with one
//! fact changed at a time, so it is right for policies nobody here has seen. It is for people
//! (`opspilot policy why`, a page that says no); no act ever depends on it.

use std::fmt;

use serde::Serialize;

use super::action::Action;
use super::decide::{Ask, Decision};
use super::principal::{Actor, Grant, Principal, Role, Scope};
use super::problem::Code;
use super::resource::{Kind, Resource};
use super::set::{PolicySet, Rule};

/// One thing that stands in the way.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case", tag = "lack")]
pub enum Lack {
    /// The role is not held anywhere.
    Role {
        /// The role that would do.
        role: Role,
        /// Where it would have to hold, at the narrowest.
        scope: Scope,
    },
    /// The role is held, but not here.
    Scope {
        /// The role that would do.
        role: Role,
        /// Where it would have to hold, at the narrowest.
        scope: Scope,
        /// Where it is held.
        held: Vec<Scope>,
    },
    /// The token does not carry the action.
    TokenScope {
        /// What it would have to carry.
        action: Action,
    },
    /// The account is disabled.
    Disabled,
    /// Only people may do this.
    Person,
    /// The asker handed the request in, and the pilot forbids self-review.
    SelfReview,
    /// The asker is not a named reviewer of the pilot.
    NamedReviewer,
    /// Somebody else has claimed the review.
    Claimed {
        /// Who.
        by: String,
    },
    /// The token belongs to somebody else.
    Ownership,
}

impl fmt::Display for Lack {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Role { role, scope } => write!(f, "the role `{role}` in `{scope}` is not held"),
            Self::Scope { role, scope, held } => {
                let held: Vec<String> = held.iter().map(|scope| format!("`{scope}`")).collect();
                write!(f, "the role `{role}` is held in {}, not in `{scope}`", held.join(", "))
            }
            Self::TokenScope { action } => write!(f, "the token's scopes do not carry `{action}`"),
            Self::Disabled => f.write_str("the account is disabled"),
            Self::Person => f.write_str("only a person may do this, not a part of the program"),
            Self::SelfReview => {
                f.write_str("the asker handed this request in, and the pilot forbids deciding on one's own")
            }
            Self::NamedReviewer => f.write_str("the asker is not a named reviewer of the pilot"),
            Self::Claimed { by } => write!(f, "`{by}` has claimed the review"),
            Self::Ownership => f.write_str("the token belongs to somebody else"),
        }
    }
}

/// One shortest way to a yes: everything in `lacks` would have to be different, together.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Way {
    /// What stands in the way.
    pub lacks: Vec<Lack>,
    /// The rules that would permit it then.
    pub permits: Vec<Rule>,
}

/// An answer with its reasons. [`fmt::Display`] gives the text for people.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Explanation {
    /// The question in words.
    pub asked: String,
    /// Whether it is allowed.
    pub allowed: bool,
    /// Why not, as a stable code.
    pub code: Option<Code>,
    /// The rules that determined the answer: those that permit, or those that forbid.
    pub rules: Vec<Rule>,
    /// For a no: the shortest ways to a yes; none when no change of these facts would help.
    pub ways: Vec<Way>,
    /// What went wrong while answering.
    pub errors: Vec<String>,
    /// The hash of the policies asked.
    pub set_hash: String,
}

impl Explanation {
    /// The reasons alone, where there is nothing to search in.
    pub(super) fn without_ways(ask: &Ask<'_>, decision: Decision) -> Self {
        Self {
            asked: format!("{}: `{}` on {}", ask.principal, ask.action, ask.resource),
            allowed: decision.allowed,
            code: decision.code,
            rules: Vec::new(),
            ways: Vec::new(),
            errors: decision.errors,
            set_hash: decision.set_hash,
        }
    }
}

impl fmt::Display for Explanation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.code {
            None => writeln!(f, "{}: allowed", self.asked)?,
            Some(code) => writeln!(f, "{}: denied ({code})", self.asked)?,
        }
        for error in &self.errors {
            writeln!(f, "  could not be answered: {error}")?;
        }
        let verb = if self.allowed { "permitted" } else { "forbidden" };
        for rule in &self.rules {
            writeln!(f, "  {verb} by {}", place(rule))?;
        }
        if !self.allowed && self.rules.is_empty() && self.errors.is_empty() {
            writeln!(f, "  no policy permits this")?;
        }
        for way in &self.ways {
            let lacks: Vec<String> = way.lacks.iter().map(ToString::to_string).collect();
            writeln!(f, "  lacking: {}", lacks.join("; and "))?;
            for rule in &way.permits {
                writeln!(f, "    then permitted by {}", place(rule))?;
            }
        }
        if !self.allowed && self.ways.is_empty() && self.errors.is_empty() {
            writeln!(f, "  no role, scope or setting would change that under these policies")?;
        }
        write!(f, "  policies {}", self.set_hash)
    }
}

fn place(rule: &Rule) -> String {
    format!("`{}` ({}:{}): {}", rule.id, rule.file, rule.line, rule.explain)
}

impl PolicySet {
    /// Explains the answer to `ask`: for a yes the rules that permit it, for a no the rules that forbid
    /// it and the shortest ways to a yes. Far slower than [`PolicySet::decide`]: up to a thousand decisions.
    #[must_use]
    pub fn why(&self, ask: &Ask<'_>) -> Explanation {
        let decision = self.decide(ask, String::new());
        let rules = self.named(&decision.policies);
        let ways =
            if decision.allowed || decision.code == Some(Code::Unanswerable) { Vec::new() } else { self.ways(ask) };
        Explanation { rules, ways, ..Explanation::without_ways(ask, decision) }
    }

    fn named(&self, ids: &[String]) -> Vec<Rule> {
        ids.iter().filter_map(|id| self.rule(id)).cloned().collect()
    }

    fn ways(&self, ask: &Ask<'_>) -> Vec<Way> {
        let changes = changes(ask);
        let grants = grants(ask);
        for size in 1..=changes.len() + 1 {
            let mut found = Vec::new();
            for subset in 0_u32..1 << changes.len() {
                let chosen =
                    || changes.iter().enumerate().filter(|(index, _)| subset & (1 << index) != 0).map(|(_, lack)| lack);
                let count = chosen().count();
                if count == size {
                    found.extend(self.way(ask, chosen().cloned().collect()));
                } else if count + 1 == size {
                    for role in &grants {
                        // The wider scope is only worth telling when the narrower does not do.
                        let way = role.iter().find_map(|grant| {
                            let lacks = chosen().chain([grant]).cloned().collect();
                            self.way(ask, lacks)
                        });
                        found.extend(way);
                    }
                }
            }
            if !found.is_empty() {
                return found;
            }
        }
        Vec::new()
    }

    /// The way through `lacks`, if it leads to a yes.
    fn way(&self, ask: &Ask<'_>, lacks: Vec<Lack>) -> Option<Way> {
        let mut principal = ask.principal.clone();
        let mut resource = ask.resource.clone();
        for lack in &lacks {
            remove(lack, &mut principal, &mut resource);
        }
        let changed = Ask { principal: &principal, action: ask.action, resource: &resource };
        let decision = self.decide(&changed, String::new());
        decision.allowed.then(|| Way { lacks, permits: self.named(&decision.policies) })
    }
}

/// Everything but grants that could stand in the way of this ask.
fn changes(ask: &Ask<'_>) -> Vec<Lack> {
    let Ask { principal, action, resource } = *ask;
    let me = Some(principal.user.as_str());
    let reviewable = matches!(resource.kind, Kind::Brief | Kind::Review);
    let mut lacks = Vec::new();
    if principal.disabled {
        lacks.push(Lack::Disabled);
    }
    if !principal.token_carries(action) {
        lacks.push(Lack::TokenScope { action });
    }
    if principal.kind != Actor::User {
        lacks.push(Lack::Person);
    }
    if reviewable && resource.forbid_self_review && resource.submitter.as_deref() == me {
        lacks.push(Lack::SelfReview);
    }
    let by_reviewers = reviewable || resource.kind == Kind::Pilot || action == Action::RequestReveal;
    if by_reviewers && !resource.reviewers.contains(&principal.user) {
        lacks.push(Lack::NamedReviewer);
    }
    if let Some(by) = resource.claimed_by.as_ref().filter(|by| reviewable && **by != principal.user) {
        lacks.push(Lack::Claimed { by: by.clone() });
    }
    if resource.kind == Kind::Token && resource.owner.as_deref() != me {
        lacks.push(Lack::Ownership);
    }
    lacks
}

/// For each role the grants that might help, the narrowest first.
fn grants(ask: &Ask<'_>) -> Vec<Vec<Lack>> {
    let resource = ask.resource;
    let narrow = resource
        .pilot_id()
        .map(|pilot| Scope::Pilot(pilot.to_owned()))
        .or_else(|| resource.tenant_id().map(|tenant| Scope::Tenant(tenant.to_owned())));
    let scopes: Vec<Scope> = narrow.into_iter().chain([Scope::All]).collect();
    let of_role = |role: Role| {
        let held: Vec<Scope> =
            ask.principal.grants.iter().filter(|grant| grant.role == role).map(|grant| grant.scope.clone()).collect();
        let lack = |scope: &Scope| match held.is_empty() {
            true => Lack::Role { role, scope: scope.clone() },
            false => Lack::Scope { role, scope: scope.clone(), held: held.clone() },
        };
        scopes.iter().filter(|scope| !held.contains(scope)).map(lack).collect()
    };
    Role::ALL.into_iter().map(of_role).collect()
}

fn remove(lack: &Lack, principal: &mut Principal, resource: &mut Resource) {
    match lack {
        Lack::Role { role, scope } | Lack::Scope { role, scope, .. } => {
            principal.grants.push(Grant { role: *role, scope: scope.clone() });
        }
        Lack::TokenScope { .. } => principal.token_scopes = None,
        Lack::Disabled => principal.disabled = false,
        Lack::Person => principal.kind = Actor::User,
        Lack::SelfReview => resource.forbid_self_review = false,
        Lack::NamedReviewer => resource.reviewers.push(principal.user.clone()),
        Lack::Claimed { .. } => resource.claimed_by = None,
        Lack::Ownership => resource.owner = Some(principal.user.clone()),
    }
}
