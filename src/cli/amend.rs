//! `opspilot review edit`: a new revision by hand, field by field or in an editor. Own file because an editor is a world of its own.
//! INVARIANT: the edit is bound to the revision that was read; if it moved on meanwhile, nothing is overwritten.

use super::failure::Failure;
use super::ids::Named;
use super::setup::{self, Setup};
use super::{review, text};
use crate::brief::{Content, Edit as Change};
use crate::clock::Entropy as _;
use crate::daemon::House;
use crate::intake::IntakeError;
use crate::store::StoreError;
use clap::Args;
use opspilot_sdk::json;
use serde_json::{Value, json};
use std::path::{Path, PathBuf};

/// Make a new revision by hand.
#[derive(Args)]
pub(crate) struct Edit {
    /// Brief, request or run.
    id: Named,
    /// Put a value at a path, such as `priority.score=70` or `next_actions[0].owner=Ada`; may be given several times. An index equal to
    /// the length of a list appends, `null` removes an entry.
    #[arg(long, value_name = "PATH=VALUE", required_unless_present_any = ["editor", "file"])]
    set: Vec<String>,
    /// Open the content as JSON in `VISUAL` or `EDITOR`.
    #[arg(long)]
    editor: bool,
    /// Take the content from this file, as the editor was given it: what was written when an edit was refused is kept in one.
    #[arg(long, value_name = "FILE", conflicts_with = "editor")]
    file: Option<PathBuf>,
    /// Digest of the revision you have read, or its first 8 characters or more [default: the one that stands].
    #[arg(long, value_name = "DIGEST")]
    revision: Option<String>,
}

impl Edit {
    pub(super) async fn act(self, setup: &Setup, house: &House) -> Result<(), Failure> {
        let principal = setup.principal(house).await?;
        let row = house.store.brief(&self.id.brief()).await?;
        let from = match &self.revision {
            Some(prefix) => review::find(house, &self.id, prefix).await?,
            None => row.digest.clone(),
        };
        let mut edits = self.set.iter().map(|set| assignment(set)).collect::<Result<Vec<_>, _>>()?;
        let mut file = self.file.clone();
        let mut before = Value::Null;
        if self.editor || file.is_some() {
            let revisions = house.store.revisions(&self.id.brief()).await?;
            let read = revisions.iter().find(|revision| revision.digest == from);
            let read = read.ok_or_else(|| StoreError::NotFound { what: "revision", id: from.clone() })?;
            before = sections(&Content::from_json(&read.content)?);
        }
        if self.editor {
            file = Some(to_edit(&before)?);
        }
        let boundary =
            house.boundaries.get(&row.pilot).ok_or_else(|| IntakeError::NoPilot { pilot: row.pilot.clone() })?;
        let put = async {
            if let Some(file) = &file {
                if self.editor {
                    open_editor(setup, file)?;
                }
                edits.extend(changed(&before, file)?);
            }
            Ok::<_, Failure>(house.review.edit(&principal, &self.id.brief(), &from, &edits, boundary).await?)
        };
        let edited = put.await.map_err(|failure| match (self.editor, &file) {
            (true, Some(file)) => kept(failure, file),
            _ => failure,
        })?;
        if let (true, Some(file)) = (self.editor, &file) {
            // The system clears its folder for temporary files; the edit counts all the same.
            let _ = std::fs::remove_file(file);
        }
        let out = &setup.out;
        if out.json {
            return out.json(&json!({
                "brief": row.id, "revision": edited.digest, "number": edited.revision, "changes": edited.changes,
                "unverified": edited.content.unverified,
            }));
        }
        let changes = text::count(edited.changes.len(), "change");
        out.text(&format!("{} revision {}: {changes}, digest {}", row.id, edited.revision, edited.digest))?;
        edited.changes.iter().try_for_each(|change| out.text(&format!("  {}", change.path)))?;
        for problem in &edited.content.unverified {
            out.say(&format!("please confirm: {} ({})", text::one_line(&problem.problem), problem.path));
        }
        Ok(())
    }
}

/// `path=value`; the value is JSON where it reads as such, else text.
fn assignment(set: &str) -> Result<Change, Failure> {
    let split = set.split_once('=').filter(|(path, _)| !path.trim().is_empty());
    let (path, value) = split.ok_or_else(|| {
        Failure::usage(format!("`{set}` sets nothing; write `PATH=VALUE`, such as `priority.score=70` (OP-9112)"))
    })?;
    let value = serde_json::from_str(value).unwrap_or_else(|_| Value::from(value));
    Ok(Change { path: path.trim().to_owned(), value })
}

/// A failure after which what a person wrote is still there.
fn kept(mut failure: Failure, file: &Path) -> Failure {
    if let Some(line) = failure.lines.last_mut() {
        line.push_str(&format!("; what you wrote is kept in `{}`: `--file` takes it from there", file.display()));
    }
    failure
}

/// The content as a person edits it.
fn sections(content: &Content) -> Value {
    let mut sections = serde_json::to_value(content).unwrap_or_default();
    if let Some(sections) = sections.as_object_mut() {
        // Written by the checker, not by hand.
        sections.remove("unverified");
    }
    sections
}

/// A file of one's own that holds it.
fn to_edit(sections: &Value) -> Result<PathBuf, Failure> {
    let text = serde_json::to_string_pretty(sections).unwrap_or_default();
    let mut random = [0; 8];
    crate::clock::SystemEntropy::default().fill(&mut random);
    let path = std::env::temp_dir().join(format!("brief-{}.json", u64::from_be_bytes(random)));
    setup::private_file(&path, &text)?;
    Ok(path)
}

/// An edit for each section that a file says otherwise.
fn changed(before: &Value, file: &Path) -> Result<Vec<Change>, Failure> {
    let text = std::fs::read_to_string(file).map_err(|cause| Failure::unreadable(file, &cause))?;
    let after: Value = json::read(text.as_bytes()).map_err(|cause| {
        Failure::usage(format!(
            "the edited text is no JSON: {cause}; nothing was changed, so edit again and mind that place (OP-9112)"
        ))
    })?;
    let sections = after
        .as_object()
        .ok_or_else(|| Failure::usage("the edited text is no JSON object; nothing was changed (OP-9112)"))?;
    let changed = sections.iter().filter(|(section, value)| before.get(section.as_str()) != Some(*value));
    Ok(changed.map(|(section, value)| Change { path: section.clone(), value: value.clone() }).collect())
}

fn open_editor(setup: &Setup, path: &Path) -> Result<(), Failure> {
    let editor = setup.variable("VISUAL").or_else(|| setup.variable("EDITOR")).unwrap_or_else(|| "vi".to_owned());
    let mut words = editor.split_whitespace();
    let failed =
        |why: String| Failure::failed(format!("the editor `{editor}` {why}; set `EDITOR`, or use `--set` (OP-9113)"));
    let mut command = std::process::Command::new(words.next().unwrap_or("vi"));
    let status =
        command.args(words).arg(path).status().map_err(|cause| failed(format!("cannot be started: {cause}")))?;
    if !status.success() {
        return Err(failed(format!("ended with {status}")));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_json_where_it_reads_as_such() {
        let value = |set: &str| assignment(set).map(|edit| (edit.path, edit.value));
        assert_eq!(value("priority.score=70").unwrap(), ("priority.score".into(), json!(70)));
        assert_eq!(value("next_actions[0].owner=Ada B").unwrap(), ("next_actions[0].owner".into(), json!("Ada B")));
        assert_eq!(value("a=b=c").unwrap(), ("a".into(), json!("b=c")));
        assert_eq!(value("pricing_rationale=null").unwrap().1, Value::Null);
        assert!(value("nothing").is_err() && value("=x").is_err());
    }
}
