//! A database of one's own for one test: in the cluster that `OPSPILOT_TEST_POSTGRES` names, else in a cluster started for it. Own file
//! because unit tests and tests of the whole program include it alike. INVARIANT: no two tests ever share a database.

#[path = "postgres.rs"]
mod postgres;

use postgres::Cluster;
use sqlx::{AssertSqlSafe, Connection as _, PgConnection};
use std::sync::atomic::{AtomicU32, Ordering};

/// An empty database; removed when dropped, as far as its server outlives it.
#[derive(Debug)]
pub(crate) struct Database {
    address: String,
    name: String,
    /// Set when no cluster was there to share.
    _own: Option<Cluster>,
}

impl Database {
    /// Makes one.
    ///
    /// # Panics
    /// When there is no PostgreSQL at all: the message says how to get one. A test must not pass for want of a database.
    pub(crate) async fn fresh() -> Self {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let shared = std::env::var(postgres::VARIABLE).ok();
        let own = match &shared {
            Some(_) => None,
            None => Some(
                Cluster::start(false)
                    .unwrap_or_else(|cause| panic!("no database to test with: {cause}; run `cargo xtask test`")),
            ),
        };
        let address = own.as_ref().map_or_else(|| shared.unwrap_or_default(), Cluster::address);
        let name = format!("test_{}_{}", std::process::id(), NUMBER.fetch_add(1, Ordering::Relaxed));
        let mut connection = PgConnection::connect(&format!("{address}/postgres"))
            .await
            .unwrap_or_else(|cause| panic!("`{address}`: {cause}"));
        // Ids of processes come again: what an earlier run left under this name is not ours.
        for sql in [format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)"), format!("CREATE DATABASE {name}")] {
            sqlx::raw_sql(AssertSqlSafe(sql))
                .execute(&mut connection)
                .await
                .unwrap_or_else(|cause| panic!("`{name}`: {cause}"));
        }
        Self { address, name, _own: own }
    }

    /// Its address.
    pub(crate) fn url(&self) -> String {
        format!("{}/{}", self.address, self.name)
    }
}
