//! What the server holds now, page by page, each message with the key its envelope has: the server's side of a reconciliation. Own
//! file because it reads everything and takes nothing. INVARIANT: no text of a message is held beyond the piece being digested.

use crate::gather::{Reading, Step, group, together};
use crate::identity::key_of;
use crate::place::Uids;
use crate::reading::{lies, unread_key};
use crate::session::Live;
use crate::source::{Known, Mailbox};
use crate::wire::Limit;
use opspilot_sdk::{ConnectorError, Cursor, Held, Inventory};
use serde::{Deserialize, Serialize};
use std::time::Duration;
use tokio::time::Instant;

/// Where the next page begins.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
struct Mark {
    folder: usize,
    validity: u32,
    after: u32,
}

fn cursor(mark: &Mark) -> Option<Cursor> {
    serde_json::to_string(mark).ok().map(Cursor)
}

/// The page after `from`.
pub(crate) async fn page(
    mailbox: &mut Mailbox,
    from: Option<Cursor>,
    limit: usize,
    time: Duration,
    latest: Duration,
) -> Result<Inventory, ConnectorError> {
    let until = Instant::now() + time;
    let mark: Mark = from.and_then(|Cursor(text)| serde_json::from_str(&text).ok()).unwrap_or_default();
    let mut live = match mailbox.session(Limit::new(mailbox.account.deadline(), latest)).await? {
        Ok(live) => live,
        Err(keep) => {
            // Whoever asks for the next page has stored it.
            mailbox.unkept = None;
            return Ok(Inventory { held: Vec::new(), next: cursor(&mark), keep: Some(keep) });
        }
    };
    let page = fill(mailbox, &mut live, mark, limit, until).await?;
    mailbox.live = Some(live);
    Ok(page)
}

async fn fill(
    mailbox: &mut Mailbox,
    live: &mut Live,
    mark: Mark,
    limit: usize,
    until: Instant,
) -> Result<Inventory, ConnectorError> {
    let mut page = Inventory::default();
    let Some(folder) = mailbox.account.options.folders.get(mark.folder).cloned() else { return Ok(page) };
    let opened = live.examine(&folder, false).await?;
    // A folder that was made anew meanwhile is listed from its beginning.
    let after = if opened.validity == mark.validity { mark.after } else { 0 };
    let mut uids = live.search(&format!("UID {}:*", after.saturating_add(1))).await?;
    uids.retain(|uid| *uid > after);
    let more = uids.len() > limit;
    uids.truncate(limit);
    let known = if uids.is_empty() { Known::new() } else { live.list(&uids.iter().copied().collect()).await? };
    let mut reached = after;
    let mut rest = uids.as_slice();
    while let Some((&uid, tail)) = rest.split_first() {
        if Instant::now() >= until {
            page.next = cursor(&Mark { folder: mark.folder, validity: opened.validity, after: reached });
            return Ok(page);
        }
        let (run, tail) = match known.get(&uid) {
            Some(found) if mailbox.ignored(found).is_some() => {
                page.held.push(Held {
                    place: lies(&folder, opened.validity, uid),
                    key: None,
                    ignored: mailbox.ignored(found),
                });
                (&rest[..1], tail)
            }
            Some(_) => {
                let count = group(rest, &known, mailbox.pace, false).max(1);
                let count = rest
                    .iter()
                    .take(count)
                    .take_while(|uid| known.get(uid).is_some_and(|found| mailbox.ignored(found).is_none()))
                    .count()
                    .max(1);
                let (run, tail) = rest.split_at(count);
                if !digest(mailbox, live, &folder, opened.validity, run, &known, until, &mut page).await? {
                    page.next = cursor(&Mark { folder: mark.folder, validity: opened.validity, after: reached });
                    return Ok(page);
                }
                (run, tail)
            }
            None => {
                if !live.search(&format!("UID {uid}")).await?.is_empty() {
                    page.held.push(unread(&folder, opened.validity, uid));
                }
                (&rest[..1], tail)
            }
        };
        reached = run.last().copied().unwrap_or(uid);
        rest = tail;
    }
    let folders = mailbox.account.options.folders.len();
    page.next = if more {
        cursor(&Mark { folder: mark.folder, validity: opened.validity, after: reached })
    } else if mark.folder + 1 < folders {
        cursor(&Mark { folder: mark.folder + 1, ..Mark::default() })
    } else {
        None
    };
    Ok(page)
}

fn unread(folder: &str, validity: u32, uid: u32) -> Held {
    Held { place: lies(folder, validity, uid), key: Some(unread_key(folder, validity, uid)), ignored: None }
}

/// Digests a run of messages; `false` when time ran out in the middle of a long one.
#[expect(clippy::too_many_arguments, reason = "the parts of one page, used nowhere else")]
async fn digest(
    mailbox: &mut Mailbox,
    live: &mut Live,
    folder: &str,
    validity: u32,
    run: &[u32],
    known: &Known,
    until: Instant,
    page: &mut Inventory,
) -> Result<bool, ConnectorError> {
    let small = group(run, known, mailbox.pace, false) >= run.len();
    let mut came =
        if small { together(live, run, known, &mut mailbox.pace).await? } else { std::collections::BTreeMap::new() };
    for uid in run.iter().copied() {
        let key = match came.remove(&uid) {
            Some(raw) => Some(key_of(&raw)),
            None => {
                if mailbox.listing.as_ref().is_none_or(|reading| !reading.is_of(folder, validity, uid)) {
                    let size = known.get(&uid).map_or(0, |found| found.size);
                    mailbox.listing = Some(Reading::new(folder, validity, uid, size, 0));
                }
                let Some(reading) = &mut mailbox.listing else { continue };
                match reading.advance(live, &mut mailbox.pace, until).await? {
                    Step::Done => mailbox.listing.take().map(|reading| reading.finish().key),
                    Step::Paused => return Ok(false),
                    Step::Missing => {
                        mailbox.listing = None;
                        let there: Uids = live.search(&format!("UID {uid}")).await?.into_iter().collect();
                        if there.is_empty() {
                            continue;
                        }
                        Some(unread_key(folder, validity, uid))
                    }
                }
            }
        };
        page.held.push(Held { place: lies(folder, validity, uid), key, ignored: None });
    }
    Ok(true)
}
