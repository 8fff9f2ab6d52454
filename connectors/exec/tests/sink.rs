//! The sinks' suite over the program of `docs/sinks/exec.md`, run as it stands there, and over programs that misbehave.
#![expect(clippy::unwrap_used, reason = "a set-up that fails, fails the test")]

use opspilot_exec::ExecSink;
use opspilot_sdk::conformance::{Credentials, Mishap, SinkHarness, written};
use opspilot_sdk::{
    Action, ActionKind, BuildContext, Clock, ConnectorError, ErrorKind, Fate, Look, Sink, Spec as _, Write,
};
use serde_json::{Value, json};
use std::fs;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;

/// Lets a mishap come over the page's program, which lies beside it as `page.py`. `{}` in a file `mishap` names it; it strikes once.
const UNLUCKY: &str = r#"
import io, json, os, runpy, sys, time
line = sys.stdin.readline()
mishap = None
if json.loads(line)["ask"] in ("deliver", "revert") and os.path.exists("mishap"):
    mishap = open("mishap").read()
    os.remove("mishap")
if mishap == "CutBefore":
    sys.exit(1)
if mishap == "Busy":
    print('{"refused":{"because":"busy","said":"too much","retry_after_secs":7}}')
    sys.exit(0)
if mishap == "Expired":
    os.environ["DESK_TOKEN"] = "expired"
if mishap == "Ignored":
    print('{"done":{}}')
    sys.exit(0)
sys.stdin = io.StringIO(line)
out = sys.stdout
if mishap and mishap.startswith("Done"):
    sys.stdout = io.StringIO()
try:
    runpy.run_path("page.py")
except SystemExit:
    pass
sys.stdout = out
if mishap == "DoneThenFailed":
    print("Traceback", file=sys.stderr)
    sys.exit(1)
if mishap == "DoneThenSilent":
    os.close(1)
    time.sleep(3600)
"#;

struct Noon;

impl Clock for Noon {
    fn now(&self) -> jiff::Timestamp {
        jiff::Timestamp::constant(1_795_000_000, 0)
    }
}

/// The first block of the page in this language.
fn example(language: &str) -> String {
    let page = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/sinks/exec.md")).unwrap();
    let (_, rest) = page.split_once(&format!("```{language}\n")).unwrap();
    rest.split_once("```").unwrap().0.to_owned()
}

fn build(folder: &Path, options: Value) -> Result<Arc<dyn Sink>, ConnectorError> {
    let settings = ExecSink::validate(serde_json::from_value(options).unwrap()).unwrap();
    let context = BuildContext { name: "desk".to_owned(), data_dir: folder.to_owned(), clock: Arc::new(Noon) };
    ExecSink::build(settings, context)
}

struct Desk {
    folder: tempfile::TempDir,
    records: u32,
}

impl Desk {
    /// Asks the database as somebody who does not use the sink.
    fn sql(&self, text: &str) -> String {
        let program = "import json, sqlite3, sys\ndb = sqlite3.connect('desk.db')\nwith db:\n  print(json.dumps(db.execute(sys.argv[1]).fetchall()))";
        let ran =
            Command::new("python3").args(["-S", "-c", program, text]).current_dir(self.folder.path()).output().unwrap();
        assert!(ran.status.success(), "{}", String::from_utf8_lossy(&ran.stderr));
        String::from_utf8(ran.stdout).unwrap().trim().to_owned()
    }
}

impl SinkHarness for Desk {
    async fn new() -> Self {
        // In memory where there is such a place: this is not about disks.
        let folder = tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir()).unwrap();
        fs::write(folder.path().join("page.py"), example("python")).unwrap();
        fs::write(folder.path().join("unlucky.py"), UNLUCKY).unwrap();
        fs::write(folder.path().join("good"), "open sesame\n").unwrap();
        fs::write(folder.path().join("wrong"), "canary-77\n").unwrap();
        let desk = Self { folder, records: 0 };
        desk.build(Credentials::Good).unwrap().check().await.unwrap();
        desk
    }

    fn build(&self, credentials: Credentials) -> Option<Arc<dyn Sink>> {
        let token = if credentials == Credentials::Good { "good" } else { "wrong" };
        let options = json!({ "command": ["python3", "-S", "unlucky.py"], "carries": ["note", "priority"], "repeat": "keyed",
            "reverts": true, "needs_record": true, "env": { "DESK_TOKEN": { "file": token } } });
        Some(build(self.folder.path(), options).unwrap())
    }

    async fn record(&mut self) -> String {
        self.records += 1;
        self.sql("insert into record default values");
        self.records.to_string()
    }

    fn missing(&self) -> Option<String> {
        Some("999".to_owned())
    }

    fn fit(&self, action: &mut Action) {
        if action.kind == ActionKind::Priority {
            action.value = Some("high".to_owned());
        }
    }

    async fn count(&mut self, _: ActionKind, record: &str) -> usize {
        let rows: Vec<Value> =
            serde_json::from_str(&self.sql(&format!("select 1 from note where record = {record}"))).unwrap();
        rows.len()
    }

    async fn snapshot(&mut self) -> String {
        self.sql("select * from note") + &self.sql("select * from record")
    }

    async fn seen(&mut self, _: &Write, id: &str) -> Option<String> {
        let rows: Value = serde_json::from_str(&self.sql(&format!("select text from note where id = {id}"))).unwrap();
        rows[0][0].as_str().map(str::to_owned)
    }

    async fn alter(&mut self, write: &Write, id: &str) -> bool {
        match write.kind {
            ActionKind::Note => self.sql(&format!("update note set text = 'Edited.' where id = {id}")),
            _ => self.sql(&format!("update record set priority = 'low' where id = {}", write.record)),
        };
        true
    }

    fn arm(&mut self, mishap: Mishap) -> bool {
        fs::write(self.folder.path().join("mishap"), format!("{mishap:?}")).unwrap();
        true
    }

    fn canaries(&self) -> Vec<String> {
        vec!["open sesame".to_owned(), "canary-77".to_owned()]
    }
}

#[tokio::test]
async fn the_program_of_the_page_keeps_the_promises_of_a_sink() {
    let verdict = written::<Desk>().await;
    assert_eq!(verdict.skipped, ["priority: two keys are two things"]);
    verdict.assert();
}

fn write_of(sink: &dyn Sink, kind: ActionKind) -> Write {
    let action = Action {
        kind,
        key: "wb-1".to_owned(),
        record: "4711".to_owned(),
        title: String::new(),
        text: "Please call.".to_owned(),
        due: None,
        value: None,
        to: None,
        span: None,
        at: Noon.now(),
        fields: [].into(),
    };
    let planned = sink.preview(&action).unwrap();
    Write { kind, key: action.key, record: action.record, call: planned.call, expect: planned.expect }
}

/// A sink whose program is a line of shell.
fn shell(folder: &Path, script: &str) -> Arc<dyn Sink> {
    let options = json!({ "command": ["sh", "-c", script], "carries": ["note"], "repeat": "looked", "timeout_secs": 1,
        "stop_secs": 0, "max_line_bytes": 4096 });
    build(folder, options).unwrap()
}

#[tokio::test]
async fn the_program_is_told_the_approved_line_and_nothing_else() {
    let folder = tempfile::tempdir().unwrap();
    let sink = shell(folder.path(), r#"cat > told; env > env; printf '%s\n' '{"done":{"id":"7","said":"a\nb."}}'"#);
    let write = write_of(sink.as_ref(), ActionKind::Note);
    let page = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/sinks/exec.md")).unwrap();
    assert!(page.contains(&format!("\n{}\n", write.call.body)), "the page shows another line than {}", write.call.body);
    let delivered = sink.deliver(&write, Some("v3")).await.unwrap();
    assert_eq!((delivered.id.as_deref(), delivered.said.as_str()), (Some("7"), "a b"));
    assert_eq!(fs::read_to_string(folder.path().join("told")).unwrap(), format!("{}\n", write.call.body));
    let env = fs::read_to_string(folder.path().join("env")).unwrap();
    assert!(env.contains("OPSPILOT_SINK=desk\n") && env.contains("OPSPILOT_VERSION=v3\n"), "{env}");
    let allowed = ["HOME", "LANG", "OPSPILOT_SINK", "OPSPILOT_VERSION", "PATH", "PWD", "OLDPWD", "SHLVL", "TZ", "_"];
    let names: Vec<&str> = env.lines().filter_map(|line| Some(line.split_once('=')?.0)).collect();
    assert!(names.iter().all(|name| allowed.contains(name)), "{names:?}");
    // What was planned for another program is not run by this one.
    let other = shell(folder.path(), "echo '{\"done\":{}}'");
    let failed = other.deliver(&write, None).await.unwrap_err();
    assert_eq!((failed.error.code, failed.fate), ("OP-7512", Fate::NotDone));
    assert_eq!(failed.error.kind, ErrorKind::Rejected, "others go on");
}

#[tokio::test]
async fn a_plan_is_bound_to_what_is_run_where_and_with_what() {
    let folder = tempfile::tempdir().unwrap();
    for place in ["a", "b"] {
        fs::create_dir(folder.path().join(place)).unwrap();
    }
    fs::write(folder.path().join("token"), "canary-31\n").unwrap();
    let of = |more: Value| {
        let mut options = json!({ "command": ["sh", "-c", "pwd > ran; echo '{\"done\":{}}'"], "carries": ["note"] });
        options.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        build(folder.path(), options).unwrap()
    };
    let sinks = [
        of(json!({})),
        of(json!({ "working_dir": "a" })),
        of(json!({ "working_dir": "b" })),
        of(json!({ "working_dir": "a", "env": { "MODE": "canary-32" } })),
        of(json!({ "working_dir": "a", "env": { "MODE": "canary-33" } })),
        of(json!({ "working_dir": "a", "env": { "MODE": { "file": "token" } } })),
        of(json!({ "working_dir": "a", "env": { "MODE": { "file": "token" }, "TOKEN": { "file": "token" } } })),
    ];
    for (place, sink) in sinks.iter().enumerate() {
        let write = write_of(sink.as_ref(), ActionKind::Note);
        assert!(!write.call.target.contains("canary"), "{}", write.call.target);
        for (other, executor) in sinks.iter().enumerate() {
            let done = executor.deliver(&write, None).await;
            assert_eq!(done.is_ok(), place == other, "{}", write.call.target);
            if let Err(failed) = done {
                assert_eq!((failed.error.code, failed.fate), ("OP-7512", Fate::NotDone));
            }
        }
    }
    let target = write_of(sinks[6].as_ref(), ActionKind::Note).call.target;
    assert!(target.ends_with(r#" in "a" with {"MODE":"secret","TOKEN":"secret"}"#), "{target}");
}

#[tokio::test]
async fn a_secret_that_the_program_repeats_is_not_told() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("token"), "canary-31\n").unwrap();
    for script in [
        r#"printf '{"done":{"id":"%s","said":"sent %s","cautions":["%s is old"]}}\n' $T $T $T"#,
        r#"printf '{"present":{"id":"%s","image":{"%s":["%s"]},"version":"%s"}}\n' $T $T $T $T"#,
        r#"printf '{"unknown":{"why":"%s"}}\n' $T"#,
        r#"printf '{"refused":{"because":"rejected","said":"bad token %s"}}\n' $T"#,
        r#"echo "bad token $T" >&2; exit 77"#,
        r#"echo "bad token $T" >&2; exit 1"#,
    ] {
        let options = json!({ "command": ["sh", "-c", script], "carries": ["note"], "repeat": "looked",
            "env": { "T": { "file": "token" } } });
        let sink = build(folder.path(), options).unwrap();
        let write = write_of(sink.as_ref(), ActionKind::Note);
        let told = format!(
            "{:?} {:?} {:?}",
            sink.deliver(&write, None).await,
            sink.look(&write, None).await,
            sink.check().await
        );
        assert!(!told.contains("canary") && told.contains('…'), "{script}: {told}");
    }
}

#[tokio::test]
async fn what_is_no_name_or_too_much_is_no_answer() {
    let folder = tempfile::tempdir().unwrap();
    let long = "x".repeat(201);
    for id in [long.as_str(), r"a\nb", r"a\u0000b", r"\u202e71", " "] {
        let quoted = |text: String| format!("cat > /dev/null; printf '%s\\n' '{text}'");
        let sink = shell(folder.path(), &quoted(format!(r#"{{"done":{{"id":"{id}"}}}}"#)));
        let failed = sink.deliver(&write_of(sink.as_ref(), ActionKind::Note), None).await.unwrap_err();
        assert_eq!((failed.error.code, failed.fate), ("OP-7510", Fate::Unknown), "{id}");
        assert!(failed.error.message.contains("200 visible characters"), "{failed}");
        let sink = shell(folder.path(), &quoted(format!(r#"{{"present":{{"id":"{id}","image":{{}}}}}}"#)));
        let error = sink.look(&write_of(sink.as_ref(), ActionKind::Note), None).await.unwrap_err();
        assert_eq!(error.code, "OP-7510", "{id}");
    }
    let script =
        r#"printf '{"present":{"id":"1","image":{"text":"'; head -c 1100000 /dev/zero | tr '\0' x; echo '"}}}'"#;
    let options = json!({ "command": ["sh", "-c", script], "carries": ["note"], "repeat": "looked",
        "max_line_bytes": 4_000_000 });
    let sink = build(folder.path(), options).unwrap();
    let error = sink.look(&write_of(sink.as_ref(), ActionKind::Note), None).await.unwrap_err();
    assert!(error.code == "OP-7510" && error.message.contains("larger than 1 MiB"), "{error}");
}

#[tokio::test]
async fn what_is_no_answer_leaves_it_open() {
    let folder = tempfile::tempdir().unwrap();
    for script in [
        "cat > /dev/null; exit 1",
        "cat > /dev/null",
        "exit 0",
        "kill -9 $$",
        "echo nonsense",
        "echo '{\"done\":{}} {}'",
        "echo '{\"absent\":{}}'",
        "echo '{\"done\":{\"name\":1}}'",
        "echo '{\"done\":{},\"refused\":{}}'",
        "echo '[[[[[['",
        "printf '\\377\\n'",
        "head -c 100000 /dev/zero | tr '\\0' x; echo",
        "sleep 100",
        "exec >&-; sleep 100",
        "sleep 100 & exit 1",
        "yes '' | head -c 1000000; exit 3",
    ] {
        let sink = shell(folder.path(), script);
        let failed = sink.deliver(&write_of(sink.as_ref(), ActionKind::Note), None).await.unwrap_err();
        assert_eq!(
            (failed.error.kind, failed.error.code, failed.fate),
            (ErrorKind::Transient, "OP-7510", Fate::Unknown),
            "{script}"
        );
        assert!(!failed.error.message.contains('\n') && failed.error.message.len() < 600, "{}", failed.error.message);
    }
}

#[tokio::test]
async fn a_certain_no_is_one() {
    let folder = tempfile::tempdir().unwrap();
    for (script, kind, code) in [
        ("exit 77", ErrorKind::Unauthorised, "OP-7511"),
        ("echo unset >&2; exit 78", ErrorKind::Misconfigured, "OP-7511"),
        (r#"echo '{"refused":{"because":"rejected","said":"no."}}'"#, ErrorKind::Rejected, "OP-7511"),
        (r#"echo '{"refused":{"because":"later"}}'; exit 1"#, ErrorKind::Transient, "OP-7511"),
        (r#"echo; echo '{"refused":{"because":"misconfigured"}}'"#, ErrorKind::Misconfigured, "OP-7511"),
    ] {
        let sink = shell(folder.path(), script);
        let failed = sink.deliver(&write_of(sink.as_ref(), ActionKind::Note), None).await.unwrap_err();
        assert_eq!(
            (failed.error.kind, failed.error.code, failed.fate),
            (kind, code, Fate::NotDone),
            "{script}: {failed}"
        );
        assert_eq!(sink.check().await.unwrap_err().kind, kind, "{script}");
    }
    let gone = build(folder.path(), json!({ "command": ["./gone"], "carries": ["note"] })).unwrap();
    let failed = gone.deliver(&write_of(gone.as_ref(), ActionKind::Note), None).await.unwrap_err();
    assert_eq!((failed.error.code, failed.fate), ("OP-2301", Fate::NotDone));
}

#[tokio::test]
async fn a_program_that_can_do_less_says_so() {
    let folder = tempfile::tempdir().unwrap();
    let options = json!({ "command": ["./gone"], "carries": ["note", "task"], "reads_back": ["title", "due"] });
    let sink = build(folder.path(), options).unwrap();
    assert_eq!(sink.manner().carries, [ActionKind::Note, ActionKind::Task]);
    let write = write_of(sink.as_ref(), ActionKind::Task);
    assert_eq!(write.expect, json!({ "title": "", "due": null }));
    // It is never asked.
    assert!(matches!(sink.look(&write, None).await, Ok(Look::Unknown { .. })));
    assert_eq!(sink.revert(&write, "1", None).unwrap_err().code, "OP-7500");
    let sink = shell(folder.path(), r#"echo '{"unknown":{"why":""}}'"#);
    assert!(matches!(sink.look(&write, None).await, Ok(Look::Unknown { why }) if why.contains("does not say")));
    let sink = shell(folder.path(), r#"echo '{"present":{"id":"","image":{}}}'"#);
    assert_eq!(sink.look(&write, None).await.unwrap_err().code, "OP-7510");
    let sink = shell(folder.path(), r#"echo '{"done":{"cautions":["the token may delete users.",""]}}'"#);
    let cautions = sink.check().await.unwrap();
    assert_eq!(
        (cautions.len(), cautions[0].code, cautions[0].message.as_str()),
        (1, "OP-7513", "the token may delete users")
    );
}
