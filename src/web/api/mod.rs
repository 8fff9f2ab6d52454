//! The interface under `/api/v1`: the table of its addresses, one file of handlers per subject. INVARIANT: this table, `openapi.json` and
//! `docs/api.md` name the same addresses; tests compare them.

mod briefs;
mod decide;

use super::call::{Call, Effect, Route};
use axum::http::Method;
use futures_util::FutureExt as _;

macro_rules! routes {
    ($($method:ident $path:literal $effect:ident [$($key:literal),*] $handler:path;)*) => {
        /// Every address.
        pub(super) fn routes() -> Vec<Route> {
            vec![$(Route {
                method: Method::$method,
                path: $path,
                effect: Effect::$effect,
                query: &[$($key),*],
                run: |call: Call| $handler(call).boxed(),
            }),*]
        }
    };
}

routes! {
    GET "/api/v1/briefs" Reads ["pilot", "state", "limit", "cursor"] briefs::list;
    POST "/api/v1/briefs/{id}/decision" Acts [] decide::decide;
}
