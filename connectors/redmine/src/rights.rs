//! What the account may. Own file because Redmine lets an account read its own roles, and drops in silence what a role does not allow.
//! INVARIANT: a role that could not be read allows nothing.

use crate::far::Far;
use crate::options::Settings;
use opspilot_sdk::{Caution, ConnectorError, ErrorKind};
use serde_json::Value;
use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};

/// The right without which a note becomes public.
const PRIVATE: &str = "set_notes_private";

/// The right by which a note is taken back.
const EDIT_NOTES: &str = "edit_own_issue_notes";

/// What an account may, by the number of the project.
pub(crate) struct Rights {
    is_admin: bool,
    projects: BTreeMap<u64, BTreeSet<String>>,
}

impl Rights {
    pub(crate) async fn read(far: &Far) -> Result<Self, ConnectorError> {
        let user = far.ask("/users/current.json?include=memberships").await?.unwrap_or_default();
        let is_admin = user.pointer("/user/admin") == Some(&Value::Bool(true));
        let mut roles = BTreeMap::<u64, BTreeSet<String>>::new();
        let mut projects = BTreeMap::<u64, BTreeSet<String>>::new();
        for membership in list(user.pointer("/user/memberships")) {
            let Some(project) = membership.pointer("/project/id").and_then(Value::as_u64) else { continue };
            let may = projects.entry(project).or_default();
            for role in list(membership.get("roles")).filter_map(|role| role.get("id")?.as_u64()) {
                if let Entry::Vacant(unread) = roles.entry(role) {
                    let read = far.ask(&format!("/roles/{role}.json")).await?.unwrap_or_default();
                    let words = list(read.pointer("/role/permissions")).filter_map(Value::as_str);
                    unread.insert(words.map(str::to_owned).collect());
                }
                may.extend(roles.get(&role).into_iter().flatten().cloned());
            }
            if may.contains("edit_issue_notes") {
                may.insert(EDIT_NOTES.to_owned());
            }
        }
        Ok(Self { is_admin, projects })
    }

    /// Whether notes in a project can be made private.
    pub(crate) fn may_hide(&self, project: u64) -> bool {
        self.is_admin || self.projects.get(&project).is_some_and(|may| may.contains(PRIVATE))
    }

    /// What is missing or too much for what is configured. `tasks` is the number of the project for tasks.
    pub(crate) fn judge(&self, settings: &Settings, tasks: Option<u64>) -> Result<Vec<Caution>, ConnectorError> {
        if self.is_admin {
            let message = "the account is an administrator of Redmine and may do everything; use one of its own with a role of its own";
            return Ok(vec![Caution { code: "OP-7525", message: message.to_owned() }]);
        }
        let changes = !settings.priorities.is_empty() || settings.undo_status.is_some();
        let mut notes = vec!["view_issues", "add_issue_notes", PRIVATE, EDIT_NOTES];
        notes.extend(changes.then_some("edit_issues"));
        // Somewhere it must be enough; where it is not, Redmine refuses, but for private notes, of which every one is asked for.
        let least = self.projects.values().map(|may| lacking(may, &notes)).min_by_key(Vec::len);
        let least = least.unwrap_or_else(|| notes.clone());
        if !least.is_empty() {
            return Err(too_little(&least, "any project that it is a member of"));
        }
        let mut making = Vec::new();
        if let Some(project) = tasks {
            making.extend(["view_issues", "add_issues"]);
            making.extend(settings.subtasks.then_some("manage_subtasks"));
            making.push(if settings.undo_status.is_none() { "delete_issues" } else { "edit_issues" });
            let nothing = BTreeSet::new();
            let lacking = lacking(self.projects.get(&project).unwrap_or(&nothing), &making);
            if !lacking.is_empty() {
                return Err(too_little(&lacking, "the project for tasks"));
            }
        }
        let is_wanted = |right: &str| {
            let harmless =
                ["set_issues_private", "set_own_issues_private"].contains(&right) || right.starts_with("view_");
            notes.contains(&right) || making.contains(&right) || harmless
        };
        let more: BTreeSet<&str> =
            self.projects.values().flatten().map(String::as_str).filter(|right| !is_wanted(right)).collect();
        if more.is_empty() {
            return Ok(Vec::new());
        }
        let more = more.into_iter().collect::<Vec<_>>().join("`, `");
        let message = format!("the account may more than is needed: `{more}`; take it out of its role");
        Ok(vec![Caution { code: "OP-7525", message }])
    }
}

fn lacking<'a>(may: &BTreeSet<String>, wanted: &[&'a str]) -> Vec<&'a str> {
    wanted.iter().copied().filter(|right| !may.contains(*right)).collect()
}

fn too_little(lacking: &[&str], place: &str) -> ConnectorError {
    let message = format!("the account lacks `{}` in {place}; add it to its role in Redmine", lacking.join("`, `"));
    ConnectorError::new(ErrorKind::Unauthorised, "OP-7521", message)
}

fn list(value: Option<&Value>) -> impl Iterator<Item = &Value> {
    value.and_then(Value::as_array).into_iter().flatten()
}
