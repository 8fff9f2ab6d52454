//! The example programs of `docs/sources/exec.md`, run as they stand there: a page whose examples do not work is worse than none.
#![expect(clippy::unwrap_used, reason = "a set-up that fails, fails the test")]

use opspilot_exec::Exec;
use opspilot_sdk::{BuildContext, Built, Clock, Content, Cursor, Settled, Source, Spec as _};
use std::fs;
use std::path::Path;
use std::sync::Arc;

struct Noon;

impl Clock for Noon {
    fn now(&self) -> jiff::Timestamp {
        jiff::Timestamp::constant(1_795_000_000, 0)
    }
}

/// The first block of the page in this language.
fn example(language: &str) -> String {
    let page = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/sources/exec.md")).unwrap();
    let (_, rest) = page.split_once(&format!("```{language}\n")).unwrap();
    rest.split_once("```").unwrap().0.to_owned()
}

fn source(folder: &Path, command: [&str; 2]) -> Box<dyn Source> {
    let options = serde_json::json!({ "command": command, "batch_wait_ms": 50 });
    let settings = Exec::validate(serde_json::from_value(options).unwrap()).unwrap();
    let context = BuildContext { name: "page".to_owned(), data_dir: folder.to_owned(), clock: Arc::new(Noon) };
    match Exec::build(settings, context).unwrap_or_else(|error| panic!("{error}")) {
        Built::Pulled(source) => source,
        Built::Pushed(_) => panic!("exec is pulled"),
    }
}

/// Polls and commits until so many requests came, and the cursor where one is awaited; their texts.
async fn take(source: &mut dyn Source, count: usize, from: Option<&str>, to: Option<&str>) -> Vec<String> {
    let mut cursor = from.map(|text| Cursor(text.to_owned()));
    let mut texts = Vec::new();
    for _ in 0..400 {
        let batch = source.poll(cursor.clone(), 2).await.unwrap();
        for envelope in batch.envelopes {
            match envelope.content {
                Content::Text(text) => texts.push(text),
                other => panic!("{other:?}"),
            }
        }
        cursor = batch.cursor.or(cursor);
        if let Some(id) = batch.id {
            source.settle(id, Settled::Committed).await.unwrap();
        }
        if texts.len() >= count && cursor.as_ref().map(|cursor| cursor.0.as_str()) == to {
            return texts;
        }
    }
    panic!("only {texts:?} came, and {cursor:?}")
}

#[tokio::test]
async fn the_python_program_moves_what_is_stored() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    fs::write(path("pull.py"), example("python")).unwrap();
    for name in ["inbox", "done"] {
        fs::create_dir(path(name)).unwrap();
    }
    for name in ["a", "b", "c"] {
        fs::write(path("inbox").join(name), format!("text \"{name}\"\n")).unwrap();
    }
    let mut source = source(folder.path(), ["python3", "pull.py"]);
    source.check().await.unwrap();
    assert_eq!(fs::read_dir(path("done")).unwrap().count(), 0);
    let texts = take(source.as_mut(), 3, None, None).await;
    assert_eq!(texts, ["text \"a\"\n", "text \"b\"\n", "text \"c\"\n"]);
    for _ in 0..400 {
        if fs::read_dir(path("done")).unwrap().count() == 3 {
            break;
        }
        assert!(source.poll(None, 2).await.unwrap().envelopes.is_empty());
    }
    assert_eq!(fs::read_dir(path("inbox")).unwrap().count(), 0);
    source.close().await;
}

#[tokio::test]
async fn the_shell_program_goes_on_where_it_stood() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("requests.txt");
    fs::write(folder.path().join("pull.sh"), example("sh")).unwrap();
    fs::write(&file, "one\nsay \"two\" \\ back\nthree\n").unwrap();
    let mut first = source(folder.path(), ["sh", "pull.sh"]);
    first.check().await.unwrap();
    let texts = take(first.as_mut(), 3, None, Some("3")).await;
    assert_eq!(texts, ["one", "say \"two\" \\ back", "three"]);
    first.close().await;
    fs::write(&file, "one\nsay \"two\" \\ back\nthree\nfour\n").unwrap();
    let mut second = source(folder.path(), ["sh", "pull.sh"]);
    let texts = take(second.as_mut(), 1, Some("3"), Some("4")).await;
    assert_eq!(texts, ["four"]);
}
