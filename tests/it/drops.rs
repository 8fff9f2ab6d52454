//! The drop folder with real files. INVARIANT tested: every row of every table is one request or one line in an error file with its reason;
//! the same bytes under any name are the same rows; nothing that lies in the folder holds up the next file.

use crate::census::Census;
use crate::daemon::{Setup, TestDaemon};
use crate::door::cases;
use crate::load::{drop_file, waiting_files};
use crate::wait::until;
use std::collections::BTreeSet;
use std::path::Path;

fn read_all(daemon: &TestDaemon) {
    until("the folder is read", || (waiting_files(daemon) == 0).then_some(()));
    daemon.settle();
}

fn names(folder: &Path) -> BTreeSet<String> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    entries
        .filter(|entry| entry.path().is_file())
        .map(|entry| entry.file_name().to_string_lossy().into_owned())
        .collect()
}

/// Lines in the error files, their headers apart.
fn bad_rows(folder: &Path) -> usize {
    let files = names(folder).into_iter().filter(|name| name.ends_with(".errors.csv"));
    // What was wrong may hold line ends; every entry ends with a quoted or plain original, so entries are counted by their code.
    files
        .map(|name| String::from_utf8_lossy(&std::fs::read(folder.join(name)).unwrap()).matches(",\"OP-22").count())
        .sum()
}

#[test]
fn real_tables_are_read_and_the_same_again_is_nothing_new() {
    let daemon = Setup::sqlite().start();
    let folder = daemon.data("drop");
    let cases = cases("csv/expected.jsonl");
    let bytes = |file: &str| std::fs::read(format!("{}/tests/data/csv/{file}", env!("CARGO_MANIFEST_DIR"))).unwrap();
    let mut digests = BTreeSet::new();
    for case in &cases {
        let file = case["file"].as_str().unwrap();
        digests.insert(opspilot_sdk::sha256_hex(&bytes(file)));
        drop_file(&folder, file.rsplit('/').next().unwrap(), &bytes(file));
    }
    read_all(&daemon);
    let first = Census::take(&daemon);
    let (done, errors) = (names(&folder.join("done")), names(&folder.join("errors")));
    let refused = errors.iter().filter(|name| name.ends_with(".reason.txt")).count();
    let bad = bad_rows(&folder.join("errors"));
    assert_eq!(done.len() + refused, cases.len(), "every file ends in done or errors: {errors:?}");
    for case in &cases {
        let name = case["file"].as_str().unwrap().rsplit('/').next().unwrap();
        let place = if done.contains(name) { "done" } else { "errors" };
        assert_eq!(
            std::fs::read(folder.join(place).join(name)).unwrap(),
            bytes(&format!("files/{name}")),
            "{name} is kept byte for byte"
        );
    }
    eprintln!(
        "{} tables: {} requests of rows, {refused} files refused, {bad} bad rows, states {:?}",
        cases.len(),
        first.of("drop"),
        first.states
    );
    assert!(first.of("drop") > 0);
    // The same files again, under their own names and under others.
    for (number, case) in cases.iter().enumerate() {
        let file = case["file"].as_str().unwrap();
        drop_file(&folder, file.rsplit('/').next().unwrap(), &bytes(file));
        drop_file(&folder, &format!("copy-{number}.csv"), &bytes(file));
    }
    read_all(&daemon);
    let again = Census::take(&daemon);
    assert_eq!(again.requests, first.requests, "a second and a renamed copy bring nothing new");
    assert_eq!(again.briefs, first.briefs);
}

#[test]
fn good_rows_are_kept_bad_ones_are_listed_and_odd_things_stop_nobody() {
    let daemon = Setup::sqlite().start();
    let folder = daemon.data("drop");
    std::fs::create_dir_all(folder.join("folder.csv")).unwrap();
    drop_file(&folder, "empty.csv", b"");
    drop_file(&folder, "header.csv", b"name,email,message\n");
    drop_file(&folder, "picture.png", b"\x89PNG");
    drop_file(&folder, "not-yet.csv.tmp", b"name,message\nAnn,Too early\n");
    let mixed = "name,email,message\nAnn,ann@a.example,We need twelve chairs\nBob,bob@b.example,One,cell,too many\n\
                 Cid,cid@c.example,\nDan,dan@d.example,A quote please\nEve,eve@e.example,\"An open quote\nFay,fay@f.example,The last one\n";
    drop_file(&folder, "mixed.csv", mixed.as_bytes());
    until("the tables are read", || names(&folder.join("done")).contains("mixed.csv").then_some(()));
    until("the others are put away", || names(&folder).iter().all(|name| !name.ends_with(".csv")).then_some(()));
    daemon.settle();
    let errors = std::fs::read_to_string(folder.join("errors/mixed.csv.errors.csv")).unwrap();
    assert!(errors.starts_with("line,code,reason,original"), "{errors}");
    for (line, code) in [(3, "OP-2211"), (4, "OP-2215"), (6, "OP-2210")] {
        assert!(errors.contains(&format!("\n\"{line}\",\"{code}\",")), "line {line}: {errors}");
    }
    let names_of: BTreeSet<String> = daemon
        .list("/api/v1/requests?source=drop")
        .iter()
        .map(|request| crate::census::word(request, "sender_name"))
        .collect();
    for name in ["Ann", "Dan", "Fay"] {
        assert!(names_of.contains(name), "{name} is missing of {names_of:?}");
    }
    assert!(!names_of.contains("Bob"));
    assert!(folder.join("folder.csv").is_dir(), "a folder is no table");
    assert!(
        names(&folder).contains("picture.png") && names(&folder).contains("not-yet.csv.tmp"),
        "what is no table is left alone"
    );
    let put_away: BTreeSet<String> =
        names(&folder.join("errors")).union(&names(&folder.join("done"))).cloned().collect();
    assert!(put_away.contains("empty.csv") && put_away.contains("header.csv"), "{put_away:?}");
}

#[test]
fn a_file_that_grows_is_waited_for_and_read_whole() {
    let options = "\n[[source]]\nname = \"slow\"\nkind = \"csv_drop\"\npilot = \"northwind\"\n\n[source.options]\ndir = \"slow\"\nsettle_secs = 2\npoll_secs = 1\n";
    let daemon = Setup::sqlite().without_drop().with(options).start();
    let folder = daemon.data("slow");
    std::fs::create_dir_all(&folder).unwrap();
    let mut file = std::fs::File::create(folder.join("growing.csv")).unwrap();
    let mut write = |text: &str| std::io::Write::write_all(&mut file, text.as_bytes()).unwrap();
    write("name,email,message\n");
    for row in 0..8 {
        // Half a row at a time, for longer than the folder waits for a file that stands still.
        write(&format!("Ann,{row}@a.example,We need "));
        crate::wait::pause(std::time::Duration::from_millis(500));
        assert!(names(&folder.join("done")).is_empty(), "taken while it was being written");
        write(&format!("{row} chairs before Friday\n"));
    }
    drop(file);
    until("it is read", || names(&folder.join("done")).contains("growing.csv").then_some(()));
    daemon.settle();
    let census = Census::take(&daemon);
    assert_eq!((census.of("slow"), names(&folder.join("errors")).len()), (8, 0));
}

#[test]
fn an_edited_copy_brings_its_new_rows_and_shows_the_old_ones_as_alike() {
    let daemon = Setup::sqlite().start();
    let folder = daemon.data("drop");
    let rows = |count: usize| {
        let lines: String = (0..count).map(|row| format!("Ann,{row}@a.example,We need {row} chairs\n")).collect();
        format!("name,email,message\n{lines}")
    };
    drop_file(&folder, "a.csv", rows(5).as_bytes());
    read_all(&daemon);
    drop_file(&folder, "a.csv", rows(7).as_bytes());
    read_all(&daemon);
    let census = Census::take(&daemon);
    assert_eq!(
        (census.of("drop"), census.states.get("duplicate"), census.briefs.get("open")),
        (12, Some(&5), Some(&7))
    );
}
