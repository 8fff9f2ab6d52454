//! Every code of this room has its page, and every page its code.

use crate::receipt::report::Report;
use crate::receipt::{Error, Finding, Frontier, Keyring, Verifier};

const PAGES: &[(&str, &str)] = &[
    ("OP-6001", include_str!("../../../docs/errors/OP-6001.md")),
    ("OP-6002", include_str!("../../../docs/errors/OP-6002.md")),
    ("OP-6003", include_str!("../../../docs/errors/OP-6003.md")),
    ("OP-6004", include_str!("../../../docs/errors/OP-6004.md")),
    ("OP-6005", include_str!("../../../docs/errors/OP-6005.md")),
    ("OP-6006", include_str!("../../../docs/errors/OP-6006.md")),
    ("OP-6010", include_str!("../../../docs/errors/OP-6010.md")),
    ("OP-6011", include_str!("../../../docs/errors/OP-6011.md")),
    ("OP-6012", include_str!("../../../docs/errors/OP-6012.md")),
    ("OP-6013", include_str!("../../../docs/errors/OP-6013.md")),
    ("OP-6014", include_str!("../../../docs/errors/OP-6014.md")),
    ("OP-6015", include_str!("../../../docs/errors/OP-6015.md")),
    ("OP-6016", include_str!("../../../docs/errors/OP-6016.md")),
    ("OP-6017", include_str!("../../../docs/errors/OP-6017.md")),
    ("OP-6018", include_str!("../../../docs/errors/OP-6018.md")),
    ("OP-6020", include_str!("../../../docs/errors/OP-6020.md")),
    ("OP-6021", include_str!("../../../docs/errors/OP-6021.md")),
    ("OP-6022", include_str!("../../../docs/errors/OP-6022.md")),
    ("OP-6023", include_str!("../../../docs/errors/OP-6023.md")),
    ("OP-6030", include_str!("../../../docs/errors/OP-6030.md")),
    ("OP-6031", include_str!("../../../docs/errors/OP-6031.md")),
    ("OP-6032", include_str!("../../../docs/errors/OP-6032.md")),
    ("OP-6033", include_str!("../../../docs/errors/OP-6033.md")),
];

fn findings() -> Vec<Finding> {
    let text = String::new;
    let heads = ["OP-6003", "OP-6004", "OP-6005", "OP-6006"].map(|code| Finding::Head { code, why: text() });
    let mut all = vec![
        Finding::Altered { seq: 1, why: text() },
        Finding::Missing { from: 1, to: 1 },
        Finding::Reordered { seq: 1, found: 2 },
        Finding::Duplicated { seq: 1, after: 2 },
        Finding::Truncated { last: 1, size: 2, saved: false },
        Finding::RootDiffers { from: 1, to: 2 },
        Finding::Contradicts { from: 1, to: 2, forked: true },
        Finding::Unsigned { from: 1, to: 2 },
        Finding::WrongOrigin { expected: text(), found: text() },
        Finding::Line { line: 1, why: text() },
        Finding::Path { seq: 1 },
        Finding::CutOff { line: 1 },
    ];
    all.extend(heads);
    all
}

fn errors() -> Vec<Error> {
    vec![
        Error::Field { field: "id", problem: String::new() },
        Error::Key { problem: "" },
        Error::Note { problem: "" },
        Error::BadSignature { name: String::new() },
        Error::ForeignSignature { names: Vec::new() },
        Error::KeyNotValid { name: String::new(), id: String::new(), reason: String::new() },
    ]
}

#[test]
fn codes_and_pages_are_the_same_set() {
    let nothing = Verifier::new(Keyring::enclosed(Vec::new()), Vec::new()).finish(None);
    let mut edge = Frontier::new();
    edge.append([0; 32]);
    let resumed = Verifier::resume(Keyring::enclosed(Vec::new()), Vec::new(), edge).finish(None);
    let lacks = [resumed.lacking, nothing.lacking, Report::unreadable("").lacking].concat();
    let mut codes: Vec<&str> = findings().iter().map(Finding::code).collect();
    codes.extend(errors().iter().map(Error::code));
    codes.extend(lacks.iter().map(|lack| lack.code));
    codes.sort_unstable();
    codes.dedup();
    assert_eq!(codes, PAGES.iter().map(|(code, _)| *code).collect::<Vec<_>>());
}

#[test]
fn every_page_has_its_title_and_its_three_sections() {
    for (code, page) in PAGES {
        assert!(page.starts_with(&format!("# {code}: ")), "{code}");
        for section in ["\n## What happened\n", "\n## Why\n", "\n## What to do\n"] {
            assert_eq!(page.matches(section).count(), 1, "{code}{section}");
        }
    }
}

#[test]
fn messages_begin_small_and_end_without_a_period() {
    let all =
        errors().iter().map(ToString::to_string).chain(findings().iter().map(ToString::to_string)).collect::<Vec<_>>();
    for message in all {
        assert!(!message.ends_with('.') && message.starts_with(char::is_lowercase), "{message}");
    }
}
