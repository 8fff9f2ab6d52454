//! Answers by mail: from a kept message to a decision, an answer or nothing. Reads the message, has its sender proven, asks the gate, and
//! calls the same functions of review as every other face. INVARIANT: a message is settled once, with everything that follows from it, in one
//! commit; whoever is not proven hears nothing; what cannot be told yet is looked at again.

mod dns;

pub use dns::{Dns, SystemDns};

use crate::access::Access;
use crate::brief;
use crate::clock::Clock;
use crate::domain::id::BriefId;
use crate::domain::pilot::{Pilot, Pilots};
use crate::domain::review::{ReviewState, Verdict};
use crate::intake::given;
use crate::mail::automatic::own;
use crate::mail::{self, Limits, Message};
use crate::outbox::{About, DIGEST, Outbox};
use crate::reply::authenticity::{Authentic, Checker, Records, Trust, Unproven, names, prove};
use crate::reply::{
    Asked, Bound, Candidate, Decided, Decision, Judgement, Letter, MAX_TRIES, Part, Reason, Shown, Standing, judge,
    leaves,
};
use crate::review::{Review, ReviewError};
use crate::screen::Boundary;
use crate::store::{
    Bounce, BriefRow, ByMail, LeaveDigest, LetterRow, PersonRow, ReplyRow, SettleReply, Store, StoreError,
};
use jiff::SignedDuration;
use opspilot_sdk::sha256_hex;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;
use tokio_util::sync::CancellationToken;

/// How often to look for answers.
const POLL: Duration = Duration::from_secs(1);
/// Answers looked at in one go.
const BATCH: u32 = 20;
/// First wait before an answer is looked at again.
const FIRST_WAIT: SignedDuration = SignedDuration::from_secs(30);
/// For how long it is tried to prove a sender while the DNS does not answer.
const PATIENCE: SignedDuration = SignedDuration::from_hours(48);
/// For how long wrong secrets of a sender count, and unproven answers with one secret.
const MEMORY: SignedDuration = SignedDuration::from_hours(24);
/// So many unproven answers with one secret, and the DNS is not asked about a further one. More than a reviewer's mistakes: whoever holds a
/// letter could otherwise keep its reviewer from answering it.
const MAX_DOUBTS: u32 = 20;

/// The header that every letter of ours carries.
const LOOP_HEADER: &str = "X-OpsPilot-Loop";

/// What the room stands on.
pub struct Parts {
    /// The store.
    pub store: Store,
    /// What people do.
    pub review: Review,
    /// Who people are.
    pub access: Access,
    /// The pilots' rules.
    pub pilots: Pilots,
    /// The pilots' data boundaries.
    pub boundaries: Arc<BTreeMap<String, Boundary>>,
    /// Letters.
    pub outbox: Outbox,
    /// Whose word about a sender is taken.
    pub trust: Trust,
    /// Checks signatures.
    pub checker: Checker,
    /// Where keys are looked up; `None`: only the word of trusted servers counts.
    pub dns: Option<Arc<dyn Dns>>,
    /// The time.
    pub clock: Arc<dyn Clock>,
}

/// The room.
pub struct Answers(Parts);

/// What an answer is about, as far as that is known.
struct Matter {
    asked: LetterRow,
    brief: BriefRow,
    person: PersonRow,
    pilot: Pilot,
    used: bool,
    addresses: Vec<String>,
    allowed: bool,
    settled: Option<(String, &'static str, jiff::Timestamp)>,
}

/// What becomes of an answer that decided nothing.
struct Outcome {
    state: &'static str,
    why: String,
    brief: Option<BriefId>,
    proof: Option<String>,
    letter: Option<crate::store::NewLetter>,
}

impl Outcome {
    fn of(state: &'static str, why: impl Into<String>) -> Self {
        Self { state, why: why.into(), brief: None, proof: None, letter: None }
    }
}

impl Answers {
    /// Nothing is running yet.
    #[must_use]
    pub fn new(parts: Parts) -> Self {
        Self(parts)
    }

    /// Judges answers until `stop`.
    pub async fn run(self, stop: CancellationToken) {
        loop {
            match self.look(&stop).await {
                // There may be more, and who waits behind a flood waits no longer than it takes.
                Ok(looked_at) if looked_at >= BATCH as usize && !stop.is_cancelled() => continue,
                Ok(_) => {}
                Err(cause) => tracing::warn!(error = %cause, "answers could not be looked at; it is tried again"),
            }
            tokio::select! {
                () = stop.cancelled() => return,
                () = tokio::time::sleep(POLL) => {}
            }
        }
    }

    /// Judges what is due, at most a batch of it; how many these were.
    async fn look(&self, stop: &CancellationToken) -> Result<usize, StoreError> {
        let due = self.0.store.replies_due(self.0.clock.now(), BATCH).await?;
        let looked_at = due.len();
        for reply in due {
            if stop.is_cancelled() {
                break;
            }
            let settled = match self.take(&reply).await {
                Ok(Some(outcome)) => self.settle(&reply, outcome).await,
                Ok(None) => Ok(()),
                // One that cannot be looked at must not keep the others waiting.
                Err(cause) => self.later(&reply, cause.to_string()).await,
            };
            match settled {
                // Somebody else was faster.
                Ok(()) | Err(StoreError::Stale { .. }) => {}
                Err(cause) => return Err(cause),
            }
        }
        Ok(looked_at)
    }

    /// One answer: what becomes of it; `None` when that is on disk already.
    async fn take(&self, reply: &ReplyRow) -> Result<Option<Outcome>, StoreError> {
        let raw = self.0.store.blob(&reply.raw).await?;
        let message = match mail::read(&raw, &Limits::default()) {
            Ok(message) => message,
            Err(cause) => return Ok(Some(Outcome::of("refused", cause.to_string()))),
        };
        let automatic = own(&message, LOOP_HEADER, "").or_else(|| message.automatic.clone());
        if let Some(report) = mail::undelivered(&message) {
            let (token, message) = (reply.token.clone(), report.said);
            self.0.store.bounce(Bounce { token, message, at: self.0.clock.now() }).await?;
        }
        if self.0.store.is_settled_copy(reply).await? {
            return Ok(Some(Outcome::of("ignored", Reason::Used.to_string())));
        }
        let asked = self.0.store.letter_asking(&reply.token).await?;
        let matter = self.matter(asked.as_ref(), &reply.token).await?;
        let (sender, tries) = self.prove(reply, &raw, asked.is_some() && automatic.is_none()).await?;
        if let (Err(Unproven::Undecided { .. }), None, Some(_), 0) = (&sender, &automatic, &asked, tries)
            && self.0.clock.now().duration_since(reply.kept_at) < PATIENCE
        {
            let why = sender.err().map(|why| why.to_string()).unwrap_or_default();
            return self.later(reply, why).await.map(|()| None);
        }
        let given = given(&message).filter(|given| given.token.name() == reply.token);
        let letter = Letter {
            given: given.as_ref(),
            sender: sender.as_ref(),
            automatic: automatic.as_ref().map(|automatic| automatic.reason.as_str()),
            shown: shown(&message, matter.as_ref()),
            received: reply.received_at,
            tries,
        };
        if let Some(digest) = asked.as_ref().filter(|asked| asked.kind == DIGEST) {
            return self.leave(reply, digest, &letter).await;
        }
        let asked = matter.as_ref().map(Matter::asked);
        let outbox = &self.0.outbox;
        let judgement = judge(&letter, asked.as_ref(), outbox.key(), &outbox.options().words);
        let proof = sender.as_ref().ok().map(proof_of);
        let mut outcome = match &judgement {
            Judgement::Decide(candidate) => {
                let Some(matter) = &matter else {
                    return Ok(Some(Outcome::of("refused", Reason::WrongSecret.to_string())));
                };
                match self.decide(reply, matter, candidate).await {
                    Ok(()) => return Ok(None),
                    // Whoever may not see it any more hears that it is not there, here as at every face; what cannot be read is tried again.
                    Err(ReviewError::Store(cause)) if !matches!(cause, StoreError::NotFound { .. }) => {
                        return Err(cause);
                    }
                    Err(cause @ ReviewError::PlanMoved { .. }) => {
                        let letter = outbox.ask_again(&about(reply, &message, matter), &cause.to_string()).await?;
                        Outcome { letter, ..Outcome::of("answered", cause.to_string()) }
                    }
                    Err(cause) => {
                        let letter = outbox.refusal_of(&about(reply, &message, matter), &cause.to_string()).await?;
                        Outcome { letter, ..Outcome::of("answered", cause.to_string()) }
                    }
                }
            }
            Judgement::Unclear { why, .. } => Outcome::of("answered", why.to_string()),
            Judgement::Late(decided) => {
                Outcome::of("answered", format!("{} by {} before (OP-2825)", decided.what, decided.by))
            }
            Judgement::Refused { reason, answerable: true } => Outcome::of("answered", reason.to_string()),
            Judgement::Refused { reason, answerable: false } => Outcome::of("refused", reason.to_string()),
            Judgement::Silent(reason) => Outcome::of("ignored", reason.to_string()),
        };
        if outcome.state == "answered"
            && outcome.letter.is_none()
            && let Some(matter) = &matter
        {
            outcome.letter = outbox.answer_to(&about(reply, &message, matter), &judgement).await?;
        }
        outcome.proof = proof;
        outcome.brief = matter.map(|matter| matter.brief.id);
        Ok(Some(outcome))
    }

    /// Turns the digests of whoever asks for that off; what becomes of the message when it does not count.
    async fn leave(
        &self,
        reply: &ReplyRow,
        digest: &LetterRow,
        letter: &Letter<'_>,
    ) -> Result<Option<Outcome>, StoreError> {
        let parts = &self.0;
        let person = parts.store.person(&digest.person).await?;
        if let Err(judgement) =
            leaves(letter, &parts.outbox.bound_of_digest(digest), &person.emails, parts.outbox.key())
        {
            return Ok(Some(match judgement {
                Judgement::Refused { reason, .. } => Outcome::of("refused", reason.to_string()),
                Judgement::Silent(reason) => Outcome::of("ignored", reason.to_string()),
                _ => Outcome::of("ignored", Reason::NoSecret.to_string()),
            }));
        }
        if parts.store.is_used(&reply.token).await? {
            return Ok(Some(Outcome::of("ignored", Reason::Used.to_string())));
        }
        let proof = letter.sender.map_or_else(ToString::to_string, proof_of);
        let by = ByMail { reply: reply.id.clone(), mail: reply.raw.clone(), proof, token: reply.token.clone() };
        parts.store.leave_digest(LeaveDigest { person: person.id.clone(), by, at: parts.clock.now() }).await?;
        tracing::info!(reply.id = %reply.id, person = person.name, "turned digests off by mail");
        metrics::counter!("opspilot_replies_total", "state" => "unsubscribed").increment(1);
        Ok(None)
    }

    /// What the secret was made for, when it is one of ours.
    async fn matter(&self, asked: Option<&LetterRow>, token: &str) -> Result<Option<Matter>, StoreError> {
        let store = &self.0.store;
        let Some(asked) = asked.cloned() else { return Ok(None) };
        let Some(brief) = &asked.brief else { return Ok(None) };
        let (brief, _, decisions) = store.review(brief).await?;
        let person = store.person(&asked.person).await?;
        let Some(pilot) = self.0.pilots.get(&brief.pilot).cloned() else { return Ok(None) };
        let over = match brief.state {
            ReviewState::Approved => Some("approved"),
            ReviewState::Rejected => Some("rejected"),
            ReviewState::Withdrawn => Some("withdrawn"),
            ReviewState::Open | ReviewState::Amending | ReviewState::Redrafting => None,
        };
        let settled = match (over, decisions.last()) {
            (None, _) => None,
            (Some(what), Some(last)) if brief.state != ReviewState::Withdrawn => {
                let by = store.person(&last.person).await.map_or_else(|_| last.person.clone(), |person| person.name);
                Some((by, what, last.at))
            }
            (Some(what), _) => Some(("an operator".to_owned(), what, brief.updated_at)),
        };
        let allowed = !person.disabled && self.0.outbox.takes_answers(&pilot, &person.name);
        let addresses = person.emails.clone();
        let used = store.is_used(token).await?;
        Ok(Some(Matter { asked, brief, person, pilot, used, addresses, allowed, settled }))
    }

    /// Who it is from, and how many came before that were none: by what stands in the message first, and with the help of the DNS only for a
    /// secret of ours, and not through a flood. Who guesses secrets costs nothing, and who is guessed for is not shut out by it: a right
    /// secret was not guessed.
    async fn prove(
        &self,
        reply: &ReplyRow,
        raw: &[u8],
        asks: bool,
    ) -> Result<(Result<Authentic, Unproven>, u32), StoreError> {
        let Parts { store, checker, trust, dns, clock, .. } = &self.0;
        let first = prove(checker, raw, &Records::new(), trust);
        let since = clock.now() - MEMORY;
        if !asks {
            return Ok((first, store.wrong_secrets(&reply.sender, since).await?));
        }
        let Err(Unproven::Undecided { domain }) = &first else { return Ok((first, 0)) };
        let Some(dns) = dns else { return Ok((Err(Unproven::Nothing { domain: domain.clone() }), 0)) };
        if store.doubts(reply, since).await? >= MAX_DOUBTS {
            return Ok((first, MAX_TRIES));
        }
        let records = dns::ask(dns.as_ref(), &names(raw)).await;
        Ok((prove(checker, raw, &records, trust), 0))
    }

    /// Does what was decided, as every other face does.
    async fn decide(&self, reply: &ReplyRow, matter: &Matter, candidate: &Candidate) -> Result<(), ReviewError> {
        let parts = &self.0;
        let principal = match parts.access.person(matter.person.id.as_str()).await {
            Ok(principal) => principal,
            Err(crate::access::AccessError::Store(cause)) => return Err(cause.into()),
            Err(cause) => return Err(StoreError::Corrupt { what: cause.to_string() }.into()),
        };
        let by = ByMail {
            reply: reply.id.clone(),
            mail: reply.raw.clone(),
            proof: proof_of(candidate.sender()),
            token: candidate.checked().name().to_owned(),
        };
        let (brief, digest) = (&matter.brief.id, candidate.checked().revision());
        if let Decision::Edit { fields } = candidate.decision() {
            let edits: Vec<brief::Edit> = fields
                .iter()
                .map(|field| brief::Edit { path: field.path.clone(), value: field.value.clone() })
                .collect();
            let none = || ReviewError::NoPilot { pilot: matter.pilot.name.clone() };
            let boundary = parts.boundaries.get(&matter.pilot.name).ok_or_else(none)?;
            parts.review.edit_by(&principal, brief, digest, &edits, boundary, Some(&by)).await?;
            tracing::info!(brief.id = %brief, reply.id = %reply.id, person = matter.person.name, "edited by mail");
            return Ok(());
        }
        let decision = candidate.decision();
        let verdict = Verdict::said(decision.kind().as_str(), decision.comment())?;
        let plan = candidate.checked().plan();
        let decided = parts.review.decide_by_mail(&principal, brief, &verdict, digest, plan, &by).await?;
        tracing::info!(brief.id = %brief, reply.id = %reply.id, person = matter.person.name, state = %decided.state, "decided by mail");
        if decided.repeated {
            // It was said before at another face: nothing was written for this mail.
            let outcome = Outcome {
                brief: Some(brief.clone()),
                ..Outcome::of("answered", "the same was decided before at another place (OP-2825)")
            };
            match self.settle(reply, outcome).await {
                Ok(()) | Err(StoreError::Stale { .. }) => {}
                Err(cause) => return Err(cause.into()),
            }
        }
        Ok(())
    }

    async fn settle(&self, reply: &ReplyRow, outcome: Outcome) -> Result<(), StoreError> {
        let (code, message) = parted(&outcome.why);
        tracing::info!(reply.id = %reply.id, state = outcome.state, code = code.as_deref().unwrap_or_default(), "an answer decided nothing: {message}");
        metrics::counter!("opspilot_replies_total", "state" => outcome.state).increment(1);
        let settle = SettleReply {
            id: reply.id.clone(),
            state: outcome.state,
            due: None,
            brief: outcome.brief,
            code,
            message,
            proof: outcome.proof,
            letter: outcome.letter,
            at: self.0.clock.now(),
        };
        self.0.store.settle_reply(settle).await
    }

    /// Looks at it again later, after a wait that doubles up to an hour.
    async fn later(&self, reply: &ReplyRow, why: String) -> Result<(), StoreError> {
        let (code, message) = parted(&why);
        let now = self.0.clock.now();
        let wait = FIRST_WAIT * (1 << reply.attempt.min(7));
        tracing::info!(reply.id = %reply.id, code = code.as_deref().unwrap_or_default(), "an answer is looked at again later: {message}");
        let settle = SettleReply {
            id: reply.id.clone(),
            state: "waiting",
            due: Some(now + wait),
            brief: None,
            code,
            message,
            proof: None,
            letter: None,
            at: now,
        };
        self.0.store.settle_reply(settle).await
    }
}

impl Matter {
    fn asked(&self) -> Asked<'_> {
        let standing = match (&self.settled, self.brief.state) {
            (Some((by, what, at)), _) => Standing::Decided(Decided { by, what, at: *at }),
            (None, ReviewState::Redrafting) => Standing::Busy { what: "a new attempt is being drafted" },
            (None, _) => Standing::Open { revision: &self.brief.digest },
        };
        let LetterRow { digest, person, plan, .. } = &self.asked;
        let bound = Bound { brief: self.brief.id.as_str(), revision: digest, reviewer: person, plan };
        Asked { bound, addresses: &self.addresses, allowed: self.allowed, used: self.used, standing }
    }
}

fn about<'a>(reply: &'a ReplyRow, message: &'a Message, matter: &'a Matter) -> About<'a> {
    About {
        reply: &reply.id,
        message_id: message.message_id.as_deref(),
        references: &message.references,
        written: Some(message.visible.text.as_ref()),
        asked: &matter.asked,
        brief: &matter.brief,
        pilot: &matter.pilot,
        person: &matter.person,
    }
}

/// The parts of the message, with what was made visible of each.
fn shown<'a>(message: &'a Message, matter: Option<&'a Matter>) -> Shown<'a> {
    let text = message.plain.as_deref().map(|source| Part {
        visible: &message.visible.text,
        certain: message.visible.certain,
        source,
    });
    let html = message.html.as_deref().zip(message.html_visible.as_ref());
    let html = html.map(|(source, visible)| Part { visible: &visible.text, certain: visible.certain, source });
    Shown { text, html, sent: matter.map(|matter| matter.asked.text.as_str()) }
}

/// How a sender was proven, for receipts: never more of the address than its digest, for receipts hold no personal data.
fn proof_of(sender: &Authentic) -> String {
    let digest = sha256_hex(sender.address().to_lowercase().as_bytes());
    format!("{}; sender sha256:{}", sender.method(), digest.get(..16).unwrap_or_default())
}

/// The code at the end of a reason, and the words before it.
fn parted(why: &str) -> (Option<String>, String) {
    match why.rfind("(OP-").and_then(|at| Some((at, why.get(at + 1..at + 8)?))) {
        Some((at, code)) => (Some(code.to_owned()), why.get(..at).unwrap_or_default().trim_end().to_owned()),
        None => (None, why.to_owned()),
    }
}
