//! One POST of a form to a token endpoint, over HTTP/1.1 and the same TLS as the mailbox. Own file because it is all this connector
//! knows of HTTP; no redirect is followed, since a token must go nowhere but where the options say.

use crate::fault::{TOKEN, transient};
use crate::wire::{Limit, Wire};
use hyper::body::{Body as _, Incoming};
use hyper::{Request, Uri};
use hyper_util::rt::TokioIo;
use opspilot_sdk::ConnectorError;
use std::future::poll_fn;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::timeout;
use tokio_rustls::rustls::ClientConfig;

/// Longest answer that is read.
const ANSWER: usize = 256 * 1024;
/// The longest pause that the endpoint may ask for: a day.
const LONGEST_PAUSE_SECS: u64 = 24 * 60 * 60;

/// Where a token endpoint is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Endpoint {
    pub(crate) protected: bool,
    pub(crate) host: String,
    port: u16,
    target: String,
}

/// What the endpoint answered.
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) retry_after: Option<Duration>,
    pub(crate) body: Vec<u8>,
}

impl Endpoint {
    /// # Errors
    /// What is wrong with the URL.
    pub(crate) fn parse(url: &str) -> Result<Self, String> {
        let wrong = || format!("`{url}` is not a URL of an endpoint");
        let uri: Uri = url.parse().map_err(|_| wrong())?;
        let protected = match uri.scheme_str() {
            Some("https") => true,
            Some("http") => false,
            _ => return Err(wrong()),
        };
        let authority = uri.authority().ok_or_else(wrong)?;
        if authority.as_str().contains('@') || authority.host().is_empty() {
            return Err(wrong());
        }
        let port = authority.port_u16().unwrap_or(if protected { 443 } else { 80 });
        let target = uri.path_and_query().map_or("/", |target| target.as_str()).to_owned();
        Ok(Self { protected, host: authority.host().to_owned(), port, target })
    }
}

/// Sends the fields and reads the answer.
///
/// # Errors
/// When there is no answer.
pub(crate) async fn post(
    endpoint: &Endpoint,
    tls: &Arc<ClientConfig>,
    fields: &[(&str, &str)],
    limit: Limit,
) -> Result<Answer, ConnectorError> {
    let broken = || {
        transient(
            TOKEN,
            format!("the token endpoint at `{}` does not answer properly; it is asked again", endpoint.host),
        )
    };
    let mut wire = Wire::open(&endpoint.host, endpoint.port, limit).await.map_err(|cause| broken().because(cause))?;
    if endpoint.protected {
        wire = wire.protect(&endpoint.host, tls, limit).await?;
    }
    wire.allow(ANSWER);
    let host = if [80, 443].contains(&endpoint.port) {
        endpoint.host.clone()
    } else {
        format!("{}:{}", endpoint.host, endpoint.port)
    };
    let request = Request::post(&endpoint.target)
        .header("host", host)
        .header("content-type", "application/x-www-form-urlencoded")
        .header("accept", "application/json")
        .header("connection", "close")
        .body(form(fields))
        .map_err(|cause| broken().because(cause))?;
    let exchange = async {
        let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(wire)).await?;
        let answer = async {
            let response = sender.send_request(request).await?;
            let status = response.status().as_u16();
            let after: Option<u64> =
                response.headers().get("retry-after").and_then(|value| value.to_str().ok()?.trim().parse().ok());
            // At most a day is believed, whatever stands there.
            let after = after.map(|seconds| seconds.min(LONGEST_PAUSE_SECS));
            let body = collect(response.into_body()).await?;
            Ok::<_, hyper::Error>(Answer { status, retry_after: after.map(Duration::from_secs), body })
        };
        // The connection must be driven while the answer is awaited; it may end first, and the answer is still in hand.
        let mut connection = std::pin::pin!(connection);
        let mut answer = std::pin::pin!(answer);
        let mut ended = false;
        poll_fn(|context| {
            if !ended {
                ended = connection.as_mut().poll(context).is_ready();
            }
            answer.as_mut().poll(context)
        })
        .await
    };
    match timeout(limit.left(), exchange).await {
        Ok(answer) => answer.map_err(|cause| broken().because(cause)),
        Err(_) => Err(broken()),
    }
}

async fn collect(mut body: Incoming) -> Result<Vec<u8>, hyper::Error> {
    let mut bytes = Vec::new();
    while let Some(frame) = poll_fn(|context| Pin::new(&mut body).poll_frame(context)).await {
        if let Ok(piece) = frame?.into_data() {
            bytes.extend_from_slice(&piece);
        }
    }
    Ok(bytes)
}

/// `application/x-www-form-urlencoded`, as the URL Standard writes it.
fn form(fields: &[(&str, &str)]) -> String {
    let mut out = String::new();
    for (name, value) in fields {
        if !out.is_empty() {
            out.push('&');
        }
        escape(name, &mut out);
        out.push('=');
        escape(value, &mut out);
    }
    out
}

fn escape(text: &str, out: &mut String) {
    for byte in text.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'*' | b'-' | b'.' | b'_' => out.push(char::from(byte)),
            b' ' => out.push('+'),
            _ => out.push_str(&format!("%{byte:02X}")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Endpoint, form};

    #[test]
    fn forms_are_escaped() {
        assert_eq!(form(&[("a", "x y&=ü"), ("b", "1~2")]), "a=x+y%26%3D%C3%BC&b=1%7E2");
    }

    #[test]
    fn endpoints() {
        let found = Endpoint::parse("https://login.example.com/t/v2.0/token").unwrap();
        assert_eq!((found.protected, found.port, found.target.as_str()), (true, 443, "/t/v2.0/token"));
        for wrong in ["", "login.example.com/x", "ftp://a/b", "https://u:p@a/b", "https:///x"] {
            assert!(Endpoint::parse(wrong).is_err(), "{wrong}");
        }
    }
}
