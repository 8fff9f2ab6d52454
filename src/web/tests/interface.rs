//! The interface as it is written down: routes, `openapi.json`, `docs/api.md` and the pages of the error codes say the same.

use crate::web::api;
use crate::web::health::OPENAPI;
use serde_json::Value;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// Routes beside the table.
const PLAIN: [(&str, &str); 7] = [
    ("GET", "/"),
    ("GET", "/healthz"),
    ("GET", "/readyz"),
    ("GET", "/metrics"),
    ("GET", "/api/openapi.json"),
    ("GET", "/docs/errors/{code}"),
    ("POST", "/hooks/{source}"),
];

fn routes() -> BTreeSet<(String, String)> {
    let table = api::routes().into_iter().map(|route| (route.method.to_string(), route.path.to_owned()));
    table.chain(PLAIN.iter().map(|(method, path)| ((*method).to_owned(), (*path).to_owned()))).collect()
}

fn root() -> PathBuf {
    // This file's own place, so that it is found from wherever the crate is built.
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    if here.join("docs/errors").is_dir() {
        here.to_owned()
    } else {
        Path::new(file!()).ancestors().nth(4).unwrap().to_owned()
    }
}

#[test]
fn the_document_and_the_routes_are_the_same() {
    let document: Value = serde_json::from_str(OPENAPI).unwrap();
    assert!(document["openapi"].as_str().unwrap().starts_with("3.1"));
    let mut written = BTreeSet::new();
    for (path, methods) in document["paths"].as_object().unwrap() {
        for (method, operation) in methods.as_object().unwrap() {
            written.insert((method.to_uppercase(), path.clone()));
            assert!(operation["summary"].is_string() && operation["responses"].is_object(), "{method} {path}");
            let parameters = operation["parameters"].as_array().cloned().unwrap_or_default();
            let place = |place: &str| -> BTreeSet<String> {
                let here = parameters.iter().filter(|one| one["in"] == place);
                here.map(|one| one["name"].as_str().unwrap().to_owned()).collect()
            };
            let named: BTreeSet<String> = path
                .split('/')
                .filter_map(|part| part.strip_prefix('{')?.strip_suffix('}'))
                .map(str::to_owned)
                .collect();
            assert_eq!(place("path"), named, "{method} {path}");
            if let Some(route) =
                api::routes().iter().find(|route| route.path == path && route.method.as_str() == method.to_uppercase())
            {
                let known: BTreeSet<String> = route.query.iter().map(|key| (*key).to_owned()).collect();
                assert_eq!(place("query"), known, "{method} {path}");
            }
        }
    }
    assert_eq!(written, routes());
    let mut references = Vec::new();
    gather(&document, &mut references);
    for reference in references {
        assert!(document.pointer(reference.trim_start_matches('#')).is_some(), "{reference} leads nowhere");
    }
}

fn gather(value: &Value, references: &mut Vec<String>) {
    match value {
        Value::Object(members) => {
            references.extend(members.get("$ref").and_then(Value::as_str).map(str::to_owned));
            members.values().for_each(|value| gather(value, references));
        }
        Value::Array(items) => items.iter().for_each(|value| gather(value, references)),
        _ => {}
    }
}

#[test]
fn the_handbook_has_every_route() {
    let page = std::fs::read_to_string(root().join("docs/api.md")).unwrap();
    for (method, path) in routes() {
        assert!(page.contains(&format!("`{method} {path}`")), "docs/api.md lacks `{method} {path}`");
    }
}

#[test]
fn every_code_of_the_web_has_its_page() {
    let mut used = BTreeSet::new();
    let mut folders = vec![root().join("src/web")];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
            if entry.is_dir() {
                folders.push(entry);
                continue;
            }
            let text = std::fs::read_to_string(&entry).unwrap();
            used.extend(
                text.match_indices("OP-90")
                    .filter_map(|(at, _)| text.get(at..at + 7))
                    .filter(|code| code.bytes().skip(3).all(|byte| byte.is_ascii_digit()))
                    .map(str::to_owned),
            );
        }
    }
    assert!(used.len() > 10);
    for code in used {
        let page = std::fs::read_to_string(root().join(format!("docs/errors/{code}.md"))).unwrap_or_default();
        assert!(page.starts_with(&format!("# {code}: ")), "docs/errors/{code}.md is missing or has another title");
    }
}
