//! Tests of the whole room, by subject; what they share stands here.

mod bounds;
mod explained;
mod folders;
mod matrix;
mod properties;
mod words;
mod writing;

use std::path::{Path, PathBuf};

use super::*;

/// The project's folder, found from where this file stands.
fn root() -> PathBuf {
    Path::new(file!()).ancestors().nth(3).map(Path::to_owned).unwrap_or_default()
}

fn shipped() -> PolicySet {
    PolicySet::embedded().unwrap_or_else(|problems| panic!("{problems}"))
}

fn grant(role: Role, scope: &str) -> Grant {
    Grant { role, scope: scope.parse().unwrap() }
}

fn ada(grants: Vec<Grant>) -> Principal {
    Principal::user("usr_ada", "Ada", grants)
}

/// A thing in `plt_1` of `ten_1` to which no attribute stands in Ada's way.
fn open(kind: Kind) -> Resource {
    let resource = match kind {
        Kind::System => Resource::system(),
        Kind::Pilot => Resource::pilot("plt_1", "ten_1"),
        Kind::User | Kind::Token => Resource::new(kind, "thing_1"),
        _ => Resource::within(kind, "thing_1", "ten_1", "plt_1"),
    };
    Resource {
        forbid_self_review: false,
        reviewers: vec!["usr_ada".to_owned(), "usr_bob".to_owned()],
        owner: Some("usr_ada".to_owned()),
        ..resource
    }
}

fn allowed(set: &PolicySet, principal: &Principal, action: Action, resource: &Resource) -> bool {
    let decision = set.decide(&Ask { principal, action, resource }, "dec_1".to_owned());
    assert_eq!(decision.allowed, decision.code.is_none());
    assert!(decision.errors.is_empty() || !decision.allowed);
    assert!(!decision.explain.is_empty());
    decision.allowed
}

/// A folder with these files.
fn folder(files: &[(&str, &str)]) -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    for (name, text) in files {
        std::fs::write(dir.path().join(name), text).unwrap();
    }
    dir
}

/// The code and place of every problem of a folder, written `OP-5004 a.cedar:3:5`.
fn problems(files: &[(&str, &str)]) -> Vec<String> {
    let dir = folder(files);
    let Err(problems) = PolicySet::from_dir(dir.path()) else { return Vec::new() };
    problems
        .iter()
        .inspect(|problem| assert!(!problem.message.is_empty() && !problem.remedy.is_empty()))
        .map(|problem| match (problem.line, problem.column) {
            (Some(line), Some(column)) => format!("{} {}:{line}:{column}", problem.code, problem.file),
            _ => format!("{} {}", problem.code, problem.file),
        })
        .collect()
}
