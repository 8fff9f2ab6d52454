//! From a fresh connection to a session: the greeting, and the kinds of login. Own file because only here do secrets go out, and because
//! what a refusal means is a matter of its own. INVARIANT: a secret is sent once, a refusal is never answered by another try, and what the
//! server repeats of a secret is in no error.

use crate::account::{Account, Login};
use crate::fault::{LACKS, LOGIN, LOST, REFUSED, TOKEN, misconfigured, said, transient, unauthorised};
use crate::session::{broken, gone, late, words};
use crate::wire::{Limit, Wire};
use async_imap::error::Error;
use async_imap::imap_proto::{Capability, Response, ResponseCode, Status};
use async_imap::{Authenticator, Client, Session};
use jiff::Timestamp;
use opspilot_sdk::{ConnectorError, Hidden, Secret};
use tokio::time::timeout;

/// An answer to whatever the server asks, once; an empty one to whatever it says then, which ends a refusal (XOAUTH2).
struct Once(Option<Secret>);

impl Authenticator for Once {
    type Response = Vec<u8>;

    fn process(&mut self, _: &[u8]) -> Vec<u8> {
        self.0.take().map(|secret| secret.expose().as_bytes().to_vec()).unwrap_or_default()
    }
}

/// SASL PLAIN (RFC 4616).
fn plain(user: &str, password: &Secret) -> Secret {
    Secret::new(format!("\0{user}\0{}", password.expose()))
}

/// Google's and Microsoft's mechanism.
fn xoauth2(user: &str, access: &str) -> Secret {
    Secret::new(format!("user={user}\x01auth=Bearer {access}\x01\x01"))
}

/// RFC 7628, section 3.1; `=` and `,` in the name as RFC 5801 has them.
fn oauthbearer(account: &Account, access: &str) -> Secret {
    let name = account.options.user.replace('=', "=3D").replace(',', "=2C");
    let (host, port) = (&account.options.host, account.port);
    Secret::new(format!("n,a={name},\x01host={host}\x01port={port}\x01auth=Bearer {access}\x01\x01"))
}

/// What a login sends and must not come back: the secret, and the answer that holds it.
pub(crate) fn hidden(account: &Account, now: Timestamp) -> Hidden {
    let user = account.options.user.as_str();
    let mut hidden = Hidden::default();
    match &account.login {
        Login::Password(password) => {
            hidden.add(plain(user, password).expose());
            hidden.add(password.expose());
        }
        Login::Xoauth2(tokens) | Login::Oauthbearer(tokens) => {
            if let Some(access) = tokens.access(now) {
                hidden.add(xoauth2(user, access).expose());
                hidden.add(oauthbearer(account, access).expose());
                hidden.add(access);
            }
        }
    }
    hidden
}

/// Reads the greeting; what the server says it can do, in uppercase, when it says so here.
pub(crate) async fn greeting(
    client: &mut Client<Wire>,
    host: &str,
    limit: Limit,
) -> Result<Vec<String>, ConnectorError> {
    let data = timeout(limit.left(), client.read_response()).await.map_err(|_| late(host, limit))?;
    let data = data.map_err(|cause| broken(host, &Error::Io(cause)))?;
    match data.as_ref().map(|data| data.parsed()) {
        Some(Response::Data { status: Status::Ok, outcome }) => Ok(match &outcome.code {
            Some(ResponseCode::Capabilities(list)) => list
                .iter()
                .map(|capability| match capability {
                    Capability::Imap4rev1 => "IMAP4REV1".to_owned(),
                    Capability::Auth(name) => format!("AUTH={}", name.to_ascii_uppercase()),
                    Capability::Atom(name) => name.to_ascii_uppercase(),
                })
                .collect(),
            _ => Vec::new(),
        }),
        Some(Response::Data { status: Status::Bye, outcome }) => Err(gone(host, &words(outcome, &Hidden::default()))),
        Some(Response::Data { status: Status::PreAuth, .. }) => Err(misconfigured(
            LACKS,
            format!("`{host}` takes us for somebody it knows before we said who we are; check `host` and `port`"),
        )),
        Some(_) => {
            Err(transient(REFUSED, format!("`{host}` does not greet as a mail server does; check `host` and `port`")))
        }
        None => Err(gone(host, "")),
    }
}

/// Logs in as the account says; with tokens, there must be a fresh one.
pub(crate) async fn login(
    client: Client<Wire>,
    account: &Account,
    offers: &[String],
    hidden: &Hidden,
    limit: Limit,
    now: Timestamp,
) -> Result<Session<Wire>, ConnectorError> {
    let (host, user) = (account.options.host.as_str(), account.options.user.as_str());
    let offers_it = |name: &str| offers.iter().any(|offer| offer == name);
    let known = !offers.is_empty();
    let wants = |mechanism: &str| {
        let text = format!(
            "`{host}` does not offer `{mechanism}`; use another kind of `auth`, or have it switched on for the mailbox"
        );
        if known && !offers_it(&format!("AUTH={mechanism}")) { Err(misconfigured(LACKS, text)) } else { Ok(()) }
    };
    let fresh = || {
        let access = account.tokens().and_then(|tokens| tokens.access(now));
        access.ok_or_else(|| transient(TOKEN, "there is no fresh access token; one is asked for"))
    };
    let attempt = async {
        match &account.login {
            Login::Password(password) => {
                // LOGIN takes ASCII alone; SASL PLAIN (RFC 4616) takes anything.
                let beyond = !(user.is_ascii() && password.expose().is_ascii());
                if offers_it("AUTH=PLAIN") || beyond {
                    let answer = plain(user, password);
                    Ok(client.authenticate("PLAIN", Once(Some(answer))).await)
                } else if offers_it("LOGINDISABLED") {
                    let text = format!(
                        "`{host}` takes no password over this connection; use `tls = \"tls\"` or `\"starttls\"`, or tokens"
                    );
                    Err(misconfigured(LACKS, text))
                } else {
                    Ok(client.login(user, password.expose()).await)
                }
            }
            Login::Xoauth2(_) => {
                wants("XOAUTH2")?;
                let answer = xoauth2(user, fresh()?);
                Ok(client.authenticate("XOAUTH2", Once(Some(answer))).await)
            }
            Login::Oauthbearer(_) => {
                wants("OAUTHBEARER")?;
                let answer = oauthbearer(account, fresh()?);
                Ok(client.authenticate("OAUTHBEARER", Once(Some(answer))).await)
            }
        }
    };
    match timeout(limit.left(), attempt).await {
        Err(_) => Err(late(host, limit)),
        Ok(Err(error)) => Err(error),
        Ok(Ok(Ok(session))) => Ok(session),
        Ok(Ok(Err((Error::No(text), _)))) => Err(unwelcome(host, user, &text, hidden)),
        Ok(Ok(Err((Error::Bad(text), _)))) => Err(misconfigured(
            LACKS,
            format!(
                "`{host}` does not know this kind of login{}; use another kind of `auth`",
                said(&hidden.text(&inner(&text)))
            ),
        )),
        Ok(Ok(Err((cause, _)))) => Err(broken(host, &cause)),
    }
}

/// A refused login (RFC 5530): most are for a person, a few only for now.
fn unwelcome(host: &str, user: &str, text: &str, hidden: &Hidden) -> ConnectorError {
    let upper = text.to_ascii_uppercase();
    let said = said(&hidden.text(&inner(text)));
    if ["[UNAVAILABLE]", "[INUSE]", "[LIMIT]", "[SERVERBUG]"].iter().any(|code| upper.contains(code)) {
        return transient(LOST, format!("`{host}` lets nobody in at the moment{said}"));
    }
    unauthorised(
        LOGIN,
        format!(
            "`{host}` refuses the login of `{user}`{said}; check `user` and the secret that `auth` names, and whether the account allows IMAP"
        ),
    )
}

/// The server's words out of the library's message, which quotes them as Rust does.
fn inner(text: &str) -> String {
    let Some((_, words)) = text.split_once("info: Some(\"") else { return text.to_owned() };
    let mut rest = words.strip_suffix("\")").unwrap_or(words).chars();
    let mut plain = String::with_capacity(words.len());
    while let Some(c) = rest.next() {
        // A quote or a backslash stands for itself; anything else behind one for what is not shown.
        let shown = if c == '\\' { rest.next().filter(|c| matches!(c, '"' | '\\')).unwrap_or(' ') } else { c };
        plain.push(shown);
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::inner;

    #[test]
    fn the_servers_words_are_found() {
        assert_eq!(inner("code: None, info: Some(\"[AUTHENTICATIONFAILED] no\")"), "[AUTHENTICATIONFAILED] no");
        assert_eq!(inner("anything else"), "anything else");
        for said in ["a \"b\\c\" ä", "\\", "\""] {
            assert_eq!(inner(&format!("code: None, info: {:?}", Some(said))), said);
        }
    }
}
