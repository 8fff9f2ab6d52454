//! The files that came with a request: their text to read, their bytes to take away. Own file because a file is the most dangerous thing that
//! comes from outside. INVARIANT: its bytes are given as a download that no browser opens, under a policy that lets nothing in it run, and
//! only to who may see what is masked, with a receipt first; only its extracted text is shown, masked and escaped.

use super::sheet::Sheet;
use super::{page, request};
use crate::web::api::requests::{file_as_it_came, number};
use crate::web::desk::shown::Shown;
use crate::web::desk::visit::Visit;
use crate::web::problem::Refused;

/// `GET /briefs/{id}/files/{number}`.
pub(in crate::web) async fn read(visit: Visit) -> Result<Shown, Refused> {
    let number = number(&visit.call)?;
    let sheet = Sheet::read(&visit.call, None).await?;
    let (name, body) = request::file(&sheet, number).ok_or_else(|| Refused::missing("file", &number.to_string()))?;
    Ok(page::plainly(&name, body))
}

/// `POST /briefs/{id}/files/{number}`.
pub(in crate::web) async fn give(visit: Visit) -> Result<Shown, Refused> {
    let number = number(&visit.call)?;
    let sheet = Sheet::read(&visit.call, None).await?;
    Ok(Shown::Other(file_as_it_came(&visit.call, &sheet.view.request, number).await?))
}
