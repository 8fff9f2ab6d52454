//! The drop folder as a pulled source: looks, takes, digests, reads, hands over, and moves what is through. Own file because it
//! alone knows the order of these. All work is synchronous file I/O in small slices: no call reads more than 16 MiB, so a future of
//! this source is ready at its first poll and never half done.
//!
//! INVARIANT: a position counts only for the claim and the bytes it was made from, and a file leaves `.claimed` only after the
//! runtime has committed its last batch. Whatever else happens, reading begins again at the committed record.

use crate::ending::{End, Ended, Watch, still};
use crate::errors::Errors;
use crate::fault::{CURSOR, READ, Refused};
use crate::folder::{Claim, Folder, Stamp, reading, writing};
use crate::options::Settings;
use crate::reader::{Next, Part, Reader};
use crate::row::{Place, envelope};
use crate::taking::{Kind, Position, Slice, Taken, Taking};
use crate::workbook::{Failure, lay_out};
use jiff::Timestamp;
use opspilot_sdk::{
    Batch, BatchId, BoxFuture, BuildContext, Clock, ConnectorError, Cursor, Envelope, ErrorKind, Progress, Settled,
    Source,
};
use std::collections::{HashMap, VecDeque};
use std::ffi::OsString;
use std::sync::Arc;
use std::time::Duration;

/// Bytes of a file read per call.
const SLICE: usize = 8 * 1024 * 1024;
/// Bytes of envelopes per batch.
const BATCH: usize = 4 * 1024 * 1024;
/// How much longer a file must stand still that looks as if its writer were not through.
const PATIENCE: u32 = 3;
/// How long a file that cannot be read is set aside, so that it holds up no other.
const ASIDE: Duration = Duration::from_secs(60);

/// A drop folder at work.
pub(crate) struct CsvDrop {
    settings: Settings,
    clock: Arc<dyn Clock>,
    folder: Folder,
    /// When what was first seen as it is now.
    seen: HashMap<OsString, (Stamp, Timestamp)>,
    work: Work,
    outstanding: Option<Outstanding>,
    /// What a person should know, one per poll.
    reports: VecDeque<ConnectorError>,
    batches: u64,
    /// The claim in hand.
    current: Option<String>,
    /// Claims that could not be read, and when.
    ailing: HashMap<String, Timestamp>,
    watch: Watch,
}

enum Work {
    Idle,
    /// A taken file changed: wait until it stands still.
    Waiting {
        claim: Claim,
        stamp: Option<Stamp>,
        since: Timestamp,
    },
    Taking(Box<Taking>),
    Reading(Box<Reading>),
}

struct Reading {
    taken: Taken,
    reader: Reader,
    errors: Errors,
    good: u64,
    bad: u64,
    total: u64,
}

/// A batch that has been handed out.
struct Outstanding {
    id: BatchId,
    before: Option<Cursor>,
    after: Option<Cursor>,
    envelopes: Vec<Envelope>,
    end: Option<End>,
    progress: Option<Progress>,
}

impl CsvDrop {
    pub(crate) fn new(settings: Settings, context: &BuildContext) -> Self {
        let at = |path: &std::path::Path| context.data_dir.join(path);
        let folder =
            Folder::new(at(&settings.dir), settings.done_dir.as_deref().map(at), settings.error_dir.as_deref().map(at));
        Self {
            settings,
            clock: Arc::clone(&context.clock),
            folder,
            seen: HashMap::new(),
            work: Work::Idle,
            outstanding: None,
            reports: VecDeque::new(),
            batches: 0,
            current: None,
            ailing: HashMap::new(),
            watch: Watch::default(),
        }
    }

    pub(crate) fn folder(&self) -> &Folder {
        &self.folder
    }

    fn step(&mut self, after: Option<Cursor>, limit: usize) -> Result<Batch, ConnectorError> {
        if let Some(report) = self.reports.pop_front() {
            return Err(report);
        }
        if let Some(batch) = self.again(after.as_ref(), limit) {
            return Ok(batch);
        }
        if limit == 0 {
            return Ok(Batch { again_in: Some(self.settings.poll), ..Batch::default() });
        }
        let batch = match std::mem::replace(&mut self.work, Work::Idle) {
            Work::Idle => self.look(after),
            Work::Waiting { claim, stamp, since } => self.wait(claim, stamp, since, after),
            Work::Taking(taking) => self.take(*taking, after),
            Work::Reading(reading) => self.read(*reading, after, limit),
        };
        if batch.as_ref().is_err_and(|error| error.code == READ)
            && let Some(claim) = self.current.take()
        {
            self.ailing.insert(claim, self.clock.now());
        }
        batch
    }

    /// The batch that is out, when it was not committed, or was but not settled.
    fn again(&mut self, after: Option<&Cursor>, limit: usize) -> Option<Batch> {
        let mut out = self.outstanding.take()?;
        if after == out.before.as_ref() && out.envelopes.len() <= limit {
            return Some(self.offer(out));
        }
        if after == out.after.as_ref() {
            let end = out.end.take()?;
            return Some(self.offer(Outstanding {
                before: out.after.clone(),
                envelopes: Vec::new(),
                end: Some(end),
                ..out
            }));
        }
        // Somewhere else entirely: begin at what is on disk.
        self.work = Work::Idle;
        None
    }

    fn offer(&mut self, out: Outstanding) -> Batch {
        self.batches += 1;
        let out = Outstanding { id: BatchId(self.batches), ..out };
        let batch = Batch {
            id: Some(out.id),
            envelopes: out.envelopes.clone(),
            cursor: out.after.clone(),
            again_in: None,
            progress: out.progress.clone(),
            proven: true,
            ..Batch::default()
        };
        self.outstanding = Some(out);
        batch
    }

    fn offer_end(&mut self, end: End, after: Option<Cursor>) -> Batch {
        let id = BatchId(0);
        self.offer(Outstanding {
            id,
            before: after.clone(),
            after,
            envelopes: Vec::new(),
            end: Some(end),
            progress: None,
        })
    }

    /// Nothing in hand: something an earlier life took, or something new that stands still.
    fn look(&mut self, after: Option<Cursor>) -> Result<Batch, ConnectorError> {
        let now = self.clock.now();
        self.current = None;
        self.folder.ensure()?;
        self.ailing.retain(|_, since| Duration::try_from(now.duration_since(*since)).is_ok_and(|aside| aside < ASIDE));
        let ailing = self.ailing.keys().map(String::as_str).collect();
        if let Some(claim) = self.folder.resume(now, &ailing)? {
            return self.begin(claim, after);
        }
        if let Some(late) = self.watch.late() {
            return Err(late);
        }
        let candidates = self.folder.look()?;
        self.seen.retain(|name, _| candidates.iter().any(|candidate| candidate.name == *name));
        let mut again_in = self.settings.poll;
        for candidate in candidates {
            let stamp = match candidate.stamp {
                Ok(stamp) => stamp,
                Err(_) if self.folder.has_reason(&candidate.name) => continue,
                Err(what) => {
                    return Ok(self.offer_end(End::Left { name: candidate.name, why: Refused::NotAFile(what) }, after));
                }
            };
            let entry = self.seen.entry(candidate.name.clone()).or_insert((stamp, now));
            if entry.0 != stamp || now < entry.1 {
                *entry = (stamp, now);
            }
            let still = Duration::try_from(now.duration_since(entry.1)).unwrap_or_default();
            let patience = if still >= self.settings.settle && self.folder.looks_unfinished(&candidate.name) {
                PATIENCE
            } else {
                1
            };
            let needed = self.settings.settle * patience;
            if still < needed {
                again_in = again_in.min((needed - still).max(Duration::from_millis(100)));
                continue;
            }
            self.seen.remove(&candidate.name);
            if let Some(claim) = self.folder.claim(&candidate.name, now)? {
                return self.begin(claim, after);
            }
        }
        Ok(Batch { again_in: Some(again_in), proven: true, ..Batch::default() })
    }

    fn begin(&mut self, claim: Claim, after: Option<Cursor>) -> Result<Batch, ConnectorError> {
        let before = after.as_ref().map(position).transpose()?;
        self.current = Some(claim.id.clone());
        self.folder.reset(&claim)?;
        match Taking::open(claim.clone(), before, &self.settings)? {
            Ok(taking) => self.take(taking, after),
            Err(why) => Ok(self.offer_end(End::Refused { claim, why }, after)),
        }
    }

    fn wait(
        &mut self,
        claim: Claim,
        stamp: Option<Stamp>,
        since: Timestamp,
        after: Option<Cursor>,
    ) -> Result<Batch, ConnectorError> {
        let (now, path) = (self.clock.now(), claim.path());
        let found = std::fs::symlink_metadata(&path)
            .map(|metadata| Stamp::of(&metadata))
            .map_err(|fault| reading(&path, fault))?;
        let still = Duration::try_from(now.duration_since(since)).unwrap_or_default();
        if stamp == Some(found) && now >= since && still >= self.settings.settle {
            return self.begin(claim, after);
        }
        let since = if stamp == Some(found) && now >= since { since } else { now };
        self.work = Work::Waiting { claim, stamp: Some(found), since };
        Ok(Batch { again_in: Some(self.settings.poll), ..Batch::default() })
    }

    fn take(&mut self, taking: Taking, after: Option<Cursor>) -> Result<Batch, ConnectorError> {
        let (claim, name, total) = (taking.claim.clone(), taking.claim.shown(), taking.stamp.len);
        let (rest, slice) = taking.slice(&self.settings)?;
        let done = rest.as_ref().map_or(total, |taking| taking.read);
        match slice {
            Slice::More => {
                if let Some(taking) = rest {
                    self.work = Work::Taking(Box::new(taking));
                }
            }
            Slice::Changed => {
                self.work = Work::Waiting { claim, stamp: None, since: self.clock.now() };
                return Ok(Batch { again_in: Some(self.settings.poll), ..Batch::default() });
            }
            Slice::Refused(why) => return Ok(self.offer_end(End::Refused { claim, why }, after)),
            Slice::Known(taken) => match self.open(*taken)? {
                Ok(reading) => self.work = Work::Reading(Box::new(reading)),
                Err(why) => return Ok(self.offer_end(End::Refused { claim, why }, after)),
            },
        }
        let progress = Progress { what: format!("looking through `{name}`"), done, total: Some(total), unit: "bytes" };
        Ok(Batch { progress: Some(progress), ..Batch::default() })
    }

    fn open(&self, taken: Taken) -> Result<Result<Reading, Refused>, ConnectorError> {
        let claim = &taken.claim;
        let parts = match taken.kind {
            Kind::Text(charset) => vec![Part { path: claim.path(), bytes: taken.stamp.len, sheet: None, charset }],
            Kind::Workbook => match lay_out(&claim.path(), &claim.sheets()) {
                Ok(parts) => parts,
                Err(Failure::Refused(why)) => return Ok(Err(why)),
                Err(Failure::Io(fault)) => return Err(writing(&claim.sheets(), fault)),
            },
        };
        let total = parts.iter().map(|part| part.bytes).sum();
        let errors = Errors::create(&claim.errors()).map_err(|fault| writing(&claim.errors(), fault))?;
        let reader = Reader::new(parts, &self.settings);
        Ok(Ok(Reading { taken, reader, errors, good: 0, bad: 0, total }))
    }

    /// The next rows. On an error the reading is dropped and begins again from the cursor.
    fn read(&mut self, mut at: Reading, after: Option<Cursor>, limit: usize) -> Result<Batch, ConnectorError> {
        let (mut envelopes, mut bytes, mut allowance) = (Vec::new(), 0, SLICE);
        let claim = at.taken.claim.clone();
        let mut through = false;
        while envelopes.len() < limit && bytes < BATCH {
            let record = match at.reader.next(&mut allowance).map_err(|fault| reading(&claim.path(), fault))? {
                Next::Row(record) => record,
                Next::Pause => break,
                Next::End => {
                    through = true;
                    break;
                }
            };
            let ordinal = at.reader.ordinal;
            let place =
                Place { digest: &at.taken.digest, ordinal, taken: claim.taken, open_ended: at.reader.in_sheet() };
            let Some(layout) = at.reader.layout() else { continue };
            match envelope(&record, layout, place) {
                Ok(None) => {}
                Ok(Some(envelope)) => {
                    at.good += 1;
                    if ordinal > at.taken.records {
                        bytes += envelope.raw.len() * 2 + 256;
                        envelopes.push(envelope);
                    }
                }
                Err(fault) => {
                    at.bad += 1;
                    let (line, reason) = (at.reader.place(&record), fault.to_string());
                    at.errors
                        .add(&line, fault.code(), &reason, &record.text)
                        .map_err(|fault| writing(&claim.errors(), fault))?;
                }
            }
        }
        let progress =
            Some(Progress { what: claim.shown(), done: at.reader.read, total: Some(at.total), unit: "bytes" });
        let mut end = None;
        if through {
            at.errors.sync().map_err(|fault| writing(&claim.errors(), fault))?;
            let stamp = at.taken.stamp;
            if still(&claim, stamp) {
                let (good, bad) = (at.good, at.bad);
                end = Some(if good > 0 {
                    End::Through { claim: claim.clone(), stamp, good, bad }
                } else {
                    let why = if bad > 0 {
                        Refused::AllBad { rows: bad }
                    } else if at.reader.ordinal == 0 {
                        Refused::Empty
                    } else {
                        Refused::NoRows
                    };
                    End::Refused { claim: claim.clone(), why }
                });
            } else if envelopes.is_empty() {
                self.work = Work::Waiting { claim, stamp: None, since: self.clock.now() };
                return Ok(Batch { again_in: Some(self.settings.poll), ..Batch::default() });
            }
        }
        if envelopes.is_empty() && end.is_none() {
            self.work = Work::Reading(Box::new(at));
            return Ok(Batch { progress, ..Batch::default() });
        }
        let reached = Position {
            claim: claim.id.clone(),
            digest: at.taken.digest.clone(),
            bytes: at.taken.stamp.len,
            records: at.reader.ordinal.max(at.taken.records),
            open: at.taken.open && at.reader.drained(),
        };
        if end.is_none() {
            self.work = Work::Reading(Box::new(at));
        }
        let cursor = Some(cursor(&reached));
        Ok(self.offer(Outstanding { id: BatchId(0), before: after, after: cursor, envelopes, end, progress }))
    }

    fn settled(&mut self, batch: BatchId, outcome: &Settled) -> Result<(), ConnectorError> {
        if *outcome != Settled::Committed || self.outstanding.as_ref().is_none_or(|out| out.id != batch) {
            return Ok(());
        }
        if let Some(end) = self.outstanding.as_ref().and_then(|out| out.end.as_ref()) {
            match end.carry_out(&self.folder)? {
                Ended::Changed(claim) => {
                    self.work = Work::Waiting { claim, stamp: None, since: self.clock.now() };
                }
                Ended::Over { moved, report } => {
                    moved.into_iter().for_each(|path| self.watch.add(path));
                    self.reports.extend(report);
                }
            }
        }
        self.outstanding = None;
        Ok(())
    }
}

fn cursor(position: &Position) -> Cursor {
    // A structure of texts and numbers always serialises.
    Cursor(serde_json::to_string(position).unwrap_or_default())
}

fn position(cursor: &Cursor) -> Result<Position, ConnectorError> {
    serde_json::from_str(&cursor.0).map_err(|fault| {
        let what = "the stored position is not one of a drop folder; was the source of this name of another kind before? give it another name";
        ConnectorError::new(ErrorKind::Misconfigured, CURSOR, what).because(fault)
    })
}

impl Source for CsvDrop {
    fn check(&self) -> BoxFuture<'_, Result<(), ConnectorError>> {
        Box::pin(async { self.folder.check() })
    }

    fn poll(&mut self, after: Option<Cursor>, limit: usize) -> BoxFuture<'_, Result<Batch, ConnectorError>> {
        Box::pin(async move { self.step(after, limit) })
    }

    fn settle(&mut self, batch: BatchId, outcome: Settled) -> BoxFuture<'_, Result<(), ConnectorError>> {
        Box::pin(async move { self.settled(batch, &outcome) })
    }

    fn close(&mut self) -> BoxFuture<'_, ()> {
        Box::pin(async {
            self.work = Work::Idle;
            self.outstanding = None;
        })
    }
}
