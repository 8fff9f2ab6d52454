//! The conformance suite of the store: the same cases over SQLite and PostgreSQL, each on a database of its own, with the receipt log
//! verified after every one. A verb is added together with its case. Where the databases differ, a case says so.

mod advance;
pub(crate) mod attention;
mod claim;
mod erase;
mod feedback;
mod fixture;
mod intake;
mod letters;
pub(crate) mod limit;
mod log;
mod model;
mod open;
mod operate;
mod people;
mod policy_version;
mod proofs;
mod queue;
mod reads;
mod review;
pub(crate) mod samples;
mod schedule;
mod session;
mod source;
mod standing;
mod statements;
mod trend;
mod week;
mod writeback;
mod writeback_model;
mod writer;
mod writing;

#[path = "../../../tests/support/database.rs"]
mod database;

pub(crate) use fixture::Fixture;

/// Runs each case over both databases.
macro_rules! on_both {
    ($($case:ident),* $(,)?) => {
        mod sqlite {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $case() {
                let on = $crate::store::conformance::Fixture::sqlite().await;
                super::$case(&on).await;
                on.verify().await;
            })*
        }
        mod postgres {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $case() {
                let on = $crate::store::conformance::Fixture::postgres().await;
                super::$case(&on).await;
                on.verify().await;
            })*
        }
    };
}
pub(crate) use on_both;
