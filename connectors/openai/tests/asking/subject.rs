//! How the connector under test is built.

use crate::model_server::ModelServer;
use opspilot_openai::OpenAi;
use opspilot_sdk::{BuildContext, Clock, ConnectorError, Model, Spec};
use serde_json::Value;
use std::path::Path;
use std::sync::Arc;

/// A clock that stands still.
struct Still;

impl Clock for Still {
    fn now(&self) -> jiff::Timestamp {
        "2026-11-21T12:00:00Z".parse().expect("a time")
    }
}

pub(crate) fn url(server: &ModelServer) -> String {
    server.chat_url()
}

/// With a key in a file.
pub(crate) fn build(options: Value, key: &str) -> Arc<dyn Model> {
    try_build(options, key).expect("a model")
}

/// In a folder that stays.
pub(crate) fn build_in(folder: &Path, mut options: Value, key: &str) -> Arc<dyn Model> {
    of(folder, &mut options, key).expect("a model")
}

pub(crate) fn try_build(mut options: Value, key: &str) -> Result<Arc<dyn Model>, ConnectorError> {
    let folder = tempfile::tempdir().expect("a folder");
    of(folder.path(), &mut options, key)
}

fn of(folder: &Path, options: &mut Value, key: &str) -> Result<Arc<dyn Model>, ConnectorError> {
    std::fs::write(folder.join("key"), format!("{key}\n")).expect("a file");
    options["key_file"] = "key".into();
    let options = serde_json::from_value(options.take()).expect("options");
    let settings = OpenAi::validate(options).expect("good options");
    OpenAi::build(
        settings,
        BuildContext { name: "model".to_owned(), data_dir: folder.to_owned(), clock: Arc::new(Still) },
    )
}

/// All of them at once.
pub(crate) async fn all<T>(futures: Vec<impl Future<Output = T>>) -> Vec<T> {
    futures_util::future::join_all(futures).await
}
