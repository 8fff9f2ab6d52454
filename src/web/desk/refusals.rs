//! What was refused last, by session: a person who says that something stands in the way should not have to copy what the screen said. Own
//! file because it is kept in memory alone, for a while, and told to nobody but that session. INVARIANT: no more is kept than the last
//! refusal of so many sessions.

use crate::domain::id::SessionId;
use crate::web::problem::Refused;
use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};

/// Sessions whose last refusal is kept, the latest ones.
const MOST: usize = 500;
/// Of what was refused, in bytes of markup.
const LONGEST: usize = 400;

/// The last refusals.
#[derive(Default)]
pub(in crate::web) struct Refusals(Mutex<VecDeque<(SessionId, String)>>);

impl Refusals {
    /// Keeps what was refused on a screen.
    pub(in crate::web) fn keep(&self, session: &SessionId, refused: &Refused, path: &str) {
        let detail = super::layout::cut(&refused.detail, LONGEST);
        let told = format!("refused on {path}: {detail} ({})", refused.code);
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.retain(|(other, _)| other != session);
        kept.push_back((session.clone(), told));
        if kept.len() > MOST {
            kept.pop_front();
        }
    }

    /// What was refused to this session last; it is told once.
    pub(in crate::web) fn take(&self, session: &SessionId) -> Option<String> {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let place = kept.iter().position(|(other, _)| other == session)?;
        kept.remove(place).map(|(_, told)| told)
    }
}
