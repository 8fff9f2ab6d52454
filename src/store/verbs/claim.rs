//! Claiming, keeping and giving back runs. Urgent first, then fair between pilots: each pilot with work gets an equal share of a
//! claim, and within a pilot the urgent lane goes first, so that a pile of one never delays another. INVARIANT: every claim raises
//! the epoch, and whoever holds an older one can commit nothing.

use crate::domain::id::{NodeId, RunId};
use crate::store::queue::Verb;
use crate::store::reads::request_of;
use crate::store::sql::{Many, values};
use crate::store::tx::Tx;
use crate::store::work::Plant;
use crate::store::work::Request;
use crate::store::{ClaimedRun, Store, StoreError};
use jiff::Timestamp;
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Claims runs for a node.
#[derive(Clone, Debug)]
pub struct Claim {
    /// Who claims.
    pub node: NodeId,
    /// Until when the lease holds unless renewed.
    pub until: Timestamp,
    /// How many at most.
    pub limit: u32,
    /// When.
    pub at: Timestamp,
}

/// What was claimed.
pub type Claimed = Vec<ClaimedRun>;

const PILOTS: &str = "WITH RECURSIVE p (pilot) AS (SELECT MIN(pilot) FROM run WHERE state = 'available' UNION ALL \
     SELECT (SELECT MIN(r.pilot) FROM run r WHERE r.state = 'available' AND r.pilot > p.pilot) FROM p WHERE p.pilot IS NOT NULL) \
     SELECT pilot, (SELECT MIN(r.lane) FROM run r WHERE r.state = 'available' AND r.pilot = p.pilot) FROM p WHERE pilot IS NOT NULL";

macro_rules! claim_sql {
    ($lock:literal) => {
        concat!(
            "UPDATE run SET state = 'running', lessee = $1, lease_until = $2, updated_at = $3, epoch = epoch + 1, due_at = NULL WHERE id IN \
             (SELECT id FROM run WHERE state = 'available' AND pilot = $4 ORDER BY lane, id LIMIT $5",
            $lock,
            ") RETURNING id, request, definition, step, attempt, steps, epoch, lane, signal"
        )
    };
}

static LOAD_REQUESTS: Many = Many { before: "WITH wanted (id) AS (VALUES", columns: &["TEXT"], after: REQUESTS_AFTER };
const REQUESTS_AFTER: &str = ") SELECT r.id, r.pilot, r.tenant, r.source, r.external_id, r.submitter, r.raw, r.media_type, r.sender_name, \
     r.sender_email, r.sender_phone, r.organisation, r.subject, r.text, r.duplicate_of, r.attachments, r.received_at, r.accepted_at, \
     r.planted FROM wanted w JOIN request r ON r.id = w.id";
static LOAD_STEPS: Many = Many {
    before: "WITH wanted (id) AS (VALUES",
    columns: &["TEXT"],
    after: ") SELECT s.run, s.name, s.output FROM wanted w JOIN step s ON s.run = w.id WHERE s.output IS NOT NULL ORDER BY s.run, s.ordinal",
};

/// Whose turn it is to be first, so that many pilots of one urgency take turns.
static TURN: AtomicUsize = AtomicUsize::new(0);

impl Verb for Claim {
    type Out = Claimed;

    async fn run(items: &[&Self], tx: &mut Tx<'_>) -> Result<Vec<Result<Claimed, StoreError>>, StoreError> {
        let mut outs = Vec::with_capacity(items.len());
        for item in items {
            outs.push(Ok(claim(item, tx).await?));
        }
        Ok(outs)
    }
}

/// The draft that stands for one, when the request is planted.
fn planted_of(column: Option<String>) -> Result<Option<Arc<Plant>>, StoreError> {
    let read = |text: String| serde_json::from_str(&text).map(Arc::new);
    column.map(read).transpose().map_err(|cause| StoreError::corrupt(format!("a planted draft: {cause}")))
}

async fn claim(item: &Claim, tx: &mut Tx<'_>) -> Result<Claimed, StoreError> {
    let mut pilots = Vec::new();
    for row in tx.conn.rows(PILOTS, vec![]).await? {
        pilots.push((row.int(1)?, row.text(0)?));
    }
    if pilots.is_empty() {
        return Ok(Vec::new());
    }
    let turn = TURN.fetch_add(1, Ordering::Relaxed) % pilots.len();
    pilots.rotate_left(turn);
    pilots.sort_by_key(|(lane, _)| *lane);
    let sql = if tx.conn.is_postgres() { claim_sql!(" FOR UPDATE SKIP LOCKED") } else { claim_sql!("") };
    let (until, at) = (item.until.as_microsecond(), item.at.as_microsecond());
    let mut left = i64::from(item.limit);
    let mut rows = Vec::new();
    // What one pilot leaves of its share goes to those that have more, so that a claim is short only when the work is.
    while left > 0 && !pilots.is_empty() {
        let share = (left / i64::try_from(pilots.len()).unwrap_or(1)).max(1);
        let mut more = Vec::with_capacity(pilots.len());
        for (lane, pilot) in pilots {
            let want = share.min(left);
            if want == 0 {
                break;
            }
            let got = tx.conn.rows(sql, values![item.node.as_str(), until, at, &pilot, want]).await?;
            let count = i64::try_from(got.len()).unwrap_or(i64::MAX);
            left -= count;
            rows.extend(got);
            if count == want {
                more.push((lane, pilot));
            }
        }
        pilots = more;
    }
    let ids = rows.iter().map(|row| row.text(1)).collect::<Result<Vec<_>, _>>()?;
    let mut requests: HashMap<String, Arc<Request>> = HashMap::new();
    for row in tx.conn.rows_many(&LOAD_REQUESTS, ids.iter().flat_map(|id| values![id]).collect()).await? {
        let mut request = request_of(&row, 0)?;
        request.planted = planted_of(row.maybe_text(18)?)?;
        requests.insert(request.id.to_string(), Arc::new(request));
    }
    let mut begun = Vec::new();
    for row in &rows {
        if row.int(5)? > 0 {
            begun.extend(values![row.text(0)?]);
        }
    }
    let mut outputs: HashMap<String, BTreeMap<String, String>> = HashMap::new();
    for row in tx.conn.rows_many(&LOAD_STEPS, begun).await? {
        outputs.entry(row.text(0)?).or_default().insert(row.text(1)?, row.text(2)?);
    }
    let mut claimed = Vec::with_capacity(rows.len());
    for row in &rows {
        let run = row.text(0)?;
        claimed.push(ClaimedRun {
            request: requests
                .get(&row.text(1)?)
                .cloned()
                .ok_or_else(|| StoreError::corrupt(format!("`{run}` has no request")))?,
            definition: row.text(2)?,
            step: row.text(3)?,
            attempt: row.small(4)?,
            steps: row.small(5)?,
            epoch: row.int(6)?,
            lane: row.int(7)?,
            signal: row.maybe_text(8)?,
            outputs: outputs.remove(&run).unwrap_or_default(),
            run: RunId::parse(&run).map_err(|cause| StoreError::corrupt(cause.to_string()))?,
        });
    }
    // The database answers in any order.
    claimed.sort_by(|one, other| (one.lane, &one.run).cmp(&(other.lane, &other.run)));
    Ok(claimed)
}

/// Leases and timers: what the clock and the life of nodes do to runs. No person acts here, so no receipt is left.
#[derive(Clone, Debug)]
pub(in crate::store) enum Tend {
    /// Keeps the leases of a node.
    Renew { node: NodeId, until: Timestamp },
    /// Gives back everything a node holds, runs and sources.
    HandBack { node: NodeId, at: Timestamp },
    /// Gives back single runs, each as long as the lease of that epoch stands.
    LetGo { node: NodeId, runs: Vec<(RunId, i64)>, at: Timestamp },
    /// Gives back what dead nodes hold; `all`: whoever holds it, for a store that nobody else can be working on.
    Rescue { all: bool, at: Timestamp },
    /// Wakes what is due.
    Ring { at: Timestamp },
}

impl Verb for Tend {
    type Out = u64;

    async fn run(items: &[&Self], tx: &mut Tx<'_>) -> Result<Vec<Result<u64, StoreError>>, StoreError> {
        let mut outs = Vec::with_capacity(items.len());
        for item in items {
            let touched = match item {
                Self::Renew { node, until } => {
                    let sql = "UPDATE run SET lease_until = $2 WHERE state = 'running' AND lessee = $1";
                    tx.conn.run(sql, values![node.as_str(), until.as_microsecond()]).await?
                }
                Self::HandBack { node, at } => {
                    let sql = "UPDATE source_cursor SET lessee = NULL, lease_until = NULL WHERE lessee = $1";
                    tx.conn.run(sql, values![node.as_str()]).await?;
                    let sql = "UPDATE run SET state = 'available', lessee = NULL, lease_until = NULL, updated_at = $1 \
                               WHERE state = 'running' AND lessee = $2";
                    tx.conn.run(sql, values![at.as_microsecond(), node.as_str()]).await?
                }
                Self::LetGo { node, runs, at } => {
                    let sql = "UPDATE run SET state = 'available', lessee = NULL, lease_until = NULL, updated_at = $1 \
                               WHERE id = $2 AND epoch = $3 AND state = 'running' AND lessee = $4";
                    let mut touched = 0;
                    for (run, epoch) in runs {
                        touched +=
                            tx.conn.run(sql, values![at.as_microsecond(), run.as_str(), *epoch, node.as_str()]).await?;
                    }
                    touched
                }
                Self::Rescue { all, at } => {
                    // A source's lease runs out by itself; only when nobody else can hold it, it need not be waited for.
                    if *all {
                        let sql = "UPDATE source_cursor SET lessee = NULL, lease_until = NULL WHERE lessee IS NOT NULL";
                        tx.conn.run(sql, values![]).await?;
                    }
                    // A rescued run has a new epoch only once it is claimed; until then nobody holds it, and the old holder's
                    // commit is refused by the state.
                    let sql = "UPDATE run SET state = 'available', lessee = NULL, lease_until = NULL, updated_at = $1 \
                               WHERE state = 'running' AND lease_until < $2";
                    let before = if *all { i64::MAX } else { at.as_microsecond() };
                    tx.conn.run(sql, values![at.as_microsecond(), before]).await?
                }
                Self::Ring { at } => {
                    let sql = "UPDATE run SET state = 'available', due_at = NULL, wait_key = NULL, updated_at = $1, \
                               signal = CASE WHEN state = 'pending' THEN '{\"timer\":true}' WHEN state = 'scheduled' THEN \
                               COALESCE(signal, '{\"timer\":true}') ELSE signal END \
                               WHERE due_at <= $1 AND state IN ('scheduled', 'retryable', 'pending')";
                    tx.conn.run(sql, values![at.as_microsecond()]).await?
                }
            };
            tx.wakes |= touched > 0 && !matches!(item, Self::Renew { .. });
            outs.push(Ok(touched));
        }
        Ok(outs)
    }
}

impl Store {
    /// Claims runs: urgent first, then fair between pilots.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`]; nothing is claimed then.
    pub async fn claim(&self, claim: Claim) -> Result<Claimed, StoreError> {
        self.submit_patiently(claim).await
    }

    /// Keeps the leases of a node until then.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn renew_leases(&self, node: &NodeId, until: Timestamp) -> Result<u64, StoreError> {
        self.submit_patiently(Tend::Renew { node: node.clone(), until }).await
    }

    /// Gives back everything a node holds, for a clean stop.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`]; the leases run out by themselves then.
    pub async fn hand_back(&self, node: &NodeId) -> Result<u64, StoreError> {
        self.submit_patiently(Tend::HandBack { node: node.clone(), at: self.now() }).await
    }

    /// Gives back runs of a node that it no longer works on, by the epoch it held them in.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`]; nothing is given back then.
    pub async fn let_go(&self, node: &NodeId, runs: Vec<(RunId, i64)>) -> Result<u64, StoreError> {
        self.submit_patiently(Tend::LetGo { node: node.clone(), runs, at: self.now() }).await
    }

    /// Gives back what dead nodes hold. `starting`: this node is just starting, so on a store of its own nobody holds anything.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn rescue(&self, starting: bool) -> Result<u64, StoreError> {
        self.submit_patiently(Tend::Rescue { all: starting && !self.is_shared(), at: self.now() }).await
    }

    /// Wakes the runs whose time has come.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn ring(&self) -> Result<u64, StoreError> {
        self.submit_patiently(Tend::Ring { at: self.now() }).await
    }
}
