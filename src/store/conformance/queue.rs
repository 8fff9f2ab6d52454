//! The queue: its order, its counts, its pages, and that neither walks through what is decided. And the views people save of it.

use super::fixture::Fixture;
use super::on_both;
use super::open::execute;
use super::samples::{decide, hold, in_review};
use crate::domain::id::{BriefId, UserId};
use crate::store::{
    Backlog, ClaimedRun, DropView, MOST_SEARCHED, MOST_VIEWS, QueueFilter, QueueHolder, QueuePlace, QueueTally,
    SaveView, Search, StoreError,
};
use jiff::Timestamp;
use sqlx::{AssertSqlSafe, SqlSafeStr as _};

on_both!(
    the_queue_is_urgent_first_then_oldest,
    the_queue_is_filtered_and_counted_alike,
    pages_of_the_queue_lose_and_double_nothing,
    a_search_counts_what_it_keeps_and_says_what_it_left,
    the_queue_of_a_hundred_thousand_is_found_by_its_index,
    views_are_each_persons_own
);

async fn sql(on: &Fixture, text: String) {
    execute(on, Box::leak(text.into_boxed_str())).await;
}

fn filter(on: &Fixture) -> QueueFilter {
    QueueFilter { limit: 50, now: on.now(), ..QueueFilter::default() }
}

/// Briefs of these scores, each a minute younger than the one before.
async fn scored(on: &Fixture, scores: &[u32]) -> Vec<ClaimedRun> {
    let mut runs = Vec::new();
    for (place, score) in scores.iter().enumerate() {
        let run = in_review(on, &format!("k{place}")).await;
        sql(on, format!("UPDATE brief SET score = {score} WHERE id = '{}'", run.brief())).await;
        runs.push(run);
        on.clock.turn(60);
    }
    runs
}

async fn listed(on: &Fixture, filter: &QueueFilter) -> Vec<BriefId> {
    on.store.queue(filter, None).await.unwrap().items.into_iter().map(|row| row.brief.id).collect()
}

async fn the_queue_is_urgent_first_then_oldest(on: &Fixture) {
    let runs = scored(on, &[10, 79, 80, 30, 60, 100, 29, 59]).await;
    on.store.decide(decide(on, &runs[3].brief(), 1, "usr_ada", "approve")).await.unwrap();
    let page = on.store.queue(&filter(on), None).await.unwrap();
    let seen: Vec<(u8, BriefId)> = page.items.iter().map(|row| (row.place.lane, row.brief.id.clone())).collect();
    let wanted = [(0, 2), (0, 5), (1, 1), (1, 4), (2, 7), (3, 0), (3, 6)];
    assert_eq!(seen, wanted.map(|(lane, at): (u8, usize)| (lane, runs[at].brief())).to_vec());
    assert_eq!(page.tally, QueueTally { urgent: 2, high: 2, normal: 1, low: 2 });
    let oldest = on.store.brief(&runs[0].brief()).await.unwrap().opened_at;
    assert_eq!(page.backlog, Backlog { all: 7, mine: 0, free: 7, oldest: Some(oldest) });
    let size = on.store.receipts_from(1, u32::MAX).await.unwrap().len();
    assert_eq!((page.next, page.unsearched, page.receipts), (None, 0, size as u64));
    assert_eq!(page.items[0].request.id, runs[2].request.id);
    assert_eq!(page.items[0].request.text, "text of k2");
}

async fn the_queue_is_filtered_and_counted_alike(on: &Fixture) {
    let runs = scored(on, &[90, 90, 50, 50, 50, 10]).await;
    let brief = |at: usize| runs[at].brief();
    for (at, pilot) in [(1, "south"), (2, "nor_h"), (3, "north|south")] {
        sql(on, format!("UPDATE brief SET pilot = '{pilot}' WHERE id = '{}'", brief(at))).await;
    }
    sql(on, format!("UPDATE brief SET risk = 'critical' WHERE id = '{}'", brief(5))).await;
    let ada = on.store.persons().await.unwrap();
    assert!(ada.is_empty());
    on.store.hold(hold(on, &brief(0), 1, "usr_ada", false)).await.unwrap();
    on.store.decide(decide(on, &brief(4), 1, "usr_ada", "minor")).await.unwrap();
    let all = filter(on);
    let check = async |filter: QueueFilter, wanted: &[usize]| {
        let page = on.store.queue(&filter, None).await.unwrap();
        let seen: Vec<BriefId> = page.items.iter().map(|row| row.brief.id.clone()).collect();
        assert_eq!(seen, wanted.iter().map(|at| brief(*at)).collect::<Vec<_>>(), "{filter:?}");
        assert_eq!(page.tally.total() as usize, wanted.len(), "{filter:?}");
        page
    };
    let of = |pilots: &[&str]| Some(pilots.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>());
    check(QueueFilter { pilots: of(&["north"]), ..all.clone() }, &[0, 4, 5]).await;
    check(QueueFilter { pilots: of(&["south", "nor_h"]), ..all.clone() }, &[1, 2]).await;
    check(QueueFilter { pilots: of(&[]), ..all.clone() }, &[]).await;
    check(QueueFilter { pilots: of(&["%"]), ..all.clone() }, &[]).await;
    check(QueueFilter { state: Some("amending".into()), ..all.clone() }, &[4]).await;
    check(QueueFilter { lane: Some(2), ..all.clone() }, &[2, 3, 4]).await;
    check(QueueFilter { risk: Some("critical".into()), ..all.clone() }, &[5]).await;
    check(QueueFilter { before: Some(runs[1].request.accepted_at), ..all.clone() }, &[0, 1]).await;
    let mine = QueueFilter { holder: QueueHolder::Person("usr_ada".into()), me: "usr_ada".into(), ..all.clone() };
    let page = check(mine.clone(), &[0]).await;
    assert_eq!((page.backlog.all, page.backlog.mine, page.backlog.free), (6, 1, 5));
    assert_eq!(page.items[0].brief.claim.as_ref().map(|(by, _)| by.as_str()), Some("usr_ada"));
    check(QueueFilter { holder: QueueHolder::Nobody, ..all.clone() }, &[1, 2, 3, 4, 5]).await;
    // A claim that has run out is none.
    let later = QueueFilter { now: on.in_secs(3600), ..mine };
    check(later.clone(), &[]).await;
    let page = check(QueueFilter { holder: QueueHolder::Nobody, ..later }, &[0, 1, 2, 3, 4, 5]).await;
    assert_eq!((page.items[0].brief.claim.clone(), page.backlog.mine, page.backlog.free), (None, 0, 6));
}

async fn pages_of_the_queue_lose_and_double_nothing(on: &Fixture) {
    scored(on, &[90, 10, 50, 90, 10, 50, 65]).await;
    let whole = listed(on, &filter(on)).await;
    for limit in 1..=8 {
        let (mut seen, mut after) = (Vec::new(), None);
        loop {
            let page = on.store.queue(&QueueFilter { limit, after, ..filter(on) }, None).await.unwrap();
            assert_eq!(page.tally.total(), 7, "counts are of all pages");
            seen.extend(page.items.into_iter().map(|row| row.brief.id));
            match page.next {
                // As it goes through an address.
                Some(next) => after = Some(next.to_string().parse::<QueuePlace>().unwrap()),
                None => break,
            }
        }
        assert_eq!(seen, whole, "{limit} at once");
    }
    for bad in ["", "brf_", "4.brf_01hzy3v9qke8v9b6j2m7c4x5td", whole[0].as_str(), &format!("0.{}x", whole[0])] {
        assert!(bad.parse::<QueuePlace>().is_err(), "{bad}");
    }
}

async fn a_search_counts_what_it_keeps_and_says_what_it_left(on: &Fixture) {
    let runs = scored(on, &[90, 50, 50, 10]).await;
    let looked = std::sync::Mutex::new(Vec::new());
    let first = runs[0].brief();
    let may =
        |brief: &BriefId, subject: Option<&str>| subject.is_none_or(|subject| !subject.is_empty()) && *brief != first;
    let is = |row: &crate::store::QueueRow| {
        looked.lock().unwrap().push(row.brief.id.clone());
        row.request.text.ends_with(['0', '1', '2', '3'])
    };
    let search = Search { may: &may, is: &is };
    let one = QueueFilter { limit: 2, ..filter(on) };
    let page = on.store.queue(&one, Some(&search)).await.unwrap();
    assert_eq!(
        page.items.iter().map(|row| &row.request.id).collect::<Vec<_>>(),
        [&runs[1].request.id, &runs[2].request.id]
    );
    assert_eq!((page.tally, page.backlog.all), (QueueTally { normal: 2, low: 1, ..QueueTally::default() }, 4));
    let rest = on.store.queue(&QueueFilter { after: page.next, ..one }, Some(&search)).await.unwrap();
    assert_eq!((rest.items.len(), rest.tally, rest.next), (1, page.tally, None));
    assert!(!looked.into_inner().unwrap().contains(&first), "what cannot be meant is not read");
    many(on).await;
    let all = Search { may: &|_, _| true, is: &|_| true };
    let page = on.store.queue(&filter(on), Some(&all)).await.unwrap();
    assert_eq!((page.tally.total(), page.unsearched), (MOST_SEARCHED, 4 + 6000 - MOST_SEARCHED));
}

/// 6,000 briefs that wait among as many that are decided.
async fn many(on: &Fixture) {
    let bytes = if on.store.is_shared() { "BYTEA" } else { "BLOB" };
    for fill in [
        "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 12000) \
         INSERT INTO brief (id, pilot, tenant, state, version, revision, digest, attempt, score, risk, opened_at, updated_at) \
         SELECT 'brf_' || substr('00000000000000000000000000', 1, 18) || (10000000 + i), 'north', 'acme', \
         CASE WHEN i % 2 = 0 THEN 'open' ELSE 'approved' END, 1, 1, 'd', 1, i % 100, 'low', CAST(i AS BIGINT) * 600000000, 0 FROM n",
        "INSERT INTO request (id, pilot, tenant, source, dedup_key, raw, media_type, text, likeness, attachments, received_at, accepted_at) \
         SELECT 'req_' || substr(id, 5), 'north', 'acme', 'mail', id, 'd', 'm', 't', CAST('x' AS BYTES), 0, opened_at, opened_at \
         FROM brief WHERE updated_at = 0",
        "ANALYZE",
    ] {
        sql(on, fill.replace("BYTES", bytes)).await;
    }
}

async fn the_queue_of_a_hundred_thousand_is_found_by_its_index(on: &Fixture) {
    many(on).await;
    let mut reader = on.store.walker().await.unwrap();
    let page = QueueFilter { pilots: Some(vec!["north".into()]), ..filter(on) };
    for (name, text, values) in page.asked() {
        let mut asked = text.to_owned();
        for (at, value) in values.iter().enumerate().rev() {
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
        let plan = plan.join("\n");
        if !on.store.is_shared() {
            // No brief is touched to know whether it fits.
            assert!(plan.contains("COVERING INDEX brief_queue"), "{name}\n{plan}");
        } else if name == "page" {
            // PostgreSQL may well read half a table in one go, for a count or a search.
            assert!(plan.contains("brief_queue"), "{name}\n{plan}");
            assert!(!plan.contains("Seq Scan on brief"), "{name}\n{plan}");
            assert!(!plan.contains("Seq Scan on request"), "{name}\n{plan}");
        }
    }
}

async fn views_are_each_persons_own(on: &Fixture) {
    let (ada, bob) = (UserId::new(on.now(), [1; 10]), UserId::new(on.now(), [2; 10]));
    let save = async |person: &UserId, name: &str, query: &str| {
        let (person, at): (UserId, Timestamp) = (person.clone(), on.now());
        on.store.save_view(SaveView { person, name: name.into(), query: query.into(), at }).await
    };
    save(&ada, "Urgent", "band=urgent").await.unwrap();
    save(&ada, "Mine", "holder=me").await.unwrap();
    save(&bob, "Urgent", "band=high").await.unwrap();
    save(&ada, "Urgent", "band=urgent&risk=high").await.unwrap();
    let views = async |person: &UserId| {
        let views = on.store.views(person.as_str()).await.unwrap();
        views.into_iter().map(|view| (view.name, view.query)).collect::<Vec<_>>()
    };
    let own = |pairs: &[(&str, &str)]| {
        pairs.iter().map(|(name, query)| ((*name).to_owned(), (*query).to_owned())).collect::<Vec<_>>()
    };
    assert_eq!(views(&ada).await, own(&[("Mine", "holder=me"), ("Urgent", "band=urgent&risk=high")]));
    assert_eq!(views(&bob).await, own(&[("Urgent", "band=high")]));
    on.store.drop_view(DropView { person: ada.clone(), name: "Urgent".into() }).await.unwrap();
    let gone = on.store.drop_view(DropView { person: ada.clone(), name: "Urgent".into() }).await;
    assert!(matches!(gone, Err(StoreError::NotFound { .. })), "{gone:?}");
    assert_eq!((views(&ada).await.len(), views(&bob).await.len()), (1, 1));
    for number in 1..MOST_VIEWS {
        save(&ada, &format!("v{number}"), "").await.unwrap();
    }
    let refused = save(&ada, "one more", "").await;
    assert!(matches!(refused, Err(StoreError::Conflict { .. })), "{refused:?}");
    save(&ada, "Mine", "holder=nobody").await.unwrap();
    assert_eq!(views(&ada).await.len(), 50);
}
