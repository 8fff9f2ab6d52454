//! A validated set of policies.
//!
//! Its own file because this type is the room's promise: it has no public constructor but loading, so
//! whoever holds one holds policies that were parsed, annotated and checked against the schema.

use std::path::Path;

use cedar_policy::{Authorizer, PolicySet as CedarSet};
use serde::Serialize;

use super::entities::Vocabulary;
use super::folder::Folder;
use super::load;
use super::problem::Problems;
use super::shipped;

/// What a rule does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Effect {
    /// Allows, unless something forbids.
    Permit,
    /// Forbids, whatever permits.
    Forbid,
}

/// One policy, as people are told about it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Rule {
    /// Its `@id`.
    pub id: String,
    /// Whether it permits or forbids.
    pub effect: Effect,
    /// Its `@explain`: one sentence.
    pub explain: String,
    /// The file it stands in.
    pub file: String,
    /// The line it begins on, from 1.
    pub line: usize,
}

/// What a set consists of; the output of `opspilot policy check`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Summary {
    /// See [`PolicySet::hash`].
    pub hash: String,
    /// See [`PolicySet::version`].
    pub version: u64,
    /// Every rule, those of the floor included, by file and line.
    pub rules: Vec<Rule>,
}

/// Policies that were loaded whole and validated.
#[derive(Debug, Clone)]
pub struct PolicySet {
    pub(super) policies: CedarSet,
    pub(super) authorizer: Authorizer,
    pub(super) vocabulary: Vocabulary,
    /// Sorted by file and line.
    pub(super) rules: Vec<Rule>,
    pub(super) hash: String,
    pub(super) version: u64,
}

impl PolicySet {
    /// The policies that come with the program; their version is 0.
    ///
    /// # Errors
    /// Only when the program was built with broken policies, which its tests exclude.
    pub fn embedded() -> Result<Self, Problems> {
        let files = shipped::ROLES.map(|(name, text)| (name.to_owned(), text.to_owned()));
        load::load(files.into(), 0)
    }

    /// The policies in a folder, in place of those of the program; the floor stays in force.
    ///
    /// # Errors
    /// Every problem found, each with file, line, column and remedy.
    pub fn from_dir(dir: &Path) -> Result<Self, Problems> {
        Folder::read(dir).and_then(Self::from_folder)
    }

    /// The same of what was read.
    pub(super) fn from_folder(folder: Folder) -> Result<Self, Problems> {
        load::load(folder.files, folder.version)
    }

    /// Loads and validates a folder without putting it to use: `opspilot policy check`.
    ///
    /// # Errors
    /// As [`PolicySet::from_dir`].
    pub fn check(dir: &Path) -> Result<Summary, Problems> {
        Self::from_dir(dir).map(|set| set.summary())
    }

    /// SHA-256 over names and contents of all files in force, the schema and the floor included,
    /// written `sha256:<hex>`. Every decision carries it.
    #[must_use]
    pub fn hash(&self) -> &str {
        &self.hash
    }

    /// The number in the folder's `VERSION`; 0 without one, and for the program's own.
    #[must_use]
    pub const fn version(&self) -> u64 {
        self.version
    }

    /// Every rule, by file and line.
    #[must_use]
    pub fn rules(&self) -> &[Rule] {
        &self.rules
    }

    /// What the set consists of.
    #[must_use]
    pub fn summary(&self) -> Summary {
        Summary { hash: self.hash.clone(), version: self.version, rules: self.rules.clone() }
    }

    /// The rule with this id.
    pub(super) fn rule(&self, id: &str) -> Option<&Rule> {
        self.rules.iter().find(|rule| rule.id == id)
    }
}
