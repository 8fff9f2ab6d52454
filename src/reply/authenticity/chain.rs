//! The Authenticated Received Chain (RFC 8617): what forwarders testify, each sealing what came before.
//! Own file because the library reads seals kindly and the rules of the chain are strict. INVARIANT: a chain passes only when its form
//! holds here **and** every signature and seal holds there.

use super::header::{self, Field};
use super::records::Records;
use super::signature::{Checker, Outcome, crlf};
use super::tag::{self, Tags};
use mail_auth::AuthenticatedMessage;
use mail_auth::dkim::Canonicalization;

/// What a chain is worth.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Chain {
    /// There is none, or a forwarder said itself that it is broken.
    None,
    /// It holds from end to end.
    Pass,
    /// It does not hold.
    Fail,
    /// A key could not be had: try again later.
    Unknown,
}

/// Longest chain (RFC 8617 section 4.2.1).
const MAX_LINKS: usize = 50;

/// A seal or signature of the chain must name one of these (RFC 8617 section 4.1.2, RFC 8463).
const ALGORITHMS: [&str; 2] = ["rsa-sha256", "ed25519-sha256"];

/// One forwarder's three fields.
#[derive(Default)]
struct Link {
    results: Option<String>,
    signature: Option<String>,
    seal: Option<String>,
}

/// What the outermost forwarder of a chain that holds testifies.
pub(super) struct Testimony {
    /// The domain that sealed.
    pub(super) sealer: String,
    /// Its results, without the instance.
    pub(super) results: String,
    /// Names of the fields under its signature, in lower case.
    pub(super) covers: Vec<String>,
}

/// What the chain of a message is worth.
#[must_use]
pub fn chain(checker: &Checker, raw: &[u8], records: &Records) -> Chain {
    judge(checker, raw, records).0
}

pub(super) fn judge(checker: &Checker, raw: &[u8], records: &Records) -> (Chain, Option<Testimony>) {
    let Some(fields) = header::fields(raw) else { return (Chain::Fail, None) };
    let links = match links(&fields) {
        Ok(links) if links.is_empty() => return (Chain::None, None),
        Ok(links) => links,
        Err(()) => return (Chain::Fail, None),
    };
    // RFC 8617 section 5.1.1: a chain that was sealed as failed is over; nothing is computed from it.
    if links.iter().any(|link| cv(link) == Some("fail")) {
        return (Chain::None, None);
    }
    let proper = links.iter().enumerate().all(|(at, link)| proper(link, at));
    if !proper {
        return (Chain::Fail, None);
    }
    let raw = &crlf(raw);
    let Some(mut message) = AuthenticatedMessage::parse(raw) else { return (Chain::Fail, None) };
    let mut outcome = checker.chain(&message, records);
    let last = links.last();
    let unnamed =
        last.and_then(|link| Tags::read(link.signature.as_deref()?)).is_some_and(|tags| tags.get("c").is_none());
    if outcome == Outcome::Fail && unnamed {
        // Signers that leave `c` out mean `simple` after RFC 6376 and `relaxed` in practice.
        for signature in &mut message.ams_headers {
            signature.header.ch = Canonicalization::Relaxed;
        }
        outcome = checker.chain(&message, records);
    }
    match outcome {
        Outcome::Pass => (Chain::Pass, last.and_then(testimony)),
        Outcome::Fail => (Chain::Fail, None),
        Outcome::Unknown => (Chain::Unknown, None),
    }
}

/// The chain's links in order of their instance; an error when one is doubled, out of range or incomplete.
fn links(fields: &[Field<'_>]) -> Result<Vec<Link>, ()> {
    let mut links: Vec<Link> = Vec::new();
    for field in fields {
        let value = String::from_utf8_lossy(field.value).into_owned();
        let place: fn(&mut Link) -> &mut Option<String> = if field.is("ARC-Authentication-Results") {
            |link| &mut link.results
        } else if field.is("ARC-Message-Signature") {
            |link| &mut link.signature
        } else if field.is("ARC-Seal") {
            |link| &mut link.seal
        } else {
            continue;
        };
        let first = value.split(';').next().unwrap_or_default();
        let instance = if field.is("ARC-Authentication-Results") {
            first.split_once('=').filter(|(name, _)| name.trim() == "i").map(|(_, number)| number.trim().to_owned())
        } else {
            Tags::read(&value).and_then(|tags| tags.get("i").map(str::to_owned))
        };
        let instance = instance.filter(|number| !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit()));
        let instance = instance.and_then(|number| number.parse::<usize>().ok()).ok_or(())?;
        if !(1..=MAX_LINKS).contains(&instance) {
            return Err(());
        }
        while links.len() < instance {
            links.push(Link::default());
        }
        let slot = place(links.get_mut(instance - 1).ok_or(())?);
        if slot.is_some() {
            return Err(());
        }
        *slot = Some(value);
    }
    let whole = links.iter().all(|link| link.results.is_some() && link.signature.is_some() && link.seal.is_some());
    if whole { Ok(links) } else { Err(()) }
}

fn cv(link: &Link) -> Option<&str> {
    Tags::read(link.seal.as_deref()?)?.get("cv")
}

/// Whether the fields of the link at `at` have the form that RFC 8617 sections 4.1 and 5.2 ask for.
fn proper(link: &Link, at: usize) -> bool {
    let (Some(signature), Some(seal)) = (link.signature.as_deref(), link.seal.as_deref()) else { return false };
    let (Some(signature), Some(seal)) = (Tags::read(signature), Tags::read(seal)) else { return false };
    let both = [&signature, &seal].into_iter().all(|tags| {
        tags.get("a").is_some_and(|name| ALGORITHMS.contains(&name))
            && tags.filled("b").is_some()
            && tags.filled("s").is_some()
            && tags.get("d").is_some_and(tag::is_domain)
            && tags.number_or_none("t")
    });
    // The seal must not be under a forwarder's own signature, and a seal covers fixed fields only.
    let covered = signature
        .filled("h")
        .is_some_and(|names| !names.split(':').any(|name| name.trim().eq_ignore_ascii_case("arc-seal")));
    let stated = seal.get("cv").is_some_and(|cv| cv == if at == 0 { "none" } else { "pass" });
    both && covered
        && stated
        && signature.filled("bh").is_some()
        && signature.number_or_none("x")
        && signature.get("l").is_none()
        && seal.get("h").is_none()
}

fn testimony(link: &Link) -> Option<Testimony> {
    let seal = Tags::read(link.seal.as_deref()?)?.filled("d")?.to_ascii_lowercase();
    let signature = Tags::read(link.signature.as_deref()?)?;
    let covers = signature.filled("h")?.split(':').map(|name| name.trim().to_ascii_lowercase()).collect();
    let (_, results) = link.results.as_deref()?.split_once(';')?;
    // Only who sealed may testify: another's signature within the link proves nothing about these results.
    (signature.filled("d")?.eq_ignore_ascii_case(&seal)).then(|| Testimony {
        sealer: seal,
        results: results.to_owned(),
        covers,
    })
}
