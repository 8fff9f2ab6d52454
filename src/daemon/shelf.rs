//! The files of requests, for the step that screens them. Own file because a step knows no store.

use crate::review;
use crate::screen::Attached;
use crate::steps::Files;
use crate::store::{Request, Store};
use futures_util::future::BoxFuture;

/// Where the files of requests are.
pub(crate) struct Shelf(pub(crate) Store);

impl Files for Shelf {
    fn read<'a>(&'a self, request: &'a Request) -> BoxFuture<'a, Result<Vec<Attached>, String>> {
        Box::pin(async move { review::attached(&self.0, request).await.map_err(|cause| cause.to_string()) })
    }
}
