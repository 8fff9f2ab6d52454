//! Sources that would take the same items, in every way in which people write one folder or one mailbox twice.

use super::{PILOT, bad, brief, good};
use std::path::Path;

/// A data folder, and below the pilot two sources with these options.
fn two(data_dir: &Path, kind: &str, first: &str, second: &str) -> String {
    let source = |name: &str, options: &str| {
        format!("[[source]]\nname='{name}'\nkind='{kind}'\npilot='a'\noptions={{ {options} }}\n")
    };
    format!("data_dir='{}'\n{PILOT}{}{}", data_dir.display(), source("left", first), source("right", second))
}

#[test]
fn two_sources_never_watch_one_folder() {
    let home = tempfile::tempdir().unwrap();
    let home = home.path();
    std::fs::create_dir_all(home.join("in")).unwrap();
    #[cfg(unix)]
    std::os::unix::fs::symlink("in", home.join("link")).unwrap();
    let whole = format!("dir='{}/in'", home.display());
    let same = [
        ("dir='in'", "dir='in'"),
        ("dir='in'", whole.as_str()),
        ("dir='in'", "dir='./in/'"),
        ("dir='in'", "dir='missing/../in'"),
        ("dir='in'", "dir='link'"),
        ("dir='link/sub'", "dir='in/sub'"),
        ("dir='to/come'", "dir='to/x/../come'"),
    ];
    for (first, second) in same {
        let problems = bad(&two(home, "csv_drop", first, second));
        assert_eq!(brief(&problems), [("OP-1016", "source[1].options.dir", 15)], "{first} {second}");
        let (told, help) = (&problems[0].message, &problems[0].help);
        assert!(told.contains("`right`") && told.contains("`left`"), "{told}");
        let folder = home.canonicalize().unwrap();
        assert!(told.contains(&format!("the folder `{}/", folder.display())), "{told}");
        assert!(help.contains("of its own"), "{help}");
    }
}

#[test]
fn no_source_takes_what_another_has_put_aside() {
    let home = tempfile::tempdir().unwrap();
    let home = home.path();
    let taken = [
        // Whose table is the one that takes: it, and not the other, is told.
        (1, 15, "dir='in'", "dir='in/done'"),
        (1, 15, "dir='in'", "dir='in/errors/old'"),
        (1, 15, "dir='in'", "dir='in/.claimed'"),
        (0, 10, "dir='in'", "dir='other', done_dir='in'"),
        (0, 10, "dir='in/sub'", "dir='other', error_dir='other/../in'"),
        (1, 15, "dir='in', done_dir='missing/../out'", "dir='out'"),
    ];
    for (index, line, first, second) in taken {
        let problems = bad(&two(home, "csv_drop", first, second));
        let key = format!("source[{index}].options.dir");
        assert_eq!(brief(&problems), [("OP-1016", key.as_str(), line)], "{first} {second}");
        let told = &problems[0].message;
        assert!(told.contains("`right`") && told.contains("`left`"), "{told}");
    }
    let own = bad(&two(home, "csv_drop", "dir='in', done_dir='in/../in'", "dir='other'"));
    assert_eq!(brief(&own), [("OP-1016", "source[0].options.dir", 10)]);
    assert!(own[0].message.contains("`left`") && !own[0].message.contains("`right`"), "{}", own[0]);
}

#[test]
fn folders_of_their_own_are_fine() {
    let home = tempfile::tempdir().unwrap();
    for (first, second) in [
        ("dir='in'", "dir='other'"),
        ("dir='in'", "dir='in/sub'"),
        ("dir='in'", "dir='in-done'"),
        ("dir='in', done_dir='out'", "dir='other', done_dir='out', error_dir='out'"),
        ("dir='in/deep', done_dir='in'", "dir='other'"),
    ] {
        assert_eq!(good(&two(home.path(), "csv_drop", first, second)).sources.len(), 2, "{first} {second}");
    }
}

#[test]
fn two_sources_never_read_one_mailbox() {
    let home = tempfile::tempdir().unwrap();
    let mailbox =
        |host: &str, user: &str, more: &str| format!("host='{host}', user='{user}', auth={{ password_env='P' }}{more}");
    let plain = mailbox("imap.example.com", "ops@example.com", "");
    for (key, second) in [
        ("folders", mailbox("IMAP.Example.com.", "Ops@example.com", ", folders=['Sales', 'inbox']")),
        ("folders", mailbox("imap.example.com", "ops@example.com", ", port=143, tls='starttls'")),
    ] {
        let problems = bad(&two(home.path(), "imap", &plain, &second));
        assert_eq!(problems.len(), 1, "{problems:?}");
        assert_eq!(
            (problems[0].code, problems[0].key.as_str()),
            ("OP-1016", format!("source[1].options.{key}").as_str())
        );
        let told = &problems[0].message;
        assert!(told.contains("`INBOX` of `ops@example.com` at `imap.example.com`"), "{told}");
        assert!(told.contains("`right`") && told.contains("`left`"), "{told}");
    }
    let moved = mailbox("imap.example.com", "ops@example.com", ", after={ move='Done' }");
    let reads = mailbox("imap.example.com", "ops@example.com", ", folders=['Done']");
    assert_eq!(brief(&bad(&two(home.path(), "imap", &moved, &reads))), [("OP-1016", "source[1].options.folders", 15)]);
    for second in [
        mailbox("imap.example.com", "sales@example.com", ""),
        mailbox("imap.example.net", "ops@example.com", ""),
        mailbox("imap.example.com", "ops@example.com", ", port=1993"),
        mailbox("imap.example.com", "ops@example.com", ", folders=['Sales'], after={ move='Done' }"),
    ] {
        assert_eq!(good(&two(home.path(), "imap", &plain, &second)).sources.len(), 2, "{second}");
    }
}
