//! What people do to held requests and to runs: release, drop, retry, cancel.

use super::{Review, ReviewError};
use crate::domain::id::{RequestId, RunId};
use crate::policy::{Action, Kind, Permit, Principal, Resource};
use crate::store::{Cancel, Request, Resume, Retry};
use serde_json::json;

impl Review {
    /// Lets a held request go on; masked, unless the person says otherwise.
    ///
    /// # Errors
    /// [`ReviewError::Denied`], or a conflict when it is not held.
    pub async fn release(
        &self,
        principal: &Principal,
        request: &RequestId,
        unmasked: bool,
        comment: Option<String>,
    ) -> Result<(), ReviewError> {
        let signal = json!({ "release": true, "unmasked": unmasked }).to_string();
        self.resume(principal, request, Action::RequestRelease, "request.released", signal, comment).await
    }

    /// Ends a held request without a brief; it stays on record.
    ///
    /// # Errors
    /// [`ReviewError::Denied`], or a conflict when it is not held.
    pub async fn drop_request(
        &self,
        principal: &Principal,
        request: &RequestId,
        comment: Option<String>,
    ) -> Result<(), ReviewError> {
        let signal = json!({ "release": false }).to_string();
        self.resume(principal, request, Action::RequestDrop, "request.dropped", signal, comment).await
    }

    async fn resume(
        &self,
        principal: &Principal,
        id: &RequestId,
        action: Action,
        kind: &'static str,
        signal: String,
        comment: Option<String>,
    ) -> Result<(), ReviewError> {
        let request = self.store.request(id).await?.request;
        let permit = self.permit_on_request(principal, action, Kind::Request, id.as_str(), &request)?;
        let (run, key, person, at) = (id.run(), id.release_key(), principal.user.clone(), self.clock.now());
        Ok(self.store.resume(Resume { run, key, signal, kind, person, comment, permit, at }).await?)
    }

    /// Puts a dead letter, or a request set aside as a duplicate, back to work. `definition`: hash and first step of the workflow that a
    /// request without a run begins with.
    ///
    /// # Errors
    /// [`ReviewError::Denied`], or a conflict when there is nothing to retry.
    pub async fn retry(
        &self,
        principal: &Principal,
        id: &RequestId,
        definition: (String, String),
    ) -> Result<(), ReviewError> {
        let request = self.store.request(id).await?.request;
        let permit = self.permit_on_request(principal, Action::RequestRetry, Kind::Request, id.as_str(), &request)?;
        let (person, at) = (principal.user.clone(), self.clock.now());
        Ok(self.store.retry(Retry { request: id.clone(), definition, person, permit, at }).await?)
    }

    /// Ends a run for good and withdraws its undecided brief.
    ///
    /// # Errors
    /// [`ReviewError::Denied`], or a conflict when it is over.
    pub async fn cancel(&self, principal: &Principal, run: &RunId, reason: String) -> Result<(), ReviewError> {
        let row = self.store.run(run).await?;
        let id = RequestId::parse(&row.request)
            .map_err(|cause| crate::store::StoreError::Corrupt { what: cause.to_string() })?;
        let request = self.store.request(&id).await?.request;
        let permit = self.permit_on_request(principal, Action::RunCancel, Kind::Run, run.as_str(), &request)?;
        let (person, at) = (principal.user.clone(), self.clock.now());
        Ok(self.store.cancel(Cancel { run: run.clone(), person, reason, permit, at }).await?)
    }

    pub(super) fn permit_on_request(
        &self,
        principal: &Principal,
        action: Action,
        kind: Kind,
        id: &str,
        request: &Request,
    ) -> Result<Permit, ReviewError> {
        let mut resource = Resource::within(kind, id, &request.tenant, &request.pilot);
        resource.submitter = request.submitter.clone();
        self.permit(principal, action, &resource)
    }
}
