//! How the connector under test is built.

use crate::model_server::ModelServer;
use opspilot_openai::OpenAi;
use opspilot_sdk::{ConnectorError, Model, conformance};
use serde_json::{Value, json};
use std::path::Path;
use std::sync::Arc;

pub(crate) fn url(server: &ModelServer) -> String {
    server.chat_url()
}

/// With a key in a file.
pub(crate) fn build(options: Value, key: &str) -> Arc<dyn Model> {
    try_build(options, key).expect("a model")
}

/// In a folder that stays.
pub(crate) fn build_in(folder: &Path, options: Value, key: &str) -> Arc<dyn Model> {
    of(folder, options, key).expect("a model")
}

pub(crate) fn try_build(options: Value, key: &str) -> Result<Arc<dyn Model>, ConnectorError> {
    let folder = tempfile::tempdir().expect("a folder");
    of(folder.path(), options, key)
}

fn of(folder: &Path, options: Value, key: &str) -> Result<Arc<dyn Model>, ConnectorError> {
    std::fs::write(folder.join("key"), format!("{key}\n")).expect("a file");
    conformance::try_build::<OpenAi>(folder, options, &json!({ "key_file": "key" }))
}

/// All of them at once.
pub(crate) async fn all<T>(futures: Vec<impl Future<Output = T>>) -> Vec<T> {
    futures_util::future::join_all(futures).await
}
