//! What programs do to a daemon, on purpose or not: they die, hang, flood, never read, leave children behind. Each test runs a small
//! shell program as it stands in the test; `settled` and process states are looked at from outside.

#![cfg(target_os = "linux")]
#![expect(clippy::unwrap_used, reason = "a set-up that fails, fails the test")]

use opspilot_exec::Exec;
use opspilot_sdk::{
    Batch, BuildContext, Built, Clock, ConnectorError, Content, Cursor, ErrorKind, Settled, Source, Spec as _,
};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

struct Noon;

impl Clock for Noon {
    fn now(&self) -> jiff::Timestamp {
        jiff::Timestamp::constant(1_795_000_000, 0)
    }
}

struct Stage {
    folder: tempfile::TempDir,
    source: Box<dyn Source>,
}

/// A source whose program is this shell script; it runs in a folder of its own.
fn stage(script: &str, options: serde_json::Value) -> Stage {
    let folder = tempfile::tempdir().unwrap();
    let mut all = serde_json::json!({ "command": ["sh", "-c", script], "batch_wait_ms": 100, "stop_secs": 1 });
    all.as_object_mut().unwrap().extend(options.as_object().unwrap().clone());
    let settings = Exec::validate(serde_json::from_value(all).unwrap()).unwrap();
    let context = BuildContext { name: "shell".to_owned(), data_dir: folder.path().to_owned(), clock: Arc::new(Noon) };
    match Exec::build(settings, context) {
        Ok(Built::Pulled(source)) => Stage { folder, source },
        Ok(Built::Pushed(_)) => panic!("exec is pulled"),
        Err(error) => panic!("{error}"),
    }
}

fn plain(script: &str) -> Stage {
    stage(script, serde_json::json!({}))
}

impl Stage {
    async fn poll(&mut self) -> Result<Batch, ConnectorError> {
        self.source.poll(None, 10).await
    }

    /// The next batch that holds something; an error ends the wait.
    async fn next(&mut self) -> Result<Batch, ConnectorError> {
        for _ in 0..200 {
            let batch = self.poll().await?;
            if batch.id.is_some() {
                return Ok(batch);
            }
        }
        panic!("nothing came")
    }

    async fn fails(&mut self) -> ConnectorError {
        for _ in 0..200 {
            if let Err(error) = self.poll().await {
                return error;
            }
        }
        panic!("nothing failed")
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// The contents of a file that the program writes, once it is there and whole.
    async fn file(&mut self, name: &str, until: impl Fn(&str) -> bool) -> String {
        for _ in 0..200 {
            let text = fs::read_to_string(self.path(name)).unwrap_or_default();
            if until(&text) {
                return text;
            }
            let _ = self.poll().await;
        }
        panic!("`{name}` never came to hold what was expected: {:?}", fs::read_to_string(self.path(name)))
    }
}

fn texts(batch: &Batch) -> Vec<String> {
    let text = |content: &Content| match content {
        Content::Text(text) => text.clone(),
        other => panic!("{other:?}"),
    };
    batch.envelopes.iter().map(|envelope| text(&envelope.content)).collect()
}

/// Whether a process is there and not merely waiting to be reaped.
fn lives(id: &str) -> bool {
    let Ok(state) = fs::read_to_string(Path::new("/proc").join(id.trim()).join("stat")) else { return false };
    !state.rsplit(')').next().unwrap_or_default().trim_start().starts_with('Z')
}

/// Whether a process is there at all, zombies included.
fn is_listed(id: &str) -> bool {
    Path::new("/proc").join(id.trim()).exists()
}

/// Asks again and again until it is so: the one place where these tests wait.
async fn until(what: &str, holds: impl Fn() -> bool) {
    for _ in 0..2000 {
        if holds() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    panic!("waited in vain: {what}");
}

async fn gone(id: &str) {
    until("the process is gone", || !lives(id)).await;
}

const ONE: &str = r#"echo '{"key":"1","text":"one"}'"#;

#[tokio::test]
async fn the_program_is_greeted_and_told() {
    let script = r#"echo '{"key":"1","text":"one"}'; echo '{"key":"2","text":2}'; echo '{"cursor":"c9"}'; cat > told"#;
    let mut stage = plain(script);
    let cursor = Some(Cursor("c \"0\"".to_owned()));
    let mut batch = stage.source.poll(cursor, 10).await.unwrap();
    for _ in 0..100 {
        if batch.cursor.is_some() {
            break;
        }
        batch = stage.poll().await.unwrap();
        let id = batch.id.unwrap();
        stage.source.settle(id, Settled::Returned { reason: "the disk\nis full".to_owned() }).await.unwrap();
        batch = stage.next().await.unwrap();
    }
    assert_eq!(batch.cursor, Some(Cursor("c9".to_owned())));
    stage.source.settle(batch.id.unwrap(), Settled::Committed).await.unwrap();
    let told = stage.file("told", |text| text.contains("committed")).await;
    let lines: Vec<serde_json::Value> = told.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let hello = serde_json::json!({"hello":{"protocol":1,"source":"shell","cursor":"c \"0\"","check":false}});
    assert_eq!(lines.first(), Some(&hello));
    let rejected =
        serde_json::json!({"settled":"rejected","key":"2","code":"OP-2306","reason":"`text` is a number, not a text"});
    assert!(lines.contains(&rejected), "{told}");
    assert_eq!(lines.last(), Some(&serde_json::json!({"settled":"committed","keys":["1"]})));
    stage.source.close().await;
}

#[tokio::test]
async fn an_end_says_what_the_runtime_must_do() {
    for (script, kind, part) in [
        ("exit 3", ErrorKind::Transient, "ended with status 3"),
        ("exit 77", ErrorKind::Unauthorised, "credentials"),
        ("exit 78", ErrorKind::Misconfigured, "configuration"),
        ("kill -9 $$", ErrorKind::Transient, "signal 9"),
        ("echo secret >&2; exec >&-; exec sleep 1000", ErrorKind::Transient, "closed its standard output"),
    ] {
        let mut stage = stage(script, serde_json::json!({ "stop_secs": 0 }));
        let error = stage.fails().await;
        assert_eq!(error.kind, kind, "{script}: {error}");
        assert_eq!(error.code, "OP-2303");
        assert!(error.message.contains(part) && !error.message.contains("secret"), "{script}: {error}");
    }
}

#[tokio::test]
async fn a_program_that_is_done_is_asked_again_later() {
    let mut stage = stage(&format!("{ONE}; echo run >> runs"), serde_json::json!({ "again_secs": 33 }));
    let batch = stage.next().await.unwrap();
    assert_eq!(texts(&batch), ["one"]);
    stage.source.settle(batch.id.unwrap(), Settled::Committed).await.unwrap();
    let mut batch = stage.poll().await.unwrap();
    while batch.again_in != Some(Duration::from_secs(33)) {
        assert!(batch.envelopes.is_empty());
        batch = stage.poll().await.unwrap();
    }
    assert_eq!(fs::read_to_string(stage.path("runs")).unwrap(), "run\n");
}

#[tokio::test]
async fn what_a_dead_program_printed_is_not_lost() {
    // Without a line end after the last one, and with a child that keeps the output open.
    let mut stage = plain(
        r#"sleep 1000 & echo $! > child; echo '{"key":"1","text":"one"}'; printf '{"key":"2","text":"two"}'; exit 9"#,
    );
    let mut seen = Vec::new();
    let error = loop {
        match stage.poll().await {
            Ok(batch) => {
                seen.extend(texts(&batch));
                if let Some(id) = batch.id {
                    stage.source.settle(id, Settled::Committed).await.unwrap();
                }
            }
            Err(error) => break error,
        }
    };
    assert_eq!(seen, ["one", "two"]);
    assert!(error.message.contains("status 9"), "{error}");
    gone(&fs::read_to_string(stage.path("child")).unwrap()).await;
}

#[tokio::test]
async fn unsettled_requests_outlive_their_program() {
    let mut stage = plain(&format!("{ONE}; exit 1"));
    let first = stage.next().await.unwrap();
    let again = stage.next().await.unwrap();
    assert_eq!((texts(&first), first.id), (texts(&again), again.id));
    stage.source.settle(again.id.unwrap(), Settled::Returned { reason: String::new() }).await.unwrap();
    let third = stage.next().await.unwrap();
    assert_eq!(texts(&third), ["one"]);
    assert_ne!(third.id, first.id);
}

#[tokio::test]
async fn a_program_that_never_reads_does_not_block() {
    let mut stage = plain(r#"i=0; while :; do i=$((i+1)); echo "{\"key\":\"$i\",\"text\":\"x\"}"; done"#);
    let reason = "r".repeat(400);
    let mut settled = 0;
    while settled < 3000 {
        let batch = stage.poll().await.unwrap();
        let Some(id) = batch.id else { continue };
        settled += batch.envelopes.len();
        let task = stage.source.settle(id, Settled::Returned { reason: reason.clone() });
        tokio::time::timeout(Duration::from_secs(5), task).await.expect("a settlement hung").unwrap();
        let again = stage.next().await.unwrap();
        stage.source.settle(again.id.unwrap(), Settled::Committed).await.unwrap();
    }
    stage.source.close().await;
}

#[tokio::test]
async fn a_program_with_a_closed_input_goes_on() {
    let script =
        r#"exec <&-; for i in 1 2 3; do echo "{\"key\":\"$i\",\"text\":\"x\"}"; sleep 0.05; done; exec sleep 1000"#;
    let mut stage = plain(script);
    let mut settled = 0;
    while settled < 3 {
        let batch = stage.next().await.unwrap();
        settled += batch.envelopes.len();
        stage.source.settle(batch.id.unwrap(), Settled::Committed).await.unwrap();
    }
    stage.source.close().await;
}

#[tokio::test]
async fn floods_and_endless_lines_leave_the_daemon_alone() {
    let programs = ["yes garbage", "tr '\\0' x < /dev/zero", "yes garbage >&2", "cat /dev/zero", "yes ''"];
    for script in programs {
        let mut stage = stage(script, serde_json::json!({ "max_line_bytes": 65536 }));
        for _ in 0..5 {
            let batch = stage.poll().await.unwrap();
            assert!(batch.envelopes.is_empty() && batch.again_in.is_some(), "{script}: {batch:?}");
        }
        stage.source.close().await;
    }
    let kilobytes = fs::read_to_string("/proc/self/status")
        .unwrap()
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:")?.trim().strip_suffix(" kB")?.trim().parse::<u64>().ok())
        .unwrap();
    assert!(kilobytes < 200_000, "{kilobytes} kB of memory at the most");
}

#[tokio::test]
async fn close_ends_the_whole_group_and_reaps_it() {
    let mut stage = plain(
        "trap '' TERM; (trap '' TERM; sleep 1000) & echo $! > child; echo $$ > self; sleep 1000 & wait; sleep 1000",
    );
    let child = stage.file("child", |text| text.ends_with('\n')).await;
    let parent = stage.file("self", |text| text.ends_with('\n')).await;
    assert!(lives(&child) && lives(&parent));
    stage.source.close().await;
    assert!(!is_listed(&parent), "the program is a zombie");
    gone(&child).await;
}

#[tokio::test]
async fn a_polite_program_may_finish() {
    let mut stage = stage(
        "echo $$ > self; trap 'echo bye > bye; exit 0' TERM; while :; do sleep 0.01; done",
        serde_json::json!({ "stop_secs": 20 }),
    );
    stage.file("self", |text| text.ends_with('\n')).await;
    stage.source.close().await;
    assert_eq!(fs::read_to_string(stage.path("bye")).unwrap(), "bye\n");
}

#[tokio::test]
async fn a_dropped_source_leaves_no_process() {
    let mut stage = plain("sleep 1000 & echo $! > child; echo $$ > self; wait");
    let child = stage.file("child", |text| text.ends_with('\n')).await;
    let parent = stage.file("self", |text| text.ends_with('\n')).await;
    drop(stage.source);
    gone(&child).await;
    gone(&parent).await;
    // A dropped child is reaped by the runtime when it next hears of an end.
    until("the program is reaped", || !is_listed(&parent)).await;
}

#[tokio::test]
async fn the_environment_is_what_stands_in_the_options() {
    let script = r#"env | cut -d= -f1 | sort | tr '\n' ' ' > names; printf %s "$TOKEN" > token"#;
    let options = serde_json::json!({ "env": { "TOKEN": "t 1", "TZ": "UTC" } });
    let mut stage = stage(script, options);
    let names = stage.file("names", |text| !text.is_empty()).await;
    let allowed = ["HOME", "LANG", "OPSPILOT_SOURCE", "PATH", "PWD", "OLDPWD", "SHLVL", "TOKEN", "TZ", "_"];
    assert!(names.split_whitespace().all(|name| allowed.contains(&name)), "{names}");
    assert_eq!(stage.file("token", |text| !text.is_empty()).await, "t 1");
}

#[tokio::test]
async fn check_watches_a_start_and_leaves_nothing() {
    let good = ["exit 0", "echo '{\"ready\":true}'; sleep 1000", ONE];
    for script in good {
        plain(script).source.check().await.unwrap();
    }
    let stage = plain("echo 'no route: host.' >&2; exit 4");
    let error = stage.source.check().await.expect_err("a failing program");
    assert!(error.message.ends_with("it said: no route: host"), "{error}");
    let error = plain("echo hello").source.check().await.expect_err("a chatty program");
    assert_eq!((error.code, error.kind), ("OP-2305", ErrorKind::Rejected));
    let silent = stage_silent();
    silent.source.check().await.unwrap();
    gone(&fs::read_to_string(silent.path("self")).unwrap()).await;
}

fn stage_silent() -> Stage {
    stage(
        "read -r hello; case $hello in *'\"check\":true'*) echo $$ > self;; esac; exec sleep 1000",
        serde_json::json!({ "start_timeout_secs": 1 }),
    )
}

#[tokio::test]
async fn what_cannot_start_says_why() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("plain"), "not a program").unwrap();
    let build = |options: serde_json::Value| {
        let settings = Exec::validate(serde_json::from_value(options).unwrap()).unwrap();
        let data_dir = folder.path().to_owned();
        Exec::build(settings, BuildContext { name: "x".to_owned(), data_dir, clock: Arc::new(Noon) })
    };
    for (options, part) in [
        (serde_json::json!({ "command": ["no-such-program-here"] }), "not found"),
        (serde_json::json!({ "command": ["./plain"] }), "may not be executed"),
        (serde_json::json!({ "command": ["sh"], "working_dir": "nowhere" }), "working folder"),
    ] {
        let Ok(Built::Pulled(mut source)) = build(options) else { panic!("{part}") };
        let error = source.poll(None, 1).await.expect_err(part);
        assert_eq!((error.code, error.kind), ("OP-2301", ErrorKind::Misconfigured));
        assert!(error.message.contains(part), "{error}");
    }
    for value in [serde_json::json!({ "file": "absent" }), serde_json::json!({ "env": "OPSPILOT_TEST_UNSET" })] {
        let Err(error) = build(serde_json::json!({ "command": ["sh"], "env": { "TOKEN": value } })) else {
            panic!("built")
        };
        assert_eq!((error.code, error.kind), ("OP-2302", ErrorKind::Misconfigured));
    }
}
