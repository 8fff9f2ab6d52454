//! What good configurations become, the environment, and what is shown of it.

use super::{PILOT, good, judged};
use crate::config::{LogFormat, Place, find_file, places, show};
use crate::store::Url;
use opspilot_sdk::Lane;
use std::path::{Path, PathBuf};
use std::time::Duration;

#[test]
fn an_empty_file_is_the_defaults() {
    let settings = good("");
    assert_eq!(settings.data_dir, Path::new("/base/opspilot-data"));
    assert_eq!(settings.store.url, Url::Sqlite("/base/opspilot-data/opspilot.db".into()));
    assert_eq!(settings.store.queue, 1024);
    assert_eq!(settings.web.listen.to_string(), "127.0.0.1:7700");
    assert_eq!(settings.web.base_url, "http://127.0.0.1:7700");
    assert_eq!((settings.web.header_time, settings.web.idle_time), (Duration::from_secs(10), Duration::from_secs(60)));
    assert_eq!(settings.grace, Duration::from_secs(10));
    assert_eq!(settings.receipts.key_file, Path::new("/base/opspilot-data/keys/receipts.key"));
    assert_eq!(settings.receipts.checkpoint_file, Some("/base/opspilot-data/checkpoints.txt".into()));
    assert_eq!(settings.telemetry.format, LogFormat::Text);
    assert!(settings.notes.is_empty() && settings.pilots.is_empty() && settings.sources.is_empty());
    assert_eq!((settings.policies.dir, settings.policies.min_version), (None, 0));
}

/// What each room says of itself and what the configuration says when a key is left out is the same.
#[test]
fn the_defaults_are_those_of_the_rooms() {
    let settings = good("");
    let (engine, pull) = (crate::engine::Options::default(), crate::intake::PullOptions::default());
    assert_eq!(format!("{:?}", settings.engine), format!("{engine:?}"));
    assert_eq!(format!("{:?}", settings.intake.pull), format!("{pull:?}"));
}

#[test]
fn a_pilot_becomes_its_rules() {
    let settings = good(PILOT);
    let pilot = &settings.pilots[0];
    assert_eq!((pilot.owner.as_str(), pilot.rules.approvals, pilot.rules.attempts), ("ada", 1, 3));
    assert!(pilot.forbid_self_review);
    assert_eq!((pilot.claim.as_mins(), pilot.alike_for.as_hours()), (15, 24));
    assert_eq!((pilot.time_zone.iana_name(), pilot.workflow.as_str()), (Some("UTC"), "generate-brief"));
    assert_eq!(settings.boundaries["a"].preset(), "business-contact");
    let settings = good(&format!(
        "{PILOT}owner='Front desk'\nforbid_self_review=false\nmax_attempts=5\n[pilot.boundary]\npreset='open'\n"
    ));
    assert_eq!((settings.pilots[0].owner.as_str(), settings.pilots[0].rules.attempts), ("Front desk", 5));
    assert!(!settings.pilots[0].forbid_self_review);
    assert_eq!(settings.boundaries["a"].preset(), "open");
}

#[test]
fn a_source_has_the_lane_of_its_connector_unless_told_and_a_burst_of_its_rate() {
    let source = |more: &str| {
        let settings =
            good(&format!("{PILOT}[[source]]\nname='s'\nkind='csv_drop'\npilot='a'\n{more}\noptions={{dir='d'}}\n"));
        (settings.sources[0].lane, settings.sources[0].limit.map(|limit| (limit.per_sec.get(), limit.burst.get())))
    };
    assert_eq!(source(""), (Lane::Bulk, None));
    assert_eq!(source("lane='interactive'\nrate_per_sec=5"), (Lane::Interactive, Some((5, 5))));
    assert_eq!(source("rate_per_sec=5\nburst=9"), (Lane::Bulk, Some((5, 9))));
}

#[test]
fn paths_start_from_the_data_folder_unless_they_are_absolute() {
    let settings = good(
        "data_dir='/var/lib/x'\nworkflows_dir='flows'\n[policies]\ndir='/etc/p'\n[store]\nurl='sqlite:/srv/a.db'\n[receipts]\ncheckpoint_file=''\n",
    );
    assert_eq!(settings.workflows_dir, Some("/var/lib/x/flows".into()));
    assert_eq!(settings.policies.dir, Some("/etc/p".into()));
    assert_eq!(settings.store.url, Url::Sqlite("/srv/a.db".into()));
    assert_eq!(settings.receipts.checkpoint_file, None);
}

#[test]
fn the_environment_overrides_the_file_and_is_judged_like_it() {
    let env = [
        ("OPSPILOT__WEB__LISTEN", "127.0.0.1:1"),
        ("OPSPILOT__INTAKE__PULL__BATCH", "7"),
        ("OPSPILOT__DATA_DIR", "/d"),
        ("OPSPILOT_OTHER", "x"),
    ];
    let settings = judged("[web]\nlisten = 'nonsense'\n", &env).unwrap();
    assert_eq!(settings.web.listen.port(), 1);
    assert_eq!((settings.intake.pull.batch, settings.data_dir), (7, PathBuf::from("/d")));
    let env = [("OPSPILOT__ENGINE__WORKERS", "many"), ("OPSPILOT__WEB__ALLOW_REMOTE", "yes")];
    let problems = judged("", &env).unwrap_err();
    let seen: Vec<_> = problems.iter().map(|problem| (problem.code, problem.place.clone())).collect();
    let place = |name: &str| Place::Env(name.into());
    assert_eq!(
        seen,
        [("OP-1004", place("OPSPILOT__ENGINE__WORKERS")), ("OP-1004", place("OPSPILOT__WEB__ALLOW_REMOTE"))]
    );
}

#[test]
fn a_variable_that_sets_nothing_is_refused() {
    for (name, hint) in [
        ("OPSPILOT__WEB__LISEN", "OPSPILOT__WEB__LISTEN"),
        ("OPSPILOT__PILOT__NAME", "write them into the file"),
        ("OPSPILOT__", "OPSPILOT__WEB__LISTEN"),
        ("OPSPILOT__NOTHING_OF_THE_KIND_AT_ALL", "unset it"),
    ] {
        let problems = judged("", &[(name, "x")]).unwrap_err();
        let problem = problems.iter().next().unwrap();
        assert_eq!(problem.code, "OP-1011", "{problem}");
        assert!(problem.to_string().contains(hint) && problem.to_string().contains(name), "{problem}");
    }
}

#[test]
fn the_address_of_the_store_may_come_with_a_password_from_a_file_or_a_variable_only() {
    let address = "postgres://ops:hunter2@db.example:5432/ops";
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), format!("{address}\n")).unwrap();
    let from_file = format!("[store]\nurl_file = '{}'\n", file.path().display());
    for (text, env) in [
        (from_file.as_str(), vec![]),
        ("[store]\nurl_env = 'WHERE'\n", vec![("WHERE", address)]),
        ("", vec![("OPSPILOT__STORE__URL", address)]),
        ("[store]\nurl_file = '/nowhere'\n", vec![("OPSPILOT__STORE__URL", address)]),
    ] {
        let settings = judged(text, &env).unwrap_or_else(|problems| panic!("{problems}"));
        assert_eq!(settings.store.url, Url::Postgres(address.into()));
        for shown in [show(&settings), format!("{settings:?}"), settings.notes.join("")] {
            assert!(!shown.contains("hunter2"), "{shown}");
        }
        assert!(show(&settings).contains("postgres://ops@db.example:5432/ops"));
    }
    assert_eq!(
        good("[store]\nurl = 'postgres://ops@db/ops'\n").store.url,
        Url::Postgres("postgres://ops@db/ops".into())
    );
}

#[test]
fn what_is_shown_can_be_read_again_and_is_the_same() {
    let text = format!(
        "{PILOT}time_zone='Europe/Berlin'\n[[source]]\nname='s'\nkind='csv_drop'\npilot='a'\nrate_per_sec=5\n[source.options]\ndir='d'\nmap={{text=['x']}}\n"
    );
    for text in [text.as_str(), "", crate::config::DEFAULT] {
        let shown = show(&good(text));
        assert_eq!(show(&good(&shown)), shown);
    }
}

#[test]
fn secrets_of_a_connector_are_not_shown() {
    let text = format!(
        "{PILOT}[[source]]\nname='s'\nkind='exec'\npilot='a'\n[source.options]\ncommand=['curl', 'hunter2']\nworking_dir='w'\n\
         env={{ A='hunter2', B={{file='b.txt'}}, C={{env='CC'}} }}\n"
    );
    let shown = show(&good(&text));
    assert!(!shown.contains("hunter2"), "{shown}");
    for kept in ["curl", "b.txt", "CC", "working_dir = \"w\""] {
        assert!(shown.contains(kept), "{kept} is missing: {shown}");
    }
}

#[test]
fn the_file_is_looked_for_here_then_at_the_users_then_at_the_systems() {
    let var = |name: &str| (name == "HOME").then(|| "/home/ada".to_owned());
    let expected = ["opspilot.toml", "/home/ada/.config/opspilot/opspilot.toml", "/etc/opspilot/opspilot.toml"];
    assert_eq!(places(var), expected.map(PathBuf::from));
    let var = |name: &str| (name == "XDG_CONFIG_HOME").then(|| "/cfg".to_owned());
    assert_eq!(places(var)[1], Path::new("/cfg/opspilot/opspilot.toml"));
    assert_eq!(find_file(Some(Path::new("/given")), |_| None), Some("/given".into()));
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("opspilot/opspilot.toml");
    std::fs::create_dir_all(file.parent().unwrap()).unwrap();
    std::fs::write(&file, "").unwrap();
    let home = folder.path().display().to_string();
    assert_eq!(find_file(None, |name| (name == "XDG_CONFIG_HOME").then(|| home.clone())), Some(file));
}
