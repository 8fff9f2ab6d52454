//! How the connector under test is built.

use crate::model_server::ModelServer;
use opspilot_anthropic::Anthropic;
use opspilot_sdk::{BuildContext, Clock, Model, Spec};
use serde_json::Value;
use std::sync::Arc;

/// A clock that stands still.
struct Still;

impl Clock for Still {
    fn now(&self) -> jiff::Timestamp {
        "2026-11-21T12:00:00Z".parse().expect("a time")
    }
}

pub(crate) fn url(server: &ModelServer) -> String {
    server.messages_url()
}

/// With a key in a file.
pub(crate) fn build(mut options: Value, key: &str) -> Arc<dyn Model> {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join("key"), format!("{key}\n")).expect("a file");
    options["key_file"] = "key".into();
    let options = serde_json::from_value(options).expect("options");
    let settings = Anthropic::validate(options).expect("good options");
    let context = BuildContext { name: "model".to_owned(), data_dir: folder.path().to_owned(), clock: Arc::new(Still) };
    Anthropic::build(settings, context).expect("a model")
}

/// All of them at once.
pub(crate) async fn all<T>(futures: Vec<impl Future<Output = T>>) -> Vec<T> {
    futures_util::future::join_all(futures).await
}
