//! The highest version of the policies: it rises, never falls, and tells of every rise.

use super::fixture::Fixture;
use super::on_both;
use serde_json::Value;

on_both!(it_only_rises_and_leaves_a_receipt_when_it_does);

async fn it_only_rises_and_leaves_a_receipt_when_it_does(on: &Fixture) {
    assert_eq!(on.store.policy_version().await.unwrap(), 0);
    for (version, highest) in [(3, 3), (2, 3), (3, 3), (4, 4)] {
        on.store.raise_policy_version(version, "sha256:00").await.unwrap();
        assert_eq!(on.store.policy_version().await.unwrap(), highest);
    }
    let receipts = on.store.receipts_from(1, u32::MAX).await.unwrap();
    let receipts = receipts.iter().map(|receipt| serde_json::from_slice::<Value>(&receipt.bytes).unwrap());
    let raised: Vec<Value> =
        receipts.filter(|told| told["kind"] == "policy.raised").map(|told| told["body"]["version"].clone()).collect();
    assert_eq!(raised, [3, 4]);
}
