//! Serving: sockets in, requests to the router, and an orderly end. Own file because the limits that keep slow and many clients from
//! harming the rest live on the connection, before any route. INVARIANT: bounded connections, no delay on small answers, and after
//! `stop` no new request is taken while those at work are answered.

use super::answer::{Frame, refuse};
use super::problem::Refused;
use super::wire::{Peer, Wire};
use axum::Router;
use axum::body::Body;
use axum::http::{HeaderValue, Request, Response, StatusCode, header};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper_util::rt::TokioIo;
use std::convert::Infallible;
use std::io;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use tower_service::Service;

/// Limits of the server.
#[derive(Clone, Copy, Debug)]
pub struct ServeOptions {
    /// Longest time for a request head to arrive, from its first byte; on a new connection from the start.
    pub header_time: Duration,
    /// Longest silence between requests, and longest time without a byte taken of an answer.
    pub idle_time: Duration,
    /// Connections at once; further ones wait in the system's queue.
    pub connections: usize,
}

impl Default for ServeOptions {
    fn default() -> Self {
        Self { header_time: Duration::from_secs(10), idle_time: Duration::from_secs(60), connections: 4096 }
    }
}

/// How long requests at work are waited for after `stop`.
const GRACE: Duration = Duration::from_secs(8);
/// Largest head of a request, in bytes.
const HEAD_BYTES: usize = 32 << 10;
/// Most header lines of a request.
const HEAD_LINES: usize = 100;

/// Serves until `stop`, then answers what is at work, for eight seconds at most.
///
/// # Errors
/// When the listener has no local address, which means that it is none.
pub async fn serve(
    listener: TcpListener,
    router: Router,
    options: ServeOptions,
    stop: CancellationToken,
) -> io::Result<()> {
    listener.local_addr()?;
    let places = Arc::new(Semaphore::new(options.connections.clamp(1, Semaphore::MAX_PERMITS)));
    let mut open = JoinSet::new();
    loop {
        let next = async {
            // The semaphore is never closed.
            let place = Arc::clone(&places).acquire_owned().await.map_err(io::Error::other)?;
            listener.accept().await.map(|(stream, address)| (place, stream, address))
        };
        let accepted = tokio::select! {
            biased;
            () = stop.cancelled() => break,
            Some(_) = open.join_next(), if !open.is_empty() => continue,
            accepted = next => accepted,
        };
        match accepted {
            Ok((place, stream, address)) => {
                let (router, stop, peer) = (router.clone(), stop.clone(), Arc::new(Peer::new(address)));
                open.spawn(async move {
                    converse(stream, router, options, peer, stop).await;
                    drop(place);
                });
            }
            Err(cause) => {
                // Out of file handles, or the client left already: the first passes, and must not spin meanwhile.
                tracing::debug!(%cause, "no connection");
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        }
    }
    drop(listener);
    let ended = tokio::time::timeout(GRACE, async { while open.join_next().await.is_some() {} }).await;
    if ended.is_err() {
        tracing::warn!(connections = open.len(), "connections that did not end in time are cut");
        open.shutdown().await;
    }
    Ok(())
}

async fn converse(stream: TcpStream, router: Router, options: ServeOptions, peer: Arc<Peer>, stop: CancellationToken) {
    // Small answers must not wait for the client's acknowledgement of earlier ones.
    if let Err(cause) = stream.set_nodelay(true) {
        tracing::debug!(%cause, "a connection that cannot be used");
        return;
    }
    let wire = Wire::new(stream, Arc::clone(&peer), options.header_time, options.idle_time);
    let mut http = http1::Builder::new();
    // The wire keeps the time; the library's own timer would also count the silence between two requests.
    http.header_read_timeout(None).max_buf_size(HEAD_BYTES).max_headers(HEAD_LINES).half_close(false);
    let mut connection = pin!(http.serve_connection(TokioIo::new(wire), Desk { router, peer, stop: stop.clone() }));
    let outcome = tokio::select! {
        outcome = connection.as_mut() => outcome,
        () = stop.cancelled() => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(cause) = outcome {
        tracing::debug!(%cause, "a connection ended early");
    }
}

/// The answer to a request whose end is said in two ways: an intermediary may have read it otherwise than we would (RFC 9112, 6.3).
fn two_lengths() -> Response<Body> {
    let detail = "the request gives both a length and a chunked body; send one of them";
    let refused = Refused::new(StatusCode::BAD_REQUEST, "OP-9014", detail).closing();
    refuse(refused, Frame { id: &HeaderValue::from_static("none"), base_url: "" })
}

/// Is cancelled when the server closes: answers that would not end by themselves end then.
#[derive(Clone, Debug, Default)]
pub(super) struct Closing(pub(super) CancellationToken);

/// The router as the HTTP library wants it, telling the wire when a request begins and ends.
struct Desk {
    router: Router,
    peer: Arc<Peer>,
    stop: CancellationToken,
}

impl hyper::service::Service<Request<Incoming>> for Desk {
    type Response = Response<Body>;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Infallible>> + Send>>;

    fn call(&self, request: Request<Incoming>) -> Self::Future {
        let peer = Arc::clone(&self.peer);
        peer.begin();
        if request.headers().contains_key(header::TRANSFER_ENCODING) && peer.has_second_length() {
            peer.linger();
            return Box::pin(std::future::ready(Ok(two_lengths())));
        }
        let mut request = request.map(Body::new);
        request.extensions_mut().insert(Arc::clone(&peer));
        request.extensions_mut().insert(Closing(self.stop.clone()));
        let answer = self.router.clone().call(request);
        Box::pin(async move {
            let answer = answer.await;
            peer.end();
            answer
        })
    }
}
