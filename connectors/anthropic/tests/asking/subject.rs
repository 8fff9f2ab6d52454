//! How the connector under test is built.

use crate::model_server::ModelServer;
use opspilot_anthropic::Anthropic;
use opspilot_sdk::{Model, conformance};
use serde_json::Value;
use std::sync::Arc;

pub(crate) fn url(server: &ModelServer) -> String {
    server.messages_url()
}

/// With a key in a file.
pub(crate) fn build(mut options: Value, key: &str) -> Arc<dyn Model> {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join("key"), format!("{key}\n")).expect("a file");
    options["key_file"] = "key".into();
    conformance::build::<Anthropic>(folder.path(), options, &Value::Null)
}

/// All of them at once.
pub(crate) async fn all<T>(futures: Vec<impl Future<Output = T>>) -> Vec<T> {
    futures_util::future::join_all(futures).await
}
