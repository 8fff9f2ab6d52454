//! News of the queue for pages that are open, as server-sent events (WHATWG HTML, 9.2). Own file because it is the one answer that does not
//! end by itself. INVARIANT: however many listen, the log of receipts is read once a second at most; a listener hears of pilots they may
//! see and of nothing else; a stream ends with the daemon, and with time, so that whoever was shut out is shut out of it, too.

use super::shown::Shown;
use super::visit::Visit;
use crate::policy::Action;
use crate::receipt::Receipt;
use crate::store::{Store, StoreError};
use crate::web::answer::{Answer, Payload};
use crate::web::page::reach;
use crate::web::problem::Refused;
use axum::body::{Body, Bytes};
use axum::http::StatusCode;
use std::collections::VecDeque;
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{Mutex, OwnedSemaphorePermit, Semaphore};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

/// How often a listener asks, and the least time between two reads for all of them.
const EVERY: Duration = Duration::from_secs(1);
/// A silent stream says that it lives.
const BEAT: Duration = Duration::from_secs(15);
/// A stream ends, and its page asks anew, with its session as it is then.
const MOST_TIME: Duration = Duration::from_secs(120);
/// Listeners at once.
const MOST_LISTENERS: usize = 256;
/// News that is kept, and receipts that are read at once.
const KEPT: usize = 2000;
const AT_ONCE: u32 = 500;
/// Receipts that came since the last read, of which nobody is told piece by piece any more when they are more than these.
const MOST_BEHIND: u64 = 2000;

/// What became of a brief.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Piece {
    seq: u64,
    what: &'static str,
    pilot: String,
    brief: String,
}

/// The news that is shared by all listeners.
pub(in crate::web) struct News {
    ring: Mutex<Ring>,
    places: Arc<Semaphore>,
}

#[derive(Default)]
struct Ring {
    kept: VecDeque<Piece>,
    /// The first receipt whose news, if it was any, is kept.
    from: u64,
    /// The next receipt to read; 0: nothing was read yet.
    next: u64,
    read_at: Option<Instant>,
}

impl Default for News {
    fn default() -> Self {
        Self { ring: Mutex::default(), places: Arc::new(Semaphore::new(MOST_LISTENERS)) }
    }
}

/// What a listener hears.
#[derive(Debug, PartialEq, Eq)]
enum Heard {
    /// This, and that everything up to there was heard.
    News(Vec<Piece>, u64),
    /// More happened than is kept: load the page again.
    TooMuch,
}

impl News {
    /// What came behind `after` in these pilots.
    async fn since(&self, store: &Store, after: u64, pilots: Option<&[String]>) -> Result<Heard, StoreError> {
        let mut ring = self.ring.lock().await;
        ring.read(store, after).await?;
        if after.saturating_add(1) < ring.from {
            return Ok(Heard::TooMuch);
        }
        let may = |piece: &&Piece| pilots.is_none_or(|pilots| pilots.contains(&piece.pilot));
        let fresh = ring.kept.iter().filter(|piece| piece.seq > after).filter(may).cloned().collect();
        Ok(Heard::News(fresh, ring.next.saturating_sub(1).max(after)))
    }
}

impl Ring {
    /// Reads on, unless that was just done.
    async fn read(&mut self, store: &Store, after: u64) -> Result<(), StoreError> {
        let now = Instant::now();
        if self.read_at.is_some_and(|at| now.duration_since(at) < EVERY / 2) {
            return Ok(());
        }
        let head = store.last_receipt().await?;
        if self.next == 0 {
            // Whatever a page says of itself.
            self.next = after.clamp(head.saturating_sub(MOST_BEHIND), head) + 1;
            self.from = self.next;
        }
        if head.saturating_sub(self.next) > MOST_BEHIND {
            // Pages from before hear that they must be loaded again.
            *self = Self { from: head + 1, next: head + 1, ..Self::default() };
        }
        while self.next <= head {
            let rows = store.receipts_from(self.next, AT_ONCE).await?;
            let Some(last) = rows.last() else { break };
            self.next = last.seq + 1;
            self.kept.extend(rows.iter().filter_map(|row| piece(row.seq, &row.bytes)));
            while self.kept.len() > KEPT {
                self.from = self.kept.pop_front().map_or(self.from, |gone| gone.seq + 1);
            }
        }
        self.read_at = Some(now);
        Ok(())
    }
}

/// What a receipt means for the queue.
fn piece(seq: u64, bytes: &[u8]) -> Option<Piece> {
    let receipt = Receipt::from_bytes(bytes)?;
    let what = match receipt.kind.as_str() {
        "brief.drafted" => "drafted",
        "brief.edited" => "edited",
        "brief.decided" => "decided",
        "review.claimed" => "claimed",
        "review.let_go" => "free",
        _ => return None,
    };
    let suffix = receipt.subject.split_once('_').map(|(_, suffix)| suffix)?;
    Some(Piece { seq, what, pilot: receipt.pilot?, brief: format!("brf_{suffix}") })
}

/// A listener.
struct Listener {
    store: Store,
    news: Arc<News>,
    after: u64,
    pilots: Option<Vec<String>>,
    closing: CancellationToken,
    until: Instant,
    beat: Instant,
    begun: bool,
    _place: OwnedSemaphorePermit,
}

impl Listener {
    /// The next words to send; `None` when it is over.
    async fn next(mut self) -> Option<(Result<Bytes, Infallible>, Self)> {
        if !self.begun {
            self.begun = true;
            return Some((Ok(Bytes::from_static(b"retry: 3000\n\n")), self));
        }
        loop {
            if Instant::now() >= self.until {
                return None;
            }
            match self.news.since(&self.store, self.after, self.pilots.as_deref()).await {
                Ok(Heard::News(fresh, seen)) => {
                    self.after = seen;
                    let text: String = fresh.iter().map(told).collect();
                    if !text.is_empty() {
                        self.beat = Instant::now() + BEAT;
                        return Some((Ok(text.into()), self));
                    }
                }
                Ok(Heard::TooMuch) => {
                    self.until = Instant::now();
                    return Some((Ok(Bytes::from_static(b"event: old\ndata: {}\n\n")), self));
                }
                Err(cause) => {
                    tracing::debug!(error = %cause, "no news can be read");
                    return None;
                }
            }
            if Instant::now() >= self.beat {
                self.beat = Instant::now() + BEAT;
                return Some((Ok(Bytes::from_static(b":\n\n")), self));
            }
            tokio::select! {
                () = self.closing.cancelled() => return None,
                () = tokio::time::sleep(EVERY) => {}
            }
        }
    }
}

fn told(piece: &Piece) -> String {
    let Piece { seq, what, brief, .. } = piece;
    format!("id: {seq}\nevent: brief\ndata: {{\"what\":\"{what}\",\"brief\":\"{brief}\"}}\n\n")
}

pub(super) async fn stream(visit: Visit) -> Result<Shown, Refused> {
    let call = &visit.call;
    let pilots = reach(call, Action::BriefRead, call.query.get("pilot"))?;
    let after = call.query.number("after", 0, i64::MAX.unsigned_abs())?.unwrap_or(0);
    let news = Arc::clone(&call.app.news);
    let Ok(place) = Arc::clone(&news.places).try_acquire_owned() else {
        let detail = "too many pages listen already; this one is loaded again to see what is new";
        return Err(Refused::new(StatusCode::SERVICE_UNAVAILABLE, "OP-9008", detail).retry(60));
    };
    let now = Instant::now();
    let listener = Listener {
        store: call.app.web.store.clone(),
        news,
        after,
        pilots,
        closing: visit.closing.clone(),
        until: now + MOST_TIME,
        beat: now + BEAT,
        begun: false,
        _place: place,
    };
    let body = Body::from_stream(futures_util::stream::unfold(listener, Listener::next));
    Ok(Shown::Other(Answer {
        status: StatusCode::OK,
        media_type: "text/event-stream; charset=utf-8",
        body: Payload::Stream(body),
        headers: Vec::new(),
    }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::conformance::Fixture;
    use crate::store::conformance::samples::{decide, hold, in_review};

    async fn heard(news: &News, on: &Fixture, after: u64, pilots: Option<&[&str]>) -> Heard {
        // As after a second.
        news.ring.lock().await.read_at = None;
        let pilots = pilots.map(|names| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>());
        news.since(&on.store, after, pilots.as_deref()).await.unwrap()
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn listeners_hear_once_of_what_they_may_see() {
        let on = Fixture::sqlite().await;
        let (news, size) = (News::default(), async || on.store.receipts_from(1, u32::MAX).await.unwrap().len() as u64);
        let first = in_review(&on, "k1").await;
        let begun = size().await;
        assert_eq!(heard(&news, &on, begun, None).await, Heard::News(Vec::new(), begun));
        on.store.hold(hold(&on, &first.brief(), 1, "usr_ada", false)).await.unwrap();
        on.store.decide(decide(&on, &first.brief(), 1, "usr_ada", "approve")).await.unwrap();
        let (brief, now) = (first.brief().to_string(), size().await);
        let told = |heard: Heard| match heard {
            Heard::News(pieces, seen) => {
                (pieces.into_iter().map(|piece| (piece.what, piece.brief)).collect::<Vec<_>>(), seen)
            }
            Heard::TooMuch => panic!("too much"),
        };
        let wanted = vec![("claimed", brief.clone()), ("decided", brief)];
        assert_eq!(told(heard(&news, &on, begun, None).await), (wanted.clone(), now));
        assert_eq!(told(heard(&news, &on, begun, Some(&["north"])).await).0, wanted);
        assert_eq!(told(heard(&news, &on, begun, Some(&["south"])).await), (Vec::new(), now));
        assert_eq!(told(heard(&news, &on, now, None).await), (Vec::new(), now));
        // A page from before anybody listened does not hear half of it.
        assert_eq!(heard(&news, &on, 0, None).await, Heard::TooMuch);
    }
}
