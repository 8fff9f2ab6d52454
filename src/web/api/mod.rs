//! The interface under `/api/v1`: the table of its addresses, one file of handlers per subject. INVARIANT: this table, `openapi.json` and
//! `docs/api.md` name the same addresses; tests compare them.

pub(in crate::web) mod attention;
pub(in crate::web) mod briefs;
mod decide;
mod feedback;
pub(in crate::web) mod figures;
mod letters;
mod limits;
mod operate;
mod people;
mod plans;
mod quarantine;
pub(in crate::web) mod queue;
mod receipts;
pub(in crate::web) mod requests;
mod rota;
mod rules;
mod runs;
mod sessions;
pub(in crate::web) mod submit;
pub(in crate::web) mod why;
mod writes;
mod writing;

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
    GET "/api/v1/requests" Reads ["pilot", "source", "state", "limit", "cursor"] requests::list;
    POST "/api/v1/requests" Acts [] submit::submit;
    GET "/api/v1/requests/{id}" Reads [] requests::show;
    GET "/api/v1/requests/{id}/why" Reads [] why::why;
    POST "/api/v1/requests/{id}/raw" Reveals [] requests::raw;
    GET "/api/v1/requests/{id}/files/{number}" Reads [] requests::file;
    POST "/api/v1/requests/{id}/files/{number}" Reveals [] requests::file_bytes;
    POST "/api/v1/requests/{id}/reveal" Reveals [] requests::reveal;
    POST "/api/v1/requests/{id}/release" Acts [] operate::release;
    POST "/api/v1/requests/{id}/drop" Acts [] operate::drop;
    POST "/api/v1/requests/{id}/retry" Acts [] operate::retry;
    GET "/api/v1/briefs" Reads ["pilot", "state", "limit", "cursor"] briefs::list;
    GET "/api/v1/queue" Reads ["pilot", "state", "band", "risk", "holder", "text", "age", "view", "limit", "cursor"] queue::list;
    GET "/api/v1/views" Reads [] queue::list_views;
    POST "/api/v1/views" Acts [] queue::save_view;
    DELETE "/api/v1/views/{name}" Acts [] queue::drop_view;
    POST "/api/v1/briefs/draft" Reads [] submit::try_draft;
    GET "/api/v1/briefs/{id}" Reads [] briefs::show;
    GET "/api/v1/briefs/{id}/revisions" Reads [] briefs::revisions;
    GET "/api/v1/briefs/{id}/diff" Reads ["from", "to"] briefs::diff;
    POST "/api/v1/briefs/{id}/claim" Acts [] decide::claim;
    DELETE "/api/v1/briefs/{id}/claim" Acts [] decide::let_go;
    POST "/api/v1/briefs/{id}/edit" Acts [] decide::edit;
    POST "/api/v1/briefs/{id}/decision" Acts [] decide::decide;
    GET "/api/v1/runs" Reads ["pilot", "state", "limit", "cursor"] runs::list;
    GET "/api/v1/runs/{id}" Reads [] runs::show;
    POST "/api/v1/runs/{id}/cancel" Acts [] operate::cancel;
    GET "/api/v1/quarantine" Reads ["pilot", "source", "state", "limit", "cursor"] quarantine::list;
    GET "/api/v1/quarantine/{id}" Reads [] quarantine::show;
    POST "/api/v1/quarantine/{id}/retry" Acts [] quarantine::retry;
    GET "/api/v1/letters" Reads ["pilot", "state", "limit", "cursor"] letters::list;
    GET "/api/v1/letters/{id}" Reads [] letters::show;
    POST "/api/v1/letters/{id}/settle" Acts [] letters::settle;
    POST "/api/v1/letters/{id}/resend" Acts [] letters::resend;
    GET "/api/v1/writes" Reads ["pilot", "state", "sink", "brief", "limit", "cursor"] writes::list;
    GET "/api/v1/writes/{id}" Reads [] writes::show;
    POST "/api/v1/writes/{id}/settle" Acts [] writes::settle;
    POST "/api/v1/writes/{id}/retry" Acts [] writes::retry;
    POST "/api/v1/writes/{id}/cancel" Acts [] writes::cancel;
    GET "/api/v1/writes/{id}/undo" Reads [] plans::way_back;
    POST "/api/v1/writes/{id}/undo" Acts [] plans::undo;
    GET "/api/v1/briefs/{id}/plan" Reads [] plans::show;
    POST "/api/v1/briefs/{id}/plan" Acts [] plans::approve;
    POST "/api/v1/briefs/{id}/target" Acts [] writes::target;
    GET "/api/v1/pilots/{name}/writing" Reads [] writing::show;
    POST "/api/v1/pilots/{name}/flags/{sink}/on" Acts [] writing::on;
    POST "/api/v1/pilots/{name}/flags/{sink}/off" Acts [] writing::off;
    POST "/api/v1/pilots/{name}/statements" Acts [] writing::state;
    POST "/api/v1/pilots/{name}/undo" Acts [] plans::undo_pilot;
    GET "/api/v1/feedback" Reads ["pilot", "state", "limit", "cursor"] feedback::list;
    POST "/api/v1/feedback" Acts [] feedback::give;
    GET "/api/v1/feedback/{id}" Reads [] feedback::show;
    POST "/api/v1/feedback/{id}/answer" Acts [] feedback::answer;
    POST "/api/v1/feedback/{id}/close" Acts [] feedback::close;
    GET "/api/v1/pilots/{name}/attention" Reads ["days"] attention::show;
    POST "/api/v1/pilots/{name}/attention/on" Acts [] attention::on;
    POST "/api/v1/pilots/{name}/attention/off" Acts [] attention::off;
    POST "/api/v1/pilots/{name}/pause" Acts [] writing::pause;
    POST "/api/v1/pilots/{name}/resume" Acts [] writing::resume;
    GET "/api/v1/limits" Reads [] limits::limits;
    GET "/api/v1/spend" Reads ["pilot", "period"] limits::spend;
    POST "/api/v1/reservations/{id}/settle" Acts [] limits::settle;
    POST "/api/v1/generators/{name}/resume" Acts [] limits::resume;
    GET "/api/v1/receipts" Reads ["subject", "from", "limit"] receipts::list;
    GET "/api/v1/receipts/checkpoint" Reads [] receipts::checkpoint;
    GET "/api/v1/receipts/export" Reads [] receipts::export;
    GET "/api/v1/schedules" Reads [] rota::list;
    GET "/api/v1/schedules/{name}" Reads [] rota::show;
    POST "/api/v1/schedules/{name}/run" Acts [] rota::run;
    GET "/api/v1/pilots/{name}/report" Reads ["week"] rota::report;
    GET "/api/v1/pilots/{name}/figures" Reads ["from", "until"] figures::show;
    GET "/api/v1/operations" Reads [] figures::operations;
    GET "/api/v1/workflows" Reads [] rules::workflows;
    GET "/api/v1/users" Reads [] people::list;
    POST "/api/v1/users" Acts [] people::add;
    POST "/api/v1/users/{name}/addresses" Acts [] people::address;
    POST "/api/v1/users/{name}/disable" Acts [] people::disable;
    POST "/api/v1/users/{name}/enable" Acts [] people::enable;
    POST "/api/v1/users/{name}/digest" Acts [] people::digest;
    POST "/api/v1/users/{name}/grant" Acts [] people::grant;
    POST "/api/v1/users/{name}/link" Acts [] sessions::invite;
    POST "/api/v1/users/{name}/sign-out" Acts [] sessions::end_all;
    DELETE "/api/v1/users/{name}/password" Acts [] sessions::remove_password;
    POST "/api/v1/password" Acts [] sessions::set_password;
    GET "/api/v1/invitations" Reads [] sessions::invitations;
    DELETE "/api/v1/invitations/{id}" Acts [] sessions::end_invitation;
    GET "/api/v1/sessions" Reads ["all"] sessions::list;
    DELETE "/api/v1/sessions/{id}" Acts [] sessions::end;
    GET "/api/v1/tokens" Reads ["all"] people::tokens;
    POST "/api/v1/tokens" Acts [] people::add_token;
    DELETE "/api/v1/tokens/{id}" Acts [] people::revoke;
    GET "/api/v1/policy/why" Reads ["action", "on", "user"] rules::why;
    POST "/api/v1/screen" Reads [] submit::try_screen;
}
