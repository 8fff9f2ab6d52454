//! Error codes and their pages: a code that a person can see has a page that says what to do, and a page speaks of a code that is there.

use crate::sources::{Source, files};
use std::collections::BTreeSet;

/// The codes in a text: `OP-` and four digits.
fn codes(text: &str) -> impl Iterator<Item = &str> {
    text.match_indices("OP-")
        .filter_map(|(at, _)| text.get(at..at + 7))
        .filter(|code| code[3..].bytes().all(|byte| byte.is_ascii_digit()))
}

/// The pages, and not what leads to them.
fn pages() -> Vec<Source> {
    files(&["docs/errors"], ".md").into_iter().filter(|page| page.path.starts_with("docs/errors/OP-")).collect()
}

#[test]
fn every_code_has_a_page_and_every_page_a_code() {
    let mut used = BTreeSet::new();
    for source in files(&["src", "connectors"], ".rs").iter().filter(|source| !source.is_test()) {
        used.extend(codes(&source.code()).map(str::to_owned));
    }
    let pages: BTreeSet<String> =
        pages().iter().map(|page| page.path[12..].trim_end_matches(".md").to_owned()).collect();
    let missing: Vec<&String> = used.difference(&pages).collect();
    let idle: Vec<&String> = pages.difference(&used).collect();
    assert!(missing.is_empty(), "codes without a page in docs/errors: {missing:?}");
    assert!(idle.is_empty(), "pages of codes that no source has: {idle:?}");
}

#[test]
fn every_page_says_what_happened_why_and_what_to_do() {
    for page in pages() {
        let code = page.path[12..].trim_end_matches(".md");
        assert!(page.text.starts_with(&format!("# {code}: ")), "{}: the title must be `# {code}: ...`", page.path);
        for section in ["What happened", "Why", "What to do"] {
            assert!(page.text.contains(&format!("\n## {section}\n")), "{}: no section `## {section}`", page.path);
        }
    }
}
