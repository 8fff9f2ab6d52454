//! Every code: what brings it, and where it points.

use super::{PILOT, bad, brief, given, good, judged};
use crate::config::{Code, Place, load, problem};
use std::path::Path;

/// Code to a text that has exactly that problem, its key and its line.
const CASES: &[(Code, &str, &str, usize)] = &[
    (Code::Syntax, "data_dir = \n", "", 1),
    (Code::Syntax, "[web]\nlisten = '127.0.0.1:1'\nlisten = '127.0.0.1:2'\n", "", 3),
    (Code::UnknownKey, "[web]\n\nlisen = '127.0.0.1:1'\n", "web.lisen", 3),
    (Code::UnknownKey, "[webb]\n", "webb", 1),
    (
        Code::UnknownKey,
        "[[pilot]]\nname = 'a'\ntenant = 't'\nreviewers = ['ada']\n[pilot.boundary]\nallow = []\n",
        "pilot[0].boundary.allow",
        6,
    ),
    (Code::UnknownKey, "[intake.pull]\nbath = 3\n", "intake.pull.bath", 2),
    (Code::Type, "grace_secs = '10'\n", "grace_secs", 1),
    (Code::Type, "data_dir = 3\n", "data_dir", 1),
    (Code::Type, "web = 3\n", "web", 1),
    (Code::Type, "[pilot]\nname = 'a'\n", "pilot", 1),
    (Code::Type, "[web]\nallow_remote = 'yes'\n", "web.allow_remote", 2),
    (Code::Type, "[[pilot]]\nname = 'a'\ntenant = 't'\nreviewers = ['ada', 3]\n", "pilot[0].reviewers[1]", 4),
    (Code::Missing, "[[pilot]]\nname = 'a'\nreviewers = ['ada']\n", "pilot[0].tenant", 1),
    (Code::Missing, "[[pilot]]\nname = 'a'\ntenant = 't'\n", "pilot[0].reviewers", 1),
    (Code::Value, "[[pilot]]\nname = 'a'\ntenant = 't'\nreviewers = []\n", "pilot[0].reviewers", 4),
    (Code::Value, "[[pilot]]\nname = 'A b'\ntenant = 't'\nreviewers = ['ada']\n", "pilot[0].name", 2),
    (
        Code::Value,
        "[[pilot]]\nname = 'a'\ntenant = 't'\nreviewers = ['ada']\ntime_zone = 'Europe/Berln'\n",
        "pilot[0].time_zone",
        5,
    ),
    (Code::Value, "[engine]\nworkers = 0\n", "engine.workers", 2),
    (Code::Value, "[engine]\nworkers = 99999999999999999999\n", "engine.workers", 2),
    (Code::Value, "[web]\nlisten = 'localhost'\n", "web.listen", 2),
    (Code::Value, "[web]\nbase_url = 'ops.example'\n", "web.base_url", 2),
    (Code::Value, "[store]\nurl = 'mysql://x'\n", "store.url", 2),
    (Code::Value, "[telemetry]\nformat = 'jsn'\n", "telemetry.format", 2),
    (Code::Value, "[telemetry]\nfilter = 'a=b=c'\n", "telemetry.filter", 2),
    (Code::Value, "[receipts]\norigin = 'two words'\n", "receipts.origin", 2),
    (Code::Value, "data_dir = ''\n", "data_dir", 1),
    (Code::Value, "[policies]\ndir = '~/policies'\n", "policies.dir", 2),
    (Code::Value, "[store]\nurl_file = ''\n", "store.url_file", 2),
    (Code::Value, "[store]\nurl = 'sqlite::memory:'\n", "store.url", 2),
    (Code::Inline, "[store]\nurl = 'postgres://ops:hunter2@db/ops'\n", "store.url", 2),
    (Code::Inline, "[store]\nurl = 'postgres://db/ops?user=a&password=hunter2'\n", "store.url", 2),
    (Code::Secret, "[store]\nurl_file = '/nowhere/at/all'\n", "store.url_file", 2),
    (Code::Secret, "[store]\nurl_env = 'NOT_SET'\n", "store.url_env", 2),
    (Code::Open, "[web]\nlisten = '0.0.0.0:7700'\n", "web.listen", 2),
    (Code::Together, "[store]\nurl = 'sqlite:a'\nurl_env = 'X'\n", "store.url_env", 3),
    (Code::Together, "[intake.pull]\nlongest_wait_secs = 1\nfirst_wait_ms = 1500\n", "intake.pull.first_wait_ms", 3),
    (
        Code::Together,
        "[[pilot]]\nname = 'a'\ntenant = 't'\nreviewers = ['ada']\napprovals_required = 2\n",
        "pilot[0].approvals_required",
        5,
    ),
];

#[test]
fn each_problem_has_its_code_its_key_and_its_line() {
    for (code, text, key, line) in CASES {
        let problems = if *key == "store.url_env" && *code == Code::Together {
            judged(text, &[("X", "sqlite:b")]).unwrap_err().iter().cloned().collect()
        } else {
            bad(text)
        };
        assert_eq!(brief(&problems), [(code.as_str(), *key, *line)], "{text}");
        assert!(problems.iter().all(|problem| !problem.help.is_empty()), "a remedy is missing: {}", problems[0]);
        assert!(!problems[0].to_string().contains("hunter2"), "a secret is shown: {}", problems[0]);
    }
}

/// A source after the one pilot; its table begins at line 5.
fn with_source(source: &str) -> String {
    format!("{PILOT}[[source]]\n{source}")
}

#[test]
fn problems_of_sources_have_theirs_too() {
    let cases: &[(Code, &str, &str, usize)] = &[
        (Code::Nowhere, "name='s'\nkind='csv_drop'\npilot='b'\noptions={dir='d'}\n", "source[0].pilot", 8),
        (Code::Kind, "name='s'\nkind='csv-drop'\npilot='a'\n", "source[0].kind", 7),
        (Code::Missing, "kind='csv_drop'\npilot='a'\noptions={dir='d'}\n", "source[0].name", 5),
        (Code::Options, "name='s'\nkind='csv_drop'\npilot='a'\n", "source[0].options", 5),
        (
            Code::Options,
            "name='s'\nkind='csv_drop'\npilot='a'\n[source.options]\ndir='d'\nsetle_secs=3\n",
            "source[0].options.setle_secs",
            11,
        ),
        (
            Code::Options,
            "name='s'\nkind='csv_drop'\npilot='a'\n[source.options]\ndir='d'\nsettle_secs='x'\n",
            "source[0].options.settle_secs",
            11,
        ),
        (
            Code::Options,
            "name='s'\nkind='csv_drop'\npilot='a'\n[source.options]\ndir='d'\nsettle_secs=9999\n",
            "source[0].options.settle_secs",
            11,
        ),
        (
            Code::Options,
            "name='s'\nkind='webhook'\npilot='a'\n[source.options]\nverify='bearer'\n",
            "source[0].options.secret_file",
            9,
        ),
        (Code::Type, "name='s'\nkind='csv_drop'\npilot='a'\noptions=3\n", "source[0].options", 9),
        (Code::UnknownKey, "name='s'\nkind='csv_drop'\npilot='a'\ndir='d'\noptions={dir='d'}\n", "source[0].dir", 9),
        (Code::Together, "name='s'\nkind='csv_drop'\npilot='a'\nburst=3\noptions={dir='d'}\n", "source[0].burst", 9),
        (
            Code::Value,
            "name='s'\nkind='csv_drop'\npilot='a'\nrate_per_sec=0\noptions={dir='d'}\n",
            "source[0].rate_per_sec",
            9,
        ),
    ];
    for (code, source, key, line) in cases {
        let problems = bad(&with_source(source));
        assert_eq!(brief(&problems), [(code.as_str(), *key, *line)], "{source}");
        assert!(!problems[0].help.is_empty(), "a remedy is missing: {}", problems[0]);
    }
}

#[test]
fn every_wrong_option_of_a_connector_is_found_at_once() {
    let text =
        with_source("name='s'\nkind='csv_drop'\npilot='a'\n[source.options]\nsetle_secs=3\npoll_secs='x'\nbogus=1\n");
    let problems = bad(&text);
    let keys: Vec<_> = problems.iter().map(|problem| problem.key.as_str()).collect();
    assert_eq!(
        keys,
        ["source[0].options", "source[0].options.setle_secs", "source[0].options.poll_secs", "source[0].options.bogus"]
    );
    assert!(problems[0].message.contains("`dir`"), "{}", problems[0]);
    assert!(problems[1].help.contains("`settle_secs`"), "{}", problems[1]);
}

#[test]
fn a_wrong_key_within_an_option_is_named() {
    let text = with_source("name='s'\nkind='webhook'\npilot='a'\n[source.options]\nverify='none'\nmap={ txt='x' }\n");
    let problems = bad(&text);
    assert_eq!(brief(&problems), [("OP-1010", "source[0].options.map", 11)]);
    assert!(problems[0].message.contains("`txt`") && problems[0].help.contains("`text`"), "{}", problems[0]);
}

#[test]
fn names_are_unique() {
    let twice = format!("{PILOT}{PILOT}");
    assert_eq!(brief(&bad(&twice)), [("OP-1007", "pilot[1].name", 6)]);
    let twice = format!(
        "{PILOT}[[source]]\nname='s'\nkind='csv_drop'\npilot='a'\noptions={{dir='d'}}\n[[source]]\nname='s'\nkind='csv_drop'\npilot='a'\noptions={{dir='e'}}\n"
    );
    assert_eq!(brief(&bad(&twice)), [("OP-1007", "source[1].name", 11)]);
    assert_eq!(
        brief(&bad("[[pilot]]\nname='a'\ntenant='t'\nreviewers=['ada','ada']\n")),
        [("OP-1007", "pilot[0].reviewers", 4)]
    );
}

#[test]
fn all_problems_come_at_once_in_the_order_of_the_file() {
    let text = "grace_secs = 'x'\n[web]\nlisen = 1\n[engine]\nworkers = 0\n[[pilot]]\nname = 'a'\n[[source]]\nkind = 'csv'\npilot = 'b'\n";
    let seen: Vec<_> = brief(&bad(text)).into_iter().map(|(code, key, line)| (code, key.to_owned(), line)).collect();
    let expected = [
        ("OP-1004", "grace_secs", 1),
        ("OP-1003", "web.lisen", 3),
        ("OP-1006", "engine.workers", 5),
        ("OP-1005", "pilot[0].tenant", 6),
        ("OP-1005", "pilot[0].reviewers", 6),
        ("OP-1005", "source[0].name", 8),
        ("OP-1009", "source[0].kind", 9),
        ("OP-1008", "source[0].pilot", 10),
    ];
    assert_eq!(seen, expected.map(|(code, key, line)| (code, key.to_owned(), line)));
}

#[test]
fn a_problem_reads_well() {
    let problems = judged("[web]\nlisen = '127.0.0.1:1'\n", &[]).unwrap_err();
    assert_eq!(
        problems.to_string(),
        "opspilot.toml:2:1: `web.lisen`: there is no such key; did you mean `listen`? (OP-1003)"
    );
    let problem = &bad(&with_source("name='s'\nkind='csv'\npilot='a'\n"))[0];
    let expected = "opspilot.toml:7:1: `source[0].kind`: there is no connector kind `csv`; use `csv_drop`, `exec`, `imap`, `webhook` (OP-1009)";
    assert_eq!(problem.to_string(), expected);
    let problem = &bad(&with_source("name='s'\nkind='csv_drop'\npilot='a'\ndir='d'\noptions={dir='d'}\n"))[0];
    assert!(problem.help.contains("[source.options]"), "{problem}");
}

#[test]
fn a_boundary_keeps_its_own_codes() {
    let text = format!("{PILOT}[pilot.boundary]\npreset='opn'\nallowed=['email',\n 'emial']\n");
    assert_eq!(
        brief(&bad(&text)),
        [("OP-8001", "pilot[0].boundary.preset", 6), ("OP-8002", "pilot[0].boundary.allowed[1]", 8)]
    );
}

#[test]
fn a_file_that_is_not_there_or_not_text_is_told() {
    let none = std::iter::empty;
    let problems = load(Some(Path::new("/nowhere/opspilot.toml")), none(), &given()).unwrap_err();
    let problem = problems.iter().next().unwrap();
    assert_eq!(
        (problem.code, problem.file.as_str(), &problem.place),
        ("OP-1001", "/nowhere/opspilot.toml", &Place::Whole)
    );
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("x.toml");
    std::fs::write(&file, b"a = 1\n# \xff\n").unwrap();
    let problems = load(Some(&file), none(), &given()).unwrap_err();
    assert!(problems.to_string().contains("line 2 is not UTF-8"), "{problems}");
    std::fs::write(&file, PILOT).unwrap();
    let settings = load(Some(&file), none(), &given()).unwrap();
    assert_eq!(settings.data_dir, folder.path().join("opspilot-data"));
}

#[test]
fn every_code_has_a_case_and_a_page() {
    let tested_elsewhere =
        [Code::File, Code::Nowhere, Code::Kind, Code::Options, Code::Twice, Code::Variable, Code::Shared];
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/errors");
    for code in problem::Code::ALL {
        assert!(
            CASES.iter().any(|case| case.0 == code) || tested_elsewhere.contains(&code),
            "{} has no case",
            code.as_str()
        );
        let page = std::fs::read_to_string(root.join(format!("{}.md", code.as_str()))).unwrap_or_default();
        assert!(page.starts_with(&format!("# {}: ", code.as_str())), "{} has no page", code.as_str());
        for part in ["\n## What happened\n", "\n## Why\n", "\n## What to do\n"] {
            assert!(page.contains(part), "the page of {} lacks {part:?}", code.as_str());
        }
    }
    let pages =
        std::fs::read_dir(root).unwrap().flatten().map(|entry| entry.file_name().to_string_lossy().into_owned());
    let strangers: Vec<_> = pages
        .filter(|name| name.starts_with("OP-1") && !Code::ALL.iter().any(|code| name.starts_with(code.as_str())))
        .collect();
    assert!(strangers.is_empty(), "pages without a code: {strangers:?}");
}

#[test]
fn what_is_unwise_is_noted() {
    let notes = |text: &str| good(text).notes;
    assert_eq!(notes("[store]\nurl='postgres://ops@db/ops'\n").len(), 1);
    for fine in [
        "postgres://ops@db/ops?sslmode=verify-full",
        "postgres://ops@localhost:5432/ops",
        "postgres://ops@[::1]/ops",
        "postgres:///ops?host=/run/pg",
    ] {
        assert_eq!(notes(&format!("[store]\nurl='{fine}'\n")), Vec::<String>::new(), "{fine}");
    }
    let door = |base: &str| {
        format!(
            "[web]\nbase_url='{base}'\n{PILOT}[[source]]\nname='s'\nkind='webhook'\npilot='a'\noptions={{verify='none'}}\n"
        )
    };
    assert_eq!(notes(&door("http://localhost:1")), Vec::<String>::new());
    assert!(notes(&door("https://ops.example"))[0].contains("`s`"));
}

#[test]
fn an_open_desk_must_be_meant() {
    assert!(
        good("[web]\nlisten='0.0.0.0:7700'\nallow_remote=true\nbase_url='https://ops.example/'\n").notes.is_empty()
    );
    let settings = good("[web]\nlisten='[::1]:7700'\nbase_url='http://ops.example'\n");
    assert_eq!(settings.notes.len(), 1, "{:?}", settings.notes);
    assert!(good("[web]\nlisten='[::ffff:127.0.0.1]:7700'\n").notes.is_empty());
}

#[cfg(unix)]
#[test]
fn a_secret_of_a_source_that_others_can_read_is_worth_a_note() {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("site");
    std::fs::write(&file, "whsec_x").unwrap();
    let notes = |mode: u32| {
        std::fs::set_permissions(&file, std::fs::Permissions::from_mode(mode)).unwrap();
        let options = format!("verify='standard'\nsecret_file='{}'", file.display());
        good(&format!("{PILOT}[[source]]\nname='site'\nkind='webhook'\npilot='a'\n[source.options]\n{options}\n")).notes
    };
    assert_eq!(notes(0o600), Vec::<String>::new());
    let told = notes(0o644);
    assert!(told.len() == 1 && told[0].contains("holds a secret of source `site`"), "{told:?}");
}
