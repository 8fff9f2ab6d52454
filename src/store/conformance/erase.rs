//! Erasing: what a request said goes from every table and, once the file is written anew, from the file; its receipts stay, nothing comes
//! back, and what is on its way to somebody keeps it from going.

use super::fixture::{Fixture, is_stale};
use super::letters::{claimed as sent_off, kept, letter, queue};
use super::samples::{accept, advance, claim, claimed, decide, draft, edit, in_review, node, permit, retry, review_of};
use super::writeback::{approved, new};
use super::writing::undo;
use super::{on_both, writeback};
use crate::domain::erasure::ErasureReason;
use crate::domain::id::{ReplyId, RequestId};
use crate::domain::review::ReviewState;
use crate::domain::writeback::WriteState;
use crate::policy::{Action, Kind};
use crate::store::{
    Accepted, Advance, ClaimedRun, Erase, Erased, File, LetterFilter, NewLetter, Next, RequestFilter, StoreError, Url,
};
use opspilot_sdk::sha256_hex;
use sqlx::{Connection as _, Row as _};
use std::sync::Arc;

on_both!(
    nothing_of_it_is_left_but_its_receipts,
    a_file_that_others_have_stays,
    what_was_erased_does_not_come_back,
    whoever_works_on_it_is_too_late,
    what_is_on_its_way_is_not_erased,
    an_answer_that_comes_afterwards_is_not_kept,
    what_was_written_is_taken_back_first_or_left_there,
);

/// Stands in everything that is to go, and nowhere else.
const MARK: &str = "Zanzibar-77-lion";

fn order(on: &Fixture, request: &RequestId) -> Erase {
    Erase {
        request: request.clone(),
        reason: ErasureReason::Asked,
        leaves_writes: false,
        person: "usr_ada".into(),
        permit: permit(Action::RequestErase, Kind::Request, request.as_str()),
        at: on.now(),
    }
}

async fn erase(on: &Fixture, request: &RequestId) -> Erased {
    on.store.erase(order(on, request)).await.unwrap()
}

fn is_gone<T>(outcome: &Result<T, StoreError>) -> bool {
    matches!(outcome, Err(StoreError::Erased { .. }))
}

/// The refusal of an erasure.
async fn refusal(on: &Fixture, request: &RequestId) -> String {
    match on.store.erase(order(on, request)).await {
        Err(StoreError::Conflict { what }) => what,
        other => panic!("not refused: {other:?}"),
    }
}

/// Tables that hold the mark, and files of the store that do.
async fn traces(on: &Fixture) -> Vec<String> {
    let hex: String = MARK.bytes().map(|byte| format!("{byte:02x}")).collect();
    match on.url() {
        Url::Sqlite(file) => {
            let folder = std::fs::read_dir(file.parent().unwrap()).unwrap();
            let files = folder.map(|entry| entry.unwrap().path());
            let holds = |path: &std::path::PathBuf| {
                std::fs::read(path).unwrap().windows(MARK.len()).any(|bytes| bytes == MARK.as_bytes())
            };
            files.filter(holds).map(|path| path.display().to_string()).collect()
        }
        Url::Postgres(url) => {
            let mut conn = sqlx::PgConnection::connect(&url).await.unwrap();
            let tables = sqlx::query("SELECT tablename::text FROM pg_tables WHERE schemaname = 'public'");
            let mut found = Vec::new();
            for row in tables.fetch_all(&mut conn).await.unwrap() {
                let table: String = row.get(0);
                let sql = format!(
                    "SELECT count(*) FROM \"{table}\" t WHERE t::text LIKE '%{MARK}%' OR t::text LIKE '%{hex}%'"
                );
                let count: i64 = sqlx::query_scalar(sqlx::AssertSqlSafe(sql)).fetch_one(&mut conn).await.unwrap();
                found.extend((count > 0).then_some(table));
            }
            found
        }
    }
}

/// A request with a file whose brief was edited, told of by mail, and answered, with the mark wherever words can stand.
async fn marked(on: &Fixture) -> ClaimedRun {
    let mut accept = accept(on, "k1", &format!("text with {MARK}"));
    let bytes = format!("file with {MARK}").into_bytes();
    let digest = sha256_hex(&bytes);
    accept.files = vec![File { name: format!("{MARK}.txt"), media_type: "text/plain".into(), digest, bytes }];
    let request = Arc::make_mut(&mut accept.request);
    for field in [
        &mut request.subject,
        &mut request.sender_name,
        &mut request.sender_email,
        &mut request.sender_phone,
        &mut request.organisation,
        &mut request.external_id,
    ] {
        *field = Some(MARK.into());
    }
    request.attachments = 1;
    on.store.accept(accept).await.unwrap();
    let run = claim(on, &node(on), 1).await.pop().unwrap();
    let mut commit = Advance { acts: vec![draft(&run, 1, 1, MARK)], ..advance(on, &run, review_of(&run)) };
    commit.steps[0].output = Some(format!("{{\"said\":\"{MARK}\"}}"));
    on.store.advance(commit).await.unwrap();
    on.store.edit(edit(on, &run.brief(), 1, 2, &format!("edited {MARK}"))).await.unwrap();
    let decision =
        crate::store::Decide { comment: Some(MARK.into()), ..decide(on, &run.brief(), 2, "usr_ada", "minor") };
    on.store.decide(decision).await.unwrap();
    let about = NewLetter { subject: MARK.into(), text: MARK.into(), ..letter(on, &run, "") };
    let of_the_day = NewLetter {
        brief: None,
        kind: "digest",
        message_id: "day@ops.example".into(),
        token: None,
        text: format!("{MARK} · {}", run.brief()),
        ..letter(on, &run, "today")
    };
    let other =
        NewLetter { text: "Nothing of it.".into(), message_id: "other@ops.example".into(), ..of_the_day.clone() };
    let other = NewLetter { id: letter(on, &run, "").id, about: "tomorrow".into(), ..other };
    queue(on, vec![about, of_the_day, other]).await;
    run
}

async fn nothing_of_it_is_left_but_its_receipts(on: &Fixture) {
    let run = marked(on).await;
    let before = traces(on).await;
    assert!(!before.is_empty(), "the mark is found where it stands");
    let erased = erase(on, &run.request.id).await;
    assert_eq!((erased.before, erased.revisions, erased.files, erased.letters), (false, 2, 1, 2));
    on.store.rewrite().await.unwrap();
    assert_eq!(traces(on).await, Vec::<String>::new());

    let view = on.store.request(&run.request.id).await.unwrap();
    assert_eq!((view.state, view.request.text.as_str(), view.request.attachments), ("erased", "", 0));
    assert!(is_gone(&on.store.raw(&view.request).await));
    assert!(is_gone(&on.store.revisions(&run.brief()).await));
    assert_eq!(on.store.brief(&run.brief()).await.unwrap().state, ReviewState::Withdrawn);
    let filter = RequestFilter { state: Some("erased".into()), limit: 10, ..RequestFilter::default() };
    assert_eq!(on.store.requests(&filter).await.unwrap().items.len(), 1);
    assert_eq!(on.store.letters(&LetterFilter { limit: 10, ..LetterFilter::default() }).await.unwrap().items.len(), 1);

    let again = erase(on, &run.request.id).await;
    assert!(again.before, "a second time there is nothing to do");
    assert_eq!(on.verify().await["request.erased"], 1);
    let nothing = RequestId::new(on.now(), [9; 10]);
    assert!(matches!(on.store.erase(order(on, &nothing)).await, Err(StoreError::NotFound { .. })));
}

async fn a_file_that_others_have_stays(on: &Fixture) {
    let shared = File {
        name: "a".into(),
        media_type: "text/plain".into(),
        digest: sha256_hex(b"shared"),
        bytes: b"shared".to_vec(),
    };
    let mut requests = Vec::new();
    for key in ["k1", "k2"] {
        let mut accept = accept(on, key, key);
        accept.files = vec![shared.clone()];
        requests.push(accept.request.id.clone());
        on.store.accept(accept).await.unwrap();
    }
    erase(on, &requests[0]).await;
    assert_eq!(on.store.blob(&shared.digest).await.unwrap(), b"shared");
    erase(on, &requests[1]).await;
    assert!(matches!(on.store.blob(&shared.digest).await, Err(StoreError::NotFound { .. })));
}

async fn what_was_erased_does_not_come_back(on: &Fixture) {
    let first = accept(on, "k1", "text");
    let id = first.request.id.clone();
    on.store.accept(first).await.unwrap();
    let Accepted::Alike { request: same, .. } = on.store.accept(accept(on, "k2", "text")).await.unwrap() else {
        panic!("not alike")
    };
    assert_eq!(erase(on, &id).await.alike, [same.to_string()], "what says the same is named");
    assert_eq!(on.store.accept(accept(on, "k1", "text")).await.unwrap(), Accepted::Repeat(id.clone()));
    assert!(is_gone(&on.store.retry(retry(on, &id)).await));
    // Nothing is left to find that another says the same.
    erase(on, &same).await;
    assert!(matches!(on.store.accept(accept(on, "k3", "text")).await.unwrap(), Accepted::New(_)));
}

async fn whoever_works_on_it_is_too_late(on: &Fixture) {
    let run = claimed(on, "k1").await;
    erase(on, &run.request.id).await;
    let commit = Advance { acts: vec![draft(&run, 1, 1, MARK)], ..advance(on, &run, Next::Completed) };
    assert!(is_stale(&on.store.advance(commit).await));
    let waiting = in_review(on, "k2").await;
    erase(on, &waiting.request.id).await;
    assert!(is_stale(&on.store.edit(edit(on, &waiting.brief(), 1, 2, MARK)).await));
    assert!(is_stale(&on.store.decide(decide(on, &waiting.brief(), 1, "usr_ada", "approve")).await));
}

async fn what_is_on_its_way_is_not_erased(on: &Fixture) {
    let run = in_review(on, "k1").await;
    queue(on, vec![letter(on, &run, "")]).await;
    kept(on, "m1", &format!("secret {} ", run.brief())).await;
    assert!(refusal(on, &run.request.id).await.contains("an answer by mail"));
    sent_off(on).await;
    assert!(refusal(on, &run.request.id).await.contains("is just being sent"));
    let row = on.store.brief(&run.brief()).await.unwrap();
    assert_eq!((row.state, row.version), (ReviewState::Open, 1), "a refusal changes nothing");
    assert!(!on.verify().await.contains_key("request.erased"));
}

async fn an_answer_that_comes_afterwards_is_not_kept(on: &Fixture) {
    let run = in_review(on, "k1").await;
    queue(on, vec![letter(on, &run, "")]).await;
    let token = format!("secret {} ", run.brief());
    let before = kept(on, "m1", "another secret").await;
    erase(on, &run.request.id).await;
    let after = kept(on, "m2", &token).await;
    let replies = on.store.replies(None, None, 10).await.unwrap().items;
    let row = |id: &ReplyId| replies.iter().find(|reply| reply.id == *id).unwrap();
    assert_eq!((row(&before).state.as_str(), row(&before).raw.is_empty()), ("waiting", false), "it is about another");
    let late = row(&after);
    assert_eq!((late.state.as_str(), late.raw.as_str(), late.code.as_deref()), ("refused", "", Some("OP-3009")));
    assert_eq!(late.brief, Some(run.brief()), "whoever asks about the request is told");
    let kinds = on.verify().await;
    assert_eq!((kinds["reply.kept"], kinds["reply.refused"]), (2, 1));
}

async fn what_was_written_is_taken_back_first_or_left_there(on: &Fixture) {
    let run = approved(on, "k1", vec![new(on, "w1", "contact:1", 0)]).await;
    assert!(refusal(on, &run.request.id).await.contains("is waiting"));
    writeback::opened(on).await;
    let write = writeback::sending(on).await;
    writeback::settle(on, &write, writeback::done("77")).await.unwrap();
    assert!(refusal(on, &run.request.id).await.contains("1 written"));
    on.store.erase(Erase { leaves_writes: true, ..order(on, &run.request.id) }).await.unwrap();
    let left = on.store.write(&write.id).await.unwrap();
    assert_eq!(
        (left.state, left.far_id.as_deref(), left.write.call.body.as_str()),
        (WriteState::Written, Some("77"), "")
    );
    assert!(is_gone(&on.store.undo_write(undo(on, &left, false)).await));
}
