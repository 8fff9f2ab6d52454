//! What the webhook door turned away: counted each time, told of in the log once a minute for each source and code. Own file because a
//! flood of refusals must neither go unseen nor fill the log. INVARIANT: nothing here comes from outside: a source is one that is
//! configured, a code is one of ours; so counters and memory are bounded.

use jiff::{SignedDuration, Timestamp};
use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

/// How long the log is silent about one code of one source after a line.
const QUIET: SignedDuration = SignedDuration::from_secs(60);

/// When a code of a source was last told of, and how often it was refused since.
#[derive(Debug, Default)]
pub(super) struct TurnedAway(Mutex<BTreeMap<(String, String), (Timestamp, u64)>>);

impl TurnedAway {
    /// A delivery to `source` was refused; `None` for an address that is no source's, whatever it says.
    pub(super) fn note(&self, source: Option<&str>, code: &str, request: &str, now: Timestamp) {
        // An empty label is, to Prometheus, none.
        let source = source.unwrap_or_default();
        metrics::counter!("opspilot_deliveries_refused_total", "source" => source.to_owned(), "code" => code.to_owned())
            .increment(1);
        if let Some(refused) = self.told(source, code, now) {
            tracing::info!(
                source.name = source,
                code,
                refused,
                request,
                "a delivery was refused; the next like it are told of in a minute"
            );
        }
    }

    /// How many were refused since the last line, when one is due.
    fn told(&self, source: &str, code: &str, now: Timestamp) -> Option<u64> {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (last, silent) = all.entry((source.to_owned(), code.to_owned())).or_insert((Timestamp::MIN, 0));
        *silent += 1;
        // A clock that was set back does not keep the log silent.
        if (*last..last.saturating_add(QUIET).unwrap_or(Timestamp::MAX)).contains(&now) {
            return None;
        }
        *last = now;
        Some(std::mem::take(silent))
    }
}

#[cfg(test)]
mod tests {
    use super::TurnedAway;
    use jiff::Timestamp;
    use metrics_exporter_prometheus::PrometheusBuilder;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(1_790_000_000 + second).unwrap()
    }

    #[test]
    fn a_flood_is_one_line_a_minute_and_says_how_large_it_is() {
        let turned = TurnedAway::default();
        assert_eq!(turned.told("site", "OP-2102", at(0)), Some(1));
        for second in 0..59 {
            assert_eq!(turned.told("site", "OP-2102", at(second)), None);
        }
        assert_eq!(turned.told("site", "OP-2103", at(59)), Some(1), "another code is told of at once");
        assert_eq!(turned.told("other", "OP-2102", at(59)), Some(1), "another source is, too");
        assert_eq!(turned.told("site", "OP-2102", at(60)), Some(60));
        assert_eq!(turned.told("site", "OP-2102", at(-7200)), Some(1), "a clock set back");
    }

    #[test]
    fn each_is_counted_by_source_and_code_alone() {
        let recorder = PrometheusBuilder::new().build_recorder();
        let page = recorder.handle();
        metrics::with_local_recorder(&recorder, || {
            let turned = TurnedAway::default();
            (0..3).for_each(|_| turned.note(Some("site"), "OP-2102", "r-1", at(0)));
            turned.note(None, "OP-9010", "r-2", at(0));
        });
        let page = page.render();
        let counted: Vec<&str> = page.lines().filter(|line| !line.is_empty() && !line.starts_with('#')).collect();
        assert_eq!(counted.len(), 2, "{page}");
        assert!(counted.contains(&r#"opspilot_deliveries_refused_total{source="site",code="OP-2102"} 3"#), "{page}");
        assert!(counted.contains(&r#"opspilot_deliveries_refused_total{source="",code="OP-9010"} 1"#), "{page}");
    }
}
