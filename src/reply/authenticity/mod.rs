//! Who a message is really from: proven by a signature that is checked here, or by the word of a server or forwarder that is trusted.
//!
//! Two ways lead to [`Authentic`]: DKIM aligned after DMARC over DNS answers that are handed in, and an `Authentication-Results` field of
//! a configured server. The second holds for forwarded mail, too, when a configured forwarder sealed it (ARC).
//! INVARIANT: [`Authentic`] is made in this file alone, for exactly one address in exactly one From field; what cannot be decided is not
//! authentic.

mod chain;
mod header;
mod records;
mod results;
mod signature;
mod tag;

pub use chain::{Chain, chain};
pub use records::{Answer, Records};
pub use results::Server;
pub use signature::{Checker, Outcome, Signed, names};

use mail_parser::parsers::MessageStream;
use mail_parser::{Address, HeaderValue};
use results::Finding;

/// Whose word is taken. Empty by default: then only what is checked here counts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Trust {
    /// Servers whose `Authentication-Results` are believed.
    pub servers: Vec<Server>,
    /// Domains of forwarders whose seals (ARC) are believed, such as a mailing list's.
    pub forwarders: Vec<String>,
}

/// How a sender was proven.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Method {
    /// A DKIM signature that was checked here.
    Signature {
        /// The domain that signed; the author's own or one that DMARC calls aligned.
        domain: String,
        /// Which of its keys.
        selector: String,
    },
    /// The word of a trusted server.
    Results {
        /// Its name.
        server: String,
        /// The method it used: `dmarc` or `dkim`.
        by: &'static str,
    },
    /// The word of a trusted forwarder, under a chain of seals that was checked here.
    Chain {
        /// The domain that sealed last.
        sealer: String,
        /// The method it used: `dmarc` or `dkim`.
        by: &'static str,
    },
}

impl std::fmt::Display for Method {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Signature { domain, selector } => write!(f, "DKIM signature of {domain} (key {selector})"),
            Self::Results { server, by } => write!(f, "{by} as found by {server}"),
            Self::Chain { sealer, by } => write!(f, "{by} as found by the forwarder {sealer}"),
        }
    }
}

/// Proof that a message is from the one address in its From field. No public constructor.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Authentic {
    address: String,
    domain: String,
    method: Method,
    covers: Option<Vec<String>>,
}

impl Authentic {
    /// The author's address, the domain in lower case.
    #[must_use]
    pub fn address(&self) -> &str {
        &self.address
    }

    /// The author's domain, which the proof is aligned with.
    #[must_use]
    pub fn domain(&self) -> &str {
        &self.domain
    }

    /// How it was proven.
    #[must_use]
    pub fn method(&self) -> &Method {
        &self.method
    }

    /// Whether the proof extends to a header field. A signature that leaves `To` out does not tell whom the mail was for.
    #[must_use]
    pub fn covers(&self, field: &str) -> bool {
        self.covers.as_ref().is_none_or(|names| names.iter().any(|name| name.eq_ignore_ascii_case(field)))
    }
}

/// Why a message is not authentic.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unproven {
    /// Not exactly one From field with exactly one address.
    #[error("the message must have exactly one From field with exactly one address (OP-2814)")]
    NoAuthor,
    /// Nothing that proves the author's domain holds.
    #[error(
        "nothing proves that the message comes from `{domain}`; sign its mail with DKIM, or name the receiving server as trusted (OP-2815)"
    )]
    Nothing {
        /// The author's domain.
        domain: String,
    },
    /// The DNS did not answer.
    #[error(
        "whether the message comes from `{domain}` cannot be told, the DNS does not answer; it is tried again (OP-2816)"
    )]
    Undecided {
        /// The author's domain.
        domain: String,
    },
}

/// The one author of a message.
struct Author {
    address: String,
    domain: String,
}

/// Proves who a message is from. `raw` are its bytes as they came; `records` hold what the DNS said to [`names`].
///
/// # Errors
/// [`Unproven`]; only [`Unproven::Undecided`] is worth another try.
pub fn prove(checker: &Checker, raw: &[u8], records: &Records, trust: &Trust) -> Result<Authentic, Unproven> {
    let author = author(raw)?;
    let made = |author: &Author, method, covers| Authentic {
        address: author.address.clone(),
        domain: author.domain.clone(),
        method,
        covers,
    };
    if let Some((server, findings)) = results::believed(raw, &trust.servers)
        && let Some((by, signer)) = testified(&findings, &author.domain)
    {
        let covers = signer.map(|signer| covered_by(raw, &signer));
        return Ok(made(&author, Method::Results { server: server.id.clone(), by }, covers));
    }
    let mut undecided = false;
    match checker.aligned(raw, &author.domain, records) {
        Ok(signed) => {
            let method = Method::Signature { domain: signed.domain, selector: signed.selector };
            return Ok(made(&author, method, Some(signed.covers)));
        }
        Err(outcome) => undecided |= outcome == Outcome::Unknown,
    }
    if !trust.forwarders.is_empty() {
        let (chain, testimony) = chain::judge(checker, raw, records);
        undecided |= chain == Chain::Unknown;
        let trusted = |sealer: &str| trust.forwarders.iter().any(|forwarder| forwarder.eq_ignore_ascii_case(sealer));
        if let Some(testimony) = testimony.filter(|testimony| trusted(&testimony.sealer))
            && let Some((_, findings)) = results::read(&testimony.results.replace(['\r', '\n'], ""))
            && let Some((by, _)) = testified(&findings, &author.domain)
        {
            let method = Method::Chain { sealer: testimony.sealer, by };
            return Ok(made(&author, method, Some(testimony.covers)));
        }
    }
    let domain = author.domain;
    Err(if undecided { Unproven::Undecided { domain } } else { Unproven::Nothing { domain } })
}

/// What in a server's findings proves the author's domain: DMARC, or DKIM by that very domain where DMARC does not say no. With it the
/// domain whose signature the server saw, if any; without one it saw the connection.
fn testified(findings: &[Finding], author: &str) -> Option<(&'static str, Option<String>)> {
    let mut dmarc = findings.iter().filter(|finding| finding.method == "dmarc");
    let passes = findings.iter().filter(|finding| finding.method == "dkim" && finding.result == "pass");
    let signers: Vec<String> = passes.filter_map(Finding::signer).collect();
    let below = |name: &str, above: &str| name.strip_suffix(above).is_some_and(|front| front.ends_with('.'));
    let own = || signers.iter().find(|signer| *signer == author).cloned();
    let related = || signers.iter().find(|signer| below(signer, author) || below(author, signer)).cloned();
    let Some(first) = dmarc.next() else { return own().map(|signer| ("dkim", Some(signer))) };
    let same = first.property("header.from").is_some_and(|from| from.eq_ignore_ascii_case(author));
    let alone = dmarc.next().is_none();
    match first.result.as_str() {
        "pass" if same && alone => Some(("dmarc", own().or_else(related))),
        // The domain has no policy: the signature speaks for itself.
        "none" if alone => own().map(|signer| ("dkim", Some(signer))),
        _ => None,
    }
}

/// The fields under the signatures of a domain: those that all of them cover, for which of several the server checked, it does not say.
fn covered_by(raw: &[u8], signer: &str) -> Vec<String> {
    let fields = header::fields(raw).unwrap_or_default();
    let values = fields.iter().filter(|field| field.is("DKIM-Signature")).map(header::Field::text);
    let lists = values.filter_map(|value| {
        let tags = tag::Tags::read(&value)?;
        let own = tags.filled("d")?.eq_ignore_ascii_case(signer);
        own.then(|| {
            tags.filled("h").unwrap_or_default().split(':').map(|name| name.trim().to_ascii_lowercase()).collect()
        })
    });
    let common = |all: Vec<String>, list: Vec<String>| all.into_iter().filter(|name| list.contains(name)).collect();
    lists.reduce(common).unwrap_or_default()
}

/// The one address of the one From field (RFC 5322 section 3.6.2 would allow more).
fn author(raw: &[u8]) -> Result<Author, Unproven> {
    let fields = header::fields(raw).ok_or(Unproven::NoAuthor)?;
    let mut froms = fields.iter().filter(|field| field.is("From"));
    let (Some(from), None) = (froms.next(), froms.next()) else { return Err(Unproven::NoAuthor) };
    let mut value = from.value.to_vec();
    value.push(b'\n');
    let HeaderValue::Address(Address::List(list)) = MessageStream::new(&value).parse_address() else {
        return Err(Unproven::NoAuthor);
    };
    let [only] = list.as_slice() else { return Err(Unproven::NoAuthor) };
    let address = only.address.as_deref().unwrap_or_default();
    let (local, domain) = address.rsplit_once('@').ok_or(Unproven::NoAuthor)?;
    let domain = domain.to_ascii_lowercase();
    let plain = |text: &str| !text.is_empty() && text.chars().all(|c| !c.is_control() && !c.is_whitespace());
    if !plain(local) || !tag::is_domain(&domain) || local.contains('@') {
        return Err(Unproven::NoAuthor);
    }
    Ok(Author { address: format!("{local}@{domain}"), domain })
}
