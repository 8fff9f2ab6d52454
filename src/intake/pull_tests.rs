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
use opspilot_sdk::{
    Batch, BatchId, BoxFuture, ConnectorError, Content, Cursor, DedupKey, Envelope, Lane, Refused, Settled, Source,
};
use std::collections::BTreeMap;
use std::io;
use std::sync::{Arc, Mutex};
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

/// Gives three items their old keys: one that never changes, one that is changed once, and one that is another each time.
#[derive(Default)]
struct Forgetful {
    round: usize,
}

impl Source for Forgetful {
    fn check(&self) -> BoxFuture<'_, Result<(), ConnectorError>> {
        Box::pin(async { Ok(()) })
    }

    fn poll(&mut self, _: Option<Cursor>, _: usize) -> BoxFuture<'_, Result<Batch, ConnectorError>> {
        self.round += 1;
        let words = [0, self.round.min(2), self.round].map(|version| format!("words, version {version}"));
        let envelopes = ["same", "once", "ever"].into_iter().zip(words).map(|(key, text)| Envelope {
            key: DedupKey::new(key),
            external_id: None,
            received_at: jiff::Timestamp::UNIX_EPOCH,
            media_type: "text/plain".to_owned(),
            raw: text.clone().into_bytes(),
            content: Content::Text(format!("{key}: {text}")),
            attachments: Vec::new(),
        });
        let batch =
            Batch { envelopes: envelopes.collect(), again_in: Some(Duration::from_secs(1)), ..Batch::default() };
        Box::pin(async { Ok(batch) })
    }

    fn settle(&mut self, _: BatchId, _: Settled) -> BoxFuture<'_, Result<(), ConnectorError>> {
        Box::pin(async { Ok(()) })
    }

    fn close(&mut self) -> BoxFuture<'_, ()> {
        Box::pin(async {})
    }
}

/// What was logged.
#[derive(Clone, Default)]
struct Paper(Arc<Mutex<Vec<u8>>>);

impl io::Write for Paper {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn a_key_with_other_content_is_counted_each_time_and_logged_once() {
    let recorder = PrometheusBuilder::new().build_recorder();
    let (page, paper) = (recorder.handle(), Paper::default());
    let writer = paper.clone();
    let logged = tracing_subscriber::fmt().with_ansi(false).with_writer(move || writer.clone()).finish();
    let _logged = tracing::subscriber::set_default(logged);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    metrics::with_local_recorder(&recorder, || {
        runtime.block_on(async {
            let on = Fixture::sqlite().await;
            let node = samples::node(&on);
            let pull = pull(&on, &node);
            let (mut hand, mut source) = (Hand::default(), Forgetful::default());
            for _ in 0..5 {
                pull.turn(&mut source, &mut hand).await.unwrap();
            }
        });
    });
    let log = String::from_utf8(paper.0.lock().unwrap().clone()).unwrap();
    let lines: Vec<&str> = log.lines().filter(|line| line.contains("OP-3002")).collect();
    assert_eq!(lines.len(), 2, "{log}");
    for key in ["once", "ever"] {
        assert!(lines.iter().any(|line| line.contains(key) && line.contains("counted only")), "{key}: {log}");
    }
    let page = page.render();
    let outcome = |word: &str| {
        let start = format!("opspilot_intake_total{{source=\"mail\",outcome=\"{word}\"}} ");
        page.lines().find_map(|line| line.strip_prefix(start.as_str())?.parse::<u64>().ok())
    };
    assert_eq!((outcome("new"), outcome("repeat"), outcome("clash")), (Some(3), Some(4), Some(8)), "{page}");
    assert_eq!(counted(&page).as_deref(), Some("5"), "each is in quarantine once: {page}");
}

fn pull(on: &Fixture, node: &NodeId) -> Pull {
    let door = Door { source: "mail".to_owned(), pilot: "north".to_owned(), lane: Lane::Bulk, submitter: None };
    let policies = Policies::new(PolicySet::embedded());
    let clock = Arc::clone(&on.clock) as Arc<dyn Clock>;
    let sample = samples::accept(on, "any", "any");
    let starts = BTreeMap::from([(Pilot::sample().workflow, (sample.definition, sample.first_step))]);
    let intake = Intake::new(on.store.clone(), policies, Pilots::new([Pilot::sample()]), clock, starts, 100);
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
