//! The command line from outside: the built binary in a folder of its own. Own file because exit statuses, the two outputs and the words of
//! `--help` are promises to people and scripts.

use crate::daemon::block_on;
use opspilot::clock::{Clock as _, SystemClock};
use serde_json::Value;
use sqlx::Connection as _;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use tempfile::TempDir;

/// A folder to work in, and the program in it.
pub(crate) struct Bench(TempDir);

/// What a command came to.
pub(crate) struct Ended {
    pub(crate) status: i32,
    pub(crate) out: String,
    pub(crate) told: String,
}

impl Bench {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    /// A folder in which the demo ran to its end.
    pub(crate) fn demo() -> Self {
        let bench = Self::new();
        let ended = bench.run(&["demo", "--data", "data", "--exit-when-idle", "--json", "--listen", "127.0.0.1:0"]);
        assert_eq!(ended.status, 0, "{}", ended.told);
        let summary = ended.json();
        assert_eq!((summary["drafted"].as_u64(), summary["held"].as_u64()), (Some(16), Some(0)));
        assert_eq!(summary["brief"]["schema"], "opspilot.brief/1");
        bench
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_opspilot"));
        command
            .current_dir(self.0.path())
            .args(args)
            .env_clear()
            .env("COLUMNS", "100")
            .env("HOME", self.0.path())
            .env("USER", "ada");
        command.env("PATH", std::env::var_os("PATH").unwrap_or_default());
        command
    }

    fn run(&self, args: &[&str]) -> Ended {
        Ended::of(self.command(args).stdin(Stdio::null()).output().unwrap())
    }

    /// On the demo's configuration.
    pub(crate) fn on_demo(&self, args: &[&str]) -> Ended {
        self.run(&[&["--config", "data/opspilot.toml"], args].concat())
    }

    fn fed(&self, args: &[&str], input: &str) -> Ended {
        let mut child =
            self.command(args).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
        Ended::of(child.wait_with_output().unwrap())
    }
}

impl Ended {
    fn of(output: Output) -> Self {
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
        Self { status: output.status.code().unwrap_or(-1), out: text(output.stdout), told: text(output.stderr) }
    }

    #[track_caller]
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.out).unwrap_or_else(|cause| panic!("{cause}: {}\n{}", self.out, self.told))
    }

    /// Ended so, saying one line with that code and nothing on standard output.
    #[track_caller]
    pub(crate) fn refused(&self, status: i32, code: &str) {
        assert_eq!(self.status, status, "{}{}", self.out, self.told);
        assert!(self.told.starts_with(&format!("error {code}: ")), "{}", self.told);
        assert_eq!((self.told.lines().count(), self.out.as_str()), (1, ""), "{}", self.told);
    }
}

/// The words after each command that has words after it.
const COMMANDS: &[&str] = &[
    "",
    "init",
    "serve",
    "demo",
    "doctor",
    "status",
    "config",
    "config check",
    "connector",
    "submit",
    "request",
    "request list",
    "request release",
    "brief",
    "brief draft",
    "brief show",
    "review",
    "review list",
    "review edit",
    "review approve",
    "review reject",
    "run",
    "letter",
    "letter list",
    "letter settle",
    "limit",
    "limit settle",
    "spend",
    "schedule",
    "schedule next",
    "pilot report",
    "pilot gate",
    "pilot rollback-plan",
    "pilot pause",
    "flag",
    "flag on",
    "writeback",
    "writeback list",
    "writeback plan",
    "writeback approve",
    "writeback undo",
    "writeback target",
    "writeback settle",
    "workflow",
    "receipt",
    "receipt verify",
    "receipt export",
    "receipt checkpoint",
    "screen",
    "user",
    "user add",
    "token",
    "token new",
    "policy",
    "policy why",
    "eval",
    "explain",
    "completions",
    "man",
];

#[test]
fn help_is_as_it_was() {
    let bench = Bench::new();
    let mut shown = String::new();
    for command in COMMANDS {
        let ended = bench.run(&command.split_whitespace().chain(["--help"]).collect::<Vec<_>>());
        assert_eq!(ended.status, 0, "{command}");
        shown.push_str(&format!("$ {}\n{}\n", ["opspilot", command, "--help"].join(" ").replace("  ", " "), ended.out));
    }
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/snapshots/help.txt");
    if std::env::var_os("OPSPILOT_SNAPSHOTS").is_some_and(|wanted| wanted == "1") {
        std::fs::write(&path, &shown).unwrap();
    }
    let kept = std::fs::read_to_string(&path).unwrap();
    for (line, (now, then)) in shown.lines().zip(kept.lines()).enumerate() {
        assert_eq!(now, then, "line {}; if that is meant, run again with OPSPILOT_SNAPSHOTS=1", line + 1);
    }
    assert_eq!(shown.len(), kept.len(), "run again with OPSPILOT_SNAPSHOTS=1 if that is meant");
}

#[test]
fn a_beginning_from_nothing() {
    let bench = Bench::new();
    let made = bench.run(&["init", "--user", "ada", "--json"]);
    assert_eq!(made.status, 0, "{}", made.told);
    assert!(Path::new(made.json()["token_file"].as_str().unwrap()).exists());
    bench.run(&["init", "--user", "ada"]).refused(1, "OP-9105");
    assert_eq!(bench.run(&["config", "check", "--offline"]).status, 0);
    assert_eq!(bench.run(&["config", "show", "--json"]).json()["pilot"][0]["reviewers"][0], "ada");
    let sources = bench.run(&["connector", "list", "--json"]).json();
    assert_eq!(sources["items"][0]["kind"], "webhook");
    let people = bench.run(&["user", "list", "--json"]).json();
    assert_eq!(people["items"][0]["name"], "ada");
    let listed = bench.run(&["workflow", "list", "--json"]).json();
    assert_eq!(listed["items"][0]["name"], "generate-brief");
    assert!(bench.run(&["workflow", "graph", "generate-brief"]).out.starts_with("flowchart TD"));
}

#[test]
fn without_a_configuration_it_says_where_it_looked() {
    let bench = Bench::new();
    bench.run(&["request", "list"]).refused(2, "OP-1001");
    bench.run(&["--config", "nowhere.toml", "request", "list"]).refused(2, "OP-1001");
    assert_eq!(bench.run(&["doctor"]).status, 2);
    let unknown = bench.run(&["no-such-command"]);
    assert!(unknown.status == 2 && unknown.told.starts_with("error OP-9123: "), "{}", unknown.told);
    assert_eq!(bench.run(&["--version"]).status, 0);
}

#[test]
fn drafting_and_screening_need_no_configuration() {
    let bench = Bench::new();
    let text = "Our shop is down since 7:40, please call me at once. Card 4929 3813 3266 4295.";
    let drafted = bench.fed(&["brief", "draft", "--json"], text);
    assert_eq!(drafted.status, 0, "{}", drafted.told);
    assert_eq!(drafted.json()["schema"], "opspilot.brief/1");
    let screened = bench.fed(&["screen", "--json"], text);
    assert_ne!(screened.json()["verdict"], "pass");
    for shown in
        [drafted.out, screened.out, bench.fed(&["screen"], text).out, bench.fed(&["screen", "--text"], text).out]
    {
        assert!(!shown.contains("4929 3813"), "{shown}");
    }
    bench.fed(&["brief", "draft", "--type", "json"], "{").refused(5, "OP-9108");
    bench.fed(&["brief", "draft"], "  \n").refused(5, "OP-2001");
    bench.run(&["brief", "draft", "nowhere.txt"]).refused(5, "OP-9101");
}

#[test]
fn one_request_from_its_first_byte_to_its_approval() {
    let bench = Bench::demo();
    let listed = bench.on_demo(&["review", "list", "--json"]).json();
    let first = &listed["items"][0];
    let (brief, digest) = (first["id"].as_str().unwrap(), first["revision"].as_str().unwrap());
    bench.on_demo(&["review", "approve", brief]).refused(2, "OP-9110");
    bench.on_demo(&["review", "approve", brief, "--revision", &digest[..7]]).refused(2, "OP-9107");
    bench.on_demo(&["review", "approve", brief, "--revision", "0123456789"]).refused(2, "OP-9107");

    let edited = bench.on_demo(&[
        "review",
        "edit",
        brief,
        "--set",
        "priority.score=61",
        "--set",
        "next_actions[0].owner=Ada",
        "--json",
    ]);
    assert_eq!(edited.status, 0, "{}", edited.told);
    bench.on_demo(&["review", "approve", brief, "--revision", &digest[..12]]).refused(1, "OP-4004");
    let digest = edited.json()["revision"].as_str().unwrap().to_owned();
    let changes = bench.on_demo(&["brief", "diff", brief, "--json"]).json();
    assert!(changes["changes"].as_array().unwrap().iter().any(|change| change["path"] == "priority.score"));

    let approved = bench.on_demo(&["review", "approve", brief, "--revision", &digest[..8], "--json"]);
    assert_eq!(approved.json()["state"], "approved", "{}", approved.told);
    let again = bench.on_demo(&["review", "approve", brief, "--revision", &digest, "--json"]).json();
    assert_eq!(again["repeated"], true);
    bench.on_demo(&["review", "reject", brief, "-m", "no", "--revision", &digest]).refused(1, "OP-4005");

    let why = bench.on_demo(&["request", "why", brief, "--json"]).json();
    let events: Vec<&str> =
        why["events"].as_array().unwrap().iter().filter_map(|event| event["what"].as_str()).collect();
    assert_eq!(
        events,
        ["received", "accepted", "step screen", "step draft", "step review", "drafted", "edited", "decided"]
    );
    // What was edited by hand nobody drafted, and what a script is to decide on it finds here.
    let shown = bench.on_demo(&["brief", "show", brief, "--json"]).json();
    assert_eq!((&shown["digest"], &shown["schema"]), (&digest.as_str().into(), &"opspilot.brief/1".into()));
    for format in ["terminal", "md", "html"] {
        let shown = bench.on_demo(&["brief", "show", brief, "--format", format]).out;
        let words = shown.replace('\\', "").split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(words.contains("edited by demo (drafted by embedded)"), "{format}: {shown}");
        let first = bench.on_demo(&["brief", "show", brief, "--revision", "1", "--format", format]).out;
        assert!(first.contains("drafted by embedded") && !first.contains("edited by"), "{format}: {first}");
    }
    // A reason that a person gave is no fault.
    let other = listed["items"][1]["id"].as_str().unwrap();
    assert_eq!(bench.on_demo(&["run", "cancel", other, "-m", "the client withdrew"]).status, 0);
    for page in [["run", "show", other], ["request", "show", other]] {
        let page = bench.on_demo(&page).out;
        assert!(page.lines().any(|line| line.starts_with("reason") && line.contains("the client withdrew")), "{page}");
    }
    // It is over, and the refusal says where to look.
    let dropped = bench.on_demo(&["request", "drop", other, "-m", "twice"]);
    dropped.refused(1, "OP-3002");
    assert!(dropped.told.contains("`opspilot request why`"), "{}", dropped.told);
    assert_eq!(why["decisions"][0]["revision"], digest.as_str());
    let told = bench.on_demo(&["request", "why", brief]).out;
    assert!(
        told.contains("approve by demo on revision 2") && told.trim_end().ends_with("decided (brief approved)"),
        "{told}"
    );
}

#[test]
fn receipts_prove_themselves_and_tell_what_was_done_to_them() {
    let bench = Bench::demo();
    let live = bench.on_demo(&["receipt", "verify", "--json"]);
    assert_eq!((live.status, &live.json()["outcome"]), (0, &Value::from("proven")), "{}", live.out);
    let key = bench.on_demo(&["receipt", "checkpoint", "--key"]).out;
    assert_eq!(bench.on_demo(&["receipt", "checkpoint", "-o", "kept.note"]).status, 0);
    assert_eq!(bench.on_demo(&["receipt", "export", "-o", "all.jsonl"]).status, 0);
    // From here on there is no configuration: only the file, the key and the note.
    let verify = |file: &str| bench.run(&["receipt", "verify", file, "--key", key.trim(), "--checkpoint", "kept.note"]);
    assert_eq!(verify("all.jsonl").status, 0, "{}", verify("all.jsonl").out);
    assert_eq!(bench.run(&["receipt", "verify", "all.jsonl"]).status, 4);
    let whole = std::fs::read_to_string(bench.path("all.jsonl")).unwrap();
    let altered = whole.replacen("request.accepted", "request.accepteb", 1);
    std::fs::write(bench.path("altered.jsonl"), altered).unwrap();
    assert_eq!(verify("altered.jsonl").status, 3);
    let lines: Vec<&str> = whole.lines().collect();
    std::fs::write(bench.path("cut.jsonl"), lines[..lines.len() - 2].join("\n")).unwrap();
    assert_eq!(verify("cut.jsonl").status, 3);
    std::fs::write(bench.path("other.jsonl"), "nothing of the kind").unwrap();
    assert_eq!(verify("other.jsonl").status, 5);

    let subject = bench.on_demo(&["request", "list", "--limit", "1", "--json"]).json()["items"][0]["id"]
        .as_str()
        .unwrap()
        .to_owned();
    assert_eq!(bench.on_demo(&["receipt", "export", "--subject", &subject, "-o", "one.jsonl"]).status, 0);
    assert_eq!(verify("one.jsonl").status, 0, "{}", verify("one.jsonl").out);
    assert_eq!(
        std::fs::read_to_string(bench.path("one.jsonl")).unwrap().lines().count(),
        4,
        "header, two receipts, end"
    );
}

#[test]
fn an_act_without_a_receipt_is_found() {
    let bench = Bench::demo();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        use sqlx::Connection as _;
        let file = bench.path("data/opspilot.db");
        let mut conn = sqlx::SqliteConnection::connect_with(&sqlx::sqlite::SqliteConnectOptions::new().filename(file)).await.unwrap();
        let sql = "INSERT INTO decision (brief, revision, person, id, digest, verdict, comment, permit, at) SELECT id, 1, 'usr_x', 'dec_x', digest, 'approve', NULL, 'pdc_x', 1 FROM brief LIMIT 1";
        sqlx::query(sql).execute(&mut conn).await.unwrap();
        conn.close().await.unwrap();
    });
    let verified = bench.on_demo(&["receipt", "verify"]);
    assert_eq!(verified.status, 3);
    assert!(verified.out.contains("0 receipts of kind `brief.decided`, and 1 rows"), "{}", verified.out);
}

#[test]
fn nobody_acts_by_a_bare_name() {
    let bench = Bench::new();
    assert_eq!(bench.run(&["init", "--user", "ada"]).status, 0);
    std::fs::write(bench.path("ask.txt"), "Two seats by Friday, please.").unwrap();
    bench.run(&["--as", "bo", "submit", "--pilot", "example", "ask.txt"]).refused(2, "OP-9103");
    let submitted = |token: &str| {
        Ended::of(
            bench.command(&["submit", "--pilot", "example", "ask.txt"]).env("OPSPILOT_TOKEN", token).output().unwrap(),
        )
    };
    submitted("opp_nonsense").refused(1, "OP-5101");
    let added = bench.run(&["user", "add", "bo", "--role", "viewer", "--scope", "pilot:example"]);
    assert_eq!(added.status, 0, "{}", added.told);
    let token = bench.run(&["token", "new", "--user", "bo", "--days", "1"]).out;
    assert!(token.starts_with("opp_") && token.lines().count() == 1, "the secret, and nothing else");
    submitted(&token).refused(1, "OP-5008");
    assert_eq!(bench.run(&["user", "disable", "bo"]).status, 0);
    submitted(&token).refused(1, "OP-5101");
    assert_eq!(bench.run(&["submit", "--pilot", "example", "ask.txt"]).status, 0);
    let again = bench.run(&["submit", "--pilot", "example", "ask.txt", "--json"]).json();
    assert_eq!(again["items"][0]["status"], "duplicate");
    let nowhere = bench.run(&["submit", "--pilot", "nowhere", "ask.txt"]);
    nowhere.refused(2, "OP-2002");
    assert!(nowhere.told.contains("`opspilot config show`"), "{}", nowhere.told);
}

#[test]
fn bad_rows_of_a_table_are_named_and_end_the_command_with_five() {
    let bench = Bench::new();
    assert_eq!(bench.run(&["init", "--user", "ada"]).status, 0);
    let submit = |name: &str, text: &str, more: &[&str]| {
        std::fs::write(bench.path(name), text).unwrap();
        bench.run(&[&["submit", "--pilot", "example", name], more].concat())
    };
    let mixed = "name,message\nAda,\"two seats\nBo,a refund\nCy,one,too many\n";
    let ended = submit("mixed.csv", mixed, &[]);
    assert_eq!((ended.status, ended.out.lines().count()), (5, 1), "{}{}", ended.out, ended.told);
    let told: Vec<&str> = ended.told.lines().collect();
    assert_eq!(told.len(), 3, "{}", ended.told);
    assert!(told[0].starts_with("error OP-2210: `mixed.csv` line 2: "), "{}", ended.told);
    assert!(told[1].starts_with("error OP-2211: `mixed.csv` line 4: "), "{}", ended.told);
    assert!(told[2].starts_with("error OP-2205: 2 of 3 rows of `mixed.csv` are bad"), "{}", ended.told);
    let again = submit("mixed.csv", mixed, &["--json"]);
    assert_eq!(again.status, 5);
    let shown = again.json();
    assert_eq!((&shown["items"][0]["status"], shown["items"].as_array().unwrap().len()), (&"duplicate".into(), 1));
    assert_eq!(
        (&shown["bad_rows"][1]["line"], &shown["bad_rows"][1]["original"]),
        (&"4".into(), &"Cy,one,too many".into())
    );
    let bad = submit("bad.csv", "name,message\nAda,\n", &[]);
    assert_eq!((bad.status, bad.out.as_str()), (5, ""));
    assert!(
        bad.told.ends_with("error OP-2227: the only row of `bad.csv` is bad, so nothing came of it; put it right\n")
    );
    assert!(!bad.told.contains("table.csv"), "{}", bad.told);
    let good = submit("good.csv", "name,message\nAda,two more seats\n", &[]);
    assert_eq!((good.status, good.told.as_str()), (0, ""));
}

#[test]
fn a_table_that_the_store_takes_a_part_of_is_told_row_by_row_and_can_be_handed_in_again() {
    let bench = Bench::new();
    assert_eq!(bench.run(&["init", "--user", "ada"]).status, 0);
    let submit = |more: &[&str]| bench.run(&[&["submit", "--pilot", "example", "asks.csv"], more].concat());
    let row = |number: usize| format!("Person {number},seat number {number} please\n");
    std::fs::write(bench.path("asks.csv"), "name,message\nZed,a refund please\n").unwrap();
    assert_eq!(submit(&[]).status, 0);
    // The database itself refuses one of the rows.
    let ask = |sql: &'static str| {
        let url = format!("sqlite:{}", bench.path("opspilot-data/opspilot.db").display());
        block_on(async {
            let mut connection = sqlx::SqliteConnection::connect(&url).await.unwrap();
            sqlx::query(sql).execute(&mut connection).await.unwrap();
            connection.close().await.unwrap();
        });
    };
    ask("CREATE TRIGGER full BEFORE INSERT ON request WHEN NEW.text LIKE '%number 2%' \
         BEGIN SELECT RAISE(ABORT, 'database or disk is full'); END");
    let table: String = (0..5).map(row).collect();
    std::fs::write(bench.path("asks.csv"), format!("name,message\n{table}Cy,one,too many\n")).unwrap();
    let stopped = submit(&[]);
    assert_eq!((stopped.status, stopped.out.lines().count()), (1, 2), "{}{}", stopped.out, stopped.told);
    assert!(stopped.out.lines().all(|line| line.ends_with("  accepted")), "{}", stopped.out);
    let told: Vec<&str> = stopped.told.lines().collect();
    let [tally, bad, cause, left] = told.as_slice() else { panic!("{}", stopped.told) };
    assert_eq!(*tally, "2 requests handed in, 0 known before");
    assert!(bad.starts_with("error OP-2211: `asks.csv` line 7: "), "{bad}");
    assert!(cause.starts_with("error OP-3005: ") && cause.contains("make room"), "{cause}");
    assert!(left.starts_with("error OP-9126: 2 of the 5 good rows of `asks.csv` are handed in, 3 are not; "), "{left}");
    let again = submit(&["--json"]);
    assert_eq!(again.status, 1);
    let shown = again.json();
    let statuses = |shown: &Value| -> Vec<String> {
        shown["items"].as_array().unwrap().iter().map(|item| item["status"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(statuses(&shown), ["duplicate"; 2]);
    assert_eq!((shown["not_handed_in"].as_u64(), shown["bad_rows"].as_array().unwrap().len()), (Some(3), 1));
    ask("DROP TRIGGER full");
    let whole = submit(&["--json"]);
    assert_eq!((whole.status, whole.json()["not_handed_in"].as_u64()), (5, Some(0)), "{}", whole.told);
    assert_eq!(statuses(&whole.json()), ["duplicate", "duplicate", "accepted", "accepted", "accepted"]);
    assert_eq!(bench.run(&["request", "list", "--json"]).json()["items"].as_array().unwrap().len(), 6);
}

#[test]
fn a_state_that_there_is_not_is_refused_with_those_that_there_are() {
    let bench = Bench::new();
    for (list, one) in
        [("request", "in_review"), ("run", "retryable"), ("quarantine", "ignored"), ("letter", "bounced")]
    {
        let ended = bench.run(&[list, "list", "--state", "nonsense"]);
        assert_eq!((ended.status, ended.out.as_str()), (2, ""), "{list}");
        assert!(ended.told.starts_with("error OP-9123: ") && ended.told.contains(one), "{}", ended.told);
    }
}

#[test]
fn lists_at_eighty_columns_keep_what_a_person_needs() {
    let bench = Bench::demo();
    let narrow = |args: &[&str]| {
        let args = [&["--config", "data/opspilot.toml"], args].concat();
        Ended::of(bench.command(&args).env("COLUMNS", "80").output().unwrap())
    };
    let brief = bench.on_demo(&["review", "list", "--json"]).json()["items"][0].clone();
    let digest = brief["revision"].as_str().unwrap()[..8].to_owned();
    let queue = narrow(&["review", "list"]);
    for word in ["BRIEF", "DIGEST", "SUBJECT", brief["id"].as_str().unwrap(), &digest] {
        assert!(queue.out.contains(word), "{word}: {}", queue.out);
    }
    for list in [["review", "list"], ["request", "list"], ["user", "list"], ["receipt", "list"]] {
        let ended = narrow(&list);
        let head = ended.out.lines().next().unwrap();
        assert!(!head.contains('…'), "{head}");
        assert!(ended.out.lines().all(|line| line.chars().count() <= 80), "{}", ended.out);
    }
    assert!(narrow(&["request", "list"]).out.contains(" in_review "));
    let receipts = narrow(&["receipt", "list"]);
    assert!(
        receipts.out.contains(" AT ") && receipts.told.contains("no room for: actor"),
        "{}{}",
        receipts.out,
        receipts.told
    );
    assert!(!receipts.out.lines().any(|line| line.contains("req_") && line.contains('…')), "{}", receipts.out);
}

#[cfg(unix)]
#[test]
fn a_token_that_others_can_read_is_not_used() {
    use std::os::unix::fs::PermissionsExt as _;
    let bench = Bench::new();
    assert_eq!(bench.run(&["init", "--user", "ada"]).status, 0);
    let token = bench.path("opspilot-data/credentials/ada.token");
    let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!((mode(&token), mode(&bench.path("opspilot-data"))), (0o600, 0o700));
    assert_eq!(mode(&bench.path("opspilot-data/keys/receipts.key")), 0o600);
    std::fs::set_permissions(&token, std::fs::Permissions::from_mode(0o644)).unwrap();
    bench.run(&["user", "list"]).refused(2, "OP-9104");
    assert_eq!(bench.run(&["doctor"]).status, 3);
}

#[cfg(unix)]
#[test]
fn a_reader_that_goes_away_is_met_with_silence() {
    let bench = Bench::new();
    let program = env!("CARGO_BIN_EXE_opspilot");
    let line = format!("{{ '{program}' completions bash; echo $? > status; }} | head -c 1 > /dev/null");
    let ended = Ended::of(Command::new("sh").args(["-c", &line]).current_dir(bench.0.path()).output().unwrap());
    assert_eq!((ended.told.as_str(), std::fs::read_to_string(bench.path("status")).unwrap().trim()), ("", "0"));
    // What a check found is told by the exit status, whoever reads the rest.
    std::fs::write(bench.path("other.jsonl"), "nothing of the kind").unwrap();
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    let ended = bench.command(&["receipt", "verify", "other.jsonl"]).stdout(writer).status().unwrap();
    assert_eq!(ended.code(), Some(5));
}

#[test]
fn a_code_is_explained() {
    let bench = Bench::new();
    assert!(bench.run(&["explain", "op-1001"]).out.starts_with("# OP-1001: "));
    bench.run(&["explain", "OP-0000"]).refused(2, "OP-9121");
}

#[test]
fn the_way_outside_is_opened_by_words_and_shut_at_once() {
    let bench = Bench::demo();
    let shut = bench.on_demo(&["pilot", "gate", "demo", "--json"]).json();
    assert_eq!((shut["level"].as_u64(), shut["go"].is_null()), (Some(3), true), "{shut}");
    assert_eq!(bench.on_demo(&["flag", "list", "--json"]).json()["items"][0]["state"], "off");
    let on = ["flag", "on", "--sink", "table", "--until", "2026-12-31", "--ramp", "5"];
    let week = SystemClock.now() + jiff::SignedDuration::from_hours(7 * 24);
    let until = week.strftime("%Y-%m-%d").to_string();
    let on = on.map(|word| if word == "2026-12-31" { until.as_str() } else { word });
    let flag = bench.on_demo(&[&on[..], &["--json"]].concat()).json();
    assert_eq!(
        (flag["state"].as_str(), flag["ramp"].as_u64(), flag["pilot"].as_str()),
        (Some("on"), Some(5), Some("demo"))
    );
    let wrong = |from: &str, to: &'static str| on.map(|word| if word == from { to } else { word });
    bench.on_demo(&wrong("table", "tabel")).refused(2, "OP-7641");
    bench.on_demo(&wrong(&until, "2020-01-01")).refused(2, "OP-7643");
    bench.on_demo(&wrong(&until, "soon")).refused(2, "OP-9122");
    assert_eq!(bench.on_demo(&wrong("5", "20")).status, 2);
    assert_eq!(bench.on_demo(&["pilot", "gate", "demo", "--go"]).status, 2, "a decision has a reason");
    bench.on_demo(&["pilot", "gate", "demo", "--go", "--reason", " "]).refused(2, "OP-7642");
    bench.on_demo(&["pilot", "gate", "demmo"]).refused(2, "OP-7640");
    let go = bench.on_demo(&["pilot", "gate", "demo", "--go", "--reason", "it went well", "--json"]).json();
    assert_eq!((go["go"]["kind"].as_str(), go["go"]["text"].as_str()), (Some("go"), Some("it went well")));
    let plan = ["--config", "data/opspilot.toml", "pilot", "rollback-plan", "demo", "--file", "-", "--json"];
    assert_eq!(bench.fed(&plan, "1. Pause.\n").json()["rollback_plan"]["text"], "1. Pause.");
    bench.on_demo(&["pilot", "rollback-plan", "demo", "--file", "gone.txt"]).refused(5, "OP-9101");
    let paused = bench.on_demo(&["pilot", "pause", "demo", "--reason", "lunch", "--json"]).json();
    assert_eq!(paused["pauses"][0]["reason"], "lunch");
    bench.on_demo(&["pilot", "resume", "demo", "--sink", "table"]).refused(1, "OP-3002");
    assert_eq!(
        bench.on_demo(&["pilot", "resume", "demo", "--json"]).json()["pauses"].as_array().map(Vec::len),
        Some(0)
    );
    let shown = bench.on_demo(&["pilot", "gate", "demo"]).out;
    assert!(shown.contains("go by demo at ") && shown.contains("table: on for 5 %"), "{shown}");
    assert!(bench.on_demo(&["flag", "off", "--sink", "table"]).out.contains("demo writes nothing to table"));
}

#[test]
fn a_plan_is_read_approved_by_its_hash_and_stopped() {
    let bench = Bench::demo();
    let open = bench.on_demo(&["review", "list", "--json"]).json();
    let word = |name: &str| open["items"][0][name].as_str().unwrap().to_owned();
    let (brief, revision) = (word("id"), word("revision"));
    let plan = bench.on_demo(&["writeback", "plan", &brief, "--json"]).json();
    let hash = plan["hash"].as_str().unwrap().to_owned();
    let shown = bench.on_demo(&["writeback", "plan", &brief]);
    assert!(shown.out.contains("APPEND notes.csv") && shown.out.contains("(OP-7603)"), "{}", shown.out);
    assert!(shown.told.contains(&format!("--plan {}", &hash[..12])), "{}", shown.told);
    bench.on_demo(&["writeback", "approve", &brief, "--plan", &hash]).refused(1, "OP-7614");
    bench.on_demo(&["writeback", "approve", &brief]).refused(2, "OP-9110");
    let approve =
        |plan: &str| bench.on_demo(&["review", "approve", &brief, "--revision", &revision, "--plan", plan, "--json"]);
    approve("0000000000").refused(1, "OP-7612");
    approve("zzz").refused(2, "OP-9107");
    let approved = approve(&hash[..8]).json();
    assert_eq!((approved["state"].as_str(), approved["plan"].as_str()), (Some("approved"), Some(hash.as_str())));
    let hindered = &approved["hindered"][0];
    assert_eq!(
        hindered["obstacles"], plan["writes"][0]["obstacles"],
        "whoever approves is told what stands in the way"
    );
    let list = bench.on_demo(&["writeback", "list", "--brief", &brief, "--json"]).json();
    let id = list["items"][0]["id"].as_str().unwrap().to_owned();
    assert_eq!(
        (list["items"][0]["state"].as_str(), list["items"][0]["kind"].as_str()),
        (Some("waiting"), Some("note"))
    );
    let story = bench.on_demo(&["writeback", "show", &id, "--json"]).json();
    assert_eq!(story["call"], plan["writes"][0]["call"], "what was shown is what is kept");
    let page = bench.on_demo(&["writeback", "show", &id]);
    assert!(
        page.out.contains("APPEND notes.csv") && page.told.contains("writeback cancel"),
        "{}{}",
        page.out,
        page.told
    );
    bench.on_demo(&["writeback", "undo", &id]).refused(1, "OP-7615");
    bench.on_demo(&["writeback", "settle", &id, "--went"]).refused(1, "OP-3002");
    bench.on_demo(&["writeback", "retry", &id]).refused(1, "OP-3002");
    let dry = bench.on_demo(&["writeback", "undo", "--pilot", "demo", "--dry-run", "--json"]).json();
    assert_eq!((&dry["cancelled"][0], &dry["paused"]), (&list["items"][0]["id"], &serde_json::json!(true)));
    assert_eq!(bench.on_demo(&["writeback", "cancel", &id, "--json"]).json()["state"], "cancelled");
    assert_eq!(bench.on_demo(&["writeback", "undo", "--pilot", "demo"]).status, 0, "there is nothing to take back");
    assert_eq!(bench.on_demo(&["writeback", "undo"]).status, 2);
    bench.on_demo(&["writeback", "show", "wrt_01hzy3v9qke8v9b6j2m7c4x5td"]).refused(1, "OP-3001");
    assert!(!bench.path("data/notes.csv").exists(), "nothing was written");
}

#[test]
fn limits_and_spend_are_shown_and_ruled_upon() {
    let bench = Bench::new();
    assert_eq!(bench.run(&["init", "--user", "ada"]).status, 0);
    let file = bench.path("opspilot.toml");
    let text = std::fs::read_to_string(&file).unwrap();
    let with = |generator: &str| {
        let named = text.replacen("# generators = [\"embedded\"]", "generators = [\"cloud\", \"embedded\"]", 1);
        assert_ne!(named, text);
        std::fs::write(&file, format!("{named}\n[[generator]]\nname = \"cloud\"\nkind = \"openai\"\n{generator}"))
            .unwrap();
    };
    with("options = { model = \"gpt-4.1-mini\" }\n");
    bench.run(&["config", "check", "--offline"]).refused(2, "OP-7303");
    with("usd_per_day = \"5.00\"\noptions = { model = \"gpt-9-dream\" }\n");
    bench.run(&["config", "check", "--offline"]).refused(2, "OP-7301");
    with("usd_per_day = \"5.00\"\noptions = { model = \"gpt-4.1-mini\", base_url = \"http://127.0.0.1:9/v1\" }\n");
    assert_eq!(bench.run(&["config", "check", "--offline"]).status, 0);
    let shown = bench.run(&["limit", "show"]).out;
    assert!(shown.contains("generator:cloud") && shown.contains("$5.00") && shown.contains("$0.40 / $1.60"), "{shown}");
    let limits = bench.run(&["limit", "show", "--json"]).json();
    assert_eq!(limits["budgets"][0]["left_micros"], 5_000_000);
    let spend = bench.run(&["spend", "--json"]).json();
    assert_eq!(
        (&spend["items"][0]["scope"], &spend["items"][0]["settled_micros"]),
        (&"generator:cloud".into(), &0.into())
    );
    assert!(bench.run(&["spend"]).out.contains("<= $5.00"));
    assert!(bench.run(&["spend", "--pilot", "example", "--json"]).json()["items"].as_array().unwrap().is_empty());
    assert_eq!(bench.run(&["spend", "--period", "2026-01", "--json"]).json()["open"], serde_json::json!([]));
    bench.run(&["spend", "--pilot", "nobody"]).refused(2, "OP-9109");
    assert_eq!(bench.run(&["spend", "--period", "soon"]).status, 2);
    let id = "rsv_01hzy3v9qke8v9b6j2m7c4x5td";
    bench.run(&["limit", "settle", id, "--usd", "0.01", "--reason", "as billed"]).refused(1, "OP-3001");
    for wrong in [&["--usd", "-1"][..], &["--usd", "1", "--tokens", "1", "1"], &["--tokens", "1"], &[]] {
        let args = [&["limit", "settle", id, "--reason", "r"], wrong].concat();
        assert_eq!(bench.run(&args).status, 2, "{wrong:?}");
    }
    bench.run(&["limit", "resume", "clod", "--reason", "mended"]).refused(2, "OP-7310");
    bench.run(&["limit", "resume", "cloud", "--reason", "mended"]).refused(1, "OP-3002");
    bench.run(&["limit", "resume", "cloud", "--reason", " "]).refused(2, "OP-7311");
}

#[test]
fn judging_files_before_they_are_used() {
    let bench = Bench::new();
    std::fs::write(bench.path("bad.toml"), "name = \"x\"\n[[step]]\nname = \"a\"\nuses = \"nothing\"\n").unwrap();
    let judged = bench.run(&["workflow", "check", "bad.toml"]);
    judged.refused(3, "OP-3201");
    assert!(judged.told.starts_with("error OP-3201: bad.toml: "), "{}", judged.told);
    let shipped = concat!(env!("CARGO_MANIFEST_DIR"), "/workflows/generate-brief.toml");
    assert_eq!(bench.run(&["workflow", "check", shipped]).status, 0);
    assert_eq!(bench.run(&["policy", "check"]).status, 0);
    std::fs::create_dir(bench.path("rules")).unwrap();
    std::fs::write(bench.path("rules/own.cedar"), "permit (").unwrap();
    assert_eq!(bench.run(&["policy", "check", "rules"]).status, 3);
    std::fs::write(
        bench.path("set.jsonl"),
        "{\"id\": 1, \"subject\": \"Down\", \"body\": \"Our shop is down, call now\", \"label\": \"p1\"}\n",
    )
    .unwrap();
    assert_eq!(bench.run(&["eval", "set.jsonl", "--items", "--json"]).json()["drafts"][0]["label"], "p1");
    std::fs::write(bench.path("set.jsonl"), "{}\n").unwrap();
    bench.run(&["eval", "set.jsonl"]).refused(5, "OP-9119");
    for (line, why) in [
        (
            "{\"text\": \"a\", \"expect\": {\"risk\": 7}}",
            "`expect.risk`: a number where one of the words that it takes should stand",
        ),
        (
            "{\"text\": \"a\", \"expect\": {\"due\": [\"Friday\"]}}",
            "`expect.due[0]`: a text of another form than is wanted here",
        ),
        ("{\"text\": \"a\" \"subject\"}", "something else where `,` or `}` should stand at column 14"),
    ] {
        std::fs::write(bench.path("set.jsonl"), format!("{{\"text\": \"one\"}}\n{line}\n")).unwrap();
        let refused = bench.run(&["eval", "set.jsonl"]);
        refused.refused(5, "OP-9119");
        assert!(refused.told.contains("line 2 of `set.jsonl`") && refused.told.contains(why), "{}", refused.told);
    }
    // What came out of an editor.
    let bench = Bench::demo();
    let brief = bench.on_demo(&["review", "list", "--json"]).json()["items"][0]["id"].as_str().unwrap().to_owned();
    let edit = ["--config", "data/opspilot.toml", "review", "edit", "--editor", brief.as_str()];
    let broken = bench.command(&edit).env("EDITOR", "sed -i 2s/^/x/").output().unwrap();
    let told = String::from_utf8(broken.stderr).unwrap();
    let wanted = "error OP-9112: the edited text is no JSON: something else where a key in double quotes should stand at line 2 column ";
    assert!(told.starts_with(wanted), "{told}");
    // What was written is not lost: put right, it is taken from where it was kept.
    let (_, file) = told.split_once("is kept in `").expect("a file is named");
    let file = std::path::Path::new(file.split('`').next().unwrap());
    let text = std::fs::read_to_string(file).unwrap().replacen('x', "", 1);
    let mut content: serde_json::Value = serde_json::from_str(&text).unwrap();
    content["next_actions"][0]["owner"] = "Grace Hopper".into();
    std::fs::write(file, content.to_string()).unwrap();
    let put = bench.on_demo(&["review", "edit", &brief, "--file", &file.display().to_string()]);
    assert!(put.status == 0 && put.out.contains("revision 2: 1 change") && file.exists(), "{}{}", put.out, put.told);
    std::fs::remove_file(file).unwrap();
}

#[test]
fn completions_and_manual_pages_are_made() {
    let bench = Bench::new();
    for shell in ["bash", "zsh", "fish"] {
        assert!(bench.run(&["completions", shell]).out.contains("opspilot"), "{shell}");
    }
    assert_eq!(bench.run(&["man", "pages"]).status, 0);
    assert!(bench.path("pages/opspilot-receipt-verify.1").exists());
}
