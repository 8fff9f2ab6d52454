//! Feedback: what stands in somebody's way on a screen, said there in two lines. What the screen showed is attached by itself: the item,
//! where it stood, what was refused last, or else the last answer of the policy about it, and its last receipt. INVARIANT: what a person may not see is not attached, and
//! what was said is kept as it was said.

use crate::clock::Clock;
use crate::domain::id::{BriefId, FeedbackId, PermitId, RequestId};
use crate::domain::pilot::Pilots;
use crate::policy::{Action, Ask, Denied, Kind, Permit, Policies, Principal, Resource};
use crate::receipt::Receipt;
use crate::store::{AnswerFeedback, FeedbackEvent, FeedbackRow, GiveFeedback, Store, StoreError};
use std::sync::Arc;

/// Longest text, in characters.
const LONGEST: usize = 4_000;
/// Longest path of a screen that is kept, in bytes.
const LONGEST_SCREEN: usize = 300;

/// Why something about feedback was refused; nothing was changed.
#[derive(Debug, thiserror::Error)]
pub enum FeedbackError {
    /// The policy says no.
    #[error(transparent)]
    Denied(#[from] Denied),
    /// No words, or too many.
    #[error("1 to {LONGEST} characters are needed: what you wanted to do, and what stood in the way (OP-9243)")]
    Words,
    /// The store.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// What somebody says, and where.
#[derive(Clone, Debug, Default)]
pub struct Said {
    /// Path of the screen.
    pub screen: String,
    /// The request or brief that it showed, by its identifier.
    pub item: Option<String>,
    /// What they say.
    pub text: String,
    /// What was refused to them last, where the face knows.
    pub refusal: Option<String>,
}

/// What is attached.
#[derive(Default)]
struct Context {
    tenant: String,
    pilot: String,
    item: String,
    step: String,
    decision: String,
    receipt: String,
}

/// The room. Cheap to clone.
#[derive(Clone)]
pub struct Feedback {
    store: Store,
    policies: Policies,
    pilots: Pilots,
    clock: Arc<dyn Clock>,
}

impl Feedback {
    /// Over a store, its policies and the pilots' rules.
    #[must_use]
    pub fn new(store: Store, policies: Policies, pilots: Pilots, clock: Arc<dyn Clock>) -> Self {
        Self { store, policies, pilots, clock }
    }

    fn permit(&self, principal: &Principal, action: Action, resource: &Resource) -> Result<Permit, Denied> {
        let id = PermitId::new(self.clock.now(), self.store.chance());
        self.policies.permit(&Ask { principal, action, resource }, id.to_string())
    }

    /// Keeps what somebody says about a screen.
    ///
    /// # Errors
    /// [`FeedbackError::Denied`]; [`FeedbackError::Words`].
    pub async fn give(&self, principal: &Principal, said: Said) -> Result<FeedbackId, FeedbackError> {
        let text = words(&said.text)?;
        let context = match self.about(principal, said.item.as_deref()).await? {
            Some(context) => context,
            None => self.anywhere(principal),
        };
        let resource = if context.pilot.is_empty() {
            Resource::system()
        } else {
            Resource::pilot(&context.pilot, &context.tenant)
        };
        let permit = self.permit(principal, Action::FeedbackGive, &resource)?;
        let (id, at) = (FeedbackId::new(self.clock.now(), self.store.chance()), self.clock.now());
        let Context { tenant, pilot, item, step, decision, receipt } = context;
        // What they ran into says more than what was allowed before.
        let decision = said.refusal.unwrap_or(decision);
        let screen: String = said.screen.chars().filter(|letter| !letter.is_control()).collect();
        let screen = screen.get(..screen.floor_char_boundary(LONGEST_SCREEN)).unwrap_or_default().to_owned();
        let person = principal.user.clone();
        let give = GiveFeedback {
            id: id.clone(),
            tenant,
            pilot,
            screen,
            item,
            step,
            decision,
            receipt,
            text,
            person,
            permit,
            at,
        };
        self.store.give_feedback(give).await?;
        Ok(id)
    }

    /// The item and where it stands; nothing of one that is not there, or that this person may not see.
    async fn about(&self, principal: &Principal, item: Option<&str>) -> Result<Option<Context>, StoreError> {
        let named = item.unwrap_or_default();
        let request = RequestId::parse(named).ok().or_else(|| BriefId::parse(named).ok().map(|brief| brief.request()));
        let Some(request) = request else { return Ok(None) };
        let view = match self.store.request(&request).await {
            Ok(view) => view,
            Err(StoreError::NotFound { .. }) => return Ok(None),
            Err(cause) => return Err(cause),
        };
        let mut resource = Resource::within(Kind::Request, request.as_str(), &view.request.tenant, &view.request.pilot);
        resource.submitter.clone_from(&view.request.submitter);
        if self.permit(principal, Action::RequestRead, &resource).is_err() {
            return Ok(None);
        }
        let last = self.store.receipts_of(request.as_str()).await?.pop();
        let told = last.as_ref().and_then(|row| serde_json::from_slice::<Receipt>(&row.bytes).ok());
        let decision = told.as_ref().and_then(|told| told.body.get("permit")?.as_str().map(str::to_owned));
        Ok(Some(Context {
            tenant: view.request.tenant,
            pilot: view.request.pilot,
            item: named.to_owned(),
            step: view.state.to_owned(),
            decision: decision.unwrap_or_default(),
            receipt: told.map_or_else(String::new, |told| format!("{} ({})", told.seq, told.kind)),
        }))
    }

    /// Where no item is shown it belongs to the first pilot that the person has to do with.
    fn anywhere(&self, principal: &Principal) -> Context {
        let mine = self.pilots.iter().find(|pilot| {
            self.permit(principal, Action::FeedbackGive, &Resource::pilot(&pilot.name, &pilot.tenant)).is_ok()
        });
        mine.map_or_else(Context::default, |pilot| Context {
            tenant: pilot.tenant.clone(),
            pilot: pilot.name.clone(),
            ..Context::default()
        })
    }

    /// One with its timeline, for whoever said it and for those who answer.
    ///
    /// # Errors
    /// [`StoreError::NotFound`], also for whoever may not see it.
    pub async fn show(
        &self,
        principal: &Principal,
        id: &FeedbackId,
    ) -> Result<(FeedbackRow, Vec<FeedbackEvent>), FeedbackError> {
        let (row, events) = self.store.feedback(id).await?;
        if row.person != principal.user && self.permit(principal, Action::FeedbackRead, &resource(&row)).is_err() {
            return Err(StoreError::NotFound { what: "feedback", id: id.to_string() }.into());
        }
        Ok((row, events))
    }

    /// Answers, or, with `closes`, says that it is over.
    ///
    /// # Errors
    /// [`FeedbackError::Denied`]; [`FeedbackError::Words`]; a conflict when it is closed.
    pub async fn answer(
        &self,
        principal: &Principal,
        id: &FeedbackId,
        text: &str,
        closes: bool,
    ) -> Result<(), FeedbackError> {
        let (row, _) = self.show(principal, id).await?;
        let permit = self.permit(principal, Action::FeedbackAnswer, &resource(&row))?;
        let text = if closes && text.trim().is_empty() { String::new() } else { words(text)? };
        let (person, at) = (principal.user.clone(), self.clock.now());
        self.store.answer_feedback(AnswerFeedback { id: id.clone(), text, closes, person, permit, at }).await?;
        Ok(())
    }
}

fn resource(row: &FeedbackRow) -> Resource {
    if row.pilot.is_empty() { Resource::system() } else { Resource::pilot(&row.pilot, &row.tenant) }
}

fn words(text: &str) -> Result<String, FeedbackError> {
    let text: String = text.trim().chars().filter(|letter| !letter.is_control() || *letter == '\n').collect();
    if text.is_empty() || text.chars().count() > LONGEST {
        return Err(FeedbackError::Words);
    }
    Ok(text)
}
