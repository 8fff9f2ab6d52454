//! From a planned call to the far side's word over HTTP. Own file because one question must be answered alike for every vendor: after this
//! answer, may the call have been carried out? INVARIANT: only an answer that by its meaning (RFC 9110 section 15.5) says that nothing was
//! done is [`Fate::NotDone`]; a server that answers with a fault of its own may have done it before. No secret that was sent stands in an
//! [`Answered`]: everything that is told, kept or compared is made of one.

use crate::http::{Client, Fault, FaultKind, Reply, Request};
use crate::plain::said_shortly;
use crate::{Call, ConnectorError, ErrorKind, Fate, Hidden, Undelivered};
use serde_json::Value;
use std::time::Duration;

/// An answer, read whole.
#[derive(Clone, Debug)]
pub struct Answered {
    /// The status.
    pub status: u16,
    /// The body as JSON; `null` when there is none or it is none.
    pub body: Value,
    /// The body as text.
    pub text: String,
    /// The entity tag.
    pub etag: Option<String>,
    /// The last part of the `location`, where the thing is that was made.
    pub location: Option<String>,
}

/// How one vendor says that something went wrong, where its ways are its own.
pub trait Manners: Send + Sync {
    /// Code of the pages of this kind's errors: the first of its range, such as `OP-7510`.
    fn codes(&self) -> Codes;

    /// The far side's reason in a refusal, for a person; `None`: the body as it is.
    fn reason(&self, body: &Value) -> Option<String>;

    /// What a refusal asks of the daemon, when the status alone misleads (Salesforce says with 403 that there were too many).
    fn kind(&self, _status: u16, _body: &Value) -> Option<ErrorKind> {
        None
    }

    /// Whether a 404 or 410 with this body is the far side's own word that there is no such thing. A gateway, a parked name and a wrong address
    /// say 404 too; whoever takes that for "it is not there" writes a second time. `text` is the body as it came: some say it by nothing at all.
    fn is_absence(&self, _body: &Value, _text: &str) -> bool {
        true
    }

    /// Whether a 403 with this body is the far side's own word on this one call: its rights to this record are too little, and asking again
    /// changes nothing. Any other 403 may be a gateway's, or may pass: the call is tried again, and given up in the end.
    fn is_forbidden(&self, _body: &Value, _text: &str) -> bool {
        false
    }

    /// How long it wants to be left alone, where it says so in another place than `retry-after`. `header` gives one of the answer's, by its
    /// lowercase name.
    fn rest(&self, _body: &Value, _header: &dyn Fn(&str) -> Option<String>) -> Option<Duration> {
        None
    }
}

/// The codes of a sink's errors.
#[derive(Clone, Copy, Debug)]
pub struct Codes {
    /// It cannot be reached, broke off, or failed.
    pub unreachable: &'static str,
    /// It refuses the credentials, or they may too little.
    pub unauthorised: &'static str,
    /// It refuses this call.
    pub refused: &'static str,
    /// It wants to be left alone for a while.
    pub limited: &'static str,
}

/// An answer to a call, read whole, that is not judged yet: for a vendor whose no may not be the last word.
#[derive(Debug)]
pub struct Heard {
    /// The answer.
    pub answered: Answered,
    host: String,
    rest: Option<Duration>,
}

impl Heard {
    /// A yes, or what the no means.
    ///
    /// # Errors
    /// No yes, and whether it may have been done.
    pub fn judge(self, manners: &dyn Manners) -> Result<Answered, Undelivered> {
        if (200..300).contains(&self.answered.status) {
            return Ok(self.answered);
        }
        let error = refusal(&self.host, manners, &self.answered, self.rest);
        let fate = match self.answered.status {
            // The far side gave up waiting for a request that it has (408), or failed in the middle of it. One that points elsewhere may do so
            // because it is done, as servers of pages do.
            301..=399 | 408 | 500.. => Fate::Unknown,
            _ => Fate::NotDone,
        };
        Err(Undelivered { error, fate })
    }
}

/// Sends a planned call, once. `headers` are credentials and marks of the moment.
///
/// # Errors
/// No yes, and whether it may have been done.
pub async fn deliver(
    client: &Client,
    manners: &dyn Manners,
    call: &Call,
    headers: &[(&str, &str)],
) -> Result<Answered, Undelivered> {
    exchange(client, manners, call, headers).await?.judge(manners)
}

/// Sends a planned call, once, and hears what is said to it.
///
/// # Errors
/// There is no whole answer, and whether it may have been done.
pub async fn exchange(
    client: &Client,
    manners: &dyn Manners,
    call: &Call,
    headers: &[(&str, &str)],
) -> Result<Heard, Undelivered> {
    let not_done = |error| Undelivered { error, fate: Fate::NotDone };
    let codes = manners.codes();
    // Without the slash, `https://crm.example` would be the beginning of `https://crm.example.org` too.
    let Some(path) = call.target.strip_prefix(client.base()).filter(|path| path.starts_with('/')) else {
        let message = format!("`{}` is not behind the address of `{}`", call.target, client.host());
        // Of this call alone: what is planned now goes to where the sink is now.
        return Err(not_done(ConnectorError::new(ErrorKind::Rejected, codes.refused, message)));
    };
    let media_type = call.headers.get("content-type").map_or("application/json", String::as_str);
    let own = call.headers.iter().filter(|(name, _)| *name != "content-type");
    let all: Vec<(&str, &str)> =
        own.map(|(name, value)| (name.as_str(), value.as_str())).chain(headers.iter().copied()).collect();
    let body = (!call.body.is_empty()).then_some((media_type, call.body.as_str()));
    let request = Request { method: &call.method, path, body, headers: &all };
    let hidden = hidden(client, headers);
    let mut reply = client.send(request).await.map_err(|fault| undelivered(&codes, fault))?;
    let answered = match read_whole(&mut reply, &hidden).await {
        Ok(answered) => answered,
        // The head said yes, and the thing is done; what it is called is found by looking.
        Err(_) if (200..300).contains(&reply.status) => {
            Answered { status: reply.status, body: Value::Null, text: String::new(), etag: None, location: None }
        }
        Err(fault) => return Err(undelivered(&codes, fault)),
    };
    let rest = rest(manners, &answered, &reply);
    Ok(Heard { answered, host: client.host().to_owned(), rest })
}

/// Asks without changing anything; `None` when there is no such thing (404, 410, and [`Manners::is_absence`]).
///
/// # Errors
/// It could not be read.
pub async fn read(
    client: &Client,
    manners: &dyn Manners,
    request: Request<'_>,
) -> Result<Option<Answered>, ConnectorError> {
    let codes = manners.codes();
    let mut reply = client.send(request).await.map_err(|fault| undelivered(&codes, fault).error)?;
    let answered = read_whole(&mut reply, &hidden(client, request.headers))
        .await
        .map_err(|fault| undelivered(&codes, fault).error)?;
    match answered.status {
        200..300 => Ok(Some(answered)),
        404 | 410 if manners.is_absence(&answered.body, &answered.text) => Ok(None),
        _ => Err(refusal(client.host(), manners, &answered, rest(manners, &answered, &reply))),
    }
}

/// What the far side may repeat of a request: what the client sends always, and the credentials and the signature of this one.
fn hidden(client: &Client, headers: &[(&str, &str)]) -> Hidden {
    let mut hidden = client.hidden().clone();
    for (name, value) in headers {
        if *name == "authorization" || name.ends_with("signature") {
            hidden.add_header(value);
        }
    }
    hidden
}

async fn read_whole(reply: &mut Reply, hidden: &Hidden) -> Result<Answered, Fault> {
    let etag = reply.header("etag").map(|tag| hidden.text(tag));
    let location = reply.header("location").and_then(|place| hidden.text(place).rsplit('/').next().map(str::to_owned));
    let text = String::from_utf8_lossy(&reply.whole().await?).into_owned();
    let told: Value = serde_json::from_str(&text).unwrap_or(Value::Null);
    let body = hidden.value(told.clone());
    // Escaped in another way than is usual, a text shows nothing of what the JSON says.
    let text = if body == told { hidden.text(&text) } else { body.to_string() };
    Ok(Answered { status: reply.status, body, text, etag, location })
}

/// What a fault of the line means.
#[must_use]
pub fn undelivered(codes: &Codes, fault: Fault) -> Undelivered {
    let fate = if fault.may_have_arrived() { Fate::Unknown } else { Fate::NotDone };
    let kind = match fault.kind {
        FaultKind::Forbidden | FaultKind::Untrusted => ErrorKind::Misconfigured,
        _ => ErrorKind::Transient,
    };
    let error = ConnectorError::new(kind, codes.unreachable, fault.to_string()).because(fault);
    Undelivered { error, fate }
}

/// How long the far side wants to be left alone.
fn rest(manners: &dyn Manners, answered: &Answered, reply: &Reply) -> Option<Duration> {
    let header = |name: &str| reply.header(name).map(str::to_owned);
    reply.retry_after.or_else(|| manners.rest(&answered.body, &header))
}

fn refusal(host: &str, manners: &dyn Manners, answered: &Answered, rest: Option<Duration>) -> ConnectorError {
    let codes = manners.codes();
    let status = answered.status;
    let usual = match status {
        // Nobody is followed elsewhere; a 404 comes here when it is not the far side's own.
        301..=399 => ErrorKind::Misconfigured,
        404 | 410 if !manners.is_absence(&answered.body, &answered.text) => ErrorKind::Transient,
        401 => ErrorKind::Unauthorised,
        // Said of this call; others may pass, and none of them must wait for it.
        403 if manners.is_forbidden(&answered.body, &answered.text) => ErrorKind::Rejected,
        403 => ErrorKind::Transient,
        429 => ErrorKind::RateLimited,
        408 | 423 | 425 | 500.. => ErrorKind::Transient,
        _ => ErrorKind::Rejected,
    };
    let known = manners.kind(status, &answered.body);
    let kind = known.unwrap_or(usual);
    let code = match kind {
        // Rights that are too little, whatever follows from it.
        _ if status == 403 && known.is_none() => codes.unauthorised,
        ErrorKind::Misconfigured if (301..=399).contains(&status) => codes.unreachable,
        ErrorKind::Unauthorised | ErrorKind::Misconfigured => codes.unauthorised,
        ErrorKind::RateLimited => codes.limited,
        ErrorKind::Rejected => codes.refused,
        ErrorKind::Transient => codes.unreachable,
    };
    let said = manners.reason(&answered.body).unwrap_or_else(|| answered.text.clone());
    let said = said_shortly(&said);
    let said = if (301..=399).contains(&status) { "it points elsewhere; look at `base_url`".to_owned() } else { said };
    let words = if said.is_empty() { String::new() } else { format!(": {said}") };
    let mut error = ConnectorError::new(kind, code, format!("`{host}` answers {status}{words}"));
    error.retry_after = rest;
    error
}

#[cfg(all(test, feature = "conformance"))]
#[path = "writing_tests.rs"]
mod tests;

/// A text for a path or a query: everything but letters, digits and `-._~` as bytes (RFC 3986 section 2.1).
#[must_use]
pub fn encoded(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
    }
    out
}
