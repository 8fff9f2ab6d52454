//! What the DNS says: TXT records by name, behind a trait. Own file because it is the one place outside mail servers that this road asks the
//! network, and tests answer in its stead. INVARIANT: every wait ends; what was not answered in time is unreachable, never absent.

use crate::reply::authenticity::{Answer, Records};
use futures_util::future::{BoxFuture, join_all};
use mail_auth::hickory_resolver::TokioResolver;
use mail_auth::hickory_resolver::config::{NameServerConfig, ResolverConfig};
use mail_auth::hickory_resolver::net::runtime::TokioRuntimeProvider;
use mail_auth::hickory_resolver::net::{DnsError, NetError};
use mail_auth::hickory_resolver::proto::rr::{Name, RData};
use std::net::SocketAddr;
use std::time::Duration;

/// The longest wait for one name.
const LIMIT: Duration = Duration::from_secs(10);

/// Answers for names.
pub trait Dns: Send + Sync {
    /// The TXT records of a name.
    fn texts<'a>(&'a self, name: &'a str) -> BoxFuture<'a, Answer>;
}

/// The resolver that the machine is set up with, or a server that the operator names.
pub struct SystemDns(TokioResolver);

impl SystemDns {
    /// Without a server's address, reads the machine's set-up; asks nobody yet.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn new(server: Option<SocketAddr>) -> Result<Self, String> {
        let builder = match server {
            None => TokioResolver::builder_tokio().map_err(|cause| cause.to_string())?,
            Some(server) => {
                let mut named = NameServerConfig::udp_and_tcp(server.ip());
                named.connections.iter_mut().for_each(|connection| connection.port = server.port());
                let config = ResolverConfig::from_parts(None, Vec::new(), vec![named]);
                TokioResolver::builder_with_config(config, TokioRuntimeProvider::default())
            }
        };
        builder.build().map(Self).map_err(|cause| cause.to_string())
    }
}

impl Dns for SystemDns {
    fn texts<'a>(&'a self, name: &'a str) -> BoxFuture<'a, Answer> {
        Box::pin(async move {
            let Ok(name) = Name::from_str_relaxed(format!("{}.", name.trim_end_matches('.'))) else {
                return Answer::Absent;
            };
            match tokio::time::timeout(LIMIT, self.0.txt_lookup(name)).await {
                Ok(Ok(lookup)) => {
                    let texts = lookup.answers().iter().filter_map(|record| match &record.data {
                        RData::TXT(txt) => {
                            Some(txt.txt_data.iter().flat_map(|part| part.iter().copied()).collect::<Vec<u8>>())
                        }
                        _ => None,
                    });
                    let texts: Vec<String> = texts.map(|text| String::from_utf8_lossy(&text).into_owned()).collect();
                    if texts.is_empty() { Answer::Absent } else { Answer::Texts(texts) }
                }
                Ok(Err(NetError::Dns(DnsError::NoRecordsFound(_)))) => Answer::Absent,
                Ok(Err(_)) | Err(_) => Answer::Unreachable,
            }
        })
    }
}

/// Asks for all names at once.
pub(super) async fn ask(dns: &dyn Dns, names: &[String]) -> Records {
    let answers = join_all(names.iter().map(|name| dns.texts(name))).await;
    let mut records = Records::new();
    for (name, answer) in names.iter().zip(&answers) {
        records.put(name, answer);
    }
    records
}
