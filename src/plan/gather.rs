//! Reading what a plan is made of. Own file because it is the one place where planning meets the store. INVARIANT: it reads and never writes;
//! looking at a plan leaves no trace and connects to nothing.

use super::{Envelope, Plan, Planner, Subject};
use crate::brief::Content;
use crate::domain::id::BriefId;
use crate::domain::pilot::Pilot;
use crate::domain::review::{Review, Shown};
use crate::screen::{Boundary, Kind, Screener};
use crate::store::{BriefRow, DecisionRow, Request, Store, StoreError};

/// A brief with the plan that its pilot's rules make of it now.
#[derive(Debug)]
pub struct Gathered {
    /// The brief.
    pub brief: BriefRow,
    /// Where it stands in review.
    pub review: Review,
    /// The decisions on it.
    pub decisions: Vec<DecisionRow>,
    /// Who approved it together with which plan.
    pub shown: Vec<Shown>,
    /// The plan.
    pub plan: Plan,
}

impl Planner {
    /// The plan of a brief as it stands. With `again`, that plan is made anew: what was taken back of it since keeps its name there.
    ///
    /// # Errors
    /// [`StoreError::NotFound`]; [`StoreError::Corrupt`] when a content is not the one that was stored.
    pub async fn gather(
        &self,
        store: &Store,
        pilot: &Pilot,
        boundary: &Boundary,
        brief: &BriefId,
        again: Option<&Plan>,
    ) -> Result<Gathered, StoreError> {
        let (row, review, decisions) = store.review(brief).await?;
        let request = store.request(&brief.request()).await?.request;
        let revision = store.revisions(brief).await?.into_iter().find(|revision| revision.number == row.revision);
        let revision =
            revision.ok_or_else(|| StoreError::corrupt(format!("`{brief}` has no revision {}", row.revision)))?;
        let content = Content::from_json(&revision.content).map_err(|cause| StoreError::corrupt(cause.to_string()))?;
        let targets = store.target(brief).await?;
        let shown = store.shown(brief).await?;
        let mut spent = store.spent_keys(brief).await?;
        for item in again.into_iter().flat_map(|plan| &plan.items) {
            spent.remove(&(item.sink.clone(), item.write.key.clone()));
        }
        let envelope = Envelope::of(&request, boundary);
        let subject = Subject {
            brief,
            digest: &revision.digest,
            at: revision.at,
            content: &content,
            request: &envelope,
            targets: &targets,
            zone: &pilot.time_zone,
            spent: &spent,
        };
        let plan = self.plan(&pilot.name, &subject);
        Ok(Gathered { brief: row, review, decisions, shown, plan })
    }
}

impl Envelope {
    /// Of a request, behind the masks of its pilot's boundary.
    #[must_use]
    pub fn of(request: &Request, boundary: &Boundary) -> Self {
        let mut screener = Screener::new(boundary);
        let mut masked = |text: &Option<String>| {
            text.as_deref().map(|text| screener.screen(text).text.into_owned()).unwrap_or_default()
        };
        let (subject, sender, organisation) =
            (masked(&request.subject), masked(&request.sender_name), masked(&request.organisation));
        // Where the boundary masks addresses, nobody is written to.
        let address = request.sender_email.clone().filter(|address| screener.known(Kind::Email, address) == *address);
        Self {
            subject,
            sender,
            organisation,
            address,
            external_id: request.external_id.clone(),
            raw_subject: request.subject.clone().unwrap_or_default(),
        }
    }
}
