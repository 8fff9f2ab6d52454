//! Reading a body: within its limits of size and time, or not at all. INVARIANT: a body that says it is too large is refused before a
//! byte of it is read, one that turns out so at the first byte too many.

use super::problem::Refused;
use super::wire::Peer;
use axum::body::{Body, Bytes};
use axum::http::{HeaderMap, header};
use futures_util::StreamExt as _;
use std::time::Duration;
use tokio::time::{Instant, timeout_at};

/// Reads all of a body.
pub(super) async fn read(
    headers: &HeaderMap,
    body: Body,
    limit: usize,
    time: Duration,
    peer: Option<&Peer>,
) -> Result<Bytes, Refused> {
    let outcome = read_some(headers, body, limit, time).await;
    if outcome.is_err()
        && let Some(peer) = peer
    {
        peer.linger();
    }
    outcome
}

async fn read_some(headers: &HeaderMap, body: Body, limit: usize, time: Duration) -> Result<Bytes, Refused> {
    let promised = headers.get(header::CONTENT_LENGTH).and_then(|value| value.to_str().ok()?.parse::<u64>().ok());
    if promised.is_some_and(|promised| usize::try_from(promised).map_or(true, |promised| promised > limit)) {
        return Err(Refused::too_large(limit));
    }
    let deadline = Instant::now() + time;
    let mut stream = body.into_data_stream();
    let mut next = async || timeout_at(deadline, stream.next()).await.map_err(|_| Refused::too_slow());
    let Some(first) = next().await? else { return Ok(Bytes::new()) };
    let first = first.map_err(|_| Refused::broken_body())?;
    if first.len() > limit {
        return Err(Refused::too_large(limit));
    }
    // Nearly every body comes in one piece, which is then not copied.
    let Some(second) = next().await? else { return Ok(first) };
    let room = promised.and_then(|promised| usize::try_from(promised).ok()).unwrap_or(0).min(limit);
    let mut whole = Vec::with_capacity(room.max(first.len()));
    whole.extend_from_slice(&first);
    let mut piece = second;
    loop {
        let bytes = piece.map_err(|_| Refused::broken_body())?;
        if whole.len() + bytes.len() > limit {
            return Err(Refused::too_large(limit));
        }
        whole.extend_from_slice(&bytes);
        match next().await? {
            Some(next) => piece = next,
            None => return Ok(whole.into()),
        }
    }
}
