//! The drop folder from outside: what comes out of it, whatever is dropped into it and wherever it is stopped.

mod world;

use opspilot_sdk::{Content, ErrorKind};
use proptest::prelude::*;
use std::fs;
use world::World;

const GOOD: &str =
    "name,email,message\nAda,ada@example.org,Please call me back\nBob,bob@example.org,\"The printer, on floor 3\"\n";

#[test]
fn rows_become_requests_and_the_file_moves() {
    let mut world = World::new("");
    world.drop("requests.csv", GOOD);
    world.run();
    assert_eq!(world.texts(), ["Please call me back", "The printer, on floor 3"]);
    let Content::Fields(fields) = &world.committed[0].content else { panic!("a row has fields") };
    assert_eq!((fields.name.as_deref(), fields.email.as_deref()), (Some("Ada"), Some("ada@example.org")));
    assert_eq!(
        String::from_utf8_lossy(&world.committed[0].raw),
        r#"{"name":"Ada","email":"ada@example.org","message":"Please call me back"}"#
    );
    assert_eq!(world.listing(), ["done/requests.csv"]);
    assert!(world.errors.is_empty(), "{:?}", world.errors);
}

#[test]
fn the_same_file_again_or_under_another_name_makes_nothing_twice() {
    let mut world = World::new("");
    for name in ["a.csv", "a.csv", "copy of a.csv"] {
        world.drop(name, GOOD);
        world.run();
    }
    assert_eq!(world.texts().len(), 2);
    assert_eq!(world.listing(), ["done/a-2.csv", "done/a.csv", "done/copy of a.csv"]);
}

#[test]
fn two_equal_rows_of_one_file_are_two_requests() {
    let mut world = World::new("");
    world.drop("a.csv", "subject\nNew badge please\nNew badge please\n");
    world.run();
    assert_eq!(world.texts().len(), 2);
}

#[test]
fn bad_rows_go_to_the_error_file_and_good_ones_go_on() {
    let mut world = World::new("");
    world.drop("a.csv", "name,message\nAda,hello there\nBob\nCy,a,b\nDi,\n=Eve,\"open\nFay,all good\nGus,nul\0\n");
    world.run();
    assert_eq!(world.texts(), ["hello there", "all good"]);
    assert_eq!(world.listing(), ["done/a.csv", "errors/a.csv.errors.csv"]);
    let rows = world.table("errors/a.csv.errors.csv");
    let short: Vec<String> = rows.iter().map(|row| format!("{} {} {}", row[0], row[1], row[3])).collect();
    assert_eq!(
        short,
        ["3 OP-2211 Bob", "4 OP-2211 Cy,a,b", "5 OP-2215 Di,", "6 OP-2210 '=Eve,\"open", "8 OP-2214 Gus,nul\0"]
    );
    assert_eq!(world.codes(), ["OP-2205"]);
}

#[test]
fn one_broken_byte_costs_its_row_and_garbles_no_other() {
    let mut world = World::new("");
    let bytes = ["message,who\ncafé broken ".as_bytes(), b"\xc3(", ",Zoë\nnaïve fine row,Ada\n".as_bytes()].concat();
    world.drop_bytes("a.csv", &bytes);
    world.run();
    assert_eq!(world.texts(), ["naïve fine row"]);
    let rows = world.table("errors/a.csv.errors.csv");
    assert_eq!(
        (rows[0][0].as_str(), rows[0][1].as_str(), rows[0][3].as_str()),
        ("2", "OP-2213", "café broken \u{fffd}(,Zoë")
    );
    assert!(rows[0][2].contains("not UTF-8"), "{}", rows[0][2]);
    assert_eq!(world.codes(), ["OP-2205"]);
}

#[test]
fn files_that_make_no_requests_say_why_and_hold_up_nobody() {
    let mut world = World::new(r#","max_file_bytes": 300"#);
    world.drop("a-empty.csv", "");
    world.drop("b-header.csv", "name,message\n");
    world.drop("c-bad.csv", "name,message\nx\ny\n");
    world.drop("d-old.xls", "\u{d0}");
    world.drop_bytes("e-crypt.xlsx", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1 more");
    world.drop_bytes("f-broken.xlsx", b"PK\x03\x04 broken");
    world.drop("g-large.csv", &"message\n".repeat(100));
    fs::create_dir(world.dir().join("h-folder.csv")).unwrap();
    std::os::unix::fs::symlink("/etc/hostname", world.dir().join("i-link.csv")).unwrap();
    world.drop("z-good.csv", GOOD);
    world.drop("notes.docx", "not ours");
    world.drop(".hidden.csv", GOOD);
    world.run();
    assert_eq!(world.texts().len(), 2);
    let mut codes = world.codes();
    codes.sort_unstable();
    assert_eq!(
        codes,
        ["OP-2220", "OP-2220", "OP-2222", "OP-2223", "OP-2224", "OP-2225", "OP-2225", "OP-2226", "OP-2227"]
    );
    assert!(world.errors.iter().all(|error| error.kind == ErrorKind::Rejected));
    for name in
        ["a-empty.csv", "b-header.csv", "c-bad.csv", "d-old.xls", "e-crypt.xlsx", "f-broken.xlsx", "g-large.csv"]
    {
        assert!(world.listing().contains(&format!("errors/{name}")), "{name}");
        assert!(world.listing().contains(&format!("errors/{name}.reason.txt")), "{name}");
    }
    assert!(world.dir().join("h-folder.csv").is_dir() && world.dir().join("notes.docx").exists());
    // Told once, also after a restart.
    world.restart();
    world.run();
    assert_eq!(world.codes().len(), 9);
}

#[test]
fn what_is_wrong_with_a_file_is_said_exactly() {
    let mut world = World::new("");
    world.drop("a-one.csv", "name,message\nonly one\n");
    world.drop("b-two.csv", "name,message\nx\ny\n");
    fs::create_dir(world.dir().join("c-folder.csv")).unwrap();
    std::os::unix::fs::symlink("/etc/hostname", world.dir().join("d-link.csv")).unwrap();
    let _socket = std::os::unix::net::UnixListener::bind(world.dir().join("e-socket.csv")).unwrap();
    world.drop_bytes("f-noise.xlsx", &[0x13, 0x37, 0, 0, 1, 2, 3, b'\n', 0xfe, 0, 9]);
    world.drop("g-text.xlsx", GOOD);
    world.run();
    let said = |name: &str| fs::read_to_string(world.dir().join(format!("errors/{name}.reason.txt"))).unwrap();
    for (name, words) in [
        ("a-one.csv", "its only row is bad; "),
        ("b-two.csv", "none of its 2 rows is good; "),
        ("c-folder.csv", "it is a directory; "),
        ("d-link.csv", "it is a link; "),
        ("e-socket.csv", "it is a socket; "),
        ("f-noise.xlsx", "it is no workbook though its name says so"),
    ] {
        assert!(said(name).contains(words), "{name}: {}", said(name));
    }
    assert!(said("f-noise.xlsx").trim_end().ends_with("(OP-2226)"), "{}", said("f-noise.xlsx"));
    assert_eq!(world.texts().len(), 2, "a table in text is read whatever its name");
}

#[test]
fn a_file_is_left_alone_until_it_stands_still() {
    let mut world = World::new("");
    world.drop("a.csv", "message\nfirst line of it\n");
    world.step();
    for number in 0..5 {
        world.clock.advance_ms(1500);
        world.append("a.csv", &format!("line number {number}\n"));
        world.step();
        assert!(world.committed.is_empty());
    }
    world.run();
    assert_eq!(world.texts().len(), 6);
}

#[test]
fn half_a_line_waits_longer() {
    let mut world = World::new("");
    world.drop("a.csv", "message\nfirst line of it\nhalf a li");
    world.step();
    world.clock.advance_ms(3000);
    world.step();
    assert!(world.committed.is_empty());
    world.append("a.csv", "ne\n");
    world.run();
    assert_eq!(world.texts(), ["first line of it", "half a line"]);
}

#[test]
fn what_is_appended_after_the_file_was_taken_is_read_too_and_nothing_twice() {
    for stop in 1..4 {
        let mut world = World::new("");
        world.limit = 1;
        world.drop("a.csv", "message\nnumber one\nnumber two\n");
        let writer = world.open_for_append("a.csv");
        while world.steps_since_taken < stop {
            world.tick();
        }
        world.append_to(&writer, "number three\n");
        world.run();
        assert_eq!(world.texts(), ["number one", "number two", "number three"], "appended after step {stop}");
    }
}

#[test]
fn half_a_row_that_was_read_too_early_comes_again_whole() {
    for (stop, crash) in [(1, false), (2, false), (3, false), (3, true)] {
        let mut world = World::new("");
        world.limit = 1;
        world.drop("a.csv", "message\nnumber one\nnumber tw");
        let writer = world.open_for_append("a.csv");
        while world.steps_since_taken < stop {
            world.tick();
        }
        if crash {
            world.restart();
        }
        world.append_to(&writer, "o\nnumber three\n");
        world.run();
        for text in ["number one", "number two", "number three"] {
            assert_eq!(world.texts().iter().filter(|found| *found == text).count(), 1, "{text} after step {stop}");
        }
    }
}

#[test]
fn a_writer_that_goes_on_after_the_end_is_told() {
    let mut world = World::new("");
    world.drop("a.csv", GOOD);
    let writer = world.open_for_append("a.csv");
    world.run();
    assert_eq!(world.listing(), ["done/a.csv"]);
    world.append_to(&writer, "late\n");
    world.run();
    assert_eq!(world.codes(), ["OP-2206"]);
}

#[test]
fn when_the_file_cannot_be_moved_it_is_tried_again_and_nothing_is_doubled() {
    let mut world = World::new("");
    world.drop("a.csv", "name,message\nAda,good one\nbad one\n");
    while world.steps_since_taken < 1 {
        world.tick();
    }
    let done = world.dir().join("done");
    fs::remove_dir(&done).unwrap();
    fs::write(&done, "in the way").unwrap();
    for _ in 0..12 {
        world.tick();
    }
    assert!(
        world.unsettled.len() > 1 && world.unsettled.iter().all(|error| error.code == "OP-2201"),
        "{:?}",
        world.unsettled
    );
    fs::remove_file(&done).unwrap();
    world.run();
    assert_eq!(world.texts(), ["good one"]);
    assert_eq!(world.listing(), ["done/a.csv", "errors/a.csv.errors.csv"]);
    assert_eq!(world.table("errors/a.csv.errors.csv").len(), 1);
}

#[test]
fn a_workbook_in_an_unknown_zip_or_a_zip_bomb_is_refused() {
    let mut world = World::new("");
    world.drop_bytes("bomb.xlsx", &world::zip_bomb());
    world.drop("good.csv", GOOD);
    world.run();
    assert_eq!(world.codes(), ["OP-2226"]);
    assert_eq!(world.texts().len(), 2);
}

#[test]
fn a_workbook_is_read_sheet_by_sheet() {
    let mut world = World::new("");
    let people = r#"<row r="1"><c r="A1" t="inlineStr"><is><t>Name</t></is></c><c r="B1" t="inlineStr"><is><t>Anliegen</t></is></c><c r="C1" t="inlineStr"><is><t>Seit</t></is></c></row>
        <row r="2"><c r="A2" t="inlineStr"><is><t>Ada</t></is></c><c r="B2" t="inlineStr"><is><t>Zugang, bitte</t></is></c><c r="C2" s="1"><v>45943.5</v></c></row>
        <row r="4"><c r="A4" t="inlineStr"><is><t>Bob</t></is></c></row>"#;
    let tickets = r#"<row r="1"><c r="A1" t="inlineStr"><is><t>title</t></is></c></row><row r="2"><c r="A2" t="str"><f>A1</f><v>computed</v></c></row>"#;
    world.drop_bytes("book.xlsx", &world::workbook(&[("People", people), ("Tickets", tickets)]));
    world.run();
    assert_eq!(world.texts(), ["Zugang, bitte", "computed"]);
    let Content::Fields(fields) = &world.committed[0].content else { panic!("a row has fields") };
    assert_eq!(fields.extra, [("Seit".to_owned(), "2025-10-13T12:00:00".to_owned())]);
    let rows = world.table("errors/book.xlsx.errors.csv");
    assert_eq!((rows[0][0].as_str(), rows[0][1].as_str()), ("People!4", "OP-2215"));
}

#[test]
fn mapping_and_overrides() {
    let mut world = World::new(
        r#","map": {"text": "Was ist los?", "external_id": ["Nr"]}, "delimiter": "tab", "encoding": "windows-1252""#,
    );
    world.drop_bytes("a.txt", b"nr\twas ist  los\tnotes\n7\tT\xfcr klemmt\tx\n");
    world.run();
    assert_eq!(world.texts(), ["Tür klemmt"]);
    assert_eq!(world.committed[0].external_id.as_deref(), Some("7"));
}

#[test]
fn a_batch_that_was_returned_comes_again() {
    let mut world = World::new("");
    world.limit = 1;
    world.refuse_every_other = true;
    world.drop("a.csv", GOOD);
    world.run();
    assert_eq!(world.texts().len(), 2);
    assert_eq!(world.listing(), ["done/a.csv"]);
}

#[test]
fn a_foreign_position_is_a_misconfiguration() {
    let mut world = World::new("");
    world.cursor = Some(opspilot_sdk::Cursor("uidvalidity 7".to_owned()));
    world.drop("a.csv", GOOD);
    for _ in 0..5 {
        world.tick();
    }
    assert_eq!(world.errors.first().map(|error| (error.code, error.kind)), Some(("OP-2204", ErrorKind::Misconfigured)));
    assert!(world.committed.is_empty());
}

#[test]
fn check_says_when_a_folder_cannot_be_used() {
    let world = World::new("");
    assert!(world.check().is_ok());
    fs::remove_dir_all(world.dir().join("done")).unwrap();
    fs::write(world.dir().join("done"), "in the way").unwrap();
    assert_eq!(world.check().unwrap_err().code, "OP-2201");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn whatever_is_dropped_ends_in_done_or_errors(
        pieces in proptest::collection::vec(
            prop_oneof![
                Just(b"name;message\n".to_vec()), Just(b"\"".to_vec()), Just(b"\r".to_vec()), Just(b"\n".to_vec()), Just(b"\0".to_vec()),
                Just(b"\xff\xfe".to_vec()), Just(b"Ada;please help me\n".to_vec()), Just(b"\\\"".to_vec()), Just(vec![b'x'; 2000]),
                proptest::collection::vec(any::<u8>(), 0..30),
            ],
            0..30,
        ),
        workbook in any::<bool>(), flips in proptest::collection::vec((any::<u16>(), any::<u8>()), 0..6),
    ) {
        let mut world = World::new(r#","max_row_bytes": 1024"#);
        let mut bytes = pieces.concat();
        if workbook {
            bytes = world::workbook(&[("S", r#"<row r="1"><c r="A1" t="inlineStr"><is><t>title</t></is></c></row><row r="2"><c r="A2"><v>7</v></c></row>"#)]);
            for (at, byte) in flips {
                let at = usize::from(at) % bytes.len();
                bytes[at] = byte;
            }
        }
        let name = if workbook { "a.xlsx" } else { "a.csv" };
        world.drop_bytes(name, &bytes);
        world.run();
        let listing = world.listing();
        prop_assert!(listing.contains(&format!("done/{name}")) || listing.contains(&format!("errors/{name}")), "{listing:?}");
        prop_assert_eq!(world.handed_out_after_commit, 0);
        prop_assert!(std::fs::read(world.dir().join("done").join(name)).or_else(|_| std::fs::read(world.dir().join("errors").join(name))).unwrap() == bytes);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn nothing_is_lost_or_doubled_wherever_it_is_stopped(
        crashes in proptest::collection::vec((1usize..12, 0u8..4), 0..8), limit in 1usize..5, rows in 0usize..14, copies in 1usize..3,
    ) {
        let mut world = World::new("");
        world.limit = limit;
        let mut expected = Vec::new();
        for copy in 0..copies {
            let mut text = String::from("message;nr\n");
            for row in 0..rows {
                if row % 5 == 3 {
                    text.push_str("bad row\n");
                } else {
                    text.push_str(&format!("\"copy {copy},\nrow {row}\";{row}\n"));
                    expected.push(format!("copy {copy},\nrow {row}"));
                }
            }
            world.drop(&format!("{copy}.csv"), &text);
        }
        for (steps, stage) in crashes {
            for _ in 0..steps {
                world.tick();
            }
            world.crash(stage);
        }
        world.run();
        let mut texts = world.texts();
        texts.sort_unstable();
        expected.sort_unstable();
        prop_assert_eq!(texts, expected);
        prop_assert_eq!(world.handed_out_after_commit, 0, "a committed row was handed out again");
        let folder = if rows == 0 { "errors" } else { "done" };
        for copy in 0..copies {
            let file = format!("{folder}/{copy}.csv");
            prop_assert!(world.listing().contains(&file), "{:?}", world.listing());
            if rows > 3 {
                let bad = world.table(&format!("errors/{copy}.csv.errors.csv"));
                prop_assert_eq!(bad.len(), (0..rows).filter(|row| row % 5 == 3).count());
            }
        }
        prop_assert!(fs::read_dir(world.dir().join(".claimed")).unwrap().next().is_none());
    }
}
