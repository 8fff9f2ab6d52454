//! The floors of the house: a room uses only rooms of lower floors, rooms of one floor never use each other, connectors know the sdk
//! and nothing else, no two folders go in circles. Drawn for people in `docs/ARCHITECTURE.md`.

use crate::sources::{Source, files, root};
use std::collections::{BTreeMap, BTreeSet};

/// The rooms of `src`, lowest floor first. A new room is added here, on the lowest floor that it can stand on.
const FLOORS: [&[&str]; 9] = [
    &["domain", "brief", "screen", "receipt", "policy", "mail", "calendar", "notice", "pages", "clock", "failpoint"],
    &["store", "reply"],
    &["plan"],
    &[
        "intake",
        "engine",
        "review",
        "access",
        "rota",
        "outbox",
        "limit",
        "pilot",
        "writeback",
        "timeline",
        "figures",
        "attention",
        "feedback",
    ],
    &["web", "steps", "answering"],
    &["config"],
    &["daemon"],
    &["cli"],
    &["main", "lib"],
];

/// Every folder with code of ours.
const ALL: [&str; 5] = ["src", "connectors", "benches", "tests", ".ci"];

fn floor(room: &str) -> usize {
    FLOORS
        .iter()
        .position(|rooms| rooms.contains(&room))
        .unwrap_or_else(|| panic!("`{room}` stands on no floor: add it to this test and to the drawing"))
}

/// The room that a file of `src` belongs to.
fn room(source: &Source) -> &str {
    source.path.split('/').nth(1).map_or("", |part| part.strip_suffix(".rs").unwrap_or(part))
}

#[test]
fn rooms_use_only_lower_floors() {
    let mut wrong = Vec::new();
    // Tests may put a whole house together.
    for source in files(&["src"], ".rs").into_iter().filter(|source| !source.is_test()) {
        let own = room(&source);
        let used: BTreeSet<String> = source
            .paths()
            .into_iter()
            .filter(|path| path[0] == "crate")
            .filter_map(|path| path.get(1).cloned())
            .collect();
        let rooms = used.iter().filter(|name| FLOORS.concat().contains(&name.as_str()) && *name != own);
        for other in rooms.filter(|other| floor(other) >= floor(own)) {
            wrong.push(format!(
                "{} uses `{other}`, which stands on floor {} and `{own}` on floor {}",
                source.path,
                floor(other) + 1,
                floor(own) + 1
            ));
        }
    }
    assert!(wrong.is_empty(), "arrows must point down:\n{}", wrong.join("\n"));
}

#[test]
fn connectors_know_the_sdk_alone_and_the_sdk_nothing_of_ours() {
    for manifest in files(&["connectors", ".ci"], "Cargo.toml") {
        // What a connector is built from; what it is tested with as well.
        let ours: Vec<&str> = manifest
            .text
            .lines()
            .filter_map(|line| line.strip_prefix("opspilot")?.split([' ', '=', '.']).next())
            .collect();
        let allowed = |name: &&str| {
            *name == "-sdk" && manifest.path.starts_with("connectors/") && !manifest.path.starts_with("connectors/sdk/")
        };
        let foreign: Vec<&&str> = ours.iter().filter(|name| !allowed(name)).collect();
        assert!(foreign.is_empty(), "{} depends on {foreign:?}", manifest.path);
        if manifest.path.starts_with("connectors/") && !manifest.path.starts_with("connectors/sdk/") {
            assert!(ours.contains(&"-sdk"), "{} is no connector without the sdk", manifest.path);
        }
    }
}

#[test]
fn no_folders_go_in_circles() {
    let sources = files(&["src"], ".rs");
    let modules: BTreeSet<Vec<String>> = sources.iter().map(module).collect();
    let mut uses: BTreeMap<Vec<String>, BTreeSet<Vec<String>>> = BTreeMap::new();
    for source in sources.iter().filter(|source| !source.is_test()) {
        let own = module(source);
        let others = source.paths().into_iter().filter_map(|path| target(&own, &path, &modules));
        // The files of one folder are one subject told in parts: they may know each other, and their folder's parent and children.
        let (own, others) = (folder(&own, &modules), others.map(|other| folder(&other, &modules)));
        let apart = others.filter(|other| !other.starts_with(&own) && !own.starts_with(other));
        uses.entry(own.clone()).or_default().extend(apart);
    }
    let mut circles = BTreeSet::new();
    for start in uses.keys() {
        let mut seen = BTreeSet::new();
        let mut next: Vec<(&Vec<String>, Vec<String>)> = vec![(start, vec![start.join("::")])];
        while let Some((at, way)) = next.pop() {
            for other in uses.get(at).into_iter().flatten() {
                if other == start {
                    // Told once, from whichever of its files comes first.
                    let first = way.iter().min().cloned().unwrap_or_default();
                    circles.extend((first == start.join("::")).then(|| way.join(" -> ")));
                } else if seen.insert(other) {
                    next.push((other, [way.clone(), vec![other.join("::")]].concat()));
                }
            }
        }
    }
    assert!(
        circles.is_empty(),
        "these folders go in circles; what both need belongs into a third:\n{}",
        circles.into_iter().collect::<Vec<_>>().join("\n")
    );
}

/// The folder that a module is, or stands in; a file at the top is one of its own.
fn folder(module: &[String], modules: &BTreeSet<Vec<String>>) -> Vec<String> {
    let has_parts = modules.iter().any(|other| other.len() > module.len() && other.starts_with(module));
    let own = has_parts || module.len() == 1;
    if own { module.to_vec() } else { module[..module.len() - 1].to_vec() }
}

/// The module that a file is, such as `["store", "open"]`.
fn module(source: &Source) -> Vec<String> {
    let path = source.path.trim_start_matches("src/").trim_end_matches(".rs").trim_end_matches("/mod");
    path.split('/').map(str::to_owned).collect()
}

/// The file that a path leads to: the longest part of it that is one.
fn target(own: &[String], path: &[String], modules: &BTreeSet<Vec<String>>) -> Option<Vec<String>> {
    let mut full: Vec<String> = match path[0].as_str() {
        "crate" => Vec::new(),
        _ => own.to_vec(),
    };
    for part in path {
        match part.as_str() {
            "crate" | "self" => {}
            "super" => drop(full.pop()),
            name => full.push(name.to_owned()),
        }
    }
    while !full.is_empty() && !modules.contains(&full) {
        full.pop();
    }
    (!full.is_empty()).then_some(full)
}

#[test]
fn files_are_short_and_say_what_they_are() {
    let mut wrong = Vec::new();
    for source in files(&ALL, ".rs") {
        let lines = source.text.lines().count();
        if lines > 800 {
            wrong.push(format!(
                "{}: {lines} lines; 800 is the end, and 400 is where to look for a second subject",
                source.path
            ));
        }
        if !source.text.starts_with("//! ") && !source.text.starts_with("#!") {
            wrong.push(format!("{}: opens without `//!`, so nobody knows what it is for", source.path));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn no_file_is_named_for_nothing() {
    const EMPTY: [&str; 12] = [
        "util",
        "utils",
        "common",
        "manager",
        "helper",
        "helpers",
        "misc",
        "data",
        "info",
        "types",
        "handler",
        "processor",
    ];
    for source in files(&ALL, ".rs") {
        let named: Vec<&str> =
            source.path.trim_end_matches(".rs").split('/').filter(|part| EMPTY.contains(part)).collect();
        assert!(named.is_empty(), "{}: `{}` says nothing; name the subject", source.path, named.join("/"));
    }
}

#[test]
fn only_the_store_speaks_sql() {
    for source in files(&["src", "connectors"], ".rs") {
        let speaks = source.code().contains("sqlx::");
        assert!(
            !speaks || source.path.starts_with("src/store/"),
            "{} uses the database; add a verb to the store instead",
            source.path
        );
    }
}

#[test]
fn the_drawing_names_every_room() {
    let rooms: BTreeSet<String> = files(&["src"], ".rs").iter().map(|source| room(source).to_owned()).collect();
    for room in &rooms {
        floor(room);
    }
    let page = std::fs::read_to_string(root().join("docs/ARCHITECTURE.md")).unwrap();
    for room in rooms.iter().filter(|room| !matches!(room.as_str(), "lib" | "main")) {
        assert!(
            ["/", ".rs"].iter().any(|end| page.contains(&format!("src/{room}{end}"))),
            "docs/ARCHITECTURE.md does not name `{room}`"
        );
    }
}
