//! What reaches the daemon's log: the program's standard error, under the source's name, and never the text of a request.

use opspilot_exec::Exec;
use opspilot_sdk::{BuildContext, Built, Clock, Spec as _};
use std::io;
use std::sync::{Arc, Mutex, PoisonError};

struct Noon;

impl Clock for Noon {
    fn now(&self) -> jiff::Timestamp {
        jiff::Timestamp::constant(1_795_000_000, 0)
    }
}

#[derive(Clone, Default)]
struct Paper(Arc<Mutex<Vec<u8>>>);

impl io::Write for Paper {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

const SCRIPT: &str = r#"
printf 'connected\rINFO forged \033[31mline\n' >&2
echo '{"key":"1","text":"told-in-confidence"}'
echo '{"key":"2","txt":"told-in-confidence"}'
echo 'told-in-confidence'
echo 'the last words' >&2
exit 5
"#;

#[tokio::test]
async fn the_log_holds_the_program_s_words_and_no_request() {
    let paper = Paper::default();
    let writer = paper.clone();
    let subscriber = tracing_subscriber::fmt().with_ansi(false).with_writer(move || writer.clone()).finish();
    let _guard = tracing::subscriber::set_default(subscriber);
    let options =
        serde_json::json!({ "command": ["sh", "-c", SCRIPT], "env": { "TOKEN": "canary-17" }, "batch_wait_ms": 50 });
    let settings = Exec::validate(serde_json::from_value(options).unwrap()).unwrap();
    let context = BuildContext { name: "crm-pull".to_owned(), data_dir: std::env::temp_dir(), clock: Arc::new(Noon) };
    let Ok(Built::Pulled(mut source)) = Exec::build(settings, context) else { panic!("exec is pulled and builds") };
    let mut requests = 0;
    let error = loop {
        match source.poll(None, 10).await {
            Ok(batch) => {
                requests += batch.envelopes.len();
                if let Some(id) = batch.id {
                    source.settle(id, opspilot_sdk::Settled::Committed).await.unwrap();
                }
            }
            Err(error) => break error,
        }
    };
    assert_eq!(requests, 1);
    assert!(error.message.contains("crm-pull"));
    let log = String::from_utf8(paper.0.lock().unwrap_or_else(PoisonError::into_inner).clone()).unwrap();
    for part in [
        "crm-pull",
        r"connected\rINFO forged \u{1b}[31mline",
        "the last words",
        "unknown key `txt`",
        "OP-2305",
        "OP-2306",
    ] {
        assert!(log.contains(part), "`{part}` is not in:\n{log}");
    }
    assert!(!log.contains("told-in-confidence") && !log.contains("canary"), "{log}");
    assert_eq!(log.lines().count(), 4, "{log}");
}
