//! What people do to a brief: claim it, edit it, decide on it. INVARIANT: every change names the version it was made upon, so that of
//! two people one wins and the other is told; no decision is written without a permit; revisions and decisions are only added.

use crate::domain::id::{BriefId, DecisionId};
use crate::domain::review::{Reason, ReviewState};
use crate::policy::{Action, Permit};
use crate::receipt::{Body, Field};
use crate::store::pack::pack;
use crate::store::queue::{Verb, one_by_one};
use crate::store::sql::{Many, values};
use crate::store::tx::{Note, Tx};
use crate::store::verbs::attention::{self, ProbeOutcome};
use crate::store::verbs::plan::{self, ApprovesPlan, Approving};
use crate::store::verbs::reply::{self, ByMail};
use crate::store::{Store, StoreError};
use jiff::Timestamp;
use std::collections::HashSet;

/// Where a brief belongs, for its receipts.
#[derive(Clone, Debug)]
pub struct Belongs {
    /// Client organisation.
    pub tenant: String,
    /// Pilot.
    pub pilot: String,
}

/// Claims a brief for a person for a while, or lets it go.
#[derive(Debug)]
pub struct Hold {
    /// The brief.
    pub brief: BriefId,
    /// The version it was read at.
    pub version: i64,
    /// Who, and until when; `None` lets go.
    pub claim: Option<(String, Timestamp)>,
    /// Who did it.
    pub person: String,
    /// Where it belongs.
    pub belongs: Belongs,
    /// By what right.
    pub permit: Permit,
    /// When.
    pub at: Timestamp,
}

/// A new revision by hand.
#[derive(Debug)]
pub struct Edit {
    /// The brief.
    pub brief: BriefId,
    /// The version it was made upon.
    pub version: i64,
    /// Number of the new revision.
    pub number: u32,
    /// Its digest.
    pub digest: String,
    /// Digest of the revision it was made from.
    pub from: String,
    /// Canonical bytes of its content.
    pub content: Vec<u8>,
    /// Paths that changed.
    pub changed: Vec<String>,
    /// Priority, 0 to 100.
    pub score: u32,
    /// Risk level.
    pub risk: String,
    /// Who.
    pub person: String,
    /// The mail it was given by, when it was.
    pub by_mail: Option<ByMail>,
    /// Where it belongs.
    pub belongs: Belongs,
    /// By what right.
    pub permit: Permit,
    /// When.
    pub at: Timestamp,
}

/// A decision on one exact revision.
#[derive(Debug)]
pub struct Decide {
    /// Its name.
    pub id: DecisionId,
    /// The brief.
    pub brief: BriefId,
    /// The version it was made upon.
    pub version: i64,
    /// Number of the revision.
    pub revision: u32,
    /// Digest of the revision.
    pub digest: String,
    /// `approve`, `minor`, `major` or `reject`.
    pub verdict: &'static str,
    /// What they wrote.
    pub comment: Option<String>,
    /// Why it is rejected, as one of the counted reasons.
    pub reason: Option<Reason>,
    /// The state that follows.
    pub state: ReviewState,
    /// What the run is told, as JSON, when it is to go on.
    pub wake: Option<Wake>,
    /// The plan of writes that an approval is of as well.
    pub approves: Option<ApprovesPlan>,
    /// What it shows, when the brief was planted to see whether somebody looks.
    pub probe: Option<ProbeOutcome>,
    /// Who.
    pub person: String,
    /// The mail it was given by, when it was.
    pub by_mail: Option<ByMail>,
    /// Where it belongs.
    pub belongs: Belongs,
    /// By what right.
    pub permit: Permit,
    /// When.
    pub at: Timestamp,
}

/// What a decision tells the waiting run.
#[derive(Clone, Debug)]
pub struct Wake {
    /// What the run must be waiting for.
    pub key: String,
    /// The answer, as JSON.
    pub signal: String,
}

static UPDATE_BRIEF: Many = Many {
    before: "WITH v (id, version, state, updated_at, run, wait_key) AS (VALUES",
    columns: &["TEXT", "BIGINT", "TEXT", "BIGINT", "TEXT", "TEXT"],
    // A decision that is to wake a run which does not wait yet would be slept through: it must be made again.
    after: ") UPDATE brief SET state = v.state, version = brief.version + 1, claimed_by = NULL, claim_until = NULL, \
            updated_at = v.updated_at FROM v WHERE brief.id = v.id AND brief.version = v.version AND (v.wait_key IS NULL OR EXISTS \
            (SELECT 1 FROM run r WHERE r.id = v.run AND r.state = 'pending' AND r.wait_key = v.wait_key)) RETURNING brief.id",
};
static INSERT_DECISION: Many = Many {
    before: "INSERT INTO decision (brief, revision, person, id, digest, verdict, comment, reason, permit, at) VALUES",
    columns: &["", "", "", "", "", "", "", "", "", ""],
    after: "",
};
static WAKE_RUN: Many = Many {
    before: "WITH v (id, wait_key, signal, updated_at) AS (VALUES",
    columns: &["TEXT", "TEXT", "TEXT", "BIGINT"],
    after: ") UPDATE run SET state = 'available', signal = v.signal, wait_key = NULL, due_at = NULL, updated_at = v.updated_at \
            FROM v WHERE run.id = v.id AND run.state = 'pending' AND run.wait_key = v.wait_key",
};

impl Verb for Decide {
    type Out = ();

    async fn run(items: &[&Self], tx: &mut Tx<'_>) -> Result<Vec<Result<(), StoreError>>, StoreError> {
        // Of several decisions on one brief in this batch the first counts; the others read again and are told what came of it.
        let mut seen = HashSet::new();
        let mut first: Vec<bool> = items.iter().map(|item| seen.insert(item.brief.as_str())).collect();
        // A plan comes into force with the approval that completes it and with no other decision.
        let misfits = |item: &Self| {
            item.approves.as_ref().is_some_and(|approves| {
                item.verdict != "approve" || (approves.queue.is_some() && item.state != ReviewState::Approved)
            })
        };
        if items.iter().any(|item| misfits(item)) {
            return Err(StoreError::Conflict {
                what: "a plan can only be approved together with its brief".to_owned(),
            });
        }
        // A mail that was settled meanwhile decides nothing more.
        for (item, first) in items.iter().zip(&mut first).filter(|(_, first)| **first) {
            if let Some(by) = &item.by_mail {
                *first = reply::is_open(by, tx).await?;
            }
        }
        let mut rows = Vec::new();
        for (item, _) in items.iter().zip(&first).filter(|(_, first)| **first) {
            let run = item.brief.request().run();
            let key = item.wake.as_ref().map(|wake| wake.key.as_str());
            rows.extend(values![
                item.brief.as_str(),
                item.version,
                item.state.as_str(),
                item.at.as_microsecond(),
                run.to_string(),
                key
            ]);
        }
        let rows = tx.conn.rows_many(&UPDATE_BRIEF, rows).await?;
        let won: HashSet<String> = rows.iter().map(|row| row.text(0)).collect::<Result<_, _>>()?;
        let (mut decisions, mut wakes, mut plans) = (Vec::new(), Vec::new(), Vec::new());
        let mut probes = Vec::new();
        let mut outs = Vec::with_capacity(items.len());
        for (item, first) in items.iter().zip(first) {
            if !first || !won.contains(item.brief.as_str()) {
                outs.push(Err(StoreError::Stale { what: "brief" }));
                continue;
            }
            let (brief, at) = (item.brief.as_str(), item.at.as_microsecond());
            let (id, permit) = (item.id.as_str(), &item.permit.decision().id);
            decisions.extend(values![
                brief,
                item.revision,
                &item.person,
                id,
                &item.digest,
                item.verdict,
                &item.comment,
                item.reason.map(Reason::as_str),
                permit,
                at
            ]);
            if let Some(wake) = &item.wake {
                wakes.extend(values![item.brief.request().run().to_string(), &wake.key, &wake.signal, at]);
                tx.wakes = true;
            }
            told(item, tx)?;
            probes.extend(item.probe.as_ref().map(|outcome| (*item, outcome)));
            if let Some(approves) = &item.approves {
                plans.push(Approving {
                    brief: &item.brief,
                    digest: &item.digest,
                    plan: &approves.plan,
                    decision: id,
                    person: &item.person,
                    belongs: &item.belongs,
                    permit,
                    queue: approves.queue.as_ref(),
                    at: item.at,
                });
            }
            if let Some(by) = &item.by_mail {
                reply::used(by, "decided", Some(&item.brief), item.at, tx).await?;
            }
            outs.push(Ok(()));
        }
        tx.conn.run_many(&INSERT_DECISION, decisions).await?;
        tx.conn.run_many(&WAKE_RUN, wakes).await?;
        if !plans.is_empty() {
            plan::approve(&plans, tx).await?;
        }
        if !probes.is_empty() {
            attention::decided(&probes, tx).await?;
        }
        Ok(outs)
    }
}

/// The policy's answer, as it stands in receipts.
pub(super) fn policy_fields<'a>(permit: &'a Permit, policies: &'a [&'a str]) -> Vec<(&'a str, Field<'a>)> {
    let decision = permit.decision();
    vec![
        ("permit", Field::Text(&decision.id)),
        ("policies", Field::Texts(policies)),
        ("policy_set", Field::Text(&decision.set_hash)),
    ]
}

fn told(item: &Decide, tx: &mut Tx<'_>) -> Result<(), StoreError> {
    let policies: Vec<&str> = item.permit.decision().policies.iter().map(String::as_str).collect();
    let mut fields = policy_fields(&item.permit, &policies);
    fields.extend([
        ("brief", Field::Text(item.brief.as_str())),
        ("decision", Field::Text(item.id.as_str())),
        ("digest", Field::Text(&item.digest)),
        ("revision", Field::Int(i64::from(item.revision))),
        ("state", Field::Text(item.state.as_str())),
        ("verdict", Field::Text(item.verdict)),
    ]);
    fields.extend(item.reason.map(|reason| ("reason", Field::Text(reason.as_str()))));
    fields.extend(item.approves.iter().map(|approves| ("plan", Field::Text(&approves.plan))));
    fields.extend(item.by_mail.iter().flat_map(reply::fields));
    receipt("brief.decided", item.at, &item.brief, &item.belongs, &item.person, &fields, tx)
}

pub(super) fn receipt(
    kind: &str,
    at: Timestamp,
    brief: &BriefId,
    belongs: &Belongs,
    actor: &str,
    fields: &[(&str, Field<'_>)],
    tx: &mut Tx<'_>,
) -> Result<(), StoreError> {
    let body = Body::of(fields).map_err(|cause| StoreError::corrupt(cause.to_string()))?;
    let request = brief.request();
    let note =
        Note { at, kind, tenant: &belongs.tenant, pilot: Some(&belongs.pilot), subject: request.as_str(), actor };
    tx.receipt(&note, &body)
}

one_by_one!(Hold, (), hold);
one_by_one!(Edit, (), edit);

async fn hold(item: &Hold, tx: &mut Tx<'_>) -> Result<Result<(), StoreError>, StoreError> {
    let (by, until) = match &item.claim {
        Some((by, until)) => (Some(by.as_str()), Some(until.as_microsecond())),
        None => (None, None),
    };
    // The version stays: a claim changes who looks, not what they see. So that of two people who saw it free one wins, somebody
    // else's claim in force is replaced only by the right to take over.
    let sql = "UPDATE brief SET claimed_by = $3, claim_until = $4 WHERE id = $1 AND version = $2 \
               AND state IN ('open', 'amending', 'redrafting') AND ($5 = 1 OR claimed_by IS NULL OR claimed_by = $6 OR claim_until <= $7)";
    let takeover = i64::from(item.permit.action() == Action::ReviewTakeover);
    let row = values![item.brief.as_str(), item.version, by, until, takeover, &item.person, item.at.as_microsecond()];
    if tx.conn.run(sql, row).await? == 0 {
        return Ok(Err(StoreError::Stale { what: "brief" }));
    }
    let policies: Vec<&str> = item.permit.decision().policies.iter().map(String::as_str).collect();
    let mut fields = policy_fields(&item.permit, &policies);
    fields.push(("brief", Field::Text(item.brief.as_str())));
    let kind = if by.is_some() { "review.claimed" } else { "review.let_go" };
    receipt(kind, item.at, &item.brief, &item.belongs, &item.person, &fields, tx)?;
    Ok(Ok(()))
}

async fn edit(item: &Edit, tx: &mut Tx<'_>) -> Result<Result<(), StoreError>, StoreError> {
    if let Some(by) = &item.by_mail
        && !reply::is_open(by, tx).await?
    {
        return Ok(Err(StoreError::Stale { what: "answer" }));
    }
    let at = item.at.as_microsecond();
    let sql = "UPDATE brief SET state = 'open', version = version + 1, revision = $3, digest = $4, score = $5, risk = $6, updated_at = $7 \
               WHERE id = $1 AND version = $2 AND state IN ('open', 'amending')";
    let row = values![item.brief.as_str(), item.version, item.number, &item.digest, item.score, &item.risk, at];
    if tx.conn.run(sql, row).await? == 0 {
        return Ok(Err(StoreError::Stale { what: "brief" }));
    }
    let sql = "INSERT INTO revision (brief, number, digest, author, generator, content, at) VALUES ($1, $2, $3, $4, '{\"kind\":\"human\"}', $5, $6)";
    let row = values![item.brief.as_str(), item.number, &item.digest, &item.person, pack(&item.content), at];
    tx.conn.run(sql, row).await?;
    let policies: Vec<&str> = item.permit.decision().policies.iter().map(String::as_str).collect();
    let changed: Vec<&str> = item.changed.iter().map(String::as_str).collect();
    let mut fields = policy_fields(&item.permit, &policies);
    fields.extend([
        ("brief", Field::Text(item.brief.as_str())),
        ("changed", Field::Texts(&changed)),
        ("digest", Field::Text(&item.digest)),
        ("from", Field::Text(&item.from)),
        ("revision", Field::Int(i64::from(item.number))),
    ]);
    fields.extend(item.by_mail.iter().flat_map(reply::fields));
    if let Some(by) = &item.by_mail {
        reply::used(by, "edited", Some(&item.brief), item.at, tx).await?;
    }
    receipt("brief.edited", item.at, &item.brief, &item.belongs, &item.person, &fields, tx)?;
    Ok(Ok(()))
}

impl Store {
    /// Claims a brief or lets it go.
    ///
    /// # Errors
    /// [`StoreError::Stale`] when it changed since it was read.
    pub async fn hold(&self, hold: Hold) -> Result<(), StoreError> {
        self.submit(hold).await
    }

    /// Adds a revision by hand.
    ///
    /// # Errors
    /// [`StoreError::Stale`] when it changed since it was read: nobody's work is overwritten.
    pub async fn edit(&self, edit: Edit) -> Result<(), StoreError> {
        self.submit(edit).await
    }

    /// Writes a decision and wakes the run that waits for it, together.
    ///
    /// # Errors
    /// [`StoreError::Stale`] when the brief changed since it was read.
    pub async fn decide(&self, decide: Decide) -> Result<(), StoreError> {
        self.submit(decide).await
    }
}
