//! Reading messages out of an open folder: many small ones at a time, large ones piece by piece. Own file because polls and the
//! inventory read in the same way. INVARIANT: whatever the server says about sizes, no more than what was asked for is held, and a piece
//! that has been read is not lost with the session it came by.

use crate::identity::Identity;
use crate::place::Uids;
use crate::session::{Listed, Live};
use opspilot_sdk::{ConnectorError, DedupKey};
use std::collections::BTreeMap;
use tokio::time::Instant;

/// Messages smaller than this are read many at a time.
pub(crate) const SMALL: u64 = 256 << 10;
/// Bytes asked for at once, all messages of a command together.
const MOST: u64 = 4 << 20;
const LEAST: u64 = 32 << 10;
/// The largest piece of one message.
const PIECE: u64 = 1 << 20;
/// Messages asked for at once.
const GROUP: usize = 500;

/// How much the connection has shown to carry within a command's deadline.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Pace(u64);

impl Default for Pace {
    fn default() -> Self {
        Self(MOST)
    }
}

impl Pace {
    pub(crate) fn slower(&mut self) {
        self.0 = (self.0 / 4).max(LEAST);
    }

    fn faster(&mut self) {
        self.0 = (self.0 * 2).min(MOST);
    }
}

/// A message that is read piece by piece, over several polls and sessions if need be.
pub(crate) struct Reading {
    folder: String,
    validity: u32,
    uid: u32,
    /// What the server says it has.
    expected: u64,
    reached: u64,
    identity: Identity,
    /// The text so far; `None` when it is not wanted or has become too large.
    raw: Option<Vec<u8>>,
    most: u64,
}

/// A message that has been read to its end.
pub(crate) struct Whole {
    pub(crate) key: DedupKey,
    pub(crate) message_id: Option<String>,
    pub(crate) bytes: u64,
    /// `None` when it is not wanted or is too large.
    pub(crate) raw: Option<Vec<u8>>,
}

/// How far a piece-by-piece reading came.
pub(crate) enum Step {
    Done,
    /// Time is up for now.
    Paused,
    /// The server does not hand it out.
    Missing,
}

impl Reading {
    /// Keeps at most `most` bytes of text; the key is made of all of it.
    pub(crate) fn new(folder: &str, validity: u32, uid: u32, expected: u64, most: u64) -> Self {
        // The size is the server's word and only a hint; nothing is held for it that will not be kept.
        let raw = (expected <= most).then(|| Vec::with_capacity(usize::try_from(expected.min(most)).unwrap_or(0)));
        Self { folder: folder.to_owned(), validity, uid, expected, reached: 0, identity: Identity::new(), raw, most }
    }

    pub(crate) fn is_of(&self, folder: &str, validity: u32, uid: u32) -> bool {
        self.folder == folder && self.validity == validity && self.uid == uid
    }

    pub(crate) fn reached(&self) -> (u64, u64) {
        (self.reached, self.expected)
    }

    fn take(&mut self, piece: &[u8]) {
        self.identity.take(piece);
        self.reached += piece.len() as u64;
        if self.reached > self.most {
            self.raw = None;
        }
        if let Some(raw) = &mut self.raw {
            raw.extend_from_slice(piece);
        }
    }

    pub(crate) fn finish(self) -> Whole {
        let (key, message_id) = self.identity.finish();
        Whole { key, message_id, bytes: self.reached, raw: self.raw }
    }

    /// Reads on until the end or until `until`.
    pub(crate) async fn advance(
        &mut self,
        live: &mut Live,
        pace: &mut Pace,
        until: Instant,
    ) -> Result<Step, ConnectorError> {
        let uids: Uids = [self.uid].into_iter().collect();
        loop {
            let count = pace.0.min(PIECE);
            let (offset, mut came, wanted) = (self.reached, None, self.uid);
            let fetched = live.fetch(&uids, offset, count, |uid, piece| {
                if uid == wanted && came.is_none() && piece.len() as u64 <= count {
                    came = Some(piece.len() as u64);
                    self.take(piece);
                }
            });
            if let Err(error) = fetched.await {
                pace.slower();
                return Err(error);
            }
            pace.faster();
            match came {
                Some(0) => return Ok(Step::Done),
                Some(bytes) if bytes < count && self.reached == self.expected => return Ok(Step::Done),
                // Nothing where the end should be is the end.
                None if self.reached > 0 && self.reached >= self.expected => return Ok(Step::Done),
                None => return Ok(Step::Missing),
                Some(_) if Instant::now() >= until => return Ok(Step::Paused),
                Some(_) => {}
            }
        }
    }
}

/// The first of `uids` that are small enough to be read together; at least none, in the order given.
pub(crate) fn group(uids: &[u32], listed: &BTreeMap<u32, Listed>, pace: Pace, single: bool) -> usize {
    let mut sum = 0;
    let small = |uid: &u32| {
        let size = listed.get(uid).map_or(u64::MAX, |listed| listed.size);
        sum = size.saturating_add(sum);
        size < SMALL && sum <= pace.0
    };
    uids.iter()
        .take(if single { 1 } else { GROUP })
        .take_while({
            let mut small = small;
            move |uid| small(uid)
        })
        .count()
}

/// Reads small messages together. Those that are missing, or are not as long as the server said, are not in the answer.
pub(crate) async fn together(
    live: &mut Live,
    uids: &[u32],
    listed: &BTreeMap<u32, Listed>,
    pace: &mut Pace,
) -> Result<BTreeMap<u32, Vec<u8>>, ConnectorError> {
    let set: Uids = uids.iter().copied().collect();
    let size = |uid: &u32| listed.get(uid).map_or(0, |listed| listed.size);
    // One byte more than the longest: what comes whole is shorter than what was asked for.
    let count = uids.iter().map(size).max().unwrap_or(0) + 1;
    let mut came = BTreeMap::new();
    let fetched = live.fetch(&set, 0, count, |uid, text| {
        if set.contains(uid) && text.len() as u64 == size(&uid) {
            came.entry(uid).or_insert_with(|| text.to_vec());
        }
    });
    match fetched.await {
        Ok(()) => {
            pace.faster();
            Ok(came)
        }
        Err(error) => {
            pace.slower();
            Err(error)
        }
    }
}
