//! Masks taken off for those who may: the values that a data boundary masks, and the bytes as they came. Own file because here alone
//! they leave the house for a person. INVARIANT: a receipt that says who was shown what, by kind, place and digest, is on disk before
//! any of it is given.

use super::seen::Seen;
use super::{Review, ReviewError};
use crate::domain::id::RequestId;
use crate::policy::{Action, Kind, Permit, Principal, Resource};
use crate::screen::{Boundary, Found};
use crate::store::{Request, Reveal, StoreError};
use opspilot_sdk::sha256_hex;
use serde::Serialize;

/// The most values that one call shows.
pub const MAX_REVEALED: usize = 200;

/// A value that is masked everywhere else.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Revealed {
    /// Number of the finding.
    pub finding: u32,
    /// Its kind.
    pub kind: crate::screen::Kind,
    /// The file it stands in, counted from 1; none for the request's own words.
    pub attachment: Option<u32>,
    /// First byte.
    pub start: usize,
    /// One past the last byte.
    pub end: usize,
    /// The value.
    pub value: String,
}

impl Review {
    /// The values of some findings, or of all that are masked when none is named; on record first.
    ///
    /// # Errors
    /// [`ReviewError::Denied`]; [`ReviewError::NoFinding`] for a number that is none or too many of them.
    pub async fn reveal(
        &self,
        principal: &Principal,
        id: &RequestId,
        boundary: &Boundary,
        wanted: &[u32],
    ) -> Result<Vec<Revealed>, ReviewError> {
        let request = self.store.request(id).await?.request;
        let permit = self.may_reveal(principal, &request)?;
        let seen = Seen::read(&self.store, &request, boundary).await?;
        let masked = |found: &&Found| found.treatment != crate::screen::Treatment::Allow;
        let chosen: Vec<&Found> = if wanted.is_empty() {
            seen.found.iter().filter(masked).collect()
        } else {
            let mut chosen = Vec::new();
            for number in wanted {
                let found = seen.found.iter().find(|found| found.number == *number);
                chosen.push(found.ok_or_else(|| ReviewError::NoFinding {
                    why: format!("there is no finding {number}; the request has {}", seen.found.len()),
                })?);
            }
            chosen
        };
        if chosen.is_empty() {
            return Ok(Vec::new());
        }
        if chosen.len() > MAX_REVEALED {
            let why = format!("{} values are masked, more than {MAX_REVEALED}; name those you need", chosen.len());
            return Err(ReviewError::NoFinding { why });
        }
        let evidence = |found: &Found| {
            self.keyed("finding", &request, &sha256_hex(&found.evidence(&request.text, &seen.attached)))
        };
        let findings = chosen.iter().map(|found| format!("{} {}", found.place(), evidence(found))).collect();
        self.on_record(principal, &request, findings, permit).await?;
        let shown = |found: &&Found| Revealed {
            finding: found.number,
            kind: found.finding.kind,
            attachment: found.attachment,
            start: found.start,
            end: found.end,
            value: found.value(&request.text, &seen.attached).unwrap_or_default().to_owned(),
        };
        Ok(chosen.iter().map(shown).collect())
    }

    /// The text of a request without its masks; on record first.
    ///
    /// # Errors
    /// [`ReviewError::Denied`].
    pub async fn reveal_text(&self, principal: &Principal, request: &Request) -> Result<(), ReviewError> {
        let permit = self.may_reveal(principal, request)?;
        let findings = vec![format!(
            "text 0-{} {}",
            request.text.len(),
            self.keyed("text", request, &sha256_hex(request.text.as_bytes()))
        )];
        self.on_record(principal, request, findings, permit).await
    }

    /// The bytes of a request as they came; on record first.
    ///
    /// # Errors
    /// [`ReviewError::Denied`].
    pub async fn reveal_raw(&self, principal: &Principal, request: &Request) -> Result<Vec<u8>, ReviewError> {
        let permit = self.may_reveal(principal, request)?;
        let bytes = self.store.raw(request).await?;
        let finding = format!("raw 0-{} {}", bytes.len(), self.keyed("raw", request, &request.raw));
        self.on_record(principal, request, vec![finding], permit).await?;
        Ok(bytes)
    }

    /// The bytes of one of a request's files, counted from 1; on record first.
    ///
    /// # Errors
    /// [`ReviewError::Denied`]; [`StoreError::NotFound`].
    pub async fn reveal_file(
        &self,
        principal: &Principal,
        request: &Request,
        number: usize,
    ) -> Result<Vec<u8>, ReviewError> {
        let permit = self.may_reveal(principal, request)?;
        let files = self.store.files(&request.id).await?;
        let file = number.checked_sub(1).and_then(|place| files.get(place));
        let file = file.ok_or_else(|| StoreError::NotFound { what: "file", id: number.to_string() })?;
        let bytes = self.store.blob(&file.digest).await?;
        let finding = format!("file {number} 0-{} {}", bytes.len(), self.keyed("file", request, &file.digest));
        self.on_record(principal, request, vec![finding], permit).await?;
        Ok(bytes)
    }

    /// What a receipt says of a digest: without the store's secret nobody can try a guess on it.
    fn keyed(&self, what: &str, request: &Request, digest: &str) -> String {
        self.store.keyed(what, request.id.as_str(), digest)
    }

    /// Whether the policy lets a person see masked values of a request.
    ///
    /// # Errors
    /// [`ReviewError::Denied`].
    pub fn may_reveal(&self, principal: &Principal, request: &Request) -> Result<Permit, ReviewError> {
        let submitter = request.submitter.as_deref();
        self.may_reveal_in(principal, request.id.as_str(), (&request.tenant, &request.pilot), submitter)
    }

    /// The same of a thing of a pilot by its identifier.
    ///
    /// # Errors
    /// [`ReviewError::Denied`]; [`ReviewError::NoPilot`].
    pub fn may_reveal_in(
        &self,
        principal: &Principal,
        id: &str,
        (tenant, pilot): (&str, &str),
        submitter: Option<&str>,
    ) -> Result<Permit, ReviewError> {
        let mut resource = Resource::within(Kind::Request, id, tenant, pilot);
        resource.submitter = submitter.map(str::to_owned);
        // Reviewers are named in the configuration; the policy compares identifiers.
        if self.pilot(pilot)?.reviewers.contains(&principal.name) {
            resource.reviewers.push(principal.user.clone());
        }
        let seen = Resource::within(Kind::Request, id, tenant, pilot);
        self.permit_seeing(principal, Action::RequestReveal, &resource, (Action::RequestRead, &seen), "request")
    }

    async fn on_record(
        &self,
        principal: &Principal,
        request: &Request,
        findings: Vec<String>,
        permit: Permit,
    ) -> Result<(), ReviewError> {
        let (request, person, at) = (request.id.clone(), principal.user.clone(), self.clock.now());
        Ok(self.store.reveal(Reveal { request, findings, person, permit, at }).await?)
    }
}
