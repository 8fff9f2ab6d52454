//! A store to test with, of either database, with a clock that stands until it is turned. Own file because every case gets exactly
//! this and nothing else. INVARIANT: after every case the whole receipt log must verify against its signed head.

use super::database::Database;
use super::samples;
use crate::clock::{Clock, SystemEntropy};
use crate::receipt::{Checkpoint, KeyState, Keyring, Outcome, SigningKey, Verifier};
use crate::store::{Options, Store, StoreError, Url};
use jiff::Timestamp;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

/// Name of the receipt log.
pub(crate) const ORIGIN: &str = "test.example/receipts";

/// A clock that tests turn.
#[derive(Debug)]
pub(crate) struct ManualClock(AtomicI64);

impl Default for ManualClock {
    fn default() -> Self {
        Self(AtomicI64::new(samples::NOON))
    }
}

impl ManualClock {
    /// Turns it on by so many seconds.
    pub(crate) fn turn(&self, secs: i64) {
        self.0.fetch_add(secs * 1_000_000, Ordering::SeqCst);
    }
}

impl Clock for ManualClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_microsecond(self.0.load(Ordering::SeqCst)).unwrap()
    }
}

enum Place {
    File(tempfile::TempDir),
    Server(Database),
}

/// A store and what it stands on.
pub(crate) struct Fixture {
    pub(crate) store: Store,
    pub(crate) clock: Arc<ManualClock>,
    place: Place,
}

impl Fixture {
    pub(crate) async fn sqlite() -> Self {
        Self::at(Place::File(tempfile::tempdir().unwrap())).await
    }

    pub(crate) async fn postgres() -> Self {
        Self::at(Place::Server(Database::fresh().await)).await
    }

    async fn at(place: Place) -> Self {
        let clock = Arc::new(ManualClock::default());
        let store = Store::open(options(place.url(), &clock)).await.unwrap();
        Self { store, clock, place }
    }

    /// Where the store is.
    pub(crate) fn url(&self) -> Url {
        self.place.url()
    }

    /// What this store was opened with, to open it again.
    pub(crate) fn options(&self) -> Options {
        options(self.url(), &self.clock)
    }

    /// Another opening of the same store, as a second program has it.
    pub(crate) async fn another(&self) -> Store {
        Store::open(self.options()).await.unwrap()
    }

    /// Now, by the clock of this store.
    pub(crate) fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// So many seconds from now.
    pub(crate) fn in_secs(&self, secs: i64) -> Timestamp {
        self.clock.now() + jiff::SignedDuration::from_secs(secs)
    }

    /// Walks the whole receipt log; what it holds by kind.
    pub(crate) async fn verify(&self) -> std::collections::BTreeMap<String, u64> {
        let saved: Vec<Checkpoint> = {
            let notes = self.store.checkpoints().await.unwrap();
            notes.iter().map(|note| keyring().open(note).unwrap().checkpoint).collect()
        };
        // The head first: what is appended meanwhile is not its affair.
        let head = self.store.log_head().await.unwrap().unwrap();
        let size = keyring().open(&head.note).unwrap().checkpoint.size();
        let mut walk = Verifier::new(keyring(), saved);
        for receipt in self.store.receipts_from(1, u32::MAX).await.unwrap().iter().filter(|receipt| receipt.seq <= size)
        {
            walk.push(receipt.seq, &receipt.bytes);
        }
        let report = walk.finish(Some(&head.note));
        assert_eq!(report.found, 0, "{report}");
        assert!(matches!(report.outcome, Outcome::Proven | Outcome::Incomplete), "{report}");
        assert_eq!(report.receipts, size, "{report}");
        report.kinds
    }
}

impl Place {
    fn url(&self) -> Url {
        match self {
            Self::File(folder) => Url::Sqlite(folder.path().join("opspilot.db")),
            Self::Server(database) => Url::Postgres(database.url()),
        }
    }
}

/// Options as a short command has them.
pub(crate) fn options(url: Url, clock: &Arc<ManualClock>) -> Options {
    Options {
        url,
        exclusive: false,
        signer: Some(Arc::new(signer())),
        origin: ORIGIN.to_owned(),
        queue: 4096,
        clock: Arc::clone(clock) as Arc<dyn Clock>,
        entropy: Arc::new(SystemEntropy::default()),
    }
}

fn signer() -> SigningKey {
    SigningKey::from_seed(ORIGIN, &[7; 32]).unwrap()
}

fn keyring() -> Keyring {
    Keyring::pinned(vec![(signer().verifier().clone(), KeyState::Active)])
}

/// Whether an error says that something changed meanwhile.
pub(crate) fn is_stale<T>(outcome: &Result<T, StoreError>) -> bool {
    matches!(outcome, Err(StoreError::Stale { .. }))
}
