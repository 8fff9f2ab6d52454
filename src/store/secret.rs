//! The store's secret, by which receipts speak of people's words: a digest under it can be checked by whoever has the store, and guessed at
//! by nobody else. Own file because what is masked on every page must not be found out by trying. INVARIANT: the secret is made once, with
//! the store, and leaves it in no export.

use super::sql::{Conn, values};
use super::{Shared, Store, StoreError};
use crate::clock::Entropy;
use crate::receipt::{commitment, veil};

/// The secret, and how many receipts are older than it.
#[derive(Clone, Copy)]
pub(super) struct Secret {
    bytes: [u8; 32],
    since: u64,
}

impl Secret {
    /// The store's own; made where there is none yet.
    pub(super) async fn open(conn: &mut Conn<'_>, entropy: &dyn Entropy) -> Result<Self, StoreError> {
        if let Some(found) = Self::read(conn).await? {
            return Ok(found);
        }
        let mut bytes = [0; 32];
        entropy.fill(&mut bytes);
        let sql = "INSERT INTO secret (id, bytes, since) SELECT 1, $1, COALESCE(MAX(seq), 0) FROM receipt WHERE TRUE \
                   ON CONFLICT (id) DO NOTHING";
        conn.run(sql, values![&bytes[..]]).await?;
        // Of two that make one at the same time, the first one's counts.
        Self::read(conn).await?.ok_or_else(|| StoreError::corrupt("the store's secret is missing"))
    }

    async fn read(conn: &mut Conn<'_>) -> Result<Option<Self>, StoreError> {
        let Some(row) = conn.row("SELECT bytes, since FROM secret WHERE id = 1", vec![]).await? else {
            return Ok(None);
        };
        let bytes = row.bytes(0)?.try_into().map_err(|_| StoreError::corrupt("the store's secret is not 32 bytes"))?;
        Ok(Some(Self { bytes, since: u64::try_from(row.int(1)?).unwrap_or(0) }))
    }
}

impl Shared {
    /// What a receipt says of a digest: which part (`what`) of which thing it is of is bound in.
    pub(super) fn keyed(&self, what: &str, subject: &str, digest: &str) -> String {
        let secret = self.secret.get().map_or_else(
            || {
                // Never between opening and closing; what nobody can check is better then than what anybody can guess.
                let mut bytes = [0; 32];
                self.entropy.fill(&mut bytes);
                bytes
            },
            |secret| secret.bytes,
        );
        veil::keyed(&commitment(&secret, format!("opspilot receipt\n{what}\n{subject}\n{digest}").as_bytes()))
    }
}

impl Store {
    /// What a receipt says of the digest of a part (`what`) of a request or of another thing: `hmac-sha256:` and 64 hex digits.
    #[must_use]
    pub fn keyed(&self, what: &str, subject: &str, digest: &str) -> String {
        self.shared.keyed(what, subject, digest)
    }

    /// How many receipts, from the first on, were made before digests were keyed.
    #[must_use]
    pub fn plain_receipts(&self) -> u64 {
        self.shared.secret.get().map_or(0, |secret| secret.since)
    }
}
