//! The receipt log: receipts by subject, the signed head, checkpoints that later logs are held against.

use super::fixture::Fixture;
use super::on_both;
use super::samples::{accept, decide, in_review};
use crate::receipt::Receipt;

on_both!(every_act_on_a_request_is_found_by_it, checkpoints_are_kept_once_a_size, a_fresh_store_has_a_signed_empty_log);

async fn every_act_on_a_request_is_found_by_it(on: &Fixture) {
    let run = in_review(on, "k1").await;
    on.store.accept(accept(on, "k2", "another")).await.unwrap();
    on.store.decide(decide(on, &run.brief(), 1, "usr_ada", "approve")).await.unwrap();
    let receipts = on.store.receipts_of(run.request.id.as_str()).await.unwrap();
    let read: Vec<Receipt> = receipts.iter().map(|row| Receipt::from_bytes(&row.bytes).unwrap()).collect();
    let kinds: Vec<&str> = read.iter().map(|receipt| receipt.kind.as_str()).collect();
    assert_eq!(kinds, ["request.accepted", "run.told", "brief.decided"]);
    assert!(read.iter().zip(&receipts).all(|(receipt, row)| receipt.seq == row.seq));
    let page = on.store.receipts_from(2, 2).await.unwrap();
    assert_eq!(page.iter().map(|row| row.seq).collect::<Vec<_>>(), [2, 3]);
}

async fn checkpoints_are_kept_once_a_size(on: &Fixture) {
    for number in 0..3 {
        on.store.accept(accept(on, &format!("k{number}"), &format!("text {number}"))).await.unwrap();
        on.store.keep_checkpoint().await.unwrap();
        on.store.keep_checkpoint().await.unwrap();
        assert_eq!(on.store.checkpoints().await.unwrap().len(), number + 1);
        // Walks the log against all of them.
        on.verify().await;
    }
    assert_eq!(on.store.checkpoints().await.unwrap()[2], on.store.log_head().await.unwrap().unwrap().note);
}

async fn a_fresh_store_has_a_signed_empty_log(on: &Fixture) {
    assert!(on.verify().await.is_empty());
    let head = on.store.log_head().await.unwrap().unwrap();
    // Opening again leaves it as it is.
    assert_eq!(on.another().await.log_head().await.unwrap().unwrap().note, head.note);
}
