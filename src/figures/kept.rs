//! Figures that were just counted, for whoever asks again: a span of months is counted from many rows. Own file because it is the one place
//! that shows what was a moment ago. INVARIANT: nothing is older than [`AGE`], every answer says when it was counted, and one count runs
//! at a time, so that a page that is loaded over and over does not keep the store from its work.

use super::{Days, Figures, read};
use crate::store::{Store, StoreError};
use jiff::civil::Date;
use jiff::{SignedDuration, Timestamp};
use std::collections::HashMap;
use std::sync::Arc;
use tokio::sync::Mutex;

/// For how long figures are shown again.
const AGE: SignedDuration = SignedDuration::from_secs(30);
/// How many are kept.
const MOST: usize = 32;

type Key = (String, Date, Date, bool);

/// The figures that are kept.
#[derive(Default)]
pub struct Kept(Mutex<HashMap<Key, Arc<Figures>>>);

impl Kept {
    /// As [`read`], from memory where that is young enough.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn read(
        &self,
        store: &Store,
        pilot: &str,
        days: &Days,
        spend: bool,
        now: Timestamp,
    ) -> Result<Arc<Figures>, StoreError> {
        let key = (pilot.to_owned(), days.first, days.last, spend);
        let mut kept = self.0.lock().await;
        let young = |figures: &Arc<Figures>| now.duration_since(figures.at) < AGE;
        if let Some(figures) = kept.get(&key).filter(|figures| young(figures)) {
            return Ok(Arc::clone(figures));
        }
        kept.retain(|_, figures| young(figures));
        if kept.len() >= MOST {
            kept.clear();
        }
        let figures = Arc::new(read(store, pilot, days, spend, now).await?);
        kept.insert(key, Arc::clone(&figures));
        Ok(figures)
    }
}
