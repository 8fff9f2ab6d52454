//! The rows of a week: what was set aside and how sources were read, and that a week is found among years without walking through them.

use super::fixture::Fixture;
use super::on_both;
use super::open::execute;
use super::samples::{advance, cancel, claim, decide, in_review, node};
use super::source::{aside, batch, take};
use super::statements::statements;
use crate::domain::id::ReplyId;
use crate::store::{AsideState, KeepReply, Next, Reconciled, SettleReply, TakeSource, Yielded};
use sqlx::{AssertSqlSafe, SqlSafeStr as _};

on_both!(
    a_week_knows_what_was_set_aside_and_how_sources_were_read,
    a_week_knows_afterwards_what_waited_at_its_end,
    a_week_is_found_among_years_by_its_indexes
);

async fn compare(on: &Fixture, pilot: &str, missing: u64) {
    let (source, tenant, pilot) = ("mail".to_owned(), "acme".to_owned(), pilot.to_owned());
    let found = Reconciled { source, tenant, pilot, held: 5, requests: 5 - missing, missing, ..Reconciled::default() };
    on.store.keep_reconciled(found).await.unwrap();
    on.clock.turn(86_400);
}

async fn a_week_knows_what_was_set_aside_and_how_sources_were_read(on: &Fixture) {
    let worker = node(on);
    let lease = take(on, "mail", &worker).await;
    on.store
        .take_in(Yielded { asides: vec![aside(on, "k0", AsideState::Quarantined)], ..batch(on, &lease) })
        .await
        .unwrap();
    compare(on, "north", 0).await;
    compare(on, "north", 2).await;
    let from = on.now();
    let lease = take(on, "mail", &worker).await;
    let asides = vec![aside(on, "k1", AsideState::Quarantined), aside(on, "k2", AsideState::Ignored)];
    let mine: Vec<String> = asides.iter().map(|item| item.id.to_string()).collect();
    let reply = |key: &str| KeepReply {
        id: ReplyId::new(on.now(), on.store.chance()),
        source: "mail".into(),
        dedup_key: key.into(),
        pilot: "north".into(),
        tenant: "acme".into(),
        raw: key.as_bytes().to_vec(),
        token: key.into(),
        sender: "ada@acme.test".into(),
        received_at: on.now(),
        at: on.now(),
    };
    let replies = vec![reply("r1"), reply("r2")];
    let settle = |reply: &KeepReply, state| SettleReply {
        id: reply.id.clone(),
        state,
        due: None,
        brief: None,
        code: Some("OP-2812".into()),
        message: "a machine wrote it".into(),
        proof: None,
        letter: None,
        at: on.now(),
    };
    let (machine, person) = (settle(&replies[0], "ignored"), settle(&replies[1], "refused"));
    let machine_id = replies[0].id.to_string();
    on.store.take_in(Yielded { asides, replies, proven: true, ..batch(on, &lease) }).await.unwrap();
    on.store.settle_reply(machine).await.unwrap();
    on.store.settle_reply(person).await.unwrap();
    let proven = on.now();
    for missing in [0, 1, 0] {
        compare(on, "north", missing).await;
    }
    // Of another pilot, to which the source belonged for a while.
    compare(on, "south", 4).await;
    let until = on.now();
    compare(on, "north", 0).await;
    let lease = take(on, "mail", &worker).await;
    on.store
        .take_in(Yielded { asides: vec![aside(on, "k3", AsideState::Quarantined)], ..batch(on, &lease) })
        .await
        .unwrap();
    on.store
        .take_source(TakeSource { source: "never".into(), node: worker, until, proven: None, at: on.now() })
        .await
        .unwrap();

    let sources = ["mail", "never", "website"].map(str::to_owned);
    let week = on.store.week("north", &sources, from, until).await.unwrap();
    let mut told: Vec<_> = week.aside.iter().map(|row| (row.id.clone(), row.state.as_str())).collect();
    told.sort();
    let mut wanted = vec![(mine[0].clone(), "quarantined"), (mine[1].clone(), "ignored"), (machine_id, "ignored")];
    wanted.sort();
    assert_eq!(told, wanted, "of the week, and no answer of a person");
    assert_eq!(week.aside[0].reason, "the message has more than 1000 parts");
    assert_eq!(week.quarantined.len(), 2, "one older, one of the week, none of later");
    assert_eq!(week.reads.len(), 2, "a source that brings what it has is not read");
    let mail = &week.reads[0];
    assert_eq!((mail.source.as_str(), mail.proven_at), ("mail", Some(proven)));
    let compared: Vec<(u64, u64)> = mail.compared.iter().map(|one| (one.held, one.open)).collect();
    assert_eq!(compared, [(5, 2), (5, 0), (5, 1), (5, 0), (5, 0)], "the last one before, those of the week, and later");
    assert!(mail.compared.windows(2).all(|two| two[0].at < two[1].at && two[0].receipt < two[1].receipt));
    assert_eq!((week.reads[1].proven_at, week.reads[1].compared.len()), (None, 0));
    let other = on.store.week("south", &sources, from, until).await.unwrap();
    assert!(other.aside.is_empty() && other.quarantined.is_empty() && other.reads[0].compared.len() == 1);
}

async fn a_week_knows_afterwards_what_waited_at_its_end(on: &Fixture) {
    let from = on.now();
    let mut runs = Vec::new();
    for key in ["decided", "withdrawn", "open", "approved later", "rejected later", "amended later", "withdrawn later"]
    {
        runs.push(in_review(on, key).await);
        on.clock.turn(60);
    }
    let [decided, withdrawn, open, approved, rejected, amended, dropped] = runs.as_slice() else { panic!("{runs:?}") };
    on.store.decide(decide(on, &decided.brief(), 1, "usr_ada", "approve")).await.unwrap();
    on.store.cancel(cancel(on, withdrawn)).await.unwrap();
    on.clock.turn(60);
    let until = on.now();
    on.clock.turn(60);
    on.store.decide(decide(on, &approved.brief(), 1, "usr_ada", "approve")).await.unwrap();
    on.store.decide(decide(on, &rejected.brief(), 1, "usr_ada", "reject")).await.unwrap();
    // Two decisions on one brief: it waited once.
    on.store.decide(decide(on, &amended.brief(), 1, "usr_ada", "minor")).await.unwrap();
    on.store.decide(decide(on, &amended.brief(), 2, "usr_bob", "reject")).await.unwrap();
    on.store.cancel(cancel(on, dropped)).await.unwrap();
    for woken in claim(on, &node(on), 10).await {
        on.store.advance(advance(on, &woken, Next::Completed)).await.unwrap();
    }
    in_review(on, "of the next week").await;
    let week = on.store.week("north", &[], from, until).await.unwrap();
    let waited: Vec<&str> = week.waiting.iter().map(|(brief, _)| brief.as_str()).collect();
    let wanted = [open, approved, rejected, amended, dropped].map(|run| run.brief().to_string());
    assert_eq!(waited, wanted.iter().map(String::as_str).collect::<Vec<_>>());
    assert_eq!(week.drafted.len(), 7);
    let after = on.store.week("north", &[], until, on.in_secs(60)).await.unwrap();
    assert_eq!((after.drafted.len(), after.waiting.len(), after.decided.len()), (1, 2, 4));
}

/// Years of a pilot that decides nearly everything: 12,000 briefs, one every ten minutes.
const YEARS: [&str; 5] = [
    "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 12000) \
     INSERT INTO brief (id, pilot, tenant, state, version, revision, digest, attempt, score, risk, opened_at, updated_at) \
     SELECT 'brf_' || (1000000 + i), 'north', 'acme', CASE WHEN i % 400 = 0 THEN 'open' ELSE 'approved' END, 1, 1, 'd', 1, 50, 'low', \
     CAST(i AS BIGINT) * 600000000, CAST(i AS BIGINT) * 600000000 + 60000000 FROM n",
    "INSERT INTO revision (brief, number, digest, author, generator, content, at) \
     SELECT id, 1, 'd', 'generator', '{}', CAST('x' AS BYTES), opened_at FROM brief",
    "INSERT INTO decision (brief, revision, person, id, digest, verdict, permit, at) \
     SELECT id, 1, 'usr_ada', 'dec_' || id, 'd', 'approve', 'p', updated_at FROM brief WHERE state = 'approved'",
    "INSERT INTO quarantine (id, tenant, pilot, source, dedup_key, place, state, code, reason, received_at, at) \
     SELECT 'qrt_' || substr(id, 5), 'acme', 'north', 'mail', id, 'p', CASE WHEN state = 'open' THEN 'quarantined' ELSE 'ignored' END, \
     'OP-2605', 'r', opened_at, opened_at FROM brief",
    "INSERT INTO request (id, pilot, tenant, source, dedup_key, raw, media_type, text, likeness, attachments, received_at, accepted_at) \
     SELECT 'req_' || substr(id, 5), 'north', 'acme', 'mail', id, 'd', 'm', 't', CAST('x' AS BYTES), 0, opened_at, opened_at FROM brief",
];

async fn a_week_is_found_among_years_by_its_indexes(on: &Fixture) {
    let bytes = if on.store.is_shared() { "BYTEA" } else { "BLOB" };
    for fill in YEARS {
        execute(on, Box::leak(fill.replace("BYTES", bytes).into_boxed_str())).await;
    }
    execute(on, "ANALYZE").await;
    let text = include_str!("../reads/week.rs");
    let found = statements(text);
    assert_eq!(found.len(), 10, "{found:#?}");
    let mut reader = on.store.walker().await.unwrap();
    for sql in found {
        // The newest one, by the key.
        if sql.contains("FROM checkpoint") {
            continue;
        }
        let mut asked = sql.clone();
        // A week near the end; where identifiers come first, times come later.
        let by_id = sql.contains("id >= $1");
        let (begin, end) = ("7180000000000", "7190000000000");
        let values: [&str; 5] = match () {
            () if by_id && sql.contains("FROM request") => ["'req_1011965'", "'req_1011985'", "'north'", begin, end],
            () if by_id && sql.contains("FROM reply") => ["'rpl_1011965'", "'rpl_1011985'", "'north'", begin, end],
            () if by_id => ["'qrt_1011965'", "'qrt_1011985'", "'north'", begin, end],
            () if sql.contains("SELECT d.id") => [begin, end, "'north'", "", ""],
            () if sql.contains("FROM receipt") => ["'mail'", "400", "", "", ""],
            () if sql.contains("b.opened_at >= $2") => ["'north'", begin, end, "", ""],
            () => ["'north'", end, "", "", ""],
        };
        for (at, value) in values.iter().enumerate() {
            asked = asked.replace(&format!("${}", at + 1), value);
        }
        let prefix = if on.store.is_shared() { "EXPLAIN" } else { "EXPLAIN QUERY PLAN" };
        let asked = AssertSqlSafe(format!("{prefix} {asked}")).into_sql_str();
        let plan: Vec<String> = match &mut reader {
            crate::store::reads::Reader::Here(_) => unreachable!("it walks"),
            crate::store::reads::Reader::Sqlite(conn) => {
                let rows: Vec<(i64, i64, i64, String)> = sqlx::query_as(asked).fetch_all(&mut **conn).await.unwrap();
                rows.into_iter().map(|row| row.3).collect()
            }
            crate::store::reads::Reader::Postgres(conn) => {
                let rows: Vec<(String,)> = sqlx::query_as(asked).fetch_all(&mut **conn).await.unwrap();
                rows.into_iter().map(|row| row.0).collect()
            }
        };
        // Of the two indexes of what is open either will do: both are as short as the backlog.
        let plan = plan.join("\n").replace("brief_queue", "brief_open");
        // Tables of this pilot's years are not walked through; an index of what is open is as short as the backlog.
        let walks = |line: &&str| {
            let all = line.contains("Seq Scan") || line.trim_start().starts_with("SCAN ");
            let small = ["brief_open", "source_cursor", "reply", "receipt"].iter().any(|name| line.contains(name));
            all && !small
        };
        assert_eq!(plan.lines().find(walks), None, "{sql}\n{plan}");
        let indexes: &[&str] = match () {
            () if sql.contains("b.opened_at >= $2") => &["brief_drafted"],
            () if sql.contains("'withdrawn'") => &["brief_open", "decision_at", "brief_withdrawn"],
            () => &[],
        };
        assert_eq!(indexes.iter().find(|index| !plan.contains(**index)), None, "{sql}\n{plan}");
    }
}
