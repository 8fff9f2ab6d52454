//! The carrier: takes a connection that is still good or opens one, hands a letter over, keeps the connection for the next. Own file because
//! it is what the outbox holds. INVARIANT: every wait ends; a future that is dropped takes its connection with it.

use crate::compose::{Calendar, compose};
use crate::dkim::Signer;
use crate::fault::{self, Far, Stage};
use crate::options::{Password, Security, Settings};
use crate::wire::{Outcome, Relay, Wire};
use lettre::transport::smtp::authentication::Credentials;
use lettre::transport::smtp::client::{Certificate, TlsParameters};
use lettre::transport::smtp::response::Response;
use opspilot_sdk::{BoxFuture, Carrier, ConnectorError, Handover, Letter, Mailbox};
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject as _;
use std::io::Read as _;
use std::path::Path;
use std::time::Duration;
use tokio::sync::Mutex;
use tokio::time::{Instant, timeout_at};

/// The most connections kept open between letters.
const KEPT: usize = 2;
/// How long one is kept: relays hang up after some minutes of silence.
const KEPT_FOR: Duration = Duration::from_secs(60);
/// The largest file with a secret, a key or certificates, in bytes.
const FILE_BYTES: u64 = 256 << 10;

/// Carries letters to one relay.
pub struct Smtp {
    relay: Relay,
    from: Mailbox,
    signer: Option<Signer>,
    kept: Mutex<Vec<(Wire, Instant)>>,
}

impl Smtp {
    /// Reads the password, the certificates and the key; connects to nothing. Paths are relative to `data_dir`.
    ///
    /// # Errors
    /// `OP-2709` or `OP-2710`: what a person must fix.
    pub fn build(settings: Settings, data_dir: &Path) -> Result<Self, ConnectorError> {
        let login = match settings.login {
            None => None,
            Some((user, password)) => Some((user, read_password(&password, data_dir)?)),
        };
        let tls = match settings.security {
            Security::None => None,
            Security::Tls | Security::Starttls => {
                let mut builder = TlsParameters::builder(settings.host.clone());
                if let Some(file) = &settings.ca_file {
                    let pem = read(&data_dir.join(file), "ca_file")?;
                    builder = builder.add_root_certificate(authority(&pem)?);
                }
                let wrong = |cause| fault::unreadable("host", "TLS cannot be prepared").because(cause);
                Some(builder.build_rustls().map_err(wrong)?)
            }
        };
        let signer = match &settings.dkim {
            None => None,
            Some(dkim) => Some(Signer::new(dkim, &read(&data_dir.join(&dkim.key_file), "dkim.key_file")?)?),
        };
        let Settings { host, port, security, helo, deadline, from, .. } = settings;
        let far = Far::new(&host, port, login.as_ref().map(|(user, password)| (user.as_str(), password.as_str())));
        let login = login.map(|(user, password)| Credentials::new(user, password));
        let relay = Relay { host, port, far, security, tls, login, helo, deadline };
        Ok(Self { relay, from, signer, kept: Mutex::new(Vec::new()) })
    }

    /// Who letters come from.
    #[must_use]
    pub fn from(&self) -> &Mailbox {
        &self.from
    }

    /// By whom: `host:port`.
    pub(crate) fn relay(&self) -> String {
        self.relay.far.name.clone()
    }

    async fn wire(&self) -> Result<Wire, ConnectorError> {
        loop {
            // Taken out before it is asked, so that nobody waits for somebody else's connection.
            let last = self.kept.lock().await.pop();
            match last {
                Some((mut wire, since)) if since.elapsed() < KEPT_FOR => {
                    if wire.is_alive().await {
                        return Ok(wire);
                    }
                }
                Some(_) => {}
                None => return self.relay.open().await,
            }
        }
    }

    async fn keep(&self, wire: Wire) {
        let mut kept = self.kept.lock().await;
        if kept.len() < KEPT {
            kept.push((wire, Instant::now()));
        }
    }

    pub(crate) async fn carry(
        &self,
        letter: &Letter,
        calendar: Option<Calendar<'_>>,
    ) -> Result<Handover, ConnectorError> {
        let mut composed = compose(letter, calendar)?;
        if let Some(signer) = &self.signer {
            composed.bytes = signer.sign(&composed.bytes)?;
        }
        let far = &self.relay.far;
        let offered = timeout_at(Instant::now() + self.relay.deadline, async {
            let mut wire = self.wire().await?;
            match wire.offer(far, &composed).await {
                Ok(()) => Ok(wire),
                Err(why) => {
                    if wire.reset().await {
                        self.keep(wire).await;
                    }
                    Err(why)
                }
            }
        });
        let mut wire = offered.await.map_err(|_| fault::silent(&far.name, Stage::Data))??;
        match wire.hand_over(far, &composed, self.relay.deadline).await {
            Outcome::Accepted(response) => {
                self.keep(wire).await;
                Ok(accepted(far, &response))
            }
            Outcome::Refused(why) => {
                self.keep(wire).await;
                Err(why)
            }
            Outcome::Unclear(why) => Ok(Handover::Unclear { why }),
        }
    }

    async fn look(&self) -> Result<(), ConnectorError> {
        let far = &self.relay.far;
        let sender: lettre::Address =
            self.from.address.parse().map_err(|_| fault::unfit("`from` is not an address that can be written from"))?;
        let looked = timeout_at(Instant::now() + self.relay.deadline, async {
            let mut wire = self.relay.open().await?;
            let answer = wire.try_sender(far, &sender).await;
            wire.close().await;
            answer
        });
        looked.await.map_err(|_| fault::silent(&far.name, Stage::Greeting))?
    }
}

impl Carrier for Smtp {
    fn check(&self) -> BoxFuture<'_, Result<(), ConnectorError>> {
        Box::pin(self.look())
    }

    fn deliver<'a>(&'a self, letter: &'a Letter) -> BoxFuture<'a, Result<Handover, ConnectorError>> {
        Box::pin(self.carry(letter, None))
    }

    fn close(&self) -> BoxFuture<'_, ()> {
        Box::pin(async {
            let kept = std::mem::take(&mut *self.kept.lock().await);
            for (wire, _) in kept {
                wire.close().await;
            }
        })
    }
}

fn authority(pem: &str) -> Result<Certificate, ConnectorError> {
    let none = || fault::unreadable("ca_file", "holds no certificate in PEM");
    // The reader below takes a file without any for one that holds none on purpose.
    if CertificateDer::pem_slice_iter(pem.as_bytes()).next().is_none_or(|first| first.is_err()) {
        return Err(none());
    }
    Certificate::from_pem(pem.as_bytes()).map_err(|cause| none().because(cause))
}

fn accepted(far: &Far, response: &Response) -> Handover {
    let said = far.said(&response.message().collect::<Vec<_>>().join(" "), 300);
    let id = said.split_once("queued as ").map(|(_, rest)| rest);
    let id = id.and_then(|rest| rest.split([' ', ')', ';']).next()).filter(|id| !id.is_empty() && id.len() <= 100);
    let far_id = id.map(|id| id.trim_end_matches('.').to_owned());
    Handover::Accepted { far_id, response: format!("{} {said}", response.code()) }
}

fn read_password(password: &Password, data_dir: &Path) -> Result<String, ConnectorError> {
    match password {
        Password::File(file) => {
            let text = read(&data_dir.join(file), "password_file")?;
            let line = text.strip_suffix('\n').unwrap_or(&text);
            Ok(line.strip_suffix('\r').unwrap_or(line).to_owned())
        }
        Password::Env(name) => std::env::var(name).map_err(|_| {
            let what = format!("the environment variable `{name}` is not set; set it where the daemon is started");
            fault::unreadable("password_env", &what)
        }),
    }
}

fn read(path: &Path, key: &str) -> Result<String, ConnectorError> {
    let shown = path.display();
    let mut text = String::new();
    std::fs::File::open(path).and_then(|file| file.take(FILE_BYTES + 1).read_to_string(&mut text)).map_err(
        |cause| {
            let what = format!("`{shown}` cannot be read; make it readable for the daemon alone");
            fault::unreadable(key, &what).because(cause)
        },
    )?;
    if text.len() as u64 > FILE_BYTES || text.trim().is_empty() {
        return Err(fault::unreadable(key, &format!("`{shown}` is empty or larger than 256 KiB")));
    }
    Ok(text)
}
