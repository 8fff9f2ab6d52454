//! Measures reading: `mailbox HOST PORT USER PASSWORD_FILE CA_FILE [plain]` reads a mailbox to its end and says messages, bytes and messages a
//! second. With `plain`, the same by a bare fetch loop of the same library in batches of the same size, which is the floor to be compared with.
#![expect(clippy::print_stdout, reason = "a measurement is told to whoever runs it")]
#![expect(clippy::disallowed_methods, reason = "a measurement reads the clock")]

use async_imap::Client;
use async_imap::imap_proto::{AttributeValue, Response};
use jiff::Timestamp;
use opspilot_imap::{Imap, Options};
use opspilot_sdk::{BuildContext, Built, Clock, Settled, Spec as _};
use std::error::Error;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::pki_types::pem::PemObject as _;
use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName};
use tokio_rustls::rustls::{self, ClientConfig, RootCertStore};

const BATCH: usize = 500;

struct Now;

impl Clock for Now {
    fn now(&self) -> Timestamp {
        Timestamp::now()
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [host, port, user, password, authority, rest @ ..] = arguments.as_slice() else {
        return Err("HOST PORT USER PASSWORD_FILE CA_FILE [plain]".into());
    };
    let begun = Instant::now();
    let (messages, bytes) = if rest.is_empty() {
        source(host, port, user, password, authority).await?
    } else {
        plain(host, port.parse()?, user, password, authority).await?
    };
    let seconds = begun.elapsed().as_secs_f64();
    let (peak, cpu) = spent();
    println!(
        "{messages} messages, {bytes} bytes, {seconds:.2} s, {:.0} messages/s, peak {peak} MiB, {cpu:.2} s CPU",
        messages as f64 / seconds
    );
    Ok(())
}

async fn source(
    host: &str,
    port: &str,
    user: &str,
    password: &str,
    authority: &str,
) -> Result<(usize, usize), Box<dyn Error>> {
    let options: Options = serde_json::from_value(serde_json::json!({
        "host": host, "port": port.parse::<u16>()?, "user": user, "auth": { "password_file": password }, "ca_file": authority,
    }))?;
    let data_dir = std::env::current_dir()?;
    let context = BuildContext { name: "drain".to_owned(), data_dir, clock: Arc::new(Now) };
    let Built::Pulled(mut source) = Imap::build(Imap::validate(options)?, context)? else {
        return Err("a mailbox is pulled".into());
    };
    let (mut cursor, mut messages, mut bytes) = (None, 0, 0);
    loop {
        let batch = source.poll(cursor.clone(), BATCH).await?;
        let Some(id) = batch.id else { break };
        messages += batch.envelopes.len();
        bytes += batch.envelopes.iter().map(|envelope| envelope.raw.len()).sum::<usize>();
        cursor = batch.cursor;
        source.settle(id, Settled::Committed).await?;
    }
    // Waiting costs nothing and shows that the session is well.
    if let Some(wait) = source.wait(Duration::from_millis(1)) {
        wait.await;
    }
    Ok((messages, bytes))
}

async fn plain(
    host: &str,
    port: u16,
    user: &str,
    password: &str,
    authority: &str,
) -> Result<(usize, usize), Box<dyn Error>> {
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_file(authority)?)?;
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions()?;
    let config = config.with_root_certificates(roots).with_no_client_auth();
    let stream = TcpStream::connect((host, port)).await?;
    let stream = TlsConnector::from(Arc::new(config)).connect(ServerName::try_from(host.to_owned())?, stream).await?;
    let mut client = Client::new(stream);
    client.read_response().await?;
    let password = std::fs::read_to_string(password)?;
    let mut session = client.login(user, password.trim_end()).await.map_err(|(cause, _)| cause)?;
    session.examine("INBOX").await?;
    let mut uids: Vec<u32> = session.uid_search("ALL").await?.into_iter().collect();
    uids.sort_unstable();
    let (mut messages, mut bytes) = (0, 0);
    for batch in uids.chunks(BATCH) {
        let set: Vec<String> = batch.iter().map(u32::to_string).collect();
        let tag = session.run_command(format!("UID FETCH {} (UID BODY.PEEK[])", set.join(","))).await?;
        let mut kept = Vec::with_capacity(batch.len());
        while let Some(data) = session.read_response().await? {
            match data.parsed() {
                Response::Done { tag: done, .. } if *done == tag => break,
                Response::Fetch(_, attributes) => {
                    for attribute in attributes {
                        if let AttributeValue::BodySection { data: Some(text), .. } = attribute {
                            kept.push(text.to_vec());
                        }
                    }
                }
                _ => {}
            }
        }
        messages += kept.len();
        bytes += kept.iter().map(Vec::len).sum::<usize>();
    }
    Ok((messages, bytes))
}

/// Peak memory in MiB and CPU seconds of this process, as Linux tells them.
fn spent() -> (u64, f64) {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let peak =
        status.lines().find_map(|line| line.strip_prefix("VmHWM:")?.trim().strip_suffix(" kB")?.parse::<u64>().ok());
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let fields: Vec<&str> = stat.rsplit_once(')').map_or(Vec::new(), |(_, rest)| rest.split_whitespace().collect());
    let ticks = |index: usize| fields.get(index).and_then(|field| field.parse::<f64>().ok()).unwrap_or(0.0);
    (peak.unwrap_or(0) / 1024, (ticks(11) + ticks(12)) / 100.0)
}
