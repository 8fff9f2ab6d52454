//! Metrics in Prometheus' text format. Counters and histograms are kept as things happen; what must be counted in the store is counted
//! when somebody asks, so that an idle daemon stays idle.

use crate::store::Store;
use metrics::{describe_counter, describe_gauge, describe_histogram, gauge};
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};
use std::sync::Arc;
use std::sync::OnceLock;
use std::time::Duration;
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

/// Upper ends of the classes of every duration, in seconds: from a pure step, some 10 µs, to the longest that a slow model is waited for.
const SECONDS: [f64; 17] =
    [0.00001, 0.00003, 0.0001, 0.0003, 0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1.0, 3.0, 10.0, 30.0, 100.0, 300.0, 900.0];
/// Upper ends of the classes of batch sizes.
const SIZES: [f64; 9] = [1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0, 256.0];

/// The meters of this process. Cheap to clone.
#[derive(Clone)]
pub(super) struct Meters {
    handle: Option<PrometheusHandle>,
    asked: Arc<Notify>,
}

/// Installs the meters, once per process.
pub(super) fn start() -> Meters {
    static HANDLE: OnceLock<Option<PrometheusHandle>> = OnceLock::new();
    let handle = HANDLE.get_or_init(|| {
        let builder = PrometheusBuilder::new()
            .set_buckets_for_metric(Matcher::Suffix("_seconds".into()), &SECONDS)
            .and_then(|builder| builder.set_buckets_for_metric(Matcher::Suffix("_size".into()), &SIZES));
        let handle = builder.and_then(PrometheusBuilder::install_recorder);
        if let Err(cause) = &handle {
            tracing::warn!(error = %cause, "there will be no metrics");
        }
        describe();
        handle.ok()
    });
    Meters { handle: handle.clone(), asked: Arc::default() }
}

impl Meters {
    /// The page, with the counts of the last time somebody asked; asking has them counted anew.
    pub(super) fn render(&self) -> String {
        self.asked.notify_one();
        self.handle.as_ref().map(PrometheusHandle::render).unwrap_or_default()
    }

    /// Counts in the store whenever somebody asked, until `stop`.
    pub(super) async fn count(self, store: Store, stop: CancellationToken) {
        loop {
            tokio::select! {
                () = stop.cancelled() => return,
                () = self.asked.notified() => {}
                // Histograms keep their samples until they are drained.
                () = tokio::time::sleep(Duration::from_secs(10)) => {
                    if let Some(handle) = &self.handle { handle.run_upkeep(); }
                    continue;
                }
            }
            match store.tally().await {
                Ok(tally) => {
                    let age = |since: Option<i64>| {
                        since.map_or(0.0, |since| (store.now().as_microsecond() - since) as f64 / 1e6)
                    };
                    gauge!("opspilot_requests").set(tally.requests as f64);
                    gauge!("opspilot_queue_depth").set(tally.available as f64);
                    gauge!("opspilot_queue_age_seconds").set(age(tally.oldest_available));
                    gauge!("opspilot_runs_running").set(tally.running as f64);
                    gauge!("opspilot_runs_retryable").set(tally.retryable as f64);
                    gauge!("opspilot_runs_discarded").set(tally.discarded as f64);
                    gauge!("opspilot_runs_uncertain").set(tally.uncertain as f64);
                    gauge!("opspilot_reviews_undecided").set(tally.undecided as f64);
                    gauge!("opspilot_review_age_seconds").set(age(tally.oldest_undecided));
                }
                Err(cause) => tracing::warn!(error = %cause, "the store could not be counted"),
            }
            if let Ok(items) = store.quarantined().await {
                gauge!("opspilot_quarantined").set(items as f64);
            }
            if let Ok(aside) = store.letters_aside().await {
                for state in ["uncertain", "refused", "bounced", "capped"] {
                    let letters = aside.iter().find(|(other, _)| other == state).map_or(0, |(_, letters)| *letters);
                    gauge!("opspilot_letters_aside", "state" => state).set(letters as f64);
                }
            }
        }
    }
}

fn describe() {
    describe_counter!("opspilot_intake_total", "Envelopes taken in, by source and outcome");
    describe_counter!("opspilot_deliveries_refused_total", "Deliveries that a webhook refused, by source and code");
    describe_counter!("opspilot_runs_total", "Commits of runs, by the state they took");
    describe_counter!("opspilot_briefs_parked_total", "Briefs drafted and laid before people");
    describe_counter!("opspilot_source_rejected_total", "Items and files a source set aside");
    describe_counter!("opspilot_items_aside_total", "Items put into quarantine or ignored, by source and state");
    describe_gauge!("opspilot_quarantined", "Items in quarantine that wait for a person");
    describe_gauge!("opspilot_letters_aside", "Letters that want a person, by state");
    describe_counter!("opspilot_reconcile_faults_total", "Comparisons with the far side that could not be completed");
    describe_gauge!("opspilot_source_proven_timestamp_seconds", "When a source last proved that reading works");
    describe_gauge!("opspilot_reconcile_held", "Items the far side held at the last comparison");
    describe_gauge!("opspilot_reconcile_missing", "Of these, items not accounted for");
    describe_counter!("opspilot_decisions_total", "Decisions by people, by verdict");
    describe_counter!("opspilot_source_faults_total", "Faults of pulled sources");
    describe_histogram!("opspilot_store_commit_seconds", "Time of one group commit, from begin to durable");
    describe_histogram!("opspilot_store_batch_size", "Verbs per group commit");
    describe_histogram!("opspilot_step_seconds", "Time of one step of a run, by its kind");
    describe_histogram!("opspilot_generator_seconds", "Time of one draft, by generator");
    describe_counter!("opspilot_model_calls_total", "Calls to models, by generator and what became of their charge");
    describe_counter!(
        "opspilot_spend_micros_total",
        "Settled since the start, by generator, in millionths of a dollar"
    );
    describe_counter!("opspilot_spend_refused_total", "Calls that a budget refused, by generator");
    describe_counter!("opspilot_spend_alarms_total", "Budgets that reached 50, 80 or 100 %");
    describe_counter!("opspilot_rate_waits_total", "Calls that a rate put off, by generator");
    describe_gauge!("opspilot_spend_settled_micros", "Settled in the present period, in millionths of a dollar");
    describe_gauge!("opspilot_spend_held_micros", "Held in the present period, in millionths of a dollar");
    describe_gauge!("opspilot_spend_limit_micros", "The limit of the present period, in millionths of a dollar");
    describe_gauge!("opspilot_reservations", "Calls that are on their way, unreported or disputed");
    describe_gauge!("opspilot_generator_state", "1 for the state that a generator's far side is in");
    describe_gauge!("opspilot_requests", "Requests in the store");
    describe_gauge!("opspilot_queue_depth", "Runs that want a worker");
    describe_gauge!("opspilot_queue_age_seconds", "Age of the oldest run that wants a worker");
    describe_gauge!("opspilot_runs_running", "Runs being worked on");
    describe_gauge!("opspilot_runs_retryable", "Runs that are tried again later");
    describe_gauge!("opspilot_runs_discarded", "Dead letters");
    describe_gauge!("opspilot_runs_uncertain", "Runs a person must settle");
    describe_gauge!("opspilot_reviews_undecided", "Briefs that wait for people");
    describe_gauge!("opspilot_review_age_seconds", "Age of the oldest brief that waits for people");
}
