//! The files of requests, for the step that screens them. Own file because definitions are judged before the store is opened, and the
//! step is built with them. INVARIANT: nothing is read before the store is there; a step that asks earlier hears so and is tried again.

use crate::review;
use crate::screen::Attached;
use crate::steps::Files;
use crate::store::{Request, Store};
use futures_util::future::BoxFuture;
use std::sync::OnceLock;

/// Where the files of requests are, once the store is open.
#[derive(Default)]
pub(crate) struct Shelf(OnceLock<Store>);

impl Shelf {
    /// From now on files are read from this store.
    pub(crate) fn open(&self, store: &Store) {
        self.0.get_or_init(|| store.clone());
    }
}

impl Files for Shelf {
    fn read<'a>(&'a self, request: &'a Request) -> BoxFuture<'a, Result<Vec<Attached>, String>> {
        Box::pin(async move {
            let store = self.0.get().ok_or("the store is not open yet")?;
            review::attached(store, request).await.map_err(|cause| cause.to_string())
        })
    }
}
