//! Files with secrets that others on the machine can read. Own file because every connector names such files in its own words. INVARIANT: only
//! names of files are looked at, never what is in them.

use super::show::telling;
use std::path::Path;
use toml::{Table, Value};

/// A note for each file with a secret of `whose`, in its options, that more than its owner can read.
pub(super) fn notes(whose: &str, options: &Table, data_dir: &Path) -> Vec<String> {
    let mut files = Vec::new();
    gather("", options, &mut files);
    let note = |file: &str| {
        let path = data_dir.join(file);
        let mode = super::store::exposed(&path)?;
        let path = path.display();
        Some(format!(
            "others can read `{path}` (mode {mode:o}), which holds a secret of {whose}; run `chmod 600` on it"
        ))
    };
    files.into_iter().filter_map(note).collect()
}

/// Files that hold secrets: `key_file = "…"`, and `token = { file = "…" }`.
fn gather<'o>(within: &str, options: &'o Table, files: &mut Vec<&'o str>) {
    for (key, value) in options {
        match value {
            Value::String(file)
                if key.strip_suffix("_file").is_some_and(telling) || (key == "file" && telling(within)) =>
            {
                files.push(file);
            }
            Value::Table(table) => gather(if telling(within) { within } else { key }, table, files),
            _ => {}
        }
    }
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt as _;

    #[test]
    fn a_secret_that_others_can_read_is_named_and_nothing_else_is() {
        let folder = tempfile::tempdir().unwrap();
        let options = r#"
            key_file = "key"
            ca_file = "authorities"
            auth = { password_file = "password" }
            env = { API_TOKEN = { file = "token" } }
            secret_file = "missing"
        "#;
        for (name, mode) in [("key", 0o644), ("authorities", 0o644), ("password", 0o600), ("token", 0o640)] {
            let path = folder.path().join(name);
            std::fs::write(&path, "x").unwrap();
            std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).unwrap();
        }
        let mut found = notes("source `site`", &options.parse().unwrap(), folder.path());
        found.sort();
        assert_eq!(found.len(), 2, "{found:?}");
        assert!(found[0].contains("/key` (mode 644), which holds a secret of source `site`"), "{found:?}");
        assert!(found[1].contains("/token` (mode 640)"), "{found:?}");
    }
}
