//! DNS answers, handed in: what the caller looked up stands here, and the verifier sees nothing else.
//! Own file because it is the wall between this room and the network. INVARIANT: every question is answered from this table; a name
//! that is not in it counts as unreachable, never as a pass.

use mail_auth::common::parse::TxtRecordParser as _;
use mail_auth::common::verify::DomainKey;
use mail_auth::dmarc::Dmarc;
use mail_auth::hickory_resolver::proto::op::ResponseCode;
use mail_auth::{DnsError, DnssecStatus, Error, RecordSet, ResolverCache, Txt};
use std::borrow::Borrow;
use std::collections::HashMap;
use std::hash::Hash;
use std::net::Ipv4Addr;
use std::sync::Arc;
use std::time::Instant;

/// What the DNS said about one name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// The texts of its TXT records, the strings of each record joined.
    Texts(Vec<String>),
    /// There is no such name, or it has no TXT record.
    Absent,
    /// No answer could be had: try again later.
    Unreachable,
}

/// The answers that a message needs. Which names those are says [`names`](super::names).
#[derive(Clone, Default)]
pub struct Records(HashMap<Box<str>, Txt>);

impl Records {
    /// None yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Puts down what the DNS said; a trailing dot and the case of the name do not matter.
    pub fn put(&mut self, name: &str, answer: &Answer) {
        let mut name = name.trim_end_matches('.').to_ascii_lowercase();
        name.push('.');
        let answer = match answer {
            Answer::Absent => missing(),
            Answer::Unreachable => unreachable_name(),
            Answer::Texts(texts) if name.starts_with("_dmarc.") => policy(texts),
            Answer::Texts(texts) => key(texts),
        };
        self.0.insert(name.into_boxed_str(), answer);
    }
}

impl std::fmt::Debug for Records {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}

/// RFC 9989 section 4.10: texts that are no policy do not count, and of two policies none does.
fn policy(texts: &[String]) -> Txt {
    let mut policies = texts.iter().filter(|text| text.trim_start().starts_with("v=DMARC1"));
    match (policies.next(), policies.next()) {
        (Some(text), None) => match Dmarc::parse(text.as_bytes()) {
            Ok(policy) => Txt::Dmarc(Arc::new(policy)),
            Err(error) => Txt::Error(error),
        },
        _ => missing(),
    }
}

/// The first text that is a key. RFC 6376 section 3.6.2.2 leaves open what several mean.
fn key(texts: &[String]) -> Txt {
    let mut wrong = missing();
    for text in texts {
        match DomainKey::parse(text.as_bytes()) {
            Ok(key) => return Txt::DomainKey(Arc::new(key)),
            Err(error) => wrong = Txt::Error(error),
        }
    }
    wrong
}

fn missing() -> Txt {
    Txt::Error(Error::Dns(DnsError::RecordNotFound(ResponseCode::NXDomain)))
}

fn unreachable_name() -> Txt {
    Txt::Error(Error::Dns(DnsError::Resolver("no answer was had".to_owned())))
}

impl ResolverCache<Box<str>, Txt> for Records {
    fn get<Q>(&self, name: &Q) -> Option<Txt>
    where
        Box<str>: Borrow<Q>,
        Q: Hash + Eq + ?Sized,
    {
        Some(self.0.get(name).cloned().unwrap_or_else(unreachable_name))
    }

    fn remove<Q>(&self, _name: &Q) -> Option<Txt>
    where
        Box<str>: Borrow<Q>,
        Q: Hash + Eq + ?Sized,
    {
        None
    }

    fn insert(&self, _name: Box<str>, _value: Txt, _valid_until: Instant) {}
}

/// Addresses are never looked up: whether an author's domain has one decides a policy for mail that fails, and such mail is refused
/// whatever the policy.
pub(super) struct Addresses;

impl ResolverCache<Box<str>, RecordSet<Ipv4Addr>> for Addresses {
    fn get<Q>(&self, _name: &Q) -> Option<RecordSet<Ipv4Addr>>
    where
        Box<str>: Borrow<Q>,
        Q: Hash + Eq + ?Sized,
    {
        Some(RecordSet { rrset: Arc::from([]), dnssec_status: DnssecStatus::Indeterminate })
    }

    fn remove<Q>(&self, _name: &Q) -> Option<RecordSet<Ipv4Addr>>
    where
        Box<str>: Borrow<Q>,
        Q: Hash + Eq + ?Sized,
    {
        None
    }

    fn insert(&self, _name: Box<str>, _value: RecordSet<Ipv4Addr>, _valid_until: Instant) {}
}
