//! From UIDs to envelopes: what is ahead in a folder is read, passed over, set aside or refused. Own file because how a message that
//! fails is told from a connection that fails is a matter of its own. INVARIANT: a UID leaves the open ones only by being accepted,
//! refused, passed over or gone; whatever fails, the others are read.

use crate::fault::{TOO_LARGE, UNREADABLE};
use crate::gather::{Reading, SMALL, Step, Whole, group, together};
use crate::identity::Identity;
use crate::options::After;
use crate::place::{Place, Uids};
use crate::session::{Ahead, Listed, Live};
use crate::source::Mailbox;
use opspilot_sdk::{ConnectorError, Content, DedupKey, Envelope, Progress, Refused};
use std::time::Duration;
use tokio::time::Instant;

/// Bytes of messages after which a batch is full.
const BATCH: u64 = 8 << 20;
/// Messages listed at once.
pub(crate) const SPAN: usize = 1000;
/// A message that could not be read is left alone for so long.
const ASIDE: Duration = Duration::from_secs(60);
/// The same while it may have been the connection's fault.
const BRIEFLY: Duration = Duration::from_secs(5);
/// So many failures while others could be read, and it is refused.
const PROOFS: u32 = 3;
/// More troubled messages than this are not told apart; they are asked for anew.
const AILING: usize = 4096;
/// After a session broke while several were read at once, so many are read one by one.
const SINGLY: u32 = 50;

/// A message that failed to be read.
pub(crate) struct Ailing {
    fails: u32,
    /// Failures that were the message's, not the connection's.
    proofs: u32,
    mark: u64,
    last: Instant,
}

/// What came out of one folder.
pub(crate) struct Haul {
    pub(crate) place: Place,
    pub(crate) envelopes: Vec<Envelope>,
    pub(crate) refused: Vec<Refused>,
    pub(crate) due: Uids,
    pub(crate) bytes: u64,
    pub(crate) progress: Option<Progress>,
}

/// Where a message lies, as people and the inventory name it.
pub(crate) fn lies(folder: &str, validity: u32, uid: u32) -> String {
    format!("{folder}, UID {uid} of {validity}")
}

/// The key of a message whose text nobody could read.
pub(crate) fn unread_key(folder: &str, validity: u32, uid: u32) -> DedupKey {
    DedupKey::new(format!("imap:{validity}/{uid}/{folder}"))
}

impl Mailbox {
    /// Reads what is ahead until the batch is full or time is up. What is in the haul when it fails counts.
    pub(crate) async fn gather(
        &mut self,
        live: &mut Live,
        ahead: &mut Ahead,
        limit: usize,
        until: Instant,
        haul: &mut Haul,
    ) -> Result<(), ConnectorError> {
        let (folder, validity) = (ahead.folder.as_str(), ahead.validity);
        let uids = ahead.uids.get(..limit.min(ahead.uids.len())).unwrap_or_default();
        let unlisted = ahead.uids.partition_point(|uid| *uid <= ahead.listed_to);
        if unlisted < uids.len() {
            // With several folders another comes next, and this would be listed again.
            let most = if self.account.options.folders.len() == 1 { self.span } else { self.span.min(limit) };
            let span = ahead.uids.iter().skip(unlisted).take(most);
            let span: Uids = span.copied().collect();
            match live.list(&span).await {
                Ok(mut found) => {
                    ahead.listed.append(&mut found);
                    ahead.listed_to = span.iter().last().unwrap_or(0);
                    self.span = (self.span * 2).min(SPAN);
                }
                Err(error) => {
                    // A server that must read each message to tell its size needs time.
                    self.span = (self.span / 4).max(8);
                    return Err(error);
                }
            }
        }
        let listed = &ahead.listed;
        let uids = uids.get(..uids.partition_point(|uid| *uid <= ahead.listed_to)).unwrap_or_default();
        let mut rest = uids;
        while let Some((&uid, tail)) = rest.split_first() {
            if Instant::now() >= until || haul.bytes >= BATCH {
                break;
            }
            let Some(found) = listed.get(&uid) else {
                self.missing(live, folder, uid, haul).await?;
                rest = tail;
                continue;
            };
            if self.ignored(found).is_some() {
                haul.pass(uid);
                rest = tail;
                continue;
            }
            if self.is_aside(folder, validity, uid) {
                haul.leave_open(uid);
                rest = tail;
                continue;
            }
            if self.proofs(folder, validity, uid).is_some_and(|proofs| proofs >= PROOFS) {
                self.refuse(folder, uid, haul);
                rest = tail;
                continue;
            }
            // One that failed before is asked for alone, so that it takes no other with it.
            let sound = if self.ailing.is_empty() {
                rest.len()
            } else {
                rest.iter().take_while(|uid| self.proofs(folder, validity, **uid).is_none()).count()
            };
            let single = self.singly > 0 || sound == 0;
            let together_with = group(rest.get(..sound.max(1)).unwrap_or(rest), listed, self.pace, single);
            let (run, tail) = rest.split_at(together_with.max(1));
            // What is passed over is not asked for.
            let wanted: Vec<u32> = run
                .iter()
                .copied()
                .filter(|uid| listed.get(uid).is_some_and(|found| self.ignored(found).is_none()))
                .collect();
            if together_with > 0 && !self.reading.as_ref().is_some_and(|reading| reading.is_of(folder, validity, uid)) {
                let mut came = match together(live, &wanted, listed, &mut self.pace).await {
                    Ok(came) => came,
                    Err(error) => {
                        if let [uid] = wanted.as_slice() {
                            self.fail(folder, validity, *uid, false);
                        }
                        self.singly = SINGLY;
                        return Err(error);
                    }
                };
                self.singly = self.singly.saturating_sub(1);
                for uid in run {
                    match (came.remove(uid), listed.get(uid)) {
                        (Some(raw), Some(found)) => {
                            let mut identity = Identity::new();
                            identity.take(&raw);
                            let (key, message_id) = identity.finish();
                            let bytes = raw.len() as u64;
                            self.accept(folder, *uid, *found, Whole { key, message_id, bytes, raw: Some(raw) }, haul);
                        }
                        (None, Some(found)) if wanted.contains(uid) => {
                            self.piecewise(live, folder, *uid, *found, until, haul).await?
                        }
                        (_, Some(found)) if self.ignored(found).is_some() => haul.pass(*uid),
                        _ => haul.leave_open(*uid),
                    }
                    if haul.progress.is_some() {
                        return Ok(());
                    }
                }
            } else {
                self.piecewise(live, folder, uid, *found, until, haul).await?;
                if haul.progress.is_some() {
                    return Ok(());
                }
            }
            rest = tail;
        }
        Ok(())
    }

    /// One message, piece by piece; goes on where an earlier poll had to stop.
    async fn piecewise(
        &mut self,
        live: &mut Live,
        folder: &str,
        uid: u32,
        found: Listed,
        until: Instant,
        haul: &mut Haul,
    ) -> Result<(), ConnectorError> {
        let validity = haul.place.validity;
        let most = self.account.options.max_message_bytes;
        if self.reading.as_ref().is_none_or(|reading| !reading.is_of(folder, validity, uid)) {
            self.reading = Some(Reading::new(folder, validity, uid, found.size, most));
        }
        let Some(reading) = &mut self.reading else { return Ok(()) };
        let (before, _) = reading.reached();
        match reading.advance(live, &mut self.pace, until).await {
            Ok(Step::Done) => {
                if let Some(whole) = self.reading.take().map(Reading::finish) {
                    self.accept(folder, uid, found, whole, haul);
                }
            }
            Ok(Step::Paused) => {
                let (done, total) = reading.reached();
                haul.progress =
                    Some(Progress { what: lies(folder, validity, uid), done, total: Some(total), unit: "bytes" });
            }
            Ok(Step::Missing) => {
                self.reading = None;
                self.missing(live, folder, uid, haul).await?;
            }
            Err(error) => {
                // A piece more than before is no failure of the message.
                if reading.reached().0 > before {
                    self.ailing.remove(&(folder.to_owned(), validity, uid));
                } else {
                    self.fail(folder, validity, uid, false);
                }
                return Err(error);
            }
        }
        Ok(())
    }

    /// A message that was found and is not handed out: gone, or unreadable where it lies.
    async fn missing(
        &mut self,
        live: &mut Live,
        folder: &str,
        uid: u32,
        haul: &mut Haul,
    ) -> Result<(), ConnectorError> {
        live.noop().await?;
        if live.search(&format!("UID {uid}")).await?.is_empty() {
            tracing::info!(source.name = %self.account.name, folder, uid, "a message was deleted or moved by somebody else before it was read");
            haul.pass(uid);
            return Ok(());
        }
        if self.fail(folder, haul.place.validity, uid, true) >= PROOFS {
            self.refuse(folder, uid, haul);
        } else {
            haul.leave_open(uid);
        }
        Ok(())
    }

    /// Gives a message up, by name.
    fn refuse(&mut self, folder: &str, uid: u32, haul: &mut Haul) {
        let validity = haul.place.validity;
        self.ailing.remove(&(folder.to_owned(), validity, uid));
        haul.pass(uid);
        haul.refused.push(Refused {
            key: unread_key(folder, validity, uid),
            place: lies(folder, validity, uid),
            code: UNREADABLE,
            reason: "the server lists this message and does not hand out its text; look at it with a mail program, or have the server's store repaired".to_owned(),
        });
    }

    /// Notes that a message could not be read; how often that was its own fault.
    fn fail(&mut self, folder: &str, validity: u32, uid: u32, proven: bool) -> u32 {
        let (read, now) = (self.read, Instant::now());
        if self.ailing.len() >= AILING {
            self.ailing.clear();
        }
        let fresh = Ailing { fails: 0, proofs: 0, mark: u64::MAX, last: now };
        let ailing = self.ailing.entry((folder.to_owned(), validity, uid)).or_insert(fresh);
        ailing.fails += 1;
        // A broken connection is the message's fault only if others could be read since the last time.
        ailing.proofs += u32::from(proven || read > ailing.mark);
        (ailing.mark, ailing.last) = (read, now);
        ailing.proofs
    }

    /// How often a message has failed by its own fault, when it has failed at all.
    fn proofs(&self, folder: &str, validity: u32, uid: u32) -> Option<u32> {
        self.ailing.get(&(folder.to_owned(), validity, uid)).map(|ailing| ailing.proofs)
    }

    /// Whether a message that failed is left alone for now: at once when the server does not hand it out, else at the second time.
    pub(crate) fn is_aside(&self, folder: &str, validity: u32, uid: u32) -> bool {
        let known = self.ailing.get(&(folder.to_owned(), validity, uid));
        known.is_some_and(|ailing| {
            let rest = if ailing.proofs == 0 { BRIEFLY } else { ASIDE };
            ailing.fails + ailing.proofs >= 2 && ailing.last.elapsed() < rest
        })
    }

    fn accept(&mut self, folder: &str, uid: u32, found: Listed, whole: Whole, haul: &mut Haul) {
        let validity = haul.place.validity;
        self.read += 1;
        self.ailing.remove(&(folder.to_owned(), validity, uid));
        haul.pass(uid);
        let Some(raw) = whole.raw.filter(|_| whole.bytes <= self.account.options.max_message_bytes) else {
            let most = self.account.options.max_message_bytes;
            haul.refused.push(Refused {
                key: whole.key,
                place: lies(folder, validity, uid),
                code: TOO_LARGE,
                reason: format!("this message has {} bytes, more than {most}; read it with a mail program, or raise `max_message_bytes` and read it again", whole.bytes),
            });
            return;
        };
        let now = self.clock.now();
        haul.bytes += whole.bytes.max(SMALL / 64);
        haul.envelopes.push(Envelope {
            key: whole.key,
            external_id: whole.message_id,
            received_at: found.received.map_or(now, |received| received.min(now)),
            media_type: "message/rfc822".to_owned(),
            raw,
            content: Content::Message,
            attachments: Vec::new(),
        });
        if self.account.options.after != After::Leave {
            haul.due.insert(uid);
            haul.place.due.insert(uid);
        }
    }
}

impl Haul {
    /// Dealt with, one way or another.
    fn pass(&mut self, uid: u32) {
        self.place.open.remove(uid);
        self.place.seen = self.place.seen.max(uid);
    }

    /// To be asked for again, without keeping the others waiting.
    fn leave_open(&mut self, uid: u32) {
        self.place.seen = self.place.seen.max(uid);
        self.place.open.insert(uid);
    }
}
