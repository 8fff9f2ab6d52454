//! Signatures checked here: DKIM (RFC 6376) with alignment after DMARC (RFC 9989), over answers that were handed in.
//! Own file because it drives the library that does the arithmetic. INVARIANT: no name is looked up here; a question without an answer
//! leaves the signature unproven.

use super::header::{self, Field};
use super::records::{Addresses, Records};
use super::tag::{self, Tags};
use mail_auth::dmarc::verify::DmarcParameters;
use mail_auth::hickory_resolver::config::{ResolverConfig, ResolverOpts};
use mail_auth::{
    AuthenticatedMessage, DkimOutput, DkimResult, DmarcResult, MessageAuthenticator, Parameters, SpfOutput,
};
use std::collections::BTreeSet;
use std::task::{Context, Poll, Waker};

/// What one signature is worth.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Signed {
    /// Domain that signed.
    pub domain: String,
    /// Which of its keys.
    pub selector: String,
    /// What came of it.
    pub outcome: Outcome,
    /// Names of the fields under the signature, in lower case.
    pub covers: Vec<String>,
}

/// What came of checking a signature, or a chain of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It holds.
    Pass,
    /// It does not hold, or is no proper one.
    Fail,
    /// Its key could not be had: try again later.
    Unknown,
}

impl Outcome {
    pub(super) fn of(result: &DkimResult) -> Self {
        match result {
            DkimResult::Pass => Self::Pass,
            DkimResult::TempError(_) => Self::Unknown,
            DkimResult::Neutral(_) | DkimResult::Fail(_) | DkimResult::PermError(_) | DkimResult::None => Self::Fail,
        }
    }
}

/// Most signatures of a message that are checked, so that a hostile one cannot make us compute for long.
const MAX_SIGNATURES: usize = 10;

/// The checker. Make one and keep it.
pub struct Checker(MessageAuthenticator);

impl std::fmt::Debug for Checker {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Checker")
    }
}

impl Checker {
    /// A checker that knows no name server.
    ///
    /// # Errors
    /// What the resolver library says; it is given nothing that it could stumble over.
    pub fn new() -> Result<Self, String> {
        let nobody = ResolverConfig::from_parts(None, Vec::new(), Vec::new());
        MessageAuthenticator::new(nobody, ResolverOpts::default()).map(Self).map_err(|error| error.to_string())
    }

    /// Checks every DKIM signature of a message.
    #[must_use]
    pub fn signatures(&self, raw: &[u8], records: &Records) -> Vec<Signed> {
        let raw = &crlf(raw);
        if !bearable(raw) {
            return Vec::new();
        }
        let Some(message) = AuthenticatedMessage::parse(raw) else { return Vec::new() };
        self.outputs(&message, records).iter().filter_map(signed).collect()
    }

    /// The signature that holds and is aligned with the author's domain, as DMARC says; else why there is none.
    pub(super) fn aligned(&self, raw: &[u8], author: &str, records: &Records) -> Result<Signed, Outcome> {
        let raw = &crlf(raw);
        if !bearable(raw) {
            return Err(Outcome::Fail);
        }
        let Some(message) = AuthenticatedMessage::parse(raw) else { return Err(Outcome::Fail) };
        let outputs = self.outputs(&message, records);
        let mut worst = Outcome::Fail;
        for output in &outputs {
            let Some(signed) = signed(output) else { continue };
            match signed.outcome {
                Outcome::Pass if !signed.covers.iter().any(|name| name == "from") => {}
                Outcome::Pass if signed.domain == author => return Ok(signed),
                Outcome::Pass => match self.dmarc(&message, output, records) {
                    DmarcResult::Pass => return Ok(signed),
                    DmarcResult::TempError(_) => worst = Outcome::Unknown,
                    DmarcResult::Fail(_) | DmarcResult::PermError(_) | DmarcResult::None => {}
                },
                Outcome::Unknown => worst = Outcome::Unknown,
                Outcome::Fail => {}
            }
        }
        Err(worst)
    }

    fn outputs<'x>(&self, message: &'x AuthenticatedMessage<'x>, records: &'x Records) -> Vec<DkimOutput<'x>> {
        ready(self.0.verify_dkim(Parameters::new(message).with_txt_cache(records))).unwrap_or_default()
    }

    fn dmarc(&self, message: &AuthenticatedMessage<'_>, output: &DkimOutput<'_>, records: &Records) -> DmarcResult {
        let nobody = SpfOutput::new(String::new());
        let question = DmarcParameters {
            message,
            dkim_output: std::slice::from_ref(output),
            dkim2_output: None,
            rfc5321_mail_from_domain: "",
            spf_output: &nobody,
        };
        let question = Parameters::new(question).with_txt_cache(records).with_ipv4_cache(&Addresses);
        ready(self.0.verify_dmarc(question)).map_or(DmarcResult::None, |found| found.dkim_result().clone())
    }

    /// Checks the ARC chain with the library; strictness is the caller's.
    pub(super) fn chain(&self, message: &AuthenticatedMessage<'_>, records: &Records) -> Outcome {
        ready(self.0.verify_arc(Parameters::new(message).with_txt_cache(records)))
            .map_or(Outcome::Unknown, |found| Outcome::of(found.result()))
    }
}

/// The names whose TXT records [`Checker`] will ask for, without trailing dots; at most a few dozen.
#[must_use]
pub fn names(raw: &[u8]) -> Vec<String> {
    let mut names = BTreeSet::new();
    let Some(fields) = header::fields(raw) else { return Vec::new() };
    let mut walk = |domain: &str| {
        // RFC 9989 section 4.10: upwards to the top, and not more than eight questions.
        let labels: Vec<&str> = domain.split('.').filter(|label| !label.is_empty()).collect();
        let tails = (0..labels.len()).filter(|cut| *cut == 0 || labels.len() - cut <= 7);
        names.extend(tails.take(8).filter_map(|cut| Some(format!("_dmarc.{}", labels.get(cut..)?.join(".")))));
    };
    if let Ok(author) = super::author(raw) {
        walk(&author.domain);
    }
    let signers = ["DKIM-Signature", "ARC-Message-Signature", "ARC-Seal"];
    let mut keys = BTreeSet::new();
    for field in fields.iter().filter(|field| signers.iter().any(|name| field.is(name))).take(4 * MAX_SIGNATURES) {
        let value = field.text();
        let tags = Tags::read(&value);
        let tagged = |name| tags.as_ref().and_then(|tags| tags.filled(name)).map(str::to_ascii_lowercase);
        if let (Some(domain), Some(selector)) = (tagged("d"), tagged("s")) {
            if !tag::is_domain(&domain) {
                continue;
            }
            keys.insert(format!("{selector}._domainkey.{domain}"));
            if field.is("DKIM-Signature") {
                walk(&domain);
            }
        }
    }
    names.into_iter().chain(keys).collect()
}

/// The library computes a hash for each kind of signature before it looks at any: a message with very many is not read at all.
fn bearable(raw: &[u8]) -> bool {
    let signatures = |fields: &Vec<Field<'_>>| fields.iter().filter(|field| field.is("DKIM-Signature")).count();
    header::fields(raw).is_some_and(|fields| signatures(&fields) <= MAX_SIGNATURES)
}

/// Mail on disk may have bare line feeds; signatures are made over CR LF (RFC 6376 section 2.4).
pub(super) fn crlf(raw: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(raw.len() + raw.len() / 32);
    let mut before = 0;
    for byte in raw {
        if *byte == b'\n' && before != b'\r' {
            out.push(b'\r');
        }
        out.push(*byte);
        before = *byte;
    }
    out
}

fn signed(output: &DkimOutput<'_>) -> Option<Signed> {
    let signature = output.signature()?;
    Some(Signed {
        domain: signature.d.to_ascii_lowercase(),
        selector: signature.s.clone(),
        outcome: Outcome::of(output.result()),
        covers: signature.h.iter().map(|name| name.to_ascii_lowercase()).collect(),
    })
}

/// The value of a future that has nothing to wait for; `None` when it would wait, which is a question without an answer.
fn ready<F: Future>(future: F) -> Option<F::Output> {
    match std::pin::pin!(future).as_mut().poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(value) => Some(value),
        Poll::Pending => None,
    }
}
