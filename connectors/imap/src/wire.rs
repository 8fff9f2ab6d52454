//! The bytes to and from the server: TCP, TLS, and the roots it is judged by. Own file because it is the only place that opens a
//! connection. INVARIANT: nothing but a loopback server is ever talked to in the open, and between two commands a server can put no more
//! into our memory than it was asked for.

use crate::fault::{CERTIFICATE, LOST, SECRET, UNREACHABLE, misconfigured, transient};
use opspilot_sdk::ConnectorError;
use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::path::Path;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout};
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tokio_rustls::rustls::pki_types::pem::PemObject as _;
use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName};
use tokio_rustls::rustls::{self, CertificateError, ClientConfig, RootCertStore};

/// How long a command may take: each one, and all of them together.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limit {
    pub(crate) each: Duration,
    pub(crate) until: Instant,
}

impl Limit {
    pub(crate) fn new(each: Duration, all: Duration) -> Self {
        Self { each, until: Instant::now() + all }
    }

    /// What is left for the next command.
    pub(crate) fn left(&self) -> Duration {
        self.each.min(self.until.saturating_duration_since(Instant::now()))
    }
}

/// A connection.
pub(crate) struct Wire {
    inner: Inner,
    /// Bytes that may still come before the next command.
    allowance: usize,
}

enum Inner {
    Plain(TcpStream),
    Tls(Box<TlsStream<TcpStream>>),
}

impl fmt::Debug for Wire {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Wire")
    }
}

impl Wire {
    /// Connects to the first address that answers.
    pub(crate) async fn open(host: &str, port: u16, limit: Limit) -> Result<Self, ConnectorError> {
        let unreachable = |why: &str| transient(UNREACHABLE, format!("`{host}:{port}` {why}"));
        let bare = host.trim_matches(['[', ']']);
        let found = timeout(limit.left(), tokio::net::lookup_host((bare, port))).await;
        let addresses: Vec<SocketAddr> = found
            .map_err(|_| unreachable("could not be looked up in time; check the name service"))?
            .map_err(|cause| unreachable("is not known to the name service; check `host`").because(cause))?
            .collect();
        let mut last = unreachable("has no address; check `host`");
        let share = u32::try_from(addresses.len().clamp(1, 4)).unwrap_or(1);
        for address in addresses {
            match timeout(limit.left() / share, TcpStream::connect(address)).await {
                Ok(Ok(stream)) => {
                    // Latency only; a connection without it works too.
                    let _ = stream.set_nodelay(true);
                    return Ok(Self { inner: Inner::Plain(stream), allowance: GREETING });
                }
                Ok(Err(cause)) => {
                    last =
                        unreachable("does not take connections; check `host`, `port` and the firewall").because(cause)
                }
                Err(_) => last = unreachable("does not answer; check `host`, `port` and the firewall"),
            }
        }
        Err(last)
    }

    /// The same connection under TLS.
    pub(crate) async fn protect(
        self,
        host: &str,
        tls: &Arc<ClientConfig>,
        limit: Limit,
    ) -> Result<Self, ConnectorError> {
        let Inner::Plain(stream) = self.inner else { return Ok(self) };
        let name = ServerName::try_from(host.trim_matches(['[', ']']).to_owned())
            .map_err(|_| misconfigured(CERTIFICATE, format!("`{host}` cannot stand in a certificate; check `host`")))?;
        let shaken = timeout(limit.left(), TlsConnector::from(Arc::clone(tls)).connect(name, stream)).await;
        let stream = shaken
            .map_err(|_| transient(LOST, format!("`{host}` did not finish the TLS handshake in time")))?
            .map_err(|cause| refused(host, cause))?;
        Ok(Self { inner: Inner::Tls(Box::new(stream)), allowance: GREETING })
    }

    /// Sets how much the server may send until this is called again.
    pub(crate) fn allow(&mut self, bytes: usize) {
        self.allowance = bytes;
    }
}

/// What a server may say unasked.
pub(crate) const GREETING: usize = 1 << 20;

impl AsyncRead for Wire {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let before = buf.filled().len();
        let read = match &mut self.inner {
            Inner::Plain(stream) => Pin::new(stream).poll_read(cx, buf),
            Inner::Tls(stream) => Pin::new(stream.as_mut()).poll_read(cx, buf),
        };
        let came = buf.filled().len().saturating_sub(before);
        match self.allowance.checked_sub(came) {
            Some(left) => self.allowance = left,
            None => return Poll::Ready(Err(io::Error::other("the server sends more than it was asked for"))),
        }
        read
    }
}

impl AsyncWrite for Wire {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        match &mut self.inner {
            Inner::Plain(stream) => Pin::new(stream).poll_write(cx, buf),
            Inner::Tls(stream) => Pin::new(stream.as_mut()).poll_write(cx, buf),
        }
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut self.inner {
            Inner::Plain(stream) => Pin::new(stream).poll_flush(cx),
            Inner::Tls(stream) => Pin::new(stream.as_mut()).poll_flush(cx),
        }
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut self.inner {
            Inner::Plain(stream) => Pin::new(stream).poll_shutdown(cx),
            Inner::Tls(stream) => Pin::new(stream.as_mut()).poll_shutdown(cx),
        }
    }
}

/// How servers are judged: by the authorities in `ca_file` alone, or by the system's.
pub(crate) fn trust(ca_file: Option<&Path>) -> Result<Arc<ClientConfig>, ConnectorError> {
    let mut roots = RootCertStore::empty();
    match ca_file {
        Some(path) => {
            let shown = path.display();
            let unreadable = || {
                misconfigured(
                    SECRET,
                    format!("`{shown}` (`ca_file`) cannot be read as PEM certificates; check the path and its rights"),
                )
            };
            let certificates =
                CertificateDer::pem_file_iter(path).map_err(|cause| unreadable().because(cause.to_string()))?;
            for certificate in certificates {
                let certificate = certificate.map_err(|cause| unreadable().because(cause.to_string()))?;
                roots.add(certificate).map_err(|cause| unreadable().because(cause))?;
            }
            if roots.is_empty() {
                return Err(misconfigured(
                    SECRET,
                    format!("`{shown}` (`ca_file`) holds no certificate; put the authority's into it"),
                ));
            }
        }
        None => {
            roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
        }
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
    let config =
        config.map_err(|cause| misconfigured(CERTIFICATE, "TLS cannot be set up on this machine").because(cause))?;
    Ok(Arc::new(config.with_root_certificates(roots).with_no_client_auth()))
}

/// Why a handshake failed, for the person who must see to it.
fn refused(host: &str, cause: io::Error) -> ConnectorError {
    let why = match cause.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>()) {
        Some(rustls::Error::InvalidCertificate(why)) => match why {
            CertificateError::Expired | CertificateError::ExpiredContext { .. } => {
                "has expired; have it renewed, or check the clock of this machine"
            }
            CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => {
                "is not valid yet; check the clock of this machine"
            }
            CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
                "is for another name; check that `host` is the name the server goes by"
            }
            CertificateError::UnknownIssuer => {
                "is signed by an authority that is not known here; if it is your own, name its certificate in `ca_file`. If it was known before, somebody may be in between"
            }
            CertificateError::Revoked => "has been revoked; ask whoever runs the server",
            _ => "is not acceptable; ask whoever runs the server",
        },
        Some(rustls::Error::InvalidMessage(_)) => {
            return misconfigured(
                CERTIFICATE,
                format!("`{host}` does not speak TLS on this port; check `port` and `tls`"),
            )
            .because(cause);
        }
        Some(_) => {
            return misconfigured(
                CERTIFICATE,
                format!("`{host}` and this machine agree on no safe TLS; ask whoever runs the server"),
            )
            .because(cause);
        }
        None => {
            return transient(LOST, format!("`{host}` ended the connection during the TLS handshake")).because(cause);
        }
    };
    misconfigured(CERTIFICATE, format!("the certificate of `{host}` {why}")).because(cause)
}
