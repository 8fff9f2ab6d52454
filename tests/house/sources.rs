//! The project's own source files, and the paths that their code names. Own file because every test of the house reads through it.

use std::path::{Path, PathBuf};

/// A source file.
#[derive(Debug)]
pub(crate) struct Source {
    /// From the project's folder, such as `src/store/open.rs`.
    pub(crate) path: String,
    /// All of it.
    pub(crate) text: String,
}

pub(crate) fn root() -> PathBuf {
    env!("CARGO_MANIFEST_DIR").into()
}

/// All files with this ending below these folders, by path; build folders and hidden ones apart.
pub(crate) fn files(folders: &[&str], ending: &str) -> Vec<Source> {
    let mut found = Vec::new();
    for folder in folders {
        collect(&root().join(folder), ending, &mut found);
    }
    found.sort_by(|one, other| one.path.cmp(&other.path));
    assert!(!found.is_empty(), "no `{ending}` below {folders:?}: this test would prove nothing");
    found
}

fn collect(folder: &Path, ending: &str, found: &mut Vec<Source>) {
    for entry in std::fs::read_dir(folder).unwrap_or_else(|cause| panic!("{}: {cause}", folder.display())) {
        let path = entry.unwrap_or_else(|cause| panic!("{}: {cause}", folder.display())).path();
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if path.is_dir() && name != "target" && name != "data" && !name.starts_with('.') {
            collect(&path, ending, found);
        } else if path.is_file() && name.ends_with(ending) {
            let text = std::fs::read_to_string(&path).unwrap_or_else(|cause| panic!("{}: {cause}", path.display()));
            let path = path.strip_prefix(root()).unwrap_or(&path).to_string_lossy().into_owned();
            found.push(Source { path, text });
        }
    }
}

impl Source {
    /// Whether all of it is test code.
    pub(crate) fn is_test(&self) -> bool {
        let in_src = self.path.split_once("src/").map_or("", |(_, rest)| rest);
        !self.path.contains("src/")
            || in_src
                .split('/')
                .any(|part| matches!(part, "tests" | "tests.rs" | "conformance") || part.ends_with("_tests.rs"))
    }

    /// The code that ships: comments and the tests at the end taken out.
    pub(crate) fn code(&self) -> String {
        let text = match self.text.find("#[cfg(test)]\nmod tests {") {
            Some(end) => &self.text[..end],
            None => &self.text,
        };
        text.lines().map(|line| line.split("//").next().unwrap_or_default()).collect::<Vec<_>>().join("\n")
    }

    /// Every path in the code that begins with `crate`, `super` or `self`, with groups in braces taken apart.
    pub(crate) fn paths(&self) -> Vec<Vec<String>> {
        let code = self.code();
        let mut paths = Vec::new();
        for start in ["crate::", "super::", "self::"] {
            for (at, _) in code.match_indices(start) {
                let before = code[..at].chars().next_back();
                if !before.is_some_and(|letter| letter.is_alphanumeric() || letter == '_' || letter == ':') {
                    tree(&code[at..], &mut Vec::new(), &mut paths);
                }
            }
        }
        paths
    }
}

/// Reads one path, or a tree of them; what is left of the text behind it.
fn tree<'t>(text: &'t str, before: &mut Vec<String>, paths: &mut Vec<Vec<String>>) -> &'t str {
    let depth = before.len();
    let mut rest = text;
    loop {
        rest = rest.trim_start();
        if let Some(inside) = rest.strip_prefix('{') {
            rest = inside.trim_start();
            while !rest.is_empty() && !rest.starts_with('}') {
                let behind = tree(rest, before, paths).trim_start();
                // A word such as `as Name` behind a path is none of our affair.
                let end = behind.find([',', '}']).unwrap_or(behind.len());
                rest = behind[end..].strip_prefix(',').unwrap_or(&behind[end..]).trim_start();
            }
            rest = rest.strip_prefix('}').unwrap_or(rest);
            break;
        }
        let end = rest.find(|letter: char| !letter.is_alphanumeric() && letter != '_').unwrap_or(rest.len());
        if end > 0 {
            before.push(rest[..end].to_owned());
        }
        rest = &rest[end..];
        match rest.strip_prefix("::") {
            Some(on) if end > 0 => rest = on,
            _ => {
                paths.push(before.clone());
                break;
            }
        }
    }
    before.truncate(depth);
    rest
}

#[test]
fn paths_are_taken_apart() {
    let text = "use crate::{a::B, c::{d, e::F as G}};\nlet x = super::h::i(); // crate::not_me\npub(in crate::j) fn k() {}\nmycrate::l()";
    let source = Source { path: "src/x.rs".into(), text: text.into() };
    let mut paths: Vec<String> = source.paths().iter().map(|path| path.join("::")).collect();
    paths.sort();
    assert_eq!(paths, ["crate::a::B", "crate::c::d", "crate::c::e::F", "crate::j", "super::h::i"]);
}
