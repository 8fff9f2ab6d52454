//! A session with the server: login, and the few commands that reading needs, each with its deadline and its answer looked at. Own file
//! because it is the only one that speaks IMAP. The commands are written out here, on the library's wire and parser, because its ready
//! ones take the refusal of a FETCH or a STORE for success.
//!
//! INVARIANT: a method that fails leaves a session that must not be used again; the caller drops it.

use crate::account::Account;
use crate::fault::{FOLDER, LACKS, LOST, REFUSED, misconfigured, said, transient};
use crate::folder::quoted;
use crate::login::{greeting, hidden, login};
use crate::options::Tls;
use crate::place::Uids;
use crate::wire::{GREETING, Limit, Wire};
use async_imap::error::Error;
use async_imap::imap_proto::{AttributeValue, Capability, MailboxDatum, Outcome, Response, ResponseCode, Status};
use async_imap::{Client, Session};
use jiff::Timestamp;
use opspilot_sdk::{ConnectorError, Hidden};
use std::collections::BTreeMap;
use std::time::Duration;
use tokio::time::{Instant, timeout, timeout_at};

/// A session that is logged in.
pub(crate) struct Live {
    session: Session<Wire>,
    host: String,
    /// What the login sent: no word of the server is passed on with it.
    hidden: Hidden,
    pub(crate) limit: Limit,
    pub(crate) can: Abilities,
    /// What is known of the folder that is open read-only; opening any folder forgets it.
    pub(crate) ahead: Option<Ahead>,
}

/// What the server can do beyond the base protocol.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Abilities {
    pub(crate) idle: bool,
    pub(crate) mv: bool,
    pub(crate) uidplus: bool,
}

/// A folder as it is opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Opened {
    pub(crate) validity: u32,
    /// The UID that the next message will have, or the count of messages where the server does not say: changes when one comes.
    pub(crate) next: u32,
}

/// What is still to be read of the folder that is open, so that a long way is not looked for anew at each batch.
#[derive(Clone, Debug)]
pub(crate) struct Ahead {
    pub(crate) folder: String,
    pub(crate) validity: u32,
    /// The place for which this holds.
    pub(crate) seen: u32,
    /// In ascending order.
    pub(crate) uids: Vec<u32>,
    /// Of the UIDs up to `listed_to`, those that are there.
    pub(crate) listed: BTreeMap<u32, Listed>,
    pub(crate) listed_to: u32,
}

/// What the server tells of a message before its text is read.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Listed {
    pub(crate) size: u64,
    pub(crate) received: Option<Timestamp>,
}

/// How a command ended.
enum End {
    Ok,
    /// Refused, with the server's words.
    No(String),
}

impl Live {
    /// Connects and logs in. With tokens, there must be a fresh one.
    pub(crate) async fn open(account: &Account, limit: Limit, now: Timestamp) -> Result<Self, ConnectorError> {
        let host = account.options.host.as_str();
        let mut wire = Wire::open(host, account.port, limit).await?;
        if account.options.tls == Tls::Tls {
            wire = wire.protect(host, &account.tls, limit).await?;
        }
        let mut client = Client::new(wire);
        let mut offers = greeting(&mut client, host, limit).await?;
        if account.options.tls == Tls::Starttls {
            match timeout(limit.left(), client.run_command_and_check_ok("STARTTLS", None)).await {
                Err(_) => return Err(late(host, limit)),
                Ok(Err(Error::No(_) | Error::Bad(_))) => {
                    let text = format!("`{host}` offers no STARTTLS on this port; use `tls = \"tls\"` with port 993");
                    return Err(misconfigured(LACKS, text));
                }
                Ok(Err(cause)) => return Err(broken(host, &cause)),
                Ok(Ok(())) => {}
            }
            // What came in the open before the handshake is dropped with the old client.
            client = Client::new(client.into_inner().protect(host, &account.tls, limit).await?);
            offers.clear();
        }
        let hidden = hidden(account, now);
        let session = login(client, account, &offers, &hidden, limit, now).await?;
        let mut live = Self { session, host: host.to_owned(), hidden, limit, can: Abilities::default(), ahead: None };
        live.ask_abilities().await?;
        Ok(live)
    }

    async fn ask_abilities(&mut self) -> Result<(), ConnectorError> {
        let mut can = Abilities::default();
        let end = self.command("CAPABILITY", GREETING, |response| {
            if let Response::Capabilities(list) = response {
                for capability in list {
                    if let Capability::Atom(name) = capability {
                        can.idle |= name.eq_ignore_ascii_case("IDLE");
                        can.mv |= name.eq_ignore_ascii_case("MOVE");
                        can.uidplus |= name.eq_ignore_ascii_case("UIDPLUS");
                    }
                }
            }
        });
        end.await?.or_refused(&self.host, "CAPABILITY")?;
        self.can = can;
        Ok(())
    }

    /// One command; what comes before its end goes to `each`. At most so many bytes may come.
    async fn command(
        &mut self,
        text: &str,
        bytes: usize,
        mut each: impl FnMut(&Response<'_>) + Send,
    ) -> Result<End, ConnectorError> {
        let Self { session, host, hidden, limit, .. } = self;
        session.get_mut().allow(bytes);
        let work = async {
            let tag = session.run_command(text).await.map_err(|cause| broken(host, &cause))?;
            let mut farewell = String::new();
            loop {
                let data = session.read_response().await.map_err(|cause| broken(host, &Error::Io(cause)))?;
                let Some(data) = data else { return Err(gone(host, &farewell)) };
                match data.parsed() {
                    Response::Done { tag: done, status, outcome } if *done == tag => {
                        return match status {
                            Status::Ok => Ok(End::Ok),
                            Status::No => Ok(End::No(words(outcome, hidden))),
                            _ => Err(transient(
                                REFUSED,
                                format!(
                                    "`{host}` does not understand `{}`{}",
                                    verb(text),
                                    said(&words(outcome, hidden))
                                ),
                            )),
                        };
                    }
                    Response::Data { status: Status::Bye, outcome } => farewell = words(outcome, hidden),
                    response => each(response),
                }
            }
        };
        match timeout(limit.left(), work).await {
            Ok(end) => end,
            Err(_) => Err(late(host, *limit)),
        }
    }

    /// Opens a folder, read-only or for flags and moves; a folder that is open already is opened again, because that alone shows a new
    /// UIDVALIDITY.
    pub(crate) async fn examine(&mut self, folder: &str, writable: bool) -> Result<Opened, ConnectorError> {
        self.ahead = None;
        let (mut validity, mut next, mut exists) = (None, None, 0);
        let text = format!("{} {}", if writable { "SELECT" } else { "EXAMINE" }, quoted(folder));
        let end = self.command(&text, GREETING, |response| match response {
            Response::Data { outcome, .. } => match outcome.code {
                Some(ResponseCode::UidValidity(found)) => validity = Some(found),
                Some(ResponseCode::UidNext(found)) => next = Some(found),
                _ => {}
            },
            Response::MailboxData(MailboxDatum::Exists(count)) => exists = *count,
            _ => {}
        });
        if let End::No(words) = end.await? {
            let text = format!(
                "`{}` does not open the folder `{folder}`{}; check its name and the rights of the user",
                self.host,
                said(&words)
            );
            return Err(misconfigured(FOLDER, text));
        }
        let Some(validity) = validity else {
            let text = format!(
                "`{}` gives the folder `{folder}` no UIDVALIDITY; messages in it cannot be told apart",
                self.host
            );
            return Err(misconfigured(LACKS, text));
        };
        Ok(Opened { validity, next: next.unwrap_or(exists) })
    }

    /// The UIDs that match, in ascending order.
    pub(crate) async fn search(&mut self, query: &str) -> Result<Vec<u32>, ConnectorError> {
        let mut found = Vec::new();
        // A UID and a space are at most 11 bytes: room for a million messages.
        let text = format!("UID SEARCH {query}");
        let end = self.command(&text, 12 << 20, |response| {
            if let Response::MailboxData(MailboxDatum::Search(uids)) = response {
                found.extend_from_slice(uids);
            }
        });
        end.await?.or_refused(&self.host, "SEARCH")?;
        found.sort_unstable();
        found.dedup();
        Ok(found)
    }

    /// Sizes and times of arrival; messages that are gone are not among them.
    pub(crate) async fn list(&mut self, uids: &Uids) -> Result<BTreeMap<u32, Listed>, ConnectorError> {
        let mut found = BTreeMap::new();
        let text = format!("UID FETCH {uids} (UID RFC822.SIZE INTERNALDATE)");
        let end = self.command(&text, 4 << 20, |response| {
            let Response::Fetch(_, attributes) = response else { return };
            let (mut uid, mut size, mut received) = (None, None, None);
            for attribute in attributes {
                match attribute {
                    AttributeValue::Uid(found) => uid = Some(*found),
                    AttributeValue::Rfc822Size(found) => size = Some(u64::from(*found)),
                    AttributeValue::InternalDate(text) => received = date(text),
                    _ => {}
                }
            }
            if let (Some(uid), Some(size)) = (uid, size) {
                found.insert(uid, Listed { size, received });
            }
        });
        // A refusal may only mean that some of them are gone (RFC 5530, EXPUNGEISSUED); what is missing is looked into by the caller.
        let _ = end.await?;
        Ok(found)
    }

    /// At most `count` bytes of each message from `offset` on, in pieces as the server sends them. What it does not hand out is missing.
    pub(crate) async fn fetch(
        &mut self,
        uids: &Uids,
        offset: u64,
        count: u64,
        mut take: impl FnMut(u32, &[u8]) + Send,
    ) -> Result<(), ConnectorError> {
        let number = uids.iter().take(1000).count() as u64;
        let room = usize::try_from((count + 4096) * number).unwrap_or(usize::MAX).saturating_add(GREETING);
        let text = format!("UID FETCH {uids} (UID BODY.PEEK[]<{offset}.{count}>)");
        let end = self.command(&text, room, |response| {
            let Response::Fetch(_, attributes) = response else { return };
            let uid = attributes.iter().find_map(|attribute| match attribute {
                AttributeValue::Uid(uid) => Some(*uid),
                _ => None,
            });
            let body = attributes.iter().find_map(|attribute| match attribute {
                AttributeValue::BodySection { section: None, data: Some(data), .. } => Some(data),
                _ => None,
            });
            if let (Some(uid), Some(body)) = (uid, body) {
                take(uid, body.as_ref());
            }
        });
        let _ = end.await?;
        Ok(())
    }

    /// Sets a flag; those that are gone are passed over.
    pub(crate) async fn flag(&mut self, uids: &Uids, flag: &str) -> Result<(), ConnectorError> {
        let text = format!("UID STORE {uids} +FLAGS.SILENT ({flag})");
        match self.command(&text, 4 << 20, |_| {}).await? {
            End::Ok => Ok(()),
            End::No(words) => Err(misconfigured(
                FOLDER,
                format!(
                    "`{}` does not set the flag `{flag}`{}; use another, or `after = \"leave\"`",
                    self.host,
                    said(&words)
                ),
            )),
        }
    }

    /// Moves messages (RFC 6851), or copies and expunges exactly them (RFC 4315).
    pub(crate) async fn shift(&mut self, uids: &Uids, target: &str) -> Result<(), ConnectorError> {
        let refused = |host: &str, words: &str| {
            misconfigured(
                FOLDER,
                format!(
                    "`{host}` does not move messages to `{target}`{}; create the folder and give the user the right to write to it",
                    said(words)
                ),
            )
        };
        let verbs: &[String] = if self.can.mv {
            &[format!("UID MOVE {uids} {}", quoted(target))]
        } else if self.can.uidplus {
            &[
                format!("UID COPY {uids} {}", quoted(target)),
                format!("UID STORE {uids} +FLAGS.SILENT (\\Deleted)"),
                format!("UID EXPUNGE {uids}"),
            ]
        } else {
            return Err(cannot_move(&self.host));
        };
        for text in verbs {
            if let End::No(words) = self.command(text, 4 << 20, |_| {}).await? {
                return Err(refused(&self.host, &words));
            }
        }
        Ok(())
    }

    /// Proof that the server still answers.
    pub(crate) async fn noop(&mut self) -> Result<(), ConnectorError> {
        self.command("NOOP", GREETING, |_| {}).await?.or_refused(&self.host, "NOOP")
    }

    /// Waits in IDLE until a message comes into the open folder, at most so long.
    pub(crate) async fn idle(&mut self, at_most: Duration) -> Result<(), ConnectorError> {
        let Self { session, host, hidden, limit, .. } = self;
        session.get_mut().allow(GREETING);
        let tag = timeout(limit.each, session.run_command("IDLE")).await.map_err(|_| late(host, *limit))?;
        let tag = tag.map_err(|cause| broken(host, &cause))?;
        let end = Instant::now() + at_most;
        let (mut listening, mut woken) = (false, false);
        while !woken || !listening {
            // Until the server says that it listens, its silence is a fault; from then on it is what we wait for.
            let until = if listening { end } else { Instant::now() + limit.each };
            let data = match timeout_at(until, session.read_response()).await {
                Err(_) if listening => break,
                Err(_) => return Err(late(host, *limit)),
                Ok(data) => data.map_err(|cause| broken(host, &Error::Io(cause)))?,
            };
            let Some(data) = data else { return Err(gone(host, "")) };
            match data.parsed() {
                Response::Continue(_) => listening = true,
                Response::MailboxData(MailboxDatum::Exists(_)) => woken = true,
                Response::Data { status: Status::Bye, outcome } => return Err(gone(host, &words(outcome, hidden))),
                Response::Done { tag: done, outcome, .. } if *done == tag => {
                    return Err(transient(
                        REFUSED,
                        format!("`{host}` ends IDLE by itself{}", said(&words(outcome, hidden))),
                    ));
                }
                _ => {}
            }
        }
        let done = async {
            session.run_command_untagged("DONE").await.map_err(|cause| broken(host, &cause))?;
            loop {
                let data = session.read_response().await.map_err(|cause| broken(host, &Error::Io(cause)))?;
                let Some(data) = data else { return Err(gone(host, "")) };
                if matches!(data.parsed(), Response::Done { tag: done, .. } if *done == tag) {
                    return Ok(());
                }
            }
        };
        // A connection that died in silence shows here.
        timeout(limit.each, done).await.unwrap_or_else(|_| Err(late(host, *limit)))
    }

    /// Says goodbye; whether the server hears it does not matter.
    pub(crate) async fn logout(mut self) {
        let _ = self.command("LOGOUT", GREETING, |_| {}).await;
    }
}

impl End {
    fn or_refused(self, host: &str, verb: &str) -> Result<(), ConnectorError> {
        match self {
            Self::Ok => Ok(()),
            Self::No(words) => Err(transient(REFUSED, format!("`{host}` refuses `{verb}`{}", said(&words)))),
        }
    }
}

pub(crate) fn words(outcome: &Outcome<'_>, hidden: &Hidden) -> String {
    hidden.text(outcome.information.as_deref().unwrap_or_default())
}

/// The command without its arguments.
fn verb(text: &str) -> &str {
    let end = text.match_indices(' ').nth(usize::from(text.starts_with("UID "))).map_or(text.len(), |(index, _)| index);
    text.get(..end).unwrap_or(text)
}

/// The cause is named by its kind alone: the library's message may quote the mail that was being read.
pub(crate) fn broken(host: &str, cause: &Error) -> ConnectorError {
    match cause {
        Error::Io(cause) if cause.kind() == std::io::ErrorKind::Other => {
            transient(REFUSED, format!("`{host}` answered what cannot be understood, or more than it was asked for"))
        }
        Error::Io(cause) => transient(LOST, format!("the connection to `{host}` broke ({})", cause.kind())),
        Error::ConnectionLost => gone(host, ""),
        _ => transient(REFUSED, format!("`{host}` answered what cannot be understood")),
    }
}

pub(crate) fn gone(host: &str, farewell: &str) -> ConnectorError {
    transient(LOST, format!("`{host}` ended the session{}", said(farewell)))
}

pub(crate) fn late(host: &str, limit: Limit) -> ConnectorError {
    transient(LOST, format!("`{host}` did not answer within {} s", limit.each.as_secs()))
}

pub(crate) fn cannot_move(host: &str) -> ConnectorError {
    misconfigured(
        LACKS,
        format!(
            "`{host}` has neither MOVE nor UIDPLUS, so messages cannot be moved safely; use `after = {{ flag = \"\\\\Seen\" }}` or `\"leave\"`"
        ),
    )
}

/// `17-Jul-1996 02:44:25 -0700`, the day with a leading space when it has one digit.
fn date(text: &str) -> Option<Timestamp> {
    jiff::fmt::strtime::parse("%d-%b-%Y %H:%M:%S %z", text.trim()).ok()?.to_timestamp().ok()
}

#[cfg(test)]
mod tests {
    use super::{date, verb};

    #[test]
    fn small_readings() {
        assert_eq!(date(" 7-Jul-1996 02:44:25 -0700").unwrap().to_string(), "1996-07-07T09:44:25Z");
        assert_eq!(date("17-Jul-1996 02:44:25 +0000").unwrap().to_string(), "1996-07-17T02:44:25Z");
        assert_eq!(date("yesterday"), None);
        assert_eq!(verb("UID FETCH 1:2 (UID)"), "UID FETCH");
        assert_eq!(verb("EXAMINE \"a\""), "EXAMINE");
        assert_eq!(verb("NOOP"), "NOOP");
    }
}
