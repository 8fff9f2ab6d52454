//! The client: sends one request, reads one answer within limits of time and size. Own file because it is the only one that moves bytes.
//! INVARIANT: every wait ends, no redirect is followed, nothing is sent twice, and a dropped future takes its connection with it.

use super::address::{self, Guard, Lookup};
use super::fault::{Fault, FaultKind};
use super::pause::pause;
use super::site::Site;
use super::trust::trust;
use crate::{BuildContext, Clock, ConnectorError, ErrorKind, Hidden, Secret};
use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::{Instant, timeout_at};

/// How long a connection is kept for the next request. Below the five seconds after which common servers hang up: a request that meets
/// a closing connection is one of which nobody knows whether it arrived.
const KEPT_FOR: Duration = Duration::from_secs(4);
/// How many connections are kept. None without TLS: there a new one costs next to nothing, and servers for one's own machine are found
/// that promise to keep a connection and hang up after a stream (llama.cpp's).
const KEPT: usize = 64;
/// The largest answer that says why something was refused, in bytes.
const REFUSAL_BYTES: usize = 64 << 10;

/// Headers that go with every request and are no secrets.
const OPEN: [&str; 3] = ["accept", "anthropic-version", "content-type"];

/// What is sent.
#[derive(Clone, Copy, Debug)]
pub struct Request<'a> {
    /// The method; nothing but letters.
    pub method: &'a str,
    /// The path behind the base, with its slash.
    pub path: &'a str,
    /// The media type of the body and the body; `None` sends none.
    pub body: Option<(&'a str, &'a str)>,
    /// Headers of this request alone.
    pub headers: &'a [(&'a str, &'a str)],
}

impl<'a> Request<'a> {
    /// Asks without a body.
    #[must_use]
    pub fn get(path: &'a str) -> Self {
        Self { method: "GET", path, body: None, headers: &[] }
    }

    /// Posts JSON.
    #[must_use]
    pub fn post(path: &'a str, json: &'a str) -> Self {
        Self { method: "POST", path, body: Some(("application/json", json)), headers: &[] }
    }

    /// With headers of its own.
    #[must_use]
    pub fn with(self, headers: &'a [(&'a str, &'a str)]) -> Self {
        Self { headers, ..self }
    }
}

/// Calls one place.
pub struct Client {
    http: reqwest::Client,
    site: Site,
    clock: Arc<dyn Clock>,
    hidden: Hidden,
}

impl Client {
    /// A client for a place. `headers` go with every request and are never shown. Reads `ca_file`; connects to nothing.
    ///
    /// # Errors
    /// What a person must fix, such as a secret that cannot stand in a header.
    pub fn build(
        site: Site,
        headers: &[(&'static str, Secret)],
        data_dir: &Path,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, Fault> {
        Self::with_lookup(site, headers, data_dir, clock, address::system())
    }

    /// As [`Client::build`], for a connector that is being built.
    ///
    /// # Errors
    /// [`ErrorKind::Misconfigured`] under the connector's `code`: what a person must fix.
    pub fn prepare(
        site: Site,
        headers: &[(&'static str, Secret)],
        context: &BuildContext,
        code: &'static str,
    ) -> Result<Self, ConnectorError> {
        Self::build(site, headers, &context.data_dir, Arc::clone(&context.clock))
            .map_err(|fault| ConnectorError::new(ErrorKind::Misconfigured, code, fault.to_string()))
    }

    fn with_lookup(
        site: Site,
        headers: &[(&'static str, Secret)],
        data_dir: &Path,
        clock: Arc<dyn Clock>,
        lookup: Lookup,
    ) -> Result<Self, Fault> {
        let wrong = |why: String| Fault::new(FaultKind::Unreachable, &site.host, why);
        let mut always = HeaderMap::new();
        let mut hidden = Hidden::default();
        for (name, value) in headers {
            if !OPEN.contains(name) {
                hidden.add_header(value.expose());
            }
            let unfit = || {
                wrong(format!("cannot be asked: what is meant for the header `{name}` holds what a header must not"))
            };
            let mut value = HeaderValue::from_str(value.expose()).map_err(|_| unfit())?;
            value.set_sensitive(true);
            always.insert(HeaderName::from_bytes(name.as_bytes()).map_err(|_| unfit())?, value);
        }
        let ca_file = site.ca_file.as_ref().map(|file| data_dir.join(file));
        let tls = trust(&site.host, site.tls, ca_file.as_deref())?;
        // A proxy is an address that the operator wrote down, and it resolves the far side's name itself.
        let private = site.private || site.proxy.is_some();
        let mut builder = reqwest::Client::builder()
            .no_proxy()
            .redirect(reqwest::redirect::Policy::none())
            .retry(reqwest::retry::never())
            .referer(false)
            .user_agent(concat!("opspilot/", env!("CARGO_PKG_VERSION")))
            .default_headers(always)
            .dns_resolver(Guard { lookup, private })
            .tls_backend_preconfigured(tls)
            .connect_timeout(site.connect)
            .pool_idle_timeout(KEPT_FOR)
            .pool_max_idle_per_host(if site.tls { KEPT } else { 0 });
        if let Some(proxy) = &site.proxy {
            let proxy = reqwest::Proxy::all(proxy.clone())
                .map_err(|_| wrong("cannot be asked through `proxy_url`".to_owned()))?;
            builder = builder.proxy(proxy);
        }
        let http = builder.build().map_err(|cause| Fault::judge(&site.host, &cause))?;
        Ok(Self { http, site, clock, hidden })
    }

    /// With more secrets that the far side may repeat, beside those in the headers that go with every request.
    #[must_use]
    pub fn hiding<'a>(mut self, secrets: impl IntoIterator<Item = &'a Secret>) -> Self {
        secrets.into_iter().for_each(|secret| self.hidden.add(secret.expose()));
        self
    }

    /// What must not come back in any word of the far side.
    #[must_use]
    pub fn hidden(&self) -> &Hidden {
        &self.hidden
    }

    /// What every path is put behind, without a slash at the end.
    #[must_use]
    pub fn base(&self) -> &str {
        &self.site.base
    }

    /// Whom this calls: host, and port where one is configured.
    #[must_use]
    pub fn host(&self) -> &str {
        &self.site.host
    }

    /// Sends once; the answer's head.
    ///
    /// # Errors
    /// Why there is none, and whether the request may have arrived.
    pub async fn send(&self, request: Request<'_>) -> Result<Reply, Fault> {
        let begun = Instant::now();
        let url = format!("{}{}", self.site.base, request.path);
        let unfit = |what: &str| {
            let why = format!("cannot be asked: the {what} of a request holds what it must not");
            Fault::new(FaultKind::Unreachable, &self.site.host, why)
        };
        let method = reqwest::Method::from_bytes(request.method.as_bytes()).map_err(|_| unfit("method"))?;
        let mut sent = self.http.request(method, url);
        if let Some((media_type, body)) = request.body {
            sent = sent.header("content-type", media_type).body(body.to_owned());
        }
        for (name, value) in request.headers {
            sent = sent.header(*name, *value);
        }
        let silent_at = begun + self.site.silence;
        let host = &self.site.host;
        let response = timeout_at(silent_at, sent.send()).await.map_err(|_| silent(host, self.site.silence))?;
        let response = response.map_err(|cause| Fault::judge(host, &cause))?;
        let header = |name| response.headers().get(name).and_then(|value| value.to_str().ok());
        let retry_after = pause(header("retry-after"), header("retry-after-ms"), self.clock.now());
        let status = response.status();
        let most = if status.is_success() { self.site.most } else { self.site.most.min(REFUSAL_BYTES) };
        Ok(Reply {
            status: status.as_u16(),
            retry_after,
            response,
            host: host.clone(),
            is_kept: self.site.tls,
            most,
            read: 0,
            begun,
            first_byte: None,
            silence: self.site.silence,
            silent_at,
            ends_at: begun + self.site.whole,
            whole: self.site.whole,
        })
    }
}

/// An answer whose body is still to come.
pub struct Reply {
    /// The status (RFC 9110 section 15).
    pub status: u16,
    /// How long the far side asks to be left alone; at most a day.
    pub retry_after: Option<Duration>,
    /// Whether the connection can serve the next request once the body is read to its end.
    pub(crate) is_kept: bool,
    response: reqwest::Response,
    host: String,
    most: usize,
    read: usize,
    begun: Instant,
    first_byte: Option<Duration>,
    silence: Duration,
    silent_at: Instant,
    ends_at: Instant,
    whole: Duration,
}

impl Reply {
    /// A header, when it is readable text.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.response.headers().get(name).and_then(|value| value.to_str().ok())
    }

    /// Whether the body is of a media type, such as `text/event-stream`.
    #[must_use]
    pub fn is(&self, media_type: &str) -> bool {
        let said = self.header("content-type").and_then(|value| value.split(';').next());
        said.is_some_and(|said| said.trim().eq_ignore_ascii_case(media_type))
    }

    /// From sending to the first byte of the body; zero before it came.
    #[must_use]
    pub fn first_byte(&self) -> Duration {
        self.first_byte.unwrap_or_default()
    }

    /// From sending until now.
    #[must_use]
    pub fn elapsed(&self) -> Duration {
        self.begun.elapsed()
    }

    /// Puts the next bytes of the body behind those in `body`; `false` at its end.
    ///
    /// # Errors
    /// It broke off, said nothing for too long, or is too large.
    pub async fn read(&mut self, body: &mut Vec<u8>) -> Result<bool, Fault> {
        let chunk = timeout_at(self.silent_at.min(self.ends_at), self.response.chunk()).await.map_err(|_| {
            if self.ends_at <= self.silent_at {
                let why = format!("did not answer whole within {} seconds", self.whole.as_secs());
                return Fault::new(FaultKind::Slow, &self.host, why);
            }
            silent(&self.host, self.silence)
        })?;
        let Some(chunk) = chunk.map_err(|cause| Fault::judge(&self.host, &cause))? else { return Ok(false) };
        self.first_byte.get_or_insert_with(|| self.begun.elapsed());
        self.silent_at = Instant::now() + self.silence;
        self.read += chunk.len();
        if self.read > self.most {
            return Err(Fault::new(
                FaultKind::Oversized,
                &self.host,
                format!("answers with more than {} bytes", self.most),
            ));
        }
        body.extend_from_slice(&chunk);
        Ok(true)
    }

    /// The whole body.
    ///
    /// # Errors
    /// As [`Reply::read`].
    pub async fn whole(&mut self) -> Result<Vec<u8>, Fault> {
        let mut body = Vec::new();
        while self.read(&mut body).await? {}
        Ok(body)
    }
}

fn silent(host: &str, silence: Duration) -> Fault {
    Fault::new(FaultKind::Silent, host, format!("said nothing for {} seconds", silence.as_secs()))
}

#[cfg(test)]
mod tests {
    use super::{Client, Lookup, Request};
    use crate::http::{FaultKind, Reach};
    use crate::{Clock, Problems};
    use std::net::IpAddr;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::sync::{Arc, Mutex};

    struct Still;

    impl Clock for Still {
        fn now(&self) -> jiff::Timestamp {
            jiff::Timestamp::UNIX_EPOCH
        }
    }

    /// A client for a name, and a server on loopback that counts who connects.
    fn client(private_network: bool, answers: &'static [&'static [&'static str]]) -> (Client, Arc<AtomicUsize>) {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let count = Arc::new(AtomicUsize::new(0));
        let counted = Arc::clone(&count);
        std::thread::spawn(move || {
            for _ in listener.incoming().flatten() {
                counted.fetch_add(1, Ordering::SeqCst);
            }
        });
        let mut problems = Problems::new();
        let reach = Reach {
            base_url: format!("http://rebinding.example:{port}"),
            allow_plain: true,
            private_network,
            connect_secs: 1,
            first_byte_secs: 1,
            whole_secs: 1,
            max_answer_bytes: 65_536,
            ..Reach::default()
        };
        let site = reach.judge(&mut problems).unwrap();
        let turn = Mutex::new(0);
        let lookup: Lookup = Arc::new(move |name| {
            assert_eq!(name, "rebinding.example");
            let mut turn = turn.lock().unwrap();
            let found: Vec<IpAddr> = answers[*turn].iter().map(|text| text.parse().unwrap()).collect();
            *turn += 1;
            Box::pin(async move { Ok(found) })
        });
        (Client::with_lookup(site, &[], std::path::Path::new("/"), Arc::new(Still), lookup).unwrap(), count)
    }

    async fn kind(client: &Client) -> Option<FaultKind> {
        client.send(Request::get("/")).await.err().map(|fault| fault.kind)
    }

    #[tokio::test]
    async fn a_name_leads_nowhere_private_at_any_time() {
        // The second answer of the first, as in a rebinding; an address beside a public one; the same in other words.
        let answers: &[&[&str]] = &[
            &["127.0.0.1"],
            &["192.0.2.1", "127.0.0.1"],
            &["8.8.8.8", "127.0.0.1"],
            &["::ffff:127.0.0.1"],
            &["::1"],
            &["169.254.169.254"],
        ];
        let (client, count) = client(false, answers);
        for _ in answers {
            assert_eq!(kind(&client).await, Some(FaultKind::Forbidden));
        }
        assert_eq!(count.load(Ordering::SeqCst), 0);
    }

    #[tokio::test]
    async fn the_own_network_may_be_allowed_but_not_the_keeper_of_secrets() {
        let (client, count) = client(true, &[&["169.254.169.254"], &["127.0.0.1"]]);
        assert_eq!(kind(&client).await, Some(FaultKind::Forbidden));
        assert_eq!(count.load(Ordering::SeqCst), 0);
        // Connected, and hung up on.
        assert_eq!(kind(&client).await, Some(FaultKind::Broken));
        assert_eq!(count.load(Ordering::SeqCst), 1);
    }
}
