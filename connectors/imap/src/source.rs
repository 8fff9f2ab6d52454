//! A mailbox as a pulled source: one session kept between polls, folders in turn, batches made of what is new. Own file because it alone
//! knows the order of these. INVARIANT: the session stands in `self` only while it is idle between two calls, so that a dropped future
//! takes a half-used one with it; what a batch holds follows from the cursor handed in and from the server, never from memory.

use crate::account::Account;
use crate::fault::{FOLDER, misconfigured};
use crate::gather::{Pace, Reading};
use crate::listing;
use crate::options::After;
use crate::place::{Place, Places, Uids};
use crate::reading::{Ailing, Haul, SPAN};
use crate::session::{Ahead, Listed, Live, cannot_move};
use crate::wire::Limit;
use opspilot_sdk::{
    Batch, BatchId, BoxFuture, Clock, ConnectorError, Cursor, ErrorKind, Inventory, Secret, Settled, Source,
};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;
use std::time::Duration;
use tokio::time::Instant;

/// How long a poll goes on beginning things.
const POLL: Duration = Duration::from_secs(15);
/// The latest end of everything that a poll has begun.
const LATEST: Duration = Duration::from_secs(25);
/// A mailbox at work.
pub(crate) struct Mailbox {
    pub(crate) account: Account,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) live: Option<Live>,
    /// The folder that is looked at first.
    turn: usize,
    batches: u64,
    out: Option<Out>,
    /// What must be stored before anything else is done, and the batch by which it was handed out.
    pub(crate) unkept: Option<Secret>,
    keeping: Option<BatchId>,
    /// What was flagged or moved by this run, per folder and UIDVALIDITY: the stored cursor learns it with the next batch.
    done: HashMap<(String, u32), Uids>,
    pub(crate) reading: Option<Reading>,
    pub(crate) listing: Option<Reading>,
    pub(crate) pace: Pace,
    /// How many messages are listed at once.
    pub(crate) span: usize,
    pub(crate) ailing: HashMap<(String, u32, u32), Ailing>,
    /// Messages read so far.
    pub(crate) read: u64,
    /// How many more are read one by one.
    pub(crate) singly: u32,
    /// The folders that could be opened before.
    opened: BTreeSet<String>,
    /// The first folder's next UID when it was last looked at.
    next: Option<(u32, u32)>,
}

/// A batch that was handed out.
#[derive(Clone)]
struct Out {
    id: BatchId,
    folder: String,
    validity: u32,
    due: Uids,
    turn: usize,
}

impl Mailbox {
    pub(crate) fn new(account: Account, clock: Arc<dyn Clock>) -> Self {
        Self {
            account,
            clock,
            live: None,
            turn: 0,
            batches: 0,
            out: None,
            unkept: None,
            keeping: None,
            done: HashMap::new(),
            reading: None,
            listing: None,
            pace: Pace::default(),
            span: SPAN,
            ailing: HashMap::new(),
            read: 0,
            singly: 0,
            opened: BTreeSet::new(),
            next: None,
        }
    }

    /// A session: the one at hand or a new one; or what must be stored before there can be one.
    pub(crate) async fn session(&mut self, limit: Limit) -> Result<Result<Live, Secret>, ConnectorError> {
        if let Some(keep) = &self.unkept {
            return Ok(Err(keep.clone()));
        }
        if let Some(mut live) = self.live.take() {
            live.limit = limit;
            return Ok(Ok(live));
        }
        let now = self.clock.now();
        let tls = Arc::clone(&self.account.tls);
        if let Some(tokens) = self.account.tokens_mut()
            && tokens.access(now).is_none()
        {
            tokens.renew(&tls, now, limit).await?;
            let keep = tokens.keep();
            self.unkept = Some(keep.clone());
            return Ok(Err(keep));
        }
        let opened = Live::open(&self.account, limit, now).await;
        if let Err(error) = &opened
            && error.kind == ErrorKind::Unauthorised
            && let Some(tokens) = self.account.tokens_mut()
        {
            // Perhaps it was withdrawn before its time; the next attempt brings another.
            tokens.spurn();
        }
        opened.map(Ok)
    }

    pub(crate) fn ignored(&self, listed: &Listed) -> Option<String> {
        let day = self.account.options.not_before?;
        let from = day.in_tz("UTC").ok()?.timestamp();
        let received = listed.received.filter(|received| *received < from)?;
        Some(format!("reached the server on {received}, before `not_before`"))
    }

    async fn step(&mut self, after: Option<Cursor>, limit: usize) -> Result<Batch, ConnectorError> {
        let wait = Duration::from_secs(self.account.options.poll_secs);
        if limit == 0 {
            return Ok(Batch { again_in: Some(wait), ..Batch::default() });
        }
        let begun = Instant::now();
        let mut live = match self.session(Limit::new(self.account.deadline(), LATEST)).await? {
            Ok(live) => live,
            Err(keep) => {
                self.batches += 1;
                let id = BatchId(self.batches);
                self.keeping = Some(id);
                return Ok(Batch { id: Some(id), keep: Some(keep), ..Batch::default() });
            }
        };
        let notice = self.account.tokens().and_then(|tokens| tokens.notice(self.clock.now()));
        let outcome = self.round(&mut live, Places::read(after.as_ref()), limit, begun + POLL).await;
        let (batch, well) = outcome?;
        if well {
            self.live = Some(live);
        }
        let again_in = if batch.id.is_some() || batch.progress.is_some() { None } else { Some(wait) };
        Ok(Batch { again_in, proven: true, notice: batch.notice.clone().or(notice), ..batch })
    }

    /// The folders in turn until one has something; whether the session is still good.
    async fn round(
        &mut self,
        live: &mut Live,
        places: Places,
        limit: usize,
        until: Instant,
    ) -> Result<(Batch, bool), ConnectorError> {
        let folders = self.account.options.folders.clone();
        let (mut trouble, mut unsettled) = (None, None);
        for step in 0..folders.len() {
            let index = (self.turn + step) % folders.len();
            let Some(folder) = folders.get(index) else { continue };
            let known = live.ahead.take().filter(|ahead| {
                ahead.folder == *folder
                    && places.at(folder, ahead.validity).seen == ahead.seen
                    && !ahead.uids.is_empty()
            });
            let looked = match known {
                Some(ahead) => Ok(ahead),
                None => self.ahead(live, index, folder, &places).await,
            };
            let mut ahead = match looked {
                // A folder that is gone must not keep the others from being read.
                Err(mut error) if error.code == FOLDER => {
                    // One that was there is perhaps being made anew, as a restored backup is.
                    if self.opened.contains(folder) {
                        error.kind = ErrorKind::Transient;
                    }
                    trouble = trouble.or(Some(error));
                    continue;
                }
                looked => looked?,
            };
            let place = places.at(folder, ahead.validity);
            let settled = self.done.get(&(folder.clone(), ahead.validity));
            let due: Uids =
                place.due.iter().filter(|uid| settled.is_none_or(|settled| !settled.contains(*uid))).collect();
            if ahead.uids.is_empty() {
                if !due.is_empty() && unsettled.is_none() && self.account.options.after != After::Leave {
                    unsettled = Some((folder.clone(), ahead.validity, due, index));
                }
                continue;
            }
            let mut haul = Haul {
                place: Place { due: due.clone(), ..place.clone() },
                envelopes: Vec::new(),
                refused: Vec::new(),
                due,
                bytes: 0,
                progress: None,
            };
            let gathered = self.gather(live, &mut ahead, limit, until, &mut haul).await;
            let well = gathered.is_ok();
            let new = haul.place.seen != place.seen || haul.place.open != place.open || !haul.refused.is_empty();
            if !new && haul.progress.is_none() {
                gathered?;
                continue;
            }
            ahead.seen = haul.place.seen;
            ahead.uids.retain(|uid| *uid > ahead.seen);
            ahead.listed = ahead.listed.split_off(&ahead.seen.saturating_add(1));
            let turn = if ahead.uids.is_empty() { index } else { index + 1 };
            let validity = ahead.validity;
            if well && folders.len() == 1 {
                live.ahead = Some(ahead);
            }
            let batch = if new {
                let mut places = places;
                places.0.insert(folder.clone(), haul.place);
                Batch {
                    envelopes: haul.envelopes,
                    refused: haul.refused,
                    cursor: Some(places.write()),
                    ..self.offer(folder, validity, haul.due, turn % folders.len())
                }
            } else {
                Batch::default()
            };
            let notice = trouble.map(|error| error.to_string());
            return Ok((Batch { progress: haul.progress, notice, ..batch }, well));
        }
        if let Some((folder, validity, due, turn)) = unsettled {
            return Ok((self.offer(&folder, validity, due, turn), true));
        }
        match trouble {
            Some(error) => Err(error),
            None => Ok((Batch::default(), true)),
        }
    }

    /// Opens a folder and finds out what is to be read of it.
    async fn ahead(
        &mut self,
        live: &mut Live,
        index: usize,
        folder: &str,
        places: &Places,
    ) -> Result<Ahead, ConnectorError> {
        let opened = live.examine(folder, false).await?;
        if !self.opened.contains(folder) {
            self.opened.insert(folder.to_owned());
        }
        if index == 0 {
            self.next = Some((opened.validity, opened.next));
        }
        let place = places.at(folder, opened.validity);
        let mut uids = live.search(&format!("UID {}:*", place.seen.saturating_add(1))).await?;
        // `n:*` always finds the last message, however low its UID.
        uids.retain(|uid| *uid > place.seen);
        let retry = |uid: &u32| !self.is_aside(folder, opened.validity, *uid);
        uids.splice(0..0, place.open.iter().filter(retry));
        Ok(Ahead {
            folder: folder.to_owned(),
            validity: opened.validity,
            seen: place.seen,
            uids,
            listed: BTreeMap::new(),
            listed_to: 0,
        })
    }

    fn offer(&mut self, folder: &str, validity: u32, due: Uids, turn: usize) -> Batch {
        self.batches += 1;
        let id = BatchId(self.batches);
        self.out = Some(Out { id, folder: folder.to_owned(), validity, due, turn });
        Batch { id: Some(id), ..Batch::default() }
    }

    async fn settled(&mut self, batch: BatchId, outcome: Settled) -> Result<(), ConnectorError> {
        if self.keeping.take_if(|id| *id == batch).is_some() && outcome == Settled::Committed {
            self.unkept = None;
        }
        // A repeat, or the settlement of a batch that was offered anew since, changes nothing.
        let Some(out) = self.out.take_if(|out| out.id == batch) else { return Ok(()) };
        if outcome != Settled::Committed {
            return Ok(());
        }
        self.turn = out.turn;
        if out.due.is_empty() {
            return Ok(());
        }
        // Without a session the next poll offers it again, once it has one.
        let Some(mut live) = self.live.take() else { return Ok(()) };
        live.limit = Limit::new(self.account.deadline(), LATEST);
        let opened = live.examine(&out.folder, true).await?;
        if opened.validity == out.validity {
            match self.account.options.after.clone() {
                After::Leave => {}
                After::Flag(flag) => live.flag(&out.due, &flag).await?,
                After::Move(target) => live.shift(&out.due, &target).await?,
            }
        }
        let done = self.done.entry((out.folder, out.validity)).or_default();
        for uid in out.due.iter() {
            done.insert(uid);
        }
        self.live = Some(live);
        Ok(())
    }

    async fn look(&self) -> Result<(), ConnectorError> {
        let options = &self.account.options;
        let mut account = self.account.clone();
        let limit = Limit::new(self.account.deadline(), Duration::from_secs(60));
        let now = self.clock.now();
        let tls = Arc::clone(&account.tls);
        if let Some(tokens) = account.tokens_mut()
            && tokens.access(now).is_none()
        {
            tokens.renew(&tls, now, limit).await?;
        }
        let mut live = Live::open(&account, limit, now).await?;
        for folder in &options.folders {
            live.examine(folder, false).await?;
            live.search("UID 1").await?;
        }
        if let After::Move(target) = &options.after {
            if !live.can.mv && !live.can.uidplus {
                return Err(cannot_move(&options.host));
            }
            live.examine(target, false).await.map_err(|error| {
                let text = format!(
                    "the folder `{target}`, to which `after` moves messages, cannot be opened; create it on the server"
                );
                if error.code == FOLDER { misconfigured(FOLDER, text).because(error) } else { error }
            })?;
        }
        live.logout().await;
        Ok(())
    }

    async fn idle(&mut self, at_most: Duration) {
        let Some(mut live) = self.live.take() else { return };
        let Some(folder) = self.account.options.folders.first().cloned() else { return };
        live.limit = Limit::new(self.account.deadline(), at_most + LATEST);
        let waited = async {
            let opened = live.examine(&folder, false).await?;
            // Something came between the poll and now.
            if self.next.is_some_and(|next| next != (opened.validity, opened.next)) {
                return Ok(());
            }
            live.idle(at_most).await
        };
        match waited.await {
            Ok(()) => self.live = Some(live),
            Err(error) => {
                tracing::debug!(source.name = %self.account.name, error = %error, "waiting for mail ended early")
            }
        }
    }
}

impl Source for Mailbox {
    fn check(&self) -> BoxFuture<'_, Result<(), ConnectorError>> {
        Box::pin(self.look())
    }

    fn poll(&mut self, after: Option<Cursor>, limit: usize) -> BoxFuture<'_, Result<Batch, ConnectorError>> {
        Box::pin(self.step(after, limit))
    }

    fn settle(&mut self, batch: BatchId, outcome: Settled) -> BoxFuture<'_, Result<(), ConnectorError>> {
        Box::pin(self.settled(batch, outcome))
    }

    fn recall(&mut self, kept: Secret) {
        if let Some(tokens) = self.account.tokens_mut() {
            tokens.recall(&kept);
        }
    }

    fn wait(&mut self, at_most: Duration) -> Option<BoxFuture<'_, ()>> {
        let longest = Duration::from_secs(self.account.options.idle_secs);
        let able = !longest.is_zero() && self.live.as_ref().is_some_and(|live| live.can.idle);
        able.then(|| -> BoxFuture<'_, ()> { Box::pin(self.idle(at_most.min(longest))) })
    }

    fn release(&mut self) {
        self.live = None;
    }

    fn inventory(
        &mut self,
        from: Option<Cursor>,
        limit: usize,
    ) -> BoxFuture<'_, Result<Option<Inventory>, ConnectorError>> {
        Box::pin(async move { listing::page(self, from, limit.max(1), POLL, LATEST).await.map(Some) })
    }

    fn close(&mut self) -> BoxFuture<'_, ()> {
        Box::pin(async move {
            if let Some(mut live) = self.live.take() {
                live.limit = Limit::new(Duration::from_millis(500), Duration::from_millis(500));
                live.logout().await;
            }
        })
    }
}

/// What is known of messages, by UID.
pub(crate) type Known = BTreeMap<u32, Listed>;
