//! A pulled source over a real store: what is told of a batch, and when.

use super::{Hand, Pull, PullOptions};
use crate::clock::Clock;
use crate::domain::id::NodeId;
use crate::domain::pilot::{Pilot, Pilots};
use crate::intake::{Door, Intake};
use crate::policy::{Policies, PolicySet};
use crate::store::QuarantineFilter;
use crate::store::conformance::{Fixture, samples};
use metrics_exporter_prometheus::PrometheusBuilder;
use opspilot_sdk::{Batch, BatchId, BoxFuture, ConnectorError, Cursor, DedupKey, Lane, Refused, Settled, Source};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

/// Offers the same unreadable item for ever, as after a crash before the source heard of the commit.
struct Again;

impl Source for Again {
    fn check(&self) -> BoxFuture<'_, Result<(), ConnectorError>> {
        Box::pin(async { Ok(()) })
    }

    fn poll(&mut self, _: Option<Cursor>, _: usize) -> BoxFuture<'_, Result<Batch, ConnectorError>> {
        let item = Refused {
            key: DedupKey::new("item-1"),
            place: "INBOX, message 1".to_owned(),
            code: "OP-2511",
            reason: "too large".to_owned(),
        };
        Box::pin(async {
            Ok(Batch { refused: vec![item], again_in: Some(Duration::from_secs(1)), ..Batch::default() })
        })
    }

    fn settle(&mut self, _: BatchId, _: Settled) -> BoxFuture<'_, Result<(), ConnectorError>> {
        Box::pin(async { Ok(()) })
    }

    fn close(&mut self) -> BoxFuture<'_, ()> {
        Box::pin(async {})
    }
}

fn pull(on: &Fixture, node: &NodeId) -> Pull {
    let door = Door { source: "mail".to_owned(), pilot: "north".to_owned(), lane: Lane::Bulk, submitter: None };
    let policies = Policies::new(PolicySet::embedded());
    let clock = Arc::clone(&on.clock) as Arc<dyn Clock>;
    let intake = Intake::new(on.store.clone(), policies, Pilots::new([Pilot::sample()]), clock, BTreeMap::new(), 100);
    Pull::new(intake, door, PullOptions::default(), node.clone())
}

/// The counter's value for items in quarantine.
fn counted(page: &str) -> Option<String> {
    page.lines().find_map(|line| {
        line.strip_prefix(r#"opspilot_items_aside_total{source="mail",state="quarantined"} "#).map(str::to_owned)
    })
}

#[test]
fn an_item_is_counted_once_it_is_stored_and_its_repeats_are_not() {
    let recorder = PrometheusBuilder::new().build_recorder();
    let page = recorder.handle();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    metrics::with_local_recorder(&recorder, || {
        runtime.block_on(async {
            let on = Fixture::sqlite().await;
            let node = samples::node(&on);
            let pull = pull(&on, &node);
            let mut hand = Hand::default();
            // Nobody holds the source, so nothing is stored.
            let batch = Again.poll(None, 1).await.unwrap();
            pull.take_in(&mut Again, batch, &mut hand).await.unwrap_err();
            assert_eq!(counted(&page.render()), None, "what was not stored is not counted");
            for round in ["new", "a repeat is no second item"] {
                pull.turn(&mut Again, &mut hand).await.unwrap();
                assert_eq!(counted(&page.render()).as_deref(), Some("1"), "{round}");
            }
            let all = QuarantineFilter { limit: 9, ..QuarantineFilter::default() };
            assert_eq!(on.store.quarantines(&all).await.unwrap().items.len(), 1);
            assert_eq!(pull.health().lock().unwrap().refused, 1);
        });
    });
}
