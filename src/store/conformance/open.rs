//! Opening: what cannot be opened is refused with words that help, and nothing of it is changed.

use super::fixture::{Fixture, ManualClock, options};
use super::on_both;
use super::samples::accept;
use crate::store::open::{POSTGRES, SQLITE};
use crate::store::{Options, Store, StoreError, Url};
use std::sync::Arc;

on_both!(
    a_store_of_a_newer_release_is_refused,
    without_a_key_nothing_is_changed,
    opening_again_finds_everything,
    several_open_a_fresh_store_at_once
);

pub(super) async fn execute(on: &Fixture, sql: &'static str) {
    let mut reader = match on.url() {
        // Readers of SQLite cannot write: a connection of one's own.
        Url::Sqlite(path) => {
            use sqlx::{Connection as _, Executor as _};
            let mut conn =
                sqlx::SqliteConnection::connect_with(&sqlx::sqlite::SqliteConnectOptions::new().filename(path))
                    .await
                    .unwrap();
            conn.execute(sql).await.unwrap();
            return;
        }
        Url::Postgres(_) => on.store.reader().await.unwrap(),
    };
    reader.conn().raw(sql).await.unwrap();
}

async fn a_store_of_a_newer_release_is_refused(on: &Fixture) {
    let sql = if on.store.is_shared() {
        "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time) VALUES (9999, 'later', true, '', 0)"
    } else {
        "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time) VALUES (9999, 'later', 1, x'', 0)"
    };
    execute(on, sql).await;
    let refused = Store::open(on.options()).await.err().unwrap();
    let known = SQLITE.last().unwrap().0;
    assert_eq!(refused, StoreError::Newer { found: 9999, known });
    assert!(refused.to_string().contains("OP-3007"));
}

async fn without_a_key_nothing_is_changed(on: &Fixture) {
    let store = Store::open(Options { signer: None, ..on.options() }).await.unwrap();
    let refused = store.accept(accept(on, "k1", "text")).await.unwrap_err();
    assert!(refused.to_string().contains("no receipt key"), "{refused}");
    assert_eq!(store.tally().await.unwrap().requests, 0);
}

async fn opening_again_finds_everything(on: &Fixture) {
    let first = on.another().await;
    let out = first.accept(accept(on, "k1", "text")).await.unwrap();
    first.close().await;
    assert_eq!(on.another().await.request(out.request()).await.unwrap().state, "queued");
}

async fn several_open_a_fresh_store_at_once(on: &Fixture) {
    // A store of its own, that nobody has opened yet.
    let fresh = if on.store.is_shared() {
        super::database::Database::fresh().await
    } else {
        return alone_on_a_fresh_file().await;
    };
    let clock = Arc::new(ManualClock::default());
    let open = || Store::open(options(Url::Postgres(fresh.url()), &clock));
    let (one, two, three) = tokio::join!(open(), open(), open());
    for store in [one, two, three] {
        assert_eq!(store.unwrap().tally().await.unwrap().requests, 0);
    }
}

async fn alone_on_a_fresh_file() {
    let folder = tempfile::tempdir().unwrap();
    let clock = Arc::new(ManualClock::default());
    let open =
        || Store::open(Options { exclusive: true, ..options(Url::Sqlite(folder.path().join("fresh.db")), &clock) });
    let (one, two) = tokio::join!(open(), open());
    let held = [&one, &two].iter().filter(|out| matches!(out, Err(StoreError::Held { .. }))).count();
    assert_eq!((held, one.is_ok() || two.is_ok()), (1, true), "one of two daemons has it");
}

#[test]
fn migrations_are_numbered_alike() {
    let names =
        |list: &[(i64, &'static str, &str)]| list.iter().map(|&(number, name, _)| (number, name)).collect::<Vec<_>>();
    assert_eq!(names(SQLITE), names(POSTGRES));
    assert!(SQLITE.iter().zip(1..).all(|(&(number, ..), wanted)| number == wanted), "from 1, without a gap");
    // The folders hold exactly what is built in.
    for (dialect, list) in [("sqlite", SQLITE), ("postgres", POSTGRES)] {
        let folder = format!("{}/src/store/migrations/{dialect}", env!("CARGO_MANIFEST_DIR"));
        let mut files: Vec<String> =
            std::fs::read_dir(folder).unwrap().map(|file| file.unwrap().file_name().into_string().unwrap()).collect();
        files.sort();
        let wanted: Vec<String> = list.iter().map(|(number, name, _)| format!("{number:04}_{name}.sql")).collect();
        assert_eq!(files, wanted);
    }
}

#[tokio::test]
async fn a_second_daemon_is_kept_away_from_a_file_until_the_first_is_gone() {
    let folder = tempfile::tempdir().unwrap();
    let clock = Arc::new(ManualClock::default());
    let daemon = || Options { exclusive: true, ..options(Url::Sqlite(folder.path().join("opspilot.db")), &clock) };
    let first = Store::open(daemon()).await.unwrap();
    let refused = Store::open(daemon()).await.err().unwrap();
    assert!(matches!(&refused, StoreError::Held { file } if file.ends_with("opspilot.db")), "{refused}");
    // A short command may look and write beside it.
    let command = Store::open(Options { exclusive: false, ..daemon() }).await.unwrap();
    command.keep_definition("h1", "name", "text").await.unwrap();
    first.close().await;
    let second = Store::open(daemon()).await.unwrap();
    assert_eq!(second.definition("h1").await.unwrap().as_deref(), Some("text"));
}

#[tokio::test]
async fn what_cannot_be_a_store_is_refused_with_its_name() {
    let folder = tempfile::tempdir().unwrap();
    let clock = Arc::new(ManualClock::default());
    let open = async |path: std::path::PathBuf, exclusive| {
        Store::open(Options { exclusive, ..options(Url::Sqlite(path), &clock) }).await.err().unwrap()
    };
    for exclusive in [true, false] {
        let lost = open(folder.path().join("missing/opspilot.db"), exclusive).await;
        assert!(
            matches!(&lost, StoreError::Unavailable { reason } if reason.contains("missing/opspilot.db")),
            "{lost}"
        );
    }
    let text = folder.path().join("notes.txt");
    std::fs::write(
        &text,
        "these are notes and no database at all, whatever somebody wrote into the configuration. ".repeat(100),
    )
    .unwrap();
    let foreign = open(text.clone(), false).await;
    assert!(matches!(&foreign, StoreError::Corrupt { what } if what.contains("not a database")), "{foreign}");
    assert!(std::fs::read_to_string(&text).unwrap().starts_with("these are notes"), "left as it was");
}

#[tokio::test]
async fn a_server_that_is_not_there_is_refused_soon() {
    let clock = Arc::new(ManualClock::default());
    // Nobody listens on port 1; what the address holds is never shown.
    let url = Url::Postgres("postgres://ada:secret@127.0.0.1:1/none".into());
    let refused = Store::open(options(url, &clock)).await.err().unwrap();
    assert!(matches!(refused, StoreError::Unavailable { .. }) && !refused.to_string().contains("secret"), "{refused}");
}

#[test]
fn addresses_are_read() {
    assert_eq!(Url::parse("sqlite:a/b.db").unwrap(), Url::Sqlite("a/b.db".into()));
    assert_eq!(Url::parse("sqlite:///a/b.db").unwrap(), Url::Sqlite("/a/b.db".into()));
    assert!(matches!(Url::parse("postgres://u@h/d").unwrap(), Url::Postgres(_)));
    for wrong in ["", "sqlite:", "sqlite://", "mysql://h/d", "b.db", "postgres://h:port/d"] {
        assert!(Url::parse(wrong).is_err(), "{wrong}");
    }
}

#[tokio::test]
async fn a_file_of_another_program_is_left_as_it_is() {
    use sqlx::{Connection as _, Executor as _};
    let on = Fixture::sqlite().await;
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("theirs.db");
    let made = sqlx::sqlite::SqliteConnectOptions::new().filename(&file).create_if_missing(true);
    let mut theirs = sqlx::SqliteConnection::connect_with(&made).await.unwrap();
    theirs.execute("CREATE TABLE theirs (id INTEGER)").await.unwrap();
    let refused = Store::open(Options { url: Url::Sqlite(file), ..on.options() }).await.err().unwrap();
    assert!(refused.to_string().contains("has a table `theirs`"), "{refused}");
    let tables: Vec<String> =
        sqlx::query_scalar("SELECT name FROM sqlite_master").fetch_all(&mut theirs).await.unwrap();
    assert_eq!(tables, ["theirs"]);
}
