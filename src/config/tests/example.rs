//! The shipped files: they parse, they show every key, and the figures in them are the true ones.

use super::{good, judged};
use crate::config::keys::{self, Fallback, KEYS, Key, SECTIONS};
use crate::config::node::{self, Node, Value};
use crate::config::{DEFAULT, env, schema};
use std::path::Path;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

#[test]
fn the_default_runs_as_it_is() {
    let settings = good(DEFAULT);
    assert!(settings.notes.is_empty(), "{:?}", settings.notes);
    let sources: Vec<_> = settings
        .sources
        .iter()
        .map(|source| (source.name.as_str(), source.kind.as_str(), source.pilot.as_str()))
        .collect();
    assert_eq!(sources, [("website", "webhook", "example"), ("dropfolder", "csv_drop", "example")]);
    assert_eq!(settings.pilots[0].reviewers, ["admin"]);
}

#[test]
fn the_examples_are_good() {
    let env = [("OPSPILOT_STORE_ADDRESS", "postgres://opspilot:x@db.internal/opspilot?sslmode=verify-full")];
    let mut count = 0;
    for entry in std::fs::read_dir(root().join("config/examples")).unwrap().flatten() {
        let text = std::fs::read_to_string(entry.path()).unwrap();
        let settings = judged(&text, &env).unwrap_or_else(|problems| panic!("{}: {problems}", entry.path().display()));
        assert!(settings.notes.is_empty(), "{:?}", settings.notes);
        count += 1;
    }
    assert!(count >= 2);
}

/// The default with every key that is commented out taken in: a `#` less before each line that sets something.
fn everything() -> String {
    let sets =
        |line: &str| line.starts_with("[[") || line.starts_with('[') || line.split(" = ").next().is_some_and(is_key);
    let taken_in = |line: &str| line.strip_prefix("# ").filter(|rest| sets(rest)).unwrap_or(line).to_owned();
    DEFAULT.lines().map(taken_in).collect::<Vec<_>>().join("\n")
}

fn is_key(word: &str) -> bool {
    !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_')
}

/// Values of a key wherever its section stands.
fn values<'t>(root: &'t Node, key: &Key) -> Vec<&'t Node> {
    let mut at = vec![root];
    for name in key.section.split('.').filter(|name| !name.is_empty()) {
        let below = at.into_iter().filter_map(|node| node.get(name));
        at = below
            .flat_map(|node| if let Value::List(list) = &node.value { list.iter().collect() } else { vec![node] })
            .collect();
    }
    at.into_iter().filter_map(|node| node.get(key.name)).collect()
}

#[test]
fn every_key_stands_in_the_default() {
    let (document, errors) = node::read(&everything());
    assert!(errors.is_empty(), "{errors:?}");
    let missing: Vec<_> = KEYS
        .iter()
        .filter(|key| values(&document, key).is_empty())
        .map(|key| format!("{}.{}", key.section, key.name))
        .collect();
    assert!(missing.is_empty(), "not in config/opspilot.default.toml: {missing:?}");
}

#[test]
fn what_is_commented_out_is_good_too() {
    let instead = [
        "url_file = ",
        "url_env = ",
        "secret_file = ",
        "secret_env = ",
        "client_secret_env = ",
        "password_env = ",
        "playbook_file = ",
        "file = ",
        "record_id = ",
        "to_address = ",
        "above_usd = ",
    ];
    let text: String = everything()
        .lines()
        .filter(|line| !instead.iter().any(|key| line.starts_with(key)))
        .map(|line| format!("{line}\n"))
        .collect();
    let settings = good(&text);
    assert_eq!(settings.sources.len(), 4, "the program's and the mailbox's are commented out, but whole");
    assert_eq!((settings.sinks.len(), settings.rules.len(), settings.pilots[0].triggers.len()), (2, 3, 1));
}

/// A connector that is given a key it cannot know names those it does.
#[test]
fn every_key_of_every_connector_stands_in_the_default() {
    let shown = everything();
    for kind in super::registry().kinds().collect::<Vec<_>>() {
        let options = serde_json::json!({ "no_such_key": 1 });
        let problems = super::registry()
            .validate(kind, options)
            .and_then(Result::err)
            .expect("an unknown key is refused")
            .to_string();
        let known: Vec<&str> = problems
            .split('`')
            .skip(1)
            .step_by(2)
            .filter(|name| *name != "no_such_key" && is_key(name) && *name != kind)
            .collect();
        assert!(known.len() > 3, "{problems}");
        for name in known {
            assert!(
                shown.lines().any(|line| line.starts_with(&format!("{name} = "))),
                "`{name}` of `{kind}` is not in the default"
            );
        }
    }
}

#[test]
fn every_key_of_the_default_has_a_comment() {
    let lines: Vec<&str> = DEFAULT.lines().collect();
    let mut seen = Vec::new();
    for (index, line) in lines.iter().enumerate() {
        let bare = line.strip_prefix("# ").unwrap_or(line);
        let Some(name) = bare.split(" = ").next().filter(|name| bare.contains(" = ") && is_key(name)) else { continue };
        // The second source, and the second action, repeat keys that the first one explains.
        if ["name", "kind", "pilot", "sink"].contains(&name) && seen.contains(&name) {
            continue;
        }
        seen.push(name);
        let above = lines.get(index.wrapping_sub(1)).copied().unwrap_or("");
        assert!(above.starts_with("# ") && !above.contains(" = "), "no comment above line {}: {line}", index + 1);
    }
    assert!(
        KEYS.iter().all(|key| {
            let tables = ["boundary", "model_boundary", "options", "price", "limits", "automation", "values", "fields"];
            seen.contains(&key.name) || tables.contains(&key.name)
        }),
        "{seen:?}"
    );
}

#[test]
fn the_figures_in_the_default_are_the_true_ones() {
    let (document, _) = node::read(DEFAULT);
    for key in KEYS.iter() {
        for node in values(&document, key) {
            let same = match (&node.value, key.fallback) {
                (Value::Text(text), Fallback::Text(default)) => text == default,
                (Value::Whole(number), Fallback::Is(default)) => *number == default,
                (Value::Switch(on), Fallback::On) => *on,
                (Value::Switch(on), Fallback::Off) => !*on,
                (_, Fallback::Needed) => true,
                (Value::Table(_), Fallback::Without(_)) => true,
                _ => false,
            };
            assert!(same, "`{}.{}` is not what holds when it is left out: {:?}", key.section, key.name, node.value);
        }
    }
}

#[test]
fn the_key_list_is_sound() {
    for key in KEYS.iter() {
        assert!(SECTIONS.iter().any(|section| section.name == key.section), "{} is in no section", key.name);
        assert_eq!(
            keys::of(key.section).filter(|other| other.name == key.name).count(),
            1,
            "{} stands twice",
            key.name
        );
        assert!(!key.meaning.ends_with('.'), "{}", key.meaning);
        if let keys::Shape::Whole(least, most) = key.shape {
            let timed = ["_secs", "_ms", "_minutes", "_hours"].iter().any(|unit| key.name.ends_with(unit));
            assert_eq!(
                timed,
                key.meaning.contains("in seconds")
                    || key.meaning.contains("in minutes")
                    || key.meaning.contains("in milli")
                    || key.meaning.contains("in hours"),
                "{}",
                key.name
            );
            assert!(!matches!(key.fallback, Fallback::Is(number) if !(least..=most).contains(&number)), "{}", key.name);
        }
    }
}

/// Compares a shipped file with what it is made from. To renew it: `OPSPILOT_RENEW=1 cargo test --lib config::`.
fn current(file: &str, made: &str) {
    let path = root().join(file);
    if std::env::var_os("OPSPILOT_RENEW").is_some() {
        std::fs::write(&path, made).unwrap();
    }
    let there = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(there == made, "{file} is not current; renew it: OPSPILOT_RENEW=1 cargo test --lib config::");
}

#[test]
fn the_schema_is_current() {
    let there = std::fs::read_to_string(root().join("config/opspilot.schema.json")).unwrap_or_default();
    // Compared as JSON: the order of keys depends on what else is built.
    if serde_json::from_str::<serde_json::Value>(&there).ok() != Some(schema()) {
        current("config/opspilot.schema.json", &format!("{:#}\n", schema()));
    }
}

/// The tables of keys in the handbook.
fn tables() -> String {
    let mut text = String::new();
    for section in SECTIONS.iter().filter(|section| keys::of(section.name).next().is_some()) {
        let title = match (section.name, section.many) {
            ("", _) => "At the top".to_owned(),
            (name, true) => format!("`[[{name}]]`"),
            (name, false) => format!("`[{name}]`"),
        };
        text +=
            &format!("### {title}\n\n{}.\n\n| key | takes | default | meaning |\n|---|---|---|---|\n", section.meaning);
        for key in keys::of(section.name) {
            let takes = match key.shape {
                keys::Shape::Words => "text".to_owned(),
                keys::Shape::Path => "path".to_owned(),
                keys::Shape::Name => "name".to_owned(),
                keys::Shape::Names => "list of texts".to_owned(),
                keys::Shape::Choice(known) => {
                    known.iter().map(|name| format!("`\"{name}\"`")).collect::<Vec<_>>().join(", ")
                }
                keys::Shape::Whole(least, i64::MAX) => format!("{least} or more"),
                keys::Shape::Whole(least, most) => format!("{least} to {most}"),
                keys::Shape::Switch => "`true`, `false`".to_owned(),
                keys::Shape::Table => "table".to_owned(),
            };
            let default = match key.fallback {
                Fallback::Needed => "**needed**".to_owned(),
                Fallback::Text(text) => format!("`\"{text}\"`"),
                Fallback::Is(number) => format!("`{number}`"),
                Fallback::On => "`true`".to_owned(),
                Fallback::Off => "`false`".to_owned(),
                Fallback::Without(what) => what.to_owned(),
            };
            text += &format!("| `{}` | {takes} | {default} | {} |\n", key.name, key.meaning);
        }
        text += "\n";
    }
    text
}

#[test]
fn the_handbook_is_current() {
    let page = std::fs::read_to_string(root().join("docs/configuration.md")).unwrap();
    let (begin, end) = ("<!-- keys: made from the code -->\n\n", "<!-- end of keys -->\n");
    let (before, rest) = page.split_once(begin).expect("the page has a place for the keys");
    let (_, after) = rest.split_once(end).expect("the place for the keys has an end");
    current("docs/configuration.md", &format!("{before}{begin}{}{end}{after}", tables()));
}

#[test]
fn every_variable_named_in_the_handbook_is_one() {
    let page = std::fs::read_to_string(root().join("docs/configuration.md")).unwrap();
    for word in page.split(|c: char| !(c.is_ascii_uppercase() || c == '_')).filter(|word| word.starts_with(env::PREFIX))
    {
        let known = env::overridable().any(|key| env::name_of(key) == word);
        assert!(known || word == "OPSPILOT__SECTION__KEY" || word == env::PREFIX, "{word} sets nothing");
    }
}
