//! Who asks: a person or a part of the program, with grants, and with a token's scopes if one is used.
//!
//! Its own file because sign-in, tokens, sources and tests build principals. A principal has no right
//! of its own: grants say in which role and where, policies say what a role may do.

use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::action::{Action, Group};
use super::problem::UnknownWord;
use super::resource::Resource;

/// What somebody is trusted to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// Answers for what happens.
    Owner,
    /// Edits, claims and decides, where named as a reviewer.
    Reviewer,
    /// Keeps requests and runs moving.
    Operator,
    /// Looks.
    Viewer,
}

impl Role {
    /// Every role.
    pub const ALL: [Self; 4] = [Self::Owner, Self::Reviewer, Self::Operator, Self::Viewer];

    /// The name in policies, configuration and commands.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Owner => "owner",
            Self::Reviewer => "reviewer",
            Self::Operator => "operator",
            Self::Viewer => "viewer",
        }
    }
}

impl FromStr for Role {
    type Err = UnknownWord;

    fn from_str(word: &str) -> Result<Self, UnknownWord> {
        Self::ALL
            .into_iter()
            .find(|role| role.as_str() == word)
            .ok_or_else(|| UnknownWord::new("role", word, Self::ALL.iter().map(|r| r.as_str())))
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Where a grant holds. Written `all`, `tenant:<id>`, `pilot:<id>`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Scope {
    /// Everywhere in this installation.
    All,
    /// In everything of one tenant.
    Tenant(String),
    /// In everything of one pilot.
    Pilot(String),
}

impl Scope {
    /// Whether `resource` lies in this scope. An empty id covers nothing.
    #[must_use]
    pub fn covers(&self, resource: &Resource) -> bool {
        match self {
            Self::All => true,
            Self::Tenant(id) => resource.tenant_id() == Some(id.as_str()),
            Self::Pilot(id) => resource.pilot_id() == Some(id.as_str()),
        }
    }

    /// False for a tenant or pilot without a name, which covers nothing.
    pub(super) fn is_named(&self) -> bool {
        match self {
            Self::All => true,
            Self::Tenant(id) | Self::Pilot(id) => !id.is_empty(),
        }
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::All => f.write_str("all"),
            Self::Tenant(id) => write!(f, "tenant:{id}"),
            Self::Pilot(id) => write!(f, "pilot:{id}"),
        }
    }
}

impl FromStr for Scope {
    type Err = UnknownWord;

    fn from_str(word: &str) -> Result<Self, UnknownWord> {
        match word.split_once(':') {
            None if word == "all" => Ok(Self::All),
            Some(("tenant", id)) if !id.is_empty() => Ok(Self::Tenant(id.to_owned())),
            Some(("pilot", id)) if !id.is_empty() => Ok(Self::Pilot(id.to_owned())),
            _ => Err(UnknownWord {
                what: "scope",
                word: word.chars().take(64).collect(),
                remedy: "use `all`, `tenant:<id>` or `pilot:<id>`".to_owned(),
            }),
        }
    }
}

impl Serialize for Scope {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Scope {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

/// A role in a scope.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Grant {
    /// What is granted.
    pub role: Role,
    /// Where it holds.
    pub scope: Scope,
}

/// What a token is good for: one action, or a group of them. Written by name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum TokenScope {
    /// One action.
    Action(Action),
    /// A group of actions.
    Group(Group),
}

impl TokenScope {
    /// Whether the scope carries `action`.
    #[must_use]
    pub fn carries(self, action: Action) -> bool {
        match self {
            Self::Action(own) => own == action,
            Self::Group(group) => group.contains(action),
        }
    }
}

impl fmt::Display for TokenScope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Action(action) => action.fmt(f),
            Self::Group(group) => group.fmt(f),
        }
    }
}

impl FromStr for TokenScope {
    type Err = UnknownWord;

    fn from_str(word: &str) -> Result<Self, UnknownWord> {
        let group = Group::ALL.into_iter().find(|group| group.as_str() == word).map(Self::Group);
        let action = || Action::ALL.iter().copied().find(|action| action.as_str() == word).map(Self::Action);
        group.or_else(action).ok_or_else(|| {
            let groups = Group::ALL.iter().map(|group| group.as_str());
            let actions = Action::ALL.iter().map(|action| action.as_str());
            UnknownWord::new("token scope", word, groups.chain(actions))
        })
    }
}

impl Serialize for TokenScope {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for TokenScope {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

/// Which part of the program a service is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Part {
    /// A configured source handing in what it fetched or received.
    Source,
    /// The daemon itself, working runs.
    Daemon,
}

impl Part {
    /// The name in policies.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Source => "source",
            Self::Daemon => "daemon",
        }
    }
}

/// A person or a part of the program.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Actor {
    /// A named person.
    User,
    /// A part of the program; it never reviews or decides.
    Service(Part),
}

/// Who asks.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Principal {
    /// The user id (`usr_…`); for a service its name, such as the source's id.
    pub user: String,
    /// The name people know them by; no rule looks at it.
    pub name: String,
    /// Person or service.
    pub kind: Actor,
    /// A disabled principal may do nothing.
    pub disabled: bool,
    /// The roles held, and where.
    pub grants: Vec<Grant>,
    /// The scopes of the token used; `None` without a token. Scopes only ever narrow.
    pub token_scopes: Option<BTreeSet<TokenScope>>,
}

impl Principal {
    /// A person who is signed in, without a token.
    #[must_use]
    pub fn user(id: impl Into<String>, name: impl Into<String>, grants: Vec<Grant>) -> Self {
        Self { user: id.into(), name: name.into(), kind: Actor::User, disabled: false, grants, token_scopes: None }
    }

    /// A part of the program.
    #[must_use]
    pub fn service(part: Part, name: impl Into<String>, grants: Vec<Grant>) -> Self {
        let name = name.into();
        Self { user: name.clone(), name, kind: Actor::Service(part), disabled: false, grants, token_scopes: None }
    }

    /// The same principal acting by a token with these scopes.
    #[must_use]
    pub fn with_token(mut self, scopes: impl IntoIterator<Item = TokenScope>) -> Self {
        self.token_scopes = Some(scopes.into_iter().collect());
        self
    }

    /// Whether the token used carries `action`; true without a token.
    #[must_use]
    pub fn token_carries(&self, action: Action) -> bool {
        self.token_scopes.as_ref().is_none_or(|scopes| scopes.iter().any(|scope| scope.carries(action)))
    }

    /// Whether a new token with `scopes` would carry nothing that the token used now does not.
    /// Whoever makes tokens asks this first: a narrow token must not make a wide one.
    #[must_use]
    pub fn may_hand_on(&self, scopes: &BTreeSet<TokenScope>) -> bool {
        Action::ALL
            .iter()
            .filter(|action| scopes.iter().any(|scope| scope.carries(**action)))
            .all(|action| self.token_carries(*action))
    }
}

impl fmt::Display for Principal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // People know each other by their names, which are unique; an identifier tells them nothing.
        write!(f, "`{}`", if self.name.is_empty() { &self.user } else { &self.name })
    }
}
