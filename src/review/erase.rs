//! Erasing what a request said. Own file because it is the one act of a person that takes something off the record.

use super::{Review, ReviewError};
use crate::domain::erasure::ErasureReason;
use crate::domain::id::RequestId;
use crate::policy::{Action, Kind, Principal};
use crate::store::{Erase, Erased};

impl Review {
    /// Erases what a request said, with its brief and the letters about it; its receipts stay. What lies between the rows of the file is
    /// for [`crate::store::Store::rewrite`]. `leaves_writes`: also where something of it was written into a system outside.
    ///
    /// # Errors
    /// [`ReviewError::Denied`]; a conflict while something of it is on its way, or written and not taken back.
    pub async fn erase(
        &self,
        principal: &Principal,
        id: &RequestId,
        reason: ErasureReason,
        leaves_writes: bool,
    ) -> Result<Erased, ReviewError> {
        let row = self.store.request(id).await?.request;
        let permit = self.permit_on_request(principal, Action::RequestErase, Kind::Request, id.as_str(), &row)?;
        let (request, person, at) = (id.clone(), principal.user.clone(), self.clock.now());
        Ok(self.store.erase(Erase { request, reason, leaves_writes, person, permit, at }).await?)
    }
}
