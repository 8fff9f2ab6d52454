//! `opspilot receipt checkpoint`, and reading the files that checkpoints are kept in. INVARIANT: a note is kept whole, to the byte, since
//! its signature covers it.

use crate::cli::failure::Failure;
use crate::cli::setup::{Setup, private_file};
use crate::daemon::House;
use clap::Args;
use serde_json::json;
use std::path::{Path, PathBuf};

/// Show the signed head of the log.
#[derive(Args)]
pub(crate) struct Keep {
    /// Write it to this new file instead of standard output.
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Show the key that verifies it instead.
    #[arg(long)]
    key: bool,
}

impl Keep {
    pub(super) async fn act(self, setup: &Setup, house: &House) -> Result<(), Failure> {
        let keys = super::own_key(&house.settings.receipts.key_file)?;
        if self.key {
            let key = keys.keys().first().map(|(key, _)| key.to_string()).unwrap_or_default();
            return setup.out.text(&key);
        }
        let head = house.store.log_head().await?;
        let head = head.ok_or_else(|| Failure::failed("the log has no head yet; nothing has happened (OP-6021)"))?;
        let opened = keys.open(&head.note).map_err(|cause| Failure::failed(cause.to_string()))?;
        if let Some(path) = &self.output {
            private_file(path, &head.note)?;
            setup.out.say(&format!(
                "size {}; keep {} where nobody here can change it",
                opened.checkpoint.size(),
                path.display()
            ));
            return Ok(());
        }
        if setup.out.json {
            let checkpoint = opened.checkpoint;
            return setup.out.json(&json!({
                "origin": checkpoint.origin(), "size": checkpoint.size(), "root": checkpoint.root_text(), "signed_by": opened.signed_by,
                "note": head.note,
            }));
        }
        setup.out.text(&head.note)
    }
}

/// The notes in a file: one, or many as the daemon appends them, each followed by an empty line.
pub(super) fn read(path: &Path) -> Result<Vec<String>, Failure> {
    let text = std::fs::read_to_string(path).map_err(|cause| Failure::unreadable(path, &cause))?;
    Ok(split(&text))
}

/// A note ends behind its last signature line; text begins the next.
fn split(text: &str) -> Vec<String> {
    let mut notes: Vec<String> = Vec::new();
    let mut note = String::new();
    let mut signed = false;
    for line in text.lines() {
        let signature = line.starts_with('\u{2014}');
        if signed && !signature {
            notes.push(std::mem::take(&mut note));
            signed = false;
        }
        if note.is_empty() && line.is_empty() {
            continue;
        }
        note.push_str(line);
        note.push('\n');
        signed |= signature;
    }
    if !note.trim().is_empty() {
        notes.push(note);
    }
    notes
}

#[cfg(test)]
mod tests {
    use super::split;

    #[test]
    fn notes_that_were_appended_come_apart_whole() {
        let one = "example/log\n7\nroot=\n\n\u{2014} example/log AAAA\n";
        let two = "example/log\n9\nroot=\n\n\u{2014} example/log BBBB\n\u{2014} witness CCCC\n";
        assert_eq!(split(&format!("{one}\n{two}\n")), [one, two]);
        assert_eq!(split(one), [one]);
        assert_eq!(split(&format!("{one}{two}")), [one, two]);
        assert!(split("\n\n").is_empty());
    }
}
